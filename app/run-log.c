/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Appending to CSV files. `good` is the length of what is surely in the file; a write that breaks off is repeated from
 * there. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/run-log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "app/file-util.h"

struct _HlRunLog
{
  GFile *file;
  GString *pending;
  goffset good;
};

HlRunLog *
hl_run_log_new (GFile *file, const char *header)
{
  HlRunLog *self = g_new0 (HlRunLog, 1);
  g_autofree char *text = NULL;
  gsize length = 0;

  self->file = g_object_ref (file);
  self->pending = g_string_new (NULL);
  text = hl_file_load_text (file, &length, NULL);
  /* A crash may have left half a row at the end. */
  while (length > 0 && text[length - 1] != '\n')
    length--;
  self->good = length;
  if (length == 0)
    g_string_append_printf (self->pending, "%s\n", header);
  return self;
}

void
hl_run_log_free (HlRunLog *self)
{
  if (!self)
    return;
  hl_run_log_flush (self, NULL);
  g_object_unref (self->file);
  g_string_free (self->pending, TRUE);
  g_free (self);
}

void
hl_run_log_add_row (HlRunLog *self, const char *row)
{
  g_string_append (self->pending, row);
  g_string_append_c (self->pending, '\n');
}

void
hl_run_log_add (HlRunLog *self, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_string_append_vprintf (self->pending, format, arguments);
  va_end (arguments);
  g_string_append_c (self->pending, '\n');
}

gsize
hl_run_log_get_pending (HlRunLog *self)
{
  return self->pending->len;
}

static gboolean
write_all (int fd, const char *data, gsize n, goffset at)
{
  while (n > 0)
    {
      gssize written = pwrite (fd, data, n, at);

      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        return FALSE;
      data += written;
      n -= written;
      at += written;
    }
  return TRUE;
}

gboolean
hl_run_log_flush (HlRunLog *self, GError **error)
{
  g_autofree char *path = NULL;
  int fd, code = 0;

  if (self->pending->len == 0)
    return TRUE;
  path = g_file_get_path (self->file);
  fd = path ? open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
  if (fd < 0)
    code = path ? errno : ENOTSUP;
  else if (!write_all (fd, self->pending->str, self->pending->len, self->good)
           || ftruncate (fd, self->good + self->pending->len) < 0)
    code = errno ? errno : EIO;
  if (fd >= 0 && close (fd) < 0 && code == 0)
    code = errno;
  if (code != 0)
    {
      g_autofree char *name = g_file_get_parse_name (self->file);

      g_set_error (
          error, G_IO_ERROR, g_io_error_from_errno (code),
          _("“%s” cannot be written (%s). The numbers are kept in memory and written as soon as that works again; "
             "make room or check the folder's permissions."),
          name, g_strerror (code));
      return FALSE;
    }
  self->good += self->pending->len;
  g_string_truncate (self->pending, 0);
  return TRUE;
}

static gboolean
row_is_below (const char *row, guint column, guint64 limit)
{
  while (column-- > 0)
    {
      row = strchr (row, ',');
      if (!row)
        return FALSE;
      row++;
    }
  return g_ascii_strtoull (row, NULL, 10) < limit;
}

gboolean
hl_run_log_trim (HlRunLog *self, guint column, guint64 limit, GError **error)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) rows = NULL;
  g_autoptr (GString) kept = NULL;
  gsize length;

  if (self->good == 0)
    return TRUE;
  text = hl_file_load_text (self->file, &length, error);
  if (!text)
    return FALSE;
  text[MIN ((gsize) self->good, length)] = 0;
  rows = g_strsplit (text, "\n", -1);
  kept = g_string_new (NULL);
  for (guint i = 0; rows[i] && *rows[i]; i++)
    if (i == 0 || row_is_below (rows[i], column, limit))
      g_string_append_printf (kept, "%s\n", rows[i]);
  if ((goffset) kept->len == self->good)
    return TRUE;
  if (!hl_file_save_text (self->file, kept->str, kept->len, HL_SAVE_ATOMIC, error))
    return FALSE;
  self->good = kept->len;
  return TRUE;
}
