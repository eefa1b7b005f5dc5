/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlGraph: nodes, their parameters, and links between them; no shapes, no weights, no device. Thawed it
 * belongs to one thread; frozen it is immutable and may be shared by reference with any thread: the
 * document's current value, an undo entry and what the worker receives are the same frozen graph. */
#pragma once

#include "engine/graph/layer.h"

G_BEGIN_DECLS

#define HL_MAX_RATE_FACTOR 1000

typedef struct _HlGraph HlGraph;

typedef struct
{
  guint32 id;                      /* > 0, unique, stable, never reused within a graph */
  const HlLayerClass *klass;
  char *name;                      /* shown and used in weight names; unique, not empty: "conv1" */
  gpointer params;
  HlChoice *weight_init, *bias_init;   /* NULL: the layer's default */
  gboolean frozen;                 /* its weights and running statistics stay as they are in training */
  double rate_factor;              /* on the learning rate of its weights; 1: none; 0 .. HL_MAX_RATE_FACTOR */
  double x, y;                     /* canvas position of the card's top left corner */
} HlNode;

typedef struct { guint32 from, to; guint port; } HlLink;   /* output of from into input `port` of to */

HlGraph *hl_graph_new       (void) G_GNUC_WARN_UNUSED_RESULT;
HlGraph *hl_graph_ref       (HlGraph *self);
void     hl_graph_unref     (HlGraph *self);
HlGraph *hl_graph_copy      (const HlGraph *self) G_GNUC_WARN_UNUSED_RESULT;   /* thawed */
void     hl_graph_freeze    (HlGraph *self);
gboolean hl_graph_is_frozen (const HlGraph *self);
gboolean hl_graph_equal     (const HlGraph *a, const HlGraph *b);

/* Reading. Nodes in order of creation; borrowed pointers live as long as the graph is not changed. */
guint         hl_graph_get_n_nodes (const HlGraph *self);
const HlNode *hl_graph_get_node    (const HlGraph *self, guint i);
const HlNode *hl_graph_find_node   (const HlGraph *self, guint32 id);        /* NULL when absent */
const HlNode *hl_graph_find_name   (const HlGraph *self, const char *name);
guint         hl_graph_get_n_links (const HlGraph *self);
const HlLink *hl_graph_get_link    (const HlGraph *self, guint i);
guint32       hl_graph_get_source  (const HlGraph *self, guint32 to, guint port);   /* 0: open */
guint         hl_graph_get_n_inputs(const HlGraph *self, guint32 node);       /* highest linked port + 1 */
gboolean      hl_graph_reaches     (const HlGraph *self, guint32 from, guint32 to); /* along links; TRUE for itself */

/* Changing; thawed graphs only. */
guint32  hl_graph_add_node    (HlGraph *self, const HlLayerClass *klass, double x, double y);  /* names it */
guint32  hl_graph_add_copy    (HlGraph *self, const HlNode *node);            /* new id, unique name, same params */
/* For readers of files. FALSE when the id or the name is taken or not allowed. */
gboolean hl_graph_add_with_id (HlGraph *self, guint32 id, const HlLayerClass *klass, const char *name, double x, double y);
void     hl_graph_remove_node (HlGraph *self, guint32 node);                  /* and its links */
/* Replaces what was linked to that port. HL_GRAPH_ERROR_CYCLE / _STRUCTURE in words. For layers taking any
 * number of inputs, port n_inputs and every later one append. */
gboolean hl_graph_connect     (HlGraph *self, guint32 from, guint32 to, guint port, GError **error);
void     hl_graph_disconnect  (HlGraph *self, guint32 to, guint port);        /* later ports of add/concat move down */
void     hl_graph_move_node   (HlGraph *self, guint32 node, double x, double y);
gboolean hl_graph_rename_node (HlGraph *self, guint32 node, const char *name, GError **error);
gpointer hl_graph_get_params  (HlGraph *self, guint32 node);                  /* write through hl_param_set */
void     hl_graph_set_init    (HlGraph *self, guint32 node, gboolean bias, const HlChoice *init /* NULL: default */);
void     hl_graph_set_frozen  (HlGraph *self, guint32 node, gboolean frozen);
void     hl_graph_set_rate_factor (HlGraph *self, guint32 node, double factor);   /* clamped; not a number: 1 */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlGraph, hl_graph_unref)

G_END_DECLS
