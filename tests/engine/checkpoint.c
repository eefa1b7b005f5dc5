/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Checkpoints: a run that was saved and restored in another trainer ends with the same bits, wherever it was cut; and
 * checkpoints of something else are refused. */

#include "engine/train/trainer.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "engine/exchange/safetensors.h"
#include "tests/support/network.h"
#include "tests/support/training.h"
#include "tests/support/walk.h"

/* What a run leaves behind. */
typedef struct
{
  GString *log;      /* every result and score, exactly */
  char *sha;
  HlStep last;
} Trace;

static void
trace_clear (Trace *self)
{
  g_string_free (self->log, TRUE);
  g_free (self->sha);
}

static void
append_results (Trace *self, HlTrainer *trainer)
{
  HlStepResult results[32];
  guint n;

  do
    {
      g_assert_true (hl_trainer_poll (trainer, TRUE, results, G_N_ELEMENTS (results), &n, NULL));
      for (guint i = 0; i < n; i++)
        g_string_append_printf (self->log, "step %" G_GUINT64_FORMAT " epoch %u loss %a accuracy %a of %u\n", results[i].step,
                                results[i].epoch, results[i].loss, results[i].accuracy, results[i].batch);
    }
  while (n > 0);
}

/* Up to `n` calls of step; FALSE when the run is over. */
static gboolean
advance (Trace *self, HlTrainer *trainer, guint n)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++)
    {
      HlStep step;

      g_assert_true (hl_trainer_step (trainer, &step, &error));
      if (step.kind == HL_STEP_EPOCH_END || step.kind == HL_STEP_DONE)
        {
          append_results (self, trainer);
          g_string_append_printf (self->log, "epoch %u train %a %a validation %a %a test %a %a\n", step.epoch, step.train.loss,
                                  step.train.accuracy, step.validation.loss, step.validation.accuracy, step.test.loss,
                                  step.test.accuracy);
        }
      if (step.kind == HL_STEP_DONE)
        {
          self->sha = hl_trainer_get_weights_sha256 (trainer, &error);
          g_assert_no_error (error);
          return FALSE;
        }
    }
  return TRUE;
}

typedef struct { const char *name, *optimizer, *params, *schedule, *schedule_params; guint warm_up; double clip_norm; } Way;

static const Way ways[] = {
  { "adam", "adam", "learning_rate=0.003", "constant", "", 0 },
  { "sgd", "sgd", "learning_rate=0.05;momentum=0.9;nesterov=true", "one_cycle", "", 0 },
  { "adamw", "adamw", "", "constant", "", 0, 0.5 },
  { "rmsprop", "rmsprop", "momentum=0.5;centered=true", "cosine", "each_step=true", 0 },
  { "adagrad", "adagrad", "initial_accumulator_value=0.1", "step", "step_size=1", 30 },
  /* With this threshold no loss is ever better, so that the rate drops after each epoch. */
  { "plateau", "adam", "learning_rate=0.003", "plateau", "factor=0.3;patience=0;threshold=1", 0 },
};

/* A run of 2 × (23 training + 2 validation + 1) + 2 test + 1 calls, cut after each of these many. The network has batch
 * normalisation and dropout: state and random numbers that must go on as well. */
#define N_CALLS 55
static const guint cuts[] = { 0, 1, 11, 22, 23, 24, 25, 26, 27, 40, 49, 50, 51, 52, 53, 54, N_CALLS };

static void
test_resume (gconstpointer data)
{
  const Way *way = data;
  g_autoptr (HlRecipe) recipe = training_recipe (way->optimizer, way->params, 16, 2);
  g_autoptr (HlDataset) dataset = test_small_images (550, 100);
  g_autoptr (GFile) file = training_file ("resume.safetensors");
  Trace whole = { g_string_new (NULL) };
  g_autoptr (GError) error = NULL;
  g_autoptr (HlTrainer) trainer = NULL;

  if (!training_has_device ())
    return;
  hl_choice_free (recipe->schedule);
  recipe->schedule = hl_choice_new (hl_schedule_class_find_base (way->schedule));
  test_set_params (recipe->schedule->klass, recipe->schedule->params, way->schedule_params);
  recipe->warm_up_steps = way->warm_up;
  hl_param_set (hl_class_find_param (&hl_gradient_class, "clip_norm"), recipe->gradient->params, way->clip_norm);
  trainer = training_new_small (recipe, dataset, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hl_trainer_get_steps_per_epoch (trainer), ==, 23);
  g_assert_false (advance (&whole, trainer, 1000));
  for (guint i = 0; i < G_N_ELEMENTS (cuts); i++)
    {
      Trace parts = { g_string_new (NULL) };
      g_autoptr (HlTrainer) first = training_new_small (recipe, dataset, &error), second = NULL;
      gboolean more = advance (&parts, first, cuts[i]);

      g_assert_cmpint (more, ==, cuts[i] < N_CALLS);
      append_results (&parts, first);
      g_assert_true (hl_trainer_save_checkpoint (first, file, &error));
      g_assert_no_error (error);
      g_clear_pointer (&parts.sha, g_free);
      if (!more)
        g_string_assign (parts.log, whole.log->str);
      /* The other trainer has been somewhere else before. */
      second = training_new_small (recipe, dataset, &error);
      if (i % 2 == 1)
        {
          Trace forgotten = { g_string_new (NULL) };

          advance (&forgotten, second, 31);
          trace_clear (&forgotten);
        }
      g_assert_true (hl_trainer_restore_checkpoint (second, file, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (hl_trainer_get_step (second), ==, hl_trainer_get_step (first));
      if (more)
        g_assert_false (advance (&parts, second, 1000));
      else
        parts.sha = hl_trainer_get_weights_sha256 (second, &error);
      g_test_message ("cut after %u calls", cuts[i]);
      g_assert_cmpstr (parts.sha, ==, whole.sha);
      g_assert_cmpstr (parts.log->str, ==, whole.log->str);
      trace_clear (&parts);
    }
  trace_clear (&whole);
}

/* A finished run goes on when it is given more epochs, and gets where a longer one would have been. */
static void
test_more_epochs (void)
{
  g_autoptr (HlRecipe) two = training_recipe ("adam", NULL, 16, 2), three = training_recipe ("adam", NULL, 16, 3);
  g_autoptr (HlRecipe) one = training_recipe ("adam", NULL, 16, 1);
  g_autoptr (HlDataset) dataset = test_small_images (240, 100);
  g_autoptr (GFile) file = training_file ("more.safetensors");
  g_autoptr (HlTrainer) whole = NULL, first = NULL, second = NULL, short_of = NULL;
  Trace a = { g_string_new (NULL) }, b = { g_string_new (NULL) }, c = { g_string_new (NULL) };
  g_autoptr (GError) error = NULL;

  if (!training_has_device ())
    return;
  whole = training_new_small (three, dataset, &error);
  first = training_new_small (two, dataset, &error);
  second = training_new_small (three, dataset, &error);
  short_of = training_new_small (one, dataset, &error);
  g_assert_no_error (error);
  advance (&a, whole, 1000);
  advance (&b, first, 1000);
  g_assert_true (hl_trainer_save_checkpoint (first, file, &error));
  g_assert_true (hl_trainer_restore_checkpoint (second, file, &error));
  g_assert_no_error (error);
  advance (&c, second, 1000);
  g_assert_cmpstr (c.sha, ==, a.sha);
  g_assert_false (hl_trainer_restore_checkpoint (short_of, file, &error));
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "2 epochs, but the recipe has only 1"));
  trace_clear (&a);
  trace_clear (&b);
  trace_clear (&c);
}

/* ---- Refused ---- */

static void
refuse (HlTrainer *trainer, GFile *file, int code, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = hl_trainer_get_weights_sha256 (trainer, NULL), *after = NULL;

  g_assert_false (hl_trainer_restore_checkpoint (trainer, file, &error));
  g_assert_error (error, HL_FILE_ERROR, code);
  g_test_message ("%s", error->message);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” is not in: %s", part, error->message);
  after = hl_trainer_get_weights_sha256 (trainer, NULL);
  g_assert_cmpstr (before, ==, after);
}

static void
refuse_recipe (GFile *file, HlRecipe *recipe, HlDataset *dataset, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlTrainer) trainer = training_new_small (recipe, dataset, &error);

  g_assert_no_error (error);
  refuse (trainer, file, HL_FILE_ERROR_MISMATCH, part);
  hl_recipe_free (recipe);
}

/* A copy of the checkpoint with one text of its metadata changed, or without one of its tensors. */
static GFile *
change (GFile *file, const char *key, const char *value, const char *without)
{
  static const char *const keys[] = { "format", "hillock.checkpoint", "hillock.network", "hillock.data", "hillock.optimizer",
                                      "hillock.loss", "hillock.recipe", "hillock.position" };
  g_autoptr (GError) error = NULL;
  g_autoptr (HlTensorFile) old = hl_tensor_file_open (file, &error), new = hl_tensor_file_new ();
  GFile *changed = training_file ("changed.safetensors");

  g_assert_no_error (error);
  for (guint i = 0; i < hl_tensor_file_get_n (old); i++)
    {
      const HlTensorFileEntry *entry = hl_tensor_file_get (old, i);
      g_autofree float *values = g_new (float, entry->n);

      g_assert_true (hl_tensor_file_read_f32 (old, entry, values, &error));
      if (g_strcmp0 (entry->name, without) != 0)
        hl_tensor_file_add_f32 (new, entry->name, entry->n_dims, entry->dim, values);
    }
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const char *text = g_strcmp0 (keys[i], key) == 0 ? value : hl_tensor_file_get_metadata (old, keys[i]);

      if (text)
        hl_tensor_file_set_metadata (new, keys[i], text);
    }
  g_assert_true (hl_tensor_file_write (new, changed, &error));
  return changed;
}

static void
refuse_change (HlTrainer *trainer, GFile *file, const char *key, const char *value, const char *without, int code,
               const char *part)
{
  g_autoptr (GFile) changed = change (file, key, value, without);

  refuse (trainer, changed, code, part);
}

static void
test_refused (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("adam", NULL, 16, 2);
  g_autoptr (HlDataset) dataset = test_small_images (240, 100), larger = test_small_images (300, 100);
  g_autoptr (GFile) file = training_file ("refused.safetensors"), weights = training_file ("only-weights.safetensors");
  g_autoptr (HlGraph) graph = test_network ("input:channels=1;height=8;width=8 flatten linear:units=4");
  g_autoptr (HlDataSpec) spec = training_spec (0.2);
  g_autoptr (HlTrainer) trainer = NULL, other = NULL;
  g_autoptr (GError) error = NULL;
  HlRecipe *changed;
  Trace trace = { g_string_new (NULL) };

  if (!training_has_device ())
    return;
  trainer = training_new_small (recipe, dataset, &error);
  advance (&trace, trainer, 3);
  g_assert_true (hl_trainer_save_checkpoint (trainer, file, &error));
  g_assert_true (hl_trainer_save_weights (trainer, weights, &error));
  spec->normalize = HL_NORMALIZE_STANDARD;
  other = training_new (graph, recipe, dataset, spec, FALSE, &error);
  g_assert_no_error (error);

  refuse (other, file, HL_FILE_ERROR_MISMATCH, "another network");
  refuse (trainer, weights, HL_FILE_ERROR_MISMATCH, "no checkpoint of a run");
  refuse_recipe (file, training_recipe ("sgd", "momentum=0.9", 16, 2), dataset, "There: adam. Here: sgd");
  refuse_recipe (file, training_recipe ("adam", NULL, 8, 2), dataset, "batch=16");
  refuse_recipe (file, training_recipe ("adam", NULL, 16, 2), larger, "samples=300");
  changed = training_recipe ("adam", NULL, 16, 2);
  changed->seed = 7;
  refuse_recipe (file, changed, dataset, "seed=7");
  changed = training_recipe ("adam", NULL, 16, 2);
  hl_choice_free (changed->loss);
  changed->loss = hl_choice_new (hl_loss_class_find_base ("mean_squared"));
  refuse_recipe (file, changed, dataset, "another loss");

  refuse_change (trainer, file, "hillock.checkpoint", "2", NULL, HL_FILE_ERROR_NEWER, "version 2");
  refuse_change (trainer, file, "hillock.position", NULL, NULL, HL_FILE_ERROR_CONTENT, "where the run stands");
  refuse_change (trainer, file, "hillock.position", "{", NULL, HL_FILE_ERROR_CONTENT, "where the run stands");
  refuse_change (trainer, file, "hillock.position",
                 "{\"phase\":\"train\",\"epoch\":0,\"batch\":3,\"step\":4,\"loss_sum\":\"1\",\"right\":1,\"samples\":1}", NULL,
                 HL_FILE_ERROR_CONTENT, "batch 3 and step 4");
  refuse_change (trainer, file, "hillock.position",
                 "{\"phase\":\"sleep\",\"epoch\":0,\"batch\":3,\"step\":3,\"loss_sum\":\"1\",\"right\":1,\"samples\":1}", NULL,
                 HL_FILE_ERROR_CONTENT, "damaged");
  refuse_change (trainer, file, NULL, NULL, "conv.weight", HL_FILE_ERROR_MISMATCH, "Missing: “conv.weight”");
  refuse_change (trainer, file, NULL, NULL, "norm.running_var", HL_FILE_ERROR_MISMATCH, "Missing: “norm.running_var”");
  refuse_change (trainer, file, NULL, NULL, "optimizer.exp_avg_sq.answer.bias", HL_FILE_ERROR_MISMATCH,
                 "Missing: “optimizer.exp_avg_sq.answer.bias”");
  trace_clear (&trace);
}

/* Cards may be moved about the canvas without making a checkpoint foreign. */
static void
test_moved_cards (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("sgd", NULL, 16, 1);
  g_autoptr (HlDataset) dataset = test_small_images (100, 0);
  g_autoptr (HlGraph) graph = test_network ("input:channels=1;height=8;width=8 flatten linear:units=4"), moved = NULL;
  g_autoptr (HlDataSpec) spec = training_spec (0.2);
  g_autoptr (GFile) file = training_file ("moved.safetensors");
  g_autoptr (HlTrainer) a = NULL, b = NULL;
  g_autoptr (GError) error = NULL;

  if (!training_has_device ())
    return;
  moved = hl_graph_copy (graph);
  hl_graph_move_node (moved, hl_graph_get_node (moved, 1)->id, 300, 40);
  hl_graph_freeze (moved);
  a = training_new (graph, recipe, dataset, spec, FALSE, &error);
  b = training_new (moved, recipe, dataset, spec, FALSE, &error);
  g_assert_true (hl_trainer_save_checkpoint (a, file, &error));
  g_assert_true (hl_trainer_restore_checkpoint (b, file, &error));
  g_assert_no_error (error);
}

/* A failed save says so and leaves the checkpoint before it usable. */
static void
test_failed_save (void)
{
  g_autoptr (HlRecipe) recipe = training_recipe ("adam", NULL, 16, 2);
  g_autoptr (HlDataset) dataset = test_small_images (240, 0);
  g_autoptr (GFile) file = training_file ("kept.safetensors"), absent = training_file ("no/folder/checkpoint.safetensors");
  g_autoptr (GFile) full = g_file_new_for_path ("/dev/full/checkpoint.safetensors");
  g_autoptr (HlTrainer) trainer = NULL;
  g_autoptr (GError) error = NULL;
  Trace trace = { g_string_new (NULL) };

  if (!training_has_device ())
    return;
  trainer = training_new_small (recipe, dataset, &error);
  g_assert_true (hl_trainer_save_checkpoint (trainer, file, &error));
  g_assert_false (hl_trainer_save_checkpoint (trainer, absent, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "checkpoint.safetensors"));
  g_clear_error (&error);
  g_assert_false (hl_trainer_save_checkpoint (trainer, full, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  /* The run itself goes on. */
  g_assert_true (advance (&trace, trainer, 3));
  g_assert_true (hl_trainer_restore_checkpoint (trainer, file, &error));
  g_assert_cmpuint (hl_trainer_get_step (trainer), ==, 0);
  trace_clear (&trace);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  training_init ();
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *path = g_strdup_printf ("/checkpoint/resume/%s", ways[i].name);

      g_test_add_data_func (path, &ways[i], test_resume);
    }
  g_test_add_func ("/checkpoint/more-epochs", test_more_epochs);
  g_test_add_func ("/checkpoint/refused", test_refused);
  g_test_add_func ("/checkpoint/moved-cards", test_moved_cards);
  g_test_add_func ("/checkpoint/failed-save", test_failed_save);
  result = g_test_run ();
  training_clear ();
  return result;
}
