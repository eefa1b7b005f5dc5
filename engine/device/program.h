/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From OpenCL text to programs that run without further compiling. Private to engine/device; worker thread only. */
#pragma once

#include "engine/device/cl.h"

G_BEGIN_DECLS

typedef struct
{
  char *source;          /* owned */
  guint n_kernels;       /* in the source, for progress */
  cl_program program;    /* owned; NULL before the build */
} HlProgramPart;

HlProgramPart *hl_program_part_new  (char *source, guint n_kernels);   /* takes the source */
void           hl_program_part_free (HlProgramPart *self);

/* Compiles in the device's own context and returns the binary; NULL without an error when the driver gives none. */
GBytes        *hl_program_compile (HlDevice *device, const char *source, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How many parts a program of n_kernels should be divided into for this device. */
guint          hl_program_count_parts (const HlDevice *device, guint n_kernels);

/* Fills each part's program, from the cache on disk or by compiling several at a time. */
gboolean       hl_program_build_parts (HlDevice *device, GPtrArray *parts, const HlProgress *progress,
                                       GCancellable *cancellable, GError **error);

G_END_DECLS
