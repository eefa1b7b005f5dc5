/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Instance normalisation (PyTorch's InstanceNorm1d and InstanceNorm2d without running statistics). */

#include "engine/layers/sample-norm.h"

typedef struct
{
  double eps;
  gboolean affine;
} InstanceNorm;

static const HlParam instance_norm_params[] = {
  HL_FLOAT (InstanceNorm, eps, N_("Epsilon"), HL_UNIT_NONE, 1e-12, 1, 1e-5, N_("Added to the variance against division by 0.")),
  HL_BOOL (InstanceNorm, affine, N_("Scale and shift"), FALSE, N_("Learn a factor and a summand for each channel.")),
  HL_PARAM_END
};

static const HlLayerExample instance_norm_examples[] = {
  { NULL, { HL_SHAPE_2 (5, 3) } },
  { "affine=true", { HL_SHAPE_3 (3, 5, 7) } },
  { "affine=true;eps=0.01", { HL_SHAPE_3 (1, 2, 3) } },
  { NULL, { HL_SHAPE_3 (4, 1, 4) } },
  { NULL, { { 0 } } }
};

static HlSampleNorm
get_norm (const InstanceNorm *self, const HlShape *input)
{
  guint channels = hl_shape_channels (input);

  return (HlSampleNorm) { .n_sets = channels, .set_size = hl_shape_get_count (input) / channels, .affine = self->affine,
                          .eps = self->eps };
}

static gboolean
instance_norm_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
                    HlLayerPlan *plan,
                    GError **error)
{
  const HlSampleNorm norm = get_norm (params, inputs);
  const HlShape weight = HL_SHAPE_1 (hl_shape_channels (inputs));

  if (norm.set_size < 2)
    {
      g_autofree char *got = hl_shape_to_string (inputs);

      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs at least 2 pixels in each channel but gets %s, where a channel has 1 and every result would be 0."), got);
      return FALSE;
    }
  return hl_sample_norm_plan (&norm, options, inputs, &weight, plan, error);
}

static gboolean
instance_norm_prepare (HlLayerCall *call, GError **error)
{
  const HlSampleNorm norm = get_norm (call->params, &call->x[0]->shape);

  return hl_sample_norm_prepare (&norm, call, error);
}

static void
instance_norm_reference (const HlLayerReference *call)
{
  const HlSampleNorm norm = get_norm (call->params, &call->x_shape[0]);

  hl_sample_norm_reference (&norm, call);
}

static gboolean
instance_norm_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                     GError **error)
{
  const InstanceNorm *self = params;

  if (!self->affine)
    hl_sample_norm_add_constants (hl_shape_channels (inputs), ops);
  hl_op_list_add (ops, "InstanceNormalization", self->affine ? "$x0,$w0,$w1" : "$x0,ones,zeros", "$y");
  hl_op_list_set_float (ops, "epsilon", self->eps);
  return TRUE;
}

const HlLayerClass hl_instance_norm_layer = {
  .base = {
    .name = "instance_norm",
    .title = N_("Instance norm"),
    .group = N_("Normalization"),
    .summary = N_("Brings each channel of each sample to mean 0 and variance 1."),
    .help = N_("y = (x - mean) / sqrt (variance + epsilon), with mean and variance of one channel of one sample "
               "(Ulyanov, Vedaldi and Lempitsky, 2016). It removes an image's contrast, which helps where style is "
               "transferred and hurts where brightness tells classes apart. As in PyTorch it has no weights unless "
               "asked for."),
    .params_size = sizeof (InstanceNorm),
    .params = instance_norm_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = instance_norm_examples,
  .plan = instance_norm_plan,
  .prepare = instance_norm_prepare,
  .forward = hl_sample_norm_forward,
  .backward = hl_sample_norm_backward,
  .reference = instance_norm_reference,
  .lower = instance_norm_lower,
};
