/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlKernelSet: kernel instances collected, written into one program, built and enqueued. */

#include "engine/device/program.h"

#include <glib/gi18n.h>
#include <string.h>

#define KERNELS_PATH "/io/github/hillock/kernels/"

struct _HlKernel
{
  HlDevice *device;                /* borrowed from the set */
  char *file, *name, *defines;
  guint instance;                  /* number within its part of the program; set by the build */
  cl_kernel kernel;                /* NULL before the build */
};

struct _HlKernelSet
{
  HlDevice *device;
  GPtrArray *kernels;              /* of HlKernel, owned, in order of request */
  GHashTable *by_request;          /* "file\nname\ndefines" to HlKernel */
  GPtrArray *parts;                /* of HlProgramPart: the programs of all builds */
  guint n_built;                   /* of kernels, from the start */
};

static void
kernel_free (gpointer data)
{
  HlKernel *self = data;

  if (self->kernel)
    clReleaseKernel (self->kernel);
  g_free (self->file);
  g_free (self->name);
  g_free (self->defines);
  g_free (self);
}

HlKernelSet *
hl_kernel_set_new (HlDevice *device)
{
  HlKernelSet *self = g_new0 (HlKernelSet, 1);

  self->device = hl_device_ref (device);
  self->kernels = g_ptr_array_new_with_free_func (kernel_free);
  self->by_request = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_program_part_free);
  return self;
}

void
hl_kernel_set_free (HlKernelSet *self)
{
  if (!self)
    return;
  g_hash_table_unref (self->by_request);
  g_ptr_array_unref (self->kernels);
  g_ptr_array_unref (self->parts);
  hl_device_unref (self->device);
  g_free (self);
}

HlDevice *
hl_kernel_set_get_device (HlKernelSet *self)
{
  return self->device;
}

guint
hl_kernel_set_get_n_kernels (HlKernelSet *self)
{
  return self->kernels->len;
}

HlKernel *
hl_kernel_set_add (HlKernelSet *self, const char *file, const char *kernel, const char *defines)
{
  g_autofree char *request = g_strdup_printf ("%s\n%s\n%s", file, kernel, defines ? defines : "");
  HlKernel *found = g_hash_table_lookup (self->by_request, request);

  if (found)
    return found;
  found = g_new0 (HlKernel, 1);
  found->device = self->device;
  found->file = g_strdup (file);
  found->name = g_strdup (kernel);
  found->defines = g_strdup (defines ? defines : "");
  g_ptr_array_add (self->kernels, found);
  g_hash_table_insert (self->by_request, g_steal_pointer (&request), found);
  return found;
}

/* ---- Source ---- */

/* Sets *text (borrowed from *bytes) to the file's text. The file for this kind of device is preferred. */
static GBytes *
load_file (HlDevice *device, const char *file, char **file_name, GError **error)
{
  const char *suffixes[] = { device->gpu ? ".gpu.cl" : ".cpu.cl", ".cl" };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (KERNELS_PATH, file, suffixes[i], NULL);
      GBytes *bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

      if (bytes)
        {
          *file_name = g_strconcat (file, suffixes[i], NULL);
          return bytes;
        }
    }
  g_set_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_BUILD,
               _("The kernel file “%s%s” is missing from this program."), file, suffixes[0]);
  return NULL;
}

/* "NAME=text;NAME=text" as lines of #define, or of #undef. */
static void
append_defines (GString *source, const char *defines, gboolean undefine)
{
  g_auto (GStrv) parts = g_strsplit (defines, ";", -1);

  for (guint i = 0; parts[i]; i++)
    {
      char *equal = strchr (parts[i], '=');

      if (!*g_strstrip (parts[i]))
        continue;
      if (equal)
        *equal = '\0';
      if (undefine)
        g_string_append_printf (source, "#undef %.*s\n", (int) strcspn (parts[i], "("), parts[i]);
      else
        g_string_append_printf (source, "#define %s %s\n", parts[i], equal ? equal + 1 : "");
    }
}

/* Line markers carry "file (kernel)", so that the compiler's messages name both. */
static gboolean
append_instance (GString *source, const HlKernel *kernel, GError **error)
{
  g_autofree char *file_name = NULL;
  g_autoptr (GBytes) bytes = load_file (kernel->device, kernel->file, &file_name, error);
  gsize size;
  const char *text;

  if (!bytes)
    return FALSE;
  text = g_bytes_get_data (bytes, &size);
  g_string_append_printf (source, "#define HL_INSTANCE %u\n#define KERNEL_%s 1\n", kernel->instance, kernel->name);
  append_defines (source, kernel->defines, FALSE);
  g_string_append_printf (source, "#line 1 \"%s (%s)\"\n", file_name, kernel->name);
  g_string_append_len (source, text, (gssize) size);
  g_string_append_printf (source, "\n#undef HL_INSTANCE\n#undef KERNEL_%s\n", kernel->name);
  append_defines (source, kernel->defines, TRUE);
  return TRUE;
}

/* The text of every n_parts-th new kernel, beginning with number `part`: kernels that are asked for together are of
 * like size, so that the parts take about equally long to compile. */
static HlProgramPart *
write_part (HlKernelSet *self, guint part, guint n_parts, GError **error)
{
  g_autoptr (GString) source = g_string_new (NULL);
  g_autoptr (GBytes) common = g_resources_lookup_data (KERNELS_PATH "common.clh", G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  guint n_kernels = 0;
  gsize size;
  const char *text;

  if (!common)
    return NULL;
  text = g_bytes_get_data (common, &size);
  g_string_append_printf (source, "#define HL_GPU %d\n#define LANES %u\n#line 1 \"common.clh\"\n", self->device->gpu,
                          self->device->info->lanes);
  g_string_append_len (source, text, (gssize) size);
  g_string_append_c (source, '\n');
  for (guint i = self->n_built + part; i < self->kernels->len; i += n_parts)
    {
      HlKernel *kernel = self->kernels->pdata[i];

      kernel->instance = n_kernels++;
      if (!append_instance (source, kernel, error))
        return NULL;
    }
  return hl_program_part_new (g_string_free (g_steal_pointer (&source), FALSE), n_kernels);
}

/* ---- Building ---- */

static gboolean
create_kernel (HlKernel *self, cl_program program, GError **error)
{
  g_autofree char *symbol = g_strdup_printf ("%s_%u", self->name, self->instance);
  cl_int code = CL_OUT_OF_HOST_MEMORY;

  /* Left from a build that failed half-way. */
  if (self->kernel)
    clReleaseKernel (self->kernel);
  self->kernel = NULL;
  if (!hl_fault_hit ())
    self->kernel = clCreateKernel (program, symbol, &code);
  if (!self->kernel)
    return hl_set_cl_error (error, code, _("The kernel “%s” of the file “%s” cannot be made"), self->name, self->file);
  return TRUE;
}

static gboolean
build_new_kernels (HlKernelSet *self, const HlProgress *progress, GCancellable *cancellable, GError **error)
{
  guint n_kernels = self->kernels->len - self->n_built, n_parts = hl_program_count_parts (self->device, n_kernels);
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_program_part_free);

  for (guint i = 0; i < n_parts; i++)
    {
      HlProgramPart *part = write_part (self, i, n_parts, error);

      if (!part)
        return FALSE;
      g_ptr_array_add (parts, part);
    }
  if (!hl_program_build_parts (self->device, parts, progress, cancellable, error))
    return FALSE;
  for (guint i = 0; i < n_kernels; i++)
    if (!create_kernel (self->kernels->pdata[self->n_built + i], ((HlProgramPart *) parts->pdata[i % n_parts])->program,
                        error))
      return FALSE;
  g_ptr_array_extend_and_steal (self->parts, g_steal_pointer (&parts));
  self->n_built = self->kernels->len;
  return TRUE;
}

gboolean
hl_kernel_set_build (HlKernelSet *self, const HlProgress *progress, GCancellable *cancellable, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (self->n_built == self->kernels->len)
    return TRUE;
  return build_new_kernels (self, progress, cancellable, error)
         && !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* ---- Running ---- */

static cl_int
set_args (HlKernel *self, const HlKernelArg *args)
{
  cl_uint index = 0;
  cl_int code = CL_SUCCESS;

  for (; args->kind != HL_ARG_KIND_END && code == CL_SUCCESS; args++)
    if (args->kind == HL_ARG_KIND_TENSOR)
      {
        const HlTensor *tensor = args->data;
        cl_uint first = (cl_uint) tensor->first;

        /* Kernels count elements in 32 bits. */
        if (tensor->first > CL_UINT_MAX)
          return CL_INVALID_VALUE;
        code = clSetKernelArg (self->kernel, index++, sizeof tensor->buffer, &tensor->buffer);
        if (code == CL_SUCCESS)
          code = clSetKernelArg (self->kernel, index++, sizeof first, &first);
      }
    else
      code = clSetKernelArg (self->kernel, index++, args->size, args->data);
  return code;
}

gboolean
hl_kernel_run_args (HlKernel *self, gsize n_items, const HlKernelArg *args, GError **error)
{
  gsize local = self->device->gpu ? self->device->info->lanes : 1;
  gsize global = n_items * local;
  cl_int code;

  if (n_items == 0)
    return TRUE;
  if (!self->kernel)
    return hl_set_cl_error (error, CL_INVALID_KERNEL, _("The kernel “%s” has not been built"), self->name);
  code = hl_fault_hit () ? CL_OUT_OF_RESOURCES : set_args (self, args);
  if (code == CL_SUCCESS)
    code = clEnqueueNDRangeKernel (self->device->queue, self->kernel, 1, NULL, &global, &local, 0, NULL, NULL);
  if (code != CL_SUCCESS)
    return hl_set_cl_error (error, code, _("The kernel “%s” did not run on the device “%s”"), self->name,
                            self->device->info->name);
  return TRUE;
}
