/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Xavier normal (Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
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
xavier_normal_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  const Xavier *xavier = params;
  double fans = hl_initialize_fan (spec->fan_in) + hl_initialize_fan (spec->fan_out);

  hl_initialize_normal (key, 0, xavier->gain * sqrt (2 / fans), values, n);
}

const HlInitializerClass hl_xavier_normal_initializer = {
  .base = {
    .name = "xavier_normal",
    .title = N_("Xavier normal"),
    .summary = N_("Normal numbers that keep the variance both of values and of gradients."),
    .help = N_("Normal with deviation gain · √(2 / (fan_in + fan_out)). Glorot and Bengio, 2010."),
    .params_size = sizeof (Xavier),
    .params = xavier_params,
  },
  .fill = xavier_normal_fill,
};
