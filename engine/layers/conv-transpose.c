/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Transposed convolution of signals and images: shapes, weights and memory, the C definition, the ONNX form. */

#include "engine/layers/conv-private.h"

#include <inttypes.h>

#define MOST_PIXELS (1 << 27)

/* ---- Planning ---- */

static gint64
output_size (guint input, int size, int stride, int before, int after, int dilation, int output_padding)
{
  return ((gint64) input - 1) * stride - before - after + (gint64) dilation * (size - 1) + output_padding + 1;
}

static gboolean
find_output (const Conv *conv, const HlShape *x, HlShape *output, GError **error)
{
  g_autofree char *got = hl_shape_to_string (x);
  gint64 rows, columns;

  if (x->n_dims != conv->n_axes + 1)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   conv->n_axes == 1 ? _("needs a signal of two dimensions, channels×length, but gets %s.")
                                     : _("needs an image of three dimensions, channels×rows×columns, but gets %s."), got);
      return FALSE;
    }
  rows = output_size (hl_shape_rows (x), conv->size_y, conv->stride_y, conv->pad_top, conv->pad_bottom, conv->dilation_y,
                      conv->output_padding_y);
  columns = output_size (hl_shape_columns (x), conv->size_x, conv->stride_x, conv->pad_left, conv->pad_right,
                         conv->dilation_x, conv->output_padding_x);
  if (rows < 1 || columns < 1)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("cuts %d rows and %d columns off each side and so makes %" PRId64 "×%" PRId64
                     " pixels of %s: it needs a smaller padding."), conv->pad_top, conv->pad_left, rows, columns, got);
      return FALSE;
    }
  if (rows > MOST_PIXELS || columns > MOST_PIXELS || rows * columns > MOST_PIXELS / conv->filters)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("makes %d×%" PRId64 "×%" PRId64 " of %s: that is more than the %d numbers for one "
                     "sample this program can handle."), conv->filters, rows, columns, got, MOST_PIXELS);
      return FALSE;
    }
  *output = conv->n_axes == 1 ? HL_SHAPE_2 (conv->filters, (guint) columns)
                              : HL_SHAPE_3 (conv->filters, (guint) rows, (guint) columns);
  return TRUE;
}

static gboolean
check_axis (int output_padding, int stride, int dilation, GError **error)
{
  if (output_padding < MAX (stride, dilation))
    return TRUE;
  g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
               _("needs an output padding below its stride or its dilation, which are %d and %d, but has %d: pixels beyond "
                 "would get nothing but the bias."), stride, dilation, output_padding);
  return FALSE;
}

static gboolean
check (const Conv *conv, const HlShape *x, GError **error)
{
  if (x->dim[0] % conv->groups != 0 || conv->filters % conv->groups != 0)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs filters and input channels that its %d groups divide, but has %d filters and gets %u "
                     "channels."),
                   conv->groups, conv->filters, x->dim[0]);
      return FALSE;
    }
  return check_axis (conv->output_padding_y, conv->stride_y, conv->dilation_y, error)
         && check_axis (conv->output_padding_x, conv->stride_x, conv->dilation_x, error);
}

/* PyTorch counts the fan-in of a transposed convolution from the second index of its weights, which is the output's. */
static void
plan_weights (const Conv *conv, guint channels, HlLayerPlan *plan)
{
  guint group_filters = conv->filters / conv->groups;
  guint64 fan_in = (guint64) group_filters * conv->size_y * conv->size_x;

  plan->n_weights = conv->bias ? 2 : 1;
  plan->weights[0] = (HlWeightSpec) {
    .name = "weight",
    .shape = conv->n_axes == 1 ? HL_SHAPE_3 (channels, group_filters, conv->size_x)
                               : HL_SHAPE_4 (channels, group_filters, conv->size_y, conv->size_x),
    .fan_in = fan_in,
    .fan_out = (guint64) channels * conv->size_y * conv->size_x,
    .initializer = "pytorch_default",
  };
  plan->weights[1] = (HlWeightSpec) {
    .name = "bias",
    .shape = HL_SHAPE_1 (conv->filters),
    .fan_in = fan_in,
    .fan_out = conv->filters,
    .initializer = "pytorch_default",
  };
}

gboolean
hl_conv_transpose_plan (const Conv *conv, const HlPlanOptions *options, const HlShape *input, HlLayerPlan *plan,
                        GError **error)
{
  guint capacity = (options->batch + options->lanes - 1) / options->lanes * options->lanes;
  HlShape x, y;
  Conv adjoint;
  ConvLayout layout;

  if (!find_output (conv, input, &plan->output, error) || !check (conv, input, error))
    return FALSE;
  plan_weights (conv, input->dim[0], plan);
  plan->multiply_adds = hl_shape_get_count (input) * plan->weights[0].fan_in;
  plan->needs_y = FALSE;
  x = hl_conv_image (input);
  y = hl_conv_image (&plan->output);
  adjoint = hl_conv_transpose_adjoint (conv, x.dim[0]);
  hl_conv_get_layout (&adjoint, &y, &x, NULL, capacity, options->lanes, options->compute_units, options->training, TRUE,
                      &layout);
  plan->workspace_bytes = layout.n_workspace * sizeof (float);
  plan->x_border[0] = layout.u_border;
  plan->dy_border = (HlBorder) { conv->pad_top, conv->pad_left, conv->pad_bottom, conv->pad_right };
  if (conv->pad_top + conv->pad_left + conv->pad_bottom + conv->pad_right > 0)
    hl_conv_spread (&plan->output, &plan->dy_border);
  return TRUE;
}

gboolean
hl_conv_transpose_fuse (HlLayerPlan *plan, const HlLayerClass *next, const void *next_params)
{
  if (!next->activation || plan->epilogue.has_activation)
    return FALSE;
  next->activation (next_params, &plan->epilogue);
  plan->epilogue.has_activation = TRUE;
  plan->epilogue.unpooled = plan->output;
  return TRUE;
}

/* ---- The definition ---- */

/* One input pixel of one sample: spreads it over the output, or collects its gradients from there. */
static void
reference_pixel (const Conv *conv, const HlLayerReference *call, const HlShape *y, gsize y_first, gsize x_at, int channel,
                 int channels, int row, int column)
{
  int filters = conv->filters / conv->groups, group = channel / (channels / conv->groups);

  for (int filter = 0; filter < filters; filter++)
    for (int ky = 0; ky < conv->size_y; ky++)
      for (int kx = 0; kx < conv->size_x; kx++)
        {
          int y_row = row * conv->stride_y - conv->pad_top + ky * conv->dilation_y;
          int y_column = column * conv->stride_x - conv->pad_left + kx * conv->dilation_x;
          gsize weight = (((gsize) channel * filters + filter) * conv->size_y + ky) * conv->size_x + kx, at;

          if (y_row < 0 || y_row >= (int) y->dim[1] || y_column < 0 || y_column >= (int) y->dim[2])
            continue;
          at = y_first + (((gsize) group * filters + filter) * y->dim[1] + y_row) * y->dim[2] + y_column;
          call->y[at] += call->w[0][weight] * call->x[0][x_at];
          if (call->dy && call->dx[0])
            call->dx[0][x_at] += call->w[0][weight] * call->dy[at];
          if (call->dy && call->dw[0])
            call->dw[0][weight] += call->x[0][x_at] * call->dy[at];
        }
}

void
hl_conv_transpose_reference (const Conv *conv, const HlLayerReference *call)
{
  HlShape x = hl_conv_image (call->x_shape), y = hl_conv_image (&call->plan->output);
  gsize y_count = hl_shape_get_count (&y), plane = (gsize) y.dim[1] * y.dim[2], x_at = 0;

  for (gsize i = 0; i < call->batch * y_count; i++)
    {
      gsize filter = i / plane % y.dim[0];

      call->y[i] = conv->bias ? call->w[1][filter] : 0;
      if (conv->bias && call->dy && call->dw[1])
        call->dw[1][filter] += call->dy[i];
    }
  for (guint sample = 0; sample < call->batch; sample++)
    for (guint channel = 0; channel < x.dim[0]; channel++)
      for (guint row = 0; row < x.dim[1]; row++)
        for (guint column = 0; column < x.dim[2]; column++, x_at++)
          reference_pixel (conv, call, &y, sample * y_count, x_at, (int) channel, (int) x.dim[0], (int) row, (int) column);
}

/* ---- Words ---- */

static void
set_axes (HlOpList *ops, const Conv *conv, const char *name, int y, int x)
{
  const gint64 both[] = { y, x };

  hl_op_list_set_ints (ops, name, conv->n_axes, both + (2 - conv->n_axes));
}

gboolean
hl_conv_transpose_lower (const Conv *conv, const HlLayerPlan *plan, HlOpList *ops)
{
  const gint64 pads[] = { conv->pad_top, conv->pad_left, conv->pad_bottom, conv->pad_right };
  const gint64 pads_1d[] = { conv->pad_left, conv->pad_right };

  hl_op_list_add (ops, "ConvTranspose", conv->bias ? "$x0,$w0,$w1" : "$x0,$w0", "$y");
  set_axes (ops, conv, "kernel_shape", conv->size_y, conv->size_x);
  set_axes (ops, conv, "strides", conv->stride_y, conv->stride_x);
  set_axes (ops, conv, "dilations", conv->dilation_y, conv->dilation_x);
  hl_op_list_set_ints (ops, "pads", 2 * conv->n_axes, conv->n_axes == 1 ? pads_1d : pads);
  set_axes (ops, conv, "output_padding", conv->output_padding_y, conv->output_padding_x);
  hl_op_list_set_int (ops, "group", conv->groups);
  return TRUE;
}
