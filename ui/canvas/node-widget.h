/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlNodeWidget: the card of one node: stripe, name, parameters that matter, chips of docked nodes, the well with its output, shape
 * and parameter count, and what is wrong with it. Follows its HlNodeItem. A child of the canvas. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "app/node-item.h"
#include "ui/widgets/tiles.h"

G_BEGIN_DECLS

#define HL_TYPE_NODE_WIDGET (hl_node_widget_get_type ())
G_DECLARE_FINAL_TYPE (HlNodeWidget, hl_node_widget, HL, NODE_WIDGET, GtkWidget)

typedef enum
{
  HL_NODE_VERB_SELECT,
  HL_NODE_VERB_OPEN,       /* its inspector, with the keyboard focus */
  HL_NODE_VERB_RENAME,
  HL_NODE_VERB_FIX,
  HL_NODE_VERB_DELETE,
  HL_NODE_VERB_MENU,
} HlNodeVerb;

/* Signal "verb" (guint node, HlNodeVerb as guint): asked for from the keyboard, a chip, a button or an assistive program. */
GtkWidget  *hl_node_widget_new       (HlNodeItem *item);
HlNodeItem *hl_node_widget_get_item  (HlNodeWidget *self);
/* Items of the nodes docked here, in order; borrowed by the call, referenced by the widget. */
void        hl_node_widget_set_chips (HlNodeWidget *self, HlNodeItem *const *chips, guint n);
/* Where it matters which input comes where: a sentence on them for assistive programs; empty where it does not. */
void        hl_node_widget_set_inputs(HlNodeWidget *self, const char *text);
/* The node whose chip lies at (x, y) of the card; 0: none. */
guint32     hl_node_widget_pick_chip (HlNodeWidget *self, double x, double y);

/* What the well shows: until values come, the drawing of the output's size. */
void        hl_node_widget_set_values(HlNodeWidget *self, const HlShape *shape, const float *values);
void        hl_node_widget_set_bars  (HlNodeWidget *self, guint n, const char *const *names, const float *values);
void        hl_node_widget_clear_values (HlNodeWidget *self);
/* Some node of the card (itself or a chip) is selected. */
gboolean    hl_node_widget_get_selected (HlNodeWidget *self);

/* Place of a group in lists: what images meet first comes first. */
guint       hl_group_rank            (const char *group);
/* Colour family of a palette group: "blue", "teal", "purple", "orange", "green", "grey". */
const char *hl_group_color           (const char *group);
void        hl_group_get_rgba        (const char *group, GdkRGBA *color);

G_END_DECLS
