/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The small class types of training: losses, optimizers, schedules, initializers. One constant per file in
 * engine/losses, engine/optimizers, engine/schedules, engine/initializers, registered by a word in that folder's
 * meson.build. */
#pragma once

#include <math.h>

#include "engine/graph/plan.h"

G_BEGIN_DECLS

/* ---- Losses ---- */

enum { HL_LOSS_VALUE, HL_LOSS_RIGHT, HL_LOSS_PREDICTION, HL_LOSS_WEIGHT, HL_LOSS_PLANES };

/* What a loss compares the network's output with. */
typedef enum
{
  HL_LOSS_TARGET_CLASS,    /* the sample's label */
  HL_LOSS_TARGET_INPUT,    /* reconstruction: the network's input; there are no right answers then, and no accuracy */
} HlLossTarget;

typedef enum
{
  HL_CLASS_WEIGHTS_EQUAL,
  HL_CLASS_WEIGHTS_BALANCED,   /* n / (n_classes × n of the class) in the training part */
  HL_CLASS_WEIGHTS_LISTED,     /* the recipe's class_weights */
} HlClassWeights;

typedef struct
{
  HlDevice *device;
  HlKernelSet *kernels;              /* prepare only */
  HlKernel *kernel[4];
  const void *params;
  const HlValue *y, *dy;             /* network output; its gradient (NULL when only evaluating) */
  const HlValue *x;                  /* the network's input, normalised, before any layer; NULL unless it is the target */
  HlTensor *targets;                 /* I32 class index per sample, -1 beyond the batch */
  /* F32, one for each class, then HL_TENSOR_ALIGN numbers of room for the loss; NULL: all classes count the same. */
  HlTensor *class_weights;
  /* F32, HL_LOSS_PLANES × capacity, zeros beyond the batch: the loss of each sample times its weight, then 1 where the
   * prediction is right, else 0, then the predicted class (both zeros where there are no classes), then the sample's
   * weight (1 without class weights). The mean is the sum of the first over the sum of the last. May be another slice on
   * each run. */
  HlTensor *per_sample;
  guint capacity, batch, n_blocks, lanes;
} HlLossCall;

typedef struct
{
  const void *params;
  guint batch, n;                    /* samples; outputs a sample */
  const double *y;
  const gint32 *targets;             /* NULL where the input is the target */
  const double *x;                   /* n a sample; NULL where classes are the target */
  const double *class_weights;       /* n; NULL: all the same */
  double *dy;                        /* may be NULL */
} HlLossReference;

/* Whether a loss suits a network and its data. */
typedef struct
{
  const void *params;
  const HlShape *output, *input;     /* of the network */
  guint n_classes;
  gboolean unit_input;               /* every number the network is given lies between 0 and 1 */
} HlLossCheck;

typedef struct
{
  HlClass base;
  const char *softmax_hint;          /* non-NULL: the loss applies softmax itself; warn when a softmax layer feeds it */
  const char *sigmoid_hint;          /* the same for a sigmoid layer */
  gboolean (*prepare) (HlLossCall *call, GError **error);
  /* Writes per_sample and, when dy is there, d(mean loss over the batch)/dy (exact zeros beyond the batch). The
   * prediction is the class with the largest output, the first of equals. dy may be NULL here though prepare had it. */
  gboolean (*run)     (const HlLossCall *call, GError **error);
  /* Double precision, plain order. Returns the mean loss. */
  double   (*reference) (const HlLossReference *call);
  gboolean (*check)   (const HlLossCheck *check, GError **error);    /* HL_TRAIN_ERROR_SETTINGS */
  /* What the n outputs y say of each class, 0 .. 1, as hl_loss_get_answer returns it. */
  void     (*answer)  (const void *params, const float *y, gsize n, float *answer);
  HlLossTarget   (*target)        (const void *params);   /* NULL: always the class */
  HlClassWeights (*class_weights) (const void *params);   /* NULL: always equal */
} HlLossClass;

/* ---- Optimizers ---- */

typedef struct
{
  HlDevice *device;
  HlKernelSet *kernels;              /* prepare only */
  HlKernel *kernel[2];
  const void *params;
  HlTensor *weights, *gradients;     /* flat, n elements each (n a multiple of HL_TENSOR_ALIGN) */
  HlTensor *slots[3];                /* slots_per_weight of them, zero before the first step */
  gsize n;
  guint64 step;                      /* 1, 2, ... */
  double rate_factor;                /* from the schedule; multiplies the learning rate */
} HlOptimizerCall;

typedef struct
{
  HlClass base;                      /* every optimizer has a parameter "learning_rate" */
  guint (*slots_per_weight) (const void *params);       /* 0 .. 3 */
  /* slots_per_weight names or more, "exp_avg", "exp_avg_sq": names in checkpoints. Never NULL. */
  const char *const *(*slot_names) (const void *params);
  /* HL_TRAIN_ERROR_SETTINGS when parameters exclude each other. */
  gboolean (*prepare) (HlOptimizerCall *call, GError **error);
  gboolean (*step)    (const HlOptimizerCall *call, GError **error);
  /* Double precision; slots[k] has n elements. */
  void     (*reference) (const void *params, guint64 step, double rate_factor, gsize n, double *w,
                         const double *g, double *const *slots);
} HlOptimizerClass;

/* ---- Schedules ---- */

/* What a schedule has learned from the course of training; the trainer keeps it and writes it into checkpoints. */
typedef struct
{
  double factor;                     /* on the learning rate, at present */
  double best;                       /* smallest loss of an epoch so far; infinite before the first */
  guint64 n_bad, n_wait;             /* epochs without improvement; epochs in which none is counted */
} HlScheduleState;

#define HL_SCHEDULE_STATE_INIT ((HlScheduleState) { 1, HUGE_VAL, 0, 0 })

/* The step to come: 0, 1, ... n_steps - 1. */
typedef struct { guint64 step, n_steps, steps_per_epoch; } HlScheduleTime;

typedef struct
{
  HlClass base;
  /* Factor on the learning rate for that step. Pure. */
  double (*factor)  (const void *params, const HlScheduleState *state, const HlScheduleTime *time);
  /* Optional: an epoch is over; its validation loss, or its training loss when there is no validation part. */
  void   (*observe) (const void *params, HlScheduleState *state, double loss);
} HlScheduleClass;

/* ---- Initializers ---- */

typedef struct
{
  HlClass base;
  /* Fills n values, row-major as in the spec. Pure function of key (seed, HL_PURPOSE_INIT, number of the weight). */
  void (*fill) (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n);
  gboolean from_file;                /* the recipe's start weights must replace what fill gives */
} HlInitializerClass;

#define HL_DECLARE_FAMILY(Type, family)                                     \
  const Type *const *hl_##family##_classes (void);  /* NULL-terminated */   \
  const Type        *hl_##family##_class_find (const char *name);           \
  const HlClass     *hl_##family##_class_find_base (const char *name);

HL_DECLARE_FAMILY (HlLossClass, loss)
HL_DECLARE_FAMILY (HlOptimizerClass, optimizer)
HL_DECLARE_FAMILY (HlScheduleClass, schedule)
HL_DECLARE_FAMILY (HlInitializerClass, initializer)

/* `loss` is a choice of this family. */
HlLossTarget   hl_loss_get_target        (const HlChoice *loss);
HlClassWeights hl_loss_get_class_weights (const HlChoice *loss);
/* What a network says of each class for one sample, 0 .. 1, from the n numbers y of its output: shares that add up to 1 where
 * classes exclude each other (softmax), each class by itself where every output has a target of its own. What comes from a
 * softmax layer already is the answer. For losses whose target is the class. */
void           hl_loss_get_answer        (const HlChoice *loss, const HlPlanStep *output, const float *y, gsize n, float *answer);

G_END_DECLS
