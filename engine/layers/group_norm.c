/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Group normalisation (PyTorch's GroupNorm). */

#include "engine/layers/sample-norm.h"

typedef struct
{
  int groups;
  double eps;
  gboolean affine;
} GroupNorm;

static const HlParam group_norm_params[] = {
  HL_INT (GroupNorm, groups, N_("Groups"), HL_UNIT_NONE, 1, 65536, 1,
          N_("Parts the channels are cut into; each is normalised by itself.")),
  HL_FLOAT (GroupNorm, eps, N_("Epsilon"), HL_UNIT_NONE, 1e-12, 1, 1e-5, N_("Added to the variance against division by 0.")),
  HL_BOOL (GroupNorm, affine, N_("Scale and shift"), TRUE, N_("Learn a factor and a summand for each channel.")),
  HL_PARAM_END
};

static const HlLayerExample group_norm_examples[] = {
  { "groups=2", { HL_SHAPE_1 (6) } },
  { "groups=3", { HL_SHAPE_3 (6, 3, 4) } },
  { "eps=0.01", { HL_SHAPE_3 (3, 1, 2) } },
  { "groups=2;affine=false", { HL_SHAPE_2 (4, 3) } },
  { NULL, { { 0 } } }
};

static HlSampleNorm
get_norm (const GroupNorm *self, const HlShape *input)
{
  return (HlSampleNorm) { .n_sets = self->groups, .set_size = hl_shape_get_count (input) / self->groups, .affine = self->affine,
                          .eps = self->eps };
}

static gboolean
group_norm_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
                 HlLayerPlan *plan,
                 GError **error)
{
  const GroupNorm *self = params;
  const HlSampleNorm norm = get_norm (self, inputs);
  guint channels = hl_shape_channels (inputs);
  const HlShape weight = HL_SHAPE_1 (channels);

  if (channels % self->groups != 0)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, _("cannot cut %u channels into %d equal groups."), channels,
                   self->groups);
      return FALSE;
    }
  return hl_sample_norm_plan (&norm, options, inputs, &weight, plan, error);
}

static gboolean
group_norm_prepare (HlLayerCall *call, GError **error)
{
  const HlSampleNorm norm = get_norm (call->params, &call->x[0]->shape);

  return hl_sample_norm_prepare (&norm, call, error);
}

static void
group_norm_reference (const HlLayerReference *call)
{
  const HlSampleNorm norm = get_norm (call->params, &call->x_shape[0]);

  hl_sample_norm_reference (&norm, call);
}

/* ONNX has group norm only in later operator sets: a group becomes a channel of instance norm. */
static gboolean
group_norm_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                  GError **error)
{
  const GroupNorm *self = params;
  const gint64 grouped[] = { 0, self->groups, -1 };
  gint64 back[HL_MAX_DIMS + 1] = { 0 }, weight[HL_MAX_DIMS];

  for (guint i = 0; i < inputs->n_dims; i++)
    {
      back[i + 1] = inputs->dim[i];
      weight[i] = i == 0 ? inputs->dim[0] : 1;
    }
  hl_sample_norm_add_constants ((guint) self->groups, ops);
  hl_op_list_add_ints (ops, "grouped", 3, grouped);
  hl_op_list_add_ints (ops, "back", inputs->n_dims + 1, back);
  hl_op_list_add (ops, "Reshape", "$x0,grouped", "groups");
  hl_op_list_add (ops, "InstanceNormalization", "groups,ones,zeros", "normal");
  hl_op_list_set_float (ops, "epsilon", self->eps);
  hl_op_list_add (ops, "Reshape", "normal,back", self->affine ? "shaped" : "$y");
  if (!self->affine)
    return TRUE;
  hl_op_list_add_ints (ops, "per_channel", inputs->n_dims, weight);
  hl_op_list_add (ops, "Reshape", "$w0,per_channel", "scale");
  hl_op_list_add (ops, "Reshape", "$w1,per_channel", "shift");
  hl_op_list_add (ops, "Mul", "shaped,scale", "scaled");
  hl_op_list_add (ops, "Add", "scaled,shift", "$y");
  return TRUE;
}

static char *
group_norm_describe (const void *params)
{
  const GroupNorm *self = params;

  return g_strdup_printf (ngettext ("%d group", "%d groups", (gulong) self->groups), self->groups);
}

const HlLayerClass hl_group_norm_layer = {
  .base = {
    .name = "group_norm",
    .title = N_("Group norm"),
    .group = N_("Normalization"),
    .summary = N_("Brings groups of channels of each sample to mean 0 and variance 1."),
    .help = N_("y = (x - mean) / sqrt (variance + epsilon) × weight + bias, with mean and variance of a group of "
               "channels of one sample (Wu and He, 2018). It does not depend on the batch: a stand-in for batch norm "
               "where memory allows only small batches. One group is layer norm with weights per channel, as many "
               "groups as channels are instance norm."),
    .params_size = sizeof (GroupNorm),
    .params = group_norm_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = group_norm_examples,
  .plan = group_norm_plan,
  .prepare = group_norm_prepare,
  .forward = hl_sample_norm_forward,
  .backward = hl_sample_norm_backward,
  .reference = group_norm_reference,
  .lower = group_norm_lower,
  .describe = group_norm_describe,
};
