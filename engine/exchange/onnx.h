/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Networks as ONNX files: writing a plan with its weights (operator set 17). Any thread; blocks on the file. */
#pragma once

#include "engine/graph/plan.h"

G_BEGIN_DECLS

/* The operator set that hl_onnx_write announces, and the version of the format that goes with it. */
#define HL_ONNX_OPSET 17
#define HL_ONNX_IR_VERSION 8

/* Whether the file's name says that it is ONNX. */
gboolean hl_onnx_is_name (GFile *file);

/* Writes the network with its weights. weights: the plan's arena (hl_plan_get_arena_length numbers, laid out as
 * hl_plan_get_weight says). The file names the batch dimension “N”; values have the names of their layers, weights
 * PyTorch's. Atomic: a failure leaves an older file as it was. Errors: HL_GRAPH_ERROR for a layer that has no ONNX
 * form, HL_FILE_ERROR_CONTENT for names that clash or a network beyond the format's 2 GiB. */
gboolean hl_onnx_write   (const HlPlan *plan, const float *weights, const char *title, GFile *file, GError **error);

G_END_DECLS
