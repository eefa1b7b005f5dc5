/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlLoader: batches of one part of the data, assembled on the device: the data set lies there once (on CPU devices
 * without a copy) and a kernel gathers, converts, normalises and lays out each batch. Worker thread only; enqueues,
 * never waits. */
#pragma once

#include "engine/data/split.h"
#include "engine/graph/layer.h"

G_BEGIN_DECLS

typedef struct _HlDeviceData HlDeviceData;   /* a data set and its labels on a device; shared by loaders */
typedef struct _HlLoader HlLoader;

/* HL_DEVICE_ERROR_MEMORY when it does not fit. The data set is kept alive. */
HlDeviceData *hl_device_data_new  (HlDevice *device, HlDataset *dataset, const HlNormalization *normalization, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void          hl_device_data_free (HlDeviceData *self);
/* What it takes on a device (NULL: some processor), and a loader of n samples in batches besides. */
gsize         hl_device_data_get_bytes (const HlDataset *dataset, const HlDeviceInfo *device);
gsize         hl_loader_get_bytes      (const HlDataset *dataset, const HlDeviceInfo *device, gsize n, guint batch, guint lanes);

/* Requests its kernel for the input value's geometry. shuffle: a new order each epoch from (seed, epoch). */
HlLoader *hl_loader_new  (HlKernelSet *kernels, HlDeviceData *data, const HlSplit *split, HlPart part, const HlValue *input,
                          guint batch, gboolean shuffle, guint64 seed, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void      hl_loader_free (HlLoader *self);
gsize     hl_loader_get_length    (HlLoader *self);     /* samples */
guint     hl_loader_get_n_batches (HlLoader *self);     /* the last may be short */
/* Uploads the order of that epoch. */
gboolean  hl_loader_start_epoch   (HlLoader *self, guint epoch, GError **error);
/* Assembles batch i of the epoch into the input value; *n: samples in it. Lanes beyond n become zero. */
gboolean  hl_loader_load          (HlLoader *self, guint i, guint *n, GError **error);
/* Class indices of the batch assembled last, I32, one per sample of the capacity, -1 beyond n. */
HlTensor *hl_loader_get_targets   (HlLoader *self);
/* The order of the current epoch. */
const guint32 *hl_loader_get_order (HlLoader *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlLoader, hl_loader_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlDeviceData, hl_device_data_free)

G_END_DECLS
