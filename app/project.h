/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlProject: one open project: its file, its current state, undo, autosave, lock and recovery; and the documents that edit
 * parts of it. Main thread; files are written and read on GTask threads. */
#pragma once

#include "app/model-document.h"
#include "app/project-state.h"

G_BEGIN_DECLS

#define HL_TYPE_PROJECT (hl_project_get_type ())
G_DECLARE_FINAL_TYPE (HlProject, hl_project, HL, PROJECT, GObject)

/* Properties (read-only, notify on change): state (pointer HlProjectState), file (GFile, NULL: never saved), title ("lenet-fashion"),
 * modified (gboolean), can-undo, can-redo, undo-label, redo-label, model (HlModelDocument), read-only-reason (string or NULL:
 * another window has the project open). */
HlProject       *hl_project_new       (HlProjectState *state /* taken */, const char *title) G_GNUC_WARN_UNUSED_RESULT;
/* A project's file, or an ONNX model: then a project without a file, modified, whose weights new runs start from. */
void             hl_project_open_async  (GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
HlProject       *hl_project_open_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

HlProjectState  *hl_project_get_state (HlProject *self);            /* borrowed; ref it to keep it */
HlModelDocument *hl_project_get_model (HlProject *self);
GFile           *hl_project_get_file  (HlProject *self);
const char      *hl_project_get_title (HlProject *self);
gboolean         hl_project_get_modified (HlProject *self);
const char      *hl_project_get_notice (HlProject *self);           /* what an imported model lost; NULL: nothing, or no such */

/* The one way to change anything. Takes state. Equal states are no edit. */
void             hl_project_commit    (HlProject *self, const char *label, const char *merge_key, HlProjectState *state);
void             hl_project_end_merge (HlProject *self);
void             hl_project_undo      (HlProject *self);
void             hl_project_redo      (HlProject *self);

/* file NULL: where it came from. Afterwards not modified. Refuses when the file changed on disk since it was read unless `force`
 * (G_IO_ERROR_WRONG_ETAG: offer to replace it), and when somebody else has it open (G_IO_ERROR_BUSY). */
void             hl_project_save_async  (HlProject *self, GFile *file, gboolean force, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean         hl_project_save_finish (HlProject *self, GAsyncResult *result, GError **error);

/* Autosave: two seconds after an edit the state lies in the user's state folder ($XDG_STATE_HOME/hillock/recovery), removed by a clean close.
 * Recoverable projects of earlier crashed sessions: list of HlRecovery. */
typedef struct { GFile *autosave; GFile *file /* may be NULL */; char *title; GDateTime *when; } HlRecovery;
void             hl_recovery_free (HlRecovery *self);
void             hl_recovery_list_async   (GAsyncReadyCallback callback, gpointer data);
GPtrArray       *hl_recovery_list_finish  (GAsyncResult *result, GError **error);
void             hl_project_recover_async (const HlRecovery *recovery, GAsyncReadyCallback callback, gpointer data);   /* finish: hl_project_open_finish */
void             hl_recovery_discard      (const HlRecovery *recovery);
void             hl_project_close         (HlProject *self);        /* clean end: removes autosave and lock */

/* Folder of the project's runs: "name.runs" beside the file; for a never saved project one in the user's state folder. */
GFile           *hl_project_get_runs_folder (HlProject *self);      /* transfer full */

G_END_DECLS
