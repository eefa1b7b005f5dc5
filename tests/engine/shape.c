/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlShape: counts, text, and how dimensions become channel, row and column. */

#include "engine/base/shape.h"

typedef struct
{
  HlShape shape;
  guint64 count;
  guint channels, rows, columns;
  const char *text;
} Case;

static const Case cases[] = {
  { { 0, { 0 } }, 1, 1, 1, 1, "1" },
  { { 1, { 400 } }, 400, 400, 1, 1, "400" },
  { { 2, { 6, 28 } }, 168, 6, 1, 28, "6×28" },
  { { 3, { 6, 28, 30 } }, 5040, 6, 28, 30, "6×28×30" },
  { { 4, { 2, 3, 4, 5 } }, 120, 2, 12, 5, "2×3×4×5" },
  { { 5, { 2, 3, 4, 5, 6 } }, 720, 2, 60, 6, "2×3×4×5×6" },
  { { 3, { 65536, 65536, 4 } }, (guint64) 1 << 34, 65536, 65536, 4, "65536×65536×4" },
};

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *test = &cases[i];
      g_autofree char *text = hl_shape_to_string (&test->shape);

      g_assert_cmpuint (hl_shape_get_count (&test->shape), ==, test->count);
      g_assert_cmpuint (hl_shape_channels (&test->shape), ==, test->channels);
      g_assert_cmpuint (hl_shape_rows (&test->shape), ==, test->rows);
      g_assert_cmpuint (hl_shape_columns (&test->shape), ==, test->columns);
      g_assert_cmpstr (text, ==, test->text);
      for (gsize k = 0; k < G_N_ELEMENTS (cases); k++)
        g_assert_cmpint (hl_shape_equal (&test->shape, &cases[k].shape), ==, i == k);
    }
}

static void
test_types (void)
{
  g_assert_cmpuint (hl_dtype_get_size (HL_DTYPE_F32), ==, 4);
  g_assert_cmpuint (hl_dtype_get_size (HL_DTYPE_I32), ==, 4);
  g_assert_cmpuint (hl_dtype_get_size (HL_DTYPE_U8), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shape/cases", test_cases);
  g_test_add_func ("/shape/types", test_types);
  return g_test_run ();
}
