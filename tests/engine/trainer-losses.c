/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlTrainer with losses other than a class's: an auto-encoder step by step against PyTorch, runs without right answers,
 * class weights from the data, and what must be refused. */

#include "engine/train/trainer.h"

#include <math.h>
#include <string.h>

#include "engine/base/params-json.h"
#include "engine/exchange/safetensors.h"
#include "tests/support/golden.h"
#include "tests/support/network.h"
#include "tests/support/training.h"
#include "tests/support/walk.h"

#define AUTOENCODER                                                                                                  \
  "input:channels=1;height=28;width=28 flatten linear:units=128:linear1 relu linear:units=32:linear2 relu "          \
  "linear:units=128:linear3 relu linear:units=784:linear4"
#define SMALL_AUTOENCODER                                                                                             \
  "input:channels=1;height=8;width=8 conv2d:filters=4;size_y=3;size_x=3;padding_y=1;padding_x=1:conv relu "           \
  "conv2d:filters=1;size_y=3;size_x=3;padding_y=1;padding_x=1:back"

static void
set_loss (HlRecipe *recipe, const char *name, const char *params)
{
  hl_choice_free (recipe->loss);
  recipe->loss = hl_choice_new (hl_loss_class_find_base (name));
  test_set_params (recipe->loss->klass, recipe->loss->params, params);
}

/* ---- An auto-encoder against PyTorch ---- */

static GFile *
write_weights (void)
{
  static const struct { const char *name; guint64 dim[2]; } layers[] = {
    { "linear1", { 128, 784 } }, { "linear2", { 32, 128 } }, { "linear3", { 128, 32 } }, { "linear4", { 784, 128 } },
  };
  g_autoptr (HlTensorFile) tensors = hl_tensor_file_new ();
  GFile *file = training_file ("autoencoder.safetensors");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (layers); i++)
    for (guint part = 0; part < 2; part++)
      {
        gsize n = layers[i].dim[0] * (part == 0 ? layers[i].dim[1] : 1);
        g_autofree char *name = g_strconcat (layers[i].name, part == 0 ? ".weight" : ".bias", NULL);
        g_autofree float *values = g_new (float, n);

        test_formula (200 + 2 * i + part, n, 1 / sqrt ((double) layers[i].dim[1]), values);
        hl_tensor_file_add_f32 (tensors, name, part == 0 ? 2 : 1, layers[i].dim, values);
      }
  g_assert_true (hl_tensor_file_write (tensors, file, &error));
  return file;
}

static void
run_autoencoder (GoldenFile *golden, guint number, HlDataset *data, GFile *weights)
{
  JsonObject *info = golden_file_get_case (golden, number);
  g_autoptr (HlRecipe) recipe = training_recipe (json_object_get_string_member (info, "optimizer"), NULL, 64, 1);
  /* The output as a row of numbers and as a picture again: both are compared with the picture. */
  g_autoptr (HlGraph) graph = test_network (number % 2 ? AUTOENCODER : AUTOENCODER " reshape:size_1=1;size_2=28;size_3=28");
  g_autofree char *losses = g_strdup_printf ("%u.losses", number);
  g_autofree float *expected = golden_file_read (golden, losses, 10);
  g_autoptr (HlDataSpec) spec = training_spec (0);
  g_autoptr (HlTrainer) trainer = NULL;
  g_autoptr (GError) error = NULL;
  HlStepResult results[16];
  guint n;

  set_loss (recipe, json_object_get_string_member (info, "loss"), NULL);
  hl_params_from_json (recipe->loss->klass, recipe->loss->params, json_object_get_member (info, "loss_params"), "p", &error);
  hl_params_from_json (recipe->optimizer->klass, recipe->optimizer->params, json_object_get_member (info, "params"), "p", &error);
  g_assert_no_error (error);
  trainer = training_new (graph, recipe, data, spec, TRUE, &error);
  g_assert_no_error (error);
  g_assert_true (hl_trainer_load_weights (trainer, weights, NULL, &error));
  for (guint i = 0; i < 10; i++)
    {
      HlStep step;

      g_assert_true (hl_trainer_step (trainer, &step, &error));
    }
  g_assert_true (hl_trainer_poll (trainer, TRUE, results, G_N_ELEMENTS (results), &n, &error));
  g_assert_cmpuint (n, ==, 10);
  for (guint i = 0; i < 10; i++)
    {
      g_test_message ("%s %s step %u: %.8f, PyTorch %.8f", recipe->loss->klass->name, recipe->optimizer->klass->name, i,
                      results[i].loss, expected[i]);
      g_assert_cmpfloat (fabs (results[i].loss - expected[i]), <=, 1e-5 * expected[i]);
      g_assert_true (isnan (results[i].accuracy));
    }
}

static void
test_autoencoder (void)
{
  g_autoptr (GoldenFile) golden = golden_file_open ("autoencoder");
  g_autoptr (HlDataset) data = test_images (640, 0);
  g_autoptr (GFile) weights = write_weights ();

  if (training_has_device ())
    for (guint i = 0; i < golden_file_get_n_cases (golden); i++)
      run_autoencoder (golden, i, data, weights);
}

/* ---- A run without right answers ---- */

/* The input has a border, which the convolution wants, and the output none. The test part's score is checked with what
 * the network really gives. */
static void
test_reconstruction (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("adam", NULL, 16, 2);
  g_autoptr (HlDataset) data = test_small_images (100, 20);
  g_autoptr (HlGraph) graph = test_network (SMALL_AUTOENCODER);
  g_autoptr (HlDataSpec) spec = training_spec (0.2);
  g_autoptr (HlTrainer) trainer = NULL;
  g_autoptr (GError) error = NULL;
  double first = 0, expected = 0;
  HlScore score;
  HlStep step;
  guint n_classes;
  gsize n;

  if (!training_has_device ())
    return;
  set_loss (recipe, "mean_squared", "target=input");
  trainer = training_new (graph, recipe, data, spec, FALSE, &error);
  g_assert_no_error (error);
  do
    {
      g_assert_true (hl_trainer_step (trainer, &step, &error));
      g_assert_no_error (error);
      if (step.kind != HL_STEP_EPOCH_END)
        continue;
      g_assert_true (isnan (step.train.accuracy) && isnan (step.validation.accuracy));
      g_assert_cmpuint (step.validation.n, ==, 16);
      if (step.epoch == 0)
        first = step.train.loss;
      else
        g_assert_cmpfloat (step.train.loss, <, first);
    }
  while (step.kind != HL_STEP_DONE);
  g_assert_cmpuint (step.test.n, ==, 20);
  g_assert_true (isnan (step.test.accuracy));
  g_assert_null (hl_trainer_get_confusion (trainer, &n_classes));
  g_assert_null (hl_trainer_get_predictions (trainer, &n));
  g_assert_cmpuint (n, ==, 0);
  g_assert_true (hl_trainer_evaluate (trainer, HL_PART_TEST, &score, &error));
  g_assert_cmpfloat (score.loss, ==, step.test.loss);
  for (guint i = 80; i < 100; i++)
    {
      HlExecutor *probe;
      float sample[64], result[64];

      hl_dataset_read_sample (data, i, sample);
      probe = hl_trainer_probe (trainer, sample, &error);
      g_assert_no_error (error);
      g_assert_true (hl_executor_read (probe, hl_plan_get_output (hl_executor_get_plan (probe))->node, FALSE, 1, result, 64, &error));
      for (guint k = 0; k < 64; k++)
        expected += (result[k] - sample[k]) * (result[k] - sample[k]) / 64 / 20;
    }
  g_assert_cmpfloat (fabs (score.loss - expected), <=, 1e-5 * expected);
}

/* A checkpoint in the middle of an epoch keeps the sums of the losses. */
static void
test_checkpoint (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("sgd", NULL, 16, 1);
  g_autoptr (HlDataset) data = test_small_images (100, 0);
  g_autoptr (GFile) file = training_file ("middle.safetensors");
  g_autoptr (GError) error = NULL;
  double loss[2] = { 0 };

  if (!training_has_device ())
    return;
  set_loss (recipe, "cross_entropy", "class_weights=balanced");
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (HlTrainer) trainer = training_new_small (recipe, data, &error);
      HlStep step;

      g_assert_no_error (error);
      if (i == 1)
        g_assert_true (hl_trainer_restore_checkpoint (trainer, file, &error));
      for (guint k = 0; i == 0 && k < 3; k++)
        g_assert_true (hl_trainer_step (trainer, &step, &error));
      if (i == 0)
        g_assert_true (hl_trainer_save_checkpoint (trainer, file, &error));
      g_assert_no_error (error);
      do
        {
          g_assert_true (hl_trainer_step (trainer, &step, &error));
          if (step.kind == HL_STEP_EPOCH_END)
            loss[i] = step.train.loss;
        }
      while (step.kind != HL_STEP_DONE);
    }
  g_assert_cmpfloat (loss[0], >, 0);
  g_assert_cmpfloat (loss[0], ==, loss[1]);
}

/* ---- Class weights ---- */

/* Balanced weights are the listed ones of the same numbers, and the mean does not depend on the batch. */
static void
test_balanced (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("sgd", NULL, 16, 1), equal = hl_recipe_copy (recipe), listed = NULL;
  /* Labels repeat 0, 1, 2, 3: of 90 samples two classes have one more. */
  g_autoptr (HlDataset) data = test_small_images (90, 0);
  g_autoptr (HlTrainer) trainer = NULL, other = NULL, plain = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDataSpec) spec = training_spec (0);
  g_autoptr (HlGraph) graph = test_network ("input:channels=1;height=8;width=8 flatten linear:units=4");
  const gint32 *labels = hl_dataset_get_labels (data);
  guint counts[4] = { 0 };
  HlScore score, again, without;

  if (!training_has_device ())
    return;
  set_loss (recipe, "cross_entropy", "class_weights=balanced");
  listed = hl_recipe_copy (recipe);
  set_loss (listed, "cross_entropy", "class_weights=listed");
  listed->class_weights = g_array_new (FALSE, FALSE, sizeof (double));
  for (guint i = 0; i < 90; i++)
    counts[labels[i]]++;
  for (guint c = 0; c < 4; c++)
    {
      double weight = 90.0 / (4.0 * counts[c]);

      g_array_append_val (listed->class_weights, weight);
    }
  trainer = training_new (graph, recipe, data, spec, FALSE, &error);
  g_assert_no_error (error);
  listed->batch = 80;
  other = training_new (graph, listed, data, spec, FALSE, &error);
  g_assert_no_error (error);
  plain = training_new (graph, equal, data, spec, FALSE, &error);
  g_assert_no_error (error);
  g_assert_true (hl_trainer_evaluate (trainer, HL_PART_TRAIN, &score, &error));
  g_assert_true (hl_trainer_evaluate (other, HL_PART_TRAIN, &again, &error));
  g_assert_true (hl_trainer_evaluate (plain, HL_PART_TRAIN, &without, &error));
  g_assert_cmpfloat (fabs (score.loss - again.loss), <=, 1e-12);
  g_assert_cmpfloat (fabs (score.loss - without.loss), >, 1e-6);
  g_assert_cmpfloat (score.accuracy, ==, without.accuracy);
}

/* ---- What must be refused ---- */

static void
refuse (const char *network, const char *loss, const char *params, const char *part)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("sgd", NULL, 16, 1);
  g_autoptr (HlDataset) data = test_small_images (100, 0);
  g_autoptr (HlDataSpec) spec = training_spec (0);
  g_autoptr (HlGraph) graph = test_network (network);
  g_autoptr (GError) error = NULL;

  set_loss (recipe, loss, params);
  g_assert_null (training_new (graph, recipe, data, spec, FALSE, &error));
  g_assert_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” is not in: %s", part, error->message);
}

static void
test_refused (void)
{
  if (!training_has_device ())
    return;
  refuse (SMALL_AUTOENCODER, "mean_squared", NULL, "1×8×8");
  refuse (SMALL_AUTOENCODER, "cross_entropy", NULL, "1×8×8");
  refuse (SMALL_AUTOENCODER " max_pool2d", "huber", "target=input", "1×4×4, 16 numbers, and the input 1×8×8, 64");
  refuse ("input:channels=1;height=8;width=8 flatten linear:units=4", "cross_entropy", "class_weights=listed",
          "lists 0 and the data has 4");
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  training_init ();
  g_test_add_func ("/trainer-losses/autoencoder", test_autoencoder);
  g_test_add_func ("/trainer-losses/reconstruction", test_reconstruction);
  g_test_add_func ("/trainer-losses/checkpoint", test_checkpoint);
  g_test_add_func ("/trainer-losses/balanced", test_balanced);
  g_test_add_func ("/trainer-losses/refused", test_refused);
  result = g_test_run ();
  training_clear ();
  return result;
}
