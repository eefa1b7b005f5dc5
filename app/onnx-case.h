/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Test cases in ONNX's own form: a folder with model.onnx and test_data_set_N/input_K.pb, output_K.pb. */
#pragma once

#include "engine/device/device.h"
#include "engine/exchange/onnx.h"

G_BEGIN_DECLS

typedef enum
{
  HL_ONNX_CASE_PASSED,
  HL_ONNX_CASE_FAILED,     /* a number is wrong, or the device failed */
  HL_ONNX_CASE_REFUSED,    /* cannot be represented, and says why */
} HlOnnxCaseResult;

/* Inputs beside the first are bound as constants. Numbers may differ by 1e-7 + 1e-3 |expected|, as ONNX's own runner allows.
 * error: the largest absolute difference seen; reason: a sentence unless passed. Blocks. */
HlOnnxCaseResult hl_onnx_case_run (GFile *folder, HlDevice *device, double *error, char **reason);

/* The folders below this one (or it) that hold a model.onnx, sorted by name; GFile. */
GPtrArray       *hl_onnx_case_list (GFile *folder) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
