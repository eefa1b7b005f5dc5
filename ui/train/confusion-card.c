/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Confusion matrix, its images, and scores per class. The cards follow the newest epoch until the slider is moved back. */

#include "config.h"

#include "ui/train/confusion-card.h"

#include "ui/chart/chart-card.h"
#include "ui/chart/export.h"
#include "ui/data/sample-grid.h"
#include "ui/train/confusion-view.h"
#include "ui/train/health.h"
#include "ui/widgets/param-row.h"
#include "ui/widgets/score-bar.h"

#include <glib/gi18n.h>
#include <math.h>

#define MOST_ROWS 60   /* of the table of classes */

struct _HlConfusionCards
{
  GtkBox parent_instance;
  HlWorkspace *workspace;
  HlRun *run;
  HlSeries *validation;        /* of the run: its "changed" means an epoch is over */
  guint refresh_source;
  HlConfusionView *view;
  GtkWidget *matrix_card, *slider, *slider_box, *no_matrix, *export;
  GtkWidget *images_card, *images_count, *images_stack, *images_note;
  HlSampleGrid *images;
  GtkWidget *scores_card, *health;
  GtkGrid *scores;
  GPtrArray *score_bars;       /* HlScoreBar; two a class: precision, recall; owned by the grid */
  gboolean chosen;             /* the user chose a cell: no longer the worst by itself */
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (HlConfusionCards, hl_confusion_cards, GTK_TYPE_BOX)

/* ---- Images of a cell ---- */

/* Why the images of this run and epoch cannot be shown; NULL when they can. */
static const char *
images_obstacle (HlConfusionCards *self, guint epoch)
{
  HlDataSource *source = hl_workspace_get_source (self->workspace);
  HlProjectState *now = hl_project_get_state (hl_workspace_get_project (self->workspace)), *then = hl_run_get_state (self->run);
  const HlSplit *split = hl_data_source_get_split (source);
  gsize n = 0, n_predictions = 0;

  if (epoch + 1 != hl_run_get_n_confusions (self->run))
    return _("Which images it were is kept for the last epoch only: move the slider to the end.");
  if (hl_data_source_get_dataset (source) == NULL || split == NULL)
    return _("The images appear here when the data have been loaded.");
  if (then != NULL && !hl_data_spec_equal (hl_project_state_get_data (now), hl_project_state_get_data (then)))
    return _("This run was trained on other data or another split, so its images are not at hand.");
  hl_split_get_indices (split, HL_PART_VALIDATION, &n);
  if (hl_run_get_predictions (self->run, &n_predictions) == NULL || n_predictions != n)
    return _("The predictions of this run are not known any more: resume it or train again to see its images.");
  return NULL;
}

static void
show_images (HlConfusionCards *self, guint label, guint prediction)
{
  HlDataSource *source = hl_workspace_get_source (self->workspace);
  HlDataset *dataset = hl_data_source_get_dataset (source);
  const HlSplit *split = hl_data_source_get_split (source);
  g_autoptr(GArray) found = g_array_new (FALSE, FALSE, sizeof (guint32));
  gsize n;
  const guint32 *indices = hl_split_get_indices (split, HL_PART_VALIDATION, &n);
  const gint32 *predictions = hl_run_get_predictions (self->run, &n), *labels = hl_dataset_get_labels (dataset);
  g_autofree char *count = NULL;

  for (gsize i = 0; i < n; i++)
    if (predictions[i] == (gint32) prediction && labels[indices[i]] == (gint32) label)
      g_array_append_val (found, indices[i]);
  hl_sample_grid_set_data (self->images, dataset, NULL);
  hl_sample_grid_set_indices (self->images, found->len > 0 ? &g_array_index (found, guint32, 0) : (const guint32 *) "", found->len);
  count = g_strdup_printf (g_dngettext (NULL, "%u image", "%u images", found->len), found->len);
  gtk_label_set_text (GTK_LABEL (self->images_count), count);
  gtk_stack_set_visible_child_name (GTK_STACK (self->images_stack), found->len > 0 ? "images" : "note");
  gtk_label_set_text (GTK_LABEL (self->images_note), _("No image falls into this cell."));
}

static void
update_images (HlConfusionCards *self)
{
  guint label, prediction;
  g_autofree char *title = NULL;
  const char *obstacle;

  gtk_label_set_text (GTK_LABEL (self->images_count), "");
  gtk_stack_set_visible_child_name (GTK_STACK (self->images_stack), "note");
  if (self->run == NULL || !hl_confusion_view_get_selected (self->view, &label, &prediction))
    {
      hl_card_set_title (self->images_card, _("Images of a cell"));
      gtk_label_set_text (GTK_LABEL (self->images_note), _("Choose a cell of the matrix to see the images behind its number."));
      return;
    }
  title = label == prediction ? g_strdup_printf (_("%s recognised"), hl_confusion_view_get_name (self->view, label))
          : g_strdup_printf (_("%s taken for %s"), hl_confusion_view_get_name (self->view, label), hl_confusion_view_get_name (self->view, prediction));
  hl_card_set_title (self->images_card, title);
  obstacle = images_obstacle (self, (guint) lrint (gtk_range_get_value (GTK_RANGE (self->slider))) - 1);
  if (obstacle != NULL)
    gtk_label_set_text (GTK_LABEL (self->images_note), obstacle);
  else
    show_images (self, label, prediction);
}

static void
image_activated_cb (HlConfusionCards *self, gint64 index)
{
  hl_workspace_set_probe_index (self->workspace, index);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.page", "s", "inspect");
}

/* ---- Scores ---- */

static GtkWidget *
add_score (GtkGrid *grid, int column, int row, const char *format, const char *class_name)
{
  g_autofree char *name = g_strdup_printf (format, class_name);
  GtkWidget *bar = hl_score_bar_new (name);

  gtk_widget_set_hexpand (bar, TRUE);
  gtk_grid_attach (grid, bar, column, row, 1, 1);
  return bar;
}

static void
add_head (GtkGrid *grid, int column, const char *text, const char *tooltip)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "dim-label");
  gtk_widget_add_css_class (label, "caption");
  gtk_widget_set_tooltip_text (label, tooltip);
  gtk_grid_attach (grid, label, column, 0, 1, 1);
}

typedef struct { guint label; double precision, recall; } Score;

static gint
compare_recall (gconstpointer a, gconstpointer b)
{
  double x = ((const Score *) a)->recall, y = ((const Score *) b)->recall;

  /* Classes that no image belongs to come last. */
  return isnan (x) || isnan (y) ? !!isnan (x) - !!isnan (y) : x < y ? -1 : x > y;
}

/* The table's rows: all classes, or of very many those that are found least often. Element type Score. */
static GArray *
choose_classes (HlConfusionCards *self, guint n_classes)
{
  GArray *classes = g_array_sized_new (FALSE, FALSE, sizeof (Score), n_classes);

  for (guint i = 0; i < n_classes; i++)
    {
      Score score = { .label = i };

      hl_confusion_view_get_scores (self->view, i, &score.precision, &score.recall);
      g_array_append_val (classes, score);
    }
  if (n_classes > MOST_ROWS)
    {
      g_array_sort (classes, compare_recall);
      g_array_set_size (classes, MOST_ROWS);
    }
  return classes;
}

/* TRUE when the table has the rows of these classes already: then only its values change. */
static gboolean
has_rows (HlConfusionCards *self, const GArray *classes)
{
  if (self->score_bars->len != 2 * classes->len)
    return FALSE;
  for (guint i = 0; i < classes->len; i++)
    if (!g_str_equal (gtk_label_get_text (GTK_LABEL (gtk_grid_get_child_at (self->scores, 0, (int) i + 1))),
                      hl_confusion_view_get_name (self->view, g_array_index (classes, Score, i).label)))
      return FALSE;
  return TRUE;
}

static void
make_rows (HlConfusionCards *self, const GArray *classes)
{
  GtkWidget *child;

  g_ptr_array_set_size (self->score_bars, 0);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->scores))) != NULL)
    gtk_grid_remove (self->scores, child);
  add_head (self->scores, 0, _("class"), NULL);
  add_head (self->scores, 1, _("precision"), _("Of the images given this class, how many belong to it"));
  add_head (self->scores, 2, _("recall"), _("Of the images of this class, how many were found"));
  for (guint i = 0; i < classes->len; i++)
    {
      const char *text = hl_confusion_view_get_name (self->view, g_array_index (classes, Score, i).label);
      GtkWidget *name = gtk_label_new (text);

      gtk_label_set_xalign (GTK_LABEL (name), 0);
      gtk_label_set_ellipsize (GTK_LABEL (name), PANGO_ELLIPSIZE_END);
      gtk_grid_attach (self->scores, name, 0, i + 1, 1, 1);
      g_ptr_array_add (self->score_bars, add_score (self->scores, 1, i + 1, _("Precision of %s"), text));
      g_ptr_array_add (self->score_bars, add_score (self->scores, 2, i + 1, _("Recall of %s"), text));
    }
}

static void
update_scores (HlConfusionCards *self, guint n_classes)
{
  g_autoptr(GArray) classes = choose_classes (self, n_classes);
  g_autofree char *title = n_classes > MOST_ROWS ? g_strdup_printf (_("The %u classes found least often"), MOST_ROWS) : g_strdup (_("Classes"));

  gtk_widget_set_visible (self->scores_card, n_classes > 0);
  if (n_classes == 0)
    return;
  hl_card_set_title (self->scores_card, title);
  if (!has_rows (self, classes))
    make_rows (self, classes);
  for (guint i = 0; i < classes->len; i++)
    {
      const Score *score = &g_array_index (classes, Score, i);

      hl_score_bar_set_value (g_ptr_array_index (self->score_bars, 2 * i), score->precision);
      hl_score_bar_set_value (g_ptr_array_index (self->score_bars, 2 * i + 1), score->recall);
    }
}

/* ---- Following the run ---- */

static void
show_epoch (HlConfusionCards *self, guint epoch)
{
  const HlConfusion *confusion = hl_run_get_confusion (self->run, epoch);
  HlDataset *dataset = hl_data_source_get_dataset (hl_workspace_get_source (self->workspace));
  g_autofree const char **names = NULL;
  g_autofree char *title = g_strdup_printf (_("Confusion, validation, epoch %u"), epoch + 1);
  guint label, prediction;

  if (confusion == NULL)
    return;
  if (dataset != NULL && hl_dataset_get_n_classes (dataset) == confusion->n_classes)
    {
      names = g_new0 (const char *, confusion->n_classes + 1);
      for (guint i = 0; i < confusion->n_classes; i++)
        names[i] = hl_dataset_get_class_name (dataset, i);
    }
  hl_card_set_title (self->matrix_card, title);
  hl_confusion_view_set (self->view, confusion->n_classes, confusion->counts, names);
  if (!self->chosen && hl_confusion_view_find_worst (self->view, &label, &prediction))
    hl_confusion_view_select (self->view, label, prediction);
  update_scores (self, confusion->n_classes);
}

/* Where the loss compares with the input there are no classes to be confused. */
static gboolean
has_classes (HlConfusionCards *self)
{
  HlProjectState *state = self->run != NULL ? hl_run_get_state (self->run) : NULL;

  if (state == NULL)
    state = hl_project_get_state (hl_workspace_get_project (self->workspace));
  return hl_loss_get_target (hl_project_state_get_recipe (state)->loss) == HL_LOSS_TARGET_CLASS;
}

static void
update_note (HlConfusionCards *self)
{
  gboolean classes = has_classes (self);

  gtk_label_set_text (GTK_LABEL (self->no_matrix),
                      classes ? _("After the first epoch you see here which classes are taken for which.")
                              : _("The loss compares the output with the input: there are no classes to be confused. The "
                                  "Inspect page shows what the network makes of an image."));
  gtk_widget_set_visible (self->images_card, classes);
  gtk_widget_set_visible (self->export, classes);
}

static void
refresh (HlConfusionCards *self)
{
  guint n = self->run != NULL ? hl_run_get_n_confusions (self->run) : 0;
  GtkAdjustment *adjustment = gtk_range_get_adjustment (GTK_RANGE (self->slider));
  gboolean follow = gtk_adjustment_get_value (adjustment) >= gtk_adjustment_get_upper (adjustment);

  hl_health_card_set_run (HL_HEALTH_CARD (self->health), self->run);
  gtk_widget_set_visible (GTK_WIDGET (self->view), n > 0);
  gtk_widget_set_visible (self->no_matrix, n == 0);
  gtk_widget_set_visible (self->slider_box, n > 1);
  update_note (self);
  if (n == 0)
    {
      hl_card_set_title (self->matrix_card, has_classes (self) ? _("Confusion") : _("Reconstruction"));
      hl_confusion_view_set (self->view, 0, NULL, NULL);
      update_scores (self, 0);
      update_images (self);
      return;
    }
  self->updating = TRUE;
  gtk_adjustment_set_upper (adjustment, n);
  if (follow)
    gtk_adjustment_set_value (adjustment, n);
  self->updating = FALSE;
  show_epoch (self, (guint) lrint (gtk_adjustment_get_value (adjustment)) - 1);
  update_images (self);
}

static void
slider_cb (HlConfusionCards *self)
{
  if (!self->updating && self->run != NULL)
    refresh (self);
}

static gboolean
refresh_cb (gpointer data)
{
  HlConfusionCards *self = data;

  self->refresh_source = 0;
  refresh (self);
  return G_SOURCE_REMOVE;
}

/* The epoch's confusion may arrive just after its point on the curve: look when the main loop is idle. */
static void
schedule_refresh (HlConfusionCards *self)
{
  if (self->refresh_source == 0 && self->workspace != NULL)
    self->refresh_source = g_idle_add (refresh_cb, self);
}

static void
selected_cb (HlConfusionCards *self, guint label, guint prediction)
{
  self->chosen = TRUE;
  update_images (self);
}

void
hl_confusion_cards_set_run (HlConfusionCards *self, HlRun *run)
{
  GtkAdjustment *adjustment;

  g_return_if_fail (HL_IS_CONFUSION_CARDS (self));
  if (run == self->run)
    return;
  if (self->validation != NULL)
    g_signal_handlers_disconnect_by_func (self->validation, schedule_refresh, self);
  g_clear_object (&self->validation);
  g_set_object (&self->run, run);
  self->chosen = FALSE;
  if (run != NULL)
    {
      self->validation = g_object_ref (hl_run_get_series (run, HL_METRIC_LOSS, HL_PART_VALIDATION));
      g_signal_connect_swapped (self->validation, "changed", G_CALLBACK (schedule_refresh), self);
    }
  self->updating = TRUE;
  adjustment = gtk_range_get_adjustment (GTK_RANGE (self->slider));
  gtk_adjustment_configure (adjustment, 1, 1, 1, 1, 1, 0);
  self->updating = FALSE;
  refresh (self);
}

/* ---- Making the cards ---- */

static void
draw_matrix (GtkWidget *widget, cairo_t *cr, double width, double height)
{
  hl_confusion_view_draw (HL_CONFUSION_VIEW (widget), cr, width, height);
}

static char *
matrix_csv (GtkWidget *widget)
{
  return hl_confusion_view_to_csv (HL_CONFUSION_VIEW (widget));
}

static GtkWidget *
note_new (const char *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_CENTER);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 40);
  gtk_widget_add_css_class (label, "dim-label");
  gtk_widget_set_vexpand (label, TRUE);
  return label;
}

static GtkWidget *
make_matrix_card (HlConfusionCards *self)
{
  GtkWidget *header, *label = gtk_label_new (_("epoch"));

  self->matrix_card = hl_card_new (_("Confusion"), &header);
  self->view = HL_CONFUSION_VIEW (hl_confusion_view_new ());
  self->slider = gtk_scale_new_with_range (GTK_ORIENTATION_HORIZONTAL, 1, 2, 1);
  self->slider_box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  self->no_matrix = note_new (NULL);
  gtk_widget_set_size_request (self->slider, 90, -1);
  hl_ignore_wheel (self->slider);
  gtk_widget_add_css_class (self->slider, "hl-slider");
  gtk_widget_add_css_class (label, "dim-label");
  gtk_widget_add_css_class (label, "caption");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->slider), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Epoch of the confusion matrix"), -1);
  gtk_box_append (GTK_BOX (self->slider_box), label);
  gtk_box_append (GTK_BOX (self->slider_box), self->slider);
  gtk_widget_set_valign (self->slider_box, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (header), self->slider_box);
  self->export = hl_export_button_new (_("Save the confusion matrix as picture or table"), "confusion", GTK_WIDGET (self->view),
                                       draw_matrix, matrix_csv);
  gtk_box_append (GTK_BOX (header), self->export);
  gtk_widget_set_vexpand (GTK_WIDGET (self->view), TRUE);
  gtk_widget_set_size_request (self->no_matrix, -1, 180);
  gtk_box_append (GTK_BOX (self->matrix_card), self->no_matrix);
  gtk_box_append (GTK_BOX (self->matrix_card), GTK_WIDGET (self->view));
  g_signal_connect_object (self->view, "selected", G_CALLBACK (selected_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gtk_range_get_adjustment (GTK_RANGE (self->slider)), "value-changed", G_CALLBACK (slider_cb), self, G_CONNECT_SWAPPED);
  return self->matrix_card;
}

static GtkWidget *
make_images_card (HlConfusionCards *self)
{
  GtkWidget *header, *scrolled = gtk_scrolled_window_new ();

  self->images_card = hl_card_new (_("Images of a cell"), &header);
  self->images_count = gtk_label_new (NULL);
  self->images_stack = gtk_stack_new ();
  self->images_note = note_new (NULL);
  self->images = HL_SAMPLE_GRID (hl_sample_grid_new (_("Images of the chosen cell"), 50, FALSE));
  gtk_widget_add_css_class (self->images_count, "dim-label");
  gtk_box_append (GTK_BOX (header), self->images_count);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), GTK_WIDGET (self->images));
  gtk_widget_set_size_request (scrolled, -1, 146);
  gtk_widget_set_vexpand (scrolled, TRUE);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->images), _("Double-click an image to look at it on the Inspect page"));
  gtk_stack_add_named (GTK_STACK (self->images_stack), self->images_note, "note");
  gtk_stack_add_named (GTK_STACK (self->images_stack), scrolled, "images");
  gtk_box_append (GTK_BOX (self->images_card), self->images_stack);
  g_signal_connect_object (self->images, "activated", G_CALLBACK (image_activated_cb), self, G_CONNECT_SWAPPED);
  return self->images_card;
}

static void
confusion_cards_dispose (GObject *object)
{
  HlConfusionCards *self = HL_CONFUSION_CARDS (object);

  g_clear_handle_id (&self->refresh_source, g_source_remove);
  if (self->validation != NULL)
    g_signal_handlers_disconnect_by_func (self->validation, schedule_refresh, self);
  g_clear_object (&self->validation);
  g_clear_pointer (&self->score_bars, g_ptr_array_unref);
  g_clear_object (&self->run);
  g_clear_object (&self->workspace);
  G_OBJECT_CLASS (hl_confusion_cards_parent_class)->dispose (object);
}

static void
hl_confusion_cards_class_init (HlConfusionCardsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = confusion_cards_dispose;
}

static void
hl_confusion_cards_init (HlConfusionCards *self)
{
  GtkWidget *right = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);

  gtk_box_set_spacing (GTK_BOX (self), 12);
  gtk_box_set_homogeneous (GTK_BOX (self), TRUE);
  gtk_box_append (GTK_BOX (self), make_matrix_card (self));
  self->scores_card = hl_card_new (_("Classes"), NULL);
  self->scores = GTK_GRID (gtk_grid_new ());
  self->score_bars = g_ptr_array_new ();
  gtk_grid_set_column_spacing (self->scores, 12);
  gtk_grid_set_row_spacing (self->scores, 1);
  gtk_box_append (GTK_BOX (self->scores_card), GTK_WIDGET (self->scores));
  gtk_box_append (GTK_BOX (right), make_images_card (self));
  gtk_box_append (GTK_BOX (right), self->scores_card);
  self->health = hl_health_card_new ();
  gtk_box_append (GTK_BOX (right), self->health);
  gtk_widget_set_vexpand (self->images_card, TRUE);
  gtk_box_append (GTK_BOX (self), right);
}

GtkWidget *
hl_confusion_cards_new (HlWorkspace *workspace)
{
  HlConfusionCards *self = g_object_new (HL_TYPE_CONFUSION_CARDS, NULL);

  self->workspace = g_object_ref (workspace);
  g_signal_connect_object (hl_workspace_get_source (workspace), "changed", G_CALLBACK (schedule_refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (hl_workspace_get_project (workspace), "notify::state", G_CALLBACK (schedule_refresh), self,
                           G_CONNECT_SWAPPED);
  refresh (self);
  return GTK_WIDGET (self);
}
