/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Atomic files: a temporary file beside the target, flushed, then renamed over it. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/file-util.h"

#include <stdlib.h>
#include <string.h>

#define MAX_TEXT_BYTES (64 * 1024 * 1024)

char *
hl_file_dup_name (GFile *file)
{
  g_autofree char *name = g_file_get_basename (file);

  return g_filename_display_name (name ? name : "?");
}

static void
set_save_error (GError **error, GFile *file, const GError *cause)
{
  g_autofree char *name = hl_file_dup_name (file);
  g_autoptr (GFile) folder = g_file_get_parent (file);
  g_autofree char *place = folder ? g_file_get_parse_name (folder) : g_strdup ("/");

  g_set_error (
      error, cause->domain, cause->code,
      _("“%s” cannot be saved in “%s” (%s). What was there before is untouched; choose another folder or make room."),
      name, place, cause->message);
}

gboolean
hl_file_save_text (GFile *file, const char *text, gssize length, HlSaveMode mode, GError **error)
{
  g_autofree char *path = g_file_get_path (file);
  g_autoptr (GError) cause = NULL;
  gboolean saved;

  if (length < 0)
    length = strlen (text);
  if (path)
    {
      g_autofree char *target = NULL;
      char *real = realpath (path, NULL);

      target = g_strdup (real ? real : path);
      free (real);
      saved = g_file_set_contents_full (
          target, text, length,
          G_FILE_SET_CONTENTS_CONSISTENT | (mode == HL_SAVE_DURABLE ? G_FILE_SET_CONTENTS_DURABLE : 0), 0666, &cause);
    }
  else
    saved = g_file_replace_contents (file, text, length, NULL, FALSE, G_FILE_CREATE_NONE, NULL, NULL, &cause);
  if (!saved)
    set_save_error (error, file, cause);
  return saved;
}

char *
hl_file_load_text (GFile *file, gsize *length, GError **error)
{
  g_autofree char *name = g_file_get_parse_name (file);
  g_autoptr (GError) cause = NULL;
  g_autoptr (GFileInfo) info = NULL;
  char *text = NULL;
  gsize n = 0;

  info = g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE, 0, NULL, &cause);
  if (!info)
    {
      if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                     _("There is no file “%s”; it may have been moved or deleted."), name);
      else
        g_set_error (error, cause->domain, cause->code, _("“%s” cannot be read (%s)."), name, cause->message);
      return NULL;
    }
  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX, g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY
                   ? _("“%s” is a folder, not a file.") : _("“%s” is not an ordinary file."), name);
      return NULL;
    }
  if (g_file_info_get_size (info) > MAX_TEXT_BYTES)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX,
                   _("“%s” has %.0f MiB; no project file is larger than %d MiB."), name,
                   g_file_info_get_size (info) / 1048576.0, MAX_TEXT_BYTES / 1048576);
      return NULL;
    }
  if (!g_file_load_contents (file, NULL, &text, &n, NULL, &cause))
    {
      g_set_error (error, cause->domain, cause->code, _("“%s” cannot be read (%s)."), name, cause->message);
      return NULL;
    }
  if (length)
    *length = n;
  return text;
}

gboolean
hl_folder_make (GFile *folder, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *name = NULL;

  if (g_file_make_directory_with_parents (folder, NULL, &cause))
    return TRUE;
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_EXISTS)
      && g_file_query_file_type (folder, 0, NULL) == G_FILE_TYPE_DIRECTORY)
    return TRUE;
  name = g_file_get_parse_name (folder);
  g_set_error (error, cause->domain, cause->code, _("The folder “%s” cannot be made (%s)."), name,
               g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_EXISTS) ? _("a file of that name is in the way")
                                                                      : cause->message);
  return FALSE;
}
