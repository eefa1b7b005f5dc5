/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where a new run's weights come from: random numbers or a file. */

#include "config.h"

#include "ui/train/start-weights.h"

#include <glib/gi18n.h>
#include <string.h>

#define SUFFIX ".safetensors"

struct _HlStartWeights
{
  GtkBox parent_instance;
  HlWorkspace *workspace;
  GtkWidget *label, *choose, *clear;
  GtkFileChooserNative *chooser;
};

G_DEFINE_FINAL_TYPE (HlStartWeights, hl_start_weights, GTK_TYPE_BOX)

static const HlRecipe *
get_recipe (HlStartWeights *self)
{
  return hl_project_state_get_recipe (hl_project_get_state (hl_workspace_get_project (self->workspace)));
}

void
hl_start_weights_choose (HlStartWeights *self, GFile *file)
{
  HlRecipe *recipe;
  HlProject *project;

  g_return_if_fail (HL_IS_START_WEIGHTS (self));
  recipe = hl_recipe_copy (get_recipe (self));
  project = hl_workspace_get_project (self->workspace);
  g_free (recipe->start_weights);
  recipe->start_weights = file ? g_file_get_path (file) : NULL;
  hl_project_end_merge (project);
  hl_workspace_set_recipe (self->workspace, _("Change the start weights"), "recipe.start-weights", recipe);
  hl_project_end_merge (project);
}

static void
response_cb (HlStartWeights *self, int response, GtkNativeDialog *dialog)
{
  g_autoptr(GFile) file = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;

  if (file != NULL)
    hl_start_weights_choose (self, file);
  g_clear_object (&self->chooser);
}

static void
choose_cb (HlStartWeights *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new ();

  if (self->chooser != NULL)
    return;
  self->chooser = gtk_file_chooser_native_new (_("Start from weights"), GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                               GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);
  gtk_file_filter_set_name (filter, _("Weights (safetensors)"));
  gtk_file_filter_add_pattern (filter, "*" SUFFIX);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (self->chooser), filter);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (response_cb), self, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
clear_cb (HlStartWeights *self)
{
  hl_start_weights_choose (self, NULL);
}

void
hl_start_weights_update (HlStartWeights *self)
{
  const char *path;
  g_autofree char *name = NULL;

  g_return_if_fail (HL_IS_START_WEIGHTS (self));
  path = get_recipe (self)->start_weights;
  name = path ? g_path_get_basename (path) : g_strdup (_("default"));
  if (g_str_has_suffix (name, SUFFIX))
    name[strlen (name) - strlen (SUFFIX)] = '\0';
  gtk_label_set_label (GTK_LABEL (self->label), name);
  gtk_widget_set_tooltip_text (self->choose, path ? path : _("Choose a file of weights to start from, as far as they fit. Without one a new run starts at random numbers, or at the weights of the "
                                                            "ONNX model that the project was."));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->choose), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_widget_set_visible (self->clear, path != NULL);
}

/* ---- GObject ---- */

static void
start_weights_dispose (GObject *object)
{
  HlStartWeights *self = HL_START_WEIGHTS (object);

  g_clear_object (&self->chooser);
  g_clear_object (&self->workspace);
  G_OBJECT_CLASS (hl_start_weights_parent_class)->dispose (object);
}

static void
hl_start_weights_class_init (HlStartWeightsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = start_weights_dispose;
}

static void
hl_start_weights_init (HlStartWeights *self)
{
  self->label = gtk_label_new (NULL);
  self->choose = gtk_button_new ();
  self->clear = gtk_button_new_from_icon_name ("edit-clear-symbolic");
  gtk_label_set_ellipsize (GTK_LABEL (self->label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (self->label), 12);
  gtk_button_set_child (GTK_BUTTON (self->choose), self->label);
  gtk_widget_set_tooltip_text (self->clear, _("Start without this file"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->clear), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Start without this file"), -1);
  g_signal_connect_object (self->choose, "clicked", G_CALLBACK (choose_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->clear, "clicked", G_CALLBACK (clear_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_css_class (GTK_WIDGET (self), "linked");
  gtk_box_append (GTK_BOX (self), self->choose);
  gtk_box_append (GTK_BOX (self), self->clear);
}

GtkWidget *
hl_start_weights_new (HlWorkspace *workspace)
{
  HlStartWeights *self = g_object_new (HL_TYPE_START_WEIGHTS, NULL);

  self->workspace = g_object_ref (workspace);
  return GTK_WIDGET (self);
}
