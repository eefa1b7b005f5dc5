/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The device self-test: a few kernels against plain C, so that a broken driver shows before a training does. */

#include <glib/gi18n.h>
#include <math.h>

#include "engine/base/random.h"
#include "engine/device/tensor.h"

#define N_VECTORS 300
#define N_SUMS 10

typedef struct
{
  HlDevice *device;
  guint lanes;
  gsize n;                  /* elements of x: N_VECTORS × lanes */
  float *x, *y;             /* host; y has room for 3 n */
  HlTensor *x_tensor, *y_tensor, *words;
  HlKernel *saxpy, *sum, *math, *philox;
  HlKernelSet *kernels;
} SelfTest;

static void
self_test_clear (SelfTest *self)
{
  g_clear_pointer (&self->x_tensor, hl_tensor_unref);
  g_clear_pointer (&self->y_tensor, hl_tensor_unref);
  g_clear_pointer (&self->words, hl_tensor_unref);
  g_clear_pointer (&self->kernels, hl_kernel_set_free);
  g_free (self->x);
  g_free (self->y);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SelfTest, self_test_clear)

static gboolean
set_difference (const SelfTest *self, const char *kernel, gsize i, double expected, double found, GError **error)
{
  g_set_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_FAILED,
               _("The device “%s” computes wrongly: element %zu of the kernel “%s” is %.9g instead of %.9g. Update "
                 "its driver or choose another device."),
               hl_device_get_info (self->device)->name, i, kernel, found, expected);
  return FALSE;
}

static gboolean
check_saxpy (SelfTest *self, GError **error)
{
  if (!hl_tensor_write (self->y_tensor, 0, self->n, self->x, error)
      || !hl_kernel_run (self->saxpy, N_VECTORS, error, HL_ARG_TENSOR (self->x_tensor), HL_ARG_TENSOR (self->y_tensor),
                         HL_ARG_FLOAT (2.5f), HL_ARG_INT (N_VECTORS))
      || !hl_tensor_read (self->y_tensor, 0, self->n, self->y, error))
    return FALSE;
  for (gsize i = 0; i < self->n; i++)
    {
      double expected = 3.5 * (double) self->x[i];

      if (!(fabs ((double) self->y[i] - expected) <= 1e-6 * fabs (expected)))
        return set_difference (self, "selftest_saxpy", i, expected, (double) self->y[i], error);
    }
  return TRUE;
}

static gboolean
check_sum (SelfTest *self, GError **error)
{
  gsize count = self->n / N_SUMS;

  if (!hl_kernel_run (self->sum, N_SUMS, error, HL_ARG_TENSOR (self->x_tensor), HL_ARG_TENSOR (self->y_tensor),
                      HL_ARG_INT (N_VECTORS / N_SUMS))
      || !hl_tensor_read (self->y_tensor, 0, N_SUMS, self->y, error))
    return FALSE;
  for (gsize i = 0; i < N_SUMS; i++)
    {
      double expected = 0, size = 0;

      for (gsize k = 0; k < count; k++)
        {
          expected += (double) self->x[i * count + k];
          size += fabs ((double) self->x[i * count + k]);
        }
      if (!(fabs ((double) self->y[i] - expected) <= 1e-5 * size))
        return set_difference (self, "selftest_sum", i, expected, (double) self->y[i], error);
    }
  return TRUE;
}

static gboolean
check_math (SelfTest *self, GError **error)
{
  if (!hl_kernel_run (self->math, N_VECTORS, error, HL_ARG_TENSOR (self->x_tensor), HL_ARG_TENSOR (self->y_tensor),
                      HL_ARG_INT (N_VECTORS))
      || !hl_tensor_read (self->y_tensor, 0, 3 * self->n, self->y, error))
    return FALSE;
  for (gsize i = 0; i < self->n; i++)
    {
      double x = (double) self->x[i];
      double expected[] = { exp (x), tanh (x), log (x * x + 1) };

      for (gsize k = 0; k < 3; k++)
        {
          double found = (double) self->y[k * self->n + i];

          if (!(fabs (found - expected[k]) <= 1e-6 + 1e-5 * fabs (expected[k])))
            return set_difference (self, "selftest_math", k * self->n + i, expected[k], found, error);
        }
    }
  return TRUE;
}

static gboolean
check_philox (SelfTest *self, GError **error)
{
  HlRandomKey key = { 0x0123456789abcdefu, HL_PURPOSE_TEST, 7 };
  g_autofree gint32 *words = g_new0 (gint32, 4 * self->lanes);

  if (!hl_kernel_run (self->philox, 1, error, HL_ARG_TENSOR (self->words), HL_ARG_UINT ((guint32) key.seed),
                      HL_ARG_UINT ((guint32) (key.seed >> 32)), HL_ARG_UINT (key.purpose), HL_ARG_UINT (key.epoch))
      || !hl_tensor_read (self->words, 0, 4 * self->lanes, words, error))
    return FALSE;
  for (guint i = 0; i < self->lanes; i++)
    {
      guint32 expected[4];

      hl_random_words (&key, i, expected);
      for (guint k = 0; k < 4; k++)
        if ((guint32) words[4 * i + k] != expected[k])
          return set_difference (self, "selftest_philox", 4 * i + k, expected[k], (guint32) words[4 * i + k], error);
    }
  return TRUE;
}

static gboolean
prepare (SelfTest *self, const HlProgress *progress, GError **error)
{
  HlRandom random;

  self->lanes = hl_device_get_info (self->device)->lanes;
  self->n = N_VECTORS * self->lanes;
  self->x = g_new0 (float, self->n);
  self->y = g_new0 (float, 3 * self->n);
  hl_random_init (&random, 1, HL_PURPOSE_TEST, 0);
  for (gsize i = 0; i < self->n; i++)
    self->x[i] = (float) (8 * hl_random_uniform (&random) - 4);
  self->kernels = hl_kernel_set_new (self->device);
  self->saxpy = hl_kernel_set_add (self->kernels, "selftest", "selftest_saxpy", NULL);
  self->sum = hl_kernel_set_add (self->kernels, "selftest", "selftest_sum", NULL);
  self->math = hl_kernel_set_add (self->kernels, "selftest", "selftest_math", NULL);
  self->philox = hl_kernel_set_add (self->kernels, "selftest", "selftest_philox", NULL);
  self->x_tensor = hl_tensor_new (self->device, HL_DTYPE_F32, self->n, error);
  if (!self->x_tensor)
    return FALSE;
  self->y_tensor = hl_tensor_new (self->device, HL_DTYPE_F32, 3 * self->n, error);
  if (!self->y_tensor)
    return FALSE;
  self->words = hl_tensor_new (self->device, HL_DTYPE_I32, 4 * self->lanes, error);
  if (!self->words)
    return FALSE;
  return hl_tensor_write (self->x_tensor, 0, self->n, self->x, error)
         && hl_kernel_set_build (self->kernels, progress, NULL, error);
}

gboolean
hl_device_self_test (HlDevice *device, const HlProgress *progress, GError **error)
{
  g_auto (SelfTest) self = { .device = device };

  return prepare (&self, progress, error) && check_saxpy (&self, error) && check_sum (&self, error)
         && check_math (&self, error) && check_philox (&self, error);
}
