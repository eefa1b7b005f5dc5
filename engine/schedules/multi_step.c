/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Multi-step schedule: the learning rate drops at chosen epochs, as torch.optim.lr_scheduler.MultiStepLR. */

#include "engine/train/classes.h"

typedef struct
{
  int milestone_1, milestone_2, milestone_3, milestone_4;
  double gamma;
} MultiStep;

static const HlParam multi_step_params[] = {
  HL_INT (MultiStep, milestone_1, N_("First drop"), HL_UNIT_NONE, 0, 1000000, 5,
          N_("After this many epochs; 0: never.")),
  HL_INT (MultiStep, milestone_2, N_("Second drop"), HL_UNIT_NONE, 0, 1000000, 8,
          N_("After this many epochs; 0: never.")),
  HL_INT (MultiStep, milestone_3, N_("Third drop"), HL_UNIT_NONE, 0, 1000000, 0,
          N_("After this many epochs; 0: never.")),
  HL_INT (MultiStep, milestone_4, N_("Fourth drop"), HL_UNIT_NONE, 0, 1000000, 0,
          N_("After this many epochs; 0: never.")),
  HL_FLOAT (MultiStep, gamma, N_("Gamma"), HL_UNIT_RATIO, 0, 1, 0.1, N_("Factor on the rate at each drop.")),
  HL_PARAM_END
};

static double
multi_step_factor (const void *params, const HlScheduleState *state, const HlScheduleTime *time)
{
  const MultiStep *multi_step = params;
  const int milestones[] = {
    multi_step->milestone_1, multi_step->milestone_2, multi_step->milestone_3, multi_step->milestone_4,
  };
  guint64 epoch = time->step / time->steps_per_epoch;
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (milestones); i++)
    n += milestones[i] > 0 && epoch >= (guint64) milestones[i];
  return pow (multi_step->gamma, n);
}

const HlScheduleClass hl_multi_step_schedule = {
  .base = {
    .name = "multi_step",
    .title = N_("Multi-step"),
    .summary = N_("Multiplies the learning rate by a factor at chosen epochs."),
    .help = N_("rate · γ^n, n being the number of drops that lie behind; their order does not matter. As "
               "PyTorch’s MultiStepLR."),
    .params_size = sizeof (MultiStep),
    .params = multi_step_params,
  },
  .factor = multi_step_factor,
};
