/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fuzzing target: whatever bytes lie in IDX files, opening them gives a good data set or a sentence.
 * Input: one byte of switches, two bytes (low, high) with the length of the images, the images, the labels. */

#include "engine/data/dataset.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { PACK_IMAGES = 1, PACK_LABELS = 2, BY_FILE = 4, AS_TEST_TOO = 8, WITH_NAMES = 16 };

int LLVMFuzzerTestOneInput (const guint8 *data, gsize n);

static char *folder;

static void
write_file (const char *name, const guint8 *bytes, gsize n)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  FILE *file = fopen (path, "wb");

  if (!file || fwrite (bytes, 1, n, file) != n)
    abort ();
  fclose (file);
}

static void
remove_file (const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_unlink (path);
}

/* A valid gzip of the bytes, so that what is unpacked is fuzzed and not only its checksum. */
static void
write_packed (const char *name, const guint8 *bytes, gsize n)
{
  g_autoptr (GZlibCompressor) compressor = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 1);
  g_autofree guint8 *packed = g_malloc (n + n / 8 + 256);
  gsize n_read, n_written;

  if (g_converter_convert (G_CONVERTER (compressor), bytes, n, packed, n + n / 8 + 256, G_CONVERTER_INPUT_AT_END,
                           &n_read, &n_written, NULL) != G_CONVERTER_FINISHED)
    abort ();
  write_file (name, packed, n_written);
}

static void
write_pair (const char *images_name, const char *labels_name, guint8 switches, const guint8 *bytes, gsize n,
            gsize n_images)
{
  if (switches & PACK_IMAGES)
    write_packed (images_name, bytes, n_images);
  else
    write_file (images_name, bytes, n_images);
  if (switches & PACK_LABELS)
    write_packed (labels_name, bytes + n_images, n - n_images);
  else
    write_file (labels_name, bytes + n_images, n - n_images);
}

/* Everything a reader of the data set relies on. */
static void
check_dataset (const HlDataset *dataset)
{
  gsize n = hl_dataset_get_length (dataset), sample = hl_shape_get_count (hl_dataset_get_shape (dataset));
  g_autofree float *values = g_new (float, sample);

  if (n == 0 || sample == 0 || hl_dataset_get_n_test (dataset) >= n)
    abort ();
  for (gsize i = 0; i < n; i++)
    {
      gint32 label = hl_dataset_get_labels (dataset)[i];

      if (label < 0 || (guint) label >= hl_dataset_get_n_classes (dataset)
          || !g_utf8_validate (hl_dataset_get_class_name (dataset, (guint) label), -1, NULL))
        abort ();
      hl_dataset_read_sample (dataset, i, values);
      for (gsize j = 0; j < sample; j++)
        if (!isfinite (values[j]))
          abort ();
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autoptr (HlDataset) dataset = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  gsize n_images;
  guint8 switches;

  if (n < 3)
    return 0;
  if (!folder)
    {
      g_setenv ("TMPDIR", g_file_test ("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm" : "/tmp", FALSE);
      folder = g_dir_make_tmp ("hillock-fuzz-XXXXXX", NULL);
      if (!folder)
        abort ();
    }
  switches = data[0];
  n_images = MIN (data[1] | (gsize) data[2] << 8, n - 3);
  write_pair ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", switches, data + 3, n - 3, n_images);
  if (switches & AS_TEST_TOO)
    write_pair ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", (guint8) ~switches, data + 3, n - 3, n_images);
  else
    remove_file ("t10k-images-idx3-ubyte");
  if (switches & WITH_NAMES)
    write_file ("class-names.txt", data + 3 + n_images, n - 3 - n_images);
  else
    remove_file ("class-names.txt");
  path = g_build_filename (folder, switches & BY_FILE ? "train-images-idx3-ubyte" : NULL, NULL);
  dataset = hl_dataset_open (NULL, path, NULL, NULL, NULL, &error);
  if (dataset)
    check_dataset (dataset);
  if (!dataset == !error || (error && !g_utf8_validate (error->message, -1, NULL)))
    abort ();
  return 0;
}
