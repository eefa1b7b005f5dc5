/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlTrainer: evaluation of a part, confusion, and the probe. */

#include "engine/train/trainer-private.h"

/* Room for every batch of the part, so that its predictions are all there at the end. */
static gboolean
make_room (HlTrainer *self, HlPart part, GError **error)
{
  guint n = hl_loader_get_n_batches (self->parts[part]);

  if (self->scores == NULL || self->n_scores < n)
    {
      g_clear_pointer (&self->scores, hl_result_stream_free);
      self->scores = hl_result_stream_new (self->device, self->evaluate.loss.capacity, n, error);
      self->n_scores = n;
      return self->scores != NULL;
    }
  return hl_result_stream_reset (self->scores, error);
}

gboolean
hl_trainer_enqueue_evaluation (HlTrainer *self, HlPart part, guint i, guint *n, GError **error)
{
  const HlLossClass *loss = (const HlLossClass *) self->recipe->loss->klass;
  HlLossCall *call = &self->evaluate.loss;
  HlLoader *loader = self->parts[part];

  if (i == 0 && (!make_room (self, part, error) || !hl_loader_start_epoch (loader, 0, error)))
    return FALSE;
  if (!hl_loader_load (loader, i, n, error) || !hl_executor_forward (self->evaluate.executor, *n, FALSE, NULL, error))
    return FALSE;
  call->targets = hl_loader_get_targets (loader);
  call->batch = *n;
  call->n_blocks = (*n + call->lanes - 1) / call->lanes;
  call->per_sample = hl_result_stream_get_slot (self->scores);
  return loss->run (call, error) && hl_result_stream_push (self->scores, *n, error);
}

/* Predictions in the split's order, and how often each label was taken for each class. */
static void
keep_predictions (HlTrainer *self, HlPart part)
{
  const guint32 *indices = hl_split_get_indices (self->split, part, &self->n_predictions);
  const gint32 *labels = hl_dataset_get_labels (self->dataset);
  gsize n_classes = hl_dataset_get_n_classes (self->dataset);

  g_free (self->predictions);
  g_free (self->confusion);
  self->predictions = g_new (gint32, self->n_predictions);
  self->confusion = g_new0 (guint32, n_classes * n_classes);
  for (gsize i = 0; i < self->n_predictions; i++)
    {
      guint slot = (guint) (i / self->evaluation_batch);
      const float *predictions = hl_result_stream_get_predictions (self->scores, slot);

      self->predictions[i] = (gint32) predictions[i % self->evaluation_batch];
      self->confusion[(gsize) labels[indices[i]] * n_classes + (gsize) self->predictions[i]]++;
    }
}

gboolean
hl_trainer_finish_evaluation (HlTrainer *self, HlPart part, HlScore *score, gboolean keep, GError **error)
{
  HlBatchResult batch;
  double loss = 0, weight = 0;
  guint64 right = 0, n = 0;

  if (!hl_result_stream_collect (self->scores, TRUE, error))
    return FALSE;
  while (hl_result_stream_take (self->scores, &batch))
    {
      loss += batch.loss;
      weight += batch.weight;
      right += batch.right;
      n += batch.batch;
    }
  *score = hl_trainer_make_score (self, loss, weight, right, n);
  if (keep && self->has_accuracy)
    keep_predictions (self, part);
  return TRUE;
}

gboolean
hl_trainer_evaluate (HlTrainer *self, HlPart part, HlScore *score, GError **error)
{
  *score = (HlScore) { 0 };
  if (self->parts[part] == NULL)
    return TRUE;
  for (guint i = 0; i < hl_loader_get_n_batches (self->parts[part]); i++)
    {
      guint n;

      if (!hl_trainer_enqueue_evaluation (self, part, i, &n, error))
        return FALSE;
    }
  /* An evaluation that was under way has lost its scores: it starts again. */
  if (self->phase == HL_PHASE_VALIDATE || self->phase == HL_PHASE_TEST)
    self->batch = 0;
  return hl_trainer_finish_evaluation (self, part, score, FALSE, error);
}

/* ---- Probe ---- */

static gboolean
make_probe (HlTrainer *self, GError **error)
{
  const HlDeviceInfo *info = hl_device_get_info (self->device);
  HlPlanOptions options = {
    .batch = info->lanes, .lanes = info->lanes, .compute_units = info->compute_units, .keep_values = TRUE,
  };
  g_autoptr (HlPlan) plan = hl_plan_new (self->graph, &options, error);
  g_autoptr (HlKernelSet) kernels = hl_kernel_set_new (self->device);
  g_autoptr (HlExecutor) probe = NULL;

  if (plan == NULL)
    return FALSE;
  probe = hl_executor_new (kernels, plan, self->executor, error);
  if (probe == NULL || !hl_kernel_set_build (kernels, NULL, NULL, error))
    return FALSE;
  self->probe = g_steal_pointer (&probe);
  self->probe_kernels = g_steal_pointer (&kernels);
  return TRUE;
}

HlExecutor *
hl_trainer_probe (HlTrainer *self, const float *sample, GError **error)
{
  const HlShape *shape = hl_dataset_get_shape (self->dataset);
  g_autofree float *values = g_memdup2 (sample, hl_shape_get_count (shape) * sizeof *sample);

  if (self->probe == NULL && !make_probe (self, error))
    return NULL;
  hl_normalization_apply (self->normalization, shape, values);
  if (!hl_executor_write_input (self->probe, values, 1, error)
      || !hl_executor_forward (self->probe, 1, FALSE, NULL, error) || !hl_device_finish (self->device, error))
    return NULL;
  return self->probe;
}
