/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution of volumes on the device: tiles and calls. */

#include "engine/layers/conv3d-private.h"

#include "engine/layers/conv-private.h"

enum { FORWARD, DX, DW, DB };

typedef struct
{
  guint tile_filters, tile_x;            /* forward */
  guint tile_channels, tile_columns;     /* dx */
  guint weight_filters, weight_channels, weight_taps, lines, n_dw;     /* dw */
} Tiles;

/* n cut into as few pieces of at most `most` as possible, all but the last of the same size. */
static guint
cut (guint n, guint most)
{
  return hl_conv_pieces (n, hl_conv_pieces (n, most));
}

/* How the gradient of the weights is cut. One item takes all rows of taps when there are few and yet enough items. */
static void
choose_dw (const Conv3d *conv, guint filters, guint channels, gboolean many, guint compute_units, Tiles *tiles)
{
  guint lines = conv->size_z * conv->size_y;

  tiles->weight_filters = cut (filters, many ? 4 : 2);
  tiles->weight_taps = cut (conv->size_x, many ? 5 : 3);
  tiles->weight_channels = channels > 1 && many && tiles->weight_taps <= 3 ? 2 : 1;
  tiles->n_dw = conv->groups * hl_conv_pieces (filters, tiles->weight_filters)
                * hl_conv_pieces (channels, tiles->weight_channels) * hl_conv_pieces (conv->size_x, tiles->weight_taps);
  tiles->lines = lines <= 27 && tiles->n_dw >= 8 * compute_units ? lines : 1;
  tiles->n_dw *= lines / tiles->lines;
}

/* Sums, pixels and one weight of a tile fit into 32 registers or, with narrower vectors, into 16. */
static Tiles
choose_tiles (const HlLayerCall *call)
{
  const Conv3d got = hl_conv3d_get (call->params), *conv = &got;
  guint filters = conv->filters / conv->groups, channels = call->x[0]->shape.dim[0] / conv->groups;
  guint residues = hl_conv_pieces (call->x[0]->shape.dim[3], conv->stride_x);
  gboolean many = call->lanes >= 16;
  Tiles tiles = {
    .tile_filters = cut (filters, many ? 4 : 3), .tile_x = cut (call->y->shape.dim[3], many ? 6 : 3),
    .tile_channels = cut (channels, many ? 4 : 3),
    .tile_columns = MIN (cut (residues, many ? 6 : 3), MAX (call->x[0]->shape.dim[3] / conv->stride_x, 1)),
  };

  choose_dw (conv, filters, channels, many, call->compute_units, &tiles);
  return tiles;
}

HlBorder
hl_conv3d_dy_border (const Conv3d *conv, guint x_columns, guint y_columns)
{
  int reach = conv->dilation_x * (conv->size_x - 1) - conv->padding_x;
  int left = reach > 0 ? (reach + conv->stride_x - 1) / conv->stride_x : 0;
  int right = ((int) x_columns - 1 + conv->padding_x) / conv->stride_x - ((int) y_columns - 1);

  return (HlBorder) { .left = left, .right = MAX (right, 0) };
}

/* ---- Preparing ---- */

static GString *
common_defines (const HlLayerCall *call)
{
  const Conv3d got = hl_conv3d_get (call->params), *conv = &got;
  const HlShape *x = &call->x[0]->shape, *y = &call->plan->output;
  GString *defines = g_string_new (NULL);
  const struct { const char *name; int value; } all[] = {
    { "SIZE_Z", conv->size_z }, { "SIZE_Y", conv->size_y }, { "SIZE_X", conv->size_x }, { "STRIDE_Z", conv->stride_z },
    { "STRIDE_Y", conv->stride_y }, { "STRIDE_X", conv->stride_x }, { "PAD_Z", conv->padding_z },
    { "PAD_Y", conv->padding_y }, { "PAD_X", conv->padding_x }, { "DILATION_Z", conv->dilation_z },
    { "DILATION_Y", conv->dilation_y }, { "DILATION_X", conv->dilation_x },
    { "GROUP_CHANNELS", (int) x->dim[0] / conv->groups }, { "GROUP_FILTERS", conv->filters / conv->groups },
    { "X_DEPTH", (int) x->dim[1] }, { "X_HEIGHT", (int) x->dim[2] }, { "Y_DEPTH", (int) y->dim[1] },
    { "Y_HEIGHT", (int) y->dim[2] },
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    hl_conv_append (defines, all[i].name, all[i].value);
  return defines;
}

static HlKernel *
add_forward (HlLayerCall *call, const Tiles *tiles)
{
  const Conv3d got = hl_conv3d_get (call->params), *conv = &got;
  const HlEpilogue *epilogue = &call->plan->epilogue;
  g_autoptr (GString) defines = common_defines (call);
  guint group_tiles = hl_conv_pieces (conv->filters / conv->groups, tiles->tile_filters);

  hl_value_append_defines (call->x[0], "X", defines);
  hl_value_append_defines (call->y, "Y", defines);
  hl_conv_append (defines, "TILE_FILTERS", (int) tiles->tile_filters);
  hl_conv_append (defines, "TILE_X", (int) tiles->tile_x);
  hl_conv_append (defines, "GROUP_TILES", (int) group_tiles);
  hl_conv_append (defines, "FILTER_TILES", (int) group_tiles * conv->groups);
  hl_conv_append (defines, "UNROLL_X", conv->size_x <= 7);
  hl_conv_append (defines, "HAS_BIAS", conv->bias);
  g_string_append_printf (defines, "ACTIVATION=(%s);", epilogue->has_activation ? epilogue->value : "v");
  return hl_kernel_set_add (call->kernels, "conv3d", "conv3d_forward", defines->str);
}

static HlKernel *
add_dx (HlLayerCall *call, const Tiles *tiles)
{
  const Conv3d got = hl_conv3d_get (call->params), *conv = &got;
  g_autoptr (GString) defines = common_defines (call);
  guint group_tiles = hl_conv_pieces (call->x[0]->shape.dim[0] / conv->groups, tiles->tile_channels);

  hl_value_append_defines (call->dy, "DY", defines);
  hl_value_append_defines (call->dx[0], "DX", defines);
  hl_conv_append (defines, "TILE_CHANNELS", (int) tiles->tile_channels);
  hl_conv_append (defines, "TILE_COLUMNS", (int) tiles->tile_columns);
  hl_conv_append (defines, "DX_GROUP_TILES", (int) group_tiles);
  hl_conv_append (defines, "CHANNEL_TILES", (int) group_tiles * conv->groups);
  hl_conv_append (defines, "ACCUMULATE", call->accumulate[0]);
  return hl_kernel_set_add (call->kernels, "conv3d", "conv3d_dx", defines->str);
}

static HlKernel *
add_dw (HlLayerCall *call, const Tiles *tiles)
{
  const Conv3d got = hl_conv3d_get (call->params), *conv = &got;
  g_autoptr (GString) defines = common_defines (call);

  hl_value_append_defines (call->x[0], "X", defines);
  hl_value_append_defines (call->dy, "DY", defines);
  hl_conv_append (defines, "WEIGHT_FILTERS", (int) tiles->weight_filters);
  hl_conv_append (defines, "WEIGHT_CHANNELS", (int) tiles->weight_channels);
  hl_conv_append (defines, "WEIGHT_TAPS", (int) tiles->weight_taps);
  hl_conv_append (defines, "LINES", (int) tiles->lines);
  hl_conv_append (defines, "DW_CHANNEL_TILES",
                  (int) hl_conv_pieces (call->x[0]->shape.dim[0] / conv->groups, tiles->weight_channels));
  hl_conv_append (defines, "DW_GROUP_TILES", (int) hl_conv_pieces (conv->filters / conv->groups, tiles->weight_filters));
  hl_conv_append (defines, "TAP_TILES", (int) hl_conv_pieces (conv->size_x, tiles->weight_taps));
  return hl_kernel_set_add (call->kernels, "conv3d", "conv3d_dw", defines->str);
}

/* The bias's gradient does not care what the pixels stand for: the kernel of images serves. */
static HlKernel *
add_db (HlLayerCall *call)
{
  g_autoptr (GString) defines = g_string_new ("HAS_DX=0;HAS_DW=0;HAS_DB=1;HAS_TABLE=0;BIAS=1;");

  hl_value_append_defines (call->dy, "DY", defines);
  return hl_kernel_set_add (call->kernels, "conv2d_backward", "conv2d_backward", defines->str);
}

gboolean
hl_conv3d_prepare (HlLayerCall *call, GError **error)
{
  Tiles *tiles = g_new (Tiles, 1);

  *tiles = choose_tiles (call);
  call->state = tiles;
  call->kernel[FORWARD] = add_forward (call, tiles);
  if (!call->training || !call->dy)
    return TRUE;
  if (call->dx[0])
    call->kernel[DX] = add_dx (call, tiles);
  if (call->dw[0])
    call->kernel[DW] = add_dw (call, tiles);
  if (((const Conv3d *) call->params)->bias && call->dw[1])
    call->kernel[DB] = add_db (call);
  return TRUE;
}

/* ---- Running ---- */

gboolean
hl_conv3d_forward (const HlLayerCall *call, GError **error)
{
  const Conv3d got = hl_conv3d_get (call->params), *conv = &got;
  const Tiles *tiles = call->state;
  gsize n_items = (gsize) call->n_blocks * hl_shape_rows (&call->y->shape) * conv->groups
                  * hl_conv_pieces (conv->filters / conv->groups, tiles->tile_filters);

  return hl_kernel_run (call->kernel[FORWARD], n_items, error, HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->w[0]),
                        HL_ARG_TENSOR (conv->bias ? call->w[1] : call->w[0]), HL_ARG_TENSOR (call->y->tensor));
}

gboolean
hl_conv3d_backward (const HlLayerCall *call, GError **error)
{
  const Conv3d got = hl_conv3d_get (call->params), *conv = &got;
  const Tiles *tiles = call->state;
  const HlShape *x = &call->x[0]->shape;
  guint channels = x->dim[0] / conv->groups;
  gsize n_dx = (gsize) call->n_blocks * hl_shape_rows (x) * conv->groups * hl_conv_pieces (channels, tiles->tile_channels);
  HlTensor *dy = call->dy->tensor, *none = call->w[0];

  if (call->kernel[DX]
      && !hl_kernel_run (call->kernel[DX], n_dx, error, HL_ARG_TENSOR (dy), HL_ARG_TENSOR (call->w[0]),
                         HL_ARG_TENSOR (call->dx[0]->tensor)))
    return FALSE;
  if (call->kernel[DW]
      && !hl_kernel_run (call->kernel[DW], tiles->n_dw, error, HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (dy),
                         HL_ARG_TENSOR (call->dw[0]), HL_ARG_INT ((int) call->n_blocks)))
    return FALSE;
  return call->kernel[DB] == NULL
         || hl_kernel_run (call->kernel[DB], (gsize) conv->filters, error, HL_ARG_TENSOR (none), HL_ARG_TENSOR (none),
                           HL_ARG_TENSOR (dy), HL_ARG_TENSOR (dy), HL_ARG_TENSOR (none), HL_ARG_TENSOR (none),
                           HL_ARG_TENSOR (none), HL_ARG_TENSOR (call->dw[1]), HL_ARG_INT ((int) call->n_blocks), HL_ARG_INT (0),
                           HL_ARG_INT (0));
}
