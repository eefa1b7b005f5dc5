/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Losses that compare every output with a target of its own. */

#include "engine/train/element-loss.h"

#include <inttypes.h>

#include "engine/train/class-loss.h"

const char *const hl_element_target_names[] = { N_("class"), N_("input"), NULL };

HlLossTarget
hl_element_loss_target (const void *params)
{
  return ((const HlElementTarget *) params)->target;
}

gboolean
hl_element_loss_prepare (HlLossCall *call, const char *value, const char *slope)
{
  const HlElementTarget *target = call->params;
  char on[G_ASCII_DTOSTR_BUF_SIZE], off[G_ASCII_DTOSTR_BUF_SIZE];
  g_autoptr (GString) defines = g_string_new (NULL);

  g_string_append_printf (defines, "N=%" G_GUINT64_FORMAT ";CAPACITY_BLOCKS=%u;VALUE=%s;SLOPE=%s;ON=%sf;OFF=%sf;INPUT=%d;",
                          hl_shape_get_count (&call->y->shape), call->capacity / call->lanes, value, slope,
                          g_ascii_formatd (on, sizeof on, "%.9e", target->on),
                          g_ascii_formatd (off, sizeof off, "%.9e", target->off), target->target == HL_LOSS_TARGET_INPUT);
  hl_value_append_defines (call->y, "Y", defines);
  if (target->target == HL_LOSS_TARGET_INPUT)
    hl_value_append_defines (call->x, "X", defines);
  call->kernel[0] = hl_kernel_set_add (call->kernels, "loss", "element_loss", defines->str);
  call->kernel[1] = NULL;
  if (call->dy)
    {
      hl_value_append_defines (call->dy, "DY", defines);
      g_string_append (defines, "GRADIENT=1");
      call->kernel[1] = hl_kernel_set_add (call->kernels, "loss", "element_loss", defines->str);
    }
  return TRUE;
}

gboolean
hl_element_loss_run (const HlLossCall *call, GError **error)
{
  /* The kernel takes an input in any case; where classes are the target it does not read it. */
  HlTensor *x = call->x ? call->x->tensor : call->y->tensor;

  if (call->dy == NULL)
    return hl_kernel_run (call->kernel[0], call->n_blocks, error, HL_ARG_TENSOR (call->y->tensor), HL_ARG_TENSOR (x),
                          HL_ARG_TENSOR (call->targets), HL_ARG_TENSOR (call->per_sample));
  return hl_kernel_run (call->kernel[1], call->n_blocks, error, HL_ARG_TENSOR (call->y->tensor), HL_ARG_TENSOR (x),
                        HL_ARG_TENSOR (call->targets), HL_ARG_TENSOR (call->per_sample),
                        HL_ARG_TENSOR (call->dy->tensor), HL_ARG_FLOAT (1.0f / (float) call->batch));
}

double
hl_element_loss_reference (const HlLossReference *call, double (*value) (const void *params, double v, double t),
                           double (*slope) (const void *params, double v, double t))
{
  const HlElementTarget *target = call->params;
  double loss = 0;

  for (guint i = 0; i < call->batch; i++)
    for (guint k = 0; k < call->n; k++)
      {
        gsize at = (gsize) i * call->n + k;
        double t = target->target == HL_LOSS_TARGET_INPUT    ? call->x[at]
                   : k == (guint) call->targets[i] ? target->on
                                                   : target->off;

        loss += value (call->params, call->y[at], t);
        if (call->dy)
          call->dy[at] = slope (call->params, call->y[at], t) / call->n / call->batch;
      }
  return loss / call->n / call->batch;
}

gboolean
hl_element_loss_check (const HlLossCheck *check, GError **error)
{
  const HlElementTarget *target = check->params;
  guint64 n_outputs = hl_shape_get_count (check->output), n_inputs = hl_shape_get_count (check->input);
  g_autofree char *output = hl_shape_to_string (check->output), *input = hl_shape_to_string (check->input);

  if (target->target == HL_LOSS_TARGET_INPUT)
    {
      if (n_outputs == n_inputs)
        return TRUE;
      g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                   _("The loss compares the output with the input, but the output has the shape %s, %" PRIu64
                     " numbers, and the input %s, %" PRIu64 "; let the network end with as many outputs as it "
                     "has inputs, or choose the class as target."), output, n_outputs, input, n_inputs);
      return FALSE;
    }
  if (target->on <= target->off)
    {
      g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                   _("The output of the right class should be %g and those of the others %g, but the largest output is "
                     "taken for the answer: choose a larger number for the right class."), target->on, target->off);
      return FALSE;
    }
  if (n_outputs == n_inputs && n_outputs != check->n_classes)
    {
      g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                   _("The network's output has the shape %s, as many numbers as its input %s, but the loss compares it with "
                     "the %u classes; choose the input as the loss's target."), output, input, check->n_classes);
      return FALSE;
    }
  return hl_class_loss_check (check, error);
}

void
hl_element_loss_answer (const void *params, const float *y, gsize n, float *answer)
{
  const HlElementTarget *target = params;

  for (gsize i = 0; i < n; i++)
    answer[i] = (float) CLAMP ((y[i] - target->off) / (target->on - target->off), 0, 1);
}
