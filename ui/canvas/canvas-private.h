/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the canvas share. For this folder only. */
#pragma once

#include "ui/canvas/canvas.h"
#include "ui/canvas/dock.h"
#include "ui/canvas/node-widget.h"

G_BEGIN_DECLS

#define HL_FIT_MARGIN 24.0
#define HL_FIT_ABOVE  32.0   /* room for the zoom buttons */
#define HL_FIT_BELOW  44.0   /* and for the status card */

typedef struct
{
  guint32 id;
  HlNodeWidget *widget;          /* owned as a child */
  HlRect rect;                   /* where it is shown */
  HlPoint start, target;         /* of the running animation; target: where the document has it */
  guint n_ports;                 /* inputs it can take now, the free one of add and concat included */
  gboolean fresh;                /* not placed yet */
} HlCard;

typedef struct
{
  guint from, to;                /* cards */
  guint32 from_node, to_node;    /* nodes */
  guint port;
  guint64 n_values;
  char text[32];                 /* shape */
  HlCurve curve;                 /* canvas coordinates */
} HlCanvasLink;

typedef enum { HL_DRAG_NONE, HL_DRAG_PENDING, HL_DRAG_MOVE, HL_DRAG_BAND, HL_DRAG_PAN, HL_DRAG_LINK, HL_DRAG_CHIP } HlDragMode;

struct _HlCanvas
{
  GtkWidget parent_instance;
  HlModelDocument *document;
  HlDocks *docks;
  GPtrArray *cards;              /* HlCard, in the order they are drawn */
  GArray *links;                 /* HlCanvasLink */
  gboolean links_dirty, fitted;
  HlView view, view_start, view_target;
  AdwAnimation *move_animation, *view_animation;

  HlDragMode mode;
  HlPoint press, pointer;        /* where the drag began, canvas coordinates; where it is, pixels */
  HlPoint press_pixel;
  HlView press_view;
  HlPoint offset;                /* of moved cards, snapped */
  guint32 chip;                  /* being dragged off */
  guint32 link_from;             /* node whose output is dragged; its loose end follows the pointer */
  guint32 link_old_to;           /* where it was linked before; 0: a new link */
  guint link_old_port;
  guint32 link_target;           /* legal target under the pointer; 0: none */
  guint link_target_port;
  GHashTable *legal;             /* nodes that may take the dragged link */
  HlRect band;
  gboolean space_held;
  guint32 selected_to;           /* selected link: its end; 0: none */
  guint selected_port;
  guint32 hover_to;              /* link under the pointer */
  guint hover_port;
  guint32 drop_to;               /* link a palette drag would split */
  guint drop_port;
  guint32 drop_card;             /* card it would dock on */
  GtkWidget *menu;               /* context menu */
};

HlCard  *hl_canvas_card        (HlCanvas *self, guint32 node);            /* card showing the node, docked or not */
HlCard  *hl_canvas_card_at     (HlCanvas *self, HlPoint point);           /* topmost */
HlPoint  hl_canvas_input_port  (const HlCard *card, guint port);
HlPoint  hl_canvas_output_port (const HlCard *card);
HlCanvasLink *hl_canvas_link_at (HlCanvas *self, HlPoint point, double reach);
HlCanvasLink *hl_canvas_find_link (HlCanvas *self, guint32 to, guint port);
void     hl_canvas_message     (HlCanvas *self, const char *text);
void     hl_canvas_select_link (HlCanvas *self, const HlCanvasLink *link /* NULL: none */);
void     hl_canvas_update_links(HlCanvas *self);
void     hl_canvas_moved       (HlCanvas *self);                          /* cards lie elsewhere: lay out and draw anew */
/* Selected nodes, and with each card the nodes docked on it; g_free. */
guint32 *hl_canvas_get_chosen  (HlCanvas *self, guint *n);
/* The layer behind `after`: into the link that leaves it, else linked to it. dock: lie on its card. */
guint32  hl_canvas_add_behind  (HlCanvas *self, const HlLayerClass *klass, guint32 after, gboolean dock);
void     hl_canvas_show_menu   (HlCanvas *self, double x, double y);

void     hl_canvas_snapshot    (GtkWidget *widget, GtkSnapshot *snapshot);     /* canvas-draw.c */
void     hl_canvas_add_gestures(HlCanvas *self);                               /* canvas-gestures.c */
void     hl_canvas_add_tooltips(HlCanvas *self);                               /* canvas-ports.c */
/* Whether it matters which input comes where: the ports have numbers then. */
gboolean hl_canvas_has_ordered_ports (HlCanvas *self, const HlCard *card);
void     hl_canvas_describe_inputs (HlCanvas *self, const HlCard *card);       /* tells the card's widget */
void     hl_canvas_add_drops   (HlCanvas *self);                               /* canvas-drop.c */
void     hl_canvas_add_actions (GtkWidgetClass *klass);                        /* canvas-actions.c */
void     hl_canvas_add_keys    (HlCanvas *self);

G_END_DECLS
