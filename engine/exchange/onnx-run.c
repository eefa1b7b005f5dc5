/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Running an imported network: tensors of ONNX's shape in and out, samples in between. */

#include "engine/exchange/onnx.h"

#include <inttypes.h>
#include <string.h>

#include "engine/exchange/safetensors.h"
#include "engine/graph/executor.h"

/* Samples a pass at most: enough to fill any device. */
#define MAX_BATCH 256

gboolean
hl_onnx_network_save_weights (HlOnnxNetwork *self, GFile *file, GError **error)
{
  g_autoptr (HlTensorFile) tensors = hl_tensor_file_new ();
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, self->weights);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      const HlOnnxTensor *tensor = value;

      hl_tensor_file_add_f32 (tensors, name, tensor->n_dims, tensor->dim, tensor->floats);
    }
  hl_tensor_file_set_metadata (tensors, "format", "pt");
  return hl_tensor_file_write (tensors, file, error);
}

/* ---- Samples first ---- */

static void
batch_first (guint *order, guint n_dims, int axis)
{
  guint at = 0;

  if (axis >= 0)
    order[at++] = (guint) axis;
  for (guint i = 0; i < n_dims; i++)
    if ((int) i != axis)
      order[at++] = i;
}

static HlOnnxTensor *
from_batch_first (const HlOnnxNetwork *self, guint64 n, const float *values, GError **error)
{
  guint order[HL_ONNX_MAX_DIMS], back[HL_ONNX_MAX_DIMS];
  guint64 dim[HL_ONNX_MAX_DIMS];
  g_autoptr (HlOnnxTensor) plain = NULL;

  batch_first (order, self->n_output_dims, self->output_axis);
  for (guint i = 0; i < self->n_output_dims; i++)
    {
      dim[i] = (int) order[i] == self->output_axis ? n : (guint64) self->output_dim[order[i]];
      back[order[i]] = i;
    }
  plain = hl_onnx_tensor_new ("", TRUE, self->n_output_dims, dim, error);
  if (!plain)
    return NULL;
  memcpy (plain->floats, values, plain->n * sizeof (float));
  return hl_onnx_tensor_permute (plain, back);
}

static gboolean
check_input (const HlOnnxNetwork *self, const HlOnnxTensor *input, GError **error)
{
  gboolean fits = input->is_float && input->n_dims == self->n_input_dims;

  for (guint i = 0; fits && i < input->n_dims; i++)
    fits = self->input_dim[i] < 0 ? input->dim[i] > 0 : (guint64) self->input_dim[i] == input->dim[i];
  if (!fits)
    {
      g_autofree char *got = hl_onnx_tensor_shape_to_string (input);
      GString *wanted = g_string_new (NULL);

      for (guint i = 0; i < self->n_input_dims; i++)
        g_string_append_printf (wanted, self->input_dim[i] < 0 ? "%sN" : "%s%" PRId64, i ? "×" : "", self->input_dim[i]);
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH, _("The network takes floats of shape %s, but “%s” is %s."), wanted->str,
                   input->name, got);
      g_string_free (wanted, TRUE);
    }
  return fits;
}

/* ---- Device ---- */

static gboolean
write_weights (const HlOnnxNetwork *self, HlExecutor *executor, HlPlan *plan, GError **error)
{
  gsize length = hl_tensor_get_length (hl_executor_get_weights (executor));
  g_autofree float *arena = g_new0 (float, length);

  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);
      const HlOnnxTensor *tensor = g_hash_table_lookup (self->weights, weight->name);

      memcpy (arena + weight->first, tensor->floats, weight->n * sizeof (float));
    }
  return hl_tensor_write (hl_executor_get_weights (executor), 0, length, arena, error);
}

static gboolean
run_batches (HlExecutor *executor, HlPlan *plan, guint64 n, const float *x, float *y, GError **error)
{
  const HlPlanStep *output = hl_plan_get_output (plan);
  gsize n_x = hl_shape_get_count (&hl_plan_get_input (plan)->layer.output), n_y = hl_shape_get_count (&output->layer.output);
  guint most = hl_plan_get_options (plan)->batch;
  const HlRandomKey random = { 0 };

  for (guint64 at = 0; at < n; at += most)
    {
      guint batch = (guint) MIN (most, n - at);

      if (!hl_executor_write_input (executor, x + at * n_x, batch, error) || !hl_executor_forward (executor, batch, FALSE, &random, error)
          || !hl_executor_read (executor, output->node, FALSE, batch, y + at * n_y, batch * n_y, error))
        return FALSE;
    }
  return TRUE;
}

static HlOnnxTensor *
run_on_device (HlOnnxNetwork *self, HlDevice *device, const HlOnnxTensor *x, guint64 n, GError **error)
{
  const HlDeviceInfo *info = hl_device_get_info (device);
  const HlPlanOptions options = { .batch = (guint) MIN (n, MAX_BATCH), .lanes = info->lanes, .compute_units = info->compute_units, .fuse = TRUE };
  g_autoptr (HlPlan) plan = hl_plan_new (self->graph, &options, error);
  g_autoptr (HlKernelSet) kernels = hl_kernel_set_new (device);
  g_autoptr (HlExecutor) executor = plan ? hl_executor_new (kernels, plan, NULL, error) : NULL;
  g_autofree float *y = NULL;
  guint64 count;

  if (!executor || !hl_kernel_set_build (kernels, NULL, NULL, error) || !write_weights (self, executor, plan, error))
    return NULL;
  count = hl_shape_get_count (&hl_plan_get_output (plan)->layer.output) * n;
  y = g_try_new (float, MAX (count, 1));
  if (!y)
    {
      g_set_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_MEMORY, _("There is no memory for the %" PRIu64 " numbers of the result."), count);
      return NULL;
    }
  return run_batches (executor, plan, n, x->floats, y, error) ? from_batch_first (self, n, y, error) : NULL;
}

HlOnnxTensor *
hl_onnx_network_run (HlOnnxNetwork *self, HlDevice *device, const HlOnnxTensor *input, GError **error)
{
  guint order[HL_ONNX_MAX_DIMS];
  g_autoptr (HlOnnxTensor) x = NULL;

  if (self->constant)
    return hl_onnx_tensor_ref (self->constant);
  if (!check_input (self, input, error))
    return NULL;
  batch_first (order, input->n_dims, self->input_axis);
  x = hl_onnx_tensor_permute (input, order);
  if (!x)
    {
      g_set_error_literal (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_MEMORY, _("There is no memory for a copy of the input."));
      return NULL;
    }
  return run_on_device (self, device, x, self->input_axis >= 0 ? input->dim[self->input_axis] : 1, error);
}
