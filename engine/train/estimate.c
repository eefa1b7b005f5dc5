/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlEstimate: adds up what each part of a trainer says that it takes. */

#include "engine/train/estimate.h"

#include "engine/data/loader.h"
#include "engine/graph/plan.h"
#include "engine/train/result-stream.h"
#include "engine/train/trainer.h"

static gsize
plan_bytes (const HlGraph *graph, const HlPlanOptions *options)
{
  g_autoptr (HlPlan) plan = hl_plan_new_partial (graph, options);

  return hl_plan_get_bytes (plan, HL_MEMORY_VALUES) + hl_plan_get_bytes (plan, HL_MEMORY_WORKSPACE);
}

static void
add_training (HlEstimate *self, const HlGraph *graph, const HlPlanOptions *options, const HlRecipe *recipe)
{
  const HlOptimizerClass *optimizer = (const HlOptimizerClass *) recipe->optimizer->klass;
  g_autoptr (HlPlan) plan = hl_plan_new_partial (graph, options);

  self->weights = hl_plan_get_bytes (plan, HL_MEMORY_WEIGHTS);
  self->gradients = hl_plan_get_bytes (plan, HL_MEMORY_GRADIENTS);
  self->values = hl_plan_get_bytes (plan, HL_MEMORY_VALUES);
  self->workspace = hl_plan_get_bytes (plan, HL_MEMORY_WORKSPACE);
  self->optimizer = optimizer->slots_per_weight (recipe->optimizer->params) * hl_plan_get_trained_length (plan)
                    * sizeof (float);
}

/* Training keeps a few batches' results; evaluation those of all batches of one part at a time. */
static void
add_results (HlEstimate *self, guint batch, guint evaluation_batch, guint lanes, const gsize *counts)
{
  gsize scored = 0;

  self->results = hl_result_stream_get_bytes ((batch + lanes - 1) / lanes * lanes, 0);
  for (guint part = HL_PART_VALIDATION; part < HL_N_PARTS; part++)
    scored = MAX (scored, counts[part]);
  if (scored > 0)
    self->results += hl_result_stream_get_bytes ((evaluation_batch + lanes - 1) / lanes * lanes,
                                                 (guint) ((scored + evaluation_batch - 1) / evaluation_batch));
}

static void
add_data (HlEstimate *self, const HlDataset *dataset, const HlDeviceInfo *device, guint batch, guint evaluation_batch,
          guint lanes, const gsize *counts)
{
  self->data = hl_device_data_get_bytes (dataset, device)
               + hl_loader_get_bytes (dataset, device, counts[HL_PART_TRAIN], batch, lanes);
  for (guint part = 0; part < HL_N_PARTS; part++)
    if (counts[part] > 0)
      self->data += hl_loader_get_bytes (dataset, device, counts[part], evaluation_batch, lanes);
}

void
hl_estimate_training (HlEstimate *self, const HlGraph *graph, const HlRecipe *recipe, const HlDataset *dataset,
                      const HlDataSpec *spec, const HlDeviceInfo *device)
{
  guint batch = MAX (recipe->batch, 1), evaluation_batch = MAX (batch, HL_MIN_EVALUATION_BATCH);
  const HlDeviceInfo some = { .type = HL_DEVICE_CPU, .lanes = 16 };
  guint lanes = hl_device_info_choose_lanes (device ? device : &some, batch), compute_units = device ? device->compute_units : 2;
  HlPlanOptions training = {
    .batch = batch, .lanes = lanes, .compute_units = compute_units, .training = TRUE, .fuse = TRUE,
  };
  HlPlanOptions evaluation = {
    .batch = evaluation_batch, .lanes = lanes, .compute_units = compute_units, .fuse = TRUE,
  };
  HlPlanOptions probe = { .batch = lanes, .lanes = lanes, .compute_units = compute_units, .keep_values = TRUE };
  gsize counts[HL_N_PARTS] = { 0 };

  *self = (HlEstimate) { 0 };
  add_training (self, graph, &training, recipe);
  if (evaluation_batch > batch)
    self->evaluation = plan_bytes (graph, &evaluation);
  self->probe = plan_bytes (graph, &probe);
  if (dataset)
    {
      hl_split_count (dataset, spec, counts);
      add_data (self, dataset, device, batch, evaluation_batch, lanes, counts);
    }
  add_results (self, batch, evaluation_batch, lanes, counts);
}

const HlEstimatePart hl_estimate_parts[] = {
  { N_("weights"), offsetof (HlEstimate, weights) },
  { N_("gradients of weights"), offsetof (HlEstimate, gradients) },
  { N_("optimizer"), offsetof (HlEstimate, optimizer) },
  { N_("values of the layers"), offsetof (HlEstimate, values) },
  { N_("work space"), offsetof (HlEstimate, workspace) },
  { N_("evaluation in larger batches"), offsetof (HlEstimate, evaluation) },
  { N_("data and their order"), offsetof (HlEstimate, data) },
  { N_("losses and predictions"), offsetof (HlEstimate, results) },
  { NULL }
};

gsize
hl_estimate_get_part (const HlEstimate *self, const HlEstimatePart *part)
{
  return G_STRUCT_MEMBER (gsize, self, part->offset);
}

gsize
hl_estimate_get_total (const HlEstimate *self)
{
  gsize total = 0;

  for (const HlEstimatePart *part = hl_estimate_parts; part->label; part++)
    total += hl_estimate_get_part (self, part);
  return total;
}
