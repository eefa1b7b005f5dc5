/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Max and average pooling of images and sequences. */

#include "engine/layers/pool.h"

#include <math.h>

enum { FORWARD, BACKWARD };

/* ---- Planning ---- */

static gboolean
plan_output (const HlWindow *window, guint rank, const HlShape *input, HlShape *output, GError **error)
{
  HlShape image = *input, result;

  if (window->pad_y > window->size_y / 2 || window->pad_x > window->size_x / 2)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs a padding of at most half its window, %d×%d, but has %d×%d."), (int) window->size_y / 2,
                   (int) window->size_x / 2, (int) window->pad_y, (int) window->pad_x);
      return FALSE;
    }
  if (rank == 2)
    return hl_window_output (window, input, 0, output, error);
  if (input->n_dims != 2)
    {
      g_autofree char *got = hl_shape_to_string (input);

      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs a sequence of two dimensions, channels×steps, but gets %s."), got);
      return FALSE;
    }
  image = HL_SHAPE_3 (input->dim[0], 1, input->dim[1]);
  if (!hl_window_output (window, &image, 0, &result, error))
    return FALSE;
  *output = HL_SHAPE_2 (result.dim[0], result.dim[2]);
  return TRUE;
}

static guint
position_bytes (const HlWindow *window)
{
  return window->size_y * window->size_x <= 256 ? 1 : 2;
}

gboolean
hl_max_pool_plan (const HlWindow *window, guint rank, const HlPlanOptions *options, const HlShape *input, HlLayerPlan *plan,
                  GError **error)
{
  guint64 capacity = (options->batch + options->lanes - 1) / options->lanes * options->lanes;

  if (!plan_output (window, rank, input, &plan->output, error))
    return FALSE;
  if (options->training)
    plan->saved_bytes[0] = hl_shape_get_count (&plan->output) * capacity * position_bytes (window);
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

gboolean
hl_avg_pool_plan (const HlWindow *window, guint rank, const HlShape *input, HlLayerPlan *plan, GError **error)
{
  plan->needs_x = plan->needs_y = FALSE;
  return plan_output (window, rank, input, &plan->output, error);
}

/* ---- Running ---- */

static void
add_kernels (HlLayerCall *call, const char *forward, const char *backward, const char *shared)
{
  g_autoptr (GString) defines = g_string_new (shared);

  hl_value_append_defines (call->x[0], "X", defines);
  hl_value_append_defines (call->y, "Y", defines);
  call->kernel[FORWARD] = hl_kernel_set_add (call->kernels, "pool", forward, defines->str);
  if (!call->training || !call->dy || !call->dx[0])
    return;
  g_string_assign (defines, shared);
  hl_value_append_defines (call->dy, "DY", defines);
  hl_value_append_defines (call->dx[0], "DX", defines);
  g_string_append_printf (defines, "ACCUMULATE=%d;", call->accumulate[0]);
  call->kernel[BACKWARD] = hl_kernel_set_add (call->kernels, "pool", backward, defines->str);
}

gboolean
hl_max_pool_prepare (HlLayerCall *call, const HlWindow *window)
{
  g_autofree char *shared = NULL;

  shared = g_strdup_printf ("SIZE_Y=%u;SIZE_X=%u;STRIDE_Y=%u;STRIDE_X=%u;PAD_Y=%u;PAD_X=%u;DILATION_Y=%u;DILATION_X=%u;"
                            "POSITION_BYTES=%u;", window->size_y, window->size_x, window->stride_y, window->stride_x,
                            window->pad_y, window->pad_x, window->dilation_y, window->dilation_x, position_bytes (window));
  add_kernels (call, "max_pool2d_forward", "max_pool2d_backward", shared);
  return TRUE;
}

gboolean
hl_max_pool_forward (const HlLayerCall *call, GError **error)
{
  HlTensor *position = call->saved[0] ? call->saved[0] : call->y->tensor;

  return hl_kernel_run (call->kernel[FORWARD], (gsize) call->n_blocks * call->y->shape.dim[0], error,
                        HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->y->tensor), HL_ARG_TENSOR (position),
                        HL_ARG_INT (call->saved[0] != NULL));
}

gboolean
hl_max_pool_backward (const HlLayerCall *call, GError **error)
{
  return !call->kernel[BACKWARD]
         || hl_kernel_run (call->kernel[BACKWARD], (gsize) call->n_blocks * call->dy->shape.dim[0], error,
                           HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (call->saved[0]),
                           HL_ARG_TENSOR (call->dx[0]->tensor));
}

gboolean
hl_avg_pool_prepare (HlLayerCall *call, const HlWindow *window, gboolean count_include_pad)
{
  g_autofree char *shared = NULL;

  shared = g_strdup_printf ("SIZE_Y=%u;SIZE_X=%u;STRIDE_Y=%u;STRIDE_X=%u;PAD_Y=%u;PAD_X=%u;COUNT_INCLUDE_PAD=%d;",
                            window->size_y, window->size_x, window->stride_y, window->stride_x, window->pad_y, window->pad_x,
                            count_include_pad);
  add_kernels (call, "avg_pool2d_forward", "avg_pool2d_backward", shared);
  return TRUE;
}

gboolean
hl_avg_pool_forward (const HlLayerCall *call, GError **error)
{
  return hl_kernel_run (call->kernel[FORWARD], (gsize) call->n_blocks * call->y->shape.dim[0], error,
                        HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->y->tensor));
}

gboolean
hl_avg_pool_backward (const HlLayerCall *call, GError **error)
{
  return !call->kernel[BACKWARD]
         || hl_kernel_run (call->kernel[BACKWARD], (gsize) call->n_blocks * call->dy->shape.dim[0], error,
                           HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (call->dx[0]->tensor));
}

/* ---- Definitions ---- */

/* The place of the maximum under one window; x is one channel. G_MAXSIZE when all taps of a dilated window miss the image. */
static gsize
find_place (const HlWindow *window, int rows, int columns, const double *x, guint row, guint column)
{
  gsize place = G_MAXSIZE;

  for (guint ky = 0; ky < window->size_y; ky++)
    for (guint kx = 0; kx < window->size_x; kx++)
      {
        int y_at = (int) (row * window->stride_y + ky * window->dilation_y) - (int) window->pad_y;
        int x_at = (int) (column * window->stride_x + kx * window->dilation_x) - (int) window->pad_x;
        gsize at = (gsize) ((gssize) y_at * columns + x_at);

        if (y_at >= 0 && y_at < rows && x_at >= 0 && x_at < columns
            && (place == G_MAXSIZE || x[at] > x[place] || isnan (x[at])))
          place = at;
      }
  return place;
}

void
hl_max_pool_reference (const HlLayerReference *call, const HlWindow *window)
{
  const HlShape *output = &call->plan->output, *input = call->x_shape;
  guint rows = hl_shape_rows (input), columns = hl_shape_columns (input);
  gsize plane = (gsize) rows * columns, i = 0;

  for (gsize first = 0; first < call->batch * input->dim[0] * plane; first += plane)
    for (guint row = 0; row < hl_shape_rows (output); row++)
      for (guint column = 0; column < hl_shape_columns (output); column++, i++)
        {
          gsize place = find_place (window, (int) rows, (int) columns, call->x[0] + first, row, column);

          call->y[i] = place == G_MAXSIZE ? -INFINITY : call->x[0][first + place];
          if (call->dy && call->dx[0] && place != G_MAXSIZE)
            call->dx[0][first + place] += call->dy[i];
        }
}

/* One window of one channel: returns its mean, and adds its share of dy where that is wanted. */
static double
find_mean (const HlWindow *window, gboolean count_include_pad, int rows, int columns, const double *x, double *dx, double dy,
           int row, int column)
{
  int pad_y = (int) window->pad_y, pad_x = (int) window->pad_x;
  int top = row * (int) window->stride_y - pad_y, left = column * (int) window->stride_x - pad_x;
  int bottom = MIN (top + (int) window->size_y, rows + pad_y), right = MIN (left + (int) window->size_x, columns + pad_x);
  double count = (double) (bottom - top) * (right - left), sum = 0;

  top = MAX (top, 0);
  left = MAX (left, 0);
  bottom = MIN (bottom, rows);
  right = MIN (right, columns);
  if (!count_include_pad)
    count = (double) (bottom - top) * (right - left);
  for (int y_at = top; y_at < bottom; y_at++)
    for (int x_at = left; x_at < right; x_at++)
      {
        sum += x[y_at * columns + x_at];
        if (dx)
          dx[y_at * columns + x_at] += dy / count;
      }
  return sum / count;
}

void
hl_avg_pool_reference (const HlLayerReference *call, const HlWindow *window, gboolean count_include_pad)
{
  const HlShape *output = &call->plan->output, *input = call->x_shape;
  guint rows = hl_shape_rows (input), columns = hl_shape_columns (input);
  gsize plane = (gsize) rows * columns, i = 0;

  for (gsize first = 0; first < call->batch * input->dim[0] * plane; first += plane)
    for (guint row = 0; row < hl_shape_rows (output); row++)
      for (guint column = 0; column < hl_shape_columns (output); column++, i++)
        call->y[i] = find_mean (window, count_include_pad, (int) rows, (int) columns, call->x[0] + first,
                                call->dy && call->dx[0] ? call->dx[0] + first : NULL, call->dy ? call->dy[i] : 0, (int) row,
                                (int) column);
}

void
hl_pool_lower (const HlWindow *window, guint rank, const char *op_type, HlOpList *ops)
{
  const gint64 size[2] = { window->size_y, window->size_x }, strides[2] = { window->stride_y, window->stride_x };
  const gint64 dilations[2] = { window->dilation_y, window->dilation_x };
  const gint64 pads[4] = { window->pad_y, window->pad_x, window->pad_y, window->pad_x }, ends[2] = { pads[1], pads[1] };
  guint first = 2 - rank;

  hl_op_list_add (ops, op_type, "$x0", "$y");
  hl_op_list_set_ints (ops, "kernel_shape", rank, size + first);
  hl_op_list_set_ints (ops, "strides", rank, strides + first);
  hl_op_list_set_ints (ops, "pads", 2 * rank, rank == 2 ? pads : ends);
  if (g_str_equal (op_type, "MaxPool"))
    hl_op_list_set_ints (ops, "dilations", rank, dilations + first);
  hl_op_list_set_int (ops, "ceil_mode", window->ceil_mode);
}

/* ---- Global pooling ---- */

const HlParam hl_global_pool_params[] = {
  HL_BOOL (HlGlobalPool, keepdim, N_("Keep axes"), TRUE, N_("An image stays one, of channels×1×1; otherwise a row of numbers comes out.")),
  HL_PARAM_END
};

const HlLayerExample hl_global_pool_examples[] = {
  { NULL, { HL_SHAPE_3 (3, 5, 7) } },
  { "keepdim=0", { HL_SHAPE_3 (17, 2, 3) } },
  { "keepdim=0", { HL_SHAPE_2 (4, 9) } },
  { NULL, { HL_SHAPE_4 (2, 3, 1, 4) } },
  { NULL, { { 0 } } }
};

gboolean
hl_global_pool_plan (const HlGlobalPool *pool, const HlShape *input, HlLayerPlan *plan, GError **error)
{
  if (input->n_dims < 2)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs an image or a sequence, of two dimensions or more, but gets %u numbers in a row."), input->dim[0]);
      return FALSE;
    }
  plan->output = HL_SHAPE_1 (input->dim[0]);
  plan->output.n_dims = pool->keepdim ? input->n_dims : 1;
  for (guint k = 1; k < plan->output.n_dims; k++)
    plan->output.dim[k] = 1;
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

void
hl_global_pool_lower (const HlGlobalPool *pool, const char *op_type, HlOpList *ops)
{
  hl_op_list_add (ops, op_type, "$x0", pool->keepdim ? "$y" : "pooled");
  if (pool->keepdim)
    return;
  hl_op_list_add (ops, "Flatten", "pooled", "$y");
  hl_op_list_set_int (ops, "axis", 1);
}
