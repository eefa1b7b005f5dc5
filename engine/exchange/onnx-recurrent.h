/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to the import of ONNX models: a recurrent node as onnx-recurrent.c reads it and, where the recurrent layers lack
 * something of it, onnx-steps.c lays it out in single steps. */
#pragma once

#include "engine/exchange/onnx-import.h"

G_BEGIN_DECLS

typedef struct
{
  const char *layer;
  guint gates, n_activations;
  guint order[4];            /* where PyTorch's gates lie in ONNX's tensors */
} HlOnnxCell;

typedef struct
{
  const HlOnnxCell *cell;
  guint64 hidden, directions, features, times;
  gboolean reverse;                     /* of one direction: it reads from the end */
  gboolean batch_first;
  gboolean reset_after;                 /* the GRU's linear_before_reset */
  const char *activation[2][3];         /* layers, by direction */
  const HlOnnxTensor *w, *r, *b;        /* b may be NULL */
  /* NULL where there is none, or none that changes anything. */
  const HlOnnxTensor *lengths, *h, *c, *peepholes;
} HlOnnxNet;

/* x: the node's input. What the node puts out, in ONNX's axes; what is not wanted may be NULL. */
gboolean hl_onnx_emit_steps (HlOnnxImport *self, const HlOnnxNet *net, HlOnnxValue *x, HlOnnxValue **all, HlOnnxValue **last, HlOnnxValue **cells,
                             GError **error);

G_END_DECLS
