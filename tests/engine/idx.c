/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * IDX files made here: every element type, plain and gzip, every way of naming them, and every way a file can be
 * wrong. With HILLOCK_DATA_DIR, also the real sets there. */

#include "engine/data/dataset.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* ---- Writing files ---- */

static char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("hillock-idx-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static void
remove_folder (char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        g_rmdir (path);
      else
        g_unlink (path);
    }
  g_rmdir (folder);
  g_free (folder);
}

typedef char Folder;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Folder, remove_folder)

static void
append_u32 (GByteArray *bytes, guint32 value)
{
  guint32 big_endian = GUINT32_TO_BE (value);

  g_byte_array_append (bytes, (const guint8 *) &big_endian, 4);
}

/* Header of the dimensions, which end with 0. */
static GByteArray *
idx_header (guint8 type, const guint32 *dims)
{
  GByteArray *bytes = g_byte_array_new ();
  guint8 magic[4] = { 0, 0, type, 0 };

  while (dims[magic[3]])
    magic[3]++;
  g_byte_array_append (bytes, magic, 4);
  for (guint i = 0; i < magic[3]; i++)
    append_u32 (bytes, dims[i]);
  return bytes;
}

static void
append_value (GByteArray *bytes, guint8 type, double value)
{
  guint64 bits = 0;
  float single = (float) value;
  guint n = type == 0x08 || type == 0x09 ? 1 : type == 0x0B ? 2 : type == 0x0E ? 8 : 4;

  if (type == 0x0E)
    memcpy (&bits, &value, 8);
  else if (type == 0x0D)
    {
      guint32 word;

      memcpy (&word, &single, 4);
      bits = word;
    }
  else
    bits = (guint64) (gint64) value;
  for (guint i = n; i > 0; i--)
    g_byte_array_append (bytes, &(guint8) { (guint8) (bits >> (8 * (i - 1))) }, 1);
}

static GByteArray *
gzip (GByteArray *bytes)
{
  g_autoptr (GZlibCompressor) compressor = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9);
  GByteArray *packed = g_byte_array_new ();
  guint8 buffer[4096];
  gsize at = 0, n_read, n_written;
  GConverterResult result;

  do
    {
      result = g_converter_convert (G_CONVERTER (compressor), bytes->data + at, bytes->len - at, buffer, sizeof buffer,
                                    G_CONVERTER_INPUT_AT_END, &n_read, &n_written, NULL);
      g_assert_cmpint (result, !=, G_CONVERTER_ERROR);
      g_byte_array_append (packed, buffer, (guint) n_written);
      at += n_read;
    }
  while (result != G_CONVERTER_FINISHED);
  g_byte_array_unref (bytes);
  return packed;
}

/* Takes `bytes`. */
static void
put (const char *folder, const char *name, GByteArray *bytes)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, (const char *) bytes->data, bytes->len, &error);
  g_assert_no_error (error);
  g_byte_array_unref (bytes);
}

/* n samples of 2 × 3, pixel j of sample i being (10 i + j) times `step`. */
static GByteArray *
images (guint8 type, guint32 n, double step)
{
  GByteArray *bytes = idx_header (type, (guint32[]) { n, 2, 3, 0 });

  for (guint i = 0; i < n * 6; i++)
    append_value (bytes, type, (i / 6 * 10 + i % 6) * step);
  return bytes;
}

static GByteArray *
labels (guint8 type, guint32 n, gint first)
{
  GByteArray *bytes = idx_header (type, (guint32[]) { n, 0 });

  for (guint i = 0; i < n; i++)
    append_value (bytes, type, first + (gint) (i % 3));
  return bytes;
}

static void
put_good_set (const char *folder)
{
  put (folder, "train-images-idx3-ubyte", images (0x08, 4, 1));
  put (folder, "train-labels-idx1-ubyte", labels (0x08, 4, 0));
  put (folder, "t10k-images-idx3-ubyte", images (0x08, 2, 1));
  put (folder, "t10k-labels-idx1-ubyte", labels (0x08, 2, 0));
}

/* ---- Opening ---- */

static HlDataset *
open_path (const char *path, GError **error)
{
  g_autoptr (HlChoice) choice = hl_choice_new (hl_format_class_find_base ("idx"));

  return hl_dataset_open (choice, path, NULL, NULL, NULL, error);
}

/* The file `name` in the folder, or the folder when NULL. */
static HlDataset *
open_in (const char *folder, const char *name, GError **error)
{
  g_autofree char *path = name ? g_build_filename (folder, name, NULL) : g_strdup (folder);

  return open_path (path, error);
}

static HlDataset *
open_good (const char *folder, const char *name)
{
  g_autoptr (GError) error = NULL;
  HlDataset *dataset = open_in (folder, name, &error);

  g_assert_no_error (error);
  g_assert_nonnull (dataset);
  return dataset;
}

/* Refused, with every one of the parts in the sentence; NULL ends them. */
static void
assert_refused (const char *folder, const char *name, gint code, ...)
{
  g_autoptr (GError) error = NULL;
  HlDataset *dataset = open_in (folder, name, &error);
  const char *part;
  va_list parts;

  g_assert_null (dataset);
  g_assert_error (error, HL_DATA_ERROR, code);
  va_start (parts, code);
  while ((part = va_arg (parts, const char *)))
    if (!strstr (error->message, part))
      g_error ("“%s” is not in: %s", part, error->message);
  va_end (parts);
  g_assert_true (g_str_has_suffix (error->message, "."));
}

static void
assert_sample (HlDataset *dataset, gsize index, double first, double step)
{
  float values[6];

  hl_dataset_read_sample (dataset, index, values);
  for (guint j = 0; j < 6; j++)
    g_assert_cmpfloat (values[j], ==, (float) ((first + j) * step));
}

/* ---- Good files ---- */

static void
test_types (void)
{
  static const struct
  {
    guint8 type;
    double step;
  } types[] = { { 0x08, 1 }, { 0x09, -1 }, { 0x0B, -300 }, { 0x0C, -70000 }, { 0x0D, 0.25 }, { 0x0E, -0.1 } };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    for (guint packed = 0; packed < 2; packed++)
      {
        g_autoptr (Folder) folder = make_folder ();
        g_autoptr (HlDataset) dataset = NULL;
        GByteArray *bytes = images (types[i].type, 4, types[i].step);

        put (folder, "train-images-idx3", packed ? gzip (bytes) : bytes);
        bytes = labels (types[i].type <= 0x0C ? types[i].type : 0x08, 4, 0);
        put (folder, "train-labels-idx1", packed ? gzip (bytes) : bytes);
        dataset = open_good (folder, NULL);
        g_assert_cmpint (hl_dataset_get_dtype (dataset), ==, types[i].type == 0x08 ? HL_DTYPE_U8 : HL_DTYPE_F32);
        g_assert_true (hl_shape_equal (hl_dataset_get_shape (dataset), &HL_SHAPE_3 (1, 2, 3)));
        g_assert_cmpuint (hl_dataset_get_length (dataset), ==, 4);
        g_assert_cmpuint (hl_dataset_get_n_test (dataset), ==, 0);
        g_assert_cmpuint (hl_dataset_get_n_classes (dataset), ==, 3);
        for (guint j = 0; j < 4; j++)
          {
            assert_sample (dataset, j, j * 10, types[i].step);
            g_assert_cmpint (hl_dataset_get_labels (dataset)[j], ==, (gint) j % 3);
          }
      }
}

static void
test_dimensions (void)
{
  static const struct
  {
    guint32 dims[5];
    HlShape shape;
  } cases[] = {
    { { 5 }, { 3, { 1, 1, 1 } } },
    { { 5, 7 }, { 3, { 1, 1, 7 } } },
    { { 5, 3, 2 }, { 3, { 1, 3, 2 } } },
    { { 5, 3, 4, 2 }, { 3, { 3, 4, 2 } } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Folder) folder = make_folder ();
      g_autoptr (HlDataset) dataset = NULL;
      GByteArray *bytes = idx_header (0x08, cases[i].dims);

      for (guint j = 0; j < 5 * hl_shape_get_count (&cases[i].shape); j++)
        append_value (bytes, 0x08, j);
      put (folder, "train-images", bytes);
      put (folder, "train-labels", labels (0x08, 5, 0));
      dataset = open_good (folder, NULL);
      g_assert_true (hl_shape_equal (hl_dataset_get_shape (dataset), &cases[i].shape));
      g_assert_cmpint (((const guint8 *) hl_dataset_get_values (dataset))[4], ==, 4);
    }
}

static void
test_names (void)
{
  static const char *const names[][4] = {
    { "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
      "t10k-labels-idx1-ubyte.gz" },
    { "train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte" },
    { "train-images-idx3-float.gz", "train-labels-idx1-ubyte.gz", "test-images-idx3-float.gz",
      "test-labels-idx1-ubyte.gz" },
    { "emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte",
      "emnist-letters-test-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte" },
    { "images.idx", "labels.idx", "test_images.idx", "test_labels.idx" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (Folder) folder = make_folder ();
      g_autoptr (HlDataset) whole = NULL;
      g_autoptr (HlDataset) by_images = NULL;
      g_autoptr (HlDataset) by_test = NULL;

      put (folder, names[i][0], images (0x08, 4, 1));
      put (folder, names[i][1], labels (0x08, 4, 0));
      put (folder, names[i][2], images (0x08, 2, 2));
      put (folder, names[i][3], labels (0x08, 2, 1));
      whole = open_good (folder, NULL);
      g_assert_cmpuint (hl_dataset_get_length (whole), ==, 6);
      g_assert_cmpuint (hl_dataset_get_n_test (whole), ==, 2);
      assert_sample (whole, 3, 30, 1);
      assert_sample (whole, 5, 10, 2);
      g_assert_cmpint (hl_dataset_get_labels (whole)[5], ==, 2);
      /* One file stands for its set; a test file that is chosen is all there is. */
      by_images = open_good (folder, names[i][0]);
      g_assert_cmpuint (hl_dataset_get_length (by_images), ==, 6);
      by_test = open_good (folder, names[i][2]);
      g_assert_cmpuint (hl_dataset_get_length (by_test), ==, 2);
      g_assert_cmpuint (hl_dataset_get_n_test (by_test), ==, 0);
      assert_sample (by_test, 1, 10, 2);
    }
}

static void
test_choice_of_files (void)
{
  g_autoptr (Folder) folder = make_folder ();
  g_autoptr (HlDataset) whole = NULL;
  g_autoptr (HlDataset) floats = NULL;
  g_autoptr (HlDataset) by_labels = NULL;

  put (folder, "train-images-idx3-float.gz", gzip (images (0x0D, 4, 0.5)));
  put (folder, "train-images-idx3-ubyte.gz", gzip (images (0x08, 4, 1)));
  put (folder, "train-labels-idx1-ubyte", labels (0x08, 4, 0));
  put (folder, "test-images-idx3-float.gz", images (0x0D, 2, 0.5));
  put (folder, "test-images-idx3-ubyte.gz", images (0x08, 2, 1));
  put (folder, "test-labels-idx1-ubyte", labels (0x08, 2, 0));
  whole = open_good (folder, NULL);
  g_assert_cmpint (hl_dataset_get_dtype (whole), ==, HL_DTYPE_U8);
  floats = open_good (folder, "train-images-idx3-float.gz");
  g_assert_cmpint (hl_dataset_get_dtype (floats), ==, HL_DTYPE_F32);
  assert_sample (floats, 5, 10, 0.5);
  by_labels = open_good (folder, "train-labels-idx1-ubyte");
  g_assert_cmpuint (hl_dataset_get_length (by_labels), ==, 6);
}

static void
test_raw_folder (void)
{
  g_autoptr (Folder) folder = make_folder ();
  char *raw = g_build_filename (folder, "raw", NULL);
  g_autoptr (HlDataset) dataset = NULL;
  g_autoptr (HlDataset) probed = NULL;

  g_assert_cmpint (g_mkdir (raw, 0700), ==, 0);
  put_good_set (raw);
  dataset = open_good (folder, NULL);
  g_assert_cmpuint (hl_dataset_get_length (dataset), ==, 6);
  g_assert_true (g_str_has_suffix (folder, hl_dataset_get_title (dataset)));
  probed = hl_dataset_open (NULL, folder, NULL, NULL, NULL, NULL);
  g_assert_nonnull (probed);
  remove_folder (raw);
}

/* Several gzip pieces in one file, and zeros behind them, as some tools leave. */
static void
test_gzip_pieces (void)
{
  g_autoptr (Folder) folder = make_folder ();
  g_autoptr (HlDataset) dataset = NULL;
  GByteArray *whole = images (0x08, 4, 1), *first = g_byte_array_new (), *second = g_byte_array_new ();

  g_byte_array_append (first, whole->data, 20);
  g_byte_array_append (second, whole->data + 20, whole->len - 20);
  g_byte_array_unref (whole);
  first = gzip (first);
  second = gzip (second);
  g_byte_array_append (first, second->data, second->len);
  g_byte_array_append (first, (const guint8[16]) { 0 }, 16);
  g_byte_array_unref (second);
  put (folder, "train-images.gz", first);
  put (folder, "train-labels", labels (0x08, 4, 0));
  dataset = open_good (folder, NULL);
  assert_sample (dataset, 3, 30, 1);
}

static void
test_class_names (void)
{
  g_autoptr (Folder) folder = make_folder ();
  g_autoptr (HlDataset) dataset = NULL;
  GByteArray *names = g_byte_array_new ();

  put_good_set (folder);
  g_byte_array_append (names, (const guint8 *) "cat\r\ndog\n\n bird \nfish\n", 22);
  put (folder, "class-names.txt", names);
  dataset = open_good (folder, NULL);
  g_assert_cmpuint (hl_dataset_get_n_classes (dataset), ==, 4);
  g_assert_cmpstr (hl_dataset_get_class_name (dataset, 0), ==, "cat");
  g_assert_cmpstr (hl_dataset_get_class_name (dataset, 2), ==, "bird");
}

/* Without a format the file says itself what it is; a relative path is meant from the project's folder. */
static void
test_probe (void)
{
  g_autoptr (Folder) folder = make_folder ();
  g_autoptr (GFile) base = g_file_new_for_path (folder);
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDataset) by_folder = NULL;
  g_autoptr (HlDataset) by_file = NULL;
  GByteArray *text = g_byte_array_new ();

  put_good_set (folder);
  by_folder = hl_dataset_open (NULL, folder, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  by_file = hl_dataset_open (NULL, "train-images-idx3-ubyte", base, NULL, NULL, &error);
  g_assert_no_error (error);
  g_byte_array_append (text, (const guint8 *) "hello", 5);
  put (folder, "notes.txt", text);
  g_assert_null (hl_dataset_open (NULL, "notes.txt", base, NULL, NULL, &error));
  g_assert_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "notes.txt"));
  g_clear_error (&error);
  g_assert_null (hl_dataset_open (NULL, "nothing-here", base, NULL, NULL, &error));
  g_assert_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING);
  g_clear_error (&error);
  g_assert_null (hl_dataset_open (NULL, NULL, base, NULL, NULL, &error));
  g_assert_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING);
}

/* ---- Bad files ---- */

static void
test_missing (void)
{
  g_autoptr (Folder) folder = make_folder ();
  g_autofree char *sub_folder = g_build_filename (folder, "train-images-idx3-ubyte", NULL);

  assert_refused (folder, "train-images-idx3-ubyte", HL_DATA_ERROR_MISSING, "train-images-idx3-ubyte", "not there",
                  NULL);
  assert_refused (folder, NULL, HL_DATA_ERROR_MISSING, folder, "train-labels-idx1-ubyte.gz", NULL);
  g_assert_cmpint (g_mkdir (sub_folder, 0700), ==, 0);
  assert_refused (folder, NULL, HL_DATA_ERROR_MISSING, "a folder of such a name instead of a file", NULL);
  g_assert_cmpint (g_rmdir (sub_folder), ==, 0);
  put (folder, "t10k-images-idx3-ubyte", images (0x08, 2, 1));
  assert_refused (folder, NULL, HL_DATA_ERROR_MISSING, "only test images", NULL);
  put (folder, "train-images-idx3-float", images (0x0D, 2, 1));
  assert_refused (folder, NULL, HL_DATA_ERROR_MISSING, "no labels", "“train-labels-idx1-ubyte”", NULL);
  put (folder, "train-labels-idx1-ubyte", labels (0x08, 2, 0));
  /* Test images without labels are as wrong as training images without. */
  assert_refused (folder, NULL, HL_DATA_ERROR_MISSING, "“t10k-images-idx3-ubyte”", "no labels", NULL);
  put (folder, "strange", images (0x08, 2, 1));
  assert_refused (folder, "strange", HL_DATA_ERROR_MISSING, "strange", "does not tell", NULL);
}

static void
test_missing_package (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (open_path ("/usr/share/datasets/no-such-set/train-images-idx3-ubyte.gz", &error));
  g_assert_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING);
  g_assert_nonnull (strstr (error->message, "“dataset-no-such-set”"));
}

static void
test_ambiguous (void)
{
  g_autoptr (Folder) folder = make_folder ();

  put (folder, "digits-train-images", images (0x08, 2, 1));
  put (folder, "letters-train-images", images (0x08, 2, 1));
  put (folder, "letters-train-labels", labels (0x08, 2, 0));
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "several", "digits-train-images", "letters-train-images", NULL);
  hl_dataset_unref (open_good (folder, "letters-train-images"));
}

static void
test_permission (void)
{
  g_autoptr (Folder) folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "train-images-idx3-ubyte", NULL);
  gboolean is_root = geteuid () == 0;

  put_good_set (folder);
  g_assert_cmpint (g_chmod (folder, 0755), ==, 0);
  g_assert_cmpint (g_chmod (path, 0), ==, 0);
  /* The superuser may read everything, so be nobody for a while. */
  if (is_root && seteuid (65534) != 0)
    {
      g_test_skip ("the superuser cannot become somebody else here");
      return;
    }
  if (access (folder, R_OK) == 0)
    assert_refused (folder, NULL, HL_DATA_ERROR_MISSING, path, "may not be read", NULL);
  else
    g_test_skip ("the folder for temporary files is closed to others");
  if (is_root)
    g_assert_cmpint (seteuid (0), ==, 0);
}

/* A good set but for one file. */
static void
assert_file_refused (const char *name, GByteArray *bytes, const char *first_part, const char *second_part)
{
  g_autoptr (Folder) folder = make_folder ();

  put_good_set (folder);
  put (folder, name, bytes);
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, name, first_part, second_part, NULL);
}

static GByteArray *
bytes_of (const char *data, guint n)
{
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) data, n);
  return bytes;
}

static GByteArray *
cut (GByteArray *bytes, guint length)
{
  g_byte_array_set_size (bytes, length);
  return bytes;
}

static void
test_damaged_plain (void)
{
  GByteArray *longer = images (0x08, 4, 1);

  g_byte_array_append (longer, (const guint8 *) "x", 1);
  assert_file_refused ("train-images-idx3-ubyte", bytes_of ("", 0), "is empty", NULL);
  assert_file_refused ("train-images-idx3-ubyte", bytes_of ("\0\0", 2), "truncated", "2 bytes");
  assert_file_refused ("train-images-idx3-ubyte", cut (images (0x08, 4, 1), 9), "truncated", "header");
  assert_file_refused ("train-images-idx3-ubyte", cut (images (0x08, 4, 1), 30), "24 bytes", "14 bytes");
  assert_file_refused ("train-images-idx3-ubyte", longer, "24 bytes", "25 bytes");
  assert_file_refused ("t10k-labels-idx1-ubyte", cut (labels (0x08, 2, 0), 9), "2 values", "1 bytes");
  assert_file_refused ("train-images-idx3-ubyte", bytes_of ("\x89PNG\r\n\x1a\n", 8), "89 50 4E 47", "00 00");
  assert_file_refused ("train-images-idx3-ubyte", bytes_of ("\0\0\x0A\x03\0\0\0\1", 8), "00 00 0A 03", NULL);
  assert_file_refused ("train-images-idx3-ubyte", bytes_of ("\0\0\x08\0", 4), "00 00 08 00", NULL);
  assert_file_refused ("train-images-idx3-ubyte", idx_header (0x08, (guint32[]) { 1, 1, 1, 1, 1, 0 }), "5 dimensions",
                       NULL);
  assert_file_refused ("train-images-idx3-ubyte", bytes_of ("\0\0\x08\x03\0\0\0\0\0\0\0\2\0\0\0\3", 16), "no samples",
                       "0 × 2 × 3");
}

static void
test_damaged_gzip (void)
{
  GByteArray *changed = gzip (images (0x08, 4, 1)), *bad_sum = gzip (images (0x08, 4, 1));
  GByteArray *packed = gzip (images (0x08, 4, 1));
  guint length = packed->len;

  changed->data[14] ^= 0x5a;
  bad_sum->data[bad_sum->len - 6] ^= 1;
  assert_file_refused ("train-images-idx3-ubyte", changed, "Get the file again", NULL);
  assert_file_refused ("train-images-idx3-ubyte", bad_sum, "gzip", NULL);
  assert_file_refused ("train-images-idx3-ubyte", gzip (cut (images (0x08, 4, 1), 30)), "truncated", "after 14");
  assert_file_refused ("train-images-idx3-ubyte", gzip (g_byte_array_new ()), "0 bytes", NULL);
  assert_file_refused ("train-images-idx3-ubyte", gzip (bytes_of ("hello, world", 12)), "68 65 6C 6C", NULL);
  /* Cut anywhere, at whatever byte. */
  for (guint i = 3; i < length; i++)
    {
      GByteArray *some = g_byte_array_new ();

      g_byte_array_append (some, packed->data, i);
      assert_file_refused ("train-images-idx3-ubyte", some, "gzip", NULL);
    }
  g_byte_array_unref (packed);
}

/* Headers that claim what cannot be: refused before memory is taken. */
static void
test_huge_claims (void)
{
  static const guint32 all = 0xffffffff;
  GByteArray *long_gzip = idx_header (0x08, (guint32[]) { 100000, 1000, 1, 0 });
  GByteArray *zeros = g_byte_array_new ();

  assert_file_refused ("train-images-idx3-ubyte", idx_header (0x0E, (guint32[]) { all, all, all, 0 }),
                       "more samples than any file", NULL);
  assert_file_refused ("train-images-idx3-ubyte", idx_header (0x0E, (guint32[]) { all, all, 0 }),
                       "more than any file", NULL);
  assert_file_refused ("train-images-idx3-ubyte", idx_header (0x08, (guint32[]) { all, 100, 0 }), "429496729500 bytes",
                       "only 0 bytes");
  assert_file_refused ("train-images-idx3-ubyte", gzip (idx_header (0x08, (guint32[]) { 100000, 100000, 0 })),
                       "at most", NULL);
  /* 100 MB claimed, 1 MB of zeros there, packed so well that the size alone does not tell. */
  g_byte_array_set_size (zeros, 1 << 20);
  memset (zeros->data, 0, zeros->len);
  for (guint i = 0; i < 40; i++)
    g_byte_array_append (long_gzip, zeros->data, zeros->len);
  g_byte_array_unref (zeros);
  long_gzip = gzip (long_gzip);
  /* Padding that no unpacking reads makes the file large enough to be believed at first. */
  g_byte_array_set_size (long_gzip, 200000);
  memset (long_gzip->data + long_gzip->len - 100000, 0, 100000);
  assert_file_refused ("train-images-idx3-ubyte", long_gzip, "100000000 bytes", "41943040 bytes");
}

static void
test_counts_disagree (void)
{
  g_autoptr (Folder) folder = make_folder ();

  put_good_set (folder);
  put (folder, "train-labels-idx1-ubyte", labels (0x08, 3, 0));
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "4 samples", "3 labels", "train-images", "train-labels", NULL);
  put (folder, "train-labels-idx1-ubyte", images (0x08, 4, 0));
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "3 dimensions", "train-labels", NULL);
  put (folder, "train-labels-idx1-ubyte", labels (0x0D, 4, 0));
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "32-bit float", "whole numbers", NULL);
  put_good_set (folder);
  put (folder, "t10k-images-idx3-ubyte", idx_header (0x08, (guint32[]) { 2, 1, 1, 0 }));
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "t10k-images", "truncated", NULL);
  {
    GByteArray *small = idx_header (0x08, (guint32[]) { 2, 1, 1, 0 });

    g_byte_array_append (small, (const guint8 *) "ab", 2);
    put (folder, "t10k-images-idx3-ubyte", small);
  }
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "1×2×3", "1×1×1", NULL);
  put (folder, "t10k-images-idx3-ubyte", images (0x0D, 2, 1));
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "unsigned byte", "32-bit float", NULL);
}

static void
test_bad_labels (void)
{
  g_autoptr (Folder) folder = make_folder ();
  GByteArray *names = bytes_of ("one\ntwo\n", 8);

  put_good_set (folder);
  put (folder, "train-labels-idx1-ubyte", labels (0x09, 4, -1));
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "label -1", "sample 0", "train-labels", NULL);
  put (folder, "train-labels-idx1-ubyte", labels (0x0C, 4, 2000000000));
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "label 2000000000", NULL);
  put_good_set (folder);
  put (folder, "t10k-labels-idx1-ubyte", labels (0x08, 2, 2));
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "label 3", "sample 1", "t10k-labels", "0 to 2", NULL);
  put_good_set (folder);
  put (folder, "class-names.txt", names);
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "label 2", "2 class names", NULL);
  put (folder, "class-names.txt", bytes_of ("\n \n", 3));
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "class-names.txt", "empty", NULL);
}

static void
test_not_finite (void)
{
  g_autoptr (Folder) folder = make_folder ();
  GByteArray *bytes = images (0x0D, 4, 1);

  /* Not-a-number in the third sample. */
  memcpy (bytes->data + 16 + 4 * 14, "\x7f\xc0\0\0", 4);
  put (folder, "train-images", bytes);
  put (folder, "train-labels", labels (0x08, 4, 0));
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "train-images", "sample 2", NULL);
  put (folder, "train-images", images (0x0E, 4, 1e39));
  assert_refused (folder, NULL, HL_DATA_ERROR_FORMAT, "train-images", "too large", NULL);
}

static void
test_special_file (void)
{
  g_autoptr (Folder) folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "train-images", NULL);

  put (folder, "train-labels", labels (0x08, 4, 0));
  g_assert_cmpint (symlink ("/dev/zero", path), ==, 0);
  assert_refused (folder, NULL, HL_DATA_ERROR_MISSING, folder, NULL);
  g_unlink (path);
  g_assert_cmpint (symlink ("nowhere", path), ==, 0);
  assert_refused (folder, NULL, HL_DATA_ERROR_MISSING, folder, NULL);
}

static void
cancel_on_report (gpointer data, double fraction, const char *text)
{
  g_assert_cmpfloat (fraction, >=, 0);
  g_assert_cmpfloat (fraction, <=, 1);
  g_cancellable_cancel (data);
}

static void
test_cancel (void)
{
  g_autoptr (Folder) folder = make_folder ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  HlProgress progress = { cancel_on_report, cancellable };

  put_good_set (folder);
  g_assert_null (hl_dataset_open (NULL, folder, NULL, &progress, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* ---- Real sets ---- */

static void
check_real (const char *set, const char *name, const char *title, gsize n, gsize n_test, HlDType type, float low,
            float high, const char *first_class)
{
  const char *root = g_getenv ("HILLOCK_DATA_DIR");
  g_autofree char *path = root ? g_build_filename (root, set, name, NULL) : NULL;
  g_autoptr (HlDataset) dataset = NULL;
  g_autoptr (GError) error = NULL;
  float found_low, found_high;

  if (!root)
    {
      g_test_skip ("HILLOCK_DATA_DIR does not name a folder of data sets");
      return;
    }
  dataset = open_path (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (hl_dataset_get_title (dataset), ==, title);
  g_assert_cmpuint (hl_dataset_get_length (dataset), ==, n);
  g_assert_cmpuint (hl_dataset_get_n_test (dataset), ==, n_test);
  g_assert_cmpint (hl_dataset_get_dtype (dataset), ==, type);
  g_assert_cmpuint (hl_dataset_get_n_classes (dataset), ==, 10);
  g_assert_cmpstr (hl_dataset_get_class_name (dataset, 0), ==, first_class);
  hl_dataset_get_range (dataset, &found_low, &found_high);
  g_assert_cmpfloat (found_low, ==, low);
  g_assert_cmpfloat (found_high, ==, high);
}

static void
test_real_mnist (void)
{
  check_real ("mnist", NULL, "MNIST", 70000, 10000, HL_DTYPE_U8, 0, 255, "0");
}

static void
test_real_fashion (void)
{
  check_real ("fashion-mnist", NULL, "Fashion-MNIST", 70000, 10000, HL_DTYPE_U8, 0, 255, "T-shirt/top");
}

static void
test_real_usps (void)
{
  check_real ("usps", NULL, "USPS", 9298, 2007, HL_DTYPE_U8, 0, 255, "0");
}

static void
test_real_usps_float (void)
{
  check_real ("usps", "train-images-idx3-float.gz", "USPS", 9298, 2007, HL_DTYPE_F32, -1, 1, "0");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/idx/types", test_types);
  g_test_add_func ("/idx/dimensions", test_dimensions);
  g_test_add_func ("/idx/names", test_names);
  g_test_add_func ("/idx/choice-of-files", test_choice_of_files);
  g_test_add_func ("/idx/raw-folder", test_raw_folder);
  g_test_add_func ("/idx/gzip-pieces", test_gzip_pieces);
  g_test_add_func ("/idx/class-names", test_class_names);
  g_test_add_func ("/idx/probe", test_probe);
  g_test_add_func ("/idx/bad/missing", test_missing);
  g_test_add_func ("/idx/bad/missing-package", test_missing_package);
  g_test_add_func ("/idx/bad/ambiguous", test_ambiguous);
  g_test_add_func ("/idx/bad/permission", test_permission);
  g_test_add_func ("/idx/bad/plain", test_damaged_plain);
  g_test_add_func ("/idx/bad/gzip", test_damaged_gzip);
  g_test_add_func ("/idx/bad/huge-claims", test_huge_claims);
  g_test_add_func ("/idx/bad/counts", test_counts_disagree);
  g_test_add_func ("/idx/bad/labels", test_bad_labels);
  g_test_add_func ("/idx/bad/not-finite", test_not_finite);
  g_test_add_func ("/idx/bad/special-file", test_special_file);
  g_test_add_func ("/idx/cancel", test_cancel);
  g_test_add_func ("/idx/real/mnist", test_real_mnist);
  g_test_add_func ("/idx/real/fashion-mnist", test_real_fashion);
  g_test_add_func ("/idx/real/usps", test_real_usps);
  g_test_add_func ("/idx/real/usps-float", test_real_usps_float);
  return g_test_run ();
}
