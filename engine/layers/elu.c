/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ELU: y = x where x > 0, alpha (exp (x) - 1) elsewhere (Clevert, Unterthiner and Hochreiter, 2016). */

#include "engine/graph/activation.h"

#include <math.h>

typedef struct
{
  double alpha;
} Elu;

static const HlParam elu_params[] = {
  HL_FLOAT (Elu, alpha, N_("Alpha"), HL_UNIT_NONE, 0, 100, 1,
            N_("Large negative values become -alpha.")),
  HL_PARAM_END
};

static const HlLayerExample elu_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "alpha=0.5", { HL_SHAPE_3 (3, 5, 7) } },
  { "alpha=2", { HL_SHAPE_3 (2, 3, 1) } },
  { "alpha=0", { HL_SHAPE_2 (5, 3) } },
  { NULL, { { 0 } } }
};

static double
elu_value (const void *params, double x)
{
  const Elu *self = params;

  return x > 0 ? x : self->alpha * expm1 (x);
}

static double
elu_gradient (const void *params, double x)
{
  const Elu *self = params;

  return x > 0 ? 1 : self->alpha * exp (x);
}

static void
elu_activation (const void *params, HlEpilogue *epilogue)
{
  const Elu *self = params;
  char alpha[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *value = NULL, *gradient = NULL;

  g_ascii_formatd (alpha, sizeof alpha, "%.9e", self->alpha);
  value = g_strdup_printf ("select (%sf * expm1 (v), v, v > (VEC) 0)", alpha);
  gradient = g_strdup_printf ("select (y + (VEC) %sf, (VEC) 1, y > (VEC) 0)", alpha);
  hl_epilogue_set_activation (epilogue, value, gradient);
}

static void
elu_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, elu_value, elu_gradient);
}

static gboolean
elu_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
           GError **error)
{
  const Elu *self = params;

  hl_op_list_add (ops, "Elu", "$x0", "$y");
  hl_op_list_set_float (ops, "alpha", self->alpha);
  return TRUE;
}

static char *
elu_describe (const void *params)
{
  const Elu *self = params;

  return g_strdup_printf (_("alpha %g"), self->alpha);
}

const HlLayerClass hl_elu_layer = {
  .base = {
    .name = "elu",
    .title = N_("ELU"),
    .group = N_("Activation"),
    .summary = N_("Passes positive values and lets negative ones level off."),
    .help = N_("y = x for positive x, alpha × (exp (x) - 1) otherwise (Clevert, Unterthiner and Hochreiter, 2016). "
               "The mean of its results is nearer to 0 than that of ReLU."),
    .params_size = sizeof (Elu),
    .params = elu_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = elu_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = elu_reference,
  .lower = elu_lower,
  .describe = elu_describe,
  .activation = elu_activation,
};
