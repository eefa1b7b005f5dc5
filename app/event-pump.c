/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlEventPump: a GSource with a queue. A push wakes the main context only when no wake-up is due yet, and a wake-up is
 * due no sooner than 16 ms after the last, so that a fast worker costs the interface one dispatch a frame. */

#include "app/event-pump.h"

#define FRAME_US 16000

struct _HlEventPump
{
  GSource source;
  GMutex mutex;
  GQueue queue;              /* under mutex */
  gboolean armed;            /* under mutex */
  gint64 last_dispatch_us;   /* under mutex */
  HlEventPumpFunc func;
  gpointer data;
};

static gboolean
pump_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  HlEventPump *self = (HlEventPump *) source;
  GQueue events;
  HlEvent *event;

  g_source_set_ready_time (source, -1);
  g_mutex_lock (&self->mutex);
  events = self->queue;
  g_queue_init (&self->queue);
  self->armed = FALSE;
  self->last_dispatch_us = g_get_monotonic_time ();
  g_mutex_unlock (&self->mutex);
  while ((event = g_queue_pop_head (&events)))
    {
      /* What an event brings about may free the pump. */
      if (!g_source_is_destroyed (source))
        self->func (event, self->data);
      hl_event_free (event);
    }
  return G_SOURCE_CONTINUE;
}

static void
pump_finalize (GSource *source)
{
  HlEventPump *self = (HlEventPump *) source;

  g_queue_clear_full (&self->queue, (GDestroyNotify) hl_event_free);
  g_mutex_clear (&self->mutex);
}

static GSourceFuncs pump_funcs = { .dispatch = pump_dispatch, .finalize = pump_finalize };

HlEventPump *
hl_event_pump_new (GMainContext *context, HlEventPumpFunc func, gpointer data)
{
  HlEventPump *self = (HlEventPump *) g_source_new (&pump_funcs, sizeof *self);

  g_mutex_init (&self->mutex);
  g_queue_init (&self->queue);
  self->func = func;
  self->data = data;
  g_source_set_static_name (&self->source, "HlEventPump");
  g_source_attach (&self->source, context);
  return self;
}

void
hl_event_pump_push (HlEventPump *self, HlEvent *event)
{
  g_mutex_lock (&self->mutex);
  g_queue_push_tail (&self->queue, event);
  if (!self->armed)
    {
      self->armed = TRUE;
      /* A time that has passed means at once. Under the mutex, or a dispatch in between would disarm what we are about
       * to arm. */
      g_source_set_ready_time (&self->source, self->last_dispatch_us + FRAME_US);
    }
  g_mutex_unlock (&self->mutex);
}

void
hl_event_pump_free (HlEventPump *self)
{
  if (!self)
    return;
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}
