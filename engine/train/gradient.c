/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Penalties and clipping, as a PyTorch programmer writes them: the penalty is part of the loss, then
 * torch.nn.utils.clip_grad_value_, then torch.nn.utils.clip_grad_norm_, then the optimizer. */

#include "engine/train/gradient.h"

#include <math.h>

/* PyTorch's, so that a norm of 0 divides nothing. */
#define NORM_EPSILON 1e-6
/* Vectors an item goes through: few sums of items are left to add up. */
#define CHUNK 64

static const HlParam gradient_params[] = {
  HL_FLOAT (HlGradientParams, l1, N_("L1 penalty"), HL_UNIT_NONE, 0, 1e6, 0,
            N_("Adds this times the sum of all |w| to the loss: small weights become 0. 0: off.")),
  HL_FLOAT (HlGradientParams, l2, N_("L2 penalty"), HL_UNIT_NONE, 0, 1e6, 0,
            N_("Adds half of this times the sum of all w² to the loss: large weights shrink. 0: off.")),
  HL_FLOAT (HlGradientParams, clip_value, N_("Clip each to"), HL_UNIT_NONE, 0, 1e12, 0,
            N_("No number of the gradient may be larger than this, up or down. 0: off.")),
  HL_FLOAT (HlGradientParams, clip_norm, N_("Clip norm to"), HL_UNIT_NONE, 0, 1e12, 0,
            N_("A gradient that is longer than this, all weights together, is shortened to it. 0: off.")),
  HL_PARAM_END
};

const HlClass hl_gradient_class = {
  .name = "gradient",
  .title = N_("Penalty and clipping"),
  .summary = N_("What is done to the gradients before the optimizer sees them."),
  .help = N_("The penalties make the loss loss + l1 · Σ|w| + l2 / 2 · Σw² over all weights that are trained, biases as "
             "well; so g ← g + l1 · sign (w) + l2 · w. The loss that is shown is without them. Then each number is clipped: "
             "g ← min (max (g, −v), v); then the whole: g ← g · min (1, n / (‖g‖ + 10⁻⁶)), ‖g‖ being the root of the sum "
             "of the squares of all gradients together. With SGD the L2 penalty is the same as its weight decay; with "
             "Adam it is not AdamW's."),
  .params_size = sizeof (HlGradientParams),
  .params = gradient_params,
};

const HlClass *const *
hl_gradient_classes (void)
{
  static const HlClass *const classes[] = { &hl_gradient_class, NULL };

  return classes;
}

enum { CHANGE, NORM, SCALE, N_KERNELS };

struct _HlGradientStep
{
  const HlGradientParams *params;
  HlTensor *weights, *gradients;
  HlTensor *partial;       /* sum of squares of each item; zeros up to a whole vector */
  HlTensor *coefficient;   /* what gradients are multiplied by */
  HlKernel *kernel[N_KERNELS];
  guint n_vectors, n_items, n_partials;
};

gboolean
hl_gradient_is_off (const HlGradientParams *params)
{
  return params->l1 == 0 && params->l2 == 0 && params->clip_value == 0 && params->clip_norm == 0;
}

static void
add_kernels (HlGradientStep *self, HlKernelSet *kernels)
{
  gboolean norm = self->params->clip_norm > 0;
  gboolean change = self->params->l1 != 0 || self->params->l2 != 0 || self->params->clip_value != 0;
  g_autofree char *defines = g_strdup_printf ("CHUNK=%d;CHANGE=%d;NORM=%d", CHUNK, change, norm);
  g_autofree char *scale = g_strdup_printf ("CHUNK=%d", CHUNK);

  self->kernel[CHANGE] = hl_kernel_set_add (kernels, "gradient", "gradient_change", defines);
  if (!norm)
    return;
  self->kernel[NORM] = hl_kernel_set_add (kernels, "gradient", "gradient_norm", "");
  self->kernel[SCALE] = hl_kernel_set_add (kernels, "gradient", "gradient_scale", scale);
}

HlGradientStep *
hl_gradient_step_new (HlKernelSet *kernels, const HlGradientParams *params, HlTensor *weights, HlTensor *gradients,
                      gsize n, GError **error)
{
  g_autoptr (HlGradientStep) self = g_new0 (HlGradientStep, 1);
  HlDevice *device = hl_kernel_set_get_device (kernels);
  guint lanes = hl_device_get_info (device)->lanes;

  self->params = params;
  self->weights = hl_tensor_ref (weights);
  self->gradients = hl_tensor_ref (gradients);
  self->n_vectors = (guint) ((n + lanes - 1) / lanes);
  self->n_items = (self->n_vectors + CHUNK - 1) / CHUNK;
  self->n_partials = (self->n_items + lanes - 1) / lanes;
  self->partial = hl_tensor_new (device, HL_DTYPE_F32, (gsize) self->n_partials * lanes, error);
  self->coefficient = self->partial ? hl_tensor_new (device, HL_DTYPE_F32, lanes, error) : NULL;
  if (!self->coefficient)
    return NULL;
  add_kernels (self, kernels);
  return g_steal_pointer (&self);
}

void
hl_gradient_step_free (HlGradientStep *self)
{
  if (!self)
    return;
  g_clear_pointer (&self->weights, hl_tensor_unref);
  g_clear_pointer (&self->gradients, hl_tensor_unref);
  g_clear_pointer (&self->partial, hl_tensor_unref);
  g_clear_pointer (&self->coefficient, hl_tensor_unref);
  g_free (self);
}

gboolean
hl_gradient_step_run (HlGradientStep *self, GError **error)
{
  const HlGradientParams *params = self->params;
  float limit = params->clip_value > 0 ? (float) params->clip_value : INFINITY;

  if (!hl_kernel_run (self->kernel[CHANGE], self->n_items, error, HL_ARG_TENSOR (self->weights),
                      HL_ARG_TENSOR (self->gradients), HL_ARG_TENSOR (self->partial), HL_ARG_FLOAT ((float) params->l1),
                      HL_ARG_FLOAT ((float) params->l2), HL_ARG_FLOAT (limit), HL_ARG_INT ((int) self->n_vectors)))
    return FALSE;
  return !self->kernel[NORM]
         || (hl_kernel_run (self->kernel[NORM], 1, error, HL_ARG_TENSOR (self->partial), HL_ARG_TENSOR (self->coefficient),
                            HL_ARG_FLOAT ((float) params->clip_norm), HL_ARG_FLOAT ((float) NORM_EPSILON),
                            HL_ARG_INT ((int) self->n_partials))
             && hl_kernel_run (self->kernel[SCALE], self->n_items, error, HL_ARG_TENSOR (self->gradients),
                               HL_ARG_TENSOR (self->coefficient), HL_ARG_INT ((int) self->n_vectors)));
}

void
hl_gradient_reference (const HlGradientParams *params, gsize n, const double *w, double *g)
{
  double squares = 0, factor;

  for (gsize i = 0; i < n; i++)
    {
      g[i] += params->l1 * ((w[i] > 0) - (w[i] < 0)) + params->l2 * w[i];
      if (params->clip_value > 0)
        g[i] = CLAMP (g[i], -params->clip_value, params->clip_value);
      squares += g[i] * g[i];
    }
  factor = params->clip_norm > 0 ? params->clip_norm / (sqrt (squares) + NORM_EPSILON) : 1;
  for (gsize i = 0; factor < 1 && i < n; i++)
    g[i] *= factor;
}
