/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlDevice: finding devices, opening one, its queue. */

#include "engine/device/cl.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels/hillock-kernels.h"

#define COMPUTE_NICE 10

/* ---- The environment and the priority of compute threads ---- */

static gboolean
is_own_folder (const char *path)
{
  struct stat info;

  return lstat (path, &info) == 0 && S_ISDIR (info.st_mode) && info.st_uid == getuid () && (info.st_mode & 0077) == 0;
}

/* PoCL shows no device at all when it cannot write its cache: a read-only home folder, a full one, none. It then gets
 * a folder among the temporary files, which nobody else may have prepared: programs are loaded from there. */
static void
find_room_for_pocl (void)
{
  g_autofree char *usual = g_build_filename (g_get_user_cache_dir (), "pocl", NULL);
  g_autofree char *name = NULL, *other = NULL;

  if (g_getenv ("POCL_CACHE_DIR") || (g_mkdir_with_parents (usual, 0700) == 0 && g_access (usual, W_OK | X_OK) == 0))
    return;
  name = g_strdup_printf ("hillock-pocl-%u", (guint) getuid ());
  other = g_build_filename (g_get_tmp_dir (), name, NULL);
  if (g_mkdir (other, 0700) != 0 && !is_own_folder (other))
    {
      g_free (other);
      other = g_dir_make_tmp ("hillock-pocl-XXXXXX", NULL);
    }
  if (other)
    g_setenv ("POCL_CACHE_DIR", other, FALSE);
}

void
hl_device_init_environment (void)
{
  find_room_for_pocl ();
  /* Without it PoCL's workers now and then share one core, at half the speed. It is read when the library loads. */
  g_setenv ("POCL_AFFINITY", "1", FALSE);
  /* Machine code for any grid instead of one per grid size: as fast, and none is left to compile in mid-training. */
  g_setenv ("POCL_WORK_GROUP_SPECIALIZATION", "0", FALSE);
}

typedef struct
{
  GThreadFunc function;
  gpointer data;
} LowPriorityCall;

void
hl_lower_thread_priority (void)
{
  /* On Linux this changes the calling thread only. A failure costs a fluid interface, nothing else. */
  if (getpriority (PRIO_PROCESS, (id_t) gettid ()) < COMPUTE_NICE)
    setpriority (PRIO_PROCESS, (id_t) gettid (), COMPUTE_NICE);
}

static gpointer
low_priority_main (gpointer data)
{
  LowPriorityCall *call = data;

  hl_lower_thread_priority ();
  return call->function (call->data);
}

gpointer
hl_run_on_low_priority_thread (GThreadFunc function, gpointer data)
{
  LowPriorityCall call = { function, data };
  GThread *thread = g_thread_try_new ("hl-devices", low_priority_main, &call, NULL);

  return thread ? g_thread_join (thread) : function (data);
}

/* ---- Information ---- */

HlDeviceInfo *
hl_device_info_copy (const HlDeviceInfo *self)
{
  HlDeviceInfo *copy = g_memdup2 (self, sizeof *self);

  copy->id = g_strdup (self->id);
  copy->name = g_strdup (self->name);
  copy->vendor = g_strdup (self->vendor);
  copy->platform = g_strdup (self->platform);
  copy->driver = g_strdup (self->driver);
  copy->version = g_strdup (self->version);
  return copy;
}

void
hl_device_info_free (HlDeviceInfo *self)
{
  if (!self)
    return;
  g_free (self->id);
  g_free (self->name);
  g_free (self->vendor);
  g_free (self->platform);
  g_free (self->driver);
  g_free (self->version);
  g_free (self);
}

static char *
read_device_text (cl_device_id id, cl_device_info what)
{
  gsize size = 0;
  g_autofree char *text = NULL;

  if (clGetDeviceInfo (id, what, 0, NULL, &size) != CL_SUCCESS || size == 0)
    return g_strdup ("");
  text = g_malloc0 (size + 1);
  if (clGetDeviceInfo (id, what, size, text, NULL) != CL_SUCCESS)
    return g_strdup ("");
  return g_strstrip (g_utf8_make_valid (text, -1));
}

static guint
read_device_uint (cl_device_id id, cl_device_info what)
{
  cl_uint value = 0;

  clGetDeviceInfo (id, what, sizeof value, &value, NULL);
  return value;
}

static guint64
read_device_ulong (cl_device_id id, cl_device_info what)
{
  cl_ulong value = 0;

  clGetDeviceInfo (id, what, sizeof value, &value, NULL);
  return value;
}

static char *
read_platform_name (cl_platform_id platform)
{
  gsize size = 0;
  g_autofree char *text = NULL;

  if (clGetPlatformInfo (platform, CL_PLATFORM_NAME, 0, NULL, &size) != CL_SUCCESS || size == 0)
    return g_strdup ("");
  text = g_malloc0 (size + 1);
  if (clGetPlatformInfo (platform, CL_PLATFORM_NAME, size, text, NULL) != CL_SUCCESS)
    return g_strdup ("");
  return g_strstrip (g_utf8_make_valid (text, -1));
}

/* HILLOCK_LANES=4|8|16 forces a vector width, "gpu" the shape kernels have on GPUs: so that one machine can test
 * the code of all. */
static guint
choose_lanes (HlDeviceType type, guint native_width)
{
  const char *forced = g_getenv ("HILLOCK_LANES");

  if (g_strcmp0 (forced, "gpu") == 0)
    return 32;
  if (type != HL_DEVICE_CPU)
    return 32;
  if (g_strcmp0 (forced, "4") == 0 || g_strcmp0 (forced, "8") == 0 || g_strcmp0 (forced, "16") == 0)
    return (guint) g_ascii_strtoull (forced, NULL, 10);
  return native_width >= 16 ? 16 : native_width >= 8 ? 8 : 4;
}

guint
hl_device_info_choose_lanes (const HlDeviceInfo *self, guint batch)
{
  const char *forced = g_getenv ("HILLOCK_LANES");

  return (!forced || !*forced) && self->lanes == 16 && batch <= 8 ? 8 : self->lanes;
}

static HlDeviceInfo *
read_device_info (cl_device_id id, const char *platform)
{
  HlDeviceInfo *info = g_new0 (HlDeviceInfo, 1);
  cl_device_type type = 0;

  clGetDeviceInfo (id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
  info->type = type & CL_DEVICE_TYPE_GPU ? HL_DEVICE_GPU : type & CL_DEVICE_TYPE_CPU ? HL_DEVICE_CPU : HL_DEVICE_OTHER;
  info->name = read_device_text (id, CL_DEVICE_NAME);
  info->vendor = read_device_text (id, CL_DEVICE_VENDOR);
  info->driver = read_device_text (id, CL_DRIVER_VERSION);
  info->version = read_device_text (id, CL_DEVICE_VERSION);
  info->platform = g_strdup (platform);
  info->id = g_strdup_printf ("%s/%s", platform, info->name);
  info->compute_units = MAX (read_device_uint (id, CL_DEVICE_MAX_COMPUTE_UNITS), 1);
  info->clock_mhz = read_device_uint (id, CL_DEVICE_MAX_CLOCK_FREQUENCY);
  info->memory_bytes = read_device_ulong (id, CL_DEVICE_GLOBAL_MEM_SIZE);
  info->max_allocation_bytes = read_device_ulong (id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  info->lanes = choose_lanes (info->type, read_device_uint (id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT));
  return info;
}

/* ---- Finding ---- */

typedef struct
{
  HlDeviceInfo *info;
  cl_device_id id;
} Found;

static void
found_free (gpointer data)
{
  Found *found = data;

  hl_device_info_free (found->info);
  g_free (found);
}

/* A second device of the same name gets "#2" behind its id, in the order the driver lists them. */
static void
number_equal_ids (GPtrArray *devices)
{
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < devices->len; i++)
    {
      HlDeviceInfo *info = ((Found *) devices->pdata[i])->info;
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, info->id)) + 1;

      g_hash_table_replace (counts, g_strdup (info->id), GUINT_TO_POINTER (n));
      if (n > 1)
        {
          g_autofree char *base = g_steal_pointer (&info->id);

          info->id = g_strdup_printf ("%s#%u", base, n);
        }
    }
}

static int
compare_found (gconstpointer a, gconstpointer b)
{
  const HlDeviceInfo *x = (*(Found *const *) a)->info, *y = (*(Found *const *) b)->info;
  static const int rank[] = { [HL_DEVICE_GPU] = 0, [HL_DEVICE_CPU] = 1, [HL_DEVICE_OTHER] = 2 };

  if (x->type != y->type)
    return rank[x->type] - rank[y->type];
  if (x->memory_bytes != y->memory_bytes)
    return x->memory_bytes > y->memory_bytes ? -1 : 1;
  return strcmp (x->id, y->id);
}

static void
find_platform_devices (cl_platform_id platform, GPtrArray *devices)
{
  g_autofree char *name = read_platform_name (platform);
  g_autofree cl_device_id *ids = NULL;
  cl_uint n = 0;

  /* A platform without devices is common (a GPU driver without its card) and no error. */
  if (clGetDeviceIDs (platform, CL_DEVICE_TYPE_ALL, 0, NULL, &n) != CL_SUCCESS || n == 0)
    return;
  ids = g_new0 (cl_device_id, n);
  if (clGetDeviceIDs (platform, CL_DEVICE_TYPE_ALL, n, ids, NULL) != CL_SUCCESS)
    return;
  for (cl_uint i = 0; i < n; i++)
    {
      cl_bool available = CL_FALSE, compiler = CL_FALSE;
      Found *found;

      clGetDeviceInfo (ids[i], CL_DEVICE_AVAILABLE, sizeof available, &available, NULL);
      clGetDeviceInfo (ids[i], CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler, NULL);
      if (!available || !compiler)
        continue;
      found = g_new0 (Found, 1);
      found->id = ids[i];
      found->info = read_device_info (ids[i], name);
      g_ptr_array_add (devices, found);
    }
}

typedef struct
{
  GPtrArray *devices;   /* of Found; NULL on failure */
  GError *error;
} FindResult;

static gpointer
find_main (gpointer data)
{
  FindResult *result = data;
  g_autoptr (GPtrArray) devices = g_ptr_array_new_with_free_func (found_free);
  g_autofree cl_platform_id *platforms = NULL;
  cl_uint n = 0;
  cl_int code = hl_fault_hit () ? CL_OUT_OF_HOST_MEMORY : clGetPlatformIDs (0, NULL, &n);

  if (code == CL_SUCCESS && n > 0)
    {
      platforms = g_new0 (cl_platform_id, n);
      code = clGetPlatformIDs (n, platforms, NULL);
    }
  if (code != CL_SUCCESS)
    {
      hl_set_cl_error (&result->error, code, _("Cannot list the computing devices"));
      return NULL;
    }
  for (cl_uint i = 0; i < n; i++)
    find_platform_devices (platforms[i], devices);
  if (devices->len == 0)
    {
      hl_set_cl_error (&result->error, CL_DEVICE_NOT_FOUND, _("Cannot find a computing device"));
      return NULL;
    }
  number_equal_ids (devices);
  g_ptr_array_sort (devices, compare_found);
  result->devices = g_steal_pointer (&devices);
  return NULL;
}

/* Drivers set themselves up in the first query, and PoCL crashes or finds nothing when two threads make it at once (the window's
 * device list and a run that is just starting). */
static GMutex find_mutex;

static GPtrArray *
find_devices (GError **error)
{
  FindResult result = { NULL, NULL };

  g_mutex_lock (&find_mutex);
  hl_run_on_low_priority_thread (find_main, &result);
  g_mutex_unlock (&find_mutex);
  if (result.error)
    g_propagate_error (error, result.error);
  return result.devices;
}

GPtrArray *
hl_device_list (GError **error)
{
  g_autoptr (GPtrArray) found = find_devices (error);
  GPtrArray *infos;

  if (!found)
    return NULL;
  infos = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_device_info_free);
  for (guint i = 0; i < found->len; i++)
    g_ptr_array_add (infos, g_steal_pointer (&((Found *) found->pdata[i])->info));
  return infos;
}

static gboolean
text_contains (const char *text, const char *folded_part)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);

  return strstr (folded, folded_part) != NULL;
}

/* The exact id wins; then "cpu" and "gpu" by type; then a part of id or name. The version is looked at as well,
 * because it is the only text in which PoCL calls itself by that name. */
const HlDeviceInfo *
hl_device_choose (GPtrArray *devices, const char *wanted)
{
  g_autofree char *folded = NULL;

  if (!wanted || !*wanted)
    wanted = g_getenv ("HILLOCK_DEVICE");
  if (!wanted || !*wanted)
    return devices->len > 0 ? devices->pdata[0] : NULL;
  folded = g_utf8_casefold (wanted, -1);
  for (int pass = 0; pass < 4; pass++)
    for (guint i = 0; i < devices->len; i++)
      {
        const HlDeviceInfo *info = devices->pdata[i];

        if ((pass == 0 && g_str_equal (info->id, wanted))
            || (pass == 1 && ((g_str_equal (folded, "cpu") && info->type == HL_DEVICE_CPU)
                              || (g_str_equal (folded, "gpu") && info->type == HL_DEVICE_GPU)))
            || (pass == 2 && (text_contains (info->id, folded) || text_contains (info->name, folded)))
            || (pass == 3 && text_contains (info->version, folded)))
          return info;
      }
  return NULL;
}

static const Found *
choose_found (GPtrArray *devices, const char *wanted)
{
  g_autoptr (GPtrArray) infos = g_ptr_array_new ();
  const HlDeviceInfo *chosen;

  for (guint i = 0; i < devices->len; i++)
    g_ptr_array_add (infos, ((Found *) devices->pdata[i])->info);
  chosen = hl_device_choose (infos, wanted);
  for (guint i = 0; chosen && i < devices->len; i++)
    if (((Found *) devices->pdata[i])->info == chosen)
      return devices->pdata[i];
  return NULL;
}

static void
set_not_found_error (GError **error, GPtrArray *devices, const char *wanted)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < devices->len; i++)
    g_string_append_printf (names, _("%s“%s”"), i > 0 ? ", " : "", ((Found *) devices->pdata[i])->info->name);
  g_set_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND,
               _("No device is called “%s”. This computer has %s; a part of the name is enough."), wanted, names->str);
}

/* ---- Opening ---- */

void
hl_device_set_lanes (HlDevice *self, guint lanes)
{
  g_return_if_fail (self->gpu == (lanes == 32));
  self->info->lanes = lanes;
}

HlDevice *
hl_device_open (const char *wanted, GError **error)
{
  g_autoptr (GPtrArray) devices = NULL;
  g_autoptr (HlDevice) self = NULL;
  const Found *found;
  cl_int code = CL_OUT_OF_RESOURCES;

  if (!wanted || !*wanted)
    wanted = g_getenv ("HILLOCK_DEVICE");
  devices = find_devices (error);
  if (!devices)
    return NULL;
  found = choose_found (devices, wanted);
  if (!found)
    {
      set_not_found_error (error, devices, wanted);
      return NULL;
    }

  /* In a static library the linker drops the kernels' object unless somebody asks for it. */
  hillock_kernels_get_resource ();
  self = g_new0 (HlDevice, 1);
  self->ref_count = 1;
  self->info = hl_device_info_copy (found->info);
  self->gpu = self->info->lanes == 32;
  self->id = found->id;
  g_queue_init (&self->writes);
  if (!hl_fault_hit ())
    self->context = clCreateContext (NULL, 1, &self->id, NULL, NULL, &code);
  if (!self->context)
    {
      hl_set_cl_error (error, code, _("Cannot open the device “%s”"), self->info->name);
      return NULL;
    }
  code = CL_OUT_OF_RESOURCES;
  if (!hl_fault_hit ())
    self->queue = clCreateCommandQueue (self->context, self->id, 0, &code);
  if (!self->queue)
    {
      hl_set_cl_error (error, code, _("Cannot open a queue on the device “%s”"), self->info->name);
      return NULL;
    }
  return g_steal_pointer (&self);
}

HlDevice *
hl_device_ref (HlDevice *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
hl_device_unref (HlDevice *self)
{
  if (!self || !g_atomic_int_dec_and_test (&self->ref_count))
    return;
  if (self->queue)
    {
      clFinish (self->queue);
      hl_device_reap_writes (self, TRUE);
      clReleaseCommandQueue (self->queue);
    }
  if (self->context)
    clReleaseContext (self->context);
  hl_device_info_free (self->info);
  g_free (self);
}

const HlDeviceInfo *
hl_device_get_info (const HlDevice *self)
{
  return self->info;
}

gboolean
hl_device_finish (HlDevice *self, GError **error)
{
  cl_int code = hl_fault_hit () ? CL_OUT_OF_RESOURCES : clFinish (self->queue);

  if (code != CL_SUCCESS)
    return hl_set_cl_error (error, code, _("Waiting for the device “%s” failed"), self->info->name);
  hl_device_reap_writes (self, TRUE);
  return TRUE;
}

gboolean
hl_device_flush (HlDevice *self, GError **error)
{
  cl_int code = hl_fault_hit () ? CL_OUT_OF_RESOURCES : clFlush (self->queue);

  if (code != CL_SUCCESS)
    return hl_set_cl_error (error, code, _("Handing work to the device “%s” failed"), self->info->name);
  return TRUE;
}

guint64
hl_device_get_allocated_bytes (const HlDevice *self)
{
  return self->allocated_bytes;
}

guint64
hl_device_get_peak_bytes (const HlDevice *self)
{
  return self->peak_bytes;
}
