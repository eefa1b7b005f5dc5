/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A virtual grid: it knows where each thumbnail would be and draws those in sight straight from the data set. */

#include "config.h"

#include "ui/data/sample-grid.h"

#include "ui/chart/palette.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

#define GAP 6
#define NAME_HEIGHT 14
#define DOT_RADIUS 4

struct _HlSampleGrid
{
  GtkWidget parent_instance;
  HlDataset *dataset;
  HlSplit *split;
  guint32 *indices;          /* NULL: all */
  gsize n;
  gint64 position;           /* of the selected one in what is shown; -1: none */
  int cell;
  gboolean with_names;
  float low, high;
  float *values;             /* of one sample */
  guint32 *pixels;
  GPtrArray *names;          /* PangoLayouts, one a class */
  GtkAdjustment *adjustments[2];
  guint policies[2];
};

enum { PROP_0, PROP_HADJUSTMENT, PROP_VADJUSTMENT, PROP_HSCROLL_POLICY, PROP_VSCROLL_POLICY };
enum { SIGNAL_SELECTED, SIGNAL_ACTIVATED, N_SIGNALS };

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE_WITH_CODE (HlSampleGrid, hl_sample_grid, GTK_TYPE_WIDGET, G_IMPLEMENT_INTERFACE (GTK_TYPE_SCROLLABLE, NULL))

const char *
hl_part_get_title (HlPart part)
{
  return part == HL_PART_TRAIN ? _("Training") : part == HL_PART_VALIDATION ? _("Validation") : _("Test");
}

guint
hl_part_get_color (HlPart part)
{
  return part;
}

/* ---- Geometry ---- */

static int
step_x (HlSampleGrid *self)
{
  return self->cell + GAP;
}

static int
step_y (HlSampleGrid *self)
{
  return self->cell + GAP + (self->with_names ? NAME_HEIGHT : 0);
}

static guint
n_columns (HlSampleGrid *self)
{
  return MAX (1, (gtk_widget_get_width (GTK_WIDGET (self)) - GAP) / step_x (self));
}

/* The room that is left over goes between the columns. */
static double
column_x (HlSampleGrid *self, guint column)
{
  guint columns = n_columns (self);
  double left = gtk_widget_get_width (GTK_WIDGET (self)) - GAP - (double) columns * step_x (self);

  return GAP + floor (column * (step_x (self) + MAX (0, left) / columns));
}

static gsize
sample_at (HlSampleGrid *self, gsize position)
{
  return self->indices != NULL ? self->indices[position] : position;
}

static double
scroll_value (HlSampleGrid *self)
{
  GtkAdjustment *adjustment = self->adjustments[GTK_ORIENTATION_VERTICAL];

  return adjustment != NULL ? gtk_adjustment_get_value (adjustment) : 0;
}

static void
configure (HlSampleGrid *self)
{
  GtkAdjustment *across = self->adjustments[GTK_ORIENTATION_HORIZONTAL], *down = self->adjustments[GTK_ORIENTATION_VERTICAL];
  double width = gtk_widget_get_width (GTK_WIDGET (self)), page = gtk_widget_get_height (GTK_WIDGET (self));
  gsize rows = (self->n + n_columns (self) - 1) / n_columns (self);
  double height = MAX (page, (double) rows * step_y (self) + GAP);

  if (across != NULL)
    gtk_adjustment_configure (across, 0, 0, width, width, width, width);
  if (down != NULL)
    gtk_adjustment_configure (down, CLAMP (gtk_adjustment_get_value (down), 0, height - page), 0, height, step_y (self), page * 0.9, page);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
scroll_to (HlSampleGrid *self, gint64 position)
{
  GtkAdjustment *adjustment = self->adjustments[GTK_ORIENTATION_VERTICAL];
  double top = (double) (position / n_columns (self)) * step_y (self);

  if (adjustment != NULL && position >= 0)
    gtk_adjustment_clamp_page (adjustment, top, top + step_y (self) + GAP);
}

static gint64
position_at (HlSampleGrid *self, double x, double y)
{
  guint column = 0;
  gint64 position;

  while (column + 1 < n_columns (self) && x >= column_x (self, column + 1))
    column++;
  if (x < GAP || x >= column_x (self, column) + self->cell)
    return -1;
  position = (gint64) ((y + scroll_value (self) - GAP) / step_y (self)) * n_columns (self) + column;
  return y + scroll_value (self) >= GAP && position < (gint64) self->n ? position : -1;
}

/* ---- Selection ---- */

static void
describe (HlSampleGrid *self)
{
  g_autofree char *text = NULL;

  if (self->position < 0)
    text = g_strdup_printf (g_dngettext (NULL, "%zu image", "%zu images", self->n), self->n);
  else
    {
      gsize index = sample_at (self, self->position);
      const char *name = hl_dataset_get_class_name (self->dataset, hl_dataset_get_labels (self->dataset)[index]);

      text = g_strdup_printf (_("Image %zu: %s, %s; %" PRId64 " of %zu"), index, name,
                              self->split != NULL ? hl_part_get_title (hl_split_get_part (self->split, index)) : "",
                              self->position + 1, self->n);
    }
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}

static void
select_position (HlSampleGrid *self, gint64 position)
{
  if (self->n == 0)
    return;
  self->position = CLAMP (position, 0, (gint64) self->n - 1);
  scroll_to (self, self->position);
  describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_signal_emit (self, signals[SIGNAL_SELECTED], 0, (gint64) sample_at (self, self->position));
}

gint64
hl_sample_grid_get_selected (HlSampleGrid *self)
{
  g_return_val_if_fail (HL_IS_SAMPLE_GRID (self), -1);
  return self->position >= 0 ? (gint64) sample_at (self, self->position) : -1;
}

void
hl_sample_grid_set_selected (HlSampleGrid *self, gint64 index)
{
  g_return_if_fail (HL_IS_SAMPLE_GRID (self));
  if (index == hl_sample_grid_get_selected (self))
    return;
  self->position = -1;
  if (self->indices == NULL)
    self->position = index < (gint64) self->n ? index : -1;
  else
    for (gsize i = 0; i < self->n && self->position < 0; i++)
      if (self->indices[i] == index)
        self->position = i;
  scroll_to (self, self->position);
  describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* ---- Contents ---- */

gsize
hl_sample_grid_get_length (HlSampleGrid *self)
{
  g_return_val_if_fail (HL_IS_SAMPLE_GRID (self), 0);
  return self->n;
}

void
hl_sample_grid_set_indices (HlSampleGrid *self, const guint32 *indices, gsize n)
{
  gint64 selected;

  g_return_if_fail (HL_IS_SAMPLE_GRID (self));
  selected = hl_sample_grid_get_selected (self);
  g_clear_pointer (&self->indices, g_free);
  self->n = 0;
  if (self->dataset != NULL)
    {
      /* Also for none at all: a missing list means everything. */
      self->indices = indices != NULL ? g_malloc0 ((n + 1) * sizeof *indices) : NULL;
      if (n > 0 && indices != NULL)
        memcpy (self->indices, indices, n * sizeof *indices);
      self->n = indices != NULL ? n : hl_dataset_get_length (self->dataset);
    }
  self->position = -1;
  if (self->adjustments[GTK_ORIENTATION_VERTICAL] != NULL)
    gtk_adjustment_set_value (self->adjustments[GTK_ORIENTATION_VERTICAL], 0);
  configure (self);
  if (selected >= 0)
    hl_sample_grid_set_selected (self, selected);
  else
    describe (self);
}

void
hl_sample_grid_set_data (HlSampleGrid *self, HlDataset *dataset, const HlSplit *split)
{
  g_return_if_fail (HL_IS_SAMPLE_GRID (self));
  if (dataset != self->dataset)
    {
      self->position = -1;
      g_clear_pointer (&self->dataset, hl_dataset_unref);
      g_clear_pointer (&self->names, g_ptr_array_unref);
      g_clear_pointer (&self->values, g_free);
      g_clear_pointer (&self->pixels, g_free);
      if (dataset != NULL)
        {
          const HlShape *shape = hl_dataset_get_shape (dataset);

          self->dataset = hl_dataset_ref (dataset);
          hl_dataset_get_range (dataset, &self->low, &self->high);
          self->values = g_new (float, hl_shape_get_count (shape));
          self->pixels = g_new (guint32, hl_shape_get_count (shape));
        }
    }
  g_clear_pointer (&self->split, hl_split_unref);
  if (split != NULL && dataset != NULL)
    self->split = hl_split_ref ((HlSplit *) split);
  hl_sample_grid_set_indices (self, NULL, 0);
}

/* ---- Drawing ---- */

static guint32
level (HlSampleGrid *self, float value)
{
  return CLAMP (lrintf (255 * (value - self->low) / MAX (self->high - self->low, 1e-20f)), 0, 255);
}

static void
draw_sample (HlSampleGrid *self, cairo_t *cr, gsize index, double x, double y)
{
  const HlShape *shape = hl_dataset_get_shape (self->dataset);
  guint channels = hl_shape_channels (shape), rows = hl_shape_rows (shape), columns = hl_shape_columns (shape), n;
  cairo_surface_t *surface;
  double scale;

  if (shape->n_dims < 2)
    {
      /* Plain features: a nearly square mosaic. */
      columns = ceil (sqrt (channels));
      rows = channels / columns;
      channels = 1;
    }
  n = rows * columns;
  hl_dataset_read_sample (self->dataset, index, self->values);
  for (guint i = 0; i < n; i++)
    {
      guint32 red = level (self, self->values[i]);
      guint32 green = channels == 3 ? level (self, self->values[n + i]) : red, blue = channels == 3 ? level (self, self->values[2 * n + i]) : red;

      self->pixels[i] = 0xff000000u | red << 16 | green << 8 | blue;
    }
  surface = cairo_image_surface_create_for_data ((guchar *) self->pixels, CAIRO_FORMAT_RGB24, columns, rows, columns * 4);
  scale = (double) self->cell / MAX (rows, columns);
  cairo_save (cr);
  cairo_translate (cr, x + (self->cell - columns * scale) / 2, y + (self->cell - rows * scale) / 2);
  cairo_scale (cr, scale, scale);
  cairo_set_source_surface (cr, surface, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), scale >= 1 ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_BILINEAR);
  cairo_rectangle (cr, 0, 0, columns, rows);
  cairo_fill (cr);
  cairo_restore (cr);
  cairo_surface_finish (surface);
  cairo_surface_destroy (surface);
}

static PangoLayout *
class_layout (HlSampleGrid *self, guint label)
{
  if (self->names == NULL)
    {
      self->names = g_ptr_array_new_with_free_func (g_object_unref);
      for (guint i = 0; i < hl_dataset_get_n_classes (self->dataset); i++)
        {
          PangoLayout *layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), hl_dataset_get_class_name (self->dataset, i));
          g_autoptr(PangoAttrList) attributes = pango_attr_list_new ();

          pango_attr_list_insert (attributes, pango_attr_size_new_absolute (10 * PANGO_SCALE));
          pango_layout_set_attributes (layout, attributes);
          pango_layout_set_width (layout, self->cell * PANGO_SCALE);
          pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
          pango_layout_set_alignment (layout, PANGO_ALIGN_CENTER);
          g_ptr_array_add (self->names, layout);
        }
    }
  return label < self->names->len ? g_ptr_array_index (self->names, label) : NULL;
}

static void
draw_cell (HlSampleGrid *self, cairo_t *cr, gsize position, double x, double y, const GdkRGBA *text, const GdkRGBA *accent, gboolean dark)
{
  gsize index = sample_at (self, position);
  HlPart part = self->split != NULL ? hl_split_get_part (self->split, index) : HL_PART_TRAIN;
  PangoLayout *name = self->with_names ? class_layout (self, hl_dataset_get_labels (self->dataset)[index]) : NULL;

  draw_sample (self, cr, index, x, y);
  if ((gint64) position == self->position)
    {
      hl_palette_set_cairo (cr, accent, 1);
      cairo_set_line_width (cr, 3);
      cairo_rectangle (cr, x - 1.5, y - 1.5, self->cell + 3, self->cell + 3);
      cairo_stroke (cr);
    }
  if (part != HL_PART_TRAIN)
    {
      GdkRGBA color;

      hl_palette_get (hl_part_get_color (part), dark, &color);
      cairo_arc (cr, x + self->cell - DOT_RADIUS - 2, y + DOT_RADIUS + 2, DOT_RADIUS, 0, 2 * G_PI);
      hl_palette_set_cairo (cr, &color, 1);
      cairo_fill_preserve (cr);
      cairo_set_source_rgba (cr, 1, 1, 1, 0.9);
      cairo_set_line_width (cr, 1);
      cairo_stroke (cr);
    }
  if (name != NULL)
    {
      hl_palette_set_cairo (cr, text, 0.65);
      cairo_move_to (cr, x, y + self->cell + 1);
      pango_cairo_show_layout (cr, name);
    }
}

static void
sample_grid_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  HlSampleGrid *self = HL_SAMPLE_GRID (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  GtkStyleContext *style = gtk_widget_get_style_context (widget);
  double scroll = floor (scroll_value (self));
  gboolean dark = hl_palette_is_dark (widget);
  guint columns = n_columns (self);
  GdkRGBA text, accent;
  gsize first;
  cairo_t *cr;

  if (self->dataset == NULL || self->n == 0)
    return;
  gtk_style_context_get_color (style, &text);
  if (!gtk_style_context_lookup_color (style, "accent_bg_color", &accent))
    hl_palette_get (0, dark, &accent);
  first = (gsize) MAX (0, (scroll - GAP) / step_y (self)) * columns;
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  for (gsize position = first; position < self->n; position++)
    {
      double x = column_x (self, position % columns), y = GAP + (double) (position / columns) * step_y (self) - scroll;

      if (y > height)
        break;
      draw_cell (self, cr, position, x, y, &text, &accent, dark);
    }
  cairo_destroy (cr);
}

static void
sample_grid_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  HlSampleGrid *self = HL_SAMPLE_GRID (widget);

  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? step_x (self) + GAP : step_y (self) + GAP;
  *natural = *minimum * 3;
}

static void
sample_grid_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  configure (HL_SAMPLE_GRID (widget));
}

static void
sample_grid_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (hl_sample_grid_parent_class)->css_changed (widget, change);
  g_clear_pointer (&HL_SAMPLE_GRID (widget)->names, g_ptr_array_unref);
}

/* ---- Pointer and keyboard ---- */

static void
pressed_cb (HlSampleGrid *self, int n_press, double x, double y)
{
  gint64 position = position_at (self, x, y);

  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (position < 0)
    return;
  select_position (self, position);
  if (n_press == 2)
    g_signal_emit (self, signals[SIGNAL_ACTIVATED], 0, hl_sample_grid_get_selected (self));
}

static gboolean
key_pressed_cb (HlSampleGrid *self, guint key, guint code, GdkModifierType state)
{
  gint64 columns = n_columns (self), page = MAX (1, gtk_widget_get_height (GTK_WIDGET (self)) / step_y (self)) * columns;
  gint64 step = 0;

  if (self->n == 0 || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK)) != 0)
    return GDK_EVENT_PROPAGATE;
  switch (key)
    {
    case GDK_KEY_Left:
      step = -1;
      break;
    case GDK_KEY_Right:
      step = 1;
      break;
    case GDK_KEY_Up:
      step = -columns;
      break;
    case GDK_KEY_Down:
      step = columns;
      break;
    case GDK_KEY_Page_Up:
      step = -page;
      break;
    case GDK_KEY_Page_Down:
      step = page;
      break;
    case GDK_KEY_Home:
      step = -(gint64) self->n;
      break;
    case GDK_KEY_End:
      step = self->n;
      break;
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
      if (self->position >= 0)
        g_signal_emit (self, signals[SIGNAL_ACTIVATED], 0, hl_sample_grid_get_selected (self));
      return GDK_EVENT_STOP;
    default:
      return GDK_EVENT_PROPAGATE;
    }
  select_position (self, self->position < 0 ? 0 : self->position + step);
  return GDK_EVENT_STOP;
}

/* ---- GObject ---- */

static void
set_adjustment (HlSampleGrid *self, GtkOrientation orientation, GtkAdjustment *adjustment)
{
  if (self->adjustments[orientation] != NULL)
    g_signal_handlers_disconnect_by_func (self->adjustments[orientation], gtk_widget_queue_draw, self);
  g_clear_object (&self->adjustments[orientation]);
  if (adjustment == NULL)
    return;
  self->adjustments[orientation] = g_object_ref_sink (adjustment);
  g_signal_connect_swapped (adjustment, "value-changed", G_CALLBACK (gtk_widget_queue_draw), self);
  configure (self);
}

static void
sample_grid_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  HlSampleGrid *self = HL_SAMPLE_GRID (object);

  switch (id)
    {
    case PROP_HADJUSTMENT:
    case PROP_VADJUSTMENT:
      set_adjustment (self, id - PROP_HADJUSTMENT, g_value_get_object (value));
      break;
    case PROP_HSCROLL_POLICY:
    case PROP_VSCROLL_POLICY:
      self->policies[id - PROP_HSCROLL_POLICY] = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sample_grid_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HlSampleGrid *self = HL_SAMPLE_GRID (object);

  switch (id)
    {
    case PROP_HADJUSTMENT:
    case PROP_VADJUSTMENT:
      g_value_set_object (value, self->adjustments[id - PROP_HADJUSTMENT]);
      break;
    case PROP_HSCROLL_POLICY:
    case PROP_VSCROLL_POLICY:
      g_value_set_enum (value, self->policies[id - PROP_HSCROLL_POLICY]);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sample_grid_dispose (GObject *object)
{
  HlSampleGrid *self = HL_SAMPLE_GRID (object);

  set_adjustment (self, GTK_ORIENTATION_HORIZONTAL, NULL);
  set_adjustment (self, GTK_ORIENTATION_VERTICAL, NULL);
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_clear_pointer (&self->dataset, hl_dataset_unref);
  g_clear_pointer (&self->split, hl_split_unref);
  g_clear_pointer (&self->indices, g_free);
  g_clear_pointer (&self->values, g_free);
  g_clear_pointer (&self->pixels, g_free);
  self->n = 0;
  G_OBJECT_CLASS (hl_sample_grid_parent_class)->dispose (object);
}

static void
hl_sample_grid_class_init (HlSampleGridClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->set_property = sample_grid_set_property;
  object_class->get_property = sample_grid_get_property;
  object_class->dispose = sample_grid_dispose;
  widget_class->snapshot = sample_grid_snapshot;
  widget_class->measure = sample_grid_measure;
  widget_class->size_allocate = sample_grid_size_allocate;
  widget_class->css_changed = sample_grid_css_changed;
  g_object_class_override_property (object_class, PROP_HADJUSTMENT, "hadjustment");
  g_object_class_override_property (object_class, PROP_VADJUSTMENT, "vadjustment");
  g_object_class_override_property (object_class, PROP_HSCROLL_POLICY, "hscroll-policy");
  g_object_class_override_property (object_class, PROP_VSCROLL_POLICY, "vscroll-policy");
  signals[SIGNAL_SELECTED] = g_signal_new ("selected", HL_TYPE_SAMPLE_GRID, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
  signals[SIGNAL_ACTIVATED] = g_signal_new ("activated", HL_TYPE_SAMPLE_GRID, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
  gtk_widget_class_set_css_name (widget_class, "samples");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GRID);
}

static void
hl_sample_grid_init (HlSampleGrid *self)
{
  GtkEventController *key = gtk_event_controller_key_new ();
  GtkGesture *click = gtk_gesture_click_new ();

  self->position = -1;
  self->cell = 64;
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  g_signal_connect_swapped (click, "pressed", G_CALLBACK (pressed_cb), self);
  g_signal_connect_swapped (key, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (GTK_WIDGET (self), key);
}

GtkWidget *
hl_sample_grid_new (const char *label, int cell, gboolean with_names)
{
  HlSampleGrid *self = g_object_new (HL_TYPE_SAMPLE_GRID, NULL);

  self->cell = cell;
  self->with_names = with_names;
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  return GTK_WIDGET (self);
}
