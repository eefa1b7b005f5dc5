/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sigmoid: y = 1 / (1 + exp (-x)). */

#include "engine/graph/activation.h"

#include <math.h>

static double
sigmoid_value (const void *params, double x)
{
  return 1 / (1 + exp (-x));
}

static double
sigmoid_gradient (const void *params, double x)
{
  double y = sigmoid_value (params, x);

  return y * (1 - y);
}

static void
sigmoid_activation (const void *params, HlEpilogue *epilogue)
{
  hl_epilogue_set_activation (epilogue, "(VEC) 1 / ((VEC) 1 + exp (-v))", "y * ((VEC) 1 - y)");
}

static void
sigmoid_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, sigmoid_value, sigmoid_gradient);
}

static gboolean
sigmoid_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
               GError **error)
{
  hl_op_list_add (ops, "Sigmoid", "$x0", "$y");
  return TRUE;
}

const HlLayerClass hl_sigmoid_layer = {
  .base = {
    .name = "sigmoid",
    .title = N_("Sigmoid"),
    .group = N_("Activation"),
    .summary = N_("Squeezes every value into the range from 0 to 1."),
    .help = N_("y = 1 / (1 + exp (-x)), between 0 and 1 without reaching either, but for rounding. The smooth step of "
               "the first multi-layer networks (Rumelhart, Hinton and Williams, 1986). Its slope is at most 1/4 and "
               "almost 0 for large inputs, so in deep networks gradients vanish: prefer ReLU between layers. At the "
               "end it gives the probability of one class."),
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hl_activation_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = sigmoid_reference,
  .lower = sigmoid_lower,
  .activation = sigmoid_activation,
};
