/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Mean squared error between the outputs and what they should be, as torch.nn.MSELoss. */

#include "engine/train/element-loss.h"

#include <math.h>

typedef struct
{
  int target;
  double on, off;
} MeanSquared;

static const HlParam mean_squared_params[] = {
  HL_ELEMENT_TARGET_PARAMS (MeanSquared, -1e6, 1e6),
  HL_PARAM_END
};

static gboolean
mean_squared_prepare (HlLossCall *call, GError **error)
{
  return hl_element_loss_prepare (call, "(v - t) * (v - t)", "2 * (v - t)");
}

static double
mean_squared_value (const void *params, double v, double t)
{
  return (v - t) * (v - t);
}

static double
mean_squared_slope (const void *params, double v, double t)
{
  return 2 * (v - t);
}

static double
mean_squared_reference (const HlLossReference *call)
{
  return hl_element_loss_reference (call, mean_squared_value, mean_squared_slope);
}

const HlLossClass hl_mean_squared_loss = {
  .base = {
    .name = "mean_squared",
    .title = N_("Mean squared error"),
    .summary = N_("How far the outputs are from what they should be, squared."),
    .help = N_("Mean of (output − target)² over outputs and batch. The target is 1 for the right class and 0 for the others, "
               "−1 and 1 as in LeCun's network of 1989 (there the error is half the sum, not the mean: its learning rate "
               "means another step), or the input, for an auto-encoder. The classic choice of the 1980s; with sigmoid "
               "outputs it learns slowly where they are wrong with certainty, which cross-entropy does not."),
    .params_size = sizeof (MeanSquared),
    .params = mean_squared_params,
  },
  .prepare = mean_squared_prepare,
  .run = hl_element_loss_run,
  .reference = mean_squared_reference,
  .check = hl_element_loss_check,
  .answer = hl_element_loss_answer,
  .target = hl_element_loss_target,
};
