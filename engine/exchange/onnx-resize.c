/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Upsample and Resize. Where the layer that repeats or fades pixels reads the same places, it is used; every other way of
 * resizing is a product with a fixed matrix along each axis. */

#include "engine/exchange/onnx-operators.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef enum { NEAREST, LINEAR, CUBIC } Kind;

typedef struct
{
  Kind kind;
  gboolean align, crop, exclude_outside;
  const char *transform, *nearest;
  double cubic_a, outside;
  double scale[HL_ONNX_MAX_DIMS];
  double first[HL_ONNX_MAX_DIMS], last[HL_ONNX_MAX_DIMS];   /* of the part to cut out, as shares of the axis */
  gint64 size[HL_ONNX_MAX_DIMS];
} Resize;

/* ---- Matrices ---- */

/* The axis last, or back from there. */
static HlOnnxValue *
turn (HlOnnxImport *self, HlOnnxValue *x, guint axis, gboolean back, GError **error)
{
  double order[HL_MAX_DIMS] = { -1, -1, -1, -1, -1 };
  guint n = x->shape.n_dims;

  for (guint i = 0; i < n; i++)
    {
      guint from = i < axis ? i : i + 1 < n ? i + 1 : axis;

      order[back ? from : i] = back ? i : from;
    }
  return hl_onnx_emit (self, error, "permute", 1, &x, "axis_1", order[0], "axis_2", order[1], "axis_3", order[2], "axis_4", order[3], "axis_5",
                       order[4], NULL);
}

HlOnnxValue *
hl_onnx_emit_matrix (HlOnnxImport *self, HlOnnxValue *x, guint axis, HlOnnxTensor *matrix, GError **error)
{
  g_autoptr (HlOnnxTensor) owned = matrix;
  gint64 dim[HL_ONNX_MAX_DIMS];
  guint sample, n_dims;
  HlOnnxValue *y;
  gboolean last;
  int batch;

  if (!matrix || !hl_onnx_sample_axis (self, &x, axis, &sample, error))
    return NULL;
  n_dims = x->n_dims;
  batch = x->axis;
  memcpy (dim, x->dim, sizeof dim);
  dim[axis] = (gint64) matrix->dim[0];
  last = sample + 1 == x->shape.n_dims;
  if (!last && !(x = turn (self, x, sample, FALSE, error)))
    return NULL;
  if (!(y = hl_onnx_emit (self, error, "linear", 1, &x, "units", (double) matrix->dim[0], "bias", 0.0, NULL)))
    return NULL;
  hl_graph_set_frozen (self->graph, y->node, TRUE);
  hl_onnx_weight (self, y, "weight", g_steal_pointer (&owned));
  if (!last && !(y = turn (self, y, sample, TRUE, error)))
    return NULL;
  hl_onnx_set_dims (y, n_dims, dim, batch);
  return y;
}

/* ---- Reading ---- */

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
  if (scales && resize->crop)
    return hl_onnx_refuse (error, _("it cuts a part out by scales; only sizes are supported."));
  for (guint i = 0; i < x->n_dims; i++)
    {
      gint64 from = MAX (x->dim[i], 1);

      resize->scale[i] = sizes ? (double) sizes->ints[i] / (double) from : (double) scales->floats[i];
      if (x->dim[i] < 0 && sizes)
        return hl_onnx_refuse_mixed (error, _("it would mix the samples of a batch."));
      if (!(resize->scale[i] > 0 && resize->scale[i] < 1e6))
        return hl_onnx_refuse (error, _("its scale for axis %u is %g."), i, resize->scale[i]);
      resize->size[i] = sizes ? sizes->ints[i] : (gint64) floor ((double) from * resize->scale[i]);
      if (resize->size[i] < 1 || resize->size[i] > 1 << 20)
        return hl_onnx_refuse (error, _("its size for axis %u would be %" PRId64 "."), i, resize->size[i]);
    }
  return TRUE;
}

/* The part that tf_crop_and_resize cuts out. */
static gboolean
read_part (HlOnnxImport *self, const HlOnnxValue *x, Resize *resize, GError **error)
{
  HlOnnxTensor *roi;

  if (!resize->crop)
    return TRUE;
  if (!(roi = hl_onnx_floats_input (self, 1, error)))
    return FALSE;
  if (roi->n != 2 * x->n_dims)
    return hl_onnx_refuse (error, _("its part has %zu borders for %u axes."), roi->n, x->n_dims);
  for (guint i = 0; i < x->n_dims; i++)
    {
      resize->first[i] = (double) roi->floats[i];
      resize->last[i] = (double) roi->floats[i + x->n_dims];
      if (!(fabs (resize->first[i]) < 1e6 && fabs (resize->last[i]) < 1e6))
        return hl_onnx_refuse (error, _("its part of axis %u is from %g to %g."), i, resize->first[i], resize->last[i]);
    }
  return TRUE;
}

/* ---- Places ---- */

/* Where ONNX reads for a place of the output. */
static double
find_source (const Resize *resize, guint axis, gint64 from, gint64 at)
{
  double scale = resize->scale[axis], place = (double) at, last = (double) (from - 1);

  if (resize->crop)
    {
      double width = (resize->last[axis] - resize->first[axis]) * last;

      return resize->first[axis] * last + (resize->size[axis] > 1 ? place * width / ((double) from * scale - 1) : width / 2);
    }
  /* ONNX counts places of the output with their fraction where a scale gives one. */
  if (resize->align)
    return resize->size[axis] > 1 ? place * last / ((double) from * scale - 1) : 0;
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

  if (resize->crop || resize->kind == CUBIC)
    return FALSE;
  for (gint64 at = 0; at < resize->size[axis]; at++)
    {
      double place = find_source (resize, axis, from, at);
      double own = resize->align ? (double) at * (double) (from - 1) / (double) MAX (resize->size[axis] - 1, 1)
                                 : CLAMP (((double) at + 0.5) / scale - 0.5, 0, (double) (from - 1));

      if (resize->kind == NEAREST && CLAMP (round_source (resize, place), 0, from - 1) != MIN ((gint64) floor ((double) at / scale), from - 1))
        return FALSE;
      if (resize->kind == LINEAR && fabs (CLAMP (place, 0, (double) (from - 1)) - own) > 1e-6)
        return FALSE;
    }
  return TRUE;
}

/* How much a pixel counts at this distance. */
static double
get_share (const Resize *resize, double distance)
{
  double d = fabs (distance), a = resize->cubic_a;

  if (resize->kind == LINEAR)
    return MAX (1 - d, 0);
  return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/* A row of the matrix: what one place of the output takes from each of the input. FALSE when it lies outside. */
static gboolean
fill_row (const Resize *resize, guint axis, gint64 from, gint64 at, float *row)
{
  double place = find_source (resize, axis, from, at), share[4], sum = 0;
  gint64 first = (gint64) floor (place) - (resize->kind == CUBIC);
  guint n = resize->kind == CUBIC ? 4 : 2;

  if (resize->crop && (place < 0 || place > (double) (from - 1)))
    return FALSE;
  if (resize->kind == NEAREST)
    {
      row[CLAMP (round_source (resize, place), 0, from - 1)] = 1;
      return TRUE;
    }
  for (guint i = 0; i < n; i++)
    {
      share[i] = resize->exclude_outside && (first + i < 0 || first + i >= from) ? 0 : get_share (resize, place - (double) (first + i));
      sum += share[i];
    }
  for (guint i = 0; i < n; i++)
    row[CLAMP (first + i, 0, from - 1)] += (float) (resize->exclude_outside && sum != 0 ? share[i] / sum : share[i]);
  return TRUE;
}

/* ---- Layers ---- */

/* Images of which only rows and columns change, where the layer has such scales. */
static gboolean
can_upsample (const Resize *resize, const HlOnnxValue *x)
{
  const HlLayerClass *klass = hl_layer_class_find ("upsample");
  const HlParam *limits = klass ? hl_class_find_param (&klass->base, "scale_y") : NULL;

  if (!limits || x->n_dims != 4 || x->axis > 0 || x->shape.n_dims != 3)
    return FALSE;
  for (guint i = 0; i < 4; i++)
    {
      double scale = (double) resize->size[i] / (double) x->dim[i];

      if (i < 2 ? resize->scale[i] != 1 || resize->crop
                : scale < limits->min || scale > limits->max || floor (scale * (double) x->dim[i]) != (double) resize->size[i])
        return FALSE;
      if (i >= 2 && !reads_alike (resize, i, x->dim[i]))
        return FALSE;
    }
  return TRUE;
}

static HlOnnxValue *
emit_upsample (HlOnnxImport *self, HlOnnxValue *x, const Resize *resize, GError **error)
{
  gboolean linear = resize->kind == LINEAR;
  HlOnnxValue *y = hl_onnx_emit (self, error, "upsample", 1, &x, "scale_y", (double) resize->size[2] / (double) x->dim[2], "scale_x",
                                 (double) resize->size[3] / (double) x->dim[3], "mode", linear ? 1.0 : 0.0, "align_corners",
                                 linear && resize->align ? 1.0 : 0.0, NULL);

  if (y)
    hl_onnx_set_dims (y, 4, (const gint64[]) { x->dim[0], x->dim[1], resize->size[2], resize->size[3] }, x->axis);
  return y;
}

/* The matrix of an axis. inside: a bit in the axis' place for each place of the output that lies inside. */
static HlOnnxTensor *
make_matrix (const Resize *resize, guint axis, gint64 from, gboolean *inside, GError **error)
{
  const HlShape shape = HL_SHAPE_2 ((guint) resize->size[axis], (guint) from);
  HlOnnxTensor *matrix = hl_onnx_new_filled ("resize", &shape, error);

  for (gint64 at = 0; matrix && at < resize->size[axis]; at++)
    inside[at] = fill_row (resize, axis, from, at, matrix->floats + at * from);
  return matrix;
}

static gboolean
is_identity (const HlOnnxTensor *matrix)
{
  for (gsize i = 0; i < matrix->n; i++)
    if (matrix->floats[i] != (i / matrix->dim[1] == i % matrix->dim[1] ? 1.0f : 0.0f))
      return FALSE;
  return matrix->dim[0] == matrix->dim[1];
}

/* A number in all places outside: on any axis. */
static HlOnnxValue *
fill_outside (HlOnnxImport *self, HlOnnxValue *y, gboolean *const *inside, double number, GError **error)
{
  g_autoptr (HlOnnxTensor) tensor = hl_onnx_new_filled ("outside", &y->shape, error), seen = NULL;
  guint64 dim[HL_ONNX_MAX_DIMS];
  guint at[HL_MAX_DIMS] = { 0 };
  gboolean any = FALSE;

  for (gsize i = 0; tensor && i < tensor->n; i++)
    {
      for (guint k = 0; k < y->shape.n_dims; k++)
        {
          guint axis = k + (y->axis >= 0 && k >= (guint) y->axis);

          if (inside[axis] && !inside[axis][at[k]])
            tensor->floats[i] = (float) number, any = TRUE;
        }
      for (guint k = y->shape.n_dims; k-- > 0 && ++at[k] == y->shape.dim[k];)
        at[k] = 0;
    }
  if (!tensor || !any)
    return tensor ? y : NULL;
  for (guint i = 0; i < y->n_dims; i++)
    dim[i] = (int) i == y->axis ? 1 : (guint64) y->dim[i];
  seen = hl_onnx_tensor_reshape (tensor, y->n_dims, dim);
  return hl_onnx_combine_constant (self, "add", y, seen, error);
}

static HlOnnxValue *
emit_matrices (HlOnnxImport *self, HlOnnxValue *x, const Resize *resize, GError **error)
{
  gboolean *inside[HL_ONNX_MAX_DIMS] = { NULL };
  HlOnnxValue *y = x;

  for (guint i = 0; y && i < x->n_dims; i++)
    {
      HlOnnxTensor *matrix;

      /* A batch of any size has only a scale of 1. */
      if (x->dim[i] < 0 && resize->scale[i] == 1 && !resize->crop)
        continue;
      inside[i] = g_new0 (gboolean, resize->size[i]);
      matrix = x->dim[i] > 0 ? make_matrix (resize, i, x->dim[i], inside[i], error) : NULL;
      if (matrix && !is_identity (matrix))
        y = hl_onnx_emit_matrix (self, y, i, matrix, error);
      else
        {
          y = matrix ? y : NULL;
          hl_onnx_tensor_unref (matrix);
        }
    }
  if (y && resize->outside != 0)
    y = fill_outside (self, y, inside, resize->outside, error);
  for (guint i = 0; i < HL_ONNX_MAX_DIMS; i++)
    g_free (inside[i]);
  if (!y)
    hl_onnx_refuse_mixed (error, _("it would mix the samples of a batch."));
  return y == x ? hl_onnx_emit (self, error, "identity", 1, &x, NULL) : y;
}

gboolean
hl_onnx_convert_resize (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  gboolean old = self->opset < 11;
  g_autofree char *mode = hl_onnx_string (self, "mode", "nearest");
  g_autofree char *transform = hl_onnx_string (self, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  g_autofree char *nearest = hl_onnx_string (self, "nearest_mode", old ? "floor" : "round_prefer_floor");
  Resize resize = { .transform = transform, .nearest = nearest };

  resize.cubic_a = hl_onnx_float (self, "cubic_coeff_a", -0.75);
  resize.exclude_outside = hl_onnx_int (self, "exclude_outside", 0) != 0;
  resize.outside = hl_onnx_float (self, "extrapolation_value", 0);
  resize.align = g_str_equal (transform, "align_corners");
  resize.crop = g_str_equal (transform, "tf_crop_and_resize");
  resize.kind = g_str_equal (mode, "linear") || g_str_equal (mode, "bilinear") ? LINEAR : g_str_equal (mode, "cubic") ? CUBIC : NEAREST;
  if (resize.kind == NEAREST && !g_str_equal (mode, "nearest"))
    return hl_onnx_refuse (error, _("its mode is “%s”; nearest, linear and cubic are supported."), mode);
  if (!x || !read_sizes (self, x, &resize, error) || !read_part (self, x, &resize, error))
    return FALSE;
  y = can_upsample (&resize, x) ? emit_upsample (self, x, &resize, error) : emit_matrices (self, x, &resize, error);
  return y && hl_onnx_output (self, 0, y, error);
}
