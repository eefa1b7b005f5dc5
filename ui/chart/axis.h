/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlAxis: a range of numbers along one edge of a chart: where a value lies, where ticks go and how they read. Pure values; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HL_AXIS_MAX_TICKS 32

typedef struct
{
  double low, high;    /* low < high; both > 0 when log */
  gboolean log;
} HlAxis;

typedef enum { HL_AXIS_NUMBER, HL_AXIS_PERCENT /* 0.875 reads 87.5 % */, HL_AXIS_COUNT /* 61 200 */ } HlAxisFormat;

typedef struct
{
  double value;
  char text[24];
} HlTick;

/* An axis holding both numbers with a little air, for any input: equal, swapped, not finite; log needs no positive input either, it then
 * shows six decades below high. */
void   hl_axis_init      (HlAxis *self, double low, double high, gboolean log);
/* 0 at low, 1 at high, beyond outside; a value that log cannot show lies at -1e6. */
double hl_axis_position  (const HlAxis *self, double value);
double hl_axis_value     (const HlAxis *self, double position);
/* Ticks at 1, 2 or 5 times a power of ten (log: decades, with 2 and 5 where there is room); at least two where the range allows. Returns how many. */
guint  hl_axis_get_ticks (const HlAxis *self, HlAxisFormat format, guint wanted, HlTick ticks[HL_AXIS_MAX_TICKS]);
/* One number as a person reads it: three significant digits, thin spaces between thousands. Returns buffer. */
char  *hl_axis_format    (double value, HlAxisFormat format, char *buffer, gsize size);

G_END_DECLS
