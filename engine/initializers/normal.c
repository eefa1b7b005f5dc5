/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Normal: normally distributed numbers of a given mean and deviation. */

#include "engine/train/initialize.h"

typedef struct
{
  double mean, deviation;
} Normal;

static const HlParam normal_params[] = {
  HL_FLOAT (Normal, mean, N_("Mean"), HL_UNIT_NONE, -1000, 1000, 0, NULL),
  HL_FLOAT (Normal, deviation, N_("Deviation"), HL_UNIT_NONE, 0, 1000, 0.01, N_("Standard deviation around the mean.")),
  HL_PARAM_END
};

static void
normal_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  const Normal *normal = params;

  hl_initialize_normal (key, normal->mean, normal->deviation, values, n);
}

const HlInitializerClass hl_normal_initializer = {
  .base = {
    .name = "normal",
    .title = N_("Normal"),
    .summary = N_("Normally distributed numbers of a fixed mean and deviation."),
    .help = N_("Takes no notice of the size of the layer: large layers then start with large sums."),
    .params_size = sizeof (Normal),
    .params = normal_params,
  },
  .fill = normal_fill,
};
