/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The confusion matrix: right answers green, mistakes red, both with their numbers, so that colour is never the only sign. */

#include "config.h"

#include "ui/train/confusion-view.h"

#include "ui/chart/palette.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

#define FONT_SIZE 10.5
#define GAP 2
#define LARGEST_CELL_WIDTH 54
#define LARGEST_CELL_HEIGHT 34
#define NAME_STEP 12           /* pixels from one name to the next, at least: where classes are many, some have theirs */
#define SMALL_CELL 6           /* smaller ones stand close together and are left out when they are empty */
#define MOST_MEASURED 60       /* names; of more only the longest are */

struct _HlConfusionView
{
  GtkWidget parent_instance;
  guint n;
  guint32 *counts;
  GStrv names;
  gboolean has_selected;
  guint row, column;
};

typedef struct { double left, top, cell_width, cell_height, gap; gboolean with_names; } Geometry;
typedef struct { GdkRGBA text, right, wrong, accent; gboolean interactive; } Theme;

static guint selected_signal;

G_DEFINE_FINAL_TYPE (HlConfusionView, hl_confusion_view, GTK_TYPE_WIDGET)

guint32
hl_confusion_view_get_count (HlConfusionView *self, guint label, guint prediction)
{
  g_return_val_if_fail (HL_IS_CONFUSION_VIEW (self), 0);
  return label < self->n && prediction < self->n ? self->counts[label * self->n + prediction] : 0;
}

const char *
hl_confusion_view_get_name (HlConfusionView *self, guint label)
{
  g_return_val_if_fail (HL_IS_CONFUSION_VIEW (self), "");
  return label < self->n ? self->names[label] : "";
}

static void
describe (HlConfusionView *self)
{
  g_autofree char *text = NULL;
  guint64 right = 0, all = 0;

  for (guint i = 0; i < self->n; i++)
    for (guint j = 0; j < self->n; j++)
      {
        all += hl_confusion_view_get_count (self, i, j);
        right += i == j ? hl_confusion_view_get_count (self, i, j) : 0;
      }
  if (self->n == 0)
    text = g_strdup (_("nothing yet"));
  else if (!self->has_selected)
    text = g_strdup_printf (_("%u classes, %" PRIu64 " of %" PRIu64 " right"), self->n, right, all);
  else if (self->row == self->column)
    text = g_strdup_printf (_("%s recognised: %u"), self->names[self->row], hl_confusion_view_get_count (self, self->row, self->column));
  else
    text = g_strdup_printf (_("%s taken for %s: %u"), self->names[self->row], self->names[self->column],
                            hl_confusion_view_get_count (self, self->row, self->column));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}

void
hl_confusion_view_set (HlConfusionView *self, guint n_classes, const guint32 *counts, const char *const *names)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  g_return_if_fail (HL_IS_CONFUSION_VIEW (self));
  if (n_classes != self->n)
    {
      self->has_selected = FALSE;
      gtk_widget_queue_resize (GTK_WIDGET (self));
    }
  self->n = n_classes;
  g_free (self->counts);
  self->counts = g_memdup2 (counts, (gsize) n_classes * n_classes * sizeof *counts);
  g_strfreev (self->names);
  for (guint i = 0; i < n_classes; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);

      g_strv_builder_add (builder, names != NULL && names[i] != NULL ? names[i] : number);
    }
  self->names = g_strv_builder_end (builder);
  describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

gboolean
hl_confusion_view_get_selected (HlConfusionView *self, guint *label, guint *prediction)
{
  g_return_val_if_fail (HL_IS_CONFUSION_VIEW (self), FALSE);
  *label = self->row;
  *prediction = self->column;
  return self->has_selected;
}

void
hl_confusion_view_select (HlConfusionView *self, guint label, guint prediction)
{
  g_return_if_fail (HL_IS_CONFUSION_VIEW (self));
  if (label >= self->n || prediction >= self->n)
    return;
  self->has_selected = TRUE;
  self->row = label;
  self->column = prediction;
  describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

gboolean
hl_confusion_view_find_worst (HlConfusionView *self, guint *label, guint *prediction)
{
  guint32 most = 0;

  g_return_val_if_fail (HL_IS_CONFUSION_VIEW (self), FALSE);
  for (guint i = 0; i < self->n; i++)
    for (guint j = 0; j < self->n; j++)
      if (i != j && hl_confusion_view_get_count (self, i, j) > most)
        {
          most = hl_confusion_view_get_count (self, i, j);
          *label = i;
          *prediction = j;
        }
  return most > 0;
}

void
hl_confusion_view_get_scores (HlConfusionView *self, guint label, double *precision, double *recall)
{
  guint64 predicted = 0, actual = 0;

  g_return_if_fail (HL_IS_CONFUSION_VIEW (self));
  for (guint i = 0; i < self->n; i++)
    {
      predicted += hl_confusion_view_get_count (self, i, label);
      actual += hl_confusion_view_get_count (self, label, i);
    }
  *precision = predicted > 0 ? (double) hl_confusion_view_get_count (self, label, label) / predicted : NAN;
  *recall = actual > 0 ? (double) hl_confusion_view_get_count (self, label, label) / actual : NAN;
}

char *
hl_confusion_view_to_csv (HlConfusionView *self)
{
  GString *csv = g_string_new ("label");

  g_return_val_if_fail (HL_IS_CONFUSION_VIEW (self), NULL);
  for (guint i = 0; i <= self->n; i++)
    {
      for (guint j = 0; j <= self->n; j++)
        if (i > 0 && j > 0)
          g_string_append_printf (csv, ",%u", hl_confusion_view_get_count (self, i - 1, j - 1));
        else if (i + j > 0)
          {
            g_auto(GStrv) parts = g_strsplit (self->names[i + j - 1], "\"", -1);
            g_autofree char *name = g_strjoinv ("\"\"", parts);

            g_string_append_printf (csv, i == 0 ? ",\"%s\"" : "\"%s\"", name);
          }
      g_string_append_c (csv, '\n');
    }
  return g_string_free (csv, FALSE);
}

/* ---- Drawing ---- */

static PangoLayout *
make_layout (HlConfusionView *self, const char *text, gboolean bold)
{
  PangoLayout *layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  g_autoptr(PangoAttrList) attributes = pango_attr_list_new ();

  pango_attr_list_insert (attributes, pango_attr_size_new_absolute (FONT_SIZE * PANGO_SCALE));
  pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum=1"));
  if (bold)
    pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  pango_layout_set_attributes (layout, attributes);
  return layout;
}

static int
widest_name (HlConfusionView *self)
{
  glong longest = 0;
  int widest = 0;

  for (guint i = 0; i < self->n; i++)
    longest = MAX (longest, g_utf8_strlen (self->names[i], -1));
  for (guint i = 0, measured = 0; i < self->n && measured < MOST_MEASURED; i++)
    {
      if (self->n <= MOST_MEASURED || g_utf8_strlen (self->names[i], -1) == longest)
        {
          g_autoptr(PangoLayout) layout = make_layout (self, self->names[i], TRUE);
          int width;

          pango_layout_get_pixel_size (layout, &width, NULL);
          widest = MAX (widest, width);
          measured++;
        }
    }
  return widest;
}

static Geometry
get_geometry (HlConfusionView *self, double width, double height)
{
  Geometry geometry = { 0 };
  double names = MIN (widest_name (self) + 8, width * 0.3);

  geometry.with_names = self->n > 0 && height >= 11 * MIN (self->n, 10);
  geometry.left = geometry.with_names ? names : 16;
  geometry.top = geometry.with_names ? MIN (names, 72) : 16;
  geometry.cell_width = MIN ((width - geometry.left) / MAX (self->n, 1), LARGEST_CELL_WIDTH);
  geometry.cell_height = MIN ((height - geometry.top) / MAX (self->n, 1), MIN (LARGEST_CELL_HEIGHT, 2 * geometry.cell_width));
  geometry.gap = MIN (geometry.cell_width, geometry.cell_height) >= SMALL_CELL ? GAP : 0;
  return geometry;
}

static void
draw_row_name (HlConfusionView *self, cairo_t *cr, const Geometry *geometry, guint i, gboolean bold)
{
  g_autoptr(PangoLayout) layout = make_layout (self, self->names[i], bold);
  int height;

  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_width (layout, (geometry->left - 8) * PANGO_SCALE);
  pango_layout_set_alignment (layout, PANGO_ALIGN_RIGHT);
  pango_layout_get_pixel_size (layout, NULL, &height);
  cairo_move_to (cr, 0, geometry->top + (i + 0.5) * geometry->cell_height - height / 2.0);
  pango_cairo_show_layout (cr, layout);
}

/* Predicted classes stand upright above their column. */
static void
draw_column_name (HlConfusionView *self, cairo_t *cr, const Geometry *geometry, guint i, gboolean bold)
{
  g_autoptr(PangoLayout) layout = make_layout (self, self->names[i], bold);
  int height;

  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_width (layout, (geometry->top - 4) * PANGO_SCALE);
  pango_layout_get_pixel_size (layout, NULL, &height);
  cairo_save (cr);
  cairo_translate (cr, geometry->left + (i + 0.5) * geometry->cell_width - height / 2.0, geometry->top - 4);
  cairo_rotate (cr, -G_PI / 2);
  cairo_move_to (cr, 0, 0);
  pango_cairo_show_layout (cr, layout);
  cairo_restore (cr);
}

static void
draw_names (HlConfusionView *self, cairo_t *cr, const Geometry *geometry, const Theme *theme)
{
  guint row_step = (guint) ceil (NAME_STEP / geometry->cell_height), column_step = (guint) ceil (NAME_STEP / geometry->cell_width);
  gboolean bold = self->has_selected && theme->interactive;

  hl_palette_set_cairo (cr, &theme->text, 0.75);
  for (guint i = 0; i < self->n; i += row_step)
    draw_row_name (self, cr, geometry, i, bold && i == self->row);
  for (guint i = 0; i < self->n; i += column_step)
    draw_column_name (self, cr, geometry, i, bold && i == self->column);
}

static void
rounded_cell (cairo_t *cr, double x, double y, double width, double height)
{
  double radius = MIN (4, MIN (width, height) / 4);

  cairo_new_sub_path (cr);
  cairo_arc (cr, x + radius, y + radius, radius, G_PI, 1.5 * G_PI);
  cairo_arc (cr, x + width - radius, y + radius, radius, 1.5 * G_PI, 2 * G_PI);
  cairo_arc (cr, x + width - radius, y + height - radius, radius, 0, 0.5 * G_PI);
  cairo_arc (cr, x + radius, y + height - radius, radius, 0.5 * G_PI, G_PI);
  cairo_close_path (cr);
}

static void
draw_count (HlConfusionView *self, cairo_t *cr, double x, double y, const Geometry *geometry, const GdkRGBA *text, double strength, guint32 count)
{
  g_autofree char *number = g_strdup_printf ("%u", count);
  g_autoptr(PangoLayout) layout = make_layout (self, number, FALSE);
  int width, height;

  pango_layout_get_pixel_size (layout, &width, &height);
  if (width > geometry->cell_width - 1 || height > geometry->cell_height + 4)
    return;
  if (strength > 0.55)
    cairo_set_source_rgb (cr, 1, 1, 1);
  else
    hl_palette_set_cairo (cr, text, 0.85);
  cairo_move_to (cr, x + (geometry->cell_width - GAP - width) / 2, y + (geometry->cell_height - GAP - height) / 2);
  pango_cairo_show_layout (cr, layout);
}

static void
draw_cells (HlConfusionView *self, cairo_t *cr, const Geometry *geometry, const Theme *theme)
{
  for (guint i = 0; i < self->n; i++)
    {
      guint64 total = 0;

      for (guint j = 0; j < self->n; j++)
        total += hl_confusion_view_get_count (self, i, j);
      for (guint j = 0; j < self->n; j++)
        {
          guint32 count = hl_confusion_view_get_count (self, i, j);
          double x = geometry->left + j * geometry->cell_width, y = geometry->top + i * geometry->cell_height;
          /* A few mistakes shall be seen, many shall stand out: their square root. */
          double share = total > 0 ? (double) count / total : 0, strength = i == j ? 0.35 + 0.6 * share : MIN (1, 1.6 * sqrt (share));

          if (count > 0)
            {
              rounded_cell (cr, x, y, MAX (geometry->cell_width - geometry->gap, 1.5), MAX (geometry->cell_height - geometry->gap, 1.5));
              hl_palette_set_cairo (cr, i == j ? &theme->right : &theme->wrong, MAX (0.06, strength));
              cairo_fill (cr);
              draw_count (self, cr, x, y, geometry, &theme->text, strength, count);
            }
          else if (geometry->gap > 0)
            {
              cairo_rectangle (cr, x + (geometry->cell_width - GAP) / 2 - 1, y + (geometry->cell_height - GAP) / 2 - 1, 2, 2);
              hl_palette_set_cairo (cr, &theme->text, 0.12);
              cairo_fill (cr);
            }
          if (theme->interactive && self->has_selected && i == self->row && j == self->column)
            {
              rounded_cell (cr, x, y, MAX (geometry->cell_width - geometry->gap, 1.5), MAX (geometry->cell_height - geometry->gap, 1.5));
              hl_palette_set_cairo (cr, &theme->accent, 1);
              cairo_set_line_width (cr, 2.5);
              cairo_stroke (cr);
            }
        }
    }
}

static void
draw_themed (HlConfusionView *self, cairo_t *cr, double width, double height, const Theme *theme)
{
  Geometry geometry = get_geometry (self, width, height);

  if (self->n == 0)
    return;
  if (geometry.with_names)
    draw_names (self, cr, &geometry, theme);
  draw_cells (self, cr, &geometry, theme);
}

void
hl_confusion_view_draw (HlConfusionView *self, cairo_t *cr, double width, double height)
{
  Theme theme = { { 0.1f, 0.1f, 0.12f, 1 }, { 0.11f, 0.6f, 0.38f, 1 }, { 0.78f, 0.16f, 0.22f, 1 }, { 0, 0, 0, 1 }, FALSE };

  g_return_if_fail (HL_IS_CONFUSION_VIEW (self));
  draw_themed (self, cr, width, height, &theme);
}

static void
confusion_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  Theme theme = { .right = { 0.11f, 0.6f, 0.38f, 1 }, .wrong = { 0.78f, 0.16f, 0.22f, 1 }, .interactive = TRUE };
  GtkStyleContext *style = gtk_widget_get_style_context (widget);
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));

  gtk_style_context_get_color (style, &theme.text);
  hl_palette_get (0, hl_palette_is_dark (widget), &theme.accent);
  draw_themed (HL_CONFUSION_VIEW (widget), cr, width, height, &theme);
  cairo_destroy (cr);
}

static void
confusion_view_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  HlConfusionView *self = HL_CONFUSION_VIEW (widget);
  gboolean across = orientation == GTK_ORIENTATION_HORIZONTAL;

  *minimum = across ? 280 : MIN (64 + 18 * (int) MAX (self->n, 1), 400);
  *natural = across ? 460 : MIN (66 + 23 * (int) MAX (self->n, 1), 520);
}

/* ---- Pointer and keyboard ---- */

static void
choose (HlConfusionView *self, guint row, guint column)
{
  hl_confusion_view_select (self, row, column);
  g_signal_emit (self, selected_signal, 0, row, column);
}

static gboolean
find_cell (HlConfusionView *self, double x, double y, guint *row, guint *column)
{
  Geometry geometry = get_geometry (self, gtk_widget_get_width (GTK_WIDGET (self)), gtk_widget_get_height (GTK_WIDGET (self)));

  if (self->n == 0 || x < geometry.left || y < geometry.top)
    return FALSE;
  *row = (y - geometry.top) / geometry.cell_height;
  *column = (x - geometry.left) / geometry.cell_width;
  return *row < self->n && *column < self->n;
}

static void
pressed_cb (HlConfusionView *self, int n_press, double x, double y)
{
  guint row, column;

  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (find_cell (self, x, y, &row, &column))
    choose (self, row, column);
}

static gboolean
query_tooltip_cb (HlConfusionView *self, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
  g_autofree char *text = NULL;
  guint row, column;

  if (keyboard || !find_cell (self, x, y, &row, &column))
    return FALSE;
  if (row == column)
    text = g_strdup_printf (_("%u × %s recognised"), hl_confusion_view_get_count (self, row, column), self->names[row]);
  else
    text = g_strdup_printf (_("%u × %s taken for %s"), hl_confusion_view_get_count (self, row, column), self->names[row], self->names[column]);
  gtk_tooltip_set_text (tooltip, text);
  return TRUE;
}

static gboolean
key_pressed_cb (HlConfusionView *self, guint key, guint code, GdkModifierType state)
{
  int row = self->row, column = self->column;

  if (self->n == 0 || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK)) != 0)
    return GDK_EVENT_PROPAGATE;
  switch (key)
    {
    case GDK_KEY_Left:
      column--;
      break;
    case GDK_KEY_Right:
      column++;
      break;
    case GDK_KEY_Up:
      row--;
      break;
    case GDK_KEY_Down:
      row++;
      break;
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
    case GDK_KEY_space:
      break;
    default:
      return GDK_EVENT_PROPAGATE;
    }
  if (!self->has_selected)
    row = column = 0;
  choose (self, CLAMP (row, 0, (int) self->n - 1), CLAMP (column, 0, (int) self->n - 1));
  return GDK_EVENT_STOP;
}

/* ---- GObject ---- */

static void
confusion_view_finalize (GObject *object)
{
  HlConfusionView *self = HL_CONFUSION_VIEW (object);

  g_free (self->counts);
  g_strfreev (self->names);
  G_OBJECT_CLASS (hl_confusion_view_parent_class)->finalize (object);
}

static void
hl_confusion_view_class_init (HlConfusionViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = confusion_view_finalize;
  widget_class->snapshot = confusion_view_snapshot;
  widget_class->measure = confusion_view_measure;
  selected_signal = g_signal_new ("selected", HL_TYPE_CONFUSION_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);
  gtk_widget_class_set_css_name (widget_class, "confusion");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
hl_confusion_view_init (HlConfusionView *self)
{
  GtkEventController *key = gtk_event_controller_key_new ();
  GtkGesture *click = gtk_gesture_click_new ();

  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
  g_signal_connect (self, "query-tooltip", G_CALLBACK (query_tooltip_cb), NULL);
  g_signal_connect_swapped (click, "pressed", G_CALLBACK (pressed_cb), self);
  g_signal_connect_swapped (key, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (GTK_WIDGET (self), key);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Confusion matrix: true class by row, predicted class by column"), -1);
}

GtkWidget *
hl_confusion_view_new (void)
{
  return g_object_new (HL_TYPE_CONFUSION_VIEW, NULL);
}
