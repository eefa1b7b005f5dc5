/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlSession: requests to the worker, and what its events mean for properties and the run being written. */

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "app/session.h"

#include "app/run-private.h"
#include "app/worker.h"

struct _HlSession
{
  GObject parent;
  HlProject *project;
  HlRunList *runs;
  HlEventPump *pump;
  HlWorker *worker;          /* NULL before the first job */
  guint job;                 /* number of the current one */
  char *device, *device_name;

  HlSessionState state;
  HlRun *run;
  HlRun *continued;          /* the stored run that the current job resumes or inspects */
  HlProjectState *job_state; /* what the current job runs */
  gboolean training;         /* the job trains; otherwise it only looks */

  double progress, images_per_second, seconds_left, loss, validation_accuracy;
  char *progress_text, *error_message;
  guint64 first_step, step, n_steps, steps_per_epoch;
  guint epochs;
  double first_seconds;      /* of earlier sittings; -1 until the first results are in */

  float *sample;             /* the probe image */
  gsize n_sample;
  gboolean with_weights;
  HlProbeResult *probe;
};

G_DEFINE_TYPE (HlSession, hl_session, G_TYPE_OBJECT)

enum
{
  PROP_STATE = 1, PROP_BUSY, PROP_PROGRESS, PROP_PROGRESS_TEXT, PROP_IMAGES_PER_SECOND, PROP_SECONDS_LEFT, PROP_LOSS,
  PROP_VALIDATION_ACCURACY, PROP_DEVICE_NAME, PROP_RUN, PROP_ERROR_MESSAGE, N_PROPS
};
static GParamSpec *props[N_PROPS];
enum { PROBE, NOTICE, FINISHED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
hl_session_dispose (GObject *object)
{
  HlSession *self = HL_SESSION (object);

  /* First the thread that pushes, then what it pushes into. */
  g_clear_pointer (&self->worker, hl_worker_free);
  g_clear_pointer (&self->pump, hl_event_pump_free);
  if (self->run && hl_run_get_active (self->run))
    hl_run_end (self->run, "stopped", NULL);
  g_clear_object (&self->run);
  g_clear_object (&self->continued);
  g_clear_object (&self->project);
  g_clear_object (&self->runs);
  g_clear_pointer (&self->job_state, hl_project_state_unref);
  g_clear_pointer (&self->probe, hl_probe_result_unref);
  G_OBJECT_CLASS (hl_session_parent_class)->dispose (object);
}

static void
hl_session_finalize (GObject *object)
{
  HlSession *self = HL_SESSION (object);

  g_free (self->device);
  g_free (self->device_name);
  g_free (self->progress_text);
  g_free (self->error_message);
  g_free (self->sample);
  G_OBJECT_CLASS (hl_session_parent_class)->finalize (object);
}

static void
hl_session_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HlSession *self = HL_SESSION (object);

  switch (id)
    {
    case PROP_STATE: g_value_set_int (value, self->state); break;
    case PROP_BUSY: g_value_set_boolean (value, hl_session_is_busy (self)); break;
    case PROP_PROGRESS: g_value_set_double (value, self->progress); break;
    case PROP_PROGRESS_TEXT: g_value_set_string (value, self->progress_text); break;
    case PROP_IMAGES_PER_SECOND: g_value_set_double (value, self->images_per_second); break;
    case PROP_SECONDS_LEFT: g_value_set_double (value, self->seconds_left); break;
    case PROP_LOSS: g_value_set_double (value, self->loss); break;
    case PROP_VALIDATION_ACCURACY: g_value_set_double (value, self->validation_accuracy); break;
    case PROP_DEVICE_NAME: g_value_set_string (value, self->device_name); break;
    case PROP_RUN: g_value_set_object (value, self->run); break;
    case PROP_ERROR_MESSAGE: g_value_set_string (value, self->error_message); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
hl_session_class_init (HlSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = hl_session_dispose;
  object_class->finalize = hl_session_finalize;
  object_class->get_property = hl_session_get_property;
  props[PROP_STATE] = g_param_spec_int ("state", NULL, NULL, 0, HL_SESSION_FAILED, 0, flags);
  props[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);
  props[PROP_PROGRESS] = g_param_spec_double ("progress", NULL, NULL, -1, 1, 0, flags);
  props[PROP_PROGRESS_TEXT] = g_param_spec_string ("progress-text", NULL, NULL, NULL, flags);
  props[PROP_IMAGES_PER_SECOND] = g_param_spec_double ("images-per-second", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);
  props[PROP_SECONDS_LEFT] = g_param_spec_double ("seconds-left", NULL, NULL, -1, G_MAXDOUBLE, -1, flags);
  props[PROP_LOSS] = g_param_spec_double ("loss", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  props[PROP_VALIDATION_ACCURACY] = g_param_spec_double ("validation-accuracy", NULL, NULL, -1, 1, -1, flags);
  props[PROP_DEVICE_NAME] = g_param_spec_string ("device-name", NULL, NULL, NULL, flags);
  props[PROP_RUN] = g_param_spec_object ("run", NULL, NULL, HL_TYPE_RUN, flags);
  props[PROP_ERROR_MESSAGE] = g_param_spec_string ("error-message", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[PROBE]
      = g_signal_new ("probe", HL_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[NOTICE]
      = g_signal_new ("notice", HL_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[FINISHED]
      = g_signal_new ("finished", HL_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
hl_session_init (HlSession *self)
{
  self->seconds_left = self->validation_accuracy = -1;
}

/* ---- Properties ---- */

static void
set_double (HlSession *self, double *field, double value, guint prop)
{
  if (*field == value)
    return;
  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
}

static void
set_string (HlSession *self, char **field, const char *value, guint prop)
{
  if (g_strcmp0 (*field, value) == 0)
    return;
  g_free (*field);
  *field = g_strdup (value);
  g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
}

static void
set_state (HlSession *self, HlSessionState state)
{
  gboolean was_busy = hl_session_is_busy (self);

  if (self->state == state)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  if (was_busy != hl_session_is_busy (self))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_BUSY]);
}

static void
set_run (HlSession *self, HlRun *run)
{
  if (g_set_object (&self->run, run))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RUN]);
}

/* "Epoch 4 / 10". */
static void
update_epoch_text (HlSession *self)
{
  guint epoch = self->steps_per_epoch > 0 ? self->step / self->steps_per_epoch : 0;
  g_autofree char *text = g_strdup_printf (_("Epoch %u / %u"), MIN (epoch + 1, self->epochs), self->epochs);

  set_string (self, &self->progress_text, text, PROP_PROGRESS_TEXT);
}

/* ---- Events ---- */

static void
end_run (HlSession *self, const char *state, const char *message)
{
  if (self->training && self->run && hl_run_get_active (self->run))
    hl_run_end (self->run, state, message);
  self->training = FALSE;
  set_double (self, &self->seconds_left, -1, PROP_SECONDS_LEFT);
  g_signal_emit (self, signals[FINISHED], 0);
}

static void
handle_state (HlSession *self, HlSessionState state)
{
  gboolean is_end = state == HL_SESSION_FINISHED || state == HL_SESSION_STOPPED || state == HL_SESSION_READY;

  /* What the worker did before it saw the request to stop is no news. */
  if (self->state == HL_SESSION_STOPPING && !is_end)
    return;
  if (state == HL_SESSION_FINISHED)
    set_double (self, &self->progress, 1, PROP_PROGRESS);
  set_state (self, state);
  if (state == HL_SESSION_FINISHED)
    end_run (self, "done", NULL);
  else if (state == HL_SESSION_STOPPED)
    end_run (self, "stopped", NULL);
}

static void
handle_started (HlSession *self, const HlEvent *event)
{
  g_autoptr (HlRun) run = NULL;

  self->n_steps = event->u.started.n_steps;
  self->steps_per_epoch = event->u.started.steps_per_epoch;
  self->first_step = self->step = event->u.started.first_step;
  self->first_seconds = -1;
  self->epochs = hl_project_state_get_recipe (self->job_state)->epochs;
  set_string (self, &self->device_name, event->u.started.device, PROP_DEVICE_NAME);
  if (self->continued)
    {
      run = g_object_ref (self->continued);
      if (self->training)
        hl_run_continue (run, self->first_step, self->steps_per_epoch);
    }
  else
    {
      run = hl_run_new_live (event->u.started.number, event->u.started.folder, self->job_state, self->steps_per_epoch);
      hl_run_list_add (self->runs, run);
    }
  set_run (self, run);
  set_double (self, &self->progress, self->n_steps > 0 ? (double) self->step / self->n_steps : 0, PROP_PROGRESS);
  update_epoch_text (self);
}

static void
handle_steps (HlSession *self, const HlEvent *event)
{
  const HlStepResult *results = event->u.steps.results;
  guint n = event->u.steps.n;
  double seconds = event->u.steps.seconds;

  hl_run_add_steps (self->run, results, n);
  self->step = results[n - 1].step;
  set_double (self, &self->loss, results[n - 1].loss, PROP_LOSS);
  set_double (self, &self->images_per_second, event->u.steps.images_per_second, PROP_IMAGES_PER_SECOND);
  set_double (self, &self->progress, self->n_steps > 0 ? CLAMP ((double)self->step / self->n_steps, 0, 1) : 0,
              PROP_PROGRESS);
  update_epoch_text (self);
  /* Time left from the time it took so far, in which validation and checkpoints count too. */
  if (self->first_seconds < 0)
    {
      self->first_seconds = seconds;
      self->first_step = self->step;
    }
  else if (self->step > self->first_step && seconds - self->first_seconds > 0.3)
    set_double (self, &self->seconds_left, (seconds - self->first_seconds) / (self->step - self->first_step)
                * (self->n_steps - MIN (self->step, self->n_steps)), PROP_SECONDS_LEFT);
}

static void
handle_failed (HlSession *self, const GError *error)
{
  set_string (self, &self->error_message, error->message, PROP_ERROR_MESSAGE);
  set_state (self, HL_SESSION_FAILED);
  end_run (self, "failed", error->message);
}

static void
handle_probe (HlSession *self, HlProbeResult *probe)
{
  g_clear_pointer (&self->probe, hl_probe_result_unref);
  self->probe = hl_probe_result_ref (probe);
  g_signal_emit (self, signals[PROBE], 0, self->probe);
  /* A handler may have disposed us. */
  if (self->worker)
    hl_worker_probe_taken (self->worker);
}

static void
handle_saved (HlSession *self, GFile *file)
{
  g_autofree char *name = g_file_get_parse_name (file);
  g_autofree char *text = g_strdup_printf (_("The weights are saved in “%s”."), name);

  g_signal_emit (self, signals[NOTICE], 0, text);
}

static void
event_cb (HlEvent *event, gpointer data)
{
  HlSession *self = data;
  G_GNUC_UNUSED g_autoptr (HlSession) keep = g_object_ref (self);   /* a handler may drop the last reference */

  if (event->job != self->job)
    {
      if (event->kind == HL_EVENT_PROBE)
        hl_worker_probe_taken (self->worker);
      return;
    }
  switch (event->kind)
    {
    case HL_EVENT_STATE:
      handle_state (self, event->u.state);
      break;
    case HL_EVENT_PROGRESS:
      set_double (self, &self->progress, CLAMP (event->u.progress.fraction, -1, 1), PROP_PROGRESS);
      set_string (self, &self->progress_text, event->u.progress.text, PROP_PROGRESS_TEXT);
      break;
    case HL_EVENT_STARTED:
      handle_started (self, event);
      break;
    case HL_EVENT_STEPS:
      handle_steps (self, event);
      break;
    case HL_EVENT_EPOCH:
      set_double (self, &self->validation_accuracy,
                  event->u.epoch.validation.n > 0 && !isnan (event->u.epoch.validation.accuracy)
                    ? event->u.epoch.validation.accuracy : -1,
                  PROP_VALIDATION_ACCURACY);
      hl_run_add_epoch (self->run, event);
      break;
    case HL_EVENT_TEST:
      hl_run_set_test (self->run, &event->u.test);
      break;
    case HL_EVENT_PROBE:
      handle_probe (self, event->u.probe);
      break;
    case HL_EVENT_SAVED:
      handle_saved (self, event->u.file);
      break;
    case HL_EVENT_NOTICE:
      g_signal_emit (self, signals[NOTICE], 0, event->u.error->message);
      break;
    case HL_EVENT_FAILED:
      handle_failed (self, event->u.error);
      break;
    }
}

/* ---- Requests ---- */

HlSession *
hl_session_new (HlProject *project, HlRunList *runs)
{
  HlSession *self = g_object_new (HL_TYPE_SESSION, NULL);

  self->project = g_object_ref (project);
  self->runs = g_object_ref (runs);
  return self;
}

void
hl_session_set_device (HlSession *self, const char *id)
{
  g_free (self->device);
  self->device = g_strdup (id && *id ? id : NULL);
}

static void
send (HlSession *self, HlCommandKind kind)
{
  HlCommand *command;

  if (!self->worker)
    return;
  command = g_new0 (HlCommand, 1);
  command->kind = kind;
  hl_worker_send (self->worker, command);
}

static void
send_probe (HlSession *self)
{
  HlCommand *command;

  if (!self->worker || !self->sample)
    return;
  command = g_new0 (HlCommand, 1);
  command->kind = HL_COMMAND_PROBE;
  command->sample = g_memdup2 (self->sample, self->n_sample * sizeof (float));
  command->n = self->n_sample;
  command->with_weights = self->with_weights;
  hl_worker_send (self->worker, command);
}

/* Takes job. */
static void
begin_job (HlSession *self, HlJob *job, HlRun *continued)
{
  GMainContext *context = g_main_context_ref_thread_default ();

  if (!self->worker)
    {
      self->pump = hl_event_pump_new (context, event_cb, self);
      self->worker = hl_worker_new (self->pump);
      send_probe (self);
    }
  g_main_context_unref (context);
  g_clear_pointer (&self->job_state, hl_project_state_unref);
  self->job_state = hl_project_state_ref (job->state);
  g_set_object (&self->continued, continued);
  self->training = job->kind == HL_JOB_TRAIN;
  self->job++;
  job->device = g_strdup (self->device);
  job->project_file = hl_project_get_file (self->project) ? g_object_ref (hl_project_get_file (self->project)) : NULL;
  job->runs_folder = hl_project_get_runs_folder (self->project);
  g_object_freeze_notify (G_OBJECT (self));
  set_string (self, &self->error_message, NULL, PROP_ERROR_MESSAGE);
  set_string (self, &self->progress_text, _("Preparing"), PROP_PROGRESS_TEXT);
  set_double (self, &self->progress, 0, PROP_PROGRESS);
  set_double (self, &self->images_per_second, 0, PROP_IMAGES_PER_SECOND);
  set_double (self, &self->validation_accuracy, -1, PROP_VALIDATION_ACCURACY);
  set_double (self, &self->seconds_left, -1, PROP_SECONDS_LEFT);
  set_state (self, HL_SESSION_PREPARING);
  g_object_thaw_notify (G_OBJECT (self));
  hl_worker_start (self->worker, job, self->job);
}

static gboolean
check_free (HlSession *self, GError **error)
{
  if (!hl_session_is_busy (self))
    return TRUE;
  g_set_error_literal (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS, _("A run is going on already; stop it first."));
  return FALSE;
}

/* The first error of the network, with the layer's name in front unless the text names it. */
static gboolean
check_network (HlProjectState *state, GError **error)
{
  HlGraph *graph = hl_project_state_get_graph (state);
  g_autoptr (GPtrArray) problems = hl_graph_check (graph, hl_project_state_get_recipe (state)->loss->klass->name);

  for (guint i = 0; i < problems->len; i++)
    {
      const HlProblem *problem = g_ptr_array_index (problems, i);
      const HlNode *node = hl_graph_find_node (graph, problem->node);

      if (problem->severity != HL_SEVERITY_ERROR)
        continue;
      if (node && !g_str_has_prefix (problem->text, node->name))
        g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE, _("The network cannot be trained yet. %s: %s"),
                     node->name, problem->text);
      else
        g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE, _("The network cannot be trained yet. %s"),
                     problem->text);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_recipe (const HlRecipe *recipe, GError **error)
{
  if (recipe->epochs > 0 && recipe->batch > 0)
    return TRUE;
  g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS, recipe->epochs == 0
               ? _("The recipe asks for 0 epochs, which trains nothing; set at least 1.")
               : _("The recipe asks for batches of 0 images; set at least 1."));
  return FALSE;
}

gboolean
hl_session_start (HlSession *self, HlDataset *dataset, gboolean paused, GError **error)
{
  HlProjectState *state;
  HlJob *job;

  g_return_val_if_fail (self->project, FALSE);   /* disposed */
  state = hl_project_get_state (self->project);
  if (!check_free (self, error) || !check_network (state, error)
      || !check_recipe (hl_project_state_get_recipe (state), error))
    return FALSE;
  job = hl_job_new (HL_JOB_TRAIN, state);
  job->dataset = dataset ? hl_dataset_ref (dataset) : NULL;
  job->start_paused = paused;
  begin_job (self, job, NULL);
  return TRUE;
}

static gboolean
begin_stored (HlSession *self, HlJobKind kind, HlRun *run, HlDataset *dataset, GError **error)
{
  HlJob *job;

  g_return_val_if_fail (self->project, FALSE);   /* disposed */
  if (!check_free (self, error))
    return FALSE;
  if (!hl_run_get_folder (run))
    {
      g_set_error_literal (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                           _("This run has no folder, so there is nothing to load."));
      return FALSE;
    }
  job = hl_job_new (kind, hl_run_get_state (run));
  /* The project's data serve only where the run was made with the same. */
  if (dataset && hl_data_spec_equal (hl_project_state_get_data (hl_run_get_state (run)),
                                     hl_project_state_get_data (hl_project_get_state (self->project))))
    job->dataset = hl_dataset_ref (dataset);
  job->run_folder = g_object_ref (hl_run_get_folder (run));
  begin_job (self, job, run);
  return TRUE;
}

gboolean
hl_session_resume_run (HlSession *self, HlRun *run, HlDataset *dataset, GError **error)
{
  return begin_stored (self, HL_JOB_TRAIN, run, dataset, error);
}

gboolean
hl_session_inspect_run (HlSession *self, HlRun *run, HlDataset *dataset, GError **error)
{
  return begin_stored (self, HL_JOB_INSPECT, run, dataset, error);
}

void
hl_session_pause (HlSession *self)
{
  if (self->state == HL_SESSION_RUNNING || self->state == HL_SESSION_PREPARING)
    send (self, HL_COMMAND_PAUSE);
}

void
hl_session_resume (HlSession *self)
{
  if (self->state == HL_SESSION_PAUSED || self->state == HL_SESSION_PREPARING || self->state == HL_SESSION_RUNNING)
    send (self, HL_COMMAND_RESUME);
}

void
hl_session_single_step (HlSession *self)
{
  /* Asked for while kernels are still built, it is the first thing done afterwards. */
  if (self->state == HL_SESSION_PREPARING || self->state == HL_SESSION_PAUSED || self->state == HL_SESSION_RUNNING)
    send (self, HL_COMMAND_SINGLE_STEP);
}

void
hl_session_stop (HlSession *self)
{
  if (!hl_session_is_busy (self) || self->state == HL_SESSION_STOPPING)
    return;
  send (self, HL_COMMAND_STOP);
  set_state (self, HL_SESSION_STOPPING);
}

void
hl_session_set_probe (HlSession *self, const float *sample, gsize n, gboolean with_weights)
{
  g_free (self->sample);
  self->sample = g_memdup2 (sample, n * sizeof (float));
  self->n_sample = n;
  self->with_weights = with_weights;
  send_probe (self);
}

HlProbeResult *
hl_session_get_last_probe (HlSession *self)
{
  return self->probe;
}

void
hl_session_save_weights (HlSession *self, GFile *file)
{
  HlCommand *command;

  if (!self->worker)
    {
      g_signal_emit (self, signals[NOTICE], 0,
                     _("There are no weights to save: train a network first, or choose a run to inspect."));
      return;
    }
  command = g_new0 (HlCommand, 1);
  command->kind = HL_COMMAND_SAVE_WEIGHTS;
  command->file = g_object_ref (file);
  hl_worker_send (self->worker, command);
}

HlSessionState
hl_session_get_state (HlSession *self)
{
  return self->state;
}

HlRun *
hl_session_get_run (HlSession *self)
{
  return self->run;
}

gboolean
hl_session_is_busy (HlSession *self)
{
  return self->state == HL_SESSION_PREPARING || self->state == HL_SESSION_RUNNING || self->state == HL_SESSION_PAUSED
         || self->state == HL_SESSION_STOPPING;
}
