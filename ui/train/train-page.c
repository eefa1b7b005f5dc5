/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Train page: runs and recipe at the left; curves, confusion and scores at the right. */

#include "config.h"

#include "ui/pages.h"

#include "ui/chart/chart-card.h"
#include "ui/train/confusion-card.h"
#include "ui/train/recipe-editor.h"
#include "ui/train/run-rows.h"
#include "ui/widgets/param-row.h"

#include <glib/gi18n.h>
#include <math.h>

#define SIDE_WIDTH 280

#define HL_TYPE_TRAIN_PAGE (hl_train_page_get_type ())
G_DECLARE_FINAL_TYPE (HlTrainPage, hl_train_page, HL, TRAIN_PAGE, GtkBox)

struct _HlTrainPage
{
  GtkBox parent_instance;
  HlWorkspace *workspace;
  GtkListBox *rows;
  GtkWidget *runs, *no_runs;
  HlChart *charts[HL_N_METRICS];
  GtkWidget *cards[HL_N_METRICS];
  HlConfusionCards *confusion;
  GPtrArray *watched;          /* runs whose "shown" and "title" are listened to */
  guint lines_source;
};

G_DEFINE_FINAL_TYPE (HlTrainPage, hl_train_page, GTK_TYPE_BOX)

/* ---- Lines in the charts ---- */

static double
steps_per_epoch (HlRun *run)
{
  HlSeries *training = hl_run_get_series (run, HL_METRIC_LOSS, HL_PART_TRAIN);
  double first = hl_series_get_n (training) > 0 ? hl_series_get_x (training)[0] : 0;

  /* The first step lies at 1 / steps. */
  return first > 0 ? round (1 / first) : 0;
}

static void
add_run (HlTrainPage *self, HlRun *run, gboolean alone)
{
  guint color = hl_run_get_color_index (run);

  for (guint metric = 0; metric < HL_N_METRICS; metric++)
    {
      g_autofree char *training = alone ? g_strdup (_("training")) : g_strdup_printf (_("%u training"), hl_run_get_number (run));
      g_autofree char *validation = alone ? g_strdup (_("validation")) : g_strdup_printf (_("%u validation"), hl_run_get_number (run));
      double steps = steps_per_epoch (run);

      hl_chart_add_line (self->charts[metric], hl_run_get_series (run, metric, HL_PART_TRAIN), training, alone ? 0 : color,
                         HL_CHART_SMOOTHED, steps);
      hl_chart_add_line (self->charts[metric], hl_run_get_series (run, metric, HL_PART_VALIDATION), validation, alone ? 1 : color,
                         HL_CHART_POINTS, steps);
    }
}

static HlRun *
selected_run (HlTrainPage *self)
{
  return hl_run_rows_get_run (gtk_list_box_get_selected_row (self->rows));
}

static gboolean
has_accuracy (HlProjectState *state)
{
  return hl_loss_get_target (hl_project_state_get_recipe (state)->loss) == HL_LOSS_TARGET_CLASS;
}

/* The curves of right answers have a place only where some run shown has them, or the next one will. */
static void
update_cards (HlTrainPage *self)
{
  GListModel *runs = G_LIST_MODEL (hl_workspace_get_runs (self->workspace));
  HlRun *selected = selected_run (self);
  gboolean visible = selected == NULL && has_accuracy (hl_project_get_state (hl_workspace_get_project (self->workspace)));

  for (guint i = 0; !visible && i < g_list_model_get_n_items (runs); i++)
    {
      g_autoptr(HlRun) run = g_list_model_get_item (runs, i);

      visible = (run == selected || hl_run_get_shown (run)) && has_accuracy (hl_run_get_state (run));
    }
  gtk_widget_set_visible (self->cards[HL_METRIC_ACCURACY], visible);
}

static void
update_title (HlTrainPage *self, HlRun *run)
{
  HlProjectState *state = run != NULL ? hl_run_get_state (run) : NULL;
  g_autofree char *title = NULL;

  if (state == NULL)
    state = hl_project_get_state (hl_workspace_get_project (self->workspace));
  title = g_strdup_printf (_("Loss (%s)"), _(hl_project_state_get_recipe (state)->loss->klass->title));
  hl_chart_card_set_title (self->cards[HL_METRIC_LOSS], title);
}

static void
state_changed_cb (HlTrainPage *self)
{
  update_title (self, selected_run (self));
  update_cards (self);
}

static gboolean
update_lines_cb (gpointer data)
{
  HlTrainPage *self = data;
  GListModel *runs = G_LIST_MODEL (hl_workspace_get_runs (self->workspace));
  HlRun *selected = selected_run (self);
  guint n = g_list_model_get_n_items (runs), n_shown = 0;

  self->lines_source = 0;
  for (guint metric = 0; metric < HL_N_METRICS; metric++)
    hl_chart_clear (self->charts[metric]);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(HlRun) run = g_list_model_get_item (runs, i);

      n_shown += run == selected || hl_run_get_shown (run);
    }
  /* Older runs first: the newest lies on top. */
  for (guint i = n; i-- > 0;)
    {
      g_autoptr(HlRun) run = g_list_model_get_item (runs, i);

      if (run == selected || hl_run_get_shown (run))
        add_run (self, run, n_shown == 1);
    }
  update_title (self, selected);
  update_cards (self);
  return G_SOURCE_REMOVE;
}

static void
schedule_lines (HlTrainPage *self)
{
  if (self->lines_source == 0 && self->workspace != NULL)
    self->lines_source = g_idle_add_full (G_PRIORITY_HIGH_IDLE, update_lines_cb, self, NULL);
}

/* ---- Runs ---- */

static void
unwatch_cb (gpointer run, gpointer page)
{
  g_signal_handlers_disconnect_by_func (run, schedule_lines, page);
}

static void
first_point_cb (HlTrainPage *self, HlSeries *training)
{
  if (hl_series_get_n (training) == 0)
    return;
  g_signal_handlers_disconnect_by_func (training, first_point_cb, self);
  schedule_lines (self);
}

static void
watch_runs (HlTrainPage *self)
{
  GListModel *runs = G_LIST_MODEL (hl_workspace_get_runs (self->workspace));

  g_ptr_array_foreach (self->watched, unwatch_cb, self);
  g_ptr_array_set_size (self->watched, 0);
  for (guint i = 0; i < g_list_model_get_n_items (runs); i++)
    {
      HlRun *run = g_list_model_get_item (runs, i);
      HlSeries *training = hl_run_get_series (run, HL_METRIC_LOSS, HL_PART_TRAIN);

      g_signal_connect_swapped (run, "notify::shown", G_CALLBACK (schedule_lines), self);
      /* The first point tells how many steps an epoch has. */
      g_signal_handlers_disconnect_by_func (training, first_point_cb, self);
      if (hl_series_get_n (training) == 0)
        g_signal_connect_object (training, "changed", G_CALLBACK (first_point_cb), self, G_CONNECT_SWAPPED);
      g_ptr_array_add (self->watched, run);
    }
}

static void
row_selected_cb (HlTrainPage *self)
{
  /* The list lets go of its rows while the page is taken apart. */
  if (self->workspace == NULL)
    return;
  hl_confusion_cards_set_run (self->confusion, selected_run (self));
  schedule_lines (self);
}

static void
select_run (HlTrainPage *self, HlRun *run)
{
  for (int i = 0; gtk_list_box_get_row_at_index (self->rows, i) != NULL; i++)
    {
      GtkListBoxRow *row = gtk_list_box_get_row_at_index (self->rows, i);

      if (run == NULL || hl_run_rows_get_run (row) == run)
        {
          gtk_list_box_select_row (self->rows, row);
          return;
        }
    }
}

static void
runs_changed_cb (HlTrainPage *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (hl_workspace_get_runs (self->workspace)));

  gtk_widget_set_visible (self->runs, n > 0);
  gtk_widget_set_visible (self->no_runs, n == 0);
  watch_runs (self);
  if (gtk_list_box_get_selected_row (self->rows) == NULL)
    select_run (self, NULL);
  schedule_lines (self);
}

static void
session_run_cb (HlTrainPage *self)
{
  HlRun *run = hl_session_get_run (hl_workspace_get_session (self->workspace));

  if (run != NULL)
    select_run (self, run);
}

/* ---- Layout ---- */

static GtkWidget *
side_title (const char *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "hl-side-title");
  return label;
}

static GtkWidget *
make_runs (HlTrainPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *scrolled = gtk_scrolled_window_new ();
  GtkWidget *empty = gtk_label_new (_("Each training becomes a run in this list, with its curves and weights. Press Train to make the "
                                      "first one."));

  self->rows = GTK_LIST_BOX (hl_run_rows_new (self->workspace));
  self->runs = scrolled;
  self->no_runs = empty;
  gtk_label_set_wrap (GTK_LABEL (empty), TRUE);
  gtk_label_set_xalign (GTK_LABEL (empty), 0);
  gtk_label_set_max_width_chars (GTK_LABEL (empty), 28);
  gtk_widget_add_css_class (empty, "dim-label");
  gtk_widget_set_margin_start (empty, 6);
  gtk_widget_set_margin_bottom (empty, 6);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), GTK_WIDGET (self->rows));
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scrolled), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scrolled), 250);
  gtk_box_append (GTK_BOX (box), empty);
  gtk_box_append (GTK_BOX (box), scrolled);
  return box;
}

static GtkWidget *
make_side (HlTrainPage *self)
{
  GtkWidget *scrolled = gtk_scrolled_window_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);

  gtk_widget_set_margin_start (box, 10);
  gtk_widget_set_margin_end (box, 10);
  gtk_widget_set_margin_top (box, 6);
  gtk_widget_set_margin_bottom (box, 12);
  gtk_box_append (GTK_BOX (box), side_title (_("Runs")));
  gtk_box_append (GTK_BOX (box), make_runs (self));
  gtk_box_append (GTK_BOX (box), side_title (_("Recipe")));
  gtk_box_append (GTK_BOX (box), hl_recipe_editor_new (self->workspace));
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), box);
  gtk_widget_set_size_request (scrolled, SIDE_WIDTH, -1);
  /* Labels inside that take the room of their row must not widen the panel. */
  gtk_widget_set_hexpand (scrolled, FALSE);
  gtk_widget_add_css_class (scrolled, "hl-side");
  return scrolled;
}

static GtkWidget *
make_content (HlTrainPage *self)
{
  GtkWidget *scrolled = gtk_scrolled_window_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);
  GtkWidget *charts = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);

  self->charts[HL_METRIC_LOSS] = HL_CHART (hl_chart_new (_("Loss"), HL_AXIS_NUMBER,
      _("As soon as you press Train, the loss of every step appears here: a falling line means that the network learns.")));
  self->charts[HL_METRIC_ACCURACY] = HL_CHART (hl_chart_new (_("Accuracy"), HL_AXIS_PERCENT,
      _("The share of right answers appears here, for the training images and, after each epoch, for the validation images.")));
  self->cards[HL_METRIC_LOSS] = hl_chart_card_new (self->charts[HL_METRIC_LOSS], _("Loss"), "loss", TRUE);
  self->cards[HL_METRIC_ACCURACY] = hl_chart_card_new (self->charts[HL_METRIC_ACCURACY], _("Accuracy"), "accuracy", FALSE);
  self->confusion = HL_CONFUSION_CARDS (hl_confusion_cards_new (self->workspace));
  gtk_box_set_homogeneous (GTK_BOX (charts), TRUE);
  gtk_box_append (GTK_BOX (charts), self->cards[HL_METRIC_LOSS]);
  gtk_box_append (GTK_BOX (charts), self->cards[HL_METRIC_ACCURACY]);
  gtk_box_append (GTK_BOX (box), charts);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->confusion));
  gtk_widget_set_margin_start (box, 14);
  gtk_widget_set_margin_end (box, 14);
  gtk_widget_set_margin_top (box, 14);
  gtk_widget_set_margin_bottom (box, 14);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), box);
  gtk_widget_set_hexpand (scrolled, TRUE);
  return scrolled;
}

static void
train_page_dispose (GObject *object)
{
  HlTrainPage *self = HL_TRAIN_PAGE (object);

  g_clear_handle_id (&self->lines_source, g_source_remove);
  if (self->watched != NULL)
    g_ptr_array_foreach (self->watched, unwatch_cb, self);
  g_clear_pointer (&self->watched, g_ptr_array_unref);
  g_clear_object (&self->workspace);
  G_OBJECT_CLASS (hl_train_page_parent_class)->dispose (object);
}

static void
hl_train_page_class_init (HlTrainPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = train_page_dispose;
}

static void
hl_train_page_init (HlTrainPage *self)
{
  self->watched = g_ptr_array_new_with_free_func (g_object_unref);
}

GtkWidget *
hl_train_page_new (HlWorkspace *workspace)
{
  HlTrainPage *self = g_object_new (HL_TYPE_TRAIN_PAGE, NULL);

  self->workspace = g_object_ref (workspace);
  gtk_box_append (GTK_BOX (self), make_side (self));
  gtk_box_append (GTK_BOX (self), gtk_separator_new (GTK_ORIENTATION_VERTICAL));
  gtk_box_append (GTK_BOX (self), make_content (self));
  g_signal_connect_object (self->rows, "row-selected", G_CALLBACK (row_selected_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (hl_workspace_get_runs (workspace), "items-changed", G_CALLBACK (runs_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (hl_workspace_get_session (workspace), "notify::run", G_CALLBACK (session_run_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (hl_workspace_get_project (workspace), "notify::state", G_CALLBACK (state_changed_cb), self, G_CONNECT_SWAPPED);
  runs_changed_cb (self);
  session_run_cb (self);
  return GTK_WIDGET (self);
}
