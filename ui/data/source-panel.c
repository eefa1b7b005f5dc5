/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where the images come from: Fashion-MNIST, Strokes with its parameters, or files of the user's. */

#include "config.h"

#include "ui/data/data-panels.h"

#include "ui/widgets/param-row.h"

#include <glib/gi18n.h>

struct _HlSourcePanel
{
  GtkBox parent_instance;
  HlWorkspace *workspace;
  GtkWidget *fashion, *strokes, *files;      /* rows: check buttons */
  GtkWidget *path, *params;
  const HlClass *shown;
  GtkFileChooserNative *chooser;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (HlSourcePanel, hl_source_panel, GTK_TYPE_BOX)

static const HlDataSpec *
get_spec (HlSourcePanel *self)
{
  return hl_project_state_get_data (hl_project_get_state (hl_workspace_get_project (self->workspace)));
}

static void
end_gesture (HlSourcePanel *self)
{
  hl_project_end_merge (hl_workspace_get_project (self->workspace));
}

/* ---- Choosing ---- */

static void
use (HlSourcePanel *self, const char *format, const char *path, const char *label)
{
  const HlClass *klass = hl_format_class_find_base (format);
  HlDataSpec *spec;

  g_return_if_fail (klass != NULL);
  spec = hl_data_spec_copy (get_spec (self));
  if (spec->format->klass != klass)
    {
      hl_choice_free (spec->format);
      spec->format = hl_choice_new (klass);
    }
  g_free (spec->path);
  spec->path = g_strdup (path);
  end_gesture (self);
  /* The same source once more, after an error or a cancelled reading, is no edit but a wish to read it. */
  if (hl_data_spec_equal (spec, get_spec (self)))
    {
      hl_data_spec_free (spec);
      hl_data_source_reload (hl_workspace_get_source (self->workspace));
      return;
    }
  hl_workspace_set_data (self->workspace, label, NULL, spec);
}

void
hl_source_panel_use_strokes (HlSourcePanel *self)
{
  g_return_if_fail (HL_IS_SOURCE_PANEL (self));
  use (self, "strokes", NULL, _("Use Strokes"));
}

void
hl_source_panel_use_fashion (HlSourcePanel *self)
{
  g_autofree char *path = hl_template_find_fashion ();

  g_return_if_fail (HL_IS_SOURCE_PANEL (self));
  /* Where it would lie if installed: then the page says what is missing and offers a way out. */
  use (self, "idx", path != NULL ? path : "/usr/share/datasets/fashion-mnist", _("Use Fashion-MNIST"));
}

static void
response_cb (HlSourcePanel *self, int response, GtkNativeDialog *dialog)
{
  g_autoptr(GFile) file = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

  if (path != NULL)
    use (self, "idx", path, _("Open data"));
  g_clear_object (&self->chooser);
}

void
hl_source_panel_choose (HlSourcePanel *self, gboolean folder)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  g_return_if_fail (HL_IS_SOURCE_PANEL (self));
  if (self->chooser != NULL)
    return;
  self->chooser = gtk_file_chooser_native_new (folder ? _("Open a folder with images and labels") : _("Open a file of images"),
                                               GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                               folder ? GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER : GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (response_cb), self, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
toggled_cb (HlSourcePanel *self, GtkCheckButton *button)
{
  if (self->updating || !gtk_check_button_get_active (button))
    return;
  if (GTK_WIDGET (button) == self->fashion)
    hl_source_panel_use_fashion (self);
  else if (GTK_WIDGET (button) == self->strokes)
    hl_source_panel_use_strokes (self);
}

static void
open_folder_cb (HlSourcePanel *self)
{
  hl_source_panel_choose (self, TRUE);
}

static void
open_file_cb (HlSourcePanel *self)
{
  hl_source_panel_choose (self, FALSE);
}

/* ---- Parameters of a generated source ---- */

static void
param_changed_cb (HlSourcePanel *self, double value, HlParamRow *row)
{
  const HlParam *param = hl_param_row_get_param (row);
  HlDataSpec *spec = hl_data_spec_copy (get_spec (self));
  g_autofree char *label = g_strdup_printf (_("Change %s"), _(param->label)), *key = g_strdup_printf ("data.%s", param->name);

  hl_param_set (param, spec->format->params, value);
  hl_workspace_set_data (self->workspace, label, key, spec);
}

static void
update_params (HlSourcePanel *self, const HlChoice *format)
{
  GtkWidget *child;

  if (format->klass != self->shown)
    {
      while ((child = gtk_widget_get_first_child (self->params)) != NULL)
        gtk_list_box_remove (GTK_LIST_BOX (self->params), child);
      for (guint i = 0; i < hl_class_get_n_params (format->klass); i++)
        {
          const HlParam *param = &format->klass->params[i];
          GtkWidget *row = hl_param_row_new (param, hl_param_get (param, format->params));

          g_signal_connect_object (row, "changed", G_CALLBACK (param_changed_cb), self, G_CONNECT_SWAPPED);
          g_signal_connect_object (row, "done", G_CALLBACK (end_gesture), self, G_CONNECT_SWAPPED);
          gtk_list_box_append (GTK_LIST_BOX (self->params), row);
        }
      self->shown = format->klass;
      gtk_widget_set_visible (self->params, hl_class_get_n_params (format->klass) > 0);
    }
  for (child = gtk_widget_get_first_child (self->params); child != NULL; child = gtk_widget_get_next_sibling (child))
    hl_param_row_set_value (HL_PARAM_ROW (child), hl_param_get (hl_param_row_get_param (HL_PARAM_ROW (child)), format->params));
}

static gboolean
is_fashion (const HlDataSpec *spec)
{
  g_autofree char *installed = hl_template_find_fashion ();

  return spec->path != NULL && (g_strcmp0 (spec->path, installed) == 0 || g_str_has_suffix (spec->path, "/fashion-mnist"));
}

static void
update (HlSourcePanel *self)
{
  const HlDataSpec *spec = get_spec (self);
  gboolean fashion = is_fashion (spec), strokes = g_str_equal (spec->format->klass->name, "strokes");

  self->updating = TRUE;
  gtk_check_button_set_active (GTK_CHECK_BUTTON (fashion ? self->fashion : strokes ? self->strokes : self->files), TRUE);
  gtk_widget_set_visible (self->files, !fashion && !strokes);
  gtk_label_set_text (GTK_LABEL (self->path), spec->path != NULL ? spec->path : "");
  gtk_widget_set_tooltip_text (self->path, spec->path);
  gtk_widget_set_visible (self->path, spec->path != NULL);
  update_params (self, spec->format);
  self->updating = FALSE;
}

/* ---- GObject ---- */

static GtkWidget *
add_source (HlSourcePanel *self, GtkWidget *group, const char *title, const char *summary)
{
  GtkWidget *button = gtk_check_button_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *name = gtk_label_new (title), *text = gtk_label_new (summary);

  gtk_label_set_xalign (GTK_LABEL (name), 0);
  gtk_label_set_xalign (GTK_LABEL (text), 0);
  gtk_label_set_wrap (GTK_LABEL (text), TRUE);
  gtk_widget_add_css_class (text, "dim-label");
  gtk_widget_add_css_class (text, "caption");
  gtk_box_append (GTK_BOX (box), name);
  gtk_box_append (GTK_BOX (box), text);
  gtk_widget_set_margin_start (box, 4);
  gtk_check_button_set_child (GTK_CHECK_BUTTON (button), box);
  gtk_check_button_set_group (GTK_CHECK_BUTTON (button), GTK_CHECK_BUTTON (group));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, title, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, summary, -1);
  g_signal_connect_object (button, "toggled", G_CALLBACK (toggled_cb), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (self), button);
  return button;
}

static void
source_panel_dispose (GObject *object)
{
  HlSourcePanel *self = HL_SOURCE_PANEL (object);

  if (self->chooser != NULL)
    gtk_native_dialog_destroy (GTK_NATIVE_DIALOG (self->chooser));
  g_clear_object (&self->chooser);
  g_clear_object (&self->workspace);
  G_OBJECT_CLASS (hl_source_panel_parent_class)->dispose (object);
}

static void
hl_source_panel_class_init (HlSourcePanelClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = source_panel_dispose;
}

static GtkWidget *
make_open_buttons (HlSourcePanel *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *folder = gtk_button_new_with_mnemonic (_("_Folder…")), *file = gtk_button_new_with_mnemonic (_("F_ile…"));

  gtk_accessible_update_property (GTK_ACCESSIBLE (folder), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Open a folder of images"), -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (file), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Open a file of images"), -1);
  gtk_widget_set_tooltip_text (folder, _("Open a folder with images and labels as IDX files, plain or gzip, as MNIST comes"));
  gtk_widget_set_tooltip_text (file, _("Open one IDX file of images; its labels are found by their name"));
  gtk_box_set_homogeneous (GTK_BOX (box), TRUE);
  gtk_box_append (GTK_BOX (box), folder);
  gtk_box_append (GTK_BOX (box), file);
  g_signal_connect_object (folder, "clicked", G_CALLBACK (open_folder_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (file, "clicked", G_CALLBACK (open_file_cb), self, G_CONNECT_SWAPPED);
  return box;
}

static void
hl_source_panel_init (HlSourcePanel *self)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing (GTK_BOX (self), 6);
}

GtkWidget *
hl_source_panel_new (HlWorkspace *workspace)
{
  HlSourcePanel *self = g_object_new (HL_TYPE_SOURCE_PANEL, NULL);
  g_autofree char *installed = hl_template_find_fashion ();

  self->workspace = g_object_ref (workspace);
  self->fashion = add_source (self, NULL, _("Fashion-MNIST"),
                              installed != NULL ? _("70 000 pictures of clothes in ten classes")
                                                : _("Not installed: it comes with the package dataset-fashion-mnist"));
  self->strokes = add_source (self, self->fashion, _("Strokes"), _("Digits drawn by the program, as many as you like; no files needed"));
  self->files = add_source (self, self->fashion, _("Your files"), _("IDX files, as MNIST uses them"));
  self->path = gtk_label_new (NULL);
  gtk_label_set_ellipsize (GTK_LABEL (self->path), PANGO_ELLIPSIZE_START);
  gtk_label_set_xalign (GTK_LABEL (self->path), 0);
  gtk_label_set_selectable (GTK_LABEL (self->path), TRUE);
  gtk_widget_set_can_focus (self->path, FALSE);
  gtk_widget_add_css_class (self->path, "dim-label");
  gtk_widget_add_css_class (self->path, "caption");
  gtk_box_append (GTK_BOX (self), self->path);
  self->params = hl_rows_new ();
  gtk_widget_set_visible (self->params, FALSE);
  gtk_box_append (GTK_BOX (self), self->params);
  gtk_box_append (GTK_BOX (self), make_open_buttons (self));
  g_signal_connect_object (hl_workspace_get_project (workspace), "notify::state", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}
