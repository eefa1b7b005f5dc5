/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a window's pages share: data read in the background, devices, settings, and the image they look at. */

#include "app/workspace.h"
#include "tests/app/app-test.h"

static gboolean
is_loaded (gpointer data)
{
  gboolean loading;

  g_object_get (data, "loading", &loading, NULL);
  return !loading;
}

static void
count_cb (GObject *object, gpointer data)
{
  ++*(guint *) data;
}

static HlDataSpec *
dup_data (HlProject *project)
{
  return hl_data_spec_copy (hl_project_state_get_data (hl_project_get_state (project)));
}

/* Takes data. */
static void
commit_data (HlProject *project, HlDataSpec *data)
{
  hl_project_commit (project, "Change data", NULL, hl_project_state_with_data (hl_project_get_state (project), data));
}

static void
set_seed (HlProject *project, guint64 seed)
{
  HlDataSpec *data = dup_data (project);

  data->split_seed = seed;
  commit_data (project, data);
}

static void
set_count (HlProject *project, guint n)
{
  HlDataSpec *data = dup_data (project);

  hl_param_set (hl_class_find_param (data->format->klass, "count"), data->format->params, n);
  commit_data (project, data);
}

static void
set_path (HlProject *project, const char *path)
{
  HlDataSpec *data = dup_data (project);

  hl_choice_free (data->format);
  data->format = hl_choice_new (hl_format_class_find_base ("idx"));
  g_free (data->path);
  data->path = g_strdup (path);
  commit_data (project, data);
}

static void
test_data_source (void)
{
  g_autoptr (HlProject) project = hl_project_new (hl_test_small_state (200, 50, 10, 1), "p");
  g_autoptr (HlDataSource) source = hl_data_source_new (project);
  g_autoptr (HlDataset) first = NULL;
  guint n_changed = 0;

  g_signal_connect (source, "changed", G_CALLBACK (count_cb), &n_changed);
  g_assert_null (hl_data_source_get_dataset (source));
  hl_test_wait (is_loaded, source, 20, "data");
  g_assert_cmpuint (n_changed, ==, 1);
  first = hl_dataset_ref (hl_data_source_get_dataset (source));
  g_assert_cmpuint (hl_dataset_get_length (first), ==, 250);
  g_assert_nonnull (hl_data_source_get_split (source));
  g_assert_null (hl_data_source_get_error (source));

  /* Another split of the same files. */
  set_seed (project, 99);
  hl_test_wait (is_loaded, source, 20, "another split");
  g_assert_true (hl_data_source_get_dataset (source) == first);
  g_assert_cmpuint (n_changed, ==, 2);

  /* What has nothing to do with data. */
  hl_model_document_add (hl_project_get_model (project), hl_layer_class_find ("relu"), 0, 0);
  g_assert_true (is_loaded (source));
  g_assert_cmpuint (n_changed, ==, 2);

  /* Other data: the old ones are gone at once, not shown as the new ones. */
  set_count (project, 300);
  g_assert_null (hl_data_source_get_dataset (source));
  hl_test_wait (is_loaded, source, 20, "other data");
  g_assert_cmpuint (hl_dataset_get_length (hl_data_source_get_dataset (source)), ==, 350);
  hl_project_undo (project);
  hl_test_wait (is_loaded, source, 20, "the data before");
  g_assert_cmpuint (hl_dataset_get_length (hl_data_source_get_dataset (source)), ==, 250);
  hl_project_close (project);
}

static void
test_missing_data (void)
{
  g_autoptr (HlProject) project = hl_project_new (hl_test_small_state (200, 50, 10, 1), "p");
  g_autoptr (HlDataSource) source = hl_data_source_new (project);

  set_path (project, "/nowhere/at/all");
  hl_test_wait (is_loaded, source, 20, "an error");
  g_assert_null (hl_data_source_get_dataset (source));
  g_assert_nonnull (hl_data_source_get_error (source));
  g_test_message ("%s", hl_data_source_get_error (source));
  g_assert_nonnull (strstr (hl_data_source_get_error (source), "/nowhere/at/all"));
  hl_data_source_reload (source);
  hl_test_wait (is_loaded, source, 20, "the same error");
  g_assert_nonnull (hl_data_source_get_error (source));
  hl_project_undo (project);
  hl_test_wait (is_loaded, source, 20, "data");
  g_assert_null (hl_data_source_get_error (source));
  g_assert_nonnull (hl_data_source_get_dataset (source));
  hl_project_close (project);
}

static void
test_many_changes (void)
{
  g_autoptr (HlProject) project = hl_project_new (hl_test_small_state (200, 50, 10, 1), "p");
  HlDataSource *source = hl_data_source_new (project);

  for (guint i = 0; i < 40; i++)
    set_count (project, 1000 + 10 * i);
  hl_test_wait (is_loaded, source, 60, "the last of many data");
  g_assert_cmpuint (hl_dataset_get_length (hl_data_source_get_dataset (source)), ==, 1390 + 50);
  /* Cancelled by hand, or thrown away while reading. */
  set_count (project, 200000);
  hl_data_source_cancel (source);
  hl_test_wait (is_loaded, source, 60, "the end of a cancelled reading");
  g_assert_null (hl_data_source_get_dataset (source));
  g_assert_nonnull (hl_data_source_get_error (source));
  set_count (project, 200010);
  g_object_run_dispose (G_OBJECT (source));
  g_object_unref (source);
  hl_test_run_loop (0.1);
  hl_project_close (project);
}

static gboolean
has_test_result (gpointer data)
{
  int state;

  g_object_get (data, "test-state", &state, NULL);
  return state != 0;
}

static void
test_devices (void)
{
  g_autoptr (HlDeviceStore) store = NULL;
  g_autoptr (HlDeviceItem) item = NULL;
  g_autofree char *id = NULL, *title = NULL, *subtitle = NULL, *message = NULL;
  int state;

  if (hl_test_skip_without_device ())
    return;
  store = hl_device_store_new ();
  hl_test_wait (is_loaded, store, 60, "the devices");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (store)), >, 0);
  item = g_list_model_get_item (G_LIST_MODEL (store), 0);
  hl_device_store_self_test (store, item);
  hl_test_wait (has_test_result, item, 120, "a self-test");
  g_object_get (item, "id", &id, "title", &title, "subtitle", &subtitle, "test-state", &state, "test-message", &message,
                NULL);
  g_test_message ("%s | %s | %s | %s", id, title, subtitle, message);
  g_assert_cmpint (state, ==, 1);
  /* Asked twice, or thrown away while asking. */
  hl_device_store_refresh (store);
  hl_device_store_refresh (store);
  hl_test_wait (is_loaded, store, 60, "the devices again");
}

static void
test_settings (void)
{
  g_autoptr (HlSettings) settings = hl_settings_new ();
  g_autofree char *device = hl_settings_dup_device (settings);
  g_auto (GStrv) none = hl_settings_dup_recent (settings), recent = NULL, fewer = NULL;
  int width, height;
  gboolean maximized;

  g_assert_cmpstr (device, ==, "");
  g_assert_cmpuint (g_strv_length (none), ==, 0);
  hl_settings_get_window_size (settings, &width, &height, &maximized);
  g_assert_cmpint (width, ==, 1440);
  g_assert_cmpint (height, ==, 900);
  for (guint i = 0; i < 25; i++)
    {
      g_autofree char *path = g_strdup_printf ("/p/%u.hillock", i);
      g_autoptr (GFile) file = g_file_new_for_path (path);

      hl_settings_add_recent (settings, file);
      hl_settings_add_recent (settings, file);
    }
  recent = hl_settings_dup_recent (settings);
  g_assert_cmpuint (g_strv_length (recent), ==, 20);
  g_assert_cmpstr (recent[0], ==, "file:///p/24.hillock");
  hl_settings_remove_recent (settings, "file:///p/24.hillock");
  fewer = hl_settings_dup_recent (settings);
  g_assert_cmpuint (g_strv_length (fewer), ==, 19);
  g_assert_cmpstr (fewer[0], ==, "file:///p/23.hillock");
  hl_settings_set_window_size (settings, 800, 600, TRUE);
  hl_settings_get_window_size (settings, &width, &height, &maximized);
  g_assert_cmpint (width, ==, 800);
  g_assert_true (maximized);
  hl_settings_set_color_scheme (settings, 2);
  g_assert_cmpint (hl_settings_get_color_scheme (settings), ==, 2);
  hl_settings_set_device (settings, "pocl");
  g_free (device);
  device = hl_settings_dup_device (settings);
  g_assert_cmpstr (device, ==, "pocl");
}

static gboolean
has_data (gpointer data)
{
  return hl_workspace_get_probe_index (data) >= 0;
}

static void
test_probe_index (void)
{
  g_autoptr (HlProject) project = hl_project_new (hl_test_small_state (200, 50, 10, 1), "p");
  g_autoptr (HlDeviceStore) devices = hl_device_store_new ();
  g_autoptr (HlSettings) settings = hl_settings_new ();
  HlWorkspace *workspace = hl_workspace_new (project, devices, settings);
  HlDataSource *source = hl_workspace_get_source (workspace);
  const guint32 *validation;
  gsize n;

  g_assert_cmpint (hl_workspace_get_probe_index (workspace), ==, -1);
  hl_test_wait (has_data, workspace, 20, "an image to look at");
  validation = hl_split_get_indices (hl_data_source_get_split (source), HL_PART_VALIDATION, &n);
  g_assert_cmpint (hl_workspace_get_probe_index (workspace), ==, validation[0]);
  hl_workspace_set_probe_index (workspace, 123);
  g_assert_cmpint (hl_workspace_get_probe_index (workspace), ==, 123);
  hl_workspace_set_probe_index (workspace, 250);   /* beyond the data */
  g_assert_cmpint (hl_workspace_get_probe_index (workspace), ==, 123);
  set_seed (project, 5);
  hl_test_wait (is_loaded, source, 20, "another split");
  g_assert_cmpint (hl_workspace_get_probe_index (workspace), ==, 123);
  hl_workspace_set_recipe (workspace, "Change recipe", NULL, hl_recipe_new ());
  g_assert_cmpuint (hl_project_state_get_recipe (hl_project_get_state (project))->batch, ==, 64);
  hl_test_wait (is_loaded, devices, 60, "the devices");
  g_object_unref (workspace);
  hl_project_close (project);
}

/* The gravest problem of the first node of that class; NULL: fine. */
static const HlProblem *
find_problem (HlProject *project, const char *klass)
{
  HlModelDocument *model = hl_project_get_model (project);
  HlGraph *graph = hl_model_document_get_graph (model);
  guint last = hl_graph_get_n_nodes (graph);

  /* From the end: of several linear layers the last one is the network's output. */
  while (last-- > 0)
    if (g_str_equal (hl_graph_get_node (graph, last)->klass->base.name, klass))
      return hl_node_item_get_problem (hl_model_document_find_item (model, hl_graph_get_node (graph, last)->id));
  return NULL;
}

static void
set_last (HlProject *project, const char *klass, const char *name, double value)
{
  HlModelDocument *model = hl_project_get_model (project);
  HlGraph *graph = hl_model_document_get_graph (model);

  for (guint i = hl_graph_get_n_nodes (graph); i-- > 0;)
    if (g_str_equal (hl_graph_get_node (graph, i)->klass->base.name, klass))
      {
        const HlNode *node = hl_graph_get_node (graph, i);

        hl_model_document_set_param (model, node->id, hl_class_find_param (&node->klass->base, name), value);
        return;
      }
}

/* What does not fit the data stands on the card where it can be mended, and one press mends it. */
static void
test_data_problems (void)
{
  g_autoptr (HlProject) project = hl_project_new (hl_test_small_state (200, 50, 10, 1), "p");
  g_autoptr (HlDeviceStore) devices = hl_device_store_new ();
  g_autoptr (HlSettings) settings = hl_settings_new ();
  HlWorkspace *workspace = hl_workspace_new (project, devices, settings);
  HlModelDocument *model = hl_project_get_model (project);
  g_autoptr (GError) error = NULL;
  HlRecipe *recipe;

  hl_test_wait (has_data, workspace, 20, "the data");
  g_assert_null (find_problem (project, "input"));
  g_assert_null (find_problem (project, "linear"));
  set_last (project, "input", "height", 32);
  set_last (project, "linear", "units", 12);
  g_assert_nonnull (strstr (find_problem (project, "input")->text, "1×32×28"));
  g_assert_nonnull (strstr (find_problem (project, "input")->text, "1×28×28"));
  g_assert_cmpint (find_problem (project, "linear")->severity, ==, HL_SEVERITY_ERROR);
  g_assert_true (hl_model_document_apply_fix (model, find_problem (project, "input"), &error));
  g_assert_true (hl_model_document_apply_fix (model, find_problem (project, "linear"), &error));
  g_assert_null (find_problem (project, "input"));
  g_assert_null (find_problem (project, "linear"));
  recipe = hl_recipe_copy (hl_project_state_get_recipe (hl_project_get_state (project)));
  hl_choice_free (recipe->loss);
  recipe->loss = hl_choice_new (hl_loss_class_find_base ("mean_squared"));
  hl_param_set (hl_class_find_param (recipe->loss->klass, "target"), recipe->loss->params, HL_LOSS_TARGET_INPUT);
  hl_workspace_set_recipe (workspace, "Change loss", NULL, recipe);
  g_assert_nonnull (strstr (find_problem (project, "linear")->text, "784"));
  g_assert_null (find_problem (project, "linear")->fix);
  hl_test_wait (is_loaded, devices, 60, "the devices");
  g_object_unref (workspace);
  hl_project_close (project);
}

int
main (int argc, char **argv)
{
  hl_test_init (&argc, &argv);
  g_test_add_func ("/workspace/data-source", test_data_source);
  g_test_add_func ("/workspace/missing-data", test_missing_data);
  g_test_add_func ("/workspace/many-changes", test_many_changes);
  g_test_add_func ("/workspace/devices", test_devices);
  g_test_add_func ("/workspace/settings", test_settings);
  g_test_add_func ("/workspace/probe-index", test_probe_index);
  g_test_add_func ("/workspace/data-problems", test_data_problems);
  return g_test_run ();
}
