/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flatten: the numbers of a sample in one row. Usually only another view of the same memory; a copy where a neighbour
 * wants a border around its image. */

#include "engine/graph/activation.h"

typedef struct
{
  HlCopy forward, backward;
} State;

static const HlLayerExample flatten_examples[] = {
  { NULL, { HL_SHAPE_3 (3, 5, 7) } },
  { NULL, { HL_SHAPE_3 (1, 1, 1) } },
  { NULL, { HL_SHAPE_1 (9) } },
  { NULL, { HL_SHAPE_2 (5, 3) } },
  { NULL, { { 0 } } }
};

static gboolean
flatten_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
              HlLayerPlan *plan, GError **error)
{
  plan->output = HL_SHAPE_1 (hl_shape_get_count (&inputs[0]));
  plan->alias = TRUE;
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static gboolean
is_view (const HlValue *a, const HlValue *b)
{
  return a->tensor == b->tensor;
}

static gboolean
flatten_prepare (HlLayerCall *call, GError **error)
{
  State *state = call->state = g_new0 (State, 1);

  if (hl_value_has_border (call->y) || (call->dy && hl_value_has_border (call->dy)))
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, "the layer after it wants a border around a row of numbers.");
      return FALSE;
    }
  if (!is_view (call->x[0], call->y))
    hl_copy_prepare (&state->forward, call, call->x[0], 0, call->y, 0, FALSE);
  if (call->dx[0] && !is_view (call->dx[0], call->dy))
    hl_copy_prepare (&state->backward, call, call->dy, 0, call->dx[0], 0, call->accumulate[0]);
  return TRUE;
}

static gboolean
flatten_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  return !state->forward.kernel || hl_copy_run (&state->forward, call, call->x[0], call->y, error);
}

static gboolean
flatten_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  return !state->backward.kernel || hl_copy_run (&state->backward, call, call->dy, call->dx[0], error);
}

static void
flatten_reference (const HlLayerReference *call)
{
  gsize n = call->batch * hl_shape_get_count (&call->x_shape[0]);

  for (gsize i = 0; i < n; i++)
    call->y[i] = call->x[0][i];
  for (gsize i = 0; call->dy && call->dx[0] && i < n; i++)
    call->dx[0][i] += call->dy[i];
}

static gboolean
flatten_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
               GError **error)
{
  hl_op_list_add (ops, "Flatten", "$x0", "$y");
  hl_op_list_set_int (ops, "axis", 1);
  return TRUE;
}

const HlLayerClass hl_flatten_layer = {
  .base = {
    .name = "flatten",
    .title = N_("Flatten"),
    .group = N_("Shape"),
    .summary = N_("Lays the channels and pixels of an image out in one row."),
    .help = N_("Number (channel × rows + row) × columns + column of the row is that pixel of that channel. Linear "
               "layers need it after images. It costs nothing; but where pixels are neighbours is forgotten after it."),
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = flatten_examples,
  .plan = flatten_plan,
  .prepare = flatten_prepare,
  .forward = flatten_forward,
  .backward = flatten_backward,
  .reference = flatten_reference,
  .lower = flatten_lower,
};
