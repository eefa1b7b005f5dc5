/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Project states and the .hillock file. */

#include "config.h"

#include "app/project-state.h"

#include <inttypes.h>

#include "app/file-util.h"
#include "engine/base/json-text.h"
#include "engine/base/params-json.h"
#include "engine/exchange/onnx.h"
#include "engine/graph/graph-json.h"

struct _HlProjectState
{
  gatomicrefcount refs;
  HlGraph *graph;
  HlDataSpec *data;
  HlRecipe *recipe;
};

HlProjectState *
hl_project_state_new (HlGraph *graph, HlDataSpec *data, HlRecipe *recipe)
{
  HlProjectState *self = g_new0 (HlProjectState, 1);

  g_atomic_ref_count_init (&self->refs);
  if (!hl_graph_is_frozen (graph))
    hl_graph_freeze (graph);
  self->graph = graph;
  self->data = data;
  self->recipe = recipe;
  return self;
}

HlProjectState *
hl_project_state_ref (HlProjectState *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
hl_project_state_unref (HlProjectState *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->refs))
    return;
  hl_graph_unref (self->graph);
  hl_data_spec_free (self->data);
  hl_recipe_free (self->recipe);
  g_free (self);
}

gboolean
hl_project_state_equal (const HlProjectState *a, const HlProjectState *b)
{
  return a == b || (hl_graph_equal (a->graph, b->graph) && hl_data_spec_equal (a->data, b->data)
                    && hl_recipe_equal (a->recipe, b->recipe));
}

HlGraph *
hl_project_state_get_graph (const HlProjectState *self)
{
  return self->graph;
}

const HlDataSpec *
hl_project_state_get_data (const HlProjectState *self)
{
  return self->data;
}

const HlRecipe *
hl_project_state_get_recipe (const HlProjectState *self)
{
  return self->recipe;
}

HlProjectState *
hl_project_state_with_graph (const HlProjectState *self, HlGraph *graph)
{
  return hl_project_state_new (graph, hl_data_spec_copy (self->data), hl_recipe_copy (self->recipe));
}

HlProjectState *
hl_project_state_with_data (const HlProjectState *self, HlDataSpec *data)
{
  return hl_project_state_new (hl_graph_ref (self->graph), data, hl_recipe_copy (self->recipe));
}

HlProjectState *
hl_project_state_with_recipe (const HlProjectState *self, HlRecipe *recipe)
{
  return hl_project_state_new (hl_graph_ref (self->graph), hl_data_spec_copy (self->data), recipe);
}

/* ---- The file ---- */

/* Paths are relative to the project's folder in the file, where they lead into it, and absolute in memory. */
static void
make_relative (char **path, GFile *folder)
{
  g_autoptr (GFile) target = folder && *path && g_path_is_absolute (*path) ? g_file_new_for_path (*path) : NULL;
  char *relative = target ? g_file_get_relative_path (folder, target) : NULL;

  if (!relative)
    return;
  g_free (*path);
  *path = relative;
}

static void
make_absolute (char **path, GFile *folder)
{
  g_autoptr (GFile) target = NULL;

  if (!folder || !*path || g_path_is_absolute (*path) || !g_file_peek_path (folder))
    return;
  target = g_file_resolve_relative_path (folder, *path);
  g_free (*path);
  *path = g_file_get_path (target);
}

char *
hl_project_state_to_text (const HlProjectState *self, GFile *file)
{
  g_autoptr (HlDataSpec) data = hl_data_spec_copy (self->data);
  g_autoptr (HlRecipe) recipe = hl_recipe_copy (self->recipe);
  g_autoptr (GFile) folder = file ? g_file_get_parent (file) : NULL;
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  make_relative (&data->path, folder);
  make_relative (&recipe->start_weights, folder);
  json_node_take_object (node, object);
  json_object_set_int_member (object, "hillock", HL_PROJECT_VERSION);
  json_object_set_member (object, "graph", hl_graph_to_json (self->graph));
  json_object_set_member (object, "data", hl_data_spec_to_json (data));
  json_object_set_array_member (object, "augmentation", json_array_new ());
  json_object_set_member (object, "recipe", hl_recipe_to_json (recipe));
  return hl_json_to_text (node);
}

static gboolean
check_version (JsonNode *root, GError **error)
{
  JsonObject *object = hl_json_get_object (root, NULL, "project", error);
  gint64 version;

  if (!object)
    return FALSE;
  if (!json_object_has_member (object, "hillock"))
    {
      g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                           _("This is not a Hillock project: it has no member “hillock” with the format's version."));
      return FALSE;
    }
  if (!hl_json_get_int (object, "hillock", 1, G_MAXINT64, &version, "project", error))
    return FALSE;
  if (version > HL_PROJECT_VERSION)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_NEWER,
                   _("The project was written by a newer Hillock (format %" PRId64
                      ", this one knows formats up to %d). "
                      "Update Hillock to open it."),
                   version, HL_PROJECT_VERSION);
      return FALSE;
    }
  return TRUE;
}

static JsonNode *
get_part (JsonObject *object, const char *key, GError **error)
{
  if (json_object_has_member (object, key))
    return json_object_get_member (object, key);
  g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
               _("The project has no member “%s”; the file is incomplete."), key);
  return NULL;
}

static gboolean
check_augmentation (JsonObject *object, GError **error)
{
  JsonNode *node = json_object_get_member (object, "augmentation");

  if (!node || (JSON_NODE_HOLDS_ARRAY (node) && json_array_get_length (json_node_get_array (node)) == 0))
    return TRUE;
  g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                       _("augmentation: this version of Hillock knows no augmentation steps; the list must be empty."));
  return FALSE;
}

static HlProjectState *
state_from_json (JsonNode *root, GFile *file, GError **error)
{
  static const char *const keys[] = { "hillock", "graph", "data", "augmentation", "recipe", NULL };
  g_autoptr (HlGraph) graph = NULL;
  g_autoptr (HlDataSpec) data = NULL;
  g_autoptr (HlRecipe) recipe = NULL;
  g_autoptr (GFile) folder = file ? g_file_get_parent (file) : NULL;
  JsonObject *object;
  JsonNode *part;

  if (!check_version (root, error) || !(object = hl_json_get_object (root, keys, "project", error))
      || !check_augmentation (object, error))
    return NULL;
  if (!(part = get_part (object, "graph", error)) || !(graph = hl_graph_from_json (part, "graph", error)))
    return NULL;
  if (!(part = get_part (object, "data", error)) || !(data = hl_data_spec_from_json (part, "data", error)))
    return NULL;
  if (!(part = get_part (object, "recipe", error)) || !(recipe = hl_recipe_from_json (part, "recipe", error)))
    return NULL;
  make_absolute (&data->path, folder);
  make_absolute (&recipe->start_weights, folder);
  return hl_project_state_new (g_steal_pointer (&graph), g_steal_pointer (&data), g_steal_pointer (&recipe));
}

HlProjectState *
hl_project_state_from_text (const char *text, gssize length, GFile *file, GError **error)
{
  g_autoptr (JsonNode) root = hl_json_from_text (text, length, error);
  HlProjectState *self = root ? state_from_json (root, file, error) : NULL;

  if (!self && file)
    {
      g_autofree char *name = hl_file_dup_name (file);

      g_prefix_error (error, _("“%s”: "), name);
    }
  return self;
}

char *
hl_project_state_load_text (GFile *file, gsize *length, GError **error)
{
  g_autofree char *name = hl_file_dup_name (file);

  if (!hl_onnx_is_name (file))
    return hl_file_load_text (file, length, error);
  g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX,
               _("“%s” is an ONNX model, not a project. “hillock-cli import %s” makes a project of it, with its weights beside it."), name, name);
  return NULL;
}

HlProjectState *
hl_project_state_load (GFile *file, GError **error)
{
  gsize length;
  g_autofree char *text = hl_project_state_load_text (file, &length, error);

  return text ? hl_project_state_from_text (text, length, file, error) : NULL;
}

gboolean
hl_project_state_save (const HlProjectState *self, GFile *file, GError **error)
{
  g_autofree char *text = hl_project_state_to_text (self, file);

  return hl_file_save_text (file, text, -1, HL_SAVE_DURABLE, error);
}
