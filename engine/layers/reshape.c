/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reshape: the same numbers in the same order, in another shape. Only another view of the same memory, or a copy where a
 * neighbour wants a border. */

#include "engine/graph/activation.h"

#include <inttypes.h>

enum { FORWARD, BACKWARD };

typedef struct
{
  int size_1, size_2, size_3, size_4, size_5;
} Reshape;

/* A copy between two values. Where both have a border, elements are found by their number. */
typedef struct
{
  HlCopy copy;
  HlKernel *by_number;
  gint32 from_shape[4], to_shape[4], block_step[2], first[2], count, chunk, n_items, add;
} Move;

typedef struct { Move move[2]; } State;

static const HlParam reshape_params[] = {
  HL_INT (Reshape, size_1, N_("First size"), HL_UNIT_NONE, -1, 1 << 24, -1, N_("0: not used, -1: whatever is left over.")),
  HL_INT (Reshape, size_2, N_("Second size"), HL_UNIT_NONE, -1, 1 << 24, 0, N_("0: not used, -1: whatever is left over.")),
  HL_INT (Reshape, size_3, N_("Third size"), HL_UNIT_NONE, -1, 1 << 24, 0, N_("0: not used, -1: whatever is left over.")),
  HL_INT (Reshape, size_4, N_("Fourth size"), HL_UNIT_NONE, -1, 1 << 24, 0, N_("0: not used, -1: whatever is left over.")),
  HL_INT (Reshape, size_5, N_("Fifth size"), HL_UNIT_NONE, -1, 1 << 24, 0, N_("0: not used, -1: whatever is left over.")),
  HL_PARAM_END
};

static const HlLayerExample reshape_examples[] = {
  { "size_1=5;size_2=3;size_3=7", { HL_SHAPE_3 (3, 5, 7) } },
  { "size_1=2;size_2=-1;size_3=3", { HL_SHAPE_1 (24) } },
  { NULL, { HL_SHAPE_2 (5, 3) } },
  { "size_1=3;size_2=2;size_3=1;size_4=2;size_5=-1", { HL_SHAPE_4 (4, 3, 1, 5) } },
  { NULL, { { 0 } } }
};

/* The sizes that are used; returns how many. */
static guint
get_sizes (const Reshape *reshape, int *sizes)
{
  const int all[HL_MAX_DIMS] = { reshape->size_1, reshape->size_2, reshape->size_3, reshape->size_4, reshape->size_5 };
  guint n = 0;

  for (guint k = 0; k < HL_MAX_DIMS; k++)
    if (all[k] != 0)
      sizes[n++] = all[k];
  return n;
}

static gboolean
reshape_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
              GError **error)
{
  g_autofree char *got = hl_shape_to_string (&inputs[0]), *wanted = NULL;
  guint64 count = hl_shape_get_count (&inputs[0]), product = 1;
  int sizes[HL_MAX_DIMS], open = -1;
  guint n = get_sizes (params, sizes);

  for (guint k = 0; k < n; k++)
    {
      if (sizes[k] < 0 && open >= 0)
        {
          g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                       _("needs at most one size of -1, but has it in places %d and %u."), open + 1, k + 1);
          return FALSE;
        }
      if (sizes[k] < 0)
        open = (int) k;
      else if ((product *= (guint64) sizes[k]) > count)
        product = count + 1;           /* too many already, and never too large to multiply */
      plan->output.dim[k] = (guint) MAX (sizes[k], 1);
    }
  plan->output.n_dims = n;
  if (open >= 0 && count % product == 0)
    {
      plan->output.dim[open] = (guint) (count / product);
      product = count;
    }
  if (n == 0 || product != count)
    {
      wanted = hl_shape_to_string (&plan->output);
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, open < 0
                   ? _("needs a shape of as many numbers as come in: %s does not hold the %" PRIu64 " of %s.")
                   : _("needs sizes that divide what comes in: %s does not divide the %" PRIu64 " of %s."), wanted,
                   count, got);
      return FALSE;
    }
  plan->alias = TRUE;
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static void
set_geometry (const HlValue *value, gint32 *shape, gint32 *block_step, gint32 *first)
{
  shape[0] = (gint32) hl_shape_columns (&value->shape);
  shape[1] = (gint32) hl_shape_rows (&value->shape);
  shape[2] = (gint32) hl_value_row_step (value);
  shape[3] = (gint32) hl_value_plane_step (value);
  *block_step = (gint32) hl_value_block_step (value);
  *first = (gint32) hl_value_origin (value);
}

static void
move_prepare (Move *self, HlLayerCall *call, const HlValue *from, const HlValue *to, gboolean add)
{
  if (!hl_value_has_border (from) || !hl_value_has_border (to))
    {
      hl_copy_prepare (&self->copy, call, from, 0, to, 0, add);
      return;
    }
  set_geometry (from, self->from_shape, &self->block_step[0], &self->first[0]);
  set_geometry (to, self->to_shape, &self->block_step[1], &self->first[1]);
  self->count = (gint32) hl_shape_get_count (&to->shape);
  self->chunk = hl_device_get_info (call->device)->lanes > 16 ? 8 : 256;
  self->n_items = (self->count + self->chunk - 1) / self->chunk;
  self->add = add;
  self->by_number = hl_kernel_set_add (call->kernels, "strided", "copy_by_number", NULL);
}

#define ARG_INTS(array) ((HlKernelArg) { HL_ARG_KIND_VALUE, (array), sizeof (array) })

static gboolean
move_run (const Move *self, const HlLayerCall *call, const HlValue *from, const HlValue *to, GError **error)
{
  if (self->copy.kernel)
    return hl_copy_run (&self->copy, call, from, to, error);
  return !self->by_number
         || hl_kernel_run (self->by_number, (gsize) call->n_blocks * self->n_items, error, HL_ARG_TENSOR (from->tensor),
                           HL_ARG_TENSOR (to->tensor), ARG_INTS (self->from_shape), ARG_INTS (self->to_shape),
                           ARG_INTS (self->block_step), ARG_INTS (self->first), HL_ARG_INT (self->count),
                           HL_ARG_INT (self->chunk), HL_ARG_INT (self->n_items), HL_ARG_INT (self->add));
}

static gboolean
reshape_prepare (HlLayerCall *call, GError **error)
{
  State *state = call->state = g_new0 (State, 1);

  if (call->x[0]->tensor != call->y->tensor)
    move_prepare (&state->move[FORWARD], call, call->x[0], call->y, FALSE);
  if (call->dx[0] && call->dx[0]->tensor != call->dy->tensor)
    move_prepare (&state->move[BACKWARD], call, call->dy, call->dx[0], call->accumulate[0]);
  return TRUE;
}

static gboolean
reshape_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  return move_run (&state->move[FORWARD], call, call->x[0], call->y, error);
}

static gboolean
reshape_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  return !call->dx[0] || move_run (&state->move[BACKWARD], call, call->dy, call->dx[0], error);
}

static void
reshape_reference (const HlLayerReference *call)
{
  gsize n = call->batch * hl_shape_get_count (&call->x_shape[0]);

  for (gsize i = 0; i < n; i++)
    call->y[i] = call->x[0][i];
  for (gsize i = 0; call->dy && call->dx[0] && i < n; i++)
    call->dx[0][i] += call->dy[i];
}

static gboolean
reshape_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  gint64 shape[HL_MAX_DIMS + 1] = { -1 };

  for (guint k = 0; k < plan->output.n_dims; k++)
    shape[k + 1] = plan->output.dim[k];
  hl_op_list_add_ints (ops, "shape", plan->output.n_dims + 1, shape);
  hl_op_list_add (ops, "Reshape", "$x0,shape", "$y");
  return TRUE;
}

static char *
reshape_describe (const void *params)
{
  GString *text = g_string_new (NULL);
  int sizes[HL_MAX_DIMS];
  guint n = get_sizes (params, sizes);

  for (guint k = 0; k < n; k++)
    if (sizes[k] < 0)
      g_string_append (text, k > 0 ? "×?" : "?");
    else
      g_string_append_printf (text, k > 0 ? "×%d" : "%d", sizes[k]);
  if (n == 0)
    g_string_append (text, "?");
  return g_string_free (text, FALSE);
}

const HlLayerClass hl_reshape_layer = {
  .base = {
    .name = "reshape",
    .title = N_("Reshape"),
    .group = N_("Shape"),
    .summary = N_("Gives the numbers of a sample another shape; their order stays."),
    .help = N_("As many numbers must go out as come in. One size may be -1 and becomes whatever is left over; sizes of 0 are not "
               "used, so that two sizes make a sequence and three an image. The batch is not among the sizes, as PyTorch's "
               "reshape and ONNX's Reshape would count it. The numbers keep their order, the last axis running fastest: to swap "
               "axes use Permute, for a row of numbers Flatten. It usually costs nothing."),
    .params_size = sizeof (Reshape),
    .params = reshape_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = reshape_examples,
  .plan = reshape_plan,
  .prepare = reshape_prepare,
  .forward = reshape_forward,
  .backward = reshape_backward,
  .reference = reshape_reference,
  .lower = reshape_lower,
  .describe = reshape_describe,
};
