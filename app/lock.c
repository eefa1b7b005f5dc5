/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lock files. The file is read and written under flock(), so that two processes finding the same stale lock cannot both
 * take it. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/lock.h"

#include <inttypes.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/process.h"

struct _HlLock
{
  char *path;
  char *content;
};

/* Opens and flocks the lock file; a file that was deleted meanwhile is not the lock any more. */
static int
open_locked (const char *path, int flags)
{
  for (;;)
    {
      struct stat mine, there;
      int fd = open (path, flags | O_CLOEXEC | O_NOFOLLOW, 0666);

      if (fd < 0)
        return -1;
      if (flock (fd, LOCK_EX) == 0 && fstat (fd, &mine) == 0 && stat (path, &there) == 0 && mine.st_ino == there.st_ino
          && mine.st_dev == there.st_dev)
        return fd;
      close (fd);
      if (!(flags & O_CREAT))
        return -1;
    }
}

static char *
read_content (int fd)
{
  char buffer[1024];
  gssize n = pread (fd, buffer, sizeof buffer - 1, 0);

  return g_strndup (buffer, MAX (n, 0));
}

/* "pid start token\nhost\n" */
static HlProcess *
parse_owner (const char *content)
{
  g_auto (GStrv) lines = g_strsplit (content, "\n", 3), words = NULL;
  HlProcess *owner;

  if (g_strv_length (lines) < 3)
    return NULL;
  words = g_strsplit (lines[0], " ", 3);
  if (g_strv_length (words) < 3)
    return NULL;
  owner = g_new0 (HlProcess, 1);
  owner->pid = g_ascii_strtoll (words[0], NULL, 10);
  owner->started = g_ascii_strtoull (words[1], NULL, 10);
  owner->host = g_strdup (lines[1]);
  return owner;
}

static char *
describe_owner (const HlProcess *owner, const char *path)
{
  g_autofree char *name = g_filename_display_name (path);

  if (hl_process_is_own (owner))
    return g_strdup (
        _("Another window of this program has the project open. Save it there, or save this one under another name."));
  if (hl_process_is_local (owner))
    return g_strdup_printf (_("Another Hillock (process %" PRId64
                               ") has the project open. Close it there, or save under "
                               "another name."),
                            owner->pid);
  return g_strdup_printf (
      _("Hillock on the computer “%s” has the project open. Close it there, or save under another name; should "
         "that computer have crashed, delete “%s”."),
      owner->host, name);
}

static char *
new_content (void)
{
  g_autoptr (HlProcess) own = hl_process_new_own ();
  g_autofree char *token = g_uuid_string_random ();

  return g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %s\n%s\n", own->pid, own->started, token,
                          own->host);
}

HlLock *
hl_lock_acquire (GFile *project, char **reason)
{
  g_autofree char *project_path = g_file_get_path (project);
  g_autofree char *path = project_path ? g_strconcat (project_path, ".lock", NULL) : NULL;
  g_autofree char *old = NULL, *content = NULL;
  g_autoptr (HlProcess) owner = NULL;
  HlLock *self = NULL;
  int fd;

  *reason = NULL;
  fd = path ? open_locked (path, O_RDWR | O_CREAT) : -1;
  if (fd < 0)
    return NULL;
  old = read_content (fd);
  owner = parse_owner (old);
  if (owner && hl_process_is_alive (owner))
    *reason = describe_owner (owner, path);
  else
    {
      gssize length;

      content = new_content ();
      length = strlen (content);
      if (ftruncate (fd, 0) == 0 && pwrite (fd, content, length, 0) == length)
        {
          self = g_new0 (HlLock, 1);
          self->path = g_steal_pointer (&path);
          self->content = g_steal_pointer (&content);
        }
    }
  close (fd);
  return self;
}

void
hl_lock_release (HlLock *self)
{
  int fd;

  if (!self)
    return;
  fd = open_locked (self->path, O_RDWR);
  if (fd >= 0)
    {
      g_autofree char *content = read_content (fd);

      /* It may have been deleted by hand and made anew by somebody else. */
      if (g_str_equal (content, self->content))
        unlink (self->path);
      close (fd);
    }
  g_free (self->path);
  g_free (self->content);
  g_free (self);
}
