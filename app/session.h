/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlSession: the main-thread face of the worker that owns device and trainer. Start, pause, step, stop are requests: `state`
 * changes when it happened. Disposing stops, joins and destroys the pump: afterwards no callback runs. Main thread. */
#pragma once

#include "app/messages.h"
#include "app/run.h"

G_BEGIN_DECLS

#define HL_TYPE_SESSION (hl_session_get_type ())
G_DECLARE_FINAL_TYPE (HlSession, hl_session, HL, SESSION, GObject)

/* Properties (notify): state (HlSessionState as int), busy (PREPARING, RUNNING, PAUSED or STOPPING), progress (0..1 of the whole run or of preparing),
 * progress-text ("Epoch 4 / 10", "Building 7 of 19 kernels"), images-per-second, seconds-left (-1 unknown), loss, validation-accuracy,
 * device-name, run (HlRun being written, or last), error-message (NULL or sentence).
 * Signals: "probe" (HlProbeResult *: keep by reference), "notice" (const char *sentence), "finished". */
HlSession      *hl_session_new         (HlProject *project, HlRunList *runs) G_GNUC_WARN_UNUSED_RESULT;
/* Device for the next start; NULL default. */
void            hl_session_set_device  (HlSession *self, const char *id);
/* A new run of the project's current state. FALSE at once with a sentence when the network has errors or a run is going. dataset may be NULL. */
gboolean        hl_session_start       (HlSession *self, HlDataset *dataset, gboolean paused, GError **error);
gboolean        hl_session_resume_run  (HlSession *self, HlRun *run, HlDataset *dataset, GError **error);   /* from its last checkpoint */
gboolean        hl_session_inspect_run (HlSession *self, HlRun *run, HlDataset *dataset, GError **error);   /* only load it, for probes */
void            hl_session_pause       (HlSession *self);
void            hl_session_resume      (HlSession *self);
void            hl_session_single_step (HlSession *self);
void            hl_session_stop        (HlSession *self);
/* The probe image: answered by "probe" now and, while training, about ten times a second as weights change (never queued up). */
void            hl_session_set_probe   (HlSession *self, const float *sample, gsize n, gboolean with_weights);
HlProbeResult  *hl_session_get_last_probe (HlSession *self);                   /* borrowed; NULL */
void            hl_session_save_weights(HlSession *self, GFile *file);         /* "notice" tells the outcome */
HlSessionState  hl_session_get_state   (HlSession *self);
HlRun          *hl_session_get_run     (HlSession *self);
gboolean        hl_session_is_busy     (HlSession *self);

G_END_DECLS
