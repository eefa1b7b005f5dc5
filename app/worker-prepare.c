/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The beginning of a job: data, device, kernels, and the folder of the run. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/project-io.h"
#include "app/worker-private.h"

#define PROGRESS_EVERY_US 33000

static void
report_cb (gpointer data, double fraction, const char *text)
{
  HlWork *self = data;
  gint64 now = g_get_monotonic_time ();
  HlEvent *event;

  if (now - self->last_progress_us < PROGRESS_EVERY_US && fraction < 1)
    return;
  self->last_progress_us = now;
  event = hl_event_new (HL_EVENT_PROGRESS, self->message->number);
  event->u.progress.fraction = fraction;
  event->u.progress.text = g_strdup (text);
  hl_event_pump_push (self->pump, event);
}

static gboolean
open_dataset (HlWork *self, const HlProgress *progress, GError **error)
{
  HlJob *job = self->message->job;
  const HlDataSpec *spec = hl_project_state_get_data (job->state);
  g_autoptr (GFile) folder = job->project_file ? g_file_get_parent (job->project_file) : NULL;

  if (!job->dataset)
    job->dataset = hl_dataset_open (spec->format, spec->path, folder, progress, self->message->cancellable, error);
  return job->dataset != NULL;
}

static gboolean
make_trainer (HlWork *self, const HlProgress *progress, GError **error)
{
  HlJob *job = self->message->job;
  HlTrainerOptions options = {
    .device = job->device,
    .graph = hl_project_state_get_graph (job->state),
    .recipe = hl_project_state_get_recipe (job->state),
    .dataset = job->dataset,
    .data_spec = hl_project_state_get_data (job->state),
    .progress = progress,
    .cancellable = self->message->cancellable,
  };

  self->trainer = hl_trainer_new (&options, error);
  return self->trainer != NULL;
}

/* Where the project's own place cannot be written, the run is kept in the user's folder rather than not made at all. */
static HlRunFolder *
create_folder (HlWork *self, GError **error)
{
  HlJob *job = self->message->job;
  const char *device = hl_device_get_info (hl_trainer_get_device (self->trainer))->name;
  g_autoptr (GError) cause = NULL;
  g_autoptr (GFile) other = NULL;
  g_autofree char *name = g_file_get_basename (job->runs_folder), *place = NULL;
  HlRunFolder *folder = hl_run_folder_create (job->runs_folder, job->state, device, &cause);

  if (folder)
    return folder;
  other = g_file_new_build_filename (g_get_user_state_dir (), "hillock", "runs", name, NULL);
  folder = hl_run_folder_create (other, job->state, device, NULL);
  if (!folder)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }
  place = g_file_get_parse_name (hl_run_folder_get_file (folder));
  hl_work_notice (
      self, g_error_new (cause->domain, cause->code, _("%s The run is kept in “%s” instead."), cause->message, place));
  return folder;
}

/* The file that the recipe names, else the weights of the ONNX model that the project was; NULL: none. */
static GFile *
find_start_weights (HlWork *self)
{
  HlJob *job = self->message->job;
  const char *path = hl_project_state_get_recipe (job->state)->start_weights;
  g_autoptr (GFile) folder = job->project_file ? g_file_get_parent (job->project_file) : NULL;
  g_autoptr (GFile) imported = g_file_get_child (job->runs_folder, HL_IMPORTED_WEIGHTS);

  if (path)
    return folder ? g_file_resolve_relative_path (folder, path) : g_file_new_for_path (path);
  return g_file_query_exists (imported, NULL) ? g_steal_pointer (&imported) : NULL;
}

/* The weights of a new run; one that goes on has its own. */
static gboolean
load_start_weights (HlWork *self, GError **error)
{
  g_autoptr (GFile) file = self->message->job->run_folder ? NULL : find_start_weights (self);
  g_autofree char *report = NULL, *name = NULL;
  g_autoptr (GError) failure = NULL;
  guint n_missing = 0;

  if (!file && !self->message->job->run_folder && !hl_trainer_check_no_file (self->trainer, error))
    return FALSE;
  if (file && !hl_trainer_load_some_weights (self->trainer, file, &report, &n_missing, &failure))
    {
      /* Nobody chose the imported model's weights for a network that has nothing left of the model. */
      if (!hl_project_state_get_recipe (self->message->job->state)->start_weights
          && g_error_matches (failure, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (n_missing == 0)
    return TRUE;
  name = g_file_get_basename (file);
  hl_work_notice (self, g_error_new (HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH,
                                     g_dngettext (NULL, "%u of the network's weights is not in “%s” and starts at random:\n%s",
                                                  "%u of the network's weights are not in “%s” and start at random:\n%s", n_missing),
                                     n_missing, name, report));
  return TRUE;
}

static gboolean
open_folder (HlWork *self, GError **error)
{
  HlJob *job = self->message->job;
  g_autoptr (GFile) checkpoint = NULL;

  if (!job->run_folder)
    {
      self->folder = create_folder (self, error);
      return self->folder != NULL;
    }
  self->folder = hl_run_folder_open (job->run_folder, error);
  if (!self->folder)
    return FALSE;
  checkpoint = hl_run_folder_get_checkpoint (self->folder);
  if (!g_file_query_exists (checkpoint, NULL))
    {
      g_autofree char *place = g_file_get_parse_name (job->run_folder);

      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING,
                   _("The run in “%s” has no checkpoint to go on from: it ended before its first epoch was over."),
                   place);
      return FALSE;
    }
  if (!hl_trainer_restore_checkpoint (self->trainer, checkpoint, error))
    return FALSE;
  self->seconds = hl_run_folder_get_seconds (self->folder);
  self->step = hl_trainer_get_step (self->trainer);
  self->epochs_done = self->step / MAX (hl_trainer_get_steps_per_epoch (self->trainer), 1);
  return TRUE;
}

static void
send_started (HlWork *self)
{
  HlEvent *event = hl_event_new (HL_EVENT_STARTED, self->message->number);

  event->u.started.folder = g_object_ref (hl_run_folder_get_file (self->folder));
  event->u.started.number = hl_run_folder_get_number (self->folder);
  event->u.started.n_steps = hl_trainer_get_n_steps (self->trainer);
  event->u.started.steps_per_epoch = hl_trainer_get_steps_per_epoch (self->trainer);
  event->u.started.device = g_strdup (hl_device_get_info (hl_trainer_get_device (self->trainer))->name);
  event->u.started.first_step = hl_trainer_get_step (self->trainer);
  hl_event_pump_push (self->pump, event);
}

gboolean
hl_work_prepare (HlWork *self)
{
  HlProgress progress = { report_cb, self };
  GError *error = NULL;

  hl_work_send_state (self, HL_SESSION_PREPARING);
  if (open_dataset (self, &progress, &error) && make_trainer (self, &progress, &error) && load_start_weights (self, &error)
      && open_folder (self, &error))
    {
      send_started (self);
      if (self->message->job->kind == HL_JOB_INSPECT)
        hl_work_send_state (self, HL_SESSION_READY);
      return TRUE;
    }
  g_clear_pointer (&self->trainer, hl_trainer_free);
  g_clear_pointer (&self->folder, hl_run_folder_free);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_error_free (error);
      hl_work_send_state (self, HL_SESSION_STOPPED);
    }
  else
    hl_work_fail (self, error);
  return FALSE;
}
