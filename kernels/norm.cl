/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Batch normalisation. An item has CHUNK channels and goes over all their pixels: sums run in one fixed order. Sums of
 * rows are added with a carry for what rounding takes (Kahan). Items: ceil (channels / CHUNK). */

/* 1 in lanes that hold samples of the batch, 0 in those beyond it. */
VEC
NAME (norm_keep) (int block, int batch)
{
  return select ((VEC) 0, (VEC) 1, LANE_NUMBERS < (VEC) (batch - block * LANES));
}

/* total += value, where carry holds the error of the sum so far. */
void
NAME (norm_sum) (VEC *total, VEC *carry, VEC value)
{
  VEC corrected = value - *carry, next = *total + corrected;

  *carry = (next - *total) - corrected;
  *total = next;
}

#define FOR_EACH_CHANNEL                                                                         \
  for (int channel = ITEM * CHUNK; channel < min (ITEM * CHUNK + CHUNK, Y_CHANNELS); channel++)
#define FOR_EACH_PIXEL                                                                           \
  for (int row = 0; row < Y_ROWS; row++)                                                         \
    for (int column = 0; column < Y_COLUMNS; column++)

#ifdef KERNEL_norm_train
/* y := (x - mean) / sqrt (variance + EPS) × weight + bias with the batch's own mean and variance. saved: mean and
 * 1 / sqrt (variance + EPS) of each channel. The running values move towards the batch's by MOMENTUM. */
ITEM_KERNEL void
NAME (norm_train) (TENSOR_IN (x), TENSOR_OUT (y),
#if AFFINE
                   TENSOR_IN (weight), TENSOR_IN (bias),
#endif
                   TENSOR_OUT (running_mean), TENSOR_OUT (running_variance), TENSOR_OUT (saved), int batch, int n_blocks)
{
  USE_IN (x);
  USE_OUT (y);
#if AFFINE
  USE_IN (weight);
  USE_IN (bias);
#endif
  USE_OUT (running_mean);
  USE_OUT (running_variance);
  USE_OUT (saved);
  LANE_SCRATCH
  float n = (float) batch * Y_ROWS * Y_COLUMNS;

  FOR_EACH_CHANNEL
    {
      VEC total = (VEC) 0, spread = (VEC) 0, carry = (VEC) 0;
      float mean, variance, scale, shift;

      for (int block = 0; block < n_blocks; block++)
        {
          VEC keep = NAME (norm_keep) (block, batch);

          for (int row = 0; row < Y_ROWS; row++)
            {
              VEC sum = (VEC) 0;

              for (int column = 0; column < Y_COLUMNS; column++)
                sum += LOAD (x, AT (X, block, channel, row, column));
              NAME (norm_sum) (&total, &carry, sum * keep);
            }
        }
      mean = LANE_SUM (total) / n;
      carry = (VEC) 0;
      for (int block = 0; block < n_blocks; block++)
        {
          VEC keep = NAME (norm_keep) (block, batch);

          for (int row = 0; row < Y_ROWS; row++)
            {
              VEC sum = (VEC) 0;

              for (int column = 0; column < Y_COLUMNS; column++)
                {
                  VEC d = LOAD (x, AT (X, block, channel, row, column)) - mean;

                  sum += d * d;
                }
              NAME (norm_sum) (&spread, &carry, sum * keep);
            }
        }
      variance = LANE_SUM (spread) / n;
      scale = 1.0f / sqrt (variance + EPS);
      if (FIRST_LANE)
        {
          saved[channel] = mean;
          saved[Y_CHANNELS + channel] = scale;
          running_mean[channel] += MOMENTUM * (mean - running_mean[channel]);
          /* The unbiased estimate; of a single value there is none. */
          if (n > 1)
            running_variance[channel] += MOMENTUM * (variance * (n / (n - 1)) - running_variance[channel]);
        }
      shift = 0;
#if AFFINE
      scale *= weight[channel];
      shift = bias[channel];
#endif
      for (int block = 0; block < n_blocks; block++)
        FOR_EACH_PIXEL
          STORE ((LOAD (x, AT (X, block, channel, row, column)) - mean) * scale + shift, y,
                 AT (Y, block, channel, row, column));
    }
}
#endif

#ifdef KERNEL_norm_apply
/* The same with the running mean and variance. */
ITEM_KERNEL void
NAME (norm_apply) (TENSOR_IN (x), TENSOR_OUT (y),
#if AFFINE
                   TENSOR_IN (weight), TENSOR_IN (bias),
#endif
                   TENSOR_IN (running_mean), TENSOR_IN (running_variance), int n_blocks)
{
  USE_IN (x);
  USE_OUT (y);
#if AFFINE
  USE_IN (weight);
  USE_IN (bias);
#endif
  USE_IN (running_mean);
  USE_IN (running_variance);

  FOR_EACH_CHANNEL
    {
      float mean = running_mean[channel], scale = 1.0f / sqrt (running_variance[channel] + EPS), shift = 0;

#if AFFINE
      scale *= weight[channel];
      shift = bias[channel];
#endif
      for (int block = 0; block < n_blocks; block++)
        FOR_EACH_PIXEL
          STORE ((LOAD (x, AT (X, block, channel, row, column)) - mean) * scale + shift, y,
                 AT (Y, block, channel, row, column));
    }
}
#endif

#ifdef KERNEL_norm_backward
/* With xn the normalised x: dweight := sum of dy × xn, dbias := sum of dy, and
 * dx := weight × scale × (dy - mean of dy - xn × mean of dy × xn), which is exactly 0 beyond the batch; added to dx
 * where ADD is 1. dweight and dbias are there where WITH_DW is 1. own: mean and variance were the batch's; with running ones dx := weight × scale × dy. */
ITEM_KERNEL void
NAME (norm_backward) (TENSOR_IN (x), TENSOR_IN (dy),
#if WITH_DX
                      TENSOR_OUT (dx),
#endif
#if AFFINE
                      TENSOR_IN (weight),
#endif
#if WITH_DW
                      TENSOR_OUT (dweight), TENSOR_OUT (dbias),
#endif
                      TENSOR_IN (running_mean), TENSOR_IN (running_variance), TENSOR_IN (saved), int own, int batch,
                      int n_blocks)
{
  USE_IN (x);
  USE_IN (dy);
#if WITH_DX
  USE_OUT (dx);
#endif
#if AFFINE
  USE_IN (weight);
#endif
#if WITH_DW
  USE_OUT (dweight);
  USE_OUT (dbias);
#endif
  USE_IN (running_mean);
  USE_IN (running_variance);
  USE_IN (saved);
  LANE_SCRATCH

  FOR_EACH_CHANNEL
    {
      float mean = own ? saved[channel] : running_mean[channel];
      float scale = own ? saved[Y_CHANNELS + channel] : 1.0f / sqrt (running_variance[channel] + EPS);
      VEC total = (VEC) 0, total_xn = (VEC) 0, carry = (VEC) 0, carry_xn = (VEC) 0;
      float sum_dy, sum_dy_xn;

      for (int block = 0; block < n_blocks; block++)
        for (int row = 0; row < Y_ROWS; row++)
          {
            VEC sum = (VEC) 0, sum_xn = (VEC) 0;

            for (int column = 0; column < Y_COLUMNS; column++)
              {
                VEC d = LOAD (dy, AT (DY, block, channel, row, column));

                sum += d;
                sum_xn += d * (LOAD (x, AT (X, block, channel, row, column)) - mean);
              }
            NAME (norm_sum) (&total, &carry, sum);
            NAME (norm_sum) (&total_xn, &carry_xn, sum_xn);
          }
      sum_dy = LANE_SUM (total);
      sum_dy_xn = LANE_SUM (total_xn) * scale;
#if WITH_DW
      if (FIRST_LANE)
        {
          dweight[channel] = sum_dy_xn;
          dbias[channel] = sum_dy;
        }
#endif
#if WITH_DX
      float n = (float) batch * Y_ROWS * Y_COLUMNS, factor = scale;
      float mean_dy = own ? sum_dy / n : 0, slope = own ? sum_dy_xn / n * scale : 0;

#if AFFINE
      factor *= weight[channel];
#endif
      for (int block = 0; block < n_blocks; block++)
        {
          VEC keep = NAME (norm_keep) (block, batch) * factor;

          FOR_EACH_PIXEL
            {
              VEC xc = LOAD (x, AT (X, block, channel, row, column)) - mean;
              VEC d = (LOAD (dy, AT (DY, block, channel, row, column)) - mean_dy - xc * slope) * keep;

#if ADD
              d += LOAD (dx, AT (DX, block, channel, row, column));
#endif
              STORE (d, dx, AT (DX, block, channel, row, column));
            }
        }
#endif
    }
}
#endif

#undef FOR_EACH_CHANNEL
#undef FOR_EACH_PIXEL
