/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The device button and its list. */

#include "config.h"

#include <glib/gi18n.h>

#include "ui/widgets/device-menu.h"

struct _HlDeviceMenu
{
  GtkWidget parent_instance;
  HlWorkspace *workspace;
  HlDeviceStore *devices;
  GtkWidget *button, *dot, *label, *list, *message;
};

G_DEFINE_FINAL_TYPE (HlDeviceMenu, hl_device_menu, GTK_TYPE_WIDGET)

static const char *const test_classes[] = { "untested", "passed", "failed" };

static void
set_test_class (GtkWidget *dot, int state)
{
  for (int i = 0; i < 3; i++)
    if (i == state)
      gtk_widget_add_css_class (dot, test_classes[i]);
    else
      gtk_widget_remove_css_class (dot, test_classes[i]);
}

static const char *
test_text (int state)
{
  return state == 1 ? _("self-test passed") : state == 2 ? _("self-test failed") : _("not tested yet");
}

/* The device that would be used: the chosen one, else the first. */
static HlDeviceItem *
current_item (HlDeviceMenu *self)
{
  GListModel *model = G_LIST_MODEL (self->devices);
  g_autofree char *wanted = hl_settings_dup_device (hl_workspace_get_settings (self->workspace));

  for (guint i = 0; wanted && *wanted && i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (HlDeviceItem) item = g_list_model_get_item (model, i);

      if (g_strcmp0 (hl_device_item_get_info (item)->id, wanted) == 0)
        return g_steal_pointer (&item);
    }
  return g_list_model_get_item (model, 0);
}

static void
update_button (HlDeviceMenu *self)
{
  g_autoptr (HlDeviceItem) item = current_item (self);
  g_autofree char *title = NULL, *test_message = NULL, *tip = NULL;
  gboolean loading;
  int state = 0;

  g_object_get (self->devices, "loading", &loading, NULL);
  if (item)
    g_object_get (item, "title", &title, "test-state", &state, "test-message", &test_message, NULL);
  else
    state = loading ? 0 : 2;
  gtk_label_set_label (GTK_LABEL (self->label), title ? title : loading ? _("Looking for devices…") : _("No device"));
  set_test_class (self->dot, state);
  tip = g_strdup_printf (_("Device: %s, %s"), gtk_label_get_label (GTK_LABEL (self->label)),
                         test_message && *test_message ? test_message : test_text (state));
  gtk_widget_set_tooltip_text (self->button, tip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL, tip, -1);
}

static void
test_cb (GtkButton *button, HlDeviceMenu *self)
{
  hl_device_store_self_test (self->devices, g_object_get_data (G_OBJECT (button), "hl-item"));
}

static GtkWidget *
row_new (HlDeviceMenu *self, HlDeviceItem *item, gboolean current)
{
  GtkWidget *row = adw_action_row_new (), *dot = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0), *test = gtk_button_new_with_label (_("Test"));
  GtkWidget *check = gtk_image_new_from_icon_name ("object-select-symbolic");
  g_autofree char *title = NULL, *subtitle = NULL, *message = NULL, *shown = NULL;
  int state;

  g_object_get (item, "title", &title, "subtitle", &subtitle, "test-state", &state, "test-message", &message, NULL);
  shown = g_strdup_printf ("%s\n%s", subtitle ? subtitle : "", message && *message ? message : test_text (state));
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title ? title : "");
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), shown);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  gtk_widget_add_css_class (dot, "device-dot");
  gtk_widget_set_valign (dot, GTK_ALIGN_CENTER);
  set_test_class (dot, state);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), dot);
  gtk_widget_set_valign (test, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (test, "flat");
  gtk_widget_set_tooltip_text (test, _("Compare its results with plain C again"));
  g_object_set_data_full (G_OBJECT (test), "hl-item", g_object_ref (item), g_object_unref);
  g_signal_connect (test, "clicked", G_CALLBACK (test_cb), self);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), test);
  gtk_widget_set_opacity (check, current ? 1 : 0);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), check);
  g_object_set_data_full (G_OBJECT (row), "hl-item", g_object_ref (item), g_object_unref);
  return row;
}

static void
update (HlDeviceMenu *self)
{
  g_autoptr (HlDeviceItem) current = current_item (self);
  g_autofree char *error = NULL;
  GtkWidget *child;

  update_button (self);
  while ((child = gtk_widget_get_first_child (self->list)))
    gtk_list_box_remove (GTK_LIST_BOX (self->list), child);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->devices)); i++)
    {
      g_autoptr (HlDeviceItem) item = g_list_model_get_item (G_LIST_MODEL (self->devices), i);

      gtk_list_box_append (GTK_LIST_BOX (self->list), row_new (self, item, item == current));
    }
  g_object_get (self->devices, "error-message", &error, NULL);
  gtk_label_set_label (GTK_LABEL (self->message), error ? error : "");
  gtk_widget_set_visible (self->message, error != NULL);
  gtk_widget_set_visible (self->list, gtk_widget_get_first_child (self->list) != NULL);
}

static void
item_notify_cb (HlDeviceItem *item, GParamSpec *pspec, HlDeviceMenu *self)
{
  update (self);
}

static void
items_changed_cb (GListModel *model, guint position, guint removed, guint added, HlDeviceMenu *self)
{
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (HlDeviceItem) item = g_list_model_get_item (model, i);

      g_signal_connect_object (item, "notify", G_CALLBACK (item_notify_cb), self, 0);
    }
  update (self);
}

static void
row_cb (GtkListBox *list, GtkListBoxRow *row, HlDeviceMenu *self)
{
  HlDeviceItem *item = g_object_get_data (G_OBJECT (row), "hl-item");
  const char *id = hl_device_item_get_info (item)->id;

  hl_settings_set_device (hl_workspace_get_settings (self->workspace), id);
  hl_session_set_device (hl_workspace_get_session (self->workspace), id);
  gtk_menu_button_popdown (GTK_MENU_BUTTON (self->button));
  update (self);
}

static void
refresh_cb (GtkButton *button, HlDeviceMenu *self)
{
  hl_device_store_refresh (self->devices);
}

static GtkWidget *
build_popover (HlDeviceMenu *self)
{
  GtkWidget *popover = gtk_popover_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 10);
  GtkWidget *refresh = gtk_button_new_with_label (_("Look Again"));

  self->list = gtk_list_box_new ();
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (self->list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (self->list, "boxed-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Devices"), -1);
  g_signal_connect (self->list, "row-activated", G_CALLBACK (row_cb), self);
  self->message = gtk_label_new (NULL);
  gtk_label_set_wrap (GTK_LABEL (self->message), TRUE);
  gtk_label_set_xalign (GTK_LABEL (self->message), 0);
  gtk_label_set_max_width_chars (GTK_LABEL (self->message), 40);
  g_signal_connect (refresh, "clicked", G_CALLBACK (refresh_cb), self);
  gtk_box_append (GTK_BOX (box), self->list);
  gtk_box_append (GTK_BOX (box), self->message);
  gtk_box_append (GTK_BOX (box), refresh);
  gtk_widget_set_size_request (box, 340, -1);
  gtk_widget_add_css_class (box, "device-box");
  gtk_popover_set_child (GTK_POPOVER (popover), box);
  return popover;
}

static void
hl_device_menu_dispose (GObject *object)
{
  HlDeviceMenu *self = HL_DEVICE_MENU (object);

  g_clear_pointer (&self->button, gtk_widget_unparent);
  g_clear_object (&self->devices);
  g_clear_object (&self->workspace);
  G_OBJECT_CLASS (hl_device_menu_parent_class)->dispose (object);
}

static void
hl_device_menu_init (HlDeviceMenu *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 7), *arrow = gtk_image_new_from_icon_name ("pan-down-symbolic");

  self->dot = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_widget_add_css_class (self->dot, "device-dot");
  gtk_widget_set_valign (self->dot, GTK_ALIGN_CENTER);
  self->label = gtk_label_new (NULL);
  gtk_label_set_ellipsize (GTK_LABEL (self->label), PANGO_ELLIPSIZE_END);
  gtk_label_set_width_chars (GTK_LABEL (self->label), 12);
  gtk_label_set_max_width_chars (GTK_LABEL (self->label), 22);
  gtk_box_append (GTK_BOX (box), self->dot);
  gtk_box_append (GTK_BOX (box), self->label);
  gtk_box_append (GTK_BOX (box), arrow);
  self->button = gtk_menu_button_new ();
  gtk_menu_button_set_child (GTK_MENU_BUTTON (self->button), box);
  gtk_widget_add_css_class (self->button, "soft");
  gtk_menu_button_set_popover (GTK_MENU_BUTTON (self->button), build_popover (self));
  gtk_widget_set_valign (self->button, GTK_ALIGN_CENTER);
  gtk_widget_set_parent (self->button, GTK_WIDGET (self));
}

static void
hl_device_menu_class_init (HlDeviceMenuClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hl_device_menu_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

GtkWidget *
hl_device_menu_new (HlWorkspace *workspace)
{
  HlDeviceMenu *self = g_object_new (HL_TYPE_DEVICE_MENU, NULL);

  self->workspace = g_object_ref (workspace);
  self->devices = g_object_ref (hl_workspace_get_devices (workspace));
  g_signal_connect_object (self->devices, "items-changed", G_CALLBACK (items_changed_cb), self, 0);
  g_signal_connect_object (self->devices, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  items_changed_cb (G_LIST_MODEL (self->devices), 0, 0, g_list_model_get_n_items (G_LIST_MODEL (self->devices)), self);
  return GTK_WIDGET (self);
}
