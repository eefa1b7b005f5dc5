/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Global average pooling: the mean of each channel. */

#include "engine/layers/pool.h"
#include "engine/layers/strided.h"

enum { FORWARD, BACKWARD };

static gboolean
global_avg_pool_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
                      GError **error)
{
  return hl_global_pool_plan (params, &inputs[0], plan, error);
}

/* One number a channel, seen as large as the image it is the mean of. */
static HlView
spread (const HlValue *mean, const HlView *image)
{
  HlView view = *image;

  view.value = mean;
  view.first = (int) hl_value_origin (mean);
  view.step[0] = (int) hl_value_plane_step (mean);
  for (guint k = 1; k < view.n_dims; k++)
    view.step[k] = 0;
  return view;
}

static gboolean
global_avg_pool_prepare (HlLayerCall *call, GError **error)
{
  HlStrided *passes = call->state = g_new0 (HlStrided, 2);
  const HlShape *shape = &call->x[0]->shape;
  HlView x = hl_view_new (call->x[0]), y = spread (call->y, &x);
  double share = 1 / ((double) hl_shape_rows (shape) * hl_shape_columns (shape));

  hl_strided_prepare (&passes[FORWARD], call, &y, &x, NULL, "a", share, FALSE);
  if (!call->dx[0])
    return TRUE;
  x = hl_view_new (call->dx[0]);
  y = spread (call->dy, &x);
  hl_strided_prepare (&passes[BACKWARD], call, &x, &y, NULL, "a", share, call->accumulate[0]);
  return TRUE;
}

static gboolean
global_avg_pool_forward (const HlLayerCall *call, GError **error)
{
  return hl_strided_run ((const HlStrided *) call->state + FORWARD, call, error);
}

static gboolean
global_avg_pool_backward (const HlLayerCall *call, GError **error)
{
  return !call->dx[0] || hl_strided_run ((const HlStrided *) call->state + BACKWARD, call, error);
}

static void
global_avg_pool_reference (const HlLayerReference *call)
{
  gsize n = hl_shape_get_count (call->x_shape) / call->x_shape->dim[0];

  for (gsize plane = 0; plane < (gsize) call->batch * call->x_shape->dim[0]; plane++)
    {
      double sum = 0;

      for (gsize i = 0; i < n; i++)
        {
          sum += call->x[0][plane * n + i];
          if (call->dy && call->dx[0])
            call->dx[0][plane * n + i] += call->dy[plane] / (double) n;
        }
      call->y[plane] = sum / (double) n;
    }
}

static gboolean
global_avg_pool_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                       GError **error)
{
  hl_global_pool_lower (params, "GlobalAveragePool", ops);
  return TRUE;
}

const HlLayerClass hl_global_avg_pool_layer = {
  .base = {
    .name = "global_avg_pool",
    .title = N_("Global average pooling"),
    .group = N_("Pooling"),
    .summary = N_("Keeps the mean of each channel."),
    .help = N_("y = the mean of a channel over all rows and columns, or all steps. Before the last layer it takes the place of large "
               "linear layers and their many weights (Lin, Chen and Yan, Network in Network, 2013); ResNet and its successors end so. "
               "Where a feature was is lost."),
    .params_size = sizeof (HlGlobalPool),
    .params = hl_global_pool_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hl_global_pool_examples,
  .plan = global_avg_pool_plan,
  .prepare = global_avg_pool_prepare,
  .forward = global_avg_pool_forward,
  .backward = global_avg_pool_backward,
  .reference = global_avg_pool_reference,
  .lower = global_avg_pool_lower,
};
