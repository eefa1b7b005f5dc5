/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What softmax and log-softmax share: they differ in one define of their kernels. */
#pragma once

#include "engine/graph/layer.h"

G_BEGIN_DECLS

typedef struct
{
  int axis;   /* of the sample; negative ones count from its end */
} Softmax;

extern const HlParam hl_softmax_params[];
extern const HlLayerExample hl_softmax_examples[];

gboolean hl_softmax_plan      (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
                               HlLayerPlan *plan, GError **error);
gboolean hl_softmax_prepare   (HlLayerCall *call, gboolean take_log);
gboolean hl_softmax_forward   (const HlLayerCall *call, GError **error);
gboolean hl_softmax_backward  (const HlLayerCall *call, GError **error);
void     hl_softmax_reference (const HlLayerReference *call, gboolean take_log);
void     hl_softmax_lower     (const void *params, const HlShape *input, const char *op_type, HlOpList *ops);
char    *hl_softmax_describe  (const void *params);
double   hl_softmax_gain      (const void *params);

G_END_DECLS
