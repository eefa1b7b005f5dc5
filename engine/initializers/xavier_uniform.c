/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Xavier uniform (Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
 * 2010), for layers followed by tanh or a sigmoid. */

#include "engine/train/initialize.h"

#include <math.h>

typedef struct
{
  double gain;
} Xavier;

static const HlParam xavier_params[] = {
  HL_FLOAT (Xavier, gain, N_("Gain"), HL_UNIT_NONE, 0, 1000, 1, N_("Multiplies every value; 5/3 suits tanh.")),
  HL_PARAM_END
};

static void
xavier_uniform_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  const Xavier *xavier = params;
  double fans = hl_initialize_fan (spec->fan_in) + hl_initialize_fan (spec->fan_out);
  double bound = xavier->gain * sqrt (6 / fans);

  hl_initialize_uniform (key, -bound, bound, values, n);
}

const HlInitializerClass hl_xavier_uniform_initializer = {
  .base = {
    .name = "xavier_uniform",
    .title = N_("Xavier uniform"),
    .summary = N_("Uniform numbers that keep the variance both of values and of gradients."),
    .help = N_("U (−b, b), b = gain · √(6 / (fan_in + fan_out)). Glorot and Bengio, 2010."),
    .params_size = sizeof (Xavier),
    .params = xavier_params,
  },
  .fill = xavier_uniform_fill,
};
