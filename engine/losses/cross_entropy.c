/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cross-entropy of the softmax of the network's outputs (logits), as torch.nn.CrossEntropyLoss. */

#include "engine/train/class-loss.h"

#include <math.h>

static gboolean
cross_entropy_prepare (HlLossCall *call, GError **error)
{
  return hl_class_loss_prepare (call, "cross_entropy");
}

static double
cross_entropy_reference (const void *params, guint batch, guint n, const double *y, const gint32 *targets, double *dy)
{
  double loss = 0;

  for (guint i = 0; i < batch; i++, y += n)
    {
      double largest = y[0], sum = 0;

      for (guint c = 1; c < n; c++)
        largest = MAX (largest, y[c]);
      for (guint c = 0; c < n; c++)
        sum += exp (y[c] - largest);
      loss += log (sum) + largest - y[targets[i]];
      for (guint c = 0; dy && c < n; c++)
        *dy++ = (exp (y[c] - largest) / sum - (c == (guint) targets[i])) / batch;
    }
  return loss / batch;
}

const HlLossClass hl_cross_entropy_loss = {
  .base = {
    .name = "cross_entropy",
    .title = N_("Cross-entropy"),
    .summary = N_("How surprised the network is by the right class."),
    .help = N_("−log of the probability that the softmax of the outputs gives the right class, averaged over the "
               "batch. Takes the outputs as they leave the last linear layer; guessing among n classes costs log n."),
  },
  .softmax_hint = N_("Cross-entropy applies softmax itself. With another softmax before it the network learns slowly "
                     "and its loss cannot come near 0: remove the softmax layer."),
  .prepare = cross_entropy_prepare,
  .run = hl_class_loss_run,
  .reference = cross_entropy_reference,
  .check = hl_class_loss_check,
};
