/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What all element-wise activation layers share: shape, memory, kernels, reference loops. An activation file adds
 * its formula in C and as OpenCL text. */
#pragma once

#include "engine/graph/layer.h"

G_BEGIN_DECLS

/* printf-free: parameters are printed into the text by the caller (g_ascii_formatd, "%.9g", then 'f'). value: expression
 * in v; gradient: factor on dy, expression in y, the result of value. */
void hl_epilogue_set_activation (HlEpilogue *self, const char *value, const char *gradient);

extern const HlLayerExample hl_activation_examples[];

gboolean hl_activation_plan     (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
                                 HlLayerPlan *plan, GError **error);
gboolean hl_activation_prepare  (HlLayerCall *call, GError **error);
gboolean hl_activation_forward  (const HlLayerCall *call, GError **error);
gboolean hl_activation_backward (const HlLayerCall *call, GError **error);
void     hl_activation_reference(const HlLayerReference *call, double (*value) (const void *params, double x),
                                 double (*gradient) (const void *params, double x));

G_END_DECLS
