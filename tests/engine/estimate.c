/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The memory told before a run is what the device then gives. */

#include "engine/graph/graph-json.h"
#include "engine/graph/plan.h"
#include "engine/train/estimate.h"
#include "tests/support/network.h"
#include "tests/support/training.h"

static void
assert_within (const HlEstimate *estimate, guint64 taken)
{
  gsize told = hl_estimate_get_total (estimate);

  g_test_message ("told %zu, taken %" G_GUINT64_FORMAT " (%+.2f %%): weights %zu, gradients %zu, optimizer %zu, values %zu, "
                  "work space %zu, evaluation %zu, data %zu, results %zu", told, taken,
                  100.0 * ((double) told / (double) taken - 1), estimate->weights, estimate->gradients, estimate->optimizer,
                  estimate->values, estimate->workspace, estimate->evaluation, estimate->data, estimate->results);
  g_assert_cmpfloat ((double) told, >, 0.98 * (double) taken);
  g_assert_cmpfloat ((double) told, <, 1.02 * (double) taken);
}

/* What looking at a sample takes besides. */
static void
assert_probe (const HlEstimate *estimate, HlTrainer *trainer, HlDataset *data)
{
  HlDevice *device = hl_trainer_get_device (trainer);
  guint64 before = hl_device_get_allocated_bytes (device);
  g_autofree float *sample = g_new (float, hl_shape_get_count (hl_dataset_get_shape (data)));
  g_autoptr (GError) error = NULL;

  hl_dataset_read_sample (data, 0, sample);
  g_assert_nonnull (hl_trainer_probe (trainer, sample, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (hl_device_get_allocated_bytes (device) - before, ==, estimate->probe);
}

/* A run of one epoch, with its evaluations. */
static void
compare (HlGraph *graph, HlDataset *data, const HlRecipe *recipe, const HlDataSpec *spec, gboolean probe)
{
  g_autoptr (GError) error = NULL;
  HlTrainer *trainer;
  HlEstimate estimate;
  HlStep step = { 0 };

  trainer = training_new (graph, recipe, data, spec, FALSE, &error);
  g_assert_no_error (error);
  hl_estimate_training (&estimate, graph, recipe, data, spec, hl_device_get_info (hl_trainer_get_device (trainer)));
  while (step.kind != HL_STEP_DONE)
    {
      HlStepResult results[16];
      guint n;

      g_assert_true (hl_trainer_step (trainer, &step, &error));
      g_assert_true (hl_trainer_poll (trainer, FALSE, results, G_N_ELEMENTS (results), &n, &error));
    }
  assert_within (&estimate, hl_device_get_peak_bytes (hl_trainer_get_device (trainer)));
  if (probe)
    assert_probe (&estimate, trainer, data);
  hl_trainer_free (trainer);
}

static void
compare_lenet (guint n, guint n_test, const char *optimizer, guint batch, double validation)
{
  g_autoptr (HlGraph) graph = test_lenet ();
  g_autoptr (HlDataset) data = test_images (n, n_test);
  g_autoptr (HlRecipe) recipe = training_recipe (optimizer, NULL, batch, 1);
  g_autoptr (HlDataSpec) spec = training_spec (validation);

  compare (graph, data, recipe, spec, TRUE);
}

static void
test_lenet_batches (void)
{
  if (!training_has_device ())
    return;
  compare_lenet (900, 300, "adam", 64, 0.1);
  /* Too small to evaluate with: there is a second set of values. */
  compare_lenet (900, 300, "sgd", 7, 0.1);
  /* Nothing but the training part. */
  compare_lenet (300, 0, "adadelta", 64, 0);
}

static void
test_staged (void)
{
  if (!training_has_device ())
    return;
  g_setenv ("HILLOCK_STAGE_DATA", "1", TRUE);
  compare_lenet (300, 100, "adam", 64, 0.1);
  g_unsetenv ("HILLOCK_STAGE_DATA");
}

/* ---- The example projects ---- */

/* Samples of the shape that the network takes, as many classes as it tells. */
static HlDataset *
data_for (const HlGraph *graph, gsize n, gsize n_test)
{
  HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (HlPlan) plan = hl_plan_new (graph, &options, &error);
  HlShape shape;
  guint n_classes;
  gint32 *labels = g_new (gint32, n);
  guint8 *values;

  g_assert_no_error (error);
  shape = hl_plan_get_input (plan)->layer.output;
  n_classes = (guint) hl_shape_get_count (&hl_plan_get_output (plan)->layer.output);
  values = hl_dataset_alloc_values (n * hl_shape_get_count (&shape), &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < n * hl_shape_get_count (&shape); i++)
    values[i] = (guint8) (i * 2654435761u >> 24);
  for (gsize i = 0; i < n; i++)
    labels[i] = (gint32) (i % n_classes);
  return hl_dataset_new ("made", &shape, HL_DTYPE_U8, values, n, n_test, labels, n_classes, NULL);
}

static gboolean
is_large (const HlGraph *graph)
{
  HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 1 };
  g_autoptr (HlPlan) plan = hl_plan_new_partial (graph, &options);

  return hl_plan_get_parameter_count (plan) > 10000000;
}

static void
test_example (gconstpointer name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "examples", name, NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (HlGraph) graph = NULL;
  g_autoptr (HlRecipe) recipe = NULL;
  g_autoptr (HlDataSpec) spec = training_spec (0.1);
  g_autoptr (HlDataset) data = NULL;
  JsonObject *project;

  if (!training_has_device ())
    return;
  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  project = json_node_get_object (json_parser_get_root (parser));
  graph = hl_graph_from_json (json_object_get_member (project, "graph"), "graph", &error);
  g_assert_no_error (error);
  hl_graph_freeze (graph);
  recipe = hl_recipe_from_json (json_object_get_member (project, "recipe"), "recipe", &error);
  g_assert_no_error (error);
  recipe->epochs = 1;
  if (!g_test_slow () && is_large (graph))
    {
      g_test_skip ("training a network this large takes a minute; -m slow does it");
      return;
    }
  /* Two steps, and a part to validate and to test on. */
  data = data_for (graph, 2 * recipe->batch + recipe->batch / 2, recipe->batch / 4);
  compare (graph, data, recipe, spec, FALSE);
}

/* What cannot be planned is left out, and an unknown data set too. */
static void
test_faults (void)
{
  g_autoptr (HlGraph) graph = hl_graph_new ();
  g_autoptr (HlRecipe) recipe = hl_recipe_new ();
  g_autoptr (HlDataSpec) spec = hl_data_spec_new ();
  HlEstimate estimate;

  hl_estimate_training (&estimate, graph, recipe, NULL, spec, NULL);
  g_assert_cmpuint (estimate.weights + estimate.values + estimate.data + estimate.probe, ==, 0);
  hl_graph_add_node (graph, hl_layer_class_find ("conv2d"), 0, 0);
  hl_estimate_training (&estimate, graph, recipe, NULL, spec, NULL);
  g_assert_cmpuint (estimate.weights + estimate.values + estimate.data + estimate.probe, ==, 0);
}

int
main (int argc, char **argv)
{
  g_autoptr (GDir) folder = NULL;
  g_autofree char *path = NULL;
  const char *name;
  int result;

  g_test_init (&argc, &argv, NULL);
  training_init ();
  g_test_add_func ("/estimate/lenet", test_lenet_batches);
  g_test_add_func ("/estimate/staged", test_staged);
  g_test_add_func ("/estimate/faults", test_faults);
  path = g_test_build_filename (G_TEST_DIST, "..", "examples", NULL);
  folder = g_dir_open (path, 0, NULL);
  g_assert_nonnull (folder);
  while ((name = g_dir_read_name (folder)))
    if (g_str_has_suffix (name, ".hillock"))
      {
        g_autofree char *test = g_strconcat ("/estimate/example/", name, NULL);

        g_test_add_data_func_full (test, g_strdup (name), test_example, g_free);
      }
  result = g_test_run ();
  training_clear ();
  return result;
}
