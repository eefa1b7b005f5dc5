/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlConfusionView: which class was taken for which, as a matrix: a row a true class, a column a predicted one. A click or Enter on a cell
 * asks for its images. Main thread. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define HL_TYPE_CONFUSION_VIEW (hl_confusion_view_get_type ())
G_DECLARE_FINAL_TYPE (HlConfusionView, hl_confusion_view, HL, CONFUSION_VIEW, GtkWidget)

/* Signal: "selected" (guint label, guint prediction). */
GtkWidget  *hl_confusion_view_new    (void);
/* counts [label][prediction], copied; names: n_classes of them, copied; NULL: numbers. n_classes 0: nothing yet. */
void        hl_confusion_view_set    (HlConfusionView *self, guint n_classes, const guint32 *counts, const char *const *names);
/* The cell the user looks at; FALSE when none is. */
gboolean    hl_confusion_view_get_selected (HlConfusionView *self, guint *label, guint *prediction);
void        hl_confusion_view_select (HlConfusionView *self, guint label, guint prediction);   /* no signal */
/* The most frequent mistake; FALSE when there is none. */
gboolean    hl_confusion_view_find_worst (HlConfusionView *self, guint *label, guint *prediction);
const char *hl_confusion_view_get_name   (HlConfusionView *self, guint label);
guint32     hl_confusion_view_get_count  (HlConfusionView *self, guint label, guint prediction);
/* Share of right ones among those called this (precision) and among those that are this (recall); NAN when there are none. */
void        hl_confusion_view_get_scores (HlConfusionView *self, guint label, double *precision, double *recall);

void        hl_confusion_view_draw   (HlConfusionView *self, cairo_t *cr, double width, double height);
char       *hl_confusion_view_to_csv (HlConfusionView *self) G_GNUC_WARN_UNUSED_RESULT;   /* first row and column: names */

G_END_DECLS
