/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Radial basis layer. Values are [block][feature][LANES]; sizes are arguments. An item computes TILE results in registers; the
 * last tile of a range starts earlier and stores only what the tile before did not. */

/* 1 / s², from the logarithm of the width. */
float
NAME (inverse_square) (float log_width)
{
  return exp (-2 * clamp (log_width, -LIMIT, LIMIT));
}

#ifdef KERNEL_rbf_forward
/* y := exp (-exponent), exponent := ‖x - center‖² / 2s². Differences are squared one by one: |x|² - 2xc + |c|² would lose
 * them to rounding where x is close to the center. Items: blocks × tiles of units. */
ITEM_KERNEL void
NAME (rbf_forward) (TENSOR_IN (x), TENSOR_IN (center), TENSOR_IN (log_width), TENSOR_OUT (y), TENSOR_OUT (exponent), int n_in,
                    int n_out, int keep_exponent)
{
  USE_IN (x);
  USE_IN (center);
  USE_IN (log_width);
  USE_OUT (y);
  USE_OUT (exponent);
  const int tiles = (n_out + TILE - 1) / TILE, block = ITEM / tiles;
  const int first = ITEM % tiles * TILE, unit = min (first, n_out - TILE);
  VEC sum[TILE];

  #pragma unroll
  for (int r = 0; r < TILE; r++)
    sum[r] = (VEC) 0;
  for (int k = 0; k < n_in; k++)
    {
      const VEC value = LOAD (x, block * n_in + k);

      #pragma unroll
      for (int r = 0; r < TILE; r++)
        {
          const VEC difference = value - center[(unit + r) * n_in + k];

          sum[r] += difference * difference;
        }
    }
  for (int r = 0; r < TILE; r++)
    if (unit + r >= first)
      {
        /* Beyond 104 exp gives 0; a finite number keeps 0 × exponent 0. */
        const VEC v = min (sum[r] * (0.5f * NAME (inverse_square) (log_width[unit + r])), (VEC) 1000);
        const int to = block * n_out + unit + r;

        STORE (exp (-v), y, to);
        if (keep_exponent)
          STORE (v, exponent, to);
      }
}
#endif

#ifdef KERNEL_rbf_strength
/* strength := dy × y / s², what each unit sends back a unit of distance; dlog_width := the sum of dy × y × 2 exponent.
 * Items: units. */
ITEM_KERNEL void
NAME (rbf_strength) (TENSOR_IN (dy), TENSOR_IN (y), TENSOR_IN (exponent), TENSOR_IN (log_width), TENSOR_OUT (strength),
                     TENSOR_OUT (dlog_width), int n_out, int n_blocks, int with_width)
{
  USE_IN (dy);
  USE_IN (y);
  USE_IN (exponent);
  USE_IN (log_width);
  USE_OUT (strength);
  USE_OUT (dlog_width);
  LANE_SCRATCH
  const float factor = NAME (inverse_square) (log_width[ITEM]);
  VEC total = (VEC) 0;
  float sum;

  for (int block = 0; block < n_blocks; block++)
    {
      const int at = block * n_out + ITEM;
      const VEC gradient = LOAD (dy, at) * LOAD (y, at);

      STORE (gradient * factor, strength, at);
      total += gradient * (2 * LOAD (exponent, at));
    }
  sum = LANE_SUM (total);
  if (with_width && FIRST_LANE)
    dlog_width[ITEM] = fabs (log_width[ITEM]) < LIMIT ? sum : 0;
}
#endif

#ifdef KERNEL_rbf_backward
/* dx := or += the sum over the units of strength × (center - x). `item`: blocks × tiles of inputs. */
void
NAME (rbf_dx) (int item, int n_in, int n_out, int add, const __global float *restrict x, const __global float *restrict center,
               const __global float *restrict strength, __global float *restrict dx)
{
  const int tiles = (n_in + TILE - 1) / TILE, block = item / tiles;
  const int first = item % tiles * TILE, in = min (first, n_in - TILE);
  VEC value[TILE], sum[TILE];

  #pragma unroll
  for (int r = 0; r < TILE; r++)
    {
      value[r] = LOAD (x, block * n_in + in + r);
      sum[r] = (VEC) 0;
    }
  for (int unit = 0; unit < n_out; unit++)
    {
      const VEC pull = LOAD (strength, block * n_out + unit);

      #pragma unroll
      for (int r = 0; r < TILE; r++)
        sum[r] += pull * (center[unit * n_in + in + r] - value[r]);
    }
  #pragma unroll
  for (int r = 0; r < TILE; r++)
    if (in + r >= first)
      {
        const int to = block * n_in + in + r;

        STORE (add ? sum[r] + LOAD (dx, to) : sum[r], dx, to);
      }
}

/* dcenter := the sum over the samples of strength × (x - center). `item`: units × tiles of inputs. */
void
NAME (rbf_dcenter) (int item, int n_in, int n_out, int n_blocks, const __global float *restrict x,
                    const __global float *restrict center, const __global float *restrict strength,
                    __global float *restrict dcenter LANE_SCRATCH_PARAMETER)
{
  const int tiles = (n_in + TILE - 1) / TILE, unit = item / tiles;
  const int first = item % tiles * TILE, in = min (first, n_in - TILE);
  VEC sum[TILE];

  #pragma unroll
  for (int r = 0; r < TILE; r++)
    sum[r] = (VEC) 0;
  for (int block = 0; block < n_blocks; block++)
    {
      const VEC pull = LOAD (strength, block * n_out + unit);

      #pragma unroll
      for (int r = 0; r < TILE; r++)
        sum[r] += pull * (LOAD (x, block * n_in + in + r) - center[unit * n_in + in + r]);
    }
  for (int r = 0; r < TILE; r++)
    {
      const float total = LANE_SUM (sum[r]);

      if (in + r >= first && FIRST_LANE)
        dcenter[unit * n_in + in + r] = total;
    }
}

/* Both gradients. Items: n_dx for the input, then those for the centers. */
ITEM_KERNEL void
NAME (rbf_backward) (TENSOR_IN (x), TENSOR_IN (center), TENSOR_IN (strength), TENSOR_OUT (dx), TENSOR_OUT (dcenter), int n_in,
                     int n_out, int n_blocks, int n_dx, int add)
{
  USE_IN (x);
  USE_IN (center);
  USE_IN (strength);
  USE_OUT (dx);
  USE_OUT (dcenter);
  LANE_SCRATCH

  if (ITEM < n_dx)
    NAME (rbf_dx) (ITEM, n_in, n_out, add, x, center, strength, dx);
  else
    NAME (rbf_dcenter) (ITEM - n_dx, n_in, n_out, n_blocks, x, center, strength, dcenter LANE_SCRATCH_ARGUMENT);
}
#endif
