/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Data page: what it shows of a data set, its filters, the probe, the split with undo, and its way out of missing files. */

#include "config.h"

#include "tests/display/page-support.h"

#include "ui/data/data-panels.h"
#include "ui/data/sample-grid.h"
#include "ui/widgets/param-row.h"

typedef struct { HlWorkspace *workspace; GtkWidget *page; GtkWindow *window; HlSampleGrid *grid; } Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->workspace = hl_page_test_workspace (200, 40, 1);
  self->page = hl_data_page_new (self->workspace);
  self->window = hl_page_test_show (self->page, 1100, 800);
  self->grid = HL_SAMPLE_GRID (hl_page_test_find (self->page, HL_TYPE_SAMPLE_GRID, 0));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  hl_page_test_end (self->window, self->workspace);
}

static void
emit_changed (GtkWidget *page, const char *label, double value)
{
  GtkWidget *row = hl_page_test_find_row (page, label);

  g_assert_nonnull (row);
  g_signal_emit_by_name (row, "changed", value);
  g_signal_emit_by_name (row, "done");
}

static void
test_shows (Fixture *self, gconstpointer data)
{
  g_assert_cmpuint (hl_sample_grid_get_length (self->grid), ==, 240);
  g_assert_nonnull (hl_page_test_find_text (self->page, "Strokes  ·  200 + 40 test images of 1×28×28"));
  g_assert_nonnull (hl_page_test_find_text (self->page, "Training 180"));
  g_assert_nonnull (hl_page_test_find_text (self->page, "Validation 20"));
  g_assert_nonnull (hl_page_test_find_text (self->page, "Test 40"));
  hl_page_test_check_accessible (self->page);
}

static void
test_filters (Fixture *self, gconstpointer data)
{
  HlDataset *dataset = hl_data_source_get_dataset (hl_workspace_get_source (self->workspace));
  GtkListBox *classes = GTK_LIST_BOX (gtk_widget_get_ancestor (hl_page_test_find_text (self->page, "All classes"), GTK_TYPE_LIST_BOX));
  gsize n = hl_dataset_get_length (dataset), fours = 0;

  for (gsize i = 0; i < n; i++)
    fours += hl_dataset_get_labels (dataset)[i] == 4;
  gtk_list_box_select_row (classes, gtk_list_box_get_row_at_index (classes, 5));
  g_assert_cmpuint (hl_sample_grid_get_length (self->grid), ==, fours);
  g_assert_cmpuint (fours, <, n);
  gtk_list_box_select_row (classes, gtk_list_box_get_row_at_index (classes, 0));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (hl_page_test_find_button (self->page, "Validation")), TRUE);
  g_assert_cmpuint (hl_sample_grid_get_length (self->grid), ==, 20);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (hl_page_test_find_button (self->page, "All")), TRUE);
  g_assert_cmpuint (hl_sample_grid_get_length (self->grid), ==, n);
}

static void
test_probe (Fixture *self, gconstpointer data)
{
  GtkWidget *button;

  g_signal_emit_by_name (self->grid, "selected", (gint64) 123);
  g_assert_nonnull (hl_page_test_find_text (self->page, "Image 123 ·"));
  button = hl_page_test_find_button (self->page, "Use as");
  g_assert_true (gtk_widget_get_sensitive (button));
  g_signal_emit_by_name (button, "clicked");
  g_assert_cmpint (hl_workspace_get_probe_index (self->workspace), ==, 123);
  g_assert_false (gtk_widget_get_sensitive (button));
}

static gboolean
has_validation (gpointer data)
{
  const HlSplit *split = hl_data_source_get_split (hl_workspace_get_source (((Fixture *) data)->workspace));
  gsize n = 0;

  if (split != NULL)
    hl_split_get_indices (split, HL_PART_VALIDATION, &n);
  return n == 60 && hl_page_test_find_text (((Fixture *) data)->page, "Validation 60") != NULL;
}

static gboolean
has_old_validation (gpointer data)
{
  return hl_page_test_find_text (((Fixture *) data)->page, "Validation 20") != NULL;
}

/* A new share shows its sizes; undo brings number, split and control back. */
static void
test_split (Fixture *self, gconstpointer data)
{
  HlProject *project = hl_workspace_get_project (self->workspace);
  GtkWidget *row = hl_page_test_find_row (self->page, "Validation, %");

  emit_changed (self->page, "Validation, %", 30);
  g_assert_cmpfloat (hl_project_state_get_data (hl_project_get_state (project))->validation, ==, 0.3);
  hl_test_wait (has_validation, self, 30, "the new split");
  g_assert_cmpfloat (hl_param_row_get_value (HL_PARAM_ROW (row)), ==, 30);
  hl_project_undo (project);
  hl_test_wait (has_old_validation, self, 30, "the old split");
  g_assert_cmpfloat (hl_param_row_get_value (HL_PARAM_ROW (row)), ==, 10);
}

static gboolean
has_error (gpointer data)
{
  return hl_data_source_get_error (hl_workspace_get_source (((Fixture *) data)->workspace)) != NULL;
}

static gboolean
has_images (gpointer data)
{
  return hl_page_test_find_text (((Fixture *) data)->page, "test images of 1×28×28") != NULL;
}

/* Missing files are a sentence and a way out, not an empty page. */
static void
test_missing (Fixture *self, gconstpointer data)
{
  HlDataSpec *spec = hl_data_spec_copy (hl_project_state_get_data (hl_project_get_state (hl_workspace_get_project (self->workspace))));
  GtkWidget *button;

  hl_choice_free (spec->format);
  spec->format = hl_choice_new (hl_format_class_find_base ("idx"));
  spec->path = g_strdup ("/nowhere/at-all");
  hl_workspace_set_data (self->workspace, "Open data", NULL, spec);
  hl_test_wait (has_error, self, 30, "the error");
  hl_test_run_loop (0.1);
  g_assert_nonnull (hl_page_test_find_text (self->page, "/nowhere/at-all"));
  g_assert_nonnull (hl_page_test_find_text (self->page, "The images cannot be shown"));
  button = hl_page_test_find_button (self->page, "Use _Strokes");
  g_assert_nonnull (button);
  g_signal_emit_by_name (button, "clicked");
  hl_test_wait (has_images, self, 60, "Strokes instead");
}

/* Tens of thousands of samples cost no more than what is visible: the grid only knows their number. */
static void
test_grid (Fixture *self, gconstpointer data)
{
  HlDataset *dataset = hl_data_source_get_dataset (hl_workspace_get_source (self->workspace));
  const guint32 some[] = { 7, 3, 199 };

  hl_sample_grid_set_indices (self->grid, some, 3);
  g_assert_cmpuint (hl_sample_grid_get_length (self->grid), ==, 3);
  hl_sample_grid_set_selected (self->grid, 199);
  g_assert_cmpint (hl_sample_grid_get_selected (self->grid), ==, 199);
  hl_sample_grid_set_selected (self->grid, 8);
  g_assert_cmpint (hl_sample_grid_get_selected (self->grid), ==, -1);
  hl_sample_grid_set_indices (self->grid, some, 0);
  g_assert_cmpuint (hl_sample_grid_get_length (self->grid), ==, 0);
  hl_sample_grid_set_indices (self->grid, NULL, 0);
  g_assert_cmpuint (hl_sample_grid_get_length (self->grid), ==, hl_dataset_get_length (dataset));
  hl_sample_grid_set_data (self->grid, NULL, NULL);
  g_assert_cmpuint (hl_sample_grid_get_length (self->grid), ==, 0);
  hl_test_run_loop (0.1);
}

/* A page that shows one class goes away without looking for its images once more. */
static void
test_leave (Fixture *self, gconstpointer data)
{
  GtkListBox *classes = GTK_LIST_BOX (gtk_widget_get_ancestor (hl_page_test_find_text (self->page, "All classes"), GTK_TYPE_LIST_BOX));

  gtk_list_box_select_row (classes, gtk_list_box_get_row_at_index (classes, 3));
  hl_test_run_loop (0.05);
}

int
main (int argc, char **argv)
{
  hl_page_test_init (&argc, &argv);
#define ADD(name) g_test_add ("/data-page/" #name, Fixture, NULL, set_up, test_##name, tear_down)
  ADD (shows);
  ADD (filters);
  ADD (probe);
  ADD (split);
  ADD (missing);
  ADD (grid);
  ADD (leave);
  return g_test_run ();
}
