/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clip: x kept between two limits (torch.clamp, ONNX's Clip). The gradient at the limits is 1, as in PyTorch; hard
 * tanh has 0 there. */

#include "engine/graph/activation.h"

typedef struct
{
  double min, max;
} Clip;

static const HlParam clip_params[] = {
  HL_FLOAT (Clip, min, N_("Lowest"), HL_UNIT_NONE, -G_MAXFLOAT, G_MAXFLOAT, 0, N_("Smaller values become this.")),
  HL_FLOAT (Clip, max, N_("Highest"), HL_UNIT_NONE, -G_MAXFLOAT, G_MAXFLOAT, 6, N_("Larger values become this.")),
  HL_PARAM_END
};

static const HlLayerExample clip_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "min=-0.5;max=0.25", { HL_SHAPE_3 (3, 5, 7) } },
  { "min=-3.4e38;max=0.5", { HL_SHAPE_2 (5, 3) } },
  { "min=1;max=1", { HL_SHAPE_3 (17, 2, 3) } },
  { NULL, { { 0 } } }
};

static double
clip_value (const void *params, double x)
{
  const Clip *self = params;

  return x < self->min ? self->min : x > self->max ? self->max : x;
}

static double
clip_gradient (const void *params, double x)
{
  const Clip *self = params;

  return x >= self->min && x <= self->max ? 1 : 0;
}

static void
clip_activation (const void *params, HlEpilogue *epilogue)
{
  const Clip *self = params;

  hl_epilogue_set_formula (epilogue, TRUE, "select (select (v, (VEC) $1, v > (VEC) $1), (VEC) $0, v < (VEC) $0)",
                           "select ((VEC) 0, (VEC) 1, v >= (VEC) $0 && v <= (VEC) $1)",
                           (double[]) { self->min, self->max }, 2);
}

static void
clip_reference (const HlLayerReference *call)
{
  hl_activation_reference (call, clip_value, clip_gradient);
}

static gboolean
clip_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
           HlLayerPlan *plan, GError **error)
{
  const Clip *self = params;

  if (self->min > self->max)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, _("has a lowest value of %g, above the highest of %g."),
                   self->min, self->max);
      return FALSE;
    }
  return hl_activation_plan (params, options, n_inputs, inputs, plan, error);
}

static gboolean
clip_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
            GError **error)
{
  const Clip *self = params;
  const float limits[] = { (float) self->min, (float) self->max };

  hl_op_list_add_floats (ops, "min", 1, &limits[0]);
  hl_op_list_add_floats (ops, "max", 1, &limits[1]);
  hl_op_list_add (ops, "Clip", "$x0,min,max", "$y");
  return TRUE;
}

static char *
clip_describe (const void *params)
{
  const Clip *self = params;

  return g_strdup_printf (_("%g to %g"), self->min, self->max);
}

const HlLayerClass hl_clip_layer = {
  .base = {
    .name = "clip",
    .title = N_("Clip"),
    .group = N_("Activation"),
    .summary = N_("Keeps values between two limits; 0 and 6 make ReLU6."),
    .help = N_("y = min (max (x, min), max). With 0 and 6 it is ReLU6 (Howard and others, MobileNets, 2017). The "
               "gradient is 1 between the limits and exactly at them, 0 outside, as in torch.clamp; hard tanh "
               "differs at the limits only and can be computed together with the layer before it while training. A "
               "limit of ±3.4e38 is none."),
    .params_size = sizeof (Clip),
    .params = clip_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = clip_examples,
  .plan = clip_plan,
  .prepare = hl_activation_prepare,
  .forward = hl_activation_forward,
  .backward = hl_activation_backward,
  .reference = clip_reference,
  .lower = clip_lower,
  .describe = clip_describe,
  .activation = clip_activation,
};
