/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights on their way out of a run. */
#pragma once

#include "engine/graph/plan.h"

G_BEGIN_DECLS

/* A kind of file that other programs read. */
typedef struct
{
  const char *name;      /* for the command line */
  const char *suffix;
  const char *title;     /* translatable, for file choosers */
  /* weights: the plan's arena. Atomic. */
  gboolean (*write) (const HlPlan *plan, const float *weights, const char *title, GFile *target, GError **error);
} HlExportFormat;

const HlExportFormat *hl_export_formats     (void);               /* ends with name == NULL */
const HlExportFormat *hl_export_format_find (const char *name);   /* NULL when unknown */

/* Copies the weights of `graph` (frozen) from a checkpoint or weights file to a new file, under the names and shapes PyTorch would use;
 * what belongs to training is left out. n (may be NULL): numbers written. HL_FILE_ERROR_MISMATCH names the weight that is missing or has
 * another shape. Blocks; any thread. */
gboolean hl_export_weights (const HlExportFormat *format, const HlGraph *graph, const char *title, GFile *checkpoint, GFile *target,
                            guint64 *n, GError **error);

G_END_DECLS
