/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlTrainer: making one, and its steps. */

#include "engine/train/trainer-private.h"

#include <inttypes.h>
#include <math.h>

/* So many times the first loss is hopeless. */
#define DIVERGED 1e6

/* ---- Making ---- */

static gboolean
check_recipe (const HlRecipe *recipe, GError **error)
{
  if (recipe->batch > 0 && recipe->epochs > 0)
    return hl_class_check_params (recipe->loss->klass, recipe->loss->params, error)
           && hl_class_check_params (recipe->optimizer->klass, recipe->optimizer->params, error)
           && hl_class_check_params (recipe->schedule->klass, recipe->schedule->params, error)
           && hl_class_check_params (recipe->gradient->klass, recipe->gradient->params, error);
  g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
               _("Training needs at least one epoch and one sample a batch, but %u epochs of batches of %u are set."),
               recipe->epochs, recipe->batch);
  return FALSE;
}

static gboolean
check_settings (HlTrainer *self, GError **error)
{
  gsize n_train;

  if (!hl_trainer_check_loss (self, error))
    return FALSE;
  if (hl_plan_get_trained_length (self->plan) == 0 && hl_plan_get_parameter_count (self->plan) > 0)
    {
      g_set_error_literal (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                           _("Every layer with weights is frozen, so there is nothing to learn; let at least one of "
                             "them change."));
      return FALSE;
    }
  if (hl_plan_get_trained_length (self->plan) == 0)
    {
      g_set_error_literal (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                           _("The network has no weights to learn; add a linear layer or a convolution."));
      return FALSE;
    }
  hl_split_get_indices (self->split, HL_PART_TRAIN, &n_train);
  if (self->recipe->batch > n_train)
    {
      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_SPLIT,
                   _("A batch of %u samples is larger than the training part of “%s”, which has %zu; "
                     "choose a smaller batch."), self->recipe->batch, hl_dataset_get_title (self->dataset), n_train);
      return FALSE;
    }
  return TRUE;
}

static HlPlan *
make_plan (HlTrainer *self, guint batch, gboolean training, gboolean fuse, GError **error)
{
  const HlDeviceInfo *info = hl_device_get_info (self->device);
  HlPlanOptions options = {
    .batch = batch, .lanes = info->lanes, .compute_units = info->compute_units, .training = training, .fuse = fuse,
  };

  return hl_plan_new (self->graph, &options, error);
}

/* A second executor only where the batches of the recipe are too small to evaluate with. */
static gboolean
make_executors (HlTrainer *self, GError **error)
{
  g_autoptr (HlPlan) plan = NULL;

  self->executor = hl_executor_new (self->kernels, self->plan, NULL, error);
  if (self->executor == NULL)
    return FALSE;
  if (self->recipe->batch >= HL_MIN_EVALUATION_BATCH)
    return TRUE;
  plan = make_plan (self, HL_MIN_EVALUATION_BATCH, FALSE, TRUE, error);
  self->evaluator = plan ? hl_executor_new (self->kernels, plan, self->executor, error) : NULL;
  return self->evaluator != NULL;
}

static gboolean
make_loaders (HlTrainer *self, GError **error)
{
  HlExecutor *evaluator = self->evaluator ? self->evaluator : self->executor;

  self->evaluation_batch = MAX (self->recipe->batch, HL_MIN_EVALUATION_BATCH);
  self->data = hl_device_data_new (self->device, self->dataset, self->normalization, error);
  if (self->data == NULL)
    return FALSE;
  self->loader = hl_loader_new (self->kernels, self->data, self->split, HL_PART_TRAIN,
                                hl_executor_get_input (self->executor), self->recipe->batch, !self->no_shuffle,
                                self->recipe->seed, error);
  if (self->loader == NULL)
    return FALSE;
  for (guint part = 0; part < HL_N_PARTS; part++)
    {
      gsize n;

      hl_split_get_indices (self->split, part, &n);
      if (n == 0)
        continue;
      self->parts[part] = hl_loader_new (self->kernels, self->data, self->split, part,
                                         hl_executor_get_input (evaluator), self->evaluation_batch, FALSE, 0, error);
      if (self->parts[part] == NULL)
        return FALSE;
    }
  return hl_trainer_prepare_head (self, &self->train, self->executor, self->loader, TRUE, error)
         && hl_trainer_prepare_head (self, &self->evaluate, evaluator, self->parts[HL_PART_TRAIN], FALSE, error);
}

/* The optimizer's call, cut into one for each factor on the learning rate; all use the kernels of the whole. */
static void
make_segments (HlTrainer *self)
{
  self->n_segments = hl_plan_get_n_segments (self->plan);
  self->segments = g_new (HlOptimizerCall, self->n_segments);
  for (guint i = 0; i < self->n_segments; i++)
    {
      const HlPlanSegment *segment = hl_plan_get_segment (self->plan, i);
      HlOptimizerCall *call = &self->segments[i];

      *call = self->optimizer;
      call->n = segment->n;
      call->weights = hl_tensor_new_slice (self->optimizer.weights, segment->first, segment->n);
      call->gradients = hl_tensor_new_slice (self->optimizer.gradients, segment->first, segment->n);
      for (guint k = 0; k < self->n_slots; k++)
        call->slots[k] = hl_tensor_new_slice (self->slots[k], segment->first, segment->n);
    }
}

static void
free_segments (HlTrainer *self)
{
  for (guint i = 0; i < self->n_segments; i++)
    {
      hl_tensor_unref (self->segments[i].weights);
      hl_tensor_unref (self->segments[i].gradients);
      for (guint k = 0; k < self->n_slots; k++)
        hl_tensor_unref (self->segments[i].slots[k]);
    }
  g_free (self->segments);
}

static gboolean
make_optimizer (HlTrainer *self, GError **error)
{
  const HlOptimizerClass *klass = (const HlOptimizerClass *) self->recipe->optimizer->klass;
  gsize n = hl_plan_get_trained_length (self->plan);

  self->weights = hl_tensor_new_slice (hl_executor_get_weights (self->executor), 0, n);
  self->n_slots = klass->slots_per_weight (self->recipe->optimizer->params);
  self->optimizer = (HlOptimizerCall) {
    .device = self->device, .kernels = self->kernels, .params = self->recipe->optimizer->params,
    .weights = self->weights, .gradients = hl_executor_get_gradients (self->executor), .n = n,
  };
  for (guint i = 0; i < self->n_slots; i++)
    {
      self->slots[i] = self->optimizer.slots[i] = hl_tensor_new (self->device, HL_DTYPE_F32, n, error);
      if (self->slots[i] == NULL)
        return FALSE;
    }
  if (!klass->prepare (&self->optimizer, error))
    return FALSE;
  make_segments (self);
  if (hl_gradient_is_off (self->recipe->gradient->params))
    return TRUE;
  self->gradient_step = hl_gradient_step_new (self->kernels, self->recipe->gradient->params, self->weights,
                                              self->optimizer.gradients, n, error);
  return self->gradient_step != NULL;
}

HlTrainer *
hl_trainer_new (const HlTrainerOptions *options, GError **error)
{
  g_autoptr (HlTrainer) self = g_new0 (HlTrainer, 1);

  g_queue_init (&self->finished);
  self->schedule_state = HL_SCHEDULE_STATE_INIT;
  self->recipe = hl_recipe_copy (options->recipe);
  self->graph = hl_graph_ref ((HlGraph *) options->graph);
  self->dataset = hl_dataset_ref (options->dataset);
  self->data_spec = hl_data_spec_copy (options->data_spec);
  self->no_shuffle = options->no_shuffle;
  self->split = check_recipe (self->recipe, error) ? hl_split_new (self->dataset, self->data_spec, error) : NULL;
  if (self->split == NULL)
    return NULL;
  self->device = hl_device_open (options->device, error);
  if (self->device == NULL)
    return NULL;
  hl_device_set_lanes (self->device, hl_device_info_choose_lanes (hl_device_get_info (self->device), self->recipe->batch));
  self->plan = make_plan (self, self->recipe->batch, TRUE, TRUE, error);
  if (self->plan == NULL || !check_settings (self, error))
    return NULL;
  self->normalization = hl_normalization_new (self->dataset, self->split, self->data_spec->normalize);
  self->kernels = hl_kernel_set_new (self->device);
  if (!hl_trainer_make_class_weights (self, error) || !make_executors (self, error) || !make_loaders (self, error) || !make_optimizer (self, error))
    return NULL;
  self->results = hl_result_stream_new (self->device, self->train.loss.capacity, 0, error);
  if (self->results == NULL
      || !hl_kernel_set_build (self->kernels, options->progress, options->cancellable, error)
      || !hl_executor_initialize_weights (self->executor, self->recipe->seed, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
hl_trainer_free (HlTrainer *self)
{
  if (self == NULL)
    return;
  if (self->device)
    hl_device_finish (self->device, NULL);
  g_clear_pointer (&self->results, hl_result_stream_free);
  g_clear_pointer (&self->scores, hl_result_stream_free);
  g_clear_pointer (&self->probe, hl_executor_free);
  g_clear_pointer (&self->evaluator, hl_executor_free);
  g_clear_pointer (&self->executor, hl_executor_free);
  g_clear_pointer (&self->loader, hl_loader_free);
  for (guint i = 0; i < HL_N_PARTS; i++)
    g_clear_pointer (&self->parts[i], hl_loader_free);
  free_segments (self);
  g_clear_pointer (&self->gradient_step, hl_gradient_step_free);
  for (guint i = 0; i < G_N_ELEMENTS (self->slots); i++)
    g_clear_pointer (&self->slots[i], hl_tensor_unref);
  g_clear_pointer (&self->weights, hl_tensor_unref);
  g_clear_pointer (&self->class_weights, hl_tensor_unref);
  g_clear_pointer (&self->data, hl_device_data_free);
  g_clear_pointer (&self->plan, hl_plan_unref);
  g_clear_pointer (&self->probe_kernels, hl_kernel_set_free);
  g_clear_pointer (&self->kernels, hl_kernel_set_free);
  g_clear_pointer (&self->device, hl_device_unref);
  g_clear_pointer (&self->normalization, hl_normalization_free);
  g_clear_pointer (&self->split, hl_split_unref);
  g_clear_pointer (&self->data_spec, hl_data_spec_free);
  g_clear_pointer (&self->dataset, hl_dataset_unref);
  g_clear_pointer (&self->graph, hl_graph_unref);
  g_clear_pointer (&self->recipe, hl_recipe_free);
  g_clear_error (&self->failure);
  g_queue_clear_full (&self->finished, g_free);
  g_free (self->predictions);
  g_free (self->confusion);
  g_free (self);
}

/* ---- Results of training steps ---- */

static double
rate_factor (HlTrainer *self, guint64 step)
{
  const HlScheduleTime time = { step, hl_trainer_get_n_steps (self), hl_trainer_get_steps_per_epoch (self) };

  return hl_recipe_get_factor (self->recipe, &self->schedule_state, &time);
}

static double
learning_rate (HlTrainer *self, guint64 step)
{
  const HlParam *param = hl_class_find_param (self->recipe->optimizer->klass, "learning_rate");

  return hl_param_get (param, self->recipe->optimizer->params) * rate_factor (self, step - 1);
}

/* A loss that has become infinite or not a number, or so large that nothing can come of it any more: with a rate that
 * is far too high numbers may stay finite for ever. */
static void
check_loss (HlTrainer *self, guint64 step, double loss)
{
  const HlParam *param = hl_class_find_param (self->recipe->optimizer->klass, "learning_rate");
  double rate = learning_rate (self, step);
  g_autofree char *what = NULL;

  if (self->usual_loss == 0)
    self->usual_loss = MAX (loss, 1);
  if (isfinite (loss) && loss <= DIVERGED * self->usual_loss)
    return;
  what = isnan (loss)   ? g_strdup (_("became not a number"))
         : isinf (loss) ? g_strdup (_("became infinite"))
                        : g_strdup_printf (_("rose to %.2g"), loss);
  g_set_error (&self->failure, HL_TRAIN_ERROR, HL_TRAIN_ERROR_NOT_FINITE,
               _("The loss %s in step %" PRIu64 " with a learning rate of %g: training has diverged. Try a smaller "
                 "learning rate, such as %.1g."), what, step, rate, MIN (rate / 10, param->initial));
}

gboolean
hl_trainer_collect (HlTrainer *self, gboolean wait, GError **error)
{
  HlBatchResult batch;

  if (!hl_result_stream_collect (self->results, wait, error))
    return FALSE;
  while (hl_result_stream_take (self->results, &batch))
    {
      HlStepResult *result;
      HlScore score = hl_trainer_make_score (self, batch.loss, batch.weight, batch.right, batch.batch);

      self->collected_step++;
      if (self->failure)
        continue;
      result = g_new (HlStepResult, 1);
      *result = (HlStepResult) {
        .step = self->collected_step,
        .epoch = (guint) ((self->collected_step - 1) / hl_trainer_get_steps_per_epoch (self)),
        .loss = (float) score.loss, .accuracy = (float) score.accuracy, .batch = batch.batch,
      };
      g_queue_push_tail (&self->finished, result);
      self->loss_sum += batch.loss;
      self->weight_sum += batch.weight;
      self->right_sum += batch.right;
      self->sample_sum += batch.batch;
      check_loss (self, self->collected_step, score.loss);
    }
  return TRUE;
}

static gboolean
check_failure (HlTrainer *self, GError **error)
{
  if (self->failure == NULL)
    return TRUE;
  if (error)
    *error = g_error_copy (self->failure);
  return FALSE;
}

gboolean
hl_trainer_poll (HlTrainer *self, gboolean wait, HlStepResult *results, guint n, guint *n_results, GError **error)
{
  *n_results = 0;
  if (!hl_trainer_collect (self, wait, error))
    return FALSE;
  while (*n_results < n && !g_queue_is_empty (&self->finished))
    {
      g_autofree HlStepResult *result = g_queue_pop_head (&self->finished);

      results[(*n_results)++] = *result;
    }
  /* The steps before the failure come first, then the failure. */
  return *n_results > 0 || check_failure (self, error);
}

/* ---- Steps ---- */

static gboolean
run_optimizer (HlTrainer *self, GError **error)
{
  const HlOptimizerClass *optimizer = (const HlOptimizerClass *) self->recipe->optimizer->klass;
  double factor = rate_factor (self, self->step);

  if (self->gradient_step && !hl_gradient_step_run (self->gradient_step, error))
    return FALSE;
  for (guint i = 0; i < self->n_segments; i++)
    {
      self->segments[i].step = self->step + 1;
      self->segments[i].rate_factor = factor * hl_plan_get_segment (self->plan, i)->rate_factor;
      if (!optimizer->step (&self->segments[i], error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
enqueue_training (HlTrainer *self, guint *n, GError **error)
{
  const HlLossClass *loss = (const HlLossClass *) self->recipe->loss->klass;
  const HlRandomKey random = { self->recipe->seed, HL_PURPOSE_DROPOUT, (guint32) self->step };
  HlLossCall *call = &self->train.loss;

  if (!self->epoch_started && !hl_loader_start_epoch (self->loader, self->epoch, error))
    return FALSE;
  self->epoch_started = TRUE;
  if (!hl_loader_load (self->loader, self->batch, n, error)
      || !hl_executor_forward (self->executor, *n, TRUE, &random, error))
    return FALSE;
  call->batch = *n;
  call->n_blocks = (*n + call->lanes - 1) / call->lanes;
  call->per_sample = hl_result_stream_get_slot (self->results);
  if (!loss->run (call, error) || !hl_executor_backward (self->executor, error)
      || !run_optimizer (self, error))
    return FALSE;
  self->step++;
  self->batch++;
  return hl_result_stream_push (self->results, *n, error);
}

static void
enter (HlTrainer *self, HlPhase phase)
{
  self->phase = phase;
  self->batch = 0;
}

static gboolean
step_training (HlTrainer *self, HlStep *step, GError **error)
{
  if (!enqueue_training (self, &step->batch, error) || !hl_trainer_collect (self, FALSE, error))
    return FALSE;
  step->kind = HL_STEP_TRAIN;
  step->step = self->step;
  if (self->batch == hl_loader_get_n_batches (self->loader))
    enter (self, self->parts[HL_PART_VALIDATION] ? HL_PHASE_VALIDATE : HL_PHASE_EPOCH_END);
  return TRUE;
}

static gboolean
step_evaluation (HlTrainer *self, HlPart part, HlPhase next, HlStep *step, GError **error)
{
  HlScore *score;

  if (!hl_trainer_enqueue_evaluation (self, part, self->batch, &step->batch, error))
    return FALSE;
  step->kind = part == HL_PART_VALIDATION ? HL_STEP_VALIDATE : HL_STEP_TEST;
  self->batch++;
  if (self->batch < hl_loader_get_n_batches (self->parts[part]))
    return TRUE;
  enter (self, next);
  score = part == HL_PART_VALIDATION ? &self->validation : &self->test;
  if (!hl_trainer_finish_evaluation (self, part, score, part == HL_PART_VALIDATION, error))
    return FALSE;
  /* The last training step may have spoilt the weights; its own loss may say so already. */
  if (!hl_trainer_collect (self, TRUE, error))
    return FALSE;
  if (self->failure == NULL)
    check_loss (self, self->step, score->loss);
  return check_failure (self, error);
}

static gboolean
step_epoch_end (HlTrainer *self, HlStep *step, GError **error)
{
  if (!hl_trainer_collect (self, TRUE, error) || !check_failure (self, error))
    return FALSE;
  step->kind = HL_STEP_EPOCH_END;
  step->train = hl_trainer_make_score (self, self->loss_sum, self->weight_sum, self->right_sum, self->sample_sum);
  step->validation = self->validation;
  hl_recipe_observe (self->recipe, &self->schedule_state, self->step,
                     step->validation.n > 0 ? step->validation.loss : step->train.loss);
  self->loss_sum = self->weight_sum = 0;
  self->right_sum = self->sample_sum = 0;
  self->validation = (HlScore) { 0 };
  self->epoch++;
  self->epoch_started = FALSE;
  if (self->epoch < self->recipe->epochs)
    enter (self, HL_PHASE_TRAIN);
  else
    enter (self, self->parts[HL_PART_TEST] ? HL_PHASE_TEST : HL_PHASE_DONE);
  return TRUE;
}

gboolean
hl_trainer_step (HlTrainer *self, HlStep *step, GError **error)
{
  *step = (HlStep) { .epoch = MIN (self->epoch, self->recipe->epochs - 1), .step = self->step };
  if (!check_failure (self, error))
    return FALSE;
  switch (self->phase)
    {
    case HL_PHASE_TRAIN:
      return step_training (self, step, error);
    case HL_PHASE_VALIDATE:
      return step_evaluation (self, HL_PART_VALIDATION, HL_PHASE_EPOCH_END, step, error);
    case HL_PHASE_EPOCH_END:
      return step_epoch_end (self, step, error);
    case HL_PHASE_TEST:
      return step_evaluation (self, HL_PART_TEST, HL_PHASE_DONE, step, error);
    case HL_PHASE_DONE:
    default:
      step->kind = HL_STEP_DONE;
      step->test = self->test;
      return TRUE;
    }
}

/* ---- Reading ---- */

const guint32 *
hl_trainer_get_confusion (HlTrainer *self, guint *n_classes)
{
  *n_classes = hl_dataset_get_n_classes (self->dataset);
  return self->confusion;
}

const gint32 *
hl_trainer_get_predictions (HlTrainer *self, gsize *n)
{
  *n = self->n_predictions;
  return self->predictions;
}

HlDevice *
hl_trainer_get_device (HlTrainer *self)
{
  return self->device;
}

HlExecutor *
hl_trainer_get_executor (HlTrainer *self)
{
  return self->executor;
}

HlPlan *
hl_trainer_get_plan (HlTrainer *self)
{
  return self->plan;
}

const HlSplit *
hl_trainer_get_split (HlTrainer *self)
{
  return self->split;
}

const HlNormalization *
hl_trainer_get_normalization (HlTrainer *self)
{
  return self->normalization;
}

guint64
hl_trainer_get_step (HlTrainer *self)
{
  return self->step;
}

guint64
hl_trainer_get_steps_per_epoch (HlTrainer *self)
{
  return hl_loader_get_n_batches (self->loader);
}

guint64
hl_trainer_get_n_steps (HlTrainer *self)
{
  return hl_trainer_get_steps_per_epoch (self) * self->recipe->epochs;
}
