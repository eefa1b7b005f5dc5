/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolution of signals and images: shapes, weights and memory, the C definition, the ONNX form. */

#include "engine/layers/conv-private.h"

#include <inttypes.h>

#include "engine/layers/window.h"

/* A fused window beyond this many pixels leaves too few registers for filters. */
#define MOST_POOLED 9

/* Kernels count vectors in 32 bits; a padded image beyond this is a mistake in the parameters. */
#define MOST_PIXELS (1 << 27)

/* ---- Planning ---- */

void
hl_conv_find_padding (int preset, int padding, int size, int dilation, int *before, int *after)
{
  int reach = dilation * (size - 1);

  if (preset == CONV_PRESET_HALF)
    *before = *after = (reach + 1) / 2;
  else if (preset == CONV_PRESET_FULL)
    *before = *after = reach;
  else if (preset == CONV_PRESET_SAME)
    {
      *before = reach / 2;
      *after = reach - *before;
    }
  else
    *before = *after = padding;
}

static gboolean
find_output (const Conv *conv, const HlShape *x, HlShape *output, GError **error)
{
  guint64 rows = (guint64) hl_shape_rows (x) + conv->pad_top + conv->pad_bottom;
  guint64 columns = (guint64) hl_shape_columns (x) + conv->pad_left + conv->pad_right;
  g_autofree char *got = hl_shape_to_string (x);

  if (x->n_dims != conv->n_axes + 1)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   conv->n_axes == 1 ? _("needs a signal of two dimensions, channels×length, but gets %s.")
                                     : _("needs an image of three dimensions, channels×rows×columns, but gets %s."), got);
      return FALSE;
    }
  if (hl_shape_channels (x) * rows * columns > MOST_PIXELS)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("gets %s and pads it to %" PRIu64 "×%" PRIu64
                     ": that is more than the %d numbers for one sample this program can handle."), got, rows, columns,
                   MOST_PIXELS);
      return FALSE;
    }
  rows = hl_window_count ((guint) rows, conv->size_y, conv->stride_y, 0, conv->dilation_y, FALSE);
  columns = hl_window_count ((guint) columns, conv->size_x, conv->stride_x, 0, conv->dilation_x, FALSE);
  if (rows == 0 || columns == 0)
    {
      int least_y = conv->dilation_y * (conv->size_y - 1) + 1 - conv->pad_top - conv->pad_bottom;
      int least_x = conv->dilation_x * (conv->size_x - 1) + 1 - conv->pad_left - conv->pad_right;

      if (conv->n_axes == 1)
        g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                     _("needs a length of at least %d for its window of %d, but gets %s."),
                     MAX (least_x, 1), conv->size_x, got);
      else
        g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                     _("needs at least %d×%d pixels for its window of %d×%d, but gets %s."), MAX (least_y, 1), MAX (least_x, 1),
                     conv->size_y, conv->size_x, got);
      return FALSE;
    }
  *output = conv->n_axes == 1 ? HL_SHAPE_2 (conv->filters, (guint) columns)
                              : HL_SHAPE_3 (conv->filters, (guint) rows, (guint) columns);
  return TRUE;
}

static gboolean
check_table (const Conv *conv, guint channels, GError **error)
{
  guint n_filters, n_channels;

  if (!hl_conv_table_get (conv->table, &n_filters, &n_channels))
    return TRUE;
  if ((guint) conv->filters == n_filters && channels == n_channels && conv->groups == 1)
    return TRUE;
  g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
               _("needs %u filters, %u channels and one group for its connection table, but has %d filters and %d groups and "
                 "gets %u channels."), n_filters, n_channels, conv->filters, conv->groups, channels);
  return FALSE;
}

static gboolean
check (const Conv *conv, const HlShape *x, GError **error)
{
  guint rows = hl_shape_rows (x), columns = hl_shape_columns (x);

  if (x->dim[0] % conv->groups != 0 || conv->filters % conv->groups != 0)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs filters and input channels that its %d groups divide, but has %d filters and gets %u "
                     "channels."),
                   conv->groups, conv->filters, x->dim[0]);
      return FALSE;
    }
  if (conv->padding_mode == CONV_REFLECT
      && ((guint) MAX (conv->pad_top, conv->pad_bottom) >= rows || (guint) MAX (conv->pad_left, conv->pad_right) >= columns))
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs more than %d×%d pixels to reflect as many at its edges, but gets %u×%u."),
                   MAX (conv->pad_top, conv->pad_bottom), MAX (conv->pad_left, conv->pad_right), rows, columns);
      return FALSE;
    }
  return check_table (conv, x->dim[0], error);
}

static void
plan_memory (const Conv *conv, const HlShape *x, const HlPlanOptions *options, HlLayerPlan *plan)
{
  guint capacity = (options->batch + options->lanes - 1) / options->lanes * options->lanes;
  const HlWindow *pool = plan->epilogue.has_pool ? &plan->epilogue.pool : NULL;
  HlShape x_image = hl_conv_image (x), y_image = hl_conv_image (&plan->output);
  ConvLayout layout;

  hl_conv_get_layout (conv, &x_image, &y_image, pool, capacity, options->lanes, options->compute_units, options->training,
                      TRUE, &layout);
  plan->workspace_bytes = layout.n_workspace * sizeof (float);
  plan->dy_border = pool ? (HlBorder) { 0 } : layout.u_border;
  if (pool && options->training)
    plan->saved_bytes[0] = (gsize) y_image.dim[0] * (y_image.dim[1] / pool->size_y) * (y_image.dim[2] / pool->size_x)
                           * capacity;
}

static void
plan_weights (const Conv *conv, guint channels, HlLayerPlan *plan)
{
  guint group_channels = channels / conv->groups, n_filters, n_channels;
  const guint32 *table = hl_conv_table_get (conv->table, &n_filters, &n_channels);
  guint64 taps = (guint64) conv->size_y * conv->size_x, count = hl_conv_count_weights (conv, channels);

  if (table)
    {
      count = 0;
      for (guint i = 0; i < n_filters; i++)
        for (guint k = 0; k < n_channels; k++)
          count += table[i] >> k & 1 ? taps : 0;
    }
  plan->n_weights = conv->bias != CONV_BIAS_NONE ? 2 : 1;
  plan->weights[0] = (HlWeightSpec) {
    .name = "weight",
    .shape = conv->n_axes == 1 ? HL_SHAPE_3 (conv->filters, group_channels, conv->size_x)
                               : HL_SHAPE_4 (conv->filters, group_channels, conv->size_y, conv->size_x),
    .connections = table,
    .count = count,
    .fan_in = count / conv->filters,   /* of a usual filter, where a table gives them different ones */
    .fan_out = (guint64) conv->filters * taps,
    .initializer = "pytorch_default",
  };
  plan->weights[1] = (HlWeightSpec) {
    .name = "bias",
    .shape = conv->bias == CONV_BIAS_POSITION ? plan->output : HL_SHAPE_1 (conv->filters),
    .fan_in = count / conv->filters,
    .fan_out = conv->filters,
    .initializer = "pytorch_default",
  };
  plan->multiply_adds = count * hl_shape_rows (&plan->output) * hl_shape_columns (&plan->output);
}

gboolean
hl_conv_plan (const Conv *conv, const HlPlanOptions *options, const HlShape *input, HlLayerPlan *plan, GError **error)
{
  if (!find_output (conv, input, &plan->output, error) || !check (conv, input, error))
    return FALSE;
  plan_weights (conv, input->dim[0], plan);
  if (conv->padding_mode == CONV_ZEROS)
    {
      HlBorder border = { conv->pad_top, conv->pad_left, conv->pad_bottom, conv->pad_right };

      if (conv->pad_top + conv->pad_left + conv->pad_bottom + conv->pad_right > 0)
        hl_conv_spread (input, &border);
      plan->x_border[0] = border;
    }
  plan->needs_y = FALSE;
  plan_memory (conv, input, options, plan);
  return TRUE;
}

static gboolean
pool_fits (const HlWindow *pool, const HlShape *unpooled, const HlShape *pooled)
{
  return pool->size_y == pool->stride_y && pool->size_x == pool->stride_x && pool->pad_y == 0 && pool->pad_x == 0
         && pool->dilation_y == 1 && pool->dilation_x == 1 && pool->size_y * pool->size_x <= MOST_POOLED
         && hl_shape_rows (pooled) == hl_shape_rows (unpooled) / pool->size_y
         && hl_shape_columns (pooled) == hl_shape_columns (unpooled) / pool->size_x;
}

gboolean
hl_conv_fuse (const Conv *conv, const HlPlanOptions *options, HlLayerPlan *plan, const HlLayerClass *next,
              const void *next_params, const HlLayerPlan *next_plan)
{
  const HlShape *w = &plan->weights[0].shape;
  HlShape x = HL_SHAPE_3 (w->dim[1] * conv->groups, 0, 0);
  HlWindow pool;

  if (plan->epilogue.has_pool)
    return FALSE;
  if (next->activation && !plan->epilogue.has_activation)
    {
      next->activation (next_params, &plan->epilogue);
      plan->epilogue.has_activation = TRUE;
      plan->epilogue.unpooled = plan->output;
      return TRUE;
    }
  /* The gradient of a bias for each position is that of the output, which would have to be unpooled for it. */
  if (!next->window || conv->bias == CONV_BIAS_POSITION)
    return FALSE;
  next->window (next_params, &pool);
  if (!pool_fits (&pool, &plan->output, &next_plan->output))
    return FALSE;
  plan->epilogue.pool = pool;
  plan->epilogue.has_pool = TRUE;
  plan->epilogue.unpooled = plan->output;
  /* The input's size is not passed here: plan for the largest that gives this output. */
  x.dim[1] = hl_shape_rows (&plan->output) * conv->stride_y + conv->dilation_y * (conv->size_y - 1);
  x.dim[2] = hl_shape_columns (&plan->output) * conv->stride_x + conv->dilation_x * (conv->size_x - 1);
  x.dim[1] -= MIN (x.dim[1] - 1, (guint) (conv->pad_top + conv->pad_bottom));
  x.dim[2] -= MIN (x.dim[2] - 1, (guint) (conv->pad_left + conv->pad_right));
  plan_memory (conv, &x, options, plan);
  return TRUE;
}

/* ---- The definition ---- */

/* Index of the pixel that stands at `at`, which may lie outside 0 .. n - 1; -1 for the padding value. */
static int
source (const Conv *conv, int at, int n)
{
  if (at >= 0 && at < n)
    return at;
  if (conv->padding_mode == CONV_ZEROS || conv->padding_mode == CONV_CONSTANT)
    return -1;
  if (conv->padding_mode == CONV_REPLICATE)
    return CLAMP (at, 0, n - 1);
  return at < 0 ? -at : 2 * (n - 1) - at;
}

/* The same for one tap of one output pixel: an index into the channel's plane, or -1. */
static gssize
find_pixel (const Conv *conv, const HlShape *x, int row, int column, int ky, int kx)
{
  int y_at = source (conv, row * conv->stride_y - conv->pad_top + ky * conv->dilation_y, (int) x->dim[1]);
  int x_at = source (conv, column * conv->stride_x - conv->pad_left + kx * conv->dilation_x, (int) x->dim[2]);

  return y_at < 0 || x_at < 0 ? -1 : (gssize) y_at * x->dim[2] + x_at;
}

/* One output pixel of one sample: returns the sum of its products, and adds its share to the gradients that are wanted. */
static double
reference_pixel (const Conv *conv, const HlLayerReference *call, const HlShape *x, gsize x_first, int filter, int row,
                 int column, double dy)
{
  int channels = (int) x->dim[0] / conv->groups, group = filter / (conv->filters / conv->groups);
  double outside = conv->padding_mode == CONV_CONSTANT ? conv->padding_value : 0, sum = 0;
  guint n_filters, n_channels;
  const guint32 *table = hl_conv_table_get (conv->table, &n_filters, &n_channels);

  for (int channel = 0; channel < channels; channel++)
    for (int ky = 0; ky < conv->size_y && (!table || table[filter] >> channel & 1); ky++)
      for (int kx = 0; kx < conv->size_x; kx++)
        {
          gssize pixel = find_pixel (conv, x, row, column, ky, kx);
          gsize weight = (((gsize) filter * channels + channel) * conv->size_y + ky) * conv->size_x + kx;
          gsize at = x_first + ((gsize) group * channels + channel) * x->dim[1] * x->dim[2] + MAX (pixel, 0);
          double value = pixel < 0 ? outside : call->x[0][at];

          sum += call->w[0][weight] * value;
          if (call->dy && call->dx[0] && pixel >= 0)
            call->dx[0][at] += call->w[0][weight] * dy;
          if (call->dy && call->dw[0])
            call->dw[0][weight] += value * dy;
        }
  return sum;
}

void
hl_conv_reference (const Conv *conv, const HlLayerReference *call)
{
  HlShape x = hl_conv_image (call->x_shape), y = hl_conv_image (&call->plan->output);
  gsize x_count = hl_shape_get_count (call->x_shape), plane = (gsize) y.dim[1] * y.dim[2], i = 0;

  for (guint sample = 0; sample < call->batch; sample++)
    for (guint filter = 0; filter < y.dim[0]; filter++)
      for (guint at = 0; at < plane; at++, i++)
        {
          double dy = call->dy ? call->dy[i] : 0;
          gsize bias = conv->bias == CONV_BIAS_POSITION ? filter * plane + at : filter;

          call->y[i] = reference_pixel (conv, call, &x, sample * x_count, (int) filter, (int) (at / y.dim[2]),
                                        (int) (at % y.dim[2]), dy);
          if (conv->bias != CONV_BIAS_NONE)
            call->y[i] += call->w[1][bias];
          if (conv->bias != CONV_BIAS_NONE && call->dy && call->dw[1])
            call->dw[1][bias] += dy;
        }
}

/* ---- Words ---- */

static void
set_axes (HlOpList *ops, const Conv *conv, const char *name, int y, int x)
{
  const gint64 both[] = { y, x };

  hl_op_list_set_ints (ops, name, conv->n_axes, both + (2 - conv->n_axes));
}

static void
lower_padding (const Conv *conv, HlOpList *ops)
{
  const gint64 image[] = { 0, 0, conv->pad_top, conv->pad_left, 0, 0, conv->pad_bottom, conv->pad_right };
  const gint64 signal[] = { 0, 0, conv->pad_left, 0, 0, conv->pad_right };
  gboolean constant = conv->padding_mode == CONV_CONSTANT;
  float value = (float) conv->padding_value;

  hl_op_list_add_ints (ops, "pads", conv->n_axes == 1 ? G_N_ELEMENTS (signal) : G_N_ELEMENTS (image),
                       conv->n_axes == 1 ? signal : image);
  if (constant)
    hl_op_list_add_floats (ops, "value", 1, &value);
  hl_op_list_add (ops, "Pad", constant ? "$x0,pads,value" : "$x0,pads", "padded");
  hl_op_list_set_string (ops, "mode", constant ? "constant" : conv->padding_mode == CONV_REFLECT ? "reflect" : "edge");
}

/* Weights that a table leaves out are kept as zeros, so the operator needs not to know of it. */
gboolean
hl_conv_lower (const Conv *conv, const HlLayerPlan *plan, HlOpList *ops)
{
  gboolean zeros = conv->padding_mode == CONV_ZEROS, position = conv->bias == CONV_BIAS_POSITION;
  const gint64 pads[] = { conv->pad_top, conv->pad_left, conv->pad_bottom, conv->pad_right };
  const gint64 pads_1d[] = { conv->pad_left, conv->pad_right };
  g_autofree char *names = g_strdup_printf ("%s,$w0%s", zeros ? "$x0" : "padded", conv->bias == CONV_BIAS_CHANNEL ? ",$w1" : "");

  if (!zeros)
    lower_padding (conv, ops);
  hl_op_list_add (ops, "Conv", names, position ? "sums" : "$y");
  set_axes (ops, conv, "kernel_shape", conv->size_y, conv->size_x);
  set_axes (ops, conv, "strides", conv->stride_y, conv->stride_x);
  set_axes (ops, conv, "dilations", conv->dilation_y, conv->dilation_x);
  if (zeros)
    hl_op_list_set_ints (ops, "pads", 2 * conv->n_axes, conv->n_axes == 1 ? pads_1d : pads);
  hl_op_list_set_int (ops, "group", conv->groups);
  if (position)
    hl_op_list_add (ops, "Add", "sums,$w1", "$y");
  return TRUE;
}

/* "5×5, stride 2, pad 1" or, of a signal, "5, stride 2". */
char *
hl_conv_describe (const Conv *conv)
{
  HlWindow window = { conv->size_y, conv->size_x, conv->stride_y, conv->stride_x, conv->pad_top, conv->pad_left,
                      conv->dilation_y, conv->dilation_x, FALSE };
  g_autofree char *whole = hl_window_describe (&window, 1, 1), *groups = NULL;
  g_autoptr (GString) line = NULL;

  if (conv->n_axes == 1)
    {
      line = g_string_new (NULL);
      g_string_append_printf (line, "%d", conv->size_x);
      if (conv->stride_x != 1)
        g_string_append_printf (line, ", %s %d", _("stride"), conv->stride_x);
      if (conv->pad_left != 0)
        g_string_append_printf (line, ", %s %d", _("pad"), conv->pad_left);
      if (conv->dilation_x != 1)
        g_string_append_printf (line, ", %s %d", _("dilation"), conv->dilation_x);
    }
  groups = conv->groups > 1 ? g_strdup_printf (_(", %d groups"), conv->groups) : g_strdup ("");
  return g_strdup_printf (ngettext ("%d filter %s%s", "%d filters %s%s", (gulong) conv->filters), conv->filters,
                          line ? line->str : whole, groups);
}
