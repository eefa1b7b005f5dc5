/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The window: header, pages, run bar, and what changes when another project is opened. */

#include "config.h"

#include <glib/gi18n.h>

#include "engine/exchange/onnx.h"
#include "ui/window-private.h"

#include "ui/build/build-page.h"
#include "ui/pages.h"
#include "ui/start-page.h"
#include "ui/widgets/device-menu.h"

G_DEFINE_FINAL_TYPE (HlMainWindow, hl_main_window, ADW_TYPE_APPLICATION_WINDOW)

void
hl_main_window_toast (HlMainWindow *self, const char *text)
{
  AdwToast *toast = adw_toast_new ("");
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_toast_set_title (toast, escaped);
  adw_toast_set_timeout (toast, 5);
  adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (self->toasts), toast);
}

void
hl_main_window_show_error (HlMainWindow *self, const char *title, const char *text)
{
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), title, text);

  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _("_Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}

HlWorkspace *
hl_main_window_get_workspace (HlMainWindow *self)
{
  return self->workspace;
}

GtkWidget *
hl_main_window_get_page (HlMainWindow *self, const char *name)
{
  return self->workspace ? gtk_stack_get_child_by_name (GTK_STACK (self->pages), name) : NULL;
}

/* ---- Following the project ---- */

static void
update_title (HlMainWindow *self)
{
  HlProject *project = self->workspace ? hl_workspace_get_project (self->workspace) : NULL;
  const char *name = project ? hl_project_get_title (project) : NULL;
  g_autofree char *shown = project ? g_strdup_printf (hl_project_get_modified (project) ? "%s •" : "%s", name) : g_strdup ("");
  g_autofree char *window = project ? g_strdup_printf ("%s — Hillock", shown) : g_strdup ("Hillock");
  GFile *file = project ? hl_project_get_file (project) : NULL;
  g_autofree char *path = file ? g_file_get_parse_name (file) : NULL;

  gtk_label_set_label (GTK_LABEL (self->title), shown);
  gtk_widget_set_tooltip_text (self->title, path ? path : project ? _("Not saved yet") : NULL);
  gtk_window_set_title (GTK_WINDOW (self), window);
}

static void
project_notify_cb (HlProject *project, GParamSpec *pspec, HlMainWindow *self)
{
  update_title (self);
  hl_main_window_update_actions (self);
}

static void
read_only_cb (HlProject *project, GParamSpec *pspec, HlMainWindow *self)
{
  g_autofree char *reason = NULL;

  g_object_get (project, "read-only-reason", &reason, NULL);
  if (reason)
    hl_main_window_toast (self, reason);
}

static void
notice_cb (HlSession *session, const char *text, HlMainWindow *self)
{
  hl_main_window_toast (self, text);
}

static void
finished_cb (HlSession *session, HlMainWindow *self)
{
  HlRun *run = hl_session_get_run (session);
  HlScore score;
  g_autofree char *text = NULL;

  if (!run || hl_session_get_state (session) != HL_SESSION_FINISHED)
    return;
  text = hl_run_get_test (run, &score)
    ? g_strdup_printf (_("%s has finished: %.2f\xe2\x80\x89%% of the test images are right."), hl_run_get_title (run), 100 * score.accuracy)
    : g_strdup_printf (_("%s has finished."), hl_run_get_title (run));
  hl_main_window_toast (self, text);
}

static void
session_notify_cb (HlSession *session, GParamSpec *pspec, HlMainWindow *self)
{
  g_autofree char *error = NULL;

  if (g_str_equal (pspec->name, "state") || g_str_equal (pspec->name, "busy"))
    hl_main_window_update_actions (self);
  if (!g_str_equal (pspec->name, "error-message"))
    return;
  g_object_get (session, "error-message", &error, NULL);
  if (error && g_strcmp0 (error, self->shown_error) != 0)
    hl_main_window_show_error (self, _("Training Has Stopped"), error);
  g_free (self->shown_error);
  self->shown_error = g_steal_pointer (&error);
}

static void
connect_workspace (HlMainWindow *self)
{
  HlProject *project = hl_workspace_get_project (self->workspace);
  HlSession *session = hl_workspace_get_session (self->workspace);

  g_signal_connect (project, "notify", G_CALLBACK (project_notify_cb), self);
  g_signal_connect (project, "notify::read-only-reason", G_CALLBACK (read_only_cb), self);
  g_signal_connect (session, "notice", G_CALLBACK (notice_cb), self);
  g_signal_connect (session, "finished", G_CALLBACK (finished_cb), self);
  g_signal_connect (session, "notify", G_CALLBACK (session_notify_cb), self);
  read_only_cb (project, NULL, self);
}

static void
clear_workspace (HlMainWindow *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (self->pages)))
    gtk_stack_remove (GTK_STACK (self->pages), child);
  adw_bin_set_child (ADW_BIN (self->bar_bin), NULL);
  adw_bin_set_child (ADW_BIN (self->device_bin), NULL);
  self->build_page = NULL;
  if (!self->workspace)
    return;
  g_signal_handlers_disconnect_by_data (hl_workspace_get_project (self->workspace), self);
  g_signal_handlers_disconnect_by_data (hl_workspace_get_session (self->workspace), self);
  hl_project_close (hl_workspace_get_project (self->workspace));
  g_clear_object (&self->workspace);
}

static void
show_start (HlMainWindow *self)
{
  GtkWidget *start = hl_start_page_new (hl_application_get_settings (self->application));

  g_signal_connect_object (start, "open-template", G_CALLBACK (hl_main_window_open_template), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (start, "open-file", G_CALLBACK (hl_main_window_open_file), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (start, "open-recovery", G_CALLBACK (hl_main_window_open_recovery), self, G_CONNECT_SWAPPED);
  adw_bin_set_child (ADW_BIN (self->start_bin), start);
  gtk_stack_set_visible_child_name (GTK_STACK (self->root), "start");
}

static void
show_project (HlMainWindow *self)
{
  GtkStack *pages = GTK_STACK (self->pages);

  self->build_page = hl_build_page_new (self->workspace);
  gtk_stack_add_titled (pages, self->build_page, "build", _("Build"));
  gtk_stack_add_titled (pages, hl_data_page_new (self->workspace), "data", _("Data"));
  gtk_stack_add_titled (pages, hl_train_page_new (self->workspace), "train", _("Train"));
  gtk_stack_add_titled (pages, hl_inspect_page_new (self->workspace), "inspect", _("Inspect"));
  adw_bin_set_child (ADW_BIN (self->bar_bin), hl_run_bar_new (self->workspace));
  adw_bin_set_child (ADW_BIN (self->device_bin), hl_device_menu_new (self->workspace));
  gtk_stack_set_visible_child_name (GTK_STACK (self->root), "project");
  adw_bin_set_child (ADW_BIN (self->start_bin), NULL);
  gtk_widget_grab_focus (GTK_WIDGET (hl_build_page_get_canvas (HL_BUILD_PAGE (self->build_page))));
}

void
hl_main_window_set_workspace (HlMainWindow *self, HlWorkspace *workspace)
{
  gboolean open = workspace != NULL;

  clear_workspace (self);
  g_clear_pointer (&self->shown_error, g_free);
  g_set_object (&self->workspace, workspace);
  gtk_stack_set_visible_child_name (GTK_STACK (self->title_stack), open ? "project" : "start");
  gtk_widget_set_visible (self->undo_button, open);
  gtk_widget_set_visible (self->redo_button, open);
  if (open)
    {
      connect_workspace (self);
      show_project (self);
    }
  else
    show_start (self);
  update_title (self);
  hl_main_window_update_actions (self);
}

/* ---- Opening ---- */

static void
set_project (HlMainWindow *self, HlProject *project)
{
  g_autoptr (HlWorkspace) workspace = hl_workspace_new (project, hl_application_get_devices (self->application),
                                                        hl_application_get_settings (self->application));

  if (hl_project_get_file (project))
    hl_settings_add_recent (hl_application_get_settings (self->application), hl_project_get_file (project));
  hl_main_window_set_workspace (self, workspace);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HlMainWindow) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HlProject) project = hl_project_open_finish (result, &error);

  gtk_spinner_stop (GTK_SPINNER (self->spinner));
  if (project)
    {
      set_project (self, project);
      if (hl_project_get_notice (project))
        hl_main_window_show_error (self, _("The Network Differs From the Model"), hl_project_get_notice (project));
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (self->workspace)
    gtk_stack_set_visible_child_name (GTK_STACK (self->root), "project");
  else
    show_start (self);
  hl_main_window_show_error (self, _("This Project Cannot Be Opened"), error->message);
}

static void
begin_opening (HlMainWindow *self)
{
  g_cancellable_cancel (self->opening);
  g_clear_object (&self->opening);
  self->opening = g_cancellable_new ();
  gtk_spinner_start (GTK_SPINNER (self->spinner));
}

static void
open_file_now (HlMainWindow *self, gpointer file)
{
  begin_opening (self);
  if (!self->workspace)
    gtk_stack_set_visible_child_name (GTK_STACK (self->root), "opening");
  hl_project_open_async (file, self->opening, opened_cb, g_object_ref (self));
}

HlMainWindow *
hl_main_window_find (HlApplication *application, GFile *file)
{
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (application)); l; l = l->next)
    {
      HlMainWindow *window = HL_IS_MAIN_WINDOW (l->data) ? l->data : NULL;
      GFile *open = window && window->workspace ? hl_project_get_file (hl_workspace_get_project (window->workspace)) : NULL;

      if (open && g_file_equal (open, file))
        return window;
    }
  return NULL;
}

void
hl_main_window_open_file (HlMainWindow *self, GFile *file)
{
  HlMainWindow *other = hl_main_window_find (self->application, file);

  if (other)
    {
      gtk_window_present (GTK_WINDOW (other));
      return;
    }
  hl_main_window_leave_project (self, open_file_now, g_object_ref (file), g_object_unref);
}

static void
open_template_now (HlMainWindow *self, gpointer name)
{
  g_autoptr (HlProject) project = hl_project_new (hl_template_new_state (name), name);

  set_project (self, project);
}

void
hl_main_window_open_template (HlMainWindow *self, const char *name)
{
  hl_main_window_leave_project (self, open_template_now, g_strdup (name), g_free);
}

void
hl_main_window_open_recovery (HlMainWindow *self, const HlRecovery *recovery)
{
  begin_opening (self);
  hl_project_recover_async (recovery, opened_cb, g_object_ref (self));
}

/* ---- Dropped files ---- */

static gboolean
drop_cb (GtkDropTarget *target, const GValue *value, double x, double y, HlMainWindow *self)
{
  GFile *file = g_value_get_object (value);
  g_autofree char *name = file ? g_file_get_basename (file) : NULL;

  if (!name || (!g_str_has_suffix (name, ".hillock") && !hl_onnx_is_name (file)))
    return FALSE;
  hl_main_window_open_file (self, file);
  return TRUE;
}

/* ---- Closing ---- */

static void
close_now (HlMainWindow *self, gpointer data)
{
  self->close_for_good = TRUE;
  gtk_window_close (GTK_WINDOW (self));
}

static gboolean
hl_main_window_close_request (GtkWindow *window)
{
  HlMainWindow *self = HL_MAIN_WINDOW (window);
  int width, height;

  if (!self->close_for_good && self->workspace)
    {
      hl_main_window_leave_project (self, close_now, NULL, NULL);
      /* With nothing to ask it is decided already. */
      if (!self->close_for_good)
        return TRUE;
    }
  gtk_window_get_default_size (window, &width, &height);
  hl_settings_set_window_size (hl_application_get_settings (self->application), width, height, gtk_window_is_maximized (window));
  clear_workspace (self);
  return GTK_WINDOW_CLASS (hl_main_window_parent_class)->close_request (window);
}

/* ---- The widget ---- */

static void
hl_main_window_dispose (GObject *object)
{
  HlMainWindow *self = HL_MAIN_WINDOW (object);

  if (self->opening)
    g_cancellable_cancel (self->opening);
  g_clear_object (&self->opening);
  if (self->pages)
    clear_workspace (self);
  self->pages = NULL;
  g_clear_pointer (&self->shown_error, g_free);
  g_clear_object (&self->application);
  G_OBJECT_CLASS (hl_main_window_parent_class)->dispose (object);
}

static void
hl_main_window_init (HlMainWindow *self)
{
  GtkDropTarget *drop = gtk_drop_target_new (G_TYPE_FILE, GDK_ACTION_COPY);

  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect (drop, "drop", G_CALLBACK (drop_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop));
  hl_main_window_add_actions (self);
}

static void
hl_main_window_class_init (HlMainWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = hl_main_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = hl_main_window_close_request;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/hillock/Hillock/window.ui");
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, header);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, title_stack);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, switcher);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, title);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, file_button);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, new_button);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, open_button);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, undo_button);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, redo_button);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, device_bin);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, main_button);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, root);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, start_bin);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, pages);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, bar_bin);
  gtk_widget_class_bind_template_child (widget_class, HlMainWindow, spinner);
  /* In the bubble phase: while text is being edited, Ctrl+Z undoes typing. */
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK, "win.undo", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "win.redo", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_y, GDK_CONTROL_MASK, "win.redo", NULL);
}

static void
add_shortcuts_window (HlMainWindow *self)
{
  g_autoptr (GtkBuilder) builder = gtk_builder_new_from_resource ("/io/github/hillock/Hillock/shortcuts.ui");
  GObject *overlay = gtk_builder_get_object (builder, "help_overlay");

  gtk_application_window_set_help_overlay (GTK_APPLICATION_WINDOW (self), GTK_SHORTCUTS_WINDOW (overlay));
}

HlMainWindow *
hl_main_window_new (HlApplication *application)
{
  HlMainWindow *self = g_object_new (HL_TYPE_MAIN_WINDOW, "application", application, NULL);
  int width, height;
  gboolean maximized;

  self->application = g_object_ref (application);
  hl_settings_get_window_size (hl_application_get_settings (application), &width, &height, &maximized);
  gtk_window_set_default_size (GTK_WINDOW (self), width, height);
  if (maximized)
    gtk_window_maximize (GTK_WINDOW (self));
  add_shortcuts_window (self);
  hl_main_window_set_workspace (self, NULL);
  return self;
}
