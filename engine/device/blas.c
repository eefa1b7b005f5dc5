/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Matrix products through CLBlast. */

#include "engine/device/cl.h"

#include <clblast_c.h>

#include "engine/device/blas.h"

gboolean
hl_blas_use_clblast (const HlDevice *device)
{
  const char *forced = g_getenv ("HILLOCK_GEMM");

  if (g_strcmp0 (forced, "clblast") == 0)
    return TRUE;
  if (g_strcmp0 (forced, "own") == 0)
    return FALSE;
  return device->info->type == HL_DEVICE_GPU;
}

gboolean
hl_blas_gemm_strided (HlDevice *device, gboolean transpose_a, gboolean transpose_b, gsize m, gsize n, gsize k,
                      float alpha, const HlTensor *a, gsize lda, gsize stride_a, const HlTensor *b, gsize ldb,
                      gsize stride_b, float beta, HlTensor *c, gsize ldc, gsize stride_c, gsize count, GError **error)
{
  CLBlastTranspose op_a = transpose_a ? CLBlastTransposeYes : CLBlastTransposeNo;
  CLBlastTranspose op_b = transpose_b ? CLBlastTransposeYes : CLBlastTransposeNo;
  CLBlastStatusCode code;

  g_return_val_if_fail (a->type == HL_DTYPE_F32 && b->type == HL_DTYPE_F32 && c->type == HL_DTYPE_F32, FALSE);
  if (m == 0 || n == 0 || count == 0)
    return TRUE;
  if (hl_fault_hit ())
    code = (CLBlastStatusCode) CL_OUT_OF_RESOURCES;
  else if (count == 1)
    code = CLBlastSgemm (CLBlastLayoutRowMajor, op_a, op_b, m, n, k, alpha, a->buffer, a->first, lda, b->buffer,
                         b->first, ldb, beta, c->buffer, c->first, ldc, &device->queue, NULL);
  else
    code = CLBlastSgemmStridedBatched (CLBlastLayoutRowMajor, op_a, op_b, m, n, k, alpha, a->buffer, a->first, lda,
                                       stride_a, b->buffer, b->first, ldb, stride_b, beta, c->buffer, c->first, ldc,
                                       stride_c, count, &device->queue, NULL);
  if (code != CLBlastSuccess)
    return hl_set_cl_error (error, (int) code,
                            "CLBlast cannot multiply %" G_GSIZE_FORMAT "×%" G_GSIZE_FORMAT " by %" G_GSIZE_FORMAT
                            "×%" G_GSIZE_FORMAT " on the device “%s”", m, k, k, n, device->info->name);
  return TRUE;
}
