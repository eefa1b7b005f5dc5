/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a file: the recipe's start weights (hl_trainer_load_some_weights) replace these values before the first step. */

#include "engine/train/initialize.h"

/* What the layer has until the file is read: PyTorch's default. */
static void
from_file_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  hl_initializer_class_find ("pytorch_default")->fill (NULL, spec, key, values, n);
}

const HlInitializerClass hl_from_file_initializer = {
  .base = {
    .name = "from_file",
    .title = N_("From a file"),
    .summary = N_("The values in the recipe's file of start weights."),
    .help = N_("The file is chosen on the Train page, under Start weights. As long as no layer says so, every layer that fits takes its "
               "values from that file. As soon as some layers do, only these take theirs, and each must be in it: the other layers "
               "start as they are told. For networks that keep a trained beginning and learn a new end."),
  },
  .fill = from_file_fill,
  .from_file = TRUE,
};
