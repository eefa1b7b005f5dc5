/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pure parts of the canvas: views, curves, arrangement, docking, numbers as text. */

#include "config.h"

#include <math.h>

#include "app/project-state.h"
#include "ui/build/kernel-drawing.h"
#include "ui/canvas/auto-layout.h"
#include "ui/canvas/dock.h"
#include "ui/canvas/geometry.h"
#include "ui/widgets/format.h"

#define THIN "\xe2\x80\xaf"
#define assert_near(a, b) g_assert_cmpfloat_with_epsilon ((a), (b), 1e-9)

static void
test_view (void)
{
  HlView view = { 30, -20, 0.8 }, zoomed, fitted, shown;
  HlPoint before = hl_view_to_canvas (&view, 100, 50), after, back;
  HlRect bounds = { 10, 20, 400, 100 };

  zoomed = hl_view_zoom_at (&view, 100, 50, 1.7);
  after = hl_view_to_canvas (&zoomed, 100, 50);
  assert_near (before.x, after.x);
  assert_near (before.y, after.y);
  back = hl_view_to_view (&zoomed, after.x, after.y);
  assert_near (back.x, 100);
  assert_near (back.y, 50);
  zoomed = hl_view_zoom_at (&view, 0, 0, 1000);
  assert_near (zoomed.zoom, HL_ZOOM_MAX);
  fitted = hl_view_fit (&bounds, 240, 300, 20, 1);
  assert_near (fitted.zoom, 0.5);
  back = hl_view_to_view (&fitted, 210, 70);
  assert_near (back.x, 120);
  assert_near (back.y, 150);
  fitted = hl_view_fit (&bounds, 2400, 3000, 20, 1);
  assert_near (fitted.zoom, 1);
  /* Already in view: nothing moves. Left of the view: just inside the margin. */
  view = (HlView) { 0, 0, 1 };
  shown = hl_view_reveal (&view, &(HlRect) { 50, 50, 100, 100 }, 400, 300, 10);
  assert_near (shown.x, 0);
  shown = hl_view_reveal (&view, &(HlRect) { -200, 50, 100, 100 }, 400, 300, 10);
  assert_near (shown.x, -210);
  shown = hl_view_reveal (&view, &(HlRect) { 500, 50, 100, 100 }, 400, 300, 10);
  assert_near (shown.x, 210);
}

static void
test_rects (void)
{
  HlRect a = { 0, 0, 10, 10 }, b = { 10, 0, 10, 10 }, c = { 9, 9, 4, 4 }, empty = { 0, 0, 0, 0 }, all;

  g_assert_true (hl_rect_contains (&a, 0, 9.5));
  g_assert_false (hl_rect_contains (&a, 10, 5));
  g_assert_false (hl_rect_intersects (&a, &b));
  g_assert_true (hl_rect_intersects (&a, &c));
  all = hl_rect_union (&empty, &b);
  assert_near (all.x, 10);
  all = hl_rect_union (&a, &c);
  assert_near (all.width, 13);
  assert_near (hl_snap (11.9), 8);
  assert_near (hl_snap (12.1), 16);
  assert_near (hl_snap (-3), 0);
}

/* A link ends where it should, leaves to the right and never runs through the cards it joins. */
static void
check_link (HlRect source, HlRect target, const HlRect *obstacles, guint n)
{
  HlPoint from = { source.x + source.width, source.y + HL_CARD_PORT_Y }, to = { target.x, target.y + HL_CARD_PORT_Y };
  HlCurve curve = hl_curve_link (from, to, &source, &target, obstacles, n);
  HlPoint start = hl_curve_at (&curve, 0), end = hl_curve_at (&curve, 1), middle = hl_curve_middle (&curve);
  HlRect bounds = hl_curve_bounds (&curve);

  assert_near (start.x, from.x);
  assert_near (start.y, from.y);
  assert_near (end.x, to.x);
  assert_near (end.y, to.y);
  g_assert_cmpfloat (hl_curve_distance (&curve, middle.x, middle.y), <, 1);
  g_assert_cmpfloat (hl_curve_distance (&curve, from.x, from.y), <, 1e-6);
  g_assert_cmpfloat (hl_curve_distance (&curve, bounds.x - 50, bounds.y - 50), >=, 50);
  for (double t = 0.002; t < 0.998; t += 0.002)
    {
      HlPoint p = hl_curve_at (&curve, t);
      HlRect inner = { source.x + 1, source.y + 1, source.width - 2, source.height - 2 };

      g_assert_false (hl_rect_contains (&inner, p.x, p.y));
      inner = (HlRect) { target.x + 1, target.y + 1, target.width - 2, target.height - 2 };
      g_assert_false (hl_rect_contains (&inner, p.x, p.y));
      for (guint i = 0; i < n; i++)
        {
          inner = (HlRect) { obstacles[i].x + 1, obstacles[i].y + 1, obstacles[i].width - 2, obstacles[i].height - 2 };
          g_assert_false (hl_rect_contains (&inner, p.x, p.y));
        }
    }
}

static void
test_curves (void)
{
  HlRect a = { 0, 0, HL_CARD_WIDTH, 180 }, right = { 220, 30, HL_CARD_WIDTH, 180 }, far = { 440, 0, HL_CARD_WIDTH, 180 };
  HlRect far_below = { 440, 360, HL_CARD_WIDTH, 180 }, beyond = { 880, 0, HL_CARD_WIDTH, 180 };
  /* Cards in the row of the one and not in the row of the other; and only where a turn at the end would cross them. */
  HlRect row[] = { right, far, { 660, 10, HL_CARD_WIDTH, 200 } }, between[] = { { 220, 300, HL_CARD_WIDTH, 180 } };
  HlRect below = { 0, 300, HL_CARD_WIDTH, 200 }, above = { -40, -400, HL_CARD_WIDTH, 200 }, left = { -300, 10, HL_CARD_WIDTH, 150 };

  check_link (a, right, NULL, 0);
  check_link (a, below, NULL, 0);
  check_link (a, above, NULL, 0);
  check_link (a, left, NULL, 0);
  check_link (a, far, &right, 1);
  check_link (a, far_below, row, 3);
  check_link (far_below, beyond, row, 3);
  check_link (a, far_below, between, 1);
  g_assert_cmpfloat (hl_link_width (1), <, hl_link_width (100));
  g_assert_cmpfloat (hl_link_width (100), <, hl_link_width (10000));
  g_assert_cmpfloat (hl_link_width (G_MAXUINT64), <=, 5);
}

static void
check_layout (HlLayoutBox *boxes, guint n, const HlLayoutLink *links, guint n_links, double wrap)
{
  hl_auto_layout (boxes, n, links, n_links, wrap);
  for (guint i = 0; i < n; i++)
    {
      HlRect a = { boxes[i].x, boxes[i].y, boxes[i].width, boxes[i].height };

      g_assert_cmpfloat (fmod (a.x, HL_CANVAS_GRID), ==, 0);
      g_assert_cmpfloat (fmod (a.y, HL_CANVAS_GRID), ==, 0);
      g_assert_cmpfloat (a.x, >=, 0);
      g_assert_cmpfloat (a.y, >=, 0);
      if (wrap > 0 && a.x > 0)
        g_assert_cmpfloat (a.x + a.width, <=, wrap + HL_CANVAS_GRID);
      for (guint k = 0; k < i; k++)
        {
          HlRect b = { boxes[k].x, boxes[k].y, boxes[k].width, boxes[k].height };

          g_assert_false (hl_rect_intersects (&a, &b));
        }
    }
  /* In one row every link points right. */
  for (guint i = 0; wrap <= 0 && i < n_links; i++)
    g_assert_cmpfloat (boxes[links[i].from].x, <, boxes[links[i].to].x);
}

static void
test_layout (void)
{
  guint32 seed = g_test_rand_int ();
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  g_test_message ("seed %u", seed);
  for (guint round = 0; round < 60; round++)
    {
      guint n = g_rand_int_range (random, 1, 40), n_links = 0;
      g_autofree HlLayoutBox *boxes = g_new0 (HlLayoutBox, n);
      g_autofree HlLayoutLink *links = g_new (HlLayoutLink, n * n + 1);

      for (guint i = 0; i < n; i++)
        {
          boxes[i].width = HL_CARD_WIDTH;
          boxes[i].height = g_rand_double_range (random, 100, 260);
          for (guint k = 0; k < i; k++)
            if (g_rand_double (random) < 1.5 / n)
              links[n_links++] = (HlLayoutLink) { k, i };
        }
      check_layout (boxes, n, links, n_links, 0);
      check_layout (boxes, n, links, n_links, 900);
    }
}

/* A cycle cannot be in a graph, but the arrangement must survive one. */
static void
test_layout_cycle (void)
{
  HlLayoutBox boxes[3] = { { 100, 100, 0, 0 }, { 100, 100, 0, 0 }, { 100, 100, 0, 0 } };
  HlLayoutLink links[3] = { { 0, 1 }, { 1, 2 }, { 2, 0 } };

  hl_auto_layout (boxes, 3, links, 3, 0);
  g_assert_cmpfloat (boxes[0].x, >=, 0);
}

static void
test_docks (void)
{
  g_autoptr (HlProjectState) state = hl_template_new_state ("lenet-strokes");
  g_autoptr (HlGraph) graph = hl_graph_copy (hl_project_state_get_graph (state));
  g_autoptr (HlDocks) docks = hl_docks_new (graph);
  const HlNode *conv = hl_graph_find_name (graph, "conv1");
  guint n, n_hosts = 0;
  const guint32 *chips = hl_docks_get_chips (docks, conv->id, &n);
  guint32 relu;

  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    n_hosts += hl_docks_get_host (docks, hl_graph_get_node (graph, i)->id) == hl_graph_get_node (graph, i)->id;
  g_assert_cmpuint (n_hosts, ==, 8);
  g_assert_cmpuint (n, ==, 1);
  relu = chips[0];
  g_assert_cmpstr (hl_graph_find_node (graph, relu)->klass->base.name, ==, "relu");
  g_assert_cmpuint (hl_docks_get_host (docks, relu), ==, conv->id);
  g_assert_cmpuint (hl_docks_get_last (docks, conv->id), ==, relu);
  g_assert_cmpuint (hl_dock_candidate (graph, relu), ==, conv->id);
  /* Moved away it is a card of its own; moved back it docks again. */
  hl_graph_move_node (graph, relu, 4000, 4000);
  g_clear_pointer (&docks, hl_docks_free);
  docks = hl_docks_new (graph);
  g_assert_cmpuint (hl_docks_get_host (docks, relu), ==, relu);
  hl_graph_move_node (graph, relu, conv->x + HL_DOCK_DX, conv->y + HL_DOCK_DY);
  g_clear_pointer (&docks, hl_docks_free);
  docks = hl_docks_new (graph);
  g_assert_cmpuint (hl_docks_get_host (docks, relu), ==, conv->id);
}

static void
assert_text (char *text, const char *wanted)
{
  g_assert_cmpstr (text, ==, wanted);
  g_free (text);
}

static void
test_format (void)
{
  assert_text (hl_format_count (7), "7");
  assert_text (hl_format_count (61706), "61" THIN "706");
  assert_text (hl_format_count (1234567), "1" THIN "234" THIN "567");
  assert_text (hl_format_short (850), "850");
  assert_text (hl_format_short (416520), "0.42" THIN "M");
  assert_text (hl_format_short (1.26e9), "1.26" THIN "G");
  assert_text (hl_format_bytes (100), "100" THIN "B");
  assert_text (hl_format_bytes (7654605), "7.3" THIN "MiB");
  assert_text (hl_format_seconds (42.3), "0:42");
  assert_text (hl_format_seconds (3723), "1:02:03");
  assert_text (hl_format_seconds (-1), "0:00");
  assert_text (hl_format_percent (0.875), "87.5" THIN "%");
}

static void
test_formula (void)
{
  HlKernelGeometry geometry = { { 5, 3 }, { 1, 2 }, { 2, 0 }, { 1, 2 }, { 28, 27 }, { 28, 12 } };

  assert_text (hl_kernel_geometry_formula (&geometry, 0), "(28 + 4 − 5) / 1 + 1 = 28");
  assert_text (hl_kernel_geometry_formula (&geometry, 1), "(27 − 5) / 2 + 1 = 12");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/geometry/view", test_view);
  g_test_add_func ("/geometry/rects", test_rects);
  g_test_add_func ("/geometry/curves", test_curves);
  g_test_add_func ("/geometry/layout", test_layout);
  g_test_add_func ("/geometry/layout-cycle", test_layout_cycle);
  g_test_add_func ("/geometry/docks", test_docks);
  g_test_add_func ("/geometry/format", test_format);
  g_test_add_func ("/geometry/formula", test_formula);
  return g_test_run ();
}
