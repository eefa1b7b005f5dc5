/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlRunLog: a growing CSV file that survives a full disk: rows that could not be written are kept and written later. One thread;
 * blocks. */
#pragma once

#include "engine/base/error.h"

G_BEGIN_DECLS

typedef struct _HlRunLog HlRunLog;

/* A new file when there is none. header: "epoch,step,loss". Nothing is written before the first flush. */
HlRunLog *hl_run_log_new   (GFile *file, const char *header) G_GNUC_WARN_UNUSED_RESULT;
void      hl_run_log_free  (HlRunLog *self);                       /* tries to flush */
void      hl_run_log_add   (HlRunLog *self, const char *format, ...) G_GNUC_PRINTF (2, 3);   /* one row, without newline */
void      hl_run_log_add_row (HlRunLog *self, const char *row);
/* Drops rows whose number in `column` is `limit` or more: what a resumed run will write again. */
gboolean  hl_run_log_trim  (HlRunLog *self, guint column, guint64 limit, GError **error);
gboolean  hl_run_log_flush (HlRunLog *self, GError **error);
gsize     hl_run_log_get_pending (HlRunLog *self);                 /* bytes not yet in the file */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlRunLog, hl_run_log_free)

G_END_DECLS
