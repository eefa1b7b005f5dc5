/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The chart widget: lines, pointer, keyboard and what a screen reader hears. chart-draw.c draws. */

#include "config.h"

#include "ui/chart/chart-private.h"
#include "ui/chart/palette.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

#define SMALLEST_DRAG 8
#define DESCRIBE_MS 500
/* Training shall not share its processor with a curve that moves sixty times a second. */
#define REDRAW_MS 60

enum { PROP_0, PROP_LOG, PROP_SMOOTHING, PROP_STEPS, N_PROPS };

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (HlChart, hl_chart, GTK_TYPE_WIDGET)

static void
chart_line_free (gpointer data)
{
  HlChartLine *line = data;

  g_signal_handler_disconnect (line->series, line->handler);
  g_object_unref (line->series);
  g_free (line->label);
  g_free (line->smoothed);
  g_free (line);
}

/* ---- What it says ---- */

char *
hl_chart_describe (HlChart *self)
{
  GString *text = g_string_new (NULL);
  char number[24];

  g_return_val_if_fail (HL_IS_CHART (self), NULL);
  if (hl_chart_is_empty (self))
    {
      g_string_append (text, self->empty_text);
      return g_string_free (text, FALSE);
    }
  for (guint i = 0; i < self->lines->len; i++)
    {
      HlChartLine *line = g_ptr_array_index (self->lines, i);
      guint n = hl_series_get_n (line->series), at = n;
      const double *x = hl_series_get_x (line->series);
      double scale = hl_chart_line_scale (self, line);

      if (n == 0)
        continue;
      at = isfinite (self->hover) ? hl_decimate_nearest (n, x, self->hover / scale) : n - 1;
      hl_axis_format (hl_chart_line_values (self, line)[at], self->format, number, sizeof number);
      if (text->len > 0)
        g_string_append (text, "; ");
      g_string_append_printf (text, _("%s %s at epoch %.3g"), line->label, number, x[at]);
    }
  return g_string_free (text, FALSE);
}

static gboolean
describe_cb (gpointer data)
{
  HlChart *self = data;
  g_autofree char *text = hl_chart_describe (self);

  self->describe_source = 0;
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
  return G_SOURCE_REMOVE;
}

static void
chart_changed (HlChart *self)
{
  gtk_widget_queue_draw (GTK_WIDGET (self));
  /* Training brings values many times a second; nobody wants to hear all of them. */
  if (self->describe_source == 0)
    self->describe_source = g_timeout_add (DESCRIBE_MS, describe_cb, self);
}

static gboolean
redraw_cb (gpointer data)
{
  HlChart *self = data;

  self->redraw_source = 0;
  chart_changed (self);
  return G_SOURCE_REMOVE;
}

static void
series_changed_cb (HlChart *self)
{
  if (self->redraw_source == 0)
    self->redraw_source = g_timeout_add (REDRAW_MS, redraw_cb, self);
}

/* ---- Lines ---- */

void
hl_chart_set_title (HlChart *self, const char *title)
{
  g_return_if_fail (HL_IS_CHART (self));
  g_free (self->title);
  self->title = g_strdup (title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
}

void
hl_chart_add_line (HlChart *self, HlSeries *series, const char *label, guint color, HlChartStyle style, double steps_per_epoch)
{
  HlChartLine *line;

  g_return_if_fail (HL_IS_CHART (self));
  g_return_if_fail (HL_IS_SERIES (series));
  line = g_new0 (HlChartLine, 1);
  line->series = g_object_ref (series);
  line->label = g_strdup (label);
  line->color = color;
  line->style = style;
  line->steps_per_epoch = steps_per_epoch;
  line->weight = -1;
  line->handler = g_signal_connect_swapped (series, "changed", G_CALLBACK (series_changed_cb), self);
  g_ptr_array_add (self->lines, line);
  chart_changed (self);
}

void
hl_chart_clear (HlChart *self)
{
  g_return_if_fail (HL_IS_CHART (self));
  g_ptr_array_set_size (self->lines, 0);
  chart_changed (self);
}

void
hl_chart_reset_zoom (HlChart *self)
{
  g_return_if_fail (HL_IS_CHART (self));
  self->zoomed = FALSE;
  chart_changed (self);
}

static void
chart_zoom (HlChart *self, double low, double high)
{
  if (low > high)
    {
      double swap = low;

      low = high;
      high = swap;
    }
  if (!(high - low > 1e-6))
    return;
  self->zoomed = TRUE;
  self->zoom_low = MAX (0, low);
  self->zoom_high = high;
  chart_changed (self);
}

/* ---- Pointer and keyboard ---- */

static double
chart_x_at (HlChart *self, double x)
{
  return hl_axis_value (&self->x, CLAMP ((x - self->left) / self->width, 0, 1));
}

static void
motion_cb (HlChart *self, double x, double y)
{
  if (hl_chart_is_empty (self) || self->width < 1)
    return;
  self->hover = x < self->left - 4 || x > self->left + self->width + 8 ? NAN : chart_x_at (self, x);
  chart_changed (self);
}

static void
leave_cb (HlChart *self)
{
  self->hover = NAN;
  chart_changed (self);
}

static void
drag_begin_cb (HlChart *self, double x, double y, GtkGestureDrag *gesture)
{
  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (hl_chart_is_empty (self))
    return;
  self->drag_from = self->drag_to = CLAMP (x, self->left, self->left + self->width);
}

static void
drag_update_cb (HlChart *self, double dx, double dy, GtkGestureDrag *gesture)
{
  double x, y;

  if (hl_chart_is_empty (self) || !gtk_gesture_drag_get_start_point (gesture, &x, &y))
    return;
  self->drag_to = CLAMP (x + dx, self->left, self->left + self->width);
  self->dragging = fabs (self->drag_to - self->drag_from) >= SMALLEST_DRAG;
  if (self->dragging)
    gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
drag_end_cb (HlChart *self, double dx, double dy, GtkGestureDrag *gesture)
{
  if (self->dragging)
    {
      self->dragging = FALSE;
      chart_zoom (self, chart_x_at (self, self->drag_from), chart_x_at (self, self->drag_to));
    }
}

static void
pressed_cb (HlChart *self, int n_press, double x, double y)
{
  if (n_press == 2)
    hl_chart_reset_zoom (self);
}

static gboolean
key_pressed_cb (HlChart *self, guint key, guint code, GdkModifierType state)
{
  double span = self->x.high - self->x.low;
  double middle = isfinite (self->hover) ? self->hover : (self->x.low + self->x.high) / 2;

  if (hl_chart_is_empty (self) || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK)) != 0)
    return GDK_EVENT_PROPAGATE;
  switch (key)
    {
    case GDK_KEY_Left:
    case GDK_KEY_Right:
      if (!isfinite (self->hover))
        self->hover = self->x.high;
      else
        self->hover = CLAMP (self->hover + (key == GDK_KEY_Left ? -1 : 1) * span / 50, self->x.low, self->x.high);
      break;
    case GDK_KEY_Escape:
      if (!isfinite (self->hover))
        return GDK_EVENT_PROPAGATE;
      self->hover = NAN;
      break;
    case GDK_KEY_plus:
    case GDK_KEY_KP_Add:
      chart_zoom (self, middle - span / 4, middle + span / 4);
      break;
    case GDK_KEY_minus:
    case GDK_KEY_KP_Subtract:
      if (self->zoomed)
        chart_zoom (self, middle - span, middle + span);
      break;
    case GDK_KEY_Home:
      hl_chart_reset_zoom (self);
      break;
    default:
      return GDK_EVENT_PROPAGATE;
    }
  chart_changed (self);
  return GDK_EVENT_STOP;
}

/* ---- Drawing ---- */

static void
draw_empty (HlChart *self, GtkSnapshot *snapshot, const GdkRGBA *color, int width, int height)
{
  g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), self->empty_text);
  GdkRGBA dim = *color;
  int text_height;

  dim.alpha *= 0.55f;
  pango_layout_set_width (layout, MAX (60, width - 48) * PANGO_SCALE);
  pango_layout_set_alignment (layout, PANGO_ALIGN_CENTER);
  pango_layout_get_pixel_size (layout, NULL, &text_height);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((width - MAX (60, width - 48)) / 2, (height - text_height) / 2));
  gtk_snapshot_append_layout (snapshot, layout, &dim);
  gtk_snapshot_restore (snapshot);
}

static void
chart_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  HlChart *self = HL_CHART (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  HlChartTheme theme = { .dark = hl_palette_is_dark (widget), .interactive = TRUE };
  GtkStyleContext *style = gtk_widget_get_style_context (widget);
  cairo_t *cr;

  gtk_style_context_get_color (style, &theme.text);
  if (!gtk_style_context_lookup_color (style, "popover_bg_color", &theme.background))
    theme.background = theme.dark ? (GdkRGBA) { 0.22f, 0.22f, 0.22f, 1 } : (GdkRGBA) { 1, 1, 1, 1 };
  if (hl_chart_is_empty (self))
    {
      draw_empty (self, snapshot, &theme.text, width, height);
      return;
    }
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  hl_chart_draw_themed (self, cr, width, height, &theme);
  cairo_destroy (cr);
}

void
hl_chart_draw (HlChart *self, cairo_t *cr, double width, double height)
{
  HlChartTheme theme = { .text = { 0.1f, 0.1f, 0.12f, 1 }, .background = { 1, 1, 1, 1 } };

  g_return_if_fail (HL_IS_CHART (self));
  hl_chart_draw_themed (self, cr, width, height, &theme);
}

char *
hl_chart_to_csv (HlChart *self)
{
  GString *csv = g_string_new ("line,epoch,step,value\n");
  char x_text[G_ASCII_DTOSTR_BUF_SIZE], y_text[G_ASCII_DTOSTR_BUF_SIZE];

  g_return_val_if_fail (HL_IS_CHART (self), NULL);
  for (guint i = 0; i < self->lines->len; i++)
    {
      const HlChartLine *line = g_ptr_array_index (self->lines, i);
      guint n = hl_series_get_n (line->series);
      const double *x = hl_series_get_x (line->series), *y = hl_series_get_y (line->series);
      g_auto(GStrv) parts = g_strsplit (line->label, "\"", -1);
      g_autofree char *label = g_strjoinv ("\"\"", parts);

      for (guint j = 0; j < n; j++)
        {
          g_string_append_printf (csv, "\"%s\",%s,", label, g_ascii_dtostr (x_text, sizeof x_text, x[j]));
          if (line->steps_per_epoch > 0)
            g_string_append_printf (csv, "%.0f", x[j] * line->steps_per_epoch);
          g_string_append_printf (csv, ",%s\n", g_ascii_dtostr (y_text, sizeof y_text, y[j]));
        }
    }
  return g_string_free (csv, FALSE);
}

static void
chart_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 240 : 222;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 420 : 272;
}

/* ---- GObject ---- */

static void
chart_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HlChart *self = HL_CHART (object);

  switch (id)
    {
    case PROP_LOG:
      g_value_set_boolean (value, self->log);
      break;
    case PROP_SMOOTHING:
      g_value_set_double (value, self->smoothing);
      break;
    case PROP_STEPS:
      g_value_set_boolean (value, self->steps);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
chart_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  HlChart *self = HL_CHART (object);

  switch (id)
    {
    case PROP_LOG:
      self->log = g_value_get_boolean (value);
      break;
    case PROP_SMOOTHING:
      self->smoothing = g_value_get_double (value);
      break;
    case PROP_STEPS:
      if (self->steps != g_value_get_boolean (value))
        {
          self->steps = !self->steps;
          self->zoomed = FALSE;
          self->hover = NAN;
        }
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      return;
    }
  chart_changed (self);
}

static void
chart_dispose (GObject *object)
{
  HlChart *self = HL_CHART (object);

  g_clear_handle_id (&self->describe_source, g_source_remove);
  g_clear_handle_id (&self->redraw_source, g_source_remove);
  g_ptr_array_set_size (self->lines, 0);
  G_OBJECT_CLASS (hl_chart_parent_class)->dispose (object);
}

static void
chart_finalize (GObject *object)
{
  HlChart *self = HL_CHART (object);

  g_ptr_array_unref (self->lines);
  g_free (self->title);
  g_free (self->empty_text);
  G_OBJECT_CLASS (hl_chart_parent_class)->finalize (object);
}

static void
hl_chart_class_init (HlChartClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = chart_get_property;
  object_class->set_property = chart_set_property;
  object_class->dispose = chart_dispose;
  object_class->finalize = chart_finalize;
  widget_class->snapshot = chart_snapshot;
  widget_class->measure = chart_measure;
  properties[PROP_LOG] = g_param_spec_boolean ("log", NULL, NULL, FALSE, flags);
  properties[PROP_SMOOTHING] = g_param_spec_double ("smoothing", NULL, NULL, 0, 1, 0.5, flags);
  properties[PROP_STEPS] = g_param_spec_boolean ("steps", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  gtk_widget_class_set_css_name (widget_class, "chart");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
hl_chart_init (HlChart *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkEventController *key = gtk_event_controller_key_new ();
  GtkGesture *drag = gtk_gesture_drag_new (), *click = gtk_gesture_click_new ();

  self->lines = g_ptr_array_new_with_free_func (chart_line_free);
  self->hover = NAN;
  self->smoothing = 0.5;
  hl_axis_init (&self->x, 0, 1, FALSE);
  hl_axis_init (&self->y, 0, 1, FALSE);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  g_signal_connect_swapped (motion, "motion", G_CALLBACK (motion_cb), self);
  g_signal_connect_swapped (motion, "leave", G_CALLBACK (leave_cb), self);
  g_signal_connect_swapped (key, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  g_signal_connect_swapped (drag, "drag-begin", G_CALLBACK (drag_begin_cb), self);
  g_signal_connect_swapped (drag, "drag-update", G_CALLBACK (drag_update_cb), self);
  g_signal_connect_swapped (drag, "drag-end", G_CALLBACK (drag_end_cb), self);
  g_signal_connect_swapped (click, "pressed", G_CALLBACK (pressed_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  gtk_widget_add_controller (GTK_WIDGET (self), key);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
}

GtkWidget *
hl_chart_new (const char *title, HlAxisFormat format, const char *empty_text)
{
  HlChart *self = g_object_new (HL_TYPE_CHART, NULL);

  self->format = format;
  self->empty_text = g_strdup (empty_text);
  hl_chart_set_title (self, title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, empty_text, -1);
  return GTK_WIDGET (self);
}
