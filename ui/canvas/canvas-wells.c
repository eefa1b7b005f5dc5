/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What others ask of the canvas: which cards there are, and what their wells show. */

#include "config.h"

#include "ui/canvas/canvas-private.h"

/* ---- Cards for others ---- */

guint
hl_canvas_get_n_cards (HlCanvas *self)
{
  return self->cards->len;
}

guint32
hl_canvas_get_card (HlCanvas *self, guint i, HlRect *rect)
{
  const HlCard *card = g_ptr_array_index (self->cards, i);

  if (rect)
    *rect = card->rect;
  return card->id;
}

GtkWidget *
hl_canvas_find_card (HlCanvas *self, guint32 node)
{
  HlCard *card = hl_canvas_card (self, node);

  return card ? GTK_WIDGET (card->widget) : NULL;
}

guint
hl_canvas_get_n_links (HlCanvas *self)
{
  return self->links->len;
}

/* ---- Wells ---- */

/* The node whose values are worth a picture: the last on the card that is not a mere change of shape. */
static guint32
picture_node (HlCanvas *self, guint32 host)
{
  HlGraph *graph = hl_model_document_get_graph (self->document);
  guint n;
  const guint32 *chips = hl_docks_get_chips (self->docks, host, &n);

  for (guint i = n; i > 0; i--)
    {
      const HlNode *node = hl_graph_find_node (graph, chips[i - 1]);

      if (node && !g_str_equal (node->klass->base.name, "flatten"))
        return node->id;
    }
  return host;
}

static const HlArray *
probe_find (HlProbeResult *probe, guint32 node)
{
  for (guint i = 0; i < probe->values->len; i++)
    {
      const HlArray *array = g_ptr_array_index (probe->values, i);

      if (array->node == node)
        return array;
    }
  return NULL;
}

void
hl_canvas_set_probe (HlCanvas *self, HlProbeResult *probe, const char *const *names)
{
  const HlArray *classes = probe_find (probe, 0);

  for (guint i = 0; i < self->cards->len; i++)
    {
      HlCard *card = g_ptr_array_index (self->cards, i);
      const HlArray *array = probe_find (probe, picture_node (self, card->id));
      gboolean read = FALSE;
      HlShape shape;

      for (guint k = 0; k < self->links->len && !read; k++)
        read = g_array_index (self->links, HlCanvasLink, k).from == i;
      if (!read && classes && self->cards->len > 1)
        hl_node_widget_set_bars (card->widget, classes->n, names, classes->values);
      /* Values of a network that has been changed since say nothing about this card. */
      else if (array && hl_node_item_get_shape (hl_model_document_find_item (self->document, array->node), &shape)
               && hl_shape_equal (&shape, &array->shape))
        hl_node_widget_set_values (card->widget, &array->shape, array->values);
    }
}

void
hl_canvas_set_picture (HlCanvas *self, const HlShape *shape, const float *values)
{
  for (guint i = 0; i < self->cards->len; i++)
    {
      HlCard *card = g_ptr_array_index (self->cards, i);
      HlShape own;
      const HlNode *node = hl_node_item_get_node (hl_node_widget_get_item (card->widget));

      if (node && hl_layer_class_is_input (node->klass)
          && hl_node_item_get_shape (hl_node_widget_get_item (card->widget), &own) && hl_shape_equal (&own, shape))
        hl_node_widget_set_values (card->widget, shape, values);
    }
}

void
hl_canvas_clear_values (HlCanvas *self)
{
  for (guint i = 0; i < self->cards->len; i++)
    hl_node_widget_clear_values (((HlCard *) g_ptr_array_index (self->cards, i))->widget);
}
