/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading safetensors files. The file is read, never mapped: a file that is cut while it is open gives an error and not
 * a signal. */

#include "engine/exchange/tensor-header.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define CHUNK_BYTES 65536   /* a multiple of every element size */

HlTensorFile *
hl_tensor_file_new (void)
{
  HlTensorFile *self = g_new0 (HlTensorFile, 1);

  self->records = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_tensor_record_free);
  self->names = g_hash_table_new (g_str_hash, g_str_equal);
  self->metadata = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
hl_tensor_file_free (HlTensorFile *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->names);
  g_hash_table_unref (self->metadata);
  g_ptr_array_unref (self->records);
  g_clear_object (&self->stream);
  g_free (self->shown);
  g_free (self);
}

/* What a file that is not safetensors looks like from its first bytes; NULL when it could be anything. */
static const char *
guess_format (const guint8 *first, gsize n)
{
  static const struct { const char *magic; gsize n; const char *what; } known[] = {
    { "PK\3\4", 4, N_("a ZIP archive, perhaps weights saved by torch.save") },
    { "\x80\2", 2, N_("a Python pickle, perhaps weights saved by an old torch.save") },
    { "version https://git-lfs", 8, N_("a Git LFS pointer: the real file was not downloaded") },
    { "<!DOCTYP", 8, N_("a web page") },
    { "<!doctyp", 8, N_("a web page") },
    { "<html", 5, N_("a web page") },
    { "<HTML", 5, N_("a web page") },
    { "<?xml", 5, N_("an XML file") },
    { "\x89HDF\r\n\x1a\n", 8, N_("an HDF5 file") },
    { "\x93NUMPY", 6, N_("a NumPy array") },
    { "GGUF", 4, N_("a GGUF file") },
    { "\x1f\x8b", 2, N_("a gzip file") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (n >= known[i].n && memcmp (first, known[i].magic, known[i].n) == 0)
      return _(known[i].what);
  return NULL;
}

static gboolean
read_exactly (HlTensorFile *self, gpointer bytes, gsize n, GError **error)
{
  gsize got;

  if (!g_input_stream_read_all (G_INPUT_STREAM (self->stream), bytes, n, &got, NULL, error))
    {
      g_prefix_error (error, _("“%s” cannot be read: "), self->shown);
      return FALSE;
    }
  if (got < n)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX, _("“%s” ended while it was being read."), self->shown);
      return FALSE;
    }
  return TRUE;
}

/* Takes cause. */
static void
fail_to_read (HlTensorFile *self, GError *cause, GError **error)
{
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("There is no file “%s”; it may have been moved or deleted."),
                 self->shown);
  else
    g_set_error (error, cause->domain, cause->code, _("“%s” cannot be read (%s)."), self->shown, cause->message);
  g_error_free (cause);
}

/* Opens the stream; *size: bytes of the file. Pipes and folders are refused before opening, which could block. */
static gboolean
open_stream (HlTensorFile *self, GFile *file, guint64 *size, GError **error)
{
  g_autoptr (GFileInfo) info = NULL;
  GError *cause = NULL;
  GFileType type;

  info = g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_TYPE, G_FILE_QUERY_INFO_NONE, NULL, &cause);
  if (info == NULL)
    {
      fail_to_read (self, cause, error);
      return FALSE;
    }
  type = g_file_info_get_file_type (info);
  if (type != G_FILE_TYPE_REGULAR)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX, type == G_FILE_TYPE_DIRECTORY
                   ? _("“%s” is a folder; a safetensors file is needed.")
                   : _("“%s” is not an ordinary file; a safetensors file is needed."), self->shown);
      return FALSE;
    }
  self->stream = g_file_read (file, NULL, &cause);
  if (self->stream == NULL)
    {
      fail_to_read (self, cause, error);
      return FALSE;
    }
  g_clear_object (&info);
  info = g_file_input_stream_query_info (self->stream, G_FILE_ATTRIBUTE_STANDARD_SIZE, NULL, &cause);
  if (info == NULL)
    {
      fail_to_read (self, cause, error);
      return FALSE;
    }
  *size = (guint64) g_file_info_get_size (info);
  return TRUE;
}

/* The first 8 bytes: how long the header is. */
static gboolean
read_header_length (HlTensorFile *self, guint64 size, guint64 *length, GError **error)
{
  guint8 first[8];
  const char *guess;

  if (size < sizeof first)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX,
                   _("“%s” has %" PRIu64 " bytes, too few for a safetensors file."), self->shown, size);
      return FALSE;
    }
  if (!read_exactly (self, first, sizeof first, error))
    return FALSE;
  *length = 0;
  for (int i = 7; i >= 0; i--)
    *length = *length << 8 | first[i];
  if (*length <= HL_TENSOR_HEADER_MAX && *length <= size - sizeof first)
    return TRUE;
  guess = guess_format (first, sizeof first);
  if (guess)
    g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX, _("“%s” is not a safetensors file but %s."), self->shown,
                 guess);
  else
    g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX,
                 _("“%s” is not a safetensors file: its header would be %" PRIu64 " bytes long, %s."), self->shown,
                 *length,
                 *length > HL_TENSOR_HEADER_MAX ? _("more than the 100,000,000 allowed") : _("more than the file has"));
  return FALSE;
}

HlTensorFile *
hl_tensor_file_open (GFile *file, GError **error)
{
  g_autoptr (HlTensorFile) self = hl_tensor_file_new ();
  g_autofree char *text = NULL;
  guint64 size, length;

  self->shown = g_file_get_parse_name (file);
  if (!open_stream (self, file, &size, error) || !read_header_length (self, size, &length, error))
    return NULL;
  text = g_try_malloc (length + 1);
  if (text == NULL)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX,
                   _("There is no memory for the header of “%s”, %" PRIu64 " bytes."), self->shown, length);
      return NULL;
    }
  if (!read_exactly (self, text, length, error))
    return NULL;
  self->data_start = 8 + length;
  if (!hl_tensor_header_parse (text, length, size - self->data_start, self->records, self->metadata, error))
    {
      g_prefix_error (error, _("“%s” is not a valid safetensors file. "), self->shown);
      return NULL;
    }
  for (guint i = 0; i < self->records->len; i++)
    {
      HlTensorRecord *record = self->records->pdata[i];

      g_hash_table_insert (self->names, record->entry.name, record);
    }
  return g_steal_pointer (&self);
}

guint
hl_tensor_file_get_n (HlTensorFile *self)
{
  return self->records->len;
}

const HlTensorFileEntry *
hl_tensor_file_get (HlTensorFile *self, guint i)
{
  HlTensorRecord *record = self->records->pdata[i];

  return &record->entry;
}

const HlTensorFileEntry *
hl_tensor_file_find (HlTensorFile *self, const char *name)
{
  HlTensorRecord *record = g_hash_table_lookup (self->names, name);

  return record ? &record->entry : NULL;
}

const char *
hl_tensor_file_get_metadata (HlTensorFile *self, const char *key)
{
  return g_hash_table_lookup (self->metadata, key);
}

/* ---- Values ---- */

/* IEEE half precision, subnormals, infinities and not-a-numbers included. */
static float
half_to_float (guint16 half)
{
  guint32 sign = (guint32) (half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023, bits;
  float value;

  if (exponent == 0)
    {
      value = ldexpf ((float) fraction, -24);
      return sign ? -value : value;
    }
  bits = sign | (exponent == 31 ? 0x7F800000u : (exponent + 112) << 23) | fraction << 13;
  memcpy (&value, &bits, sizeof value);
  return value;
}

static guint64
little_endian (const guint8 *bytes, guint n)
{
  guint64 value = 0;

  while (n-- > 0)
    value = value << 8 | bytes[n];
  return value;
}

/* A whole number of up to 64 bits as float; FALSE when it has more digits than a float. */
static gboolean
integer_to_float (guint64 magnitude, gboolean negative, float *value)
{
  float f = (float) magnitude;

  *value = negative ? -f : f;
  return f < 18446744073709551616.0f && (guint64) f == magnitude;
}

static gboolean
element_to_float (const char *type, guint n_bytes, const guint8 *bytes, float *value)
{
  guint64 bits = little_endian (bytes, n_bytes);
  guint32 bits32 = (guint32) bits;
  double wide;

  if (g_str_equal (type, "F32"))
    memcpy (value, &bits32, sizeof *value);
  else if (g_str_equal (type, "BF16"))
    {
      bits32 <<= 16;
      memcpy (value, &bits32, sizeof *value);
    }
  else if (g_str_equal (type, "F16"))
    *value = half_to_float ((guint16) bits);
  else if (g_str_equal (type, "F64"))
    {
      memcpy (&wide, &bits, sizeof wide);
      *value = (float) wide;
      return isnan (wide) || (double) *value == wide;
    }
  else if (g_str_equal (type, "BOOL"))
    {
      *value = bits != 0;
      return bits <= 1;
    }
  else if (type[0] == 'U')
    return integer_to_float (bits, FALSE, value);
  else
    {
      gboolean negative = bits >> (8 * n_bytes - 1);

      /* Two's complement: the upper bits that the file does not store would all be 1. */
      if (negative && n_bytes < 8)
        bits |= G_MAXUINT64 << (8 * n_bytes);
      return integer_to_float (negative ? -bits : bits, negative, value);
    }
  return TRUE;
}

/* FALSE at the first element that a float cannot hold. */
static gboolean
convert (const HlTensorRecord *record, const guint8 *bytes, gsize n, float *values)
{
  guint n_bytes = record->type->bits / 8;

  if (G_BYTE_ORDER == G_LITTLE_ENDIAN && g_str_equal (record->type->name, "F32"))
    {
      memcpy (values, bytes, n * sizeof *values);
      return TRUE;
    }
  for (gsize i = 0; i < n; i++)
    if (!element_to_float (record->type->name, n_bytes, bytes + i * n_bytes, values + i))
      return FALSE;
  return TRUE;
}

static gboolean
is_convertible (const HlElementType *type)
{
  return type->bits >= 8 && !g_str_has_prefix (type->name, "F8_") && !g_str_equal (type->name, "C64");
}

static gboolean
seek (HlTensorFile *self, const HlTensorRecord *record, GError **error)
{
  if (g_seekable_seek (G_SEEKABLE (self->stream), (goffset) (self->data_start + record->begin), G_SEEK_SET, NULL, error))
    return TRUE;
  g_prefix_error (error, _("“%s” cannot be read: "), self->shown);
  return FALSE;
}

gboolean
hl_tensor_file_read_f32 (HlTensorFile *self, const HlTensorFileEntry *entry, float *values, GError **error)
{
  const HlTensorRecord *record = (const HlTensorRecord *) entry;
  g_autofree guint8 *chunk = NULL;
  g_autofree char *name = hl_tensor_name_shown (entry->name);
  guint n_bytes = record->type->bits / 8;

  g_return_val_if_fail (self->stream != NULL, FALSE);
  if (!is_convertible (record->type))
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                   _("Tensor “%s” in “%s” has elements of type %s, which is not supported; save it as F32."),
                   name, self->shown, entry->dtype);
      return FALSE;
    }
  if (!seek (self, record, error))
    return FALSE;
  chunk = g_malloc (CHUNK_BYTES);
  for (gsize i = 0; i < entry->n;)
    {
      gsize n = MIN (entry->n - i, CHUNK_BYTES / n_bytes);

      if (!read_exactly (self, chunk, n * n_bytes, error))
        return FALSE;
      if (!convert (record, chunk, n, values + i))
        {
          g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                       _("Tensor “%s” in “%s” has values of type %s that a 32-bit float cannot hold exactly; save it "
                         "as F32."),
                       name, self->shown, entry->dtype);
          return FALSE;
        }
      i += n;
    }
  return TRUE;
}

gboolean
hl_tensor_file_read_bytes (HlTensorFile *self, const HlTensorFileEntry *entry, gpointer bytes, gsize n_bytes,
                           GError **error)
{
  const HlTensorRecord *record = (const HlTensorRecord *) entry;

  g_return_val_if_fail (self->stream != NULL && n_bytes == record->end - record->begin, FALSE);
  return seek (self, record, error) && read_exactly (self, bytes, n_bytes, error);
}
