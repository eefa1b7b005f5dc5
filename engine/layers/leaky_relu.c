/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Leaky ReLU: y = x where x > 0, slope × x elsewhere. The gradient at 0 is the slope, as in PyTorch. */

#include "engine/graph/activation.h"

#include <math.h>

typedef struct
{
  double negative_slope;
} LeakyRelu;

/* The gradient is told from the sign of the result, so a negative slope cannot be allowed. */
static const HlParam leaky_relu_params[] = {
  HL_FLOAT (LeakyRelu, negative_slope, N_("Negative slope"), HL_UNIT_NONE, 0, 1, 0.01,
            N_("What negative values are multiplied with.")),
  HL_PARAM_END
};

static const HlLayerExample leaky_relu_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "negative_slope=0.2", { HL_SHAPE_3 (3, 5, 7) } },
  { "negative_slope=0", { HL_SHAPE_3 (2, 3, 1) } },
  { "negative_slope=1", { HL_SHAPE_2 (5, 3) } },
  { NULL, { { 0 } } }
};

static double
leaky_relu_value (const void *params, double x)
{
  const LeakyRelu *self = params;

  return x > 0 ? x : self->negative_slope * x;
}

static double
leaky_relu_gradient (const void *params, double x)
{
  const LeakyRelu *self = params;

  return x > 0 ? 1 : self->negative_slope;
}

static void
leaky_relu_activation (const void *params, HlEpilogue *epilogue)
{
  const LeakyRelu *self = params;
  char slope[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *value = NULL, *gradient = NULL;

  g_ascii_formatd (slope, sizeof slope, "%.9e", self->negative_slope);
  value = g_strdup_printf ("select (v, %sf * v, v < (VEC) 0)", slope);
  gradient = g_strdup_printf ("select ((VEC) %sf, (VEC) 1, y > (VEC) 0)", slope);
  hl_epilogue_set_activation (epilogue, value, gradient);
}

static void
leaky_relu_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, leaky_relu_value, leaky_relu_gradient);
}

static double
leaky_relu_gain (const void *params)
{
  const LeakyRelu *self = params;

  return sqrt (2 / (1 + self->negative_slope * self->negative_slope));
}

static gboolean
leaky_relu_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                  GError **error)
{
  const LeakyRelu *self = params;

  hl_op_list_add (ops, "LeakyRelu", "$x0", "$y");
  hl_op_list_set_float (ops, "alpha", self->negative_slope);
  return TRUE;
}

static char *
leaky_relu_describe (const void *params)
{
  const LeakyRelu *self = params;

  return g_strdup_printf (_("slope %g"), self->negative_slope);
}

const HlLayerClass hl_leaky_relu_layer = {
  .base = {
    .name = "leaky_relu",
    .title = N_("Leaky ReLU"),
    .group = N_("Activation"),
    .summary = N_("Passes positive values and weakens negative ones."),
    .help = N_("y = x for positive x, slope × x otherwise. Units that a ReLU would silence for ever keep a small "
               "gradient (Maas, Hannun and Ng, 2013). A slope of 1 makes the layer do nothing at all."),
    .params_size = sizeof (LeakyRelu),
    .params = leaky_relu_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = leaky_relu_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = leaky_relu_reference,
  .lower = leaky_relu_lower,
  .describe = leaky_relu_describe,
  .activation = leaky_relu_activation,
  .gain = leaky_relu_gain,
};
