/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution of volumes. Depth and rows lie folded into the rows of a value: row z × HEIGHT + y. Columns have zeros beside
 * them where taps reach outside; rows and slices outside are left out. Tiles as in conv2d.cl: TILE_FILTERS × TILE_X results in
 * registers, and those at the end of a range begin earlier and store only what the tile before did not. */

#ifdef KERNEL_conv3d_forward
/* y := activation (w * x + bias). w: [filters][group channels][SIZE_Z][SIZE_Y][SIZE_X]. Items: blocks × Y_ROWS ×
 * FILTER_TILES. */
ITEM_KERNEL void
NAME (conv3d_forward) (TENSOR_IN (x), TENSOR_IN (w), TENSOR_IN (bias), TENSOR_OUT (y))
{
  USE_IN (x);
  USE_IN (w);
  USE_IN (bias);
  USE_OUT (y);
  const int filter_tile = ITEM % FILTER_TILES, group = filter_tile / GROUP_TILES;
  const int filter_first = group * GROUP_FILTERS + filter_tile % GROUP_TILES * TILE_FILTERS;
  const int filter = min (filter_first, (group + 1) * GROUP_FILTERS - TILE_FILTERS);
  const int row = ITEM / FILTER_TILES % Y_ROWS, block = ITEM / (FILTER_TILES * Y_ROWS);

  for (int column_first = 0; column_first < Y_COLUMNS; column_first += TILE_X)
    {
      const int column = min (column_first, Y_COLUMNS - TILE_X);
      VEC sum[TILE_FILTERS][TILE_X];

      #pragma unroll
      for (int f = 0; f < TILE_FILTERS; f++)
        #pragma unroll
        for (int c = 0; c < TILE_X; c++)
#if HAS_BIAS
          sum[f][c] = bias[filter + f];
#else
          sum[f][c] = 0;
#endif
      for (int i = 0; i < GROUP_CHANNELS * SIZE_Z * SIZE_Y; i++)
        {
          const int channel = group * GROUP_CHANNELS + i / (SIZE_Z * SIZE_Y);
          const int z = row / Y_HEIGHT * STRIDE_Z - PAD_Z + i / SIZE_Y % SIZE_Z * DILATION_Z;
          const int line = row % Y_HEIGHT * STRIDE_Y - PAD_Y + i % SIZE_Y * DILATION_Y;

          if (z < 0 || z >= X_DEPTH || line < 0 || line >= X_HEIGHT)
            continue;

          const __global float *weight = w + (filter * GROUP_CHANNELS * SIZE_Z * SIZE_Y + i) * SIZE_X;
          const __global float *from
            = x + (long) AT (X, block, channel, z * X_HEIGHT + line, column * STRIDE_X - PAD_X) * LANES;

#if UNROLL_X
          #pragma unroll
#endif
          for (int kx = 0; kx < SIZE_X; kx++)
            {
              VEC pixel[TILE_X];

              #pragma unroll
              for (int c = 0; c < TILE_X; c++)
                pixel[c] = LOAD (from, c * STRIDE_X + kx * DILATION_X);
              #pragma unroll
              for (int f = 0; f < TILE_FILTERS; f++)
                {
                  const float factor = weight[f * GROUP_CHANNELS * SIZE_Z * SIZE_Y * SIZE_X + kx];

                  #pragma unroll
                  for (int c = 0; c < TILE_X; c++)
                    sum[f][c] += factor * pixel[c];
                }
            }
        }
      #pragma unroll
      for (int f = 0; f < TILE_FILTERS; f++)
        #pragma unroll
        for (int c = 0; c < TILE_X; c++)
          if (filter + f >= filter_first && column + c >= column_first)
            {
              const VEC v = sum[f][c];

              STORE (ACTIVATION, y, AT (Y, block, filter + f, row, column + c));
            }
    }
}
#endif

#ifdef KERNEL_conv3d_dx
/* dx := or += the sum over filters and taps of weight × gradient. Columns of one residue modulo the stride see the same taps.
 * Items: blocks × DX_ROWS × CHANNEL_TILES. */
ITEM_KERNEL void
NAME (conv3d_dx) (TENSOR_IN (dy), TENSOR_IN (w), TENSOR_OUT (dx))
{
  USE_IN (dy);
  USE_IN (w);
  USE_OUT (dx);
  const int channel_tile = ITEM % CHANNEL_TILES, group = channel_tile / DX_GROUP_TILES;
  const int channel_first = channel_tile % DX_GROUP_TILES * TILE_CHANNELS;
  const int channel = min (channel_first, GROUP_CHANNELS - TILE_CHANNELS);
  const int row = ITEM / CHANNEL_TILES % DX_ROWS, block = ITEM / (CHANNEL_TILES * DX_ROWS);
  const int taps = SIZE_Z * SIZE_Y * SIZE_X;

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
            sum[c][i] = 0;
        for (int k = 0; k < SIZE_Z * SIZE_Y; k++)
          {
            const int z = row / X_HEIGHT + PAD_Z - k / SIZE_Y * DILATION_Z;
            const int line = row % X_HEIGHT + PAD_Y - k % SIZE_Y * DILATION_Y;

            if (z < 0 || z % STRIDE_Z != 0 || z / STRIDE_Z >= Y_DEPTH || line < 0 || line % STRIDE_Y != 0
                || line / STRIDE_Y >= Y_HEIGHT)
              continue;
            for (int filter = group * GROUP_FILTERS; filter < (group + 1) * GROUP_FILTERS; filter++)
              {
                const __global float *weight = w + (filter * GROUP_CHANNELS + channel) * taps + k * SIZE_X;
                const __global float *from
                  = dy + (long) AT (DY, block, filter, z / STRIDE_Z * Y_HEIGHT + line / STRIDE_Y, step) * LANES;

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
                          sum[c][i] += weight[c * taps + kx] * g[i];
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

#if ACCUMULATE
                sum[c][i] += LOAD (dx, to);
#endif
                STORE (sum[c][i], dx, to);
              }
      }
}
#endif

#ifdef KERNEL_conv3d_dw
#define SUMS (WEIGHT_FILTERS * WEIGHT_CHANNELS * WEIGHT_TAPS)

/* Adds the products of one slice of the gradient with the pixels under it, shifted by one slice and row of taps. */
__attribute__ ((always_inline)) void
NAME (conv3d_dw_slice) (VEC sum[SUMS], const __global float *restrict x, const __global float *restrict from_g, int ky)
{
  for (int row = 0; row < Y_HEIGHT; row++)
    {
      const int line = row * STRIDE_Y - PAD_Y + ky * DILATION_Y;
      const __global float *from_x = x + (long) line * X_ROW * LANES, *g_row = from_g + (long) row * DY_ROW * LANES;

      if (line < 0 || line >= X_HEIGHT)
        continue;
      for (int column = 0; column < DY_COLUMNS; column++)
        {
          VEC g[WEIGHT_FILTERS];

          #pragma unroll
          for (int f = 0; f < WEIGHT_FILTERS; f++)
            g[f] = LOAD (g_row, f * DY_PLANE + column);
          #pragma unroll
          for (int i = 0; i < WEIGHT_CHANNELS * WEIGHT_TAPS; i++)
            {
              const VEC pixel = LOAD (from_x, i / WEIGHT_TAPS * X_PLANE + column * STRIDE_X + i % WEIGHT_TAPS * DILATION_X);

              #pragma unroll
              for (int f = 0; f < WEIGHT_FILTERS; f++)
                sum[f * WEIGHT_CHANNELS * WEIGHT_TAPS + i] += g[f] * pixel;
            }
        }
    }
}

/* dw of WEIGHT_FILTERS filters, WEIGHT_CHANNELS channels, LINES rows of taps (of all SIZE_Z × SIZE_Y) and WEIGHT_TAPS columns
 * of them, summed over all pixels, the lanes added at the end. A slice of the gradient stays in the cache while all LINES
 * pass over it; sums begin anew with each slice, which keeps rounding errors small. Items: filter tiles × channel tiles ×
 * SIZE_Z × SIZE_Y / LINES × TAP_TILES. */
ITEM_KERNEL void
NAME (conv3d_dw) (TENSOR_IN (x), TENSOR_IN (dy), TENSOR_OUT (dw), int n_blocks)
{
  USE_IN (x);
  USE_IN (dy);
  USE_OUT (dw);
  LANE_SCRATCH
  const int line_groups = SIZE_Z * SIZE_Y / LINES;
  const int tap_first = ITEM % TAP_TILES * WEIGHT_TAPS, tap = min (tap_first, SIZE_X - WEIGHT_TAPS);
  const int line_first = ITEM / TAP_TILES % line_groups * LINES;
  const int channel_first = ITEM / (TAP_TILES * line_groups) % DW_CHANNEL_TILES * WEIGHT_CHANNELS;
  const int channel = min (channel_first, GROUP_CHANNELS - WEIGHT_CHANNELS);
  const int filter_tile = ITEM / (TAP_TILES * line_groups * DW_CHANNEL_TILES), group = filter_tile / DW_GROUP_TILES;
  const int filter_first = group * GROUP_FILTERS + filter_tile % DW_GROUP_TILES * WEIGHT_FILTERS;
  const int filter = min (filter_first, (group + 1) * GROUP_FILTERS - WEIGHT_FILTERS);
  VEC kept[LINES][SUMS];

  for (int k = 0; k < LINES; k++)
    for (int i = 0; i < SUMS; i++)
      kept[k][i] = 0;
  for (int slice = 0; slice < n_blocks * Y_DEPTH; slice++)
    for (int k = 0; k < LINES; k++)
      {
        const int block = slice / Y_DEPTH, kz = (line_first + k) / SIZE_Y;
        const int z = slice % Y_DEPTH * STRIDE_Z - PAD_Z + kz * DILATION_Z;
        VEC sum[SUMS];

        if (z < 0 || z >= X_DEPTH)
          continue;
        #pragma unroll
        for (int i = 0; i < SUMS; i++)
          sum[i] = 0;
        NAME (conv3d_dw_slice) (sum,
                                x + (long) AT (X, block, group * GROUP_CHANNELS + channel, z * X_HEIGHT, tap * DILATION_X - PAD_X) * LANES,
                                dy + (long) AT (DY, block, filter, slice % Y_DEPTH * Y_HEIGHT, 0) * LANES,
                                (line_first + k) % SIZE_Y);
        #pragma unroll
        for (int i = 0; i < SUMS; i++)
          kept[k][i] += sum[i];
      }
  for (int k = 0; k < LINES; k++)
    for (int i = 0; i < SUMS; i++)
      {
        const int f = filter + i / (WEIGHT_CHANNELS * WEIGHT_TAPS), c = channel + i / WEIGHT_TAPS % WEIGHT_CHANNELS;
        const int kx = tap + i % WEIGHT_TAPS;
        const float total = LANE_SUM (kept[k][i]);

        if (FIRST_LANE && f >= filter_first && c >= channel_first && kx >= tap_first)
          dw[((f * GROUP_CHANNELS + c) * SIZE_Z * SIZE_Y + line_first + k) * SIZE_X + kx] = total;
      }
}
#undef SUMS
#endif
