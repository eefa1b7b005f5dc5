/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution of volumes, between its two files: conv3d.c says what it is, conv3d-run.c runs it. */
#pragma once

#include "engine/graph/layer.h"

G_BEGIN_DECLS

typedef struct
{
  int filters;
  int size_z, size_y, size_x, stride_z, stride_y, stride_x;
  int preset;                            /* of padding: ConvPreset without "same" */
  int padding_z, padding_y, padding_x;   /* as set, or as hl_conv3d_get finds them */
  int dilation_z, dilation_y, dilation_x;
  int groups;
  gboolean bias;
} Conv3d;

/* The parameters with the numbers that a preset means. */
Conv3d   hl_conv3d_get       (const void *params);
/* Zeros that the kernel of dx wants beside the gradient of y. */
HlBorder hl_conv3d_dy_border (const Conv3d *conv, guint x_columns, guint y_columns);
gboolean hl_conv3d_prepare   (HlLayerCall *call, GError **error);
gboolean hl_conv3d_forward   (const HlLayerCall *call, GError **error);
gboolean hl_conv3d_backward  (const HlLayerCall *call, GError **error);

G_END_DECLS
