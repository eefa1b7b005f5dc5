/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What optimizers share: one kernel over the flat arenas, and the whole of Adam, which AdamW differs from only in where
 * the weight decay goes. */
#pragma once

#include "engine/train/classes.h"

G_BEGIN_DECLS

/* kernel[0] := `kernel` of optimizer.cl. */
void  hl_arena_step_prepare   (HlOptimizerCall *call, const char *kernel, const char *defines);
int   hl_arena_step_n_vectors (const HlOptimizerCall *call);
gsize hl_arena_step_n_items   (const HlOptimizerCall *call);

typedef struct
{
  double learning_rate, beta1, beta2, epsilon, weight_decay;
} HlAdam;

guint    hl_adam_slots     (const void *params);
const char *const *hl_adam_slot_names (const void *params);
gboolean hl_adam_run       (const HlOptimizerCall *call, gboolean decoupled, GError **error);
void     hl_adam_reference (const HlAdam *adam, gboolean decoupled, guint64 step, double rate_factor, gsize n, double *w,
                            const double *g, double *const *slots);

G_END_DECLS
