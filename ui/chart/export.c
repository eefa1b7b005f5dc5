/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures and tables as files. Drawing needs the main thread (fonts of the widget) and takes milliseconds; writing happens elsewhere. */

#include "config.h"

#include "ui/chart/export.h"

#include "engine/base/error.h"

#include <adwaita.h>
#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <glib/gi18n.h>

#define PNG_SCALE 2

static cairo_status_t
append_bytes (void *closure, const unsigned char *data, unsigned int length)
{
  g_byte_array_append (closure, data, length);
  return CAIRO_STATUS_SUCCESS;
}

static gboolean
name_ends (const char *name, const char *ending)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);

  return g_str_has_suffix (lower, ending);
}

GBytes *
hl_export_render (GtkWidget *widget, const char *name, double width, double height, HlExportDraw draw, HlExportText text, GError **error)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new ();
  gboolean png = name_ends (name, ".png");
  cairo_surface_t *surface;
  cairo_status_t status;
  cairo_t *cr;

  if (name_ends (name, ".csv") && text != NULL)
    {
      char *csv = text (widget);

      return g_bytes_new_take (csv, strlen (csv));
    }
  if (png)
    surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width * PNG_SCALE, height * PNG_SCALE);
  else if (name_ends (name, ".svg"))
    surface = cairo_svg_surface_create_for_stream (append_bytes, bytes, width, height);
  else if (name_ends (name, ".pdf"))
    surface = cairo_pdf_surface_create_for_stream (append_bytes, bytes, width, height);
  else
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                   text != NULL ? _("%s does not say what to save: let its name end in .png, .svg, .pdf or .csv.")
                                : _("%s does not say what to save: let its name end in .png, .svg or .pdf."), name);
      return NULL;
    }
  cr = cairo_create (surface);
  if (png)
    cairo_scale (cr, PNG_SCALE, PNG_SCALE);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_paint (cr);
  draw (widget, cr, width, height);
  cairo_destroy (cr);
  if (png)
    cairo_surface_write_to_png_stream (surface, append_bytes, bytes);
  cairo_surface_finish (surface);
  status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  if (status != CAIRO_STATUS_SUCCESS)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT, _("The picture for %s could not be drawn: %s."), name, cairo_status_to_string (status));
      return NULL;
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

void
hl_export_notify (GtkWidget *widget, const char *sentence)
{
  GtkWidget *overlay = gtk_widget_get_ancestor (widget, ADW_TYPE_TOAST_OVERLAY);
  GtkRoot *root = gtk_widget_get_root (widget);

  if (overlay != NULL)
    {
      g_autofree char *markup = g_markup_escape_text (sentence, -1);

      adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (overlay), adw_toast_new (markup));
    }
  else if (GTK_IS_WINDOW (root))
    {
      GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (root), NULL, sentence);

      adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _("Close"));
      gtk_window_present (GTK_WINDOW (dialog));
    }
}

/* ---- The button ---- */

typedef struct
{
  GtkWidget *button;   /* not owned: it owns this */
  GtkWidget *widget;   /* not owned: lives in the same page; a weak pointer */
  char *what, *name;
  HlExportDraw draw;
  HlExportText text;
  GtkFileChooserNative *chooser;
} Exporter;

static void
exporter_free (gpointer data, GClosure *closure)
{
  Exporter *self = data;

  g_clear_weak_pointer (&self->widget);
  if (self->chooser != NULL)
    gtk_native_dialog_destroy (GTK_NATIVE_DIALOG (self->chooser));
  g_clear_object (&self->chooser);
  g_free (self->what);
  g_free (self->name);
  g_free (self);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr(GtkWidget) button = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *name = g_file_get_parse_name (G_FILE (source)), *sentence = NULL;

  if (g_file_replace_contents_finish (G_FILE (source), result, NULL, &error))
    sentence = g_strdup_printf (_("Saved as %s."), name);
  else
    sentence = g_strdup_printf (_("%s could not be written: %s."), name, error->message);
  hl_export_notify (button, sentence);
}

static void
response_cb (GtkNativeDialog *dialog, int response, Exporter *self)
{
  g_autoptr(GFile) file = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;

  if (response == GTK_RESPONSE_ACCEPT && self->widget != NULL)
    {
      file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      name = g_file_get_basename (file);
      bytes = hl_export_render (self->widget, name, MAX (320, gtk_widget_get_width (self->widget)),
                                MAX (200, gtk_widget_get_height (self->widget)), self->draw, self->text, &error);
      if (bytes != NULL)
        g_file_replace_contents_bytes_async (file, bytes, NULL, FALSE, G_FILE_CREATE_REPLACE_DESTINATION, NULL, written_cb,
                                             g_object_ref (self->button));
      else
        hl_export_notify (self->button, error->message);
    }
  g_clear_object (&self->chooser);
}

static void
add_filter (GtkFileChooser *chooser, const char *name, const char *pattern)
{
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new ();

  gtk_file_filter_set_name (filter, name);
  gtk_file_filter_add_pattern (filter, pattern);
  gtk_file_chooser_add_filter (chooser, filter);
}

static void
clicked_cb (GtkButton *button, Exporter *self)
{
  GtkRoot *root = gtk_widget_get_root (self->button);
  g_autofree char *name = NULL;

  if (self->chooser != NULL || self->widget == NULL)
    return;
  self->chooser = gtk_file_chooser_native_new (self->what, GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                               GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  name = g_strdup_printf ("%s.png", self->name);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (self->chooser), name);
  add_filter (GTK_FILE_CHOOSER (self->chooser), self->text != NULL ? _("Name ends in .png, .svg, .pdf or .csv") : _("Name ends in .png, .svg or .pdf"), "*");
  add_filter (GTK_FILE_CHOOSER (self->chooser), _("PNG picture"), "*.png");
  add_filter (GTK_FILE_CHOOSER (self->chooser), _("SVG drawing"), "*.svg");
  add_filter (GTK_FILE_CHOOSER (self->chooser), _("PDF document"), "*.pdf");
  if (self->text != NULL)
    add_filter (GTK_FILE_CHOOSER (self->chooser), _("CSV table"), "*.csv");
  g_signal_connect (self->chooser, "response", G_CALLBACK (response_cb), self);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

GtkWidget *
hl_export_button_new (const char *what, const char *suggested_name, GtkWidget *widget, HlExportDraw draw, HlExportText text)
{
  Exporter *self = g_new0 (Exporter, 1);

  self->button = gtk_button_new_from_icon_name ("document-save-symbolic");
  g_set_weak_pointer (&self->widget, widget);
  self->what = g_strdup (what);
  self->name = g_strdup (suggested_name);
  self->draw = draw;
  self->text = text;
  gtk_widget_add_css_class (self->button, "flat");
  gtk_widget_add_css_class (self->button, "hl-small");
  gtk_widget_set_valign (self->button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (self->button, what);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL, what, -1);
  g_signal_connect_data (self->button, "clicked", G_CALLBACK (clicked_cb), self, exporter_free, 0);
  return self->button;
}
