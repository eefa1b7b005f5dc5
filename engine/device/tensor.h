/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlTensor: a run of elements of one type in device memory: a whole buffer or a slice of one.
 * Reference-counted; a slice keeps its parent alive. Worker thread only. What the elements mean
 * (shape, lanes, borders) is the business of whoever holds it: see HlValue in engine/graph/layer.h. */
#pragma once

#include "engine/base/shape.h"
#include "engine/device/device.h"

G_BEGIN_DECLS

/* Slices that kernels read as whole vectors start at a multiple of this many elements. */
#define HL_TENSOR_ALIGN 64

/* n elements, all zero. HL_DEVICE_ERROR_MEMORY says how much was wanted and how much there is. */
HlTensor *hl_tensor_new       (HlDevice *device, HlDType type, gsize n, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The bytes that takes on a device, for estimates. */
gsize     hl_tensor_get_bytes (HlDType type, gsize n);
/* A copy of, or on CPU devices the very, host memory (64-byte aligned, read-only, must outlive the
 * tensor): for data sets, which must not exist twice. */
HlTensor *hl_tensor_new_from_host (HlDevice *device, HlDType type, gsize n, gconstpointer data,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
HlTensor *hl_tensor_new_slice (HlTensor *parent, gsize first, gsize n) G_GNUC_WARN_UNUSED_RESULT;
HlTensor *hl_tensor_ref       (HlTensor *self);
void      hl_tensor_unref     (HlTensor *self);

HlDevice *hl_tensor_get_device (const HlTensor *self);
HlDType   hl_tensor_get_dtype  (const HlTensor *self);
gsize     hl_tensor_get_length (const HlTensor *self);

/* Elements [first, first + n). write copies `data` before it returns but does not wait for earlier
 * kernels; read waits for everything before it. */
gboolean  hl_tensor_write (HlTensor *self, gsize first, gsize n, gconstpointer data, GError **error);
gboolean  hl_tensor_read  (const HlTensor *self, gsize first, gsize n, gpointer data, GError **error);
/* Where the host may write elements [first, first + n), all of them, until unmap; on a processor the very memory, so that
 * large tensors need no copy beside them. Waits. */
gpointer  hl_tensor_map   (HlTensor *self, gsize first, gsize n, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean  hl_tensor_unmap (HlTensor *self, gpointer data, GError **error);
gboolean  hl_tensor_clear (HlTensor *self, GError **error);   /* zeros; enqueued */
gboolean  hl_tensor_copy  (HlTensor *self, const HlTensor *source, GError **error);  /* equal lengths; enqueued */

/* A read that does not wait: start it, look later. `data` must stay valid until done or freed. */
typedef struct _HlRead HlRead;
HlRead   *hl_tensor_read_async (const HlTensor *self, gsize first, gsize n, gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean  hl_read_is_done      (HlRead *self);
gboolean  hl_read_wait         (HlRead *self, GError **error);
void      hl_read_free         (HlRead *self);                 /* waits if it must */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlTensor, hl_tensor_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlRead, hl_read_free)

G_END_DECLS
