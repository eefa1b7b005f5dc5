/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Graphs to JSON and back. What is read is checked completely: a file that a person or a merge damaged gives a
 * sentence with the place, never half a network. */

#include "engine/graph/graph-json.h"

#include <inttypes.h>

#include "engine/base/params-json.h"
#include "engine/train/classes.h"

#define MAX_POSITION 1e7

/* ---- Writing ---- */

static JsonNode *
node_to_json (const HlNode *node)
{
  JsonObject *object = json_object_new ();
  JsonNode *json = json_node_new (JSON_NODE_OBJECT);
  JsonArray *position = json_array_new ();

  json_object_set_int_member (object, "id", node->id);
  json_object_set_string_member (object, "layer", node->klass->base.name);
  json_object_set_string_member (object, "name", node->name);
  json_array_add_double_element (position, node->x);
  json_array_add_double_element (position, node->y);
  json_object_set_array_member (object, "position", position);
  if (hl_class_get_n_params (&node->klass->base) > 0)
    json_object_set_member (object, "params", hl_params_to_json (&node->klass->base, node->params));
  if (node->weight_init)
    json_object_set_member (object, "weight_init", hl_choice_to_json (node->weight_init));
  if (node->bias_init)
    json_object_set_member (object, "bias_init", hl_choice_to_json (node->bias_init));
  if (node->frozen)
    json_object_set_boolean_member (object, "frozen", TRUE);
  if (node->rate_factor != 1)
    json_object_set_double_member (object, "rate_factor", node->rate_factor);
  json_node_take_object (json, object);
  return json;
}

static gboolean
is_wanted (guint32 id, const guint32 *ids, guint n_ids)
{
  for (guint i = 0; i < n_ids; i++)
    if (ids[i] == id)
      return TRUE;
  return ids == NULL;
}

JsonNode *
hl_graph_part_to_json (const HlGraph *self, const guint32 *ids, guint n_ids)
{
  JsonNode *json = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *nodes = json_array_new (), *links = json_array_new ();

  for (guint i = 0; i < hl_graph_get_n_nodes (self); i++)
    {
      const HlNode *node = hl_graph_get_node (self, i);

      if (is_wanted (node->id, ids, n_ids))
        json_array_add_element (nodes, node_to_json (node));
    }
  for (guint i = 0; i < hl_graph_get_n_links (self); i++)
    {
      const HlLink *link = hl_graph_get_link (self, i);
      JsonObject *item;

      if (!is_wanted (link->from, ids, n_ids) || !is_wanted (link->to, ids, n_ids))
        continue;
      item = json_object_new ();
      json_object_set_int_member (item, "from", link->from);
      json_object_set_int_member (item, "to", link->to);
      json_object_set_int_member (item, "port", link->port);
      json_array_add_object_element (links, item);
    }
  json_object_set_array_member (object, "nodes", nodes);
  json_object_set_array_member (object, "links", links);
  json_node_take_object (json, object);
  return json;
}

JsonNode *
hl_graph_to_json (const HlGraph *self)
{
  return hl_graph_part_to_json (self, NULL, 0);
}

/* ---- Reading ---- */

static gboolean G_GNUC_PRINTF (3, 4)
content_error (GError **error, const char *where, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT, "%s: %s", where, text);
  return FALSE;
}

static gboolean
position_from_json (JsonObject *object, double position[2], const char *where, GError **error)
{
  JsonNode *json = json_object_get_member (object, "position");
  JsonArray *array;

  if (!json)
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (json) || json_array_get_length (json_node_get_array (json)) != 2)
    return content_error (error, where, _("“position” must be two numbers in brackets, across and down."));
  array = json_node_get_array (json);
  for (guint i = 0; i < 2; i++)
    {
      JsonNode *item = json_array_get_element (array, i);
      GType type = JSON_NODE_HOLDS_VALUE (item) ? json_node_get_value_type (item) : G_TYPE_INVALID;
      double value = type == G_TYPE_INT64 || type == G_TYPE_DOUBLE ? json_node_get_double (item) : G_MAXDOUBLE;

      if (!(value >= -MAX_POSITION && value <= MAX_POSITION))
        return content_error (error, where, _("“position” must be two numbers between %g and %g."), -MAX_POSITION,
                              MAX_POSITION);
      position[i] = value;
    }
  return TRUE;
}

static gboolean
init_from_json (HlGraph *graph, guint32 id, JsonObject *object, gboolean bias, const char *where, GError **error)
{
  const char *key = bias ? "bias_init" : "weight_init";
  g_autofree char *place = g_strdup_printf ("%s.%s", where, key);
  g_autoptr (HlChoice) init = NULL;

  if (!json_object_has_member (object, key))
    return TRUE;
  init = hl_choice_from_json (json_object_get_member (object, key), hl_initializer_class_find_base, "initializer",
                              place, error);
  if (!init)
    return FALSE;
  hl_graph_set_init (graph, id, bias, init);
  return TRUE;
}

static gboolean
learning_from_json (HlGraph *graph, guint32 id, JsonObject *object, const char *where, GError **error)
{
  gboolean frozen = FALSE;
  double factor = 1;

  if ((json_object_has_member (object, "frozen") && !hl_json_get_bool (object, "frozen", &frozen, where, error))
      || (json_object_has_member (object, "rate_factor")
          && !hl_json_get_double (object, "rate_factor", 0, HL_MAX_RATE_FACTOR, &factor, where, error)))
    return FALSE;
  hl_graph_set_frozen (graph, id, frozen);
  hl_graph_set_rate_factor (graph, id, factor);
  return TRUE;
}

static gboolean
add_node (HlGraph *graph, gint64 id, JsonObject *object, const char *where, GError **error)
{
  double position[2] = { 0, 0 };
  const HlLayerClass *klass;
  const char *layer, *name;

  if (!hl_json_get_string (object, "layer", &layer, where, error)
      || !hl_json_get_string (object, "name", &name, where, error)
      || !position_from_json (object, position, where, error))
    return FALSE;
  klass = hl_layer_class_find (layer);
  if (!klass)
    return content_error (error, where, _("there is no layer named “%s” in this version of the program."), layer);
  if (hl_graph_find_node (graph, id))
    return content_error (error, where, _("the id %" PRId64 " is taken by an earlier node."), id);
  if (hl_graph_find_name (graph, name))
    return content_error (error, where, _("the name “%s” is taken by an earlier node."), name);
  if (!hl_graph_add_with_id (graph, id, klass, name, position[0], position[1]))
    return content_error (error, where, _("“%s” cannot be the name of a layer: it is empty, too long or has control "
                                          "characters in it."), name);
  return TRUE;
}

static gboolean
node_from_json (HlGraph *graph, JsonNode *json, const char *where, GError **error)
{
  static const char *const allowed[] = { "id", "layer", "name", "position", "params", "weight_init", "bias_init", "frozen",
                                         "rate_factor", NULL };
  JsonObject *object = hl_json_get_object (json, allowed, where, error);
  gint64 id;

  if (!object || !hl_json_get_int (object, "id", 1, G_MAXUINT32 - 1, &id, where, error)
      || !add_node (graph, id, object, where, error))
    return FALSE;
  if (json_object_has_member (object, "params"))
    {
      g_autofree char *place = g_strdup_printf ("%s.params", where);

      if (!hl_params_from_json (&hl_graph_find_node (graph, id)->klass->base, hl_graph_get_params (graph, id),
                                json_object_get_member (object, "params"), place, error))
        return FALSE;
    }
  return init_from_json (graph, id, object, FALSE, where, error) && init_from_json (graph, id, object, TRUE, where, error)
         && learning_from_json (graph, id, object, where, error);
}

static gboolean
link_from_json (HlGraph *graph, JsonNode *json, const char *where, GError **error)
{
  static const char *const allowed[] = { "from", "to", "port", NULL };
  JsonObject *object = hl_json_get_object (json, allowed, where, error);
  gint64 from, to, port = 0;

  if (!object || !hl_json_get_int (object, "from", 1, G_MAXUINT32 - 1, &from, where, error)
      || !hl_json_get_int (object, "to", 1, G_MAXUINT32 - 1, &to, where, error)
      || (json_object_has_member (object, "port")
          && !hl_json_get_int (object, "port", 0, HL_MAX_INPUTS - 1, &port, where, error)))
    return FALSE;
  if (!hl_graph_find_node (graph, from) || !hl_graph_find_node (graph, to))
    return content_error (error, where, _("there is no node %" PRId64 " to link."),
                          hl_graph_find_node (graph, from) ? to : from);
  if (hl_graph_get_source (graph, to, port))
    return content_error (error, where, _("input %d of “%s” is linked twice."), (int) port,
                          hl_graph_find_node (graph, to)->name);
  if (!hl_graph_connect (graph, from, to, port, error))
    {
      if (error && *error)
        {
          g_autofree char *text = g_strdup ((*error)->message);

          g_clear_error (error);
          content_error (error, where, "%s", text);
        }
      return FALSE;
    }
  if (!hl_graph_get_source (graph, to, port))
    return content_error (error, where, _("input %d of “%s” is linked but an earlier one is not."), (int) port,
                          hl_graph_find_node (graph, to)->name);
  return TRUE;
}

static JsonArray *
get_array (JsonObject *object, const char *key, const char *where, GError **error)
{
  JsonNode *json = json_object_get_member (object, key);

  if (!json || !JSON_NODE_HOLDS_ARRAY (json))
    {
      content_error (error, where, _("“%s” must be there and be a list in brackets."), key);
      return NULL;
    }
  return json_node_get_array (json);
}

HlGraph *
hl_graph_from_json (JsonNode *json, const char *where, GError **error)
{
  static const char *const allowed[] = { "nodes", "links", NULL };
  JsonObject *object = hl_json_get_object (json, allowed, where, error);
  g_autoptr (HlGraph) self = hl_graph_new ();
  JsonArray *nodes, *links;

  if (!object || !(nodes = get_array (object, "nodes", where, error))
      || !(links = get_array (object, "links", where, error)))
    return NULL;
  for (guint i = 0; i < json_array_get_length (nodes); i++)
    {
      g_autofree char *place = g_strdup_printf ("%s.nodes[%u]", where, i);

      if (!node_from_json (self, json_array_get_element (nodes, i), place, error))
        return NULL;
    }
  for (guint i = 0; i < json_array_get_length (links); i++)
    {
      g_autofree char *place = g_strdup_printf ("%s.links[%u]", where, i);

      if (!link_from_json (self, json_array_get_element (links, i), place, error))
        return NULL;
    }
  return g_steal_pointer (&self);
}
