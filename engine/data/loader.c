/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlLoader: the order of an epoch, and one kernel that assembles a batch from it. Where a data set is too large for
 * the device, each batch is gathered in host memory and sent there instead. */

#include "engine/data/loader.h"

#include "engine/base/random.h"

#include <string.h>

#define N_STAGES 2
/* Pixels an item assembles on a GPU, where many small items are wanted. */
#define GPU_PIECE 64
/* Items for each compute unit of a processor, so that none waits long for the last. */
#define ITEMS_PER_UNIT 4

struct _HlDeviceData
{
  HlDevice *device;
  HlDataset *dataset;
  HlTensor *values;              /* NULL: too large, batches are staged */
  HlTensor *labels;
  HlTensor *norm;                /* the mean of each channel, then its scale */
};

struct _HlLoader
{
  HlDeviceData *data;
  HlKernel *kernel;
  HlTensor *y, *targets, *order;
  HlTensor *stages[N_STAGES];    /* turn by turn, so that one may be sent while the other is read */
  guint stage;
  guint8 *gathered;
  gsize sample_bytes;
  const guint32 *indices;        /* owned by split */
  HlSplit *split;
  guint32 *sequence;
  gsize n;
  guint batch;
  gsize n_items;
  gboolean shuffle, started;
  guint64 seed;
};

/* ---- The data on the device ---- */

/* A processor uses the samples where they are; another device must have room for the network besides them. */
static gboolean
should_stage (const HlDeviceInfo *info, gsize n_bytes)
{
  const char *forced = g_getenv ("HILLOCK_STAGE_DATA");

  if (forced && forced[0] != '\0')
    return !g_str_equal (forced, "0");
  return info && (n_bytes > info->max_allocation_bytes || (info->type != HL_DEVICE_CPU && n_bytes > info->memory_bytes / 2));
}

static gsize
values_bytes (const HlDataset *dataset)
{
  return hl_dataset_get_length (dataset) * hl_shape_get_count (hl_dataset_get_shape (dataset))
         * hl_dtype_get_size (hl_dataset_get_dtype (dataset));
}

gsize
hl_device_data_get_bytes (const HlDataset *dataset, const HlDeviceInfo *device)
{
  gsize bytes = hl_tensor_get_bytes (HL_DTYPE_I32, hl_dataset_get_length (dataset))
                + hl_tensor_get_bytes (HL_DTYPE_F32, 2 * hl_shape_channels (hl_dataset_get_shape (dataset)));

  /* A processor takes the samples from where the data set keeps them. */
  if (device && device->type != HL_DEVICE_CPU && !should_stage (device, values_bytes (dataset)))
    bytes += values_bytes (dataset);
  return bytes;
}

gsize
hl_loader_get_bytes (const HlDataset *dataset, const HlDeviceInfo *device, gsize n, guint batch, guint lanes)
{
  gsize sample = hl_shape_get_count (hl_dataset_get_shape (dataset));
  gsize bytes = hl_tensor_get_bytes (HL_DTYPE_I32, (batch + lanes - 1) / lanes * lanes) + hl_tensor_get_bytes (HL_DTYPE_I32, n);

  if (should_stage (device, values_bytes (dataset)))
    bytes += N_STAGES * hl_tensor_get_bytes (hl_dataset_get_dtype (dataset), batch * sample);
  return bytes;
}

static gboolean
place_values (HlDeviceData *self, GError **error)
{
  HlDType type = hl_dataset_get_dtype (self->dataset);
  gsize n = hl_dataset_get_length (self->dataset) * hl_shape_get_count (hl_dataset_get_shape (self->dataset));
  g_autoptr (GError) problem = NULL;

  if (should_stage (hl_device_get_info (self->device), values_bytes (self->dataset)))
    return TRUE;
  self->values = hl_tensor_new_from_host (self->device, type, n, hl_dataset_get_values (self->dataset), &problem);
  if (self->values || g_error_matches (problem, HL_DEVICE_ERROR, HL_DEVICE_ERROR_MEMORY))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

HlDeviceData *
hl_device_data_new (HlDevice *device, HlDataset *dataset, const HlNormalization *normalization, GError **error)
{
  g_autoptr (HlDeviceData) self = g_new0 (HlDeviceData, 1);
  gsize n = hl_dataset_get_length (dataset), n_channels = normalization->n_channels;

  self->device = hl_device_ref (device);
  self->dataset = hl_dataset_ref (dataset);
  if (!place_values (self, error))
    return NULL;
  self->labels = hl_tensor_new (device, HL_DTYPE_I32, n, error);
  if (!self->labels || !hl_tensor_write (self->labels, 0, n, hl_dataset_get_labels (dataset), error))
    return NULL;
  self->norm = hl_tensor_new (device, HL_DTYPE_F32, 2 * n_channels, error);
  if (!self->norm || !hl_tensor_write (self->norm, 0, n_channels, normalization->mean, error)
      || !hl_tensor_write (self->norm, n_channels, n_channels, normalization->scale, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
hl_device_data_free (HlDeviceData *self)
{
  if (!self)
    return;
  /* Kernels still on their way may read the samples where the data set keeps them. */
  if (self->values)
    hl_device_finish (self->device, NULL);
  g_clear_pointer (&self->values, hl_tensor_unref);
  g_clear_pointer (&self->labels, hl_tensor_unref);
  g_clear_pointer (&self->norm, hl_tensor_unref);
  hl_dataset_unref (self->dataset);
  hl_device_unref (self->device);
  g_free (self);
}

/* ---- The loader ---- */

static void
request_kernel (HlLoader *self, HlKernelSet *kernels, const HlValue *input)
{
  const HlDeviceInfo *info = hl_device_get_info (self->data->device);
  gboolean bytes = hl_dataset_get_dtype (self->data->dataset) == HL_DTYPE_U8;
  guint n_pixels = hl_shape_rows (&input->shape) * hl_shape_columns (&input->shape);
  guint n_planes = (self->batch + info->lanes - 1) / info->lanes * hl_shape_channels (&input->shape);
  guint n_squares = (n_pixels + info->lanes - 1) / info->lanes;
  guint wanted = (info->compute_units * ITEMS_PER_UNIT + n_planes - 1) / n_planes;
  guint per_item = (n_squares + wanted - 1) / wanted;
  g_autoptr (GString) defines = g_string_new (NULL);

  if (info->lanes > 16)
    per_item = GPU_PIECE / info->lanes;
  per_item = CLAMP (per_item, 1, n_squares);
  hl_value_append_defines (input, "Y", defines);
  g_string_append_printf (defines, "TYPE=%s;TYPE_VEC=%s%u;STAGED=%d;PIECE=%u;N_PIECES=%u;", bytes ? "uchar" : "float",
                          bytes ? "uchar" : "float", info->lanes, self->data->values == NULL,
                          per_item * info->lanes, (n_squares + per_item - 1) / per_item);
  self->n_items = (gsize) n_planes * ((n_squares + per_item - 1) / per_item);
  self->kernel = hl_kernel_set_add (kernels, "assemble", "assemble_batch", defines->str);
}

static gboolean
check_shape (const HlDeviceData *data, const HlValue *input, GError **error)
{
  const HlShape *shape = hl_dataset_get_shape (data->dataset);
  g_autofree char *sample = hl_shape_to_string (shape);
  g_autofree char *wanted = hl_shape_to_string (&input->shape);

  if (hl_shape_equal (shape, &input->shape))
    return TRUE;
  g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
               _("The network expects samples of %s, but those of “%s” are %s. Change the input layer or the data."),
               wanted, hl_dataset_get_title (data->dataset), sample);
  return FALSE;
}

static gboolean
make_tensors (HlLoader *self, const HlValue *input, GError **error)
{
  HlDevice *device = self->data->device;
  HlDType type = hl_dataset_get_dtype (self->data->dataset);
  gsize sample = hl_shape_get_count (&input->shape);
  guint lanes = hl_device_get_info (device)->lanes;

  self->targets = hl_tensor_new (device, HL_DTYPE_I32, (self->batch + lanes - 1) / lanes * lanes, error);
  if (!self->targets)
    return FALSE;
  self->order = hl_tensor_new (device, HL_DTYPE_I32, MAX (self->n, 1), error);
  if (!self->order)
    return FALSE;
  if (self->data->values)
    return TRUE;
  self->sample_bytes = sample * hl_dtype_get_size (type);
  self->gathered = g_try_malloc (self->batch * self->sample_bytes);
  if (!self->gathered)
    {
      g_set_error (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_MEMORY,
                   _("There is not enough memory for a batch of %u samples. Choose a smaller batch."), self->batch);
      return FALSE;
    }
  for (guint i = 0; i < N_STAGES; i++)
    {
      self->stages[i] = hl_tensor_new (device, type, self->batch * sample, error);
      if (!self->stages[i])
        return FALSE;
    }
  return TRUE;
}

HlLoader *
hl_loader_new (HlKernelSet *kernels, HlDeviceData *data, const HlSplit *split, HlPart part, const HlValue *input,
               guint batch, gboolean shuffle, guint64 seed, GError **error)
{
  g_autoptr (HlLoader) self = g_new0 (HlLoader, 1);

  g_return_val_if_fail (batch > 0, NULL);
  if (!check_shape (data, input, error))
    return NULL;
  self->data = data;
  self->split = hl_split_ref ((HlSplit *) split);
  self->indices = hl_split_get_indices (split, part, &self->n);
  self->sequence = g_memdup2 (self->indices, MAX (self->n, 1) * sizeof *self->indices);
  self->batch = batch;
  self->shuffle = shuffle;
  self->seed = seed;
  self->y = hl_tensor_ref (input->tensor);
  if (!make_tensors (self, input, error))
    return NULL;
  request_kernel (self, kernels, input);
  return g_steal_pointer (&self);
}

void
hl_loader_free (HlLoader *self)
{
  if (!self)
    return;
  g_clear_pointer (&self->split, hl_split_unref);
  g_clear_pointer (&self->y, hl_tensor_unref);
  g_clear_pointer (&self->targets, hl_tensor_unref);
  g_clear_pointer (&self->order, hl_tensor_unref);
  for (guint i = 0; i < N_STAGES; i++)
    g_clear_pointer (&self->stages[i], hl_tensor_unref);
  g_free (self->gathered);
  g_free (self->sequence);
  g_free (self);
}

gsize
hl_loader_get_length (HlLoader *self)
{
  return self->n;
}

guint
hl_loader_get_n_batches (HlLoader *self)
{
  return (guint) ((self->n + self->batch - 1) / self->batch);
}

gboolean
hl_loader_start_epoch (HlLoader *self, guint epoch, GError **error)
{
  HlRandom random;

  if (self->started && !self->shuffle)
    return TRUE;
  if (self->shuffle)
    {
      /* From the file's order each time, so that an epoch's order does not depend on the epochs before it. */
      memcpy (self->sequence, self->indices, self->n * sizeof *self->sequence);
      hl_random_init (&random, self->seed, HL_PURPOSE_SHUFFLE, epoch);
      hl_random_shuffle (&random, self->sequence, self->n);
    }
  if (!hl_tensor_write (self->order, 0, self->n, self->sequence, error))
    return FALSE;
  self->started = TRUE;
  return TRUE;
}

/* Gathers the batch in host memory and sends it; the next stage is returned in *values. */
static gboolean
stage_batch (HlLoader *self, gsize first, guint n, HlTensor **values, GError **error)
{
  const guint8 *samples = hl_dataset_get_values (self->data->dataset);
  gsize n_elements = self->sample_bytes / hl_dtype_get_size (hl_dataset_get_dtype (self->data->dataset)) * n;

  for (guint i = 0; i < n; i++)
    memcpy (self->gathered + i * self->sample_bytes, samples + self->sequence[first + i] * self->sample_bytes,
            self->sample_bytes);
  *values = self->stages[self->stage];
  self->stage = (self->stage + 1) % N_STAGES;
  return hl_tensor_write (*values, 0, n_elements, self->gathered, error);
}

gboolean
hl_loader_load (HlLoader *self, guint i, guint *n, GError **error)
{
  gsize first = (gsize) i * self->batch;
  HlTensor *values = self->data->values;

  g_return_val_if_fail (self->started && first < self->n, FALSE);
  *n = (guint) MIN (self->n - first, self->batch);
  if (!values && !stage_batch (self, first, *n, &values, error))
    return FALSE;
  return hl_kernel_run (self->kernel, self->n_items, error, HL_ARG_TENSOR (values), HL_ARG_TENSOR (self->data->labels),
                        HL_ARG_TENSOR (self->order), HL_ARG_TENSOR (self->data->norm), HL_ARG_TENSOR (self->y),
                        HL_ARG_TENSOR (self->targets), HL_ARG_INT ((gint32) first), HL_ARG_INT ((gint32) *n));
}

HlTensor *
hl_loader_get_targets (HlLoader *self)
{
  return self->targets;
}

const guint32 *
hl_loader_get_order (HlLoader *self)
{
  return self->sequence;
}
