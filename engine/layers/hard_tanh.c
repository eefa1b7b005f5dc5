/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Hard tanh: x cut off below low and above high. The gradient at the limits is 0, as in PyTorch. */

#include "engine/graph/activation.h"

typedef struct
{
  double low, high;
} HardTanh;

static const HlParam hard_tanh_params[] = {
  HL_FLOAT (HardTanh, low, N_("Lowest"), HL_UNIT_NONE, -100, 0, -1,
            N_("Smaller values become this.")),
  HL_FLOAT (HardTanh, high, N_("Highest"), HL_UNIT_NONE, 0.01, 100, 1,
            N_("Larger values become this.")),
  HL_PARAM_END
};

static const HlLayerExample hard_tanh_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "low=-0.5;high=0.25", { HL_SHAPE_3 (3, 5, 7) } },
  { "low=0;high=6", { HL_SHAPE_3 (3, 5, 7) } },
  { "low=-2;high=0.5", { HL_SHAPE_2 (5, 3) } },
  { NULL, { { 0 } } }
};

static double
hard_tanh_value (const void *params, double x)
{
  const HardTanh *self = params;

  return x < self->low ? self->low : x > self->high ? self->high : x;
}

static double
hard_tanh_gradient (const void *params, double x)
{
  const HardTanh *self = params;

  return x > self->low && x < self->high ? 1 : 0;
}

static void
hard_tanh_activation (const void *params, HlEpilogue *epilogue)
{
  const HardTanh *self = params;
  char low[G_ASCII_DTOSTR_BUF_SIZE], high[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *value = NULL, *gradient = NULL;

  g_ascii_formatd (low, sizeof low, "%.9e", self->low);
  g_ascii_formatd (high, sizeof high, "%.9e", self->high);
  value = g_strdup_printf ("select (select (v, (VEC) %sf, v > (VEC) %sf), (VEC) %sf, v < (VEC) %sf)", high,
                           high, low, low);
  gradient = g_strdup_printf ("select ((VEC) 0, (VEC) 1, y > (VEC) %sf && y < (VEC) %sf)", low, high);
  hl_epilogue_set_activation (epilogue, value, gradient);
}

static void
hard_tanh_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, hard_tanh_value, hard_tanh_gradient);
}

static gboolean
hard_tanh_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                 GError **error)
{
  const HardTanh *self = params;
  const float limits[] = { (float) self->low, (float) self->high };

  hl_op_list_add_floats (ops, "low", 1, &limits[0]);
  hl_op_list_add_floats (ops, "high", 1, &limits[1]);
  hl_op_list_add (ops, "Clip", "$x0,low,high", "$y");
  return TRUE;
}

static char *
hard_tanh_describe (const void *params)
{
  const HardTanh *self = params;

  return g_strdup_printf (_("%g to %g"), self->low, self->high);
}

const HlLayerClass hl_hard_tanh_layer = {
  .base = {
    .name = "hard_tanh",
    .title = N_("Hard tanh"),
    .group = N_("Activation"),
    .summary = N_("Cuts values off below and above a limit."),
    .help = N_("y = min (max (x, low), high). Between the limits the gradient is 1, outside it is 0."),
    .params_size = sizeof (HardTanh),
    .params = hard_tanh_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hard_tanh_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = hard_tanh_reference,
  .lower = hard_tanh_lower,
  .describe = hard_tanh_describe,
  .activation = hard_tanh_activation,
};
