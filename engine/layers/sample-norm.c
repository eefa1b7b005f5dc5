/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Normalisation within a sample. */

#include "engine/layers/sample-norm.h"

#include <math.h>

enum { FORWARD, BACKWARD, WEIGHTS };

/* ---- Planning ---- */

gboolean
hl_sample_norm_plan (const HlSampleNorm *self, const HlPlanOptions *options, const HlShape *input, const HlShape *weight,
                     HlLayerPlan *plan, GError **error)
{
  guint64 capacity = (options->batch + options->lanes - 1) / options->lanes * options->lanes;
  HlWeightSpec spec = { .shape = *weight };

  plan->output = *input;
  plan->needs_y = FALSE;
  plan->multiply_adds = 2 * hl_shape_get_count (input);
  plan->saved_bytes[0] = 2 * capacity * self->n_sets * sizeof (float);
  if (!self->affine)
    return TRUE;
  spec.fan_in = spec.fan_out = hl_shape_get_count (weight);
  spec.name = "weight";
  spec.constant = 1;
  plan->weights[plan->n_weights++] = spec;
  spec.name = "bias";
  spec.constant = 0;
  plan->weights[plan->n_weights++] = spec;
  return TRUE;
}

/* ---- Running ---- */

gboolean
hl_sample_norm_prepare (const HlSampleNorm *self, HlLayerCall *call, GError **error)
{
  g_autoptr (GString) defines = g_string_new (NULL);
  char eps[G_ASCII_DTOSTR_BUF_SIZE];

  call->state = g_memdup2 (self, sizeof *self);
  g_string_printf (defines, "SETS=%u;SET_ROWS=%u;PER_ELEMENT=%d;AFFINE=%d;EPS=%sf;", (guint) self->n_sets,
                   (guint) (self->set_size / hl_shape_columns (&call->x[0]->shape)), self->per_element, self->affine,
                   g_ascii_formatd (eps, sizeof eps, "%.9e", self->eps));
  hl_value_append_defines (call->x[0], "X", defines);
  hl_value_append_defines (call->y, "Y", defines);
  call->kernel[FORWARD] = hl_kernel_set_add (call->kernels, "sample_norm", "sample_norm_forward", defines->str);
  if (!call->training || !call->dy)
    return TRUE;
  hl_value_append_defines (call->dy, "DY", defines);
  if (self->affine)
    call->kernel[WEIGHTS] = hl_kernel_set_add (call->kernels, "sample_norm", "sample_norm_weights", defines->str);
  if (!call->dx[0])
    return TRUE;
  hl_value_append_defines (call->dx[0], "DX", defines);
  g_string_append_printf (defines, "ADD=%d", call->accumulate[0] ? 1 : 0);
  call->kernel[BACKWARD] = hl_kernel_set_add (call->kernels, "sample_norm", "sample_norm_backward", defines->str);
  return TRUE;
}

gboolean
hl_sample_norm_forward (const HlLayerCall *call, GError **error)
{
  const HlSampleNorm *self = call->state;
  HlTensor *x = call->x[0]->tensor, *weight = self->affine ? call->w[0] : x, *bias = self->affine ? call->w[1] : x;
  HlTensor *saved = call->saved[0] ? call->saved[0] : call->y->tensor;

  return hl_kernel_run (call->kernel[FORWARD], call->n_blocks * self->n_sets, error, HL_ARG_TENSOR (x), HL_ARG_TENSOR (weight),
                        HL_ARG_TENSOR (bias), HL_ARG_TENSOR (call->y->tensor), HL_ARG_TENSOR (saved),
                        HL_ARG_INT (call->saved[0] != NULL));
}

gboolean
hl_sample_norm_backward (const HlLayerCall *call, GError **error)
{
  const HlSampleNorm *self = call->state;
  HlTensor *x = call->x[0]->tensor, *dy = call->dy->tensor, *saved = call->saved[0];

  if (self->affine && call->dw[0] && call->dw[1]
      && !hl_kernel_run (call->kernel[WEIGHTS], hl_shape_get_count (&call->plan->weights[0].shape), error, HL_ARG_TENSOR (x),
                         HL_ARG_TENSOR (dy), HL_ARG_TENSOR (saved), HL_ARG_TENSOR (call->dw[0]), HL_ARG_TENSOR (call->dw[1]),
                         HL_ARG_UINT (call->n_blocks)))
    return FALSE;
  return !call->dx[0]
         || hl_kernel_run (call->kernel[BACKWARD], call->n_blocks * self->n_sets, error, HL_ARG_TENSOR (x), HL_ARG_TENSOR (dy),
                           HL_ARG_TENSOR (self->affine ? call->w[0] : x), HL_ARG_TENSOR (saved),
                           HL_ARG_TENSOR (call->dx[0]->tensor));
}

/* ---- Reference ---- */

static void
reference_set (const HlSampleNorm *self, const HlLayerReference *call, guint sample, guint64 set)
{
  gsize first = (sample * self->n_sets + set) * self->set_size, n = self->set_size;
  guint64 pixels = hl_shape_get_count (&call->x_shape[0]) / hl_shape_channels (&call->x_shape[0]);
  const double *x = call->x[0] + first;
  double mean = 0, variance = 0, scale, sum = 0, sum_xn = 0;

  for (gsize i = 0; i < n; i++)
    mean += x[i] / n;
  for (gsize i = 0; i < n; i++)
    variance += (x[i] - mean) * (x[i] - mean) / n;
  scale = 1 / sqrt (variance + self->eps);
  for (gsize i = 0; i < n; i++)
    {
      gsize at = self->per_element ? i : (set * n + i) / pixels;
      double xn = (x[i] - mean) * scale, weight = self->affine ? call->w[0][at] : 1, dy = call->dy ? call->dy[first + i] : 0;

      call->y[first + i] = xn * weight + (self->affine ? call->w[1][at] : 0);
      sum += dy * weight;
      sum_xn += dy * weight * xn;
      if (call->dy && self->affine && call->dw[0])
        call->dw[0][at] += dy * xn;
      if (call->dy && self->affine && call->dw[1])
        call->dw[1][at] += dy;
    }
  for (gsize i = 0; call->dy && call->dx[0] && i < n; i++)
    {
      double weight = self->affine ? call->w[0][self->per_element ? i : (set * n + i) / pixels] : 1;

      call->dx[0][first + i] += scale * (call->dy[first + i] * weight - sum / n - (x[i] - mean) * scale * sum_xn / n);
    }
}

void
hl_sample_norm_reference (const HlSampleNorm *self, const HlLayerReference *call)
{
  for (guint sample = 0; sample < call->batch; sample++)
    for (guint64 set = 0; set < self->n_sets; set++)
      reference_set (self, call, sample, set);
}

void
hl_sample_norm_add_constants (guint n, HlOpList *ops)
{
  g_autofree float *values = g_new0 (float, n);

  hl_op_list_add_floats (ops, "zeros", n, values);
  for (guint i = 0; i < n; i++)
    values[i] = 1;
  hl_op_list_add_floats (ops, "ones", n, values);
}
