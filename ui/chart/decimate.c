/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Thinning and smoothing of long lines. */

#include "config.h"

#include "ui/chart/decimate.h"

#include <math.h>

guint
hl_decimate_find (guint n, const double *x, double value)
{
  guint low = 0, high = n;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (x[middle] < value)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

guint
hl_decimate_nearest (guint n, const double *x, double value)
{
  guint i = hl_decimate_find (n, x, value);

  if (i == n)
    return n - 1;
  return i > 0 && value - x[i - 1] < x[i] - value ? i - 1 : i;
}

typedef struct { guint first, last, lowest, highest; gboolean any; } Column;

static guint
column_flush (const Column *column, const double *x, const double *y, HlPoint *points)
{
  guint order[4] = { column->first, MIN (column->lowest, column->highest), MAX (column->lowest, column->highest), column->last };
  guint n = 0;

  if (!column->any)
    return 0;
  for (guint i = 0; i < 4; i++)
    if (i == 0 || order[i] != order[i - 1])
      points[n++] = (HlPoint) { x[order[i]], y[order[i]] };
  return n;
}

guint
hl_decimate (guint n, const double *x, const double *y, double low, double high, guint n_columns, HlPoint *points)
{
  guint first = hl_decimate_find (n, x, low), end = hl_decimate_find (n, x, high), n_points = 0;
  Column column = { 0 };
  guint current = 0;
  double scale;

  if (n == 0 || n_columns == 0 || !(high > low))
    return 0;
  while (end < n && x[end] <= high)
    end++;
  scale = n_columns / (high - low);
  if (first > 0 && isfinite (y[first - 1]))
    points[n_points++] = (HlPoint) { x[first - 1], y[first - 1] };
  for (guint i = first; i < end; i++)
    {
      guint at = MIN ((guint) ((x[i] - low) * scale), n_columns - 1);

      if (!isfinite (y[i]))
        continue;
      if (!column.any || at != current)
        {
          n_points += column_flush (&column, x, y, points + n_points);
          column = (Column) { i, i, i, i, TRUE };
          current = at;
        }
      column.last = i;
      if (y[i] < y[column.lowest])
        column.lowest = i;
      if (y[i] > y[column.highest])
        column.highest = i;
    }
  n_points += column_flush (&column, x, y, points + n_points);
  if (end < n && isfinite (y[end]))
    points[n_points++] = (HlPoint) { x[end], y[end] };
  return n_points;
}

void
hl_smooth (guint from, guint n, const double *y, double weight, HlSmoothState *state, double *smoothed)
{
  for (guint i = from; i < n; i++)
    {
      if (isfinite (y[i]))
        {
          state->sum = state->sum * weight + y[i];
          state->weight = state->weight * weight + 1;
        }
      smoothed[i] = state->weight > 0 ? state->sum / state->weight : NAN;
    }
}
