/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Constant: one value everywhere; for biases. */

#include "engine/train/initialize.h"

typedef struct
{
  double value;
} Constant;

static const HlParam constant_params[] = {
  HL_FLOAT (Constant, value, N_("Value"), HL_UNIT_NONE, -1000, 1000, 0, NULL),
  HL_PARAM_END
};

static void
constant_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  const Constant *constant = params;

  for (gsize i = 0; i < n; i++)
    values[i] = (float) constant->value;
}

const HlInitializerClass hl_constant_initializer = {
  .base = {
    .name = "constant",
    .title = N_("Constant"),
    .summary = N_("The same number everywhere."),
    .help = N_("Good for biases. Weights that all start alike get the same gradient and stay alike: the units of "
               "the layer never become different from each other."),
    .params_size = sizeof (Constant),
    .params = constant_params,
  },
  .fill = constant_fill,
};
