/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The probe image and the network's answer. */

#include "config.h"

#include "ui/inspect/probe-panel.h"

#include "ui/chart/export.h"
#include "ui/data/sample-grid.h"
#include "ui/widgets/format.h"
#include "ui/widgets/tiles.h"

#include <glib/gi18n.h>

typedef enum { CHOOSE_ALL, CHOOSE_WRONG, CHOOSE_CLASS /* and the classes behind it */ } Choice;

struct _HlProbePanel
{
  GtkBox parent_instance;
  HlWorkspace *workspace;
  GtkWidget *image, *title, *facts, *choice, *buttons;
  GtkWidget *bars, *verdict;
  HlDataset *dataset;          /* whose classes the drop-down lists */
};

G_DEFINE_FINAL_TYPE (HlProbePanel, hl_probe_panel, GTK_TYPE_BOX)

static HlDataset *
get_dataset (HlProbePanel *self)
{
  return hl_data_source_get_dataset (hl_workspace_get_source (self->workspace));
}

/* ---- The image ---- */

static void
update_image (HlProbePanel *self)
{
  HlDataset *dataset = get_dataset (self);
  const HlSplit *split = hl_data_source_get_split (hl_workspace_get_source (self->workspace));
  gint64 index = hl_workspace_get_probe_index (self->workspace);
  gboolean known = dataset != NULL && index >= 0 && index < (gint64) hl_dataset_get_length (dataset);
  g_autofree float *values = NULL;
  g_autofree char *number = NULL, *facts = NULL;
  const HlShape *shape;
  const char *name;

  gtk_widget_set_sensitive (self->buttons, dataset != NULL);
  gtk_widget_set_sensitive (self->choice, dataset != NULL);
  if (!known)
    {
      hl_tiles_set_array (HL_TILES (self->image), NULL, NULL, FALSE, FALSE);
      gtk_label_set_text (GTK_LABEL (self->title), _("No image"));
      gtk_label_set_text (GTK_LABEL (self->facts), dataset == NULL ? _("Load data on the Data page first.") : _("Choose one below."));
      return;
    }
  shape = hl_dataset_get_shape (dataset);
  values = g_new (float, hl_shape_get_count (shape));
  hl_dataset_read_sample (dataset, index, values);
  hl_tiles_set_array (HL_TILES (self->image), shape, values, FALSE, TRUE);
  name = hl_dataset_get_class_name (dataset, hl_dataset_get_labels (dataset)[index]);
  number = hl_format_count (index);
  facts = g_strdup_printf (_("image %s · %s"), number, split != NULL ? hl_part_get_title (hl_split_get_part (split, index)) : "");
  gtk_label_set_text (GTK_LABEL (self->title), name);
  gtk_label_set_text (GTK_LABEL (self->facts), facts);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->image), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void
update_choices (HlProbePanel *self)
{
  HlDataset *dataset = get_dataset (self);
  g_autoptr(GtkStringList) names = NULL;

  if (dataset == self->dataset)
    return;
  g_clear_pointer (&self->dataset, hl_dataset_unref);
  self->dataset = dataset != NULL ? hl_dataset_ref (dataset) : NULL;
  names = gtk_string_list_new (NULL);
  gtk_string_list_append (names, _("Validation images"));
  gtk_string_list_append (names, _("Mistakes of the network"));
  for (guint i = 0; dataset != NULL && i < hl_dataset_get_n_classes (dataset); i++)
    gtk_string_list_append (names, hl_dataset_get_class_name (dataset, i));
  gtk_drop_down_set_model (GTK_DROP_DOWN (self->choice), G_LIST_MODEL (names));
}

static void
source_changed_cb (HlProbePanel *self)
{
  update_choices (self);
  update_image (self);
}

/* ---- Choosing another one ---- */

/* The images the drop-down asks for, ascending; a sentence in *why when there are none. */
static GArray *
find_candidates (HlProbePanel *self, const char **why)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (guint32));
  HlDataset *dataset = get_dataset (self);
  const HlSplit *split = hl_data_source_get_split (hl_workspace_get_source (self->workspace));
  HlRun *run = hl_session_get_run (hl_workspace_get_session (self->workspace));
  guint choice = gtk_drop_down_get_selected (GTK_DROP_DOWN (self->choice));
  const gint32 *predictions = NULL;
  const guint32 *indices;
  gsize n = 0, n_predictions = 0;

  *why = _("There is no such image.");
  if (dataset == NULL || split == NULL)
    return found;
  indices = hl_split_get_indices (split, HL_PART_VALIDATION, &n);
  /* Without a validation part, its place is taken by the training images. */
  if (n == 0 && choice != CHOOSE_WRONG)
    indices = hl_split_get_indices (split, HL_PART_TRAIN, &n);
  if (choice == CHOOSE_WRONG)
    {
      predictions = run != NULL ? hl_run_get_predictions (run, &n_predictions) : NULL;
      if (predictions == NULL || n_predictions != n)
        {
          *why = _("The mistakes are known after the first epoch of a run on these data.");
          return found;
        }
    }
  for (gsize i = 0; i < n; i++)
    {
      gint32 label = hl_dataset_get_labels (dataset)[indices[i]];

      if (choice == CHOOSE_ALL || (choice == CHOOSE_WRONG && predictions[i] != label)
          || (choice >= CHOOSE_CLASS && label == (gint32) (choice - CHOOSE_CLASS)))
        g_array_append_val (found, indices[i]);
    }
  return found;
}

/* step 0: a random one. */
static void
walk (HlProbePanel *self, int step)
{
  const char *why;
  g_autoptr(GArray) found = find_candidates (self, &why);
  gint64 now = hl_workspace_get_probe_index (self->workspace);
  guint at = 0;

  if (found->len == 0)
    {
      hl_export_notify (GTK_WIDGET (self), why);
      return;
    }
  if (step == 0)
    at = g_random_int_range (0, found->len);
  else
    {
      /* The first candidate at or behind the image of now, then one further or one back. */
      while (at < found->len && g_array_index (found, guint32, at) < now)
        at++;
      if (step > 0)
        at = at < found->len && g_array_index (found, guint32, at) == now ? at + 1 : at;
      else
        at = at + found->len - 1;
      at %= found->len;
    }
  hl_workspace_set_probe_index (self->workspace, g_array_index (found, guint32, at));
}

static void
previous_cb (HlProbePanel *self)
{
  walk (self, -1);
}

static void
next_cb (HlProbePanel *self)
{
  walk (self, 1);
}

static void
random_cb (HlProbePanel *self)
{
  walk (self, 0);
}

/* ---- The answer ---- */

/* Below the probe itself: what the network makes of it, cut to the probe's range so that black stays black. The tiles are
 * those of the bars. */
static void
show_reconstruction (HlProbePanel *self, HlProbeResult *result, const HlArray *picture)
{
  /* Values are in the order of the plan, which begins with the input. */
  const HlArray *input = g_ptr_array_index (result->values, 0);
  g_autofree float *values = g_memdup2 (picture->values, picture->n * sizeof *values);
  float low = input->values[0], high = low;

  for (gsize i = 1; i < input->n; i++)
    {
      low = MIN (low, input->values[i]);
      high = MAX (high, input->values[i]);
    }
  for (gsize i = 0; i < picture->n; i++)
    values[i] = CLAMP (values[i], low, high);
  gtk_widget_set_size_request (self->bars, -1, 176);
  hl_tiles_set_array (HL_TILES (self->bars), &picture->shape, values, FALSE, TRUE);
  gtk_label_set_text (GTK_LABEL (self->verdict), _("What the network makes of it:"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->bars), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Reconstruction"), -1);
}

void
hl_probe_panel_set_result (HlProbePanel *self, HlProbeResult *result)
{
  HlDataset *dataset;
  const HlArray *classes = NULL;
  g_autofree const char **names = NULL;
  g_autofree char *verdict = NULL, *share = NULL;
  gint64 index;
  gsize best = 0;

  g_return_if_fail (HL_IS_PROBE_PANEL (self));
  for (guint i = 0; result != NULL && i < result->values->len; i++)
    if (((const HlArray *) g_ptr_array_index (result->values, i))->node == 0)
      classes = g_ptr_array_index (result->values, i);
  gtk_widget_set_visible (self->bars, classes != NULL);
  gtk_widget_set_visible (self->verdict, classes != NULL);
  if (classes == NULL)
    return;
  if (result->reconstructs)
    {
      show_reconstruction (self, result, classes);
      return;
    }
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->bars), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Probabilities of the classes"), -1);
  dataset = get_dataset (self);
  index = hl_workspace_get_probe_index (self->workspace);
  names = g_new0 (const char *, classes->n + 1);
  for (gsize i = 0; i < classes->n; i++)
    {
      names[i] = dataset != NULL && i < hl_dataset_get_n_classes (dataset) ? hl_dataset_get_class_name (dataset, i) : "";
      if (classes->values[i] > classes->values[best])
        best = i;
    }
  hl_tiles_set_bars (HL_TILES (self->bars), classes->n, names, classes->values, best);
  gtk_widget_set_size_request (self->bars, -1, CLAMP ((int) classes->n * 20 + 14, 60, 320));
  share = hl_format_percent (classes->values[best]);
  if (dataset == NULL || index < 0 || index >= (gint64) hl_dataset_get_length (dataset))
    verdict = g_strdup_printf (_("The network says <b>%s</b>, %s."), names[best], share);
  else if (hl_dataset_get_labels (dataset)[index] == (gint32) best)
    verdict = g_strdup_printf (_("<b>%s</b>, %s: right."), names[best], share);
  else
    verdict = g_strdup_printf (_("<b>%s</b>, %s: wrong."), names[best], share);
  gtk_label_set_markup (GTK_LABEL (self->verdict), verdict);
}

/* ---- GObject ---- */

static GtkWidget *
button_new (HlProbePanel *self, const char *icon, const char *tooltip, GCallback callback)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);

  gtk_widget_set_tooltip_text (button, tooltip);
  gtk_widget_set_hexpand (button, TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip, -1);
  g_signal_connect_object (button, "clicked", callback, self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (self->buttons), button);
  return button;
}

static void
probe_panel_dispose (GObject *object)
{
  HlProbePanel *self = HL_PROBE_PANEL (object);

  g_clear_pointer (&self->dataset, hl_dataset_unref);
  g_clear_object (&self->workspace);
  G_OBJECT_CLASS (hl_probe_panel_parent_class)->dispose (object);
}

static void
hl_probe_panel_class_init (HlProbePanelClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = probe_panel_dispose;
}

static void
hl_probe_panel_init (HlProbePanel *self)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing (GTK_BOX (self), 6);
  self->image = hl_tiles_new ();
  self->title = gtk_label_new (NULL);
  self->facts = gtk_label_new (NULL);
  self->choice = gtk_drop_down_new (NULL, NULL);
  self->buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  self->bars = hl_tiles_new ();
  self->verdict = gtk_label_new (NULL);
  gtk_widget_set_size_request (self->image, -1, 176);
  gtk_label_set_xalign (GTK_LABEL (self->title), 0);
  gtk_label_set_xalign (GTK_LABEL (self->facts), 0);
  gtk_label_set_xalign (GTK_LABEL (self->verdict), 0);
  gtk_label_set_wrap (GTK_LABEL (self->verdict), TRUE);
  gtk_widget_add_css_class (self->title, "heading");
  gtk_widget_add_css_class (self->facts, "dim-label");
  gtk_widget_add_css_class (self->facts, "hl-numbers");
  gtk_widget_add_css_class (self->buttons, "linked");
  gtk_widget_set_tooltip_text (self->choice, _("Which images the buttons walk through"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->choice), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Images to walk through"), -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->bars), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Probabilities of the classes"), -1);
  button_new (self, "go-previous-symbolic", _("Previous image"), G_CALLBACK (previous_cb));
  button_new (self, "media-playlist-shuffle-symbolic", _("Random image"), G_CALLBACK (random_cb));
  button_new (self, "go-next-symbolic", _("Next image"), G_CALLBACK (next_cb));
  gtk_box_append (GTK_BOX (self), self->image);
  gtk_box_append (GTK_BOX (self), self->title);
  gtk_box_append (GTK_BOX (self), self->facts);
  gtk_box_append (GTK_BOX (self), self->buttons);
  gtk_box_append (GTK_BOX (self), self->choice);
  gtk_box_append (GTK_BOX (self), self->verdict);
  gtk_box_append (GTK_BOX (self), self->bars);
}

GtkWidget *
hl_probe_panel_new (HlWorkspace *workspace)
{
  HlProbePanel *self = g_object_new (HL_TYPE_PROBE_PANEL, NULL);

  self->workspace = g_object_ref (workspace);
  g_signal_connect_object (workspace, "notify::probe-index", G_CALLBACK (update_image), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (hl_workspace_get_source (workspace), "changed", G_CALLBACK (source_changed_cb), self, G_CONNECT_SWAPPED);
  source_changed_cb (self);
  hl_probe_panel_set_result (self, NULL);
  return GTK_WIDGET (self);
}
