/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The program: its windows, its actions, its shortcuts. */

#include "config.h"

#include <glib/gi18n.h>

#include "ui/application.h"

#include "ui/window.h"

struct _HlApplication
{
  AdwApplication parent_instance;
  HlDeviceStore *devices;
  HlSettings *settings;
};

G_DEFINE_FINAL_TYPE (HlApplication, hl_application, ADW_TYPE_APPLICATION)

HlDeviceStore *
hl_application_get_devices (HlApplication *self)
{
  return self->devices;
}

HlSettings *
hl_application_get_settings (HlApplication *self)
{
  return self->settings;
}

/* ---- Actions ---- */

static void
quit_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  g_autoptr (GList) windows = g_list_copy (gtk_application_get_windows (data));

  /* Each window asks for its own unsaved changes; the program ends with the last one. */
  for (GList *l = windows; l; l = l->next)
    gtk_window_close (l->data);
}

static void
new_window_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  gtk_window_present (GTK_WINDOW (hl_main_window_new (data)));
}

static void
about_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  static const char *const developers[] = { "The Hillock developers", NULL };

  adw_show_about_window (gtk_application_get_active_window (data),
                         "application-name", "Hillock",
                         "application-icon", HL_APP_ID,
                         "version", HL_VERSION,
                         "developer-name", _("The Hillock developers"),
                         "developers", developers,
                         "comments", _("See a network learn: build it, train it, look inside."),
                         "license-type", GTK_LICENSE_GPL_3_0,
                         NULL);
}

static void
apply_scheme (int scheme)
{
  static const AdwColorScheme schemes[] = { ADW_COLOR_SCHEME_DEFAULT, ADW_COLOR_SCHEME_FORCE_LIGHT, ADW_COLOR_SCHEME_FORCE_DARK };

  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), schemes[CLAMP (scheme, 0, 2)]);
}

static void
scheme_changed_cb (GSimpleAction *action, GVariant *value, gpointer data)
{
  HlApplication *self = data;

  g_simple_action_set_state (action, value);
  hl_settings_set_color_scheme (self->settings, g_variant_get_int32 (value));
  apply_scheme (g_variant_get_int32 (value));
}

static void
add_actions (HlApplication *self)
{
  static const GActionEntry entries[] = {
    { .name = "quit", .activate = quit_action },
    { .name = "new-window", .activate = new_window_action },
    { .name = "about", .activate = about_action },
  };
  static const struct { const char *action; const char *keys[4]; } accels[] = {
    { "app.quit", { "<Control>q" } }, { "app.new-window", { "<Control><Shift>n" } },
    { "win.new", { "<Control>n" } }, { "win.open", { "<Control>o" } },
    { "win.save", { "<Control>s" } }, { "win.save-as", { "<Control><Shift>s" } },
    { "window.close", { "<Control>w" } }, { "win.train", { "F5", "<Control>r" } },
    { "win.step", { "F8" } }, { "win.stop", { "<Shift>F5" } }, { "win.sidebar", { "F9" } },
    { "win.page('build')", { "<Alt>1" } }, { "win.page('data')", { "<Alt>2" } },
    { "win.page('train')", { "<Alt>3" } }, { "win.page('inspect')", { "<Alt>4" } },
    { "win.export-weights", { "<Control><Shift>e" } }, { "win.show-help-overlay", { "<Control>question", "F1" } },
  };
  g_autoptr (GSimpleAction) scheme = NULL;

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  scheme = g_simple_action_new_stateful ("color-scheme", G_VARIANT_TYPE_INT32,
                                         g_variant_new_int32 (hl_settings_get_color_scheme (self->settings)));
  g_signal_connect (scheme, "change-state", G_CALLBACK (scheme_changed_cb), self);
  g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (scheme));
  for (guint i = 0; i < G_N_ELEMENTS (accels); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), accels[i].action, accels[i].keys);
}

/* ---- Devices ---- */

/* Each device shows the mark of its self-test without being asked; it runs on a thread of low priority. */
static void
devices_changed_cb (GListModel *devices, guint position, guint removed, guint added, HlApplication *self)
{
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (HlDeviceItem) item = g_list_model_get_item (devices, i);
      int state;

      g_object_get (item, "test-state", &state, NULL);
      if (state == 0)
        hl_device_store_self_test (self->devices, item);
    }
}

/* ---- Life ---- */

static void
load_page_styles (void)
{
  g_autoptr (GtkCssProvider) provider = gtk_css_provider_new ();

  gtk_css_provider_load_from_resource (provider, "/io/github/hillock/Hillock/style-pages.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

static void
hl_application_startup (GApplication *application)
{
  HlApplication *self = HL_APPLICATION (application);

  G_APPLICATION_CLASS (hl_application_parent_class)->startup (application);
  self->settings = hl_settings_new ();
  self->devices = hl_device_store_new ();
  g_signal_connect_object (self->devices, "items-changed", G_CALLBACK (devices_changed_cb), self, 0);
  apply_scheme (hl_settings_get_color_scheme (self->settings));
  load_page_styles ();
  gtk_window_set_default_icon_name (HL_APP_ID);
  add_actions (self);
}

static void
hl_application_activate (GApplication *application)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (application));

  gtk_window_present (window ? window : GTK_WINDOW (hl_main_window_new (HL_APPLICATION (application))));
}

static void
hl_application_open (GApplication *application, GFile **files, int n_files, const char *hint)
{
  for (int i = 0; i < n_files; i++)
    {
      HlMainWindow *window = hl_main_window_find (HL_APPLICATION (application), files[i]);

      if (!window)
        window = hl_main_window_new (HL_APPLICATION (application));
      gtk_window_present (GTK_WINDOW (window));
      hl_main_window_open_file (window, files[i]);
    }
}

static void
hl_application_finalize (GObject *object)
{
  HlApplication *self = HL_APPLICATION (object);

  g_clear_object (&self->devices);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (hl_application_parent_class)->finalize (object);
}

static void
hl_application_init (HlApplication *self)
{
  g_application_add_main_option (G_APPLICATION (self), "version", 'v', 0, G_OPTION_ARG_NONE, _("Print the version and leave"), NULL);
}

static int
hl_application_handle_local_options (GApplication *application, GVariantDict *options)
{
  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("Hillock %s\n", HL_VERSION);
      return 0;
    }
  return -1;
}

static void
hl_application_class_init (HlApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = hl_application_finalize;
  application_class->startup = hl_application_startup;
  application_class->activate = hl_application_activate;
  application_class->open = hl_application_open;
  application_class->handle_local_options = hl_application_handle_local_options;
}

HlApplication *
hl_application_new (void)
{
  return g_object_new (HL_TYPE_APPLICATION,
                       "application-id", HL_APP_ID,
                       "flags", G_APPLICATION_HANDLES_OPEN,
                       "resource-base-path", "/io/github/hillock/Hillock",
                       NULL);
}
