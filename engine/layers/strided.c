/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Views of values, and the passes over them. */

#include "engine/layers/strided.h"

/* Vectors an item of a CPU device handles at least, and how many items a compute unit should get: as in activation.c. */
#define SMALLEST_ITEM 128
#define ITEMS_PER_UNIT 4
#define GPU_ITEM 8

/* ---- Views ---- */

HlView
hl_view_new (const HlValue *value)
{
  const HlShape *shape = &value->shape;
  HlView view = { .value = value, .first = (int) hl_value_origin (value), .n_dims = shape->n_dims };
  int step = 1;

  for (guint k = shape->n_dims; k-- > 0;)
    {
      if (k == 0)
        step = (int) hl_value_plane_step (value);
      else if (k + 2 == shape->n_dims)
        step = (int) hl_value_row_step (value);
      view.size[k] = (int) shape->dim[k];
      view.step[k] = step;
      step *= view.size[k];
    }
  return view;
}

void
hl_view_slice (HlView *self, guint axis, int first, int n, int step)
{
  self->first += first * self->step[axis];
  self->size[axis] = n;
  self->step[axis] *= step;
}

void
hl_view_permute (HlView *self, const guint *order)
{
  HlView old = *self;

  for (guint k = 0; k < self->n_dims; k++)
    {
      self->size[k] = old.size[order[k]];
      self->step[k] = old.step[order[k]];
    }
}

void
hl_view_broadcast (HlView *self, const HlShape *shape)
{
  HlView old = *self;
  guint missing = shape->n_dims - old.n_dims;

  self->n_dims = shape->n_dims;
  for (guint k = 0; k < shape->n_dims; k++)
    {
      gboolean repeated = k < missing || (old.size[k - missing] == 1 && shape->dim[k] != 1);

      self->size[k] = (int) shape->dim[k];
      self->step[k] = repeated ? 0 : old.step[k - missing];
    }
}

/* ---- Passes ---- */

typedef struct { int size, to, a, b; } Axis;

/* Axes of more than one element, neighbours merged where they are one in all views. */
static guint
collect_axes (const HlView *to, const HlView *a, const HlView *b, gboolean summed, Axis *axes)
{
  guint n = 0;

  for (guint k = 0; k < to->n_dims; k++)
    {
      Axis axis = { to->size[k], to->step[k], a->step[k], b->step[k] }, *last = n > 0 ? &axes[n - 1] : NULL;

      if (axis.size == 1 || (axis.to == 0) != summed)
        continue;
      if (last && last->to == axis.to * axis.size && last->a == axis.a * axis.size && last->b == axis.b * axis.size)
        *last = (Axis) { last->size * axis.size, axis.to, axis.a, axis.b };
      else
        axes[n++] = axis;
    }
  return n;
}

/* The last axis comes last of eight; those before the first have one element. Returns how many elements there are. */
static int
store_axes (HlStrided *self, const Axis *axes, guint n, gboolean summed)
{
  guint first = summed ? 8 : 0;
  int count = 1;

  for (guint k = 0; k < 8; k++)
    {
      Axis axis = k + n >= 8 ? axes[k + n - 8] : (Axis) { 1, 0, 0, 0 };

      self->size[first + k] = axis.size;
      self->a_step[first + k] = axis.a;
      self->b_step[first + k] = axis.b;
      if (!summed)
        self->to_step[k] = axis.to;
      count *= axis.size;
    }
  return count;
}

static int
choose_chunk (const HlLayerCall *call, int count, int n_summed)
{
  gsize total = (gsize) count * (call->capacity / call->lanes), length = GPU_ITEM;

  if (hl_device_get_info (call->device)->lanes <= 16)
    length = MAX (total / (ITEMS_PER_UNIT * call->compute_units), MAX ((gsize) SMALLEST_ITEM / n_summed, 1));
  else if (n_summed > 1)
    length = 1;
  return (int) MIN (length, (gsize) count);
}

void
hl_strided_prepare (HlStrided *self, HlLayerCall *call, const HlView *to, const HlView *a, const HlView *b, const char *term,
                    double scale, gboolean add)
{
  const HlView *views[3] = { a, b ? b : a, to };
  g_autofree char *defines = NULL;
  Axis axes[HL_VIEW_DIMS];
  int n_summed;

  self->a = a->value;
  self->b = views[1]->value;
  self->to = to->value;
  for (guint i = 0; i < 3; i++)
    {
      self->block_step[i] = (int) hl_value_block_step (views[i]->value);
      self->first[i] = views[i]->first;
    }
  n_summed = store_axes (self, axes, collect_axes (to, a, views[1], TRUE, axes), TRUE);
  self->count = store_axes (self, axes, collect_axes (to, a, views[1], FALSE, axes), FALSE);
  self->chunk = choose_chunk (call, self->count, n_summed);
  self->n_items = (self->count + self->chunk - 1) / self->chunk;
  self->scale = (float) scale;
  self->add = add;
  defines = g_strdup_printf ("TERM=%s;SUM=%d", term, n_summed > 1);
  self->kernel = hl_kernel_set_add (call->kernels, "strided", "strided", defines);
}

#define ARG_INTS(array) ((HlKernelArg) { HL_ARG_KIND_VALUE, (array), sizeof (array) })

gboolean
hl_strided_run (const HlStrided *self, const HlLayerCall *call, GError **error)
{
  return hl_kernel_run (self->kernel, (gsize) call->n_blocks * self->n_items, error, HL_ARG_TENSOR (self->a->tensor),
                        HL_ARG_TENSOR (self->b->tensor), HL_ARG_TENSOR (self->to->tensor), ARG_INTS (self->size),
                        ARG_INTS (self->a_step), ARG_INTS (self->b_step), ARG_INTS (self->to_step), ARG_INTS (self->block_step),
                        ARG_INTS (self->first), HL_ARG_INT (self->count), HL_ARG_INT (self->chunk), HL_ARG_INT (self->n_items),
                        HL_ARG_INT ((int) call->batch), HL_ARG_FLOAT (self->scale), HL_ARG_INT (self->add));
}

HlStrided *
hl_passes_add (HlPasses *self)
{
  g_assert (self->n < HL_MAX_PASSES);
  return &self->pass[self->n++];
}

/* Axis by axis: what lies before and behind the part, where the axes before this one are inside it. */
void
hl_passes_add_fill (HlPasses *self, HlLayerCall *call, const HlValue *whole, const guint *first, const guint *size, double value)
{
  HlView inside = hl_view_new (whole), side;

  for (guint k = 0; k < whole->shape.n_dims; k++)
    {
      guint after = first[k] + size[k], n_after = whole->shape.dim[k] - after;

      if (first[k] > 0)
        {
          side = inside;
          hl_view_slice (&side, k, 0, (int) first[k], 1);
          hl_strided_prepare (hl_passes_add (self), call, &side, &side, NULL, "1", value, FALSE);
        }
      if (n_after > 0)
        {
          side = inside;
          hl_view_slice (&side, k, (int) after, (int) n_after, 1);
          hl_strided_prepare (hl_passes_add (self), call, &side, &side, NULL, "1", value, FALSE);
        }
      hl_view_slice (&inside, k, (int) first[k], (int) size[k], 1);
    }
}

gboolean
hl_passes_run (const HlPasses *self, const HlLayerCall *call, GError **error)
{
  for (guint i = 0; i < self->n; i++)
    if (!hl_strided_run (&self->pass[i], call, error))
      return FALSE;
  return TRUE;
}

/* ---- For definitions ---- */

gsize
hl_shape_number (const HlShape *shape, const guint *at)
{
  gsize number = 0;

  for (guint k = 0; k < shape->n_dims; k++)
    number = number * shape->dim[k] + at[k];
  return number;
}

void
hl_shape_place (const HlShape *shape, gsize number, guint *at)
{
  for (guint k = shape->n_dims; k-- > 0;)
    {
      at[k] = (guint) (number % shape->dim[k]);
      number /= shape->dim[k];
    }
}

void
hl_gather_reference (const HlLayerReference *call, gint64 (*source) (const void *params, const HlShape *x, const guint *at),
                     double value)
{
  const HlShape *y = &call->plan->output, *x = call->x_shape;
  gsize n_y = hl_shape_get_count (y), n_x = hl_shape_get_count (x);
  guint at[HL_MAX_DIMS];

  for (gsize i = 0; i < n_y; i++)
    {
      gint64 from;

      hl_shape_place (y, i, at);
      from = source (call->params, x, at);
      for (gsize sample = 0; sample < call->batch; sample++)
        {
          call->y[sample * n_y + i] = from < 0 ? value : call->x[0][sample * n_x + from];
          if (call->dy && call->dx[0] && from >= 0)
            call->dx[0][sample * n_x + from] += call->dy[sample * n_y + i];
        }
    }
}

gboolean
hl_axis_find (int axis, const HlShape *shape, guint *found, GError **error)
{
  int n = (int) shape->n_dims;
  g_autofree char *got = NULL;

  if (axis >= -n && axis < n)
    {
      *found = (guint) (axis < 0 ? axis + n : axis);
      return TRUE;
    }
  got = hl_shape_to_string (shape);
  g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
               _("needs an axis between %d and %d for a sample of %s, but has %d."), -n, n - 1, got, axis);
  return FALSE;
}
