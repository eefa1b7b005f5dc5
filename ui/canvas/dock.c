/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which nodes are chips on which cards. */

#include "ui/canvas/dock.h"

#include "ui/canvas/geometry.h"

#define DOCK_HEIGHT 120.0   /* the part of a card that docks: every card is at least this high */

struct _HlDocks
{
  GHashTable *host;    /* node → host, docked nodes only */
  GHashTable *chips;   /* host → GArray of guint32 */
};

gboolean
hl_dock_class_can (const HlLayerClass *klass)
{
  static const char *const names[] = { "prelu", "softmax", "log_softmax", "dropout", "batch_norm", "flatten", NULL };

  return klass->max_inputs == 1 && (klass->activation != NULL || g_strv_contains (names, klass->base.name));
}

static guint
count_readers (const HlGraph *graph, guint32 node)
{
  guint n = 0;

  for (guint i = 0; i < hl_graph_get_n_links (graph); i++)
    n += hl_graph_get_link (graph, i)->from == node;
  return n;
}

guint32
hl_dock_candidate (const HlGraph *graph, guint32 node)
{
  const HlNode *self = hl_graph_find_node (graph, node);
  guint32 source;

  if (!self || !hl_dock_class_can (self->klass))
    return 0;
  source = hl_graph_get_source (graph, node, 0);
  return source && count_readers (graph, source) == 1 ? source : 0;
}

static guint32
docks_resolve (HlDocks *self, const HlGraph *graph, GHashTable *readers, const HlNode *node, guint depth)
{
  gpointer known;
  guint32 source, host;
  const HlNode *card;

  if (g_hash_table_lookup_extended (self->host, GUINT_TO_POINTER (node->id), NULL, &known))
    return GPOINTER_TO_UINT (known);
  host = node->id;
  source = hl_dock_class_can (node->klass) ? hl_graph_get_source (graph, node->id, 0) : 0;
  if (source && depth < 32 && GPOINTER_TO_UINT (g_hash_table_lookup (readers, GUINT_TO_POINTER (source))) == 1)
    {
      guint32 candidate = docks_resolve (self, graph, readers, hl_graph_find_node (graph, source), depth + 1);

      card = hl_graph_find_node (graph, candidate);
      if (hl_rect_contains (&(HlRect) { card->x, card->y, HL_CARD_WIDTH, DOCK_HEIGHT }, node->x, node->y))
        host = candidate;
    }
  g_hash_table_insert (self->host, GUINT_TO_POINTER (node->id), GUINT_TO_POINTER (host));
  return host;
}

/* Chips in the order of the chain: each chip's source is the card or the chip before. */
static void
docks_collect (HlDocks *self, const HlGraph *graph, guint32 host)
{
  GArray *chips = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint32 last = host;
  gboolean found = TRUE;

  while (found)
    {
      found = FALSE;
      for (guint i = 0; i < hl_graph_get_n_links (graph) && !found; i++)
        {
          const HlLink *link = hl_graph_get_link (graph, i);

          if (link->from == last && hl_docks_get_host (self, link->to) == host)
            {
              g_array_append_val (chips, link->to);
              last = link->to;
              found = TRUE;
            }
        }
    }
  g_hash_table_insert (self->chips, GUINT_TO_POINTER (host), chips);
}

HlDocks *
hl_docks_new (const HlGraph *graph)
{
  HlDocks *self = g_new0 (HlDocks, 1);
  g_autoptr (GHashTable) readers = g_hash_table_new (NULL, NULL);

  self->host = g_hash_table_new (NULL, NULL);
  self->chips = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_array_unref);
  for (guint i = 0; i < hl_graph_get_n_links (graph); i++)
    {
      gpointer from = GUINT_TO_POINTER (hl_graph_get_link (graph, i)->from);

      g_hash_table_insert (readers, from, GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (readers, from)) + 1));
    }
  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    docks_resolve (self, graph, readers, hl_graph_get_node (graph, i), 0);
  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    {
      guint32 id = hl_graph_get_node (graph, i)->id, host = hl_docks_get_host (self, id);

      if (host != id && !g_hash_table_contains (self->chips, GUINT_TO_POINTER (host)))
        docks_collect (self, graph, host);
    }
  return self;
}

void
hl_docks_free (HlDocks *self)
{
  g_hash_table_unref (self->host);
  g_hash_table_unref (self->chips);
  g_free (self);
}

guint32
hl_docks_get_host (const HlDocks *self, guint32 node)
{
  gpointer host;

  if (g_hash_table_lookup_extended (self->host, GUINT_TO_POINTER (node), NULL, &host))
    return GPOINTER_TO_UINT (host);
  return node;
}

const guint32 *
hl_docks_get_chips (const HlDocks *self, guint32 host, guint *n)
{
  GArray *chips = g_hash_table_lookup (self->chips, GUINT_TO_POINTER (host));

  *n = chips ? chips->len : 0;
  return chips ? (const guint32 *) (gpointer) chips->data : NULL;
}

guint32
hl_docks_get_last (const HlDocks *self, guint32 host)
{
  guint n;
  const guint32 *chips = hl_docks_get_chips (self, host, &n);

  return n ? chips[n - 1] : host;
}
