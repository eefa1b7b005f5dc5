/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Gated recurrent unit (PyTorch's GRU). */

#include "engine/layers/recurrent.h"

static const HlParam gru_params[] = {
  HL_RECURRENT_PARAMS,
  HL_PARAM_END
};

static const HlLayerExample gru_examples[] = {
  { "hidden=5", { HL_SHAPE_2 (3, 4) } },
  { "hidden=17;bidirectional=1;output=1", { HL_SHAPE_2 (4, 7) } },
  { "hidden=3;layers=3;dropout=0.4", { HL_SHAPE_2 (3, 2) } },
  { "hidden=18;bias=0", { HL_SHAPE_2 (1, 5) } },
  { NULL, { { 0 } } }
};

static gboolean
gru_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
          GError **error)
{
  return hl_recurrent_plan (HL_CELL_GRU, params, options, &inputs[0], plan, error);
}

static gboolean
gru_prepare (HlLayerCall *call, GError **error)
{
  return hl_recurrent_prepare (HL_CELL_GRU, call, error);
}

static void
gru_reference (const HlLayerReference *call)
{
  hl_recurrent_reference (HL_CELL_GRU, call);
}

static gboolean
gru_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
           GError **error)
{
  return hl_recurrent_lower (HL_CELL_GRU, params, &inputs[0], ops, error);
}

const HlLayerClass hl_gru_layer = {
  .base = {
    .name = "gru",
    .title = N_("GRU"),
    .group = N_("Recurrent"),
    .summary = N_("Reads a sequence step by step with two gates that mix the old state and the new."),
    .help = N_("r = σ (W x + U h + b), z likewise, n = tanh (W x + b + r (U h + b')); h := (1 - z) n + z h (Cho and "
               "others, 2014). It needs three quarters of an LSTM's weights and often learns as well. The paper lets r "
               "multiply h before U; PyTorch and cuDNN multiply afterwards, and so does this layer (ONNX: "
               "linear_before_reset). A sample is a table of time steps × features; an image counts as one when "
               "Reshape makes its rows the steps. With both directions, “last” is the forward state after the last "
               "step beside the backward state after the first time, as in PyTorch's h_n; it is not the last row of "
               "the whole sequence."),
    .params_size = sizeof (HlRecurrent),
    .params = gru_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = gru_examples,
  .plan = gru_plan,
  .prepare = gru_prepare,
  .forward = hl_recurrent_forward,
  .backward = hl_recurrent_backward,
  .reference = gru_reference,
  .lower = gru_lower,
  .describe = hl_recurrent_describe,
};
