/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Local response normalisation (PyTorch's LocalResponseNorm). */

#include "engine/graph/layer.h"

#include <math.h>

enum { FORWARD, RATIO, BACKWARD };
enum { PYTORCH, ALEXNET };

typedef struct
{
  int size;
  double alpha, beta, k;
  int convention;
} Lrn;

static const char *const conventions[] = { "pytorch", "alexnet2012", NULL };

static const HlParam lrn_params[] = {
  HL_INT (Lrn, size, N_("Channels"), HL_UNIT_NONE, 1, 1024, 5, N_("Neighbouring channels whose squares are added up.")),
  HL_FLOAT (Lrn, alpha, N_("Alpha"), HL_UNIT_NONE, 0, 100, 1e-4, N_("Factor on the squares; see Convention.")),
  HL_FLOAT (Lrn, beta, N_("Beta"), HL_UNIT_NONE, 0, 10, 0.75, N_("Exponent.")),
  HL_FLOAT (Lrn, k, N_("K"), HL_UNIT_NONE, 1e-6, 1000, 1, N_("Keeps the base away from 0; the paper takes 2, PyTorch 1.")),
  HL_CHOICE (Lrn, convention, N_("Convention"), conventions, 2, PYTORCH,
             N_("PyTorch and ONNX divide alpha by the number of channels, the paper does not.")),
  HL_PARAM_END
};

static const HlLayerExample lrn_examples[] = {
  { "alpha=0.3", { HL_SHAPE_3 (7, 2, 3) } },
  { "size=3;alpha=0.5;beta=1.5;k=2;convention=1", { HL_SHAPE_3 (4, 3, 1) } },
  { "size=1;alpha=1;beta=0.5", { HL_SHAPE_2 (2, 3) } },
  { "size=9;alpha=2", { HL_SHAPE_1 (5) } },
  { NULL, { { 0 } } }
};

static double
get_factor (const Lrn *self)
{
  return self->convention == ALEXNET ? self->alpha : self->alpha / self->size;
}

/* As PyTorch has it for even sizes: one channel more below than above. */
static guint
count_before (const Lrn *self)
{
  return self->size / 2;
}

static guint
count_after (const Lrn *self)
{
  return (self->size - 1) / 2;
}

static gboolean
lrn_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
          GError **error)
{
  const Lrn *self = params;
  gsize capacity = (options->batch + options->lanes - 1) / options->lanes * options->lanes;

  plan->output = inputs[0];
  plan->needs_y = FALSE;
  plan->multiply_adds = hl_shape_get_count (&inputs[0]) * (self->size + 2);
  plan->saved_bytes[0] = capacity * hl_shape_get_count (&inputs[0]) * sizeof (float);
  if (options->training)
    plan->workspace_bytes = plan->saved_bytes[0];
  return TRUE;
}

static void
append_number (GString *defines, const char *name, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (defines, "%s=%sf;", name, g_ascii_formatd (text, sizeof text, "%.9e", value));
}

static gboolean
lrn_prepare (HlLayerCall *call, GError **error)
{
  const Lrn *self = call->params;
  g_autoptr (GString) defines = g_string_new (NULL);

  g_string_printf (defines, "BEFORE=%u;AFTER=%u;", count_before (self), count_after (self));
  append_number (defines, "ALPHA", get_factor (self));
  append_number (defines, "BETA", self->beta);
  append_number (defines, "K", self->k);
  hl_value_append_defines (call->x[0], "X", defines);
  hl_value_append_defines (call->y, "Y", defines);
  call->kernel[FORWARD] = hl_kernel_set_add (call->kernels, "lrn", "lrn_forward", defines->str);
  if (!call->training || !call->dy || !call->dx[0])
    return TRUE;
  hl_value_append_defines (call->dy, "DY", defines);
  call->kernel[RATIO] = hl_kernel_set_add (call->kernels, "lrn", "lrn_ratio", defines->str);
  hl_value_append_defines (call->dx[0], "DX", defines);
  g_string_append_printf (defines, "ADD=%d", call->accumulate[0] ? 1 : 0);
  call->kernel[BACKWARD] = hl_kernel_set_add (call->kernels, "lrn", "lrn_backward", defines->str);
  return TRUE;
}

static gboolean
lrn_forward (const HlLayerCall *call, GError **error)
{
  gsize n = (gsize) call->n_blocks * hl_shape_channels (&call->y->shape);

  return hl_kernel_run (call->kernel[FORWARD], n, error, HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->y->tensor),
                        HL_ARG_TENSOR (call->saved[0] ? call->saved[0] : call->y->tensor), HL_ARG_INT (call->saved[0] != NULL));
}

static gboolean
lrn_backward (const HlLayerCall *call, GError **error)
{
  gsize n = (gsize) call->n_blocks * hl_shape_channels (&call->y->shape);
  HlTensor *x = call->x[0]->tensor, *dy = call->dy->tensor;

  if (!call->dx[0])
    return TRUE;
  return hl_kernel_run (call->kernel[RATIO], n, error, HL_ARG_TENSOR (x), HL_ARG_TENSOR (dy), HL_ARG_TENSOR (call->saved[0]),
                        HL_ARG_TENSOR (call->workspace))
         && hl_kernel_run (call->kernel[BACKWARD], n, error, HL_ARG_TENSOR (x), HL_ARG_TENSOR (dy),
                           HL_ARG_TENSOR (call->saved[0]), HL_ARG_TENSOR (call->workspace), HL_ARG_TENSOR (call->dx[0]->tensor));
}

/* ---- Reference ---- */

static void
reference_pixel (const HlLayerReference *call, gsize first, gsize step, guint channels)
{
  const Lrn *self = call->params;
  const double *x = call->x[0] + first, *dy = call->dy ? call->dy + first : NULL;
  guint before = count_before (self), after = count_after (self);

  for (guint c = 0; c < channels; c++)
    {
      guint low = c > before ? c - before : 0, high = MIN ((guint64) c + after, channels - 1);
      double s = 0;

      for (guint i = low; i <= high; i++)
        s += x[i * step] * x[i * step];
      s = self->k + get_factor (self) * s;
      call->y[first + c * step] = x[c * step] * pow (s, -self->beta);
      if (!dy || !call->dx[0])
        continue;
      call->dx[0][first + c * step] += dy[c * step] * pow (s, -self->beta);
      for (guint i = low; i <= high; i++)
        call->dx[0][first + i * step] -= 2 * get_factor (self) * self->beta * x[i * step] * dy[c * step] * x[c * step]
                                         * pow (s, -self->beta - 1);
    }
}

static void
lrn_reference (const HlLayerReference *call)
{
  guint channels = hl_shape_channels (&call->x_shape[0]);
  gsize n = hl_shape_get_count (&call->x_shape[0]), pixels = n / channels;

  for (guint sample = 0; sample < call->batch; sample++)
    for (gsize pixel = 0; pixel < pixels; pixel++)
      reference_pixel (call, sample * n + pixel, pixels, channels);
}

static gboolean
lrn_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
           GError **error)
{
  const Lrn *self = params;
  /* ONNX sees one channel more above where the size is even, PyTorch one more below: the channels are turned around. */
  gboolean turn = self->size % 2 == 0;

  if (turn)
    {
      hl_op_list_add_ints (ops, "starts", 1, (const gint64[]) { -1 });
      hl_op_list_add_ints (ops, "ends", 1, (const gint64[]) { -(gint64) inputs[0].dim[0] - 1 });
      hl_op_list_add_ints (ops, "axes", 1, (const gint64[]) { 1 });
      hl_op_list_add_ints (ops, "steps", 1, (const gint64[]) { -1 });
      hl_op_list_add (ops, "Slice", "$x0,starts,ends,axes,steps", "turned");
    }
  hl_op_list_add (ops, "LRN", turn ? "turned" : "$x0", turn ? "weakened" : "$y");
  hl_op_list_set_int (ops, "size", self->size);
  hl_op_list_set_float (ops, "alpha", get_factor (self) * self->size);
  hl_op_list_set_float (ops, "beta", self->beta);
  hl_op_list_set_float (ops, "bias", self->k);
  if (turn)
    hl_op_list_add (ops, "Slice", "weakened,starts,ends,axes,steps", "$y");
  return TRUE;
}

static char *
lrn_describe (const void *params)
{
  const Lrn *self = params;

  return g_strdup_printf (ngettext ("%d channel", "%d channels", (gulong) self->size), self->size);
}

const HlLayerClass hl_lrn_layer = {
  .base = {
    .name = "lrn",
    .title = N_("Local response norm"),
    .group = N_("Normalization"),
    .summary = N_("Makes strong responses of neighbouring channels weaken each other."),
    .help = N_("y = x / (k + a × sum of x² over neighbouring channels)^beta. AlexNet (Krizhevsky, Sutskever and "
               "Hinton, 2012) has 5 channels, alpha 1e-4, beta 0.75 and k 2 with a = alpha. PyTorch and ONNX take a = "
               "alpha / channels and k 1 unless told otherwise, so that the paper's 1e-4 is their 5e-4: choose the "
               "convention your numbers come from. Batch norm has replaced this layer in later networks."),
    .params_size = sizeof (Lrn),
    .params = lrn_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = lrn_examples,
  .plan = lrn_plan,
  .prepare = lrn_prepare,
  .forward = lrn_forward,
  .backward = lrn_backward,
  .reference = lrn_reference,
  .lower = lrn_lower,
  .describe = lrn_describe,
};
