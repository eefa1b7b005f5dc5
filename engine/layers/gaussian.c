/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Gaussian: y = exp (-x²) or exp (-x² / 2), the bell curve as activation. */

#include "engine/graph/activation.h"

#include <math.h>

typedef struct
{
  int formula;
} Gaussian;

static const char *const gaussian_formulas[] = { N_("exp(-x^2)"), N_("exp(-x^2/2)"), NULL };

enum { PLAIN, HALF };

static const HlParam gaussian_params[] = {
  HL_CHOICE (Gaussian, formula, N_("Formula"), gaussian_formulas, 2, PLAIN, N_("Whether the square is halved.")),
  HL_PARAM_END
};

static const HlLayerExample gaussian_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "formula=1", { HL_SHAPE_3 (3, 5, 7) } },
  { NULL, { HL_SHAPE_2 (5, 3) } },
  { "formula=exp(-x^2/2)", { HL_SHAPE_3 (17, 2, 3) } },
  { NULL, { { 0 } } }
};

static double
gaussian_value (const void *params, double x)
{
  const Gaussian *self = params;

  return exp (self->formula == HALF ? -0.5 * x * x : -x * x);
}

static double
gaussian_gradient (const void *params, double x)
{
  const Gaussian *self = params;

  return self->formula == HALF ? -x * exp (-0.5 * x * x) : -2 * x * exp (-x * x);
}

static void
gaussian_activation (const void *params, HlEpilogue *epilogue)
{
  const Gaussian *self = params;

  /* The result does not tell the sign of its argument. */
  if (self->formula == HALF)
    hl_epilogue_set_activation_in_v (epilogue, "exp (-0.5f * v * v)", "-v * exp (-0.5f * v * v)");
  else
    hl_epilogue_set_activation_in_v (epilogue, "exp (-v * v)", "-2 * v * exp (-v * v)");
}

static void
gaussian_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, gaussian_value, gaussian_gradient);
}

static gboolean
gaussian_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                GError **error)
{
  const float factor = ((const Gaussian *) params)->formula == HALF ? -0.5f : -1;

  hl_op_list_add_floats (ops, "factor", 1, &factor);
  hl_op_list_add (ops, "Mul", "$x0,$x0", "square");
  hl_op_list_add (ops, "Mul", "square,factor", "exponent");
  hl_op_list_add (ops, "Exp", "exponent", "$y");
  return TRUE;
}

static char *
gaussian_describe (const void *params)
{
  const Gaussian *self = params;

  return g_strdup (_(gaussian_formulas[self->formula]));
}

const HlLayerClass hl_gaussian_layer = {
  .base = {
    .name = "gaussian",
    .title = N_("Gaussian"),
    .group = N_("Activation"),
    .summary = N_("A bell curve: 1 at 0, almost 0 far away on both sides."),
    .help = N_("y = exp (-x²), or y = exp (-x² / 2), the curve with deviation 1; books mean either. y (1) is "
               "0.3679 with the first and 0.6065 with the second. A unit answers to values near 0 only, so one "
               "unit can separate a strip, which a sigmoid cannot. Since the curve falls on both sides, a rule "
               "that leaves out its slope, such as w += rate × (target - y) × x, can step away from the target."),
    .params_size = sizeof (Gaussian),
    .params = gaussian_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = gaussian_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = gaussian_reference,
  .lower = gaussian_lower,
  .describe = gaussian_describe,
  .activation = gaussian_activation,
};
