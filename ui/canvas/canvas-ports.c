/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the input ports of a card mean, where a layer has several: numbers on the ports, tooltips, and words for assistive programs. */

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "ui/canvas/canvas-private.h"

#define TOOLTIP_REACH 10.0   /* canvas units around a port */

static const HlNode *
card_node (HlCanvas *self, const HlCard *card)
{
  return hl_graph_find_node (hl_model_document_get_graph (self->document), card->id);
}

gboolean
hl_canvas_has_ordered_ports (HlCanvas *self, const HlCard *card)
{
  const HlNode *node = self->document ? card_node (self, card) : NULL;

  return node && card->n_ports > 1 && node->klass->input_names;
}

/* The layer's name for an input; NULL: it only has a number. */
static const char *
input_name (const HlLayerClass *klass, guint port)
{
  for (guint i = 0; klass->input_names && klass->input_names[i]; i++)
    if (i == port)
      return _(klass->input_names[i]);
  return NULL;
}

char *
hl_canvas_describe_port (HlCanvas *self, guint32 node, guint port)
{
  HlGraph *graph = hl_model_document_get_graph (self->document);
  const HlNode *target = hl_graph_find_node (graph, node), *source = NULL;
  const char *name = target ? input_name (target->klass, port) : NULL;

  for (guint i = 0; i < hl_graph_get_n_links (graph); i++)
    {
      const HlLink *link = hl_graph_get_link (graph, i);

      if (link->to == node && link->port == port)
        source = hl_graph_find_node (graph, link->from);
    }
  if (name)
    return g_strdup_printf (_("Input %u, %s: %s"), port + 1, name, source ? source->name : _("none"));
  return g_strdup_printf (_("Input %u: %s"), port + 1, source ? source->name : _("none"));
}

void
hl_canvas_describe_inputs (HlCanvas *self, const HlCard *card)
{
  GString *text = g_string_new (NULL);

  for (guint port = 0; hl_canvas_has_ordered_ports (self, card) && port < card->n_ports; port++)
    {
      g_autofree char *one = hl_canvas_describe_port (self, card->id, port);

      g_string_append_printf (text, "%s%s", port > 0 ? ", " : "", one);
    }
  hl_node_widget_set_inputs (card->widget, text->str);
  g_string_free (text, TRUE);
}

static gboolean
query_tooltip_cb (GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip, HlCanvas *self)
{
  HlPoint at = hl_view_to_canvas (&self->view, x, y);

  if (keyboard || !self->document || self->mode != HL_DRAG_NONE)
    return FALSE;
  for (guint i = self->cards->len; i > 0; i--)
    {
      const HlCard *card = g_ptr_array_index (self->cards, i - 1);

      for (guint port = 0; card->n_ports > 1 && port < card->n_ports; port++)
        {
          HlPoint place = hl_canvas_input_port (card, port);
          g_autofree char *text = NULL;

          if (hypot (at.x - place.x, at.y - place.y) > TOOLTIP_REACH)
            continue;
          text = hl_canvas_describe_port (self, card->id, port);
          gtk_tooltip_set_text (tooltip, text);
          return TRUE;
        }
    }
  return FALSE;
}

void
hl_canvas_add_tooltips (HlCanvas *self)
{
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
  g_signal_connect (self, "query-tooltip", G_CALLBACK (query_tooltip_cb), self);
}
