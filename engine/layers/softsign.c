/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Softsign: y = x / (1 + |x|). */

#include "engine/graph/activation.h"

#include <math.h>

static double
softsign_value (const void *params, double x)
{
  return x / (1 + fabs (x));
}

static double
softsign_gradient (const void *params, double x)
{
  return 1 / ((1 + fabs (x)) * (1 + fabs (x)));
}

static void
softsign_activation (const void *params, HlEpilogue *epilogue)
{
  hl_epilogue_set_activation (epilogue, "v / (1 + fabs (v))", "(1 - fabs (y)) * (1 - fabs (y))");
}

static void
softsign_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, softsign_value, softsign_gradient);
}

static gboolean
softsign_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                GError **error)
{
  hl_op_list_add (ops, "Softsign", "$x0", "$y");
  return TRUE;
}

const HlLayerClass hl_softsign_layer = {
  .base = {
    .name = "softsign",
    .title = N_("Softsign"),
    .group = N_("Activation"),
    .summary = N_("Squeezes values between -1 and 1, more gently than tanh."),
    .help = N_("y = x / (1 + |x|); in PyTorch torch.nn.Softsign, with a capital. Like tanh it lies between -1 and 1, "
               "but it approaches them slowly, so that its gradient (1 - |y|)² fades more slowly too."),
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hl_activation_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = softsign_reference,
  .lower = softsign_lower,
  .activation = softsign_activation,
};
