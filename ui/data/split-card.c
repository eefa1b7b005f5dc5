/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How the images are divided into training, validation and test, and how their values are scaled. */

#include "config.h"

#include "ui/data/data-panels.h"

#include "ui/chart/chart-card.h"
#include "ui/chart/palette.h"
#include "ui/data/sample-grid.h"
#include "ui/widgets/format.h"
#include "ui/widgets/param-row.h"

#include <glib/gi18n.h>
#include <math.h>

typedef struct { double validation; gboolean stratify; int seed, normalize; } Split;

static const char *const normalize_names[] = { N_("off"), N_("0 to 1"), N_("standard"), NULL };

static const HlParam split_params[] = {
  HL_FLOAT (Split, validation, N_("Validation, %"), HL_UNIT_NONE, 0, 90, 10,
            N_("This share of the training images is kept apart to check, after each epoch, how well the network does on images it has not learned.")),
  HL_BOOL (Split, stratify, N_("Same class shares"), TRUE, N_("Keeps the shares of the classes equal in both parts.")),
  HL_INT (Split, seed, N_("Seed"), HL_UNIT_NONE, 0, G_MAXINT32, 1, N_("The same seed draws the same validation images.")),
  HL_CHOICE (Split, normalize, N_("Scale values"), normalize_names, 3, 2,
             N_("Networks learn faster from values around 0. Standard makes the mean 0 and the deviation 1, both measured on the training part only.")),
  HL_PARAM_END
};

struct _HlSplitCard
{
  GtkBox parent_instance;
  HlWorkspace *workspace;
  GtkWidget *bar, *counts;
  HlParamRow *rows[G_N_ELEMENTS (split_params) - 1];
};

G_DEFINE_FINAL_TYPE (HlSplitCard, hl_split_card, GTK_TYPE_BOX)

static const HlDataSpec *
get_spec (HlSplitCard *self)
{
  return hl_project_state_get_data (hl_project_get_state (hl_workspace_get_project (self->workspace)));
}

static void
changed_cb (HlSplitCard *self, double value, HlParamRow *row)
{
  const HlParam *param = hl_param_row_get_param (row);
  HlDataSpec *spec = hl_data_spec_copy (get_spec (self));
  g_autofree char *label = g_strdup_printf (_("Change %s"), _(param->label)), *key = g_strdup_printf ("split.%s", param->name);

  switch (param - split_params)
    {
    case 0:
      spec->validation = value / 100;
      break;
    case 1:
      spec->stratify = value != 0;
      break;
    case 2:
      spec->split_seed = (guint64) value;
      break;
    default:
      spec->normalize = (HlNormalize) value;
    }
  hl_workspace_set_data (self->workspace, label, key, spec);
}

static void
done_cb (HlSplitCard *self)
{
  hl_project_end_merge (hl_workspace_get_project (self->workspace));
}

static void
update_rows (HlSplitCard *self)
{
  const HlDataSpec *spec = get_spec (self);

  hl_param_row_set_value (self->rows[0], round (spec->validation * 1e6) / 1e4);
  hl_param_row_set_value (self->rows[1], spec->stratify);
  hl_param_row_set_value (self->rows[2], spec->split_seed);
  hl_param_row_set_value (self->rows[3], spec->normalize);
}

static void
update_counts (HlSplitCard *self)
{
  const HlSplit *split = hl_data_source_get_split (hl_workspace_get_source (self->workspace));
  g_autoptr(GString) text = g_string_new (NULL);

  for (int part = 0; split != NULL && part < HL_N_PARTS; part++)
    {
      g_autofree char *count = NULL;
      GdkRGBA color;
      gsize n;

      hl_split_get_indices (split, part, &n);
      count = hl_format_count (n);
      hl_palette_get (hl_part_get_color (part), hl_palette_is_dark (GTK_WIDGET (self)), &color);
      g_string_append_printf (text, "%s<span color=\"#%02x%02x%02x\">●</span> %s <b>%s</b>", part > 0 ? "\n" : "", (int) (color.red * 255),
                              (int) (color.green * 255), (int) (color.blue * 255), hl_part_get_title (part), count);
    }
  gtk_label_set_markup (GTK_LABEL (self->counts), text->len > 0 ? text->str : _("The sizes appear when the data have been loaded."));
  gtk_widget_queue_draw (self->bar);
}

static void
draw_bar (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  HlSplitCard *self = data;
  const HlSplit *split = hl_data_source_get_split (hl_workspace_get_source (self->workspace));
  gboolean dark = hl_palette_is_dark (GTK_WIDGET (area));
  double sizes[HL_N_PARTS], sum = 0, x = 0;

  if (split == NULL)
    return;
  for (int part = 0; part < HL_N_PARTS; part++)
    {
      gsize n;

      hl_split_get_indices (split, part, &n);
      sizes[part] = n;
      sum += n;
    }
  for (int part = 0; part < HL_N_PARTS && sum > 0; part++)
    {
      double length = width * sizes[part] / sum;
      GdkRGBA color;

      hl_palette_get (hl_part_get_color (part), dark, &color);
      hl_palette_set_cairo (cr, &color, 0.85);
      cairo_rectangle (cr, x, 0, MAX (0, length - (part < HL_N_PARTS - 1 ? 2 : 0)), height);
      cairo_fill (cr);
      x += length;
    }
}

static void
split_card_dispose (GObject *object)
{
  HlSplitCard *self = HL_SPLIT_CARD (object);

  if (self->bar != NULL)
    gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (self->bar), NULL, NULL, NULL);
  self->bar = NULL;
  g_clear_object (&self->workspace);
  G_OBJECT_CLASS (hl_split_card_parent_class)->dispose (object);
}

static void
hl_split_card_class_init (HlSplitCardClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = split_card_dispose;
}

static void
hl_split_card_init (HlSplitCard *self)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing (GTK_BOX (self), 8);
}

GtkWidget *
hl_split_card_new (HlWorkspace *workspace)
{
  HlSplitCard *self = g_object_new (HL_TYPE_SPLIT_CARD, NULL);
  GtkWidget *rows = hl_rows_new ();

  self->workspace = g_object_ref (workspace);
  self->bar = g_object_new (GTK_TYPE_DRAWING_AREA, "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
  gtk_drawing_area_set_content_height (GTK_DRAWING_AREA (self->bar), 12);
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (self->bar), draw_bar, self, NULL);
  gtk_widget_add_css_class (self->bar, "hl-split-bar");
  gtk_widget_set_overflow (self->bar, GTK_OVERFLOW_HIDDEN);
  self->counts = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (self->counts), 0);
  gtk_label_set_wrap (GTK_LABEL (self->counts), TRUE);
  gtk_widget_add_css_class (self->counts, "hl-numbers");
  for (guint i = 0; i < G_N_ELEMENTS (self->rows); i++)
    {
      self->rows[i] = HL_PARAM_ROW (hl_param_row_new (&split_params[i], split_params[i].initial));
      g_signal_connect_object (self->rows[i], "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (self->rows[i], "done", G_CALLBACK (done_cb), self, G_CONNECT_SWAPPED);
      gtk_list_box_append (GTK_LIST_BOX (rows), GTK_WIDGET (self->rows[i]));
    }
  gtk_box_append (GTK_BOX (self), self->bar);
  gtk_box_append (GTK_BOX (self), self->counts);
  gtk_box_append (GTK_BOX (self), rows);
  g_signal_connect_object (hl_workspace_get_project (workspace), "notify::state", G_CALLBACK (update_rows), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (hl_workspace_get_source (workspace), "changed", G_CALLBACK (update_counts), self, G_CONNECT_SWAPPED);
  update_rows (self);
  update_counts (self);
  return GTK_WIDGET (self);
}
