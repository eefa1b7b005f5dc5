/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Finding and asking hillock-compile-kernels. */

#include "config.h"

#include "engine/device/compile-process.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROGRAM "hillock-compile-kernels"

/* Beside the running program first, installed or in its build folder, so that the two are of one version. */
static char *
find_program (void)
{
  static const char *const folders[] = { "../libexec/hillock", "engine", "../engine", "../../engine" };
  const char *chosen = g_getenv ("HILLOCK_KERNEL_COMPILER");
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = NULL;
  char *installed;

  if (g_strcmp0 (chosen, "off") == 0)
    return NULL;
  if (chosen && *chosen)
    return g_strdup (chosen);
  folder = own ? g_path_get_dirname (own) : NULL;
  for (guint i = 0; folder && i < G_N_ELEMENTS (folders); i++)
    {
      char *path = g_build_filename (folder, folders[i], PROGRAM, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
        return path;
      g_free (path);
    }
  installed = g_build_filename (HL_LIBEXEC_DIR, PROGRAM, NULL);
  if (g_file_test (installed, G_FILE_TEST_IS_EXECUTABLE))
    return installed;
  g_free (installed);
  return NULL;
}

static GBytes *
read_answer (GBytes *answer, GError **error)
{
  gsize size;
  const char *text = g_bytes_get_data (answer, &size);

  if (size > HL_COMPILED_BYTES && memcmp (text, HL_COMPILED, HL_COMPILED_BYTES) == 0)
    return g_bytes_new_from_bytes (answer, HL_COMPILED_BYTES, size - HL_COMPILED_BYTES);
  if (size > HL_COMPILED_BYTES && memcmp (text, HL_NOT_COMPILED, HL_COMPILED_BYTES) == 0)
    {
      g_autofree char *message = g_strndup (text + HL_COMPILED_BYTES, size - HL_COMPILED_BYTES);

      g_set_error_literal (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_BUILD, message);
    }
  return NULL;
}

/* The source goes over as a file in memory, not through a pipe: a compiler that breaks down early would end this process
 * with SIGPIPE. -1 on failure. */
static int
open_source (const char *source)
{
  gsize left = strlen (source);
  int file = memfd_create ("hillock-kernels", MFD_CLOEXEC);

  while (file >= 0 && left > 0)
    {
      gssize n = write (file, source, left);

      if (n <= 0)
        {
          close (file);
          return -1;
        }
      source += n;
      left -= (gsize) n;
    }
  if (file >= 0)
    lseek (file, 0, SEEK_SET);
  return file;
}

static GSubprocess *
start_program (const char *program, const HlDeviceInfo *info, const char *source)
{
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  int file = open_source (source);

  if (file < 0)
    return NULL;
  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_subprocess_launcher_take_stdin_fd (launcher, file);
  return g_subprocess_launcher_spawn (launcher, NULL, program, info->id, NULL);
}

GBytes *
hl_compile_in_process (const HlDeviceInfo *info, const char *source, GCancellable *cancellable, GError **error)
{
  g_autofree char *program = find_program ();
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GBytes) answer = NULL;

  if (!program)
    return NULL;
  process = start_program (program, info, source);
  if (!process)
    return NULL;
  if (!g_subprocess_communicate (process, NULL, cancellable, &answer, NULL, NULL))
    {
      g_subprocess_force_exit (process);
      g_cancellable_set_error_if_cancelled (cancellable, error);
      return NULL;
    }
  return read_answer (answer, error);
}
