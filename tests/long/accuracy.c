/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What networks must reach on real images, with the data of HILLOCK_DATA_DIR (folders mnist and fashion-mnist with the
 * four IDX files). Takes minutes; not run by default. */

#include "engine/train/trainer.h"

#include "tests/support/network.h"
#include "tests/support/training.h"

typedef struct
{
  const char *folder;
  gboolean lenet;
  const char *optimizer, *params;
  guint batch, epochs;
  guint64 seed;
  double wanted;          /* share of the test images that must be right */
} Goal;

static const Goal goals[] = {
  { "mnist", TRUE, "adam", "learning_rate=0.001", 64, 5, 1, 0.985 },
  { "mnist", TRUE, "adam", "learning_rate=0.001", 64, 5, 2, 0.985 },
  { "mnist", TRUE, "adam", "learning_rate=0.001", 64, 5, 3, 0.985 },
  { "fashion-mnist", TRUE, "adam", "learning_rate=0.001", 64, 10, 1, 0.89 },
  /* The small network of the books: one hidden layer of 30 sigmoids, squared error, plain gradient descent. */
  { "mnist", FALSE, "sgd", "learning_rate=3", 10, 10, 1, 0.95 },
};

static HlDataset *
open_data (const char *name)
{
  const char *base = g_getenv ("HILLOCK_DATA_DIR");
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  HlDataset *data;

  if (base == NULL || *base == 0)
    {
      g_test_skip ("HILLOCK_DATA_DIR does not name the folder with mnist and fashion-mnist.");
      return NULL;
    }
  path = g_build_filename (base, name, NULL);
  data = hl_dataset_open (NULL, path, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hl_dataset_get_length (data), ==, 70000);
  g_assert_cmpuint (hl_dataset_get_n_test (data), ==, 10000);
  return data;
}

static HlGraph *
make_network (const Goal *goal)
{
  return goal->lenet ? test_lenet ()
                     : test_network ("input:channels=1;height=28;width=28 flatten linear:units=30 sigmoid linear:units=10 "
                                     "sigmoid");
}

static void
test_goal (gconstpointer user_data)
{
  const Goal *goal = user_data;
  g_autoptr (HlDataset) data = open_data (goal->folder);
  g_autoptr (HlRecipe) recipe = training_recipe (goal->optimizer, goal->params, goal->batch, goal->epochs);
  g_autoptr (HlGraph) graph = make_network (goal);
  g_autoptr (HlDataSpec) spec = training_spec (0.1);
  g_autoptr (HlTrainer) trainer = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start;
  HlStep step = { 0 };

  if (data == NULL || !training_has_device ())
    return;
  recipe->seed = goal->seed;
  spec->normalize = goal->lenet ? HL_NORMALIZE_STANDARD : HL_NORMALIZE_UNIT;
  if (!goal->lenet)
    {
      hl_choice_free (recipe->loss);
      recipe->loss = hl_choice_new (hl_loss_class_find_base ("mean_squared"));
    }
  trainer = training_new (graph, recipe, data, spec, FALSE, &error);
  g_assert_no_error (error);
  start = g_get_monotonic_time ();
  while (step.kind != HL_STEP_DONE)
    {
      if (!hl_trainer_step (trainer, &step, &error))
        g_error ("%s", error->message);
      if (step.kind == HL_STEP_EPOCH_END)
        g_test_message ("epoch %u: loss %.4f, validation %.4f, accuracy %.2f %%, %.1f s", step.epoch + 1, step.train.loss,
                        step.validation.loss, 100 * step.validation.accuracy,
                        (double) (g_get_monotonic_time () - start) * 1e-6);
    }
  g_test_message ("%s, seed %" G_GUINT64_FORMAT ": %.2f %% of the test images, wanted are %.1f %%", goal->folder, goal->seed,
                  100 * step.test.accuracy, 100 * goal->wanted);
  g_assert_cmpuint (step.test.n, ==, 10000);
  g_assert_cmpfloat (step.test.accuracy, >=, goal->wanted);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  training_init ();
  for (guint i = 0; i < G_N_ELEMENTS (goals); i++)
    {
      g_autofree char *path = g_strdup_printf ("/accuracy/%s/%s/%" G_GUINT64_FORMAT, goals[i].folder,
                                               goals[i].lenet ? "lenet" : "784-30-10", goals[i].seed);

      g_test_add_data_func (path, &goals[i], test_goal);
    }
  result = g_test_run ();
  training_clear ();
  return result;
}
