/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One-cycle schedule (Smith and Topin, "Super-convergence: very fast training of neural networks using large learning
 * rates", 2018), the learning rate of torch.optim.lr_scheduler.OneCycleLR. */

#include "engine/train/classes.h"

typedef struct
{
  double max_factor, pct_start, div_factor, final_div_factor;
  int anneal_strategy;
  gboolean three_phase;
} OneCycle;

enum { ANNEAL_COS, ANNEAL_LINEAR, N_ANNEALS };

static const char *const anneals[] = { N_("cos"), N_("linear"), NULL };

static const HlParam one_cycle_params[] = {
  HL_FLOAT (OneCycle, max_factor, N_("Highest factor"), HL_UNIT_NONE, 0, 1e6, 1,
            N_("The rate at the top is the optimizer's times this.")),
  HL_FLOAT (OneCycle, pct_start, N_("Share of rising"), HL_UNIT_RATIO, 0, 1, 0.3,
            N_("Share of the steps in which the rate rises.")),
  HL_CHOICE (OneCycle, anneal_strategy, N_("Curve"), anneals, N_ANNEALS, ANNEAL_COS,
             N_("Shape of the rise and the fall.")),
  HL_FLOAT (OneCycle, div_factor, N_("Start divisor"), HL_UNIT_NONE, 1, 1e9, 25,
            N_("Begins at the highest rate divided by this.")),
  HL_FLOAT (OneCycle, final_div_factor, N_("End divisor"), HL_UNIT_NONE, 1, 1e12, 1e4,
            N_("Ends at the starting rate divided by this.")),
  HL_BOOL (OneCycle, three_phase, N_("Three phases"), FALSE,
           N_("Falls back to the starting rate as fast as it rose, and only then to the end.")),
  HL_PARAM_END
};

/* From one factor to another; at: 0 .. 1. */
static double
anneal (const OneCycle *cycle, double from, double to, double at)
{
  if (cycle->anneal_strategy == ANNEAL_LINEAR)
    return from + (to - from) * at;
  return to + (from - to) / 2 * (1 + cos (G_PI * at));
}

static double
one_cycle_factor (const void *params, const HlScheduleState *state, const HlScheduleTime *time)
{
  const OneCycle *cycle = params;
  double top = cycle->max_factor, bottom = top / cycle->div_factor, n = (double) time->n_steps;
  const double level[] = { bottom, top, cycle->three_phase ? bottom : bottom / cycle->final_div_factor,
                           bottom / cycle->final_div_factor };
  /* Where the phases end, as PyTorch has it: in steps from 0, not always whole. */
  const double end[] = { cycle->pct_start * n - 1, cycle->three_phase ? 2 * cycle->pct_start * n - 2 : n - 1, n - 1 };
  guint phase = 0, last = cycle->three_phase ? 2 : 1;
  double begin = 0;

  while (phase < last && (double) time->step > end[phase])
    begin = end[phase++];
  return anneal (cycle, level[phase], level[phase + 1],
                 end[phase] > begin ? ((double) time->step - begin) / (end[phase] - begin) : 1);
}

const HlScheduleClass hl_one_cycle_schedule = {
  .base = {
    .name = "one_cycle",
    .title = N_("One cycle"),
    .summary = N_("Lets the learning rate rise to a high value and then fall to almost nothing, once in a training."),
    .help = N_("Begins at highest / start divisor, rises to the highest rate, then falls to that start "
               "divided by the end divisor; changes at every step. Large rates in between go with fast "
               "training and act against overfitting. The rate of PyTorch’s OneCycleLR; momentum stays as it "
               "is set. (Smith and Topin 2018.)"),
    .params_size = sizeof (OneCycle),
    .params = one_cycle_params,
  },
  .factor = one_cycle_factor,
};
