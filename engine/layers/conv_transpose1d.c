/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Transposed convolution of signals (PyTorch's ConvTranspose1d): its parameters. What it computes stands in
 * conv-transpose.c. */

#include "engine/layers/conv-private.h"

typedef struct
{
  int filters, size, stride, padding, output_padding, dilation, groups;
  gboolean bias;
} ConvTranspose1d;

static const HlParam conv_transpose1d_params[] = {
  HL_INT (ConvTranspose1d, filters, N_("Filters"), HL_UNIT_NONE, 1, 4096, 6, N_("Channels of the output.")),
  HL_INT (ConvTranspose1d, size, N_("Size"), HL_UNIT_NONE, 1, 64, 2, N_("Taps of a filter.")),
  HL_INT (ConvTranspose1d, stride, N_("Stride"), HL_UNIT_NONE, 1, 64, 2,
          N_("Places between what neighbouring inputs paint: about how many times longer the output is.")),
  HL_INT (ConvTranspose1d, padding, N_("Cut off at both ends"), HL_UNIT_NONE, 0, 64, 0,
          N_("The padding of the convolution that this one reverses: places taken off both ends of the output.")),
  HL_INT (ConvTranspose1d, output_padding, N_("Added at the end"), HL_UNIT_NONE, 0, 63, 0,
          N_("Chooses among the output sizes that a convolution with this stride would make the same of.")),
  HL_INT (ConvTranspose1d, dilation, N_("Dilation"), HL_UNIT_NONE, 1, 64, 1,
          N_("Distance of neighbouring taps; 1 is an ordinary filter.")),
  HL_INT (ConvTranspose1d, groups, N_("Groups"), HL_UNIT_NONE, 1, 4096, 1,
          N_("Each group of output channels sees only its own part of the input channels.")),
  HL_BOOL (ConvTranspose1d, bias, N_("Bias"), TRUE, N_("Adds one learnt number to each output channel.")),
  HL_PARAM_END
};

static const HlLayerExample conv_transpose1d_examples[] = {
  { "filters=5", { HL_SHAPE_2 (3, 5) } },
  { "filters=4;size=4;padding=1;groups=2", { HL_SHAPE_2 (6, 18) } },
  { "filters=2;size=3;stride=3;dilation=2;padding=3;output_padding=2;bias=0", { HL_SHAPE_2 (5, 6) } },
  { "filters=17;size=5;stride=1;padding=2", { HL_SHAPE_2 (4, 33) } },
  { NULL, { { 0 } } }
};

static Conv
get_conv (const void *params)
{
  const ConvTranspose1d *self = params;

  return (Conv) {
    .n_axes = 1, .filters = self->filters, .size_y = 1, .size_x = self->size, .stride_y = 1, .stride_x = self->stride,
    .dilation_y = 1, .dilation_x = self->dilation, .pad_left = self->padding, .pad_right = self->padding,
    .groups = self->groups, .bias = self->bias ? CONV_BIAS_CHANNEL : CONV_BIAS_NONE,
    .output_padding_x = self->output_padding,
  };
}

static gboolean
conv_transpose1d_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
                       GError **error)
{
  Conv conv = get_conv (params);

  return hl_conv_transpose_plan (&conv, options, inputs, plan, error);
}

static gboolean
conv_transpose1d_fuse (const void *params, const HlPlanOptions *options, HlLayerPlan *plan, const HlLayerClass *next,
                       const void *next_params, const HlLayerPlan *next_plan)
{
  return hl_conv_transpose_fuse (plan, next, next_params);
}

static gboolean
conv_transpose1d_prepare (HlLayerCall *call, GError **error)
{
  Conv conv = get_conv (call->params);

  return hl_conv_transpose_prepare (&conv, call);
}

static void
conv_transpose1d_reference (const HlLayerReference *call)
{
  Conv conv = get_conv (call->params);

  hl_conv_transpose_reference (&conv, call);
}

static gboolean
conv_transpose1d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                        GError **error)
{
  Conv conv = get_conv (params);

  return hl_conv_transpose_lower (&conv, plan, ops);
}

static char *
conv_transpose1d_describe (const void *params)
{
  Conv conv = get_conv (params);

  return hl_conv_describe (&conv);
}

const HlLayerClass hl_conv_transpose1d_layer = {
  .base = {
    .name = "conv_transpose1d",
    .title = N_("Transposed conv 1-D"),
    .group = N_("Convolution"),
    .summary = N_("Lets every place of a signal paint a learnt filter into a longer one."),
    .help = N_("The transposed convolution of a signal, channels × length: each input, times a weight, is added under the filter "
               "placed at stride × its position. With input length i, stride s, padding p, filter size k, dilation d and output "
               "padding o, the output length is (i - 1) s - 2p + d (k - 1) + o + 1. It is the adjoint of a convolution, not its "
               "inverse. Weights are stored as in PyTorch, [in][out / groups][size]."),
    .params_size = sizeof (ConvTranspose1d),
    .params = conv_transpose1d_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = conv_transpose1d_examples,
  .plan = conv_transpose1d_plan,
  .prepare = conv_transpose1d_prepare,
  .forward = hl_conv_transpose_forward,
  .backward = hl_conv_transpose_backward,
  .reference = conv_transpose1d_reference,
  .lower = conv_transpose1d_lower,
  .describe = conv_transpose1d_describe,
  .fuse = conv_transpose1d_fuse,
};
