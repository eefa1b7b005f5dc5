/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a layer is. One file per layer in engine/layers/ defines one constant HlLayerClass; a word in
 * engine/layers/meson.build registers it. `plan`, `reference` and `lower` are pure (any thread);
 * `prepare`, `forward` and `backward` run on the worker and only enqueue device work. */
#pragma once

#include "engine/base/choice.h"
#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/base/shape.h"
#include "engine/device/tensor.h"
#include "engine/graph/op-list.h"

G_BEGIN_DECLS

#define HL_MAX_INPUTS  8
#define HL_MAX_WEIGHTS 32   /* recurrent layers: four a layer and direction */
#define HL_MAX_KERNELS 12
#define HL_MAX_SAVED   4

typedef struct _HlLayerClass HlLayerClass;
typedef struct _HlLayerPlan HlLayerPlan;
typedef struct _HlLayerCall HlLayerCall;

/* ---- Values: activations and their gradients on the device ---- */

typedef struct { guint top, left, bottom, right; } HlBorder;

/* Layout [block][channel][row][column][lanes], see kernels/common.clh. Kernels write the interior only, whole vectors of it:
 * the executor sees to it that the border is zero (once, or each time where the memory had another value before). In the
 * last block of a short batch the lanes beyond the batch hold finite values in activations and exact zeros in gradients. */
typedef struct
{
  HlShape shape;
  HlBorder border;
  HlTensor *tensor;
} HlValue;

guint hl_value_row_step   (const HlValue *self);   /* in vectors */
guint hl_value_plane_step (const HlValue *self);
guint hl_value_block_step (const HlValue *self);
guint hl_value_origin     (const HlValue *self);
gboolean hl_value_has_border (const HlValue *self);
/* Appends "P_CHANNELS=6;P_ROWS=28;P_COLUMNS=28;P_ROW=32;P_PLANE=1024;P_BLOCK=6144;P_ORIGIN=66;" for prefix P. */
void  hl_value_append_defines (const HlValue *self, const char *prefix, GString *defines);

/* ---- Planning ---- */

typedef struct
{
  guint batch;           /* samples a step at most */
  guint lanes;           /* of the device; 16 when none is known */
  guint compute_units;
  gboolean training;     /* FALSE: only forward will run */
  gboolean fuse;         /* merge activations and pooling into the layer before */
  gboolean keep_values;  /* every value and gradient stays readable after a pass: no two share memory (probes, tests) */
} HlPlanOptions;

typedef enum
{
  HL_WEIGHT_TRAINED,     /* changed by the optimizer */
  HL_WEIGHT_STATE,       /* kept and saved, changed by forward passes (running mean) */
} HlWeightKind;

typedef struct
{
  const char *name;      /* as in PyTorch: "weight", "bias", "running_mean" */
  HlWeightKind kind;
  HlShape shape;         /* as in PyTorch, row-major: conv2d weight [out][in / groups][rows][columns] */
  guint64 fan_in, fan_out;
  /* NULL, or for each first index a bit for each second index that it is connected to. The other weights have room in the
   * tensor but do not exist: they are 0, get no gradient, and `count` leaves them out. Constant data. */
  const guint32 *connections;
  guint64 count;         /* numbers that exist; 0: as many as the shape holds */
  double constant;       /* start value when initializer is NULL */
  const char *initializer; /* name of the default initializer, PyTorch's: "kaiming_uniform" ..., NULL: constant */
  double gain;           /* of the activation that follows, 1 when none does; the plan fills it in */
} HlWeightSpec;

guint64 hl_weight_spec_get_count (const HlWeightSpec *self);
/* Sets weights that do not exist to 0; values: of the spec's shape. */
void    hl_weight_spec_clear_missing (const HlWeightSpec *self, float *values);

typedef struct
{
  guint size_y, size_x, stride_y, stride_x, pad_y, pad_x, dilation_y, dilation_x;
  gboolean ceil_mode;
} HlWindow;

/* What a head layer does to its result before it stores it: first the activation, then max pooling. */
typedef struct
{
  gboolean has_activation, has_pool;
  /* OpenCL text: the activation as expression in v (VEC), and the factor on dy as expression in y, its result, or, where
   * the result does not tell it, in v again (gradient_in_v: such an activation is fused only where nothing is trained). */
  char value[400], gradient[400];
  gboolean gradient_in_v;
  HlWindow pool;
  HlShape unpooled;                  /* the head's own output shape */
} HlEpilogue;

struct _HlLayerPlan
{
  HlShape output;                    /* of the layer itself, before any fused layer */
  guint n_weights;
  HlWeightSpec weights[HL_MAX_WEIGHTS];
  guint64 multiply_adds;             /* of one sample, forward */
  gboolean alias;                    /* output is the input's memory, reshaped (flatten); wants no border */
  HlBorder x_border[HL_MAX_INPUTS];  /* zeros wanted around each input */
  HlBorder dy_border;                /* zeros wanted around the gradient of the output */
  gsize saved_bytes[HL_MAX_SAVED];   /* kept from forward to backward, for a whole batch */
  gsize workspace_bytes;             /* shared by all layers: contents are lost between calls */
  gsize border_workspace_bytes;      /* the same, where an input, the output or a gradient of them has a border */
  gboolean needs_x;                  /* backward reads x (default TRUE); where FALSE, x may be gone by then */
  gboolean needs_y;                  /* backward reads y (default TRUE); the same */
  HlEpilogue epilogue;               /* filled by fuse */
};

/* ---- Running ---- */

struct _HlLayerCall
{
  HlDevice *device;
  HlKernelSet *kernels;              /* prepare only */
  HlKernel *kernel[HL_MAX_KERNELS];  /* prepare fills, forward and backward run */
  gpointer state;                    /* the layer's own, g_free'd with the executor; may stay NULL */
  guint node;
  const HlLayerClass *klass;
  const void *params;
  const HlLayerPlan *plan;
  guint n_inputs;
  const HlValue *x[HL_MAX_INPUTS];
  const HlValue *dx[HL_MAX_INPUTS];  /* NULL: nobody needs it */
  gboolean accumulate[HL_MAX_INPUTS];/* TRUE: add into dx, another consumer has written it; fixed before prepare */
  const HlValue *y, *dy;             /* after epilogue; dy NULL when not training. With an activation in the
                                      * epilogue dy arrives already multiplied by its gradient. */
  HlTensor *w[HL_MAX_WEIGHTS];       /* PyTorch's order and layout; aligned to HL_TENSOR_ALIGN */
  HlTensor *dw[HL_MAX_WEIGHTS];      /* backward overwrites; NULL when not training, for state and when frozen */
  HlTensor *saved[HL_MAX_SAVED];     /* F32 tensors of at least saved_bytes; kernels may view them as bytes. Only what
                                      * forward has written is there in backward: nothing stays from step to step. */
  HlTensor *workspace;               /* F32; NULL when none was asked for */
  guint capacity;                    /* samples the buffers hold: batch rounded up to lanes */
  guint batch;                       /* samples in this step, 1 .. capacity */
  guint n_blocks;                    /* ceil (batch / lanes) */
  guint lanes, compute_units;
  gboolean training;                 /* in prepare: backward may be called; in forward: this is a training step */
  HlRandomKey random;                /* seed, HL_PURPOSE_DROPOUT, step; index must include node: see dropout.c */
  gboolean first_step;
};

/* ---- The C definition ---- */

/* Plain batch, channel, row, column; double precision. Backward parts may be NULL pointers: then only y is
 * wanted. dx and dw are added into (the caller zeroes them). This is what kernels are tested against. */
typedef struct
{
  const void *params;
  const HlLayerPlan *plan;
  guint batch, n_inputs;
  const HlShape *x_shape;            /* n_inputs of them */
  const double *x[HL_MAX_INPUTS];
  double *dx[HL_MAX_INPUTS];
  double *w[HL_MAX_WEIGHTS];         /* state weights may be changed by a training pass */
  double *dw[HL_MAX_WEIGHTS];
  double *y;
  const double *dy;
  gboolean training;
  HlRandomKey random;
  guint node;
} HlLayerReference;

typedef struct
{
  const char *params;                /* "filters=4;size_y=3", others initial; NULL: all initial */
  HlShape x[HL_MAX_INPUTS];          /* ends with the first n_dims == 0 */
  guint away_from_zero;              /* bit k: tests take input k's numbers from 1 up in size; the formula has a pole at 0 */
} HlLayerExample;

struct _HlLayerClass
{
  HlClass base;
  guint min_inputs, max_inputs;
  /* Where it matters which input comes where: their roles, translatable ("divisor"); NULL ends, maybe before the last input.
   * NULL: any order gives the same. */
  const char *const *input_names;
  const HlLayerExample *examples;    /* ends with x[0].n_dims == 0; for `input` the params say the shape */

  /* Shapes, weights, memory. `plan` arrives zeroed with needs_x = needs_y = TRUE. Error: HL_GRAPH_ERROR_SHAPE
   * with a sentence naming both numbers ("needs …, but gets 16×5×5"); the caller adds the layer's name. */
  gboolean (*plan)      (const void *params, const HlPlanOptions *options, guint n_inputs,
                         const HlShape *inputs, HlLayerPlan *plan, GError **error);
  /* Asks for kernels into call->kernel[]; call->x, y, dx, dy, w have their final geometry. */
  gboolean (*prepare)   (HlLayerCall *call, GError **error);
  gboolean (*forward)   (const HlLayerCall *call, GError **error);
  gboolean (*backward)  (const HlLayerCall *call, GError **error);   /* NULL: cannot be trained through */
  const char *backward_hint;         /* translatable sentence for classes without backward: what to take instead; or NULL */
  void     (*reference) (const HlLayerReference *call);              /* forward, and backward when dy is set */
  gboolean (*lower)     (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs,
                         HlOpList *ops, GError **error);

  /* Optional. A one-line description of the parameters that matter: "6 filters 5×5, pad 2". */
  char    *(*describe)  (const void *params);
  /* Optional, activations only: writes the OpenCL text of itself and its gradient. */
  void     (*activation)(const void *params, HlEpilogue *epilogue);
  /* Optional: what start values of the weights before it are multiplied with so that values keep their
   * variance, as torch.nn.init.calculate_gain. NULL: 1. Layers without weights may stand between (hl_plan_find_gains). */
  double   (*gain)      (const void *params);
  /* Optional, max pooling only: its window. */
  void     (*window)    (const void *params, HlWindow *window);
  /* Optional, heads only: take `next` into plan->epilogue; FALSE when it will not. `next_plan->output` is the
   * shape after it. Called for the activation first, then for the pooling that follows. */
  gboolean (*fuse)      (const void *params, const HlPlanOptions *options, HlLayerPlan *plan,
                         const HlLayerClass *next, const void *next_params, const HlLayerPlan *next_plan);
};

const HlLayerClass *const *hl_layer_classes    (void);              /* NULL-terminated, palette order */
const HlLayerClass        *hl_layer_class_find (const char *name);  /* NULL when unknown */
const HlClass             *hl_layer_class_find_base (const char *name);
/* Whether samples enter there: it reads nothing and computes nothing. (A constant reads nothing either.) */
static inline gboolean
hl_layer_class_is_input (const HlLayerClass *klass)
{
  return klass->max_inputs == 0 && !klass->forward;
}

G_END_DECLS
