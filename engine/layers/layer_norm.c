/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Layer normalisation (PyTorch's LayerNorm). */

#include "engine/layers/sample-norm.h"

typedef struct
{
  int axes;                 /* 0: all */
  double eps;
  gboolean affine;
} LayerNorm;

static const HlParam layer_norm_params[] = {
  HL_INT (LayerNorm, axes, N_("Axes"), HL_UNIT_NONE, 0, HL_MAX_DIMS, 0,
          N_("How many of the last axes are normalised together; 0 takes all of a sample.")),
  HL_FLOAT (LayerNorm, eps, N_("Epsilon"), HL_UNIT_NONE, 1e-12, 1, 1e-5, N_("Added to the variance against division by 0.")),
  HL_BOOL (LayerNorm, affine, N_("Scale and shift"), TRUE, N_("Learn a factor and a summand for each element.")),
  HL_PARAM_END
};

static const HlLayerExample layer_norm_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "axes=1", { HL_SHAPE_2 (5, 3) } },
  { "axes=2;eps=0.01", { HL_SHAPE_3 (3, 4, 5) } },
  { "affine=false", { HL_SHAPE_3 (2, 3, 4) } },
  { NULL, { { 0 } } }
};

/* Axes that are not part of a set. */
static guint
count_outer (const LayerNorm *self, const HlShape *input)
{
  return self->axes > 0 ? input->n_dims - (guint) self->axes : 0;
}

static HlShape
get_set_shape (const LayerNorm *self, const HlShape *input)
{
  HlShape shape = { 0 };

  for (guint i = count_outer (self, input); i < input->n_dims; i++)
    shape.dim[shape.n_dims++] = input->dim[i];
  return shape;
}

static HlSampleNorm
get_norm (const LayerNorm *self, const HlShape *input)
{
  const HlShape set = get_set_shape (self, input);

  return (HlSampleNorm) { .n_sets = hl_shape_get_count (input) / hl_shape_get_count (&set),
                          .set_size = hl_shape_get_count (&set), .per_element = TRUE, .affine = self->affine, .eps = self->eps };
}

static gboolean
layer_norm_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
                 HlLayerPlan *plan,
                 GError **error)
{
  const LayerNorm *self = params;
  HlSampleNorm norm;
  HlShape weight;

  if (self->axes > (int) inputs->n_dims)
    {
      g_autofree char *got = hl_shape_to_string (inputs);

      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, _("normalises the last %d axes but gets %s, which has %u."),
                   self->axes, got, inputs->n_dims);
      return FALSE;
    }
  norm = get_norm (self, inputs);
  weight = get_set_shape (self, inputs);
  return hl_sample_norm_plan (&norm, options, inputs, &weight, plan, error);
}

static gboolean
layer_norm_prepare (HlLayerCall *call, GError **error)
{
  const HlSampleNorm norm = get_norm (call->params, &call->x[0]->shape);

  return hl_sample_norm_prepare (&norm, call, error);
}

static void
layer_norm_reference (const HlLayerReference *call)
{
  const HlSampleNorm norm = get_norm (call->params, &call->x_shape[0]);

  hl_sample_norm_reference (&norm, call);
}

static gboolean
layer_norm_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                  GError **error)
{
  const LayerNorm *self = params;
  const HlShape set = get_set_shape (self, inputs);
  gint64 dims[HL_MAX_DIMS];

  for (guint i = 0; i < set.n_dims; i++)
    dims[i] = set.dim[i];
  if (!self->affine)
    {
      hl_sample_norm_add_constants ((guint) hl_shape_get_count (&set), ops);
      hl_op_list_add_ints (ops, "shape", set.n_dims, dims);
      hl_op_list_add (ops, "Reshape", "ones,shape", "scale");
    }
  hl_op_list_add (ops, "LayerNormalization", self->affine ? "$x0,$w0,$w1" : "$x0,scale", "$y");
  hl_op_list_set_int (ops, "axis", 1 + count_outer (self, inputs));
  hl_op_list_set_float (ops, "epsilon", self->eps);
  return TRUE;
}

const HlLayerClass hl_layer_norm_layer = {
  .base = {
    .name = "layer_norm",
    .title = N_("Layer norm"),
    .group = N_("Normalization"),
    .summary = N_("Brings each sample, or its last axes, to mean 0 and variance 1."),
    .help = N_("y = (x - mean) / sqrt (variance + epsilon) × weight + bias, with mean and variance of the sample's own "
               "elements (Ba, Kiros and Hinton, 2016). It does the same in training and evaluation and with any batch, "
               "which is why transformers and recurrent networks use it. Weight and bias have the shape of the axes "
               "that are normalised, as in PyTorch."),
    .params_size = sizeof (LayerNorm),
    .params = layer_norm_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = layer_norm_examples,
  .plan = layer_norm_plan,
  .prepare = layer_norm_prepare,
  .forward = hl_sample_norm_forward,
  .backward = hl_sample_norm_backward,
  .reference = layer_norm_reference,
  .lower = layer_norm_lower,
};
