/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GELU: y = x Φ(x), Φ being the normal distribution function, or its approximation by tanh (Hendrycks and Gimpel,
 * "Gaussian error linear units", 2016). */

#include "engine/graph/activation.h"

#include <math.h>

typedef struct
{
  int approximate;
} Gelu;

static const char *const gelu_approximations[] = { N_("none"), "tanh", NULL };

enum { NONE, TANH };

/* sqrt (2 / π), and 1 / sqrt (2 π). */
#define TANH_FACTOR 0.79788456080286535588
#define DENSITY 0.39894228040143267794
#define CUBIC 0.044715

static const HlParam gelu_params[] = {
  HL_CHOICE (Gelu, approximate, N_("Approximate"), gelu_approximations, 2, NONE,
             N_("none computes the formula itself, tanh its approximation of 2016.")),
  HL_PARAM_END
};

static const HlLayerExample gelu_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "approximate=tanh", { HL_SHAPE_3 (3, 5, 7) } },
  { "approximate=tanh", { HL_SHAPE_2 (5, 3) } },
  { NULL, { HL_SHAPE_3 (17, 2, 3) } },
  { NULL, { { 0 } } }
};

static double
gelu_value (const void *params, double x)
{
  const Gelu *self = params;

  if (self->approximate == TANH)
    return 0.5 * x * (1 + tanh (TANH_FACTOR * (x + CUBIC * x * x * x)));
  return 0.5 * x * erfc (-x * G_SQRT2 / 2);
}

static double
gelu_gradient (const void *params, double x)
{
  const Gelu *self = params;
  double t = tanh (TANH_FACTOR * (x + CUBIC * x * x * x));

  if (self->approximate == TANH)
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * TANH_FACTOR * (1 + 3 * CUBIC * x * x);
  return 0.5 * erfc (-x * G_SQRT2 / 2) + x * DENSITY * exp (-0.5 * x * x);
}

static void
gelu_activation (const void *params, HlEpilogue *epilogue)
{
  const Gelu *self = params;

  /* (1 + tanh (u)) / 2 = 1 / (1 + exp (-2 u)), and one minus that = 1 / (1 + exp (2 u)): no digits cancel. */
  if (self->approximate == TANH)
    hl_epilogue_set_formula (epilogue, TRUE, "v / (1 + exp (v * ($0 + $1 * v * v)))",
                             "(1 - v * ($0 + 3 * $1 * v * v) / (1 + exp (-v * ($0 + $1 * v * v))))"
                             " / (1 + exp (v * ($0 + $1 * v * v)))",
                             (double[]) { -2 * TANH_FACTOR, -2 * TANH_FACTOR * CUBIC }, 2);
  else
    hl_epilogue_set_formula (epilogue, TRUE, "0.5f * v * (1 + erf ($0 * v))",
                             "0.5f * (1 + erf ($0 * v)) + $1 * v * exp (-0.5f * v * v)",
                             (double[]) { G_SQRT2 / 2, DENSITY }, 2);
}

static void
gelu_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, gelu_value, gelu_gradient);
}

static gboolean
gelu_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
            GError **error)
{
  const float half = 0.5f, one = 1, root = (float) G_SQRT2, factor = TANH_FACTOR, cubic = CUBIC;

  hl_op_list_add_floats (ops, "half", 1, &half);
  hl_op_list_add_floats (ops, "one", 1, &one);
  if (((const Gelu *) params)->approximate == TANH)
    {
      hl_op_list_add_floats (ops, "factor", 1, &factor);
      hl_op_list_add_floats (ops, "cubic", 1, &cubic);
      hl_op_list_add (ops, "Mul", "$x0,$x0", "square");
      hl_op_list_add (ops, "Mul", "square,cubic", "bend");
      hl_op_list_add (ops, "Add", "bend,one", "slope");
      hl_op_list_add (ops, "Mul", "$x0,slope", "argument");
      hl_op_list_add (ops, "Mul", "argument,factor", "scaled");
      hl_op_list_add (ops, "Tanh", "scaled", "bent");
    }
  else
    {
      hl_op_list_add_floats (ops, "root", 1, &root);
      hl_op_list_add (ops, "Div", "$x0,root", "scaled");
      hl_op_list_add (ops, "Erf", "scaled", "bent");
    }
  hl_op_list_add (ops, "Add", "bent,one", "raised");
  hl_op_list_add (ops, "Mul", "raised,half", "share");
  hl_op_list_add (ops, "Mul", "$x0,share", "$y");
  return TRUE;
}

static char *
gelu_describe (const void *params)
{
  const Gelu *self = params;

  return g_strdup (self->approximate == TANH ? _("by tanh") : _("exact"));
}

const HlLayerClass hl_gelu_layer = {
  .base = {
    .name = "gelu",
    .title = N_("GELU"),
    .group = N_("Activation"),
    .summary = N_("Multiplies each value by the share of normal numbers below it: a smooth ReLU."),
    .help = N_("y = x × (1 + erf (x / sqrt 2)) / 2 (Hendrycks and Gimpel, 2016), or with approximate = tanh y = x "
               "× (1 + tanh (0.79788 (x + 0.044715 x³))) / 2, which differs by less than 0.001. Networks trained "
               "with one should be used with the same. It falls to about -0.17 near x = -0.75 before it rises, so "
               "it needs its input kept."),
    .params_size = sizeof (Gelu),
    .params = gelu_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = gelu_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = gelu_reference,
  .lower = gelu_lower,
  .describe = gelu_describe,
  .activation = gelu_activation,
};
