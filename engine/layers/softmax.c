/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Softmax over the channels, the first axis of a sample. */

#include "engine/graph/layer.h"

#include <math.h>

/* Vectors an item handles at least. */
#define SMALLEST_ITEM 64

static const HlLayerExample softmax_examples[] = {
  { NULL, { HL_SHAPE_1 (10) } },
  { NULL, { HL_SHAPE_1 (1) } },
  { NULL, { HL_SHAPE_3 (3, 5, 7) } },
  { NULL, { HL_SHAPE_2 (5, 3) } },
  { NULL, { { 0 } } }
};

static gboolean
softmax_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
              HlLayerPlan *plan, GError **error)
{
  plan->output = inputs[0];
  plan->needs_x = FALSE;
  return TRUE;
}

static guint
pixels (const HlLayerCall *call)
{
  return hl_shape_rows (&call->y->shape) * hl_shape_columns (&call->y->shape);
}

static guint
pixels_per_item (const HlLayerCall *call)
{
  return CLAMP (SMALLEST_ITEM / hl_shape_channels (&call->y->shape), 1, pixels (call));
}

static gsize
n_items (const HlLayerCall *call)
{
  guint chunk = pixels_per_item (call);

  return (gsize) call->n_blocks * ((pixels (call) + chunk - 1) / chunk);
}

static gboolean
softmax_prepare (HlLayerCall *call, GError **error)
{
  g_autoptr (GString) defines = g_string_new (NULL);

  g_string_printf (defines, "CHUNK=%u;", pixels_per_item (call));
  hl_value_append_defines (call->y, "Y", defines);
  hl_value_append_defines (call->x[0], "X", defines);
  call->kernel[0] = hl_kernel_set_add (call->kernels, "softmax", "softmax_forward", defines->str);
  if (!call->dx[0])
    return TRUE;
  g_string_printf (defines, "CHUNK=%u;ADD=%d;", pixels_per_item (call), call->accumulate[0] ? 1 : 0);
  hl_value_append_defines (call->y, "Y", defines);
  hl_value_append_defines (call->dy, "DY", defines);
  hl_value_append_defines (call->dx[0], "DX", defines);
  call->kernel[1] = hl_kernel_set_add (call->kernels, "softmax", "softmax_backward", defines->str);
  return TRUE;
}

static gboolean
softmax_forward (const HlLayerCall *call, GError **error)
{
  return hl_kernel_run (call->kernel[0], n_items (call), error, HL_ARG_TENSOR (call->x[0]->tensor),
                        HL_ARG_TENSOR (call->y->tensor));
}

static gboolean
softmax_backward (const HlLayerCall *call, GError **error)
{
  return !call->dx[0]
         || hl_kernel_run (call->kernel[1], n_items (call), error, HL_ARG_TENSOR (call->y->tensor),
                           HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (call->dx[0]->tensor));
}

/* One pixel: n values, `step` apart. */
static void
reference_pixel (const HlLayerReference *call, gsize first, gsize n, gsize step)
{
  const double *x = call->x[0] + first;
  double *y = call->y + first, top = x[0], sum = 0, dot = 0;

  for (gsize i = 1; i < n; i++)
    top = MAX (top, x[i * step]);
  for (gsize i = 0; i < n; i++)
    sum += exp (x[i * step] - top);
  for (gsize i = 0; i < n; i++)
    y[i * step] = exp (x[i * step] - top) / sum;
  if (!call->dy || !call->dx[0])
    return;
  for (gsize i = 0; i < n; i++)
    dot += y[i * step] * call->dy[first + i * step];
  for (gsize i = 0; i < n; i++)
    call->dx[0][first + i * step] += y[i * step] * (call->dy[first + i * step] - dot);
}

static void
softmax_reference (const HlLayerReference *call)
{
  gsize n = hl_shape_channels (&call->x_shape[0]), step = hl_shape_get_count (&call->x_shape[0]) / n;

  for (guint sample = 0; sample < call->batch; sample++)
    for (gsize pixel = 0; pixel < step; pixel++)
      reference_pixel (call, sample * n * step + pixel, n, step);
}

static gboolean
softmax_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
               GError **error)
{
  hl_op_list_add (ops, "Softmax", "$x0", "$y");
  hl_op_list_set_int (ops, "axis", 1);
  return TRUE;
}

const HlLayerClass hl_softmax_layer = {
  .base = {
    .name = "softmax",
    .title = N_("Softmax"),
    .group = N_("Activation"),
    .summary = N_("Turns scores into probabilities that add up to 1."),
    .help = N_("y(i) = exp (x(i)) / sum of exp (x(k)) over the channels k. The loss Cross-entropy applies it itself, so "
               "a network trained with it should end without: softmax twice flattens the probabilities and slows "
               "learning. Use it inside a network, or with the loss Mean squared error."),
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = softmax_examples,
  .plan = softmax_plan,
  .prepare = softmax_prepare,
  .forward = softmax_forward,
  .backward = softmax_backward,
  .reference = softmax_reference,
  .lower = softmax_lower,
};
