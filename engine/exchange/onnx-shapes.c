/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX operators that only arrange numbers: shapes, axes, parts, and putting together. Of constants they are carried out
 * at once. */

#include "engine/exchange/onnx-operators.h"

#include <inttypes.h>
#include <string.h>

/* The value, seen with these axes; numbers and their order stay. */
static gboolean
output_reshaped (HlOnnxImport *self, HlOnnxValue *x, guint n_dims, const gint64 *dim, int axis, GError **error)
{
  HlOnnxValue *view;

  if (x->constant)
    {
      guint64 sizes[HL_ONNX_MAX_DIMS], count = 1;

      for (guint i = 0; i < n_dims; i++)
        {
          sizes[i] = (guint64) dim[i];
          if (dim[i] > 0 && count > ((guint64) 1 << 40) / sizes[i])
            return hl_onnx_refuse (error, _("its shape is too large."));
          count *= sizes[i];
        }
      if (count != x->constant->n)
        return hl_onnx_refuse (error, _("its shape has %" PRIu64 " numbers, but it gets %zu."), count, x->constant->n);
      return hl_onnx_output_constant (self, 0, hl_onnx_tensor_reshape (x->constant, n_dims, sizes), error);
    }
  view = g_memdup2 (x, sizeof *x);
  g_ptr_array_add (self->owned, view);
  view->takes_bias = FALSE;
  hl_onnx_set_dims (view, n_dims, dim, axis);
  return hl_onnx_output (self, 0, view, error);
}

/* ---- Reshape ---- */

/* The batch on an axis in the middle, with the same axes before it. */
static gboolean
keeps_batch (HlOnnxImport *self, const HlOnnxValue *x, guint n, const gint64 *dim)
{
  if (x->axis < 1 || (int) n <= x->axis || dim[x->axis] != self->batch)
    return FALSE;
  for (int i = 0; i < x->axis; i++)
    if (dim[i] != x->dim[i])
      return FALSE;
  return TRUE;
}

/* The shape as the operator means it: 0 copies an axis, -1 is what is left over. The batch must be found in it again. */
static gboolean
resolve_shape (HlOnnxImport *self, const HlOnnxValue *x, guint n, const gint64 *wanted, gboolean allow_zero, gint64 *dim, int *axis, GError **error)
{
  double left = 1, given = 1;
  int open = -1;

  if (n > HL_ONNX_MAX_DIMS)
    return hl_onnx_refuse (error, _("its shape has %u dimensions."), n);
  for (guint i = 0; i < x->n_dims; i++)
    left *= (double) x->dim[i];
  for (guint i = 0; i < n; i++)
    {
      dim[i] = wanted[i] == 0 && !allow_zero && i < x->n_dims ? x->dim[i] : wanted[i];
      if (wanted[i] == HL_ONNX_ANY_BATCH && (int) i == x->axis && self->batch < 0)
        dim[i] = self->batch, given *= -1;
      else if (wanted[i] == -1 && open < 0)
        open = (int) i;
      else if (wanted[i] < 0 || (wanted[i] == 0 && !x->constant && (allow_zero || i >= x->n_dims)) || wanted[i] > G_MAXINT32)
        return hl_onnx_refuse (error, _("its shape has %" PRId64 " as size %u."), wanted[i], i + 1);
      else
        given *= (double) dim[i];
    }
  *axis = HL_ONNX_WHOLE;
  if (x->axis < 0)
    ;
  else if (x->axis == 0 && n > 0
           && (dim[0] == self->batch || (open == 0 && (self->batch < 0 || given * (double) self->batch == left))))
    {
      *axis = 0;
      dim[0] = self->batch;
      open = open == 0 ? -1 : open;   /* what was left over is the batch */
    }
  else if (keeps_batch (self, x, n, dim))
    *axis = x->axis;
  else if (self->batch < 0)
    return hl_onnx_refuse_mixed (error, _("its shape mixes the samples of a batch, or does not leave the batch open."));
  if (open >= 0)
    {
      if (left / given > G_MAXINT32 || given == 0)
        return hl_onnx_refuse (error, _("its shape does not fit what it gets."));
      dim[open] = (gint64) (left / given);
    }
  return TRUE;
}

/* Whether both hold as many numbers a sample. */
static gboolean
same_count (const HlOnnxValue *x, guint n, const gint64 *dim, int axis)
{
  double a = 1, b = 1;

  for (guint i = 0; i < x->n_dims; i++)
    a *= (int) i == x->axis && axis >= 0 ? 1 : (double) x->dim[i];
  for (guint i = 0; i < n; i++)
    b *= (int) i == axis && axis >= 0 ? 1 : (double) dim[i];
  return a == b;
}

gboolean
hl_onnx_convert_reshape (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_input (self, 0, error);
  gboolean allow_zero = hl_onnx_int (self, "allowzero", 0) != 0;
  gint64 dim[HL_ONNX_MAX_DIMS];
  const gint64 *wanted;
  guint n;
  int axis = HL_ONNX_WHOLE;

  hl_onnx_attribute (self, "consumed_inputs");
  if (!x)
    return FALSE;
  if (self->opset < 5)
    wanted = hl_onnx_ints (self, "shape", &n);
  else
    {
      HlOnnxTensor *shape = hl_onnx_shape_input (self, 1, error);

      if (!shape)
        return FALSE;
      wanted = shape->ints;
      n = (guint) MIN (shape->n, HL_ONNX_MAX_DIMS + 1);
    }
  if (!resolve_shape (self, x, n, wanted, allow_zero, dim, &axis, error))
    return FALSE;
  if (x->axis >= 0 && axis < 0 && !(x = hl_onnx_move_batch (self, x, HL_ONNX_WHOLE, error)))
    return FALSE;
  if (!x->constant && !same_count (x, n, dim, axis))
    return hl_onnx_refuse (error, _("its shape does not hold as many numbers as come in."));
  return output_reshaped (self, x, n, dim, axis, error);
}

/* The axes before `axis` become one, and those from it on. */
gboolean
hl_onnx_convert_flatten (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_input (self, 0, error);
  gint64 axis = hl_onnx_int (self, "axis", 1), dim[2] = { 1, 1 };

  if (!x)
    return FALSE;
  if (axis < 0)
    axis += x->n_dims;
  if (axis < 0 || axis > x->n_dims)
    return hl_onnx_refuse (error, _("its axis is not one of the %u of its input."), x->n_dims);
  if (x->axis >= 0 && (x->axis != 0 || axis != 1) && !(x = hl_onnx_move_batch (self, x, HL_ONNX_WHOLE, error)))
    return FALSE;
  for (guint i = 0; i < x->n_dims; i++)
    dim[i >= axis] *= x->dim[i];
  return output_reshaped (self, x, 2, dim, x->axis, error);
}

/* ---- Axes of size 1 ---- */

/* The axes as bits; from an attribute, or since set 13 from an input. */
static gboolean
read_axes (HlOnnxImport *self, guint n_dims, guint64 *axes, gboolean *given, GError **error)
{
  guint n;
  const gint64 *list = hl_onnx_ints (self, "axes", &n);

  *axes = 0;
  if (hl_onnx_has_input (self, 1))
    {
      HlOnnxTensor *tensor = hl_onnx_ints_input (self, 1, error);

      if (!tensor)
        return FALSE;
      list = tensor->ints;
      n = (guint) MIN (tensor->n, 64);
    }
  *given = list != NULL;
  for (guint i = 0; list && i < n; i++)
    {
      gint64 axis = list[i];

      if (!hl_onnx_normalize_axis (&axis, n_dims, error))
        return FALSE;
      if (*axes >> axis & 1)
        return hl_onnx_refuse (error, _("it names the axis %" PRId64 " twice."), axis);
      *axes |= (guint64) 1 << axis;
    }
  return TRUE;
}

gboolean
hl_onnx_convert_squeeze (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_input (self, 0, error);
  gint64 dim[HL_ONNX_MAX_DIMS];
  guint64 axes;
  gboolean given;
  guint n = 0;
  int axis = HL_ONNX_WHOLE;

  if (!x || !read_axes (self, x->n_dims, &axes, &given, error))
    return FALSE;
  if (!given)
    for (guint i = 0; i < x->n_dims; i++)
      axes |= (guint64) (x->dim[i] == 1) << i;
  if (x->axis >= 0 && axes >> x->axis & 1 && !(x = hl_onnx_move_batch (self, x, HL_ONNX_WHOLE, error)))
    return FALSE;
  for (guint i = 0; i < x->n_dims; i++)
    {
      if (axes >> i & 1)
        {
          if (x->dim[i] != 1)
            return hl_onnx_refuse (error, _("the axis %u has the size %" PRId64 ", not 1."), i, x->dim[i]);
          continue;
        }
      if ((int) i == x->axis)
        axis = (int) n;
      dim[n++] = x->dim[i];
    }
  return output_reshaped (self, x, n, dim, axis, error);
}

gboolean
hl_onnx_convert_unsqueeze (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_input (self, 0, error);
  gint64 dim[HL_ONNX_MAX_DIMS];
  guint64 axes;
  gboolean given;
  guint n, at = 0;
  int axis = HL_ONNX_WHOLE;

  if (!x)
    return FALSE;
  if (hl_onnx_has_input (self, 1))
    {
      HlOnnxTensor *tensor = hl_onnx_ints_input (self, 1, error);

      if (!tensor)
        return FALSE;
      n = (guint) MIN (tensor->n, 64);
    }
  else
    hl_onnx_ints (self, "axes", &n);
  n += x->n_dims;
  if (n > HL_ONNX_MAX_DIMS)
    return hl_onnx_refuse (error, _("it makes %u dimensions."), n);
  if (!read_axes (self, n, &axes, &given, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      if (!(axes >> i & 1) && (int) at == x->axis)
        axis = (int) i;
      dim[i] = axes >> i & 1 ? 1 : x->dim[at++];
    }
  return output_reshaped (self, x, n, dim, axis, error);
}

/* ---- Transpose ---- */

gboolean
hl_onnx_convert_transpose (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_input (self, 0, error), *y;
  guint n, order[HL_ONNX_MAX_DIMS], seen = 0, at = 0;
  const gint64 *given = hl_onnx_ints (self, "perm", &n);
  double axes[HL_MAX_DIMS] = { -1, -1, -1, -1, -1 };
  gint64 dim[HL_ONNX_MAX_DIMS];
  gboolean moved = FALSE;
  int axis = HL_ONNX_WHOLE;

  if (!x)
    return FALSE;
  if (given && n != x->n_dims)
    return hl_onnx_refuse (error, _("its attribute “perm” names %u axes, but there are %u."), n, x->n_dims);
  for (guint i = 0; i < x->n_dims; i++)
    {
      gint64 source = given ? given[i] : (gint64) x->n_dims - 1 - i;

      if (source < 0 || source >= x->n_dims || seen >> source & 1)
        return hl_onnx_refuse (error, _("its attribute “perm” is no order of axes."));
      seen |= 1u << source;
      order[i] = (guint) source;
      dim[i] = x->dim[source];
      if (source == x->axis)
        axis = (int) i;
      else if (!x->constant && at < HL_MAX_DIMS)
        {
          axes[at] = (double) (source - (x->axis >= 0 && source > x->axis));
          moved |= axes[at] != at;
          at++;
        }
    }
  if (x->constant)
    return hl_onnx_output_constant (self, 0, hl_onnx_tensor_permute (x->constant, order), error);
  if (!moved)
    return output_reshaped (self, x, x->n_dims, dim, axis, error);
  y = hl_onnx_emit (self, error, "permute", 1, &x, "axis_1", axes[0], "axis_2", axes[1], "axis_3", axes[2], "axis_4", axes[3], "axis_5", axes[4],
                    NULL);
  if (!y)
    return FALSE;
  hl_onnx_set_dims (y, x->n_dims, dim, axis);
  return hl_onnx_output (self, 0, y, error);
}

/* ---- Putting together ---- */

/* More than a layer takes are joined in steps. */
HlOnnxValue *
hl_onnx_join (HlOnnxImport *self, HlOnnxValue **values, guint n, guint sample_axis, guint axis, GError **error)
{
  HlOnnxValue *y = values[0];
  gint64 dim[HL_ONNX_MAX_DIMS];

  memcpy (dim, values[0]->dim, sizeof dim);
  for (guint at = 1; at < n;)
    {
      HlOnnxValue *inputs[HL_MAX_INPUTS] = { y };
      guint k = 1;

      while (k < HL_MAX_INPUTS && at < n)
        {
          dim[axis] += values[at]->dim[axis];
          inputs[k++] = values[at++];
        }
      y = sample_axis == 0 ? hl_onnx_emit (self, error, "concat", k, inputs, NULL)
                           : hl_onnx_emit (self, error, "concat", k, inputs, "axis", (double) sample_axis, NULL);
      if (!y)
        return NULL;
      hl_onnx_set_dims (y, values[0]->n_dims, dim, values[0]->axis);
    }
  return y;
}

/* All are constants: their parts in turn for each place before the axis. */
static HlOnnxTensor *
join_constants (HlOnnxValue *const *values, guint n, guint axis, GError **error)
{
  const HlOnnxTensor *first = values[0]->constant;
  gsize outer = 1, inner = 1, at = 0, size = first->is_float ? sizeof (float) : sizeof (gint64);
  guint64 dim[HL_ONNX_MAX_DIMS];
  HlOnnxTensor *result;
  guint8 *to;

  memcpy (dim, first->dim, sizeof dim);
  dim[axis] = 0;
  for (guint i = 0; i < n; i++)
    {
      const HlOnnxTensor *one = values[i]->constant;

      for (guint k = 0; k < MAX (first->n_dims, one->n_dims); k++)
        if (one->is_float != first->is_float || one->n_dims != first->n_dims || (k != axis && one->dim[k] != first->dim[k]))
          {
            hl_onnx_refuse (error, _("its constants do not fit each other."));
            return NULL;
          }
      dim[axis] += one->dim[axis];
    }
  for (guint k = 0; k < first->n_dims; k++)
    *(k < axis ? &outer : &inner) *= k == axis ? 1 : dim[k];
  if (!(result = hl_onnx_tensor_new (first->name, first->is_float, first->n_dims, dim, error)))
    return NULL;
  to = first->is_float ? (guint8 *) result->floats : (guint8 *) result->ints;
  for (gsize place = 0; place < outer; place++)
    for (guint i = 0; i < n; i++)
      {
        const HlOnnxTensor *one = values[i]->constant;
        gsize length = one->dim[axis] * inner * size;

        memcpy (to + at, (one->is_float ? (guint8 *) one->floats : (guint8 *) one->ints) + place * length, length);
        at += length;
      }
  return result;
}

gboolean
hl_onnx_convert_concat (HlOnnxImport *self, GError **error)
{
  guint n = hl_onnx_n_inputs (self), sample = 0, n_constant = 0;
  g_autofree HlOnnxValue **values = g_new0 (HlOnnxValue *, MAX (n, 1));
  gint64 axis = hl_onnx_int (self, "axis", self->opset < 4 ? 1 : G_MININT32);
  HlOnnxValue *y, *computed = NULL;

  for (guint i = 0; i < n; i++)
    {
      if (!(values[i] = hl_onnx_input (self, i, error)))
        return FALSE;
      n_constant += values[i]->constant != NULL;
      computed = values[i]->constant ? computed : values[i];
    }
  if (n == 0 || axis == G_MININT32 || !hl_onnx_normalize_axis (&axis, values[0]->n_dims, error))
    return n > 0 && axis != G_MININT32 ? FALSE : hl_onnx_refuse (error, _("it has no axis or no inputs."));
  if (n_constant == n)
    {
      HlOnnxTensor *joined = join_constants (values, n, (guint) axis, error);

      return joined && hl_onnx_output_constant (self, 0, joined, error);
    }
  for (guint i = 0; i < n; i++)
    if (values[i]->constant)
      {
        if (!(values[i] = hl_onnx_emit_constant (self, values[i]->constant, error)))
          return FALSE;
      }
  if (computed && computed->axis == axis && !(computed = hl_onnx_move_batch (self, computed, HL_ONNX_WHOLE, error)))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      if (values[i]->n_dims != values[0]->n_dims)
        return hl_onnx_refuse (error, _("its inputs have %u and %u dimensions."), values[0]->n_dims, values[i]->n_dims);
      if (!(values[i] = hl_onnx_move_batch (self, values[i], computed ? computed->axis : HL_ONNX_WHOLE, error))
          || !hl_onnx_sample_axis (self, &values[i], axis, &sample, error))
        return FALSE;
    }
  y = hl_onnx_join (self, values, n, sample, (guint) axis, error);
  return y && hl_onnx_output (self, 0, y, error);
}

/* ---- Pad ---- */

static gboolean
read_pads (HlOnnxImport *self, const gint64 **pads, guint *n, double *value, GError **error)
{
  HlOnnxTensor *tensor;

  *value = 0;
  if (self->opset < 11)
    {
      *pads = hl_onnx_ints (self, self->opset < 2 ? "paddings" : "pads", n);
      *value = hl_onnx_float (self, "value", 0);
      return *pads || hl_onnx_refuse (error, _("its attribute “pads” is missing."));
    }
  if (!(tensor = hl_onnx_ints_input (self, 1, error)))
    return FALSE;
  *pads = tensor->ints;
  *n = (guint) MIN (tensor->n, G_MAXUINT);
  if (!hl_onnx_has_input (self, 2))
    return TRUE;
  if (!(tensor = hl_onnx_floats_input (self, 2, error)))
    return FALSE;
  *value = tensor->n > 0 ? (double) tensor->floats[0] : 0;
  return tensor->n <= 1 || hl_onnx_refuse (error, _("its value is not one number."));
}

/* Rows and columns are padded by the layer; a value is seen so that the padded axes are its last two. */
gboolean
hl_onnx_convert_pad (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  g_autofree char *mode = hl_onnx_string (self, "mode", "constant");
  const char *const modes[] = { "constant", "reflect", "edge" };
  const gint64 *pads;
  double value, sides[2][2] = { { 0, 0 }, { 0, 0 } };
  gint64 dim[HL_ONNX_MAX_DIMS];
  guint n, choice = 0;
  int last = -1;

  if (!x || !read_pads (self, &pads, &n, &value, error))
    return FALSE;
  while (choice < 3 && !g_str_equal (mode, modes[choice]))
    choice++;
  if (choice == 3)
    return hl_onnx_refuse (error, _("its mode is “%s”."), mode);
  if (n != 2 * x->n_dims)
    return hl_onnx_refuse (error, _("it has %u paddings for %u dimensions."), n, x->n_dims);
  memcpy (dim, x->dim, sizeof dim);
  for (guint i = 0; i < x->n_dims; i++)
    {
      gint64 before = pads[i], after = pads[i + x->n_dims];
      guint sample;

      if (before == 0 && after == 0)
        continue;
      if (before < 0 || after < 0)
        return hl_onnx_refuse (error, _("it pads by %" PRId64 "; negative padding is not supported."), MIN (before, after));
      if (!hl_onnx_sample_axis (self, &x, i, &sample, error))
        return FALSE;
      last = (int) x->shape.n_dims - 1 - (int) sample;   /* counted from the end */
      if (last > 1 || (x->shape.n_dims < 2 && last > 0))
        return hl_onnx_refuse (error, _("it pads the axis %u; only the last two, of an image, can be padded."), i);
      sides[1 - last][0] = (double) before;
      sides[1 - last][1] = (double) after;
      dim[i] += before + after;
    }
  y = hl_onnx_emit (self, error, "pad", 1, &x, "mode", (double) choice, "top", sides[0][0], "left", sides[1][0], "bottom", sides[0][1], "right",
                    sides[1][1], "value", value, NULL);
  if (!y)
    return FALSE;
  hl_onnx_set_dims (y, x->n_dims, dim, x->axis);
  return hl_onnx_output (self, 0, y, error);
}
