/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Feature maps and filters of one layer. */

#include "config.h"

#include "ui/inspect/layer-view.h"

#include "engine/graph/graph.h"
#include "ui/chart/axis.h"
#include "ui/chart/chart-card.h"
#include "ui/chart/export.h"
#include "ui/chart/palette.h"
#include "ui/widgets/format.h"
#include "ui/widgets/tiles.h"

#include <glib/gi18n.h>
#include <math.h>

#define N_BINS 48
/* More pictures than this are no longer told apart. */
#define MOST_FILTERS 512

struct _HlLayerView
{
  GtkBox parent_instance;
  HlProbeResult *result;
  HlGraph *graph;
  guint32 node;
  int unit;                    /* shown alone; -1: all */
  GtkWidget *maps_card, *maps, *maps_note, *all;
  GtkWidget *weights_card, *weights, *weights_note;
  GtkWidget *histogram_card, *histogram, *histogram_note;
  guint bins[N_BINS];
  double low, high;
};

G_DEFINE_FINAL_TYPE (HlLayerView, hl_layer_view, GTK_TYPE_BOX)

static const HlArray *
find_values (HlLayerView *self, guint32 node)
{
  for (guint i = 0; self->result != NULL && i < self->result->values->len; i++)
    {
      const HlArray *array = g_ptr_array_index (self->result->values, i);

      if (array->node == node)
        return array;
    }
  return NULL;
}

/* The first of the node's weights with at least two dimensions: its filters. */
static const HlArray *
find_filters (HlLayerView *self)
{
  for (guint i = 0; self->result != NULL && self->result->weights != NULL && i < self->result->weights->len; i++)
    {
      const HlArray *array = g_ptr_array_index (self->result->weights, i);

      if (array->node == self->node && array->shape.n_dims >= 2)
        return array;
    }
  return NULL;
}

typedef struct { double low, high, mean; gsize n, n_zero; } Numbers;

static Numbers
count_numbers (const float *values, gsize n)
{
  Numbers numbers = { INFINITY, -INFINITY, 0, n, 0 };

  for (gsize i = 0; i < n; i++)
    {
      numbers.low = MIN (numbers.low, values[i]);
      numbers.high = MAX (numbers.high, values[i]);
      numbers.mean += values[i] / (double) n;
      numbers.n_zero += values[i] == 0;
    }
  return numbers;
}

static char *
describe_numbers (const float *values, gsize n)
{
  Numbers numbers = count_numbers (values, n);
  char low[24], high[24], mean[24];
  g_autofree char *count = hl_format_count (n), *zeros = hl_format_percent (n > 0 ? (double) numbers.n_zero / n : 0);

  hl_axis_format (numbers.low, HL_AXIS_NUMBER, low, sizeof low);
  hl_axis_format (numbers.high, HL_AXIS_NUMBER, high, sizeof high);
  hl_axis_format (numbers.mean, HL_AXIS_NUMBER, mean, sizeof mean);
  if (numbers.n_zero == 0)
    return g_strdup_printf (_("%s values from %s to %s, mean %s"), count, low, high, mean);
  return g_strdup_printf (_("%s values from %s to %s, mean %s, %s of them 0"), count, low, high, mean, zeros);
}

/* ---- Feature maps ---- */

static gboolean
has_units (const HlShape *shape)
{
  return shape->n_dims >= 3 && shape->dim[0] > 1;
}

static gboolean
is_input (HlLayerView *self)
{
  const HlNode *node = self->graph != NULL ? hl_graph_find_node (self->graph, self->node) : NULL;

  return node != NULL && g_str_equal (node->klass->base.name, "input");
}

static gboolean
is_output (HlLayerView *self)
{
  for (guint i = 0; self->graph != NULL && i < hl_graph_get_n_links (self->graph); i++)
    if (hl_graph_get_link (self->graph, i)->from == self->node)
      return FALSE;
  return TRUE;
}

/* The input's shape, where it is a picture of so many numbers. */
static void
find_input_shape (HlLayerView *self, gsize n, HlShape *shape)
{
  for (guint i = 0; self->result != NULL && self->graph != NULL && i < self->result->values->len; i++)
    {
      const HlArray *array = g_ptr_array_index (self->result->values, i);
      const HlNode *node = hl_graph_find_node (self->graph, array->node);

      if (node != NULL && g_str_equal (node->klass->base.name, "input") && array->n == n && array->shape.n_dims == 3)
        *shape = array->shape;
    }
}

static void
update_maps (HlLayerView *self)
{
  const HlArray *array = find_values (self, self->node);
  g_autofree char *note = NULL, *title = NULL;
  const float *values;
  HlShape shape;
  gsize n;

  if (array == NULL)
    {
      hl_card_set_title (self->maps_card, _("Output"));
      hl_tiles_set_array (HL_TILES (self->maps), NULL, NULL, TRUE, FALSE);
      gtk_label_set_text (GTK_LABEL (self->maps_note), _("This layer gave no values: its network is not the one that was trained."));
      return;
    }
  shape = array->shape;
  values = array->values;
  n = array->n;
  /* As many numbers as the input: an auto-encoder's output, which is a picture again. */
  if (shape.n_dims == 1 && self->result->reconstructs && is_output (self))
    find_input_shape (self, array->n, &shape);
  if (self->unit >= 0 && has_units (&shape) && self->unit < (int) shape.dim[0])
    {
      n /= shape.dim[0];
      values += n * self->unit;
      shape.dim[0] = 1;
      title = g_strdup_printf (_("%s: map %d"), array->name, self->unit + 1);
    }
  else if (shape.n_dims >= 3)
    title = g_strdup_printf (g_dngettext (NULL, "%s: %u map", "%s: %u maps", shape.dim[0]), array->name, shape.dim[0]);
  else
    title = g_strdup (array->name);
  hl_card_set_title (self->maps_card, title);
  hl_tiles_set_array (HL_TILES (self->maps), &shape, values, TRUE, is_input (self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->maps), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  note = describe_numbers (values, n);
  gtk_label_set_text (GTK_LABEL (self->maps_note), note);
  gtk_widget_set_visible (self->all, self->unit >= 0 && has_units (&array->shape));
}

/* ---- Weights ---- */

/* A linear layer's weights of one unit are a picture when what it reads is one, flattened. */
static gboolean
find_picture_shape (HlLayerView *self, guint n, HlShape *shape)
{
  guint32 node = self->node;

  for (guint i = 0; i < 8 && self->graph != NULL; i++)
    {
      const HlArray *array;

      node = hl_graph_get_source (self->graph, node, 0);
      array = node != 0 ? find_values (self, node) : NULL;
      if (array == NULL || array->n != n)
        return FALSE;
      if (array->shape.n_dims == 3 && array->shape.dim[1] > 1)
        {
          *shape = array->shape;
          return TRUE;
        }
    }
  return FALSE;
}

static void
update_weights (HlLayerView *self)
{
  const HlArray *array = find_filters (self);
  g_autofree char *note = NULL, *title = NULL, *size = NULL;
  guint n_units;
  gsize n;

  gtk_widget_set_visible (self->weights_card, array != NULL);
  if (array == NULL)
    return;
  n_units = array->shape.dim[0];
  n = array->n / MAX (1, n_units);
  size = hl_shape_to_string (&array->shape);
  if (self->unit >= 0 && self->unit < (int) n_units)
    {
      HlShape shape = { array->shape.n_dims - 1 };
      HlShape picture;

      for (guint i = 0; i < shape.n_dims; i++)
        shape.dim[i] = array->shape.dim[i + 1];
      if (shape.n_dims == 1 && find_picture_shape (self, n, &picture))
        shape = picture;
      hl_tiles_set_array (HL_TILES (self->weights), &shape, array->values + n * self->unit, FALSE, FALSE);
      title = g_strdup_printf (_("Weights of map %d"), self->unit + 1);
      note = describe_numbers (array->values + n * self->unit, n);
    }
  else
    {
      HlShape shape = array->shape;
      guint shown = n_units;

      /* Filters over many channels: of each the first channels, as many as fit. */
      while (shape.n_dims == 4 && shown > 1 && (gsize) shown * shape.dim[1] > MOST_FILTERS)
        shown--;
      shape.dim[0] = shown;
      hl_tiles_set_array (HL_TILES (self->weights), &shape, array->values, TRUE, FALSE);
      title = g_strdup_printf (_("Weights, %s"), size);
      note = describe_numbers (array->values, array->n);
    }
  hl_card_set_title (self->weights_card, title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->weights), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  gtk_label_set_text (GTK_LABEL (self->weights_note), note);
}

/* ---- Histogram ---- */

static int
compare_counts (gconstpointer a, gconstpointer b)
{
  return (int) *(const guint *) b - (int) *(const guint *) a;
}

/* The count at full height. After a ReLU half of the values are 0: their bar would flatten all others, so it is cut. */
static double
highest_bar (HlLayerView *self, gboolean *cut)
{
  guint sorted[N_BINS];

  memcpy (sorted, self->bins, sizeof sorted);
  qsort (sorted, N_BINS, sizeof *sorted, compare_counts);
  *cut = sorted[1] > 0 && sorted[0] > 4 * sorted[1];
  return MAX (1, *cut ? 1.25 * sorted[1] : sorted[0]);
}

static void
update_histogram (HlLayerView *self)
{
  const HlArray *array = find_values (self, self->node);
  char low[24], high[24];
  g_autofree char *text = NULL;
  Numbers numbers;
  gboolean cut;

  gtk_widget_set_visible (self->histogram_card, array != NULL && array->n >= 16);
  if (array == NULL)
    return;
  numbers = count_numbers (array->values, array->n);
  memset (self->bins, 0, sizeof self->bins);
  self->low = numbers.low;
  self->high = numbers.high;
  for (gsize i = 0; i < array->n && numbers.high > numbers.low; i++)
    self->bins[MIN (N_BINS - 1, (guint) (N_BINS * (array->values[i] - numbers.low) / (numbers.high - numbers.low)))]++;
  hl_axis_format (self->low, HL_AXIS_NUMBER, low, sizeof low);
  hl_axis_format (self->high, HL_AXIS_NUMBER, high, sizeof high);
  highest_bar (self, &cut);
  text = g_strdup_printf (cut ? _("from %s to %s; the highest bar is cut off") : _("from %s to %s"), low, high);
  gtk_label_set_text (GTK_LABEL (self->histogram_note), text);
  gtk_widget_queue_draw (self->histogram);
}

static void
draw_histogram (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  HlLayerView *self = data;
  gboolean cut;
  double step = (double) width / N_BINS, highest = highest_bar (self, &cut);
  GdkRGBA color;

  hl_palette_get (0, hl_palette_is_dark (GTK_WIDGET (area)), &color);
  hl_palette_set_cairo (cr, &color, 0.8);
  for (guint i = 0; i < N_BINS; i++)
    {
      double bar = self->bins[i] > 0 ? MAX (1.5, MIN (1, self->bins[i] / highest) * height) : 0;

      cairo_rectangle (cr, i * step, height - bar, MAX (1, step - 1), bar);
    }
  cairo_fill (cr);
  if (self->low < 0 && self->high > 0)
    {
      hl_palette_get (1, hl_palette_is_dark (GTK_WIDGET (area)), &color);
      hl_palette_set_cairo (cr, &color, 1);
      cairo_rectangle (cr, floor (width * -self->low / (self->high - self->low)), 0, 1, height);
      cairo_fill (cr);
    }
}

/* ---- Choosing ---- */

static void
update (HlLayerView *self)
{
  update_maps (self);
  update_weights (self);
  update_histogram (self);
}

static void
set_unit (HlLayerView *self, int unit)
{
  self->unit = unit;
  update (self);
}

static void
maps_pressed_cb (HlLayerView *self, int n_press, double x, double y)
{
  const HlArray *array = find_values (self, self->node);

  if (array == NULL || !has_units (&array->shape))
    return;
  set_unit (self, self->unit >= 0 ? -1 : hl_tiles_pick (HL_TILES (self->maps), x, y));
}

static gboolean
maps_key_cb (HlLayerView *self, guint key, guint code, GdkModifierType state)
{
  const HlArray *array = find_values (self, self->node);

  if (array == NULL || !has_units (&array->shape))
    return GDK_EVENT_PROPAGATE;
  switch (key)
    {
    case GDK_KEY_Right:
      set_unit (self, MIN (self->unit + 1, (int) array->shape.dim[0] - 1));
      return GDK_EVENT_STOP;
    case GDK_KEY_Left:
      set_unit (self, MAX (self->unit - 1, -1));
      return GDK_EVENT_STOP;
    case GDK_KEY_Escape:
      set_unit (self, -1);
      return GDK_EVENT_STOP;
    default:
      return GDK_EVENT_PROPAGATE;
    }
}

static void
all_cb (HlLayerView *self)
{
  set_unit (self, -1);
}

void
hl_layer_view_set (HlLayerView *self, HlProbeResult *result, HlGraph *graph, guint32 node)
{
  g_return_if_fail (HL_IS_LAYER_VIEW (self));
  if (node != self->node)
    self->unit = -1;
  self->node = node;
  if (result != NULL)
    hl_probe_result_ref (result);
  g_clear_pointer (&self->result, hl_probe_result_unref);
  self->result = result;
  if (graph != NULL)
    hl_graph_ref (graph);
  g_clear_pointer (&self->graph, hl_graph_unref);
  self->graph = graph;
  update (self);
}

/* ---- GObject ---- */

static void
draw_tiles (GtkWidget *widget, cairo_t *cr, double width, double height)
{
  hl_tiles_draw (HL_TILES (widget), cr, width, height);
}

static GtkWidget *
note_new (void)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_widget_add_css_class (label, "dim-label");
  gtk_widget_add_css_class (label, "caption");
  gtk_widget_add_css_class (label, "hl-numbers");
  return label;
}

static void
make_maps (HlLayerView *self)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkEventController *key = gtk_event_controller_key_new ();
  GtkWidget *header;

  self->maps_card = hl_card_new (_("Output"), &header);
  self->maps = hl_tiles_new ();
  self->maps_note = note_new ();
  self->all = gtk_button_new_with_label (_("Show all maps"));
  gtk_widget_add_css_class (self->all, "flat");
  gtk_widget_add_css_class (self->all, "hl-small");
  gtk_widget_set_valign (self->all, GTK_ALIGN_CENTER);
  gtk_widget_set_visible (self->all, FALSE);
  gtk_box_append (GTK_BOX (header), self->all);
  gtk_box_append (GTK_BOX (header), hl_export_button_new (_("Save the maps as a picture"), "maps", self->maps, draw_tiles, NULL));
  gtk_widget_set_size_request (self->maps, -1, 300);
  gtk_widget_set_vexpand (self->maps, TRUE);
  gtk_widget_set_focusable (self->maps, TRUE);
  gtk_widget_set_tooltip_text (self->maps, _("Click a map to see it alone, with the weights that made it; arrow keys walk"));
  g_signal_connect_object (click, "pressed", G_CALLBACK (maps_pressed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (key, "key-pressed", G_CALLBACK (maps_key_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->all, "clicked", G_CALLBACK (all_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (self->maps, GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (self->maps, key);
  gtk_box_append (GTK_BOX (self->maps_card), self->maps);
  gtk_box_append (GTK_BOX (self->maps_card), self->maps_note);
}

static void
make_weights (HlLayerView *self)
{
  GtkWidget *header;

  self->weights_card = hl_card_new (_("Weights"), &header);
  self->weights = hl_tiles_new ();
  self->weights_note = note_new ();
  gtk_widget_set_size_request (self->weights, -1, 180);
  gtk_widget_set_hexpand (self->weights_card, TRUE);
  gtk_box_append (GTK_BOX (header), hl_export_button_new (_("Save the weights as a picture"), "weights", self->weights, draw_tiles, NULL));
  gtk_box_append (GTK_BOX (self->weights_card), self->weights);
  gtk_box_append (GTK_BOX (self->weights_card), self->weights_note);
}

static void
make_histogram (HlLayerView *self)
{
  self->histogram_card = hl_card_new (_("How often each value occurs"), NULL);
  self->histogram = g_object_new (GTK_TYPE_DRAWING_AREA, "accessible-role", GTK_ACCESSIBLE_ROLE_IMG, NULL);
  self->histogram_note = note_new ();
  gtk_drawing_area_set_content_height (GTK_DRAWING_AREA (self->histogram), 110);
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (self->histogram), draw_histogram, self, NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->histogram), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Histogram of the layer's values"), -1);
  gtk_widget_set_hexpand (self->histogram_card, TRUE);
  gtk_widget_set_vexpand (self->histogram, TRUE);
  gtk_box_append (GTK_BOX (self->histogram_card), self->histogram);
  gtk_box_append (GTK_BOX (self->histogram_card), self->histogram_note);
}

static void
layer_view_dispose (GObject *object)
{
  HlLayerView *self = HL_LAYER_VIEW (object);

  if (self->histogram != NULL)
    gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (self->histogram), NULL, NULL, NULL);
  self->histogram = NULL;
  g_clear_pointer (&self->result, hl_probe_result_unref);
  g_clear_pointer (&self->graph, hl_graph_unref);
  G_OBJECT_CLASS (hl_layer_view_parent_class)->dispose (object);
}

static void
hl_layer_view_class_init (HlLayerViewClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = layer_view_dispose;
}

static void
hl_layer_view_init (HlLayerView *self)
{
  GtkWidget *bottom = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);

  self->unit = -1;
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing (GTK_BOX (self), 12);
  make_maps (self);
  make_weights (self);
  make_histogram (self);
  gtk_box_append (GTK_BOX (bottom), self->weights_card);
  gtk_box_append (GTK_BOX (bottom), self->histogram_card);
  gtk_box_append (GTK_BOX (self), self->maps_card);
  gtk_box_append (GTK_BOX (self), bottom);
}

GtkWidget *
hl_layer_view_new (void)
{
  return g_object_new (HL_TYPE_LAYER_VIEW, NULL);
}
