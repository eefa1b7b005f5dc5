/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX operators that make fewer or more numbers along whole axes: global pooling, ReduceMean, Upsample and Resize. */

#include "engine/exchange/onnx-operators.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- Whole axes into one number ---- */

/* The sample with the reduced axes (bits) last and joined, pooled. */
static HlOnnxValue *
pool_axes (HlOnnxImport *self, HlOnnxValue *x, const char *layer, guint reduced, GError **error)
{
  double order[HL_MAX_DIMS] = { -1, -1, -1, -1, -1 };
  guint at = 0, kept = 1, joined = 1;
  gboolean moved = FALSE;

  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < x->shape.n_dims; i++)
      if ((reduced >> i & 1) == pass)
        {
          order[at] = i;
          moved |= at++ != i;
          *(pass ? &joined : &kept) *= x->shape.dim[i];
        }
  if (moved
      && !(x = hl_onnx_emit (self, error, "permute", 1, &x, "axis_1", order[0], "axis_2", order[1], "axis_3", order[2], "axis_4", order[3],
                             "axis_5", order[4], NULL)))
    return NULL;
  if (!(x = hl_onnx_emit_shape (self, x, &HL_SHAPE_3 (kept, 1, joined), error)))
    return NULL;
  return hl_onnx_emit (self, error, layer, 1, &x, "keepdim", 0.0, NULL);
}

gboolean
hl_onnx_convert_global_pool (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  gint64 dim[HL_ONNX_MAX_DIMS];

  if (!x || !(x = hl_onnx_move_batch (self, x, 0, error)))
    return FALSE;
  if (x->shape.n_dims < 2)
    return hl_onnx_refuse (error, _("its input has %u dimensions; batch, channel and at least one more are needed."), x->n_dims);
  y = x->shape.n_dims == 3 ? hl_onnx_emit (self, error, self->operator->layer, 1, &x, "keepdim", 1.0, NULL)
                           : pool_axes (self, x, self->operator->layer, ~1u, error);
  if (!y)
    return FALSE;
  for (guint i = 0; i < x->n_dims; i++)
    dim[i] = i < 2 ? x->dim[i] : 1;
  hl_onnx_set_dims (y, x->n_dims, dim, 0);
  return hl_onnx_output (self, 0, y, error);
}

gboolean
hl_onnx_convert_reduce_mean (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  gboolean keep = hl_onnx_int (self, "keepdims", 1) != 0;
  guint n, reduced = 0, at = 0;
  const gint64 *axes = hl_onnx_ints (self, "axes", &n);
  gint64 all[HL_ONNX_MAX_DIMS], dim[HL_ONNX_MAX_DIMS];
  guint64 bits = 0;
  int axis = HL_ONNX_WHOLE;

  if (!x)
    return FALSE;
  if (hl_onnx_has_input (self, 1))
    {
      HlOnnxTensor *tensor = hl_onnx_ints_input (self, 1, error);

      if (!tensor)
        return FALSE;
      axes = tensor->n > 0 ? tensor->ints : NULL;
      n = (guint) MIN (tensor->n, HL_ONNX_MAX_DIMS);
    }
  if (hl_onnx_int (self, "noop_with_empty_axes", 0) != 0)
    return hl_onnx_refuse (error, _("its attribute “noop_with_empty_axes” is not 0."));
  for (guint i = 0; i < x->n_dims; i++)
    all[i] = i;
  for (guint i = 0; i < (axes ? n : x->n_dims); i++)
    {
      gint64 one = axes ? axes[i] : all[i];

      if (!hl_onnx_normalize_axis (&one, x->n_dims, error))
        return FALSE;
      bits |= (guint64) 1 << one;
    }
  if (x->axis >= 0 && bits >> x->axis & 1 && !(x = hl_onnx_move_batch (self, x, HL_ONNX_WHOLE, error)))
    return FALSE;
  for (guint i = 0, k = 0; i < x->n_dims; i++)
    if ((int) i != x->axis)
      reduced |= (guint) (bits >> i & 1) << k++;
  for (guint i = 0; i < x->n_dims; i++)
    {
      if (!keep && bits >> i & 1)
        continue;
      if ((int) i == x->axis)
        axis = (int) at;
      dim[at++] = bits >> i & 1 ? 1 : x->dim[i];
    }
  if (!(y = pool_axes (self, x, "global_avg_pool", reduced, error)))
    return FALSE;
  hl_onnx_set_dims (y, at, dim, axis);
  return hl_onnx_output (self, 0, y, error);
}

/* ---- Resizing ---- */

typedef struct
{
  gboolean linear, align;
  char *transform, *nearest;
  double scale[HL_ONNX_MAX_DIMS];
  gint64 size[HL_ONNX_MAX_DIMS];
} Resize;

/* Scales, or sizes that give them. */
static gboolean
read_sizes (HlOnnxImport *self, const HlOnnxValue *x, Resize *resize, GError **error)
{
  guint scales_at = self->opset < 11 ? 1 : 2;
  HlOnnxTensor *scales = NULL, *sizes = NULL;

  if (self->opset >= 11 && hl_onnx_has_input (self, 3))
    {
      if (!(sizes = hl_onnx_ints_input (self, 3, error)))
        return FALSE;
    }
  else if (!(scales = hl_onnx_floats_input (self, scales_at, error)))
    return FALSE;
  if ((sizes ? sizes->n : scales->n) != x->n_dims)
    return hl_onnx_refuse (error, _("it has not one scale or size for each of %u axes."), x->n_dims);
  for (guint i = 0; i < x->n_dims; i++)
    {
      gint64 from = MAX (x->dim[i], 1);

      resize->scale[i] = sizes ? (double) sizes->ints[i] / (double) from : (double) scales->floats[i];
      if (!(resize->scale[i] > 0 && resize->scale[i] < 1e6))
        return hl_onnx_refuse (error, _("its scale for axis %u is %g."), i, resize->scale[i]);
      resize->size[i] = sizes ? sizes->ints[i] : (gint64) floor ((double) from * resize->scale[i]);
      if (resize->size[i] < 1 || resize->size[i] > 1 << 20)
        return hl_onnx_refuse (error, _("its size for axis %u would be %" PRId64 "."), i, resize->size[i]);
      if (i < 2 && resize->scale[i] != 1)
        return hl_onnx_refuse (error, _("it resizes the axis %u; only rows and columns can be resized."), i);
    }
  return TRUE;
}

/* Where ONNX reads for a place of the output. */
static double
find_source (const Resize *resize, guint axis, gint64 from, gint64 at)
{
  double scale = resize->scale[axis], place = (double) at;

  /* ONNX counts places of the output with their fraction where a scale gives one. */
  if (resize->align)
    return resize->size[axis] > 1 ? place * (double) (from - 1) / ((double) from * scale - 1) : 0;
  if (g_str_equal (resize->transform, "asymmetric"))
    return place / scale;
  if (g_str_equal (resize->transform, "pytorch_half_pixel") && resize->size[axis] <= 1)
    return 0;
  if (g_str_equal (resize->transform, "tf_half_pixel_for_nn"))
    return (place + 0.5) / scale;
  return (place + 0.5) / scale - 0.5;
}

static gint64
round_source (const Resize *resize, double place)
{
  if (g_str_equal (resize->nearest, "floor"))
    return (gint64) floor (place);
  if (g_str_equal (resize->nearest, "ceil"))
    return (gint64) ceil (place);
  if (g_str_equal (resize->nearest, "round_prefer_ceil"))
    return (gint64) floor (place + 0.5);
  return (gint64) ceil (place - 0.5);
}

/* Whether the layer reads where ONNX does: nearest takes floor (place / scale), bilinear half-pixel centres. */
static gboolean
reads_alike (const Resize *resize, guint axis, gint64 from)
{
  double scale = (double) resize->size[axis] / (double) from;

  for (gint64 at = 0; at < resize->size[axis]; at++)
    {
      double place = find_source (resize, axis, from, at);
      double own = resize->align ? (double) at * (double) (from - 1) / (double) MAX (resize->size[axis] - 1, 1)
                                 : CLAMP (((double) at + 0.5) / scale - 0.5, 0, (double) (from - 1));

      if (!resize->linear && CLAMP (round_source (resize, place), 0, from - 1) != MIN ((gint64) floor ((double) at / scale), from - 1))
        return FALSE;
      if (resize->linear && fabs (CLAMP (place, 0, (double) (from - 1)) - own) > 1e-6)
        return FALSE;
    }
  return TRUE;
}

static gboolean
output_resized (HlOnnxImport *self, HlOnnxValue *x, const Resize *resize, GError **error)
{
  HlOnnxValue *y;

  for (guint i = 2; i < x->n_dims; i++)
    if (!reads_alike (resize, i, x->dim[i]))
      return hl_onnx_refuse (error, _("it reads other places (“%s”, “%s”) than the layer that repeats or fades pixels."), resize->transform,
                             resize->nearest);
  y = hl_onnx_emit (self, error, "upsample", 1, &x, "scale_y", (double) resize->size[2] / (double) x->dim[2], "scale_x",
                    (double) resize->size[3] / (double) x->dim[3], "mode", resize->linear ? 1.0 : 0.0, "align_corners",
                    resize->linear && resize->align ? 1.0 : 0.0, NULL);
  if (!y)
    return FALSE;
  hl_onnx_set_dims (y, 4, (const gint64[]) { x->dim[0], x->dim[1], resize->size[2], resize->size[3] }, 0);
  return hl_onnx_output (self, 0, y, error);
}

gboolean
hl_onnx_convert_resize (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error);
  gboolean old = self->opset < 11;
  g_autofree char *mode = hl_onnx_string (self, "mode", "nearest");
  g_autofree char *transform = hl_onnx_string (self, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  g_autofree char *nearest = hl_onnx_string (self, "nearest_mode", old ? "floor" : "round_prefer_floor");
  Resize resize = { .transform = transform, .nearest = nearest };

  hl_onnx_float (self, "cubic_coeff_a", 0);
  hl_onnx_int (self, "exclude_outside", 0);
  hl_onnx_float (self, "extrapolation_value", 0);
  resize.linear = g_str_equal (mode, "linear") || g_str_equal (mode, "bilinear");
  resize.align = g_str_equal (transform, "align_corners");
  if (!resize.linear && !g_str_equal (mode, "nearest"))
    return hl_onnx_refuse (error, _("its mode is “%s”; nearest and linear are supported."), mode);
  if (g_str_equal (transform, "tf_crop_and_resize"))
    return hl_onnx_refuse (error, _("its coordinate_transformation_mode is “%s”, which cuts a part out."), transform);
  if (!x || !(x = hl_onnx_move_batch (self, x, 0, error)))
    return FALSE;
  if (x->n_dims != 4)
    return hl_onnx_refuse (error, _("its input has %u dimensions; only images, with four, can be resized."), x->n_dims);
  return read_sizes (self, x, &resize, error) && output_resized (self, x, &resize, error);
}
