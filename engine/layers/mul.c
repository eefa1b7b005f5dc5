/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Multiply: the product of two inputs, pixel by pixel. */

#include "engine/layers/broadcast.h"

static gboolean
mul_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
          GError **error)
{
  if (!hl_broadcast_plan (params, options, n_inputs, inputs, plan, error))
    return FALSE;
  plan->needs_x = TRUE;
  return TRUE;
}

static gboolean
mul_prepare (HlLayerCall *call, GError **error)
{
  HlBroadcast *state = call->state = g_new0 (HlBroadcast, 1);

  hl_broadcast_prepare (hl_passes_add (&state->forward), call, call->y, call->x[0], call->x[1], "a * b", 1, FALSE);
  for (guint i = 0; i < 2; i++)
    if (call->dx[i])
      hl_broadcast_prepare (hl_passes_add (&state->backward), call, call->dx[i], call->dy, call->x[1 - i], "a * b", 1,
                            call->accumulate[i]);
  return TRUE;
}

static double
product (double a, double b)
{
  return a * b;
}

static double
first (double a, double b)
{
  return a;
}

static double
second (double a, double b)
{
  return b;
}

static void
mul_reference (const HlLayerReference *call)
{
  hl_broadcast_reference (call, product, second, first);
}

static gboolean
mul_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  hl_broadcast_lower ("Mul", plan, n_inputs, inputs, ops);
  return TRUE;
}

const HlLayerClass hl_mul_layer = {
  .base = {
    .name = "mul",
    .title = N_("Multiply"),
    .group = N_("Merge"),
    .summary = N_("Multiplies two inputs, pixel by pixel."),
    .help = N_("y = x(1) x(2), element by element; this is not the product of matrices. With a sigmoid before one input it is a gate: "
               "numbers from 0 to 1 say how much of the other passes. Squeeze-and-excitation (Hu, Shen and Sun, 2017) weighs the "
               "channels of an image so: global average pooling, two linear layers, sigmoid, reshape to C×1×1, multiply. "
               "Each input's gradient is that of the result times the other input, so an input of zeros stops the "
               "learning of the other. Shapes may differ as in NumPy: they are aligned at the last axis, and an axis "
               "of size 1, or one that is missing, is repeated; its gradients are summed. A row of C numbers meets the columns "
               "of an image, not its channels: those need C×1×1."),
  },
  .min_inputs = 2,
  .max_inputs = 2,
  .examples = hl_broadcast_examples,
  .plan = mul_plan,
  .prepare = mul_prepare,
  .forward = hl_broadcast_forward,
  .backward = hl_broadcast_backward,
  .reference = mul_reference,
  .lower = mul_lower,
};
