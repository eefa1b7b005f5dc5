/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Transposed convolution of images (PyTorch's ConvTranspose2d): its parameters. What it computes stands in
 * conv-transpose.c. */

#include "engine/layers/conv-private.h"

typedef struct
{
  int filters;
  int size_y, size_x, stride_y, stride_x, padding_y, padding_x, output_padding_y, output_padding_x, dilation_y, dilation_x;
  int groups;
  gboolean bias;
} ConvTranspose2d;

static const HlParam conv_transpose2d_params[] = {
  HL_INT (ConvTranspose2d, filters, N_("Filters"), HL_UNIT_NONE, 1, 4096, 6, N_("Channels of the output.")),
  HL_INT (ConvTranspose2d, size_y, N_("Height"), HL_UNIT_PIXEL, 1, 64, 2, N_("Rows of a filter.")),
  HL_INT (ConvTranspose2d, size_x, N_("Width"), HL_UNIT_PIXEL, 1, 64, 2, N_("Columns of a filter.")),
  HL_INT (ConvTranspose2d, stride_y, N_("Stride down"), HL_UNIT_PIXEL, 1, 64, 2,
          N_("Rows between what neighbouring input pixels paint: about how many times taller the output is.")),
  HL_INT (ConvTranspose2d, stride_x, N_("Stride across"), HL_UNIT_PIXEL, 1, 64, 2,
          N_("Columns between what neighbouring input pixels paint: about how many times wider the output is.")),
  HL_INT (ConvTranspose2d, padding_y, N_("Cut off above and below"), HL_UNIT_PIXEL, 0, 64, 0,
          N_("The padding of the convolution that this one reverses: rows taken off both sides of the output.")),
  HL_INT (ConvTranspose2d, padding_x, N_("Cut off left and right"), HL_UNIT_PIXEL, 0, 64, 0,
          N_("The padding of the convolution that this one reverses: columns taken off both sides of the output.")),
  HL_INT (ConvTranspose2d, output_padding_y, N_("Rows added below"), HL_UNIT_PIXEL, 0, 63, 0,
          N_("Chooses among the output sizes that a convolution with this stride would make the same of.")),
  HL_INT (ConvTranspose2d, output_padding_x, N_("Columns added to the right"), HL_UNIT_PIXEL, 0, 63, 0,
          N_("Chooses among the output sizes that a convolution with this stride would make the same of.")),
  HL_INT (ConvTranspose2d, dilation_y, N_("Dilation down"), HL_UNIT_PIXEL, 1, 64, 1,
          N_("Distance of neighbouring filter rows; 1 is an ordinary filter.")),
  HL_INT (ConvTranspose2d, dilation_x, N_("Dilation across"), HL_UNIT_PIXEL, 1, 64, 1,
          N_("Distance of neighbouring filter columns; 1 is an ordinary filter.")),
  HL_INT (ConvTranspose2d, groups, N_("Groups"), HL_UNIT_NONE, 1, 4096, 1,
          N_("Each group of output channels sees only its own part of the input channels.")),
  HL_BOOL (ConvTranspose2d, bias, N_("Bias"), TRUE, N_("Adds one learnt number to each output channel.")),
  HL_PARAM_END
};

static const HlLayerExample conv_transpose2d_examples[] = {
  { "filters=5", { HL_SHAPE_3 (3, 4, 5) } },
  { "filters=3;size_y=4;size_x=4;padding_y=1;padding_x=1", { HL_SHAPE_3 (2, 5, 18) } },
  { "filters=4;size_y=3;size_x=3;padding_y=1;padding_x=1;output_padding_y=1;output_padding_x=1;groups=2",
    { HL_SHAPE_3 (6, 3, 4) } },
  { "filters=2;size_y=3;size_x=2;stride_y=1;stride_x=3;dilation_y=2;dilation_x=3;padding_y=3;output_padding_x=2;bias=0",
    { HL_SHAPE_3 (5, 6, 3) } },
  { "filters=17;size_y=1;size_x=5;stride_x=1;stride_y=3;output_padding_y=2;padding_x=3", { HL_SHAPE_3 (4, 2, 33) } },
  { NULL, { { 0 } } }
};

static Conv
get_conv (const void *params)
{
  const ConvTranspose2d *self = params;

  return (Conv) {
    .n_axes = 2, .filters = self->filters, .size_y = self->size_y, .size_x = self->size_x, .stride_y = self->stride_y,
    .stride_x = self->stride_x, .dilation_y = self->dilation_y, .dilation_x = self->dilation_x, .pad_top = self->padding_y,
    .pad_left = self->padding_x, .pad_bottom = self->padding_y, .pad_right = self->padding_x, .groups = self->groups,
    .bias = self->bias ? CONV_BIAS_CHANNEL : CONV_BIAS_NONE, .output_padding_y = self->output_padding_y,
    .output_padding_x = self->output_padding_x,
  };
}

static gboolean
conv_transpose2d_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
                       GError **error)
{
  Conv conv = get_conv (params);

  return hl_conv_transpose_plan (&conv, options, inputs, plan, error);
}

static gboolean
conv_transpose2d_fuse (const void *params, const HlPlanOptions *options, HlLayerPlan *plan, const HlLayerClass *next,
                       const void *next_params, const HlLayerPlan *next_plan)
{
  return hl_conv_transpose_fuse (plan, next, next_params);
}

static gboolean
conv_transpose2d_prepare (HlLayerCall *call, GError **error)
{
  Conv conv = get_conv (call->params);

  return hl_conv_transpose_prepare (&conv, call);
}

static void
conv_transpose2d_reference (const HlLayerReference *call)
{
  Conv conv = get_conv (call->params);

  hl_conv_transpose_reference (&conv, call);
}

static gboolean
conv_transpose2d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                        GError **error)
{
  Conv conv = get_conv (params);

  return hl_conv_transpose_lower (&conv, plan, ops);
}

static char *
conv_transpose2d_describe (const void *params)
{
  Conv conv = get_conv (params);

  return hl_conv_describe (&conv);
}

const HlLayerClass hl_conv_transpose2d_layer = {
  .base = {
    .name = "conv_transpose2d",
    .title = N_("Transposed conv"),
    .group = N_("Convolution"),
    .summary = N_("Lets every pixel paint a learnt filter into a larger image; decoders grow with it."),
    .help = N_("Each input pixel, times a weight, is added under the filter placed at stride × its position: forward and backward "
               "pass of a convolution exchanged. Along each axis, with input size i, stride s, padding p, filter size k, "
               "dilation d and output padding o, the output size is (i - 1) s - 2p + d (k - 1) + o + 1. Size 2 with stride 2, and "
               "size 4 with stride 2 and padding 1, double an image; so does size 3 with stride 2, padding 1 and output "
               "padding 1.\n\n"
               "Also called deconvolution or inverse convolution (Zeiler et al., 2010). It is no inverse: it is the adjoint, "
               "⟨Ax, y⟩ = ⟨x, Aᵀy⟩, which brings back the size and not the values. Where the stride does not divide the size, some "
               "pixels are painted more often than their neighbours, which shows as a checkerboard. Weights are stored as in "
               "PyTorch, [in][out / groups][rows][columns]."),
    .params_size = sizeof (ConvTranspose2d),
    .params = conv_transpose2d_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = conv_transpose2d_examples,
  .plan = conv_transpose2d_plan,
  .prepare = conv_transpose2d_prepare,
  .forward = hl_conv_transpose_forward,
  .backward = hl_conv_transpose_backward,
  .reference = conv_transpose2d_reference,
  .lower = conv_transpose2d_lower,
  .describe = conv_transpose2d_describe,
  .fuse = conv_transpose2d_fuse,
};
