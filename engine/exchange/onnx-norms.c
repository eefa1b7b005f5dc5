/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX operators that normalise. */

#include "engine/exchange/onnx-operators.h"

/* Copies a list of one number a channel to a weight of the layer. */
static gboolean
set_list (HlOnnxImport *self, const HlOnnxValue *y, const char *name, guint input, guint64 n, GError **error)
{
  HlOnnxTensor *tensor = hl_onnx_floats_input (self, input, error);

  if (!tensor)
    return FALSE;
  if (tensor->n != n)
    return hl_onnx_refuse (error, _("its input “%s” has %" G_GSIZE_FORMAT " numbers for %" G_GUINT64_FORMAT " channels."), self->node->input[input],
                           tensor->n, n);
  hl_onnx_weight (self, y, name, hl_onnx_tensor_reshape (tensor, 1, &n));
  return TRUE;
}

gboolean
hl_onnx_convert_batch_norm (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  double eps = hl_onnx_float (self, "epsilon", 1e-5), momentum = hl_onnx_float (self, "momentum", 0.9);
  guint64 channels;

  hl_onnx_attribute (self, "consumed_inputs");
  if (self->opset < 7)
    hl_onnx_int (self, "is_test", 1);     /* what is imported is run as a test */
  if (hl_onnx_int (self, "training_mode", 0) != 0)
    return hl_onnx_refuse (error, _("its attribute “training_mode” is not 0; only its use after training is supported."));
  if (hl_onnx_int (self, "spatial", 1) != 1)
    return hl_onnx_refuse (error, _("its attribute “spatial” is not 1."));
  if (!x || !(x = hl_onnx_move_batch (self, x, 0, error)))
    return FALSE;
  channels = x->shape.dim[0];
  /* ONNX's momentum is the share of the old value, PyTorch's that of the new. */
  y = hl_onnx_emit (self, error, "batch_norm", 1, &x, "eps", eps, "momentum", CLAMP ((double) (float) (1 - momentum), 0, 1), "affine", 1.0, NULL);
  return y && set_list (self, y, "weight", 1, channels, error) && set_list (self, y, "bias", 2, channels, error)
         && set_list (self, y, "running_mean", 3, channels, error) && set_list (self, y, "running_var", 4, channels, error)
         && hl_onnx_output (self, 0, y, error);
}
