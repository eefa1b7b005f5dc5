/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Matrix products of CLBlast against plain C loops: every transposition, odd sizes, slices, several at a time. */

#include <math.h>

#include "engine/base/random.h"
#include "engine/device/blas.h"

typedef struct
{
  gboolean transpose_a, transpose_b;
  gsize m, n, k, count;
  gboolean same_b;
  float alpha, beta;
} Case;

static const Case cases[] = {
  { FALSE, FALSE, 5, 7, 3, 1, FALSE, 1, 0 },
  { TRUE, FALSE, 33, 17, 65, 1, FALSE, 1, 0 },
  { FALSE, TRUE, 64, 120, 400, 1, FALSE, 1, 1 },
  { TRUE, TRUE, 10, 84, 64, 1, FALSE, -0.5f, 2 },
  { FALSE, FALSE, 6, 100, 25, 3, FALSE, 1, 0 },
  { TRUE, FALSE, 1, 1, 1, 2, FALSE, 3, 0.5f },
  { FALSE, TRUE, 9, 16, 12, 4, TRUE, 1, 0 },
};

static void
fill (float *values, gsize n, guint epoch)
{
  HlRandom random;

  hl_random_init (&random, 3, HL_PURPOSE_TEST, epoch);
  for (gsize i = 0; i < n; i++)
    values[i] = (float) (2 * hl_random_uniform (&random) - 1);
}

/* Rows of every matrix are two elements further apart than they are long, and each tensor is a slice. */
static void
run_case (HlDevice *device, const Case *test)
{
  g_autoptr (GError) error = NULL;
  gsize m = test->m, n = test->n, k = test->k;
  gsize a_rows = test->transpose_a ? k : m, lda = (test->transpose_a ? m : k) + 2;
  gsize b_rows = test->transpose_b ? n : k, ldb = (test->transpose_b ? k : n) + 2, ldc = n + 2;
  gsize stride_a = a_rows * lda, stride_b = test->same_b ? 0 : b_rows * ldb, stride_c = m * ldc;
  gsize size_a = stride_a * test->count, size_b = b_rows * ldb * test->count, size_c = stride_c * test->count;
  g_autofree float *a = g_new (float, size_a), *b = g_new (float, size_b), *c = g_new (float, size_c), *y = g_new (float, size_c);
  g_autoptr (HlTensor) whole = hl_tensor_new (device, HL_DTYPE_F32, 64 + size_a + size_b + size_c, &error);
  g_autoptr (HlTensor) ta = NULL, tb = NULL, tc = NULL;

  g_assert_no_error (error);
  fill (a, size_a, 0);
  fill (b, size_b, 1);
  fill (c, size_c, 2);
  ta = hl_tensor_new_slice (whole, 64, size_a);
  tb = hl_tensor_new_slice (whole, 64 + size_a, size_b);
  tc = hl_tensor_new_slice (whole, 64 + size_a + size_b, size_c);
  g_assert_true (hl_tensor_write (ta, 0, size_a, a, &error));
  g_assert_true (hl_tensor_write (tb, 0, size_b, b, &error));
  g_assert_true (hl_tensor_write (tc, 0, size_c, c, &error));
  hl_blas_gemm_strided (device, test->transpose_a, test->transpose_b, m, n, k, test->alpha, ta, lda, stride_a, tb, ldb,
                        stride_b, test->beta, tc, ldc, stride_c, test->count, &error);
  g_assert_no_error (error);
  g_assert_true (hl_tensor_read (tc, 0, size_c, y, &error));
  for (gsize q = 0; q < test->count; q++)
    for (gsize i = 0; i < m; i++)
      for (gsize j = 0; j < ldc; j++)
        {
          gsize at = q * stride_c + i * ldc + j;
          double sum = 0;

          if (j >= n)
            {
              g_assert_cmpfloat (y[at], ==, c[at]);
              continue;
            }
          for (gsize l = 0; l < k; l++)
            sum += (double) a[q * stride_a + (test->transpose_a ? l * lda + i : i * lda + l)]
                   * (double) b[q * stride_b + (test->transpose_b ? j * ldb + l : l * ldb + j)];
          sum = (double) test->alpha * sum + (double) test->beta * (double) c[at];
          g_assert_cmpfloat (fabs ((double) y[at] - sum), <=, 1e-5 * (1 + fabs (sum)));
        }
}

static void
test_gemm (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = hl_device_open (NULL, &error);

  if (g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    {
      g_test_skip (error->message);
      return;
    }
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    run_case (device, &cases[i]);
}

static void
test_choice (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = hl_device_open (NULL, &error);

  if (g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    {
      g_test_skip (error->message);
      return;
    }
  g_unsetenv ("HILLOCK_GEMM");
  g_assert_true (hl_blas_use_clblast (device) == (hl_device_get_info (device)->type == HL_DEVICE_GPU));
  g_setenv ("HILLOCK_GEMM", "clblast", TRUE);
  g_assert_true (hl_blas_use_clblast (device));
  g_setenv ("HILLOCK_GEMM", "own", TRUE);
  g_assert_false (hl_blas_use_clblast (device));
  g_unsetenv ("HILLOCK_GEMM");
}

int
main (int argc, char **argv)
{
  hl_device_init_environment ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/blas/choice", test_choice);
  g_test_add_func ("/blas/gemm", test_gemm);
  return g_test_run ();
}
