/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Autosave files: {"recovery": 1, who wrote it, what project it is, "project": {as in a .hillock file, absolute
 * paths}}. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/autosave.h"

#include "app/file-util.h"
#include "engine/base/json-text.h"
#include "app/process.h"
#include "engine/base/params-json.h"

#define FORMAT 1

/* Shared with the threads that write. */
struct _HlAutosave
{
  GFile *file;
  guint64 last_asked;     /* main thread: number of the newest write or removal */
  GMutex writing;         /* held while a file is written, which may take long */
  guint64 last_written;   /* under writing */
  GMutex mutex;           /* never held for long */
  guint64 removed;        /* under mutex: writes up to this number must leave no file */
};

typedef struct
{
  HlAutosave *autosave;
  HlProjectState *state;
  HlAutosaveInfo *info;
  GFile *replaces;
  guint64 number;
} Write;

void
hl_autosave_info_free (HlAutosaveInfo *self)
{
  if (!self)
    return;
  g_free (self->id);
  g_free (self->title);
  g_free (self->uri);
  g_free (self->hash);
  g_free (self);
}

GFile *
hl_autosave_get_folder (void)
{
  return g_file_new_build_filename (g_get_user_state_dir (), "hillock", "recovery", NULL);
}

HlAutosave *
hl_autosave_new (void)
{
  HlAutosave *self = g_atomic_rc_box_new0 (HlAutosave);
  g_autoptr (GFile) folder = hl_autosave_get_folder ();
  g_autofree char *id = g_uuid_string_random ();
  g_autofree char *name = g_strconcat (id, ".json", NULL);

  g_mutex_init (&self->mutex);
  g_mutex_init (&self->writing);
  self->file = g_file_get_child (folder, name);
  return self;
}

static void
autosave_clear (gpointer data)
{
  HlAutosave *self = data;

  g_object_unref (self->file);
  g_mutex_clear (&self->mutex);
  g_mutex_clear (&self->writing);
}

void
hl_autosave_free (HlAutosave *self)
{
  if (self)
    g_atomic_rc_box_release_full (self, autosave_clear);
}

static void
write_free (gpointer data)
{
  Write *self = data;

  hl_autosave_free (self->autosave);
  hl_project_state_unref (self->state);
  hl_autosave_info_free (self->info);
  g_clear_object (&self->replaces);
  g_free (self);
}

static char *
make_text (const Write *self)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (HlProcess) own = hl_process_new_own ();
  g_autofree char *project = hl_project_state_to_text (self->state, NULL);
  JsonObject *object = json_object_new ();

  json_node_take_object (root, object);
  json_object_set_int_member (object, "recovery", FORMAT);
  json_object_set_int_member (object, "pid", own->pid);
  json_object_set_int_member (object, "started", own->started);
  json_object_set_string_member (object, "host", own->host);
  json_object_set_string_member (object, "id", self->info->id);
  json_object_set_string_member (object, "title", self->info->title);
  if (self->info->uri)
    json_object_set_string_member (object, "uri", self->info->uri);
  if (self->info->hash)
    json_object_set_string_member (object, "hash", self->info->hash);
  json_object_set_member (object, "project", hl_json_from_text (project, -1, NULL));
  return hl_json_to_text (root);
}

static void
write_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Write *self = data;
  HlAutosave *autosave = self->autosave;
  g_autofree char *text = make_text (self);
  g_autoptr (GFile) folder = g_file_get_parent (autosave->file);
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&autosave->writing);
  if (self->number > autosave->last_written)
    {
      /* Not flushed to the disk: an autosave is against crashes of this program. */
      if (!hl_folder_make (folder, &error) || !hl_file_save_text (autosave->file, text, -1, HL_SAVE_ATOMIC, &error))
        g_warning ("Autosave: %s", error->message);
      else
        autosave->last_written = self->number;
      g_mutex_lock (&autosave->mutex);
      if (self->number < autosave->removed)
        g_file_delete (autosave->file, NULL, NULL);
      g_mutex_unlock (&autosave->mutex);
    }
  /* Only what is also in the new file, this write's or a later one's, may go. */
  if (self->replaces && autosave->last_written >= self->number && !g_file_equal (self->replaces, autosave->file))
    g_file_delete (self->replaces, NULL, NULL);
  g_mutex_unlock (&autosave->writing);
  g_task_return_boolean (task, TRUE);
}

void
hl_autosave_write (HlAutosave *self, HlProjectState *state, HlAutosaveInfo *info, GFile *replaces)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);
  Write *write = g_new0 (Write, 1);

  write->autosave = g_atomic_rc_box_acquire (self);
  write->state = hl_project_state_ref (state);
  write->info = info;
  write->replaces = replaces ? g_object_ref (replaces) : NULL;
  write->number = ++self->last_asked;
  g_task_set_task_data (task, write, write_free);
  g_task_run_in_thread (task, write_thread);
}

void
hl_autosave_remove (HlAutosave *self)
{
  g_mutex_lock (&self->mutex);
  self->removed = ++self->last_asked;
  g_file_delete (self->file, NULL, NULL);
  g_mutex_unlock (&self->mutex);
}

/* ---- Reading ---- */

static JsonObject *
load_object (GFile *file, JsonNode **root, GError **error)
{
  static const char *const keys[]
      = { "recovery", "pid", "started", "host", "id", "title", "uri", "hash", "project", NULL };
  gsize length;
  g_autofree char *text = hl_file_load_text (file, &length, error);
  gint64 format;
  JsonObject *object;

  *root = text ? hl_json_from_text (text, length, error) : NULL;
  if (!*root || !(object = hl_json_get_object (*root, keys, "recovery", error))
      || !hl_json_get_int (object, "recovery", 1, FORMAT, &format, "recovery", error))
    return NULL;
  return object;
}

static HlAutosaveInfo *
read_info (JsonObject *object, GError **error)
{
  g_autoptr (HlAutosaveInfo) info = g_new0 (HlAutosaveInfo, 1);
  const char *id, *title, *uri = NULL, *hash = NULL;

  if (!hl_json_get_string (object, "id", &id, "recovery", error)
      || !hl_json_get_string (object, "title", &title, "recovery", error)
      || (json_object_has_member (object, "uri") && !hl_json_get_string (object, "uri", &uri, "recovery", error))
      || (json_object_has_member (object, "hash") && !hl_json_get_string (object, "hash", &hash, "recovery", error)))
    return NULL;
  /* It becomes part of a path. */
  if (!g_uuid_string_is_valid (id))
    {
      g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT, _("recovery: “id” is not a UUID."));
      return NULL;
    }
  info->id = g_strdup (id);
  info->title = g_strdup (title);
  info->uri = g_strdup (uri);
  info->hash = g_strdup (hash);
  return g_steal_pointer (&info);
}

HlProjectState *
hl_autosave_load (GFile *file, HlAutosaveInfo **info, GError **error)
{
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object = load_object (file, &root, error);
  g_autoptr (HlAutosaveInfo) found = object ? read_info (object, error) : NULL;
  HlProjectState *state = NULL;

  if (found && json_object_has_member (object, "project"))
    {
      g_autofree char *text = hl_json_to_text (json_object_get_member (object, "project"));

      state = hl_project_state_from_text (text, -1, NULL, error);
    }
  else if (found)
    g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT, _("The autosave holds no project."));
  if (!state)
    {
      g_autofree char *name = g_file_get_parse_name (file);

      g_prefix_error (error, _("“%s”: "), name);
      return NULL;
    }
  *info = g_steal_pointer (&found);
  return state;
}

gboolean
hl_autosave_is_orphan (GFile *file, HlAutosaveInfo **info)
{
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object = load_object (file, &root, NULL);
  HlProcess owner = { 0 };
  gint64 pid, started;
  const char *host;

  if (!object || !hl_json_get_int (object, "pid", 0, G_MAXINT64, &pid, "recovery", NULL)
      || !hl_json_get_int (object, "started", 0, G_MAXINT64, &started, "recovery", NULL)
      || !hl_json_get_string (object, "host", &host, "recovery", NULL))
    return FALSE;
  owner.pid = pid;
  owner.started = started;
  owner.host = (char *) host;
  if (hl_process_is_alive (&owner))
    return FALSE;
  *info = read_info (object, NULL);
  return *info != NULL;
}
