/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cards, and the card of a chart. */

#include "config.h"

#include "ui/chart/chart-card.h"

#include "ui/chart/export.h"
#include "ui/widgets/param-row.h"

#include <glib/gi18n.h>

#define TITLE_KEY "hl-card-title"
#define CHART_KEY "hl-card-chart"

GtkWidget *
hl_card_new (const char *title, GtkWidget **header)
{
  GtkWidget *card = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 5);
  GtkWidget *label = gtk_label_new (title);

  gtk_widget_add_css_class (card, "card");
  gtk_widget_add_css_class (card, "hl-card");
  gtk_widget_add_css_class (label, "heading");
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_set_size_request (row, -1, 26);
  gtk_box_append (GTK_BOX (row), label);
  gtk_box_append (GTK_BOX (card), row);
  g_object_set_data (G_OBJECT (card), TITLE_KEY, label);
  if (header != NULL)
    *header = row;
  return card;
}

void
hl_card_set_title (GtkWidget *card, const char *title)
{
  GtkLabel *label = g_object_get_data (G_OBJECT (card), TITLE_KEY);

  g_return_if_fail (label != NULL);
  gtk_label_set_text (label, title);
}

void
hl_chart_card_set_title (GtkWidget *card, const char *title)
{
  hl_card_set_title (card, title);
  hl_chart_set_title (g_object_get_data (G_OBJECT (card), CHART_KEY), title);
}

static void
draw_chart (GtkWidget *widget, cairo_t *cr, double width, double height)
{
  hl_chart_draw (HL_CHART (widget), cr, width, height);
}

static char *
chart_csv (GtkWidget *widget)
{
  return hl_chart_to_csv (HL_CHART (widget));
}

static GtkWidget *
small_toggle (const char *text, const char *tooltip)
{
  GtkWidget *button = gtk_toggle_button_new_with_label (text);

  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "hl-small");
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, tooltip);
  return button;
}

static GtkWidget *
smoothing_slider (HlChart *chart)
{
  GtkWidget *scale = gtk_scale_new_with_range (GTK_ORIENTATION_HORIZONTAL, 0, 1, 0.05);

  gtk_widget_set_size_request (scale, 64, -1);
  hl_ignore_wheel (scale);
  gtk_widget_set_valign (scale, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (scale, "hl-slider");
  gtk_widget_set_tooltip_text (scale, _("How much the training line is smoothed"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (scale), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Smoothing"), -1);
  g_object_bind_property (chart, "smoothing", gtk_range_get_adjustment (GTK_RANGE (scale)), "value",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  return scale;
}

GtkWidget *
hl_chart_card_new (HlChart *chart, const char *title, const char *file_name, gboolean with_log)
{
  g_autofree char *save = g_strdup_printf (_("Save “%s” as picture or table"), title);
  GtkWidget *header, *card = hl_card_new (title, &header), *toggle, *label;

  if (with_log)
    {
      toggle = small_toggle (_("log"), _("Logarithmic scale"));
      g_object_bind_property (chart, "log", toggle, "active", G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
      gtk_box_append (GTK_BOX (header), toggle);
    }
  toggle = small_toggle (_("steps"), _("Count steps instead of epochs"));
  g_object_bind_property (chart, "steps", toggle, "active", G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  gtk_box_append (GTK_BOX (header), toggle);
  label = gtk_label_new (_("smooth"));
  gtk_widget_add_css_class (label, "dim-label");
  gtk_widget_add_css_class (label, "caption");
  gtk_box_append (GTK_BOX (header), label);
  gtk_box_append (GTK_BOX (header), smoothing_slider (chart));
  gtk_box_append (GTK_BOX (header), hl_export_button_new (save, file_name, GTK_WIDGET (chart), draw_chart, chart_csv));
  gtk_widget_set_hexpand (GTK_WIDGET (chart), TRUE);
  gtk_widget_set_vexpand (GTK_WIDGET (chart), TRUE);
  gtk_box_append (GTK_BOX (card), GTK_WIDGET (chart));
  g_object_set_data (G_OBJECT (card), CHART_KEY, chart);
  return card;
}
