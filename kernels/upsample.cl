/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Images in another size. Positions are fixed-point numbers of 32.32 bits, computed exactly on every device: place `at` of
 * the output lies at at × step + offset of the input. Sizes: rows, columns, and steps of rows and planes. */

#if defined KERNEL_upsample_forward || defined KERNEL_upsample_backward
/* The pixel at or before a position, and in *share how much of the next pixel belongs to it. */
int
NAME (upsample_tap) (int at, long step, long offset, int size, float *share)
{
  const long position = max (at * step + offset, 0L);

#if BILINEAR
  *share = (float) (uint) position * 0x1p-32f;
#else
  *share = 0;
#endif
  return (int) min (position >> 32, (long) size - 1);
}
#endif

#ifdef KERNEL_upsample_forward
/* Items: blocks × channels × rows of y. */
ITEM_KERNEL void
NAME (upsample_forward) (TENSOR_IN (x), TENSOR_OUT (y), int4 x_size, int4 y_size, int4 place, long4 scale, int channels)
{
  USE_IN (x);
  USE_OUT (y);
  const int row = ITEM % y_size.x, channel = ITEM / y_size.x % channels, block = ITEM / y_size.x / channels;
  float down, right;
  const int top = NAME (upsample_tap) (row, scale.x, scale.y, x_size.x, &down), bottom = min (top + 1, x_size.x - 1);
  const int from = place.y + block * place.x + channel * x_size.w;
  const int to = place.w + block * place.z + channel * y_size.w + row * y_size.z;

  for (int column = 0; column < y_size.y; column++)
    {
      const int left = NAME (upsample_tap) (column, scale.z, scale.w, x_size.y, &right);
      VEC v = LOAD (x, from + top * x_size.z + left);

#if BILINEAR
      const int next = min (left + 1, x_size.y - 1);
      const VEC low = LOAD (x, from + bottom * x_size.z + left) * (1 - right) + LOAD (x, from + bottom * x_size.z + next) * right;

      v = v * (1 - right) + LOAD (x, from + top * x_size.z + next) * right;
      v = v * (1 - down) + low * down;
#endif
      STORE (v, y, to + column);
    }
}
#endif

#ifdef KERNEL_upsample_backward
/* How much of pixel `at` of the input lies in place `to` of the output. */
float
NAME (upsample_weight) (int to, int at, long step, long offset, int size)
{
  float share;
  const int first = NAME (upsample_tap) (to, step, offset, size, &share), next = min (first + 1, size - 1);

  return (first == at ? 1 - share : 0) + (next == at ? share : 0);
}

/* The places of the output that pixel `at` may be part of: from .x to .y. */
int2
NAME (upsample_range) (int at, long step, long offset, int size, int n)
{
  const long least = step > 0 ? (((long) at - 1 << 32) - offset) / step - 1 : 0;
  const long most = step > 0 ? (((long) at + 1 << 32) - offset) / step + 1 : n;

  return (int2) (at == 0 ? 0 : (int) clamp (least, 0L, (long) n), at == size - 1 ? n - 1 : (int) clamp (most, -1L, (long) n - 1));
}

/* dx := or += what each pixel has given to dy. Items: blocks × channels × rows of dx. */
ITEM_KERNEL void
NAME (upsample_backward) (TENSOR_IN (dy), TENSOR_OUT (dx), int4 x_size, int4 y_size, int4 place, long4 scale, int channels, int add)
{
  USE_IN (dy);
  USE_OUT (dx);
  const int row = ITEM % x_size.x, channel = ITEM / x_size.x % channels, block = ITEM / x_size.x / channels;
  const int2 rows = NAME (upsample_range) (row, scale.x, scale.y, x_size.x, y_size.x);
  const int to = place.y + block * place.x + channel * x_size.w + row * x_size.z;
  const int from = place.w + block * place.z + channel * y_size.w;

  for (int column = 0; column < x_size.y; column++)
    {
      const int2 columns = NAME (upsample_range) (column, scale.z, scale.w, x_size.y, y_size.y);
      VEC total = (VEC) 0;

      for (int i = rows.x; i <= rows.y; i++)
        {
          const float down = NAME (upsample_weight) (i, row, scale.x, scale.y, x_size.x);
          VEC sum = (VEC) 0;

          if (down == 0)
            continue;
          for (int k = columns.x; k <= columns.y; k++)
            {
              const float right = NAME (upsample_weight) (k, column, scale.z, scale.w, x_size.y);

              if (right != 0)
                sum += LOAD (dy, from + i * y_size.z + k) * right;
            }
          total += sum * down;
        }
      if (add)
        total += LOAD (dx, to + column);
      STORE (total, dx, to + column);
    }
}
#endif
