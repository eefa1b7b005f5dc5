/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlTrainer: what it does for the loss: the check against network and data, class weights, scores. */

#include "engine/train/check-data.h"
#include "engine/train/trainer-private.h"

#include <math.h>

/* ---- Class weights ---- */

/* n / (n_classes × n of the class), as scikit-learn's "balanced". A class without samples never counts; it gets 1, because
 * validation may still meet it. */
static void
balance (HlTrainer *self, float *weights, guint n_classes)
{
  const gint32 *labels = hl_dataset_get_labels (self->dataset);
  g_autofree gsize *counts = g_new0 (gsize, n_classes);
  gsize n;
  const guint32 *indices = hl_split_get_indices (self->split, HL_PART_TRAIN, &n);

  for (gsize i = 0; i < n; i++)
    counts[labels[indices[i]]]++;
  for (guint c = 0; c < n_classes; c++)
    weights[c] = counts[c] > 0 ? (float) ((double) n / ((double) n_classes * (double) counts[c])) : 1;
}

static gboolean
take_list (HlTrainer *self, float *weights, guint n_classes, GError **error)
{
  const GArray *list = self->recipe->class_weights;

  if (list == NULL || list->len != n_classes)
    {
      g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
                   _("The loss takes the class weights listed in the recipe, but the recipe lists %u and the data has %u "
                     "classes; list one for each class, or choose balanced weights."), list ? list->len : 0, n_classes);
      return FALSE;
    }
  for (guint c = 0; c < n_classes; c++)
    weights[c] = (float) g_array_index (list, double, c);
  return TRUE;
}

gboolean
hl_trainer_make_class_weights (HlTrainer *self, GError **error)
{
  HlClassWeights kind = hl_loss_get_class_weights (self->recipe->loss);
  guint n_classes = hl_dataset_get_n_classes (self->dataset);
  g_autofree float *weights = NULL;

  if (kind == HL_CLASS_WEIGHTS_EQUAL)
    return TRUE;
  weights = g_new0 (float, n_classes);
  if (kind == HL_CLASS_WEIGHTS_BALANCED)
    balance (self, weights, n_classes);
  else if (!take_list (self, weights, n_classes, error))
    return FALSE;
  self->class_weights = hl_tensor_new (self->device, HL_DTYPE_F32, (gsize) n_classes + HL_TENSOR_ALIGN, error);
  return self->class_weights && hl_tensor_write (self->class_weights, 0, n_classes, weights, error);
}

/* ---- The loss ---- */

gboolean
hl_trainer_check_loss (HlTrainer *self, GError **error)
{
  self->has_accuracy = hl_loss_get_target (self->recipe->loss) == HL_LOSS_TARGET_CLASS;
  return hl_check_loss (self->plan, self->recipe->loss, self->dataset, self->data_spec->normalize, error);
}

gboolean
hl_trainer_prepare_head (HlTrainer *self, HlHead *head, HlExecutor *executor, HlLoader *loader, gboolean training,
                         GError **error)
{
  const HlChoice *loss = self->recipe->loss;
  guint lanes = hl_device_get_info (self->device)->lanes;

  head->executor = executor;
  head->loss = (HlLossCall) {
    .device = self->device, .kernels = self->kernels, .params = loss->params,
    .y = hl_executor_get_output (executor), .dy = training ? hl_executor_get_output_gradient (executor) : NULL,
    .x = self->has_accuracy ? NULL : hl_executor_get_input (executor), .class_weights = self->class_weights,
    .targets = hl_loader_get_targets (loader), .capacity = hl_executor_get_capacity (executor),
    .batch = hl_executor_get_capacity (executor), .lanes = lanes,
  };
  head->loss.n_blocks = head->loss.capacity / lanes;
  return ((const HlLossClass *) loss->klass)->prepare (&head->loss, error);
}

HlScore
hl_trainer_make_score (const HlTrainer *self, double loss, double weight, guint64 right, guint64 n)
{
  return (HlScore) {
    .loss = weight > 0 ? loss / weight : 0, .accuracy = self->has_accuracy ? (double) right / (double) n : NAN, .n = n,
  };
}
