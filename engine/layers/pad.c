/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pad: a rim around images and sequences, of one value, of the mirrored image, or of its repeated edge. */

#include "engine/layers/strided.h"

enum { FORWARD, BACKWARD };
enum { CONSTANT, REFLECT, REPLICATE };

typedef struct
{
  int mode, top, left, bottom, right;
  double value;
} Pad;

/* Places of the output along one axis that are made of the input's from, from + step, ... */
typedef struct { int at, n, from, step; } Piece;

static const char *const modes[] = { N_("constant"), N_("reflect"), N_("replicate"), NULL };

static const HlParam pad_params[] = {
  HL_CHOICE (Pad, mode, N_("What is added"), modes, 3, CONSTANT,
             N_("constant: a value; reflect: the image mirrored at its edge pixels; replicate: the edge pixels again and again.")),
  HL_INT (Pad, top, N_("Above"), HL_UNIT_PIXEL, 0, 4096, 1, N_("Rows added above.")),
  HL_INT (Pad, left, N_("Left"), HL_UNIT_PIXEL, 0, 4096, 1, N_("Columns, or steps, added on the left.")),
  HL_INT (Pad, bottom, N_("Below"), HL_UNIT_PIXEL, 0, 4096, 1, N_("Rows added below.")),
  HL_INT (Pad, right, N_("Right"), HL_UNIT_PIXEL, 0, 4096, 1, N_("Columns, or steps, added on the right.")),
  HL_FLOAT (Pad, value, N_("Value"), HL_UNIT_NONE, -G_MAXFLOAT, G_MAXFLOAT, 0, N_("What a constant rim is made of.")),
  HL_PARAM_END
};

static const HlLayerExample pad_examples[] = {
  { NULL, { HL_SHAPE_3 (3, 5, 7) } },
  { "top=2;left=0;bottom=1;right=3;value=-1.5", { HL_SHAPE_3 (2, 3, 4) } },
  { "mode=reflect;top=2;left=1;bottom=0;right=3", { HL_SHAPE_3 (3, 4, 4) } },
  { "mode=replicate;top=2;left=3;bottom=1;right=1", { HL_SHAPE_3 (2, 3, 1) } },
  { "mode=replicate;top=0;bottom=0;left=1;right=4", { HL_SHAPE_2 (3, 5) } },
  { "mode=reflect;top=1;left=0;bottom=2;right=1", { HL_SHAPE_4 (2, 2, 3, 2) } },
  { NULL, { { 0 } } }
};

/* ---- Planning ---- */

static gboolean
refuse_reflection (const Pad *pad, const HlShape *shape, guint axis, int before, int after, GError **error)
{
  if (pad->mode != REFLECT || MAX (before, after) < (int) shape->dim[axis])
    return FALSE;
  g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
               _("needs more places than it mirrors, which is %d, but an axis has %u."), MAX (before, after), shape->dim[axis]);
  return TRUE;
}

static gboolean
pad_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
          GError **error)
{
  const Pad *pad = params;
  guint n = inputs[0].n_dims;

  if (n == 1)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs an image or a sequence, of two dimensions or more, but gets %u numbers in a row."), inputs[0].dim[0]);
      return FALSE;
    }
  if (n == 2 && pad->top + pad->bottom > 0)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs an image to add %d rows to, but gets a sequence of %u×%u."), pad->top + pad->bottom,
                   inputs[0].dim[0], inputs[0].dim[1]);
      return FALSE;
    }
  if (refuse_reflection (pad, &inputs[0], n - 1, pad->left, pad->right, error)
      || (n > 2 && refuse_reflection (pad, &inputs[0], n - 2, pad->top, pad->bottom, error)))
    return FALSE;
  plan->output = inputs[0];
  plan->output.dim[n - 1] += (guint) (pad->left + pad->right);
  if (n > 2)
    plan->output.dim[n - 2] += (guint) (pad->top + pad->bottom);
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

/* ---- Running ---- */

/* The middle first, which covers all of the input. Returns how many there are. */
static guint
find_pieces (const Pad *pad, guint size, int before, int after, Piece *pieces)
{
  int n = (int) size, step = pad->mode == REFLECT ? -1 : 0;
  guint count = 1;

  pieces[0] = (Piece) { before, n, 0, 1 };
  if (before > 0 && pad->mode != CONSTANT)
    pieces[count++] = (Piece) { 0, before, pad->mode == REFLECT ? before : 0, step };
  if (after > 0 && pad->mode != CONSTANT)
    pieces[count++] = (Piece) { before + n, after, pad->mode == REFLECT ? n - 2 : n - 1, step };
  return count;
}

static void
add_piece (HlPasses *passes, HlLayerCall *call, const Piece *rows, const Piece *columns, gboolean backward)
{
  HlView x = hl_view_new (backward ? call->dx[0] : call->x[0]), y = hl_view_new (backward ? call->dy : call->y);
  HlStrided *pass = hl_passes_add (passes);
  guint n = x.n_dims;

  hl_view_slice (&y, n - 1, columns->at, columns->n, 1);
  hl_view_slice (&x, n - 1, columns->from, columns->n, columns->step);
  if (n > 2)
    {
      hl_view_slice (&y, n - 2, rows->at, rows->n, 1);
      hl_view_slice (&x, n - 2, rows->from, rows->n, rows->step);
    }
  if (backward)
    hl_strided_prepare (pass, call, &x, &y, NULL, "a", 1, call->accumulate[0] || passes->n > 1);
  else
    hl_strided_prepare (pass, call, &y, &x, NULL, "a", 1, FALSE);
}

static void
add_pieces (HlPasses *passes, HlLayerCall *call, gboolean backward)
{
  const Pad *pad = call->params;
  const HlShape *shape = &call->x[0]->shape;
  Piece rows[3], columns[3];
  guint n_columns = find_pieces (pad, shape->dim[shape->n_dims - 1], pad->left, pad->right, columns), n_rows = 1;

  if (shape->n_dims > 2)
    n_rows = find_pieces (pad, shape->dim[shape->n_dims - 2], pad->top, pad->bottom, rows);
  for (guint i = 0; i < n_rows; i++)
    for (guint k = 0; k < n_columns; k++)
      add_piece (passes, call, &rows[i], &columns[k], backward);
}

static gboolean
pad_prepare (HlLayerCall *call, GError **error)
{
  const Pad *pad = call->params;
  HlPasses *passes = call->state = g_new0 (HlPasses, 2);
  guint first[HL_MAX_DIMS] = { 0 }, n = call->y->shape.n_dims;

  first[n - 1] = (guint) pad->left;
  if (n > 2)
    first[n - 2] = (guint) pad->top;
  if (pad->mode == CONSTANT)
    hl_passes_add_fill (&passes[FORWARD], call, call->y, first, call->x[0]->shape.dim, pad->value);
  add_pieces (&passes[FORWARD], call, FALSE);
  if (call->dx[0])
    add_pieces (&passes[BACKWARD], call, TRUE);
  return TRUE;
}

static gboolean
pad_forward (const HlLayerCall *call, GError **error)
{
  return hl_passes_run ((const HlPasses *) call->state + FORWARD, call, error);
}

static gboolean
pad_backward (const HlLayerCall *call, GError **error)
{
  return hl_passes_run ((const HlPasses *) call->state + BACKWARD, call, error);
}

/* ---- The definition, and words ---- */

/* Where a place beyond the edge takes its value from; -1: nowhere. */
static int
find_source (const Pad *pad, int at, int size)
{
  if (at >= 0 && at < size)
    return at;
  if (pad->mode == CONSTANT)
    return -1;
  if (pad->mode == REPLICATE)
    return at < 0 ? 0 : size - 1;
  return at < 0 ? -at : 2 * (size - 1) - at;
}

static gint64
source (const void *params, const HlShape *x, const guint *at)
{
  const Pad *pad = params;
  guint from[HL_MAX_DIMS], n = x->n_dims;

  for (guint k = 0; k < n; k++)
    {
      int before = k == n - 1 ? pad->left : (k == n - 2 && n > 2 ? pad->top : 0);
      int place = find_source (pad, (int) at[k] - before, (int) x->dim[k]);

      if (place < 0)
        return -1;
      from[k] = (guint) place;
    }
  return (gint64) hl_shape_number (x, from);
}

static void
pad_reference (const HlLayerReference *call)
{
  hl_gather_reference (call, source, ((const Pad *) call->params)->value);
}

static gboolean
pad_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  static const char *const onnx_modes[] = { "constant", "reflect", "edge" };
  const Pad *pad = params;
  guint n = inputs[0].n_dims + 1;
  gint64 pads[2 * (HL_MAX_DIMS + 1)] = { 0 };

  pads[n - 1] = pad->left;
  pads[2 * n - 1] = pad->right;
  if (n > 3)
    {
      pads[n - 2] = pad->top;
      pads[2 * n - 2] = pad->bottom;
    }
  hl_op_list_add_ints (ops, "pads", 2 * n, pads);
  if (pad->mode == CONSTANT)
    hl_op_list_add_floats (ops, "value", 1, (const float[]) { (float) pad->value });
  hl_op_list_add (ops, "Pad", pad->mode == CONSTANT ? "$x0,pads,value" : "$x0,pads", "$y");
  hl_op_list_set_string (ops, "mode", onnx_modes[pad->mode]);
  return TRUE;
}

static char *
pad_describe (const void *params)
{
  const Pad *pad = params;

  return g_strdup_printf (_("top %d, left %d, bottom %d, right %d"), pad->top, pad->left, pad->bottom, pad->right);
}

const HlLayerClass hl_pad_layer = {
  .base = {
    .name = "pad",
    .title = N_("Pad"),
    .group = N_("Shape"),
    .summary = N_("Adds a rim to an image: a value, its mirror image, or its edge."),
    .help = N_("constant adds one value, zero unless another is given; reflect mirrors the image at its edge pixels, which are not "
               "doubled, and so needs an image larger than the rim; replicate repeats the edge pixels (ONNX calls it edge). "
               "The names are those of PyTorch's pad. Convolution and pooling have paddings of their own, which cost less; this "
               "layer is for rims that differ from side to side or are not zero. Of sequences, columns are the steps; of volumes "
               "the last two axes are padded."),
    .params_size = sizeof (Pad),
    .params = pad_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = pad_examples,
  .plan = pad_plan,
  .prepare = pad_prepare,
  .forward = pad_forward,
  .backward = pad_backward,
  .reference = pad_reference,
  .lower = pad_lower,
  .describe = pad_describe,
};
