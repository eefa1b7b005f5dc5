/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The window on its input, to scale. */

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "ui/build/kernel-drawing.h"

#define HEIGHT     172
#define TEXT_ROOM  40.0
#define ARROW_ROOM 26.0

struct _HlKernelDrawing
{
  GtkWidget parent_instance;
  HlKernelGeometry geometry;
};

G_DEFINE_FINAL_TYPE (HlKernelDrawing, hl_kernel_drawing, GTK_TYPE_WIDGET)

static guint
reach (const HlKernelGeometry *g, guint axis)
{
  return g->dilation[axis] * (MAX (g->size[axis], 1) - 1) + 1;
}

char *
hl_kernel_geometry_formula (const HlKernelGeometry *g, guint axis)
{
  g_autofree char *padding = g->padding[axis] ? g_strdup_printf (" + %u", 2 * g->padding[axis]) : g_strdup ("");

  return g_strdup_printf ("(%u%s − %u) / %u + 1 = %u", g->input[axis], padding, reach (g, axis), g->stride[axis], g->output[axis]);
}

static void
set_source (cairo_t *cr, const GdkRGBA *color, double alpha)
{
  cairo_set_source_rgba (cr, color->red, color->green, color->blue, alpha * color->alpha);
}

/* Cells as separate squares; too small ones would only shimmer and are drawn as one plane. */
static void
draw_cells (cairo_t *cr, double x, double y, guint columns, guint rows, double cell, const GdkRGBA *color, double alpha)
{
  double gap = cell >= 3 ? 1 : 0;

  set_source (cr, color, alpha);
  if (!gap)
    cairo_rectangle (cr, x, y, columns * cell, rows * cell);
  else
    for (guint row = 0; row < rows; row++)
      for (guint column = 0; column < columns; column++)
        cairo_rectangle (cr, x + column * cell, y + row * cell, cell - gap, cell - gap);
  cairo_fill (cr);
}

static void
draw_text (HlKernelDrawing *self, cairo_t *cr, double x, double y, const GdkRGBA *color, const char *text)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  pango_attr_list_insert (attributes, pango_attr_scale_new (0.76));
  pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum=1"));
  pango_layout_set_attributes (layout, attributes);
  set_source (cr, color, 0.75);
  cairo_move_to (cr, x, y);
  pango_cairo_show_layout (cr, layout);
}

typedef struct { double x, y, cell, out_x, out_y, out_cell; guint columns, rows; } Places;

static Places
place (const HlKernelGeometry *g, double width)
{
  Places p;
  double left = (width - ARROW_ROOM - 4) * 0.58, right = width - ARROW_ROOM - 4 - left, high = HEIGHT - TEXT_ROOM - 4;

  p.columns = g->input[1] + 2 * g->padding[1];
  p.rows = g->input[0] + 2 * g->padding[0];
  p.cell = MIN (MIN (left / p.columns, high / p.rows), 22);
  p.out_cell = MIN (MIN (right / MAX (g->output[1], 1), high / MAX (g->output[0], 1)), p.cell);
  p.x = 2;
  p.y = 2 + (high - p.rows * p.cell) / 2;
  p.out_x = p.x + p.columns * p.cell + ARROW_ROOM;
  p.out_y = 2 + (high - g->output[0] * p.out_cell) / 2;
  return p;
}

/* The window stands at an output about a third in, where it and its stride are well seen. */
static void
draw_window (cairo_t *cr, const HlKernelGeometry *g, const Places *p, const GdkRGBA *accent)
{
  guint row = g->output[0] / 3, column = g->output[1] / 4;
  double x = p->x + column * g->stride[1] * p->cell, y = p->y + row * g->stride[0] * p->cell;
  double w = reach (g, 1) * p->cell, h = reach (g, 0) * p->cell;
  double ox = p->out_x + column * p->out_cell, oy = p->out_y + row * p->out_cell;

  if (column + 1 < g->output[1] && g->stride[1] > 1)
    {
      cairo_rectangle (cr, x + g->stride[1] * p->cell, y, w, h);
      set_source (cr, accent, 0.45);
      cairo_set_line_width (cr, 1);
      cairo_set_dash (cr, (double[]) { 2, 2 }, 2, 0);
      cairo_stroke (cr);
      cairo_set_dash (cr, NULL, 0, 0);
    }
  set_source (cr, accent, 0.40);
  for (guint i = 0; i < g->size[0]; i++)
    for (guint k = 0; k < g->size[1]; k++)
      cairo_rectangle (cr, x + k * g->dilation[1] * p->cell, y + i * g->dilation[0] * p->cell, p->cell, p->cell);
  cairo_fill (cr);
  cairo_rectangle (cr, x, y, w, h);
  set_source (cr, accent, 1);
  cairo_set_line_width (cr, 1.5);
  cairo_stroke (cr);
  cairo_move_to (cr, x + w, y + h / 2);
  cairo_line_to (cr, ox, oy + p->out_cell / 2);
  cairo_set_dash (cr, (double[]) { 3, 3 }, 2, 0);
  cairo_set_line_width (cr, 1);
  cairo_stroke (cr);
  cairo_set_dash (cr, NULL, 0, 0);
  cairo_rectangle (cr, ox, oy, MAX (p->out_cell, 3), MAX (p->out_cell, 3));
  cairo_fill (cr);
}

static void
hl_kernel_drawing_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  HlKernelDrawing *self = HL_KERNEL_DRAWING (widget);
  const HlKernelGeometry *g = &self->geometry;
  double width = gtk_widget_get_width (widget);
  GdkRGBA accent = { 0.11, 0.44, 0.85, 1 }, text;
  g_autofree char *input = NULL, *formula = NULL, *second = NULL;
  Places p;
  cairo_t *cr;

  if (!g->input[0] || !g->input[1] || !g->output[0] || !g->output[1])
    return;
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &text);
  gtk_style_context_lookup_color (gtk_widget_get_style_context (widget), "accent_color", &accent);
  p = place (g, width);
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, HEIGHT));
  draw_cells (cr, p.x + g->padding[1] * p.cell, p.y + g->padding[0] * p.cell, g->input[1], g->input[0], p.cell, &text, 0.13);
  if (g->padding[0] || g->padding[1])
    {
      cairo_rectangle (cr, p.x, p.y, p.columns * p.cell, p.rows * p.cell);
      set_source (cr, &accent, 0.7);
      cairo_set_line_width (cr, 1.2);
      cairo_set_dash (cr, (double[]) { 4, 3 }, 2, 0);
      cairo_stroke (cr);
      cairo_set_dash (cr, NULL, 0, 0);
    }
  draw_cells (cr, p.out_x, p.out_y, g->output[1], g->output[0], p.out_cell, &accent, 0.25);
  draw_window (cr, g, &p, &accent);
  input = g->padding[0] || g->padding[1]
    ? g_strdup_printf ("%u + 2·%u", g->input[0], g->padding[0]) : g_strdup_printf ("%u×%u", g->input[0], g->input[1]);
  formula = hl_kernel_geometry_formula (g, 0);
  draw_text (self, cr, p.x, HEIGHT - TEXT_ROOM + 4, &text, input);
  if (g->input[0] == g->input[1] && g->output[0] == g->output[1])
    draw_text (self, cr, p.x, HEIGHT - TEXT_ROOM + 21, &text, formula);
  else
    {
      second = hl_kernel_geometry_formula (g, 1);
      draw_text (self, cr, p.x, HEIGHT - TEXT_ROOM + 4, &text, formula);
      draw_text (self, cr, p.x, HEIGHT - TEXT_ROOM + 21, &text, second);
    }
  cairo_destroy (cr);
}

static void
hl_kernel_drawing_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                           int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 200 : HEIGHT;
}

void
hl_kernel_drawing_set (HlKernelDrawing *self, const HlKernelGeometry *geometry)
{
  g_autofree char *y = hl_kernel_geometry_formula (geometry, 0), *x = hl_kernel_geometry_formula (geometry, 1);
  g_autofree char *text = g_strdup_printf (_("Rows: %s. Columns: %s."), y, x);

  self->geometry = *geometry;
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), text);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
hl_kernel_drawing_init (HlKernelDrawing *self)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Geometry of the window"), -1);
}

static void
hl_kernel_drawing_class_init (HlKernelDrawingClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->snapshot = hl_kernel_drawing_snapshot;
  widget_class->measure = hl_kernel_drawing_measure;
  gtk_widget_class_set_css_name (widget_class, "kerneldrawing");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

GtkWidget *
hl_kernel_drawing_new (void)
{
  return g_object_new (HL_TYPE_KERNEL_DRAWING, NULL);
}
