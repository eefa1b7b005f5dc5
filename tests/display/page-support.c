/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shared by the tests of pages. */

#include "config.h"

#include "tests/display/page-support.h"

#include <string.h>

#include "ui/widgets/param-row.h"

void
hl_page_test_init (int *argc, char ***argv)
{
  hl_test_init (argc, argv);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP There is no display; run the tests under xvfb-run.\n");
      exit (0);
    }
  adw_init ();
}

static gboolean
has_data (gpointer data)
{
  return hl_data_source_get_dataset (hl_workspace_get_source (data)) != NULL && hl_workspace_get_probe_index (data) >= 0;
}

HlWorkspace *
hl_page_test_workspace (guint n, guint n_test, guint epochs)
{
  g_autoptr(HlProject) project = hl_project_new (hl_test_small_state (n, n_test, 32, epochs), "test");
  g_autoptr(HlDeviceStore) devices = hl_device_store_new ();
  g_autoptr(HlSettings) settings = hl_settings_new ();
  HlWorkspace *workspace = hl_workspace_new (project, devices, settings);

  hl_test_wait (has_data, workspace, 60, "the images");
  return workspace;
}

GtkWindow *
hl_page_test_show (GtkWidget *page, int width, int height)
{
  GtkWidget *window = gtk_window_new ();

  gtk_window_set_default_size (GTK_WINDOW (window), width, height);
  gtk_window_set_child (GTK_WINDOW (window), page);
  gtk_window_present (GTK_WINDOW (window));
  hl_test_run_loop (0.3);
  return GTK_WINDOW (window);
}

void
hl_page_test_end (GtkWindow *window, HlWorkspace *workspace)
{
  g_autoptr(GFile) runs = hl_project_get_runs_folder (hl_workspace_get_project (workspace));

  gtk_window_destroy (window);
  hl_project_close (hl_workspace_get_project (workspace));
  g_object_unref (workspace);
  hl_test_run_loop (0.05);
  hl_test_remove_tree (runs);
}

static GtkWidget *
find (GtkWidget *root, gboolean (*matches) (GtkWidget *widget, gconstpointer data), gconstpointer data, guint *nth)
{
  if (matches (root, data) && (*nth)-- == 0)
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find (child, matches, data, nth);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static gboolean
matches_type (GtkWidget *widget, gconstpointer data)
{
  return g_type_is_a (G_OBJECT_TYPE (widget), *(const GType *) data);
}

GtkWidget *
hl_page_test_find (GtkWidget *root, GType type, guint nth)
{
  return find (root, matches_type, &type, &nth);
}

static gboolean
matches_text (GtkWidget *widget, gconstpointer data)
{
  return GTK_IS_LABEL (widget) && gtk_widget_get_mapped (widget) && strstr (gtk_label_get_text (GTK_LABEL (widget)), data) != NULL;
}

GtkWidget *
hl_page_test_find_text (GtkWidget *root, const char *text)
{
  guint nth = 0;

  return find (root, matches_text, text, &nth);
}

static gboolean
matches_button (GtkWidget *widget, gconstpointer data)
{
  const char *tooltip = gtk_widget_get_tooltip_text (widget), *label = GTK_IS_BUTTON (widget) ? gtk_button_get_label (GTK_BUTTON (widget)) : NULL;

  return GTK_IS_BUTTON (widget) && ((tooltip != NULL && strstr (tooltip, data) != NULL) || (label != NULL && strstr (label, data) != NULL));
}

GtkWidget *
hl_page_test_find_button (GtkWidget *root, const char *text)
{
  guint nth = 0;

  return find (root, matches_button, text, &nth);
}

static gboolean
matches_row (GtkWidget *widget, gconstpointer data)
{
  return HL_IS_PARAM_ROW (widget) && g_str_equal (hl_param_row_get_param (HL_PARAM_ROW (widget))->label, data);
}

GtkWidget *
hl_page_test_find_row (GtkWidget *root, const char *label)
{
  guint nth = 0;

  return find (root, matches_row, label, &nth);
}

/* What has no words of its own needs a name. */
static gboolean
is_nameless (GtkWidget *widget, gconstpointer data)
{
  GtkAccessibleRole role = gtk_accessible_get_accessible_role (GTK_ACCESSIBLE (widget));
  gboolean own = g_str_has_prefix (G_OBJECT_TYPE_NAME (widget), "Hl") && gtk_widget_get_focusable (widget);

  if (role == GTK_ACCESSIBLE_ROLE_PRESENTATION || GTK_IS_IMAGE (widget) || GTK_IS_PICTURE (widget))
    return FALSE;
  if (!own && !GTK_IS_SCALE (widget) && !GTK_IS_DRAWING_AREA (widget) && !GTK_IS_DROP_DOWN (widget))
    return FALSE;
  return !gtk_test_accessible_has_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL);
}

void
hl_page_test_check_accessible (GtkWidget *root)
{
  guint nth = 0;
  GtkWidget *nameless = find (root, is_nameless, NULL, &nth);

  if (nameless != NULL)
    g_error ("A %s has no accessible name.", G_OBJECT_TYPE_NAME (nameless));
}
