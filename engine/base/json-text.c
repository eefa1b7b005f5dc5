/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JSON text. json-glib's own printer puts every number of a list on a line of its own and prints 0.1 with seventeen
 * digits. */

#include "config.h"

#include <glib/gi18n.h>

#include "engine/base/json-text.h"

#include <stdio.h>
#include <string.h>

#define MAX_DEPTH 64
#define MAX_INLINE 100

static void append_value (GString *text, JsonNode *node, guint depth);

static void
append_double (GString *text, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  for (int digits = 15; digits <= 17; digits++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (buffer, sizeof buffer, format, value);
      if (g_ascii_strtod (buffer, NULL) == value)
        break;
    }
  g_string_append (text, buffer);
}

static void
append_string (GString *text, const char *string)
{
  g_string_append_c (text, '"');
  for (const char *c = string; *c; c++)
    switch (*c)
      {
      case '"': g_string_append (text, "\\\""); break;
      case '\\': g_string_append (text, "\\\\"); break;
      case '\n': g_string_append (text, "\\n"); break;
      case '\t': g_string_append (text, "\\t"); break;
      default:
        if ((guchar) *c < 0x20 || *c == 0x7f)
          g_string_append_printf (text, "\\u%04x", (guchar) *c);
        else
          g_string_append_c (text, *c);
      }
  g_string_append_c (text, '"');
}

static void
append_scalar (GString *text, JsonNode *node)
{
  GType type;

  if (JSON_NODE_HOLDS_NULL (node))
    {
      g_string_append (text, "null");
      return;
    }
  type = json_node_get_value_type (node);
  if (type == G_TYPE_STRING)
    append_string (text, json_node_get_string (node));
  else if (type == G_TYPE_BOOLEAN)
    g_string_append (text, json_node_get_boolean (node) ? "true" : "false");
  else if (type == G_TYPE_DOUBLE)
    append_double (text, json_node_get_double (node));
  else
    g_string_append_printf (text, "%" G_GINT64_FORMAT, json_node_get_int (node));
}

static gboolean
holds_scalars_only (JsonNode *node)
{
  g_autoptr (GList) values = NULL;

  if (JSON_NODE_HOLDS_ARRAY (node))
    values = json_array_get_elements (json_node_get_array (node));
  else
    values = json_object_get_values (json_node_get_object (node));
  for (GList *l = values; l; l = l->next)
    if (JSON_NODE_HOLDS_OBJECT (l->data) || JSON_NODE_HOLDS_ARRAY (l->data))
      return FALSE;
  return TRUE;
}

/* separator: what stands between two members, line break and indentation included. */
static void
append_members (GString *text, JsonNode *node, const char *separator, guint depth)
{
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);

      for (guint i = 0; i < json_array_get_length (array); i++)
        {
          if (i > 0)
            g_string_append (text, separator);
          append_value (text, json_array_get_element (array, i), depth + 1);
        }
    }
  else
    {
      JsonObjectIter iter;
      const char *key;
      JsonNode *value;
      gboolean first = TRUE;

      json_object_iter_init_ordered (&iter, json_node_get_object (node));
      while (json_object_iter_next_ordered (&iter, &key, &value))
        {
          if (!first)
            g_string_append (text, separator);
          first = FALSE;
          append_string (text, key);
          g_string_append (text, ": ");
          append_value (text, value, depth + 1);
        }
    }
}

static void
append_value (GString *text, JsonNode *node, guint depth)
{
  gboolean is_array = JSON_NODE_HOLDS_ARRAY (node);
  g_autofree char *separator = NULL, *margin = NULL;

  if (!is_array && !JSON_NODE_HOLDS_OBJECT (node))
    {
      append_scalar (text, node);
      return;
    }
  if (depth > 0 && holds_scalars_only (node))
    {
      gsize before = text->len;

      g_string_append_c (text, is_array ? '[' : '{');
      append_members (text, node, ", ", depth);
      g_string_append_c (text, is_array ? ']' : '}');
      if (is_array || text->len - before <= MAX_INLINE)
        return;
      g_string_truncate (text, before);
    }
  margin = g_strnfill (2 * (depth + 1), ' ');
  separator = g_strdup_printf (",\n%s", margin);
  g_string_append (text, is_array ? "[\n" : "{\n");
  g_string_append (text, margin);
  append_members (text, node, separator, depth);
  g_string_append_c (text, '\n');
  g_string_append_len (text, margin, 2 * depth);
  g_string_append_c (text, is_array ? ']' : '}');
}

char *
hl_json_to_text (JsonNode *node)
{
  GString *text = g_string_new (NULL);

  append_value (text, node, 0);
  g_string_append_c (text, '\n');
  return g_string_free (text, FALSE);
}

/* json-glib's parser calls itself for every level, so a file of brackets alone would overflow the stack. */
static gboolean
check_depth (const char *text, gsize length, GError **error)
{
  guint depth = 0, line = 1;
  gboolean in_string = FALSE;

  for (gsize i = 0; i < length; i++)
    {
      char c = text[i];

      if (c == '\n')
        line++;
      if (in_string)
        {
          if (c == '\\')
            i++;
          else if (c == '"')
            in_string = FALSE;
        }
      else if (c == '"')
        in_string = TRUE;
      else if (c == '[' || c == '{')
        depth++;
      else if ((c == ']' || c == '}') && depth > 0)
        depth--;
      if (depth > MAX_DEPTH)
        {
          g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX,
                       _("Line %u is nested deeper than %d levels, which no project is."), line, MAX_DEPTH);
          return FALSE;
        }
    }
  return TRUE;
}

JsonNode *
hl_json_from_text (const char *text, gssize length, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) syntax = NULL;
  JsonNode *root;

  if (length < 0)
    length = strlen (text);
  if (!g_utf8_validate (text, length, NULL))
    {
      g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX, _("The file is not text in UTF-8."));
      return NULL;
    }
  if (!check_depth (text, length, error))
    return NULL;
  if (!json_parser_load_from_data (parser, text, length, &syntax))
    {
      int line, column, skipped = 0;

      /* The parser's own words begin with "<data>:3:7: Parse error: ". */
      if (sscanf (syntax->message, "<data>:%d:%d: Parse error: %n", &line, &column, &skipped) == 2 && skipped > 0)
        g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX,
                     _("The file is not JSON, or was cut off: line %d, column %d: %s."), line, column,
                     syntax->message + skipped);
      else
        g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX, _("The file is not JSON, or was cut off: %s."),
                     syntax->message);
      return NULL;
    }
  root = json_parser_get_root (parser);
  if (!root)
    {
      g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX, _("The file is empty."));
      return NULL;
    }
  return json_node_ref (root);
}
