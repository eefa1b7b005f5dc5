/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlDeviceMenu: the header's device button: which OpenCL device the next run takes, each with the mark of its self-test. Main thread. */
#pragma once

#include <adwaita.h>

#include "app/workspace.h"

G_BEGIN_DECLS

#define HL_TYPE_DEVICE_MENU (hl_device_menu_get_type ())
G_DECLARE_FINAL_TYPE (HlDeviceMenu, hl_device_menu, HL, DEVICE_MENU, GtkWidget)

GtkWidget *hl_device_menu_new (HlWorkspace *workspace);

G_END_DECLS
