/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Hyperbolic tangent. */

#include "engine/graph/activation.h"

#include <math.h>

static double
tanh_value (const void *params, double x)
{
  return tanh (x);
}

static double
tanh_gradient (const void *params, double x)
{
  double y = tanh (x);

  return 1 - y * y;
}

static void
tanh_activation (const void *params, HlEpilogue *epilogue)
{
  hl_epilogue_set_activation (epilogue, "tanh (v)", "(VEC) 1 - y * y");
}

static void
tanh_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, tanh_value, tanh_gradient);
}

static double
tanh_gain (const void *params)
{
  return 5.0 / 3;
}

static gboolean
tanh_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
            GError **error)
{
  hl_op_list_add (ops, "Tanh", "$x0", "$y");
  return TRUE;
}

const HlLayerClass hl_tanh_layer = {
  .base = {
    .name = "tanh",
    .title = N_("Tanh"),
    .group = N_("Activation"),
    .summary = N_("Squeezes every value into the range from -1 to 1."),
    .help = N_("y = tanh (x); in PyTorch torch.nn.Tanh, with a capital. Like the sigmoid but centred on 0, which "
               "makes learning faster (LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998); the first LeNet used "
               "it. For large inputs its slope is almost 0, so keep inputs and weights small."),
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hl_activation_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = tanh_reference,
  .lower = tanh_lower,
  .activation = tanh_activation,
  .gain = tanh_gain,
};
