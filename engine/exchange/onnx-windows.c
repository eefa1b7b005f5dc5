/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX operators that slide a window: convolutions and pooling, on one, two and three axes behind batch and channel. One
 * axis is an image of one row. */

#include "engine/exchange/onnx-operators.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define MAX_AXES 3

typedef struct
{
  guint n;                                     /* axes that the window slides along */
  gint64 size[MAX_AXES], stride[MAX_AXES], dilation[MAX_AXES], before[MAX_AXES], after[MAX_AXES];
  gint64 input[MAX_AXES];
  gboolean ceil_mode;
} Window;

/* ---- Reading attributes ---- */

static gboolean
read_list (HlOnnxImport *self, const char *name, guint n, gint64 otherwise, gint64 *values, GError **error)
{
  guint given;
  const gint64 *list = hl_onnx_ints (self, name, &given);

  if (list && given != n)
    return hl_onnx_refuse (error, _("its attribute “%s” has %u numbers for %u axes."), name, given, n);
  for (guint i = 0; i < n; i++)
    {
      values[i] = list ? list[i] : otherwise;
      if (values[i] < 0 || values[i] > 1 << 20)
        return hl_onnx_refuse (error, _("its attribute “%s” holds %" PRId64 "."), name, values[i]);
    }
  return TRUE;
}

/* What SAME_UPPER and SAME_LOWER mean: as many windows as strides fit, what is odd after or before. */
static void
pad_same (Window *window, gboolean upper)
{
  for (guint i = 0; i < window->n; i++)
    {
      gint64 count = (window->input[i] + window->stride[i] - 1) / window->stride[i];
      gint64 pad = MAX (0, (count - 1) * window->stride[i] + window->dilation[i] * (window->size[i] - 1) + 1 - window->input[i]);

      window->before[i] = upper ? pad / 2 : pad - pad / 2;
      window->after[i] = pad - window->before[i];
    }
}

/* size 0: from the attribute kernel_shape. */
static gboolean
read_window (HlOnnxImport *self, const HlOnnxValue *x, const HlOnnxTensor *weight, Window *window, GError **error)
{
  g_autofree char *automatic = hl_onnx_string (self, "auto_pad", "NOTSET");
  gint64 pads[2 * MAX_AXES];

  if (x->n_dims < 3 || x->n_dims > 2 + MAX_AXES)
    return hl_onnx_refuse (error, _("its input has %u dimensions; batch, channel and one to three more are supported."), x->n_dims);
  window->n = x->n_dims - 2;
  for (guint i = 0; i < window->n; i++)
    window->input[i] = x->dim[i + 2];
  if (weight && weight->n_dims != x->n_dims)
    return hl_onnx_refuse (error, _("its weights have %u dimensions, its input %u."), weight->n_dims, x->n_dims);
  if (!read_list (self, "kernel_shape", window->n, 0, window->size, error) || !read_list (self, "strides", window->n, 1, window->stride, error)
      || !read_list (self, "dilations", window->n, 1, window->dilation, error) || !read_list (self, "pads", 2 * window->n, 0, pads, error))
    return FALSE;
  for (guint i = 0; i < window->n; i++)
    {
      if (weight && window->size[i] == 0)
        window->size[i] = (gint64) weight->dim[i + 2];
      if (weight && window->size[i] != (gint64) weight->dim[i + 2])
        return hl_onnx_refuse (error, _("its kernel_shape is not that of its weights."));
      if (window->size[i] < 1 || window->stride[i] < 1 || window->dilation[i] < 1)
        return hl_onnx_refuse (error, _("it has a window, stride or dilation of 0."));
      window->before[i] = pads[i];
      window->after[i] = pads[i + window->n];
    }
  window->ceil_mode = hl_onnx_int (self, "ceil_mode", 0) != 0;
  if (g_str_equal (automatic, "VALID"))
    memset (window->before, 0, sizeof window->before), memset (window->after, 0, sizeof window->after);
  else if (g_str_equal (automatic, "SAME_UPPER") || g_str_equal (automatic, "SAME_LOWER"))
    pad_same (window, g_str_equal (automatic, "SAME_UPPER"));
  else if (!g_str_equal (automatic, "NOTSET"))
    return hl_onnx_refuse (error, _("its auto_pad is “%s”."), automatic);
  return TRUE;
}

/* Pooling layers pad by at most half their window. */
static gboolean
is_padded_far (const Window *window)
{
  for (guint i = 0; i < window->n; i++)
    if (window->before[i] > window->size[i] / 2)
      return TRUE;
  return FALSE;
}

static gboolean
is_symmetric (const Window *window)
{
  for (guint i = 0; i < window->n; i++)
    if (window->before[i] != window->after[i])
      return FALSE;
  return TRUE;
}

/* ---- Images ---- */

/* One axis becomes the columns of an image of one row. */
static HlOnnxValue *
as_image (HlOnnxImport *self, HlOnnxValue *x, Window *window, GError **error)
{
  if (window->n != 1)
    return x;
  window->n = 2;
  window->size[1] = window->size[0], window->size[0] = 1;
  window->stride[1] = window->stride[0], window->stride[0] = 1;
  window->dilation[1] = window->dilation[0], window->dilation[0] = 1;
  window->before[1] = window->before[0], window->before[0] = 0;
  window->after[1] = window->after[0], window->after[0] = 0;
  window->input[1] = window->input[0], window->input[0] = 1;
  return hl_onnx_emit_shape (self, x, &HL_SHAPE_3 (x->shape.dim[0], 1, x->shape.dim[1]), error);
}

/* The image with its padding around it, where that differs between the sides. */
static HlOnnxValue *
pad_image (HlOnnxImport *self, HlOnnxValue *x, Window *window, double value, GError **error)
{
  HlOnnxValue *y = hl_onnx_emit (self, error, "pad", 1, &x, "mode", 0.0, "top", (double) window->before[0], "left", (double) window->before[1],
                                 "bottom", (double) window->after[0], "right", (double) window->after[1], "value", value, NULL);

  for (guint i = 0; i < 2; i++)
    {
      window->input[i] += window->before[i] + window->after[i];
      window->before[i] = window->after[i] = 0;
    }
  return y;
}

/* Batch, channels and what the layer gave; one axis again where it was one. */
static gboolean
output_image (HlOnnxImport *self, HlOnnxValue *y, guint n_dims, GError **error)
{
  gint64 dim[HL_ONNX_MAX_DIMS] = { self->batch, 0 };

  if (!y)
    return FALSE;
  for (guint i = 1; i < n_dims; i++)
    dim[i] = n_dims == 3 && i == 2 ? y->shape.dim[2] : y->shape.dim[i - 1];
  hl_onnx_set_dims (y, n_dims, dim, 0);
  return hl_onnx_output (self, 0, y, error);
}

/* ---- Convolution ---- */

/* Weights of one axis get one row. */
static HlOnnxTensor *
weights_of_image (const HlOnnxTensor *weight)
{
  const guint64 dim[4] = { weight->dim[0], weight->dim[1], 1, weight->dim[2] };

  return weight->n_dims == 3 ? hl_onnx_tensor_reshape (weight, 4, dim) : hl_onnx_tensor_reshape (weight, weight->n_dims, weight->dim);
}

static HlOnnxValue *
emit_conv (HlOnnxImport *self, HlOnnxValue *x, const Window *window, gint64 groups, guint64 filters, HlOnnxTensor *weight /* owned */,
           HlOnnxTensor *bias /* owned */, GError **error)
{
  guint first = window->n - 2;
  HlOnnxValue *y = hl_onnx_emit (self, error, "conv2d", 1, &x, "filters", (double) filters, "size_y", (double) window->size[first], "size_x",
                                 (double) window->size[first + 1], "stride_y", (double) window->stride[first], "stride_x",
                                 (double) window->stride[first + 1], "padding_y", (double) window->before[first], "padding_x",
                                 (double) window->before[first + 1], "dilation_y", (double) window->dilation[first], "dilation_x",
                                 (double) window->dilation[first + 1], "groups", (double) groups, "bias", bias ? 1.0 : 0.0, NULL);

  if (!y)
    {
      hl_onnx_tensor_unref (weight);
      hl_onnx_tensor_unref (bias);
      return NULL;
    }
  hl_onnx_weight (self, y, "weight", weight);
  hl_onnx_weight (self, y, "bias", bias);
  y->takes_bias = !bias;
  return y;
}

static HlOnnxValue *
emit_conv_3d (HlOnnxImport *self, HlOnnxValue *x, Window *window, gint64 groups, HlOnnxTensor *weight, HlOnnxTensor *bias, GError **error)
{
  HlOnnxValue *y;

  if (!is_symmetric (window))
    {
      hl_onnx_refuse (error, _("it pads differently on both sides of an axis."));
      return NULL;
    }
  y = hl_onnx_emit (self, error, "conv3d", 1, &x, "filters", (double) weight->dim[0], "size_z", (double) window->size[0], "size_y",
                    (double) window->size[1], "size_x", (double) window->size[2], "stride_z", (double) window->stride[0], "stride_y",
                    (double) window->stride[1], "stride_x", (double) window->stride[2], "padding_z", (double) window->before[0], "padding_y",
                    (double) window->before[1], "padding_x", (double) window->before[2], "dilation_z", (double) window->dilation[0],
                    "dilation_y", (double) window->dilation[1], "dilation_x", (double) window->dilation[2], "groups", (double) groups, "bias",
                    bias ? 1.0 : 0.0, NULL);
  if (!y)
    return NULL;
  hl_onnx_weight (self, y, "weight", hl_onnx_tensor_ref (weight));
  hl_onnx_weight (self, y, "bias", hl_onnx_tensor_ref (bias));
  return y;
}

gboolean
hl_onnx_convert_conv (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  HlOnnxTensor *weight = x ? hl_onnx_floats_input (self, 1, error) : NULL, *bias = NULL;
  gint64 groups = hl_onnx_int (self, "group", 1);
  guint n_dims;
  Window window;

  if (!weight || (hl_onnx_has_input (self, 2) && !(bias = hl_onnx_floats_input (self, 2, error)))
      || !(x = hl_onnx_move_batch (self, x, 0, error)) || !read_window (self, x, weight, &window, error))
    return FALSE;
  n_dims = x->n_dims;
  if (groups < 1 || weight->n == 0 || weight->dim[1] * (guint64) groups != x->shape.dim[0])
    return hl_onnx_refuse (error, _("its weights are for %" PRIu64 " channels, but it gets %u."), weight->dim[1] * (guint64) groups,
                           x->shape.dim[0]);
  if (window.n == 3)
    {
      y = emit_conv_3d (self, x, &window, groups, weight, bias, error);
      return y && hl_onnx_output (self, 0, y, error);
    }
  if (!(x = as_image (self, x, &window, error)) || (!is_symmetric (&window) && !(x = pad_image (self, x, &window, 0, error))))
    return FALSE;
  y = emit_conv (self, x, &window, groups, weight->dim[0], weights_of_image (weight), hl_onnx_tensor_ref (bias), error);
  return output_image (self, y, n_dims, error);
}

/* Padding from the wanted size of the output. */
static void
pad_for_output (Window *window, const gint64 *wanted, gint64 *extra, gboolean upper)
{
  for (guint i = 0; i < window->n; i++)
    {
      gint64 total = window->stride[i] * (window->input[i] - 1) + extra[i] + window->dilation[i] * (window->size[i] - 1) + 1 - wanted[i];

      window->before[i] = upper ? total / 2 : total - total / 2;
      window->after[i] = total - window->before[i];
    }
}

/* How much is cut off; the layer cuts the same on both sides and adds output padding after, so a smaller cut after is that;
 * what more there is to cut after, a slice does. */
static gboolean
read_transpose (HlOnnxImport *self, Window *window, gint64 *extra, gint64 *cut, GError **error)
{
  g_autofree char *automatic = hl_onnx_string (self, "auto_pad", "NOTSET");
  guint n;
  const gint64 *wanted = hl_onnx_ints (self, "output_shape", &n);
  gint64 sizes[MAX_AXES];

  if (!read_list (self, "output_padding", window->n, 0, extra, error))
    return FALSE;
  if (wanted && n != window->n)
    return hl_onnx_refuse (error, _("its attribute “output_shape” has %u numbers for %u axes."), n, window->n);
  for (guint i = 0; i < window->n; i++)
    sizes[i] = wanted ? wanted[i] : window->input[i] * window->stride[i];
  if (wanted || g_str_has_prefix (automatic, "SAME"))
    pad_for_output (window, sizes, extra, !g_str_equal (automatic, "SAME_LOWER") && (g_str_equal (automatic, "SAME_UPPER") || wanted));
  for (guint i = 0; i < window->n; i++)
    {
      gint64 less = window->before[i] - window->after[i];

      if (window->before[i] < 0)
        return hl_onnx_refuse (error, _("it adds places before its output, which the layer cannot."));
      extra[i] += MAX (less, 0);
      cut[i] = MAX (-less, 0);
    }
  return TRUE;
}

/* ---- Three axes, transposed ---- */

/* [in][out of a group][taps] turned into a convolution's [out][in of a group][taps], the taps in reverse. */
static HlOnnxTensor *
turn_weights (const HlOnnxTensor *weight, guint64 groups, GError **error)
{
  guint64 in = weight->dim[0] / groups, out = weight->dim[1], taps = weight->dim[2] * weight->dim[3] * weight->dim[4];
  const guint64 dim[5] = { out * groups, in, weight->dim[2], weight->dim[3], weight->dim[4] };
  HlOnnxTensor *turned = hl_onnx_tensor_new (weight->name, TRUE, 5, dim, error);

  for (guint64 to = 0; turned && to < out * groups; to++)
    for (guint64 from = 0; from < in; from++)
      {
        const float *source = weight->floats + ((to / out * in + from) * out + to % out) * taps;

        for (guint64 k = 0; k < taps; k++)
          turned->floats[(to * in + from) * taps + k] = source[taps - 1 - k];
      }
  return turned;
}

/* Puts the places of an axis a stride apart and as many zeros around them as the convolution needs for the wanted output. */
static HlOnnxValue *
spread_axis (HlOnnxImport *self, HlOnnxValue *x, const Window *window, guint axis, gint64 extra, gint64 cut, GError **error)
{
  gint64 reach = window->dilation[axis] * (window->size[axis] - 1), from = window->input[axis];
  gint64 output = window->stride[axis] * (from - 1) + extra + reach + 1 - 2 * window->before[axis] - cut;
  HlOnnxTensor *matrix;
  HlShape shape;

  if (output < 1 || output + reach > 1 << 16)
    {
      hl_onnx_refuse (error, _("its size for axis %u would be %" PRId64 "."), axis + 2, output);
      return NULL;
    }
  shape = HL_SHAPE_2 ((guint) (output + reach), (guint) from);
  if (!(matrix = hl_onnx_new_filled ("spread", &shape, error)))
    return NULL;
  for (gint64 i = 0; i < from; i++)
    {
      gint64 to = i * window->stride[axis] + reach - window->before[axis];

      if (to >= 0 && to < (gint64) matrix->dim[0])
        matrix->floats[to * from + i] = 1;
    }
  return hl_onnx_emit_matrix (self, x, axis + 2, matrix, error);
}

/* There is no such layer: a convolution over the input with its places set apart. Where they stay together its own padding does. */
static HlOnnxValue *
emit_conv_transpose_3d (HlOnnxImport *self, HlOnnxValue *x, const Window *window, const gint64 *extra, const gint64 *cut, gint64 groups,
                        const HlOnnxTensor *weight, HlOnnxTensor *bias, GError **error)
{
  Window inner = *window;
  g_autoptr (HlOnnxTensor) turned = NULL;

  if (weight->n == 0 || weight->dim[0] % (guint64) groups != 0)
    {
      hl_onnx_refuse (error, _("its weights do not fit its groups."));
      return NULL;
    }
  for (guint i = 0; x && i < 3; i++)
    {
      gint64 pad = window->dilation[i] * (window->size[i] - 1) - window->before[i];
      gboolean whole = window->stride[i] == 1 && extra[i] == 0 && cut[i] == 0 && pad >= 0;

      inner.stride[i] = 1;
      inner.before[i] = inner.after[i] = whole ? pad : 0;
      if (!whole)
        x = spread_axis (self, x, window, i, extra[i], cut[i], error);
    }
  turned = x ? turn_weights (weight, (guint64) groups, error) : NULL;
  return turned ? emit_conv_3d (self, x, &inner, groups, turned, bias, error) : NULL;
}

gboolean
hl_onnx_convert_conv_transpose (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  HlOnnxTensor *weight = x ? hl_onnx_floats_input (self, 1, error) : NULL, *bias = NULL;
  gint64 groups = hl_onnx_int (self, "group", 1), extra[MAX_AXES] = { 0 }, cut[MAX_AXES] = { 0 };
  guint n_dims;
  Window window;

  if (!weight || (hl_onnx_has_input (self, 2) && !(bias = hl_onnx_floats_input (self, 2, error)))
      || !(x = hl_onnx_move_batch (self, x, 0, error)) || !read_window (self, x, weight, &window, error)
      || !read_transpose (self, &window, extra, cut, error))
    return FALSE;
  n_dims = x->n_dims;
  if (groups < 1 || weight->dim[0] != x->shape.dim[0])
    return hl_onnx_refuse (error, _("its weights are for %" PRIu64 " channels, but it gets %u."), weight->dim[0], x->shape.dim[0]);
  if (window.n == 3)
    {
      y = emit_conv_transpose_3d (self, x, &window, extra, cut, groups, weight, bias, error);
      return y && hl_onnx_output (self, 0, y, error);
    }
  if (window.n == 1)
    extra[1] = extra[0], extra[0] = 0, cut[1] = cut[0], cut[0] = 0;
  if (!(x = as_image (self, x, &window, error)))
    return FALSE;
  y = hl_onnx_emit (self, error, "conv_transpose2d", 1, &x, "filters", (double) weight->dim[1] * (double) groups, "size_y", (double) window.size[0],
                    "size_x", (double) window.size[1], "stride_y", (double) window.stride[0], "stride_x", (double) window.stride[1], "padding_y",
                    (double) window.before[0], "padding_x", (double) window.before[1], "output_padding_y", (double) extra[0], "output_padding_x",
                    (double) extra[1], "dilation_y", (double) window.dilation[0], "dilation_x", (double) window.dilation[1], "groups",
                    (double) groups, "bias", bias ? 1.0 : 0.0, NULL);
  if (!y)
    return FALSE;
  hl_onnx_weight (self, y, "weight", weights_of_image (weight));
  hl_onnx_weight (self, y, "bias", hl_onnx_tensor_ref (bias));
  y->takes_bias = !bias && cut[0] == 0 && cut[1] == 0;
  for (guint i = 0; y && i < 2; i++)
    if (cut[i] > 0)
      y = hl_onnx_emit (self, error, "slice", 1, &y, "axis", i + 1.0, "start", 0.0, "length", (double) y->shape.dim[i + 1] - (double) cut[i], NULL);
  return output_image (self, y, n_dims, error);
}

/* ---- Pooling ---- */

static HlOnnxValue *
emit_pool (HlOnnxImport *self, HlOnnxValue *x, const Window *window, gboolean include, GError **error)
{
  gboolean is_max = g_str_equal (self->operator->layer, "max_pool2d");

  if (is_max)
    return hl_onnx_emit (self, error, "max_pool2d", 1, &x, "size_y", (double) window->size[0], "size_x", (double) window->size[1], "stride_y",
                         (double) window->stride[0], "stride_x", (double) window->stride[1], "padding_y", (double) window->before[0], "padding_x",
                         (double) window->before[1], "dilation_y", (double) window->dilation[0], "dilation_x", (double) window->dilation[1],
                         "ceil_mode", (double) window->ceil_mode, NULL);
  if (window->dilation[0] != 1 || window->dilation[1] != 1)
    {
      hl_onnx_refuse (error, _("its attribute “dilations” is not 1."));
      return NULL;
    }
  return hl_onnx_emit (self, error, "avg_pool2d", 1, &x, "size_y", (double) window->size[0], "size_x", (double) window->size[1], "stride_y",
                       (double) window->stride[0], "stride_x", (double) window->stride[1], "padding_y", (double) window->before[0], "padding_x",
                       (double) window->before[1], "ceil_mode", (double) window->ceil_mode, "count_include_pad", (double) include, NULL);
}

/* How many of a window's places lie inside the image. */
static gint64
count_inside (const Window *window, guint axis, gint64 at)
{
  gint64 first = at * window->stride[axis] - window->before[axis], n = 0;

  for (gint64 tap = 0; tap < window->size[axis]; tap++)
    n += first + tap >= 0 && first + tap < window->input[axis];
  return n;
}

/* Averages that leave padding out where it differs between the sides: those over zeros, times size over what counts. */
static HlOnnxValue *
emit_lopsided_average (HlOnnxImport *self, HlOnnxValue *x, const Window *window, GError **error)
{
  Window padded = *window;
  g_autoptr (HlOnnxTensor) factor = NULL;
  guint rows, columns;
  HlOnnxValue *pair[2];

  if (!(x = pad_image (self, x, &padded, 0, error)) || !(pair[0] = emit_pool (self, x, &padded, TRUE, error)))
    return NULL;
  rows = pair[0]->shape.dim[1], columns = pair[0]->shape.dim[2];
  if (!(factor = hl_onnx_new_filled ("", &pair[0]->shape, error)))
    return NULL;
  for (gsize i = 0; i < factor->n; i++)
    factor->floats[i] = (float) (window->size[0] * window->size[1])
                        / (float) MAX (1, count_inside (window, 0, (gint64) (i / columns % rows)) * count_inside (window, 1, (gint64) (i % columns)));
  pair[1] = hl_onnx_emit_constant (self, factor, error);
  return pair[1] ? hl_onnx_emit (self, error, "mul", 2, pair, NULL) : NULL;
}

static HlOnnxValue *
pool_image (HlOnnxImport *self, HlOnnxValue *x, Window *window, gboolean include, GError **error)
{
  gboolean is_max = g_str_equal (self->operator->layer, "max_pool2d");

  if (is_symmetric (window) && !is_padded_far (window))
    return emit_pool (self, x, window, include, error);
  if (!is_max && !include)
    return emit_lopsided_average (self, x, window, error);
  x = pad_image (self, x, window, is_max ? -(double) G_MAXFLOAT : 0, error);
  return x ? emit_pool (self, x, window, include, error) : NULL;
}

/* Three axes: first rows and columns of every depth, then the depths with all pixels as columns. */
static HlOnnxValue *
pool_volume (HlOnnxImport *self, HlOnnxValue *x, const Window *window, gboolean include, GError **error)
{
  const HlShape *shape = &x->shape;
  Window flat = { 2, { window->size[1], window->size[2] }, { window->stride[1], window->stride[2] }, { window->dilation[1], window->dilation[2] },
                  { window->before[1], window->before[2] }, { window->after[1], window->after[2] }, { window->input[1], window->input[2] },
                  window->ceil_mode };
  Window deep = { 2, { window->size[0], 1 }, { window->stride[0], 1 }, { window->dilation[0], 1 }, { window->before[0], 0 },
                  { window->after[0], 0 }, { window->input[0], 0 }, window->ceil_mode };
  guint channels = shape->dim[0], depth = shape->dim[1];
  HlOnnxValue *y = hl_onnx_emit_shape (self, x, &HL_SHAPE_3 (channels * depth, shape->dim[2], shape->dim[3]), error);
  gint64 dim[5];

  if (!y || !(y = pool_image (self, y, &flat, include, error)))
    return NULL;
  dim[3] = y->shape.dim[1], dim[4] = y->shape.dim[2];
  deep.input[1] = dim[3] * dim[4];
  y = hl_onnx_emit_shape (self, y, &HL_SHAPE_3 (channels, depth, (guint) deep.input[1]), error);
  if (!y || !(y = pool_image (self, y, &deep, include, error)))
    return NULL;
  dim[0] = self->batch, dim[1] = channels, dim[2] = y->shape.dim[1];
  hl_onnx_set_dims (y, 5, dim, 0);
  return y;
}

gboolean
hl_onnx_convert_pool (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  gboolean include = hl_onnx_int (self, "count_include_pad", 0) != 0;
  Window window;
  guint n_dims;

  /* This is about the second output only. */
  hl_onnx_int (self, "storage_order", 0);
  if (hl_onnx_wants_output (self, 1))
    return hl_onnx_refuse (error, _("its output “Indices” holds whole numbers, which no layer makes."));
  if (!x || !(x = hl_onnx_move_batch (self, x, 0, error)) || !read_window (self, x, NULL, &window, error))
    return FALSE;
  n_dims = x->n_dims;
  if (window.n == 3)
    {
      y = pool_volume (self, x, &window, include, error);
      return y && hl_onnx_output (self, 0, y, error);
    }
  if (!(x = as_image (self, x, &window, error)))
    return FALSE;
  return output_image (self, pool_image (self, x, &window, include, error), n_dims, error);
}
