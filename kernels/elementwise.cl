/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies and sums of values. Items: blocks × WALK_ITEMS. */

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
