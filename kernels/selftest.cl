/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Small kernels for the device self-test. */

#ifdef KERNEL_selftest_saxpy
/* y := a x + y over n vectors; one item a vector. */
ITEM_KERNEL void
NAME (selftest_saxpy) (TENSOR_IN (x), TENSOR_OUT (y), float a, int n)
{
  USE_IN (x);
  USE_OUT (y);
  int i = ITEM;

  if (i < n)
    STORE (a * LOAD (x, i) + LOAD (y, i), y, i);
}
#endif
