/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Losses of one class label per sample: what cross-entropy and the hinge loss have in common, and how a loss tells what
 * it compares with. */

#include "engine/train/class-loss.h"

#include <math.h>
#include <string.h>

HlLossTarget
hl_loss_get_target (const HlChoice *loss)
{
  const HlLossClass *klass = (const HlLossClass *) loss->klass;

  return klass->target ? klass->target (loss->params) : HL_LOSS_TARGET_CLASS;
}

HlClassWeights
hl_loss_get_class_weights (const HlChoice *loss)
{
  const HlLossClass *klass = (const HlLossClass *) loss->klass;

  return klass->class_weights ? klass->class_weights (loss->params) : HL_CLASS_WEIGHTS_EQUAL;
}

void
hl_loss_get_answer (const HlChoice *loss, const HlPlanStep *output, const float *y, gsize n, float *answer)
{
  if (g_str_equal (output->klass->base.name, "softmax"))
    memcpy (answer, y, n * sizeof (float));
  else
    ((const HlLossClass *) loss->klass)->answer (loss->params, y, n, answer);
}

void
hl_class_loss_answer (const void *params, const float *y, gsize n, float *answer)
{
  double largest = -G_MAXDOUBLE, sum = 0;

  for (gsize i = 0; i < n; i++)
    largest = MAX (largest, y[i]);
  for (gsize i = 0; i < n; i++)
    sum += exp (y[i] - largest);
  for (gsize i = 0; i < n; i++)
    answer[i] = (float) (exp (y[i] - largest) / sum);
}

gboolean
hl_class_loss_prepare (HlLossCall *call, const char *name, const char *extra)
{
  g_autoptr (GString) defines = g_string_new (extra);

  g_string_append_printf (defines, "N=%" G_GUINT64_FORMAT ";CAPACITY_BLOCKS=%u;WEIGHTED=%d;",
                          hl_shape_get_count (&call->y->shape), call->capacity / call->lanes, call->class_weights != NULL);
  hl_value_append_defines (call->y, "Y", defines);
  call->kernel[0] = hl_kernel_set_add (call->kernels, "loss", name, defines->str);
  call->kernel[1] = call->kernel[2] = NULL;
  if (call->dy)
    {
      hl_value_append_defines (call->dy, "DY", defines);
      g_string_append (defines, "GRADIENT=1");
      call->kernel[1] = hl_kernel_set_add (call->kernels, "loss", name, defines->str);
    }
  if (call->dy && call->class_weights)
    {
      g_string_printf (defines, "N=%" G_GUINT64_FORMAT, hl_shape_get_count (&call->y->shape));
      call->kernel[2] = hl_kernel_set_add (call->kernels, "loss", "sum_class_weights", defines->str);
    }
  return TRUE;
}

static gboolean
run_weighted (const HlLossCall *call, GError **error)
{
  if (call->dy == NULL)
    return hl_kernel_run (call->kernel[0], call->n_blocks, error, HL_ARG_TENSOR (call->y->tensor),
                          HL_ARG_TENSOR (call->targets), HL_ARG_TENSOR (call->per_sample),
                          HL_ARG_TENSOR (call->class_weights));
  return hl_kernel_run (call->kernel[2], 1, error, HL_ARG_TENSOR (call->targets), HL_ARG_TENSOR (call->class_weights),
                        HL_ARG_INT ((gint32) call->n_blocks))
         && hl_kernel_run (call->kernel[1], call->n_blocks, error, HL_ARG_TENSOR (call->y->tensor),
                           HL_ARG_TENSOR (call->targets), HL_ARG_TENSOR (call->per_sample),
                           HL_ARG_TENSOR (call->class_weights), HL_ARG_TENSOR (call->dy->tensor));
}

gboolean
hl_class_loss_run (const HlLossCall *call, GError **error)
{
  if (call->class_weights)
    return run_weighted (call, error);
  if (call->dy == NULL)
    return hl_kernel_run (call->kernel[0], call->n_blocks, error, HL_ARG_TENSOR (call->y->tensor),
                          HL_ARG_TENSOR (call->targets), HL_ARG_TENSOR (call->per_sample));
  return hl_kernel_run (call->kernel[1], call->n_blocks, error, HL_ARG_TENSOR (call->y->tensor),
                        HL_ARG_TENSOR (call->targets), HL_ARG_TENSOR (call->per_sample),
                        HL_ARG_TENSOR (call->dy->tensor), HL_ARG_FLOAT (1.0f / (float) call->batch));
}

gboolean
hl_class_loss_check (const HlLossCheck *check, GError **error)
{
  const HlShape *output = check->output;
  g_autofree char *text = hl_shape_to_string (output);

  if (output->n_dims != 1)
    {
      g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                   _("The network's output has the shape %s, but the loss needs one number for each of the %u classes; "
                     "let the network end with Flatten and a linear layer of %u outputs."), text, check->n_classes,
                   check->n_classes);
      return FALSE;
    }
  if (output->dim[0] != check->n_classes)
    {
      g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                   _("The network has %u outputs, but the data has %u classes; give its last layer %u outputs."),
                   output->dim[0], check->n_classes, check->n_classes);
      return FALSE;
    }
  return TRUE;
}
