/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PyTorch's default for convolution and linear layers, weights and biases alike: uniform within ±1 / sqrt (fan_in).
 * (Its source writes Kaiming uniform with a negative slope of sqrt (5), which is the same bound.) */

#include "engine/train/initialize.h"

#include <math.h>

static void
pytorch_default_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  double bound = 1 / sqrt (hl_initialize_fan (spec->fan_in));

  hl_initialize_uniform (key, -bound, bound, values, n);
}

const HlInitializerClass hl_pytorch_default_initializer = {
  .base = {
    .name = "pytorch_default",
    .title = N_("PyTorch's default"),
    .summary = N_("Uniform between plus and minus one over the root of the number of inputs of a unit."),
    .help = N_("U (−b, b) with b = 1 / √fan_in, for weights and biases. What torch.nn.Conv2d and torch.nn.Linear do "
               "unless told otherwise."),
  },
  .fill = pytorch_default_fill,
};
