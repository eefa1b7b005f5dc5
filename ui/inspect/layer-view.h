/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlLayerView: what one layer makes of the probe: its feature maps with their numbers, and its learned weights as pictures. A click on a
 * map shows that map alone in large and the filter that made it. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "app/messages.h"

G_BEGIN_DECLS

#define HL_TYPE_LAYER_VIEW (hl_layer_view_get_type ())
G_DECLARE_FINAL_TYPE (HlLayerView, hl_layer_view, HL, LAYER_VIEW, GtkBox)

GtkWidget *hl_layer_view_new (void);
/* The layer of `node` in this answer; references. graph: the network that gave the answer (its names and layers); may be NULL. */
void       hl_layer_view_set (HlLayerView *self, HlProbeResult *result, HlGraph *graph, guint32 node);

G_END_DECLS
