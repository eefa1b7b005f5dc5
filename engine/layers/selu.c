/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SELU: y = 1.0507 x where x > 0, 1.0507 × 1.6733 (exp (x) - 1) elsewhere (Klambauer, Unterthiner, Mayr and
 * Hochreiter, "Self-normalizing neural networks", 2017). */

#include "engine/graph/activation.h"

#include <math.h>

#define ALPHA 1.6732632423543772848170429916717
#define SCALE 1.0507009873554804934193349852946

static double
selu_value (const void *params, double x)
{
  return x > 0 ? SCALE * x : SCALE * ALPHA * expm1 (x);
}

static double
selu_gradient (const void *params, double x)
{
  return x > 0 ? SCALE : SCALE * ALPHA * exp (x);
}

static void
selu_activation (const void *params, HlEpilogue *epilogue)
{
  hl_epilogue_set_formula (epilogue, FALSE, "select ($1 * expm1 (v), $0 * v, v > (VEC) 0)",
                           "select (y + $1, (VEC) $0, y > (VEC) 0)", (double[]) { SCALE, SCALE * ALPHA }, 2);
}

static void
selu_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, selu_value, selu_gradient);
}

static gboolean
selu_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
            GError **error)
{
  hl_op_list_add (ops, "Selu", "$x0", "$y");
  hl_op_list_set_float (ops, "alpha", ALPHA);
  hl_op_list_set_float (ops, "gamma", SCALE);
  return TRUE;
}

static double
selu_gain (const void *params)
{
  return 3.0 / 4;
}

const HlLayerClass hl_selu_layer = {
  .base = {
    .name = "selu",
    .title = N_("SELU"),
    .group = N_("Activation"),
    .summary = N_("ELU with the one slope and scale that keep mean 0 and variance 1 through many layers."),
    .help = N_("y = scale × x for positive x, scale × alpha × (exp (x) - 1) otherwise, with alpha = 1.6733 and "
               "scale = 1.0507 (Klambauer and others, 2017). Values then tend to mean 0 and variance 1 from layer "
               "to layer, but only where weights start with variance 1 / inputs (LeCun normal) and nothing but "
               "linear layers stands between; ordinary dropout spoils it. PyTorch's gain for it is 3/4."),
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hl_activation_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = selu_reference,
  .lower = selu_lower,
  .activation = selu_activation,
  .gain = selu_gain,
};
