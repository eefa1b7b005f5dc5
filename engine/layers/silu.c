/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SiLU, also called swish: y = x / (1 + exp (-x)) (Elfwing, Uchibe and Doya, 2018; Ramachandran, Zoph and Le, 2017). */

#include "engine/graph/activation.h"

#include <math.h>

static double
silu_value (const void *params, double x)
{
  return x / (1 + exp (-x));
}

static double
silu_gradient (const void *params, double x)
{
  double s = 1 / (1 + exp (-x));

  return s * (1 + x * (1 - s));
}

static void
silu_activation (const void *params, HlEpilogue *epilogue)
{
  /* 1 - s = exp (-v) / (1 + exp (-v)) = 1 / (1 + exp (v)), which keeps its digits where s is nearly 1. */
  hl_epilogue_set_activation_in_v (epilogue, "v / ((VEC) 1 + exp (-v))",
                                   "((VEC) 1 + v / ((VEC) 1 + exp (v))) / ((VEC) 1 + exp (-v))");
}

static void
silu_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, silu_value, silu_gradient);
}

static gboolean
silu_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  hl_op_list_add (ops, "Sigmoid", "$x0", "share");
  hl_op_list_add (ops, "Mul", "$x0,share", "$y");
  return TRUE;
}

const HlLayerClass hl_silu_layer = {
  .base = {
    .name = "silu",
    .title = N_("SiLU"),
    .group = N_("Activation"),
    .summary = N_("Multiplies each value by its own sigmoid: a smooth ReLU with a dip below 0."),
    .help = N_("y = x / (1 + exp (-x)), also known as swish (Elfwing, Uchibe and Doya, 2018). It falls to about -0.28 near "
               "x = -1.28 before it rises, so its gradient cannot be told from its result and it needs its input kept."),
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hl_activation_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = silu_reference,
  .lower = silu_lower,
  .activation = silu_activation,
};
