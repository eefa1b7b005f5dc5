/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arranging: the cards in as many columns as suit the window, chips with their cards, as one edit. */

#include "config.h"

#include <glib/gi18n.h>

#include "ui/canvas/auto-layout.h"
#include "ui/canvas/canvas-private.h"

/* The view on where all cards are heading. */
static void
fit_targets (HlCanvas *self)
{
  HlRect bounds = { 0, 0, 0, 0 };
  double width = gtk_widget_get_width (GTK_WIDGET (self)), height = gtk_widget_get_height (GTK_WIDGET (self));
  HlView view;

  for (guint i = 0; i < self->cards->len; i++)
    {
      const HlCard *card = g_ptr_array_index (self->cards, i);

      bounds = hl_rect_union (&bounds, &(HlRect) { card->target.x, card->target.y, card->rect.width, card->rect.height });
    }
  if (width < 2 || height < 2)
    return;
  bounds.y -= HL_FIT_ABOVE;
  bounds.height += HL_FIT_ABOVE + HL_FIT_BELOW;
  view = hl_view_fit (&bounds, width, height, HL_FIT_MARGIN, 1);
  hl_canvas_set_view (self, &view, TRUE);
}

static double
layout_zoom (const HlLayoutBox *boxes, guint n, double width, double height)
{
  HlRect bounds = { 0, 0, 0, 0 };

  for (guint i = 0; i < n; i++)
    bounds = hl_rect_union (&bounds, &(HlRect) { boxes[i].x, boxes[i].y, boxes[i].width, boxes[i].height });
  bounds.height += HL_FIT_ABOVE + HL_FIT_BELOW;
  return hl_view_fit (&bounds, width, height, HL_FIT_MARGIN, 1).zoom;
}

/* As many columns a row as let the cards be largest in this window; of equals the fewest rows. */
static void
choose_layout (HlCanvas *self, HlLayoutBox *boxes, guint n, const HlLayoutLink *links, guint n_links)
{
  double width = MAX (gtk_widget_get_width (GTK_WIDGET (self)), 800), height = MAX (gtk_widget_get_height (GTK_WIDGET (self)), 600);
  double best = 0, best_wrap = 0;

  for (guint columns = 24; columns >= 2; columns--)
    {
      double wrap = columns * (HL_CARD_WIDTH + 28), zoom;

      hl_auto_layout (boxes, n, links, n_links, wrap);
      zoom = layout_zoom (boxes, n, width, height);
      if (zoom > best + 0.005)
        {
          best = zoom;
          best_wrap = wrap;
        }
    }
  hl_auto_layout (boxes, n, links, n_links, best_wrap);
}

void
hl_canvas_arrange (HlCanvas *self)
{
  HlGraph *graph = hl_model_document_get_graph (self->document);
  guint n = hl_graph_get_n_nodes (graph), n_boxes = self->cards->len, n_links = 0;
  g_autofree HlLayoutBox *boxes = g_new0 (HlLayoutBox, MAX (n_boxes, 1));
  g_autofree HlLayoutLink *links = g_new (HlLayoutLink, MAX (self->links->len, 1));
  g_autofree guint32 *nodes = g_new (guint32, MAX (n, 1));
  g_autofree double *xy = g_new (double, MAX (2 * n, 2));

  for (guint i = 0; i < n_boxes; i++)
    {
      const HlCard *card = g_ptr_array_index (self->cards, i);

      boxes[i].width = card->rect.width;
      boxes[i].height = card->rect.height;
    }
  for (guint i = 0; i < self->links->len; i++)
    {
      const HlCanvasLink *link = &g_array_index (self->links, HlCanvasLink, i);

      links[n_links++] = (HlLayoutLink) { link->from, link->to };
    }
  choose_layout (self, boxes, n_boxes, links, n_links);
  for (guint i = 0; i < n; i++)
    {
      guint32 host = hl_docks_get_host (self->docks, hl_graph_get_node (graph, i)->id);

      nodes[i] = hl_graph_get_node (graph, i)->id;
      for (guint k = 0; k < n_boxes; k++)
        if (((HlCard *) g_ptr_array_index (self->cards, k))->id == host)
          {
            xy[2 * i] = boxes[k].x + (host == nodes[i] ? 0 : HL_DOCK_DX);
            xy[2 * i + 1] = boxes[k].y + (host == nodes[i] ? 0 : HL_DOCK_DY);
          }
    }
  hl_model_document_set_positions (self->document, nodes, n, xy, _("Arrange"));
  fit_targets (self);
}
