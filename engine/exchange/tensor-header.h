/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to the safetensors reader and writer: the element types and the JSON header. */
#pragma once

#include "engine/exchange/safetensors.h"

G_BEGIN_DECLS

#define HL_TENSOR_HEADER_MAX G_GUINT64_CONSTANT (100000000)   /* bytes; the limit of the format */

typedef struct
{
  const char *name;
  guint bits;
} HlElementType;

/* In the order in which a file stores tensors: widest alignment first. Ends with name NULL. */
extern const HlElementType hl_element_types[];
const HlElementType *hl_element_type_find (const char *name);   /* NULL when unknown */

typedef struct
{
  HlTensorFileEntry entry;
  const HlElementType *type;
  guint64 begin, end;   /* bytes, from the start of the data */
  guint8 *bytes;        /* to be written: little-endian, owned; NULL in a file being read */
} HlTensorRecord;

struct _HlTensorFile
{
  char *shown;                /* the file's name for messages; NULL in one being made */
  GFileInputStream *stream;   /* NULL in one being made */
  guint64 data_start;         /* bytes from the start of the file */
  GPtrArray *records;
  GHashTable *names;          /* name → record; borrowed */
  GHashTable *metadata;       /* text → text; owned */
};

void  hl_tensor_record_free (HlTensorRecord *self);
/* At most 60 characters of a name, for messages. */
char *hl_tensor_name_shown  (const char *name) G_GNUC_WARN_UNUSED_RESULT;

/* Elements and bytes of a shape; FALSE with an error when they overflow or are not whole bytes. */
gboolean hl_tensor_record_measure (HlTensorRecord *self, guint64 *n_bytes, GError **error);

/* Reads the header `text`. `records` gets HlTensorRecord sorted by offset, `metadata` (owned strings) the texts of
 * __metadata__. Everything the format forbids is an error: HL_FILE_ERROR_SYNTAX or _CONTENT, without the file's name. */
gboolean hl_tensor_header_parse (const char *text, gsize length, guint64 data_bytes, GPtrArray *records,
                                 GHashTable *metadata, GError **error);

G_END_DECLS
