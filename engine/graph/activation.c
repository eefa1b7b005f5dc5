/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Walks over pixels, copies, and what all activation layers share. */

#include "engine/graph/activation.h"

#include <string.h>

/* Vectors an item of a CPU device handles at least: below, starting it costs more than its work. */
#define SMALLEST_ITEM 128
/* Items a compute unit should get, so that they share the work evenly. */
#define ITEMS_PER_UNIT 4
/* A GPU hides its latency with many small items. */
#define GPU_ITEM 8

/* ---- Walks ---- */

static guint
choose_item_length (const HlLayerCall *call, gsize vectors_per_block)
{
  gsize total = vectors_per_block * (call->capacity / call->lanes);

  if (hl_device_get_info (call->device)->lanes > 16)
    return GPU_ITEM;
  return MAX (total / (ITEMS_PER_UNIT * call->compute_units), SMALLEST_ITEM);
}

/* Steps of a value, given the rows and columns of the walk. A value without border may have another shape with the
 * same pixels in the same order; with a border it has the walk's shape. */
static void
append_steps (const HlWalkValue *value, guint rows, guint columns, GString *defines)
{
  const HlValue *v = value->value;
  gboolean border = hl_value_has_border (v);
  guint plane = border ? hl_value_plane_step (v) : rows * columns;

  g_string_append_printf (defines, "%s_ROW=%u;%s_PLANE=%u;%s_BLOCK=%u;%s_ORIGIN=%u;", value->prefix,
                          border ? hl_value_row_step (v) : columns, value->prefix, plane, value->prefix,
                          hl_value_block_step (v), value->prefix, hl_value_origin (v) + value->channel * plane);
}

guint
hl_walk_append_defines (const HlLayerCall *call, const HlWalkValue *values, guint n, GString *defines)
{
  const HlShape *shape = &values[0].value->shape;
  guint channels = hl_shape_channels (shape), rows = hl_shape_rows (shape), columns = hl_shape_columns (shape);
  guint length = choose_item_length (call, hl_shape_get_count (shape)), count, chunk;
  gboolean flat = TRUE;

  for (guint i = 0; i < n; i++)
    {
      flat &= !hl_value_has_border (values[i].value);
      append_steps (&values[i], rows, columns, defines);
    }
  count = flat ? channels * rows * columns : channels * rows;
  chunk = flat ? length : MAX (length / columns, 1);
  chunk = MIN (chunk, count);
  g_string_append_printf (defines, "WALK_KIND=%s;WALK_ROWS=%u;WALK_COLUMNS=%u;WALK_COUNT=%u;WALK_CHUNK=%u;WALK_ITEMS=%u;",
                          flat ? "FLAT" : "ROWS", rows, columns, count, chunk, (count + chunk - 1) / chunk);
  return (count + chunk - 1) / chunk;
}

/* ---- Copies ---- */

void
hl_copy_prepare (HlCopy *self, HlLayerCall *call, const HlValue *x, guint x_channel, const HlValue *y, guint y_channel,
                 gboolean add)
{
  g_autoptr (GString) defines = g_string_new (NULL);
  HlWalkValue values[2] = { { "X", x, x_channel }, { "Y", y, y_channel } }, swap;

  /* The smaller gives the shape; of equal ones that with a border, the other being in one piece. */
  if (hl_shape_get_count (&y->shape) < hl_shape_get_count (&x->shape)
      || (hl_shape_get_count (&y->shape) == hl_shape_get_count (&x->shape) && hl_value_has_border (y)))
    {
      swap = values[0];
      values[0] = values[1];
      values[1] = swap;
    }
  self->items_per_block = hl_walk_append_defines (call, values, 2, defines);
  g_string_append_printf (defines, "ADD=%d", add ? 1 : 0);
  self->kernel = hl_kernel_set_add (call->kernels, "elementwise", "copy", defines->str);
}

gboolean
hl_copy_run (const HlCopy *self, const HlLayerCall *call, const HlValue *x, const HlValue *y, GError **error)
{
  return hl_kernel_run (self->kernel, call->n_blocks * self->items_per_block, error, HL_ARG_TENSOR (x->tensor),
                        HL_ARG_TENSOR (y->tensor));
}

/* ---- Views ---- */

typedef struct
{
  HlCopy forward, backward;
} View;

gboolean
hl_view_prepare (HlLayerCall *call, GError **error)
{
  View *view = call->state = g_new0 (View, 1);

  if ((hl_value_has_border (call->y) || (call->dy && hl_value_has_border (call->dy)))
      && !hl_shape_equal (&call->x[0]->shape, &call->y->shape))
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("the layer after it wants a border around a row of numbers."));
      return FALSE;
    }
  if (call->x[0]->tensor != call->y->tensor)
    hl_copy_prepare (&view->forward, call, call->x[0], 0, call->y, 0, FALSE);
  if (call->dx[0] && call->dx[0]->tensor != call->dy->tensor)
    hl_copy_prepare (&view->backward, call, call->dy, 0, call->dx[0], 0, call->accumulate[0]);
  return TRUE;
}

gboolean
hl_view_forward (const HlLayerCall *call, GError **error)
{
  const View *view = call->state;

  return !view->forward.kernel || hl_copy_run (&view->forward, call, call->x[0], call->y, error);
}

gboolean
hl_view_backward (const HlLayerCall *call, GError **error)
{
  const View *view = call->state;

  return !view->backward.kernel || hl_copy_run (&view->backward, call, call->dy, call->dx[0], error);
}

void
hl_view_reference (const HlLayerReference *call)
{
  gsize n = call->batch * hl_shape_get_count (&call->x_shape[0]);

  for (gsize i = 0; i < n; i++)
    call->y[i] = call->x[0][i];
  for (gsize i = 0; call->dy && call->dx[0] && i < n; i++)
    call->dx[0][i] += call->dy[i];
}

/* ---- Activations ---- */

typedef struct
{
  guint forward_items, backward_items;   /* a block */
  gboolean from_x;                       /* backward reads x, not y */
} State;

const HlLayerExample hl_activation_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { NULL, { HL_SHAPE_3 (3, 5, 7) } },
  { NULL, { HL_SHAPE_3 (1, 1, 1) } },
  { NULL, { HL_SHAPE_2 (5, 3) } },
  { NULL, { HL_SHAPE_3 (17, 2, 3) } },
  { NULL, { { 0 } } }
};

void
hl_epilogue_set_activation (HlEpilogue *self, const char *value, const char *gradient)
{
  g_return_if_fail (strlen (value) < sizeof self->value && strlen (gradient) < sizeof self->gradient);
  self->has_activation = TRUE;
  g_strlcpy (self->value, value, sizeof self->value);
  g_strlcpy (self->gradient, gradient, sizeof self->gradient);
}

void
hl_epilogue_set_activation_in_v (HlEpilogue *self, const char *value, const char *gradient)
{
  hl_epilogue_set_activation (self, value, gradient);
  self->gradient_in_v = TRUE;
}

static void
append_formula (GString *to, const char *text, const double *numbers, guint n_numbers)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  for (; *text; text++)
    if (*text == '$')
      {
        guint k = (guint) (*++text - '0');

        g_return_if_fail (k < n_numbers);
        g_string_append_printf (to, "(%sf)", g_ascii_formatd (number, sizeof number, "%.9e", numbers[k]));
      }
    else
      g_string_append_c (to, *text);
}

void
hl_epilogue_set_formula (HlEpilogue *self, gboolean in_v, const char *value, const char *gradient, const double *numbers,
                         guint n_numbers)
{
  g_autoptr (GString) value_text = g_string_new (NULL), gradient_text = g_string_new (NULL);

  append_formula (value_text, value, numbers, n_numbers);
  append_formula (gradient_text, gradient, numbers, n_numbers);
  hl_epilogue_set_activation (self, value_text->str, gradient_text->str);
  self->gradient_in_v = in_v;
}

gboolean
hl_activation_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
                    HlLayerPlan *plan, GError **error)
{
  /* Whether backward reads x or y, the formula says: see plan.c. */
  plan->output = inputs[0];
  return TRUE;
}

gboolean
hl_activation_prepare (HlLayerCall *call, GError **error)
{
  State *state = call->state = g_new0 (State, 1);
  g_autoptr (GString) defines = g_string_new (NULL);
  HlEpilogue formula = { 0 };

  call->klass->activation (call->params, &formula);
  state->forward_items = hl_walk_append_defines (call, (HlWalkValue[]) { { "X", call->x[0] }, { "Y", call->y } }, 2, defines);
  g_string_append_printf (defines, "ACTIVATION=%s", formula.value);
  call->kernel[0] = hl_kernel_set_add (call->kernels, "activation", "activation_forward", defines->str);
  if (!call->dx[0])
    return TRUE;
  g_string_truncate (defines, 0);
  state->from_x = formula.gradient_in_v;
  state->backward_items = hl_walk_append_defines (call, (HlWalkValue[]) { { "Y", state->from_x ? call->x[0] : call->y },
                                                  { "DY", call->dy }, { "DX", call->dx[0] } }, 3, defines);
  g_string_append_printf (defines, "GRADIENT=%s;ARGUMENT=%c;ADD=%d", formula.gradient, state->from_x ? 'v' : 'y',
                          call->accumulate[0] ? 1 : 0);
  call->kernel[1] = hl_kernel_set_add (call->kernels, "activation", "activation_backward", defines->str);
  return TRUE;
}

gboolean
hl_activation_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  return hl_kernel_run (call->kernel[0], call->n_blocks * state->forward_items, error,
                        HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->y->tensor));
}

gboolean
hl_activation_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  return !call->dx[0]
         || hl_kernel_run (call->kernel[1], call->n_blocks * state->backward_items, error,
                           HL_ARG_TENSOR (state->from_x ? call->x[0]->tensor : call->y->tensor),
                           HL_ARG_TENSOR (call->dy->tensor), HL_ARG_TENSOR (call->dx[0]->tensor));
}

void
hl_activation_reference (const HlLayerReference *call, double (*value) (const void *params, double x),
                         double (*gradient) (const void *params, double x))
{
  gsize n = call->batch * hl_shape_get_count (&call->x_shape[0]);

  for (gsize i = 0; i < n; i++)
    call->y[i] = value (call->params, call->x[0][i]);
  for (gsize i = 0; call->dy && call->dx[0] && gradient && i < n; i++)
    call->dx[0][i] += call->dy[i] * gradient (call->params, call->x[0][i]);
}

/* ---- Gradients of fused activations ---- */

HlMultiply *
hl_multiply_new (HlLayerCall *call, const char *gradient)
{
  HlMultiply *self = g_new0 (HlMultiply, 1);
  g_autoptr (GString) defines = g_string_new (NULL);

  self->items_per_block = hl_walk_append_defines (call, (HlWalkValue[]) { { "Y", call->y }, { "DY", call->dy } }, 2, defines);
  g_string_append_printf (defines, "GRADIENT=%s", gradient);
  self->kernel = hl_kernel_set_add (call->kernels, "activation", "activation_multiply", defines->str);
  return self;
}

gboolean
hl_multiply_run (const HlMultiply *self, const HlLayerCall *call, GError **error)
{
  return hl_kernel_run (self->kernel, call->n_blocks * self->items_per_block, error, HL_ARG_TENSOR (call->y->tensor),
                        HL_ARG_TENSOR (call->dy->tensor));
}
