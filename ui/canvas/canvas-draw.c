/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Drawing of the canvas: dots, links, cards, ports, the link being dragged, the selection rectangle. Colours are named in the style sheets. */

#include "config.h"

#include <math.h>

#include "ui/canvas/canvas-private.h"

#define DOT_STEP    24.0
#define PORT_RADIUS 4.5
#define NUMBER_RADIUS 7.0   /* of a port that holds its number */
#define FAR_ZOOM    0.28

static GdkRGBA
color (HlCanvas *self, const char *name)
{
  GdkRGBA rgba = { 0.5, 0.5, 0.5, 1 };

  gtk_style_context_lookup_color (gtk_widget_get_style_context (GTK_WIDGET (self)), name, &rgba);
  return rgba;
}

static void
set_source (cairo_t *cr, const GdkRGBA *rgba, double alpha)
{
  cairo_set_source_rgba (cr, rgba->red, rgba->green, rgba->blue, rgba->alpha * alpha);
}

/* One dot, repeated by the renderer. */
static void
draw_dots (HlCanvas *self, GtkSnapshot *snapshot, int width, int height)
{
  double step = DOT_STEP * self->view.zoom, x, y;
  GdkRGBA rgba = color (self, "canvas_dot_color");

  while (step < 14)
    step *= 2;
  x = -fmod (self->view.x * self->view.zoom, step);
  y = -fmod (self->view.y * self->view.zoom, step);
  gtk_snapshot_push_repeat (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height), &GRAPHENE_RECT_INIT (x, y, step, step));
  gtk_snapshot_append_color (snapshot, &rgba, &GRAPHENE_RECT_INIT (x + 1, y + 1, 1.5, 1.5));
  gtk_snapshot_pop (snapshot);
}

static void
trace_curve (cairo_t *cr, const HlCurve *curve)
{
  const HlPoint *p = curve->point;

  cairo_move_to (cr, p[0].x, p[0].y);
  for (guint i = 0; i < curve->n_pieces; i++)
    cairo_curve_to (cr, p[3 * i + 1].x, p[3 * i + 1].y, p[3 * i + 2].x, p[3 * i + 2].y, p[3 * i + 3].x, p[3 * i + 3].y);
  cairo_stroke (cr);
}

static gboolean
link_is (const HlCanvasLink *link, guint32 to, guint port)
{
  return link->to_node == to && link->port == port;
}

/* The shape, on a plate so that it can be read over the line. */
static void
draw_link_text (HlCanvas *self, cairo_t *cr, const HlCanvasLink *link)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), link->text);
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();
  GdkRGBA back = color (self, "canvas_bg_color"), text = color (self, "canvas_text_color");
  HlPoint middle = hl_curve_middle (&link->curve);
  int width, height;

  pango_attr_list_insert (attributes, pango_attr_scale_new (0.78));
  pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum=1"));
  pango_layout_set_attributes (layout, attributes);
  pango_layout_get_pixel_size (layout, &width, &height);
  set_source (cr, &back, 0.92);
  cairo_rectangle (cr, middle.x - width / 2.0 - 4, middle.y - height / 2.0 - 1, width + 8, height + 2);
  cairo_fill (cr);
  set_source (cr, &text, 1);
  cairo_move_to (cr, middle.x - width / 2.0, middle.y - height / 2.0);
  pango_cairo_show_layout (cr, layout);
}

static void
draw_links (HlCanvas *self, cairo_t *cr, const HlRect *visible)
{
  GdkRGBA plain = color (self, "canvas_link_color"), accent = color (self, "accent_color");

  for (guint i = 0; i < self->links->len; i++)
    {
      const HlCanvasLink *link = &g_array_index (self->links, HlCanvasLink, i);
      HlRect bounds = hl_curve_bounds (&link->curve);
      gboolean selected = link_is (link, self->selected_to, self->selected_port);
      gboolean strong = selected || link_is (link, self->drop_to, self->drop_port);
      gboolean hover = link_is (link, self->hover_to, self->hover_port);

      bounds = (HlRect) { bounds.x - 4, bounds.y - 4, bounds.width + 8, bounds.height + 8 };
      if (!hl_rect_intersects (&bounds, visible))
        continue;
      if (self->mode == HL_DRAG_LINK && link_is (link, self->link_old_to, self->link_old_port))
        continue;
      set_source (cr, strong ? &accent : &plain, hover || strong ? 1 : 0.85);
      cairo_set_line_width (cr, hl_link_width (link->n_values) + (hover || strong ? 1 : 0));
      trace_curve (cr, &link->curve);
    }
  if (self->view.zoom < 0.5)
    return;
  for (guint i = 0; i < self->links->len; i++)
    {
      const HlCanvasLink *link = &g_array_index (self->links, HlCanvasLink, i);
      HlRect bounds = hl_curve_bounds (&link->curve);
      gboolean hover = link_is (link, self->hover_to, self->hover_port) || link_is (link, self->selected_to, self->selected_port);

      if (*link->text && (hover || MAX (bounds.width, bounds.height) > 110) && hl_rect_intersects (&bounds, visible))
        draw_link_text (self, cr, link);
    }
}

static void
draw_port (cairo_t *cr, HlPoint at, const GdkRGBA *fill, const GdkRGBA *line, double radius)
{
  cairo_arc (cr, at.x, at.y, radius, 0, 2 * G_PI);
  set_source (cr, fill, 1);
  cairo_fill_preserve (cr);
  set_source (cr, line, 1);
  cairo_set_line_width (cr, 1.5);
  cairo_stroke (cr);
}

/* The number of an input, where it matters which comes where. */
static void
draw_port_number (HlCanvas *self, cairo_t *cr, HlPoint at, guint number, const GdkRGBA *rgba)
{
  char text[12];
  g_autoptr (PangoLayout) layout = NULL;
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();
  PangoRectangle ink;

  g_snprintf (text, sizeof text, "%u", number);
  layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  pango_attr_list_insert (attributes, pango_attr_scale_new (0.66));
  pango_layout_set_attributes (layout, attributes);
  pango_layout_get_pixel_extents (layout, &ink, NULL);
  set_source (cr, rgba, 1);
  cairo_move_to (cr, at.x - ink.x - ink.width / 2.0, at.y - ink.y - ink.height / 2.0);
  pango_cairo_show_layout (cr, layout);
  /* Or the next arc would begin with a line from here. */
  cairo_new_path (cr);
}

/* While a link is dragged, every place where it may land is filled; the others fade. */
static void
draw_ports (HlCanvas *self, cairo_t *cr, const HlRect *visible)
{
  GdkRGBA back = color (self, "card_port_color"), line = color (self, "canvas_link_color"), accent = color (self, "accent_color");
  GdkRGBA plain = color (self, "canvas_text_color"), on_accent = color (self, "accent_fg_color");
  gboolean dragging = self->mode == HL_DRAG_LINK;

  for (guint i = 0; i < self->cards->len; i++)
    {
      const HlCard *card = g_ptr_array_index (self->cards, i);
      gboolean legal = dragging && g_hash_table_contains (self->legal, GUINT_TO_POINTER (card->id));
      gboolean numbers = hl_canvas_has_ordered_ports (self, card);
      double radius = numbers ? NUMBER_RADIUS : PORT_RADIUS;

      if (!hl_rect_intersects (&card->rect, visible))
        continue;
      for (guint port = 0; port < card->n_ports; port++)
        {
          gboolean target = dragging && self->link_target == card->id && self->link_target_port == port;

          draw_port (cr, hl_canvas_input_port (card, port), legal ? &accent : &back, legal ? &accent : &line,
                     target ? radius + 3 : legal ? radius + 1 : radius);
          if (numbers)
            draw_port_number (self, cr, hl_canvas_input_port (card, port), port + 1, legal ? &on_accent : &plain);
        }
      draw_port (cr, hl_canvas_output_port (card), &back, &line, PORT_RADIUS);
    }
}

static void
draw_dragged_link (HlCanvas *self, cairo_t *cr)
{
  HlCard *from = hl_canvas_card (self, self->link_from), *to = hl_canvas_card (self, self->link_target);
  GdkRGBA accent = color (self, "accent_color");
  HlCurve curve;

  if (!from)
    return;
  curve = hl_curve_link (hl_canvas_output_port (from),
                         to ? hl_canvas_input_port (to, self->link_target_port) : hl_view_to_canvas (&self->view, self->pointer.x, self->pointer.y),
                         &from->rect, to ? &to->rect : NULL, NULL, 0);
  set_source (cr, &accent, 1);
  cairo_set_line_width (cr, 3);
  if (!to)
    cairo_set_dash (cr, (double[]) { 7, 5 }, 2, 0);
  trace_curve (cr, &curve);
  cairo_set_dash (cr, NULL, 0, 0);
}

static void
draw_overlay (HlCanvas *self, cairo_t *cr, const HlRect *visible)
{
  GdkRGBA accent = color (self, "accent_color");

  draw_ports (self, cr, visible);
  if (self->mode == HL_DRAG_LINK)
    draw_dragged_link (self, cr);
  if (self->mode == HL_DRAG_BAND)
    {
      cairo_rectangle (cr, self->band.x, self->band.y, self->band.width, self->band.height);
      set_source (cr, &accent, 0.12);
      cairo_fill_preserve (cr);
      set_source (cr, &accent, 0.8);
      cairo_set_line_width (cr, 1 / self->view.zoom);
      cairo_stroke (cr);
    }
  if (self->mode == HL_DRAG_CHIP)
    {
      HlPoint at = hl_view_to_canvas (&self->view, self->pointer.x, self->pointer.y);

      cairo_rectangle (cr, at.x - HL_CARD_WIDTH / 2, at.y - 14, HL_CARD_WIDTH, 60);
      set_source (cr, &accent, 0.15);
      cairo_fill_preserve (cr);
      set_source (cr, &accent, 0.9);
      cairo_set_line_width (cr, 1.5);
      cairo_stroke (cr);
    }
  if (self->drop_card && hl_canvas_card (self, self->drop_card))
    {
      HlRect rect = hl_canvas_card (self, self->drop_card)->rect;

      cairo_rectangle (cr, rect.x - 4, rect.y - 4, rect.width + 8, rect.height + 8);
      set_source (cr, &accent, 1);
      cairo_set_line_width (cr, 2);
      cairo_stroke (cr);
    }
}

/* From far away a card is its colour and its outline: text would be a grey line, and hundreds of widgets would cost every frame. */
static void
draw_far_card (HlCanvas *self, GtkSnapshot *snapshot, const HlCard *card)
{
  const HlNode *node = hl_node_item_get_node (hl_node_widget_get_item (card->widget));
  HlPoint at = hl_view_to_view (&self->view, card->rect.x, card->rect.y);
  float width = card->rect.width * self->view.zoom, height = card->rect.height * self->view.zoom, line = 1;
  GdkRGBA back = color (self, "node_bg_color"), stripe, edge = color (self, "node_border_color");
  GskRoundedRect outline;

  hl_group_get_rgba (node ? node->klass->base.group : NULL, &stripe);
  if (gtk_widget_has_css_class (GTK_WIDGET (card->widget), "has-error"))
    edge = color (self, "error_color");
  if (hl_node_widget_get_selected (card->widget))
    {
      edge = color (self, "accent_color");
      line = 2;
    }
  gsk_rounded_rect_init_from_rect (&outline, &GRAPHENE_RECT_INIT (at.x, at.y, width, height), 3);
  gtk_snapshot_push_rounded_clip (snapshot, &outline);
  gtk_snapshot_append_color (snapshot, &back, &outline.bounds);
  gtk_snapshot_append_color (snapshot, &stripe, &GRAPHENE_RECT_INIT (at.x, at.y, width, MAX (height / 6, 3)));
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_append_border (snapshot, &outline, (float[]) { line, line, line, line }, (GdkRGBA[]) { edge, edge, edge, edge });
}

void
hl_canvas_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  HlCanvas *self = HL_CANVAS (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  HlPoint start = hl_view_to_canvas (&self->view, 0, 0);
  HlRect visible = { start.x, start.y, width / self->view.zoom, height / self->view.zoom };
  HlRect wide = { visible.x - 12, visible.y - 12, visible.width + 24, visible.height + 24 };
  cairo_t *cr;

  draw_dots (self, snapshot, width, height);
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  cairo_scale (cr, self->view.zoom, self->view.zoom);
  cairo_translate (cr, -self->view.x, -self->view.y);
  draw_links (self, cr, &wide);
  cairo_destroy (cr);
  for (guint i = 0; i < self->cards->len; i++)
    {
      const HlCard *card = g_ptr_array_index (self->cards, i);

      if (!hl_rect_intersects (&card->rect, &wide))
        continue;
      if (self->view.zoom < FAR_ZOOM)
        draw_far_card (self, snapshot, card);
      else
        gtk_widget_snapshot_child (widget, GTK_WIDGET (card->widget), snapshot);
    }
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  cairo_scale (cr, self->view.zoom, self->view.zoom);
  cairo_translate (cr, -self->view.x, -self->view.y);
  draw_overlay (self, cr, &wide);
  cairo_destroy (cr);
}
