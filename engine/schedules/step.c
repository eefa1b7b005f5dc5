/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Step schedule: the learning rate drops every few epochs, as torch.optim.lr_scheduler.StepLR. */

#include "engine/train/classes.h"

typedef struct
{
  int step_size;
  double gamma;
} Step;

static const HlParam step_params[] = {
  HL_INT (Step, step_size, N_("Epochs a step"), HL_UNIT_NONE, 1, 1000000, 5,
          N_("After so many epochs the rate drops.")),
  HL_FLOAT (Step, gamma, N_("Gamma"), HL_UNIT_RATIO, 0, 1, 0.5, N_("Factor on the rate at each drop.")),
  HL_PARAM_END
};

static double
step_factor (const void *params, const HlScheduleState *state, const HlScheduleTime *time)
{
  const Step *step = params;
  guint64 epoch = time->step / time->steps_per_epoch;

  return pow (step->gamma, (double) (epoch / (guint64) step->step_size));
}

const HlScheduleClass hl_step_schedule = {
  .base = {
    .name = "step",
    .title = N_("Step"),
    .summary = N_("Multiplies the learning rate by a factor every few epochs."),
    .help = N_("rate · γ^⌊epoch / size⌋, epochs counted from 0. As PyTorch’s StepLR."),
    .params_size = sizeof (Step),
    .params = step_params,
  },
  .factor = step_factor,
};
