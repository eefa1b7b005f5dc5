/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What initializers share: runs of random numbers drawn from the counter-based stream, so that a weight's start
 * value depends on (seed, number of the weight, element) and on nothing else. Any thread. */
#pragma once

#include "engine/train/classes.h"

G_BEGIN_DECLS

/* Values evenly distributed between low and high. */
void hl_initialize_uniform (const HlRandomKey *key, double low, double high, float *values, gsize n);
/* Normally distributed values; Box-Muller on pairs of words. */
void hl_initialize_normal  (const HlRandomKey *key, double mean, double deviation, float *values, gsize n);
/* fan_in as a divisor: never below 1. */
double hl_initialize_fan   (guint64 fan);

G_END_DECLS
