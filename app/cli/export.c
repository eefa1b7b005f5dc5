/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock-cli export: the network's weights out of a checkpoint, without the optimizer's memory, for other programs. Needs no device and no data. */

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
    { "format", 'f', 0, G_OPTION_ARG_STRING, &format, N_("safetensors (the weights) or onnx (the network too)"), N_("FORMAT") },
    { "out", 'o', 0, G_OPTION_ARG_FILENAME, &out, N_("The file to write, instead of PROJECT.safetensors or PROJECT.onnx"), N_("FILE") },
    { "weights", 'w', 0, G_OPTION_ARG_FILENAME, &overrides.weights, N_("A checkpoint or a run's folder, instead of the newest run"), N_("PATH") },
    { NULL }
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) project = NULL, weights = NULL, target = NULL;
  g_autoptr (HlProjectState) state = NULL;
  g_autofree char *name = NULL, *count = NULL, *path = NULL, *stem = NULL, *title = NULL;
  const HlExportFormat *kind;
  guint64 n_parameters;
  int status;

  if (!hl_cli_parse ("export", entries, &argc, &argv, 1, &status))
    return status;
  kind = hl_export_format_find (format ? format : out && g_str_has_suffix (out, ".onnx") ? "onnx" : "safetensors");
  if (!kind)
    return hl_cli_usage ("export", _("There is no format \"%s\"; there are safetensors and onnx."), format);

  project = g_file_new_for_commandline_arg (argv[1]);
  state = hl_cli_load (argv[1], &overrides, &error);
  weights = state ? hl_cli_find_weights (project, &overrides, &error) : NULL;
  if (!weights)
    return hl_cli_fail (error);
  path = g_file_get_path (project);
  stem = g_strndup (path, strlen (path) - (g_str_has_suffix (path, ".hillock") ? strlen (".hillock") : 0));
  title = g_path_get_basename (stem);
  if (!out)
    out = g_strconcat (stem, kind->suffix, NULL);
  target = g_file_new_for_commandline_arg (out);
  if (!hl_export_weights (kind, hl_project_state_get_graph (state), title, weights, target, &n_parameters, &error))
    return hl_cli_fail (error);
  name = g_file_get_parse_name (target);
  count = hl_cli_format_count (n_parameters);
  printf (_("Wrote %s numbers to %s\n"), count, name);
  return 0;
}
