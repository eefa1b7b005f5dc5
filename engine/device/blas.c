/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Matrix products through CLBlast. The library is loaded when a device first uses it: its tables of tuning results take 5 MB in
 * every process that links it, and devices with kernels of our own never call it. */

#include "engine/device/cl.h"

#include <clblast_c.h>
#include <glib/gi18n.h>
#include <gmodule.h>

#include "engine/device/blas.h"

#define CLBLAST_LIBRARY "libclblast.so.1"

typedef struct
{
  __typeof__ (&CLBlastSgemm) sgemm;
  __typeof__ (&CLBlastSgemmStridedBatched) sgemm_strided_batched;
} Functions;

static gpointer
load_functions (gpointer unused)
{
  Functions *self = g_new0 (Functions, 1);
  GModule *module = g_module_open (CLBLAST_LIBRARY, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);

  if (module && g_module_symbol (module, "CLBlastSgemm", (gpointer *) &self->sgemm)
      && g_module_symbol (module, "CLBlastSgemmStridedBatched", (gpointer *) &self->sgemm_strided_batched))
    return self;
  g_free (self);
  return NULL;
}

/* NULL, with the error set, where the library is missing. */
static const Functions *
get_functions (GError **error)
{
  static GOnce once = G_ONCE_INIT;
  const Functions *self = g_once (&once, load_functions, NULL);

  if (!self)
    g_set_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_FAILED,
                 _("The library %s (CLBlast), which multiplies matrices on this device, cannot be loaded; install it, "
                   "or start the program with HILLOCK_GEMM=own"), CLBLAST_LIBRARY);
  return self;
}

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
  const Functions *functions;
  CLBlastStatusCode code;

  g_return_val_if_fail (a->type == HL_DTYPE_F32 && b->type == HL_DTYPE_F32 && c->type == HL_DTYPE_F32, FALSE);
  if (m == 0 || n == 0 || count == 0)
    return TRUE;
  functions = get_functions (error);
  if (!functions)
    return FALSE;
  if (hl_fault_hit ())
    code = (CLBlastStatusCode) CL_OUT_OF_RESOURCES;
  else if (count == 1)
    code = functions->sgemm (CLBlastLayoutRowMajor, op_a, op_b, m, n, k, alpha, a->buffer, a->first, lda, b->buffer,
                         b->first, ldb, beta, c->buffer, c->first, ldc, &device->queue, NULL);
  else
    code = functions->sgemm_strided_batched (CLBlastLayoutRowMajor, op_a, op_b, m, n, k, alpha, a->buffer, a->first, lda,
                                       stride_a, b->buffer, b->first, ldb, stride_b, beta, c->buffer, c->first, ldc,
                                       stride_c, count, &device->queue, NULL);
  if (code != CLBlastSuccess)
    return hl_set_cl_error (error, (int) code,
                            _("CLBlast cannot multiply %zu×%zu by %zu×%zu on the device “%s”"),
                            m, k, k, n, device->info->name);
  return TRUE;
}
