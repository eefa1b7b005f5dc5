/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Inspect page: empty before anything was trained, layers and answers afterwards, another probe, an earlier run. */

#include "config.h"

#include "tests/display/page-support.h"

#include "ui/inspect/layer-view.h"
#include "ui/widgets/tiles.h"

static gboolean
is_over (gpointer data)
{
  return hl_session_get_state (hl_workspace_get_session (data)) >= HL_SESSION_FINISHED;
}

static gboolean
is_ready (gpointer data)
{
  return hl_session_get_state (hl_workspace_get_session (data)) == HL_SESSION_READY;
}

static gboolean
has_answer (gpointer data)
{
  HlProbeResult *probe = hl_session_get_last_probe (hl_workspace_get_session (data));

  return probe != NULL && probe->weights != NULL;
}

static gboolean
has_sentence (gpointer page)
{
  return hl_page_test_find_text (page, ": right.") != NULL || hl_page_test_find_text (page, ": wrong.") != NULL;
}

static void
test_empty (void)
{
  HlWorkspace *workspace = hl_page_test_workspace (100, 0, 1);
  GtkWidget *page = hl_inspect_page_new (workspace);
  GtkWindow *window = hl_page_test_show (page, 1024, 640);

  g_assert_nonnull (hl_page_test_find_text (page, "Look into the network"));
  g_assert_false (gtk_widget_get_sensitive (hl_page_test_find_button (page, "Save _weights")));
  hl_page_test_check_accessible (page);
  hl_page_test_end (window, workspace);
}

static void
check_layers (GtkWidget *page, HlWorkspace *workspace)
{
  HlGraph *graph = hl_project_state_get_graph (hl_run_get_state (hl_session_get_run (hl_workspace_get_session (workspace))));

  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    {
      GtkWidget *label = hl_page_test_find_text (page, hl_graph_get_node (graph, i)->name), *row;

      g_assert_nonnull (label);
      row = gtk_widget_get_ancestor (label, GTK_TYPE_LIST_BOX_ROW);
      gtk_list_box_select_row (GTK_LIST_BOX (gtk_widget_get_parent (row)), GTK_LIST_BOX_ROW (row));
      g_assert_null (hl_page_test_find_text (page, "This layer gave no values"));
      hl_test_run_loop (0.02);
    }
}

static void
test_run (void)
{
  g_autoptr(GError) error = NULL;
  HlWorkspace *workspace;
  GtkWidget *page;
  GtkWindow *window;
  HlSession *session;
  HlDataset *dataset;
  gint64 before;

  if (hl_test_skip_without_device ())
    return;
  workspace = hl_page_test_workspace (300, 0, 1);
  session = hl_workspace_get_session (workspace);
  dataset = hl_data_source_get_dataset (hl_workspace_get_source (workspace));
  page = hl_inspect_page_new (workspace);
  window = hl_page_test_show (page, 1200, 800);
  g_assert_true (hl_session_start (session, dataset, FALSE, &error));
  g_assert_no_error (error);
  hl_test_wait (is_over, workspace, 240, "the run");
  hl_test_wait (has_answer, workspace, 60, "an answer to the probe");
  hl_test_wait (has_sentence, page, 30, "the network's answer in words");
  check_layers (page, workspace);
  g_assert_true (gtk_widget_get_sensitive (hl_page_test_find_button (page, "Save _weights")));

  before = hl_workspace_get_probe_index (workspace);
  g_signal_emit_by_name (hl_page_test_find_button (page, "Next image"), "clicked");
  g_assert_cmpint (hl_workspace_get_probe_index (workspace), >, before);
  g_signal_emit_by_name (hl_page_test_find_button (page, "Previous image"), "clicked");
  g_assert_cmpint (hl_workspace_get_probe_index (workspace), ==, before);
  hl_page_test_check_accessible (page);

  /* The same run read back from its files. */
  g_assert_true (hl_session_inspect_run (session, hl_session_get_run (session), dataset, &error));
  g_assert_no_error (error);
  hl_test_wait (is_ready, workspace, 240, "the run's weights");
  hl_test_wait (has_sentence, page, 30, "the network's answer in words");
  check_layers (page, workspace);
  hl_page_test_end (window, workspace);
}

int
main (int argc, char **argv)
{
  hl_page_test_init (&argc, &argv);
  g_test_add_func ("/inspect-page/empty", test_empty);
  g_test_add_func ("/inspect-page/run", test_run);
  return g_test_run ();
}
