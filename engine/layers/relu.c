/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ReLU: y = max (x, 0). The gradient at 0 is 0 and not-a-number stays what it is, as in PyTorch: a
 * maximum would turn it into 0, and a network that has diverged would look sound. */

#include "engine/graph/activation.h"

#include <math.h>

static double
relu_value (const void *params, double x)
{
  return x < 0 ? 0 : x;
}

static double
relu_gradient (const void *params, double x)
{
  return x > 0 ? 1 : 0;
}

static void
relu_activation (const void *params, HlEpilogue *epilogue)
{
  hl_epilogue_set_activation (epilogue, "select (v, (VEC) 0, v < (VEC) 0)", "select ((VEC) 0, (VEC) 1, y > (VEC) 0)");
}

static void
relu_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, relu_value, relu_gradient);
}

static double
relu_gain (const void *params)
{
  return sqrt (2);
}

static gboolean
relu_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  hl_op_list_add (ops, "Relu", "$x0", "$y");
  return TRUE;
}

const HlLayerClass hl_relu_layer = {
  .base = {
    .name = "relu",
    .title = N_("ReLU"),
    .group = N_("Activation"),
    .summary = N_("Passes positive values and replaces negative ones by 0."),
    .help = N_("y = max (x, 0). A unit whose input is negative for every sample gets no gradient and stays silent: "
               "a dead unit. Leaky ReLU avoids that."),
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hl_activation_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = relu_reference,
  .lower = relu_lower,
  .activation = relu_activation,
  .gain = relu_gain,
};
