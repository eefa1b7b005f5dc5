/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The training loop: a look at the queue, one step, results out, over and over. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/worker-private.h"

#define FLUSH_EVERY_US 33000
#define RATE_WINDOW_US 500000
#define POLL_AT_ONCE 64

/* ---- Time and speed ---- */

static void
start_clock (HlWork *self)
{
  if (self->running_since_us == 0)
    self->running_since_us = g_get_monotonic_time ();
}

static void
update_rate (HlWork *self, gint64 at_least_us)
{
  gint64 now = g_get_monotonic_time ();

  if (self->window_since_us == 0 || now - self->window_since_us < at_least_us || self->window_images == 0)
    return;
  self->images_per_second = self->window_images * 1e6 / (now - self->window_since_us);
  self->window_since_us = now;
  self->window_images = 0;
}

/* Between training steps something else takes the time, so it does not count against their speed. */
static void
close_window (HlWork *self)
{
  update_rate (self, RATE_WINDOW_US / 10);
  self->window_since_us = 0;
  self->window_images = 0;
}

static void
stop_clock (HlWork *self)
{
  self->seconds = hl_work_get_seconds (self);
  self->running_since_us = 0;
  close_window (self);
}

/* ---- Results ---- */

static void
flush_results (HlWork *self)
{
  HlEvent *event;

  self->last_flush_us = g_get_monotonic_time ();
  update_rate (self, self->images_per_second > 0 ? RATE_WINDOW_US : RATE_WINDOW_US / 5);
  if (self->results->len == 0)
    return;
  event = hl_event_new (HL_EVENT_STEPS, self->message->number);
  event->u.steps.n = self->results->len;
  event->u.steps.results = (HlStepResult *) g_array_free (self->results, FALSE);
  event->u.steps.seconds = hl_work_get_seconds (self);
  event->u.steps.images_per_second = self->images_per_second;
  self->results = g_array_new (FALSE, FALSE, sizeof (HlStepResult));
  hl_event_pump_push (self->pump, event);
}

/* Fetches what the device has finished; wait: everything. */
static gboolean
poll_results (HlWork *self, gboolean wait, GError **error)
{
  guint n;

  /* Until there is nothing more: a failure comes only after the last result. */
  do
    {
      HlStepResult results[POLL_AT_ONCE];

      if (!hl_trainer_poll (self->trainer, wait, results, POLL_AT_ONCE, &n, error))
        return FALSE;
      for (guint i = 0; i < n; i++)
        {
          GError *problem = NULL;

          self->step = results[i].step;
          self->window_images += results[i].batch;
          if (!hl_run_folder_add_step (self->folder, &results[i], hl_work_get_seconds (self), &problem))
            hl_work_notice (self, problem);
        }
      g_array_append_vals (self->results, results, n);
    }
  while (n > 0);
  return TRUE;
}

/* Until nothing is under way on the device and nothing is kept back. */
static gboolean
settle (HlWork *self, GError **error)
{
  gboolean ok = poll_results (self, TRUE, error);

  flush_results (self);
  return ok;
}

/* ---- Ends ---- */

static void
finish_folder (HlWork *self, const char *state, const char *message, const HlScore *test)
{
  GError *error = NULL;

  if (!hl_run_folder_finish (self->folder, state, message, test, hl_work_get_seconds (self), &error))
    hl_work_notice (self, error);
}

/* Takes error. */
static void
end_failed (HlWork *self, GError *error)
{
  stop_clock (self);
  flush_results (self);
  if (self->epochs_done > 0)
    {
      char *message = g_strdup_printf (ngettext ("%s The checkpoint after %u epoch is kept.",
                                                 "%s The checkpoint after %u epochs is kept.", self->epochs_done),
                                       error->message, self->epochs_done);

      g_free (error->message);
      error->message = message;
    }
  finish_folder (self, "failed", error->message, NULL);
  /* Weights full of not-a-number, or a lost device: there is nothing left to look at. */
  g_clear_pointer (&self->trainer, hl_trainer_free);
  g_clear_pointer (&self->folder, hl_run_folder_free);
  hl_work_fail (self, error);
}

static void
end_stopped (HlWork *self)
{
  g_autoptr (GFile) checkpoint = hl_run_folder_get_checkpoint (self->folder);
  GError *error = NULL;

  hl_work_send_state (self, HL_SESSION_STOPPING);
  if (!settle (self, &error))
    {
      end_failed (self, error);
      return;
    }
  stop_clock (self);
  if (!hl_trainer_save_checkpoint (self->trainer, checkpoint, &error))
    hl_work_notice (self, error);
  finish_folder (self, "stopped", NULL, NULL);
  hl_work_send_state (self, HL_SESSION_STOPPED);
}

static void
end_done (HlWork *self, const HlStep *step)
{
  stop_clock (self);
  finish_folder (self, "done", NULL, &step->test);
  if (step->test.n > 0)
    {
      HlEvent *event = hl_event_new (HL_EVENT_TEST, self->message->number);

      event->u.test = step->test;
      hl_event_pump_push (self->pump, event);
    }
  hl_work_send_state (self, HL_SESSION_FINISHED);
}

/* ---- Steps ---- */

static void
end_epoch (HlWork *self, const HlStep *step)
{
  HlEvent *event = hl_event_new (HL_EVENT_EPOCH, self->message->number);
  guint n_classes = 0;
  gsize n = 0;
  const guint32 *confusion = hl_trainer_get_confusion (self->trainer, &n_classes);
  const gint32 *predictions = hl_trainer_get_predictions (self->trainer, &n);
  GError *error = NULL;

  self->epochs_done = step->epoch + 1;
  event->u.epoch.epoch = step->epoch;
  event->u.epoch.train = step->train;
  event->u.epoch.validation = step->validation;
  event->u.epoch.seconds = hl_work_get_seconds (self);
  if (confusion)
    {
      event->u.epoch.confusion = g_memdup2 (confusion, (gsize) n_classes * n_classes * sizeof *confusion);
      event->u.epoch.n_classes = n_classes;
    }
  if (predictions)
    {
      event->u.epoch.predictions = g_memdup2 (predictions, n * sizeof *predictions);
      event->u.epoch.n_predictions = n;
    }
  hl_event_pump_push (self->pump, event);
  if (!hl_run_folder_add_epoch (self->folder, self->trainer, step, hl_work_get_seconds (self), &error))
    hl_work_notice (self, g_error_new (error->domain, error->code,
                                       _("%s Training goes on, and the next epoch tries again."), error->message));
  g_clear_error (&error);
}

/* One step of whatever kind is next. FALSE when the run is over. */
static gboolean
make_step (HlWork *self)
{
  HlStep step;
  GError *error = NULL;

  if (!hl_trainer_step (self->trainer, &step, &error) || !poll_results (self, FALSE, &error))
    {
      end_failed (self, error);
      return FALSE;
    }
  switch (step.kind)
    {
    case HL_STEP_TRAIN:
      if (self->window_since_us == 0)
        self->window_since_us = g_get_monotonic_time ();
      self->probe.due = TRUE;
      if (self->single && !settle (self, &error))
        {
          end_failed (self, error);
          return FALSE;
        }
      self->single = FALSE;
      break;
    case HL_STEP_VALIDATE:
    case HL_STEP_TEST:
      close_window (self);
      break;
    case HL_STEP_EPOCH_END:
    case HL_STEP_DONE:
      if (!settle (self, &error))
        {
          end_failed (self, error);
          return FALSE;
        }
      if (step.kind == HL_STEP_DONE)
        {
          end_done (self, &step);
          return FALSE;
        }
      end_epoch (self, &step);
      break;
    }
  if (g_get_monotonic_time () - self->last_flush_us >= FLUSH_EVERY_US)
    flush_results (self);
  return TRUE;
}

/* Announces the pause once, then waits for commands, looking at the probe in between. FALSE when the run is over. */
static gboolean
wait_paused (HlWork *self)
{
  HlWorkerMessage *message;
  gint64 delay;

  if (self->state != HL_SESSION_PAUSED || self->running_since_us != 0)
    {
      GError *error = NULL;

      if (!settle (self, &error))
        {
          end_failed (self, error);
          return FALSE;
        }
      stop_clock (self);
      if (self->state != HL_SESSION_PAUSED)
        hl_work_send_state (self, HL_SESSION_PAUSED);
    }
  delay = hl_work_get_probe_delay (self);
  if (delay == 0)
    {
      hl_work_answer_probe (self);
      return TRUE;
    }
  message = delay < 0 ? g_async_queue_pop (self->queue) : g_async_queue_timeout_pop (self->queue, delay);
  if (message)
    hl_work_handle (self, message);
  return TRUE;
}

void
hl_work_train (HlWork *self)
{
  for (;;)
    {
      HlWorkerMessage *message;

      while (!self->stop && (message = g_async_queue_try_pop (self->queue)))
        hl_work_handle (self, message);
      if (self->stop)
        {
          end_stopped (self);
          return;
        }
      if (self->paused && !self->single)
        {
          if (!wait_paused (self))
            return;
          continue;
        }
      start_clock (self);
      if (self->state != HL_SESSION_RUNNING && !self->single)
        hl_work_send_state (self, HL_SESSION_RUNNING);
      if (!make_step (self))
        return;
      if (hl_work_get_probe_delay (self) == 0)
        hl_work_answer_probe (self);
    }
}
