/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Activations, any of them: ACTIVATION is an expression in v, GRADIENT one in y (see HlEpilogue). X, Y geometry
 * defines say where the pixels lie; one item is one channel of one block. */

#ifdef KERNEL_activation_forward
/* y := activation (x), interior only. Items: blocks × Y_CHANNELS. */
ITEM_KERNEL void
NAME (activation_forward) (TENSOR_IN (x), TENSOR_OUT (y))
{
  USE_IN (x);
  USE_OUT (y);
  int block = ITEM / Y_CHANNELS, channel = ITEM % Y_CHANNELS;

  for (int row = 0; row < Y_ROWS; row++)
    for (int column = 0; column < Y_COLUMNS; column++)
      {
        VEC v = LOAD (x, AT (X, block, channel, row, column));

        STORE (ACTIVATION, y, AT (Y, block, channel, row, column));
      }
}
#endif
