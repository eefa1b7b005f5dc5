/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Softmax over the channels of each pixel. Items: blocks × ceil (pixels / CHUNK). */

#define PIXELS (Y_ROWS * Y_COLUMNS)
#define PIXEL_ITEMS ((PIXELS + CHUNK - 1) / CHUNK)
#define FIRST_PIXEL (ITEM % PIXEL_ITEMS * CHUNK)

#ifdef KERNEL_softmax_forward
ITEM_KERNEL void
NAME (softmax_forward) (TENSOR_IN (x), TENSOR_OUT (y))
{
  USE_IN (x);
  USE_OUT (y);
  int block = ITEM / PIXEL_ITEMS;

  for (int pixel = FIRST_PIXEL; pixel < min (FIRST_PIXEL + CHUNK, PIXELS); pixel++)
    {
      int row = pixel / Y_COLUMNS, column = pixel % Y_COLUMNS;
      VEC top = LOAD (x, AT (X, block, 0, row, column)), sum = (VEC) 0;

      /* Without the largest value taken off, exp would overflow. */
      for (int channel = 1; channel < Y_CHANNELS; channel++)
        top = fmax (top, LOAD (x, AT (X, block, channel, row, column)));
      for (int channel = 0; channel < Y_CHANNELS; channel++)
        {
          VEC e = exp (LOAD (x, AT (X, block, channel, row, column)) - top);

          sum += e;
          STORE (e, y, AT (Y, block, channel, row, column));
        }
      for (int channel = 0; channel < Y_CHANNELS; channel++)
        STORE (LOAD (y, AT (Y, block, channel, row, column)) / sum, y, AT (Y, block, channel, row, column));
    }
}
#endif

#ifdef KERNEL_softmax_backward
/* dx := y × (dy - sum of y × dy), added to dx where ADD is 1. */
ITEM_KERNEL void
NAME (softmax_backward) (TENSOR_IN (y), TENSOR_IN (dy), TENSOR_OUT (dx))
{
  USE_IN (y);
  USE_IN (dy);
  USE_OUT (dx);
  int block = ITEM / PIXEL_ITEMS;

  for (int pixel = FIRST_PIXEL; pixel < min (FIRST_PIXEL + CHUNK, PIXELS); pixel++)
    {
      int row = pixel / Y_COLUMNS, column = pixel % Y_COLUMNS;
      VEC sum = (VEC) 0;

      for (int channel = 0; channel < Y_CHANNELS; channel++)
        sum += LOAD (y, AT (Y, block, channel, row, column)) * LOAD (dy, AT (DY, block, channel, row, column));
      for (int channel = 0; channel < Y_CHANNELS; channel++)
        {
          VEC d = LOAD (y, AT (Y, block, channel, row, column)) * (LOAD (dy, AT (DY, block, channel, row, column)) - sum);

#if ADD
          d += LOAD (dx, AT (DX, block, channel, row, column));
#endif
          STORE (d, dx, AT (DX, block, channel, row, column));
        }
    }
}
#endif

#undef PIXELS
#undef PIXEL_ITEMS
#undef FIRST_PIXEL
