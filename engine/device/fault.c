/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Counting device calls, and failing one of them, for the torture test. */

#include "engine/device/fault.h"

#ifdef HL_FAULTS

/* The one piece of changing global state in the engine: it exists in test builds only and stands for the driver,
 * which is global to the process too. -1: the environment has not been read. */
static gint64 fault_at = -1;
static guint64 fault_count;
static gboolean fault_lasts;
G_LOCK_DEFINE_STATIC (fault);

static void
set_fault (guint64 nth, gboolean lasts)
{
  G_LOCK (fault);
  fault_at = (gint64) nth;
  fault_count = 0;
  fault_lasts = lasts;
  G_UNLOCK (fault);
}

void
hl_fault_set (guint64 nth)
{
  set_fault (nth, FALSE);
}

void
hl_fault_set_lost (guint64 nth)
{
  set_fault (nth, TRUE);
}

guint64
hl_fault_get_count (void)
{
  guint64 count;

  G_LOCK (fault);
  count = fault_count;
  G_UNLOCK (fault);
  return count;
}

gboolean
hl_fault_hit (void)
{
  gboolean hit;

  G_LOCK (fault);
  if (fault_at < 0)
    {
      const char *text = g_getenv ("HILLOCK_FAULT_AT");

      fault_at = text ? (gint64) (g_ascii_strtoull (text, NULL, 10) & G_MAXINT64) : 0;
    }
  fault_count++;
  hit = fault_at > 0 && (fault_lasts ? fault_count >= (guint64) fault_at : fault_count == (guint64) fault_at);
  G_UNLOCK (fault);
  return hit;
}

#endif
