/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX operators that work on each element by itself. */

#include "engine/exchange/onnx-operators.h"

#include <math.h>
#include <string.h>

/* ---- One input ---- */

/* Operators before set 7 could ask for memory to be reused; it changes no number. */
static void
ignore_memory_hints (HlOnnxImport *self)
{
  hl_onnx_attribute (self, "consumed_inputs");
}

static gboolean
emit_output (HlOnnxImport *self, HlOnnxValue *value, GError **error)
{
  return value && hl_onnx_output (self, 0, value, error);
}

gboolean
hl_onnx_convert_plain (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error);

  ignore_memory_hints (self);
  return x && emit_output (self, hl_onnx_emit (self, error, self->operator->layer, 1, &x, NULL), error);
}

gboolean
hl_onnx_convert_identity (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_input (self, 0, error);

  if (!x)
    return FALSE;
  if (x->constant)
    return hl_onnx_output_constant (self, 0, hl_onnx_tensor_ref (x->constant), error);
  return emit_output (self, hl_onnx_emit (self, error, "identity", 1, &x, NULL), error);
}

static HlOnnxTensor *
make_list (gboolean is_float, gsize n, const float *floats, const int64_t *ints, gboolean scalar, GError **error)
{
  guint64 dim = n;
  HlOnnxTensor *tensor = hl_onnx_tensor_new ("", is_float, scalar ? 0 : 1, &dim, error);

  if (tensor && is_float)
    memcpy (tensor->floats, floats, n * sizeof *floats);
  else if (tensor)
    memcpy (tensor->ints, ints, n * sizeof *ints);
  return tensor;
}

gboolean
hl_onnx_convert_constant (HlOnnxImport *self, GError **error)
{
  const Onnx__AttributeProto *attribute;
  HlOnnxTensor *tensor = NULL;

  if ((attribute = hl_onnx_attribute (self, "value")) && attribute->t)
    tensor = hl_onnx_tensor_from_proto (attribute->t, self->model->folder, error);
  else if ((attribute = hl_onnx_attribute (self, "value_float")) && attribute->has_f)
    tensor = make_list (TRUE, 1, &attribute->f, NULL, TRUE, error);
  else if ((attribute = hl_onnx_attribute (self, "value_int")) && attribute->has_i)
    tensor = make_list (FALSE, 1, NULL, &attribute->i, TRUE, error);
  else if ((attribute = hl_onnx_attribute (self, "value_floats")))
    tensor = make_list (TRUE, attribute->n_floats, attribute->floats, NULL, FALSE, error);
  else if ((attribute = hl_onnx_attribute (self, "value_ints")))
    tensor = make_list (FALSE, attribute->n_ints, NULL, attribute->ints, FALSE, error);
  else
    return hl_onnx_refuse (error, _("it has no attribute value, value_float, value_floats, value_int or value_ints."));
  if (!tensor)
    return FALSE;
  hl_onnx_earn (self, tensor);
  return hl_onnx_output_constant (self, 0, tensor, error);
}

/* LeakyRelu and Elu: one parameter, alpha. */
gboolean
hl_onnx_convert_alpha (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error);
  gboolean leaky = g_str_equal (self->operator->layer, "leaky_relu");
  double alpha = hl_onnx_float (self, "alpha", leaky ? 0.01 : 1);

  ignore_memory_hints (self);
  return x && emit_output (self, hl_onnx_emit (self, error, self->operator->layer, 1, &x, leaky ? "negative_slope" : "alpha", alpha, NULL), error);
}

/* ---- Activations with numbers of their own ---- */

/* A slope for each element: relu (x) - slope relu (-x). */
static HlOnnxValue *
emit_slopes (HlOnnxImport *self, HlOnnxValue *x, const HlOnnxTensor *slope, GError **error)
{
  HlOnnxValue *below = hl_onnx_combine_number (self, "mul", x, -1, error), *above;

  if (!below || !(below = hl_onnx_emit (self, error, "relu", 1, &below, NULL))
      || !(below = hl_onnx_combine_constant (self, "mul", below, slope, error)) || !(above = hl_onnx_emit (self, error, "relu", 1, &x, NULL)))
    return NULL;
  return hl_onnx_combine (self, "sub", above, below, error);
}

gboolean
hl_onnx_convert_prelu (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  HlOnnxTensor *slope = x ? hl_onnx_floats_input (self, 1, error) : NULL;
  guint first = 0;
  guint64 channels;

  ignore_memory_hints (self);
  if (!slope)
    return FALSE;
  if (slope->n == 1)
    {
      y = hl_onnx_emit (self, error, "prelu", 1, &x, "per_channel", 0.0, NULL);
      if (y)
        hl_onnx_weight (self, y, "weight", hl_onnx_tensor_reshape (slope, 1, (guint64[]) { 1 }));
      return emit_output (self, y, error);
    }
  /* The channel is the axis behind the batch; all others must be 1. Before set 7 a slope of one axis was the channel's. */
  if (self->opset >= 7 || slope->n_dims > 1)
    first = slope->n_dims >= x->shape.n_dims ? slope->n_dims - x->shape.n_dims : HL_ONNX_MAX_DIMS;
  channels = x->shape.dim[0];
  if (x->axis != 0 || slope->n != channels || first >= slope->n_dims || slope->dim[first] != channels)
    return emit_output (self, emit_slopes (self, x, slope, error), error);
  y = hl_onnx_emit (self, error, "prelu", 1, &x, "per_channel", 1.0, NULL);
  if (y)
    hl_onnx_weight (self, y, "weight", hl_onnx_tensor_reshape (slope, 1, &channels));
  return emit_output (self, y, error);
}

/* ONNX's default constants are Selu's of 1.67… and 1.05…; the layer has these two and no others. */
gboolean
hl_onnx_convert_selu (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error);
  double alpha = hl_onnx_float (self, "alpha", self->opset < 6 ? 1.6732 : 1.67326319217681884765625);
  double gamma = hl_onnx_float (self, "gamma", self->opset < 6 ? 1.0507 : 1.05070102214813232421875);

  ignore_memory_hints (self);
  if (!x)
    return FALSE;
  if (fabs (alpha - 1.6732632) < 1e-6 && fabs (gamma - 1.050701) < 1e-6)
    return emit_output (self, hl_onnx_emit (self, error, "selu", 1, &x, NULL), error);
  /* Others are an ELU with its own alpha, times gamma. */
  if (!(x = hl_onnx_emit (self, error, "elu", 1, &x, "alpha", alpha, NULL)))
    return FALSE;
  return emit_output (self, hl_onnx_combine_number (self, "mul", x, gamma, error), error);
}

gboolean
hl_onnx_convert_hard_sigmoid (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error);
  double alpha = hl_onnx_float (self, "alpha", (double) 0.2f), beta = hl_onnx_float (self, "beta", 0.5);

  ignore_memory_hints (self);
  return x && emit_output (self, hl_onnx_emit (self, error, "hard_sigmoid", 1, &x, "alpha", alpha, "beta", beta, NULL), error);
}

/* x where x > alpha, else 0: threshold with 0 as its other value. */
gboolean
hl_onnx_convert_thresholded_relu (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error);
  double alpha = hl_onnx_float (self, "alpha", 1);

  return x && emit_output (self, hl_onnx_emit (self, error, "threshold", 1, &x, "threshold", alpha, "value", 0.0, NULL), error);
}

static gboolean
read_limit (HlOnnxImport *self, guint input, const char *name, double *limit, GError **error)
{
  HlOnnxTensor *tensor;

  if (self->opset < 11)
    {
      *limit = hl_onnx_float (self, name, *limit);
      return TRUE;
    }
  if (!hl_onnx_has_input (self, input))
    return TRUE;
  if (!(tensor = hl_onnx_floats_input (self, input, error)))
    return FALSE;
  if (tensor->n != 1)
    return hl_onnx_refuse (error, _("its limit “%s” is not one number."), name);
  *limit = (double) tensor->floats[0];
  return TRUE;
}

gboolean
hl_onnx_convert_clip (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error);
  const HlLayerClass *clip = hl_layer_class_find ("clip");
  const HlParam *low = clip ? hl_class_find_param (&clip->base, "min") : NULL, *high = clip ? hl_class_find_param (&clip->base, "max") : NULL;
  double min = -G_MAXDOUBLE, max = G_MAXDOUBLE;

  ignore_memory_hints (self);
  if (!x || !read_limit (self, 1, "min", &min, error) || !read_limit (self, 2, "max", &max, error))
    return FALSE;
  /* A side without limit, or one that no float reaches, gets the widest the layer knows. */
  if (low && min < low->min)
    min = low->min;
  if (high && max > high->max)
    max = high->max;
  return emit_output (self, hl_onnx_emit (self, error, "clip", 1, &x, "min", min, "max", max, NULL), error);
}

/* Up to set 12 the axes from `axis` on are one. */
gboolean
hl_onnx_convert_softmax (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  gint64 axis = hl_onnx_int (self, "axis", self->opset < 13 ? 1 : -1);
  HlShape flat;
  guint sample;

  if (!x || !hl_onnx_normalize_axis (&axis, x->n_dims, error) || !hl_onnx_sample_axis (self, &x, axis, &sample, error))
    return FALSE;
  if (self->opset < 13 && sample + 1 < x->shape.n_dims)
    {
      HlShape before = x->shape;

      if (x->axis > axis)
        return hl_onnx_refuse_mixed (error, _("it would mix the samples of a batch."));
      flat = x->shape;
      flat.n_dims = sample + 1;
      for (guint i = sample + 1; i < x->shape.n_dims; i++)
        {
          flat.dim[sample] *= x->shape.dim[i];
          flat.dim[i] = 0;
        }
      if (!(x = hl_onnx_emit_shape (self, x, &flat, error))
          || !(y = hl_onnx_emit (self, error, self->operator->layer, 1, &x, "axis", (double) sample, NULL)))
        return FALSE;
      return emit_output (self, hl_onnx_emit_shape (self, y, &before, error), error);
    }
  return emit_output (self, hl_onnx_emit (self, error, self->operator->layer, 1, &x, "axis", (double) sample, NULL), error);
}

/* Nothing is dropped: a mask of ones, where the batch is known. */
static gboolean
output_mask (HlOnnxImport *self, const HlOnnxValue *x, GError **error)
{
  guint64 dim[HL_ONNX_MAX_DIMS], count = 1;
  HlOnnxTensor *mask;

  for (guint i = 0; i < x->n_dims; i++)
    {
      if (x->dim[i] < 0)
        return hl_onnx_refuse (error, _("its mask cannot be had for a batch of any size."));
      dim[i] = (guint64) x->dim[i];
      count = MIN (count, HL_ONNX_MAX_FILLED + 1) * MIN (dim[i], HL_ONNX_MAX_FILLED + 1);
    }
  if (count > HL_ONNX_MAX_FILLED)
    return hl_onnx_refuse (error, _("its mask would have more than %d numbers."), HL_ONNX_MAX_FILLED);
  mask = hl_onnx_tensor_new ("mask", FALSE, x->n_dims, dim, error);
  for (gsize i = 0; mask && i < mask->n; i++)
    mask->ints[i] = 1;
  return mask && hl_onnx_output_constant (self, 1, mask, error);
}

/* As in evaluation: the values pass. */
gboolean
hl_onnx_convert_dropout (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error);
  double ratio = hl_onnx_float (self, "ratio", 0.5);
  gboolean training = FALSE;

  ignore_memory_hints (self);
  hl_onnx_attribute (self, "seed");
  hl_onnx_attribute (self, "is_test");
  if (!x)
    return FALSE;
  if (hl_onnx_has_input (self, 1))
    {
      HlOnnxTensor *tensor = hl_onnx_floats_input (self, 1, error);

      if (!tensor || tensor->n != 1)
        return tensor ? hl_onnx_refuse (error, _("its ratio is not one number.")) : FALSE;
      ratio = (double) tensor->floats[0];
    }
  if (hl_onnx_has_input (self, 2))
    {
      HlOnnxTensor *tensor = hl_onnx_ints_input (self, 2, error);

      if (!tensor)
        return FALSE;
      training = tensor->n > 0 && tensor->ints[0] != 0;
    }
  if (training && ratio > 0)
    return hl_onnx_refuse (error, _("it runs in training mode, whose random numbers ONNX does not define."));
  if (hl_onnx_wants_output (self, 1) && !output_mask (self, x, error))
    return FALSE;
  return emit_output (self, hl_onnx_emit (self, error, "dropout", 1, &x, "p", ratio, NULL), error);
}

gboolean
hl_onnx_convert_gelu (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error);
  g_autofree char *approximate = hl_onnx_string (self, "approximate", "none");

  return x && emit_output (self, hl_onnx_emit (self, error, "gelu", 1, &x, "approximate", g_str_equal (approximate, "tanh") ? 1.0 : 0.0, NULL), error);
}
