/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ReLU with a trained slope, one for all channels or one for each. */

#if PER_CHANNEL
#define SLOPE_OF(channel) (channel)
#else
#define SLOPE_OF(channel) 0
#endif

#ifdef KERNEL_prelu_forward
/* y := x where x > 0, weight × x elsewhere. Items: blocks × WALK_ITEMS. */
ITEM_KERNEL void
NAME (prelu_forward) (TENSOR_IN (x), TENSOR_IN (weight), TENSOR_OUT (y))
{
  USE_IN (x);
  USE_IN (weight);
  USE_OUT (y);

  WALK_BEGIN
    VEC v = LOAD (x, WALK_AT (X));

    STORE (select (v, v * weight[SLOPE_OF (WALK_ELEMENT / PIXELS)], v < (VEC) 0), y, WALK_AT (Y));
  WALK_END
}
#endif

#ifdef KERNEL_prelu_backward
/* dx := dy where x > 0, weight × dy elsewhere, added to dx where ADD is 1; dweight[channel] := sum of dy × x where x is not
 * above 0. An item has CHUNK channels and goes over all their pixels: sums run in one fixed order, those of rows with a
 * carry for what rounding takes (Kahan). Items: ceil (channels / CHUNK). */
ITEM_KERNEL void
NAME (prelu_backward) (TENSOR_IN (x), TENSOR_IN (dy), TENSOR_IN (weight),
#if WITH_DX
                       TENSOR_OUT (dx),
#endif
#if WITH_DW
                       TENSOR_OUT (dweight),
#endif
                       int n_blocks)
{
  USE_IN (x);
  USE_IN (dy);
  USE_IN (weight);
#if WITH_DX
  USE_OUT (dx);
#endif
#if WITH_DW
  USE_OUT (dweight);
  LANE_SCRATCH
#endif

  for (int channel = ITEM * CHUNK; channel < min (ITEM * CHUNK + CHUNK, X_CHANNELS); channel++)
    {
      float slope = weight[SLOPE_OF (channel)];
      VEC total = (VEC) 0, carry = (VEC) 0;

      for (int block = 0; block < n_blocks; block++)
        for (int row = 0; row < X_ROWS; row++)
          {
            VEC sum = (VEC) 0, next;

            for (int column = 0; column < X_COLUMNS; column++)
              {
                VEC v = LOAD (x, AT (X, block, channel, row, column));
                VEC d = LOAD (dy, AT (DY, block, channel, row, column));

                sum += select (v * d, (VEC) 0, v > (VEC) 0);
#if WITH_DX
                d = select (slope * d, d, v > (VEC) 0);
#if ADD
                d += LOAD (dx, AT (DX, block, channel, row, column));
#endif
                STORE (d, dx, AT (DX, block, channel, row, column));
#endif
              }
            sum -= carry;
            next = total + sum;
            carry = (next - total) - sum;
            total = next;
          }
#if WITH_DW
      float sum_of_lanes = LANE_SUM (total);

      if (FIRST_LANE)
        dweight[channel] = sum_of_lanes;
#endif
    }
}
#endif

#ifdef KERNEL_prelu_sum
/* dweight := sum of the channels' parts, in their order. One item. */
ITEM_KERNEL void
NAME (prelu_sum) (TENSOR_IN (part), TENSOR_OUT (dweight))
{
  USE_IN (part);
  USE_OUT (dweight);
  float total = 0, carry = 0;

  for (int channel = 0; channel < X_CHANNELS; channel++)
    {
      float value = part[channel] - carry, next = total + value;

      carry = (next - total) - value;
      total = next;
    }
  if (FIRST_LANE)
    dweight[0] = total;
}
#endif

#undef SLOPE_OF
