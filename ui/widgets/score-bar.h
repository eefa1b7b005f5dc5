/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlScoreBar: a share as a bar with its percentage beside it. Drawn as a whole, so that a table of them can change every epoch without
 * the page being laid out anew (GTK labels ask for that at each new text). Main thread. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define HL_TYPE_SCORE_BAR (hl_score_bar_get_type ())
G_DECLARE_FINAL_TYPE (HlScoreBar, hl_score_bar, HL, SCORE_BAR, GtkWidget)

/* `name` is what an assistive program calls it, for example "Precision of shirt". */
GtkWidget *hl_score_bar_new       (const char *name);
/* 0..1; not-a-number shows a dash. */
void       hl_score_bar_set_value (HlScoreBar *self, double value);
double     hl_score_bar_get_value (HlScoreBar *self);

G_END_DECLS
