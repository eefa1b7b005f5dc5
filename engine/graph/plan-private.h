/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of HlPlan, for plan.c, plan-layout.c and plan-places.c only. */
#pragma once

#include <string.h>

#include "engine/graph/plan.h"

G_BEGIN_DECLS

struct _HlPlan
{
  gatomicrefcount ref_count;
  HlGraph *graph;              /* frozen */
  HlPlanOptions options;
  guint n_steps;
  HlPlanStep *steps;
  GArray *weights;             /* HlPlanWeight, by step */
  GArray *segments;            /* HlPlanSegment */
  gsize trained_length, arena_length;
  GArray *pools;               /* gsize */
  gsize bytes[HL_MEMORY_TOTAL];
};

/* Ports that read the output of a step; *last: the step of one of them. */
guint hl_plan_count_consumers (const HlPlan *self, guint step, guint *last);

/* Which steps need gradients; a layer without backward in their way is a fault. */
void  hl_plan_find_gradients  (HlPlan *self, GPtrArray *faults);
/* Tells every weight the gain of the activation that follows its layer. */
void  hl_plan_find_gains      (HlPlan *self);
/* Merges activations and pooling into the heads before them. */
void  hl_plan_fuse            (HlPlan *self);
/* Borders, shared memory, places, bytes. */
void  hl_plan_lay_out_values  (HlPlan *self);
/* How long each value, gradient and saved tensor is in use, and where it therefore lies. */
void  hl_plan_find_places     (HlPlan *self);
void  hl_plan_lay_out_weights (HlPlan *self);

G_END_DECLS
