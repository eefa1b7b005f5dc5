/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start values: mean, deviation and bounds of every initializer as its formula says, independence of the order of calls,
 * and the same values for the same seed. */

#include "engine/base/params-json.h"
#include "engine/graph/plan.h"
#include "engine/train/classes.h"
#include "tests/support/golden.h"
#include "tests/support/walk.h"

#include <math.h>
#include <string.h>

#define N 100000

/* A gain as after SELU: only those that follow it may notice. */
static const HlWeightSpec spec = { .name = "weight", .shape = HL_SHAPE_2 (400, 150), .fan_in = 150, .fan_out = 400,
                                   .gain = 0.75 };

/* Expected: deviation, and largest magnitude (0: no bound). From PyTorch's torch.nn.init documentation. */
typedef struct
{
  const char *name, *param;
  double value, mean, deviation, bound;
} Expectation;

#define UNIFORM(b) (b) / 1.7320508075688772, (b)

static const Expectation expectations[] = {
  { "pytorch_default", NULL, 0, 0, UNIFORM (0.08164965809277261) },        /* 1 / sqrt 150 */
  { "kaiming_uniform", NULL, 0, 0, UNIFORM (0.2) },                        /* sqrt (6 / 150) */
  { "kaiming_uniform", "mode", 1, 0, UNIFORM (0.12247448713915890) },      /* sqrt (6 / 400) */
  { "kaiming_uniform", "negative_slope", 2.23606797749979, 0, UNIFORM (0.08164965809277261) },
  { "kaiming_normal", NULL, 0, 0, 0.11547005383792516, 0 },                /* sqrt (2 / 150) */
  { "xavier_uniform", NULL, 0, 0, UNIFORM (0.10444659357341870) },         /* sqrt (6 / 550) */
  { "xavier_normal", NULL, 0, 0, 0.06030226891555273, 0 },                 /* sqrt (2 / 550) */
  { "xavier_normal", "gain", 2, 0, 0.12060453783110546, 0 },
  { "kaiming_uniform", "nonlinearity", 1, 0, UNIFORM (0.14142135623730950) },   /* linear: sqrt (3 / 150) */
  { "kaiming_uniform", "nonlinearity", 6, 0, UNIFORM (0.10606601717798213) },   /* following: 0.75 sqrt (3 / 150) */
  { "kaiming_normal", "nonlinearity", 4, 0, 0.13608276348795434, 0 },           /* tanh: 5/3 / sqrt 150 */
  { "kaiming_normal", "nonlinearity", 2, 0, 0.11547005383792516, 0 },           /* relu: sqrt (2 / 150) */
  { "xavier_uniform", "nonlinearity", 5, 0, UNIFORM (0.07833494518006405) },    /* selu: 3/4 sqrt (6 / 550) */
  { "xavier_normal", "nonlinearity", 6, 0, 0.04522670168666455, 0 },            /* following: 0.75 sqrt (2 / 550) */
  { "xavier_normal", "nonlinearity", 3, 0, 0.06030226891555273, 0 },            /* sigmoid: 1 */
  { "lecun_uniform", NULL, 0, 0, UNIFORM (0.14142135623730950) },          /* sqrt (3 / 150) */
  { "lecun_normal", NULL, 0, 0, 0.08164965809277261, 0 },
  { "lecun_1989", NULL, 0, 0, UNIFORM (0.19595917942265426) },             /* 2.4 / sqrt 150 */
  { "uniform", NULL, 0, 0, UNIFORM (0.05) },
  { "normal", "deviation", 3, 0, 3, 0 },
  { "normal", "mean", 5, 5, 0.01, 0 },
  { "constant", "value", 0.25, 0.25, 0, 0.25 },
};

static void
test_moments (gconstpointer data)
{
  const Expectation *expected = data;
  const HlInitializerClass *klass = hl_initializer_class_find (expected->name);
  g_autofree void *params = hl_class_new_params (&klass->base);
  g_autofree float *values = g_new (float, N);
  HlRandomKey key = { 1, HL_PURPOSE_INIT, 3 };
  double mean = 0, deviation = 0, fourth = 0, largest = 0, product = 0;

  if (expected->param)
    hl_param_set (hl_class_find_param (&klass->base, expected->param), params, expected->value);
  klass->fill (params, &spec, &key, values, N);
  for (guint i = 0; i < N; i++)
    mean += values[i] / (double) N;
  for (guint i = 0; i < N; i++)
    {
      double x = values[i] - mean;

      deviation += x * x / N;
      fourth += x * x * x * x / N;
      largest = fmax (largest, fabs (values[i]));
      if (i > 0)
        product += x * (values[i - 1] - mean) / N;
    }
  deviation = sqrt (deviation);
  /* Five standard errors of mean, deviation and neighbours' correlation; sums of doubles round. */
  g_assert_cmpfloat (fabs (mean - expected->mean), <=, 5 * expected->deviation / sqrt (N) + 1e-9);
  g_assert_cmpfloat (fabs (deviation - expected->deviation), <=, 5 * expected->deviation / sqrt (N) + 1e-9);
  g_assert_cmpfloat (fabs (product), <=, 5 * deviation * deviation / sqrt (N) + 1e-9);
  if (expected->bound > 0)
    {
      g_assert_cmpfloat (largest, <=, expected->bound * (1 + 1e-7));
      g_assert_cmpfloat (largest, >=, expected->bound * 0.999);
    }
  else
    g_assert_cmpfloat (fabs (fourth / pow (deviation, 4) - 3), <=, 0.1);   /* of a normal distribution */
}

static void
test_key (void)
{
  for (const HlInitializerClass *const *k = hl_initializer_classes (); *k; k++)
    {
      g_autofree void *params = hl_class_new_params (&(*k)->base);
      float first[37], again[37], other[37], seeded[37];
      HlRandomKey key = { 1, HL_PURPOSE_INIT, 0 };
      gboolean constant = g_str_equal ((*k)->base.name, "constant");

      (*k)->fill (params, &spec, &key, first, 37);
      key.epoch = 1;
      (*k)->fill (params, &spec, &key, other, 37);
      key.epoch = 0;
      /* A prefix of a longer run. */
      (*k)->fill (params, &spec, &key, again, 11);
      g_assert_cmpmem (first, 11 * sizeof (float), again, 11 * sizeof (float));
      key.seed = 2;
      (*k)->fill (params, &spec, &key, seeded, 37);
      g_assert_true ((memcmp (first, other, sizeof first) == 0) == constant);
      g_assert_true ((memcmp (first, seeded, sizeof first) == 0) == constant);
    }
}

/* ---- Orthogonal ---- */

/* The matrix times its transpose, on its shorter side, must be gain² × identity. */
static void
check_orthogonal (const HlShape *shape, double gain)
{
  const HlInitializerClass *klass = hl_initializer_class_find ("orthogonal");
  const HlWeightSpec weight = { .name = "weight", .shape = *shape, .fan_in = 1, .fan_out = 1, .gain = 1 };
  gsize count = hl_shape_get_count (shape), rows = shape->dim[0], columns = count / rows;
  gsize m = MIN (rows, columns), length = MAX (rows, columns);
  gsize step = rows > columns ? 1 : columns, along = rows > columns ? columns : 1;
  g_autofree void *params = hl_class_new_params (&klass->base);
  g_autofree float *values = g_new (float, count);
  HlRandomKey key = { 4, HL_PURPOSE_INIT, 1 };

  hl_param_set (hl_class_find_param (&klass->base, "gain"), params, gain);
  klass->fill (params, &weight, &key, values, count);
  for (gsize a = 0; a < m; a++)
    for (gsize b = 0; b <= a; b++)
      {
        double product = 0;

        for (gsize i = 0; i < length; i++)
          product += (double) values[a * step + i * along] * values[b * step + i * along];
        /* The numbers are floats, whose errors add up like a walk. */
        g_assert_cmpfloat (fabs (product - (a == b ? gain * gain : 0)), <=, 3e-7 * gain * gain);
      }
}

static void
test_orthogonal (void)
{
  check_orthogonal (&HL_SHAPE_2 (20, 33), 1);
  check_orthogonal (&HL_SHAPE_2 (33, 20), 5.0 / 3);
  check_orthogonal (&HL_SHAPE_2 (64, 64), 1);
  check_orthogonal (&HL_SHAPE_4 (6, 3, 5, 5), 0.5);
  check_orthogonal (&HL_SHAPE_4 (40, 2, 3, 3), 1);
  check_orthogonal (&HL_SHAPE_1 (9), 1);
  check_orthogonal (&HL_SHAPE_2 (1, 1), 2);
}

/* Every rotation must be equally likely: the mean of the diagonal over many matrices is 0, which a factorisation with
 * signs of its own choice would miss. Its variance is 1 / n. */
static void
test_orthogonal_mean (void)
{
  enum { SIZE = 4, ROUNDS = 10000 };
  const HlInitializerClass *klass = hl_initializer_class_find ("orthogonal");
  const HlWeightSpec weight = { .name = "weight", .shape = HL_SHAPE_2 (SIZE, SIZE), .fan_in = SIZE, .fan_out = SIZE, .gain = 1 };
  g_autofree void *params = hl_class_new_params (&klass->base);
  HlRandomKey key = { 5, HL_PURPOSE_INIT, 0 };
  double mean[SIZE] = { 0 }, square[SIZE] = { 0 };

  for (key.epoch = 0; key.epoch < ROUNDS; key.epoch++)
    {
      float values[SIZE * SIZE];

      klass->fill (params, &weight, &key, values, SIZE * SIZE);
      for (guint i = 0; i < SIZE; i++)
        {
          mean[i] += values[i * SIZE + i] / (double) ROUNDS;
          square[i] += values[i * SIZE + i] * values[i * SIZE + i] / (double) ROUNDS;
        }
    }
  for (guint i = 0; i < SIZE; i++)
    {
      g_assert_cmpfloat (fabs (mean[i]), <=, 5 * sqrt (1.0 / SIZE / ROUNDS));
      g_assert_cmpfloat (fabs (square[i] - 1.0 / SIZE), <=, 0.02);
    }
}

/* ---- Gains ---- */

/* Adds a layer behind another; params: JSON or NULL. */
static guint32
add_behind (HlGraph *graph, guint32 before, const char *layer, JsonNode *params)
{
  const HlLayerClass *klass = hl_layer_class_find (layer);
  guint32 node = hl_graph_add_node (graph, klass, 0, 0);
  g_autoptr (GError) error = NULL;

  if (params && klass->base.params_size > 0)
    hl_params_from_json (&klass->base, hl_graph_get_params (graph, node), params, "params", &error);
  g_assert_no_error (error);
  if (before)
    g_assert_true (hl_graph_connect (graph, before, node, 0, NULL));
  return node;
}

static double
plan_gain (HlGraph *graph, gboolean fuse)
{
  const HlPlanOptions options = { .batch = 16, .lanes = 16, .compute_units = 1, .training = TRUE, .fuse = fuse };
  g_autoptr (GError) error = NULL;
  g_autoptr (HlPlan) plan = hl_plan_new (graph, &options, &error);

  g_assert_no_error (error);
  return hl_plan_get_weight (plan, 0)->spec->gain;
}

/* What torch.nn.init.calculate_gain says, found behind a convolution at once and behind pooling and dropout. */
static void
test_gains (void)
{
  g_autoptr (GoldenFile) file = golden_file_open ("gain");

  for (guint i = 0; i < golden_file_get_n_cases (file); i++)
    for (guint far = 0; far < 2; far++)
      {
        JsonObject *info = golden_file_get_case (file, i);
        const char *layer = json_object_get_string_member (info, "layer");
        g_autofree char *name = g_strdup_printf ("%u.gain", i);
        g_autoptr (HlGraph) graph = hl_graph_new ();
        guint32 node = add_behind (graph, add_behind (graph, 0, "input", NULL), "conv2d", NULL);
        double gain;

        if (far)
          node = add_behind (graph, add_behind (graph, node, "max_pool2d", NULL), "dropout", NULL);
        if (g_str_equal (layer, "linear"))
          node = add_behind (graph, add_behind (graph, node, "flatten", NULL), layer, NULL);
        else
          node = add_behind (graph, node, layer, json_object_get_member (info, "params"));
        gain = plan_gain (graph, far);
        golden_file_compare (file, name, &gain, 1, 1e-7);
      }
  golden_file_assert_all_used (file);
}

/* Where values part or nothing follows, no activation's gain applies. */
static void
test_no_gain (void)
{
  g_autoptr (HlGraph) parting = hl_graph_new (), ending = hl_graph_new ();
  guint32 node = add_behind (parting, add_behind (parting, 0, "input", NULL), "conv2d", NULL), sum;

  sum = add_behind (parting, add_behind (parting, node, "relu", NULL), "add", NULL);
  g_assert_true (hl_graph_connect (parting, node, sum, 1, NULL));
  g_assert_cmpfloat (plan_gain (parting, TRUE), ==, 1);
  add_behind (ending, add_behind (ending, 0, "input", NULL), "conv2d", NULL);
  g_assert_cmpfloat (plan_gain (ending, TRUE), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (expectations); i++)
    {
      g_autofree char *path = g_strdup_printf ("/initializers/moments/%s/%u", expectations[i].name, i);

      g_test_add_data_func (path, &expectations[i], test_moments);
    }
  g_test_add_func ("/initializers/key", test_key);
  g_test_add_func ("/initializers/orthogonal", test_orthogonal);
  g_test_add_func ("/initializers/orthogonal-mean", test_orthogonal_mean);
  g_test_add_func ("/initializers/gains", test_gains);
  g_test_add_func ("/initializers/no-gain", test_no_gain);
  return g_test_run ();
}
