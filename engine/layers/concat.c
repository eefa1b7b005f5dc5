/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Concatenate: its inputs one after the other along an axis, usually their channels. */

#include "engine/graph/activation.h"
#include "engine/layers/strided.h"

typedef struct
{
  int axis;
} Concat;

/* Along the first axis whole planes follow one another: plain copies. */
typedef struct
{
  gboolean plain;
  HlCopy forward[HL_MAX_INPUTS], backward[HL_MAX_INPUTS];
  HlPasses strided_forward, strided_backward;
} State;

static const HlParam concat_params[] = {
  HL_INT (Concat, axis, N_("Axis"), HL_UNIT_NONE, -HL_MAX_DIMS, HL_MAX_DIMS - 1, 0,
          N_("Along which the inputs follow one another: 0 is the channel; -1 the last axis, -2 the one before it.")),
  HL_PARAM_END
};

static const HlLayerExample concat_examples[] = {
  { NULL, { HL_SHAPE_1 (7), HL_SHAPE_1 (2) } },
  { NULL, { HL_SHAPE_3 (3, 5, 7), HL_SHAPE_3 (1, 5, 7), HL_SHAPE_3 (4, 5, 7) } },
  { "axis=1", { HL_SHAPE_3 (2, 1, 3), HL_SHAPE_3 (2, 5, 3), HL_SHAPE_3 (2, 2, 3) } },
  { NULL, { HL_SHAPE_2 (5, 3), HL_SHAPE_2 (2, 3), HL_SHAPE_2 (1, 3), HL_SHAPE_2 (5, 3) } },
  { "axis=-1", { HL_SHAPE_4 (2, 3, 5, 1), HL_SHAPE_4 (2, 3, 5, 4) } },
  { NULL, { { 0 } } }
};

static gboolean
fits (const HlShape *a, const HlShape *b, guint axis)
{
  if (a->n_dims != b->n_dims)
    return FALSE;
  for (guint i = 0; i < a->n_dims; i++)
    if (i != axis && a->dim[i] != b->dim[i])
      return FALSE;
  return TRUE;
}

static gboolean
concat_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
             HlLayerPlan *plan, GError **error)
{
  guint axis;

  if (!hl_axis_find (((const Concat *) params)->axis, &inputs[0], &axis, error))
    return FALSE;
  plan->output = inputs[0];
  for (guint i = 1; i < n_inputs; i++)
    {
      g_autofree char *first = hl_shape_to_string (&inputs[0]), *other = hl_shape_to_string (&inputs[i]);

      if (!fits (&inputs[i], &inputs[0], axis))
        {
          g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                       _("needs inputs that differ along axis %u only, but the first is %s and number %u is %s."), axis, first,
                       i + 1, other);
          return FALSE;
        }
      plan->output.dim[axis] += inputs[i].dim[axis];
    }
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

/* Between input i and its part of the value, whichever way. */
static void
prepare_strided (State *state, HlLayerCall *call, guint i, guint axis, guint start)
{
  HlView x = hl_view_new (call->x[i]), y = hl_view_new (call->y);

  hl_view_slice (&y, axis, (int) start, x.size[axis], 1);
  hl_strided_prepare (hl_passes_add (&state->strided_forward), call, &y, &x, NULL, "a", 1, FALSE);
  if (!call->dx[i])
    return;
  x = hl_view_new (call->dx[i]);
  y = hl_view_new (call->dy);
  hl_view_slice (&y, axis, (int) start, x.size[axis], 1);
  hl_strided_prepare (hl_passes_add (&state->strided_backward), call, &x, &y, NULL, "a", 1, call->accumulate[i]);
}

static gboolean
concat_prepare (HlLayerCall *call, GError **error)
{
  State *state = call->state = g_new0 (State, 1);
  guint axis, start = 0;

  if (!hl_axis_find (((const Concat *) call->params)->axis, &call->y->shape, &axis, error))
    return FALSE;
  state->plain = axis == 0;
  for (guint i = 0; i < call->n_inputs; i++)
    {
      if (!state->plain)
        prepare_strided (state, call, i, axis, start);
      else
        {
          hl_copy_prepare (&state->forward[i], call, call->x[i], 0, call->y, start, FALSE);
          if (call->dx[i])
            hl_copy_prepare (&state->backward[i], call, call->dy, start, call->dx[i], 0, call->accumulate[i]);
        }
      start += call->x[i]->shape.dim[axis];
    }
  return TRUE;
}

static gboolean
concat_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  for (guint i = 0; state->plain && i < call->n_inputs; i++)
    if (!hl_copy_run (&state->forward[i], call, call->x[i], call->y, error))
      return FALSE;
  return hl_passes_run (&state->strided_forward, call, error);
}

static gboolean
concat_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  for (guint i = 0; state->plain && i < call->n_inputs; i++)
    if (call->dx[i] && !hl_copy_run (&state->backward[i], call, call->dy, call->dx[i], error))
      return FALSE;
  return hl_passes_run (&state->strided_backward, call, error);
}

static void
concat_reference (const HlLayerReference *call)
{
  const HlShape *shape = &call->plan->output;
  gsize n_y = hl_shape_get_count (shape);
  guint axis = 0, start = 0, at[HL_MAX_DIMS];

  hl_axis_find (((const Concat *) call->params)->axis, shape, &axis, NULL);
  for (guint k = 0; k < call->n_inputs; k++)
    {
      gsize n_x = hl_shape_get_count (&call->x_shape[k]);

      for (gsize i = 0; i < n_x; i++)
        {
          gsize to;

          hl_shape_place (&call->x_shape[k], i, at);
          at[axis] += start;
          to = hl_shape_number (shape, at);
          for (gsize sample = 0; sample < call->batch; sample++)
            {
              call->y[sample * n_y + to] = call->x[k][sample * n_x + i];
              if (call->dy && call->dx[k])
                call->dx[k][sample * n_x + i] += call->dy[sample * n_y + to];
            }
        }
      start += call->x_shape[k].dim[axis];
    }
}

static gboolean
concat_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
              GError **error)
{
  g_autoptr (GString) names = g_string_new ("$x0");
  guint axis;

  if (!hl_axis_find (((const Concat *) params)->axis, &plan->output, &axis, error))
    return FALSE;
  for (guint i = 1; i < n_inputs; i++)
    g_string_append_printf (names, ",$x%u", i);
  hl_op_list_add (ops, "Concat", names->str, "$y");
  hl_op_list_set_int (ops, "axis", (gint64) axis + 1);
  return TRUE;
}

static char *
concat_describe (const void *params)
{
  int axis = ((const Concat *) params)->axis;

  return axis == 0 ? g_strdup (_("channels")) : g_strdup_printf (_("axis %d"), axis);
}

/* The order matters, but there are no names. */
static const char *const concat_inputs[] = { NULL };

const HlLayerClass hl_concat_layer = {
  .base = {
    .name = "concat",
    .title = N_("Concatenate"),
    .group = N_("Merge"),
    .summary = N_("Puts its inputs one after the other along an axis, usually the channels."),
    .help = N_("The result has as many places along the axis as all inputs together; along the other axes they must agree. Axes are "
               "counted without the batch: 0 is the channel, -1 the last one. Branches that "
               "look at an image in several ways come together here, as in Inception (Szegedy and others, 2014) and "
               "DenseNet (Huang and others, 2016), and what a U-Net (Ronneberger, Fischer and Brox, 2015) has kept from its way "
               "down. The inputs come in the order of the ports, from the top. To take them apart again there is Slice."),
    .params_size = sizeof (Concat),
    .params = concat_params,
  },
  .min_inputs = 2,
  .max_inputs = HL_MAX_INPUTS,
  .input_names = concat_inputs,
  .examples = concat_examples,
  .plan = concat_plan,
  .prepare = concat_prepare,
  .forward = concat_forward,
  .backward = concat_backward,
  .reference = concat_reference,
  .lower = concat_lower,
  .describe = concat_describe,
};
