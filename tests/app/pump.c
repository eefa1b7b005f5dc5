/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The event pump: nothing lost, nothing out of order, few dispatches, nothing after the end. */

#include "app/event-pump.h"
#include "tests/app/app-test.h"

#define N_EVENTS 200000

typedef struct
{
  HlEventPump *pump;
  guint n, n_dispatches, n_after_end;
  gint64 last_us, shortest_gap_us;
  gboolean ended, out_of_order;
} Drain;

static HlEvent *
numbered (guint i)
{
  return hl_event_new (HL_EVENT_STATE, i);
}

static gpointer
produce (gpointer data)
{
  for (guint i = 0; i < N_EVENTS; i++)
    hl_event_pump_push (data, numbered (i));
  return NULL;
}

/* Events of one dispatch arrive without a visit to the main loop in between; an idle source of highest priority cannot
 * tell, so the loop below counts iterations in which events came. */
static void
count_cb (HlEvent *event, gpointer data)
{
  Drain *drain = data;

  if (drain->ended)
    drain->n_after_end++;
  drain->out_of_order = drain->out_of_order || event->job != drain->n;
  drain->n++;
}

static void
test_none_lost (void)
{
  Drain drain = { .shortest_gap_us = G_MAXINT64 };
  GThread *thread;
  gint64 begin = g_get_monotonic_time ();

  drain.pump = hl_event_pump_new (NULL, count_cb, &drain);
  thread = g_thread_new ("producer", produce, drain.pump);
  while (drain.n < N_EVENTS)
    {
      guint before = drain.n;
      gint64 now;

      g_assert_cmpint (g_get_monotonic_time () - begin, <, 60 * G_USEC_PER_SEC);
      g_main_context_iteration (NULL, TRUE);
      now = g_get_monotonic_time ();
      if (drain.n == before)
        continue;
      /* A dispatch begins at least 16 ms after the last began; measured from the end of the last it is less, so only
       * the number counts. */
      drain.n_dispatches++;
      drain.last_us = now;
    }
  g_thread_join (thread);
  g_assert_false (drain.out_of_order);
  g_assert_cmpuint (drain.n, ==, N_EVENTS);
  g_test_message ("%u events in %u dispatches, %.0f ms", drain.n, drain.n_dispatches, (drain.last_us - begin) / 1e3);
  /* At most one each 16 ms and one at the beginning. */
  g_assert_cmpint (drain.n_dispatches, <=, (drain.last_us - begin) / 16000 + 2);
  drain.ended = TRUE;
  hl_event_pump_free (drain.pump);
}

static void
test_many_threads (void)
{
  Drain drain = { 0 };
  GThread *threads[4];
  gint64 begin = g_get_monotonic_time ();

  drain.pump = hl_event_pump_new (NULL, count_cb, &drain);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("producer", produce, drain.pump);
  while (drain.n < G_N_ELEMENTS (threads) * N_EVENTS)
    {
      g_assert_cmpint (g_get_monotonic_time () - begin, <, 60 * G_USEC_PER_SEC);
      g_main_context_iteration (NULL, TRUE);
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  drain.ended = TRUE;
  hl_event_pump_free (drain.pump);
}

static void
test_free_with_undelivered (void)
{
  Drain drain = { 0 };

  drain.pump = hl_event_pump_new (NULL, count_cb, &drain);
  for (guint i = 0; i < 100; i++)
    hl_event_pump_push (drain.pump, numbered (i));
  drain.ended = TRUE;
  hl_event_pump_free (drain.pump);
  hl_test_run_loop (0.05);
  g_assert_cmpuint (drain.n, ==, 0);
}

static void
free_at_ten_cb (HlEvent *event, gpointer data)
{
  Drain *drain = data;

  g_assert_false (drain->ended);
  if (++drain->n < 10)
    return;
  drain->ended = TRUE;
  hl_event_pump_free (drain->pump);
}

static void
test_free_inside (void)
{
  Drain drain = { 0 };

  drain.pump = hl_event_pump_new (NULL, free_at_ten_cb, &drain);
  for (guint i = 0; i < 100; i++)
    hl_event_pump_push (drain.pump, numbered (i));
  hl_test_run_loop (0.1);
  g_assert_cmpuint (drain.n, ==, 10);
}

static void
push_again_cb (HlEvent *event, gpointer data)
{
  Drain *drain = data;

  if (++drain->n < 5)
    hl_event_pump_push (drain->pump, numbered (drain->n));
}

static gboolean
has_five (gpointer data)
{
  return ((Drain *) data)->n == 5;
}

/* An event that brings about another one in the same thread: a wake-up must not be forgotten. */
static void
test_push_inside (void)
{
  Drain drain = { 0 };

  drain.pump = hl_event_pump_new (NULL, push_again_cb, &drain);
  hl_event_pump_push (drain.pump, numbered (0));
  hl_test_wait (has_five, &drain, 10, "five events that follow from each other");
  hl_event_pump_free (drain.pump);
}

int
main (int argc, char **argv)
{
  hl_test_init (&argc, &argv);
  g_test_add_func ("/pump/none-lost", test_none_lost);
  g_test_add_func ("/pump/many-threads", test_many_threads);
  g_test_add_func ("/pump/free-with-undelivered", test_free_with_undelivered);
  g_test_add_func ("/pump/free-inside", test_free_inside);
  g_test_add_func ("/pump/push-inside", test_push_inside);
  return g_test_run ();
}
