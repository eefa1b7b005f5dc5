/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the ONNX files of this folder share: messages read from bytes, and tensors out of messages. */
#pragma once

#include "engine/exchange/onnx-tensor.h"
#include "engine/exchange/onnx.h"
#include "engine/exchange/onnx.pb-c.h"

G_BEGIN_DECLS

struct _HlOnnxModel
{
  Onnx__ModelProto *proto;
  gint64 opset;                /* of the standard operators */
  GFile *folder;               /* where external data lies; NULL: nowhere */
};

/* Whole files; NULL with an error that names the file. Folders, pipes and the like are refused before they are opened. */
GBytes *hl_onnx_read_bytes (GFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A message; freed with hl_onnx_message_free. Depth and memory are bounded before protobuf-c sees the bytes. Errors
 * without the file's name. */
ProtobufCMessage *hl_onnx_unpack (const ProtobufCMessageDescriptor *descriptor, GBytes *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void              hl_onnx_message_free (ProtobufCMessage *message);

/* Floats from FLOAT, FLOAT16, BFLOAT16, and DOUBLE where that is exact; whole numbers from the integer types and BOOL.
 * folder: where external data may lie. */
HlOnnxTensor *hl_onnx_tensor_from_proto (const Onnx__TensorProto *proto, GFile *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
const char   *hl_onnx_type_name (gint32 type);

/* ---- Files of this program ---- */

/* The metadata that holds the network, as project files have it. */
#define HL_ONNX_NETWORK_KEY "hillock.network"
/* The graph's message as hl_onnx_write makes it, but for the weights. */
GBytes        *hl_onnx_pack_nodes (const HlPlan *plan, const char *title, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The network that the model was written from; NULL when it is not of this program, or was changed since. */
HlOnnxNetwork *hl_onnx_restore    (HlOnnxModel *model) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
