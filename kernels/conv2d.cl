/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution, forward, and the copies around it. One source for both kinds of device: a lane is an image, weights are
 * broadcast. An item computes TILE_FILTERS filters of one row of tiles, each TILE_Y × TILE_X results kept in registers;
 * a result is one output pixel, or a POOL_Y × POOL_X window of them where max pooling is fused (1 × 1 where not).
 * Tiles at the end of a range start earlier so that they fit, and store only what the tile before did not. */

#ifdef KERNEL_conv2d_forward
#define PIXELS_Y (TILE_Y * POOL_Y)
#define PIXELS_X (TILE_X * POOL_X)

/* y := or += pool (activation (w * x + bias)). w: [filters][group channels][SIZE_Y][SIZE_X]. bias: none (BIAS 0), [filters]
 * (1) or the shape of y (2, without pooling). position: of the maximum in its window, a byte for each value of y, without
 * borders, when it is to be kept. Items: blocks × ROW_TILES × FILTER_TILES. */
ITEM_KERNEL void
NAME (conv2d_forward) (TENSOR_IN (x), TENSOR_IN (w), TENSOR_IN (bias), TENSOR_OUT (y), TENSOR_OUT (position),
                       int keep_position)
{
  USE_IN (x);
  USE_IN (w);
  USE_IN (bias);
  USE_OUT (y);
  const int filter_tile = ITEM % FILTER_TILES, group = filter_tile / GROUP_TILES;
  const int filter_first = group * GROUP_FILTERS + filter_tile % GROUP_TILES * TILE_FILTERS;
  const int filter = min (filter_first, (group + 1) * GROUP_FILTERS - TILE_FILTERS);
  const int row_first = ITEM / FILTER_TILES % ROW_TILES * TILE_Y, row = min (row_first, Y_ROWS - TILE_Y);
  const int block = ITEM / (FILTER_TILES * ROW_TILES);

  for (int column_first = 0; column_first < Y_COLUMNS; column_first += TILE_X)
    {
      const int column = min (column_first, Y_COLUMNS - TILE_X);
      VEC sum[TILE_FILTERS][PIXELS_Y][PIXELS_X];

      #pragma unroll
      for (int f = 0; f < TILE_FILTERS; f++)
        {
#if BIAS == 1
          VEC start = bias[filter + f];
#else
          VEC start = 0;
#endif
          #pragma unroll
          for (int r = 0; r < PIXELS_Y; r++)
            #pragma unroll
            for (int c = 0; c < PIXELS_X; c++)
#if BIAS == 2
              sum[f][r][c] = bias[((filter + f) * Y_ROWS + row + r) * Y_COLUMNS + column + c];
#else
              sum[f][r][c] = start;
#endif
        }

      for (int channel = 0; channel < GROUP_CHANNELS; channel++)
        for (int ky = 0; ky < SIZE_Y; ky++)
          {
            const __global float *weight = w + ((filter * GROUP_CHANNELS + channel) * SIZE_Y + ky) * SIZE_X;
            const __global float *from
              = x + (long) AT (X, block, group * GROUP_CHANNELS + channel,
                               row * POOL_Y * STRIDE_Y - PAD_Y + ky * DILATION_Y, column * POOL_X * STRIDE_X - PAD_X) * LANES;

#if UNROLL_X
            #pragma unroll
#endif
            for (int kx = 0; kx < SIZE_X; kx++)
              {
                VEC pixel[PIXELS_Y][PIXELS_X];

                #pragma unroll
                for (int r = 0; r < PIXELS_Y; r++)
                  #pragma unroll
                  for (int c = 0; c < PIXELS_X; c++)
                    pixel[r][c] = LOAD (from, r * STRIDE_Y * X_ROW + c * STRIDE_X + kx * DILATION_X);
                #pragma unroll
                for (int f = 0; f < TILE_FILTERS; f++)
                  {
                    const float factor = weight[f * GROUP_CHANNELS * SIZE_Y * SIZE_X + kx];

                    #pragma unroll
                    for (int r = 0; r < PIXELS_Y; r++)
                      #pragma unroll
                      for (int c = 0; c < PIXELS_X; c++)
                        sum[f][r][c] += factor * pixel[r][c];
                  }
              }
          }

      #pragma unroll
      for (int f = 0; f < TILE_FILTERS; f++)
        #pragma unroll
        for (int r = 0; r < TILE_Y; r++)
          #pragma unroll
          for (int c = 0; c < TILE_X; c++)
            if (filter + f >= filter_first && row + r >= row_first && column + c >= column_first)
              {
                VEC v = sum[f][r * POOL_Y][c * POOL_X];
                VEC best = ACTIVATION;
#if POOL_Y * POOL_X > 1
                IVEC where = 0;

                #pragma unroll
                for (int k = 1; k < POOL_Y * POOL_X; k++)
                  {
                    v = sum[f][r * POOL_Y + k / POOL_X][c * POOL_X + k % POOL_X];
                    v = ACTIVATION;

                    /* The first maximum wins and not-a-number wins over everything, as in PyTorch. */
                    IVEC better = (v > best) | (v != v);

                    best = select (best, v, better);
                    where = select (where, (IVEC) k, better);
                  }
                if (keep_position)
                  STORE_BYTES (where, (__global uchar *) (position_base + position_first),
                               ((block * Y_CHANNELS + filter + f) * Y_ROWS + row + r) * Y_COLUMNS + column + c);
#endif
#if ACCUMULATE
                best += LOAD (y, AT (Y, block, filter + f, row + r, column + c));
#endif
                STORE (best, y, AT (Y, block, filter + f, row + r, column + c));
              }
    }
}
#endif

#if defined KERNEL_conv2d_pad || defined KERNEL_conv2d_fold
/* Which pixel of x stands at a place outside it. */
#define MIRROR(i, n) ((i) < 0 ? -(i) : (i) >= (n) ? 2 * ((n) - 1) - (i) : (i))
#define SOURCE(i, n) (REFLECT ? MIRROR (i, n) : clamp (i, 0, (n) - 1))
#endif

#ifdef KERNEL_conv2d_pad
/* p := x with PAD_Y rows above, PAD_X columns to the left and what P has more on the other sides, reflected, repeated or all
 * PADDING. Items: blocks × X_CHANNELS. */
ITEM_KERNEL void
NAME (conv2d_pad) (TENSOR_IN (x), TENSOR_OUT (p))
{
  USE_IN (x);
  USE_OUT (p);
  const int block = ITEM / X_CHANNELS, channel = ITEM % X_CHANNELS;

  for (int row = 0; row < P_ROWS; row++)
    for (int column = 0; column < P_COLUMNS; column++)
      {
#if CONSTANT
        VEC v = PADDING;

        if (row >= PAD_Y && row < PAD_Y + X_ROWS && column >= PAD_X && column < PAD_X + X_COLUMNS)
          v = LOAD (x, AT (X, block, channel, row - PAD_Y, column - PAD_X));
#else
        VEC v = LOAD (x, AT (X, block, channel, SOURCE (row - PAD_Y, X_ROWS), SOURCE (column - PAD_X, X_COLUMNS)));
#endif
        STORE (v, p, AT (P, block, channel, row, column));
      }
}
#endif

#ifdef KERNEL_conv2d_fold
/* The gradient of conv2d_pad: dx := or += what lies in p at each pixel and at its copies. Items: blocks × X_CHANNELS. */
ITEM_KERNEL void
NAME (conv2d_fold) (TENSOR_IN (p), TENSOR_OUT (dx))
{
  USE_IN (p);
  USE_OUT (dx);
  const int block = ITEM / X_CHANNELS, channel = ITEM % X_CHANNELS;

  for (int row = 0; row < X_ROWS; row++)
    for (int column = 0; column < X_COLUMNS; column++)
      {
        const int to = AT (X, block, channel, row, column);
        VEC v = LOAD (p, AT (P, block, channel, row + PAD_Y, column + PAD_X));

#if ACCUMULATE
        v += LOAD (dx, to);
#endif
        STORE (v, dx, to);
      }
#if !CONSTANT
  for (int row = -PAD_Y; row < P_ROWS - PAD_Y; row++)
    for (int column = -PAD_X; column < P_COLUMNS - PAD_X; column++)
      if (row < 0 || row >= X_ROWS || column < 0 || column >= X_COLUMNS)
        {
          const int to = AT (X, block, channel, SOURCE (row, X_ROWS), SOURCE (column, X_COLUMNS));

          STORE (LOAD (dx, to) + LOAD (p, AT (P, block, channel, row + PAD_Y, column + PAD_X)), dx, to);
        }
#endif
}
#endif

#ifdef KERNEL_conv2d_unpool
/* u := dy put back where the maximum of each POOL_Y × POOL_X window was, zeros elsewhere and in the border.
 * Items: blocks × DY_CHANNELS. */
ITEM_KERNEL void
NAME (conv2d_unpool) (TENSOR_IN (dy), TENSOR_IN (position), TENSOR_OUT (u))
{
  USE_IN (dy);
  USE_OUT (u);
  const __global uchar *where = (const __global uchar *) (position_base + position_first);
  const int block = ITEM / DY_CHANNELS, channel = ITEM % DY_CHANNELS;

#if U_PLANE > DY_ROWS * POOL_Y * DY_COLUMNS * POOL_X
  for (int row = 0; row < U_PLANE / U_ROW; row++)
    for (int column = 0; column < U_ROW; column++)
      {
        const int inside_row = row - U_ORIGIN / U_ROW, inside_column = column - U_ORIGIN % U_ROW;

        if (inside_row < 0 || inside_row >= DY_ROWS * POOL_Y || inside_column < 0 || inside_column >= DY_COLUMNS * POOL_X)
          STORE ((VEC) 0, u, block * U_BLOCK + channel * U_PLANE + row * U_ROW + column);
      }
#endif
  for (int row = 0; row < DY_ROWS; row++)
    for (int column = 0; column < DY_COLUMNS; column++)
      {
        const VEC g = LOAD (dy, AT (DY, block, channel, row, column));
        const IVEC at = LOAD_BYTES (where, (ITEM * DY_ROWS + row) * DY_COLUMNS + column);

        #pragma unroll
        for (int k = 0; k < POOL_Y * POOL_X; k++)
          STORE (select ((VEC) 0, g, at == (IVEC) k), u,
                 AT (U, block, channel, row * POOL_Y + k / POOL_X, column * POOL_X + k % POOL_X));
      }
}
#endif
