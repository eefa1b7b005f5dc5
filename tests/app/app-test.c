/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shared by the tests of app. */

#include "tests/app/app-test.h"

#include <stdlib.h>

#include "engine/device/device.h"

static char *own_folder;

static void
remove_own_folder (void)
{
  g_autoptr (GFile) folder = g_file_new_for_path (own_folder);

  hl_test_remove_tree (folder);
  g_free (own_folder);
}

/* G_TEST_OPTION_ISOLATE_DIRS moves the cache as well, to a folder that is not there, and then PoCL finds no device. */
void
hl_test_init (int *argc, char ***argv)
{
  static const char *const variables[] = { "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME" };

  hl_device_init_environment ();
  own_folder = g_dir_make_tmp ("hillock-test-home-XXXXXX", NULL);
  g_assert_nonnull (own_folder);
  for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
    g_setenv (variables[i], own_folder, TRUE);
  g_test_init (argc, argv, NULL);
  atexit (remove_own_folder);
}

static gboolean
wake_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
hl_test_wait (HlTestFunc done, gpointer data, double seconds, const char *what)
{
  gint64 end = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  guint timer = g_timeout_add (10, wake_cb, NULL);

  while (!done (data))
    {
      if (g_get_monotonic_time () > end)
        g_error ("Waited %.0f s in vain for: %s", seconds, what);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (timer);
}

static gboolean
flag_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

void
hl_test_run_loop (double seconds)
{
  gboolean over = FALSE;

  g_timeout_add (seconds * 1000, flag_cb, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

GFile *
hl_test_make_folder (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_dir_make_tmp ("hillock-test-XXXXXX", &error);

  g_assert_no_error (error);
  return g_file_new_for_path (path);
}

void
hl_test_remove_tree (GFile *folder)
{
  g_autoptr (GFileEnumerator) children = NULL;
  GFile *child;

  children = g_file_enumerate_children (folder, G_FILE_ATTRIBUTE_STANDARD_NAME, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS,
                                        NULL, NULL);
  while (children && g_file_enumerator_iterate (children, NULL, &child, NULL, NULL) && child)
    hl_test_remove_tree (child);
  g_file_delete (folder, NULL, NULL);
}

static guint32
add_layer (HlGraph *graph, const char *name, guint32 after, const char *param, int value)
{
  const HlLayerClass *klass = hl_layer_class_find (name);
  guint32 node;

  g_assert_nonnull (klass);
  node = hl_graph_add_node (graph, klass, 200.0 * after, 40);
  if (param)
    hl_param_set (hl_class_find_param (&klass->base, param), hl_graph_get_params (graph, node), value);
  if (after)
    g_assert_true (hl_graph_connect (graph, after, node, 0, NULL));
  return node;
}

HlProjectState *
hl_test_small_state (guint n, guint n_test, guint batch, guint epochs)
{
  HlGraph *graph = hl_graph_new ();
  HlDataSpec *data = hl_data_spec_new ();
  HlRecipe *recipe = hl_recipe_new ();
  guint32 node = add_layer (graph, "input", 0, NULL, 0);

  node = add_layer (graph, "flatten", node, NULL, 0);
  node = add_layer (graph, "linear", node, "units", 12);
  node = add_layer (graph, "relu", node, NULL, 0);
  add_layer (graph, "linear", node, "units", 10);
  g_assert_cmpstr (data->format->klass->name, ==, "strokes");
  hl_param_set (hl_class_find_param (data->format->klass, "count"), data->format->params, n);
  hl_param_set (hl_class_find_param (data->format->klass, "test_count"), data->format->params, n_test);
  recipe->batch = batch;
  recipe->epochs = epochs;
  return hl_project_state_new (graph, data, recipe);
}

HlProjectState *
hl_test_with_rate (HlProjectState *state, double learning_rate)
{
  HlRecipe *recipe = hl_recipe_copy (hl_project_state_get_recipe (state));
  const HlClass *sgd = hl_optimizer_class_find_base ("sgd");
  HlProjectState *changed;

  hl_choice_free (recipe->optimizer);
  recipe->optimizer = hl_choice_new (sgd);
  hl_param_set (hl_class_find_param (sgd, "learning_rate"), recipe->optimizer->params, learning_rate);
  changed = hl_project_state_with_recipe (state, recipe);
  hl_project_state_unref (state);
  return changed;
}

HlDataset *
hl_test_open_data (HlProjectState *state)
{
  const HlDataSpec *spec = hl_project_state_get_data (state);
  g_autoptr (GError) error = NULL;
  HlDataset *dataset = hl_dataset_open (spec->format, spec->path, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  return dataset;
}

static void
result_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static gboolean
has_result (gpointer data)
{
  return *(GAsyncResult **) data != NULL;
}

HlProject *
hl_test_open_project (GFile *file, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  hl_project_open_async (file, NULL, result_cb, &result);
  hl_test_wait (has_result, &result, 20, "opening a project");
  return hl_project_open_finish (result, error);
}

gboolean
hl_test_save_project (HlProject *project, GFile *file, gboolean force, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  hl_project_save_async (project, file, force, NULL, result_cb, &result);
  hl_test_wait (has_result, &result, 20, "saving a project");
  return hl_project_save_finish (project, result, error);
}

char *
hl_test_dup_text (HlProject *project)
{
  return hl_project_state_to_text (hl_project_get_state (project), NULL);
}

gboolean
hl_test_skip_without_device (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) devices = hl_device_list (&error);

  if (devices)
    return FALSE;
  g_test_skip (error->message);
  return TRUE;
}

guint
hl_test_rounds (guint n)
{
  const char *wanted = g_getenv ("HILLOCK_TEST_ROUNDS");

  return wanted ? MAX (n, g_ascii_strtoull (wanted, NULL, 10)) : n;
}
