/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Networks as ONNX files: writing a plan with its weights (operator set 17), reading models into editable graphs, and running
 * what was read. Reading and writing: any thread; blocks on the file. */
#pragma once

#include "engine/exchange/onnx-tensor.h"
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

/* ---- Models ---- */

typedef struct _HlOnnxModel HlOnnxModel;

/* Reads and checks a file. HL_FILE_ERROR: not ONNX, damaged, of operators or a version that are unknown as a whole. */
HlOnnxModel *hl_onnx_model_open           (GFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same from memory; folder: where external data may lie, NULL: nowhere. */
HlOnnxModel *hl_onnx_model_new_from_bytes (GBytes *bytes, GFile *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void         hl_onnx_model_free           (HlOnnxModel *self);
gint64       hl_onnx_model_get_opset      (HlOnnxModel *self);
/* Inputs that no initialiser fills, and outputs; names are borrowed. */
guint        hl_onnx_model_get_n_inputs   (HlOnnxModel *self);
const char  *hl_onnx_model_get_input      (HlOnnxModel *self, guint i);
guint        hl_onnx_model_get_n_outputs  (HlOnnxModel *self);
const char  *hl_onnx_model_get_output     (HlOnnxModel *self, guint i);

/* ---- Networks ---- */

/* How the axes of the model's input become samples. */
#define HL_ONNX_WHOLE (-1)      /* the whole tensor is one sample; the batch is 1 */

typedef struct
{
  guint output;                 /* index; only what feeds it is converted */
  int batch_axis;               /* which axis of the input counts the samples: 0 in nearly every model; or HL_ONNX_WHOLE */
  GHashTable *bound;            /* inputs that are to be constants: name → HlOnnxTensor; may be NULL */
  const HlOnnxTensor *like;     /* the shape that the remaining input will have; NULL: as the model declares it */
} HlOnnxImportOptions;

/* A model as a graph with its weights. */
typedef struct
{
  HlGraph *graph;               /* frozen, with positions; NULL when the output is a constant */
  GHashTable *weights;          /* "conv1.weight" → HlOnnxTensor, floats, the plan's shapes */
  HlOnnxTensor *constant;       /* the output, when nothing is computed */
  GPtrArray *notes;             /* sentences: what was left out because it has no effect on the output */
  int input_axis, output_axis;  /* the batch's; HL_ONNX_WHOLE: there is none */
  guint n_input_dims, n_output_dims;
  gint64 input_dim[HL_ONNX_MAX_DIMS], output_dim[HL_ONNX_MAX_DIMS];   /* the batch's is -1 where any will do */
} HlOnnxNetwork;

/* HL_GRAPH_ERROR_STRUCTURE names operator, node, attribute and why it cannot be represented. */
HlOnnxNetwork *hl_onnx_import       (HlOnnxModel *model, const HlOnnxImportOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Tries the input's axes as the batch, first the first, then the whole tensor as one sample. The error is that of the first
 * attempt. options->batch_axis is not read. */
HlOnnxNetwork *hl_onnx_import_any   (HlOnnxModel *model, const HlOnnxImportOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same for given inputs, in the model's order: whichever can be that of the samples becomes it (*data; n when none is), the
 * others are constants, as are those without numbers. The error is that of the first attempt. */
HlOnnxNetwork *hl_onnx_import_with  (HlOnnxModel *model, guint output, HlOnnxTensor *const *inputs, guint n, guint *data,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void           hl_onnx_network_free (HlOnnxNetwork *self);
/* safetensors, under the names that the graph's plan uses. */
gboolean       hl_onnx_network_save_weights (HlOnnxNetwork *self, GFile *file, GError **error);
/* Runs the network on a device; worker thread only. */
HlOnnxTensor  *hl_onnx_network_run  (HlOnnxNetwork *self, HlDevice *device, const HlOnnxTensor *input, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlOnnxModel, hl_onnx_model_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlOnnxNetwork, hl_onnx_network_free)

G_END_DECLS
