/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PReLU: y = x where x > 0, weight × x elsewhere, the weight being trained: one for the layer or one a channel (He, Zhang, Ren
 * and Sun, "Delving deep into rectifiers", 2015). The gradient at 0 is the weight, as in PyTorch. */

#include "engine/graph/activation.h"

#include <math.h>

typedef struct
{
  gboolean per_channel;
  double init;
} Prelu;

typedef struct { guint forward_items, channels_per_item; } State;

enum { FORWARD, BACKWARD, SUM };

static const HlParam prelu_params[] = {
  HL_BOOL (Prelu, per_channel, N_("One slope a channel"), FALSE, N_("Otherwise all channels share one.")),
  HL_FLOAT (Prelu, init, N_("First slope"), HL_UNIT_NONE, -10, 10, 0.25, N_("The slope that training starts with.")),
  HL_PARAM_END
};

static const HlLayerExample prelu_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "per_channel=true", { HL_SHAPE_3 (3, 5, 7) } },
  { "init=-0.5", { HL_SHAPE_2 (5, 3) } },
  { "per_channel=true", { HL_SHAPE_1 (37) } },
  { NULL, { HL_SHAPE_3 (17, 2, 3) } },
  { NULL, { { 0 } } }
};

static gboolean
prelu_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
            GError **error)
{
  const Prelu *self = params;
  guint channels = hl_shape_channels (&inputs[0]), n = self->per_channel ? channels : 1;

  plan->output = inputs[0];
  plan->needs_y = FALSE;
  plan->n_weights = 1;
  plan->weights[0] = (HlWeightSpec) { .name = "weight", .shape = HL_SHAPE_1 (n), .fan_in = n, .fan_out = n,
                                      .constant = self->init };
  plan->multiply_adds = hl_shape_get_count (&inputs[0]);
  if (options->training && !self->per_channel)
    plan->workspace_bytes = channels * sizeof (float);
  return TRUE;
}

static guint
channels_per_item (const HlLayerCall *call)
{
  guint channels = hl_shape_channels (&call->y->shape);
  guint vectors = hl_shape_get_count (&call->y->shape) / channels * (call->capacity / call->lanes);

  if (call->lanes > 16)
    return 1;
  /* Small channels share an item, but there should be some items for every unit. */
  return CLAMP (MIN (128 / MAX (vectors, 1), channels / (2 * call->compute_units)), 1, channels);
}

static gboolean
prelu_prepare (HlLayerCall *call, GError **error)
{
  const Prelu *self = call->params;
  const HlShape *shape = &call->y->shape;
  State *state = call->state = g_new0 (State, 1);
  g_autoptr (GString) defines = g_string_new (NULL);

  state->forward_items = hl_walk_append_defines (call, (HlWalkValue[]) { { "X", call->x[0] }, { "Y", call->y } }, 2, defines);
  g_string_append_printf (defines, "PER_CHANNEL=%d;PIXELS=%u", self->per_channel ? 1 : 0,
                          hl_shape_rows (shape) * hl_shape_columns (shape));
  call->kernel[FORWARD] = hl_kernel_set_add (call->kernels, "prelu", "prelu_forward", defines->str);
  if (!call->dy || (!call->dx[0] && !call->dw[0]))
    return TRUE;
  state->channels_per_item = channels_per_item (call);
  g_string_printf (defines, "PER_CHANNEL=%d;CHUNK=%u;WITH_DX=%d;WITH_DW=%d;ADD=%d;", self->per_channel ? 1 : 0,
                   state->channels_per_item, call->dx[0] ? 1 : 0, call->dw[0] ? 1 : 0, call->accumulate[0] ? 1 : 0);
  hl_value_append_defines (call->x[0], "X", defines);
  hl_value_append_defines (call->dy, "DY", defines);
  if (call->dx[0])
    hl_value_append_defines (call->dx[0], "DX", defines);
  call->kernel[BACKWARD] = hl_kernel_set_add (call->kernels, "prelu", "prelu_backward", defines->str);
  if (!self->per_channel && call->dw[0])
    {
      g_string_printf (defines, "X_CHANNELS=%u", hl_shape_channels (shape));
      call->kernel[SUM] = hl_kernel_set_add (call->kernels, "prelu", "prelu_sum", defines->str);
    }
  return TRUE;
}

static gboolean
prelu_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  return hl_kernel_run (call->kernel[FORWARD], call->n_blocks * state->forward_items, error,
                        HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->w[0]), HL_ARG_TENSOR (call->y->tensor));
}

static gboolean
prelu_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;
  const HlKernelArg blocks = HL_ARG_UINT (call->n_blocks);
  guint n_items, n = 0;
  HlKernelArg args[8];

  if (!call->kernel[BACKWARD])
    return TRUE;
  n_items = (hl_shape_channels (&call->y->shape) + state->channels_per_item - 1) / state->channels_per_item;
  args[n++] = HL_ARG_TENSOR (call->x[0]->tensor);
  args[n++] = HL_ARG_TENSOR (call->dy->tensor);
  args[n++] = HL_ARG_TENSOR (call->w[0]);
  if (call->dx[0])
    args[n++] = HL_ARG_TENSOR (call->dx[0]->tensor);
  if (call->dw[0])
    args[n++] = HL_ARG_TENSOR (call->kernel[SUM] ? call->workspace : call->dw[0]);
  args[n++] = blocks;
  args[n] = (HlKernelArg) { HL_ARG_KIND_END };
  return hl_kernel_run_args (call->kernel[BACKWARD], n_items, args, error)
         && (!call->kernel[SUM] || hl_kernel_run (call->kernel[SUM], 1, error, HL_ARG_TENSOR (call->workspace),
                                                  HL_ARG_TENSOR (call->dw[0])));
}

static void
prelu_reference (const HlLayerReference *call)
{
  const Prelu *self = call->params;
  gsize channels = hl_shape_channels (&call->x_shape[0]), pixels = hl_shape_get_count (&call->x_shape[0]) / channels;

  for (gsize i = 0; i < call->batch * channels * pixels; i++)
    {
      gsize k = self->per_channel ? i / pixels % channels : 0;
      double x = call->x[0][i];

      call->y[i] = x < 0 ? call->w[0][k] * x : x;
      if (call->dy && call->dx[0])
        call->dx[0][i] += x > 0 ? call->dy[i] : call->w[0][k] * call->dy[i];
      if (call->dy && call->dw[0] && !(x > 0))
        call->dw[0][k] += x * call->dy[i];
    }
}

static gboolean
prelu_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
             GError **error)
{
  const Prelu *self = params;
  gint64 shape[HL_MAX_DIMS] = { hl_shape_channels (&inputs[0]), 1, 1, 1, 1 };

  /* ONNX lines shapes up at their ends: a slope a channel needs a 1 for each axis after it. */
  if (self->per_channel && inputs[0].n_dims > 1)
    {
      hl_op_list_add_ints (ops, "shape", inputs[0].n_dims, shape);
      hl_op_list_add (ops, "Reshape", "$w0,shape", "slope");
      hl_op_list_add (ops, "PRelu", "$x0,slope", "$y");
    }
  else
    hl_op_list_add (ops, "PRelu", "$x0,$w0", "$y");
  return TRUE;
}

static char *
prelu_describe (const void *params)
{
  const Prelu *self = params;

  return g_strdup (self->per_channel ? _("one slope a channel") : _("one slope"));
}

static double
prelu_gain (const void *params)
{
  const Prelu *self = params;

  return sqrt (2 / (1 + self->init * self->init));
}

const HlLayerClass hl_prelu_layer = {
  .base = {
    .name = "prelu",
    .title = N_("PReLU"),
    .group = N_("Activation"),
    .summary = N_("A leaky ReLU that learns its slope."),
    .help = N_("y = x for positive x, weight × x otherwise (He and others, 2015). The weight, one for the layer or one a "
               "channel, is trained like any other; PyTorch's num_parameters is 1 or the number of channels. Weight decay "
               "pulls the slope towards 0, towards a plain ReLU."),
    .params_size = sizeof (Prelu),
    .params = prelu_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = prelu_examples,
  .plan = prelu_plan,
  .prepare = prelu_prepare,
  .forward = prelu_forward,
  .backward = prelu_backward,
  .reference = prelu_reference,
  .lower = prelu_lower,
  .describe = prelu_describe,
  .gain = prelu_gain,
};
