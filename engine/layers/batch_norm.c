/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Batch normalisation with PyTorch's semantics: BatchNorm1d for rows of numbers, BatchNorm2d for images. */

#include "engine/graph/layer.h"

#include <math.h>

typedef struct
{
  double eps, momentum;
  gboolean affine;
} BatchNorm;

enum { TRAIN, APPLY, BACKWARD };

static const HlParam batch_norm_params[] = {
  HL_FLOAT (BatchNorm, eps, N_("Epsilon"), HL_UNIT_NONE, 1e-12, 1, 1e-5, N_("Added to the variance against division by 0.")),
  HL_FLOAT (BatchNorm, momentum, N_("Momentum"), HL_UNIT_RATIO, 0, 1, 0.1,
            N_("Weight of the newest batch in the running mean and variance.")),
  HL_BOOL (BatchNorm, affine, N_("Scale and shift"), TRUE, N_("Learn a factor and a summand for each channel.")),
  HL_PARAM_END
};

static const HlLayerExample batch_norm_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { NULL, { HL_SHAPE_3 (3, 5, 7) } },
  { "affine=false;momentum=0.3", { HL_SHAPE_3 (17, 2, 3) } },
  { "eps=0.001", { HL_SHAPE_3 (1, 1, 1) } },
  { "momentum=1", { HL_SHAPE_2 (5, 3) } },
  { NULL, { { 0 } } }
};

static gboolean
batch_norm_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
                 HlLayerPlan *plan, GError **error)
{
  const BatchNorm *self = params;
  guint channels = hl_shape_channels (&inputs[0]);
  HlWeightSpec spec = { .shape = HL_SHAPE_1 (channels), .fan_in = channels, .fan_out = channels };

  plan->output = inputs[0];
  plan->needs_y = FALSE;
  if (self->affine)
    {
      spec.name = "weight";
      spec.constant = 1;
      plan->weights[plan->n_weights++] = spec;
      spec.name = "bias";
      spec.constant = 0;
      plan->weights[plan->n_weights++] = spec;
    }
  spec.kind = HL_WEIGHT_STATE;
  spec.name = "running_mean";
  spec.constant = 0;
  plan->weights[plan->n_weights++] = spec;
  spec.name = "running_var";
  spec.constant = 1;
  plan->weights[plan->n_weights++] = spec;
  plan->multiply_adds = hl_shape_get_count (&inputs[0]);
  plan->saved_bytes[0] = 2 * channels * sizeof (float);
  return TRUE;
}

static guint
channels_per_item (const HlLayerCall *call)
{
  guint channels = hl_shape_channels (&call->y->shape);
  guint vectors = hl_shape_get_count (&call->y->shape) / channels * (call->capacity / call->lanes);

  if (call->lanes > 16)
    return 1;
  /* Small channels share an item, but there should be some items for every unit. */
  return CLAMP (MIN (128 / MAX (vectors, 1), channels / (2 * call->compute_units)), 1, channels);
}

static gsize
n_items (const HlLayerCall *call)
{
  guint chunk = channels_per_item (call);

  return (hl_shape_channels (&call->y->shape) + chunk - 1) / chunk;
}

static void
append_params (const HlLayerCall *call, GString *defines)
{
  const BatchNorm *self = call->params;
  char eps[G_ASCII_DTOSTR_BUF_SIZE], momentum[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_printf (defines, "CHUNK=%u;AFFINE=%d;EPS=%sf;MOMENTUM=%sf;", channels_per_item (call), self->affine ? 1 : 0,
                   g_ascii_formatd (eps, sizeof eps, "%.9e", self->eps),
                   g_ascii_formatd (momentum, sizeof momentum, "%.9e", self->momentum));
  hl_value_append_defines (call->x[0], "X", defines);
  hl_value_append_defines (call->y, "Y", defines);
}

static gboolean
batch_norm_prepare (HlLayerCall *call, GError **error)
{
  g_autoptr (GString) defines = g_string_new (NULL);

  append_params (call, defines);
  call->kernel[APPLY] = hl_kernel_set_add (call->kernels, "norm", "norm_apply", defines->str);
  if (!call->training)
    return TRUE;
  call->kernel[TRAIN] = hl_kernel_set_add (call->kernels, "norm", "norm_train", defines->str);
  if (!call->dy)
    return TRUE;
  hl_value_append_defines (call->dy, "DY", defines);
  if (call->dx[0])
    hl_value_append_defines (call->dx[0], "DX", defines);
  g_string_append_printf (defines, "WITH_DX=%d;WITH_DW=%d;ADD=%d", call->dx[0] ? 1 : 0, call->dw[0] ? 1 : 0,
                          call->accumulate[0] ? 1 : 0);
  call->kernel[BACKWARD] = hl_kernel_set_add (call->kernels, "norm", "norm_backward", defines->str);
  return TRUE;
}

static gboolean
batch_norm_forward (const HlLayerCall *call, GError **error)
{
  const BatchNorm *self = call->params;
  gboolean own = call->training && call->kernel[TRAIN];
  const HlKernelArg batch = HL_ARG_UINT (call->batch), blocks = HL_ARG_UINT (call->n_blocks);
  HlKernelArg args[12];
  guint n = 0;

  args[n++] = HL_ARG_TENSOR (call->x[0]->tensor);
  args[n++] = HL_ARG_TENSOR (call->y->tensor);
  for (guint i = 0; i < (self->affine ? 4 : 2); i++)
    args[n++] = HL_ARG_TENSOR (call->w[i]);
  if (own)
    {
      args[n++] = HL_ARG_TENSOR (call->saved[0]);
      args[n++] = batch;
    }
  args[n++] = blocks;
  args[n] = (HlKernelArg) { HL_ARG_KIND_END };
  return hl_kernel_run_args (call->kernel[own ? TRAIN : APPLY], n_items (call), args, error);
}

static gboolean
batch_norm_backward (const HlLayerCall *call, GError **error)
{
  const BatchNorm *self = call->params;
  guint state = self->affine ? 2 : 0, n = 0;
  HlKernelArg args[14];

  args[n++] = HL_ARG_TENSOR (call->x[0]->tensor);
  args[n++] = HL_ARG_TENSOR (call->dy->tensor);
  if (call->dx[0])
    args[n++] = HL_ARG_TENSOR (call->dx[0]->tensor);
  if (self->affine)
    {
      args[n++] = HL_ARG_TENSOR (call->w[0]);
      if (call->dw[0])
        {
          args[n++] = HL_ARG_TENSOR (call->dw[0]);
          args[n++] = HL_ARG_TENSOR (call->dw[1]);
        }
    }
  args[n++] = HL_ARG_TENSOR (call->w[state]);
  args[n++] = HL_ARG_TENSOR (call->w[state + 1]);
  args[n++] = HL_ARG_TENSOR (call->saved[0]);
  args[n++] = HL_ARG_INT (call->training ? 1 : 0);
  args[n++] = HL_ARG_UINT (call->batch);
  args[n++] = HL_ARG_UINT (call->n_blocks);
  args[n] = (HlKernelArg) { HL_ARG_KIND_END };
  return hl_kernel_run_args (call->kernel[BACKWARD], n_items (call), args, error);
}

/* ---- Reference ---- */

typedef struct
{
  gsize channel, channels, pixels;
  double mean, variance;
} Channel;

static gsize
at (const Channel *c, guint sample, gsize pixel)
{
  return (sample * c->channels + c->channel) * c->pixels + pixel;
}

/* Mean and variance that the channel is normalised with; in training the running ones move. */
static void
reference_statistics (const HlLayerReference *call, Channel *c, double *running_mean, double *running_variance)
{
  const BatchNorm *self = call->params;
  double n = (double) call->batch * c->pixels, spread = 0;

  c->mean = *running_mean;
  c->variance = *running_variance;
  if (!call->training)
    return;
  c->mean = 0;
  for (guint sample = 0; sample < call->batch; sample++)
    for (gsize pixel = 0; pixel < c->pixels; pixel++)
      c->mean += call->x[0][at (c, sample, pixel)] / n;
  for (guint sample = 0; sample < call->batch; sample++)
    for (gsize pixel = 0; pixel < c->pixels; pixel++)
      {
        double d = call->x[0][at (c, sample, pixel)] - c->mean;

        spread += d * d;
      }
  c->variance = spread / n;
  *running_mean += self->momentum * (c->mean - *running_mean);
  if (n > 1)
    *running_variance += self->momentum * (spread / (n - 1) - *running_variance);
}

static void
reference_gradient (const HlLayerReference *call, const Channel *c)
{
  const BatchNorm *self = call->params;
  double n = (double) call->batch * c->pixels, scale = 1 / sqrt (c->variance + self->eps), sum = 0, sum_xn = 0;
  double factor = scale * (self->affine ? call->w[0][c->channel] : 1);

  for (guint sample = 0; sample < call->batch; sample++)
    for (gsize pixel = 0; pixel < c->pixels; pixel++)
      {
        gsize i = at (c, sample, pixel);

        sum += call->dy[i];
        sum_xn += call->dy[i] * (call->x[0][i] - c->mean) * scale;
      }
  if (self->affine && call->dw[0])
    call->dw[0][c->channel] += sum_xn;
  if (self->affine && call->dw[1])
    call->dw[1][c->channel] += sum;
  for (guint sample = 0; call->dx[0] && sample < call->batch; sample++)
    for (gsize pixel = 0; pixel < c->pixels; pixel++)
      {
        gsize i = at (c, sample, pixel);
        double xn = (call->x[0][i] - c->mean) * scale;

        call->dx[0][i] += factor * (call->dy[i] - (call->training ? (sum + xn * sum_xn) / n : 0));
      }
}

static void
batch_norm_reference (const HlLayerReference *call)
{
  const BatchNorm *self = call->params;
  guint state = self->affine ? 2 : 0;
  Channel c = { 0 };

  c.channels = hl_shape_channels (&call->x_shape[0]);
  c.pixels = hl_shape_get_count (&call->x_shape[0]) / c.channels;
  for (c.channel = 0; c.channel < c.channels; c.channel++)
    {
      double scale, shift = self->affine ? call->w[1][c.channel] : 0;

      reference_statistics (call, &c, &call->w[state][c.channel], &call->w[state + 1][c.channel]);
      scale = (self->affine ? call->w[0][c.channel] : 1) / sqrt (c.variance + self->eps);
      for (guint sample = 0; sample < call->batch; sample++)
        for (gsize pixel = 0; pixel < c.pixels; pixel++)
          call->y[at (&c, sample, pixel)] = (call->x[0][at (&c, sample, pixel)] - c.mean) * scale + shift;
      if (call->dy)
        reference_gradient (call, &c);
    }
}

static gboolean
batch_norm_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                  GError **error)
{
  const BatchNorm *self = params;
  guint channels = hl_shape_channels (&inputs[0]);

  if (!self->affine)
    {
      g_autofree float *values = g_new (float, channels);

      for (guint i = 0; i < channels; i++)
        values[i] = 1;
      hl_op_list_add_floats (ops, "scale", channels, values);
      for (guint i = 0; i < channels; i++)
        values[i] = 0;
      hl_op_list_add_floats (ops, "shift", channels, values);
    }
  hl_op_list_add (ops, "BatchNormalization", self->affine ? "$x0,$w0,$w1,$w2,$w3" : "$x0,scale,shift,$w0,$w1", "$y");
  hl_op_list_set_float (ops, "epsilon", self->eps);
  /* ONNX's momentum is the weight of the old value. */
  hl_op_list_set_float (ops, "momentum", 1 - self->momentum);
  return TRUE;
}

static char *
batch_norm_describe (const void *params)
{
  const BatchNorm *self = params;

  return g_strdup_printf (self->affine ? _("momentum %g") : _("momentum %g, without scale"), self->momentum);
}

const HlLayerClass hl_batch_norm_layer = {
  .base = {
    .name = "batch_norm",
    .title = N_("Batch norm"),
    .group = N_("Normalization"),
    .summary = N_("Brings each channel to mean 0 and variance 1 over the batch."),
    .help = N_("y = (x - mean) / sqrt (variance + epsilon) × weight + bias, for each channel. While training, mean and "
               "variance are the batch's own; running averages of them are kept for evaluation (Ioffe and Szegedy, "
               "2015). It allows larger learning rates. With small batches the estimates are poor, and a batch of one "
               "sample of a single row teaches nothing. The layer before it needs no bias. Frozen, it normalises with its running "
               "averages and leaves them alone; in PyTorch requires_grad = False does not do that, only eval ()."),
    .params_size = sizeof (BatchNorm),
    .params = batch_norm_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = batch_norm_examples,
  .plan = batch_norm_plan,
  .prepare = batch_norm_prepare,
  .forward = batch_norm_forward,
  .backward = batch_norm_backward,
  .reference = batch_norm_reference,
  .lower = batch_norm_lower,
  .describe = batch_norm_describe,
};
