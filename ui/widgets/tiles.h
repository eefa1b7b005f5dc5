/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlTiles: arrays as pictures: feature maps, filters, vectors, one image, class bars. A light widget that draws from a texture and scales
 * without blur; used in canvas wells and on the Inspect page. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "engine/base/shape.h"

G_BEGIN_DECLS

#define HL_TYPE_TILES (hl_tiles_get_type ())
G_DECLARE_FINAL_TYPE (HlTiles, hl_tiles, HL, TILES, GtkWidget)

GtkWidget *hl_tiles_new       (void);
/* Shows channels × rows × columns as a grid of grey tiles (each tile scaled to its own range when `own_range`, else all to one);
 * a vector as a grid of squares; three channels of an image as colour when `color`. Copies. values NULL: empty well. */
void       hl_tiles_set_array (HlTiles *self, const HlShape *shape, const float *values, gboolean own_range, gboolean color);
/* Horizontal bars with names: class probabilities 0..1. */
void       hl_tiles_set_bars  (HlTiles *self, guint n, const char *const *names, const float *values, int highlight);
/* Before there are values: the output as a to-scale volume drawing (channels deep, rows high, columns wide). */
void       hl_tiles_set_volume(HlTiles *self, const HlShape *shape);
/* Best grid for n tiles of that size in a well of that aspect; pure. */
void       hl_tiles_layout    (guint n_tiles, double tile_aspect, double well_aspect, guint *columns, guint *rows);

/* Which tile (or bar) lies at that point of the widget; -1: none. */
int        hl_tiles_pick      (HlTiles *self, double x, double y);
/* Draws the pictures without the dark well; for files. */
void       hl_tiles_draw      (HlTiles *self, cairo_t *cr, double width, double height);

G_END_DECLS
