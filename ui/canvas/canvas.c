/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The canvas: cards that follow the document's nodes, the view, animations. Drawing, gestures, drops and keys are in the files beside it. */

#include "config.h"

#include <glib/gi18n.h>

#include "ui/canvas/canvas-private.h"

#define READABLE     0.55   /* a first view below this zoom shows the beginning instead of everything */
#define ANIMATION_MS 280

G_DEFINE_FINAL_TYPE (HlCanvas, hl_canvas, GTK_TYPE_WIDGET)

enum { PROP_DOCUMENT = 1, N_PROPERTIES };
enum { VIEW_CHANGED, OPEN_NODE, MESSAGE, N_SIGNALS };
static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

GType
hl_layer_drag_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_pointer_type_register_static ("HlLayerDrag"));
  return type;
}

static void
card_free (gpointer data)
{
  HlCard *card = data;

  gtk_widget_unparent (GTK_WIDGET (card->widget));
  g_free (card);
}

/* ---- Looking things up ---- */

HlCard *
hl_canvas_card (HlCanvas *self, guint32 node)
{
  guint32 host = self->docks ? hl_docks_get_host (self->docks, node) : node;

  for (guint i = 0; i < self->cards->len; i++)
    {
      HlCard *card = g_ptr_array_index (self->cards, i);

      if (card->id == host)
        return card;
    }
  return NULL;
}

HlCard *
hl_canvas_card_at (HlCanvas *self, HlPoint point)
{
  for (guint i = self->cards->len; i > 0; i--)
    {
      HlCard *card = g_ptr_array_index (self->cards, i - 1);

      if (hl_rect_contains (&card->rect, point.x, point.y))
        return card;
    }
  return NULL;
}

HlPoint
hl_canvas_input_port (const HlCard *card, guint port)
{
  return (HlPoint) { card->rect.x, card->rect.y + HL_CARD_PORT_Y + port * HL_CARD_PORT_STEP };
}

HlPoint
hl_canvas_output_port (const HlCard *card)
{
  return (HlPoint) { card->rect.x + card->rect.width, card->rect.y + HL_CARD_PORT_Y };
}

HlCanvasLink *
hl_canvas_find_link (HlCanvas *self, guint32 to, guint port)
{
  for (guint i = 0; to && i < self->links->len; i++)
    {
      HlCanvasLink *link = &g_array_index (self->links, HlCanvasLink, i);

      if (link->to_node == to && link->port == port)
        return link;
    }
  return NULL;
}

HlCanvasLink *
hl_canvas_link_at (HlCanvas *self, HlPoint point, double reach)
{
  for (guint i = 0; i < self->links->len; i++)
    {
      HlCanvasLink *link = &g_array_index (self->links, HlCanvasLink, i);
      HlRect bounds = hl_curve_bounds (&link->curve);

      bounds = (HlRect) { bounds.x - reach, bounds.y - reach, bounds.width + 2 * reach, bounds.height + 2 * reach };
      if (hl_rect_contains (&bounds, point.x, point.y) && hl_curve_distance (&link->curve, point.x, point.y) <= reach)
        return link;
    }
  return NULL;
}

guint32 *
hl_canvas_get_chosen (HlCanvas *self, guint *n)
{
  g_autoptr (GArray) nodes = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  guint n_selected, n_chips;
  g_autofree guint32 *selected = hl_model_document_get_selection (self->document, &n_selected);

  for (guint i = 0; i < n_selected; i++)
    {
      const guint32 *chips = hl_docks_get_chips (self->docks, selected[i], &n_chips);

      if (g_hash_table_add (seen, GUINT_TO_POINTER (selected[i])))
        g_array_append_val (nodes, selected[i]);
      for (guint k = 0; k < n_chips; k++)
        if (g_hash_table_add (seen, GUINT_TO_POINTER (chips[k])))
          g_array_append_val (nodes, chips[k]);
    }
  *n = nodes->len;
  return (guint32 *) (gpointer) g_array_free (g_steal_pointer (&nodes), FALSE);
}

void
hl_canvas_message (HlCanvas *self, const char *text)
{
  g_signal_emit (self, signals[MESSAGE], 0, text);
}

void
hl_canvas_select_link (HlCanvas *self, const HlCanvasLink *link)
{
  self->selected_to = link ? link->to_node : 0;
  self->selected_port = link ? link->port : 0;
  if (link)
    hl_model_document_select (self->document, 0, FALSE);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* ---- Layout ---- */

void
hl_canvas_moved (HlCanvas *self)
{
  self->links_dirty = TRUE;
  gtk_widget_queue_allocate (GTK_WIDGET (self));
  g_signal_emit (self, signals[VIEW_CHANGED], 0);
}

/* Where a card is shown: selected ones follow the pointer while they are dragged. */
static HlPoint
card_place (HlCanvas *self, const HlCard *card)
{
  HlPoint place = { card->rect.x, card->rect.y };

  if (self->mode == HL_DRAG_MOVE && hl_node_item_get_selected (hl_node_widget_get_item (card->widget)))
    place = (HlPoint) { card->target.x + self->offset.x, card->target.y + self->offset.y };
  return place;
}

void
hl_canvas_update_links (HlCanvas *self)
{
  g_autofree HlRect *obstacles = g_new (HlRect, MAX (self->cards->len, 1));

  for (guint i = 0; i < self->cards->len; i++)
    obstacles[i] = ((HlCard *) g_ptr_array_index (self->cards, i))->rect;
  for (guint i = 0; i < self->links->len; i++)
    {
      HlCanvasLink *link = &g_array_index (self->links, HlCanvasLink, i);
      const HlCard *from = g_ptr_array_index (self->cards, link->from), *to = g_ptr_array_index (self->cards, link->to);

      link->curve = hl_curve_link (hl_canvas_output_port (from), hl_canvas_input_port (to, link->port), &from->rect, &to->rect,
                                   obstacles, self->cards->len);
    }
  self->links_dirty = FALSE;
}

/* Everything, when it can be read; else the top left corner at a size that can. */
static void
first_view (HlCanvas *self)
{
  HlRect bounds = hl_canvas_get_bounds (self);

  hl_canvas_fit (self, FALSE);
  if (self->view.zoom < READABLE)
    hl_canvas_set_view (self, &(HlView) { bounds.x - HL_FIT_MARGIN / 0.8, bounds.y - HL_FIT_ABOVE * 2 / 0.8, 0.8 }, FALSE);
}

static void
hl_canvas_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  HlCanvas *self = HL_CANVAS (widget);

  if (!self->fitted && self->cards->len && width > 1 && height > 1)
    {
      self->fitted = TRUE;
      first_view (self);
    }
  for (guint i = 0; i < self->cards->len; i++)
    {
      HlCard *card = g_ptr_array_index (self->cards, i);
      HlPoint place = card_place (self, card), at;
      int natural;
      GskTransform *transform;

      gtk_widget_measure (GTK_WIDGET (card->widget), GTK_ORIENTATION_VERTICAL, HL_CARD_WIDTH, NULL, &natural, NULL, NULL);
      if (card->rect.height != natural || card->rect.x != place.x || card->rect.y != place.y)
        self->links_dirty = TRUE;
      card->rect = (HlRect) { place.x, place.y, HL_CARD_WIDTH, natural };
      at = hl_view_to_view (&self->view, place.x, place.y);
      /* On whole pixels text stays crisp. */
      transform = gsk_transform_translate (NULL, &GRAPHENE_POINT_INIT ((float) (int) at.x, (float) (int) at.y));
      transform = gsk_transform_scale (transform, self->view.zoom, self->view.zoom);
      gtk_widget_allocate (GTK_WIDGET (card->widget), HL_CARD_WIDTH, natural, -1, transform);
    }
  if (self->links_dirty)
    hl_canvas_update_links (self);
  if (self->menu)
    gtk_popover_present (GTK_POPOVER (self->menu));
}

static void
hl_canvas_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                   int *minimum_baseline, int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 240 : 200;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 800 : 600;
}

/* ---- Following the document ---- */

static void
verb_cb (HlNodeWidget *widget, guint node, guint verb, HlCanvas *self)
{
  HlNodeItem *item = hl_model_document_find_item (self->document, node);
  g_autoptr (GError) error = NULL;

  if (!item)
    return;
  if (verb == HL_NODE_VERB_FIX)
    {
      const HlProblem *problem = hl_node_item_get_problem (item);

      if (problem && !hl_model_document_apply_fix (self->document, problem, &error))
        hl_canvas_message (self, error->message);
      return;
    }
  if (!hl_node_item_get_selected (item) || verb == HL_NODE_VERB_SELECT)
    hl_model_document_select (self->document, node, FALSE);
  if (verb == HL_NODE_VERB_OPEN || verb == HL_NODE_VERB_RENAME)
    g_signal_emit (self, signals[OPEN_NODE], 0, node, verb == HL_NODE_VERB_RENAME);
  else if (verb == HL_NODE_VERB_DELETE)
    gtk_widget_activate_action (GTK_WIDGET (self), "canvas.delete", NULL);
  else if (verb == HL_NODE_VERB_MENU)
    {
      HlCard *card = hl_canvas_card (self, node);
      HlPoint at = hl_view_to_view (&self->view, card->rect.x + 20, card->rect.y + 30);

      hl_canvas_show_menu (self, at.x, at.y);
    }
}

static HlCard *
card_take (HlCanvas *self, GPtrArray *old, HlNodeItem *item)
{
  guint32 id = hl_node_item_get_id (item);
  HlCard *card;

  for (guint i = 0; i < old->len; i++)
    {
      card = g_ptr_array_index (old, i);
      if (card->id == id && hl_node_widget_get_item (card->widget) == item)
        return g_ptr_array_steal_index_fast (old, i);
    }
  card = g_new0 (HlCard, 1);
  card->id = id;
  card->widget = HL_NODE_WIDGET (hl_node_widget_new (item));
  card->rect = (HlRect) { 0, 0, HL_CARD_WIDTH, 160 };
  card->fresh = TRUE;
  g_signal_connect (card->widget, "verb", G_CALLBACK (verb_cb), self);
  gtk_widget_set_parent (GTK_WIDGET (card->widget), GTK_WIDGET (self));
  return card;
}

static void
card_set_chips (HlCanvas *self, HlCard *card)
{
  guint n;
  const guint32 *chips = hl_docks_get_chips (self->docks, card->id, &n);
  g_autofree HlNodeItem **items = g_new (HlNodeItem *, n + 1);
  guint n_items = 0;

  for (guint i = 0; i < n; i++)
    if ((items[n_items] = hl_model_document_find_item (self->document, chips[i])))
      n_items++;
  hl_node_widget_set_chips (card->widget, items, n_items);
}

static guint
count_ports (const HlGraph *graph, const HlNode *node)
{
  guint n = hl_graph_get_n_inputs (graph, node->id);

  if (node->klass->max_inputs > 1)
    return MIN (MAX (n + 1, node->klass->min_inputs), node->klass->max_inputs);
  return node->klass->max_inputs;
}

static void
rebuild_links (HlCanvas *self, const HlGraph *graph)
{
  g_autoptr (GHashTable) index = g_hash_table_new (NULL, NULL);

  g_array_set_size (self->links, 0);
  for (guint i = 0; i < self->cards->len; i++)
    g_hash_table_insert (index, GUINT_TO_POINTER (((HlCard *) g_ptr_array_index (self->cards, i))->id), GUINT_TO_POINTER (i));
  for (guint i = 0; i < hl_graph_get_n_links (graph); i++)
    {
      const HlLink *link = hl_graph_get_link (graph, i);
      guint32 from = hl_docks_get_host (self->docks, link->from), to = hl_docks_get_host (self->docks, link->to);
      HlCanvasLink drawn = { 0 };
      HlNodeItem *item = hl_model_document_find_item (self->document, link->from);
      HlShape shape;

      if (from == to)
        continue;
      drawn.from = GPOINTER_TO_UINT (g_hash_table_lookup (index, GUINT_TO_POINTER (from)));
      drawn.to = GPOINTER_TO_UINT (g_hash_table_lookup (index, GUINT_TO_POINTER (to)));
      drawn.from_node = link->from;
      drawn.to_node = link->to;
      drawn.port = link->port;
      if (item && hl_node_item_get_shape (item, &shape))
        {
          g_autofree char *text = hl_shape_to_string (&shape);

          g_strlcpy (drawn.text, text, sizeof drawn.text);
          drawn.n_values = hl_shape_get_count (&shape);
        }
      g_array_append_val (self->links, drawn);
    }
  self->links_dirty = TRUE;
}

/* Cards stay the same widgets across edits and undo; moved ones glide to their new place. */
static void
rebuild (HlCanvas *self)
{
  HlGraph *graph = hl_model_document_get_graph (self->document);
  GListModel *nodes = hl_model_document_get_nodes (self->document);
  g_autoptr (GPtrArray) old = g_steal_pointer (&self->cards);
  guint n = g_list_model_get_n_items (nodes);
  gboolean glide = FALSE;

  self->cards = g_ptr_array_new_with_free_func (card_free);
  g_clear_pointer (&self->docks, hl_docks_free);
  self->docks = hl_docks_new (graph);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (HlNodeItem) item = g_list_model_get_item (nodes, i);
      const HlNode *node = hl_graph_find_node (graph, hl_node_item_get_id (item));
      HlCard *card;

      if (!node || hl_docks_get_host (self->docks, node->id) != node->id)
        continue;
      card = card_take (self, old, item);
      card->target = (HlPoint) { node->x, node->y };
      card->start = (HlPoint) { card->rect.x, card->rect.y };
      card->n_ports = count_ports (graph, node);
      if (card->fresh || self->mode == HL_DRAG_MOVE)
        {
          card->rect.x = node->x;
          card->rect.y = node->y;
        }
      card->fresh = FALSE;
      glide |= card->rect.x != node->x || card->rect.y != node->y;
      g_ptr_array_add (self->cards, card);
      card_set_chips (self, card);
      hl_canvas_describe_inputs (self, card);
    }
  rebuild_links (self, graph);
  if (!hl_canvas_find_link (self, self->selected_to, self->selected_port))
    self->selected_to = 0;
  if (glide)
    adw_animation_play (self->move_animation);
  hl_canvas_moved (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
changed_cb (HlModelDocument *document, HlCanvas *self)
{
  rebuild (self);
}

static void
selected_cb (HlModelDocument *document, GParamSpec *pspec, HlCanvas *self)
{
  guint n;
  g_autofree guint32 *nodes = hl_model_document_get_selection (document, &n);

  if (n)
    self->selected_to = 0;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
hl_canvas_set_document (HlCanvas *self, HlModelDocument *document)
{
  if (self->document == document)
    return;
  if (self->document)
    g_signal_handlers_disconnect_by_data (self->document, self);
  g_ptr_array_set_size (self->cards, 0);
  g_array_set_size (self->links, 0);
  g_clear_pointer (&self->docks, hl_docks_free);
  g_set_object (&self->document, document);
  self->fitted = FALSE;
  self->selected_to = self->hover_to = self->drop_to = 0;
  self->mode = HL_DRAG_NONE;
  if (document)
    {
      g_signal_connect (document, "changed", G_CALLBACK (changed_cb), self);
      g_signal_connect (document, "notify::n-selected", G_CALLBACK (selected_cb), self);
      rebuild (self);
    }
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DOCUMENT]);
}

/* ---- View ---- */

const HlView *
hl_canvas_get_view (HlCanvas *self)
{
  return &self->view;
}

void
hl_canvas_set_view (HlCanvas *self, const HlView *view, gboolean animate)
{
  adw_animation_pause (self->view_animation);
  if (animate && gtk_widget_get_mapped (GTK_WIDGET (self)) && adw_get_enable_animations (GTK_WIDGET (self)))
    {
      self->view_start = self->view;
      self->view_target = *view;
      adw_animation_reset (self->view_animation);
      adw_animation_play (self->view_animation);
      return;
    }
  self->view = *view;
  gtk_widget_queue_allocate (GTK_WIDGET (self));
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_signal_emit (self, signals[VIEW_CHANGED], 0);
}

HlRect
hl_canvas_get_bounds (HlCanvas *self)
{
  HlRect bounds = { 0, 0, 0, 0 };

  for (guint i = 0; i < self->cards->len; i++)
    {
      const HlCard *card = g_ptr_array_index (self->cards, i);
      HlRect rect = card->rect;
      int natural;

      gtk_widget_measure (GTK_WIDGET (card->widget), GTK_ORIENTATION_VERTICAL, HL_CARD_WIDTH, NULL, &natural, NULL, NULL);
      rect.height = natural;
      bounds = hl_rect_union (&bounds, &rect);
    }
  return bounds;
}

void
hl_canvas_zoom (HlCanvas *self, double factor)
{
  GtkWidget *widget = GTK_WIDGET (self);
  HlView view = hl_view_zoom_at (&self->view, gtk_widget_get_width (widget) / 2.0, gtk_widget_get_height (widget) / 2.0,
                                 self->view.zoom * factor);

  hl_canvas_set_view (self, &view, TRUE);
}

void
hl_canvas_fit (HlCanvas *self, gboolean animate)
{
  GtkWidget *widget = GTK_WIDGET (self);
  HlRect bounds = hl_canvas_get_bounds (self);
  double width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  HlView view;

  if (width < 2 || height < 2)
    return;
  bounds.y -= HL_FIT_ABOVE;
  bounds.height += HL_FIT_ABOVE + HL_FIT_BELOW;
  view = hl_view_fit (&bounds, width, height, HL_FIT_MARGIN, 1);
  hl_canvas_set_view (self, &view, animate);
}

void
hl_canvas_reveal (HlCanvas *self, guint32 node)
{
  HlCard *card = hl_canvas_card (self, node);
  GtkWidget *widget = GTK_WIDGET (self);
  HlView view;

  if (!card || gtk_widget_get_width (widget) < 2)
    return;
  view = hl_view_reveal (&self->view, &(HlRect) { card->target.x, card->target.y, card->rect.width, card->rect.height },
                         gtk_widget_get_width (widget), gtk_widget_get_height (widget), HL_FIT_MARGIN);
  if (view.x != self->view.x || view.y != self->view.y)
    hl_canvas_set_view (self, &view, TRUE);
}

static void
move_animation_cb (double value, gpointer data)
{
  HlCanvas *self = data;

  for (guint i = 0; i < self->cards->len; i++)
    {
      HlCard *card = g_ptr_array_index (self->cards, i);

      card->rect.x = card->start.x + (card->target.x - card->start.x) * value;
      card->rect.y = card->start.y + (card->target.y - card->start.y) * value;
    }
  hl_canvas_moved (self);
}

static void
view_animation_cb (double value, gpointer data)
{
  HlCanvas *self = data;
  const HlView *a = &self->view_start, *b = &self->view_target;
  HlView view = { a->x + (b->x - a->x) * value, a->y + (b->y - a->y) * value, a->zoom + (b->zoom - a->zoom) * value };

  self->view = view;
  gtk_widget_queue_allocate (GTK_WIDGET (self));
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_signal_emit (self, signals[VIEW_CHANGED], 0);
}

/* ---- Adding ---- */

guint32
hl_canvas_add_behind (HlCanvas *self, const HlLayerClass *klass, guint32 after, gboolean dock)
{
  const HlNode *node = hl_graph_find_node (hl_model_document_get_graph (self->document), after);
  HlCard *card = hl_canvas_card (self, after);
  guint32 last = card ? hl_docks_get_last (self->docks, card->id) : after;

  if (!node || !card)
    return hl_model_document_append (self->document, klass, 0);
  if (dock && hl_dock_class_can (klass))
    {
      HlCanvasLink *only = NULL;
      guint n_readers = 0;

      for (guint i = 0; i < self->links->len; i++)
        if (g_array_index (self->links, HlCanvasLink, i).from_node == last)
          {
            only = &g_array_index (self->links, HlCanvasLink, i);
            n_readers++;
          }
      if (n_readers == 1)
        return hl_model_document_insert (self->document, klass, only->to_node, only->port,
                                         card->target.x + HL_DOCK_DX, card->target.y + HL_DOCK_DY);
    }
  return hl_model_document_append (self->document, klass, last);
}

guint32
hl_canvas_append (HlCanvas *self, const HlLayerClass *klass)
{
  guint n;
  g_autofree guint32 *selected = hl_model_document_get_selection (self->document, &n);
  guint32 node = n == 1 ? hl_canvas_add_behind (self, klass, selected[0], TRUE)
                        : hl_model_document_append (self->document, klass, 0);

  if (node)
    {
      hl_model_document_select (self->document, node, FALSE);
      hl_canvas_reveal (self, node);
    }
  return node;
}

/* ---- The widget ---- */

static void
hl_canvas_dispose (GObject *object)
{
  HlCanvas *self = HL_CANVAS (object);

  if (self->document)
    g_signal_handlers_disconnect_by_data (self->document, self);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  g_ptr_array_set_size (self->cards, 0);
  g_array_set_size (self->links, 0);
  g_clear_object (&self->document);
  g_clear_object (&self->move_animation);
  g_clear_object (&self->view_animation);
  G_OBJECT_CLASS (hl_canvas_parent_class)->dispose (object);
}

static void
hl_canvas_finalize (GObject *object)
{
  HlCanvas *self = HL_CANVAS (object);

  g_ptr_array_unref (self->cards);
  g_array_unref (self->links);
  g_hash_table_unref (self->legal);
  g_clear_pointer (&self->docks, hl_docks_free);
  G_OBJECT_CLASS (hl_canvas_parent_class)->finalize (object);
}

static void
hl_canvas_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_DOCUMENT)
    g_value_set_object (value, HL_CANVAS (object)->document);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
hl_canvas_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_DOCUMENT)
    hl_canvas_set_document (HL_CANVAS (object), g_value_get_object (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
hl_canvas_init (HlCanvas *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  AdwAnimationTarget *target;

  self->cards = g_ptr_array_new_with_free_func (card_free);
  self->links = g_array_new (FALSE, FALSE, sizeof (HlCanvasLink));
  self->legal = g_hash_table_new (NULL, NULL);
  self->view = (HlView) { 0, 0, 1 };
  target = adw_callback_animation_target_new (move_animation_cb, self, NULL);
  self->move_animation = adw_timed_animation_new (widget, 0, 1, ANIMATION_MS, target);
  target = adw_callback_animation_target_new (view_animation_cb, self, NULL);
  self->view_animation = adw_timed_animation_new (widget, 0, 1, ANIMATION_MS, target);
  gtk_widget_set_focusable (widget, TRUE);
  gtk_widget_set_overflow (widget, GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_hexpand (widget, TRUE);
  gtk_widget_set_vexpand (widget, TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Network"), -1);
  hl_canvas_add_gestures (self);
  hl_canvas_add_drops (self);
  hl_canvas_add_tooltips (self);
  hl_canvas_add_keys (self);
}

static void
hl_canvas_class_init (HlCanvasClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = hl_canvas_dispose;
  object_class->finalize = hl_canvas_finalize;
  object_class->get_property = hl_canvas_get_property;
  object_class->set_property = hl_canvas_set_property;
  widget_class->measure = hl_canvas_measure;
  widget_class->size_allocate = hl_canvas_size_allocate;
  widget_class->snapshot = hl_canvas_snapshot;
  properties[PROP_DOCUMENT] = g_param_spec_object ("document", NULL, NULL, HL_TYPE_MODEL_DOCUMENT,
                                                   G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
  signals[VIEW_CHANGED] = g_signal_new ("view-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 0);
  signals[OPEN_NODE] = g_signal_new ("open-node", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_BOOLEAN);
  signals[MESSAGE] = g_signal_new ("message", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_STRING);
  gtk_widget_class_set_css_name (widget_class, "canvas");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST_BOX);
  hl_canvas_add_actions (widget_class);
}

GtkWidget *
hl_canvas_new (void)
{
  return g_object_new (HL_TYPE_CANVAS, NULL);
}
