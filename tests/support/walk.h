/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TestWalk: runs a plan through the layers' own `reference` functions, in double precision and plain order: what the
 * executor is compared with. TestSource: a layer of tests only that gives any shape a place to come from. */
#pragma once

#include "engine/graph/executor.h"

G_BEGIN_DECLS

typedef struct
{
  HlPlan *plan;              /* unfused */
  guint batch;
  double **y, **dy;          /* by step; dy only after backward */
  double **w, **dw;          /* by weight of the plan */
} TestWalk;

TestWalk *test_walk_new      (HlPlan *plan, guint batch);
void      test_walk_free     (TestWalk *self);
void      test_walk_set_weights (TestWalk *self, const float *arena);
void      test_walk_forward  (TestWalk *self, const float *input, gboolean training, const HlRandomKey *random);
void      test_walk_backward (TestWalk *self, const float *dy, gboolean training, const HlRandomKey *random);
/* One step's call with the walk's arrays, dx and dw NULL. */
void      test_walk_fill_call (TestWalk *self, guint step, HlLayerReference *call);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestWalk, test_walk_free)

/* Takes a row of numbers and gives some of them, from `first` on, in any shape. It counts as trained, so that
 * whatever follows it must compute the gradient of its input. */
typedef struct { int first, n_dims, dim0, dim1, dim2, dim3, dim4; } TestSource;
extern const HlLayerClass test_source_layer;

/* An input of the right size and one source for each shape; returns how many, ids of the sources in `ids`. */
guint     test_add_sources   (HlGraph *graph, const HlShape *shapes, guint32 *ids);

/* "filters=4;bias=false" into params, through the class's table. */
void      test_set_params    (const HlClass *klass, gpointer params, const char *text);

/* Values like a network's: normal, deviation 1. The same for the same number. */
void      test_fill          (float *values, gsize n, guint64 number);
/* Fills an arena with weights that are not all equal; variances are positive. */
void      test_fill_weights  (HlPlan *plan, float *arena, guint64 number);

/* |a - b| <= tolerance × (1 + |b|) for all, or a failure naming `what` and the worst place. */
void      test_assert_near   (const float *a, const double *b, gsize n, double tolerance, const char *what);

/* The device tests run on; NULL after a skip. */
HlDevice *test_open_device   (void);

G_END_DECLS
