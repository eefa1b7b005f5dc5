/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlSampleGrid: the images of a data set as thumbnails in a scrolled window. Only what is visible is drawn, so that any number scrolls
 * smoothly. Arrow keys walk, Enter activates. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "engine/data/split.h"

G_BEGIN_DECLS

#define HL_TYPE_SAMPLE_GRID (hl_sample_grid_get_type ())
G_DECLARE_FINAL_TYPE (HlSampleGrid, hl_sample_grid, HL, SAMPLE_GRID, GtkWidget)   /* GtkScrollable */

/* Signals: "selected" (gint64 index of the sample) by pointer or keyboard; "activated" (gint64) by Enter or double click. */
/* label: for screen readers; cell: pixels of a thumbnail's edge; with_names: class names under the pictures. */
GtkWidget *hl_sample_grid_new          (const char *label, int cell, gboolean with_names);
/* Both may be NULL; references. Parts other than training get a coloured dot. Shows all samples. */
void       hl_sample_grid_set_data     (HlSampleGrid *self, HlDataset *dataset, const HlSplit *split);
/* Shows only these, in this order; copies; NULL: all. */
void       hl_sample_grid_set_indices  (HlSampleGrid *self, const guint32 *indices, gsize n);
gsize      hl_sample_grid_get_length   (HlSampleGrid *self);
/* -1: none. Scrolls to it where it is shown. No signal. */
void       hl_sample_grid_set_selected (HlSampleGrid *self, gint64 index);
gint64     hl_sample_grid_get_selected (HlSampleGrid *self);
/* "Training", ...; and its colour in the palette. */
const char *hl_part_get_title          (HlPart part);
guint      hl_part_get_color           (HlPart part);

G_END_DECLS
