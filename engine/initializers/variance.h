/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the Kaiming and Xavier initializers share: parameters, gain and fan. Uniform and normal numbers differ in their
 * distribution only. Any thread. */
#pragma once

#include "engine/train/initialize.h"

G_BEGIN_DECLS

typedef struct
{
  int mode;
  double negative_slope;
  int nonlinearity;
} HlKaiming;

typedef struct
{
  double gain;
  int nonlinearity;
} HlXavier;

extern const HlParam hl_kaiming_params[];
extern const HlParam hl_xavier_params[];

/* What the standard deviation is multiplied with: PyTorch's torch.nn.init.calculate_gain. */
double hl_kaiming_gain (const HlKaiming *self, const HlWeightSpec *spec);
double hl_xavier_gain  (const HlXavier *self, const HlWeightSpec *spec);
/* The number of inputs or outputs, as chosen. */
double hl_kaiming_fan  (const HlKaiming *self, const HlWeightSpec *spec);
/* Inputs and outputs together. */
double hl_xavier_fans  (const HlWeightSpec *spec);

G_END_DECLS
