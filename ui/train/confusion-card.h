/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlConfusionCards: the lower half of the Train page for one run: confusion matrix with a slider over its epochs, the images of the chosen
 * cell, precision and recall of each class. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "app/workspace.h"

G_BEGIN_DECLS

#define HL_TYPE_CONFUSION_CARDS (hl_confusion_cards_get_type ())
G_DECLARE_FINAL_TYPE (HlConfusionCards, hl_confusion_cards, HL, CONFUSION_CARDS, GtkBox)

GtkWidget *hl_confusion_cards_new     (HlWorkspace *workspace);
void       hl_confusion_cards_set_run (HlConfusionCards *self, HlRun *run);   /* NULL: none */

G_END_DECLS
