/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Docking: a layer without much to see (an activation, a normalisation, dropout, flatten) that directly follows another
 * one, and lies on its card, is shown as a chip there. It stays a node of its own in the graph; where it lies is all that
 * says it is docked. Pure; any thread. */
#pragma once

#include "engine/graph/graph.h"

G_BEGIN_DECLS

/* Whether nodes of this class may dock at all. */
gboolean hl_dock_class_can (const HlLayerClass *klass);

/* Where a docked node is stored: relative to the card it docks on, which is at (0, 0). */
#define HL_DOCK_DX 8.0
#define HL_DOCK_DY 8.0

typedef struct _HlDocks HlDocks;

HlDocks       *hl_docks_new       (const HlGraph *graph) G_GNUC_WARN_UNUSED_RESULT;   /* copies what it needs */
void           hl_docks_free      (HlDocks *self);
guint32        hl_docks_get_host  (const HlDocks *self, guint32 node);    /* the node whose card shows it: itself when not docked */
const guint32 *hl_docks_get_chips (const HlDocks *self, guint32 host, guint *n);   /* docked on it, in order; NULL when none */
guint32        hl_docks_get_last  (const HlDocks *self, guint32 host);    /* whose output leaves the card */
/* Could dock where its source's card is, wherever it lies now: the only reader of its source. 0: no. */
guint32        hl_dock_candidate  (const HlGraph *graph, guint32 node);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlDocks, hl_docks_free)

G_END_DECLS
