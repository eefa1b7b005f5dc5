/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the kinds of dropout share: how a probability becomes numbers, which kernels/dropout.cl and every reference use, and
 * all of a layer but whether single elements or whole channels go. */
#pragma once

#include "engine/graph/layer.h"

#include <math.h>

G_BEGIN_DECLS

typedef struct
{
  double p;
} HlDropout;

gboolean hl_dropout_plan      (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
                               HlLayerPlan *plan, GError **error);
gboolean hl_dropout_prepare   (gboolean channels, HlLayerCall *call, GError **error);
gboolean hl_dropout_forward   (const HlLayerCall *call, GError **error);
gboolean hl_dropout_backward  (const HlLayerCall *call, GError **error);
void     hl_dropout_reference (gboolean channels, const HlLayerReference *call);
char    *hl_dropout_describe  (const void *params) G_GNUC_WARN_UNUSED_RESULT;

/* A random word below this drops its element. */
static inline guint32
hl_dropout_threshold (double p)
{
  return (guint32) MIN (floor (p * 4294967296.0), 4294967295.0);
}

static inline double
hl_dropout_scale (double p)
{
  return p < 1 ? 1 / (1 - p) : 0;
}

G_END_DECLS
