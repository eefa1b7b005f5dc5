/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Process identities from /proc. */

#include "app/process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Field 22 of /proc/PID/stat; the second field is a name in parentheses that may hold spaces. */
static guint64
read_start (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/stat", pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;
  const char *rest;

  if (!g_file_get_contents (path, &text, NULL, NULL) || !(rest = strrchr (text, ')')))
    return 0;
  fields = g_strsplit (rest + 1, " ", -1);
  return g_strv_length (fields) > 20 ? g_ascii_strtoull (fields[20], NULL, 10) : 0;
}

HlProcess *
hl_process_new_own (void)
{
  HlProcess *self = g_new0 (HlProcess, 1);

  self->pid = getpid ();
  self->started = read_start (self->pid);
  self->host = g_strdup (g_get_host_name ());
  return self;
}

void
hl_process_free (HlProcess *self)
{
  if (!self)
    return;
  g_free (self->host);
  g_free (self);
}

gboolean
hl_process_is_local (const HlProcess *self)
{
  return g_strcmp0 (self->host, g_get_host_name ()) == 0;
}

gboolean
hl_process_is_own (const HlProcess *self)
{
  return self->pid == getpid () && hl_process_is_local (self) && self->started == read_start (self->pid);
}

gboolean
hl_process_is_alive (const HlProcess *self)
{
  if (!hl_process_is_local (self))
    return TRUE;
  if (self->pid <= 0 || self->pid > G_MAXINT || (kill (self->pid, 0) < 0 && errno == ESRCH))
    return FALSE;
  return self->started == 0 || self->started == read_start (self->pid);
}
