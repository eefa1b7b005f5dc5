/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What losses of one class label per sample share: kernels, running them, and the check that outputs and classes
 * agree. */
#pragma once

#include "engine/train/classes.h"

G_BEGIN_DECLS

/* Requests kernel `name` of loss.cl: kernel[0] without and, when dy is there, kernel[1] with the gradient. */
gboolean hl_class_loss_prepare (HlLossCall *call, const char *name);
gboolean hl_class_loss_run     (const HlLossCall *call, GError **error);
gboolean hl_class_loss_check   (const void *params, const HlShape *output, guint n_classes, GError **error);

G_END_DECLS
