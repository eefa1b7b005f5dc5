/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Project files: lock, checksum, save, and the runs that follow a project to its first place. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/project-io.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/file-util.h"
#include "engine/exchange/onnx.h"

/* The folder goes too unless there are runs in it. */
void
hl_project_io_forget_imported (GFile *weights)
{
  g_autoptr (GFile) folder = weights ? g_file_get_parent (weights) : NULL;

  if (!folder)
    return;
  g_file_delete (weights, NULL, NULL);
  g_file_delete (folder, NULL, NULL);
}

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
  g_free (self->title);
  g_free (self->id);
  hl_project_io_forget_imported (self->imported);
  g_clear_object (&self->imported);
  g_free (self->notice);
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

/* ---- Opening ---- */

GFile *
hl_project_io_get_unsaved_folder (const char *id)
{
  g_autofree char *name = g_strconcat (id, ".runs", NULL);

  return g_file_new_build_filename (g_get_user_state_dir (), "hillock", "unsaved", name, NULL);
}

/* Nothing of a model is left out silently. */
static char *
join_notes (HlOnnxModel *model, const HlOnnxNetwork *network)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (hl_onnx_model_get_n_outputs (model) > 1)
    g_string_append_printf (text, _("The model has %u outputs; the network ends at the first, “%s”."), hl_onnx_model_get_n_outputs (model),
                            hl_onnx_model_get_output (model, 0));
  for (guint i = 0; i < network->notes->len; i++)
    g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", (char *) network->notes->pdata[i]);
  return text->len > 0 ? g_strdup (text->str) : NULL;
}

static gboolean
keep_weights (HlOpened *self, HlOnnxNetwork *network, GError **error)
{
  g_autoptr (GFile) folder = hl_project_io_get_unsaved_folder (self->id);
  g_autofree char *path = g_file_get_path (folder);

  if (g_mkdir_with_parents (path, 0777) < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("The folder “%s” for the weights cannot be made: %s"), path, g_strerror (errno));
      return FALSE;
    }
  self->imported = g_file_get_child (folder, HL_IMPORTED_WEIGHTS);
  return hl_onnx_network_save_weights (network, self->imported, error);
}

static HlOpened *
import_model (GFile *file, GError **error)
{
  g_autoptr (HlOpened) self = g_new0 (HlOpened, 1);
  g_autoptr (HlOnnxModel) model = hl_onnx_model_open (file, error);
  const HlOnnxImportOptions options = { 0 };
  g_autoptr (HlOnnxNetwork) network = model ? hl_onnx_import (model, &options, error) : NULL;
  g_autoptr (HlProjectState) base = NULL;
  g_autofree char *name = hl_file_dup_name (file);

  if (!network)
    return NULL;
  if (!network->graph)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT, _("The model “%s” computes nothing: its output is a constant."), name);
      return NULL;
    }
  base = hl_template_new_state ("empty");
  self->state = hl_project_state_with_graph (base, hl_graph_ref (network->graph));
  self->id = g_uuid_string_random ();
  self->title = g_strndup (name, strlen (name) - (strlen (name) > strlen (".onnx") ? strlen (".onnx") : 0));
  self->notice = join_notes (model, network);
  return keep_weights (self, network, error) ? g_steal_pointer (&self) : NULL;
}

HlOpened *
hl_project_io_open (GFile *file, GError **error)
{
  g_autoptr (HlOpened) self = NULL;
  gsize length;
  g_autofree char *text = NULL;

  if (hl_onnx_is_name (file))
    return import_model (file, error);
  self = g_new0 (HlOpened, 1);
  text = hl_project_state_load_text (file, &length, error);
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
