/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Permute: the axes of a sample in another order (PyTorch's permute, ONNX's Transpose). */

#include "engine/layers/strided.h"

enum { FORWARD, BACKWARD };

typedef struct
{
  int axis_1, axis_2, axis_3, axis_4, axis_5;
} Permute;

static const HlParam permute_params[] = {
  HL_INT (Permute, axis_1, N_("First axis"), HL_UNIT_NONE, -1, HL_MAX_DIMS - 1, 1,
          N_("Number of the axis that comes first; 0 is the channel, -1: not used.")),
  HL_INT (Permute, axis_2, N_("Second axis"), HL_UNIT_NONE, -1, HL_MAX_DIMS - 1, 0,
          N_("Number of the axis that comes second; 0 is the channel, -1: not used.")),
  HL_INT (Permute, axis_3, N_("Third axis"), HL_UNIT_NONE, -1, HL_MAX_DIMS - 1, -1,
          N_("Number of the axis that comes third; 0 is the channel, -1: not used.")),
  HL_INT (Permute, axis_4, N_("Fourth axis"), HL_UNIT_NONE, -1, HL_MAX_DIMS - 1, -1,
          N_("Number of the axis that comes fourth; 0 is the channel, -1: not used.")),
  HL_INT (Permute, axis_5, N_("Fifth axis"), HL_UNIT_NONE, -1, HL_MAX_DIMS - 1, -1,
          N_("Number of the axis that comes fifth; 0 is the channel, -1: not used.")),
  HL_PARAM_END
};

static const HlLayerExample permute_examples[] = {
  { NULL, { HL_SHAPE_2 (5, 3) } },
  { "axis_1=1;axis_2=2;axis_3=0", { HL_SHAPE_3 (3, 5, 7) } },
  { "axis_1=0;axis_2=2;axis_3=1", { HL_SHAPE_3 (2, 9, 4) } },
  { "axis_1=3;axis_2=1;axis_3=0;axis_4=2", { HL_SHAPE_4 (2, 3, 4, 5) } },
  { "axis_1=2;axis_2=4;axis_3=1;axis_4=0;axis_5=3", { { 5, { 2, 3, 4, 1, 5 } } } },
  { "axis_1=0;axis_2=-1", { HL_SHAPE_1 (6) } },
  { NULL, { { 0 } } }
};

/* The axes that are used; returns how many. */
static guint
get_order (const Permute *permute, guint *order)
{
  const int all[HL_MAX_DIMS] = { permute->axis_1, permute->axis_2, permute->axis_3, permute->axis_4, permute->axis_5 };
  guint n = 0;

  for (guint k = 0; k < HL_MAX_DIMS; k++)
    if (all[k] >= 0)
      order[n++] = (guint) all[k];
  return n;
}

static char *
permute_describe (const void *params)
{
  GString *text = g_string_new (NULL);
  guint order[HL_MAX_DIMS], n = get_order (params, order);

  for (guint k = 0; k < n; k++)
    g_string_append_printf (text, k > 0 ? ", %u" : "%u", order[k]);
  if (n == 0)
    g_string_append (text, "–");
  return g_string_free (text, FALSE);
}

static gboolean
permute_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
              GError **error)
{
  guint order[HL_MAX_DIMS], n = get_order (params, order), seen = 0;

  for (guint k = 0; k < n; k++)
    seen |= 1u << order[k];
  if (n != inputs[0].n_dims || seen != (1u << n) - 1)
    {
      g_autofree char *got = hl_shape_to_string (&inputs[0]), *axes = permute_describe (params);

      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs each axis from 0 to %u once for a sample of %s, but has the order %s."), inputs[0].n_dims - 1, got,
                   axes);
      return FALSE;
    }
  plan->output.n_dims = n;
  for (guint k = 0; k < n; k++)
    plan->output.dim[k] = inputs[0].dim[order[k]];
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static gboolean
permute_prepare (HlLayerCall *call, GError **error)
{
  HlStrided *passes = call->state = g_new0 (HlStrided, 2);
  HlView x = hl_view_new (call->x[0]), y = hl_view_new (call->y);
  guint order[HL_MAX_DIMS];

  get_order (call->params, order);
  hl_view_permute (&x, order);
  hl_strided_prepare (&passes[FORWARD], call, &y, &x, NULL, "a", 1, FALSE);
  if (!call->dx[0])
    return TRUE;
  x = hl_view_new (call->dx[0]);
  y = hl_view_new (call->dy);
  hl_view_permute (&x, order);
  hl_strided_prepare (&passes[BACKWARD], call, &x, &y, NULL, "a", 1, call->accumulate[0]);
  return TRUE;
}

static gboolean
permute_forward (const HlLayerCall *call, GError **error)
{
  return hl_strided_run ((const HlStrided *) call->state + FORWARD, call, error);
}

static gboolean
permute_backward (const HlLayerCall *call, GError **error)
{
  return !call->dx[0] || hl_strided_run ((const HlStrided *) call->state + BACKWARD, call, error);
}

static gint64
source (const void *params, const HlShape *x, const guint *at)
{
  guint order[HL_MAX_DIMS], n = get_order (params, order), from[HL_MAX_DIMS];

  for (guint k = 0; k < n; k++)
    from[order[k]] = at[k];
  return (gint64) hl_shape_number (x, from);
}

static void
permute_reference (const HlLayerReference *call)
{
  hl_gather_reference (call, source, 0);
}

static gboolean
permute_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  guint order[HL_MAX_DIMS], n = get_order (params, order);
  gint64 perm[HL_MAX_DIMS + 1] = { 0 };

  for (guint k = 0; k < n; k++)
    perm[k + 1] = order[k] + 1;
  hl_op_list_add (ops, "Transpose", "$x0", "$y");
  hl_op_list_set_ints (ops, "perm", n + 1, perm);
  return TRUE;
}

const HlLayerClass hl_permute_layer = {
  .base = {
    .name = "permute",
    .title = N_("Permute"),
    .group = N_("Shape"),
    .summary = N_("Puts the axes of a sample into another order."),
    .help = N_("Output axis k is the input's axis of the number given there. The axes of a sample are counted from 0, which is the "
               "channel; the batch is not among them, so every number is one less than in PyTorch's permute and ONNX's "
               "Transpose. The order 1, 0 turns channels × steps into steps × channels, which recurrent layers take. Unlike "
               "Reshape it moves the numbers."),
    .params_size = sizeof (Permute),
    .params = permute_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = permute_examples,
  .plan = permute_plan,
  .prepare = permute_prepare,
  .forward = permute_forward,
  .backward = permute_backward,
  .reference = permute_reference,
  .lower = permute_lower,
  .describe = permute_describe,
};
