/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Constant schedule: the learning rate stays as set. */

#include "engine/train/classes.h"

static double
constant_factor (const void *params, const HlScheduleState *state, const HlScheduleTime *time)
{
  return 1;
}

const HlScheduleClass hl_constant_schedule = {
  .base = {
    .name = "constant",
    .title = N_("Constant"),
    .summary = N_("The learning rate stays as it is set."),
  },
  .factor = constant_factor,
};
