/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows of runs and what their menus do. */

#include "config.h"

#include "ui/train/run-rows.h"

#include "ui/chart/export.h"
#include "ui/chart/palette.h"

#include <adwaita.h>
#include <glib/gi18n.h>

/* What a row's actions need; owned by the row. */
typedef struct
{
  GtkWidget *row;
  GtkWidget *menu_button;
  HlWorkspace *workspace;
  HlRun *run;
} RunRow;

static void
run_row_free (gpointer data)
{
  RunRow *self = data;

  g_object_unref (self->workspace);
  g_object_unref (self->run);
  g_free (self);
}

HlRun *
hl_run_rows_get_run (GtkListBoxRow *row)
{
  RunRow *self = row != NULL ? g_object_get_data (G_OBJECT (row), "hl-run-row") : NULL;

  return self != NULL ? self->run : NULL;
}

/* ---- Actions ---- */

static void
resume_cb (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  RunRow *self = data;
  g_autoptr(GError) error = NULL;
  HlDataset *dataset = hl_data_source_get_dataset (hl_workspace_get_source (self->workspace));

  if (!hl_session_resume_run (hl_workspace_get_session (self->workspace), self->run, dataset, &error))
    hl_export_notify (self->row, error->message);
}

static void
inspect_cb (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  RunRow *self = data;
  g_autoptr(GError) error = NULL;
  HlSession *session = hl_workspace_get_session (self->workspace);
  HlDataset *dataset = hl_data_source_get_dataset (hl_workspace_get_source (self->workspace));

  /* The run the session holds answers probes already, also while it trains. */
  if (hl_session_get_run (session) != self->run && !hl_session_inspect_run (session, self->run, dataset, &error))
    {
      hl_export_notify (self->row, error->message);
      return;
    }
  gtk_widget_activate_action (self->row, "win.page", "s", "inspect");
}

static void
open_folder_cb (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  RunRow *self = data;
  GFile *folder = hl_run_get_folder (self->run);
  GtkRoot *root = gtk_widget_get_root (self->row);
  g_autofree char *uri = folder != NULL ? g_file_get_uri (folder) : NULL;

  if (uri == NULL)
    hl_export_notify (self->row, _("The run has no folder yet: it is made when the first step begins."));
  else
    gtk_show_uri (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, uri, GDK_CURRENT_TIME);
}

static void
delete_response_cb (AdwMessageDialog *dialog, const char *response, HlRun *run)
{
  HlRunList *runs = g_object_get_data (G_OBJECT (dialog), "runs");

  if (g_strcmp0 (response, "delete") == 0)
    hl_run_list_remove (runs, run);
}

static void
delete_cb (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  RunRow *self = data;
  GtkRoot *root = gtk_widget_get_root (self->row);
  GtkWidget *dialog;

  if (hl_run_get_active (self->run))
    {
      hl_export_notify (self->row, _("This run is being trained. Stop it before you delete it."));
      return;
    }
  dialog = adw_message_dialog_new (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, NULL, NULL);
  adw_message_dialog_format_heading (ADW_MESSAGE_DIALOG (dialog), _("Delete “%s”?"), hl_run_get_title (self->run));
  adw_message_dialog_set_body (ADW_MESSAGE_DIALOG (dialog), _("Its folder with curves and weights is moved to the trash."));
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _("Cancel"), "delete", _("Delete"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "delete", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "runs", g_object_ref (hl_workspace_get_runs (self->workspace)), g_object_unref);
  g_signal_connect_data (dialog, "response", G_CALLBACK (delete_response_cb), g_object_ref (self->run), (GClosureNotify) (void (*) (void)) g_object_unref, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
rename_activated_cb (GtkEntry *entry, GtkPopover *popover)
{
  HlRun *run = g_object_get_data (G_OBJECT (entry), "run");
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (entry))));

  if (*text != '\0')
    g_object_set (run, "title", text, NULL);
  gtk_popover_popdown (popover);
}

static gboolean
unparent_cb (gpointer data)
{
  gtk_widget_unparent (data);
  return G_SOURCE_REMOVE;
}

static void
closed_cb (GtkWidget *popover)
{
  /* Not while it is still closing. */
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, unparent_cb, g_object_ref (popover), g_object_unref);
}

static void
rename_cb (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  RunRow *self = data;
  GtkWidget *popover = gtk_popover_new (), *entry = gtk_entry_new ();

  gtk_editable_set_text (GTK_EDITABLE (entry), hl_run_get_title (self->run));
  gtk_editable_set_width_chars (GTK_EDITABLE (entry), 26);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Name of the run"), -1);
  g_object_set_data_full (G_OBJECT (entry), "run", g_object_ref (self->run), g_object_unref);
  g_signal_connect (entry, "activate", G_CALLBACK (rename_activated_cb), popover);
  g_signal_connect (popover, "closed", G_CALLBACK (closed_cb), NULL);
  gtk_popover_set_child (GTK_POPOVER (popover), entry);
  gtk_widget_set_parent (popover, self->row);
  gtk_popover_popup (GTK_POPOVER (popover));
  gtk_widget_grab_focus (entry);
}

static GSimpleActionGroup *
make_actions (RunRow *self)
{
  const GActionEntry entries[] = {
    { "rename", rename_cb }, { "resume", resume_cb }, { "inspect", inspect_cb }, { "open-folder", open_folder_cb }, { "delete", delete_cb },
  };
  GSimpleActionGroup *group = g_simple_action_group_new ();
  g_autoptr(GPropertyAction) star = g_property_action_new ("star", self->run, "starred");
  g_autoptr(GPropertyAction) show = g_property_action_new ("show", self->run, "shown");

  g_action_map_add_action_entries (G_ACTION_MAP (group), entries, G_N_ELEMENTS (entries), self);
  g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (star));
  g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (show));
  return group;
}

static GMenuModel *
make_menu (void)
{
  GMenu *menu = g_menu_new ();
  g_autoptr(GMenu) use = g_menu_new (), mark = g_menu_new (), end = g_menu_new ();

  g_menu_append (use, _("Show in Inspect"), "run.inspect");
  g_menu_append (use, _("Resume"), "run.resume");
  g_menu_append (mark, _("Show in Charts"), "run.show");
  g_menu_append (mark, _("Star"), "run.star");
  g_menu_append (mark, _("Rename…"), "run.rename");
  g_menu_append (mark, _("Open Folder"), "run.open-folder");
  g_menu_append (end, _("Delete…"), "run.delete");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (use));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (mark));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (end));
  return G_MENU_MODEL (menu);
}

/* ---- Rows ---- */

static void
shown_cb (HlPaletteDot *dot, GParamSpec *pspec, HlRun *run)
{
  hl_palette_dot_set (dot, hl_run_get_color_index (run), hl_run_get_shown (run));
}

static GtkWidget *
make_dot (HlRun *run)
{
  GtkWidget *button = gtk_toggle_button_new (), *dot = hl_palette_dot_new ();

  gtk_button_set_child (GTK_BUTTON (button), dot);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "hl-dot");
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, _("Show in the charts"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Show in the charts"), -1);
  g_object_bind_property (run, "shown", button, "active", G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_signal_connect_object (run, "notify::shown", G_CALLBACK (shown_cb), dot, G_CONNECT_SWAPPED);
  g_signal_connect_object (run, "notify::color-index", G_CALLBACK (shown_cb), dot, G_CONNECT_SWAPPED);
  shown_cb (HL_PALETTE_DOT (dot), NULL, run);
  return button;
}

static GtkWidget *
bound_label (HlRun *run, const char *property, const char *css_class, float align)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), align);
  gtk_widget_add_css_class (label, css_class);
  /* An arrow from another font makes a line a pixel higher, unless it is cut off: the row's height must not depend on that. */
  gtk_widget_set_size_request (label, -1, 19);
  if (align == 0)
    gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  g_object_bind_property (run, property, label, "label", G_BINDING_SYNC_CREATE);
  return label;
}

/* "validation 87.5 %" is too long beside the title: the number alone, the whole text in the tooltip. */
static gboolean
number_only (GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  const char *text = g_value_get_string (from), *digit = text;

  while (digit != NULL && *digit != '\0' && !g_ascii_isdigit (*digit))
    digit++;
  g_value_set_string (to, digit != NULL && *digit != '\0' ? digit : text);
  return TRUE;
}

static gboolean
query_tooltip_cb (HlRun *run, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
  g_autofree char *title = NULL, *summary = NULL, *state = NULL, *accuracy = NULL, *text = NULL;

  g_object_get (run, "title", &title, "summary", &summary, "state-text", &state, "accuracy-text", &accuracy, NULL);
  text = g_strdup_printf ("%s\n%s\n%s\n%s", title, summary != NULL ? summary : "", state != NULL ? state : "", accuracy != NULL ? accuracy : "");
  gtk_tooltip_set_text (tooltip, g_strchomp (text));
  return TRUE;
}

static void
right_clicked_cb (RunRow *self)
{
  gtk_menu_button_popup (GTK_MENU_BUTTON (self->menu_button));
}

static GtkWidget *
make_content (RunRow *self)
{
  HlRun *run = self->run;
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4), *text = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *top = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4), *bottom = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4);
  GtkWidget *star = gtk_image_new_from_icon_name ("starred-symbolic"), *title = bound_label (run, "title", "heading", 0);
  GtkWidget *summary = bound_label (run, "summary", "caption", 0), *state = bound_label (run, "state-text", "caption", 1);
  GtkWidget *accuracy = gtk_label_new (NULL);

  gtk_widget_set_hexpand (text, TRUE);
  gtk_widget_set_valign (text, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (summary, "dim-label");
  gtk_widget_add_css_class (state, "dim-label");
  gtk_widget_set_hexpand (summary, TRUE);
  gtk_image_set_pixel_size (GTK_IMAGE (star), 12);
  g_object_bind_property (run, "starred", star, "visible", G_BINDING_SYNC_CREATE);
  gtk_box_append (GTK_BOX (top), title);
  gtk_box_append (GTK_BOX (top), star);
  gtk_widget_add_css_class (accuracy, "hl-accuracy");
  gtk_label_set_xalign (GTK_LABEL (accuracy), 1);
  gtk_widget_set_hexpand (accuracy, TRUE);
  g_object_bind_property_full (run, "accuracy-text", accuracy, "label", G_BINDING_SYNC_CREATE, number_only, NULL, NULL, NULL);
  g_object_bind_property (run, "active", state, "visible", G_BINDING_SYNC_CREATE);
  gtk_box_append (GTK_BOX (top), accuracy);
  gtk_box_append (GTK_BOX (bottom), summary);
  gtk_box_append (GTK_BOX (bottom), state);
  gtk_box_append (GTK_BOX (text), top);
  gtk_box_append (GTK_BOX (text), bottom);
  gtk_box_append (GTK_BOX (box), make_dot (run));
  gtk_box_append (GTK_BOX (box), text);
  self->menu_button = gtk_menu_button_new ();
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (self->menu_button), "view-more-symbolic");
  gtk_widget_add_css_class (self->menu_button, "flat");
  gtk_widget_add_css_class (self->menu_button, "hl-dot");
  gtk_widget_set_valign (self->menu_button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (self->menu_button, _("What to do with this run"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->menu_button), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Run menu"), -1);
  gtk_box_append (GTK_BOX (box), self->menu_button);
  return box;
}

static GtkWidget *
create_row (gpointer item, gpointer data)
{
  RunRow *self = g_new0 (RunRow, 1);
  GtkGesture *click = gtk_gesture_click_new ();
  g_autoptr(GMenuModel) menu = make_menu ();
  g_autoptr(GSimpleActionGroup) actions = NULL;

  self->row = gtk_list_box_row_new ();
  self->workspace = g_object_ref (HL_WORKSPACE (data));
  self->run = g_object_ref (HL_RUN (item));
  gtk_widget_add_css_class (self->row, "hl-run");
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (self->row), make_content (self));
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (self->menu_button), menu);
  actions = make_actions (self);
  gtk_widget_insert_action_group (self->row, "run", G_ACTION_GROUP (actions));
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_signal_connect_swapped (click, "pressed", G_CALLBACK (right_clicked_cb), self);
  gtk_widget_add_controller (self->row, GTK_EVENT_CONTROLLER (click));
  g_object_set_data_full (G_OBJECT (self->row), "hl-run-row", self, run_row_free);
  gtk_widget_set_has_tooltip (self->row, TRUE);
  g_signal_connect_object (self->row, "query-tooltip", G_CALLBACK (query_tooltip_cb), self->run, G_CONNECT_SWAPPED);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->row), GTK_ACCESSIBLE_PROPERTY_LABEL, hl_run_get_title (self->run), -1);
  return self->row;
}

GtkWidget *
hl_run_rows_new (HlWorkspace *workspace)
{
  GtkWidget *list = gtk_list_box_new ();

  gtk_widget_add_css_class (list, "hl-runs");
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_BROWSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Runs"), -1);
  gtk_list_box_bind_model (GTK_LIST_BOX (list), G_LIST_MODEL (hl_workspace_get_runs (workspace)), create_row,
                           g_object_ref (workspace), g_object_unref);
  return list;
}
