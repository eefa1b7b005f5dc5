/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Matrix products through CLBlast, the only file that calls it. Loaded when first needed. Row-major; enqueued on the device's
 * queue; worker thread only. Which of CLBlast and the engine's own kernels serves a device is decided
 * by hl_blas_use_clblast: GPUs CLBlast, CPUs own, HILLOCK_GEMM=clblast|own forces one. */
#pragma once

#include "engine/device/tensor.h"

G_BEGIN_DECLS

gboolean hl_blas_use_clblast (const HlDevice *device);

/* C[i] (m×n) = alpha · op(A[i]) (m×k) · op(B[i]) (k×n) + beta · C[i], for i in 0 .. count - 1.
 * X[i] starts stride_x elements after X[i-1] (0: the same matrix for each). ld in elements. */
gboolean hl_blas_gemm_strided (HlDevice *device, gboolean transpose_a, gboolean transpose_b,
                               gsize m, gsize n, gsize k, float alpha,
                               const HlTensor *a, gsize lda, gsize stride_a,
                               const HlTensor *b, gsize ldb, gsize stride_b, float beta,
                               HlTensor *c, gsize ldc, gsize stride_c, gsize count, GError **error);

G_END_DECLS
