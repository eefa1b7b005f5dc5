/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlIdxFile: one IDX file being read (big-endian array with a small header, as MNIST uses), plain or gzip.
 * For engine/data/formats/idx.c. One thread at a time; blocks. Every error is a whole sentence naming the file. */
#pragma once

#include "engine/base/error.h"

G_BEGIN_DECLS

#define HL_IDX_MAX_DIMS 4

typedef struct _HlIdxFile HlIdxFile;

/* What an IDX header calls its element types. */
typedef enum
{
  HL_IDX_U8 = 0x08,
  HL_IDX_S8 = 0x09,
  HL_IDX_I16 = 0x0B,
  HL_IDX_I32 = 0x0C,
  HL_IDX_F32 = 0x0D,
  HL_IDX_F64 = 0x0E,
} HlIdxType;

/* Opens and reads the header. What the header announces has been held against what a file of this size can hold, so
 * that an array of that many elements may be allocated. */
HlIdxFile     *hl_idx_file_open         (GFile *file, GCancellable *cancellable,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
void           hl_idx_file_free         (HlIdxFile *self);
const char    *hl_idx_file_get_path     (const HlIdxFile *self);
HlIdxType      hl_idx_file_get_type     (const HlIdxFile *self);
guint          hl_idx_file_get_n_dims   (const HlIdxFile *self);   /* 1 .. HL_IDX_MAX_DIMS */
const guint32 *hl_idx_file_get_dims     (const HlIdxFile *self);   /* none is 0 */
guint64        hl_idx_file_get_count    (const HlIdxFile *self);   /* product of the dimensions */
const char    *hl_idx_type_get_name     (HlIdxType type);          /* "unsigned byte" */

/* The next n elements: read_bytes as they are (U8 only), read_floats converted from any type (a value that is
 * infinite or not a number is an error), read_ints from whole-number types. */
gboolean       hl_idx_file_read_bytes   (HlIdxFile *self, guint8 *values, gsize n, GCancellable *cancellable,
                                         GError **error);
gboolean       hl_idx_file_read_floats  (HlIdxFile *self, float *values, gsize n, GCancellable *cancellable,
                                         GError **error);
gboolean       hl_idx_file_read_ints    (HlIdxFile *self, gint32 *values, gsize n, GCancellable *cancellable,
                                         GError **error);
/* After the last element: the file ends here and, for gzip, its checksum is right. */
gboolean       hl_idx_file_check_end    (HlIdxFile *self, GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlIdxFile, hl_idx_file_free)

G_END_DECLS
