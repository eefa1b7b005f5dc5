/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Class weights as rows, each with its class's name. */

#include "config.h"

#include "ui/train/class-weights.h"

#include "ui/widgets/param-row.h"

#include <glib/gi18n.h>

#define MOST_ROWS 100   /* nobody types more of them: they are left to the file */

typedef struct { double weight; } Weight;

static const HlParam weight_param[] = {
  HL_FLOAT (Weight, weight, N_("Weight"), HL_UNIT_RATIO, 0, 1e6, 1,
            N_("How much an image of this class counts in the loss; 1 is usual, 0 leaves the class out.")),
  HL_PARAM_END
};

struct _HlClassWeightsRow
{
  GtkListBoxRow parent_instance;
  HlWorkspace *workspace;
  GtkListBox *list;
  GtkWidget *note;       /* instead of the list */
  HlDataset *shown;      /* whose classes the rows name */
  HlParam *params;       /* one a row: only the labels differ */
  GPtrArray *rows;       /* of HlParamRow, not owned */
};

G_DEFINE_FINAL_TYPE (HlClassWeightsRow, hl_class_weights_row, GTK_TYPE_LIST_BOX_ROW)

static HlDataset *
get_dataset (HlWorkspace *workspace)
{
  return hl_data_source_get_dataset (hl_workspace_get_source (workspace));
}

static const HlRecipe *
get_recipe (HlClassWeightsRow *self)
{
  return hl_project_state_get_recipe (hl_project_get_state (hl_workspace_get_project (self->workspace)));
}

static double
get_weight (const HlRecipe *recipe, guint label)
{
  return recipe->class_weights && label < recipe->class_weights->len ? g_array_index (recipe->class_weights, double, label) : 1;
}

/* A new list: copies of a recipe share the old one. */
static void
set_weights (HlRecipe *recipe, guint n_classes, guint changed, double value)
{
  GArray *weights = g_array_sized_new (FALSE, FALSE, sizeof (double), n_classes);

  for (guint i = 0; i < n_classes; i++)
    {
      double weight = i == changed ? value : get_weight (recipe, i);

      g_array_append_val (weights, weight);
    }
  g_clear_pointer (&recipe->class_weights, g_array_unref);
  recipe->class_weights = weights;
}

void
hl_class_weights_complete (HlWorkspace *workspace, HlRecipe *recipe)
{
  HlDataset *dataset = get_dataset (workspace);
  guint n_classes = dataset ? hl_dataset_get_n_classes (dataset) : 0;

  if (hl_loss_get_class_weights (recipe->loss) == HL_CLASS_WEIGHTS_LISTED && n_classes > 0
      && (recipe->class_weights == NULL || recipe->class_weights->len != n_classes))
    set_weights (recipe, n_classes, G_MAXUINT, 1);
}

/* ---- Rows ---- */

static void
changed_cb (HlClassWeightsRow *self, double value, HlParamRow *row)
{
  HlRecipe *recipe = hl_recipe_copy (get_recipe (self));
  guint label = 0;
  g_autofree char *merge_key = NULL;

  g_ptr_array_find (self->rows, row, &label);
  set_weights (recipe, self->rows->len, label, value);
  merge_key = g_strdup_printf ("recipe.class-weight.%u", label);
  hl_workspace_set_recipe (self->workspace, _("Change the class weights"), merge_key, recipe);
}

static void
done_cb (HlClassWeightsRow *self)
{
  hl_project_end_merge (hl_workspace_get_project (self->workspace));
}

static void
make_rows (HlClassWeightsRow *self)
{
  guint n = self->shown ? hl_dataset_get_n_classes (self->shown) : 0;

  for (guint i = 0; i < self->rows->len; i++)
    gtk_list_box_remove (self->list, g_ptr_array_index (self->rows, i));
  g_ptr_array_set_size (self->rows, 0);
  g_clear_pointer (&self->params, g_free);
  gtk_widget_set_visible (GTK_WIDGET (self->list), n > 0 && n <= MOST_ROWS);
  gtk_widget_set_visible (self->note, n == 0 || n > MOST_ROWS);
  gtk_label_set_label (GTK_LABEL (self->note), n == 0 ? _("Open the data: then each class has its weight here.")
                       : _("There are too many classes to list here: their weights stand in the project file."));
  if (n > MOST_ROWS)
    return;
  self->params = g_new (HlParam, n + 1);
  for (guint i = 0; i < n; i++)
    {
      GtkWidget *row;

      self->params[i] = weight_param[0];
      self->params[i].label = hl_dataset_get_class_name (self->shown, i);
      row = hl_param_row_new (&self->params[i], 1);
      g_signal_connect_object (row, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (row, "done", G_CALLBACK (done_cb), self, G_CONNECT_SWAPPED);
      gtk_list_box_append (self->list, row);
      g_ptr_array_add (self->rows, row);
    }
}

void
hl_class_weights_row_update (HlClassWeightsRow *self)
{
  HlDataset *dataset;
  const HlRecipe *recipe;
  gboolean listed;

  g_return_if_fail (HL_IS_CLASS_WEIGHTS_ROW (self));
  recipe = get_recipe (self);
  listed = hl_loss_get_class_weights (recipe->loss) == HL_CLASS_WEIGHTS_LISTED;
  gtk_widget_set_visible (GTK_WIDGET (self), listed);
  if (!listed)
    return;
  dataset = get_dataset (self->workspace);
  if (dataset != self->shown || dataset == NULL)
    {
      g_clear_pointer (&self->shown, hl_dataset_unref);
      self->shown = dataset ? hl_dataset_ref (dataset) : NULL;
      make_rows (self);
    }
  for (guint i = 0; i < self->rows->len; i++)
    hl_param_row_set_value (g_ptr_array_index (self->rows, i), get_weight (recipe, i));
}

/* ---- GObject ---- */

static void
class_weights_row_finalize (GObject *object)
{
  HlClassWeightsRow *self = HL_CLASS_WEIGHTS_ROW (object);

  g_clear_object (&self->workspace);
  g_clear_pointer (&self->shown, hl_dataset_unref);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_free (self->params);
  G_OBJECT_CLASS (hl_class_weights_row_parent_class)->finalize (object);
}

static void
hl_class_weights_row_class_init (HlClassWeightsRowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = class_weights_row_finalize;
}

static void
hl_class_weights_row_init (HlClassWeightsRow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *list = gtk_list_box_new ();

  self->rows = g_ptr_array_new ();
  self->list = GTK_LIST_BOX (list);
  self->note = gtk_label_new (NULL);
  gtk_widget_add_css_class (list, "hl-class-weights");
  gtk_list_box_set_selection_mode (self->list, GTK_SELECTION_NONE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Class weights"), -1);
  gtk_label_set_wrap (GTK_LABEL (self->note), TRUE);
  gtk_label_set_xalign (GTK_LABEL (self->note), 0);
  gtk_widget_add_css_class (self->note, "dim-label");
  gtk_widget_add_css_class (self->note, "hl-row");
  gtk_box_append (GTK_BOX (box), list);
  gtk_box_append (GTK_BOX (box), self->note);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (self), box);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (self), FALSE);
  gtk_widget_set_focusable (GTK_WIDGET (self), FALSE);
}

GtkWidget *
hl_class_weights_row_new (HlWorkspace *workspace)
{
  HlClassWeightsRow *self = g_object_new (HL_TYPE_CLASS_WEIGHTS_ROW, NULL);

  self->workspace = g_object_ref (workspace);
  return GTK_WIDGET (self);
}
