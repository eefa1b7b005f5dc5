/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution on the device: which kernels it takes, and the calls. */

#include "engine/layers/conv-private.h"

/* The kinds of backward work come together in one kernel on a CPU and as three kernels from BACKWARD on a GPU. */
enum { FORWARD, PAD, UNPOOL, FOLD, SUM, MASK, BACKWARD };

typedef struct
{
  Conv conv;
  ConvLayout layout;
} State;

/* ---- Kernels ---- */

void
hl_conv_append (GString *defines, const char *name, int value)
{
  g_string_append_printf (defines, "%s=%d;", name, value);
}

static void
append_table (GString *defines, const Conv *conv)
{
  guint n_filters, n_channels;
  const guint32 *table = hl_conv_table_get (conv->table, &n_filters, &n_channels);

  hl_conv_append (defines, "HAS_TABLE", table != NULL);
  if (!table)
    return;
  g_string_append (defines, "TABLE=");
  for (guint i = 0; i < n_filters; i++)
    g_string_append_printf (defines, "%s%uu", i > 0 ? ", " : "", table[i]);
  g_string_append_c (defines, ';');
}

GString *
hl_conv_defines (const Conv *conv, const HlValue *x, gboolean padded)
{
  GString *defines = g_string_new (NULL);

  hl_conv_append (defines, "SIZE_Y", conv->size_y);
  hl_conv_append (defines, "SIZE_X", conv->size_x);
  hl_conv_append (defines, "STRIDE_Y", conv->stride_y);
  hl_conv_append (defines, "STRIDE_X", conv->stride_x);
  hl_conv_append (defines, "PAD_Y", padded ? 0 : conv->pad_top);
  hl_conv_append (defines, "PAD_X", padded ? 0 : conv->pad_left);
  hl_conv_append (defines, "DILATION_Y", conv->dilation_y);
  hl_conv_append (defines, "DILATION_X", conv->dilation_x);
  hl_conv_append (defines, "GROUPS", conv->groups);
  hl_conv_append (defines, "GROUP_CHANNELS", (int) x->shape.dim[0] / conv->groups);
  hl_conv_append (defines, "GROUP_FILTERS", conv->filters / conv->groups);
  hl_value_append_defines (x, "X", defines);
  return defines;
}

HlKernel *
hl_conv_add_forward (HlLayerCall *call, const Conv *conv, const ConvLayout *layout, const HlValue *x, const HlValue *y,
                     const HlEpilogue *epilogue, gboolean accumulate)
{
  g_autoptr (GString) defines = hl_conv_defines (conv, x, layout->padded.shape.n_dims > 0);
  guint group_tiles = hl_conv_pieces (conv->filters / conv->groups, layout->tile_filters);
  gboolean pool = epilogue && epilogue->has_pool;

  hl_value_append_defines (y, "Y", defines);
  hl_conv_append (defines, "TILE_FILTERS", (int) layout->tile_filters);
  hl_conv_append (defines, "TILE_Y", (int) layout->tile_y);
  hl_conv_append (defines, "TILE_X", (int) layout->tile_x);
  hl_conv_append (defines, "GROUP_TILES", (int) group_tiles);
  hl_conv_append (defines, "FILTER_TILES", (int) group_tiles * conv->groups);
  hl_conv_append (defines, "ROW_TILES", (int) hl_conv_pieces (hl_shape_rows (&y->shape), layout->tile_y));
  hl_conv_append (defines, "UNROLL_X", conv->size_x <= 7);
  hl_conv_append (defines, "BIAS", conv->bias);
  hl_conv_append (defines, "ACCUMULATE", accumulate);
  hl_conv_append (defines, "POOL_Y", pool ? (int) epilogue->pool.size_y : 1);
  hl_conv_append (defines, "POOL_X", pool ? (int) epilogue->pool.size_x : 1);
  g_string_append_printf (defines, "ACTIVATION=(%s);", epilogue && epilogue->has_activation ? epilogue->value : "v");
  return hl_kernel_set_add (call->kernels, "conv2d", "conv2d_forward", defines->str);
}

gsize
hl_conv_count_forward_items (const Conv *conv, const ConvLayout *layout, const HlShape *y, guint n_blocks)
{
  return (gsize) n_blocks * hl_conv_pieces (hl_shape_rows (y), layout->tile_y) * conv->groups
         * hl_conv_pieces (conv->filters / conv->groups, layout->tile_filters);
}

void
hl_conv_append_dx (GString *defines, const Conv *conv, const ConvLayout *layout, const HlValue *dx)
{
  guint tiles = hl_conv_pieces (dx->shape.dim[0] / conv->groups, layout->tile_channels);

  hl_value_append_defines (dx, "DX", defines);
  hl_conv_append (defines, "DX_WHOLE_ROW", layout->dx_whole_row);
  hl_conv_append (defines, "TILE_CHANNELS", (int) layout->tile_channels);
  hl_conv_append (defines, "TILE_COLUMNS", (int) layout->tile_columns);
  hl_conv_append (defines, "DX_GROUP_TILES", (int) tiles);
  hl_conv_append (defines, "CHANNEL_TILES", (int) tiles * conv->groups);
}

guint
hl_conv_count_dx_items (const Conv *conv, const ConvLayout *layout, const HlShape *x, guint n_blocks)
{
  return n_blocks * hl_shape_rows (x) * conv->groups * hl_conv_pieces (x->dim[0] / conv->groups, layout->tile_channels);
}

void
hl_conv_append_dw (GString *defines, const Conv *conv, const ConvLayout *layout, guint channels)
{
  hl_conv_append (defines, "WEIGHT_FILTERS", (int) layout->weight_filters);
  hl_conv_append (defines, "WEIGHT_CHANNELS", (int) layout->weight_channels);
  hl_conv_append (defines, "WEIGHT_TAPS", (int) layout->weight_taps);
  hl_conv_append (defines, "TAP_ROWS", (int) layout->tap_rows);
  hl_conv_append (defines, "STRIP_ROWS", (int) layout->strip_rows);
  hl_conv_append (defines, "DW_GROUP_TILES", (int) hl_conv_pieces (conv->filters / conv->groups, layout->weight_filters));
  hl_conv_append (defines, "DW_CHANNEL_TILES", (int) hl_conv_pieces (channels / conv->groups, layout->weight_channels));
  hl_conv_append (defines, "TAP_TILES", (int) hl_conv_pieces (conv->size_x, layout->weight_taps));
  hl_conv_append (defines, "PARTS", (int) layout->parts);
  hl_conv_append (defines, "WEIGHTS", (int) hl_conv_count_weights (conv, channels));
  append_table (defines, conv);
}

HlKernel *
hl_conv_add_sum (HlLayerCall *call, const ConvLayout *layout, guint64 n_weights)
{
  g_autofree char *defines = g_strdup_printf ("PARTS=%u;WEIGHTS=%" G_GUINT64_FORMAT, layout->parts, n_weights);

  return hl_kernel_set_add (call->kernels, "conv2d_backward", "conv2d_sum", defines);
}

static HlKernel *
add_padding (HlLayerCall *call, const State *state, const char *kernel, const HlValue *x)
{
  const Conv *conv = &state->conv;
  g_autoptr (GString) defines = g_string_new (NULL);
  char value[G_ASCII_DTOSTR_BUF_SIZE];

  hl_value_append_defines (x, "X", defines);
  hl_value_append_defines (&state->layout.padded, "P", defines);
  hl_conv_append (defines, "PAD_Y", conv->pad_top);
  hl_conv_append (defines, "PAD_X", conv->pad_left);
  hl_conv_append (defines, "REFLECT", conv->padding_mode == CONV_REFLECT);
  hl_conv_append (defines, "CONSTANT", conv->padding_mode == CONV_CONSTANT);
  hl_conv_append (defines, "ACCUMULATE", call->accumulate[0]);
  g_ascii_formatd (value, sizeof value, "%.9e", conv->padding_value);
  g_string_append_printf (defines, "PADDING=(%sf);", value);
  return hl_kernel_set_add (call->kernels, "conv2d", kernel, defines->str);
}

static HlKernel *
add_unpool (HlLayerCall *call, const ConvLayout *layout)
{
  g_autoptr (GString) defines = g_string_new (NULL);

  hl_value_append_defines (call->dy, "DY", defines);
  hl_value_append_defines (&layout->unpooled, "U", defines);
  hl_conv_append (defines, "POOL_Y", (int) call->plan->epilogue.pool.size_y);
  hl_conv_append (defines, "POOL_X", (int) call->plan->epilogue.pool.size_x);
  return hl_kernel_set_add (call->kernels, "conv2d", "conv2d_unpool", defines->str);
}

/* The table hides weights that the arena has room for. */
static HlKernel *
add_mask (HlLayerCall *call, const Conv *conv, guint channels)
{
  g_autoptr (GString) defines = g_string_new (NULL);

  append_table (defines, conv);
  hl_conv_append (defines, "CHANNELS", (int) channels);
  hl_conv_append (defines, "TAPS", conv->size_y * conv->size_x);
  hl_conv_append (defines, "WEIGHTS", (int) hl_conv_count_weights (conv, channels));
  return hl_kernel_set_add (call->kernels, "conv2d_backward", "conv2d_mask", defines->str);
}

static gboolean
is_gpu (const HlLayerCall *call)
{
  return call->lanes > 16;
}

static HlKernel *
add_backward (HlLayerCall *call, const State *state, const gboolean *has)
{
  const Conv *conv = &state->conv;
  const ConvLayout *layout = &state->layout;
  gboolean padded = layout->padded.shape.n_dims > 0;
  gboolean unpooled = call->plan->epilogue.has_pool && !layout->unpool_in_dw;
  g_autoptr (GString) defines = hl_conv_defines (conv, padded ? &layout->padded : call->x[0], padded);

  hl_value_append_defines (call->dy, "DY", defines);
  hl_value_append_defines (unpooled ? &layout->unpooled : call->dy, "U", defines);
  hl_value_append_defines (unpooled ? &layout->unpooled : call->dy, "G", defines);
  hl_conv_append (defines, "UNPOOL", layout->unpool_in_dw);
  hl_conv_append (defines, "OPEN_Y", layout->unpool_in_dw ? (int) call->plan->epilogue.pool.size_y : 1);
  hl_conv_append (defines, "OPEN_X", layout->unpool_in_dw ? (int) call->plan->epilogue.pool.size_x : 1);
  hl_conv_append (defines, "HAS_DX", has[CONV_DX]);
  hl_conv_append (defines, "HAS_DW", has[CONV_DW]);
  hl_conv_append (defines, "HAS_DB", has[CONV_DB]);
  hl_conv_append (defines, "BIAS", conv->bias);
  if (has[CONV_DX])
    {
      hl_conv_append_dx (defines, conv, layout, padded ? &layout->padded : call->dx[0]);
      hl_conv_append (defines, "ACCUMULATE", !padded && call->accumulate[0]);
    }
  hl_conv_append_dw (defines, conv, layout, call->x[0]->shape.dim[0]);
  return hl_kernel_set_add (call->kernels, "conv2d_backward", "conv2d_backward", defines->str);
}

/* ---- Preparing ---- */

static void
get_kinds (const HlLayerCall *call, gboolean *has)
{
  const State *state = call->state;

  has[CONV_DX] = call->dx[0] != NULL;
  has[CONV_DW] = call->dw[0] != NULL;
  has[CONV_DB] = state->conv.bias != CONV_BIAS_NONE && call->dw[1] != NULL;
}

static void
add_backward_kernels (HlLayerCall *call, const State *state)
{
  gboolean has[CONV_N_KINDS];

  get_kinds (call, has);
  if (!is_gpu (call))
    {
      if (has[CONV_DX] || has[CONV_DW] || has[CONV_DB])
        call->kernel[BACKWARD] = add_backward (call, state, has);
      return;
    }
  for (guint kind = 0; kind < CONV_N_KINDS; kind++)
    {
      gboolean only[CONV_N_KINDS] = { FALSE };

      only[kind] = TRUE;
      if (has[kind])
        call->kernel[BACKWARD + kind] = add_backward (call, state, only);
    }
}

gboolean
hl_conv_prepare (const Conv *conv, HlLayerCall *call)
{
  const HlEpilogue *epilogue = &call->plan->epilogue;
  HlShape x = hl_conv_image (&call->x[0]->shape), y = hl_conv_image (&call->plan->output);
  guint64 n_weights = hl_conv_count_weights (conv, x.dim[0]);
  State *state = g_new0 (State, 1);
  ConvLayout *layout = &state->layout;
  gboolean padded = conv->padding_mode != CONV_ZEROS;

  call->state = state;
  state->conv = *conv;
  hl_conv_get_layout (conv, &x, &y, epilogue->has_pool ? &epilogue->pool : NULL, call->capacity, call->lanes,
                      call->compute_units, call->training, call->dx[0] != NULL, layout);
  hl_conv_fit_parts (call, n_weights, layout);
  call->kernel[FORWARD]
    = hl_conv_add_forward (call, conv, layout, padded ? &layout->padded : call->x[0], call->y, epilogue, FALSE);
  if (padded)
    call->kernel[PAD] = add_padding (call, state, "conv2d_pad", call->x[0]);
  if (conv->table != CONV_TABLE_NONE)
    call->kernel[MASK] = add_mask (call, conv, x.dim[0]);
  if (!call->training || !call->dy)
    return TRUE;
  if (epilogue->has_pool && !layout->unpool_in_dw)
    call->kernel[UNPOOL] = add_unpool (call, layout);
  add_backward_kernels (call, state);
  if (padded && call->dx[0])
    call->kernel[FOLD] = add_padding (call, state, "conv2d_fold", call->dx[0]);
  if (layout->parts > 1 && call->dw[0])
    call->kernel[SUM] = hl_conv_add_sum (call, layout, n_weights);
  return TRUE;
}

/* ---- Running ---- */

/* A part of the workspace, or the whole of `otherwise` when it is not used. */
static HlTensor *
part_of_workspace (const HlLayerCall *call, gboolean used, gsize first, HlTensor *otherwise)
{
  return used ? hl_tensor_new_slice (call->workspace, first, hl_tensor_get_length (call->workspace) - first)
              : hl_tensor_ref (otherwise);
}

/* What both directions begin with, since the workspace keeps nothing between them: the padded input and masked weights. */
static gboolean
pad_and_mask (const HlLayerCall *call, HlTensor *padded, HlTensor *masked, GError **error)
{
  const HlShape *x = &call->x[0]->shape;
  const State *state = call->state;

  if (call->kernel[PAD]
      && !hl_kernel_run (call->kernel[PAD], (gsize) call->n_blocks * x->dim[0], error,
                         HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (padded)))
    return FALSE;
  return call->kernel[MASK] == NULL
         || hl_kernel_run (call->kernel[MASK],
                           hl_conv_pieces ((guint) hl_conv_count_weights (&state->conv, x->dim[0]), call->lanes), error, HL_ARG_TENSOR (call->w[0]), HL_ARG_TENSOR (masked));
}

gboolean
hl_conv_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;
  const ConvLayout *layout = &state->layout;
  g_autoptr (HlTensor) x = part_of_workspace (call, call->kernel[PAD] != NULL, layout->padded_first, call->x[0]->tensor);
  g_autoptr (HlTensor) w = part_of_workspace (call, call->kernel[MASK] != NULL, layout->masked_first, call->w[0]);
  HlTensor *bias = state->conv.bias != CONV_BIAS_NONE ? call->w[1] : call->w[0];
  /* A kernel prepared for training keeps positions also when such a network is only evaluated. */
  HlTensor *position = call->plan->epilogue.has_pool && call->saved[0] ? call->saved[0] : call->y->tensor;

  return pad_and_mask (call, x, w, error)
         && hl_kernel_run (call->kernel[FORWARD],
                           hl_conv_count_forward_items (&state->conv, layout, &call->y->shape, call->n_blocks), error,
                           HL_ARG_TENSOR (x), HL_ARG_TENSOR (w), HL_ARG_TENSOR (bias), HL_ARG_TENSOR (call->y->tensor),
                           HL_ARG_TENSOR (position), HL_ARG_INT (call->saved[0] != NULL));
}

static gboolean
run_backward (const HlLayerCall *call, HlTensor *x, HlTensor *w, HlTensor *u, HlTensor *dx, HlTensor *dw, GError **error)
{
  const State *state = call->state;
  const HlShape *dx_shape = call->kernel[PAD] ? &state->layout.padded.shape : &call->x[0]->shape;
  HlTensor *none = call->w[0];
  guint n[CONV_N_KINDS] = { 0 };
  gboolean has[CONV_N_KINDS];

  get_kinds (call, has);
  if (has[CONV_DX])
    n[CONV_DX] = hl_conv_count_dx_items (&state->conv, &state->layout, dx_shape, call->n_blocks);
  if (has[CONV_DW])
    n[CONV_DW] = state->layout.n_dw_tiles * state->layout.parts;
  if (has[CONV_DB])
    n[CONV_DB] = state->conv.filters;
  for (guint kind = 0; kind < CONV_N_KINDS; kind++)
    if (call->kernel[BACKWARD + kind]
        && !hl_kernel_run (call->kernel[BACKWARD + kind], is_gpu (call) ? n[kind] : n[CONV_DX] + n[CONV_DW] + n[CONV_DB], error,
                           HL_ARG_TENSOR (x), HL_ARG_TENSOR (w), HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (u),
                           HL_ARG_TENSOR (call->saved[0] ? call->saved[0] : none), HL_ARG_TENSOR (dx ? dx : none),
                           HL_ARG_TENSOR (dw ? dw : none), HL_ARG_TENSOR (has[CONV_DB] ? call->dw[1] : none),
                           HL_ARG_INT ((int) call->n_blocks), HL_ARG_INT ((int) n[CONV_DW]), HL_ARG_INT ((int) n[CONV_DX])))
      return FALSE;
  return TRUE;
}

gboolean
hl_conv_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;
  const ConvLayout *layout = &state->layout;
  gboolean unpool = call->kernel[UNPOOL] != NULL, padded = call->kernel[PAD] != NULL;
  g_autoptr (HlTensor) x = part_of_workspace (call, padded, layout->padded_first, call->x[0]->tensor);
  g_autoptr (HlTensor) w = part_of_workspace (call, call->kernel[MASK] != NULL, layout->masked_first, call->w[0]);
  g_autoptr (HlTensor) u = part_of_workspace (call, unpool, layout->unpooled_first, call->dy->tensor);
  g_autoptr (HlTensor) dx = NULL, dw = NULL;

  if (call->dx[0])
    dx = part_of_workspace (call, padded, layout->padded_gradient_first, call->dx[0]->tensor);
  if (call->dw[0])
    dw = part_of_workspace (call, layout->parts > 1, layout->parts_first, call->dw[0]);
  if (unpool
      && !hl_kernel_run (call->kernel[UNPOOL], (gsize) call->n_blocks * call->dy->shape.dim[0], error,
                         HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (call->saved[0]), HL_ARG_TENSOR (u)))
    return FALSE;
  if (!pad_and_mask (call, x, w, error) || !run_backward (call, x, w, u, dx, dw, error))
    return FALSE;
  if (call->kernel[FOLD]
      && !hl_kernel_run (call->kernel[FOLD], (gsize) call->n_blocks * call->x[0]->shape.dim[0], error, HL_ARG_TENSOR (dx),
                         HL_ARG_TENSOR (call->dx[0]->tensor)))
    return FALSE;
  return call->kernel[SUM] == NULL
         || hl_kernel_run (call->kernel[SUM],
                           hl_conv_pieces ((guint) hl_conv_count_weights (&state->conv, call->x[0]->shape.dim[0]), call->lanes),
                           error, HL_ARG_TENSOR (dw), HL_ARG_TENSOR (call->dw[0]));
}
