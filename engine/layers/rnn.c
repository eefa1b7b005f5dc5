/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Plain recurrent layer of Elman (PyTorch's RNN). */

#include "engine/layers/recurrent.h"

static const char *const nonlinearities[] = { "tanh", "relu", NULL };

static const HlParam rnn_params[] = {
  HL_RECURRENT_PARAMS,
  HL_CHOICE (HlRecurrent, nonlinearity, N_("Activation"), nonlinearities, 2, 0, N_("What bends the sum.")),
  HL_PARAM_END
};

static const HlLayerExample rnn_examples[] = {
  { "hidden=5", { HL_SHAPE_2 (3, 4) } },
  { "hidden=17;bidirectional=1;output=1;nonlinearity=1", { HL_SHAPE_2 (4, 7) } },
  { "hidden=3;layers=3;dropout=0.4", { HL_SHAPE_2 (3, 2) } },
  { "hidden=18;bias=0;nonlinearity=1", { HL_SHAPE_2 (1, 5) } },
  { NULL, { { 0 } } }
};

static HlCell
get_cell (const void *params)
{
  const HlRecurrent *self = params;

  return self->nonlinearity ? HL_CELL_RELU : HL_CELL_TANH;
}

static gboolean
rnn_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
          GError **error)
{
  return hl_recurrent_plan (get_cell (params), params, options, &inputs[0], plan, error);
}

static gboolean
rnn_prepare (HlLayerCall *call, GError **error)
{
  return hl_recurrent_prepare (get_cell (call->params), call, error);
}

static void
rnn_reference (const HlLayerReference *call)
{
  hl_recurrent_reference (get_cell (call->params), call);
}

static gboolean
rnn_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
           GError **error)
{
  return hl_recurrent_lower (get_cell (params), params, &inputs[0], ops, error);
}

const HlLayerClass hl_rnn_layer = {
  .base = {
    .name = "rnn",
    .title = N_("Recurrent"),
    .group = N_("Recurrent"),
    .summary = N_("Reads a sequence step by step; its state is a layer of the input and the state before."),
    .help = N_("h := tanh (W x + b + U h + b'), or ReLU in place of tanh (Elman, 1990). The gradient passes through U "
               "once for each step, so that over long sequences it vanishes or explodes: prefer LSTM or GRU there, and "
               "clip gradients. A sample is a table of time steps × features; an image counts as one when Reshape "
               "makes its rows the steps. With both directions, “last” is the forward state after the last step beside "
               "the backward state after the first time, as in PyTorch's h_n; it is not the last row of the whole "
               "sequence."),
    .params_size = sizeof (HlRecurrent),
    .params = rnn_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = rnn_examples,
  .plan = rnn_plan,
  .prepare = rnn_prepare,
  .forward = hl_recurrent_forward,
  .backward = hl_recurrent_backward,
  .reference = rnn_reference,
  .lower = rnn_lower,
  .describe = hl_recurrent_describe,
};
