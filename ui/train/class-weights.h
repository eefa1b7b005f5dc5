/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlClassWeightsRow: the class weights that a recipe lists, one number a class, as one row of the recipe editor; hidden where the loss
 * does not take listed weights. Every change is an undoable edit of the project. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "app/workspace.h"

G_BEGIN_DECLS

#define HL_TYPE_CLASS_WEIGHTS_ROW (hl_class_weights_row_get_type ())
G_DECLARE_FINAL_TYPE (HlClassWeightsRow, hl_class_weights_row, HL, CLASS_WEIGHTS_ROW, GtkListBoxRow)

GtkWidget *hl_class_weights_row_new    (HlWorkspace *workspace);
/* Shows the project's recipe and the classes of its data. */
void       hl_class_weights_row_update (HlClassWeightsRow *self);

/* Gives the recipe's list as many numbers as the data has classes, 1 where it has none, if its loss takes listed weights. Call it on a
 * recipe that is about to become the project's. */
void       hl_class_weights_complete   (HlWorkspace *workspace, HlRecipe *recipe);

G_END_DECLS
