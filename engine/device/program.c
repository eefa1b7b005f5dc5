/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Building programs. PoCL translates each kernel to machine code only when it first runs, which would stall the first
 * training step kernel by kernel; asking for a program's binary makes it do all of that at once. On processors the parts
 * of a program are compiled side by side, each in a process of its own, and come into the device's context as binaries;
 * where that is impossible they are compiled here. */

#include "engine/device/program.h"

#include <glib/gi18n.h>
#include <string.h>

#include "engine/device/compile-process.h"
#include "engine/device/program-cache.h"

#define BUILD_OPTIONS "-cl-std=CL1.2"
#define MOST_THREADS 4
/* A part costs PoCL 0.7 s, and each kernel 0.07 s and more; progress is told part by part. */
#define FEWEST_KERNELS_PER_PART 4
#define MOST_KERNELS_PER_PART 24

HlProgramPart *
hl_program_part_new (char *source, guint n_kernels)
{
  HlProgramPart *self = g_new0 (HlProgramPart, 1);

  self->source = source;
  self->n_kernels = n_kernels;
  return self;
}

void
hl_program_part_free (HlProgramPart *self)
{
  if (!self)
    return;
  if (self->program)
    clReleaseProgram (self->program);
  g_free (self->source);
  g_free (self);
}

static guint
count_threads (const HlDevice *device)
{
  return device->info->type == HL_DEVICE_CPU ? CLAMP (device->info->compute_units, 1, MOST_THREADS) : 1;
}

guint
hl_program_count_parts (const HlDevice *device, guint n_kernels)
{
  guint threads = count_threads (device), rounds = (n_kernels - 1) / (threads * MOST_KERNELS_PER_PART) + 1;

  if (device->info->type != HL_DEVICE_CPU)
    return 1;
  return CLAMP (n_kernels / FEWEST_KERNELS_PER_PART, 1, threads * rounds);
}

/* ---- One program ---- */

/* The first line that reports an error, or else the first line there is. */
static char *
first_message (const char *log)
{
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);
  const char *first = NULL;

  for (guint i = 0; lines[i]; i++)
    {
      g_strstrip (lines[i]);
      if (strstr (lines[i], "error"))
        return g_strdup (lines[i]);
      if (!first && *lines[i])
        first = lines[i];
    }
  return g_strdup (first ? first : _("the compiler gives no reason"));
}

static void
set_build_error (const HlDevice *device, cl_program program, cl_int code, GError **error)
{
  g_autofree char *log = NULL, *message = NULL;
  gsize size = 0;

  if (clGetProgramBuildInfo (program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size) == CL_SUCCESS)
    {
      log = g_malloc0 (size + 1);
      clGetProgramBuildInfo (program, device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    }
  message = first_message (log ? log : "");
  g_set_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_BUILD,
               _("The kernels do not compile for the device “%s”: %s (%s, %d)"), device->info->name, message,
               hl_cl_error_name (code), code);
}

static cl_program
compile_source (const HlDevice *device, cl_context context, const char *source, GError **error)
{
  cl_int code = CL_OUT_OF_HOST_MEMORY;
  cl_program program = NULL;

  if (!hl_fault_hit ())
    program = clCreateProgramWithSource (context, 1, &source, NULL, &code);
  if (!program)
    {
      hl_set_cl_error (error, code, _("Cannot create a program for the device “%s”"), device->info->name);
      return NULL;
    }
  code = hl_fault_hit () ? CL_BUILD_PROGRAM_FAILURE
                         : clBuildProgram (program, 1, &device->id, BUILD_OPTIONS, NULL, NULL);
  if (code != CL_SUCCESS)
    {
      set_build_error (device, program, code, error);
      clReleaseProgram (program);
      return NULL;
    }
  return program;
}

/* NULL when the driver gives none: then there is nothing to cache. */
static GBytes *
read_binary (cl_program program)
{
  guint8 *binary;
  gsize size = 0;

  if (clGetProgramInfo (program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL) != CL_SUCCESS || size == 0)
    return NULL;
  binary = g_malloc (size);
  if (clGetProgramInfo (program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) != CL_SUCCESS)
    {
      g_free (binary);
      return NULL;
    }
  return g_bytes_new_take (binary, size);
}

GBytes *
hl_program_compile (HlDevice *device, const char *source, GError **error)
{
  cl_program program = compile_source (device, device->context, source, error);
  GBytes *binary;

  if (!program)
    return NULL;
  binary = read_binary (program);
  clReleaseProgram (program);
  return binary;
}

/* NULL when the driver does not take it, for instance after an update it does not show in its version. */
static cl_program
load_binary (HlDevice *device, GBytes *binary)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (binary, &size);
  cl_int status = CL_INVALID_BINARY, code = CL_INVALID_BINARY;
  cl_program program = NULL;

  if (!hl_fault_hit ())
    program = clCreateProgramWithBinary (device->context, 1, &device->id, &size, &data, &status, &code);
  if (!program)
    return NULL;
  if (status != CL_SUCCESS || hl_fault_hit ()
      || clBuildProgram (program, 1, &device->id, BUILD_OPTIONS, NULL, NULL) != CL_SUCCESS)
    {
      clReleaseProgram (program);
      return NULL;
    }
  return program;
}

/* ---- Several at a time ---- */

typedef struct
{
  HlDevice *device;          /* the threads read its id and info only */
  HlProgramPart *part;
  char *key;
  GBytes *binary;
  GError *error;
} Job;

typedef struct
{
  HlDevice *device;
  GAsyncQueue *finished;     /* of Job, borrowed */
  GCancellable *cancellable;
} Pool;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->binary, g_bytes_unref);
  g_clear_error (&job->error);
  g_free (job->key);
  g_free (job);
}

static void
compile_in_pool (gpointer data, gpointer user_data)
{
  Job *job = data;
  Pool *pool = user_data;

  if (!g_cancellable_set_error_if_cancelled (pool->cancellable, &job->error))
    job->binary = hl_compile_in_process (job->device->info, job->part->source, pool->cancellable, &job->error);
  g_async_queue_push (pool->finished, job);
}

/* Asking for the binary also finishes the machine code of the program that stays here. */
static gboolean
compile_here (Job *job, GError **error)
{
  job->part->program = compile_source (job->device, job->device->context, job->part->source, error);
  if (!job->part->program)
    return FALSE;
  job->binary = read_binary (job->part->program);
  if (job->binary)
    hl_program_cache_store (job->key, job->binary);
  return TRUE;
}

/* The part's program from its binary, or, when there is none, compiled here. */
static gboolean
finish_job (Job *job, GError **error)
{
  if (job->error)
    {
      g_propagate_error (error, g_steal_pointer (&job->error));
      return FALSE;
    }
  if (job->binary)
    job->part->program = load_binary (job->device, job->binary);
  if (!job->part->program)
    {
      g_clear_pointer (&job->binary, g_bytes_unref);
      return compile_here (job, error);
    }
  hl_program_cache_store (job->key, job->binary);
  return TRUE;
}

static gboolean
compile_on_threads (HlDevice *device, GPtrArray *jobs, guint n_done, guint n_all, const HlProgress *progress,
                    GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncQueue) finished = g_async_queue_new ();
  Pool pool = { device, finished, cancellable };
  GThreadPool *threads = g_thread_pool_new (compile_in_pool, &pool, (int) count_threads (device), TRUE, error);
  gboolean ok = threads != NULL;

  if (!ok)
    return FALSE;
  for (guint i = 0; i < jobs->len; i++)
    g_thread_pool_push (threads, jobs->pdata[i], NULL);
  /* Every job comes back, whatever happens to it; after a failure those not yet begun are not waited for. */
  for (guint i = 0; i < jobs->len && ok; i++)
    {
      Job *job = g_async_queue_pop (finished);

      ok = finish_job (job, error);
      n_done += job->part->n_kernels;
      hl_progress_report (progress, (double) n_done / n_all, _("Building %u of %u kernels"), n_done, n_all);
    }
  g_thread_pool_free (threads, !ok, TRUE);
  return ok;
}

/* Takes from the cache what is there; the rest becomes jobs. Returns how many kernels are done. */
static guint
load_cached (HlDevice *device, GPtrArray *parts, GPtrArray *jobs)
{
  guint n_done = 0;

  for (guint i = 0; i < parts->len; i++)
    {
      HlProgramPart *part = parts->pdata[i];
      g_autofree char *key = hl_program_cache_key (device->info, BUILD_OPTIONS, part->source);
      g_autoptr (GBytes) binary = hl_program_cache_load (key);
      Job *job;

      if (binary)
        part->program = load_binary (device, binary);
      if (part->program)
        {
          n_done += part->n_kernels;
          continue;
        }
      if (binary)
        hl_program_cache_drop (key);
      job = g_new0 (Job, 1);
      job->device = device;
      job->part = part;
      job->key = g_steal_pointer (&key);
      g_ptr_array_add (jobs, job);
    }
  return n_done;
}

gboolean
hl_program_build_parts (HlDevice *device, GPtrArray *parts, const HlProgress *progress, GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func (job_free);
  guint n_all = 0, n_done;

  for (guint i = 0; i < parts->len; i++)
    n_all += ((HlProgramPart *) parts->pdata[i])->n_kernels;
  n_done = load_cached (device, parts, jobs);
  if (jobs->len == 0)
    return TRUE;
  hl_progress_report (progress, (double) n_done / n_all, _("Building %u of %u kernels"), n_done, n_all);
  if (device->info->type == HL_DEVICE_CPU)
    return compile_on_threads (device, jobs, n_done, n_all, progress, cancellable, error);
  for (guint i = 0; i < jobs->len; i++)
    {
      Job *job = jobs->pdata[i];

      if (g_cancellable_set_error_if_cancelled (cancellable, error) || !compile_here (job, error))
        return FALSE;
      n_done += job->part->n_kernels;
      hl_progress_report (progress, (double) n_done / n_all, _("Building %u of %u kernels"), n_done, n_all);
    }
  return TRUE;
}
