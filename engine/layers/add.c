/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Add: the sum of its inputs, pixel by pixel. */

#include "engine/graph/activation.h"

typedef struct
{
  guint pair_items;
  HlCopy more[HL_MAX_INPUTS];       /* y += x for the third input and on */
  HlCopy backward[HL_MAX_INPUTS];
} State;

static const HlLayerExample add_examples[] = {
  { NULL, { HL_SHAPE_1 (7), HL_SHAPE_1 (7) } },
  { NULL, { HL_SHAPE_3 (3, 5, 7), HL_SHAPE_3 (3, 5, 7), HL_SHAPE_3 (3, 5, 7) } },
  { NULL, { HL_SHAPE_3 (17, 1, 2), HL_SHAPE_3 (17, 1, 2) } },
  { NULL, { HL_SHAPE_2 (5, 3), HL_SHAPE_2 (5, 3), HL_SHAPE_2 (5, 3), HL_SHAPE_2 (5, 3) } },
  { NULL, { { 0 } } }
};

static gboolean
add_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
          GError **error)
{
  for (guint i = 1; i < n_inputs; i++)
    if (!hl_shape_equal (&inputs[i], &inputs[0]))
      {
        g_autofree char *first = hl_shape_to_string (&inputs[0]), *other = hl_shape_to_string (&inputs[i]);

        g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                     _("needs inputs of one shape, but the first is %s and number %u is %s."), first, i + 1, other);
        return FALSE;
      }
  plan->output = inputs[0];
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static gboolean
add_prepare (HlLayerCall *call, GError **error)
{
  State *state = call->state = g_new0 (State, 1);
  g_autoptr (GString) defines = g_string_new (NULL);

  state->pair_items = hl_walk_append_defines (call, (HlWalkValue[]) { { "Y", call->y }, { "X0", call->x[0] },
                                              { "X1", call->x[1] } }, 3, defines);
  call->kernel[0] = hl_kernel_set_add (call->kernels, "elementwise", "add_pair", defines->str);
  for (guint i = 2; i < call->n_inputs; i++)
    hl_copy_prepare (&state->more[i], call, call->x[i], 0, call->y, 0, TRUE);
  for (guint i = 0; i < call->n_inputs; i++)
    if (call->dx[i])
      hl_copy_prepare (&state->backward[i], call, call->dy, 0, call->dx[i], 0, call->accumulate[i]);
  return TRUE;
}

static gboolean
add_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  if (!hl_kernel_run (call->kernel[0], call->n_blocks * state->pair_items, error, HL_ARG_TENSOR (call->x[0]->tensor),
                      HL_ARG_TENSOR (call->x[1]->tensor), HL_ARG_TENSOR (call->y->tensor)))
    return FALSE;
  for (guint i = 2; i < call->n_inputs; i++)
    if (!hl_copy_run (&state->more[i], call, call->x[i], call->y, error))
      return FALSE;
  return TRUE;
}

static gboolean
add_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  for (guint i = 0; i < call->n_inputs; i++)
    if (call->dx[i] && !hl_copy_run (&state->backward[i], call, call->dy, call->dx[i], error))
      return FALSE;
  return TRUE;
}

static void
add_reference (const HlLayerReference *call)
{
  gsize n = call->batch * hl_shape_get_count (&call->x_shape[0]);

  for (gsize i = 0; i < n; i++)
    {
      call->y[i] = 0;
      for (guint k = 0; k < call->n_inputs; k++)
        call->y[i] += call->x[k][i];
    }
  for (guint k = 0; call->dy && k < call->n_inputs; k++)
    for (gsize i = 0; call->dx[k] && i < n; i++)
      call->dx[k][i] += call->dy[i];
}

static gboolean
add_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
           GError **error)
{
  g_autoptr (GString) names = g_string_new ("$x0");

  for (guint i = 1; i < n_inputs; i++)
    g_string_append_printf (names, ",$x%u", i);
  hl_op_list_add (ops, n_inputs == 2 ? "Add" : "Sum", names->str, "$y");
  return TRUE;
}

const HlLayerClass hl_add_layer = {
  .base = {
    .name = "add",
    .title = N_("Add"),
    .group = N_("Merge"),
    .summary = N_("Adds inputs of one shape, pixel by pixel."),
    .help = N_("y = x(1) + x(2) + ... With a link that passes layers by, the layers in between only learn what is to "
               "change: a residual connection (He, Zhang, Ren and Sun, 2015), which lets gradients reach far back. "
               "All inputs must have the same shape."),
  },
  .min_inputs = 2,
  .max_inputs = HL_MAX_INPUTS,
  .examples = add_examples,
  .plan = add_plan,
  .prepare = add_prepare,
  .forward = add_forward,
  .backward = add_backward,
  .reference = add_reference,
  .lower = add_lower,
};
