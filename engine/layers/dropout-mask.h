/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How dropout's probability becomes numbers; kernels/dropout.cl and every reference use the same. */
#pragma once

#include <glib.h>
#include <math.h>

/* A random word below this drops its element. */
static inline guint32
hl_dropout_threshold (double p)
{
  return (guint32) MIN (floor (p * 4294967296.0), 4294967295.0);
}

static inline double
hl_dropout_scale (double p)
{
  return p < 1 ? 1 / (1 - p) : 0;
}
