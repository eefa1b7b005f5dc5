/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlNetworkDrawing: a network as a row of volumes and bars in the colours of their groups; for galleries. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "engine/graph/graph.h"

G_BEGIN_DECLS

#define HL_TYPE_NETWORK_DRAWING (hl_network_drawing_get_type ())
G_DECLARE_FINAL_TYPE (HlNetworkDrawing, hl_network_drawing, HL, NETWORK_DRAWING, GtkWidget)

GtkWidget *hl_network_drawing_new       (void);
void       hl_network_drawing_set_graph (HlNetworkDrawing *self, HlGraph *graph);

G_END_DECLS
