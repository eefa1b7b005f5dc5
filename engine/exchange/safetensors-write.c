/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writing safetensors files: a temporary file in the same folder, flushed to the disk, then renamed over the old one. An
 * interrupted or failed save leaves the old file untouched. */

#include "engine/exchange/tensor-header.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static HlTensorRecord *
add_record (HlTensorFile *self, const char *name, const char *dtype, guint n_dims, const guint64 *dim)
{
  HlTensorRecord *record = g_new0 (HlTensorRecord, 1);
  guint64 n_bytes;

  record->type = hl_element_type_find (dtype);
  record->entry.name = g_strdup (name);
  record->entry.dtype = record->type->name;
  record->entry.n_dims = n_dims;
  memcpy (record->entry.dim, dim, n_dims * sizeof *dim);
  if (!hl_tensor_record_measure (record, &n_bytes, NULL))
    {
      hl_tensor_record_free (record);
      g_return_val_if_reached (NULL);
    }
  record->end = n_bytes;
  record->bytes = g_malloc (n_bytes + 1);
  g_ptr_array_add (self->records, record);
  g_hash_table_insert (self->names, record->entry.name, record);
  return record;
}

void
hl_tensor_file_add_bytes (HlTensorFile *self, const char *name, const char *dtype, guint n_dims, const guint64 *dim,
                          gconstpointer bytes)
{
  HlTensorRecord *record;

  g_return_if_fail (self->stream == NULL && n_dims <= G_N_ELEMENTS (record->entry.dim) && hl_element_type_find (dtype));
  record = add_record (self, name, dtype, n_dims, dim);
  if (record && record->end > 0)
    memcpy (record->bytes, bytes, record->end);
}

void
hl_tensor_file_add_f32 (HlTensorFile *self, const char *name, guint n_dims, const guint64 *dim, const float *values)
{
  HlTensorRecord *record;

  g_return_if_fail (self->stream == NULL && n_dims <= G_N_ELEMENTS (record->entry.dim));
  record = add_record (self, name, "F32", n_dims, dim);
  for (gsize i = 0; record && i < record->entry.n; i++)
    {
      guint32 bits;

      memcpy (&bits, values + i, sizeof bits);
      bits = GUINT32_TO_LE (bits);
      memcpy (record->bytes + i * sizeof bits, &bits, sizeof bits);
    }
}

void
hl_tensor_file_set_metadata (HlTensorFile *self, const char *key, const char *value)
{
  g_hash_table_insert (self->metadata, g_strdup (key), g_strdup (value));
}

/* ---- Header ---- */

static int
compare_records (gconstpointer a, gconstpointer b)
{
  const HlTensorRecord *x = *(HlTensorRecord *const *) a, *y = *(HlTensorRecord *const *) b;

  if (x->type != y->type)
    return x->type < y->type ? -1 : 1;
  return strcmp (x->entry.name, y->entry.name);
}

static void
append_text (GString *header, const char *text)
{
  g_string_append_c (header, '"');
  for (; *text; text++)
    {
      static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
      const char *found = strchr (special, *text);

      if (found)
        g_string_append_printf (header, "\\%c", letters[found - special]);
      else if ((guchar) *text < 0x20)
        g_string_append_printf (header, "\\u%04x", *text);
      else
        g_string_append_c (header, *text);
    }
  g_string_append_c (header, '"');
}

static void
append_metadata (HlTensorFile *self, GString *header)
{
  GList *keys = g_list_sort (g_hash_table_get_keys (self->metadata), (GCompareFunc) strcmp);

  g_string_append (header, "\"__metadata__\":{");
  for (GList *key = keys; key; key = key->next)
    {
      append_text (header, key->data);
      g_string_append_c (header, ':');
      append_text (header, g_hash_table_lookup (self->metadata, key->data));
      g_string_append_c (header, key->next ? ',' : '}');
    }
  g_list_free (keys);
}

static void
append_record (const HlTensorRecord *record, GString *header)
{
  if (header->len > 1)
    g_string_append_c (header, ',');
  append_text (header, record->entry.name);
  g_string_append_printf (header, ":{\"dtype\":\"%s\",\"shape\":[", record->type->name);
  for (guint i = 0; i < record->entry.n_dims; i++)
    g_string_append_printf (header, "%s%" G_GUINT64_FORMAT, i ? "," : "", record->entry.dim[i]);
  g_string_append_printf (header, "],\"data_offsets\":[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "]}", record->begin,
                          record->end);
}

static gboolean
check_names (HlTensorFile *self, GError **error)
{
  GHashTableIter iter;
  gpointer key, value;

  for (guint i = 0; i < self->records->len; i++)
    {
      const HlTensorRecord *record = self->records->pdata[i];

      if (!g_utf8_validate (record->entry.name, -1, NULL) || g_str_equal (record->entry.name, "__metadata__"))
        {
          g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                       _("A tensor cannot be saved under the name “%s”; rename its layer."), record->entry.name);
          return FALSE;
        }
    }
  if (g_hash_table_size (self->names) != self->records->len)
    {
      g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                           _("Two tensors have the same name; give their layers different names."));
      return FALSE;
    }
  g_hash_table_iter_init (&iter, self->metadata);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (!g_utf8_validate (key, -1, NULL) || !g_utf8_validate (value, -1, NULL))
      {
        g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                             _("A note to be saved with the weights is not UTF-8."));
        return FALSE;
      }
  return TRUE;
}

/* Lays the tensors out and returns length and header, padded so that the data begins at a multiple of 8. */
static GString *
make_header (HlTensorFile *self, GError **error)
{
  GString *header;
  guint64 at = 0, length;

  if (!check_names (self, error))
    return NULL;
  g_ptr_array_sort (self->records, compare_records);
  header = g_string_new ("{");
  if (g_hash_table_size (self->metadata) > 0)
    append_metadata (self, header);
  for (guint i = 0; i < self->records->len; i++)
    {
      HlTensorRecord *record = self->records->pdata[i];
      guint64 n_bytes = record->end - record->begin;

      record->begin = at;
      record->end = at += n_bytes;
      append_record (record, header);
    }
  g_string_append_c (header, '}');
  while (header->len % 8 != 0)
    g_string_append_c (header, ' ');
  if (header->len > HL_TENSOR_HEADER_MAX)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                   _("The header would be %zu bytes long; the format allows 100,000,000."), header->len);
      g_string_free (header, TRUE);
      return NULL;
    }
  length = GUINT64_TO_LE ((guint64) header->len);
  g_string_prepend_len (header, (const char *) &length, sizeof length);
  return header;
}

/* ---- File ---- */

static gboolean
write_all (int fd, gconstpointer bytes, gsize n)
{
  const guint8 *at = bytes;

  while (n > 0)
    {
      gssize written = write (fd, at, MIN (n, 1 << 30));

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return FALSE;
      at += written;
      n -= (gsize) written;
    }
  return TRUE;
}

static int
open_temporary (const char *folder, const char *name, char **temporary)
{
  int fd = -1;

  for (int attempt = 0; attempt < 100 && fd < 0; attempt++)
    {
      g_autofree char *unique = g_strdup_printf (".%.200s.%08x", name, g_random_int ());

      g_free (*temporary);
      *temporary = g_build_filename (folder, unique, NULL);
      fd = open (*temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd < 0 && errno != EEXIST)
        break;
    }
  return fd;
}

/* So that the new name survives a power failure too; nothing is lost when a file system cannot do it. */
static void
flush_folder (const char *folder)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd >= 0)
    {
      fsync (fd);
      close (fd);
    }
}

static gboolean
write_contents (HlTensorFile *self, int fd, const GString *header)
{
  if (!write_all (fd, header->str, header->len))
    return FALSE;
  for (guint i = 0; i < self->records->len; i++)
    {
      const HlTensorRecord *record = self->records->pdata[i];

      if (!write_all (fd, record->bytes, record->end - record->begin))
        return FALSE;
    }
  return fsync (fd) == 0;
}

/* Returns 0 or the errno of what failed. */
static int
replace_file (HlTensorFile *self, const char *path, const GString *header)
{
  g_autofree char *folder = g_path_get_dirname (path), *name = g_path_get_basename (path), *temporary = NULL;
  struct stat old;
  int fd = open_temporary (folder, name, &temporary), failure = 0;

  if (fd < 0)
    return errno;
  if (!write_contents (self, fd, header))
    failure = errno;
  if (stat (path, &old) == 0 && S_ISREG (old.st_mode) && fchmod (fd, old.st_mode & 07777) < 0 && failure == 0)
    failure = errno;
  if (close (fd) < 0 && failure == 0)
    failure = errno;
  if (failure == 0 && rename (temporary, path) < 0)
    failure = errno;
  if (failure != 0)
    unlink (temporary);
  else
    flush_folder (folder);
  return failure;
}

gboolean
hl_tensor_file_write (HlTensorFile *self, GFile *file, GError **error)
{
  g_autofree char *path = g_file_get_path (file), *shown = g_file_get_parse_name (file), *target = NULL;
  GString *header;
  int failure;

  g_return_val_if_fail (self->stream == NULL, FALSE);
  if (path == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _("“%s” cannot be written: it is not on a file system of this computer."), shown);
      return FALSE;
    }
  header = make_header (self, error);
  if (header == NULL)
    {
      g_prefix_error (error, _("“%s” cannot be written: "), shown);
      return FALSE;
    }
  /* Through a link the file it points to is replaced, not the link. */
  target = realpath (path, NULL);
  failure = replace_file (self, target ? target : path, header);
  g_string_free (header, TRUE);
  if (failure == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure), _("“%s” cannot be written: %s.%s"), shown,
               g_strerror (failure), failure == ENOSPC || failure == EDQUOT
               ? _(" Make room on that disk or choose another folder.") : "");
  return FALSE;
}
