/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlKernelDrawing: where a sliding window lies on its input, to scale: grid, padding, window with its stride and dilation, output, and the
 * sum that gives the output size. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "engine/base/shape.h"

G_BEGIN_DECLS

#define HL_TYPE_KERNEL_DRAWING (hl_kernel_drawing_get_type ())
G_DECLARE_FINAL_TYPE (HlKernelDrawing, hl_kernel_drawing, HL, KERNEL_DRAWING, GtkWidget)

/* y first, then x. */
typedef struct { guint size[2], stride[2], padding[2], dilation[2], input[2], output[2]; } HlKernelGeometry;

GtkWidget *hl_kernel_drawing_new (void);
void       hl_kernel_drawing_set (HlKernelDrawing *self, const HlKernelGeometry *geometry);
/* "(28 + 4 − 5) / 1 + 1 = 28" for axis 0 (y) or 1 (x); pure. */
char      *hl_kernel_geometry_formula (const HlKernelGeometry *geometry, guint axis) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
