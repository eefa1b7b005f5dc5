/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Heaviside: y = 0 where x < 0, 1 where x > 0 and a chosen value at 0 (torch.heaviside). Its slope is 0 wherever
 * it has one, so nothing can be trained through it. */

#include "engine/graph/activation.h"

typedef struct
{
  double value_at_zero;
} Heaviside;

static const HlParam heaviside_params[] = {
  HL_FLOAT (Heaviside, value_at_zero, N_("Value at 0"), HL_UNIT_NONE, 0, 1, 1,
            N_("The result where the value is exactly 0.")),
  HL_PARAM_END
};

static const HlLayerExample heaviside_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "value_at_zero=0.5", { HL_SHAPE_3 (3, 5, 7) } },
  { "value_at_zero=0", { HL_SHAPE_2 (5, 3) } },
  { NULL, { HL_SHAPE_3 (17, 2, 3) } },
  { NULL, { { 0 } } }
};

static double
heaviside_value (const void *params, double x)
{
  const Heaviside *self = params;

  return x < 0 ? 0 : x > 0 ? 1 : x == 0 ? self->value_at_zero : x;
}

static void
heaviside_activation (const void *params, HlEpilogue *epilogue)
{
  const Heaviside *self = params;

  /* Not-a-number is the case that is left. */
  hl_epilogue_set_formula (epilogue, FALSE,
                           "select (select (select (v, (VEC) $0, v == (VEC) 0), (VEC) 1, v > (VEC) 0), (VEC) 0,"
                           " v < (VEC) 0)",
                           "(VEC) 0", &self->value_at_zero, 1);
}

static void
heaviside_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, heaviside_value, NULL);
}

static gboolean
heaviside_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                 GError **error)
{
  const float zero = 0, one = 1, at_zero = (float) ((const Heaviside *) params)->value_at_zero;

  hl_op_list_add_floats (ops, "zero", 1, &zero);
  hl_op_list_add_floats (ops, "one", 1, &one);
  hl_op_list_add_floats (ops, "at_zero", 1, &at_zero);
  hl_op_list_add (ops, "Equal", "$x0,zero", "is_zero");
  hl_op_list_add (ops, "Greater", "$x0,zero", "is_above");
  hl_op_list_add (ops, "Where", "is_zero,at_zero,zero", "rest");
  hl_op_list_add (ops, "Where", "is_above,one,rest", "$y");
  return TRUE;
}

static char *
heaviside_describe (const void *params)
{
  const Heaviside *self = params;

  return g_strdup_printf (_("%g at 0"), self->value_at_zero);
}

const HlLayerClass hl_heaviside_layer = {
  .base = {
    .name = "heaviside",
    .title = N_("Heaviside"),
    .group = N_("Activation"),
    .summary = N_("The step of the first artificial neurons: 0 below zero, 1 above."),
    .help = N_("y = 0 for x < 0, y = 1 for x > 0 (McCulloch and Pitts, 1943); what stands at 0 books choose "
               "differently, here it is a parameter. The step has no slope that back-propagation could follow, so "
               "a network cannot be trained through it: it is for networks whose weights are set or imported. To "
               "train, take a sigmoid, which is a smooth step."),
    .params_size = sizeof (Heaviside),
    .params = heaviside_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = heaviside_examples,
  .plan = hl_activation_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward_hint = N_("Take a sigmoid instead: it is a smooth step."),
  .reference = heaviside_reference,
  .lower = heaviside_lower,
  .describe = heaviside_describe,
  .activation = heaviside_activation,
};
