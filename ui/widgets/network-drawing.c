/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A network as a row of volumes. */

#include "config.h"

#include <math.h>

#include "ui/widgets/network-drawing.h"

#include "engine/graph/plan.h"
#include "ui/canvas/dock.h"
#include "ui/canvas/node-widget.h"

#define SLANT   0.5
#define PADDING 14.0
#define GAP     10.0
#define CLOSEST 0.3    /* share of a volume's depth that stays visible at least: many stand before each other rather than get tiny */

typedef struct { double width, height, depth; GdkRGBA color; } Block;

struct _HlNetworkDrawing
{
  GtkWidget parent_instance;
  GArray *blocks;
};

G_DEFINE_FINAL_TYPE (HlNetworkDrawing, hl_network_drawing, GTK_TYPE_WIDGET)

/* Sizes grow with the root, so that 120 units and 28 pixels live in one picture. */
static Block
block_new (const HlShape *shape, const char *group)
{
  Block block = { 0 };
  guint channels = hl_shape_channels (shape);

  hl_group_get_rgba (group, &block.color);
  if (shape->n_dims < 2)
    block = (Block) { 9, 14 + 6.2 * sqrt (channels), 0, block.color };
  else
    block = (Block) { 2.2 * sqrt (channels) + 4, 14 * sqrt (hl_shape_rows (shape)) , 7 * sqrt (hl_shape_columns (shape)), block.color };
  block.height = MIN (block.height, 82);
  return block;
}

void
hl_network_drawing_set_graph (HlNetworkDrawing *self, HlGraph *graph)
{
  HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 1 };
  g_autoptr (HlPlan) plan = hl_plan_new_partial (graph, &options);
  HlShape shape;

  g_array_set_size (self->blocks, 0);
  for (guint i = 0; i < hl_plan_get_n_steps (plan); i++)
    {
      const HlPlanStep *step = hl_plan_get_step (plan, i);

      if (!hl_dock_class_can (step->klass) && hl_plan_get_shape (plan, step->node, &shape))
        {
          Block block = block_new (&shape, step->klass->base.group);

          g_array_append_val (self->blocks, block);
        }
    }
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
set_source (cairo_t *cr, const GdkRGBA *color, double light)
{
  cairo_set_source_rgb (cr, color->red + (1 - color->red) * light, color->green + (1 - color->green) * light,
                        color->blue + (1 - color->blue) * light);
}

static void
draw_face (cairo_t *cr, double x, double y, const double *xy, const GdkRGBA *color, double light)
{
  cairo_move_to (cr, x, y);
  for (guint i = 0; i < 3; i++)
    cairo_rel_line_to (cr, xy[2 * i], xy[2 * i + 1]);
  cairo_close_path (cr);
  set_source (cr, color, light);
  cairo_fill (cr);
}

static void
draw_block (cairo_t *cr, const Block *b, double x, double y)
{
  double d = b->depth * SLANT;

  draw_face (cr, x, y, (double[]) { b->width, 0, 0, b->height, -b->width, 0 }, &b->color, 0.18);
  if (d > 0)
    {
      draw_face (cr, x, y, (double[]) { d, -d, b->width, 0, -d, d }, &b->color, 0.5);
      draw_face (cr, x + b->width, y, (double[]) { d, -d, 0, b->height, -d, d }, &b->color, 0.34);
    }
}

/* From the left edge of a volume to that of the next. */
static double
block_advance (const Block *b, double closer)
{
  return b->width + 2 + (b->depth * SLANT + GAP - 2) * closer;
}

static double
total_width (const HlNetworkDrawing *self, double closer)
{
  const Block *last = &g_array_index (self->blocks, Block, self->blocks->len - 1);
  double total = last->width + last->depth * SLANT;

  for (guint i = 0; i + 1 < self->blocks->len; i++)
    total += block_advance (&g_array_index (self->blocks, Block, i), closer);
  return total;
}

static void
hl_network_drawing_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  HlNetworkDrawing *self = HL_NETWORK_DRAWING (widget);
  double width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget), room = width - 2 * PADDING, x, scale, closer;
  cairo_t *cr;

  if (!self->blocks->len)
    return;
  closer = CLAMP (sqrt (MAX (room, 1) / total_width (self, 1)), CLOSEST, 1);
  scale = MIN (1, room / total_width (self, closer));
  x = (width - total_width (self, closer) * scale) / 2;
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  cairo_translate (cr, x, height / 2);
  cairo_scale (cr, scale, scale);
  x = 0;
  for (guint i = 0; i < self->blocks->len; i++)
    {
      const Block *b = &g_array_index (self->blocks, Block, i);

      draw_block (cr, b, x, -(b->height - b->depth * SLANT) / 2);
      x += block_advance (b, closer);
    }
  cairo_destroy (cr);
}

static void
hl_network_drawing_finalize (GObject *object)
{
  g_array_unref (HL_NETWORK_DRAWING (object)->blocks);
  G_OBJECT_CLASS (hl_network_drawing_parent_class)->finalize (object);
}

static void
hl_network_drawing_init (HlNetworkDrawing *self)
{
  self->blocks = g_array_new (FALSE, FALSE, sizeof (Block));
}

static void
hl_network_drawing_class_init (HlNetworkDrawingClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hl_network_drawing_finalize;
  GTK_WIDGET_CLASS (klass)->snapshot = hl_network_drawing_snapshot;
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "networkdrawing");
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

GtkWidget *
hl_network_drawing_new (void)
{
  return g_object_new (HL_TYPE_NETWORK_DRAWING, NULL);
}
