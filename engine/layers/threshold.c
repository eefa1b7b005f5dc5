/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Threshold: y = x where x > threshold, a fixed value elsewhere. Not-a-number passes, as in PyTorch. */

#include "engine/graph/activation.h"

typedef struct
{
  double threshold, value;
} Threshold;

static const HlParam threshold_params[] = {
  HL_FLOAT (Threshold, threshold, N_("Threshold"), HL_UNIT_NONE, -1e6, 1e6, 0, N_("Values above this pass unchanged.")),
  HL_FLOAT (Threshold, value, N_("Value"), HL_UNIT_NONE, -1e6, 1e6, 0, N_("What all other values become.")),
  HL_PARAM_END
};

static const HlLayerExample threshold_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "threshold=0.1;value=20", { HL_SHAPE_3 (3, 5, 7) } },
  { "threshold=0.5;value=-1", { HL_SHAPE_2 (5, 3) } },
  { "threshold=-0.5;value=0.25", { HL_SHAPE_3 (17, 2, 3) } },
  { NULL, { { 0 } } }
};

static double
threshold_value (const void *params, double x)
{
  const Threshold *self = params;

  return x <= self->threshold ? self->value : x;
}

static double
threshold_gradient (const void *params, double x)
{
  const Threshold *self = params;

  return x > self->threshold ? 1 : 0;
}

static void
threshold_activation (const void *params, HlEpilogue *epilogue)
{
  const Threshold *self = params;
  double numbers[] = { self->threshold, self->value };

  /* The result tells whether the argument passed, unless the replacement itself lies above the threshold. */
  if (self->value <= self->threshold)
    hl_epilogue_set_formula (epilogue, FALSE, "select (v, (VEC) $1, v <= (VEC) $0)",
                             "select ((VEC) 0, (VEC) 1, y > (VEC) $0)", numbers, 2);
  else
    hl_epilogue_set_formula (epilogue, TRUE, "select (v, (VEC) $1, v <= (VEC) $0)",
                             "select ((VEC) 0, (VEC) 1, v > (VEC) $0)", numbers, 2);
}

static void
threshold_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, threshold_value, threshold_gradient);
}

static gboolean
threshold_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                 GError **error)
{
  const Threshold *self = params;
  const float threshold = (float) self->threshold, value = (float) self->value;

  if (self->value == 0)
    {
      hl_op_list_add (ops, "ThresholdedRelu", "$x0", "$y");
      hl_op_list_set_float (ops, "alpha", self->threshold);
      return TRUE;
    }
  hl_op_list_add_floats (ops, "threshold", 1, &threshold);
  hl_op_list_add_floats (ops, "value", 1, &value);
  hl_op_list_add (ops, "LessOrEqual", "$x0,threshold", "below");
  hl_op_list_add (ops, "Where", "below,value,$x0", "$y");
  return TRUE;
}

static char *
threshold_describe (const void *params)
{
  const Threshold *self = params;

  return g_strdup_printf (_("%g at %g and below"), self->value, self->threshold);
}

const HlLayerClass hl_threshold_layer = {
  .base = {
    .name = "threshold",
    .title = N_("Threshold"),
    .group = N_("Activation"),
    .summary = N_("Passes values above a threshold and replaces all others by one value."),
    .help = N_("y = x where x > threshold, otherwise y = value. With threshold = 0.1 and value = 20, 0.1 becomes "
               "20 and 0.2 stays. With value = 0 it is ONNX's ThresholdedRelu; with both 0 it is ReLU. The "
               "replaced values have gradient 0, and unless value equals the threshold the curve jumps."),
    .params_size = sizeof (Threshold),
    .params = threshold_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = threshold_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = threshold_reference,
  .lower = threshold_lower,
  .describe = threshold_describe,
  .activation = threshold_activation,
};
