/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Softmax over one axis of a sample, and what log-softmax shares with it. */

#include "engine/layers/softmax-private.h"

#include <math.h>

/* Vectors an item handles at least. */
#define SMALLEST_ITEM 64

/* How an axis cuts a sample into lines, in the three axes that kernels know: see kernels/softmax.cl. */
typedef struct
{
  enum { CHANNEL, ROW, COLUMN } along;
  guint length, n_lines, high, low, columns;
} Lines;

typedef struct { guint items_per_block; } State;

const HlParam hl_softmax_params[] = {
  HL_INT (Softmax, axis, N_("Axis"), HL_UNIT_NONE, -HL_MAX_DIMS, HL_MAX_DIMS - 1, 0,
          N_("Of the sample: 0 is the channel; -1 is the last axis, the column of an image.")),
  HL_PARAM_END
};

const HlLayerExample hl_softmax_examples[] = {
  { NULL, { HL_SHAPE_1 (10) } },
  { "axis=-1", { HL_SHAPE_1 (1) } },
  { NULL, { HL_SHAPE_3 (3, 5, 7) } },
  { "axis=-1", { HL_SHAPE_2 (5, 3) } },
  { "axis=1", { HL_SHAPE_3 (3, 5, 7) } },
  { "axis=2", { { 5, { 2, 3, 4, 2, 3 } } } },
  { NULL, { { 0 } } }
};

/* The axis counted from the front, n_dims or more where the sample has no such axis. */
static guint
find_axis (const void *params, const HlShape *shape)
{
  int axis = ((const Softmax *) params)->axis;

  if (axis < 0)
    axis += (int) shape->n_dims;
  return axis < 0 ? G_MAXUINT : (guint) axis;
}

gboolean
hl_softmax_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
                 HlLayerPlan *plan, GError **error)
{
  if (find_axis (params, &inputs[0]) >= inputs[0].n_dims)
    {
      g_autofree char *got = hl_shape_to_string (&inputs[0]);

      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("works over axis %d, but gets %s: with %u axes they go from %d to %d."), ((const Softmax *) params)->axis,
                   got, inputs[0].n_dims, -(int) inputs[0].n_dims, (int) inputs[0].n_dims - 1);
      return FALSE;
    }
  plan->output = inputs[0];
  plan->needs_x = FALSE;
  return TRUE;
}

static Lines
find_lines (const void *params, const HlShape *shape)
{
  guint axis = find_axis (params, shape), rows = hl_shape_rows (shape);
  Lines lines = { .length = shape->dim[axis], .high = 1, .low = rows, .columns = hl_shape_columns (shape) };

  lines.n_lines = (guint) (hl_shape_get_count (shape) / lines.length);
  if (axis == 0)
    lines.along = CHANNEL;
  else if (axis + 1 == shape->n_dims)
    {
      lines.along = COLUMN;
      lines.columns = 1;
    }
  else
    {
      lines.along = ROW;
      lines.low = 1;
      for (guint k = axis + 1; k + 1 < shape->n_dims; k++)
        lines.low *= shape->dim[k];
      lines.high = rows / (lines.low * lines.length);
    }
  return lines;
}

static void
append_value (const Lines *lines, const HlValue *value, const char *prefix, GString *defines)
{
  guint step = lines->along == CHANNEL ? hl_value_plane_step (value)
               : lines->along == ROW ? hl_value_row_step (value) * lines->low : 1;

  hl_value_append_defines (value, prefix, defines);
  g_string_append_printf (defines, "%s_AXIS=%u;", prefix, step);
}

gboolean
hl_softmax_prepare (HlLayerCall *call, gboolean take_log)
{
  State *state = call->state = g_new0 (State, 1);
  Lines lines = find_lines (call->params, &call->y->shape);
  guint chunk = CLAMP (SMALLEST_ITEM / lines.length, 1, lines.n_lines);
  g_autoptr (GString) defines = g_string_new (NULL);
  gsize shared;

  state->items_per_block = (lines.n_lines + chunk - 1) / chunk;
  g_string_printf (defines, "LOG=%d;CHUNK=%u;LENGTH=%u;LINES=%u;HIGH=%u;LOW=%u;COLUMNS=%u;", take_log ? 1 : 0, chunk, lines.length,
                   lines.n_lines, lines.high, lines.low, lines.columns);
  append_value (&lines, call->y, "Y", defines);
  shared = defines->len;
  append_value (&lines, call->x[0], "X", defines);
  call->kernel[0] = hl_kernel_set_add (call->kernels, "softmax", "softmax_forward", defines->str);
  if (!call->dx[0])
    return TRUE;
  g_string_truncate (defines, shared);
  append_value (&lines, call->dy, "DY", defines);
  append_value (&lines, call->dx[0], "DX", defines);
  g_string_append_printf (defines, "ADD=%d", call->accumulate[0] ? 1 : 0);
  call->kernel[1] = hl_kernel_set_add (call->kernels, "softmax", "softmax_backward", defines->str);
  return TRUE;
}

gboolean
hl_softmax_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  return hl_kernel_run (call->kernel[0], call->n_blocks * state->items_per_block, error,
                        HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->y->tensor));
}

gboolean
hl_softmax_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  return !call->dx[0]
         || hl_kernel_run (call->kernel[1], call->n_blocks * state->items_per_block, error,
                           HL_ARG_TENSOR (call->y->tensor), HL_ARG_TENSOR (call->dy->tensor),
                           HL_ARG_TENSOR (call->dx[0]->tensor));
}

/* ---- Reference ---- */

/* One line: n values, `step` apart. */
static void
reference_line (const HlLayerReference *call, gboolean take_log, gsize first, gsize n, gsize step)
{
  const double *x = call->x[0] + first;
  double *y = call->y + first, top = x[0], sum = 0, dot = 0;

  for (gsize i = 1; i < n; i++)
    top = MAX (top, x[i * step]);
  for (gsize i = 0; i < n; i++)
    sum += exp (x[i * step] - top);
  for (gsize i = 0; i < n; i++)
    y[i * step] = take_log ? x[i * step] - top - log (sum) : exp (x[i * step] - top) / sum;
  if (!call->dy || !call->dx[0])
    return;
  for (gsize i = 0; i < n; i++)
    dot += (take_log ? 1 : y[i * step]) * call->dy[first + i * step];
  for (gsize i = 0; i < n; i++)
    {
      double d = call->dy[first + i * step];

      call->dx[0][first + i * step] += take_log ? d - exp (y[i * step]) * dot : y[i * step] * (d - dot);
    }
}

void
hl_softmax_reference (const HlLayerReference *call, gboolean take_log)
{
  const HlShape *shape = &call->x_shape[0];
  guint axis = find_axis (call->params, shape);
  gsize n = shape->dim[axis], count = call->batch * hl_shape_get_count (shape), step = 1;

  for (guint k = axis + 1; k < shape->n_dims; k++)
    step *= shape->dim[k];
  for (gsize group = 0; group < count; group += n * step)
    for (gsize i = 0; i < step; i++)
      reference_line (call, take_log, group + i, n, step);
}

/* ---- The rest ---- */

void
hl_softmax_lower (const void *params, const HlShape *input, const char *op_type, HlOpList *ops)
{
  hl_op_list_add (ops, op_type, "$x0", "$y");
  /* ONNX counts the batch as axis 0. */
  hl_op_list_set_int (ops, "axis", find_axis (params, input) + 1);
}

char *
hl_softmax_describe (const void *params)
{
  const Softmax *self = params;

  return self->axis == 0 ? g_strdup (_("over channels")) : g_strdup_printf (_("over axis %d"), self->axis);
}

/* Whatever comes after it, what comes before it is not followed by that. */
double
hl_softmax_gain (const void *params)
{
  return 1;
}

static gboolean
softmax_prepare (HlLayerCall *call, GError **error)
{
  return hl_softmax_prepare (call, FALSE);
}

static void
softmax_reference (const HlLayerReference *call)
{
  hl_softmax_reference (call, FALSE);
}

static gboolean
softmax_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
               GError **error)
{
  hl_softmax_lower (params, &inputs[0], "Softmax", ops);
  return TRUE;
}

const HlLayerClass hl_softmax_layer = {
  .base = {
    .name = "softmax",
    .title = N_("Softmax"),
    .group = N_("Activation"),
    .summary = N_("Turns scores into probabilities that add up to 1."),
    .help = N_("y(i) = exp (x(i)) / sum of exp (x(k)) over the axis, usually the channels. The loss Cross-entropy applies "
               "it itself, so a network trained with it should end without: softmax twice flattens the probabilities and "
               "slows learning. Use it inside a network, or with the loss Mean squared error. PyTorch and ONNX count the "
               "batch as axis 0, so their axis is one more than this one."),
    .params_size = sizeof (Softmax),
    .params = hl_softmax_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hl_softmax_examples,
  .plan = hl_softmax_plan,
  .prepare = softmax_prepare,
  .forward = hl_softmax_forward,
  .backward = hl_softmax_backward,
  .reference = softmax_reference,
  .lower = softmax_lower,
  .describe = hl_softmax_describe,
  .gain = hl_softmax_gain,
};
