/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * LeCun uniform (LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998): variance 1 / fan_in. */

#include "engine/train/initialize.h"

#include <math.h>

static void
lecun_uniform_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  double bound = sqrt (3 / hl_initialize_fan (spec->fan_in));

  hl_initialize_uniform (key, -bound, bound, values, n);
}

const HlInitializerClass hl_lecun_uniform_initializer = {
  .base = {
    .name = "lecun_uniform",
    .title = N_("LeCun uniform"),
    .summary = N_("Uniform numbers with a variance of one over the number of inputs of a unit."),
    .help = N_("U (−b, b), b = √(3 / fan_in). Keeps the sums of a unit at the deviation of its inputs; suits tanh and "
               "SELU. LeCun et al., 1998."),
  },
  .fill = lecun_uniform_fill,
};
