/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlWorker: the thread that owns device and trainer, one for a session's whole life. Jobs and commands go in through a queue, events come
 * out through the pump. These functions are for the main thread; none but free waits, and that as long as one step takes. */
#pragma once

#include "app/event-pump.h"

G_BEGIN_DECLS

typedef struct _HlWorker HlWorker;

HlWorker *hl_worker_new   (HlEventPump *pump) G_GNUC_WARN_UNUSED_RESULT;   /* the pump must live longer */
/* Takes job. Whatever was going on ends first. Events carry `number`. */
void      hl_worker_start (HlWorker *self, HlJob *job, guint number);
void      hl_worker_send  (HlWorker *self, HlCommand *command);            /* takes command */
/* Probes are not made faster than they are looked at: the worker makes the next one after this. */
void      hl_worker_probe_taken (HlWorker *self);
/* Stops with a checkpoint, joins and frees. */
void      hl_worker_free  (HlWorker *self);

G_END_DECLS
