/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A text that wraps to the width it is given and never asks how wide it should be for a height. GtkLabel answers that question by
 * trying widths, a layout of the text each: in nested boxes 150 ms for a few sentences, each time anything on the page changes. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A label in a container; at least min_width pixels wide, else as wide as its parent makes it. Main thread. */
GtkWidget *hl_paragraph_new (const char *text, int min_width);

G_END_DECLS
