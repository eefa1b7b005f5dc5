/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlOnnxTensor: a tensor of an ONNX file or of a test case, in plain host memory; floats, or whole numbers where ONNX
 * wants shapes and axes. Reference-counted, immutable once made; any thread. Reading checks declared sizes against the
 * bytes that are there before it allocates. */
#pragma once

#include "engine/base/error.h"
#include "engine/base/shape.h"

G_BEGIN_DECLS

#define HL_ONNX_MAX_DIMS 8

typedef struct
{
  gatomicrefcount ref_count;
  char *name;                       /* may be empty */
  gboolean is_float;
  guint n_dims;                     /* 0: a scalar */
  guint64 dim[HL_ONNX_MAX_DIMS];
  gsize n;
  float *floats;                    /* is_float: n of them */
  gint64 *ints;                     /* otherwise */
} HlOnnxTensor;

/* A tensor of zeros; NULL with HL_FILE_ERROR_CONTENT when it is too large. */
HlOnnxTensor *hl_onnx_tensor_new   (const char *name, gboolean is_float, guint n_dims, const guint64 *dim,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
HlOnnxTensor *hl_onnx_tensor_ref   (HlOnnxTensor *self);
void          hl_onnx_tensor_unref (HlOnnxTensor *self);
/* The same numbers in another shape of as many. */
HlOnnxTensor *hl_onnx_tensor_reshape (const HlOnnxTensor *self, guint n_dims, const guint64 *dim) G_GNUC_WARN_UNUSED_RESULT;
/* Axis k of the result is axis order[k] of self. */
HlOnnxTensor *hl_onnx_tensor_permute (const HlOnnxTensor *self, const guint *order) G_GNUC_WARN_UNUSED_RESULT;
char         *hl_onnx_tensor_shape_to_string (const HlOnnxTensor *self) G_GNUC_WARN_UNUSED_RESULT;   /* "1×3×5" */

/* A TensorProto (.pb) or a NumPy array (.npy, little-endian, C order, float32 or float64), by the name's end. */
HlOnnxTensor *hl_onnx_tensor_load  (GFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same kinds of file; floats only. */
gboolean      hl_onnx_tensor_save  (const HlOnnxTensor *self, GFile *file, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlOnnxTensor, hl_onnx_tensor_unref)

G_END_DECLS
