/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bytes into protobuf messages. protobuf-c follows nested messages without limit and can need a hundred bytes of memory
 * for one in the file, so the nesting is measured first and memory comes from an allocator that counts. */

#include "engine/exchange/onnx-private.h"

#include <string.h>

/* A model's deepest plain path is model, graph, node, attribute, tensor, entry; every If or Loop adds three. */
#define MAX_DEPTH 40

/* What is allocated for one byte of the file, and beside that. The structures of a model of many small nodes take about
 * twenty times the bytes that describe them. */
#define MEMORY_PER_BYTE 32
#define MEMORY_BESIDE (1 << 20)

#define MAX_FILE_BYTES G_MAXINT32   /* of protobuf itself */

/* ---- Nesting ---- */

static gboolean
read_varint (const guint8 **at, const guint8 *end, guint64 *value)
{
  *value = 0;
  for (guint shift = 0; shift < 64 && *at < end; shift += 7)
    {
      guint8 byte = *(*at)++;

      *value |= (guint64) (byte & 0x7f) << shift;
      if (byte < 0x80)
        return TRUE;
    }
  return FALSE;
}

/* Steps over a field; a length-delimited one is handed out. */
static gboolean
skip_field (guint wire_type, const guint8 **at, const guint8 *end, const guint8 **inner, guint64 *n)
{
  guint64 ignored;

  *inner = NULL;
  *n = 0;
  switch (wire_type)
    {
    case 0:
      return read_varint (at, end, &ignored);
    case 1:
    case 5:
      *n = wire_type == 1 ? 8 : 4;
      break;
    case 2:
      if (!read_varint (at, end, n))
        return FALSE;
      *inner = *at;
      break;
    default:
      return FALSE;
    }
  if (*n > (guint64) (end - *at))
    return FALSE;
  *at += *n;
  return TRUE;
}

static const char *
check_message (const ProtobufCMessageDescriptor *descriptor, const guint8 *at, const guint8 *end, guint depth)
{
  if (depth == 0)
    return _("its messages are nested too deeply");
  while (at < end)
    {
      const ProtobufCFieldDescriptor *field;
      const guint8 *inner;
      const char *wrong;
      guint64 tag, n;

      if (!read_varint (&at, end, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff
          || !skip_field (tag & 7, &at, end, &inner, &n))
        return _("it is damaged, cut short, or not an ONNX file");
      field = protobuf_c_message_descriptor_get_field (descriptor, (unsigned) (tag >> 3));
      if (field && field->type == PROTOBUF_C_TYPE_MESSAGE && inner
          && (wrong = check_message (field->descriptor, inner, inner + n, depth - 1)))
        return wrong;
    }
  return NULL;
}

/* ---- Memory ---- */

typedef struct
{
  gsize left;
  gboolean exhausted;
} Budget;

/* In front of every block: its size, padded to what malloc aligns to. */
#define HEADER_BYTES 16

static void *
budget_alloc (void *data, size_t size)
{
  Budget *budget = data;
  guint8 *block;

  if (size > budget->left || size + HEADER_BYTES > budget->left)
    {
      budget->exhausted = TRUE;
      return NULL;
    }
  block = g_try_malloc (size + HEADER_BYTES);
  if (!block)
    return NULL;
  memcpy (block, &size, sizeof size);
  budget->left -= size + HEADER_BYTES;
  return block + HEADER_BYTES;
}

static void
budget_free (void *data, void *pointer)
{
  Budget *budget = data;
  gsize size;

  if (!pointer)
    return;
  memcpy (&size, (guint8 *) pointer - HEADER_BYTES, sizeof size);
  if (budget)
    budget->left += size + HEADER_BYTES;
  g_free ((guint8 *) pointer - HEADER_BYTES);
}

ProtobufCMessage *
hl_onnx_unpack (const ProtobufCMessageDescriptor *descriptor, GBytes *bytes, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  Budget budget = { size * MEMORY_PER_BYTE + MEMORY_BESIDE, FALSE };
  ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };
  const char *wrong = size > MAX_FILE_BYTES ? _("it is larger than the 2 GiB that the format allows")
                                            : check_message (descriptor, data, data + size, MAX_DEPTH);
  ProtobufCMessage *message = NULL;

  if (!wrong && !(message = protobuf_c_message_unpack (descriptor, &allocator, size, data)))
    wrong = budget.exhausted ? _("its parts need too much memory for a file of its size")
                             : _("it is damaged, cut short, or not an ONNX file");
  if (wrong)
    g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX, _("The file cannot be used: %s."), wrong);
  return message;
}

void
hl_onnx_message_free (ProtobufCMessage *message)
{
  ProtobufCAllocator allocator = { budget_alloc, budget_free, NULL };

  if (message)
    protobuf_c_message_free_unpacked (message, &allocator);
}

GBytes *
hl_onnx_read_bytes (GFile *file, GError **error)
{
  g_autofree char *shown = g_file_get_parse_name (file);
  g_autoptr (GError) failure = NULL;
  GFileType type = g_file_query_file_type (file, G_FILE_QUERY_INFO_NONE, NULL);
  g_autofree char *contents = NULL;
  gsize length;

  if (type != G_FILE_TYPE_REGULAR)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX, type == G_FILE_TYPE_UNKNOWN ? _("“%s” is not there.")
                   : type == G_FILE_TYPE_DIRECTORY ? _("“%s” is a folder.") : _("“%s” is not an ordinary file."), shown);
      return NULL;
    }
  if (!g_file_load_contents (file, NULL, &contents, &length, NULL, &failure))
    {
      g_set_error (error, failure->domain, failure->code, _("“%s” cannot be read: %s"), shown, failure->message);
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&contents), length);
}
