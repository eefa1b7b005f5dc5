/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlRecipeEditor: how the network will be trained: loss, optimizer, schedule with all their parameters, batch size, epochs, seed. Every
 * change is an undoable edit of the project. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "app/workspace.h"

G_BEGIN_DECLS

#define HL_TYPE_RECIPE_EDITOR (hl_recipe_editor_get_type ())
G_DECLARE_FINAL_TYPE (HlRecipeEditor, hl_recipe_editor, HL, RECIPE_EDITOR, GtkBox)

GtkWidget *hl_recipe_editor_new (HlWorkspace *workspace);

G_END_DECLS
