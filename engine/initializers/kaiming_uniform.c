/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kaiming uniform (He et al., "Delving deep into rectifiers", 2015), for layers followed by a ReLU. */

#include "engine/train/initialize.h"

#include <math.h>

typedef struct
{
  int mode;
  double negative_slope;
} Kaiming;

static const char *const kaiming_modes[] = { "fan_in", "fan_out", NULL };

static const HlParam kaiming_params[] = {
  HL_CHOICE (Kaiming, mode, N_("Keep"), kaiming_modes, 2, 0,
             N_("fan_in keeps the variance of the values going forward, fan_out that of the gradients going back.")),
  HL_FLOAT (Kaiming, negative_slope, N_("Negative slope"), HL_UNIT_NONE, 0, 100, 0,
            N_("Slope of the leaky ReLU that follows; 0 for a ReLU.")),
  HL_PARAM_END
};

static void
kaiming_uniform_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  const Kaiming *kaiming = params;
  double fan = hl_initialize_fan (kaiming->mode == 0 ? spec->fan_in : spec->fan_out);
  double gain = sqrt (2 / (1 + kaiming->negative_slope * kaiming->negative_slope));
  double bound = gain * sqrt (3 / fan);

  hl_initialize_uniform (key, -bound, bound, values, n);
}

const HlInitializerClass hl_kaiming_uniform_initializer = {
  .base = {
    .name = "kaiming_uniform",
    .title = N_("Kaiming uniform"),
    .summary = N_("Uniform numbers whose variance suits a following ReLU."),
    .help = N_("U (−b, b), b = gain · √(3 / fan) with gain = √(2 / (1 + slope²)). He et al., 2015."),
    .params_size = sizeof (Kaiming),
    .params = kaiming_params,
  },
  .fill = kaiming_uniform_fill,
};
