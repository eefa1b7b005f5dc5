/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution of images (PyTorch's Conv2d): parameters, shapes, the C definition, its ONNX form. */

#include "engine/layers/conv2d-private.h"

#include "engine/layers/window.h"

/* A fused window beyond this many pixels leaves too few registers for filters. */
#define MOST_POOLED 9

static const char *const padding_modes[] = { "zeros", "reflect", "replicate", NULL };

static const HlParam conv2d_params[] = {
  HL_INT (Conv2d, filters, N_("Filters"), HL_UNIT_NONE, 1, 4096, 6, N_("Channels of the output, one learnt filter each.")),
  HL_INT (Conv2d, size_y, N_("Height"), HL_UNIT_PIXEL, 1, 64, 5, N_("Rows of a filter.")),
  HL_INT (Conv2d, size_x, N_("Width"), HL_UNIT_PIXEL, 1, 64, 5, N_("Columns of a filter.")),
  HL_INT (Conv2d, stride_y, N_("Stride down"), HL_UNIT_PIXEL, 1, 64, 1, N_("Rows the filter moves at a time.")),
  HL_INT (Conv2d, stride_x, N_("Stride across"), HL_UNIT_PIXEL, 1, 64, 1, N_("Columns the filter moves at a time.")),
  HL_INT (Conv2d, padding_y, N_("Padding above and below"), HL_UNIT_PIXEL, 0, 64, 0, N_("Rows added on both sides.")),
  HL_INT (Conv2d, padding_x, N_("Padding left and right"), HL_UNIT_PIXEL, 0, 64, 0, N_("Columns added on both sides.")),
  HL_INT (Conv2d, dilation_y, N_("Dilation down"), HL_UNIT_PIXEL, 1, 64, 1,
          N_("Distance of neighbouring filter rows; 1 is an ordinary filter.")),
  HL_INT (Conv2d, dilation_x, N_("Dilation across"), HL_UNIT_PIXEL, 1, 64, 1,
          N_("Distance of neighbouring filter columns; 1 is an ordinary filter.")),
  HL_INT (Conv2d, groups, N_("Groups"), HL_UNIT_NONE, 1, 4096, 1,
          N_("Each group of filters sees only its own part of the input channels.")),
  HL_BOOL (Conv2d, bias, N_("Bias"), TRUE, N_("Adds one learnt number to each output channel.")),
  HL_CHOICE (Conv2d, padding_mode, N_("Padding with"), padding_modes, 3, CONV2D_ZEROS,
             N_("Zeros, the image reflected at its edge, or its edge pixels repeated.")),
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
  { NULL, { { 0 } } }
};

static HlWindow
conv2d_window (const Conv2d *conv)
{
  return (HlWindow) { conv->size_y, conv->size_x, conv->stride_y, conv->stride_x, conv->padding_y, conv->padding_x,
                      conv->dilation_y, conv->dilation_x, FALSE };
}

/* ---- Planning ---- */

static gboolean
conv2d_check (const Conv2d *conv, const HlShape *x, GError **error)
{
  if (x->dim[0] % conv->groups != 0 || conv->filters % conv->groups != 0)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs filters and input channels that its %d groups divide, but has %d filters and gets %u "
                     "channels."),
                   conv->groups, conv->filters, x->dim[0]);
      return FALSE;
    }
  if (conv->padding_mode == CONV2D_REFLECT
      && ((guint) conv->padding_y >= x->dim[1] || (guint) conv->padding_x >= x->dim[2]))
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs more than %d×%d pixels to reflect as many at its edges, but gets %u×%u."), conv->padding_y,
                   conv->padding_x, x->dim[1], x->dim[2]);
      return FALSE;
    }
  return TRUE;
}

static void
conv2d_plan_memory (const Conv2d *conv, const HlShape *x, const HlPlanOptions *options, HlLayerPlan *plan)
{
  guint capacity = (options->batch + options->lanes - 1) / options->lanes * options->lanes;
  Conv2dLayout layout;

  hl_conv2d_get_layout (conv, x, plan, capacity, options->lanes, options->compute_units, options->training, TRUE,
                        &layout);
  plan->workspace_bytes = layout.n_workspace * sizeof (float);
  plan->dy_border = plan->epilogue.has_pool ? (HlBorder) { 0 } : layout.u_border;
  if (plan->epilogue.has_pool && options->training)
    plan->saved_bytes[0] = (gsize) plan->output.dim[0] * (plan->output.dim[1] / plan->epilogue.pool.size_y)
                           * (plan->output.dim[2] / plan->epilogue.pool.size_x) * capacity;
}

static gboolean
conv2d_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
             GError **error)
{
  const Conv2d *conv = params;
  HlWindow window = conv2d_window (conv);
  guint64 fan_in;

  if (!hl_window_output (&window, inputs, conv->filters, &plan->output, error) || !conv2d_check (conv, inputs, error))
    return FALSE;
  fan_in = (guint64) inputs->dim[0] / conv->groups * conv->size_y * conv->size_x;
  plan->n_weights = conv->bias ? 2 : 1;
  plan->weights[0] = (HlWeightSpec) {
    .name = "weight",
    .shape = HL_SHAPE_4 (conv->filters, inputs->dim[0] / conv->groups, conv->size_y, conv->size_x),
    .fan_in = fan_in,
    .fan_out = (guint64) conv->filters * conv->size_y * conv->size_x,
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
  if (conv->padding_mode == CONV2D_ZEROS)
    plan->x_border[0] = (HlBorder) { conv->padding_y, conv->padding_x, conv->padding_y, conv->padding_x };
  if (conv->padding_mode == CONV2D_ZEROS && (conv->padding_y > 0 || conv->padding_x > 0))
    hl_conv2d_spread (inputs, &plan->x_border[0]);
  plan->needs_y = FALSE;
  conv2d_plan_memory (conv, inputs, options, plan);
  return TRUE;
}

static gboolean
pool_fits (const HlWindow *pool, const HlShape *unpooled, const HlShape *pooled)
{
  return pool->size_y == pool->stride_y && pool->size_x == pool->stride_x && pool->pad_y == 0 && pool->pad_x == 0
         && pool->dilation_y == 1 && pool->dilation_x == 1 && pool->size_y * pool->size_x <= MOST_POOLED
         && pooled->dim[1] == unpooled->dim[1] / pool->size_y && pooled->dim[2] == unpooled->dim[2] / pool->size_x;
}

static gboolean
conv2d_fuse (const void *params, const HlPlanOptions *options, HlLayerPlan *plan, const HlLayerClass *next,
             const void *next_params, const HlLayerPlan *next_plan)
{
  const Conv2d *conv = params;
  const HlShape *w = &plan->weights[0].shape;
  HlShape x = HL_SHAPE_3 (w->dim[1] * conv->groups, 0, 0);
  HlWindow pool;

  if (plan->epilogue.has_pool)
    return FALSE;
  if (next->activation && !plan->epilogue.has_activation)
    {
      next->activation (next_params, &plan->epilogue);
      plan->epilogue.has_activation = TRUE;
      plan->epilogue.unpooled = plan->output;
      return TRUE;
    }
  if (!next->window)
    return FALSE;
  next->window (next_params, &pool);
  if (!pool_fits (&pool, &plan->output, &next_plan->output))
    return FALSE;
  plan->epilogue.pool = pool;
  plan->epilogue.has_pool = TRUE;
  plan->epilogue.unpooled = plan->output;
  /* The input's size is not passed here: plan for the largest that gives this output. */
  x.dim[1] = plan->output.dim[1] * conv->stride_y + conv->dilation_y * (conv->size_y - 1);
  x.dim[2] = plan->output.dim[2] * conv->stride_x + conv->dilation_x * (conv->size_x - 1);
  x.dim[1] -= MIN (x.dim[1] - 1, 2 * (guint) conv->padding_y);
  x.dim[2] -= MIN (x.dim[2] - 1, 2 * (guint) conv->padding_x);
  conv2d_plan_memory (conv, &x, options, plan);
  return TRUE;
}

/* ---- The definition ---- */

/* Index of the pixel that stands at `at`, which may lie outside 0 .. n - 1; -1 for a zero. */
static int
conv2d_source (const Conv2d *conv, int at, int n)
{
  if (at >= 0 && at < n)
    return at;
  if (conv->padding_mode == CONV2D_ZEROS)
    return -1;
  if (conv->padding_mode == CONV2D_REPLICATE)
    return CLAMP (at, 0, n - 1);
  return at < 0 ? -at : 2 * (n - 1) - at;
}

/* One output pixel of one sample: returns its value, and adds its share to the gradients where they are wanted. */
static double
conv2d_reference_pixel (const HlLayerReference *call, gsize x_first, int filter, int row, int column, double dy)
{
  const Conv2d *conv = call->params;
  const HlShape *x = call->x_shape;
  int channels = (int) x->dim[0] / conv->groups;
  int group = filter / (conv->filters / conv->groups);
  double sum = conv->bias ? call->w[1][filter] : 0;

  for (int channel = 0; channel < channels; channel++)
    for (int ky = 0; ky < conv->size_y; ky++)
      for (int kx = 0; kx < conv->size_x; kx++)
        {
          int y_at = conv2d_source (conv, row * conv->stride_y - conv->padding_y + ky * conv->dilation_y, (int) x->dim[1]);
          int x_at = conv2d_source (conv, column * conv->stride_x - conv->padding_x + kx * conv->dilation_x, (int) x->dim[2]);
          gsize weight = (((gsize) filter * channels + channel) * conv->size_y + ky) * conv->size_x + kx, at;

          if (y_at < 0 || x_at < 0)
            continue;
          at = x_first + (((gsize) group * channels + channel) * x->dim[1] + y_at) * x->dim[2] + x_at;
          sum += call->w[0][weight] * call->x[0][at];
          if (call->dy && call->dx[0])
            call->dx[0][at] += call->w[0][weight] * dy;
          if (call->dy && call->dw[0])
            call->dw[0][weight] += call->x[0][at] * dy;
        }
  if (call->dy && conv->bias && call->dw[1])
    call->dw[1][filter] += dy;
  return sum;
}

static void
conv2d_reference (const HlLayerReference *call)
{
  const HlShape *output = &call->plan->output;
  gsize x_count = hl_shape_get_count (call->x_shape), i = 0;

  for (guint sample = 0; sample < call->batch; sample++)
    for (guint filter = 0; filter < output->dim[0]; filter++)
      for (guint row = 0; row < output->dim[1]; row++)
        for (guint column = 0; column < output->dim[2]; column++, i++)
          call->y[i] = conv2d_reference_pixel (call, sample * x_count, (int) filter, (int) row, (int) column,
                                               call->dy ? call->dy[i] : 0);
}

/* ---- Words ---- */

static gboolean
conv2d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  const Conv2d *conv = params;
  gboolean zeros = conv->padding_mode == CONV2D_ZEROS;
  gint64 pads[] = { 0, 0, conv->padding_y, conv->padding_x, 0, 0, conv->padding_y, conv->padding_x };
  g_autofree char *names = g_strdup_printf ("%s,$w0%s", zeros ? "$x0" : "padded", conv->bias ? ",$w1" : "");

  if (!zeros)
    {
      hl_op_list_add_ints (ops, "pads", G_N_ELEMENTS (pads), pads);
      hl_op_list_add (ops, "Pad", "$x0,pads", "padded");
      hl_op_list_set_string (ops, "mode", conv->padding_mode == CONV2D_REFLECT ? "reflect" : "edge");
    }
  hl_op_list_add (ops, "Conv", names, "$y");
  hl_op_list_set_ints (ops, "kernel_shape", 2, (const gint64[]) { conv->size_y, conv->size_x });
  hl_op_list_set_ints (ops, "strides", 2, (const gint64[]) { conv->stride_y, conv->stride_x });
  hl_op_list_set_ints (ops, "dilations", 2, (const gint64[]) { conv->dilation_y, conv->dilation_x });
  if (zeros)
    hl_op_list_set_ints (ops, "pads", 4, (const gint64[]) { conv->padding_y, conv->padding_x, conv->padding_y, conv->padding_x });
  hl_op_list_set_int (ops, "group", conv->groups);
  return TRUE;
}

static char *
conv2d_describe (const void *params)
{
  const Conv2d *conv = params;
  HlWindow window = conv2d_window (conv);
  g_autofree char *text = hl_window_describe (&window, 1, 1);
  g_autofree char *groups = conv->groups > 1 ? g_strdup_printf (_(", %d groups"), conv->groups) : g_strdup ("");

  return g_strdup_printf (ngettext ("%d filter %s%s", "%d filters %s%s", (gulong) conv->filters), conv->filters, text,
                          groups);
}

const HlLayerClass hl_conv2d_layer = {
  .base = {
    .name = "conv2d",
    .title = N_("Convolution"),
    .group = N_("Convolution"),
    .summary = N_("Slides small learnt filters over an image; each gives one channel of the output."),
    .help = N_("Each output pixel is the sum of the pixels under the filter, in all input channels of its group, each times a "
               "weight, plus the filter's bias. Along each axis, with input size i, padding p, dilation d, filter size k and "
               "stride s, the output size is floor ((i + 2p - d (k - 1) - 1) / s) + 1. Padding (k - 1) / 2 with stride 1 keeps "
               "the size. Dilation counts as in PyTorch and ONNX: 1 is an ordinary filter, 2 leaves one pixel out between "
               "taps; texts that count the pixels left out call these 0 and 1."),
    .params_size = sizeof (Conv2d),
    .params = conv2d_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = conv2d_examples,
  .plan = conv2d_plan,
  .prepare = hl_conv2d_prepare,
  .forward = hl_conv2d_forward,
  .backward = hl_conv2d_backward,
  .reference = conv2d_reference,
  .lower = conv2d_lower,
  .describe = conv2d_describe,
  .fuse = conv2d_fuse,
};
