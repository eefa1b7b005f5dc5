/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RMSprop (Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012; centred: Graves,
 * "Generating sequences with recurrent neural networks", 2013), as torch.optim.RMSprop. */

#include "engine/train/arena-step.h"

#include <math.h>

typedef struct
{
  double learning_rate, alpha, epsilon, momentum, weight_decay;
  gboolean centered;
} Rmsprop;

static const HlParam rmsprop_params[] = {
  HL_FLOAT (Rmsprop, learning_rate, N_("Learning rate"), HL_UNIT_NONE, 0, 1e12, 0.01,
            N_("About how far a weight moves in one step.")),
  HL_FLOAT (Rmsprop, alpha, N_("Alpha"), HL_UNIT_RATIO, 0, 0.999999, 0.99, N_("Memory of the size of the gradient.")),
  HL_FLOAT (Rmsprop, epsilon, N_("Epsilon"), HL_UNIT_NONE, 1e-20, 1, 1e-8, N_("Keeps the division away from 0.")),
  HL_FLOAT (Rmsprop, momentum, N_("Momentum"), HL_UNIT_RATIO, 0, 1, 0,
            N_("Share of the last step that is taken again.")),
  HL_FLOAT (Rmsprop, weight_decay, N_("Weight decay"), HL_UNIT_NONE, 0, 1e6, 0, N_("Pulls every weight towards 0.")),
  HL_BOOL (Rmsprop, centered, N_("Centered"), FALSE,
           N_("Divides by the spread of the gradient around its mean instead of by its size.")),
  HL_PARAM_END
};

static guint
rmsprop_slots (const void *params)
{
  const Rmsprop *rmsprop = params;

  return 1 + (rmsprop->centered ? 1 : 0) + (rmsprop->momentum != 0 ? 1 : 0);
}

/* The momentum comes last, so that there is one list with and one without the mean. */
static const char *const *
rmsprop_slot_names (const void *params)
{
  static const char *const names[] = { "square_avg", "grad_avg", "momentum_buffer", NULL };
  static const char *const plain_names[] = { "square_avg", "momentum_buffer", NULL };

  return ((const Rmsprop *) params)->centered ? names : plain_names;
}

static gboolean
rmsprop_prepare (HlOptimizerCall *call, GError **error)
{
  const Rmsprop *rmsprop = call->params;
  g_autofree char *defines = g_strdup_printf ("MOMENTUM=%d;CENTERED=%d", rmsprop->momentum != 0,
                                                rmsprop->centered ? 1 : 0);

  hl_arena_step_prepare (call, "rmsprop_step", defines);
  return TRUE;
}

static gboolean
rmsprop_step (const HlOptimizerCall *call, GError **error)
{
  const Rmsprop *rmsprop = call->params;
  /* The kernel does not touch a slot that is not in use; any tensor may stand there. */
  HlTensor *mean = rmsprop->centered ? call->slots[1] : call->slots[0];
  HlTensor *momentum = rmsprop->momentum != 0 ? call->slots[rmsprop->centered ? 2 : 1] : call->slots[0];

  return hl_kernel_run (call->kernel[0], hl_arena_step_n_items (call), error, HL_ARG_TENSOR (call->weights),
                        HL_ARG_TENSOR (call->gradients), HL_ARG_TENSOR (call->slots[0]), HL_ARG_TENSOR (mean),
                        HL_ARG_TENSOR (momentum), HL_ARG_FLOAT ((float) (rmsprop->learning_rate * call->rate_factor)),
                        HL_ARG_FLOAT ((float) rmsprop->weight_decay), HL_ARG_FLOAT ((float) rmsprop->alpha),
                        HL_ARG_FLOAT ((float) (1 - rmsprop->alpha)), HL_ARG_FLOAT ((float) rmsprop->epsilon),
                        HL_ARG_FLOAT ((float) rmsprop->momentum), HL_ARG_INT (hl_arena_step_n_vectors (call)));
}

static void
rmsprop_reference (const void *params, guint64 step, double rate_factor, gsize n, double *w, const double *g,
                   double *const *slots)
{
  const Rmsprop *rmsprop = params;
  double rate = rmsprop->learning_rate * rate_factor;

  for (gsize i = 0; i < n; i++)
    {
      double gradient = g[i] + rmsprop->weight_decay * w[i], *square = slots[0] + i, size;

      *square = rmsprop->alpha * *square + (1 - rmsprop->alpha) * gradient * gradient;
      size = *square;
      if (rmsprop->centered)
        {
          slots[1][i] += (1 - rmsprop->alpha) * (gradient - slots[1][i]);
          size = MAX (size - slots[1][i] * slots[1][i], 0);
        }
      gradient /= sqrt (size) + rmsprop->epsilon;
      if (rmsprop->momentum != 0)
        {
          double *buffer = slots[rmsprop->centered ? 2 : 1] + i;

          gradient = *buffer = rmsprop->momentum * *buffer + gradient;
        }
      w[i] -= rate * gradient;
    }
}

const HlOptimizerClass hl_rmsprop_optimizer = {
  .base = {
    .name = "rmsprop",
    .title = N_("RMSprop"),
    .summary = N_("Divides each weight's gradient by a running measure of its size."),
    .help = N_("s ← α · s + (1 − α) · g²; w ← w − rate · g / (√s + ε). Every weight moves at about the same speed "
               "however large its gradients are. Centred, the mean of g is taken off: √(s − ḡ²). (Tieleman and Hinton 2012.) "
               "PyTorch adds ε after the root and TensorFlow before it: the same ε does not mean the same there."),
    .params_size = sizeof (Rmsprop),
    .params = rmsprop_params,
  },
  .slots_per_weight = rmsprop_slots,
  .slot_names = rmsprop_slot_names,
  .prepare = rmsprop_prepare,
  .step = rmsprop_step,
  .reference = rmsprop_reference,
};
