/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlApplication: windows, what they share (devices, settings), and the actions of the whole program. Main thread. */
#pragma once

#include <adwaita.h>

#include "app/devices.h"
#include "app/settings.h"

G_BEGIN_DECLS

#define HL_TYPE_APPLICATION (hl_application_get_type ())
G_DECLARE_FINAL_TYPE (HlApplication, hl_application, HL, APPLICATION, AdwApplication)

HlApplication *hl_application_new          (void) G_GNUC_WARN_UNUSED_RESULT;
HlDeviceStore *hl_application_get_devices  (HlApplication *self);
HlSettings    *hl_application_get_settings (HlApplication *self);

G_END_DECLS
