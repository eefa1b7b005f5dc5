/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution of images (PyTorch's Conv2d): its parameters. What it computes stands in conv-plan.c. */

#include "engine/layers/conv-private.h"

typedef struct
{
  int filters;
  int size_y, size_x, stride_y, stride_x, padding_y, padding_x, dilation_y, dilation_x;
  int groups;
  int bias, preset, padding_mode, table;
  double padding_value;
} Conv2d;

static const char *const presets[] = { N_("none"), N_("half"), N_("full"), N_("same"), NULL };
static const char *const padding_modes[] = { N_("zeros"), N_("reflect"), N_("replicate"), N_("constant"), NULL };
static const char *const biases[] = { N_("none"), N_("channel"), N_("position"), NULL };
static const char *const tables[] = { N_("none"), "lenet5_c3", "lecun1989_h2", NULL };

static const HlParam conv2d_params[] = {
  HL_INT (Conv2d, filters, N_("Filters"), HL_UNIT_NONE, 1, 4096, 6, N_("Channels of the output, one learnt filter each.")),
  HL_INT (Conv2d, size_y, N_("Height"), HL_UNIT_PIXEL, 1, 64, 5, N_("Rows of a filter.")),
  HL_INT (Conv2d, size_x, N_("Width"), HL_UNIT_PIXEL, 1, 64, 5, N_("Columns of a filter.")),
  HL_INT (Conv2d, stride_y, N_("Stride down"), HL_UNIT_PIXEL, 1, 64, 1, N_("Rows the filter moves at a time.")),
  HL_INT (Conv2d, stride_x, N_("Stride across"), HL_UNIT_PIXEL, 1, 64, 1, N_("Columns the filter moves at a time.")),
  HL_CHOICE (Conv2d, preset, N_("Padding rule"), presets, 4, CONV_PRESET_NONE,
             N_("Half, full and same follow from size and dilation; none takes the two numbers below.")),
  HL_INT (Conv2d, padding_y, N_("Padding above and below"), HL_UNIT_PIXEL, 0, 64, 0, N_("Rows added on both sides.")),
  HL_INT (Conv2d, padding_x, N_("Padding left and right"), HL_UNIT_PIXEL, 0, 64, 0, N_("Columns added on both sides.")),
  HL_CHOICE (Conv2d, padding_mode, N_("Padding with"), padding_modes, 4, CONV_ZEROS,
             N_("Zeros, the image reflected at its edge, its edge pixels repeated, or a value of your own.")),
  HL_FLOAT (Conv2d, padding_value, N_("Padding value"), HL_UNIT_NONE, -1e6, 1e6, 0.0,
            N_("What stands outside the image when padding is constant.")),
  HL_INT (Conv2d, dilation_y, N_("Dilation down"), HL_UNIT_PIXEL, 1, 64, 1,
          N_("Distance of neighbouring filter rows; 1 is an ordinary filter.")),
  HL_INT (Conv2d, dilation_x, N_("Dilation across"), HL_UNIT_PIXEL, 1, 64, 1,
          N_("Distance of neighbouring filter columns; 1 is an ordinary filter.")),
  HL_INT (Conv2d, groups, N_("Groups"), HL_UNIT_NONE, 1, 4096, 1,
          N_("Each group of filters sees only its own part of the input channels.")),
  HL_CHOICE_WAS_BOOL (Conv2d, bias, N_("Bias"), biases, 3, CONV_BIAS_CHANNEL,
                      N_("A learnt number added to each output channel, or to each position of each channel.")),
  HL_CHOICE (Conv2d, table, N_("Connections"), tables, 3, CONV_TABLE_NONE,
             N_("Which input channels feed which filter: all, or a table of LeNet-5 or of the network of 1989.")),
  HL_PARAM_END
};

static const HlLayerExample conv2d_examples[] = {
  { "filters=3;size_y=3;size_x=3", { HL_SHAPE_3 (2, 7, 6) } },
  { "filters=6;size_y=5;size_x=5;padding_y=2;padding_x=2", { HL_SHAPE_3 (1, 9, 11) } },
  { "filters=16;size_y=5;size_x=5", { HL_SHAPE_3 (6, 14, 14) } },
  { "filters=5;size_y=3;size_x=2;stride_y=2;stride_x=3;padding_y=1", { HL_SHAPE_3 (3, 8, 10) } },
  { "filters=7;size_y=2;size_x=3;dilation_y=2;dilation_x=3;padding_x=3", { HL_SHAPE_3 (2, 6, 9) } },
  { "filters=6;groups=3;size_y=3;size_x=3;padding_y=1;padding_x=1;bias=0", { HL_SHAPE_3 (9, 5, 7) } },
  { "filters=4;groups=4;size_y=3;size_x=3;stride_y=2;stride_x=2;padding_y=1;padding_x=1", { HL_SHAPE_3 (4, 7, 19) } },
  { "filters=2;size_y=1;size_x=1;stride_y=3;stride_x=2", { HL_SHAPE_3 (5, 5, 5) } },
  { "filters=3;size_y=11;size_x=11;stride_y=4;stride_x=4;padding_y=2;padding_x=2", { HL_SHAPE_3 (1, 23, 31) } },
  { "filters=2;size_y=4;size_x=7;stride_y=2;stride_x=5;dilation_x=2;padding_y=5;padding_x=9", { HL_SHAPE_3 (2, 5, 22) } },
  { "filters=3;size_y=5;size_x=3;padding_y=2;padding_x=3;padding_mode=1", { HL_SHAPE_3 (2, 5, 4) } },
  { "filters=2;size_y=3;size_x=5;stride_y=2;padding_y=2;padding_x=4;padding_mode=2", { HL_SHAPE_3 (3, 3, 18) } },
  { "filters=13;size_y=3;size_x=3;padding_y=1;padding_x=1", { HL_SHAPE_3 (5, 4, 33) } },
  { "filters=10;size_y=5;size_x=5", { HL_SHAPE_3 (2, 5, 5) } },
  { "filters=33;size_y=3;size_x=3;padding_y=1;padding_x=1", { HL_SHAPE_3 (17, 6, 5) } },
  { "filters=3;size_y=4;size_x=2;preset=3;padding_mode=1;bias=2", { HL_SHAPE_3 (2, 5, 4) } },
  { "filters=12;size_y=5;size_x=5;stride_y=2;stride_x=2;preset=1;padding_mode=3;padding_value=-1;bias=2;table=2",
    { HL_SHAPE_3 (12, 8, 8) } },
  { "filters=16;size_y=3;size_x=3;preset=2;table=1;dilation_x=2", { HL_SHAPE_3 (6, 4, 5) } },
  { NULL, { { 0 } } }
};

static Conv
get_conv (const void *params)
{
  const Conv2d *self = params;
  Conv conv = {
    .n_axes = 2, .filters = self->filters, .size_y = self->size_y, .size_x = self->size_x, .stride_y = self->stride_y,
    .stride_x = self->stride_x, .dilation_y = self->dilation_y, .dilation_x = self->dilation_x, .groups = self->groups,
    .bias = self->bias, .padding_mode = self->padding_mode, .table = self->table, .padding_value = self->padding_value,
  };

  hl_conv_find_padding (self->preset, self->padding_y, self->size_y, self->dilation_y, &conv.pad_top, &conv.pad_bottom);
  hl_conv_find_padding (self->preset, self->padding_x, self->size_x, self->dilation_x, &conv.pad_left, &conv.pad_right);
  return conv;
}

static gboolean
conv2d_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
             GError **error)
{
  const Conv2d *self = params;
  Conv conv = get_conv (params);

  if (self->preset == CONV_PRESET_SAME && (self->stride_y > 1 || self->stride_x > 1))
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs stride 1 to give an image of the same size, but has stride %d×%d; the padding “half” goes with "
                     "any stride."), self->stride_y, self->stride_x);
      return FALSE;
    }
  return hl_conv_plan (&conv, options, inputs, plan, error);
}

static gboolean
conv2d_fuse (const void *params, const HlPlanOptions *options, HlLayerPlan *plan, const HlLayerClass *next,
             const void *next_params, const HlLayerPlan *next_plan)
{
  Conv conv = get_conv (params);

  return hl_conv_fuse (&conv, options, plan, next, next_params, next_plan);
}

static gboolean
conv2d_prepare (HlLayerCall *call, GError **error)
{
  Conv conv = get_conv (call->params);

  return hl_conv_prepare (&conv, call);
}

static void
conv2d_reference (const HlLayerReference *call)
{
  Conv conv = get_conv (call->params);

  hl_conv_reference (&conv, call);
}

static gboolean
conv2d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  Conv conv = get_conv (params);

  return hl_conv_lower (&conv, plan, ops);
}

static char *
conv2d_describe (const void *params)
{
  Conv conv = get_conv (params);

  return hl_conv_describe (&conv);
}

const HlLayerClass hl_conv2d_layer = {
  .base = {
    .name = "conv2d",
    .title = N_("Convolution"),
    .group = N_("Convolution"),
    .summary = N_("Slides small learnt filters over an image; each gives one channel of the output."),
    .help = N_("Each output pixel is the sum of the pixels under the filter, in all input channels of its group, each times a "
               "weight, plus the filter's bias. Along each axis, with input size i, padding p, dilation d, filter size k and "
               "stride s, the output size is floor ((i + 2p - d (k - 1) - 1) / s) + 1. Dilation counts as in PyTorch and ONNX: "
               "1 is an ordinary filter, 2 leaves one pixel out between taps; texts that count the pixels left out call these "
               "0 and 1. Stride 1 visits every place; a stride s leaves s - 1 places out. Each group sees "
               "channels / groups input channels, not as many as there are groups.\n\n"
               "Padding half adds half of the filter's reach, floor ((d (k - 1) + 1) / 2), on every side: with stride 1 an odd "
               "filter keeps the size and an even one makes the image grow by one. Full adds d (k - 1), so that every place "
               "where filter and image overlap counts, and the image grows by as much. Same keeps the size for even filters "
               "too, which cannot be padded alike on both sides: as in PyTorch, the odd row and column go below and to the "
               "right. It needs stride 1. A row 1 2 3 padded by one becomes 0 1 2 3 0 with zeros, 2 1 2 3 2 with reflect, which does "
               "not repeat the edge, and 1 1 2 3 3 with replicate.\n\n"
               "The networks of LeCun et al. need two things that later ones gave up. Their connection tables leave out pairs "
               "of input channel and filter: the weights of such pairs do not exist, stay 0 in files and are not counted. The "
               "table of LeNet-5's layer C3 is printed in the paper of 1998; the paper of 1989 says only that each of 12 filters "
               "sees 8 of 12 channels, and the table here is the usual guess of three groups of four. A bias for each "
               "position is what that network of 1989 has."),
    .params_size = sizeof (Conv2d),
    .params = conv2d_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = conv2d_examples,
  .plan = conv2d_plan,
  .prepare = conv2d_prepare,
  .forward = hl_conv_forward,
  .backward = hl_conv_backward,
  .reference = conv2d_reference,
  .lower = conv2d_lower,
  .describe = conv2d_describe,
  .fuse = conv2d_fuse,
};
