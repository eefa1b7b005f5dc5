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

#ifdef KERNEL_selftest_sum
/* y[item] := the sum of n vectors, lanes included, beginning with vector item × n of x. */
ITEM_KERNEL void
NAME (selftest_sum) (TENSOR_IN (x), TENSOR_OUT (y), int n)
{
  USE_IN (x);
  USE_OUT (y);
  LANE_SCRATCH
  VEC sum = 0;
  float total;

  for (int i = 0; i < n; i++)
    sum += LOAD (x, ITEM * n + i);
  total = LANE_SUM (sum);
  if (FIRST_LANE)
    y[ITEM] = total;
}
#endif

#ifdef KERNEL_selftest_math
/* Three functions of each element, as the layers use them: y holds n vectors of each. One item a vector. */
ITEM_KERNEL void
NAME (selftest_math) (TENSOR_IN (x), TENSOR_OUT (y), int n)
{
  USE_IN (x);
  USE_OUT (y);
  int i = ITEM;

  if (i < n)
    {
      VEC v = LOAD (x, i);

      STORE (exp (v), y, i);
      STORE (tanh (v), y, n + i);
      STORE (log (v * v + 1.0f), y, 2 * n + i);
    }
}
#endif

#ifdef KERNEL_selftest_philox
/* words[4 i ...] := the four words of index i, for LANES indices an item. */
ITEM_KERNEL void
NAME (selftest_philox) (TENSOR_OUT_OF (int, words), uint seed_low, uint seed_high, uint purpose, uint epoch)
{
  USE_OUT_OF (int, words);

  FOR_EACH_LANE (lane)
    {
      int i = ITEM * LANES + lane;
      uint4 word = philox ((uint2) (seed_low, seed_high), (uint4) ((uint) i, 0, epoch, purpose));

      words[4 * i] = (int) word.x;
      words[4 * i + 1] = (int) word.y;
      words[4 * i + 2] = (int) word.z;
      words[4 * i + 3] = (int) word.w;
    }
}
#endif
