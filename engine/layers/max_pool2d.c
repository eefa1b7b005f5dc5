/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Max pooling (PyTorch's MaxPool2d). Forward keeps which pixel won, for backward. */

#include "engine/layers/pool.h"

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

static gboolean
max_pool2d_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
                 GError **error)
{
  HlWindow window;

  max_pool2d_window (params, &window);
  return hl_max_pool_plan (&window, 2, options, inputs, plan, error);
}

static gboolean
max_pool2d_prepare (HlLayerCall *call, GError **error)
{
  HlWindow window;

  max_pool2d_window (call->params, &window);
  return hl_max_pool_prepare (call, &window);
}

static void
max_pool2d_reference (const HlLayerReference *call)
{
  HlWindow window;

  max_pool2d_window (call->params, &window);
  hl_max_pool_reference (call, &window);
}

static gboolean
max_pool2d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  HlWindow window;

  max_pool2d_window (params, &window);
  hl_pool_lower (&window, 2, "MaxPool", ops);
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
  .forward = hl_max_pool_forward,
  .backward = hl_max_pool_backward,
  .reference = max_pool2d_reference,
  .lower = max_pool2d_lower,
  .describe = max_pool2d_describe,
  .window = max_pool2d_window,
};
