/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Global max pooling: the greatest value of each channel. */

#include "engine/layers/pool.h"

#include <math.h>

enum { FORWARD, BACKWARD };

static gboolean
global_max_pool_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
                      GError **error)
{
  guint64 capacity = (options->batch + options->lanes - 1) / options->lanes * options->lanes;

  if (!hl_global_pool_plan (params, &inputs[0], plan, error))
    return FALSE;
  if (options->training)
    plan->saved_bytes[0] = inputs[0].dim[0] * capacity * sizeof (gint32);
  return TRUE;
}

static gboolean
global_max_pool_prepare (HlLayerCall *call, GError **error)
{
  call->kernel[FORWARD] = hl_kernel_set_add (call->kernels, "pool", "global_max_pool_forward", NULL);
  if (call->dx[0])
    call->kernel[BACKWARD] = hl_kernel_set_add (call->kernels, "pool", "global_max_pool_backward", NULL);
  return TRUE;
}

#define ARG_INTS(array) ((HlKernelArg) { HL_ARG_KIND_VALUE, (array), sizeof (array) })

static gboolean
run (const HlLayerCall *call, guint kernel, const HlValue *x, const HlValue *y, gboolean flag, GError **error)
{
  const gint32 size[4] = { (gint32) hl_shape_rows (&x->shape), (gint32) hl_shape_columns (&x->shape),
                           (gint32) hl_value_row_step (x), (gint32) hl_value_plane_step (x) };
  const gint32 place[4] = { (gint32) hl_value_block_step (x), (gint32) hl_value_origin (x), (gint32) hl_value_block_step (y),
                            (gint32) hl_value_origin (y) };
  HlTensor *position = call->saved[0] ? call->saved[0] : call->y->tensor;
  guint channels = x->shape.dim[0];

  return hl_kernel_run (call->kernel[kernel], (gsize) call->n_blocks * channels, error,
                        HL_ARG_TENSOR (kernel == FORWARD ? x->tensor : y->tensor),
                        HL_ARG_TENSOR (kernel == FORWARD ? y->tensor : position),
                        HL_ARG_TENSOR (kernel == FORWARD ? position : x->tensor), ARG_INTS (size), ARG_INTS (place),
                        HL_ARG_INT ((int) hl_value_plane_step (y)), HL_ARG_INT ((int) channels), HL_ARG_INT (flag));
}

static gboolean
global_max_pool_forward (const HlLayerCall *call, GError **error)
{
  return run (call, FORWARD, call->x[0], call->y, call->saved[0] != NULL, error);
}

static gboolean
global_max_pool_backward (const HlLayerCall *call, GError **error)
{
  return !call->dx[0] || run (call, BACKWARD, call->dx[0], call->dy, call->accumulate[0], error);
}

static void
global_max_pool_reference (const HlLayerReference *call)
{
  gsize n = hl_shape_get_count (call->x_shape) / call->x_shape->dim[0];

  for (gsize plane = 0; plane < (gsize) call->batch * call->x_shape->dim[0]; plane++)
    {
      const double *x = call->x[0] + plane * n;
      gsize best = 0;

      for (gsize i = 1; i < n; i++)
        if (x[i] > x[best] || isnan (x[i]))
          best = i;
      call->y[plane] = x[best];
      if (call->dy && call->dx[0])
        call->dx[0][plane * n + best] += call->dy[plane];
    }
}

static gboolean
global_max_pool_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                       GError **error)
{
  hl_global_pool_lower (params, "GlobalMaxPool", ops);
  return TRUE;
}

const HlLayerClass hl_global_max_pool_layer = {
  .base = {
    .name = "global_max_pool",
    .title = N_("Global max pooling"),
    .group = N_("Pooling"),
    .summary = N_("Keeps the greatest value of each channel."),
    .help = N_("y = the maximum of a channel over all rows and columns, or all steps: whether a feature is anywhere in the image, "
               "wherever it is. A network that ends with it takes images of any size (Oquab and others, 2015). The gradient goes to "
               "the first pixel among the greatest."),
    .params_size = sizeof (HlGlobalPool),
    .params = hl_global_pool_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hl_global_pool_examples,
  .plan = global_max_pool_plan,
  .prepare = global_max_pool_prepare,
  .forward = global_max_pool_forward,
  .backward = global_max_pool_backward,
  .reference = global_max_pool_reference,
  .lower = global_max_pool_lower,
};
