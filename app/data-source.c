/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlDataSource: reads and divides on another thread; a newer request cancels the one under way. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/data-source.h"

#define PROGRESS_EVERY_US 33000

struct _HlDataSource
{
  GObject parent;
  HlProject *project;
  HlDataset *dataset;
  HlSplit *split;
  HlDataSpec *spec;          /* what dataset and split were, or are being, made from */
  GCancellable *loading;     /* NULL: idle */
  double progress;
  char *progress_text, *error_message;
};

G_DEFINE_TYPE (HlDataSource, hl_data_source, G_TYPE_OBJECT)

enum { PROP_LOADING = 1, PROP_PROGRESS, PROP_PROGRESS_TEXT, PROP_ERROR_MESSAGE, PROP_DATASET, PROP_SPLIT, N_PROPS };
static GParamSpec *props[N_PROPS];
enum { CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

/* Belongs to the task; the thread only reads the first three and fills the results. */
typedef struct
{
  HlDataSpec *spec;
  GFile *folder;
  HlDataset *dataset;        /* given: only divided anew */
  HlSplit *split;
  GWeakRef source;
  GCancellable *cancellable;
  gint64 last_report_us;
} Load;

static void
load_free (gpointer data)
{
  Load *self = data;

  hl_data_spec_free (self->spec);
  g_clear_object (&self->folder);
  g_clear_pointer (&self->dataset, hl_dataset_unref);
  g_clear_pointer (&self->split, hl_split_unref);
  g_weak_ref_clear (&self->source);
  g_clear_object (&self->cancellable);
  g_free (self);
}

static void
hl_data_source_dispose (GObject *object)
{
  HlDataSource *self = HL_DATA_SOURCE (object);

  if (self->loading)
    g_cancellable_cancel (self->loading);
  g_clear_object (&self->loading);
  if (self->project)
    g_signal_handlers_disconnect_by_data (self->project, self);
  g_clear_object (&self->project);
  G_OBJECT_CLASS (hl_data_source_parent_class)->dispose (object);
}

static void
hl_data_source_finalize (GObject *object)
{
  HlDataSource *self = HL_DATA_SOURCE (object);

  g_clear_pointer (&self->dataset, hl_dataset_unref);
  g_clear_pointer (&self->split, hl_split_unref);
  g_clear_pointer (&self->spec, hl_data_spec_free);
  g_free (self->progress_text);
  g_free (self->error_message);
  G_OBJECT_CLASS (hl_data_source_parent_class)->finalize (object);
}

static void
hl_data_source_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HlDataSource *self = HL_DATA_SOURCE (object);

  switch (id)
    {
    case PROP_LOADING: g_value_set_boolean (value, self->loading != NULL); break;
    case PROP_PROGRESS: g_value_set_double (value, self->progress); break;
    case PROP_PROGRESS_TEXT: g_value_set_string (value, self->progress_text); break;
    case PROP_ERROR_MESSAGE: g_value_set_string (value, self->error_message); break;
    case PROP_DATASET: g_value_set_pointer (value, self->dataset); break;
    case PROP_SPLIT: g_value_set_pointer (value, self->split); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
hl_data_source_class_init (HlDataSourceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = hl_data_source_dispose;
  object_class->finalize = hl_data_source_finalize;
  object_class->get_property = hl_data_source_get_property;
  props[PROP_LOADING] = g_param_spec_boolean ("loading", NULL, NULL, FALSE, flags);
  props[PROP_PROGRESS] = g_param_spec_double ("progress", NULL, NULL, -1, 1, -1, flags);
  props[PROP_PROGRESS_TEXT] = g_param_spec_string ("progress-text", NULL, NULL, NULL, flags);
  props[PROP_ERROR_MESSAGE] = g_param_spec_string ("error-message", NULL, NULL, NULL, flags);
  props[PROP_DATASET] = g_param_spec_pointer ("dataset", NULL, NULL, flags);
  props[PROP_SPLIT] = g_param_spec_pointer ("split", NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[CHANGED]
      = g_signal_new ("changed", HL_TYPE_DATA_SOURCE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
hl_data_source_init (HlDataSource *self)
{
  self->progress = -1;
}

static void
notify (HlDataSource *self, guint prop)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
}

static void
set_progress (HlDataSource *self, double fraction, const char *text)
{
  if (self->progress != fraction)
    {
      self->progress = fraction;
      notify (self, PROP_PROGRESS);
    }
  if (g_strcmp0 (self->progress_text, text) != 0)
    {
      g_free (self->progress_text);
      self->progress_text = g_strdup (text);
      notify (self, PROP_PROGRESS_TEXT);
    }
}

static void
set_error (HlDataSource *self, const char *message)
{
  if (g_strcmp0 (self->error_message, message) == 0)
    return;
  g_free (self->error_message);
  self->error_message = g_strdup (message);
  notify (self, PROP_ERROR_MESSAGE);
}

/* Takes dataset and split; either may be NULL. */
static void
set_data (HlDataSource *self, HlDataset *dataset, HlSplit *split)
{
  HlDataset *old_dataset = self->dataset;
  HlSplit *old_split = self->split;

  self->dataset = dataset;
  self->split = split;
  g_object_freeze_notify (G_OBJECT (self));
  if (old_dataset != dataset)
    notify (self, PROP_DATASET);
  if (old_split != split)
    notify (self, PROP_SPLIT);
  g_object_thaw_notify (G_OBJECT (self));
  if (old_dataset != dataset || old_split != split)
    g_signal_emit (self, signals[CHANGED], 0);
  g_clear_pointer (&old_dataset, hl_dataset_unref);
  g_clear_pointer (&old_split, hl_split_unref);
}

/* ---- On the other thread ---- */

typedef struct { HlDataSource *source; GCancellable *cancellable; double fraction; char *text; } Report;

static void
report_free (gpointer data)
{
  Report *self = data;

  g_object_unref (self->source);
  g_object_unref (self->cancellable);
  g_free (self->text);
  g_free (self);
}

static gboolean
report_in_main_cb (gpointer data)
{
  Report *report = data;

  if (report->source->loading == report->cancellable)
    set_progress (report->source, report->fraction, report->text);
  return G_SOURCE_REMOVE;
}

static void
report_cb (gpointer data, double fraction, const char *text)
{
  Load *load = data;
  gint64 now = g_get_monotonic_time ();
  HlDataSource *source;
  Report *report;

  if (now - load->last_report_us < PROGRESS_EVERY_US)
    return;
  load->last_report_us = now;
  source = g_weak_ref_get (&load->source);
  if (!source)
    return;
  report = g_new0 (Report, 1);
  report->source = source;
  report->cancellable = g_object_ref (load->cancellable);
  report->fraction = CLAMP (fraction, -1, 1);
  report->text = g_strdup (text);
  /* The last reference may well be this one, and it must be dropped on the main thread. */
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, report_in_main_cb, report, report_free);
}

static void
load_thread (GTask *task, gpointer object, gpointer data, GCancellable *cancellable)
{
  Load *load = data;
  HlProgress progress = { report_cb, load };
  GError *error = NULL;

  if (!load->dataset)
    load->dataset
        = hl_dataset_open (load->spec->format, load->spec->path, load->folder, &progress, cancellable, &error);
  if (load->dataset)
    load->split = hl_split_new (load->dataset, load->spec, &error);
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* ---- Back on the main thread ---- */

static void
load_done (GObject *object, GAsyncResult *result, gpointer data)
{
  HlDataSource *self = HL_DATA_SOURCE (object);
  Load *load = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  gboolean ok = g_task_propagate_boolean (G_TASK (result), &error);

  /* Replaced by a newer request, which will tell its own end. */
  if (self->loading != load->cancellable)
    return;
  g_clear_object (&self->loading);
  g_object_freeze_notify (G_OBJECT (self));
  notify (self, PROP_LOADING);
  set_progress (self, -1, NULL);
  if (ok)
    set_error (self, NULL);
  else if (g_error_matches (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING))
    {
      g_autofree char *text = g_strdup_printf (_("%s The generated Strokes need no files."),
                                               error->message);

      set_error (self, text);
    }
  else
    set_error (self, g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? _("Reading the data was cancelled.")
                                                                               : error->message);
  g_object_thaw_notify (G_OBJECT (self));
  set_data (self, g_steal_pointer (&load->dataset), g_steal_pointer (&load->split));
}

static gboolean
same_files (const HlDataSpec *a, const HlDataSpec *b)
{
  return hl_choice_equal (a->format, b->format) && g_strcmp0 (a->path, b->path) == 0;
}

static gboolean
same_split (const HlDataSpec *a, const HlDataSpec *b)
{
  return a->validation == b->validation && !a->stratify == !b->stratify && a->split_seed == b->split_seed;
}

static void
begin_load (HlDataSource *self, gboolean reopen)
{
  GFile *file = hl_project_get_file (self->project);
  g_autoptr (GTask) task = NULL;
  Load *load = g_new0 (Load, 1);

  if (self->loading)
    g_cancellable_cancel (self->loading);
  g_clear_object (&self->loading);
  self->loading = g_cancellable_new ();
  load->spec = hl_data_spec_copy (self->spec);
  load->folder = file ? g_file_get_parent (file) : NULL;
  load->cancellable = g_object_ref (self->loading);
  g_weak_ref_init (&load->source, self);
  if (reopen)
    set_data (self, NULL, NULL);   /* what was there is not what the project says any more */
  else
    load->dataset = self->dataset ? hl_dataset_ref (self->dataset) : NULL;
  notify (self, PROP_LOADING);
  task = g_task_new (self, self->loading, load_done, NULL);
  g_task_set_task_data (task, load, load_free);
  g_task_run_in_thread (task, load_thread);
}

static void
state_changed (HlDataSource *self)
{
  const HlDataSpec *spec = hl_project_state_get_data (hl_project_get_state (self->project));
  g_autoptr (HlDataSpec) old = NULL;

  if (self->spec && same_files (self->spec, spec) && same_split (self->spec, spec))
    return;
  old = g_steal_pointer (&self->spec);
  self->spec = hl_data_spec_copy (spec);
  begin_load (self, !old || !same_files (old, spec));
}

HlDataSource *
hl_data_source_new (HlProject *project)
{
  HlDataSource *self = g_object_new (HL_TYPE_DATA_SOURCE, NULL);

  self->project = g_object_ref (project);
  g_signal_connect_swapped (project, "notify::state", G_CALLBACK (state_changed), self);
  state_changed (self);
  return self;
}

HlDataset *
hl_data_source_get_dataset (HlDataSource *self)
{
  return self->dataset;
}

const HlSplit *
hl_data_source_get_split (HlDataSource *self)
{
  return self->split;
}

const char *
hl_data_source_get_error (HlDataSource *self)
{
  return self->error_message;
}

void
hl_data_source_reload (HlDataSource *self)
{
  begin_load (self, TRUE);
}

void
hl_data_source_cancel (HlDataSource *self)
{
  if (self->loading)
    g_cancellable_cancel (self->loading);
}
