/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fuzzing target: whatever bytes a file holds, opening it as safetensors gives its tensors or a sentence; and what could
 * be opened can be written, opened again, and is then the same. */

#include "engine/exchange/safetensors.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize n);

static GFile *first, *second;

static void
make_files (void)
{
  g_autofree char *folder = g_dir_make_tmp ("hillock-fuzz-XXXXXX", NULL);
  g_autofree char *one = NULL, *other = NULL;

  if (folder == NULL)
    abort ();
  one = g_build_filename (folder, "first.safetensors", NULL);
  other = g_build_filename (folder, "second.safetensors", NULL);
  first = g_file_new_for_path (one);
  second = g_file_new_for_path (other);
}

static gsize
get_size (const HlTensorFileEntry *entry)
{
  static const char *const wide[] = { "U64", "I64", "F64", "C64" }, *const single[] = { "F32", "U32", "I32" };
  static const char *const half[] = { "BF16", "F16", "U16", "I16" };

  for (gsize i = 0; i < G_N_ELEMENTS (wide); i++)
    if (g_str_equal (entry->dtype, wide[i]))
      return entry->n * 8;
  for (gsize i = 0; i < G_N_ELEMENTS (single); i++)
    if (g_str_equal (entry->dtype, single[i]))
      return entry->n * 4;
  for (gsize i = 0; i < G_N_ELEMENTS (half); i++)
    if (g_str_equal (entry->dtype, half[i]))
      return entry->n * 2;
  if (g_str_equal (entry->dtype, "F4"))
    return entry->n / 2;
  return g_str_has_prefix (entry->dtype, "F6_") ? entry->n * 6 / 8 : entry->n;
}

static void
copy_tensors (HlTensorFile *from, HlTensorFile *to)
{
  for (guint i = 0; i < hl_tensor_file_get_n (from); i++)
    {
      const HlTensorFileEntry *entry = hl_tensor_file_get (from, i);
      gsize n_bytes = get_size (entry);
      g_autofree guint8 *bytes = g_malloc (n_bytes + 1);
      g_autofree float *values = g_new (float, entry->n + 1);

      if (!hl_tensor_file_read_bytes (from, entry, bytes, n_bytes, NULL))
        abort ();
      hl_tensor_file_read_f32 (from, entry, values, NULL);
      hl_tensor_file_add_bytes (to, entry->name, entry->dtype, entry->n_dims, entry->dim, bytes);
    }
}

static void
compare (HlTensorFile *a, HlTensorFile *b)
{
  if (hl_tensor_file_get_n (a) != hl_tensor_file_get_n (b))
    abort ();
  for (guint i = 0; i < hl_tensor_file_get_n (a); i++)
    {
      const HlTensorFileEntry *x = hl_tensor_file_get (a, i), *y = hl_tensor_file_find (b, x->name);

      if (y == NULL || !g_str_equal (x->dtype, y->dtype) || x->n_dims != y->n_dims
          || memcmp (x->dim, y->dim, sizeof x->dim) != 0)
        abort ();
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autoptr (HlTensorFile) opened = NULL, copy = NULL, again = NULL;
  g_autoptr (GError) error = NULL;

  if (first == NULL)
    make_files ();
  if (!g_file_set_contents_full (g_file_peek_path (first), (const char *) data, (gssize) n, G_FILE_SET_CONTENTS_NONE, 0600,
                                 NULL))
    abort ();
  opened = hl_tensor_file_open (first, &error);
  if ((opened == NULL) != (error != NULL) || (error && !g_utf8_validate (error->message, -1, NULL)))
    abort ();
  if (opened == NULL)
    return 0;
  copy = hl_tensor_file_new ();
  copy_tensors (opened, copy);
  if (!hl_tensor_file_write (copy, second, &error))
    abort ();
  again = hl_tensor_file_open (second, &error);
  if (again == NULL)
    abort ();
  compare (opened, again);
  return 0;
}
