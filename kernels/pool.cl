/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Max and average pooling with windows of any size, stride, padding and dilation, and subsampling with weights. An item is one channel of one block.
 * Backward gathers: each pixel of dx adds up what the windows over it send, so nothing is written twice. */

/* BYTES: positions fit into a byte a lane; windows of more than 256 pixels keep two bytes, lane after lane. */
#ifdef KERNEL_max_pool2d_forward
/* y := the maximum in each window, position: which pixel of the window it was, when that is to be kept. Pixels outside count as -infinity.
 * Items: blocks × Y_CHANNELS. */
ITEM_KERNEL void
NAME (max_pool2d_forward) (TENSOR_IN (x), TENSOR_OUT (y), TENSOR_OUT (position), int keep_position)
{
  USE_IN (x);
  USE_OUT (y);
  const int block = ITEM / Y_CHANNELS, channel = ITEM % Y_CHANNELS;

  for (int row = 0; row < Y_ROWS; row++)
    for (int column = 0; column < Y_COLUMNS; column++)
      {
        VEC best = -INFINITY;
        IVEC where = -1;

        for (int ky = 0; ky < SIZE_Y; ky++)
          for (int kx = 0; kx < SIZE_X; kx++)
            {
              const int from_row = row * STRIDE_Y - PAD_Y + ky * DILATION_Y;
              const int from_column = column * STRIDE_X - PAD_X + kx * DILATION_X;

              if (from_row >= 0 && from_row < X_ROWS && from_column >= 0 && from_column < X_COLUMNS)
                {
                  /* The first maximum wins and not-a-number wins over everything, as in PyTorch. */
                  const VEC v = LOAD (x, AT (X, block, channel, from_row, from_column));
                  const IVEC better = (v > best) | (v != v) | (where < (IVEC) 0);

                  best = select (best, v, better);
                  where = select (where, (IVEC) (ky * SIZE_X + kx), better);
                }
            }
        STORE (best, y, AT (Y, block, channel, row, column));
        if (keep_position)
          {
            __global uchar *to = (__global uchar *) (position_base + position_first);
            const int at = ((ITEM * Y_ROWS + row) * Y_COLUMNS + column) * POSITION_BYTES;

            STORE_BYTES (where & 255, to, at);
#if POSITION_BYTES == 2
            STORE_BYTES (where >> 8, to, at + 1);
#endif
          }
      }
}
#endif

#if defined KERNEL_max_pool2d_backward || defined KERNEL_avg_pool2d_backward || defined KERNEL_subsampling_backward
/* The place along one axis of the window that covers pixel `at` with its tap `k`; -1 when none does. */
int
NAME (covering_window) (int at, int pad, int k, int dilation, int stride, int count)
{
  const int start = at + pad - k * dilation;

  return start >= 0 && start % stride == 0 && start / stride < count ? start / stride : -1;
}
#endif

#ifdef KERNEL_max_pool2d_backward
/* dx := or += dy of each window whose maximum the pixel is. Items: blocks × DX_CHANNELS. */
ITEM_KERNEL void
NAME (max_pool2d_backward) (TENSOR_IN (dy), TENSOR_IN (position), TENSOR_OUT (dx))
{
  USE_IN (dy);
  USE_OUT (dx);
  const __global uchar *where = (const __global uchar *) (position_base + position_first);
  const int block = ITEM / DX_CHANNELS, channel = ITEM % DX_CHANNELS;

  for (int row = 0; row < DX_ROWS; row++)
    for (int column = 0; column < DX_COLUMNS; column++)
      {
        const int to = AT (DX, block, channel, row, column);
#if ACCUMULATE
        VEC sum = LOAD (dx, to);
#else
        VEC sum = 0;
#endif

        for (int ky = 0; ky < SIZE_Y; ky++)
          for (int kx = 0; kx < SIZE_X; kx++)
            {
              const int y_row = NAME (covering_window) (row, PAD_Y, ky, DILATION_Y, STRIDE_Y, DY_ROWS);
              const int y_column = NAME (covering_window) (column, PAD_X, kx, DILATION_X, STRIDE_X, DY_COLUMNS);

              if (y_row >= 0 && y_column >= 0)
                {
                  const int at = (ITEM * DY_ROWS + y_row) * DY_COLUMNS + y_column;
                  IVEC tap = LOAD_BYTES (where, at * POSITION_BYTES);

#if POSITION_BYTES == 2
                  tap |= LOAD_BYTES (where, at * 2 + 1) << 8;
#endif
                  sum += select ((VEC) 0, LOAD (dy, AT (DY, block, channel, y_row, y_column)),
                                 tap == (IVEC) (ky * SIZE_X + kx));
                }
            }
        STORE (sum, dx, to);
      }
}
#endif

#if defined KERNEL_avg_pool2d_forward || defined KERNEL_avg_pool2d_backward
/* How many pixels along one axis a window that starts at `start` divides by: those inside the image, or also those in the
 * padding, but never those beyond it, which only rounding up reaches. */
int
NAME (window_share) (int start, int size, int n, int pad)
{
  return COUNT_INCLUDE_PAD ? min (start + size, n + pad) - start : min (start + size, n) - max (start, 0);
}
#endif

#ifdef KERNEL_avg_pool2d_forward
/* y := the mean of each window. Items: blocks × Y_CHANNELS. */
ITEM_KERNEL void
NAME (avg_pool2d_forward) (TENSOR_IN (x), TENSOR_OUT (y))
{
  USE_IN (x);
  USE_OUT (y);
  const int block = ITEM / Y_CHANNELS, channel = ITEM % Y_CHANNELS;

  for (int row = 0; row < Y_ROWS; row++)
    for (int column = 0; column < Y_COLUMNS; column++)
      {
        const int top = row * STRIDE_Y - PAD_Y, left = column * STRIDE_X - PAD_X;
        const int count = NAME (window_share) (top, SIZE_Y, X_ROWS, PAD_Y) * NAME (window_share) (left, SIZE_X, X_COLUMNS, PAD_X);
        VEC sum = 0;

        for (int from_row = max (top, 0); from_row < min (top + SIZE_Y, X_ROWS); from_row++)
          for (int from_column = max (left, 0); from_column < min (left + SIZE_X, X_COLUMNS); from_column++)
            sum += LOAD (x, AT (X, block, channel, from_row, from_column));
        STORE (sum / (float) count, y, AT (Y, block, channel, row, column));
      }
}
#endif

#ifdef KERNEL_avg_pool2d_backward
/* dx := or += each window's dy divided by its number of pixels. Items: blocks × DX_CHANNELS. */
ITEM_KERNEL void
NAME (avg_pool2d_backward) (TENSOR_IN (dy), TENSOR_OUT (dx))
{
  USE_IN (dy);
  USE_OUT (dx);
  const int block = ITEM / DX_CHANNELS, channel = ITEM % DX_CHANNELS;

  for (int row = 0; row < DX_ROWS; row++)
    for (int column = 0; column < DX_COLUMNS; column++)
      {
        const int to = AT (DX, block, channel, row, column);
#if ACCUMULATE
        VEC sum = LOAD (dx, to);
#else
        VEC sum = 0;
#endif

        for (int ky = 0; ky < SIZE_Y; ky++)
          for (int kx = 0; kx < SIZE_X; kx++)
            {
              const int y_row = NAME (covering_window) (row, PAD_Y, ky, 1, STRIDE_Y, DY_ROWS);
              const int y_column = NAME (covering_window) (column, PAD_X, kx, 1, STRIDE_X, DY_COLUMNS);

              if (y_row >= 0 && y_column >= 0)
                {
                  const int count = NAME (window_share) (y_row * STRIDE_Y - PAD_Y, SIZE_Y, DX_ROWS, PAD_Y)
                                    * NAME (window_share) (y_column * STRIDE_X - PAD_X, SIZE_X, DX_COLUMNS, PAD_X);

                  sum += LOAD (dy, AT (DY, block, channel, y_row, y_column)) / (float) count;
                }
            }
        STORE (sum, dx, to);
      }
}
#endif

#if defined KERNEL_subsampling_forward || defined KERNEL_subsampling_backward
/* The sum of the window whose first pixel lies at `from`. */
VEC
NAME (window_sum) (const __global float *restrict x, int from)
{
  VEC sum = (VEC) 0;

  for (int ky = 0; ky < SIZE_Y; ky++)
    for (int kx = 0; kx < SIZE_X; kx++)
      sum += LOAD (x, from + ky * X_ROW + kx);
  return sum;
}
#endif

#ifdef KERNEL_subsampling_forward
/* y := weight × the sum of each window + bias, a pair a channel. Items: blocks × Y_CHANNELS. */
ITEM_KERNEL void
NAME (subsampling_forward) (TENSOR_IN (x), TENSOR_IN (weight), TENSOR_IN (bias), TENSOR_OUT (y))
{
  USE_IN (x);
  USE_IN (weight);
  USE_IN (bias);
  USE_OUT (y);
  const int block = ITEM / Y_CHANNELS, channel = ITEM % Y_CHANNELS;
  const float factor = weight[channel], offset = bias[channel];

  for (int row = 0; row < Y_ROWS; row++)
    for (int column = 0; column < Y_COLUMNS; column++)
      STORE (factor * NAME (window_sum) (x, AT (X, block, channel, row * STRIDE_Y, column * STRIDE_X)) + offset, y,
             AT (Y, block, channel, row, column));
}
#endif

#ifdef KERNEL_subsampling_backward
/* dx := or += weight × dy of each window over the pixel; part: two vectors an item, what this channel of this block adds to
 * dweight and dbias. Items: blocks × DY_CHANNELS. */
ITEM_KERNEL void
NAME (subsampling_backward) (TENSOR_IN (x), TENSOR_IN (dy), TENSOR_IN (weight), TENSOR_OUT (dx), TENSOR_OUT (part))
{
  USE_IN (x);
  USE_IN (dy);
  USE_IN (weight);
  USE_OUT (dx);
  USE_OUT (part);
  const int block = ITEM / DY_CHANNELS, channel = ITEM % DY_CHANNELS;

#if WITH_DW
  VEC total_weight = (VEC) 0, total_bias = (VEC) 0;

  for (int row = 0; row < DY_ROWS; row++)
    {
      VEC row_weight = (VEC) 0, row_bias = (VEC) 0;

      for (int column = 0; column < DY_COLUMNS; column++)
        {
          const VEC gradient = LOAD (dy, AT (DY, block, channel, row, column));

          row_weight += gradient * NAME (window_sum) (x, AT (X, block, channel, row * STRIDE_Y, column * STRIDE_X));
          row_bias += gradient;
        }
      total_weight += row_weight;
      total_bias += row_bias;
    }
  STORE (total_weight, part, 2 * ITEM);
  STORE (total_bias, part, 2 * ITEM + 1);
#endif
#if WITH_DX
  for (int row = 0; row < DX_ROWS; row++)
    for (int column = 0; column < DX_COLUMNS; column++)
      {
        const int to = AT (DX, block, channel, row, column);
        VEC sum = (VEC) 0;

        for (int ky = 0; ky < SIZE_Y; ky++)
          for (int kx = 0; kx < SIZE_X; kx++)
            {
              const int y_row = NAME (covering_window) (row, PAD_Y, ky, 1, STRIDE_Y, DY_ROWS);
              const int y_column = NAME (covering_window) (column, PAD_X, kx, 1, STRIDE_X, DY_COLUMNS);

              if (y_row >= 0 && y_column >= 0)
                sum += LOAD (dy, AT (DY, block, channel, y_row, y_column));
            }
        sum *= weight[channel];
#if ADD
        sum += LOAD (dx, to);
#endif
        STORE (sum, dx, to);
      }
#endif
}
#endif

#ifdef KERNEL_subsampling_sum
/* dweight and dbias: the sums of the parts over blocks and lanes. Items: channels. */
ITEM_KERNEL void
NAME (subsampling_sum) (TENSOR_IN (part), TENSOR_OUT (dweight), TENSOR_OUT (dbias), int channels, int n_blocks)
{
  USE_IN (part);
  USE_OUT (dweight);
  USE_OUT (dbias);
  LANE_SCRATCH
  VEC weight = (VEC) 0, bias = (VEC) 0;
  float sum;

  for (int block = 0; block < n_blocks; block++)
    {
      weight += LOAD (part, 2 * (block * channels + ITEM));
      bias += LOAD (part, 2 * (block * channels + ITEM) + 1);
    }
  sum = LANE_SUM (weight);
  if (FIRST_LANE)
    dweight[ITEM] = sum;
  sum = LANE_SUM (bias);
  if (FIRST_LANE)
    dbias[ITEM] = sum;
}
#endif

/* One int a lane. */
#if HL_GPU
#define POOL_INT(p, i) (((__global int *) (p))[(size_t) (i) * LANES + LANE])
#else
#define POOL_INT(p, i) (((__global IVEC *) (p))[i])
#endif

#ifdef KERNEL_global_max_pool_forward
/* y := the maximum of each channel, position: its number among the channel's pixels. size: rows, columns, steps of rows and
 * channels of x; place: steps of blocks and origins of x and y. Items: blocks × channels. */
ITEM_KERNEL void
NAME (global_max_pool_forward) (TENSOR_IN (x), TENSOR_OUT (y), TENSOR_OUT (position), int4 size, int4 place, int y_step, int channels,
                                int keep_position)
{
  USE_IN (x);
  USE_OUT (y);
  USE_OUT (position);
  const int block = ITEM / channels, channel = ITEM % channels;
  const int from = place.y + block * place.x + channel * size.w;
  VEC best = LOAD (x, from);
  IVEC where = (IVEC) 0;

  for (int row = 0; row < size.x; row++)
    for (int column = 0; column < size.y; column++)
      {
        const VEC v = LOAD (x, from + row * size.z + column);
        /* The first maximum wins and not-a-number wins over everything. */
        const IVEC better = (v > best) | (v != v);

        best = select (best, v, better);
        where = select (where, (IVEC) (row * size.y + column), better);
      }
  STORE (best, y, place.w + block * place.z + channel * y_step);
  if (keep_position)
    POOL_INT (position, ITEM) = where;
}
#endif

#ifdef KERNEL_global_max_pool_backward
/* dx := or += dy at the pixel that won. Items: blocks × channels. */
ITEM_KERNEL void
NAME (global_max_pool_backward) (TENSOR_IN (dy), TENSOR_OUT (position), TENSOR_OUT (dx), int4 size, int4 place, int y_step,
                                 int channels, int add)
{
  USE_IN (dy);
  USE_OUT (position);
  USE_OUT (dx);
  const int block = ITEM / channels, channel = ITEM % channels;
  const int to = place.y + block * place.x + channel * size.w;
  const VEC gradient = LOAD (dy, place.w + block * place.z + channel * y_step);
  const IVEC where = POOL_INT (position, ITEM);

  for (int row = 0; row < size.x; row++)
    for (int column = 0; column < size.y; column++)
      {
        VEC v = select ((VEC) 0, gradient, where == (IVEC) (row * size.y + column));

        if (add)
          v += LOAD (dx, to + row * size.z + column);
        STORE (v, dx, to + row * size.z + column);
      }
}
#endif
