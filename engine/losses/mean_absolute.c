/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Mean absolute error between the outputs and what they should be, as torch.nn.L1Loss. */

#include "engine/train/element-loss.h"

#include <math.h>

typedef struct
{
  int target;
  double on, off;
} MeanAbsolute;

static const HlParam mean_absolute_params[] = {
  HL_ELEMENT_TARGET_PARAMS (MeanAbsolute, -1e6, 1e6),
  HL_PARAM_END
};

static gboolean
mean_absolute_prepare (HlLossCall *call, GError **error)
{
  return hl_element_loss_prepare (call, "fabs (v - t)", "sign (v - t)");
}

static double
mean_absolute_value (const void *params, double v, double t)
{
  return fabs (v - t);
}

static double
mean_absolute_slope (const void *params, double v, double t)
{
  return v > t ? 1 : v < t ? -1 : 0;
}

static double
mean_absolute_reference (const HlLossReference *call)
{
  return hl_element_loss_reference (call, mean_absolute_value, mean_absolute_slope);
}

const HlLossClass hl_mean_absolute_loss = {
  .base = {
    .name = "mean_absolute",
    .title = N_("Mean absolute error"),
    .summary = N_("How far the outputs are from what they should be."),
    .help = N_("Mean of |output − target| over outputs and batch. A few outputs that are far off weigh less than with squares, and "
               "pictures become sharper; but the slope is the same however small the error is, so that training "
               "trembles at its end unless the learning rate falls."),
    .params_size = sizeof (MeanAbsolute),
    .params = mean_absolute_params,
  },
  .prepare = mean_absolute_prepare,
  .run = hl_element_loss_run,
  .reference = mean_absolute_reference,
  .check = hl_element_loss_check,
  .answer = hl_element_loss_answer,
  .target = hl_element_loss_target,
};
