/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Dense layers. Values are [block][feature][LANES], a block being one row of LANES samples; sizes are arguments, so that all dense layers of a network share their
 * kernels. An item computes TILE_ROWS rows of TILE_BLOCKS blocks in registers; at the end of a range a tile starts earlier
 * and stores only what the tile before did not. */

#if defined KERNEL_linear_forward || defined KERNEL_linear_backward
/* sum[r][b] += the products of rows row + r of a matrix with the columns that are the blocks of v. The matrix element
 * (row, k) lies at w[row × row_step + k × step]. */
__attribute__ ((always_inline)) void
NAME (linear_product) (VEC sum[TILE_ROWS][TILE_BLOCKS], const __global float *restrict w, int row_step, int step,
                       const __global float *restrict v, int block_step, int n)
{
  for (int k = 0; k < n; k++)
    {
      VEC value[TILE_BLOCKS];

      #pragma unroll
      for (int b = 0; b < TILE_BLOCKS; b++)
        value[b] = LOAD (v, b * block_step + k);
      #pragma unroll
      for (int r = 0; r < TILE_ROWS; r++)
        {
          const float factor = w[r * row_step + k * step];

          #pragma unroll
          for (int b = 0; b < TILE_BLOCKS; b++)
            sum[r][b] += factor * value[b];
        }
    }
}
#endif

#ifdef KERNEL_linear_forward
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
  NAME (linear_product) (sum, w + row * n_in, n_in, 1, x + (size_t) block * n_in * LANES, n_in, n_in);
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
/* dx := or += w transposed × dy. `item`: tiles of blocks × tiles of inputs. */
void
NAME (linear_dx) (int item, int n_in, int n_out, int n_blocks, int capacity, int accumulate, const __global float *restrict w,
                  const __global float *restrict dy, __global float *restrict dx)
{
  const int tiles = (n_in + TILE_ROWS - 1) / TILE_ROWS;
  const int row_first = item % tiles * TILE_ROWS, row = min (row_first, n_in - TILE_ROWS);
  const int block_first = item / tiles * TILE_BLOCKS, block = min (block_first, capacity - TILE_BLOCKS);
  VEC sum[TILE_ROWS][TILE_BLOCKS];

  #pragma unroll
  for (int r = 0; r < TILE_ROWS; r++)
    #pragma unroll
    for (int b = 0; b < TILE_BLOCKS; b++)
      sum[r][b] = 0;
  NAME (linear_product) (sum, w + row, 1, n_in, dy + (size_t) block * n_out * LANES, n_out, n_out);
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

#if !HL_GPU
#define VSTORE_(n) vstore##n
#define VSTORE(n) VSTORE_ (n)
#define VLOAD_(n) vload##n
#define VLOAD(n) VLOAD_ (n)
#endif

/* dw [n_out][n_in] for LANES inputs, a lane each, and a range of outputs, from `room` blocks at a time: those after the first
 * add to what is there. The inputs are first turned, so that LANES inputs of one sample are a vector: `turned` is this item's
 * own room for all samples of these blocks, which a GPU does not need. `item`: tiles of inputs × n_ranges. */
void
NAME (linear_dw_part) (int item, int n_in, int n_out, int n_blocks, int n_ranges, int add, const __global float *restrict x,
                       const __global float *restrict dy, __global float *restrict turned, __global float *restrict dw)
{
  const int first_in = item / n_ranges * LANES, range = item % n_ranges;
  const int first_out = (int) ((long) range * n_out / n_ranges), last_out = (int) ((long) (range + 1) * n_out / n_ranges);

#if HL_GPU
  const int in = min (first_in + LANE, n_in - 1);
#else
  for (int block = 0; block < n_blocks; block++)
    for (int i = 0; i < LANES; i++)
      {
        const __global float *from = x + (size_t) (block * n_in + min (first_in + i, n_in - 1)) * LANES;

        #pragma unroll
        for (int sample = 0; sample < LANES; sample++)
          turned[(block * LANES + sample) * LANES + i] = from[sample];
      }
#endif
  for (int out_first = first_out; out_first < last_out; out_first += DW_ROWS)
    {
      const int out = max (min (out_first, last_out - DW_ROWS), 0);
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
              const VEC value = LOAD (turned, block * LANES + sample);
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
              VSTORE (LANES) (add ? sum[r] + VLOAD (LANES) (0, to) : sum[r], 0, to);
            else
              {
                float each[LANES];

                VSTORE (LANES) (sum[r], 0, each);
                for (int i = 0; first_in + i < n_in; i++)
                  to[i] = add ? to[i] + each[i] : each[i];
              }
#endif
          }
    }
}

void
NAME (linear_dw) (int item, int n_in, int n_out, int n_blocks, int n_ranges, int room, const __global float *restrict x,
                  const __global float *restrict dy, __global float *restrict turned, __global float *restrict dw)
{
  for (int block = 0; block < n_blocks; block += room)
    NAME (linear_dw_part) (item, n_in, n_out, min (room, n_blocks - block), n_ranges, block > 0,
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

/* All gradients of a dense layer, which are independent. Items: n_dw for the weights (tiles of inputs × n_ranges) and n_dx
 * for the input, mixed evenly, then tiles of outputs for the bias. */
ITEM_KERNEL void
NAME (linear_backward) (TENSOR_IN (x), TENSOR_IN (w), TENSOR_IN (dy), TENSOR_OUT (dx), TENSOR_OUT (dw), TENSOR_OUT (db),
                        TENSOR_OUT (turned), int n_in, int n_out, int n_blocks, int capacity, int room, int n_dw, int n_ranges,
                        int n_dx, int accumulate)
{
  USE_IN (x);
  USE_IN (w);
  USE_IN (dy);
  USE_OUT (dx);
  USE_OUT (dw);
  USE_OUT (db);
  USE_OUT (turned);
  const int item = ITEM, n_mixed = n_dw + n_dx;
  const int before = item < n_mixed ? (int) ((long) item * n_dw / n_mixed) : 0;

  if (item >= n_mixed)
    NAME (linear_db) (item - n_mixed, n_out, n_blocks, dy, db);
  else if ((int) ((long) (item + 1) * n_dw / n_mixed) > before)
    NAME (linear_dw) (before, n_in, n_out, n_blocks, n_ranges, room, x, dy, turned + (size_t) before * room * LANES * LANES, dw);
  else
    NAME (linear_dx) (item - before, n_in, n_out, n_blocks, capacity, accumulate, w, dy, dx);
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
