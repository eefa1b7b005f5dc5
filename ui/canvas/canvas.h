/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlCanvas: the network as cards and links: shows a model document, calls its verbs, keeps no model state of its own.
 * Node cards are its children; links, ports and the selection rectangle are drawn by it. Main thread. */
#pragma once

#include <adwaita.h>

#include "app/messages.h"
#include "app/model-document.h"
#include "ui/canvas/geometry.h"

G_BEGIN_DECLS

#define HL_TYPE_CANVAS (hl_canvas_get_type ())
G_DECLARE_FINAL_TYPE (HlCanvas, hl_canvas, HL, CANVAS, GtkWidget)

/* What a drag from the palette carries: a GdkContentProvider of this type holds the HlLayerClass pointer. */
#define HL_TYPE_LAYER_DRAG (hl_layer_drag_get_type ())
GType       hl_layer_drag_get_type (void);

/* Property document (HlModelDocument). Signals: "view-changed": what is shown or where cards lie is new (minimap, zoom label);
 * "open-node" (guint node, gboolean rename): show its inspector and give it the focus; "message" (const char *sentence): why
 * something was refused. Actions (also keys): canvas.delete, .cut, .copy, .paste, .duplicate, .select-all, .connect, .fit, .zoom-in,
 * .zoom-out, .zoom-normal, .arrange. */
GtkWidget     *hl_canvas_new          (void);
void           hl_canvas_set_document (HlCanvas *self, HlModelDocument *document);   /* may be NULL */

const HlView  *hl_canvas_get_view     (HlCanvas *self);
void           hl_canvas_set_view     (HlCanvas *self, const HlView *view, gboolean animate);
HlRect         hl_canvas_get_bounds   (HlCanvas *self);                    /* of all cards, canvas coordinates */
void           hl_canvas_zoom         (HlCanvas *self, double factor);     /* about the middle */
void           hl_canvas_fit          (HlCanvas *self, gboolean animate);
void           hl_canvas_reveal       (HlCanvas *self, guint32 node);
void           hl_canvas_arrange      (HlCanvas *self);                    /* one undo entry; animated */
/* The layer behind the selection, docked where it can; returns the new node. */
guint32        hl_canvas_append       (HlCanvas *self, const HlLayerClass *klass);

/* Cards, for the minimap and tests. */
guint          hl_canvas_get_n_cards  (HlCanvas *self);
guint32        hl_canvas_get_card     (HlCanvas *self, guint i, HlRect *rect);
/* "Input 2, divisor: relu1". */
char          *hl_canvas_describe_port (HlCanvas *self, guint32 node, guint port) G_GNUC_WARN_UNUSED_RESULT;
GtkWidget     *hl_canvas_find_card    (HlCanvas *self, guint32 node);      /* HlNodeWidget that shows the node; NULL */
guint          hl_canvas_get_n_links  (HlCanvas *self);

/* What the wells show. names: of the classes, for the bars of the last card; may be NULL. */
void           hl_canvas_set_probe    (HlCanvas *self, HlProbeResult *probe, const char *const *names);
void           hl_canvas_set_picture  (HlCanvas *self, const HlShape *shape, const float *values);   /* the input card's, before any probe */
void           hl_canvas_clear_values (HlCanvas *self);

G_END_DECLS
