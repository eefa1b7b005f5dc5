/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlShape: the dimensions of one sample, without the batch: channel, row, column for images,
 * one number for features. A value type; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HL_MAX_DIMS 5

typedef struct
{
  guint n_dims;
  guint dim[HL_MAX_DIMS];   /* unused ones are 0 */
} HlShape;

#define HL_SHAPE_1(a)       ((HlShape) { 1, { (a) } })
#define HL_SHAPE_2(a, b)    ((HlShape) { 2, { (a), (b) } })
#define HL_SHAPE_3(a, b, c) ((HlShape) { 3, { (a), (b), (c) } })
#define HL_SHAPE_4(a, b, c, d) ((HlShape) { 4, { (a), (b), (c), (d) } })

typedef enum { HL_DTYPE_F32, HL_DTYPE_U8, HL_DTYPE_I32 } HlDType;
gsize    hl_dtype_get_size  (HlDType type);

guint64  hl_shape_get_count (const HlShape *self);                    /* product; 0 dims gives 1 */
gboolean hl_shape_equal     (const HlShape *a, const HlShape *b);
char    *hl_shape_to_string (const HlShape *self) G_GNUC_WARN_UNUSED_RESULT;   /* "6×28×28" */

/* How a shape lies in the three axes kernels know: the first dimension is the channel, the last the
 * column, everything between is multiplied into the row. One dimension is all channels. */
guint    hl_shape_channels  (const HlShape *self);
guint    hl_shape_rows      (const HlShape *self);
guint    hl_shape_columns   (const HlShape *self);

G_END_DECLS
