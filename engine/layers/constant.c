/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Constant: the same tensor for every sample. Networks that other programs made hold such tensors. */

#include "engine/graph/activation.h"

typedef struct
{
  int size_1, size_2, size_3, size_4, size_5;
} Constant;

typedef struct { guint items_per_block; } State;

static const HlParam constant_params[] = {
  HL_INT (Constant, size_1, N_("First size"), HL_UNIT_NONE, 1, 1 << 24, 1, N_("The first axis, that of the channels.")),
  HL_INT (Constant, size_2, N_("Second size"), HL_UNIT_NONE, 0, 1 << 24, 0, N_("0: not used.")),
  HL_INT (Constant, size_3, N_("Third size"), HL_UNIT_NONE, 0, 1 << 24, 0, N_("0: not used.")),
  HL_INT (Constant, size_4, N_("Fourth size"), HL_UNIT_NONE, 0, 1 << 24, 0, N_("0: not used.")),
  HL_INT (Constant, size_5, N_("Fifth size"), HL_UNIT_NONE, 0, 1 << 24, 0, N_("0: not used.")),
  HL_PARAM_END
};

static const HlLayerExample constant_examples[] = {
  { "size_1=7", { HL_SHAPE_1 (7) } },
  { "size_1=3;size_2=5", { HL_SHAPE_2 (3, 5) } },
  { "size_1=2;size_2=3;size_3=5", { HL_SHAPE_3 (2, 3, 5) } },
  { "size_1=2;size_2=1;size_3=3;size_4=2", { HL_SHAPE_4 (2, 1, 3, 2) } },
  { NULL, { { 0 } } }
};

static gboolean
constant_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
               GError **error)
{
  const Constant *self = params;
  const int sizes[HL_MAX_DIMS] = { self->size_1, self->size_2, self->size_3, self->size_4, self->size_5 };
  double count = 1;

  for (guint k = 0; k < HL_MAX_DIMS; k++)
    if (sizes[k] > 0)
      {
        plan->output.dim[plan->output.n_dims++] = (guint) sizes[k];
        count *= sizes[k];
      }
  /* More than any value may have, and no number of it must overflow before the caller says so. */
  if (count > 1 << 27)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, _("would hold %.0f numbers, more than the %d this program can handle."),
                   count, 1 << 27);
      return FALSE;
    }
  plan->n_weights = 1;
  plan->weights[0] = (HlWeightSpec) {
    .name = "value",
    .kind = HL_WEIGHT_STATE,
    .shape = plan->output,
    .fan_in = 1,
    .fan_out = 1,
  };
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static gboolean
constant_prepare (HlLayerCall *call, GError **error)
{
  g_autoptr (GString) defines = g_string_new (NULL);
  State *state = call->state = g_new0 (State, 1);

  state->items_per_block = hl_walk_append_defines (call, (HlWalkValue[]) { { "Y", call->y } }, 1, defines);
  call->kernel[0] = hl_kernel_set_add (call->kernels, "elementwise", "constant", defines->str);
  return TRUE;
}

static gboolean
constant_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  return hl_kernel_run (call->kernel[0], call->n_blocks * state->items_per_block, error, HL_ARG_TENSOR (call->w[0]),
                        HL_ARG_TENSOR (call->y->tensor));
}

static void
constant_reference (const HlLayerReference *call)
{
  gsize n = hl_shape_get_count (&call->plan->output);

  for (gsize i = 0; i < call->batch * n; i++)
    call->y[i] = call->w[0][i % n];
}

/* Every sample gets the tensor: in ONNX, broadcasting along the batch does that where the constant is used. */
static gboolean
constant_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  static const gint64 first = 0;

  hl_op_list_add_ints (ops, "axes", 1, &first);
  hl_op_list_add (ops, "Unsqueeze", "$w0,axes", "$y");
  return TRUE;
}

static char *
constant_describe (const void *params)
{
  HlLayerPlan plan = { 0 };

  return constant_plan (params, NULL, 0, NULL, &plan, NULL) ? hl_shape_to_string (&plan.output) : g_strdup ("");
}

const HlLayerClass hl_constant_layer = {
  .base = {
    .name = "constant",
    .title = N_("Constant"),
    .group = N_("Data"),
    .summary = N_("Holds a tensor that is the same for every sample and is not learnt."),
    .help = N_("Networks that were imported from ONNX files hold such tensors, to add, subtract or multiply with. The numbers are "
               "saved with the weights; in a new network they are 0. To learn a summand, use the bias of the layer before."),
    .params_size = sizeof (Constant),
    .params = constant_params,
  },
  .examples = constant_examples,
  .plan = constant_plan,
  .prepare = constant_prepare,
  .forward = constant_forward,
  .reference = constant_reference,
  .lower = constant_lower,
  .describe = constant_describe,
};
