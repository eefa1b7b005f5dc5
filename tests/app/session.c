/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sessions: the whole way from request to event, at leisure and at random moments. */

#include "tests/app/session-fixture.h"

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
  g_assert_true (fixture_is_idle (&fixture));
  fixture_start (&fixture, FALSE);
  g_assert_true (hl_session_is_busy (fixture.session));
  g_assert_false (hl_session_start (fixture.session, fixture.dataset, FALSE, &error));
  g_assert_nonnull (error);
  hl_test_wait (fixture_is_idle, &fixture, 60, "three epochs");
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

static void
test_single_step (void)
{
  Fixture fixture;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&fixture, hl_test_small_state (60, 0, 20, 2));
  fixture_start (&fixture, TRUE);
  hl_test_wait (fixture_is_paused, &fixture, 60, "the pause at the beginning");
  g_assert_cmpuint (fixture_n_steps (&fixture), ==, 0);
  /* 54 samples in batches of 20 are 3 steps an epoch: the fourth step has validation and a checkpoint before it. */
  for (guint i = 1; i <= 5; i++)
    {
      Wanted wanted = { &fixture, i };

      hl_session_single_step (fixture.session);
      hl_test_wait (fixture_has_n_steps, &wanted, 20, "one step");
      g_assert_cmpuint (fixture_n_steps (&fixture), ==, i);
    }
  hl_test_run_loop (0.05);
  g_assert_cmpuint (fixture_n_steps (&fixture), ==, 5);
  hl_session_resume (fixture.session);
  hl_test_wait (fixture_is_idle, &fixture, 20, "the rest");
  g_assert_cmpuint (fixture_n_steps (&fixture), ==, 6);
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
  fixture_start (&fixture, FALSE);
  hl_session_stop (fixture.session);
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_STOPPING);
  hl_test_wait (fixture_is_idle, &fixture, 60, "the end of a run that hardly began");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_STOPPED);
  g_assert_cmpuint (fixture.n_finished, ==, 1);
  /* And the next one works. */
  fixture_start (&fixture, FALSE);
  hl_test_wait (fixture_is_idle, &fixture, 60, "a run after a stopped one");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FINISHED);
  fixture_clear (&fixture);
}

/* ---- Resuming ---- */

/* Stops the run at some step, resumes it in a new session, and so on until it is done. Returns the hash of the last
 * checkpoint. */
static char *
train_in_pieces (Fixture *self, const guint *stops, guint n_stops)
{
  g_autoptr (GError) error = NULL;

  fixture_start (self, FALSE);
  for (guint i = 0; i < n_stops; i++)
    {
      g_autoptr (HlRun) run = NULL;
      Wanted wanted = { self, stops[i] };

      hl_session_pause (self->session);
      hl_test_wait (fixture_is_paused, self, 60, "a pause");
      while (fixture_n_steps (self) < stops[i])
        {
          wanted.n = fixture_n_steps (self) + 1;
          hl_session_single_step (self->session);
          hl_test_wait (fixture_has_n_steps, &wanted, 20, "a step before the stop");
        }
      hl_session_stop (self->session);
      hl_test_wait (fixture_is_idle, self, 20, "the stop");
      g_assert_cmpint (hl_session_get_state (self->session), ==, HL_SESSION_STOPPED);
      run = g_object_ref (hl_session_get_run (self->session));
      g_clear_object (&self->session);
      fixture_open_session (self);
      g_assert_true (hl_session_resume_run (self->session, run, self->dataset, &error));
      g_assert_no_error (error);
    }
  hl_test_wait (fixture_is_idle, self, 60, "the end");
  g_assert_cmpint (hl_session_get_state (self->session), ==, HL_SESSION_FINISHED);
  return fixture_hash_file (hl_run_get_folder (hl_session_get_run (self->session)), "last.safetensors");
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
  g_assert_cmpmem (b->train->data, b->train->len * sizeof (HlRunPoint), a->train->data,
                   a->train->len * sizeof (HlRunPoint));
  g_assert_cmpmem (b->validation->data, b->validation->len * sizeof (HlRunPoint), a->validation->data,
                   a->validation->len * sizeof (HlRunPoint));
  g_assert_cmpmem (b->cells->data, b->cells->len * sizeof (HlRunCell), a->cells->data,
                   a->cells->len * sizeof (HlRunCell));
  g_assert_cmpfloat (b->info->test.loss, ==, a->info->test.loss);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (pieces.runs)), ==, 1);
  g_assert_cmpuint (fixture_n_steps (&pieces), ==, fixture_n_steps (&whole));
  fixture_clear (&whole);
  fixture_clear (&pieces);
}

/* Nothing is left to do, and nothing is written twice. */
static void
test_resume_finished (void)
{
  Fixture fixture;
  g_autoptr (HlRun) run = NULL;
  g_autofree char *before = NULL, *after = NULL;
  g_autoptr (GError) error = NULL;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&fixture, hl_test_small_state (100, 20, 20, 2));
  fixture_start (&fixture, FALSE);
  hl_test_wait (fixture_is_idle, &fixture, 60, "a run");
  run = g_object_ref (hl_session_get_run (fixture.session));
  before = fixture_hash_file (hl_run_get_folder (run), "metrics.csv");
  g_assert_true (hl_session_resume_run (fixture.session, run, fixture.dataset, &error));
  g_assert_no_error (error);
  hl_test_wait (fixture_is_idle, &fixture, 60, "nothing to do");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FINISHED);
  after = fixture_hash_file (hl_run_get_folder (run), "metrics.csv");
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpuint (fixture_n_steps (&fixture), ==, 10);
  g_assert_cmpuint (hl_run_get_n_confusions (run), ==, 2);
  fixture_clear (&fixture);
}

static gboolean
has_moved (gpointer data)
{
  HlRun *run = hl_session_get_run (((Fixture *) data)->session);
  g_autoptr (GFile) runs = hl_project_get_runs_folder (((Fixture *)data)->project),
                    parent = g_file_get_parent (hl_run_get_folder (run));

  return g_file_equal (runs, parent);
}

/* A project that was never saved is saved for the first time while it trains. */
static void
test_first_save_while_training (void)
{
  Fixture fixture = { 0 };
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HlRunRecord) record = NULL;
  g_autoptr (HlRun) listed = NULL;

  if (hl_test_skip_without_device ())
    return;
  fixture.folder = hl_test_make_folder ();
  fixture.project = hl_project_new (hl_test_small_state (60, 0, 20, 3), "untitled");
  fixture.dataset = hl_test_open_data (hl_project_get_state (fixture.project));
  fixture.runs = hl_run_list_new (fixture.project);
  fixture.notices = g_ptr_array_new_with_free_func (g_free);
  fixture_open_session (&fixture);
  fixture_start (&fixture, TRUE);
  hl_test_wait (fixture_is_paused, &fixture, 60, "the beginning");
  file = g_file_get_child (fixture.folder, "named.hillock");
  g_assert_true (hl_test_save_project (fixture.project, file, FALSE, &error));
  g_assert_no_error (error);
  hl_test_wait (has_moved, &fixture, 20, "the run in its new place");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture.runs)), ==, 1);
  listed = g_list_model_get_item (G_LIST_MODEL (fixture.runs), 0);
  g_assert_true (listed == hl_session_get_run (fixture.session));
  hl_session_resume (fixture.session);
  hl_test_wait (fixture_is_idle, &fixture, 60, "the end");
  g_assert_cmpuint (fixture.notices->len, ==, 0);
  record = hl_run_record_read (hl_run_get_folder (listed), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (record->train->len, ==, 9);
  g_assert_cmpstr (record->info->state, ==, "done");
  fixture_clear (&fixture);
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
  fixture_start (&fixture, FALSE);
  hl_test_wait (fixture_is_idle, &fixture, 60, "two epochs");
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
  fixture_start (&fixture, FALSE);
  hl_test_wait (fixture_is_idle, &fixture, 60, "two epochs");
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
  fixture_start (&fixture, FALSE);
  hl_test_wait (fixture_is_idle, &fixture, 60, "an epoch");
  hl_session_save_weights (fixture.session, good);
  hl_test_wait (fixture_has_notice, &fixture, 20, "the weights");
  g_assert_true (g_file_query_exists (good, NULL));
  for (guint i = 0; i < 2; i++)
    {
      g_ptr_array_set_size (fixture.notices, 0);
      hl_session_save_weights (fixture.session, bad);
      hl_test_wait (fixture_has_notice, &fixture, 20, "the refusal");
      g_test_message ("%s", (char *) g_ptr_array_index (fixture.notices, 0));
    }
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
        fixture_start (fixture, g_rand_boolean (random));
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

      fixture_start (&fixture, FALSE);
      if (g_rand_boolean (random))
        hl_test_wait (fixture_has_steps, &fixture, 60, "the first steps");
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
  g_test_add_func ("/session/resume-finished", test_resume_finished);
  g_test_add_func ("/session/first-save-while-training", test_first_save_while_training);
  g_test_add_func ("/session/probe", test_probe);
  g_test_add_func ("/session/inspect", test_inspect);
  g_test_add_func ("/session/save-weights", test_save_weights);
  g_test_add_func ("/session/random-moments", test_random_moments);
  return g_test_run ();
}
