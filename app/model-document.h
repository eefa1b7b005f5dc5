/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlModelDocument: editing verbs on a project's network. Each copies the frozen graph, changes the copy and commits it to the
 * project under a label; afterwards node items, plan and problems are brought up to date. Main thread. */
#pragma once

#include "app/node-item.h"
#include "engine/data/dataset.h"

G_BEGIN_DECLS

#define HL_TYPE_MODEL_DOCUMENT (hl_model_document_get_type ())
G_DECLARE_FINAL_TYPE (HlModelDocument, hl_model_document, HL, MODEL_DOCUMENT, GObject)

/* Properties: graph (pointer), plan (pointer), nodes (GListModel of HlNodeItem, creation order), problems (GListModel of HlNodeItem-less
 * wrappers: see hl_model_document_get_problems), n-selected. Signal "changed": graph, plan or problems are new. */
HlGraph    *hl_model_document_get_graph    (HlModelDocument *self);              /* frozen, transfer none */
HlPlan     *hl_model_document_get_plan     (HlModelDocument *self);              /* partial plan, fuse = FALSE; transfer none */
GListModel *hl_model_document_get_nodes    (HlModelDocument *self);
HlNodeItem *hl_model_document_find_item    (HlModelDocument *self, guint32 node);
GPtrArray  *hl_model_document_get_problems (HlModelDocument *self);              /* of HlProblem; transfer none */
/* The data that the network is to learn: what does not fit it is a problem too. NULL: not known. */
void        hl_model_document_set_dataset  (HlModelDocument *self, HlDataset *dataset);

guint32     hl_model_document_add          (HlModelDocument *self, const HlLayerClass *klass, double x, double y);
/* Adds right of `after` (0: of the only selected node, else of the chain's end), linked, what followed relinked behind it. */
guint32     hl_model_document_append       (HlModelDocument *self, const HlLayerClass *klass, guint32 after);
/* On a link: from - new - to. */
guint32     hl_model_document_insert       (HlModelDocument *self, const HlLayerClass *klass, guint32 to, guint port, double x, double y);
gboolean    hl_model_document_connect      (HlModelDocument *self, guint32 from, guint32 to, guint port, GError **error);
gboolean    hl_model_document_can_connect  (HlModelDocument *self, guint32 from, guint32 to, guint port, GError **error);
void        hl_model_document_disconnect   (HlModelDocument *self, guint32 to, guint port);
void        hl_model_document_move         (HlModelDocument *self, const guint32 *nodes, guint n, double dx, double dy);
void        hl_model_document_set_positions(HlModelDocument *self, const guint32 *nodes, guint n, const double *xy, const char *label);
gboolean    hl_model_document_set_param    (HlModelDocument *self, guint32 node, const HlParam *param, double value);  /* merges while dragging */
gboolean    hl_model_document_rename       (HlModelDocument *self, guint32 node, const char *name, GError **error);
void        hl_model_document_set_init     (HlModelDocument *self, guint32 node, gboolean bias, const HlChoice *init);
/* One undo entry for a gesture. factor: on the learning rate, 0 .. HL_MAX_RATE_FACTOR. */
void        hl_model_document_set_frozen   (HlModelDocument *self, guint32 node, gboolean frozen);
void        hl_model_document_set_rate_factor (HlModelDocument *self, guint32 node, double factor);
gboolean    hl_model_document_apply_fix    (HlModelDocument *self, const HlProblem *problem, GError **error);
/* Removes; a removed node with one source and readers hands its readers to its source where shapes allow. */
void        hl_model_document_remove       (HlModelDocument *self, const guint32 *nodes, guint n);
void        hl_model_document_duplicate    (HlModelDocument *self, const guint32 *nodes, guint n);
char       *hl_model_document_copy_text    (HlModelDocument *self, const guint32 *nodes, guint n);        /* JSON for the clipboard */
gboolean    hl_model_document_paste_text   (HlModelDocument *self, const char *text, double x, double y, GError **error); /* selects what came */

guint32    *hl_model_document_get_selection (HlModelDocument *self, guint *n) G_GNUC_WARN_UNUSED_RESULT;  /* g_free */
void        hl_model_document_select        (HlModelDocument *self, guint32 node /* 0: none */, gboolean extend);
void        hl_model_document_select_all    (HlModelDocument *self);

G_END_DECLS
