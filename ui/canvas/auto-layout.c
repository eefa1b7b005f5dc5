/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Layered placement: longest path gives the column, a few sweeps of barycentres the order within it. */

#include "ui/canvas/auto-layout.h"

#include <math.h>
#include <stdlib.h>

#define GAP_X   28.0
#define GAP_Y   32.0
#define ROW_GAP 64.0
#define SWEEPS  4

typedef struct { guint box; double key; } Entry;

/* Longest distance from a box without sources. A cycle would never settle: n rounds are enough for every acyclic graph. */
static guint
assign_columns (guint n, const HlLayoutLink *links, guint n_links, guint *column)
{
  guint n_columns = 1;

  for (guint i = 0; i < n; i++)
    column[i] = 0;
  for (guint round = 0; round < n; round++)
    {
      gboolean changed = FALSE;

      for (guint i = 0; i < n_links; i++)
        if (links[i].from != links[i].to && column[links[i].to] < column[links[i].from] + 1 && column[links[i].from] + 1 < n)
          {
            column[links[i].to] = column[links[i].from] + 1;
            changed = TRUE;
          }
      if (!changed)
        break;
    }
  for (guint i = 0; i < n; i++)
    n_columns = MAX (n_columns, column[i] + 1);
  return n_columns;
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const Entry *first = a, *second = b;

  if (first->key != second->key)
    return first->key < second->key ? -1 : 1;
  return first->box < second->box ? -1 : first->box > second->box;
}

/* Orders one column by the mean place of its neighbours on one side. */
static void
order_column (Entry *entries, guint n, const HlLayoutLink *links, guint n_links, const double *place, gboolean sources)
{
  for (guint i = 0; i < n; i++)
    {
      double sum = 0;
      guint count = 0;

      for (guint k = 0; k < n_links; k++)
        {
          guint mine = sources ? links[k].to : links[k].from, other = sources ? links[k].from : links[k].to;

          if (mine == entries[i].box)
            {
              sum += place[other];
              count++;
            }
        }
      entries[i].key = count ? sum / count : place[entries[i].box];
    }
  qsort (entries, n, sizeof *entries, compare_entries);
}

static void
order_all (guint n, guint n_columns, const guint *column, const HlLayoutLink *links, guint n_links, GArray **order)
{
  g_autofree double *place = g_new0 (double, n);

  for (guint i = 0; i < n; i++)
    {
      Entry entry = { i, 0 };

      g_array_append_val (order[column[i]], entry);
    }
  for (guint sweep = 0; sweep < SWEEPS; sweep++)
    for (guint step = 0; step < n_columns; step++)
      {
        GArray *entries = order[sweep % 2 ? n_columns - 1 - step : step];

        if (entries->len > 1)
          order_column ((Entry *) (gpointer) entries->data, entries->len, links, n_links, place, sweep % 2 == 0);
        for (guint i = 0; i < entries->len; i++)
          place[g_array_index (entries, Entry, i).box] = i - (entries->len - 1) / 2.0;
      }
}

/* Boxes of a column below each other; a column of several is centred on the row's middle. */
static void
place_column (HlLayoutBox *boxes, const GArray *entries, double x, double y, double row_height)
{
  double height = 0, at;

  for (guint i = 0; i < entries->len; i++)
    height += boxes[g_array_index (entries, Entry, i).box].height + (i ? GAP_Y : 0);
  at = entries->len > 1 ? y + hl_snap (MAX (row_height - height, 0) / 2) : y;
  for (guint i = 0; i < entries->len; i++)
    {
      HlLayoutBox *box = &boxes[g_array_index (entries, Entry, i).box];

      box->x = x;
      box->y = at;
      at += ceil ((box->height + GAP_Y) / HL_CANVAS_GRID) * HL_CANVAS_GRID;
    }
}

static void
measure_column (const HlLayoutBox *boxes, const GArray *entries, double *width, double *height)
{
  *width = 0;
  *height = 0;
  for (guint i = 0; i < entries->len; i++)
    {
      const HlLayoutBox *box = &boxes[g_array_index (entries, Entry, i).box];

      *width = MAX (*width, box->width);
      *height += ceil ((box->height + (i ? GAP_Y : 0)) / HL_CANVAS_GRID) * HL_CANVAS_GRID;
    }
}

/* In rows of several branches a single box belongs to the middle, not to the top. */
static void
centre_singles (HlLayoutBox *boxes, GArray **order, guint first, guint last, double y, double row_height)
{
  gboolean branches = FALSE;

  for (guint c = first; c < last; c++)
    branches |= order[c]->len > 1;
  for (guint c = first; branches && c < last; c++)
    if (order[c]->len == 1)
      {
        HlLayoutBox *box = &boxes[g_array_index (order[c], Entry, 0).box];

        box->y = y + hl_snap ((row_height - box->height) / 2);
      }
}

void
hl_auto_layout (HlLayoutBox *boxes, guint n, const HlLayoutLink *links, guint n_links, double wrap)
{
  g_autofree guint *column = g_new (guint, MAX (n, 1));
  guint n_columns = assign_columns (n, links, n_links, column);
  g_autofree GArray **order = g_new (GArray *, n_columns);
  double y = 0;

  for (guint c = 0; c < n_columns; c++)
    order[c] = g_array_new (FALSE, FALSE, sizeof (Entry));
  order_all (n, n_columns, column, links, n_links, order);
  for (guint first = 0, last; first < n_columns; first = last)
    {
      double x = 0, row_height = 0, width, height;

      for (last = first; last < n_columns; last++)
        {
          measure_column (boxes, order[last], &width, &height);
          if (last > first && wrap > 0 && x + width > wrap)
            break;
          x += ceil ((width + GAP_X) / HL_CANVAS_GRID) * HL_CANVAS_GRID;
          row_height = MAX (row_height, height);
        }
      x = 0;
      for (guint c = first; c < last; c++)
        {
          measure_column (boxes, order[c], &width, &height);
          place_column (boxes, order[c], x, y, row_height);
          x += ceil ((width + GAP_X) / HL_CANVAS_GRID) * HL_CANVAS_GRID;
        }
      centre_singles (boxes, order, first, last, y, row_height);
      y += ceil ((row_height + ROW_GAP) / HL_CANVAS_GRID) * HL_CANVAS_GRID;
    }
  for (guint c = 0; c < n_columns; c++)
    g_array_unref (order[c]);
}
