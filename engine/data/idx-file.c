/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading one IDX file: two zero bytes, the element type, the number of dimensions, each dimension as 32 bits
 * big-endian, then the elements big-endian, last dimension fastest. */

#include "engine/data/idx-file.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define INPUT_BYTES (128 * 1024)
#define CHUNK_ELEMENTS 16384
/* Deflate cannot make more than this of one byte. */
#define MOST_INFLATION 1032
/* Below these a header's claim is believed: so much memory does no harm, and images shrink less than this. Beyond,
 * the file is unpacked once to nowhere, to see how much it really holds. */
#define HARMLESS_BYTES (64u << 20)
#define USUAL_INFLATION 64

struct _HlIdxFile
{
  GFile *file;
  char *path;
  guint64 file_bytes;
  GInputStream *stream;
  GConverter *unzip;         /* NULL for a plain file */
  guint8 *input;             /* read but not yet unpacked: [input_at, input_end) */
  gsize input_at, input_end;
  gboolean input_over, member_over;
  HlIdxType type;
  guint n_dims;
  guint32 dims[HL_IDX_MAX_DIMS];
  guint64 count, n_read;     /* elements */
};

static const struct
{
  HlIdxType type;
  guint bytes;
  const char *name;
} idx_types[] = {
  { HL_IDX_U8, 1, "unsigned byte" }, { HL_IDX_S8, 1, "signed byte" },      { HL_IDX_I16, 2, "16-bit integer" },
  { HL_IDX_I32, 4, "32-bit integer" }, { HL_IDX_F32, 4, "32-bit float" },  { HL_IDX_F64, 8, "64-bit float" },
};

static guint
type_bytes (HlIdxType type)
{
  for (guint i = 0; i < G_N_ELEMENTS (idx_types); i++)
    if (idx_types[i].type == type)
      return idx_types[i].bytes;
  return 0;
}

const char *
hl_idx_type_get_name (HlIdxType type)
{
  for (guint i = 0; i < G_N_ELEMENTS (idx_types); i++)
    if (idx_types[i].type == type)
      return idx_types[i].name;
  return "unknown";
}

static gboolean G_GNUC_PRINTF (3, 4)
fail (const HlIdxFile *self, GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT, _("“%s” %s"), self->path, text);
  return FALSE;
}

/* "60000 × 28 × 28" */
static char *
dims_to_string (const HlIdxFile *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->n_dims; i++)
    g_string_append_printf (text, "%s%u", i > 0 ? " × " : "", self->dims[i]);
  return g_string_free (text, FALSE);
}

/* ---- Bytes, unpacked ---- */

static gboolean
fill_input (HlIdxFile *self, GCancellable *cancellable, GError **error)
{
  gssize n;

  memmove (self->input, self->input + self->input_at, self->input_end - self->input_at);
  self->input_end -= self->input_at;
  self->input_at = 0;
  n = g_input_stream_read (self->stream, self->input + self->input_end, INPUT_BYTES - self->input_end, cancellable,
                           error);
  if (n < 0)
    {
      g_prefix_error (error, _("“%s” cannot be read: "), self->path);
      return FALSE;
    }
  self->input_end += (gsize) n;
  self->input_over = n == 0;
  return TRUE;
}

/* A gzip file may consist of several packed pieces, one after the other; whatever else follows is no part of it. */
static gboolean
start_next_member (HlIdxFile *self, GCancellable *cancellable, GError **error)
{
  while (self->input_end - self->input_at < 2 && !self->input_over)
    if (!fill_input (self, cancellable, error))
      return FALSE;
  if (self->input_end - self->input_at >= 2 && self->input[self->input_at] == 0x1f
      && self->input[self->input_at + 1] == 0x8b)
    {
      g_converter_reset (self->unzip);
      self->member_over = FALSE;
    }
  return TRUE;
}

/* What the unpacking of one piece of input said. *n: bytes written, 0 with member_over at the end of the file. */
static gboolean
inflate_some (HlIdxFile *self, guint8 *bytes, gsize room, gsize *n, GCancellable *cancellable, GError **error)
{
  *n = 0;
  while (*n == 0)
    {
      g_autoptr (GError) problem = NULL;
      gsize n_consumed = 0;
      GConverterResult result;

      if (self->member_over)
        {
          if (!start_next_member (self, cancellable, error))
            return FALSE;
          if (self->member_over)
            return TRUE;
        }
      result = g_converter_convert (self->unzip, self->input + self->input_at, self->input_end - self->input_at, bytes,
                                    room, self->input_over ? G_CONVERTER_INPUT_AT_END : G_CONVERTER_NO_FLAGS,
                                    &n_consumed, n, &problem);
      self->input_at += n_consumed;
      if (result == G_CONVERTER_FINISHED)
        self->member_over = TRUE;
      else if (result == G_CONVERTER_ERROR && !g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT))
        return fail (self, error, _("is damaged: its gzip data cannot be unpacked (%s). Get the file again."),
                     problem->message);
      else if (*n == 0 && self->input_over)
        return fail (self, error, _("is truncated: its gzip data ends early, after %" PRIu64 " bytes. Get the file "
                                    "again."), self->file_bytes);
      else if (*n == 0 && !fill_input (self, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

/* Up to `room` bytes; *n is 0 only at the end. */
static gboolean
read_some (HlIdxFile *self, guint8 *bytes, gsize room, gsize *n, GCancellable *cancellable, GError **error)
{
  gssize got;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (self->unzip)
    return inflate_some (self, bytes, room, n, cancellable, error);
  got = g_input_stream_read (self->stream, bytes, room, cancellable, error);
  if (got < 0)
    {
      g_prefix_error (error, _("“%s” cannot be read: "), self->path);
      return FALSE;
    }
  *n = (gsize) got;
  return TRUE;
}

static gboolean
read_exactly (HlIdxFile *self, guint8 *bytes, gsize wanted, gsize *n_read, GCancellable *cancellable, GError **error)
{
  gsize n;

  for (*n_read = 0; *n_read < wanted; *n_read += n)
    {
      if (!read_some (self, bytes + *n_read, wanted - *n_read, &n, cancellable, error))
        return FALSE;
      if (n == 0)
        return TRUE;
    }
  return TRUE;
}

/* ---- Opening ---- */

static gboolean
open_stream (HlIdxFile *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GFileInfo) info
      = g_file_query_info (self->file, G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE,
                           G_FILE_QUERY_INFO_NONE, cancellable, &problem);

  if (info && g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
    return fail (self, error, _("is a folder, but an IDX file is expected here. Choose the file in it."));
  /* Opening a pipe would wait for somebody to write into it. */
  if (info && g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    return fail (self, error, _("is not an ordinary file. Choose an IDX file."));
  if (info)
    {
      self->file_bytes = (guint64) g_file_info_get_size (info);
      self->stream = G_INPUT_STREAM (g_file_read (self->file, cancellable, &problem));
    }
  if (self->stream)
    return TRUE;
  if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&problem));
  else if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING,
                 _("“%s” is not there. Check the path, or choose other data."), self->path);
  else if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING,
                 _("“%s” may not be read by you. Change its permissions, or choose other data."), self->path);
  else
    g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING, _("“%s” cannot be opened: %s."), self->path,
                 problem->message);
  return FALSE;
}

/* gzip is known by its first two bytes, whatever the name says. */
static gboolean
detect_gzip (HlIdxFile *self, GCancellable *cancellable, GError **error)
{
  guint8 magic[2];
  gsize n;

  if (self->file_bytes == 0)
    return fail (self, error, _("is empty: it has no bytes at all. Get the file again."));
  if (!g_input_stream_read_all (self->stream, magic, 2, &n, cancellable, error)
      || !g_seekable_seek (G_SEEKABLE (self->stream), 0, G_SEEK_SET, cancellable, error))
    {
      g_prefix_error (error, _("“%s” cannot be read: "), self->path);
      return FALSE;
    }
  if (n == 2 && magic[0] == 0x1f && magic[1] == 0x8b)
    {
      self->unzip = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
      self->input = g_malloc (INPUT_BYTES);
    }
  return TRUE;
}

static gboolean
read_header (HlIdxFile *self, GCancellable *cancellable, GError **error)
{
  guint8 magic[4] = { 0 }, dim[4];
  gsize n;

  if (!read_exactly (self, magic, 4, &n, cancellable, error))
    return FALSE;
  if (n < 4)
    return fail (self, error, _("is truncated: it holds %zu bytes, and an IDX file begins with 4. Get the file again."),
                              n);
  self->type = magic[2];
  self->n_dims = magic[3];
  if (magic[0] != 0 || magic[1] != 0 || type_bytes (self->type) == 0 || self->n_dims == 0)
    return fail (self, error, _("is not an IDX file: it begins with the bytes %02X %02X %02X %02X, but expected are "
                                "00 00, a type (08, 09, 0B, 0C, 0D or 0E) and the number of dimensions. Choose "
                                "another file."),
                 magic[0], magic[1], magic[2], magic[3]);
  if (self->n_dims > HL_IDX_MAX_DIMS)
    return fail (self, error, _("has %u dimensions, but at most %d are understood: sample, channel, row, column."),
                 self->n_dims, HL_IDX_MAX_DIMS);
  self->count = 1;
  for (guint i = 0; i < self->n_dims; i++)
    {
      if (!read_exactly (self, dim, 4, &n, cancellable, error))
        return FALSE;
      if (n < 4)
        return fail (self, error, _("is truncated: it ends within its header. Get the file again."));
      self->dims[i] = (guint32) dim[0] << 24 | (guint32) dim[1] << 16 | (guint32) dim[2] << 8 | dim[3];
      if (!g_uint64_checked_mul (&self->count, self->count, self->dims[i]))
        return fail (self, error, _("is damaged: its header announces more samples than any file can hold. Get the "
                                    "file again."));
    }
  return TRUE;
}

/* Unpacks the rest to nowhere to learn its true size, then stands behind the header again. */
static gboolean
count_packed_bytes (HlIdxFile *self, guint64 *n_bytes, GCancellable *cancellable, GError **error)
{
  g_autofree guint8 *waste = g_malloc (INPUT_BYTES);
  gsize n;

  *n_bytes = 0;
  do
    {
      if (!read_some (self, waste, INPUT_BYTES, &n, cancellable, error))
        return FALSE;
      *n_bytes += n;
    }
  while (n > 0);
  if (!g_seekable_seek (G_SEEKABLE (self->stream), 0, G_SEEK_SET, cancellable, error))
    return FALSE;
  g_converter_reset (self->unzip);
  self->input_at = self->input_end = 0;
  self->input_over = self->member_over = FALSE;
  return read_exactly (self, waste, 4 + 4 * self->n_dims, &n, cancellable, error);
}

/* Never is memory taken because a header says so: the bytes must be there. */
static gboolean
check_size (HlIdxFile *self, GCancellable *cancellable, GError **error)
{
  guint64 header = 4 + 4 * self->n_dims, wanted, there;
  g_autofree char *dims = dims_to_string (self);

  if (self->count == 0)
    return fail (self, error, _("holds no samples: its header announces %s values. Choose another file."), dims);
  if (!g_uint64_checked_mul (&wanted, self->count, type_bytes (self->type)) || wanted > G_MAXINT64 - header)
    return fail (self, error, _("is damaged: its header announces %s values, more than any file can hold. Get the "
                                "file again."), dims);
  there = self->file_bytes - MIN (header, self->file_bytes);
  if (self->unzip)
    {
      there = wanted;
      if (wanted / MOST_INFLATION > self->file_bytes)
        there = self->file_bytes * MOST_INFLATION;
      else if (wanted > HARMLESS_BYTES && wanted / USUAL_INFLATION > self->file_bytes
               && !count_packed_bytes (self, &there, cancellable, error))
        return FALSE;
    }
  if (there < wanted)
    return fail (self, error, _("is truncated: its header announces %s values, %" PRIu64 " bytes, but %s %" PRIu64 " "
                                "bytes follow. Get the file again."), dims, wanted,
                 self->unzip ? _("at most") : _("only"), there);
  if (there > wanted)
    return fail (self, error, _("does not fit its header, which announces %s values, %" PRIu64 " bytes, while "
                                "%" PRIu64 " bytes follow. Get the file again."), dims, wanted, there);
  return TRUE;
}

HlIdxFile *
hl_idx_file_open (GFile *file, GCancellable *cancellable, GError **error)
{
  g_autoptr (HlIdxFile) self = g_new0 (HlIdxFile, 1);

  self->file = g_object_ref (file);
  self->path = g_file_get_parse_name (file);
  if (!open_stream (self, cancellable, error) || !detect_gzip (self, cancellable, error)
      || !read_header (self, cancellable, error) || !check_size (self, cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
hl_idx_file_free (HlIdxFile *self)
{
  if (!self)
    return;
  g_clear_object (&self->file);
  g_clear_object (&self->stream);
  g_clear_object (&self->unzip);
  g_free (self->input);
  g_free (self->path);
  g_free (self);
}

const char *
hl_idx_file_get_path (const HlIdxFile *self)
{
  return self->path;
}

HlIdxType
hl_idx_file_get_type (const HlIdxFile *self)
{
  return self->type;
}

guint
hl_idx_file_get_n_dims (const HlIdxFile *self)
{
  return self->n_dims;
}

const guint32 *
hl_idx_file_get_dims (const HlIdxFile *self)
{
  return self->dims;
}

guint64
hl_idx_file_get_count (const HlIdxFile *self)
{
  return self->count;
}

/* ---- Elements ---- */

static gboolean
read_elements (HlIdxFile *self, guint8 *bytes, gsize n, GCancellable *cancellable, GError **error)
{
  gsize size = type_bytes (self->type), n_bytes;
  g_autofree char *dims = NULL;

  if (!read_exactly (self, bytes, n * size, &n_bytes, cancellable, error))
    return FALSE;
  self->n_read += n_bytes / size;
  if (n_bytes == n * size)
    return TRUE;
  dims = dims_to_string (self);
  return fail (self, error, _("is truncated: its header announces %s values, but it ends after %" PRIu64 ". Get the "
                              "file again."), dims, self->n_read);
}

gboolean
hl_idx_file_read_bytes (HlIdxFile *self, guint8 *values, gsize n, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (self->type == HL_IDX_U8, FALSE);
  return read_elements (self, values, n, cancellable, error);
}

/* Each element of C type Type, stored as the big-endian bits of Bits, assigned to out[i]. */
#define DECODE(Type, Bits, from_big_endian)                                                  \
  for (gsize i = 0; i < n; i++)                                                              \
    {                                                                                        \
      Bits bits;                                                                             \
      Type value;                                                                            \
                                                                                             \
      memcpy (&bits, bytes + i * sizeof bits, sizeof bits);                                  \
      bits = from_big_endian (bits);                                                         \
      memcpy (&value, &bits, sizeof value);                                                  \
      values[i] = value;                                                                     \
    }                                                                                        \
  break

static void
decode_floats (HlIdxType type, const guint8 *bytes, float *values, gsize n)
{
  switch (type)
    {
    case HL_IDX_U8:
      DECODE (guint8, guint8, );
    case HL_IDX_S8:
      DECODE (gint8, guint8, );
    case HL_IDX_I16:
      DECODE (gint16, guint16, GUINT16_FROM_BE);
    case HL_IDX_I32:
      DECODE (gint32, guint32, GUINT32_FROM_BE);
    case HL_IDX_F32:
      DECODE (float, guint32, GUINT32_FROM_BE);
    case HL_IDX_F64:
      DECODE (double, guint64, GUINT64_FROM_BE);
    }
}

static void
decode_ints (HlIdxType type, const guint8 *bytes, gint32 *values, gsize n)
{
  switch (type)
    {
    case HL_IDX_U8:
      DECODE (guint8, guint8, );
    case HL_IDX_S8:
      DECODE (gint8, guint8, );
    case HL_IDX_I16:
      DECODE (gint16, guint16, GUINT16_FROM_BE);
    case HL_IDX_I32:
      DECODE (gint32, guint32, GUINT32_FROM_BE);
    case HL_IDX_F32:
    case HL_IDX_F64:
      break;
    }
}

gboolean
hl_idx_file_read_floats (HlIdxFile *self, float *values, gsize n, GCancellable *cancellable, GError **error)
{
  g_autofree guint8 *bytes = g_malloc (CHUNK_ELEMENTS * sizeof (double));

  for (gsize done = 0; done < n;)
    {
      guint64 first = self->n_read;
      gsize chunk = MIN (n - done, CHUNK_ELEMENTS);

      if (!read_elements (self, bytes, chunk, cancellable, error))
        return FALSE;
      decode_floats (self->type, bytes, values + done, chunk);
      for (gsize i = 0; i < chunk; i++)
        if (!isfinite (values[done + i]))
          return fail (self, error, _("holds a value that is infinite, too large or not a number, in sample "
                                      "%" PRIu64 " (counted from 0). Correct or replace the file."),
                       (first + i) / (self->count / self->dims[0]));
      done += chunk;
    }
  return TRUE;
}

gboolean
hl_idx_file_read_ints (HlIdxFile *self, gint32 *values, gsize n, GCancellable *cancellable, GError **error)
{
  g_autofree guint8 *bytes = g_malloc (CHUNK_ELEMENTS * sizeof (double));

  g_return_val_if_fail (self->type <= HL_IDX_I32, FALSE);
  for (gsize done = 0; done < n;)
    {
      gsize chunk = MIN (n - done, CHUNK_ELEMENTS);

      if (!read_elements (self, bytes, chunk, cancellable, error))
        return FALSE;
      decode_ints (self->type, bytes, values + done, chunk);
      done += chunk;
    }
  return TRUE;
}

gboolean
hl_idx_file_check_end (HlIdxFile *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *dims = dims_to_string (self);
  guint8 more;
  gsize n;

  if (!read_some (self, &more, 1, &n, cancellable, error))
    return FALSE;
  if (n > 0)
    return fail (self, error, _("does not fit its header, which announces %s values: more bytes follow. Get the file "
                                "again."), dims);
  return TRUE;
}
