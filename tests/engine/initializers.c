/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start values: mean, deviation and bounds of every initializer as its formula says, independence of the order of calls,
 * and the same values for the same seed. */

#include "engine/train/classes.h"

#include <math.h>
#include <string.h>

#define N 100000

static const HlWeightSpec spec = { .name = "weight", .fan_in = 150, .fan_out = 400 };

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
  { "lecun_uniform", NULL, 0, 0, UNIFORM (0.14142135623730950) },          /* sqrt (3 / 150) */
  { "lecun_normal", NULL, 0, 0, 0.08164965809277261, 0 },
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
  return g_test_run ();
}
