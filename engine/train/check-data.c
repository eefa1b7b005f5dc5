/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Network, loss and data held against each other, with repairs where one number or a shape is all that is wrong. */

#include "engine/train/check-data.h"

static gboolean
has_unit_input (const HlDataset *dataset, HlNormalize normalize)
{
  float low, high;

  if (normalize == HL_NORMALIZE_STANDARD)
    return FALSE;
  if (normalize == HL_NORMALIZE_UNIT && hl_dataset_get_dtype (dataset) == HL_DTYPE_U8)
    return TRUE;
  hl_dataset_get_range (dataset, &low, &high);
  return low >= 0 && high <= 1;
}

gboolean
hl_check_loss (const HlPlan *plan, const HlChoice *loss, const HlDataset *dataset, HlNormalize normalize, GError **error)
{
  HlLossCheck check = {
    .params = loss->params, .output = &hl_plan_get_output (plan)->layer.output,
    .input = &hl_plan_get_input (plan)->layer.output, .n_classes = hl_dataset_get_n_classes (dataset),
    .unit_input = has_unit_input (dataset, normalize),
  };

  return ((const HlLossClass *) loss->klass)->check (&check, error);
}

/* The step's node, where its shape is known. */
static const HlNode *
find_node (const HlPlan *plan, const HlPlanStep *step)
{
  HlShape shape;

  return step && hl_plan_get_shape (plan, step->node, &shape) ? hl_graph_find_node (hl_plan_get_graph (plan), step->node) : NULL;
}

static void
set_param (HlProblem *problem, guint i, const HlNode *node, const char *name, double value)
{
  problem->fix_param[i] = hl_class_find_param (&node->klass->base, name);
  problem->fix_value[i] = value;
}

static void
check_input (const HlPlan *plan, const HlNode *node, const HlDataset *dataset, GPtrArray *problems)
{
  const HlShape *wanted = &hl_plan_get_input (plan)->layer.output, *shape = hl_dataset_get_shape (dataset);
  g_autofree char *wanted_text = hl_shape_to_string (wanted), *text = hl_shape_to_string (shape);
  HlProblem *problem;

  if (hl_shape_equal (wanted, shape))
    return;
  problem = hl_problem_new (node->id, HL_SEVERITY_ERROR,
                            g_strdup_printf (_("The network takes samples of %s, but those of “%s” are %s."), wanted_text,
                                             hl_dataset_get_title (dataset), text));
  if (shape->n_dims == 3)
    {
      problem->fix = g_strdup_printf (_("Make it %s."), text);
      problem->fix_kind = HL_FIX_SET_PARAM;
      set_param (problem, 0, node, "channels", shape->dim[0]);
      set_param (problem, 1, node, "height", shape->dim[1]);
      set_param (problem, 2, node, "width", shape->dim[2]);
    }
  g_ptr_array_add (problems, problem);
}

static void
check_output (const HlPlan *plan, const HlNode *node, const HlChoice *loss, const HlDataset *dataset, HlNormalize normalize,
              GPtrArray *problems)
{
  guint n_classes = hl_dataset_get_n_classes (dataset);
  const HlParam *units = hl_class_find_param (&node->klass->base, "units");
  g_autoptr (GError) error = NULL;
  HlProblem *problem;

  if (hl_check_loss (plan, loss, dataset, normalize, &error))
    return;
  problem = hl_problem_new (node->id, HL_SEVERITY_ERROR, g_strdup (error->message));
  if (units && hl_loss_get_target (loss) == HL_LOSS_TARGET_CLASS && hl_plan_get_output (plan)->layer.output.n_dims == 1
      && hl_param_get (units, node->params) != n_classes)
    {
      problem->fix = g_strdup_printf (_("Give it %u units."), n_classes);
      problem->fix_kind = HL_FIX_SET_PARAM;
      set_param (problem, 0, node, "units", n_classes);
    }
  g_ptr_array_add (problems, problem);
}

void
hl_check_data (const HlPlan *plan, const HlChoice *loss, const HlDataset *dataset, HlNormalize normalize, GPtrArray *problems)
{
  const HlNode *input = find_node (plan, hl_plan_get_input (plan)), *output = find_node (plan, hl_plan_get_output (plan));

  if (input)
    check_input (plan, input, dataset, problems);
  if (input && output)
    check_output (plan, output, loss, dataset, normalize, problems);
  hl_problems_sort (problems);
}
