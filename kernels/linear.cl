/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Dense layers. Values are [block][feature][LANES], a block being one row of LANES samples; sizes are arguments, so that all
 * dense layers of a network share their kernels. An item computes TILE_ROWS rows of TILE_BLOCKS blocks in registers; at the
 * end of a range a tile starts earlier and stores only what the tile before did not.
 *
 * A processor walks matrices with long rows in pieces that touch few pages and lie near each other: rows a multiple of 4096
 * bytes apart would throw each other out of the cache. No sum's order depends on that. */

#if defined KERNEL_linear_forward || defined KERNEL_linear_backward
/* sum[r][b] += the products of rows row + r of a matrix with the columns that are the blocks of v. The matrix element
 * (row, k) lies at w[row × row_step + k × step]. */
#define LINEAR_PRODUCT(name, space) \
  __attribute__ ((always_inline)) void \
  NAME (name) (VEC sum[TILE_ROWS][TILE_BLOCKS], const space float *restrict w, int row_step, int step, \
               const __global float *restrict v, int block_step, int n) \
  { \
    for (int k = 0; k < n; k++) \
      { \
        VEC value[TILE_BLOCKS]; \
        _Pragma ("unroll") \
        for (int b = 0; b < TILE_BLOCKS; b++) \
          value[b] = LOAD (v, b * block_step + k); \
        _Pragma ("unroll") \
        for (int r = 0; r < TILE_ROWS; r++) \
          { \
            const float factor = w[r * row_step + k * step]; \
            _Pragma ("unroll") \
            for (int b = 0; b < TILE_BLOCKS; b++) \
              sum[r][b] += factor * value[b]; \
          } \
      } \
  }
LINEAR_PRODUCT (linear_product, __global)
LINEAR_PRODUCT (linear_product_copied, __private)
#endif

#ifdef KERNEL_linear_forward
/* More rows than a small cache has places for lines at equal distances are copied side by side first. */
#define COPY_ROWS (!HL_GPU && TILE_ROWS > 8)
#define PANEL 64

/* y := activation (w x + bias). w: [n_out][n_in]. Items: tiles of blocks × tiles of outputs. The buffers hold `capacity`
 * blocks, of which n_blocks are wanted. */
ITEM_KERNEL void
NAME (linear_forward) (TENSOR_IN (x), TENSOR_IN (w), TENSOR_IN (bias), TENSOR_OUT (y), int n_in, int n_out, int n_blocks,
                       int capacity)
{
  USE_IN (x);
  USE_IN (w);
  USE_IN (bias);
  USE_OUT (y);
  const int tiles = (n_out + TILE_ROWS - 1) / TILE_ROWS;
  const int row_first = ITEM % tiles * TILE_ROWS, row = min (row_first, n_out - TILE_ROWS);
  const int block_first = ITEM / tiles * TILE_BLOCKS, block = min (block_first, capacity - TILE_BLOCKS);
  VEC sum[TILE_ROWS][TILE_BLOCKS];

  #pragma unroll
  for (int r = 0; r < TILE_ROWS; r++)
    #pragma unroll
    for (int b = 0; b < TILE_BLOCKS; b++)
      sum[r][b] = HAS_BIAS ? bias[row + r] : 0;
#if COPY_ROWS
  for (int k = 0; k < n_in; k += PANEL)
    {
      const int n = min (n_in - k, PANEL);
      float panel[TILE_ROWS * PANEL];

      for (int r = 0; r < TILE_ROWS; r++)
        for (int i = 0; i < n; i++)
          panel[r * PANEL + i] = w[(size_t) (row + r) * n_in + k + i];
      NAME (linear_product_copied) (sum, panel, PANEL, 1, x + ((size_t) block * n_in + k) * LANES, n_in, n);
    }
#else
  NAME (linear_product) (sum, w + row * n_in, n_in, 1, x + (size_t) block * n_in * LANES, n_in, n_in);
#endif
  #pragma unroll
  for (int r = 0; r < TILE_ROWS; r++)
    #pragma unroll
    for (int b = 0; b < TILE_BLOCKS; b++)
      if (row + r >= row_first && block + b >= block_first && block + b < n_blocks)
        {
          const VEC v = sum[r][b];

          STORE (ACTIVATION, y, (block + b) * n_out + row + r);
        }
}
#endif

#ifdef KERNEL_linear_backward
/* dx := or += w transposed × dy. `item`: tiles of blocks × groups of `wide` tiles of inputs. Sums over outputs are made
 * `length` at a time for the whole group, so that as few rows of w are in use at once. */
void
NAME (linear_dx) (int item, int n_in, int n_out, int n_blocks, int capacity, int wide, int length, int accumulate,
                  const __global float *restrict w, const __global float *restrict dy, __global float *restrict dx)
{
  const int tiles = (n_in + TILE_ROWS - 1) / TILE_ROWS, groups = (tiles + wide - 1) / wide;
  const int first = item % groups * wide, n_tiles = min (tiles - first, wide);
  const int block_first = item / groups * TILE_BLOCKS, block = min (block_first, capacity - TILE_BLOCKS);
#if DX_TILES > 1
  VEC partial[DX_TILES][TILE_ROWS][TILE_BLOCKS];
  const int panel_first = min (first * TILE_ROWS, n_in - TILE_ROWS), n_rows = min (n_in - panel_first, DX_TILES * TILE_ROWS);
  float panel[DX_LENGTH * DX_TILES * TILE_ROWS];
#endif

  for (int k = 0; k < n_out; k += length)
    {
      const int n = min (n_out - k, length);

#if DX_TILES > 1
      for (int i = 0; i < n; i++)
        for (int row = 0; row < n_rows; row++)
          panel[i * DX_TILES * TILE_ROWS + row] = w[(size_t) (k + i) * n_in + panel_first + row];
#endif
      for (int tile = 0; tile < n_tiles; tile++)
        {
          const int row_first = (first + tile) * TILE_ROWS, row = min (row_first, n_in - TILE_ROWS);
          VEC sum[TILE_ROWS][TILE_BLOCKS];

          #pragma unroll
          for (int r = 0; r < TILE_ROWS; r++)
            #pragma unroll
            for (int b = 0; b < TILE_BLOCKS; b++)
              sum[r][b] = 0;
#if DX_TILES > 1
          if (k > 0)
            {
              #pragma unroll
              for (int r = 0; r < TILE_ROWS; r++)
                #pragma unroll
                for (int b = 0; b < TILE_BLOCKS; b++)
                  sum[r][b] = partial[tile][r][b];
            }
          NAME (linear_product_copied) (sum, panel + row - panel_first, 1, DX_TILES * TILE_ROWS,
                                        dy + ((size_t) block * n_out + k) * LANES, n_out, n);
          if (k + length < n_out)
            {
              #pragma unroll
              for (int r = 0; r < TILE_ROWS; r++)
                #pragma unroll
                for (int b = 0; b < TILE_BLOCKS; b++)
                  partial[tile][r][b] = sum[r][b];
              continue;
            }
#else
          NAME (linear_product) (sum, w + row, 1, n_in, dy + (size_t) block * n_out * LANES, n_out, n);
#endif
          #pragma unroll
          for (int r = 0; r < TILE_ROWS; r++)
            #pragma unroll
            for (int b = 0; b < TILE_BLOCKS; b++)
              if (row + r >= row_first && block + b >= block_first && block + b < n_blocks)
                {
                  const int to = (block + b) * n_in + row + r;

                  STORE (accumulate ? sum[r][b] + LOAD (dx, to) : sum[r][b], dx, to);
                }
        }
    }
}

#if !HL_GPU
/* A vector that begins anywhere. */
typedef VEC __attribute__ ((aligned (4))) UNALIGNED;
#endif

/* dw [n_out][n_in] for a group of `wide` times LANES inputs, a lane each, and a range of outputs, from `room` blocks at a time:
 * those after the first add to what is there. The inputs are first turned, so that LANES inputs of one sample are a vector:
 * `turned` is this item's own room for all samples of these blocks, which a GPU does not need. `item`: groups of inputs ×
 * n_ranges. */
void
NAME (linear_dw_part) (int item, int n_in, int n_out, int n_blocks, int n_ranges, int wide, int add,
                       const __global float *restrict x, const __global float *restrict dy, __global float *restrict turned,
                       __global float *restrict dw)
{
  const int group = item / n_ranges * wide * LANES, range = item % n_ranges;
  const int n_tiles = min (wide, (n_in - group + LANES - 1) / LANES);
  const int first_out = (int) ((long) range * n_out / n_ranges), last_out = (int) ((long) (range + 1) * n_out / n_ranges);

#if !HL_GPU
  for (int tile = 0; tile < n_tiles; tile++)
    for (int block = 0; block < n_blocks; block++)
      for (int i = 0; i < LANES; i++)
        {
          const __global float *from = x + (size_t) (block * n_in + min (group + tile * LANES + i, n_in - 1)) * LANES;

          #pragma unroll
          for (int sample = 0; sample < LANES; sample++)
            turned[((tile * n_blocks + block) * LANES + sample) * LANES + i] = from[sample];
        }
#endif
  for (int out_first = first_out; out_first < last_out; out_first += DW_ROWS)
    for (int tile = 0; tile < n_tiles; tile++)
      {
        const int out = max (min (out_first, last_out - DW_ROWS), 0), first_in = group + tile * LANES;
#if HL_GPU
        const int in = min (first_in + LANE, n_in - 1);
#endif
        VEC sum[DW_ROWS];

        #pragma unroll
        for (int r = 0; r < DW_ROWS; r++)
          sum[r] = 0;
        for (int block = 0; block < n_blocks; block++)
          {
            const __global float *gradient = dy + (size_t) (block * n_out + out) * LANES;

            for (int sample = 0; sample < LANES; sample++)
              {
#if HL_GPU
                const VEC value = x[(size_t) (block * n_in + in) * LANES + sample];
#else
                const VEC value = LOAD (turned, (tile * n_blocks + block) * LANES + sample);
#endif

                #pragma unroll
                for (int r = 0; r < DW_ROWS; r++)
                  sum[r] += gradient[r * LANES + sample] * value;
              }
          }
        #pragma unroll
        for (int r = 0; r < DW_ROWS; r++)
          if (out + r >= out_first && out + r < last_out)
            {
#if HL_GPU
              __global float *to = dw + (out + r) * n_in + in;

              if (first_in + LANE < n_in)
                *to = add ? *to + sum[r] : sum[r];
#else
              __global float *to = dw + (out + r) * n_in + first_in;

              if (first_in + LANES <= n_in)
                *(__global UNALIGNED *) to = add ? sum[r] + *(__global UNALIGNED *) to : sum[r];
              else
                {
                  float each[LANES];

                  *(UNALIGNED *) each = sum[r];
                  for (int i = 0; first_in + i < n_in; i++)
                    to[i] = add ? to[i] + each[i] : each[i];
                }
#endif
            }
      }
}

void
NAME (linear_dw) (int item, int n_in, int n_out, int n_blocks, int n_ranges, int wide, int room,
                  const __global float *restrict x, const __global float *restrict dy, __global float *restrict turned, __global float *restrict dw)
{
  for (int block = 0; block < n_blocks; block += room)
    NAME (linear_dw_part) (item, n_in, n_out, min (room, n_blocks - block), n_ranges, wide, block > 0,
                           x + (size_t) block * n_in * LANES, dy + (size_t) block * n_out * LANES, turned, dw);
}

/* db := the sum of dy over the samples, for LANES outputs; blocks in groups, which keeps rounding small. */
void
NAME (linear_db) (int item, int n_out, int n_blocks, const __global float *restrict dy, __global float *restrict db)
{
#if HL_GPU
  const int out = item * LANES + LANE;
  float sum = 0;

  for (int block = 0; block < n_blocks && out < n_out; block++)
    {
      float part = 0;

      for (int sample = 0; sample < LANES; sample++)
        part += dy[(size_t) (block * n_out + out) * LANES + sample];
      sum += part;
    }
  if (out < n_out)
    db[out] = sum;
#else
  for (int out = item * LANES; out < min ((item + 1) * LANES, n_out); out++)
    {
      VEC sum = 0;

      for (int first = 0; first < n_blocks; first += 64)
        {
          VEC part = 0;

          for (int block = first; block < min (first + 64, n_blocks); block++)
            part += LOAD (dy, block * n_out + out);
          sum += part;
        }
      db[out] = lane_sum (sum);
    }
#endif
}

/* All gradients of a dense layer, which are independent. Items: n_dw for the weights (groups of inputs × n_ranges), n_dx
 * for the input and n_db for the bias (tiles of outputs), mixed evenly: drivers give each core a run of items, which must not
 * be the short ones only. */
ITEM_KERNEL void
NAME (linear_backward) (TENSOR_IN (x), TENSOR_IN (w), TENSOR_IN (dy), TENSOR_OUT (dx), TENSOR_OUT (dw), TENSOR_OUT (db),
                        TENSOR_OUT (turned), int n_in, int n_out, int n_blocks, int capacity, int room, int n_dw, int n_ranges,
                        int dw_wide, int n_dx, int n_db, int dx_wide, int dx_length, int accumulate)
{
  USE_IN (x);
  USE_IN (w);
  USE_IN (dy);
  USE_OUT (dx);
  USE_OUT (dw);
  USE_OUT (db);
  USE_OUT (turned);
  const int n_mixed = n_dw + n_dx, all = n_mixed + n_db;
  const int item = (int) ((long) ITEM * n_mixed / all), before = n_mixed > 0 ? (int) ((long) item * n_dw / n_mixed) : 0;

  if ((int) ((long) (ITEM + 1) * n_mixed / all) == item)
    NAME (linear_db) (ITEM - item, n_out, n_blocks, dy, db);
  else if ((int) ((long) (item + 1) * n_dw / n_mixed) > before)
    NAME (linear_dw) (before, n_in, n_out, n_blocks, n_ranges, dw_wide, room, x, dy,
                      turned + (size_t) before * dw_wide * room * LANES * LANES, dw);
  else
    NAME (linear_dx) (item - before, n_in, n_out, n_blocks, capacity, dx_wide, dx_length, accumulate, w, dy, dx);
}
#endif

#ifdef KERNEL_linear_finish
/* y := activation (y + bias), for products that another library made. Items: blocks × n_out. */
ITEM_KERNEL void
NAME (linear_finish) (TENSOR_IN (bias), TENSOR_OUT (y), int n_out)
{
  USE_IN (bias);
  USE_OUT (y);
  VEC v = LOAD (y, ITEM);

#if HAS_BIAS
  v += bias[ITEM % n_out];
#endif
  STORE (ACTIVATION, y, ITEM);
}
#endif
