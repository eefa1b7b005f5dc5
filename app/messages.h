/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What crosses between the main thread and the worker: commands in, events out. Values only; each message is owned by whoever holds it. */
#pragma once

#include "app/project-state.h"
#include "engine/train/trainer.h"

G_BEGIN_DECLS

typedef enum
{
  HL_JOB_TRAIN,       /* train (or resume from `checkpoint`), then stay for probes */
  HL_JOB_INSPECT,     /* only load `checkpoint` and answer probes */
} HlJobKind;

typedef struct
{
  HlJobKind kind;
  HlProjectState *state;
  HlDataset *dataset;      /* NULL: the worker opens state's data */
  GFile *project_file;     /* for relative data paths; may be NULL */
  GFile *runs_folder;      /* TRAIN: where the run's folder is made */
  GFile *run_folder;       /* resume or inspect this run; NULL for a new one */
  char *device;            /* NULL: default */
  gboolean start_paused;   /* single step from the beginning */
} HlJob;

HlJob *hl_job_new  (HlJobKind kind, HlProjectState *state) G_GNUC_WARN_UNUSED_RESULT;
void   hl_job_free (HlJob *self);

typedef enum
{
  HL_COMMAND_PAUSE, HL_COMMAND_RESUME, HL_COMMAND_SINGLE_STEP, HL_COMMAND_STOP, HL_COMMAND_CHECKPOINT,
  HL_COMMAND_PROBE,          /* one sample through the network; answer: HL_EVENT_PROBE */
  HL_COMMAND_SAVE_WEIGHTS,   /* to `file`; answer: HL_EVENT_SAVED or HL_EVENT_NOTICE */
  HL_COMMAND_QUIT,           /* leave the thread */
} HlCommandKind;

typedef struct
{
  HlCommandKind kind;
  GFile *file;
  float *sample;             /* PROBE: plain, as stored in the data */
  gsize n;
  gboolean with_weights;     /* PROBE: filters too */
} HlCommand;

void hl_command_free (HlCommand *self);

typedef enum
{
  HL_SESSION_IDLE, HL_SESSION_PREPARING, HL_SESSION_RUNNING, HL_SESSION_PAUSED, HL_SESSION_STOPPING,
  HL_SESSION_FINISHED,       /* all epochs done; probes still answered */
  HL_SESSION_STOPPED,        /* by the user; probes still answered */
  HL_SESSION_READY,          /* inspect: loaded */
  HL_SESSION_FAILED,
} HlSessionState;

/* One tensor on its way to a picture, plain order. */
typedef struct { guint32 node; char *name; HlShape shape; float *values; gsize n; } HlArray;

typedef struct
{
  guint64 serial;            /* counts probes answered */
  gboolean reconstructs;     /* what node 0 stands for */
  guint64 step;
  GPtrArray *values;         /* HlArray, one a node: its output for the sample, what it says of each class (hl_loss_get_answer) under node 0, or,
                              * where the loss compares with the input, the reconstruction, in the input's shape */
  GPtrArray *weights;        /* HlArray, "conv1.weight" with its PyTorch shape in `shape`; NULL when not asked for */
} HlProbeResult;

HlProbeResult *hl_probe_result_new   (void) G_GNUC_WARN_UNUSED_RESULT;
/* Adds an array of zeros to values or weights, to be filled; borrowed. */
HlArray       *hl_probe_result_add   (HlProbeResult *self, gboolean weight, guint32 node, const char *name, const HlShape *shape);
HlProbeResult *hl_probe_result_ref   (HlProbeResult *self);
void           hl_probe_result_unref (HlProbeResult *self);

typedef enum
{
  HL_EVENT_STATE, HL_EVENT_PROGRESS, HL_EVENT_STARTED, HL_EVENT_STEPS, HL_EVENT_EPOCH, HL_EVENT_TEST, HL_EVENT_PROBE, HL_EVENT_SAVED,
  HL_EVENT_NOTICE,           /* something went wrong that does not end the run: a checkpoint on a full disk */
  HL_EVENT_FAILED,
} HlEventKind;

typedef struct
{
  HlEventKind kind;
  guint job;                 /* number of the job; events of an earlier one are dropped on arrival */
  union
  {
    HlSessionState state;
    struct { double fraction; char *text; } progress;
    struct { GFile *folder; guint number; guint64 n_steps, steps_per_epoch; char *device; guint64 first_step; } started;
    struct { HlStepResult *results; guint n; double seconds, images_per_second; } steps;       /* several at once */
    struct { guint epoch; HlScore train, validation; guint32 *confusion; guint n_classes; gint32 *predictions; gsize n_predictions; double seconds; } epoch;
    HlScore test;
    HlProbeResult *probe;
    GFile *file;
    GError *error;
  } u;
} HlEvent;

HlEvent *hl_event_new  (HlEventKind kind, guint job) G_GNUC_WARN_UNUSED_RESULT;
void     hl_event_free (HlEvent *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlJob, hl_job_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlCommand, hl_command_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlEvent, hl_event_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlProbeResult, hl_probe_result_unref)

G_END_DECLS
