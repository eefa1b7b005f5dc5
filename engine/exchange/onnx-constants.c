/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX operators with which models compute shapes and fill tensors: Shape, Gather, ConstantOfShape, Expand, Cast. They are carried
 * out at once; only Gather of one place is also a layer. The size of a batch that may be any is a number of its own here,
 * HL_ONNX_ANY_BATCH. */

#include "engine/exchange/onnx-operators.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

gboolean
hl_onnx_convert_shape (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_input (self, 0, error);
  gint64 start = hl_onnx_int (self, "start", 0), end = hl_onnx_int (self, "end", HL_ONNX_MAX_DIMS), n = x ? x->n_dims : 0;
  HlOnnxTensor *shape;
  guint64 count;

  if (!x)
    return FALSE;
  start = CLAMP (start < 0 ? start + n : start, 0, n);
  end = CLAMP (end < 0 ? end + n : end, start, n);
  count = (guint64) (end - start);
  if (!(shape = hl_onnx_tensor_new ("shape", FALSE, 1, &count, error)))
    return FALSE;
  for (gint64 i = start; i < end; i++)
    shape->ints[i - start] = (int) i == x->axis && self->batch < 0 ? HL_ONNX_ANY_BATCH : x->dim[i];
  return hl_onnx_output_constant (self, 0, shape, error);
}

/* ---- Gather ---- */

static HlOnnxTensor *
gather (const HlOnnxTensor *data, const HlOnnxTensor *indices, guint axis, GError **error)
{
  guint64 dim[HL_ONNX_MAX_DIMS * 2];
  guint n = 0;
  gsize outer = 1, inner = 1, size = data->is_float ? sizeof (float) : sizeof (gint64), at = 0;
  gint64 length = (gint64) data->dim[axis];
  HlOnnxTensor *result;

  for (guint i = 0; i < axis; i++)
    outer *= dim[n++] = data->dim[i];
  for (guint i = 0; i < indices->n_dims; i++)
    dim[n++] = indices->dim[i];
  for (guint i = axis + 1; i < data->n_dims; i++)
    inner *= dim[n++] = data->dim[i];
  if (n > HL_ONNX_MAX_DIMS || (double) outer * (double) indices->n * (double) inner > MAX ((double) data->n, HL_ONNX_MAX_FILLED))
    {
      hl_onnx_refuse (error, _("it gathers too many numbers."));
      return NULL;
    }
  result = hl_onnx_tensor_new (data->name, data->is_float, n, dim, error);
  for (gsize place = 0; result && place < outer; place++)
    for (gsize k = 0; k < indices->n; k++, at += inner * size)
      {
        gint64 index = indices->ints[k] < 0 ? indices->ints[k] + length : indices->ints[k];
        const guint8 *from = data->is_float ? (const guint8 *) data->floats : (const guint8 *) data->ints;

        if (index < 0 || index >= length)
          {
            hl_onnx_refuse (error, _("it reads place %" PRId64 " of %" PRId64 "."), indices->ints[k], length);
            hl_onnx_tensor_unref (result);
            return NULL;
          }
        memcpy ((data->is_float ? (guint8 *) result->floats : (guint8 *) result->ints) + at, from + (place * (gsize) length + (gsize) index) * inner * size,
                inner * size);
      }
  return result;
}

gboolean
hl_onnx_convert_gather (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_input (self, 0, error), *y;
  HlOnnxTensor *indices = x ? hl_onnx_ints_input (self, 1, error) : NULL;
  gint64 axis = hl_onnx_int (self, "axis", 0), index, dim[HL_ONNX_MAX_DIMS];
  guint n = 0;
  int batch;

  if (!indices || !hl_onnx_normalize_axis (&axis, x->n_dims, error))
    return FALSE;
  if (x->constant)
    {
      HlOnnxTensor *taken = gather (x->constant, indices, (guint) axis, error);

      return taken && hl_onnx_output_constant (self, 0, taken, error);
    }
  if (indices->n != 1 || indices->n_dims > 1)
    return hl_onnx_refuse (error, _("it gathers %zu places; of what is computed only one is supported."), indices->n);
  if (axis == x->axis && !(x = hl_onnx_move_batch (self, x, HL_ONNX_WHOLE, error)))
    return FALSE;
  index = indices->ints[0] < 0 ? indices->ints[0] + x->dim[axis] : indices->ints[0];
  if (index < 0 || index >= x->dim[axis])
    return hl_onnx_refuse (error, _("it reads place %" PRId64 " of %" PRId64 "."), indices->ints[0], x->dim[axis]);
  if (!(y = hl_onnx_take (self, x, (guint) axis, index, 1, 1, error)))
    return FALSE;
  /* A scalar as index takes the axis away. */
  batch = y->axis;
  for (guint i = 0; i < y->n_dims; i++)
    {
      if (i == axis && indices->n_dims == 0)
        {
          batch -= y->axis > (int) i;
          continue;
        }
      dim[n++] = y->dim[i];
    }
  hl_onnx_set_dims (y, n, dim, batch);
  return hl_onnx_output (self, 0, y, error);
}

/* ---- Filling ---- */

/* A shape that is filled alike for all samples: of a batch of any size one sample. */
static gboolean
read_shape (const HlOnnxTensor *tensor, guint64 *dim, GError **error)
{
  guint64 count = 1;

  if (tensor->n > HL_ONNX_MAX_DIMS)
    return hl_onnx_refuse (error, _("its shape has %zu dimensions."), tensor->n);
  for (gsize i = 0; i < tensor->n; i++)
    {
      gint64 size = tensor->ints[i] == HL_ONNX_ANY_BATCH ? 1 : tensor->ints[i];

      if (size < 0 || size > HL_ONNX_MAX_FILLED || (count *= (guint64) size) > HL_ONNX_MAX_FILLED)
        return hl_onnx_refuse (error, _("it would need a constant of more than %d numbers."), HL_ONNX_MAX_FILLED);
      dim[i] = (guint64) size;
    }
  return TRUE;
}

gboolean
hl_onnx_convert_constant_of_shape (HlOnnxImport *self, GError **error)
{
  HlOnnxTensor *shape = hl_onnx_shape_input (self, 0, error);
  const Onnx__AttributeProto *attribute = hl_onnx_attribute (self, "value");
  g_autoptr (HlOnnxTensor) value = attribute && attribute->t ? hl_onnx_tensor_from_proto (attribute->t, self->model->folder, error) : NULL;
  guint64 dim[HL_ONNX_MAX_DIMS];
  HlOnnxTensor *filled;

  if (!shape || (attribute && (!value || value->n != 1)) || !read_shape (shape, dim, error))
    return shape ? hl_onnx_refuse (error, _("its attribute “value” is not one number.")) : FALSE;
  if (!(filled = hl_onnx_tensor_new ("filled", value ? value->is_float : TRUE, (guint) shape->n, dim, error)))
    return FALSE;
  for (gsize i = 0; value && i < filled->n; i++)
    {
      if (filled->is_float)
        filled->floats[i] = value->floats[0];
      else
        filled->ints[i] = value->ints[0];
    }
  return hl_onnx_output_constant (self, 0, filled, error);
}

/* A constant in more copies; broadcasting makes them where they are read, so that it is only made as large as it must. */
gboolean
hl_onnx_convert_expand (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_input (self, 0, error), *zeros, *y;
  HlOnnxTensor *shape = x ? hl_onnx_shape_input (self, 1, error) : NULL, *filled;
  guint64 dim[HL_ONNX_MAX_DIMS];

  if (!shape)
    return FALSE;
  if (!x->constant)
    return hl_onnx_refuse (error, _("its input is computed; only a constant is supported there."));
  if (!read_shape (shape, dim, error) || !(filled = hl_onnx_tensor_new ("filled", x->constant->is_float, (guint) shape->n, dim, error))
      || !(zeros = hl_onnx_make_constant (self, filled, error)) || !(y = hl_onnx_combine (self, "add", x, zeros, error)))
    return FALSE;
  return hl_onnx_output_constant (self, 0, hl_onnx_tensor_ref (y->constant), error);
}

/* ---- Types ---- */

gboolean
hl_onnx_convert_cast (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_input (self, 0, error);
  gint64 to = hl_onnx_int (self, "to", 0);
  gboolean is_float = to == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
  HlOnnxTensor *result;

  if (!x)
    return FALSE;
  if (!is_float && (!x->constant || (to != ONNX__TENSOR_PROTO__DATA_TYPE__INT64 && to != ONNX__TENSOR_PROTO__DATA_TYPE__INT32)))
    return hl_onnx_refuse (error, _("it makes values of type %s; only FLOAT can be computed with."), hl_onnx_type_name ((gint32) to));
  if (!x->constant)
    return hl_onnx_output (self, 0, hl_onnx_emit (self, error, "identity", 1, &x, NULL), error);
  if (!(result = hl_onnx_tensor_new (x->constant->name, is_float, x->n_dims, x->constant->dim, error)))
    return FALSE;
  for (gsize i = 0; i < result->n; i++)
    {
      double number = x->constant->is_float ? (double) x->constant->floats[i] : (double) x->constant->ints[i];

      if (is_float)
        result->floats[i] = (float) number;
      else
        result->ints[i] = x->constant->is_float ? (gint64) CLAMP (isnan (number) ? 0 : number, -2147483648.0, 2147483647.0) : x->constant->ints[i];
    }
  return hl_onnx_output_constant (self, 0, result, error);
}
