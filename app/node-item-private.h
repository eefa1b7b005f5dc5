/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How the model document makes node items and brings them up to date. Main thread. */
#pragma once

#include "app/node-item.h"

G_BEGIN_DECLS

HlNodeItem *hl_node_item_new    (guint32 id) G_GNUC_WARN_UNUSED_RESULT;
/* problems: of HlProblem, the whole graph's, gravest first. All three are kept by reference. Notifies what differs. */
void        hl_node_item_update (HlNodeItem *self, HlGraph *graph, HlPlan *plan, GPtrArray *problems);

G_END_DECLS
