/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlMinimap: the whole canvas in a corner, with a frame around what is shown; a click or drag moves the view there. Main thread. */
#pragma once

#include "ui/canvas/canvas.h"

G_BEGIN_DECLS

#define HL_TYPE_MINIMAP (hl_minimap_get_type ())
G_DECLARE_FINAL_TYPE (HlMinimap, hl_minimap, HL, MINIMAP, GtkWidget)

GtkWidget *hl_minimap_new (HlCanvas *canvas);

G_END_DECLS
