/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX operators that take parts of an axis: Split and Slice. Of constants, and where nothing is left, they are carried
 * out at once. */

#include "engine/exchange/onnx-operators.h"

#include <inttypes.h>
#include <string.h>

/* Limits for "to the end" in Slice. */
#define END_OF_AXIS 16777216

/* Places start, start + step, ... of an axis, `length` of them. */
typedef struct { guint axis; gint64 start, length, step; } Part;

static HlOnnxTensor *
take_part (const HlOnnxTensor *source, const Part *part, GError **error)
{
  guint64 dim[HL_ONNX_MAX_DIMS];
  HlOnnxTensor *result;
  gsize inner = 1, to = 0;

  memcpy (dim, source->dim, sizeof dim);
  dim[part->axis] = (guint64) part->length;
  result = hl_onnx_tensor_new (source->name, source->is_float, source->n_dims, dim, error);
  for (guint i = part->axis + 1; i < source->n_dims; i++)
    inner *= source->dim[i];
  while (result && to < result->n)
    for (gint64 k = 0; k < part->length; k++, to += inner)
      {
        gsize outer = to / inner / (gsize) part->length;
        gsize from = (outer * source->dim[part->axis] + (gsize) (part->start + k * part->step)) * inner;

        if (source->is_float)
          memcpy (result->floats + to, source->floats + from, inner * sizeof *result->floats);
        else
          memcpy (result->ints + to, source->ints + from, inner * sizeof *result->ints);
      }
  return result;
}

/* A tensor of no numbers, which no layer could make. */
static HlOnnxValue *
nothing_left (HlOnnxImport *self, const HlOnnxValue *x, guint axis, GError **error)
{
  guint64 dim[HL_ONNX_MAX_DIMS];

  for (guint i = 0; i < x->n_dims; i++)
    {
      if (x->dim[i] < 0)
        {
          hl_onnx_refuse (error, _("nothing is left of the axis %u."), axis);
          return NULL;
        }
      dim[i] = i == axis ? 0 : (guint64) x->dim[i];
    }
  return hl_onnx_make_constant (self, hl_onnx_tensor_new ("", TRUE, x->n_dims, dim, error), error);
}

/* Twice turned around is not turned at all; the layer that did it first may be left without a reader. */
HlOnnxValue *
hl_onnx_reverse (HlOnnxImport *self, HlOnnxValue *x, guint axis, GError **error)
{
  HlOnnxValue *y;

  if (x->reverse_of && x->reverse_axis == axis)
    {
      self->has_spare = TRUE;
      return x->reverse_of;
    }
  x->takes_bias = FALSE;
  if ((y = hl_onnx_take (self, x, axis, x->dim[axis] - 1, x->dim[axis], -1, error)))
    {
      y->reverse_of = x;
      y->reverse_axis = axis;
    }
  return y;
}

HlOnnxValue *
hl_onnx_take (HlOnnxImport *self, HlOnnxValue *x, guint axis, gint64 start, gint64 length, gint64 step, GError **error)
{
  const Part part = { axis, start, length, step };
  gint64 dim[HL_ONNX_MAX_DIMS];
  HlOnnxValue *y;
  guint sample;

  if (x->constant)
    return hl_onnx_make_constant (self, take_part (x->constant, &part, error), error);
  if (length < 1)
    return nothing_left (self, x, axis, error);
  if (!hl_onnx_sample_axis (self, &x, axis, &sample, error))
    return NULL;
  y = hl_onnx_emit (self, error, "slice", 1, &x, "axis", (double) sample, "start", (double) start, "length", (double) length, "step",
                    (double) step, NULL);
  if (!y)
    return NULL;
  memcpy (dim, x->dim, sizeof dim);
  dim[axis] = length;
  hl_onnx_set_dims (y, x->n_dims, dim, x->axis);
  return y;
}

gboolean
hl_onnx_convert_split (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_input (self, 0, error);
  gint64 axis = hl_onnx_int (self, "axis", 0), start = 0;
  guint n, n_outputs = (guint) self->node->n_output;
  const gint64 *sizes = hl_onnx_ints (self, "split", &n);

  hl_onnx_int (self, "num_outputs", 0);
  if (!x || !hl_onnx_normalize_axis (&axis, x->n_dims, error))
    return FALSE;
  if (axis == x->axis && !(x = hl_onnx_move_batch (self, x, HL_ONNX_WHOLE, error)))
    return FALSE;
  if (hl_onnx_has_input (self, 1))
    {
      HlOnnxTensor *tensor = hl_onnx_ints_input (self, 1, error);

      if (!tensor)
        return FALSE;
      sizes = tensor->ints;
      n = (guint) MIN (tensor->n, G_MAXUINT);
    }
  if (n_outputs == 0 || (sizes && n != n_outputs))
    return hl_onnx_refuse (error, _("it has %u sizes for %u outputs."), n, n_outputs);
  for (guint i = 0; i < n_outputs; i++)
    {
      gint64 even = (x->dim[axis] + n_outputs - 1) / n_outputs;
      gint64 length = sizes ? sizes[i] : MIN (even, x->dim[axis] - start);
      HlOnnxValue *y;

      if (length < 0 || length > x->dim[axis] - start)
        return hl_onnx_refuse (error, _("its parts do not add up to the %" PRId64 " of its axis."), x->dim[axis]);
      if (hl_onnx_wants_output (self, i)
          && (!(y = hl_onnx_take (self, x, (guint) axis, start, length, 1, error)) || !hl_onnx_output (self, i, y, error)))
        return FALSE;
      start += length;
    }
  return TRUE;
}

/* One axis of Slice, with ONNX's clamping. */
static HlOnnxValue *
slice_axis (HlOnnxImport *self, HlOnnxValue *x, gint64 axis, gint64 start, gint64 end, gint64 step, GError **error)
{
  gint64 size;

  if (!hl_onnx_normalize_axis (&axis, x->n_dims, error))
    return NULL;
  size = x->dim[axis];
  if (step == 0)
    {
      hl_onnx_refuse (error, _("it steps by 0."));
      return NULL;
    }
  if (size < 0)
    {
      if (start == 0 && step == 1 && end >= END_OF_AXIS)
        return x;
      hl_onnx_refuse_mixed (error, _("it would mix the samples of a batch."));
      return NULL;
    }
  /* Longer steps keep one place, as does one of the axis' size. */
  step = CLAMP (step, -MAX (size, 1), MAX (size, 1));
  if (step > 0)
    {
      start = CLAMP (start < 0 ? start + size : start, 0, size);
      end = CLAMP (end < 0 ? end + size : end, 0, size);
    }
  else
    {
      start = CLAMP (start < 0 ? start + size : start, size > 0 ? 0 : -1, size - 1);
      end = CLAMP (end < 0 ? end + size : end, -1, size - 1);
    }
  if (start == 0 && step == 1 && end == size)
    return x;
  if (step == -1 && !x->constant && start == size - 1 && end == -1 && axis != x->axis)
    return hl_onnx_reverse (self, x, (guint) axis, error);
  return hl_onnx_take (self, x, (guint) axis, start, MAX (0, (end - start + step - (step > 0 ? 1 : -1)) / step), step, error);
}

gboolean
hl_onnx_convert_slice (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_input (self, 0, error);
  const gint64 *lists[4] = { NULL };   /* starts, ends, axes, steps */
  guint n[4] = { 0 };

  if (!x)
    return FALSE;
  if (self->opset < 10)
    {
      lists[0] = hl_onnx_ints (self, "starts", &n[0]);
      lists[1] = hl_onnx_ints (self, "ends", &n[1]);
      lists[2] = hl_onnx_ints (self, "axes", &n[2]);
    }
  for (guint i = 0; self->opset >= 10 && i < 4; i++)
    if (hl_onnx_has_input (self, i + 1))
      {
        HlOnnxTensor *tensor = hl_onnx_ints_input (self, i + 1, error);

        if (!tensor)
          return FALSE;
        lists[i] = tensor->ints;
        n[i] = (guint) MIN (tensor->n, G_MAXUINT);
      }
  if (!lists[0] || n[1] != n[0] || (lists[2] && n[2] != n[0]) || (lists[3] && n[3] != n[0]))
    return hl_onnx_refuse (error, _("its starts, ends, axes and steps are not equally many."));
  for (guint i = 0; x && i < n[0]; i++)
    x = slice_axis (self, x, lists[2] ? lists[2][i] : i, lists[0][i], lists[1][i], lists[3] ? lists[3][i] : 1, error);
  if (x && x->constant)
    return hl_onnx_output_constant (self, 0, hl_onnx_tensor_ref (x->constant), error);
  return x && hl_onnx_output (self, 0, x, error);
}
