/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Average pooling (PyTorch's AvgPool2d). */

#include "engine/layers/window.h"

enum { FORWARD, BACKWARD };

typedef struct
{
  int size_y, size_x, stride_y, stride_x, padding_y, padding_x;
  gboolean ceil_mode, count_include_pad;
} AvgPool2d;

static const HlParam avg_pool2d_params[] = {
  HL_INT (AvgPool2d, size_y, N_("Height"), HL_UNIT_PIXEL, 1, 256, 2, N_("Rows of a window.")),
  HL_INT (AvgPool2d, size_x, N_("Width"), HL_UNIT_PIXEL, 1, 256, 2, N_("Columns of a window.")),
  HL_INT (AvgPool2d, stride_y, N_("Stride down"), HL_UNIT_PIXEL, 1, 256, 2, N_("Rows the window moves at a time.")),
  HL_INT (AvgPool2d, stride_x, N_("Stride across"), HL_UNIT_PIXEL, 1, 256, 2, N_("Columns the window moves at a time.")),
  HL_INT (AvgPool2d, padding_y, N_("Padding above and below"), HL_UNIT_PIXEL, 0, 128, 0, N_("Rows of zeros on both sides.")),
  HL_INT (AvgPool2d, padding_x, N_("Padding left and right"), HL_UNIT_PIXEL, 0, 128, 0, N_("Columns of zeros on both sides.")),
  HL_BOOL (AvgPool2d, ceil_mode, N_("Round up"), FALSE, N_("Also takes a last window that only partly lies in the image.")),
  HL_BOOL (AvgPool2d, count_include_pad, N_("Count padding"), TRUE, N_("Zeros of the padding count as pixels of the mean.")),
  HL_PARAM_END
};

static const HlLayerExample avg_pool2d_examples[] = {
  { NULL, { HL_SHAPE_3 (3, 6, 8) } },
  { "ceil_mode=1", { HL_SHAPE_3 (2, 7, 5) } },
  { "size_y=3;size_x=3;padding_y=1;padding_x=1", { HL_SHAPE_3 (2, 9, 7) } },
  { "size_y=3;size_x=3;padding_y=1;padding_x=1;ceil_mode=1", { HL_SHAPE_3 (2, 8, 6) } },
  { "size_y=3;size_x=5;stride_x=3;padding_y=1;padding_x=2;ceil_mode=1;count_include_pad=0", { HL_SHAPE_3 (2, 8, 9) } },
  { "size_y=3;size_x=2;stride_y=1;stride_x=3;padding_x=1", { HL_SHAPE_3 (1, 6, 9) } },
  { "size_y=5;size_x=7;stride_y=5;stride_x=7", { HL_SHAPE_3 (4, 5, 7) } },
  { NULL, { { 0 } } }
};

static HlWindow
avg_pool2d_window (const AvgPool2d *pool)
{
  return (HlWindow) { pool->size_y, pool->size_x, pool->stride_y, pool->stride_x, pool->padding_y, pool->padding_x, 1, 1,
                      pool->ceil_mode };
}

static gboolean
avg_pool2d_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
                 GError **error)
{
  const AvgPool2d *pool = params;
  HlWindow window = avg_pool2d_window (pool);

  if (pool->padding_y > pool->size_y / 2 || pool->padding_x > pool->size_x / 2)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs a padding of at most half its window, %d×%d, but has %d×%d."), pool->size_y / 2,
                   pool->size_x / 2, pool->padding_y, pool->padding_x);
      return FALSE;
    }
  plan->needs_x = plan->needs_y = FALSE;
  return hl_window_output (&window, inputs, 0, &plan->output, error);
}

static gboolean
avg_pool2d_prepare (HlLayerCall *call, GError **error)
{
  const AvgPool2d *pool = call->params;
  g_autoptr (GString) defines = g_string_new (NULL), backward = NULL;

  g_string_append_printf (defines, "SIZE_Y=%d;SIZE_X=%d;STRIDE_Y=%d;STRIDE_X=%d;PAD_Y=%d;PAD_X=%d;COUNT_INCLUDE_PAD=%d;",
                          pool->size_y, pool->size_x, pool->stride_y, pool->stride_x, pool->padding_y, pool->padding_x,
                          pool->count_include_pad);
  backward = g_string_new (defines->str);
  hl_value_append_defines (call->x[0], "X", defines);
  hl_value_append_defines (call->y, "Y", defines);
  call->kernel[FORWARD] = hl_kernel_set_add (call->kernels, "pool", "avg_pool2d_forward", defines->str);
  if (!call->training || !call->dy || !call->dx[0])
    return TRUE;
  hl_value_append_defines (call->dy, "DY", backward);
  hl_value_append_defines (call->dx[0], "DX", backward);
  g_string_append_printf (backward, "ACCUMULATE=%d;", call->accumulate[0]);
  call->kernel[BACKWARD] = hl_kernel_set_add (call->kernels, "pool", "avg_pool2d_backward", backward->str);
  return TRUE;
}

static gboolean
avg_pool2d_forward (const HlLayerCall *call, GError **error)
{
  return hl_kernel_run (call->kernel[FORWARD], (gsize) call->n_blocks * call->y->shape.dim[0], error,
                        HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->y->tensor));
}

static gboolean
avg_pool2d_backward (const HlLayerCall *call, GError **error)
{
  return !call->kernel[BACKWARD]
         || hl_kernel_run (call->kernel[BACKWARD], (gsize) call->n_blocks * call->dy->shape.dim[0], error,
                           HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (call->dx[0]->tensor));
}

/* One window of one channel: returns its mean, and adds its share of dy where that is wanted. */
static double
reference_mean (const AvgPool2d *pool, const HlShape *shape, const double *x, double *dx, double dy, guint row, guint column)
{
  int rows = (int) shape->dim[1], columns = (int) shape->dim[2];
  int top = (int) row * pool->stride_y - pool->padding_y, left = (int) column * pool->stride_x - pool->padding_x;
  int bottom = MIN (top + pool->size_y, rows + pool->padding_y), right = MIN (left + pool->size_x, columns + pool->padding_x);
  double count = (double) (bottom - top) * (right - left), sum = 0;

  top = MAX (top, 0);
  left = MAX (left, 0);
  bottom = MIN (bottom, rows);
  right = MIN (right, columns);
  if (!pool->count_include_pad)
    count = (double) (bottom - top) * (right - left);
  for (int y_at = top; y_at < bottom; y_at++)
    for (int x_at = left; x_at < right; x_at++)
      {
        sum += x[y_at * columns + x_at];
        if (dx)
          dx[y_at * columns + x_at] += dy / count;
      }
  return sum / count;
}

static void
avg_pool2d_reference (const HlLayerReference *call)
{
  const HlShape *output = &call->plan->output, *input = call->x_shape;
  gsize plane = (gsize) input->dim[1] * input->dim[2], i = 0;

  for (gsize first = 0; first < call->batch * input->dim[0] * plane; first += plane)
    for (guint row = 0; row < output->dim[1]; row++)
      for (guint column = 0; column < output->dim[2]; column++, i++)
        call->y[i] = reference_mean (call->params, input, call->x[0] + first,
                                     call->dy && call->dx[0] ? call->dx[0] + first : NULL, call->dy ? call->dy[i] : 0, row,
                                     column);
}

static gboolean
avg_pool2d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  const AvgPool2d *pool = params;

  hl_op_list_add (ops, "AveragePool", "$x0", "$y");
  hl_op_list_set_ints (ops, "kernel_shape", 2, (const gint64[]) { pool->size_y, pool->size_x });
  hl_op_list_set_ints (ops, "strides", 2, (const gint64[]) { pool->stride_y, pool->stride_x });
  hl_op_list_set_ints (ops, "pads", 4, (const gint64[]) { pool->padding_y, pool->padding_x, pool->padding_y, pool->padding_x });
  hl_op_list_set_int (ops, "ceil_mode", pool->ceil_mode);
  hl_op_list_set_int (ops, "count_include_pad", pool->count_include_pad);
  return TRUE;
}

static char *
avg_pool2d_describe (const void *params)
{
  const AvgPool2d *pool = params;
  HlWindow window = avg_pool2d_window (pool);

  return hl_window_describe (&window, pool->size_y, pool->size_x);
}

const HlLayerClass hl_avg_pool2d_layer = {
  .base = {
    .name = "avg_pool2d",
    .title = N_("Average pooling"),
    .group = N_("Pooling"),
    .summary = N_("Keeps the mean of each window and so makes the image smaller."),
    .help = N_("Along each axis, with input size i, padding p, window size k and stride s, the output size is "
               "floor ((i + 2p - k) / s) + 1; rounded up instead, when asked for, as long as the last window begins inside the "
               "image or the padding before it. LeNet-5 of 1998 used this kind of pooling."),
    .params_size = sizeof (AvgPool2d),
    .params = avg_pool2d_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = avg_pool2d_examples,
  .plan = avg_pool2d_plan,
  .prepare = avg_pool2d_prepare,
  .forward = avg_pool2d_forward,
  .backward = avg_pool2d_backward,
  .reference = avg_pool2d_reference,
  .lower = avg_pool2d_lower,
  .describe = avg_pool2d_describe,
};
