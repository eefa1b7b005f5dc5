/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The whole canvas in a corner. */

#include "config.h"

#include <glib/gi18n.h>

#include "ui/canvas/minimap.h"

#include "ui/canvas/node-widget.h"

#define WIDTH   144
#define HEIGHT  88
#define PADDING 7.0

struct _HlMinimap
{
  GtkWidget parent_instance;
  HlCanvas *canvas;      /* a sibling; follows its life by a weak pointer */
};

G_DEFINE_FINAL_TYPE (HlMinimap, hl_minimap, GTK_TYPE_WIDGET)

static HlRect
shown (HlMinimap *self)
{
  const HlView *view = hl_canvas_get_view (self->canvas);

  return (HlRect) { view->x, view->y, gtk_widget_get_width (GTK_WIDGET (self->canvas)) / view->zoom,
                    gtk_widget_get_height (GTK_WIDGET (self->canvas)) / view->zoom };
}

/* The map shows the cards and the part in view. */
static HlView
map_view (HlMinimap *self)
{
  HlRect cards = hl_canvas_get_bounds (self->canvas), part = shown (self), all = hl_rect_union (&cards, &part);
  double zoom = MIN ((WIDTH - 2 * PADDING) / MAX (all.width, 1), (HEIGHT - 2 * PADDING) / MAX (all.height, 1));

  return (HlView) { all.x + all.width / 2 - WIDTH / 2 / zoom, all.y + all.height / 2 - HEIGHT / 2 / zoom, zoom };
}

static void
append_rounded (GtkSnapshot *snapshot, const HlRect *rect, const GdkRGBA *color)
{
  GskRoundedRect clip;

  gsk_rounded_rect_init_from_rect (&clip, &GRAPHENE_RECT_INIT (rect->x, rect->y, rect->width, rect->height), 2);
  gtk_snapshot_push_rounded_clip (snapshot, &clip);
  gtk_snapshot_append_color (snapshot, color, &clip.bounds);
  gtk_snapshot_pop (snapshot);
}

static HlRect
map_rect (const HlView *view, const HlRect *rect)
{
  HlPoint at = hl_view_to_view (view, rect->x, rect->y);

  return (HlRect) { at.x, at.y, rect->width * view->zoom, rect->height * view->zoom };
}

static void
hl_minimap_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  HlMinimap *self = HL_MINIMAP (widget);
  HlView view;
  HlRect part, rect;
  GdkRGBA accent = { 0.2, 0.5, 0.9, 1 };
  GskRoundedRect frame;

  if (!self->canvas)
    return;
  view = map_view (self);
  for (guint i = 0; i < hl_canvas_get_n_cards (self->canvas); i++)
    {
      GtkWidget *card = hl_canvas_find_card (self->canvas, hl_canvas_get_card (self->canvas, i, &rect));
      const HlNode *node = card ? hl_node_item_get_node (hl_node_widget_get_item (HL_NODE_WIDGET (card))) : NULL;
      GdkRGBA color;

      hl_group_get_rgba (node ? node->klass->base.group : NULL, &color);
      color.alpha = 0.75;
      rect = map_rect (&view, &rect);
      append_rounded (snapshot, &rect, &color);
    }
  part = shown (self);
  part = map_rect (&view, &part);
  gtk_style_context_lookup_color (gtk_widget_get_style_context (widget), "accent_color", &accent);
  gsk_rounded_rect_init_from_rect (&frame, &GRAPHENE_RECT_INIT (part.x, part.y, part.width, part.height), 4);
  gtk_snapshot_append_border (snapshot, &frame, (float[]) { 1.5, 1.5, 1.5, 1.5 }, (GdkRGBA[]) { accent, accent, accent, accent });
}

static void
hl_minimap_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                    int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? WIDTH : HEIGHT;
}

static void
move_to (HlMinimap *self, double x, double y)
{
  HlView map = map_view (self), view = *hl_canvas_get_view (self->canvas);
  HlPoint at = hl_view_to_canvas (&map, x, y);
  HlRect part = shown (self);

  view.x = at.x - part.width / 2;
  view.y = at.y - part.height / 2;
  hl_canvas_set_view (self->canvas, &view, FALSE);
}

static void
drag_begin_cb (GtkGestureDrag *gesture, double x, double y, HlMinimap *self)
{
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  if (self->canvas)
    move_to (self, x, y);
}

static void
drag_update_cb (GtkGestureDrag *gesture, double dx, double dy, HlMinimap *self)
{
  double x, y;

  gtk_gesture_drag_get_start_point (gesture, &x, &y);
  if (self->canvas)
    move_to (self, x + dx, y + dy);
}

static void
hl_minimap_dispose (GObject *object)
{
  HlMinimap *self = HL_MINIMAP (object);

  if (self->canvas)
    g_signal_handlers_disconnect_by_data (self->canvas, self);
  g_clear_weak_pointer (&self->canvas);
  G_OBJECT_CLASS (hl_minimap_parent_class)->dispose (object);
}

static void
hl_minimap_init (HlMinimap *self)
{
  GtkGesture *drag = gtk_gesture_drag_new ();

  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_begin_cb), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_update_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Overview"),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, _("The whole network; click to look at a part"), -1);
}

static void
hl_minimap_class_init (HlMinimapClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = hl_minimap_dispose;
  widget_class->measure = hl_minimap_measure;
  widget_class->snapshot = hl_minimap_snapshot;
  gtk_widget_class_set_css_name (widget_class, "minimap");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

GtkWidget *
hl_minimap_new (HlCanvas *canvas)
{
  HlMinimap *self = g_object_new (HL_TYPE_MINIMAP, NULL);

  g_set_weak_pointer (&self->canvas, canvas);
  g_signal_connect_swapped (canvas, "view-changed", G_CALLBACK (gtk_widget_queue_draw), self);
  return GTK_WIDGET (self);
}
