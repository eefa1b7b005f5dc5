/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlNodeItem: what the canvas binds to for one node: keeps its identity across edits and undo. Main thread. */
#pragma once

#include "engine/graph/check.h"
#include "engine/graph/plan.h"

G_BEGIN_DECLS

#define HL_TYPE_NODE_ITEM (hl_node_item_get_type ())
G_DECLARE_FINAL_TYPE (HlNodeItem, hl_node_item, HL, NODE_ITEM, GObject)

/* Properties (read-only, notify only when they differ): id, title ("Conv 1": the node's name), subtitle ("6 filters 5×5, pad 2"),
 * group, x, y, shape-text ("6×28×28" or ""), parameters (guint64), multiply-adds (guint64), problem-text (NULL or sentence),
 * problem-severity (HlSeverity, -1: none), fix-text, frozen (has weights that stay as they are), selected (read-write). Group is the untranslated name, a key for colours. */
guint32             hl_node_item_get_id    (HlNodeItem *self);
const HlNode       *hl_node_item_get_node  (HlNodeItem *self);      /* borrowed from the current graph */
gboolean            hl_node_item_get_shape (HlNodeItem *self, HlShape *shape);
const HlProblem    *hl_node_item_get_problem (HlNodeItem *self);    /* the gravest; NULL when fine */
const char         *hl_node_item_get_title (HlNodeItem *self);
const char         *hl_node_item_get_subtitle (HlNodeItem *self);
guint64             hl_node_item_get_parameters (HlNodeItem *self);
gboolean            hl_node_item_get_frozen (HlNodeItem *self);
gboolean            hl_node_item_get_selected (HlNodeItem *self);
void                hl_node_item_set_selected (HlNodeItem *self, gboolean selected);

G_END_DECLS
