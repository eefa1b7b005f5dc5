/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Charts: axes, thinning and smoothing as pure functions; the widget's drawing, words and files. */

#include "config.h"

#include <math.h>

#include "engine/base/error.h"
#include "ui/chart/axis.h"
#include "ui/chart/chart.h"
#include "ui/chart/decimate.h"
#include "ui/chart/export.h"
#include "ui/chart/palette.h"

/* ---- Axis ---- */

static void
assert_ticks (double low, double high, gboolean log, HlAxisFormat format, guint wanted, const char *expected)
{
  g_autoptr(GString) text = g_string_new (NULL);
  HlTick ticks[HL_AXIS_MAX_TICKS];
  HlAxis axis;
  guint n;

  hl_axis_init (&axis, low, high, log);
  n = hl_axis_get_ticks (&axis, format, wanted, ticks);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " | " : "", ticks[i].text);
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_ticks (void)
{
  assert_ticks (0.2, 1.4, FALSE, HL_AXIS_NUMBER, 3, "0.5 | 1.0");
  assert_ticks (0.2, 1.4, FALSE, HL_AXIS_NUMBER, 5, "0.2 | 0.4 | 0.6 | 0.8 | 1.0 | 1.2 | 1.4");
  assert_ticks (0, 4, FALSE, HL_AXIS_COUNT, 4, "0 | 1 | 2 | 3 | 4");
  assert_ticks (0, 1, FALSE, HL_AXIS_COUNT, 8, "0 | 1");
  assert_ticks (0.5, 1, FALSE, HL_AXIS_PERCENT, 5, "50\u202f% | 60\u202f% | 70\u202f% | 80\u202f% | 90\u202f% | 100\u202f%");
  assert_ticks (0, 60000, FALSE, HL_AXIS_COUNT, 3, "0 | 20\u202f000 | 40\u202f000 | 60\u202f000");
  assert_ticks (-1, 1, FALSE, HL_AXIS_NUMBER, 4, "-1.0 | -0.5 | 0.0 | 0.5 | 1.0");
  assert_ticks (0.01, 10, TRUE, HL_AXIS_NUMBER, 3, "0.01 | 0.1 | 1 | 10");
  assert_ticks (0.3, 0.8, TRUE, HL_AXIS_NUMBER, 5, "0.3 | 0.4 | 0.5 | 0.6 | 0.7 | 0.8");
}

/* Every range, however odd, gives an axis that keeps what it was given inside and puts positions and values in step. */
static void
test_axis_any (void)
{
  static const double values[] = { 0, 1, -1, 1e-12, 1e12, 0.3, NAN, INFINITY, -INFINITY, 2.30258 };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    for (guint j = 0; j < G_N_ELEMENTS (values); j++)
      for (int log = 0; log < 2; log++)
        {
          HlTick ticks[HL_AXIS_MAX_TICKS];
          HlAxis axis;
          guint n;

          hl_axis_init (&axis, values[i], values[j], log);
          g_assert_true (isfinite (axis.low) && isfinite (axis.high));
          g_assert_cmpfloat (axis.low, <, axis.high);
          g_assert_cmpfloat_with_epsilon (hl_axis_position (&axis, axis.low), 0, 1e-9);
          g_assert_cmpfloat_with_epsilon (hl_axis_position (&axis, axis.high), 1, 1e-9);
          g_assert_cmpfloat_with_epsilon (hl_axis_position (&axis, hl_axis_value (&axis, 0.25)), 0.25, 1e-6);
          n = hl_axis_get_ticks (&axis, HL_AXIS_NUMBER, 5, ticks);
          g_assert_cmpuint (n, <=, HL_AXIS_MAX_TICKS);
          for (guint k = 1; k < n; k++)
            g_assert_cmpfloat (ticks[k - 1].value, <, ticks[k].value);
        }
}

static void
test_format (void)
{
  char text[24];

  g_assert_cmpstr (hl_axis_format (0.3124, HL_AXIS_NUMBER, text, sizeof text), ==, "0.312");
  g_assert_cmpstr (hl_axis_format (2.30258, HL_AXIS_NUMBER, text, sizeof text), ==, "2.30");
  g_assert_cmpstr (hl_axis_format (0.8754, HL_AXIS_PERCENT, text, sizeof text), ==, "87.5\u202f%");
  g_assert_cmpstr (hl_axis_format (61234, HL_AXIS_COUNT, text, sizeof text), ==, "61\u202f234");
  g_assert_cmpstr (hl_axis_format (9999, HL_AXIS_COUNT, text, sizeof text), ==, "9\u202f999");
  g_assert_cmpstr (hl_axis_format (1.5e-7, HL_AXIS_NUMBER, text, sizeof text), ==, "1.5e-07");
  g_assert_cmpstr (hl_axis_format (NAN, HL_AXIS_NUMBER, text, sizeof text), ==, "not a number");
}

/* ---- Thinning ---- */

static void
test_decimate (void)
{
  enum { N = 100000, COLUMNS = 200 };
  double *x = g_new (double, N), *y = g_new (double, N);
  HlPoint *points = g_new (HlPoint, 4 * COLUMNS + 2);
  double lowest = 0, highest = 0;
  guint n;

  for (guint i = 0; i < N; i++)
    {
      x[i] = i;
      y[i] = sin (i * 0.001);
    }
  y[54321] = 40;
  y[54322] = -40;
  y[777] = NAN;
  n = hl_decimate (N, x, y, 0, N - 1, COLUMNS, points);
  g_assert_cmpuint (n, <=, 4 * COLUMNS + 2);
  g_assert_cmpuint (n, >, COLUMNS);
  for (guint i = 0; i < n; i++)
    {
      lowest = MIN (lowest, points[i].y);
      highest = MAX (highest, points[i].y);
      g_assert_true (isfinite (points[i].y));
      if (i > 0)
        g_assert_cmpfloat (points[i - 1].x, <, points[i].x);
    }
  g_assert_cmpfloat (highest, ==, 40);
  g_assert_cmpfloat (lowest, ==, -40);
  g_assert_cmpfloat (points[0].x, ==, 0);
  g_assert_cmpfloat (points[n - 1].x, ==, N - 1);

  /* A window: one neighbour at each side and every point between, as there are fewer points than columns. */
  n = hl_decimate (N, x, y, 999.5, 1010.5, COLUMNS, points);
  g_assert_cmpuint (n, ==, 13);
  g_assert_cmpfloat (points[0].x, ==, 999);
  g_assert_cmpfloat (points[12].x, ==, 1011);
  g_assert_cmpuint (hl_decimate (0, x, y, 0, 1, COLUMNS, points), ==, 0);
  g_assert_cmpuint (hl_decimate_nearest (N, x, 17.4), ==, 17);
  g_assert_cmpuint (hl_decimate_nearest (N, x, 1e9), ==, N - 1);
  g_assert_cmpuint (hl_decimate_nearest (N, x, -5), ==, 0);
  g_free (x);
  g_free (y);
  g_free (points);
}

static void
test_smooth (void)
{
  double y[] = { 4, 2, NAN, 0 }, whole[4], parts[4];
  HlSmoothState state = { 0 };

  hl_smooth (0, 4, y, 0.5, &state, whole);
  g_assert_cmpfloat (whole[0], ==, 4);
  g_assert_cmpfloat_with_epsilon (whole[1], (4 * 0.5 + 2) / 1.5, 1e-12);
  g_assert_cmpfloat (whole[2], ==, whole[1]);
  g_assert_cmpfloat_with_epsilon (whole[3], (4 * 0.25 + 2 * 0.5 + 0) / 1.75, 1e-12);
  /* Growing piece by piece gives the same. */
  state = (HlSmoothState) { 0 };
  hl_smooth (0, 1, y, 0.5, &state, parts);
  hl_smooth (1, 3, y, 0.5, &state, parts);
  hl_smooth (3, 4, y, 0.5, &state, parts);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpfloat (whole[i], ==, parts[i]);
}

/* ---- The widget ---- */

static GtkWidget *
make_chart (HlSeries **training, HlSeries **validation)
{
  GtkWidget *chart = g_object_ref_sink (hl_chart_new ("Loss", HL_AXIS_NUMBER, "The loss will appear here."));

  *training = hl_series_new ("training");
  *validation = hl_series_new ("validation");
  hl_chart_add_line (HL_CHART (chart), *training, "training", 0, HL_CHART_SMOOTHED, 100);
  hl_chart_add_line (HL_CHART (chart), *validation, "validation", 1, HL_CHART_POINTS, 100);
  return chart;
}

/* Pixels close to a palette colour. */
static guint
count_color (cairo_surface_t *surface, guint index)
{
  int width = cairo_image_surface_get_width (surface), height = cairo_image_surface_get_height (surface);
  GdkRGBA color;
  guint n = 0;

  hl_palette_get (index, FALSE, &color);
  cairo_surface_flush (surface);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        const guint8 *pixel = cairo_image_surface_get_data (surface) + (gsize) y * cairo_image_surface_get_stride (surface) + 4 * x;
        guint32 value = *(const guint32 *) (const void *) pixel;

        n += fabs ((value >> 16 & 0xff) / 255.0 - color.red) + fabs ((value >> 8 & 0xff) / 255.0 - color.green)
             + fabs ((value & 0xff) / 255.0 - color.blue) < 0.1;
      }
  return n;
}

static void
draw_cb (GtkWidget *widget, cairo_t *cr, double width, double height)
{
  hl_chart_draw (HL_CHART (widget), cr, width, height);
}

static char *
csv_cb (GtkWidget *widget)
{
  return hl_chart_to_csv (HL_CHART (widget));
}

static void
test_draw (void)
{
  g_autoptr(HlSeries) training = NULL, validation = NULL;
  g_autoptr(GtkWidget) chart = make_chart (&training, &validation);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, 500, 300);
  cairo_t *cr = cairo_create (surface);
  guint before;

  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_paint (cr);
  hl_chart_draw (HL_CHART (chart), cr, 500, 300);
  before = count_color (surface, 0);
  for (guint i = 1; i <= 60000; i++)
    hl_series_add (training, i / 100.0, 2 * exp (-(double) i / 20000) + 0.1 * sin (i));
  hl_series_add (validation, 300, 1);
  hl_series_add (validation, 600, 0.5);
  hl_chart_draw (HL_CHART (chart), cr, 500, 300);
  g_assert_cmpuint (before, ==, 0);
  g_assert_cmpuint (count_color (surface, 0), >, 400);
  g_assert_cmpuint (count_color (surface, 1), >, 100);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
}

/* Numbers that are not finite or a log scale without positive values must not stop the drawing. */
static void
test_draw_odd (void)
{
  static const double odd[][3] = { { NAN, NAN, NAN }, { INFINITY, 1, -INFINITY }, { 0, 0, 0 }, { -1, -2, -3 }, { 1e30, 1, 1e-30 } };

  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    for (int log = 0; log < 2; log++)
      {
        g_autoptr(HlSeries) training = NULL, validation = NULL;
        g_autoptr(GtkWidget) chart = make_chart (&training, &validation);
        g_autofree char *words = NULL;
        g_autoptr(GBytes) png = NULL;

        g_object_set (chart, "log", log, "steps", log, NULL);
        for (guint j = 0; j < 3; j++)
          {
            hl_series_add (training, j, odd[i][j]);
            hl_series_add (validation, j, odd[i][j]);
          }
        png = hl_export_render (chart, "a.png", 400, 250, draw_cb, csv_cb, NULL);
        g_assert_nonnull (png);
        words = hl_chart_describe (HL_CHART (chart));
        g_assert_nonnull (words);
      }
}

static void
test_words (void)
{
  g_autoptr(HlSeries) training = NULL, validation = NULL;
  g_autoptr(GtkWidget) chart = make_chart (&training, &validation);
  g_autofree char *before = hl_chart_describe (HL_CHART (chart)), *after = NULL, *csv = NULL;

  g_assert_cmpstr (before, ==, "The loss will appear here.");
  g_object_set (chart, "smoothing", 0.0, NULL);
  hl_series_add (training, 3.99, 0.5);
  hl_series_add (training, 4, 0.31);
  hl_series_add (validation, 4, 0.334);
  after = hl_chart_describe (HL_CHART (chart));
  g_assert_cmpstr (after, ==, "training 0.310 at epoch 4; validation 0.334 at epoch 4");
  csv = hl_chart_to_csv (HL_CHART (chart));
  g_assert_true (g_str_has_prefix (csv, "line,epoch,step,value\n\"training\",3.99"));
  g_assert_nonnull (strstr (csv, "\"validation\",4,400,0.334"));
}

static void
test_files (void)
{
  static const struct { const char *name, *magic; } files[] = {
    { "a.png", "\x89PNG" }, { "b.SVG", "<?xml" }, { "c.pdf", "%PDF" }, { "d.csv", "line," },
  };
  g_autoptr(HlSeries) training = NULL, validation = NULL;
  g_autoptr(GtkWidget) chart = make_chart (&training, &validation);
  g_autoptr(GError) error = NULL;

  hl_series_add (training, 1, 0.5);
  hl_series_add (training, 2, 0.25);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr(GBytes) bytes = hl_export_render (chart, files[i].name, 500, 300, draw_cb, csv_cb, &error);
      gsize size;
      const char *data = g_bytes_get_data (bytes, &size);

      g_assert_no_error (error);
      g_assert_cmpuint (size, >, 40);
      g_assert_cmpint (strncmp (data, files[i].magic, strlen (files[i].magic)), ==, 0);
    }
  g_assert_null (hl_export_render (chart, "picture", 500, 300, draw_cb, csv_cb, &error));
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chart/ticks", test_ticks);
  g_test_add_func ("/chart/axis-any", test_axis_any);
  g_test_add_func ("/chart/format", test_format);
  g_test_add_func ("/chart/decimate", test_decimate);
  g_test_add_func ("/chart/smooth", test_smooth);
  g_test_add_func ("/chart/draw", test_draw);
  g_test_add_func ("/chart/draw-odd", test_draw_odd);
  g_test_add_func ("/chart/words", test_words);
  g_test_add_func ("/chart/files", test_files);
  return g_test_run ();
}
