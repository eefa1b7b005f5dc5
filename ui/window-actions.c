/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a window can do: every entry of a menu, every button and every shortcut refers to one of these actions. */

#include "config.h"

#include <glib/gi18n.h>

#include "ui/window-private.h"

#include "app/export.h"
#include "ui/build/build-page.h"

/* ---- A call to be made later ---- */

typedef struct
{
  HlMainWindow *window;       /* a reference */
  HlMainWindowFunc func;      /* may be NULL */
  gpointer data;
  GDestroyNotify free_data;
} Later;

static Later *
later_new (HlMainWindow *window, HlMainWindowFunc func, gpointer data, GDestroyNotify free_data)
{
  Later *self = g_new0 (Later, 1);

  self->window = g_object_ref (window);
  self->func = func;
  self->data = data;
  self->free_data = free_data;
  return self;
}

static void
later_free (Later *self)
{
  if (self->free_data && self->data)
    self->free_data (self->data);
  g_object_unref (self->window);
  g_free (self);
}

static void
later_run (Later *self)
{
  if (self->func)
    self->func (self->window, self->data);
}

/* ---- Saving ---- */

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer data);

static void
overwrite_cb (AdwMessageDialog *dialog, const char *response, Later *later)
{
  if (g_str_equal (response, "overwrite") && later->window->workspace)
    hl_project_save_async (hl_workspace_get_project (later->window->workspace), NULL, TRUE, NULL, saved_cb, later);
  else
    later_free (later);
}

/* Somebody else wrote the file meanwhile: nothing of either is thrown away without a question. */
static void
ask_overwrite (Later *later, const char *text)
{
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (later->window), _("Save Over the Newer File?"), text);

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _("_Cancel"), "overwrite", _("Save _Over It"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "overwrite", ADW_RESPONSE_DESTRUCTIVE);
  g_signal_connect (dialog, "response", G_CALLBACK (overwrite_cb), later);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Later *later = data;
  HlProject *project = HL_PROJECT (source);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!hl_project_save_finish (project, result, &error))
    {
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG))
        {
          ask_overwrite (later, error->message);
          return;
        }
      hl_main_window_show_error (later->window, _("The Project Could Not Be Saved"), error->message);
      later_free (later);
      return;
    }
  hl_settings_add_recent (hl_application_get_settings (later->window->application), hl_project_get_file (project));
  text = g_strdup_printf (_("%s is saved."), hl_project_get_title (project));
  if (!later->func)
    hl_main_window_toast (later->window, text);
  later_run (later);
  later_free (later);
}

static void
name_chosen_cb (GtkNativeDialog *dialog, int response, Later *later)
{
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT && later->window->workspace)
    {
      g_autofree char *path = NULL;

      file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      path = g_file_get_path (file);
      if (path && !g_str_has_suffix (path, ".hillock"))
        {
          g_autofree char *longer = g_strconcat (path, ".hillock", NULL);

          g_object_unref (file);
          file = g_file_new_for_path (longer);
        }
      hl_project_save_async (hl_workspace_get_project (later->window->workspace), file, FALSE, NULL, saved_cb, later);
    }
  else
    later_free (later);
  g_object_unref (dialog);
}

static void
add_filter (GtkFileChooser *chooser, const char *name, const char *patterns)
{
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  g_auto (GStrv) list = g_strsplit (patterns, " ", -1);

  gtk_file_filter_set_name (filter, name);
  for (guint i = 0; list[i]; i++)
    gtk_file_filter_add_pattern (filter, list[i]);
  gtk_file_chooser_add_filter (chooser, filter);
}

void
hl_main_window_save (HlMainWindow *self, gboolean ask_name, HlMainWindowFunc after, gpointer data, GDestroyNotify free_data)
{
  HlProject *project = hl_workspace_get_project (self->workspace);
  Later *later = later_new (self, after, data, free_data);
  GtkFileChooserNative *chooser;
  g_autofree char *name = NULL;

  if (!ask_name && hl_project_get_file (project))
    {
      hl_project_save_async (project, NULL, FALSE, NULL, saved_cb, later);
      return;
    }
  chooser = gtk_file_chooser_native_new (_("Save Project"), GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_SAVE, _("_Save"), _("_Cancel"));
  name = g_strdup_printf ("%s.hillock", hl_project_get_title (project));
  add_filter (GTK_FILE_CHOOSER (chooser), _("Hillock projects"), "*.hillock");
  if (hl_project_get_file (project))
    gtk_file_chooser_set_file (GTK_FILE_CHOOSER (chooser), hl_project_get_file (project), NULL);
  else
    gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
  g_signal_connect (chooser, "response", G_CALLBACK (name_chosen_cb), later);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

/* ---- Leaving a project ---- */

static gboolean
later_idle_cb (gpointer data)
{
  later_run (data);
  later_free (data);
  return G_SOURCE_REMOVE;
}

/* What follows may destroy the window the dialog belongs to, so the dialog goes first. */
static void
leave_cb (AdwMessageDialog *dialog, const char *response, Later *later)
{
  if (g_str_equal (response, "save"))
    {
      hl_main_window_save (later->window, FALSE, later->func, g_steal_pointer (&later->data), later->free_data);
      later_free (later);
      return;
    }
  if (g_str_equal (response, "discard") || g_str_equal (response, "leave"))
    g_idle_add (later_idle_cb, later);
  else
    later_free (later);
}

void
hl_main_window_leave_project (HlMainWindow *self, HlMainWindowFunc func, gpointer data, GDestroyNotify free_data)
{
  Later *later = later_new (self, func, data, free_data);
  HlProject *project = self->workspace ? hl_workspace_get_project (self->workspace) : NULL;
  gboolean busy = project && hl_session_is_busy (hl_workspace_get_session (self->workspace));
  gboolean modified = project && hl_project_get_modified (project);
  g_autofree char *text = NULL;
  GtkWidget *dialog;

  if (!busy && !modified)
    {
      later_run (later);
      later_free (later);
      return;
    }
  text = g_strjoin (" ", modified ? _("Changes that are not saved would be lost.") : "",
                    busy ? _("The training that is going on would be stopped; it can be resumed from its last finished epoch.") : "", NULL);
  dialog = adw_message_dialog_new (GTK_WINDOW (self), modified ? _("Save the Changes?") : _("Stop Training?"), g_strstrip (text));
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "cancel", _("_Cancel"));
  if (modified)
    {
      adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "discard", _("_Discard"), "save", _("_Save"), NULL);
      adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "discard", ADW_RESPONSE_DESTRUCTIVE);
      adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "save", ADW_RESPONSE_SUGGESTED);
      adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "save");
    }
  else
    {
      adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "leave", _("_Stop Training"));
      adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "leave", ADW_RESPONSE_DESTRUCTIVE);
    }
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_signal_connect (dialog, "response", G_CALLBACK (leave_cb), later);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* ---- Files ---- */

static void
start_page_now (HlMainWindow *self, gpointer data)
{
  hl_main_window_set_workspace (self, NULL);
}

static void
start_page_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  hl_main_window_leave_project (data, start_page_now, NULL, NULL);
}

static void
open_chosen_cb (GtkNativeDialog *dialog, int response, HlMainWindow *self)
{
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT && (file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog))))
    hl_main_window_open_file (self, file);
  g_object_unref (dialog);
}

static void
open_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (_("Open Project"), data, GTK_FILE_CHOOSER_ACTION_OPEN, _("_Open"), _("_Cancel"));

  add_filter (GTK_FILE_CHOOSER (chooser), _("Hillock projects and ONNX models"), "*.hillock *.onnx");
  add_filter (GTK_FILE_CHOOSER (chooser), _("All files"), "*");
  g_signal_connect_object (chooser, "response", G_CALLBACK (open_chosen_cb), data, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
save_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  HlMainWindow *self = data;

  if (self->workspace)
    hl_main_window_save (self, FALSE, NULL, NULL, NULL);
}

static void
save_as_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  HlMainWindow *self = data;

  if (self->workspace)
    hl_main_window_save (self, TRUE, NULL, NULL, NULL);
}

static void
weights_chosen_cb (GtkNativeDialog *dialog, int response, HlMainWindow *self)
{
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT && self->workspace && (file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog))))
    hl_session_save_weights (hl_workspace_get_session (self->workspace), file);
  g_object_unref (dialog);
}

/* The name that is proposed ends as the chosen kind of file does. */
static void
format_chosen_cb (GtkFileChooser *chooser, GParamSpec *pspec, HlMainWindow *self)
{
  const char *chosen = gtk_file_chooser_get_filter (chooser) ? gtk_file_filter_get_name (gtk_file_chooser_get_filter (chooser)) : "";

  for (const HlExportFormat *format = hl_export_formats (); self->workspace && format->name; format++)
    if (g_strcmp0 (chosen, _(format->title)) == 0)
      {
        g_autofree char *name = g_strconcat (hl_project_get_title (hl_workspace_get_project (self->workspace)), format->suffix, NULL);

        gtk_file_chooser_set_current_name (chooser, name);
      }
}

static void
export_weights_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  HlMainWindow *self = data;
  GtkFileChooserNative *chooser;
  g_autofree char *name = NULL;

  if (!self->workspace)
    return;
  chooser = gtk_file_chooser_native_new (_("Export Weights"), GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_SAVE, _("_Export"), _("_Cancel"));
  name = g_strdup_printf ("%s.safetensors", hl_project_get_title (hl_workspace_get_project (self->workspace)));
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
  for (const HlExportFormat *format = hl_export_formats (); format->name; format++)
    {
      g_autofree char *pattern = g_strconcat ("*", format->suffix, NULL);

      add_filter (GTK_FILE_CHOOSER (chooser), _(format->title), pattern);
    }
  g_signal_connect_object (chooser, "notify::filter", G_CALLBACK (format_chosen_cb), self, 0);
  g_signal_connect_object (chooser, "response", G_CALLBACK (weights_chosen_cb), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

/* ---- Undo ---- */

static void
undo_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  HlMainWindow *self = data;

  if (self->workspace)
    hl_project_undo (hl_workspace_get_project (self->workspace));
}

static void
redo_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  HlMainWindow *self = data;

  if (self->workspace)
    hl_project_redo (hl_workspace_get_project (self->workspace));
}

/* ---- Training ---- */

static gboolean
start_session (HlMainWindow *self, gboolean paused)
{
  HlSession *session = hl_workspace_get_session (self->workspace);
  g_autofree char *device = hl_settings_dup_device (hl_application_get_settings (self->application));
  g_autoptr (GError) error = NULL;

  hl_session_set_device (session, device && *device ? device : NULL);
  if (hl_session_start (session, hl_data_source_get_dataset (hl_workspace_get_source (self->workspace)), paused, &error))
    return TRUE;
  hl_main_window_show_error (self, _("Training Cannot Start"), error->message);
  return FALSE;
}

static void
train_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  HlMainWindow *self = data;
  HlSession *session = self->workspace ? hl_workspace_get_session (self->workspace) : NULL;

  if (!session)
    return;
  switch (hl_session_get_state (session))
    {
    case HL_SESSION_RUNNING: hl_session_pause (session); break;
    case HL_SESSION_PAUSED: hl_session_resume (session); break;
    case HL_SESSION_PREPARING:
    case HL_SESSION_STOPPING: break;
    default: start_session (self, FALSE);
    }
}

static void
step_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  HlMainWindow *self = data;
  HlSession *session = self->workspace ? hl_workspace_get_session (self->workspace) : NULL;

  if (!session)
    return;
  if (hl_session_is_busy (session) || start_session (self, TRUE))
    hl_session_single_step (session);
}

static void
stop_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  HlMainWindow *self = data;

  if (self->workspace)
    hl_session_stop (hl_workspace_get_session (self->workspace));
}

/* ---- The rest ---- */

static void
sidebar_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  HlMainWindow *self = data;

  if (self->build_page)
    hl_build_page_toggle_palette (HL_BUILD_PAGE (self->build_page));
}

static void
page_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  HlMainWindow *self = data;

  if (self->workspace && gtk_stack_get_child_by_name (GTK_STACK (self->pages), g_variant_get_string (parameter, NULL)))
    gtk_stack_set_visible_child_name (GTK_STACK (self->pages), g_variant_get_string (parameter, NULL));
}

static void
toast_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  hl_main_window_toast (data, g_variant_get_string (parameter, NULL));
}

static void
error_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  hl_main_window_show_error (data, _("Something Went Wrong"), g_variant_get_string (parameter, NULL));
}

static void
enable (HlMainWindow *self, const char *name, gboolean on)
{
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self), name);

  g_simple_action_set_enabled (G_SIMPLE_ACTION (action), on);
}

static void
update_undo (HlMainWindow *self, HlProject *project)
{
  g_autofree char *undo = NULL, *redo = NULL, *undo_tip = NULL, *redo_tip = NULL;
  gboolean can_undo = FALSE, can_redo = FALSE;

  if (project)
    g_object_get (project, "can-undo", &can_undo, "can-redo", &can_redo, "undo-label", &undo, "redo-label", &redo, NULL);
  enable (self, "undo", can_undo);
  enable (self, "redo", can_redo);
  undo_tip = undo ? g_strdup_printf (_("Undo “%s” (Ctrl+Z)"), undo) : g_strdup (_("Nothing to undo"));
  redo_tip = redo ? g_strdup_printf (_("Redo “%s” (Ctrl+Shift+Z)"), redo) : g_strdup (_("Nothing to redo"));
  gtk_widget_set_tooltip_text (self->undo_button, undo_tip);
  gtk_widget_set_tooltip_text (self->redo_button, redo_tip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->undo_button), GTK_ACCESSIBLE_PROPERTY_LABEL, undo_tip, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->redo_button), GTK_ACCESSIBLE_PROPERTY_LABEL, redo_tip, -1);
}

void
hl_main_window_update_actions (HlMainWindow *self)
{
  HlProject *project = self->workspace ? hl_workspace_get_project (self->workspace) : NULL;
  HlSessionState state = project ? hl_session_get_state (hl_workspace_get_session (self->workspace)) : HL_SESSION_IDLE;
  gboolean open = project != NULL;

  update_undo (self, project);
  enable (self, "save", open);
  enable (self, "save-as", open);
  enable (self, "start-page", open);
  enable (self, "new", open);
  enable (self, "sidebar", open);
  enable (self, "page", open);
  enable (self, "train", open && state != HL_SESSION_PREPARING && state != HL_SESSION_STOPPING);
  enable (self, "step", open && state != HL_SESSION_PREPARING && state != HL_SESSION_STOPPING && state != HL_SESSION_RUNNING);
  enable (self, "stop", state == HL_SESSION_PREPARING || state == HL_SESSION_RUNNING || state == HL_SESSION_PAUSED);
  enable (self, "export-weights", open && state != HL_SESSION_IDLE && state != HL_SESSION_PREPARING && state != HL_SESSION_FAILED);
}

void
hl_main_window_add_actions (HlMainWindow *self)
{
  static const GActionEntry entries[] = {
    { .name = "new", .activate = start_page_action },
    { .name = "start-page", .activate = start_page_action },
    { .name = "open", .activate = open_action },
    { .name = "save", .activate = save_action },
    { .name = "save-as", .activate = save_as_action },
    { .name = "export-weights", .activate = export_weights_action },
    { .name = "undo", .activate = undo_action },
    { .name = "redo", .activate = redo_action },
    { .name = "train", .activate = train_action },
    { .name = "step", .activate = step_action },
    { .name = "stop", .activate = stop_action },
    { .name = "sidebar", .activate = sidebar_action },
    { .name = "page", .activate = page_action, .parameter_type = "s" },
    { .name = "toast", .activate = toast_action, .parameter_type = "s" },
    { .name = "error", .activate = error_action, .parameter_type = "s" },
  };

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}
