/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which process of which computer: how locks and autosaves name their owner, and whether that owner still lives. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 pid;
  guint64 started;    /* ticks since boot: a process that got the same number later has another; 0 where unknown */
  char *host;
} HlProcess;

HlProcess *hl_process_new_own  (void) G_GNUC_WARN_UNUSED_RESULT;
void       hl_process_free     (HlProcess *self);
gboolean   hl_process_is_own   (const HlProcess *self);
gboolean   hl_process_is_local (const HlProcess *self);   /* of this computer */
/* Of another computer nobody can tell: then TRUE. */
gboolean   hl_process_is_alive (const HlProcess *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlProcess, hl_process_free)

G_END_DECLS
