/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock-cli train: trains a project, in a new run folder or on from a checkpoint. Ctrl-C writes a checkpoint and leaves with 130; a
 * second Ctrl-C leaves at once. */

#include "config.h"

#include <math.h>

#include "app/cli/cli.h"
#include "app/run-folder.h"

typedef struct
{
  HlCliOverrides overrides;
  char *out;
  char *init;
  gboolean resume, json, quiet;
  int log_every;
} TrainOptions;

typedef struct
{
  const TrainOptions *options;
  HlCliReport *report;
  HlTrainer *trainer;
  HlRunFolder *folder;
  gint64 start_us;
  double seconds_before;        /* of a resumed run, until it was stopped */
  guint64 n_images, n_images_before_mark;
  gint64 mark_us;               /* images per second are measured over the last second or so */
  double images_per_second;
} Training;

static double
seconds_since (gint64 start_us)
{
  return (g_get_monotonic_time () - start_us) / 1e6;
}

/* Of the whole run, what it took before it was resumed included. */
static double
run_seconds (const Training *self)
{
  return self->seconds_before + seconds_since (self->start_us);
}

/* The run's folder: --out, or the next number beside the project; with --resume the one to go on with. */
static HlRunFolder *
open_folder (const TrainOptions *options, GFile *project, const HlProjectState *state, const char *device, GError **error)
{
  g_autoptr (GFile) runs = hl_cli_runs_folder (project);
  g_autoptr (GFile) out = options->out ? g_file_new_for_commandline_arg (options->out) : NULL;

  if (options->resume)
    {
      g_autoptr (GFile) run = out ? g_object_ref (out) : hl_cli_newest_run (project, error);

      return run ? hl_run_folder_open (run, error) : NULL;
    }
  return out ? hl_run_folder_create_at (out, state, device, error) : hl_run_folder_create (runs, state, device, error);
}

static void
update_rate (Training *self, const HlStepResult *result)
{
  double elapsed = seconds_since (self->mark_us);

  self->n_images += result->batch;
  if (elapsed < 0.5)
    return;
  self->images_per_second = (self->n_images - self->n_images_before_mark) / elapsed;
  self->n_images_before_mark = self->n_images;
  self->mark_us = g_get_monotonic_time ();
}

/* Takes what the device has finished. */
static gboolean
collect_results (Training *self, gboolean wait, GError **error)
{
  HlStepResult results[64];
  guint n;

  do
    {
      if (!hl_trainer_poll (self->trainer, wait, results, G_N_ELEMENTS (results), &n, error))
        return FALSE;
      for (guint i = 0; i < n; i++)
        {
          double left = (double) (hl_trainer_get_n_steps (self->trainer) - results[i].step);
          guint64 n_done = results[i].step;

          update_rate (self, &results[i]);
          if (self->options->log_every && results[i].step % self->options->log_every == 0)
            hl_cli_report_step (self->report, &results[i]);
          if (!hl_run_folder_add_step (self->folder, &results[i], run_seconds (self), error))
            return FALSE;
          hl_cli_report_bar (self->report, &results[i], self->images_per_second,
                             n_done && self->images_per_second > 0 ? left * results[i].batch / self->images_per_second : 0);
        }
    }
  while (n == G_N_ELEMENTS (results));
  return TRUE;
}

/* Steps until the recipe is done or Ctrl-C was pressed. */
static gboolean
train_loop (Training *self, HlStep *step, GError **error)
{
  do
    {
      if (!hl_trainer_step (self->trainer, step, error) || !collect_results (self, step->kind == HL_STEP_EPOCH_END, error))
        return FALSE;
      if (step->kind == HL_STEP_EPOCH_END)
        {
          g_autoptr (GFile) checkpoint = hl_run_folder_get_checkpoint (self->folder);
          g_autoptr (GError) folder_error = NULL;
          double seconds = run_seconds (self);

          hl_cli_report_epoch (self->report, step, seconds);
          if (hl_run_folder_add_epoch (self->folder, self->trainer, step, seconds, &folder_error))
            hl_cli_report_checkpoint (self->report, checkpoint);
          else
            hl_cli_report_notice (self->report, folder_error->message);
        }
    }
  while (step->kind != HL_STEP_DONE && !hl_cli_interrupted ());
  return TRUE;
}

static int
finish (Training *self, const HlStep *step, const HlRecipe *recipe)
{
  gboolean done = step->kind == HL_STEP_DONE;
  double seconds = run_seconds (self), seconds_here = seconds_since (self->start_us);
  g_autoptr (GError) error = NULL;
  g_autofree char *sha256 = NULL, *folder = g_file_get_path (hl_run_folder_get_file (self->folder));
  HlStepResult last;
  guint n;

  /* What was enqueued when the interruption came belongs to the checkpoint. */
  if (!done)
    {
      g_autoptr (GFile) checkpoint = hl_run_folder_get_checkpoint (self->folder);

      do
        if (!hl_trainer_poll (self->trainer, TRUE, &last, 1, &n, &error))
          return hl_cli_fail (error);
      while (n);
      if (!hl_trainer_save_checkpoint (self->trainer, checkpoint, &error))
        return hl_cli_fail (error);
      hl_cli_report_checkpoint (self->report, checkpoint);
    }
  sha256 = hl_trainer_get_weights_sha256 (self->trainer, &error);
  if (!sha256 || !hl_run_folder_finish (self->folder, done ? "done" : "stopped", NULL, &step->test, seconds, &error))
    return hl_cli_fail (error);
  hl_cli_report_done (self->report, &(HlCliSummary) { .state = done ? "done" : "stopped",
                                                      .epochs = done ? recipe->epochs : step->epoch,
                                                      .steps = step->step,
                                                      .seed = recipe->seed,
                                                      .seconds = seconds,
                                                      .images_per_second = seconds_here > 0 ? self->n_images / seconds_here : 0,
                                                      .test = step->test,
                                                      .weights_sha256 = sha256,
                                                      .device = hl_device_get_info (hl_trainer_get_device (self->trainer))->name,
                                                      .folder = folder });
  return done ? 0 : HL_CLI_INTERRUPTED;
}

/* Start weights of a new run: those of the command line, else the recipe's as far as they fit. Before the run's folder is made, so
 * that a file that does not fit leaves no empty run. */
static gboolean
load_start (HlTrainer *trainer, const HlRecipe *recipe, const TrainOptions *options, HlCliReport *report, GError **error)
{
  g_autoptr (GFile) file = NULL;
  g_autofree char *matches = NULL;
  guint n_missing;

  if (!options->init && (!recipe->start_weights || options->resume))
    return options->resume || hl_trainer_check_no_file (trainer, error);
  file = options->init ? g_file_new_for_commandline_arg (options->init) : g_file_new_for_path (recipe->start_weights);
  if (!(options->init ? hl_trainer_load_weights (trainer, file, &matches, error)
                      : hl_trainer_load_some_weights (trainer, file, &matches, &n_missing, error)))
    return FALSE;
  hl_cli_report_weights (report, matches);
  return TRUE;
}

static gboolean
resume (HlTrainer *trainer, HlRunFolder *folder, GError **error)
{
  g_autoptr (GFile) checkpoint = hl_run_folder_get_checkpoint (folder);

  return hl_trainer_restore_checkpoint (trainer, checkpoint, error);
}

static int
train (const TrainOptions *options, const char *project_name)
{
  g_autoptr (HlCliReport) report = hl_cli_report_new (options->json, options->quiet);
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) project = g_file_new_for_commandline_arg (project_name);
  g_autoptr (HlProjectState) state = hl_cli_load (project_name, &options->overrides, &error);
  g_autoptr (HlRunFolder) folder = NULL;
  g_autoptr (HlTrainer) trainer = NULL;
  g_autoptr (GCancellable) cancellable = hl_cli_watch_interrupts ();
  const HlRecipe *recipe;
  HlStep step = { 0 };

  if (!state)
    return hl_cli_fail (error);
  if (options->resume)
    {
      folder = open_folder (options, project, state, NULL, &error);
      if (!folder)
        return hl_cli_fail (error);
      hl_project_state_unref (state);
      state = hl_cli_apply (hl_run_folder_get_state (folder), &options->overrides, &error);
      if (!state)
        return hl_cli_fail (error);
    }
  trainer = hl_cli_open_trainer (state, project, &options->overrides, hl_cli_report_get_progress (report), cancellable, NULL, &error);
  if (!trainer && hl_cli_interrupted ())
    {
      hl_cli_report_notice (report, _("Interrupted before the first step: there was nothing to save."));
      return HL_CLI_INTERRUPTED;
    }
  if (!trainer)
    return hl_cli_fail (error);
  recipe = hl_project_state_get_recipe (state);
  if (!load_start (trainer, recipe, options, report, &error))
    return hl_cli_fail (error);
  if (!folder)
    folder = open_folder (options, project, state, hl_device_get_info (hl_trainer_get_device (trainer))->name, &error);
  if (!folder || (options->resume && !resume (trainer, folder, &error)))
    return hl_cli_fail (error);
  hl_cli_report_started (report, recipe->epochs, hl_trainer_get_n_steps (trainer), hl_device_get_info (hl_trainer_get_device (trainer))->name);

  Training training = { .options = options, .report = report, .trainer = trainer, .folder = folder };

  if (options->resume)
    training.seconds_before = hl_run_folder_get_seconds (folder);
  training.start_us = training.mark_us = g_get_monotonic_time ();
  if (!train_loop (&training, &step, &error))
    {
      g_autoptr (GError) ignored = NULL;

      if (!hl_run_folder_finish (folder, "failed", error->message, NULL, run_seconds (&training), &ignored))
        hl_cli_report_notice (report, ignored->message);
      return hl_cli_fail (error);
    }
  return finish (&training, &step, recipe);
}

int
hl_cli_train (int argc, char **argv)
{
  TrainOptions options = { .overrides = HL_CLI_OVERRIDES_INIT };
  HlCliOverrides *overrides = &options.overrides;
  const GOptionEntry entries[] = {
    { "epochs", 'e', 0, G_OPTION_ARG_INT, &overrides->epochs, N_("Passes over the training data"), N_("N") },
    { "batch", 'b', 0, G_OPTION_ARG_INT, &overrides->batch, N_("Images a step"), N_("N") },
    { "seed", 's', 0, G_OPTION_ARG_INT64, &overrides->seed, N_("Start values, order and dropout"), N_("N") },
    { "device", 'd', 0, G_OPTION_ARG_STRING, &overrides->device, N_("Part of a device's name, see \"hillock-cli devices\""), N_("NAME") },
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &overrides->data, N_("A folder with IDX files, or the file of training images"), N_("PATH") },
    { "out", 'o', 0, G_OPTION_ARG_FILENAME, &options.out, N_("Folder of the run, instead of PROJECT.runs/NNN"), N_("FOLDER") },
    { "resume", 'r', 0, G_OPTION_ARG_NONE, &options.resume, N_("Go on with the run in --out, or with the newest one"), NULL },
    { "init", 0, 0, G_OPTION_ARG_FILENAME, &options.init, N_("Start from the weights in this safetensors file"), N_("FILE") },
    { "no-shuffle", 0, 0, G_OPTION_ARG_NONE, &overrides->no_shuffle, N_("Keep the order of the file"), NULL },
    { "log-every", 'l', 0, G_OPTION_ARG_INT, &options.log_every, N_("Tell loss and accuracy of every Nth step"), N_("N") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, N_("One JSON object a line"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, N_("No progress bar"), NULL },
    { NULL }
  };
  int status;

  if (!hl_cli_parse ("train", entries, &argc, &argv, 1, &status))
    return status;
  if (overrides->epochs < 0 || overrides->batch < 0 || options.log_every < 0 || overrides->seed < -1)
    return hl_cli_usage ("train", _("--epochs, --batch and --log-every must be at least 1, --seed at least 0."));
  return train (&options, argv[1]);
}
