/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlRunFolder: what a run leaves on disk, name.runs/NNN/: project.hillock (the state it ran), run.json (device, version, times,
 * state, best and last scores, title, star), metrics.csv (epoch,step,part,loss,accuracy,seconds), steps.csv (sampled), confusion.csv
 * (epoch,label,prediction,count: cells that are not 0), predictions.csv (validation samples of the last epoch); epochs count from 1;
 * last.safetensors (checkpoint, each epoch), best.safetensors (weights at the best validation accuracy, or lowest loss where there are no right answers; accuracy is empty then). Any one thread; blocks. */
#pragma once

#include "app/project-state.h"
#include "engine/train/trainer.h"

G_BEGIN_DECLS

typedef struct _HlRunFolder HlRunFolder;

HlRunFolder *hl_run_folder_create (GFile *runs_folder, const HlProjectState *state, const char *device, GError **error) G_GNUC_WARN_UNUSED_RESULT; /* next free NNN */
/* The folder itself instead of a numbered one in it (hillock-cli train --out). It may exist; a run in it is HL_FILE_ERROR_CONTENT. */
HlRunFolder *hl_run_folder_create_at (GFile *folder, const HlProjectState *state, const char *device, GError **error) G_GNUC_WARN_UNUSED_RESULT;
HlRunFolder *hl_run_folder_open   (GFile *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;   /* to resume */
void         hl_run_folder_free   (HlRunFolder *self);
GFile       *hl_run_folder_get_file   (HlRunFolder *self);                        /* transfer none */
guint        hl_run_folder_get_number (HlRunFolder *self);                        /* 0: not a numbered folder */
HlProjectState *hl_run_folder_get_state (HlRunFolder *self);                      /* what it ran; transfer none */
double       hl_run_folder_get_seconds (HlRunFolder *self);                       /* training time so far, earlier sittings included */
GFile       *hl_run_folder_get_checkpoint (HlRunFolder *self);                    /* last.safetensors; transfer full */
/* seconds: training time since the run's first step, pauses left out. After an error the rest has been written all the same, and what
 * failed is written with the next call where it can be. */
gboolean     hl_run_folder_add_step   (HlRunFolder *self, const HlStepResult *result, double seconds, GError **error);
/* Metrics, confusion, checkpoint, best weights. */
gboolean     hl_run_folder_add_epoch  (HlRunFolder *self, HlTrainer *trainer, const HlStep *step, double seconds, GError **error);
gboolean     hl_run_folder_finish     (HlRunFolder *self, const char *state /* "done", "stopped", "failed" */, const char *message,
                                       const HlScore *test, double seconds, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlRunFolder, hl_run_folder_free)

G_END_DECLS
