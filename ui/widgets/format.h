/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Numbers as people read them: thin spaces between thousands, units, times as "0:42". Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *hl_format_count   (guint64 n) G_GNUC_WARN_UNUSED_RESULT;         /* "61 706" */
char *hl_format_short   (double n) G_GNUC_WARN_UNUSED_RESULT;          /* "850", "0.42 M", "1.3 G" */
char *hl_format_bytes   (guint64 bytes) G_GNUC_WARN_UNUSED_RESULT;     /* "7.3 MiB" */
char *hl_format_seconds (double seconds) G_GNUC_WARN_UNUSED_RESULT;    /* "0:42", "1:02:03" */
char *hl_format_percent (double share) G_GNUC_WARN_UNUSED_RESULT;      /* 0.875 → "87.5 %" */

G_END_DECLS
