/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compiled kernel programs on disk: $HILLOCK_KERNEL_CACHE (a folder, or "off"), else hillock/kernels in the user's
 * cache folder. Nothing here fails: what cannot be read, is damaged or cannot be written is simply not cached, and
 * the program is compiled again. Any thread. */
#pragma once

#include "engine/device/device.h"

G_BEGIN_DECLS

/* Names the program: a hash of everything that decides what the compiler makes of it. */
char   *hl_program_cache_key   (const HlDeviceInfo *info, const char *options, const char *source) G_GNUC_WARN_UNUSED_RESULT;

GBytes *hl_program_cache_load  (const char *key) G_GNUC_WARN_UNUSED_RESULT;   /* NULL when there is none */
void    hl_program_cache_store (const char *key, GBytes *binary);             /* atomic; drops the oldest beyond a limit */
void    hl_program_cache_drop  (const char *key);                             /* the driver refused it */

G_END_DECLS
