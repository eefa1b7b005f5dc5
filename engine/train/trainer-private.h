/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to the trainer's files: what a trainer holds. */
#pragma once

#include "engine/train/result-stream.h"
#include "engine/train/trainer.h"

G_BEGIN_DECLS

typedef enum { HL_PHASE_TRAIN, HL_PHASE_VALIDATE, HL_PHASE_EPOCH_END, HL_PHASE_TEST, HL_PHASE_DONE } HlPhase;

/* One executor with the loss of its output. */
typedef struct
{
  HlExecutor *executor;        /* borrowed */
  HlLossCall loss;
} HlHead;

struct _HlTrainer
{
  HlRecipe *recipe;
  HlGraph *graph;
  HlDataset *dataset;
  HlDataSpec *data_spec;
  HlSplit *split;
  HlNormalization *normalization;
  gboolean no_shuffle;

  HlDevice *device;
  HlKernelSet *kernels;
  HlPlan *plan;
  HlExecutor *executor;        /* trains; evaluates too when `evaluator` is NULL */
  HlExecutor *evaluator;
  HlHead train, evaluate;
  HlDeviceData *data;
  HlLoader *loader;            /* training part, shuffled */
  HlLoader *parts[HL_N_PARTS]; /* for evaluation; NULL: the part is empty */

  HlTensor *class_weights;     /* of the loss; NULL: all the same */
  gboolean has_accuracy;       /* the loss knows right answers */

  HlTensor *weights;           /* the trained part of the arena */
  HlTensor *slots[3];
  guint n_slots;
  HlGradientStep *gradient_step;   /* NULL: gradients go to the optimizer as they are */
  HlOptimizerCall optimizer;   /* of the whole; makes the kernels */
  HlOptimizerCall *segments;   /* what a step runs, in the plan's order */
  guint n_segments;

  HlResultStream *results;     /* of training steps */
  HlResultStream *scores;      /* of the part being evaluated; NULL before the first */
  guint n_scores;              /* batches it holds */
  guint evaluation_batch;
  GQueue finished;             /* HlStepResult, not yet polled */
  double usual_loss;           /* of the first step, at least 1; 0: not known yet */
  GError *failure;             /* once set, every step fails with it */

  /* Position. `batch` counts the batches of the phase that have been enqueued. */
  HlPhase phase;
  guint epoch, batch;
  gboolean epoch_started;      /* the loader has the order of this epoch */
  guint64 step, collected_step;
  HlScheduleState schedule_state;
  double loss_sum, weight_sum; /* over the samples of this epoch's finished steps */
  guint64 right_sum, sample_sum;
  HlScore validation, test;

  gint32 *predictions;
  gsize n_predictions;
  guint32 *confusion;

  HlKernelSet *probe_kernels;
  HlExecutor *probe;
};

/* Takes finished training steps into the sums and the queue. */
gboolean hl_trainer_collect (HlTrainer *self, gboolean wait, GError **error);

/* trainer-loss.c */
gboolean hl_trainer_check_loss         (HlTrainer *self, GError **error);
/* The weights of the classes where the loss wants some. */
gboolean hl_trainer_make_class_weights (HlTrainer *self, GError **error);
gboolean hl_trainer_prepare_head       (HlTrainer *self, HlHead *head, HlExecutor *executor, HlLoader *loader, gboolean training,
                                        GError **error);
/* Mean loss and share of right answers; 0 where every weight is 0, not a number where there are no right answers. */
HlScore  hl_trainer_make_score         (const HlTrainer *self, double loss, double weight, guint64 right, guint64 n);

/* trainer-evaluate.c */
gboolean hl_trainer_enqueue_evaluation (HlTrainer *self, HlPart part, guint i, guint *n, GError **error);
/* After the last batch: waits and adds up; predictions of the part when wanted. */
gboolean hl_trainer_finish_evaluation  (HlTrainer *self, HlPart part, HlScore *score, gboolean keep, GError **error);

G_END_DECLS
