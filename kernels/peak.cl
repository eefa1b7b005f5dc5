/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a device can do at best: multiplications with additions in registers, and copies of memory. For bench/layers. */

#define CHAINS 12

#ifdef KERNEL_peak_fma
/* n × CHAINS × LANES products, each added; the chains are independent, so that no multiplier waits for its own result. */
ITEM_KERNEL void
NAME (peak_fma) (TENSOR_OUT (y), int n)
{
  USE_OUT (y);
  const VEC factor = (VEC) 0.999f, term = (VEC) 0.001f;
  VEC sum[CHAINS];

#pragma unroll
  for (int k = 0; k < CHAINS; k++)
    sum[k] = LOAD (y, ITEM * CHAINS + k);
  for (int i = 0; i < n; i++)
#pragma unroll
    for (int k = 0; k < CHAINS; k++)
      sum[k] = fma (sum[k], factor, term);
#pragma unroll
  for (int k = 0; k < CHAINS; k++)
    STORE (sum[k], y, ITEM * CHAINS + k);
}
#endif

#ifdef KERNEL_peak_copy
/* y := x, n vectors an item. */
ITEM_KERNEL void
NAME (peak_copy) (TENSOR_IN (x), TENSOR_OUT (y), int n)
{
  USE_IN (x);
  USE_OUT (y);

  for (int i = 0; i < n; i++)
    STORE (LOAD (x, (size_t) ITEM * n + i), y, (size_t) ITEM * n + i);
}
#endif

#undef CHAINS
