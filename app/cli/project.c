/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Projects with command-line options applied, and where their runs lie. */

#include "config.h"

#include "app/cli/cli.h"
#include "app/project-io.h"
#include "engine/base/error.h"

HlProjectState *
hl_cli_apply (HlProjectState *state, const HlCliOverrides *overrides, GError **error)
{
  g_autoptr (HlProjectState) result = hl_project_state_ref (state);

  if (overrides->epochs || overrides->batch || overrides->seed >= 0)
    {
      HlRecipe *recipe = hl_recipe_copy (hl_project_state_get_recipe (result));
      HlProjectState *changed;

      if (overrides->epochs)
        recipe->epochs = overrides->epochs;
      if (overrides->batch)
        recipe->batch = overrides->batch;
      if (overrides->seed >= 0)
        recipe->seed = overrides->seed;
      changed = hl_project_state_with_recipe (result, recipe);
      hl_project_state_unref (result);
      result = changed;
    }
  if (overrides->data)
    {
      g_autoptr (GFile) file = g_file_new_for_commandline_arg (overrides->data);
      HlDataSpec *spec = hl_data_spec_copy (hl_project_state_get_data (result));
      const HlFormatClass *format = hl_format_class_find ("idx");
      HlProjectState *changed;

      hl_choice_free (spec->format);
      spec->format = hl_choice_new (&format->base);
      g_free (spec->path);
      spec->path = g_file_get_path (file);
      if (!spec->path)
        {
          hl_data_spec_free (spec);
          g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING, _("\"%s\" is not a local file or folder; copy the data to this computer first."),
                       overrides->data);
          return NULL;
        }
      changed = hl_project_state_with_data (result, spec);
      hl_project_state_unref (result);
      result = changed;
    }
  return g_steal_pointer (&result);
}

HlProjectState *
hl_cli_load (const char *project, const HlCliOverrides *overrides, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_commandline_arg (project);
  g_autoptr (HlProjectState) state = hl_project_state_load (file, error);

  return state ? hl_cli_apply (state, overrides, error) : NULL;
}

HlTrainer *
hl_cli_open_trainer (HlProjectState *state, GFile *project, const HlCliOverrides *overrides, const HlProgress *progress,
                     GCancellable *cancellable, HlDataset **dataset, GError **error)
{
  const HlDataSpec *spec = hl_project_state_get_data (state);
  g_autoptr (GFile) folder = project ? g_file_get_parent (project) : NULL;
  g_autoptr (HlDataset) data = hl_dataset_open (spec->format, spec->path, folder, progress, cancellable, error);
  HlTrainer *trainer;

  if (!data)
    return NULL;
  trainer = hl_trainer_new (&(HlTrainerOptions) { .device = overrides->device,
                                                  .graph = hl_project_state_get_graph (state),
                                                  .recipe = hl_project_state_get_recipe (state),
                                                  .dataset = data,
                                                  .data_spec = spec,
                                                  .no_shuffle = overrides->no_shuffle,
                                                  .progress = progress,
                                                  .cancellable = cancellable },
                            error);
  if (trainer && dataset)
    *dataset = g_steal_pointer (&data);
  return trainer;
}

GFile *
hl_cli_runs_folder (GFile *project)
{
  g_autofree char *path = g_file_get_path (project);
  g_autofree char *stem = g_str_has_suffix (path, ".hillock") ? g_strndup (path, strlen (path) - strlen (".hillock")) : g_strdup (path);
  g_autofree char *runs = g_strconcat (stem, ".runs", NULL);

  return g_file_new_for_path (runs);
}

GFile *
hl_cli_newest_run (GFile *project, GError **error)
{
  g_autoptr (GFile) runs = hl_cli_runs_folder (project);
  g_autofree char *path = g_file_get_path (runs);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;
  guint64 newest = 0;
  g_autofree char *best = NULL;

  while (folder && (name = g_dir_read_name (folder)))
    {
      guint64 number;

      if (g_ascii_string_to_unsigned (name, 10, 1, G_MAXUINT, &number, NULL) && number > newest)
        {
          newest = number;
          g_free (best);
          best = g_strdup (name);
        }
    }
  if (!best)
    {
      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING,
                   _("There is no run in \"%s\" yet; train the project first (hillock-cli train), or name weights with --weights."), path);
      return NULL;
    }
  return g_file_get_child (runs, best);
}

GFile *
hl_cli_find_weights (GFile *project, const HlCliOverrides *overrides, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (GFile) place = overrides->weights ? g_file_new_for_commandline_arg (overrides->weights) : hl_cli_newest_run (project, &failure);

  if (!place)
    {
      /* A project that was imported has its weights beside it until it is trained, or where the window put them. */
      g_autofree char *path = g_file_get_path (project);
      g_autofree char *stem = g_strndup (path, strlen (path) - (g_str_has_suffix (path, ".hillock") ? strlen (".hillock") : 0));
      g_autofree char *imported = g_strconcat (stem, ".safetensors", NULL);

      g_autofree char *opened = g_strconcat (stem, ".runs/" HL_IMPORTED_WEIGHTS, NULL);

      if (g_file_test (imported, G_FILE_TEST_IS_REGULAR))
        return g_file_new_for_path (imported);
      if (g_file_test (opened, G_FILE_TEST_IS_REGULAR))
        return g_file_new_for_path (opened);
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  if (g_file_query_file_type (place, G_FILE_QUERY_INFO_NONE, NULL) == G_FILE_TYPE_DIRECTORY)
    return g_file_get_child (place, "last.safetensors");
  return g_steal_pointer (&place);
}
