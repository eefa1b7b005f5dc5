/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Image files to numbers: the only file that calls GdkPixbuf. Any thread; blocks on the file. */
#pragma once

#include "engine/base/error.h"
#include "engine/base/shape.h"

G_BEGIN_DECLS

/* Images of more pixels than this are refused before they are decoded. */
#define HL_DECODE_MAX_PIXELS (100u * 1000 * 1000)

/* Reads `file`, turns it upright (EXIF), lays transparent parts over black, scales it into shape (1 or 3 channels, rows, columns; the aspect
 * is kept and the rest is black) and writes channel, row, column values 0..255. One channel: Rec. 601 luma, as Pillow's "L".
 * invert: 255 - value of the picture itself, for dark ink on light paper. HL_DATA_ERROR_MISSING, _FORMAT with a sentence naming the file. */
gboolean hl_decode_image (GFile *file, const HlShape *shape, gboolean invert, float *values, GError **error);

G_END_DECLS
