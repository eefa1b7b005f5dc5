/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock-compile-kernels DEVICE_ID: compiles the OpenCL program on standard input for the device and writes its
 * binary, or why there is none, to standard output. The engine starts it; see compile-process.h. */

#include <stdio.h>
#include <string.h>

#include "engine/device/compile-process.h"
#include "engine/device/program.h"

static char *
read_input (void)
{
  GString *text = g_string_new (NULL);
  char buffer[65536];
  gsize n;

  while ((n = fread (buffer, 1, sizeof buffer, stdin)) > 0)
    g_string_append_len (text, buffer, (gssize) n);
  return g_string_free (text, FALSE);
}

static gboolean
write_answer (const char *mark, gconstpointer data, gsize size)
{
  return fwrite (mark, 1, HL_COMPILED_BYTES, stdout) == HL_COMPILED_BYTES && fwrite (data, 1, size, stdout) == size
         && fflush (stdout) == 0;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = NULL;
  g_autoptr (GBytes) binary = NULL;
  g_autofree char *source = NULL;

  if (argc != 2)
    {
      fprintf (stderr, "This program is part of Hillock and is started by it.\n");
      return 2;
    }
  hl_device_init_environment ();
#ifdef HL_FAULTS
  /* The fault asked for by the environment is meant for the program that is tested. */
  hl_fault_set (0);
#endif
  source = read_input ();
  device = hl_device_open (argv[1], &error);
  if (device)
    binary = hl_program_compile (device, source, &error);
  if (binary)
    return write_answer (HL_COMPILED, g_bytes_get_data (binary, NULL), g_bytes_get_size (binary)) ? 0 : 1;
  if (error)
    write_answer (HL_NOT_COMPILED, error->message, strlen (error->message));
  return 1;
}
