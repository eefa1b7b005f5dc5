/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reduce on plateau: the learning rate drops when the loss of the validation part stops falling, as
 * torch.optim.lr_scheduler.ReduceLROnPlateau. */

#include "engine/train/classes.h"

typedef struct
{
  double factor;
  int patience;
  double threshold;
  int cooldown;
  double min_factor;
} Plateau;

static const HlParam plateau_params[] = {
  HL_FLOAT (Plateau, factor, N_("Factor"), HL_UNIT_RATIO, 0, 1, 0.1, N_("Factor on the rate at each drop.")),
  HL_INT (Plateau, patience, N_("Patience"), HL_UNIT_NONE, 0, 1000000, 10,
          N_("So many epochs without improvement are borne; after one more the rate drops.")),
  HL_FLOAT (Plateau, threshold, N_("Threshold"), HL_UNIT_RATIO, 0, 1, 0.0001,
            N_("A loss counts as better when it is below the best one by this share of it.")),
  HL_INT (Plateau, cooldown, N_("Cooldown"), HL_UNIT_NONE, 0, 1000000, 0,
          N_("For so many epochs after a drop nothing counts as lack of improvement.")),
  HL_FLOAT (Plateau, min_factor, N_("Lowest factor"), HL_UNIT_RATIO, 0, 1, 0,
            N_("The rate does not fall below this share of it.")),
  HL_PARAM_END
};

static double
plateau_factor (const void *params, const HlScheduleState *state, const HlScheduleTime *time)
{
  return state->factor;
}

static void
plateau_observe (const void *params, HlScheduleState *state, double loss)
{
  const Plateau *plateau = params;

  if (loss < state->best * (1 - plateau->threshold))
    {
      state->best = loss;
      state->n_bad = 0;
    }
  else
    state->n_bad++;
  if (state->n_wait > 0)
    {
      state->n_wait--;
      state->n_bad = 0;
    }
  if (state->n_bad > (guint64) plateau->patience)
    {
      /* A rate that is below the lowest already does not rise to it. */
      state->factor = MIN (state->factor, MAX (state->factor * plateau->factor, plateau->min_factor));
      state->n_wait = (guint64) plateau->cooldown;
      state->n_bad = 0;
    }
}

const HlScheduleClass hl_plateau_schedule = {
  .base = {
    .name = "plateau",
    .title = N_("Reduce on plateau"),
    .summary = N_("Multiplies the learning rate by a factor when the validation loss has stopped falling."),
    .help = N_("The loss of the validation part is looked at after each epoch (without such a part, the "
               "training loss). As PyTorch’s ReduceLROnPlateau with mode “min” and a relative threshold; its "
               "min_lr is a rate, here it is a share of the rate. How the rate will go cannot be drawn "
               "beforehand."),
    .params_size = sizeof (Plateau),
    .params = plateau_params,
  },
  .factor = plateau_factor,
  .observe = plateau_observe,
};
