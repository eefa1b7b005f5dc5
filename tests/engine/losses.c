/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Losses on the device against their definitions in double: values, gradients, predictions, short batches, large
 * numbers, not-a-numbers, and the check of outputs against classes. */

#include "engine/graph/executor.h"
#include "engine/train/classes.h"

#include <math.h>
#include <string.h>

typedef struct
{
  HlDevice *device;
  HlKernelSet *kernels;
  HlValue y, dy;
  HlLossCall call;
  const HlLossClass *klass;
  guint n, capacity;
  gsize length;
  float *per_sample, *gradient;   /* plain order; results */
} Bench;

static gboolean
bench_open (Bench *self, const char *loss, guint n, guint batch)
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
  self->kernels = hl_kernel_set_new (self->device);
  self->n = n;
  self->capacity = (batch + lanes - 1) / lanes * lanes;
  self->length = (gsize) self->capacity * n;
  self->y = (HlValue) { .shape = HL_SHAPE_1 (n) };
  self->dy = self->y;
  self->y.tensor = hl_tensor_new (self->device, HL_DTYPE_F32, self->length, &error);
  self->dy.tensor = hl_tensor_new (self->device, HL_DTYPE_F32, self->length, &error);
  self->call = (HlLossCall) {
    .device = self->device, .kernels = self->kernels, .y = &self->y, .dy = &self->dy, .capacity = self->capacity,
    .batch = batch, .lanes = lanes, .n_blocks = self->capacity / lanes,
    .targets = hl_tensor_new (self->device, HL_DTYPE_I32, self->capacity, &error),
    .per_sample = hl_tensor_new (self->device, HL_DTYPE_F32, self->capacity * HL_LOSS_PLANES, &error),
  };
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
  hl_tensor_unref (self->call.targets);
  hl_tensor_unref (self->call.per_sample);
  hl_kernel_set_free (self->kernels);
  hl_device_unref (self->device);
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

static void
check_random (const char *loss, guint n, guint batch, double scale)
{
  Bench bench;
  g_autofree float *y = NULL;
  g_autofree double *wide = NULL, *gradient = NULL;
  g_autofree gint32 *targets = NULL;
  double expected, mean = 0, largest = 0;
  HlRandom random;

  if (!bench_open (&bench, loss, n, batch))
    return;
  y = g_new (float, bench.length);
  wide = g_new (double, bench.length);
  gradient = g_new (double, bench.length);
  targets = g_new (gint32, bench.capacity);
  hl_random_init (&random, n, HL_PURPOSE_TEST, batch);
  for (gsize i = 0; i < bench.length; i++)
    wide[i] = y[i] = i < (gsize) batch * n ? (float) (scale * hl_random_normal (&random)) : (i % 2 ? 1e30f : -1e30f);
  for (guint i = 0; i < bench.capacity; i++)
    targets[i] = i < batch ? (gint32) hl_random_below (&random, n) : -1;
  expected = bench.klass->reference (NULL, batch, n, wide, targets, gradient);
  bench_run (&bench, y, targets, TRUE);
  for (guint i = 0; i < bench.capacity; i++)
    {
      const float *sample = y + (gsize) i * n;
      guint best = 0;

      for (guint c = 1; c < n; c++)
        if (sample[c] > sample[best])
          best = c;
      mean += bench.per_sample[i];
      g_assert_cmpfloat (bench.per_sample[bench.capacity + i], ==, i < batch && best == (guint) targets[i]);
      g_assert_cmpfloat (bench.per_sample[2 * bench.capacity + i], ==, i < batch ? best : 0);
      if (i >= batch)
        g_assert_cmpfloat (bench.per_sample[i], ==, 0);
    }
  g_assert_cmpfloat (fabs (mean / batch - expected), <=, 1e-6 * fabs (expected));
  for (gsize i = 0; i < (gsize) batch * n; i++)
    largest = fmax (largest, fabs (gradient[i]));
  for (gsize i = 0; i < bench.length; i++)
    if (i < (gsize) batch * n)
      g_assert_cmpfloat (fabs (bench.gradient[i] - gradient[i]), <=, 1e-6 * largest);
    else
      g_assert_cmpfloat (bench.gradient[i], ==, 0);
  /* Without the gradient: the same loss, and nothing written into dy. */
  bench_run (&bench, y, targets, FALSE);
  for (guint i = 0; i < batch; i++)
    mean -= bench.per_sample[i];
  g_assert_cmpfloat (fabs (mean), <=, 1e-6 * expected * batch);
  g_assert_cmpfloat (bench.gradient[0], ==, 12345);
  bench_close (&bench);
}

static void
test_random (gconstpointer data)
{
  const char *loss = data;

  check_random (loss, 10, 64, 3);
  check_random (loss, 10, 1, 1);
  check_random (loss, 1, 5, 1);
  check_random (loss, 7, 33, 0.01);
  check_random (loss, 100, 37, 30);
}

/* Finite differences of the definition itself. */
static void
test_reference (gconstpointer data)
{
  const HlLossClass *klass = hl_loss_class_find (data);
  double y[4 * 5], dy[4 * 5];
  const gint32 targets[4] = { 0, 4, 2, 2 };
  HlRandom random;

  hl_random_init (&random, 3, HL_PURPOSE_TEST, 0);
  for (guint i = 0; i < G_N_ELEMENTS (y); i++)
    y[i] = 2 * hl_random_normal (&random);
  klass->reference (NULL, 4, 5, y, targets, dy);
  for (guint i = 0; i < G_N_ELEMENTS (y); i++)
    {
      double keep = y[i], up, down;

      y[i] = keep + 1e-5;
      up = klass->reference (NULL, 4, 5, y, targets, NULL);
      y[i] = keep - 1e-5;
      down = klass->reference (NULL, 4, 5, y, targets, NULL);
      y[i] = keep;
      g_assert_cmpfloat (fabs ((up - down) / 2e-5 - dy[i]), <=, 1e-8);
    }
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

  if (!bench_open (&bench, "cross_entropy", 3, G_N_ELEMENTS (labels)))
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

static void
test_check (gconstpointer data)
{
  const HlLossClass *klass = hl_loss_class_find (data);
  g_autoptr (GError) error = NULL;

  g_assert_true (klass->check (NULL, &HL_SHAPE_1 (10), 10, &error));
  g_assert_no_error (error);
  g_assert_false (klass->check (NULL, &HL_SHAPE_1 (7), 10, &error));
  g_assert_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "network has 7 outputs, but the data has 10 classes"));
  g_clear_error (&error);
  g_assert_false (klass->check (NULL, &HL_SHAPE_3 (10, 2, 2), 10, &error));
  g_assert_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "10×2×2"));
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
  g_test_add_func ("/losses/extremes", test_extremes);
  return g_test_run ();
}
