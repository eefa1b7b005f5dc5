/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Scaled tanh: y = 1.7159 tanh (2 x / 3) (LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998). */

#include "engine/graph/activation.h"

#include <math.h>

static double
scaled_tanh_value (const void *params, double x)
{
  return 1.7159 * tanh (2 * x / 3);
}

static double
scaled_tanh_gradient (const void *params, double x)
{
  return 1.7159 * 2 / 3 * (1 - tanh (2 * x / 3) * tanh (2 * x / 3));
}

static void
scaled_tanh_activation (const void *params, HlEpilogue *epilogue)
{
  hl_epilogue_set_activation (epilogue, "1.7159f * tanh (v * (2.0f / 3))",
                              "1.1439333f * (1 - (y / 1.7159f) * (y / 1.7159f))");
}

static void
scaled_tanh_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, scaled_tanh_value, scaled_tanh_gradient);
}

static gboolean
scaled_tanh_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                   GError **error)
{
  const float factors[] = { 2.0f / 3, 1.7159f };

  hl_op_list_add_floats (ops, "inner", 1, &factors[0]);
  hl_op_list_add_floats (ops, "outer", 1, &factors[1]);
  hl_op_list_add (ops, "Mul", "$x0,inner", "scaled");
  hl_op_list_add (ops, "Tanh", "scaled", "bent");
  hl_op_list_add (ops, "Mul", "bent,outer", "$y");
  return TRUE;
}

const HlLayerClass hl_scaled_tanh_layer = {
  .base = {
    .name = "scaled_tanh",
    .title = N_("Scaled tanh"),
    .group = N_("Activation"),
    .summary = N_("The tanh of LeNet-5: 1 and -1 are reached where it bends most."),
    .help = N_("y = 1.7159 × tanh (2 x / 3), so that y (1) = 1 and y (-1) = -1, where its second derivative is "
               "largest (LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998)."),
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hl_activation_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = scaled_tanh_reference,
  .lower = scaled_tanh_lower,
  .activation = scaled_tanh_activation,
};
