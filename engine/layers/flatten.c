/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flatten: the numbers of a sample in one row. Usually only another view of the same memory; a copy where a neighbour
 * wants a border around its image. */

#include "engine/graph/activation.h"

static const HlLayerExample flatten_examples[] = {
  { NULL, { HL_SHAPE_3 (3, 5, 7) } },
  { NULL, { HL_SHAPE_3 (1, 1, 1) } },
  { NULL, { HL_SHAPE_1 (9) } },
  { NULL, { HL_SHAPE_2 (5, 3) } },
  { NULL, { { 0 } } }
};

static gboolean
flatten_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
              HlLayerPlan *plan, GError **error)
{
  plan->output = HL_SHAPE_1 (hl_shape_get_count (&inputs[0]));
  plan->alias = TRUE;
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static gboolean
flatten_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
               GError **error)
{
  hl_op_list_add (ops, "Flatten", "$x0", "$y");
  hl_op_list_set_int (ops, "axis", 1);
  return TRUE;
}

const HlLayerClass hl_flatten_layer = {
  .base = {
    .name = "flatten",
    .title = N_("Flatten"),
    .group = N_("Shape"),
    .summary = N_("Lays the channels and pixels of an image out in one row."),
    .help = N_("Number (channel × rows + row) × columns + column of the row is that pixel of that channel. Linear "
               "layers need it after images. It costs nothing; but where pixels are neighbours is forgotten after it."),
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = flatten_examples,
  .plan = flatten_plan,
  .prepare = hl_view_prepare,
  .forward = hl_view_forward,
  .backward = hl_view_backward,
  .reference = hl_view_reference,
  .lower = flatten_lower,
};
