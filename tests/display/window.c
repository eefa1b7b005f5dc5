/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The whole program in one process: start page, opening, editing, saving, training, closing; every page goes away with its project. */

#include "config.h"

#include <glib/gstdio.h>

#include "ui/build/build-page.h"
#include "ui/start-page.h"
#include "ui/window.h"

static HlApplication *application;

static gboolean
timeout_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

#define wait_until(condition)                                        \
  G_STMT_START                                                       \
    {                                                                \
      gboolean late_ = FALSE;                                        \
      guint id_ = g_timeout_add_seconds (120, timeout_cb, &late_);   \
      while (!(condition) && !late_)                                 \
        g_main_context_iteration (NULL, TRUE);                       \
      g_assert_false (late_);                                        \
      g_source_remove (id_);                                         \
    }                                                                \
  G_STMT_END

static void
pump (void)
{
  for (guint i = 0; i < 400 && g_main_context_iteration (NULL, FALSE); i++)
    ;
}

static HlMainWindow *
window_new (void)
{
  HlMainWindow *window = hl_main_window_new (application);

  gtk_window_present (GTK_WINDOW (window));
  wait_until (gtk_widget_get_width (GTK_WIDGET (window)) > 10);
  return window;
}

/* Closes; the window, its workspace and its pages must all be gone. */
static void
close_window (HlMainWindow *window)
{
  GObject *watched[6] = { G_OBJECT (window), (GObject *) hl_main_window_get_workspace (window) };
  static const char *const pages[] = { "build", "data", "train", "inspect" };

  for (guint i = 0; watched[1] && i < G_N_ELEMENTS (pages); i++)
    watched[2 + i] = G_OBJECT (hl_main_window_get_page (window, pages[i]));
  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    if (watched[i])
      g_object_add_weak_pointer (watched[i], (gpointer *) &watched[i]);
  gtk_window_close (GTK_WINDOW (window));
  pump ();
  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    {
      if (watched[i])
        g_test_message ("%s is still there, %u references", G_OBJECT_TYPE_NAME (watched[i]), watched[i]->ref_count);
      wait_until (watched[i] == NULL);
    }
}

static void
activate (HlMainWindow *window, const char *action)
{
  g_assert_true (g_action_group_get_action_enabled (G_ACTION_GROUP (window), action));
  g_action_group_activate_action (G_ACTION_GROUP (window), action, NULL);
}

static gboolean
enabled (HlMainWindow *window, const char *action)
{
  return g_action_group_get_action_enabled (G_ACTION_GROUP (window), action);
}

static HlProject *
project_of (HlMainWindow *window)
{
  return hl_workspace_get_project (hl_main_window_get_workspace (window));
}

/* ---- Start page ---- */

static guint
count_type (GtkWidget *widget, GType type, const char *css_class)
{
  guint n = G_TYPE_CHECK_INSTANCE_TYPE (widget, type) && (!css_class || gtk_widget_has_css_class (widget, css_class));

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    n += count_type (child, type, css_class);
  return n;
}

static void
test_start (void)
{
  HlMainWindow *window = window_new ();
  guint n = 0;

  while (hl_template_list ()[n].name)
    n++;
  g_assert_null (hl_main_window_get_workspace (window));
  g_assert_cmpuint (count_type (GTK_WIDGET (window), HL_TYPE_START_PAGE, NULL), ==, 1);
  g_assert_cmpuint (count_type (GTK_WIDGET (window), GTK_TYPE_BUTTON, "gallery-card"), ==, n);
  g_assert_false (enabled (window, "save"));
  g_assert_false (enabled (window, "train"));
  close_window (window);
}

/* ---- Opening and leaving ---- */

static void
test_templates (void)
{
  HlMainWindow *window = window_new ();

  for (const HlTemplate *template = hl_template_list (); template->name; template++)
    {
      hl_main_window_open_template (window, template->name);
      g_assert_nonnull (hl_main_window_get_workspace (window));
      g_assert_nonnull (hl_main_window_get_page (window, "build"));
      g_assert_nonnull (hl_main_window_get_page (window, "inspect"));
      g_assert_true (enabled (window, "save"));
      g_assert_true (enabled (window, "train"));
      g_assert_false (enabled (window, "undo"));
      g_assert_false (hl_project_get_modified (project_of (window)));
      pump ();
    }
  activate (window, "start-page");
  g_assert_null (hl_main_window_get_workspace (window));
  close_window (window);
}

static void
test_pages (void)
{
  static const char *const pages[] = { "data", "train", "inspect", "build" };
  HlMainWindow *window = window_new ();

  hl_main_window_open_template (window, "lenet-strokes");
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      g_action_group_activate_action (G_ACTION_GROUP (window), "page", g_variant_new_string (pages[i]));
      pump ();
      g_assert_true (gtk_widget_get_child_visible (hl_main_window_get_page (window, pages[i])));
      wait_until (gtk_widget_get_width (hl_main_window_get_page (window, pages[i])) > 10);
    }
  close_window (window);
}

static void
test_broken_file (void)
{
  g_autofree char *path = g_build_filename (g_get_user_data_dir (), "broken.hillock", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  HlMainWindow *window = window_new ();
  g_autoptr (GList) before = NULL;
  guint n;

  g_mkdir_with_parents (g_get_user_data_dir (), 0700);
  g_assert_true (g_file_set_contents (path, "{ \"hillock\": 1, ", -1, NULL));
  n = g_list_model_get_n_items (gtk_window_get_toplevels ());
  hl_main_window_open_file (window, file);
  /* A dialog says what is wrong; the window stays usable. */
  wait_until (g_list_model_get_n_items (gtk_window_get_toplevels ()) > n);
  g_assert_null (hl_main_window_get_workspace (window));
  for (guint i = 0; i < g_list_model_get_n_items (gtk_window_get_toplevels ()); i++)
    {
      g_autoptr (GtkWindow) top = g_list_model_get_item (gtk_window_get_toplevels (), i);

      if (ADW_IS_MESSAGE_DIALOG (top))
        {
          g_assert_nonnull (strstr (adw_message_dialog_get_body (ADW_MESSAGE_DIALOG (top)), "broken.hillock"));
          gtk_window_destroy (top);
        }
    }
  close_window (window);
}

/* A model becomes a new project; what it says of itself is its name. */
static void
test_onnx_model (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "fuzz", "corpus", "onnx", "test_operator_conv.onnx", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  HlMainWindow *window = window_new ();
  HlCanvas *canvas;

  hl_main_window_open_file (window, file);
  wait_until (hl_main_window_get_workspace (window) != NULL);
  canvas = hl_build_page_get_canvas (HL_BUILD_PAGE (hl_main_window_get_page (window, "build")));
  g_assert_cmpuint (hl_canvas_get_n_cards (canvas), >, 1);
  g_assert_null (hl_project_get_file (project_of (window)));
  g_assert_nonnull (strstr (gtk_window_get_title (GTK_WINDOW (window)), "test_operator_conv •"));
  hl_project_close (project_of (window));
  gtk_window_destroy (GTK_WINDOW (window));
  pump ();
}

/* ---- Editing and saving ---- */

static void
test_edit_save (void)
{
  g_autofree char *path = g_build_filename (g_get_user_data_dir (), "edit.hillock", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (HlProjectState) state = hl_template_new_state ("mlp"), read = NULL;
  g_autoptr (GError) error = NULL;
  HlMainWindow *window = window_new ();
  HlModelDocument *document;
  HlCanvas *canvas;
  guint n;

  g_mkdir_with_parents (g_get_user_data_dir (), 0700);
  g_assert_true (hl_project_state_save (state, file, &error));
  hl_main_window_open_file (window, file);
  wait_until (hl_main_window_get_workspace (window) != NULL);
  document = hl_project_get_model (project_of (window));
  canvas = hl_build_page_get_canvas (HL_BUILD_PAGE (hl_main_window_get_page (window, "build")));
  n = hl_canvas_get_n_cards (canvas);
  g_assert_cmpuint (hl_model_document_append (document, hl_layer_class_find ("linear"), 0), !=, 0);
  g_assert_cmpuint (hl_canvas_get_n_cards (canvas), ==, n + 1);
  g_assert_true (hl_project_get_modified (project_of (window)));
  g_assert_nonnull (strstr (gtk_window_get_title (GTK_WINDOW (window)), "edit •"));
  activate (window, "undo");
  g_assert_cmpuint (hl_canvas_get_n_cards (canvas), ==, n);
  g_assert_false (hl_project_get_modified (project_of (window)));
  activate (window, "redo");
  g_assert_cmpuint (hl_canvas_get_n_cards (canvas), ==, n + 1);
  activate (window, "save");
  wait_until (!hl_project_get_modified (project_of (window)));
  read = hl_project_state_load (file, &error);
  g_assert_no_error (error);
  g_assert_true (hl_graph_equal (hl_project_state_get_graph (read), hl_model_document_get_graph (document)));
  close_window (window);
}

/* Closing with unsaved changes asks; cancelling keeps everything, discarding closes. */
static void
respond (GtkWindow *dialog, const char *response)
{
  g_object_add_weak_pointer (G_OBJECT (dialog), (gpointer *) &dialog);
  adw_message_dialog_response (ADW_MESSAGE_DIALOG (dialog), response);
  /* It may have gone with its window. */
  if (dialog)
    {
      g_object_remove_weak_pointer (G_OBJECT (dialog), (gpointer *) &dialog);
      gtk_window_destroy (dialog);
    }
  pump ();
}

static void
test_unsaved (void)
{
  HlMainWindow *window = window_new ();
  GtkWindow *dialog = NULL;

  hl_main_window_open_template (window, "mlp");
  hl_model_document_append (hl_project_get_model (project_of (window)), hl_layer_class_find ("linear"), 0);
  for (guint round = 0; round < 2; round++)
    {
      dialog = NULL;
      gtk_window_close (GTK_WINDOW (window));
      pump ();
      for (guint i = 0; i < g_list_model_get_n_items (gtk_window_get_toplevels ()); i++)
        {
          g_autoptr (GtkWindow) top = g_list_model_get_item (gtk_window_get_toplevels (), i);

          if (ADW_IS_MESSAGE_DIALOG (top))
            dialog = top;
        }
      g_assert_nonnull (dialog);
      if (round == 0)
        {
          respond (dialog, "cancel");
          g_assert_nonnull (hl_main_window_get_workspace (window));
        }
    }
  g_object_add_weak_pointer (G_OBJECT (window), (gpointer *) &window);
  respond (dialog, "discard");
  wait_until (window == NULL);
}

/* ---- Training ---- */

/* FALSE, with the test skipped, where there is nothing to train on. */
static gboolean
have_device (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) devices = hl_device_list (&error);

  if (!devices)
    g_test_skip (error->message);
  return devices != NULL;
}

static guint
n_points (HlSession *session)
{
  HlRun *run = hl_session_get_run (session);

  return run ? hl_series_get_n (hl_run_get_series (run, HL_METRIC_LOSS, HL_PART_TRAIN)) : 0;
}

static void
test_two_steps (void)
{
  HlMainWindow *window;
  HlSession *session;

  if (!have_device ())
    return;
  window = window_new ();
  hl_main_window_open_template (window, "lenet-strokes");
  session = hl_workspace_get_session (hl_main_window_get_workspace (window));
  for (guint i = 1; i <= 2; i++)
    {
      activate (window, "step");
      wait_until (hl_session_get_state (session) == HL_SESSION_FAILED
                  || (hl_session_get_state (session) == HL_SESSION_PAUSED && n_points (session) >= i));
      g_assert_cmpint (hl_session_get_state (session), ==, HL_SESSION_PAUSED);
      g_assert_cmpuint (n_points (session), ==, i);
    }
  g_assert_true (enabled (window, "stop"));
  activate (window, "stop");
  wait_until (hl_session_get_state (session) == HL_SESSION_STOPPED);
  close_window (window);
}

/* How long the longest turn of the main loop is while LeNet-5 trains and its curves are drawn. */
static void
test_fluid (void)
{
  HlMainWindow *window;
  HlSession *session;
  gint64 end;
  double longest = 0;
  guint n_turns = 0;

  if (!have_device ())
    return;
  window = window_new ();
  hl_main_window_open_template (window, "lenet-strokes");
  session = hl_workspace_get_session (hl_main_window_get_workspace (window));
  g_action_group_activate_action (G_ACTION_GROUP (window), "page", g_variant_new_string ("train"));
  pump ();
  activate (window, "train");
  wait_until (hl_session_get_state (session) == HL_SESSION_RUNNING || hl_session_get_state (session) == HL_SESSION_FAILED);
  g_assert_cmpint (hl_session_get_state (session), ==, HL_SESSION_RUNNING);
  pump ();
  for (end = g_get_monotonic_time () + 4 * G_TIME_SPAN_SECOND; g_get_monotonic_time () < end;)
    {
      gint64 start = g_get_monotonic_time ();

      if (g_main_context_iteration (NULL, FALSE))
        n_turns++;
      else
        g_usleep (500);
      longest = MAX (longest, (g_get_monotonic_time () - start) / 1000.0);
    }
  g_test_message ("the longest of %u turns of the main loop while training took %.1f ms", n_turns, longest);
  g_assert_cmpfloat (longest, <, 500);
  activate (window, "stop");
  wait_until (hl_session_get_state (session) == HL_SESSION_STOPPED || hl_session_get_state (session) == HL_SESSION_FINISHED);
  close_window (window);
}

/* The user's own projects and settings are none of our business. (Isolating the system's folders too, as GLib's own option does,
 * would take the icons away.) */
static void
isolate (void)
{
  static const char *const names[] = { "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME" };
  g_autofree char *folder = g_dir_make_tmp ("hillock-test-XXXXXX", NULL);

  g_assert_nonnull (folder);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      g_setenv (names[i], path, TRUE);
    }
}

int
main (int argc, char **argv)
{
  int status;

  isolate ();
  hl_device_init_environment ();
  g_test_init (&argc, &argv, NULL);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP there is no display\n");
      return 77;
    }
  /* As in g_application_run: other threads must not take this thread's turn between two iterations. */
  g_assert_true (g_main_context_acquire (NULL));
  application = hl_application_new ();
  g_application_set_flags (G_APPLICATION (application), G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));
  /* Windows come and go here: the last one must not end the program. */
  g_application_hold (G_APPLICATION (application));
  g_test_add_func ("/window/start", test_start);
  g_test_add_func ("/window/templates", test_templates);
  g_test_add_func ("/window/pages", test_pages);
  g_test_add_func ("/window/broken-file", test_broken_file);
  g_test_add_func ("/window/onnx-model", test_onnx_model);
  g_test_add_func ("/window/edit-save", test_edit_save);
  g_test_add_func ("/window/unsaved", test_unsaved);
  g_test_add_func ("/window/two-steps", test_two_steps);
  g_test_add_func ("/window/fluid", test_fluid);
  status = g_test_run ();
  g_object_unref (application);
  return status;
}
