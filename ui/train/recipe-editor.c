/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The recipe as list rows made from the parameter tables. The project's state is the only truth: a change commits a new recipe, and the
 * rows follow when the state has changed, whoever changed it. */

#include "config.h"

#include "ui/train/recipe-editor.h"

#include "ui/chart/palette.h"
#include "ui/train/class-weights.h"
#include "ui/train/start-weights.h"
#include "ui/widgets/param-row.h"

#include <glib/gi18n.h>
#include <math.h>

typedef enum { FAMILY_OPTIMIZER, FAMILY_SCHEDULE, FAMILY_LOSS, FAMILY_GRADIENT, N_FAMILIES } Family;

typedef struct
{
  GtkWidget *dropdown;         /* NULL where there is nothing to choose from */
  GPtrArray *classes;          /* of HlClass, not owned */
  const HlClass *shown;        /* whose parameters the rows show */
  GtkWidget *row;              /* the class's own; its parameters follow it */
  GPtrArray *params;           /* of HlParamRow, not owned */
} FamilyRows;

typedef struct { int warm_up_steps; double warm_up_start; int batch, epochs, seed; } Numbers;

enum { WARM_UP_STEPS, WARM_UP_START, BATCH, EPOCHS, SEED };

static const HlParam number_params[] = {
  HL_INT (Numbers, warm_up_steps, N_("Warm-up steps"), HL_UNIT_NONE, 0, 1000000000, 0,
          N_("In so many steps the learning rate rises to its full value; the schedule begins after them.")),
  HL_FLOAT (Numbers, warm_up_start, N_("Warm-up from"), HL_UNIT_RATIO, 0, 1, 0.1, N_("Share of the learning rate that warm-up begins with.")),
  HL_INT (Numbers, batch, N_("Batch size"), HL_UNIT_NONE, 1, 65536, 64, N_("How many images one step learns from at once.")),
  HL_INT (Numbers, epochs, N_("Epochs"), HL_UNIT_NONE, 1, 100000, 10, N_("How often training goes through all images.")),
  HL_INT (Numbers, seed, N_("Seed"), HL_UNIT_NONE, 0, G_MAXINT32, 1,
          N_("Decides start values, order and dropout: the same seed on the same device gives the same result.")),
  HL_PARAM_END
};

struct _HlRecipeEditor
{
  GtkBox parent_instance;
  HlWorkspace *workspace;
  GtkListBox *list;
  FamilyRows families[N_FAMILIES];
  GPtrArray *numbers;          /* of HlParamRow, not owned */
  GtkWidget *preview, *class_weights, *start_weights;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (HlRecipeEditor, hl_recipe_editor, GTK_TYPE_BOX)

static const HlRecipe *
get_recipe (HlRecipeEditor *self)
{
  return hl_project_state_get_recipe (hl_project_get_state (hl_workspace_get_project (self->workspace)));
}

static HlChoice **
recipe_choice (HlRecipe *recipe, Family family)
{
  HlChoice **const choices[N_FAMILIES] = { &recipe->optimizer, &recipe->schedule, &recipe->loss, &recipe->gradient };

  return choices[family];
}

/* ---- Edits ---- */

static void
commit (HlRecipeEditor *self, const char *what, const char *key, HlRecipe *recipe)
{
  g_autofree char *label = g_strdup_printf (_("Change %s"), what), *merge_key = g_strdup_printf ("recipe.%s", key);

  hl_class_weights_complete (self->workspace, recipe);
  hl_workspace_set_recipe (self->workspace, label, merge_key, recipe);
}

static void
end_gesture (HlRecipeEditor *self)
{
  hl_project_end_merge (hl_workspace_get_project (self->workspace));
}

static void
param_changed_cb (HlRecipeEditor *self, double value, HlParamRow *row)
{
  const HlParam *param = hl_param_row_get_param (row);
  Family family = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (row), "family"));
  HlRecipe *recipe = hl_recipe_copy (get_recipe (self));

  hl_param_set (param, (*recipe_choice (recipe, family))->params, value);
  commit (self, _(param->label), param->name, recipe);
}

static void
number_changed_cb (HlRecipeEditor *self, double value, HlParamRow *row)
{
  const HlParam *param = hl_param_row_get_param (row);
  HlRecipe *recipe = hl_recipe_copy (get_recipe (self));

  if (param == &number_params[WARM_UP_STEPS])
    recipe->warm_up_steps = (guint) value;
  else if (param == &number_params[WARM_UP_START])
    recipe->warm_up_start = value;
  else if (param == &number_params[BATCH])
    recipe->batch = (guint) value;
  else if (param == &number_params[EPOCHS])
    recipe->epochs = (guint) value;
  else
    recipe->seed = (guint64) value;
  commit (self, _(param->label), param->name, recipe);
}

static void
class_selected_cb (HlRecipeEditor *self, GParamSpec *pspec, GtkDropDown *dropdown)
{
  Family family = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (dropdown), "family"));
  guint i = gtk_drop_down_get_selected (dropdown);
  HlRecipe *recipe;
  HlChoice **choice;

  if (self->updating || i >= self->families[family].classes->len)
    return;
  recipe = hl_recipe_copy (get_recipe (self));
  choice = recipe_choice (recipe, family);
  hl_choice_free (*choice);
  *choice = hl_choice_new (g_ptr_array_index (self->families[family].classes, i));
  end_gesture (self);
  commit (self, family == FAMILY_OPTIMIZER ? _("Optimizer") : family == FAMILY_SCHEDULE ? _("Schedule") : _("Loss"), "class", recipe);
  end_gesture (self);
}

/* ---- Rows ---- */

static void
add_family (HlRecipeEditor *self, Family family, const char *label, const char *help, GPtrArray *classes)
{
  FamilyRows *rows = &self->families[family];
  g_autoptr(GtkStringList) titles = gtk_string_list_new (NULL);

  rows->classes = classes;
  for (guint i = 0; i < classes->len; i++)
    gtk_string_list_append (titles, _(((const HlClass *) g_ptr_array_index (classes, i))->title));
  rows->dropdown = gtk_drop_down_new (G_LIST_MODEL (g_steal_pointer (&titles)), NULL);
  rows->params = g_ptr_array_new ();
  rows->row = hl_control_row_new (label, help, rows->dropdown);
  g_object_set_data (G_OBJECT (rows->dropdown), "family", GUINT_TO_POINTER (family));
  g_signal_connect_object (rows->dropdown, "notify::selected", G_CALLBACK (class_selected_cb), self, G_CONNECT_SWAPPED);
  gtk_list_box_append (self->list, rows->row);
}

/* A heading with the parameters of the only class there is. */
static void
add_only_class (HlRecipeEditor *self, Family family, const HlClass *klass)
{
  FamilyRows *rows = &self->families[family];

  rows->classes = g_ptr_array_new ();
  rows->params = g_ptr_array_new ();
  rows->row = hl_control_row_new (_(klass->title), NULL, gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0));
  gtk_list_box_append (self->list, rows->row);
}

#define CLASSES(family, array)                                                      \
  G_STMT_START {                                                                    \
    (array) = g_ptr_array_new ();                                                   \
    for (guint class_i = 0; hl_##family##_classes ()[class_i] != NULL; class_i++)   \
      g_ptr_array_add ((array), (gpointer) &hl_##family##_classes ()[class_i]->base); \
  } G_STMT_END

static void
update_family (HlRecipeEditor *self, Family family, const HlChoice *choice)
{
  FamilyRows *rows = &self->families[family];
  guint position = 0;

  if (rows->dropdown && g_ptr_array_find (rows->classes, choice->klass, &position))
    gtk_drop_down_set_selected (GTK_DROP_DOWN (rows->dropdown), position);
  if (rows->shown != choice->klass)
    {
      int at = gtk_list_box_row_get_index (GTK_LIST_BOX_ROW (rows->row));

      for (guint i = 0; i < rows->params->len; i++)
        gtk_list_box_remove (self->list, g_ptr_array_index (rows->params, i));
      g_ptr_array_set_size (rows->params, 0);
      for (guint i = 0; i < hl_class_get_n_params (choice->klass); i++)
        {
          const HlParam *param = &choice->klass->params[i];
          GtkWidget *row = hl_param_row_new (param, hl_param_get (param, choice->params));

          g_object_set_data (G_OBJECT (row), "family", GUINT_TO_POINTER (family));
          g_signal_connect_object (row, "changed", G_CALLBACK (param_changed_cb), self, G_CONNECT_SWAPPED);
          g_signal_connect_object (row, "done", G_CALLBACK (end_gesture), self, G_CONNECT_SWAPPED);
          gtk_list_box_insert (self->list, row, ++at);
          g_ptr_array_add (rows->params, row);
        }
      rows->shown = choice->klass;
      gtk_widget_set_tooltip_text (rows->row, choice->klass->summary != NULL ? _(choice->klass->summary) : NULL);
    }
  for (guint i = 0; i < rows->params->len; i++)
    {
      HlParamRow *row = g_ptr_array_index (rows->params, i);

      hl_param_row_set_value (row, hl_param_get (hl_param_row_get_param (row), choice->params));
    }
}

static void
update (HlRecipeEditor *self)
{
  const HlRecipe *recipe = get_recipe (self);

  self->updating = TRUE;
  update_family (self, FAMILY_LOSS, recipe->loss);
  update_family (self, FAMILY_OPTIMIZER, recipe->optimizer);
  update_family (self, FAMILY_SCHEDULE, recipe->schedule);
  update_family (self, FAMILY_GRADIENT, recipe->gradient);
  hl_param_row_set_value (g_ptr_array_index (self->numbers, WARM_UP_STEPS), recipe->warm_up_steps);
  hl_param_row_set_value (g_ptr_array_index (self->numbers, WARM_UP_START), recipe->warm_up_start);
  hl_param_row_set_value (g_ptr_array_index (self->numbers, BATCH), recipe->batch);
  hl_param_row_set_value (g_ptr_array_index (self->numbers, EPOCHS), recipe->epochs);
  hl_param_row_set_value (g_ptr_array_index (self->numbers, SEED), recipe->seed);
  /* Without warm-up there is nothing that it begins with. */
  gtk_widget_set_visible (g_ptr_array_index (self->numbers, WARM_UP_START), recipe->warm_up_steps > 0);
  hl_class_weights_row_update (HL_CLASS_WEIGHTS_ROW (self->class_weights));
  hl_start_weights_update (HL_START_WEIGHTS (self->start_weights));
  gtk_widget_queue_draw (self->preview);
  self->updating = FALSE;
}

/* ---- The learning rate before the run starts ---- */

static double
initial_rate (const HlRecipe *recipe)
{
  const HlParam *param = hl_class_find_param (recipe->optimizer->klass, "learning_rate");

  return param != NULL ? hl_param_get (param, recipe->optimizer->params) : 0;
}

/* at: 0 .. 1, from the first step to the last. */
static double
factor_at (const HlRecipe *recipe, HlScheduleTime time, double at)
{
  time.step = (guint64) (at * (double) (time.n_steps - 1));
  return hl_recipe_get_factor (recipe, NULL, &time);
}

static void
draw_preview (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  HlRecipeEditor *self = data;
  const HlRecipe *recipe = get_recipe (self);
  const HlSplit *split = hl_data_source_get_split (hl_workspace_get_source (self->workspace));
  gsize n_train = 50000;
  HlScheduleTime time = { 0 };
  double highest = 1e-12, rate = initial_rate (recipe);
  g_autofree char *text = NULL;
  GdkRGBA color;

  if (width < 8)
    return;
  if (split != NULL)
    hl_split_get_indices (split, HL_PART_TRAIN, &n_train);
  time.steps_per_epoch = MAX (1, (n_train + recipe->batch - 1) / MAX (1, recipe->batch));
  time.n_steps = time.steps_per_epoch * recipe->epochs;
  for (int x = 0; x <= width; x += 2)
    highest = MAX (highest, factor_at (recipe, time, (double) x / width));
  hl_palette_get (0, hl_palette_is_dark (GTK_WIDGET (area)), &color);
  hl_palette_set_cairo (cr, &color, 1);
  cairo_set_line_width (cr, 1.5);
  for (int x = 0; x <= width; x++)
    {
      double factor = factor_at (recipe, time, (double) x / width);

      cairo_line_to (cr, x, 3 + (height - 6) * (1 - factor / highest));
    }
  cairo_stroke_preserve (cr);
  cairo_line_to (cr, width, height);
  cairo_line_to (cr, 0, height);
  cairo_close_path (cr);
  hl_palette_set_cairo (cr, &color, 0.12);
  cairo_fill (cr);
  text = g_strdup_printf (_("Learning rate from %.3g to %.3g over %u epochs"), rate * factor_at (recipe, time, 0),
                          rate * factor_at (recipe, time, 1), recipe->epochs);
  if (g_strcmp0 (text, gtk_widget_get_tooltip_text (GTK_WIDGET (area))) != 0)
    {
      gtk_widget_set_tooltip_text (GTK_WIDGET (area), text);
      gtk_accessible_update_property (GTK_ACCESSIBLE (area), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
    }
}

static GtkWidget *
make_preview (HlRecipeEditor *self)
{
  GtkWidget *row = gtk_list_box_row_new ();

  self->preview = g_object_new (GTK_TYPE_DRAWING_AREA, "accessible-role", GTK_ACCESSIBLE_ROLE_IMG, NULL);
  gtk_drawing_area_set_content_height (GTK_DRAWING_AREA (self->preview), 40);
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (self->preview), draw_preview, self, NULL);
  gtk_widget_set_margin_start (self->preview, 12);
  gtk_widget_set_margin_end (self->preview, 12);
  gtk_widget_set_margin_top (self->preview, 6);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), self->preview);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_set_focusable (row, FALSE);
  return row;
}

/* ---- GObject ---- */

static void
recipe_editor_dispose (GObject *object)
{
  HlRecipeEditor *self = HL_RECIPE_EDITOR (object);

  if (self->preview != NULL)
    gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (self->preview), NULL, NULL, NULL);
  self->preview = NULL;
  g_clear_object (&self->workspace);
  G_OBJECT_CLASS (hl_recipe_editor_parent_class)->dispose (object);
}

static void
recipe_editor_finalize (GObject *object)
{
  HlRecipeEditor *self = HL_RECIPE_EDITOR (object);

  for (guint i = 0; i < N_FAMILIES; i++)
    {
      g_clear_pointer (&self->families[i].classes, g_ptr_array_unref);
      g_clear_pointer (&self->families[i].params, g_ptr_array_unref);
    }
  g_clear_pointer (&self->numbers, g_ptr_array_unref);
  G_OBJECT_CLASS (hl_recipe_editor_parent_class)->finalize (object);
}

static void
hl_recipe_editor_class_init (HlRecipeEditorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = recipe_editor_dispose;
  G_OBJECT_CLASS (klass)->finalize = recipe_editor_finalize;
}

static void
hl_recipe_editor_init (HlRecipeEditor *self)
{
  GtkWidget *list = hl_rows_new ();

  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  self->list = GTK_LIST_BOX (list);
  self->numbers = g_ptr_array_new ();
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Recipe"), -1);
  gtk_box_append (GTK_BOX (self), list);
}

GtkWidget *
hl_recipe_editor_new (HlWorkspace *workspace)
{
  HlRecipeEditor *self = g_object_new (HL_TYPE_RECIPE_EDITOR, NULL);
  GPtrArray *losses, *optimizers, *schedules;

  self->workspace = g_object_ref (workspace);
  CLASSES (loss, losses);
  CLASSES (optimizer, optimizers);
  CLASSES (schedule, schedules);
  add_family (self, FAMILY_OPTIMIZER, _("Optimizer"), NULL, optimizers);
  add_family (self, FAMILY_SCHEDULE, _("Schedule"), NULL, schedules);
  for (const HlParam *param = number_params; param->label != NULL; param++)
    {
      GtkWidget *row = hl_param_row_new (param, param->initial);

      g_signal_connect_object (row, "changed", G_CALLBACK (number_changed_cb), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (row, "done", G_CALLBACK (end_gesture), self, G_CONNECT_SWAPPED);
      gtk_list_box_append (self->list, row);
      g_ptr_array_add (self->numbers, row);
      /* The picture of the learning rate follows all that makes it. */
      if (param == &number_params[WARM_UP_START])
        gtk_list_box_append (self->list, make_preview (self));
    }
  self->start_weights = hl_start_weights_new (workspace);
  gtk_list_box_append (self->list, hl_control_row_new (_("Start weights"), _("Where a new run begins: at random numbers, drawn as each "
                       "layer's start values say, or at the weights of a file, for the layers whose names or shapes are in it."),
                                                       self->start_weights));
  add_family (self, FAMILY_LOSS, _("Loss"), NULL, losses);
  self->class_weights = hl_class_weights_row_new (workspace);
  gtk_list_box_append (self->list, self->class_weights);
  add_only_class (self, FAMILY_GRADIENT, &hl_gradient_class);
  g_signal_connect_object (hl_workspace_get_project (workspace), "notify::state", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (hl_workspace_get_source (workspace), "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}
