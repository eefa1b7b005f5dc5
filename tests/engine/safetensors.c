/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The safetensors reader and writer: everything the format forbids is refused in words, everything it allows is read,
 * what is written has the bytes of the reference implementation, and a failed save keeps the old file. */

#include "engine/exchange/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder;

static GFile *
test_file (const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_new_for_path (path);
}

/* A file of 8 length bytes, then `header`, then n_data zero bytes. */
static GFile *
make_file (guint64 length, const char *header, gsize n_header, gsize n_data)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree guint8 *data = g_malloc0 (n_data + 1);
  GFile *file = test_file ("made.safetensors");
  g_autoptr (GError) error = NULL;

  length = GUINT64_TO_LE (length);
  g_byte_array_append (bytes, (guint8 *) &length, 8);
  g_byte_array_append (bytes, (const guint8 *) header, n_header);
  g_byte_array_append (bytes, data, n_data);
  g_file_replace_contents (file, (char *) bytes->data, bytes->len, NULL, FALSE, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  return file;
}

static HlTensorFile *
open_text (const char *header, gsize n_data, GError **error)
{
  g_autoptr (GFile) file = make_file (strlen (header), header, strlen (header), n_data);

  return hl_tensor_file_open (file, error);
}

static void
assert_refused (GFile *file, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlTensorFile) opened = hl_tensor_file_open (file, &error);

  g_assert_null (opened);
  g_assert_nonnull (error);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpuint (strlen (error->message), <, 600);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” is not in: %s", part, error->message);
}

static void
refuse_text (const char *header, gsize n_data, const char *part)
{
  g_autoptr (GFile) file = make_file (strlen (header), header, strlen (header), n_data);

  assert_refused (file, part);
}

static void
refuse_raw (const char *bytes, gsize n, const char *part)
{
  g_autoptr (GFile) file = test_file ("raw.safetensors");

  g_assert_true (g_file_replace_contents (file, bytes, n, NULL, FALSE, 0, NULL, NULL, NULL));
  assert_refused (file, part);
}

#define VALID "{\"a\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}"
#define ENTRY(dtype, shape, offsets) "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

/* Rows 1 to 6 of the header length. */
static void
test_length (void)
{
  static const guint64 lengths[] = { 0xFF00000000000038, G_GUINT64_CONSTANT (1) << 63, G_MAXUINT64, G_MAXUINT64 - 7, 100000001 };
  g_autoptr (GFile) large = test_file ("large.safetensors");
  g_autoptr (GError) error = NULL;

  refuse_raw ("", 0, "0 bytes, too few");
  refuse_raw ("1", 1, "1 bytes, too few");
  refuse_raw ("1234567", 7, "7 bytes, too few");
  refuse_raw ("\x3c\0\0\0\0\0\0\0", 8, "more than the file has");
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GFile) file = make_file (lengths[i], VALID, strlen (VALID), 16);

      assert_refused (file, "more than the 100,000,000 allowed");
    }
  for (int i = -1; i <= 1; i += 2)
    {
      g_autoptr (GFile) file = make_file (strlen (VALID) + i, VALID, strlen (VALID), 16);

      assert_refused (file, "not a valid safetensors file");
    }
  {
    g_autoptr (GFile) file = make_file (1000, VALID, strlen (VALID), 16);

    assert_refused (file, "more than the file has");
  }
  {
    g_autoptr (GFile) empty = make_file (0, "", 0, 0);

    assert_refused (empty, "does not begin with");
  }
  /* A file that really is that long; sparse. */
  {
    g_autofree char *path = g_file_get_path (large);
    int fd = open (path, O_CREAT | O_WRONLY, 0666);

    g_assert_cmpint (pwrite (fd, "\x01\xe1\xf5\x05\0\0\0\0{}", 10, 0), ==, 10);
    g_assert_cmpint (ftruncate (fd, 8 + 100000001), ==, 0);
    close (fd);
    assert_refused (large, "100000001 bytes long, more than the 100,000,000");
    g_assert_true (g_file_delete (large, NULL, &error));
  }
}

static void
test_not_json (void)
{
  static const char *const texts[] = {
    "{", "[]", "null", "\"text\"", "1", "{}{}", "{} x", "{]", "{\"a\"}", "{\"a\":}", "{\"a\":{}", "{\"a\":{},}", "{,}",
    "{\"a\":{\"x\":tru}}", "{\"a\":{\"x\":01}}", "{\"a\":{\"x\":-}}", "{\"a\":{\"x\":1.}}", "{\"a\":{\"x\":1e}}", "{\"a\\x\":1}",
    "{\"a\\u12\":1}", "{\"a\\ud800\":1}", "{\"a\\ud800\\u0041\":1}", "{\"a\\udc00\":1}", "{\"a\\u0000\":1}", "{\"a\nb\":1}",
    "{\"a", "{\"a\\", "{\"a\":{\"x\":[1,]}}", "{\"a\":{\"x\":{1:2}}}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    refuse_text (texts[i], 0, "of the header)");
  refuse_raw ("\4\0\0\0\0\0\0\0{}\0\0", 12, "not valid UTF-8");
  refuse_raw ("\1\0\0\0\0\0\0\0\xFF", 9, "not valid UTF-8");
  refuse_text ("{\"\xC0\xAF\":1}", 0, "not valid UTF-8");
  refuse_text ("{\"a\xE2\x82", 0, "not valid UTF-8");
  refuse_text ("\xEF\xBB\xBF{}", 0, "byte-order mark");
}

/* Rows 9 and 10: nothing takes memory or time beyond the file's size. */
static void
test_abuse (void)
{
  g_autoptr (GString) text = g_string_new ("{\"a\":{\"x\":");
  struct rusage before, after;

  for (int i = 0; i < 200000; i++)
    g_string_append_c (text, '[');
  refuse_text (text->str, 0, "nested more than");

  g_string_assign (text, "{\"a\":{\"dtype\":\"F32\",\"shape\":[");
  for (int i = 0; i < 5000; i++)
    g_string_append_c (text, '9');
  g_string_append (text, "],\"data_offsets\":[0,4]}}");
  refuse_text (text->str, 4, "larger than 64 bits");

  g_string_assign (text, "{\"");
  for (int i = 0; i < 30000000; i++)
    g_string_append_c (text, 'n');
  g_string_append (text, "\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}");
  refuse_text (text->str, 4, "“F31” is not known");

  g_string_assign (text, "{");
  for (int i = 0; i < 1000000; i++)
    g_string_append_printf (text, "%s\"t%d\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}", i ? "," : "", i);
  g_string_append (text, "}");
  getrusage (RUSAGE_SELF, &before);
  refuse_text (text->str, 16, "Tensor “t1”: It shares bytes");
  getrusage (RUSAGE_SELF, &after);
  /* The header itself is held once here and once in the reader; its million entries are not. */
  g_assert_cmpint (after.ru_maxrss - before.ru_maxrss, <, (long) (text->len / 1024 * 3));

  g_string_assign (text, "{");
  for (int i = 0; i < 100000; i++)
    g_string_append_printf (text, "%s\"t%d\":{\"dtype\":\"F32\",\"shape\":[200,200],\"data_offsets\":[0,160000]}", i ? "," : "", i);
  g_string_append (text, "}");
  refuse_text (text->str, 160000, "shares bytes");
}

static void
test_fields (void)
{
  static const char *const shapes[] = { "null", "\"2\"", "[\"2\"]", "[-1]", "[1.0]", "[1e3]", "[2.5]", "[true]",
                                        "[18446744073709551616]", "[[2]]", "[1,]", "[01]", "{}", "[1,1,1,1,1,1,1,1,1]" };
  static const char *const offsets[] = { "[0]", "[0,4,8]", "[-1,4]", "[0.0,4]", "[\"0\",\"4\"]", "null", "4", "[]", "{}" };

  refuse_text ("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "“dtype” is missing");
  refuse_text ("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "“shape” is missing");
  refuse_text ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "“data_offsets” is missing");
  refuse_text ("{\"a\":{}}", 0, "is missing");
  refuse_text (ENTRY ("\"float32\"", "[1]", "[0,4]"), 4, "Tensor “a”: The element type “float32” is not known");
  refuse_text (ENTRY ("\"f32\"", "[1]", "[0,4]"), 4, "“f32” is not known");
  refuse_text (ENTRY ("5", "[1]", "[0,4]"), 4, "“dtype” is not a text");
  refuse_text (ENTRY ("null", "[1]", "[0,4]"), 4, "“dtype” is not a text");
  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"a\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[0,4]}}", shapes[i]);

      refuse_text (text, 4, "“shape”");
    }
  for (gsize i = 0; i < G_N_ELEMENTS (offsets); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":%s}}", offsets[i]);

      refuse_text (text, 4, "“data_offsets”");
    }
  refuse_text (ENTRY ("\"F32\"", "[1]", "[4,0]"), 4, "claims bytes 4 to 0");
  refuse_text (ENTRY ("\"F32\"", "[1]", "[4,8]"), 4, "claims bytes 4 to 8 of the data, which has 4 bytes");
  refuse_text (ENTRY ("\"F32\"", "[1]", "[0,18446744073709551615]"), 4, "claims bytes");
  refuse_text ("{\"a\":[]}", 0, "not an object");
  refuse_text ("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "“dtype” stands there twice");
  refuse_text ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
               "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "“a” stands there twice");
  refuse_text ("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "“__metadata__” stands there twice");
  refuse_text ("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "stands there twice");
  refuse_text ("{\"__metadata__\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "not a text");
  refuse_text ("{\"__metadata__\":{\"k\":1}}", 0, "“k” in “__metadata__” is not a text");
  refuse_text ("{\"__metadata__\":{\"k\":null}}", 0, "not a text");
  refuse_text ("{\"__metadata__\":[]}", 0, "“__metadata__” is not an object");
}

static void
test_sizes (void)
{
  g_autoptr (GString) text = g_string_new ("{");

  refuse_text (ENTRY ("\"I32\"", "[2,2]", "[0,4]"), 4, "need 16 bytes, its offsets give it 4");
  refuse_text (ENTRY ("\"I32\"", "[2,18446744073709551614]", "[0,16]"), 16, "more elements than 64 bits");
  refuse_text (ENTRY ("\"I32\"", "[2,9223372036854775807]", "[0,16]"), 16, "more elements than 64 bits");
  refuse_text (ENTRY ("\"I32\"", "[9223372036854775807,4,0]", "[0,0]"), 0, "more elements than 64 bits");
  refuse_text (ENTRY ("\"F4\"", "[1,3]", "[0,2]"), 2, "not a whole number of bytes");
  refuse_text (ENTRY ("\"F4\"", "[1,2]", "[0,2]"), 2, "need 1 bytes");
  for (int i = 0; i < 10; i++)
    g_string_append_printf (text, "%s\"t%d\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0,16]}", i ? "," : "", i);
  g_string_append (text, "}");
  refuse_text (text->str, 16, "shares bytes");
  refuse_text (text->str, 160, "neither gaps nor shared bytes");
  refuse_text ("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
               "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[5,9]}}", 9, "“b” begins at byte 5 of the data instead of 4");
  refuse_text (ENTRY ("\"U8\"", "[4]", "[8,12]"), 12, "begins at byte 8");
  refuse_text (VALID, 20, "describes 16 bytes of data, but the file has 20");
  refuse_text (VALID, 14, "claims bytes 0 to 16 of the data, which has 14");
  refuse_text (VALID, 0, "which has 0 bytes");
}

static void
test_disk (void)
{
  g_autoptr (GFile) none = test_file ("none.safetensors"), fifo = test_file ("fifo"), here = g_file_new_for_path (folder);
  g_autofree char *fifo_path = g_file_get_path (fifo);
  static const struct { const char *bytes, *what; } others[] = {
    { "PK\3\4........................", "a ZIP archive, perhaps weights saved by torch.save" },
    { "version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer" },
    { "<!DOCTYPE html><html></html>", "a web page" },
    { "\x80\2}q\1.............................", "a Python pickle" },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) cut = make_file (strlen (VALID), VALID, strlen (VALID), 16);
  g_autofree char *cut_path = g_file_get_path (cut);
  g_autoptr (HlTensorFile) opened = NULL;
  float values[4];

  assert_refused (none, "none.safetensors");
  assert_refused (here, "is a folder");
  g_assert_cmpint (mkfifo (fifo_path, 0666), ==, 0);
  assert_refused (fifo, "not an ordinary file");
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    refuse_raw (others[i].bytes, strlen (others[i].bytes), others[i].what);

  opened = hl_tensor_file_open (cut, &error);
  g_assert_no_error (error);
  g_assert_cmpint (truncate (cut_path, 70), ==, 0);
  g_assert_false (hl_tensor_file_read_f32 (opened, hl_tensor_file_get (opened, 0), values, &error));
  g_assert_nonnull (strstr (error->message, "ended while it was being read"));
}

static void
accept (const char *header, gsize n_data, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlTensorFile) file = open_text (header, n_data, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (hl_tensor_file_get_n (file), ==, n);
}

/* Rows 24 to 29. */
static void
test_accepted (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlTensorFile) file = NULL;

  accept ("{}", 0, 0);
  accept ("{} \r\n\t ", 0, 0);
  accept (" \n{}", 0, 0);
  accept ("{\"__metadata__\":{\"format\":\"pt\"}}", 0, 0);
  accept ("{\"__metadata__\":null}", 0, 0);
  accept (ENTRY ("\"F32\"", "[]", "[0,4]"), 4, 1);
  accept (ENTRY ("\"F32\"", "[2,0]", "[0,0]"), 0, 1);
  accept ("{\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":"
          "[4,8]},\"d\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],"
          "\"data_offsets\":[0,4]}}", 8, 4);
  accept ("{ \"a\" : { \"data_offsets\" : [ 0 , 4 ] , \"more\" : { \"x\" : [ 1.5e-3 , null , true , \"t\" , -7 , { } ] } , \"shape\" : "
          "[ 1 ] , \"dtype\" : \"F32\" } }", 4, 1);
  file = open_text ("{\"../../x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                    "\"a \\\"q\\\" \\\\ \\/ \\ud83d\\ude00 \xC3\xA9.w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]},"
                    "\"\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}", 3, &error);
  g_assert_no_error (error);
  g_assert_nonnull (hl_tensor_file_find (file, "../../x"));
  g_assert_nonnull (hl_tensor_file_find (file, "a \"q\" \\ / \xF0\x9F\x98\x80 \xC3\xA9.w"));
  g_assert_nonnull (hl_tensor_file_find (file, ""));
  g_assert_null (hl_tensor_file_find (file, "absent"));
}

/* Writes `n` elements of `dtype` and reads them as floats. */
static gboolean
convert (const char *dtype, gsize n, gconstpointer bytes, float *values, GError **error)
{
  g_autoptr (HlTensorFile) file = hl_tensor_file_new (), opened = NULL;
  g_autoptr (GFile) place = test_file ("convert.safetensors");

  hl_tensor_file_add_bytes (file, "some.weight", dtype, 1, &(guint64) { n }, bytes);
  g_assert_true (hl_tensor_file_write (file, place, NULL));
  opened = hl_tensor_file_open (place, error);
  g_assert_nonnull (opened);
  return hl_tensor_file_read_f32 (opened, hl_tensor_file_get (opened, 0), values, error);
}

static void
refuse_convert (const char *dtype, gsize n, gconstpointer bytes)
{
  g_autoptr (GError) error = NULL;
  float values[16];

  g_assert_false (convert (dtype, n, bytes, values, &error));
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
  g_assert_nonnull (strstr (error->message, "some.weight"));
  g_assert_nonnull (strstr (error->message, dtype));
}

static void
assert_convert (const char *dtype, gsize n, gconstpointer bytes, const float *expected)
{
  g_autoptr (GError) error = NULL;
  float values[16];

  g_assert_true (convert (dtype, n, bytes, values, &error));
  g_assert_no_error (error);
  for (gsize i = 0; i < n; i++)
    if (isnan (expected[i]))
      g_assert_true (isnan (values[i]));
    else
      g_assert_cmpmem (values + i, sizeof (float), expected + i, sizeof (float));
}

/* Rows 30 to 32. The bytes of half precision were taken from IEEE 754, table by table. */
static void
test_types (void)
{
  assert_convert ("F32", 6, (const guint32[]) { 0x7FC00000, 0x7F800000, 0xFF800000, 1, 0x80000000, 0x3F800000 },
                  (const float[]) { NAN, INFINITY, -INFINITY, 0x1p-149f, -0.0f, 1 });
  assert_convert ("F16", 10, (const guint16[]) { 0x3C00, 0xC000, 0x0001, 0x03FF, 0x0400, 0x7BFF, 0x7C00, 0xFC00, 0x8000, 0x7E00 },
                  (const float[]) { 1, -2, 0x1p-24f, 0x1.ff8p-15f, 0x1p-14f, 65504, INFINITY, -INFINITY, -0.0f, NAN });
  assert_convert ("BF16", 5, (const guint16[]) { 0x3F80, 0xC040, 0x7F80, 0x0001, 0x7FC0 },
                  (const float[]) { 1, -3, INFINITY, 0x1p-133f, NAN });
  assert_convert ("F64", 4, (const double[]) { 0.5, -1e0, 16777216, NAN }, (const float[]) { 0.5, -1, 16777216, NAN });
  refuse_convert ("F64", 1, (const double[]) { 0.1 });
  refuse_convert ("F64", 1, (const double[]) { 1e300 });
  assert_convert ("I64", 4, (const gint64[]) { 0, -5, 16777216, G_MININT64 }, (const float[]) { 0, -5, 16777216, -0x1p63f });
  refuse_convert ("I64", 1, (const gint64[]) { 16777217 });
  refuse_convert ("I64", 1, (const gint64[]) { G_MAXINT64 });
  refuse_convert ("U64", 1, (const guint64[]) { G_MAXUINT64 });
  assert_convert ("U64", 1, (const guint64[]) { G_GUINT64_CONSTANT (1) << 63 }, (const float[]) { 0x1p63f });
  assert_convert ("I32", 3, (const gint32[]) { -1, 7, G_MININT32 }, (const float[]) { -1, 7, -0x1p31f });
  refuse_convert ("U32", 1, (const guint32[]) { 0xFFFFFFFF });
  assert_convert ("I16", 2, (const gint16[]) { -32768, 32767 }, (const float[]) { -32768, 32767 });
  assert_convert ("U16", 1, (const guint16[]) { 65535 }, (const float[]) { 65535 });
  assert_convert ("I8", 2, (const gint8[]) { -128, 127 }, (const float[]) { -128, 127 });
  assert_convert ("U8", 1, (const guint8[]) { 255 }, (const float[]) { 255 });
  assert_convert ("BOOL", 2, (const guint8[]) { 0, 1 }, (const float[]) { 0, 1 });
  refuse_convert ("BOOL", 1, (const guint8[]) { 2 });
  refuse_convert ("F8_E4M3", 1, "x");
  refuse_convert ("F8_E5M2", 1, "x");
  refuse_convert ("F8_E8M0", 1, "x");
  refuse_convert ("F4", 2, "x");
  refuse_convert ("F6_E2M3", 4, "xyz");
  refuse_convert ("C64", 1, "12345678");
}

/* Row 33: offsets of more than 32 bits. The file is sparse. */
static void
test_large (void)
{
  static const char header[] = "{\"z\":{\"dtype\":\"U8\",\"shape\":[5,1073741824],\"data_offsets\":[0,5368709120]},"
                               "\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[5368709120,5368709124]}}";
  g_autoptr (GFile) place = make_file (strlen (header), header, strlen (header), 0);
  g_autofree char *path = g_file_get_path (place);
  g_autoptr (HlTensorFile) file = NULL;
  g_autoptr (GError) error = NULL;
  goffset end = 8 + (goffset) strlen (header) + G_GINT64_CONSTANT (5368709120);
  int fd = open (path, O_WRONLY);
  float value = 42, read = 0;
  gboolean room = pwrite (fd, &value, sizeof value, end) == sizeof value;

  close (fd);
  if (!room)
    {
      g_test_skip ("The temporary folder does not take sparse files of five gigabytes.");
      return;
    }
  file = hl_tensor_file_open (place, &error);
  g_assert_no_error (error);
  g_assert_true (hl_tensor_file_read_f32 (file, hl_tensor_file_find (file, "w"), &read, &error));
  g_assert_cmpfloat (read, ==, 42);
  g_assert_cmpuint (hl_tensor_file_find (file, "z")->n, ==, G_GUINT64_CONSTANT (5368709120));
  g_unlink (path);
}

/* ---- Writing ---- */

static void
assert_bytes (HlTensorFile *file, guint64 n_header, const char *header, gsize n_data)
{
  g_autoptr (GFile) place = test_file ("written.safetensors");
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize n;
  guint64 length;

  g_assert_true (hl_tensor_file_write (file, place, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_load_contents (place, NULL, &bytes, &n, NULL, &error));
  memcpy (&length, bytes, 8);
  g_assert_cmpuint (GUINT64_FROM_LE (length), ==, n_header);
  g_assert_cmpuint (n, ==, 8 + n_header + n_data);
  g_assert_cmpmem (bytes + 8, strlen (header), header, strlen (header));
  for (gsize i = strlen (header); i < n_header; i++)
    g_assert_cmpint (bytes[8 + i], ==, ' ');
  hl_tensor_file_free (file);
}

/* Rows 36 to 38: byte for byte what the reference writes. */
static void
test_bytes (void)
{
  static const guint8 zeros[64];
  HlTensorFile *file = hl_tensor_file_new ();

  assert_bytes (file, 8, "{}", 0);
  file = hl_tensor_file_new ();
  hl_tensor_file_set_metadata (file, "framework", "pt");
  assert_bytes (file, 40, "{\"__metadata__\":{\"framework\":\"pt\"}}", 0);
  file = hl_tensor_file_new ();
  hl_tensor_file_add_bytes (file, "test", "I32", 2, (guint64[]) { 2, 2 }, zeros);
  assert_bytes (file, 64, "{\"test\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}", 16);
  file = hl_tensor_file_new ();
  hl_tensor_file_add_f32 (file, "attn.0", 3, (guint64[]) { 1, 2, 3 }, (const float *) zeros);
  assert_bytes (file, 64, "{\"attn.0\":{\"dtype\":\"F32\",\"shape\":[1,2,3],\"data_offsets\":[0,24]}}", 24);
  file = hl_tensor_file_new ();
  hl_tensor_file_add_f32 (file, "attn0", 4, (guint64[]) { 1, 1, 2, 3 }, (const float *) zeros);
  assert_bytes (file, 72, "{\"attn0\":{\"dtype\":\"F32\",\"shape\":[1,1,2,3],\"data_offsets\":[0,24]}}", 24);
  file = hl_tensor_file_new ();
  hl_tensor_file_add_bytes (file, "test2", "F16", 2, (guint64[]) { 2, 2 }, zeros);
  hl_tensor_file_add_bytes (file, "test1", "I32", 2, (guint64[]) { 2, 2 }, zeros);
  assert_bytes (file, 128, "{\"test1\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
                           "\"test2\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[16,24]}}", 24);
  file = hl_tensor_file_new ();
  hl_tensor_file_set_metadata (file, "b", "q\"\\\n\x01");
  hl_tensor_file_set_metadata (file, "a", "é");
  hl_tensor_file_add_f32 (file, "e", 1, (guint64[]) { 0 }, NULL);
  hl_tensor_file_add_f32 (file, "s", 0, (guint64[]) { 0 }, (const float *) zeros);
  assert_bytes (file, 152, "{\"__metadata__\":{\"a\":\"é\",\"b\":\"q\\\"\\\\\\n\\u0001\"},\"e\":{\"dtype\":\"F32\",\"shape\":[0],"
                           "\"data_offsets\":[0,0]},\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4);
}

static void
test_names (void)
{
  g_autoptr (HlTensorFile) twice = hl_tensor_file_new (), special = hl_tensor_file_new ();
  g_autoptr (GFile) place = test_file ("names.safetensors");
  g_autoptr (GError) error = NULL;
  float value = 1;

  hl_tensor_file_add_f32 (twice, "a", 0, (guint64[]) { 0 }, &value);
  hl_tensor_file_add_f32 (twice, "a", 0, (guint64[]) { 0 }, &value);
  g_assert_false (hl_tensor_file_write (twice, place, &error));
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
  g_clear_error (&error);
  hl_tensor_file_add_f32 (special, "__metadata__", 0, (guint64[]) { 0 }, &value);
  g_assert_false (hl_tensor_file_write (special, place, &error));
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
  g_assert_false (g_file_query_exists (place, NULL));
}

/* Row 42. */
static void
test_round_trip (void)
{
  static const char *const types[] = { "U64", "F32", "I16", "U8", "BOOL", "F64", "F8_E4M3" };
  static const guint sizes[] = { 8, 4, 2, 1, 1, 8, 1 };

  for (int round = 0; round < 100; round++)
    {
      g_autoptr (HlTensorFile) file = hl_tensor_file_new (), opened = NULL;
      g_autoptr (GFile) place = test_file ("round.safetensors");
      g_autoptr (GPtrArray) blocks = g_ptr_array_new_with_free_func (g_free);
      g_autoptr (GError) error = NULL;
      gsize bytes[7] = { 0 };
      int n = g_test_rand_int_range (0, 8);

      for (int i = 0; i < n; i++)
        {
          g_autofree char *name = g_strdup_printf ("t%d", i);
          int type = g_test_rand_int_range (0, G_N_ELEMENTS (types)), n_dims = g_test_rand_int_range (0, 6);
          guint64 dim[8];
          guint8 *block;

          bytes[i] = sizes[type];
          for (int d = 0; d < n_dims; d++)
            bytes[i] *= dim[d] = g_test_rand_int_range (1, 8);
          block = g_malloc (bytes[i]);
          for (gsize k = 0; k < bytes[i]; k++)
            block[k] = (guint8) g_test_rand_int ();
          g_ptr_array_add (blocks, block);
          hl_tensor_file_add_bytes (file, name, types[type], n_dims, dim, block);
        }
      hl_tensor_file_set_metadata (file, "round", "trip");
      g_assert_true (hl_tensor_file_write (file, place, &error));
      g_assert_no_error (error);
      opened = hl_tensor_file_open (place, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (hl_tensor_file_get_n (opened), ==, n);
      g_assert_cmpstr (hl_tensor_file_get_metadata (opened, "round"), ==, "trip");
      for (int i = 0; i < n; i++)
        {
          g_autofree char *name = g_strdup_printf ("t%d", i);
          g_autofree guint8 *read = g_malloc (bytes[i]);

          g_assert_true (hl_tensor_file_read_bytes (opened, hl_tensor_file_find (opened, name), read, bytes[i], &error));
          g_assert_cmpmem (read, bytes[i], blocks->pdata[i], bytes[i]);
        }
    }
}

static void
write_value (HlTensorFile *file, float value)
{
  hl_tensor_file_add_f32 (file, "v", 1, (guint64[]) { 1 }, &value);
}

static float
read_value (GFile *place)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlTensorFile) file = hl_tensor_file_open (place, &error);
  float value = 0;

  g_assert_no_error (error);
  g_assert_true (hl_tensor_file_read_f32 (file, hl_tensor_file_find (file, "v"), &value, &error));
  return value;
}

static guint
count_files (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

/* Row 41: while one reader holds the old file open, a new one takes its place; a failed save leaves the old. */
static void
test_atomic (void)
{
  g_autofree char *inside = g_build_filename (folder, "inside", NULL), *link_path = g_build_filename (inside, "link", NULL);
  g_autofree char *path = g_build_filename (inside, "w.safetensors", NULL);
  g_autoptr (GFile) place = g_file_new_for_path (path), link_file = g_file_new_for_path (link_path);
  g_autoptr (HlTensorFile) first = hl_tensor_file_new (), second = hl_tensor_file_new (), held = NULL;
  g_autoptr (HlTensorFile) large = hl_tensor_file_new ();
  g_autofree float *many = g_new0 (float, 100000);
  g_autoptr (GError) error = NULL;
  struct rlimit limit, small;
  float value;

  g_assert_cmpint (g_mkdir (inside, 0777), ==, 0);
  write_value (first, 1);
  write_value (second, 2);
  g_assert_true (hl_tensor_file_write (first, place, &error));
  held = hl_tensor_file_open (place, &error);
  g_assert_true (hl_tensor_file_write (second, place, &error));
  g_assert_true (hl_tensor_file_read_f32 (held, hl_tensor_file_get (held, 0), &value, &error));
  g_assert_cmpfloat (value, ==, 1);
  g_assert_cmpfloat (read_value (place), ==, 2);
  g_assert_cmpuint (count_files (inside), ==, 1);

  /* Through a symbolic link the target changes and the link stays. */
  g_assert_cmpint (symlink (path, link_path), ==, 0);
  g_assert_true (hl_tensor_file_write (first, link_file, &error));
  g_assert_cmpfloat (read_value (place), ==, 1);
  g_assert_true (g_file_test (link_path, G_FILE_TEST_IS_SYMLINK));

  /* A disk that takes no more than 100 000 bytes of a file. */
  hl_tensor_file_add_f32 (large, "v", 1, (guint64[]) { 100000 }, many);
  getrlimit (RLIMIT_FSIZE, &limit);
  small = limit;
  small.rlim_cur = 100000;
  signal (SIGXFSZ, SIG_IGN);
  setrlimit (RLIMIT_FSIZE, &small);
  g_assert_false (hl_tensor_file_write (large, place, &error));
  setrlimit (RLIMIT_FSIZE, &limit);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "w.safetensors"));
  g_clear_error (&error);
  g_assert_cmpfloat (read_value (place), ==, 1);
  g_assert_cmpuint (count_files (inside), ==, 2);
}

static void
test_folders (void)
{
  g_autoptr (HlTensorFile) file = hl_tensor_file_new ();
  g_autofree char *locked = g_build_filename (folder, "locked", NULL), *path = g_build_filename (locked, "w.safetensors", NULL);
  g_autoptr (GFile) absent = test_file ("no/such/folder/w.safetensors"), here = g_file_new_for_path (folder);
  g_autoptr (GFile) place = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  uid_t user = geteuid ();

  write_value (file, 1);
  g_assert_false (hl_tensor_file_write (file, absent, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (hl_tensor_file_write (file, here, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_clear_error (&error);
  g_assert_cmpint (g_mkdir (locked, 0777), ==, 0);
  g_assert_true (hl_tensor_file_write (file, place, &error));
  g_assert_cmpint (g_chmod (locked, 0555), ==, 0);
  g_assert_cmpint (g_chmod (folder, 0755), ==, 0);
  /* The superuser may write into read-only folders: be someone else for a moment. */
  if (user == 0)
    g_assert_cmpint (seteuid (65534), ==, 0);
  g_assert_false (hl_tensor_file_write (file, place, &error));
  g_assert_cmpint (seteuid (user), ==, 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_cmpfloat (read_value (place), ==, 1);
  g_assert_cmpint (g_chmod (locked, 0777), ==, 0);
}

/* Every file of a valid one with one byte changed either opens or is refused; none crashes. */
static void
test_mutations (void)
{
  g_autoptr (HlTensorFile) file = hl_tensor_file_new ();
  g_autoptr (GFile) place = test_file ("seed.safetensors"), changed = test_file ("changed.safetensors");
  g_autofree char *bytes = NULL;
  gsize n;

  hl_tensor_file_set_metadata (file, "k", "v");
  write_value (file, 1);
  hl_tensor_file_add_bytes (file, "h", "F16", 1, (guint64[]) { 2 }, "abcd");
  g_assert_true (hl_tensor_file_write (file, place, NULL));
  g_assert_true (g_file_load_contents (place, NULL, &bytes, &n, NULL, NULL));
  for (int round = 0; round < 4000; round++)
    {
      g_autofree char *copy = g_memdup2 (bytes, n);
      g_autoptr (HlTensorFile) opened = NULL;
      g_autoptr (GError) error = NULL;
      gsize length = round % 8 ? n : (gsize) g_test_rand_int_range (0, (int) n);

      copy[g_test_rand_int_range (0, (int) n)] = (char) g_test_rand_int ();
      g_assert_true (g_file_set_contents_full (g_file_peek_path (changed), copy, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0666, NULL));
      opened = hl_tensor_file_open (changed, &error);
      g_assert_true ((opened == NULL) == (error != NULL));
      for (guint i = 0; opened && i < hl_tensor_file_get_n (opened); i++)
        {
          const HlTensorFileEntry *entry = hl_tensor_file_get (opened, i);
          g_autofree float *values = g_new (float, entry->n + 1);

          g_assert_cmpuint (entry->n, <=, 8);
          hl_tensor_file_read_f32 (opened, entry, values, NULL);
        }
    }
}

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);

  for (const char *name; (name = g_dir_read_name (dir)) != NULL;)
    {
      g_autofree char *inside = g_build_filename (path, name, NULL);

      if (g_file_test (inside, G_FILE_TEST_IS_DIR) && !g_file_test (inside, G_FILE_TEST_IS_SYMLINK))
        remove_folder (inside);
      else
        g_unlink (inside);
    }
  g_rmdir (path);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("hillock-safetensors-XXXXXX", NULL);
  g_test_add_func ("/safetensors/refuse/length", test_length);
  g_test_add_func ("/safetensors/refuse/json", test_not_json);
  g_test_add_func ("/safetensors/refuse/abuse", test_abuse);
  g_test_add_func ("/safetensors/refuse/fields", test_fields);
  g_test_add_func ("/safetensors/refuse/sizes", test_sizes);
  g_test_add_func ("/safetensors/refuse/disk", test_disk);
  g_test_add_func ("/safetensors/accept/headers", test_accepted);
  g_test_add_func ("/safetensors/accept/types", test_types);
  g_test_add_func ("/safetensors/accept/large", test_large);
  g_test_add_func ("/safetensors/write/bytes", test_bytes);
  g_test_add_func ("/safetensors/write/names", test_names);
  g_test_add_func ("/safetensors/write/round-trip", test_round_trip);
  g_test_add_func ("/safetensors/write/atomic", test_atomic);
  g_test_add_func ("/safetensors/write/folders", test_folders);
  g_test_add_func ("/safetensors/mutations", test_mutations);
  result = g_test_run ();
  remove_folder (folder);
  g_free (folder);
  return result;
}
