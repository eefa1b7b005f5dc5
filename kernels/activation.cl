/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Activations, any of them: ACTIVATION is an expression in v, GRADIENT one in y, the result, or in v again: ARGUMENT says
 * which (see HlEpilogue). Items: blocks × WALK_ITEMS. */

#ifdef KERNEL_activation_forward
/* y := activation (x). */
ITEM_KERNEL void
NAME (activation_forward) (TENSOR_IN (x), TENSOR_OUT (result))
{
  USE_IN (x);
  USE_OUT (result);

  WALK_BEGIN
    VEC v = LOAD (x, WALK_AT (X));

    STORE (ACTIVATION, result, WALK_AT (Y));
  WALK_END
}
#endif

#ifdef KERNEL_activation_backward
/* dx := dy × gradient, added to dx where ADD is 1. `argument` holds y or x. */
ITEM_KERNEL void
NAME (activation_backward) (TENSOR_IN (argument), TENSOR_IN (dy), TENSOR_OUT (dx))
{
  USE_IN (argument);
  USE_IN (dy);
  USE_OUT (dx);

  WALK_BEGIN
    VEC ARGUMENT = LOAD (argument, WALK_AT (Y));
    VEC d = LOAD (dy, WALK_AT (DY)) * (GRADIENT);

#if ADD
    d += LOAD (dx, WALK_AT (DX));
#endif
    STORE (d, dx, WALK_AT (DX));
  WALK_END
}
#endif

#ifdef KERNEL_activation_multiply
/* dy := dy × gradient (y), in place. */
ITEM_KERNEL void
NAME (activation_multiply) (TENSOR_IN (result), TENSOR_OUT (dy))
{
  USE_IN (result);
  USE_OUT (dy);

  WALK_BEGIN
    VEC y = LOAD (result, WALK_AT (Y));

    STORE (LOAD (dy, WALK_AT (DY)) * (GRADIENT), dy, WALK_AT (DY));
  WALK_END
}
#endif
