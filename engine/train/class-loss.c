/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Losses of one class label per sample: what cross-entropy and the mean squared error have in common. */

#include "engine/train/class-loss.h"

gboolean
hl_class_loss_prepare (HlLossCall *call, const char *name)
{
  g_autoptr (GString) defines = g_string_new (NULL);

  g_string_append_printf (defines, "N=%" G_GUINT64_FORMAT ";CAPACITY_BLOCKS=%u;", hl_shape_get_count (&call->y->shape),
                          call->capacity / call->lanes);
  hl_value_append_defines (call->y, "Y", defines);
  call->kernel[0] = hl_kernel_set_add (call->kernels, "loss", name, defines->str);
  call->kernel[1] = NULL;
  if (call->dy)
    {
      hl_value_append_defines (call->dy, "DY", defines);
      g_string_append (defines, "GRADIENT=1");
      call->kernel[1] = hl_kernel_set_add (call->kernels, "loss", name, defines->str);
    }
  return TRUE;
}

gboolean
hl_class_loss_run (const HlLossCall *call, GError **error)
{
  if (call->dy == NULL)
    return hl_kernel_run (call->kernel[0], call->n_blocks, error, HL_ARG_TENSOR (call->y->tensor),
                          HL_ARG_TENSOR (call->targets), HL_ARG_TENSOR (call->per_sample));
  return hl_kernel_run (call->kernel[1], call->n_blocks, error, HL_ARG_TENSOR (call->y->tensor),
                        HL_ARG_TENSOR (call->targets), HL_ARG_TENSOR (call->per_sample),
                        HL_ARG_TENSOR (call->dy->tensor), HL_ARG_FLOAT (1.0f / (float) call->batch));
}

gboolean
hl_class_loss_check (const void *params, const HlShape *output, guint n_classes, GError **error)
{
  g_autofree char *text = hl_shape_to_string (output);

  if (output->n_dims != 1)
    {
      g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                   _("The network's output has the shape %s, but the loss needs one number for each of the %u classes; "
                     "let the network end with Flatten and a linear layer of %u outputs."), text, n_classes, n_classes);
      return FALSE;
    }
  if (output->dim[0] != n_classes)
    {
      g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                   _("The network has %u outputs, but the data has %u classes; give its last layer %u outputs."),
                   output->dim[0], n_classes, n_classes);
      return FALSE;
    }
  return TRUE;
}
