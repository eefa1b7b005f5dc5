/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ranges, ticks and number formats of charts. */

#include "config.h"

#include "ui/chart/axis.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#define THIN_SPACE "\xe2\x80\xaf"   /* narrow no-break space */
#define LOG_DECADES 6

void
hl_axis_init (HlAxis *self, double low, double high, gboolean log)
{
  if (!isfinite (low) && !isfinite (high))
    {
      low = log ? 0.1 : 0;
      high = 1;
    }
  else if (!isfinite (low))
    low = high;
  else if (!isfinite (high))
    high = low;
  if (low > high)
    {
      double swap = low;

      low = high;
      high = swap;
    }
  self->log = log;
  if (log)
    {
      if (high <= 0)
        high = 1;
      if (low <= 0)
        low = high * pow (10, -LOG_DECADES);
      if (low >= high * 0.999999)
        {
          low /= 3;
          high *= 3;
        }
    }
  else if (high - low <= 1e-9 * MAX (fabs (low), fabs (high)) || high - low < 1e-300)
    {
      double half = low != 0 ? fabs (low) / 2 : 0.5;

      low -= half;
      high += half;
    }
  self->low = low;
  self->high = high;
}

double
hl_axis_position (const HlAxis *self, double value)
{
  if (self->log)
    return value > 0 ? log (value / self->low) / log (self->high / self->low) : -1e6;
  return (value - self->low) / (self->high - self->low);
}

double
hl_axis_value (const HlAxis *self, double position)
{
  if (self->log)
    return self->low * pow (self->high / self->low, position);
  return self->low + position * (self->high - self->low);
}

/* 61200 → 61 200; text has room. */
static void
group_thousands (char *text, gsize size)
{
  char *dot = strpbrk (text, ".,");   /* the decimal sign of the locale */
  char *digits = text + (*text == '-');
  gsize whole = dot != NULL ? (gsize) (dot - digits) : strlen (digits);
  g_autoptr(GString) grouped = NULL;

  if (whole < 4 || strchr (text, 'e') != NULL)
    return;
  grouped = g_string_new_len (text, digits - text);
  for (gsize i = 0; i < whole; i++)
    {
      if (i > 0 && (whole - i) % 3 == 0)
        g_string_append (grouped, THIN_SPACE);
      g_string_append_c (grouped, digits[i]);
    }
  g_string_append (grouped, digits + whole);
  g_strlcpy (text, grouped->str, size);
}

static char *
format_decimals (double value, HlAxisFormat format, int decimals, char *buffer, gsize size)
{
  if (format == HL_AXIS_PERCENT)
    {
      g_snprintf (buffer, size, "%.*f" THIN_SPACE "%%", MAX (0, decimals - 2), fabs (value) < 1e-9 ? 0.0 : value * 100);
      return buffer;
    }
  if (value != 0 && (fabs (value) < 1e-4 || fabs (value) >= 1e9))
    g_snprintf (buffer, size, "%.3g", value);
  else
    g_snprintf (buffer, size, "%.*f", CLAMP (decimals, 0, 9), fabs (value) < 1e-12 ? 0.0 : value);
  group_thousands (buffer, size);
  return buffer;
}

char *
hl_axis_format (double value, HlAxisFormat format, char *buffer, gsize size)
{
  int decimals;

  if (!isfinite (value))
    {
      g_strlcpy (buffer, isnan (value) ? _("not a number") : _("infinite"), size);
      return buffer;
    }
  if (format == HL_AXIS_PERCENT)
    return format_decimals (value, format, 3, buffer, size);
  if (format == HL_AXIS_COUNT)
    return format_decimals (value, format, 0, buffer, size);
  decimals = value != 0 ? 2 - (int) floor (log10 (fabs (value))) : 0;
  return format_decimals (value, format, CLAMP (decimals, 0, 6), buffer, size);
}

static guint
get_log_ticks (const HlAxis *self, HlAxisFormat format, guint wanted, HlTick *ticks)
{
  static const double steps[] = { 1, 2, 5 };
  int first = (int) floor (log10 (self->low)), last = (int) ceil (log10 (self->high));
  guint every = MAX (1u, (guint) (last - first) / MAX (wanted, 2u));
  double decades = log10 (self->high / self->low);
  guint n = 0;

  for (int decade = first; decade <= last; decade += every)
    for (guint i = 0; i < (decades * 3 <= wanted + 2 && every == 1 ? 3 : 1); i++)
      {
        double value = steps[i] * pow (10, decade);

        if (value < self->low * (1 - 1e-9) || value > self->high * (1 + 1e-9) || n == HL_AXIS_MAX_TICKS)
          continue;
        ticks[n].value = value;
        format_decimals (value, format, MAX (0, -decade), ticks[n].text, sizeof ticks[n].text);
        n++;
      }
  return n;
}

static guint
get_linear_ticks (const HlAxis *self, HlAxisFormat format, guint wanted, HlTick *ticks)
{
  double raw = (self->high - self->low) / MAX (wanted, 1u);
  double power = pow (10, floor (log10 (raw)));
  double rest = raw / power;
  /* The nearest of the three: a few ticks more than wanted are better than half as many. */
  double step = power * (rest < 1.5 ? 1 : rest < 3.5 ? 2 : rest < 7.5 ? 5 : 10);
  guint n = 0;
  int decimals;

  if (format == HL_AXIS_COUNT)
    step = MAX (step, 1);
  decimals = MAX (0, -(int) floor (log10 (step) + 1e-9));
  for (double i = ceil (self->low / step - 1e-6); i * step <= self->high + step * 1e-6 && n < HL_AXIS_MAX_TICKS; i++)
    {
      ticks[n].value = i * step;
      format_decimals (ticks[n].value, format, decimals, ticks[n].text, sizeof ticks[n].text);
      n++;
    }
  return n;
}

guint
hl_axis_get_ticks (const HlAxis *self, HlAxisFormat format, guint wanted, HlTick ticks[HL_AXIS_MAX_TICKS])
{
  guint n = 0;

  wanted = CLAMP (wanted, 1, HL_AXIS_MAX_TICKS / 2);
  if (self->log)
    n = get_log_ticks (self, format, wanted, ticks);
  /* A log axis over less than a decade may hold no power of ten: then ordinary round numbers read better. */
  if (n < 2)
    n = get_linear_ticks (self, format, wanted, ticks);
  return n;
}
