/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlDataSource: the opened data set of a project, loaded in the background whenever the project's data spec changes. Main thread. */
#pragma once

#include "app/project.h"
#include "engine/data/split.h"

G_BEGIN_DECLS

#define HL_TYPE_DATA_SOURCE (hl_data_source_get_type ())
G_DECLARE_FINAL_TYPE (HlDataSource, hl_data_source, HL, DATA_SOURCE, GObject)

/* Properties (notify): loading (gboolean), progress (double, -1 unknown), progress-text, error-message (NULL or sentence), dataset (pointer, NULL
 * while there is none), split (pointer). Signal "changed": dataset or split are new. Only the data that matter are read again:
 * a changed split seed does not reopen files. */
HlDataSource  *hl_data_source_new         (HlProject *project) G_GNUC_WARN_UNUSED_RESULT;
HlDataset     *hl_data_source_get_dataset (HlDataSource *self);
const HlSplit *hl_data_source_get_split   (HlDataSource *self);
const char    *hl_data_source_get_error   (HlDataSource *self);
void           hl_data_source_reload      (HlDataSource *self);
void           hl_data_source_cancel      (HlDataSource *self);

G_END_DECLS
