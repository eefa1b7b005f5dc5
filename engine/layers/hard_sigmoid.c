/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Hard sigmoid: y = alpha x + beta, cut off at 0 and 1. The gradient at the limits is 0, as in PyTorch. */

#include "engine/graph/activation.h"

typedef struct
{
  double alpha, beta;
} HardSigmoid;

static const HlParam hard_sigmoid_params[] = {
  HL_FLOAT (HardSigmoid, alpha, N_("Alpha"), HL_UNIT_NONE, 0, 100, 0.2, N_("The slope; 1/6 in PyTorch.")),
  HL_FLOAT (HardSigmoid, beta, N_("Beta"), HL_UNIT_NONE, -100, 100, 0.5, N_("The result at 0.")),
  HL_PARAM_END
};

static const HlLayerExample hard_sigmoid_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "alpha=0.16666666666666666", { HL_SHAPE_3 (3, 5, 7) } },
  { "alpha=1;beta=0.25", { HL_SHAPE_2 (5, 3) } },
  { "alpha=0.5;beta=-0.125", { HL_SHAPE_3 (17, 2, 3) } },
  { NULL, { { 0 } } }
};

static double
hard_sigmoid_value (const void *params, double x)
{
  const HardSigmoid *self = params;
  double y = self->alpha * x + self->beta;

  return y < 0 ? 0 : y > 1 ? 1 : y;
}

static double
hard_sigmoid_gradient (const void *params, double x)
{
  const HardSigmoid *self = params;
  double y = self->alpha * x + self->beta;

  return y > 0 && y < 1 ? self->alpha : 0;
}

static void
hard_sigmoid_activation (const void *params, HlEpilogue *epilogue)
{
  const HardSigmoid *self = params;

  hl_epilogue_set_formula (epilogue, FALSE,
                           "select (select ($0 * v + $1, (VEC) 1, $0 * v + $1 > (VEC) 1), (VEC) 0,"
                           " $0 * v + $1 < (VEC) 0)",
                           "select ((VEC) 0, (VEC) $0, y > (VEC) 0 && y < (VEC) 1)",
                           (double[]) { self->alpha, self->beta }, 2);
}

static void
hard_sigmoid_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, hard_sigmoid_value, hard_sigmoid_gradient);
}

static gboolean
hard_sigmoid_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                    GError **error)
{
  const HardSigmoid *self = params;

  hl_op_list_add (ops, "HardSigmoid", "$x0", "$y");
  hl_op_list_set_float (ops, "alpha", self->alpha);
  hl_op_list_set_float (ops, "beta", self->beta);
  return TRUE;
}

static char *
hard_sigmoid_describe (const void *params)
{
  const HardSigmoid *self = params;

  return g_strdup_printf (_("slope %g, %g at 0"), self->alpha, self->beta);
}

const HlLayerClass hl_hard_sigmoid_layer = {
  .base = {
    .name = "hard_sigmoid",
    .title = N_("Hard sigmoid"),
    .group = N_("Activation"),
    .summary = N_("A sigmoid made of three straight lines."),
    .help = N_("y = min (max (alpha × x + beta, 0), 1). ONNX's usual values are alpha = 0.2 and beta = 0.5, "
               "PyTorch's Hardsigmoid has alpha = 1/6 (0.1667). Between the limits the gradient is alpha, outside "
               "it is 0 (Courbariaux, Bengio and David, 2015)."),
    .params_size = sizeof (HardSigmoid),
    .params = hard_sigmoid_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hard_sigmoid_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = hard_sigmoid_reference,
  .lower = hard_sigmoid_lower,
  .describe = hard_sigmoid_describe,
  .activation = hard_sigmoid_activation,
};
