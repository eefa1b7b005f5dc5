/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What layers share that combine their inputs element by element: add, sub, mul, div. Shapes need not be equal. They are
 * aligned at their last axes; an axis that an input lacks, or of which it has one element only, is repeated as often as the
 * others need: NumPy's rule, also PyTorch's and ONNX's, here for samples. So C×H×W goes with C×1×1, with 1×H×W and with W. */
#pragma once

#include "engine/layers/strided.h"

G_BEGIN_DECLS

/* The shape all inputs together make. FALSE with HL_GRAPH_ERROR_SHAPE where an axis has two sizes, none of them 1. */
gboolean hl_broadcast_shapes    (guint n_inputs, const HlShape *inputs, HlShape *output, GError **error);

/* One pass to := or += scale × term over all elements of the layer's output (see HlStrided); b may be NULL. Along axes that
 * `to` lacks the terms are summed: for gradients. */
void     hl_broadcast_prepare   (HlStrided *self, HlLayerCall *call, const HlValue *to, const HlValue *a, const HlValue *b,
                                 const char *term, double scale, gboolean add);

/* The number within its sample of an input's element that goes into the output's element `at`. */
gsize    hl_broadcast_number    (const HlShape *x, const HlShape *y, const guint *at);

/* "Sub" with both inputs; those with fewer axes than the output get them behind the batch first. */
void     hl_broadcast_lower     (const char *op_type, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops);

/* ---- Layers of two inputs ---- */

/* Their state; prepare allocates it and adds passes. */
typedef struct
{
  HlPasses forward, backward;
  HlValue part;                       /* in the workspace, for who needs it */
} HlBroadcast;

extern const HlLayerExample hl_broadcast_examples[];

/* Sets the output only. */
gboolean hl_broadcast_plan      (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
                                 HlLayerPlan *plan, GError **error);
gboolean hl_broadcast_forward   (const HlLayerCall *call, GError **error);
gboolean hl_broadcast_backward  (const HlLayerCall *call, GError **error);
/* y = value (a, b), and its derivatives by a and by b. */
typedef double HlBroadcastFormula (double a, double b);
void     hl_broadcast_reference (const HlLayerReference *call, HlBroadcastFormula *value, HlBroadcastFormula *by_a,
                                 HlBroadcastFormula *by_b);

G_END_DECLS
