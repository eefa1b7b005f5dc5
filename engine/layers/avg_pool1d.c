/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Average pooling of sequences (PyTorch's AvgPool1d): of images of one row. */

#include "engine/layers/pool.h"

typedef struct
{
  int size, stride, padding;
  gboolean ceil_mode, count_include_pad;
} AvgPool1d;

static const HlParam avg_pool1d_params[] = {
  HL_INT (AvgPool1d, size, N_("Length"), HL_UNIT_NONE, 1, 4096, 2, N_("Steps of a window.")),
  HL_INT (AvgPool1d, stride, N_("Stride"), HL_UNIT_NONE, 1, 4096, 2, N_("Steps the window moves at a time.")),
  HL_INT (AvgPool1d, padding, N_("Padding"), HL_UNIT_NONE, 0, 2048, 0, N_("Zeros at both ends.")),
  HL_BOOL (AvgPool1d, ceil_mode, N_("Round up"), FALSE, N_("Also takes a last window that only partly lies in the sequence.")),
  HL_BOOL (AvgPool1d, count_include_pad, N_("Count padding"), TRUE, N_("Zeros of the padding count as steps of the mean.")),
  HL_PARAM_END
};

static const HlLayerExample avg_pool1d_examples[] = {
  { NULL, { HL_SHAPE_2 (3, 8) } },
  { "size=3;stride=2;padding=1;ceil_mode=1", { HL_SHAPE_2 (2, 10) } },
  { "size=4;stride=3;padding=2;ceil_mode=1;count_include_pad=0", { HL_SHAPE_2 (2, 11) } },
  { "size=5;stride=1", { HL_SHAPE_2 (1, 5) } },
  { NULL, { { 0 } } }
};

static HlWindow
avg_pool1d_window (const AvgPool1d *pool)
{
  return (HlWindow) { 1, pool->size, 1, pool->stride, 0, pool->padding, 1, 1, pool->ceil_mode };
}

static gboolean
avg_pool1d_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
                 GError **error)
{
  HlWindow window = avg_pool1d_window (params);

  return hl_avg_pool_plan (&window, 1, inputs, plan, error);
}

static gboolean
avg_pool1d_prepare (HlLayerCall *call, GError **error)
{
  const AvgPool1d *pool = call->params;
  HlWindow window = avg_pool1d_window (pool);

  return hl_avg_pool_prepare (call, &window, pool->count_include_pad);
}

static void
avg_pool1d_reference (const HlLayerReference *call)
{
  const AvgPool1d *pool = call->params;
  HlWindow window = avg_pool1d_window (pool);

  hl_avg_pool_reference (call, &window, pool->count_include_pad);
}

static gboolean
avg_pool1d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  const AvgPool1d *pool = params;
  HlWindow window = avg_pool1d_window (pool);

  hl_pool_lower (&window, 1, "AveragePool", ops);
  hl_op_list_set_int (ops, "count_include_pad", pool->count_include_pad);
  return TRUE;
}

static char *
avg_pool1d_describe (const void *params)
{
  const AvgPool1d *pool = params;

  if (pool->stride == pool->size)
    return g_strdup_printf ("%d", pool->size);
  return g_strdup_printf (_("%d, stride %d"), pool->size, pool->stride);
}

const HlLayerClass hl_avg_pool1d_layer = {
  .base = {
    .name = "avg_pool1d",
    .title = N_("Average pooling 1-D"),
    .group = N_("Pooling"),
    .summary = N_("Keeps the mean of each window and so makes the sequence shorter."),
    .help = N_("The input is channels × steps. With i steps, padding p, window size k and stride s there are "
               "floor ((i + 2p - k) / s) + 1 steps in the output; rounded up instead, when asked for, as long as the last window begins "
               "inside the sequence or the padding before it. Steps beyond the padding, which only rounding up reaches, never count."),
    .params_size = sizeof (AvgPool1d),
    .params = avg_pool1d_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = avg_pool1d_examples,
  .plan = avg_pool1d_plan,
  .prepare = avg_pool1d_prepare,
  .forward = hl_avg_pool_forward,
  .backward = hl_avg_pool_backward,
  .reference = avg_pool1d_reference,
  .lower = avg_pool1d_lower,
  .describe = avg_pool1d_describe,
};
