/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlDeviceStore: the OpenCL devices of this machine as a list model, found and self-tested in the background. Main thread. */
#pragma once

#include <gio/gio.h>

#include "engine/device/device.h"

G_BEGIN_DECLS

#define HL_TYPE_DEVICE_ITEM (hl_device_item_get_type ())
G_DECLARE_FINAL_TYPE (HlDeviceItem, hl_device_item, HL, DEVICE_ITEM, GObject)
/* Properties: id, title ("PoCL · 2 cores"), subtitle (name, memory), test-state (0 not yet, 1 passed, 2 failed), test-message. */
const HlDeviceInfo *hl_device_item_get_info (HlDeviceItem *self);

#define HL_TYPE_DEVICE_STORE (hl_device_store_get_type ())
G_DECLARE_FINAL_TYPE (HlDeviceStore, hl_device_store, HL, DEVICE_STORE, GObject)   /* GListModel of HlDeviceItem */
/* Properties: loading, error-message (NULL or a sentence with advice when there is no device). */
HlDeviceStore *hl_device_store_new     (void) G_GNUC_WARN_UNUSED_RESULT;
void           hl_device_store_refresh (HlDeviceStore *self);
void           hl_device_store_self_test (HlDeviceStore *self, HlDeviceItem *item);

G_END_DECLS
