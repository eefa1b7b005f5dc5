/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Numbers and times as people read them. */

#include "config.h"

#include <math.h>

#include "app/cli/cli.h"

char *
hl_cli_format_count (guint64 n)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, n);
  const char *space = g_get_charset (NULL) ? "\u202f" : " ";
  GString *text = g_string_new (NULL);
  gsize length = strlen (digits);

  for (gsize i = 0; i < length; i++)
    {
      if (i > 0 && (length - i) % 3 == 0)
        g_string_append (text, space);
      g_string_append_c (text, digits[i]);
    }
  return g_string_free (text, FALSE);
}

char *
hl_cli_format_time (double seconds)
{
  guint64 total = seconds > 0 && isfinite (seconds) ? (guint64) llround (seconds) : 0;
  guint hours = total / 3600, minutes = total / 60 % 60, rest = total % 60;

  return hours ? g_strdup_printf ("%u:%02u:%02u", hours, minutes, rest) : g_strdup_printf ("%u:%02u", minutes, rest);
}
