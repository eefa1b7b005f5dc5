/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX operators that normalise. */

#include "engine/exchange/onnx-operators.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

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

/* ---- What layer normalisation found on its way ---- */

/* A number for each set, the sets' axes having the size 1. */
static gboolean
output_of_sets (HlOnnxImport *self, guint output, const HlOnnxValue *x, HlOnnxValue *y, gint64 axis, GError **error)
{
  gint64 dim[HL_ONNX_MAX_DIMS];

  if (!y)
    return FALSE;
  for (guint i = 0; i < x->n_dims; i++)
    dim[i] = i < axis ? x->dim[i] : 1;
  hl_onnx_set_dims (y, x->n_dims, dim, x->axis);
  return hl_onnx_output (self, output, y, error);
}

static HlOnnxValue *
emit_mean (HlOnnxImport *self, HlOnnxValue *x, guint n_axes, GError **error)
{
  guint n = x->shape.n_dims;

  return hl_onnx_pool_axes (self, x, "global_avg_pool", (1u << n) - (1u << (n - n_axes)), error);
}

/* Two numbers beside each set, d and -d. */
static HlOnnxValue *
emit_probes (HlOnnxImport *self, guint rows, double d, GError **error)
{
  const HlShape shape = HL_SHAPE_2 (rows, 2);
  g_autoptr (HlOnnxTensor) probes = hl_onnx_new_filled ("probes", &shape, error);

  for (gsize i = 0; probes && i < probes->n; i++)
    probes->floats[i] = (float) (i % 2 == 0 ? d : -d);
  return probes ? hl_onnx_emit_constant (self, probes, error) : NULL;
}

/* 1 / sqrt (variance + eps), without a layer for roots: the set without its mean and the numbers d and -d are normalised together.
 * With n elements their variance is (n variance + 2 d^2) / (n + 2), so that with d^2 = (n eps - (n + 2) rest) / 2 what becomes of
 * d is d times the wanted number times sqrt ((n + 2) / n), `rest` being the layer's own epsilon. */
static HlOnnxValue *
emit_inverse_deviation (HlOnnxImport *self, HlOnnxValue *x, guint n_axes, double eps, GError **error)
{
  guint n = 1, rows;
  const double rest = 1e-12;
  double square;
  HlOnnxValue *pair[2], *y;
  HlOnnxTensor *weight, *bias;

  for (guint i = x->shape.n_dims - n_axes; i < x->shape.n_dims; i++)
    n *= x->shape.dim[i];
  rows = (guint) (hl_shape_get_count (&x->shape) / n);
  square = (n * eps - (n + 2.0) * rest) / 2;
  if (square < rest)
    {
      hl_onnx_refuse (error, _("its attribute “epsilon” is %g, too small for its output number 3."), eps);
      return NULL;
    }
  if (!(pair[0] = hl_onnx_emit_shape (self, x, &HL_SHAPE_2 (rows, n), error)) || !(pair[1] = emit_mean (self, x, n_axes, error))
      || !(pair[1] = hl_onnx_emit_shape (self, pair[1], &HL_SHAPE_2 (rows, 1), error))
      || !(pair[0] = hl_onnx_emit (self, error, "sub", 2, pair, NULL)) || !(pair[1] = emit_probes (self, rows, sqrt (square), error))
      || !(y = hl_onnx_emit (self, error, "concat", 2, pair, "axis", 1.0, NULL))
      || !(y = hl_onnx_emit (self, error, "layer_norm", 1, &y, "axes", 1.0, "eps", rest, "affine", 1.0, NULL)))
    return NULL;
  hl_graph_set_frozen (self->graph, y->node, TRUE);
  weight = hl_onnx_new_filled ("weight", &HL_SHAPE_1 (n + 2), error);
  bias = weight ? hl_onnx_new_filled ("bias", &HL_SHAPE_1 (n + 2), error) : NULL;
  hl_onnx_weight (self, y, "weight", weight);
  hl_onnx_weight (self, y, "bias", bias);
  if (!bias)
    return NULL;
  weight->floats[n] = (float) (sqrt (n / (n + 2.0)) / sqrt (square));
  return hl_onnx_emit (self, error, "slice", 1, &y, "axis", 1.0, "start", (double) n, "length", 1.0, NULL);
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
  if ((hl_onnx_wants_output (self, 1) && !output_of_sets (self, 1, x, emit_mean (self, x, n_axes, error), axis, error))
      || (hl_onnx_wants_output (self, 2) && !output_of_sets (self, 2, x, emit_inverse_deviation (self, x, n_axes, eps, error), axis, error)))
    return FALSE;
  if (!hl_onnx_wants_output (self, 0))
    return TRUE;
  y = hl_onnx_emit (self, error, "layer_norm", 1, &x, "axes", (double) n_axes, "eps", eps, "affine", 1.0, NULL);
  return y && set_elements (self, y, "weight", 1, n_axes, 1, error) && set_elements (self, y, "bias", 2, n_axes, 0, error)
         && hl_onnx_output (self, 0, y, error);
}

/* ---- Local response ---- */

gboolean
hl_onnx_convert_lrn (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  double alpha = hl_onnx_float (self, "alpha", (double) 0.0001f), beta = hl_onnx_float (self, "beta", 0.75), bias = hl_onnx_float (self, "bias", 1);
  gint64 size = hl_onnx_int (self, "size", 0);

  if (!x || !(x = hl_onnx_move_batch (self, x, 0, error)))
    return FALSE;
  if (size < 1)
    return hl_onnx_refuse (error, _("its attribute “size” is %" PRId64 "."), size);
  /* Of an even number of channels ONNX takes the greater half after, the layer as PyTorch before: the channels are turned around. */
  if (size % 2 == 0 && !(x = hl_onnx_reverse (self, x, 1, error)))
    return FALSE;
  y = hl_onnx_emit (self, error, "lrn", 1, &x, "size", (double) size, "alpha", alpha, "beta", beta, "k", bias, "convention", 0.0, NULL);
  if (y && size % 2 == 0)
    y = hl_onnx_reverse (self, y, 1, error);
  return y && hl_onnx_output (self, 0, y, error);
}
