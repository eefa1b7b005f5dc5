/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What tests of training share: a folder that is removed at the end, recipes, and trainers of a small network. */
#pragma once

#include "engine/train/trainer.h"

G_BEGIN_DECLS

void      training_init   (void);
void      training_clear  (void);
GFile    *training_file   (const char *name);             /* in the folder */
/* FALSE after a skip. */
gboolean  training_has_device (void);

HlRecipe   *training_recipe (const char *optimizer, const char *params, guint batch, guint epochs);
HlDataSpec *training_spec   (double validation);          /* values as stored */
HlTrainer  *training_new    (HlGraph *graph, const HlRecipe *recipe, HlDataset *data, const HlDataSpec *spec,
                             gboolean no_shuffle, GError **error);
/* 1×8×8 to 4 classes with convolution, batch normalisation, pooling and dropout; a fifth of the training files
 * validates. */
HlTrainer  *training_new_small (const HlRecipe *recipe, HlDataset *data, GError **error);

G_END_DECLS
