/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Up-sampling (PyTorch's interpolate with a scale factor, ONNX's Resize): images and sequences in another size. */

#include "engine/graph/layer.h"

#include <math.h>

enum { FORWARD, BACKWARD };
enum { NEAREST, BILINEAR };

typedef struct
{
  double scale_y, scale_x;
  int mode;
  gboolean align_corners;
} Upsample;

/* Place `at` of the output lies at at × step + offset of the input; 32 bits before the point and 32 behind. */
typedef struct { gint64 step, offset; } Axis;

static const char *const modes[] = { N_("nearest"), N_("bilinear"), NULL };

static const HlParam upsample_params[] = {
  HL_FLOAT (Upsample, scale_y, N_("Scale down"), HL_UNIT_NONE, 0.01, 256, 2, N_("How many times as many rows; sequences have none.")),
  HL_FLOAT (Upsample, scale_x, N_("Scale across"), HL_UNIT_NONE, 0.01, 256, 2, N_("How many times as many columns, or steps.")),
  HL_CHOICE (Upsample, mode, N_("Between pixels"), modes, 2, NEAREST,
             N_("nearest: repeats pixels; bilinear: fades from one to the next.")),
  HL_BOOL (Upsample, align_corners, N_("Align corners"), FALSE,
           N_("Bilinear only: the outermost pixels' centres fall together, not their edges.")),
  HL_PARAM_END
};

static const HlLayerExample upsample_examples[] = {
  { NULL, { HL_SHAPE_3 (3, 2, 5) } },
  { "mode=bilinear", { HL_SHAPE_3 (2, 3, 4) } },
  { "mode=bilinear;align_corners=1;scale_y=3;scale_x=1.5", { HL_SHAPE_3 (2, 2, 5) } },
  { "scale_y=1.4;scale_x=0.6", { HL_SHAPE_3 (2, 5, 7) } },
  { "mode=bilinear;scale_x=2.7", { HL_SHAPE_2 (3, 5) } },
  { "mode=bilinear;scale_y=0.4;scale_x=0.7", { HL_SHAPE_3 (1, 6, 5) } },
  { NULL, { { 0 } } }
};

static gboolean
get_size (double scale, guint size, guint *result, const char *got, GError **error)
{
  double wanted = floor (size * scale);

  if (wanted >= 1 && wanted <= 1 << 24)
    {
      *result = (guint) wanted;
      return TRUE;
    }
  g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, _("needs at least one pixel in its output, but %g × %u of %s gives %.0f."),
               scale, size, got, wanted);
  return FALSE;
}

static gboolean
upsample_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
               GError **error)
{
  const Upsample *upsample = params;
  g_autofree char *got = hl_shape_to_string (&inputs[0]);
  guint n = inputs[0].n_dims;

  if (n != 2 && n != 3)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs an image or a sequence, of three or two dimensions, but gets %s."), got);
      return FALSE;
    }
  plan->output = inputs[0];
  if (!get_size (upsample->scale_x, inputs[0].dim[n - 1], &plan->output.dim[n - 1], got, error)
      || (n == 3 && !get_size (upsample->scale_y, inputs[0].dim[1], &plan->output.dim[1], got, error)))
    return FALSE;
  plan->multiply_adds = upsample->mode == BILINEAR ? 4 * hl_shape_get_count (&plan->output) : 0;
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static gint64
to_fixed (double value)
{
  return (gint64) floor (value * 4294967296.0 + 0.5);
}

static Axis
get_axis (const Upsample *upsample, double scale, guint n_in, guint n_out)
{
  if (upsample->mode == NEAREST)       /* rounded up, so that 3 × 1/3 is 1 */
    return (Axis) { (gint64) ceil (4294967296.0 / scale), 0 };
  if (upsample->align_corners)
    return (Axis) { n_out > 1 ? to_fixed ((double) (n_in - 1) / (n_out - 1)) : 0, 0 };
  return (Axis) { to_fixed (1 / scale), to_fixed (0.5 / scale - 0.5) };
}

/* Down, then across. */
static void
get_axes (const Upsample *upsample, const HlShape *x, const HlShape *y, Axis *axes)
{
  axes[0] = (Axis) { 0, 0 };
  if (x->n_dims == 3)
    axes[0] = get_axis (upsample, upsample->scale_y, x->dim[1], y->dim[1]);
  axes[1] = get_axis (upsample, upsample->scale_x, hl_shape_columns (x), hl_shape_columns (y));
}

/* ---- Running ---- */

static gboolean
upsample_prepare (HlLayerCall *call, GError **error)
{
  const Upsample *upsample = call->params;
  const char *defines = upsample->mode == BILINEAR ? "BILINEAR=1" : "BILINEAR=0";

  call->kernel[FORWARD] = hl_kernel_set_add (call->kernels, "upsample", "upsample_forward", defines);
  if (call->dx[0])
    call->kernel[BACKWARD] = hl_kernel_set_add (call->kernels, "upsample", "upsample_backward", defines);
  return TRUE;
}

#define ARG_INTS(array) ((HlKernelArg) { HL_ARG_KIND_VALUE, (array), sizeof (array) })

static gboolean
run (const HlLayerCall *call, guint kernel, const HlValue *x, const HlValue *y, GError **error)
{
  const gint32 x_size[4] = { (gint32) hl_shape_rows (&x->shape), (gint32) hl_shape_columns (&x->shape),
                             (gint32) hl_value_row_step (x), (gint32) hl_value_plane_step (x) };
  const gint32 y_size[4] = { (gint32) hl_shape_rows (&y->shape), (gint32) hl_shape_columns (&y->shape),
                             (gint32) hl_value_row_step (y), (gint32) hl_value_plane_step (y) };
  const gint32 place[4] = { (gint32) hl_value_block_step (x), (gint32) hl_value_origin (x), (gint32) hl_value_block_step (y),
                            (gint32) hl_value_origin (y) };
  gsize planes = (gsize) call->n_blocks * hl_shape_channels (&x->shape);
  int channels = (int) hl_shape_channels (&x->shape);
  Axis axes[2];

  get_axes (call->params, &x->shape, &y->shape, axes);
  if (kernel == FORWARD)
    return hl_kernel_run (call->kernel[FORWARD], planes * y_size[0], error, HL_ARG_TENSOR (x->tensor), HL_ARG_TENSOR (y->tensor),
                          ARG_INTS (x_size), ARG_INTS (y_size), ARG_INTS (place), ARG_INTS (axes), HL_ARG_INT (channels));
  return hl_kernel_run (call->kernel[BACKWARD], planes * x_size[0], error, HL_ARG_TENSOR (y->tensor), HL_ARG_TENSOR (x->tensor),
                        ARG_INTS (x_size), ARG_INTS (y_size), ARG_INTS (place), ARG_INTS (axes), HL_ARG_INT (channels),
                        HL_ARG_INT (call->accumulate[0]));
}

static gboolean
upsample_forward (const HlLayerCall *call, GError **error)
{
  return run (call, FORWARD, call->x[0], call->y, error);
}

static gboolean
upsample_backward (const HlLayerCall *call, GError **error)
{
  return !call->dx[0] || run (call, BACKWARD, call->dx[0], call->dy, error);
}

/* ---- The definition, and words ---- */

/* The two pixels of one axis that place `at` is made of, and how much of the second. */
static void
find_taps (const Upsample *upsample, double scale, guint at, guint n_in, guint n_out, guint *taps, double *share)
{
  Axis axis = get_axis (upsample, scale, n_in, n_out);
  double position = (at + 0.5) / scale - 0.5;

  if (upsample->mode == NEAREST)
    position = (double) (((gint64) at * axis.step) >> 32);
  else if (upsample->align_corners)
    position = n_out > 1 ? at * ((double) (n_in - 1) / (n_out - 1)) : 0;
  position = CLAMP (position, 0, n_in - 1);
  taps[0] = (guint) floor (position);
  taps[1] = MIN (taps[0] + 1, n_in - 1);
  *share = position - taps[0];
}

static void
upsample_reference (const HlLayerReference *call)
{
  const Upsample *upsample = call->params;
  const HlShape *x = call->x_shape, *y = &call->plan->output;
  guint x_rows = hl_shape_rows (x), x_columns = hl_shape_columns (x), y_rows = hl_shape_rows (y), y_columns = hl_shape_columns (y);

  for (gsize plane = 0; plane < (gsize) call->batch * x->dim[0]; plane++)
    for (guint row = 0; row < y_rows; row++)
      for (guint column = 0; column < y_columns; column++)
        {
          gsize to = (plane * y_rows + row) * y_columns + column;
          guint rows[2], columns[2];
          double down, right;

          find_taps (upsample, upsample->scale_y, row, x_rows, y_rows, rows, &down);
          find_taps (upsample, upsample->scale_x, column, x_columns, y_columns, columns, &right);
          call->y[to] = 0;
          for (guint i = 0; i < 4; i++)
            {
              gsize from = (plane * x_rows + rows[i / 2]) * x_columns + columns[i % 2];
              double weight = (i / 2 ? down : 1 - down) * (i % 2 ? right : 1 - right);

              call->y[to] += weight * call->x[0][from];
              if (call->dy && call->dx[0])
                call->dx[0][from] += weight * call->dy[to];
            }
        }
}

static gboolean
upsample_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  const Upsample *upsample = params;
  float scales[4] = { 1, 1, (float) upsample->scale_y, (float) upsample->scale_x };

  if (inputs[0].n_dims == 2)
    scales[2] = scales[3];
  hl_op_list_add_floats (ops, "scales", inputs[0].n_dims + 1, scales);
  hl_op_list_add (ops, "Resize", "$x0,,scales", "$y");
  hl_op_list_set_string (ops, "mode", upsample->mode == NEAREST ? "nearest" : "linear");
  if (upsample->mode == NEAREST)
    hl_op_list_set_string (ops, "nearest_mode", "floor");
  hl_op_list_set_string (ops, "coordinate_transformation_mode",
                         upsample->mode == NEAREST ? "asymmetric" : (upsample->align_corners ? "align_corners" : "half_pixel"));
  return TRUE;
}

static char *
upsample_describe (const void *params)
{
  const Upsample *upsample = params;

  if (upsample->mode == NEAREST)
    return g_strdup_printf (_("%g × %g, nearest"), upsample->scale_y, upsample->scale_x);
  return g_strdup_printf (_("%g × %g, bilinear"), upsample->scale_y, upsample->scale_x);
}

const HlLayerClass hl_upsample_layer = {
  .base = {
    .name = "upsample",
    .title = N_("Up-sampling"),
    .group = N_("Shape"),
    .summary = N_("Makes an image larger or smaller by repeating or fading pixels."),
    .help = N_("The output has floor (input × scale) rows and columns. nearest takes pixel floor (place / scale). bilinear takes "
               "place (output + 1/2) / scale - 1/2 of the input, so that the edges of both images fall together, and mixes the four "
               "pixels around it; with aligned corners it takes output × (input size - 1) / (output size - 1), so that the centres of "
               "the outermost pixels do. Both are those of PyTorch's interpolate with a scale_factor. Aligned corners make results "
               "depend on the image's size and are rarely wanted. Up-sampling and a convolution after it avoid the "
               "checkerboard of transposed convolutions (Odena, Dumoulin and Olah, 2016). When images get smaller nothing "
               "is averaged first: fine patterns alias."),
    .params_size = sizeof (Upsample),
    .params = upsample_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = upsample_examples,
  .plan = upsample_plan,
  .prepare = upsample_prepare,
  .forward = upsample_forward,
  .backward = upsample_backward,
  .reference = upsample_reference,
  .lower = upsample_lower,
  .describe = upsample_describe,
};
