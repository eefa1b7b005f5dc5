/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlPlan: walks a graph in order, asks each layer for its shape, then fuses, lays out and counts. */

#include "engine/graph/plan-private.h"

#include "engine/graph/faults.h"

/* ---- Order ---- */

/* Node ids to how many of their inputs are still to come. */
static GHashTable *
count_waiting (const HlGraph *graph)
{
  GHashTable *waiting = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    g_hash_table_insert (waiting, GUINT_TO_POINTER (hl_graph_get_node (graph, i)->id), GUINT_TO_POINTER (0));
  for (guint i = 0; i < hl_graph_get_n_links (graph); i++)
    {
      gpointer to = GUINT_TO_POINTER (hl_graph_get_link (graph, i)->to);

      g_hash_table_insert (waiting, to, GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (waiting, to)) + 1));
    }
  return waiting;
}

/* Takes a node out and lets its readers wait for one input less. */
static void
release_readers (const HlGraph *graph, GHashTable *waiting, const HlNode *node)
{
  g_hash_table_remove (waiting, GUINT_TO_POINTER (node->id));
  for (guint i = 0; i < hl_graph_get_n_links (graph); i++)
    {
      const HlLink *link = hl_graph_get_link (graph, i);
      gpointer to = GUINT_TO_POINTER (link->to);

      if (link->from == node->id)
        g_hash_table_insert (waiting, to, GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (waiting, to)) - 1));
    }
}

/* Topological order; among nodes that are ready, the lowest id comes first. */
static GPtrArray *
sort_nodes (const HlGraph *graph)
{
  GPtrArray *order = g_ptr_array_new ();
  g_autoptr (GHashTable) waiting = count_waiting (graph);
  guint n = hl_graph_get_n_nodes (graph);

  while (order->len < n)
    {
      const HlNode *next = NULL;

      for (guint i = 0; i < n; i++)
        {
          const HlNode *node = hl_graph_get_node (graph, i);
          gpointer key, count;

          if ((!next || node->id < next->id)
              && g_hash_table_lookup_extended (waiting, GUINT_TO_POINTER (node->id), &key, &count)
              && GPOINTER_TO_UINT (count) == 0)
            next = node;
        }
      if (!next)
        break;
      release_readers (graph, waiting, next);
      g_ptr_array_add (order, (gpointer) next);
    }
  return order;
}

/* ---- Shapes ---- */

/* Fills the inputs of a step from the graph; FALSE when one is open or has no shape. */
static gboolean
find_inputs (HlPlan *self, HlPlanStep *step, const HlNode *node)
{
  step->n_inputs = hl_graph_get_n_inputs (self->graph, node->id);
  if (step->n_inputs < node->klass->min_inputs || step->n_inputs > node->klass->max_inputs)
    return FALSE;
  for (guint port = 0; port < step->n_inputs; port++)
    {
      const HlPlanStep *source = hl_plan_find_step (self, hl_graph_get_source (self->graph, node->id, port));

      if (!source)
        return FALSE;
      step->input[port] = source - self->steps;
      step->input_shape[port] = source->layer.output;
    }
  return TRUE;
}

/* Kernels count vectors in 32 bits; more than this in one sample is a mistake in the parameters. */
static gboolean
check_size (const HlShape *shape, GError **error)
{
  g_autofree char *text = hl_shape_to_string (shape);
  double count = 1;

  for (guint i = 0; i < shape->n_dims; i++)
    count *= shape->dim[i];
  if (shape->n_dims == 0 || count == 0)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("gives %s: there is nothing left of the sample."), text);
      return FALSE;
    }
  if (count > 1 << 27)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("gives %s: that is %.0f numbers for one sample, more than the %d this program can handle."), text,
                   count, 1 << 27);
      return FALSE;
    }
  return TRUE;
}

static gboolean
plan_layer (HlPlan *self, HlPlanStep *step, const HlNode *node, GPtrArray *faults)
{
  g_autoptr (GError) error = NULL;

  step->node = node->id;
  step->klass = node->klass;
  step->params = node->params;
  step->frozen = node->frozen;
  step->layer.needs_x = step->layer.needs_y = TRUE;
  if (!hl_class_check_params (&node->klass->base, node->params, &error))
    {
      hl_fault_add (faults, HL_FAULT_OTHER, node->id, error->code, _("“%s”: %s"), node->name, error->message);
      return FALSE;
    }
  if (!node->klass->plan (node->params, &self->options, step->n_inputs, step->input_shape, &step->layer, &error)
      || !check_size (&step->layer.output, &error))
    {
      hl_fault_add (faults, HL_FAULT_SHAPE, node->id, HL_GRAPH_ERROR_SHAPE, _("“%s” %s"), node->name, error->message);
      return FALSE;
    }
  if (step->klass->activation)
    {
      HlEpilogue formula = { 0 };

      step->klass->activation (step->params, &formula);
      step->layer.needs_x = formula.gradient_in_v;
      step->layer.needs_y = !formula.gradient_in_v;
    }
  return TRUE;
}

/* ---- Making ---- */

static HlPlan *
plan_alloc (const HlGraph *graph, const HlPlanOptions *options)
{
  HlPlan *self = g_new0 (HlPlan, 1);

  g_atomic_ref_count_init (&self->ref_count);
  if (hl_graph_is_frozen (graph))
    self->graph = hl_graph_ref ((HlGraph *) graph);
  else
    {
      self->graph = hl_graph_copy (graph);
      hl_graph_freeze (self->graph);
    }
  self->options = *options;
  self->steps = g_new0 (HlPlanStep, MAX (1, hl_graph_get_n_nodes (graph)));
  self->weights = g_array_new (FALSE, TRUE, sizeof (HlPlanWeight));
  self->pools = g_array_new (FALSE, FALSE, sizeof (gsize));
  self->segments = g_array_new (FALSE, TRUE, sizeof (HlPlanSegment));
  return self;
}

HlPlan *
hl_plan_build (const HlGraph *graph, const HlPlanOptions *options, GPtrArray *faults)
{
  HlPlan *self = plan_alloc (graph, options);
  g_autoptr (GPtrArray) order = sort_nodes (self->graph);

  hl_graph_find_faults (self->graph, faults);
  for (guint i = 0; i < order->len; i++)
    {
      HlPlanStep *step = &self->steps[self->n_steps];

      if (find_inputs (self, step, order->pdata[i]) && plan_layer (self, step, order->pdata[i], faults))
        {
          step->head = step->tail = self->n_steps;
          self->n_steps++;
        }
      else
        memset (step, 0, sizeof *step);
    }
  hl_plan_find_gradients (self, faults);
  hl_plan_find_gains (self);
  hl_plan_fuse (self);
  hl_plan_lay_out_values (self);
  hl_plan_lay_out_weights (self);
  return self;
}

HlPlan *
hl_plan_new (const HlGraph *graph, const HlPlanOptions *options, GError **error)
{
  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_fault_free);
  g_autoptr (HlPlan) self = hl_plan_build (graph, options, faults);

  if (faults->len > 0)
    {
      HlFault *fault = faults->pdata[0];

      g_propagate_error (error, g_steal_pointer (&fault->error));
      return NULL;
    }
  return g_steal_pointer (&self);
}

HlPlan *
hl_plan_new_partial (const HlGraph *graph, const HlPlanOptions *options)
{
  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_fault_free);

  return hl_plan_build (graph, options, faults);
}

HlPlan *
hl_plan_ref (HlPlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
hl_plan_unref (HlPlan *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < self->weights->len; i++)
    g_free (g_array_index (self->weights, HlPlanWeight, i).name);
  g_array_unref (self->weights);
  g_array_unref (self->pools);
  g_array_unref (self->segments);
  g_free (self->steps);
  hl_graph_unref (self->graph);
  g_free (self);
}

/* ---- Reading ---- */

const HlGraph *
hl_plan_get_graph (const HlPlan *self)
{
  return self->graph;
}

const HlPlanOptions *
hl_plan_get_options (const HlPlan *self)
{
  return &self->options;
}

guint
hl_plan_get_n_steps (const HlPlan *self)
{
  return self->n_steps;
}

const HlPlanStep *
hl_plan_get_step (const HlPlan *self, guint i)
{
  g_return_val_if_fail (i < self->n_steps, NULL);
  return &self->steps[i];
}

const HlPlanStep *
hl_plan_find_step (const HlPlan *self, guint32 node)
{
  for (guint i = 0; i < self->n_steps; i++)
    if (self->steps[i].node == node)
      return &self->steps[i];
  return NULL;
}

const HlPlanStep *
hl_plan_get_input (const HlPlan *self)
{
  for (guint i = 0; i < self->n_steps; i++)
    if (hl_layer_class_is_input (self->steps[i].klass))
      return &self->steps[i];
  return NULL;
}

const HlPlanStep *
hl_plan_get_output (const HlPlan *self)
{
  const HlPlanStep *output = NULL;

  for (guint i = 0; i < self->n_steps; i++)
    if (hl_plan_count_consumers (self, i, NULL) == 0)
      {
        if (output)
          return NULL;
        output = &self->steps[i];
      }
  return output;
}

gboolean
hl_plan_get_shape (const HlPlan *self, guint32 node, HlShape *shape)
{
  const HlPlanStep *step = hl_plan_find_step (self, node);

  if (step)
    *shape = step->layer.output;
  return step != NULL;
}

guint
hl_plan_get_n_weights (const HlPlan *self)
{
  return self->weights->len;
}

const HlPlanWeight *
hl_plan_get_weight (const HlPlan *self, guint i)
{
  g_return_val_if_fail (i < self->weights->len, NULL);
  return &g_array_index (self->weights, HlPlanWeight, i);
}

gsize
hl_plan_get_trained_length (const HlPlan *self)
{
  return self->trained_length;
}

gsize
hl_plan_get_arena_length (const HlPlan *self)
{
  return self->arena_length;
}

guint
hl_plan_get_n_pools (const HlPlan *self)
{
  return self->pools->len;
}

gsize
hl_plan_get_pool_length (const HlPlan *self, guint i)
{
  g_return_val_if_fail (i < self->pools->len, 0);
  return g_array_index (self->pools, gsize, i);
}

guint
hl_plan_get_n_segments (const HlPlan *self)
{
  return self->segments->len;
}

const HlPlanSegment *
hl_plan_get_segment (const HlPlan *self, guint i)
{
  g_return_val_if_fail (i < self->segments->len, NULL);
  return &g_array_index (self->segments, HlPlanSegment, i);
}

static guint64
count_parameters (const HlPlanStep *step)
{
  guint64 n = 0;

  for (guint i = 0; i < step->layer.n_weights; i++)
    if (step->layer.weights[i].kind == HL_WEIGHT_TRAINED)
      n += hl_weight_spec_get_count (&step->layer.weights[i]);
  return n;
}

guint64
hl_plan_get_parameter_count (const HlPlan *self)
{
  guint64 n = 0;

  for (guint i = 0; i < self->n_steps; i++)
    n += count_parameters (&self->steps[i]);
  return n;
}

guint64
hl_plan_get_changeable_count (const HlPlan *self)
{
  guint64 n = 0;

  for (guint i = 0; i < self->n_steps; i++)
    if (!self->steps[i].frozen)
      n += count_parameters (&self->steps[i]);
  return n;
}

guint64
hl_plan_get_node_parameter_count (const HlPlan *self, guint32 node)
{
  const HlPlanStep *step = hl_plan_find_step (self, node);

  return step ? count_parameters (step) : 0;
}

guint64
hl_plan_get_multiply_adds (const HlPlan *self)
{
  guint64 n = 0;

  for (guint i = 0; i < self->n_steps; i++)
    n += self->steps[i].layer.multiply_adds;
  return n;
}

gsize
hl_plan_get_bytes (const HlPlan *self, HlMemory kind)
{
  gsize total = 0;

  if (kind != HL_MEMORY_TOTAL)
    return self->bytes[kind];
  for (guint i = 0; i < HL_MEMORY_TOTAL; i++)
    total += self->bytes[i];
  return total;
}

/* ---- Lowering ---- */

HlOpList *
hl_plan_lower (const HlPlan *self, GError **error)
{
  g_autoptr (HlOpList) ops = hl_op_list_new ();

  for (guint i = 0; i < self->n_steps; i++)
    {
      const HlPlanStep *step = &self->steps[i];
      const char *inputs[HL_MAX_INPUTS + 1] = { NULL }, *weights[HL_MAX_WEIGHTS + 1] = { NULL };
      const char *name = hl_graph_find_node (self->graph, step->node)->name;

      for (guint port = 0; port < step->n_inputs; port++)
        inputs[port] = hl_graph_find_node (self->graph, self->steps[step->input[port]].node)->name;
      for (guint k = 0; k < step->layer.n_weights; k++)
        weights[k] = hl_plan_get_weight (self, step->first_weight + k)->name;
      hl_op_list_enter (ops, step->node, name, inputs, weights);
      if (!step->klass->lower (step->params, &step->layer, step->n_inputs, step->input_shape, ops, error))
        {
          g_prefix_error (error, _("“%s” "), name);
          return NULL;
        }
    }
  return g_steal_pointer (&ops);
}
