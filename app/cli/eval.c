/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock-cli eval: loss and accuracy of a trained network on parts of its data. */

#include "config.h"

#include <math.h>
#include <stdio.h>

#include "app/cli/cli.h"

static const struct { const char *name; HlPart part; } parts[] = {
  { "training", HL_PART_TRAIN }, { "validation", HL_PART_VALIDATION }, { "test", HL_PART_TEST }
};

static void
print_json (const HlScore *scores, const gboolean *wanted)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (wanted[i] && scores[i].n)
      {
        json_builder_set_member_name (builder, parts[i].name);
        json_builder_begin_object (builder);
        json_builder_set_member_name (builder, "images");
        json_builder_add_int_value (builder, scores[i].n);
        json_builder_set_member_name (builder, "loss");
        json_builder_add_double_value (builder, scores[i].loss);
        if (!isnan (scores[i].accuracy))
          {
            json_builder_set_member_name (builder, "accuracy");
            json_builder_add_double_value (builder, scores[i].accuracy);
          }
        json_builder_end_object (builder);
      }
  json_builder_end_object (builder);
  node = json_builder_get_root (builder);
  text = json_to_string (node, FALSE);
  puts (text);
}

int
hl_cli_eval (int argc, char **argv)
{
  HlCliOverrides overrides = HL_CLI_OVERRIDES_INIT;
  g_autofree char *part = NULL;
  gboolean json = FALSE, wanted[G_N_ELEMENTS (parts)] = { FALSE };
  const GOptionEntry entries[] = {
    { "weights", 'w', 0, G_OPTION_ARG_FILENAME, &overrides.weights, N_("A safetensors file or a run's folder, instead of the newest run"), N_("PATH") },
    { "part", 'p', 0, G_OPTION_ARG_STRING, &part, N_("training, validation, test or all"), N_("PART") },
    { "device", 'd', 0, G_OPTION_ARG_STRING, &overrides.device, N_("Part of a device's name"), N_("NAME") },
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &overrides.data, N_("A folder with IDX files, or the file of training images"), N_("PATH") },
    { "batch", 'b', 0, G_OPTION_ARG_INT, &overrides.batch, N_("Images a step"), N_("N") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_("One JSON object"), NULL },
    { NULL }
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) project = NULL, weights = NULL;
  g_autoptr (HlProjectState) state = NULL;
  g_autoptr (HlTrainer) trainer = NULL;
  HlScore scores[G_N_ELEMENTS (parts)] = { 0 };
  int status, n_wanted = 0;

  if (!hl_cli_parse ("eval", entries, &argc, &argv, 1, &status))
    return status;
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    n_wanted += wanted[i] = !part ? parts[i].part == HL_PART_TEST : g_str_equal (part, "all") || g_str_equal (part, parts[i].name);
  if (n_wanted == 0)
    return hl_cli_usage ("eval", _("--part is training, validation, test or all, not \"%s\"."), part);
  if (overrides.batch < 0)
    return hl_cli_usage ("eval", _("--batch must be at least 1."));

  project = g_file_new_for_commandline_arg (argv[1]);
  state = hl_cli_load (argv[1], &overrides, &error);
  weights = state ? hl_cli_find_weights (project, &overrides, &error) : NULL;
  trainer = weights ? hl_cli_open_trainer (state, project, &overrides, NULL, NULL, NULL, &error) : NULL;
  if (!trainer || !hl_trainer_load_weights (trainer, weights, NULL, &error))
    return hl_cli_fail (error);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *n = NULL;

      if (!wanted[i])
        continue;
      if (!hl_trainer_evaluate (trainer, parts[i].part, &scores[i], &error))
        return hl_cli_fail (error);
      n = hl_cli_format_count (scores[i].n);
      if (!json && scores[i].n && isnan (scores[i].accuracy))
        printf (_("%-10s  %s images  loss %.4f\n"), parts[i].name, n, scores[i].loss);
      else if (!json && scores[i].n)
        printf (_("%-10s  %s images  loss %.4f  accuracy %.2f %%\n"), parts[i].name, n, scores[i].loss, 100 * scores[i].accuracy);
      else if (!json)
        printf (_("%-10s  the data has no such part\n"), parts[i].name);
    }
  if (json)
    print_json (scores, wanted);
  return 0;
}
