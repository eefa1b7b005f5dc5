/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Max pooling (PyTorch's MaxPool2d). Forward keeps which pixel won, for backward. */

#include "engine/layers/window.h"

#include <math.h>

enum { FORWARD, BACKWARD };

typedef struct
{
  int size_y, size_x, stride_y, stride_x, padding_y, padding_x, dilation_y, dilation_x;
  gboolean ceil_mode;
} MaxPool2d;

static const HlParam max_pool2d_params[] = {
  HL_INT (MaxPool2d, size_y, N_("Height"), HL_UNIT_PIXEL, 1, 256, 2, N_("Rows of a window.")),
  HL_INT (MaxPool2d, size_x, N_("Width"), HL_UNIT_PIXEL, 1, 256, 2, N_("Columns of a window.")),
  HL_INT (MaxPool2d, stride_y, N_("Stride down"), HL_UNIT_PIXEL, 1, 256, 2, N_("Rows the window moves at a time.")),
  HL_INT (MaxPool2d, stride_x, N_("Stride across"), HL_UNIT_PIXEL, 1, 256, 2, N_("Columns the window moves at a time.")),
  HL_INT (MaxPool2d, padding_y, N_("Padding above and below"), HL_UNIT_PIXEL, 0, 128, 0,
          N_("Rows added on both sides; they never win.")),
  HL_INT (MaxPool2d, padding_x, N_("Padding left and right"), HL_UNIT_PIXEL, 0, 128, 0,
          N_("Columns added on both sides; they never win.")),
  HL_INT (MaxPool2d, dilation_y, N_("Dilation down"), HL_UNIT_PIXEL, 1, 64, 1,
          N_("Distance of neighbouring rows in a window; 1 is an ordinary window.")),
  HL_INT (MaxPool2d, dilation_x, N_("Dilation across"), HL_UNIT_PIXEL, 1, 64, 1,
          N_("Distance of neighbouring columns in a window; 1 is an ordinary window.")),
  HL_BOOL (MaxPool2d, ceil_mode, N_("Round up"), FALSE, N_("Also takes a last window that only partly lies in the image.")),
  HL_PARAM_END
};

static const HlLayerExample max_pool2d_examples[] = {
  { NULL, { HL_SHAPE_3 (3, 6, 8) } },
  { NULL, { HL_SHAPE_3 (2, 7, 5) } },
  { "ceil_mode=1", { HL_SHAPE_3 (2, 7, 5) } },
  { "size_y=3;size_x=3;padding_y=1;padding_x=1", { HL_SHAPE_3 (2, 9, 7) } },
  { "size_y=3;size_x=2;stride_y=1;stride_x=3;padding_x=1;ceil_mode=1", { HL_SHAPE_3 (1, 6, 9) } },
  { "size_y=2;size_x=3;stride_y=1;stride_x=1;dilation_y=3;dilation_x=2", { HL_SHAPE_3 (3, 8, 9) } },
  { "size_y=17;size_x=19;stride_y=3;stride_x=4;padding_y=8;padding_x=9", { HL_SHAPE_3 (1, 12, 10) } },
  { "size_y=1;size_x=1;stride_y=3;stride_x=2", { HL_SHAPE_3 (2, 5, 6) } },
  { NULL, { { 0 } } }
};

static void
max_pool2d_window (const void *params, HlWindow *window)
{
  const MaxPool2d *pool = params;

  *window = (HlWindow) { pool->size_y, pool->size_x, pool->stride_y, pool->stride_x, pool->padding_y, pool->padding_x,
                         pool->dilation_y, pool->dilation_x, pool->ceil_mode };
}

static guint
position_bytes (const MaxPool2d *pool)
{
  return pool->size_y * pool->size_x <= 256 ? 1 : 2;
}

static gboolean
max_pool2d_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
                 GError **error)
{
  const MaxPool2d *pool = params;
  guint64 capacity = (options->batch + options->lanes - 1) / options->lanes * options->lanes;
  HlWindow window;

  max_pool2d_window (params, &window);
  if (pool->padding_y > pool->size_y / 2 || pool->padding_x > pool->size_x / 2)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs a padding of at most half its window, %d×%d, but has %d×%d."), pool->size_y / 2,
                   pool->size_x / 2, pool->padding_y, pool->padding_x);
      return FALSE;
    }
  if (!hl_window_output (&window, inputs, 0, &plan->output, error))
    return FALSE;
  if (options->training)
    plan->saved_bytes[0] = hl_shape_get_count (&plan->output) * capacity * position_bytes (pool);
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static gboolean
max_pool2d_prepare (HlLayerCall *call, GError **error)
{
  const MaxPool2d *pool = call->params;
  g_autoptr (GString) defines = g_string_new (NULL), backward = NULL;

  g_string_append_printf (defines, "SIZE_Y=%d;SIZE_X=%d;STRIDE_Y=%d;STRIDE_X=%d;PAD_Y=%d;PAD_X=%d;DILATION_Y=%d;DILATION_X=%d;"
                          "POSITION_BYTES=%u;", pool->size_y, pool->size_x, pool->stride_y, pool->stride_x,
                          pool->padding_y, pool->padding_x, pool->dilation_y, pool->dilation_x,
                          position_bytes (pool));
  backward = g_string_new (defines->str);
  hl_value_append_defines (call->x[0], "X", defines);
  hl_value_append_defines (call->y, "Y", defines);
  call->kernel[FORWARD] = hl_kernel_set_add (call->kernels, "pool", "max_pool2d_forward", defines->str);
  if (!call->training || !call->dy || !call->dx[0])
    return TRUE;
  hl_value_append_defines (call->dy, "DY", backward);
  hl_value_append_defines (call->dx[0], "DX", backward);
  g_string_append_printf (backward, "ACCUMULATE=%d;", call->accumulate[0]);
  call->kernel[BACKWARD] = hl_kernel_set_add (call->kernels, "pool", "max_pool2d_backward", backward->str);
  return TRUE;
}

static gboolean
max_pool2d_forward (const HlLayerCall *call, GError **error)
{
  HlTensor *position = call->saved[0] ? call->saved[0] : call->y->tensor;

  return hl_kernel_run (call->kernel[FORWARD], (gsize) call->n_blocks * call->y->shape.dim[0], error,
                        HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->y->tensor), HL_ARG_TENSOR (position),
                        HL_ARG_INT (call->saved[0] != NULL));
}

static gboolean
max_pool2d_backward (const HlLayerCall *call, GError **error)
{
  return !call->kernel[BACKWARD]
         || hl_kernel_run (call->kernel[BACKWARD], (gsize) call->n_blocks * call->dy->shape.dim[0], error,
                           HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (call->saved[0]),
                           HL_ARG_TENSOR (call->dx[0]->tensor));
}

/* The place of the maximum under one window; x is one channel. G_MAXSIZE when all taps of a dilated window miss the image. */
static gsize
reference_place (const MaxPool2d *pool, const HlShape *shape, const double *x, guint row, guint column)
{
  gsize place = G_MAXSIZE;

  for (int ky = 0; ky < pool->size_y; ky++)
    for (int kx = 0; kx < pool->size_x; kx++)
      {
        gint64 y_at = (gint64) row * pool->stride_y - pool->padding_y + ky * pool->dilation_y;
        gint64 x_at = (gint64) column * pool->stride_x - pool->padding_x + kx * pool->dilation_x;
        gsize at = (gsize) (y_at * shape->dim[2] + x_at);

        if (y_at >= 0 && y_at < shape->dim[1] && x_at >= 0 && x_at < shape->dim[2]
            && (place == G_MAXSIZE || x[at] > x[place] || isnan (x[at])))
          place = at;
      }
  return place;
}

static void
max_pool2d_reference (const HlLayerReference *call)
{
  const HlShape *output = &call->plan->output, *input = call->x_shape;
  gsize plane = (gsize) input->dim[1] * input->dim[2], i = 0;

  for (gsize first = 0; first < call->batch * input->dim[0] * plane; first += plane)
    for (guint row = 0; row < output->dim[1]; row++)
      for (guint column = 0; column < output->dim[2]; column++, i++)
        {
          gsize place = reference_place (call->params, input, call->x[0] + first, row, column);

          call->y[i] = place == G_MAXSIZE ? -INFINITY : call->x[0][first + place];
          if (call->dy && call->dx[0] && place != G_MAXSIZE)
            call->dx[0][first + place] += call->dy[i];
        }
}

static gboolean
max_pool2d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  const MaxPool2d *pool = params;

  hl_op_list_add (ops, "MaxPool", "$x0", "$y");
  hl_op_list_set_ints (ops, "kernel_shape", 2, (const gint64[]) { pool->size_y, pool->size_x });
  hl_op_list_set_ints (ops, "strides", 2, (const gint64[]) { pool->stride_y, pool->stride_x });
  hl_op_list_set_ints (ops, "pads", 4, (const gint64[]) { pool->padding_y, pool->padding_x, pool->padding_y, pool->padding_x });
  hl_op_list_set_ints (ops, "dilations", 2, (const gint64[]) { pool->dilation_y, pool->dilation_x });
  hl_op_list_set_int (ops, "ceil_mode", pool->ceil_mode);
  return TRUE;
}

static char *
max_pool2d_describe (const void *params)
{
  const MaxPool2d *pool = params;
  HlWindow window;

  max_pool2d_window (params, &window);
  return hl_window_describe (&window, pool->size_y, pool->size_x);
}

const HlLayerClass hl_max_pool2d_layer = {
  .base = {
    .name = "max_pool2d",
    .title = N_("Max pooling"),
    .group = N_("Pooling"),
    .summary = N_("Keeps the greatest value under each window and so makes the image smaller."),
    .help = N_("Along each axis, with input size i, padding p, dilation d, window size k and stride s, the output size is "
               "floor ((i + 2p - d (k - 1) - 1) / s) + 1; rounded up instead, when asked for, as long as the last window begins "
               "inside the image or the padding before it. The gradient goes to the pixel that won, the first one among equals. "
               "Dilation counts as in PyTorch: 1 is an ordinary window."),
    .params_size = sizeof (MaxPool2d),
    .params = max_pool2d_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = max_pool2d_examples,
  .plan = max_pool2d_plan,
  .prepare = max_pool2d_prepare,
  .forward = max_pool2d_forward,
  .backward = max_pool2d_backward,
  .reference = max_pool2d_reference,
  .lower = max_pool2d_lower,
  .describe = max_pool2d_describe,
  .window = max_pool2d_window,
};
