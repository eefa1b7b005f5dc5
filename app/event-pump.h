/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlEventPump: any thread pushes messages, one main context drains them, at most once per 16 ms. After hl_event_pump_free no
 * callback runs. */
#pragma once

#include "app/messages.h"

G_BEGIN_DECLS

typedef struct _HlEventPump HlEventPump;
typedef void (*HlEventPumpFunc) (HlEvent *event, gpointer data);   /* borrowed event */

HlEventPump *hl_event_pump_new  (GMainContext *context, HlEventPumpFunc func, gpointer data) G_GNUC_WARN_UNUSED_RESULT;
void         hl_event_pump_push (HlEventPump *self, HlEvent *event);   /* any thread; takes event */
void         hl_event_pump_free (HlEventPump *self);                   /* context's thread; undelivered events are freed */

G_END_DECLS
