/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading curves as a teacher would. The thresholds are rules of thumb; each sentence names the numbers it comes from. */

#include "config.h"

#include "ui/train/health.h"

#include "ui/chart/axis.h"
#include "ui/chart/chart-card.h"
#include "ui/widgets/paragraph.h"

#include <glib/gi18n.h>
#include <math.h>

/* A loss that moves less than this share in an epoch rests. */
#define RESTING 0.01
/* Validation that was best so many epochs ago and is worse by this share now has turned. */
#define TURNED_EPOCHS 2
#define TURNED_SHARE 0.03
#define WIDE_GAP 0.08

struct _HlHealthCard
{
  GtkBox parent_instance;
  GtkWidget *card, *notes;
  char *shown;                 /* all notes in one text */
};

G_DEFINE_FINAL_TYPE (HlHealthCard, hl_health_card, GTK_TYPE_BOX)

void
hl_health_note_free (HlHealthNote *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self);
}

static void
add_note (GPtrArray *notes, HlHealthLevel level, char *text /* taken */)
{
  HlHealthNote *note = g_new (HlHealthNote, 1);

  note->level = level;
  note->text = text;
  g_ptr_array_add (notes, note);
}

static void
check_guessing (const HlHealthCurves *curves, GPtrArray *notes)
{
  double accuracy = curves->training_accuracy[curves->n_epochs - 1];
  char text[24], chance[24];

  if (curves->n_classes < 2 || accuracy > 1.5 / curves->n_classes)
    return;
  hl_axis_format (accuracy, HL_AXIS_PERCENT, text, sizeof text);
  hl_axis_format (1.0 / curves->n_classes, HL_AXIS_PERCENT, chance, sizeof chance);
  add_note (notes, HL_HEALTH_ATTENTION,
            g_strdup_printf (_("The network is right in %s, hardly more than guessing (%s). A learning rate ten times smaller or larger may help."),
                             text, chance));
}

static void
check_progress (const HlHealthCurves *curves, GPtrArray *notes)
{
  guint last = curves->n_epochs - 1;
  double now = curves->training_loss[last], before;
  char from[24], to[24];

  if (last == 0)
    return;
  before = curves->training_loss[last - 1];
  hl_axis_format (before, HL_AXIS_NUMBER, from, sizeof from);
  hl_axis_format (now, HL_AXIS_NUMBER, to, sizeof to);
  if (now < before * (1 - RESTING))
    add_note (notes, HL_HEALTH_GOOD, g_strdup_printf (_("The training loss still falls: from %s to %s in the last epoch."), from, to));
  else if (now <= before * (1 + RESTING))
    add_note (notes, HL_HEALTH_GOOD, g_strdup_printf (_("The training loss has come to rest at %s: more epochs alone change little."), to));
  else
    add_note (notes, HL_HEALTH_ATTENTION,
              g_strdup_printf (_("The training loss rose from %s to %s in the last epoch: the learning rate may be too high."), from, to));
}

static void
check_turn (const HlHealthCurves *curves, GPtrArray *notes)
{
  guint last = curves->n_epochs - 1, best = 0;
  char then[24], now[24];

  if (curves->validation_loss == NULL || last == 0)
    return;
  for (guint i = 1; i <= last; i++)
    if (curves->validation_loss[i] < curves->validation_loss[best])
      best = i;
  if (last - best >= TURNED_EPOCHS && curves->validation_loss[last] > curves->validation_loss[best] * (1 + TURNED_SHARE)
      && curves->training_loss[last] < curves->training_loss[best])
    {
      hl_axis_format (curves->validation_loss[best], HL_AXIS_NUMBER, then, sizeof then);
      hl_axis_format (curves->validation_loss[last], HL_AXIS_NUMBER, now, sizeof now);
      add_note (notes, HL_HEALTH_ATTENTION,
                g_strdup_printf (_("Validation was best after epoch %u (loss %s) and is worse since (%s), while training improves: the network begins "
                                   "to learn the images by heart. Stop earlier, or try dropout, weight decay or more images."),
                                 best + 1, then, now));
    }
  else if (best == last)
    add_note (notes, HL_HEALTH_GOOD, g_strdup (_("Training and validation still improve together.")));
  else
    add_note (notes, HL_HEALTH_GOOD, g_strdup_printf (_("Validation was best after epoch %u; no sign yet of learning by heart."), best + 1));
}

static void
check_gap (const HlHealthCurves *curves, GPtrArray *notes)
{
  guint last = curves->n_epochs - 1;
  char training[24], validation[24];

  if (curves->validation_accuracy == NULL || curves->training_accuracy[last] - curves->validation_accuracy[last] < WIDE_GAP)
    return;
  hl_axis_format (curves->training_accuracy[last], HL_AXIS_PERCENT, training, sizeof training);
  hl_axis_format (curves->validation_accuracy[last], HL_AXIS_PERCENT, validation, sizeof validation);
  add_note (notes, HL_HEALTH_ATTENTION,
            g_strdup_printf (_("The network knows the training images (%s) much better than new ones (%s)."), training, validation));
}

GPtrArray *
hl_health_check (const HlHealthCurves *curves)
{
  GPtrArray *notes = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_health_note_free);

  if (curves->n_epochs == 0)
    return notes;
  if (!isfinite (curves->training_loss[curves->n_epochs - 1]))
    {
      add_note (notes, HL_HEALTH_ATTENTION, g_strdup (_("The loss is no longer a number: training has diverged. Try a smaller learning rate.")));
      return notes;
    }
  check_guessing (curves, notes);
  check_progress (curves, notes);
  check_turn (curves, notes);
  check_gap (curves, notes);
  return notes;
}

/* ---- The card ---- */

/* Means over the epochs that are over. */
static GArray *
epoch_means (HlSeries *series, guint n_epochs)
{
  GArray *means = g_array_new (FALSE, FALSE, sizeof (double));
  guint n = hl_series_get_n (series), i = 0;

  for (guint epoch = 1; epoch <= n_epochs; epoch++)
    {
      double sum = 0, mean;
      guint count = 0;

      for (; i < n && hl_series_get_x (series)[i] <= epoch + 1e-9; i++, count++)
        sum += hl_series_get_y (series)[i];
      mean = count > 0 ? sum / count : NAN;
      g_array_append_val (means, mean);
    }
  return means;
}

static void
show_note (HlHealthCard *self, const HlHealthNote *note)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *icon = gtk_image_new_from_icon_name (note->level == HL_HEALTH_GOOD ? "emblem-ok-symbolic" : "dialog-warning-symbolic");
  GtkWidget *text = hl_paragraph_new (note->text, 120);

  gtk_widget_add_css_class (icon, note->level == HL_HEALTH_GOOD ? "success" : "warning");
  gtk_widget_set_valign (icon, GTK_ALIGN_START);
  gtk_widget_set_hexpand (text, TRUE);
  /* A wrapped label says another height than it takes when its font has fractions of a pixel. */
  gtk_widget_set_size_request (row, -1, 20);
  gtk_box_append (GTK_BOX (row), icon);
  gtk_box_append (GTK_BOX (row), text);
  gtk_box_append (GTK_BOX (self->notes), row);
}

/* Replaces what is shown, where it says something else: new labels make GTK lay the page out anew. */
static void
show_notes (HlHealthCard *self, GPtrArray *notes /* of HlHealthNote; NULL: none */)
{
  g_autoptr(GString) shown = g_string_new (NULL);
  GtkWidget *child;

  for (guint i = 0; notes != NULL && i < notes->len; i++)
    g_string_append_printf (shown, "%d %s\n", ((HlHealthNote *) g_ptr_array_index (notes, i))->level,
                            ((HlHealthNote *) g_ptr_array_index (notes, i))->text);
  if (g_strcmp0 (shown->str, self->shown) == 0)
    return;
  g_free (self->shown);
  self->shown = g_strdup (shown->str);
  while ((child = gtk_widget_get_first_child (self->notes)) != NULL)
    gtk_box_remove (GTK_BOX (self->notes), child);
  for (guint i = 0; notes != NULL && i < notes->len; i++)
    show_note (self, g_ptr_array_index (notes, i));
  gtk_widget_set_visible (GTK_WIDGET (self), notes != NULL && notes->len > 0);
}

void
hl_health_card_set_run (HlHealthCard *self, HlRun *run)
{
  HlSeries *series[HL_N_METRICS][2];
  g_autoptr(GArray) loss = NULL;
  g_autoptr(GArray) accuracy = NULL;
  g_autoptr(GPtrArray) notes = NULL;
  HlHealthCurves curves = { 0 };

  g_return_if_fail (HL_IS_HEALTH_CARD (self));
  if (run == NULL)
    {
      show_notes (self, NULL);
      return;
    }
  for (guint metric = 0; metric < HL_N_METRICS; metric++)
    for (guint part = 0; part < 2; part++)
      series[metric][part] = hl_run_get_series (run, metric, part == 0 ? HL_PART_TRAIN : HL_PART_VALIDATION);
  curves.n_epochs = hl_series_get_n (series[HL_METRIC_LOSS][1]);
  if (curves.n_epochs == 0 && hl_series_get_n (series[HL_METRIC_LOSS][0]) > 0)
    {
      guint n = hl_series_get_n (series[HL_METRIC_LOSS][0]);

      curves.n_epochs = floor (hl_series_get_x (series[HL_METRIC_LOSS][0])[n - 1] + 1e-9);
    }
  else
    {
      curves.validation_loss = hl_series_get_y (series[HL_METRIC_LOSS][1]);
      /* A loss that compares with the input knows no right answers. */
      if (hl_series_get_n (series[HL_METRIC_ACCURACY][1]) >= curves.n_epochs)
        curves.validation_accuracy = hl_series_get_y (series[HL_METRIC_ACCURACY][1]);
    }
  loss = epoch_means (series[HL_METRIC_LOSS][0], curves.n_epochs);
  accuracy = epoch_means (series[HL_METRIC_ACCURACY][0], curves.n_epochs);
  curves.training_loss = (const double *) (void *) loss->data;
  curves.training_accuracy = (const double *) (void *) accuracy->data;
  if (hl_run_get_n_confusions (run) > 0)
    curves.n_classes = hl_run_get_confusion (run, 0)->n_classes;
  notes = hl_health_check (&curves);
  show_notes (self, notes);
}

static void
hl_health_card_finalize (GObject *object)
{
  g_free (HL_HEALTH_CARD (object)->shown);
  G_OBJECT_CLASS (hl_health_card_parent_class)->finalize (object);
}

static void
hl_health_card_class_init (HlHealthCardClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hl_health_card_finalize;
}

static void
hl_health_card_init (HlHealthCard *self)
{
  self->card = hl_card_new (_("Health"), NULL);
  self->notes = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  gtk_box_append (GTK_BOX (self->card), self->notes);
  gtk_widget_set_hexpand (self->card, TRUE);
  gtk_box_append (GTK_BOX (self), self->card);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

GtkWidget *
hl_health_card_new (void)
{
  return g_object_new (HL_TYPE_HEALTH_CARD, NULL);
}
