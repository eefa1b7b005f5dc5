/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cross-entropy of the softmax of the network's outputs (logits), as torch.nn.CrossEntropyLoss. */

#include "engine/train/class-loss.h"

#include <math.h>

typedef struct
{
  double label_smoothing;
  int class_weights;         /* HlClassWeights */
} CrossEntropy;

static const char *const weights_names[] = { N_("equal"), N_("balanced"), N_("listed"), NULL };

static const HlParam cross_entropy_params[] = {
  HL_FLOAT (CrossEntropy, label_smoothing, N_("Label smoothing"), HL_UNIT_RATIO, 0, 1, 0,
            N_("Share of the target that is spread over all classes; 0.1 is usual, 0 is none.")),
  HL_CHOICE (CrossEntropy, class_weights, N_("Class weights"), weights_names, 3, HL_CLASS_WEIGHTS_EQUAL,
             N_("Balanced: rare classes count more, so that all classes weigh the same; listed: the recipe's list.")),
  HL_PARAM_END
};

static gboolean
cross_entropy_prepare (HlLossCall *call, GError **error)
{
  const CrossEntropy *self = call->params;
  char smoothing[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *defines = NULL;

  /* Without smoothing the kernel needs one sum less. */
  if (self->label_smoothing > 0)
    defines = g_strdup_printf ("SMOOTHING=%sf;",
                               g_ascii_formatd (smoothing, sizeof smoothing, "%.9e", self->label_smoothing));
  return hl_class_loss_prepare (call, "cross_entropy", defines);
}

/* What class c should get: its share, times its weight. */
static double
wanted_share (const HlLossReference *call, guint c, guint target)
{
  const CrossEntropy *self = call->params;
  double share = self->label_smoothing / call->n + (c == target ? 1 - self->label_smoothing : 0);

  return share * (call->class_weights ? call->class_weights[c] : 1);
}

static double
cross_entropy_reference (const HlLossReference *call)
{
  double loss = 0, weight_sum = 0;

  for (guint i = 0; i < call->batch; i++)
    weight_sum += call->class_weights ? call->class_weights[call->targets[i]] : 1;
  for (guint i = 0; i < call->batch; i++)
    {
      const double *y = call->y + (gsize) i * call->n;
      double largest = y[0], sum = 0, shares = 0;

      for (guint c = 1; c < call->n; c++)
        largest = MAX (largest, y[c]);
      for (guint c = 0; c < call->n; c++)
        sum += exp (y[c] - largest);
      for (guint c = 0; c < call->n; c++)
        {
          double share = wanted_share (call, c, (guint) call->targets[i]);

          shares += share;
          loss += share * (log (sum) + largest - y[c]);
        }
      for (guint c = 0; call->dy && c < call->n; c++)
        call->dy[(gsize) i * call->n + c] = weight_sum > 0 ? (shares * exp (y[c] - largest) / sum
                                                              - wanted_share (call, c, (guint) call->targets[i])) / weight_sum
                                                           : 0;
    }
  return weight_sum > 0 ? loss / weight_sum : 0;
}

static HlClassWeights
cross_entropy_class_weights (const void *params)
{
  return ((const CrossEntropy *) params)->class_weights;
}

const HlLossClass hl_cross_entropy_loss = {
  .base = {
    .name = "cross_entropy",
    .title = N_("Cross-entropy"),
    .summary = N_("How surprised the network is by the right class."),
    .help = N_("−log of the probability that the softmax of the outputs gives the right class, averaged over the "
               "batch. Takes the outputs as they leave the last linear layer; guessing among n classes costs log n.\n\n"
               "Label smoothing (Szegedy et al., 2016) asks for a little less than certainty: the right class should get "
               "1 − s + s / n, each other one s / n. The loss then cannot come near 0. With class weights each sample "
               "counts with the weight of its class, and the mean is divided by the sum of these weights; balanced means "
               "n / (number of classes × n of the class), from the training part."),
    .params_size = sizeof (CrossEntropy),
    .params = cross_entropy_params,
  },
  .softmax_hint = N_("Cross-entropy applies softmax itself. With another softmax before it the network learns slowly "
                     "and its loss cannot come near 0: remove the softmax layer."),
  .prepare = cross_entropy_prepare,
  .run = hl_class_loss_run,
  .reference = cross_entropy_reference,
  .check = hl_class_loss_check,
  .answer = hl_class_loss_answer,
  .class_weights = cross_entropy_class_weights,
};
