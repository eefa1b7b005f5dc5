/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The header of a safetensors file. A scanner of its own rather than a JSON library: it refuses duplicate names, takes
 * no memory for what the format forbids, and stops at the first range that overlaps, so that a hostile file of a few
 * megabytes costs no more than its size. */

#include "engine/exchange/tensor-header.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#define MAX_DEPTH 64
#define MAX_DIMS G_N_ELEMENTS (((HlTensorFileEntry *) 0)->dim)

const HlElementType hl_element_types[] = {
  { "U64", 64 }, { "I64", 64 }, { "F64", 64 }, { "C64", 64 },
  { "F32", 32 }, { "U32", 32 }, { "I32", 32 },
  { "BF16", 16 }, { "F16", 16 }, { "U16", 16 }, { "I16", 16 },
  { "F8_E5M2FNUZ", 8 }, { "F8_E4M3FNUZ", 8 }, { "F8_E8M0", 8 }, { "F8_E4M3", 8 }, { "F8_E5M2", 8 },
  { "I8", 8 }, { "U8", 8 },
  { "F6_E3M2", 6 }, { "F6_E2M3", 6 }, { "F4", 4 }, { "BOOL", 8 },
  { NULL, 0 }
};

typedef struct
{
  const char *start, *at, *end;
  guint64 data_bytes, used_bytes;
  GPtrArray *records;
  GHashTable *names;      /* of the records; borrowed strings */
  GHashTable *metadata;
  GString *text;          /* the string read last */
  GError **error;
} Scanner;

const HlElementType *
hl_element_type_find (const char *name)
{
  for (const HlElementType *type = hl_element_types; type->name; type++)
    if (g_str_equal (type->name, name))
      return type;
  return NULL;
}

void
hl_tensor_record_free (HlTensorRecord *self)
{
  g_free (self->entry.name);
  g_free (self->bytes);
  g_free (self);
}

char *
hl_tensor_name_shown (const char *name)
{
  if (strlen (name) <= 60)
    return g_strdup (name);
  else
    {
      g_autofree char *head = g_strndup (name, g_utf8_find_prev_char (name, name + 58) - name);

      return g_strconcat (head, "…", NULL);
    }
}

static gboolean G_GNUC_PRINTF (2, 3)
fail (Scanner *self, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list arguments;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (self->error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX, _("%s (at byte %zu of the header)."), what,
               (gsize) (self->at - self->start));
  return FALSE;
}

static void
skip_space (Scanner *self)
{
  while (self->at < self->end && (*self->at == ' ' || *self->at == '\t' || *self->at == '\n' || *self->at == '\r'))
    self->at++;
}

/* Skips white space and takes `c` when it comes next. */
static gboolean
take (Scanner *self, char c)
{
  skip_space (self);
  if (self->at == self->end || *self->at != c)
    return FALSE;
  self->at++;
  return TRUE;
}

static gboolean
expect (Scanner *self, char c)
{
  return take (self, c) || fail (self, _("The header is not valid JSON: “%c” is missing"), c);
}

static gboolean
scan_hex (Scanner *self, gunichar *value)
{
  *value = 0;
  if (self->end - self->at < 4)
    return fail (self, _("The header is not valid JSON: an escape is cut off"));
  for (int i = 0; i < 4; i++, self->at++)
    {
      if (!g_ascii_isxdigit (*self->at))
        return fail (self, _("The header is not valid JSON: an escape needs four hexadecimal digits"));
      *value = *value * 16 + (gunichar) g_ascii_xdigit_value (*self->at);
    }
  return TRUE;
}

/* After "\u". */
static gboolean
scan_unicode (Scanner *self)
{
  gunichar c, low;

  if (!scan_hex (self, &c))
    return FALSE;
  if (c >= 0xD800 && c < 0xDC00)
    {
      if (self->end - self->at < 2 || self->at[0] != '\\' || self->at[1] != 'u')
        return fail (self, _("The header is not valid JSON: half a surrogate pair"));
      self->at += 2;
      if (!scan_hex (self, &low))
        return FALSE;
      if (low < 0xDC00 || low > 0xDFFF)
        return fail (self, _("The header is not valid JSON: half a surrogate pair"));
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
  else if (c >= 0xDC00 && c < 0xE000)
    return fail (self, _("The header is not valid JSON: half a surrogate pair"));
  if (c == 0)
    return fail (self, _("A text of the header contains a zero character"));
  g_string_append_unichar (self->text, c);
  return TRUE;
}

/* Reads a string into self->text. */
static gboolean
scan_string (Scanner *self)
{
  static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";

  g_string_truncate (self->text, 0);
  if (!take (self, '"'))
    return fail (self, _("The header is not valid JSON: a text in quotes is missing"));
  while (self->at < self->end && *self->at != '"')
    {
      const char *run = self->at, *escape;

      while (self->at < self->end && *self->at != '"' && *self->at != '\\' && (guchar) *self->at >= 0x20)
        self->at++;
      g_string_append_len (self->text, run, self->at - run);
      if (self->at == self->end || *self->at == '"')
        continue;
      if (*self->at != '\\')
        return fail (self, _("The header is not valid JSON: a control character inside a text"));
      if (++self->at == self->end)
        break;
      escape = strchr (escapes, *self->at);
      if (*self->at++ == 'u')
        {
          if (!scan_unicode (self))
            return FALSE;
        }
      else if (escape != NULL && *escape != 0)
        g_string_append_c (self->text, meanings[escape - escapes]);
      else
        return fail (self, _("The header is not valid JSON: an unknown escape"));
    }
  return take (self, '"') || fail (self, _("The header is not valid JSON: a text does not end"));
}

static gboolean
scan_integer (Scanner *self, guint64 *value, const char *what)
{
  const char *digits;

  skip_space (self);
  digits = self->at;
  *value = 0;
  for (; self->at < self->end && g_ascii_isdigit (*self->at); self->at++)
    if (!g_uint64_checked_mul (value, *value, 10) || !g_uint64_checked_add (value, *value, (guint64) (*self->at - '0')))
      return fail (self, _("A number in “%s” is larger than 64 bits can hold"), what);
  if (self->at == digits || (self->at - digits > 1 && *digits == '0')
      || (self->at < self->end && (*self->at == '.' || *self->at == 'e' || *self->at == 'E')))
    return fail (self, _("“%s” needs whole numbers from 0 upwards"), what);
  return TRUE;
}

static gboolean
skip_number (Scanner *self)
{
  const char *digits;

  if (self->at < self->end && *self->at == '-')
    self->at++;
  for (int part = 0; part < 3; part++)
    {
      if (part == 1 && (self->at == self->end || *self->at != '.'))
        continue;
      if (part == 2 && (self->at == self->end || (*self->at | 0x20) != 'e'))
        break;
      if (part > 0)
        self->at++;
      if (part == 2 && self->at < self->end && (*self->at == '+' || *self->at == '-'))
        self->at++;
      for (digits = self->at; self->at < self->end && g_ascii_isdigit (*self->at); self->at++)
        ;
      if (self->at == digits || (part == 0 && self->at - digits > 1 && *digits == '0'))
        return fail (self, _("The header is not valid JSON: not a number"));
    }
  return TRUE;
}

static gboolean
skip_word (Scanner *self, const char *word)
{
  gsize n = strlen (word);

  if ((gsize) (self->end - self->at) < n || memcmp (self->at, word, n) != 0)
    return FALSE;
  self->at += n;
  return TRUE;
}

/* Any value: what newer writers may add to an entry. */
static gboolean
skip_value (Scanner *self, guint depth)
{
  gboolean object;

  if (depth > MAX_DEPTH)
    return fail (self, _("The header is nested more than %d deep"), MAX_DEPTH);
  skip_space (self);
  if (self->at == self->end)
    return fail (self, _("The header is not valid JSON: it ends too early"));
  if (*self->at == '"')
    return scan_string (self);
  if (*self->at == '-' || g_ascii_isdigit (*self->at))
    return skip_number (self);
  if (skip_word (self, "true") || skip_word (self, "false") || skip_word (self, "null"))
    return TRUE;
  object = *self->at == '{';
  if (!object && *self->at != '[')
    return fail (self, _("The header is not valid JSON: a value is missing"));
  self->at++;
  if (take (self, object ? '}' : ']'))
    return TRUE;
  do
    if ((object && (!scan_string (self) || !expect (self, ':'))) || !skip_value (self, depth + 1))
      return FALSE;
  while (take (self, ','));
  return expect (self, object ? '}' : ']');
}

static gboolean
scan_shape (Scanner *self, HlTensorFileEntry *entry)
{
  if (!take (self, '['))
    return fail (self, _("“shape” is not a list"));
  if (take (self, ']'))
    return TRUE;
  do
    {
      if (entry->n_dims == MAX_DIMS)
        return fail (self, _("“shape” has more than %d dimensions, which is not supported"), (int) MAX_DIMS);
      if (!scan_integer (self, &entry->dim[entry->n_dims++], "shape"))
        return FALSE;
    }
  while (take (self, ','));
  return expect (self, ']');
}

static gboolean
scan_offsets (Scanner *self, HlTensorRecord *record)
{
  if (!take (self, '[') || !scan_integer (self, &record->begin, "data_offsets") || !take (self, ',')
      || !scan_integer (self, &record->end, "data_offsets") || !take (self, ']'))
    {
      if (self->error == NULL || *self->error == NULL)
        fail (self, _("“data_offsets” is not a list of two numbers"));
      return FALSE;
    }
  return TRUE;
}

static gboolean
scan_type (Scanner *self, HlTensorRecord *record)
{
  skip_space (self);
  if (self->at == self->end || *self->at != '"')
    return fail (self, _("“dtype” is not a text"));
  if (!scan_string (self))
    return FALSE;
  record->type = hl_element_type_find (self->text->str);
  if (record->type == NULL)
    {
      g_autofree char *shown = hl_tensor_name_shown (self->text->str);

      return fail (self, _("The element type “%s” is not known"), shown);
    }
  record->entry.dtype = record->type->name;
  return TRUE;
}

static gboolean
scan_record_fields (Scanner *self, HlTensorRecord *record)
{
  static const char *const fields[] = { "dtype", "shape", "data_offsets" };
  guint seen = 0;

  if (!take (self, '{'))
    return fail (self, _("The entry is not an object"));
  if (!take (self, '}'))
    {
      do
        {
          guint field = 0;
          gboolean ok;

          if (!scan_string (self) || !expect (self, ':'))
            return FALSE;
          while (field < 3 && !g_str_equal (fields[field], self->text->str))
            field++;
          if (field < 3 && (seen & (1u << field)))
            return fail (self, _("“%s” stands there twice"), fields[field]);
          seen |= 1u << field;
          ok = field == 0   ? scan_type (self, record)
               : field == 1 ? scan_shape (self, &record->entry)
               : field == 2 ? scan_offsets (self, record)
                            : skip_value (self, 0);
          if (!ok)
            return FALSE;
        }
      while (take (self, ','));
      if (!expect (self, '}'))
        return FALSE;
    }
  for (guint field = 0; field < 3; field++)
    if (!(seen & (1u << field)))
      return fail (self, _("“%s” is missing"), fields[field]);
  return TRUE;
}

gboolean
hl_tensor_record_measure (HlTensorRecord *self, guint64 *n_bytes, GError **error)
{
  guint64 n = 1, bits;

  for (guint i = 0; i < self->entry.n_dims; i++)
    if (!g_uint64_checked_mul (&n, n, self->entry.dim[i]))
      goto overflow;
  if (!g_uint64_checked_mul (&bits, n, self->type->bits) || n > G_MAXSIZE)
    goto overflow;
  if (bits % 8 != 0)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                   _("%" PRIu64 " elements of type %s are not a whole number of bytes."), n, self->type->name);
      return FALSE;
    }
  self->entry.n = (gsize) n;
  *n_bytes = bits / 8;
  return TRUE;

overflow:
  g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                       _("Its shape has more elements than 64 bits can count."));
  return FALSE;
}

/* Range and size; the sum of all sizes can never be more than the data, or ranges overlap. */
static gboolean
check_record (Scanner *self, HlTensorRecord *record)
{
  guint64 n_bytes;

  if (!hl_tensor_record_measure (record, &n_bytes, self->error))
    return FALSE;
  if (record->begin > record->end || record->end > self->data_bytes)
    {
      g_set_error (self->error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                   _("It claims bytes %" PRIu64 " to %" PRIu64 " of the data, which has %" PRIu64 " bytes."),
                   record->begin, record->end, self->data_bytes);
      return FALSE;
    }
  if (record->end - record->begin != n_bytes)
    {
      g_set_error (self->error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                   _("Its shape and type (%s) need %" PRIu64 " bytes, its offsets give it %" PRIu64 "."),
                   record->type->name, n_bytes, record->end - record->begin);
      return FALSE;
    }
  self->used_bytes += n_bytes;
  if (self->used_bytes > self->data_bytes)
    {
      g_set_error_literal (self->error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                           _("It shares bytes of the data with another tensor, which the format forbids."));
      return FALSE;
    }
  return TRUE;
}

/* After the name, which is in self->text. */
static gboolean
scan_record (Scanner *self)
{
  HlTensorRecord *record = g_new0 (HlTensorRecord, 1);

  g_ptr_array_add (self->records, record);
  record->entry.name = g_strdup (self->text->str);
  if (!g_hash_table_add (self->names, record->entry.name))
    {
      g_autofree char *shown = hl_tensor_name_shown (record->entry.name);

      return fail (self, _("The name “%s” stands there twice"), shown);
    }
  if (!expect (self, ':'))
    return FALSE;
  if (!scan_record_fields (self, record) || !check_record (self, record))
    {
      g_autofree char *shown = hl_tensor_name_shown (record->entry.name);

      g_prefix_error (self->error, _("Tensor “%s”: "), shown);
      return FALSE;
    }
  return TRUE;
}

static gboolean
scan_metadata (Scanner *self)
{
  if (!expect (self, ':'))
    return FALSE;
  skip_space (self);
  if (skip_word (self, "null"))
    return TRUE;
  if (!take (self, '{'))
    return fail (self, _("“__metadata__” is not an object"));
  if (take (self, '}'))
    return TRUE;
  do
    {
      g_autofree char *key = NULL;

      if (!scan_string (self) || !expect (self, ':'))
        return FALSE;
      key = g_strdup (self->text->str);
      skip_space (self);
      if (self->at == self->end || *self->at != '"')
        {
          g_autofree char *shown = hl_tensor_name_shown (key);

          return fail (self, _("The value of “%s” in “__metadata__” is not a text"), shown);
        }
      if (!scan_string (self))
        return FALSE;
      if (!g_hash_table_insert (self->metadata, g_steal_pointer (&key), g_strdup (self->text->str)))
        return fail (self, _("A name in “__metadata__” stands there twice"));
    }
  while (take (self, ','));
  return expect (self, '}');
}

static gboolean
scan_header (Scanner *self)
{
  gboolean metadata_seen = FALSE;

  if (!take (self, '{'))
    return fail (self, _("The header does not begin with “{”"));
  if (!take (self, '}'))
    {
      do
        {
          if (!scan_string (self))
            return FALSE;
          if (!g_str_equal (self->text->str, "__metadata__"))
            {
              if (!scan_record (self))
                return FALSE;
            }
          else if (metadata_seen)
            return fail (self, _("“__metadata__” stands there twice"));
          else if (!scan_metadata (self))
            return FALSE;
          else
            metadata_seen = TRUE;
        }
      while (take (self, ','));
      if (!expect (self, '}'))
        return FALSE;
    }
  skip_space (self);
  return self->at == self->end || fail (self, _("Something other than white space follows the header's object"));
}

static int
compare_offsets (gconstpointer a, gconstpointer b)
{
  const HlTensorRecord *x = *(HlTensorRecord *const *) a, *y = *(HlTensorRecord *const *) b;

  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  if (x->end != y->end)
    return x->end < y->end ? -1 : 1;
  return strcmp (x->entry.name, y->entry.name);
}

/* No holes, no overlap, nothing after the last tensor. */
static gboolean
check_coverage (Scanner *self)
{
  guint64 at = 0;

  g_ptr_array_sort (self->records, compare_offsets);
  for (guint i = 0; i < self->records->len; i++)
    {
      const HlTensorRecord *record = self->records->pdata[i];

      if (record->begin != at)
        {
          g_autofree char *shown = hl_tensor_name_shown (record->entry.name);

          g_set_error (self->error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                       _("Tensor “%s” begins at byte %" PRIu64 " of the data instead of %" PRIu64 ": the format "
                         "allows neither gaps nor shared bytes."), shown, record->begin, at);
          return FALSE;
        }
      at = record->end;
    }
  if (at != self->data_bytes)
    {
      g_set_error (self->error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                   _("The header describes %" PRIu64 " bytes of data, but the file has %" PRIu64 "."),
                   at, self->data_bytes);
      return FALSE;
    }
  return TRUE;
}

gboolean
hl_tensor_header_parse (const char *text, gsize length, guint64 data_bytes, GPtrArray *records, GHashTable *metadata,
                        GError **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  GError *local = NULL;
  Scanner scanner = { text, text, text + length, data_bytes, 0, records, names, metadata, NULL, &local };
  gboolean ok;

  if (length >= 3 && memcmp (text, "\xEF\xBB\xBF", 3) == 0)
    {
      g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX,
                           _("The header begins with a byte-order mark, which the format forbids."));
      return FALSE;
    }
  if (!g_utf8_validate_len (text, length, NULL))
    {
      g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_SYNTAX, _("The header is not valid UTF-8 text."));
      return FALSE;
    }
  scanner.text = g_string_new (NULL);
  ok = scan_header (&scanner) && check_coverage (&scanner);
  g_string_free (scanner.text, TRUE);
  if (!ok)
    g_propagate_error (error, local);
  return ok;
}
