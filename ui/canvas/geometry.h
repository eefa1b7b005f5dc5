/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Geometry of the canvas: the view, the curves of links, hit tests, snapping. Plain values, no widgets; any thread.
 * "Canvas" coordinates are those stored with nodes; "view" coordinates are pixels of the widget. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HL_CARD_WIDTH    172.0   /* of every card */
#define HL_CARD_PORT_Y    96.0   /* of the first port, below the card's top */
#define HL_CARD_PORT_STEP 18.0   /* between the input ports of one card */
#define HL_CANVAS_GRID     8.0   /* positions snap to it */
#define HL_ZOOM_MIN        0.15
#define HL_ZOOM_MAX        3.0

typedef struct { double x, y; } HlPoint;
typedef struct { double x, y, width, height; } HlRect;

/* What part of the canvas a widget shows: (x, y) is the canvas point in its top left corner. */
typedef struct { double x, y, zoom; } HlView;

HlPoint  hl_view_to_view   (const HlView *self, double x, double y);    /* canvas → pixels */
HlPoint  hl_view_to_canvas (const HlView *self, double x, double y);    /* pixels → canvas */
/* The zoom changes (clamped), the canvas point under the pixel (x, y) stays there. */
HlView   hl_view_zoom_at   (const HlView *self, double x, double y, double zoom);
/* The whole of bounds in a widget of width × height with a margin in pixels, centred, never larger than max_zoom. */
HlView   hl_view_fit       (const HlRect *bounds, double width, double height, double margin, double max_zoom);
/* Moves as little as makes rect visible with a margin in pixels. */
HlView   hl_view_reveal    (const HlView *self, const HlRect *rect, double width, double height, double margin);

gboolean hl_rect_contains  (const HlRect *self, double x, double y);
gboolean hl_rect_intersects(const HlRect *a, const HlRect *b);
HlRect   hl_rect_union     (const HlRect *a, const HlRect *b);          /* an empty rect adds nothing */
HlRect   hl_rect_from_points (HlPoint a, HlPoint b);
double   hl_snap           (double value);

/* A path of cubic Bézier pieces: point[0], then three points a piece. */
#define HL_CURVE_MAX_PIECES 10
typedef struct
{
  guint n_pieces;
  HlPoint point[3 * HL_CURVE_MAX_PIECES + 1];
} HlCurve;

/* The link from an output at `from` to an input at `to`. Forwards it is one smooth S; backwards it runs between the two
 * cards' rows (or below both), with round corners; and where one of `obstacles` lies in the way of a forward link, with one step
 * where that is free, else over them.
 * source, target: the cards; any of the three may be NULL. */
HlCurve  hl_curve_link     (HlPoint from, HlPoint to, const HlRect *source, const HlRect *target,
                            const HlRect *obstacles, guint n_obstacles);
HlPoint  hl_curve_at       (const HlCurve *self, double t);             /* t 0..1 over the whole path */
HlPoint  hl_curve_middle   (const HlCurve *self);                       /* half-way along its length */
double   hl_curve_distance (const HlCurve *self, double x, double y);
HlRect   hl_curve_bounds   (const HlCurve *self);

/* Thickness of a link that carries n values: grows with the logarithm, 1.5 to 5. */
double   hl_link_width     (guint64 n);

G_END_DECLS
