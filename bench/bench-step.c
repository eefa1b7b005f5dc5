/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench-step NETWORK CLASSES IMAGES BATCH OPTIMIZER: trains on random images in memory, through the trainer as the application
 * does. NETWORK is text, one layer a line, as bench/nets explains. Says "ready SECONDS" after the first step (seconds since
 * the process started). Then each line "N" on standard input runs N steps and answers "SECONDS LOSS"; the end of the input is
 * answered with "peak KIBIBYTES KIBIBYTES": of the process, and of its tensors on the device. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/train/trainer.h"

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

/* "[name =] layer [parameter=number ...] [< sources]" */
static guint32
add_layer (HlGraph *graph, GHashTable *names, const char *line, guint32 before)
{
  g_auto (GStrv) sides = g_strsplit (line, "<", 2), words = NULL, sources = NULL;
  const char *equal = strstr (sides[0], " = ");
  const HlLayerClass *klass;
  guint32 node;

  words = g_strsplit (g_strstrip (equal ? (char *) equal + 3 : sides[0]), " ", -1);
  klass = hl_layer_class_find (words[0]);
  if (!klass)
    fail (words[0], NULL);
  node = hl_graph_add_node (graph, klass, 0, 0);
  for (guint i = 1; words[i]; i++)
    {
      char *value = strchr (words[i], '=');

      *value = '\0';
      set_param (&klass->base, hl_graph_get_params (graph, node), words[i], g_ascii_strtod (value + 1, NULL));
    }
  sources = g_strsplit (sides[1] ? g_strstrip (sides[1]) : "", " ", -1);
  for (guint i = 0; sources[i]; i++)
    if (!hl_graph_connect (graph, GPOINTER_TO_UINT (g_hash_table_lookup (names, sources[i])), node, i, NULL))
      fail (line, NULL);
  if (!sources[0] && before && !hl_graph_connect (graph, before, node, 0, NULL))
    fail (line, NULL);
  if (equal)
    g_hash_table_insert (names, g_strndup (line, equal - sides[0]), GUINT_TO_POINTER (node));
  return node;
}

static HlGraph *
make_graph (const char *text)
{
  HlGraph *graph = hl_graph_new ();
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint32 before = 0;

  for (guint i = 0; lines[i]; i++)
    before = add_layer (graph, names, lines[i], before);
  hl_graph_freeze (graph);
  return graph;
}

/* Images of the shape that the network takes. */
static HlDataset *
make_data (const HlGraph *graph, gsize n, guint n_classes)
{
  HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 1 };
  g_autoptr (HlPlan) plan = hl_plan_new_partial (graph, &options);
  HlShape shape = hl_plan_get_input (plan)->layer.output;
  gsize n_values = n * hl_shape_get_count (&shape);
  guint8 *values = hl_dataset_alloc_values (n_values, NULL);
  gint32 *labels = g_new (gint32, n);

  if (!values)
    fail ("out of memory", NULL);
  for (gsize i = 0; i < n_values; i++)
    values[i] = (guint8) (random () >> 8);
  for (gsize i = 0; i < n; i++)
    labels[i] = (gint32) (i % n_classes);
  return hl_dataset_new ("random", &shape, HL_DTYPE_U8, values, n, 0, labels, n_classes, NULL);
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
  guint n_classes, n_images, batch;
  HlTrainerOptions options = { 0 };
  char line[64];
  GError *error = NULL;
  HlTrainer *trainer;

  hl_device_init_environment ();
  if (argc != 6)
    fail ("usage: bench-step NETWORK CLASSES IMAGES BATCH OPTIMIZER", NULL);
  n_classes = (guint) MAX (atoi (argv[2]), 1);
  batch = (guint) MAX (atoi (argv[4]), 1);
  n_images = MAX ((guint) MAX (atoi (argv[3]), 1), 4 * batch);
  g_autoptr (HlGraph) graph = make_graph (argv[1]);
  g_autoptr (HlDataset) data = make_data (graph, n_images, n_classes);
  g_autoptr (HlRecipe) recipe = make_recipe (batch, argv[5]);
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
  printf ("peak %ld %" G_GUINT64_FORMAT "\n", get_peak (), hl_device_get_peak_bytes (hl_trainer_get_device (trainer)) / 1024);
  hl_trainer_free (trainer);
  return 0;
}
