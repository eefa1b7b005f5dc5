/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tensors in files of their own: TensorProto messages (.pb), as ONNX's test cases keep them, and NumPy arrays (.npy). */

#include "engine/exchange/onnx-private.h"

#include <inttypes.h>
#include <string.h>

#define NPY_MAGIC "\x93NUMPY"

static gboolean
is_npy (GFile *file)
{
  g_autofree char *name = g_file_get_basename (file);

  return name && g_str_has_suffix (name, ".npy");
}

/* The text after 'key': in the header's Python dictionary; NULL when absent. */
static const char *
find_key (const char *header, const char *key)
{
  g_autofree char *quoted = g_strdup_printf ("'%s':", key);
  const char *found = strstr (header, quoted);

  if (!found)
    return NULL;
  found += strlen (quoted);
  while (*found == ' ')
    found++;
  return found;
}

/* The sizes in "(3, 4)"; FALSE when there are too many or one is no number. */
static gboolean
parse_shape (const char *text, guint *n_dims, guint64 *dim)
{
  *n_dims = 0;
  if (*text++ != '(')
    return FALSE;
  while (*text && *text != ')')
    {
      char *end;

      if (*n_dims == HL_ONNX_MAX_DIMS || !g_ascii_isdigit (*text))
        return FALSE;
      dim[(*n_dims)++] = g_ascii_strtoull (text, &end, 10);
      text = end;
      while (*text == ',' || *text == ' ' || *text == 'L')
        text++;
    }
  return *text == ')';
}

static HlOnnxTensor *
load_npy (GBytes *bytes, GError **error)
{
  gsize size, header_at, header_length;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autofree char *header = NULL;
  const char *descr, *order, *shape;
  g_autoptr (HlOnnxTensor) self = NULL;
  guint64 dim[HL_ONNX_MAX_DIMS], count = 1;
  guint n_dims, width;

  if (size < 12 || memcmp (data, NPY_MAGIC, 6) != 0)
    goto wrong;
  header_at = data[6] == 1 ? 10 : 12;
  header_length = data[8] | data[9] << 8 | (data[6] == 1 ? 0 : (gsize) data[10] << 16 | (gsize) data[11] << 24);
  if (header_length > size - header_at)
    goto wrong;
  header = g_strndup ((const char *) data + header_at, header_length);
  descr = find_key (header, "descr");
  order = find_key (header, "fortran_order");
  shape = find_key (header, "shape");
  if (!descr || !order || !shape || !g_str_has_prefix (order, "False") || !parse_shape (shape, &n_dims, dim))
    goto wrong;
  width = g_str_has_prefix (descr, "'<f4'") ? 4 : g_str_has_prefix (descr, "'<f8'") ? 8 : 0;
  for (guint i = 0; i < n_dims; i++)
    count = dim[i] > 0 && count > ((guint64) 1 << 40) / dim[i] ? G_MAXUINT32 * (guint64) 4096 : count * dim[i];
  data += header_at + header_length;
  size -= header_at + header_length;
  if (width == 0 || size % width != 0 || size / width != count)
    goto wrong;
  self = hl_onnx_tensor_new ("", TRUE, n_dims, dim, error);
  for (gsize i = 0; self && i < self->n; i++)
    {
      double wide;

      if (width == 4)
        memcpy (&self->floats[i], data + i * 4, 4);
      else
        {
          memcpy (&wide, data + i * 8, 8);
          self->floats[i] = (float) wide;
        }
    }
  return g_steal_pointer (&self);

wrong:
  g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                       _("It is not a NumPy array of little-endian float32 or float64 in C order, or its length is wrong."));
  return NULL;
}

HlOnnxTensor *
hl_onnx_tensor_load (GFile *file, GError **error)
{
  g_autoptr (GBytes) bytes = hl_onnx_read_bytes (file, error);
  g_autofree char *shown = g_file_get_parse_name (file);
  Onnx__TensorProto *proto;
  HlOnnxTensor *self;

  if (!bytes)
    return NULL;
  if (is_npy (file))
    self = load_npy (bytes, error);
  else
    {
      g_autoptr (GFile) folder = g_file_get_parent (file);

      proto = (Onnx__TensorProto *) hl_onnx_unpack (&onnx__tensor_proto__descriptor, bytes, error);
      self = proto ? hl_onnx_tensor_from_proto (proto, folder, error) : NULL;
      hl_onnx_message_free ((ProtobufCMessage *) proto);
    }
  if (!self)
    g_prefix_error (error, _("“%s”: "), shown);
  return self;
}

/* ---- Writing ---- */

static GBytes *
make_npy (const HlOnnxTensor *self)
{
  g_autoptr (GString) header = g_string_new ("{'descr': '<f4', 'fortran_order': False, 'shape': (");
  GByteArray *bytes = g_byte_array_new ();
  guint16 length;

  for (guint i = 0; i < self->n_dims; i++)
    g_string_append_printf (header, "%" PRIu64 ",", self->dim[i]);
  g_string_append (header, "), }");
  while ((10 + header->len + 1) % 64 != 0)
    g_string_append_c (header, ' ');
  g_string_append_c (header, '\n');
  length = GUINT16_TO_LE ((guint16) header->len);
  g_byte_array_append (bytes, (const guint8 *) NPY_MAGIC "\1\0", 8);
  g_byte_array_append (bytes, (const guint8 *) &length, 2);
  g_byte_array_append (bytes, (const guint8 *) header->str, (guint) header->len);
  g_byte_array_append (bytes, (const guint8 *) self->floats, (guint) (self->n * sizeof (float)));
  return g_byte_array_free_to_bytes (bytes);
}

static GBytes *
make_pb (const HlOnnxTensor *self)
{
  Onnx__TensorProto proto = ONNX__TENSOR_PROTO__INIT;
  int64_t dims[HL_ONNX_MAX_DIMS];
  gsize size;
  guint8 *bytes;

  for (guint i = 0; i < self->n_dims; i++)
    dims[i] = (int64_t) self->dim[i];
  proto.name = self->name;
  proto.n_dims = self->n_dims;
  proto.dims = dims;
  proto.has_data_type = TRUE;
  proto.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
  proto.has_raw_data = TRUE;
  proto.raw_data.len = self->n * sizeof (float);
  proto.raw_data.data = (guint8 *) self->floats;
  size = onnx__tensor_proto__get_packed_size (&proto);
  bytes = g_malloc (MAX (size, 1));
  onnx__tensor_proto__pack (&proto, bytes);
  return g_bytes_new_take (bytes, size);
}

gboolean
hl_onnx_tensor_save (const HlOnnxTensor *self, GFile *file, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *shown = g_file_get_parse_name (file);
  gsize size;
  const char *data;

  g_return_val_if_fail (self->is_float && G_BYTE_ORDER == G_LITTLE_ENDIAN, FALSE);
  bytes = is_npy (file) ? make_npy (self) : make_pb (self);
  data = g_bytes_get_data (bytes, &size);
  if (g_file_replace_contents (file, data, size, NULL, FALSE, G_FILE_CREATE_NONE, NULL, NULL, error))
    return TRUE;
  g_prefix_error (error, _("“%s” cannot be written: "), shown);
  return FALSE;
}
