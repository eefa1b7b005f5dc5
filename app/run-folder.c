/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A run's folder: what is written when. Whatever fails, the rest is still attempted, and files are replaced whole, so
 * that what a run has made so far is never lost. */

#include "config.h"

#include "app/run-folder.h"

#include <math.h>
#include <stdlib.h>

#include "app/file-util.h"
#include "app/run-info.h"
#include "app/run-log.h"

#define FLUSH_EVERY_US (G_USEC_PER_SEC)

struct _HlRunFolder
{
  GFile *folder;
  guint number;
  HlProjectState *state;
  HlRunInfo *info;
  HlRunLog *metrics, *steps, *confusion;
  gint64 last_flush_us;
  /* Opened to go on: rows of steps and epochs that come again are dropped when the first of them comes. */
  gboolean trim_steps, trim_epochs;
};

static HlRunLog *
open_log (GFile *folder, const char *name, const char *header)
{
  g_autoptr (GFile) file = g_file_get_child (folder, name);

  return hl_run_log_new (file, header);
}

static void
open_logs (HlRunFolder *self)
{
  self->metrics = open_log (self->folder, "metrics.csv", "epoch,step,part,loss,accuracy,seconds");
  self->steps = open_log (self->folder, "steps.csv", "step,epoch,loss,accuracy,seconds");
  self->confusion = open_log (self->folder, "confusion.csv", "epoch,label,prediction,count");
}

/* Numbered folders are called "007"; anything else has number 0. */
static guint
folder_number (GFile *folder)
{
  g_autofree char *name = g_file_get_basename (folder);
  guint64 number;

  if (!name || !g_ascii_string_to_unsigned (name, 10, 1, 999999, &number, NULL))
    return 0;
  return number;
}

static guint
last_number (GFile *runs_folder)
{
  g_autoptr (GFileEnumerator) children = NULL;
  guint last = 0;

  children = g_file_enumerate_children (runs_folder, G_FILE_ATTRIBUTE_STANDARD_NAME, 0, NULL, NULL);
  while (children)
    {
      GFile *child;

      if (!g_file_enumerator_iterate (children, NULL, &child, NULL, NULL) || !child)
        break;
      last = MAX (last, folder_number (child));
    }
  return last;
}

static HlRunFolder *
begin (GFile *folder, guint number, const HlProjectState *state, const char *device, GError **error)
{
  g_autoptr (HlRunFolder) self = g_new0 (HlRunFolder, 1);
  g_autoptr (GFile) project = g_file_get_child (folder, "project.hillock");
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  const char *optimizer = _(hl_project_state_get_recipe (state)->optimizer->klass->title);

  self->folder = g_object_ref (folder);
  self->number = number;
  self->state = hl_project_state_ref ((HlProjectState *) state);
  self->info = hl_run_info_new ();
  self->info->title = number > 0 ? g_strdup_printf (_("Run %u · %s"), number, optimizer) : g_strdup (optimizer);
  self->info->device = g_strdup (device);
  self->info->version = g_strdup (HL_VERSION);
  self->info->started = g_date_time_format_iso8601 (now);
  open_logs (self);
  if (!hl_project_state_save (state, project, error) || !hl_run_info_save (self->info, folder, error)
      || !hl_run_log_flush (self->metrics, error) || !hl_run_log_flush (self->steps, error)
      || !hl_run_log_flush (self->confusion, error))
    return NULL;
  return g_steal_pointer (&self);
}

HlRunFolder *
hl_run_folder_create (GFile *runs_folder, const HlProjectState *state, const char *device, GError **error)
{
  guint number;

  if (!hl_folder_make (runs_folder, error))
    return NULL;
  /* Another window may take the same number meanwhile: only one of them makes the folder. */
  for (number = last_number (runs_folder) + 1; number <= 999999; number++)
    {
      g_autofree char *name = g_strdup_printf ("%03u", number);
      g_autoptr (GFile) folder = g_file_get_child (runs_folder, name);
      g_autoptr (GError) cause = NULL;

      if (g_file_make_directory (folder, NULL, &cause))
        return begin (folder, number, state, device, error);
      if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_EXISTS))
        {
          g_autofree char *place = g_file_get_parse_name (folder);

          g_set_error (error, cause->domain, cause->code, _("The folder “%s” for the run cannot be made (%s)."), place,
                       cause->message);
          return NULL;
        }
    }
  g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT, _("There are already 999 999 runs; delete some."));
  return NULL;
}

HlRunFolder *
hl_run_folder_create_at (GFile *folder, const HlProjectState *state, const char *device, GError **error)
{
  g_autoptr (GFile) run = g_file_get_child (folder, "run.json");

  if (!hl_folder_make (folder, error))
    return NULL;
  if (g_file_query_exists (run, NULL))
    {
      g_autofree char *place = g_file_get_parse_name (folder);

      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                   _("“%s” already holds a run; resume it, or choose another folder."), place);
      return NULL;
    }
  return begin (folder, 0, state, device, error);
}

HlRunFolder *
hl_run_folder_open (GFile *folder, GError **error)
{
  g_autoptr (HlRunFolder) self = g_new0 (HlRunFolder, 1);
  g_autoptr (GFile) project = g_file_get_child (folder, "project.hillock");

  self->folder = g_object_ref (folder);
  self->number = folder_number (folder);
  self->info = hl_run_info_load (folder, error);
  self->state = self->info ? hl_project_state_load (project, error) : NULL;
  if (!self->state)
    {
      g_autofree char *place = g_file_get_parse_name (folder);

      g_prefix_error (error, _("The run in “%s” cannot be read: "), place);
      return NULL;
    }
  self->trim_steps = self->trim_epochs = TRUE;
  return g_steal_pointer (&self);
}

void
hl_run_folder_free (HlRunFolder *self)
{
  if (!self)
    return;
  g_clear_pointer (&self->metrics, hl_run_log_free);
  g_clear_pointer (&self->steps, hl_run_log_free);
  g_clear_pointer (&self->confusion, hl_run_log_free);
  g_clear_pointer (&self->info, hl_run_info_free);
  g_clear_pointer (&self->state, hl_project_state_unref);
  g_clear_object (&self->folder);
  g_free (self);
}

GFile *
hl_run_folder_get_file (HlRunFolder *self)
{
  return self->folder;
}

guint
hl_run_folder_get_number (HlRunFolder *self)
{
  return self->number;
}

HlProjectState *
hl_run_folder_get_state (HlRunFolder *self)
{
  return self->state;
}

double
hl_run_folder_get_seconds (HlRunFolder *self)
{
  return self->info->seconds;
}

GFile *
hl_run_folder_get_checkpoint (HlRunFolder *self)
{
  return g_file_get_child (self->folder, "last.safetensors");
}

/* Keeps the first of several errors. */
static gboolean
gather (gboolean ok, GError **part, GError **first)
{
  if (ok)
    return TRUE;
  if (*first)
    g_clear_error (part);
  else
    *first = g_steal_pointer (part);
  return FALSE;
}

/* Long runs are thinned out, so that their file stays readable: every step, then every tenth, then every hundredth. */
static gboolean
is_sampled (guint64 step)
{
  return step <= 1000 || (step <= 100000 ? step % 10 == 0 : step % 100 == 0);
}

/* An empty field where there are no right answers. */
static const char *
format_accuracy (char *buffer, const char *format, double accuracy)
{
  return isnan (accuracy) ? "" : g_ascii_formatd (buffer, G_ASCII_DTOSTR_BUF_SIZE, format, accuracy);
}

gboolean
hl_run_folder_add_step (HlRunFolder *self, const HlStepResult *result, double seconds, GError **error)
{
  gint64 now = g_get_monotonic_time ();
  char loss[G_ASCII_DTOSTR_BUF_SIZE], accuracy[G_ASCII_DTOSTR_BUF_SIZE], time[G_ASCII_DTOSTR_BUF_SIZE];

  if (!self->steps)
    open_logs (self);
  if (self->trim_steps)
    {
      self->trim_steps = FALSE;
      if (!hl_run_log_trim (self->steps, 0, result->step, error))
        return FALSE;
    }
  if (!is_sampled (result->step))
    return TRUE;
  hl_run_log_add (self->steps, "%" G_GUINT64_FORMAT ",%u,%s,%s,%s", result->step, result->epoch + 1,
                  g_ascii_formatd (loss, sizeof loss, "%.9g", result->loss),
                  format_accuracy (accuracy, "%.6g", result->accuracy),
                  g_ascii_formatd (time, sizeof time, "%.3f", seconds));
  if (now - self->last_flush_us < FLUSH_EVERY_US)
    return TRUE;
  self->last_flush_us = now;
  return hl_run_log_flush (self->steps, error);
}

static void
add_metrics (HlRunFolder *self, guint epoch, guint64 step, const char *part, const HlScore *score, double seconds)
{
  char loss[G_ASCII_DTOSTR_BUF_SIZE], accuracy[G_ASCII_DTOSTR_BUF_SIZE], time[G_ASCII_DTOSTR_BUF_SIZE];

  if (score->n == 0)
    return;
  hl_run_log_add (self->metrics, "%u,%" G_GUINT64_FORMAT ",%s,%s,%s,%s", epoch, step, part,
                  g_ascii_formatd (loss, sizeof loss, "%.9g", score->loss),
                  format_accuracy (accuracy, "%.9g", score->accuracy),
                  g_ascii_formatd (time, sizeof time, "%.3f", seconds));
}

static gboolean
add_confusion (HlRunFolder *self, HlTrainer *trainer, guint epoch, GError **error)
{
  g_autoptr (GFile) file = g_file_get_child (self->folder, "predictions.csv");
  guint n_classes = 0;
  gsize n = 0;
  const guint32 *counts = hl_trainer_get_confusion (trainer, &n_classes);
  const gint32 *predictions = hl_trainer_get_predictions (trainer, &n);
  g_autoptr (GString) text = NULL;

  self->info->n_classes = counts ? n_classes : 0;
  for (gsize i = 0; counts && i < (gsize) n_classes * n_classes; i++)
    if (counts[i] > 0)
      hl_run_log_add (self->confusion, "%u,%u,%u,%u", epoch, (guint)(i / n_classes), (guint)(i % n_classes), counts[i]);
  if (!hl_run_log_flush (self->confusion, error))
    return FALSE;
  if (!predictions || n == 0)
    return TRUE;
  text = g_string_sized_new (2 * n + 16);
  g_string_append (text, "prediction\n");
  for (gsize i = 0; i < n; i++)
    g_string_append_printf (text, "%d\n", predictions[i]);
  return hl_file_save_text (file, text->str, text->len, HL_SAVE_ATOMIC, error);
}

static gboolean
save_weights (HlRunFolder *self, HlTrainer *trainer, const HlStep *step, GError **first)
{
  g_autoptr (GFile) last = hl_run_folder_get_checkpoint (self);
  g_autoptr (GFile) best = g_file_get_child (self->folder, "best.safetensors");
  double score = step->validation.n == 0             ? -step->train.loss
                 : isnan (step->validation.accuracy) ? -step->validation.loss
                                                     : step->validation.accuracy;
  gboolean ok;
  GError *part = NULL;

  ok = hl_trainer_save_checkpoint (trainer, last, &part);
  gather (ok, &part, first);
  if (self->info->best_epoch == 0 || self->info->best_epoch > step->epoch || score > self->info->best_score)
    {
      gboolean saved = hl_trainer_save_weights (trainer, best, &part);

      gather (saved, &part, first);
      if (saved)
        {
          self->info->best_epoch = step->epoch + 1;
          self->info->best_score = score;
        }
      ok = ok && saved;
    }
  return ok;
}

gboolean
hl_run_folder_add_epoch (HlRunFolder *self, HlTrainer *trainer, const HlStep *step, double seconds, GError **error)
{
  guint epoch = step->epoch + 1;
  GError *first = NULL, *part = NULL;

  if (!self->metrics)
    open_logs (self);
  if (self->trim_epochs)
    {
      self->trim_epochs = FALSE;
      gather (hl_run_log_trim (self->metrics, 0, epoch, &part), &part, &first);
      gather (hl_run_log_trim (self->confusion, 0, epoch, &part), &part, &first);
    }
  add_metrics (self, epoch, step->step, "train", &step->train, seconds);
  add_metrics (self, epoch, step->step, "validation", &step->validation, seconds);
  gather (hl_run_log_flush (self->metrics, &part), &part, &first);
  gather (hl_run_log_flush (self->steps, &part), &part, &first);
  gather (add_confusion (self, trainer, epoch, &part), &part, &first);
  save_weights (self, trainer, step, &first);
  self->info->epochs = epoch;
  self->info->steps_per_epoch = hl_trainer_get_steps_per_epoch (trainer);
  self->info->train = step->train;
  self->info->validation = step->validation;
  self->info->seconds = seconds;
  g_free (self->info->state);
  self->info->state = g_strdup ("running");
  g_clear_pointer (&self->info->message, g_free);
  g_clear_pointer (&self->info->ended, g_free);
  gather (hl_run_info_save_progress (self->info, self->folder, &part), &part, &first);
  if (!first)
    return TRUE;
  g_propagate_error (error, first);
  return FALSE;
}

gboolean
hl_run_folder_finish (HlRunFolder *self, const char *state, const char *message, const HlScore *test, double seconds,
                      GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  GError *first = NULL, *part = NULL;

  if (!self->metrics)
    open_logs (self);
  /* A run that was done before it was resumed has its row already. */
  if (test && test->n > 0 && self->info->test.n == 0)
    {
      self->info->test = *test;
      add_metrics (self, self->info->epochs, self->info->epochs * self->info->steps_per_epoch, "test", test, seconds);
    }
  gather (hl_run_log_flush (self->metrics, &part), &part, &first);
  gather (hl_run_log_flush (self->steps, &part), &part, &first);
  gather (hl_run_log_flush (self->confusion, &part), &part, &first);
  self->info->seconds = seconds;
  g_free (self->info->state);
  self->info->state = g_strdup (state);
  g_free (self->info->message);
  self->info->message = g_strdup (message);
  g_free (self->info->ended);
  self->info->ended = g_date_time_format_iso8601 (now);
  gather (hl_run_info_save_progress (self->info, self->folder, &part), &part, &first);
  if (!first)
    return TRUE;
  g_propagate_error (error, first);
  return FALSE;
}
