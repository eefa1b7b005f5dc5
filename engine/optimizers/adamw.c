/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019), as torch.optim.AdamW. */

#include "engine/train/arena-step.h"

static const HlParam adamw_params[] = {
  HL_FLOAT (HlAdam, learning_rate, N_("Learning rate"), HL_UNIT_NONE, 0, 1e12, 0.001,
            N_("About how far a weight moves in one step.")),
  HL_FLOAT (HlAdam, beta1, N_("Beta 1"), HL_UNIT_RATIO, 0, 0.999999, 0.9, N_("Memory of the mean of the gradient.")),
  HL_FLOAT (HlAdam, beta2, N_("Beta 2"), HL_UNIT_RATIO, 0, 0.999999, 0.999, N_("Memory of the size of the gradient.")),
  HL_FLOAT (HlAdam, epsilon, N_("Epsilon"), HL_UNIT_NONE, 1e-20, 1, 1e-8, N_("Keeps the division away from 0.")),
  HL_FLOAT (HlAdam, weight_decay, N_("Weight decay"), HL_UNIT_NONE, 0, 1e6, 0.01,
            N_("Share of each weight that a step takes away, times the rate.")),
  HL_PARAM_END
};

static gboolean
adamw_prepare (HlOptimizerCall *call, GError **error)
{
  hl_arena_step_prepare (call, "adam_step", "DECOUPLED=1");
  return TRUE;
}

static gboolean
adamw_step (const HlOptimizerCall *call, GError **error)
{
  return hl_adam_run (call, TRUE, error);
}

static void
adamw_reference (const void *params, guint64 step, double rate_factor, gsize n, double *w, const double *g,
                 double *const *slots)
{
  hl_adam_reference (params, TRUE, step, rate_factor, n, w, g, slots);
}

const HlOptimizerClass hl_adamw_optimizer = {
  .base = {
    .name = "adamw",
    .title = N_("AdamW"),
    .summary = N_("Adam whose weight decay pulls directly on the weights."),
    .help = N_("As Adam, but each step first takes rate · decay · w from each weight instead of adding the decay "
               "to the gradient, where Adam's division would undo most of it."),
    .params_size = sizeof (HlAdam),
    .params = adamw_params,
  },
  .slots_per_weight = hl_adam_slots,
  .slot_names = hl_adam_slot_names,
  .prepare = adamw_prepare,
  .step = adamw_step,
  .reference = adamw_reference,
};
