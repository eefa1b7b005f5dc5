/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Subtract: the first input minus the second, pixel by pixel. */

#include "engine/layers/broadcast.h"

static gboolean
sub_prepare (HlLayerCall *call, GError **error)
{
  HlBroadcast *state = call->state = g_new0 (HlBroadcast, 1);

  hl_broadcast_prepare (hl_passes_add (&state->forward), call, call->y, call->x[0], call->x[1], "a - b", 1, FALSE);
  for (guint i = 0; i < 2; i++)
    if (call->dx[i])
      hl_broadcast_prepare (hl_passes_add (&state->backward), call, call->dx[i], call->dy, NULL, "a", i == 0 ? 1 : -1,
                            call->accumulate[i]);
  return TRUE;
}

static double
difference (double a, double b)
{
  return a - b;
}

static double
one (double a, double b)
{
  return 1;
}

static double
minus_one (double a, double b)
{
  return -1;
}

static void
sub_reference (const HlLayerReference *call)
{
  hl_broadcast_reference (call, difference, one, minus_one);
}

static gboolean
sub_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  hl_broadcast_lower ("Sub", plan, n_inputs, inputs, ops);
  return TRUE;
}

static const char *const sub_inputs[] = { N_("minuend"), N_("subtrahend"), NULL };

const HlLayerClass hl_sub_layer = {
  .base = {
    .name = "sub",
    .title = N_("Subtract"),
    .group = N_("Merge"),
    .summary = N_("Subtracts its second input from the first, pixel by pixel."),
    .help = N_("y = x(1) - x(2). The upper port takes x(1), the lower x(2). The difference of two branches shows what one has and the "
               "other has not, as the difference of two blurred images shows edges. The gradient goes to the first input as it is "
               "and to the second with its sign changed. Shapes may differ as in NumPy: they are aligned at the last axis, "
               "and an axis of size 1, or one that is missing, is repeated; its gradients are summed. To take a number per "
               "channel away from an image, its shape must be C×1×1: a row of C numbers would meet the columns."),
  },
  .min_inputs = 2,
  .max_inputs = 2,
  .input_names = sub_inputs,
  .examples = hl_broadcast_examples,
  .plan = hl_broadcast_plan,
  .prepare = sub_prepare,
  .forward = hl_broadcast_forward,
  .backward = hl_broadcast_backward,
  .reference = sub_reference,
  .lower = sub_lower,
};
