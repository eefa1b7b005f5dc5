/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is done to the gradients before the optimizer sees them: penalties on the size of weights, then clipping.
 * Everything is enqueued, sums run in a fixed order, and where all is off there is nothing to run. Worker thread only, but
 * for the class and the reference. */
#pragma once

#include "engine/base/choice.h"
#include "engine/device/tensor.h"

G_BEGIN_DECLS

typedef struct
{
  double l1, l2;                 /* the loss is meant to be loss + l1 · Σ|w| + l2 / 2 · Σw²; 0: off */
  double clip_value, clip_norm;  /* 0: off */
} HlGradientParams;

extern const HlClass hl_gradient_class;
const HlClass *const *hl_gradient_classes (void);   /* that one, NULL-terminated: a family like others */

typedef struct _HlGradientStep HlGradientStep;

gboolean        hl_gradient_is_off    (const HlGradientParams *params);
/* Asks for kernels. weights, gradients: flat, n elements, n a multiple of HL_TENSOR_ALIGN. params must outlive it. */
HlGradientStep *hl_gradient_step_new  (HlKernelSet *kernels, const HlGradientParams *params, HlTensor *weights,
                                       HlTensor *gradients, gsize n, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void            hl_gradient_step_free (HlGradientStep *self);
gboolean        hl_gradient_step_run  (HlGradientStep *self, GError **error);
/* The definition, in double: changes g. */
void            hl_gradient_reference (const HlGradientParams *params, gsize n, const double *w, double *g);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlGradientStep, hl_gradient_step_free)

G_END_DECLS
