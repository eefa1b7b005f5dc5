/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlTiles: the grid it chooses, the pixels it draws, what it tells a screen reader. */

#include "config.h"

#include <math.h>

#include "ui/widgets/tiles.h"

static void
test_layout (void)
{
  guint columns, rows;

  hl_tiles_layout (6, 1, 1.5, &columns, &rows);
  g_assert_cmpuint (columns, ==, 3);
  g_assert_cmpuint (rows, ==, 2);
  hl_tiles_layout (16, 1, 1, &columns, &rows);
  g_assert_cmpuint (columns, ==, 4);
  g_assert_cmpuint (rows, ==, 4);
  hl_tiles_layout (5, 1, 5, &columns, &rows);
  g_assert_cmpuint (columns, ==, 5);
  g_assert_cmpuint (rows, ==, 1);
  hl_tiles_layout (3, 4, 1, &columns, &rows);
  g_assert_cmpuint (columns, ==, 1);
  g_assert_cmpuint (rows, ==, 3);
  hl_tiles_layout (0, 1, 1, &columns, &rows);
  g_assert_cmpuint (columns * rows, ==, 1);
  for (guint n = 1; n < 300; n += 7)
    {
      hl_tiles_layout (n, 1, 1.4, &columns, &rows);
      g_assert_cmpuint (columns * rows, >=, n);
      g_assert_cmpuint (columns * (rows - 1), <, n);
    }
}

static guint32
pixel_at (cairo_surface_t *surface, int x, int y)
{
  const guint8 *row = cairo_image_surface_get_data (surface) + (gsize) y * cairo_image_surface_get_stride (surface);

  return ((const guint32 *) (const void *) row)[x];
}

static cairo_surface_t *
draw (GtkWidget *tiles, int width, int height)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  cairo_t *cr = cairo_create (surface);

  hl_tiles_draw (HL_TILES (tiles), cr, width, height);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  return surface;
}

/* A 2×2 picture at 10 pixels a value: hard edges between black, two greys and white. */
static void
test_crisp (void)
{
  GtkWidget *tiles = g_object_ref_sink (hl_tiles_new ());
  const float values[] = { 0, 1, 2, 3 };
  cairo_surface_t *surface;

  hl_tiles_set_array (HL_TILES (tiles), &HL_SHAPE_3 (1, 2, 2), values, TRUE, FALSE);
  surface = draw (tiles, 20, 20);
  g_assert_cmphex (pixel_at (surface, 0, 0), ==, 0xff000000);
  g_assert_cmphex (pixel_at (surface, 9, 9), ==, 0xff000000);
  g_assert_cmphex (pixel_at (surface, 10, 9), ==, 0xff555555);
  g_assert_cmphex (pixel_at (surface, 9, 10), ==, 0xffaaaaaa);
  g_assert_cmphex (pixel_at (surface, 19, 19), ==, 0xffffffff);
  cairo_surface_destroy (surface);
  g_object_unref (tiles);
}

/* With ranges of their own both tiles reach white, with one range only the brighter one does. */
static void
test_ranges (void)
{
  GtkWidget *tiles = g_object_ref_sink (hl_tiles_new ());
  const float values[] = { 0, 1, 0, 5 };
  cairo_surface_t *surface;

  hl_tiles_set_array (HL_TILES (tiles), &HL_SHAPE_3 (2, 1, 2), values, TRUE, FALSE);
  surface = draw (tiles, 42, 10);
  g_assert_cmphex (pixel_at (surface, 15, 5), ==, 0xffffffff);
  g_assert_cmphex (pixel_at (surface, 37, 5), ==, 0xffffffff);
  g_assert_cmphex (pixel_at (surface, 20, 5), ==, 0);
  cairo_surface_destroy (surface);
  hl_tiles_set_array (HL_TILES (tiles), &HL_SHAPE_3 (2, 1, 2), values, FALSE, FALSE);
  surface = draw (tiles, 42, 10);
  g_assert_cmphex (pixel_at (surface, 15, 5), ==, 0xff333333);
  g_assert_cmphex (pixel_at (surface, 37, 5), ==, 0xffffffff);
  cairo_surface_destroy (surface);
  g_object_unref (tiles);
}

static void
test_color (void)
{
  GtkWidget *tiles = g_object_ref_sink (hl_tiles_new ());
  const float values[] = { 255, 0, 0, 255, 0, 0 };
  cairo_surface_t *surface;

  hl_tiles_set_array (HL_TILES (tiles), &HL_SHAPE_3 (3, 1, 2), values, FALSE, TRUE);
  surface = draw (tiles, 20, 10);
  g_assert_cmphex (pixel_at (surface, 5, 5), ==, 0xffff0000);
  g_assert_cmphex (pixel_at (surface, 15, 5), ==, 0xff00ff00);
  cairo_surface_destroy (surface);
  g_object_unref (tiles);
}

/* The longest bar reaches the right edge; a value that is no number draws as none instead of failing. */
static void
test_bars (void)
{
  const char *const names[] = { "Shirt", "Bag", "Coat" };
  GtkWidget *tiles = g_object_ref_sink (hl_tiles_new ());
  const float values[] = { 0.25, 1, (float) NAN };
  cairo_surface_t *surface;
  char *bad;

  hl_tiles_set_bars (HL_TILES (tiles), 3, names, values, 1);
  surface = draw (tiles, 120, 60);
  g_assert_cmphex (pixel_at (surface, 118, 30), !=, 0);
  g_assert_cmphex (pixel_at (surface, 118, 10), ==, 0);
  g_assert_cmphex (pixel_at (surface, 118, 50), ==, 0);
  cairo_surface_destroy (surface);
  bad = gtk_test_accessible_check_property (GTK_ACCESSIBLE (tiles), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, "Bag with 100 %");
  g_assert_null (bad);
  g_object_unref (tiles);
}

static void
test_volume (void)
{
  static const HlShape shapes[] = { { 3, { 6, 28, 28 } }, { 3, { 16, 5, 5 } }, { 1, { 120 } }, { 3, { 512, 1, 1 } } };
  GtkWidget *tiles = g_object_ref_sink (hl_tiles_new ());

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      cairo_surface_t *surface;
      guint n = 0;

      hl_tiles_set_volume (HL_TILES (tiles), &shapes[i]);
      surface = draw (tiles, 150, 100);
      for (int y = 0; y < 100; y++)
        for (int x = 0; x < 150; x++)
          n += pixel_at (surface, x, y) != 0;
      g_assert_cmpuint (n, >, 50);
      g_assert_cmpuint (n, <, 150 * 100);
      cairo_surface_destroy (surface);
    }
  g_object_unref (tiles);
}

static void
test_accessible (void)
{
  GtkWidget *tiles = g_object_ref_sink (hl_tiles_new ());
  float *values = g_new0 (float, 6 * 28 * 28);
  char *bad;

  g_assert_cmpint (gtk_accessible_get_accessible_role (GTK_ACCESSIBLE (tiles)), ==, GTK_ACCESSIBLE_ROLE_IMG);
  hl_tiles_set_array (HL_TILES (tiles), &HL_SHAPE_3 (6, 28, 28), values, TRUE, FALSE);
  bad = gtk_test_accessible_check_property (GTK_ACCESSIBLE (tiles), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, "6 pictures of 28×28 values");
  g_assert_null (bad);
  hl_tiles_set_array (HL_TILES (tiles), NULL, NULL, TRUE, FALSE);
  bad = gtk_test_accessible_check_property (GTK_ACCESSIBLE (tiles), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, "empty");
  g_assert_null (bad);
  g_free (values);
  g_object_unref (tiles);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tiles/layout", test_layout);
  g_test_add_func ("/tiles/crisp", test_crisp);
  g_test_add_func ("/tiles/ranges", test_ranges);
  g_test_add_func ("/tiles/color", test_color);
  g_test_add_func ("/tiles/bars", test_bars);
  g_test_add_func ("/tiles/volume", test_volume);
  g_test_add_func ("/tiles/accessible", test_accessible);
  return g_test_run ();
}
