/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlProblem: what stops a network from running, and habits that cost learning, each with a way out where there is
 * one. */

#include "engine/graph/check.h"

#include <inttypes.h>

#include "engine/graph/faults.h"
#include "engine/train/classes.h"

void
hl_problem_free (HlProblem *self)
{
  if (!self)
    return;
  g_free (self->text);
  g_free (self->fix);
  g_free (self);
}

HlProblem *
hl_problem_new (guint32 node, HlSeverity severity, char *text)
{
  HlProblem *problem = g_new0 (HlProblem, 1);

  problem->node = node;
  problem->severity = severity;
  problem->text = text;
  return problem;
}

static HlProblem *
add_problem (GPtrArray *problems, guint32 node, HlSeverity severity, char *text)
{
  HlProblem *problem = hl_problem_new (node, severity, text);

  g_ptr_array_add (problems, problem);
  return problem;
}

/* ---- Faults ---- */

/* A layer that refuses an image but would take the same numbers in one row gets Flatten offered. */
static gboolean
wants_flat (const HlPlan *plan, const HlNode *node)
{
  const HlGraph *graph = hl_plan_get_graph (plan);
  HlLayerPlan layer = { .needs_x = TRUE, .needs_y = TRUE };
  HlShape shape, flat = { 1 };

  if (hl_graph_get_n_inputs (graph, node->id) != 1
      || !hl_plan_get_shape (plan, hl_graph_get_source (graph, node->id, 0), &shape) || shape.n_dims < 2)
    return FALSE;
  flat.dim[0] = hl_shape_get_count (&shape);
  return node->klass->plan (node->params, hl_plan_get_options (plan), 1, &flat, &layer, NULL);
}

static void
add_fault (GPtrArray *problems, const HlPlan *plan, const HlFault *fault)
{
  HlProblem *problem = add_problem (problems, fault->node, HL_SEVERITY_ERROR, g_strdup (fault->error->message));
  const HlNode *node = hl_graph_find_node (hl_plan_get_graph (plan), fault->node);
  const HlLayerClass *flatten = hl_layer_class_find ("flatten");

  if (fault->kind == HL_FAULT_SECOND_INPUT)
    {
      problem->fix = g_strdup (_("Remove it."));
      problem->fix_kind = HL_FIX_REMOVE_NODE;
    }
  else if (fault->kind == HL_FAULT_SHAPE && flatten && wants_flat (plan, node))
    {
      problem->fix = g_strdup (_("Insert Flatten before it."));
      problem->fix_kind = HL_FIX_INSERT_BEFORE;
      problem->fix_layer = flatten;
      problem->port = 0;
    }
}

/* ---- Habits ---- */

static gboolean
is_layer (const HlNode *node, const char *name)
{
  return node && g_str_equal (node->klass->base.name, name);
}

static void
check_output (GPtrArray *problems, const HlPlan *plan, const char *loss_name)
{
  const HlLossClass *loss = loss_name ? hl_loss_class_find (loss_name) : NULL;
  const HlPlanStep *output = hl_plan_get_output (plan);
  const HlNode *node = output ? hl_graph_find_node (hl_plan_get_graph (plan), output->node) : NULL;
  HlProblem *problem;
  char *text;

  if (loss && loss->softmax_hint && is_layer (node, "softmax"))
    text = g_strdup_printf (_("“%s” feeds the loss %s, which applies softmax itself; twice makes learning slow."),
                            node->name, _(loss->base.title));
  else if (loss && loss->sigmoid_hint && is_layer (node, "sigmoid"))
    text = g_strdup_printf (_("“%s” feeds the loss %s, which applies the sigmoid itself; twice keeps every answer uncertain."),
                            node->name, _(loss->base.title));
  else
    return;
  problem = add_problem (problems, node->id, HL_SEVERITY_WARNING, text);
  problem->fix = g_strdup_printf (_("Remove “%s”."), node->name);
  problem->fix_kind = HL_FIX_REMOVE_NODE;
}

static const HlNode *
only_source (const HlGraph *graph, const HlNode *node)
{
  return hl_graph_get_n_inputs (graph, node->id) == 1
         ? hl_graph_find_node (graph, hl_graph_get_source (graph, node->id, 0)) : NULL;
}

static guint
count_readers (const HlGraph *graph, guint32 node)
{
  guint n = 0;

  for (guint i = 0; i < hl_graph_get_n_links (graph); i++)
    if (hl_graph_get_link (graph, i)->from == node)
      n++;
  return n;
}

static void
check_frozen (GPtrArray *problems, const HlPlan *plan)
{
  if (hl_plan_get_parameter_count (plan) > 0 && hl_plan_get_changeable_count (plan) == 0)
    add_problem (problems, 0, HL_SEVERITY_WARNING,
                 g_strdup (_("Every layer with weights is frozen: the network can be used, but not trained.")));
}

/* A number added to each whole channel; one for each position is something else. */
static gboolean
has_channel_bias (const HlParam *bias, const HlNode *node)
{
  double value = bias ? hl_param_get (bias, node->params) : 0;

  return bias && (bias->kind == HL_PARAM_CHOICE ? g_str_equal (bias->choices[(int) value], "channel") : value != 0);
}

/* Subtracting the mean takes a constant away again, so a bias before batch norm is weight without effect; not where the
 * norm is frozen and subtracts what it has kept. */
static void
check_bias (GPtrArray *problems, const HlGraph *graph, const HlNode *node)
{
  const HlNode *source = only_source (graph, node);
  const HlParam *bias = source ? hl_class_find_param (&source->klass->base, "bias") : NULL;
  HlProblem *problem;

  if (!is_layer (node, "batch_norm") || node->frozen || !has_channel_bias (bias, source)
      || count_readers (graph, source->id) != 1)
    return;
  problem = add_problem (problems, source->id, HL_SEVERITY_HINT,
                         g_strdup_printf (_("The bias of “%s” has no effect: “%s” subtracts the mean and adds a bias "
                                            "of its own."), source->name, node->name));
  problem->fix = g_strdup (_("Switch its bias off."));
  problem->fix_kind = HL_FIX_SET_PARAM;
  problem->fix_param[0] = bias;
  problem->fix_value[0] = 0;
}

/* Linear works on the last axis. Of a sequence that is what one wants; of an image it most often means a forgotten Flatten. */
static void
check_rows (GPtrArray *problems, const HlPlan *plan, const HlNode *node)
{
  guint32 source = hl_graph_get_source (hl_plan_get_graph (plan), node->id, 0);
  g_autofree char *got = NULL;
  HlProblem *problem;
  HlShape shape;

  if (!is_layer (node, "linear") || !source || !hl_plan_get_shape (plan, source, &shape) || shape.n_dims < 3)
    return;
  got = hl_shape_to_string (&shape);
  problem = add_problem (problems, node->id, HL_SEVERITY_WARNING,
                         g_strdup_printf (_("“%s” gets %s and connects only the %u numbers of each row with its units, not all %"
                                            PRIu64 "."), node->name, got, shape.dim[shape.n_dims - 1],
                                          hl_shape_get_count (&shape)));
  problem->fix_layer = hl_layer_class_find ("flatten");
  if (problem->fix_layer)
    {
      problem->fix = g_strdup (_("Insert Flatten before it."));
      problem->fix_kind = HL_FIX_INSERT_BEFORE;
    }
}

static void
check_linear (GPtrArray *problems, const HlGraph *graph, const HlNode *node)
{
  const HlNode *source = only_source (graph, node);
  HlProblem *problem;

  if (!is_layer (node, "linear") || !is_layer (source, "linear") || count_readers (graph, source->id) != 1)
    return;
  problem = add_problem (problems, node->id, HL_SEVERITY_HINT,
                         g_strdup_printf (_("“%s” follows “%s” directly: without an activation between them, two "
                                            "linear layers can do no more than one."), node->name, source->name));
  problem->fix_layer = hl_layer_class_find ("relu");
  if (problem->fix_layer)
    {
      problem->fix = g_strdup (_("Insert ReLU between them."));
      problem->fix_kind = HL_FIX_INSERT_BEFORE;
    }
}

static gint
compare_severity (gconstpointer a, gconstpointer b)
{
  const HlProblem *p = *(HlProblem *const *) a, *q = *(HlProblem *const *) b;

  return (int) q->severity - (int) p->severity;
}

void
hl_problems_sort (GPtrArray *problems)
{
  g_ptr_array_sort (problems, compare_severity);   /* stable */
}

GPtrArray *
hl_graph_check (const HlGraph *graph, const char *loss_name)
{
  HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 1, .training = TRUE };
  GPtrArray *problems = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_problem_free);
  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_fault_free);
  g_autoptr (HlPlan) plan = hl_plan_build (graph, &options, faults);

  for (guint i = 0; i < faults->len; i++)
    add_fault (problems, plan, faults->pdata[i]);
  if (faults->len == 0)
    {
      check_output (problems, plan, loss_name);
      check_frozen (problems, plan);
    }
  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    {
      check_bias (problems, graph, hl_graph_get_node (graph, i));
      check_linear (problems, graph, hl_graph_get_node (graph, i));
      check_rows (problems, plan, hl_graph_get_node (graph, i));
    }
  hl_problems_sort (problems);
  return problems;
}

/* ---- Fixes ---- */

static gboolean
insert_before (const HlProblem *self, HlGraph *graph, const HlNode *node, GError **error)
{
  guint32 source_id = hl_graph_get_source (graph, self->node, self->port), inserted;
  const HlNode *source = hl_graph_find_node (graph, source_id);

  if (!source)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE,
                   _("Nothing is connected to “%s”, so there is no place to insert %s."), node->name,
                   _(self->fix_layer->base.title));
      return FALSE;
    }
  inserted = hl_graph_add_node (graph, self->fix_layer, (source->x + node->x) / 2, (source->y + node->y) / 2);
  return hl_graph_connect (graph, source_id, inserted, 0, error)
         && hl_graph_connect (graph, inserted, self->node, self->port, error);
}

/* The readers of the node read its source from then on. */
static gboolean
remove_node (HlGraph *graph, guint32 node, GError **error)
{
  guint32 source = hl_graph_get_source (graph, node, 0);

  for (guint i = 0; source && i < hl_graph_get_n_links (graph);)
    {
      HlLink link = *hl_graph_get_link (graph, i);

      if (link.from != node)
        i++;
      else if (!hl_graph_connect (graph, source, link.to, link.port, error))
        return FALSE;
    }
  hl_graph_remove_node (graph, node);
  return TRUE;
}

gboolean
hl_problem_apply_fix (const HlProblem *self, HlGraph *graph, GError **error)
{
  const HlNode *node = hl_graph_find_node (graph, self->node);

  g_return_val_if_fail (!hl_graph_is_frozen (graph), FALSE);
  if (!node || self->fix_kind == HL_FIX_NONE)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE, _("There is nothing to repair any more."));
      return FALSE;
    }
  switch (self->fix_kind)
    {
    case HL_FIX_INSERT_BEFORE:
      return insert_before (self, graph, node, error);
    case HL_FIX_REMOVE_NODE:
      return remove_node (graph, self->node, error);
    case HL_FIX_SET_PARAM:
      for (guint i = 0; i < HL_MAX_FIX_PARAMS && self->fix_param[i]; i++)
        hl_param_set (self->fix_param[i], hl_graph_get_params (graph, self->node), self->fix_value[i]);
      return TRUE;
    case HL_FIX_NONE:
      break;
    }
  return TRUE;
}
