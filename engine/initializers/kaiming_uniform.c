/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kaiming uniform (He et al., "Delving deep into rectifiers", 2015), for layers followed by a ReLU. */

#include "engine/initializers/variance.h"

#include <math.h>

static void
kaiming_uniform_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  double bound = hl_kaiming_gain (params, spec) * sqrt (3 / hl_kaiming_fan (params, spec));

  hl_initialize_uniform (key, -bound, bound, values, n);
}

const HlInitializerClass hl_kaiming_uniform_initializer = {
  .base = {
    .name = "kaiming_uniform",
    .title = N_("Kaiming uniform"),
    .summary = N_("Uniform numbers whose variance suits a following ReLU."),
    .help = N_("U (−b, b), b = gain · √(3 / fan) with gain = √(2 / (1 + slope²)), or that of another activation. He "
               "et al., 2015. Gains are PyTorch's: linear 1, sigmoid 1, ReLU √2, leaky ReLU √(2 / (1 + slope²)), tanh "
               "5/3, SELU 3/4; 1 where it names none."),
    .params_size = sizeof (HlKaiming),
    .params = hl_kaiming_params,
  },
  .fill = kaiming_uniform_fill,
};
