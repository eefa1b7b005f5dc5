/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Global average pooling: the mean of each channel. */

#include "engine/layers/strided.h"

enum { FORWARD, BACKWARD };

typedef struct { gboolean keepdim; } GlobalAvgPool;

static const HlParam global_avg_pool_params[] = {
  HL_BOOL (GlobalAvgPool, keepdim, N_("Keep axes"), TRUE, N_("An image stays one, of channels×1×1; otherwise a row of numbers comes out.")),
  HL_PARAM_END
};

static const HlLayerExample global_avg_pool_examples[] = {
  { NULL, { HL_SHAPE_3 (3, 5, 7) } },
  { "keepdim=0", { HL_SHAPE_3 (17, 2, 3) } },
  { "keepdim=0", { HL_SHAPE_2 (4, 9) } },
  { NULL, { HL_SHAPE_4 (2, 3, 1, 4) } },
  { NULL, { { 0 } } }
};

static gboolean
global_avg_pool_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
                      GError **error)
{
  const GlobalAvgPool *pool = params;

  if (inputs[0].n_dims < 2)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs an image or a sequence, of two dimensions or more, but gets %u numbers in a row."), inputs[0].dim[0]);
      return FALSE;
    }
  plan->output = HL_SHAPE_1 (inputs[0].dim[0]);
  plan->output.n_dims = pool->keepdim ? inputs[0].n_dims : 1;
  for (guint k = 1; k < plan->output.n_dims; k++)
    plan->output.dim[k] = 1;
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
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
  const GlobalAvgPool *pool = params;

  hl_op_list_add (ops, "GlobalAveragePool", "$x0", pool->keepdim ? "$y" : "pooled");
  if (pool->keepdim)
    return TRUE;
  hl_op_list_add (ops, "Flatten", "pooled", "$y");
  hl_op_list_set_int (ops, "axis", 1);
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
    .params_size = sizeof (GlobalAvgPool),
    .params = global_avg_pool_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = global_avg_pool_examples,
  .plan = global_avg_pool_plan,
  .prepare = global_avg_pool_prepare,
  .forward = global_avg_pool_forward,
  .backward = global_avg_pool_backward,
  .reference = global_avg_pool_reference,
  .lower = global_avg_pool_lower,
};
