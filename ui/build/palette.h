/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlPalette: every layer class by group, with a search field. Rows are dragged onto the canvas, or activated. Main thread. */
#pragma once

#include <adwaita.h>

#include "engine/graph/layer.h"

G_BEGIN_DECLS

#define HL_TYPE_PALETTE (hl_palette_get_type ())
G_DECLARE_FINAL_TYPE (HlPalette, hl_palette, HL, PALETTE, GtkWidget)

/* Signal "layer-activated" (gpointer const HlLayerClass *): double-click or Enter. */
GtkWidget *hl_palette_new (void);
void       hl_palette_focus_search (HlPalette *self);

G_END_DECLS
