/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What tests of training share. */

#include "tests/support/training.h"

#include <glib/gstdio.h>

#include "tests/support/network.h"
#include "tests/support/walk.h"

static char *folder;
static gboolean has_device;
static char *why_not;

void
training_init (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = hl_device_open (NULL, &error);

  has_device = device != NULL;
  why_not = error ? g_strdup (error->message) : NULL;
  folder = g_dir_make_tmp ("hillock-training-XXXXXX", NULL);
}

void
training_clear (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);

  for (const char *name; (name = g_dir_read_name (dir)) != NULL;)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
  g_free (folder);
  g_free (why_not);
}

GFile *
training_file (const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_new_for_path (path);
}

gboolean
training_has_device (void)
{
  if (!has_device)
    g_test_skip (why_not);
  return has_device;
}

HlRecipe *
training_recipe (const char *optimizer, const char *params, guint batch, guint epochs)
{
  HlRecipe *recipe = hl_recipe_new ();

  hl_choice_free (recipe->optimizer);
  recipe->optimizer = hl_choice_new (hl_optimizer_class_find_base (optimizer));
  if (params)
    test_set_params (recipe->optimizer->klass, recipe->optimizer->params, params);
  recipe->batch = batch;
  recipe->epochs = epochs;
  return recipe;
}

HlDataSpec *
training_spec (double validation)
{
  HlDataSpec *spec = hl_data_spec_new ();

  spec->validation = validation;
  spec->normalize = HL_NORMALIZE_NONE;
  return spec;
}

HlTrainer *
training_new (HlGraph *graph, const HlRecipe *recipe, HlDataset *data, const HlDataSpec *spec, gboolean no_shuffle,
              GError **error)
{
  HlTrainerOptions options = {
    .graph = graph, .recipe = recipe, .dataset = data, .data_spec = spec, .no_shuffle = no_shuffle,
  };

  return hl_trainer_new (&options, error);
}

HlTrainer *
training_new_small (const HlRecipe *recipe, HlDataset *data, GError **error)
{
  g_autoptr (HlGraph) graph = test_network ("input:channels=1;height=8;width=8 "
                                            "conv2d:filters=4;size_y=3;size_x=3;padding_y=1;padding_x=1:conv batch_norm::norm "
                                            "relu::active max_pool2d dropout:p=0.2 flatten linear:units=4:answer");
  g_autoptr (HlDataSpec) spec = training_spec (0.2);

  spec->normalize = HL_NORMALIZE_STANDARD;
  return training_new (graph, recipe, data, spec, FALSE, error);
}
