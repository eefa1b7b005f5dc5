/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Gains and fans of the Kaiming and Xavier initializers. A gain is told by the layer class of the activation, so that an
 * activation says it in one place. */

#include "engine/initializers/variance.h"

#include <math.h>

/* The first is the class's own parameter, the last the activation that the plan found; between them are layers. */
static const char *const kaiming_nonlinearities[] = {
  "leaky_relu", "linear", "relu", "sigmoid", "tanh", "selu", N_("following"), NULL
};
static const char *const xavier_nonlinearities[] = {
  N_("given"), N_("linear"), "relu", "sigmoid", "tanh", "selu", N_("following"), NULL
};

enum { OWN, FOLLOWING = G_N_ELEMENTS (kaiming_nonlinearities) - 2 };

G_STATIC_ASSERT (G_N_ELEMENTS (kaiming_nonlinearities) == G_N_ELEMENTS (xavier_nonlinearities));

static const char *const kaiming_modes[] = { "fan_in", "fan_out", NULL };

const HlParam hl_kaiming_params[] = {
  HL_CHOICE (HlKaiming, mode, N_("Keep"), kaiming_modes, 2, 0,
             N_("fan_in keeps the variance of the values going forward, fan_out that of the gradients going back.")),
  HL_FLOAT (HlKaiming, negative_slope, N_("Negative slope"), HL_UNIT_NONE, 0, 100, 0,
            N_("Slope of the leaky ReLU that follows; 0 for a ReLU.")),
  HL_CHOICE (HlKaiming, nonlinearity, N_("Activation"), kaiming_nonlinearities, FOLLOWING + 1, OWN,
             N_("Whose gain the numbers get: leaky ReLU with the slope above, a named one, or the one that follows the layer.")),
  HL_PARAM_END
};

const HlParam hl_xavier_params[] = {
  HL_FLOAT (HlXavier, gain, N_("Gain"), HL_UNIT_NONE, 0, 1000, 1, N_("Multiplies every value; 5/3 suits tanh.")),
  HL_CHOICE (HlXavier, nonlinearity, N_("Activation"), xavier_nonlinearities, FOLLOWING + 1, OWN,
             N_("Whose gain the numbers get: the one given above, that of a named activation, or of the one that follows the layer.")),
  HL_PARAM_END
};

static double
find_gain (const char *layer)
{
  const HlLayerClass *klass = hl_layer_class_find (layer);
  g_autofree void *params = hl_class_new_params (&klass->base);

  return klass->gain ? klass->gain (params) : 1;
}

double
hl_kaiming_gain (const HlKaiming *self, const HlWeightSpec *spec)
{
  if (self->nonlinearity == FOLLOWING)
    return spec->gain;
  if (self->nonlinearity != OWN)
    return find_gain (kaiming_nonlinearities[self->nonlinearity]);
  return sqrt (2 / (1 + self->negative_slope * self->negative_slope));
}

double
hl_xavier_gain (const HlXavier *self, const HlWeightSpec *spec)
{
  if (self->nonlinearity == FOLLOWING)
    return spec->gain;
  return self->nonlinearity == OWN ? self->gain : find_gain (xavier_nonlinearities[self->nonlinearity]);
}

double
hl_kaiming_fan (const HlKaiming *self, const HlWeightSpec *spec)
{
  return hl_initialize_fan (self->mode == 0 ? spec->fan_in : spec->fan_out);
}

double
hl_xavier_fans (const HlWeightSpec *spec)
{
  return hl_initialize_fan (spec->fan_in) + hl_initialize_fan (spec->fan_out);
}
