/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fixture of the session tests. */

#include "tests/app/session-fixture.h"

#include <sys/resource.h>

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

void
fixture_open_session (Fixture *self)
{
  self->session = hl_session_new (self->project, self->runs);
  g_signal_connect (self->session, "notice", G_CALLBACK (notice_cb), self);
  g_signal_connect (self->session, "finished", G_CALLBACK (finished_cb), self);
  g_signal_connect (self->session, "probe", G_CALLBACK (probe_cb), self);
}

void
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

void
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

gboolean
fixture_is_idle (gpointer data)
{
  return !hl_session_is_busy (((Fixture *) data)->session);
}

gboolean
fixture_is_paused (gpointer data)
{
  return hl_session_get_state (((Fixture *) data)->session) == HL_SESSION_PAUSED;
}

gboolean
fixture_has_steps (gpointer data)
{
  HlRun *run = hl_session_get_run (((Fixture *) data)->session);

  return run && hl_series_get_n (hl_run_get_series (run, HL_METRIC_LOSS, HL_PART_TRAIN)) > 0;
}

void
fixture_start (Fixture *self, gboolean paused)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (hl_session_start (self->session, self->dataset, paused, &error));
  g_assert_no_error (error);
}

char *
fixture_hash_file (GFile *folder, const char *name)
{
  g_autoptr (GFile) file = g_file_get_child (folder, name);
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize n;

  g_file_load_contents (file, NULL, &bytes, &n, NULL, &error);
  g_assert_no_error (error);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) bytes, n);
}

void
fixture_assert_message (Fixture *self, const char *part)
{
  g_autofree char *message = NULL;

  g_object_get (self->session, "error-message", &message, NULL);
  g_assert_nonnull (message);
  g_test_message ("%s", message);
  if (!strstr (message, part))
    g_error ("“%s” does not speak of “%s”", message, part);
}

guint
fixture_n_steps (Fixture *self)
{
  HlRun *run = hl_session_get_run (self->session);

  return run ? hl_series_get_n (hl_run_get_series (run, HL_METRIC_LOSS, HL_PART_TRAIN)) : 0;
}

gboolean
fixture_has_n_steps (gpointer data)
{
  Wanted *wanted = data;

  return fixture_n_steps (wanted->fixture) >= wanted->n && fixture_is_paused (wanted->fixture);
}

gboolean
fixture_has_notice (gpointer data)
{
  return ((Fixture *) data)->notices->len > 0;
}

void
set_file_limit (guint64 bytes)
{
  struct rlimit limit;

  getrlimit (RLIMIT_FSIZE, &limit);
  limit.rlim_cur = MIN (bytes, limit.rlim_max);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}
