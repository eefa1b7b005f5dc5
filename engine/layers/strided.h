/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Values as arrays with steps, in the way of NumPy: what layers share that slice, transpose, pad, broadcast and sum. One
 * kernel serves them all; its geometry is arguments. */
#pragma once

#include "engine/graph/layer.h"

G_BEGIN_DECLS

#define HL_VIEW_DIMS 8

/* A value or a part of it. Element (i, j, ...) lies at first + i × step[0] + j × step[1] + ... within a block. */
typedef struct
{
  const HlValue *value;
  int first;                          /* first and step: in vectors */
  guint n_dims;
  int size[HL_VIEW_DIMS], step[HL_VIEW_DIMS];
} HlView;

/* All of a value, its shape's dimensions being the axes. */
HlView hl_view_new       (const HlValue *value);
/* Elements first, first + step, ... of an axis, n of them; step may be negative, or 0: the same one n times. */
void   hl_view_slice     (HlView *self, guint axis, int first, int n, int step);
/* Axis k becomes what axis order[k] was. */
void   hl_view_permute   (HlView *self, const guint *order);
/* Makes the view as large as `shape` by NumPy's rule: missing first axes and axes of size 1 are repeated. */
void   hl_view_broadcast (HlView *self, const HlShape *shape);

/* One pass: to := or += scale × term, an OpenCL expression in a and b, the elements of the views of these names ("a",
 * "a * b"). All views have one size. Along axes where `to` has step 0 the terms are summed. b may be NULL.
 * HL_TERM_QUOTIENT is a / b, but 0 in lanes beyond the batch, whose b may be 0. */
#define HL_TERM_QUOTIENT "select (a / b, (VEC) 0, LANE_NUMBERS >= n_left)"

typedef struct
{
  HlKernel *kernel;
  const HlValue *a, *b, *to;
  gint32 size[16], a_step[16], b_step[16], to_step[8], block_step[4], first[4];
  gint32 count, chunk, n_items, add;
  float scale;
} HlStrided;

void     hl_strided_prepare (HlStrided *self, HlLayerCall *call, const HlView *to, const HlView *a, const HlView *b,
                             const char *term, double scale, gboolean add);
gboolean hl_strided_run     (const HlStrided *self, const HlLayerCall *call, GError **error);

/* Several passes in their order. Where `part` is a slice with step 1 of `whole`, what lies outside of it is set to `value`. */
#define HL_MAX_PASSES 28
typedef struct { guint n; HlStrided pass[HL_MAX_PASSES]; } HlPasses;

HlStrided *hl_passes_add      (HlPasses *self);
void       hl_passes_add_fill (HlPasses *self, HlLayerCall *call, const HlValue *whole, const guint *first, const guint *size,
                               double value);
gboolean   hl_passes_run      (const HlPasses *self, const HlLayerCall *call, GError **error);

/* ---- For definitions ---- */

/* The number within a sample of element `at` of a shape, and back. */
gsize    hl_shape_number (const HlShape *shape, const guint *at);
void     hl_shape_place  (const HlShape *shape, gsize number, guint *at);
/* y is made of elements of x or `value`: source gives the number of the element of x that is y's element `at`, or -1. Forward, and
 * backward when dy is set. */
void     hl_gather_reference (const HlLayerReference *call, gint64 (*source) (const void *params, const HlShape *x, const guint *at),
                              double value);
/* 0 <= result < n_dims, of an axis that may count from the end; FALSE with HL_GRAPH_ERROR_SHAPE when there is none. */
gboolean hl_axis_find (int axis, const HlShape *shape, guint *found, GError **error);

G_END_DECLS
