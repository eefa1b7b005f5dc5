/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What layer, instance and group norm share: each normalises sets of consecutive elements of a sample by their own mean and
 * variance: y = (x - mean) / sqrt (variance + eps) × weight + bias. */
#pragma once

#include "engine/graph/layer.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 n_sets, set_size;      /* elements of a set; a multiple of the shape's columns */
  gboolean per_element, affine;  /* weights: one for each element of a set, or for each channel */
  double eps;
} HlSampleNorm;

/* weight: the shape of weight and bias. */
gboolean hl_sample_norm_plan      (const HlSampleNorm *self, const HlPlanOptions *options, const HlShape *input,
                                   const HlShape *weight, HlLayerPlan *plan, GError **error);
/* Keeps a copy of self in call->state, which forward and backward use. */
gboolean hl_sample_norm_prepare   (const HlSampleNorm *self, HlLayerCall *call, GError **error);
gboolean hl_sample_norm_forward   (const HlLayerCall *call, GError **error);
gboolean hl_sample_norm_backward  (const HlLayerCall *call, GError **error);
void     hl_sample_norm_reference (const HlSampleNorm *self, const HlLayerReference *call);
/* For lower(): constants of n ones and n zeros, for operators that insist on a scale and a shift. */
void     hl_sample_norm_add_constants (guint n, HlOpList *ops);

G_END_DECLS
