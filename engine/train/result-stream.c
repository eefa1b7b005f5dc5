/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlResultStream. Batches are counted from 0: [0, taken) are with the caller, [taken, collected) in host memory,
 * [collected, requested) being read, [requested, pushed) enqueued. Batch i lives in slot i % n_slots. */

#include "engine/train/result-stream.h"

/* Seconds of work that may be enqueued ahead. */
#define AHEAD_SECONDS 0.02
#define MAX_AHEAD 16

typedef struct
{
  HlRead *read;
  guint64 end;          /* first batch after it */
} Request;

struct _HlResultStream
{
  HlDevice *device;
  HlTensor *tensor;
  HlTensor **slots;
  float *host;
  guint *batches;       /* samples in each slot's batch */
  guint capacity, n_slots;
  gsize stride;
  guint64 taken, collected, requested, pushed;
  GQueue requests;
  guint ahead;          /* batches that may be on their way */
  double batch_seconds;
  gint64 last_time;
};

/* Elements from one slot to the next. */
static gsize
slot_stride (guint capacity)
{
  return ((gsize) capacity * HL_LOSS_PLANES + HL_TENSOR_ALIGN - 1) / HL_TENSOR_ALIGN * HL_TENSOR_ALIGN;
}

gsize
hl_result_stream_get_bytes (guint capacity, guint n_slots)
{
  return hl_tensor_get_bytes (HL_DTYPE_F32, slot_stride (capacity) * MAX (n_slots, HL_RESULT_STREAM_MIN_SLOTS));
}

HlResultStream *
hl_result_stream_new (HlDevice *device, guint capacity, guint n_slots, GError **error)
{
  g_autoptr (HlResultStream) self = g_new0 (HlResultStream, 1);

  self->device = hl_device_ref (device);
  self->capacity = capacity;
  self->n_slots = MAX (n_slots, HL_RESULT_STREAM_MIN_SLOTS);
  self->stride = slot_stride (capacity);
  self->ahead = 2;
  g_queue_init (&self->requests);
  self->tensor = hl_tensor_new (device, HL_DTYPE_F32, self->stride * self->n_slots, error);
  if (self->tensor == NULL)
    return NULL;
  self->host = g_new0 (float, self->stride * self->n_slots);
  self->batches = g_new0 (guint, self->n_slots);
  self->slots = g_new0 (HlTensor *, self->n_slots);
  for (guint i = 0; i < self->n_slots; i++)
    self->slots[i] = hl_tensor_new_slice (self->tensor, i * self->stride, (gsize) capacity * HL_LOSS_PLANES);
  return g_steal_pointer (&self);
}

static void
request_free (Request *self)
{
  hl_read_free (self->read);
  g_free (self);
}

void
hl_result_stream_free (HlResultStream *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->requests, (GDestroyNotify) request_free);
  for (guint i = 0; self->slots && i < self->n_slots; i++)
    hl_tensor_unref (self->slots[i]);
  g_free (self->slots);
  g_clear_pointer (&self->tensor, hl_tensor_unref);
  g_free (self->host);
  g_free (self->batches);
  hl_device_unref (self->device);
  g_free (self);
}

gboolean
hl_result_stream_reset (HlResultStream *self, GError **error)
{
  gboolean ok = hl_result_stream_collect (self, TRUE, error);

  self->taken = self->collected = self->requested = self->pushed = 0;
  self->last_time = 0;
  return ok;
}

HlTensor *
hl_result_stream_get_slot (HlResultStream *self)
{
  return self->slots[self->pushed % self->n_slots];
}

/* Starts reading everything enqueued; two reads where the ring begins anew. */
static gboolean
request (HlResultStream *self, GError **error)
{
  while (self->requested < self->pushed)
    {
      guint slot = (guint) (self->requested % self->n_slots);
      guint n = (guint) MIN (self->pushed - self->requested, self->n_slots - slot);
      HlRead *read = hl_tensor_read_async (self->tensor, slot * self->stride, n * self->stride,
                                           self->host + slot * self->stride, error);
      Request *entry;

      if (read == NULL)
        return FALSE;
      entry = g_new (Request, 1);
      entry->read = read;
      entry->end = self->requested += n;
      g_queue_push_tail (&self->requests, entry);
    }
  return TRUE;
}

/* From how long the last batches took: how many may be on their way. */
static void
measure (HlResultStream *self, guint64 n)
{
  gint64 now = g_get_monotonic_time ();

  if (self->last_time > 0)
    {
      double seconds = (double) (now - self->last_time) * 1e-6 / (double) n;

      self->batch_seconds = self->batch_seconds > 0 ? 0.5 * (self->batch_seconds + seconds) : seconds;
      self->ahead = (guint) CLAMP (AHEAD_SECONDS / MAX (self->batch_seconds, 1e-6), 1, MAX_AHEAD);
    }
  self->last_time = now;
}

static gboolean
collect_oldest (HlResultStream *self, GError **error)
{
  Request *entry = g_queue_pop_head (&self->requests);
  gboolean ok = hl_read_wait (entry->read, error);

  if (ok)
    {
      measure (self, entry->end - self->collected);
      self->collected = entry->end;
    }
  request_free (entry);
  return ok;
}

gboolean
hl_result_stream_push (HlResultStream *self, guint batch, GError **error)
{
  if (self->last_time == 0)
    self->last_time = g_get_monotonic_time ();
  self->batches[self->pushed % self->n_slots] = batch;
  self->pushed++;
  if (self->pushed - self->requested >= MAX (self->ahead / 2, 1))
    {
      if (!request (self, error))
        return FALSE;
    }
  else if (!hl_device_flush (self->device, error))
    return FALSE;
  while (self->pushed - self->collected > self->ahead)
    {
      if (g_queue_is_empty (&self->requests) && !request (self, error))
        return FALSE;
      if (!collect_oldest (self, error))
        return FALSE;
    }
  return hl_result_stream_collect (self, FALSE, error);
}

gboolean
hl_result_stream_collect (HlResultStream *self, gboolean wait, GError **error)
{
  if (wait && !request (self, error))
    return FALSE;
  while (!g_queue_is_empty (&self->requests))
    {
      Request *oldest = g_queue_peek_head (&self->requests);

      if (!wait && !hl_read_is_done (oldest->read))
        return TRUE;
      if (!collect_oldest (self, error))
        return FALSE;
    }
  /* What comes next begins with an idle device: its time would say nothing. */
  if (wait)
    self->last_time = 0;
  return TRUE;
}

gboolean
hl_result_stream_take (HlResultStream *self, HlBatchResult *result)
{
  guint slot = (guint) (self->taken % self->n_slots);
  const float *values = self->host + slot * self->stride;
  double right = 0;

  if (self->taken == self->collected)
    return FALSE;
  result->batch = self->batches[slot];
  result->loss = result->weight = 0;
  for (guint i = 0; i < result->batch; i++)
    {
      result->loss += values[HL_LOSS_VALUE * self->capacity + i];
      result->weight += values[HL_LOSS_WEIGHT * self->capacity + i];
      right += values[HL_LOSS_RIGHT * self->capacity + i];
    }
  result->right = (guint) right;
  self->taken++;
  return TRUE;
}

const float *
hl_result_stream_get_predictions (HlResultStream *self, guint slot)
{
  return self->host + slot * self->stride + (gsize) HL_LOSS_PREDICTION * self->capacity;
}
