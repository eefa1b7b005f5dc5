/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stochastic gradient descent with momentum, as torch.optim.SGD. */

#include "engine/train/arena-step.h"

typedef struct
{
  double learning_rate, momentum, dampening, weight_decay;
  gboolean nesterov;
} Sgd;

static const HlParam sgd_params[] = {
  HL_FLOAT (Sgd, learning_rate, N_("Learning rate"), HL_UNIT_NONE, 0, 1e12, 0.01,
            N_("How far a step goes along the gradient.")),
  HL_FLOAT (Sgd, momentum, N_("Momentum"), HL_UNIT_RATIO, 0, 1, 0,
            N_("Share of the last step that is taken again; 0.9 is usual.")),
  HL_FLOAT (Sgd, dampening, N_("Dampening"), HL_UNIT_RATIO, 0, 1, 0,
            N_("Share of the gradient that momentum leaves out.")),
  HL_FLOAT (Sgd, weight_decay, N_("Weight decay"), HL_UNIT_NONE, 0, 1e6, 0, N_("Pulls every weight towards 0.")),
  HL_BOOL (Sgd, nesterov, N_("Nesterov"), FALSE,
           N_("Looks ahead along the momentum; needs momentum and no dampening.")),
  HL_PARAM_END
};

static guint
sgd_slots (const void *params)
{
  const Sgd *sgd = params;

  return sgd->momentum != 0 ? 1 : 0;
}

static gboolean
sgd_prepare (HlOptimizerCall *call, GError **error)
{
  const Sgd *sgd = call->params;
  g_autofree char *defines = g_strdup_printf ("MOMENTUM=%d;NESTEROV=%d", sgd->momentum != 0, sgd->nesterov ? 1 : 0);

  if (sgd->nesterov && (sgd->momentum == 0 || sgd->dampening != 0))
    {
      g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                   _("Nesterov momentum needs a momentum above 0 and a dampening of 0, but momentum is %g and "
                     "dampening %g."), sgd->momentum, sgd->dampening);
      return FALSE;
    }
  hl_arena_step_prepare (call, "sgd_step", defines);
  return TRUE;
}

static gboolean
sgd_step (const HlOptimizerCall *call, GError **error)
{
  const Sgd *sgd = call->params;
  float rate = (float) (sgd->learning_rate * call->rate_factor), decay = (float) sgd->weight_decay;
  float keep = (float) sgd->momentum, fresh = call->step == 1 ? 1 : (float) (1 - sgd->dampening);
  int n = hl_arena_step_n_vectors (call);

  if (sgd->momentum == 0)
    return hl_kernel_run (call->kernel[0], hl_arena_step_n_items (call), error, HL_ARG_TENSOR (call->weights),
                          HL_ARG_TENSOR (call->gradients), HL_ARG_FLOAT (rate), HL_ARG_FLOAT (decay), HL_ARG_FLOAT (keep),
                          HL_ARG_FLOAT (fresh), HL_ARG_INT (n));
  return hl_kernel_run (call->kernel[0], hl_arena_step_n_items (call), error, HL_ARG_TENSOR (call->weights),
                        HL_ARG_TENSOR (call->gradients), HL_ARG_TENSOR (call->slots[0]), HL_ARG_FLOAT (rate),
                        HL_ARG_FLOAT (decay), HL_ARG_FLOAT (keep), HL_ARG_FLOAT (fresh), HL_ARG_INT (n));
}

static void
sgd_reference (const void *params, guint64 step, double rate_factor, gsize n, double *w, const double *g,
               double *const *slots)
{
  const Sgd *sgd = params;

  for (gsize i = 0; i < n; i++)
    {
      double change = g[i] + sgd->weight_decay * w[i];

      if (sgd->momentum != 0)
        {
          double *buffer = slots[0] + i;

          *buffer = step == 1 ? change : sgd->momentum * *buffer + (1 - sgd->dampening) * change;
          change = sgd->nesterov ? change + sgd->momentum * *buffer : *buffer;
        }
      w[i] -= sgd->learning_rate * rate_factor * change;
    }
}

static const char *const *
sgd_slot_names (const void *params)
{
  static const char *const names[] = { "momentum_buffer", NULL };

  return names;
}

const HlOptimizerClass hl_sgd_optimizer = {
  .base = {
    .name = "sgd",
    .title = N_("SGD"),
    .summary = N_("Steps against the gradient of each batch, with momentum if wanted."),
    .help = N_("w ← w − rate · g; with momentum the step is a running sum of gradients, v ← momentum · v + g. "
               "Simple and often the best in the end, but its rate must be found for each network."),
    .params_size = sizeof (Sgd),
    .params = sgd_params,
  },
  .slots_per_weight = sgd_slots,
  .slot_names = sgd_slot_names,
  .prepare = sgd_prepare,
  .step = sgd_step,
  .reference = sgd_reference,
};
