/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ready-made projects: what the gallery offers. All but the empty one are the files of examples/, which the program carries. */

#include "config.h"

#include "app/project-state.h"

#include "examples/hillock-examples.h"

#define EXAMPLES_PATH "/io/github/hillock/examples/"

static const HlTemplate templates[] = {
  { "lenet-fashion", N_("To begin with"), N_("LeNet-5 on Fashion-MNIST"),
    N_("A small convolutional network learns ten kinds of clothing from 60 000 pictures.") },
  { "lenet-strokes", N_("To begin with"), N_("LeNet-5 on Strokes"),
    N_("The same network learns generated digits; needs no data files.") },
  { "mlp", N_("To begin with"), N_("Two layers on Strokes"), N_("A feed-forward network with one hidden layer of 30 units.") },
  { "empty", N_("To begin with"), N_("Empty"), N_("Only the input; build a network of your own.") },
  { "resnet-fashion", N_("Going deeper"), N_("ResNet-8 on Fashion-MNIST"),
    N_("Residual blocks: each learns only what is to be added to what comes in.") },
  { "bilstm-rows", N_("Going deeper"), N_("LSTM over rows"),
    N_("Reads a picture of clothing row by row, from above and from below.") },
  { "autoencoder", N_("Pictures from pictures"), N_("Auto-encoder on Strokes"),
    N_("Squeezes each picture into 32 numbers and learns to draw it again.") },
  { "conv-autoencoder", N_("Pictures from pictures"), N_("Convolutional auto-encoder"),
    N_("Also 32 numbers a picture; transposed convolutions draw it again.") },
  { "unet", N_("Pictures from pictures"), N_("U-Net on Strokes"),
    N_("Sharpens digits of 16×16 pixels to 64×64; links past the bottom carry what is where.") },
  { "lecun-1989", N_("Milestones"), N_("LeCun et al., 1989"),
    N_("Digits, learnt by one of the first convolutional networks: 9 760 parameters.") },
  { "lenet-1998", N_("Milestones"), N_("LeNet-5 of 1998"),
    N_("The network that read cheques; a table says which maps see which.") },
  { "alexnet-2012", N_("Milestones"), N_("AlexNet of 2012"),
    N_("60 965 224 parameters; generated numbers stand in for photographs.") },
  { "alexnet-torchvision", N_("Milestones"), N_("AlexNet of PyTorch"),
    N_("Torchvision's variant, whose published weights fit: 61 100 840 parameters.") },
  { NULL, NULL, NULL, NULL }
};

const HlTemplate *
hl_template_list (void)
{
  return templates;
}

char *
hl_template_find_fashion (void)
{
  const char *const *folders = g_get_system_data_dirs ();
  g_autofree char *own = g_build_filename (g_get_user_data_dir (), "datasets", "fashion-mnist", NULL);

  if (g_file_test (own, G_FILE_TEST_IS_DIR))
    return g_steal_pointer (&own);
  for (guint i = 0; folders[i]; i++)
    {
      g_autofree char *path = g_build_filename (folders[i], "datasets", "fashion-mnist", NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        return g_steal_pointer (&path);
    }
  return NULL;
}

static HlProjectState *
new_empty (void)
{
  HlGraph *graph = hl_graph_new ();
  const HlLayerClass *input = hl_layer_class_find ("input");
  guint32 node = hl_graph_add_node (graph, input, 24, 70);
  gpointer params = hl_graph_get_params (graph, node);

  hl_param_set (hl_class_find_param (&input->base, "channels"), params, 1);
  hl_param_set (hl_class_find_param (&input->base, "height"), params, 28);
  hl_param_set (hl_class_find_param (&input->base, "width"), params, 28);
  return hl_project_state_new (graph, hl_data_spec_new (), hl_recipe_new ());
}

HlProjectState *
hl_template_new_state (const char *name)
{
  g_autofree char *path = g_strconcat (EXAMPLES_PATH, name, ".hillock", NULL), *fashion = NULL;
  g_autoptr (HlProjectState) state = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  HlDataSpec *data;

  if (g_str_equal (name, "empty"))
    return new_empty ();
  /* In a static library the linker drops the files' object unless somebody asks for it. */
  hillock_examples_get_resource ();
  bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, &error);
  if (bytes)
    state = hl_project_state_from_text (g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes), NULL, &error);
  if (!state)
    {
      g_critical ("%s: %s", path, error->message);
      return NULL;
    }
  fashion = hl_project_state_get_data (state)->path ? hl_template_find_fashion () : NULL;
  /* Where nothing is found the file's path stays: where the package would put it, so that the message about missing data names
   * the right place. */
  if (!fashion)
    return g_steal_pointer (&state);
  data = hl_data_spec_copy (hl_project_state_get_data (state));
  g_free (data->path);
  data->path = g_steal_pointer (&fashion);
  return hl_project_state_with_data (state, data);
}
