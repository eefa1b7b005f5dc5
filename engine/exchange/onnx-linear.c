/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX operators that multiply with matrices: Gemm and MatMul. */

#include "engine/exchange/onnx-operators.h"

#include <inttypes.h>
#include <string.h>

/* [units][inputs], as PyTorch has it; times a factor. */
static HlOnnxTensor *
make_weight (const HlOnnxTensor *matrix, gboolean transposed, double factor)
{
  const guint order[2] = { transposed ? 0 : 1, transposed ? 1 : 0 };
  HlOnnxTensor *weight = hl_onnx_tensor_permute (matrix, order);

  for (gsize i = 0; weight && factor != 1 && i < weight->n; i++)
    weight->floats[i] = (float) (weight->floats[i] * factor);
  return weight;
}

/* The last axis of a value times a matrix; other axes stay. */
static HlOnnxValue *
emit_linear (HlOnnxImport *self, HlOnnxValue *x, HlOnnxTensor *weight /* owned */, GError **error)
{
  gint64 dim[HL_ONNX_MAX_DIMS];
  HlOnnxValue *y = NULL;

  if (!weight)
    hl_onnx_refuse (error, _("there is no memory for its weights."));
  else if (x->dim[x->n_dims - 1] != (gint64) weight->dim[1])
    hl_onnx_refuse (error, _("its matrix is for %" PRIu64 " numbers, but it gets %" PRId64 "."), weight->dim[1],
                    x->dim[x->n_dims - 1]);
  else
    y = hl_onnx_emit (self, error, "linear", 1, &x, "units", (double) weight->dim[0], "bias", 0.0, NULL);
  if (!y)
    {
      hl_onnx_tensor_unref (weight);
      return NULL;
    }
  memcpy (dim, x->dim, sizeof dim);
  dim[x->n_dims - 1] = (gint64) weight->dim[0];
  hl_onnx_set_dims (y, x->n_dims, dim, x->axis);
  y->takes_bias = TRUE;
  hl_onnx_weight (self, y, "weight", weight);
  return y;
}

/* What Gemm adds, times beta, as Add would add it. */
static gboolean
output_with_sum (HlOnnxImport *self, HlOnnxValue *y, double beta, GError **error)
{
  HlOnnxValue *sum = hl_onnx_input (self, 2, error);
  g_autoptr (HlOnnxTensor) scaled = NULL;

  if (!sum)
    return FALSE;
  if (!sum->constant)
    {
      if (beta != 1 && !(sum = hl_onnx_combine_number (self, "mul", sum, beta, error)))
        return FALSE;
      y = hl_onnx_combine (self, "add", y, sum, error);
      return y && hl_onnx_output (self, 0, y, error);
    }
  if (!sum->constant->is_float)
    return hl_onnx_refuse (error, _("its input “%s” is of the wrong type."), self->node->input[2]);
  scaled = hl_onnx_tensor_reshape (sum->constant, sum->n_dims, sum->constant->dim);
  for (gsize i = 0; scaled && i < scaled->n; i++)
    scaled->floats[i] = (float) (scaled->floats[i] * beta);
  y = scaled ? hl_onnx_combine_constant (self, "add", y, scaled, error) : NULL;
  return y && hl_onnx_output (self, 0, y, error);
}

gboolean
hl_onnx_convert_gemm (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error);
  HlOnnxTensor *matrix = x ? hl_onnx_floats_input (self, 1, error) : NULL;
  double alpha = hl_onnx_float (self, "alpha", 1), beta = hl_onnx_float (self, "beta", 1);
  gboolean trans_a = hl_onnx_int (self, "transA", 0) != 0, trans_b = hl_onnx_int (self, "transB", 0) != 0;
  gint64 dim[2];

  if (self->opset < 7)
    hl_onnx_int (self, "broadcast", 0);
  if (!matrix)
    return FALSE;
  if (x->n_dims != 2 || matrix->n_dims != 2)
    return hl_onnx_refuse (error, _("its inputs have %u and %u dimensions instead of two."), x->n_dims, matrix->n_dims);
  if (trans_a)
    {
      if (x->axis < 0)
        {
          if (!(x = hl_onnx_emit (self, error, "permute", 1, &x, "axis_1", 1.0, "axis_2", 0.0, NULL)))
            return FALSE;
        }
      else
        {
          HlOnnxValue *turned = g_memdup2 (x, sizeof *x);

          g_ptr_array_add (self->owned, turned);
          dim[0] = x->dim[1], dim[1] = x->dim[0];
          hl_onnx_set_dims (turned, 2, dim, 1 - x->axis);
          x = turned;
        }
    }
  if (x->axis == 1 && !(x = hl_onnx_move_batch (self, x, HL_ONNX_WHOLE, error)))
    return FALSE;
  if (!(x = emit_linear (self, x, make_weight (matrix, trans_b, alpha), error)))
    return FALSE;
  x->takes_bias = TRUE;
  return hl_onnx_has_input (self, 2) ? output_with_sum (self, x, beta, error) : hl_onnx_output (self, 0, x, error);
}

/* ---- MatMul ---- */

/* Matrices side by side, each with its own partner: one linear layer for each. Only of whole tensors. */
static HlOnnxValue *
multiply_stacks (HlOnnxImport *self, HlOnnxValue *x, const HlOnnxTensor *matrices, GError **error)
{
  guint n = matrices->n_dims;
  guint64 rows = matrices->dim[n - 2], columns = matrices->dim[n - 1], count = matrices->n / MAX (rows * columns, 1);
  guint in_rows = n >= 2 && x->n_dims == n ? (guint) x->dim[n - 2] : 0;
  g_autofree HlOnnxValue **parts = NULL;
  gint64 dim[HL_ONNX_MAX_DIMS];
  HlOnnxValue *flat, *y;

  for (guint i = 0; i + 2 < n && x->n_dims == n; i++)
    if (x->dim[i] != (gint64) matrices->dim[i])
      in_rows = 0;
  if (in_rows == 0 || count > 64 || count == 0)
    {
      hl_onnx_refuse (error, _("its matrices have several sizes to broadcast, or are more than 64."));
      return NULL;
    }
  if (!(x = hl_onnx_move_batch (self, x, HL_ONNX_WHOLE, error))
      || !(flat = hl_onnx_emit_shape (self, x, &HL_SHAPE_3 ((guint) count, in_rows, (guint) rows), error)))
    return NULL;
  parts = g_new0 (HlOnnxValue *, count);
  for (guint64 i = 0; i < count; i++)
    {
      const guint64 size[2] = { rows, columns };
      g_autoptr (HlOnnxTensor) matrix = hl_onnx_tensor_new (matrices->name, TRUE, 2, size, error);
      HlOnnxValue *part = hl_onnx_emit (self, error, "slice", 1, &flat, "axis", 0.0, "start", (double) i, "length", 1.0, NULL);

      if (!matrix || !part)
        return NULL;
      memcpy (matrix->floats, matrices->floats + i * rows * columns, rows * columns * sizeof (float));
      dim[0] = 1, dim[1] = in_rows, dim[2] = (gint64) rows;
      hl_onnx_set_dims (part, 3, dim, HL_ONNX_WHOLE);
      if (!(parts[i] = emit_linear (self, part, make_weight (matrix, FALSE, 1), error)))
        return NULL;
    }
  if (!(y = hl_onnx_join (self, parts, (guint) count, 0, 0, error)))
    return NULL;
  memcpy (dim, x->dim, sizeof dim);
  dim[n - 1] = (gint64) columns;
  hl_onnx_set_dims (y, n, dim, HL_ONNX_WHOLE);
  return y;
}

gboolean
hl_onnx_convert_matmul (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  HlOnnxTensor *matrix = x ? hl_onnx_floats_input (self, 1, error) : NULL;

  if (!matrix)
    return FALSE;
  if (matrix->n_dims < 2 || x->n_dims < 1)
    return hl_onnx_refuse (error, _("its second input has %u dimensions; at least two are supported."), matrix->n_dims);
  if (x->axis == (int) x->n_dims - 1 && !(x = hl_onnx_move_batch (self, x, HL_ONNX_WHOLE, error)))
    return FALSE;
  y = matrix->n_dims == 2 ? emit_linear (self, x, make_weight (matrix, FALSE, 1), error) : multiply_stacks (self, x, matrix, error);
  return y && hl_onnx_output (self, 0, y, error);
}
