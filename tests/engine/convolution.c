/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the convolutions make of sizes, padding rules and connection tables. Expected sizes are the course's, worked by hand;
 * numbers of parameters those of the papers. */

#include <math.h>
#include <string.h>

#include "engine/train/classes.h"
#include "tests/support/walk.h"

static const HlPlanOptions any = { .batch = 4, .lanes = 16, .compute_units = 2, .training = TRUE, .keep_values = TRUE };

/* A plan of one layer, for a device or none in particular; *node: the layer. */
static HlPlan *
make_plan (HlDevice *device, const char *layer, const char *params, HlShape input, guint32 *node, GError **error)
{
  const HlShape inputs[] = { input, { 0 } };
  const HlLayerClass *klass = hl_layer_class_find (layer);
  g_autoptr (HlGraph) graph = hl_graph_new ();
  HlPlanOptions options = any;
  guint32 source;

  if (device)
    {
      options.lanes = hl_device_get_info (device)->lanes;
      options.compute_units = hl_device_get_info (device)->compute_units;
    }
  g_assert_nonnull (klass);
  test_add_sources (graph, inputs, &source);
  *node = hl_graph_add_node (graph, klass, 0, 0);
  test_set_params (&klass->base, hl_graph_get_params (graph, *node), params);
  g_assert_true (hl_graph_connect (graph, source, *node, 0, NULL));
  return hl_plan_new (graph, &options, error);
}

static void
test_sizes (void)
{
  static const struct { const char *layer, *params; HlShape input, output; } cases[] = {
    { "conv1d", "filters=1;size=3", HL_SHAPE_2 (1, 4), HL_SHAPE_2 (1, 2) },
    { "conv1d", "filters=1;size=3;padding=1", HL_SHAPE_2 (1, 5), HL_SHAPE_2 (1, 5) },
    { "conv1d", "filters=1;size=3;padding=2", HL_SHAPE_2 (1, 5), HL_SHAPE_2 (1, 7) },
    { "conv1d", "filters=1;size=3;stride=2", HL_SHAPE_2 (1, 5), HL_SHAPE_2 (1, 2) },
    { "conv1d", "filters=1;size=3;stride=2", HL_SHAPE_2 (1, 7), HL_SHAPE_2 (1, 3) },
    { "conv1d", "filters=1;size=3;stride=2;padding=1", HL_SHAPE_2 (1, 5), HL_SHAPE_2 (1, 3) },
    { "conv1d", "filters=1;size=3;dilation=2", HL_SHAPE_2 (1, 7), HL_SHAPE_2 (1, 3) },
    { "conv2d", "filters=2;size_y=3;size_x=5;preset=half", HL_SHAPE_3 (1, 9, 8), HL_SHAPE_3 (2, 9, 8) },
    { "conv2d", "filters=2;size_y=4;size_x=2;preset=half", HL_SHAPE_3 (1, 9, 8), HL_SHAPE_3 (2, 10, 9) },
    { "conv2d", "filters=2;size_y=3;size_x=4;preset=full", HL_SHAPE_3 (1, 9, 8), HL_SHAPE_3 (2, 11, 11) },
    { "conv2d", "filters=2;size_y=4;size_x=2;preset=same;dilation_y=3", HL_SHAPE_3 (1, 9, 8), HL_SHAPE_3 (2, 9, 8) },
    { "conv2d", "filters=12;size_y=5;size_x=5;stride_y=2;stride_x=2;preset=half", HL_SHAPE_3 (1, 16, 16), HL_SHAPE_3 (12, 8, 8) },
    { "conv_transpose2d", "filters=3", HL_SHAPE_3 (5, 7, 8), HL_SHAPE_3 (3, 14, 16) },
    { "conv_transpose2d", "filters=3;size_y=4;size_x=3;padding_y=1;padding_x=1;output_padding_x=1", HL_SHAPE_3 (5, 7, 8),
      HL_SHAPE_3 (3, 14, 16) },
    { "conv_transpose1d", "filters=3;size=3;stride=3;dilation=4;padding=2;output_padding=2", HL_SHAPE_2 (5, 4), HL_SHAPE_2 (3, 16) },
    { "conv3d", "filters=2;size_z=1;stride_y=2;padding_x=1;dilation_x=2", HL_SHAPE_4 (3, 4, 7, 9), HL_SHAPE_4 (2, 4, 3, 7) },
    { "conv3d", "filters=2;size_x=5;preset=half", HL_SHAPE_4 (3, 4, 7, 9), HL_SHAPE_4 (2, 4, 7, 9) },
    { "conv3d", "filters=2;size_x=5;dilation_y=2;preset=full", HL_SHAPE_4 (3, 4, 7, 9), HL_SHAPE_4 (2, 6, 11, 13) },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *expected = hl_shape_to_string (&cases[i].output), *found = NULL;
      guint32 node;
      g_autoptr (HlPlan) plan = make_plan (NULL, cases[i].layer, cases[i].params, cases[i].input, &node, &error);

      g_assert_no_error (error);
      found = hl_shape_to_string (&hl_plan_find_step (plan, node)->layer.output);
      g_test_message ("%s %s", cases[i].layer, cases[i].params);
      g_assert_cmpstr (found, ==, expected);
    }
}

static void
test_counts (void)
{
  static const struct { const char *layer, *params; HlShape input; guint64 count; } cases[] = {
    /* LeCun et al. 1989, H1 and H2. */
    { "conv2d", "filters=12;size_y=5;size_x=5;stride_y=2;stride_x=2;preset=half;bias=position", HL_SHAPE_3 (1, 16, 16), 1068 },
    { "conv2d", "filters=12;size_y=5;size_x=5;stride_y=2;stride_x=2;preset=half;bias=position;table=lecun1989_h2",
      HL_SHAPE_3 (12, 8, 8), 2592 },
    /* LeNet-5's C3 with its table, and with all connections. */
    { "conv2d", "filters=16;size_y=5;size_x=5;table=lenet5_c3", HL_SHAPE_3 (6, 14, 14), 1516 },
    { "conv2d", "filters=16;size_y=5;size_x=5", HL_SHAPE_3 (6, 14, 14), 2416 },
    { "conv2d", "filters=4;size_y=3;size_x=3;bias=none", HL_SHAPE_3 (4, 5, 5), 144 },
    { "conv2d", "filters=4;size_y=3;size_x=3;bias=none;groups=2", HL_SHAPE_3 (4, 5, 5), 72 },
    { "conv1d", "filters=6;size=5;groups=2", HL_SHAPE_2 (4, 9), 6 * 2 * 5 + 6 },
    { "conv_transpose2d", "filters=6;size_y=3;size_x=2;groups=2", HL_SHAPE_3 (4, 5, 5), 4 * 3 * 6 + 6 },
    { "conv3d", "filters=6;size_z=2;groups=2", HL_SHAPE_4 (4, 3, 5, 5), 6 * 2 * 18 + 6 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      guint32 node;
      g_autoptr (HlPlan) plan = make_plan (NULL, cases[i].layer, cases[i].params, cases[i].input, &node, &error);

      g_assert_no_error (error);
      g_test_message ("%s %s", cases[i].layer, cases[i].params);
      g_assert_cmpuint (hl_plan_get_node_parameter_count (plan, node), ==, cases[i].count);
    }
}

static void
test_refused (void)
{
  static const struct { const char *layer, *params; HlShape input; const char *word; } cases[] = {
    { "conv2d", "preset=same;stride_x=2", HL_SHAPE_3 (1, 9, 9), "stride 1×2" },
    { "conv2d", "filters=16;table=lenet5_c3", HL_SHAPE_3 (5, 9, 9), "6 channels" },
    { "conv2d", "filters=12;table=lenet5_c3", HL_SHAPE_3 (6, 9, 9), "16 filters" },
    { "conv2d", "preset=full;size_x=9;padding_mode=reflect", HL_SHAPE_3 (1, 9, 8), "9×8" },
    { "conv2d", "size_y=64;size_x=64;dilation_y=64;dilation_x=64;preset=full", HL_SHAPE_3 (8, 9, 9), "134217728" },
    { "conv1d", "size=3", HL_SHAPE_3 (1, 9, 9), "1×9×9" },
    { "conv1d", "size=5", HL_SHAPE_2 (2, 3), "at least 5" },
    { "conv1d", "filters=6;groups=3", HL_SHAPE_2 (4, 9), "4 channels" },
    { "conv_transpose2d", "output_padding_x=2", HL_SHAPE_3 (2, 3, 3), "2 and 1" },
    { "conv_transpose2d", "padding_y=3", HL_SHAPE_3 (2, 3, 3), "0×6" },
    { "conv_transpose2d", "filters=4096;stride_x=64;stride_y=64;size_x=64;size_y=64", HL_SHAPE_3 (2, 9, 9), "134217728" },
    { "conv_transpose1d", "", HL_SHAPE_3 (2, 3, 3), "2×3×3" },
    { "conv3d", "", HL_SHAPE_3 (2, 3, 3), "2×3×3" },
    { "conv3d", "", HL_SHAPE_4 (2, 2, 3, 3), "3×3×3" },
    { "conv3d", "size_x=64;dilation_x=2;preset=full", HL_SHAPE_4 (2, 3, 3, 3), "2×2×126" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      guint32 node;
      g_autoptr (HlPlan) plan = make_plan (NULL, cases[i].layer, cases[i].params, cases[i].input, &node, &error);

      g_assert_null (plan);
      g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, cases[i].word));
    }
}

/* Weights that do not exist are 0 from the start; all others are drawn. */
static void
test_missing_weights (void)
{
  g_autoptr (GError) error = NULL;
  guint32 node;
  g_autoptr (HlDevice) device = test_open_device ();
  g_autoptr (HlPlan) plan = make_plan (device, "conv2d", "filters=16;size_y=5;size_x=5;table=lenet5_c3", HL_SHAPE_3 (6, 6, 6), &node,
                                       &error);
  g_autoptr (HlKernelSet) kernels = NULL;
  g_autoptr (HlExecutor) executor = NULL;
  g_autofree float *arena = NULL;
  const HlPlanStep *step;
  const HlPlanWeight *weight;
  guint n_zeros = 0;

  g_assert_no_error (error);
  if (!device)
    return;
  kernels = hl_kernel_set_new (device);
  executor = hl_executor_new (kernels, plan, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (hl_executor_initialize_weights (executor, 3, &error));
  arena = g_new (float, hl_plan_get_arena_length (plan));
  g_assert_true (hl_tensor_read (hl_executor_get_weights (executor), 0, hl_plan_get_arena_length (plan), arena, &error));
  step = hl_plan_find_step (plan, node);
  weight = hl_plan_get_weight (plan, step->first_weight);
  for (gsize i = 0; i < weight->n; i++)
    n_zeros += arena[weight->first + i] == 0;
  g_assert_cmpuint (n_zeros, ==, 36 * 25);
  /* The first filter sees the channels 0, 1 and 2. */
  g_assert_cmpfloat (arena[weight->first + 2 * 25], !=, 0);
  g_assert_cmpfloat (arena[weight->first + 3 * 25], ==, 0);
}

/* ---- The adjoint ---- */

/* What a layer makes of one sample with given weights, on the device. */
static float *
run_layer (HlDevice *device, const char *layer, const char *params, HlShape input, const float *x, const float *weights, gsize *n)
{
  g_autoptr (GError) error = NULL;
  guint32 node;
  g_autoptr (HlPlan) plan = make_plan (device, layer, params, input, &node, &error);
  g_autoptr (HlKernelSet) kernels = hl_kernel_set_new (device);
  g_autoptr (HlExecutor) executor = NULL;
  const HlPlanWeight *weight;
  float *y;

  g_assert_no_error (error);
  executor = hl_executor_new (kernels, plan, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (hl_kernel_set_build (kernels, NULL, NULL, &error));
  weight = hl_plan_get_weight (plan, hl_plan_find_step (plan, node)->first_weight);
  g_assert_true (hl_tensor_write (hl_executor_get_weights (executor), weight->first, weight->n, weights, &error));
  g_assert_true (hl_executor_write_input (executor, x, 1, &error));
  g_assert_true (hl_executor_forward (executor, 1, FALSE, &(HlRandomKey) { 0 }, &error));
  *n = hl_shape_get_count (&hl_plan_find_step (plan, node)->layer.output);
  y = g_new (float, *n);
  g_assert_true (hl_executor_read (executor, node, FALSE, 1, y, *n, &error));
  return y;
}

/* ⟨Ax, y⟩ = ⟨x, Aᵀy⟩ where A is a convolution and Aᵀ the transposed one with the same weights. */
static void
test_adjoint (void)
{
  g_autoptr (HlDevice) device = test_open_device ();
  const HlShape x_shape = HL_SHAPE_3 (4, 11, 8), y_shape = HL_SHAPE_3 (6, 5, 3);
  g_autofree float *x = g_new (float, 4 * 11 * 8), *y = g_new (float, 6 * 5 * 3), *w = g_new (float, 6 * 2 * 3 * 2);
  g_autofree float *ax = NULL, *aty = NULL;
  double left = 0, right = 0, size = 0;
  gsize n_ax, n_aty;

  if (!device)
    return;
  test_fill (x, 4 * 11 * 8, 1);
  test_fill (y, 6 * 5 * 3, 2);
  test_fill (w, 6 * 2 * 3 * 2, 3);
  /* 11 + 2 - 2 · 2 - 1 = 8 = 4 · 2 and 8 + 0 - 1 - 1 = 6 = 2 · 3 + 0: the output paddings are 0. */
  ax = run_layer (device, "conv2d", "filters=6;size_y=3;size_x=2;stride_y=2;stride_x=3;padding_y=1;dilation_y=2;groups=2;bias=none",
                  x_shape, x, w, &n_ax);
  aty = run_layer (device, "conv_transpose2d",
                   "filters=4;size_y=3;size_x=2;stride_y=2;stride_x=3;padding_y=1;dilation_y=2;groups=2;bias=0", y_shape, y, w, &n_aty);
  g_assert_cmpuint (n_ax, ==, 6 * 5 * 3);
  g_assert_cmpuint (n_aty, ==, 4 * 11 * 8);
  for (gsize i = 0; i < n_ax; i++)
    {
      left += (double) ax[i] * y[i];
      size += fabs ((double) ax[i] * y[i]);
    }
  for (gsize i = 0; i < n_aty; i++)
    right += (double) x[i] * aty[i];
  g_test_message ("%.9g and %.9g of %.9g", left, right, size);
  g_assert_cmpfloat (size, >, 1);
  g_assert_cmpfloat (fabs (left - right), <=, 1e-5 * size);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/convolution/sizes", test_sizes);
  g_test_add_func ("/convolution/counts", test_counts);
  g_test_add_func ("/convolution/refused", test_refused);
  g_test_add_func ("/convolution/missing-weights", test_missing_weights);
  g_test_add_func ("/convolution/adjoint", test_adjoint);
  return g_test_run ();
}
