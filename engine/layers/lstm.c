/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Long short-term memory (PyTorch's LSTM). */

#include "engine/layers/recurrent.h"

static const HlParam lstm_params[] = {
  HL_RECURRENT_PARAMS,
  HL_PARAM_END
};

static const HlLayerExample lstm_examples[] = {
  { "hidden=5", { HL_SHAPE_2 (3, 4) } },
  { "hidden=17;bidirectional=1;output=1", { HL_SHAPE_2 (4, 7) } },
  { "hidden=3;layers=3;dropout=0.4", { HL_SHAPE_2 (3, 2) } },
  { "hidden=18;bias=0", { HL_SHAPE_2 (1, 5) } },
  { NULL, { { 0 } } }
};

static gboolean
lstm_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
           HlLayerPlan *plan, GError **error)
{
  return hl_recurrent_plan (HL_CELL_LSTM, params, options, &inputs[0], plan, error);
}

static gboolean
lstm_prepare (HlLayerCall *call, GError **error)
{
  return hl_recurrent_prepare (HL_CELL_LSTM, call, error);
}

static void
lstm_reference (const HlLayerReference *call)
{
  hl_recurrent_reference (HL_CELL_LSTM, call);
}

static gboolean
lstm_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
            GError **error)
{
  return hl_recurrent_lower (HL_CELL_LSTM, params, &inputs[0], ops, error);
}

const HlLayerClass hl_lstm_layer = {
  .base = {
    .name = "lstm",
    .title = N_("LSTM"),
    .group = N_("Recurrent"),
    .summary = N_("Reads a sequence step by step and learns what to keep in a memory cell."),
    .help = N_("i = σ (W x + U h + b), f and o likewise, g = tanh (W x + U h + b); c := f c + i g; h := o tanh (c). "
               "The cell c is passed on by a sum, so that its gradient does not vanish as that of a plain recurrent "
               "layer does (Hochreiter and Schmidhuber, 1997; the forget gate f is by Gers and others, 2000). PyTorch "
               "keeps two biases for each gate, of which only the sum matters. A sample is a table of time steps × "
               "features; an image counts as one when Reshape makes its rows the steps. With both directions, “last” "
               "is the forward state after the last step beside the backward state after the first time, as in "
               "PyTorch's h_n; it is not the last row of the whole sequence."),
    .params_size = sizeof (HlRecurrent),
    .params = lstm_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = lstm_examples,
  .plan = lstm_plan,
  .prepare = lstm_prepare,
  .forward = hl_recurrent_forward,
  .backward = hl_recurrent_backward,
  .reference = lstm_reference,
  .lower = lstm_lower,
  .describe = hl_recurrent_describe,
};
