/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlFault: why a graph cannot run. Plans fail with the first one, hl_graph_check makes problems of all.
 * Private to engine/graph. Pure; any thread. */
#pragma once

#include "engine/graph/plan.h"

G_BEGIN_DECLS

typedef enum { HL_FAULT_OTHER, HL_FAULT_SECOND_INPUT, HL_FAULT_SHAPE } HlFaultKind;

typedef struct
{
  HlFaultKind kind;
  guint32 node;        /* 0: the whole graph */
  GError *error;
} HlFault;

void hl_fault_free (HlFault *self);
void hl_fault_add  (GPtrArray *faults, HlFaultKind kind, guint32 node, int code, const char *format, ...) G_GNUC_PRINTF (5, 6);

/* Inputs, open ports, ends. Appends to faults (HlFault). */
void hl_graph_find_faults (const HlGraph *graph, GPtrArray *faults);

/* The plan as far as it goes; what stops it is appended to faults, structure first. */
HlPlan *hl_plan_build (const HlGraph *graph, const HlPlanOptions *options, GPtrArray *faults);

G_END_DECLS
