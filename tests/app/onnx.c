/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX models that are opened as projects: what they become, where their weights lie, and that runs start from them. */

#include "app/project-io.h"
#include "engine/exchange/onnx.h"
#include "tests/app/session-fixture.h"

static GFile *
find_model (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "fuzz", "corpus", "onnx", name, NULL);

  return g_file_new_for_path (path);
}

static gboolean
has_weights (HlProject *project)
{
  g_autoptr (GFile) folder = hl_project_get_runs_folder (project), weights = g_file_get_child (folder, HL_IMPORTED_WEIGHTS);

  return g_file_query_exists (weights, NULL);
}

/* Without a file, modified, with its weights, which go where it is saved to. */
static void
test_open (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) folder = hl_test_make_folder (), model = find_model ("test_Linear.onnx"), file = g_file_get_child (folder, "p.hillock");
  g_autoptr (HlProject) project = hl_test_open_project (model, &error), again = NULL;
  g_autoptr (GFile) weights = g_file_get_child (folder, "p.runs/" HL_IMPORTED_WEIGHTS);

  g_assert_no_error (error);
  g_assert_null (hl_project_get_file (project));
  g_assert_cmpstr (hl_project_get_title (project), ==, "test_Linear");
  g_assert_true (hl_project_get_modified (project));
  g_assert_cmpuint (hl_graph_get_n_nodes (hl_project_state_get_graph (hl_project_get_state (project))), >, 1);
  g_assert_true (has_weights (project));
  g_assert_true (hl_test_save_project (project, file, FALSE, &error));
  g_assert_no_error (error);
  hl_project_close (project);
  g_assert_true (g_file_query_exists (weights, NULL));
  again = hl_test_open_project (file, &error);
  g_assert_no_error (error);
  g_assert_true (has_weights (again));
  hl_project_close (again);
  g_assert_true (g_file_query_exists (weights, NULL));
  hl_test_remove_tree (folder);
}

/* Nothing stays behind of one that was not kept. */
static void
test_close_unsaved (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) model = find_model ("test_operator_conv.onnx"), runs = NULL;
  g_autoptr (HlProject) project = hl_test_open_project (model, &error);

  g_assert_no_error (error);
  g_assert_true (has_weights (project));
  runs = hl_project_get_runs_folder (project);
  hl_project_close (project);
  g_assert_false (g_file_query_exists (runs, NULL));
}

static void
test_refused (void)
{
  g_autoptr (GFile) folder = hl_test_make_folder (), good = find_model ("test_Linear.onnx"), bad = g_file_get_child (folder, "bad.onnx");
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_assert_true (g_file_load_contents (good, NULL, &bytes, &length, NULL, NULL));
  g_assert_true (g_file_replace_contents (bad, bytes, length / 2, NULL, FALSE, 0, NULL, NULL, NULL));
  g_assert_null (hl_test_open_project (bad, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "bad.onnx"));
  hl_test_remove_tree (folder);
}

static GFile *
make_imported (Fixture *fixture)
{
  g_autoptr (GFile) runs = hl_project_get_runs_folder (fixture->project);

  g_file_make_directory_with_parents (runs, NULL, NULL);
  return g_file_get_child (runs, HL_IMPORTED_WEIGHTS);
}

static char *
save_weights (Fixture *fixture, GFile *folder, const char *name)
{
  g_autoptr (GFile) file = g_file_get_child (folder, name);
  guint n = fixture->notices->len;

  hl_session_save_weights (fixture->session, file);
  hl_test_wait (fixture_has_notice, fixture, 60, "weights to be saved");
  g_assert_cmpuint (fixture->notices->len, >, n);
  g_ptr_array_set_size (fixture->notices, 0);
  return fixture_hash_file (folder, name);
}

static void
change_units (HlProject *project)
{
  HlGraph *graph = hl_graph_copy (hl_project_state_get_graph (hl_project_get_state (project)));
  const HlNode *node = hl_graph_get_node (graph, 2);

  hl_param_set (hl_class_find_param (&node->klass->base, "units"), hl_graph_get_params (graph, node->id), 19);
  hl_project_commit (project, "Change units", NULL, hl_project_state_with_graph (hl_project_get_state (project), graph));
}

/* A run of the same network begins where the weights are; of another one it says that it does not. */
static void
test_start (void)
{
  Fixture first, second, other;
  g_autoptr (GFile) folder = NULL, weights = NULL, imported = NULL, wrong = NULL;
  g_autofree char *trained = NULL, *begun = NULL;
  g_autoptr (GError) error = NULL;

  if (hl_test_skip_without_device ())
    return;
  folder = hl_test_make_folder ();
  weights = g_file_get_child (folder, "trained.safetensors");
  fixture_init (&first, hl_test_small_state (200, 40, 20, 1));
  fixture_start (&first, FALSE);
  hl_test_wait (fixture_is_idle, &first, 60, "an epoch");
  trained = save_weights (&first, folder, "trained.safetensors");
  fixture_clear (&first);

  fixture_init (&second, hl_test_small_state (200, 40, 20, 1));
  imported = make_imported (&second);
  g_assert_true (g_file_copy (weights, imported, 0, NULL, NULL, NULL, &error));
  fixture_start (&second, TRUE);
  hl_test_wait (fixture_is_paused, &second, 60, "the start");
  g_assert_cmpuint (second.notices->len, ==, 0);
  begun = save_weights (&second, folder, "begun.safetensors");
  g_assert_cmpstr (begun, ==, trained);
  fixture_clear (&second);

  fixture_init (&other, hl_test_small_state (200, 40, 20, 1));
  wrong = make_imported (&other);
  change_units (other.project);
  g_assert_true (g_file_copy (weights, wrong, 0, NULL, NULL, NULL, &error));
  fixture_start (&other, TRUE);
  hl_test_wait (fixture_has_notice, &other, 60, "the notice");
  g_assert_nonnull (strstr (other.notices->pdata[0], "imported"));
  hl_test_wait (fixture_is_paused, &other, 60, "the start");
  fixture_clear (&other);
  hl_test_remove_tree (folder);
}

/* ---- Export, import, export ---- */

/* Weights that no two layers share, by name where there are some already. */
static float *
make_arena (const HlPlan *plan, GHashTable *weights)
{
  float *arena = g_new0 (float, MAX (hl_plan_get_arena_length (plan), 1));

  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);
      const HlOnnxTensor *given = weights ? g_hash_table_lookup (weights, weight->name) : NULL;

      g_assert_true (!weights || (given && given->n == weight->n));
      for (gsize k = 0; k < weight->n; k++)
        arena[weight->first + k] = given ? given->floats[k] : (float) ((i * 7919 + k * 104729) % 65537) / 65537.0f;
    }
  return arena;
}

static void
write_model (HlGraph *graph, GHashTable *weights, GFile *file)
{
  const HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (HlPlan) plan = hl_plan_new (graph, &options, &error);
  g_autofree float *arena = NULL;

  g_assert_no_error (error);
  arena = make_arena (plan, weights);
  g_assert_true (hl_onnx_write (plan, arena, "again", file, &error));
  g_assert_no_error (error);
}

static HlOnnxNetwork *
read_model (GFile *file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlOnnxModel) model = hl_onnx_model_open (file, &error);
  const HlOnnxImportOptions options = { 0 };
  HlOnnxNetwork *network;

  g_assert_no_error (error);
  network = hl_onnx_import (model, &options, &error);
  g_assert_no_error (error);
  return network;
}

/* Without looking at what this program has written beside the nodes. */
static void
check_nodes (HlGraph *graph, GFile *file)
{
  const HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (HlOnnxModel) model = hl_onnx_model_open (file, &error);
  g_autoptr (HlPlan) plan = hl_plan_new (graph, &options, &error);
  const HlShape *shape = &hl_plan_get_input (plan)->layer.output;
  const guint64 dim[4] = { 3, shape->dim[0], shape->dim[1], shape->dim[2] };
  g_autoptr (HlOnnxTensor) like = hl_onnx_tensor_new ("x", TRUE, 4, dim, &error);
  const HlOnnxImportOptions import = { .like = like };
  g_autoptr (HlOnnxNetwork) network = hl_onnx_import (model, &import, &error);

  g_assert_no_error (error);
  g_assert_cmpint (network->output_axis, ==, 0);
  g_assert_cmpint (network->output_dim[0], ==, 3);
}

/* Every example comes out of its ONNX file again as it went in: the second file is the first, byte by byte. */
static void
test_examples (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "examples", NULL);
  g_autoptr (GFile) folder = hl_test_make_folder (), a = g_file_get_child (folder, "a.onnx"), b = g_file_get_child (folder, "b.onnx");
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)))
    {
      g_autoptr (GFile) file = g_file_new_build_filename (path, name, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (HlProjectState) state = NULL;
      g_autoptr (HlOnnxNetwork) network = NULL;
      g_autofree char *first = NULL, *second = NULL;
      gsize n_first, n_second;

      if (!g_str_has_suffix (name, ".hillock"))
        continue;
      g_test_message ("%s", name);
      state = hl_project_state_load (file, &error);
      g_assert_no_error (error);
      write_model (hl_project_state_get_graph (state), NULL, a);
      check_nodes (hl_project_state_get_graph (state), a);
      network = read_model (a);
      g_assert_true (hl_graph_equal (network->graph, hl_project_state_get_graph (state)));
      write_model (network->graph, network->weights, b);
      g_assert_true (g_file_load_contents (a, NULL, &first, &n_first, NULL, NULL));
      g_assert_true (g_file_load_contents (b, NULL, &second, &n_second, NULL, NULL));
      g_assert_cmpmem (first, n_first, second, n_second);
      n++;
    }
  g_assert_cmpuint (n, >=, 7);
  hl_test_remove_tree (folder);
}

int
main (int argc, char **argv)
{
  hl_test_init (&argc, &argv);
  g_test_add_func ("/onnx/open", test_open);
  g_test_add_func ("/onnx/close-unsaved", test_close_unsaved);
  g_test_add_func ("/onnx/refused", test_refused);
  g_test_add_func ("/onnx/start", test_start);
  g_test_add_func ("/onnx/examples", test_examples);
  return g_test_run ();
}
