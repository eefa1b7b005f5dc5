/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Values as arrays with steps: slices, transposed copies, padding, broadcasting, sums over axes. All geometry is arguments,
 * so that every layer of a network that computes the same term shares one kernel. */

#ifdef KERNEL_strided
/* Adds what axis k of the array contributes to the places of the three values. */
#define STRIDED_AXIS(k)                                                                          \
  {                                                                                              \
    const int i = row % size.k;                                                                  \
                                                                                                 \
    row /= size.k;                                                                               \
    a_at += i * a_step.k;                                                                        \
    b_at += i * b_step.k;                                                                        \
    to_at += i * to_step.k;                                                                      \
  }
#define STRIDED_SUMMED_AXIS(k)                                                                   \
  {                                                                                              \
    const int i = row % size.k;                                                                  \
                                                                                                 \
    row /= size.k;                                                                               \
    a_at += i * a_step.k;                                                                        \
    b_at += i * b_step.k;                                                                        \
  }

#if SUM
/* The sum of TERM over the axes s8 to sf. Each row is summed for itself first, which keeps rounding small. */
VEC
NAME (strided_sum) (const __global float *restrict from_a, const __global float *restrict from_b, int a_first, int b_first,
                    int16 size, int16 a_step, int16 b_step, VEC n_left)
{
  const int n_rows = size.s8 * size.s9 * size.sa * size.sb * size.sc * size.sd * size.se;
  VEC total = (VEC) 0;

  for (int at = 0; at < n_rows; at++)
    {
      int row = at, a_at = a_first, b_at = b_first;
      VEC sum = (VEC) 0;

      STRIDED_SUMMED_AXIS (se)
      STRIDED_SUMMED_AXIS (sd)
      STRIDED_SUMMED_AXIS (sc)
      STRIDED_SUMMED_AXIS (sb)
      STRIDED_SUMMED_AXIS (sa)
      STRIDED_SUMMED_AXIS (s9)
      STRIDED_SUMMED_AXIS (s8)
      for (int k = 0; k < size.sf; k++)
        {
          const VEC a = LOAD (from_a, a_at), b = LOAD (from_b, b_at);

          sum += TERM;
          a_at += a_step.sf;
          b_at += b_step.sf;
        }
      total += sum;
    }
  return total;
}
#endif

/* to := or += scale × TERM, an expression in the elements a and b, for every element of an array of axes s0 to s7; with SUM
 * the sum of it over axes s8 to sf. step and first: in vectors, within a block; x, y, z: of a, b and to. An item takes
 * `chunk` of `count` elements of a block. n_left: how many samples of the batch this block and those after it hold, for a
 * TERM that has to know. Items: blocks × n_items. */
ITEM_KERNEL void
NAME (strided) (TENSOR_IN (from_a), TENSOR_IN (from_b), TENSOR_OUT (to), int16 size, int16 a_step, int16 b_step, int8 to_step,
                int4 block_step, int4 first, int count, int chunk, int n_items, int n_samples, float scale, int add)
{
  USE_IN (from_a);
  USE_IN (from_b);
  USE_OUT (to);
  const int block = ITEM / n_items, end = min (ITEM % n_items * chunk + chunk, count);
  const VEC n_left = (VEC) (float) (n_samples - block * LANES);

  for (int at = ITEM % n_items * chunk; at < end;)
    {
      int row = at / size.s7, a_at = first.x + block * block_step.x, b_at = first.y + block * block_step.y;
      int to_at = first.z + block * block_step.z;
      const int column = at % size.s7, n = min (size.s7 - column, end - at);

      at += n;
      STRIDED_AXIS (s6)
      STRIDED_AXIS (s5)
      STRIDED_AXIS (s4)
      STRIDED_AXIS (s3)
      STRIDED_AXIS (s2)
      STRIDED_AXIS (s1)
      STRIDED_AXIS (s0)
      a_at += column * a_step.s7;
      b_at += column * b_step.s7;
      to_at += column * to_step.s7;
      for (int k = 0; k < n; k++)
        {
#if SUM
          VEC v = NAME (strided_sum) (from_a, from_b, a_at, b_at, size, a_step, b_step, n_left) * scale;
#else
          const VEC a = LOAD (from_a, a_at), b = LOAD (from_b, b_at);
          VEC v = (TERM) * scale;
#endif

          if (add)
            v += LOAD (to, to_at);
          STORE (v, to, to_at);
          a_at += a_step.s7;
          b_at += b_step.s7;
          to_at += to_step.s7;
        }
    }
}
#endif

#ifdef KERNEL_copy_by_number
/* y := or += x, elements of the same number within a sample, whatever the shapes and borders. x and y: columns and rows of
 * the shape, then steps of rows and planes. */
ITEM_KERNEL void
NAME (copy_by_number) (TENSOR_IN (x), TENSOR_OUT (y), int4 x_shape, int4 y_shape, int2 block_step, int2 first, int count, int chunk,
                       int n_items, int add)
{
  USE_IN (x);
  USE_OUT (y);
  const int block = ITEM / n_items, end = min (ITEM % n_items * chunk + chunk, count);

  for (int at = ITEM % n_items * chunk; at < end; at++)
    {
      const int x_row = at / x_shape.x, y_row = at / y_shape.x;
      const int x_at = first.x + block * block_step.x + x_row / x_shape.y * x_shape.w + x_row % x_shape.y * x_shape.z
                       + at % x_shape.x;
      const int y_at = first.y + block * block_step.y + y_row / y_shape.y * y_shape.w + y_row % y_shape.y * y_shape.z
                       + at % y_shape.x;
      VEC v = LOAD (x, x_at);

      if (add)
        v += LOAD (y, y_at);
      STORE (v, y, y_at);
    }
}
#endif
