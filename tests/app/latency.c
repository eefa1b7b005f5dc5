/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How long the main loop is held up while LeNet-5 trains on every core: measured and printed, asserted only where it
 * would be seen as a stutter by anybody. */

#include "tests/app/app-test.h"

#include <time.h>

typedef struct
{
  HlSession *session;
  gint64 last_us, longest_us;
  guint n;
} Watch;

/* A timer of the interface's own pace: what it is late is what a frame would have been late. */
static gboolean
tick_cb (gpointer data)
{
  Watch *watch = data;
  gint64 now = g_get_monotonic_time ();

  if (watch->last_us > 0)
    watch->longest_us = MAX (watch->longest_us, now - watch->last_us - 10000);
  watch->last_us = now;
  watch->n++;
  return G_SOURCE_CONTINUE;
}

/* Between two polls the main loop is at work: for how long, by the clock and by the processor time it really used. On a
 * machine that others use too the first is the longer for it. */
static struct
{
  gint64 left_us, longest_us;
  double left_cpu, longest_cpu;
} busy;

static double
get_thread_cpu (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static gint
poll_watched (GPollFD *fds, guint n, gint timeout)
{
  int result;

  if (busy.left_us > 0)
    {
      busy.longest_us = MAX (busy.longest_us, g_get_monotonic_time () - busy.left_us);
      busy.longest_cpu = MAX (busy.longest_cpu, get_thread_cpu () - busy.left_cpu);
    }
  result = g_poll (fds, n, timeout);
  busy.left_us = g_get_monotonic_time ();
  busy.left_cpu = get_thread_cpu ();
  return result;
}

static gboolean
is_idle (gpointer data)
{
  return !hl_session_is_busy (((Watch *)data)->session);
}

static void
probe_cb (HlSession *session, HlProbeResult *probe, gpointer data)
{
  ++*(guint *) data;
}

static HlProjectState *
new_lenet (void)
{
  g_autoptr (HlProjectState) lenet = hl_template_new_state ("lenet-strokes"), state = NULL;
  HlDataSpec *data = hl_data_spec_copy (hl_project_state_get_data (lenet));
  HlRecipe *recipe = hl_recipe_copy (hl_project_state_get_recipe (lenet));

  hl_param_set (hl_class_find_param (data->format->klass, "count"), data->format->params, 20000);
  recipe->epochs = 3;
  state = hl_project_state_with_data (lenet, data);
  return hl_project_state_with_recipe (state, recipe);
}

static void
test_latency (void)
{
  g_autoptr (HlProject) project = NULL;
  g_autoptr (HlRunList) runs = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree float *sample = g_new0 (float, 784);
  HlDataset *dataset;
  Watch watch = { 0 };
  guint timer, n_probes = 0;
  double rate;
  gint64 begin;

  if (hl_test_skip_without_device ())
    return;
  project = hl_project_new (new_lenet (), "lenet");
  runs = hl_run_list_new (project);
  dataset = hl_test_open_data (hl_project_get_state (project));
  watch.session = hl_session_new (project, runs);
  hl_dataset_read_sample (dataset, 0, sample);
  hl_session_set_probe (watch.session, sample, 784, TRUE);
  g_signal_connect (watch.session, "probe", G_CALLBACK (probe_cb), &n_probes);
  timer = g_timeout_add (10, tick_cb, &watch);
  g_main_context_set_poll_func (NULL, poll_watched);
  begin = g_get_monotonic_time ();
  g_assert_true (hl_session_start (watch.session, dataset, FALSE, &error));
  g_assert_no_error (error);
  hl_test_wait (is_idle, &watch, 300, "three epochs of LeNet-5");
  g_source_remove (timer);
  g_main_context_set_poll_func (NULL, g_poll);
  g_assert_cmpint (hl_session_get_state (watch.session), ==, HL_SESSION_FINISHED);
  g_object_get (watch.session, "images-per-second", &rate, NULL);
  g_test_message ("%.1f s of training with %.0f images/s and %u probes: one turn of the main loop took %.1f ms at most "
                  "(%.1f ms of processor time), and a 10 ms timer was late by %.1f ms at most (%u ticks)",
                  (g_get_monotonic_time () - begin) / 1e6, rate, n_probes, busy.longest_us / 1e3,
                  busy.longest_cpu * 1e3, watch.longest_us / 1e3, watch.n);
  g_assert_cmpint (watch.longest_us, <, 500000);
  g_clear_object (&watch.session);
  hl_project_close (project);
  hl_dataset_unref (dataset);
}

static gboolean
is_running (gpointer data)
{
  HlSession *session = ((Watch *) data)->session;
  HlRun *run = hl_session_get_run (session);

  return hl_session_get_state (session) == HL_SESSION_RUNNING && run
         && hl_series_get_n (hl_run_get_series (run, HL_METRIC_LOSS, HL_PART_TRAIN)) > 100;
}

static gboolean
is_paused (gpointer data)
{
  return hl_session_get_state (((Watch *) data)->session) == HL_SESSION_PAUSED;
}

/* How long a request takes to be carried out. */
static void
test_reaction (void)
{
  g_autoptr (HlProject) project = NULL;
  g_autoptr (HlRunList) runs = NULL;
  g_autoptr (GError) error = NULL;
  HlDataset *dataset;
  Watch watch = { 0 };
  double pause, stop, dispose;
  gint64 begin;

  if (hl_test_skip_without_device ())
    return;
  project = hl_project_new (new_lenet (), "lenet");
  runs = hl_run_list_new (project);
  dataset = hl_test_open_data (hl_project_get_state (project));
  watch.session = hl_session_new (project, runs);
  g_assert_true (hl_session_start (watch.session, dataset, FALSE, &error));
  hl_test_wait (is_running, &watch, 120, "a hundred steps");
  begin = g_get_monotonic_time ();
  hl_session_pause (watch.session);
  hl_test_wait (is_paused, &watch, 20, "a pause");
  pause = (g_get_monotonic_time () - begin) / 1e3;
  hl_session_resume (watch.session);
  hl_test_wait (is_running, &watch, 20, "training again");
  begin = g_get_monotonic_time ();
  hl_session_stop (watch.session);
  hl_test_wait (is_idle, &watch, 20, "a stop");
  stop = (g_get_monotonic_time () - begin) / 1e3;
  g_assert_true (hl_session_start (watch.session, dataset, FALSE, &error));
  hl_test_wait (is_running, &watch, 120, "a hundred steps");
  begin = g_get_monotonic_time ();
  g_clear_object (&watch.session);
  dispose = (g_get_monotonic_time () - begin) / 1e3;
  g_test_message ("paused after %.1f ms, stopped with a checkpoint after %.1f ms, thrown away within %.1f ms", pause,
                  stop, dispose);
  hl_project_close (project);
  hl_dataset_unref (dataset);
}

int
main (int argc, char **argv)
{
  hl_test_init (&argc, &argv);
  g_test_add_func ("/latency/lenet", test_latency);
  g_test_add_func ("/latency/reaction", test_reaction);
  return g_test_run ();
}
