/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small training, with a checkpoint, a probe, an evaluation and a resumed second half, while the Nth device call
 * fails, for every N: a clean error, or a result that is the same to the bit; never a crash or a damaged checkpoint. */

#include <glib/gstdio.h>
#include <string.h>

#include "engine/device/fault.h"
#include "engine/train/trainer.h"
#include "tests/support/walk.h"

typedef struct
{
  HlGraph *graph;
  HlRecipe *recipe;
  HlDataSpec *spec;
  HlDataset *dataset;
  char *folder;
  GFile *checkpoint;
  char *expected;          /* weights after an undisturbed run */
} Scenario;

static HlGraph *
make_graph (void)
{
  static const char *const layers[][2] = {
    { "input", NULL }, { "conv2d", "filters=2;stride_y=2;stride_x=2" }, { "relu", NULL }, { "max_pool2d", NULL },
    { "batch_norm", NULL }, { "flatten", NULL }, { "dropout", "p=0.25" }, { "linear", NULL },
  };
  HlGraph *graph = hl_graph_new ();
  guint32 before = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (layers); i++)
    {
      const HlLayerClass *klass = hl_layer_class_find (layers[i][0]);
      guint32 node = hl_graph_add_node (graph, klass, 0, 0);

      if (layers[i][1])
        test_set_params (&klass->base, hl_graph_get_params (graph, node), layers[i][1]);
      g_assert_true (before == 0 || hl_graph_connect (graph, before, node, 0, NULL));
      before = node;
    }
  hl_graph_freeze (graph);
  return graph;
}

static void
set_up (Scenario *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  self->graph = make_graph ();
  self->recipe = hl_recipe_new ();
  self->recipe->batch = 16;
  self->recipe->epochs = 2;
  self->spec = hl_data_spec_new ();
  test_set_params (self->spec->format->klass, self->spec->format->params, "count=40;test_count=10");
  self->spec->validation = 0.2;
  self->dataset = hl_dataset_open (self->spec->format, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  self->folder = g_dir_make_tmp ("hillock-torture-XXXXXX", &error);
  g_assert_no_error (error);
  path = g_build_filename (self->folder, "checkpoint.safetensors", NULL);
  self->checkpoint = g_file_new_for_path (path);
}

static void
tear_down (Scenario *self)
{
  g_file_delete (self->checkpoint, NULL, NULL);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_object_unref (self->checkpoint);
  g_free (self->folder);
  g_free (self->expected);
  hl_dataset_unref (self->dataset);
  hl_data_spec_free (self->spec);
  hl_recipe_free (self->recipe);
  hl_graph_unref (self->graph);
}

static HlTrainer *
new_trainer (Scenario *self, GError **error)
{
  HlTrainerOptions options = {
    .graph = self->graph, .recipe = self->recipe, .dataset = self->dataset, .data_spec = self->spec,
  };

  return hl_trainer_new (&options, error);
}

/* Steps until `kind` has come. */
static gboolean
step_until (HlTrainer *trainer, HlStepKind kind, GError **error)
{
  HlStepResult results[8];
  HlStep step;
  guint n;

  do
    if (!hl_trainer_step (trainer, &step, error) || !hl_trainer_poll (trainer, FALSE, results, G_N_ELEMENTS (results), &n, error))
      return FALSE;
  while (step.kind != kind);
  return TRUE;
}

static gboolean
probe (Scenario *self, HlTrainer *trainer, GError **error)
{
  gsize n = hl_shape_get_count (hl_dataset_get_shape (self->dataset));
  g_autofree float *sample = g_new (float, n);
  float output[10];
  HlExecutor *executor;

  hl_dataset_read_sample (self->dataset, 0, sample);
  executor = hl_trainer_probe (trainer, sample, error);
  return executor
         && hl_executor_read (executor, hl_plan_get_output (hl_executor_get_plan (executor))->node, FALSE, 1, output, 10, error);
}

/* Sets *sha to the weights at the end. */
static gboolean
run (Scenario *self, char **sha, GError **error)
{
  g_autoptr (HlTrainer) first = new_trainer (self, error), second = NULL;
  HlScore score;

  if (!first || !step_until (first, HL_STEP_EPOCH_END, error) || !hl_trainer_save_checkpoint (first, self->checkpoint, error)
      || !probe (self, first, error) || !hl_trainer_evaluate (first, HL_PART_TEST, &score, error))
    return FALSE;
  g_clear_pointer (&first, hl_trainer_free);
  second = new_trainer (self, error);
  if (!second || !hl_trainer_restore_checkpoint (second, self->checkpoint, error) || !step_until (second, HL_STEP_DONE, error))
    return FALSE;
  *sha = hl_trainer_get_weights_sha256 (second, error);
  return *sha != NULL;
}

static void
check_outcome (Scenario *self, guint64 n, gboolean ok, const char *sha, const GError *error)
{
  g_test_message ("call %" G_GUINT64_FORMAT ": %s", n, error ? error->message : "no error");
  if (ok)
    {
      g_assert_no_error (error);
      g_assert_cmpstr (sha, ==, self->expected);
      return;
    }
  g_assert_nonnull (error);
  g_assert_true (error->domain == HL_DEVICE_ERROR);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  /* A sentence that also says what to do. */
  g_assert_cmpuint (strlen (error->message), >, 60);
}

/* Whatever failed, the last checkpoint is whole or was never written. */
static void
check_checkpoint (Scenario *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlTrainer) trainer = NULL;

  if (!g_file_query_exists (self->checkpoint, NULL))
    return;
  hl_fault_set (0);
  trainer = new_trainer (self, &error);
  g_assert_no_error (error);
  hl_trainer_restore_checkpoint (trainer, self->checkpoint, &error);
  g_assert_no_error (error);
}

static void
run_with_fault (Scenario *self, guint64 n, gboolean lost, guint *n_failed)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *sha = NULL;
  gboolean ok;

  if (lost)
    hl_fault_set_lost (n);
  else
    hl_fault_set (n);
  ok = run (self, &sha, &error);
  check_outcome (self, n, ok, sha, error);
  *n_failed += !ok;
}

static void
torture (gboolean lost)
{
  Scenario self = { 0 };
  g_autoptr (GError) error = NULL;
  guint64 n_calls;
  guint n_failed = 0;

  set_up (&self);
  hl_fault_set (0);
  run (&self, &self.expected, &error);
  n_calls = hl_fault_get_count ();
  if (g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    {
      g_test_skip (error->message);
      tear_down (&self);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (n_calls, >, 200);
  for (guint64 n = 1; n <= n_calls; n += lost ? 13 : 1)
    {
      run_with_fault (&self, n, lost, &n_failed);
      if (n % 50 == 0)
        check_checkpoint (&self);
    }
  g_test_message ("%" G_GUINT64_FORMAT " calls, %u of the runs failed", n_calls, n_failed);
  /* Only what has a second way, such as a program from the cache, may fail without the run failing. */
  g_assert_cmpuint (n_failed, >, (guint) (n_calls / (lost ? 13 : 1) * 9 / 10));
  hl_fault_set (0);
  tear_down (&self);
}

static void
test_every_call (void)
{
  torture (FALSE);
}

static void
test_lost (void)
{
  torture (TRUE);
}

/* What a student reads when the device goes away in the middle of a training. */
static void
test_sentence (void)
{
  Scenario self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (HlTrainer) trainer = NULL;

  set_up (&self);
  hl_fault_set (0);
  trainer = new_trainer (&self, &error);
  if (g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    g_test_skip (error->message);
  else
    {
      g_assert_no_error (error);
      hl_fault_set_lost (20);
      g_assert_false (step_until (trainer, HL_STEP_DONE, &error));
      hl_fault_set (0);
      g_test_message ("%s", error->message);
      g_assert_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, "resume from the last checkpoint"));
    }
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  hl_device_init_environment ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/torture/sentence", test_sentence);
  g_test_add_func ("/torture/every-call", test_every_call);
  g_test_add_func ("/torture/lost", test_lost);
  return g_test_run ();
}
