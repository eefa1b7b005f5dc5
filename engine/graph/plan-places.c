/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The part of planning that says where values lie: how long each is in use, and what may therefore share memory.
 *
 * Time is counted in calls: the forward call of the head at position i is time i, its backward call time 2n - 1 - i,
 * n being the number of steps. What is read from outside stays over all times. */

#include "engine/graph/plan-memory.h"
#include "engine/graph/plan-private.h"

/* No pool is longer but for a single value: every device gives half a gibibyte in one piece, and kernels count the first
 * element of a slice in 32 bits. */
#define MOST_POOL ((gsize) 1 << 27)

typedef struct
{
  HlPlan *plan;
  GArray *blocks;              /* HlMemoryBlock */
  GPtrArray *places;           /* HlPlanPlace * in the steps: where each block's result goes */
  gint *values, *gradients;    /* block of each position; -1: none */
} Lifetimes;

static guint
forward_time (guint step)
{
  return step;
}

static guint
backward_time (const Lifetimes *self, guint step)
{
  return 2 * self->plan->n_steps - 1 - step;
}

static gint
add_block (Lifetimes *self, HlPlanPlace *place, gsize length)
{
  HlMemoryBlock block = { .length = length, .first = G_MAXUINT };

  if (length == 0)
    return -1;
  place->n = length;
  g_array_append_val (self->blocks, block);
  g_ptr_array_add (self->places, place);
  return (gint) self->blocks->len - 1;
}

static void
use (Lifetimes *self, gint block, guint time)
{
  HlMemoryBlock *used;

  if (block < 0)
    return;
  used = &g_array_index (self->blocks, HlMemoryBlock, block);
  used->first = MIN (used->first, time);
  used->last = MAX (used->last, time);
}

static void
use_always (Lifetimes *self, gint block)
{
  use (self, block, 0);
  use (self, block, 2 * self->plan->n_steps);
}

static gsize
length_of (const HlPlan *plan, const HlShape *shape, const HlBorder *border)
{
  return hl_plan_value_length (shape, border, MAX (plan->options.lanes, 1), plan->options.batch);
}

/* The value of each tail and its gradient: a block each, or the block of the source they share. */
static void
add_values (Lifetimes *self)
{
  HlPlan *plan = self->plan;

  for (guint i = 0; i < plan->n_steps; i++)
    {
      HlPlanStep *tail = &plan->steps[i], *head = &plan->steps[tail->head];
      gboolean is_output = hl_plan_count_consumers (plan, i, NULL) == 0;
      const HlShape *shape = &tail->layer.output;

      self->values[i] = self->gradients[i] = -1;
      if (head->tail != i)
        continue;
      self->values[i] = tail->shares_value ? self->values[tail->input[0]]
                                           : add_block (self, &tail->value, length_of (plan, shape, &tail->value_border));
      if (tail->shares_gradient)
        self->gradients[i] = self->gradients[tail->input[0]];
      else if (head->needs_gradient || (plan->options.training && is_output))
        self->gradients[i] = add_block (self, &tail->gradient, length_of (plan, shape, &tail->gradient_border));
      if (plan->options.keep_values || is_output)
        use_always (self, self->gradients[i]);
      if (plan->options.keep_values || is_output || tail->n_inputs == 0)
        use_always (self, self->values[i]);
    }
}

static void
add_saved (Lifetimes *self, guint i)
{
  HlPlanStep *step = &self->plan->steps[i];

  for (guint k = 0; self->plan->options.training && k < HL_MAX_SAVED; k++)
    {
      gint block = add_block (self, &step->saved[k], (step->layer.saved_bytes[k] + sizeof (float) - 1) / sizeof (float));

      use (self, block, forward_time (i));
      use (self, block, backward_time (self, i));
    }
}

/* What the calls of one head touch. */
static void
add_uses (Lifetimes *self, guint i)
{
  const HlPlanStep *step = &self->plan->steps[i];
  gboolean reads_y = step->layer.needs_y || step->layer.epilogue.has_activation;

  use (self, self->values[step->tail], forward_time (i));
  for (guint port = 0; port < step->n_inputs; port++)
    use (self, self->values[step->input[port]], forward_time (i));
  if (!step->needs_gradient)
    return;
  use (self, self->gradients[step->tail], backward_time (self, i));
  if (reads_y)
    use (self, self->values[step->tail], backward_time (self, i));
  for (guint port = 0; port < step->n_inputs; port++)
    {
      use (self, self->gradients[step->input[port]], backward_time (self, i));
      if (step->layer.needs_x)
        use (self, self->values[step->input[port]], backward_time (self, i));
    }
}

/* Gives the results to the steps; whoever shares a value lies where its source does. */
static void
set_places (Lifetimes *self)
{
  HlPlan *plan = self->plan;

  for (guint i = 0; i < self->blocks->len; i++)
    {
      const HlMemoryBlock *block = &g_array_index (self->blocks, HlMemoryBlock, i);
      HlPlanPlace *place = self->places->pdata[i];

      place->pool = block->pool;
      place->first = block->start;
      place->reused = block->reused;
    }
  for (guint i = 0; i < plan->n_steps; i++)
    {
      if (plan->steps[i].shares_value)
        plan->steps[i].value = plan->steps[plan->steps[i].input[0]].value;
      if (plan->steps[i].shares_gradient)
        plan->steps[i].gradient = plan->steps[plan->steps[i].input[0]].gradient;
    }
}

void
hl_plan_find_places (HlPlan *plan)
{
  g_autoptr (GArray) blocks = g_array_new (FALSE, TRUE, sizeof (HlMemoryBlock));
  g_autoptr (GPtrArray) places = g_ptr_array_new ();
  g_autofree gint *values = g_new (gint, MAX (plan->n_steps, 1)), *gradients = g_new (gint, MAX (plan->n_steps, 1));
  Lifetimes self = { plan, blocks, places, values, gradients };

  add_values (&self);
  for (guint i = 0; i < plan->n_steps; i++)
    if (!plan->steps[i].fused)
      {
        add_saved (&self, i);
        add_uses (&self, i);
      }
  hl_memory_place ((HlMemoryBlock *) (gpointer) blocks->data, blocks->len, HL_TENSOR_ALIGN, MOST_POOL, plan->pools);
  set_places (&self);
}
