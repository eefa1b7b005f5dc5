/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to the import of ONNX models: the converters that the table in onnx-operators.c lists, by file. */
#pragma once

#include "engine/exchange/onnx-import.h"

G_BEGIN_DECLS

typedef gboolean HlOnnxConverter (HlOnnxImport *self, GError **error);

/* onnx-elementwise.c */
HlOnnxConverter hl_onnx_convert_plain, hl_onnx_convert_identity, hl_onnx_convert_constant, hl_onnx_convert_alpha, hl_onnx_convert_prelu,
  hl_onnx_convert_selu, hl_onnx_convert_hard_sigmoid, hl_onnx_convert_thresholded_relu, hl_onnx_convert_clip, hl_onnx_convert_softmax,
  hl_onnx_convert_dropout, hl_onnx_convert_gelu;

/* onnx-arithmetic.c */
HlOnnxConverter hl_onnx_convert_arithmetic;

/* onnx-shapes.c */
HlOnnxConverter hl_onnx_convert_reshape, hl_onnx_convert_flatten, hl_onnx_convert_squeeze, hl_onnx_convert_unsqueeze,
  hl_onnx_convert_transpose, hl_onnx_convert_concat, hl_onnx_convert_pad;

/* onnx-constants.c */
HlOnnxConverter hl_onnx_convert_shape, hl_onnx_convert_gather, hl_onnx_convert_constant_of_shape, hl_onnx_convert_expand, hl_onnx_convert_cast;

/* onnx-parts.c */
HlOnnxConverter hl_onnx_convert_split, hl_onnx_convert_slice;

/* onnx-windows.c */
HlOnnxConverter hl_onnx_convert_conv, hl_onnx_convert_conv_transpose, hl_onnx_convert_pool;

/* onnx-reduce.c */
HlOnnxConverter hl_onnx_convert_global_pool, hl_onnx_convert_reduce_mean;

/* onnx-resize.c */
HlOnnxConverter hl_onnx_convert_resize;

/* onnx-norms.c */
HlOnnxConverter hl_onnx_convert_batch_norm, hl_onnx_convert_instance_norm, hl_onnx_convert_layer_norm, hl_onnx_convert_lrn;

/* onnx-linear.c */
HlOnnxConverter hl_onnx_convert_gemm, hl_onnx_convert_matmul;

/* onnx-recurrent.c */
HlOnnxConverter hl_onnx_convert_recurrent;

/* Places start, start + step, ... of an axis of the tensor, `length` of them, all inside. Of length 0: an empty constant. */
HlOnnxValue *hl_onnx_take (HlOnnxImport *self, HlOnnxValue *x, guint axis, gint64 start, gint64 length, gint64 step, GError **error);
/* Along an axis of the tensor a fixed matrix [to][from]; the layer is frozen, as its numbers are no weights. */
HlOnnxValue *hl_onnx_emit_matrix (HlOnnxImport *self, HlOnnxValue *x, guint axis, HlOnnxTensor *matrix /* owned */, GError **error);
/* The axis in reverse. */
HlOnnxValue *hl_onnx_reverse (HlOnnxImport *self, HlOnnxValue *x, guint axis, GError **error);
/* layer: global_avg_pool or global_max_pool, of all axes of the sample that are a bit in reduced. A value of one axis. */
HlOnnxValue *hl_onnx_pool_axes (HlOnnxImport *self, HlOnnxValue *x, const char *layer, guint reduced, GError **error);
/* Values behind one another on an axis. */
HlOnnxValue *hl_onnx_join (HlOnnxImport *self, HlOnnxValue **values, guint n, guint sample_axis, guint axis, GError **error);
/* layer: "add", "sub", "mul" or "div", broadcast as the operators do it. A sum with a constant may become a bias of the layer before. */
HlOnnxValue *hl_onnx_combine (HlOnnxImport *self, const char *layer, HlOnnxValue *a, HlOnnxValue *b, GError **error);
HlOnnxValue *hl_onnx_combine_constant (HlOnnxImport *self, const char *layer, HlOnnxValue *x, const HlOnnxTensor *constant, GError **error);
HlOnnxValue *hl_onnx_combine_number (HlOnnxImport *self, const char *layer, HlOnnxValue *x, double number, GError **error);

G_END_DECLS
