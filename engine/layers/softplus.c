/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Softplus: y = log (1 + exp (beta x)) / beta, and y = x where beta x > threshold, as in PyTorch (Dugas and
 * others, 2001). */

#include "engine/graph/activation.h"

#include <math.h>

typedef struct
{
  double beta, threshold;
} Softplus;

static const HlParam softplus_params[] = {
  HL_FLOAT (Softplus, beta, N_("Beta"), HL_UNIT_NONE, 0.001, 1000, 1, N_("How sharply the curve bends at 0.")),
  HL_FLOAT (Softplus, threshold, N_("Threshold"), HL_UNIT_NONE, -1000, 1000, 20,
            N_("Where beta times the value is above this, the value passes unchanged.")),
  HL_PARAM_END
};

static const HlLayerExample softplus_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "beta=2.5", { HL_SHAPE_3 (3, 5, 7) } },
  { "beta=0.5;threshold=0.25", { HL_SHAPE_2 (5, 3) } },
  { "beta=4;threshold=1000", { HL_SHAPE_3 (17, 2, 3) } },
  { NULL, { { 0 } } }
};

static double
softplus_value (const void *params, double x)
{
  const Softplus *self = params;
  double scaled = self->beta * x;

  return scaled > self->threshold ? x : (fmax (scaled, 0) + log1p (exp (-fabs (scaled)))) / self->beta;
}

static double
softplus_gradient (const void *params, double x)
{
  const Softplus *self = params;

  return self->beta * x > self->threshold ? 1 : 1 / (1 + exp (-self->beta * x));
}

static void
softplus_activation (const void *params, HlEpilogue *epilogue)
{
  const Softplus *self = params;

  /* exp of a negative number only, so that nothing overflows. The result alone does not tell on which side of a low
   * threshold the argument was. */
  hl_epilogue_set_formula (epilogue, TRUE,
                           "select ((fmax ($0 * v, (VEC) 0) + log1p (exp (-fabs ($0 * v)))) / $0, v,"
                           " $0 * v > (VEC) $1)",
                           "select (1 / (1 + exp (-$0 * v)), (VEC) 1, $0 * v > (VEC) $1)",
                           (double[]) { self->beta, self->threshold }, 2);
}

static void
softplus_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, softplus_value, softplus_gradient);
}

static gboolean
softplus_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                GError **error)
{
  const Softplus *self = params;
  const float beta = (float) self->beta, threshold = (float) self->threshold;
  /* From here on both sides of the threshold are the same float. */
  gboolean cut = self->threshold < 20;

  hl_op_list_add_floats (ops, "beta", 1, &beta);
  hl_op_list_add (ops, "Mul", "$x0,beta", "scaled");
  hl_op_list_add (ops, "Softplus", "scaled", "bent");
  hl_op_list_add (ops, "Div", "bent,beta", cut ? "smooth" : "$y");
  if (cut)
    {
      hl_op_list_add_floats (ops, "threshold", 1, &threshold);
      hl_op_list_add (ops, "Greater", "scaled,threshold", "above");
      hl_op_list_add (ops, "Where", "above,$x0,smooth", "$y");
    }
  return TRUE;
}

static char *
softplus_describe (const void *params)
{
  const Softplus *self = params;

  return g_strdup_printf (_("beta %g"), self->beta);
}

const HlLayerClass hl_softplus_layer = {
  .base = {
    .name = "softplus",
    .title = N_("Softplus"),
    .group = N_("Activation"),
    .summary = N_("A smooth ReLU that is positive everywhere."),
    .help = N_("y = log (1 + exp (beta × x)) / beta (Dugas and others, 2001); y (0) = 0.6931 with beta = 1. The "
               "larger beta, the nearer it comes to ReLU. Where beta × x exceeds the threshold, y = x: there the "
               "two agree in all digits. Its gradient is a sigmoid."),
    .params_size = sizeof (Softplus),
    .params = softplus_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = softplus_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = softplus_reference,
  .lower = softplus_lower,
  .describe = softplus_describe,
  .activation = softplus_activation,
};
