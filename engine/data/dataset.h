/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlDataset: samples of one shape with class labels, whole in memory as bytes or floats. Immutable once opened,
 * reference-counted, any thread. Training files come first; a test file's samples, where the source has one,
 * come last and are never touched by a split. */
#pragma once

#include "engine/base/choice.h"
#include "engine/base/error.h"
#include "engine/base/shape.h"

G_BEGIN_DECLS

typedef struct _HlDataset HlDataset;
typedef struct _HlFormatClass HlFormatClass;

struct _HlFormatClass
{
  HlClass base;
  gboolean needs_path;        /* FALSE: generated (strokes) */
  /* 0..100: how sure the format is that `file` (a file or a folder) is its own, from its name and the first
   * n bytes (n may be 0). Generated formats leave it NULL. */
  guint      (*probe) (GFile *file, const guint8 *first, gsize n);
  HlDataset *(*open)  (GFile *file, const void *params, const HlProgress *progress,
                       GCancellable *cancellable, GError **error);
};

const HlFormatClass *const *hl_format_classes (void);
const HlFormatClass *hl_format_class_find (const char *name);
const HlClass       *hl_format_class_find_base (const char *name);

/* Opens `path` (NULL for generated data; a relative path is meant from `base_folder`, which may be NULL) with the
 * format of `format`; a NULL format asks every probe. Blocks: seconds for large files; cancellable. Errors name the
 * file and what was expected: HL_DATA_ERROR_MISSING, _FORMAT. */
HlDataset *hl_dataset_open  (const HlChoice *format, const char *path, GFile *base_folder, const HlProgress *progress,
                             GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
HlDataset *hl_dataset_ref   (HlDataset *self);
void       hl_dataset_unref (HlDataset *self);

/* For formats: takes `values` (64-byte aligned, n × shape elements of `type`, F32 or U8, from
 * hl_dataset_alloc_values), `labels` (n, each < n_classes) and class_names (NULL: "0", "1", ...). */
/* Refuses, by words, what this computer cannot have. */
gpointer   hl_dataset_alloc_values (gsize n_bytes, GError **error);   
void       hl_dataset_free_values  (gpointer values);
HlDataset *hl_dataset_new   (const char *title, const HlShape *shape, HlDType type, gpointer values, gsize n,
                             gsize n_test, gint32 *labels, guint n_classes, GStrv class_names);

const char    *hl_dataset_get_title      (const HlDataset *self);
gsize          hl_dataset_get_length     (const HlDataset *self);      /* test samples included */
gsize          hl_dataset_get_n_test     (const HlDataset *self);      /* the last ones */
const HlShape *hl_dataset_get_shape      (const HlDataset *self);
HlDType        hl_dataset_get_dtype      (const HlDataset *self);      /* F32 or U8 */
gconstpointer  hl_dataset_get_values     (const HlDataset *self);      /* sample, channel, row, column */
const gint32  *hl_dataset_get_labels     (const HlDataset *self);
guint          hl_dataset_get_n_classes  (const HlDataset *self);
const char    *hl_dataset_get_class_name (const HlDataset *self, guint label);
/* One sample as floats as stored (bytes as 0..255); for pictures and probes. */
void           hl_dataset_read_sample    (const HlDataset *self, gsize index, float *values);
void           hl_dataset_get_range      (const HlDataset *self, float *low, float *high);   /* for display */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlDataset, hl_dataset_unref)

G_END_DECLS
