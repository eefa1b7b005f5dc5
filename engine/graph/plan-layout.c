/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The second half of planning: gradients, fusing, borders, shared memory, where weights lie. */

#include "engine/graph/faults.h"
#include "engine/graph/plan-private.h"

guint
hl_plan_count_consumers (const HlPlan *self, guint step, guint *last)
{
  guint n = 0;

  for (guint i = step + 1; i < self->n_steps; i++)
    for (guint port = 0; port < self->steps[i].n_inputs; port++)
      if (self->steps[i].input[port] == step)
        {
          n++;
          if (last)
            *last = i;
        }
  return n;
}

/* ---- Gradients ---- */

static gboolean
has_trained_weights (const HlPlanStep *step)
{
  for (guint i = 0; !step->frozen && i < step->layer.n_weights; i++)
    if (step->layer.weights[i].kind == HL_WEIGHT_TRAINED)
      return TRUE;
  return FALSE;
}

static void
report_no_gradient (const HlPlan *self, const HlPlanStep *step, GPtrArray *faults)
{
  const char *name = hl_graph_find_node (self->graph, step->node)->name;

  if (step->klass->backward_hint)
    hl_fault_add (faults, HL_FAULT_OTHER, step->node, HL_GRAPH_ERROR_STRUCTURE,
                  _("“%s” cannot be trained through: its kind of layer has no gradient. %s"), name,
                  _(step->klass->backward_hint));
  else
    hl_fault_add (faults, HL_FAULT_OTHER, step->node, HL_GRAPH_ERROR_STRUCTURE,
                  _("“%s” cannot be trained through: its kind of layer has no gradient."), name);
}

void
hl_plan_find_gradients (HlPlan *self, GPtrArray *faults)
{
  for (guint i = 0; self->options.training && i < self->n_steps; i++)
    {
      HlPlanStep *step = &self->steps[i];

      step->needs_gradient = has_trained_weights (step);
      for (guint port = 0; port < step->n_inputs; port++)
        step->needs_gradient |= self->steps[step->input[port]].needs_gradient;
      if (step->needs_gradient && !step->klass->backward)
        report_no_gradient (self, step, faults);
    }
}

/* ---- Start values ---- */

/* Follows the way of a layer's result to the next activation. Pooling, dropout and reshaping may stand between; where
 * values part, meet others or are weighted anew, no single activation follows. */
static double
find_gain (const HlPlan *self, guint at)
{
  while (hl_plan_count_consumers (self, at, &at) == 1)
    {
      const HlPlanStep *next = &self->steps[at];

      if (next->klass->gain)
        return next->klass->gain (next->params);
      if (next->klass->activation || next->n_inputs != 1 || next->layer.n_weights > 0)
        break;
    }
  return 1;
}

void
hl_plan_find_gains (HlPlan *self)
{
  for (guint i = 0; i < self->n_steps; i++)
    {
      double gain = self->steps[i].layer.n_weights > 0 ? find_gain (self, i) : 1;

      for (guint k = 0; k < self->steps[i].layer.n_weights; k++)
        self->steps[i].layer.weights[k].gain = gain;
    }
}

/* ---- Fusing ---- */

/* Offers the only reader of the head's tail to the head. */
static gboolean
try_fuse (HlPlan *self, guint head, gboolean pooling)
{
  HlPlanStep *step = &self->steps[head], *next;
  guint at;

  if (hl_plan_count_consumers (self, step->tail, &at) != 1)
    return FALSE;
  next = &self->steps[at];
  if (next->n_inputs != 1 || (pooling ? next->klass->window == NULL : next->klass->activation == NULL))
    return FALSE;
  /* The argument of a fused activation is never stored. */
  if (!pooling && next->needs_gradient && next->layer.needs_x)
    return FALSE;
  if (!step->klass->fuse (step->params, &self->options, &step->layer, next->klass, next->params, &next->layer))
    return FALSE;
  next->fused = TRUE;
  next->head = head;
  next->tail = at;
  step->tail = at;
  return TRUE;
}

void
hl_plan_fuse (HlPlan *self)
{
  for (guint i = 0; self->options.fuse && i < self->n_steps; i++)
    {
      if (!self->steps[i].klass->fuse || self->steps[i].fused)
        continue;
      try_fuse (self, i, FALSE);
      try_fuse (self, i, TRUE);
    }
}

/* ---- Values ---- */

static void
grow_border (HlBorder *border, const HlBorder *wanted)
{
  border->top = MAX (border->top, wanted->top);
  border->left = MAX (border->left, wanted->left);
  border->bottom = MAX (border->bottom, wanted->bottom);
  border->right = MAX (border->right, wanted->right);
}

static gboolean
is_empty (const HlBorder *border)
{
  return border->top == 0 && border->left == 0 && border->bottom == 0 && border->right == 0;
}

static void
find_borders (HlPlan *self)
{
  for (guint i = 0; i < self->n_steps; i++)
    {
      HlPlanStep *step = &self->steps[i], *tail = &self->steps[step->tail];

      if (step->fused)
        continue;
      if (step->needs_gradient)
        tail->gradient_border = step->layer.dy_border;
      for (guint port = 0; port < step->n_inputs; port++)
        grow_border (&self->steps[step->input[port]].value_border, &step->layer.x_border[port]);
    }
}

/* A reshaping layer needs no memory of its own where neither side has a border. Its gradient can be the memory of
 * its source's only when nobody else adds to that. */
static void
share_memory (HlPlan *self)
{
  for (guint i = 0; i < self->n_steps; i++)
    {
      HlPlanStep *step = &self->steps[i], *source = &self->steps[step->input[0]];

      if (!step->layer.alias || step->n_inputs != 1)
        continue;
      step->shares_value = is_empty (&step->value_border) && is_empty (&source->value_border);
      step->shares_gradient = step->shares_value && source->needs_gradient && is_empty (&step->gradient_border)
                              && is_empty (&source->gradient_border)
                              && hl_plan_count_consumers (self, step->input[0], NULL) == 1;
    }
}

gsize
hl_plan_value_length (const HlShape *shape, const HlBorder *border, guint lanes, guint batch)
{
  gsize blocks = (batch + lanes - 1) / lanes;
  gsize rows = (gsize) border->top + hl_shape_rows (shape) + border->bottom;
  gsize columns = (gsize) border->left + hl_shape_columns (shape) + border->right;

  return blocks * hl_shape_channels (shape) * rows * columns * lanes;
}

static gsize
get_workspace_bytes (const HlPlan *self, const HlPlanStep *step)
{
  const HlPlanStep *tail = &self->steps[step->tail];
  gboolean border = !is_empty (&tail->value_border) || !is_empty (&tail->gradient_border);

  for (guint port = 0; port < step->n_inputs; port++)
    {
      const HlPlanStep *source = &self->steps[step->input[port]];

      border |= !is_empty (&source->value_border) || !is_empty (&source->gradient_border);
    }
  return MAX (step->layer.workspace_bytes, border ? step->layer.border_workspace_bytes : 0);
}

static void
count_bytes (HlPlan *self)
{
  for (guint i = 0; i < self->pools->len; i++)
    self->bytes[HL_MEMORY_VALUES] += g_array_index (self->pools, gsize, i) * sizeof (float);
  for (guint i = 0; i < self->n_steps; i++)
    if (!self->steps[i].fused)
      self->bytes[HL_MEMORY_WORKSPACE] = MAX (self->bytes[HL_MEMORY_WORKSPACE], get_workspace_bytes (self, &self->steps[i]));
}

void
hl_plan_lay_out_values (HlPlan *self)
{
  find_borders (self);
  share_memory (self);
  hl_plan_find_places (self);
  count_bytes (self);
}

/* ---- Weights ---- */

/* Gives places to the weights of one kind that are trained with this factor, or that are not trained. */
static gsize
lay_out (HlPlan *self, HlWeightKind kind, gboolean trained, double factor, gsize first)
{
  for (guint i = 0; i < self->weights->len; i++)
    {
      HlPlanWeight *weight = &g_array_index (self->weights, HlPlanWeight, i);

      if (weight->spec->kind != kind || weight->trained != trained || (trained && weight->rate_factor != factor))
        continue;
      weight->first = first;
      first += (weight->n + HL_TENSOR_ALIGN - 1) / HL_TENSOR_ALIGN * HL_TENSOR_ALIGN;
    }
  return first;
}

static gboolean
has_segment (const HlPlan *self, double factor)
{
  for (guint i = 0; i < self->segments->len; i++)
    if (g_array_index (self->segments, HlPlanSegment, i).rate_factor == factor)
      return TRUE;
  return FALSE;
}

/* A segment for each factor, in the order in which the factors appear. */
static gsize
lay_out_trained (HlPlan *self)
{
  gsize first = 0;

  for (guint i = 0; i < self->weights->len; i++)
    {
      const HlPlanWeight *weight = &g_array_index (self->weights, HlPlanWeight, i);
      HlPlanSegment segment = { first, 0, weight->rate_factor };

      if (!weight->trained || has_segment (self, weight->rate_factor))
        continue;
      first = lay_out (self, HL_WEIGHT_TRAINED, TRUE, weight->rate_factor, first);
      segment.n = first - segment.first;
      g_array_append_val (self->segments, segment);
    }
  return first;
}

void
hl_plan_lay_out_weights (HlPlan *self)
{
  gsize first;

  for (guint i = 0; i < self->n_steps; i++)
    {
      HlPlanStep *step = &self->steps[i];
      const HlNode *node = hl_graph_find_node (self->graph, step->node);

      step->first_weight = self->weights->len;
      for (guint k = 0; k < step->layer.n_weights; k++)
        {
          const HlWeightSpec *spec = &step->layer.weights[k];
          HlPlanWeight weight = {
            .node = step->node, .index = k, .spec = spec, .name = g_strdup_printf ("%s.%s", node->name, spec->name),
            .n = hl_shape_get_count (&spec->shape), .trained = spec->kind == HL_WEIGHT_TRAINED && !step->frozen,
            .rate_factor = node->rate_factor,
          };

          g_array_append_val (self->weights, weight);
        }
    }
  self->trained_length = lay_out_trained (self);
  first = lay_out (self, HL_WEIGHT_TRAINED, FALSE, 0, self->trained_length);
  self->arena_length = lay_out (self, HL_WEIGHT_STATE, FALSE, 0, first);
  self->bytes[HL_MEMORY_WEIGHTS] = self->arena_length * sizeof (float);
  if (self->options.training)
    self->bytes[HL_MEMORY_GRADIENTS] = self->trained_length * sizeof (float);
}
