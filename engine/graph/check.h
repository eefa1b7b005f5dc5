/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlProblem: one thing the user should know about a network; a list of them is what is wrong with a model.
 * hl_graph_check is pure; any thread. */
#pragma once

#include "engine/graph/graph.h"

G_BEGIN_DECLS

typedef enum { HL_SEVERITY_HINT, HL_SEVERITY_WARNING, HL_SEVERITY_ERROR } HlSeverity;

typedef enum
{
  HL_FIX_NONE,
  HL_FIX_INSERT_BEFORE,    /* a `fix_layer` between the node and its source on `port` */
  HL_FIX_REMOVE_NODE,
  HL_FIX_SET_PARAM,        /* each fix_param := its fix_value */
} HlFixKind;

#define HL_MAX_FIX_PARAMS 3

typedef struct
{
  guint32 node;            /* 0: the whole graph */
  HlSeverity severity;
  char *text;              /* "Linear expects one dimension but gets 16×5×5." */
  char *fix;               /* "Insert Flatten before it." or NULL */
  HlFixKind fix_kind;
  const HlLayerClass *fix_layer;
  guint port;
  const HlParam *fix_param[HL_MAX_FIX_PARAMS];   /* up to the first NULL */
  double fix_value[HL_MAX_FIX_PARAMS];
} HlProblem;

/* Takes text. */
HlProblem *hl_problem_new  (guint32 node, HlSeverity severity, char *text) G_GNUC_WARN_UNUSED_RESULT;
void       hl_problem_free (HlProblem *self);
/* Structure, shapes and habits (a softmax before cross-entropy when loss_name is "cross_entropy"; NULL: no
 * loss known). Element type HlProblem, freed with the array; errors first. */
GPtrArray *hl_graph_check  (const HlGraph *graph, const char *loss_name) G_GNUC_WARN_UNUSED_RESULT;
/* Errors first; those of one severity stay in their order. */
void       hl_problems_sort (GPtrArray *problems);
/* Carries out the fix on a thawed graph. */
gboolean   hl_problem_apply_fix (const HlProblem *self, HlGraph *graph, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlProblem, hl_problem_free)

G_END_DECLS
