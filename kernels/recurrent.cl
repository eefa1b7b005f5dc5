/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * LSTM, GRU and plain recurrent layers, one layer and direction at a time. CELL is 0 for LSTM, 1 for GRU, 2 for tanh and 3 for
 * ReLU; the weights have GATES × HIDDEN rows as in PyTorch (i f g o; r z n). Each time step keeps SLOTS × HIDDEN vectors
 * ("gates"): what the gates were, which backward replaces by the gradients of their arguments. The GRU's fourth slot is the
 * state's share of n, which r multiplies. Samples are independent and a sample is a lane, so an item runs through all time
 * steps of its block without waiting for another; with several slices of units a block it does one step a launch.
 *
 * A value is told by ints: vectors from block to block, from time to time (and from unit to unit), and its first vector. */

#if CELL == 1
#define STATE_SLOT(g) ((g) == 2 ? 3 : (g))
#else
#define STATE_SLOT(g) (g)
#endif

#if defined KERNEL_recurrent_forward || defined KERNEL_recurrent_backward
VEC
NAME (recurrent_sigmoid) (VEC v)
{
  return (VEC) 1 / ((VEC) 1 + exp (-v));
}
#endif

#ifdef KERNEL_recurrent_forward
/* sum += the rows of UNITS units in a matrix of n columns, times v. The state's share of a GRU's n stands apart. */
__attribute__ ((always_inline)) void
NAME (recurrent_product) (VEC sum[SLOTS][UNITS], const __global float *restrict w, const __global float *restrict v, const int n,
                          const int of_state)
{
  for (int k = 0; k < n; k++)
    {
      const VEC value = LOAD (v, k);

      #pragma unroll
      for (int g = 0; g < GATES; g++)
        #pragma unroll
        for (int u = 0; u < UNITS; u++)
          sum[of_state ? STATE_SLOT (g) : g][u] += w[(g * HIDDEN + u) * n + k] * value;
    }
}

/* From the arguments of a unit's gates to the gates, in place; returns the new state. c: the cell, before and after. */
VEC
NAME (recurrent_cell) (VEC gate[SLOTS], VEC before, VEC *c)
{
#if CELL == 0
  gate[0] = NAME (recurrent_sigmoid) (gate[0]);
  gate[1] = NAME (recurrent_sigmoid) (gate[1]);
  gate[2] = tanh (gate[2]);
  gate[3] = NAME (recurrent_sigmoid) (gate[3]);
  *c = gate[1] * *c + gate[0] * gate[2];
  return gate[3] * tanh (*c);
#elif CELL == 1
  gate[0] = NAME (recurrent_sigmoid) (gate[0]);
  gate[1] = NAME (recurrent_sigmoid) (gate[1]);
  gate[2] = tanh (gate[2] + gate[0] * gate[3]);
  return gate[2] + gate[1] * (before - gate[2]);
#elif CELL == 2
  gate[0] = tanh (gate[0]);
  return gate[0];
#else
  gate[0] = select (gate[0], (VEC) 0, gate[0] < (VEC) 0);
  return gate[0];
#endif
}

/* Steps `first` to first + n_steps - 1 of n_times; reverse: the first step is the last time. The states go to `out`, those
 * from step y_from on also to y. Items: blocks × n_slices of units. */
ITEM_KERNEL void
NAME (recurrent_forward) (TENSOR_IN (x), TENSOR_IN (w_ih), TENSOR_IN (w_hh), TENSOR_IN (b_ih), TENSOR_IN (b_hh),
                          TENSOR_OUT (out), TENSOR_OUT (cell), TENSOR_OUT (gates), TENSOR_OUT (y), int n_times, int first,
                          int n_steps, int n_slices, int reverse, int save, int y_from, int x_block, int x_time, int x_origin,
                          int out_time, int out_origin, int y_block, int y_time, int y_unit, int y_origin)
{
  USE_IN (x);
  USE_IN (w_ih);
  USE_IN (w_hh);
  USE_IN (b_ih);
  USE_IN (b_hh);
  USE_OUT (out);
  USE_OUT (cell);
  USE_OUT (gates);
  USE_OUT (y);
  const int block = ITEM / n_slices, slice = ITEM % n_slices, tiles = (HIDDEN + UNITS - 1) / UNITS;

  for (int step = first; step < first + n_steps; step++)
    {
      const int time = reverse ? n_times - 1 - step : step, before = reverse ? time + 1 : time - 1;
      const __global float *restrict from = x + (size_t) (block * x_block + x_origin + time * x_time) * LANES;
      const __global float *restrict state = out + (size_t) (block * n_times * out_time + out_origin + before * out_time) * LANES;

      for (int tile = slice * tiles / n_slices; tile < (slice + 1) * tiles / n_slices; tile++)
        {
          const int unit = min (tile * UNITS, HIDDEN - UNITS);
          VEC sum[SLOTS][UNITS];

          #pragma unroll
          for (int u = 0; u < UNITS; u++)
            {
              sum[SLOTS - 1][u] = 0;
              #pragma unroll
              for (int g = 0; g < GATES; g++)
                sum[g][u] = HAS_BIAS ? b_ih[g * HIDDEN + unit + u] : 0;
              #pragma unroll
              for (int g = 0; g < GATES; g++)
                sum[STATE_SLOT (g)][u] += HAS_BIAS ? b_hh[g * HIDDEN + unit + u] : 0;
            }
          NAME (recurrent_product) (sum, w_ih + unit * N_IN, from, N_IN, 0);
          if (step > 0)
            NAME (recurrent_product) (sum, w_hh + unit * HIDDEN, state, HIDDEN, 1);
          #pragma unroll
          for (int u = 0; u < UNITS; u++)
            if (unit + u >= tile * UNITS)
              {
                const int at = (block * n_times + time) * HIDDEN + unit + u;
                VEC gate[SLOTS], c = 0, h = 0;

                #pragma unroll
                for (int s = 0; s < SLOTS; s++)
                  gate[s] = sum[s][u];
                if (step > 0 && CELL == 0)
                  c = LOAD (cell, (block * n_times + before) * HIDDEN + unit + u);
                if (step > 0 && CELL == 1)
                  h = LOAD (state, unit + u);
                h = NAME (recurrent_cell) (gate, h, &c);
                STORE (h, out, (block * n_times + time) * out_time + out_origin + unit + u);
                if (step >= y_from)
                  STORE (h, y, block * y_block + y_origin + time * y_time + (unit + u) * y_unit);
                if (CELL == 0)
                  STORE (c, cell, at);
                #pragma unroll
                for (int s = 0; s < SLOTS; s++)
                  if (save)
                    STORE (gate[s], gates, (block * n_times + time) * SLOTS * HIDDEN + s * HIDDEN + unit + u);
              }
        }
    }
}
#endif

#ifdef KERNEL_recurrent_backward
/* From d, the gradient of a unit's state, to the gradients of its gates' arguments, in place. carry goes to the step before:
 * of an LSTM the gradient of the cell, of a GRU what the state passes on past the gates. */
void
NAME (recurrent_cell_gradient) (VEC gate[SLOTS], VEC d, VEC before, VEC c, VEC c_before, VEC *carry)
{
#if CELL == 0
  const VEC i = gate[0], f = gate[1], g = gate[2], o = gate[3], squashed = tanh (c);
  const VEC dc = *carry + d * o * ((VEC) 1 - squashed * squashed);

  gate[0] = dc * g * i * ((VEC) 1 - i);
  gate[1] = dc * c_before * f * ((VEC) 1 - f);
  gate[2] = dc * i * ((VEC) 1 - g * g);
  gate[3] = d * squashed * o * ((VEC) 1 - o);
  *carry = dc * f;
#elif CELL == 1
  const VEC r = gate[0], z = gate[1], n = gate[2], dn = d * ((VEC) 1 - z) * ((VEC) 1 - n * n);

  gate[0] = dn * gate[3] * r * ((VEC) 1 - r);
  gate[1] = d * (before - n) * z * ((VEC) 1 - z);
  gate[2] = dn;
  gate[3] = dn * r;
  *carry = d * z;
#elif CELL == 2
  gate[0] = d * ((VEC) 1 - gate[0] * gate[0]);
#else
  gate[0] = select ((VEC) 0, d, gate[0] > (VEC) 0);
#endif
}

/* Steps first + n_steps - 1 down to `first`. dy reaches the states from step y_from on. Items: blocks × n_slices. */
ITEM_KERNEL void
NAME (recurrent_backward) (TENSOR_IN (w_hh), TENSOR_IN (dy), TENSOR_IN (out), TENSOR_IN (cell), TENSOR_OUT (gates),
                           TENSOR_OUT (carry), int n_times, int first, int n_steps, int n_slices, int reverse, int y_from,
                           int out_time, int out_origin, int y_block, int y_time, int y_unit, int y_origin)
{
  USE_IN (w_hh);
  USE_IN (dy);
  USE_IN (out);
  USE_IN (cell);
  USE_OUT (gates);
  USE_OUT (carry);
  const int block = ITEM / n_slices, slice = ITEM % n_slices, tiles = (HIDDEN + BACK_UNITS - 1) / BACK_UNITS;

  for (int step = first + n_steps - 1; step >= first; step--)
    {
      const int time = reverse ? n_times - 1 - step : step, before = reverse ? time + 1 : time - 1;
      const int after = reverse ? time - 1 : time + 1, at = block * n_times + time;

      for (int tile = slice * tiles / n_slices; tile < (slice + 1) * tiles / n_slices; tile++)
        {
          const int unit = min (tile * BACK_UNITS, HIDDEN - BACK_UNITS);
          VEC sum[BACK_UNITS];

          #pragma unroll
          for (int u = 0; u < BACK_UNITS; u++)
            sum[u] = 0;
          for (int g = 0; g < GATES && step < n_times - 1; g++)
            {
              const int row = ((block * n_times + after) * SLOTS + STATE_SLOT (g)) * HIDDEN;
              const __global float *restrict w = w_hh + g * HIDDEN * HIDDEN + unit;

              for (int k = 0; k < HIDDEN; k++)
                {
                  const VEC value = LOAD (gates, row + k);

                  #pragma unroll
                  for (int u = 0; u < BACK_UNITS; u++)
                    sum[u] += w[k * HIDDEN + u] * value;
                }
            }
          #pragma unroll
          for (int u = 0; u < BACK_UNITS; u++)
            if (unit + u >= tile * BACK_UNITS)
              {
                const int state = unit + u, kept = block * HIDDEN + state;
                VEC gate[SLOTS], d = sum[u], more = 0, h = 0, c = 0, c_before = 0;

                #pragma unroll
                for (int s = 0; s < SLOTS; s++)
                  gate[s] = LOAD (gates, (at * SLOTS + s) * HIDDEN + state);
                if (step >= y_from)
                  d += LOAD (dy, block * y_block + y_origin + time * y_time + state * y_unit);
                if (step < n_times - 1 && CELL < 2)
                  more = LOAD (carry, kept);
                if (CELL == 1)
                  d += more;
                if (step > 0 && CELL == 1)
                  h = LOAD (out, (block * n_times + before) * out_time + out_origin + state);
                if (CELL == 0)
                  c = LOAD (cell, at * HIDDEN + state);
                if (step > 0 && CELL == 0)
                  c_before = LOAD (cell, (block * n_times + before) * HIDDEN + state);
                NAME (recurrent_cell_gradient) (gate, d, h, c, c_before, &more);
                #pragma unroll
                for (int s = 0; s < SLOTS; s++)
                  STORE (gate[s], gates, (at * SLOTS + s) * HIDDEN + state);
                if (CELL < 2)
                  STORE (more, carry, kept);
              }
        }
    }
}
#endif

#ifdef KERNEL_recurrent_inputs
/* dx := or += w_ih transposed × the gradients of the gates, a tile of inputs at a tile of times. dg: [block][time][dg_time].
 * Items: blocks × tiles of times × tiles of inputs. */
ITEM_KERNEL void
NAME (recurrent_inputs) (TENSOR_IN (dg), TENSOR_IN (w_ih), TENSOR_OUT (dx), int n_in, int n_rows, int n_times, int dg_time,
                         int dx_block, int dx_time, int dx_origin, int accumulate)
{
  USE_IN (dg);
  USE_IN (w_ih);
  USE_OUT (dx);
  const int in_tiles = (n_in + TILE_INPUTS - 1) / TILE_INPUTS, time_tiles = (n_times + TILE_TIMES - 1) / TILE_TIMES;
  const int block = ITEM / (in_tiles * time_tiles), rest = ITEM % (in_tiles * time_tiles);
  const int in_first = rest % in_tiles * TILE_INPUTS, in = min (in_first, n_in - TILE_INPUTS);
  const int time_first = rest / in_tiles * TILE_TIMES, time = min (time_first, n_times - TILE_TIMES);
  const __global float *restrict gradient = dg + (size_t) (block * n_times + time) * dg_time * LANES;
  VEC sum[TILE_INPUTS][TILE_TIMES];

  #pragma unroll
  for (int i = 0; i < TILE_INPUTS; i++)
    #pragma unroll
    for (int t = 0; t < TILE_TIMES; t++)
      sum[i][t] = 0;
  for (int row = 0; row < n_rows; row++)
    {
      VEC value[TILE_TIMES];

      #pragma unroll
      for (int t = 0; t < TILE_TIMES; t++)
        value[t] = LOAD (gradient, t * dg_time + row);
      #pragma unroll
      for (int i = 0; i < TILE_INPUTS; i++)
        {
          const float factor = w_ih[row * n_in + in + i];

          #pragma unroll
          for (int t = 0; t < TILE_TIMES; t++)
            sum[i][t] += factor * value[t];
        }
    }
  #pragma unroll
  for (int i = 0; i < TILE_INPUTS; i++)
    #pragma unroll
    for (int t = 0; t < TILE_TIMES; t++)
      if (in + i >= in_first && time + t >= time_first)
        {
          const int to = block * dx_block + dx_origin + (time + t) * dx_time + in + i;

          STORE (accumulate ? sum[i][t] + LOAD (dx, to) : sum[i][t], dx, to);
        }
}
#endif

#ifdef KERNEL_recurrent_weights
/* dw [n_rows][n_in] := the sum over samples and times of the gradients of the gates × v, where v lies `shift` times off; db
 * := the sum of the gradients. Rows from `late` on belong to gradients `skip` slots further. Items: tiles of rows. */
ITEM_KERNEL void
NAME (recurrent_weights) (TENSOR_IN (dg), TENSOR_IN (v), TENSOR_OUT (dw), TENSOR_OUT (db), int n_in, int n_rows, int late,
                          int skip, int n_times, int dg_time, int v_block, int v_time, int v_origin, int shift, int n_blocks,
                          int with_bias)
{
  USE_IN (dg);
  USE_IN (v);
  USE_OUT (dw);
  USE_OUT (db);
  LANE_SCRATCH
  const int row_first = ITEM * TILE_ROWS, row = min (row_first, n_rows - TILE_ROWS);
  const int from = max (0, -shift), to = min (n_times, n_times - shift);
  int slot[TILE_ROWS];
#if HL_GPU
  __local float shares[TILE_ROWS * TILE_INPUTS * LANES];
#endif

  #pragma unroll
  for (int r = 0; r < TILE_ROWS; r++)
    slot[r] = row + r + (row + r >= late ? skip : 0);
  for (int in_first = 0; in_first < n_in; in_first += TILE_INPUTS)
    {
      const int in = min (in_first, n_in - TILE_INPUTS);
      VEC sum[TILE_ROWS][TILE_INPUTS];

      #pragma unroll
      for (int r = 0; r < TILE_ROWS; r++)
        #pragma unroll
        for (int i = 0; i < TILE_INPUTS; i++)
          sum[r][i] = 0;
      for (int block = 0; block < n_blocks; block++)
        for (int time = from; time < to; time++)
          {
            const __global float *restrict gradient = dg + (size_t) (block * n_times + time) * dg_time * LANES;
            const __global float *restrict value
              = v + (size_t) (block * v_block + v_origin + (time + shift) * v_time + in) * LANES;
            VEC d[TILE_ROWS];

            #pragma unroll
            for (int r = 0; r < TILE_ROWS; r++)
              d[r] = LOAD (gradient, slot[r]);
            #pragma unroll
            for (int i = 0; i < TILE_INPUTS; i++)
              {
                const VEC each = LOAD (value, i);

                #pragma unroll
                for (int r = 0; r < TILE_ROWS; r++)
                  sum[r][i] += d[r] * each;
              }
          }
#if HL_GPU
      /* All sums at once: each lane adds up some of them. */
      barrier (CLK_LOCAL_MEM_FENCE);
      #pragma unroll
      for (int r = 0; r < TILE_ROWS; r++)
        #pragma unroll
        for (int i = 0; i < TILE_INPUTS; i++)
          shares[(r * TILE_INPUTS + i) * LANES + LANE] = sum[r][i];
      barrier (CLK_LOCAL_MEM_FENCE);
      for (int e = LANE; e < TILE_ROWS * TILE_INPUTS; e += LANES)
        {
          const int r = row + e / TILE_INPUTS, i = in + e % TILE_INPUTS;
          float total = 0;

          for (int lane = 0; lane < LANES; lane++)
            total += shares[e * LANES + lane];
          if (r >= row_first && i >= in_first)
            dw[r * n_in + i] = total;
        }
#else
      #pragma unroll
      for (int r = 0; r < TILE_ROWS; r++)
        #pragma unroll
        for (int i = 0; i < TILE_INPUTS; i++)
          if (row + r >= row_first && in + i >= in_first)
            dw[(row + r) * n_in + in + i] = lane_sum (sum[r][i]);
#endif
    }
  for (int r = 0; r < TILE_ROWS && with_bias; r++)
    {
      VEC sum = 0;
      float total;

      for (int at = 0; at < n_blocks * n_times; at++)
        sum += LOAD (dg, at * dg_time + row + r + (row + r >= late ? skip : 0));
      total = LANE_SUM (sum);
      if (FIRST_LANE && row + r >= row_first)
        db[row + r] = total;
    }
}
#endif

#undef STATE_SLOT
