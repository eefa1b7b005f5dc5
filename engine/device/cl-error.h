/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * OpenCL and CLBlast status codes as errors: name, number and what to do. Any thread. */
#pragma once

#include "engine/base/error.h"

G_BEGIN_DECLS

/* "CL_OUT_OF_RESOURCES"; "unknown code" for others. */
const char *hl_cl_error_name (int code);

/* Sets `error` to the printed text, followed by advice for this code and its name and number:
 * "Cannot allocate 3.0 GB: the device has no room left. ... (CL_OUT_OF_RESOURCES, -5)". The text is the beginning of
 * a sentence without a full stop. Returns FALSE, so that callers can return it. */
gboolean    hl_set_cl_error  (GError **error, int code, const char *format, ...) G_GNUC_PRINTF (3, 4);

G_END_DECLS
