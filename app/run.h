/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlRun: one training run, live or read back from its folder; HlRunList: all of a project's, newest first. Main thread. */
#pragma once

#include "app/project.h"
#include "app/series.h"
#include "engine/train/trainer.h"

G_BEGIN_DECLS

#define HL_TYPE_RUN (hl_run_get_type ())
G_DECLARE_FINAL_TYPE (HlRun, hl_run, HL, RUN, GObject)

typedef enum { HL_METRIC_LOSS, HL_METRIC_ACCURACY, HL_N_METRICS } HlMetric;

typedef struct { guint n_classes; guint32 *counts; } HlConfusion;   /* [label][prediction] */

/* Properties (notify): number, title ("Run 7 · Adam", read-write, stored), summary (what differs from the run before), state-text, accuracy-text,
 * starred (read-write, stored), shown (read-write: overlay in charts), active (being trained now), color-index. */
guint         hl_run_get_number  (HlRun *self);
GFile        *hl_run_get_folder  (HlRun *self);                     /* NULL until it exists */
HlProjectState *hl_run_get_state (HlRun *self);                     /* what was run */
/* part: HL_PART_TRAIN (x in epochs as fraction, one point a step) or HL_PART_VALIDATION (one an epoch). Accuracy 0..1. */
HlSeries     *hl_run_get_series  (HlRun *self, HlMetric metric, HlPart part);
guint         hl_run_get_n_confusions (HlRun *self);                /* one an epoch */
const HlConfusion *hl_run_get_confusion (HlRun *self, guint epoch);
/* Predictions for the validation samples in split order, of the last epoch; NULL when unknown. */
const gint32 *hl_run_get_predictions (HlRun *self, gsize *n);
gboolean      hl_run_get_test    (HlRun *self, HlScore *score);
gboolean      hl_run_get_active  (HlRun *self);
gboolean      hl_run_get_shown   (HlRun *self);
guint         hl_run_get_color_index (HlRun *self);
const char   *hl_run_get_title   (HlRun *self);

#define HL_TYPE_RUN_LIST (hl_run_list_get_type ())
G_DECLARE_FINAL_TYPE (HlRunList, hl_run_list, HL, RUN_LIST, GObject)   /* GListModel of HlRun */

HlRunList    *hl_run_list_new    (HlProject *project) G_GNUC_WARN_UNUSED_RESULT;  /* reads the folder in the background */
void          hl_run_list_remove (HlRunList *self, HlRun *run);     /* moves the folder to the trash, else deletes it */

G_END_DECLS
