/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Thinning a long line to what a screen can show: of all points in one pixel column only first, lowest, highest and last remain, so that
 * the drawing is the same and a single spike is never lost. Also the smoothing of noisy lines. Pure; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct { double x, y; } HlPoint;

/* x ascending. Takes points in [low, high] and one neighbour at each side, so that lines run out of the picture. Values that are not
 * finite are left out. points: room for 4 * n_columns + 2. Returns how many it wrote, ascending in x. */
guint hl_decimate (guint n, const double *x, const double *y, double low, double high, guint n_columns, HlPoint *points);
/* The first index whose x is >= value; n when there is none. */
guint hl_decimate_find (guint n, const double *x, double value);
/* Index of the point nearest to value; n must not be 0. */
guint hl_decimate_nearest (guint n, const double *x, double value);

/* Exponential moving average, without the pull towards zero at the start: smoothed[i] for i in from .. n - 1. weight 0 (none) .. < 1.
 * state: zeros before the first call, carried from call to call while a line grows. Values that are not finite repeat the mean so far. */
typedef struct { double sum, weight; } HlSmoothState;
void  hl_smooth (guint from, guint n, const double *y, double weight, HlSmoothState *state, double *smoothed);

G_END_DECLS
