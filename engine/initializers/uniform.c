/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Uniform: numbers evenly distributed between two bounds. */

#include "engine/train/initialize.h"

typedef struct
{
  double low, high;
} Uniform;

static const HlParam uniform_params[] = {
  HL_FLOAT (Uniform, low, N_("Lowest"), HL_UNIT_NONE, -1000, 1000, -0.05, NULL),
  HL_FLOAT (Uniform, high, N_("Highest"), HL_UNIT_NONE, -1000, 1000, 0.05, NULL),
  HL_PARAM_END
};

static void
uniform_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  const Uniform *uniform = params;

  hl_initialize_uniform (key, uniform->low, uniform->high, values, n);
}

const HlInitializerClass hl_uniform_initializer = {
  .base = {
    .name = "uniform",
    .title = N_("Uniform"),
    .summary = N_("Numbers evenly distributed between two bounds."),
    .help = N_("Takes no notice of the size of the layer: large layers then start with large sums."),
    .params_size = sizeof (Uniform),
    .params = uniform_params,
  },
  .fill = uniform_fill,
};
