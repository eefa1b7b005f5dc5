/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Adam (Kingma and Ba, "Adam: a method for stochastic optimization", 2015), as torch.optim.Adam. */

#include "engine/train/arena-step.h"

static const HlParam adam_params[] = {
  HL_FLOAT (HlAdam, learning_rate, N_("Learning rate"), HL_UNIT_NONE, 0, 1e12, 0.001,
            N_("About how far a weight moves in one step.")),
  HL_FLOAT (HlAdam, beta1, N_("Beta 1"), HL_UNIT_RATIO, 0, 0.999999, 0.9, N_("Memory of the mean of the gradient.")),
  HL_FLOAT (HlAdam, beta2, N_("Beta 2"), HL_UNIT_RATIO, 0, 0.999999, 0.999, N_("Memory of the size of the gradient.")),
  HL_FLOAT (HlAdam, epsilon, N_("Epsilon"), HL_UNIT_NONE, 1e-20, 1, 1e-8, N_("Keeps the division away from 0.")),
  HL_FLOAT (HlAdam, weight_decay, N_("Weight decay"), HL_UNIT_NONE, 0, 1e6, 0,
            N_("Added to the gradient, so that steps are divided by it as well; AdamW does better.")),
  HL_PARAM_END
};

static gboolean
adam_prepare (HlOptimizerCall *call, GError **error)
{
  hl_arena_step_prepare (call, "adam_step", "DECOUPLED=0");
  return TRUE;
}

static gboolean
adam_step (const HlOptimizerCall *call, GError **error)
{
  return hl_adam_run (call, FALSE, error);
}

static void
adam_reference (const void *params, guint64 step, double rate_factor, gsize n, double *w, const double *g,
                double *const *slots)
{
  hl_adam_reference (params, FALSE, step, rate_factor, n, w, g, slots);
}

const HlOptimizerClass hl_adam_optimizer = {
  .base = {
    .name = "adam",
    .title = N_("Adam"),
    .summary = N_("Gives every weight a step size of its own from the mean and the size of its gradients."),
    .help = N_("m and v are running means of g and g²; w ← w − rate · m̂ / (√v̂ + ε), both corrected for "
               "their start at 0. Works well without much tuning; 0.001 is a good first rate."),
    .params_size = sizeof (HlAdam),
    .params = adam_params,
  },
  .slots_per_weight = hl_adam_slots,
  .slot_names = hl_adam_slot_names,
  .prepare = adam_prepare,
  .step = adam_step,
  .reference = adam_reference,
};
