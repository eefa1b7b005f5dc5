/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlNormalization: mean and deviation of each channel, from the training part only. The deviation is that of
 * the population (divided by n), as is usual for images. */

#include "engine/data/split.h"

#include <math.h>

typedef struct
{
  const HlDataset *dataset;
  const guint32 *indices;
  gsize n;
  guint n_channels;
  gsize plane;                   /* values of one channel */
} Samples;

/* Sums of bytes and their squares are whole numbers: exact in any order. */
static void
measure_bytes (const Samples *samples, guint channel, double *mean, double *variance)
{
  const guint8 *values = hl_dataset_get_values (samples->dataset);
  double count = (double) samples->n * (double) samples->plane;
  guint64 sum = 0, squares = 0;

  for (gsize i = 0; i < samples->n; i++)
    {
      const guint8 *x = values + ((gsize) samples->indices[i] * samples->n_channels + channel) * samples->plane;

      for (gsize j = 0; j < samples->plane; j++)
        {
          sum += x[j];
          squares += (guint32) x[j] * x[j];
        }
    }
  *mean = (double) sum / count;
  *variance = (double) squares / count - *mean * *mean;
}

static void
measure_floats (const Samples *samples, guint channel, double *mean, double *variance)
{
  const float *values = hl_dataset_get_values (samples->dataset);
  double count = (double) samples->n * (double) samples->plane, sum = 0, squares = 0;

  /* The mean first, then the distances from it: values far from 0 keep their digits. */
  for (gsize i = 0; i < samples->n; i++)
    for (gsize j = 0; j < samples->plane; j++)
      sum += values[((gsize) samples->indices[i] * samples->n_channels + channel) * samples->plane + j];
  *mean = sum / count;
  for (gsize i = 0; i < samples->n; i++)
    for (gsize j = 0; j < samples->plane; j++)
      {
        double distance
            = values[((gsize) samples->indices[i] * samples->n_channels + channel) * samples->plane + j] - *mean;

        squares += distance * distance;
      }
  *variance = squares / count;
}

HlNormalization *
hl_normalization_new (const HlDataset *dataset, const HlSplit *split, HlNormalize kind)
{
  HlNormalization *self = g_new0 (HlNormalization, 1);
  const HlShape *shape = hl_dataset_get_shape (dataset);
  gboolean bytes = hl_dataset_get_dtype (dataset) == HL_DTYPE_U8;
  Samples samples = { .dataset = dataset, .n_channels = hl_shape_channels (shape) };

  samples.indices = hl_split_get_indices (split, HL_PART_TRAIN, &samples.n);
  samples.plane = hl_shape_get_count (shape) / samples.n_channels;
  self->n_channels = samples.n_channels;
  self->mean = g_new0 (float, self->n_channels);
  self->scale = g_new0 (float, self->n_channels);
  for (guint c = 0; c < self->n_channels; c++)
    {
      double mean = 0, variance = 1;

      if (kind == HL_NORMALIZE_STANDARD && bytes)
        measure_bytes (&samples, c, &mean, &variance);
      else if (kind == HL_NORMALIZE_STANDARD)
        measure_floats (&samples, c, &mean, &variance);
      self->mean[c] = (float) mean;
      /* A channel that never changes has nothing to scale; rounding may leave it a variance just above 0. */
      self->scale[c] = variance > 1e-14 * mean * mean ? (float) (1 / sqrt (variance)) : 1;
      if (kind == HL_NORMALIZE_UNIT && bytes)
        self->scale[c] = 1.0f / 255;
    }
  return self;
}

void
hl_normalization_free (HlNormalization *self)
{
  if (!self)
    return;
  g_free (self->mean);
  g_free (self->scale);
  g_free (self);
}

void
hl_normalization_apply (const HlNormalization *self, const HlShape *shape, float *values)
{
  gsize plane = hl_shape_get_count (shape) / self->n_channels;

  for (guint c = 0; c < self->n_channels; c++)
    for (gsize i = 0; i < plane; i++)
      values[c * plane + i] = (values[c * plane + i] - self->mean[c]) * self->scale[c];
}
