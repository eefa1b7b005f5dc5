/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One image in large, what is known about it, and the button that makes it the probe. */

#include "config.h"

#include "ui/data/data-panels.h"

#include "ui/data/sample-grid.h"
#include "ui/widgets/format.h"
#include "ui/widgets/tiles.h"

#include <glib/gi18n.h>

struct _HlSampleCard
{
  GtkBox parent_instance;
  HlWorkspace *workspace;
  gint64 index;
  GtkWidget *tiles, *title, *facts, *probe;
};

G_DEFINE_FINAL_TYPE (HlSampleCard, hl_sample_card, GTK_TYPE_BOX)

static void
update_probe (HlSampleCard *self)
{
  gboolean is_probe = self->index >= 0 && hl_workspace_get_probe_index (self->workspace) == self->index;

  gtk_widget_set_sensitive (self->probe, self->index >= 0 && !is_probe);
  gtk_button_set_label (GTK_BUTTON (self->probe), is_probe ? _("This is the probe") : _("Use as _probe"));
}

void
hl_sample_card_set_sample (HlSampleCard *self, gint64 index)
{
  HlDataSource *source;
  HlDataset *dataset;
  const HlSplit *split;

  g_return_if_fail (HL_IS_SAMPLE_CARD (self));
  source = hl_workspace_get_source (self->workspace);
  dataset = hl_data_source_get_dataset (source);
  split = hl_data_source_get_split (source);
  if (dataset == NULL || index >= (gint64) hl_dataset_get_length (dataset))
    index = -1;
  self->index = index;
  if (index < 0)
    {
      hl_tiles_set_array (HL_TILES (self->tiles), NULL, NULL, FALSE, FALSE);
      gtk_label_set_text (GTK_LABEL (self->title), _("No image chosen"));
      gtk_label_set_text (GTK_LABEL (self->facts), _("Click a picture to see it in large."));
    }
  else
    {
      const HlShape *shape = hl_dataset_get_shape (dataset);
      const char *name = hl_dataset_get_class_name (dataset, hl_dataset_get_labels (dataset)[index]);
      g_autofree float *values = g_new (float, hl_shape_get_count (shape));
      g_autofree char *size = hl_shape_to_string (shape), *number = hl_format_count (index), *facts = NULL;

      hl_dataset_read_sample (dataset, index, values);
      hl_tiles_set_array (HL_TILES (self->tiles), shape, values, FALSE, TRUE);
      gtk_accessible_update_property (GTK_ACCESSIBLE (self->tiles), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
      facts = g_strdup_printf (_("Image %s · %s\n%s"), number, size,
                               split != NULL ? hl_part_get_title (hl_split_get_part (split, index)) : "");
      gtk_label_set_text (GTK_LABEL (self->title), name);
      gtk_label_set_text (GTK_LABEL (self->facts), facts);
    }
  update_probe (self);
}

static void
probe_clicked_cb (HlSampleCard *self)
{
  hl_workspace_set_probe_index (self->workspace, self->index);
  update_probe (self);
}

static void
sample_card_dispose (GObject *object)
{
  g_clear_object (&HL_SAMPLE_CARD (object)->workspace);
  G_OBJECT_CLASS (hl_sample_card_parent_class)->dispose (object);
}

static void
hl_sample_card_class_init (HlSampleCardClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = sample_card_dispose;
}

static void
hl_sample_card_init (HlSampleCard *self)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing (GTK_BOX (self), 6);
  self->index = -1;
}

GtkWidget *
hl_sample_card_new (HlWorkspace *workspace)
{
  HlSampleCard *self = g_object_new (HL_TYPE_SAMPLE_CARD, NULL);

  self->workspace = g_object_ref (workspace);
  self->tiles = hl_tiles_new ();
  self->title = gtk_label_new (NULL);
  self->facts = gtk_label_new (NULL);
  self->probe = gtk_button_new_with_mnemonic (_("Use as _probe"));
  gtk_button_set_use_underline (GTK_BUTTON (self->probe), TRUE);
  gtk_widget_set_size_request (self->tiles, -1, 208);
  gtk_label_set_xalign (GTK_LABEL (self->title), 0);
  gtk_label_set_xalign (GTK_LABEL (self->facts), 0);
  gtk_widget_add_css_class (self->title, "heading");
  gtk_widget_add_css_class (self->facts, "dim-label");
  gtk_widget_add_css_class (self->facts, "hl-numbers");
  gtk_widget_set_tooltip_text (self->probe, _("The cards on the Build page and the Inspect page then show what the network makes of this image"));
  g_signal_connect_object (self->probe, "clicked", G_CALLBACK (probe_clicked_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (workspace, "notify::probe-index", G_CALLBACK (update_probe), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (self), self->tiles);
  gtk_box_append (GTK_BOX (self), self->title);
  gtk_box_append (GTK_BOX (self), self->facts);
  gtk_box_append (GTK_BOX (self), self->probe);
  hl_sample_card_set_sample (self, -1);
  return GTK_WIDGET (self);
}
