/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Slice: a part of one axis. Several of them split a value. */

#include "engine/layers/strided.h"

enum { FORWARD, BACKWARD };

typedef struct
{
  int axis, start, length, step;
} Slice;

/* What the parameters mean for a shape: places start, start + step, ..., length of them. */
typedef struct { guint axis, start, length; int step; } Part;

static const HlParam slice_params[] = {
  HL_INT (Slice, axis, N_("Axis"), HL_UNIT_NONE, -HL_MAX_DIMS, HL_MAX_DIMS - 1, 0,
          N_("0 is the channel; -1 the last axis, -2 the one before it.")),
  HL_INT (Slice, start, N_("Start"), HL_UNIT_NONE, -(1 << 24), 1 << 24, 0,
          N_("The first place that is kept, counted from 0; negative ones count from the end.")),
  HL_INT (Slice, length, N_("Length"), HL_UNIT_NONE, 0, 1 << 24, 1, N_("How many places are kept; 0: all to the end.")),
  HL_INT (Slice, step, N_("Step size"), HL_UNIT_NONE, -(1 << 24), 1 << 24, 1,
          N_("From a kept place to the next; 2 keeps every second one, -1 turns the order around.")),
  HL_PARAM_END
};

static const HlLayerExample slice_examples[] = {
  { "start=1;length=3", { HL_SHAPE_1 (7) } },
  { "axis=1;start=-2;length=0", { HL_SHAPE_3 (3, 5, 7) } },
  { "axis=-1;start=2;length=4", { HL_SHAPE_3 (2, 3, 9) } },
  { "axis=2;start=0;length=2", { HL_SHAPE_4 (2, 3, 4, 5) } },
  { "axis=1;start=-2;length=0;step=-2", { HL_SHAPE_2 (3, 8) } },
  { NULL, { { 0 } } }
};

static gboolean
find_part (const Slice *slice, const HlShape *shape, Part *part, GError **error)
{
  gint64 size, first, n, left;

  if (!hl_axis_find (slice->axis, shape, &part->axis, error))
    return FALSE;
  if (slice->step == 0)
    {
      g_set_error_literal (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, _("has a step of 0; it would keep one place for ever."));
      return FALSE;
    }
  size = shape->dim[part->axis];
  first = slice->start < 0 ? slice->start + size : slice->start;
  left = slice->step > 0 ? size - 1 - first : first;
  n = slice->length == 0 ? left / ABS (slice->step) + 1 : slice->length;
  if (first < 0 || first >= size || (n - 1) * ABS ((gint64) slice->step) > left)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs places inside its axis of %d, but starts at %d and keeps %d with a step of %d."), (int) size, slice->start,
                   slice->length, slice->step);
      return FALSE;
    }
  part->start = (guint) first;
  part->length = (guint) n;
  part->step = slice->step;
  return TRUE;
}

static gboolean
slice_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
            GError **error)
{
  Part part;

  if (!find_part (params, &inputs[0], &part, error))
    return FALSE;
  plan->output = inputs[0];
  plan->output.dim[part.axis] = part.length;
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static void
take_part (HlView *view, const Part *part)
{
  hl_view_slice (view, part->axis, (int) part->start, (int) part->length, part->step);
}

/* What the layer does not read has the gradient 0. Between the places it keeps there are gaps, so that then all is set first. */
static void
clear_rest (HlPasses *passes, HlLayerCall *call, const Part *part)
{
  guint first[HL_MAX_DIMS] = { 0 };
  HlView all = hl_view_new (call->dx[0]);

  first[part->axis] = part->start;
  if (part->step == 1)
    hl_passes_add_fill (passes, call, call->dx[0], first, call->dy->shape.dim, 0);
  else
    hl_strided_prepare (hl_passes_add (passes), call, &all, &all, NULL, "1", 0, FALSE);
}

static gboolean
slice_prepare (HlLayerCall *call, GError **error)
{
  HlPasses *passes = call->state = g_new0 (HlPasses, 2);
  HlView x = hl_view_new (call->x[0]), y = hl_view_new (call->y);
  Part part;

  if (!find_part (call->params, &call->x[0]->shape, &part, error))
    return FALSE;
  take_part (&x, &part);
  hl_strided_prepare (hl_passes_add (&passes[FORWARD]), call, &y, &x, NULL, "a", 1, FALSE);
  if (!call->dx[0])
    return TRUE;
  x = hl_view_new (call->dx[0]);
  y = hl_view_new (call->dy);
  take_part (&x, &part);
  if (!call->accumulate[0])
    clear_rest (&passes[BACKWARD], call, &part);
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
  guint from[HL_MAX_DIMS];
  Part part = { 0 };

  find_part (params, x, &part, NULL);
  for (guint k = 0; k < x->n_dims; k++)
    from[k] = k == part.axis ? (guint) ((int) part.start + (int) at[k] * part.step) : at[k];
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
  Part part;
  gint64 end;

  if (!find_part (params, &inputs[0], &part, error))
    return FALSE;
  /* The end is not kept. One before the first place must be written so that it does not count from the end. */
  end = part.start + (gint64) part.length * part.step;
  hl_op_list_add_ints (ops, "starts", 1, (const gint64[]) { part.start });
  hl_op_list_add_ints (ops, "ends", 1, (const gint64[]) { end < 0 ? -(gint64) inputs[0].dim[part.axis] - 1 : end });
  hl_op_list_add_ints (ops, "axes", 1, (const gint64[]) { part.axis + 1 });
  if (part.step != 1)
    hl_op_list_add_ints (ops, "steps", 1, (const gint64[]) { part.step });
  hl_op_list_add (ops, "Slice", part.step == 1 ? "$x0,starts,ends,axes" : "$x0,starts,ends,axes,steps", "$y");
  return TRUE;
}

static char *
slice_describe (const void *params)
{
  const Slice *slice = params;

  if (slice->step != 1)
    return g_strdup_printf (_("axis %d, from %d in steps of %d"), slice->axis, slice->start, slice->step);
  if (slice->length == 0)
    return g_strdup_printf (_("axis %d, from %d on"), slice->axis, slice->start);
  return g_strdup_printf (_("axis %d, %d from %d on"), slice->axis, slice->length, slice->start);
}

const HlLayerClass hl_slice_layer = {
  .base = {
    .name = "slice",
    .title = N_("Slice"),
    .group = N_("Shape"),
    .summary = N_("Keeps a part of one axis: some channels, rows or steps. Several of them split a value."),
    .help = N_("Keeps the places start, start + step, ... of one axis; from -1 on with a step of -1 it turns the axis "
               "around. To split a value, let several slices read it: with lengths that add up to the axis "
               "they do what PyTorch's split and ONNX's Split do. The gradient of what is left out is zero. "
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
