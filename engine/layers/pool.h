/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What pooling layers share: sequences are images of one row, so one set of kernels serves both. */
#pragma once

#include "engine/layers/window.h"

G_BEGIN_DECLS

/* Output, memory. rank 2: images, 1: sequences of channels × steps, for which the window has one row. Refuses paddings of more
 * than half a window, as PyTorch does. */
gboolean hl_max_pool_plan      (const HlWindow *window, guint rank, const HlPlanOptions *options, const HlShape *input,
                                HlLayerPlan *plan, GError **error);
gboolean hl_max_pool_prepare   (HlLayerCall *call, const HlWindow *window);
gboolean hl_max_pool_forward   (const HlLayerCall *call, GError **error);
gboolean hl_max_pool_backward  (const HlLayerCall *call, GError **error);
void     hl_max_pool_reference (const HlLayerReference *call, const HlWindow *window);

gboolean hl_avg_pool_plan      (const HlWindow *window, guint rank, const HlShape *input, HlLayerPlan *plan, GError **error);
gboolean hl_avg_pool_prepare   (HlLayerCall *call, const HlWindow *window, gboolean count_include_pad);
gboolean hl_avg_pool_forward   (const HlLayerCall *call, GError **error);
gboolean hl_avg_pool_backward  (const HlLayerCall *call, GError **error);
void     hl_avg_pool_reference (const HlLayerReference *call, const HlWindow *window, gboolean count_include_pad);

/* "MaxPool" or "AveragePool" with the attributes that both have. */
void     hl_pool_lower         (const HlWindow *window, guint rank, const char *op_type, HlOpList *ops);

/* ---- Global pooling: a number a channel, whatever the other axes are ---- */

typedef struct { gboolean keepdim; } HlGlobalPool;

extern const HlParam hl_global_pool_params[];
extern const HlLayerExample hl_global_pool_examples[];

gboolean hl_global_pool_plan   (const HlGlobalPool *pool, const HlShape *input, HlLayerPlan *plan, GError **error);
/* "GlobalMaxPool" or "GlobalAveragePool". */
void     hl_global_pool_lower  (const HlGlobalPool *pool, const char *op_type, HlOpList *ops);

G_END_DECLS
