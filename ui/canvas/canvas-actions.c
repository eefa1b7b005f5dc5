/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the keyboard does on the canvas, and the context menu: every verb is an action. */

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "ui/canvas/canvas-private.h"

#define PASTE_SHIFT 32.0

/* ---- Clipboard ---- */

static char *
copy_text (HlCanvas *self)
{
  guint n;
  g_autofree guint32 *nodes = hl_canvas_get_chosen (self, &n);

  return n ? hl_model_document_copy_text (self->document, nodes, n) : NULL;
}

static void
remove_chosen (HlCanvas *self)
{
  guint n;
  g_autofree guint32 *nodes = hl_canvas_get_chosen (self, &n);

  if (n)
    hl_model_document_remove (self->document, nodes, n);
}

/* Beside what it was copied from when that is in view, otherwise in the middle. */
static void
pasted_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HlCanvas) self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, &error);
  GtkWidget *widget = GTK_WIDGET (self);
  guint n;
  g_autofree guint32 *nodes = NULL;
  HlPoint at;

  if (!self->document)
    return;
  at = hl_view_to_canvas (&self->view, gtk_widget_get_width (widget) / 2.0 - HL_CARD_WIDTH / 2, gtk_widget_get_height (widget) / 3.0);
  nodes = hl_model_document_get_selection (self->document, &n);
  if (n)
    {
      HlCard *card = hl_canvas_card (self, nodes[0]);

      at = card ? (HlPoint) { card->target.x + PASTE_SHIFT, card->target.y + PASTE_SHIFT } : at;
    }
  if (!text || !*text)
    hl_canvas_message (self, _("There are no copied layers to paste."));
  else if (!hl_model_document_paste_text (self->document, text, hl_snap (at.x), hl_snap (at.y), &error))
    hl_canvas_message (self, error->message);
}

/* ---- Actions ---- */

static void
delete_action (HlCanvas *self)
{
  if (self->selected_to)
    hl_model_document_disconnect (self->document, self->selected_to, self->selected_port);
  else
    remove_chosen (self);
  gtk_widget_grab_focus (GTK_WIDGET (self));
}

static void
copy_action (HlCanvas *self)
{
  g_autofree char *text = copy_text (self);

  if (text)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
}

static void
cut_action (HlCanvas *self)
{
  copy_action (self);
  remove_chosen (self);
  gtk_widget_grab_focus (GTK_WIDGET (self));
}

static void
paste_action (HlCanvas *self)
{
  gdk_clipboard_read_text_async (gtk_widget_get_clipboard (GTK_WIDGET (self)), NULL, pasted_cb, g_object_ref (self));
}

static void
duplicate_action (HlCanvas *self)
{
  guint n;
  g_autofree guint32 *nodes = hl_canvas_get_chosen (self, &n);

  if (n)
    hl_model_document_duplicate (self->document, nodes, n);
}

static void
select_all_action (HlCanvas *self)
{
  hl_model_document_select_all (self->document);
}

/* Two selected cards: a link from the left one to the first port of the other that takes it. */
static void
connect_action (HlCanvas *self)
{
  guint n, n_cards = 0;
  g_autofree guint32 *nodes = hl_model_document_get_selection (self->document, &n);
  g_autoptr (GError) error = NULL;
  HlCard *card[2] = { NULL, NULL };
  guint port = 0;

  for (guint i = 0; i < n; i++)
    {
      HlCard *found = hl_canvas_card (self, nodes[i]);

      if (found && (n_cards == 0 || found != card[0]) && n_cards < 3)
        {
          if (n_cards < 2)
            card[n_cards] = found;
          n_cards++;
        }
    }
  if (n_cards != 2)
    {
      hl_canvas_message (self, _("Select exactly two layers to link them."));
      return;
    }
  if (card[0]->target.x > card[1]->target.x)
    {
      HlCard *swap = card[0];

      card[0] = card[1];
      card[1] = swap;
    }
  while (port + 1 < card[1]->n_ports && hl_canvas_find_link (self, card[1]->id, port))
    port++;
  if (!hl_model_document_connect (self->document, hl_docks_get_last (self->docks, card[0]->id), card[1]->id, port, &error))
    hl_canvas_message (self, error->message);
}

static void
fit_action (HlCanvas *self)
{
  hl_canvas_fit (self, TRUE);
}

static void
zoom_in_action (HlCanvas *self)
{
  hl_canvas_zoom (self, 1.25);
}

static void
zoom_out_action (HlCanvas *self)
{
  hl_canvas_zoom (self, 0.8);
}

static void
zoom_normal_action (HlCanvas *self)
{
  hl_canvas_zoom (self, 1 / self->view.zoom);
}

static void
escape_action (HlCanvas *self)
{
  hl_canvas_select_link (self, NULL);
  hl_model_document_select (self->document, 0, FALSE);
}

static const struct { const char *name; void (*run) (HlCanvas *self); } actions[] = {
  { "canvas.delete", delete_action }, { "canvas.copy", copy_action }, { "canvas.cut", cut_action }, { "canvas.paste", paste_action },
  { "canvas.duplicate", duplicate_action }, { "canvas.select-all", select_all_action }, { "canvas.connect", connect_action },
  { "canvas.fit", fit_action }, { "canvas.zoom-in", zoom_in_action }, { "canvas.zoom-out", zoom_out_action },
  { "canvas.zoom-normal", zoom_normal_action }, { "canvas.arrange", hl_canvas_arrange }, { "canvas.select-none", escape_action },
};

static void
action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  HlCanvas *self = HL_CANVAS (widget);

  for (guint i = 0; self->document && i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (actions[i].name, name))
      actions[i].run (self);
}

void
hl_canvas_add_actions (GtkWidgetClass *klass)
{
  static const struct { guint key; GdkModifierType modifiers; const char *action; } keys[] = {
    { GDK_KEY_Delete, 0, "canvas.delete" }, { GDK_KEY_BackSpace, 0, "canvas.delete" },
    { GDK_KEY_c, GDK_CONTROL_MASK, "canvas.copy" }, { GDK_KEY_x, GDK_CONTROL_MASK, "canvas.cut" },
    { GDK_KEY_v, GDK_CONTROL_MASK, "canvas.paste" }, { GDK_KEY_d, GDK_CONTROL_MASK, "canvas.duplicate" },
    { GDK_KEY_a, GDK_CONTROL_MASK, "canvas.select-all" }, { GDK_KEY_l, GDK_CONTROL_MASK, "canvas.connect" },
    { GDK_KEY_Escape, 0, "canvas.select-none" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (klass, actions[i].name, NULL, action_cb);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_widget_class_add_binding_action (klass, keys[i].key, keys[i].modifiers, keys[i].action, NULL);
}

/* ---- Walking the graph ---- */

static HlCard *
focused_card (HlCanvas *self)
{
  GtkWidget *focus = gtk_widget_get_focus_child (GTK_WIDGET (self));

  for (guint i = 0; focus && i < self->cards->len; i++)
    {
      HlCard *card = g_ptr_array_index (self->cards, i);

      if (GTK_WIDGET (card->widget) == focus)
        return card;
    }
  return NULL;
}

/* Along links for left and right, the nearest card for up and down. */
static HlCard *
neighbour (HlCanvas *self, HlCard *from, guint key)
{
  HlCard *best = NULL;
  double best_distance = G_MAXDOUBLE;

  for (guint i = 0; i < self->links->len; i++)
    {
      const HlCanvasLink *link = &g_array_index (self->links, HlCanvasLink, i);

      if (key == GDK_KEY_Right && g_ptr_array_index (self->cards, link->from) == from)
        return g_ptr_array_index (self->cards, link->to);
      if (key == GDK_KEY_Left && g_ptr_array_index (self->cards, link->to) == from)
        return g_ptr_array_index (self->cards, link->from);
    }
  for (guint i = 0; i < self->cards->len; i++)
    {
      HlCard *card = g_ptr_array_index (self->cards, i);
      double dx = card->target.x - from->target.x, dy = card->target.y - from->target.y;
      double along = key == GDK_KEY_Up ? -dy : key == GDK_KEY_Down ? dy : key == GDK_KEY_Left ? -dx : dx;
      double across = key == GDK_KEY_Up || key == GDK_KEY_Down ? dx : dy;

      if (card != from && along > 1 && along + 2 * fabs (across) < best_distance)
        {
          best = card;
          best_distance = along + 2 * fabs (across);
        }
    }
  return best;
}

static void
nudge (HlCanvas *self, guint key)
{
  guint n;
  g_autofree guint32 *nodes = hl_canvas_get_chosen (self, &n);
  double dx = key == GDK_KEY_Left ? -HL_CANVAS_GRID : key == GDK_KEY_Right ? HL_CANVAS_GRID : 0;
  double dy = key == GDK_KEY_Up ? -HL_CANVAS_GRID : key == GDK_KEY_Down ? HL_CANVAS_GRID : 0;

  if (n)
    hl_model_document_move (self->document, nodes, n, dx, dy);
}

static gboolean
key_cb (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, HlCanvas *self)
{
  HlCard *card, *next;

  if (!self->document)
    return FALSE;
  if (key == GDK_KEY_space && (state & GDK_CONTROL_MASK))
    {
      if ((card = focused_card (self)))
        hl_model_document_select (self->document, card->id, TRUE);
      return card != NULL;
    }
  if (key == GDK_KEY_space)
    {
      self->space_held = TRUE;
      gtk_widget_set_cursor_from_name (GTK_WIDGET (self), "grab");
      return TRUE;
    }
  if (key != GDK_KEY_Left && key != GDK_KEY_Right && key != GDK_KEY_Up && key != GDK_KEY_Down)
    return FALSE;
  if (state & GDK_CONTROL_MASK)
    {
      nudge (self, key);
      return TRUE;
    }
  card = focused_card (self);
  next = card ? neighbour (self, card, key) : self->cards->len ? g_ptr_array_index (self->cards, 0) : NULL;
  if (next)
    {
      gtk_widget_grab_focus (GTK_WIDGET (next->widget));
      hl_model_document_select (self->document, next->id, (state & GDK_SHIFT_MASK) != 0);
      hl_canvas_reveal (self, next->id);
    }
  return TRUE;
}

static void
key_released_cb (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, HlCanvas *self)
{
  if (key == GDK_KEY_space)
    {
      self->space_held = FALSE;
      gtk_widget_set_cursor (GTK_WIDGET (self), NULL);
    }
}

void
hl_canvas_add_keys (HlCanvas *self)
{
  GtkEventController *controller = gtk_event_controller_key_new ();

  g_signal_connect (controller, "key-pressed", G_CALLBACK (key_cb), self);
  g_signal_connect (controller, "key-released", G_CALLBACK (key_released_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), controller);
}

/* ---- Context menu ---- */

static GMenuModel *
menu_model (gboolean with_card)
{
  GMenu *menu = g_menu_new (), *edit = g_menu_new (), *view = g_menu_new ();

  if (with_card)
    {
      g_menu_append (edit, _("Cu_t"), "canvas.cut");
      g_menu_append (edit, _("_Copy"), "canvas.copy");
    }
  g_menu_append (edit, _("_Paste"), "canvas.paste");
  if (with_card)
    {
      g_menu_append (edit, _("D_uplicate"), "canvas.duplicate");
      g_menu_append (edit, _("_Link the Two"), "canvas.connect");
      g_menu_append (edit, _("_Delete"), "canvas.delete");
    }
  g_menu_append (view, _("Select _All"), "canvas.select-all");
  g_menu_append (view, _("A_rrange"), "canvas.arrange");
  g_menu_append (view, _("_Fit to Window"), "canvas.fit");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (edit));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (view));
  g_object_unref (edit);
  g_object_unref (view);
  return G_MENU_MODEL (menu);
}

void
hl_canvas_show_menu (HlCanvas *self, double x, double y)
{
  guint n;
  g_autofree guint32 *nodes = hl_model_document_get_selection (self->document, &n);
  g_autoptr (GMenuModel) model = menu_model (n > 0 || self->selected_to);

  g_clear_pointer (&self->menu, gtk_widget_unparent);
  self->menu = gtk_popover_menu_new_from_model (model);
  gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
  gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
  gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), &(GdkRectangle) { (int) x, (int) y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->menu));
}
