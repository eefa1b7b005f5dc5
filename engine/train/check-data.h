/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether network, loss and data fit each other. Pure; any thread. */
#pragma once

#include "engine/data/dataset.h"
#include "engine/data/spec.h"
#include "engine/graph/check.h"
#include "engine/graph/plan.h"
#include "engine/train/classes.h"

G_BEGIN_DECLS

/* Whether the loss can compare the network's output with what the data has to offer; HL_TRAIN_ERROR_SETTINGS. The plan
 * must have an input and an output of known shape. */
gboolean hl_check_loss (const HlPlan *plan, const HlChoice *loss, const HlDataset *dataset, HlNormalize normalize,
                        GError **error);

/* Adds to `problems` (of HlProblem, sorted) what would keep training from starting: samples of another shape than the
 * input layer's, an output that the loss cannot use. plan may be partial; what has no known shape is not judged. */
void     hl_check_data (const HlPlan *plan, const HlChoice *loss, const HlDataset *dataset, HlNormalize normalize,
                        GPtrArray *problems);

G_END_DECLS
