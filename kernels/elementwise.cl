/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies and sums of values. Items: blocks × WALK_ITEMS. And borders made zero. */

#ifdef KERNEL_copy
/* y := x, or y += x where ADD is 1. */
ITEM_KERNEL void
NAME (copy) (TENSOR_IN (x), TENSOR_OUT (y))
{
  USE_IN (x);
  USE_OUT (y);

  WALK_BEGIN
    VEC v = LOAD (x, WALK_AT (X));

#if ADD
    v += LOAD (y, WALK_AT (Y));
#endif
    STORE (v, y, WALK_AT (Y));
  WALK_END
}
#endif

#ifdef KERNEL_constant
/* y := w for every sample. */
ITEM_KERNEL void
NAME (constant) (TENSOR_IN (w), TENSOR_OUT (y))
{
  USE_IN (w);
  USE_OUT (y);

  WALK_BEGIN
    STORE ((VEC) w[WALK_ELEMENT], y, WALK_AT (Y));
  WALK_END
}
#endif

#ifdef KERNEL_add_pair
/* y := x0 + x1. */
ITEM_KERNEL void
NAME (add_pair) (TENSOR_IN (x0), TENSOR_IN (x1), TENSOR_OUT (y))
{
  USE_IN (x0);
  USE_IN (x1);
  USE_OUT (y);

  WALK_BEGIN
    STORE (LOAD (x0, WALK_AT (X0)) + LOAD (x1, WALK_AT (X1)), y, WALK_AT (Y));
  WALK_END
}
#endif

#ifdef KERNEL_clear_border
/* The border of each plane := 0. before: vectors before the first pixel, after: behind the last, between: behind each row
 * and before the next. Items: blocks × channels. */
ITEM_KERNEL void
NAME (clear_border) (TENSOR_OUT (y), int plane, int row, int rows, int before, int after, int between)
{
  USE_OUT (y);
  const size_t first = (size_t) ITEM * plane;
  const VEC zero = (VEC) 0;

  for (int i = 0; i < before; i++)
    STORE (zero, y, first + i);
  for (int i = plane - after; i < plane; i++)
    STORE (zero, y, first + i);
  for (int k = 0; k < rows - 1; k++)
    for (int i = 0; i < between; i++)
      STORE (zero, y, first + before + (size_t) k * row + (row - between) + i);
}
#endif
