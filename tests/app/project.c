/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Projects on disk: saving, locks, changes by others, folders that refuse, disks that are full, and recovery after a
 * crash. */

#include "app/file-util.h"
#include "tests/app/app-test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct { GFile *folder, *file; HlProject *project; } Fixture;

static void
fixture_init (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  self->folder = hl_test_make_folder ();
  self->file = g_file_get_child (self->folder, "p.hillock");
  self->project = hl_project_new (hl_template_new_state ("mlp"), "untitled");
  g_assert_true (hl_test_save_project (self->project, self->file, FALSE, &error));
  g_assert_no_error (error);
}

static void
fixture_clear (Fixture *self)
{
  if (self->project)
    hl_project_close (self->project);
  g_clear_object (&self->project);
  hl_test_remove_tree (self->folder);
  g_clear_object (&self->file);
  g_clear_object (&self->folder);
}

static void
change (HlProject *project, guint epochs)
{
  HlRecipe *recipe = hl_recipe_copy (hl_project_state_get_recipe (hl_project_get_state (project)));

  recipe->epochs = epochs;
  hl_project_commit (project, "Change epochs", NULL,
                     hl_project_state_with_recipe (hl_project_get_state (project), recipe));
}

static guint
epochs_in (GFile *file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlProjectState) state = hl_project_state_load (file, &error);

  g_assert_no_error (error);
  return hl_project_state_get_recipe (state)->epochs;
}

static char *
get_reason (HlProject *project)
{
  char *reason;

  g_object_get (project, "read-only-reason", &reason, NULL);
  return reason;
}

static guint
count_children (GFile *folder, const char *suffix)
{
  g_autoptr (GFileEnumerator) children = g_file_enumerate_children (folder, "standard::name", 0, NULL, NULL);
  GFileInfo *info;
  guint n = 0;

  while (children && g_file_enumerator_iterate (children, &info, NULL, NULL, NULL) && info)
    n += g_str_has_suffix (g_file_info_get_name (info), suffix);
  return n;
}

static void
test_save (void)
{
  Fixture fixture;
  g_autoptr (HlProject) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *saved = NULL, *read = NULL, *label = NULL;

  fixture_init (&fixture);
  g_assert_cmpstr (hl_project_get_title (fixture.project), ==, "p");
  g_assert_false (hl_project_get_modified (fixture.project));
  change (fixture.project, 17);
  g_assert_true (hl_project_get_modified (fixture.project));
  g_object_get (fixture.project, "undo-label", &label, NULL);
  g_assert_cmpstr (label, ==, "Change epochs");
  g_assert_true (hl_test_save_project (fixture.project, NULL, FALSE, &error));
  g_assert_no_error (error);
  g_assert_false (hl_project_get_modified (fixture.project));
  saved = hl_test_dup_text (fixture.project);
  hl_project_undo (fixture.project);
  g_assert_true (hl_project_get_modified (fixture.project));
  hl_project_redo (fixture.project);
  g_assert_false (hl_project_get_modified (fixture.project));
  hl_project_close (fixture.project);
  g_clear_object (&fixture.project);
  again = hl_test_open_project (fixture.file, &error);
  g_assert_no_error (error);
  read = hl_test_dup_text (again);
  g_assert_cmpstr (read, ==, saved);
  hl_project_close (again);
  /* Nothing but the project is left: no lock, no temporary file. */
  g_assert_cmpuint (count_children (fixture.folder, ""), ==, 1);
  fixture_clear (&fixture);
}

/* Edits made while the file is written are not lost and not taken for saved. */
static void
saved_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (hl_project_save_finish (HL_PROJECT (source), result, &error));
  g_assert_no_error (error);
  *(gboolean *) data = TRUE;
}

static void
busy_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (hl_project_save_finish (HL_PROJECT (source), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  *(gboolean *) data = TRUE;
}

static gboolean
is_true (gpointer data)
{
  return *(gboolean *) data;
}

static void
test_edit_while_saving (void)
{
  Fixture fixture;
  gboolean saved = FALSE, refused = FALSE;

  fixture_init (&fixture);
  change (fixture.project, 3);
  hl_project_save_async (fixture.project, NULL, FALSE, NULL, saved_cb, &saved);
  hl_project_save_async (fixture.project, NULL, FALSE, NULL, busy_cb, &refused);
  change (fixture.project, 4);
  hl_test_wait (is_true, &saved, 20, "saving");
  hl_test_wait (is_true, &refused, 20, "the refusal to save twice at once");
  g_assert_cmpuint (epochs_in (fixture.file), ==, 3);
  g_assert_true (hl_project_get_modified (fixture.project));
  fixture_clear (&fixture);
}

static void
test_changed_on_disk (void)
{
  Fixture fixture;
  g_autoptr (HlProjectState) other = hl_template_new_state ("empty");
  g_autoptr (GFile) elsewhere = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  elsewhere = g_file_get_child (fixture.folder, "q.hillock");
  g_assert_true (hl_project_state_save (other, fixture.file, NULL));
  change (fixture.project, 5);
  g_assert_false (hl_test_save_project (fixture.project, NULL, FALSE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG);
  g_test_message ("%s", error->message);
  g_clear_error (&error);
  g_assert_true (hl_project_get_modified (fixture.project));
  g_assert_true (hl_test_save_project (fixture.project, NULL, TRUE, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (epochs_in (fixture.file), ==, 5);
  /* Deleted by another: saving brings it back. */
  g_assert_true (g_file_delete (fixture.file, NULL, NULL));
  change (fixture.project, 6);
  g_assert_true (hl_test_save_project (fixture.project, NULL, FALSE, &error));
  g_assert_no_error (error);
  g_assert_true (hl_test_save_project (fixture.project, elsewhere, FALSE, &error));
  g_assert_cmpstr (hl_project_get_title (fixture.project), ==, "q");
  fixture_clear (&fixture);
}

/* ---- Locks ---- */

static void
test_two_windows (void)
{
  Fixture fixture;
  g_autoptr (HlProject) second = NULL, third = NULL;
  g_autoptr (GFile) elsewhere = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = NULL, *none = NULL;

  fixture_init (&fixture);
  elsewhere = g_file_get_child (fixture.folder, "copy.hillock");
  second = hl_test_open_project (fixture.file, &error);
  g_assert_no_error (error);
  reason = get_reason (second);
  g_assert_nonnull (reason);
  g_test_message ("%s", reason);
  change (second, 8);
  g_assert_false (hl_test_save_project (second, NULL, FALSE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_test_message ("%s", error->message);
  g_clear_error (&error);
  /* Not even by force; but under another name. */
  g_assert_false (hl_test_save_project (second, NULL, TRUE, &error));
  g_clear_error (&error);
  g_assert_true (hl_test_save_project (second, elsewhere, FALSE, &error));
  g_assert_no_error (error);
  none = get_reason (second);
  g_assert_null (none);
  /* The first window still has its lock: the one below is refused until it closes. */
  third = hl_test_open_project (fixture.file, &error);
  change (third, 9);
  g_assert_false (hl_test_save_project (third, NULL, FALSE, &error));
  g_clear_error (&error);
  hl_project_close (fixture.project);
  g_assert_true (hl_test_save_project (third, NULL, FALSE, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (epochs_in (fixture.file), ==, 9);
  hl_project_close (second);
  hl_project_close (third);
  fixture_clear (&fixture);
}

static void
write_lock (Fixture *fixture, gint64 pid, guint64 started, const char *host)
{
  g_autoptr (GFile) lock = g_file_get_child (fixture->folder, "p.hillock.lock");
  g_autofree char *text
      = g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " token\n%s\n", pid, started, host);

  g_assert_true (g_file_replace_contents (lock, text, strlen (text), NULL, FALSE, 0, NULL, NULL, NULL));
}

static gboolean
opens_locked (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlProject) project = hl_test_open_project (fixture->file, &error);
  g_autofree char *reason = NULL;

  g_assert_no_error (error);
  reason = get_reason (project);
  if (reason)
    g_test_message ("%s", reason);
  hl_project_close (project);
  return reason != NULL;
}

static void
test_stale_lock (void)
{
  Fixture fixture;
  pid_t child;

  fixture_init (&fixture);
  hl_project_close (fixture.project);
  g_clear_object (&fixture.project);
  /* A process that has gone. */
  child = fork ();
  if (child == 0)
    _exit (0);
  waitpid (child, NULL, 0);
  write_lock (&fixture, child, 12345, g_get_host_name ());
  g_assert_false (opens_locked (&fixture));
  /* Another process that got its number since: this very one, which began at another time. */
  write_lock (&fixture, getpid (), 1, g_get_host_name ());
  g_assert_false (opens_locked (&fixture));
  /* A living one, and one of another computer. */
  write_lock (&fixture, getppid (), 0, g_get_host_name ());
  g_assert_true (opens_locked (&fixture));
  write_lock (&fixture, child, 12345, "another-computer");
  g_assert_true (opens_locked (&fixture));
  /* What is no lock at all. */
  write_lock (&fixture, -1, 0, "");
  opens_locked (&fixture);
  fixture_clear (&fixture);
}

/* Many processes want the same project, with a stale lock in the way: one gets it. */
static void
test_lock_race (void)
{
  Fixture fixture;
  int n_owners = 0;
  pid_t children[8];

  fixture_init (&fixture);
  hl_project_close (fixture.project);
  g_clear_object (&fixture.project);
  write_lock (&fixture, getpid (), 1, g_get_host_name ());
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    {
      children[i] = fork ();
      if (children[i] == 0)
        {
          g_autofree char *path = g_file_get_path (fixture.file);

          execl ("/proc/self/exe", "test-app-project", "--try-lock", path, NULL);
          _exit (127);
        }
    }
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    {
      int status;

      waitpid (children[i], &status, 0);
      g_assert_true (WIFEXITED (status));
      g_assert_cmpint (WEXITSTATUS (status), <=, 1);
      n_owners += WEXITSTATUS (status) == 0;
    }
  g_assert_cmpint (n_owners, ==, 1);
  fixture_clear (&fixture);
}

/* A program of its own for the test above: 0 when it got the lock, which it then leaves behind as a crash would. */
static int
try_lock (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  HlProject *project = hl_test_open_project (file, &error);
  g_autofree char *reason = project ? get_reason (project) : NULL;

  /* Long enough for the others to find it alive. */
  hl_test_run_loop (2);
  _exit (!project ? 2 : reason ? 1 : 0);
}

/* ---- Folders and disks that refuse ---- */

static void
test_read_only_folder (void)
{
  Fixture fixture;
  g_autoptr (GError) error = NULL;
  g_autoptr (HlProject) opened = NULL;
  gboolean was_root = geteuid () == 0;

  fixture_init (&fixture);
  hl_project_close (fixture.project);
  g_clear_object (&fixture.project);
  g_assert_cmpint (chmod (g_file_peek_path (fixture.folder), 0555), ==, 0);
  /* Permissions do not bind root. */
  if (was_root && seteuid (65534) != 0)
    {
      g_test_skip ("Cannot give up root's rights");
      return;
    }
  opened = hl_test_open_project (fixture.file, &error);
  g_assert_no_error (error);
  change (opened, 2);
  g_assert_false (hl_test_save_project (opened, NULL, FALSE, &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "p.hillock"));
  g_assert_true (hl_project_get_modified (opened));
  hl_project_close (opened);
  if (was_root)
    g_assert_cmpint (seteuid (0), ==, 0);
  g_assert_cmpint (chmod (g_file_peek_path (fixture.folder), 0755), ==, 0);
  g_assert_cmpuint (epochs_in (fixture.file), ==, 10);
  fixture_clear (&fixture);
}

/* A limit on the size of files stands for a disk without room: writing breaks off in the middle just the same. */
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
  Fixture fixture;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  signal (SIGXFSZ, SIG_IGN);
  change (fixture.project, 2);
  set_file_limit (100);
  g_assert_false (hl_test_save_project (fixture.project, NULL, FALSE, &error));
  set_file_limit (RLIM_INFINITY);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_cmpuint (epochs_in (fixture.file), ==, 10);
  g_assert_true (hl_project_get_modified (fixture.project));
  g_clear_error (&error);
  g_assert_true (hl_test_save_project (fixture.project, NULL, FALSE, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (epochs_in (fixture.file), ==, 2);
  fixture_clear (&fixture);
}

static void
test_symbolic_link (void)
{
  Fixture fixture;
  g_autoptr (GFile) link = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HlProject) project = NULL;

  fixture_init (&fixture);
  hl_project_close (fixture.project);
  g_clear_object (&fixture.project);
  link = g_file_get_child (fixture.folder, "link.hillock");
  g_assert_true (g_file_make_symbolic_link (link, "p.hillock", NULL, NULL));
  project = hl_test_open_project (link, &error);
  g_assert_no_error (error);
  change (project, 44);
  g_assert_true (hl_test_save_project (project, NULL, FALSE, &error));
  g_assert_cmpuint (epochs_in (fixture.file), ==, 44);
  g_assert_cmpint (g_file_query_file_type (link, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL), ==,
                   G_FILE_TYPE_SYMBOLIC_LINK);
  hl_project_close (project);
  fixture_clear (&fixture);
}

/* ---- Recovery ---- */

static void
result_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static gboolean
has_result (gpointer data)
{
  return *(GAsyncResult **) data != NULL;
}

static GPtrArray *
list_recoveries (void)
{
  g_autoptr (GAsyncResult) result = NULL;

  hl_recovery_list_async (result_cb, &result);
  hl_test_wait (has_result, &result, 20, "the list of recoverable projects");
  return hl_recovery_list_finish (result, NULL);
}

static gboolean
has_no_recoveries (gpointer data)
{
  g_autoptr (GPtrArray) found = list_recoveries ();

  return found->len == 0;
}

/* suffix "": files of a write under way too. */
static guint
count_autosaves (const char *suffix)
{
  g_autoptr (GFile) folder = g_file_new_build_filename (g_get_user_state_dir (), "hillock", "recovery", NULL);

  return count_children (folder, suffix);
}

static gboolean
has_autosave (gpointer data)
{
  return count_autosaves (".json") > 0;
}

static gboolean
has_no_autosave (gpointer data)
{
  return count_autosaves ("") == 0;
}

/* Runs in a process of its own: edits, waits for the autosave, dies. */
static int
edit_and_crash (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  HlProject *project = hl_test_open_project (file, &error);

  g_assert_no_error (error);
  change (project, 33);
  hl_test_wait (has_autosave, NULL, 20, "an autosave");
  _exit (0);
}

static void
test_recovery (void)
{
  Fixture fixture;
  g_autoptr (GPtrArray) before = NULL, found = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (HlProject) project = NULL;
  g_autoptr (GError) error = NULL;
  const HlRecovery *recovery;
  pid_t child;
  int status;

  fixture_init (&fixture);
  hl_project_close (fixture.project);
  g_clear_object (&fixture.project);
  before = list_recoveries ();
  g_assert_cmpuint (before->len, ==, 0);
  child = fork ();
  if (child == 0)
    {
      execl ("/proc/self/exe", "test-app-project", "--crash", g_file_peek_path (fixture.file), g_get_user_state_dir (),
             NULL);
      _exit (127);
    }
  waitpid (child, &status, 0);
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  found = list_recoveries ();
  g_assert_cmpuint (found->len, ==, 1);
  recovery = g_ptr_array_index (found, 0);
  g_assert_cmpstr (recovery->title, ==, "p");
  g_assert_true (g_file_equal (recovery->file, fixture.file));
  hl_project_recover_async (recovery, result_cb, &result);
  hl_test_wait (has_result, &result, 20, "recovery");
  project = hl_project_open_finish (result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hl_project_state_get_recipe (hl_project_get_state (project))->epochs, ==, 33);
  g_assert_true (hl_project_get_modified (project));
  /* The crashed process's lock is in nobody's way. */
  g_assert_true (hl_test_save_project (project, NULL, FALSE, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (epochs_in (fixture.file), ==, 33);
  g_assert_false (hl_project_get_modified (project));
  /* A thread writes the recovered project's own autosave and then removes the old one. */
  hl_test_wait (has_no_recoveries, NULL, 20, "the old autosave to go");
  hl_project_close (project);
  fixture_clear (&fixture);
}

static void
test_autosave_goes (void)
{
  g_autoptr (GPtrArray) found = NULL;
  Fixture fixture;

  fixture_init (&fixture);
  g_assert_cmpuint (count_autosaves (""), ==, 0);
  change (fixture.project, 5);
  hl_test_wait (has_autosave, NULL, 20, "an autosave");
  /* It is ours, and we live: nothing to recover. */
  found = list_recoveries ();
  g_assert_cmpuint (found->len, ==, 0);
  /* Undone to what is saved: nothing to keep. */
  hl_project_undo (fixture.project);
  hl_test_wait (has_no_autosave, NULL, 20, "the end of an autosave that is not needed");
  hl_project_redo (fixture.project);
  hl_test_wait (has_autosave, NULL, 20, "an autosave");
  g_assert_true (hl_test_save_project (fixture.project, NULL, FALSE, NULL));
  hl_test_wait (has_no_autosave, NULL, 20, "the end of the autosave of a saved project");
  change (fixture.project, 6);
  hl_test_wait (has_autosave, NULL, 20, "an autosave");
  hl_project_close (fixture.project);
  hl_test_wait (has_no_autosave, NULL, 20, "the end of the autosave of a closed project");
  hl_test_run_loop (0.2);
  g_assert_cmpuint (count_autosaves (""), ==, 0);
  fixture_clear (&fixture);
}

/* Damaged autosaves are no reason to stumble at the start. */
static void
test_damaged_autosave (void)
{
  g_autoptr (GFile) folder = g_file_new_build_filename (g_get_user_state_dir (), "hillock", "recovery", NULL);
  static const char *const texts[]
      = { "",
          "{",
          "[]",
          "{\"recovery\": 1}",
          "{\"recovery\": 9}",
          "{\"recovery\": 1, \"pid\": 0, \"started\": 0, \"host\": \"h\", \"id\": \"../../x\", \"title\": \"t\"}" };
  g_autoptr (GPtrArray) found = NULL;

  g_assert_true (hl_folder_make (folder, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *name = g_strdup_printf ("damaged-%u.json", i);
      g_autoptr (GFile) file = g_file_get_child (folder, name);

      g_assert_true (g_file_replace_contents (file, texts[i], strlen (texts[i]), NULL, FALSE, 0, NULL, NULL, NULL));
    }
  found = list_recoveries ();
  g_assert_cmpuint (found->len, ==, 0);
  hl_test_remove_tree (folder);
}

/* Runs made before the first save follow the project to its place. */
static void
test_unsaved_runs_move (void)
{
  Fixture fixture;
  g_autoptr (HlProject) project = hl_project_new (hl_template_new_state ("mlp"), "new");
  g_autoptr (GFile) old = hl_project_get_runs_folder (project), run = NULL, file = NULL, new = NULL, moved = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  run = g_file_get_child (old, "001");
  g_assert_true (hl_folder_make (run, NULL));
  file = g_file_get_child (fixture.folder, "new.hillock");
  g_assert_true (hl_test_save_project (project, file, FALSE, &error));
  new = hl_project_get_runs_folder (project);
  g_assert_false (g_file_equal (old, new));
  moved = g_file_get_child (new, "001");
  g_assert_true (g_file_query_exists (moved, NULL));
  g_assert_true (g_file_query_exists (run, NULL));   /* by the link that is left for a run in progress */
  hl_project_close (project);
  fixture_clear (&fixture);
}

int
main (int argc, char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "--crash"))
    {
      g_setenv ("XDG_STATE_HOME", argv[3], TRUE);
      return edit_and_crash (argv[2]);
    }
  if (argc == 3 && g_str_equal (argv[1], "--try-lock"))
    return try_lock (argv[2]);
  hl_test_init (&argc, &argv);
  g_test_add_func ("/project/save", test_save);
  g_test_add_func ("/project/edit-while-saving", test_edit_while_saving);
  g_test_add_func ("/project/changed-on-disk", test_changed_on_disk);
  g_test_add_func ("/project/two-windows", test_two_windows);
  g_test_add_func ("/project/stale-lock", test_stale_lock);
  g_test_add_func ("/project/lock-race", test_lock_race);
  g_test_add_func ("/project/read-only-folder", test_read_only_folder);
  g_test_add_func ("/project/full-disk", test_full_disk);
  g_test_add_func ("/project/symbolic-link", test_symbolic_link);
  g_test_add_func ("/project/recovery", test_recovery);
  g_test_add_func ("/project/autosave-goes", test_autosave_goes);
  g_test_add_func ("/project/damaged-autosave", test_damaged_autosave);
  g_test_add_func ("/project/unsaved-runs-move", test_unsaved_runs_move);
  return g_test_run ();
}
