/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Run folders: numbers, what is refused, rows that survive a full disk, and damaged files. */

#include "app/file-util.h"
#include "app/run-folder.h"
#include "app/run-log.h"
#include "app/run-private.h"
#include "tests/app/app-test.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>

static char *
read_text (GFile *folder, const char *name)
{
  g_autoptr (GFile) file = g_file_get_child (folder, name);
  g_autoptr (GError) error = NULL;
  char *text = hl_file_load_text (file, NULL, &error);

  g_assert_no_error (error);
  return text;
}

static void
write_text (GFile *folder, const char *name, const char *text)
{
  g_autoptr (GFile) file = g_file_get_child (folder, name);

  g_assert_true (g_file_replace_contents (file, text, strlen (text), NULL, FALSE, 0, NULL, NULL, NULL));
}

static void
add_step (HlRunFolder *run, guint64 step, float loss)
{
  HlStepResult result = { .step = step, .epoch = (step - 1) / 100, .loss = loss, .accuracy = 0.5, .batch = 64 };
  g_autoptr (GError) error = NULL;

  g_assert_true (hl_run_folder_add_step (run, &result, step * 0.01, &error));
  g_assert_no_error (error);
}

static void
finish (HlRunFolder *run, const char *state)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (hl_run_folder_finish (run, state, NULL, NULL, 2, &error));
  g_assert_no_error (error);
}

static void
test_numbers (void)
{
  g_autoptr (GFile) folder = hl_test_make_folder (), runs = g_file_get_child (folder, "p.runs");
  g_autoptr (GFile) seven = g_file_get_child (runs, "007"), other = g_file_get_child (runs, "notes");
  g_autoptr (HlProjectState) state = hl_template_new_state ("mlp");
  g_autoptr (HlRunFolder) first = NULL, eighth = NULL;
  g_autoptr (HlRunRecord) record = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;

  first = hl_run_folder_create (runs, state, "device", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hl_run_folder_get_number (first), ==, 1);
  g_assert_true (hl_folder_make (seven, NULL));
  g_assert_true (hl_folder_make (other, NULL));
  eighth = hl_run_folder_create (runs, state, "device", &error);
  g_assert_cmpuint (hl_run_folder_get_number (eighth), ==, 8);
  name = g_file_get_basename (hl_run_folder_get_file (eighth));
  g_assert_cmpstr (name, ==, "008");
  record = hl_run_record_read (hl_run_folder_get_file (eighth), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (record->number, ==, 8);
  g_assert_cmpstr (record->info->device, ==, "device");
  g_assert_cmpstr (record->info->state, ==, "running");
  g_assert_true (hl_project_state_equal (record->state, state));
  hl_test_remove_tree (folder);
}

static void
test_own_folder (void)
{
  g_autoptr (GFile) folder = hl_test_make_folder (), place = g_file_get_child (folder, "a run");
  g_autoptr (HlProjectState) state = hl_template_new_state ("mlp");
  g_autoptr (HlRunFolder) run = NULL, again = NULL;
  g_autoptr (GError) error = NULL;

  run = hl_run_folder_create_at (place, state, "device", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hl_run_folder_get_number (run), ==, 0);
  again = hl_run_folder_create_at (place, state, "device", &error);
  g_assert_null (again);
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
  g_test_message ("%s", error->message);
  g_clear_error (&error);
  again = hl_run_folder_open (folder, &error);
  g_assert_null (again);
  g_test_message ("%s", error->message);
  hl_test_remove_tree (folder);
}

static void
test_sampling (void)
{
  g_autoptr (GFile) folder = hl_test_make_folder ();
  g_autoptr (HlProjectState) state = hl_template_new_state ("mlp");
  g_autoptr (HlRunFolder) run = hl_run_folder_create (folder, state, "device", NULL);
  g_autoptr (HlRunRecord) record = NULL;

  for (guint64 step = 1; step <= 3000; step++)
    add_step (run, step, 1.0f / step);
  finish (run, "stopped");
  record = hl_run_record_read (hl_run_folder_get_file (run), NULL);
  g_assert_cmpuint (record->train->len, ==, 1000 + 200);
  g_assert_cmpfloat_with_epsilon (g_array_index (record->train, HlRunPoint, 1199).loss, 1.0 / 3000, 1e-9);
  hl_test_remove_tree (folder);
}

/* A run that died in the middle leaves rows that come again. */
static void
test_resumed_rows (void)
{
  g_autoptr (GFile) folder = hl_test_make_folder (), place = NULL;
  g_autoptr (HlProjectState) state = hl_template_new_state ("mlp");
  HlRunFolder *run = hl_run_folder_create (folder, state, "device", NULL);
  g_autoptr (HlRunRecord) record = NULL;
  g_autofree char *text = NULL, *cut = NULL;

  place = g_object_ref (hl_run_folder_get_file (run));
  for (guint64 step = 1; step <= 50; step++)
    add_step (run, step, 1);
  hl_run_folder_free (run);
  /* The crash cut the last row. */
  text = read_text (place, "steps.csv");
  cut = g_strndup (text, strlen (text) - 5);
  write_text (place, "steps.csv", cut);
  run = hl_run_folder_open (place, NULL);
  g_assert_nonnull (run);
  for (guint64 step = 21; step <= 60; step++)
    add_step (run, step, 2);
  finish (run, "stopped");
  hl_run_folder_free (run);
  record = hl_run_record_read (place, NULL);
  g_assert_cmpuint (record->train->len, ==, 60);
  g_assert_cmpfloat (g_array_index (record->train, HlRunPoint, 19).loss, ==, 1);
  g_assert_cmpfloat (g_array_index (record->train, HlRunPoint, 20).loss, ==, 2);
  hl_test_remove_tree (folder);
}

static void
set_file_limit (rlim_t bytes)
{
  struct rlimit limit;

  getrlimit (RLIMIT_FSIZE, &limit);
  limit.rlim_cur = MIN (bytes, limit.rlim_max);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

static void
test_full_disk (void)
{
  g_autoptr (GFile) folder = hl_test_make_folder (), file = g_file_get_child (folder, "log.csv");
  HlRunLog *log = hl_run_log_new (file, "a,b");
  g_autoptr (GString) expected = g_string_new ("a,b\n");
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  signal (SIGXFSZ, SIG_IGN);
  for (guint i = 0; i < 100; i++)
    {
      hl_run_log_add (log, "%u,%u", i, i * i);
      g_string_append_printf (expected, "%u,%u\n", i, i * i);
      if (i == 20)
        g_assert_true (hl_run_log_flush (log, &error));
      if (i == 30)
        {
          set_file_limit (170);   /* in the middle of a row */
          g_assert_false (hl_run_log_flush (log, &error));
          g_test_message ("%s", error->message);
          g_clear_error (&error);
          g_assert_false (hl_run_log_flush (log, NULL));
        }
    }
  set_file_limit (RLIM_INFINITY);
  g_assert_true (hl_run_log_flush (log, &error));
  g_assert_no_error (error);
  hl_run_log_free (log);
  text = read_text (folder, "log.csv");
  g_assert_cmpstr (text, ==, expected->str);
  hl_test_remove_tree (folder);
}

/* The worker tells how it goes while the window renames: neither overwrites the other. */
static void
test_relabel (void)
{
  g_autoptr (GFile) folder = hl_test_make_folder ();
  g_autoptr (HlProjectState) state = hl_template_new_state ("mlp");
  g_autoptr (HlRunFolder) run = hl_run_folder_create (folder, state, "device", NULL);
  g_autoptr (HlRunInfo) info = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (hl_run_info_relabel (hl_run_folder_get_file (run), "My best", TRUE, &error));
  g_assert_no_error (error);
  finish (run, "done");
  info = hl_run_info_load (hl_run_folder_get_file (run), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (info->title, ==, "My best");
  g_assert_true (info->starred);
  g_assert_cmpstr (info->state, ==, "done");
  g_assert_cmpfloat (info->seconds, ==, 2);
  hl_test_remove_tree (folder);
}

/* A loss that compares with the input knows no right answers: that is kept, and is no number anywhere. */
static void
test_no_accuracy (void)
{
  g_autoptr (GFile) folder = hl_test_make_folder ();
  g_autoptr (HlProjectState) state = hl_template_new_state ("autoencoder");
  g_autoptr (HlRunFolder) run = hl_run_folder_create (folder, state, "device", NULL);
  const HlStepResult result = { .step = 1, .loss = 0.25f, .accuracy = NAN, .batch = 64 };
  const HlScore test = { .loss = 0.125, .accuracy = NAN, .n = 10 };
  g_autoptr (HlRunRecord) record = NULL;
  g_autoptr (HlRun) stored = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *steps = NULL, *metrics = NULL, *info = NULL, *text = NULL;

  g_assert_true (hl_run_folder_add_step (run, &result, 0.5, &error));
  g_assert_true (hl_run_folder_finish (run, "done", NULL, &test, 2, &error));
  g_assert_no_error (error);
  steps = read_text (hl_run_folder_get_file (run), "steps.csv");
  g_assert_nonnull (strstr (steps, "\n1,1,0.25,,0.500\n"));
  metrics = read_text (hl_run_folder_get_file (run), "metrics.csv");
  g_assert_nonnull (strstr (metrics, ",test,0.125,,"));
  info = read_text (hl_run_folder_get_file (run), "run.json");
  g_assert_null (strstr (info, "accuracy"));
  record = hl_run_record_read (hl_run_folder_get_file (run), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (record->train->len, ==, 1);
  g_assert_true (isnan (g_array_index (record->train, HlRunPoint, 0).accuracy));
  g_assert_true (isnan (record->info->test.accuracy));
  stored = hl_run_new_stored (record);
  g_assert_cmpuint (hl_series_get_n (hl_run_get_series (stored, HL_METRIC_LOSS, HL_PART_TRAIN)), ==, 1);
  g_assert_cmpuint (hl_series_get_n (hl_run_get_series (stored, HL_METRIC_ACCURACY, HL_PART_TRAIN)), ==, 0);
  g_object_get (stored, "accuracy-text", &text, NULL);
  g_assert_cmpstr (text, ==, "test loss 0.125");
  hl_test_remove_tree (folder);
}

static void
test_damaged (void)
{
  static const char *const infos[] = {
    "",
    "{",
    "[]",
    "{\"run\": 2}",
    "{\"run\": 1, \"epochs\": -1}",
    "{\"run\": 1, \"colour\": 1}",
    "{\"run\": 1, \"test\": {\"loss\": \"a\"}}",
  };
  static const char rows[] = "step,epoch,loss,accuracy,seconds\n1,1,0.5,0.5,1\n,,,,\nx\n2,1\n3,1,nan,0.5,1\n4,1,1e999,"
                             "0,1\n5,1,0.25,0.5,1,7,8\n"
                             "2,1,0.125,1,1\n1,1,0.1,1,1\n6,1,0.0625,1,1";
  g_autoptr (GFile) folder = hl_test_make_folder ();
  g_autoptr (HlProjectState) state = hl_template_new_state ("mlp");
  g_autoptr (HlRunFolder) run = hl_run_folder_create (folder, state, "device", NULL);
  GFile *place = hl_run_folder_get_file (run);
  g_autoptr (HlRunRecord) record = NULL;
  g_autofree char *good = read_text (place, "run.json");

  for (guint i = 0; i < G_N_ELEMENTS (infos); i++)
    {
      g_autoptr (GError) error = NULL;

      write_text (place, "run.json", infos[i]);
      g_assert_null (hl_run_record_read (place, &error));
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, "run.json"));
    }
  write_text (place, "run.json", good);
  write_text (place, "steps.csv", rows);
  write_text (place, "confusion.csv", "epoch,label,prediction,count\n4000000000,1,1,1\n1,70000,70000,5\n");
  record = hl_run_record_read (place, NULL);
  g_assert_nonnull (record);
  g_assert_cmpuint (record->train->len, ==, 2);   /* steps 1 and 2; the last row has no end */
  g_assert_cmpuint (record->cells->len, ==, 0);
  hl_test_remove_tree (folder);
}

/* A file that promises huge matrices must not make us allocate them. */
static void
test_huge_promises (void)
{
  g_autoptr (GFile) folder = hl_test_make_folder ();
  g_autoptr (HlProjectState) state = hl_template_new_state ("mlp");
  g_autoptr (HlRunFolder) run = hl_run_folder_create (folder, state, "device", NULL);
  GFile *place = hl_run_folder_get_file (run);
  g_autoptr (HlRunRecord) record = NULL;
  g_autoptr (HlRun) stored = NULL;

  write_text (place, "run.json", "{\"run\": 1, \"title\": \"t\", \"epochs\": 2000000000, \"classes\": 2000000000}");
  write_text (place, "confusion.csv", "epoch,label,prediction,count\n1999999999,1,1,1\n1,70000,70000,5\n");
  record = hl_run_record_read (place, NULL);
  g_assert_nonnull (record);
  stored = hl_run_new_stored (record);
  g_assert_cmpuint (hl_run_get_n_confusions (stored), ==, 0);
  hl_test_remove_tree (folder);
}

static gboolean
has_three (gpointer data)
{
  return g_list_model_get_n_items (data) == 3;
}

static void
test_list (void)
{
  g_autoptr (GFile) folder = hl_test_make_folder (), file = g_file_get_child (folder, "p.hillock");
  g_autoptr (HlProject) project = hl_project_new (hl_template_new_state ("mlp"), "p");
  g_autoptr (GFile) runs = NULL;
  g_autoptr (HlRunList) list = NULL;
  g_autoptr (HlRun) newest = NULL;
  g_autoptr (HlProjectState) hotter = hl_test_with_rate (hl_template_new_state ("mlp"), 0.5);
  g_autofree char *summary = NULL, *text = NULL;

  g_assert_true (hl_test_save_project (project, file, FALSE, NULL));
  runs = hl_project_get_runs_folder (project);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (HlRunFolder) run
          = hl_run_folder_create (runs, i == 2 ? hotter : hl_project_get_state (project), "device", NULL);

      if (i < 2)
        finish (run, "done");
    }
  list = hl_run_list_new (project);
  hl_test_wait (has_three, list, 20, "three runs");
  newest = g_list_model_get_item (G_LIST_MODEL (list), 0);
  g_assert_cmpuint (hl_run_get_number (newest), ==, 3);
  g_object_get (newest, "summary", &summary, "state-text", &text, NULL);
  g_test_message ("%s; %s", summary, text);
  g_assert_nonnull (strstr (summary, "Adam → SGD"));
  g_assert_nonnull (strstr (text, "Interrupted"));
  hl_run_list_remove (list, newest);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, 2);
  hl_project_close (project);
  hl_test_run_loop (0.2);
  hl_test_remove_tree (folder);
}

int
main (int argc, char **argv)
{
  hl_test_init (&argc, &argv);
  g_test_add_func ("/run-folder/numbers", test_numbers);
  g_test_add_func ("/run-folder/own-folder", test_own_folder);
  g_test_add_func ("/run-folder/sampling", test_sampling);
  g_test_add_func ("/run-folder/resumed-rows", test_resumed_rows);
  g_test_add_func ("/run-folder/full-disk", test_full_disk);
  g_test_add_func ("/run-folder/relabel", test_relabel);
  g_test_add_func ("/run-folder/no-accuracy", test_no_accuracy);
  g_test_add_func ("/run-folder/damaged", test_damaged);
  g_test_add_func ("/run-folder/huge-promises", test_huge_promises);
  g_test_add_func ("/run-folder/list", test_list);
  return g_test_run ();
}
