/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Dropout of whole channels (PyTorch's Dropout2d). */

#include "engine/layers/dropout-mask.h"

static const HlParam dropout2d_params[] = {
  HL_FLOAT (HlDropout, p, N_("Probability"), HL_UNIT_RATIO, 0, 1, 0.5, N_("Share of the channels that become 0.")),
  HL_PARAM_END
};

static const HlLayerExample dropout2d_examples[] = {
  { NULL, { HL_SHAPE_3 (7, 3, 5) } },
  { "p=0.2", { HL_SHAPE_3 (17, 2, 1) } },
  { NULL, { HL_SHAPE_2 (6, 3) } },
  { "p=1", { HL_SHAPE_3 (2, 2, 2) } },
  { NULL, { { 0 } } }
};

static gboolean
dropout2d_prepare (HlLayerCall *call, GError **error)
{
  return hl_dropout_prepare (TRUE, call, error);
}

static void
dropout2d_reference (const HlLayerReference *call)
{
  hl_dropout_reference (TRUE, call);
}

/* ONNX has no dropout of channels; what is exported is for evaluation, where it does nothing. */
static gboolean
dropout2d_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                 GError **error)
{
  hl_op_list_add (ops, "Identity", "$x0", "$y");
  return TRUE;
}

const HlLayerClass hl_dropout2d_layer = {
  .base = {
    .name = "dropout2d",
    .title = N_("Channel dropout"),
    .group = N_("Regularization"),
    .summary = N_("Sets random channels to 0 while training, so that filters cannot rely on each other."),
    .help = N_("While training, each channel of each sample is 0 with probability p and is otherwise multiplied by 1 / "
               "(1 - p); in evaluation nothing is changed (Tompson and others, 2015). Neighbouring pixels of a channel "
               "say much the same, so that dropping single ones teaches little: after convolutions take this layer. "
               "The first axis is the channel; for a row of numbers it is the same as dropout."),
    .params_size = sizeof (HlDropout),
    .params = dropout2d_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = dropout2d_examples,
  .plan = hl_dropout_plan,
  .prepare = dropout2d_prepare,
  .forward = hl_dropout_forward,
  .backward = hl_dropout_backward,
  .reference = dropout2d_reference,
  .lower = dropout2d_lower,
  .describe = hl_dropout_describe,
};
