/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Log-softmax over one axis of a sample: the logarithm of softmax, computed as x - log (sum of exp), which keeps its digits
 * where softmax itself would round to 0. */

#include "engine/layers/softmax-private.h"

static gboolean
log_softmax_prepare (HlLayerCall *call, GError **error)
{
  return hl_softmax_prepare (call, TRUE);
}

static void
log_softmax_reference (const HlLayerReference *call)
{
  hl_softmax_reference (call, TRUE);
}

static gboolean
log_softmax_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                   GError **error)
{
  hl_softmax_lower (params, &inputs[0], "LogSoftmax", ops);
  return TRUE;
}

const HlLayerClass hl_log_softmax_layer = {
  .base = {
    .name = "log_softmax",
    .title = N_("Log-softmax"),
    .group = N_("Activation"),
    .summary = N_("Turns scores into logarithms of probabilities."),
    .help = N_("y(i) = x(i) - log (sum of exp (x(k))) over the axis, usually the channels: the logarithm of softmax, but "
               "without rounding small probabilities to 0. The loss Cross-entropy applies it itself; a second time it "
               "changes nothing and only costs time. PyTorch and ONNX count the batch as axis 0, so their axis is one "
               "more than this one."),
    .params_size = sizeof (Softmax),
    .params = hl_softmax_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hl_softmax_examples,
  .plan = hl_softmax_plan,
  .prepare = log_softmax_prepare,
  .forward = hl_softmax_forward,
  .backward = hl_softmax_backward,
  .reference = log_softmax_reference,
  .lower = log_softmax_lower,
  .describe = hl_softmax_describe,
  .gain = hl_softmax_gain,
};
