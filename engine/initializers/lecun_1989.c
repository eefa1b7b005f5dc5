/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * LeCun 1989 (LeCun et al., "Backpropagation applied to handwritten zip code recognition", 1989): ±2.4 / √fan_in. */

#include "engine/train/initialize.h"

#include <math.h>

static void
lecun_1989_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  double bound = 2.4 / sqrt (hl_initialize_fan (spec->fan_in));

  hl_initialize_uniform (key, -bound, bound, values, n);
}

const HlInitializerClass hl_lecun_1989_initializer = {
  .base = {
    .name = "lecun_1989",
    .title = N_("LeCun 1989"),
    .summary = N_("Uniform numbers as the first convolutional network for digits began with."),
    .help = N_("U (−b, b), b = 2.4 / √fan_in. The paper's text divides by fan_in itself, but reproductions of its results "
               "take the root. The deviation is 1.39 times that of LeCun uniform. LeCun et al., 1989."),
  },
  .fill = lecun_1989_fill,
};
