/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Radial basis layer (Broomhead and Lowe, "Multivariable Functional Interpolation and Adaptive Networks", 1988):
 * y = exp (-‖x - c‖² / 2s²), with a trained center c and a trained width s a unit. The logarithm of the width is what is
 * trained, so that the width stays positive. */

#include "engine/graph/layer.h"

#include <math.h>

typedef struct
{
  int units;
  double width;
} Rbf;

enum { FORWARD, STRENGTH, BACKWARD };

/* Logarithms of widths count as at most this far from 0: 1 / s² stays a number that 32 bits hold. */
#define LIMIT 30.0
#define TILE 8

static const HlParam rbf_params[] = {
  HL_INT (Rbf, units, N_("Units"), HL_UNIT_NONE, 1, 65536, 10, N_("Numbers in the output, each with a center of its own.")),
  HL_FLOAT (Rbf, width, N_("First width"), HL_UNIT_NONE, 0, 1e6, 0, N_("The width that training starts with; 0: √(number of inputs).")),
  HL_PARAM_END
};

static const HlLayerExample rbf_examples[] = {
  { "units=5", { HL_SHAPE_1 (3) } },
  { "units=17", { HL_SHAPE_1 (9) } },
  { "units=1;width=0.5", { HL_SHAPE_1 (1) } },
  { "units=10", { HL_SHAPE_1 (12) } },
  { NULL, { { 0 } } }
};

/* ---- Planning ---- */

static gboolean
rbf_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan, GError **error)
{
  const Rbf *self = params;
  guint64 capacity = (options->batch + options->lanes - 1) / options->lanes * options->lanes;
  guint n_in = inputs->dim[0];

  if (inputs->n_dims != 1)
    {
      g_autofree char *got = hl_shape_to_string (inputs);

      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, _("needs one dimension but gets %s."), got);
      return FALSE;
    }
  plan->output = HL_SHAPE_1 (self->units);
  plan->n_weights = 2;
  /* Each number of a center is compared with one input. So initializers for sums of inputs spread centers like inputs. */
  plan->weights[0] = (HlWeightSpec) { .name = "weight", .shape = HL_SHAPE_2 (self->units, n_in), .fan_in = 1, .fan_out = 1,
                                      .initializer = "lecun_normal" };
  plan->weights[1] = (HlWeightSpec) { .name = "log_width", .shape = HL_SHAPE_1 (self->units), .fan_in = n_in, .fan_out = 1,
                                      .constant = self->width > 0 ? log (self->width) : 0.5 * log (n_in) };
  plan->multiply_adds = (guint64) n_in * self->units;
  if (options->training)
    plan->saved_bytes[0] = plan->workspace_bytes = self->units * capacity * sizeof (float);
  return TRUE;
}

/* ---- Running ---- */

static guint
count_tiles (guint n)
{
  guint tile = MIN (n, TILE);

  return (n + tile - 1) / tile;
}

static HlKernel *
add_kernel (HlLayerCall *call, const char *name, guint n)
{
  g_autofree char *defines = g_strdup_printf ("TILE=%u;LIMIT=%.1ff", (guint) MIN (n, TILE), LIMIT);

  return hl_kernel_set_add (call->kernels, "rbf", name, defines);
}

static gboolean
rbf_prepare (HlLayerCall *call, GError **error)
{
  const Rbf *self = call->params;
  guint n_in = call->x[0]->shape.dim[0];

  call->kernel[FORWARD] = add_kernel (call, "rbf_forward", self->units);
  if (!call->dy || (!call->dx[0] && !call->dw[0]))
    return TRUE;
  call->kernel[STRENGTH] = add_kernel (call, "rbf_strength", self->units);
  call->kernel[BACKWARD] = add_kernel (call, "rbf_backward", n_in);
  return TRUE;
}

static gboolean
rbf_forward (const HlLayerCall *call, GError **error)
{
  const Rbf *self = call->params;
  HlTensor *exponent = call->saved[0] ? call->saved[0] : call->y->tensor;

  return hl_kernel_run (call->kernel[FORWARD], (gsize) call->n_blocks * count_tiles (self->units), error,
                        HL_ARG_TENSOR (call->x[0]->tensor), HL_ARG_TENSOR (call->w[0]), HL_ARG_TENSOR (call->w[1]),
                        HL_ARG_TENSOR (call->y->tensor), HL_ARG_TENSOR (exponent),
                        HL_ARG_INT ((int) call->x[0]->shape.dim[0]), HL_ARG_INT (self->units),
                        HL_ARG_INT (call->saved[0] != NULL));
}

static gboolean
rbf_backward (const HlLayerCall *call, GError **error)
{
  const Rbf *self = call->params;
  guint n_in = call->x[0]->shape.dim[0], tiles = count_tiles (n_in);
  gsize n_dx = call->dx[0] ? (gsize) call->n_blocks * tiles : 0, n_centers = call->dw[0] ? (gsize) self->units * tiles : 0;
  HlTensor *none = call->w[0];

  if (!call->kernel[BACKWARD])
    return TRUE;
  return hl_kernel_run (call->kernel[STRENGTH], (gsize) self->units, error, HL_ARG_TENSOR (call->dy->tensor),
                        HL_ARG_TENSOR (call->y->tensor), HL_ARG_TENSOR (call->saved[0]), HL_ARG_TENSOR (call->w[1]),
                        HL_ARG_TENSOR (call->workspace), HL_ARG_TENSOR (call->dw[1] ? call->dw[1] : none),
                        HL_ARG_INT (self->units), HL_ARG_INT ((int) call->n_blocks), HL_ARG_INT (call->dw[1] != NULL))
         && hl_kernel_run (call->kernel[BACKWARD], n_dx + n_centers, error, HL_ARG_TENSOR (call->x[0]->tensor),
                           HL_ARG_TENSOR (call->w[0]), HL_ARG_TENSOR (call->workspace),
                           HL_ARG_TENSOR (call->dx[0] ? call->dx[0]->tensor : none),
                           HL_ARG_TENSOR (call->dw[0] ? call->dw[0] : none), HL_ARG_INT ((int) n_in), HL_ARG_INT (self->units),
                           HL_ARG_INT ((int) call->n_blocks), HL_ARG_INT ((int) n_dx), HL_ARG_INT (call->accumulate[0]));
}

/* ---- The definition, and words ---- */

static void
reference_unit (const HlLayerReference *call, gsize sample, guint unit)
{
  guint n_in = call->x_shape->dim[0], n_out = call->plan->output.dim[0];
  const double *x = call->x[0] + sample * n_in, *center = call->w[0] + (gsize) unit * n_in;
  double log_width = call->w[1][unit], factor = exp (-2 * CLAMP (log_width, -LIMIT, LIMIT)), distance = 0, y, dy;

  for (guint k = 0; k < n_in; k++)
    distance += (x[k] - center[k]) * (x[k] - center[k]);
  y = exp (-0.5 * distance * factor);
  call->y[sample * n_out + unit] = y;
  if (!call->dy)
    return;
  dy = call->dy[sample * n_out + unit];
  for (guint k = 0; k < n_in; k++)
    {
      double pull = dy * y * factor * (x[k] - center[k]);

      if (call->dx[0])
        call->dx[0][sample * n_in + k] -= pull;
      if (call->dw[0])
        call->dw[0][(gsize) unit * n_in + k] += pull;
    }
  if (call->dw[1] && fabs (log_width) < LIMIT)
    call->dw[1][unit] += dy * y * factor * distance;
}

static void
rbf_reference (const HlLayerReference *call)
{
  for (guint sample = 0; sample < call->batch; sample++)
    for (guint unit = 0; unit < call->plan->output.dim[0]; unit++)
      reference_unit (call, sample, unit);
}

/* [batch, 1, inputs] - [units, inputs], squared and summed over the inputs. */
static gboolean
rbf_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  const gint64 middle = 1, last = -1;
  const float lowest = -LIMIT, highest = LIMIT, minus_2 = -2, minus_half = -0.5f;

  hl_op_list_add_ints (ops, "middle", 1, &middle);
  hl_op_list_add_ints (ops, "last", 1, &last);
  hl_op_list_add_floats (ops, "minus_2", 1, &minus_2);
  hl_op_list_add_floats (ops, "minus_half", 1, &minus_half);
  hl_op_list_add_floats (ops, "lowest", 1, &lowest);
  hl_op_list_add_floats (ops, "highest", 1, &highest);
  hl_op_list_add (ops, "Unsqueeze", "$x0,middle", "row");
  hl_op_list_add (ops, "Sub", "row,$w0", "difference");
  hl_op_list_add (ops, "Mul", "difference,difference", "square");
  hl_op_list_add (ops, "ReduceSum", "square,last", "distance");
  hl_op_list_set_int (ops, "keepdims", 0);
  hl_op_list_add (ops, "Max", "$w1,lowest", "above");
  hl_op_list_add (ops, "Min", "above,highest", "log_width");
  hl_op_list_add (ops, "Mul", "log_width,minus_2", "log_factor");
  hl_op_list_add (ops, "Exp", "log_factor", "factor");
  hl_op_list_add (ops, "Mul", "factor,minus_half", "scale");
  hl_op_list_add (ops, "Mul", "distance,scale", "exponent");
  hl_op_list_add (ops, "Exp", "exponent", "$y");
  return TRUE;
}

static char *
rbf_describe (const void *params)
{
  const Rbf *self = params;

  return g_strdup_printf (ngettext ("%d unit", "%d units", (gulong) self->units), self->units);
}

const HlLayerClass hl_rbf_layer = {
  .base = {
    .name = "rbf",
    .title = N_("Radial basis"),
    .group = N_("Basic"),
    .summary = N_("Each unit answers to inputs near a learnt center."),
    .help = N_("y = exp (-‖x - c‖² / 2s²): 1 where the input x is the unit's center c, and less the farther away it is, measured in "
               "the unit's width s (Broomhead and Lowe, 1988). Centers and widths are trained. Books also write "
               "exp (-‖x - c‖² / s²), whose widths are larger by √2. A radial basis network is this layer and a linear layer "
               "behind it: two centers can tell exclusive or, but find it from about half of all starts; four nearly always do. "
               "What is stored as log_width is the logarithm of s, so that a step of training never makes a width 0 or "
               "negative; below 1e-13 and above 1e13 it counts as that. Where s goes to 0, "
               "a unit answers to its center only and gives no gradient elsewhere, so it learns no more: that "
               "happens with a large learning rate. Weight decay pulls s towards 1. "
               "Centers start normally distributed with deviation 1, as normalized inputs are, and widths as √(number of "
               "inputs): two such points are about √2 times that apart, so that every unit answers with about 0.37 "
               "at first. Other initializers change the centers only. The output layer of LeNet-5 of 1998 is a "
               "relative that gives the squared distance itself, to fixed centers."),
    .params_size = sizeof (Rbf),
    .params = rbf_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = rbf_examples,
  .plan = rbf_plan,
  .prepare = rbf_prepare,
  .forward = rbf_forward,
  .backward = rbf_backward,
  .reference = rbf_reference,
  .lower = rbf_lower,
  .describe = rbf_describe,
};
