/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Saving what a widget shows as PNG, SVG, PDF or CSV: the file chooser, the drawing, the writing in the background. Main thread. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef void  (*HlExportDraw) (GtkWidget *widget, cairo_t *cr, double width, double height);
typedef char *(*HlExportText) (GtkWidget *widget);   /* transfer full */

/* The whole content of a file; the ending of name decides: .png (two pixels a point), .svg, .pdf, .csv (text may be NULL: no numbers).
 * HL_FILE_ERROR_CONTENT when the ending is none of them. */
GBytes *hl_export_render (GtkWidget *widget, const char *name, double width, double height, HlExportDraw draw, HlExportText text,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A flat button that opens the file chooser; tooltip and accessible name say what is saved. */
GtkWidget *hl_export_button_new (const char *what, const char *suggested_name, GtkWidget *widget, HlExportDraw draw, HlExportText text);

/* Tells the outcome: a toast where the window has them, a dialog for errors otherwise. */
void hl_export_notify (GtkWidget *widget, const char *sentence);

G_END_DECLS
