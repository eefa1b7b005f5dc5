/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What all element-wise layers share: shape, memory, kernels, reference loops. An activation file adds its formula in
 * C and as OpenCL text; add, concat and dropout use the walk, flatten and identity are views. */
#pragma once

#include "engine/graph/layer.h"

G_BEGIN_DECLS

/* ---- Walks: kernels that visit every pixel of values of one shape ----
 *
 * The defines make WALK_BEGIN and WALK_END of common.clh visit every pixel of a block's values, cut into pieces of
 * a useful size for the device. Each value's offset is then WALK_AT (PREFIX). Values without border are visited as
 * one run, so their shapes need only have equal counts. */
typedef struct
{
  const char *prefix;
  const HlValue *value;
  guint channel;             /* the value's channel that is the walk's first: concat reads and writes parts */
} HlWalkValue;

/* n values, the first of which gives the shape. Returns how many items a block takes. */
guint    hl_walk_append_defines (const HlLayerCall *call, const HlWalkValue *values, guint n, GString *defines);

/* ---- Copies: y := x, or y += x where add is TRUE. ---- */

typedef struct { HlKernel *kernel; guint items_per_block; } HlCopy;

/* Channels of x from x_channel on go to channels of y from y_channel on, as many as the smaller has left. */
void     hl_copy_prepare (HlCopy *self, HlLayerCall *call, const HlValue *x, guint x_channel, const HlValue *y,
                          guint y_channel, gboolean add);
gboolean hl_copy_run     (const HlCopy *self, const HlLayerCall *call, const HlValue *x, const HlValue *y, GError **error);

/* ---- Views: layers whose output is their input's memory, `alias` in the plan. Copies where a neighbour's border forbids
 * that; a border of the result is possible where both have one shape. ---- */

gboolean hl_view_prepare   (HlLayerCall *call, GError **error);
gboolean hl_view_forward   (const HlLayerCall *call, GError **error);
gboolean hl_view_backward  (const HlLayerCall *call, GError **error);
void     hl_view_reference (const HlLayerReference *call);

/* ---- Activations ---- */

/* printf-free: parameters are printed into the text by the caller (g_ascii_formatd, "%.9g", then 'f'). value: expression
 * in v; gradient: factor on dy, expression in y, the result of value. */
void     hl_epilogue_set_activation (HlEpilogue *self, const char *value, const char *gradient);
/* The same with the gradient as expression in v, the argument: for formulas that do not rise everywhere (GELU, Gaussian), or
 * whose gradient is lost in rounding when it is told from the result. */
void     hl_epilogue_set_activation_in_v (HlEpilogue *self, const char *value, const char *gradient);

/* Either of them with numbers: "$0" to "$9" in the texts stand for numbers[0] to numbers[9] as floats in parentheses. */
void     hl_epilogue_set_formula (HlEpilogue *self, gboolean in_v, const char *value, const char *gradient,
                                  const double *numbers, guint n_numbers);

extern const HlLayerExample hl_activation_examples[];

gboolean hl_activation_plan     (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
                                 HlLayerPlan *plan, GError **error);
/* The text of the formula comes from the class's `activation`. */
gboolean hl_activation_prepare  (HlLayerCall *call, GError **error);
gboolean hl_activation_forward  (const HlLayerCall *call, GError **error);
gboolean hl_activation_backward (const HlLayerCall *call, GError **error);
/* gradient NULL: of a class without backward. */
void     hl_activation_reference(const HlLayerReference *call, double (*value) (const void *params, double x),
                                 double (*gradient) (const void *params, double x));

/* dy := dy × gradient (y) in place, for a head with an activation in its epilogue. g_free. */
typedef struct { HlKernel *kernel; guint items_per_block; } HlMultiply;
HlMultiply *hl_multiply_new (HlLayerCall *call, const char *gradient) G_GNUC_WARN_UNUSED_RESULT;
gboolean    hl_multiply_run (const HlMultiply *self, const HlLayerCall *call, GError **error);

G_END_DECLS
