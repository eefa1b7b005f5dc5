/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Gradients between back-propagation and the optimizer: penalties and clipping over the flat arena. One item is CHUNK
 * vectors. Not-a-number stays what it is, so that a network that has diverged does not look sound. */

#ifdef KERNEL_gradient_change
/* With CHANGE g := g + l1 × sign (w) + l2 × w, kept within ±limit; with NORM also each item's sum of squares. */
ITEM_KERNEL void
NAME (gradient_change) (TENSOR_IN (w), TENSOR_OUT (g), TENSOR_OUT (partial), float l1, float l2, float limit, int n)
{
  USE_IN (w);
  USE_OUT (g);
#if NORM
  USE_OUT (partial);
  VEC total = (VEC) 0;
  float sum;
#endif
  LANE_SCRATCH
  int end = min (n, (ITEM + 1) * CHUNK);

  for (int i = ITEM * CHUNK; i < end; i++)
    {
      VEC gradient = LOAD (g, i);

#if CHANGE
      VEC weight = LOAD (w, i), top = (VEC) limit, bottom = (VEC) -limit;

      gradient += l1 * sign (weight) + l2 * weight;
      gradient = select (gradient, top, gradient > top);
      gradient = select (gradient, bottom, gradient < bottom);
      STORE (gradient, g, i);
#endif
#if NORM
      total += gradient * gradient;
#endif
    }
#if NORM
  sum = LANE_SUM (total);
  if (FIRST_LANE)
    partial[ITEM] = sum;
#endif
}
#endif

#ifdef KERNEL_gradient_norm
/* One item: coefficient := min (1, norm / (root of the sum of n vectors + epsilon)), in every lane. */
ITEM_KERNEL void
NAME (gradient_norm) (TENSOR_IN (partial), TENSOR_OUT (coefficient), float norm, float epsilon, int n)
{
  USE_IN (partial);
  USE_OUT (coefficient);
  LANE_SCRATCH
  VEC total = (VEC) 0;
  float factor;

  for (int i = 0; i < n; i++)
    total += LOAD (partial, i);
  factor = norm / (sqrt (LANE_SUM (total)) + epsilon);
  STORE ((VEC) (factor > 1.0f ? 1.0f : factor), coefficient, 0);
}
#endif

#ifdef KERNEL_gradient_scale
ITEM_KERNEL void
NAME (gradient_scale) (TENSOR_OUT (g), TENSOR_IN (coefficient), int n)
{
  USE_OUT (g);
  USE_IN (coefficient);
  VEC factor = LOAD (coefficient, 0);
  int end = min (n, (ITEM + 1) * CHUNK);

  for (int i = ITEM * CHUNK; i < end; i++)
    STORE (LOAD (g, i) * factor, g, i);
}
#endif
