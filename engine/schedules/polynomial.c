/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Polynomial schedule: the learning rate falls to 0, as torch.optim.lr_scheduler.PolynomialLR. */

#include "engine/train/classes.h"

typedef struct
{
  double power;
  int total_iters;
  gboolean each_step;
} Polynomial;

static const HlParam polynomial_params[] = {
  HL_FLOAT (Polynomial, power, N_("Power"), HL_UNIT_NONE, 0, 100, 1,
            N_("1 falls in a straight line, more falls faster at first.")),
  HL_INT (Polynomial, total_iters, N_("Epochs to fall"), HL_UNIT_NONE, 0, 1000000, 0,
          N_("After so many epochs the rate is 0; 0: at the end of training.")),
  HL_BOOL (Polynomial, each_step, N_("At every step"), FALSE,
           N_("Changes the rate at every step instead of after every epoch.")),
  HL_PARAM_END
};

/* Where training stands, in epochs. */
static double
polynomial_time (gboolean each_step, const HlScheduleTime *time)
{
  return each_step ? (double) time->step / (double) time->steps_per_epoch
                   : (double) (time->step / time->steps_per_epoch);
}

static double
polynomial_factor (const void *params, const HlScheduleState *state, const HlScheduleTime *time)
{
  const Polynomial *polynomial = params;
  double total = polynomial->total_iters > 0 ? polynomial->total_iters
                                             : (double) time->n_steps / (double) time->steps_per_epoch;

  return pow (1 - MIN (polynomial_time (polynomial->each_step, time), total) / total, polynomial->power);
}

const HlScheduleClass hl_polynomial_schedule = {
  .base = {
    .name = "polynomial",
    .title = N_("Polynomial"),
    .summary = N_("Lets the learning rate fall to 0 along a power curve."),
    .help = N_("rate · (1 − epoch / epochs to fall)^power. As PyTorch’s PolynomialLR, called once an epoch."),
    .params_size = sizeof (Polynomial),
    .params = polynomial_params,
  },
  .factor = polynomial_factor,
};
