/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlValue: where the pixels of a value lie, for kernels and for the host. HlWeightSpec: which weights exist. */

#include "engine/graph/executor.h"

#include <string.h>

guint
hl_value_row_step (const HlValue *self)
{
  return self->border.left + hl_shape_columns (&self->shape) + self->border.right;
}

guint
hl_value_plane_step (const HlValue *self)
{
  return (self->border.top + hl_shape_rows (&self->shape) + self->border.bottom) * hl_value_row_step (self);
}

guint
hl_value_block_step (const HlValue *self)
{
  return hl_shape_channels (&self->shape) * hl_value_plane_step (self);
}

guint
hl_value_origin (const HlValue *self)
{
  return self->border.top * hl_value_row_step (self) + self->border.left;
}

gboolean
hl_value_has_border (const HlValue *self)
{
  return self->border.top > 0 || self->border.left > 0 || self->border.bottom > 0 || self->border.right > 0;
}

void
hl_value_append_defines (const HlValue *self, const char *prefix, GString *defines)
{
  g_string_append_printf (defines, "%s_CHANNELS=%u;%s_ROWS=%u;%s_COLUMNS=%u;", prefix, hl_shape_channels (&self->shape),
                          prefix, hl_shape_rows (&self->shape), prefix, hl_shape_columns (&self->shape));
  g_string_append_printf (defines, "%s_ROW=%u;%s_PLANE=%u;%s_BLOCK=%u;%s_ORIGIN=%u;", prefix, hl_value_row_step (self),
                          prefix, hl_value_plane_step (self), prefix, hl_value_block_step (self), prefix,
                          hl_value_origin (self));
}

/* One sample: plain order on one side, every lanes-th float on the other. */
static void
copy_sample (const HlValue *value, guint lanes, const float *from_device, float *to_plain, const float *from_plain,
             float *to_device)
{
  guint channels = hl_shape_channels (&value->shape), rows = hl_shape_rows (&value->shape);
  guint columns = hl_shape_columns (&value->shape), row_step = hl_value_row_step (value);
  gsize plane = hl_value_plane_step (value), plain = 0;

  for (guint channel = 0; channel < channels; channel++)
    for (guint row = 0; row < rows; row++)
      {
        gsize at = (channel * plane + hl_value_origin (value) + (gsize) row * row_step) * lanes;

        for (guint column = 0; column < columns; column++, plain++, at += lanes)
          if (to_plain)
            to_plain[plain] = from_device[at];
          else
            to_device[at] = from_plain[plain];
      }
}

void
hl_value_to_plain (const HlValue *value, guint lanes, guint n_samples, const float *device, float *plain)
{
  gsize count = hl_shape_get_count (&value->shape), block = (gsize) hl_value_block_step (value) * lanes;

  for (guint sample = 0; sample < n_samples; sample++)
    copy_sample (value, lanes, device + sample / lanes * block + sample % lanes, plain + sample * count, NULL, NULL);
}

void
hl_value_from_plain (const HlValue *value, guint lanes, guint n_samples, const float *plain, float *device)
{
  gsize count = hl_shape_get_count (&value->shape), block = (gsize) hl_value_block_step (value) * lanes;

  for (guint sample = 0; sample < n_samples; sample++)
    copy_sample (value, lanes, NULL, NULL, plain + sample * count, device + sample / lanes * block + sample % lanes);
}

guint64
hl_weight_spec_get_count (const HlWeightSpec *self)
{
  return self->count > 0 ? self->count : hl_shape_get_count (&self->shape);
}

void
hl_weight_spec_clear_missing (const HlWeightSpec *self, float *values)
{
  gsize step = 1;

  if (!self->connections)
    return;
  for (guint i = 2; i < self->shape.n_dims; i++)
    step *= self->shape.dim[i];
  for (guint i = 0; i < self->shape.dim[0]; i++)
    for (guint k = 0; k < self->shape.dim[1]; k++)
      if (!(self->connections[i] >> k & 1))
        memset (values + ((gsize) i * self->shape.dim[1] + k) * step, 0, step * sizeof *values);
}
