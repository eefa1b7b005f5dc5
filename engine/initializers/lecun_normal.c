/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * LeCun normal (LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998): variance 1 / fan_in. */

#include "engine/train/initialize.h"

#include <math.h>

static void
lecun_normal_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  hl_initialize_normal (key, 0, 1 / sqrt (hl_initialize_fan (spec->fan_in)), values, n);
}

const HlInitializerClass hl_lecun_normal_initializer = {
  .base = {
    .name = "lecun_normal",
    .title = N_("LeCun normal"),
    .summary = N_("Normal numbers with a variance of one over the number of inputs of a unit."),
    .help = N_("Normal with deviation 1 / √fan_in. Keeps the sums of a unit at the deviation of its inputs; "
               "suits tanh and SELU. LeCun et al., 1998."),
  },
  .fill = lecun_normal_fill,
};
