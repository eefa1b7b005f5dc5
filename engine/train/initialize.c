/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Random runs for initializers. Word k of element i is word i % 4 of index i / 4, as HL_PURPOSE_INIT promises. */

#include "engine/train/initialize.h"

#include <math.h>

/* The middle of the word's interval: never 0 and never 1, so that its logarithm exists. */
static double
unit (guint32 word)
{
  return (word + 0.5) / 4294967296.0;
}

void
hl_initialize_uniform (const HlRandomKey *key, double low, double high, float *values, gsize n)
{
  guint32 words[4];

  for (gsize i = 0; i < n; i++)
    {
      if (i % 4 == 0)
        hl_random_words (key, i / 4, words);
      values[i] = (float) (low + (high - low) * unit (words[i % 4]));
    }
}

void
hl_initialize_normal (const HlRandomKey *key, double mean, double deviation, float *values, gsize n)
{
  guint32 words[4];

  for (gsize i = 0; i < n; i++)
    {
      double radius, angle;

      if (i % 4 == 0)
        hl_random_words (key, i / 4, words);
      radius = sqrt (-2 * log (unit (words[i % 4 / 2 * 2])));
      angle = 2 * G_PI * unit (words[i % 4 / 2 * 2 + 1]);
      values[i] = (float) (mean + deviation * radius * (i % 2 ? sin (angle) : cos (angle)));
    }
}

double
hl_initialize_fan (guint64 fan)
{
  return fan > 0 ? (double) fan : 1.0;
}
