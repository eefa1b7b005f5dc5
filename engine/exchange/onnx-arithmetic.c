/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX operators that combine values element by element and broadcast: Add, Sub, Mul, Div, Sum. Of constants they are carried
 * out at once. */

#include "engine/exchange/onnx-operators.h"

#include <inttypes.h>
#include <string.h>

/* ---- Two constants ---- */

/* Whole numbers wrap around as the operators' do; a division by 0 gives 0. */
static gint64
combine_ints (const char *layer, gint64 a, gint64 b)
{
  if (*layer == 'a')
    return (gint64) ((guint64) a + (guint64) b);
  if (*layer == 's')
    return (gint64) ((guint64) a - (guint64) b);
  if (*layer == 'm')
    return (gint64) ((guint64) a * (guint64) b);
  return b == 0 ? 0 : b == -1 ? (gint64) (0 - (guint64) a) : a / b;
}

static float
combine_floats (const char *layer, float a, float b)
{
  return *layer == 'a' ? a + b : *layer == 's' ? a - b : *layer == 'm' ? a * b : a / b;
}

/* How far apart an axis' elements lie in a tensor that is aligned at its last axes; 0 along axes that are repeated. */
static void
find_steps (const HlOnnxTensor *tensor, guint n_dims, const guint64 *dim, gsize *step)
{
  guint missing = n_dims - tensor->n_dims;
  gsize one = 1;

  for (guint i = n_dims; i-- > 0;)
    {
      step[i] = i < missing || tensor->dim[i - missing] != dim[i] ? 0 : one;
      one *= i < missing ? 1 : tensor->dim[i - missing];
    }
}

static HlOnnxTensor *
combine_constants (const char *layer, const HlOnnxTensor *a, const HlOnnxTensor *b, GError **error)
{
  guint n = MAX (a->n_dims, b->n_dims);
  guint64 dim[HL_ONNX_MAX_DIMS] = { 0 }, at[HL_ONNX_MAX_DIMS] = { 0 }, count = 1;
  gsize step_a[HL_ONNX_MAX_DIMS], step_b[HL_ONNX_MAX_DIMS], from_a = 0, from_b = 0;
  HlOnnxTensor *result;

  for (guint i = 0; i < n; i++)
    {
      guint64 x = i + a->n_dims < n ? 1 : a->dim[i + a->n_dims - n], y = i + b->n_dims < n ? 1 : b->dim[i + b->n_dims - n];

      if ((x != y && x != 1 && y != 1) || a->is_float != b->is_float)
        {
          hl_onnx_refuse (error, _("its constants do not fit each other."));
          return NULL;
        }
      dim[i] = x == 1 ? y : x;
      count = MIN (count, HL_ONNX_MAX_FILLED + 1) * MIN (dim[i], HL_ONNX_MAX_FILLED + 1);
    }
  if (count > HL_ONNX_MAX_FILLED && count > MAX (a->n, b->n))
    {
      hl_onnx_refuse (error, _("it would need a constant of more than %d numbers."), HL_ONNX_MAX_FILLED);
      return NULL;
    }
  find_steps (a, n, dim, step_a);
  find_steps (b, n, dim, step_b);
  result = hl_onnx_tensor_new (a->name, a->is_float, n, dim, error);
  for (gsize i = 0; result && i < result->n; i++)
    {
      if (a->is_float)
        result->floats[i] = combine_floats (layer, a->floats[from_a], b->floats[from_b]);
      else if (a->ints[from_a] == HL_ONNX_ANY_BATCH || b->ints[from_b] == HL_ONNX_ANY_BATCH)
        {
          hl_onnx_refuse_mixed (error, _("it computes with the size of the batch, which may be any."));
          hl_onnx_tensor_unref (result);
          return NULL;
        }
      else
        result->ints[i] = combine_ints (layer, a->ints[from_a], b->ints[from_b]);
      for (guint k = n; k-- > 0;)
        {
          from_a += step_a[k], from_b += step_b[k];
          if (++at[k] < dim[k])
            break;
          from_a -= step_a[k] * dim[k], from_b -= step_b[k] * dim[k];
          at[k] = 0;
        }
    }
  return result;
}

/* ---- Biases ---- */

/* Add after a layer that came without its bias, of numbers that are the same for all but the layer's channels or units: they
 * become the bias. dim: the constant's axes, aligned with the value's. */
static gboolean
try_bias (HlOnnxImport *self, HlOnnxValue *value, const HlOnnxTensor *constant, const gint64 *dim)
{
  const HlNode *node = hl_graph_find_node (self->graph, value->node);
  const HlParam *bias = hl_class_find_param (&node->klass->base, "bias");
  /* Linear's units are the last axis, every other layer's channels the first. */
  gboolean last = g_str_equal (node->klass->base.name, "linear");
  guint64 channels = value->shape.dim[last ? value->shape.n_dims - 1 : 0];
  guint axis = last ? value->n_dims - 1 : value->axis == 0 ? 1 : 0;
  HlOnnxTensor *tensor;

  if (!value->takes_bias || !bias || (int) axis == value->axis || axis >= value->n_dims || value->dim[axis] != (gint64) channels
      || (constant->n != 1 && constant->n != channels))
    return FALSE;
  for (guint i = 0; i < value->n_dims; i++)
    if (dim[i] != 1 && (i != axis || dim[i] != (gint64) channels))
      return FALSE;
  if (!(tensor = hl_onnx_tensor_new (constant->name, TRUE, 1, &channels, NULL)))
    return FALSE;
  for (guint64 i = 0; i < channels; i++)
    tensor->floats[i] = constant->floats[constant->n == 1 ? 0 : i];
  hl_param_set (bias, hl_graph_get_params (self->graph, value->node), 1);
  hl_onnx_weight (self, value, "bias", tensor);
  value->takes_bias = FALSE;
  return TRUE;
}

/* ---- Two values ---- */

/* One of the two as the result sees it. */
typedef struct
{
  HlOnnxValue *value;
  guint first;                         /* axis of the result that is its first */
  gint64 dim[HL_ONNX_MAX_DIMS];        /* in the result's axes */
  int axis;                            /* the batch's there */
} Operand;

static void
align (Operand *operand, guint first, guint n_dims)
{
  const HlOnnxValue *value = operand->value;

  operand->first = first;
  for (guint i = 0; i < n_dims; i++)
    operand->dim[i] = i < first || i - first >= value->n_dims ? 1 : value->dim[i - first];
  operand->axis = value->axis < 0 ? HL_ONNX_WHOLE : value->axis + (int) first;
}

/* The same batch's axis for both; who has none must be the same for all samples. */
static gboolean
find_batch (HlOnnxImport *self, Operand *a, Operand *b, guint n_dims, int *axis, GError **error)
{
  if (a->axis >= 0 && b->axis >= 0 && a->axis != b->axis)
    {
      if (!(b->value = hl_onnx_move_batch (self, b->value, a->axis - (int) b->first, error)))
        return FALSE;
      align (b, b->first, n_dims);
    }
  *axis = MAX (a->axis, b->axis);
  if (*axis >= 0 && ((a->axis < 0 && a->dim[*axis] != 1) || (b->axis < 0 && b->dim[*axis] != 1)))
    return hl_onnx_refuse_mixed (error, _("its constant differs among the samples of a batch."));
  return TRUE;
}

static gboolean
find_dims (HlOnnxImport *self, const Operand *a, const Operand *b, guint n_dims, int axis, gint64 *dim, GError **error)
{
  for (guint i = 0; i < n_dims; i++)
    {
      gint64 x = a->dim[i], y = b->dim[i];

      if ((int) i != axis && x != y && x != 1 && y != 1)
        return hl_onnx_refuse (error, _("its inputs have the sizes %" PRId64 " and %" PRId64 " on axis %u."), x, y, i);
      dim[i] = (int) i == axis ? self->batch : x == 1 ? y : x;
    }
  return TRUE;
}

/* As a sample for the layer, which aligns at the last axes itself. */
static HlOnnxValue *
make_sample (HlOnnxImport *self, const Operand *operand, guint n_dims, int axis, GError **error)
{
  const HlOnnxTensor *constant = operand->value->constant;
  guint64 dim[HL_ONNX_MAX_DIMS] = { 1 };
  g_autoptr (HlOnnxTensor) seen = NULL;
  HlShape shape = { 0 };
  guint n = 0;

  for (guint i = operand->first; i < n_dims; i++)
    if ((int) i != axis)
      dim[n++] = (guint64) operand->dim[i];
  if (n > HL_MAX_DIMS)
    {
      hl_onnx_refuse (error, _("needs %u dimensions, more than a sample's %d."), n, HL_MAX_DIMS);
      return NULL;
    }
  n = MAX (n, 1);
  if (constant)
    {
      if (!constant->is_float || constant->n == 0)
        {
          hl_onnx_refuse (error, _("its constant “%s” does not hold floats."), constant->name);
          return NULL;
        }
      seen = hl_onnx_tensor_reshape (constant, n, dim);
      return hl_onnx_emit_constant (self, seen, error);
    }
  for (guint i = 0; i < n; i++)
    shape.dim[shape.n_dims++] = (guint) dim[i];
  return hl_onnx_emit_shape (self, operand->value, &shape, error);
}

/* first: the axis of a where b begins; -1: they are aligned at their last. */
static HlOnnxValue *
combine (HlOnnxImport *self, const char *layer, HlOnnxValue *a, HlOnnxValue *b, int first, GError **error)
{
  Operand left = { a }, right = { b };
  guint n_dims = MAX (a->n_dims, b->n_dims);
  gint64 dim[HL_ONNX_MAX_DIMS];
  HlOnnxValue *pair[2], *y;
  int axis;

  if (a->constant && b->constant)
    return hl_onnx_make_constant (self, combine_constants (layer, a->constant, b->constant, error), error);
  if (first >= 0 && (a->n_dims != n_dims || (guint) first + b->n_dims > n_dims))
    {
      hl_onnx_refuse (error, _("its attribute “axis” is %d, where its second input does not fit."), first);
      return NULL;
    }
  align (&left, n_dims - a->n_dims, n_dims);
  align (&right, first >= 0 ? (guint) first : n_dims - b->n_dims, n_dims);
  if (!find_batch (self, &left, &right, n_dims, &axis, error) || !find_dims (self, &left, &right, n_dims, axis, dim, error))
    return NULL;
  a = left.value, b = right.value;
  if (g_str_equal (layer, "add") && b->constant && b->constant->is_float && a->n_dims == n_dims && try_bias (self, a, b->constant, right.dim))
    return a;
  if (g_str_equal (layer, "add") && a->constant && a->constant->is_float && b->n_dims == n_dims && try_bias (self, b, a->constant, left.dim))
    return b;
  if (!(pair[0] = make_sample (self, &left, n_dims, axis, error)) || !(pair[1] = make_sample (self, &right, n_dims, axis, error)))
    return NULL;
  if ((y = hl_onnx_emit (self, error, layer, 2, pair, NULL)))
    hl_onnx_set_dims (y, n_dims, dim, axis);
  return y;
}

HlOnnxValue *
hl_onnx_combine (HlOnnxImport *self, const char *layer, HlOnnxValue *a, HlOnnxValue *b, GError **error)
{
  return combine (self, layer, a, b, -1, error);
}

HlOnnxValue *
hl_onnx_combine_constant (HlOnnxImport *self, const char *layer, HlOnnxValue *x, const HlOnnxTensor *constant, GError **error)
{
  HlOnnxValue *other = hl_onnx_make_constant (self, hl_onnx_tensor_reshape (constant, constant->n_dims, constant->dim), error);

  return other ? combine (self, layer, x, other, -1, error) : NULL;
}

HlOnnxValue *
hl_onnx_combine_number (HlOnnxImport *self, const char *layer, HlOnnxValue *x, double number, GError **error)
{
  g_autoptr (HlOnnxTensor) tensor = hl_onnx_tensor_new ("", TRUE, 0, NULL, error);

  if (!tensor)
    return NULL;
  tensor->floats[0] = (float) number;
  return hl_onnx_combine_constant (self, layer, x, tensor, error);
}

/* Add, Sub, Mul, Div and Sum. */
gboolean
hl_onnx_convert_arithmetic (HlOnnxImport *self, GError **error)
{
  gboolean broadcast = self->opset >= 7 || hl_onnx_int (self, "broadcast", 0) != 0;
  int first = self->opset < 7 && hl_onnx_attribute (self, "axis") ? (int) CLAMP (hl_onnx_int (self, "axis", -1), -1, HL_ONNX_MAX_DIMS) : -1;
  HlOnnxValue *result = hl_onnx_input (self, 0, error);

  hl_onnx_attribute (self, "consumed_inputs");
  for (guint i = 1; result && i < hl_onnx_n_inputs (self); i++)
    {
      HlOnnxValue *next = hl_onnx_input (self, i, error);

      if (!next)
        return FALSE;
      if (!broadcast && (result->n_dims != next->n_dims || memcmp (result->dim, next->dim, next->n_dims * sizeof *next->dim) != 0))
        return hl_onnx_refuse (error, _("its inputs have different shapes, and broadcasting is off."));
      result = combine (self, self->operator->layer, result, next, first, error);
    }
  if (result && result->constant)
    return hl_onnx_output_constant (self, 0, hl_onnx_tensor_ref (result->constant), error);
  return result && hl_onnx_output (self, 0, result, error);
}
