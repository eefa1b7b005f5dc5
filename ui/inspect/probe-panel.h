/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlProbePanel: the image the network is asked about, how to choose another one, and the network's answer as bars. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "app/workspace.h"

G_BEGIN_DECLS

#define HL_TYPE_PROBE_PANEL (hl_probe_panel_get_type ())
G_DECLARE_FINAL_TYPE (HlProbePanel, hl_probe_panel, HL, PROBE_PANEL, GtkBox)

GtkWidget *hl_probe_panel_new (HlWorkspace *workspace);
/* NULL: nothing known. */
void       hl_probe_panel_set_result (HlProbePanel *self, HlProbeResult *result);

G_END_DECLS
