/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlWorkspace: everything a window's pages share for one open project. Pages get one of these and nothing else. Main thread. */
#pragma once

#include "app/data-source.h"
#include "app/devices.h"
#include "app/project.h"
#include "app/run.h"
#include "app/session.h"
#include "app/settings.h"
#include "engine/train/estimate.h"

G_BEGIN_DECLS

#define HL_TYPE_WORKSPACE (hl_workspace_get_type ())
G_DECLARE_FINAL_TYPE (HlWorkspace, hl_workspace, HL, WORKSPACE, GObject)

/* devices and settings are shared by all windows. Property probe-index (int64, -1: none): the sample of the data set that wells and the
 * Inspect page look at; setting it sends it to the session. Initially the first validation sample. */
HlWorkspace   *hl_workspace_new          (HlProject *project, HlDeviceStore *devices, HlSettings *settings) G_GNUC_WARN_UNUSED_RESULT;
HlProject     *hl_workspace_get_project  (HlWorkspace *self);
HlDataSource  *hl_workspace_get_source   (HlWorkspace *self);
HlRunList     *hl_workspace_get_runs     (HlWorkspace *self);
HlSession     *hl_workspace_get_session  (HlWorkspace *self);
HlDeviceStore *hl_workspace_get_devices  (HlWorkspace *self);
HlSettings    *hl_workspace_get_settings (HlWorkspace *self);
gint64         hl_workspace_get_probe_index (HlWorkspace *self);
void           hl_workspace_set_probe_index (HlWorkspace *self, gint64 index);
/* The device memory that training the project as it is now will take: on the device chosen in the settings, with the
 * data once they are there. */
void           hl_workspace_get_estimate (HlWorkspace *self, HlEstimate *estimate);
/* Edits of the parts of the project that are not the network; merge_key as in hl_history_push. Both take what they get. */
void           hl_workspace_set_recipe   (HlWorkspace *self, const char *label, const char *merge_key, HlRecipe *recipe);
void           hl_workspace_set_data     (HlWorkspace *self, const char *label, const char *merge_key, HlDataSpec *data);

G_END_DECLS
