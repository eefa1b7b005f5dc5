/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX operators that make fewer or more numbers along whole axes: global pooling and ReduceMean. */

#include "engine/exchange/onnx-operators.h"

#include <string.h>

/* ---- Whole axes into one number ---- */

HlOnnxValue *
hl_onnx_pool_axes (HlOnnxImport *self, HlOnnxValue *x, const char *layer, guint reduced, GError **error)
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
                           : hl_onnx_pool_axes (self, x, self->operator->layer, ~1u, error);
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
  if (!(y = hl_onnx_pool_axes (self, x, "global_avg_pool", reduced, error)))
    return FALSE;
  hl_onnx_set_dims (y, at, dim, axis);
  return hl_onnx_output (self, 0, y, error);
}
