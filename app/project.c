/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlProject: history, file, autosave and lock of one open project. Files are read and written in project-io.c and
 * autosave.c. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/project.h"

#include "app/autosave.h"
#include "app/history.h"
#include "app/model-document-private.h"
#include "app/project-io.h"

#define AUTOSAVE_AFTER_SECONDS 2

struct _HlProject
{
  GObject parent;
  HlHistory *history;          /* of HlProjectState */
  HlModelDocument *model;
  GFile *file;
  char *title, *id, *hash; /* id names the folder of runs while there is no file; hash is the file's as we know it */
  char *read_only_reason;
  char *notice;                /* of an imported model */
  HlLock *lock;
  HlAutosave *autosave;
  guint autosave_timer;
  gboolean has_autosave;       /* one was asked for since the last save */
  gboolean recovered;          /* from an autosave: modified until it is saved */
  gboolean modified;           /* as notified last */
  gboolean saving, closed;
};

G_DEFINE_TYPE (HlProject, hl_project, G_TYPE_OBJECT)

enum
{
  PROP_STATE = 1,
  PROP_FILE,
  PROP_TITLE,
  PROP_MODIFIED,
  PROP_CAN_UNDO,
  PROP_CAN_REDO,
  PROP_UNDO_LABEL,
  PROP_REDO_LABEL,
  PROP_MODEL,
  PROP_READ_ONLY_REASON,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

static void
hl_project_dispose (GObject *object)
{
  HlProject *self = HL_PROJECT (object);

  g_clear_handle_id (&self->autosave_timer, g_source_remove);
  if (self->model)
    hl_model_document_detach (self->model);
  g_clear_object (&self->model);
  g_clear_pointer (&self->lock, hl_lock_release);
  g_clear_pointer (&self->autosave, hl_autosave_free);
  G_OBJECT_CLASS (hl_project_parent_class)->dispose (object);
}

static void
hl_project_finalize (GObject *object)
{
  HlProject *self = HL_PROJECT (object);

  g_clear_pointer (&self->history, hl_history_free);
  g_clear_object (&self->file);
  g_free (self->title);
  g_free (self->id);
  g_free (self->notice);
  g_free (self->hash);
  g_free (self->read_only_reason);
  G_OBJECT_CLASS (hl_project_parent_class)->finalize (object);
}

static void
hl_project_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HlProject *self = HL_PROJECT (object);

  switch (id)
    {
    case PROP_STATE: g_value_set_pointer (value, hl_project_get_state (self)); break;
    case PROP_FILE: g_value_set_object (value, self->file); break;
    case PROP_TITLE: g_value_set_string (value, self->title); break;
    case PROP_MODIFIED: g_value_set_boolean (value, hl_project_get_modified (self)); break;
    case PROP_CAN_UNDO: g_value_set_boolean (value, hl_history_get_undo_label (self->history) != NULL); break;
    case PROP_CAN_REDO: g_value_set_boolean (value, hl_history_get_redo_label (self->history) != NULL); break;
    case PROP_UNDO_LABEL: g_value_set_string (value, hl_history_get_undo_label (self->history)); break;
    case PROP_REDO_LABEL: g_value_set_string (value, hl_history_get_redo_label (self->history)); break;
    case PROP_MODEL: g_value_set_object (value, self->model); break;
    case PROP_READ_ONLY_REASON: g_value_set_string (value, self->read_only_reason); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
hl_project_class_init (HlProjectClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = hl_project_dispose;
  object_class->finalize = hl_project_finalize;
  object_class->get_property = hl_project_get_property;
  props[PROP_STATE] = g_param_spec_pointer ("state", NULL, NULL, flags);
  props[PROP_FILE] = g_param_spec_object ("file", NULL, NULL, G_TYPE_FILE, flags);
  props[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  props[PROP_MODIFIED] = g_param_spec_boolean ("modified", NULL, NULL, FALSE, flags);
  props[PROP_CAN_UNDO] = g_param_spec_boolean ("can-undo", NULL, NULL, FALSE, flags);
  props[PROP_CAN_REDO] = g_param_spec_boolean ("can-redo", NULL, NULL, FALSE, flags);
  props[PROP_UNDO_LABEL] = g_param_spec_string ("undo-label", NULL, NULL, NULL, flags);
  props[PROP_REDO_LABEL] = g_param_spec_string ("redo-label", NULL, NULL, NULL, flags);
  props[PROP_MODEL] = g_param_spec_object ("model", NULL, NULL, HL_TYPE_MODEL_DOCUMENT, flags);
  props[PROP_READ_ONLY_REASON] = g_param_spec_string ("read-only-reason", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
hl_project_init (HlProject *self)
{
  self->id = g_uuid_string_random ();
  self->autosave = hl_autosave_new ();
}

static void
commit_from_model (gpointer project, const char *label, const char *merge_key, HlProjectState *state)
{
  hl_project_commit (project, label, merge_key, state);
}

HlProject *
hl_project_new (HlProjectState *state, const char *title)
{
  HlProject *self = g_object_new (HL_TYPE_PROJECT, NULL);

  self->title = g_strdup (title);
  self->history = hl_history_new (state, (GDestroyNotify) hl_project_state_unref);
  self->model = hl_model_document_new (state, commit_from_model, self);
  return self;
}

HlProjectState *
hl_project_get_state (HlProject *self)
{
  return hl_history_get (self->history);
}

HlModelDocument *
hl_project_get_model (HlProject *self)
{
  return self->model;
}

GFile *
hl_project_get_file (HlProject *self)
{
  return self->file;
}

const char *
hl_project_get_title (HlProject *self)
{
  return self->title;
}

const char *
hl_project_get_notice (HlProject *self)
{
  return self->notice;
}

gboolean
hl_project_get_modified (HlProject *self)
{
  return self->recovered || !hl_history_is_saved (self->history);
}

GFile *
hl_project_get_runs_folder (HlProject *self)
{
  g_autofree char *name = NULL;

  if (self->file)
    return hl_project_io_get_runs_folder (self->file);
  return hl_project_io_get_unsaved_folder (self->id);
}

/* ---- Autosave ---- */

static void
write_autosave (HlProject *self, GFile *replaces)
{
  HlAutosaveInfo *info = g_new0 (HlAutosaveInfo, 1);

  info->id = g_strdup (self->id);
  info->title = g_strdup (self->title);
  info->uri = self->file ? g_file_get_uri (self->file) : NULL;
  info->hash = g_strdup (self->hash);
  self->has_autosave = TRUE;
  hl_autosave_write (self->autosave, hl_project_get_state (self), info, replaces);
}

static gboolean
autosave_cb (gpointer data)
{
  HlProject *self = data;

  self->autosave_timer = 0;
  write_autosave (self, NULL);
  return G_SOURCE_REMOVE;
}

static void
update_autosave (HlProject *self)
{
  if (hl_project_get_modified (self))
    {
      if (self->autosave_timer == 0)
        self->autosave_timer = g_timeout_add_seconds (AUTOSAVE_AFTER_SECONDS, autosave_cb, self);
      return;
    }
  g_clear_handle_id (&self->autosave_timer, g_source_remove);
  if (self->has_autosave)
    hl_autosave_remove (self->autosave);
  self->has_autosave = FALSE;
}

/* ---- Editing ---- */

static void
update_modified (HlProject *self)
{
  gboolean modified = hl_project_get_modified (self);

  update_autosave (self);
  if (modified == self->modified)
    return;
  self->modified = modified;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MODIFIED]);
}

static void
state_changed (HlProject *self)
{
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CAN_UNDO]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CAN_REDO]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_UNDO_LABEL]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_REDO_LABEL]);
  update_modified (self);
  hl_model_document_sync (self->model, hl_project_get_state (self));
  g_object_thaw_notify (G_OBJECT (self));
}

void
hl_project_commit (HlProject *self, const char *label, const char *merge_key, HlProjectState *state)
{
  if (self->closed || hl_project_state_equal (state, hl_project_get_state (self)))
    {
      hl_project_state_unref (state);
      return;
    }
  hl_history_push (self->history, label, merge_key, state);
  state_changed (self);
}

void
hl_project_end_merge (HlProject *self)
{
  hl_history_end_merge (self->history);
}

void
hl_project_undo (HlProject *self)
{
  if (!self->closed && hl_history_undo (self->history))
    state_changed (self);
}

void
hl_project_redo (HlProject *self)
{
  if (!self->closed && hl_history_redo (self->history))
    state_changed (self);
}

/* ---- Opening ---- */

static void
open_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  HlOpened *opened = hl_project_io_open (data, &error);

  if (opened)
    g_task_return_pointer (task, opened, (GDestroyNotify) hl_opened_free);
  else
    g_task_return_error (task, error);
}

void
hl_project_open_async (GFile *file, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_source_tag (task, hl_project_open_async);
  g_task_set_task_data (task, g_object_ref (file), g_object_unref);
  g_task_run_in_thread (task, open_thread);
}

static void
recover_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  HlOpened *opened = hl_project_io_recover (data, &error);

  if (opened)
    g_task_return_pointer (task, opened, (GDestroyNotify) hl_opened_free);
  else
    g_task_return_error (task, error);
}

void
hl_project_recover_async (const HlRecovery *recovery, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);

  g_task_set_source_tag (task, hl_project_recover_async);
  g_task_set_task_data (task, g_object_ref (recovery->autosave), g_object_unref);
  g_task_run_in_thread (task, recover_thread);
}

HlProject *
hl_project_open_finish (GAsyncResult *result, GError **error)
{
  GTask *task = G_TASK (result);
  g_autoptr (HlOpened) opened = g_task_propagate_pointer (task, error);
  g_autofree char *title = NULL;
  HlProject *self;

  if (!opened)
    return NULL;
  title = opened->file ? hl_project_io_dup_title (opened->file) : g_strdup (opened->title ? opened->title : opened->recovered->title);
  self = hl_project_new (g_steal_pointer (&opened->state), title);
  self->file = g_steal_pointer (&opened->file);
  self->hash = g_steal_pointer (&opened->hash);
  self->lock = g_steal_pointer (&opened->lock);
  self->read_only_reason = g_steal_pointer (&opened->read_only_reason);
  if (opened->imported)
    {
      g_free (self->id);
      self->id = g_steal_pointer (&opened->id);
      self->notice = g_steal_pointer (&opened->notice);
      self->recovered = self->modified = TRUE;
      g_clear_object (&opened->imported);
      write_autosave (self, NULL);
    }
  if (opened->recovered)
    {
      g_free (self->id);
      self->id = g_strdup (opened->recovered->id);
      self->recovered = self->modified = TRUE;
      write_autosave (self, g_task_get_task_data (task));
    }
  return self;
}

/* ---- Saving ---- */

static void
save_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (hl_project_io_save (data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
adopt_saved (HlProject *self, HlSaving *saving)
{
  gboolean moved = !self->file || !g_file_equal (self->file, saving->file);

  if (saving->lock || moved)
    {
      g_clear_pointer (&self->lock, hl_lock_release);
      self->lock = g_steal_pointer (&saving->lock);
    }
  g_free (self->hash);
  self->hash = g_steal_pointer (&saving->hash);
  /* An edit made meanwhile is not in the file. */
  if (saving->state == hl_project_get_state (self))
    {
      hl_history_mark_saved (self->history);
      hl_history_end_merge (self->history);
    }
  self->recovered = FALSE;
  g_object_freeze_notify (G_OBJECT (self));
  if (moved)
    {
      g_set_object (&self->file, saving->file);
      g_free (self->title);
      self->title = hl_project_io_dup_title (self->file);
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FILE]);
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TITLE]);
    }
  if (self->read_only_reason)
    {
      g_clear_pointer (&self->read_only_reason, g_free);
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READ_ONLY_REASON]);
    }
  update_modified (self);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
save_done (GObject *source, GAsyncResult *result, gpointer data)
{
  HlProject *self = HL_PROJECT (source);
  g_autoptr (GTask) outer = data;
  HlSaving *saving = g_task_get_task_data (G_TASK (result));
  GError *error = NULL;

  self->saving = FALSE;
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (outer, error);
      return;
    }
  if (!self->closed)
    adopt_saved (self, saving);
  g_task_return_boolean (outer, TRUE);
}

void
hl_project_save_async (HlProject *self, GFile *file, gboolean force, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer data)
{
  GTask *outer = g_task_new (self, cancellable, callback, data);
  g_autoptr (GTask) task = NULL;
  HlSaving *saving;

  g_task_set_source_tag (outer, hl_project_save_async);
  if (self->saving || (!file && !self->file))
    {
      g_task_return_new_error (outer, G_IO_ERROR, self->saving ? G_IO_ERROR_PENDING : G_IO_ERROR_INVALID_FILENAME, "%s",
                               self->saving ? _("The project is being saved already; try again in a moment.")
                                            : _("The project has no file yet; choose where to save it."));
      g_object_unref (outer);
      return;
    }
  saving = g_new0 (HlSaving, 1);
  saving->state = hl_project_state_ref (hl_project_get_state (self));
  saving->file = g_object_ref (file ? file : self->file);
  saving->same_file = self->file && g_file_equal (self->file, saving->file);
  saving->expected_hash = force ? NULL : g_strdup (self->hash);
  saving->need_lock = !saving->same_file || !self->lock;
  saving->unsaved_runs = self->file ? NULL : hl_project_get_runs_folder (self);
  self->saving = TRUE;
  task = g_task_new (self, NULL, save_done, outer);
  g_task_set_task_data (task, saving, (GDestroyNotify) hl_saving_free);
  g_task_run_in_thread (task, save_thread);
}

gboolean
hl_project_save_finish (HlProject *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
hl_project_close (HlProject *self)
{
  if (self->closed)
    return;
  self->closed = TRUE;
  g_clear_handle_id (&self->autosave_timer, g_source_remove);
  hl_autosave_remove (self->autosave);
  if (!self->file)
    {
      g_autoptr (GFile) folder = hl_project_get_runs_folder (self), imported = g_file_get_child (folder, HL_IMPORTED_WEIGHTS);

      hl_project_io_forget_imported (imported);
    }
  g_clear_pointer (&self->lock, hl_lock_release);
  hl_model_document_detach (self->model);
}
