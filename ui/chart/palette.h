/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The colours of runs and lines: told apart by the colour-blind too, one set for light and one for dark. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define HL_PALETTE_SIZE 8

/* index wraps around. */
void     hl_palette_get       (guint index, gboolean dark, GdkRGBA *color);
void     hl_palette_set_cairo (cairo_t *cr, const GdkRGBA *color, double alpha);
gboolean hl_palette_is_dark   (GtkWidget *widget);

#define HL_TYPE_PALETTE_DOT (hl_palette_dot_get_type ())
G_DECLARE_FINAL_TYPE (HlPaletteDot, hl_palette_dot, HL, PALETTE_DOT, GtkWidget)

/* A filled circle in a palette colour; empty when `filled` is FALSE. Decoration: not told to screen readers. */
GtkWidget *hl_palette_dot_new (void);
void       hl_palette_dot_set (HlPaletteDot *self, guint index, gboolean filled);

G_END_DECLS
