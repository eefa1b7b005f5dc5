/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How runs are made and grow: what session and run list know beyond app/run.h. Main thread. */
#pragma once

#include "app/messages.h"
#include "app/run.h"
#include "app/run-record.h"

G_BEGIN_DECLS

/* A run that begins now. */
HlRun      *hl_run_new_live   (guint number, GFile *folder, HlProjectState *state, guint64 steps_per_epoch) G_GNUC_WARN_UNUSED_RESULT;
HlRun      *hl_run_new_stored (const HlRunRecord *record) G_GNUC_WARN_UNUSED_RESULT;
/* Goes on after first_step: what was beyond is taken back. */
void        hl_run_continue   (HlRun *self, guint64 first_step, guint64 steps_per_epoch);
void        hl_run_add_steps  (HlRun *self, const HlStepResult *results, guint n);
/* Takes confusion and predictions out of the event. */
void        hl_run_add_epoch  (HlRun *self, HlEvent *event);
void        hl_run_set_test   (HlRun *self, const HlScore *score);
/* state as in run.json: "done", "stopped", "failed". */
void        hl_run_end        (HlRun *self, const char *state, const char *message);
void        hl_run_set_folder (HlRun *self, GFile *folder);              /* it was moved */
void        hl_run_set_summary(HlRun *self, const char *summary);
/* "Adam: learning rate 0.001 → 0.01; batch 64 → 128"; before NULL: the settings themselves. */
char       *hl_run_describe_difference (const HlProjectState *before, const HlProjectState *after) G_GNUC_WARN_UNUSED_RESULT;

void        hl_run_list_add   (HlRunList *self, HlRun *run);
HlRun      *hl_run_list_find  (HlRunList *self, GFile *folder);          /* NULL; transfer none */

G_END_DECLS
