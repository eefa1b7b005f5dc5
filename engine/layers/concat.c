/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Concatenate: the channels of its inputs one after the other. */

#include "engine/graph/activation.h"

typedef struct
{
  HlCopy forward[HL_MAX_INPUTS], backward[HL_MAX_INPUTS];
} State;

static const HlLayerExample concat_examples[] = {
  { NULL, { HL_SHAPE_1 (7), HL_SHAPE_1 (2) } },
  { NULL, { HL_SHAPE_3 (3, 5, 7), HL_SHAPE_3 (1, 5, 7), HL_SHAPE_3 (4, 5, 7) } },
  { NULL, { HL_SHAPE_3 (1, 1, 2), HL_SHAPE_3 (1, 1, 2) } },
  { NULL, { HL_SHAPE_2 (5, 3), HL_SHAPE_2 (2, 3), HL_SHAPE_2 (1, 3), HL_SHAPE_2 (5, 3) } },
  { NULL, { { 0 } } }
};

static gboolean
fits (const HlShape *a, const HlShape *b)
{
  if (a->n_dims != b->n_dims)
    return FALSE;
  for (guint i = 1; i < a->n_dims; i++)
    if (a->dim[i] != b->dim[i])
      return FALSE;
  return TRUE;
}

static gboolean
concat_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
             HlLayerPlan *plan, GError **error)
{
  plan->output = inputs[0];
  for (guint i = 1; i < n_inputs; i++)
    {
      g_autofree char *first = hl_shape_to_string (&inputs[0]), *other = hl_shape_to_string (&inputs[i]);

      if (!fits (&inputs[i], &inputs[0]))
        {
          g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                       _("needs inputs that differ in channels only, but the first is %s and number %u is %s."), first,
                       i + 1, other);
          return FALSE;
        }
      plan->output.dim[0] += inputs[i].dim[0];
    }
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static gboolean
concat_prepare (HlLayerCall *call, GError **error)
{
  State *state = call->state = g_new0 (State, 1);
  guint channel = 0;

  for (guint i = 0; i < call->n_inputs; i++)
    {
      hl_copy_prepare (&state->forward[i], call, call->x[i], 0, call->y, channel, FALSE);
      if (call->dx[i])
        hl_copy_prepare (&state->backward[i], call, call->dy, channel, call->dx[i], 0, call->accumulate[i]);
      channel += hl_shape_channels (&call->x[i]->shape);
    }
  return TRUE;
}

static gboolean
concat_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  for (guint i = 0; i < call->n_inputs; i++)
    if (!hl_copy_run (&state->forward[i], call, call->x[i], call->y, error))
      return FALSE;
  return TRUE;
}

static gboolean
concat_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  for (guint i = 0; i < call->n_inputs; i++)
    if (call->dx[i] && !hl_copy_run (&state->backward[i], call, call->dy, call->dx[i], error))
      return FALSE;
  return TRUE;
}

static void
concat_reference (const HlLayerReference *call)
{
  gsize all = hl_shape_get_count (&call->plan->output), first = 0;

  for (guint k = 0; k < call->n_inputs; k++)
    {
      gsize n = hl_shape_get_count (&call->x_shape[k]);

      for (guint sample = 0; sample < call->batch; sample++)
        for (gsize i = 0; i < n; i++)
          {
            call->y[sample * all + first + i] = call->x[k][sample * n + i];
            if (call->dy && call->dx[k])
              call->dx[k][sample * n + i] += call->dy[sample * all + first + i];
          }
      first += n;
    }
}

static gboolean
concat_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
              GError **error)
{
  g_autoptr (GString) names = g_string_new ("$x0");

  for (guint i = 1; i < n_inputs; i++)
    g_string_append_printf (names, ",$x%u", i);
  hl_op_list_add (ops, "Concat", names->str, "$y");
  hl_op_list_set_int (ops, "axis", 1);
  return TRUE;
}

const HlLayerClass hl_concat_layer = {
  .base = {
    .name = "concat",
    .title = N_("Concatenate"),
    .group = N_("Merge"),
    .summary = N_("Puts the channels of its inputs one after the other."),
    .help = N_("The result has as many channels as all inputs together; rows and columns must agree. Branches that "
               "look at an image in several ways come together here, as in Inception (Szegedy and others, 2014) and "
               "DenseNet (Huang and others, 2016)."),
  },
  .min_inputs = 2,
  .max_inputs = HL_MAX_INPUTS,
  .examples = concat_examples,
  .plan = concat_plan,
  .prepare = concat_prepare,
  .forward = concat_forward,
  .backward = concat_backward,
  .reference = concat_reference,
  .lower = concat_lower,
};
