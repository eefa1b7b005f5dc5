/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * History: going back and forth, merging, and knowing what is saved. */

#include "app/history.h"
#include "tests/app/app-test.h"

static guint n_alive;

static char *
value_new (const char *text)
{
  n_alive++;
  return g_strdup (text);
}

static void
value_free (gpointer value)
{
  n_alive--;
  g_free (value);
}

static HlHistory *
history_new (void)
{
  n_alive = 0;
  return hl_history_new (value_new ("a"), value_free);
}

static void
test_undo_redo (void)
{
  HlHistory *history = history_new ();

  g_assert_null (hl_history_undo (history));
  g_assert_null (hl_history_redo (history));
  g_assert_null (hl_history_get_undo_label (history));
  hl_history_push (history, "to b", NULL, value_new ("b"));
  hl_history_push (history, "to c", NULL, value_new ("c"));
  g_assert_cmpstr (hl_history_get (history), ==, "c");
  g_assert_cmpstr (hl_history_get_undo_label (history), ==, "to c");
  g_assert_cmpstr (hl_history_undo (history), ==, "b");
  g_assert_cmpstr (hl_history_get_redo_label (history), ==, "to c");
  g_assert_cmpstr (hl_history_undo (history), ==, "a");
  g_assert_null (hl_history_undo (history));
  g_assert_cmpstr (hl_history_get (history), ==, "a");
  g_assert_cmpstr (hl_history_redo (history), ==, "b");
  hl_history_push (history, "to d", NULL, value_new ("d"));
  g_assert_null (hl_history_redo (history));
  g_assert_cmpuint (n_alive, ==, 3);
  g_assert_cmpstr (hl_history_undo (history), ==, "b");
  hl_history_free (history);
  g_assert_cmpuint (n_alive, ==, 0);
}

static void
test_merge (void)
{
  HlHistory *history = history_new ();

  for (guint i = 0; i < 50; i++)
    hl_history_push (history, "drag", "size", value_new ("x"));
  hl_history_push (history, "drag", "size", value_new ("y"));
  g_assert_cmpuint (n_alive, ==, 2);
  g_assert_cmpstr (hl_history_undo (history), ==, "a");
  g_assert_cmpstr (hl_history_redo (history), ==, "y");
  /* After going back and forth a new drag is a new entry. */
  hl_history_push (history, "drag", "size", value_new ("z"));
  g_assert_cmpstr (hl_history_undo (history), ==, "y");
  g_assert_cmpstr (hl_history_redo (history), ==, "z");
  /* Another key, no key, the end of a gesture: each begins an entry. */
  hl_history_push (history, "drag", "other", value_new ("1"));
  hl_history_push (history, "edit", NULL, value_new ("2"));
  hl_history_push (history, "edit", NULL, value_new ("3"));
  hl_history_push (history, "drag", "size", value_new ("4"));
  hl_history_end_merge (history);
  hl_history_push (history, "drag", "size", value_new ("5"));
  g_assert_cmpstr (hl_history_undo (history), ==, "4");
  g_assert_cmpstr (hl_history_undo (history), ==, "3");
  g_assert_cmpstr (hl_history_undo (history), ==, "2");
  g_assert_cmpstr (hl_history_undo (history), ==, "1");
  g_assert_cmpstr (hl_history_undo (history), ==, "z");
  hl_history_free (history);
  g_assert_cmpuint (n_alive, ==, 0);
}

static void
test_merge_ends_with_time (void)
{
  HlHistory *history = history_new ();

  hl_history_push (history, "drag", "size", value_new ("b"));
  hl_test_run_loop (1.1);
  hl_history_push (history, "drag", "size", value_new ("c"));
  g_assert_cmpstr (hl_history_undo (history), ==, "b");
  hl_history_free (history);
}

static void
test_saved (void)
{
  HlHistory *history = history_new ();

  g_assert_true (hl_history_is_saved (history));
  hl_history_push (history, "drag", "size", value_new ("b"));
  g_assert_false (hl_history_is_saved (history));
  hl_history_mark_saved (history);
  g_assert_true (hl_history_is_saved (history));
  /* Merging replaces what was saved. */
  hl_history_push (history, "drag", "size", value_new ("c"));
  g_assert_false (hl_history_is_saved (history));
  hl_history_undo (history);
  g_assert_false (hl_history_is_saved (history));
  hl_history_mark_saved (history);
  hl_history_redo (history);
  g_assert_false (hl_history_is_saved (history));
  hl_history_undo (history);
  g_assert_true (hl_history_is_saved (history));
  hl_history_free (history);
}

int
main (int argc, char **argv)
{
  hl_test_init (&argc, &argv);
  g_test_add_func ("/history/undo-redo", test_undo_redo);
  g_test_add_func ("/history/merge", test_merge);
  g_test_add_func ("/history/merge-ends-with-time", test_merge_ends_with_time);
  g_test_add_func ("/history/saved", test_saved);
  return g_test_run ();
}
