/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Losses of a class label per sample. One item is one block of samples; the classes are the channels of Y (N of them).
 * per_sample holds three planes of CAPACITY_BLOCKS vectors: loss, 1 where the prediction is right, predicted class.
 * With GRADIENT also dy := d(mean loss) / dy, scale being the factor of the mean. A target below 0 marks a lane beyond
 * the batch: select, not multiplication, so that whatever that lane holds stays out. */

#if HL_GPU
#define LOSS_TARGETS(p, i) ((p)[(size_t) (i) * LANES + LANE])
#define LOSS_TO_FLOAT(v) ((float) (v))
#elif LANES == 16
#define LOSS_TARGETS(p, i) (((const __global IVEC *) (p))[i])
#define LOSS_TO_FLOAT(v) convert_float16 (v)
#elif LANES == 8
#define LOSS_TARGETS(p, i) (((const __global IVEC *) (p))[i])
#define LOSS_TO_FLOAT(v) convert_float8 (v)
#else
#define LOSS_TARGETS(p, i) (((const __global IVEC *) (p))[i])
#define LOSS_TO_FLOAT(v) convert_float4 (v)
#endif

#ifdef KERNEL_cross_entropy
/* loss = log (sum of exp (y)) - y[target], shifted by the largest y so that exp cannot overflow. */
ITEM_KERNEL void
NAME (cross_entropy) (TENSOR_IN (y), TENSOR_IN_OF (int, targets), TENSOR_OUT (per_sample)
#ifdef GRADIENT
                      , TENSOR_OUT (dy), float scale
#endif
                      )
{
  USE_IN (y);
  USE_IN_OF (int, targets);
  USE_OUT (per_sample);
#ifdef GRADIENT
  USE_OUT (dy);
#endif
  int block = ITEM;
  IVEC target = LOSS_TARGETS (targets, block), best = (IVEC) 0;
  VEC zero = (VEC) 0, largest = LOAD (y, AT (Y, block, 0, 0, 0)), wanted = zero, sum = zero;

  for (int c = 0; c < N; c++)
    {
      VEC v = LOAD (y, AT (Y, block, c, 0, 0));

      best = select (best, (IVEC) c, v > largest);
      largest = select (largest, v, v > largest);
      wanted = select (wanted, v, target == (IVEC) c);
    }
  for (int c = 0; c < N; c++)
    {
      VEC e = exp (LOAD (y, AT (Y, block, c, 0, 0)) - largest);

      sum += e;
#ifdef GRADIENT
      STORE (e, dy, AT (DY, block, c, 0, 0));
#endif
    }
  STORE (select (log (sum) + (largest - wanted), zero, target < (IVEC) 0), per_sample, block);
  STORE (select (zero, (VEC) 1, best == target), per_sample, CAPACITY_BLOCKS + block);
  STORE (select (LOSS_TO_FLOAT (best), zero, target < (IVEC) 0), per_sample, 2 * CAPACITY_BLOCKS + block);
#ifdef GRADIENT
  for (int c = 0; c < N; c++)
    {
      VEC share = LOAD (dy, AT (DY, block, c, 0, 0)) / sum;
      VEC gradient = scale * (share - select (zero, (VEC) 1, target == (IVEC) c));

      STORE (select (gradient, zero, target < (IVEC) 0), dy, AT (DY, block, c, 0, 0));
    }
#endif
}
#endif

#ifdef KERNEL_mean_squared
/* loss = mean over the classes of (y - t)², t being 1 for the target's class and 0 for the others. */
ITEM_KERNEL void
NAME (mean_squared) (TENSOR_IN (y), TENSOR_IN_OF (int, targets), TENSOR_OUT (per_sample)
#ifdef GRADIENT
                     , TENSOR_OUT (dy), float scale
#endif
                     )
{
  USE_IN (y);
  USE_IN_OF (int, targets);
  USE_OUT (per_sample);
#ifdef GRADIENT
  USE_OUT (dy);
#endif
  int block = ITEM;
  IVEC target = LOSS_TARGETS (targets, block), best = (IVEC) 0;
  VEC zero = (VEC) 0, largest = LOAD (y, AT (Y, block, 0, 0, 0)), sum = zero;

  for (int c = 0; c < N; c++)
    {
      VEC v = LOAD (y, AT (Y, block, c, 0, 0));
      VEC difference = v - select (zero, (VEC) 1, target == (IVEC) c);

      best = select (best, (IVEC) c, v > largest);
      largest = select (largest, v, v > largest);
      sum += difference * difference;
#ifdef GRADIENT
      STORE (select (2 * scale / N * difference, zero, target < (IVEC) 0), dy, AT (DY, block, c, 0, 0));
#endif
    }
  STORE (select (sum / N, zero, target < (IVEC) 0), per_sample, block);
  STORE (select (zero, (VEC) 1, best == target), per_sample, CAPACITY_BLOCKS + block);
  STORE (select (LOSS_TO_FLOAT (best), zero, target < (IVEC) 0), per_sample, 2 * CAPACITY_BLOCKS + block);
}
#endif
