/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Dropout. Whether an element stays depends on seed, step, node, sample and the element's plain number only, so that
 * forward and backward and every lane count agree without a stored mask. Items: blocks × WALK_ITEMS. */

/* What the lanes of this pixel are multiplied with: SCALE or 0. One Philox call serves four samples. */
VEC
NAME (dropout_mask) (uint2 key, uint epoch, uint purpose, uint node, int block, int element)
{
#if HL_GPU
  ulong index = ((ulong) node << 40) + (ulong) ((block * LANES + LANE) / 4) * ELEMENTS + element;
  uint4 words = philox (key, (uint4) ((uint) index, (uint) (index >> 32), epoch, purpose));
  uint word = LANE % 4 == 0 ? words.x : LANE % 4 == 1 ? words.y : LANE % 4 == 2 ? words.z : words.w;

  return word >= THRESHOLD ? SCALE : 0.0f;
#else
  union { VEC all; float lane[LANES]; } mask;

  for (int i = 0; i < LANES; i += 4)
    {
      ulong index = ((ulong) node << 40) + (ulong) ((block * LANES + i) / 4) * ELEMENTS + element;
      uint4 words = philox (key, (uint4) ((uint) index, (uint) (index >> 32), epoch, purpose));

      mask.lane[i] = words.x >= THRESHOLD ? SCALE : 0.0f;
      mask.lane[i + 1] = words.y >= THRESHOLD ? SCALE : 0.0f;
      mask.lane[i + 2] = words.z >= THRESHOLD ? SCALE : 0.0f;
      mask.lane[i + 3] = words.w >= THRESHOLD ? SCALE : 0.0f;
    }
  return mask.all;
#endif
}

#ifdef KERNEL_dropout_apply
/* y := x × mask, added to y where ADD is 1. Forward on values, backward on gradients. */
ITEM_KERNEL void
NAME (dropout_apply) (TENSOR_IN (x), TENSOR_OUT (y), uint seed_low, uint seed_high, uint epoch, uint purpose, uint node)
{
  USE_IN (x);
  USE_OUT (y);

  WALK_BEGIN
    VEC v = LOAD (x, WALK_AT (X)) * NAME (dropout_mask) ((uint2) (seed_low, seed_high), epoch, purpose, node, WALK_BLOCK,
                                                       WALK_ELEMENT);

#if ADD
    v += LOAD (y, WALK_AT (Y));
#endif
    STORE (v, y, WALK_AT (Y));
  WALK_END
}
#endif
