/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recurrent layers on the device. */

#include "engine/graph/activation.h"
#include "engine/layers/dropout-mask.h"
#include "engine/layers/recurrent.h"

typedef struct
{
  HlRecurrentSizes sizes;
  guint units, back_units;                       /* of a tile, forward and backward */
  guint tile_rows, tile_inputs[2], tile_times, tile_states;
  guint mask_items;
  /* By whether the layer is the first: its inputs differ. */
  HlKernel *forward[2], *backward, *inputs[2], *weights_ih[2], *weights_hh, *mask;
} State;

/* Where a value lies: vectors from block to block, time to time, unit to unit. */
typedef struct
{
  HlTensor *tensor;
  guint block, time, unit, first;
} Place;

/* ---- Preparing ---- */

static void
choose_tiles (State *state, guint lanes)
{
  const HlRecurrentSizes *sizes = &state->sizes;
  gboolean many = lanes >= 16;                   /* registers: 32, otherwise 16 */

  state->units = MIN (sizes->hidden, (many ? 16 : 12) / sizes->slots);
  state->back_units = MIN (sizes->hidden, many ? 16 : 12);
  state->tile_rows = MIN (sizes->gates * sizes->hidden, many ? 4 : 3);
  for (guint i = 0; i < 2; i++)
    state->tile_inputs[i] = MIN (hl_recurrent_n_inputs (sizes, i), many ? 6 : 4);
  state->tile_states = MIN (sizes->hidden, many ? 6 : 4);
  state->tile_times = MIN (sizes->times, many ? 4 : 3);
}

static HlKernel *
request (HlLayerCall *call, const char *kernel, const char *format, ...)
{
  g_autofree char *defines = NULL;
  va_list arguments;

  va_start (arguments, format);
  defines = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return hl_kernel_set_add (call->kernels, "recurrent", kernel, defines);
}

static void
request_mask (HlLayerCall *call, State *state)
{
  const HlRecurrentSizes *sizes = &state->sizes;
  const HlRecurrent *self = call->params;
  HlValue value = { .shape = HL_SHAPE_2 (sizes->times, sizes->width) };
  g_autoptr (GString) defines = g_string_new (NULL);
  char scale[G_ASCII_DTOSTR_BUF_SIZE];

  state->mask_items = hl_walk_append_defines (call, (HlWalkValue[]) { { "X", &value }, { "Y", &value } }, 2, defines);
  g_ascii_formatd (scale, sizeof scale, "%.9e", hl_dropout_scale (self->dropout));
  g_string_append_printf (defines, "PIXELS=1;QUADS=%u;THRESHOLD=%uu;SCALE=%sf;ADD=0", (sizes->times * sizes->width + 3) / 4,
                          hl_dropout_threshold (self->dropout), scale);
  state->mask = hl_kernel_set_add (call->kernels, "dropout", "dropout_apply", defines->str);
}

gboolean
hl_recurrent_prepare (HlCell cell, HlLayerCall *call, GError **error)
{
  State *state = call->state = g_new0 (State, 1);
  HlRecurrentSizes *sizes = &state->sizes;

  hl_recurrent_get_sizes (cell, call->params, &call->x[0]->shape, call->capacity, call->lanes, call->training, sizes);
  choose_tiles (state, call->lanes);
  for (guint i = 0; i < MIN (sizes->layers, 2); i++)
    state->forward[i] = request (call, "recurrent_forward", "CELL=%d;GATES=%u;SLOTS=%u;HIDDEN=%u;N_IN=%u;UNITS=%u;HAS_BIAS=%d",
                                 (int) cell, sizes->gates, sizes->slots, sizes->hidden, hl_recurrent_n_inputs (sizes, i),
                                 state->units, sizes->bias);
  if (sizes->masked)
    request_mask (call, state);
  if (!call->training || !call->dy)
    return TRUE;
  state->backward = request (call, "recurrent_backward", "CELL=%d;GATES=%u;SLOTS=%u;HIDDEN=%u;BACK_UNITS=%u", (int) cell,
                             sizes->gates, sizes->slots, sizes->hidden, state->back_units);
  for (guint i = 0; i < MIN (sizes->layers, 2); i++)
    {
      if (i == 1 || call->dx[0])
        state->inputs[i] = request (call, "recurrent_inputs", "TILE_INPUTS=%u;TILE_TIMES=%u", state->tile_inputs[i],
                                    state->tile_times);
      state->weights_ih[i] = request (call, "recurrent_weights", "TILE_ROWS=%u;TILE_INPUTS=%u", state->tile_rows,
                                      state->tile_inputs[i]);
    }
  state->weights_hh = request (call, "recurrent_weights", "TILE_ROWS=%u;TILE_INPUTS=%u", state->tile_rows, state->tile_states);
  return TRUE;
}

/* ---- Places ---- */

static HlTensor *
get_part (const HlLayerCall *call, HlRecurrentPart part, guint layer, guint direction)
{
  const State *state = call->state;
  gsize n = hl_recurrent_part_length (&state->sizes, part);
  HlTensor *store = call->saved[0] ? call->saved[0] : call->workspace;

  /* A part that this cell does not have is never touched, but a kernel wants some tensor. */
  return n > 0 ? hl_tensor_new_slice (store, hl_recurrent_part_first (&state->sizes, part, layer, direction), n)
               : hl_tensor_ref (store);
}

/* The gradient of all states of one layer: two take turns. */
static HlTensor *
get_gradient (const HlLayerCall *call, guint layer)
{
  const State *state = call->state;
  gsize n = hl_recurrent_part_length (&state->sizes, HL_RECURRENT_STATES);

  return hl_tensor_new_slice (call->workspace, layer % 2 * n, n);
}

static HlTensor *
get_carry (const HlLayerCall *call)
{
  const State *state = call->state;
  gsize before = state->sizes.layers > 1 ? 2 * hl_recurrent_part_length (&state->sizes, HL_RECURRENT_STATES) : 0;

  return hl_tensor_new_slice (call->workspace, before, (gsize) call->capacity * state->sizes.hidden);
}

/* Lends `tensor`. */
static Place
place_states (const HlRecurrentSizes *sizes, HlTensor *tensor, guint direction)
{
  return (Place) { tensor, sizes->times * sizes->width, sizes->width, 1, direction * sizes->hidden };
}

static Place
place_value (const HlValue *value)
{
  if (value->shape.n_dims == 1)
    return (Place) { value->tensor, hl_value_block_step (value), 0, hl_value_plane_step (value), hl_value_origin (value) };
  return (Place) { value->tensor, hl_value_block_step (value), hl_value_plane_step (value), 1, hl_value_origin (value) };
}

/* The output, or its gradient, of a direction of the last layer, and from which step on it counts. */
static Place
place_output (const HlLayerCall *call, const HlValue *value, guint direction, guint *from)
{
  const State *state = call->state;
  Place place = place_value (value);

  place.first += direction * state->sizes.hidden * place.unit;
  *from = value->shape.n_dims == 1 ? state->sizes.times - 1 : 0;
  return place;
}

/* What a layer reads. `owner` keeps its tensor. */
static Place
place_input (const HlLayerCall *call, guint layer, HlTensor **owner)
{
  const State *state = call->state;
  gboolean dropped = state->sizes.masked && call->training;

  if (layer == 0)
    {
      *owner = hl_tensor_ref (call->x[0]->tensor);
      return place_value (call->x[0]);
    }
  *owner = get_part (call, dropped ? HL_RECURRENT_DROPPED : HL_RECURRENT_STATES, layer - 1, 0);
  return place_states (&state->sizes, *owner, 0);
}

/* ---- Running ---- */

/* How many items share a block. One runs through all steps alone; several do a step a launch. */
static guint
choose_slices (const HlLayerCall *call, guint n_tiles)
{
  gboolean gpu = call->lanes > 16;
  guint wanted = call->compute_units * (gpu ? 4 : 1);

  return call->n_blocks >= wanted ? 1 : MIN (n_tiles, (wanted + call->n_blocks - 1) / call->n_blocks);
}

static gboolean
run_mask (const HlLayerCall *call, guint layer, HlTensor *from, HlTensor *to, GError **error)
{
  const State *state = call->state;

  /* Node numbers have 24 bits in the index of a random word; the upper ones tell layers apart. */
  return hl_kernel_run (state->mask, (gsize) call->n_blocks * state->mask_items, error, HL_ARG_TENSOR (from),
                        HL_ARG_TENSOR (to), HL_ARG_UINT ((guint32) call->random.seed),
                        HL_ARG_UINT ((guint32) (call->random.seed >> 32)), HL_ARG_UINT (call->random.epoch),
                        HL_ARG_UINT (call->random.purpose), HL_ARG_UINT (call->node | (layer + 1) << 20));
}

static gboolean
forward_direction (const HlLayerCall *call, guint layer, guint direction, GError **error)
{
  const State *state = call->state;
  const HlRecurrentSizes *sizes = &state->sizes;
  HlTensor *const *w = call->w + hl_recurrent_weight (sizes, layer, direction);
  g_autoptr (HlTensor) in = NULL, out = get_part (call, HL_RECURRENT_STATES, layer, 0);
  g_autoptr (HlTensor) cells = get_part (call, HL_RECURRENT_CELLS, layer, direction);
  g_autoptr (HlTensor) gates = get_part (call, HL_RECURRENT_GATES, layer, direction);
  Place x = place_input (call, layer, &in), y = { out, 0, 0, 0, 0 }, states = place_states (sizes, out, direction);
  guint slices = choose_slices (call, (sizes->hidden + state->units - 1) / state->units), from = sizes->times;
  guint n_steps = slices == 1 ? sizes->times : 1;

  if (layer + 1 == sizes->layers)
    y = place_output (call, call->y, direction, &from);
  for (guint step = 0; step < sizes->times; step += n_steps)
    if (!hl_kernel_run (state->forward[layer > 0], (gsize) call->n_blocks * slices, error, HL_ARG_TENSOR (x.tensor),
                        HL_ARG_TENSOR (w[0]), HL_ARG_TENSOR (w[1]), HL_ARG_TENSOR (w[sizes->bias ? 2 : 0]),
                        HL_ARG_TENSOR (w[sizes->bias ? 3 : 0]), HL_ARG_TENSOR (out), HL_ARG_TENSOR (cells),
                        HL_ARG_TENSOR (gates), HL_ARG_TENSOR (y.tensor), HL_ARG_UINT (sizes->times), HL_ARG_UINT (step),
                        HL_ARG_UINT (n_steps), HL_ARG_UINT (slices), HL_ARG_UINT (direction), HL_ARG_INT (sizes->keep),
                        HL_ARG_UINT (from), HL_ARG_UINT (x.block), HL_ARG_UINT (x.time), HL_ARG_UINT (x.first),
                        HL_ARG_UINT (states.time), HL_ARG_UINT (states.first), HL_ARG_UINT (y.block), HL_ARG_UINT (y.time),
                        HL_ARG_UINT (y.unit), HL_ARG_UINT (y.first)))
      return FALSE;
  return TRUE;
}

gboolean
hl_recurrent_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;
  const HlRecurrentSizes *sizes = &state->sizes;

  for (guint layer = 0; layer < sizes->layers; layer++)
    {
      for (guint direction = 0; direction < sizes->directions; direction++)
        if (!forward_direction (call, layer, direction, error))
          return FALSE;
      if (sizes->masked && call->training && layer + 1 < sizes->layers)
        {
          g_autoptr (HlTensor) from = get_part (call, HL_RECURRENT_STATES, layer, 0);
          g_autoptr (HlTensor) to = get_part (call, HL_RECURRENT_DROPPED, layer, 0);

          if (!run_mask (call, layer, from, to, error))
            return FALSE;
        }
    }
  return TRUE;
}

/* Back through time: the gates of a direction become the gradients of their arguments. */
static gboolean
backward_steps (const HlLayerCall *call, guint layer, guint direction, HlTensor *d_states, HlTensor *gates, GError **error)
{
  const State *state = call->state;
  const HlRecurrentSizes *sizes = &state->sizes;
  HlTensor *w_hh = call->w[hl_recurrent_weight (sizes, layer, direction) + 1];
  g_autoptr (HlTensor) out = get_part (call, HL_RECURRENT_STATES, layer, 0);
  g_autoptr (HlTensor) cells = get_part (call, HL_RECURRENT_CELLS, layer, direction);
  g_autoptr (HlTensor) carry = get_carry (call);
  guint slices = choose_slices (call, (sizes->hidden + state->back_units - 1) / state->back_units), from = 0;
  guint n_steps = slices == 1 ? sizes->times : 1;
  Place states = place_states (sizes, out, direction), dy = place_states (sizes, d_states, direction);

  if (layer + 1 == sizes->layers)
    dy = place_output (call, call->dy, direction, &from);
  for (guint end = sizes->times; end > 0; end -= n_steps)
    if (!hl_kernel_run (state->backward, (gsize) call->n_blocks * slices, error, HL_ARG_TENSOR (w_hh),
                        HL_ARG_TENSOR (dy.tensor), HL_ARG_TENSOR (out), HL_ARG_TENSOR (cells), HL_ARG_TENSOR (gates),
                        HL_ARG_TENSOR (carry), HL_ARG_UINT (sizes->times), HL_ARG_UINT (end - n_steps), HL_ARG_UINT (n_steps),
                        HL_ARG_UINT (slices), HL_ARG_UINT (direction), HL_ARG_UINT (from), HL_ARG_UINT (states.time),
                        HL_ARG_UINT (states.first), HL_ARG_UINT (dy.block), HL_ARG_UINT (dy.time), HL_ARG_UINT (dy.unit),
                        HL_ARG_UINT (dy.first)))
      return FALSE;
  return TRUE;
}

/* dw and db of one matrix from the gradients of the gates and what it was multiplied with. */
static gboolean
backward_weights (const HlLayerCall *call, HlKernel *kernel, guint weight, guint n_in, gboolean of_state, const Place *v, int shift,
                  HlTensor *gates, GError **error)
{
  const State *state = call->state;
  const HlRecurrentSizes *sizes = &state->sizes;
  guint rows = sizes->gates * sizes->hidden;
  HlTensor *dw = call->dw[weight], *db = sizes->bias ? call->dw[weight + 2] : NULL;

  if (!dw)
    return TRUE;
  return hl_kernel_run (kernel, (rows + state->tile_rows - 1) / state->tile_rows, error, HL_ARG_TENSOR (gates),
                        HL_ARG_TENSOR (v->tensor), HL_ARG_TENSOR (dw), HL_ARG_TENSOR (db ? db : dw), HL_ARG_UINT (n_in),
                        HL_ARG_UINT (rows), HL_ARG_UINT (of_state && sizes->cell == HL_CELL_GRU ? 2 * sizes->hidden : rows),
                        HL_ARG_UINT (sizes->hidden), HL_ARG_UINT (sizes->times), HL_ARG_UINT (sizes->slots * sizes->hidden),
                        HL_ARG_UINT (v->block), HL_ARG_UINT (v->time), HL_ARG_UINT (v->first), HL_ARG_INT (shift),
                        HL_ARG_UINT (call->n_blocks), HL_ARG_INT (db != NULL));
}

static gboolean
backward_inputs (const HlLayerCall *call, guint layer, guint direction, const Place *dx, gboolean add, HlTensor *gates,
                 GError **error)
{
  const State *state = call->state;
  const HlRecurrentSizes *sizes = &state->sizes;
  guint n_in = hl_recurrent_n_inputs (sizes, layer), tile = state->tile_inputs[layer > 0];
  gsize tiles = (gsize) ((n_in + tile - 1) / tile) * ((sizes->times + state->tile_times - 1) / state->tile_times);
  HlTensor *w_ih = call->w[hl_recurrent_weight (sizes, layer, direction)];

  return hl_kernel_run (state->inputs[layer > 0], call->n_blocks * tiles, error, HL_ARG_TENSOR (gates), HL_ARG_TENSOR (w_ih),
                        HL_ARG_TENSOR (dx->tensor), HL_ARG_UINT (n_in), HL_ARG_UINT (sizes->gates * sizes->hidden),
                        HL_ARG_UINT (sizes->times), HL_ARG_UINT (sizes->slots * sizes->hidden), HL_ARG_UINT (dx->block),
                        HL_ARG_UINT (dx->time), HL_ARG_UINT (dx->first), HL_ARG_INT (add));
}

/* d_states: the gradient of this layer's states, which the last layer has in dy; dx: where that of its inputs goes, or no tensor. */
static gboolean
backward_layer (const HlLayerCall *call, guint layer, HlTensor *d_states, const Place *dx, GError **error)
{
  const State *state = call->state;
  const HlRecurrentSizes *sizes = &state->sizes;

  for (guint direction = 0; direction < sizes->directions; direction++)
    {
      guint weight = hl_recurrent_weight (sizes, layer, direction);
      g_autoptr (HlTensor) in = NULL, out = get_part (call, HL_RECURRENT_STATES, layer, 0);
      g_autoptr (HlTensor) gates = get_part (call, HL_RECURRENT_GATES, layer, direction);
      Place x = place_input (call, layer, &in), states = place_states (sizes, out, direction);
      gboolean add = direction > 0 || (layer == 0 && call->accumulate[0]);

      if (!backward_steps (call, layer, direction, d_states, gates, error)
          || !backward_weights (call, state->weights_ih[layer > 0], weight, hl_recurrent_n_inputs (sizes, layer), FALSE, &x, 0,
                                gates, error)
          || !backward_weights (call, state->weights_hh, weight + 1, sizes->hidden, TRUE, &states, direction ? 1 : -1, gates, error)
          || (dx->tensor && !backward_inputs (call, layer, direction, dx, add, gates, error)))
        return FALSE;
    }
  return TRUE;
}

gboolean
hl_recurrent_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;
  const HlRecurrentSizes *sizes = &state->sizes;
  g_autoptr (HlTensor) above = hl_tensor_ref (call->dy->tensor);

  for (guint layer = sizes->layers; layer-- > 0;)
    {
      g_autoptr (HlTensor) below = layer > 0 ? get_gradient (call, layer) : NULL;
      Place dx = { NULL, 0, 0, 0, 0 };

      if (layer > 0)
        dx = place_states (sizes, below, 0);
      else if (call->dx[0])
        dx = place_value (call->dx[0]);
      if (!backward_layer (call, layer, above, &dx, error))
        return FALSE;
      if (layer > 0 && sizes->masked && call->training)
        {
          /* Nobody reads any more what this layer read: its place takes the masked gradient. */
          g_autoptr (HlTensor) masked = get_part (call, HL_RECURRENT_DROPPED, layer - 1, 0);

          if (!run_mask (call, layer - 1, below, masked, error))
            return FALSE;
          hl_tensor_unref (above);
          above = g_steal_pointer (&masked);
        }
      else if (layer > 0)
        {
          hl_tensor_unref (above);
          above = g_steal_pointer (&below);
        }
    }
  return TRUE;
}
