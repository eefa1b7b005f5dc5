/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution on the device: how the work is cut into tiles that fill the registers, and the calls. */

#include "engine/layers/conv2d-private.h"

/* What of the gradient and of x should stay in the innermost cache, which has 32 KiB or more. */
#define STRIP_BYTES 16384

enum { FORWARD, PAD, UNPOOL, FOLD, SUM, BACKWARD };

/* Kinds of backward work: together in one kernel on a CPU, three kernels from BACKWARD on a GPU. */
enum { DX, DW, DB, N_KINDS };

/* ---- Cutting ---- */

/* Vector registers a tile may use: 32 with AVX-512 and more on GPUs, otherwise 16, less one for the compiler. */
static guint
usable_registers (guint lanes)
{
  return lanes >= 16 ? 31 : 15;
}

static guint
pieces (guint n, guint piece)
{
  return (n + piece - 1) / piece;
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
          double cost = tile_cost (pieces (n_outer, o) * pieces (rows, y) * pieces (columns, x), o, inner);

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
choose_weight_tile (guint registers, guint per_filter, guint filters, guint channels, guint taps, Conv2dLayout *layout)
{
  double best = G_MAXDOUBLE;

  for (guint t = 1; t <= MIN (taps, registers); t++)
    for (guint c = 1; c <= MIN (channels, 4); c++)
      for (guint f = 1; f <= MIN (filters, 8); f++)
        {
          double cost = tile_cost (pieces (filters, f) * pieces (channels, c) * pieces (taps, t), f, c * t);

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
choose_dx_tile (const Conv2d *conv, guint registers, guint columns, guint u_columns, guint channels, Conv2dLayout *layout)
{
  guint least = columns / conv->stride_x, unused;
  int before = conv->dilation_x * (conv->size_x - 1);
  int padding = conv->padding_mode == CONV2D_ZEROS ? conv->padding_x : 0;
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
hl_conv2d_spread (const HlShape *shape, HlBorder *border)
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
choose_dw_items (const Conv2d *conv, const HlShape *x, const HlShape *y, guint lanes, guint compute_units, Conv2dLayout *layout)
{
  guint filters = conv->filters / conv->groups, channels = x->dim[0] / conv->groups;
  guint row_bytes = (layout->weight_filters * y->dim[2] + layout->weight_channels * x->dim[2] * conv->stride_y)
                    * lanes * (guint) sizeof (float);

  layout->n_dw_tiles = conv->groups * pieces (filters, layout->weight_filters) * pieces (channels, layout->weight_channels)
                       * pieces (conv->size_x, layout->weight_taps);
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

void
hl_conv2d_get_layout (const Conv2d *conv, const HlShape *x, const HlLayerPlan *plan, guint capacity, guint lanes,
                      guint compute_units, gboolean training, gboolean has_dx, Conv2dLayout *layout)
{
  const HlWindow *pool = plan->epilogue.has_pool ? &plan->epilogue.pool : NULL;
  guint registers = usable_registers (lanes), n_blocks = capacity / lanes;
  guint filters = conv->filters / conv->groups, channels = x->dim[0] / conv->groups;
  guint area = pool ? pool->size_y * pool->size_x : 1;
  gboolean zeros = conv->padding_mode == CONV2D_ZEROS;
  gsize n = 0;

  *layout = (Conv2dLayout) { .parts = 1 };
  choose_tile (registers, filters, plan->output.dim[1] / (pool ? pool->size_y : 1),
               plan->output.dim[2] / (pool ? pool->size_x : 1), area, &layout->tile_filters, &layout->tile_y, &layout->tile_x);
  layout->unpool_in_dw = pool && !has_dx;
  choose_weight_tile (registers, layout->unpool_in_dw ? 3 : 1, filters, channels, conv->size_x, layout);
  choose_dx_tile (conv, registers, x->dim[2] + (zeros ? 0 : 2 * conv->padding_x), plan->output.dim[2], channels, layout);
  choose_dw_items (conv, x, &plan->output, lanes, compute_units, layout);
  hl_conv2d_spread (&plan->output, &layout->u_border);
  if (!zeros)
    {
      layout->padded.shape = HL_SHAPE_3 (x->dim[0], x->dim[1] + 2 * conv->padding_y, x->dim[2] + 2 * conv->padding_x);
      layout->padded_first = take (&n, (gsize) hl_value_block_step (&layout->padded) * capacity);
    }
  if (training && !zeros)
    layout->padded_gradient_first = take (&n, (gsize) hl_value_block_step (&layout->padded) * capacity);
  if (training && pool && has_dx)
    {
      layout->unpooled.shape = plan->output;
      layout->unpooled.border = layout->u_border;
      layout->unpooled_first = take (&n, (gsize) hl_value_block_step (&layout->unpooled) * capacity);
    }
  if (training && layout->n_dw_tiles < 4 * compute_units)
    layout->parts = CLAMP (pieces (4 * compute_units, layout->n_dw_tiles), 1, n_blocks);
  if (layout->parts > 1)
    layout->parts_first = take (&n, layout->parts * hl_shape_get_count (&plan->weights[0].shape));
  layout->n_workspace = n;
}

/* ---- Preparing ---- */

static void
append (GString *defines, const char *name, int value)
{
  g_string_append_printf (defines, "%s=%d;", name, value);
}

static GString *
common_defines (const HlLayerCall *call, const Conv2dLayout *layout)
{
  const Conv2d *conv = call->params;
  gboolean zeros = conv->padding_mode == CONV2D_ZEROS;
  GString *defines = g_string_new (NULL);

  append (defines, "SIZE_Y", conv->size_y);
  append (defines, "SIZE_X", conv->size_x);
  append (defines, "STRIDE_Y", conv->stride_y);
  append (defines, "STRIDE_X", conv->stride_x);
  append (defines, "PAD_Y", zeros ? conv->padding_y : 0);
  append (defines, "PAD_X", zeros ? conv->padding_x : 0);
  append (defines, "DILATION_Y", conv->dilation_y);
  append (defines, "DILATION_X", conv->dilation_x);
  append (defines, "GROUPS", conv->groups);
  append (defines, "GROUP_CHANNELS", (int) call->x[0]->shape.dim[0] / conv->groups);
  append (defines, "GROUP_FILTERS", conv->filters / conv->groups);
  hl_value_append_defines (zeros ? call->x[0] : &layout->padded, "X", defines);
  return defines;
}

static HlKernel *
add_forward (HlLayerCall *call, const Conv2dLayout *layout)
{
  const Conv2d *conv = call->params;
  const HlEpilogue *epilogue = &call->plan->epilogue;
  g_autoptr (GString) defines = common_defines (call, layout);
  guint group_tiles = pieces (conv->filters / conv->groups, layout->tile_filters);

  hl_value_append_defines (call->y, "Y", defines);
  append (defines, "TILE_FILTERS", (int) layout->tile_filters);
  append (defines, "TILE_Y", (int) layout->tile_y);
  append (defines, "TILE_X", (int) layout->tile_x);
  append (defines, "GROUP_TILES", (int) group_tiles);
  append (defines, "FILTER_TILES", (int) group_tiles * conv->groups);
  append (defines, "ROW_TILES", (int) pieces (call->y->shape.dim[1], layout->tile_y));
  append (defines, "UNROLL_X", conv->size_x <= 7);
  append (defines, "HAS_BIAS", conv->bias);
  append (defines, "POOL_Y", epilogue->has_pool ? (int) epilogue->pool.size_y : 1);
  append (defines, "POOL_X", epilogue->has_pool ? (int) epilogue->pool.size_x : 1);
  g_string_append_printf (defines, "ACTIVATION=(%s);", epilogue->has_activation ? epilogue->value : "v");
  return hl_kernel_set_add (call->kernels, "conv2d", "conv2d_forward", defines->str);
}

static HlKernel *
add_padding (HlLayerCall *call, const Conv2dLayout *layout, const char *kernel, const HlValue *x)
{
  const Conv2d *conv = call->params;
  g_autoptr (GString) defines = g_string_new (NULL);

  hl_value_append_defines (x, "X", defines);
  hl_value_append_defines (&layout->padded, "P", defines);
  append (defines, "PAD_Y", conv->padding_y);
  append (defines, "PAD_X", conv->padding_x);
  append (defines, "REFLECT", conv->padding_mode == CONV2D_REFLECT);
  append (defines, "ACCUMULATE", call->accumulate[0]);
  return hl_kernel_set_add (call->kernels, "conv2d", kernel, defines->str);
}

static HlKernel *
add_unpool (HlLayerCall *call, const Conv2dLayout *layout)
{
  g_autoptr (GString) defines = g_string_new (NULL);

  hl_value_append_defines (call->dy, "DY", defines);
  hl_value_append_defines (&layout->unpooled, "U", defines);
  append (defines, "POOL_Y", (int) call->plan->epilogue.pool.size_y);
  append (defines, "POOL_X", (int) call->plan->epilogue.pool.size_x);
  return hl_kernel_set_add (call->kernels, "conv2d", "conv2d_unpool", defines->str);
}

static gboolean
is_gpu (const HlLayerCall *call)
{
  return call->lanes > 16;
}

static HlKernel *
add_backward (HlLayerCall *call, const Conv2dLayout *layout, const gboolean *has)
{
  const Conv2d *conv = call->params;
  gboolean zeros = conv->padding_mode == CONV2D_ZEROS;
  gboolean unpooled = call->plan->epilogue.has_pool && !layout->unpool_in_dw;
  guint filters = conv->filters / conv->groups, channels = call->x[0]->shape.dim[0] / conv->groups;
  g_autoptr (GString) defines = common_defines (call, layout);

  hl_value_append_defines (call->dy, "DY", defines);
  hl_value_append_defines (unpooled ? &layout->unpooled : call->dy, "U", defines);
  hl_value_append_defines (unpooled ? &layout->unpooled : call->dy, "G", defines);
  append (defines, "UNPOOL", layout->unpool_in_dw);
  append (defines, "OPEN_Y", layout->unpool_in_dw ? (int) call->plan->epilogue.pool.size_y : 1);
  append (defines, "OPEN_X", layout->unpool_in_dw ? (int) call->plan->epilogue.pool.size_x : 1);
  append (defines, "HAS_DX", has[DX]);
  append (defines, "HAS_DW", has[DW]);
  append (defines, "HAS_DB", has[DB]);
  if (has[DX])
    {
      hl_value_append_defines (zeros ? call->dx[0] : &layout->padded, "DX", defines);
      append (defines, "ACCUMULATE", zeros && call->accumulate[0]);
      append (defines, "DX_WHOLE_ROW", layout->dx_whole_row);
      append (defines, "TILE_CHANNELS", (int) layout->tile_channels);
      append (defines, "TILE_COLUMNS", (int) layout->tile_columns);
      append (defines, "DX_GROUP_TILES", (int) pieces (channels, layout->tile_channels));
      append (defines, "CHANNEL_TILES", (int) pieces (channels, layout->tile_channels) * conv->groups);
    }
  append (defines, "WEIGHT_FILTERS", (int) layout->weight_filters);
  append (defines, "WEIGHT_CHANNELS", (int) layout->weight_channels);
  append (defines, "WEIGHT_TAPS", (int) layout->weight_taps);
  append (defines, "TAP_ROWS", (int) layout->tap_rows);
  append (defines, "STRIP_ROWS", (int) layout->strip_rows);
  append (defines, "DW_GROUP_TILES", (int) pieces (filters, layout->weight_filters));
  append (defines, "DW_CHANNEL_TILES", (int) pieces (channels, layout->weight_channels));
  append (defines, "TAP_TILES", (int) pieces (conv->size_x, layout->weight_taps));
  append (defines, "PARTS", (int) layout->parts);
  append (defines, "WEIGHTS", (int) hl_shape_get_count (&call->plan->weights[0].shape));
  return hl_kernel_set_add (call->kernels, "conv2d_backward", "conv2d_backward", defines->str);
}

static void
get_kinds (const HlLayerCall *call, gboolean *has)
{
  const Conv2d *conv = call->params;

  has[DX] = call->dx[0] != NULL;
  has[DW] = call->dw[0] != NULL;
  has[DB] = conv->bias && call->dw[1] != NULL;
}

static void
add_backward_kernels (HlLayerCall *call, const Conv2dLayout *layout)
{
  gboolean has[N_KINDS];

  get_kinds (call, has);
  if (!is_gpu (call))
    {
      if (has[DX] || has[DW] || has[DB])
        call->kernel[BACKWARD] = add_backward (call, layout, has);
      return;
    }
  for (guint kind = 0; kind < N_KINDS; kind++)
    {
      gboolean only[N_KINDS] = { FALSE };

      only[kind] = TRUE;
      if (has[kind])
        call->kernel[BACKWARD + kind] = add_backward (call, layout, only);
    }
}

/* The workspace was planned for the case that somebody wants dx, with other tiles. */
static void
fit_parts (const HlLayerCall *call, Conv2dLayout *layout)
{
  gsize room = call->workspace ? hl_tensor_get_length (call->workspace) : 0;
  gsize n_weights = hl_shape_get_count (&call->plan->weights[0].shape);

  while (layout->parts > 1 && layout->parts_first + layout->parts * n_weights > room)
    layout->parts--;
}

gboolean
hl_conv2d_prepare (HlLayerCall *call, GError **error)
{
  const Conv2d *conv = call->params;
  gboolean zeros = conv->padding_mode == CONV2D_ZEROS;
  Conv2dLayout *layout = g_new0 (Conv2dLayout, 1);

  call->state = layout;
  hl_conv2d_get_layout (conv, &call->x[0]->shape, call->plan, call->capacity, call->lanes, call->compute_units,
                        call->training, call->dx[0] != NULL, layout);
  fit_parts (call, layout);
  call->kernel[FORWARD] = add_forward (call, layout);
  if (!zeros)
    call->kernel[PAD] = add_padding (call, layout, "conv2d_pad", call->x[0]);
  if (!call->training || !call->dy)
    return TRUE;
  if (call->plan->epilogue.has_pool && !layout->unpool_in_dw)
    call->kernel[UNPOOL] = add_unpool (call, layout);
  add_backward_kernels (call, layout);
  if (!zeros && call->dx[0])
    call->kernel[FOLD] = add_padding (call, layout, "conv2d_fold", call->dx[0]);
  if (layout->parts > 1 && call->dw[0])
    {
      g_autofree char *defines = g_strdup_printf ("PARTS=%u;WEIGHTS=%" G_GUINT64_FORMAT, layout->parts,
                                                  hl_shape_get_count (&call->plan->weights[0].shape));

      call->kernel[SUM] = hl_kernel_set_add (call->kernels, "conv2d_backward", "conv2d_sum", defines);
    }
  return TRUE;
}

/* ---- Running ---- */

/* A part of the workspace, or the whole of `otherwise` when it is not used. */
static HlTensor *
part_of_workspace (const HlLayerCall *call, gboolean used, gsize first, HlTensor *otherwise)
{
  return used ? hl_tensor_new_slice (call->workspace, first, hl_tensor_get_length (call->workspace) - first)
              : hl_tensor_ref (otherwise);
}

static gboolean
pad (const HlLayerCall *call, HlTensor *padded, GError **error)
{
  return call->kernel[PAD] == NULL
         || hl_kernel_run (call->kernel[PAD], (gsize) call->n_blocks * call->x[0]->shape.dim[0], error,
                           HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (padded));
}

gboolean
hl_conv2d_forward (const HlLayerCall *call, GError **error)
{
  const Conv2d *conv = call->params;
  const Conv2dLayout *layout = call->state;
  g_autoptr (HlTensor) x = part_of_workspace (call, call->kernel[PAD] != NULL, layout->padded_first, call->x[0]->tensor);
  HlTensor *bias = conv->bias ? call->w[1] : call->w[0];
  /* A kernel prepared for training keeps positions also when such a network is only evaluated. */
  HlTensor *position = call->plan->epilogue.has_pool && call->saved[0] ? call->saved[0] : call->y->tensor;
  gsize n_items = (gsize) call->n_blocks * pieces (call->y->shape.dim[1], layout->tile_y) * conv->groups
                  * pieces (conv->filters / conv->groups, layout->tile_filters);

  return pad (call, x, error)
         && hl_kernel_run (call->kernel[FORWARD], n_items, error, HL_ARG_TENSOR (x), HL_ARG_TENSOR (call->w[0]),
                           HL_ARG_TENSOR (bias), HL_ARG_TENSOR (call->y->tensor), HL_ARG_TENSOR (position),
                           HL_ARG_INT (call->saved[0] != NULL));
}

static gboolean
run_backward (const HlLayerCall *call, HlTensor *x, HlTensor *u, HlTensor *dx, HlTensor *dw, GError **error)
{
  const Conv2d *conv = call->params;
  const Conv2dLayout *layout = call->state;
  const HlShape *dx_shape = conv->padding_mode == CONV2D_ZEROS ? &call->x[0]->shape : &layout->padded.shape;
  HlTensor *none = call->w[0];
  guint n[N_KINDS] = { 0 };
  gboolean has[N_KINDS];

  get_kinds (call, has);
  if (has[DX])
    n[DX] = call->n_blocks * dx_shape->dim[1] * conv->groups * pieces (dx_shape->dim[0] / conv->groups, layout->tile_channels);
  if (has[DW])
    n[DW] = layout->n_dw_tiles * layout->parts;
  if (has[DB])
    n[DB] = conv->filters;
  for (guint kind = 0; kind < N_KINDS; kind++)
    if (call->kernel[BACKWARD + kind]
        && !hl_kernel_run (call->kernel[BACKWARD + kind], is_gpu (call) ? n[kind] : n[DX] + n[DW] + n[DB], error,
                           HL_ARG_TENSOR (x), HL_ARG_TENSOR (call->w[0]), HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (u),
                           HL_ARG_TENSOR (call->saved[0] ? call->saved[0] : none), HL_ARG_TENSOR (dx ? dx : none), HL_ARG_TENSOR (dw ? dw : none),
                           HL_ARG_TENSOR (has[DB] ? call->dw[1] : none), HL_ARG_INT ((int) call->n_blocks),
                           HL_ARG_INT ((int) n[DW]), HL_ARG_INT ((int) n[DX])))
      return FALSE;
  return TRUE;
}

gboolean
hl_conv2d_backward (const HlLayerCall *call, GError **error)
{
  const Conv2dLayout *layout = call->state;
  gboolean unpool = call->kernel[UNPOOL] != NULL, padded = call->kernel[PAD] != NULL;
  g_autoptr (HlTensor) x = part_of_workspace (call, padded, layout->padded_first, call->x[0]->tensor);
  g_autoptr (HlTensor) u = part_of_workspace (call, unpool, layout->unpooled_first, call->dy->tensor);
  g_autoptr (HlTensor) dx = NULL, dw = NULL;

  if (call->dx[0])
    dx = part_of_workspace (call, padded, layout->padded_gradient_first, call->dx[0]->tensor);
  if (call->dw[0])
    dw = part_of_workspace (call, layout->parts > 1, layout->parts_first, call->dw[0]);
  if (unpool
      && !hl_kernel_run (call->kernel[UNPOOL], (gsize) call->n_blocks * call->dy->shape.dim[0], error,
                         HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (call->saved[0]), HL_ARG_TENSOR (u)))
    return FALSE;
  if (!pad (call, x, error) || !run_backward (call, x, u, dx, dw, error))
    return FALSE;
  if (call->kernel[FOLD]
      && !hl_kernel_run (call->kernel[FOLD], (gsize) call->n_blocks * call->x[0]->shape.dim[0], error, HL_ARG_TENSOR (dx),
                         HL_ARG_TENSOR (call->dx[0]->tensor)))
    return FALSE;
  return call->kernel[SUM] == NULL
         || hl_kernel_run (call->kernel[SUM], pieces (hl_shape_get_count (&call->plan->weights[0].shape), call->lanes), error,
                           HL_ARG_TENSOR (dw), HL_ARG_TENSOR (call->dw[0]));
}
