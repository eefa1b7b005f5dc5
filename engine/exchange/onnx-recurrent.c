/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX's RNN, LSTM and GRU. Their weights hold all gates of both directions in ONNX's order; the layers have PyTorch's. */

#include "engine/exchange/onnx-operators.h"
#include "engine/exchange/onnx-recurrent.h"

#include <inttypes.h>
#include <string.h>

#define ANY_NUMBER G_MAXUINT64

static const HlOnnxCell cells[] = {
  { "rnn", 1, 1, { 0 } },
  { "lstm", 4, 3, { 0, 2, 3, 1 } },     /* i f g o from i o f c */
  { "gru", 3, 2, { 1, 0, 2 } },         /* r z n from z r h */
};

static const char *const weight_names[2][4] = {
  { "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0" },
  { "weight_ih_l0_reverse", "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse" },
};

/* ---- Reading ---- */

static const struct { const char *name, *layer; } activations[] = {
  { "Tanh", "tanh" }, { "Sigmoid", "sigmoid" }, { "Relu", "relu" }, { "Softsign", "softsign" }, { "Softplus", "softplus" },
};

static gboolean
read_activations (HlOnnxImport *self, HlOnnxNet *net, GError **error)
{
  const Onnx__AttributeProto *attribute = hl_onnx_attribute (self, "activations");
  guint each = net->cell->n_activations;

  if (attribute && attribute->n_strings != each * net->directions)
    return hl_onnx_refuse (error, _("its attribute “activations” does not name %" PRIu64 "."), each * net->directions);
  for (guint i = 0; i < each * net->directions; i++)
    {
      g_autofree char *name = NULL;
      guint known = each > 1 && i % each == 0 ? 1 : 0;

      if (attribute)
        {
          name = g_strndup ((const char *) attribute->strings[i].data, attribute->strings[i].len);
          for (known = 0; known < G_N_ELEMENTS (activations) && g_ascii_strcasecmp (name, activations[known].name) != 0; known++)
            ;
        }
      if (known == G_N_ELEMENTS (activations))
        return hl_onnx_refuse (error, _("its attribute “activations” names “%s”, which is not supported."), name);
      net->activation[i / each][i % each] = activations[known].layer;
    }
  return TRUE;
}

/* Whether a layer has these activations: PyTorch's, and for the plain one ReLU. */
static gboolean
has_usual_activations (const HlOnnxNet *net)
{
  guint each = net->cell->n_activations;

  for (guint64 i = 0; i < each * net->directions; i++)
    {
      const char *name = net->activation[i / each][i % each];

      if (each == 1 ? name != net->activation[0][0] || (!g_str_equal (name, "tanh") && !g_str_equal (name, "relu"))
                    : !g_str_equal (name, i % each == 0 ? "sigmoid" : "tanh"))
        return FALSE;
    }
  return TRUE;
}

/* An input that is there and has `otherwise` nowhere but in places of no effect; FALSE with an error when it does not fit. */
static gboolean
read_extra (HlOnnxImport *self, guint input, gboolean is_float, guint64 n, double otherwise, const HlOnnxTensor **result, GError **error)
{
  const HlOnnxTensor *tensor;

  *result = NULL;
  if (!hl_onnx_has_input (self, input))
    return TRUE;
  if (!(tensor = is_float ? hl_onnx_floats_input (self, input, error) : hl_onnx_ints_input (self, input, error)))
    return FALSE;
  if (tensor->n != n && n != ANY_NUMBER)
    return hl_onnx_refuse (error, _("its input “%s” holds %zu numbers instead of %" PRIu64 "."), self->node->input[input],
                           tensor->n, n);
  for (gsize i = 0; i < tensor->n && !*result; i++)
    if ((is_float ? (double) tensor->floats[i] : (double) tensor->ints[i]) != otherwise)
      *result = tensor;
  return TRUE;
}

/* batch: -1 for any; states that are zero fit that too. */
static gboolean
read_extras (HlOnnxImport *self, HlOnnxNet *net, gint64 batch, GError **error)
{
  guint64 state = net->directions * net->hidden;

  if (batch < 0)
    {
      if (!read_extra (self, 4, FALSE, ANY_NUMBER, (double) net->times, &net->lengths, error)
          || !read_extra (self, 5, TRUE, ANY_NUMBER, 0, &net->h, error) || !read_extra (self, 6, TRUE, ANY_NUMBER, 0, &net->c, error)
          || !read_extra (self, 7, TRUE, 3 * state, 0, &net->peepholes, error))
        return FALSE;
      return (!net->lengths && !net->h && !net->c)
             || hl_onnx_refuse (error, _("its states or lengths are for a batch of one size, but the model's may have any."));
    }
  return read_extra (self, 4, FALSE, (guint64) batch, (double) net->times, &net->lengths, error)
         && read_extra (self, 5, TRUE, state * (guint64) batch, 0, &net->h, error)
         && read_extra (self, 6, TRUE, state * (guint64) batch, 0, &net->c, error)
         && read_extra (self, 7, TRUE, 3 * state, 0, &net->peepholes, error);
}

static gboolean
read_net (HlOnnxImport *self, HlOnnxNet *net, GError **error)
{
  HlOnnxTensor *w = hl_onnx_floats_input (self, 1, error), *r = w ? hl_onnx_floats_input (self, 2, error) : NULL, *b = NULL;
  g_autofree char *direction = hl_onnx_string (self, "direction", "forward");
  gint64 hidden = hl_onnx_int (self, "hidden_size", 0);
  guint64 rows;

  if (!r || (hl_onnx_has_input (self, 3) && !(b = hl_onnx_floats_input (self, 3, error))))
    return FALSE;
  if (w->n_dims != 3 || r->n_dims != 3)
    return hl_onnx_refuse (error, _("its weights do not have three dimensions."));
  net->w = w, net->r = r, net->b = b;
  net->directions = w->dim[0];
  net->hidden = r->dim[2];
  net->features = w->dim[2];
  rows = net->cell->gates * net->hidden;
  if (w->dim[1] != rows || r->dim[1] != rows || r->dim[0] != net->directions || (hidden != 0 && hidden != (gint64) net->hidden)
      || (b && (b->n_dims != 2 || b->dim[0] != net->directions || b->dim[1] != 2 * rows)) || rows == 0 || net->features == 0)
    return hl_onnx_refuse (error, _("its weights do not fit each other."));
  net->reverse = net->directions == 1 && g_str_equal (direction, "reverse");
  if ((!net->reverse && !g_str_equal (direction, net->directions == 2 ? "bidirectional" : "forward")) || net->directions < 1 || net->directions > 2)
    return hl_onnx_refuse (error, _("its attribute “direction” is “%s”, but its weights are for %" PRIu64 "."), direction, net->directions);
  if (hl_onnx_int (self, "input_forget", 0) != 0)
    return hl_onnx_refuse (error, _("its attribute “input_forget” is not 0."));
  return read_activations (self, net, error);
}

/* ---- Weights ---- */

/* Rows of one direction in PyTorch's order of gates. */
static HlOnnxTensor *
take_gates (const HlOnnxNet *net, const HlOnnxTensor *source, gsize first, guint64 columns, GError **error)
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
merge_new_gate (const HlOnnxNet *net, HlOnnxTensor *ih, HlOnnxTensor *hh)
{
  for (guint64 i = 2 * net->hidden; i < 3 * net->hidden; i++)
    {
      ih->floats[i] += hh->floats[i];
      hh->floats[i] = 0;
    }
}

static gboolean
set_weights (HlOnnxImport *self, const HlOnnxNet *net, const HlOnnxValue *y, gboolean merge, GError **error)
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
emit_net (HlOnnxImport *self, const HlOnnxNet *net, HlOnnxValue *x, gboolean all, gboolean merge, GError **error)
{
  double bias = net->b ? 1 : 0, both = net->directions == 2 ? 1 : 0;
  HlOnnxValue *y;

  if (net->reverse && !(x = hl_onnx_take (self, x, net->batch_first ? 1 : 0, (gint64) net->times - 1, (gint64) net->times, -1, error)))
    return NULL;
  if (net->cell->gates == 1)
    y = hl_onnx_emit (self, error, "rnn", 1, &x, "hidden", (double) net->hidden, "bidirectional", both, "bias", bias, "output", all ? 1.0 : 0.0,
                      "nonlinearity", g_str_equal (net->activation[0][0], "relu") ? 1.0 : 0.0, NULL);
  else
    y = hl_onnx_emit (self, error, net->cell->layer, 1, &x, "hidden", (double) net->hidden, "bidirectional", both, "bias", bias, "output",
                      all ? 1.0 : 0.0, NULL);
  return y && set_weights (self, net, y, merge, error) ? y : NULL;
}

/* What a layer of the program does as it is. */
static gboolean
convert_whole (HlOnnxImport *self, const HlOnnxNet *net, HlOnnxValue *x, GError **error)
{
  gboolean merge = net->cell->gates == 3 && !net->reset_after, first = net->batch_first;
  gint64 times = (gint64) net->times, directions = (gint64) net->directions, hidden = (gint64) net->hidden;
  HlOnnxValue *y;

  if (hl_onnx_wants_output (self, 0))
    {
      const gint64 dim[4] = { first ? self->batch : times, first ? times : directions, first ? directions : self->batch, hidden };

      if (!(y = emit_net (self, net, x, TRUE, merge, error)))
        return FALSE;
      hl_onnx_set_dims (y, 4, dim, first ? 0 : 2);
      if ((net->reverse && !(y = hl_onnx_take (self, y, first ? 1 : 0, times - 1, times, -1, error))) || !hl_onnx_output (self, 0, y, error))
        return FALSE;
    }
  if (hl_onnx_wants_output (self, 1))
    {
      const gint64 dim[3] = { first ? self->batch : directions, first ? directions : self->batch, hidden };

      if (!(y = emit_net (self, net, x, FALSE, merge, error)))
        return FALSE;
      hl_onnx_set_dims (y, 3, dim, first ? 0 : 1);
      return hl_onnx_output (self, 1, y, error);
    }
  return TRUE;
}

static gboolean
convert_steps (HlOnnxImport *self, const HlOnnxNet *net, HlOnnxValue *x, GError **error)
{
  gboolean wants[3];
  HlOnnxValue *y[3] = { NULL };

  for (guint i = 0; i < 3; i++)
    wants[i] = hl_onnx_wants_output (self, i);
  if (!hl_onnx_emit_steps (self, net, x, wants[0] ? &y[0] : NULL, wants[1] ? &y[1] : NULL, wants[2] ? &y[2] : NULL, error))
    return FALSE;
  for (guint i = 0; i < 3; i++)
    if (y[i] && !hl_onnx_output (self, i, y[i], error))
      return FALSE;
  return TRUE;
}

gboolean
hl_onnx_convert_recurrent (HlOnnxImport *self, GError **error)
{
  HlOnnxValue *x = hl_onnx_computed (self, 0, error);
  HlOnnxNet net = { .cell = &cells[0] };

  net.batch_first = hl_onnx_int (self, "layout", 0) != 0;
  net.reset_after = hl_onnx_int (self, "linear_before_reset", 0) != 0;
  while (!g_str_equal (net.cell->layer, self->operator->layer))
    net.cell++;
  hl_onnx_attribute (self, "output_sequence");
  if (!x || !read_net (self, &net, error))
    return FALSE;
  if (x->n_dims != 3)
    return hl_onnx_refuse (error, _("its input has %u dimensions instead of three."), x->n_dims);
  if (x->dim[net.batch_first ? 1 : 0] < 1 || x->dim[2] != (gint64) net.features)
    return hl_onnx_refuse (error, _("its weights are for %" PRIu64 " features, but it gets %" PRId64 "."), net.features, x->dim[2]);
  net.times = (guint64) x->dim[net.batch_first ? 1 : 0];
  if (!read_extras (self, &net, x->dim[net.batch_first ? 0 : 1], error))
    return FALSE;
  if (net.lengths || net.h || net.c || net.peepholes || !has_usual_activations (&net)
      || (net.cell->gates == 3 && !net.reset_after && net.times != 1) || (net.cell->gates == 4 && hl_onnx_wants_output (self, 2)))
    return convert_steps (self, &net, x, error);
  x = hl_onnx_move_batch (self, x, net.batch_first ? 0 : 1, error);
  return x && convert_whole (self, &net, x, error);
}
