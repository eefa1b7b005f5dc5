/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recurrent nodes of ONNX that no recurrent layer can do as a whole (a state to begin with, sequences of different lengths,
 * peepholes, other activations, the reset gate before its product, the last cells): every step as a few small layers. */

#include "engine/exchange/onnx-operators.h"
#include "engine/exchange/onnx-recurrent.h"

#include <inttypes.h>
#include <string.h>

/* Layers are made for every step. */
#define MAX_STEPS 64

/* ONNX's gates: LSTM's i o f c, GRU's z r h. */
enum { LSTM_I, LSTM_O, LSTM_F, LSTM_C };
enum { GRU_Z, GRU_R, GRU_H };

typedef struct
{
  HlOnnxImport *self;
  const HlOnnxNet *net;
  GError **error;
  guint direction;
  gint64 samples;            /* -1: any */
  int axis;                  /* of the batch in a state, which is [samples, hidden]: 0 or HL_ONNX_WHOLE */
  HlOnnxTensor *recurrent, *recurrent_new;      /* matrices [rows][hidden]; of a GRU that resets before its product two */
  HlOnnxTensor *bias, *bias_new;                /* theirs; NULL without */
  HlOnnxValue *gates;        /* what the input gives to each gate, of all steps */
  HlOnnxValue *h, *c;        /* after the step before; without a batch's axis, or with it first */
} Steps;

/* ---- Pieces ---- */

static HlOnnxValue *
emit_pair (const Steps *steps, const char *layer, HlOnnxValue *a, HlOnnxValue *b)
{
  HlOnnxValue *pair[2] = { a, b }, *y = a && b ? hl_onnx_emit (steps->self, steps->error, layer, 2, pair, NULL) : NULL;

  if (y)
    hl_onnx_set_dims (y, a->n_dims, a->dim, a->axis);
  return y;
}

static HlOnnxValue *
emit_activation (const Steps *steps, guint i, HlOnnxValue *x)
{
  return x ? hl_onnx_emit (steps->self, steps->error, steps->net->activation[steps->direction][i], 1, &x, NULL) : NULL;
}

/* The matrix times the last axis. Matrices are shared, not copied. */
static HlOnnxValue *
emit_product (const Steps *steps, HlOnnxValue *x, HlOnnxTensor *matrix, HlOnnxTensor *bias)
{
  gint64 dim[HL_ONNX_MAX_DIMS];
  HlOnnxValue *y = x ? hl_onnx_emit (steps->self, steps->error, "linear", 1, &x, "units", (double) matrix->dim[0], "bias", bias ? 1.0 : 0.0, NULL)
                     : NULL;

  if (!y)
    return NULL;
  memcpy (dim, x->dim, sizeof dim);
  dim[x->n_dims - 1] = (gint64) matrix->dim[0];
  hl_onnx_set_dims (y, x->n_dims, dim, x->axis);
  hl_onnx_weight (steps->self, y, "weight", hl_onnx_tensor_ref (matrix));
  hl_onnx_weight (steps->self, y, "bias", hl_onnx_tensor_ref (bias));
  return y;
}

/* Some gates' part of a row. */
static HlOnnxValue *
take_gates (const Steps *steps, HlOnnxValue *x, guint first, guint n)
{
  gint64 hidden = (gint64) steps->net->hidden;

  return x ? hl_onnx_take (steps->self, x, 1, first * hidden, n * hidden, 1, steps->error) : NULL;
}

/* The value seen with other axes. */
static HlOnnxValue *
see_as (const Steps *steps, HlOnnxValue *x, guint n_dims, const gint64 *dim, int axis)
{
  HlShape shape = { 0 };
  HlOnnxValue *y = x;

  for (guint i = 0; i < n_dims; i++)
    if ((int) i != axis)
      shape.dim[shape.n_dims++] = (guint) dim[i];
  if (!x || (hl_shape_equal (&x->shape, &shape) && !(y = hl_onnx_emit (steps->self, steps->error, "identity", 1, &x, NULL)))
      || !(y = hl_onnx_emit_shape (steps->self, y, &shape, steps->error)))
    return NULL;
  hl_onnx_set_dims (y, n_dims, dim, axis);
  return y;
}

/* Numbers that are the same in every step: [samples][n], or [n] when all samples have the same. */
static HlOnnxValue *
emit_numbers (const Steps *steps, const HlOnnxTensor *numbers)
{
  const gint64 dim[2] = { steps->samples, (gint64) numbers->dim[1] };
  const HlOnnxTensor *one = numbers;
  g_autoptr (HlOnnxTensor) row = NULL;
  HlOnnxValue *value;

  if (steps->axis >= 0)
    {
      gsize columns = numbers->dim[1];

      for (gsize i = columns; i < numbers->n; i++)
        if (numbers->floats[i] != numbers->floats[i - columns])
          {
            hl_onnx_refuse_mixed (steps->error, _("its first state differs among the samples of a batch."));
            return NULL;
          }
      if (!(row = hl_onnx_tensor_new (numbers->name, TRUE, 1, &numbers->dim[1], steps->error)))
        return NULL;
      memcpy (row->floats, numbers->floats, columns * sizeof (float));
      one = row;
    }
  if ((value = hl_onnx_emit_constant (steps->self, one, steps->error)))
    hl_onnx_set_dims (value, 2, dim, steps->axis);
  return value;
}

/* Rows [first, first + n) of the direction's part of a tensor, as a matrix. */
static HlOnnxTensor *
take_rows (const Steps *steps, const HlOnnxTensor *source, guint64 first, guint64 n, guint64 columns)
{
  const guint64 dim[2] = { n, columns };
  HlOnnxTensor *result = hl_onnx_tensor_new (source->name, TRUE, columns == 0 ? 1 : 2, dim, steps->error);

  if (result)
    memcpy (result->floats, source->floats + first * MAX (columns, 1), result->n * sizeof (float));
  return result;
}

/* ---- The cells ---- */

static HlOnnxValue *
step_plain (const Steps *steps, HlOnnxValue *x)
{
  return emit_activation (steps, 0, emit_pair (steps, "add", x, emit_product (steps, steps->h, steps->recurrent, steps->bias)));
}

/* h' = n + z (h - n) */
static HlOnnxValue *
step_gru (const Steps *steps, HlOnnxValue *x)
{
  HlOnnxValue *product = emit_product (steps, steps->h, steps->recurrent, steps->bias), *fresh, *z, *r, *both;

  both = emit_pair (steps, "add", take_gates (steps, x, GRU_Z, 2), take_gates (steps, product, GRU_Z, 2));
  both = emit_activation (steps, 0, both);
  z = take_gates (steps, both, GRU_Z, 1);
  r = take_gates (steps, both, GRU_R, 1);
  if (steps->net->reset_after)
    fresh = emit_pair (steps, "mul", r, take_gates (steps, product, GRU_H, 1));
  else
    fresh = emit_product (steps, emit_pair (steps, "mul", r, steps->h), steps->recurrent_new, steps->bias_new);
  fresh = emit_activation (steps, 1, emit_pair (steps, "add", take_gates (steps, x, GRU_H, 1), fresh));
  return emit_pair (steps, "add", fresh, emit_pair (steps, "mul", z, emit_pair (steps, "sub", steps->h, fresh)));
}

/* A gate of an LSTM; the peepholes add a multiple of the cell, their gates lying in the order i o f. */
static HlOnnxValue *
lstm_gate (const Steps *steps, HlOnnxValue *sum, guint gate, HlOnnxValue *cell)
{
  HlOnnxValue *x = take_gates (steps, sum, gate, 1);
  guint64 hidden = steps->net->hidden;
  g_autoptr (HlOnnxTensor) peepholes = NULL;

  if (x && cell && steps->net->peepholes)
    {
      if (!(peepholes = take_rows (steps, steps->net->peepholes, (steps->direction * 3 + gate) * hidden, hidden, 0)))
        return NULL;
      x = emit_pair (steps, "add", x, hl_onnx_combine_constant (steps->self, "mul", cell, peepholes, steps->error));
    }
  return emit_activation (steps, gate == LSTM_C ? 1 : 0, x);
}

static HlOnnxValue *
step_lstm (const Steps *steps, HlOnnxValue *x, HlOnnxValue **cell)
{
  HlOnnxValue *sum = emit_pair (steps, "add", x, emit_product (steps, steps->h, steps->recurrent, steps->bias)), *fresh, *kept;

  fresh = emit_pair (steps, "mul", lstm_gate (steps, sum, LSTM_I, steps->c), lstm_gate (steps, sum, LSTM_C, NULL));
  kept = emit_pair (steps, "mul", lstm_gate (steps, sum, LSTM_F, steps->c), steps->c);
  if (!(*cell = emit_pair (steps, "add", kept, fresh)))
    return NULL;
  return emit_pair (steps, "mul", lstm_gate (steps, sum, LSTM_O, *cell), emit_activation (steps, 2, *cell));
}

/* ---- Steps ---- */

/* 1 for samples that are not over yet at this time; NULL: all are alike, *running says how. */
static HlOnnxTensor *
make_mask (const Steps *steps, guint64 time, gboolean *running)
{
  const HlOnnxTensor *lengths = steps->net->lengths;
  const guint64 dim[2] = { lengths ? lengths->n : 0, 1 };
  HlOnnxTensor *mask;
  gsize n = 0;

  for (gsize i = 0; lengths && i < lengths->n; i++)
    n += lengths->ints[i] > (gint64) time;
  *running = !lengths || n > 0;
  if (!lengths || n == 0 || n == lengths->n || !(mask = hl_onnx_tensor_new ("lengths", TRUE, 2, dim, steps->error)))
    return NULL;
  for (gsize i = 0; i < mask->n; i++)
    mask->floats[i] = lengths->ints[i] > (gint64) time ? 1 : 0;
  return mask;
}

/* old where a sample is over, else fresh. */
static HlOnnxValue *
choose (const Steps *steps, const HlOnnxTensor *mask, HlOnnxValue *old, HlOnnxValue *fresh)
{
  HlOnnxValue *change;

  if (!mask || !fresh)
    return fresh;
  if (!(change = emit_pair (steps, "sub", fresh, old)) || !(change = hl_onnx_combine_constant (steps->self, "mul", change, mask, steps->error)))
    return NULL;
  return emit_pair (steps, "add", old, change);
}

/* The direction's share of a state to begin with; zeros where there is none. */
static HlOnnxValue *
begin_state (const Steps *steps, const HlOnnxTensor *given)
{
  const guint64 n = given ? (guint64) steps->samples : 1, hidden = steps->net->hidden, dim[2] = { steps->axis < 0 ? (guint64) steps->samples : n, hidden };
  g_autoptr (HlOnnxTensor) numbers = hl_onnx_tensor_new ("state", TRUE, 2, dim, steps->error);

  for (guint64 i = 0; numbers && given && i < n; i++)
    {
      guint64 row = steps->net->batch_first ? i * steps->net->directions + steps->direction : steps->direction * n + i;

      memcpy (numbers->floats + i * hidden, given->floats + row * hidden, hidden * sizeof (float));
    }
  return numbers ? emit_numbers (steps, numbers) : NULL;
}

/* One time: the states after it in steps, what the node shows of it as result. */
static HlOnnxValue *
emit_step (Steps *steps, guint64 time)
{
  gboolean running;
  g_autoptr (HlOnnxTensor) mask = make_mask (steps, time, &running);
  const gint64 dim[2] = { steps->samples, (gint64) (steps->net->cell->gates * steps->net->hidden) };
  HlOnnxValue *x, *h, *c = NULL;

  if (!running)
    return begin_state (steps, NULL);
  x = hl_onnx_take (steps->self, steps->gates, steps->net->batch_first ? 1 : 0, (gint64) time, 1, 1, steps->error);
  if (!(x = see_as (steps, x, 2, dim, steps->axis)))
    return NULL;
  h = steps->net->cell->gates == 1 ? step_plain (steps, x) : steps->net->cell->gates == 3 ? step_gru (steps, x) : step_lstm (steps, x, &c);
  if (!(steps->h = choose (steps, mask, steps->h, h)) || (c && !(steps->c = choose (steps, mask, steps->c, c))))
    return NULL;
  return mask ? hl_onnx_combine_constant (steps->self, "mul", steps->h, mask, steps->error) : steps->h;
}

/* What is the same in all steps of a direction. */
static gboolean
begin_direction (Steps *steps, HlOnnxValue *x)
{
  const HlOnnxNet *net = steps->net;
  gboolean split = net->cell->gates == 3 && !net->reset_after;
  guint64 rows = net->cell->gates * net->hidden, together = split ? 2 * net->hidden : rows, d = steps->direction;
  g_autoptr (HlOnnxTensor) matrix = take_rows (steps, net->w, d * rows, rows, net->features);
  g_autoptr (HlOnnxTensor) bias = matrix && net->b ? take_rows (steps, net->b, 2 * d * rows, rows, 0) : NULL;

  if (!matrix || (net->b && !bias) || !(steps->gates = emit_product (steps, x, matrix, bias))
      || !(steps->recurrent = take_rows (steps, net->r, d * rows, together, net->hidden))
      || (split && !(steps->recurrent_new = take_rows (steps, net->r, d * rows + together, net->hidden, net->hidden)))
      || (net->b && !(steps->bias = take_rows (steps, net->b, (2 * d + 1) * rows, together, 0)))
      || (net->b && split && !(steps->bias_new = take_rows (steps, net->b, (2 * d + 1) * rows + together, net->hidden, 0))))
    return FALSE;
  return (steps->h = begin_state (steps, net->h)) && (net->cell->gates != 4 || (steps->c = begin_state (steps, net->c)));
}

static void
end_direction (Steps *steps)
{
  g_clear_pointer (&steps->recurrent, hl_onnx_tensor_unref);
  g_clear_pointer (&steps->recurrent_new, hl_onnx_tensor_unref);
  g_clear_pointer (&steps->bias, hl_onnx_tensor_unref);
  g_clear_pointer (&steps->bias_new, hl_onnx_tensor_unref);
}

/* ---- Together ---- */

/* Values of [samples, hidden] behind one another: [n, samples, hidden], or with the samples first. */
static HlOnnxValue *
stack (const Steps *steps, HlOnnxValue **values, guint n)
{
  gboolean first = steps->net->batch_first;
  const gint64 dim[3] = { first ? steps->samples : 1, first ? 1 : steps->samples, (gint64) steps->net->hidden };
  int axis = steps->axis < 0 ? HL_ONNX_WHOLE : first ? 0 : 1;
  g_autofree HlOnnxValue **seen = g_new0 (HlOnnxValue *, n);

  for (guint i = 0; i < n; i++)
    if (!(seen[i] = see_as (steps, values[i], 3, dim, axis)))
      return NULL;
  return hl_onnx_join (steps->self, seen, n, first && axis < 0 ? 1 : 0, first ? 1 : 0, steps->error);
}

/* Both directions' whole sequences: [times, directions, samples, hidden] or [samples, times, directions, hidden]. */
static HlOnnxValue *
stack_directions (const Steps *steps, HlOnnxValue *sequences[2])
{
  gboolean first = steps->net->batch_first;
  gint64 times = (gint64) steps->net->times, hidden = (gint64) steps->net->hidden;
  const gint64 dim[4] = { first ? steps->samples : times, first ? times : 1, first ? 1 : steps->samples, hidden };
  int axis = steps->axis < 0 ? HL_ONNX_WHOLE : first ? 0 : 2;
  guint at = first ? 2 : 1;
  HlOnnxValue *seen[2];

  for (guint i = 0; i < steps->net->directions; i++)
    if (!(seen[i] = see_as (steps, sequences[i], 4, dim, axis)))
      return NULL;
  return hl_onnx_join (steps->self, seen, (guint) steps->net->directions, at - (axis == 0), at, steps->error);
}

static gboolean
check_lengths (const HlOnnxNet *net, GError **error)
{
  for (gsize i = 0; net->lengths && i < net->lengths->n; i++)
    if (net->lengths->ints[i] < 0 || net->lengths->ints[i] > (gint64) net->times)
      return hl_onnx_refuse (error, _("it has a sequence of length %" PRId64 " in an input of %" PRIu64 " steps."),
                             net->lengths->ints[i], net->times);
  return TRUE;
}

/* With the batch as an axis of samples one mask serves all. */
static gboolean
check_alike (const HlOnnxNet *net, int axis, GError **error)
{
  for (gsize i = 1; axis >= 0 && net->lengths && i < net->lengths->n; i++)
    if (net->lengths->ints[i] != net->lengths->ints[0])
      return hl_onnx_refuse_mixed (error, _("its sequences differ in length among the samples of a batch."));
  return check_lengths (net, error);
}

gboolean
hl_onnx_emit_steps (HlOnnxImport *self, const HlOnnxNet *net, HlOnnxValue *x, HlOnnxValue **all, HlOnnxValue **last, HlOnnxValue **cells,
                    GError **error)
{
  Steps steps = { .self = self, .net = net, .error = error, .samples = x->dim[net->batch_first ? 0 : 1], .axis = x->axis < 0 ? HL_ONNX_WHOLE : 0 };
  HlOnnxValue *sequences[2] = { NULL }, *ends[2], *end_cells[2];
  g_autofree HlOnnxValue **shown = NULL;
  gboolean ok = TRUE;

  if (net->times > MAX_STEPS)
    return hl_onnx_refuse (error, _("it would be laid out in %" PRIu64 " steps; at most %d are supported."), net->times, MAX_STEPS);
  if ((x->axis >= 0 && !(x = hl_onnx_move_batch (self, x, net->batch_first ? 0 : 1, error))) || !check_alike (net, steps.axis, error))
    return FALSE;
  shown = g_new0 (HlOnnxValue *, net->times);
  for (guint d = 0; ok && d < net->directions; d++)
    {
      steps.direction = d;
      ok = begin_direction (&steps, x);
      for (guint64 i = 0; ok && i < net->times; i++)
        {
          guint64 time = d == 1 || net->reverse ? net->times - 1 - i : i;

          ok = (shown[time] = emit_step (&steps, time)) != NULL;
        }
      end_direction (&steps);
      ends[d] = steps.h, end_cells[d] = steps.c;
      if (ok && all)
        ok = (sequences[d] = stack (&steps, shown, (guint) net->times)) != NULL;
    }
  if (!ok || (all && !(*all = stack_directions (&steps, sequences))) || (last && !(*last = stack (&steps, ends, (guint) net->directions)))
      || (cells && !(*cells = stack (&steps, end_cells, (guint) net->directions))))
    return FALSE;
  /* What is not asked for, the last state or what came of the last step, leads nowhere. */
  self->has_spare = TRUE;
  if (net->times > 1)
    g_ptr_array_add (self->notes, g_strdup_printf (_("%s: the program has no such layer, so it was laid out in %" PRIu64
                                                     " steps. Trained further, each step gets weights of its own."), self->node->op_type, net->times));
  return TRUE;
}
