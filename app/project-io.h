/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Opening and saving project files on a thread of their own: what HlProject hands over and gets back. The functions block; any thread. */
#pragma once

#include "app/autosave.h"
#include "app/lock.h"
#include "app/project-state.h"

G_BEGIN_DECLS

typedef struct
{
  HlProjectState *state;
  GFile *file;              /* NULL: recovered, never saved */
  char *hash;               /* of the file's bytes; NULL: unknown */
  HlLock *lock;
  char *read_only_reason;   /* NULL: ours */
  HlAutosaveInfo *recovered;/* NULL: opened from its file */
  /* Of an ONNX model, which becomes a project without a file. */
  char *title, *id;         /* NULL: a project */
  GFile *imported;          /* its weights, in the folder of the runs; removed with this unless it is taken */
  char *notice;             /* what of the model is different in the network; NULL: nothing */
} HlOpened;

/* The weights of an imported model within the folder of a project's runs: new runs start from them while they fit. */
#define HL_IMPORTED_WEIGHTS "imported.safetensors"

void      hl_opened_free      (HlOpened *self);
/* A project, or an ONNX model. */
HlOpened *hl_project_io_open    (GFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
HlOpened *hl_project_io_recover (GFile *autosave, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct
{
  HlProjectState *state;
  GFile *file;
  gboolean same_file;       /* where it came from: may have been changed by another program */
  char *expected_hash;      /* NULL: whatever is there */
  gboolean need_lock;
  GFile *unsaved_runs;      /* runs of a project that had no file yet, to be moved beside it; NULL: none */
  /* Results. */
  HlLock *lock;             /* NULL when not needed or not to be had */
  char *hash;
} HlSaving;

void      hl_saving_free        (HlSaving *self);
/* G_IO_ERROR_WRONG_ETAG: the file was changed meanwhile. G_IO_ERROR_BUSY: somebody else has it open. */
gboolean  hl_project_io_save    (HlSaving *self, GError **error);

/* "name.runs" beside name.hillock. */
GFile    *hl_project_io_get_runs_folder (GFile *file) G_GNUC_WARN_UNUSED_RESULT;
/* Removes the weights, and the folder where no run lies in it. NULL does nothing. */
void      hl_project_io_forget_imported    (GFile *weights);
/* Of a project that has no file. */
GFile    *hl_project_io_get_unsaved_folder (const char *id) G_GNUC_WARN_UNUSED_RESULT;
/* "lenet" for lenet.hillock. */
char     *hl_project_io_dup_title       (GFile *file) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlOpened, hl_opened_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlSaving, hl_saving_free)

G_END_DECLS
