/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Data page: sources and classes at the left, thumbnails in the middle, one image and the split at the right. */

#include "config.h"

#include "ui/pages.h"

#include "ui/data/data-panels.h"
#include "ui/data/sample-grid.h"
#include "ui/widgets/format.h"

#include <glib/gi18n.h>

#define SIDE_WIDTH 264

#define HL_TYPE_DATA_PAGE (hl_data_page_get_type ())
G_DECLARE_FINAL_TYPE (HlDataPage, hl_data_page, HL, DATA_PAGE, GtkBox)

struct _HlDataPage
{
  GtkBox parent_instance;
  HlWorkspace *workspace;
  HlSourcePanel *sources;
  GtkListBox *classes;
  GtkWidget *classes_title;
  GtkWidget *heading, *parts[HL_N_PARTS + 1];
  HlSampleGrid *grid;
  GtkWidget *stack, *status, *status_buttons, *progress, *progress_text;
  HlSampleCard *sample;
  int label, part;             /* shown only; -1: all */
  HlDataset *dataset;          /* shown; to notice another one */
};

G_DEFINE_FINAL_TYPE (HlDataPage, hl_data_page, GTK_TYPE_BOX)

/* ---- Filter ---- */

static void
apply_filter (HlDataPage *self)
{
  HlDataSource *source = hl_workspace_get_source (self->workspace);
  HlDataset *dataset = hl_data_source_get_dataset (source);
  const HlSplit *split = hl_data_source_get_split (source);
  g_autofree guint32 *indices = NULL;
  gsize n, n_found = 0;

  if (dataset == NULL)
    return;
  if (self->label < 0 && (self->part < 0 || split == NULL))
    {
      hl_sample_grid_set_indices (self->grid, NULL, 0);
      return;
    }
  n = hl_dataset_get_length (dataset);
  indices = g_new (guint32, n + 1);
  for (gsize i = 0; i < n; i++)
    if ((self->label < 0 || hl_dataset_get_labels (dataset)[i] == self->label)
        && (self->part < 0 || split == NULL || (int) hl_split_get_part (split, i) == self->part))
      indices[n_found++] = i;
  hl_sample_grid_set_indices (self->grid, indices, n_found);
}

static void
class_selected_cb (HlDataPage *self, GtkListBoxRow *row)
{
  int label = row != NULL ? gtk_list_box_row_get_index (row) - 1 : -1;

  /* The list lets go of its rows while the page is taken apart. */
  if (label == self->label || self->workspace == NULL)
    return;
  self->label = label;
  apply_filter (self);
}

static void
part_toggled_cb (HlDataPage *self, GtkToggleButton *button)
{
  if (!gtk_toggle_button_get_active (button))
    return;
  for (int i = 0; i <= HL_N_PARTS; i++)
    if (self->parts[i] == GTK_WIDGET (button))
      self->part = i - 1;
  apply_filter (self);
}

/* ---- Classes ---- */

static GtkWidget *
class_row (const char *name, gsize n, double share)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2), *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *label = gtk_label_new (name), *bar = gtk_level_bar_new (), *number;
  g_autofree char *count = hl_format_count (n);

  number = gtk_label_new (count);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_add_css_class (number, "dim-label");
  gtk_widget_add_css_class (number, "hl-numbers");
  gtk_box_append (GTK_BOX (line), label);
  gtk_box_append (GTK_BOX (line), number);
  gtk_box_append (GTK_BOX (box), line);
  if (share >= 0)
    {
      gtk_level_bar_set_value (GTK_LEVEL_BAR (bar), share);
      gtk_level_bar_remove_offset_value (GTK_LEVEL_BAR (bar), GTK_LEVEL_BAR_OFFSET_LOW);
      gtk_level_bar_remove_offset_value (GTK_LEVEL_BAR (bar), GTK_LEVEL_BAR_OFFSET_HIGH);
      gtk_level_bar_remove_offset_value (GTK_LEVEL_BAR (bar), GTK_LEVEL_BAR_OFFSET_FULL);
      gtk_widget_add_css_class (bar, "hl-thin");
      gtk_box_append (GTK_BOX (box), bar);
    }
  else
    g_object_ref_sink (bar), g_object_unref (bar);
  gtk_widget_add_css_class (box, "hl-class");
  return box;
}

static void
fill_classes (HlDataPage *self, HlDataset *dataset)
{
  guint n_classes = hl_dataset_get_n_classes (dataset);
  gsize n = hl_dataset_get_length (dataset), most = 1;
  g_autofree gsize *counts = g_new0 (gsize, n_classes);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->classes))) != NULL)
    gtk_list_box_remove (self->classes, child);
  for (gsize i = 0; i < n; i++)
    counts[hl_dataset_get_labels (dataset)[i]]++;
  for (guint i = 0; i < n_classes; i++)
    most = MAX (most, counts[i]);
  gtk_list_box_append (self->classes, class_row (_("All classes"), n, -1));
  for (guint i = 0; i < n_classes; i++)
    gtk_list_box_append (self->classes, class_row (hl_dataset_get_class_name (dataset, i), counts[i], (double) counts[i] / most));
  self->label = -1;
  gtk_list_box_select_row (self->classes, gtk_list_box_get_row_at_index (self->classes, 0));
}

/* ---- State of loading ---- */

static void
update_heading (HlDataPage *self, HlDataset *dataset)
{
  g_autofree char *files = hl_format_count (hl_dataset_get_length (dataset) - hl_dataset_get_n_test (dataset));
  g_autofree char *test = hl_format_count (hl_dataset_get_n_test (dataset)), *size = hl_shape_to_string (hl_dataset_get_shape (dataset));
  g_autofree char *title = g_markup_escape_text (hl_dataset_get_title (dataset), -1);
  g_autofree char *text = hl_dataset_get_n_test (dataset) > 0
                            ? g_strdup_printf (_("<b>%s</b>  ·  %s + %s test images of %s"), title, files, test, size)
                            : g_strdup_printf (_("<b>%s</b>  ·  %s images of %s"), title, files, size);

  gtk_label_set_markup (GTK_LABEL (self->heading), text);
}

static void
update_parts (HlDataPage *self, const HlSplit *split)
{
  for (int part = 0; part < HL_N_PARTS; part++)
    {
      gsize n = 0;

      if (split != NULL)
        hl_split_get_indices (split, part, &n);
      gtk_widget_set_sensitive (self->parts[part + 1], n > 0);
      if (n == 0 && self->part == part)
        gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->parts[0]), TRUE);
    }
}

static void
source_changed_cb (HlDataPage *self)
{
  HlDataSource *source = hl_workspace_get_source (self->workspace);
  HlDataset *dataset = hl_data_source_get_dataset (source);
  const HlSplit *split = hl_data_source_get_split (source);
  gboolean is_new = dataset != self->dataset;

  if (is_new)
    {
      g_clear_pointer (&self->dataset, hl_dataset_unref);
      self->dataset = dataset != NULL ? hl_dataset_ref (dataset) : NULL;
    }
  gtk_widget_set_visible (self->classes_title, dataset != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->classes), dataset != NULL);
  hl_sample_grid_set_data (self->grid, dataset, split);
  if (dataset != NULL)
    {
      if (is_new)
        fill_classes (self, dataset);
      update_heading (self, dataset);
      update_parts (self, split);
      apply_filter (self);
    }
  if (is_new)
    hl_sample_grid_set_selected (self->grid, hl_workspace_get_probe_index (self->workspace));
  hl_sample_card_set_sample (self->sample, hl_sample_grid_get_selected (self->grid));
}

static void
loading_cb (HlDataPage *self)
{
  HlDataSource *source = hl_workspace_get_source (self->workspace);
  const char *error = hl_data_source_get_error (source);
  g_autofree char *text = NULL, *markup = NULL;
  gboolean loading;
  double progress;

  g_object_get (source, "loading", &loading, "progress", &progress, "progress-text", &text, NULL);
  if (loading)
    {
      gtk_label_set_text (GTK_LABEL (self->progress_text), text != NULL ? text : _("Loading the data"));
      if (progress >= 0)
        gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->progress), CLAMP (progress, 0, 1));
      else
        gtk_progress_bar_pulse (GTK_PROGRESS_BAR (self->progress));
      gtk_stack_set_visible_child_name (GTK_STACK (self->stack), "loading");
      return;
    }
  if (error != NULL)
    {
      markup = g_markup_escape_text (error, -1);
      adw_status_page_set_title (ADW_STATUS_PAGE (self->status), _("The images cannot be shown"));
      adw_status_page_set_description (ADW_STATUS_PAGE (self->status), markup);
      gtk_stack_set_visible_child_name (GTK_STACK (self->stack), "status");
      return;
    }
  if (hl_data_source_get_dataset (source) == NULL)
    {
      adw_status_page_set_title (ADW_STATUS_PAGE (self->status), _("No images yet"));
      adw_status_page_set_description (ADW_STATUS_PAGE (self->status), _("Choose a source at the left, or start with one of these."));
    }
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), hl_data_source_get_dataset (source) != NULL ? "grid" : "status");
}

static void
selected_cb (HlDataPage *self, gint64 index)
{
  hl_sample_card_set_sample (self->sample, index);
}

static void
activated_cb (HlDataPage *self, gint64 index)
{
  hl_workspace_set_probe_index (self->workspace, index);
  hl_sample_card_set_sample (self->sample, index);
}

static void
cancel_cb (HlDataPage *self)
{
  hl_data_source_cancel (hl_workspace_get_source (self->workspace));
}

static void
reload_cb (HlDataPage *self)
{
  hl_data_source_reload (hl_workspace_get_source (self->workspace));
}

static void
choose_folder_cb (HlDataPage *self)
{
  hl_source_panel_choose (self->sources, TRUE);
}

/* ---- Layout ---- */

static GtkWidget *
side_title (const char *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "hl-side-title");
  return label;
}

static GtkWidget *
side_new (GtkWidget *box)
{
  GtkWidget *scrolled = gtk_scrolled_window_new ();

  gtk_widget_set_margin_start (box, 10);
  gtk_widget_set_margin_end (box, 10);
  gtk_widget_set_margin_top (box, 6);
  gtk_widget_set_margin_bottom (box, 12);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), box);
  gtk_widget_set_size_request (scrolled, SIDE_WIDTH, -1);
  /* Labels inside that take the room of their row must not widen the panel. */
  gtk_widget_set_hexpand (scrolled, FALSE);
  gtk_widget_add_css_class (scrolled, "hl-side");
  return scrolled;
}

static GtkWidget *
make_left (HlDataPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);

  self->sources = HL_SOURCE_PANEL (hl_source_panel_new (self->workspace));
  self->classes = GTK_LIST_BOX (gtk_list_box_new ());
  self->classes_title = side_title (_("Classes"));
  gtk_widget_add_css_class (GTK_WIDGET (self->classes), "hl-runs");
  gtk_list_box_set_selection_mode (self->classes, GTK_SELECTION_BROWSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->classes), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Classes"), -1);
  g_signal_connect_object (self->classes, "row-selected", G_CALLBACK (class_selected_cb), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (box), side_title (_("Source")));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->sources));
  gtk_box_append (GTK_BOX (box), self->classes_title);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->classes));
  return side_new (box);
}

static GtkWidget *
make_right (HlDataPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);

  self->sample = HL_SAMPLE_CARD (hl_sample_card_new (self->workspace));
  gtk_box_append (GTK_BOX (box), side_title (_("Image")));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->sample));
  gtk_box_append (GTK_BOX (box), side_title (_("Split")));
  gtk_box_append (GTK_BOX (box), hl_split_card_new (self->workspace));
  return side_new (box);
}

static GtkWidget *
make_head (HlDataPage *self)
{
  GtkWidget *head = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *parts = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  self->heading = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (self->heading), 0);
  gtk_label_set_ellipsize (GTK_LABEL (self->heading), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (self->heading, TRUE);
  gtk_widget_add_css_class (self->heading, "hl-numbers");
  gtk_widget_add_css_class (parts, "linked");
  for (int i = 0; i <= HL_N_PARTS; i++)
    {
      self->parts[i] = gtk_toggle_button_new_with_label (i == 0 ? _("All") : hl_part_get_title (i - 1));
      gtk_widget_add_css_class (self->parts[i], "hl-small");
      gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (self->parts[i]), i > 0 ? GTK_TOGGLE_BUTTON (self->parts[0]) : NULL);
      gtk_box_append (GTK_BOX (parts), self->parts[i]);
    }
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->parts[0]), TRUE);
  for (int i = 0; i <= HL_N_PARTS; i++)
    g_signal_connect_object (self->parts[i], "toggled", G_CALLBACK (part_toggled_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_set_valign (parts, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (head), self->heading);
  gtk_box_append (GTK_BOX (head), parts);
  gtk_widget_set_margin_start (head, 14);
  gtk_widget_set_margin_end (head, 14);
  gtk_widget_set_margin_top (head, 8);
  gtk_widget_set_margin_bottom (head, 6);
  return head;
}

static GtkWidget *
make_loading (HlDataPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12), *cancel = gtk_button_new_with_mnemonic (_("_Cancel"));

  self->progress = gtk_progress_bar_new ();
  self->progress_text = gtk_label_new (NULL);
  gtk_widget_set_size_request (self->progress, 280, -1);
  gtk_widget_set_halign (box, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  gtk_widget_set_halign (cancel, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (cancel, "pill");
  gtk_label_set_ellipsize (GTK_LABEL (self->progress_text), PANGO_ELLIPSIZE_MIDDLE);
  gtk_label_set_max_width_chars (GTK_LABEL (self->progress_text), 50);
  g_signal_connect_object (cancel, "clicked", G_CALLBACK (cancel_cb), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (box), self->progress_text);
  gtk_box_append (GTK_BOX (box), self->progress);
  gtk_box_append (GTK_BOX (box), cancel);
  return box;
}

static GtkWidget *
pill (GtkWidget *box, const char *text, gboolean suggested, GCallback callback, gpointer data)
{
  GtkWidget *button = gtk_button_new_with_mnemonic (text);

  gtk_widget_add_css_class (button, "pill");
  if (suggested)
    gtk_widget_add_css_class (button, "suggested-action");
  g_signal_connect_object (button, "clicked", callback, data, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (box), button);
  return button;
}

static GtkWidget *
make_status (HlDataPage *self)
{
  self->status = adw_status_page_new ();
  self->status_buttons = gtk_box_new (GTK_ORIENTATION_VERTICAL, 8);
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (self->status), "image-missing-symbolic");
  gtk_widget_set_halign (self->status_buttons, GTK_ALIGN_CENTER);
  pill (self->status_buttons, _("Use _Strokes"), TRUE, G_CALLBACK (hl_source_panel_use_strokes), self->sources);
  pill (self->status_buttons, _("Open _folder…"), FALSE, G_CALLBACK (choose_folder_cb), self);
  pill (self->status_buttons, _("_Try again"), FALSE, G_CALLBACK (reload_cb), self);
  adw_status_page_set_child (ADW_STATUS_PAGE (self->status), self->status_buttons);
  return self->status;
}

static GtkWidget *
make_middle (HlDataPage *self)
{
  GtkWidget *scrolled = gtk_scrolled_window_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->grid = HL_SAMPLE_GRID (hl_sample_grid_new (_("Images"), 64, TRUE));
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_ALWAYS);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), GTK_WIDGET (self->grid));
  gtk_widget_set_vexpand (scrolled, TRUE);
  gtk_widget_set_margin_start (scrolled, 8);
  gtk_box_append (GTK_BOX (box), make_head (self));
  gtk_box_append (GTK_BOX (box), scrolled);
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), box, "grid");
  gtk_stack_add_named (GTK_STACK (self->stack), make_loading (self), "loading");
  gtk_stack_add_named (GTK_STACK (self->stack), make_status (self), "status");
  gtk_widget_set_hexpand (self->stack, TRUE);
  g_signal_connect_object (self->grid, "selected", G_CALLBACK (selected_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->grid, "activated", G_CALLBACK (activated_cb), self, G_CONNECT_SWAPPED);
  return self->stack;
}

static void
data_page_dispose (GObject *object)
{
  HlDataPage *self = HL_DATA_PAGE (object);

  g_clear_pointer (&self->dataset, hl_dataset_unref);
  g_clear_object (&self->workspace);
  G_OBJECT_CLASS (hl_data_page_parent_class)->dispose (object);
}

static void
hl_data_page_class_init (HlDataPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = data_page_dispose;
}

static void
hl_data_page_init (HlDataPage *self)
{
  self->label = self->part = -1;
}

GtkWidget *
hl_data_page_new (HlWorkspace *workspace)
{
  HlDataPage *self = g_object_new (HL_TYPE_DATA_PAGE, NULL);
  HlDataSource *source = hl_workspace_get_source (workspace);

  self->workspace = g_object_ref (workspace);
  gtk_box_append (GTK_BOX (self), make_left (self));
  gtk_box_append (GTK_BOX (self), gtk_separator_new (GTK_ORIENTATION_VERTICAL));
  gtk_box_append (GTK_BOX (self), make_middle (self));
  gtk_box_append (GTK_BOX (self), gtk_separator_new (GTK_ORIENTATION_VERTICAL));
  gtk_box_append (GTK_BOX (self), make_right (self));
  g_signal_connect_object (source, "changed", G_CALLBACK (source_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (source, "changed", G_CALLBACK (loading_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (source, "notify::loading", G_CALLBACK (loading_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (source, "notify::progress", G_CALLBACK (loading_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (source, "notify::error-message", G_CALLBACK (loading_cb), self, G_CONNECT_SWAPPED);
  source_changed_cb (self);
  loading_cb (self);
  return GTK_WIDGET (self);
}
