/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlShape: counts, comparison, text, and how a shape lies in channel, row and column. */

#include "engine/base/shape.h"

gsize
hl_dtype_get_size (HlDType type)
{
  return type == HL_DTYPE_U8 ? 1 : 4;
}

guint64
hl_shape_get_count (const HlShape *self)
{
  guint64 count = 1;

  for (guint i = 0; i < self->n_dims; i++)
    count *= self->dim[i];
  return count;
}

gboolean
hl_shape_equal (const HlShape *a, const HlShape *b)
{
  if (a->n_dims != b->n_dims)
    return FALSE;
  for (guint i = 0; i < a->n_dims; i++)
    if (a->dim[i] != b->dim[i])
      return FALSE;
  return TRUE;
}

char *
hl_shape_to_string (const HlShape *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->n_dims; i++)
    g_string_append_printf (text, "%s%u", i > 0 ? "×" : "", self->dim[i]);
  if (self->n_dims == 0)
    g_string_append (text, "1");
  return g_string_free (text, FALSE);
}

guint
hl_shape_channels (const HlShape *self)
{
  return self->n_dims > 0 ? self->dim[0] : 1;
}

guint
hl_shape_rows (const HlShape *self)
{
  guint rows = 1;

  for (guint i = 1; i + 1 < self->n_dims; i++)
    rows *= self->dim[i];
  return rows;
}

guint
hl_shape_columns (const HlShape *self)
{
  return self->n_dims > 1 ? self->dim[self->n_dims - 1] : 1;
}
