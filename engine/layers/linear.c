/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Linear or dense layer (PyTorch's Linear). CPUs use the engine's own kernels, GPUs CLBlast's products; HILLOCK_GEMM forces one.
 *
 * It works on the last axis. The rows of numbers along it lie one behind the other, as blocks of a batch do, so a sample with
 * many rows is to the kernels a batch with as many times the blocks. Where a neighbour wants zeros around a value, a copy
 * without them in the workspace takes its place. */

#include "engine/device/blas.h"
#include "engine/graph/activation.h"

enum { FORWARD, BACKWARD };

/* Blocks that the gradient of the weights takes at a time: what they take turned stays in a cache. */
#define MAX_ROOM 64
/* One product a block: CLBlast for more of them takes longer to start them than to compute them. */
#define MAX_PRODUCTS 16

typedef struct
{
  int units;
  gboolean bias;
} Linear;

/* How the work is cut; the workspace follows from it. */
typedef struct
{
  guint tile_blocks, tile_rows, tile_inputs, dw_rows;
  guint dw_wide, n_groups, n_ranges;   /* of dw: groups of so many times `lanes` inputs × ranges of outputs */
  guint dx_wide, dx_length;            /* of dx: tiles of inputs at once, outputs at once */
  guint room;                          /* blocks that fit into an item's part of the workspace */
} Cut;

typedef enum { X, Y, DY, DX, N_SIDES } Side;

typedef struct
{
  Cut cut;
  guint n_in, n_rows;                  /* rows of n_in numbers in a sample */
  HlCopy copy[N_SIDES];                /* to or from a value with a border; kernel NULL: it has none */
  HlValue plain[N_SIDES];              /* the same value without, its tensor part of the workspace */
} State;

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
  { "units=35", { HL_SHAPE_1 (530) } },
  { "units=9", { HL_SHAPE_2 (5, 7) } },
  { "units=4;bias=0", { HL_SHAPE_3 (3, 2, 18) } },
  { NULL, { { 0 } } }
};

/* Rows of weights longer than this many inputs are walked in pieces. */
#define LONG_ROW 512
#define MOST_DX_TILES 16
#define DX_LENGTH 32

/* ---- Planning ---- */

static guint64
count_rows (const HlShape *shape)
{
  return hl_shape_get_count (shape) / shape->dim[shape->n_dims - 1];
}

/* n_blocks: all rows, in blocks. */
static Cut
get_cut (guint n_in, guint n_out, guint64 n_blocks, guint lanes, guint compute_units)
{
  gboolean pieces, many = lanes >= 16; /* registers: 32, otherwise 16 */
  guint n_in_tiles;
  Cut cut;

  cut.tile_blocks = (guint) MIN (n_blocks, many ? 4 : 2);
  cut.tile_rows = many ? MIN (24 / cut.tile_blocks, 16) : 12 / cut.tile_blocks;
  cut.tile_inputs = MIN (cut.tile_rows, n_in);
  cut.tile_rows = MIN (cut.tile_rows, n_out);
  cut.dw_rows = MIN (many ? 10 : 8, n_out);   /* ten: a last layer of ten classes shares the kernel of the others */
  cut.room = (guint) MIN (n_blocks, MAX_ROOM);
  pieces = n_in > LONG_ROW && lanes <= 16;
  cut.dw_wide = pieces ? MAX (16 / cut.room, 1) : 1;
  n_in_tiles = (n_in + lanes - 1) / lanes;
  cut.n_groups = (n_in_tiles + cut.dw_wide - 1) / cut.dw_wide;
  cut.n_ranges = CLAMP (8 * compute_units / cut.n_groups, 1, n_out / cut.dw_rows);
  cut.dx_wide = pieces ? MOST_DX_TILES : 1;
  cut.dx_length = pieces ? DX_LENGTH : n_out;
  return cut;
}

/* In floats; a multiple of what tensors are aligned to. */
static gsize
get_turned_length (const Cut *cut, guint lanes)
{
  gsize length = (gsize) cut->n_groups * cut->n_ranges * cut->dw_wide * cut->room * lanes * lanes;

  return (length + HL_TENSOR_ALIGN - 1) / HL_TENSOR_ALIGN * HL_TENSOR_ALIGN;
}

static gsize
get_plain_length (const HlShape *shape, gsize capacity)
{
  gsize length = hl_shape_get_count (shape) * capacity;

  return (length + HL_TENSOR_ALIGN - 1) / HL_TENSOR_ALIGN * HL_TENSOR_ALIGN;
}

static gboolean
linear_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
             GError **error)
{
  const Linear *linear = params;
  guint capacity = (options->batch + options->lanes - 1) / options->lanes * options->lanes;
  guint n_in = inputs->dim[inputs->n_dims - 1];
  guint64 n_rows = count_rows (inputs), n_blocks = capacity / options->lanes * n_rows;
  Cut cut = get_cut (n_in, linear->units, n_blocks, options->lanes, options->compute_units);
  gsize turned = options->training ? get_turned_length (&cut, options->lanes) : 0;

  plan->output = *inputs;
  plan->output.dim[inputs->n_dims - 1] = linear->units;
  plan->n_weights = linear->bias ? 2 : 1;
  plan->weights[0] = (HlWeightSpec) {
    .name = "weight",
    .shape = HL_SHAPE_2 (linear->units, n_in),
    .fan_in = n_in,
    .fan_out = linear->units,
    .initializer = "pytorch_default",
  };
  plan->weights[1] = (HlWeightSpec) {
    .name = "bias",
    .shape = HL_SHAPE_1 (linear->units),
    .fan_in = n_in,
    .fan_out = linear->units,
    .initializer = "pytorch_default",
  };
  plan->multiply_adds = n_rows * n_in * linear->units;
  plan->needs_y = FALSE;
  plan->workspace_bytes = turned * sizeof (float);
  plan->border_workspace_bytes = (turned + get_plain_length (&plan->output, capacity)
                                  + (options->training ? 2 : 1) * get_plain_length (inputs, capacity)) * sizeof (float);
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

static guint
count_blocks (const HlLayerCall *call, guint n_samples_blocks)
{
  return n_samples_blocks * ((const State *) call->state)->n_rows;
}

/* The workspace is: room for turned inputs; y or dy; x; dx. */
static void
prepare_side (HlLayerCall *call, Side side, const HlValue *value, gboolean add)
{
  State *state = call->state;
  HlValue *plain = &state->plain[side];

  if (!value || !hl_value_has_border (value))
    return;
  *plain = (HlValue) { .shape = value->shape };
  hl_copy_prepare (&state->copy[side], call, side == X || side == DY ? value : plain, 0, side == X || side == DY ? plain : value, 0, add);
}

static gboolean
linear_prepare (HlLayerCall *call, GError **error)
{
  const Linear *linear = call->params;
  const HlEpilogue *epilogue = &call->plan->epilogue;
  const HlShape *x = &call->x[0]->shape;
  State *state = g_new0 (State, 1);
  Cut *cut = &state->cut;
  g_autofree char *forward = NULL, *backward = NULL;

  call->state = state;
  state->n_in = x->dim[x->n_dims - 1];
  state->n_rows = (guint) count_rows (x);
  *cut = get_cut (state->n_in, linear->units, count_blocks (call, call->capacity / call->lanes), call->lanes, call->compute_units);
  prepare_side (call, X, call->x[0], FALSE);
  prepare_side (call, Y, call->y, FALSE);
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
  prepare_side (call, DY, call->dy, FALSE);
  prepare_side (call, DX, call->dx[0], call->accumulate[0]);
  backward = g_strdup_printf ("TILE_ROWS=%u;TILE_BLOCKS=%u;DW_ROWS=%u;DX_TILES=%u;DX_LENGTH=%u", cut->tile_inputs,
                              cut->tile_blocks, cut->dw_rows, cut->dx_wide, DX_LENGTH);
  call->kernel[BACKWARD] = hl_kernel_set_add (call->kernels, "linear", "linear_backward", backward);
  return TRUE;
}

/* The tensor that stands for a value in the kernels: its own, or a part of the workspace. Unref it. */
static HlTensor *
dup_plain (const HlLayerCall *call, Side side, const HlValue *value)
{
  const State *state = call->state;
  const HlShape *x = &call->x[0]->shape, *y = &call->y->shape;
  gsize turned = call->training && call->dy ? get_turned_length (&state->cut, call->lanes) : 0;
  gsize y_length = get_plain_length (y, call->capacity), x_length = get_plain_length (x, call->capacity);
  gsize first[N_SIDES] = { turned + y_length, turned, turned, turned + y_length + x_length };

  if (!value || !state->copy[side].kernel)
    return hl_tensor_ref (value ? value->tensor : call->w[0]);
  return hl_tensor_new_slice (call->workspace, first[side], hl_shape_get_count (&value->shape) * call->capacity);
}

static gboolean
copy_in (const HlLayerCall *call, Side side, const HlValue *value, HlTensor *plain, GError **error)
{
  const State *state = call->state;
  HlValue to = state->plain[side];

  to.tensor = plain;
  return !state->copy[side].kernel || hl_copy_run (&state->copy[side], call, value, &to, error);
}

static gboolean
copy_out (const HlLayerCall *call, Side side, HlTensor *plain, const HlValue *value, GError **error)
{
  const State *state = call->state;
  HlValue from = state->plain[side];

  from.tensor = plain;
  return !state->copy[side].kernel || hl_copy_run (&state->copy[side], call, &from, value, error);
}

static gboolean
run_forward (const HlLayerCall *call, HlTensor *x, HlTensor *y, GError **error)
{
  const Linear *linear = call->params;
  const State *state = call->state;
  const Cut *cut = &state->cut;
  guint n_in = state->n_in, n_out = linear->units, lanes = call->lanes, n_blocks = count_blocks (call, call->n_blocks);
  HlTensor *bias = linear->bias ? call->w[1] : call->w[0];
  guint row_tiles = (n_out + cut->tile_rows - 1) / cut->tile_rows;
  guint block_tiles = (n_blocks + cut->tile_blocks - 1) / cut->tile_blocks;

  if (!hl_blas_use_clblast (call->device))
    return hl_kernel_run (call->kernel[FORWARD], (gsize) row_tiles * block_tiles, error, HL_ARG_TENSOR (x),
                          HL_ARG_TENSOR (call->w[0]), HL_ARG_TENSOR (bias), HL_ARG_TENSOR (y), HL_ARG_INT ((int) n_in),
                          HL_ARG_INT ((int) n_out), HL_ARG_INT ((int) n_blocks),
                          HL_ARG_INT ((int) count_blocks (call, call->capacity / lanes)));
  return hl_blas_gemm_strided (call->device, FALSE, FALSE, n_out, lanes, n_in, 1, call->w[0], n_in, 0, x, lanes,
                               (gsize) n_in * lanes, 0, y, lanes, (gsize) n_out * lanes, n_blocks, error)
         && (!call->kernel[FORWARD]
             || hl_kernel_run (call->kernel[FORWARD], (gsize) n_blocks * n_out, error, HL_ARG_TENSOR (bias), HL_ARG_TENSOR (y),
                               HL_ARG_INT ((int) n_out)));
}

static gboolean
linear_forward (const HlLayerCall *call, GError **error)
{
  g_autoptr (HlTensor) x = dup_plain (call, X, call->x[0]), y = dup_plain (call, Y, call->y);

  return copy_in (call, X, call->x[0], x, error) && run_forward (call, x, y, error) && copy_out (call, Y, y, call->y, error);
}

typedef struct { HlTensor *x, *dy, *dx; gboolean add; } Backward;

/* dw block after block, because they add up. */
static gboolean
weights_with_clblast (const HlLayerCall *call, const Backward *with, guint n_blocks, GError **error)
{
  gsize n_in = ((const State *) call->state)->n_in, n_out = ((const Linear *) call->params)->units, lanes = call->lanes;

  for (guint block = 0; block < n_blocks; block++)
    {
      g_autoptr (HlTensor) x_block = hl_tensor_new_slice (with->x, block * n_in * lanes, n_in * lanes);
      g_autoptr (HlTensor) dy_block = hl_tensor_new_slice (with->dy, block * n_out * lanes, n_out * lanes);

      if (!hl_blas_gemm_strided (call->device, FALSE, TRUE, n_out, n_in, lanes, 1, dy_block, lanes, 0, x_block, lanes, 0,
                                 block ? 1 : 0, call->dw[0], n_in, 0, 1, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
run_backward (const HlLayerCall *call, const Backward *with, GError **error)
{
  const Linear *linear = call->params;
  const State *state = call->state;
  const Cut *cut = &state->cut;
  guint n_in = state->n_in, n_out = linear->units, lanes = call->lanes, n_blocks = count_blocks (call, call->n_blocks);
  guint capacity = count_blocks (call, call->capacity / lanes), n_dw = 0, n_dx = 0, n_db = 0;
  guint tiles = (n_in + cut->tile_inputs - 1) / cut->tile_inputs;
  gboolean clblast = hl_blas_use_clblast (call->device);
  HlTensor *none = call->w[0];

  if (call->dw[0] && clblast && capacity <= MAX_PRODUCTS)
    {
      if (!weights_with_clblast (call, with, n_blocks, error))
        return FALSE;
    }
  else if (call->dw[0])
    n_dw = cut->n_groups * cut->n_ranges;
  if (call->dx[0] && clblast)
    {
      if (!hl_blas_gemm_strided (call->device, TRUE, FALSE, n_in, lanes, n_out, 1, call->w[0], n_in, 0, with->dy, lanes,
                                 (gsize) n_out * lanes, with->add ? 1 : 0, with->dx, lanes, (gsize) n_in * lanes, n_blocks, error))
        return FALSE;
    }
  else if (call->dx[0])
    n_dx = (tiles + cut->dx_wide - 1) / cut->dx_wide * ((n_blocks + cut->tile_blocks - 1) / cut->tile_blocks);
  if (linear->bias && call->dw[1])
    n_db = (n_out + lanes - 1) / lanes;
  return hl_kernel_run (call->kernel[BACKWARD], (gsize) n_dw + n_dx + n_db, error, HL_ARG_TENSOR (with->x),
                        HL_ARG_TENSOR (call->w[0]), HL_ARG_TENSOR (with->dy), HL_ARG_TENSOR (with->dx),
                        HL_ARG_TENSOR (call->dw[0] ? call->dw[0] : none), HL_ARG_TENSOR (n_db > 0 ? call->dw[1] : none),
                        HL_ARG_TENSOR (call->workspace ? call->workspace : none), HL_ARG_INT ((int) n_in), HL_ARG_INT ((int) n_out),
                        HL_ARG_INT ((int) n_blocks), HL_ARG_INT ((int) capacity), HL_ARG_INT ((int) cut->room),
                        HL_ARG_INT ((int) n_dw), HL_ARG_INT ((int) cut->n_ranges), HL_ARG_INT ((int) cut->dw_wide),
                        HL_ARG_INT ((int) n_dx), HL_ARG_INT ((int) n_db), HL_ARG_INT ((int) cut->dx_wide),
                        HL_ARG_INT ((int) cut->dx_length), HL_ARG_INT (with->add));
}

static gboolean
linear_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;
  g_autoptr (HlTensor) x = dup_plain (call, X, call->x[0]), dy = dup_plain (call, DY, call->dy), dx = dup_plain (call, DX, call->dx[0]);
  /* What is copied out afterwards is added then. */
  Backward with = { x, dy, dx, call->accumulate[0] && !state->copy[DX].kernel };

  return copy_in (call, X, call->x[0], x, error) && copy_in (call, DY, call->dy, dy, error) && run_backward (call, &with, error)
         && copy_out (call, DX, dx, call->dx[0], error);
}

/* ---- The definition, and words ---- */

static void
linear_reference (const HlLayerReference *call)
{
  const Linear *linear = call->params;
  guint n_in = call->x_shape->dim[call->x_shape->n_dims - 1], n_out = linear->units;
  gsize n_rows = call->batch * count_rows (call->x_shape);

  for (gsize row = 0; row < n_rows; row++)
    for (guint out = 0; out < n_out; out++)
      {
        const double *x = call->x[0] + row * n_in, *w = call->w[0] + (gsize) out * n_in;
        double dy = call->dy ? call->dy[row * n_out + out] : 0;
        double sum = linear->bias ? call->w[1][out] : 0;

        for (guint in = 0; in < n_in; in++)
          {
            sum += w[in] * x[in];
            if (call->dy && call->dx[0])
              call->dx[0][row * n_in + in] += w[in] * dy;
            if (call->dy && call->dw[0])
              call->dw[0][(gsize) out * n_in + in] += x[in] * dy;
          }
        if (call->dy && linear->bias && call->dw[1])
          call->dw[1][out] += dy;
        call->y[row * n_out + out] = sum;
      }
}

static gboolean
linear_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  const Linear *linear = params;
  const gint64 turned[2] = { 1, 0 };

  if (inputs->n_dims == 1)
    {
      hl_op_list_add (ops, "Gemm", linear->bias ? "$x0,$w0,$w1" : "$x0,$w0", "$y");
      hl_op_list_set_int (ops, "transB", 1);
      return TRUE;
    }
  hl_op_list_add (ops, "Transpose", "$w0", "matrix");
  hl_op_list_set_ints (ops, "perm", 2, turned);
  hl_op_list_add (ops, "MatMul", "$x0,matrix", linear->bias ? "product" : "$y");
  if (linear->bias)
    hl_op_list_add (ops, "Add", "product,$w1", "$y");
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
    .help = N_("y = W x + b, with W of units × inputs numbers: 784 inputs and 10 units make 7850 with the biases. It works on the "
               "last axis of what comes in, whatever the other axes are, as PyTorch's Linear does: from a sequence of 28 steps "
               "with 64 numbers each, ten units make 28 times ten, with the same weights at each step. So it does not need "
               "a single row of numbers, as is sometimes said; but of an image it sees one row of pixels at a time. "
               "Put Flatten before it to connect all of an image. PyTorch calls this layer Linear, ONNX Gemm or MatMul, others "
               "dense or fully connected."),
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
