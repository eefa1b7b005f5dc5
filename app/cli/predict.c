/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock-cli predict: the class probabilities of image files. */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/cli/cli.h"
#include "engine/data/decode.h"

typedef struct { guint label; double probability; } Guess;

static int
compare_guesses (const void *a, const void *b)
{
  double difference = ((const Guess *) b)->probability - ((const Guess *) a)->probability;

  return difference > 0 ? 1 : difference < 0 ? -1 : (int) ((const Guess *) a)->label - (int) ((const Guess *) b)->label;
}

/* Most probable first. */
static void
rank (const float *answer, guint n, Guess *guesses)
{
  for (guint i = 0; i < n; i++)
    guesses[i] = (Guess) { i, answer[i] };
  qsort (guesses, n, sizeof (Guess), compare_guesses);
}

static void
print_guesses (const char *image, const Guess *guesses, guint n, HlDataset *dataset, gboolean json)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;

  if (!json)
    {
      printf ("%s:", image);
      for (guint i = 0; i < MIN (n, 3); i++)
        printf ("%s %s %.1f %%", i ? "," : "", hl_dataset_get_class_name (dataset, guesses[i].label), 100 * guesses[i].probability);
      printf ("\n");
      return;
    }
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "image");
  json_builder_add_string_value (builder, image);
  json_builder_set_member_name (builder, "class");
  json_builder_add_string_value (builder, hl_dataset_get_class_name (dataset, guesses[0].label));
  json_builder_set_member_name (builder, "probabilities");
  json_builder_begin_object (builder);
  for (guint i = 0; i < n; i++)
    {
      json_builder_set_member_name (builder, hl_dataset_get_class_name (dataset, guesses[i].label));
      json_builder_add_double_value (builder, guesses[i].probability);
    }
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  node = json_builder_get_root (builder);
  text = json_to_string (node, FALSE);
  puts (text);
}

static gboolean
predict (HlTrainer *trainer, const HlChoice *loss, HlDataset *dataset, const char *image, gboolean invert, gboolean json, GError **error)
{
  const HlShape *shape = hl_dataset_get_shape (dataset);
  const HlPlanStep *output = hl_plan_get_output (hl_trainer_get_plan (trainer));
  g_autoptr (GFile) file = g_file_new_for_commandline_arg (image);
  g_autofree float *sample = g_new0 (float, hl_shape_get_count (shape));
  gsize n = hl_shape_get_count (&output->layer.output);
  g_autofree float *y = g_new0 (float, n), *answer = g_new0 (float, n);
  g_autofree Guess *guesses = g_new0 (Guess, n);
  HlExecutor *executor;
  float low, high;

  if (!hl_decode_image (file, shape, invert, sample, error))
    return FALSE;
  /* A picture's 0..255 to the range of the data set, where that holds floats. */
  hl_dataset_get_range (dataset, &low, &high);
  if (hl_dataset_get_dtype (dataset) == HL_DTYPE_F32)
    for (gsize i = 0; i < hl_shape_get_count (shape); i++)
      sample[i] = low + (high - low) * sample[i] / 255;
  executor = hl_trainer_probe (trainer, sample, error);
  if (!executor || !hl_executor_read (executor, output->node, FALSE, 1, y, n, error))
    return FALSE;
  hl_loss_get_answer (loss, output, y, n, answer);
  rank (answer, n, guesses);
  print_guesses (image, guesses, MIN (n, hl_dataset_get_n_classes (dataset)), dataset, json);
  return TRUE;
}

int
hl_cli_predict (int argc, char **argv)
{
  HlCliOverrides overrides = HL_CLI_OVERRIDES_INIT;
  gboolean json = FALSE, invert = FALSE;
  const GOptionEntry entries[] = {
    { "weights", 'w', 0, G_OPTION_ARG_FILENAME, &overrides.weights, N_("A safetensors file or a run's folder, instead of the newest run"), N_("PATH") },
    { "invert", 'i', 0, G_OPTION_ARG_NONE, &invert, N_("The pictures are dark on light, the data light on dark"), NULL },
    { "device", 'd', 0, G_OPTION_ARG_STRING, &overrides.device, N_("Part of a device's name"), N_("NAME") },
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &overrides.data, N_("A folder with IDX files, or the file of training images"), N_("PATH") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_("One JSON object an image"), NULL },
    { NULL }
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) project = NULL, weights = NULL;
  g_autoptr (HlProjectState) state = NULL;
  g_autoptr (HlDataset) dataset = NULL;
  g_autoptr (HlTrainer) trainer = NULL;
  int status = 0;

  if (!hl_cli_parse ("predict", entries, &argc, &argv, -1, &status))
    return status;
  if (argc < 3)
    return hl_cli_usage ("predict", _("No image is named."));
  project = g_file_new_for_commandline_arg (argv[1]);
  state = hl_cli_load (argv[1], &overrides, &error);
  weights = state ? hl_cli_find_weights (project, &overrides, &error) : NULL;
  if (weights && hl_loss_get_target (hl_project_state_get_recipe (state)->loss) == HL_LOSS_TARGET_INPUT)
    {
      g_set_error_literal (&error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                           _("The network was trained to give its input back, so it has no answer to predict."));
      return hl_cli_fail (error);
    }
  trainer = weights ? hl_cli_open_trainer (state, project, &overrides, NULL, NULL, &dataset, &error) : NULL;
  if (!trainer || !hl_trainer_load_weights (trainer, weights, NULL, &error))
    return hl_cli_fail (error);
  /* One bad file does not keep the others from being looked at. */
  for (int i = 2; i < argc; i++)
    {
      g_autoptr (GError) image_error = NULL;

      if (!predict (trainer, hl_project_state_get_recipe (state)->loss, dataset, argv[i], invert, json, &image_error))
        status = hl_cli_fail (image_error);
    }
  return status;
}
