/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The gradients of a convolution: of its input, its weights and its bias in one launch, because they are independent
 * and together keep every compute unit busy. U is the gradient of the convolution's own output (unpooled where pooling is
 * fused, and left out where only the gradient of the weights is wanted, which unpools itself); X its input; DX where the
 * input's gradient goes. Tiles as in conv2d.cl. */

#if defined KERNEL_conv2d_backward || defined KERNEL_conv2d_transposed

#if HAS_DX
/* What a sum of dx begins with and what is stored of it. A transposed convolution is the gradient of a convolution with a
 * bias for each channel and an activation. */
#ifdef KERNEL_conv2d_transposed
#define DX_START(channel) (BIAS ? (VEC) bias[channel] : (VEC) 0)
#define DX_RESULT ACTIVATION
#else
#define DX_START(channel) 0
#define DX_RESULT v
#endif

#if DX_WHOLE_ROW
/* A whole row of dx in registers: every product of a gradient with a weight is one that counts. */
void
NAME (conv2d_dx_row) (int block, int row, int group, int channel_first, const __global float *restrict u,
                      const __global float *restrict w, const __global float *restrict bias, __global float *restrict dx)
{
  const int channel = min (channel_first, GROUP_CHANNELS - TILE_CHANNELS);
  const __global float *weights = w + (group * GROUP_FILTERS * GROUP_CHANNELS + channel) * SIZE_Y * SIZE_X;
  VEC sum[TILE_CHANNELS][DX_COLUMNS];

  #pragma unroll
  for (int c = 0; c < TILE_CHANNELS; c++)
    #pragma unroll
    for (int i = 0; i < DX_COLUMNS; i++)
      sum[c][i] = DX_START (group * GROUP_CHANNELS + channel + c);
  for (int ky = 0; ky < SIZE_Y; ky++)
    {
      const int reach = row + PAD_Y - ky * DILATION_Y;

      if (reach < 0 || reach % STRIDE_Y != 0 || reach / STRIDE_Y >= U_ROWS)
        continue;
      for (int filter = 0; filter < GROUP_FILTERS; filter++)
        {
          const __global float *weight = weights + (filter * GROUP_CHANNELS * SIZE_Y + ky) * SIZE_X;
          const __global float *from = u + (long) AT (U, block, group * GROUP_FILTERS + filter, reach / STRIDE_Y, 0) * LANES;

          #pragma unroll
          for (int o = 0; o < U_COLUMNS; o++)
            {
              const VEC g = LOAD (from, o);

              #pragma unroll
              for (int kx = 0; kx < SIZE_X; kx++)
                if (o * STRIDE_X - PAD_X + kx * DILATION_X >= 0 && o * STRIDE_X - PAD_X + kx * DILATION_X < DX_COLUMNS)
                  {
                    #pragma unroll
                    for (int c = 0; c < TILE_CHANNELS; c++)
                      sum[c][o * STRIDE_X - PAD_X + kx * DILATION_X] += weight[c * SIZE_Y * SIZE_X + kx] * g;
                  }
            }
        }
    }
  #pragma unroll
  for (int c = 0; c < TILE_CHANNELS; c++)
    if (channel + c >= channel_first)
      {
        #pragma unroll
        for (int i = 0; i < DX_COLUMNS; i++)
          {
            const int to = AT (DX, block, group * GROUP_CHANNELS + channel + c, row, i);
            VEC v = sum[c][i];

#if ACCUMULATE
            v += LOAD (dx, to);
#endif
            STORE (DX_RESULT, dx, to);
          }
      }
}
#else
/* Columns of one residue modulo the stride see the same taps; u has zeros wherever a tap reaches outside. */
void
NAME (conv2d_dx_row) (int block, int row, int group, int channel_first, const __global float *restrict u,
                      const __global float *restrict w, const __global float *restrict bias, __global float *restrict dx)
{
  const int channel = min (channel_first, GROUP_CHANNELS - TILE_CHANNELS);
  const __global float *weights = w + (group * GROUP_FILTERS * GROUP_CHANNELS + channel) * SIZE_Y * SIZE_X;

  #pragma unroll
  for (int phase = 0; phase < STRIDE_X; phase++)
    for (int first = 0; first < (DX_COLUMNS - phase + STRIDE_X - 1) / STRIDE_X; first += TILE_COLUMNS)
      {
        const int step = max (min (first, (DX_COLUMNS - phase + STRIDE_X - 1) / STRIDE_X - TILE_COLUMNS), 0);
        VEC sum[TILE_CHANNELS][TILE_COLUMNS];

        #pragma unroll
        for (int c = 0; c < TILE_CHANNELS; c++)
          #pragma unroll
          for (int i = 0; i < TILE_COLUMNS; i++)
            sum[c][i] = DX_START (group * GROUP_CHANNELS + channel + c);
        for (int ky = 0; ky < SIZE_Y; ky++)
          {
            const int reach = row + PAD_Y - ky * DILATION_Y;

            if (reach < 0 || reach % STRIDE_Y != 0 || reach / STRIDE_Y >= U_ROWS)
              continue;
            for (int filter = 0; filter < GROUP_FILTERS; filter++)
              {
                const __global float *weight = weights + (filter * GROUP_CHANNELS * SIZE_Y + ky) * SIZE_X;
                const __global float *from
                  = u + (long) AT (U, block, group * GROUP_FILTERS + filter, reach / STRIDE_Y, step) * LANES;

                #pragma unroll
                for (int kx = 0; kx < SIZE_X; kx++)
                  if ((phase + PAD_X - kx * DILATION_X) % STRIDE_X == 0)
                    {
                      VEC g[TILE_COLUMNS];

                      #pragma unroll
                      for (int i = 0; i < TILE_COLUMNS; i++)
                        g[i] = LOAD (from, (phase + PAD_X - kx * DILATION_X) / STRIDE_X + i);
                      #pragma unroll
                      for (int c = 0; c < TILE_CHANNELS; c++)
                        #pragma unroll
                        for (int i = 0; i < TILE_COLUMNS; i++)
                          sum[c][i] += weight[c * SIZE_Y * SIZE_X + kx] * g[i];
                    }
              }
          }
        #pragma unroll
        for (int c = 0; c < TILE_CHANNELS; c++)
          #pragma unroll
          for (int i = 0; i < TILE_COLUMNS; i++)
            if (channel + c >= channel_first && step + i >= first)
              {
                const int to = AT (DX, block, group * GROUP_CHANNELS + channel + c, row, phase + (step + i) * STRIDE_X);
                VEC v = sum[c][i];

#if ACCUMULATE
                v += LOAD (dx, to);
#endif
                STORE (DX_RESULT, dx, to);
              }
      }
}
#endif

/* dx := or += the sum over filters and taps of weight × gradient, for TILE_CHANNELS channels of one row. Only rows of u
 * that reach this row are read. `item`: block × DX_ROWS × CHANNEL_TILES. */
void
NAME (conv2d_dx) (int item, const __global float *restrict u, const __global float *restrict w,
                  const __global float *restrict bias, __global float *restrict dx)
{
  const int channel_tile = item % CHANNEL_TILES, group = channel_tile / DX_GROUP_TILES;
  const int row = item / CHANNEL_TILES % DX_ROWS, block = item / (CHANNEL_TILES * DX_ROWS);

  NAME (conv2d_dx_row) (block, row, group, channel_tile % DX_GROUP_TILES * TILE_CHANNELS, u, w, bias, dx);
}
#undef DX_START
#undef DX_RESULT
#endif
#endif

#ifdef KERNEL_conv2d_transposed
/* dx := activation (the gradient of a convolution's input where u is that of its output + bias). Items: blocks × DX_ROWS ×
 * CHANNEL_TILES. */
ITEM_KERNEL void
NAME (conv2d_transposed) (TENSOR_IN (u), TENSOR_IN (w), TENSOR_IN (bias), TENSOR_OUT (dx))
{
  USE_IN (u);
  USE_IN (w);
  USE_IN (bias);
  USE_OUT (dx);

  NAME (conv2d_dx) (ITEM, u, w, bias, dx);
}
#endif

#if HAS_TABLE
/* For each filter the channels that it sees, one bit each. */
__constant uint NAME (conv2d_table)[] = { TABLE };
#define CONNECTED(filter, channel) (NAME (conv2d_table)[filter] >> (channel) & 1)
#else
#define CONNECTED(filter, channel) 1
#endif

#ifdef KERNEL_conv2d_backward

#if HAS_DW
/* Adds the products of one row of the gradient with the pixels under it, for all sums of an item. */
__attribute__ ((always_inline)) void
NAME (conv2d_dw_row) (VEC sum[WEIGHT_FILTERS * WEIGHT_CHANNELS * WEIGHT_TAPS], const __global float *restrict from_x,
                      const __global float *restrict from_g, const __global uchar *restrict where)
{
  for (int column = 0; column < G_COLUMNS; column++)
    {
      VEC g[WEIGHT_FILTERS];
#if UNPOOL
      IVEC winner[WEIGHT_FILTERS];
#endif

      #pragma unroll
      for (int f = 0; f < WEIGHT_FILTERS; f++)
        {
          g[f] = LOAD (from_g, f * G_PLANE + column);
#if UNPOOL
          winner[f] = LOAD_BYTES (where, f * G_ROWS * G_COLUMNS + column);
#endif
        }
      #pragma unroll
      for (int k = 0; k < OPEN_Y * OPEN_X; k++)
        {
          VEC here[WEIGHT_FILTERS];

          #pragma unroll
          for (int f = 0; f < WEIGHT_FILTERS; f++)
#if UNPOOL
            here[f] = select ((VEC) 0, g[f], winner[f] == (IVEC) k);
#else
            here[f] = g[f];
#endif
          #pragma unroll
          for (int i = 0; i < WEIGHT_CHANNELS * WEIGHT_TAPS; i++)
            {
              const VEC pixel = LOAD (from_x, i / WEIGHT_TAPS * X_PLANE + k / OPEN_X * STRIDE_Y * X_ROW
                                              + (column * OPEN_X + k % OPEN_X) * STRIDE_X
                                              + i % WEIGHT_TAPS * DILATION_X);

              #pragma unroll
              for (int f = 0; f < WEIGHT_FILTERS; f++)
                sum[f * WEIGHT_CHANNELS * WEIGHT_TAPS + i] += here[f] * pixel;
            }
        }
    }
}

/* dw of WEIGHT_FILTERS filters, WEIGHT_CHANNELS channels, TAP_ROWS rows of taps and WEIGHT_TAPS columns of them, summed over
 * all pixels of the blocks of one part, the lanes added at the end. One row of taps at a time has its sums in registers.
 * STRIP_ROWS rows of the gradient are small enough to stay in the innermost cache while all rows of taps pass over them;
 * sums begin anew with each strip, which keeps rounding errors small. The gradient G is that of the output or, with
 * UNPOOL, of the pooled output, whose windows are then opened here: an image nobody else needs is not written out.
 * dw: [parts][weights]. `item`: part × filter tiles × channel tiles × groups of TAP_ROWS × tap tiles. */
void
NAME (conv2d_dw) (int item, int n_blocks, const __global float *restrict x, const __global float *restrict gradient,
                  const __global uchar *restrict position, __global float *restrict dw LANE_SCRATCH_PARAMETER)
{
  const int row_groups = SIZE_Y / TAP_ROWS;
  const int tap_first = item % TAP_TILES * WEIGHT_TAPS, tap = min (tap_first, SIZE_X - WEIGHT_TAPS);
  const int tap_row = item / TAP_TILES % row_groups * TAP_ROWS;
  const int channel_first = item / (TAP_TILES * row_groups) % DW_CHANNEL_TILES * WEIGHT_CHANNELS;
  const int channel = min (channel_first, GROUP_CHANNELS - WEIGHT_CHANNELS);
  const int filter_tile = item / (TAP_TILES * row_groups * DW_CHANNEL_TILES) % (GROUPS * DW_GROUP_TILES);
  const int group = filter_tile / DW_GROUP_TILES;
  const int filter_first = filter_tile % DW_GROUP_TILES * WEIGHT_FILTERS;
  const int filter = min (filter_first, GROUP_FILTERS - WEIGHT_FILTERS);
  const int part = item / (TAP_TILES * row_groups * DW_CHANNEL_TILES * GROUPS * DW_GROUP_TILES);
  VEC kept[TAP_ROWS][WEIGHT_FILTERS * WEIGHT_CHANNELS * WEIGHT_TAPS];

  for (int ky = 0; ky < TAP_ROWS; ky++)
    for (int i = 0; i < WEIGHT_FILTERS * WEIGHT_CHANNELS * WEIGHT_TAPS; i++)
      kept[ky][i] = 0;
  for (int block = part * n_blocks / PARTS; block < (part + 1) * n_blocks / PARTS; block++)
    for (int strip = 0; strip < G_ROWS; strip += STRIP_ROWS)
      for (int ky = 0; ky < TAP_ROWS; ky++)
        {
          VEC sum[WEIGHT_FILTERS * WEIGHT_CHANNELS * WEIGHT_TAPS];

          #pragma unroll
          for (int i = 0; i < WEIGHT_FILTERS * WEIGHT_CHANNELS * WEIGHT_TAPS; i++)
            sum[i] = 0;
          for (int row = strip; row < min (strip + STRIP_ROWS, G_ROWS); row++)
            {
              const __global float *from_g = gradient + (long) AT (G, block, group * GROUP_FILTERS + filter, row, 0) * LANES;
              const __global float *from_x
                = x + (long) AT (X, block, group * GROUP_CHANNELS + channel,
                                 row * OPEN_Y * STRIDE_Y - PAD_Y + (tap_row + ky) * DILATION_Y, tap * DILATION_X - PAD_X) * LANES;
              const __global uchar *where
                = position + (long) ((block * G_CHANNELS + group * GROUP_FILTERS + filter) * G_ROWS + row) * G_COLUMNS * LANES;

              NAME (conv2d_dw_row) (sum, from_x, from_g, where);
            }
          #pragma unroll
          for (int i = 0; i < WEIGHT_FILTERS * WEIGHT_CHANNELS * WEIGHT_TAPS; i++)
            kept[ky][i] += sum[i];
        }
  for (int ky = 0; ky < TAP_ROWS; ky++)
    for (int i = 0; i < WEIGHT_FILTERS * WEIGHT_CHANNELS * WEIGHT_TAPS; i++)
      {
        const int f = filter + i / (WEIGHT_CHANNELS * WEIGHT_TAPS), c = channel + i / WEIGHT_TAPS % WEIGHT_CHANNELS;
        const int k = tap + i % WEIGHT_TAPS;
        const float total = LANE_SUM (kept[ky][i]);

        if (FIRST_LANE && f >= filter_first && c >= channel_first && k >= tap_first)
          dw[part * WEIGHTS
             + (((group * GROUP_FILTERS + f) * GROUP_CHANNELS + c) * SIZE_Y + tap_row + ky) * SIZE_X + k] = CONNECTED (f, c) ? total : 0;
      }
}
#endif

#if HAS_DB
/* db := the sum of dy over images and, unless each position has a bias of its own (BIAS 2), pixels; pooling does not change
 * it. `item`: channel. */
void
NAME (conv2d_db) (int item, int n_blocks, const __global float *restrict dy, __global float *restrict db LANE_SCRATCH_PARAMETER)
{
#if BIAS == 2
  for (int i = 0; i < DY_ROWS * DY_COLUMNS; i++)
    {
      VEC sum = 0;

      for (int block = 0; block < n_blocks; block++)
        sum += LOAD (dy, AT (DY, block, item, i / DY_COLUMNS, i % DY_COLUMNS));

      const float total = LANE_SUM (sum);

      if (FIRST_LANE)
        db[item * DY_ROWS * DY_COLUMNS + i] = total;
    }
#else
  VEC sum = 0;

  for (int block = 0; block < n_blocks; block++)
    for (int row = 0; row < DY_ROWS; row++)
      {
        VEC of_row = 0;

        for (int column = 0; column < DY_COLUMNS; column++)
          of_row += LOAD (dy, AT (DY, block, item, row, column));
        sum += of_row;
      }

  const float total = LANE_SUM (sum);

  if (FIRST_LANE)
    db[item] = total;
#endif
}
#endif

/* Items: n_dw for weights and n_dx for the input, mixed evenly, so that neither kind comes last as a lump; then the bias.
 * On a GPU each kind is an instance of its own: no barrier may stand in a branch there. */
ITEM_KERNEL void
NAME (conv2d_backward) (TENSOR_IN (x), TENSOR_IN (w), TENSOR_IN (dy), TENSOR_IN (u), TENSOR_IN (position),
                        TENSOR_OUT (dx), TENSOR_OUT (dw), TENSOR_OUT (db), int n_blocks, int n_dw, int n_dx)
{
  USE_IN (x);
  USE_IN (w);
  USE_IN (dy);
  USE_IN (u);
  USE_OUT (dx);
  USE_OUT (dw);
  USE_OUT (db);
  const __global uchar *where = (const __global uchar *) (position_base + position_first);
  LANE_SCRATCH
#if HAS_DX + HAS_DW + HAS_DB == 1
#if HAS_DX
  NAME (conv2d_dx) (ITEM, u, w, w, dx);
#elif HAS_DW
  NAME (conv2d_dw) (ITEM, n_blocks, x, UNPOOL ? dy : u, where, dw LANE_SCRATCH_ARGUMENT);
#else
  NAME (conv2d_db) (ITEM, n_blocks, dy, db LANE_SCRATCH_ARGUMENT);
#endif
#else
  const int item = ITEM, n_mixed = n_dw + n_dx;
  const int before = item < n_mixed ? (int) ((long) item * n_dw / n_mixed) : 0;

  if (item >= n_mixed)
    {
#if HAS_DB
      NAME (conv2d_db) (item - n_mixed, n_blocks, dy, db);
#endif
    }
  else if ((int) ((long) (item + 1) * n_dw / n_mixed) > before)
    {
#if HAS_DW
      NAME (conv2d_dw) (before, n_blocks, x, UNPOOL ? dy : u, where, dw);
#endif
    }
  else
    {
#if HAS_DX
      NAME (conv2d_dx) (item - before, u, w, w, dx);
#endif
    }
#endif
}
#endif

#ifdef KERNEL_conv2d_mask
/* masked := w with zeros where the table has no connection. w: [filters][CHANNELS][TAPS]. Items: ceil (WEIGHTS / LANES). */
ITEM_KERNEL void
NAME (conv2d_mask) (TENSOR_IN (w), TENSOR_OUT (masked))
{
  USE_IN (w);
  USE_OUT (masked);

  FOR_EACH_LANE (lane)
    {
      const int i = ITEM * LANES + lane;

      if (i < WEIGHTS)
        masked[i] = CONNECTED (i / (CHANNELS * TAPS), i / TAPS % CHANNELS) ? w[i] : 0;
    }
}
#endif
#undef CONNECTED

#ifdef KERNEL_conv2d_sum
/* dw := the sum of its PARTS. Items: ceil (WEIGHTS / LANES). */
ITEM_KERNEL void
NAME (conv2d_sum) (TENSOR_IN (parts), TENSOR_OUT (dw))
{
  USE_IN (parts);
  USE_OUT (dw);

  FOR_EACH_LANE (lane)
    {
      const int i = ITEM * LANES + lane;
      float sum = 0;

      if (i < WEIGHTS)
        {
          for (int part = 0; part < PARTS; part++)
            sum += parts[part * WEIGHTS + i];
          dw[i] = sum;
        }
    }
}
#endif
