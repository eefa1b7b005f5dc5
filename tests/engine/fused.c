/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Layers that take what follows into their kernel: convolution with activation and max pooling, linear with activation,
 * against the layers' own definitions one after the other. Odd sizes, strides, dilation, groups and padding modes. */

#include <glib.h>

#include "tests/support/walk.h"

#define TOLERANCE 1e-5

typedef struct
{
  HlShape input;
  const char *layer, *params, *activation, *pool;   /* pool NULL: none; "": its initial values */
  gboolean pool_fuses;
} Case;

static const Case cases[] = {
  { HL_SHAPE_3 (1, 9, 11), "conv2d", "filters=6;padding_y=2;padding_x=2", "relu", "", TRUE },
  { HL_SHAPE_3 (6, 14, 14), "conv2d", "filters=16", "relu", "", TRUE },
  { HL_SHAPE_3 (3, 13, 14), "conv2d", "filters=5;size_y=3;size_x=3", "tanh", "size_y=3;size_x=3;stride_y=3;stride_x=3", TRUE },
  { HL_SHAPE_3 (4, 9, 15), "conv2d", "filters=7;size_y=3;size_x=2;stride_y=2;dilation_x=2;padding_x=1", "leaky_relu",
    "size_y=1;size_x=3;stride_y=1;stride_x=3", TRUE },
  { HL_SHAPE_3 (4, 7, 9), "conv2d", "filters=6;groups=2;size_y=3;size_x=3;padding_y=1;padding_x=2;padding_mode=reflect", "sigmoid",
    "", TRUE },
  { HL_SHAPE_3 (2, 6, 21), "conv2d", "filters=3;size_y=3;size_x=5;padding_y=1;padding_x=2;padding_mode=replicate", "relu", "", TRUE },
  { HL_SHAPE_3 (17, 6, 7), "conv2d", "filters=33;size_y=3;size_x=3;padding_y=1;padding_x=1", "relu", "", TRUE },
  { HL_SHAPE_3 (16, 3, 41), "conv2d", "filters=17;size_y=3;size_x=3;padding_y=1;padding_x=1", "relu", "", TRUE },
  { HL_SHAPE_3 (3, 24, 37), "conv2d", "filters=4;size_y=7;size_x=7;stride_y=3;stride_x=3;padding_y=2;padding_x=3", "relu", "", TRUE },
  { HL_SHAPE_3 (2, 8, 9), "conv2d", "filters=5;size_y=3;size_x=3;bias=none", NULL, "size_x=3;stride_x=3", TRUE },
  { HL_SHAPE_3 (2, 9, 9), "conv2d", "filters=4;size_y=3;size_x=3", "relu", "size_y=3;size_x=3", FALSE },
  { HL_SHAPE_3 (2, 9, 9), "conv2d", "filters=4;size_y=3;size_x=3", "relu", "ceil_mode=true", FALSE },
  { HL_SHAPE_3 (2, 9, 9), "conv2d", "filters=4;size_y=3;size_x=3", "relu", "padding_y=1", FALSE },
  { HL_SHAPE_3 (5, 6, 6), "conv2d", "filters=9;size_y=3;size_x=3", "tanh", NULL, FALSE },
  { HL_SHAPE_1 (23), "linear", "units=37", "tanh", NULL, FALSE },
  { HL_SHAPE_1 (40), "linear", "units=10;bias=false", "relu", NULL, FALSE },
  { HL_SHAPE_1 (11), "linear", "units=13", "hard_sigmoid", NULL, FALSE },
  { HL_SHAPE_3 (2, 8, 9), "conv2d", "filters=3;size_y=3;size_x=3", "selu", "", TRUE },
};

static HlDevice *device;

static guint32
add (HlGraph *graph, guint32 before, const char *layer, const char *params)
{
  const HlLayerClass *klass = hl_layer_class_find (layer);
  guint32 node = hl_graph_add_node (graph, klass, 0, 0);
  g_autoptr (GError) error = NULL;

  if (params && *params)
    test_set_params (&klass->base, hl_graph_get_params (graph, node), params);
  hl_graph_connect (graph, before, node, 0, &error);
  g_assert_no_error (error);
  return node;
}

/* first: the head comes right after the input, so that nobody wants its input's gradient. Otherwise *source is the node
 * before it, whose gradient is compared too. */
static HlGraph *
make_graph (const Case *self, gboolean first, guint32 *source, guint32 *head)
{
  HlShape shapes[HL_MAX_INPUTS] = { self->input };
  HlGraph *graph = hl_graph_new ();
  guint32 node;

  if (first)
    {
      const HlLayerClass *input = hl_layer_class_find ("input");
      g_autofree char *params = g_strdup_printf ("channels=%u;height=%u;width=%u", self->input.dim[0], self->input.dim[1],
                                                 self->input.dim[2]);

      node = hl_graph_add_node (graph, input, 0, 0);
      test_set_params (&input->base, hl_graph_get_params (graph, node), params);
    }
  else
    test_add_sources (graph, shapes, &node);
  *source = first ? 0 : node;
  *head = node = add (graph, node, self->layer, self->params);
  if (self->activation)
    node = add (graph, node, self->activation, NULL);
  if (self->pool)
    add (graph, node, "max_pool2d", self->pool);
  hl_graph_freeze (graph);
  return graph;
}

static HlPlan *
make_plan (HlGraph *graph, gboolean fuse)
{
  const HlDeviceInfo *info = hl_device_get_info (device);
  const HlPlanOptions options = { 21, info->lanes, info->compute_units, TRUE, fuse, TRUE };
  g_autoptr (GError) error = NULL;
  HlPlan *plan = hl_plan_new (graph, &options, &error);

  g_assert_no_error (error);
  return plan;
}

static void
write_gradient (HlExecutor *executor, guint batch, const float *dy)
{
  const HlValue *value = hl_executor_get_output_gradient (executor);
  gsize length = hl_tensor_get_length (value->tensor);
  g_autofree float *laid_out = g_new0 (float, length);
  g_autoptr (GError) error = NULL;

  hl_value_from_plain (value, hl_device_get_info (device)->lanes, batch, dy, laid_out);
  hl_tensor_write (value->tensor, 0, length, laid_out, &error);
  g_assert_no_error (error);
}

static void
compare_value (HlExecutor *executor, TestWalk *walk, guint i, gboolean gradient)
{
  const HlPlanStep *step = hl_plan_get_step (hl_executor_get_plan (executor), i);
  gsize n = walk->batch * hl_shape_get_count (&step->layer.output);
  g_autofree float *values = g_new (float, n);
  g_autoptr (GError) error = NULL;

  hl_executor_read (executor, step->node, gradient, walk->batch, values, n, &error);
  g_assert_no_error (error);
  test_assert_near (values, gradient ? walk->dy[i] : walk->y[i], n, TOLERANCE, gradient ? "input gradient" : "output");
}

static void
compare (HlExecutor *executor, TestWalk *walk, guint32 source)
{
  HlPlan *plan = hl_executor_get_plan (executor);
  g_autoptr (GError) error = NULL;

  compare_value (executor, walk, hl_plan_get_n_steps (plan) - 1, FALSE);
  for (guint i = 0; i < hl_plan_get_n_steps (plan); i++)
    if (hl_plan_get_step (plan, i)->node == source)
      compare_value (executor, walk, i, TRUE);
  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);
      g_autofree float *gradient = g_new (float, weight->n);

      hl_tensor_read (hl_executor_get_gradients (executor), weight->first, weight->n, gradient, &error);
      g_assert_no_error (error);
      test_assert_near (gradient, walk->dw[i], weight->n, TOLERANCE, weight->name);
    }
}

/* Twice with the same numbers, to see that nothing is left over from the first time; the second pass is one of evaluation,
 * after which backward must still be right. */
static void
run (HlExecutor *executor, TestWalk *walk, guint32 source)
{
  const HlRandomKey random = { 1, HL_PURPOSE_DROPOUT, 1 };
  HlPlan *plan = hl_executor_get_plan (executor);
  gsize n_input = walk->batch * hl_shape_get_count (&hl_plan_get_input (plan)->layer.output);
  gsize n_dy = walk->batch * hl_shape_get_count (&hl_plan_get_output (plan)->layer.output);
  g_autofree float *input = g_new (float, n_input), *dy = g_new (float, n_dy);
  g_autofree float *arena = g_new0 (float, hl_plan_get_arena_length (plan));
  g_autoptr (GError) error = NULL;

  test_fill (input, n_input, walk->batch);
  test_fill (dy, n_dy, walk->batch + 50);
  test_fill_weights (plan, arena, 100);
  test_walk_set_weights (walk, arena);
  test_walk_forward (walk, input, TRUE, &random);
  test_walk_backward (walk, dy, TRUE, &random);
  hl_tensor_write (hl_executor_get_weights (executor), 0, hl_plan_get_arena_length (plan), arena, &error);
  g_assert_no_error (error);
  for (guint turn = 0; turn < 2; turn++)
    {
      hl_executor_write_input (executor, input, walk->batch, &error);
      g_assert_no_error (error);
      write_gradient (executor, walk->batch, dy);
      hl_executor_forward (executor, walk->batch, turn == 0, &random, &error);
      g_assert_no_error (error);
      hl_executor_backward (executor, &error);
      g_assert_no_error (error);
      compare (executor, walk, source);
    }
}

static void
test_case (const Case *self, gboolean first)
{
  static const guint batches[] = { 21, 3, 16 };
  guint32 source, head;
  g_autoptr (HlGraph) graph = NULL;
  g_autoptr (HlPlan) plan = NULL, fused = NULL;
  g_autoptr (HlKernelSet) kernels = NULL;
  g_autoptr (HlExecutor) executor = NULL;
  g_autoptr (GError) error = NULL;

  graph = make_graph (self, first, &source, &head);
  plan = make_plan (graph, FALSE);
  fused = make_plan (graph, TRUE);
  g_assert_cmpint (hl_plan_find_step (fused, head)->layer.epilogue.has_activation, ==, self->activation != NULL);
  g_assert_cmpint (hl_plan_find_step (fused, head)->layer.epilogue.has_pool, ==, self->pool_fuses);
  kernels = hl_kernel_set_new (device);
  executor = hl_executor_new (kernels, fused, NULL, &error);
  g_assert_no_error (error);
  hl_kernel_set_build (kernels, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (batches); i++)
    {
      g_autoptr (TestWalk) walk = test_walk_new (plan, batches[i]);

      run (executor, walk, source);
    }
}

static void
test_inside (gconstpointer data)
{
  if (device)
    test_case (data, FALSE);
  else
    g_test_skip ("There is no OpenCL device.");
}

static void
test_first (gconstpointer data)
{
  if (device)
    test_case (data, TRUE);
  else
    g_test_skip ("There is no OpenCL device.");
}

int
main (int argc, char **argv)
{
  int result;

  hl_device_init_environment ();
  g_test_init (&argc, &argv, NULL);
  device = test_open_device ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *inside = g_strdup_printf ("/fused/%s/%u", cases[i].layer, i);
      g_autofree char *first = g_strdup_printf ("/fused/%s/%u-first", cases[i].layer, i);

      g_test_add_data_func (inside, &cases[i], test_inside);
      if (cases[i].input.n_dims == 3)
        g_test_add_data_func (first, &cases[i], test_first);
    }
  result = g_test_run ();
  g_clear_pointer (&device, hl_device_unref);
  return result;
}
