/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Layers dragged from the palette: dropped on a link they go between, on a card they dock or follow, elsewhere they lie free. */

#include "config.h"

#include "ui/canvas/canvas-private.h"

#define LINK_REACH 24.0

static const HlLayerClass *
drag_class (GtkDropTarget *target)
{
  const GValue *value = gtk_drop_target_get_value (target);

  return value ? g_value_get_pointer (value) : NULL;
}

static void
set_targets (HlCanvas *self, const HlCanvasLink *link, const HlCard *card)
{
  self->drop_to = link ? link->to_node : 0;
  self->drop_port = link ? link->port : 0;
  self->drop_card = card ? card->id : 0;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static GdkDragAction
motion_cb (GtkDropTarget *target, double x, double y, HlCanvas *self)
{
  HlPoint at = hl_view_to_canvas (&self->view, x, y);
  const HlLayerClass *klass = drag_class (target);
  HlCard *card = hl_canvas_card_at (self, at);
  gboolean fits = !klass || klass->max_inputs > 0;

  set_targets (self, fits && !card ? hl_canvas_link_at (self, at, LINK_REACH) : NULL, fits ? card : NULL);
  return self->document ? GDK_ACTION_COPY : 0;
}

static void
leave_cb (GtkDropTarget *target, HlCanvas *self)
{
  set_targets (self, NULL, NULL);
}

static gboolean
drop_cb (GtkDropTarget *target, const GValue *value, double x, double y, HlCanvas *self)
{
  const HlLayerClass *klass = g_value_get_pointer (value);
  HlPoint at = hl_view_to_canvas (&self->view, x, y);
  double left = hl_snap (at.x - HL_CARD_WIDTH / 2), top = hl_snap (at.y - 20);
  guint32 node = 0;

  if (!klass || !self->document)
    return FALSE;
  motion_cb (target, x, y, self);
  if (klass->max_inputs && self->drop_card)
    node = hl_canvas_add_behind (self, klass, self->drop_card, TRUE);
  else if (klass->max_inputs && self->drop_to)
    node = hl_model_document_insert (self->document, klass, self->drop_to, self->drop_port, left, top);
  else
    node = hl_model_document_add (self->document, klass, left, top);
  set_targets (self, NULL, NULL);
  if (node)
    {
      hl_model_document_select (self->document, node, FALSE);
      gtk_widget_grab_focus (GTK_WIDGET (self));
    }
  return node != 0;
}

void
hl_canvas_add_drops (HlCanvas *self)
{
  GtkDropTarget *target = gtk_drop_target_new (HL_TYPE_LAYER_DRAG, GDK_ACTION_COPY);

  gtk_drop_target_set_preload (target, TRUE);
  g_signal_connect (target, "motion", G_CALLBACK (motion_cb), self);
  g_signal_connect (target, "leave", G_CALLBACK (leave_cb), self);
  g_signal_connect (target, "drop", G_CALLBACK (drop_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}
