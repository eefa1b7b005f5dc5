/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start, pause, step, stop; how far, how fast, how good, how long. */

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "ui/run-bar.h"

#include "ui/pages.h"
#include "ui/widgets/format.h"

struct _HlRunBar
{
  GtkWidget parent_instance;
  HlSession *session;
  HlModelDocument *model;
  GtkWidget *box, *train, *train_icon, *train_label, *step, *stop, *text, *progress, *speed, *loss, *validation, *left;
  guint update_id;
};

G_DEFINE_FINAL_TYPE (HlRunBar, hl_run_bar, GTK_TYPE_WIDGET)

static void
set_number (GtkWidget *label, char *markup /* taken; NULL hides */)
{
  if (markup)
    gtk_label_set_markup (GTK_LABEL (label), markup);
  gtk_widget_set_visible (label, markup != NULL);
  g_free (markup);
}

static void
update_train_button (HlRunBar *self, HlSessionState state)
{
  const char *icon = state == HL_SESSION_RUNNING ? "media-playback-pause-symbolic" : "media-playback-start-symbolic";
  const char *text = state == HL_SESSION_RUNNING ? _("Pause") : state == HL_SESSION_PAUSED ? _("Resume") : _("Train");
  const char *tip = state == HL_SESSION_RUNNING ? _("Pause the training (F5)") : state == HL_SESSION_PAUSED
    ? _("Go on (F5)") : _("Train the network (F5)");

  gtk_image_set_from_icon_name (GTK_IMAGE (self->train_icon), icon);
  gtk_label_set_label (GTK_LABEL (self->train_label), text);
  gtk_widget_set_tooltip_text (self->train, tip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->train), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
}

/* NULL before any run. */
static const char *
state_text (HlSessionState state)
{
  switch (state)
    {
    case HL_SESSION_PREPARING: return _("Preparing…");
    case HL_SESSION_STOPPING: return _("Stopping…");
    case HL_SESSION_FINISHED: return _("Finished");
    case HL_SESSION_STOPPED: return _("Stopped");
    case HL_SESSION_READY: return _("Run loaded");
    case HL_SESSION_FAILED: return _("Stopped by an error");
    default: return NULL;
    }
}

/* What to say before training: a network with errors is not ready. */
static char *
make_idle_text (HlRunBar *self)
{
  GPtrArray *problems = hl_model_document_get_problems (self->model);
  guint n = 0;

  for (guint i = 0; i < problems->len; i++)
    if (((const HlProblem *) g_ptr_array_index (problems, i))->severity == HL_SEVERITY_ERROR)
      n++;
  return n > 0 ? g_strdup_printf (ngettext ("%u error in the network", "%u errors in the network", n), n)
               : g_strdup (_("Ready to train"));
}

static gboolean
update (HlRunBar *self)
{
  HlSessionState state = hl_session_get_state (self->session);
  g_autofree char *text = NULL, *idle = NULL;
  double progress, speed, left, loss, validation;
  gboolean running = state == HL_SESSION_RUNNING || state == HL_SESSION_PAUSED, numbers;

  g_object_get (self->session, "progress", &progress, "progress-text", &text, "images-per-second", &speed, "seconds-left", &left,
                "loss", &loss, "validation-accuracy", &validation, NULL);
  numbers = running || state == HL_SESSION_FINISHED || state == HL_SESSION_STOPPED || state == HL_SESSION_STOPPING;
  update_train_button (self, state);
  idle = state_text (state) ? NULL : make_idle_text (self);
  gtk_label_set_label (GTK_LABEL (self->text), (running || state == HL_SESSION_PREPARING) && text && *text ? text
                       : idle ? idle : state_text (state));
  if (state == HL_SESSION_PREPARING && !(progress > 0))
    gtk_progress_bar_pulse (GTK_PROGRESS_BAR (self->progress));
  else
    gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->progress), state == HL_SESSION_IDLE || state == HL_SESSION_READY ? 0 : CLAMP (progress, 0, 1));
  if (numbers && speed > 0)
    {
      g_autofree char *count = hl_format_count ((guint64) llround (speed));

      set_number (self->speed, g_strdup_printf (_("%s images/s"), count));
    }
  else
    set_number (self->speed, NULL);
  set_number (self->loss, numbers && isfinite (loss) && loss > 0 ? g_strdup_printf (_("loss %.3f"), loss) : NULL);
  set_number (self->validation, numbers && isfinite (validation) && validation > 0
              ? g_strdup_printf (_("validation %.1f\xe2\x80\x89%%"), 100 * validation) : NULL);
  if (running && left >= 0)
    {
      g_autofree char *time = hl_format_seconds (left);

      set_number (self->left, g_strdup_printf (_("<b>%s</b> left"), time));
    }
  else
    set_number (self->left, NULL);
  self->update_id = 0;
  return G_SOURCE_REMOVE;
}

/* Several properties change together: they are shown once. */
static void
queue_update (HlRunBar *self)
{
  if (!self->update_id)
    self->update_id = g_idle_add_full (G_PRIORITY_HIGH_IDLE, G_SOURCE_FUNC (update), self, NULL);
}

static GtkWidget *
round_button (GtkWidget *box, const char *icon, const char *action, const char *tip)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);

  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  gtk_widget_add_css_class (button, "circular");
  gtk_widget_set_tooltip_text (button, tip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, tip, -1);
  gtk_box_append (GTK_BOX (box), button);
  return button;
}

static GtkWidget *
number_new (GtkWidget *box, const char *css_class, int width)
{
  GtkWidget *label = gtk_label_new (NULL);

  /* Numbers change many times a second: they keep their places. */
  gtk_label_set_width_chars (GTK_LABEL (label), width);
  gtk_label_set_xalign (GTK_LABEL (label), 1);
  gtk_widget_add_css_class (label, "run-number");
  gtk_widget_add_css_class (label, css_class);
  gtk_widget_set_visible (label, FALSE);
  gtk_box_append (GTK_BOX (box), label);
  return label;
}

static void
build_train_button (HlRunBar *self)
{
  GtkWidget *content = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);

  self->train = gtk_button_new ();
  self->train_icon = gtk_image_new ();
  self->train_label = gtk_label_new (NULL);
  gtk_widget_set_halign (content, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (content), self->train_icon);
  gtk_box_append (GTK_BOX (content), self->train_label);
  gtk_button_set_child (GTK_BUTTON (self->train), content);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->train), "win.train");
  gtk_widget_add_css_class (self->train, "suggested-action");
  gtk_widget_add_css_class (self->train, "train-button");
  gtk_box_append (GTK_BOX (self->box), self->train);
}

static void
hl_run_bar_dispose (GObject *object)
{
  HlRunBar *self = HL_RUN_BAR (object);

  g_clear_handle_id (&self->update_id, g_source_remove);
  if (self->session)
    {
      g_signal_handlers_disconnect_by_data (self->session, self);
      g_signal_handlers_disconnect_by_data (self->model, self);
    }
  g_clear_object (&self->model);
  g_clear_object (&self->session);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  G_OBJECT_CLASS (hl_run_bar_parent_class)->dispose (object);
}

static void
hl_run_bar_init (HlRunBar *self)
{
  self->box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  build_train_button (self);
  self->step = round_button (self->box, "media-skip-forward-symbolic", "win.step", _("One step (F8)"));
  self->stop = round_button (self->box, "media-playback-stop-symbolic", "win.stop", _("Stop the training (Shift+F5)"));
  self->text = gtk_label_new (NULL);
  gtk_widget_add_css_class (self->text, "run-text");
  gtk_label_set_ellipsize (GTK_LABEL (self->text), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (self->text), 0);
  gtk_label_set_width_chars (GTK_LABEL (self->text), 12);
  gtk_box_append (GTK_BOX (self->box), self->text);
  self->progress = gtk_progress_bar_new ();
  gtk_widget_set_hexpand (self->progress, TRUE);
  gtk_widget_set_valign (self->progress, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->progress), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Progress of the training"), -1);
  gtk_box_append (GTK_BOX (self->box), self->progress);
  self->speed = number_new (self->box, "speed", 13);
  self->loss = number_new (self->box, "dim", 8);
  self->validation = number_new (self->box, "dim", 14);
  self->left = number_new (self->box, "left", 8);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
}

static void
hl_run_bar_class_init (HlRunBarClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hl_run_bar_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "runbar");
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

GtkWidget *
hl_run_bar_new (HlWorkspace *workspace)
{
  HlRunBar *self = g_object_new (HL_TYPE_RUN_BAR, NULL);

  self->session = g_object_ref (hl_workspace_get_session (workspace));
  self->model = g_object_ref (hl_project_get_model (hl_workspace_get_project (workspace)));
  g_signal_connect_swapped (self->session, "notify", G_CALLBACK (queue_update), self);
  g_signal_connect_swapped (self->model, "changed", G_CALLBACK (queue_update), self);
  update (self);
  return GTK_WIDGET (self);
}
