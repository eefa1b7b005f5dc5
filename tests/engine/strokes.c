/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Strokes: the same seed draws the same digits whatever the counts and threads, classes are equally large, and the
 * ink stays inside the picture. */

#include "engine/base/params-json.h"
#include "engine/data/split.h"

#include <string.h>

#define PIXELS (28 * 28)

static HlDataset *
draw (int count, int test_count, int seed)
{
  g_autoptr (HlChoice) choice = hl_choice_new (hl_format_class_find_base ("strokes"));
  g_autoptr (GError) error = NULL;
  HlDataset *dataset;

  hl_param_set (hl_class_find_param (choice->klass, "count"), choice->params, count);
  hl_param_set (hl_class_find_param (choice->klass, "test_count"), choice->params, test_count);
  hl_param_set (hl_class_find_param (choice->klass, "seed"), choice->params, seed);
  dataset = hl_dataset_open (choice, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  return dataset;
}

/* Other pictures than the usual, seed 3. */
static HlDataset *
draw_other (int count, int size, int digits, gboolean color)
{
  g_autoptr (HlChoice) choice = hl_choice_new (hl_format_class_find_base ("strokes"));
  g_autoptr (GError) error = NULL;
  HlDataset *dataset;

  hl_param_set (hl_class_find_param (choice->klass, "count"), choice->params, count);
  hl_param_set (hl_class_find_param (choice->klass, "test_count"), choice->params, 0);
  hl_param_set (hl_class_find_param (choice->klass, "seed"), choice->params, 3);
  hl_param_set (hl_class_find_param (choice->klass, "size"), choice->params, size);
  hl_param_set (hl_class_find_param (choice->klass, "digits"), choice->params, digits);
  hl_param_set (hl_class_find_param (choice->klass, "color"), choice->params, color);
  dataset = hl_dataset_open (choice, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  return dataset;
}

static void
test_pure (void)
{
  g_autoptr (HlDataset) small = draw (300, 50, 7);
  g_autoptr (HlDataset) large = draw (1700, 50, 7);
  g_autoptr (HlDataset) other = draw (300, 50, 8);
  const guint8 *a = hl_dataset_get_values (small), *b = hl_dataset_get_values (large);

  g_assert_cmpuint (hl_dataset_get_length (large), ==, 1750);
  g_assert_cmpuint (hl_dataset_get_n_test (large), ==, 50);
  g_assert_cmpmem (a, 300 * PIXELS, b, 300 * PIXELS);
  g_assert_cmpmem (a + 300 * PIXELS, 50 * PIXELS, b + 1700 * PIXELS, 50 * PIXELS);
  g_assert_cmpmem (hl_dataset_get_labels (small), 300 * sizeof (gint32), hl_dataset_get_labels (large),
                   300 * sizeof (gint32));
  g_assert_cmpint (memcmp (a, hl_dataset_get_values (other), 300 * PIXELS), !=, 0);
  /* No digit is drawn twice, not even in the test part. */
  for (guint i = 0; i < 50; i++)
    for (guint j = 0; j < 300; j++)
      g_assert_cmpint (memcmp (a + (300 + i) * PIXELS, a + j * PIXELS, PIXELS), !=, 0);
}

static void
test_classes (void)
{
  g_autoptr (HlDataset) dataset = draw (2000, 300, 1);
  const gint32 *labels = hl_dataset_get_labels (dataset);
  guint counts[10] = { 0 }, in_order = 0;

  g_assert_cmpuint (hl_dataset_get_n_classes (dataset), ==, 10);
  for (guint i = 0; i < 2000; i++)
    {
      g_assert_cmpint (labels[i], >=, 0);
      g_assert_cmpint (labels[i], <, 10);
      counts[labels[i]]++;
      in_order += i > 0 && labels[i] == (labels[i - 1] + 1) % 10;
    }
  for (guint c = 0; c < 10; c++)
    g_assert_cmpuint (counts[c], ==, 200);
  g_assert_cmpuint (in_order, <, 400);
}

static void
test_pictures (void)
{
  g_autoptr (HlDataset) dataset = draw (3000, 0, 2);
  const guint8 *values = hl_dataset_get_values (dataset);

  for (guint i = 0; i < 3000; i++)
    {
      const guint8 *x = values + i * PIXELS;
      guint dark = 0, highest = 0;

      for (guint j = 0; j < PIXELS; j++)
        {
          guint row = j / 28, column = j % 28;

          dark += x[j] > 100;
          highest = MAX (highest, x[j]);
          if (row == 0 || row == 27 || column == 0 || column == 27)
            g_assert_cmpuint (x[j], ==, 0);
        }
      g_assert_cmpuint (dark, >, 8);
      g_assert_cmpuint (dark, <, PIXELS / 2);
      g_assert_cmpuint (highest, >, 100);
    }
}

/* The bytes of the first digits, as drawn when this test was written: projects and published results count on them. */
static void
test_unchanged (void)
{
  g_autoptr (HlDataset) dataset = draw (1000, 100, 1);
  g_autofree char *sum
    = g_compute_checksum_for_data (G_CHECKSUM_SHA256, hl_dataset_get_values (dataset), 1100 * PIXELS);

  g_assert_cmpstr (sum, ==, "305d8ca17d83f9c4e794b6122f9393d258aef1ff4db301a6cf4d9cf06718ed7c");
}

/* Any other size shows the same digits: averaged over its little squares, a picture of three times the size is nearly the
 * one of 28 pixels. The pen's edge is one pixel wide in both, so they are not the same. */
static void
test_size (void)
{
  g_autoptr (HlDataset) small = draw (200, 0, 3), large = draw_other (200, 84, 1, FALSE);
  const guint8 *a = hl_dataset_get_values (small), *b = hl_dataset_get_values (large);
  double difference = 0, ink = 0;

  g_assert_cmpuint (hl_dataset_get_shape (large)->dim[1], ==, 84);
  g_assert_cmpuint (hl_dataset_get_shape (large)->dim[2], ==, 84);
  g_assert_cmpmem (hl_dataset_get_labels (small), 200 * sizeof (gint32), hl_dataset_get_labels (large), 200 * sizeof (gint32));
  for (guint i = 0; i < 200 * PIXELS; i++)
    {
      gsize corner = (gsize) (i / 28) * 3 * 84 + i % 28 * 3;
      guint sum = 0;

      for (guint k = 0; k < 9; k++)
        sum += b[corner + k / 3 * 84 + k % 3];
      difference += ABS (sum / 9.0 - a[i]);
      ink += a[i];
    }
  g_assert_cmpfloat (ink, >, 0);
  g_assert_cmpfloat (difference, <, 0.1 * ink);
}

/* A thousand samples are the thousand numbers of three digits, with ink in each third of the picture. */
static void
test_numbers (void)
{
  g_autoptr (HlDataset) dataset = draw_other (1000, 60, 3, FALSE);
  const guint8 *values = hl_dataset_get_values (dataset);
  g_autofree guint8 *seen = g_new0 (guint8, 1000);
  guint in_order = 0;

  g_assert_cmpuint (hl_dataset_get_n_classes (dataset), ==, 1000);
  for (guint i = 0; i < 1000; i++)
    {
      gint32 label = hl_dataset_get_labels (dataset)[i];
      guint ink[3] = { 0 };

      g_assert_cmpint (label, >=, 0);
      g_assert_cmpint (label, <, 1000);
      g_assert_cmpuint (seen[label]++, ==, 0);
      in_order += i > 0 && label == hl_dataset_get_labels (dataset)[i - 1] + 1;
      for (guint k = 0; k < 60 * 60; k++)
        ink[k % 60 / 20] += values[i * 60 * 60 + k] > 60;
      for (guint third = 0; third < 3; third++)
        g_assert_cmpuint (ink[third], >, 3);
    }
  g_assert_cmpuint (in_order, <, 20);
}

/* Three channels, paper darker than ink in each; where there is no ink all pixels are the same. */
static void
test_color (void)
{
  g_autoptr (HlDataset) dataset = draw_other (300, 20, 1, TRUE);
  const guint8 *values = hl_dataset_get_values (dataset);
  guint n_grey = 0;

  g_assert_cmpuint (hl_dataset_get_shape (dataset)->dim[0], ==, 3);
  for (guint i = 0; i < 300; i++)
    {
      const guint8 *x = values + i * 3 * 400;

      for (guint c = 0; c < 3; c++)
        {
          guint highest = 0;

          for (guint k = 0; k < 400; k++)
            {
              g_assert_cmpuint (x[c * 400 + k], >=, x[c * 400]);
              highest = MAX (highest, x[c * 400 + k]);
            }
          g_assert_cmpuint (x[c * 400], <=, 90);
          g_assert_cmpuint (highest, >, 100);
        }
      n_grey += x[0] == x[400] && x[0] == x[800];
    }
  g_assert_cmpuint (n_grey, <, 30);
}

static void
count_report (gpointer data, double fraction, const char *text)
{
  g_assert_cmpfloat (fraction, >=, 0);
  g_assert_cmpfloat (fraction, <=, 1);
  (*(guint *) data)++;
}

static void
cancel_on_report (gpointer data, double fraction, const char *text)
{
  g_cancellable_cancel (data);
}

static void
test_cancel (void)
{
  g_autoptr (HlChoice) choice = hl_choice_new (hl_format_class_find_base ("strokes"));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDataset) dataset = NULL;
  guint n_reports = 0;
  HlProgress counting = { count_report, &n_reports };
  HlProgress cancelling = { cancel_on_report, cancellable };

  g_assert_null (hl_dataset_open (choice, NULL, NULL, &cancelling, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  dataset = hl_dataset_open (choice, NULL, NULL, &counting, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_reports, >, 1);
}

/* ---- The spec, which takes Strokes when nothing else is said ---- */

static HlDataSpec *
spec_from_text (const char *text, GError **error)
{
  g_autoptr (JsonNode) node = json_from_string (text, NULL);

  g_assert_nonnull (node);
  return hl_data_spec_from_json (node, "data", error);
}

static void
test_spec (void)
{
  g_autoptr (HlDataSpec) initial = hl_data_spec_new ();
  g_autoptr (HlDataSpec) empty = spec_from_text ("{}", NULL);
  g_autoptr (HlDataSpec) spec = spec_from_text (
    "{\"format\": {\"name\": \"idx\"}, \"path\": \"digits\", \"normalize\": \"unit\", "
    "\"split\": {\"validation\": 0.25, \"stratify\": false, \"seed\": 99}}", NULL);
  g_autoptr (HlDataSpec) copy = hl_data_spec_copy (spec);
  g_autoptr (JsonNode) json = hl_data_spec_to_json (spec);
  g_autoptr (HlDataSpec) again = hl_data_spec_from_json (json, "data", NULL);

  g_assert_true (hl_data_spec_equal (initial, empty));
  g_assert_cmpstr (initial->format->klass->name, ==, "strokes");
  g_assert_cmpstr (spec->path, ==, "digits");
  g_assert_cmpint (spec->normalize, ==, HL_NORMALIZE_UNIT);
  g_assert_cmpfloat (spec->validation, ==, 0.25);
  g_assert_false (spec->stratify);
  g_assert_cmpuint (spec->split_seed, ==, 99);
  g_assert_true (hl_data_spec_equal (spec, copy));
  g_assert_true (hl_data_spec_equal (spec, again));
  g_assert_false (hl_data_spec_equal (spec, initial));
}

static void
test_spec_refusals (void)
{
  static const struct
  {
    const char *text, *part;
  } bad[] = {
    { "{\"colour\": 1}", "colour" },
    { "{\"normalize\": \"loud\"}", "loud" },
    { "{\"normalize\": 3}", "normalize" },
    { "{\"path\": null}", "path" },
    { "{\"format\": {\"name\": \"nothing\"}}", "nothing" },
    { "{\"split\": {\"validation\": 0.95}}", "validation" },
    { "{\"split\": {\"seed\": -1}}", "seed" },
    { "{\"split\": {\"parts\": 3}}", "parts" },
    { "[]", "data" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (spec_from_text (bad[i].text, &error));
      g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
      g_assert_nonnull (strstr (error->message, bad[i].part));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/strokes/pure", test_pure);
  g_test_add_func ("/strokes/classes", test_classes);
  g_test_add_func ("/strokes/pictures", test_pictures);
  g_test_add_func ("/strokes/unchanged", test_unchanged);
  g_test_add_func ("/strokes/size", test_size);
  g_test_add_func ("/strokes/numbers", test_numbers);
  g_test_add_func ("/strokes/color", test_color);
  g_test_add_func ("/strokes/cancel", test_cancel);
  g_test_add_func ("/strokes/spec", test_spec);
  g_test_add_func ("/strokes/spec-refusals", test_spec_refusals);
  return g_test_run ();
}
