/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlParamEditor: rows for the parameter table of a class: spin buttons, switches, drop-downs, each with its unit, range and help; pairs
 * such as size_y and size_x share a row "5 × 5". It shows values and reports edits; whoever owns the parameters changes them
 * and shows the new ones. Main thread. */
#pragma once

#include <adwaita.h>

#include "engine/base/class.h"

G_BEGIN_DECLS

#define HL_TYPE_PARAM_EDITOR (hl_param_editor_get_type ())
G_DECLARE_FINAL_TYPE (HlParamEditor, hl_param_editor, HL, PARAM_EDITOR, GtkWidget)

/* Signals: "changed" (gpointer const HlParam *, double value): the user wants this value; "released": an edit is over, what
 * comes next is an undo entry of its own. */
GtkWidget *hl_param_editor_new  (void);
/* Rows are kept while the class stays the same. klass NULL or without parameters: nothing, and the widget hides. */
void       hl_param_editor_show (HlParamEditor *self, const HlClass *klass, gconstpointer params);
/* A row of the caller's own below the parameters; stays across classes. The widget shows as long as it has any row. */
void       hl_param_editor_add_row (HlParamEditor *self, const char *title, const char *help, GtkWidget *control);
void       hl_param_editor_clear_rows (HlParamEditor *self);
/* The control of a parameter, for tests and focus; NULL. */
GtkWidget *hl_param_editor_find (HlParamEditor *self, const char *param);

G_END_DECLS
