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
  g_test_add_func ("/strokes/cancel", test_cancel);
  g_test_add_func ("/strokes/spec", test_spec);
  g_test_add_func ("/strokes/spec-refusals", test_spec_refusals);
  return g_test_run ();
}
