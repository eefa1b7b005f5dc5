/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlExecutor: buffers and kernels of one plan on one device; forward and backward. Worker thread only.
 * Making one only requests kernels; the caller builds the set (with its own kernels in it) before the
 * first forward. Calls enqueue and return, but for read. */
#pragma once

#include "engine/graph/plan.h"

G_BEGIN_DECLS

typedef struct _HlExecutor HlExecutor;

/* share: take the weight arena of this executor instead of an own one (same graph, other options:
 * evaluation, probes); may be NULL. The plan's options.lanes must be the device's. */
HlExecutor *hl_executor_new  (HlKernelSet *kernels, HlPlan *plan, HlExecutor *share, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void        hl_executor_free (HlExecutor *self);

HlPlan     *hl_executor_get_plan (HlExecutor *self);
/* Where a batch goes in: the value of the input node; filled by the loader's kernel. */
const HlValue *hl_executor_get_input  (HlExecutor *self);
const HlValue *hl_executor_get_output (HlExecutor *self);            /* logits */
const HlValue *hl_executor_get_output_gradient (HlExecutor *self);   /* the loss writes it; NULL when not training */
/* Any node's; NULL where there is none: fused away, or no gradient needed. Borrowed. Without keep_values in the plan's
 * options its contents last only as long as a layer needs them. */
const HlValue *hl_executor_get_value (HlExecutor *self, guint32 node, gboolean gradient);
guint       hl_executor_get_capacity (HlExecutor *self);

/* Runs every layer on the batch in the input value. random: seed, HL_PURPOSE_DROPOUT, step. */
gboolean    hl_executor_forward  (HlExecutor *self, guint batch, gboolean training, const HlRandomKey *random, GError **error);
/* From the output gradient to the gradients of every trained weight. */
gboolean    hl_executor_backward (HlExecutor *self, GError **error);

/* Arenas, laid out by the plan. */
HlTensor   *hl_executor_get_weights   (HlExecutor *self);
HlTensor   *hl_executor_get_gradients (HlExecutor *self);            /* trained part only; NULL when not training */
/* Fills the arena from initializers: seed and the weight's number decide, nothing else. */
gboolean    hl_executor_initialize_weights (HlExecutor *self, guint64 seed, GError **error);

/* A node's last value (or gradient) of the first n_samples, plain sample, channel, row, column; n floats must be
 * n_samples × shape. FALSE with HL_GRAPH_ERROR_STRUCTURE for a node that was fused away, or whose memory others use too (see
 * keep_values). Waits. */
gboolean    hl_executor_read (HlExecutor *self, guint32 node, gboolean gradient, guint n_samples, float *values, gsize n, GError **error);
/* Plain order into the input value (tests, probes). */
gboolean    hl_executor_write_input (HlExecutor *self, const float *values, guint n_samples, GError **error);

/* Plain order ⇄ device layout of any value; used by read, write and tests. */
void        hl_value_to_plain   (const HlValue *value, guint lanes, guint n_samples, const float *device, float *plain);
void        hl_value_from_plain (const HlValue *value, guint lanes, guint n_samples, const float *plain, float *device);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlExecutor, hl_executor_free)

G_END_DECLS
