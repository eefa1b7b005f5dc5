/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlDataSpec: where the data comes from and how it is divided and scaled; a plain value that files store. */
#pragma once

#include <json-glib/json-glib.h>

#include "engine/data/dataset.h"

G_BEGIN_DECLS

typedef enum
{
  HL_NORMALIZE_NONE,         /* values as stored */
  HL_NORMALIZE_UNIT,         /* bytes / 255; floats as stored */
  HL_NORMALIZE_STANDARD,     /* mean 0, deviation 1 per channel, both computed from the training part only */
} HlNormalize;

typedef struct
{
  HlChoice *format;          /* never NULL */
  char *path;                /* file or folder; NULL for generated data */
  double validation;         /* share of the training files, 0 .. 0.9 */
  gboolean stratify;         /* keep class shares equal in both parts */
  guint64 split_seed;
  HlNormalize normalize;
} HlDataSpec;

HlDataSpec *hl_data_spec_new   (void) G_GNUC_WARN_UNUSED_RESULT;   /* strokes, 0.1, stratified, seed 1, standard */
HlDataSpec *hl_data_spec_copy  (const HlDataSpec *self) G_GNUC_WARN_UNUSED_RESULT;
void        hl_data_spec_free  (HlDataSpec *self);
gboolean    hl_data_spec_equal (const HlDataSpec *a, const HlDataSpec *b);

/* {"format": {...}, "path", "normalize": "standard", "split": {"validation", "stratify", "seed"}} */
JsonNode   *hl_data_spec_to_json   (const HlDataSpec *self);
HlDataSpec *hl_data_spec_from_json (JsonNode *json, const char *where, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlDataSpec, hl_data_spec_free)

G_END_DECLS
