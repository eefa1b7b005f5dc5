/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlEstimate: the device memory that a run will take, told before it starts. Pure; any thread; needs no device. */
#pragma once

#include "engine/data/spec.h"
#include "engine/device/device.h"
#include "engine/graph/graph.h"
#include "engine/train/recipe.h"

G_BEGIN_DECLS

/* Bytes, as hl_device_get_peak_bytes counts them. */
typedef struct
{
  gsize weights, gradients;    /* of the network, running statistics included; of what is trained */
  gsize optimizer;             /* its slots */
  gsize values, workspace;     /* of the layers in training */
  gsize evaluation;            /* what evaluating takes besides: only where batches are small */
  gsize data;                  /* labels and orders; samples too, but a processor uses those where they already are */
  gsize results;               /* losses and predictions on their way to the host */
  gsize probe;                 /* of the application, while it shows a sample's way through the network; not in the total */
} HlEstimate;

/* The parts of the total with their names, to be translated where they are shown; the last label is NULL. */
typedef struct { const char *label; gsize offset; } HlEstimatePart;

extern const HlEstimatePart hl_estimate_parts[];

gsize hl_estimate_get_part   (const HlEstimate *self, const HlEstimatePart *part);

/* What an HlTrainer of these allocates until it has evaluated, but for a few kilobytes. The network may have faults: then
 * what has a shape counts. dataset: NULL while it is not known; then data and the results of evaluating are left out.
 * device: NULL for a processor with 16 lanes. */
void  hl_estimate_training  (HlEstimate *self, const HlGraph *graph, const HlRecipe *recipe, const HlDataset *dataset,
                             const HlDataSpec *spec, const HlDeviceInfo *device);
gsize hl_estimate_get_total (const HlEstimate *self);

G_END_DECLS
