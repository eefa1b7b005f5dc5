/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What losses share that compare every output with a target of its own and take the mean: one kernel, whose formula is
 * text. A loss file adds its formula in C and as OpenCL text, as activations do. The targets are made from the class
 * (`on` for the right one, `off` for the others) or are the network's input. */
#pragma once

#include "engine/train/classes.h"

G_BEGIN_DECLS

/* The parameters of each such loss begin with these fields. */
typedef struct
{
  int target;                /* HlLossTarget */
  double on, off;            /* what the output of the right class and those of the others should be */
} HlElementTarget;

extern const char *const hl_element_target_names[];

/* Table entries of the three fields; the values wanted of outputs lie between low and high. */
#define HL_ELEMENT_TARGET_PARAMS(Struct, low, high)                                                                   \
  HL_CHOICE (Struct, target, N_("Target"), hl_element_target_names, 2, HL_LOSS_TARGET_CLASS,                          \
             N_("What the outputs should be: told by the class, or the network's own input (an auto-encoder).")),     \
  HL_FLOAT (Struct, on, N_("Right class"), HL_UNIT_NONE, low, high, 1,                                                \
            N_("What the output of the right class should be; for the target class only.")),                         \
  HL_FLOAT (Struct, off, N_("Other classes"), HL_UNIT_NONE, low, high, 0,                                             \
            N_("What the outputs of the other classes should be: 0, or -1 as in networks of the 1980s."))

/* value: the loss of one output as an expression in v (VEC, the output) and t (VEC, its target); slope: its derivative by
 * v. Parameters are printed into the text (g_ascii_formatd, "%.9e", then 'f'). */
gboolean     hl_element_loss_prepare   (HlLossCall *call, const char *value, const char *slope);
gboolean     hl_element_loss_run       (const HlLossCall *call, GError **error);
double       hl_element_loss_reference (const HlLossReference *call, double (*value) (const void *params, double v, double t),
                                        double (*slope) (const void *params, double v, double t));
gboolean     hl_element_loss_check     (const HlLossCheck *check, GError **error);
HlLossTarget hl_element_loss_target    (const void *params);
/* How far each output is on its way from the target of other classes to that of the right one. */
void         hl_element_loss_answer    (const void *params, const float *y, gsize n, float *answer);

G_END_DECLS
