/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution of signals (PyTorch's Conv1d): its parameters. What it computes stands in conv-plan.c. */

#include "engine/layers/conv-private.h"

typedef struct
{
  int filters, size, stride, preset, padding, dilation, groups;
  gboolean bias;
  int padding_mode;
  double padding_value;
} Conv1d;

static const char *const presets[] = { N_("none"), N_("half"), N_("full"), N_("same"), NULL };
static const char *const padding_modes[] = { N_("zeros"), N_("reflect"), N_("replicate"), N_("constant"), NULL };

static const HlParam conv1d_params[] = {
  HL_INT (Conv1d, filters, N_("Filters"), HL_UNIT_NONE, 1, 4096, 6, N_("Channels of the output, one learnt filter each.")),
  HL_INT (Conv1d, size, N_("Size"), HL_UNIT_NONE, 1, 64, 3, N_("Taps of a filter.")),
  HL_INT (Conv1d, stride, N_("Stride"), HL_UNIT_NONE, 1, 64, 1, N_("Places the filter moves at a time.")),
  HL_CHOICE (Conv1d, preset, N_("Padding rule"), presets, 4, CONV_PRESET_NONE,
             N_("Half, full and same follow from size and dilation; none takes the number below.")),
  HL_INT (Conv1d, padding, N_("Padding at the ends"), HL_UNIT_NONE, 0, 64, 0, N_("Places added at both ends.")),
  HL_CHOICE (Conv1d, padding_mode, N_("Padding with"), padding_modes, 4, CONV_ZEROS,
             N_("Zeros, the signal reflected at its ends, its ends repeated, or a value of your own.")),
  HL_FLOAT (Conv1d, padding_value, N_("Padding value"), HL_UNIT_NONE, -1e6, 1e6, 0.0,
            N_("What stands beyond the ends when padding is constant.")),
  HL_INT (Conv1d, dilation, N_("Dilation"), HL_UNIT_NONE, 1, 64, 1,
          N_("Distance of neighbouring taps; 1 is an ordinary filter.")),
  HL_INT (Conv1d, groups, N_("Groups"), HL_UNIT_NONE, 1, 4096, 1,
          N_("Each group of filters sees only its own part of the input channels.")),
  HL_BOOL (Conv1d, bias, N_("Bias"), TRUE, N_("Adds one learnt number to each output channel.")),
  HL_PARAM_END
};

static const HlLayerExample conv1d_examples[] = {
  { "filters=5", { HL_SHAPE_2 (3, 7) } },
  { "filters=4;size=5;stride=2;padding=2;groups=2", { HL_SHAPE_2 (6, 34) } },
  { "filters=3;size=2;dilation=3;padding=3;bias=0;padding_mode=1", { HL_SHAPE_2 (2, 9) } },
  { "filters=7;size=4;stride=3;padding=5;padding_mode=3;padding_value=-0.5", { HL_SHAPE_2 (1, 21) } },
  { "filters=4;size=4;preset=3;padding_mode=2", { HL_SHAPE_2 (3, 6) } },
  { NULL, { { 0 } } }
};

static Conv
get_conv (const void *params)
{
  const Conv1d *self = params;
  Conv conv = {
    .n_axes = 1, .filters = self->filters, .size_y = 1, .size_x = self->size, .stride_y = 1, .stride_x = self->stride,
    .dilation_y = 1, .dilation_x = self->dilation,
    .groups = self->groups, .bias = self->bias ? CONV_BIAS_CHANNEL : CONV_BIAS_NONE, .padding_mode = self->padding_mode,
    .padding_value = self->padding_value,
  };

  hl_conv_find_padding (self->preset, self->padding, self->size, self->dilation, &conv.pad_left, &conv.pad_right);
  return conv;
}

static gboolean
conv1d_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
             GError **error)
{
  const Conv1d *self = params;
  Conv conv = get_conv (params);

  if (self->preset == CONV_PRESET_SAME && self->stride > 1)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs stride 1 to give a signal of the same length, but has stride %d; the padding “half” goes with any "
                     "stride."), self->stride);
      return FALSE;
    }
  return hl_conv_plan (&conv, options, inputs, plan, error);
}

static gboolean
conv1d_fuse (const void *params, const HlPlanOptions *options, HlLayerPlan *plan, const HlLayerClass *next,
             const void *next_params, const HlLayerPlan *next_plan)
{
  Conv conv = get_conv (params);

  return hl_conv_fuse (&conv, options, plan, next, next_params, next_plan);
}

static gboolean
conv1d_prepare (HlLayerCall *call, GError **error)
{
  Conv conv = get_conv (call->params);

  return hl_conv_prepare (&conv, call);
}

static void
conv1d_reference (const HlLayerReference *call)
{
  Conv conv = get_conv (call->params);

  hl_conv_reference (&conv, call);
}

static gboolean
conv1d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
              GError **error)
{
  Conv conv = get_conv (params);

  return hl_conv_lower (&conv, plan, ops);
}

static char *
conv1d_describe (const void *params)
{
  Conv conv = get_conv (params);

  return hl_conv_describe (&conv);
}

const HlLayerClass hl_conv1d_layer = {
  .base = {
    .name = "conv1d",
    .title = N_("Convolution 1-D"),
    .group = N_("Convolution"),
    .summary = N_("Slides small learnt filters along a signal; each gives one channel of the output."),
    .help = N_("The convolution of a signal, channels × length: each output is the sum of the inputs under the filter, in all "
               "input channels of its group, each times a weight, plus the filter's bias. With input length i, padding p, "
               "dilation d, filter size k and stride s, the output length is floor ((i + 2p - d (k - 1) - 1) / s) + 1. Dilation "
               "1 is an ordinary filter. Padding half adds floor ((d (k - 1) + 1) / 2) at both ends, full d (k - 1), and same as much "
               "in all as keeps the length, the odd one at the end, as in PyTorch. Weights are stored as in PyTorch, [out][in / groups][size]."),
    .params_size = sizeof (Conv1d),
    .params = conv1d_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = conv1d_examples,
  .plan = conv1d_plan,
  .prepare = conv1d_prepare,
  .forward = hl_conv_forward,
  .backward = hl_conv_backward,
  .reference = conv1d_reference,
  .lower = conv1d_lower,
  .describe = conv1d_describe,
  .fuse = conv1d_fuse,
};
