/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A share as a bar with its percentage. */

#include "config.h"

#include "ui/widgets/score-bar.h"

#include "ui/chart/axis.h"
#include "ui/chart/palette.h"

#include <math.h>

#define BAR_HEIGHT 8
#define MINIMUM_WIDTH 24
#define GAP 8

struct _HlScoreBar
{
  GtkWidget parent_instance;
  double value;
  PangoLayout *widest, *text;
};

G_DEFINE_FINAL_TYPE (HlScoreBar, hl_score_bar, GTK_TYPE_WIDGET)

/* The layouts live until the font changes. */
static void
ensure_layouts (HlScoreBar *self)
{
  char text[24];

  if (!self->widest)
    {
      hl_axis_format (1, HL_AXIS_PERCENT, text, sizeof text);
      self->widest = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
    }
  if (!self->text)
    {
      hl_axis_format (self->value, HL_AXIS_PERCENT, text, sizeof text);
      self->text = gtk_widget_create_pango_layout (GTK_WIDGET (self), isnan (self->value) ? "–" : text);
    }
}

static void
hl_score_bar_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  HlScoreBar *self = HL_SCORE_BAR (widget);
  float width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget), bar;
  int text_width, text_height, column;
  GskRoundedRect trough;
  GdkRGBA color, dim, fill;

  ensure_layouts (self);
  pango_layout_get_pixel_size (self->widest, &column, NULL);
  pango_layout_get_pixel_size (self->text, &text_width, &text_height);
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  hl_palette_get (0, hl_palette_is_dark (widget), &fill);
  dim = color;
  dim.alpha *= 0.12;
  bar = MAX (0, width - column - GAP);
  gsk_rounded_rect_init_from_rect (&trough, &GRAPHENE_RECT_INIT (0, (height - BAR_HEIGHT) / 2, bar, BAR_HEIGHT), BAR_HEIGHT / 2);
  gtk_snapshot_push_rounded_clip (snapshot, &trough);
  gtk_snapshot_append_color (snapshot, &dim, &trough.bounds);
  if (self->value > 0)
    gtk_snapshot_append_color (snapshot, &fill, &GRAPHENE_RECT_INIT (0, (height - BAR_HEIGHT) / 2, bar * MIN (self->value, 1), BAR_HEIGHT));
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (width - text_width, (height - text_height) / 2));
  gtk_snapshot_append_layout (snapshot, self->text, &color);
}

static void
hl_score_bar_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural, int *minimum_baseline,
                      int *natural_baseline)
{
  HlScoreBar *self = HL_SCORE_BAR (widget);
  int width, height;

  ensure_layouts (self);
  pango_layout_get_pixel_size (self->widest, &width, &height);
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? MINIMUM_WIDTH + GAP + width : MAX (height, BAR_HEIGHT);
}

static void
clear_layouts (HlScoreBar *self)
{
  g_clear_object (&self->widest);
  g_clear_object (&self->text);
}

static void
hl_score_bar_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (hl_score_bar_parent_class)->css_changed (widget, change);
  clear_layouts (HL_SCORE_BAR (widget));
}

static void
hl_score_bar_dispose (GObject *object)
{
  clear_layouts (HL_SCORE_BAR (object));
  G_OBJECT_CLASS (hl_score_bar_parent_class)->dispose (object);
}

static void
hl_score_bar_class_init (HlScoreBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = hl_score_bar_dispose;
  widget_class->snapshot = hl_score_bar_snapshot;
  widget_class->measure = hl_score_bar_measure;
  widget_class->css_changed = hl_score_bar_css_changed;
  gtk_widget_class_set_css_name (widget_class, "scorebar");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_METER);
}

static void
hl_score_bar_init (HlScoreBar *self)
{
  self->value = NAN;
  gtk_widget_add_css_class (GTK_WIDGET (self), "hl-numbers");
}

GtkWidget *
hl_score_bar_new (const char *name)
{
  GtkWidget *self = g_object_new (HL_TYPE_SCORE_BAR, NULL);

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, GTK_ACCESSIBLE_PROPERTY_VALUE_MIN, 0.0,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_MAX, 1.0, -1);
  return self;
}

void
hl_score_bar_set_value (HlScoreBar *self, double value)
{
  char text[24];

  g_return_if_fail (HL_IS_SCORE_BAR (self));
  if (value == self->value || (isnan (value) && isnan (self->value)))
    return;
  self->value = value;
  g_clear_object (&self->text);
  hl_axis_format (value, HL_AXIS_PERCENT, text, sizeof text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_VALUE_NOW, isnan (value) ? 0.0 : value,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, isnan (value) ? "–" : text, -1);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

double
hl_score_bar_get_value (HlScoreBar *self)
{
  g_return_val_if_fail (HL_IS_SCORE_BAR (self), NAN);
  return self->value;
}
