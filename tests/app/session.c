/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sessions: the whole way from request to event, at leisure and at random moments. */

#include "app/json-text.h"
#include "app/project-io.h"
#include "app/run-private.h"
#include "tests/app/app-test.h"

#include <signal.h>
#include <sys/resource.h>

typedef struct
{
  GFile *folder;
  HlProject *project;
  HlRunList *runs;
  HlSession *session;
  HlDataset *dataset;
  GPtrArray *notices;
  guint n_finished, n_probes;
} Fixture;

static void
notice_cb (HlSession *session, const char *text, gpointer data)
{
  Fixture *fixture = data;

  g_ptr_array_add (fixture->notices, g_strdup (text));
}

static void
finished_cb (HlSession *session, gpointer data)
{
  ((Fixture *) data)->n_finished++;
}

static void
probe_cb (HlSession *session, HlProbeResult *probe, gpointer data)
{
  ((Fixture *) data)->n_probes++;
}

static void
fixture_open_session (Fixture *self)
{
  self->session = hl_session_new (self->project, self->runs);
  g_signal_connect (self->session, "notice", G_CALLBACK (notice_cb), self);
  g_signal_connect (self->session, "finished", G_CALLBACK (finished_cb), self);
  g_signal_connect (self->session, "probe", G_CALLBACK (probe_cb), self);
}

/* Takes state. */
static void
fixture_init (Fixture *self, HlProjectState *state)
{
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->folder = hl_test_make_folder ();
  file = g_file_get_child (self->folder, "small.hillock");
  self->project = hl_project_new (state, "small");
  g_assert_true (hl_test_save_project (self->project, file, FALSE, &error));
  g_assert_no_error (error);
  self->dataset = hl_test_open_data (hl_project_get_state (self->project));
  self->runs = hl_run_list_new (self->project);
  self->notices = g_ptr_array_new_with_free_func (g_free);
  fixture_open_session (self);
}

static void
fixture_clear (Fixture *self)
{
  g_clear_object (&self->session);
  g_clear_object (&self->runs);
  hl_project_close (self->project);
  g_clear_object (&self->project);
  g_clear_pointer (&self->dataset, hl_dataset_unref);
  g_ptr_array_unref (self->notices);
  hl_test_remove_tree (self->folder);
  g_object_unref (self->folder);
}

static gboolean
is_idle (gpointer data)
{
  return !hl_session_is_busy (((Fixture *) data)->session);
}

static gboolean
is_paused (gpointer data)
{
  return hl_session_get_state (((Fixture *) data)->session) == HL_SESSION_PAUSED;
}

static gboolean
has_steps (gpointer data)
{
  HlRun *run = hl_session_get_run (((Fixture *) data)->session);

  return run && hl_series_get_n (hl_run_get_series (run, HL_METRIC_LOSS, HL_PART_TRAIN)) > 0;
}

static void
start (Fixture *self, gboolean paused)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (hl_session_start (self->session, self->dataset, paused, &error));
  g_assert_no_error (error);
}

static char *
hash_file (GFile *folder, const char *name)
{
  g_autoptr (GFile) file = g_file_get_child (folder, name);
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize n;

  g_file_load_contents (file, NULL, &bytes, &n, NULL, &error);
  g_assert_no_error (error);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) bytes, n);
}

static void
assert_message (Fixture *self, const char *part)
{
  g_autofree char *message = NULL;

  g_object_get (self->session, "error-message", &message, NULL);
  g_assert_nonnull (message);
  g_test_message ("%s", message);
  if (!strstr (message, part))
    g_error ("“%s” does not speak of “%s”", message, part);
}

/* ---- The ordinary way ---- */

static void
test_train (void)
{
  Fixture fixture;
  HlRun *run;
  HlSeries *training, *validation;
  g_autoptr (HlRunRecord) record = NULL;
  g_autoptr (GError) error = NULL;
  HlScore test;
  gsize n;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&fixture, hl_test_small_state (400, 100, 20, 3));
  g_assert_true (is_idle (&fixture));
  start (&fixture, FALSE);
  g_assert_true (hl_session_is_busy (fixture.session));
  g_assert_false (hl_session_start (fixture.session, fixture.dataset, FALSE, &error));
  g_assert_nonnull (error);
  hl_test_wait (is_idle, &fixture, 60, "three epochs");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FINISHED);
  g_assert_cmpuint (fixture.n_finished, ==, 1);
  g_assert_cmpuint (fixture.notices->len, ==, 0);
  run = hl_session_get_run (fixture.session);
  training = hl_run_get_series (run, HL_METRIC_LOSS, HL_PART_TRAIN);
  validation = hl_run_get_series (run, HL_METRIC_ACCURACY, HL_PART_VALIDATION);
  g_assert_cmpuint (hl_series_get_n (training), ==, 3 * 18);   /* 360 samples in batches of 20 */
  for (guint i = 0; i < 3 * 18; i++)
    g_assert_cmpfloat_with_epsilon (hl_series_get_x (training)[i], (i + 1) / 18.0, 1e-9);
  g_assert_cmpuint (hl_series_get_n (validation), ==, 3);
  g_assert_cmpuint (hl_run_get_n_confusions (run), ==, 3);
  g_assert_true (hl_run_get_test (run, &test));
  g_assert_cmpuint (test.n, ==, 100);
  g_assert_nonnull (hl_run_get_predictions (run, &n));
  g_assert_cmpuint (n, ==, 40);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture.runs)), ==, 1);

  /* What was stored is what was shown. */
  record = hl_run_record_read (hl_run_get_folder (run), NULL);
  g_assert_nonnull (record);
  g_assert_cmpstr (record->info->state, ==, "done");
  g_assert_cmpuint (record->info->epochs, ==, 3);
  g_assert_cmpuint (record->train->len, ==, 3 * 18);
  g_assert_cmpuint (record->validation->len, ==, 3);
  g_assert_cmpuint (record->predictions->len, ==, 40);
  for (guint i = 0; i < 3 * 18; i++)
    {
      const HlRunPoint *point = &g_array_index (record->train, HlRunPoint, i);

      g_assert_cmpfloat_with_epsilon (point->x, hl_series_get_x (training)[i], 1e-9);
      g_assert_cmpfloat_with_epsilon (point->loss, hl_series_get_y (training)[i], 1e-6);
    }
  g_assert_cmpfloat_with_epsilon (record->info->test.loss, test.loss, 1e-9);
  g_assert_true (hl_project_state_equal (record->state, hl_project_get_state (fixture.project)));
  fixture_clear (&fixture);
}

static guint
n_steps (Fixture *self)
{
  HlRun *run = hl_session_get_run (self->session);

  return run ? hl_series_get_n (hl_run_get_series (run, HL_METRIC_LOSS, HL_PART_TRAIN)) : 0;
}

typedef struct { Fixture *fixture; guint n; } Wanted;

static gboolean
has_n_steps (gpointer data)
{
  Wanted *wanted = data;

  return n_steps (wanted->fixture) >= wanted->n && is_paused (wanted->fixture);
}

static void
test_single_step (void)
{
  Fixture fixture;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&fixture, hl_test_small_state (60, 0, 20, 2));
  start (&fixture, TRUE);
  hl_test_wait (is_paused, &fixture, 60, "the pause at the beginning");
  g_assert_cmpuint (n_steps (&fixture), ==, 0);
  /* 54 samples in batches of 20 are 3 steps an epoch: the fourth step has validation and a checkpoint before it. */
  for (guint i = 1; i <= 5; i++)
    {
      Wanted wanted = { &fixture, i };

      hl_session_single_step (fixture.session);
      hl_test_wait (has_n_steps, &wanted, 20, "one step");
      g_assert_cmpuint (n_steps (&fixture), ==, i);
    }
  hl_test_run_loop (0.05);
  g_assert_cmpuint (n_steps (&fixture), ==, 5);
  hl_session_resume (fixture.session);
  hl_test_wait (is_idle, &fixture, 20, "the rest");
  g_assert_cmpuint (n_steps (&fixture), ==, 6);
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FINISHED);
  fixture_clear (&fixture);
}

static void
test_stop_while_preparing (void)
{
  Fixture fixture;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&fixture, hl_test_small_state (400, 0, 20, 3));
  start (&fixture, FALSE);
  hl_session_stop (fixture.session);
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_STOPPING);
  hl_test_wait (is_idle, &fixture, 60, "the end of a run that hardly began");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_STOPPED);
  g_assert_cmpuint (fixture.n_finished, ==, 1);
  /* And the next one works. */
  start (&fixture, FALSE);
  hl_test_wait (is_idle, &fixture, 60, "a run after a stopped one");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FINISHED);
  fixture_clear (&fixture);
}

/* ---- Resuming ---- */

/* Stops the run at some step, resumes it in a new session, and so on until it is done. Returns the hash of the last checkpoint. */
static char *
train_in_pieces (Fixture *self, const guint *stops, guint n_stops)
{
  g_autoptr (GError) error = NULL;

  start (self, FALSE);
  for (guint i = 0; i < n_stops; i++)
    {
      g_autoptr (HlRun) run = NULL;
      Wanted wanted = { self, stops[i] };

      hl_session_pause (self->session);
      hl_test_wait (is_paused, self, 60, "a pause");
      while (n_steps (self) < stops[i])
        {
          wanted.n = n_steps (self) + 1;
          hl_session_single_step (self->session);
          hl_test_wait (has_n_steps, &wanted, 20, "a step before the stop");
        }
      hl_session_stop (self->session);
      hl_test_wait (is_idle, self, 20, "the stop");
      g_assert_cmpint (hl_session_get_state (self->session), ==, HL_SESSION_STOPPED);
      run = g_object_ref (hl_session_get_run (self->session));
      g_clear_object (&self->session);
      fixture_open_session (self);
      g_assert_true (hl_session_resume_run (self->session, run, self->dataset, &error));
      g_assert_no_error (error);
    }
  hl_test_wait (is_idle, self, 60, "the end");
  g_assert_cmpint (hl_session_get_state (self->session), ==, HL_SESSION_FINISHED);
  return hash_file (hl_run_get_folder (hl_session_get_run (self->session)), "last.safetensors");
}

static void
test_resume_same_bits (void)
{
  static const guint stops[] = { 7, 18, 31 };   /* in the first epoch, at the end of it, in the second */
  Fixture whole, pieces;
  g_autofree char *expected = NULL, *actual = NULL, *expected_metrics = NULL, *actual_metrics = NULL;
  g_autoptr (HlRunRecord) a = NULL, b = NULL;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&whole, hl_test_small_state (400, 100, 20, 3));
  fixture_init (&pieces, hl_test_small_state (400, 100, 20, 3));
  expected = train_in_pieces (&whole, NULL, 0);
  actual = train_in_pieces (&pieces, stops, G_N_ELEMENTS (stops));
  g_assert_cmpstr (actual, ==, expected);
  a = hl_run_record_read (hl_run_get_folder (hl_session_get_run (whole.session)), NULL);
  b = hl_run_record_read (hl_run_get_folder (hl_session_get_run (pieces.session)), NULL);
  g_assert_cmpuint (b->train->len, ==, a->train->len);
  g_assert_cmpmem (b->train->data, b->train->len * sizeof (HlRunPoint), a->train->data, a->train->len * sizeof (HlRunPoint));
  g_assert_cmpmem (b->validation->data, b->validation->len * sizeof (HlRunPoint), a->validation->data,
                   a->validation->len * sizeof (HlRunPoint));
  g_assert_cmpmem (b->cells->data, b->cells->len * sizeof (HlRunCell), a->cells->data, a->cells->len * sizeof (HlRunCell));
  g_assert_cmpfloat (b->info->test.loss, ==, a->info->test.loss);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (pieces.runs)), ==, 1);
  g_assert_cmpuint (n_steps (&pieces), ==, n_steps (&whole));
  fixture_clear (&whole);
  fixture_clear (&pieces);
}

/* ---- Looking inside ---- */

static gboolean
has_probe (gpointer data)
{
  return ((Fixture *) data)->n_probes > 0;
}

static void
test_probe (void)
{
  Fixture fixture;
  HlProbeResult *probe;
  const HlArray *classes = NULL;
  g_autofree float *sample = g_new0 (float, 784);
  double sum = 0;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&fixture, hl_test_small_state (400, 0, 20, 2));
  hl_dataset_read_sample (fixture.dataset, 0, sample);
  hl_session_set_probe (fixture.session, sample, 784, TRUE);
  start (&fixture, FALSE);
  hl_test_wait (is_idle, &fixture, 60, "two epochs");
  hl_test_wait (has_probe, &fixture, 20, "a probe");
  probe = hl_session_get_last_probe (fixture.session);
  g_assert_cmpuint (probe->values->len, ==, 6);   /* five nodes and the classes */
  for (guint i = 0; i < probe->values->len; i++)
    {
      const HlArray *array = g_ptr_array_index (probe->values, i);

      g_assert_cmpuint (array->n, ==, hl_shape_get_count (&array->shape));
      if (array->node == 0)
        classes = array;
    }
  g_assert_nonnull (classes);
  for (gsize i = 0; i < classes->n; i++)
    sum += classes->values[i];
  g_assert_cmpfloat_with_epsilon (sum, 1, 1e-5);
  g_assert_nonnull (probe->weights);
  g_assert_cmpuint (probe->weights->len, ==, 4);
  /* A sample of other data is not answered, and does no harm. */
  hl_session_set_probe (fixture.session, sample, 100, TRUE);
  hl_test_run_loop (0.2);
  fixture_clear (&fixture);
}

static gboolean
is_ready (gpointer data)
{
  return hl_session_get_state (((Fixture *) data)->session) == HL_SESSION_READY;
}

static void
test_inspect (void)
{
  Fixture fixture;
  g_autofree float *sample = g_new0 (float, 784);
  g_autoptr (HlRun) run = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree float *before = NULL;
  const HlArray *array;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&fixture, hl_test_small_state (400, 0, 20, 2));
  hl_dataset_read_sample (fixture.dataset, 3, sample);
  start (&fixture, FALSE);
  hl_test_wait (is_idle, &fixture, 60, "two epochs");
  hl_session_set_probe (fixture.session, sample, 784, FALSE);
  hl_test_wait (has_probe, &fixture, 20, "a probe of the trained network");
  array = g_ptr_array_index (hl_session_get_last_probe (fixture.session)->values, 4);
  before = g_memdup2 (array->values, array->n * sizeof (float));
  run = g_object_ref (hl_session_get_run (fixture.session));
  g_clear_object (&fixture.session);
  fixture.n_probes = 0;
  fixture_open_session (&fixture);
  hl_session_set_probe (fixture.session, sample, 784, FALSE);
  g_assert_true (hl_session_inspect_run (fixture.session, run, fixture.dataset, &error));
  g_assert_no_error (error);
  hl_test_wait (is_ready, &fixture, 60, "loading a run");
  hl_test_wait (has_probe, &fixture, 20, "a probe of the loaded network");
  array = g_ptr_array_index (hl_session_get_last_probe (fixture.session)->values, 4);
  g_assert_cmpmem (array->values, array->n * sizeof (float), before, array->n * sizeof (float));
  g_assert_false (hl_run_get_active (run));
  fixture_clear (&fixture);
}

static gboolean
has_notice (gpointer data)
{
  return ((Fixture *) data)->notices->len > 0;
}

static void
test_save_weights (void)
{
  Fixture fixture;
  g_autoptr (GFile) good = NULL, bad = NULL;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&fixture, hl_test_small_state (100, 0, 20, 1));
  good = g_file_get_child (fixture.folder, "weights.safetensors");
  bad = g_file_get_child (good, "below-a-file.safetensors");
  hl_session_save_weights (fixture.session, good);
  g_assert_cmpuint (fixture.notices->len, ==, 1);
  g_assert_false (g_file_query_exists (good, NULL));
  g_ptr_array_set_size (fixture.notices, 0);
  start (&fixture, FALSE);
  hl_test_wait (is_idle, &fixture, 60, "an epoch");
  hl_session_save_weights (fixture.session, good);
  hl_test_wait (has_notice, &fixture, 20, "the weights");
  g_assert_true (g_file_query_exists (good, NULL));
  for (guint i = 0; i < 2; i++)
    {
      g_ptr_array_set_size (fixture.notices, 0);
      hl_session_save_weights (fixture.session, bad);
      hl_test_wait (has_notice, &fixture, 20, "the refusal");
      g_test_message ("%s", (char *) g_ptr_array_index (fixture.notices, 0));
    }
  fixture_clear (&fixture);
}

/* ---- What goes wrong ---- */

static void
test_diverges (void)
{
  Fixture fixture;
  g_autoptr (HlRunRecord) record = NULL;
  g_autoptr (GFile) checkpoint = NULL;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&fixture, hl_test_with_rate (hl_test_small_state (400, 0, 20, 3), 1e9));
  start (&fixture, FALSE);
  hl_test_wait (is_idle, &fixture, 60, "the end of a diverging run");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FAILED);
  assert_message (&fixture, "learning rate");
  g_assert_cmpuint (fixture.n_finished, ==, 1);
  record = hl_run_record_read (hl_run_get_folder (hl_session_get_run (fixture.session)), NULL);
  g_assert_cmpstr (record->info->state, ==, "failed");
  g_assert_nonnull (record->info->message);
  checkpoint = g_file_get_child (hl_run_get_folder (hl_session_get_run (fixture.session)), "last.safetensors");
  g_assert_false (g_file_query_exists (checkpoint, NULL));
  fixture_clear (&fixture);
}

static void
assert_refused (HlProjectState *state, const char *part)
{
  Fixture fixture;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture, state);
  if (hl_session_start (fixture.session, fixture.dataset, FALSE, &error))
    {
      hl_test_wait (is_idle, &fixture, 60, "a refusal");
      g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FAILED);
      assert_message (&fixture, part);
    }
  else
    {
      g_test_message ("%s", error->message);
      if (!strstr (error->message, part))
        g_error ("“%s” does not speak of “%s”", error->message, part);
    }
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture.runs)), ==, 0);
  fixture_clear (&fixture);
}

static HlProjectState *
without_nodes (void)
{
  g_autoptr (HlProjectState) state = hl_test_small_state (100, 0, 20, 1);
  HlGraph *graph = hl_graph_new ();

  return hl_project_state_with_graph (state, graph);
}

/* Changes one parameter of one node. */
static HlProjectState *
with_param (guint32 node, const char *name, int value)
{
  g_autoptr (HlProjectState) state = hl_test_small_state (100, 0, 20, 1);
  HlGraph *graph = hl_graph_copy (hl_project_state_get_graph (state));

  hl_param_set (hl_class_find_param (&hl_graph_find_node (graph, node)->klass->base, name), hl_graph_get_params (graph, node), value);
  return hl_project_state_with_graph (state, graph);
}

static void
test_refused (void)
{
  if (hl_test_skip_without_device ())
    return;
  assert_refused (hl_test_small_state (100, 0, 20, 0), "epoch");
  assert_refused (hl_test_small_state (100, 0, 0, 1), "0 images");
  assert_refused (hl_test_small_state (100, 0, 91, 1), "batch");
  assert_refused (without_nodes (), "empty");
  assert_refused (with_param (1, "height", 32), "28");   /* images of another size than the input takes */
  assert_refused (with_param (5, "units", 5), "10");     /* fewer outputs than classes */
}

static void
test_missing_data (void)
{
  Fixture fixture;
  g_autoptr (HlProjectState) small = hl_test_small_state (100, 0, 20, 1);
  HlDataSpec *data = hl_data_spec_copy (hl_project_state_get_data (small));

  fixture_init (&fixture, hl_test_small_state (100, 0, 20, 1));
  hl_choice_free (data->format);
  data->format = hl_choice_new (hl_format_class_find_base ("idx"));
  data->path = g_strdup ("/nowhere/at/all");
  hl_project_commit (fixture.project, "Choose data", NULL, hl_project_state_with_data (small, data));
  g_clear_pointer (&fixture.dataset, hl_dataset_unref);
  start (&fixture, FALSE);
  hl_test_wait (is_idle, &fixture, 60, "a refusal");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FAILED);
  assert_message (&fixture, "/nowhere/at/all");
  fixture_clear (&fixture);
}

/* The folder of runs cannot be made: the run is kept elsewhere, and that is said. */
static void
test_no_place_for_runs (void)
{
  Fixture fixture;
  g_autoptr (GFile) runs = NULL;
  g_autoptr (GFile) file = NULL;
  HlRun *run;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&fixture, hl_test_small_state (100, 0, 20, 1));
  runs = hl_project_get_runs_folder (fixture.project);
  g_assert_true (g_file_replace_contents (runs, "", 0, NULL, FALSE, 0, NULL, NULL, NULL));
  start (&fixture, FALSE);
  hl_test_wait (is_idle, &fixture, 60, "a run without its place");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FINISHED);
  g_assert_cmpuint (fixture.notices->len, ==, 1);
  g_test_message ("%s", (char *) g_ptr_array_index (fixture.notices, 0));
  run = hl_session_get_run (fixture.session);
  file = g_file_get_child (hl_run_get_folder (run), "last.safetensors");
  g_assert_true (g_file_query_exists (file, NULL));
  fixture_clear (&fixture);
}

/* The run's folder vanishes while it trains: notices, but the run goes on and its weights can be saved elsewhere. */
static void
test_folder_vanishes (void)
{
  Fixture fixture;
  g_autoptr (GFile) place = NULL, good = NULL;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&fixture, hl_test_small_state (200, 0, 20, 2));
  start (&fixture, TRUE);
  hl_test_wait (is_paused, &fixture, 60, "the beginning");
  place = g_object_ref (hl_run_get_folder (hl_session_get_run (fixture.session)));
  hl_test_remove_tree (place);
  g_assert_true (g_file_replace_contents (place, "", 0, NULL, FALSE, 0, NULL, NULL, NULL));
  hl_session_resume (fixture.session);
  hl_test_wait (is_idle, &fixture, 60, "the end");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FINISHED);
  g_assert_cmpuint (fixture.notices->len, >, 0);
  for (guint i = 0; i < fixture.notices->len; i++)
    g_test_message ("%s", (char *) g_ptr_array_index (fixture.notices, i));
  g_ptr_array_set_size (fixture.notices, 0);
  good = g_file_get_child (fixture.folder, "rescued.safetensors");
  hl_session_save_weights (fixture.session, good);
  hl_test_wait (has_notice, &fixture, 20, "the weights");
  g_assert_true (g_file_query_exists (good, NULL));
  fixture_clear (&fixture);
}

static void
set_file_limit (rlim_t bytes)
{
  struct rlimit limit;

  getrlimit (RLIMIT_FSIZE, &limit);
  limit.rlim_cur = MIN (bytes, limit.rlim_max);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

/* The disk is full during the second epoch of three: a notice, the first checkpoint stays whole, and with room again all is there. */
static void
test_full_disk (void)
{
  Fixture fixture;
  HlRun *run;
  g_autofree char *before = NULL, *during = NULL, *after = NULL;
  g_autoptr (HlRunRecord) record = NULL;

  if (hl_test_skip_without_device ())
    return;
  signal (SIGXFSZ, SIG_IGN);
  fixture_init (&fixture, hl_test_small_state (60, 0, 20, 3));   /* 3 steps an epoch */
  start (&fixture, TRUE);
  hl_test_wait (is_paused, &fixture, 60, "the beginning");
  for (guint i = 1; i <= 8; i++)
    {
      Wanted wanted = { &fixture, i };

      hl_session_single_step (fixture.session);
      hl_test_wait (has_n_steps, &wanted, 20, "one step");
      run = hl_session_get_run (fixture.session);
      if (i == 5)
        {
          before = hash_file (hl_run_get_folder (run), "last.safetensors");
          set_file_limit (400);
        }
      if (i == 7)
        during = hash_file (hl_run_get_folder (run), "last.safetensors");
    }
  set_file_limit (RLIM_INFINITY);
  g_assert_cmpstr (during, ==, before);
  g_assert_cmpuint (fixture.notices->len, >, 0);
  for (guint i = 0; i < fixture.notices->len; i++)
    g_test_message ("%s", (char *) g_ptr_array_index (fixture.notices, i));
  hl_session_resume (fixture.session);
  hl_test_wait (is_idle, &fixture, 60, "the end");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FINISHED);
  after = hash_file (hl_run_get_folder (run), "last.safetensors");
  g_assert_cmpstr (after, !=, before);
  record = hl_run_record_read (hl_run_get_folder (run), NULL);
  g_assert_cmpuint (record->train->len, ==, 9);
  g_assert_cmpuint (record->validation->len, ==, 3);
  g_assert_cmpstr (record->info->state, ==, "done");
  fixture_clear (&fixture);
}

/* ---- At random moments ---- */

static gboolean
pretend_done (gpointer data)
{
  return --*(int *) data < 0;
}

static void
do_something (Fixture *fixture, GRand *random, const float *sample)
{
  switch (g_rand_int_range (random, 0, 9))
    {
    case 0: hl_session_pause (fixture->session); break;
    case 1: hl_session_resume (fixture->session); break;
    case 2: hl_session_single_step (fixture->session); break;
    case 3: hl_session_stop (fixture->session); break;
    case 4:
      if (!hl_session_is_busy (fixture->session))
        start (fixture, g_rand_boolean (random));
      break;
    case 5: hl_session_set_probe (fixture->session, sample, 784, g_rand_boolean (random)); break;
    case 6:
      {
        HlRun *run = hl_session_get_run (fixture->session);

        if (run && !hl_session_is_busy (fixture->session))
          g_assert_true (hl_session_inspect_run (fixture->session, run, fixture->dataset, NULL));
        break;
      }
    default:
      {
        int n = g_rand_int_range (random, 0, 30);

        hl_test_wait (pretend_done, &n, 60, "a few turns of the loop");
      }
    }
}

static void
test_random_moments (void)
{
  guint n_rounds = hl_test_rounds (g_test_slow () ? 200 : 25);
  guint32 seed = g_test_rand_int ();
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_autofree float *sample = g_new0 (float, 784);
  Fixture fixture;

  if (hl_test_skip_without_device ())
    return;
  g_test_message ("seed %u, %u rounds", seed, n_rounds);
  fixture_init (&fixture, hl_test_small_state (200, 20, 10, 40));
  hl_dataset_read_sample (fixture.dataset, 0, sample);
  for (guint round = 0; round < n_rounds; round++)
    {
      guint n_actions = g_rand_int_range (random, 1, 12);

      start (&fixture, FALSE);
      if (g_rand_boolean (random))
        hl_test_wait (has_steps, &fixture, 60, "the first steps");
      for (guint i = 0; i < n_actions; i++)
        do_something (&fixture, random, sample);
      /* Away with it, whatever it is doing. */
      g_clear_object (&fixture.session);
      fixture_open_session (&fixture);
    }
  fixture_clear (&fixture);
}

int
main (int argc, char **argv)
{
  hl_test_init (&argc, &argv);
  g_test_add_func ("/session/train", test_train);
  g_test_add_func ("/session/single-step", test_single_step);
  g_test_add_func ("/session/stop-while-preparing", test_stop_while_preparing);
  g_test_add_func ("/session/resume-same-bits", test_resume_same_bits);
  g_test_add_func ("/session/probe", test_probe);
  g_test_add_func ("/session/inspect", test_inspect);
  g_test_add_func ("/session/save-weights", test_save_weights);
  g_test_add_func ("/session/diverges", test_diverges);
  g_test_add_func ("/session/refused", test_refused);
  g_test_add_func ("/session/missing-data", test_missing_data);
  g_test_add_func ("/session/no-place-for-runs", test_no_place_for_runs);
  g_test_add_func ("/session/folder-vanishes", test_folder_vanishes);
  g_test_add_func ("/session/full-disk", test_full_disk);
  g_test_add_func ("/session/random-moments", test_random_moments);
  return g_test_run ();
}
