/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench-step NETWORK BATCH OPTIMIZER: trains on random images in memory, through the trainer as the application does.
 * Says "ready SECONDS" after the first step (seconds since the process started). Then each line "N" on standard
 * input runs N steps and answers "SECONDS LOSS"; the end of the input is answered with "peak KIBIBYTES". */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/train/trainer.h"

#define N_IMAGES 4096

typedef struct { const char *layer, *params; } Layer;

typedef struct
{
  const char *name;
  guint channels, size, n_classes, n_images;
  Layer layers[32];
} Network;

#define CONV3(filters) { "conv2d", "filters=" #filters ";size_y=3;size_x=3;padding_y=1;padding_x=1" }, { "relu", NULL }
#define POOL3 { "max_pool2d", "size_y=3;size_x=3" }

static const Network networks[] = {
  { "lenet", 1, 28, 10, N_IMAGES, {
    { "input", "channels=1;height=28;width=28" },
    { "conv2d", "filters=6;padding_y=2;padding_x=2" }, { "relu", NULL }, { "max_pool2d", NULL },
    { "conv2d", "filters=16" }, { "relu", NULL }, { "max_pool2d", NULL },
    { "flatten", NULL }, { "linear", "units=120" }, { "relu", NULL }, { "linear", "units=84" }, { "relu", NULL },
    { "linear", "units=10" } } },
  { "lstm", 1, 28, 10, N_IMAGES, {
    { "input", "channels=1;height=28;width=28" }, { "reshape", "size_1=28;size_2=28" }, { "lstm", "hidden=128" },
    { "linear", "units=10" } } },
  { "vgg", 3, 32, 10, 512, {
    { "input", "channels=3;height=32;width=32" },
    CONV3 (64), CONV3 (64), { "max_pool2d", NULL }, CONV3 (128), CONV3 (128), { "max_pool2d", NULL },
    CONV3 (256), CONV3 (256), { "max_pool2d", NULL }, { "flatten", NULL }, { "linear", "units=10" } } },
  { "alexnet", 3, 224, 1000, 64, {
    { "input", "channels=3;height=224;width=224" },
    { "conv2d", "filters=64;size_y=11;size_x=11;stride_y=4;stride_x=4;padding_y=2;padding_x=2" }, { "relu", NULL }, POOL3,
    { "conv2d", "filters=192;padding_y=2;padding_x=2" }, { "relu", NULL }, POOL3, CONV3 (384), CONV3 (256), CONV3 (256), POOL3,
    { "flatten", NULL }, { "linear", "units=4096" }, { "relu", NULL }, { "linear", "units=4096" }, { "relu", NULL },
    { "linear", "units=1000" } } },
};

static G_NORETURN void
fail (const char *what, const GError *error)
{
  fprintf (stderr, "bench-step: %s%s%s\n", what, error ? ": " : "", error ? error->message : "");
  exit (1);
}

static void
set_param (const HlClass *klass, gpointer params, const char *name, double value)
{
  const HlParam *param = hl_class_find_param (klass, name);

  if (!param)
    fail (name, NULL);
  hl_param_set (param, params, value);
}

static void
set_params (const HlClass *klass, gpointer params, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text ? text : "", ";", -1);

  for (guint i = 0; parts[i]; i++)
    {
      char *equal = strchr (parts[i], '=');

      *equal = '\0';
      set_param (klass, params, parts[i], g_ascii_strtod (equal + 1, NULL));
    }
}

static HlGraph *
make_graph (const Network *network)
{
  HlGraph *graph = hl_graph_new ();
  guint32 before = 0;

  for (const Layer *layer = network->layers; layer->layer; layer++)
    {
      const HlLayerClass *klass = hl_layer_class_find (layer->layer);
      guint32 node = klass ? hl_graph_add_node (graph, klass, 0, 0) : 0;

      if (!klass)
        fail (layer->layer, NULL);
      set_params (&klass->base, hl_graph_get_params (graph, node), layer->params);
      if (before && !hl_graph_connect (graph, before, node, 0, NULL))
        fail ("layers cannot be connected", NULL);
      before = node;
    }
  hl_graph_freeze (graph);
  return graph;
}

static HlDataset *
make_data (const Network *network, guint batch)
{
  HlShape shape = HL_SHAPE_3 (network->channels, network->size, network->size);
  gsize n = MAX (network->n_images, 4 * batch), n_values = n * hl_shape_get_count (&shape);
  guint8 *values = hl_dataset_alloc_values (n_values, NULL);
  gint32 *labels = g_new (gint32, n);

  if (!values)
    fail ("out of memory", NULL);
  for (gsize i = 0; i < n_values; i++)
    values[i] = (guint8) (random () >> 8);
  for (gsize i = 0; i < n; i++)
    labels[i] = (gint32) (i % network->n_classes);
  return hl_dataset_new ("random", &shape, HL_DTYPE_U8, values, n, 0, labels, network->n_classes, NULL);
}

static HlRecipe *
make_recipe (guint batch, const char *optimizer)
{
  HlRecipe *recipe = hl_recipe_new ();
  const HlOptimizerClass *klass = hl_optimizer_class_find (optimizer);

  if (!klass)
    fail (optimizer, NULL);
  hl_choice_free (recipe->optimizer);
  recipe->optimizer = hl_choice_new (&klass->base);
  if (g_str_equal (optimizer, "sgd"))
    {
      set_param (&klass->base, recipe->optimizer->params, "learning_rate", 0.001);
      set_param (&klass->base, recipe->optimizer->params, "momentum", 0.9);
    }
  recipe->batch = batch;
  recipe->epochs = 100000;
  return recipe;
}

/* Runs n training steps and waits for the last; returns its loss. */
static float
run (HlTrainer *trainer, guint n)
{
  HlStepResult results[64];
  guint n_results = 0;
  float loss = 0;
  GError *error = NULL;

  while (n > 0)
    {
      HlStep step;

      if (!hl_trainer_step (trainer, &step, &error) || step.kind == HL_STEP_DONE)
        fail ("a step failed", error);
      if (step.kind == HL_STEP_TRAIN)
        n--;
      do
        {
          if (!hl_trainer_poll (trainer, n == 0, results, G_N_ELEMENTS (results), &n_results, &error))
            fail ("results are missing", error);
          if (n_results > 0)
            loss = results[n_results - 1].loss;
        }
      while (n_results == G_N_ELEMENTS (results));
    }
  return loss;
}

/* Seconds since this process started, as the kernel counts them. */
static double
get_age (void)
{
  g_autofree char *text = NULL;
  unsigned long long started = 0;
  struct timespec now;
  char *after_name;

  if (!g_file_get_contents ("/proc/self/stat", &text, NULL, NULL) || !(after_name = strrchr (text, ')'))
      || sscanf (after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &started) != 1)
    fail ("/proc/self/stat cannot be read", NULL);
  clock_gettime (CLOCK_BOOTTIME, &now);
  return (double) now.tv_sec + now.tv_nsec / 1e9 - (double) started / sysconf (_SC_CLK_TCK);
}

static long
get_peak (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL) || !(line = strstr (text, "VmHWM:")))
    fail ("/proc/self/status cannot be read", NULL);
  return strtol (line + 6, NULL, 10);
}

int
main (int argc, char **argv)
{
  const Network *network = NULL;
  HlTrainerOptions options = { 0 };
  char line[64];
  GError *error = NULL;
  HlTrainer *trainer;

  hl_device_init_environment ();
  if (argc != 4)
    fail ("usage: bench-step lenet|vgg|alexnet BATCH OPTIMIZER", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (networks); i++)
    if (g_str_equal (networks[i].name, argv[1]))
      network = &networks[i];
  if (!network || atoi (argv[2]) < 1)
    fail ("unknown network or batch size", NULL);
  g_autoptr (HlGraph) graph = make_graph (network);
  g_autoptr (HlDataset) data = make_data (network, (guint) atoi (argv[2]));
  g_autoptr (HlRecipe) recipe = make_recipe ((guint) atoi (argv[2]), argv[3]);
  g_autoptr (HlDataSpec) spec = hl_data_spec_new ();

  spec->validation = 0;
  options.graph = graph;
  options.recipe = recipe;
  options.dataset = data;
  options.data_spec = spec;
  trainer = hl_trainer_new (&options, &error);
  if (!trainer)
    fail ("no trainer", error);
  run (trainer, 1);
  printf ("ready %.4f\n", get_age ());
  fflush (stdout);
  while (fgets (line, sizeof line, stdin))
    {
      gint64 start = g_get_monotonic_time ();
      float loss = run (trainer, (guint) MAX (atoi (line), 1));

      printf ("%.6f %.6f\n", (double) (g_get_monotonic_time () - start) / 1e6, loss);
      fflush (stdout);
    }
  printf ("peak %ld\n", get_peak ());
  hl_trainer_free (trainer);
  return 0;
}
