/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlExecutor: fusing changes nothing but the cost, start weights are a function of the seed, arenas can be shared, and
 * what is asked wrongly is refused in words. */

#include <math.h>
#include <string.h>

#include "engine/graph/executor.h"
#include "engine/train/classes.h"
#include "tests/support/walk.h"

#define BATCH 19
#define TOLERANCE 2e-5

static HlDevice *device;

/* ---- Fusing ---- */

/* What may follow a head. Every example of every head gets one of them, in turn. */
static const struct { const char *activation, *activation_params, *pool, *pool_params; } tails[] = {
  { "relu", NULL, "max_pool2d", NULL },
  { "tanh", NULL, NULL, NULL },
  { NULL, NULL, "max_pool2d", NULL },
  { "leaky_relu", "negative_slope=0.2", "max_pool2d", "size_y=3;size_x=2;stride_y=2;stride_x=1;padding_y=1;padding_x=1" },
  { "sigmoid", NULL, "max_pool2d", "size_y=2;size_x=3;stride_y=1;stride_x=2;ceil_mode=true" },
};

typedef struct
{
  char *name;
  HlGraph *graph;
  guint32 source, head, last;
  HlPlan *plan, *fused_plan;
  HlExecutor *fused;
} Case;

static HlKernelSet *kernels;
static GPtrArray *cases;

static void
case_free (gpointer data)
{
  Case *self = data;

  hl_executor_free (self->fused);
  hl_plan_unref (self->plan);
  hl_plan_unref (self->fused_plan);
  hl_graph_unref (self->graph);
  g_free (self->name);
  g_free (self);
}

static HlPlanOptions
options_for_device (gboolean fuse, gboolean training)
{
  const HlDeviceInfo *info = hl_device_get_info (device);

  return (HlPlanOptions) { BATCH, info->lanes, info->compute_units, training, fuse, TRUE };
}

static guint32
add_behind (HlGraph *graph, guint32 source, const char *layer, const char *params)
{
  const HlLayerClass *klass = hl_layer_class_find (layer);
  guint32 id = hl_graph_add_node (graph, klass, 0, 0);
  g_autoptr (GError) error = NULL;

  test_set_params (&klass->base, hl_graph_get_params (graph, id), params);
  hl_graph_connect (graph, source, id, 0, &error);
  g_assert_no_error (error);
  return id;
}

/* NULL where the pooling does not fit the head's output. */
static Case *
case_new (const HlLayerClass *klass, guint example, guint tail)
{
  HlPlanOptions plain = options_for_device (FALSE, TRUE), fuse = options_for_device (TRUE, TRUE);
  Case *self = g_new0 (Case, 1);
  guint32 sources[HL_MAX_INPUTS];
  g_autoptr (GError) error = NULL;

  self->graph = hl_graph_new ();
  test_add_sources (self->graph, klass->examples[example].x, sources);
  self->source = sources[0];
  self->head = self->last = add_behind (self->graph, self->source, klass->base.name, klass->examples[example].params);
  if (tails[tail].activation)
    self->last = add_behind (self->graph, self->last, tails[tail].activation, tails[tail].activation_params);
  if (tails[tail].pool && klass->examples[example].x[0].n_dims == 3)
    self->last = add_behind (self->graph, self->last, tails[tail].pool, tails[tail].pool_params);
  self->name = g_strdup_printf ("%s %s, %s, %s", klass->base.name, klass->examples[example].params,
                                tails[tail].activation, tails[tail].pool);
  self->plan = hl_plan_new (self->graph, &plain, &error);
  if (!self->plan || self->last == self->head)
    {
      g_clear_pointer (&self->plan, hl_plan_unref);
      hl_graph_unref (self->graph);
      g_free (self->name);
      g_free (self);
      return NULL;
    }
  self->fused_plan = hl_plan_new (self->graph, &fuse, &error);
  g_assert_no_error (error);
  self->fused = hl_executor_new (kernels, self->fused_plan, NULL, &error);
  g_assert_no_error (error);
  return self;
}

static void
prepare_cases (void)
{
  g_autoptr (GError) error = NULL;
  guint turn = 0;

  cases = g_ptr_array_new_with_free_func (case_free);
  kernels = hl_kernel_set_new (device);
  for (guint i = 0; hl_layer_classes ()[i]; i++)
    {
      const HlLayerClass *klass = hl_layer_classes ()[i];

      for (guint k = 0; klass->fuse && klass->examples[k].x[0].n_dims > 0; k++)
        {
          Case *self = NULL;

          for (guint attempt = 0; !self && attempt < G_N_ELEMENTS (tails); attempt++)
            self = case_new (klass, k, turn++ % G_N_ELEMENTS (tails));
          if (self)
            g_ptr_array_add (cases, self);
        }
    }
  hl_kernel_set_build (kernels, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
write_gradient (HlExecutor *executor, guint batch, const float *dy)
{
  const HlValue *value = hl_executor_get_output_gradient (executor);
  gsize length = hl_tensor_get_length (value->tensor);
  g_autofree float *layout = g_new0 (float, length);
  g_autoptr (GError) error = NULL;

  hl_value_from_plain (value, hl_device_get_info (device)->lanes, batch, dy, layout);
  hl_tensor_write (value->tensor, 0, length, layout, &error);
  g_assert_no_error (error);
}

static void
compare_node (Case *self, TestWalk *walk, guint32 node, gboolean gradient)
{
  const HlPlanStep *step = hl_plan_find_step (self->plan, node);
  guint at = step - hl_plan_get_step (self->plan, 0);
  gsize n = walk->batch * hl_shape_get_count (&step->layer.output);
  g_autofree float *values = g_new (float, n);
  g_autofree char *what = g_strdup_printf ("%s, batch %u, %s", self->name, walk->batch, gradient ? "gradient" : "output");
  g_autoptr (GError) error = NULL;

  hl_executor_read (self->fused, node, gradient, walk->batch, values, n, &error);
  g_assert_no_error (error);
  test_assert_near (values, gradient ? walk->dy[at] : walk->y[at], n, TOLERANCE, what);
}

static void
compare_gradients (Case *self, TestWalk *walk)
{
  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (self->plan, i);
      g_autofree float *values = g_new (float, weight->n);
      g_autofree char *what = g_strdup_printf ("%s, batch %u, gradient of %s", self->name, walk->batch, weight->name);
      g_autoptr (GError) error = NULL;

      hl_tensor_read (hl_executor_get_gradients (self->fused), weight->first, weight->n, values, &error);
      g_assert_no_error (error);
      test_assert_near (values, walk->dw[i], weight->n, TOLERANCE, what);
    }
}

static void
check_case (Case *self, guint batch)
{
  const HlRandomKey random = { 1, HL_PURPOSE_DROPOUT, 1 };
  gsize n_input = batch * hl_shape_get_count (&hl_plan_get_input (self->plan)->layer.output);
  gsize n_dy = batch * hl_shape_get_count (&hl_plan_get_output (self->plan)->layer.output);
  g_autofree float *input = g_new (float, n_input), *dy = g_new (float, n_dy);
  g_autofree float *arena = g_new0 (float, hl_plan_get_arena_length (self->plan));
  g_autoptr (TestWalk) walk = test_walk_new (self->plan, batch);
  g_autoptr (GError) error = NULL;

  test_fill (input, n_input, batch);
  test_fill (dy, n_dy, batch + 1);
  for (gsize i = 0; i < n_dy; i++)
    dy[i] /= batch;
  test_fill_weights (self->plan, arena, batch + 2);
  test_walk_set_weights (walk, arena);
  test_walk_forward (walk, input, TRUE, &random);
  test_walk_backward (walk, dy, TRUE, &random);
  hl_tensor_write (hl_executor_get_weights (self->fused), 0, hl_plan_get_arena_length (self->plan), arena, &error);
  g_assert_no_error (error);
  hl_executor_write_input (self->fused, input, batch, &error);
  g_assert_no_error (error);
  write_gradient (self->fused, batch, dy);
  hl_executor_forward (self->fused, batch, TRUE, &random, &error);
  g_assert_no_error (error);
  hl_executor_backward (self->fused, &error);
  g_assert_no_error (error);
  compare_node (self, walk, self->last, FALSE);
  compare_node (self, walk, self->source, TRUE);
  compare_gradients (self, walk);
}

static void
test_fused (void)
{
  guint n_fused = 0;

  if (!device)
    {
      g_test_skip ("There is no OpenCL device.");
      return;
    }
  for (guint i = 0; i < cases->len; i++)
    {
      Case *self = cases->pdata[i];

      if (hl_plan_find_step (self->fused_plan, self->last)->fused)
        n_fused++;
      check_case (self, BATCH);
      check_case (self, 3);
    }
  g_test_message ("%u of %u chains run as one layer", n_fused, cases->len);
  g_assert_cmpuint (n_fused, >=, cases->len / 2);
}

static void
test_fused_away (void)
{
  Case *self = device ? cases->pdata[0] : NULL;
  g_autoptr (GError) error = NULL;
  float value;

  if (!device)
    {
      g_test_skip ("There is no OpenCL device.");
      return;
    }
  g_assert_cmpuint (self->head, !=, self->last);
  g_assert_null (hl_executor_get_value (self->fused, self->head, FALSE));
  g_assert_false (hl_executor_read (self->fused, self->head, FALSE, 1, &value, 1, &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE);
  g_clear_error (&error);
  g_assert_false (hl_executor_read (self->fused, self->source, FALSE, 1, &value, 0, &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_false (hl_executor_read (self->fused, 12345, FALSE, 1, &value, 1, &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE);
}

/* ---- Weights ---- */

static HlGraph *
make_perceptron (void)
{
  HlGraph *graph = hl_graph_new ();
  guint32 at = hl_graph_add_node (graph, hl_layer_class_find ("input"), 0, 0);

  test_set_params (&hl_layer_class_find ("input")->base, hl_graph_get_params (graph, at), "height=3;width=5");
  at = add_behind (graph, at, "flatten", NULL);
  at = add_behind (graph, at, "linear", "units=40");
  at = add_behind (graph, at, "batch_norm", NULL);
  add_behind (graph, at, "linear", "units=3");
  return graph;
}

static HlExecutor *
make_executor (const HlGraph *graph, HlKernelSet *set, gboolean training, HlExecutor *share)
{
  HlPlanOptions options = options_for_device (TRUE, training);
  g_autoptr (GError) error = NULL;
  g_autoptr (HlPlan) plan = hl_plan_new (graph, &options, &error);
  HlExecutor *executor;

  g_assert_no_error (error);
  executor = hl_executor_new (set, plan, share, &error);
  g_assert_no_error (error);
  return executor;
}

static float *
read_weights (HlExecutor *executor, gsize *n)
{
  HlTensor *weights = hl_executor_get_weights (executor);
  g_autoptr (GError) error = NULL;
  float *values;

  *n = hl_tensor_get_length (weights);
  values = g_new (float, *n);
  hl_tensor_read (weights, 0, *n, values, &error);
  g_assert_no_error (error);
  return values;
}

static float *
initialize (HlExecutor *executor, guint64 seed, gsize *n)
{
  g_autoptr (GError) error = NULL;

  hl_executor_initialize_weights (executor, seed, &error);
  g_assert_no_error (error);
  return read_weights (executor, n);
}

static void
test_initialize (void)
{
  g_autoptr (HlGraph) graph = NULL;
  g_autoptr (HlChoice) constant = NULL;
  const HlInitializerClass *klass = hl_initializer_class_find ("constant");
  gsize n, n_again, n_other, n_chosen;

  if (!device)
    {
      g_test_skip ("There is no OpenCL device.");
      return;
    }
  graph = make_perceptron ();
  {
    g_autoptr (HlKernelSet) set = hl_kernel_set_new (device);
    g_autoptr (HlExecutor) executor = make_executor (graph, set, TRUE, NULL);
    HlPlan *plan = hl_executor_get_plan (executor);
    g_autofree float *first = initialize (executor, 5, &n), *again = NULL, *other = NULL;

    other = initialize (executor, 6, &n_other);
    again = initialize (executor, 5, &n_again);
    g_assert_cmpmem (first, n * sizeof (float), again, n_again * sizeof (float));
    g_assert_cmpint (memcmp (first, other, n * sizeof (float)), !=, 0);
    for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
      {
        const HlPlanWeight *weight = hl_plan_get_weight (plan, i);

        for (gsize k = 0; k < weight->n; k++)
          if (g_str_equal (weight->name, "norm1.weight") || g_str_equal (weight->name, "norm1.running_var"))
            g_assert_cmpfloat (first[weight->first + k], ==, 1);
          else if (g_str_has_prefix (weight->name, "norm1."))
            g_assert_cmpfloat (first[weight->first + k], ==, 0);
          else
            /* PyTorch's linear layers start within 1 / sqrt (inputs). */
            g_assert_cmpfloat (fabsf (first[weight->first + k]), <=, 1 / sqrt (g_str_has_prefix (weight->name, "linear1") ? 15 : 40));
      }
  }
  g_assert_nonnull (klass);
  constant = hl_choice_new (&klass->base);
  hl_param_set (&klass->base.params[0], constant->params, 0.25);
  hl_graph_set_init (graph, hl_graph_find_name (graph, "linear2")->id, TRUE, constant);
  {
    g_autoptr (HlKernelSet) set = hl_kernel_set_new (device);
    g_autoptr (HlExecutor) executor = make_executor (graph, set, TRUE, NULL);
    HlPlan *plan = hl_executor_get_plan (executor);
    const HlPlanWeight *bias = hl_plan_get_weight (plan, hl_plan_get_n_weights (plan) - 1);
    const HlPlanWeight *weight = hl_plan_get_weight (plan, hl_plan_get_n_weights (plan) - 2);
    g_autofree float *chosen = initialize (executor, 5, &n_chosen);

    g_assert_cmpstr (bias->name, ==, "linear2.bias");
    for (gsize k = 0; k < bias->n; k++)
      g_assert_cmpfloat (chosen[bias->first + k], ==, 0.25);
    for (gsize k = 0; k < weight->n; k++)
      g_assert_cmpfloat (chosen[weight->first + k], !=, 0.25);
  }
}

static void
test_share (void)
{
  g_autoptr (HlGraph) graph = NULL, other = NULL;
  g_autoptr (HlKernelSet) set = NULL;
  g_autoptr (HlExecutor) trained = NULL, probe = NULL, wrong = NULL;
  g_autoptr (HlPlan) plan = NULL;
  g_autoptr (GError) error = NULL;
  HlPlanOptions options;
  g_autofree float *a = NULL, *b = NULL;
  gsize n_a, n_b;

  if (!device)
    {
      g_test_skip ("There is no OpenCL device.");
      return;
    }
  graph = make_perceptron ();
  set = hl_kernel_set_new (device);
  trained = make_executor (graph, set, TRUE, NULL);
  probe = make_executor (graph, set, FALSE, trained);
  g_assert_true (hl_executor_get_weights (probe) == hl_executor_get_weights (trained));
  g_assert_null (hl_executor_get_gradients (probe));
  g_assert_null (hl_executor_get_output_gradient (probe));
  a = initialize (trained, 3, &n_a);
  b = read_weights (probe, &n_b);
  g_assert_cmpmem (a, n_a * sizeof (float), b, n_b * sizeof (float));

  other = hl_graph_copy (graph);
  test_set_params (&hl_layer_class_find ("linear")->base,
                   hl_graph_get_params (other, hl_graph_find_name (other, "linear1")->id), "units=900");
  options = options_for_device (TRUE, FALSE);
  plan = hl_plan_new (other, &options, &error);
  g_assert_no_error (error);
  wrong = hl_executor_new (set, plan, trained, &error);
  g_assert_null (wrong);
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE);
}

static void
test_wrong_lanes (void)
{
  g_autoptr (HlGraph) graph = NULL;
  g_autoptr (HlKernelSet) set = NULL;
  g_autoptr (HlExecutor) executor = NULL;
  g_autoptr (HlPlan) plan = NULL;
  g_autoptr (GError) error = NULL;
  HlPlanOptions options;

  if (!device)
    {
      g_test_skip ("There is no OpenCL device.");
      return;
    }
  graph = make_perceptron ();
  set = hl_kernel_set_new (device);
  options = options_for_device (TRUE, TRUE);
  options.lanes = options.lanes == 16 ? 8 : 16;
  plan = hl_plan_new (graph, &options, &error);
  g_assert_no_error (error);
  executor = hl_executor_new (set, plan, NULL, &error);
  g_assert_null (executor);
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE);
}

/* What the plan tells the user beforehand is what the device then gives, but for rounding up each piece. */
static void
test_bytes (void)
{
  g_autoptr (HlGraph) graph = NULL;
  g_autoptr (HlKernelSet) set = NULL;

  if (!device)
    {
      g_test_skip ("There is no OpenCL device.");
      return;
    }
  graph = make_perceptron ();
  set = hl_kernel_set_new (device);
  for (guint training = 0; training < 2; training++)
    {
      guint64 before = hl_device_get_allocated_bytes (device), taken;
      g_autoptr (HlExecutor) executor = make_executor (graph, set, training, NULL);
      gsize planned = hl_plan_get_bytes (hl_executor_get_plan (executor), HL_MEMORY_TOTAL);

      taken = hl_device_get_allocated_bytes (device) - before;
      g_test_message ("planned %" G_GSIZE_FORMAT ", taken %" G_GUINT64_FORMAT, planned, taken);
      g_assert_cmpuint (taken, >=, planned);
      g_assert_cmpuint (taken, <, planned + 20 * 256);
    }
}

/* ---- Values ---- */

/* What a network makes of one pixel that is not a number: n values of its output for one sample of 1×4×4. */
static void
run_not_a_number (HlGraph *graph, gboolean fuse, float *values, gsize n)
{
  g_autoptr (HlKernelSet) set = hl_kernel_set_new (device);
  g_autoptr (HlExecutor) executor = NULL;
  g_autoptr (HlPlan) plan = NULL;
  g_autoptr (GError) error = NULL;
  HlPlanOptions options = options_for_device (fuse, FALSE);
  float sample[16];

  for (guint i = 0; i < G_N_ELEMENTS (sample); i++)
    sample[i] = i == 0 ? NAN : 0.5f;
  plan = hl_plan_new (graph, &options, &error);
  g_assert_no_error (error);
  executor = hl_executor_new (set, plan, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (hl_kernel_set_build (set, NULL, NULL, &error));
  g_assert_true (hl_executor_initialize_weights (executor, 1, &error));
  g_assert_true (hl_executor_write_input (executor, sample, 1, &error));
  g_assert_true (hl_executor_forward (executor, 1, FALSE, NULL, &error));
  g_assert_true (hl_executor_read (executor, hl_plan_get_output (plan)->node, FALSE, 1, values, n, &error));
  g_assert_no_error (error);
}

/* A network that has diverged must not look sound: no activation and no pooling may turn not-a-number into a number. */
static void
test_not_a_number (void)
{
  static const char input[] = "channels=1;height=4;width=4";
  g_autoptr (HlGraph) chain = hl_graph_new ();
  float values[16];
  guint32 last;

  if (!device)
    {
      g_test_skip ("There is no OpenCL device.");
      return;
    }
  for (const HlLayerClass *const *klass = hl_layer_classes (); *klass; klass++)
    {
      g_autoptr (HlGraph) graph = hl_graph_new ();
      guint32 source = hl_graph_add_node (graph, hl_layer_class_find ("input"), 0, 0);

      if (g_strcmp0 ((*klass)->base.group, "Activation") != 0)
        continue;
      g_test_message ("%s", (*klass)->base.name);
      test_set_params (&hl_layer_class_find ("input")->base, hl_graph_get_params (graph, source), input);
      add_behind (graph, source, (*klass)->base.name, NULL);
      run_not_a_number (graph, FALSE, values, 16);
      g_assert_true (isnan (values[0]));
      for (guint i = 1; i < 16; i++)
        g_assert_true (isfinite (values[i]));
    }
  last = hl_graph_add_node (chain, hl_layer_class_find ("input"), 0, 0);
  test_set_params (&hl_layer_class_find ("input")->base, hl_graph_get_params (chain, last), input);
  last = add_behind (chain, last, "conv2d", "filters=1;size_y=1;size_x=1");
  last = add_behind (chain, last, "relu", NULL);
  add_behind (chain, last, "max_pool2d", NULL);
  for (gboolean fuse = FALSE; fuse <= TRUE; fuse++)
    {
      run_not_a_number (chain, fuse, values, 4);
      g_assert_true (isnan (values[0]));
      for (guint i = 1; i < 4; i++)
        g_assert_true (isfinite (values[i]));
    }
}

static void
test_layout (void)
{
  const HlValue value = { HL_SHAPE_3 (2, 3, 5), { 1, 2, 0, 3 }, NULL };
  const guint lanes = 4, n_samples = 6;
  gsize n = hl_plan_value_length (&value.shape, &value.border, lanes, n_samples);
  g_autofree float *plain = g_new (float, n_samples * 30), *layout = g_new0 (float, n), *back = g_new0 (float, n_samples * 30);
  g_autoptr (GString) defines = g_string_new (NULL);
  gsize n_zero = 0;

  g_assert_cmpuint (n, ==, 2 * 2 * (1 + 3 + 0) * (2 + 5 + 3) * 4);
  for (guint i = 0; i < n_samples * 30; i++)
    plain[i] = i + 1;
  hl_value_from_plain (&value, lanes, n_samples, plain, layout);
  hl_value_to_plain (&value, lanes, n_samples, layout, back);
  g_assert_cmpmem (plain, n_samples * 30 * sizeof (float), back, n_samples * 30 * sizeof (float));
  for (gsize i = 0; i < n; i++)
    n_zero += layout[i] == 0;
  g_assert_cmpuint (n_zero, ==, n - n_samples * 30);
  /* Sample 5 is lane 1 of block 1; channel 1, row 2, column 4. */
  g_assert_cmpfloat (layout[(1 * 80 + 1 * 40 + (1 + 2) * 10 + 2 + 4) * 4 + 1], ==, 5 * 30 + 15 + 2 * 5 + 4 + 1);
  hl_value_append_defines (&value, "X", defines);
  g_assert_cmpstr (defines->str, ==, "X_CHANNELS=2;X_ROWS=3;X_COLUMNS=5;X_ROW=10;X_PLANE=40;X_BLOCK=80;X_ORIGIN=12;");
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  device = hl_device_open (NULL, &error);
  if (!device && !g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    g_error ("%s", error->message);
  if (device)
    prepare_cases ();
  g_test_add_func ("/executor/layout", test_layout);
  g_test_add_func ("/executor/fused", test_fused);
  g_test_add_func ("/executor/fused-away", test_fused_away);
  g_test_add_func ("/executor/initialize", test_initialize);
  g_test_add_func ("/executor/share", test_share);
  g_test_add_func ("/executor/bytes", test_bytes);
  g_test_add_func ("/executor/not-a-number", test_not_a_number);
  g_test_add_func ("/executor/wrong-lanes", test_wrong_lanes);
  result = g_test_run ();
  g_clear_pointer (&cases, g_ptr_array_unref);
  g_clear_pointer (&kernels, hl_kernel_set_free);
  g_clear_pointer (&device, hl_device_unref);
  return result;
}
