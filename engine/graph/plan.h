/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlPlan: what running a frozen graph will take: order, shapes, weights and where they lie, fusing, memory,
 * cost. A pure function of graph and options; immutable, reference-counted, any thread. A plan can also be
 * made of a graph that has errors (hl_plan_new_partial): then nodes with a known shape have one. */
#pragma once

#include "engine/graph/graph.h"

G_BEGIN_DECLS

typedef struct _HlPlan HlPlan;

typedef enum { HL_MEMORY_WEIGHTS, HL_MEMORY_GRADIENTS, HL_MEMORY_VALUES, HL_MEMORY_WORKSPACE, HL_MEMORY_TOTAL } HlMemory;

typedef struct
{
  guint32 node;                /* owner */
  guint index;                 /* among the node's weights */
  const HlWeightSpec *spec;    /* borrowed from the plan */
  char *name;                  /* "conv1.weight" */
  gsize first, n;              /* elements in the arena; first is a multiple of HL_TENSOR_ALIGN */
  gboolean trained;            /* the optimizer changes it: of that kind, and its layer is not frozen */
  double rate_factor;          /* on its learning rate */
} HlPlanWeight;

/* Where a value, a gradient or something saved lies: in a slice of a pool, which others may use at other times. */
typedef struct
{
  guint pool;
  gsize first, n;              /* elements; n is 0 where there is nothing */
  gboolean reused;             /* others use it before: a border must be zeroed again */
} HlPlanPlace;

/* A piece of the arena whose trained weights have the same factor on the learning rate. */
typedef struct
{
  gsize first, n;              /* elements, multiples of HL_TENSOR_ALIGN */
  double rate_factor;
} HlPlanSegment;

/* One node in execution order. */
typedef struct
{
  guint32 node;
  const HlLayerClass *klass;
  const void *params;          /* borrowed from the graph, which the plan keeps */
  HlLayerPlan layer;
  guint n_inputs;
  guint input[HL_MAX_INPUTS];  /* positions of the sources in this order */
  HlShape input_shape[HL_MAX_INPUTS];
  gboolean fused;              /* computed by `head`: no calls of its own */
  guint head;                  /* position of the layer that computes it (itself when not fused) */
  guint tail;                  /* a head: position of the last layer fused into it (itself when none) */
  HlBorder value_border, gradient_border;   /* of the value of a tail */
  gboolean frozen;             /* its weights and its state stay as they are */
  gboolean needs_gradient;     /* something trainable lies at or above it */
  gboolean shares_value;       /* its value is the memory of its source (flatten) */
  gboolean shares_gradient;    /* its gradient too */
  HlPlanPlace value, gradient; /* of a tail */
  HlPlanPlace saved[HL_MAX_SAVED];   /* of a head */
  guint first_weight;          /* index into the plan's weights */
} HlPlanStep;

/* Fails with HL_GRAPH_ERROR: the layer's name first, then what does not fit. */
HlPlan *hl_plan_new   (const HlGraph *graph, const HlPlanOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* For the canvas: never fails; a node whose shape cannot be known has none. */
HlPlan *hl_plan_new_partial (const HlGraph *graph, const HlPlanOptions *options) G_GNUC_WARN_UNUSED_RESULT;
HlPlan *hl_plan_ref   (HlPlan *self);
void    hl_plan_unref (HlPlan *self);

const HlGraph       *hl_plan_get_graph   (const HlPlan *self);
const HlPlanOptions *hl_plan_get_options (const HlPlan *self);
guint                hl_plan_get_n_steps (const HlPlan *self);
const HlPlanStep    *hl_plan_get_step    (const HlPlan *self, guint i);
const HlPlanStep    *hl_plan_find_step   (const HlPlan *self, guint32 node);     /* NULL when unknown */
const HlPlanStep    *hl_plan_get_input   (const HlPlan *self);                   /* the input node */
const HlPlanStep    *hl_plan_get_output  (const HlPlan *self);                   /* the only node nobody reads */
gboolean             hl_plan_get_shape   (const HlPlan *self, guint32 node, HlShape *shape);

guint                hl_plan_get_n_weights    (const HlPlan *self);
const HlPlanWeight  *hl_plan_get_weight       (const HlPlan *self, guint i);
/* The arena: trained weights first, segment after segment, then those of frozen layers, then state; both in elements,
 * alignment included. It depends on the graph alone, not on the options. */
gsize                hl_plan_get_trained_length (const HlPlan *self);
gsize                hl_plan_get_arena_length   (const HlPlan *self);
guint                hl_plan_get_n_segments     (const HlPlan *self);            /* of the trained part, in order */
const HlPlanSegment *hl_plan_get_segment        (const HlPlan *self, guint i);

/* Pools for values, their gradients and what is saved; lengths in elements. */
guint                hl_plan_get_n_pools      (const HlPlan *self);
gsize                hl_plan_get_pool_length  (const HlPlan *self, guint i);

guint64  hl_plan_get_parameter_count      (const HlPlan *self);                  /* as PyTorch counts, frozen ones too */
guint64  hl_plan_get_changeable_count     (const HlPlan *self);                  /* without those of frozen layers */
guint64  hl_plan_get_node_parameter_count (const HlPlan *self, guint32 node);
guint64  hl_plan_get_multiply_adds        (const HlPlan *self);                  /* one sample, forward */
gsize    hl_plan_get_bytes                (const HlPlan *self, HlMemory kind);   /* optimizer slots: see recipe */

/* The whole network as operators. Values carry the names of their nodes, weights those of hl_plan_get_weight. */
HlOpList *hl_plan_lower (const HlPlan *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Vectors of `lanes` elements that a value of this shape and border takes for one block, and all its elements. */
gsize    hl_plan_value_length (const HlShape *shape, const HlBorder *border, guint lanes, guint batch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlPlan, hl_plan_unref)

G_END_DECLS
