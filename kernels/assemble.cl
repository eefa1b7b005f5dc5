/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A batch from the data set: gathered by index, converted, normalised and laid out with the images side by side.
 * Defines: Y geometry; TYPE (uchar or float) and TYPE_VEC (uchar16, ...) of the stored values; STAGED (1: the
 * values are those of this batch only, in its order); N_PIECES pieces of PIECE pixels make a plane, PIECE being a
 * multiple of LANES. */

#define PIXELS (Y_ROWS * Y_COLUMNS)

#ifdef KERNEL_assemble_batch
#if !HL_GPU && PIXELS >= LANES
/* Rows and columns of a square of LANES × LANES exchange places: in each round, vector i and vector i + LANES / 2
 * are merged element by element. */
#define ROUND(from, to)                             \
  _Pragma ("unroll")                                \
  for (int i = 0; i < LANES / 2; i++)               \
    {                                               \
      to[2 * i].even = from[i].lo;                  \
      to[2 * i].odd = from[i + LANES / 2].lo;       \
      to[2 * i + 1].even = from[i].hi;              \
      to[2 * i + 1].odd = from[i + LANES / 2].hi;   \
    }

/* LANES pixels from `pixel` on, of LANES images that begin at rows[]; stores those from pixel `from` on. */
void
NAME (assemble_square) (const __global TYPE *const *rows, __global float *y, int offset, int pixel, int from, IVEC keep,
                        float mean, float scale)
{
  TYPE_VEC a[LANES], b[LANES];
  int row = pixel / Y_COLUMNS, column = pixel % Y_COLUMNS;

#pragma unroll
  for (int lane = 0; lane < LANES; lane++)
    a[lane] = HL_VECTOR (vload, LANES) (0, rows[lane] + pixel);
  ROUND (a, b)
  ROUND (b, a)
#if LANES >= 8
  ROUND (a, b)
#if LANES >= 16
  ROUND (b, a)
#endif
#endif
#pragma unroll
  for (int i = 0; i < LANES; i++)
    {
#if LANES == 8
      VEC v = HL_CONVERT (float, LANES) (b[i]);
#else
      VEC v = HL_CONVERT (float, LANES) (a[i]);
#endif

      if (pixel + i >= from)
        STORE (keep ? (v - mean) * scale : (VEC) 0, y, offset + row * Y_ROW + column);
      if (++column == Y_COLUMNS)
        {
          column = 0;
          row++;
        }
    }
}
#endif

/* y := (values[order[first + lane]] - mean) scale, interior only, zero in the lanes from n on; targets := labels,
 * -1 from n on. norm: the mean of each channel, then its scale. Items: blocks × Y_CHANNELS × N_PIECES. */
ITEM_KERNEL void
NAME (assemble_batch) (TENSOR_IN_OF (TYPE, values), TENSOR_IN_OF (int, labels), TENSOR_IN_OF (int, order),
                       TENSOR_IN (norm), TENSOR_OUT (y), TENSOR_OUT_OF (int, targets), int first, int n)
{
  USE_IN_OF (TYPE, values);
  USE_IN_OF (int, labels);
  USE_IN_OF (int, order);
  USE_IN (norm);
  USE_OUT (y);
  USE_OUT_OF (int, targets);
  int piece = ITEM % N_PIECES, channel = ITEM / N_PIECES % Y_CHANNELS, block = ITEM / N_PIECES / Y_CHANNELS;
  int begin = piece * PIECE, end = min (begin + PIECE, PIXELS), offset = AT (Y, block, channel, 0, 0);
  float mean = norm[channel], scale = norm[Y_CHANNELS + channel];
  const __global TYPE *rows[HL_GPU ? 1 : LANES];

  FOR_EACH_LANE (lane)
    {
      /* Lanes without a sample read the last one, and are kept out when the result is stored. */
      int position = min (block * LANES + lane, n - 1);
      size_t sample = STAGED ? position : order[first + position];

      rows[HL_GPU ? 0 : lane] = values + (sample * Y_CHANNELS + channel) * PIXELS;
      if (piece == 0 && channel == 0)
        targets[block * LANES + lane] = block * LANES + lane < n ? labels[order[first + position]] : -1;
    }
#if HL_GPU
  for (int pixel = begin; pixel < end; pixel++)
    {
      float v = block * LANES + LANE < n ? ((float) rows[0][pixel] - mean) * scale : 0.0f;

      STORE (v, y, offset + pixel / Y_COLUMNS * Y_ROW + pixel % Y_COLUMNS);
    }
#else
  IVEC keep = LANE_NUMBERS < (VEC) (float) (n - block * LANES);

#if PIXELS >= LANES
  /* The last square may begin before its first pixel, so that it does not reach beyond the image. */
  for (int pixel = begin; pixel < end; pixel += LANES)
    NAME (assemble_square) (rows, y, offset, min (pixel, PIXELS - LANES), pixel, keep, mean, scale);
#else
  for (int pixel = begin; pixel < end; pixel++)
    {
      float column[LANES];

      for (int lane = 0; lane < LANES; lane++)
        column[lane] = (float) rows[lane][pixel];
      STORE (keep ? (HL_VECTOR (vload, LANES) (0, column) - mean) * scale : (VEC) 0, y,
             offset + pixel / Y_COLUMNS * Y_ROW + pixel % Y_COLUMNS);
    }
#endif
#endif
}
#endif
