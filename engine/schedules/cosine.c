/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cosine schedule (Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017), as
 * torch.optim.lr_scheduler.CosineAnnealingLR. */

#include "engine/train/classes.h"

typedef struct
{
  double eta_min;
  int t_max;
  gboolean each_step;
} Cosine;

static const HlParam cosine_params[] = {
  HL_FLOAT (Cosine, eta_min, N_("Lowest factor"), HL_UNIT_RATIO, 0, 1, 0,
            N_("Share of the rate that is left at the bottom.")),
  HL_INT (Cosine, t_max, N_("Epochs to fall"), HL_UNIT_NONE, 0, 1000000, 0,
          N_("After so many epochs the rate is lowest, then it rises again; 0: lowest at the end of training.")),
  HL_BOOL (Cosine, each_step, N_("At every step"), FALSE,
           N_("Changes the rate at every step instead of after every epoch.")),
  HL_PARAM_END
};

/* Where training stands, in epochs. */
static double
cosine_time (gboolean each_step, const HlScheduleTime *time)
{
  return each_step ? (double) time->step / (double) time->steps_per_epoch
                   : (double) (time->step / time->steps_per_epoch);
}

static double
cosine_factor (const void *params, const HlScheduleState *state, const HlScheduleTime *time)
{
  const Cosine *cosine = params;
  double total = cosine->t_max > 0 ? cosine->t_max : (double) time->n_steps / (double) time->steps_per_epoch;

  return cosine->eta_min + (1 - cosine->eta_min) * (1 + cos (G_PI * cosine_time (cosine->each_step, time) / total)) / 2;
}

const HlScheduleClass hl_cosine_schedule = {
  .base = {
    .name = "cosine",
    .title = N_("Cosine"),
    .summary = N_("Lets the learning rate fall along half a cosine."),
    .help = N_("factor = min + (1 − min) · (1 + cos (π · epoch / epochs to fall)) / 2. As PyTorch’s "
               "CosineAnnealingLR, called once an epoch; its eta_min is a rate, here it is a share of the "
               "rate. (Loshchilov and Hutter 2017.)"),
    .params_size = sizeof (Cosine),
    .params = cosine_params,
  },
  .factor = cosine_factor,
};
