/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Optimizers: one pass over the flat arenas of weights w, gradients g and slots. One item is CHUNK vectors. The formulas
 * and their order are PyTorch's; bias corrections come from the host, which computes them in double. */

#ifdef KERNEL_sgd_step
/* keep: momentum, fresh: 1 - dampening (1 in the first step). MOMENTUM, NESTEROV: 0 or 1. */
ITEM_KERNEL void
NAME (sgd_step) (TENSOR_OUT (w), TENSOR_IN (g),
#if MOMENTUM
                 TENSOR_OUT (momentum),
#endif
                 float rate, float decay, float keep, float fresh, int n)
{
  USE_OUT (w);
  USE_IN (g);
#if MOMENTUM
  USE_OUT (momentum);
#endif
  int end = min (n, (ITEM + 1) * CHUNK);

  for (int i = ITEM * CHUNK; i < end; i++)
    {
      VEC old = LOAD (w, i), step = LOAD (g, i) + decay * old;
#if MOMENTUM
      VEC buffer = keep * LOAD (momentum, i) + fresh * step;

      STORE (buffer, momentum, i);
      step = NESTEROV ? step + keep * buffer : buffer;
#endif
      STORE (old - rate * step, w, i);
    }
}
#endif

#ifdef KERNEL_adam_step
/* rate and epsilon carry the bias corrections (see hl_adam_run), so that one division is enough. decay: weight decay,
 * added to the gradient, or with DECOUPLED (AdamW) taken from the weight, being then learning rate × weight decay. */
ITEM_KERNEL void
NAME (adam_step) (TENSOR_OUT (w), TENSOR_IN (g), TENSOR_OUT (mean), TENSOR_OUT (square), float rate, float decay,
                  float beta1, float fresh1, float beta2, float fresh2, float epsilon, int n)
{
  USE_OUT (w);
  USE_IN (g);
  USE_OUT (mean);
  USE_OUT (square);
  int end = min (n, (ITEM + 1) * CHUNK);

  for (int i = ITEM * CHUNK; i < end; i++)
    {
      VEC old = LOAD (w, i), gradient = LOAD (g, i), m, v;

#if DECOUPLED
      old -= decay * old;
#else
      gradient += decay * old;
#endif
      m = beta1 * LOAD (mean, i) + fresh1 * gradient;
      v = beta2 * LOAD (square, i) + fresh2 * gradient * gradient;
      STORE (m, mean, i);
      STORE (v, square, i);
      STORE (old - rate * (m / (sqrt (v) + epsilon)), w, i);
    }
}
#endif

#ifdef KERNEL_rmsprop_step
/* MOMENTUM, CENTERED: 0 or 1; without, the tensors `momentum` and `mean` stand for nothing and are not touched. The
 * spread around the mean cannot be negative but by rounding, whose root would be not a number. */
ITEM_KERNEL void
NAME (rmsprop_step) (TENSOR_OUT (w), TENSOR_IN (g), TENSOR_OUT (square), TENSOR_OUT (mean), TENSOR_OUT (momentum),
                     float rate, float decay, float alpha, float fresh, float epsilon, float keep, int n)
{
  USE_OUT (w);
  USE_IN (g);
  USE_OUT (square);
#if CENTERED
  USE_OUT (mean);
#endif
#if MOMENTUM
  USE_OUT (momentum);
#endif
  int end = min (n, (ITEM + 1) * CHUNK);

  for (int i = ITEM * CHUNK; i < end; i++)
    {
      VEC old = LOAD (w, i), step = LOAD (g, i) + decay * old;
      VEC size = alpha * LOAD (square, i) + fresh * step * step;

      STORE (size, square, i);
#if CENTERED
      VEC m = alpha * LOAD (mean, i) + fresh * step;

      STORE (m, mean, i);
      size -= m * m;
      size = select (size, (VEC) 0, size < (VEC) 0);
#endif
      step /= sqrt (size) + epsilon;
#if MOMENTUM
      step += keep * LOAD (momentum, i);
      STORE (step, momentum, i);
#endif
      STORE (old - rate * step, w, i);
    }
}
#endif

#ifdef KERNEL_adagrad_step
/* start: what the sum starts at in the first step, 0 in later ones. */
ITEM_KERNEL void
NAME (adagrad_step) (TENSOR_OUT (w), TENSOR_IN (g), TENSOR_OUT (sum), float rate, float decay, float start,
                     float epsilon, int n)
{
  USE_OUT (w);
  USE_IN (g);
  USE_OUT (sum);
  int end = min (n, (ITEM + 1) * CHUNK);

  for (int i = ITEM * CHUNK; i < end; i++)
    {
      VEC old = LOAD (w, i), gradient = LOAD (g, i) + decay * old, s = LOAD (sum, i) + start + gradient * gradient;

      STORE (s, sum, i);
      STORE (old - rate * (gradient / (sqrt (s) + epsilon)), w, i);
    }
}
#endif

#ifdef KERNEL_adadelta_step
ITEM_KERNEL void
NAME (adadelta_step) (TENSOR_OUT (w), TENSOR_IN (g), TENSOR_OUT (square), TENSOR_OUT (moved), float rate, float decay,
                      float rho, float fresh, float epsilon, int n)
{
  USE_OUT (w);
  USE_IN (g);
  USE_OUT (square);
  USE_OUT (moved);
  int end = min (n, (ITEM + 1) * CHUNK);

  for (int i = ITEM * CHUNK; i < end; i++)
    {
      VEC old = LOAD (w, i), gradient = LOAD (g, i) + decay * old;
      VEC size = rho * LOAD (square, i) + fresh * gradient * gradient, u = LOAD (moved, i);
      VEC change = sqrt (u + epsilon) / sqrt (size + epsilon) * gradient;

      STORE (size, square, i);
      STORE (rho * u + fresh * change * change, moved, i);
      STORE (old - rate * change, w, i);
    }
}
#endif
