/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Numbers as text. Digits are grouped by narrow no-break spaces (U+202F). */

#include "config.h"

#include "ui/widgets/format.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#define THIN_SPACE "\xe2\x80\xaf"

char *
hl_format_count (guint64 n)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, n);
  gsize length = strlen (digits);
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < length; i++)
    {
      if (i && (length - i) % 3 == 0)
        g_string_append (text, THIN_SPACE);
      g_string_append_c (text, digits[i]);
    }
  return g_string_free (text, FALSE);
}

char *
hl_format_short (double n)
{
  static const char units[] = "MGTP";
  guint unit = 0;

  if (n < 10000)
    return hl_format_count ((guint64) llround (MAX (n, 0)));
  n /= 1e6;
  while (n >= 1000 && unit < sizeof units - 2)
    {
      n /= 1000;
      unit++;
    }
  return g_strdup_printf ("%.*f" THIN_SPACE "%c", n < 10 ? 2 : n < 100 ? 1 : 0, n, units[unit]);
}

char *
hl_format_bytes (guint64 bytes)
{
  static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
  double n = bytes / 1024.0;
  guint unit = 0;

  if (bytes < 1024)
    return g_strdup_printf ("%u" THIN_SPACE "B", (guint) bytes);
  while (n >= 1024 && unit < G_N_ELEMENTS (units) - 1)
    {
      n /= 1024;
      unit++;
    }
  return g_strdup_printf ("%.*f" THIN_SPACE "%s", n < 100 ? 1 : 0, n, units[unit]);
}

char *
hl_format_seconds (double seconds)
{
  guint64 s = seconds > 0 ? (guint64) llround (seconds) : 0;

  if (s >= 3600)
    return g_strdup_printf ("%u:%02u:%02u", (guint) (s / 3600), (guint) (s / 60 % 60), (guint) (s % 60));
  return g_strdup_printf ("%u:%02u", (guint) (s / 60), (guint) (s % 60));
}

char *
hl_format_percent (double share)
{
  return g_strdup_printf ("%.1f" THIN_SPACE "%%", 100 * share);
}
