/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlRun: a run's numbers as they grow or as they were stored. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/run-private.h"

#include <math.h>

#define N_COLORS 8
#define MAX_CONFUSION_CELLS 1e8
#define N_RUN_PARTS 2   /* training and validation have curves */

struct _HlRun
{
  GObject parent;
  guint number;
  char *title, *summary, *state_name, *message;
  GFile *folder;
  HlProjectState *state;
  gboolean starred, shown, active;
  guint64 steps_per_epoch;
  HlSeries *series[HL_N_METRICS][N_RUN_PARTS];
  GPtrArray *confusions;     /* HlConfusion, one an epoch */
  GArray *predictions;       /* gint32 */
  guint epochs;
  HlScore validation, test;
};

G_DEFINE_TYPE (HlRun, hl_run, G_TYPE_OBJECT)

enum
{
  PROP_NUMBER = 1,
  PROP_TITLE,
  PROP_SUMMARY,
  PROP_STATE_TEXT,
  PROP_ACCURACY_TEXT,
  PROP_STARRED,
  PROP_SHOWN,
  PROP_ACTIVE,
  PROP_COLOR_INDEX,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

static void
confusion_free (gpointer data)
{
  HlConfusion *confusion = data;

  g_free (confusion->counts);
  g_free (confusion);
}

static void
hl_run_finalize (GObject *object)
{
  HlRun *self = HL_RUN (object);

  for (guint metric = 0; metric < HL_N_METRICS; metric++)
    for (guint part = 0; part < N_RUN_PARTS; part++)
      g_clear_object (&self->series[metric][part]);
  g_ptr_array_unref (self->confusions);
  g_array_unref (self->predictions);
  g_clear_object (&self->folder);
  g_clear_pointer (&self->state, hl_project_state_unref);
  g_free (self->title);
  g_free (self->summary);
  g_free (self->state_name);
  g_free (self->message);
  G_OBJECT_CLASS (hl_run_parent_class)->finalize (object);
}

static char *
make_state_text (HlRun *self)
{
  if (self->active)
    return g_strdup (_("Training"));
  if (g_str_equal (self->state_name, "done"))
    return g_strdup_printf (ngettext ("Done, %u epoch", "Done, %u epochs", self->epochs), self->epochs);
  if (g_str_equal (self->state_name, "stopped"))
    return g_strdup_printf (ngettext ("Stopped after %u epoch", "Stopped after %u epochs", self->epochs), self->epochs);
  if (g_str_equal (self->state_name, "failed"))
    return g_strdup_printf (_("Failed: %s"), self->message ? self->message : _("the reason was not stored."));
  return g_strdup_printf (ngettext ("Interrupted after %u epoch", "Interrupted after %u epochs", self->epochs),
                          self->epochs);
}

static char *
make_accuracy_text (HlRun *self)
{
  if (self->test.n > 0 && isnan (self->test.accuracy))
    return g_strdup_printf (_("test loss %.4g"), self->test.loss);
  if (self->test.n > 0)
    return g_strdup_printf (_("test %.1f %%"), 100 * self->test.accuracy);
  if (self->validation.n > 0 && isnan (self->validation.accuracy))
    return g_strdup_printf (_("validation loss %.4g"), self->validation.loss);
  if (self->validation.n > 0)
    return g_strdup_printf (_("validation %.1f %%"), 100 * self->validation.accuracy);
  return g_strdup ("");
}

static void
hl_run_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HlRun *self = HL_RUN (object);

  switch (id)
    {
    case PROP_NUMBER: g_value_set_uint (value, self->number); break;
    case PROP_TITLE: g_value_set_string (value, self->title); break;
    case PROP_SUMMARY: g_value_set_string (value, self->summary); break;
    case PROP_STATE_TEXT: g_value_take_string (value, make_state_text (self)); break;
    case PROP_ACCURACY_TEXT: g_value_take_string (value, make_accuracy_text (self)); break;
    case PROP_STARRED: g_value_set_boolean (value, self->starred); break;
    case PROP_SHOWN: g_value_set_boolean (value, self->shown); break;
    case PROP_ACTIVE: g_value_set_boolean (value, self->active); break;
    case PROP_COLOR_INDEX: g_value_set_uint (value, hl_run_get_color_index (self)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* ---- What the user may change; stored on another thread ---- */

typedef struct { GFile *folder; char *title; gboolean starred; } Relabel;

static void
relabel_free (gpointer data)
{
  Relabel *self = data;

  g_object_unref (self->folder);
  g_free (self->title);
  g_free (self);
}

static void
relabel_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Relabel *self = data;
  g_autoptr (GError) error = NULL;

  if (!hl_run_info_relabel (self->folder, self->title, self->starred, &error))
    g_warning ("Title and star of a run are not stored: %s", error->message);
  g_task_return_boolean (task, TRUE);
}

static void
store_label (HlRun *self)
{
  g_autoptr (GTask) task = NULL;
  Relabel *relabel;

  if (!self->folder)
    return;
  relabel = g_new0 (Relabel, 1);
  relabel->folder = g_object_ref (self->folder);
  relabel->title = g_strdup (self->title);
  relabel->starred = self->starred;
  task = g_task_new (NULL, NULL, NULL, NULL);
  g_task_set_task_data (task, relabel, relabel_free);
  g_task_run_in_thread (task, relabel_thread);
}

static void
hl_run_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  HlRun *self = HL_RUN (object);

  switch (id)
    {
    case PROP_TITLE:
      if (g_strcmp0 (self->title, g_value_get_string (value)) == 0)
        return;
      g_free (self->title);
      self->title = g_value_dup_string (value);
      store_label (self);
      break;
    case PROP_STARRED:
      if (self->starred == g_value_get_boolean (value))
        return;
      self->starred = g_value_get_boolean (value);
      store_label (self);
      break;
    case PROP_SHOWN:
      if (self->shown == g_value_get_boolean (value))
        return;
      self->shown = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      return;
    }
  g_object_notify_by_pspec (object, pspec);
}

static void
hl_run_class_init (HlRunClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = hl_run_finalize;
  object_class->get_property = hl_run_get_property;
  object_class->set_property = hl_run_set_property;
  props[PROP_NUMBER] = g_param_spec_uint ("number", NULL, NULL, 0, G_MAXUINT, 0, flags);
  props[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags | G_PARAM_WRITABLE);
  props[PROP_SUMMARY] = g_param_spec_string ("summary", NULL, NULL, NULL, flags);
  props[PROP_STATE_TEXT] = g_param_spec_string ("state-text", NULL, NULL, NULL, flags);
  props[PROP_ACCURACY_TEXT] = g_param_spec_string ("accuracy-text", NULL, NULL, NULL, flags);
  props[PROP_STARRED] = g_param_spec_boolean ("starred", NULL, NULL, FALSE, flags | G_PARAM_WRITABLE);
  props[PROP_SHOWN] = g_param_spec_boolean ("shown", NULL, NULL, FALSE, flags | G_PARAM_WRITABLE);
  props[PROP_ACTIVE] = g_param_spec_boolean ("active", NULL, NULL, FALSE, flags);
  props[PROP_COLOR_INDEX] = g_param_spec_uint ("color-index", NULL, NULL, 0, N_COLORS - 1, 0, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
hl_run_init (HlRun *self)
{
  for (guint metric = 0; metric < HL_N_METRICS; metric++)
    {
      self->series[metric][HL_PART_TRAIN] = hl_series_new ("training");
      self->series[metric][HL_PART_VALIDATION] = hl_series_new ("validation");
    }
  self->confusions = g_ptr_array_new_with_free_func (confusion_free);
  self->predictions = g_array_new (FALSE, FALSE, sizeof (gint32));
  self->state_name = g_strdup ("running");
}

HlRun *
hl_run_new_live (guint number, GFile *folder, HlProjectState *state, guint64 steps_per_epoch)
{
  HlRun *self = g_object_new (HL_TYPE_RUN, NULL);
  const char *optimizer = _(hl_project_state_get_recipe (state)->optimizer->klass->title);

  self->number = number;
  self->folder = g_object_ref (folder);
  self->state = hl_project_state_ref (state);
  self->title = g_strdup_printf (_("Run %u · %s"), number, optimizer);
  self->steps_per_epoch = steps_per_epoch;
  self->active = self->shown = TRUE;
  return self;
}

/* ---- Reading back ---- */

static HlConfusion *
confusion_new (guint n_classes)
{
  HlConfusion *confusion = g_new0 (HlConfusion, 1);

  confusion->n_classes = n_classes;
  confusion->counts = g_new0 (guint32, (gsize) n_classes * n_classes);
  return confusion;
}

static void
load_points (HlRun *self, HlPart part, const GArray *points)
{
  g_autofree double *values = g_new (double, 3 * points->len + 1);
  double *x = values, *loss = values + points->len, *accuracy = loss + points->len;
  gboolean has_accuracy = points->len > 0 && !isnan (g_array_index (points, HlRunPoint, 0).accuracy);

  for (guint i = 0; i < points->len; i++)
    {
      const HlRunPoint *point = &g_array_index (points, HlRunPoint, i);

      x[i] = point->x;
      loss[i] = point->loss;
      accuracy[i] = point->accuracy;
    }
  hl_series_add_many (self->series[HL_METRIC_LOSS][part], points->len, x, loss);
  /* A loss knows right answers or it does not, from the first point to the last. */
  if (has_accuracy)
    hl_series_add_many (self->series[HL_METRIC_ACCURACY][part], points->len, x, accuracy);
}

HlRun *
hl_run_new_stored (const HlRunRecord *record)
{
  HlRun *self = g_object_new (HL_TYPE_RUN, NULL);
  const HlRunInfo *info = record->info;

  self->number = record->number;
  self->folder = g_object_ref (record->folder);
  self->state = hl_project_state_ref (record->state);
  self->title = g_strdup (info->title);
  self->starred = info->starred;
  g_free (self->state_name);
  self->state_name = g_strdup (info->state);
  self->message = g_strdup (info->message);
  self->steps_per_epoch = info->steps_per_epoch;
  self->epochs = info->epochs;
  self->validation = info->validation;
  self->test = info->test;
  load_points (self, HL_PART_TRAIN, record->train);
  load_points (self, HL_PART_VALIDATION, record->validation);
  for (guint i = 0; i < record->cells->len; i++)
    {
      const HlRunCell *cell = &g_array_index (record->cells, HlRunCell, i);
      HlConfusion *confusion;

      /* No file is trusted with the size of an allocation. */
      if (cell->epoch > info->epochs || (double) cell->epoch * info->n_classes * info->n_classes > MAX_CONFUSION_CELLS)
        continue;
      while (self->confusions->len < cell->epoch)
        g_ptr_array_add (self->confusions, confusion_new (info->n_classes));
      confusion = g_ptr_array_index (self->confusions, cell->epoch - 1);
      confusion->counts[cell->label * info->n_classes + cell->prediction] = cell->count;
    }
  g_array_append_vals (self->predictions, record->predictions->data, record->predictions->len);
  return self;
}

/* ---- Growing ---- */

static void
notify_texts (HlRun *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE_TEXT]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ACCURACY_TEXT]);
}

void
hl_run_continue (HlRun *self, guint64 first_step, guint64 steps_per_epoch)
{
  double x;

  self->steps_per_epoch = steps_per_epoch;
  x = (double) first_step / MAX (steps_per_epoch, 1);
  for (guint metric = 0; metric < HL_N_METRICS; metric++)
    for (guint part = 0; part < N_RUN_PARTS; part++)
      hl_series_cut (self->series[metric][part], x + 1e-9);
  self->epochs = MIN (self->epochs, (guint) x);
  if (self->confusions->len > self->epochs)
    g_ptr_array_set_size (self->confusions, self->epochs);
  self->test.n = 0;
  self->active = TRUE;
  g_clear_pointer (&self->message, g_free);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ACTIVE]);
  notify_texts (self);
}

void
hl_run_add_steps (HlRun *self, const HlStepResult *results, guint n)
{
  g_autofree double *values = g_new (double, 3 * n + 1);
  double *x = values, *loss = values + n, *accuracy = loss + n;
  guint n_points = 0;

  for (guint i = 0; i < n; i++)
    {
      /* The step that ends a run has no place on an axis. */
      if (!isfinite (results[i].loss))
        continue;
      x[n_points] = (double) results[i].step / MAX (self->steps_per_epoch, 1);
      loss[n_points] = results[i].loss;
      accuracy[n_points++] = results[i].accuracy;
    }
  hl_series_add_many (self->series[HL_METRIC_LOSS][HL_PART_TRAIN], n_points, x, loss);
  if (n_points > 0 && !isnan (accuracy[0]))
    hl_series_add_many (self->series[HL_METRIC_ACCURACY][HL_PART_TRAIN], n_points, x, accuracy);
}

void
hl_run_add_epoch (HlRun *self, HlEvent *event)
{
  guint epoch = event->u.epoch.epoch;

  self->epochs = epoch + 1;
  self->validation = event->u.epoch.validation;
  if (self->validation.n > 0)
    {
      hl_series_add (self->series[HL_METRIC_LOSS][HL_PART_VALIDATION], epoch + 1, self->validation.loss);
      if (!isnan (self->validation.accuracy))
        hl_series_add (self->series[HL_METRIC_ACCURACY][HL_PART_VALIDATION], epoch + 1, self->validation.accuracy);
    }
  if (event->u.epoch.confusion)
    {
      HlConfusion *confusion = g_new0 (HlConfusion, 1);

      while (self->confusions->len < epoch)
        g_ptr_array_add (self->confusions, confusion_new (event->u.epoch.n_classes));
      g_ptr_array_set_size (self->confusions, epoch);
      confusion->n_classes = event->u.epoch.n_classes;
      confusion->counts = g_steal_pointer (&event->u.epoch.confusion);
      g_ptr_array_add (self->confusions, confusion);
    }
  g_array_set_size (self->predictions, 0);
  if (event->u.epoch.predictions)
    g_array_append_vals (self->predictions, event->u.epoch.predictions, event->u.epoch.n_predictions);
  notify_texts (self);
}

void
hl_run_set_test (HlRun *self, const HlScore *score)
{
  self->test = *score;
  notify_texts (self);
}

void
hl_run_end (HlRun *self, const char *state, const char *message)
{
  g_free (self->state_name);
  self->state_name = g_strdup (state);
  g_free (self->message);
  self->message = g_strdup (message);
  self->active = FALSE;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ACTIVE]);
  notify_texts (self);
}

void
hl_run_set_folder (HlRun *self, GFile *folder)
{
  g_set_object (&self->folder, folder);
}

void
hl_run_set_summary (HlRun *self, const char *summary)
{
  if (g_strcmp0 (self->summary, summary) == 0)
    return;
  g_free (self->summary);
  self->summary = g_strdup (summary);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SUMMARY]);
}

/* ---- Looking ---- */

guint
hl_run_get_number (HlRun *self)
{
  return self->number;
}

GFile *
hl_run_get_folder (HlRun *self)
{
  return self->folder;
}

HlProjectState *
hl_run_get_state (HlRun *self)
{
  return self->state;
}

HlSeries *
hl_run_get_series (HlRun *self, HlMetric metric, HlPart part)
{
  g_return_val_if_fail (metric < HL_N_METRICS && part < N_RUN_PARTS, NULL);
  return self->series[metric][part];
}

guint
hl_run_get_n_confusions (HlRun *self)
{
  return self->confusions->len;
}

const HlConfusion *
hl_run_get_confusion (HlRun *self, guint epoch)
{
  return epoch < self->confusions->len ? g_ptr_array_index (self->confusions, epoch) : NULL;
}

const gint32 *
hl_run_get_predictions (HlRun *self, gsize *n)
{
  *n = self->predictions->len;
  return self->predictions->len > 0 ? (const gint32 *) self->predictions->data : NULL;
}

gboolean
hl_run_get_test (HlRun *self, HlScore *score)
{
  *score = self->test;
  return self->test.n > 0;
}

gboolean
hl_run_get_active (HlRun *self)
{
  return self->active;
}

gboolean
hl_run_get_shown (HlRun *self)
{
  return self->shown;
}

guint
hl_run_get_color_index (HlRun *self)
{
  return self->number > 0 ? (self->number - 1) % N_COLORS : 0;
}

const char *
hl_run_get_title (HlRun *self)
{
  return self->title;
}
