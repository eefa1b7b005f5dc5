/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GoldenFile. */

#include "tests/support/golden.h"

#include <math.h>

struct _GoldenFile
{
  HlTensorFile *tensors;
  JsonNode *json;
  JsonArray *cases;
  GHashTable *used;
};

GoldenFile *
golden_file_open (const char *name)
{
  GoldenFile *self = g_new0 (GoldenFile, 1);
  g_autofree char *base = g_strconcat (name, ".safetensors", NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", base, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  self->tensors = hl_tensor_file_open (file, &error);
  g_assert_no_error (error);
  self->json = json_from_string (hl_tensor_file_get_metadata (self->tensors, "cases"), &error);
  g_assert_no_error (error);
  self->cases = json_node_get_array (self->json);
  g_assert_cmpuint (json_array_get_length (self->cases), >, 0);
  self->used = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
golden_file_free (GoldenFile *self)
{
  hl_tensor_file_free (self->tensors);
  json_node_unref (self->json);
  g_hash_table_unref (self->used);
  g_free (self);
}

guint
golden_file_get_n_cases (GoldenFile *self)
{
  return json_array_get_length (self->cases);
}

JsonObject *
golden_file_get_case (GoldenFile *self, guint i)
{
  return json_array_get_object_element (self->cases, i);
}

const HlTensorFileEntry *
golden_file_entry (GoldenFile *self, const char *name)
{
  const HlTensorFileEntry *entry = hl_tensor_file_find (self->tensors, name);

  if (entry == NULL)
    g_error ("the file of expected values has no “%s”", name);
  g_hash_table_add (self->used, entry->name);
  return entry;
}

gboolean
golden_file_has (GoldenFile *self, const char *name)
{
  return hl_tensor_file_find (self->tensors, name) != NULL;
}

float *
golden_file_read (GoldenFile *self, const char *name, gsize n)
{
  const HlTensorFileEntry *entry = golden_file_entry (self, name);
  float *values = g_new (float, n + 1);
  g_autoptr (GError) error = NULL;

  if (entry->n != n)
    g_error ("“%s” has %" G_GSIZE_FORMAT " values, wanted are %" G_GSIZE_FORMAT, name, entry->n, n);
  hl_tensor_file_read_f32 (self->tensors, entry, values, &error);
  g_assert_no_error (error);
  return values;
}

void
golden_file_compare (GoldenFile *self, const char *name, const double *values, gsize n, double tolerance)
{
  g_autofree float *expected = golden_file_read (self, name, n);
  double largest = 0, most = 0;
  gsize worst = 0;

  for (gsize i = 0; i < n; i++)
    {
      double error = fabs (values[i] - expected[i]);

      largest = fmax (largest, fabs (expected[i]));
      if (!(error <= most))
        {
          most = isnan (error) ? INFINITY : error;
          worst = i;
        }
    }
  if (most <= tolerance * largest)
    return;
  g_test_message ("%s: element %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " is %.9g instead of %.9g; the largest is %.9g", name,
                  worst, n, values[worst], expected[worst], largest);
  g_test_fail ();
}

void
golden_file_assert_all_used (GoldenFile *self)
{
  for (guint i = 0; i < hl_tensor_file_get_n (self->tensors); i++)
    if (!g_hash_table_contains (self->used, hl_tensor_file_get (self->tensors, i)->name))
      g_error ("“%s” was compared with nothing", hl_tensor_file_get (self->tensors, i)->name);
}
