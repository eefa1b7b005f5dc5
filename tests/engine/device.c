/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Devices, tensors and kernels: listing, opening, moving elements, building and running. */

#include <string.h>

#include "engine/device/tensor.h"

static HlDevice *
open_device (void)
{
  g_autoptr (GError) error = NULL;
  HlDevice *device = hl_device_open (NULL, &error);

  if (!device && g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    {
      g_test_skip (error->message);
      return NULL;
    }
  g_assert_no_error (error);
  return device;
}

static void
test_list (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) devices = hl_device_list (&error);
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);

  if (g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    {
      g_assert_nonnull (strstr (error->message, "pocl-opencl-icd"));
      g_test_skip (error->message);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (devices->len, >, 0);
  for (guint i = 0; i < devices->len; i++)
    {
      const HlDeviceInfo *info = devices->pdata[i];

      g_assert_cmpstr (info->name, !=, "");
      g_assert_cmpuint (info->compute_units, >, 0);
      g_assert_cmpuint (info->memory_bytes, >, 0);
      g_assert_true (info->lanes == 4 || info->lanes == 8 || info->lanes == 16 || info->lanes == 32);
      g_assert_true (g_hash_table_add (ids, info->id));
    }
}

static void
test_open_by_name (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = open_device (), same = NULL, none = NULL;
  g_autofree char *upper = NULL;

  if (!device)
    return;
  upper = g_ascii_strup (hl_device_get_info (device)->id, -1);
  same = hl_device_open (upper, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (hl_device_get_info (same)->id, ==, hl_device_get_info (device)->id);

  none = hl_device_open ("no such device", &error);
  g_assert_null (none);
  g_assert_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND);
  g_assert_nonnull (strstr (error->message, "no such device"));
  g_assert_nonnull (strstr (error->message, hl_device_get_info (device)->name));
}

static void
test_tensor (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = open_device ();
  g_autoptr (HlTensor) tensor = NULL, slice = NULL, part = NULL, copy = NULL;
  gint32 values[200], read[200];

  if (!device)
    return;
  tensor = hl_tensor_new (device, HL_DTYPE_I32, 200, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hl_tensor_get_length (tensor), ==, 200);
  g_assert_cmpuint (hl_device_get_allocated_bytes (device), >=, 800);
  memset (read, 0xff, sizeof read);
  g_assert_true (hl_tensor_read (tensor, 0, 200, read, &error));
  for (int i = 0; i < 200; i++)
    g_assert_cmpint (read[i], ==, 0);

  /* A slice of a slice counts from its own parent. What was passed to write may change at once. */
  slice = hl_tensor_new_slice (tensor, 64, 128);
  part = hl_tensor_new_slice (slice, 10, 20);
  for (int i = 0; i < 200; i++)
    values[i] = 1000 + i;
  g_assert_true (hl_tensor_write (part, 5, 15, values, &error));
  memset (values, 0, sizeof values);
  g_assert_true (hl_tensor_read (tensor, 0, 200, read, &error));
  for (int i = 0; i < 200; i++)
    g_assert_cmpint (read[i], ==, i >= 79 && i < 94 ? 1000 + i - 79 : 0);

  copy = hl_tensor_new (device, HL_DTYPE_I32, 20, &error);
  g_assert_true (hl_tensor_copy (copy, part, &error));
  g_assert_true (hl_tensor_clear (part, &error));
  g_assert_true (hl_tensor_read (copy, 0, 20, read, &error));
  g_assert_cmpint (read[4], ==, 0);
  g_assert_cmpint (read[5], ==, 1000);
  g_assert_cmpint (read[19], ==, 1014);
  g_assert_true (hl_tensor_read (tensor, 0, 200, read, &error));
  for (int i = 0; i < 200; i++)
    g_assert_cmpint (read[i], ==, 0);
  g_assert_no_error (error);
}

static void
test_from_host (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = open_device ();
  guint8 *data = g_aligned_alloc (1, 1000, 64);

  for (int i = 0; i < 1000; i++)
    data[i] = (guint8) (i * 7);
  if (device)
    {
      g_autoptr (HlTensor) tensor = hl_tensor_new_from_host (device, HL_DTYPE_U8, 1000, data, &error);
      guint8 read[1000];

      g_assert_no_error (error);
      g_assert_true (hl_tensor_read (tensor, 0, 1000, read, &error));
      g_assert_cmpmem (read, 1000, data, 1000);
    }
  g_aligned_free (data);
}

static void
test_read_async (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = open_device ();
  g_autoptr (HlTensor) tensor = NULL;
  g_autoptr (HlRead) read = NULL;
  float values[4] = { 1, 2, 3, 4 }, back[2] = { 0, 0 };

  if (!device)
    return;
  tensor = hl_tensor_new (device, HL_DTYPE_F32, 4, &error);
  g_assert_true (hl_tensor_write (tensor, 0, 4, values, &error));
  read = hl_tensor_read_async (tensor, 1, 2, back, &error);
  g_assert_no_error (error);
  g_assert_true (hl_read_wait (read, &error));
  g_assert_true (hl_read_is_done (read));
  g_assert_cmpfloat (back[0], ==, 2);
  g_assert_cmpfloat (back[1], ==, 3);
}

static void
test_too_large (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = open_device ();
  g_autoptr (HlTensor) tensor = NULL;

  if (!device)
    return;
  tensor = hl_tensor_new (device, HL_DTYPE_F32, (gsize) 1 << 44, &error);
  g_assert_null (tensor);
  g_assert_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_MEMORY);
  g_assert_nonnull (strstr (error->message, "64.0"));
  g_assert_cmpuint (hl_device_get_allocated_bytes (device), ==, 0);
}

static void
run_saxpy (const char *lanes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = NULL;
  g_autoptr (HlKernelSet) set = NULL;
  g_autoptr (HlTensor) x = NULL, y = NULL, y_part = NULL;
  HlKernel *kernel;
  float values[480], read[960];
  guint n_lanes;

  g_setenv ("HILLOCK_LANES", lanes, TRUE);
  device = open_device ();
  g_unsetenv ("HILLOCK_LANES");
  if (!device)
    return;
  n_lanes = hl_device_get_info (device)->lanes;
  set = hl_kernel_set_new (device);
  kernel = hl_kernel_set_add (set, "selftest", "selftest_saxpy", "UNUSED=1;TWO(x)=2 * x");
  g_assert_true (kernel == hl_kernel_set_add (set, "selftest", "selftest_saxpy", "UNUSED=1;TWO(x)=2 * x"));
  hl_kernel_set_add (set, "selftest", "selftest_saxpy", NULL);
  g_assert_cmpuint (hl_kernel_set_get_n_kernels (set), ==, 2);
  g_assert_true (hl_kernel_set_build (set, NULL, NULL, &error));
  g_assert_no_error (error);

  x = hl_tensor_new (device, HL_DTYPE_F32, 480, &error);
  y = hl_tensor_new (device, HL_DTYPE_F32, 960, &error);
  y_part = hl_tensor_new_slice (y, 320, 480);
  for (int i = 0; i < 480; i++)
    values[i] = (float) i;
  g_assert_true (hl_tensor_write (x, 0, 480, values, &error));
  g_assert_true (hl_tensor_write (y_part, 0, 480, values, &error));
  g_assert_true (hl_kernel_run (kernel, 480 / n_lanes, &error, HL_ARG_TENSOR (x), HL_ARG_TENSOR (y_part),
                                HL_ARG_FLOAT (0.5f), HL_ARG_INT ((int) (480 / n_lanes))));
  g_assert_true (hl_tensor_read (y, 0, 960, read, &error));
  g_assert_no_error (error);
  for (int i = 0; i < 960; i++)
    g_assert_cmpfloat (read[i], ==, i >= 320 && i < 800 ? 1.5f * (float) (i - 320) : 0);

  /* Wrong arguments are an error, not a crash. */
  g_assert_false (hl_kernel_run (kernel, 1, &error, HL_ARG_TENSOR (x), HL_ARG_TENSOR (y), HL_ARG_FLOAT (1), HL_ARG_INT (1),
                                 HL_ARG_INT (1)));
  g_assert_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "selftest_saxpy"));
}

static void
test_saxpy (gconstpointer lanes)
{
  run_saxpy (lanes);
}

static void
test_self_test (gconstpointer lanes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = NULL;

  g_setenv ("HILLOCK_LANES", lanes, TRUE);
  device = open_device ();
  g_unsetenv ("HILLOCK_LANES");
  if (!device)
    return;
  hl_device_self_test (device, NULL, &error);
  g_assert_no_error (error);
}

static void
test_build_error (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = open_device ();
  g_autoptr (HlKernelSet) broken = NULL, missing = NULL, cancelled = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  if (!device)
    return;
  broken = hl_kernel_set_new (device);
  hl_kernel_set_add (broken, "selftest", "selftest_saxpy", "STORE=nonsense");
  g_assert_false (hl_kernel_set_build (broken, NULL, NULL, &error));
  g_assert_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_BUILD);
  g_assert_nonnull (strstr (error->message, "selftest.cl"));
  g_assert_nonnull (strstr (error->message, "selftest_saxpy"));
  g_assert_nonnull (strstr (error->message, "nonsense"));
  g_clear_error (&error);

  missing = hl_kernel_set_new (device);
  hl_kernel_set_add (missing, "no_such_file", "nothing", NULL);
  g_assert_false (hl_kernel_set_build (missing, NULL, NULL, &error));
  g_assert_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_BUILD);
  g_assert_nonnull (strstr (error->message, "no_such_file"));
  g_clear_error (&error);

  cancelled = hl_kernel_set_new (device);
  hl_kernel_set_add (cancelled, "selftest", "selftest_saxpy", NULL);
  g_cancellable_cancel (cancellable);
  g_assert_false (hl_kernel_set_build (cancelled, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* PoCL finds no device when it has nowhere to write; hl_device_init_environment finds it a place. */
static void
test_read_only_home (void)
{
  g_autofree char *before = g_strdup (g_getenv ("XDG_CACHE_HOME"));
  g_autoptr (HlDevice) device = open_device ();

  if (!device)
    return;
  if (g_test_subprocess ())
    {
      g_assert_cmpstr (g_getenv ("POCL_CACHE_DIR"), !=, NULL);
      return;
    }
  if (g_getenv ("POCL_CACHE_DIR"))
    {
      g_test_skip ("POCL_CACHE_DIR is set.");
      return;
    }
  g_setenv ("XDG_CACHE_HOME", "/proc/no-cache", TRUE);
  g_test_trap_subprocess (NULL, 0, 0);
  if (before)
    g_setenv ("XDG_CACHE_HOME", before, TRUE);
  else
    g_unsetenv ("XDG_CACHE_HOME");
  g_test_trap_assert_passed ();
}

int
main (int argc, char **argv)
{
  hl_device_init_environment ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device/list", test_list);
  g_test_add_func ("/device/open-by-name", test_open_by_name);
  g_test_add_func ("/device/read-only-home", test_read_only_home);
  g_test_add_func ("/device/tensor", test_tensor);
  g_test_add_func ("/device/from-host", test_from_host);
  g_test_add_func ("/device/read-async", test_read_async);
  g_test_add_func ("/device/too-large", test_too_large);
  g_test_add_data_func ("/device/saxpy/4", "4", test_saxpy);
  g_test_add_data_func ("/device/saxpy/8", "8", test_saxpy);
  g_test_add_data_func ("/device/saxpy/16", "16", test_saxpy);
  g_test_add_data_func ("/device/saxpy/gpu", "gpu", test_saxpy);
  g_test_add_data_func ("/device/self-test/4", "4", test_self_test);
  g_test_add_data_func ("/device/self-test/8", "8", test_self_test);
  g_test_add_data_func ("/device/self-test/16", "16", test_self_test);
  g_test_add_data_func ("/device/self-test/gpu", "gpu", test_self_test);
  g_test_add_func ("/device/build-error", test_build_error);
  return g_test_run ();
}
