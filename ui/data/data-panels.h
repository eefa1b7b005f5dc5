/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The panels of the Data page: where the images come from, how they are divided, and one image in large. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "app/workspace.h"

G_BEGIN_DECLS

/* ---- Sources ---- */

#define HL_TYPE_SOURCE_PANEL (hl_source_panel_get_type ())
G_DECLARE_FINAL_TYPE (HlSourcePanel, hl_source_panel, HL, SOURCE_PANEL, GtkBox)

GtkWidget *hl_source_panel_new          (HlWorkspace *workspace);
/* What the buttons do; also for the page's own when something is missing. */
void       hl_source_panel_use_strokes  (HlSourcePanel *self);
void       hl_source_panel_use_fashion  (HlSourcePanel *self);
void       hl_source_panel_choose       (HlSourcePanel *self, gboolean folder);

/* ---- Split ---- */

#define HL_TYPE_SPLIT_CARD (hl_split_card_get_type ())
G_DECLARE_FINAL_TYPE (HlSplitCard, hl_split_card, HL, SPLIT_CARD, GtkBox)

GtkWidget *hl_split_card_new (HlWorkspace *workspace);

/* ---- One image ---- */

#define HL_TYPE_SAMPLE_CARD (hl_sample_card_get_type ())
G_DECLARE_FINAL_TYPE (HlSampleCard, hl_sample_card, HL, SAMPLE_CARD, GtkBox)

GtkWidget *hl_sample_card_new        (HlWorkspace *workspace);
void       hl_sample_card_set_sample (HlSampleCard *self, gint64 index);   /* -1: none */

G_END_DECLS
