/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlDevice: one opened OpenCL device with its in-order queue. Owned by the thread that opened it
 * (the worker); only hl_device_list and HlDeviceInfo may be used from other threads. Kernels are
 * requested through an HlKernelSet, built together as one program, and then enqueued: no call here
 * but read, finish and build waits for the device. */
#pragma once

#include "engine/base/error.h"

G_BEGIN_DECLS

typedef struct _HlDevice HlDevice;
typedef struct _HlTensor HlTensor;
typedef struct _HlKernel HlKernel;
typedef struct _HlKernelSet HlKernelSet;

typedef enum { HL_DEVICE_CPU, HL_DEVICE_GPU, HL_DEVICE_OTHER } HlDeviceType;

typedef struct
{
  char *id;             /* stable among runs: "platform/device" names, with "#2" for a second equal one */
  char *name, *vendor, *platform, *driver, *version;
  HlDeviceType type;
  guint compute_units;
  guint lanes;          /* images side by side in memory: CPU 4, 8 or 16 (native float vector), GPU 32 */
  guint64 memory_bytes, max_allocation_bytes;
  guint clock_mhz;
} HlDeviceInfo;

HlDeviceInfo *hl_device_info_copy (const HlDeviceInfo *self);
void          hl_device_info_free (HlDeviceInfo *self);

/* Sets POCL_AFFINITY=1 and the like. Call first in main(), before any thread exists. */
void          hl_device_init_environment (void);

/* Every OpenCL device, best first (GPU before CPU). Blocks for up to a second: never on the main
 * thread of an interface. The query runs on a low-priority thread of its own, so that PoCL's compute
 * threads inherit that priority. Element type HlDeviceInfo, freed with the array. An empty system is
 * HL_DEVICE_ERROR_NONE_FOUND with the advice to install a driver ("pocl-opencl-icd"). */
GPtrArray    *hl_device_list (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The one of such a list that hl_device_open would take; NULL when there is none. */
const HlDeviceInfo *hl_device_choose (GPtrArray *devices, const char *wanted);

/* Opens the device whose id or name contains `wanted` (case ignored; NULL or "": $HILLOCK_DEVICE,
 * else the first of the list). */
HlDevice     *hl_device_open (const char *wanted, GError **error) G_GNUC_WARN_UNUSED_RESULT;
HlDevice     *hl_device_ref   (HlDevice *self);
void          hl_device_unref (HlDevice *self);
const HlDeviceInfo *hl_device_get_info (const HlDevice *self);

/* The lanes for batches of this size: half of a processor's own where no more images come anyway, since the other half of
 * every vector would be computed for nothing. Measured with AVX-512: 1.1 to 1.5 times the speed. */
guint         hl_device_info_choose_lanes (const HlDeviceInfo *self, guint batch);
/* From here on get_info says so many. Before anything is made on the device. */
void          hl_device_set_lanes (HlDevice *self, guint lanes);

/* Waits until everything enqueued has run. FALSE when the device failed meanwhile. */
gboolean      hl_device_finish (HlDevice *self, GError **error);
/* Hands enqueued work to the device without waiting. */
gboolean      hl_device_flush  (HlDevice *self, GError **error);
/* Bytes now allocated by tensors, and the highest they have been. */
guint64       hl_device_get_allocated_bytes (const HlDevice *self);
guint64       hl_device_get_peak_bytes      (const HlDevice *self);

/* Compares a few kernels with plain C on this device. FALSE names the kernel and the difference. */
gboolean      hl_device_self_test (HlDevice *self, const HlProgress *progress, GError **error);

/* ---- Kernels ----
 *
 * A kernel instance is a kernel of kernels/FILE.cl compiled with a set of defines ("FILTERS=6;SIZE=5").
 * A set collects the instances of a whole network, so that they are one program: one build, one cache
 * entry on disk. `file` is the name without ".cl"; where kernels/FILE.cpu.cl or FILE.gpu.cl exists it is
 * taken for that kind of device.
 *
 * Work: a kernel runs n_items work-items ("items"), each owning LANES lanes. On a CPU device an item is
 * one OpenCL work-item and a lane is a vector element; on a GPU an item is a work-group of LANES
 * work-items. kernels/common.clh hides the difference (ITEM, VEC, LOAD, STORE). */
HlKernelSet *hl_kernel_set_new  (HlDevice *device) G_GNUC_WARN_UNUSED_RESULT;
void         hl_kernel_set_free (HlKernelSet *self);      /* frees its kernels too */
HlDevice    *hl_kernel_set_get_device (HlKernelSet *self);

/* Requests an instance; equal requests give the same kernel. `defines`: "NAME=text;NAME=text", the text
 * without ';' or newline; may be NULL. Never fails: what is wrong shows when the set is built.
 * The kernel belongs to the set and may run after hl_kernel_set_build. */
HlKernel    *hl_kernel_set_add  (HlKernelSet *self, const char *file, const char *kernel, const char *defines);

/* Builds what has been requested since the last build (through the cache on disk). HL_DEVICE_ERROR_BUILD
 * carries the file, the kernel, and the compiler's first message; G_IO_ERROR_CANCELLED when cancelled. */
gboolean     hl_kernel_set_build (HlKernelSet *self, const HlProgress *progress,
                                  GCancellable *cancellable, GError **error);
guint        hl_kernel_set_get_n_kernels (HlKernelSet *self);

typedef enum { HL_ARG_KIND_END, HL_ARG_KIND_TENSOR, HL_ARG_KIND_VALUE } HlArgKind;

typedef struct
{
  HlArgKind kind;
  const void *data;   /* TENSOR: const HlTensor *; VALUE: address of the value */
  gsize size;
} HlKernelArg;

/* A tensor fills two kernel arguments: the buffer and the first element in it (TENSOR_IN and TENSOR_OUT
 * in common.clh declare both). */
#define HL_ARG_TENSOR(tensor) ((HlKernelArg) { HL_ARG_KIND_TENSOR, (tensor), 0 })
#define HL_ARG_INT(value)     ((HlKernelArg) { HL_ARG_KIND_VALUE, &(gint32) { (value) }, sizeof (gint32) })
#define HL_ARG_UINT(value)    ((HlKernelArg) { HL_ARG_KIND_VALUE, &(guint32) { (value) }, sizeof (guint32) })
#define HL_ARG_FLOAT(value)   ((HlKernelArg) { HL_ARG_KIND_VALUE, &(float) { (value) }, sizeof (float) })

/* Enqueues: hl_kernel_run (kernel, n_items, error, HL_ARG_TENSOR (x), HL_ARG_INT (n)). Zero items: no-op. */
#define hl_kernel_run(kernel, n_items, error, ...)                                              \
  hl_kernel_run_args ((kernel), (n_items), (const HlKernelArg[]) { __VA_ARGS__, { HL_ARG_KIND_END } }, (error))
gboolean     hl_kernel_run_args (HlKernel *self, gsize n_items, const HlKernelArg *args, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlDevice, hl_device_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlDeviceInfo, hl_device_info_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlKernelSet, hl_kernel_set_free)

G_END_DECLS
