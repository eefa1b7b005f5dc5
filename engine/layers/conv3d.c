/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution of volumes (PyTorch's Conv3d): parameters, shapes, the C definition, its ONNX form. */

#include "engine/layers/conv3d-private.h"

#include "engine/layers/conv-private.h"
#include "engine/layers/window.h"

#define MOST_PADDING 64

static const char *const presets[] = { N_("none"), N_("half"), N_("full"), NULL };

static const HlParam conv3d_params[] = {
  HL_INT (Conv3d, filters, N_("Filters"), HL_UNIT_NONE, 1, 4096, 6, N_("Channels of the output, one learnt filter each.")),
  HL_INT (Conv3d, size_z, N_("Depth"), HL_UNIT_PIXEL, 1, 64, 3, N_("Slices of a filter.")),
  HL_INT (Conv3d, size_y, N_("Height"), HL_UNIT_PIXEL, 1, 64, 3, N_("Rows of a filter.")),
  HL_INT (Conv3d, size_x, N_("Width"), HL_UNIT_PIXEL, 1, 64, 3, N_("Columns of a filter.")),
  HL_INT (Conv3d, stride_z, N_("Stride in depth"), HL_UNIT_PIXEL, 1, 64, 1, N_("Slices the filter moves at a time.")),
  HL_INT (Conv3d, stride_y, N_("Stride down"), HL_UNIT_PIXEL, 1, 64, 1, N_("Rows the filter moves at a time.")),
  HL_INT (Conv3d, stride_x, N_("Stride across"), HL_UNIT_PIXEL, 1, 64, 1, N_("Columns the filter moves at a time.")),
  HL_CHOICE (Conv3d, preset, N_("Padding rule"), presets, 3, CONV_PRESET_NONE,
             N_("Half and full follow from size and dilation; none takes the numbers below.")),
  HL_INT (Conv3d, padding_z, N_("Padding before and behind"), HL_UNIT_PIXEL, 0, MOST_PADDING, 0, N_("Slices of zeros added on both sides.")),
  HL_INT (Conv3d, padding_y, N_("Padding above and below"), HL_UNIT_PIXEL, 0, MOST_PADDING, 0, N_("Rows of zeros added on both sides.")),
  HL_INT (Conv3d, padding_x, N_("Padding left and right"), HL_UNIT_PIXEL, 0, MOST_PADDING, 0, N_("Columns of zeros added on both sides.")),
  HL_INT (Conv3d, dilation_z, N_("Dilation in depth"), HL_UNIT_PIXEL, 1, 64, 1,
          N_("Distance of neighbouring filter slices; 1 is an ordinary filter.")),
  HL_INT (Conv3d, dilation_y, N_("Dilation down"), HL_UNIT_PIXEL, 1, 64, 1,
          N_("Distance of neighbouring filter rows; 1 is an ordinary filter.")),
  HL_INT (Conv3d, dilation_x, N_("Dilation across"), HL_UNIT_PIXEL, 1, 64, 1,
          N_("Distance of neighbouring filter columns; 1 is an ordinary filter.")),
  HL_INT (Conv3d, groups, N_("Groups"), HL_UNIT_NONE, 1, 4096, 1,
          N_("Each group of filters sees only its own part of the input channels.")),
  HL_BOOL (Conv3d, bias, N_("Bias"), TRUE, N_("Adds one learnt number to each output channel.")),
  HL_PARAM_END
};

static const HlLayerExample conv3d_examples[] = {
  { "filters=5", { HL_SHAPE_4 (2, 3, 5, 4) } },
  { "filters=4;size_z=2;size_x=4;stride_z=2;stride_y=1;stride_x=3;padding_z=1;padding_y=2;padding_x=3;groups=2",
    { HL_SHAPE_4 (6, 4, 3, 7) } },
  { "filters=3;size_z=1;size_y=2;size_x=2;dilation_y=2;dilation_x=3;padding_x=2;stride_x=2;bias=0", { HL_SHAPE_4 (5, 2, 4, 18) } },
  { "filters=13;size_z=2;size_y=2;padding_y=1", { HL_SHAPE_4 (9, 2, 2, 3) } },
  { "filters=7;size_x=7;dilation_z=2;padding_z=2;padding_y=1;padding_x=3", { HL_SHAPE_4 (1, 3, 2, 5) } },
  { "filters=3;size_z=2;size_y=3;size_x=3;dilation_x=2;preset=1", { HL_SHAPE_4 (2, 3, 4, 3) } },
  { "filters=2;size_z=3;size_y=2;size_x=2;dilation_y=2;preset=2", { HL_SHAPE_4 (3, 2, 3, 4) } },
  { NULL, { { 0 } } }
};

/* ---- Planning ---- */

Conv3d
hl_conv3d_get (const void *params)
{
  Conv3d conv = *(const Conv3d *) params;
  int behind;

  hl_conv_find_padding (conv.preset, conv.padding_z, conv.size_z, conv.dilation_z, &conv.padding_z, &behind);
  hl_conv_find_padding (conv.preset, conv.padding_y, conv.size_y, conv.dilation_y, &conv.padding_y, &behind);
  hl_conv_find_padding (conv.preset, conv.padding_x, conv.size_x, conv.dilation_x, &conv.padding_x, &behind);
  return conv;
}

static gboolean
check (const Conv3d *conv, const HlShape *x, GError **error)
{
  g_autofree char *got = hl_shape_to_string (x);

  if (x->n_dims != 4)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs a volume of four dimensions, channels×depth×rows×columns, but gets %s."), got);
      return FALSE;
    }
  if (x->dim[0] % conv->groups != 0 || conv->filters % conv->groups != 0)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs filters and input channels that its %d groups divide, but has %d filters and gets %u "
                     "channels."),
                   conv->groups, conv->filters, x->dim[0]);
      return FALSE;
    }
  if (MAX (MAX (conv->padding_z, conv->padding_y), conv->padding_x) > MOST_PADDING)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("would need a padding of %d×%d×%d, more than %d along an axis; take a smaller filter or less dilation."),
                   conv->padding_z, conv->padding_y, conv->padding_x, MOST_PADDING);
      return FALSE;
    }
  return TRUE;
}

static gboolean
find_output (const Conv3d *conv, const HlShape *x, HlShape *output, GError **error)
{
  guint depth = hl_window_count (x->dim[1], conv->size_z, conv->stride_z, conv->padding_z, conv->dilation_z, FALSE);
  guint rows = hl_window_count (x->dim[2], conv->size_y, conv->stride_y, conv->padding_y, conv->dilation_y, FALSE);
  guint columns = hl_window_count (x->dim[3], conv->size_x, conv->stride_x, conv->padding_x, conv->dilation_x, FALSE);
  g_autofree char *got = hl_shape_to_string (x);

  if (depth == 0 || rows == 0 || columns == 0)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs at least %d×%d×%d pixels for its window of %d×%d×%d, but gets %s."),
                   MAX (conv->dilation_z * (conv->size_z - 1) + 1 - 2 * conv->padding_z, 1),
                   MAX (conv->dilation_y * (conv->size_y - 1) + 1 - 2 * conv->padding_y, 1),
                   MAX (conv->dilation_x * (conv->size_x - 1) + 1 - 2 * conv->padding_x, 1), conv->size_z, conv->size_y,
                   conv->size_x, got);
      return FALSE;
    }
  *output = HL_SHAPE_4 (conv->filters, depth, rows, columns);
  return TRUE;
}

static gboolean
conv3d_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
             GError **error)
{
  const Conv3d numbers = hl_conv3d_get (params), *conv = &numbers;
  guint64 fan_in, taps = (guint64) conv->size_z * conv->size_y * conv->size_x;

  if (!check (conv, inputs, error) || !find_output (conv, inputs, &plan->output, error))
    return FALSE;
  fan_in = inputs->dim[0] / conv->groups * taps;
  plan->n_weights = conv->bias ? 2 : 1;
  plan->weights[0] = (HlWeightSpec) {
    .name = "weight",
    .shape = { 5, { conv->filters, inputs->dim[0] / conv->groups, conv->size_z, conv->size_y, conv->size_x } },
    .fan_in = fan_in,
    .fan_out = conv->filters * taps,
    .initializer = "pytorch_default",
  };
  plan->weights[1] = (HlWeightSpec) {
    .name = "bias",
    .shape = HL_SHAPE_1 (conv->filters),
    .fan_in = fan_in,
    .fan_out = conv->filters,
    .initializer = "pytorch_default",
  };
  plan->multiply_adds = fan_in * hl_shape_get_count (&plan->output);
  plan->x_border[0] = (HlBorder) { .left = conv->padding_x, .right = conv->padding_x };
  plan->dy_border = hl_conv3d_dy_border (conv, inputs->dim[3], plan->output.dim[3]);
  plan->needs_y = FALSE;
  return TRUE;
}

static gboolean
conv3d_fuse (const void *params, const HlPlanOptions *options, HlLayerPlan *plan, const HlLayerClass *next,
             const void *next_params, const HlLayerPlan *next_plan)
{
  if (!next->activation || plan->epilogue.has_activation)
    return FALSE;
  next->activation (next_params, &plan->epilogue);
  plan->epilogue.has_activation = TRUE;
  plan->epilogue.unpooled = plan->output;
  return TRUE;
}

/* ---- The definition ---- */

/* Index into the channel of the pixel under a tap, or -1. */
static gssize
find_pixel (const Conv3d *conv, const HlShape *x, const HlShape *y, gsize place, guint tap)
{
  guint columns = y->dim[3], rows = y->dim[2];
  int z = (int) (place / columns / rows) * conv->stride_z - conv->padding_z
          + (int) tap / conv->size_x / conv->size_y * conv->dilation_z;
  int row = (int) (place / columns % rows) * conv->stride_y - conv->padding_y
            + (int) tap / conv->size_x % conv->size_y * conv->dilation_y;
  int column = (int) (place % columns) * conv->stride_x - conv->padding_x + (int) tap % conv->size_x * conv->dilation_x;

  if (z < 0 || z >= (int) x->dim[1] || row < 0 || row >= (int) x->dim[2] || column < 0 || column >= (int) x->dim[3])
    return -1;
  return ((gssize) z * x->dim[2] + row) * x->dim[3] + column;
}

/* One output pixel: returns the sum of its products, and adds its share to the gradients that are wanted. */
static double
reference_pixel (const HlLayerReference *call, gsize x_first, guint filter, gsize place, double dy)
{
  const Conv3d numbers = hl_conv3d_get (call->params), *conv = &numbers;
  const HlShape *x = call->x_shape;
  guint channels = x->dim[0] / conv->groups, taps = conv->size_z * conv->size_y * conv->size_x;
  gsize volume = hl_shape_get_count (x) / x->dim[0], group = filter / (conv->filters / conv->groups);
  double sum = 0;

  for (guint channel = 0; channel < channels; channel++)
    for (guint tap = 0; tap < taps; tap++)
      {
        gssize pixel = find_pixel (conv, x, &call->plan->output, place, tap);
        gsize weight = ((gsize) filter * channels + channel) * taps + tap;
        gsize at = x_first + (group * channels + channel) * volume + MAX (pixel, 0);

        if (pixel < 0)
          continue;
        sum += call->w[0][weight] * call->x[0][at];
        if (call->dy && call->dx[0])
          call->dx[0][at] += call->w[0][weight] * dy;
        if (call->dy && call->dw[0])
          call->dw[0][weight] += call->x[0][at] * dy;
      }
  return sum;
}

static void
conv3d_reference (const HlLayerReference *call)
{
  const Conv3d numbers = hl_conv3d_get (call->params), *conv = &numbers;
  const HlShape *y = &call->plan->output;
  gsize x_count = hl_shape_get_count (call->x_shape), volume = hl_shape_get_count (y) / y->dim[0], i = 0;

  for (guint sample = 0; sample < call->batch; sample++)
    for (guint filter = 0; filter < y->dim[0]; filter++)
      for (gsize place = 0; place < volume; place++, i++)
        {
          double dy = call->dy ? call->dy[i] : 0;

          call->y[i] = reference_pixel (call, sample * x_count, filter, place, dy) + (conv->bias ? call->w[1][filter] : 0);
          if (conv->bias && call->dy && call->dw[1])
            call->dw[1][filter] += dy;
        }
}

/* ---- Words ---- */

static gboolean
conv3d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  const Conv3d numbers = hl_conv3d_get (params), *conv = &numbers;
  const gint64 pads[] = { conv->padding_z, conv->padding_y, conv->padding_x, conv->padding_z, conv->padding_y, conv->padding_x };

  hl_op_list_add (ops, "Conv", conv->bias ? "$x0,$w0,$w1" : "$x0,$w0", "$y");
  hl_op_list_set_ints (ops, "kernel_shape", 3, (const gint64[]) { conv->size_z, conv->size_y, conv->size_x });
  hl_op_list_set_ints (ops, "strides", 3, (const gint64[]) { conv->stride_z, conv->stride_y, conv->stride_x });
  hl_op_list_set_ints (ops, "dilations", 3, (const gint64[]) { conv->dilation_z, conv->dilation_y, conv->dilation_x });
  hl_op_list_set_ints (ops, "pads", 6, pads);
  hl_op_list_set_int (ops, "group", conv->groups);
  return TRUE;
}

static char *
conv3d_describe (const void *params)
{
  const Conv3d *conv = params;

  return g_strdup_printf (ngettext ("%d filter %d×%d×%d", "%d filters %d×%d×%d", (gulong) conv->filters), conv->filters,
                          conv->size_z, conv->size_y, conv->size_x);
}

const HlLayerClass hl_conv3d_layer = {
  .base = {
    .name = "conv3d",
    .title = N_("Convolution 3-D"),
    .group = N_("Convolution"),
    .summary = N_("Slides small learnt filters through a volume or a film; each gives one channel of the output."),
    .help = N_("The convolution of volumes, channels × depth × rows × columns: scans, or films with time as depth. Each output is "
               "the sum of the inputs under the filter, in all input channels of its group, each times a weight, plus the filter's "
               "bias. Along each axis, with input size i, padding p, dilation d, filter size k and stride s, the output size is "
               "floor ((i + 2p - d (k - 1) - 1) / s) + 1. Padding half adds floor ((d (k - 1) + 1) / 2) on both sides of each axis, full d (k - 1). An ordinary filter for images spans all input channels too, but it does "
               "not slide along them: that alone needs no third axis. Weights are stored as in PyTorch, "
               "[out][in / groups][depth][rows][columns]."),
    .params_size = sizeof (Conv3d),
    .params = conv3d_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = conv3d_examples,
  .plan = conv3d_plan,
  .prepare = hl_conv3d_prepare,
  .forward = hl_conv3d_forward,
  .backward = hl_conv3d_backward,
  .reference = conv3d_reference,
  .lower = conv3d_lower,
  .describe = conv3d_describe,
  .fuse = conv3d_fuse,
};
