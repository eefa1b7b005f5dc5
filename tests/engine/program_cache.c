/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The disk cache of compiled programs: what goes in comes out, and nothing that is wrong does harm. */

#include <glib/gstdio.h>
#include <string.h>

#include "engine/device/program-cache.h"
#include "engine/device/tensor.h"

typedef struct
{
  char *folder;
  char *before;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->before = g_strdup (g_getenv ("HILLOCK_KERNEL_CACHE"));
  fixture->folder = g_dir_make_tmp ("hillock-cache-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
  g_setenv ("HILLOCK_KERNEL_CACHE", fixture->folder, TRUE);
}

static GPtrArray *
list_files (const char *folder)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (directory && (name = g_dir_read_name (directory)))
    g_ptr_array_add (files, g_build_filename (folder, name, NULL));
  return files;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) files = list_files (fixture->folder);

  for (guint i = 0; i < files->len; i++)
    g_unlink (files->pdata[i]);
  g_rmdir (fixture->folder);
  if (fixture->before)
    g_setenv ("HILLOCK_KERNEL_CACHE", fixture->before, TRUE);
  else
    g_unsetenv ("HILLOCK_KERNEL_CACHE");
  g_free (fixture->folder);
  g_free (fixture->before);
}

static HlDeviceInfo info = { .id = "p/d", .name = "d", .vendor = "v", .platform = "p", .driver = "1", .version = "2" };

static void
test_key (Fixture *fixture, gconstpointer data)
{
  HlDeviceInfo other = info;
  g_autofree char *key = hl_program_cache_key (&info, "-x", "source");
  g_autofree char *same = hl_program_cache_key (&info, "-x", "source");
  g_autofree char *moved = hl_program_cache_key (&info, "-xs", "ource");
  g_autofree char *driver = NULL;

  other.driver = (char *) "1.1";
  driver = hl_program_cache_key (&other, "-x", "source");
  g_assert_cmpstr (key, ==, same);
  g_assert_cmpstr (key, !=, moved);
  g_assert_cmpstr (key, !=, driver);
}

static void
test_round_trip (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) binary = g_bytes_new_static ("binary", 6), loaded = NULL;

  g_assert_null (hl_program_cache_load ("key"));
  hl_program_cache_store ("key", binary);
  loaded = hl_program_cache_load ("key");
  g_assert_nonnull (loaded);
  g_assert_true (g_bytes_equal (loaded, binary));
  hl_program_cache_drop ("key");
  g_assert_null (hl_program_cache_load ("key"));
}

/* Every truncation and every changed byte is noticed. */
static void
test_damage (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) binary = g_bytes_new_static ("binary", 6);
  g_autoptr (GPtrArray) files = NULL;
  g_autofree char *contents = NULL;
  gsize size;

  hl_program_cache_store ("key", binary);
  files = list_files (fixture->folder);
  g_assert_cmpuint (files->len, ==, 1);
  g_assert_true (g_file_get_contents (files->pdata[0], &contents, &size, NULL));
  for (gsize i = 0; i < size; i++)
    {
      g_assert_true (g_file_set_contents (files->pdata[0], contents, (gssize) i, NULL));
      g_assert_null (hl_program_cache_load ("key"));
      contents[i] ^= 1;
      g_assert_true (g_file_set_contents (files->pdata[0], contents, (gssize) size, NULL));
      g_assert_null (hl_program_cache_load ("key"));
      contents[i] ^= 1;
    }
}

static void
test_off_and_unwritable (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) binary = g_bytes_new_static ("binary", 6);
  g_autofree char *file = g_build_filename (fixture->folder, "file", NULL);
  g_autofree char *below = g_build_filename (file, "folder", NULL);

  g_setenv ("HILLOCK_KERNEL_CACHE", "off", TRUE);
  hl_program_cache_store ("key", binary);
  g_assert_null (hl_program_cache_load ("key"));

  /* A folder below a file can never be made, not even by root. */
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_setenv ("HILLOCK_KERNEL_CACHE", below, TRUE);
  hl_program_cache_store ("key", binary);
  g_assert_null (hl_program_cache_load ("key"));
}

static gboolean
build_and_run (HlDevice *device)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlKernelSet) set = hl_kernel_set_new (device);
  g_autoptr (HlTensor) x = hl_tensor_new (device, HL_DTYPE_F32, 64, &error), y = hl_tensor_new (device, HL_DTYPE_F32, 64, &error);
  HlKernel *kernel = hl_kernel_set_add (set, "selftest", "selftest_saxpy", NULL);
  float values[64], read[64];

  for (int i = 0; i < 64; i++)
    values[i] = (float) i;
  g_assert_true (hl_kernel_set_build (set, NULL, NULL, &error));
  g_assert_true (hl_tensor_write (x, 0, 64, values, &error));
  g_assert_true (hl_kernel_run (kernel, 64 / hl_device_get_info (device)->lanes, &error, HL_ARG_TENSOR (x), HL_ARG_TENSOR (y),
                                HL_ARG_FLOAT (3), HL_ARG_INT (64)));
  g_assert_true (hl_tensor_read (y, 0, 64, read, &error));
  g_assert_no_error (error);
  for (int i = 0; i < 64; i++)
    if (read[i] != 3 * values[i])
      return FALSE;
  return TRUE;
}

/* A program comes from the compiler, from the cache, and again from the compiler when the driver refuses the file. */
static void
test_device (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = hl_device_open (NULL, &error);
  g_autoptr (GPtrArray) files = NULL, after = NULL;
  g_autoptr (GBytes) nonsense = g_bytes_new_static ("not a program", 13), rebuilt = NULL;
  g_autofree char *key = NULL;

  if (g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    {
      g_test_skip (error->message);
      return;
    }
  g_assert_no_error (error);
  g_assert_true (build_and_run (device));
  files = list_files (fixture->folder);
  g_assert_cmpuint (files->len, ==, 1);
  g_assert_true (build_and_run (device));
  after = list_files (fixture->folder);
  g_assert_cmpuint (after->len, ==, 1);
  g_assert_cmpstr (after->pdata[0], ==, files->pdata[0]);

  key = g_path_get_basename (files->pdata[0]);
  *strchr (key, '.') = '\0';
  hl_program_cache_store (key, nonsense);
  g_assert_true (build_and_run (device));
  rebuilt = hl_program_cache_load (key);
  g_assert_nonnull (rebuilt);
  g_assert_false (g_bytes_equal (rebuilt, nonsense));
}

/* A compiler that is not there, breaks down or answers nonsense is done without. */
static void
test_compiler (Fixture *fixture, gconstpointer data)
{
  static const char *const compilers[] = { "off", "/nonexistent/compiler", "/bin/false", "/bin/echo" };
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = hl_device_open (NULL, &error);

  if (g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    {
      g_test_skip (error->message);
      return;
    }
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (compilers); i++)
    {
      g_autoptr (GPtrArray) files = list_files (fixture->folder);

      for (guint k = 0; k < files->len; k++)
        g_unlink (files->pdata[k]);
      g_setenv ("HILLOCK_KERNEL_COMPILER", compilers[i], TRUE);
      g_assert_true (build_and_run (device));
    }
  g_unsetenv ("HILLOCK_KERNEL_COMPILER");
}

static void
cancel_report (gpointer data, double fraction, const char *text)
{
  g_cancellable_cancel (data);
}

/* Cancelled once the build is under way; a second build of the same set then works. */
static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = hl_device_open (NULL, &error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (HlKernelSet) set = NULL;
  HlProgress progress = { cancel_report, cancellable };

  if (g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    {
      g_test_skip (error->message);
      return;
    }
  g_assert_no_error (error);
  set = hl_kernel_set_new (device);
  for (int i = 0; i < 8; i++)
    {
      g_autofree char *defines = g_strdup_printf ("NUMBER=%d", i);

      hl_kernel_set_add (set, "selftest", "selftest_saxpy", defines);
    }
  g_assert_false (hl_kernel_set_build (set, &progress, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_cancellable_reset (cancellable);
  g_assert_true (hl_kernel_set_build (set, NULL, cancellable, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  hl_device_init_environment ();
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/program-cache/key", Fixture, NULL, set_up, test_key, tear_down);
  g_test_add ("/program-cache/round-trip", Fixture, NULL, set_up, test_round_trip, tear_down);
  g_test_add ("/program-cache/damage", Fixture, NULL, set_up, test_damage, tear_down);
  g_test_add ("/program-cache/off-and-unwritable", Fixture, NULL, set_up, test_off_and_unwritable, tear_down);
  g_test_add ("/program-cache/device", Fixture, NULL, set_up, test_device, tear_down);
  g_test_add ("/program-cache/compiler", Fixture, NULL, set_up, test_compiler, tear_down);
  g_test_add ("/program-cache/cancel", Fixture, NULL, set_up, test_cancel, tear_down);
  return g_test_run ();
}
