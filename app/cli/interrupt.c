/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ctrl-C: the first asks the command to stop where it can, the second leaves at once. */

#include "config.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#include "app/cli/cli.h"

/* What a signal handler may touch: it finds nothing but globals. */
static volatile sig_atomic_t n_interrupts;
static int wake[2] = { -1, -1 };

static void
interrupted_cb (int signal_number)
{
  int kept = errno;

  if (n_interrupts++ || write (wake[1], "", 1) < 0)
    _exit (HL_CLI_INTERRUPTED);
  errno = kept;
}

/* A handler may not cancel, a thread may. */
static gpointer
cancel_thread (gpointer cancellable)
{
  char byte;

  while (read (wake[0], &byte, 1) < 0 && errno == EINTR)
    ;
  g_cancellable_cancel (cancellable);
  g_object_unref (cancellable);
  return NULL;
}

GCancellable *
hl_cli_watch_interrupts (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  if (!g_unix_open_pipe (wake, FD_CLOEXEC, NULL))
    return g_steal_pointer (&cancellable);
  g_thread_unref (g_thread_new ("interrupts", cancel_thread, g_object_ref (cancellable)));
  signal (SIGINT, interrupted_cb);
  signal (SIGTERM, interrupted_cb);
  return g_steal_pointer (&cancellable);
}

gboolean
hl_cli_interrupted (void)
{
  return n_interrupts > 0;
}
