/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the widget (chart.c) and its drawing (chart-draw.c) share. */
#pragma once

#include "ui/chart/chart.h"
#include "ui/chart/decimate.h"

G_BEGIN_DECLS

typedef struct
{
  HlSeries *series;
  gulong handler;
  char *label;
  guint color;
  HlChartStyle style;
  double steps_per_epoch;
  /* The smoothed values, computed as far as n_smoothed for this smoothing. */
  double *smoothed;
  guint n_smoothed, n_room;
  double weight;
  HlSmoothState state;
} HlChartLine;

struct _HlChart
{
  GtkWidget parent_instance;
  char *title, *empty_text;
  HlAxisFormat format;
  GPtrArray *lines;            /* of HlChartLine */
  gboolean log, steps;
  double smoothing;

  gboolean zoomed;
  double zoom_low, zoom_high;  /* of x, in the shown unit */
  double hover;                /* x under the pointer, in the shown unit; NAN: none */
  gboolean dragging;
  double drag_from, drag_to;   /* widget pixels */
  guint describe_source, redraw_source;

  /* Since the last layout: */
  HlAxis x, y;
  double left, top, width, height;   /* the plot area */
};

typedef struct { GdkRGBA text, background; gboolean dark, interactive; } HlChartTheme;

gboolean      hl_chart_is_empty (HlChart *self);
/* Factor from the series' epochs to the shown unit. */
double        hl_chart_line_scale (HlChart *self, const HlChartLine *line);
/* The values drawn as the line itself: smoothed where the style says so. */
const double *hl_chart_line_values (HlChart *self, HlChartLine *line);
void          hl_chart_layout (HlChart *self, double width, double height);
void          hl_chart_draw_themed (HlChart *self, cairo_t *cr, double width, double height, const HlChartTheme *theme);

G_END_DECLS
