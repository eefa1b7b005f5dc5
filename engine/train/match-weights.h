/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which tensor of a file belongs to which weight of a network: by name, and where names differ (PyTorch numbers the modules of a
 * Sequential, torchvision has names of its own) by shape. Pure; any thread. */
#pragma once

#include "engine/exchange/safetensors.h"
#include "engine/graph/plan.h"

G_BEGIN_DECLS

typedef enum
{
  HL_MATCH_NAME,       /* the same name and shape */
  HL_MATCH_SHAPE,      /* a module of the file with the same weights of the same shapes, taken in the file's order */
  HL_MATCH_OTHER_SHAPE,/* the same name, but another shape: not usable */
  HL_MATCH_MISSING,    /* nothing in the file for this weight */
  HL_MATCH_UNUSED,     /* a tensor of the file that no weight takes */
} HlMatchKind;

typedef struct
{
  HlMatchKind kind;
  const HlPlanWeight *weight;        /* NULL when UNUSED */
  const HlTensorFileEntry *entry;    /* NULL when MISSING */
} HlWeightMatch;

/* One HlWeightMatch for each of the plan's weights in its order, then the unused tensors. A module is what comes before the
 * last point of a name; it is taken as a whole or not at all. Among modules of equal shapes names are compared part by part,
 * numbers as numbers. Slots of optimizers and PyTorch's num_batches_tracked are left out. */
GArray  *hl_match_weights          (const HlPlan *plan, HlTensorFile *file) G_GNUC_WARN_UNUSED_RESULT;
/* Every weight has a tensor and every tensor a weight. */
gboolean hl_match_weights_complete (const GArray *matches);
/* "conv1.weight ← features.0.weight, 6×1×5×5, matched by shape", a line each; what does not fit comes first. */
char    *hl_match_weights_report   (const GArray *matches) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
