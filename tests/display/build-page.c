/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Build page: palette, inspector and canvas together, through the widgets a user touches. */

#include "config.h"

#include "app/workspace.h"
#include "ui/build/build-page.h"
#include "ui/build/inspector.h"
#include "ui/build/palette.h"
#include "ui/pages.h"
#include "ui/widgets/param-editor.h"

typedef struct
{
  HlDeviceStore *devices;
  HlSettings *settings;
  HlProject *project;
  HlModelDocument *document;
  HlWorkspace *workspace;
  GtkWidget *window, *page, *palette, *inspector;
} Fixture;

static GtkWidget *
find_type (GtkWidget *widget, GType type, guint skip)
{
  GtkWidget *found = NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child && !found; child = gtk_widget_get_next_sibling (child))
    {
      if (G_TYPE_CHECK_INSTANCE_TYPE (child, type) && skip-- == 0)
        return child;
      found = find_type (child, type, skip);
    }
  return found;
}

static void
set_up (Fixture *f, gconstpointer template)
{
  f->devices = hl_device_store_new ();
  f->settings = hl_settings_new ();
  f->project = hl_project_new (hl_template_new_state (template), "test");
  f->document = hl_project_get_model (f->project);
  f->workspace = hl_workspace_new (f->project, f->devices, f->settings);
  f->window = gtk_window_new ();
  f->page = hl_build_page_new (f->workspace);
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1300, 800);
  gtk_window_set_child (GTK_WINDOW (f->window), f->page);
  f->palette = find_type (f->page, HL_TYPE_PALETTE, 0);
  f->inspector = find_type (f->page, HL_TYPE_INSPECTOR, 0);
  g_assert_nonnull (f->palette);
  g_assert_nonnull (f->inspector);
}

static void
tear_down (Fixture *f, gconstpointer template)
{
  GObject *watched[] = { G_OBJECT (f->page), G_OBJECT (f->palette), G_OBJECT (f->inspector) };

  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    g_object_add_weak_pointer (watched[i], (gpointer *) &watched[i]);
  gtk_window_destroy (GTK_WINDOW (f->window));
  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    g_assert_null (watched[i]);
  hl_project_close (f->project);
  g_object_unref (f->workspace);
  g_object_unref (f->project);
  g_object_unref (f->settings);
  g_object_unref (f->devices);
}

static const HlNode *
node_named (Fixture *f, const char *name)
{
  const HlNode *node = hl_graph_find_name (hl_model_document_get_graph (f->document), name);

  g_assert_nonnull (node);
  return node;
}

static double
param_of (Fixture *f, const char *node, const char *param)
{
  const HlNode *found = node_named (f, node);

  return hl_param_get (hl_class_find_param (&found->klass->base, param), found->params);
}

static HlParamEditor *
editor_of (Fixture *f, const char *node)
{
  hl_model_document_select (f->document, node_named (f, node)->id, FALSE);
  g_assert_cmpuint (hl_inspector_get_node (HL_INSPECTOR (f->inspector)), ==, node_named (f, node)->id);
  return HL_PARAM_EDITOR (find_type (f->inspector, HL_TYPE_PARAM_EDITOR, 0));
}

/* Every parameter of every layer class has a control that shows its value and can change it. */
static void
test_every_param (Fixture *f, gconstpointer data)
{
  const HlLayerClass *const *classes = hl_layer_classes ();
  GtkWidget *editor = g_object_ref_sink (hl_param_editor_new ());

  for (guint i = 0; classes[i]; i++)
    {
      const HlClass *klass = &classes[i]->base;
      g_autofree gpointer params = hl_class_new_params (klass);

      hl_param_editor_show (HL_PARAM_EDITOR (editor), klass, params);
      for (const HlParam *param = klass->params; param && param->label; param++)
        {
          GtkWidget *control = hl_param_editor_find (HL_PARAM_EDITOR (editor), param->name);

          g_assert_nonnull (control);
          if (GTK_IS_SPIN_BUTTON (control))
            g_assert_cmpfloat_with_epsilon (gtk_spin_button_get_value (GTK_SPIN_BUTTON (control)), param->initial, 1e-9);
          else if (GTK_IS_SWITCH (control))
            g_assert_cmpint (gtk_switch_get_active (GTK_SWITCH (control)), ==, param->initial != 0);
          else
            g_assert_cmpuint (gtk_drop_down_get_selected (GTK_DROP_DOWN (control)), ==, (guint) param->initial);
          g_assert_true (gtk_test_accessible_has_property (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_PROPERTY_LABEL));
        }
      g_assert_cmpint (gtk_widget_get_visible (editor), ==, hl_class_get_n_params (klass) > 0);
    }
  g_object_unref (editor);
}

static void
test_edit (Fixture *f, gconstpointer data)
{
  HlParamEditor *editor = editor_of (f, "conv1");
  GtkWidget *filters = hl_param_editor_find (editor, "filters");
  g_autofree char *label = NULL;

  gtk_spin_button_set_value (GTK_SPIN_BUTTON (filters), 9);
  g_assert_cmpfloat (param_of (f, "conv1", "filters"), ==, 9);
  /* Turning on is the same gesture: one undo entry. */
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (filters), 10);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (filters), 11);
  g_object_get (f->project, "undo-label", &label, NULL);
  g_assert_nonnull (label);
  hl_project_undo (f->project);
  g_assert_cmpfloat (param_of (f, "conv1", "filters"), ==, 6);
  g_assert_cmpfloat (gtk_spin_button_get_value (GTK_SPIN_BUTTON (filters)), ==, 6);
}

/* Showing values is no edit. */
static void
test_show_is_no_edit (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "conv1", "pool1", "linear1", "relu1", "input", "conv2" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    editor_of (f, names[i]);
  hl_model_document_select_all (f->document);
  hl_model_document_select (f->document, 0, FALSE);
  g_assert_cmpuint (hl_inspector_get_node (HL_INSPECTOR (f->inspector)), ==, 0);
  g_assert_false (hl_project_get_modified (f->project));
}

static void
test_rename (Fixture *f, gconstpointer data)
{
  GtkWidget *entry;

  editor_of (f, "linear1");
  entry = find_type (f->inspector, GTK_TYPE_ENTRY, 0);
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (entry)), ==, "linear1");
  gtk_editable_set_text (GTK_EDITABLE (entry), "hidden");
  g_signal_emit_by_name (entry, "activate");
  g_assert_cmpstr (node_named (f, "hidden")->klass->base.name, ==, "linear");
  /* A name that is taken is refused, and the old one stays. */
  gtk_editable_set_text (GTK_EDITABLE (entry), "conv1");
  g_signal_emit_by_name (entry, "activate");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (entry)), ==, "hidden");
}

/* The start values: choosing one is an edit of the graph, and undo brings the default back. */
static void
test_start_values (Fixture *f, gconstpointer data)
{
  GtkWidget *editor, *control = NULL;

  editor_of (f, "linear1");
  editor = find_type (f->inspector, HL_TYPE_PARAM_EDITOR, 1);
  for (guint i = 0; editor && !(control = find_type (editor, GTK_TYPE_DROP_DOWN, 0)); i++)
    editor = gtk_widget_get_next_sibling (editor);
  g_assert_nonnull (control);
  g_assert_null (node_named (f, "linear1")->weight_init);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (control), 1);
  g_assert_nonnull (node_named (f, "linear1")->weight_init);
  g_assert_true (node_named (f, "linear1")->weight_init->klass == &hl_initializer_classes ()[0]->base);
  hl_project_undo (f->project);
  g_assert_null (node_named (f, "linear1")->weight_init);
  g_assert_cmpuint (gtk_drop_down_get_selected (GTK_DROP_DOWN (control)), ==, 0);
}

/* A layer with weights has a switch to freeze it; it is an edit with undo, and the card shows it. */
static void
test_frozen (Fixture *f, gconstpointer data)
{
  GtkWidget *control = NULL;
  HlNodeItem *item;

  editor_of (f, "linear1");
  for (guint i = 0; !control && find_type (f->inspector, HL_TYPE_PARAM_EDITOR, i); i++)
    control = hl_param_editor_find (HL_PARAM_EDITOR (find_type (f->inspector, HL_TYPE_PARAM_EDITOR, i)), "frozen");
  g_assert_nonnull (control);
  item = hl_model_document_find_item (f->document, node_named (f, "linear1")->id);
  g_assert_false (hl_node_item_get_frozen (item));
  gtk_switch_set_active (GTK_SWITCH (control), TRUE);
  g_assert_true (node_named (f, "linear1")->frozen);
  g_assert_true (hl_node_item_get_frozen (item));
  g_assert_cmpuint (hl_plan_get_parameter_count (hl_model_document_get_plan (f->document))
                    - hl_plan_get_changeable_count (hl_model_document_get_plan (f->document)), ==, 48120);
  hl_project_undo (f->project);
  g_assert_false (node_named (f, "linear1")->frozen);
  g_assert_false (gtk_switch_get_active (GTK_SWITCH (control)));
  /* What has no weights cannot be frozen. */
  editor_of (f, "relu1");
  for (guint i = 0; find_type (f->inspector, HL_TYPE_PARAM_EDITOR, i); i++)
    g_assert_null (hl_param_editor_find (HL_PARAM_EDITOR (find_type (f->inspector, HL_TYPE_PARAM_EDITOR, i)), "frozen"));
}

static void
test_palette (Fixture *f, gconstpointer data)
{
  GtkWidget *search = find_type (f->palette, GTK_TYPE_SEARCH_ENTRY, 0), *list = find_type (f->palette, GTK_TYPE_LIST_BOX, 0);
  guint n_classes = 0, n_rows = 0, n_nodes = hl_graph_get_n_nodes (hl_model_document_get_graph (f->document));

  while (hl_layer_classes ()[n_classes])
    n_classes++;
  while (gtk_list_box_get_row_at_index (GTK_LIST_BOX (list), n_rows))
    n_rows++;
  g_assert_cmpuint (n_rows, ==, n_classes);
  /* The first row that is left is taken by Enter, and goes behind the selected layer. */
  hl_model_document_select (f->document, node_named (f, "conv1")->id, FALSE);
  gtk_editable_set_text (GTK_EDITABLE (search), "dropout");
  g_signal_emit_by_name (search, "search-changed");
  g_signal_emit_by_name (search, "activate");
  g_assert_cmpuint (hl_graph_get_n_nodes (hl_model_document_get_graph (f->document)), ==, n_nodes + 1);
  g_assert_cmpstr (node_named (f, "dropout1")->klass->base.name, ==, "dropout");
  g_assert_cmpuint (hl_inspector_get_node (HL_INSPECTOR (f->inspector)), ==, node_named (f, "dropout1")->id);
  gtk_editable_set_text (GTK_EDITABLE (search), "no such layer");
  g_signal_emit_by_name (search, "search-changed");
  g_signal_emit_by_name (search, "activate");
  g_assert_cmpuint (hl_graph_get_n_nodes (hl_model_document_get_graph (f->document)), ==, n_nodes + 1);
}

static void
test_actions (Fixture *f, gconstpointer data)
{
  static const char *const actions[] = { "build.zoom-in", "build.zoom-out", "build.zoom-normal", "build.fit", "build.arrange", "build.search" };

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    g_assert_true (gtk_widget_activate_action (f->page, actions[i], NULL));
  g_assert_cmpuint (hl_canvas_get_n_cards (hl_build_page_get_canvas (HL_BUILD_PAGE (f->page))), ==, 8);
}

#define ADD(name, func) g_test_add ("/build-page/" name, Fixture, "lenet-strokes", set_up, func, tear_down)

int
main (int argc, char **argv)
{
  hl_device_init_environment ();
  g_test_init (&argc, &argv, NULL);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP there is no display\n");
      return 77;
    }
  adw_init ();
  g_assert_true (g_main_context_acquire (NULL));
  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", FALSE, NULL);
  ADD ("every-param", test_every_param);
  ADD ("edit", test_edit);
  ADD ("show-is-no-edit", test_show_is_no_edit);
  ADD ("rename", test_rename);
  ADD ("start-values", test_start_values);
  ADD ("frozen", test_frozen);
  ADD ("palette", test_palette);
  ADD ("actions", test_actions);
  return g_test_run ();
}
