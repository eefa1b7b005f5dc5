/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ready-made projects: what the gallery offers and the examples are made from. */

#include "config.h"

#include "app/project-state.h"

#include <stdarg.h>

#define COLUMN 200
#define ROW 360
#define LEFT 24
#define TOP 70
#define CARDS_A_ROW 4

static const HlTemplate templates[] = {
  { "lenet-fashion", N_("LeNet-5 on Fashion-MNIST"),
    N_("A small convolutional network learns ten kinds of clothing from 60 000 pictures.") },
  { "lenet-strokes", N_("LeNet-5 on Strokes"), N_("The same network learns generated digits; needs no data files.") },
  { "mlp", N_("Two layers on Strokes"), N_("A feed-forward network with one hidden layer of 30 units.") },
  { "autoencoder", N_("Auto-encoder on Strokes"),
    N_("Squeezes each picture into 32 numbers and learns to draw it again.") },
  { "empty", N_("Empty"), N_("Only the input; build a network of your own.") },
  { NULL, NULL, NULL }
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

/* A network under construction: every layer is linked behind the one before. */
typedef struct
{
  HlGraph *graph;
  guint32 last;
  guint n_cards;
} Chain;

/* docked: the layer is drawn as a chip on the card before it, so it takes no place of its own. Then pairs of parameter
 * name and int, ending with NULL. */
static void
chain_add (Chain *self, const char *layer, gboolean docked, ...)
{
  const HlLayerClass *klass = hl_layer_class_find (layer);
  guint card = docked && self->n_cards > 0 ? self->n_cards - 1 : self->n_cards;
  double x = LEFT + COLUMN * (card % CARDS_A_ROW) + (docked ? COLUMN / 2 : 0), y = TOP + ROW * (card / CARDS_A_ROW);
  va_list arguments;
  const char *name;
  guint32 node;

  g_return_if_fail (klass);
  node = hl_graph_add_node (self->graph, klass, x, y);
  va_start (arguments, docked);
  while ((name = va_arg (arguments, const char *)))
    {
      const HlParam *param = hl_class_find_param (&klass->base, name);
      int value = va_arg (arguments, int);

      if (param)
        hl_param_set (param, hl_graph_get_params (self->graph, node), value);
      else
        g_critical ("%s has no parameter %s", layer, name);
    }
  va_end (arguments);
  if (self->last)
    hl_graph_connect (self->graph, self->last, node, 0, NULL);
  self->last = node;
  if (!docked)
    self->n_cards++;
}

static void
build_lenet (Chain *chain)
{
  chain_add (chain, "conv2d", FALSE, "filters", 6, "size_y", 5, "size_x", 5, "padding_y", 2, "padding_x", 2, NULL);
  chain_add (chain, "relu", TRUE, NULL);
  chain_add (chain, "max_pool2d", FALSE, "size_y", 2, "size_x", 2, "stride_y", 2, "stride_x", 2, NULL);
  chain_add (chain, "conv2d", FALSE, "filters", 16, "size_y", 5, "size_x", 5, "padding_y", 0, "padding_x", 0, NULL);
  chain_add (chain, "relu", TRUE, NULL);
  chain_add (chain, "max_pool2d", FALSE, "size_y", 2, "size_x", 2, "stride_y", 2, "stride_x", 2, NULL);
  chain_add (chain, "flatten", TRUE, NULL);
  chain_add (chain, "linear", FALSE, "units", 120, NULL);
  chain_add (chain, "relu", TRUE, NULL);
  chain_add (chain, "linear", FALSE, "units", 84, NULL);
  chain_add (chain, "relu", TRUE, NULL);
  chain_add (chain, "linear", FALSE, "units", 10, NULL);
}

static void
build_mlp (Chain *chain)
{
  chain_add (chain, "flatten", TRUE, NULL);
  chain_add (chain, "linear", FALSE, "units", 30, NULL);
  chain_add (chain, "sigmoid", TRUE, NULL);
  chain_add (chain, "linear", FALSE, "units", 10, NULL);
}

static void
build_autoencoder (Chain *chain)
{
  chain_add (chain, "flatten", TRUE, NULL);
  chain_add (chain, "linear", FALSE, "units", 128, NULL);
  chain_add (chain, "relu", TRUE, NULL);
  chain_add (chain, "linear", FALSE, "units", 32, NULL);
  chain_add (chain, "relu", TRUE, NULL);
  chain_add (chain, "linear", FALSE, "units", 128, NULL);
  chain_add (chain, "relu", TRUE, NULL);
  chain_add (chain, "linear", FALSE, "units", 784, NULL);
  chain_add (chain, "reshape", FALSE, "size_1", 1, "size_2", 28, "size_3", 28, NULL);
}

/* Mean squared error between the output and the input. */
static HlRecipe *
new_reconstruction_recipe (void)
{
  HlRecipe *recipe = hl_recipe_new ();
  const HlClass *loss = hl_loss_class_find_base ("mean_squared");

  g_return_val_if_fail (loss, recipe);
  hl_choice_free (recipe->loss);
  recipe->loss = hl_choice_new (loss);
  hl_param_set (hl_class_find_param (loss, "target"), recipe->loss->params, HL_LOSS_TARGET_INPUT);
  return recipe;
}

static HlDataSpec *
new_fashion_spec (void)
{
  HlDataSpec *data = hl_data_spec_new ();
  const HlClass *idx = hl_format_class_find_base ("idx");

  g_return_val_if_fail (idx, data);
  hl_choice_free (data->format);
  data->format = hl_choice_new (idx);
  g_free (data->path);
  /* Where the package would put it, so that the message about missing data names the right place. */
  data->path = hl_template_find_fashion ();
  if (!data->path)
    data->path = g_strdup ("/usr/share/datasets/fashion-mnist");
  data->validation = 0.1;
  data->stratify = TRUE;
  data->split_seed = 1;
  data->normalize = HL_NORMALIZE_STANDARD;
  return data;
}

HlProjectState *
hl_template_new_state (const char *name)
{
  Chain chain = { hl_graph_new () };
  HlDataSpec *data;

  chain_add (&chain, "input", FALSE, "channels", 1, "height", 28, "width", 28, NULL);
  if (g_str_has_prefix (name, "lenet-"))
    build_lenet (&chain);
  else if (g_str_equal (name, "mlp"))
    build_mlp (&chain);
  else if (g_str_equal (name, "autoencoder"))
    build_autoencoder (&chain);
  else if (!g_str_equal (name, "empty"))
    {
      hl_graph_unref (chain.graph);
      g_return_val_if_reached (NULL);
    }
  data = g_str_equal (name, "lenet-fashion") ? new_fashion_spec () : hl_data_spec_new ();
  if (!g_str_equal (name, "autoencoder"))
    return hl_project_state_new (chain.graph, data, hl_recipe_new ());
  /* 0 to 1: what comes out can be looked at as a picture. */
  data->normalize = HL_NORMALIZE_UNIT;
  return hl_project_state_new (chain.graph, data, new_reconstruction_recipe ());
}
