/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlStartWeights: the control of the recipe's start_weights: a button that names the file and opens a chooser, another that lets go
 * of it. Every change is an undoable edit of the project. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "app/workspace.h"

G_BEGIN_DECLS

#define HL_TYPE_START_WEIGHTS (hl_start_weights_get_type ())
G_DECLARE_FINAL_TYPE (HlStartWeights, hl_start_weights, HL, START_WEIGHTS, GtkBox)

GtkWidget *hl_start_weights_new    (HlWorkspace *workspace);
/* Shows the project's recipe. */
void       hl_start_weights_update (HlStartWeights *self);
/* Commits a recipe with this file, NULL: none. */
void       hl_start_weights_choose (HlStartWeights *self, GFile *file);

G_END_DECLS
