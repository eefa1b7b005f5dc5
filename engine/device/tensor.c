/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlTensor: allocation, slices, and moving elements between host and device. */

#include "engine/device/cl.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/mman.h>

/* Buffers are whole multiples of this, so that a kernel may read the vector its last element lies in. */
#define BYTES_ALIGN 256
/* What a processor's memory is looked up by at best. */
#define LARGE_PAGE ((gsize) 2 << 20)
/* A larger write is not copied but waited for: the copy would cost more than the wait. */
#define LARGEST_COPIED_WRITE (16u << 20)
/* How much memory the copies of unfinished writes may take. */
#define MOST_PENDING_BYTES (64u << 20)

/* ---- Making ---- */

static HlTensor *
tensor_new (HlDevice *device, HlDType type, gsize n)
{
  HlTensor *self = g_new0 (HlTensor, 1);

  self->ref_count = 1;
  self->device = hl_device_ref (device);
  self->type = type;
  self->n = n;
  return self;
}

static void
count_allocated (HlTensor *self, gsize bytes)
{
  HlDevice *device = self->device;

  self->bytes = bytes;
  device->allocated_bytes += bytes;
  device->peak_bytes = MAX (device->peak_bytes, device->allocated_bytes);
}

/* Drivers allocate late and then fail in the middle of a step, so what cannot fit is refused here. */
static gboolean
check_room (HlDevice *device, gsize bytes, GError **error)
{
  const HlDeviceInfo *info = device->info;
  g_autofree char *wanted = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *largest = g_format_size_full (info->max_allocation_bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *used = g_format_size_full (device->allocated_bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *total = g_format_size_full (info->memory_bytes, G_FORMAT_SIZE_IEC_UNITS);

  if (info->max_allocation_bytes > 0 && bytes > info->max_allocation_bytes)
    {
      g_set_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_MEMORY,
                   _("One piece of %s is needed, but the device “%s” allows at most %s in one piece. Choose a smaller "
                     "batch, a smaller network or another device."), wanted, info->name, largest);
      return FALSE;
    }
  if (info->memory_bytes > 0 && device->allocated_bytes + bytes > info->memory_bytes)
    {
      g_set_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_MEMORY,
                   _("%s more is needed, but %s of the %s of the device “%s” are in use. Choose a smaller batch, a "
                     "smaller network or another device."), wanted, used, total, info->name);
      return FALSE;
    }
  return TRUE;
}

/* The buffer of `bytes`, empty or with a copy of, or around, `host`. */
static cl_mem
create_buffer (HlDevice *device, cl_mem_flags flags, gsize bytes, gpointer host, GError **error)
{
  cl_int code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
  cl_mem buffer = NULL;

  if (!check_room (device, bytes, error))
    return NULL;
  if (!hl_fault_hit ())
    buffer = clCreateBuffer (device->context, flags, bytes, host, &code);
  if (!buffer)
    {
      g_autofree char *wanted = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);

      hl_set_cl_error (error, code, _("Cannot allocate %s on the device “%s”"), wanted, device->info->name);
    }
  return buffer;
}

gsize
hl_tensor_get_bytes (HlDType type, gsize n)
{
  gsize bytes = MAX (n, 1) * hl_dtype_get_size (type);

  return (bytes + BYTES_ALIGN - 1) / BYTES_ALIGN * BYTES_ALIGN;
}

/* Large buffers of a processor lie in large pages where the system has them: kernels walk whole matrices, and small pages
 * would be looked up at every row. Only a hint, and before anything is written. */
static void
use_large_pages (HlTensor *self, gsize bytes)
{
#ifdef MADV_HUGEPAGE
  gpointer data;

  if (self->device->info->type != HL_DEVICE_CPU || bytes < 2 * LARGE_PAGE)
    return;
  data = clEnqueueMapBuffer (self->device->queue, self->buffer, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, 0, bytes, 0, NULL,
                             NULL, NULL);
  if (data)
    {
      guintptr first = ((guintptr) data + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
      guintptr end = ((guintptr) data + bytes) / LARGE_PAGE * LARGE_PAGE;

      madvise ((gpointer) first, end - first, MADV_HUGEPAGE);
      clEnqueueUnmapMemObject (self->device->queue, self->buffer, data, 0, NULL, NULL);
    }
#endif
}

HlTensor *
hl_tensor_new (HlDevice *device, HlDType type, gsize n, GError **error)
{
  g_autoptr (HlTensor) self = tensor_new (device, type, n);
  gsize bytes = hl_tensor_get_bytes (type, n);

  self->buffer = create_buffer (device, CL_MEM_READ_WRITE, bytes, NULL, error);
  if (!self->buffer)
    return NULL;
  count_allocated (self, bytes);
  use_large_pages (self, bytes);
  if (!hl_tensor_clear (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

HlTensor *
hl_tensor_new_from_host (HlDevice *device, HlDType type, gsize n, gconstpointer data, GError **error)
{
  g_autoptr (HlTensor) self = tensor_new (device, type, n);
  gsize bytes = n * hl_dtype_get_size (type);
  gboolean borrow = device->info->type == HL_DEVICE_CPU && (guintptr) data % 64 == 0;

  g_return_val_if_fail (n > 0, NULL);
  self->buffer = create_buffer (device, CL_MEM_READ_ONLY | (borrow ? CL_MEM_USE_HOST_PTR : CL_MEM_COPY_HOST_PTR), bytes,
                                (gpointer) data, error);
  if (!self->buffer)
    return NULL;
  if (!borrow)
    count_allocated (self, bytes);
  return g_steal_pointer (&self);
}

HlTensor *
hl_tensor_new_slice (HlTensor *parent, gsize first, gsize n)
{
  HlTensor *self;

  g_return_val_if_fail (first <= parent->n && n <= parent->n - first, NULL);
  self = tensor_new (parent->device, parent->type, n);
  self->parent = hl_tensor_ref (parent->parent ? parent->parent : parent);
  self->buffer = parent->buffer;
  self->first = parent->first + first;
  return self;
}

HlTensor *
hl_tensor_ref (HlTensor *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
hl_tensor_unref (HlTensor *self)
{
  if (!self || !g_atomic_int_dec_and_test (&self->ref_count))
    return;
  if (self->parent)
    hl_tensor_unref (self->parent);
  else if (self->buffer)
    clReleaseMemObject (self->buffer);
  self->device->allocated_bytes -= self->bytes;
  hl_device_unref (self->device);
  g_free (self);
}

HlDevice *
hl_tensor_get_device (const HlTensor *self)
{
  return self->device;
}

HlDType
hl_tensor_get_dtype (const HlTensor *self)
{
  return self->type;
}

gsize
hl_tensor_get_length (const HlTensor *self)
{
  return self->n;
}

/* ---- Writing ---- */

/* The copy of what a caller wrote; it must live until the device has taken it. */
typedef struct
{
  cl_event event;
  gpointer data;
  gsize bytes;
} PendingWrite;

static gboolean
event_is_done (cl_event event)
{
  cl_int status = CL_COMPLETE;

  /* A negative status is a failed command: done as well. */
  return clGetEventInfo (event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL) != CL_SUCCESS
         || status <= CL_COMPLETE;
}

void
hl_device_reap_writes (HlDevice *self, gboolean wait)
{
  PendingWrite *write;

  while ((write = g_queue_peek_head (&self->writes)))
    {
      if (!event_is_done (write->event))
        {
          if (!wait && self->pending_bytes <= MOST_PENDING_BYTES)
            return;
          clWaitForEvents (1, &write->event);
        }
      g_queue_pop_head (&self->writes);
      self->pending_bytes -= write->bytes;
      clReleaseEvent (write->event);
      g_free (write->data);
      g_free (write);
    }
}

static cl_int
enqueue_write (HlTensor *self, gsize offset, gsize bytes, gconstpointer data)
{
  HlDevice *device = self->device;
  PendingWrite *write;
  cl_int code;

  if (bytes > LARGEST_COPIED_WRITE)
    return clEnqueueWriteBuffer (device->queue, self->buffer, CL_TRUE, offset, bytes, data, 0, NULL, NULL);
  write = g_new0 (PendingWrite, 1);
  write->bytes = bytes;
  write->data = g_memdup2 (data, bytes);
  code = clEnqueueWriteBuffer (device->queue, self->buffer, CL_FALSE, offset, bytes, write->data, 0, NULL, &write->event);
  if (code != CL_SUCCESS)
    {
      g_free (write->data);
      g_free (write);
      return code;
    }
  g_queue_push_tail (&device->writes, write);
  device->pending_bytes += bytes;
  hl_device_reap_writes (device, FALSE);
  return CL_SUCCESS;
}

gboolean
hl_tensor_write (HlTensor *self, gsize first, gsize n, gconstpointer data, GError **error)
{
  gsize size = hl_dtype_get_size (self->type);
  cl_int code;

  g_return_val_if_fail (first <= self->n && n <= self->n - first, FALSE);
  if (n == 0)
    return TRUE;
  code = hl_fault_hit () ? CL_OUT_OF_RESOURCES : enqueue_write (self, (self->first + first) * size, n * size, data);
  if (code != CL_SUCCESS)
    return hl_set_cl_error (error, code, _("Cannot write %zu bytes to the device “%s”"), n * size,
                            self->device->info->name);
  return TRUE;
}

gpointer
hl_tensor_map (HlTensor *self, gsize first, gsize n, GError **error)
{
  gsize size = hl_dtype_get_size (self->type);
  cl_int code = CL_OUT_OF_RESOURCES;
  gpointer data = NULL;

  g_return_val_if_fail (n > 0 && first <= self->n && n <= self->n - first, NULL);
  if (!hl_fault_hit ())
    data = clEnqueueMapBuffer (self->device->queue, self->buffer, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION,
                               (self->first + first) * size, n * size, 0, NULL, NULL, &code);
  if (!data || code != CL_SUCCESS)
    {
      hl_set_cl_error (error, code, _("Cannot write %zu bytes to the device “%s”"), n * size, self->device->info->name);
      return NULL;
    }
  return data;
}

gboolean
hl_tensor_unmap (HlTensor *self, gpointer data, GError **error)
{
  cl_int code = hl_fault_hit () ? CL_OUT_OF_RESOURCES : CL_SUCCESS;
  cl_int unmapped = clEnqueueUnmapMemObject (self->device->queue, self->buffer, data, 0, NULL, NULL);

  if (code == CL_SUCCESS)
    code = unmapped;
  return code == CL_SUCCESS
         || hl_set_cl_error (error, code, _("Cannot write to the device “%s”"), self->device->info->name);
}

gboolean
hl_tensor_clear (HlTensor *self, GError **error)
{
  gsize size = hl_dtype_get_size (self->type);
  cl_uchar zero = 0;
  cl_int code = CL_SUCCESS;

  if (self->n == 0)
    return TRUE;
  /* What a buffer has beyond its elements (see BYTES_ALIGN) is cleared with them. */
  if (hl_fault_hit ())
    code = CL_OUT_OF_RESOURCES;
  else
    code = clEnqueueFillBuffer (self->device->queue, self->buffer, &zero, sizeof zero, self->first * size,
                                self->bytes > 0 ? self->bytes : self->n * size, 0, NULL, NULL);
  if (code != CL_SUCCESS)
    return hl_set_cl_error (error, code, _("Cannot clear %zu bytes on the device “%s”"), self->n * size,
                            self->device->info->name);
  return TRUE;
}

gboolean
hl_tensor_copy (HlTensor *self, const HlTensor *source, GError **error)
{
  gsize size = hl_dtype_get_size (self->type);
  cl_int code = CL_OUT_OF_RESOURCES;

  g_return_val_if_fail (self->n == source->n && self->type == source->type, FALSE);
  if (self->n == 0)
    return TRUE;
  if (!hl_fault_hit ())
    code = clEnqueueCopyBuffer (self->device->queue, source->buffer, self->buffer, source->first * size,
                                self->first * size, self->n * size, 0, NULL, NULL);
  if (code != CL_SUCCESS)
    return hl_set_cl_error (error, code, _("Cannot copy %zu bytes on the device “%s”"), self->n * size,
                            self->device->info->name);
  return TRUE;
}

/* ---- Reading ---- */

static gboolean
set_read_error (const HlTensor *self, gsize n, int code, GError **error)
{
  return hl_set_cl_error (error, code, _("Cannot read %zu bytes from the device “%s”"),
                          n * hl_dtype_get_size (self->type), self->device->info->name);
}

gboolean
hl_tensor_read (const HlTensor *self, gsize first, gsize n, gpointer data, GError **error)
{
  gsize size = hl_dtype_get_size (self->type);
  cl_int code = CL_OUT_OF_RESOURCES;

  g_return_val_if_fail (first <= self->n && n <= self->n - first, FALSE);
  if (n == 0)
    return TRUE;
  if (!hl_fault_hit ())
    code = clEnqueueReadBuffer (self->device->queue, self->buffer, CL_TRUE, (self->first + first) * size, n * size, data,
                                0, NULL, NULL);
  return code == CL_SUCCESS || set_read_error (self, n, code, error);
}

struct _HlRead
{
  HlTensor *tensor;
  cl_event event;   /* NULL when nothing was to be read */
  gsize n;
};

HlRead *
hl_tensor_read_async (const HlTensor *self, gsize first, gsize n, gpointer data, GError **error)
{
  gsize size = hl_dtype_get_size (self->type);
  cl_event event = NULL;
  cl_int code = CL_OUT_OF_RESOURCES;
  HlRead *read;

  g_return_val_if_fail (first <= self->n && n <= self->n - first, NULL);
  if (n > 0)
    {
      if (!hl_fault_hit ())
        code = clEnqueueReadBuffer (self->device->queue, self->buffer, CL_FALSE, (self->first + first) * size, n * size,
                                    data, 0, NULL, &event);
      if (code != CL_SUCCESS)
        {
          set_read_error (self, n, code, error);
          return NULL;
        }
      /* Looking at an event does not start its command on every driver. */
      clFlush (self->device->queue);
    }
  read = g_new0 (HlRead, 1);
  read->tensor = hl_tensor_ref ((HlTensor *) self);
  read->event = event;
  read->n = n;
  return read;
}

gboolean
hl_read_is_done (HlRead *self)
{
  return !self->event || event_is_done (self->event);
}

gboolean
hl_read_wait (HlRead *self, GError **error)
{
  cl_int code = CL_OUT_OF_RESOURCES, status = CL_COMPLETE;

  if (!self->event)
    return TRUE;
  if (!hl_fault_hit ())
    code = clWaitForEvents (1, &self->event);
  if (code == CL_SUCCESS)
    code = clGetEventInfo (self->event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL);
  if (code == CL_SUCCESS && status < 0)
    code = status;
  return code == CL_SUCCESS || set_read_error (self->tensor, self->n, code, error);
}

void
hl_read_free (HlRead *self)
{
  if (!self)
    return;
  if (self->event)
    {
      if (!event_is_done (self->event))
        clWaitForEvents (1, &self->event);
      clReleaseEvent (self->event);
    }
  hl_tensor_unref (self->tensor);
  g_free (self);
}
