/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Add: the sum of its inputs, pixel by pixel. */

#include "engine/graph/activation.h"
#include "engine/layers/broadcast.h"

/* An input is added, or its gradient made, by a plain copy where it has the output's shape. */
typedef struct
{
  gboolean plain;
  HlCopy copy;
  HlStrided strided;
} Pass;

typedef struct
{
  guint pair_items;                 /* 0: the first two inputs have other shapes, `first` adds them */
  HlStrided first;
  Pass more[HL_MAX_INPUTS];         /* y += x for the third input and on */
  Pass backward[HL_MAX_INPUTS];
} State;

static const HlLayerExample add_examples[] = {
  { NULL, { HL_SHAPE_1 (7), HL_SHAPE_1 (7) } },
  { NULL, { HL_SHAPE_3 (3, 5, 7), HL_SHAPE_3 (3, 5, 7), HL_SHAPE_3 (3, 5, 7) } },
  { NULL, { HL_SHAPE_3 (17, 1, 2), HL_SHAPE_3 (17, 1, 2), HL_SHAPE_3 (1, 1, 1) } },
  { NULL, { HL_SHAPE_2 (5, 3), HL_SHAPE_2 (5, 3), HL_SHAPE_2 (5, 3), HL_SHAPE_2 (5, 3) } },
  { NULL, { HL_SHAPE_1 (3), HL_SHAPE_2 (5, 1), HL_SHAPE_4 (2, 3, 5, 3) } },
  { NULL, { { 0 } } }
};

static void
pass_prepare (Pass *self, HlLayerCall *call, const HlValue *from, const HlValue *to, gboolean add)
{
  self->plain = hl_shape_equal (&from->shape, &to->shape);
  if (self->plain)
    hl_copy_prepare (&self->copy, call, from, 0, to, 0, add);
  else
    hl_broadcast_prepare (&self->strided, call, to, from, NULL, "a", 1, add);
}

static gboolean
pass_run (const Pass *self, const HlLayerCall *call, const HlValue *from, const HlValue *to, GError **error)
{
  return self->plain ? hl_copy_run (&self->copy, call, from, to, error) : hl_strided_run (&self->strided, call, error);
}

static gboolean
add_prepare (HlLayerCall *call, GError **error)
{
  State *state = call->state = g_new0 (State, 1);
  g_autoptr (GString) defines = g_string_new (NULL);

  if (hl_shape_equal (&call->x[0]->shape, &call->y->shape) && hl_shape_equal (&call->x[1]->shape, &call->y->shape))
    {
      state->pair_items = hl_walk_append_defines (call, (HlWalkValue[]) { { "Y", call->y }, { "X0", call->x[0] },
                                                  { "X1", call->x[1] } }, 3, defines);
      call->kernel[0] = hl_kernel_set_add (call->kernels, "elementwise", "add_pair", defines->str);
    }
  else
    hl_broadcast_prepare (&state->first, call, call->y, call->x[0], call->x[1], "a + b", 1, FALSE);
  for (guint i = 2; i < call->n_inputs; i++)
    pass_prepare (&state->more[i], call, call->x[i], call->y, TRUE);
  for (guint i = 0; i < call->n_inputs; i++)
    if (call->dx[i])
      pass_prepare (&state->backward[i], call, call->dy, call->dx[i], call->accumulate[i]);
  return TRUE;
}

static gboolean
add_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  if (state->pair_items == 0 ? !hl_strided_run (&state->first, call, error)
                             : !hl_kernel_run (call->kernel[0], call->n_blocks * state->pair_items, error,
                                               HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->x[1]->tensor),
                                               HL_ARG_TENSOR (call->y->tensor)))
    return FALSE;
  for (guint i = 2; i < call->n_inputs; i++)
    if (!pass_run (&state->more[i], call, call->x[i], call->y, error))
      return FALSE;
  return TRUE;
}

static gboolean
add_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  for (guint i = 0; i < call->n_inputs; i++)
    if (call->dx[i] && !pass_run (&state->backward[i], call, call->dy, call->dx[i], error))
      return FALSE;
  return TRUE;
}

static void
add_reference (const HlLayerReference *call)
{
  const HlShape *shape = &call->plan->output;
  gsize n = hl_shape_get_count (shape);
  guint at[HL_MAX_DIMS];

  for (gsize i = 0; i < call->batch * n; i++)
    call->y[i] = 0;
  for (guint k = 0; k < call->n_inputs; k++)
    for (gsize i = 0; i < n; i++)
      {
        gsize n_x = hl_shape_get_count (&call->x_shape[k]), from;

        hl_shape_place (shape, i, at);
        from = hl_broadcast_number (&call->x_shape[k], shape, at);
        for (gsize sample = 0; sample < call->batch; sample++)
          {
            call->y[sample * n + i] += call->x[k][sample * n_x + from];
            if (call->dy && call->dx[k])
              call->dx[k][sample * n_x + from] += call->dy[sample * n + i];
          }
      }
}

static gboolean
add_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
           GError **error)
{
  hl_broadcast_lower (n_inputs == 2 ? "Add" : "Sum", plan, n_inputs, inputs, ops);
  return TRUE;
}

const HlLayerClass hl_add_layer = {
  .base = {
    .name = "add",
    .title = N_("Add"),
    .group = N_("Merge"),
    .summary = N_("Adds its inputs, pixel by pixel."),
    .help = N_("y = x(1) + x(2) + ... With a link that passes layers by, the layers in between only learn what is to "
               "change: a residual connection (He, Zhang, Ren and Sun, 2015), which lets gradients reach far back. "
               "Shapes may differ as in NumPy: they are aligned at the last axis, and an axis of size 1, or one that "
               "is missing, is repeated; its gradients are summed. A number for each channel of an image needs the shape "
               "C×1×1: a row of C numbers would meet the columns."),
  },
  .min_inputs = 2,
  .max_inputs = HL_MAX_INPUTS,
  .examples = add_examples,
  .plan = hl_broadcast_plan,
  .prepare = add_prepare,
  .forward = add_forward,
  .backward = add_backward,
  .reference = add_reference,
  .lower = add_lower,
};
