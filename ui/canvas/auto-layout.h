/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Automatic arrangement: boxes in columns by their depth, links pointing right, wrapped into rows like text where they
 * would be wider than the view. A pure function of sizes and links; any thread. */
#pragma once

#include "ui/canvas/geometry.h"

G_BEGIN_DECLS

typedef struct { double width, height; double x, y; /* out */ } HlLayoutBox;
typedef struct { guint from, to; } HlLayoutLink;   /* indices of boxes; acyclic (links that close a cycle are ignored) */

/* Writes x and y of every box. wrap: the width to stay within (at least one column a row); 0: one row. The result starts
 * at (0, 0), lies on the grid, and no two boxes overlap. */
void hl_auto_layout (HlLayoutBox *boxes, guint n, const HlLayoutLink *links, guint n_links, double wrap);

G_END_DECLS
