/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Average pooling (PyTorch's AvgPool2d). */

#include "engine/layers/pool.h"

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
  HlWindow window = avg_pool2d_window (params);

  return hl_avg_pool_plan (&window, 2, inputs, plan, error);
}

static gboolean
avg_pool2d_prepare (HlLayerCall *call, GError **error)
{
  const AvgPool2d *pool = call->params;
  HlWindow window = avg_pool2d_window (pool);

  return hl_avg_pool_prepare (call, &window, pool->count_include_pad);
}

static void
avg_pool2d_reference (const HlLayerReference *call)
{
  const AvgPool2d *pool = call->params;
  HlWindow window = avg_pool2d_window (pool);

  hl_avg_pool_reference (call, &window, pool->count_include_pad);
}

static gboolean
avg_pool2d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  const AvgPool2d *pool = params;
  HlWindow window = avg_pool2d_window (pool);

  hl_pool_lower (&window, 2, "AveragePool", ops);
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
               "image or the padding before it. LeNet-5 of 1998 learnt a coefficient and a bias besides: see Subsampling."),
    .params_size = sizeof (AvgPool2d),
    .params = avg_pool2d_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = avg_pool2d_examples,
  .plan = avg_pool2d_plan,
  .prepare = avg_pool2d_prepare,
  .forward = hl_avg_pool_forward,
  .backward = hl_avg_pool_backward,
  .reference = avg_pool2d_reference,
  .lower = avg_pool2d_lower,
  .describe = avg_pool2d_describe,
};
