/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Looking into the network: one sample through it, every node's values and, on request, the weights. */

#include "config.h"

#include "app/worker-private.h"

#include <string.h>

/* Larger weights are no pictures any more, and copying them ten times a second would be felt. */
#define MAX_WEIGHT_VALUES (1 << 20)

/* The network's answer: what it says of each class, or the input as the network gives it back. */
static void
add_answer (HlProbeResult *result, HlPlan *plan, const HlArray *last, const HlChoice *loss)
{
  const HlPlanStep *input = hl_plan_get_input (plan), *output = hl_plan_get_output (plan);
  gboolean reconstructs = hl_loss_get_target (loss) == HL_LOSS_TARGET_INPUT;
  HlArray *answer;

  result->reconstructs = reconstructs;
  answer = hl_probe_result_add (result, FALSE, 0, "", reconstructs ? &input->layer.output : &last->shape);
  if (reconstructs)
    memcpy (answer->values, last->values, MIN (answer->n, last->n) * sizeof (float));
  else
    hl_loss_get_answer (loss, output, last->values, last->n, answer->values);
}

static gboolean
add_values (HlProbeResult *result, HlExecutor *executor, const HlChoice *loss, GError **error)
{
  HlPlan *plan = hl_executor_get_plan (executor);
  const HlPlanStep *output = hl_plan_get_output (plan);
  const HlArray *last = NULL;

  for (guint i = 0; i < hl_plan_get_n_steps (plan); i++)
    {
      guint32 node = hl_plan_get_step (plan, i)->node;
      HlArray *array;
      HlShape shape;

      if (!hl_plan_get_shape (plan, node, &shape))
        continue;
      array = hl_probe_result_add (result, FALSE, node, hl_graph_find_node (hl_plan_get_graph (plan), node)->name,
                                   &shape);
      if (!hl_executor_read (executor, node, FALSE, 1, array->values, array->n, error))
        return FALSE;
      if (output && output->node == node)
        last = array;
    }
  if (last)
    add_answer (result, plan, last, loss);
  return TRUE;
}

static gboolean
add_weights (HlProbeResult *result, HlTrainer *trainer, GError **error)
{
  HlPlan *plan = hl_trainer_get_plan (trainer);
  HlTensor *arena = hl_executor_get_weights (hl_trainer_get_executor (trainer));

  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);
      HlArray *array;

      if (weight->n > MAX_WEIGHT_VALUES)
        continue;
      array = hl_probe_result_add (result, TRUE, weight->node, weight->name, &weight->spec->shape);
      if (!hl_tensor_read (arena, weight->first, array->n, array->values, error))
        return FALSE;
    }
  return TRUE;
}

void
hl_work_answer_probe (HlWork *self)
{
  const HlPlanStep *input = hl_plan_get_input (hl_trainer_get_plan (self->trainer));
  const HlRecipe *recipe = hl_project_state_get_recipe (self->message->job->state);
  HlProbeResult *result;
  HlExecutor *executor;
  HlEvent *event;
  GError *error = NULL;

  self->probe.due = FALSE;
  self->probe.last_us = g_get_monotonic_time ();
  /* A sample of other data than this network was made for: the project has moved on, the run has not. */
  if (!input || hl_shape_get_count (&input->layer.output) != self->probe.n)
    return;
  result = hl_probe_result_new ();
  executor = hl_trainer_probe (self->trainer, self->probe.sample, &error);
  if (!executor || !add_values (result, executor, recipe->loss, &error)
      || (self->probe.with_weights && !add_weights (result, self->trainer, &error)))
    {
      hl_probe_result_unref (result);
      hl_work_notice (self, error);
      return;
    }
  result->serial = ++self->probe.serial;
  result->step = self->step;
  g_atomic_int_set (self->probe_out, 1);
  event = hl_event_new (HL_EVENT_PROBE, self->message->number);
  event->u.probe = result;
  hl_event_pump_push (self->pump, event);
}
