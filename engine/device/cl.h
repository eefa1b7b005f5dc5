/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The only header that includes OpenCL's, so that the version and the structures behind the public opaque types are
 * settled in one place. Private to engine/device. */
#pragma once

#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

#include "engine/device/cl-error.h"
#include "engine/device/fault.h"
#include "engine/device/tensor.h"

G_BEGIN_DECLS

struct _HlDevice
{
  gint ref_count;
  HlDeviceInfo *info;
  gboolean gpu;             /* an item is a work-group, not a work-item */
  cl_device_id id;
  cl_context context;
  cl_command_queue queue;
  guint64 allocated_bytes, peak_bytes;
  GQueue writes;            /* of PendingWrite, oldest first: see tensor.c */
  gsize pending_bytes;
};

struct _HlTensor
{
  gint ref_count;
  HlDevice *device;
  HlTensor *parent;         /* of a slice: the tensor that owns the buffer; otherwise NULL */
  HlDType type;
  cl_mem buffer;            /* a slice borrows its parent's */
  gsize first, n;           /* in elements; first counts from the start of the buffer */
  gsize bytes;              /* counted in allocated_bytes; 0 for slices and borrowed host memory */
};

/* Frees the copies of finished asynchronous writes; wait: of all of them. */
void hl_device_reap_writes (HlDevice *self, gboolean wait);

/* Of the calling thread, for good: only for threads that do nothing else. */
void hl_lower_thread_priority (void);

/* Calls `function` on a thread with a low priority and returns its result. Whatever asks OpenCL about devices
 * first goes through this: PoCL then starts its compute threads with that priority. */
gpointer hl_run_on_low_priority_thread (GThreadFunc function, gpointer data);

G_END_DECLS
