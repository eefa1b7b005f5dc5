/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlWorker: the thread, its queue, and what every command does. A job is prepared in worker-prepare.c and trained in
 * worker-train.c. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/worker-private.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The interface goes first: PoCL's threads inherit this from the thread that opens the device. */
#define NICENESS 10
#define PROBE_EVERY_US 100000

struct _HlWorker
{
  GThread *thread;
  GAsyncQueue *queue;
  HlEventPump *pump;
  GCancellable *cancellable;   /* of the job started last; main thread */
  gint probe_out;
};

void
hl_worker_message_free (HlWorkerMessage *self)
{
  if (!self)
    return;
  hl_job_free (self->job);
  g_clear_object (&self->cancellable);
  hl_command_free (self->command);
  g_free (self);
}

/* ---- Telling the main thread ---- */

void
hl_work_send_state (HlWork *self, HlSessionState state)
{
  HlEvent *event = hl_event_new (HL_EVENT_STATE, self->message->number);

  event->u.state = self->state = state;
  hl_event_pump_push (self->pump, event);
}

void
hl_work_notice (HlWork *self, GError *error)
{
  HlEvent *event;

  if (g_strcmp0 (self->last_notice, error->message) == 0)
    {
      g_error_free (error);
      return;
    }
  g_free (self->last_notice);
  self->last_notice = g_strdup (error->message);
  event = hl_event_new (HL_EVENT_NOTICE, self->message->number);
  event->u.error = error;
  hl_event_pump_push (self->pump, event);
}

void
hl_work_fail (HlWork *self, GError *error)
{
  HlEvent *event = hl_event_new (HL_EVENT_FAILED, self->message->number);

  self->state = HL_SESSION_FAILED;
  event->u.error = error;
  hl_event_pump_push (self->pump, event);
}

double
hl_work_get_seconds (HlWork *self)
{
  return self->seconds + (self->running_since_us ? (g_get_monotonic_time () - self->running_since_us) / 1e6 : 0);
}

/* ---- Commands ---- */

static void
save_weights (HlWork *self, GFile *file)
{
  GError *error = NULL;

  if (!self->trainer)
    g_set_error_literal (&error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                         _("There are no weights to save: train a network first, or choose a run to inspect."));
  if (!error && hl_trainer_save_weights (self->trainer, file, &error))
    {
      HlEvent *event = hl_event_new (HL_EVENT_SAVED, self->message->number);

      event->u.file = g_object_ref (file);
      hl_event_pump_push (self->pump, event);
      return;
    }
  g_clear_pointer (&self->last_notice, g_free); /* the user asked, so the answer comes even when it is the same again */
  hl_work_notice (self, error);
}

static void
save_checkpoint (HlWork *self)
{
  g_autoptr (GFile) file = self->folder ? hl_run_folder_get_checkpoint (self->folder) : NULL;
  GError *error = NULL;

  if (file && self->trainer && !hl_trainer_save_checkpoint (self->trainer, file, &error))
    hl_work_notice (self, error);
}

static void
set_probe (HlWork *self, HlCommand *command)
{
  g_free (self->probe.sample);
  self->probe.sample = g_steal_pointer (&command->sample);
  self->probe.n = command->n;
  self->probe.with_weights = command->with_weights;
  self->probe.due = TRUE;
}

void
hl_work_handle (HlWork *self, HlWorkerMessage *message)
{
  HlCommand *command = message->command;

  if (message->job)
    {
      self->stop = TRUE;
      hl_worker_message_free (self->next);
      self->next = message;
      return;
    }
  switch (command->kind)
    {
    case HL_COMMAND_PAUSE: self->paused = TRUE; break;
    case HL_COMMAND_RESUME: self->paused = self->single = FALSE; break;
    case HL_COMMAND_SINGLE_STEP: self->paused = self->single = TRUE; break;
    case HL_COMMAND_STOP: self->stop = TRUE; break;
    case HL_COMMAND_CHECKPOINT: save_checkpoint (self); break;
    case HL_COMMAND_PROBE: set_probe (self, command); break;
    case HL_COMMAND_SAVE_WEIGHTS: save_weights (self, command->file); break;
    case HL_COMMAND_QUIT: self->quit = self->stop = TRUE; break;
    }
  hl_worker_message_free (message);
}

gint64
hl_work_get_probe_delay (HlWork *self)
{
  gint64 wait;

  if (!self->probe.sample || !self->probe.due || !self->trainer)
    return -1;
  wait = self->probe.last_us + PROBE_EVERY_US - g_get_monotonic_time ();
  if (wait <= 0 && g_atomic_int_get (self->probe_out))
    wait = PROBE_EVERY_US / 4;
  return MAX (wait, 0);
}

/* ---- The thread ---- */

/* After the end of a job its network can still be looked at and saved. */
static void
linger (HlWork *self)
{
  while (!self->quit && !self->next)
    {
      gint64 delay = hl_work_get_probe_delay (self);
      HlWorkerMessage *message;

      if (delay == 0)
        {
          hl_work_answer_probe (self);
          continue;
        }
      message = delay < 0 ? g_async_queue_pop (self->queue) : g_async_queue_timeout_pop (self->queue, delay);
      if (message)
        hl_work_handle (self, message);
    }
}

static void
work_clear (HlWork *self)
{
  g_clear_pointer (&self->trainer, hl_trainer_free);
  g_clear_pointer (&self->folder, hl_run_folder_free);
  g_clear_pointer (&self->results, g_array_unref);
  g_clear_pointer (&self->message, hl_worker_message_free);
  g_free (self->last_notice);
}

/* Carries out a job; returns the one that came after it, NULL to leave the thread. The probe lives on from job to job.
 */
static HlWorkerMessage *
run_job (HlWorker *worker, HlWorkerMessage *message, HlProbeRequest *probe)
{
  HlWork work = {
    .message = message, .queue = worker->queue, .pump = worker->pump, .probe_out = &worker->probe_out, .probe = *probe
  };

  work.results = g_array_new (FALSE, FALSE, sizeof (HlStepResult));
  work.paused = message->job->start_paused;
  work.probe.due = TRUE;
  if (hl_work_prepare (&work) && message->job->kind == HL_JOB_TRAIN)
    hl_work_train (&work);
  linger (&work);
  *probe = work.probe;
  work_clear (&work);
  return work.next;
}

static gpointer
worker_thread (gpointer data)
{
  HlWorker *self = data;
  HlProbeRequest probe = { 0 };
  HlWorkerMessage *message;
  gboolean quit = FALSE;

  setpriority (PRIO_PROCESS, syscall (SYS_gettid), NICENESS);
  while (!quit)
    {
      message = g_async_queue_pop (self->queue);
      while (message && message->job)
        {
          message = run_job (self, message, &probe);
          quit = !message;
        }
      /* Without a job there is nothing a command could be about. */
      if (message && message->command->kind == HL_COMMAND_QUIT)
        quit = TRUE;
      else if (message && message->command->kind == HL_COMMAND_PROBE)
        {
          g_free (probe.sample);
          probe.sample = g_steal_pointer (&message->command->sample);
          probe.n = message->command->n;
          probe.with_weights = message->command->with_weights;
        }
      hl_worker_message_free (message);
    }
  g_free (probe.sample);
  return NULL;
}

/* ---- Main thread ---- */

HlWorker *
hl_worker_new (HlEventPump *pump)
{
  HlWorker *self = g_new0 (HlWorker, 1);

  self->pump = pump;
  self->queue = g_async_queue_new_full ((GDestroyNotify) hl_worker_message_free);
  self->thread = g_thread_new ("worker", worker_thread, self);
  return self;
}

void
hl_worker_start (HlWorker *self, HlJob *job, guint number)
{
  HlWorkerMessage *message = g_new0 (HlWorkerMessage, 1);

  if (self->cancellable)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  message->job = job;
  message->number = number;
  message->cancellable = g_object_ref (self->cancellable);
  g_atomic_int_set (&self->probe_out, 0);
  g_async_queue_push (self->queue, message);
}

void
hl_worker_send (HlWorker *self, HlCommand *command)
{
  HlWorkerMessage *message = g_new0 (HlWorkerMessage, 1);

  /* Reaches into the long single calls that cannot look at the queue: reading data, building kernels. */
  if ((command->kind == HL_COMMAND_STOP || command->kind == HL_COMMAND_QUIT) && self->cancellable)
    g_cancellable_cancel (self->cancellable);
  message->command = command;
  g_async_queue_push (self->queue, message);
}

void
hl_worker_probe_taken (HlWorker *self)
{
  g_atomic_int_set (&self->probe_out, 0);
}

void
hl_worker_free (HlWorker *self)
{
  HlCommand *quit;

  if (!self)
    return;
  quit = g_new0 (HlCommand, 1);
  quit->kind = HL_COMMAND_QUIT;
  hl_worker_send (self, quit);
  g_thread_join (self->thread);
  g_async_queue_unref (self->queue);
  g_clear_object (&self->cancellable);
  g_free (self);
}
