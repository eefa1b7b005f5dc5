/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * {"nodes": [{"id", "layer", "name", "position": [x, y], "params": {...}, "weight_init", "bias_init"}],
 *  "links": [{"from", "to", "port"}]}. Strict, stable order. Any thread. */
#pragma once

#include <json-glib/json-glib.h>

#include "engine/graph/graph.h"

G_BEGIN_DECLS

JsonNode *hl_graph_to_json   (const HlGraph *self);
/* Only nodes of `ids` (clipboard); links among them. */
JsonNode *hl_graph_part_to_json (const HlGraph *self, const guint32 *ids, guint n_ids);
HlGraph  *hl_graph_from_json (JsonNode *json, const char *where, GError **error) G_GNUC_WARN_UNUSED_RESULT; /* thawed */

G_END_DECLS
