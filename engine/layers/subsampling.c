/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Trainable subsampling (LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998):
 * y = weight × the sum of a window + bias, with one weight and one bias a channel. */

#include "engine/layers/window.h"

typedef struct
{
  int size_y, size_x, stride_y, stride_x;
} Subsampling;

enum { FORWARD, BACKWARD, SUM };

static const HlParam subsampling_params[] = {
  HL_INT (Subsampling, size_y, N_("Height"), HL_UNIT_PIXEL, 1, 256, 2, N_("Rows of a window.")),
  HL_INT (Subsampling, size_x, N_("Width"), HL_UNIT_PIXEL, 1, 256, 2, N_("Columns of a window.")),
  HL_INT (Subsampling, stride_y, N_("Stride down"), HL_UNIT_PIXEL, 1, 256, 2, N_("Rows the window moves at a time.")),
  HL_INT (Subsampling, stride_x, N_("Stride across"), HL_UNIT_PIXEL, 1, 256, 2, N_("Columns the window moves at a time.")),
  HL_PARAM_END
};

static const HlLayerExample subsampling_examples[] = {
  { NULL, { HL_SHAPE_3 (3, 6, 8) } },
  { "size_y=3;size_x=2;stride_x=1", { HL_SHAPE_3 (17, 7, 5) } },
  { "stride_y=3;stride_x=4", { HL_SHAPE_3 (2, 9, 7) } },
  { "size_y=5;size_x=1;stride_y=1;stride_x=1", { HL_SHAPE_3 (1, 5, 3) } },
  { NULL, { { 0 } } }
};

/* ---- Planning ---- */

static HlWindow
subsampling_window (const Subsampling *self)
{
  return (HlWindow) { self->size_y, self->size_x, self->stride_y, self->stride_x, 0, 0, 1, 1, FALSE };
}

static gboolean
subsampling_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
                  GError **error)
{
  const Subsampling *self = params;
  HlWindow window = subsampling_window (self);
  guint64 capacity = (options->batch + options->lanes - 1) / options->lanes * options->lanes;
  guint pixels = window.size_y * window.size_x;

  if (!hl_window_output (&window, inputs, 0, &plan->output, error))
    return FALSE;
  plan->n_weights = 2;
  plan->weights[0] = (HlWeightSpec) { .name = "weight", .shape = HL_SHAPE_1 (inputs->dim[0]), .fan_in = pixels, .fan_out = 1,
                                      .constant = 1.0 / pixels };
  plan->weights[1] = (HlWeightSpec) { .name = "bias", .shape = HL_SHAPE_1 (inputs->dim[0]), .fan_in = pixels, .fan_out = 1 };
  plan->multiply_adds = hl_shape_get_count (&plan->output) * pixels;
  plan->needs_y = FALSE;
  if (options->training)
    plan->workspace_bytes = (guint64) inputs->dim[0] * 2 * capacity * sizeof (float);
  return TRUE;
}

/* ---- Running ---- */

static gboolean
subsampling_prepare (HlLayerCall *call, GError **error)
{
  const Subsampling *self = call->params;
  g_autofree char *shared = g_strdup_printf ("SIZE_Y=%d;SIZE_X=%d;STRIDE_Y=%d;STRIDE_X=%d;PAD_Y=0;PAD_X=0;", self->size_y,
                                             self->size_x, self->stride_y, self->stride_x);
  g_autoptr (GString) defines = g_string_new (shared);

  hl_value_append_defines (call->x[0], "X", defines);
  hl_value_append_defines (call->y, "Y", defines);
  call->kernel[FORWARD] = hl_kernel_set_add (call->kernels, "pool", "subsampling_forward", defines->str);
  if (!call->dy || (!call->dx[0] && !call->dw[0]))
    return TRUE;
  g_string_assign (defines, shared);
  hl_value_append_defines (call->x[0], "X", defines);
  hl_value_append_defines (call->dy, "DY", defines);
  hl_value_append_defines (call->dx[0] ? call->dx[0] : call->x[0], "DX", defines);
  g_string_append_printf (defines, "WITH_DX=%d;WITH_DW=%d;ADD=%d;", call->dx[0] != NULL, call->dw[0] != NULL,
                          call->accumulate[0]);
  call->kernel[BACKWARD] = hl_kernel_set_add (call->kernels, "pool", "subsampling_backward", defines->str);
  if (call->dw[0])
    call->kernel[SUM] = hl_kernel_set_add (call->kernels, "pool", "subsampling_sum", NULL);
  return TRUE;
}

static gboolean
subsampling_forward (const HlLayerCall *call, GError **error)
{
  return hl_kernel_run (call->kernel[FORWARD], (gsize) call->n_blocks * call->y->shape.dim[0], error,
                        HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->w[0]), HL_ARG_TENSOR (call->w[1]),
                        HL_ARG_TENSOR (call->y->tensor));
}

static gboolean
subsampling_backward (const HlLayerCall *call, GError **error)
{
  HlTensor *none = call->w[0];
  guint channels = call->y->shape.dim[0];

  if (!call->kernel[BACKWARD])
    return TRUE;
  return hl_kernel_run (call->kernel[BACKWARD], (gsize) call->n_blocks * channels, error, HL_ARG_TENSOR (call->x[0]->tensor),
                        HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (call->w[0]),
                        HL_ARG_TENSOR (call->dx[0] ? call->dx[0]->tensor : none),
                        HL_ARG_TENSOR (call->dw[0] ? call->workspace : none))
         && (!call->kernel[SUM]
             || hl_kernel_run (call->kernel[SUM], channels, error, HL_ARG_TENSOR (call->workspace), HL_ARG_TENSOR (call->dw[0]),
                               HL_ARG_TENSOR (call->dw[1]), HL_ARG_INT ((int) channels), HL_ARG_INT ((int) call->n_blocks)));
}

/* ---- The definition, and words ---- */

/* The sum of one window of one channel; where dx is not NULL, each of its pixels gets `gradient` more. */
static double
sum_window (const Subsampling *self, guint columns, const double *x, double *dx, double gradient, guint row, guint column)
{
  double sum = 0;

  for (int ky = 0; ky < self->size_y; ky++)
    for (int kx = 0; kx < self->size_x; kx++)
      {
        gsize at = (gsize) (row * self->stride_y + ky) * columns + column * self->stride_x + kx;

        sum += x[at];
        if (dx)
          dx[at] += gradient;
      }
  return sum;
}

static void
subsampling_reference (const HlLayerReference *call)
{
  const HlShape *output = &call->plan->output, *input = call->x_shape;
  gsize plane = (gsize) input->dim[1] * input->dim[2], n_planes = (gsize) call->batch * input->dim[0], i = 0;

  for (gsize k = 0; k < n_planes; k++)
    for (guint row = 0; row < output->dim[1]; row++)
      for (guint column = 0; column < output->dim[2]; column++, i++)
        {
          gsize channel = k % input->dim[0];
          double dy = call->dy ? call->dy[i] : 0;
          double sum = sum_window (call->params, input->dim[2], call->x[0] + k * plane,
                                   call->dy && call->dx[0] ? call->dx[0] + k * plane : NULL, dy * call->w[0][channel], row,
                                   column);

          call->y[i] = call->w[0][channel] * sum + call->w[1][channel];
          if (call->dy && call->dw[0])
            call->dw[0][channel] += dy * sum;
          if (call->dy && call->dw[1])
            call->dw[1][channel] += dy;
        }
}

/* The mean of each window times its number of pixels. */
static gboolean
subsampling_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                   GError **error)
{
  const Subsampling *self = params;
  const gint64 size[2] = { self->size_y, self->size_x }, strides[2] = { self->stride_y, self->stride_x };
  const gint64 shape[3] = { inputs->dim[0], 1, 1 };
  const float pixels = (float) self->size_y * (float) self->size_x;

  hl_op_list_add (ops, "AveragePool", "$x0", "mean");
  hl_op_list_set_ints (ops, "kernel_shape", 2, size);
  hl_op_list_set_ints (ops, "strides", 2, strides);
  hl_op_list_add_ints (ops, "shape", 3, shape);
  hl_op_list_add_floats (ops, "pixels", 1, &pixels);
  hl_op_list_add (ops, "Reshape", "$w0,shape", "coefficient");
  hl_op_list_add (ops, "Reshape", "$w1,shape", "offset");
  hl_op_list_add (ops, "Mul", "coefficient,pixels", "factor");
  hl_op_list_add (ops, "Mul", "mean,factor", "scaled");
  hl_op_list_add (ops, "Add", "scaled,offset", "$y");
  return TRUE;
}

static char *
subsampling_describe (const void *params)
{
  const Subsampling *self = params;
  HlWindow window = subsampling_window (self);

  return hl_window_describe (&window, window.size_y, window.size_x);
}

const HlLayerClass hl_subsampling_layer = {
  .base = {
    .name = "subsampling",
    .title = N_("Subsampling"),
    .group = N_("Pooling"),
    .summary = N_("Adds up each window, times a learnt coefficient of its map, plus a learnt bias."),
    .help = N_("y = weight × the sum of the window + bias, with one weight and one bias for each map: the layers S2 and S4 of "
               "LeNet-5 (LeCun, Bottou, Bengio and Haffner, 1998), where a squashing function follows; put Scaled tanh "
               "behind it. Six maps so have 12 numbers to learn, and sixteen have 32. A small coefficient keeps the squashing "
               "function in its straight part, so that the layer only blurs; a large one makes it decide, like a noisy OR or "
               "a noisy AND, depending on the bias. Without other start values it begins as the mean of the window, "
               "weight = 1 / (height × width). Windows lie wholly inside the image: along each axis, with input size i, window k and "
               "stride s, the output size is floor ((i - k) / s) + 1, and what is left over at the lower and right edge is "
               "not read. PyTorch has no such layer; later networks took the mean or the maximum, without weights."),
    .params_size = sizeof (Subsampling),
    .params = subsampling_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = subsampling_examples,
  .plan = subsampling_plan,
  .prepare = subsampling_prepare,
  .forward = subsampling_forward,
  .backward = subsampling_backward,
  .reference = subsampling_reference,
  .lower = subsampling_lower,
  .describe = subsampling_describe,
};
