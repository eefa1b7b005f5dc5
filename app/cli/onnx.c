/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock-cli import, run and test-onnx: networks from ONNX files. */

#include "config.h"

#include <stdio.h>

#include "app/cli/cli.h"
#include "app/onnx-case.h"

/* ---- import ---- */

static const char *const normalize_names[] = { "none", "unit", "standard" };

static HlProjectState *
make_state (HlOnnxNetwork *network, const char *data, const char *normalize, const char *weights, GError **error)
{
  g_autoptr (HlProjectState) base = hl_template_new_state ("empty");
  g_autoptr (HlProjectState) state = hl_project_state_with_graph (base, hl_graph_ref (network->graph));
  const HlCliOverrides overrides = { .seed = -1, .data = (char *) data };
  HlRecipe *recipe = hl_recipe_copy (hl_project_state_get_recipe (state));
  HlProjectState *started;

  /* Runs go on from the model. */
  g_free (recipe->start_weights);
  recipe->start_weights = g_strdup (weights);
  started = hl_project_state_with_recipe (state, recipe);
  hl_project_state_unref (state);
  state = started;
  for (guint i = 0; normalize && i < G_N_ELEMENTS (normalize_names); i++)
    if (g_str_equal (normalize, normalize_names[i]))
      {
        HlDataSpec *spec = hl_data_spec_copy (hl_project_state_get_data (state));
        HlProjectState *changed;

        spec->normalize = (HlNormalize) i;
        changed = hl_project_state_with_data (state, spec);
        hl_project_state_unref (state);
        state = changed;
      }
  return hl_cli_apply (state, &overrides, error);
}

/* The name without its last suffix, with another. */
static char *
replace_suffix (const char *path, const char *suffix, const char *with)
{
  return g_strdup_printf ("%.*s%s", (int) (strlen (path) - (g_str_has_suffix (path, suffix) ? strlen (suffix) : 0)), path, with);
}

static int
import_model (const char *model_path, const char *out, const char *data, const char *normalize)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) file = g_file_new_for_commandline_arg (model_path), project = NULL, weights = NULL;
  g_autofree char *project_path = out ? g_strdup (out) : replace_suffix (model_path, ".onnx", ".hillock");
  g_autofree char *weights_path = replace_suffix (project_path, ".hillock", ".safetensors");
  g_autoptr (HlOnnxModel) model = hl_onnx_model_open (file, &error);
  const HlOnnxImportOptions options = { 0 };
  g_autoptr (HlOnnxNetwork) network = NULL;
  g_autoptr (HlProjectState) state = NULL;

  if (!model)
    return hl_cli_fail (error);
  if (hl_onnx_model_get_n_outputs (model) > 1)
    g_printerr (_("The model has %u outputs; the network ends at the first, \"%s\".\n"), hl_onnx_model_get_n_outputs (model),
                hl_onnx_model_get_output (model, 0));
  network = hl_onnx_import (model, &options, &error);
  if (!network)
    return hl_cli_fail (error);
  if (!network->graph)
    return hl_cli_usage ("import", _("The model computes nothing: its output is a constant."));
  project = g_file_new_for_commandline_arg (project_path);
  weights = g_file_new_for_commandline_arg (weights_path);
  state = make_state (network, data, normalize, g_file_peek_path (weights), &error);
  if (!state || !hl_onnx_network_save_weights (network, weights, &error) || !hl_project_state_save (state, project, &error))
    return hl_cli_fail (error);
  for (guint i = 0; i < network->notes->len; i++)
    printf ("%s\n", (char *) network->notes->pdata[i]);
  printf (_("Wrote %s and its weights %s, from which its runs start. eval, predict and export use them as long as there is no run.\n"),
          project_path, weights_path);
  return 0;
}

int
hl_cli_import (int argc, char **argv)
{
  g_autofree char *out = NULL, *data = NULL, *normalize = NULL;
  const GOptionEntry entries[] = {
    { "out", 'o', 0, G_OPTION_ARG_FILENAME, &out, N_("The project to write, instead of FILE.hillock"), N_("PROJECT") },
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &data, N_("A folder with IDX files, or the file of training images"), N_("PATH") },
    { "normalize", 0, 0, G_OPTION_ARG_STRING, &normalize, N_("How the network wants its images: none, unit or standard"), N_("HOW") },
    { NULL }
  };
  int status;

  if (!hl_cli_parse ("import", entries, &argc, &argv, 1, &status))
    return status;
  if (normalize && !g_str_equal (normalize, "none") && !g_str_equal (normalize, "unit") && !g_str_equal (normalize, "standard"))
    return hl_cli_usage ("import", _("--normalize is none, unit or standard, not \"%s\"."), normalize);
  return import_model (argv[1], out, data, normalize);
}

/* ---- run ---- */

/* One tensor for each of the model's inputs. */
static gboolean
load_inputs (HlOnnxModel *model, char **files, GPtrArray *inputs, GError **error)
{
  for (guint i = 0; i < hl_onnx_model_get_n_inputs (model); i++)
    {
      g_autoptr (GFile) file = NULL;
      HlOnnxTensor *tensor;

      if (!files || !files[i])
        {
          g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH, _("The input \"%s\" is missing; give it with one more --input."),
                       hl_onnx_model_get_input (model, i));
          return FALSE;
        }
      file = g_file_new_for_commandline_arg (files[i]);
      if (!(tensor = hl_onnx_tensor_load (file, error)))
        return FALSE;
      g_ptr_array_add (inputs, tensor);
    }
  return TRUE;
}

static gboolean
run_outputs (HlOnnxModel *model, HlDevice *device, GPtrArray *inputs, const char *folder, const char *suffix, GError **error)
{
  for (guint i = 0; i < hl_onnx_model_get_n_outputs (model); i++)
    {
      guint data;
      g_autoptr (HlOnnxNetwork) network = hl_onnx_import_with (model, i, (HlOnnxTensor *const *) inputs->pdata, inputs->len, &data, error);
      g_autoptr (HlOnnxTensor) result = NULL;
      g_autofree char *name = g_strdup_printf ("output_%u%s", i, suffix), *path = g_build_filename (folder, name, NULL), *shape = NULL;
      g_autoptr (GFile) file = g_file_new_for_path (path);

      if (network)
        result = hl_onnx_network_run (network, device, data < inputs->len ? inputs->pdata[data] : NULL, error);
      if (!result)
        return FALSE;
      if (!result->is_float)
        {
          g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE, _("The output \"%s\" does not hold floats."), hl_onnx_model_get_output (model, i));
          return FALSE;
        }
      if (!hl_onnx_tensor_save (result, file, error))
        return FALSE;
      shape = hl_onnx_tensor_shape_to_string (result);
      printf ("%s  %s  %s\n", hl_onnx_model_get_output (model, i), shape, path);
    }
  return TRUE;
}

int
hl_cli_run (int argc, char **argv)
{
  g_auto (GStrv) files = NULL;
  g_autofree char *folder = NULL, *device_name = NULL;
  const GOptionEntry entries[] = {
    { "input", 'i', 0, G_OPTION_ARG_FILENAME_ARRAY, &files, N_("A tensor for the next input: a TensorProto (.pb) or a NumPy array (.npy)"), N_("FILE") },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &folder, N_("Folder for output_0.pb or .npy, output_1… as the first input is"), N_("FOLDER") },
    { "device", 'd', 0, G_OPTION_ARG_STRING, &device_name, N_("Part of a device's name"), N_("NAME") },
    { NULL }
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) file = NULL;
  g_autoptr (HlOnnxModel) model = NULL;
  g_autoptr (HlDevice) device = NULL;
  g_autoptr (GPtrArray) inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_onnx_tensor_unref);
  int status;

  if (!hl_cli_parse ("run", entries, &argc, &argv, 1, &status))
    return status;
  file = g_file_new_for_commandline_arg (argv[1]);
  model = hl_onnx_model_open (file, &error);
  if (!model || !load_inputs (model, files, inputs, &error) || !(device = hl_device_open (device_name, &error)))
    return hl_cli_fail (error);
  if (!folder)
    folder = g_strdup (".");
  if (g_mkdir_with_parents (folder, 0777) < 0)
    return hl_cli_usage ("run", _("The folder \"%s\" cannot be made."), folder);
  if (!run_outputs (model, device, inputs, folder, files && g_str_has_suffix (files[0], ".npy") ? ".npy" : ".pb", &error))
    return hl_cli_fail (error);
  return 0;
}

/* ---- test-onnx ---- */

int
hl_cli_test_onnx (int argc, char **argv)
{
  g_autofree char *device_name = NULL;
  const GOptionEntry entries[] = {
    { "device", 'd', 0, G_OPTION_ARG_STRING, &device_name, N_("Part of a device's name"), N_("NAME") },
    { NULL }
  };
  static const char *const words[] = { N_("passed"), N_("failed"), N_("refused") };
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = NULL;
  guint counts[G_N_ELEMENTS (words)] = { 0 };
  int status;

  if (!hl_cli_parse ("test-onnx", entries, &argc, &argv, -1, &status))
    return status;
  if (!(device = hl_device_open (device_name, &error)))
    return hl_cli_fail (error);
  for (int i = 1; i < argc; i++)
    {
      g_autoptr (GFile) folder = g_file_new_for_commandline_arg (argv[i]);
      g_autoptr (GPtrArray) cases = hl_onnx_case_list (folder);

      if (cases->len == 0)
        return hl_cli_usage ("test-onnx", _("There is no model.onnx in \"%s\" nor in a folder below it."), argv[i]);
      for (guint k = 0; k < cases->len; k++)
        {
          g_autofree char *name = g_file_get_basename (cases->pdata[k]), *reason = NULL;
          double largest;
          HlOnnxCaseResult result = hl_onnx_case_run (cases->pdata[k], device, &largest, &reason);

          counts[result]++;
          if (result == HL_ONNX_CASE_REFUSED)
            printf ("%s  %s  %s\n", _(words[result]), name, reason);
          else
            printf (_("%s  %s  largest error %.3g%s%s\n"), _(words[result]), name, largest, reason ? "  " : "", reason ? reason : "");
          fflush (stdout);
        }
    }
  printf (_("%u passed, %u failed, %u refused\n"), counts[0], counts[1], counts[2]);
  return counts[HL_ONNX_CASE_FAILED] > 0 ? HL_CLI_FAILED : 0;
}
