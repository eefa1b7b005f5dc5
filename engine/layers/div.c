/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Divide: the first input by the second, pixel by pixel. */

#include "engine/layers/broadcast.h"

static gboolean
div_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
          GError **error)
{
  guint64 capacity = ((guint64) options->batch + options->lanes - 1) / options->lanes * options->lanes;

  if (!hl_broadcast_plan (params, options, n_inputs, inputs, plan, error))
    return FALSE;
  plan->needs_x = plan->needs_y = TRUE;
  if (options->training)
    plan->workspace_bytes = hl_shape_get_count (&inputs[1]) * capacity * sizeof (float);
  return TRUE;
}

/* The derivative by b is -a / b² = -y / b. It takes two passes, because a pass reads two values: what b is repeated along is
 * summed in the first already, and the second works on as many numbers as b has. */
static void
prepare_divisor (HlBroadcast *state, HlLayerCall *call)
{
  HlView part, b = hl_view_new (call->x[1]), db = hl_view_new (call->dx[1]);

  state->part = (HlValue) { .shape = call->x[1]->shape, .tensor = call->workspace };
  part = hl_view_new (&state->part);
  hl_broadcast_prepare (hl_passes_add (&state->backward), call, &state->part, call->dy, call->y, "a * b", 1, FALSE);
  hl_strided_prepare (hl_passes_add (&state->backward), call, &db, &part, &b, HL_TERM_QUOTIENT, -1, call->accumulate[1]);
}

static gboolean
div_prepare (HlLayerCall *call, GError **error)
{
  HlBroadcast *state = call->state = g_new0 (HlBroadcast, 1);

  hl_broadcast_prepare (hl_passes_add (&state->forward), call, call->y, call->x[0], call->x[1], HL_TERM_QUOTIENT, 1, FALSE);
  if (call->dx[0])
    hl_broadcast_prepare (hl_passes_add (&state->backward), call, call->dx[0], call->dy, call->x[1], HL_TERM_QUOTIENT, 1,
                          call->accumulate[0]);
  if (call->dx[1])
    prepare_divisor (state, call);
  return TRUE;
}

static double
quotient (double a, double b)
{
  return a / b;
}

static double
by_dividend (double a, double b)
{
  return 1 / b;
}

static double
by_divisor (double a, double b)
{
  return -a / (b * b);
}

static void
div_reference (const HlLayerReference *call)
{
  hl_broadcast_reference (call, quotient, by_dividend, by_divisor);
}

static gboolean
div_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  hl_broadcast_lower ("Div", plan, n_inputs, inputs, ops);
  return TRUE;
}

static const char *const div_inputs[] = { N_("dividend"), N_("divisor"), NULL };

const HlLayerClass hl_div_layer = {
  .base = {
    .name = "div",
    .title = N_("Divide"),
    .group = N_("Merge"),
    .summary = N_("Divides its first input by the second, pixel by pixel."),
    .help = N_("y = x(1) / x(2). The upper port takes x(1), the lower x(2). Where x(2) is 0 the result is infinite or not a number, and "
               "near 0 it and its gradients are huge: the gradient by x(2) is -x(1) / x(2)². Let a layer come before the divisor "
               "that keeps it away from 0: Softplus plus a small constant, or Clip. For division by a "
               "deviation there are the normalization layers, which add an ε under the root. Shapes may differ as in "
               "NumPy: they are aligned at the last axis, and an axis of size 1, or one that is missing, is repeated; its "
               "gradients are summed. A number per channel of an image needs the shape C×1×1."),
  },
  .min_inputs = 2,
  .max_inputs = 2,
  .input_names = div_inputs,
  .examples = hl_broadcast_examples,
  .plan = div_plan,
  .prepare = div_prepare,
  .forward = hl_broadcast_forward,
  .backward = hl_broadcast_backward,
  .reference = div_reference,
  .lower = div_lower,
};
