/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Linear or dense layer (PyTorch's Linear). CPUs use the engine's own kernels, GPUs CLBlast's products; HILLOCK_GEMM forces one. */

#include "engine/device/blas.h"
#include "engine/graph/layer.h"

enum { FORWARD, BACKWARD };

typedef struct
{
  int units;
  gboolean bias;
} Linear;

/* How the work is cut; the workspace follows from it. */
typedef struct
{
  guint tile_blocks, tile_rows, tile_inputs, dw_rows;
  guint n_in_tiles, n_ranges;          /* of dw: lanes-wide inputs × ranges of outputs */
} Cut;

static const HlParam linear_params[] = {
  HL_INT (Linear, units, N_("Units"), HL_UNIT_NONE, 1, 65536, 10, N_("Numbers in the output.")),
  HL_BOOL (Linear, bias, N_("Bias"), TRUE, N_("Adds one learnt number to each unit.")),
  HL_PARAM_END
};

static const HlLayerExample linear_examples[] = {
  { "units=10", { HL_SHAPE_1 (84) } },
  { "units=120", { HL_SHAPE_1 (40) } },
  { "units=1", { HL_SHAPE_1 (5) } },
  { "units=7;bias=0", { HL_SHAPE_1 (1) } },
  { "units=33", { HL_SHAPE_1 (17) } },
  { "units=5", { HL_SHAPE_1 (64) } },
  { "units=3", { HL_SHAPE_1 (200) } },
  { NULL, { { 0 } } }
};

/* ---- Planning ---- */

static Cut
get_cut (guint n_in, guint n_out, guint capacity, guint lanes, guint compute_units)
{
  guint n_blocks = capacity / lanes;
  gboolean many = lanes >= 16;         /* registers: 32, otherwise 16 */
  Cut cut;

  cut.tile_blocks = MIN (n_blocks, many ? 4 : 2);
  cut.tile_rows = many ? MIN (24 / cut.tile_blocks, 16) : 12 / cut.tile_blocks;
  cut.tile_inputs = MIN (cut.tile_rows, n_in);
  cut.tile_rows = MIN (cut.tile_rows, n_out);
  cut.dw_rows = MIN (many ? 10 : 8, n_out);   /* ten: a last layer of ten classes shares the kernel of the others */
  cut.n_in_tiles = (n_in + lanes - 1) / lanes;
  cut.n_ranges = CLAMP (8 * compute_units / cut.n_in_tiles, 1, n_out / cut.dw_rows);
  return cut;
}

static gboolean
linear_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
             GError **error)
{
  const Linear *linear = params;
  guint capacity = (options->batch + options->lanes - 1) / options->lanes * options->lanes;
  Cut cut;

  if (inputs->n_dims != 1)
    {
      g_autofree char *got = hl_shape_to_string (inputs);

      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, _("needs one dimension but gets %s."), got);
      return FALSE;
    }
  plan->output = HL_SHAPE_1 (linear->units);
  plan->n_weights = linear->bias ? 2 : 1;
  plan->weights[0] = (HlWeightSpec) {
    .name = "weight",
    .shape = HL_SHAPE_2 (linear->units, inputs->dim[0]),
    .fan_in = inputs->dim[0],
    .fan_out = linear->units,
    .initializer = "pytorch_default",
  };
  plan->weights[1] = (HlWeightSpec) {
    .name = "bias",
    .shape = HL_SHAPE_1 (linear->units),
    .fan_in = inputs->dim[0],
    .fan_out = linear->units,
    .initializer = "pytorch_default",
  };
  plan->multiply_adds = (guint64) inputs->dim[0] * linear->units;
  plan->needs_y = FALSE;
  cut = get_cut (inputs->dim[0], linear->units, capacity, options->lanes, options->compute_units);
  if (options->training)
    plan->workspace_bytes = (gsize) cut.n_in_tiles * cut.n_ranges * capacity * options->lanes * sizeof (float);
  return TRUE;
}

static gboolean
linear_fuse (const void *params, const HlPlanOptions *options, HlLayerPlan *plan, const HlLayerClass *next,
             const void *next_params, const HlLayerPlan *next_plan)
{
  if (!next->activation || plan->epilogue.has_activation)
    return FALSE;
  next->activation (next_params, &plan->epilogue);
  plan->epilogue.has_activation = TRUE;
  plan->epilogue.unpooled = plan->output;
  return TRUE;
}

/* ---- Running ---- */

static gboolean
linear_prepare (HlLayerCall *call, GError **error)
{
  const Linear *linear = call->params;
  const HlEpilogue *epilogue = &call->plan->epilogue;
  Cut *cut = g_new (Cut, 1);
  g_autofree char *forward = NULL, *backward = NULL;

  call->state = cut;
  *cut = get_cut (call->x[0]->shape.dim[0], linear->units, call->capacity, call->lanes, call->compute_units);
  forward = g_strdup_printf ("TILE_ROWS=%u;TILE_BLOCKS=%u;HAS_BIAS=%d;ACTIVATION=(%s)", cut->tile_rows, cut->tile_blocks,
                             linear->bias, epilogue->has_activation ? epilogue->value : "v");
  if (hl_blas_use_clblast (call->device))
    {
      if (linear->bias || epilogue->has_activation)
        call->kernel[FORWARD] = hl_kernel_set_add (call->kernels, "linear", "linear_finish", forward);
    }
  else
    call->kernel[FORWARD] = hl_kernel_set_add (call->kernels, "linear", "linear_forward", forward);
  if (!call->training || !call->dy)
    return TRUE;
  backward = g_strdup_printf ("TILE_ROWS=%u;TILE_BLOCKS=%u;DW_ROWS=%u", cut->tile_inputs, cut->tile_blocks, cut->dw_rows);
  call->kernel[BACKWARD] = hl_kernel_set_add (call->kernels, "linear", "linear_backward", backward);
  return TRUE;
}

static gboolean
linear_forward (const HlLayerCall *call, GError **error)
{
  const Linear *linear = call->params;
  const Cut *cut = call->state;
  guint n_in = call->x[0]->shape.dim[0], n_out = linear->units, lanes = call->lanes;
  HlTensor *bias = linear->bias ? call->w[1] : call->w[0], *y = call->y->tensor;
  guint row_tiles = (n_out + cut->tile_rows - 1) / cut->tile_rows;
  guint block_tiles = (call->n_blocks + cut->tile_blocks - 1) / cut->tile_blocks;

  if (!hl_blas_use_clblast (call->device))
    return hl_kernel_run (call->kernel[FORWARD], (gsize) row_tiles * block_tiles, error, HL_ARG_TENSOR (call->x[0]->tensor),
                          HL_ARG_TENSOR (call->w[0]), HL_ARG_TENSOR (bias), HL_ARG_TENSOR (y), HL_ARG_INT ((int) n_in),
                          HL_ARG_INT ((int) n_out), HL_ARG_INT ((int) call->n_blocks),
                          HL_ARG_INT ((int) (call->capacity / lanes)));
  return hl_blas_gemm_strided (call->device, FALSE, FALSE, n_out, lanes, n_in, 1, call->w[0], n_in, 0, call->x[0]->tensor,
                               lanes, (gsize) n_in * lanes, 0, y, lanes, (gsize) n_out * lanes, call->n_blocks, error)
         && (!call->kernel[FORWARD]
             || hl_kernel_run (call->kernel[FORWARD], (gsize) call->n_blocks * n_out, error, HL_ARG_TENSOR (bias),
                               HL_ARG_TENSOR (y), HL_ARG_INT ((int) n_out)));
}

/* dx of every block at once; dw block after block, because they add up. */
static gboolean
backward_with_clblast (const HlLayerCall *call, GError **error)
{
  const Linear *linear = call->params;
  gsize n_in = call->x[0]->shape.dim[0], n_out = linear->units, lanes = call->lanes;
  HlTensor *x = call->x[0]->tensor, *dy = call->dy->tensor;

  if (call->dx[0]
      && !hl_blas_gemm_strided (call->device, TRUE, FALSE, n_in, lanes, n_out, 1, call->w[0], n_in, 0, dy, lanes, n_out * lanes,
                                call->accumulate[0] ? 1 : 0, call->dx[0]->tensor, lanes, n_in * lanes, call->n_blocks, error))
    return FALSE;
  for (guint block = 0; call->dw[0] && block < call->n_blocks; block++)
    {
      g_autoptr (HlTensor) x_block = hl_tensor_new_slice (x, block * n_in * lanes, n_in * lanes);
      g_autoptr (HlTensor) dy_block = hl_tensor_new_slice (dy, block * n_out * lanes, n_out * lanes);

      if (!hl_blas_gemm_strided (call->device, FALSE, TRUE, n_out, n_in, lanes, 1, dy_block, lanes, 0, x_block, lanes, 0,
                                 block ? 1 : 0, call->dw[0], n_in, 0, 1, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
linear_backward (const HlLayerCall *call, GError **error)
{
  const Linear *linear = call->params;
  const Cut *cut = call->state;
  guint n_in = call->x[0]->shape.dim[0], n_out = linear->units;
  gboolean clblast = hl_blas_use_clblast (call->device), has_db = linear->bias && call->dw[1];
  guint n_dw = call->dw[0] && !clblast ? cut->n_in_tiles * cut->n_ranges : 0, n_dx = 0;
  HlTensor *none = call->w[0];

  if (clblast && !backward_with_clblast (call, error))
    return FALSE;
  if (call->dx[0] && !clblast)
    n_dx = (n_in + cut->tile_inputs - 1) / cut->tile_inputs * ((call->n_blocks + cut->tile_blocks - 1) / cut->tile_blocks);
  return hl_kernel_run (call->kernel[BACKWARD], n_dw + n_dx + (has_db ? (n_out + call->lanes - 1) / call->lanes : 0), error,
                        HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->w[0]), HL_ARG_TENSOR (call->dy->tensor),
                        HL_ARG_TENSOR (call->dx[0] ? call->dx[0]->tensor : none), HL_ARG_TENSOR (call->dw[0] ? call->dw[0] : none),
                        HL_ARG_TENSOR (has_db ? call->dw[1] : none), HL_ARG_TENSOR (call->workspace ? call->workspace : none),
                        HL_ARG_INT ((int) n_in), HL_ARG_INT ((int) n_out), HL_ARG_INT ((int) call->n_blocks),
                        HL_ARG_INT ((int) (call->capacity / call->lanes)), HL_ARG_INT ((int) n_dw),
                        HL_ARG_INT ((int) cut->n_ranges), HL_ARG_INT ((int) n_dx), HL_ARG_INT (call->accumulate[0]));
}

/* ---- The definition, and words ---- */

static void
linear_reference (const HlLayerReference *call)
{
  const Linear *linear = call->params;
  guint n_in = call->x_shape->dim[0], n_out = linear->units;

  for (guint sample = 0; sample < call->batch; sample++)
    for (guint out = 0; out < n_out; out++)
      {
        const double *x = call->x[0] + (gsize) sample * n_in, *w = call->w[0] + (gsize) out * n_in;
        double dy = call->dy ? call->dy[(gsize) sample * n_out + out] : 0;
        double sum = linear->bias ? call->w[1][out] : 0;

        for (guint in = 0; in < n_in; in++)
          {
            sum += w[in] * x[in];
            if (call->dy && call->dx[0])
              call->dx[0][(gsize) sample * n_in + in] += w[in] * dy;
            if (call->dy && call->dw[0])
              call->dw[0][(gsize) out * n_in + in] += x[in] * dy;
          }
        if (call->dy && linear->bias && call->dw[1])
          call->dw[1][out] += dy;
        call->y[(gsize) sample * n_out + out] = sum;
      }
}

static gboolean
linear_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  const Linear *linear = params;

  hl_op_list_add (ops, "Gemm", linear->bias ? "$x0,$w0,$w1" : "$x0,$w0", "$y");
  hl_op_list_set_int (ops, "transB", 1);
  return TRUE;
}

static char *
linear_describe (const void *params)
{
  const Linear *linear = params;

  return g_strdup_printf (ngettext ("%d unit", "%d units", (gulong) linear->units), linear->units);
}

const HlLayerClass hl_linear_layer = {
  .base = {
    .name = "linear",
    .title = N_("Linear"),
    .group = N_("Basic"),
    .summary = N_("Connects every input to every unit with a learnt weight."),
    .help = N_("y = W x + b, with W of units × inputs numbers. The input must be one row of numbers: put Flatten before it "
               "where an image comes in. PyTorch calls this layer Linear, ONNX Gemm, others dense or fully connected."),
    .params_size = sizeof (Linear),
    .params = linear_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = linear_examples,
  .plan = linear_plan,
  .prepare = linear_prepare,
  .forward = linear_forward,
  .backward = linear_backward,
  .reference = linear_reference,
  .lower = linear_lower,
  .describe = linear_describe,
  .fuse = linear_fuse,
};
