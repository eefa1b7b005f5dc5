/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cosine schedule with restarts (Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017),
 * as torch.optim.lr_scheduler.CosineAnnealingWarmRestarts. */

#include "engine/train/classes.h"

typedef struct
{
  int t_0, t_mult;
  double eta_min;
  gboolean each_step;
} CosineRestarts;

static const HlParam cosine_restarts_params[] = {
  HL_INT (CosineRestarts, t_0, N_("First epochs"), HL_UNIT_NONE, 1, 1000000, 5,
          N_("The first fall takes so many epochs.")),
  HL_INT (CosineRestarts, t_mult, N_("Growth"), HL_UNIT_NONE, 1, 100, 2,
          N_("Each fall takes so many times the epochs of the one before.")),
  HL_FLOAT (CosineRestarts, eta_min, N_("Lowest factor"), HL_UNIT_RATIO, 0, 1, 0,
            N_("Share of the rate that is left at the bottom.")),
  HL_BOOL (CosineRestarts, each_step, N_("At every step"), FALSE,
           N_("Changes the rate at every step instead of after every epoch.")),
  HL_PARAM_END
};

/* Where training stands, in epochs. */
static double
cosine_restarts_time (gboolean each_step, const HlScheduleTime *time)
{
  return each_step ? (double) time->step / (double) time->steps_per_epoch
                   : (double) (time->step / time->steps_per_epoch);
}

static double
cosine_restarts_factor (const void *params, const HlScheduleState *state, const HlScheduleTime *time)
{
  const CosineRestarts *restarts = params;
  double at = cosine_restarts_time (restarts->each_step, time), length = restarts->t_0;

  if (restarts->t_mult == 1)
    at = fmod (at, length);
  else
    for (; at >= length; length *= restarts->t_mult)
      at -= length;
  return restarts->eta_min + (1 - restarts->eta_min) * (1 + cos (G_PI * at / length)) / 2;
}

const HlScheduleClass hl_cosine_restarts_schedule = {
  .base = {
    .name = "cosine_restarts",
    .title = N_("Cosine with restarts"),
    .summary = N_("Lets the learning rate fall along half a cosine again and again."),
    .help = N_("As Cosine, but after the first epochs the rate jumps back to its full value and falls again, "
               "each time over a longer stretch. A good moment to stop is just before a jump. As PyTorch’s "
               "CosineAnnealingWarmRestarts. (Loshchilov and Hutter 2017.)"),
    .params_size = sizeof (CosineRestarts),
    .params = cosine_restarts_params,
  },
  .factor = cosine_restarts_factor,
};
