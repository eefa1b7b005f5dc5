/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a window shows before a project is open. */

#include "config.h"

#include <glib/gi18n.h>

#include "ui/start-page.h"

#include "ui/widgets/network-drawing.h"

struct _HlStartPage
{
  GtkWidget parent_instance;
  HlSettings *settings;
  GtkWidget *scrolled, *recovered_title, *recovered, *recent_title, *recent;
  GPtrArray *recoveries;       /* HlRecovery */
};

G_DEFINE_FINAL_TYPE (HlStartPage, hl_start_page, GTK_TYPE_WIDGET)

enum { OPEN_TEMPLATE, OPEN_FILE, OPEN_RECOVERY, N_SIGNALS };
static guint signals[N_SIGNALS];

/* ---- Gallery ---- */

static GtkWidget *
heading (GtkWidget *box, const char *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "start-heading");
  gtk_box_append (GTK_BOX (box), label);
  return label;
}

static void
template_cb (GtkButton *button, HlStartPage *self)
{
  g_signal_emit (self, signals[OPEN_TEMPLATE], 0, g_object_get_data (G_OBJECT (button), "hl-template"));
}

static GtkWidget *
template_card (HlStartPage *self, const HlTemplate *template)
{
  GtkWidget *button = gtk_button_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4), *drawing = hl_network_drawing_new ();
  GtkWidget *title = gtk_label_new (_(template->title)), *summary = gtk_label_new (_(template->summary));
  g_autoptr (HlProjectState) state = hl_template_new_state (template->name);

  hl_network_drawing_set_graph (HL_NETWORK_DRAWING (drawing), hl_project_state_get_graph (state));
  gtk_widget_set_size_request (drawing, 300, 132);
  gtk_widget_set_can_target (drawing, FALSE);
  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_widget_add_css_class (title, "gallery-title");
  gtk_label_set_xalign (GTK_LABEL (summary), 0);
  gtk_label_set_yalign (GTK_LABEL (summary), 0);
  gtk_label_set_wrap (GTK_LABEL (summary), TRUE);
  gtk_label_set_lines (GTK_LABEL (summary), 2);
  gtk_label_set_ellipsize (GTK_LABEL (summary), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (summary), 30);
  gtk_widget_add_css_class (summary, "gallery-summary");
  gtk_box_append (GTK_BOX (box), drawing);
  gtk_box_append (GTK_BOX (box), title);
  gtk_box_append (GTK_BOX (box), summary);
  gtk_button_set_child (GTK_BUTTON (button), box);
  gtk_widget_add_css_class (button, "card");
  gtk_widget_add_css_class (button, "gallery-card");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, _(template->title),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, _(template->summary), -1);
  g_object_set_data (G_OBJECT (button), "hl-template", (gpointer) template->name);
  g_signal_connect (button, "clicked", G_CALLBACK (template_cb), self);
  return button;
}

static GtkWidget *
gallery_row_new (void)
{
  GtkWidget *flow = gtk_flow_box_new ();

  gtk_flow_box_set_selection_mode (GTK_FLOW_BOX (flow), GTK_SELECTION_NONE);
  gtk_flow_box_set_homogeneous (GTK_FLOW_BOX (flow), TRUE);
  gtk_flow_box_set_min_children_per_line (GTK_FLOW_BOX (flow), 1);
  gtk_flow_box_set_max_children_per_line (GTK_FLOW_BOX (flow), 2);
  gtk_flow_box_set_column_spacing (GTK_FLOW_BOX (flow), 16);
  gtk_flow_box_set_row_spacing (GTK_FLOW_BOX (flow), 16);
  gtk_widget_set_valign (flow, GTK_ALIGN_START);
  return flow;
}

/* A title and the cards of each group. */
static void
fill_gallery (HlStartPage *self, GtkWidget *box)
{
  const char *group = NULL;
  GtkWidget *flow = NULL;

  for (const HlTemplate *template = hl_template_list (); template->name; template++)
    {
      GtkWidget *child = gtk_flow_box_child_new ();

      if (g_strcmp0 (group, template->group) != 0)
        {
          group = template->group;
          heading (box, _(group));
          flow = gallery_row_new ();
          gtk_box_append (GTK_BOX (box), flow);
        }
      gtk_flow_box_child_set_child (GTK_FLOW_BOX_CHILD (child), template_card (self, template));
      gtk_widget_set_focusable (child, FALSE);
      gtk_flow_box_append (GTK_FLOW_BOX (flow), child);
    }
}

/* ---- Recent ---- */

static void
recent_cb (AdwActionRow *row, HlStartPage *self)
{
  g_autoptr (GFile) file = g_file_new_for_uri (g_object_get_data (G_OBJECT (row), "hl-uri"));

  g_signal_emit (self, signals[OPEN_FILE], 0, file);
}

static void
forget_cb (GtkButton *button, HlStartPage *self)
{
  GtkWidget *row = gtk_widget_get_ancestor (GTK_WIDGET (button), ADW_TYPE_ACTION_ROW);

  hl_settings_remove_recent (self->settings, g_object_get_data (G_OBJECT (row), "hl-uri"));
  gtk_list_box_remove (GTK_LIST_BOX (self->recent), row);
  gtk_widget_set_visible (self->recent_title, gtk_widget_get_first_child (self->recent) != NULL);
  gtk_widget_set_visible (self->recent, gtk_widget_get_first_child (self->recent) != NULL);
}

static GtkWidget *
row_new (const char *title, const char *subtitle)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 1);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  return row;
}

static GtkWidget *
row_button (GtkWidget *row, const char *icon, const char *tip, GCallback callback, gpointer data)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, tip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, tip, -1);
  g_signal_connect (button, "clicked", callback, data);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  return button;
}

static void
fill_recent (HlStartPage *self)
{
  g_auto (GStrv) uris = hl_settings_dup_recent (self->settings);
  gboolean any = FALSE;

  for (guint i = 0; uris && uris[i] && i < 6; i++)
    {
      g_autoptr (GFile) file = g_file_new_for_uri (uris[i]), parent = g_file_get_parent (file);
      g_autofree char *name = g_file_get_basename (file), *folder = parent ? g_file_get_parse_name (parent) : g_strdup ("");
      GtkWidget *row;

      if (g_str_has_suffix (name, ".hillock"))
        name[strlen (name) - strlen (".hillock")] = '\0';
      row = row_new (name, folder);
      g_object_set_data_full (G_OBJECT (row), "hl-uri", g_strdup (uris[i]), g_free);
      row_button (row, "list-remove-symbolic", _("Forget"), G_CALLBACK (forget_cb), self);
      g_signal_connect (row, "activated", G_CALLBACK (recent_cb), self);
      gtk_list_box_append (GTK_LIST_BOX (self->recent), row);
      any = TRUE;
    }
  gtk_widget_set_visible (self->recent_title, any);
  gtk_widget_set_visible (self->recent, any);
}

/* ---- Recovery ---- */

static void
recover_cb (AdwActionRow *row, HlStartPage *self)
{
  g_signal_emit (self, signals[OPEN_RECOVERY], 0, g_object_get_data (G_OBJECT (row), "hl-recovery"));
}

static void
discard_cb (GtkButton *button, HlStartPage *self)
{
  GtkWidget *row = gtk_widget_get_ancestor (GTK_WIDGET (button), ADW_TYPE_ACTION_ROW);

  hl_recovery_discard (g_object_get_data (G_OBJECT (row), "hl-recovery"));
  gtk_list_box_remove (GTK_LIST_BOX (self->recovered), row);
  gtk_widget_set_visible (self->recovered_title, gtk_widget_get_first_child (self->recovered) != NULL);
  gtk_widget_set_visible (self->recovered, gtk_widget_get_first_child (self->recovered) != NULL);
}

static void
recoveries_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HlStartPage) self = data;
  g_autoptr (GPtrArray) found = hl_recovery_list_finish (result, NULL);

  if (!found || !found->len || !self->scrolled)
    return;
  for (guint i = 0; i < found->len; i++)
    {
      HlRecovery *recovery = g_ptr_array_index (found, i);
      g_autofree char *when = recovery->when ? g_date_time_format (recovery->when, "%x %H:%M") : g_strdup ("");
      g_autofree char *text = g_strdup_printf (_("Not saved when the program ended, %s"), when);
      GtkWidget *row = row_new (recovery->title, text);

      gtk_widget_add_css_class (row, "recovered");
      g_object_set_data (G_OBJECT (row), "hl-recovery", recovery);
      row_button (row, "user-trash-symbolic", _("Throw away"), G_CALLBACK (discard_cb), self);
      g_signal_connect (row, "activated", G_CALLBACK (recover_cb), self);
      gtk_list_box_append (GTK_LIST_BOX (self->recovered), row);
    }
  self->recoveries = g_steal_pointer (&found);
  gtk_widget_set_visible (self->recovered_title, TRUE);
  gtk_widget_set_visible (self->recovered, TRUE);
}

/* ---- The widget ---- */

static GtkWidget *
list_new (HlStartPage *self, GtkWidget *box)
{
  GtkWidget *list = gtk_list_box_new ();

  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  gtk_widget_set_visible (list, FALSE);
  gtk_box_append (GTK_BOX (box), list);
  return list;
}

static void
hl_start_page_dispose (GObject *object)
{
  HlStartPage *self = HL_START_PAGE (object);

  g_clear_pointer (&self->scrolled, gtk_widget_unparent);
  g_clear_pointer (&self->recoveries, g_ptr_array_unref);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (hl_start_page_parent_class)->dispose (object);
}

static void
hl_start_page_init (HlStartPage *self)
{
  GtkWidget *clamp = adw_clamp_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *hero = gtk_label_new (_("What shall we train today?"));

  gtk_widget_add_css_class (box, "start-box");
  gtk_widget_add_css_class (hero, "start-title");
  gtk_label_set_xalign (GTK_LABEL (hero), 0);
  gtk_box_append (GTK_BOX (box), hero);
  self->recovered_title = heading (box, _("Recovered"));
  gtk_widget_set_visible (self->recovered_title, FALSE);
  self->recovered = list_new (self, box);
  self->recent_title = heading (box, _("Recent projects"));
  self->recent = list_new (self, box);
  fill_gallery (self, box);
  adw_clamp_set_maximum_size (ADW_CLAMP (clamp), 760);
  adw_clamp_set_child (ADW_CLAMP (clamp), box);
  self->scrolled = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scrolled), clamp);
  gtk_widget_set_parent (self->scrolled, GTK_WIDGET (self));
}

static void
hl_start_page_class_init (HlStartPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hl_start_page_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "startpage");
  signals[OPEN_TEMPLATE] = g_signal_new ("open-template", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[OPEN_FILE] = g_signal_new ("open-file", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 1, G_TYPE_FILE);
  signals[OPEN_RECOVERY] = g_signal_new ("open-recovery", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_POINTER);
}

GtkWidget *
hl_start_page_new (HlSettings *settings)
{
  HlStartPage *self = g_object_new (HL_TYPE_START_PAGE, NULL);

  self->settings = g_object_ref (settings);
  fill_recent (self);
  hl_recovery_list_async (recoveries_cb, g_object_ref (self));
  return GTK_WIDGET (self);
}
