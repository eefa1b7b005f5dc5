/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlOnnxTensor: making, reshaping, and reading TensorProto messages. Every size that a file declares is compared with
 * the bytes it brings before anything is allocated. */

#include "engine/exchange/onnx-private.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define MAX_ELEMENTS ((guint64) 1 << 31)

static gboolean G_GNUC_PRINTF (2, 3)
content_error (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_propagate_error (error, g_error_new_valist (HL_FILE_ERROR, HL_FILE_ERROR_CONTENT, format, arguments));
  va_end (arguments);
  return FALSE;
}

/* ---- Making ---- */

HlOnnxTensor *
hl_onnx_tensor_new (const char *name, gboolean is_float, guint n_dims, const guint64 *dim, GError **error)
{
  g_autoptr (HlOnnxTensor) self = g_new0 (HlOnnxTensor, 1);
  guint64 count = 1;

  g_atomic_ref_count_init (&self->ref_count);
  self->name = g_strdup (name ? name : "");
  self->is_float = is_float;
  self->n_dims = n_dims;
  for (guint i = 0; i < n_dims; i++)
    {
      self->dim[i] = dim[i];
      if (dim[i] != 0 && count > MAX_ELEMENTS / dim[i])
        {
          content_error (error, _("The tensor “%s” has more than 2^31 numbers."), self->name);
          return NULL;
        }
      count *= dim[i];
    }
  self->n = count;
  if (is_float)
    self->floats = g_try_new0 (float, MAX (count, 1));
  else
    self->ints = g_try_new0 (gint64, MAX (count, 1));
  if (!self->floats && !self->ints)
    {
      content_error (error, _("There is no memory for the %" PRIu64 " numbers of the tensor “%s”."), count, self->name);
      return NULL;
    }
  return g_steal_pointer (&self);
}

HlOnnxTensor *
hl_onnx_tensor_ref (HlOnnxTensor *self)
{
  if (self)
    g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
hl_onnx_tensor_unref (HlOnnxTensor *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->name);
  g_free (self->floats);
  g_free (self->ints);
  g_free (self);
}

HlOnnxTensor *
hl_onnx_tensor_reshape (const HlOnnxTensor *self, guint n_dims, const guint64 *dim)
{
  HlOnnxTensor *result = hl_onnx_tensor_new (self->name, self->is_float, n_dims, dim, NULL);

  g_return_val_if_fail (result && result->n == self->n, result);
  if (self->is_float)
    memcpy (result->floats, self->floats, self->n * sizeof (float));
  else
    memcpy (result->ints, self->ints, self->n * sizeof (gint64));
  return result;
}

HlOnnxTensor *
hl_onnx_tensor_permute (const HlOnnxTensor *self, const guint *order)
{
  guint64 dim[HL_ONNX_MAX_DIMS], step[HL_ONNX_MAX_DIMS], at[HL_ONNX_MAX_DIMS] = { 0 };
  HlOnnxTensor *result;
  guint64 source = 0;

  for (guint k = 0; k < self->n_dims; k++)
    {
      dim[k] = self->dim[order[k]];
      step[k] = 1;
      for (guint i = order[k] + 1; i < self->n_dims; i++)
        step[k] *= self->dim[i];
    }
  result = hl_onnx_tensor_new (self->name, self->is_float, self->n_dims, dim, NULL);
  for (gsize i = 0; result && i < self->n; i++)
    {
      if (self->is_float)
        result->floats[i] = self->floats[source];
      else
        result->ints[i] = self->ints[source];
      for (guint k = self->n_dims; k-- > 0;)
        {
          source += step[k];
          if (++at[k] < dim[k])
            break;
          source -= step[k] * dim[k];
          at[k] = 0;
        }
    }
  return result;
}

char *
hl_onnx_tensor_shape_to_string (const HlOnnxTensor *self)
{
  GString *text = g_string_new (self->n_dims == 0 ? _("scalar") : NULL);

  for (guint i = 0; i < self->n_dims; i++)
    g_string_append_printf (text, "%s%" PRIu64, i > 0 ? "×" : "", self->dim[i]);
  return g_string_free (text, FALSE);
}

/* ---- TensorProto ---- */

static const struct { const char *name; guint bytes; gboolean is_float; } types[] = {
  [ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT] = { "FLOAT", 4, TRUE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__UINT8] = { "UINT8", 1, FALSE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__INT8] = { "INT8", 1, FALSE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__UINT16] = { "UINT16", 2, FALSE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__INT16] = { "INT16", 2, FALSE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__INT32] = { "INT32", 4, FALSE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__INT64] = { "INT64", 8, FALSE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__STRING] = { "STRING", 0, FALSE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__BOOL] = { "BOOL", 1, FALSE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16] = { "FLOAT16", 2, TRUE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE] = { "DOUBLE", 8, TRUE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__UINT32] = { "UINT32", 4, FALSE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__UINT64] = { "UINT64", 8, FALSE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX64] = { "COMPLEX64", 0, FALSE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX128] = { "COMPLEX128", 0, FALSE },
  [ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16] = { "BFLOAT16", 2, TRUE },
};

const char *
hl_onnx_type_name (gint32 type)
{
  return type > 0 && (gsize) type < G_N_ELEMENTS (types) && types[type].name ? types[type].name : _("unknown");
}

static float
half_to_float (guint16 half)
{
  int exponent = half >> 10 & 31, fraction = half & 1023;
  double value = exponent == 31 ? (fraction ? NAN : INFINITY)
                 : exponent == 0 ? ldexp (fraction, -24) : ldexp (1024 + fraction, exponent - 25);

  return (float) (half & 0x8000 ? -value : value);
}

/* One element of `bytes` bytes, little-endian, as unsigned number. */
static guint64
read_little_endian (const guint8 *at, guint bytes)
{
  guint64 bits = 0;

  for (guint k = bytes; k-- > 0;)
    bits = bits << 8 | at[k];
  return bits;
}

static gboolean
set_double (HlOnnxTensor *self, gsize i, double value, GError **error)
{
  self->floats[i] = (float) value;
  if ((double) self->floats[i] == value || isnan (value))
    return TRUE;
  return content_error (error, _("The tensor “%s” is of type DOUBLE and holds %.17g, which a 32-bit float cannot."), self->name, value);
}

/* An element from its bits, as raw_data and (but for FLOAT and DOUBLE) the typed fields hold it. */
static gboolean
set_bits (HlOnnxTensor *self, gsize i, gint32 type, guint64 bits, GError **error)
{
  switch (type)
    {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
      {
        guint32 word = type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT ? (guint32) bits : (guint32) bits << 16;

        memcpy (&self->floats[i], &word, sizeof word);
        return TRUE;
      }
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
      self->floats[i] = half_to_float ((guint16) bits);
      return TRUE;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
      {
        double value;

        memcpy (&value, &bits, sizeof value);
        return set_double (self, i, value, error);
      }
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8: self->ints[i] = (gint8) bits; return TRUE;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT16: self->ints[i] = (gint16) bits; return TRUE;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32: self->ints[i] = (gint32) bits; return TRUE;
    default:
      self->ints[i] = (gint64) bits;
      return TRUE;
    }
}

/* The typed field that holds elements of this type, as number of elements. */
static gsize
count_typed (const Onnx__TensorProto *proto)
{
  switch (proto->data_type)
    {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return proto->n_float_data;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return proto->n_double_data;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: return proto->n_int64_data;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT64: return proto->n_uint64_data;
    default: return proto->n_int32_data;
    }
}

static gboolean
set_typed (HlOnnxTensor *self, gsize i, const Onnx__TensorProto *proto, GError **error)
{
  switch (proto->data_type)
    {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: self->floats[i] = proto->float_data[i]; return TRUE;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return set_double (self, i, proto->double_data[i], error);
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: self->ints[i] = proto->int64_data[i]; return TRUE;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT64: self->ints[i] = (gint64) proto->uint64_data[i]; return TRUE;
    default: return set_bits (self, i, proto->data_type, (guint64) (gint64) proto->int32_data[i], error);
    }
}

/* ---- Data in other files ---- */

/* Only plain names below the model's own folder, also after links have been followed. */
static char *
find_external (const char *location, GFile *folder, const char *name, GError **error)
{
  g_autofree char *root = folder ? g_file_get_path (folder) : NULL, *path = NULL;
  char *real_root = NULL, *real_path = NULL, *result = NULL;
  g_auto (GStrv) parts = location ? g_strsplit (location, "/", -1) : NULL;

  if (!location || !*location || g_path_is_absolute (location) || g_strv_contains ((const char *const *) parts, "..") || !root)
    {
      content_error (error, _("The tensor “%s” lies in “%s”, which is not a file beside the model."), name, location ? location : "");
      return NULL;
    }
  path = g_build_filename (root, location, NULL);
  real_root = realpath (root, NULL);
  real_path = realpath (path, NULL);
  if (!real_path)
    content_error (error, _("The tensor “%s” lies in “%s”, which is not there."), name, location);
  else if (!real_root || !g_str_has_prefix (real_path, real_root) || real_path[strlen (real_root)] != '/'
           || !g_file_test (real_path, G_FILE_TEST_IS_REGULAR))
    content_error (error, _("The tensor “%s” lies in “%s”, which is not a file beside the model."), name, location);
  else
    result = g_strdup (real_path);
  free (real_root);
  free (real_path);
  return result;
}

static gboolean
parse_number (const char *text, guint64 *value)
{
  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, value, NULL);
}

static GBytes *
read_part (const char *path, guint64 offset, guint64 length, const char *name, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, error);
  g_autoptr (GFileInfo) info = stream ? g_file_input_stream_query_info (stream, G_FILE_ATTRIBUTE_STANDARD_SIZE, NULL, error) : NULL;
  guint64 size = info ? (guint64) g_file_info_get_size (info) : 0;
  g_autofree guint8 *bytes = NULL;
  gsize got;

  if (!info)
    return NULL;
  if (offset > size || length > size - offset)
    {
      content_error (error, _("The tensor “%s” needs bytes %" PRIu64 " to %" PRIu64 " of “%s”, which has %"
                              PRIu64 "."), name, offset, offset + length, path, size);
      return NULL;
    }
  bytes = g_try_malloc (MAX (length, 1));
  if (!bytes || !g_seekable_seek (G_SEEKABLE (stream), (goffset) offset, G_SEEK_SET, NULL, error)
      || !g_input_stream_read_all (G_INPUT_STREAM (stream), bytes, length, &got, NULL, error))
    return NULL;
  if (got < length)
    {
      content_error (error, _("“%s” ended while it was being read."), path);
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&bytes), length);
}

static GBytes *
read_external (const Onnx__TensorProto *proto, guint64 n_bytes, GFile *folder, GError **error)
{
  const char *location = NULL;
  guint64 offset = 0, length = n_bytes;
  g_autofree char *path = NULL;

  for (gsize i = 0; i < proto->n_external_data; i++)
    {
      const char *key = proto->external_data[i]->key, *value = proto->external_data[i]->value;

      if (!key || !value)
        continue;
      if (g_str_equal (key, "location"))
        location = value;
      else if ((g_str_equal (key, "offset") && !parse_number (value, &offset))
               || (g_str_equal (key, "length") && !parse_number (value, &length)))
        {
          content_error (error, _("The tensor “%s” has “%s” as %s of its data."), proto->name ? proto->name : "", value, key);
          return NULL;
        }
    }
  if (length != n_bytes)
    {
      content_error (error, _("The tensor “%s” needs %" PRIu64 " bytes but says that it has %" PRIu64 "."),
                     proto->name ? proto->name : "", n_bytes, length);
      return NULL;
    }
  path = find_external (location, folder, proto->name ? proto->name : "", error);
  return path ? read_part (path, offset, length, proto->name ? proto->name : "", error) : NULL;
}

/* ---- Together ---- */

static gboolean
measure (const Onnx__TensorProto *proto, guint64 *dim, guint64 *count, GError **error)
{
  const char *name = proto->name ? proto->name : "";

  if (proto->n_dims > HL_ONNX_MAX_DIMS)
    return content_error (error, _("The tensor “%s” has %zu dimensions; at most %d can be read."), name, proto->n_dims,
                          HL_ONNX_MAX_DIMS);
  if (proto->data_type <= 0 || (gsize) proto->data_type >= G_N_ELEMENTS (types) || types[proto->data_type].bytes == 0)
    return content_error (error, _("The tensor “%s” has elements of type %s, which cannot be read."), name,
                          hl_onnx_type_name (proto->data_type));
  if (proto->segment)
    return content_error (error, _("The tensor “%s” is a segment of a larger one, which cannot be read."), name);
  *count = 1;
  for (gsize i = 0; i < proto->n_dims; i++)
    {
      if (proto->dims[i] < 0 || (proto->dims[i] > 0 && *count > MAX_ELEMENTS / (guint64) proto->dims[i]))
        return content_error (error, _("The tensor “%s” has %" PRId64 " as its size %zu."), name,
                              (gint64) proto->dims[i], i + 1);
      dim[i] = (guint64) proto->dims[i];
      *count *= dim[i];
    }
  return TRUE;
}

HlOnnxTensor *
hl_onnx_tensor_from_proto (const Onnx__TensorProto *proto, GFile *folder, GError **error)
{
  g_autoptr (HlOnnxTensor) self = NULL;
  g_autoptr (GBytes) external = NULL;
  guint64 dim[HL_ONNX_MAX_DIMS], count = 1, have;
  const guint8 *raw = NULL;
  guint bytes;

  if (!measure (proto, dim, &count, error))
    return NULL;
  bytes = types[proto->data_type].bytes;
  if (proto->has_data_location && proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
    {
      if (!(external = read_external (proto, count * bytes, folder, error)))
        return NULL;
      raw = g_bytes_get_data (external, NULL);
      have = count;
    }
  else if (proto->has_raw_data)
    {
      raw = proto->raw_data.data;
      have = proto->raw_data.len % bytes == 0 ? proto->raw_data.len / bytes : G_MAXUINT64;
    }
  else
    have = count_typed (proto);
  if (have != count)
    {
      content_error (error, _("The tensor “%s” should hold %" PRIu64 " numbers of type %s, but its data is of another length."),
                     proto->name ? proto->name : "", count, hl_onnx_type_name (proto->data_type));
      return NULL;
    }
  self = hl_onnx_tensor_new (proto->name, types[proto->data_type].is_float, (guint) proto->n_dims, dim, error);
  for (gsize i = 0; self && i < self->n; i++)
    if (raw ? !set_bits (self, i, proto->data_type, read_little_endian (raw + i * bytes, bytes), error)
            : !set_typed (self, i, proto, error))
      return NULL;
  return g_steal_pointer (&self);
}
