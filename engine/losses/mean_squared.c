/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Mean squared error between the outputs and 1 for the right class, 0 for the others, as torch.nn.MSELoss on one-hot
 * targets. */

#include "engine/train/class-loss.h"

static gboolean
mean_squared_prepare (HlLossCall *call, GError **error)
{
  return hl_class_loss_prepare (call, "mean_squared");
}

static double
mean_squared_reference (const void *params, guint batch, guint n, const double *y, const gint32 *targets, double *dy)
{
  double loss = 0;

  for (guint i = 0; i < batch; i++)
    for (guint c = 0; c < n; c++)
      {
        double difference = y[i * n + c] - (c == (guint) targets[i]);

        loss += difference * difference;
        if (dy)
          dy[i * n + c] = 2 * difference / n / batch;
      }
  return loss / n / batch;
}

const HlLossClass hl_mean_squared_loss = {
  .base = {
    .name = "mean_squared",
    .title = N_("Mean squared error"),
    .summary = N_("How far the outputs are from 1 for the right class and 0 for the others."),
    .help = N_("Mean of (output − target)² over outputs and batch. The classic choice of the 1980s; with sigmoid "
               "outputs it learns slowly where they are wrong with certainty, which cross-entropy does not."),
  },
  .prepare = mean_squared_prepare,
  .run = hl_class_loss_run,
  .reference = mean_squared_reference,
  .check = hl_class_loss_check,
};
