/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlSplit: which samples train, validate and test. A pure function of data, spec and seed; immutable; any thread. */
#pragma once

#include "engine/data/spec.h"

G_BEGIN_DECLS

typedef enum { HL_PART_TRAIN, HL_PART_VALIDATION, HL_PART_TEST, HL_N_PARTS } HlPart;

typedef struct _HlSplit HlSplit;

/* HL_DATA_ERROR_SPLIT when the training part would be empty. */
HlSplit       *hl_split_new         (const HlDataset *dataset, const HlDataSpec *spec, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* How many samples each part gets, without drawing them; spec->validation must be one that hl_split_new takes. */
void           hl_split_count       (const HlDataset *dataset, const HlDataSpec *spec, gsize counts[HL_N_PARTS]);
HlSplit       *hl_split_ref         (HlSplit *self);
void           hl_split_unref       (HlSplit *self);
const guint32 *hl_split_get_indices (const HlSplit *self, HlPart part, gsize *n);   /* ascending */
HlPart         hl_split_get_part    (const HlSplit *self, gsize index);
/* Samples of a class in a part. */
gsize          hl_split_get_class_count (const HlSplit *self, HlPart part, guint label);

/* value = (stored - mean[c]) * scale[c]; double arithmetic in a fixed order over the training part. */
typedef struct { guint n_channels; float *mean, *scale; } HlNormalization;
HlNormalization *hl_normalization_new  (const HlDataset *dataset, const HlSplit *split, HlNormalize kind) G_GNUC_WARN_UNUSED_RESULT;
void             hl_normalization_free (HlNormalization *self);
void             hl_normalization_apply(const HlNormalization *self, const HlShape *shape, float *values);  /* one sample */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlSplit, hl_split_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlNormalization, hl_normalization_free)

G_END_DECLS
