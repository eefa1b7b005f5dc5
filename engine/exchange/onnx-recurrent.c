/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX's RNN, LSTM and GRU. Their weights hold all gates of both directions in ONNX's order; the layers have PyTorch's. */

#include "engine/exchange/onnx-operators.h"

#include <inttypes.h>
#include <string.h>

typedef struct
{
  const char *layer;
  guint gates;
  guint order[4];            /* where PyTorch's gates lie in ONNX's tensors */
} Cell;

static const Cell cells[] = {
  { "rnn", 1, { 0 } },
  { "lstm", 4, { 0, 2, 3, 1 } },     /* i f g o from i o f c */
  { "gru", 3, { 1, 0, 2 } },         /* r z n from z r h */
};

typedef struct
{
  const Cell *cell;
  guint64 hidden, directions, features, times;
  gboolean relu;
} Net;

static const char *const weight_names[2][4] = {
  { "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0" },
  { "weight_ih_l0_reverse", "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse" },
};

/* ---- Reading ---- */

static gboolean
read_activations (HlOnnxImport *self, Net *net, GError **error)
{
  static const char *const usual[] = { "Tanh", "Sigmoid", "Tanh", "Tanh" };
  const Onnx__AttributeProto *attribute = hl_onnx_attribute (self, "activations");
  guint each = net->cell->gates == 1 ? 1 : net->cell->gates == 4 ? 3 : 2, n_relu = 0;

  if (attribute && attribute->n_strings != each * net->directions)
    return hl_onnx_refuse (error, _("its attribute “activations” does not name %" PRIu64 "."), each * net->directions);
  for (gsize i = 0; attribute && i < attribute->n_strings; i++)
    {
      g_autofree char *name = g_strndup ((const char *) attribute->strings[i].data, attribute->strings[i].len);
      const char *wanted = each == 1 ? usual[0] : usual[1 + i % each];

      if (each == 1 && g_ascii_strcasecmp (name, "Relu") == 0)
        n_relu++;
      else if (g_ascii_strcasecmp (name, wanted) != 0)
        return hl_onnx_refuse (error, _("its attribute “activations” names “%s” where only “%s” is supported."), name, wanted);
    }
  if (n_relu > 0 && n_relu != net->directions)
    return hl_onnx_refuse (error, _("its attribute “activations” differs between the directions."));
  net->relu = n_relu > 0;
  return TRUE;
}

/* A state to begin with must be zero, and all sequences must be of full length. */
static gboolean
check_start (HlOnnxImport *self, const Net *net, GError **error)
{
  for (guint input = 5; input < 7; input++)
    if (hl_onnx_has_input (self, input))
      {
        HlOnnxTensor *tensor = hl_onnx_floats_input (self, input, error);

        for (gsize i = 0; tensor && i < tensor->n; i++)
          if (tensor->floats[i] != 0)
            return hl_onnx_refuse (error, _("its input “%s”, the first state, is not zero."), self->node->input[input]);
        if (!tensor)
          return FALSE;
      }
  if (hl_onnx_has_input (self, 4))
    {
      HlOnnxTensor *lengths = hl_onnx_ints_input (self, 4, error);

      for (gsize i = 0; lengths && i < lengths->n; i++)
        if (lengths->ints[i] != (gint64) net->times)
          return hl_onnx_refuse (error, _("its input “%s” has sequences of different lengths."), self->node->input[4]);
      if (!lengths)
        return FALSE;
    }
  if (hl_onnx_has_input (self, 7))
    {
      HlOnnxTensor *peepholes = hl_onnx_floats_input (self, 7, error);

      for (gsize i = 0; peepholes && i < peepholes->n; i++)
        if (peepholes->floats[i] != 0)
          return hl_onnx_refuse (error, _("its input “%s”, weights of peepholes, is not supported."), self->node->input[7]);
      return peepholes != NULL;
    }
  return TRUE;
}

static gboolean
read_net (HlOnnxImport *self, Net *net, GError **error)
{
  HlOnnxTensor *w = hl_onnx_floats_input (self, 1, error), *r = w ? hl_onnx_floats_input (self, 2, error) : NULL, *b = NULL;
  g_autofree char *direction = hl_onnx_string (self, "direction", "forward");
  gint64 hidden = hl_onnx_int (self, "hidden_size", 0);
  guint64 rows;

  if (!r || (hl_onnx_has_input (self, 3) && !(b = hl_onnx_floats_input (self, 3, error))))
    return FALSE;
  if (w->n_dims != 3 || r->n_dims != 3)
    return hl_onnx_refuse (error, _("its weights do not have three dimensions."));
  net->directions = w->dim[0];
  net->hidden = r->dim[2];
  net->features = w->dim[2];
  rows = net->cell->gates * net->hidden;
  if (w->dim[1] != rows || r->dim[1] != rows || r->dim[0] != net->directions || (hidden != 0 && hidden != (gint64) net->hidden)
      || (b && (b->n_dims != 2 || b->dim[0] != net->directions || b->dim[1] != 2 * rows)))
    return hl_onnx_refuse (error, _("its weights do not fit each other."));
  if (!g_str_equal (direction, net->directions == 2 ? "bidirectional" : "forward") || net->directions < 1 || net->directions > 2)
    return hl_onnx_refuse (error, _("its attribute “direction” is “%s”; forward and bidirectional are supported."), direction);
  if (hl_onnx_int (self, "input_forget", 0) != 0)
    return hl_onnx_refuse (error, _("its attribute “input_forget” is not 0."));
  return read_activations (self, net, error);
}

/* ---- Weights ---- */

/* Rows of one direction in PyTorch's order of gates. */
static HlOnnxTensor *
take_gates (const Net *net, const HlOnnxTensor *source, gsize first, guint64 columns, GError **error)
{
  const guint64 dim[2] = { net->cell->gates * net->hidden, columns };
  HlOnnxTensor *result = hl_onnx_tensor_new (source->name, TRUE, columns == 0 ? 1 : 2, dim, error);
  gsize block = net->hidden * MAX (columns, 1);

  for (guint gate = 0; result && gate < net->cell->gates; gate++)
    memcpy (result->floats + gate * block, source->floats + first + net->cell->order[gate] * block, block * sizeof (float));
  return result;
}

/* Before its reset gate GRU can be ONNX's own kind; of one step from zero that is the same with both biases in one. */
static void
merge_new_gate (const Net *net, HlOnnxTensor *ih, HlOnnxTensor *hh)
{
  for (guint64 i = 2 * net->hidden; i < 3 * net->hidden; i++)
    {
      ih->floats[i] += hh->floats[i];
      hh->floats[i] = 0;
    }
}

static gboolean
set_weights (HlOnnxImport *self, const Net *net, const HlOnnxValue *y, gboolean merge, GError **error)
{
  HlOnnxTensor *w = hl_onnx_floats_input (self, 1, error), *r = hl_onnx_floats_input (self, 2, error);
  HlOnnxTensor *b = hl_onnx_has_input (self, 3) ? hl_onnx_floats_input (self, 3, error) : NULL;
  guint64 rows = net->cell->gates * net->hidden;

  for (guint64 d = 0; d < net->directions; d++)
    {
      g_autoptr (HlOnnxTensor) ih = take_gates (net, w, d * rows * net->features, net->features, error);
      g_autoptr (HlOnnxTensor) hh = ih ? take_gates (net, r, d * rows * net->hidden, net->hidden, error) : NULL;
      g_autoptr (HlOnnxTensor) bias_ih = b && hh ? take_gates (net, b, d * 2 * rows, 0, error) : NULL;
      g_autoptr (HlOnnxTensor) bias_hh = bias_ih ? take_gates (net, b, (d * 2 + 1) * rows, 0, error) : NULL;

      if (!hh || (b && !bias_hh))
        return FALSE;
      if (merge && bias_hh)
        merge_new_gate (net, bias_ih, bias_hh);
      hl_onnx_weight (self, y, weight_names[d][0], g_steal_pointer (&ih));
      hl_onnx_weight (self, y, weight_names[d][1], g_steal_pointer (&hh));
      hl_onnx_weight (self, y, weight_names[d][2], g_steal_pointer (&bias_ih));
      hl_onnx_weight (self, y, weight_names[d][3], g_steal_pointer (&bias_hh));
    }
  return TRUE;
}

/* ---- Layers ---- */

static HlOnnxValue *
emit_net (HlOnnxImport *self, const Net *net, HlOnnxValue *x, gboolean all, gboolean merge, GError **error)
{
  double bias = hl_onnx_has_input (self, 3) ? 1 : 0, both = net->directions == 2 ? 1 : 0;
  HlOnnxValue *y;

  if (net->cell->gates == 1)
    y = hl_onnx_emit (self, error, "rnn", 1, &x, "hidden", (double) net->hidden, "bidirectional", both, "bias", bias, "output", all ? 1.0 : 0.0,
                      "nonlinearity", net->relu ? 1.0 : 0.0, NULL);
  else
    y = hl_onnx_emit (self, error, net->cell->layer, 1, &x, "hidden", (double) net->hidden, "bidirectional", both, "bias", bias, "output",
                      all ? 1.0 : 0.0, NULL);
  return y && set_weights (self, net, y, merge, error) ? y : NULL;
}

gboolean
hl_onnx_convert_recurrent (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error), *y;
  gboolean batch_first = hl_onnx_int (self, "layout", 0) != 0, reset_after = hl_onnx_int (self, "linear_before_reset", 0) != 0, merge = FALSE;
  Net net = { &cells[0] };
  gint64 batch = self->batch;

  while (!g_str_equal (net.cell->layer, self->operator->layer))
    net.cell++;
  hl_onnx_attribute (self, "output_sequence");
  if (!x || !read_net (self, &net, error))
    return FALSE;
  if (x->n_dims != 3)
    return hl_onnx_refuse (error, _("its input has %u dimensions instead of three."), x->n_dims);
  if (!(x = hl_onnx_move_batch (self, x, batch_first ? 0 : 1, error)))
    return FALSE;
  net.times = (guint64) x->dim[batch_first ? 1 : 0];
  if (!check_start (self, &net, error))
    return FALSE;
  if (net.cell->gates == 3 && !reset_after)
    {
      if (net.times != 1)
        return hl_onnx_refuse (error, _("its attribute “linear_before_reset” is 0; the layer applies the reset gate after the product, as PyTorch."));
      merge = TRUE;
    }
  if (hl_onnx_wants_output (self, 0))
    {
      const gint64 dim[4] = { batch_first ? batch : (gint64) net.times, batch_first ? (gint64) net.times : (gint64) net.directions,
                              batch_first ? (gint64) net.directions : batch, (gint64) net.hidden };

      if (!(y = emit_net (self, &net, x, TRUE, merge, error)))
        return FALSE;
      hl_onnx_set_dims (y, 4, dim, batch_first ? 0 : 2);
      if (!hl_onnx_output (self, 0, y, error))
        return FALSE;
    }
  if (hl_onnx_wants_output (self, 1))
    {
      const gint64 dim[3] = { batch_first ? batch : (gint64) net.directions, batch_first ? (gint64) net.directions : batch, (gint64) net.hidden };

      if (!(y = emit_net (self, &net, x, FALSE, merge, error)))
        return FALSE;
      hl_onnx_set_dims (y, 3, dim, batch_first ? 0 : 1);
      return hl_onnx_output (self, 1, y, error);
    }
  return TRUE;
}
