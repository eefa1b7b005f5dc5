/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One job on the worker thread, shared by the files that carry it out. Worker thread only. */
#pragma once

#include "app/run-folder.h"
#include "app/worker.h"

G_BEGIN_DECLS

/* What travels in the worker's queue: a job, or a command for the current one. */
typedef struct
{
  HlJob *job;
  guint number;
  GCancellable *cancellable;
  HlCommand *command;
} HlWorkerMessage;

void hl_worker_message_free (HlWorkerMessage *self);

typedef struct
{
  float *sample;            /* NULL: nothing to look at */
  gsize n;
  gboolean with_weights;
  gboolean due;             /* asked for, or the weights have changed since the last answer */
  gint64 last_us;
  guint64 serial;
} HlProbeRequest;

typedef struct
{
  HlWorkerMessage *message;  /* the job; owned */
  GAsyncQueue *queue;
  HlEventPump *pump;
  gint *probe_out;           /* atomic: 1 while a probe waits to be looked at */

  HlTrainer *trainer;
  HlRunFolder *folder;
  HlSessionState state;      /* as announced last */
  gboolean paused, single, stop, quit;
  HlWorkerMessage *next;     /* the job that ends this one */

  GArray *results;           /* HlStepResult not yet sent */
  gint64 last_flush_us, last_progress_us;
  double seconds;            /* of training, earlier sittings and finished stretches */
  gint64 running_since_us;   /* 0: not running now */
  gint64 window_since_us;    /* images per second: 0 outside training steps */
  guint64 window_images;
  double images_per_second;
  guint64 step;
  guint epochs_done;
  HlProbeRequest probe;
  char *last_notice;
} HlWork;

/* Opens data and device, makes or opens the run's folder. FALSE when the job is over; that has been told. */
gboolean hl_work_prepare (HlWork *self);
/* Until done, stopped or failed; that has been told. */
void     hl_work_train   (HlWork *self);

/* Takes message and does or notes what it says. */
void     hl_work_handle  (HlWork *self, HlWorkerMessage *message);
void     hl_work_send_state (HlWork *self, HlSessionState state);
/* Takes error. Says the same thing only once in a row. */
void     hl_work_notice  (HlWork *self, GError *error);
/* Takes error. */
void     hl_work_fail    (HlWork *self, GError *error);
double   hl_work_get_seconds (HlWork *self);

/* Microseconds until the next probe may be answered; 0: now; -1: nothing to answer. */
gint64   hl_work_get_probe_delay (HlWork *self);
void     hl_work_answer_probe (HlWork *self);

G_END_DECLS
