/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlDataSpec: the value and its JSON. */

#include "engine/data/spec.h"

#include "engine/base/params-json.h"

static const char *const normalize_names[] = { "none", "unit", "standard", NULL };
static const char *const spec_keys[] = { "format", "path", "normalize", "split", NULL };
static const char *const split_keys[] = { "validation", "stratify", "seed", NULL };

HlDataSpec *
hl_data_spec_new (void)
{
  HlDataSpec *self = g_new0 (HlDataSpec, 1);

  self->format = hl_choice_new (hl_format_class_find_base ("strokes"));
  self->validation = 0.1;
  self->stratify = TRUE;
  self->split_seed = 1;
  self->normalize = HL_NORMALIZE_STANDARD;
  return self;
}

HlDataSpec *
hl_data_spec_copy (const HlDataSpec *self)
{
  HlDataSpec *copy = g_memdup2 (self, sizeof *self);

  copy->format = hl_choice_copy (self->format);
  copy->path = g_strdup (self->path);
  return copy;
}

void
hl_data_spec_free (HlDataSpec *self)
{
  if (!self)
    return;
  hl_choice_free (self->format);
  g_free (self->path);
  g_free (self);
}

gboolean
hl_data_spec_equal (const HlDataSpec *a, const HlDataSpec *b)
{
  return hl_choice_equal (a->format, b->format) && g_strcmp0 (a->path, b->path) == 0
         && a->validation == b->validation && a->stratify == b->stratify
         && a->split_seed == b->split_seed && a->normalize == b->normalize;
}

JsonNode *
hl_data_spec_to_json (const HlDataSpec *self)
{
  JsonObject *object = json_object_new ();
  JsonObject *split = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_member (object, "format", hl_choice_to_json (self->format));
  if (self->path)
    json_object_set_string_member (object, "path", self->path);
  json_object_set_string_member (object, "normalize", normalize_names[self->normalize]);
  json_object_set_double_member (split, "validation", self->validation);
  json_object_set_boolean_member (split, "stratify", self->stratify);
  json_object_set_int_member (split, "seed", (gint64) self->split_seed);
  json_object_set_object_member (object, "split", split);
  json_node_take_object (node, object);
  return node;
}

static gboolean
read_split (HlDataSpec *self, JsonNode *node, const char *where, GError **error)
{
  g_autofree char *place = g_strconcat (where, ".split", NULL);
  JsonObject *object = hl_json_get_object (node, split_keys, place, error);
  gint64 seed = (gint64) self->split_seed;

  if (!object
      || (json_object_has_member (object, "validation")
          && !hl_json_get_double (object, "validation", 0, 0.9, &self->validation, place, error))
      || (json_object_has_member (object, "stratify")
          && !hl_json_get_bool (object, "stratify", &self->stratify, place, error))
      || (json_object_has_member (object, "seed")
          && !hl_json_get_int (object, "seed", 0, G_MAXINT64, &seed, place, error)))
    return FALSE;
  self->split_seed = (guint64) seed;
  return TRUE;
}

static gboolean
read_normalize (HlDataSpec *self, JsonObject *object, const char *where, GError **error)
{
  g_autofree char *allowed = NULL;
  const char *name;

  if (!hl_json_get_string (object, "normalize", &name, where, error))
    return FALSE;
  for (guint i = 0; normalize_names[i]; i++)
    if (g_str_equal (name, normalize_names[i]))
      {
        self->normalize = i;
        return TRUE;
      }
  allowed = g_strjoinv (_("”, “"), (char **) normalize_names);
  g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
               _("%s: “normalize” is “%s”, but must be one of “%s”."), where, name, allowed);
  return FALSE;
}

HlDataSpec *
hl_data_spec_from_json (JsonNode *json, const char *where, GError **error)
{
  g_autoptr (HlDataSpec) self = hl_data_spec_new ();
  JsonObject *object = hl_json_get_object (json, spec_keys, where, error);
  const char *path;

  if (!object)
    return NULL;
  if (json_object_has_member (object, "format"))
    {
      g_autofree char *place = g_strconcat (where, ".format", NULL);

      hl_choice_free (self->format);
      self->format = hl_choice_from_json (json_object_get_member (object, "format"), hl_format_class_find_base,
                                          "format", place, error);
      if (!self->format)
        return NULL;
    }
  if (json_object_has_member (object, "path"))
    {
      if (!hl_json_get_string (object, "path", &path, where, error))
        return NULL;
      self->path = g_strdup (path);
    }
  if (json_object_has_member (object, "normalize") && !read_normalize (self, object, where, error))
    return NULL;
  if (json_object_has_member (object, "split")
      && !read_split (self, json_object_get_member (object, "split"), where, error))
    return NULL;
  return g_steal_pointer (&self);
}
