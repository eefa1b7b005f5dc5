/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlAutosave: the unsaved state of one open project in $XDG_STATE_HOME/hillock/recovery. Main thread; writes on other threads, and
 * whatever order they run in, the newest state wins and nothing comes back after remove. */
#pragma once

#include "app/project-state.h"

G_BEGIN_DECLS

typedef struct _HlAutosave HlAutosave;

/* What an autosave holds beside the state. */
typedef struct
{
  char *id;        /* of the project while it has no file: names its folder of runs */
  char *title;
  char *uri;       /* NULL: never saved */
  char *hash;      /* of that file when it was read or saved; NULL unknown */
} HlAutosaveInfo;

void        hl_autosave_info_free (HlAutosaveInfo *self);

HlAutosave *hl_autosave_new    (void) G_GNUC_WARN_UNUSED_RESULT;
void        hl_autosave_free   (HlAutosave *self);                 /* leaves the file */
/* Takes info. replaces: an older autosave that this one makes unnecessary; may be NULL. */
void        hl_autosave_write  (HlAutosave *self, HlProjectState *state, HlAutosaveInfo *info, GFile *replaces);
void        hl_autosave_remove (HlAutosave *self);                 /* the project is saved, or closed */

/* Blocks. */
HlProjectState *hl_autosave_load (GFile *file, HlAutosaveInfo **info, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* FALSE while the program that wrote it still runs, and for what is no autosave. */
gboolean        hl_autosave_is_orphan (GFile *file, HlAutosaveInfo **info);
GFile          *hl_autosave_get_folder (void) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlAutosaveInfo, hl_autosave_info_free)

G_END_DECLS
