/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parameter structs and choices to JSON and back, and the strict readers other files build on. */

#include "engine/base/params-json.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

#include "engine/base/error.h"

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

/* Text of a node for messages: short values as they stand, long ones cut. */
static char *
describe_node (JsonNode *node)
{
  g_autofree char *text = node ? json_to_string (node, FALSE) : g_strdup (_("nothing"));
  const char *end;

  if (!text)
    return g_strdup (_("something that is not JSON"));
  if (g_utf8_strlen (text, -1) <= 40)
    return g_steal_pointer (&text);
  end = g_utf8_offset_to_pointer (text, 40);
  return g_strdup_printf ("%.*s…", (int) (end - text), text);
}

static gboolean
is_integer (JsonNode *node)
{
  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64;
}

static gboolean
is_number (JsonNode *node)
{
  return is_integer (node)
         || (node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_DOUBLE);
}

static gboolean
is_bool (JsonNode *node)
{
  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN;
}

static gboolean
is_string (JsonNode *node)
{
  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING;
}

/* ---- Strict readers ---- */

JsonObject *
hl_json_get_object (JsonNode *node, const char *const *allowed, const char *where, GError **error)
{
  JsonObject *object;

  if (!node || !JSON_NODE_HOLDS_OBJECT (node) || !json_node_get_object (node))
    {
      g_autofree char *found = describe_node (node);

      content_error (error, where, _("here must be an object in braces, but there is %s."), found);
      return NULL;
    }
  object = json_node_get_object (node);
  if (allowed)
    {
      g_autoptr (GList) keys = json_object_get_members (object);

      for (GList *l = keys; l; l = l->next)
        if (!g_strv_contains (allowed, l->data))
          {
            g_autofree char *list = g_strjoinv (", ", (char **) allowed);

            content_error (error, where, _("the key “%s” is unknown; allowed are: %s."),
                           (const char *) l->data, *list ? list : _("none at all"));
            return NULL;
          }
    }
  return object;
}

static JsonNode *
get_member (JsonObject *object, const char *key, const char *where, GError **error)
{
  JsonNode *node = json_object_get_member (object, key);

  if (!node)
    content_error (error, where, _("the key “%s” is missing."), key);
  return node;
}

gboolean
hl_json_get_int (JsonObject *object, const char *key, gint64 min, gint64 max, gint64 *value, const char *where,
                 GError **error)
{
  JsonNode *node = get_member (object, key, where, error);

  if (!node)
    return FALSE;
  if (!is_integer (node))
    {
      g_autofree char *found = describe_node (node);

      return content_error (error, where, _("“%s” must be a whole number, but is %s."), key, found);
    }
  if (json_node_get_int (node) < min || json_node_get_int (node) > max)
    return content_error (error, where, _("“%s” is %" PRId64 "; it must lie between %" PRId64 " and %" PRId64 "."),
                          key, json_node_get_int (node), min, max);
  *value = json_node_get_int (node);
  return TRUE;
}

gboolean
hl_json_get_double (JsonObject *object, const char *key, double min, double max, double *value, const char *where,
                    GError **error)
{
  JsonNode *node = get_member (object, key, where, error);
  double number;

  if (!node)
    return FALSE;
  if (!is_number (node))
    {
      g_autofree char *found = describe_node (node);

      return content_error (error, where, _("“%s” must be a number, but is %s."), key, found);
    }
  number = json_node_get_double (node);
  if (!isfinite (number) || number < min || number > max)
    return content_error (error, where, _("“%s” is %g; it must lie between %g and %g."), key, number, min, max);
  *value = number;
  return TRUE;
}

gboolean
hl_json_get_string (JsonObject *object, const char *key, const char **value, const char *where, GError **error)
{
  JsonNode *node = get_member (object, key, where, error);

  if (!node)
    return FALSE;
  if (!is_string (node))
    {
      g_autofree char *found = describe_node (node);

      return content_error (error, where, _("“%s” must be a text in quotes, but is %s."), key, found);
    }
  *value = json_node_get_string (node);
  return TRUE;
}

gboolean
hl_json_get_bool (JsonObject *object, const char *key, gboolean *value, const char *where, GError **error)
{
  JsonNode *node = get_member (object, key, where, error);

  if (!node)
    return FALSE;
  if (!is_bool (node))
    {
      g_autofree char *found = describe_node (node);

      return content_error (error, where, _("“%s” must be true or false, but is %s."), key, found);
    }
  *value = json_node_get_boolean (node);
  return TRUE;
}

/* ---- Parameters ---- */

JsonNode *
hl_params_to_json (const HlClass *klass, const void *params)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  for (const HlParam *param = klass->params; param && param->name; param++)
    {
      double value = hl_param_get (param, params);

      switch (param->kind)
        {
        case HL_PARAM_INT:
          json_object_set_int_member (object, param->name, (gint64) value);
          break;
        case HL_PARAM_FLOAT:
          json_object_set_double_member (object, param->name, value);
          break;
        case HL_PARAM_BOOL:
          json_object_set_boolean_member (object, param->name, value != 0);
          break;
        case HL_PARAM_CHOICE:
          json_object_set_string_member (object, param->name, param->choices[(int) value]);
          break;
        }
    }
  json_node_take_object (node, object);
  return node;
}

static gboolean
choice_from_json (const HlParam *param, void *params, JsonObject *object, const char *where, GError **error)
{
  g_autofree char *list = NULL;
  const char *name;

  if (param->was_bool && is_bool (json_object_get_member (object, param->name)))
    {
      hl_param_set (param, params, json_object_get_boolean_member (object, param->name));
      return TRUE;
    }
  if (!hl_json_get_string (object, param->name, &name, where, error))
    return FALSE;
  for (int i = 0; param->choices[i]; i++)
    if (g_str_equal (param->choices[i], name))
      {
        hl_param_set (param, params, i);
        return TRUE;
      }
  list = g_strjoinv (", ", (char **) param->choices);
  return content_error (error, where, _("“%s” is “%s”; it must be one of: %s."), param->name, name, list);
}

static gboolean
param_from_json (const HlParam *param, void *params, JsonObject *object, const char *where, GError **error)
{
  gboolean flag;
  gint64 number;
  double real;

  switch (param->kind)
    {
    case HL_PARAM_INT:
      if (!hl_json_get_int (object, param->name, (gint64) param->min, (gint64) param->max, &number, where, error))
        return FALSE;
      hl_param_set (param, params, number);
      return TRUE;
    case HL_PARAM_FLOAT:
      if (!hl_json_get_double (object, param->name, param->min, param->max, &real, where, error))
        return FALSE;
      hl_param_set (param, params, real);
      return TRUE;
    case HL_PARAM_BOOL:
      if (!hl_json_get_bool (object, param->name, &flag, where, error))
        return FALSE;
      hl_param_set (param, params, flag);
      return TRUE;
    case HL_PARAM_CHOICE:
      return choice_from_json (param, params, object, where, error);
    }
  return TRUE;
}

gboolean
hl_params_from_json (const HlClass *klass, void *params, JsonNode *json, const char *where, GError **error)
{
  g_autoptr (GPtrArray) allowed = g_ptr_array_new ();
  JsonObject *object;

  for (const HlParam *param = klass->params; param && param->name; param++)
    g_ptr_array_add (allowed, (gpointer) param->name);
  g_ptr_array_add (allowed, NULL);
  object = hl_json_get_object (json, (const char *const *) allowed->pdata, where, error);
  if (!object)
    return FALSE;
  if (klass->params_size > 0)
    hl_class_init_params (klass, params);
  for (const HlParam *param = klass->params; param && param->name; param++)
    if (json_object_has_member (object, param->name) && !param_from_json (param, params, object, where, error))
      return FALSE;
  return TRUE;
}

/* ---- Choices ---- */

JsonNode *
hl_choice_to_json (const HlChoice *self)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (object, "name", self->klass->name);
  if (hl_class_get_n_params (self->klass) > 0)
    json_object_set_member (object, "params", hl_params_to_json (self->klass, self->params));
  json_node_take_object (node, object);
  return node;
}

HlChoice *
hl_choice_from_json (JsonNode *json, HlClassFinder find, const char *family, const char *where, GError **error)
{
  static const char *const allowed[] = { "name", "params", NULL };
  g_autoptr (HlChoice) self = NULL;
  const HlClass *klass;
  JsonObject *object;
  const char *name;

  object = hl_json_get_object (json, allowed, where, error);
  if (!object || !hl_json_get_string (object, "name", &name, where, error))
    return NULL;
  klass = find (name);
  if (!klass)
    {
      content_error (error, where, _("there is no %s named “%s” in this version of the program."), family, name);
      return NULL;
    }
  self = hl_choice_new (klass);
  if (json_object_has_member (object, "params"))
    {
      g_autofree char *place = g_strdup_printf ("%s.params", where);

      if (!hl_params_from_json (klass, self->params, json_object_get_member (object, "params"), place, error))
        return NULL;
    }
  return g_steal_pointer (&self);
}
