/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What losses of one class label per sample share: kernels, running them, and the check that outputs and classes
 * agree. */
#pragma once

#include "engine/train/classes.h"

G_BEGIN_DECLS

/* Requests kernel `name` of loss.cl: kernel[0] without and, when dy is there, kernel[1] with the gradient; `extra` are
 * more defines ("MARGIN=1.0f;"), may be NULL. With class weights also what adds them up over a batch: kernel[2]. */
gboolean hl_class_loss_prepare (HlLossCall *call, const char *name, const char *extra);
gboolean hl_class_loss_run     (const HlLossCall *call, GError **error);
gboolean hl_class_loss_check   (const HlLossCheck *check, GError **error);
/* Softmax: the classes exclude each other. */
void     hl_class_loss_answer  (const void *params, const float *y, gsize n, float *answer);

G_END_DECLS
