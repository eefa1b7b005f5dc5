/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Project files: lock, checksum, save, and the runs that follow a project to its first place. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/project-io.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/file-util.h"

void
hl_opened_free (HlOpened *self)
{
  if (!self)
    return;
  hl_project_state_unref (self->state);
  g_clear_object (&self->file);
  g_free (self->hash);
  hl_lock_release (self->lock);
  g_free (self->read_only_reason);
  hl_autosave_info_free (self->recovered);
  g_free (self);
}

void
hl_saving_free (HlSaving *self)
{
  if (!self)
    return;
  hl_project_state_unref (self->state);
  g_clear_object (&self->file);
  g_free (self->expected_hash);
  g_clear_object (&self->unsaved_runs);
  hl_lock_release (self->lock);
  g_free (self->hash);
  g_free (self);
}

static char *
hash_text (const char *text, gsize length)
{
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text, length);
}

HlOpened *
hl_project_io_open (GFile *file, GError **error)
{
  g_autoptr (HlOpened) self = g_new0 (HlOpened, 1);
  gsize length;
  g_autofree char *text = hl_project_state_load_text (file, &length, error);

  if (!text || !(self->state = hl_project_state_from_text (text, length, file, error)))
    return NULL;
  self->file = g_object_ref (file);
  self->hash = hash_text (text, length);
  self->lock = hl_lock_acquire (file, &self->read_only_reason);
  return g_steal_pointer (&self);
}

HlOpened *
hl_project_io_recover (GFile *autosave, GError **error)
{
  g_autoptr (HlOpened) self = g_new0 (HlOpened, 1);

  self->state = hl_autosave_load (autosave, &self->recovered, error);
  if (!self->state)
    return NULL;
  if (self->recovered->uri)
    {
      self->file = g_file_new_for_uri (self->recovered->uri);
      self->hash = g_strdup (self->recovered->hash);
      self->lock = hl_lock_acquire (self->file, &self->read_only_reason);
    }
  return g_steal_pointer (&self);
}

char *
hl_project_io_dup_title (GFile *file)
{
  char *title = hl_file_dup_name (file);

  if (g_str_has_suffix (title, ".hillock") && strlen (title) > strlen (".hillock"))
    title[strlen (title) - strlen (".hillock")] = 0;
  return title;
}

GFile *
hl_project_io_get_runs_folder (GFile *file)
{
  g_autoptr (GFile) folder = g_file_get_parent (file);
  g_autofree char *base = g_file_get_basename (file);
  g_autofree char *name = NULL;

  if (g_str_has_suffix (base, ".hillock"))
    base[strlen (base) - strlen (".hillock")] = 0;
  name = g_strconcat (base, ".runs", NULL);
  return folder ? g_file_get_child (folder, name) : g_file_new_for_path (name);
}

static gboolean
check_unchanged (HlSaving *self, GError **error)
{
  gsize length;
  g_autofree char *text = NULL, *hash = NULL, *name = NULL;

  if (!self->same_file || !self->expected_hash)
    return TRUE;
  text = hl_file_load_text (self->file, &length, NULL);
  /* Deleted, or not readable any more: there is nothing to overwrite. */
  if (!text)
    return TRUE;
  hash = hash_text (text, length);
  if (g_str_equal (hash, self->expected_hash))
    return TRUE;
  name = hl_file_dup_name (self->file);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG,
               _("“%s” was changed by another program after it was opened here. Save under another name to keep both, "
                  "or replace it."),
               name);
  return FALSE;
}

/* Runs in progress know their folder by its old path, so that path goes on to lead there. Where the two places are on
 * different disks the new path leads to the old place. */
static void
move_runs (HlSaving *self)
{
  g_autoptr (GFile) target = hl_project_io_get_runs_folder (self->file);
  const char *old = self->unsaved_runs ? g_file_peek_path (self->unsaved_runs) : NULL, *new = g_file_peek_path (target);

  if (!old || !new || !g_file_test (old, G_FILE_TEST_IS_DIR) || g_file_test (new, G_FILE_TEST_EXISTS))
    return;
  if (rename (old, new) == 0 ? symlink (new, old) < 0 : symlink (old, new) < 0)
    g_warning ("Cannot link “%s” and “%s”: %m", old, new);
}

gboolean
hl_project_io_save (HlSaving *self, GError **error)
{
  g_autofree char *text = hl_project_state_to_text (self->state, self->file), *reason = NULL;

  if (self->need_lock)
    self->lock = hl_lock_acquire (self->file, &reason);
  if (reason)
    {
      g_autofree char *name = hl_file_dup_name (self->file);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, _("“%s” cannot be saved: %s"), name, reason);
      return FALSE;
    }
  if (!check_unchanged (self, error) || !hl_file_save_text (self->file, text, -1, HL_SAVE_DURABLE, error))
    return FALSE;
  self->hash = hash_text (text, strlen (text));
  move_runs (self);
  return TRUE;
}
