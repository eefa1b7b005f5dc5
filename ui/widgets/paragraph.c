/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A text that wraps to its width. */

#include "config.h"

#include "ui/widgets/paragraph.h"

#include <adwaita.h>

static GtkSizeRequestMode
request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  GtkWidget *label = gtk_widget_get_first_child (widget);
  int min_width;

  gtk_widget_get_size_request (widget, &min_width, NULL);
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = *natural = min_width;
  else
    gtk_widget_measure (label, orientation, MAX (for_size, min_width), minimum, natural, NULL, NULL);
}

static void
allocate (GtkWidget *widget, int width, int height, int baseline)
{
  gtk_widget_allocate (gtk_widget_get_first_child (widget), width, height, baseline, NULL);
}

GtkWidget *
hl_paragraph_new (const char *text, int min_width)
{
  GtkWidget *self = adw_bin_new (), *label = gtk_label_new (text);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  adw_bin_set_child (ADW_BIN (self), label);
  gtk_widget_set_size_request (self, min_width, -1);
  gtk_widget_set_layout_manager (self, gtk_custom_layout_new (request_mode, measure, allocate));
  return self;
}
