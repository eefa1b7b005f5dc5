/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recurrent layers where the contract does not look: the example bilstm-rows step by step against PyTorch, and what they and
 * the norms refuse. */

#include <math.h>
#include <string.h>

#include "engine/base/params-json.h"
#include "engine/exchange/safetensors.h"
#include "tests/support/golden.h"
#include "tests/support/network.h"
#include "tests/support/training.h"
#include "tests/support/walk.h"

#define HIDDEN 64

static HlGraph *
make_rows (void)
{
  return test_network ("input:channels=1;height=28;width=28 reshape:size_1=28;size_2=28:rows "
                       "lstm:hidden=64;bidirectional=1:lstm linear:units=10:linear");
}

/* The weights of tests/tools/golden/bilstm.py, under the names that PyTorch gives them. */
static GFile *
write_weights (const HlPlan *plan, JsonArray *names)
{
  g_autoptr (HlTensorFile) tensors = hl_tensor_file_new ();
  GFile *file = training_file ("bilstm.safetensors");
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (hl_plan_get_n_weights (plan), ==, json_array_get_length (names));
  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);
      g_autofree float *values = g_new (float, weight->n);
      guint64 dim[HL_MAX_DIMS];

      g_assert_cmpstr (weight->name, ==, json_array_get_string_element (names, i));
      for (guint d = 0; d < weight->spec->shape.n_dims; d++)
        dim[d] = weight->spec->shape.dim[d];
      test_formula (300 + i, weight->n, 1 / sqrt (i < 8 ? HIDDEN : 2 * HIDDEN), values);
      hl_tensor_file_add_f32 (tensors, weight->name, weight->spec->shape.n_dims, dim, values);
    }
  g_assert_true (hl_tensor_file_write (tensors, file, &error));
  return file;
}

static void
run_rows (GoldenFile *golden, guint number, HlDataset *data)
{
  JsonObject *info = golden_file_get_case (golden, number);
  g_autoptr (HlRecipe) recipe = training_recipe (json_object_get_string_member (info, "optimizer"), NULL, 64, 1);
  g_autoptr (HlGraph) graph = make_rows ();
  g_autofree char *losses = g_strdup_printf ("%u.losses", number);
  g_autofree float *expected = golden_file_read (golden, losses, 10);
  g_autoptr (HlDataSpec) spec = training_spec (0);
  g_autoptr (HlTrainer) trainer = NULL;
  g_autoptr (GFile) weights = NULL;
  g_autoptr (GError) error = NULL;
  HlStepResult results[16];
  guint n;

  hl_params_from_json (recipe->optimizer->klass, recipe->optimizer->params, json_object_get_member (info, "params"), "p", &error);
  g_assert_no_error (error);
  trainer = training_new (graph, recipe, data, spec, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hl_plan_get_parameter_count (hl_trainer_get_plan (trainer)), ==, 49418);
  weights = write_weights (hl_trainer_get_plan (trainer), json_object_get_array_member (info, "names"));
  g_assert_true (hl_trainer_load_weights (trainer, weights, NULL, &error));
  for (guint i = 0; i < 10; i++)
    {
      HlStep step;

      g_assert_true (hl_trainer_step (trainer, &step, &error));
      g_assert_cmpint (step.kind, ==, HL_STEP_TRAIN);
    }
  g_assert_true (hl_trainer_poll (trainer, TRUE, results, G_N_ELEMENTS (results), &n, &error));
  g_assert_cmpuint (n, ==, 10);
  for (guint i = 0; i < 10; i++)
    {
      g_test_message ("%s step %u: %.7f, PyTorch %.7f", recipe->optimizer->klass->name, i, results[i].loss, expected[i]);
      g_assert_cmpfloat (fabs (results[i].loss - expected[i]), <=, 1e-5 * fmin (1, expected[i]));
    }
}

static void
test_rows (void)
{
  g_autoptr (GoldenFile) golden = golden_file_open ("bilstm");
  g_autoptr (HlDataset) data = test_images (640, 0);

  if (training_has_device ())
    for (guint i = 0; i < golden_file_get_n_cases (golden); i++)
      run_rows (golden, i, data);
}

/* ---- What is refused ---- */

static void
assert_refused (const char *layer, const char *params, HlShape shape, const char *words)
{
  const HlLayerClass *klass = hl_layer_class_find (layer);
  const HlPlanOptions options = { .batch = 64, .lanes = 16, .compute_units = 2, .training = TRUE };
  g_autofree gpointer values = hl_class_new_params (&klass->base);
  HlLayerPlan plan = { 0 };
  g_autoptr (GError) error = NULL;

  test_set_params (&klass->base, values, params);
  g_assert_false (klass->plan (values, &options, 1, &shape, &plan, &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE);
  g_test_message ("%s %s", layer, error->message);
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_refused (void)
{
  assert_refused ("lstm", NULL, HL_SHAPE_3 (1, 28, 28), "1×28×28");
  assert_refused ("gru", NULL, HL_SHAPE_1 (28), "28");
  assert_refused ("rnn", "layers=8;bidirectional=1", HL_SHAPE_2 (5, 3), "64 weight tensors");
  assert_refused ("lstm", "hidden=8192", HL_SHAPE_2 (100000, 3), "100000 time steps");
  assert_refused ("gru", "hidden=8192", HL_SHAPE_2 (2, 1 << 24), "16777216 features");
  assert_refused ("layer_norm", "axes=3", HL_SHAPE_2 (5, 3), "last 3 axes");
  assert_refused ("group_norm", "groups=3", HL_SHAPE_3 (4, 2, 2), "4 channels into 3");
  assert_refused ("instance_norm", NULL, HL_SHAPE_1 (5), "2 pixels");
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  training_init ();
  g_test_add_func ("/recurrent/rows", test_rows);
  g_test_add_func ("/recurrent/refused", test_refused);
  result = g_test_run ();
  training_clear ();
  return result;
}
