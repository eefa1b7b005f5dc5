/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Xavier normal (Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
 * 2010), for layers followed by tanh or a sigmoid. */

#include "engine/initializers/variance.h"

#include <math.h>

static void
xavier_normal_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  double deviation = hl_xavier_gain (params, spec) * sqrt (2 / hl_xavier_fans (spec));

  hl_initialize_normal (key, 0, deviation, values, n);
}

const HlInitializerClass hl_xavier_normal_initializer = {
  .base = {
    .name = "xavier_normal",
    .title = N_("Xavier normal"),
    .summary = N_("Normal numbers that keep the variance both of values and of gradients."),
    .help = N_("Normal with deviation gain · √(2 / (fan_in + fan_out)). Glorot and Bengio, 2010. Gains are PyTorch's: "
               "linear 1, sigmoid 1, ReLU √2, leaky ReLU √(2 / (1 + slope²)), tanh 5/3, SELU 3/4; 1 where it names "
               "none."),
    .params_size = sizeof (HlXavier),
    .params = hl_xavier_params,
  },
  .fill = xavier_normal_fill,
};
