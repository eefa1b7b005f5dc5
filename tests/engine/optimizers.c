/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Optimizers on the device against their definitions in double, over several steps and parameter sets. (That the
 * definitions are PyTorch's is the business of the golden test.) */

#include "engine/train/classes.h"
#include "engine/train/gradient.h"

#include <math.h>
#include <string.h>

#define N 4160   /* not a whole number of chunks on any device */
#define N_STEPS 6

typedef struct
{
  const char *optimizer, *params;
} Case;

static const Case cases[] = {
  { "sgd", "learning_rate=0.1" },
  { "sgd", "learning_rate=0.1;momentum=0.9" },
  { "sgd", "learning_rate=0.05;momentum=0.8;dampening=0.3;weight_decay=0.01" },
  { "sgd", "learning_rate=0.05;momentum=0.9;nesterov=1;weight_decay=0.001" },
  { "sgd", "learning_rate=0.05;weight_decay=0.1" },
  { "adam", "" },
  { "adam", "learning_rate=0.01;beta1=0.8;beta2=0.95;epsilon=0.001;weight_decay=0.05" },
  { "adam", "beta1=0;beta2=0" },
  { "adamw", "" },
  { "adamw", "learning_rate=0.01;beta1=0.8;beta2=0.95;weight_decay=0.3" },
  { "rmsprop", "" },
  { "rmsprop", "learning_rate=0.02;alpha=0.9;epsilon=0.001;momentum=0.8;weight_decay=0.05" },
  { "rmsprop", "learning_rate=0.005;alpha=0.7;epsilon=0.01;centered=1" },
  { "rmsprop", "alpha=0.8;epsilon=0.01;momentum=0.5;centered=1;weight_decay=0.1" },
  { "adagrad", "" },
  { "adagrad", "learning_rate=0.1;lr_decay=0.1;initial_accumulator_value=0.5;epsilon=0.001;weight_decay=0.05" },
  { "adadelta", "" },
  { "adadelta", "learning_rate=0.5;rho=0.7;epsilon=0.001;weight_decay=0.05" },
};

static void
set_params (const HlClass *klass, void *params, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);

  for (guint i = 0; parts[i] && *parts[i]; i++)
    {
      char *equals = strchr (parts[i], '=');
      const HlParam *param;

      *equals = 0;
      param = hl_class_find_param (klass, parts[i]);
      g_assert_nonnull (param);
      hl_param_set (param, params, g_ascii_strtod (equals + 1, NULL));
    }
}

typedef struct
{
  double w[N], g[N], slot[3][N];
  float w32[N], g32[N], slot32[N];
} Numbers;

/* Relative to the largest value of the array. */
static void
compare (const float *got, const double *expected, const char *what)
{
  double largest = 0, worst = 0;

  for (guint i = 0; i < N; i++)
    {
      largest = fmax (largest, fabs (expected[i]));
      worst = fmax (worst, fabs (got[i] - expected[i]));
    }
  if (!(worst <= 1e-6 * largest))
    g_error ("%s differs by %g of %g", what, worst, largest);
}

static void
run_case (HlDevice *device, const Case *test)
{
  const HlOptimizerClass *klass = hl_optimizer_class_find (test->optimizer);
  g_autofree void *params = hl_class_new_params (&klass->base);
  g_autofree Numbers *numbers = g_new0 (Numbers, 1);
  g_autoptr (HlKernelSet) kernels = hl_kernel_set_new (device);
  g_autoptr (GError) error = NULL;
  HlOptimizerCall call = { .device = device, .kernels = kernels, .params = params, .n = N };
  double *slots[3] = { numbers->slot[0], numbers->slot[1], numbers->slot[2] };
  guint n_slots;
  HlRandom random;

  set_params (&klass->base, params, test->params);
  n_slots = klass->slots_per_weight (params);
  hl_random_init (&random, 7, HL_PURPOSE_TEST, 0);
  for (guint i = 0; i < N; i++)
    numbers->w[i] = numbers->w32[i] = (float) hl_random_normal (&random);
  call.weights = hl_tensor_new (device, HL_DTYPE_F32, N, &error);
  call.gradients = hl_tensor_new (device, HL_DTYPE_F32, N, &error);
  for (guint k = 0; k < n_slots; k++)
    call.slots[k] = hl_tensor_new (device, HL_DTYPE_F32, N, &error);
  g_assert_no_error (error);
  hl_tensor_write (call.weights, 0, N, numbers->w32, &error);
  g_assert_true (klass->prepare (&call, &error));
  hl_kernel_set_build (kernels, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint step = 1; step <= N_STEPS; step++)
    {
      call.step = step;
      call.rate_factor = 1.0 / step;
      for (guint i = 0; i < N; i++)
        numbers->g[i] = numbers->g32[i] = i % 100 == 7 ? 0 : (float) (hl_random_normal (&random) * pow (10, i % 5 - 3.0));
      hl_tensor_write (call.gradients, 0, N, numbers->g32, &error);
      klass->step (&call, &error);
      g_assert_no_error (error);
      klass->reference (params, step, call.rate_factor, N, numbers->w, numbers->g, slots);
    }
  hl_tensor_read (call.weights, 0, N, numbers->w32, &error);
  g_assert_no_error (error);
  compare (numbers->w32, numbers->w, "The weight");
  for (guint k = 0; k < n_slots; k++)
    {
      hl_tensor_read (call.slots[k], 0, N, numbers->slot32, &error);
      compare (numbers->slot32, numbers->slot[k], klass->slot_names (params)[k]);
      hl_tensor_unref (call.slots[k]);
    }
  hl_tensor_unref (call.weights);
  hl_tensor_unref (call.gradients);
}

static HlDevice *
open_device (void)
{
  g_autoptr (GError) error = NULL;
  HlDevice *device = hl_device_open (NULL, &error);

  if (device == NULL && g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    g_test_skip (error->message);
  else
    g_assert_no_error (error);
  return device;
}

static void
test_case (gconstpointer data)
{
  g_autoptr (HlDevice) device = open_device ();

  if (device)
    run_case (device, data);
}

/* ---- Penalties and clipping ---- */

static const HlGradientParams gradients[] = {
  { .l1 = 0.1 },
  { .l2 = 0.3, .clip_value = 0.5 },
  { .clip_norm = 3 },
  { .clip_norm = 1e6 },
  { .l1 = 0.01, .l2 = 0.1, .clip_value = 1, .clip_norm = 10 },
};

static void
run_gradient (HlDevice *device, const HlGradientParams *params)
{
  g_autofree Numbers *numbers = g_new0 (Numbers, 1);
  g_autoptr (HlKernelSet) kernels = hl_kernel_set_new (device);
  g_autoptr (GError) error = NULL;
  g_autoptr (HlTensor) weights = hl_tensor_new (device, HL_DTYPE_F32, N, &error);
  g_autoptr (HlTensor) gradient = hl_tensor_new (device, HL_DTYPE_F32, N, &error);
  g_autoptr (HlGradientStep) step = hl_gradient_step_new (kernels, params, weights, gradient, N, &error);
  HlRandom random;

  g_assert_no_error (error);
  hl_kernel_set_build (kernels, NULL, NULL, &error);
  g_assert_no_error (error);
  hl_random_init (&random, 9, HL_PURPOSE_TEST, 0);
  for (guint i = 0; i < N; i++)
    {
      numbers->w[i] = numbers->w32[i] = i % 50 == 3 ? 0 : (float) hl_random_normal (&random);
      numbers->g[i] = numbers->g32[i] = (float) hl_random_normal (&random);
    }
  hl_tensor_write (weights, 0, N, numbers->w32, &error);
  hl_tensor_write (gradient, 0, N, numbers->g32, &error);
  g_assert_true (hl_gradient_step_run (step, &error));
  hl_tensor_read (gradient, 0, N, numbers->g32, &error);
  g_assert_no_error (error);
  hl_gradient_reference (params, N, numbers->w, numbers->g);
  compare (numbers->g32, numbers->g, "The gradient");
  /* A number that is none must be seen by the optimizer, and through it by the loss. */
  numbers->g32[17] = NAN;
  hl_tensor_write (gradient, 0, N, numbers->g32, &error);
  g_assert_true (hl_gradient_step_run (step, &error));
  hl_tensor_read (gradient, 0, N, numbers->g32, &error);
  g_assert_no_error (error);
  g_assert_true (isnan (numbers->g32[17]));
}

static void
test_gradient (gconstpointer data)
{
  g_autoptr (HlDevice) device = open_device ();

  if (device)
    run_gradient (device, data);
}

static void
test_nesterov (void)
{
  static const char *const wrong[] = { "nesterov=1", "nesterov=1;momentum=0.9;dampening=0.1" };
  g_autoptr (HlDevice) device = open_device ();
  g_autoptr (HlKernelSet) kernels = device ? hl_kernel_set_new (device) : NULL;
  const HlOptimizerClass *klass = hl_optimizer_class_find ("sgd");

  for (guint i = 0; device && i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree void *params = hl_class_new_params (&klass->base);
      HlOptimizerCall call = { .device = device, .kernels = kernels, .params = params, .n = N };
      g_autoptr (GError) error = NULL;

      set_params (&klass->base, params, wrong[i]);
      g_assert_false (klass->prepare (&call, &error));
      g_assert_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS);
    }
}

/* Every optimizer: a learning rate, and as many slot names as it may ask for. */
static void
test_contract (void)
{
  for (const HlOptimizerClass *const *k = hl_optimizer_classes (); *k; k++)
    {
      g_autofree void *params = hl_class_new_params (&(*k)->base);
      guint n_names = g_strv_length ((GStrv) (*k)->slot_names (params));

      g_assert_nonnull (hl_class_find_param (&(*k)->base, "learning_rate"));
      g_assert_cmpuint ((*k)->slots_per_weight (params), <=, n_names);
      g_assert_cmpuint (n_names, <=, 3);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/optimizers/%s/%u", cases[i].optimizer, i);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  for (guint i = 0; i < G_N_ELEMENTS (gradients); i++)
    {
      g_autofree char *path = g_strdup_printf ("/optimizers/gradient/%u", i);

      g_test_add_data_func (path, &gradients[i], test_gradient);
    }
  g_test_add_func ("/optimizers/nesterov", test_nesterov);
  g_test_add_func ("/optimizers/contract", test_contract);
  return g_test_run ();
}
