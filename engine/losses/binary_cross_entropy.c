/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Binary cross-entropy of the sigmoid of each output (logit), as torch.nn.BCEWithLogitsLoss. */

#include "engine/train/element-loss.h"

#include <math.h>

typedef struct
{
  int target;
  double on, off;
} BinaryCrossEntropy;

static const HlParam binary_cross_entropy_params[] = {
  HL_ELEMENT_TARGET_PARAMS (BinaryCrossEntropy, 0, 1),
  HL_PARAM_END
};

static gboolean
binary_cross_entropy_prepare (HlLossCall *call, GError **error)
{
  return hl_element_loss_prepare (call, "fmax (v, (VEC) 0) - v * t + log1p (exp (-fabs (v)))",
                                  "1.0f / (1.0f + exp (-v)) - t");
}

static double
binary_cross_entropy_value (const void *params, double v, double t)
{
  /* The same as −t log s − (1 − t) log (1 − s) with s the sigmoid, but exp cannot overflow. */
  return fmax (v, 0) - v * t + log1p (exp (-fabs (v)));
}

static double
binary_cross_entropy_slope (const void *params, double v, double t)
{
  return 1 / (1 + exp (-v)) - t;
}

static double
binary_cross_entropy_reference (const HlLossReference *call)
{
  return hl_element_loss_reference (call, binary_cross_entropy_value, binary_cross_entropy_slope);
}

static gboolean
binary_cross_entropy_check (const HlLossCheck *check, GError **error)
{
  if (hl_element_loss_target (check->params) == HL_LOSS_TARGET_INPUT && !check->unit_input)
    {
      g_set_error_literal (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                           _("Binary cross-entropy needs targets between 0 and 1, but the network's input goes beyond: scale "
                             "the data to 0 … 1 on the Data page, or choose the mean squared error."));
      return FALSE;
    }
  return hl_element_loss_check (check, error);
}

/* Every output is a probability of its own, once the sigmoid is applied. */
static void
binary_cross_entropy_answer (const void *params, const float *y, gsize n, float *answer)
{
  for (gsize i = 0; i < n; i++)
    answer[i] = (float) (1 / (1 + exp (-(double) y[i])));
}

const HlLossClass hl_binary_cross_entropy_loss = {
  .base = {
    .name = "binary_cross_entropy",
    .title = N_("Binary cross-entropy"),
    .summary = N_("Treats each output as a question of its own: how surprised the network is by yes or no."),
    .help = N_("−t log s − (1 − t) log (1 − s), s being the sigmoid of an output and t its target, averaged over outputs and batch. "
               "Takes the outputs as they leave the last linear layer. Classes do not exclude each other here, unlike with "
               "cross-entropy. Targets lie between 0 and 1: to rebuild the input, scale the data to 0 … 1. Where "
               "the target is neither 0 nor 1, the loss cannot come near 0."),
    .params_size = sizeof (BinaryCrossEntropy),
    .params = binary_cross_entropy_params,
  },
  .sigmoid_hint = N_("Binary cross-entropy applies the sigmoid itself. With another sigmoid before it no answer can be "
                     "certain: remove the sigmoid layer."),
  .prepare = binary_cross_entropy_prepare,
  .run = hl_element_loss_run,
  .reference = binary_cross_entropy_reference,
  .check = binary_cross_entropy_check,
  .answer = binary_cross_entropy_answer,
  .target = hl_element_loss_target,
};
