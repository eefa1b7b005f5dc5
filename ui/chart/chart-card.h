/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlChartCard: a chart on a card with its title, log switch, smoothing slider, epochs or steps, and the save button; hl_card_new is the
 * empty card that other parts of the pages use as well. Main thread. */
#pragma once

#include "ui/chart/chart.h"

G_BEGIN_DECLS

/* file_name: suggested when saving, without ending. */
GtkWidget *hl_chart_card_new       (HlChart *chart, const char *title, const char *file_name, gboolean with_log);
void       hl_chart_card_set_title (GtkWidget *card, const char *title);

/* A card: a vertical box with a header row (title at the left); *header: a box to append controls to. */
GtkWidget *hl_card_new       (const char *title, GtkWidget **header);
void       hl_card_set_title (GtkWidget *card, const char *title);

G_END_DECLS
