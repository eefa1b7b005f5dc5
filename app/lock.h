/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlLock: "name.hillock.lock" beside a project keeps two windows, of one program or two, from saving over each other. A lock
 * whose process has gone is taken over. Any thread; blocks. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _HlLock HlLock;

/* NULL with *reason set: somebody else has it, a sentence says who. NULL without: no lock can be made there (a read-only folder). */
HlLock *hl_lock_acquire (GFile *project, char **reason) G_GNUC_WARN_UNUSED_RESULT;
void    hl_lock_release (HlLock *self);   /* frees */

G_END_DECLS
