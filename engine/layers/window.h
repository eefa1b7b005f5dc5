/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What layers that slide a window over an image share: how often it fits, and what to say when it does not. Pure. */
#pragma once

#include "engine/graph/layer.h"

G_BEGIN_DECLS

/* floor ((size + 2 pad - dilation (window - 1) - 1) / stride) + 1; 0 when it does not fit. With ceil_mode rounded up, but
 * the last window begins inside the image or the padding before it, as in PyTorch. */
guint    hl_window_count  (guint size, guint window, guint stride, guint pad, guint dilation, gboolean ceil_mode);
/* *output := channels × the rows and columns that the windows give; channels 0: those of the input. Errors:
 * HL_GRAPH_ERROR_SHAPE, for an input that is no image and for one that is too small. */
gboolean hl_window_output (const HlWindow *window, const HlShape *input, guint channels, HlShape *output, GError **error);
/* "5×5", or with what differs from stride `stride`, no padding, no dilation: "3×3, stride 2, pad 1". */
char    *hl_window_describe (const HlWindow *window, guint stride_y, guint stride_x);

G_END_DECLS
