/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlRunRecord: a run's folder read whole. Any thread; blocks. */
#pragma once

#include "app/project-state.h"
#include "app/run-info.h"

G_BEGIN_DECLS

typedef struct { double x, loss, accuracy; } HlRunPoint;          /* x in epochs; accuracy NAN: none */
typedef struct { guint epoch, label, prediction, count; } HlRunCell;

typedef struct
{
  GFile *folder;
  guint number;
  HlRunInfo *info;
  HlProjectState *state;
  GArray *train, *validation;       /* HlRunPoint */
  GArray *cells;                    /* HlRunCell: confusion counts that are not 0, epochs from 1 */
  GArray *predictions;              /* gint32 */
} HlRunRecord;

/* Damaged rows of the CSV files are left out; NULL when run.json or the project cannot be read. */
HlRunRecord *hl_run_record_read (GFile *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void         hl_run_record_free (HlRunRecord *self);
/* Every run of a folder, newest first, unreadable ones left out. Element type HlRunRecord, freed with the array. */
GPtrArray   *hl_run_record_list (GFile *runs_folder, GCancellable *cancellable) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlRunRecord, hl_run_record_free)

G_END_DECLS
