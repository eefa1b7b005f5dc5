/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution on the device: how the work is cut into tiles that fill the registers. */

#include "engine/layers/conv-private.h"

/* What of the gradient and of x should stay in the innermost cache, which has 32 KiB or more. */
#define STRIP_BYTES 16384

/* ---- Cutting ---- */

/* Vector registers a tile may use: 32 with AVX-512 and more on GPUs, otherwise 16, less one for the compiler. */
static guint
usable_registers (guint lanes)
{
  return lanes >= 16 ? 31 : 15;
}

guint
hl_conv_pieces (guint n, guint piece)
{
  return (n + piece - 1) / piece;
}

HlShape
hl_conv_image (const HlShape *shape)
{
  return HL_SHAPE_3 (hl_shape_channels (shape), hl_shape_rows (shape), hl_shape_columns (shape));
}

guint64
hl_conv_count_weights (const Conv *conv, guint channels)
{
  return (guint64) conv->filters * (channels / conv->groups) * conv->size_y * conv->size_x;
}

/* Cost of all tiles in products, when one tile makes `outer` × `inner` of them a step from as many loads. Fewer than eight
 * products a step leave the multipliers waiting for their own results. */
static double
tile_cost (guint n_tiles, guint outer, guint inner)
{
  return n_tiles * (MAX (outer * inner, 8) + 0.35 * (outer + inner) + 1.0);
}

/* Chooses how many of n_outer (weights) and how many pixels of rows × columns one tile holds: products, pixels and one
 * weight have to fit into the registers. A pixel here stands for `area` sums. */
static void
choose_tile (guint registers, guint n_outer, guint rows, guint columns, guint area, guint *outer, guint *tile_y, guint *tile_x)
{
  double best = G_MAXDOUBLE;

  *outer = *tile_y = *tile_x = 1;
  for (guint y = 1; y <= MIN (rows, 4); y++)
    for (guint x = 1; x <= MIN (columns, registers); x++)
      for (guint o = 1; o <= MIN (n_outer, 8); o++)
        {
          guint inner = x * y * area;
          double cost = tile_cost (hl_conv_pieces (n_outer, o) * hl_conv_pieces (rows, y) * hl_conv_pieces (columns, x), o, inner);

          if ((o * inner + inner + 1 > registers && o * x * y > 1) || cost >= best)
            continue;
          best = cost;
          *outer = o;
          *tile_y = y;
          *tile_x = x;
        }
}

/* per_filter: registers that a filter needs besides its sums: its gradient, and when that is unpooled also where it belongs
 * and the gradient there. */
static void
choose_weight_tile (guint registers, guint per_filter, guint filters, guint channels, guint taps, ConvLayout *layout)
{
  double best = G_MAXDOUBLE;

  for (guint t = 1; t <= MIN (taps, registers); t++)
    for (guint c = 1; c <= MIN (channels, 4); c++)
      for (guint f = 1; f <= MIN (filters, 8); f++)
        {
          double cost = tile_cost (hl_conv_pieces (filters, f) * hl_conv_pieces (channels, c) * hl_conv_pieces (taps, t), f, c * t);

          if ((f * c * t + f * per_filter + 1 > registers && f * c * t > 1) || cost >= best)
            continue;
          best = cost;
          layout->weight_filters = f;
          layout->weight_channels = c;
          layout->weight_taps = t;
        }
}

/* How the gradient of x is cut. A whole row in registers wastes nothing; a wider one is cut, and then the kernel reads zeros
 * beside the gradient instead of testing where it ends. */
static void
choose_dx_tile (const Conv *conv, guint registers, guint columns, guint u_columns, guint channels, ConvLayout *layout)
{
  guint least = columns / conv->stride_x, unused;
  int before = conv->dilation_x * (conv->size_x - 1);
  int padding = conv->padding_mode == CONV_ZEROS ? conv->pad_left : 0;
  int left, right;

  layout->dx_whole_row = columns + MIN (conv->size_x, 5) + 1 <= registers * 3 / 4
                         && u_columns * (guint) conv->size_x <= 400;
  if (layout->dx_whole_row)
    {
      layout->tile_channels = MIN (channels, 8);
      while (layout->tile_channels > 1 && layout->tile_channels * (columns + conv->size_x) + 1 > registers)
        layout->tile_channels--;
      return;
    }
  choose_tile (registers, channels, 1, MAX (least, 1), 1, &layout->tile_channels, &unused, &layout->tile_columns);
  left = (before - padding + conv->stride_x - 1) / conv->stride_x;
  right = ((int) columns - 1 + padding) / conv->stride_x - ((int) u_columns - 1);
  layout->u_border.left = MAX (left, 0);
  layout->u_border.right = MAX (right, 0);
}

void
hl_conv_spread (const HlShape *shape, HlBorder *border)
{
  HlValue value = { .shape = *shape, .border = *border };

  /* Planes at a multiple of 16 vectors of 64 bytes fall into at most four groups of cache lines. */
  while (shape->dim[0] >= 16 && hl_value_plane_step (&value) % 16 == 0)
    if (hl_value_row_step (&value) % 16 == 0)
      value.border.right++;
    else
      value.border.bottom++;
  *border = value.border;
}

/* How the items of dw are cut. With enough of them one item takes all rows of taps, strip after strip of the gradient, so
 * that a strip and its pixels come only once from the outer caches. */
static void
choose_dw_items (const Conv *conv, const HlShape *x, const HlShape *y, guint lanes, guint compute_units, ConvLayout *layout)
{
  guint filters = conv->filters / conv->groups, channels = x->dim[0] / conv->groups;
  guint row_bytes = (layout->weight_filters * y->dim[2] + layout->weight_channels * x->dim[2] * conv->stride_y)
                    * lanes * (guint) sizeof (float);

  layout->n_dw_tiles = conv->groups * hl_conv_pieces (filters, layout->weight_filters)
                       * hl_conv_pieces (channels, layout->weight_channels)
                       * hl_conv_pieces (conv->size_x, layout->weight_taps);
  layout->tap_rows = 1;
  layout->strip_rows = y->dim[1];
  if (conv->size_y > 1 && lanes <= 16 && layout->n_dw_tiles >= 16 * compute_units)
    {
      layout->tap_rows = conv->size_y;
      layout->strip_rows = CLAMP (STRIP_BYTES / row_bytes, 1, y->dim[1]);
    }
  layout->n_dw_tiles *= conv->size_y / layout->tap_rows;
}

static gsize
take (gsize *n, gsize count)
{
  gsize first = *n;

  *n += (count + HL_TENSOR_ALIGN - 1) / HL_TENSOR_ALIGN * HL_TENSOR_ALIGN;
  return first;
}

/* What lies in the workspace: the padded input and its gradient, the unpooled gradient, parts of sums, weights without those
 * that the connection table leaves out. */
static void
lay_out_workspace (const Conv *conv, const HlShape *x, const HlShape *y, const HlWindow *pool, guint capacity,
                   gboolean training, gboolean has_dx, ConvLayout *layout)
{
  guint64 n_weights = hl_conv_count_weights (conv, x->dim[0]);
  gboolean zeros = conv->padding_mode == CONV_ZEROS;
  gsize n = 0;

  if (!zeros)
    {
      layout->padded.shape = HL_SHAPE_3 (x->dim[0], x->dim[1] + conv->pad_top + conv->pad_bottom,
                                         x->dim[2] + conv->pad_left + conv->pad_right);
      layout->padded_first = take (&n, (gsize) hl_value_block_step (&layout->padded) * capacity);
    }
  if (training && !zeros)
    layout->padded_gradient_first = take (&n, (gsize) hl_value_block_step (&layout->padded) * capacity);
  if (training && pool && has_dx)
    {
      layout->unpooled.shape = *y;
      layout->unpooled.border = layout->u_border;
      layout->unpooled_first = take (&n, (gsize) hl_value_block_step (&layout->unpooled) * capacity);
    }
  if (conv->table != CONV_TABLE_NONE)
    layout->masked_first = take (&n, n_weights);
  if (layout->parts > 1)
    layout->parts_first = take (&n, layout->parts * n_weights);
  layout->n_workspace = n;
}

void
hl_conv_get_layout (const Conv *conv, const HlShape *x, const HlShape *y, const HlWindow *pool, guint capacity, guint lanes,
                    guint compute_units, gboolean training, gboolean has_dx, ConvLayout *layout)
{
  guint registers = usable_registers (lanes), n_blocks = capacity / lanes;
  guint filters = conv->filters / conv->groups, channels = x->dim[0] / conv->groups;
  guint area = pool ? pool->size_y * pool->size_x : 1;
  guint added = conv->padding_mode == CONV_ZEROS ? 0 : conv->pad_left + conv->pad_right;

  *layout = (ConvLayout) { .parts = 1 };
  choose_tile (registers, filters, y->dim[1] / (pool ? pool->size_y : 1), y->dim[2] / (pool ? pool->size_x : 1), area,
               &layout->tile_filters, &layout->tile_y, &layout->tile_x);
  layout->unpool_in_dw = pool && !has_dx;
  choose_weight_tile (registers, layout->unpool_in_dw ? 3 : 1, filters, channels, conv->size_x, layout);
  choose_dx_tile (conv, registers, x->dim[2] + added, y->dim[2], channels, layout);
  choose_dw_items (conv, x, y, lanes, compute_units, layout);
  hl_conv_spread (y, &layout->u_border);
  if (training && layout->n_dw_tiles < 4 * compute_units)
    layout->parts = CLAMP (hl_conv_pieces (4 * compute_units, layout->n_dw_tiles), 1, n_blocks);
  lay_out_workspace (conv, x, y, pool, capacity, training, has_dx, layout);
}

/* The workspace was planned for the case that somebody wants dx, with other tiles. */
void
hl_conv_fit_parts (const HlLayerCall *call, guint64 n_weights, ConvLayout *layout)
{
  gsize room = call->workspace ? hl_tensor_get_length (call->workspace) : 0;

  while (layout->parts > 1 && layout->parts_first + layout->parts * n_weights > room)
    layout->parts--;
}
