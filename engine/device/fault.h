/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Builds with -Dfaults=true can make the Nth device call of this process fail (allocation, enqueue,
 * read, write, build, finish each count as one), for the torture test: HILLOCK_FAULT_AT=N or
 * hl_fault_set. In other builds hl_fault_hit is constant FALSE. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#ifdef HL_FAULTS
void     hl_fault_set       (guint64 nth);     /* 0: never; counting restarts */
void     hl_fault_set_lost  (guint64 nth);     /* that call and every later one: a device that went away */
guint64  hl_fault_get_count (void);            /* device calls since hl_fault_set */
gboolean hl_fault_hit       (void);            /* counts one call; TRUE when it must fail */
#else
static inline gboolean hl_fault_hit (void) { return FALSE; }
#endif

G_END_DECLS
