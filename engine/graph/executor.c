/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlExecutor: gives every layer of a plan its memory and runs them in order, forward and backward. */

#include "engine/graph/executor.h"

#include <inttypes.h>
#include <string.h>

#include "engine/graph/activation.h"
#include "engine/train/classes.h"

/* One step that has calls of its own. */
typedef struct
{
  const HlPlanStep *step;
  HlLayerCall call;
  gboolean keeps_state;        /* frozen with running statistics: computes as in evaluation, with those */
  HlMultiply *multiply;        /* dy by the gradient of a fused activation; NULL when there is none */
  gboolean clear_y, clear_dx[HL_MAX_INPUTS];   /* the border of what it writes first is another value's until then */
} Run;

struct _HlExecutor
{
  HlPlan *plan;
  HlDevice *device;
  guint lanes, capacity, batch;
  guint n_runs;
  Run *runs;
  HlValue *values, *gradients; /* by position; only tails have memory */
  HlTensor *weights, *weight_gradients, *workspace;
  HlTensor **pools;            /* of values, gradients and what is saved */
  HlKernel *clear_border;      /* NULL: no border needs it */
  gboolean stepped;
};

static guint
position (const HlExecutor *self, const HlPlanStep *step)
{
  return step - hl_plan_get_step (self->plan, 0);
}

/* Whether the step at this position ends what a head computes: only then its value exists. */
static gboolean
is_tail (const HlExecutor *self, guint at)
{
  const HlPlanStep *step = hl_plan_get_step (self->plan, at);

  return hl_plan_get_step (self->plan, step->head)->tail == at;
}

/* ---- Memory ---- */

static gboolean
allocate_pools (HlExecutor *self, GError **error)
{
  for (guint i = 0; i < hl_plan_get_n_pools (self->plan); i++)
    {
      self->pools[i] = hl_tensor_new (self->device, HL_DTYPE_F32, hl_plan_get_pool_length (self->plan, i), error);
      if (!self->pools[i])
        return FALSE;
    }
  return TRUE;
}

static HlTensor *
slice_of_pool (HlExecutor *self, const HlPlanPlace *place)
{
  return place->n > 0 ? hl_tensor_new_slice (self->pools[place->pool], place->first, place->n) : NULL;
}

/* Values that share memory are the very same tensor: layers tell by that whether there is anything to copy. */
static void
set_values (HlExecutor *self)
{
  for (guint i = 0; i < hl_plan_get_n_steps (self->plan); i++)
    {
      const HlPlanStep *step = hl_plan_get_step (self->plan, i);
      HlValue *value = &self->values[i], *gradient = &self->gradients[i];

      if (!is_tail (self, i))
        continue;
      value->shape = gradient->shape = step->layer.output;
      value->border = step->value_border;
      gradient->border = step->gradient_border;
      value->tensor = step->shares_value ? hl_tensor_ref (self->values[step->input[0]].tensor)
                                         : slice_of_pool (self, &step->value);
      gradient->tensor = step->shares_gradient ? hl_tensor_ref (self->gradients[step->input[0]].tensor)
                                               : slice_of_pool (self, &step->gradient);
    }
}

static gboolean
allocate_arenas (HlExecutor *self, HlExecutor *share, GError **error)
{
  gsize trained = hl_plan_get_trained_length (self->plan), all = hl_plan_get_arena_length (self->plan);
  gsize workspace = hl_plan_get_bytes (self->plan, HL_MEMORY_WORKSPACE);

  if (share && hl_tensor_get_length (share->weights) != MAX (all, 1))
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE,
                   _("Weights cannot be shared: this network has %zu numbers of them, the other %zu."),
                   all, hl_tensor_get_length (share->weights));
      return FALSE;
    }
  self->weights = share ? hl_tensor_ref (share->weights) : hl_tensor_new (self->device, HL_DTYPE_F32, MAX (all, 1), error);
  if (!self->weights)
    return FALSE;
  if (hl_plan_get_options (self->plan)->training
      && !(self->weight_gradients = hl_tensor_new (self->device, HL_DTYPE_F32, MAX (trained, 1), error)))
    return FALSE;
  return workspace == 0
         || (self->workspace = hl_tensor_new (self->device, HL_DTYPE_F32, (workspace + 3) / 4, error)) != NULL;
}

/* ---- Calls ---- */

static void
set_weights (HlExecutor *self, Run *run)
{
  for (guint k = 0; k < run->step->layer.n_weights; k++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (self->plan, run->step->first_weight + k);

      run->call.w[k] = hl_tensor_new_slice (self->weights, weight->first, weight->n);
      if (self->weight_gradients && weight->trained)
        run->call.dw[k] = hl_tensor_new_slice (self->weight_gradients, weight->first, weight->n);
      run->keeps_state |= run->step->frozen && weight->spec->kind == HL_WEIGHT_STATE;
    }
}

/* Backward visits steps from last to first and ports in order: whoever comes first to a gradient overwrites it. */
static void
set_inputs (HlExecutor *self, Run *run)
{
  const HlPlanStep *step = run->step;

  for (guint port = 0; port < step->n_inputs; port++)
    {
      guint source = step->input[port];

      run->call.x[port] = &self->values[source];
      if (!step->needs_gradient || !self->gradients[source].tensor)
        continue;
      run->call.dx[port] = &self->gradients[source];
      for (guint earlier = 0; earlier < port; earlier++)
        run->call.accumulate[port] |= step->input[earlier] == source;
      for (guint i = position (self, step) + 1; i < hl_plan_get_n_steps (self->plan); i++)
        {
          const HlPlanStep *other = hl_plan_get_step (self->plan, i);

          for (guint k = 0; k < other->n_inputs; k++)
            run->call.accumulate[port] |= other->input[k] == source;
        }
    }
}

static void
set_borders (HlExecutor *self, Run *run, HlKernelSet *kernels)
{
  const HlPlanStep *tail = hl_plan_get_step (self->plan, run->step->tail);
  gboolean any;

  any = run->clear_y = tail->value.reused && hl_value_has_border (run->call.y);
  for (guint port = 0; port < run->step->n_inputs; port++)
    {
      const HlPlanStep *source = hl_plan_get_step (self->plan, run->step->input[port]);

      run->clear_dx[port] = run->call.dx[port] && !run->call.accumulate[port] && source->gradient.reused
                            && hl_value_has_border (run->call.dx[port]);
      any |= run->clear_dx[port];
    }
  if (any)
    self->clear_border = hl_kernel_set_add (kernels, "elementwise", "clear_border", NULL);
}

static gboolean
prepare_run (HlExecutor *self, Run *run, HlKernelSet *kernels, GError **error)
{
  const HlPlanStep *step = run->step;
  HlLayerCall *call = &run->call;

  call->device = self->device;
  call->kernels = kernels;
  call->node = step->node;
  call->klass = step->klass;
  call->params = step->params;
  call->plan = &step->layer;
  call->n_inputs = step->n_inputs;
  call->y = &self->values[step->tail];
  call->dy = self->gradients[step->tail].tensor ? &self->gradients[step->tail] : NULL;
  call->workspace = self->workspace;
  call->capacity = self->capacity;
  call->batch = self->capacity;
  call->lanes = self->lanes;
  call->n_blocks = self->capacity / self->lanes;
  call->compute_units = hl_device_get_info (self->device)->compute_units;
  call->training = hl_plan_get_options (self->plan)->training;
  set_weights (self, run);
  set_inputs (self, run);
  set_borders (self, run, kernels);
  for (guint k = 0; k < HL_MAX_SAVED; k++)
    call->saved[k] = slice_of_pool (self, &step->saved[k]);
  if (step->klass->prepare && !step->klass->prepare (call, error))
    return FALSE;
  if (call->dy && step->needs_gradient && step->layer.epilogue.has_activation)
    run->multiply = hl_multiply_new (call, step->layer.epilogue.gradient);
  call->kernels = NULL;
  return TRUE;
}

static gboolean
prepare (HlExecutor *self, HlKernelSet *kernels, GError **error)
{
  guint n = hl_plan_get_n_steps (self->plan);

  self->runs = g_new0 (Run, n);
  for (guint i = 0; i < n; i++)
    {
      const HlPlanStep *step = hl_plan_get_step (self->plan, i);

      if (step->fused || !step->klass->forward)
        continue;
      self->runs[self->n_runs].step = step;
      self->n_runs++;
      if (!prepare_run (self, &self->runs[self->n_runs - 1], kernels, error))
        {
          g_prefix_error (error, _("“%s”: "), hl_graph_find_node (hl_plan_get_graph (self->plan), step->node)->name);
          return FALSE;
        }
    }
  return TRUE;
}

/* ---- Making ---- */

HlExecutor *
hl_executor_new (HlKernelSet *kernels, HlPlan *plan, HlExecutor *share, GError **error)
{
  g_autoptr (HlExecutor) self = g_new0 (HlExecutor, 1);
  const HlPlanOptions *options = hl_plan_get_options (plan);
  guint n = hl_plan_get_n_steps (plan);

  self->plan = hl_plan_ref (plan);
  self->device = hl_device_ref (hl_kernel_set_get_device (kernels));
  self->lanes = hl_device_get_info (self->device)->lanes;
  self->values = g_new0 (HlValue, MAX (n, 1));
  self->gradients = g_new0 (HlValue, MAX (n, 1));
  self->pools = g_new0 (HlTensor *, MAX (hl_plan_get_n_pools (plan), 1));
  if (options->lanes != self->lanes || options->batch == 0)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE,
                   _("The network was planned for batches of %u on a device with %u lanes, but “%s” has %u."),
                   options->batch, options->lanes, hl_device_get_info (self->device)->name, self->lanes);
      return NULL;
    }
  self->capacity = (options->batch + self->lanes - 1) / self->lanes * self->lanes;
  if (!hl_plan_get_input (plan) || !hl_plan_get_output (plan))
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE,
                   _("A network needs one input and one output before it can run."));
      return NULL;
    }
  if (!allocate_arenas (self, share, error) || !allocate_pools (self, error))
    return NULL;
  set_values (self);
  if (!prepare (self, kernels, error))
    return NULL;
  return g_steal_pointer (&self);
}

static void
run_clear (Run *run)
{
  for (guint k = 0; k < HL_MAX_WEIGHTS; k++)
    {
      g_clear_pointer (&run->call.w[k], hl_tensor_unref);
      g_clear_pointer (&run->call.dw[k], hl_tensor_unref);
    }
  for (guint k = 0; k < HL_MAX_SAVED; k++)
    g_clear_pointer (&run->call.saved[k], hl_tensor_unref);
  g_free (run->call.state);
  g_free (run->multiply);
}

void
hl_executor_free (HlExecutor *self)
{
  if (!self)
    return;
  for (guint i = 0; i < self->n_runs; i++)
    run_clear (&self->runs[i]);
  for (guint i = 0; i < hl_plan_get_n_steps (self->plan); i++)
    {
      g_clear_pointer (&self->values[i].tensor, hl_tensor_unref);
      g_clear_pointer (&self->gradients[i].tensor, hl_tensor_unref);
    }
  for (guint i = 0; i < hl_plan_get_n_pools (self->plan); i++)
    g_clear_pointer (&self->pools[i], hl_tensor_unref);
  g_free (self->pools);
  g_free (self->runs);
  g_free (self->values);
  g_free (self->gradients);
  g_clear_pointer (&self->weights, hl_tensor_unref);
  g_clear_pointer (&self->weight_gradients, hl_tensor_unref);
  g_clear_pointer (&self->workspace, hl_tensor_unref);
  hl_device_unref (self->device);
  hl_plan_unref (self->plan);
  g_free (self);
}

HlPlan *
hl_executor_get_plan (HlExecutor *self)
{
  return self->plan;
}

const HlValue *
hl_executor_get_input (HlExecutor *self)
{
  return &self->values[position (self, hl_plan_get_input (self->plan))];
}

const HlValue *
hl_executor_get_output (HlExecutor *self)
{
  return &self->values[position (self, hl_plan_get_output (self->plan))];
}

const HlValue *
hl_executor_get_output_gradient (HlExecutor *self)
{
  const HlValue *gradient = &self->gradients[position (self, hl_plan_get_output (self->plan))];

  return gradient->tensor ? gradient : NULL;
}

const HlValue *
hl_executor_get_value (HlExecutor *self, guint32 node, gboolean gradient)
{
  const HlPlanStep *step = hl_plan_find_step (self->plan, node);
  const HlValue *value;

  if (!step || !is_tail (self, position (self, step)))
    return NULL;
  value = gradient ? &self->gradients[position (self, step)] : &self->values[position (self, step)];
  return value->tensor ? value : NULL;
}

guint
hl_executor_get_capacity (HlExecutor *self)
{
  return self->capacity;
}

HlTensor *
hl_executor_get_weights (HlExecutor *self)
{
  return self->weights;
}

HlTensor *
hl_executor_get_gradients (HlExecutor *self)
{
  return self->weight_gradients;
}

/* ---- Running ---- */

static gboolean
prefix_layer (HlExecutor *self, const Run *run, GError **error)
{
  g_prefix_error (error, _("“%s”: "), hl_graph_find_node (hl_plan_get_graph (self->plan), run->step->node)->name);
  return FALSE;
}

/* Zeros around every plane of a value whose memory another value has had since. */
static gboolean
clear_border (HlExecutor *self, const HlLayerCall *call, const HlValue *value, GError **error)
{
  guint row = hl_value_row_step (value), right = value->border.right, left = value->border.left;
  guint before = hl_value_origin (value), after = right + value->border.bottom * row;

  return hl_kernel_run (self->clear_border, (gsize) call->n_blocks * hl_shape_channels (&value->shape), error,
                        HL_ARG_TENSOR (value->tensor), HL_ARG_INT ((gint32) hl_value_plane_step (value)),
                        HL_ARG_INT ((gint32) row), HL_ARG_INT ((gint32) hl_shape_rows (&value->shape)),
                        HL_ARG_INT ((gint32) before), HL_ARG_INT ((gint32) after), HL_ARG_INT ((gint32) (left + right)));
}

static gboolean
run_forward (HlExecutor *self, Run *run, GError **error)
{
  return (!run->clear_y || clear_border (self, &run->call, run->call.y, error))
         && run->step->klass->forward (&run->call, error);
}

static gboolean
run_backward (HlExecutor *self, Run *run, GError **error)
{
  for (guint port = 0; port < run->step->n_inputs; port++)
    if (run->clear_dx[port] && !clear_border (self, &run->call, run->call.dx[port], error))
      return FALSE;
  return (!run->multiply || hl_multiply_run (run->multiply, &run->call, error))
         && run->step->klass->backward (&run->call, error);
}

gboolean
hl_executor_forward (HlExecutor *self, guint batch, gboolean training, const HlRandomKey *random, GError **error)
{
  g_return_val_if_fail (batch > 0 && batch <= self->capacity, FALSE);
  self->batch = batch;
  for (guint i = 0; i < self->n_runs; i++)
    {
      HlLayerCall *call = &self->runs[i].call;

      call->batch = batch;
      call->n_blocks = (batch + self->lanes - 1) / self->lanes;
      call->training = training && !self->runs[i].keeps_state;
      call->first_step = !self->stepped;
      if (random)
        call->random = *random;
      if (!run_forward (self, &self->runs[i], error))
        return prefix_layer (self, &self->runs[i], error);
    }
  self->stepped = TRUE;
  return TRUE;
}

gboolean
hl_executor_backward (HlExecutor *self, GError **error)
{
  g_return_val_if_fail (self->weight_gradients != NULL && self->batch > 0, FALSE);
  for (guint i = self->n_runs; i-- > 0;)
    {
      Run *run = &self->runs[i];

      if (!run->step->needs_gradient)
        continue;
      if (!run_backward (self, run, error))
        return prefix_layer (self, run, error);
    }
  return TRUE;
}

/* ---- Weights ---- */

static gboolean
fill_weight (HlExecutor *self, guint i, guint64 seed, float *values, GError **error)
{
  const HlPlanWeight *weight = hl_plan_get_weight (self->plan, i);
  const HlNode *node = hl_graph_find_node (hl_plan_get_graph (self->plan), weight->node);
  const HlRandomKey key = { seed, HL_PURPOSE_INIT, i };
  const HlWeightSpec *spec = weight->spec;
  const HlChoice *chosen = NULL;
  g_autoptr (HlChoice) usual = NULL;

  if (g_str_equal (spec->name, "weight"))
    chosen = node->weight_init;
  else if (g_str_equal (spec->name, "bias"))
    chosen = node->bias_init;
  if (!chosen && !spec->initializer)
    {
      for (gsize k = 0; k < weight->n; k++)
        values[k] = (float) spec->constant;
      return TRUE;
    }
  if (!chosen)
    {
      const HlClass *klass = hl_initializer_class_find_base (spec->initializer);

      if (!klass)
        {
          g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_PARAM,
                       _("“%s” wants the initializer “%s”, which this version of the program does not have."),
                       weight->name, spec->initializer);
          return FALSE;
        }
      chosen = usual = hl_choice_new (klass);
    }
  ((const HlInitializerClass *) chosen->klass)->fill (chosen->params, spec, &key, values, weight->n);
  hl_weight_spec_clear_missing (spec, values);
  return TRUE;
}

/* Where the weights lie: a copy of a large network's would be the most memory that a run takes. */
gboolean
hl_executor_initialize_weights (HlExecutor *self, guint64 seed, GError **error)
{
  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (self->plan, i);
      float *values = hl_tensor_map (self->weights, weight->first, weight->n, error);
      gboolean filled = values && fill_weight (self, i, seed, values, error);

      if (!values || !hl_tensor_unmap (self->weights, values, filled ? error : NULL) || !filled)
        return FALSE;
    }
  return TRUE;
}

/* ---- Reading and writing values ---- */

static gboolean
check_length (const HlValue *value, guint n_samples, gsize n, GError **error)
{
  if (n == n_samples * hl_shape_get_count (&value->shape))
    return TRUE;
  g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
               _("%u samples are %" PRIu64 " numbers, but there is room for %zu."), n_samples,
               n_samples * hl_shape_get_count (&value->shape), n);
  return FALSE;
}

static gsize
blocks_length (HlExecutor *self, const HlValue *value, guint n_samples)
{
  return (gsize) (n_samples + self->lanes - 1) / self->lanes * hl_value_block_step (value) * self->lanes;
}

gboolean
hl_executor_read (HlExecutor *self, guint32 node, gboolean gradient, guint n_samples, float *values, gsize n, GError **error)
{
  const HlNode *named = hl_graph_find_node (hl_plan_get_graph (self->plan), node);
  const HlValue *value = hl_executor_get_value (self, node, gradient);
  g_autofree float *device = NULL;
  gsize length;

  g_return_val_if_fail (n_samples <= self->capacity, FALSE);
  if (!value)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE,
                   gradient ? _("“%s” has no gradient of its own: nothing before it is trained, or it runs as a part "
                                "of another layer.")
                            : _("“%s” has no values of its own: it runs as a part of another layer."),
                   named ? named->name : "?");
      return FALSE;
    }
  if (gradient ? hl_plan_find_step (self->plan, node)->gradient.reused : hl_plan_find_step (self->plan, node)->value.reused)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE,
                   _("The values of “%s” are not kept: others have used their memory since. Plan with keep_values."),
                   named->name);
      return FALSE;
    }
  if (!check_length (value, n_samples, n, error))
    return FALSE;
  length = blocks_length (self, value, n_samples);
  device = g_new (float, MAX (length, 1));
  if (!hl_tensor_read (value->tensor, 0, length, device, error))
    return FALSE;
  hl_value_to_plain (value, self->lanes, n_samples, device, values);
  return TRUE;
}

gboolean
hl_executor_write_input (HlExecutor *self, const float *values, guint n_samples, GError **error)
{
  const HlValue *input = hl_executor_get_input (self);
  gsize length = blocks_length (self, input, n_samples);
  g_autofree float *device = g_new0 (float, MAX (length, 1));

  g_return_val_if_fail (n_samples <= self->capacity, FALSE);
  hl_value_from_plain (input, self->lanes, n_samples, values, device);
  return hl_tensor_write (input->tensor, 0, length, device, error);
}
