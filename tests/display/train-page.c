/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Train page: the recipe with undo, the confusion matrix's arithmetic, and a short real run with its curves and mistakes. */

#include "config.h"

#include <math.h>

#include "tests/display/page-support.h"

#include "ui/chart/chart.h"
#include "ui/data/sample-grid.h"
#include "ui/train/confusion-view.h"
#include "ui/train/health.h"
#include "ui/train/recipe-editor.h"
#include "ui/train/start-weights.h"
#include "ui/widgets/score-bar.h"
#include "ui/train/run-rows.h"
#include "ui/widgets/param-row.h"

/* ---- Recipe ---- */

static const HlRecipe *
get_recipe (HlWorkspace *workspace)
{
  return hl_project_state_get_recipe (hl_project_get_state (hl_workspace_get_project (workspace)));
}

static GtkWidget *
find_spin (GtkWidget *page, const char *label)
{
  GtkWidget *row = hl_page_test_find_row (page, label);

  g_assert_nonnull (row);
  return hl_page_test_find (row, GTK_TYPE_SPIN_BUTTON, 0);
}

static void
test_recipe (void)
{
  g_autoptr(HlWorkspace) workspace = hl_page_test_workspace (100, 0, 2);
  HlProject *project = hl_workspace_get_project (workspace);
  GtkWidget *page = hl_train_page_new (workspace);
  GtkWindow *window = hl_page_test_show (page, 1024, 640);
  GtkWidget *rate = find_spin (page, "Learning rate"), *batch = find_spin (page, "Batch size");
  const HlParam *param = hl_class_find_param (get_recipe (workspace)->optimizer->klass, "learning_rate");
  double before = hl_param_get (param, get_recipe (workspace)->optimizer->params);

  /* A dragged value is one undo entry. */
  for (double value = 0.01; value < 0.0205; value += 0.001)
    gtk_spin_button_set_value (GTK_SPIN_BUTTON (rate), value);
  g_assert_cmpfloat_with_epsilon (hl_param_get (param, get_recipe (workspace)->optimizer->params), 0.02, 1e-9);
  hl_project_undo (project);
  g_assert_cmpfloat (hl_param_get (param, get_recipe (workspace)->optimizer->params), ==, before);
  g_assert_cmpfloat (gtk_spin_button_get_value (GTK_SPIN_BUTTON (rate)), ==, before);
  /* Small numbers are typed and read as they are. */
  gtk_editable_set_text (GTK_EDITABLE (rate), "0,00025");
  gtk_spin_button_update (GTK_SPIN_BUTTON (rate));
  g_assert_cmpfloat_with_epsilon (hl_param_get (param, get_recipe (workspace)->optimizer->params), 0.00025, 1e-12);
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (rate)), ==, "0.00025");
  /* One press of + or - is a small step, whatever the size of the number. */
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (rate), 0.002);
  gtk_spin_button_spin (GTK_SPIN_BUTTON (rate), GTK_SPIN_STEP_BACKWARD, 0);
  g_assert_cmpfloat_with_epsilon (hl_param_get (param, get_recipe (workspace)->optimizer->params), 0.001, 1e-12);
  gtk_spin_button_spin (GTK_SPIN_BUTTON (rate), GTK_SPIN_STEP_BACKWARD, 0);
  g_assert_cmpfloat_with_epsilon (hl_param_get (param, get_recipe (workspace)->optimizer->params), 0.0009, 1e-12);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (batch), 16);
  g_assert_cmpuint (get_recipe (workspace)->batch, ==, 16);
  hl_page_test_check_accessible (page);
  hl_page_test_end (window, g_object_ref (workspace));
}

/* Another optimizer brings its own parameters, undo the old ones with their values. */
static void
test_optimizer (void)
{
  g_autoptr(HlWorkspace) workspace = hl_page_test_workspace (100, 0, 2);
  HlProject *project = hl_workspace_get_project (workspace);
  GtkWidget *editor = hl_recipe_editor_new (workspace);
  GtkWindow *window = hl_page_test_show (editor, 300, 700);
  const HlClass *before = get_recipe (workspace)->optimizer->klass;
  GtkWidget *dropdown = hl_page_test_find (editor, GTK_TYPE_DROP_DOWN, 0);

  g_assert_nonnull (dropdown);
  for (guint i = 0; hl_optimizer_classes ()[i] != NULL; i++)
    {
      const HlClass *klass = &hl_optimizer_classes ()[i]->base;

      gtk_drop_down_set_selected (GTK_DROP_DOWN (dropdown), i);
      g_assert_true (get_recipe (workspace)->optimizer->klass == klass);
      for (guint j = 0; j < hl_class_get_n_params (klass); j++)
        g_assert_nonnull (hl_page_test_find_row (editor, klass->params[j].label));
    }
  while (get_recipe (workspace)->optimizer->klass != before)
    hl_project_undo (project);
  g_assert_nonnull (hl_page_test_find_row (editor, before->params[0].label));
  hl_page_test_end (window, g_object_ref (workspace));
}

/* Listed class weights have a row a class, and begin as a whole list of ones. */
static void
test_class_weights (void)
{
  g_autoptr(HlWorkspace) workspace = hl_page_test_workspace (100, 0, 2);
  HlProject *project = hl_workspace_get_project (workspace);
  HlDataset *dataset = hl_data_source_get_dataset (hl_workspace_get_source (workspace));
  GtkWidget *editor = hl_recipe_editor_new (workspace);
  GtkWindow *window = hl_page_test_show (editor, 300, 1200);
  const HlRecipe *recipe = get_recipe (workspace);
  const HlParam *kind = hl_class_find_param (recipe->loss->klass, "class_weights");
  GtkWidget *dropdown = hl_page_test_find (hl_page_test_find_row (editor, kind->label), GTK_TYPE_DROP_DOWN, 0), *spin;
  const char *name = hl_dataset_get_class_name (dataset, 1);

  g_assert_null (hl_page_test_find_row (editor, name));
  gtk_drop_down_set_selected (GTK_DROP_DOWN (dropdown), HL_CLASS_WEIGHTS_LISTED);
  recipe = get_recipe (workspace);
  g_assert_nonnull (recipe->class_weights);
  g_assert_cmpuint (recipe->class_weights->len, ==, hl_dataset_get_n_classes (dataset));
  g_assert_cmpfloat (g_array_index (recipe->class_weights, double, 1), ==, 1);
  spin = hl_page_test_find (hl_page_test_find_row (editor, name), GTK_TYPE_SPIN_BUTTON, 0);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (spin), 2.5);
  recipe = get_recipe (workspace);
  g_assert_cmpfloat (g_array_index (recipe->class_weights, double, 1), ==, 2.5);
  g_assert_cmpfloat (g_array_index (recipe->class_weights, double, 0), ==, 1);
  hl_project_undo (project);
  g_assert_cmpfloat (g_array_index (get_recipe (workspace)->class_weights, double, 1), ==, 1);
  g_assert_cmpfloat (gtk_spin_button_get_value (GTK_SPIN_BUTTON (spin)), ==, 1);
  hl_page_test_check_accessible (editor);
  hl_page_test_end (window, g_object_ref (workspace));
}

/* A file of start weights is part of the recipe, named on its button, and can be undone and cleared. */
static void
test_start_weights (void)
{
  g_autoptr(HlWorkspace) workspace = hl_page_test_workspace (100, 0, 2);
  HlProject *project = hl_workspace_get_project (workspace);
  GtkWidget *editor = hl_recipe_editor_new (workspace);
  GtkWindow *window = hl_page_test_show (editor, 300, 700);
  GtkWidget *control = hl_page_test_find (editor, HL_TYPE_START_WEIGHTS, 0);
  g_autoptr(GFile) file = g_file_new_for_path ("/somewhere/teacher.safetensors");

  g_assert_nonnull (hl_page_test_find_text (control, "default"));
  hl_start_weights_choose (HL_START_WEIGHTS (control), file);
  g_assert_cmpstr (get_recipe (workspace)->start_weights, ==, "/somewhere/teacher.safetensors");
  g_assert_nonnull (hl_page_test_find_text (control, "teacher"));
  g_signal_emit_by_name (hl_page_test_find_button (control, "without this file"), "clicked");
  g_assert_null (get_recipe (workspace)->start_weights);
  hl_project_undo (project);
  g_assert_cmpstr (get_recipe (workspace)->start_weights, ==, "/somewhere/teacher.safetensors");
  hl_page_test_check_accessible (editor);
  hl_page_test_end (window, g_object_ref (workspace));
}

/* ---- Confusion ---- */

static void
test_confusion (void)
{
  static const guint32 counts[] = { 8, 2, 0, 1, 6, 3, 0, 0, 0 };
  const char *const names[] = { "cat", "dog \"big\"", "cow" };
  HlConfusionView *view = HL_CONFUSION_VIEW (g_object_ref_sink (hl_confusion_view_new ()));
  g_autofree char *csv = NULL;
  double precision, recall;
  guint label, prediction;
  char *bad;

  g_assert_false (hl_confusion_view_find_worst (view, &label, &prediction));
  hl_confusion_view_set (view, 3, counts, names);
  g_assert_true (hl_confusion_view_find_worst (view, &label, &prediction));
  g_assert_cmpuint (label, ==, 1);
  g_assert_cmpuint (prediction, ==, 2);
  hl_confusion_view_get_scores (view, 0, &precision, &recall);
  g_assert_cmpfloat_with_epsilon (precision, 8.0 / 9, 1e-12);
  g_assert_cmpfloat_with_epsilon (recall, 0.8, 1e-12);
  hl_confusion_view_get_scores (view, 2, &precision, &recall);
  g_assert_cmpfloat (precision, ==, 0);
  g_assert_true (isnan (recall));
  csv = hl_confusion_view_to_csv (view);
  g_assert_cmpstr (csv, ==, "label,\"cat\",\"dog \"\"big\"\"\",\"cow\"\n\"cat\",8,2,0\n\"dog \"\"big\"\"\",1,6,3\n\"cow\",0,0,0\n");
  hl_confusion_view_select (view, 0, 1);
  bad = gtk_test_accessible_check_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, "cat taken for dog \"big\": 2");
  g_assert_null (bad);
  g_object_unref (view);
}

/* ---- Health ---- */

/* The sentences on one line each, warnings marked. */
static char *
check_health (const HlHealthCurves *curves)
{
  g_autoptr(GPtrArray) notes = hl_health_check (curves);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < notes->len; i++)
    {
      const HlHealthNote *note = g_ptr_array_index (notes, i);

      g_string_append_printf (text, "%s%s\n", note->level == HL_HEALTH_ATTENTION ? "! " : "", note->text);
    }
  return g_string_free (text, FALSE);
}

static void
test_health (void)
{
  static const double falling[] = { 1.0, 0.5, 0.3, 0.2, 0.1 }, rising[] = { 0.8, 0.6, 0.55, 0.6, 0.7 };
  static const double good[] = { 0.7, 0.8, 0.9, 0.95, 0.99 }, fair[] = { 0.7, 0.79, 0.82, 0.82, 0.81 }, chance[] = { 0.1, 0.11 };
  static const double resting[] = { 2.303, 2.302 }, lost[] = { 2.3, NAN };
  g_autofree char *none = check_health (&(HlHealthCurves) { 0 });
  g_autofree char *well = check_health (&(HlHealthCurves) { 3, 10, falling, good, falling, good });
  g_autofree char *by_heart = check_health (&(HlHealthCurves) { 5, 10, falling, good, rising, fair });
  g_autofree char *guess = check_health (&(HlHealthCurves) { 2, 10, resting, chance, NULL, NULL });
  g_autofree char *diverged = check_health (&(HlHealthCurves) { 2, 10, lost, chance, NULL, NULL });

  g_assert_cmpstr (none, ==, "");
  g_assert_cmpstr (well, ==, "The training loss still falls: from 0.500 to 0.300 in the last epoch.\nTraining and validation still improve together.\n");
  g_assert_nonnull (strstr (by_heart, "! Validation was best after epoch 3 (loss 0.550) and is worse since (0.700)"));
  g_assert_nonnull (strstr (by_heart, "! The network knows the training images (99.0\u202f%) much better than new ones (81.0\u202f%)."));
  g_assert_true (g_str_has_prefix (guess, "! The network is right in 11.0\u202f%, hardly more than guessing (10.0\u202f%)."));
  g_assert_nonnull (strstr (guess, "has come to rest at 2.30"));
  g_assert_true (g_str_has_prefix (diverged, "! The loss is no longer a number"));
}

/* ---- A run ---- */

static gboolean
is_over (gpointer data)
{
  return hl_session_get_state (hl_workspace_get_session (data)) >= HL_SESSION_FINISHED;
}

static gboolean
has_many_classes (gpointer data)
{
  HlDataset *dataset = hl_data_source_get_dataset (hl_workspace_get_source (data));

  return dataset != NULL && hl_dataset_get_n_classes (dataset) == 100;
}

/* Of very many classes the table lists those that are found least often. */
static void
test_many_classes (void)
{
  g_autoptr(HlWorkspace) workspace = NULL;
  g_autoptr(GError) error = NULL;
  HlProject *project;
  HlDataSpec *data;
  HlModelDocument *model;
  HlGraph *graph;
  GtkWidget *page;
  GtkWindow *window;
  const HlNode *last;

  if (hl_test_skip_without_device ())
    return;
  workspace = hl_page_test_workspace (400, 100, 1);
  project = hl_workspace_get_project (workspace);
  data = hl_data_spec_copy (hl_project_state_get_data (hl_project_get_state (project)));
  hl_param_set (hl_class_find_param (data->format->klass, "digits"), data->format->params, 2);
  hl_project_commit (project, "Two digits", NULL, hl_project_state_with_data (hl_project_get_state (project), data));
  hl_test_wait (has_many_classes, workspace, 60, "a hundred classes");
  model = hl_project_get_model (project);
  graph = hl_model_document_get_graph (model);
  last = hl_graph_get_node (graph, hl_graph_get_n_nodes (graph) - 1);
  hl_model_document_set_param (model, last->id, hl_class_find_param (&last->klass->base, "units"), 100);
  page = hl_train_page_new (workspace);
  window = hl_page_test_show (page, 1200, 800);
  g_assert_true (hl_session_start (hl_workspace_get_session (workspace), hl_data_source_get_dataset (hl_workspace_get_source (workspace)), FALSE, &error));
  g_assert_no_error (error);
  hl_test_wait (is_over, workspace, 240, "the run");
  hl_test_run_loop (0.7);
  g_assert_nonnull (hl_page_test_find_text (page, "The 60 classes found least often"));
  g_assert_nonnull (hl_page_test_find (page, HL_TYPE_SCORE_BAR, 119));
  g_assert_null (hl_page_test_find (page, HL_TYPE_SCORE_BAR, 120));
  hl_page_test_end (window, g_object_ref (workspace));
}

static void
test_run (void)
{
  g_autoptr(HlWorkspace) workspace = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *words = NULL;
  GtkWidget *page;
  GtkWindow *window;
  HlConfusionView *view;
  HlSession *session;
  HlRun *run;
  guint sum = 0;

  if (hl_test_skip_without_device ())
    return;
  workspace = hl_page_test_workspace (600, 100, 2);
  page = hl_train_page_new (workspace);
  window = hl_page_test_show (page, 1200, 800);
  session = hl_workspace_get_session (workspace);
  g_assert_nonnull (hl_page_test_find_text (page, "Press Train to make the first one"));
  g_assert_true (hl_session_start (session, hl_data_source_get_dataset (hl_workspace_get_source (workspace)), FALSE, &error));
  g_assert_no_error (error);
  hl_test_wait (is_over, workspace, 240, "the run");
  hl_test_run_loop (0.7);
  g_assert_cmpint (hl_session_get_state (session), ==, HL_SESSION_FINISHED);
  run = hl_session_get_run (session);
  g_assert_null (hl_page_test_find_text (page, "Press Train to make the first one"));
  g_assert_nonnull (hl_page_test_find_text (page, hl_run_get_title (run)));
  words = hl_chart_describe (HL_CHART (hl_page_test_find (page, HL_TYPE_CHART, 0)));
  g_assert_true (g_str_has_prefix (words, "training "));
  g_assert_nonnull (strstr (words, "at epoch 2; validation "));
  view = HL_CONFUSION_VIEW (hl_page_test_find (page, HL_TYPE_CONFUSION_VIEW, 0));
  for (guint i = 0; i < 10; i++)
    for (guint j = 0; j < 10; j++)
      sum += hl_confusion_view_get_count (view, i, j);
  g_assert_cmpuint (sum, ==, 60);
  /* Every cell shows as many images as its number says. */
  for (guint i = 0; i < 10; i++)
    for (guint j = 0; j < 10; j++)
      if (hl_confusion_view_get_count (view, i, j) > 0)
        {
          hl_confusion_view_select (view, i, j);
          g_signal_emit_by_name (view, "selected", i, j);
          g_assert_cmpuint (hl_sample_grid_get_length (HL_SAMPLE_GRID (hl_page_test_find (page, HL_TYPE_SAMPLE_GRID, 0))), ==,
                            hl_confusion_view_get_count (view, i, j));
        }
  hl_page_test_check_accessible (page);
  hl_page_test_end (window, g_object_ref (workspace));
}

/* An auto-encoder: a loss and its curve, but no accuracy, no confusion, and words that say why. */
static void
test_reconstruction (void)
{
  g_autoptr(HlWorkspace) workspace = NULL;
  g_autoptr(HlProjectState) state = hl_template_new_state ("autoencoder");
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  HlProject *project;
  HlRecipe *recipe;
  GtkWidget *page;
  GtkWindow *window;
  HlRun *run;

  if (hl_test_skip_without_device ())
    return;
  workspace = hl_page_test_workspace (300, 50, 2);
  project = hl_workspace_get_project (workspace);
  recipe = hl_recipe_copy (hl_project_state_get_recipe (state));
  recipe->epochs = 2;
  /* The small project's data under the auto-encoder's network. */
  hl_project_commit (project, "Auto-encoder", NULL,
                     hl_project_state_new (hl_graph_ref (hl_project_state_get_graph (state)),
                                           hl_data_spec_copy (hl_project_state_get_data (hl_project_get_state (project))), recipe));
  page = hl_train_page_new (workspace);
  window = hl_page_test_show (page, 1200, 800);
  g_assert_null (hl_page_test_find_text (page, "Accuracy"));
  g_assert_true (hl_session_start (hl_workspace_get_session (workspace),
                                   hl_data_source_get_dataset (hl_workspace_get_source (workspace)), FALSE, &error));
  g_assert_no_error (error);
  hl_test_wait (is_over, workspace, 240, "the run");
  hl_test_run_loop (0.7);
  run = hl_session_get_run (hl_workspace_get_session (workspace));
  g_assert_cmpuint (hl_series_get_n (hl_run_get_series (run, HL_METRIC_LOSS, HL_PART_VALIDATION)), ==, 2);
  g_assert_cmpuint (hl_series_get_n (hl_run_get_series (run, HL_METRIC_ACCURACY, HL_PART_TRAIN)), ==, 0);
  g_assert_cmpuint (hl_run_get_n_confusions (run), ==, 0);
  g_object_get (run, "accuracy-text", &text, NULL);
  g_assert_true (g_str_has_prefix (text, "test loss 0."));
  g_assert_null (hl_page_test_find_text (page, "Accuracy"));
  g_assert_nonnull (hl_page_test_find_text (page, "no classes to be confused"));
  g_assert_null (hl_page_test_find_text (page, "Choose a cell of the matrix"));
  hl_page_test_end (window, g_object_ref (workspace));
}

int
main (int argc, char **argv)
{
  hl_page_test_init (&argc, &argv);
  g_test_add_func ("/train-page/recipe", test_recipe);
  g_test_add_func ("/train-page/optimizer", test_optimizer);
  g_test_add_func ("/train-page/class-weights", test_class_weights);
  g_test_add_func ("/train-page/start-weights", test_start_weights);
  g_test_add_func ("/train-page/confusion", test_confusion);
  g_test_add_func ("/train-page/health", test_health);
  g_test_add_func ("/train-page/run", test_run);
  g_test_add_func ("/train-page/many-classes", test_many_classes);
  g_test_add_func ("/train-page/reconstruction", test_reconstruction);
  return g_test_run ();
}
