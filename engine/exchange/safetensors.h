/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading and writing safetensors files (huggingface/safetensors format): 8 bytes little-endian header length, a JSON
 * header, then the data. Any thread; blocks on the file. Writing is atomic (temporary file beside it, then rename) and
 * flushed to disk. Reading never allocates more than the file's size allows and refuses, naming file and tensor, whatever
 * the format forbids. */
#pragma once

#include "engine/base/error.h"
#include "engine/base/shape.h"

G_BEGIN_DECLS

typedef struct _HlTensorFile HlTensorFile;

typedef struct
{
  char *name;
  guint n_dims;
  guint64 dim[8];
  gsize n;              /* elements */
  const char *dtype;    /* "F32", "F64", "I64", ... */
} HlTensorFileEntry;

HlTensorFile *hl_tensor_file_open  (GFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
HlTensorFile *hl_tensor_file_new   (void) G_GNUC_WARN_UNUSED_RESULT;
void          hl_tensor_file_free  (HlTensorFile *self);
guint         hl_tensor_file_get_n (HlTensorFile *self);
const HlTensorFileEntry *hl_tensor_file_get  (HlTensorFile *self, guint i);
const HlTensorFileEntry *hl_tensor_file_find (HlTensorFile *self, const char *name);
/* Converted to float where that is exact; else HL_FILE_ERROR_CONTENT by name. */
gboolean      hl_tensor_file_read_f32 (HlTensorFile *self, const HlTensorFileEntry *entry, float *values, GError **error);
/* The stored bytes, little-endian; n_bytes must be the tensor's size. */
gboolean      hl_tensor_file_read_bytes (HlTensorFile *self, const HlTensorFileEntry *entry, gpointer bytes,
                                         gsize n_bytes, GError **error);
const char   *hl_tensor_file_get_metadata (HlTensorFile *self, const char *key);   /* NULL when absent */

void          hl_tensor_file_add_f32      (HlTensorFile *self, const char *name, guint n_dims, const guint64 *dim,
                                           const float *values);  /* copies */
/* Any element type, `bytes` little-endian and as many as shape and type need; copies. */
void          hl_tensor_file_add_bytes    (HlTensorFile *self, const char *name, const char *dtype, guint n_dims,
                                           const guint64 *dim, gconstpointer bytes);
void          hl_tensor_file_set_metadata (HlTensorFile *self, const char *key, const char *value);
/* Tensors in the order of the format (widest type first, then name), so that the bytes do not depend on the order of
 * adding. A failure leaves an older file as it was. Names must differ, be UTF-8 and not "__metadata__". */
gboolean      hl_tensor_file_write        (HlTensorFile *self, GFile *file, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlTensorFile, hl_tensor_file_free)

G_END_DECLS
