/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to the import of ONNX models: what the converters of single operators get to work with. A converter reads
 * inputs and attributes of the current node, adds layers, and says what each output is. Attributes that nobody asked for
 * are refused afterwards, so nothing can be dropped by forgetting it. */
#pragma once

#include "engine/exchange/onnx-private.h"
#include "engine/graph/graph.h"

G_BEGIN_DECLS

typedef struct _HlOnnxImport HlOnnxImport;
typedef struct _HlOnnxOperator HlOnnxOperator;

/* A named value of the model. */
typedef struct _HlOnnxValue HlOnnxValue;
struct _HlOnnxValue
{
  HlOnnxTensor *constant;              /* NULL: computed */
  guint32 node;                        /* whose output it is, when computed */
  HlShape shape;                       /* of a sample */
  guint n_dims;
  gint64 dim[HL_ONNX_MAX_DIMS];        /* as ONNX sees it; the batch's axis holds self->batch */
  int axis;                            /* of the batch; HL_ONNX_WHOLE: none */
  gboolean takes_bias;                 /* a layer just added without its bias, nobody else reads it: Add may set it */
  HlOnnxValue *reverse_of;             /* the same in another order along an axis; NULL: not known */
  guint reverse_axis;
};

struct _HlOnnxImport
{
  HlOnnxModel *model;
  const HlOnnxImportOptions *options;
  gint64 opset;
  gint64 batch;                        /* -1: any */
  HlGraph *graph;
  gboolean has_input;
  gboolean has_spare;                  /* there may be layers that nothing reads */
  GHashTable *values;                  /* name → HlOnnxValue */
  GHashTable *initializers;            /* name → Onnx__TensorProto */
  GHashTable *readers;                 /* name → how many nodes and outputs read it */
  GHashTable *weights;                 /* "7.weight" by node id → HlOnnxTensor */
  GPtrArray *owned;                    /* HlOnnxValue */
  GPtrArray *notes;
  guint64 spent, budget;               /* numbers that were copied or filled, and how many may be: a small multiple of the file's */
  /* The current node. */
  const Onnx__NodeProto *node;
  const HlOnnxOperator *operator;
  guint64 used;                        /* attributes that were asked for, by position */
};

struct _HlOnnxOperator
{
  const char *name;
  gboolean (*convert) (HlOnnxImport *self, GError **error);
  guint max_inputs;
  const char *layer;                   /* for converters that serve several operators */
};

const HlOnnxOperator *hl_onnx_operator_find (const char *name);

/* FALSE, with HL_GRAPH_ERROR_STRUCTURE; operator and node are put in front by the caller. */
gboolean hl_onnx_refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* A value by name; initialisers and bound inputs are converted when they are first asked for. */
HlOnnxValue *hl_onnx_find_value (HlOnnxImport *self, const char *name, GError **error);

/* The same where only the choice of the batch's axis stands in the way. */
#define HL_ONNX_ERROR_MIXED HL_GRAPH_ERROR_SHAPE
gboolean hl_onnx_refuse_mixed (GError **error, const char *text);

/* ---- The current node ---- */

const Onnx__AttributeProto *hl_onnx_attribute (HlOnnxImport *self, const char *name);   /* NULL when absent */
gint64         hl_onnx_int    (HlOnnxImport *self, const char *name, gint64 otherwise);
double         hl_onnx_float  (HlOnnxImport *self, const char *name, double otherwise);
const gint64  *hl_onnx_ints   (HlOnnxImport *self, const char *name, guint *n);          /* NULL when absent */
char          *hl_onnx_string (HlOnnxImport *self, const char *name, const char *otherwise) G_GNUC_WARN_UNUSED_RESULT;
guint          hl_onnx_n_inputs (HlOnnxImport *self);
gboolean       hl_onnx_has_input (HlOnnxImport *self, guint i);
gboolean       hl_onnx_wants_output (HlOnnxImport *self, guint i);      /* named and read by somebody */
HlOnnxValue   *hl_onnx_input  (HlOnnxImport *self, guint i, GError **error);   /* any */
/* Counts numbers that a file of a few bytes could ask for again and again: too many are refused after the node. Those that were read
 * from the file allow some more each. */
void           hl_onnx_spend (HlOnnxImport *self, const HlOnnxTensor *tensor);
void           hl_onnx_earn  (HlOnnxImport *self, const HlOnnxTensor *tensor);
/* NULL where there is no tensor. */
HlOnnxValue   *hl_onnx_make_constant (HlOnnxImport *self, HlOnnxTensor *tensor /* owned */, GError **error);
HlOnnxValue   *hl_onnx_computed (HlOnnxImport *self, guint i, GError **error); /* a constant becomes a layer */
/* Of an input that must be a constant; is_float or whole numbers. NULL with an error otherwise. */
HlOnnxTensor  *hl_onnx_floats_input (HlOnnxImport *self, guint i, GError **error);
HlOnnxTensor  *hl_onnx_ints_input   (HlOnnxImport *self, guint i, GError **error);
/* The same where the size of a batch that may be any, HL_ONNX_ANY_BATCH, may stand among the numbers. */
HlOnnxTensor  *hl_onnx_shape_input  (HlOnnxImport *self, guint i, GError **error);
#define HL_ONNX_ANY_BATCH (G_MININT64 + 7)
gboolean       hl_onnx_output (HlOnnxImport *self, guint i, HlOnnxValue *value, GError **error);
gboolean       hl_onnx_output_constant (HlOnnxImport *self, guint i, HlOnnxTensor *tensor /* owned */, GError **error);

/* ---- Layers ---- */

/* A few bytes of a file can declare shapes of any size: what is filled up to a shape may have this many numbers. */
#define HL_ONNX_MAX_FILLED (1 << 22)
/* A tensor of zeros of the sample's shape, to be filled. */
HlOnnxTensor *hl_onnx_new_filled (const char *name, const HlShape *shape, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds a layer; then pairs of parameter name and double, ended by NULL. The value has the first input's axes when its
 * shape is the same, else the sample's with the batch where it was (hl_onnx_set_dims changes that). */
HlOnnxValue *hl_onnx_emit (HlOnnxImport *self, GError **error, const char *layer, guint n_inputs, HlOnnxValue *const *inputs, ...);
/* Gives the layer's weight its numbers. */
void         hl_onnx_weight (HlOnnxImport *self, const HlOnnxValue *value, const char *name, HlOnnxTensor *tensor /* owned */);
/* A layer that holds the tensor: one sample, the same for the whole batch. */
HlOnnxValue *hl_onnx_emit_constant (HlOnnxImport *self, const HlOnnxTensor *tensor, GError **error);
/* The same numbers as samples of another shape. */
HlOnnxValue *hl_onnx_emit_shape (HlOnnxImport *self, HlOnnxValue *value, const HlShape *shape, GError **error);
/* The value with its batch on another axis, where that only means looking at it differently (batch of 1). */
HlOnnxValue *hl_onnx_move_batch (HlOnnxImport *self, HlOnnxValue *value, int axis, GError **error);
/* Axis of a sample for an axis of the tensor, which may count from the end; the value may be exchanged for one whose batch
 * does not lie there. FALSE when the operator would mix samples. */
gboolean     hl_onnx_sample_axis (HlOnnxImport *self, HlOnnxValue **value, gint64 axis, guint *sample_axis, GError **error);
gboolean     hl_onnx_normalize_axis (gint64 *axis, gint64 n_dims, GError **error);
void         hl_onnx_set_dims (HlOnnxValue *value, guint n_dims, const gint64 *dim, int axis);

G_END_DECLS
