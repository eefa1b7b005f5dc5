/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlTrainer: steps a network through a recipe, one batch per call; the caller loops. Worker thread only. Steps are
 * only enqueued: losses come back a few steps later through hl_trainer_poll, in order, none left out. */
#pragma once

#include "engine/data/loader.h"
#include "engine/graph/executor.h"
#include "engine/train/recipe.h"

G_BEGIN_DECLS

/* Small batches are evaluated in larger ones: nothing but speed depends on it. */
#define HL_MIN_EVALUATION_BATCH 64

typedef struct _HlTrainer HlTrainer;

typedef struct
{
  const char *device;            /* as for hl_device_open */
  const HlGraph *graph;          /* frozen */
  const HlRecipe *recipe;        /* copied */
  HlDataset *dataset;            /* referenced */
  const HlDataSpec *data_spec;   /* split and normalisation */
  gboolean no_shuffle;           /* the order of the file */
  const HlProgress *progress;    /* "Building 7 of 19 kernels" */
  GCancellable *cancellable;
} HlTrainerOptions;

typedef enum
{
  HL_STEP_TRAIN,        /* a training batch was enqueued */
  HL_STEP_VALIDATE,     /* a validation batch was enqueued */
  HL_STEP_EPOCH_END,    /* validation over; `epoch` is filled; waits for the device */
  HL_STEP_TEST,         /* after the last epoch: a test batch was enqueued */
  HL_STEP_DONE,         /* everything is over; `test` is filled; further calls give DONE again */
} HlStepKind;

/* mean; right answers 0..1, NAN where the loss compares with the input and there are none; n = 0: no such part */
typedef struct { double loss, accuracy; gsize n; } HlScore;

typedef struct
{
  HlStepKind kind;
  guint epoch;                   /* 0-based epoch this step belongs to */
  guint64 step;                  /* training steps enqueued so far */
  guint batch;                   /* samples in this step */
  HlScore train, validation;     /* EPOCH_END; train: running mean over the epoch's steps */
  HlScore test;                  /* DONE */
} HlStep;

/* One training step's outcome; accuracy NAN as above. */
typedef struct { guint64 step; guint epoch; float loss, accuracy; guint batch; } HlStepResult;

/* Opens the device, builds kernels, initialises weights. HL_TRAIN_ERROR_SETTINGS, HL_GRAPH_ERROR, HL_DATA_ERROR_SPLIT
 * (batch larger than the training part), HL_DEVICE_ERROR, G_IO_ERROR_CANCELLED. */
HlTrainer *hl_trainer_new  (const HlTrainerOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void       hl_trainer_free (HlTrainer *self);

/* Enqueues one batch, or closes an epoch. HL_TRAIN_ERROR_NOT_FINITE when a polled loss was not finite or a million
 * times the first: names step, loss and learning rate, advises a smaller one. */
gboolean   hl_trainer_step (HlTrainer *self, HlStep *step, GError **error);
/* Results of training steps the device has finished, oldest first; at most n; returns how many. wait: until every
 * enqueued step is in. */
gboolean   hl_trainer_poll (HlTrainer *self, gboolean wait, HlStepResult *results, guint n, guint *n_results,
                            GError **error);

/* Confusion counts of the validation part of the last finished epoch: n_classes × n_classes, [label][prediction]; NULL
 * before, and where there are no right answers. Borrowed until the next EPOCH_END. Predictions per validation sample follow the split's index order. */
const guint32 *hl_trainer_get_confusion   (HlTrainer *self, guint *n_classes);
const gint32  *hl_trainer_get_predictions (HlTrainer *self, gsize *n);

HlDevice   *hl_trainer_get_device   (HlTrainer *self);
HlExecutor *hl_trainer_get_executor (HlTrainer *self);
HlPlan     *hl_trainer_get_plan     (HlTrainer *self);
const HlSplit         *hl_trainer_get_split (HlTrainer *self);
const HlNormalization *hl_trainer_get_normalization (HlTrainer *self);
guint64     hl_trainer_get_n_steps  (HlTrainer *self);          /* training steps of the whole recipe */
guint64     hl_trainer_get_steps_per_epoch (HlTrainer *self);
/* Training steps enqueued so far, those before a restored checkpoint included. */
guint64     hl_trainer_get_step     (HlTrainer *self);
/* Loss and accuracy of a part with the weights as they are. Waits. */
gboolean    hl_trainer_evaluate     (HlTrainer *self, HlPart part, HlScore *score, GError **error);

/* One sample through an unfused copy of the network: every node's value. `sample`: plain, as stored in the data (it is
 * normalised here). Afterwards hl_executor_read on the returned executor gives any node. Waits. */
HlExecutor *hl_trainer_probe        (HlTrainer *self, const float *sample, GError **error);

/* Start values from a file, also a PyTorch state_dict saved as safetensors: by name, else by shape (match-weights.h). Every
 * weight must find a tensor and every tensor a weight: HL_FILE_ERROR_MISMATCH. `report` (may be NULL): what matched what, a
 * line each. */
gboolean    hl_trainer_load_weights (HlTrainer *self, GFile *file, char **report, GError **error);
/* The same, but takes what fits: a layer that finds no tensors keeps its start values. HL_FILE_ERROR_MISMATCH when none does.
 * n_missing: how many of the network's weights did not get theirs. Where weights have the initializer from_file, only these are taken, and
 * each must fit. */
gboolean    hl_trainer_load_some_weights (HlTrainer *self, GFile *file, char **report, guint *n_missing, GError **error);
/* FALSE, HL_TRAIN_ERROR_SETTINGS, where a weight has the initializer from_file: ask before a new run that no file is given for. */
gboolean    hl_trainer_check_no_file     (HlTrainer *self, GError **error);
/* Atomic; safetensors, or the network too as ONNX where the name ends in .onnx. */
gboolean    hl_trainer_save_weights (HlTrainer *self, GFile *file, GError **error);
/* Of trained and state weights, little-endian, in the plan's order. */
char       *hl_trainer_get_weights_sha256 (HlTrainer *self, GError **error);

/* Checkpoint: weights, optimizer slots, position, seeds; one safetensors file, written atomically. Restoring on the same
 * device continues to the same bits as never having stopped. */
gboolean    hl_trainer_save_checkpoint    (HlTrainer *self, GFile *file, GError **error);
gboolean    hl_trainer_restore_checkpoint (HlTrainer *self, GFile *file, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlTrainer, hl_trainer_free)

G_END_DECLS
