/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlParamRow: one setting of a class's parameter table as a list row: its label, a fitting control, its help as a tooltip. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "engine/base/class.h"

G_BEGIN_DECLS

#define HL_TYPE_PARAM_ROW (hl_param_row_get_type ())
G_DECLARE_FINAL_TYPE (HlParamRow, hl_param_row, HL, PARAM_ROW, GtkListBoxRow)

/* param must stay alive. Signals: "changed" (double): the user chose another value; "done": a gesture is over (focus left, Enter), so
 * the next change is an undo entry of its own. */
GtkWidget     *hl_param_row_new       (const HlParam *param, double value);
const HlParam *hl_param_row_get_param (HlParamRow *self);
double         hl_param_row_get_value (HlParamRow *self);
/* No "changed". */
void           hl_param_row_set_value (HlParamRow *self, double value);

/* Any control with a label, looking the same. help may be NULL. */
GtkWidget     *hl_control_row_new     (const char *label, const char *help, GtkWidget *control);
/* The wheel over a control in a scrolled panel scrolls the panel; a value that changes on the way would go unnoticed. */
void           hl_ignore_wheel        (GtkWidget *control);
/* A list of such rows on a card. */
GtkWidget     *hl_rows_new            (void);

G_END_DECLS
