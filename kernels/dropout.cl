/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Dropout. Whether an element stays depends on seed, step, node, sample and the element's (or channel's) plain number only, so that
 * forward and backward and every lane count agree without a stored mask. Items: blocks × WALK_ITEMS. */

/* Integers for all lanes, as VEC is floats for all. */
#ifndef DROPOUT_INTEGERS
#define DROPOUT_INTEGERS
#if HL_GPU
#define DROPOUT_UINT uint
#define DROPOUT_TO_UINT(v) ((uint) (v))
#define DROPOUT_TO_ULONG(v) ((ulong) (v))
#define DROPOUT_ULONG ulong
#else
#define DROPOUT_UINT HL_VECTOR (uint, LANES)
#define DROPOUT_TO_UINT(v) HL_CONVERT (uint, LANES) (v)
#define DROPOUT_TO_ULONG(v) HL_CONVERT (ulong, LANES) (v)
#define DROPOUT_ULONG HL_VECTOR (ulong, LANES)
#endif
#endif

/* What the lanes of elements 4 × quad to 4 × quad + 3 are multiplied with: SCALE or 0. One Philox call, made for all
 * lanes at once, gives a sample's four words. */
void
NAME (dropout_masks) (uint2 key, uint epoch, uint purpose, uint node, int block, int quad, VEC *masks)
{
  DROPOUT_ULONG sample = DROPOUT_TO_ULONG (LANE_NUMBERS) + (ulong) (block * LANES);
  DROPOUT_ULONG index = sample * (ulong) QUADS + (((ulong) node << 40) + (ulong) quad);
  DROPOUT_UINT x = DROPOUT_TO_UINT (index & 0xFFFFFFFFul), y = DROPOUT_TO_UINT (index >> 32);
  DROPOUT_UINT z = (DROPOUT_UINT) epoch, w = (DROPOUT_UINT) purpose;

  for (int round = 0; round < 10; round++)
    {
      DROPOUT_ULONG product0 = DROPOUT_TO_ULONG (x) * (ulong) 0xD2511F53u, product1 = DROPOUT_TO_ULONG (z) * (ulong) 0xCD9E8D57u;

      x = DROPOUT_TO_UINT (product1 >> 32) ^ y ^ key.x;
      y = DROPOUT_TO_UINT (product1 & 0xFFFFFFFFul);
      z = DROPOUT_TO_UINT (product0 >> 32) ^ w ^ key.y;
      w = DROPOUT_TO_UINT (product0 & 0xFFFFFFFFul);
      key += (uint2) (0x9E3779B9u, 0xBB67AE85u);
    }
  masks[0] = select ((VEC) 0, (VEC) SCALE, x >= THRESHOLD);
  masks[1] = select ((VEC) 0, (VEC) SCALE, y >= THRESHOLD);
  masks[2] = select ((VEC) 0, (VEC) SCALE, z >= THRESHOLD);
  masks[3] = select ((VEC) 0, (VEC) SCALE, w >= THRESHOLD);
}

#ifdef KERNEL_dropout_apply
/* y := x × mask, added to y where ADD is 1. Forward on values, backward on gradients. PIXELS elements go or stay together: 1,
 * or those of a channel. */
ITEM_KERNEL void
NAME (dropout_apply) (TENSOR_IN (x), TENSOR_OUT (y), uint seed_low, uint seed_high, uint epoch, uint purpose, uint node)
{
  USE_IN (x);
  USE_OUT (y);
  VEC masks[4];
  int quad = -1;

  WALK_BEGIN
    const int number = WALK_ELEMENT / PIXELS;
    VEC v;

    if (number / 4 != quad)
      {
        quad = number / 4;
        NAME (dropout_masks) ((uint2) (seed_low, seed_high), epoch, purpose, node, WALK_BLOCK, quad, masks);
      }
    v = LOAD (x, WALK_AT (X)) * masks[number % 4];
#if ADD
    v += LOAD (y, WALK_AT (Y));
#endif
    STORE (v, y, WALK_AT (Y));
  WALK_END
}
#endif
