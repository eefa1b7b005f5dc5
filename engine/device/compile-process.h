/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compiling a program in a process of its own (hillock-compile-kernels): the driver's compiler serialises everything
 * within one process, keeps 150 MB for good, and cannot be interrupted. Private to engine/device; any thread. */
#pragma once

#include "engine/device/device.h"

G_BEGIN_DECLS

/* The binary for the device. NULL with an error: the source does not compile, or cancelled. NULL without: there is no
 * such program beside this one, it was switched off (HILLOCK_KERNEL_COMPILER=off), or it broke down; compile here. */
GBytes *hl_compile_in_process (const HlDeviceInfo *info, const char *source, GCancellable *cancellable, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/* First bytes of the answer; the binary or the error message follows. */
#define HL_COMPILED     "HLOK"
#define HL_NOT_COMPILED "HLNO"
#define HL_COMPILED_BYTES 4

G_END_DECLS
