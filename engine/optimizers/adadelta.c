/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Adadelta (Zeiler, "ADADELTA: an adaptive learning rate method", 2012), as torch.optim.Adadelta. */

#include "engine/train/arena-step.h"

#include <math.h>

typedef struct
{
  double learning_rate, rho, epsilon, weight_decay;
} Adadelta;

static const HlParam adadelta_params[] = {
  HL_FLOAT (Adadelta, learning_rate, N_("Learning rate"), HL_UNIT_NONE, 0, 1e12, 1,
            N_("Factor on the step that the method finds by itself; 1 is the paper's.")),
  HL_FLOAT (Adadelta, rho, N_("Rho"), HL_UNIT_RATIO, 0, 0.999999, 0.9,
            N_("Memory of the sizes of gradients and steps.")),
  HL_FLOAT (Adadelta, epsilon, N_("Epsilon"), HL_UNIT_NONE, 1e-20, 1, 1e-6,
            N_("Gets the first steps going: they are about its root; too small a number and nothing moves.")),
  HL_FLOAT (Adadelta, weight_decay, N_("Weight decay"), HL_UNIT_NONE, 0, 1e6, 0, N_("Pulls every weight towards 0.")),
  HL_PARAM_END
};

static guint
adadelta_slots (const void *params)
{
  return 2;
}

static const char *const *
adadelta_slot_names (const void *params)
{
  static const char *const names[] = { "square_avg", "acc_delta", NULL };

  return names;
}

static gboolean
adadelta_prepare (HlOptimizerCall *call, GError **error)
{
  hl_arena_step_prepare (call, "adadelta_step", "");
  return TRUE;
}

static gboolean
adadelta_step (const HlOptimizerCall *call, GError **error)
{
  const Adadelta *adadelta = call->params;

  return hl_kernel_run (call->kernel[0], hl_arena_step_n_items (call), error, HL_ARG_TENSOR (call->weights),
                        HL_ARG_TENSOR (call->gradients), HL_ARG_TENSOR (call->slots[0]), HL_ARG_TENSOR (call->slots[1]),
                        HL_ARG_FLOAT ((float) (adadelta->learning_rate * call->rate_factor)),
                        HL_ARG_FLOAT ((float) adadelta->weight_decay), HL_ARG_FLOAT ((float) adadelta->rho),
                        HL_ARG_FLOAT ((float) (1 - adadelta->rho)), HL_ARG_FLOAT ((float) adadelta->epsilon),
                        HL_ARG_INT (hl_arena_step_n_vectors (call)));
}

static void
adadelta_reference (const void *params, guint64 step, double rate_factor, gsize n, double *w, const double *g,
                    double *const *slots)
{
  const Adadelta *adadelta = params;
  double rho = adadelta->rho, epsilon = adadelta->epsilon;

  for (gsize i = 0; i < n; i++)
    {
      double gradient = g[i] + adadelta->weight_decay * w[i], *square = slots[0] + i, *moved = slots[1] + i, change;

      *square = rho * *square + (1 - rho) * gradient * gradient;
      change = sqrt (*moved + epsilon) / sqrt (*square + epsilon) * gradient;
      *moved = rho * *moved + (1 - rho) * change * change;
      w[i] -= adadelta->learning_rate * rate_factor * change;
    }
}

const HlOptimizerClass hl_adadelta_optimizer = {
  .base = {
    .name = "adadelta",
    .title = N_("Adadelta"),
    .summary = N_("Finds each weight's step size from the sizes of its gradients and of its own steps before."),
    .help = N_("s ← ρ · s + (1 − ρ) · g²; Δ = √(u + ε) / √(s + ε) · g; u ← ρ · u + (1 − ρ) · Δ²; w ← w − rate · Δ. "
               "Δ has the unit of the weight, so no rate is needed and 1 is its usual value. Begins slowly, because u "
               "starts at 0. (Zeiler 2012.)"),
    .params_size = sizeof (Adadelta),
    .params = adadelta_params,
  },
  .slots_per_weight = adadelta_slots,
  .slot_names = adadelta_slot_names,
  .prepare = adadelta_prepare,
  .step = adadelta_step,
  .reference = adadelta_reference,
};
