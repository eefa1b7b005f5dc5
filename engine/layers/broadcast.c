/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shapes that broadcast, and the layers of two inputs that do nothing else. */

#include "engine/layers/broadcast.h"

const HlLayerExample hl_broadcast_examples[] = {
  { NULL, { HL_SHAPE_1 (7), HL_SHAPE_1 (7) }, .away_from_zero = 2 },
  { NULL, { HL_SHAPE_3 (3, 5, 7), HL_SHAPE_3 (3, 1, 1) }, .away_from_zero = 2 },
  { NULL, { HL_SHAPE_3 (1, 5, 7), HL_SHAPE_3 (17, 5, 1) }, .away_from_zero = 2 },
  { NULL, { HL_SHAPE_2 (1, 3), HL_SHAPE_4 (2, 5, 1, 3) }, .away_from_zero = 2 },
  { NULL, { HL_SHAPE_3 (2, 3, 5), HL_SHAPE_1 (1) }, .away_from_zero = 2 },
  { NULL, { { 0 } } }
};

/* A row of as many numbers as an image has channels is the usual slip: it would meet the columns. */
static gboolean
is_row_for_channels (const HlShape *row, const HlShape *image)
{
  return row->n_dims == 1 && image->n_dims > 1 && row->dim[0] == image->dim[0];
}

/* Input i does not go with what those before it make. */
static void
set_clash (const HlShape *inputs, guint i, const HlShape *before, GError **error)
{
  g_autofree char *first = hl_shape_to_string (before), *other = hl_shape_to_string (&inputs[i]);

  if (is_row_for_channels (&inputs[i], before) || is_row_for_channels (before, &inputs[i]))
    {
      HlShape wanted = { MAX (before->n_dims, inputs[i].n_dims), { before->dim[0], 1, 1, 1, 1 } };
      g_autofree char *column = hl_shape_to_string (&wanted);

      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs sizes that are equal from the last axis on, or 1, but gets %s and, as number %u, %s. To meet the "
                     "channels, reshape the row to %s."), first, i + 1, other, column);
    }
  else
    g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                 i == 1 ? _("needs inputs of one shape, or sizes of 1 where they differ, but the first is %s and number %u is %s.")
                        : _("needs inputs of one shape, or sizes of 1 where they differ, but those before make %s and number %u is %s."),
                 first, i + 1, other);
}

gboolean
hl_broadcast_shapes (guint n_inputs, const HlShape *inputs, HlShape *output, GError **error)
{
  HlShape all = inputs[0];

  for (guint i = 1; i < n_inputs; i++)
    {
      const HlShape *next = &inputs[i];
      HlShape old = all;

      all.n_dims = MAX (old.n_dims, next->n_dims);
      for (guint k = 0; k < all.n_dims; k++)
        {
          guint left_out = all.n_dims - old.n_dims, left_out_next = all.n_dims - next->n_dims;
          guint a = k < left_out ? 1 : old.dim[k - left_out], b = k < left_out_next ? 1 : next->dim[k - left_out_next];

          if (a != b && a != 1 && b != 1)
            {
              set_clash (inputs, i, &old, error);
              return FALSE;
            }
          all.dim[k] = a == 1 ? b : a;
        }
    }
  *output = all;
  return TRUE;
}

void
hl_broadcast_prepare (HlStrided *self, HlLayerCall *call, const HlValue *to, const HlValue *a, const HlValue *b, const char *term,
                      double scale, gboolean add)
{
  const HlShape *shape = &call->y->shape;
  HlView view_to = hl_view_new (to), view_a = hl_view_new (a), view_b = hl_view_new (b ? b : a);

  hl_view_broadcast (&view_to, shape);
  hl_view_broadcast (&view_a, shape);
  hl_view_broadcast (&view_b, shape);
  hl_strided_prepare (self, call, &view_to, &view_a, &view_b, term, scale, add);
}

gsize
hl_broadcast_number (const HlShape *x, const HlShape *y, const guint *at)
{
  guint missing = y->n_dims - x->n_dims, place[HL_MAX_DIMS];

  for (guint k = 0; k < x->n_dims; k++)
    place[k] = x->dim[k] == 1 ? 0 : at[k + missing];
  return hl_shape_number (x, place);
}

void
hl_broadcast_lower (const char *op_type, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < n_inputs; i++)
    {
      const gint64 axes[HL_MAX_DIMS] = { 1, 2, 3, 4, 5 };
      guint missing = plan->output.n_dims - inputs[i].n_dims;
      g_autofree char *x = g_strdup_printf ("$x%u", i), *list = g_strdup_printf ("axes%u", i), *wide = g_strdup_printf ("wide%u", i);
      g_autofree char *pair = g_strdup_printf ("%s,%s", x, list);

      if (missing > 0)
        {
          hl_op_list_add_ints (ops, list, missing, axes);
          hl_op_list_add (ops, "Unsqueeze", pair, wide);
        }
      g_string_append_printf (names, "%s%s", i > 0 ? "," : "", missing > 0 ? wide : x);
    }
  hl_op_list_add (ops, op_type, names->str, "$y");
}

/* ---- Layers of two inputs ---- */

gboolean
hl_broadcast_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
                   GError **error)
{
  plan->needs_x = plan->needs_y = FALSE;
  return hl_broadcast_shapes (n_inputs, inputs, &plan->output, error);
}

gboolean
hl_broadcast_forward (const HlLayerCall *call, GError **error)
{
  const HlBroadcast *state = call->state;

  return hl_passes_run (&state->forward, call, error);
}

gboolean
hl_broadcast_backward (const HlLayerCall *call, GError **error)
{
  const HlBroadcast *state = call->state;

  return hl_passes_run (&state->backward, call, error);
}

void
hl_broadcast_reference (const HlLayerReference *call, HlBroadcastFormula *value, HlBroadcastFormula *by_a, HlBroadcastFormula *by_b)
{
  const HlShape *shape = &call->plan->output;
  gsize n = hl_shape_get_count (shape), n_a = hl_shape_get_count (&call->x_shape[0]), n_b = hl_shape_get_count (&call->x_shape[1]);
  guint at[HL_MAX_DIMS];

  for (gsize i = 0; i < n; i++)
    {
      gsize from_a, from_b;

      hl_shape_place (shape, i, at);
      from_a = hl_broadcast_number (&call->x_shape[0], shape, at);
      from_b = hl_broadcast_number (&call->x_shape[1], shape, at);
      for (gsize sample = 0; sample < call->batch; sample++)
        {
          double a = call->x[0][sample * n_a + from_a], b = call->x[1][sample * n_b + from_b];

          call->y[sample * n + i] = value (a, b);
          if (call->dy && call->dx[0])
            call->dx[0][sample * n_a + from_a] += call->dy[sample * n + i] * by_a (a, b);
          if (call->dy && call->dx[1])
            call->dx[1][sample * n_b + from_b] += call->dy[sample * n + i] * by_b (a, b);
        }
    }
}
