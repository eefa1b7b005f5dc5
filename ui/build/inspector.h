/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlInspector: everything about the selected layer: name, parameters, geometry, learnt filters, start values, problems, help; and with
 * nothing selected what can be said of the whole network. Main thread. */
#pragma once

#include <adwaita.h>

#include "app/workspace.h"

G_BEGIN_DECLS

#define HL_TYPE_INSPECTOR (hl_inspector_get_type ())
G_DECLARE_FINAL_TYPE (HlInspector, hl_inspector, HL, INSPECTOR, GtkWidget)

/* Signal "message" (const char *): why an edit was refused. Signal "reveal" (guint node): show it on the canvas. */
GtkWidget *hl_inspector_new         (HlWorkspace *workspace);
void       hl_inspector_focus_name  (HlInspector *self);     /* selects the name, to be typed over */
void       hl_inspector_focus_first (HlInspector *self);     /* the first parameter */
void       hl_inspector_set_probe   (HlInspector *self, HlProbeResult *probe);
guint32    hl_inspector_get_node    (HlInspector *self);     /* 0: none or several */

G_END_DECLS
