/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to the trainer: arenas laid out by the plan, to and from the named tensors of a file. */
#pragma once

#include "engine/exchange/safetensors.h"
#include "engine/train/trainer-private.h"

G_BEGIN_DECLS

/* Adds PREFIXname for each of the plan's weights that lies inside the arena. Waits. HL_TRAIN_ERROR_NOT_FINITE when one
 * is not finite. */
gboolean hl_trainer_add_weights  (HlTrainer *self, HlTensorFile *file, const char *prefix, HlTensor *arena,
                                  GError **error);
/* The arena's `length` values from the file; NULL with HL_FILE_ERROR_MISMATCH listing what is missing, of another shape
 * or, with leftovers, unknown. may_lack: names that need not be there and are 0 then; NULL: none. `shown`: the file's name
 * for messages. */
float   *hl_trainer_read_weights (HlTrainer *self, HlTensorFile *file, const char *prefix, gsize length,
                                  gboolean leftovers, const char *const *may_lack, const char *shown,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
