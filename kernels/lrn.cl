/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Local response normalisation across channels: y = x / s^BETA, s = K + ALPHA × the sum of squares over the channels from BEFORE
 * below to AFTER above. Items: blocks × channels. */

#define CHANNEL (ITEM % X_CHANNELS)
#define BLOCK (ITEM / X_CHANNELS)
#define FOR_EACH_PIXEL                                                                           \
  for (int row = 0; row < X_ROWS; row++)                                                         \
    for (int column = 0; column < X_COLUMNS; column++)

#ifdef KERNEL_lrn_forward
/* saved: s, [block][channel][pixel]. */
ITEM_KERNEL void
NAME (lrn_forward) (TENSOR_IN (x), TENSOR_OUT (y), TENSOR_OUT (saved), int save)
{
  USE_IN (x);
  USE_OUT (y);
  USE_OUT (saved);
  const int first = max (CHANNEL - BEFORE, 0), last = min (CHANNEL + AFTER, X_CHANNELS - 1);

  FOR_EACH_PIXEL
    {
      VEC sum = (VEC) 0;

      for (int channel = first; channel <= last; channel++)
        {
          const VEC v = LOAD (x, AT (X, BLOCK, channel, row, column));

          sum += v * v;
        }
      sum = sum * ALPHA + K;
      STORE (LOAD (x, AT (X, BLOCK, CHANNEL, row, column)) * exp (log (sum) * -BETA), y, AT (Y, BLOCK, CHANNEL, row, column));
      if (save)
        STORE (sum, saved, (ITEM * X_ROWS + row) * X_COLUMNS + column);
    }
}
#endif

#ifdef KERNEL_lrn_ratio
/* ratio := dy × x / s^(BETA + 1): what a channel passes to those whose squares it saw. */
ITEM_KERNEL void
NAME (lrn_ratio) (TENSOR_IN (x), TENSOR_IN (dy), TENSOR_IN (saved), TENSOR_OUT (ratio))
{
  USE_IN (x);
  USE_IN (dy);
  USE_IN (saved);
  USE_OUT (ratio);

  FOR_EACH_PIXEL
    {
      const int at = (ITEM * X_ROWS + row) * X_COLUMNS + column;

      STORE (LOAD (dy, AT (DY, BLOCK, CHANNEL, row, column)) * LOAD (x, AT (X, BLOCK, CHANNEL, row, column))
             * exp (log (LOAD (saved, at)) * -(BETA + 1)), ratio, at);
    }
}
#endif

#ifdef KERNEL_lrn_backward
/* dx := or += dy / s^BETA - 2 × ALPHA × BETA × x × the sum of the ratios of the channels that saw this one. */
ITEM_KERNEL void
NAME (lrn_backward) (TENSOR_IN (x), TENSOR_IN (dy), TENSOR_IN (saved), TENSOR_IN (ratio), TENSOR_OUT (dx))
{
  USE_IN (x);
  USE_IN (dy);
  USE_IN (saved);
  USE_IN (ratio);
  USE_OUT (dx);
  const int first = max (CHANNEL - AFTER, 0), last = min (CHANNEL + BEFORE, X_CHANNELS - 1);

  FOR_EACH_PIXEL
    {
      const VEC s = LOAD (saved, (ITEM * X_ROWS + row) * X_COLUMNS + column);
      VEC sum = (VEC) 0, d;

      for (int channel = first; channel <= last; channel++)
        sum += LOAD (ratio, ((BLOCK * X_CHANNELS + channel) * X_ROWS + row) * X_COLUMNS + column);
      d = LOAD (dy, AT (DY, BLOCK, CHANNEL, row, column)) * exp (log (s) * -BETA)
          - sum * LOAD (x, AT (X, BLOCK, CHANNEL, row, column)) * (2 * ALPHA * BETA);
#if ADD
      d += LOAD (dx, AT (DX, BLOCK, CHANNEL, row, column));
#endif
      STORE (d, dx, AT (DX, BLOCK, CHANNEL, row, column));
    }
}
#endif

#undef CHANNEL
#undef BLOCK
#undef FOR_EACH_PIXEL
