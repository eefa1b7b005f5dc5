/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock-cli export: the network's weights out of a checkpoint, without the optimizer's memory. Needs no device and no data. */

#include "config.h"

#include <stdio.h>

#include "app/cli/cli.h"
#include "app/export.h"

int
hl_cli_export (int argc, char **argv)
{
  HlCliOverrides overrides = HL_CLI_OVERRIDES_INIT;
  g_autofree char *format = NULL, *out = NULL;
  const GOptionEntry entries[] = {
    { "format", 'f', 0, G_OPTION_ARG_STRING, &format, N_("safetensors"), N_("FORMAT") },
    { "out", 'o', 0, G_OPTION_ARG_FILENAME, &out, N_("The file to write, instead of PROJECT.safetensors"), N_("FILE") },
    { "weights", 'w', 0, G_OPTION_ARG_FILENAME, &overrides.weights, N_("A checkpoint or a run's folder, instead of the newest run"), N_("PATH") },
    { NULL }
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) project = NULL, weights = NULL, target = NULL;
  g_autoptr (HlProjectState) state = NULL;
  g_autofree char *name = NULL, *count = NULL;
  guint64 n_parameters;
  int status;

  if (!hl_cli_parse ("export", entries, &argc, &argv, 1, &status))
    return status;
  if (format && !g_str_equal (format, "safetensors"))
    return hl_cli_usage ("export", _("There is no format \"%s\"; safetensors is the one there is."), format);

  project = g_file_new_for_commandline_arg (argv[1]);
  state = hl_cli_load (argv[1], &overrides, &error);
  weights = state ? hl_cli_find_weights (project, &overrides, &error) : NULL;
  if (!weights)
    return hl_cli_fail (error);
  if (!out)
    {
      g_autofree char *path = g_file_get_path (project);

      out = g_strconcat (path, ".safetensors", NULL);
      if (g_str_has_suffix (path, ".hillock"))
        {
          g_free (out);
          out = g_strdup_printf ("%.*s.safetensors", (int) (strlen (path) - strlen (".hillock")), path);
        }
    }
  target = g_file_new_for_commandline_arg (out);
  if (!hl_export_weights (hl_project_state_get_graph (state), weights, target, &n_parameters, &error))
    return hl_cli_fail (error);
  name = g_file_get_parse_name (target);
  count = hl_cli_format_count (n_parameters);
  printf (_("Wrote %s numbers to %s\n"), count, name);
  return 0;
}
