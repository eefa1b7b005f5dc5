/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution, between its two files: conv2d.c says what it is, conv2d-run.c runs it. */
#pragma once

#include "engine/graph/layer.h"

G_BEGIN_DECLS

typedef enum { CONV2D_ZEROS, CONV2D_REFLECT, CONV2D_REPLICATE } Conv2dPadding;

typedef struct
{
  int filters;
  int size_y, size_x, stride_y, stride_x, padding_y, padding_x, dilation_y, dilation_x;
  int groups;
  gboolean bias;
  int padding_mode;
} Conv2d;

/* Where things lie in the workspace, in floats, and in how many pieces the work comes. */
typedef struct
{
  HlValue padded;          /* shape of x with its reflected or repeated border; n_dims 0 with zeros as padding */
  HlValue unpooled;        /* gradient of the convolution's own output; n_dims 0 when nothing is pooled */
  HlBorder u_border;       /* zeros that the kernel of dx wants around that gradient */
  gboolean dx_whole_row;
  gboolean unpool_in_dw;   /* nobody wants dx: the kernel of dw reads the pooled gradient */
  guint tile_filters, tile_y, tile_x;                     /* forward */
  guint tile_channels, tile_columns;                      /* dx */
  guint weight_filters, weight_channels, weight_taps;     /* dw */
  guint tap_rows, strip_rows, n_dw_tiles, parts;
  gsize padded_first, padded_gradient_first, unpooled_first, parts_first, n_workspace;
} Conv2dLayout;

/* has_dx: FALSE when it is known that nobody wants dx. */
void     hl_conv2d_get_layout (const Conv2d *conv, const HlShape *x, const HlLayerPlan *plan, guint capacity, guint lanes,
                               guint compute_units, gboolean training, gboolean has_dx, Conv2dLayout *layout);
/* Adds a row or column to a border whose planes would otherwise lie at distances that share cache sets. */
void     hl_conv2d_spread     (const HlShape *shape, HlBorder *border);
gboolean hl_conv2d_prepare    (HlLayerCall *call, GError **error);
gboolean hl_conv2d_forward    (const HlLayerCall *call, GError **error);
gboolean hl_conv2d_backward   (const HlLayerCall *call, GError **error);

G_END_DECLS
