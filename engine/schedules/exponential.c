/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Exponential schedule, as torch.optim.lr_scheduler.ExponentialLR. */

#include "engine/train/classes.h"

typedef struct
{
  double gamma;
} Exponential;

static const HlParam exponential_params[] = {
  HL_FLOAT (Exponential, gamma, N_("Gamma"), HL_UNIT_RATIO, 0, 1, 0.9, N_("Factor on the rate after each epoch.")),
  HL_PARAM_END
};

static double
exponential_factor (const void *params, const HlScheduleState *state, const HlScheduleTime *time)
{
  const Exponential *exponential = params;

  return pow (exponential->gamma, (double) (time->step / time->steps_per_epoch));
}

const HlScheduleClass hl_exponential_schedule = {
  .base = {
    .name = "exponential",
    .title = N_("Exponential"),
    .summary = N_("Multiplies the learning rate by the same factor after every epoch."),
    .help = N_("rate · γ^epoch. With γ = 0.9 a tenth of the rate is left after 22 epochs. As PyTorch’s "
               "ExponentialLR."),
    .params_size = sizeof (Exponential),
    .params = exponential_params,
  },
  .factor = exponential_factor,
};
