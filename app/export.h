/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights on their way out of a run. */
#pragma once

#include "engine/graph/graph.h"

G_BEGIN_DECLS

/* Copies the weights of `graph` (frozen) from a checkpoint or weights file to a new safetensors file, under the names and shapes PyTorch
 * would use; what belongs to training is left out. n (may be NULL): numbers written. HL_FILE_ERROR_MISMATCH names the weight that is
 * missing or has another shape. Blocks; any thread. */
gboolean hl_export_weights (const HlGraph *graph, GFile *checkpoint, GFile *target, guint64 *n, GError **error);

G_END_DECLS
