/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Views, rectangles and link curves. */

#include "ui/canvas/geometry.h"

#include <math.h>

#define CORNER    22.0   /* radius of a turn */
#define OVERSHOOT 26.0   /* how far a link leaves a card before it turns */
#define SAMPLES   24     /* a piece, for lengths and distances */

HlPoint
hl_view_to_view (const HlView *self, double x, double y)
{
  return (HlPoint) { (x - self->x) * self->zoom, (y - self->y) * self->zoom };
}

HlPoint
hl_view_to_canvas (const HlView *self, double x, double y)
{
  return (HlPoint) { x / self->zoom + self->x, y / self->zoom + self->y };
}

HlView
hl_view_zoom_at (const HlView *self, double x, double y, double zoom)
{
  HlPoint fixed = hl_view_to_canvas (self, x, y);
  double clamped = CLAMP (zoom, HL_ZOOM_MIN, HL_ZOOM_MAX);

  return (HlView) { fixed.x - x / clamped, fixed.y - y / clamped, clamped };
}

HlView
hl_view_fit (const HlRect *bounds, double width, double height, double margin, double max_zoom)
{
  double room_x = MAX (width - 2 * margin, 1), room_y = MAX (height - 2 * margin, 1), zoom;

  if (bounds->width <= 0 || bounds->height <= 0)
    return (HlView) { bounds->x - width / 2, bounds->y - height / 2, 1 };
  zoom = MIN (room_x / bounds->width, room_y / bounds->height);
  zoom = CLAMP (MIN (zoom, max_zoom), HL_ZOOM_MIN, HL_ZOOM_MAX);
  return (HlView) { bounds->x + bounds->width / 2 - width / 2 / zoom,
                    bounds->y + bounds->height / 2 - height / 2 / zoom, zoom };
}

/* Least shift of the range [low, high] that brings [a, b] into it; a range too small shows the start. */
static double
reveal_shift (double low, double high, double a, double b)
{
  if (a < low || b - a > high - low)
    return a - low;
  return b > high ? b - high : 0;
}

HlView
hl_view_reveal (const HlView *self, const HlRect *rect, double width, double height, double margin)
{
  double m = margin / self->zoom;
  HlView view = *self;

  view.x += reveal_shift (self->x + m, self->x + width / self->zoom - m, rect->x, rect->x + rect->width);
  view.y += reveal_shift (self->y + m, self->y + height / self->zoom - m, rect->y, rect->y + rect->height);
  return view;
}

gboolean
hl_rect_contains (const HlRect *self, double x, double y)
{
  return x >= self->x && y >= self->y && x < self->x + self->width && y < self->y + self->height;
}

gboolean
hl_rect_intersects (const HlRect *a, const HlRect *b)
{
  return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height && b->y < a->y + a->height;
}

HlRect
hl_rect_union (const HlRect *a, const HlRect *b)
{
  double right, bottom;
  HlRect rect;

  if (a->width <= 0 || a->height <= 0)
    return *b;
  if (b->width <= 0 || b->height <= 0)
    return *a;
  right = MAX (a->x + a->width, b->x + b->width);
  bottom = MAX (a->y + a->height, b->y + b->height);
  rect.x = MIN (a->x, b->x);
  rect.y = MIN (a->y, b->y);
  rect.width = right - rect.x;
  rect.height = bottom - rect.y;
  return rect;
}

HlRect
hl_rect_from_points (HlPoint a, HlPoint b)
{
  return (HlRect) { MIN (a.x, b.x), MIN (a.y, b.y), fabs (a.x - b.x), fabs (a.y - b.y) };
}

double
hl_snap (double value)
{
  return round (value / HL_CANVAS_GRID) * HL_CANVAS_GRID;
}

static void
curve_add (HlCurve *self, HlPoint a, HlPoint b, HlPoint end)
{
  HlPoint *p;

  g_return_if_fail (self->n_pieces < HL_CURVE_MAX_PIECES);
  p = &self->point[3 * self->n_pieces + 1];
  p[0] = a;
  p[1] = b;
  p[2] = end;
  self->n_pieces++;
}

static void
curve_line_to (HlCurve *self, HlPoint end)
{
  HlPoint start = self->point[3 * self->n_pieces];

  curve_add (self, (HlPoint) { start.x + (end.x - start.x) / 3, start.y + (end.y - start.y) / 3 },
             (HlPoint) { start.x + (end.x - start.x) * 2 / 3, start.y + (end.y - start.y) * 2 / 3 }, end);
}

/* A point `length` before `end` on the straight way from `start`. */
static HlPoint
before (HlPoint start, HlPoint end, double length)
{
  double distance = hypot (end.x - start.x, end.y - start.y);

  if (distance <= 0)
    return end;
  return (HlPoint) { end.x - (end.x - start.x) * length / distance, end.y - (end.y - start.y) * length / distance };
}

/* Straight lines through the stations, every turn rounded. */
static HlCurve
curve_through (const HlPoint *station, guint n)
{
  HlCurve self = { 0, { station[0] } };

  for (guint i = 1; i + 1 < n; i++)
    {
      double in = hypot (station[i].x - station[i - 1].x, station[i].y - station[i - 1].y);
      double out = hypot (station[i + 1].x - station[i].x, station[i + 1].y - station[i].y);
      double radius = MIN (CORNER, MIN (in, out) / 2);
      HlPoint start = before (station[i - 1], station[i], radius), end = before (station[i + 1], station[i], radius);

      curve_line_to (&self, start);
      curve_add (&self, before (start, station[i], radius * 0.45), before (end, station[i], radius * 0.45), end);
    }
  curve_line_to (&self, station[n - 1]);
  return self;
}

static HlCurve
curve_forward (HlPoint from, HlPoint to)
{
  HlCurve self = { 0, { from } };
  double reach = MAX ((to.x - from.x) / 2, 12);

  curve_add (&self, (HlPoint) { from.x + reach, from.y }, (HlPoint) { to.x - reach, to.y }, to);
  return self;
}

static gboolean
is_free (HlPoint a, HlPoint b, const HlRect *obstacles, guint n_obstacles)
{
  HlRect way = hl_rect_from_points (a, b);

  way.width = MAX (way.width, 1);
  way.height = MAX (way.height, 1);
  for (guint i = 0; i < n_obstacles; i++)
    if (hl_rect_intersects (&way, &obstacles[i]))
      return FALSE;
  return TRUE;
}

/* Between two rows with one turn up or down, right after the source or right before the target. */
static gboolean
curve_step (HlPoint from, HlPoint to, const HlRect *obstacles, guint n_obstacles, HlCurve *curve)
{
  const double turns[] = { to.x - OVERSHOOT / 2, from.x + OVERSHOOT / 2 };

  for (guint i = 0; i < G_N_ELEMENTS (turns); i++)
    {
      HlPoint station[4] = { from, { turns[i], from.y }, { turns[i], to.y }, to };

      if (is_free (station[0], station[1], obstacles, n_obstacles) && is_free (station[1], station[2], obstacles, n_obstacles)
          && is_free (station[2], station[3], obstacles, n_obstacles))
        {
          *curve = curve_through (station, 4);
          return TRUE;
        }
    }
  return FALSE;
}

static HlCurve
curve_over (HlPoint from, HlPoint to, double y)
{
  HlPoint station[6] = { from, { from.x + OVERSHOOT / 2, from.y }, { from.x + OVERSHOOT / 2, y },
                         { to.x - OVERSHOOT / 2, y }, { to.x - OVERSHOOT / 2, to.y }, to };

  return curve_through (station, 6);
}

static HlCurve
curve_backward (HlPoint from, HlPoint to, const HlRect *source, const HlRect *target)
{
  HlRect a = source ? *source : (HlRect) { from.x - 1, from.y - 1, 1, 2 };
  HlRect b = target ? *target : (HlRect) { to.x, to.y - 1, 1, 2 };
  double y;
  HlPoint station[6];

  if (a.y + a.height + 2 <= b.y)
    y = b.y - MIN (28, (b.y - a.y - a.height) / 2);
  else if (b.y + b.height + 2 <= a.y)
    y = a.y - MIN (28, (a.y - b.y - b.height) / 2);
  else
    y = MAX (a.y + a.height, b.y + b.height) + 24;
  station[0] = from;
  station[1] = (HlPoint) { from.x + OVERSHOOT, from.y };
  station[2] = (HlPoint) { from.x + OVERSHOOT, y };
  station[3] = (HlPoint) { to.x - OVERSHOOT, y };
  station[4] = (HlPoint) { to.x - OVERSHOOT, to.y };
  station[5] = to;
  return curve_through (station, 6);
}

HlCurve
hl_curve_link (HlPoint from, HlPoint to, const HlRect *source, const HlRect *target,
               const HlRect *obstacles, guint n_obstacles)
{
  HlRect way = hl_rect_from_points (from, to);
  double top = G_MAXDOUBLE;
  HlCurve curve;

  if (to.x < from.x + 8)
    return curve_backward (from, to, source, target);
  way.height = MAX (way.height, 1);
  for (guint i = 0; i < n_obstacles; i++)
    if (hl_rect_intersects (&way, &obstacles[i]) && obstacles[i].x > from.x && obstacles[i].x + obstacles[i].width < to.x)
      top = MIN (top, obstacles[i].y);
  if (top == G_MAXDOUBLE)
    return curve_forward (from, to);
  return curve_step (from, to, obstacles, n_obstacles, &curve) ? curve : curve_over (from, to, top - 20);
}

static HlPoint
piece_at (const HlPoint *p, double t)
{
  double s = 1 - t, a = s * s * s, b = 3 * s * s * t, c = 3 * s * t * t, d = t * t * t;

  return (HlPoint) { a * p[0].x + b * p[1].x + c * p[2].x + d * p[3].x,
                     a * p[0].y + b * p[1].y + c * p[2].y + d * p[3].y };
}

HlPoint
hl_curve_at (const HlCurve *self, double t)
{
  double at = CLAMP (t, 0, 1) * self->n_pieces;
  guint piece = MIN ((guint) at, self->n_pieces - 1);

  return piece_at (&self->point[3 * piece], at - piece);
}

HlPoint
hl_curve_middle (const HlCurve *self)
{
  guint n = self->n_pieces * SAMPLES;
  double length = 0, walked = 0;
  HlPoint last = hl_curve_at (self, 0);

  for (guint i = 1; i <= n; i++)
    {
      HlPoint p = hl_curve_at (self, (double) i / n);

      length += hypot (p.x - last.x, p.y - last.y);
      last = p;
    }
  last = hl_curve_at (self, 0);
  for (guint i = 1; i <= n; i++)
    {
      HlPoint p = hl_curve_at (self, (double) i / n);

      walked += hypot (p.x - last.x, p.y - last.y);
      if (walked >= length / 2)
        return p;
      last = p;
    }
  return last;
}

static double
segment_distance (HlPoint a, HlPoint b, double x, double y)
{
  double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  double t = length > 0 ? ((x - a.x) * dx + (y - a.y) * dy) / length : 0;

  t = CLAMP (t, 0, 1);
  return hypot (a.x + t * dx - x, a.y + t * dy - y);
}

double
hl_curve_distance (const HlCurve *self, double x, double y)
{
  guint n = self->n_pieces * SAMPLES;
  double best = G_MAXDOUBLE;
  HlPoint last = hl_curve_at (self, 0);

  for (guint i = 1; i <= n; i++)
    {
      HlPoint p = hl_curve_at (self, (double) i / n);

      best = MIN (best, segment_distance (last, p, x, y));
      last = p;
    }
  return best;
}

HlRect
hl_curve_bounds (const HlCurve *self)
{
  HlPoint low = self->point[0], high = self->point[0];

  for (guint i = 1; i <= 3 * self->n_pieces; i++)
    {
      low.x = MIN (low.x, self->point[i].x);
      low.y = MIN (low.y, self->point[i].y);
      high.x = MAX (high.x, self->point[i].x);
      high.y = MAX (high.y, self->point[i].y);
    }
  return hl_rect_from_points (low, high);
}

double
hl_link_width (guint64 n)
{
  return CLAMP (1.2 + 0.28 * log2 (1 + (double) n), 1.5, 5);
}
