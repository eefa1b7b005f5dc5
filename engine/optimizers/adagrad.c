/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Adagrad (Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization",
 * 2011), as torch.optim.Adagrad. */

#include "engine/train/arena-step.h"

#include <math.h>

typedef struct
{
  double learning_rate, lr_decay, initial_accumulator_value, epsilon, weight_decay;
} Adagrad;

static const HlParam adagrad_params[] = {
  HL_FLOAT (Adagrad, learning_rate, N_("Learning rate"), HL_UNIT_NONE, 0, 1e12, 0.01,
            N_("How far a weight moves in the first step.")),
  HL_FLOAT (Adagrad, lr_decay, N_("Rate decay"), HL_UNIT_NONE, 0, 1e6, 0,
            N_("Step t uses the rate divided by 1 + (t − 1) times this.")),
  HL_FLOAT (Adagrad, initial_accumulator_value, N_("Initial sum"), HL_UNIT_NONE, 0, 1e6, 0,
            N_("What the sum of squared gradients starts at; more makes the first steps smaller.")),
  HL_FLOAT (Adagrad, epsilon, N_("Epsilon"), HL_UNIT_NONE, 1e-20, 1, 1e-10, N_("Keeps the division away from 0.")),
  HL_FLOAT (Adagrad, weight_decay, N_("Weight decay"), HL_UNIT_NONE, 0, 1e6, 0, N_("Pulls every weight towards 0.")),
  HL_PARAM_END
};

static guint
adagrad_slots (const void *params)
{
  return 1;
}

static const char *const *
adagrad_slot_names (const void *params)
{
  static const char *const names[] = { "sum", NULL };

  return names;
}

static gboolean
adagrad_prepare (HlOptimizerCall *call, GError **error)
{
  hl_arena_step_prepare (call, "adagrad_step", "");
  return TRUE;
}

/* Slots start at 0; what the sum shall start at comes on top in the first step. */
static double
adagrad_start (const Adagrad *adagrad, guint64 step)
{
  return step == 1 ? adagrad->initial_accumulator_value : 0;
}

static double
adagrad_rate (const Adagrad *adagrad, guint64 step, double rate_factor)
{
  return adagrad->learning_rate * rate_factor / (1 + (double) (step - 1) * adagrad->lr_decay);
}

static gboolean
adagrad_step (const HlOptimizerCall *call, GError **error)
{
  const Adagrad *adagrad = call->params;

  return hl_kernel_run (call->kernel[0], hl_arena_step_n_items (call), error, HL_ARG_TENSOR (call->weights),
                        HL_ARG_TENSOR (call->gradients), HL_ARG_TENSOR (call->slots[0]),
                        HL_ARG_FLOAT ((float) adagrad_rate (adagrad, call->step, call->rate_factor)),
                        HL_ARG_FLOAT ((float) adagrad->weight_decay),
                        HL_ARG_FLOAT ((float) adagrad_start (adagrad, call->step)),
                        HL_ARG_FLOAT ((float) adagrad->epsilon), HL_ARG_INT (hl_arena_step_n_vectors (call)));
}

static void
adagrad_reference (const void *params, guint64 step, double rate_factor, gsize n, double *w, const double *g,
                   double *const *slots)
{
  const Adagrad *adagrad = params;
  double rate = adagrad_rate (adagrad, step, rate_factor), start = adagrad_start (adagrad, step);

  for (gsize i = 0; i < n; i++)
    {
      double gradient = g[i] + adagrad->weight_decay * w[i];

      slots[0][i] += start + gradient * gradient;
      w[i] -= rate * gradient / (sqrt (slots[0][i]) + adagrad->epsilon);
    }
}

const HlOptimizerClass hl_adagrad_optimizer = {
  .base = {
    .name = "adagrad",
    .title = N_("Adagrad"),
    .summary = N_("Divides each weight's gradient by the root of the sum of all its squared gradients so far."),
    .help = N_("s ← s + g²; w ← w − rate · g / (√s + ε). Rare features keep large steps, frequent ones get small ones. "
               "The sum only grows, so steps shrink for ever and a long training may come to a halt; RMSprop and "
               "Adadelta forget instead. (Duchi, Hazan and Singer 2011.)"),
    .params_size = sizeof (Adagrad),
    .params = adagrad_params,
  },
  .slots_per_weight = adagrad_slots,
  .slot_names = adagrad_slot_names,
  .prepare = adagrad_prepare,
  .step = adagrad_step,
  .reference = adagrad_reference,
};
