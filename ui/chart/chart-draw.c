/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Drawing of HlChart, the same for the screen and for files. */

#include "config.h"

#include "ui/chart/chart-private.h"
#include "ui/chart/palette.h"

#include <glib/gi18n.h>
#include <math.h>

#define FONT_SIZE 11
#define LABEL_HEIGHT 15
#define MARGIN_TOP 10
#define MARGIN_BOTTOM 34
#define POINT_RADIUS 4

/* ---- Text ---- */

static PangoLayout *
chart_text (HlChart *self, const char *text, gboolean bold)
{
  PangoLayout *layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  g_autoptr(PangoAttrList) attributes = pango_attr_list_new ();

  pango_attr_list_insert (attributes, pango_attr_size_new_absolute (FONT_SIZE * PANGO_SCALE));
  pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum=1"));
  if (bold)
    pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  pango_layout_set_attributes (layout, attributes);
  return layout;
}

/* align: 0 starts at x, 0.5 is centred on it, 1 ends there; y is the middle. */
static void
draw_text (HlChart *self, cairo_t *cr, const char *text, double x, double y, double align, gboolean bold)
{
  g_autoptr(PangoLayout) layout = chart_text (self, text, bold);
  int width, height;

  pango_layout_get_pixel_size (layout, &width, &height);
  cairo_move_to (cr, round (x - width * align), round (y - height / 2.0));
  pango_cairo_show_layout (cr, layout);
}

static int
text_width (HlChart *self, const char *text, gboolean bold)
{
  g_autoptr(PangoLayout) layout = chart_text (self, text, bold);
  int width;

  pango_layout_get_pixel_size (layout, &width, NULL);
  return width;
}

/* ---- Lines ---- */

double
hl_chart_line_scale (HlChart *self, const HlChartLine *line)
{
  return self->steps && line->steps_per_epoch > 0 ? line->steps_per_epoch : 1;
}

/* The slider's middle averages about twenty steps, its end about five hundred. */
static double
smoothing_weight (double smoothing)
{
  return smoothing <= 0 ? 0 : 1 - pow (10, -2.7 * smoothing);
}

const double *
hl_chart_line_values (HlChart *self, HlChartLine *line)
{
  guint n = hl_series_get_n (line->series);
  double weight = smoothing_weight (self->smoothing);

  if (line->style != HL_CHART_SMOOTHED || weight == 0)
    return hl_series_get_y (line->series);
  if (line->weight != weight || n < line->n_smoothed)
    {
      line->weight = weight;
      line->n_smoothed = 0;
      line->state = (HlSmoothState) { 0 };
    }
  if (n > line->n_room)
    {
      line->n_room = MAX (n, 2 * line->n_room);
      line->smoothed = g_renew (double, line->smoothed, line->n_room);
    }
  hl_smooth (line->n_smoothed, n, hl_series_get_y (line->series), weight, &line->state, line->smoothed);
  line->n_smoothed = n;
  return line->smoothed;
}

gboolean
hl_chart_is_empty (HlChart *self)
{
  for (guint i = 0; i < self->lines->len; i++)
    if (hl_series_get_n (((HlChartLine *) g_ptr_array_index (self->lines, i))->series) > 0)
      return FALSE;
  return TRUE;
}

/* ---- Layout ---- */

static void
find_x_range (HlChart *self, double *low, double *high)
{
  *low = 0;
  *high = self->steps ? 10 : 1;
  for (guint i = 0; i < self->lines->len; i++)
    {
      const HlChartLine *line = g_ptr_array_index (self->lines, i);
      guint n = hl_series_get_n (line->series);
      double last = n > 0 ? hl_series_get_x (line->series)[n - 1] : 0;

      /* Whole epochs, so that the axis rests while one runs. */
      *high = MAX (*high, (n > 1 || line->style != HL_CHART_SMOOTHED ? ceil (last - 1e-6) : last) * hl_chart_line_scale (self, line));
    }
  if (self->zoomed)
    {
      *low = self->zoom_low;
      *high = self->zoom_high;
    }
}

static void
find_y_range (HlChart *self, double x_low, double x_high, double *low, double *high)
{
  *low = INFINITY;
  *high = -INFINITY;
  for (guint i = 0; i < self->lines->len; i++)
    {
      HlChartLine *line = g_ptr_array_index (self->lines, i);
      double scale = hl_chart_line_scale (self, line);
      guint n = hl_series_get_n (line->series);
      const double *x = hl_series_get_x (line->series), *y = hl_chart_line_values (self, line);

      for (guint j = hl_decimate_find (n, x, x_low / scale); j < n && x[j] * scale <= x_high; j++)
        if (isfinite (y[j]) && (!self->log || y[j] > 0))
          {
            *low = MIN (*low, y[j]);
            *high = MAX (*high, y[j]);
          }
    }
}

static void
layout_y (HlChart *self, double low, double high)
{
  HlTick ticks[HL_AXIS_MAX_TICKS];
  double pad = isfinite (low) ? (high - low) * 0.04 : 0;
  guint n, wanted = MAX (2, self->height / 42);

  if (self->log)
    {
      hl_axis_init (&self->y, low > 0 ? low / 1.1 : low, high * 1.1, TRUE);
      return;
    }
  /* Nothing right at all is a line along the bottom, not in the middle of negative shares. */
  if (self->format == HL_AXIS_PERCENT && low == 0 && high == 0)
    high = 1;
  hl_axis_init (&self->y, low >= 0 ? MAX (0, low - pad) : low - pad, high + pad, FALSE);
  n = hl_axis_get_ticks (&self->y, self->format, wanted, ticks);
  if (n >= 2)
    {
      double step = ticks[1].value - ticks[0].value;

      self->y.low = floor (self->y.low / step + 1e-9) * step;
      self->y.high = ceil (self->y.high / step - 1e-9) * step;
    }
  if (self->format == HL_AXIS_PERCENT && self->y.low < 1)
    self->y.high = MIN (self->y.high, 1);
}

void
hl_chart_layout (HlChart *self, double width, double height)
{
  double x_low, x_high, y_low, y_high, labels = 0;
  HlTick ticks[HL_AXIS_MAX_TICKS];
  double numbers = 0;
  guint n;

  for (guint i = 0; i < self->lines->len; i++)
    labels = MAX (labels, text_width (self, ((HlChartLine *) g_ptr_array_index (self->lines, i))->label, TRUE));
  self->top = MARGIN_TOP;
  self->height = MAX (20, height - MARGIN_TOP - MARGIN_BOTTOM);
  find_x_range (self, &x_low, &x_high);
  hl_axis_init (&self->x, x_low, x_high, FALSE);
  find_y_range (self, self->x.low, self->x.high, &y_low, &y_high);
  layout_y (self, y_low, y_high);
  n = hl_axis_get_ticks (&self->y, self->format, MAX (2, self->height / 42), ticks);
  for (guint i = 0; i < n; i++)
    numbers = MAX (numbers, text_width (self, ticks[i].text, FALSE));
  self->left = numbers + 10;
  self->width = MAX (20, width - self->left - MIN (labels + 12, width / 3));
}

/* ---- Drawing ---- */

static double
pixel_x (HlChart *self, double x)
{
  return self->left + self->width * hl_axis_position (&self->x, x);
}

static double
pixel_y (HlChart *self, double y)
{
  return self->top + self->height * (1 - CLAMP (hl_axis_position (&self->y, y), -5, 5));
}

static void
draw_axes (HlChart *self, cairo_t *cr, const HlChartTheme *theme)
{
  HlTick ticks[HL_AXIS_MAX_TICKS];
  guint n = hl_axis_get_ticks (&self->y, self->format, MAX (2, self->height / 42), ticks);

  cairo_set_line_width (cr, 1);
  for (guint i = 0; i < n; i++)
    {
      double y = floor (pixel_y (self, ticks[i].value)) + 0.5;

      hl_palette_set_cairo (cr, &theme->text, 0.1);
      cairo_move_to (cr, self->left, y);
      cairo_line_to (cr, self->left + self->width, y);
      cairo_stroke (cr);
      hl_palette_set_cairo (cr, &theme->text, 0.6);
      draw_text (self, cr, ticks[i].text, self->left - 8, y, 1, FALSE);
    }
  /* Whole epochs read better than halves, unless a zoom asks for them. */
  n = hl_axis_get_ticks (&self->x, !self->steps && self->x.high - self->x.low >= 2 ? HL_AXIS_COUNT : self->steps ? HL_AXIS_COUNT : HL_AXIS_NUMBER,
                         MAX (2, self->width / 80), ticks);
  for (guint i = 0; i < n; i++)
    draw_text (self, cr, ticks[i].text, pixel_x (self, ticks[i].value), self->top + self->height + 11, 0.5, FALSE);
  draw_text (self, cr, self->steps ? _("step") : _("epoch"), self->left + self->width / 2, self->top + self->height + 25, 0.5, FALSE);
}

/* Long zigzag strokes are what Cairo is slowest at: each piece is checked against all others. Two ways around it: a faint noisy line
 * becomes one upright bar a pixel column, any other line is stroked a few points at a time. */
#define POINTS_A_STROKE 12

static void
fill_columns (HlChart *self, cairo_t *cr, double scale, const HlPoint *points, guint n)
{
  double last = NAN;

  for (guint i = 0; i < n;)
    {
      double column = floor (pixel_x (self, points[i].x * scale)), low = INFINITY, high = -INFINITY;

      if (isfinite (last))
        low = high = last;
      for (; i < n && floor (pixel_x (self, points[i].x * scale)) == column; i++)
        {
          last = pixel_y (self, points[i].y);
          low = MIN (low, last);
          high = MAX (high, last);
        }
      cairo_rectangle (cr, column, floor (low), 1, MAX (1, ceil (high) - floor (low)));
    }
  cairo_fill (cr);
}

static void
stroke_points (HlChart *self, cairo_t *cr, double scale, const HlPoint *points, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      double x = pixel_x (self, points[i].x * scale), y = pixel_y (self, points[i].y);

      cairo_line_to (cr, x, y);
      if (i % POINTS_A_STROKE == POINTS_A_STROKE - 1)
        {
          cairo_stroke (cr);
          cairo_move_to (cr, x, y);
        }
    }
  cairo_stroke (cr);
}

static void
draw_path (HlChart *self, cairo_t *cr, const HlChartLine *line, const double *y, gboolean faint)
{
  double scale = hl_chart_line_scale (self, line);
  guint n_columns = MAX (1, (guint) self->width), n;
  HlPoint *points = g_new (HlPoint, 4 * n_columns + 2);

  n = hl_decimate (hl_series_get_n (line->series), hl_series_get_x (line->series), y,
                   self->x.low / scale, self->x.high / scale, n_columns, points);
  if (faint && n > n_columns)
    fill_columns (self, cr, scale, points, n);
  else
    stroke_points (self, cr, scale, points, n);
  g_free (points);
}

static void
draw_dots (HlChart *self, cairo_t *cr, const HlChartLine *line)
{
  double scale = hl_chart_line_scale (self, line);
  guint n = hl_series_get_n (line->series);
  const double *x = hl_series_get_x (line->series), *y = hl_series_get_y (line->series);
  guint first = hl_decimate_find (n, x, self->x.low / scale), shown = 0;

  for (guint i = first; i < n && x[i] * scale <= self->x.high; i++)
    shown++;
  if (shown * (2 * POINT_RADIUS + 2) > self->width)
    return;
  for (guint i = first; i < first + shown; i++)
    if (isfinite (y[i]))
      {
        cairo_arc (cr, pixel_x (self, x[i] * scale), pixel_y (self, y[i]), POINT_RADIUS, 0, 2 * G_PI);
        cairo_fill (cr);
      }
}

static void
draw_line (HlChart *self, cairo_t *cr, HlChartLine *line, const HlChartTheme *theme)
{
  const double *values = hl_chart_line_values (self, line), *raw = hl_series_get_y (line->series);
  GdkRGBA color;

  hl_palette_get (line->color, theme->dark, &color);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_BEVEL);
  if (values != raw)
    {
      hl_palette_set_cairo (cr, &color, 0.22);
      cairo_set_line_width (cr, 1);
      draw_path (self, cr, line, raw, TRUE);
    }
  hl_palette_set_cairo (cr, &color, 1);
  cairo_set_line_width (cr, line->style == HL_CHART_PLAIN ? 1.5 : 2);
  draw_path (self, cr, line, values, FALSE);
  if (line->style == HL_CHART_POINTS)
    draw_dots (self, cr, line);
}

/* ---- Names at line ends ---- */

typedef struct { const HlChartLine *line; double x, y; } EndLabel;

static int
compare_labels (gconstpointer a, gconstpointer b)
{
  double first = ((const EndLabel *) a)->y, second = ((const EndLabel *) b)->y;

  return first < second ? -1 : first > second;
}

/* Pushes labels that would overlap apart, evenly around where they want to be. */
static void
spread_labels (EndLabel *labels, guint n, double top, double bottom)
{
  qsort (labels, n, sizeof *labels, compare_labels);
  for (guint round = 0; round < 40; round++)
    for (guint i = 1; i < n; i++)
      {
        double missing = LABEL_HEIGHT - (labels[i].y - labels[i - 1].y);

        if (missing > 0)
          {
            labels[i - 1].y -= missing / 2;
            labels[i].y += missing / 2;
          }
      }
  for (guint i = 0; i < n; i++)
    labels[i].y = MAX (labels[i].y, i > 0 ? labels[i - 1].y + LABEL_HEIGHT : top);
  for (guint i = n; i-- > 0;)
    labels[i].y = MIN (labels[i].y, i + 1 < n ? labels[i + 1].y - LABEL_HEIGHT : bottom);
}

static void
draw_labels (HlChart *self, cairo_t *cr, const HlChartTheme *theme)
{
  EndLabel *labels = g_new0 (EndLabel, self->lines->len);
  guint n_labels = 0;
  double right = 0;

  for (guint i = 0; i < self->lines->len; i++)
    {
      HlChartLine *line = g_ptr_array_index (self->lines, i);
      double scale = hl_chart_line_scale (self, line);
      guint n = hl_series_get_n (line->series), end;

      if (n == 0)
        continue;
      end = hl_decimate_nearest (n, hl_series_get_x (line->series), self->x.high / scale);
      labels[n_labels].line = line;
      labels[n_labels].x = MIN (pixel_x (self, hl_series_get_x (line->series)[end] * scale), self->left + self->width);
      labels[n_labels].y = pixel_y (self, hl_chart_line_values (self, line)[end]);
      if (!isfinite (labels[n_labels].y))
        continue;
      right = MAX (right, labels[n_labels].x);
      n_labels++;
    }
  spread_labels (labels, n_labels, self->top + 4, self->top + self->height);
  for (guint i = 0; i < n_labels; i++)
    {
      GdkRGBA color;

      hl_palette_get (labels[i].line->color, theme->dark, &color);
      hl_palette_set_cairo (cr, &color, 1);
      draw_text (self, cr, labels[i].line->label, right + POINT_RADIUS + 5, labels[i].y, 0, TRUE);
    }
  g_free (labels);
}

/* ---- Read-out ---- */

typedef struct { const HlChartLine *line; char value[24]; } Reading;

static void
draw_readings (HlChart *self, cairo_t *cr, const HlChartTheme *theme, const char *title, const Reading *readings, guint n)
{
  double width = text_width (self, title, FALSE), height = (n + 1) * LABEL_HEIGHT + 12, values = 0, names = 0;
  double x = pixel_x (self, self->hover), y = self->top + 2;

  for (guint i = 0; i < n; i++)
    {
      names = MAX (names, text_width (self, readings[i].line->label, TRUE));
      values = MAX (values, text_width (self, readings[i].value, FALSE));
    }
  width = MAX (width, names + 14 + values) + 18;
  x = x + 10 + width > self->left + self->width ? MAX (self->left, x - 10 - width) : x + 10;
  cairo_new_path (cr);
  cairo_arc (cr, x + 6, y + 6, 6, G_PI, 1.5 * G_PI);
  cairo_arc (cr, x + width - 6, y + 6, 6, 1.5 * G_PI, 2 * G_PI);
  cairo_arc (cr, x + width - 6, y + height - 6, 6, 0, 0.5 * G_PI);
  cairo_arc (cr, x + 6, y + height - 6, 6, 0.5 * G_PI, G_PI);
  cairo_close_path (cr);
  hl_palette_set_cairo (cr, &theme->background, 0.95);
  cairo_fill_preserve (cr);
  hl_palette_set_cairo (cr, &theme->text, 0.2);
  cairo_set_line_width (cr, 1);
  cairo_stroke (cr);
  hl_palette_set_cairo (cr, &theme->text, 0.6);
  draw_text (self, cr, title, x + 9, y + 6 + LABEL_HEIGHT / 2.0, 0, FALSE);
  for (guint i = 0; i < n; i++)
    {
      double row = y + 6 + LABEL_HEIGHT * (i + 1.5);
      GdkRGBA color;

      hl_palette_get (readings[i].line->color, theme->dark, &color);
      hl_palette_set_cairo (cr, &color, 1);
      draw_text (self, cr, readings[i].line->label, x + 9, row, 0, TRUE);
      hl_palette_set_cairo (cr, &theme->text, 1);
      draw_text (self, cr, readings[i].value, x + width - 9, row, 1, FALSE);
    }
}

static void
draw_hover (HlChart *self, cairo_t *cr, const HlChartTheme *theme)
{
  Reading *readings = g_new0 (Reading, self->lines->len);
  g_autofree char *title = NULL;
  char number[24];
  guint n_readings = 0;
  double at = floor (pixel_x (self, self->hover)) + 0.5;

  hl_palette_set_cairo (cr, &theme->text, 0.35);
  cairo_set_line_width (cr, 1);
  cairo_move_to (cr, at, self->top);
  cairo_line_to (cr, at, self->top + self->height);
  cairo_stroke (cr);
  for (guint i = 0; i < self->lines->len; i++)
    {
      HlChartLine *line = g_ptr_array_index (self->lines, i);
      double scale = hl_chart_line_scale (self, line);
      guint n = hl_series_get_n (line->series), near;
      GdkRGBA color;
      double value;

      if (n == 0)
        continue;
      near = hl_decimate_nearest (n, hl_series_get_x (line->series), self->hover / scale);
      value = hl_chart_line_values (self, line)[near];
      readings[n_readings].line = line;
      hl_axis_format (value, self->format, readings[n_readings].value, sizeof readings[n_readings].value);
      n_readings++;
      if (!isfinite (value))
        continue;
      hl_palette_get (line->color, theme->dark, &color);
      cairo_arc (cr, pixel_x (self, hl_series_get_x (line->series)[near] * scale), pixel_y (self, value), POINT_RADIUS, 0, 2 * G_PI);
      hl_palette_set_cairo (cr, &theme->background, 1);
      cairo_fill_preserve (cr);
      hl_palette_set_cairo (cr, &color, 1);
      cairo_set_line_width (cr, 2);
      cairo_stroke (cr);
    }
  if (self->steps)
    title = g_strdup_printf (_("step %s"), hl_axis_format (self->hover, HL_AXIS_COUNT, number, sizeof number));
  else
    title = g_strdup_printf (_("epoch %.2f"), self->hover);
  draw_readings (self, cr, theme, title, readings, n_readings);
  g_free (readings);
}

void
hl_chart_draw_themed (HlChart *self, cairo_t *cr, double width, double height, const HlChartTheme *theme)
{
  hl_chart_layout (self, width, height);
  draw_axes (self, cr, theme);
  cairo_save (cr);
  cairo_rectangle (cr, self->left, self->top - POINT_RADIUS, self->width + POINT_RADIUS, self->height + 2 * POINT_RADIUS);
  cairo_clip (cr);
  for (guint i = 0; i < self->lines->len; i++)
    draw_line (self, cr, g_ptr_array_index (self->lines, i), theme);
  cairo_restore (cr);
  draw_labels (self, cr, theme);
  if (!theme->interactive)
    return;
  if (self->dragging)
    {
      hl_palette_set_cairo (cr, &theme->text, 0.12);
      cairo_rectangle (cr, MIN (self->drag_from, self->drag_to), self->top, fabs (self->drag_to - self->drag_from), self->height);
      cairo_fill (cr);
    }
  else if (isfinite (self->hover))
    draw_hover (self, cr, theme);
}
