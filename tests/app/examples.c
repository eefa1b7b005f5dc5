/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The example projects: each can be read and planned, is what the gallery opens, and those with golden data train as PyTorch
 * does, step by step. */

#include "app/project-state.h"

#include <glib/gstdio.h>
#include <math.h>

#include "engine/base/params-json.h"
#include "engine/exchange/safetensors.h"
#include "engine/graph/check.h"
#include "engine/train/trainer.h"
#include "tests/support/golden.h"
#include "tests/support/network.h"
#include "tests/support/training.h"

static HlProjectState *
load_example (const char *name)
{
  g_autofree char *base = g_strconcat (name, ".hillock", NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "examples", base, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  HlProjectState *state = hl_project_state_load (file, &error);

  g_assert_no_error (error);
  return state;
}

/* ---- All of them ---- */

/* Nothing to object to, not even a hint; and the network's input is what the generated data is. */
static void
check_state (const char *name, HlProjectState *state)
{
  const HlDataSpec *data = hl_project_state_get_data (state);
  const HlRecipe *recipe = hl_project_state_get_recipe (state);
  g_autoptr (GPtrArray) problems = hl_graph_check (hl_project_state_get_graph (state), recipe->loss->klass->name);
  g_autoptr (HlPlan) plan = NULL;
  g_autoptr (HlDataset) dataset = NULL;
  g_autoptr (HlChoice) format = hl_choice_copy (data->format);
  const HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 2 };
  g_autoptr (GError) error = NULL;
  const HlShape *shape;

  if (problems->len > 0)
    g_error ("%s: %s", name, ((HlProblem *) g_ptr_array_index (problems, 0))->text);
  if (data->path)
    return;
  plan = hl_plan_new (hl_project_state_get_graph (state), &options, &error);
  g_assert_no_error (error);
  hl_param_set (hl_class_find_param (format->klass, "count"), format->params, 10);
  hl_param_set (hl_class_find_param (format->klass, "test_count"), format->params, 0);
  dataset = hl_dataset_open (format, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  shape = &hl_plan_get_input (plan)->layer.output;
  g_assert_true (hl_shape_equal (shape, hl_dataset_get_shape (dataset)));
  if (g_str_equal (recipe->loss->klass->name, "cross_entropy"))
    g_assert_cmpuint (hl_plan_get_output (plan)->layer.output.dim[0], ==, hl_dataset_get_n_classes (dataset));
}

/* The gallery has every file of examples/, and opens just that, but for where the data lies on this computer. */
static void
test_gallery (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "..", "examples", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n_files = 0, n_templates = 0;

  g_assert_nonnull (dir);
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;)
    n_files += g_str_has_suffix (name, ".hillock");
  for (const HlTemplate *template = hl_template_list (); template->name; template++)
    {
      g_autoptr (HlProjectState) state = hl_template_new_state (template->name), file = NULL;

      g_assert_nonnull (state);
      if (g_str_equal (template->name, "empty"))
        continue;
      n_templates++;
      check_state (template->name, state);
      file = load_example (template->name);
      g_assert_true (hl_graph_equal (hl_project_state_get_graph (state), hl_project_state_get_graph (file)));
      g_assert_true (hl_recipe_equal (hl_project_state_get_recipe (state), hl_project_state_get_recipe (file)));
    }
  g_assert_cmpuint (n_templates, ==, n_files);
}

/* ---- Ten steps against PyTorch ---- */

/* The example's network without dropout, whose random numbers are nobody else's. */
static HlGraph *
dup_without_dropout (HlGraph *graph)
{
  HlGraph *copy = hl_graph_copy (graph);

  for (guint i = 0; i < hl_graph_get_n_nodes (copy); i++)
    {
      const HlNode *node = hl_graph_get_node (copy, i);

      if (g_str_equal (node->klass->base.name, "dropout"))
        hl_param_set (hl_class_find_param (&node->klass->base, "p"), hl_graph_get_params (copy, node->id), 0);
    }
  hl_graph_freeze (copy);
  return copy;
}

/* Start values under PyTorch's names, which are those of our layers; a batch norm's statistics begin at 0 and 1. */
static void
add_weight (HlTensorFile *tensors, const HlPlanWeight *weight, GHashTable *golden)
{
  JsonObject *info = g_hash_table_lookup (golden, weight->name);
  g_autofree float *values = g_new (float, weight->n);
  guint64 dim[HL_MAX_DIMS];
  double offset = info ? json_object_get_double_member (info, "offset") : g_str_has_suffix (weight->name, ".running_var");
  double scale = info ? json_object_get_double_member (info, "scale") : 0;

  g_assert_true (info || g_str_has_suffix (weight->name, ".running_var") || g_str_has_suffix (weight->name, ".running_mean"));
  g_hash_table_remove (golden, weight->name);
  for (guint d = 0; d < weight->spec->shape.n_dims; d++)
    dim[d] = weight->spec->shape.dim[d];
  test_formula (g_str_hash (weight->name), weight->n, scale, values);
  for (gsize i = 0; offset != 0 && i < weight->n; i++)
    values[i] = (float) ((double) values[i] + offset);
  hl_tensor_file_add_f32 (tensors, weight->name, weight->spec->shape.n_dims, dim, values);
}

static void
set_weights (HlTrainer *trainer, JsonArray *weights)
{
  const HlPlan *plan = hl_trainer_get_plan (trainer);
  g_autoptr (HlTensorFile) tensors = hl_tensor_file_new ();
  g_autoptr (GHashTable) golden = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GFile) file = training_file ("example.safetensors");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < json_array_get_length (weights); i++)
    {
      JsonObject *info = json_array_get_object_element (weights, i);

      g_hash_table_insert (golden, (gpointer) json_object_get_string_member (info, "name"), info);
    }
  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    add_weight (tensors, hl_plan_get_weight (plan, i), golden);
  g_assert_cmpuint (g_hash_table_size (golden), ==, 0);
  hl_tensor_file_write (tensors, file, &error);
  g_assert_no_error (error);
  hl_trainer_load_weights (trainer, file, NULL, &error);
  g_assert_no_error (error);
  g_file_delete (file, NULL, NULL);
}

static HlTrainer *
new_trainer (HlProjectState *state, JsonObject *info)
{
  guint batch = (guint) json_object_get_int_member (info, "batch");
  g_autoptr (HlGraph) graph = dup_without_dropout (hl_project_state_get_graph (state));
  g_autoptr (HlRecipe) recipe = hl_recipe_copy (hl_project_state_get_recipe (state));
  const HlPlanOptions options = { .batch = batch, .lanes = 16, .compute_units = 2 };
  g_autoptr (HlDataSpec) spec = training_spec (0);
  g_autoptr (HlDataset) data = NULL;
  g_autoptr (HlPlan) plan = NULL;
  g_autoptr (GError) error = NULL;
  HlTrainer *trainer;

  plan = hl_plan_new (graph, &options, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hl_plan_get_parameter_count (plan), ==, json_object_get_int_member (info, "parameters"));
  data = test_bands (&hl_plan_get_input (plan)->layer.output, (guint) json_object_get_int_member (info, "classes"), 10 * batch);
  /* The project's optimizer but for what examples.py says. */
  hl_params_from_json (recipe->optimizer->klass, recipe->optimizer->params, json_object_get_member (info, "optimizer"), "p", &error);
  g_assert_no_error (error);
  recipe->batch = batch;
  recipe->epochs = 1;
  trainer = training_new (graph, recipe, data, spec, TRUE, &error);
  g_assert_no_error (error);
  set_weights (trainer, json_object_get_array_member (info, "weights"));
  return trainer;
}

static void
test_steps (gconstpointer data)
{
  guint number = GPOINTER_TO_UINT (data);
  g_autoptr (GoldenFile) golden = golden_file_open ("examples");
  JsonObject *info = golden_file_get_case (golden, number);
  g_autoptr (HlProjectState) state = load_example (json_object_get_string_member (info, "example"));
  g_autofree char *losses = g_strdup_printf ("%u.losses", number);
  g_autofree float *expected = golden_file_read (golden, losses, 10);
  g_autoptr (HlTrainer) trainer = NULL;
  g_autoptr (GError) error = NULL;
  HlStepResult results[16];
  guint n;

  if (!training_has_device ())
    return;
  trainer = new_trainer (state, info);
  for (guint i = 0; i < 10; i++)
    {
      HlStep step;

      hl_trainer_step (trainer, &step, &error);
      g_assert_no_error (error);
      g_assert_cmpint (step.kind, ==, HL_STEP_TRAIN);
    }
  g_assert_true (hl_trainer_poll (trainer, TRUE, results, G_N_ELEMENTS (results), &n, &error));
  g_assert_cmpuint (n, ==, 10);
  for (guint i = 0; i < 10; i++)
    {
      g_test_message ("step %u: %.8f, PyTorch %.8f, off by %.1e", i, results[i].loss, expected[i],
                      fabs (results[i].loss - expected[i]) / expected[i]);
      g_assert_cmpfloat (fabs (results[i].loss - expected[i]), <=, 1e-5 * expected[i]);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GoldenFile) golden = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  training_init ();
  g_test_add_func ("/examples/gallery", test_gallery);
  golden = golden_file_open ("examples");
  for (guint i = 0; i < golden_file_get_n_cases (golden); i++)
    {
      g_autofree char *path = g_strconcat ("/examples/steps/",
                                           json_object_get_string_member (golden_file_get_case (golden, i), "example"), NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_steps);
    }
  result = g_test_run ();
  training_clear ();
  return result;
}
