/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to the trainer. HlResultStream: what the loss writes for each batch, on its way from the device to the host
 * without a step ever waiting for it. A slot of device memory per batch in flight; slots are read in groups, so that
 * the cost of a read is shared, and the number of batches enqueued ahead is bounded by time, so that a pause takes
 * effect at once. Worker thread only. */
#pragma once

#include "engine/train/classes.h"

G_BEGIN_DECLS

typedef struct _HlResultStream HlResultStream;

typedef struct
{
  guint batch;
  double loss;         /* weighted sum over the batch */
  double weight;       /* sum of the samples' weights: what to divide the loss by */
  guint right;
} HlBatchResult;

/* n_slots: at least HL_RESULT_STREAM_MIN_SLOTS; as many as batches keeps every prediction. */
#define HL_RESULT_STREAM_MIN_SLOTS 24
HlResultStream *hl_result_stream_new   (HlDevice *device, guint capacity, guint n_slots,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What one takes on the device. */
gsize           hl_result_stream_get_bytes (guint capacity, guint n_slots);
void            hl_result_stream_free  (HlResultStream *self);
/* Forgets everything; the device may still be at work on it. */
gboolean        hl_result_stream_reset (HlResultStream *self, GError **error);

/* The HlLossCall's per_sample of the next batch. */
HlTensor       *hl_result_stream_get_slot (HlResultStream *self);
/* That batch has been enqueued. Waits only where too much is already on its way. */
gboolean        hl_result_stream_push  (HlResultStream *self, guint batch, GError **error);
/* Takes in what the device has finished, without waiting; or waits until all is in. */
gboolean        hl_result_stream_collect (HlResultStream *self, gboolean wait, GError **error);
/* The oldest collected result; FALSE when there is none. */
gboolean        hl_result_stream_take  (HlResultStream *self, HlBatchResult *result);
/* Predicted class of each sample of the batch in that slot, once collected. */
const float    *hl_result_stream_get_predictions (HlResultStream *self, guint slot);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlResultStream, hl_result_stream_free)

G_END_DECLS
