/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recurrent layers: sizes, planning and ONNX. */

#include "engine/layers/recurrent.h"

const char *const hl_recurrent_outputs[] = { N_("last"), N_("sequence"), NULL };

#define NAMES(direction, l)                                                                                                \
  { "weight_ih_l" #l direction, "weight_hh_l" #l direction, "bias_ih_l" #l direction, "bias_hh_l" #l direction }
#define BOTH_NAMES(l) { NAMES ("", l), NAMES ("_reverse", l) }

static const char *const names[HL_RECURRENT_MAX_LAYERS][2][4] = {
  BOTH_NAMES (0), BOTH_NAMES (1), BOTH_NAMES (2), BOTH_NAMES (3), BOTH_NAMES (4), BOTH_NAMES (5), BOTH_NAMES (6), BOTH_NAMES (7),
};

/* ---- Sizes ---- */

void
hl_recurrent_get_sizes (HlCell cell, const HlRecurrent *self, const HlShape *input, guint capacity, guint lanes,
                        gboolean training, HlRecurrentSizes *sizes)
{
  static const guint gates[] = { 4, 3, 1, 1 }, slots[] = { 4, 4, 1, 1 };

  *sizes = (HlRecurrentSizes) {
    .cell = cell, .gates = gates[cell], .slots = slots[cell], .times = input->dim[0], .features = input->dim[1],
    .hidden = self->hidden, .layers = self->layers, .directions = self->bidirectional ? 2 : 1, .blocks = capacity / lanes,
    .lanes = lanes, .bias = self->bias, .masked = training && self->dropout > 0 && self->layers > 1, .keep = training,
  };
  sizes->width = sizes->hidden * sizes->directions;
}

guint
hl_recurrent_weight (const HlRecurrentSizes *self, guint layer, guint direction)
{
  return (layer * self->directions + direction) * (self->bias ? 4 : 2);
}

guint
hl_recurrent_n_inputs (const HlRecurrentSizes *self, guint layer)
{
  return layer == 0 ? self->features : self->width;
}

gsize
hl_recurrent_part_length (const HlRecurrentSizes *self, HlRecurrentPart part)
{
  gsize n = 0;

  if (part == HL_RECURRENT_STATES || (part == HL_RECURRENT_DROPPED && self->masked))
    n = self->width;
  else if (part == HL_RECURRENT_CELLS && self->cell == HL_CELL_LSTM)
    n = self->hidden;
  else if (part == HL_RECURRENT_GATES && self->keep)
    n = (gsize) self->slots * self->hidden;
  n *= (gsize) self->blocks * self->lanes * self->times;
  return (n + HL_TENSOR_ALIGN - 1) / HL_TENSOR_ALIGN * HL_TENSOR_ALIGN;
}

gsize
hl_recurrent_part_first (const HlRecurrentSizes *self, HlRecurrentPart part, guint layer, guint direction)
{
  gsize first = layer * (hl_recurrent_store_length (self) / self->layers);

  for (HlRecurrentPart p = 0; p < part; p++)
    first += hl_recurrent_part_length (self, p) * (p >= HL_RECURRENT_CELLS ? self->directions : 1);
  return first + direction * hl_recurrent_part_length (self, part);
}

gsize
hl_recurrent_store_length (const HlRecurrentSizes *self)
{
  gsize layer = 0;

  for (HlRecurrentPart p = 0; p <= HL_RECURRENT_GATES; p++)
    layer += hl_recurrent_part_length (self, p) * (p >= HL_RECURRENT_CELLS ? self->directions : 1);
  return layer * self->layers;
}

/* ---- Planning ---- */

static gboolean
check_sizes (const HlRecurrentSizes *sizes, GError **error)
{
  guint n = sizes->layers * sizes->directions * (sizes->bias ? 4 : 2);
  double widest = MAX ((double) sizes->features, sizes->width), rows = (double) sizes->gates * sizes->hidden;
  double vectors = (double) sizes->blocks * sizes->times * MAX (widest, (double) sizes->slots * sizes->hidden);

  if (n > HL_MAX_WEIGHTS)
    g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                 _("would have %u weight tensors, but a layer can have at most %u: make it of two, each with fewer layers."), n,
                 HL_MAX_WEIGHTS);
  else if (rows * widest > G_MAXINT || vectors > G_MAXINT || vectors * sizes->lanes * sizes->layers * 4 > G_MAXUINT32)
    g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                 _("is too large: %u time steps of %u features with %u units do not fit into the memory kernels can count."),
                 sizes->times, sizes->features, sizes->hidden);
  else
    return TRUE;
  return FALSE;
}

static void
plan_weights (const HlRecurrentSizes *sizes, HlLayerPlan *plan)
{
  guint rows = sizes->gates * sizes->hidden;

  for (guint layer = 0; layer < sizes->layers; layer++)
    for (guint direction = 0; direction < sizes->directions; direction++)
      for (guint k = 0; k < (sizes->bias ? 4 : 2); k++)
        {
          guint columns = k == 0 ? hl_recurrent_n_inputs (sizes, layer) : sizes->hidden;

          /* PyTorch draws all of them from ±1 / √hidden. */
          plan->weights[plan->n_weights++] = (HlWeightSpec) {
            .name = names[layer][direction][k],
            .shape = k < 2 ? HL_SHAPE_2 (rows, columns) : HL_SHAPE_1 (rows),
            .fan_in = sizes->hidden,
            .fan_out = sizes->hidden,
            .initializer = "pytorch_default",
          };
          if (k < 2)
            plan->multiply_adds += (guint64) rows * columns * sizes->times;
        }
}

gboolean
hl_recurrent_plan (HlCell cell, const HlRecurrent *self, const HlPlanOptions *options, const HlShape *input,
                   HlLayerPlan *plan, GError **error)
{
  guint lanes = options->lanes, capacity = (options->batch + lanes - 1) / lanes * lanes;
  HlRecurrentSizes sizes;
  gsize store;

  if (input->n_dims != 2)
    {
      g_autofree char *got = hl_shape_to_string (input);

      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, _("needs two dimensions, time × features, but gets %s."), got);
      return FALSE;
    }
  hl_recurrent_get_sizes (cell, self, input, capacity, lanes, options->training, &sizes);
  if (!check_sizes (&sizes, error))
    return FALSE;
  plan->output = self->output == HL_RECURRENT_LAST ? HL_SHAPE_1 (sizes.width) : HL_SHAPE_2 (sizes.times, sizes.width);
  plan->needs_y = FALSE;
  plan_weights (&sizes, plan);
  store = hl_recurrent_store_length (&sizes) * sizeof (float);
  if (!options->training)
    plan->workspace_bytes = store;
  else
    {
      /* Two gradients of all states, in turn, and what one step hands to the one before. */
      plan->saved_bytes[0] = store;
      plan->workspace_bytes = ((sizes.layers > 1 ? 2 * hl_recurrent_part_length (&sizes, HL_RECURRENT_STATES) : 0)
                               + (gsize) capacity * sizes.hidden) * sizeof (float);
    }
  return TRUE;
}

char *
hl_recurrent_describe (const void *params)
{
  const HlRecurrent *self = params;
  g_autofree char *units = g_strdup_printf (ngettext ("%d unit", "%d units", (gulong) self->hidden), self->hidden);
  g_autofree char *layers = g_strdup_printf (ngettext ("%d layer", "%d layers", (gulong) self->layers), self->layers);

  if (self->layers > 1)
    return g_strdup_printf (self->bidirectional ? _("%s, %s, both directions") : _("%s, %s"), units, layers);
  return self->bidirectional ? g_strdup_printf (_("%s, both directions"), units) : g_steal_pointer (&units);
}

/* ---- ONNX ---- */

/* Puts the gates of weight number `weight` into ONNX's order (i o f c; z r h): "NAME" from "$wN". */
static void
lower_order (HlCell cell, guint weight, const char *name, HlOpList *ops)
{
  g_autofree char *from = g_strdup_printf ("$w%u", weight), *parts = NULL, *ordered = NULL;

  if (cell >= HL_CELL_TANH)
    {
      hl_op_list_add (ops, "Identity", from, name);
      return;
    }
  parts = cell == HL_CELL_LSTM ? g_strdup_printf ("%s_i,%s_f,%s_c,%s_o", name, name, name, name)
                               : g_strdup_printf ("%s_r,%s_z,%s_h", name, name, name);
  ordered = cell == HL_CELL_LSTM ? g_strdup_printf ("%s_i,%s_o,%s_f,%s_c", name, name, name, name)
                                 : g_strdup_printf ("%s_z,%s_r,%s_h", name, name, name);
  hl_op_list_add (ops, "Split", from, parts);
  hl_op_list_set_int (ops, "axis", 0);
  hl_op_list_add (ops, "Concat", ordered, name);
  hl_op_list_set_int (ops, "axis", 0);
}

/* One of ONNX's W, R and B: all directions' weights, "NAME". Both biases of a direction stand one after the other. */
static void
lower_weight (const HlRecurrentSizes *sizes, guint layer, guint part, const char *name, HlOpList *ops)
{
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint direction = 0; direction < sizes->directions; direction++)
    {
      guint weight = hl_recurrent_weight (sizes, layer, direction) + part;
      g_autofree char *one = g_strdup_printf ("%s_%u", name, direction), *raised = g_strdup_printf ("%s_raised", one);
      g_autofree char *first = g_strdup_printf ("%s_ih", one), *second = g_strdup_printf ("%s_hh", one);
      g_autofree char *both = g_strdup_printf ("%s,%s", first, second), *axes = g_strdup_printf ("%s,zero", one);

      if (part < 2)
        lower_order (sizes->cell, weight, one, ops);
      else
        {
          lower_order (sizes->cell, weight, first, ops);
          lower_order (sizes->cell, weight + 1, second, ops);
          hl_op_list_add (ops, "Concat", both, one);
          hl_op_list_set_int (ops, "axis", 0);
        }
      hl_op_list_add (ops, "Unsqueeze", axes, raised);
      g_string_append_printf (all, "%s%s", direction ? "," : "", raised);
    }
  hl_op_list_add (ops, "Concat", all->str, name);
  hl_op_list_set_int (ops, "axis", 0);
}

static void
lower_layer (const HlRecurrentSizes *sizes, guint layer, const char *from, const char *outputs, HlOpList *ops)
{
  static const char *const types[] = { "LSTM", "GRU", "RNN", "RNN" };
  g_autofree char *w = g_strdup_printf ("w%u", layer), *r = g_strdup_printf ("r%u", layer), *b = g_strdup_printf ("b%u", layer);
  g_autofree char *inputs = g_strdup_printf (sizes->bias ? "%s,%s,%s,%s" : "%s,%s,%s", from, w, r, b);
  const char *const relu[] = { "Relu", "Relu" };

  lower_weight (sizes, layer, 0, w, ops);
  lower_weight (sizes, layer, 1, r, ops);
  if (sizes->bias)
    lower_weight (sizes, layer, 2, b, ops);
  hl_op_list_add (ops, types[sizes->cell], inputs, outputs);
  hl_op_list_set_int (ops, "hidden_size", sizes->hidden);
  hl_op_list_set_string (ops, "direction", sizes->directions == 2 ? "bidirectional" : "forward");
  if (sizes->cell == HL_CELL_GRU)
    hl_op_list_set_int (ops, "linear_before_reset", 1);
  if (sizes->cell == HL_CELL_RELU)
    hl_op_list_set_strings (ops, "activations", sizes->directions, relu);
}

/* ONNX's recurrent operators take [time, batch, features] and give [time, direction, batch, hidden]. */
gboolean
hl_recurrent_lower (HlCell cell, const HlRecurrent *self, const HlShape *input, HlOpList *ops, GError **error)
{
  const gint64 zero = 0, turn[] = { 1, 0, 2 }, join[] = { 0, 2, 1, 3 }, batch_first[] = { 2, 0, 1, 3 };
  const gint64 flat[] = { 0, 0, -1 }, one_row[] = { 0, -1 };
  HlRecurrentSizes sizes;
  float ratio = (float) self->dropout;

  hl_recurrent_get_sizes (cell, self, input, 1, 1, FALSE, &sizes);
  hl_op_list_add_ints (ops, "zero", 1, &zero);
  hl_op_list_add_ints (ops, "flat", 3, flat);
  hl_op_list_add_ints (ops, "one_row", 2, one_row);
  if (self->dropout > 0 && sizes.layers > 1)
    hl_op_list_add_floats (ops, "ratio", 1, &ratio);
  hl_op_list_add (ops, "Transpose", "$x0", "in0");
  hl_op_list_set_ints (ops, "perm", 3, turn);
  for (guint layer = 0; layer + 1 < sizes.layers; layer++)
    {
      g_autofree char *from = g_strdup_printf ("in%u", layer), *states = g_strdup_printf ("states%u", layer);
      g_autofree char *turned = g_strdup_printf ("turned%u", layer), *to = g_strdup_printf ("in%u", layer + 1);
      g_autofree char *reshape = g_strdup_printf ("%s,flat", turned), *joined = g_strdup_printf ("joined%u", layer);
      g_autofree char *drop = g_strdup_printf ("%s,ratio", joined);

      lower_layer (&sizes, layer, from, states, ops);
      hl_op_list_add (ops, "Transpose", states, turned);
      hl_op_list_set_ints (ops, "perm", 4, join);
      hl_op_list_add (ops, "Reshape", reshape, self->dropout > 0 ? joined : to);
      if (self->dropout > 0)
        hl_op_list_add (ops, "Dropout", drop, to);
    }
  {
    g_autofree char *from = g_strdup_printf ("in%u", sizes.layers - 1);
    gboolean last = self->output == HL_RECURRENT_LAST;

    lower_layer (&sizes, sizes.layers - 1, from, last ? ",states" : "states", ops);
    hl_op_list_add (ops, "Transpose", "states", "turned");
    hl_op_list_set_ints (ops, "perm", last ? 3 : 4, last ? turn : batch_first);
    hl_op_list_add (ops, "Reshape", last ? "turned,one_row" : "turned,flat", "$y");
  }
  return TRUE;
}
