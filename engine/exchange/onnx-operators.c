/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The operators that can be imported: one row each. */

#include "engine/exchange/onnx-operators.h"

static const HlOnnxOperator operators[] = {
  { "Add", hl_onnx_convert_arithmetic, 2, "add" },
  { "AveragePool", hl_onnx_convert_pool, 1, "avg_pool2d" },
  { "BatchNormalization", hl_onnx_convert_batch_norm, 5 },
  { "Cast", hl_onnx_convert_cast, 1 },
  { "Clip", hl_onnx_convert_clip, 3, "clip" },
  { "Concat", hl_onnx_convert_concat, G_MAXUINT, "concat" },
  { "Constant", hl_onnx_convert_constant, 0 },
  { "ConstantOfShape", hl_onnx_convert_constant_of_shape, 1 },
  { "Conv", hl_onnx_convert_conv, 3 },
  { "ConvTranspose", hl_onnx_convert_conv_transpose, 3 },
  { "Div", hl_onnx_convert_arithmetic, 2, "div" },
  { "Dropout", hl_onnx_convert_dropout, 3, "dropout" },
  { "Elu", hl_onnx_convert_alpha, 1, "elu" },
  { "Expand", hl_onnx_convert_expand, 2 },
  { "Flatten", hl_onnx_convert_flatten, 1 },
  { "Gather", hl_onnx_convert_gather, 2 },
  { "Gelu", hl_onnx_convert_gelu, 1, "gelu" },
  { "Gemm", hl_onnx_convert_gemm, 3 },
  { "GlobalAveragePool", hl_onnx_convert_global_pool, 1, "global_avg_pool" },
  { "GlobalMaxPool", hl_onnx_convert_global_pool, 1, "global_max_pool" },
  { "GRU", hl_onnx_convert_recurrent, 6, "gru" },
  { "HardSigmoid", hl_onnx_convert_hard_sigmoid, 1, "hard_sigmoid" },
  { "Identity", hl_onnx_convert_identity, 1, "identity" },
  { "InstanceNormalization", hl_onnx_convert_instance_norm, 3 },
  { "LayerNormalization", hl_onnx_convert_layer_norm, 3 },
  { "LeakyRelu", hl_onnx_convert_alpha, 1, "leaky_relu" },
  { "LogSoftmax", hl_onnx_convert_softmax, 1, "log_softmax" },
  { "LRN", hl_onnx_convert_lrn, 1 },
  { "LSTM", hl_onnx_convert_recurrent, 8, "lstm" },
  { "MatMul", hl_onnx_convert_matmul, 2 },
  { "MaxPool", hl_onnx_convert_pool, 1, "max_pool2d" },
  { "Mul", hl_onnx_convert_arithmetic, 2, "mul" },
  { "Pad", hl_onnx_convert_pad, 3, "pad" },
  { "PRelu", hl_onnx_convert_prelu, 2, "prelu" },
  { "ReduceMean", hl_onnx_convert_reduce_mean, 2 },
  { "Relu", hl_onnx_convert_plain, 1, "relu" },
  { "Reshape", hl_onnx_convert_reshape, 2 },
  { "Resize", hl_onnx_convert_resize, 4, "upsample" },
  { "RNN", hl_onnx_convert_recurrent, 6, "rnn" },
  { "Selu", hl_onnx_convert_selu, 1, "selu" },
  { "Shape", hl_onnx_convert_shape, 1 },
  { "Sigmoid", hl_onnx_convert_plain, 1, "sigmoid" },
  { "Slice", hl_onnx_convert_slice, 5, "slice" },
  { "Softmax", hl_onnx_convert_softmax, 1, "softmax" },
  { "Softplus", hl_onnx_convert_plain, 1, "softplus" },
  { "Softsign", hl_onnx_convert_plain, 1, "softsign" },
  { "Split", hl_onnx_convert_split, 2, "slice" },
  { "Squeeze", hl_onnx_convert_squeeze, 2 },
  { "Sub", hl_onnx_convert_arithmetic, 2, "sub" },
  { "Sum", hl_onnx_convert_arithmetic, G_MAXUINT, "add" },
  { "Tanh", hl_onnx_convert_plain, 1, "tanh" },
  { "ThresholdedRelu", hl_onnx_convert_thresholded_relu, 1, "threshold" },
  { "Transpose", hl_onnx_convert_transpose, 1, "permute" },
  { "Unsqueeze", hl_onnx_convert_unsqueeze, 2 },
  { "Upsample", hl_onnx_convert_resize, 2, "upsample" },
};

const HlOnnxOperator *
hl_onnx_operator_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (operators); i++)
    if (g_str_equal (operators[i].name, name))
      return &operators[i];
  return NULL;
}
