/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Input: where samples enter. Its output value is filled by the loader. */

#include "engine/graph/layer.h"

typedef struct
{
  int channels, height, width;
} Input;

static const HlParam input_params[] = {
  HL_INT (Input, channels, N_("Channels"), HL_UNIT_NONE, 1, 4096, 1, N_("1 for grey images, 3 for colour.")),
  HL_INT (Input, height, N_("Height"), HL_UNIT_PIXEL, 1, 4096, 28, N_("Rows of an image.")),
  HL_INT (Input, width, N_("Width"), HL_UNIT_PIXEL, 1, 4096, 28, N_("Columns of an image.")),
  HL_PARAM_END
};

static const HlLayerExample input_examples[] = {
  { "channels=1;height=28;width=28", { HL_SHAPE_3 (1, 28, 28) } },
  { "channels=3;height=5;width=7", { HL_SHAPE_3 (3, 5, 7) } },
  { "channels=17;height=1;width=1", { HL_SHAPE_3 (17, 1, 1) } },
  { "channels=1;height=1;width=9", { HL_SHAPE_3 (1, 1, 9) } },
  { NULL, { { 0 } } }
};

static gboolean
input_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
            GError **error)
{
  const Input *input = params;

  plan->output = HL_SHAPE_3 (input->channels, input->height, input->width);
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static gboolean
input_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  return TRUE;
}

static char *
input_describe (const void *params)
{
  const Input *input = params;

  return g_strdup_printf ("%d×%d×%d", input->channels, input->height, input->width);
}

const HlLayerClass hl_input_layer = {
  .base = {
    .name = "input",
    .title = N_("Images"),
    .group = N_("Data"),
    .summary = N_("Where the samples enter the network."),
    .help = N_("A network has exactly one. Its size must be that of the samples in the data; values arrive as the data "
               "page scales them, usually with mean 0 and deviation 1."),
    .params_size = sizeof (Input),
    .params = input_params,
  },
  .examples = input_examples,
  .plan = input_plan,
  .lower = input_lower,
  .describe = input_describe,
};
