/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Normalisation within a sample (layer, instance and group norm). A sample's rows of pixels, channel after channel, fall into
 * SETS sets of SET_ROWS rows, and each set is brought to mean 0 and variance 1 by itself. Samples are lanes, so that every sum
 * stays in its lane. Weights are one for each element of a set (PER_ELEMENT) or one for each channel.
 *
 * Elements are taken as differences from their set's first (PIVOT), the mean as well: where all of a set are nearly equal the
 * differences are exact, and so is what a small variance is divided by. */

#define ROW_AT(X, q, column) AT (X, block, (q) / X##_ROWS, (q) % X##_ROWS, column)
#if PER_ELEMENT
#define WEIGHT_OF(q, column) (((q) - set * SET_ROWS) * X_COLUMNS + (column))
#else
#define WEIGHT_OF(q, column) ((q) / X_ROWS)
#endif
#define PIVOT LOAD (x, ROW_AT (X, set * SET_ROWS, 0))
#define FOR_EACH_ROW for (int q = set * SET_ROWS; q < (set + 1) * SET_ROWS; q++)
#define FOR_EACH_COLUMN for (int column = 0; column < X_COLUMNS; column++)

#ifdef KERNEL_sample_norm_forward
/* y := (x - mean) × scale × weight + bias, scale being 1 / sqrt (variance + EPS). saved: mean and scale of each set. Items:
 * blocks × SETS. */
ITEM_KERNEL void
NAME (sample_norm_forward) (TENSOR_IN (x), TENSOR_IN (weight), TENSOR_IN (bias), TENSOR_OUT (y), TENSOR_OUT (saved), int save)
{
  USE_IN (x);
  USE_IN (weight);
  USE_IN (bias);
  USE_OUT (y);
  USE_OUT (saved);
  const int block = ITEM / SETS, set = ITEM % SETS;
  const float n = (float) SET_ROWS * X_COLUMNS;
  const VEC pivot = PIVOT;
  VEC mean = (VEC) 0, variance = (VEC) 0, scale;

  FOR_EACH_ROW
    {
      VEC sum = (VEC) 0;

      FOR_EACH_COLUMN
        sum += LOAD (x, ROW_AT (X, q, column)) - pivot;
      mean += sum;
    }
  mean /= n;
  FOR_EACH_ROW
    {
      VEC sum = (VEC) 0;

      FOR_EACH_COLUMN
        {
          const VEC d = LOAD (x, ROW_AT (X, q, column)) - pivot - mean;

          sum += d * d;
        }
      variance += sum;
    }
  scale = (VEC) 1 / sqrt (variance / n + EPS);
  if (save)
    {
      STORE (mean, saved, 2 * ITEM);
      STORE (scale, saved, 2 * ITEM + 1);
    }
  FOR_EACH_ROW
    FOR_EACH_COLUMN
      {
        VEC v = (LOAD (x, ROW_AT (X, q, column)) - pivot - mean) * scale;

#if AFFINE
        v = v * weight[WEIGHT_OF (q, column)] + bias[WEIGHT_OF (q, column)];
#endif
        STORE (v, y, ROW_AT (Y, q, column));
      }
}
#endif

#ifdef KERNEL_sample_norm_backward
/* With xn the normalised x and g = dy × weight: dx := or += scale × (g - mean of g - xn × mean of g × xn). Items: blocks ×
 * SETS. */
ITEM_KERNEL void
NAME (sample_norm_backward) (TENSOR_IN (x), TENSOR_IN (dy), TENSOR_IN (weight), TENSOR_IN (saved), TENSOR_OUT (dx))
{
  USE_IN (x);
  USE_IN (dy);
  USE_IN (weight);
  USE_IN (saved);
  USE_OUT (dx);
  const int block = ITEM / SETS, set = ITEM % SETS;
  const float n = (float) SET_ROWS * X_COLUMNS;
  const VEC pivot = PIVOT, mean = LOAD (saved, 2 * ITEM), scale = LOAD (saved, 2 * ITEM + 1);
  VEC total = (VEC) 0, total_xn = (VEC) 0;

  FOR_EACH_ROW
    {
      VEC sum = (VEC) 0, sum_xn = (VEC) 0;

      FOR_EACH_COLUMN
        {
          VEC g = LOAD (dy, ROW_AT (DY, q, column));

#if AFFINE
          g *= weight[WEIGHT_OF (q, column)];
#endif
          sum += g;
          sum_xn += g * (LOAD (x, ROW_AT (X, q, column)) - pivot - mean) * scale;
        }
      total += sum;
      total_xn += sum_xn;
    }
  total /= n;
  total_xn /= n;
  FOR_EACH_ROW
    FOR_EACH_COLUMN
      {
        VEC g = LOAD (dy, ROW_AT (DY, q, column));

#if AFFINE
        g *= weight[WEIGHT_OF (q, column)];
#endif
        g = (g - total - (LOAD (x, ROW_AT (X, q, column)) - pivot - mean) * scale * total_xn) * scale;
#if ADD
        g += LOAD (dx, ROW_AT (DX, q, column));
#endif
        STORE (g, dx, ROW_AT (DX, q, column));
      }
}
#endif

#ifdef KERNEL_sample_norm_weights
/* dweight := the sum of dy × xn over samples and whatever else shares the weight, dbias := the sum of dy. Items: weights. */
ITEM_KERNEL void
NAME (sample_norm_weights) (TENSOR_IN (x), TENSOR_IN (dy), TENSOR_IN (saved), TENSOR_OUT (dweight), TENSOR_OUT (dbias), int n_blocks)
{
  USE_IN (x);
  USE_IN (dy);
  USE_IN (saved);
  USE_OUT (dweight);
  USE_OUT (dbias);
  LANE_SCRATCH
  VEC total = (VEC) 0, total_xn = (VEC) 0;
  float sum, sum_xn;

  for (int block = 0; block < n_blocks; block++)
#if PER_ELEMENT
    for (int set = 0; set < SETS; set++)
      {
        const int q = set * SET_ROWS + ITEM / X_COLUMNS, column = ITEM % X_COLUMNS, from = block * SETS + set;
#else
    for (int row = 0; row < X_ROWS; row++)
      for (int column = 0; column < X_COLUMNS; column++)
      {
        const int q = ITEM * X_ROWS + row, set = q / SET_ROWS, from = block * SETS + set;
#endif
        const VEC pivot = PIVOT;
        const VEC d = LOAD (dy, ROW_AT (DY, q, column));

        total += d;
        total_xn += d * (LOAD (x, ROW_AT (X, q, column)) - pivot - LOAD (saved, 2 * from)) * LOAD (saved, 2 * from + 1);
      }
  sum = LANE_SUM (total);
  sum_xn = LANE_SUM (total_xn);
  if (FIRST_LANE)
    {
      dweight[ITEM] = sum_xn;
      dbias[ITEM] = sum;
    }
}
#endif

#undef PIVOT
#undef ROW_AT
#undef WEIGHT_OF
#undef FOR_EACH_ROW
#undef FOR_EACH_COLUMN
