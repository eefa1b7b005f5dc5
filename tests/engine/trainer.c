/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlTrainer: LeNet-5 step by step against PyTorch, what each call returns, scores, and everything that must be refused. */

#include "engine/train/trainer.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "engine/base/params-json.h"
#include "engine/exchange/safetensors.h"
#include "tests/support/golden.h"
#include "tests/support/network.h"
#include "tests/support/training.h"
#include "tests/support/walk.h"

/* ---- LeNet-5 against PyTorch ---- */

static GFile *
write_lenet_weights (void)
{
  static const struct { const char *name; guint n_dims; guint64 dim[4]; } layers[] = {
    { "conv1", 4, { 6, 1, 5, 5 } }, { "conv2", 4, { 16, 6, 5, 5 } }, { "linear1", 2, { 120, 400 } },
    { "linear2", 2, { 84, 120 } }, { "linear3", 2, { 10, 84 } },
  };
  g_autoptr (HlTensorFile) tensors = hl_tensor_file_new ();
  GFile *file = training_file ("lenet.safetensors");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (layers); i++)
    {
      gsize fan_in = 1;
      double bound;

      for (guint d = 1; d < layers[i].n_dims; d++)
        fan_in *= layers[i].dim[d];
      bound = 1 / sqrt ((double) fan_in);
      for (guint part = 0; part < 2; part++)
        {
          gsize n = part == 0 ? layers[i].dim[0] * fan_in : layers[i].dim[0];
          g_autofree char *name = g_strconcat (layers[i].name, part == 0 ? ".weight" : ".bias", NULL);
          g_autofree float *values = g_new (float, n);

          test_formula (100 + 2 * i + part, n, bound, values);
          hl_tensor_file_add_f32 (tensors, name, part == 0 ? layers[i].n_dims : 1, layers[i].dim, values);
        }
    }
  g_assert_true (hl_tensor_file_write (tensors, file, &error));
  return file;
}

/* The generator's formulas are ours. */
static void
test_formula_is_shared (void)
{
  g_autoptr (GoldenFile) golden = golden_file_open ("lenet");
  g_autoptr (HlDataset) data = test_images (640, 0);
  g_autofree float *image = golden_file_read (golden, "sample.image", 784), *weight = golden_file_read (golden, "sample.weight", 150);
  float here[784];

  hl_dataset_read_sample (data, 3, here);
  g_assert_cmpmem (image, 784 * sizeof (float), here, sizeof here);
  test_formula (102, 150, 1 / sqrt (150), here);
  g_assert_cmpmem (weight, 150 * sizeof (float), here, 150 * sizeof (float));
}

static GArray *
class_weights (JsonArray *array)
{
  GArray *weights = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      double weight = json_array_get_double_element (array, i);

      g_array_append_val (weights, weight);
    }
  return weights;
}

static void
run_lenet (GoldenFile *golden, guint number, HlDataset *data, GFile *weights)
{
  JsonObject *info = golden_file_get_case (golden, number);
  g_autoptr (HlRecipe) recipe = training_recipe (json_object_get_string_member (info, "optimizer"), NULL, 64, 1);
  g_autoptr (HlGraph) graph = test_lenet ();
  g_autofree char *losses = g_strdup_printf ("%u.losses", number), *accuracies = g_strdup_printf ("%u.accuracies", number);
  g_autofree float *expected_loss = golden_file_read (golden, losses, 10);
  g_autofree float *expected_accuracy = golden_file_read (golden, accuracies, 10);
  g_autoptr (HlDataSpec) spec = training_spec (0);
  g_autoptr (HlTrainer) trainer = NULL;
  g_autoptr (GError) error = NULL;
  HlStepResult results[16];
  guint n;

  hl_params_from_json (recipe->optimizer->klass, recipe->optimizer->params, json_object_get_member (info, "params"), "p", &error);
  g_assert_no_error (error);
  hl_choice_free (recipe->loss);
  recipe->loss = hl_choice_new (hl_loss_class_find_base (json_object_get_string_member (info, "loss")));
  hl_params_from_json (recipe->loss->klass, recipe->loss->params, json_object_get_member (info, "loss_params"), "p", &error);
  g_assert_no_error (error);
  if (json_object_has_member (info, "class_weights"))
    recipe->class_weights = class_weights (json_object_get_array_member (info, "class_weights"));
  trainer = training_new (graph, recipe, data, spec, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hl_plan_get_parameter_count (hl_trainer_get_plan (trainer)), ==, 61706);
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
      g_test_message ("%s %s step %u: %.7f, PyTorch %.7f", recipe->loss->klass->name, recipe->optimizer->klass->name, i,
                      results[i].loss, expected_loss[i]);
      g_assert_cmpfloat (fabs (results[i].loss - expected_loss[i]), <=, 1e-5 * fmin (1, expected_loss[i]));
      /* An accuracy may differ by one sample of 64 where two outputs are all but equal. */
      g_assert_cmpfloat (fabs (results[i].accuracy - expected_accuracy[i]), <=, 1.01 / 64);
    }
}

static void
test_lenet_steps (void)
{
  g_autoptr (GoldenFile) golden = golden_file_open ("lenet");
  g_autoptr (HlDataset) data = test_images (640, 0);
  g_autoptr (GFile) weights = write_lenet_weights ();

  if (training_has_device ())
    for (guint i = 0; i < golden_file_get_n_cases (golden); i++)
      run_lenet (golden, i, data, weights);
}

/* ---- Steps ---- */

static void
assert_score (HlScore a, HlScore b)
{
  g_assert_cmpuint (a.n, ==, b.n);
  g_assert_cmpfloat (fabs (a.loss - b.loss), <=, 1e-6 * (1 + fabs (b.loss)));
  /* Accuracies of single steps are floats. */
  g_assert_cmpfloat (fabs (a.accuracy - b.accuracy), <=, 1e-7);
}

/* Two epochs of 21 batches, the last one short; then the test part. */
static void
test_sequence (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("adam", NULL, 16, 2);
  g_autoptr (HlDataset) data = test_small_images (500, 100);
  g_autoptr (HlTrainer) trainer = NULL;
  g_autoptr (GError) error = NULL;
  HlStepResult results[64];
  HlScore score;
  HlStep step;
  guint n, n_classes;
  gsize n_predictions, n_right = 0;
  const HlSplit *split;

  if (!training_has_device ())
    return;
  trainer = training_new_small (recipe, data, &error);
  g_assert_no_error (error);
  split = hl_trainer_get_split (trainer);
  g_assert_null (hl_trainer_get_confusion (trainer, &n_classes));
  for (guint epoch = 0; epoch < 2; epoch++)
    {
      HlScore sum = { 0 };
      const guint32 *confusion, *indices;
      const gint32 *predictions;

      for (guint i = 0; i < 20; i++)
        {
          g_assert_true (hl_trainer_step (trainer, &step, &error));
          g_assert_cmpint (step.kind, ==, HL_STEP_TRAIN);
          g_assert_cmpuint (step.epoch, ==, epoch);
          g_assert_cmpuint (step.step, ==, epoch * 20 + i + 1);
          g_assert_cmpuint (step.batch, ==, 16);
        }
      g_assert_true (hl_trainer_poll (trainer, TRUE, results, 64, &n, &error));
      g_assert_cmpuint (n, ==, 20);
      for (guint i = 0; i < n; i++)
        {
          g_assert_cmpuint (results[i].step, ==, epoch * 20 + i + 1);
          g_assert_cmpuint (results[i].epoch, ==, epoch);
          sum.loss += results[i].loss * results[i].batch / 320;
          sum.accuracy += results[i].accuracy * results[i].batch / 320;
          sum.n += results[i].batch;
        }
      for (guint i = 0; i < 2; i++)
        {
          g_assert_true (hl_trainer_step (trainer, &step, &error));
          g_assert_cmpint (step.kind, ==, HL_STEP_VALIDATE);
          g_assert_cmpuint (step.batch, ==, i == 0 ? 64 : 16);
        }
      g_assert_true (hl_trainer_step (trainer, &step, &error));
      g_assert_cmpint (step.kind, ==, HL_STEP_EPOCH_END);
      g_assert_cmpuint (step.epoch, ==, epoch);
      assert_score (step.train, sum);
      g_assert_true (hl_trainer_evaluate (trainer, HL_PART_VALIDATION, &score, &error));
      assert_score (step.validation, score);

      confusion = hl_trainer_get_confusion (trainer, &n_classes);
      predictions = hl_trainer_get_predictions (trainer, &n_predictions);
      indices = hl_split_get_indices (split, HL_PART_VALIDATION, &n_predictions);
      g_assert_cmpuint (n_classes, ==, 4);
      n_right = 0;
      for (guint label = 0; label < 4; label++)
        for (guint k = 0; k < 4; k++)
          {
            guint count = 0;

            for (gsize i = 0; i < n_predictions; i++)
              count += hl_dataset_get_labels (data)[indices[i]] == (gint32) label && predictions[i] == (gint32) k;
            g_assert_cmpuint (confusion[label * 4 + k], ==, count);
            n_right += label == k ? count : 0;
          }
      g_assert_cmpfloat (fabs ((double) n_right / (double) n_predictions - score.accuracy), <=, 1e-9);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (hl_trainer_step (trainer, &step, &error));
      g_assert_cmpint (step.kind, ==, HL_STEP_TEST);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (hl_trainer_step (trainer, &step, &error));
      g_assert_cmpint (step.kind, ==, HL_STEP_DONE);
      g_assert_cmpuint (step.test.n, ==, 100);
      g_assert_true (hl_trainer_evaluate (trainer, HL_PART_TEST, &score, &error));
      assert_score (step.test, score);
    }
  g_assert_cmpfloat (score.accuracy, >, 0.5);
}

/* However results are asked for, they are the same, in order and complete; and so are the weights. */
static void
test_polling (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("sgd", "learning_rate=0.05;momentum=0.9", 16, 3);
  g_autoptr (HlDataset) data = test_small_images (500, 0);
  char *sha[3];
  GArray *series[3];

  if (!training_has_device ())
    return;
  for (guint way = 0; way < 3; way++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HlTrainer) trainer = training_new_small (recipe, data, &error);
      HlStepResult results[5];
      HlStep step = { 0 };
      guint n;

      g_assert_no_error (error);
      series[way] = g_array_new (FALSE, FALSE, sizeof (HlStepResult));
      while (step.kind != HL_STEP_DONE)
        {
          g_assert_true (hl_trainer_step (trainer, &step, &error));
          if (way == 0)
            continue;
          g_assert_true (hl_trainer_poll (trainer, way == 2, results, 5, &n, &error));
          g_array_append_vals (series[way], results, n);
          if (way == 2 && step.kind == HL_STEP_TRAIN)
            g_assert_cmpuint (series[way]->len, ==, step.step);
        }
      do
        {
          g_assert_true (hl_trainer_poll (trainer, TRUE, results, 5, &n, &error));
          g_array_append_vals (series[way], results, n);
        }
      while (n > 0);
      g_assert_cmpuint (series[way]->len, ==, hl_trainer_get_n_steps (trainer));
      sha[way] = hl_trainer_get_weights_sha256 (trainer, &error);
      g_assert_cmpstr (sha[way], ==, sha[0]);
      g_assert_cmpmem (series[way]->data, series[way]->len * sizeof (HlStepResult), series[0]->data,
                       series[0]->len * sizeof (HlStepResult));
    }
  for (guint way = 0; way < 3; way++)
    {
      g_free (sha[way]);
      g_array_unref (series[way]);
    }
}

/* One batch again and again: a network that can learn at all learns it by heart. */
static void
test_memorise (void)
{
  static const char *const optimizers[][2] = {
    { "adam", "learning_rate=0.002" }, { "adamw", "learning_rate=0.002" }, { "sgd", "learning_rate=0.02;momentum=0.9" },
  };
  gsize n = 32;

  for (guint k = 0; k < G_N_ELEMENTS (optimizers) && training_has_device (); k++)
    {
      g_autoptr (HlRecipe) recipe = training_recipe (optimizers[k][0], optimizers[k][1], 32, 150);
      g_autoptr (GError) error = NULL;
      float *values = hl_dataset_alloc_values (n * 784 * sizeof (float), &error);
      gint32 *labels = g_new (gint32, n);
      g_autoptr (HlDataset) data = NULL;
      g_autoptr (HlGraph) graph = test_lenet ();
      g_autoptr (HlDataSpec) spec = training_spec (0);
      g_autoptr (HlTrainer) trainer = NULL;
      HlStep step = { 0 };
      HlScore score;

      /* Pure noise: nothing to find but the samples themselves. */
      test_formula (9, n * 784, 1, values);
      for (gsize i = 0; i < n; i++)
        labels[i] = (gint32) (i * 3 % 10);
      data = hl_dataset_new ("noise", &HL_SHAPE_3 (1, 28, 28), HL_DTYPE_F32, values, n, 0, labels, 10, NULL);
      trainer = training_new (graph, recipe, data, spec, FALSE, &error);
      g_assert_no_error (error);
      g_assert_true (hl_trainer_evaluate (trainer, HL_PART_TRAIN, &score, &error));
      g_assert_cmpfloat (score.loss, >, 2);
      while (step.kind != HL_STEP_DONE)
        g_assert_true (hl_trainer_step (trainer, &step, &error));
      g_assert_true (hl_trainer_evaluate (trainer, HL_PART_TRAIN, &score, &error));
      g_test_message ("%s: loss %g", optimizers[k][0], score.loss);
      g_assert_cmpfloat (score.accuracy, ==, 1);
      g_assert_cmpfloat (score.loss, <, 0.02);
    }
}

/* Seeds, and the batches of an evaluation, which must not matter. */
static void
test_seeds (void)
{
  g_autoptr (HlDataset) data = test_small_images (300, 60);
  g_autofree char *first = NULL;

  for (guint i = 0; i < 3 && training_has_device (); i++)
    {
      g_autoptr (HlRecipe) recipe = training_recipe ("adam", NULL, i == 2 ? 64 : 16, 1);
      g_autoptr (GError) error = NULL;
      g_autoptr (HlTrainer) trainer = NULL;
      g_autofree char *sha = NULL;

      recipe->seed = i == 1 ? 2 : 1;
      trainer = training_new_small (recipe, data, &error);
      g_assert_no_error (error);
      sha = hl_trainer_get_weights_sha256 (trainer, &error);
      if (i == 0)
        first = g_steal_pointer (&sha);
      else
        g_assert_true (g_str_equal (sha, first) == (i == 2));
    }
}

static void
test_evaluation_batch (void)
{
  g_autoptr (HlDataset) data = test_small_images (300, 61);
  HlScore scores[3][HL_N_PARTS];

  if (!training_has_device ())
    return;
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (HlRecipe) recipe = training_recipe ("adam", NULL, ((guint[]) { 5, 64, 100 })[i], 1);
      g_autoptr (GError) error = NULL;
      g_autoptr (HlTrainer) trainer = training_new_small (recipe, data, &error);

      g_assert_no_error (error);
      for (guint part = 0; part < HL_N_PARTS; part++)
        {
          g_assert_true (hl_trainer_evaluate (trainer, part, &scores[i][part], &error));
          assert_score (scores[i][part], scores[0][part]);
        }
      g_assert_cmpuint (scores[i][HL_PART_TEST].n, ==, 61);
    }
}

/* Scores asked for in the middle of things change nothing about the run. */
static void
test_evaluation_between (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("adam", NULL, 16, 1);
  g_autoptr (HlDataset) data = test_small_images (550, 100);
  char *sha[2] = { NULL };
  HlScore validation[2], test[2];

  if (!training_has_device ())
    return;
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HlTrainer) trainer = training_new_small (recipe, data, &error);
      guint n_asked = 0;
      HlStep step = { 0 };

      g_assert_no_error (error);
      while (step.kind != HL_STEP_DONE)
        {
          HlScore score;

          g_assert_true (hl_trainer_step (trainer, &step, &error));
          if (step.kind == HL_STEP_EPOCH_END)
            validation[i] = step.validation;
          /* Once in each: training, validating, testing; a disturbed evaluation begins again, but only once. */
          if (i == 1 && n_asked < 3 && step.kind == ((HlStepKind[]) { HL_STEP_TRAIN, HL_STEP_VALIDATE, HL_STEP_TEST })[n_asked])
            {
              g_assert_true (hl_trainer_evaluate (trainer, n_asked == 1 ? HL_PART_TEST : HL_PART_VALIDATION, &score, &error));
              g_assert_cmpuint (score.n, ==, n_asked == 1 ? 100 : 90);
              n_asked++;
            }
        }
      g_assert_cmpuint (n_asked, ==, i == 1 ? 3 : 0);
      test[i] = step.test;
      sha[i] = hl_trainer_get_weights_sha256 (trainer, &error);
    }
  g_assert_cmpstr (sha[0], ==, sha[1]);
  assert_score (validation[1], validation[0]);
  assert_score (test[1], test[0]);
  g_free (sha[0]);
  g_free (sha[1]);
}

/* The probe sees what the evaluation saw, node by node. */
static void
test_probe (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("adam", "learning_rate=0.01", 16, 1);
  g_autoptr (HlDataset) data = test_small_images (200, 0);
  g_autoptr (HlTrainer) trainer = NULL;
  g_autoptr (GError) error = NULL;
  HlStep step = { 0 };
  const gint32 *predictions;
  const guint32 *indices;
  gsize n;

  if (!training_has_device ())
    return;
  trainer = training_new_small (recipe, data, &error);
  g_assert_no_error (error);
  while (step.kind != HL_STEP_EPOCH_END)
    g_assert_true (hl_trainer_step (trainer, &step, &error));
  predictions = hl_trainer_get_predictions (trainer, &n);
  indices = hl_split_get_indices (hl_trainer_get_split (trainer), HL_PART_VALIDATION, &n);
  for (gsize i = 0; i < n; i += 7)
    {
      float sample[64], logits[4], relu[4 * 64];
      guint best = 0;
      HlExecutor *probe;
      const HlGraph *graph = hl_plan_get_graph (hl_trainer_get_plan (trainer));

      hl_dataset_read_sample (data, indices[i], sample);
      probe = hl_trainer_probe (trainer, sample, &error);
      g_assert_no_error (error);
      g_assert_true (hl_executor_read (probe, hl_graph_find_name (graph, "answer")->id, FALSE, 1, logits, 4, &error));
      for (guint c = 1; c < 4; c++)
        if (logits[c] > logits[best])
          best = c;
      g_assert_cmpint (predictions[i], ==, best);
      /* Fused away in training, but there in the probe. */
      g_assert_true (hl_executor_read (probe, hl_graph_find_name (graph, "active")->id, FALSE, 1, relu, 4 * 64, &error));
      for (guint k = 0; k < 4 * 64; k++)
        g_assert_cmpfloat (relu[k], >=, 0);
    }
}

/* ---- What goes wrong ---- */

static void
test_not_finite (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("sgd", "learning_rate=1000000000", 16, 5);
  g_autoptr (HlDataset) data = test_small_images (500, 0);
  g_autoptr (HlTrainer) trainer = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) file = training_file ("diverged.safetensors");
  HlStepResult results[200];
  HlStep step;
  guint n;

  if (!training_has_device ())
    return;
  trainer = training_new_small (recipe, data, &error);
  g_assert_no_error (error);
  while (hl_trainer_step (trainer, &step, &error))
    g_assert_cmpint (step.kind, !=, HL_STEP_DONE);
  g_assert_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_NOT_FINITE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "step"));
  g_assert_nonnull (strstr (error->message, "1e+09"));
  g_assert_nonnull (strstr (error->message, "smaller learning rate"));
  g_clear_error (&error);
  /* Every result up to the bad one, then the error again. */
  g_assert_true (hl_trainer_poll (trainer, TRUE, results, 200, &n, &error));
  g_assert_cmpuint (n, >, 0);
  g_assert_false (isfinite (results[n - 1].loss) && n > 1 && !isfinite (results[n - 2].loss));
  g_assert_false (hl_trainer_poll (trainer, TRUE, results, 200, &n, &error));
  g_assert_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_NOT_FINITE);
  g_clear_error (&error);
  g_assert_false (hl_trainer_save_checkpoint (trainer, file, &error));
  g_assert_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_NOT_FINITE);
  g_assert_false (g_file_query_exists (file, NULL));
}

static void
refuse (const char *network, guint batch, GQuark domain, int code, const char *part)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("adam", NULL, batch, 1);
  g_autoptr (HlDataset) data = test_small_images (100, 0);
  g_autoptr (HlGraph) graph = test_network (network);
  g_autoptr (HlDataSpec) spec = training_spec (0.2);
  g_autoptr (GError) error = NULL;
  g_autoptr (HlTrainer) trainer = training_new (graph, recipe, data, spec, FALSE, &error);

  g_assert_null (trainer);
  g_assert_error (error, domain, code);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” is not in: %s", part, error->message);
}

static void
test_settings (void)
{
#define INPUT "input:channels=1;height=8;width=8"
  if (!training_has_device ())
    return;
  refuse (INPUT " flatten linear:units=7", 16, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS, "7 outputs, but the data has 4 classes");
  refuse (INPUT " conv2d:filters=4", 16, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS, "4×4×4");
  refuse (INPUT " flatten linear:units=4", 81, HL_DATA_ERROR, HL_DATA_ERROR_SPLIT, "81");
  refuse ("input:channels=1;height=2;width=2 flatten", 16, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS, "no weights");
  refuse ("input:channels=3;height=8;width=8 flatten linear:units=4", 16, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, "3×8×8");
  refuse (INPUT " flatten linear:units=4", 0, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS, "0");
}

/* ---- Weights ---- */

static void
test_weights (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("adam", NULL, 16, 1), other_seed = training_recipe ("adam", NULL, 16, 1);
  g_autoptr (HlDataset) data = test_small_images (100, 0);
  g_autoptr (HlTrainer) trainer = NULL, other = NULL;
  g_autoptr (GFile) file = training_file ("weights.safetensors"), partly = training_file ("partly.safetensors");
  g_autoptr (HlTensorFile) wrong = hl_tensor_file_new ();
  g_autofree char *sha = NULL, *before = NULL, *after = NULL, *kept = NULL;
  g_autoptr (GError) error = NULL;
  float values[4] = { 0 };

  if (!training_has_device ())
    return;
  other_seed->seed = 99;
  trainer = training_new_small (recipe, data, &error);
  other = training_new_small (other_seed, data, &error);
  g_assert_no_error (error);
  sha = hl_trainer_get_weights_sha256 (trainer, &error);
  before = hl_trainer_get_weights_sha256 (other, &error);
  g_assert_cmpstr (sha, !=, before);
  g_assert_cmpuint (strlen (sha), ==, 64);

  hl_tensor_file_add_f32 (wrong, "conv.bias", 1, (guint64[]) { 3 }, values);
  hl_tensor_file_add_f32 (wrong, "answer.bias", 1, (guint64[]) { 4 }, values);
  hl_tensor_file_add_f32 (wrong, "fc.weight", 1, (guint64[]) { 1 }, values);
  g_assert_true (hl_tensor_file_write (wrong, partly, &error));
  g_assert_false (hl_trainer_load_weights (other, partly, NULL, &error));
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "“conv.weight”"));
  g_assert_nonnull (strstr (error->message, "“conv.bias” is 3 instead of 4"));
  g_assert_nonnull (strstr (error->message, "Unknown here: “fc.weight”"));
  g_clear_error (&error);
  kept = hl_trainer_get_weights_sha256 (other, &error);
  g_assert_cmpstr (kept, ==, before);

  g_assert_true (hl_trainer_save_weights (trainer, file, &error));
  g_assert_true (hl_trainer_load_weights (other, file, NULL, &error));
  g_assert_no_error (error);
  after = hl_trainer_get_weights_sha256 (other, &error);
  g_assert_cmpstr (after, ==, sha);
}

/* Layers that are to start from a file take their weights, no others do, and without them the file is refused. */
static void
test_chosen_weights (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("adam", NULL, 16, 1), other_seed = training_recipe ("adam", NULL, 16, 1);
  g_autoptr (HlDataset) data = test_small_images (100, 0);
  g_autoptr (HlChoice) from_file = hl_choice_new (hl_initializer_class_find_base ("from_file"));
  g_autoptr (HlTrainer) trainer = NULL, other = NULL;
  g_autoptr (HlDataSpec) spec = training_spec (0.2);
  g_autoptr (HlGraph) graph = NULL, changed = NULL;
  g_autoptr (GFile) whole = training_file ("all.safetensors"), result = training_file ("taken.safetensors"),
                    foreign = training_file ("without.safetensors");
  g_autoptr (HlTensorFile) from = NULL, read = NULL, empty = hl_tensor_file_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  float a[400], b[400];
  guint n_missing = 9;

  if (!training_has_device ())
    return;
  other_seed->seed = 99;
  trainer = training_new_small (recipe, data, &error);
  g_assert_true (hl_trainer_check_no_file (trainer, &error) && hl_trainer_save_weights (trainer, whole, &error));
  graph = test_network ("input:channels=1;height=8;width=8 conv2d:filters=4;size_y=3;size_x=3:conv flatten linear:units=4:answer");
  changed = hl_graph_copy (graph);
  for (guint i = 0; i < hl_graph_get_n_nodes (changed); i++)
    if (g_str_equal (hl_graph_get_node (changed, i)->name, "conv"))
      hl_graph_set_init (changed, hl_graph_get_node (changed, i)->id, FALSE, from_file);
  hl_graph_freeze (changed);
  other = training_new (changed, other_seed, data, spec, FALSE, &error);
  g_assert_no_error (error);
  g_assert_false (hl_trainer_check_no_file (other, &error));
  g_assert_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "“conv.weight”"));
  g_clear_error (&error);
  g_assert_true (hl_trainer_load_some_weights (other, whole, &report, &n_missing, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_missing, ==, 0);
  g_assert_nonnull (strstr (report, "conv.weight"));
  g_assert_null (strstr (report, "answer.weight"));
  g_assert_true (hl_trainer_save_weights (other, result, &error));
  from = hl_tensor_file_open (whole, &error);
  read = hl_tensor_file_open (result, &error);
  g_assert_true (hl_tensor_file_read_f32 (from, hl_tensor_file_find (from, "conv.weight"), a, &error)
                 && hl_tensor_file_read_f32 (read, hl_tensor_file_find (read, "conv.weight"), b, &error));
  g_assert_cmpmem (a, 9 * sizeof (float), b, 9 * sizeof (float));
  g_assert_true (hl_tensor_file_read_f32 (from, hl_tensor_file_find (from, "conv.bias"), a, &error)
                 && hl_tensor_file_read_f32 (read, hl_tensor_file_find (read, "conv.bias"), b, &error));
  g_assert_cmpint (memcmp (a, b, 4 * sizeof (float)), !=, 0);
  hl_tensor_file_add_f32 (empty, "answer.bias", 1, (guint64[]) { 4 }, a);
  g_assert_true (hl_tensor_file_write (empty, foreign, &error));
  g_assert_false (hl_trainer_load_some_weights (other, foreign, NULL, &n_missing, &error));
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "“conv.weight”"));
}

/* Start weights as far as they fit: the layer that is in the file takes its weights, the other keeps its own. */
static void
test_some_weights (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("adam", NULL, 16, 1), other_seed = training_recipe ("adam", NULL, 16, 1);
  g_autoptr (HlDataset) data = test_small_images (100, 0);
  g_autoptr (HlTrainer) trainer = NULL, other = NULL;
  g_autoptr (GFile) whole = training_file ("whole.safetensors"), half = training_file ("half.safetensors"),
                    result = training_file ("result.safetensors"), foreign = training_file ("foreign.safetensors");
  g_autoptr (HlTensorFile) from = NULL, cut = hl_tensor_file_new (), other_file = hl_tensor_file_new (), read = NULL, own = NULL;
  g_autofree char *report = NULL, *before = NULL, *after = NULL;
  g_autoptr (GError) error = NULL;
  const char *const names[] = { "conv.weight", "conv.bias", "answer.weight", "answer.bias" };
  float a[400], b[400];
  guint n_missing = 0;

  if (!training_has_device ())
    return;
  other_seed->seed = 99;
  trainer = training_new_small (recipe, data, &error);
  other = training_new_small (other_seed, data, &error);
  g_assert_true (hl_trainer_save_weights (trainer, whole, &error) && hl_trainer_save_weights (other, result, &error));
  from = hl_tensor_file_open (whole, &error);
  own = hl_tensor_file_open (result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      const HlTensorFileEntry *entry = hl_tensor_file_find (from, names[i]);

      g_assert_true (hl_tensor_file_read_f32 (from, entry, a, &error));
      hl_tensor_file_add_f32 (cut, names[i], entry->n_dims, entry->dim, a);
    }
  g_assert_true (hl_tensor_file_write (cut, half, &error));
  g_assert_true (hl_trainer_load_some_weights (other, half, &report, &n_missing, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_missing, ==, hl_plan_get_n_weights (hl_trainer_get_plan (other)) - 2);
  g_assert_nonnull (strstr (report, "answer.weight"));
  g_object_unref (result);
  result = training_file ("result-2.safetensors");
  g_assert_true (hl_trainer_save_weights (other, result, &error));
  read = hl_tensor_file_open (result, &error);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      HlTensorFile *expected = i < 2 ? from : own;
      const HlTensorFileEntry *entry = hl_tensor_file_find (read, names[i]), *wanted = hl_tensor_file_find (expected, names[i]);
      gsize n = entry->n_dims ? 1 : 0;

      for (guint d = 0; d < entry->n_dims; d++)
        n *= entry->dim[d];
      g_assert_cmpuint (n, <=, G_N_ELEMENTS (a));
      g_assert_true (hl_tensor_file_read_f32 (read, entry, a, &error) && hl_tensor_file_read_f32 (expected, wanted, b, &error));
      g_assert_cmpmem (a, n * sizeof (float), b, n * sizeof (float));
    }
  hl_tensor_file_add_f32 (other_file, "elsewhere.weight", 1, (guint64[]) { 7 }, a);
  g_assert_true (hl_tensor_file_write (other_file, foreign, &error));
  before = hl_trainer_get_weights_sha256 (other, &error);
  g_assert_false (hl_trainer_load_some_weights (other, foreign, NULL, &n_missing, &error));
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH);
  g_clear_error (&error);
  after = hl_trainer_get_weights_sha256 (other, &error);
  g_assert_cmpstr (before, ==, after);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  training_init ();
  g_test_add_func ("/trainer/lenet/formula", test_formula_is_shared);
  g_test_add_func ("/trainer/lenet/steps", test_lenet_steps);
  g_test_add_func ("/trainer/sequence", test_sequence);
  g_test_add_func ("/trainer/polling", test_polling);
  g_test_add_func ("/trainer/memorise", test_memorise);
  g_test_add_func ("/trainer/seeds", test_seeds);
  g_test_add_func ("/trainer/evaluation-batch", test_evaluation_batch);
  g_test_add_func ("/trainer/evaluation-between", test_evaluation_between);
  g_test_add_func ("/trainer/probe", test_probe);
  g_test_add_func ("/trainer/not-finite", test_not_finite);
  g_test_add_func ("/trainer/settings", test_settings);
  g_test_add_func ("/trainer/weights", test_weights);
  g_test_add_func ("/trainer/some-weights", test_some_weights);
  g_test_add_func ("/trainer/chosen-weights", test_chosen_weights);
  result = g_test_run ();
  training_clear ();
  return result;
}
