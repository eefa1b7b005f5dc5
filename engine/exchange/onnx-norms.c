/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX operators that normalise. */

#include "engine/exchange/onnx-operators.h"

#include <inttypes.h>

/* Copies a list of one number a channel to a weight of the layer. */
static gboolean
set_list (HlOnnxImport *self, const HlOnnxValue *y, const char *name, guint input, guint64 n, GError **error)
{
  HlOnnxTensor *tensor = hl_onnx_floats_input (self, input, error);

  if (!tensor)
    return FALSE;
  if (tensor->n != n)
    return hl_onnx_refuse (error, _("its input “%s” has %zu numbers for %" PRIu64 " channels."), self->node->input[input],
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

gboolean
hl_onnx_convert_instance_norm (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  double eps = hl_onnx_float (self, "epsilon", 1e-5);

  hl_onnx_attribute (self, "consumed_inputs");
  if (!x || !(x = hl_onnx_move_batch (self, x, 0, error)))
    return FALSE;
  y = hl_onnx_emit (self, error, "instance_norm", 1, &x, "eps", eps, "affine", 1.0, NULL);
  return y && set_list (self, y, "weight", 1, x->shape.dim[0], error) && set_list (self, y, "bias", 2, x->shape.dim[0], error)
         && hl_onnx_output (self, 0, y, error);
}

/* A factor or summand for each element of the normalised axes; FALSE when it has another shape. */
static gboolean
set_elements (HlOnnxImport *self, const HlOnnxValue *y, const char *name, guint input, guint n_axes, float otherwise, GError **error)
{
  guint64 dim[HL_MAX_DIMS], count = 1;
  HlOnnxTensor *tensor = NULL, *weight;

  for (guint i = 0; i < n_axes; i++)
    count *= dim[i] = y->shape.dim[y->shape.n_dims - n_axes + i];
  if (hl_onnx_has_input (self, input) && !(tensor = hl_onnx_floats_input (self, input, error)))
    return FALSE;
  if (tensor && tensor->n != count)
    return hl_onnx_refuse (error, _("its input “%s” has %zu numbers for %" PRIu64 " elements."),
                           self->node->input[input], tensor->n, count);
  weight = tensor ? hl_onnx_tensor_reshape (tensor, n_axes, dim) : hl_onnx_tensor_new (name, TRUE, n_axes, dim, error);
  for (gsize i = 0; weight && !tensor && i < weight->n; i++)
    weight->floats[i] = otherwise;
  hl_onnx_weight (self, y, name, weight);
  return weight != NULL;
}

gboolean
hl_onnx_convert_layer_norm (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  double eps = hl_onnx_float (self, "epsilon", 1e-5);
  gint64 axis = hl_onnx_int (self, "axis", -1);
  guint sample, n_axes;

  if (hl_onnx_int (self, "stash_type", 1) != 1)
    return hl_onnx_refuse (error, _("its attribute “stash_type” is not 1."));
  if (!x || !hl_onnx_normalize_axis (&axis, x->n_dims, error))
    return FALSE;
  /* Every axis from this one on is normalised, also that of the batch. */
  if (x->axis >= axis && !(x = hl_onnx_move_batch (self, x, HL_ONNX_WHOLE, error)))
    return FALSE;
  if (!hl_onnx_sample_axis (self, &x, axis, &sample, error))
    return FALSE;
  n_axes = x->shape.n_dims - sample;
  y = hl_onnx_emit (self, error, "layer_norm", 1, &x, "axes", (double) n_axes, "eps", eps, "affine", 1.0, NULL);
  return y && set_elements (self, y, "weight", 1, n_axes, 1, error) && set_elements (self, y, "bias", 2, n_axes, 0, error)
         && hl_onnx_output (self, 0, y, error);
}

gboolean
hl_onnx_convert_lrn (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  double alpha = hl_onnx_float (self, "alpha", (double) 0.0001f), beta = hl_onnx_float (self, "beta", 0.75), bias = hl_onnx_float (self, "bias", 1);
  gint64 size = hl_onnx_int (self, "size", 0);

  if (!x || !(x = hl_onnx_move_batch (self, x, 0, error)))
    return FALSE;
  /* Of an even number of channels ONNX takes the greater half after, the layer as PyTorch before. */
  if (size % 2 != 1)
    return hl_onnx_refuse (error, _("its attribute “size” is %" PRId64 "; only odd numbers of channels are supported."), size);
  y = hl_onnx_emit (self, error, "lrn", 1, &x, "size", (double) size, "alpha", alpha, "beta", beta, "k", bias, "convention", 0.0, NULL);
  return y && hl_onnx_output (self, 0, y, error);
}
