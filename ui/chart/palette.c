/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Colours of runs and lines. */

#include "config.h"

#include "ui/chart/palette.h"

#include <adwaita.h>

/* Neighbours differ in hue and in lightness, so that they stay apart without red or green. */
static const guint32 light_colors[HL_PALETTE_SIZE] = { 0x1a6ed8, 0xd65a00, 0x8a3aa6, 0x178299, 0x865e3c, 0x1d8a56, 0xc64689, 0x4a4854 };
static const guint32 dark_colors[HL_PALETTE_SIZE] = { 0x78aeed, 0xffa348, 0xc88ae0, 0x5bc8d8, 0xcdab8f, 0x6bdc9c, 0xf4a3c7, 0xc0bfbc };

struct _HlPaletteDot
{
  GtkWidget parent_instance;
  guint index;
  gboolean filled;
};

G_DEFINE_FINAL_TYPE (HlPaletteDot, hl_palette_dot, GTK_TYPE_WIDGET)

void
hl_palette_get (guint index, gboolean dark, GdkRGBA *color)
{
  guint32 rgb = (dark ? dark_colors : light_colors)[index % HL_PALETTE_SIZE];

  *color = (GdkRGBA) { (rgb >> 16 & 0xff) / 255.0f, (rgb >> 8 & 0xff) / 255.0f, (rgb & 0xff) / 255.0f, 1 };
}

void
hl_palette_set_cairo (cairo_t *cr, const GdkRGBA *color, double alpha)
{
  cairo_set_source_rgba (cr, color->red, color->green, color->blue, color->alpha * alpha);
}

gboolean
hl_palette_is_dark (GtkWidget *widget)
{
  return adw_style_manager_get_dark (adw_style_manager_get_for_display (gtk_widget_get_display (widget)));
}

static void
palette_dot_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  HlPaletteDot *self = HL_PALETTE_DOT (widget);
  double size = MIN (gtk_widget_get_width (widget), gtk_widget_get_height (widget));
  graphene_rect_t bounds = GRAPHENE_RECT_INIT ((gtk_widget_get_width (widget) - size) / 2, (gtk_widget_get_height (widget) - size) / 2, size, size);
  GskRoundedRect outline;
  GdkRGBA color;

  hl_palette_get (self->index, hl_palette_is_dark (widget), &color);
  gsk_rounded_rect_init_from_rect (&outline, &bounds, size / 2);
  if (self->filled)
    {
      gtk_snapshot_push_rounded_clip (snapshot, &outline);
      gtk_snapshot_append_color (snapshot, &color, &bounds);
      gtk_snapshot_pop (snapshot);
    }
  else
    gtk_snapshot_append_border (snapshot, &outline, (float[]) { 2, 2, 2, 2 }, (GdkRGBA[]) { color, color, color, color });
}

static void
palette_dot_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = 12;
}

static void
hl_palette_dot_class_init (HlPaletteDotClass *klass)
{
  GTK_WIDGET_CLASS (klass)->snapshot = palette_dot_snapshot;
  GTK_WIDGET_CLASS (klass)->measure = palette_dot_measure;
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
hl_palette_dot_init (HlPaletteDot *self)
{
  self->filled = TRUE;
}

GtkWidget *
hl_palette_dot_new (void)
{
  return g_object_new (HL_TYPE_PALETTE_DOT, "valign", GTK_ALIGN_CENTER, NULL);
}

void
hl_palette_dot_set (HlPaletteDot *self, guint index, gboolean filled)
{
  g_return_if_fail (HL_IS_PALETTE_DOT (self));
  self->index = index;
  self->filled = filled;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
