/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlSeries: two growing arrays. */

#include "app/series.h"

struct _HlSeries
{
  GObject parent;
  char *name;
  GArray *x, *y;
};

G_DEFINE_TYPE (HlSeries, hl_series, G_TYPE_OBJECT)

enum { CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
hl_series_finalize (GObject *object)
{
  HlSeries *self = HL_SERIES (object);

  g_free (self->name);
  g_array_unref (self->x);
  g_array_unref (self->y);
  G_OBJECT_CLASS (hl_series_parent_class)->finalize (object);
}

static void
hl_series_class_init (HlSeriesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hl_series_finalize;
  signals[CHANGED] = g_signal_new ("changed", HL_TYPE_SERIES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
hl_series_init (HlSeries *self)
{
  self->x = g_array_new (FALSE, FALSE, sizeof (double));
  self->y = g_array_new (FALSE, FALSE, sizeof (double));
}

HlSeries *
hl_series_new (const char *name)
{
  HlSeries *self = g_object_new (HL_TYPE_SERIES, NULL);

  self->name = g_strdup (name);
  return self;
}

const char *
hl_series_get_name (HlSeries *self)
{
  return self->name;
}

void
hl_series_add (HlSeries *self, double x, double y)
{
  hl_series_add_many (self, 1, &x, &y);
}

void
hl_series_add_many (HlSeries *self, guint n, const double *x, const double *y)
{
  if (n == 0)
    return;
  g_array_append_vals (self->x, x, n);
  g_array_append_vals (self->y, y, n);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
hl_series_cut (HlSeries *self, double x)
{
  guint n = self->x->len;

  while (n > 0 && g_array_index (self->x, double, n - 1) > x)
    n--;
  if (n == self->x->len)
    return;
  g_array_set_size (self->x, n);
  g_array_set_size (self->y, n);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
hl_series_clear (HlSeries *self)
{
  g_array_set_size (self->x, 0);
  g_array_set_size (self->y, 0);
  g_signal_emit (self, signals[CHANGED], 0);
}

guint
hl_series_get_n (HlSeries *self)
{
  return self->x->len;
}

const double *
hl_series_get_x (HlSeries *self)
{
  return (const double *) self->x->data;
}

const double *
hl_series_get_y (HlSeries *self)
{
  return (const double *) self->y->data;
}
