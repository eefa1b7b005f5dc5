/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlChart: lines over shared axes, named at their ends. Hovering reads all of them at once, dragging zooms, a double click shows
 * everything again; arrow keys move the read-out, + and - zoom, Home resets. Thousands of points stay fluid. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "app/series.h"
#include "ui/chart/axis.h"

G_BEGIN_DECLS

#define HL_TYPE_CHART (hl_chart_get_type ())
G_DECLARE_FINAL_TYPE (HlChart, hl_chart, HL, CHART, GtkWidget)

typedef enum
{
  HL_CHART_SMOOTHED,   /* the smoothed line over its faint points */
  HL_CHART_POINTS,     /* a dot at each point */
  HL_CHART_PLAIN,      /* just the line */
} HlChartStyle;

/* Properties (read-write): log (boolean), smoothing (double, 0 .. 1: position of a slider), steps (boolean: x counts steps, not epochs). */

/* title: "Loss (Cross-entropy)", for screen readers and files; empty_text: the sentence shown while there are no lines. */
GtkWidget *hl_chart_new       (const char *title, HlAxisFormat format, const char *empty_text);
void       hl_chart_set_title (HlChart *self, const char *title);
/* x of the series counts epochs; steps_per_epoch turns it into steps (0: unknown). color: see palette.h. */
void       hl_chart_add_line  (HlChart *self, HlSeries *series, const char *label, guint color, HlChartStyle style, double steps_per_epoch);
void       hl_chart_clear     (HlChart *self);
void       hl_chart_reset_zoom(HlChart *self);

/* For files: on white, with axis titles. */
void       hl_chart_draw      (HlChart *self, cairo_t *cr, double width, double height);
/* "line,epoch,step,value" */
char      *hl_chart_to_csv    (HlChart *self) G_GNUC_WARN_UNUSED_RESULT;
/* "training 0.31, validation 0.33 at epoch 4" */
char      *hl_chart_describe  (HlChart *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
