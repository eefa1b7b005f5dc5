/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Split and normalisation: exact shares, no sample in two parts, test samples apart, numbers worked out by hand. */

#include "engine/data/split.h"

#include <math.h>
#include <string.h>

/* n_files + n_test samples of one value; the labels repeat `pattern`. */
static HlDataset *
make_dataset (gsize n_files, gsize n_test, guint n_classes, gint32 (*label) (gsize index))
{
  gsize n = n_files + n_test;
  guint8 *values = hl_dataset_alloc_values (n, NULL);
  gint32 *labels = g_new (gint32, n);

  for (gsize i = 0; i < n; i++)
    {
      values[i] = (guint8) i;
      labels[i] = label (i);
    }
  return hl_dataset_new ("made", &HL_SHAPE_3 (1, 1, 1), HL_DTYPE_U8, values, n, n_test, labels, n_classes, NULL);
}

/* Sizes of the classes in 100 samples: 70, 20, 10. */
static gint32
uneven_label (gsize index)
{
  return index % 10 < 7 ? 0 : index % 10 < 9 ? 1 : 2;
}

static gint32
ten_labels (gsize index)
{
  return (gint32) (index % 10);
}

static HlDataSpec *
make_spec (double validation, gboolean stratify, guint64 seed)
{
  HlDataSpec *spec = g_new0 (HlDataSpec, 1);

  spec->validation = validation;
  spec->stratify = stratify;
  spec->split_seed = seed;
  return spec;
}

/* Every sample in exactly one part, indices ascending, counts true, test samples and only those in the test part. */
static void
check_partition (HlDataset *dataset, HlSplit *split)
{
  gsize n = hl_dataset_get_length (dataset), n_files = n - hl_dataset_get_n_test (dataset), total = 0;
  g_autofree guint8 *seen = g_new0 (guint8, n);
  const gint32 *labels = hl_dataset_get_labels (dataset);

  for (guint part = 0; part < HL_N_PARTS; part++)
    {
      g_autofree gsize *counts = g_new0 (gsize, hl_dataset_get_n_classes (dataset));
      gsize length;
      const guint32 *indices = hl_split_get_indices (split, part, &length);

      for (gsize i = 0; i < length; i++)
        {
          g_assert_true (i == 0 || indices[i] > indices[i - 1]);
          g_assert_cmpuint (seen[indices[i]]++, ==, 0);
          g_assert_cmpuint (hl_split_get_part (split, indices[i]), ==, part);
          g_assert_true ((indices[i] >= n_files) == (part == HL_PART_TEST));
          counts[labels[indices[i]]]++;
        }
      for (guint c = 0; c < hl_dataset_get_n_classes (dataset); c++)
        g_assert_cmpuint (hl_split_get_class_count (split, part, c), ==, counts[c]);
      total += length;
    }
  g_assert_cmpuint (total, ==, n);
}

static void
test_partition (void)
{
  for (guint n = 2; n < 60; n += 3)
    for (guint stratify = 0; stratify < 2; stratify++)
      {
        g_autoptr (HlDataset) dataset = make_dataset (n, n / 3, 10, ten_labels);
        g_autoptr (HlDataSpec) spec = make_spec (0.3, stratify, n);
        g_autoptr (GError) error = NULL;
        g_autoptr (HlSplit) split = hl_split_new (dataset, spec, &error);
        gsize n_validation;

        g_assert_no_error (error);
        check_partition (dataset, split);
        hl_split_get_indices (split, HL_PART_VALIDATION, &n_validation);
        g_assert_cmpuint (n_validation, ==, (guint) floor (0.3 * n + 0.5));
      }
}

static void
test_largest_remainder (void)
{
  /* 13 of 100: exact shares 9.1, 2.6, 1.3; rounded down 9, 2, 1; the one missing goes to the second class. */
  g_autoptr (HlDataset) dataset = make_dataset (100, 30, 3, uneven_label);
  g_autoptr (HlDataSpec) spec = make_spec (0.13, TRUE, 5);
  g_autoptr (HlSplit) split = hl_split_new (dataset, spec, NULL);
  /* 12 of 100: 8.4, 2.4, 1.2; the first of the two equal remainders. */
  g_autoptr (HlDataSpec) other_spec = make_spec (0.12, TRUE, 5);
  g_autoptr (HlSplit) other = hl_split_new (dataset, other_spec, NULL);

  check_partition (dataset, split);
  g_assert_cmpuint (hl_split_get_class_count (split, HL_PART_VALIDATION, 0), ==, 9);
  g_assert_cmpuint (hl_split_get_class_count (split, HL_PART_VALIDATION, 1), ==, 3);
  g_assert_cmpuint (hl_split_get_class_count (split, HL_PART_VALIDATION, 2), ==, 1);
  g_assert_cmpuint (hl_split_get_class_count (split, HL_PART_TRAIN, 0), ==, 61);
  g_assert_cmpuint (hl_split_get_class_count (split, HL_PART_TEST, 0), ==, 21);
  g_assert_cmpuint (hl_split_get_class_count (other, HL_PART_VALIDATION, 0), ==, 9);
  g_assert_cmpuint (hl_split_get_class_count (other, HL_PART_VALIDATION, 1), ==, 2);
  g_assert_cmpuint (hl_split_get_class_count (other, HL_PART_VALIDATION, 2), ==, 1);
}

static gboolean
same_training_part (HlSplit *a, HlSplit *b)
{
  gsize n_a, n_b;
  const guint32 *indices_a = hl_split_get_indices (a, HL_PART_TRAIN, &n_a);
  const guint32 *indices_b = hl_split_get_indices (b, HL_PART_TRAIN, &n_b);

  return n_a == n_b && memcmp (indices_a, indices_b, n_a * sizeof *indices_a) == 0;
}

static void
test_seed (void)
{
  g_autoptr (HlDataset) dataset = make_dataset (200, 0, 10, ten_labels);

  for (guint stratify = 0; stratify < 2; stratify++)
    {
      g_autoptr (HlDataSpec) spec = make_spec (0.25, stratify, 42);
      g_autoptr (HlDataSpec) other_spec = make_spec (0.25, stratify, 43);
      g_autoptr (HlSplit) a = hl_split_new (dataset, spec, NULL);
      g_autoptr (HlSplit) b = hl_split_new (dataset, spec, NULL);
      g_autoptr (HlSplit) other = hl_split_new (dataset, other_spec, NULL);

      g_assert_true (same_training_part (a, b));
      g_assert_false (same_training_part (a, other));
    }
}

/* Without stratification each sample validates in a share of the seeds that is the share of the part. */
static void
test_fair (void)
{
  g_autoptr (HlDataset) dataset = make_dataset (20, 0, 10, ten_labels);
  guint hits[20] = { 0 };

  for (guint seed = 0; seed < 1000; seed++)
    {
      g_autoptr (HlDataSpec) spec = make_spec (0.5, FALSE, seed);
      g_autoptr (HlSplit) split = hl_split_new (dataset, spec, NULL);

      for (guint i = 0; i < 20; i++)
        hits[i] += hl_split_get_part (split, i) == HL_PART_VALIDATION;
    }
  /* Expected 500, deviation 16. */
  for (guint i = 0; i < 20; i++)
    {
      g_assert_cmpuint (hits[i], >, 420);
      g_assert_cmpuint (hits[i], <, 580);
    }
}

static void
test_refusals (void)
{
  g_autoptr (HlDataset) one = make_dataset (1, 0, 10, ten_labels);
  g_autoptr (HlDataset) only_test = make_dataset (0, 5, 10, ten_labels);
  g_autoptr (HlDataset) dataset = make_dataset (10, 0, 10, ten_labels);
  g_autoptr (HlDataSpec) spec = make_spec (0.9, TRUE, 1);
  g_autoptr (HlDataSpec) nonsense = make_spec (NAN, TRUE, 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (hl_split_new (one, spec, &error));
  g_assert_error (error, HL_DATA_ERROR, HL_DATA_ERROR_SPLIT);
  g_assert_nonnull (strstr (error->message, "“made” has 1 samples for training and 1 of them"));
  g_clear_error (&error);
  g_assert_null (hl_split_new (only_test, spec, &error));
  g_assert_error (error, HL_DATA_ERROR, HL_DATA_ERROR_SPLIT);
  g_clear_error (&error);
  g_assert_null (hl_split_new (dataset, nonsense, &error));
  g_assert_error (error, HL_DATA_ERROR, HL_DATA_ERROR_SPLIT);
}

static HlDataset *
make_two_channels (HlDType type)
{
  /* Two channels of 1×2; the third sample is the test file's and must not count. */
  static const float numbers[] = { 1, 3, 10, 10, 5, 7, 10, 10, 200, 200, 200, 200 };
  gpointer values = hl_dataset_alloc_values (sizeof numbers, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (type == HL_DTYPE_U8)
      ((guint8 *) values)[i] = (guint8) numbers[i];
    else
      ((float *) values)[i] = numbers[i] / 10;
  return hl_dataset_new ("two", &HL_SHAPE_3 (2, 1, 2), type, values, 3, 1, g_new0 (gint32, 3), 1, NULL);
}

static void
test_normalization (void)
{
  g_autoptr (HlDataset) bytes = make_two_channels (HL_DTYPE_U8);
  g_autoptr (HlDataset) floats = make_two_channels (HL_DTYPE_F32);
  g_autoptr (HlDataSpec) spec = make_spec (0, TRUE, 1);
  g_autoptr (HlSplit) split = hl_split_new (bytes, spec, NULL);
  g_autoptr (HlNormalization) standard = hl_normalization_new (bytes, split, HL_NORMALIZE_STANDARD);
  g_autoptr (HlNormalization) of_floats = hl_normalization_new (floats, split, HL_NORMALIZE_STANDARD);
  g_autoptr (HlNormalization) unit = hl_normalization_new (bytes, split, HL_NORMALIZE_UNIT);
  g_autoptr (HlNormalization) unit_floats = hl_normalization_new (floats, split, HL_NORMALIZE_UNIT);
  g_autoptr (HlNormalization) none = hl_normalization_new (bytes, split, HL_NORMALIZE_NONE);
  float sample[4];

  /* 1 3 5 7: mean 4, variance (9 + 1 + 1 + 9) / 4 = 5. The second channel is constant. */
  g_assert_cmpfloat (standard->mean[0], ==, 4);
  g_assert_cmpfloat_with_epsilon (standard->scale[0], 1 / sqrt (5), 1e-7);
  g_assert_cmpfloat (standard->mean[1], ==, 10);
  g_assert_cmpfloat (standard->scale[1], ==, 1);
  g_assert_cmpfloat_with_epsilon (of_floats->mean[0], 0.4, 1e-7);
  g_assert_cmpfloat_with_epsilon (of_floats->scale[0], 10 / sqrt (5), 1e-6);
  g_assert_cmpfloat (of_floats->scale[1], ==, 1);
  g_assert_cmpfloat (unit->mean[0], ==, 0);
  g_assert_cmpfloat_with_epsilon (unit->scale[1], 1 / 255.0, 1e-9);
  g_assert_cmpfloat (unit_floats->scale[1], ==, 1);
  g_assert_cmpfloat (none->scale[0], ==, 1);

  hl_dataset_read_sample (bytes, 1, sample);
  hl_normalization_apply (standard, hl_dataset_get_shape (bytes), sample);
  g_assert_cmpfloat_with_epsilon (sample[0], 1 / sqrt (5), 1e-6);
  g_assert_cmpfloat_with_epsilon (sample[1], 3 / sqrt (5), 1e-6);
  g_assert_cmpfloat (sample[2], ==, 0);
}

static void
test_dataset (void)
{
  g_autoptr (HlDataset) floats = make_two_channels (HL_DTYPE_F32);
  g_autoptr (GError) error = NULL;
  float low, high;

  hl_dataset_get_range (floats, &low, &high);
  g_assert_cmpfloat (low, ==, 0.1f);
  g_assert_cmpfloat (high, ==, 20);
  g_assert_cmpstr (hl_dataset_get_class_name (floats, 0), ==, "0");
  g_assert_cmpuint ((guintptr) hl_dataset_get_values (floats) % 64, ==, 0);

  /* More than any computer has: a sentence, not the end of the program. */
  g_assert_null (hl_dataset_alloc_values (G_MAXSIZE / 2, &error));
  g_assert_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT);
  g_clear_error (&error);
  g_assert_null (hl_dataset_alloc_values (G_MAXSIZE - 3, &error));
  g_assert_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/split/partition", test_partition);
  g_test_add_func ("/split/largest-remainder", test_largest_remainder);
  g_test_add_func ("/split/seed", test_seed);
  g_test_add_func ("/split/fair", test_fair);
  g_test_add_func ("/split/refusals", test_refusals);
  g_test_add_func ("/split/normalization", test_normalization);
  g_test_add_func ("/split/dataset", test_dataset);
  return g_test_run ();
}
