/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Losses on the device against their definitions in double: values, gradients, predictions, short batches, large
 * numbers, not-a-numbers, and the check of outputs against classes. */

#include "engine/graph/executor.h"
#include "engine/train/classes.h"
#include "tests/support/walk.h"

#include <math.h>
#include <string.h>

typedef struct
{
  HlDevice *device;
  HlKernelSet *kernels;
  HlValue y, dy, x;
  HlLossCall call;
  const HlLossClass *klass;
  void *params;
  guint n, capacity;
  gsize length;
  float *per_sample, *gradient;   /* plain order; results */
} Bench;

static gboolean
bench_open (Bench *self, const char *loss, guint n, guint batch, const char *params)
{
  g_autoptr (GError) error = NULL;
  guint lanes;

  memset (self, 0, sizeof *self);
  self->device = hl_device_open (NULL, &error);
  if (self->device == NULL && g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    {
      g_test_skip (error->message);
      return FALSE;
    }
  g_assert_no_error (error);
  lanes = hl_device_get_info (self->device)->lanes;
  self->klass = hl_loss_class_find (loss);
  self->params = hl_class_new_params (&self->klass->base);
  test_set_params (&self->klass->base, self->params, params);
  self->kernels = hl_kernel_set_new (self->device);
  self->n = n;
  self->capacity = (batch + lanes - 1) / lanes * lanes;
  self->length = (gsize) self->capacity * n;
  self->y = (HlValue) { .shape = HL_SHAPE_1 (n) };
  self->dy = self->y;
  self->y.tensor = hl_tensor_new (self->device, HL_DTYPE_F32, self->length, &error);
  self->dy.tensor = hl_tensor_new (self->device, HL_DTYPE_F32, self->length, &error);
  self->call = (HlLossCall) {
    .device = self->device, .kernels = self->kernels, .params = self->params, .y = &self->y, .dy = &self->dy, .capacity = self->capacity,
    .batch = batch, .lanes = lanes, .n_blocks = self->capacity / lanes,
    .targets = hl_tensor_new (self->device, HL_DTYPE_I32, self->capacity, &error),
    .per_sample = hl_tensor_new (self->device, HL_DTYPE_F32, self->capacity * HL_LOSS_PLANES, &error),
  };
  if (self->klass->target && self->klass->target (self->params) == HL_LOSS_TARGET_INPUT)
    {
      self->x = self->y;
      self->x.tensor = hl_tensor_new (self->device, HL_DTYPE_F32, self->length, &error);
      self->call.x = &self->x;
    }
  if (self->klass->class_weights && self->klass->class_weights (self->params) != HL_CLASS_WEIGHTS_EQUAL)
    self->call.class_weights = hl_tensor_new (self->device, HL_DTYPE_F32, n + HL_TENSOR_ALIGN, &error);
  g_assert_no_error (error);
  g_assert_true (self->klass->prepare (&self->call, &error));
  hl_kernel_set_build (self->kernels, NULL, NULL, &error);
  g_assert_no_error (error);
  self->per_sample = g_new (float, self->capacity * HL_LOSS_PLANES);
  self->gradient = g_new (float, self->length);
  return TRUE;
}

static void
bench_close (Bench *self)
{
  hl_tensor_unref (self->y.tensor);
  hl_tensor_unref (self->dy.tensor);
  g_clear_pointer (&self->x.tensor, hl_tensor_unref);
  hl_tensor_unref (self->call.targets);
  hl_tensor_unref (self->call.per_sample);
  hl_kernel_set_free (self->kernels);
  hl_device_unref (self->device);
  g_clear_pointer (&self->call.class_weights, hl_tensor_unref);
  g_free (self->params);
  g_free (self->per_sample);
  g_free (self->gradient);
}

/* y: capacity × n, lanes beyond the batch included. */
static void
bench_run (Bench *self, const float *y, const gint32 *targets, gboolean with_gradient)
{
  g_autofree float *device = g_new0 (float, self->length);
  g_autoptr (GError) error = NULL;
  HlLossCall call = self->call;

  for (gsize i = 0; i < self->length; i++)
    device[i] = 12345;
  hl_tensor_write (self->dy.tensor, 0, self->length, device, &error);
  hl_value_from_plain (&self->y, call.lanes, self->capacity, y, device);
  hl_tensor_write (self->y.tensor, 0, self->length, device, &error);
  hl_tensor_write (call.targets, 0, self->capacity, targets, &error);
  g_assert_no_error (error);
  if (!with_gradient)
    call.dy = NULL;
  g_assert_true (self->klass->run (&call, &error));
  hl_tensor_read (call.per_sample, 0, self->capacity * HL_LOSS_PLANES, self->per_sample, &error);
  hl_tensor_read (self->dy.tensor, 0, self->length, device, &error);
  g_assert_no_error (error);
  hl_value_to_plain (&self->dy, call.lanes, self->capacity, device, self->gradient);
}

/* Normal numbers for the batch, and enormous ones in the lanes beyond it, which must not be felt. */
static float *
draw (Bench *self, HlRandom *random, double scale, double **wide)
{
  float *values = g_new (float, self->length);

  *wide = g_new (double, self->length);
  for (gsize i = 0; i < self->length; i++)
    (*wide)[i] = values[i] = i < (gsize) self->call.batch * self->n ? (float) (scale * hl_random_normal (random))
                             : i % 2                               ? 1e30f
                                                                   : -1e30f;
  return values;
}

static void
write_input (Bench *self, const float *x)
{
  g_autofree float *device = g_new0 (float, self->length);
  g_autoptr (GError) error = NULL;

  hl_value_from_plain (&self->x, self->call.lanes, self->capacity, x, device);
  hl_tensor_write (self->x.tensor, 0, self->length, device, &error);
  g_assert_no_error (error);
}

/* The weight of each class: 0.5, 1, 1.5, ... */
static double *
write_class_weights (Bench *self)
{
  double *wide = g_new (double, self->n);
  g_autofree float *weights = g_new (float, self->n);
  g_autoptr (GError) error = NULL;

  for (guint c = 0; c < self->n; c++)
    wide[c] = weights[c] = 0.5f * (float) (c + 1);
  hl_tensor_write (self->call.class_weights, 0, self->n, weights, &error);
  g_assert_no_error (error);
  return wide;
}

/* What the loss says of each sample besides its value; returns the mean loss. */
static double
check_samples (Bench *self, const float *y, const gint32 *targets, const double *class_weights)
{
  double sum = 0, weight_sum = 0;

  for (guint i = 0; i < self->capacity; i++)
    {
      const float *sample = y + (gsize) i * self->n;
      gboolean inside = i < self->call.batch, classes = inside && self->x.tensor == NULL;
      guint best = 0;

      for (guint c = 1; c < self->n; c++)
        if (sample[c] > sample[best])
          best = c;
      sum += self->per_sample[i];
      weight_sum += self->per_sample[HL_LOSS_WEIGHT * self->capacity + i];
      g_assert_cmpfloat (self->per_sample[HL_LOSS_RIGHT * self->capacity + i], ==, classes && best == (guint) targets[i]);
      g_assert_cmpfloat (self->per_sample[HL_LOSS_PREDICTION * self->capacity + i], ==, classes ? best : 0);
      g_assert_cmpfloat (self->per_sample[HL_LOSS_WEIGHT * self->capacity + i], ==,
                         !inside ? 0 : class_weights ? class_weights[targets[i]] : 1);
      if (!inside)
        g_assert_cmpfloat (self->per_sample[i], ==, 0);
    }
  return sum / weight_sum;
}

static void
check_gradient (Bench *self, const double *gradient)
{
  gsize n = (gsize) self->call.batch * self->n;
  double largest = 0;

  for (gsize i = 0; i < n; i++)
    largest = fmax (largest, fabs (gradient[i]));
  for (gsize i = 0; i < self->length; i++)
    if (i < n)
      g_assert_cmpfloat (fabs (self->gradient[i] - gradient[i]), <=, 1e-6 * largest);
    else
      g_assert_cmpfloat (self->gradient[i], ==, 0);
}

static void
check_random (const char *loss, const char *params, guint n, guint batch, double scale)
{
  Bench bench;
  g_autofree float *y = NULL, *x = NULL, *first = NULL;
  g_autofree double *wide = NULL, *wide_x = NULL, *class_weights = NULL, *gradient = NULL;
  g_autofree gint32 *targets = NULL;
  HlLossReference reference;
  double expected, mean;
  HlRandom random;

  if (!bench_open (&bench, loss, n, batch, params))
    return;
  hl_random_init (&random, n, HL_PURPOSE_TEST, batch);
  y = draw (&bench, &random, scale, &wide);
  gradient = g_new (double, bench.length);
  targets = g_new (gint32, bench.capacity);
  for (guint i = 0; i < bench.capacity; i++)
    targets[i] = i < batch ? (gint32) hl_random_below (&random, n) : -1;
  if (bench.x.tensor)
    {
      x = draw (&bench, &random, scale, &wide_x);
      write_input (&bench, x);
    }
  if (bench.call.class_weights)
    class_weights = write_class_weights (&bench);
  reference = (HlLossReference) {
    .params = bench.params, .batch = batch, .n = n, .y = wide, .targets = targets, .x = wide_x,
    .class_weights = class_weights, .dy = gradient,
  };
  expected = bench.klass->reference (&reference);
  bench_run (&bench, y, targets, TRUE);
  mean = check_samples (&bench, y, targets, class_weights);
  g_assert_cmpfloat (fabs (mean - expected), <=, 1e-6 * fabs (expected));
  check_gradient (&bench, gradient);
  /* Again: the same bits. Without the gradient: the same loss, and nothing written into dy. */
  first = g_memdup2 (bench.per_sample, bench.capacity * HL_LOSS_PLANES * sizeof *first);
  bench_run (&bench, y, targets, TRUE);
  g_assert_cmpmem (first, bench.capacity * HL_LOSS_PLANES * sizeof *first, bench.per_sample,
                   bench.capacity * HL_LOSS_PLANES * sizeof *first);
  bench_run (&bench, y, targets, FALSE);
  mean = check_samples (&bench, y, targets, class_weights);
  g_assert_cmpfloat (fabs (mean - expected), <=, 1e-6 * fabs (expected));
  g_assert_cmpfloat (bench.gradient[0], ==, 12345);
  bench_close (&bench);
}

typedef struct { const char *loss, *params; } Variant;

static const Variant variants[] = {
  { "cross_entropy", "label_smoothing=0.1" },
  { "cross_entropy", "class_weights=listed" },
  { "cross_entropy", "class_weights=listed;label_smoothing=0.3" },
  { "mean_squared", "on=1;off=-1" },
  { "mean_squared", "target=input" },
  { "mean_absolute", "target=input" },
  { "huber", "target=input;delta=0.5" },
  { "binary_cross_entropy", "target=input" },
  { "multi_margin", "p=2;margin=2" },
};

static void
test_variant (gconstpointer data)
{
  const Variant *variant = data;

  check_random (variant->loss, variant->params, 10, 37, 3);
  check_random (variant->loss, variant->params, 5, 3, 0.5);
}

static void
test_random (gconstpointer data)
{
  const char *loss = data;

  check_random (loss, NULL, 10, 64, 3);
  check_random (loss, NULL, 10, 1, 1);
  check_random (loss, NULL, 2, 5, 1);
  check_random (loss, NULL, 7, 33, 0.01);
  check_random (loss, NULL, 100, 37, 30);
}

/* One class: nothing can be wrong, as far as classes are told apart at all. */
static void
test_one_class (void)
{
  check_random ("cross_entropy", NULL, 1, 5, 1);
  check_random ("mean_squared", NULL, 1, 5, 1);
}

/* Finite differences of the definition itself. */
static void
check_reference (const char *loss, const char *text)
{
  const HlLossClass *klass = hl_loss_class_find (loss);
  g_autofree void *params = hl_class_new_params (&klass->base);
  double y[4 * 5], x[4 * 5], dy[4 * 5];
  const double class_weights[5] = { 0.5, 2, 1, 0.25, 3 };
  const gint32 targets[4] = { 0, 4, 2, 2 };
  HlLossReference reference = { .batch = 4, .n = 5, .y = y, .targets = targets, .x = x, .dy = dy };
  HlRandom random;

  test_set_params (&klass->base, params, text);
  reference.params = params;
  if (klass->class_weights && klass->class_weights (params) != HL_CLASS_WEIGHTS_EQUAL)
    reference.class_weights = class_weights;
  hl_random_init (&random, 3, HL_PURPOSE_TEST, 0);
  for (guint i = 0; i < G_N_ELEMENTS (y); i++)
    {
      y[i] = 2 * hl_random_normal (&random);
      x[i] = hl_random_normal (&random);
    }
  klass->reference (&reference);
  reference.dy = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (y); i++)
    {
      double keep = y[i], up, down;

      y[i] = keep + 1e-5;
      up = klass->reference (&reference);
      y[i] = keep - 1e-5;
      down = klass->reference (&reference);
      y[i] = keep;
      g_assert_cmpfloat (fabs ((up - down) / 2e-5 - dy[i]), <=, 1e-8);
    }
}

static void
test_reference (gconstpointer data)
{
  check_reference (data, NULL);
}

static void
test_reference_variant (gconstpointer data)
{
  const Variant *variant = data;

  check_reference (variant->loss, variant->params);
}

/* Outputs far beyond what exp can take, ties, infinities and not-a-numbers. */
static void
test_extremes (void)
{
  static const float rows[][3] = {
    { 1000, 0, 0 }, { 1000, 0, 0 }, { -1000, -1000, -1000 }, { 5, 5, 5 }, { NAN, 0, 0 }, { 0, NAN, 0 }, { 0, 0, INFINITY },
  };
  static const gint32 labels[] = { 0, 1, 0, 1, 0, 0, 0 };
  Bench bench;
  g_autofree float *y = NULL;
  g_autofree gint32 *targets = NULL;

  if (!bench_open (&bench, "cross_entropy", 3, G_N_ELEMENTS (labels), NULL))
    return;
  y = g_new0 (float, bench.length);
  targets = g_new (gint32, bench.capacity);
  memcpy (y, rows, sizeof rows);
  for (guint i = 0; i < bench.capacity; i++)
    targets[i] = i < G_N_ELEMENTS (labels) ? labels[i] : -1;
  bench_run (&bench, y, targets, TRUE);
  g_assert_cmpfloat (bench.per_sample[0], ==, 0);
  g_assert_cmpfloat (bench.per_sample[1], ==, 1000);
  g_assert_cmpfloat (fabs (bench.per_sample[2] - log (3)), <, 1e-6);
  g_assert_cmpfloat (fabs (bench.per_sample[3] - log (3)), <, 1e-6);
  for (guint i = 4; i < 7; i++)
    g_assert_false (isfinite (bench.per_sample[i]));
  /* Of equal outputs the first counts as the prediction. */
  g_assert_cmpfloat (bench.per_sample[bench.capacity + 2], ==, 1);
  g_assert_cmpfloat (bench.per_sample[bench.capacity + 3], ==, 0);
  g_assert_cmpfloat (bench.per_sample[2 * bench.capacity + 3], ==, 0);
  bench_close (&bench);
}

/* Checks a loss with these outputs; the error, if any, must say `message`. */
static void
check_shapes (const char *loss, const char *text, HlShape output, HlShape input, gboolean unit_input, const char *message)
{
  const HlLossClass *klass = hl_loss_class_find (loss);
  g_autofree void *params = hl_class_new_params (&klass->base);
  HlLossCheck check = { .output = &output, .input = &input, .n_classes = 10, .unit_input = unit_input };
  g_autoptr (GError) error = NULL;

  test_set_params (&klass->base, params, text);
  check.params = params;
  g_assert_cmpint (klass->check (&check, &error), ==, message == NULL);
  if (message == NULL)
    {
      g_assert_no_error (error);
      return;
    }
  g_assert_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS);
  if (strstr (error->message, message) == NULL)
    g_error ("%s: “%s” does not say “%s”", loss, error->message, message);
}

static void
test_check (gconstpointer data)
{
  const char *loss = data;
  HlShape picture = HL_SHAPE_3 (1, 28, 28);

  check_shapes (loss, NULL, HL_SHAPE_1 (10), picture, TRUE, NULL);
  check_shapes (loss, NULL, HL_SHAPE_1 (7), picture, TRUE, "network has 7 outputs, but the data has 10 classes");
  check_shapes (loss, NULL, HL_SHAPE_3 (10, 2, 2), picture, TRUE, "10×2×2");
}

static void
test_check_input (void)
{
  HlShape picture = HL_SHAPE_3 (1, 28, 28);

  check_shapes ("mean_squared", "target=input", picture, picture, FALSE, NULL);
  check_shapes ("mean_squared", "target=input", HL_SHAPE_1 (784), picture, FALSE, NULL);
  check_shapes ("huber", "target=input", HL_SHAPE_1 (10), picture, FALSE, "shape 10, 10 numbers, and the input 1×28×28, 784");
  check_shapes ("mean_absolute", NULL, picture, picture, FALSE, "shape 1×28×28, as many numbers as its input 1×28×28");
  check_shapes ("mean_squared", "on=-1;off=1", HL_SHAPE_1 (10), picture, FALSE, "larger number for the right class");
  check_shapes ("binary_cross_entropy", "target=input", picture, picture, TRUE, NULL);
  check_shapes ("binary_cross_entropy", "target=input", picture, picture, FALSE, "between 0 and 1");
}

/* What a loss's outputs say of the classes, for numbers whose softmax and sigmoid are simple fractions. */
static void
check_answer (const char *loss, const char *params, const char *layer, float a, float b)
{
  const float y[2] = { 0, (float) log (3) };
  g_autoptr (HlChoice) choice = hl_choice_new (hl_loss_class_find_base (loss));
  HlPlanStep output = { .klass = hl_layer_class_find (layer) };
  float answer[2];

  test_set_params (choice->klass, choice->params, params);
  hl_loss_get_answer (choice, &output, y, 2, answer);
  g_assert_cmpfloat_with_epsilon (answer[0], a, 1e-6);
  g_assert_cmpfloat_with_epsilon (answer[1], b, 1e-6);
}

static void
test_answer (void)
{
  check_answer ("cross_entropy", NULL, "linear", 0.25, 0.75);
  check_answer ("cross_entropy", NULL, "softmax", 0, (float) log (3));
  check_answer ("multi_margin", NULL, "linear", 0.25, 0.75);
  check_answer ("binary_cross_entropy", NULL, "linear", 0.5, 0.75);
  check_answer ("mean_squared", NULL, "sigmoid", 0, 1);
  check_answer ("mean_squared", "on=1;off=-1", "tanh", 0.5, 1);
  check_answer ("huber", "on=2", "linear", 0, (float) log (3) / 2);
  check_answer ("mean_absolute", "on=4", "linear", 0, (float) log (3) / 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (const HlLossClass *const *k = hl_loss_classes (); *k; k++)
    {
      const char *name = (*k)->base.name;
      g_autofree char *device = g_strdup_printf ("/losses/%s/device", name);
      g_autofree char *reference = g_strdup_printf ("/losses/%s/reference", name);
      g_autofree char *check = g_strdup_printf ("/losses/%s/check", name);

      g_test_add_data_func (device, name, test_random);
      g_test_add_data_func (reference, name, test_reference);
      g_test_add_data_func (check, name, test_check);
    }
  for (guint i = 0; i < G_N_ELEMENTS (variants); i++)
    {
      g_autofree char *device = g_strdup_printf ("/losses/%s/%s/device", variants[i].loss, variants[i].params);
      g_autofree char *reference = g_strdup_printf ("/losses/%s/%s/reference", variants[i].loss, variants[i].params);

      g_test_add_data_func (device, &variants[i], test_variant);
      g_test_add_data_func (reference, &variants[i], test_reference_variant);
    }
  g_test_add_func ("/losses/one-class", test_one_class);
  g_test_add_func ("/losses/check-input", test_check_input);
  g_test_add_func ("/losses/extremes", test_extremes);
  g_test_add_func ("/losses/answer", test_answer);
  return g_test_run ();
}
