/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Transposed convolution on the device, with the kernels of convolution: what is forward here is the gradient of the input
 * there, and the other way round, because one is the other's adjoint. */

#include "engine/layers/conv-private.h"

enum { FORWARD, SUM, BACKWARD };

typedef struct
{
  Conv adjoint;        /* from y to x */
  ConvLayout layout;
} State;

Conv
hl_conv_transpose_adjoint (const Conv *conv, guint channels)
{
  Conv adjoint = *conv;

  adjoint.filters = (int) channels;
  adjoint.padding_mode = CONV_ZEROS;
  adjoint.table = CONV_TABLE_NONE;
  return adjoint;
}

/* ---- Preparing ---- */

static HlKernel *
add_forward (HlLayerCall *call, const State *state)
{
  const HlEpilogue *epilogue = &call->plan->epilogue;
  g_autoptr (GString) defines = hl_conv_defines (&state->adjoint, call->y, FALSE);

  hl_value_append_defines (call->x[0], "U", defines);
  hl_conv_append (defines, "HAS_DX", 1);
  hl_conv_append (defines, "BIAS", state->adjoint.bias);
  hl_conv_append (defines, "ACCUMULATE", 0);
  hl_conv_append_dx (defines, &state->adjoint, &state->layout, call->y);
  g_string_append_printf (defines, "ACTIVATION=(%s);", epilogue->has_activation ? epilogue->value : "v");
  return hl_kernel_set_add (call->kernels, "conv2d_backward", "conv2d_transposed", defines->str);
}

static HlKernel *
add_weights (HlLayerCall *call, const State *state, gboolean dw, gboolean db)
{
  g_autoptr (GString) defines = hl_conv_defines (&state->adjoint, call->dy, FALSE);

  hl_value_append_defines (call->dy, "DY", defines);
  hl_value_append_defines (call->x[0], "G", defines);
  hl_conv_append (defines, "UNPOOL", 0);
  hl_conv_append (defines, "OPEN_Y", 1);
  hl_conv_append (defines, "OPEN_X", 1);
  hl_conv_append (defines, "HAS_DX", 0);
  hl_conv_append (defines, "HAS_DW", dw);
  hl_conv_append (defines, "HAS_DB", db);
  hl_conv_append (defines, "BIAS", state->adjoint.bias);
  hl_conv_append_dw (defines, &state->adjoint, &state->layout, call->y->shape.dim[0]);
  return hl_kernel_set_add (call->kernels, "conv2d_backward", "conv2d_backward", defines->str);
}

static gboolean
has_kind (const HlLayerCall *call, ConvKind kind)
{
  const State *state = call->state;

  return kind == CONV_DX ? call->dx[0] != NULL : kind == CONV_DW ? call->dw[0] != NULL : state->adjoint.bias && call->dw[1];
}

/* A CPU computes the gradients of weights and bias in one kernel, the first. */
static gboolean
is_merged (const HlLayerCall *call)
{
  return call->lanes <= 16;
}

static void
add_backward (HlLayerCall *call, const State *state)
{
  gboolean dw = has_kind (call, CONV_DW), db = has_kind (call, CONV_DB);
  Conv plain = state->adjoint;

  plain.bias = CONV_BIAS_NONE;
  if (has_kind (call, CONV_DX))
    call->kernel[BACKWARD + CONV_DX]
      = hl_conv_add_forward (call, &plain, &state->layout, call->dy, call->dx[0], NULL, call->accumulate[0]);
  if (is_merged (call) && (dw || db))
    call->kernel[BACKWARD + CONV_DW] = add_weights (call, state, dw, db);
  if (!is_merged (call) && dw)
    call->kernel[BACKWARD + CONV_DW] = add_weights (call, state, TRUE, FALSE);
  if (!is_merged (call) && db)
    call->kernel[BACKWARD + CONV_DB] = add_weights (call, state, FALSE, TRUE);
}

gboolean
hl_conv_transpose_prepare (const Conv *conv, HlLayerCall *call)
{
  HlShape x = hl_conv_image (&call->x[0]->shape), y = hl_conv_image (&call->plan->output);
  State *state = g_new0 (State, 1);
  guint64 n_weights;

  call->state = state;
  state->adjoint = hl_conv_transpose_adjoint (conv, x.dim[0]);
  n_weights = hl_conv_count_weights (&state->adjoint, y.dim[0]);
  hl_conv_get_layout (&state->adjoint, &y, &x, NULL, call->capacity, call->lanes, call->compute_units, call->training, TRUE,
                      &state->layout);
  hl_conv_fit_parts (call, n_weights, &state->layout);
  call->kernel[FORWARD] = add_forward (call, state);
  if (!call->training || !call->dy)
    return TRUE;
  add_backward (call, state);
  if (state->layout.parts > 1 && call->dw[0])
    call->kernel[SUM] = hl_conv_add_sum (call, &state->layout, n_weights);
  return TRUE;
}

/* ---- Running ---- */

gboolean
hl_conv_transpose_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  return hl_kernel_run (call->kernel[FORWARD],
                        hl_conv_count_dx_items (&state->adjoint, &state->layout, &call->y->shape, call->n_blocks), error,
                        HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->w[0]),
                        HL_ARG_TENSOR (state->adjoint.bias ? call->w[1] : call->w[0]), HL_ARG_TENSOR (call->y->tensor));
}

static gboolean
run_dx (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  return hl_kernel_run (call->kernel[BACKWARD + CONV_DX],
                        hl_conv_count_forward_items (&state->adjoint, &state->layout, &call->x[0]->shape, call->n_blocks), error,
                        HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (call->w[0]), HL_ARG_TENSOR (call->w[0]),
                        HL_ARG_TENSOR (call->dx[0]->tensor), HL_ARG_TENSOR (call->dx[0]->tensor), HL_ARG_INT (FALSE));
}

/* The convolution's input is dy here, and the gradient of its output is x. */
static gboolean
run_weights (const HlLayerCall *call, HlKernel *kernel, HlTensor *dw, guint n_dw, guint n_db, GError **error)
{
  HlTensor *none = call->w[0];

  return hl_kernel_run (kernel, n_dw + n_db, error, HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (call->w[0]),
                        HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (none),
                        HL_ARG_TENSOR (none), HL_ARG_TENSOR (dw ? dw : none), HL_ARG_TENSOR (n_db > 0 ? call->dw[1] : none),
                        HL_ARG_INT ((int) call->n_blocks), HL_ARG_INT ((int) n_dw), HL_ARG_INT (0));
}

gboolean
hl_conv_transpose_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;
  guint n_dw = has_kind (call, CONV_DW) ? state->layout.n_dw_tiles * state->layout.parts : 0;
  guint n_db = has_kind (call, CONV_DB) ? call->y->shape.dim[0] : 0;
  HlKernel *dw_kernel = call->kernel[BACKWARD + CONV_DW], *db_kernel = call->kernel[BACKWARD + CONV_DB];
  gsize first = state->layout.parts_first;
  g_autoptr (HlTensor) dw = NULL;

  if (n_dw > 0)
    dw = call->kernel[SUM] ? hl_tensor_new_slice (call->workspace, first, hl_tensor_get_length (call->workspace) - first)
                           : hl_tensor_ref (call->dw[0]);
  if (has_kind (call, CONV_DX) && !run_dx (call, error))
    return FALSE;
  if (dw_kernel && !run_weights (call, dw_kernel, dw, n_dw, is_merged (call) ? n_db : 0, error))
    return FALSE;
  if (db_kernel && !run_weights (call, db_kernel, NULL, 0, n_db, error))
    return FALSE;
  return call->kernel[SUM] == NULL
         || hl_kernel_run (call->kernel[SUM],
                           hl_conv_pieces ((guint) hl_conv_count_weights (&state->adjoint, call->y->shape.dim[0]), call->lanes),
                           error, HL_ARG_TENSOR (dw), HL_ARG_TENSOR (call->dw[0]));
}
