/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Huber loss (Huber, 1964): squared near the target, absolute far from it, as torch.nn.HuberLoss. */

#include "engine/train/element-loss.h"

#include <math.h>

typedef struct
{
  int target;
  double on, off;
  double delta;
} Huber;

static const HlParam huber_params[] = {
  HL_ELEMENT_TARGET_PARAMS (Huber, -1e6, 1e6),
  HL_FLOAT (Huber, delta, N_("Delta"), HL_UNIT_NONE, 1e-6, 1e6, 1,
            N_("Errors up to this size are squared; larger ones count in proportion.")),
  HL_PARAM_END
};

static gboolean
huber_prepare (HlLossCall *call, GError **error)
{
  const Huber *self = call->params;
  char delta[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *value = NULL, *slope = NULL;

  g_ascii_formatd (delta, sizeof delta, "%.9e", self->delta);
  value = g_strdup_printf ("select (%sf * (fabs (v - t) - 0.5f * %sf), 0.5f * (v - t) * (v - t), fabs (v - t) <= (VEC) %sf)",
                           delta, delta, delta);
  slope = g_strdup_printf ("clamp (v - t, -%sf, %sf)", delta, delta);
  return hl_element_loss_prepare (call, value, slope);
}

static double
huber_value (const void *params, double v, double t)
{
  const Huber *self = params;
  double size = fabs (v - t);

  return size <= self->delta ? 0.5 * size * size : self->delta * (size - 0.5 * self->delta);
}

static double
huber_slope (const void *params, double v, double t)
{
  const Huber *self = params;

  return CLAMP (v - t, -self->delta, self->delta);
}

static double
huber_reference (const HlLossReference *call)
{
  return hl_element_loss_reference (call, huber_value, huber_slope);
}

const HlLossClass hl_huber_loss = {
  .base = {
    .name = "huber",
    .title = N_("Huber"),
    .summary = N_("Squared error where it is small, absolute error where it is large."),
    .help = N_("½ (output − target)² where the difference is at most delta, delta × (|output − target| − ½ delta) beyond (Huber, "
               "1964), averaged over outputs and batch. Outliers pull with a limited force, and near the target training "
               "comes to rest, unlike with the absolute error."),
    .params_size = sizeof (Huber),
    .params = huber_params,
  },
  .prepare = huber_prepare,
  .run = hl_element_loss_run,
  .reference = huber_reference,
  .check = hl_element_loss_check,
  .answer = hl_element_loss_answer,
  .target = hl_element_loss_target,
};
