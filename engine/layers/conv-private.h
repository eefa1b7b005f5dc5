/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution and its transpose over one or two axes, between their files: conv1d.c, conv2d.c, conv_transpose1d.c and
 * conv_transpose2d.c are tables of parameters; conv-plan.c and conv-transpose.c say what is computed, conv-layout.c how it
 * is cut, conv-run.c and conv-transpose-run.c run it. A signal of one axis is an image of one row. */
#pragma once

#include "engine/graph/layer.h"

G_BEGIN_DECLS

typedef enum { CONV_ZEROS, CONV_REFLECT, CONV_REPLICATE, CONV_CONSTANT } ConvPadding;
typedef enum { CONV_PRESET_NONE, CONV_PRESET_HALF, CONV_PRESET_FULL, CONV_PRESET_SAME } ConvPreset;
typedef enum { CONV_BIAS_NONE, CONV_BIAS_CHANNEL, CONV_BIAS_POSITION } ConvBias;
typedef enum { CONV_TABLE_NONE, CONV_TABLE_LENET5_C3, CONV_TABLE_LECUN1989_H2 } ConvTable;

/* What a convolution is, whatever its parameters are called. */
typedef struct
{
  guint n_axes;                                   /* 1: signals, 2: images; what weights and operators have */
  int filters;
  int size_y, size_x, stride_y, stride_x, dilation_y, dilation_x;
  int pad_top, pad_left, pad_bottom, pad_right;
  int groups;
  int bias, padding_mode, table;                  /* ConvBias, ConvPadding, ConvTable */
  double padding_value;                           /* CONV_CONSTANT */
  int output_padding_y, output_padding_x;         /* transposed only: rows and columns added after the image */
} Conv;

/* Where things lie in the workspace, in floats, and in how many pieces the work comes. */
typedef struct
{
  HlValue padded;          /* shape of x with its border written out; n_dims 0 with zeros as padding */
  HlValue unpooled;        /* gradient of the convolution's own output; n_dims 0 when nothing is pooled */
  HlBorder u_border;       /* zeros that the kernel of dx wants around that gradient */
  gboolean dx_whole_row;
  gboolean unpool_in_dw;   /* nobody wants dx: the kernel of dw reads the pooled gradient */
  guint tile_filters, tile_y, tile_x;                     /* forward */
  guint tile_channels, tile_columns;                      /* dx */
  guint weight_filters, weight_channels, weight_taps;     /* dw */
  guint tap_rows, strip_rows, n_dw_tiles, parts;
  gsize padded_first, padded_gradient_first, unpooled_first, parts_first, masked_first, n_workspace;
} ConvLayout;

/* ---- Cutting ---- */

/* n / piece, rounded up. */
guint    hl_conv_pieces       (guint n, guint piece);
/* Channels, rows and columns of a signal or an image. */
HlShape  hl_conv_image        (const HlShape *shape);
guint64  hl_conv_count_weights (const Conv *conv, guint channels);
/* x and y: images before and after; pool: fused, or NULL. has_dx: FALSE when it is known that nobody wants dx. */
void     hl_conv_get_layout   (const Conv *conv, const HlShape *x, const HlShape *y, const HlWindow *pool, guint capacity,
                               guint lanes, guint compute_units, gboolean training, gboolean has_dx, ConvLayout *layout);
/* Adds a row or column to a border whose planes would otherwise lie at distances that share cache sets. */
void     hl_conv_spread       (const HlShape *shape, HlBorder *border);
/* Makes the layout's parts fewer until they fit into the workspace that there is. */
void     hl_conv_fit_parts    (const HlLayerCall *call, guint64 n_weights, ConvLayout *layout);

/* ---- Kernels, of conv2d.cl and conv2d_backward.cl ---- */

typedef enum { CONV_DX, CONV_DW, CONV_DB, CONV_N_KINDS } ConvKind;

void      hl_conv_append     (GString *defines, const char *name, int value);
/* The sizes that all kernels know; x: where the convolution reads, its padding included when `padded`. */
GString  *hl_conv_defines    (const Conv *conv, const HlValue *x, gboolean padded) G_GNUC_WARN_UNUSED_RESULT;
HlKernel *hl_conv_add_forward (HlLayerCall *call, const Conv *conv, const ConvLayout *layout, const HlValue *x, const HlValue *y,
                               const HlEpilogue *epilogue, gboolean accumulate);
void      hl_conv_append_dx  (GString *defines, const Conv *conv, const ConvLayout *layout, const HlValue *dx);
void      hl_conv_append_dw  (GString *defines, const Conv *conv, const ConvLayout *layout, guint channels);
HlKernel *hl_conv_add_sum    (HlLayerCall *call, const ConvLayout *layout, guint64 n_weights);
gsize     hl_conv_count_forward_items (const Conv *conv, const ConvLayout *layout, const HlShape *y, guint n_blocks);
guint     hl_conv_count_dx_items      (const Conv *conv, const ConvLayout *layout, const HlShape *x, guint n_blocks);

/* ---- Convolution ---- */

/* What is added before and after along one axis; padding: with CONV_PRESET_NONE. */
void     hl_conv_find_padding (int preset, int padding, int size, int dilation, int *before, int *after);
gboolean hl_conv_plan        (const Conv *conv, const HlPlanOptions *options, const HlShape *input, HlLayerPlan *plan,
                              GError **error);
gboolean hl_conv_fuse        (const Conv *conv, const HlPlanOptions *options, HlLayerPlan *plan, const HlLayerClass *next,
                              const void *next_params, const HlLayerPlan *next_plan);
void     hl_conv_reference   (const Conv *conv, const HlLayerReference *call);
gboolean hl_conv_lower       (const Conv *conv, const HlLayerPlan *plan, HlOpList *ops);
char    *hl_conv_describe    (const Conv *conv) G_GNUC_WARN_UNUSED_RESULT;
gboolean hl_conv_prepare     (const Conv *conv, HlLayerCall *call);
gboolean hl_conv_forward     (const HlLayerCall *call, GError **error);
gboolean hl_conv_backward    (const HlLayerCall *call, GError **error);

/* ---- Transposed convolution: filters are the channels of its output ---- */

gboolean hl_conv_transpose_plan      (const Conv *conv, const HlPlanOptions *options, const HlShape *input, HlLayerPlan *plan,
                                      GError **error);
gboolean hl_conv_transpose_fuse      (HlLayerPlan *plan, const HlLayerClass *next, const void *next_params);
void     hl_conv_transpose_reference (const Conv *conv, const HlLayerReference *call);
gboolean hl_conv_transpose_lower     (const Conv *conv, const HlLayerPlan *plan, HlOpList *ops);
/* The convolution whose input's gradient it computes: from the output to the input, which has `channels`. */
Conv     hl_conv_transpose_adjoint   (const Conv *conv, guint channels);
gboolean hl_conv_transpose_prepare   (const Conv *conv, HlLayerCall *call);
gboolean hl_conv_transpose_forward   (const HlLayerCall *call, GError **error);
gboolean hl_conv_transpose_backward  (const HlLayerCall *call, GError **error);

/* ---- Connection tables ---- */

/* For each filter the channels that it sees, one bit each; NULL without a table. *n_filters and *n_channels: what the
 * table is made for. */
const guint32 *hl_conv_table_get (int table, guint *n_filters, guint *n_channels);

G_END_DECLS
