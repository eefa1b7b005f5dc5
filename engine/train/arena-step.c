/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Optimizers' common part: how the arena is divided into work, and Adam (Kingma and Ba, 2015) with both ways of weight
 * decay. */

#include "engine/train/arena-step.h"

#include <math.h>

/* Vectors an item goes through: enough on a CPU that starting it costs nothing, few on a GPU so that all are busy. */
static guint
chunk_length (const HlOptimizerCall *call)
{
  return hl_device_get_info (call->device)->type == HL_DEVICE_CPU ? 64 : 1;
}

void
hl_arena_step_prepare (HlOptimizerCall *call, const char *kernel, const char *defines)
{
  g_autofree char *all = g_strdup_printf ("CHUNK=%u;%s", chunk_length (call), defines);

  call->kernel[0] = hl_kernel_set_add (call->kernels, "optimizer", kernel, all);
}

int
hl_arena_step_n_vectors (const HlOptimizerCall *call)
{
  guint lanes = hl_device_get_info (call->device)->lanes;

  return (int) ((call->n + lanes - 1) / lanes);
}

gsize
hl_arena_step_n_items (const HlOptimizerCall *call)
{
  guint chunk = chunk_length (call);

  return ((gsize) hl_arena_step_n_vectors (call) + chunk - 1) / chunk;
}

guint
hl_adam_slots (const void *params)
{
  return 2;
}

const char *const *
hl_adam_slot_names (const void *params)
{
  static const char *const names[] = { "exp_avg", "exp_avg_sq", NULL };

  return names;
}

gboolean
hl_adam_run (const HlOptimizerCall *call, gboolean decoupled, GError **error)
{
  const HlAdam *adam = call->params;
  double rate = adam->learning_rate * call->rate_factor;
  /* rate / c₁ · m / (√v / √c₂ + ε) = rate · √c₂ / c₁ · m / (√v + ε · √c₂), with the bias corrections c₁ and c₂. */
  double root = sqrt (1 - pow (adam->beta2, (double) call->step));
  double step_size = rate * root / (1 - pow (adam->beta1, (double) call->step));

  return hl_kernel_run (call->kernel[0], hl_arena_step_n_items (call), error, HL_ARG_TENSOR (call->weights),
                        HL_ARG_TENSOR (call->gradients), HL_ARG_TENSOR (call->slots[0]), HL_ARG_TENSOR (call->slots[1]),
                        HL_ARG_FLOAT ((float) step_size),
                        HL_ARG_FLOAT ((float) (decoupled ? rate * adam->weight_decay : adam->weight_decay)),
                        HL_ARG_FLOAT ((float) adam->beta1), HL_ARG_FLOAT ((float) (1 - adam->beta1)),
                        HL_ARG_FLOAT ((float) adam->beta2), HL_ARG_FLOAT ((float) (1 - adam->beta2)),
                        HL_ARG_FLOAT ((float) (adam->epsilon * root)), HL_ARG_INT (hl_arena_step_n_vectors (call)));
}

void
hl_adam_reference (const HlAdam *adam, gboolean decoupled, guint64 step, double rate_factor, gsize n, double *w,
                   const double *g, double *const *slots)
{
  double rate = adam->learning_rate * rate_factor;
  double correction1 = 1 - pow (adam->beta1, (double) step), correction2 = 1 - pow (adam->beta2, (double) step);

  for (gsize i = 0; i < n; i++)
    {
      double gradient = g[i], *m = slots[0] + i, *v = slots[1] + i;

      if (decoupled)
        w[i] -= rate * adam->weight_decay * w[i];
      else
        gradient += adam->weight_decay * w[i];
      *m = adam->beta1 * *m + (1 - adam->beta1) * gradient;
      *v = adam->beta2 * *v + (1 - adam->beta2) * gradient * gradient;
      w[i] -= rate / correction1 * *m / (sqrt (*v / correction2) + adam->epsilon);
    }
}
