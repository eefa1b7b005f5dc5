/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlSeries: numbers over steps, growing while a run goes on: what a chart draws. Main thread. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define HL_TYPE_SERIES (hl_series_get_type ())
G_DECLARE_FINAL_TYPE (HlSeries, hl_series, HL, SERIES, GObject)

/* Signal "changed": points were added (or all removed). name: "training", "validation"; translated by the reader. */
HlSeries     *hl_series_new     (const char *name) G_GNUC_WARN_UNUSED_RESULT;
const char   *hl_series_get_name(HlSeries *self);
void          hl_series_add     (HlSeries *self, double x, double y);     /* x ascending */
void          hl_series_add_many(HlSeries *self, guint n, const double *x, const double *y);  /* one "changed" */
/* Removes the points beyond x: a resumed run writes them again. */
void          hl_series_cut     (HlSeries *self, double x);
void          hl_series_clear   (HlSeries *self);
guint         hl_series_get_n   (HlSeries *self);
const double *hl_series_get_x   (HlSeries *self);                         /* borrowed until the next add */
const double *hl_series_get_y   (HlSeries *self);

G_END_DECLS
