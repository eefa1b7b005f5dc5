/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Slice: a part of one axis. Several of them split a value. */

#include "engine/layers/strided.h"

enum { FORWARD, BACKWARD };

typedef struct
{
  int axis, start, length;
} Slice;

static const HlParam slice_params[] = {
  HL_INT (Slice, axis, N_("Axis"), HL_UNIT_NONE, -HL_MAX_DIMS, HL_MAX_DIMS - 1, 0,
          N_("0 is the channel; -1 the last axis, -2 the one before it.")),
  HL_INT (Slice, start, N_("Start"), HL_UNIT_NONE, -(1 << 24), 1 << 24, 0,
          N_("The first place that is kept, counted from 0; negative ones count from the end.")),
  HL_INT (Slice, length, N_("Length"), HL_UNIT_NONE, 0, 1 << 24, 1, N_("How many places are kept; 0: all to the end.")),
  HL_PARAM_END
};

static const HlLayerExample slice_examples[] = {
  { "start=1;length=3", { HL_SHAPE_1 (7) } },
  { "axis=1;start=-2;length=0", { HL_SHAPE_3 (3, 5, 7) } },
  { "axis=-1;start=2;length=4", { HL_SHAPE_3 (2, 3, 9) } },
  { "axis=2;start=0;length=2", { HL_SHAPE_4 (2, 3, 4, 5) } },
  { NULL, { { 0 } } }
};

/* What the parameters mean for a shape. */
static gboolean
find_part (const Slice *slice, const HlShape *shape, guint *axis, guint *start, guint *length, GError **error)
{
  gint64 size, first, n;

  if (!hl_axis_find (slice->axis, shape, axis, error))
    return FALSE;
  size = shape->dim[*axis];
  first = slice->start < 0 ? slice->start + size : slice->start;
  n = slice->length == 0 ? size - first : slice->length;
  if (first < 0 || n <= 0 || first + n > size)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs places inside its axis of %d, but starts at %d and keeps %d."), (int) size, slice->start,
                   slice->length);
      return FALSE;
    }
  *start = (guint) first;
  *length = (guint) n;
  return TRUE;
}

static gboolean
slice_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
            GError **error)
{
  guint axis, start, length;

  if (!find_part (params, &inputs[0], &axis, &start, &length, error))
    return FALSE;
  plan->output = inputs[0];
  plan->output.dim[axis] = length;
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static gboolean
slice_prepare (HlLayerCall *call, GError **error)
{
  HlPasses *passes = call->state = g_new0 (HlPasses, 2);
  HlView x = hl_view_new (call->x[0]), y = hl_view_new (call->y);
  guint axis, start, length, first[HL_MAX_DIMS] = { 0 };

  if (!find_part (call->params, &call->x[0]->shape, &axis, &start, &length, error))
    return FALSE;
  first[axis] = start;
  hl_view_slice (&x, axis, (int) start, (int) length, 1);
  hl_strided_prepare (hl_passes_add (&passes[FORWARD]), call, &y, &x, NULL, "a", 1, FALSE);
  if (!call->dx[0])
    return TRUE;
  x = hl_view_new (call->dx[0]);
  y = hl_view_new (call->dy);
  hl_view_slice (&x, axis, (int) start, (int) length, 1);
  if (!call->accumulate[0])
    hl_passes_add_fill (&passes[BACKWARD], call, call->dx[0], first, call->dy->shape.dim, 0);
  hl_strided_prepare (hl_passes_add (&passes[BACKWARD]), call, &x, &y, NULL, "a", 1, call->accumulate[0]);
  return TRUE;
}

static gboolean
slice_forward (const HlLayerCall *call, GError **error)
{
  return hl_passes_run ((const HlPasses *) call->state + FORWARD, call, error);
}

static gboolean
slice_backward (const HlLayerCall *call, GError **error)
{
  return hl_passes_run ((const HlPasses *) call->state + BACKWARD, call, error);
}

static gint64
source (const void *params, const HlShape *x, const guint *at)
{
  guint axis = 0, start = 0, length, from[HL_MAX_DIMS];

  find_part (params, x, &axis, &start, &length, NULL);
  for (guint k = 0; k < x->n_dims; k++)
    from[k] = at[k] + (k == axis ? start : 0);
  return (gint64) hl_shape_number (x, from);
}

static void
slice_reference (const HlLayerReference *call)
{
  hl_gather_reference (call, source, 0);
}

static gboolean
slice_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  guint axis, start, length;

  if (!find_part (params, &inputs[0], &axis, &start, &length, error))
    return FALSE;
  hl_op_list_add_ints (ops, "starts", 1, (const gint64[]) { start });
  hl_op_list_add_ints (ops, "ends", 1, (const gint64[]) { (gint64) start + length });
  hl_op_list_add_ints (ops, "axes", 1, (const gint64[]) { axis + 1 });
  hl_op_list_add (ops, "Slice", "$x0,starts,ends,axes", "$y");
  return TRUE;
}

static char *
slice_describe (const void *params)
{
  const Slice *slice = params;

  if (slice->length == 0)
    return g_strdup_printf (_("axis %d, from %d on"), slice->axis, slice->start);
  return g_strdup_printf (_("axis %d, %d from %d on"), slice->axis, slice->length, slice->start);
}

const HlLayerClass hl_slice_layer = {
  .base = {
    .name = "slice",
    .title = N_("Slice"),
    .group = N_("Shape"),
    .summary = N_("Keeps a part of one axis: some channels, rows or steps."),
    .help = N_("Keeps the places start, start + 1, ... of one axis. To split a value, let several slices read it: with lengths that "
               "add up to the axis they do what PyTorch's split and ONNX's Split do. The gradient of what is left out is zero. "
               "Axes are counted without the batch: 0 is the channel. To cut off the rim of images there is Crop."),
    .params_size = sizeof (Slice),
    .params = slice_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = slice_examples,
  .plan = slice_plan,
  .prepare = slice_prepare,
  .forward = slice_forward,
  .backward = slice_backward,
  .reference = slice_reference,
  .lower = slice_lower,
  .describe = slice_describe,
};
