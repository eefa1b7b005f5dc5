/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlRunInfo: run.json, the small facts about a run. The worker writes how it goes while the window may change title and star, so
 * every change goes through hl_run_info_update. Any thread; blocks. */
#pragma once

#include "engine/train/trainer.h"

G_BEGIN_DECLS

typedef struct
{
  char *title, *device, *version, *started, *ended;   /* times in ISO 8601; NULL when unknown */
  char *state;                                        /* "running", "done", "stopped", "failed" */
  char *message;                                      /* why it failed; NULL */
  gboolean starred;
  double seconds;
  guint epochs;                                       /* finished ones */
  guint64 steps_per_epoch;                            /* 0: unknown */
  guint n_classes;
  guint best_epoch;                                   /* 1, 2, ...; 0: none */
  double best_score;                                  /* validation accuracy; minus the loss where there is none */
  HlScore train, validation, test;                    /* n = 0: unknown */
} HlRunInfo;

HlRunInfo *hl_run_info_new  (void) G_GNUC_WARN_UNUSED_RESULT;
HlRunInfo *hl_run_info_copy (const HlRunInfo *self) G_GNUC_WARN_UNUSED_RESULT;
void       hl_run_info_free (HlRunInfo *self);
HlRunInfo *hl_run_info_load (GFile *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean   hl_run_info_save (const HlRunInfo *self, GFile *folder, GError **error);
/* Saves how the run goes, but title and star as they stand in the file now. */
gboolean   hl_run_info_save_progress (HlRunInfo *self, GFile *folder, GError **error);
/* Changes title (NULL: leave) and star in the file, nothing else. */
gboolean   hl_run_info_relabel (GFile *folder, const char *title, gboolean starred, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlRunInfo, hl_run_info_free)

G_END_DECLS
