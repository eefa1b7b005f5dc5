/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Max pooling of sequences (PyTorch's MaxPool1d): of images of one row. */

#include "engine/layers/pool.h"

typedef struct
{
  int size, stride, padding, dilation;
  gboolean ceil_mode;
} MaxPool1d;

static const HlParam max_pool1d_params[] = {
  HL_INT (MaxPool1d, size, N_("Length"), HL_UNIT_NONE, 1, 4096, 2, N_("Steps of a window.")),
  HL_INT (MaxPool1d, stride, N_("Stride"), HL_UNIT_NONE, 1, 4096, 2, N_("Steps the window moves at a time.")),
  HL_INT (MaxPool1d, padding, N_("Padding"), HL_UNIT_NONE, 0, 2048, 0, N_("Steps added at both ends; they never win.")),
  HL_INT (MaxPool1d, dilation, N_("Dilation"), HL_UNIT_NONE, 1, 1024, 1,
          N_("Distance of neighbouring steps in a window; 1 is an ordinary window.")),
  HL_BOOL (MaxPool1d, ceil_mode, N_("Round up"), FALSE, N_("Also takes a last window that only partly lies in the sequence.")),
  HL_PARAM_END
};

static const HlLayerExample max_pool1d_examples[] = {
  { NULL, { HL_SHAPE_2 (3, 8) } },
  { "size=3;stride=2;padding=1;ceil_mode=1", { HL_SHAPE_2 (2, 10) } },
  { "size=3;stride=1;dilation=3", { HL_SHAPE_2 (5, 9) } },
  { "size=300;stride=3;padding=150", { HL_SHAPE_2 (1, 20) } },
  { NULL, { { 0 } } }
};

static void
max_pool1d_window (const void *params, HlWindow *window)
{
  const MaxPool1d *pool = params;

  *window = (HlWindow) { 1, pool->size, 1, pool->stride, 0, pool->padding, 1, pool->dilation, pool->ceil_mode };
}

static gboolean
max_pool1d_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
                 GError **error)
{
  HlWindow window;

  max_pool1d_window (params, &window);
  return hl_max_pool_plan (&window, 1, options, inputs, plan, error);
}

static gboolean
max_pool1d_prepare (HlLayerCall *call, GError **error)
{
  HlWindow window;

  max_pool1d_window (call->params, &window);
  return hl_max_pool_prepare (call, &window);
}

static void
max_pool1d_reference (const HlLayerReference *call)
{
  HlWindow window;

  max_pool1d_window (call->params, &window);
  hl_max_pool_reference (call, &window);
}

static gboolean
max_pool1d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  HlWindow window;

  max_pool1d_window (params, &window);
  hl_pool_lower (&window, 1, "MaxPool", ops);
  return TRUE;
}

static char *
max_pool1d_describe (const void *params)
{
  const MaxPool1d *pool = params;

  if (pool->stride == pool->size)
    return g_strdup_printf ("%d", pool->size);
  return g_strdup_printf (_("%d, stride %d"), pool->size, pool->stride);
}

const HlLayerClass hl_max_pool1d_layer = {
  .base = {
    .name = "max_pool1d",
    .title = N_("Max pooling 1-D"),
    .group = N_("Pooling"),
    .summary = N_("Keeps the greatest value under each window and so makes the sequence shorter."),
    .help = N_("The input is channels × steps. With i steps, padding p, dilation d, window size k and stride s there are "
               "floor ((i + 2p - d (k - 1) - 1) / s) + 1 steps in the output; rounded up instead, when asked for, as long as the last "
               "window begins inside the sequence or the padding before it. The gradient goes to the step that won, the first one "
               "among equals. Dilation counts as in PyTorch: 1 is an ordinary window, where the course says 0."),
    .params_size = sizeof (MaxPool1d),
    .params = max_pool1d_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = max_pool1d_examples,
  .plan = max_pool1d_plan,
  .prepare = max_pool1d_prepare,
  .forward = hl_max_pool_forward,
  .backward = hl_max_pool_backward,
  .reference = max_pool1d_reference,
  .lower = max_pool1d_lower,
  .describe = max_pool1d_describe,
};
