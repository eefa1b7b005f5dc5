/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Dropout, inverted: in training each element is 0 with the given probability and the others are made larger by as
 * much; in evaluation nothing happens. */

#include "engine/graph/activation.h"
#include "engine/layers/dropout-mask.h"

typedef struct
{
  guint pixels;                   /* elements that go or stay together */
  HlCopy forward, backward;       /* of evaluation */
  guint forward_items, backward_items;
} State;

static const HlParam dropout_params[] = {
  HL_FLOAT (HlDropout, p, N_("Probability"), HL_UNIT_RATIO, 0, 1, 0.5, N_("Share of the elements that become 0.")),
  HL_PARAM_END
};

static const HlLayerExample dropout_examples[] = {
  { NULL, { HL_SHAPE_1 (7) } },
  { "p=0.1", { HL_SHAPE_3 (3, 5, 7) } },
  { "p=0", { HL_SHAPE_3 (2, 3, 1) } },
  { "p=0.8", { HL_SHAPE_2 (5, 3) } },
  { "p=1", { HL_SHAPE_1 (4) } },
  { NULL, { { 0 } } }
};

gboolean
hl_dropout_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs,
              HlLayerPlan *plan, GError **error)
{
  plan->output = inputs[0];
  plan->alias = !options->training;
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

/* Elements that go or stay together. */
static guint
count_pixels (gboolean channels, const HlShape *shape)
{
  return channels ? (guint) (hl_shape_get_count (shape) / hl_shape_channels (shape)) : 1;
}

/* Random words come in fours, for four elements or channels of a sample. */
static guint64
count_quads (const HlShape *shape, guint pixels)
{
  return (hl_shape_get_count (shape) / pixels + 3) / 4;
}

static guint
request_mask (HlLayerCall *call, guint slot, const HlValue *x, const HlValue *y, gboolean add)
{
  const HlDropout *self = call->params;
  guint pixels = ((const State *) call->state)->pixels;
  g_autoptr (GString) defines = g_string_new (NULL);
  char scale[G_ASCII_DTOSTR_BUF_SIZE];
  guint items;

  items = hl_walk_append_defines (call, (HlWalkValue[]) { { "X", x }, { "Y", y } }, 2, defines);
  g_ascii_formatd (scale, sizeof scale, "%.9e", hl_dropout_scale (self->p));
  g_string_append_printf (defines, "PIXELS=%u;QUADS=%u;THRESHOLD=%uu;SCALE=%sf;ADD=%d", pixels,
                          (guint) count_quads (&x->shape, pixels),
                          hl_dropout_threshold (self->p), scale, add ? 1 : 0);
  call->kernel[slot] = hl_kernel_set_add (call->kernels, "dropout", "dropout_apply", defines->str);
  return items;
}

gboolean
hl_dropout_prepare (gboolean channels, HlLayerCall *call, GError **error)
{
  State *state = call->state = g_new0 (State, 1);

  state->pixels = count_pixels (channels, &call->x[0]->shape);
  if (call->x[0]->tensor != call->y->tensor)
    hl_copy_prepare (&state->forward, call, call->x[0], 0, call->y, 0, FALSE);
  if (!call->training)
    return TRUE;
  state->forward_items = request_mask (call, 0, call->x[0], call->y, FALSE);
  if (!call->dx[0])
    return TRUE;
  hl_copy_prepare (&state->backward, call, call->dy, 0, call->dx[0], 0, call->accumulate[0]);
  state->backward_items = request_mask (call, 1, call->dy, call->dx[0], call->accumulate[0]);
  return TRUE;
}

static gboolean
run_mask (const HlLayerCall *call, guint slot, guint items, const HlValue *x, const HlValue *y, GError **error)
{
  return hl_kernel_run (call->kernel[slot], call->n_blocks * items, error, HL_ARG_TENSOR (x->tensor),
                        HL_ARG_TENSOR (y->tensor), HL_ARG_UINT ((guint32) call->random.seed),
                        HL_ARG_UINT ((guint32) (call->random.seed >> 32)), HL_ARG_UINT (call->random.epoch),
                        HL_ARG_UINT (call->random.purpose), HL_ARG_UINT (call->node));
}

gboolean
hl_dropout_forward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  if (call->training && call->kernel[0])
    return run_mask (call, 0, state->forward_items, call->x[0], call->y, error);
  return !state->forward.kernel || hl_copy_run (&state->forward, call, call->x[0], call->y, error);
}

gboolean
hl_dropout_backward (const HlLayerCall *call, GError **error)
{
  const State *state = call->state;

  if (!call->dx[0])
    return TRUE;
  if (call->training)
    return run_mask (call, 1, state->backward_items, call->dy, call->dx[0], error);
  return hl_copy_run (&state->backward, call, call->dy, call->dx[0], error);
}

static double
reference_mask (const HlLayerReference *call, guint pixels, guint sample, gsize element)
{
  const HlDropout *self = call->params;
  guint64 index = ((guint64) call->node << 40) + sample * count_quads (&call->x_shape[0], pixels) + element / pixels / 4;
  guint32 words[4];

  if (!call->training)
    return 1;
  hl_random_words (&call->random, index, words);
  return words[element / pixels % 4] >= hl_dropout_threshold (self->p) ? hl_dropout_scale (self->p) : 0;
}

void
hl_dropout_reference (gboolean channels, const HlLayerReference *call)
{
  guint pixels = count_pixels (channels, &call->x_shape[0]);
  gsize n = hl_shape_get_count (&call->x_shape[0]);

  for (guint sample = 0; sample < call->batch; sample++)
    for (gsize i = 0; i < n; i++)
      {
        double mask = reference_mask (call, pixels, sample, i);

        call->y[sample * n + i] = call->x[0][sample * n + i] * mask;
        if (call->dy && call->dx[0])
          call->dx[0][sample * n + i] += call->dy[sample * n + i] * mask;
      }
}

static gboolean
dropout_prepare (HlLayerCall *call, GError **error)
{
  return hl_dropout_prepare (FALSE, call, error);
}

static void
dropout_reference (const HlLayerReference *call)
{
  hl_dropout_reference (FALSE, call);
}

static gboolean
dropout_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops,
               GError **error)
{
  const HlDropout *self = params;
  float ratio = (float) self->p;

  hl_op_list_add_floats (ops, "ratio", 1, &ratio);
  hl_op_list_add (ops, "Dropout", "$x0,ratio", "$y");
  return TRUE;
}

char *
hl_dropout_describe (const void *params)
{
  const HlDropout *self = params;

  return g_strdup_printf ("%g %%", self->p * 100);
}

const HlLayerClass hl_dropout_layer = {
  .base = {
    .name = "dropout",
    .title = N_("Dropout"),
    .group = N_("Regularization"),
    .summary = N_("Sets random elements to 0 while training, so that units cannot rely on each other."),
    .help = N_("While training, each element is 0 with probability p and is otherwise multiplied by 1 / (1 - p), which "
               "keeps the mean; in evaluation nothing is changed (Srivastava and others, 2014). It helps against "
               "learning by heart. Training loss is higher with it than validation loss: that is no mistake."),
    .params_size = sizeof (HlDropout),
    .params = dropout_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = dropout_examples,
  .plan = hl_dropout_plan,
  .prepare = dropout_prepare,
  .forward = hl_dropout_forward,
  .backward = hl_dropout_backward,
  .reference = dropout_reference,
  .lower = dropout_lower,
  .describe = hl_dropout_describe,
};
