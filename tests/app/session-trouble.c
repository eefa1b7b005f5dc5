/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sessions in which something goes wrong: each ends with a sentence, and nothing made before is lost. */

#include "engine/device/fault.h"
#include "tests/app/session-fixture.h"

#include <signal.h>
#include <sys/resource.h>

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
  fixture_start (&fixture, FALSE);
  hl_test_wait (fixture_is_idle, &fixture, 60, "the end of a diverging run");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FAILED);
  fixture_assert_message (&fixture, "learning rate");
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
      hl_test_wait (fixture_is_idle, &fixture, 60, "a refusal");
      g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FAILED);
      fixture_assert_message (&fixture, part);
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

  hl_param_set (hl_class_find_param (&hl_graph_find_node (graph, node)->klass->base, name),
                hl_graph_get_params (graph, node), value);
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
  fixture_start (&fixture, FALSE);
  hl_test_wait (fixture_is_idle, &fixture, 60, "a refusal");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FAILED);
  fixture_assert_message (&fixture, "/nowhere/at/all");
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
  fixture_start (&fixture, FALSE);
  hl_test_wait (fixture_is_idle, &fixture, 60, "a run without its place");
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
  fixture_start (&fixture, TRUE);
  hl_test_wait (fixture_is_paused, &fixture, 60, "the beginning");
  place = g_object_ref (hl_run_get_folder (hl_session_get_run (fixture.session)));
  hl_test_remove_tree (place);
  g_assert_true (g_file_replace_contents (place, "", 0, NULL, FALSE, 0, NULL, NULL, NULL));
  hl_session_resume (fixture.session);
  hl_test_wait (fixture_is_idle, &fixture, 60, "the end");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FINISHED);
  g_assert_cmpuint (fixture.notices->len, >, 0);
  for (guint i = 0; i < fixture.notices->len; i++)
    g_test_message ("%s", (char *) g_ptr_array_index (fixture.notices, i));
  g_ptr_array_set_size (fixture.notices, 0);
  good = g_file_get_child (fixture.folder, "rescued.safetensors");
  hl_session_save_weights (fixture.session, good);
  hl_test_wait (fixture_has_notice, &fixture, 20, "the weights");
  g_assert_true (g_file_query_exists (good, NULL));
  fixture_clear (&fixture);
}

/* The disk is full during the second epoch of three: a notice, the first checkpoint stays whole, and with room again
 * all is there. */
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
  fixture_start (&fixture, TRUE);
  hl_test_wait (fixture_is_paused, &fixture, 60, "the beginning");
  for (guint i = 1; i <= 8; i++)
    {
      Wanted wanted = { &fixture, i };

      hl_session_single_step (fixture.session);
      hl_test_wait (fixture_has_n_steps, &wanted, 20, "one step");
      run = hl_session_get_run (fixture.session);
      if (i == 5)
        {
          before = fixture_hash_file (hl_run_get_folder (run), "last.safetensors");
          set_file_limit (400);
        }
      if (i == 7)
        during = fixture_hash_file (hl_run_get_folder (run), "last.safetensors");
    }
  set_file_limit (RLIM_INFINITY);
  g_assert_cmpstr (during, ==, before);
  g_assert_cmpuint (fixture.notices->len, >, 0);
  for (guint i = 0; i < fixture.notices->len; i++)
    g_test_message ("%s", (char *) g_ptr_array_index (fixture.notices, i));
  hl_session_resume (fixture.session);
  hl_test_wait (fixture_is_idle, &fixture, 60, "the end");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FINISHED);
  after = fixture_hash_file (hl_run_get_folder (run), "last.safetensors");
  g_assert_cmpstr (after, !=, before);
  record = hl_run_record_read (hl_run_get_folder (run), NULL);
  g_assert_cmpuint (record->train->len, ==, 9);
  g_assert_cmpuint (record->validation->len, ==, 3);
  g_assert_cmpstr (record->info->state, ==, "done");
  fixture_clear (&fixture);
}

/* A call of the device fails, once or for good: the run ends with a sentence, its files can be read, and the next run
 * works. */
static void
test_device_fails (void)
{
#ifdef HL_FAULTS
  Fixture fixture;
  g_autofree float *sample = g_new0 (float, 784);
  guint64 n_calls;
  guint n_failed = 0, stride = g_test_slow () ? 1 : 29;

  if (hl_test_skip_without_device ())
    return;
  fixture_init (&fixture, hl_test_small_state (60, 20, 20, 2));
  hl_session_set_probe (fixture.session, sample, 784, TRUE);
  hl_fault_set (0);
  fixture_start (&fixture, FALSE);
  hl_test_wait (fixture_is_idle, &fixture, 60, "a run without faults");
  n_calls = hl_fault_get_count ();
  g_assert_cmpuint (n_calls, >, 100);
  for (guint64 n = 1; n <= n_calls; n += stride)
    {
      g_autofree char *message = NULL;

      g_ptr_array_set_size (fixture.notices, 0);
      if (n % 2)
        hl_fault_set (n);
      else
        hl_fault_set_lost (n);
      fixture_start (&fixture, FALSE);
      hl_test_wait (fixture_is_idle, &fixture, 60, "a run with a fault");
      hl_fault_set (0);
      g_object_get (fixture.session, "error-message", &message, NULL);
      if (hl_session_get_state (fixture.session) == HL_SESSION_FAILED)
        {
          n_failed++;
          g_assert_true (message && *message);
        }
      else
        g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FINISHED);
    }
  g_test_message ("%" G_GUINT64_FORMAT " calls, %u runs failed", n_calls, n_failed);
  g_assert_cmpuint (n_failed, >, 0);
  fixture_start (&fixture, FALSE);
  hl_test_wait (fixture_is_idle, &fixture, 60, "a run after all the faults");
  g_assert_cmpint (hl_session_get_state (fixture.session), ==, HL_SESSION_FINISHED);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (fixture.runs)); i++)
    {
      g_autoptr (HlRun) run = g_list_model_get_item (G_LIST_MODEL (fixture.runs), i);
      g_autoptr (GError) error = NULL;
      g_autoptr (HlRunRecord) record = hl_run_record_read (hl_run_get_folder (run), &error);

      g_assert_no_error (error);
      g_assert_cmpstr (record->info->state, !=, "running");
    }
  fixture_clear (&fixture);
#else
  g_test_skip ("Built without -Dfaults=true");
#endif
}

int
main (int argc, char **argv)
{
  hl_test_init (&argc, &argv);
  g_test_add_func ("/session-trouble/diverges", test_diverges);
  g_test_add_func ("/session-trouble/refused", test_refused);
  g_test_add_func ("/session-trouble/missing-data", test_missing_data);
  g_test_add_func ("/session-trouble/no-place-for-runs", test_no_place_for_runs);
  g_test_add_func ("/session-trouble/folder-vanishes", test_folder_vanishes);
  g_test_add_func ("/session-trouble/full-disk", test_full_disk);
  g_test_add_func ("/session-trouble/device-fails", test_device_fails);
  return g_test_run ();
}
