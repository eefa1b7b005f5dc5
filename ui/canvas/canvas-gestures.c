/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the pointer does on the canvas: click, drag cards, ports, chips and the selection rectangle, pan, scroll, zoom. */

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "ui/canvas/canvas-private.h"

#define THRESHOLD   5.0    /* pixels before a press becomes a drag */
#define PORT_REACH  11.0   /* canvas units around a port */
#define LINK_REACH  7.0
#define SCROLL_STEP 48.0

static HlPoint
to_canvas (HlCanvas *self, double x, double y)
{
  return hl_view_to_canvas (&self->view, x, y);
}

static gboolean
near (HlPoint a, HlPoint b, double reach)
{
  return hypot (a.x - b.x, a.y - b.y) <= reach;
}

/* ---- Links ---- */

static void
find_legal (HlCanvas *self)
{
  g_hash_table_remove_all (self->legal);
  for (guint i = 0; i < self->cards->len; i++)
    {
      const HlCard *card = g_ptr_array_index (self->cards, i);

      for (guint port = 0; port < card->n_ports; port++)
        if (hl_model_document_can_connect (self->document, self->link_from, card->id, port, NULL))
          {
            g_hash_table_add (self->legal, GUINT_TO_POINTER (card->id));
            break;
          }
    }
}

/* The press begins a link when it lies on an output port, or takes up the end of one on a linked input port. */
static gboolean
begin_link (HlCanvas *self, HlPoint at)
{
  self->link_from = self->link_old_to = self->link_target = 0;
  for (guint i = self->cards->len; i > 0 && !self->link_from; i--)
    {
      const HlCard *card = g_ptr_array_index (self->cards, i - 1);

      if (near (at, hl_canvas_output_port (card), PORT_REACH))
        self->link_from = hl_docks_get_last (self->docks, card->id);
      for (guint port = 0; port < card->n_ports && !self->link_from; port++)
        if (near (at, hl_canvas_input_port (card, port), PORT_REACH))
          {
            const HlCanvasLink *link = hl_canvas_find_link (self, card->id, port);

            if (!link)
              continue;
            self->link_from = link->from_node;
            self->link_old_to = link->to_node;
            self->link_old_port = link->port;
          }
    }
  if (!self->link_from)
    return FALSE;
  find_legal (self);
  return TRUE;
}

/* The port the loose end would land on: the nearest one of the card under the pointer. */
static void
update_target (HlCanvas *self)
{
  HlPoint at = to_canvas (self, self->pointer.x, self->pointer.y);
  double best = G_MAXDOUBLE;

  self->link_target = 0;
  for (guint i = self->cards->len; i > 0; i--)
    {
      const HlCard *card = g_ptr_array_index (self->cards, i - 1);
      HlRect reach = { card->rect.x - PORT_REACH * 2, card->rect.y, card->rect.width + PORT_REACH * 2, card->rect.height };

      if (!hl_rect_contains (&reach, at.x, at.y) || !g_hash_table_contains (self->legal, GUINT_TO_POINTER (card->id)))
        continue;
      for (guint port = 0; port < card->n_ports; port++)
        {
          double distance = fabs (hl_canvas_input_port (card, port).y - at.y);

          if (distance < best && hl_model_document_can_connect (self->document, self->link_from, card->id, port, NULL))
            {
              best = distance;
              self->link_target = card->id;
              self->link_target_port = port;
            }
        }
      return;
    }
}

static void
end_link (HlCanvas *self)
{
  g_autoptr (GError) error = NULL;
  HlPoint at = to_canvas (self, self->pointer.x, self->pointer.y);
  HlCard *card = hl_canvas_card_at (self, at);

  if (self->link_target)
    {
      if (self->link_target == self->link_old_to && self->link_target_port == self->link_old_port)
        return;
      if (self->link_old_to)
        hl_model_document_disconnect (self->document, self->link_old_to, self->link_old_port);
      if (!hl_model_document_connect (self->document, self->link_from, self->link_target, self->link_target_port, &error))
        hl_canvas_message (self, error->message);
    }
  else if (card && card->n_ports == 0)
    {
      g_autofree char *text = g_strdup_printf (_("%s is where the samples enter: nothing can lead into it."),
                                               hl_node_item_get_title (hl_node_widget_get_item (card->widget)));

      hl_canvas_message (self, text);
    }
  else if (card && hl_docks_get_host (self->docks, self->link_from) != card->id)
    {
      if (!hl_model_document_can_connect (self->document, self->link_from, card->id, 0, &error))
        hl_canvas_message (self, error->message);
    }
  else if (!card && self->link_old_to)
    hl_model_document_disconnect (self->document, self->link_old_to, self->link_old_port);
}

/* ---- Chips ---- */

static guint32
chip_at (HlCanvas *self, double x, double y)
{
  HlCard *card = hl_canvas_card_at (self, to_canvas (self, x, y));
  double cx, cy;

  if (!card || !gtk_widget_translate_coordinates (GTK_WIDGET (self), GTK_WIDGET (card->widget), x, y, &cx, &cy))
    return 0;
  return hl_node_widget_pick_chip (card->widget, cx, cy);
}

/* Dropped off its card the chip becomes a card of its own there. */
static void
end_chip (HlCanvas *self)
{
  HlPoint at = to_canvas (self, self->pointer.x, self->pointer.y);
  HlCard *host = hl_canvas_card (self, self->chip);
  double xy[2] = { hl_snap (at.x - HL_CARD_WIDTH / 2), hl_snap (at.y - 14) };

  if (!host || hl_rect_contains (&host->rect, at.x, at.y))
    return;
  hl_model_document_set_positions (self->document, &self->chip, 1, xy, _("Undock"));
  hl_model_document_select (self->document, self->chip, FALSE);
}

/* A single card dropped onto the card it follows docks there. */
static gboolean
dock_dropped (HlCanvas *self)
{
  guint n;
  g_autofree guint32 *selected = hl_model_document_get_selection (self->document, &n);
  HlCard *card = n == 1 ? hl_canvas_card (self, selected[0]) : NULL, *host;
  guint32 source;
  HlPoint at = to_canvas (self, self->pointer.x, self->pointer.y);

  if (!card || card->id != selected[0])
    return FALSE;
  source = hl_dock_candidate (hl_model_document_get_graph (self->document), selected[0]);
  host = source ? hl_canvas_card (self, source) : NULL;
  if (!host || host == card || !hl_rect_contains (&host->rect, at.x, at.y))
    return FALSE;
  hl_model_document_set_positions (self->document, selected, 1,
                                   (double[]) { host->target.x + HL_DOCK_DX, host->target.y + HL_DOCK_DY }, _("Dock"));
  return TRUE;
}

/* ---- Dragging with the first button ---- */

static void
band_select (HlCanvas *self, gboolean extend)
{
  gboolean first = !extend;

  for (guint i = 0; i < self->cards->len; i++)
    {
      const HlCard *card = g_ptr_array_index (self->cards, i);

      if (hl_rect_intersects (&card->rect, &self->band))
        {
          if (!extend || !hl_node_widget_get_selected (card->widget))
            hl_model_document_select (self->document, card->id, !first);
          first = FALSE;
        }
    }
  if (first)
    hl_model_document_select (self->document, 0, FALSE);
}

static gboolean
has_control (GtkGesture *gesture)
{
  return gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (gesture)) & (GDK_CONTROL_MASK | GDK_SHIFT_MASK);
}

static void
drag_begin_cb (GtkGestureDrag *gesture, double x, double y, HlCanvas *self)
{
  if (!self->document)
    return;
  self->mode = HL_DRAG_PENDING;
  self->press = to_canvas (self, x, y);
  self->pointer = self->press_pixel = (HlPoint) { x, y };
  self->press_view = self->view;
  self->offset = (HlPoint) { 0, 0 };
  self->chip = chip_at (self, x, y);
}

static void
start_mode (HlCanvas *self, GtkGesture *gesture)
{
  HlCard *card = hl_canvas_card_at (self, self->press);

  if (self->space_held)
    self->mode = HL_DRAG_PAN;
  else if (begin_link (self, self->press))
    self->mode = HL_DRAG_LINK;
  else if (self->chip)
    self->mode = HL_DRAG_CHIP;
  else if (card)
    {
      if (!hl_node_item_get_selected (hl_node_widget_get_item (card->widget)))
        hl_model_document_select (self->document, card->id, has_control (gesture));
      self->mode = HL_DRAG_MOVE;
    }
  else
    self->mode = HL_DRAG_BAND;
  gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
}

static void
drag_update_cb (GtkGestureDrag *gesture, double dx, double dy, HlCanvas *self)
{
  if (self->mode == HL_DRAG_NONE || !self->document)
    return;
  self->pointer = (HlPoint) { self->press_pixel.x + dx, self->press_pixel.y + dy };
  if (self->mode == HL_DRAG_PENDING)
    {
      if (hypot (dx, dy) < THRESHOLD)
        return;
      start_mode (self, GTK_GESTURE (gesture));
    }
  switch (self->mode)
    {
    case HL_DRAG_PAN:
      hl_canvas_set_view (self, &(HlView) { self->press_view.x - dx / self->view.zoom, self->press_view.y - dy / self->view.zoom,
                                            self->view.zoom }, FALSE);
      return;
    case HL_DRAG_MOVE:
      self->offset = (HlPoint) { hl_snap (dx / self->view.zoom), hl_snap (dy / self->view.zoom) };
      hl_canvas_moved (self);
      break;
    case HL_DRAG_BAND:
      self->band = hl_rect_from_points (self->press, to_canvas (self, self->pointer.x, self->pointer.y));
      break;
    case HL_DRAG_LINK:
      update_target (self);
      break;
    default:
      break;
    }
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
end_move (HlCanvas *self)
{
  guint n;
  g_autofree guint32 *nodes = NULL;
  HlPoint offset = self->offset;

  if (dock_dropped (self) || (offset.x == 0 && offset.y == 0))
    return;
  nodes = hl_canvas_get_chosen (self, &n);
  hl_model_document_move (self->document, nodes, n, offset.x, offset.y);
}

static void
drag_end_cb (GtkGestureDrag *gesture, double dx, double dy, HlCanvas *self)
{
  if (!self->document)
    return;
  if (self->mode == HL_DRAG_MOVE)
    end_move (self);
  else if (self->mode == HL_DRAG_BAND)
    band_select (self, has_control (GTK_GESTURE (gesture)));
  else if (self->mode == HL_DRAG_LINK)
    end_link (self);
  else if (self->mode == HL_DRAG_CHIP)
    end_chip (self);
  self->mode = HL_DRAG_NONE;
  self->link_from = self->link_target = self->link_old_to = 0;
  hl_canvas_moved (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
drag_cancel_cb (GtkGesture *gesture, GdkEventSequence *sequence, HlCanvas *self)
{
  self->mode = HL_DRAG_NONE;
  self->link_from = self->link_target = self->link_old_to = 0;
  if (self->document)
    hl_canvas_moved (self);
}

/* ---- Panning with the middle button ---- */

static void
pan_begin_cb (GtkGestureDrag *gesture, double x, double y, HlCanvas *self)
{
  self->press_view = self->view;
}

static void
pan_update_cb (GtkGestureDrag *gesture, double dx, double dy, HlCanvas *self)
{
  hl_canvas_set_view (self, &(HlView) { self->press_view.x - dx / self->view.zoom, self->press_view.y - dy / self->view.zoom,
                                        self->view.zoom }, FALSE);
}

/* ---- Clicks ---- */

static void
click_cb (GtkGestureClick *gesture, int n_press, double x, double y, HlCanvas *self)
{
  HlPoint at = to_canvas (self, x, y);
  HlCard *card;

  if (!self->document || self->mode > HL_DRAG_PENDING)
    return;
  card = hl_canvas_card_at (self, at);
  if (card)
    {
      gtk_widget_grab_focus (GTK_WIDGET (card->widget));
      if (has_control (GTK_GESTURE (gesture)))
        hl_model_document_select (self->document, card->id, TRUE);
      else if (!hl_node_item_get_selected (hl_node_widget_get_item (card->widget)) || n_press == 1)
        hl_model_document_select (self->document, card->id, FALSE);
      if (n_press == 2)
        gtk_widget_activate_action (GTK_WIDGET (card->widget), "card.open", NULL);
      hl_canvas_select_link (self, NULL);
      return;
    }
  gtk_widget_grab_focus (GTK_WIDGET (self));
  hl_canvas_select_link (self, hl_canvas_link_at (self, at, LINK_REACH / MIN (self->view.zoom, 1)));
  if (!self->selected_to && !has_control (GTK_GESTURE (gesture)))
    hl_model_document_select (self->document, 0, FALSE);
}

static void
menu_cb (GtkGestureClick *gesture, int n_press, double x, double y, HlCanvas *self)
{
  HlCard *card;

  if (!self->document)
    return;
  card = hl_canvas_card_at (self, to_canvas (self, x, y));
  if (card && !hl_node_widget_get_selected (card->widget))
    hl_model_document_select (self->document, card->id, FALSE);
  if (!card)
    hl_canvas_select_link (self, hl_canvas_link_at (self, to_canvas (self, x, y), LINK_REACH / MIN (self->view.zoom, 1)));
  gtk_widget_grab_focus (card ? GTK_WIDGET (card->widget) : GTK_WIDGET (self));
  hl_canvas_show_menu (self, x, y);
}

/* ---- Scrolling, zooming, hovering ---- */

static gboolean
scroll_cb (GtkEventControllerScroll *controller, double dx, double dy, HlCanvas *self)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (controller));
  HlView view = self->view;

  if (state & GDK_CONTROL_MASK)
    view = hl_view_zoom_at (&self->view, self->pointer.x, self->pointer.y, self->view.zoom * pow (1.15, -dy));
  else
    {
      if (state & GDK_SHIFT_MASK)
        {
          dx = dy;
          dy = 0;
        }
      view.x += dx * SCROLL_STEP / view.zoom;
      view.y += dy * SCROLL_STEP / view.zoom;
    }
  hl_canvas_set_view (self, &view, FALSE);
  return TRUE;
}

static void
pinch_begin_cb (GtkGesture *gesture, GdkEventSequence *sequence, HlCanvas *self)
{
  self->press_view = self->view;
}

static void
pinch_cb (GtkGestureZoom *gesture, double scale, HlCanvas *self)
{
  double x = self->pointer.x, y = self->pointer.y;
  HlView view;

  gtk_gesture_get_bounding_box_center (GTK_GESTURE (gesture), &x, &y);
  view = hl_view_zoom_at (&self->press_view, x, y, self->press_view.zoom * scale);
  hl_canvas_set_view (self, &view, FALSE);
}

static void
motion_cb (GtkEventControllerMotion *controller, double x, double y, HlCanvas *self)
{
  HlPoint at = to_canvas (self, x, y);
  const HlCanvasLink *link;
  guint32 to;
  guint port;

  if (self->mode != HL_DRAG_NONE || !self->document)
    return;
  self->pointer = (HlPoint) { x, y };
  link = hl_canvas_card_at (self, at) ? NULL : hl_canvas_link_at (self, at, LINK_REACH / MIN (self->view.zoom, 1));
  to = link ? link->to_node : 0;
  port = link ? link->port : 0;
  if (to != self->hover_to || port != self->hover_port)
    {
      self->hover_to = to;
      self->hover_port = port;
      gtk_widget_queue_draw (GTK_WIDGET (self));
    }
}

void
hl_canvas_add_gestures (HlCanvas *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkGesture *drag = gtk_gesture_drag_new (), *pan = gtk_gesture_drag_new (), *pinch = gtk_gesture_zoom_new ();
  GtkGesture *click = gtk_gesture_click_new (), *menu = gtk_gesture_click_new ();
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
  GtkEventController *motion = gtk_event_controller_motion_new ();

  /* Before the children: a drag that begins on a chip's button is the canvas's once it has moved. */
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (drag), GTK_PHASE_CAPTURE);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_begin_cb), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_update_cb), self);
  g_signal_connect (drag, "drag-end", G_CALLBACK (drag_end_cb), self);
  g_signal_connect (drag, "cancel", G_CALLBACK (drag_cancel_cb), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (pan), GDK_BUTTON_MIDDLE);
  g_signal_connect (pan, "drag-begin", G_CALLBACK (pan_begin_cb), self);
  g_signal_connect (pan, "drag-update", G_CALLBACK (pan_update_cb), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (pan));
  g_signal_connect (pinch, "begin", G_CALLBACK (pinch_begin_cb), self);
  g_signal_connect (pinch, "scale-changed", G_CALLBACK (pinch_cb), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (pinch));
  g_signal_connect (click, "pressed", G_CALLBACK (click_cb), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (menu), GDK_BUTTON_SECONDARY);
  g_signal_connect (menu, "pressed", G_CALLBACK (menu_cb), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (menu));
  g_signal_connect (scroll, "scroll", G_CALLBACK (scroll_cb), self);
  gtk_widget_add_controller (widget, scroll);
  g_signal_connect (motion, "motion", G_CALLBACK (motion_cb), self);
  gtk_widget_add_controller (widget, motion);
}
