/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Identity: y = x, another view of the same memory. */

#include "engine/graph/activation.h"

static gboolean
identity_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
               HlLayerPlan *plan, GError **error)
{
  plan->output = inputs[0];
  plan->alias = TRUE;
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static gboolean
identity_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
                GError **error)
{
  hl_op_list_add (ops, "Identity", "$x0", "$y");
  return TRUE;
}

const HlLayerClass hl_identity_layer = {
  .base = {
    .name = "identity",
    .title = N_("Identity"),
    .group = N_("Shape"),
    .summary = N_("Passes everything on unchanged."),
    .help = N_("y = x. It costs nothing, and holds a place: for an activation that is to be tried without, or as the "
               "short way around a block whose result is added to its input."),
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = hl_activation_examples,
  .plan = identity_plan,
  .prepare = hl_view_prepare,
  .forward = hl_view_forward,
  .backward = hl_view_backward,
  .reference = hl_view_reference,
  .lower = identity_lower,
};
