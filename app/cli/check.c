/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock-cli check: what a network is, what it costs, and what is wrong with it. Needs no device and no data,
 * but counts memory for them where they are. */

#include "config.h"

#include <stdio.h>

#include "app/cli/cli.h"
#include "engine/graph/check.h"
#include "engine/train/estimate.h"

static const char *const severity_names[] = { [HL_SEVERITY_HINT] = N_("hint"), [HL_SEVERITY_WARNING] = N_("warning"), [HL_SEVERITY_ERROR] = N_("error") };

static void
print_padded (const char *text, int width)
{
  printf ("%s%*s", text, MAX (1, width - (int) g_utf8_strlen (text, -1)), "");
}

static void
print_right (const char *text, int width)
{
  printf ("%*s%s", MAX (1, width - (int) g_utf8_strlen (text, -1)), "", text);
}

/* What is not usual about how a layer with weights learns. */
static void
print_learning (const HlNode *node, const HlPlanStep *step)
{
  if (step->layer.n_weights == 0)
    return;
  if (node->frozen)
    printf ("  %s", _("frozen"));
  else if (node->rate_factor != 1)
    printf (_("  rate × %g"), node->rate_factor);
}

static void
print_table (HlPlan *plan)
{
  print_padded (_("layer"), 14);
  print_padded (_("kind"), 18);
  print_padded (_("settings"), 32);
  print_padded (_("output"), 12);
  print_right (_("parameters"), 12);
  print_right (_("multiply-adds"), 16);
  printf ("\n");
  for (guint i = 0; i < hl_plan_get_n_steps (plan); i++)
    {
      const HlPlanStep *step = hl_plan_get_step (plan, i);
      const HlNode *node = hl_graph_find_node (hl_plan_get_graph (plan), step->node);
      g_autofree char *settings = step->klass->describe ? step->klass->describe (step->params) : g_strdup ("");
      g_autofree char *parameters = hl_cli_format_count (hl_plan_get_node_parameter_count (plan, step->node));
      g_autofree char *multiply_adds = hl_cli_format_count (step->layer.multiply_adds);
      g_autofree char *output = NULL;
      HlShape shape;

      output = hl_plan_get_shape (plan, step->node, &shape) ? hl_shape_to_string (&shape) : g_strdup ("?");
      print_padded (node->name, 14);
      print_padded (step->klass->base.name, 18);
      print_padded (settings, 32);
      print_padded (output, 12);
      print_right (parameters, 12);
      print_right (multiply_adds, 16);
      print_learning (node, step);
      printf ("\n");
    }
}

/* What training takes on the first device, else on some processor, with the data if they can be read. */
static void
estimate_memory (HlEstimate *estimate, HlProjectState *state, GFile *project, HlDataset **dataset)
{
  const HlDataSpec *spec = hl_project_state_get_data (state);
  g_autoptr (GFile) folder = g_file_get_parent (project);
  g_autoptr (GPtrArray) devices = hl_device_list (NULL);

  *dataset = hl_dataset_open (spec->format, spec->path, folder, NULL, NULL, NULL);
  hl_estimate_training (estimate, hl_project_state_get_graph (state), hl_project_state_get_recipe (state), *dataset, spec,
                        devices ? hl_device_choose (devices, NULL) : NULL);
}

static void
print_totals (HlPlan *plan, const HlRecipe *recipe, const HlEstimate *estimate, const HlDataset *dataset)
{
  g_autofree char *parameters = hl_cli_format_count (hl_plan_get_parameter_count (plan));
  g_autofree char *changeable = hl_cli_format_count (hl_plan_get_changeable_count (plan));
  g_autofree char *multiply_adds = hl_cli_format_count (hl_plan_get_multiply_adds (plan));
  g_autofree char *total = g_format_size_full (hl_estimate_get_total (estimate), G_FORMAT_SIZE_IEC_UNITS);

  printf (_("\n%s parameters, %s multiply-adds for one image\n"), parameters, multiply_adds);
  if (hl_plan_get_changeable_count (plan) != hl_plan_get_parameter_count (plan))
    printf (_("%s of the parameters are changeable, the others are frozen\n"), changeable);
  if (dataset)
    printf (_("Memory for training with batch %u: %s\n"), recipe->batch, total);
  else
    printf (_("Memory for training with batch %u: %s, without the data, which cannot be read\n"), recipe->batch, total);
  for (const HlEstimatePart *part = hl_estimate_parts; part->label; part++)
    {
      gsize bytes = hl_estimate_get_part (estimate, part);
      g_autofree char *size = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);

      if (bytes == 0)
        continue;
      printf ("  ");
      print_padded (_(part->label), 32);
      printf ("%s\n", size);
    }
}

static void
print_json (HlPlan *plan, const HlEstimate *estimate, GPtrArray *problems)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "parameters");
  json_builder_add_int_value (builder, hl_plan_get_parameter_count (plan));
  json_builder_set_member_name (builder, "changeable");
  json_builder_add_int_value (builder, hl_plan_get_changeable_count (plan));
  json_builder_set_member_name (builder, "multiply_adds");
  json_builder_add_int_value (builder, hl_plan_get_multiply_adds (plan));
  json_builder_set_member_name (builder, "memory_bytes");
  json_builder_add_int_value (builder, hl_estimate_get_total (estimate));
  json_builder_set_member_name (builder, "layers");
  json_builder_begin_array (builder);
  for (guint i = 0; i < hl_plan_get_n_steps (plan); i++)
    {
      const HlPlanStep *step = hl_plan_get_step (plan, i);
      HlShape shape;

      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "name");
      json_builder_add_string_value (builder, hl_graph_find_node (hl_plan_get_graph (plan), step->node)->name);
      json_builder_set_member_name (builder, "layer");
      json_builder_add_string_value (builder, step->klass->base.name);
      json_builder_set_member_name (builder, "parameters");
      json_builder_add_int_value (builder, hl_plan_get_node_parameter_count (plan, step->node));
      json_builder_set_member_name (builder, "frozen");
      json_builder_add_boolean_value (builder, step->frozen);
      json_builder_set_member_name (builder, "rate_factor");
      json_builder_add_double_value (builder, hl_graph_find_node (hl_plan_get_graph (plan), step->node)->rate_factor);
      json_builder_set_member_name (builder, "output");
      json_builder_begin_array (builder);
      if (hl_plan_get_shape (plan, step->node, &shape))
        for (guint k = 0; k < shape.n_dims; k++)
          json_builder_add_int_value (builder, shape.dim[k]);
      json_builder_end_array (builder);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "problems");
  json_builder_begin_array (builder);
  for (guint i = 0; i < problems->len; i++)
    {
      const HlProblem *problem = g_ptr_array_index (problems, i);

      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "severity");
      json_builder_add_string_value (builder, severity_names[problem->severity]);
      json_builder_set_member_name (builder, "text");
      json_builder_add_string_value (builder, problem->text);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  node = json_builder_get_root (builder);
  text = json_to_string (node, TRUE);
  puts (text);
}

int
hl_cli_check (int argc, char **argv)
{
  gboolean json = FALSE;
  HlCliOverrides overrides = HL_CLI_OVERRIDES_INIT;
  const GOptionEntry entries[] = {
    { "batch", 'b', 0, G_OPTION_ARG_INT, &overrides.batch, N_("Images a step, for the memory"), N_("N") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_("One JSON object"), NULL },
    { NULL }
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (HlProjectState) state = NULL;
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (HlPlan) plan = NULL;
  g_autoptr (HlDataset) dataset = NULL;
  g_autoptr (GFile) project = NULL;
  HlEstimate estimate;
  const HlRecipe *recipe;
  gboolean has_error = FALSE;
  int status = 0;

  if (!hl_cli_parse ("check", entries, &argc, &argv, 1, &status))
    return status;
  if (overrides.batch < 0)
    return hl_cli_usage ("check", _("--batch must be at least 1."));
  state = hl_cli_load (argv[1], &overrides, &error);
  if (!state)
    return hl_cli_fail (error);

  recipe = hl_project_state_get_recipe (state);
  problems = hl_graph_check (hl_project_state_get_graph (state), recipe->loss->klass->name);
  plan = hl_plan_new_partial (hl_project_state_get_graph (state),
                              &(HlPlanOptions) { .batch = recipe->batch, .lanes = 16, .compute_units = 2, .training = TRUE, .fuse = TRUE });
  project = g_file_new_for_commandline_arg (argv[1]);
  estimate_memory (&estimate, state, project, &dataset);
  for (guint i = 0; i < problems->len; i++)
    has_error |= ((HlProblem *) g_ptr_array_index (problems, i))->severity == HL_SEVERITY_ERROR;
  if (json)
    print_json (plan, &estimate, problems);
  else
    {
      print_table (plan);
      print_totals (plan, recipe, &estimate, dataset);
      for (guint i = 0; i < problems->len; i++)
        {
          const HlProblem *problem = g_ptr_array_index (problems, i);

          printf ("%s: %s%s%s\n", _(severity_names[problem->severity]), problem->text, problem->fix ? " " : "", problem->fix ? problem->fix : "");
        }
    }
  return has_error ? HL_CLI_FAILED : 0;
}
