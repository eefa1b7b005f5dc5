/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Editing verbs: each changes a copy of the graph and commits it under a name that undo shows. */

#include "config.h"

#include "app/model-document-private.h"

#include <math.h>

#include "engine/base/json-text.h"
#include "engine/base/params-json.h"
#include "engine/graph/graph-json.h"

/* Distance of cards that stand side by side, and of a copy from its original. */
#define COLUMN 200
#define COPY_OFFSET 40
#define SAME_ROW 60

static const char *
node_name (HlModelDocument *self, guint32 node)
{
  const HlNode *found = hl_graph_find_node (hl_model_document_get_graph (self), node);

  return found ? found->name : "";
}

/* Formats label, frees it after the commit; takes graph. */
static void G_GNUC_PRINTF (4, 5)
commit (HlModelDocument *self, HlGraph *graph, const char *merge_key, const char *label, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, label);
  text = g_strdup_vprintf (label, arguments);
  va_end (arguments);
  hl_model_document_commit (self, text, merge_key, graph);
}

static HlGraph *
begin (HlModelDocument *self)
{
  return hl_graph_copy (hl_model_document_get_graph (self));
}

guint32
hl_model_document_add (HlModelDocument *self, const HlLayerClass *klass, double x, double y)
{
  HlGraph *graph = begin (self);
  guint32 node = hl_graph_add_node (graph, klass, x, y);

  commit (self, graph, NULL, _("Add %s"), _(klass->base.title));
  hl_model_document_select (self, node, FALSE);
  return node;
}

/* The end of the chain: the newest node that nobody reads. */
static guint32
find_end (const HlGraph *graph)
{
  guint32 end = 0;

  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    {
      guint32 id = hl_graph_get_node (graph, i)->id;
      gboolean is_read = FALSE;

      for (guint k = 0; k < hl_graph_get_n_links (graph); k++)
        is_read = is_read || hl_graph_get_link (graph, k)->from == id;
      if (!is_read)
        end = id;
    }
  return end;
}

/* Links that start at a node, copied: changing the graph moves its own. */
static GArray *
dup_links_from (const HlGraph *graph, guint32 from)
{
  GArray *links = g_array_new (FALSE, FALSE, sizeof (HlLink));

  for (guint i = 0; i < hl_graph_get_n_links (graph); i++)
    {
      const HlLink *link = hl_graph_get_link (graph, i);

      if (link->from == from)
        g_array_append_vals (links, link, 1);
    }
  return links;
}

/* Room for a card at (x, y): what stands there or to the right of it in the same row moves on. */
static void
make_room (HlGraph *graph, double x, double y)
{
  gboolean is_taken = FALSE;

  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    {
      const HlNode *node = hl_graph_get_node (graph, i);

      is_taken = is_taken || (fabs (node->x - x) < COLUMN / 2 && fabs (node->y - y) < SAME_ROW);
    }
  for (guint i = 0; is_taken && i < hl_graph_get_n_nodes (graph); i++)
    {
      const HlNode *node = hl_graph_get_node (graph, i);

      if (node->x > x - COLUMN / 2 && fabs (node->y - y) < SAME_ROW)
        hl_graph_move_node (graph, node->id, node->x + COLUMN, node->y);
    }
}

static guint32
choose_source (HlModelDocument *self)
{
  guint n;
  g_autofree guint32 *selection = hl_model_document_get_selection (self, &n);

  return n == 1 ? selection[0] : find_end (hl_model_document_get_graph (self));
}

guint32
hl_model_document_append (HlModelDocument *self, const HlLayerClass *klass, guint32 after)
{
  HlGraph *graph = begin (self);
  const HlNode *source = hl_graph_find_node (graph, after ? after : choose_source (self));
  double x = source ? source->x + COLUMN : COPY_OFFSET, y = source ? source->y : COPY_OFFSET;
  guint32 from = source ? source->id : 0, node;

  make_room (graph, x, y);
  node = hl_graph_add_node (graph, klass, x, y);
  /* A layer without inputs cannot follow anything: it only stands there. */
  if (from && klass->max_inputs > 0)
    {
      g_autoptr (GArray) readers = dup_links_from (graph, from);

      hl_graph_connect (graph, from, node, 0, NULL);
      for (guint i = 0; i < readers->len; i++)
        {
          const HlLink *link = &g_array_index (readers, HlLink, i);

          hl_graph_connect (graph, node, link->to, link->port, NULL);
        }
    }
  commit (self, graph, NULL, _("Add %s"), _(klass->base.title));
  hl_model_document_select (self, node, FALSE);
  return node;
}

guint32
hl_model_document_insert (HlModelDocument *self, const HlLayerClass *klass, guint32 to, guint port, double x, double y)
{
  HlGraph *graph = begin (self);
  guint32 from = hl_graph_get_source (graph, to, port);
  guint32 node = hl_graph_add_node (graph, klass, x, y);

  if (from && klass->max_inputs > 0)
    {
      hl_graph_connect (graph, from, node, 0, NULL);
      hl_graph_connect (graph, node, to, port, NULL);
    }
  commit (self, graph, NULL, _("Insert %s"), _(klass->base.title));
  hl_model_document_select (self, node, FALSE);
  return node;
}

gboolean
hl_model_document_connect (HlModelDocument *self, guint32 from, guint32 to, guint port, GError **error)
{
  g_autoptr (HlGraph) graph = begin (self);

  if (!hl_graph_connect (graph, from, to, port, error))
    return FALSE;
  commit (self, g_steal_pointer (&graph), NULL, _("Connect %s to %s"), node_name (self, from), node_name (self, to));
  return TRUE;
}

gboolean
hl_model_document_can_connect (HlModelDocument *self, guint32 from, guint32 to, guint port, GError **error)
{
  g_autoptr (HlGraph) graph = begin (self);

  return hl_graph_connect (graph, from, to, port, error);
}

void
hl_model_document_disconnect (HlModelDocument *self, guint32 to, guint port)
{
  HlGraph *graph = begin (self);

  hl_graph_disconnect (graph, to, port);
  commit (self, graph, NULL, _("Disconnect %s"), node_name (self, to));
}

/* "move:3,4,7": moves of the same nodes in one gesture are one entry. */
static char *
make_move_key (const char *verb, const guint32 *nodes, guint n)
{
  GString *key = g_string_new (verb);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (key, ",%u", nodes[i]);
  return g_string_free (key, FALSE);
}

void
hl_model_document_move (HlModelDocument *self, const guint32 *nodes, guint n, double dx, double dy)
{
  HlGraph *graph = begin (self);
  g_autofree char *key = make_move_key ("move", nodes, n);

  for (guint i = 0; i < n; i++)
    {
      const HlNode *node = hl_graph_find_node (graph, nodes[i]);

      if (node)
        hl_graph_move_node (graph, nodes[i], node->x + dx, node->y + dy);
    }
  if (n == 1)
    commit (self, graph, key, _("Move %s"), node_name (self, nodes[0]));
  else
    commit (self, graph, key, ngettext ("Move %u layer", "Move %u layers", n), n);
}

void
hl_model_document_set_positions (HlModelDocument *self, const guint32 *nodes, guint n, const double *xy,
                                 const char *label)
{
  HlGraph *graph = begin (self);
  g_autofree char *key = make_move_key (label, nodes, n);

  for (guint i = 0; i < n; i++)
    if (hl_graph_find_node (graph, nodes[i]))
      hl_graph_move_node (graph, nodes[i], xy[2 * i], xy[2 * i + 1]);
  commit (self, graph, key, "%s", label);
}

gboolean
hl_model_document_set_param (HlModelDocument *self, guint32 node, const HlParam *param, double value)
{
  g_autoptr (HlGraph) graph = begin (self);
  g_autofree char *key = g_strdup_printf ("param:%u:%s", node, param->name);

  if (!hl_graph_find_node (graph, node) || !hl_param_set (param, hl_graph_get_params (graph, node), value))
    return FALSE;
  /* Translators: the name of a layer and of one of its parameters: “Change conv1: Filters”. */
  commit (self, g_steal_pointer (&graph), key, _("Change %s: %s"), node_name (self, node), _(param->label));
  return TRUE;
}

gboolean
hl_model_document_rename (HlModelDocument *self, guint32 node, const char *name, GError **error)
{
  g_autoptr (HlGraph) graph = begin (self);

  if (!hl_graph_find_node (graph, node))
    {
      g_set_error_literal (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE,
                           _("The layer to rename is not there any more."));
      return FALSE;
    }
  if (!hl_graph_rename_node (graph, node, name, error))
    return FALSE;
  commit (self, g_steal_pointer (&graph), NULL, _("Rename %s"), node_name (self, node));
  return TRUE;
}

void
hl_model_document_set_init (HlModelDocument *self, guint32 node, gboolean bias, const HlChoice *init)
{
  g_autoptr (HlGraph) graph = begin (self);
  g_autofree char *key = g_strdup_printf ("init:%u:%d", node, bias);

  if (!hl_graph_find_node (graph, node))
    return;
  hl_graph_set_init (graph, node, bias, init);
  commit (self, g_steal_pointer (&graph), key, _("Change start values of %s"), node_name (self, node));
}

void
hl_model_document_set_frozen (HlModelDocument *self, guint32 node, gboolean frozen)
{
  g_autoptr (HlGraph) graph = begin (self);
  const HlNode *found = hl_graph_find_node (graph, node);

  if (!found || !found->frozen == !frozen)
    return;
  hl_graph_set_frozen (graph, node, frozen);
  commit (self, g_steal_pointer (&graph), NULL, frozen ? _("Freeze %s") : _("Unfreeze %s"), node_name (self, node));
}

void
hl_model_document_set_rate_factor (HlModelDocument *self, guint32 node, double factor)
{
  g_autoptr (HlGraph) graph = begin (self);
  g_autofree char *key = g_strdup_printf ("rate:%u", node);
  const HlNode *found = hl_graph_find_node (graph, node);

  if (!found || found->rate_factor == factor)
    return;
  hl_graph_set_rate_factor (graph, node, factor);
  commit (self, g_steal_pointer (&graph), key, _("Change learning rate of %s"), node_name (self, node));
}

gboolean
hl_model_document_apply_fix (HlModelDocument *self, const HlProblem *problem, GError **error)
{
  g_autoptr (HlGraph) graph = begin (self);
  g_autofree char *label = g_strdup (problem->fix ? problem->fix : _("Repair"));

  if (!hl_problem_apply_fix (problem, graph, error))
    return FALSE;
  /* The problem belongs to the state that the commit replaces. */
  commit (self, g_steal_pointer (&graph), NULL, "%s", label);
  return TRUE;
}

/* ---- Removing ---- */

static gboolean
has_shape (const HlGraph *graph, guint32 node)
{
  HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 1 };
  g_autoptr (HlPlan) plan = hl_plan_new_partial (graph, &options);
  HlShape shape;

  return hl_plan_get_shape (plan, node, &shape);
}

/* Hands the readers of a node that goes to its only source, unless that would break a reader that was fine. */
static void
bridge_over (HlGraph *graph, guint32 node)
{
  g_autoptr (GArray) readers = dup_links_from (graph, node);
  guint32 source = hl_graph_get_source (graph, node, 0);

  if (hl_graph_get_n_inputs (graph, node) != 1 || !source)
    return;
  for (guint i = 0; i < readers->len; i++)
    {
      const HlLink *link = &g_array_index (readers, HlLink, i);
      gboolean was_fine = has_shape (graph, link->to);
      g_autoptr (HlGraph) trial = hl_graph_copy (graph);

      if (hl_graph_connect (trial, source, link->to, link->port, NULL) && (!was_fine || has_shape (trial, link->to)))
        hl_graph_connect (graph, source, link->to, link->port, NULL);
    }
}

void
hl_model_document_remove (HlModelDocument *self, const guint32 *nodes, guint n)
{
  HlGraph *graph;
  g_autofree char *name = NULL;

  if (n == 0)
    return;
  graph = begin (self);
  name = g_strdup (node_name (self, nodes[0]));
  for (guint i = 0; i < n; i++)
    if (hl_graph_find_node (graph, nodes[i]))
      {
        bridge_over (graph, nodes[i]);
        hl_graph_remove_node (graph, nodes[i]);
      }
  if (n == 1)
    commit (self, graph, NULL, _("Remove %s"), name);
  else
    commit (self, graph, NULL, ngettext ("Remove %u layer", "Remove %u layers", n), n);
}

/* ---- Copying ---- */

/* Copies every node of `part`, moved by (dx, dy), and the links among them into graph. Returns the new ids. */
static GArray *
add_part (HlGraph *graph, const HlGraph *part, double dx, double dy)
{
  g_autoptr (GHashTable) new_ids = g_hash_table_new (NULL, NULL);
  GArray *added = g_array_new (FALSE, FALSE, sizeof (guint32));

  for (guint i = 0; i < hl_graph_get_n_nodes (part); i++)
    {
      const HlNode *node = hl_graph_get_node (part, i);
      guint32 id = hl_graph_add_copy (graph, node);

      hl_graph_move_node (graph, id, node->x + dx, node->y + dy);
      g_hash_table_insert (new_ids, GUINT_TO_POINTER (node->id), GUINT_TO_POINTER (id));
      g_array_append_val (added, id);
    }
  for (guint i = 0; i < hl_graph_get_n_links (part); i++)
    {
      const HlLink *link = hl_graph_get_link (part, i);

      hl_graph_connect (graph, GPOINTER_TO_UINT (g_hash_table_lookup (new_ids, GUINT_TO_POINTER (link->from))),
                        GPOINTER_TO_UINT (g_hash_table_lookup (new_ids, GUINT_TO_POINTER (link->to))), link->port,
                        NULL);
    }
  return added;
}

static void
select_only (HlModelDocument *self, const GArray *nodes)
{
  hl_model_document_select (self, 0, FALSE);
  for (guint i = 0; i < nodes->len; i++)
    hl_model_document_select (self, g_array_index (nodes, guint32, i), TRUE);
}

static HlGraph *
copy_part (HlModelDocument *self, const guint32 *nodes, guint n)
{
  HlGraph *part = begin (self);

  for (guint i = hl_graph_get_n_nodes (part); i-- > 0;)
    {
      guint32 id = hl_graph_get_node (part, i)->id;
      gboolean is_wanted = FALSE;

      for (guint k = 0; k < n; k++)
        is_wanted = is_wanted || nodes[k] == id;
      if (!is_wanted)
        hl_graph_remove_node (part, id);
    }
  return part;
}

void
hl_model_document_duplicate (HlModelDocument *self, const guint32 *nodes, guint n)
{
  g_autoptr (HlGraph) part = copy_part (self, nodes, n);
  g_autoptr (GArray) added = NULL;
  HlGraph *graph;

  if (hl_graph_get_n_nodes (part) == 0)
    return;
  graph = begin (self);
  added = add_part (graph, part, COPY_OFFSET, COPY_OFFSET);
  commit (self, graph, NULL, ngettext ("Duplicate %u layer", "Duplicate %u layers", n), n);
  select_only (self, added);
}

char *
hl_model_document_copy_text (HlModelDocument *self, const guint32 *nodes, guint n)
{
  g_autoptr (HlGraph) part = copy_part (self, nodes, n);
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_node_take_object (root, object);
  json_object_set_member (object, "hillock_layers", hl_graph_to_json (part));
  return hl_json_to_text (root);
}

static HlGraph *
part_from_text (const char *text, GError **error)
{
  static const char *const keys[] = { "hillock_layers", NULL };
  g_autoptr (JsonNode) root = hl_json_from_text (text, -1, error);
  JsonObject *object = root ? hl_json_get_object (root, keys, _("clipboard"), error) : NULL;
  g_autoptr (HlGraph) part = NULL;

  if (object)
    part = hl_graph_from_json (json_object_get_member (object, "hillock_layers"), _("clipboard"), error);
  if (!part)
    g_prefix_error (error, "%s", _("The clipboard holds no layers. "));
  return g_steal_pointer (&part);
}

gboolean
hl_model_document_paste_text (HlModelDocument *self, const char *text, double x, double y, GError **error)
{
  g_autoptr (HlGraph) part = part_from_text (text, error);
  g_autoptr (GArray) added = NULL;
  double left = G_MAXDOUBLE, top = G_MAXDOUBLE;
  HlGraph *graph;
  guint n;

  if (!part)
    return FALSE;
  n = hl_graph_get_n_nodes (part);
  if (n == 0)
    return TRUE;
  for (guint i = 0; i < n; i++)
    {
      left = MIN (left, hl_graph_get_node (part, i)->x);
      top = MIN (top, hl_graph_get_node (part, i)->y);
    }
  graph = begin (self);
  added = add_part (graph, part, x - left, y - top);
  commit (self, graph, NULL, ngettext ("Paste %u layer", "Paste %u layers", n), n);
  select_only (self, added);
  return TRUE;
}
