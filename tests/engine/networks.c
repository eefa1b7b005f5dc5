/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Random networks with branches, run by the executor and by the layers' references, with and without fusing, and with and
 * without values that share memory. */

#include <math.h>
#include <string.h>

#include "engine/graph/activation.h"
#include "tests/support/walk.h"

#define N_NETWORKS 10
/* Of them, when another vector width than the device's own is tried: building kernels takes the longest. */
#define N_FORCED 4
#define N_LAYERS 14
#define CAPACITY 21
/* Rounding adds up through a dozen layers; single layers are held to 1e-5 by contract.c. */
#define TOLERANCE 1e-4

static HlDevice *device;
static HlKernelSet *kernels;

/* ---- A layer that changes nothing but wants zeros around its input and the gradient of its output ---- */

static gboolean
fussy_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
            GError **error)
{
  plan->output = inputs[0];
  if (inputs[0].n_dims == 3)
    {
      plan->x_border[0] = (HlBorder) { 1, 2, 3, 1 };
      plan->dy_border = (HlBorder) { 2, 0, 1, 4 };
    }
  return TRUE;
}

static gboolean
fussy_prepare (HlLayerCall *call, GError **error)
{
  HlCopy *copies = call->state = g_new0 (HlCopy, 2);

  hl_copy_prepare (&copies[0], call, call->x[0], 0, call->y, 0, FALSE);
  if (call->dx[0])
    hl_copy_prepare (&copies[1], call, call->dy, 0, call->dx[0], 0, call->accumulate[0]);
  return TRUE;
}

/* It gets what it wants: whatever had that memory before, the border holds zeros only. */
static void
assert_zero_border (const HlLayerCall *call, const HlValue *value)
{
  guint row_step = hl_value_row_step (value), plane = hl_value_plane_step (value);
  gsize n = (gsize) call->n_blocks * hl_value_block_step (value) * call->lanes;
  g_autofree float *all = g_new (float, n);
  g_autoptr (GError) error = NULL;

  hl_tensor_read (value->tensor, 0, n, all, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < n; i++)
    {
      guint row = (guint) (i / call->lanes) % plane / row_step, column = (guint) (i / call->lanes) % plane % row_step;

      if (row < value->border.top || row >= value->border.top + hl_shape_rows (&value->shape)
          || column < value->border.left || column >= value->border.left + hl_shape_columns (&value->shape))
        g_assert_cmpfloat (all[i], ==, 0);
    }
}

static gboolean
fussy_forward (const HlLayerCall *call, GError **error)
{
  assert_zero_border (call, call->x[0]);
  return hl_copy_run (call->state, call, call->x[0], call->y, error);
}

static gboolean
fussy_backward (const HlLayerCall *call, GError **error)
{
  assert_zero_border (call, call->dy);
  return !call->dx[0] || hl_copy_run ((const HlCopy *) call->state + 1, call, call->dy, call->dx[0], error);
}

static void
fussy_reference (const HlLayerReference *call)
{
  gsize n = call->batch * hl_shape_get_count (&call->x_shape[0]);

  memcpy (call->y, call->x[0], n * sizeof (double));
  for (gsize i = 0; call->dy && call->dx[0] && i < n; i++)
    call->dx[0][i] += call->dy[i];
}

static const HlLayerClass fussy_layer = {
  .base = { .name = "fussy", .title = "Fussy", .summary = "Wants borders." },
  .min_inputs = 1,
  .max_inputs = 1,
  .plan = fussy_plan,
  .prepare = fussy_prepare,
  .forward = fussy_forward,
  .backward = fussy_backward,
  .reference = fussy_reference,
};

/* ---- Random networks ---- */

typedef struct { guint32 id; HlShape shape; } End;

typedef struct
{
  HlGraph *graph;
  GArray *nodes;               /* End: every node so far and its shape */
  HlRandom random;
  guint64 largest;             /* no layer gives more numbers than this */
} Maker;

static const HlShape *
shape_of (Maker *self, guint32 id)
{
  for (guint i = 0; i < self->nodes->len; i++)
    if (g_array_index (self->nodes, End, i).id == id)
      return &g_array_index (self->nodes, End, i).shape;
  g_assert_not_reached ();
}

/* Adds a layer behind the given nodes where its plan accepts them; 0 otherwise. */
static guint32
try_layer (Maker *self, const HlLayerClass *klass, const char *params, guint n, const guint32 *sources)
{
  HlPlanOptions options = { .batch = CAPACITY, .lanes = 16, .compute_units = 1, .training = TRUE };
  g_autofree gpointer values = klass ? hl_class_new_params (&klass->base) : NULL;
  HlLayerPlan plan = { .needs_x = TRUE, .needs_y = TRUE };
  HlShape shapes[HL_MAX_INPUTS];
  End end;

  if (!klass)
    return 0;
  test_set_params (&klass->base, values, params);
  for (guint i = 0; i < n; i++)
    shapes[i] = *shape_of (self, sources[i]);
  if (!klass->plan (values, &options, n, shapes, &plan, NULL) || hl_shape_get_count (&plan.output) > self->largest)
    return 0;
  end.id = hl_graph_add_node (self->graph, klass, 0, 0);
  end.shape = plan.output;
  test_set_params (&klass->base, hl_graph_get_params (self->graph, end.id), params);
  for (guint i = 0; i < n; i++)
    {
      gboolean linked = hl_graph_connect (self->graph, sources[i], end.id, i, NULL);

      g_assert_true (linked);
    }
  g_array_append_val (self->nodes, end);
  return end.id;
}

/* before: a layer put behind the last input first, so that a divisor is not near 0 and products do not grow. */
static const struct { const char *layer, *params; guint n_inputs; const char *before, *before_params; } choices[] = {
  { "relu", NULL, 1 }, { "tanh", NULL, 1 }, { "sigmoid", NULL, 1 }, { "leaky_relu", "negative_slope=0.3", 1 },
  { "batch_norm", NULL, 1 }, { "dropout", "p=0.3", 1 }, { "softmax", NULL, 1 }, { "fussy", NULL, 1 },
  { "fussy", NULL, 1 }, { "add", NULL, 2 }, { "add", NULL, 3 }, { "concat", NULL, 2 }, { "concat", NULL, 3 },
  { "concat", "axis=-1", 2 }, { "concat", "axis=1", 3 },
  { "add", NULL, 2, "slice", "axis=-1;length=1" }, { "sub", NULL, 2 }, { "mul", NULL, 2, "sigmoid" },
  { "mul", NULL, 2, "slice", "axis=0;length=1" }, { "div", NULL, 2, "clip", "min=0.5;max=3" },
  { "flatten", NULL, 1 }, { "conv2d", "filters=4;size_y=3;size_x=3;padding_y=1;padding_x=1", 1 },
  { "conv2d", "filters=3;size_y=2;size_x=3;stride_y=2;padding_x=1", 1 }, { "linear", "units=9", 1 },
  { "rbf", "units=6", 1 }, { "linear", "units=4;bias=0", 1 },
  { "max_pool2d", NULL, 1 }, { "avg_pool2d", NULL, 1 }, { "subsampling", "stride_x=1", 1 },
  { "reshape", "size_1=2;size_2=-1;size_3=5", 1 },
  { "reshape", "size_1=-1;size_2=3;size_3=2", 1 }, { "permute", "axis_1=2;axis_2=0;axis_3=1", 1 },
  { "slice", "axis=-1;start=1;length=0", 1 }, { "slice", "axis=-1;start=-1;length=0;step=-1", 1 }, { "crop", "top=1;left=1", 1 },
  { "pad", "mode=reflect;top=1;left=2;bottom=0;right=1", 1 }, { "pad", "top=0;left=1;bottom=2;right=0;value=0.5", 1 },
};

static void
add_random_layer (Maker *self)
{
  for (guint attempt = 0; attempt < 50; attempt++)
    {
      guint k = hl_random_below (&self->random, G_N_ELEMENTS (choices));
      const HlLayerClass *klass = g_str_equal (choices[k].layer, "fussy") ? &fussy_layer
                                                                         : hl_layer_class_find (choices[k].layer);
      guint32 sources[HL_MAX_INPUTS], *last = &sources[choices[k].n_inputs - 1];

      /* Recent nodes are likelier, so that networks grow deep and not only wide; one may be taken twice. */
      for (guint i = 0; i < choices[k].n_inputs; i++)
        {
          guint n = self->nodes->len, back = MIN (hl_random_below (&self->random, n), hl_random_below (&self->random, n));

          sources[i] = g_array_index (self->nodes, End, n - 1 - back).id;
        }
      if (choices[k].before && !(*last = try_layer (self, hl_layer_class_find (choices[k].before), choices[k].before_params, 1, last)))
        continue;
      if (try_layer (self, klass, choices[k].params, choices[k].n_inputs, sources))
        return;
      if (choices[k].before)
        {
          hl_graph_remove_node (self->graph, *last);
          g_array_set_size (self->nodes, self->nodes->len - 1);
        }
    }
}

static gboolean
is_read (const HlGraph *graph, guint32 node)
{
  for (guint i = 0; i < hl_graph_get_n_links (graph); i++)
    if (hl_graph_get_link (graph, i)->from == node)
      return TRUE;
  return FALSE;
}

/* Brings all loose ends together, a few at a time. */
static void
join_ends (Maker *self)
{
  self->largest = G_MAXUINT;
  for (;;)
    {
      guint32 ends[HL_MAX_INPUTS];
      guint n = 0, n_nodes = self->nodes->len;

      for (guint i = 0; i < n_nodes && n < HL_MAX_INPUTS; i++)
        if (!is_read (self->graph, g_array_index (self->nodes, End, i).id))
          ends[n++] = g_array_index (self->nodes, End, i).id;
      if (n == 1)
        return;
      for (guint i = 0; i < n; i++)
        if (shape_of (self, ends[i])->n_dims > 1)
          ends[i] = try_layer (self, hl_layer_class_find ("flatten"), NULL, 1, &ends[i]);
      if (!try_layer (self, hl_layer_class_find ("concat"), NULL, n, ends))
        g_error ("Joining failed.");
    }
}

/* Flatten beside, behind and before a layer that wants borders: it has to copy then, and so has linear between two of them; and
 * one value taken twice. */
static void
add_corners (Maker *self, guint32 source)
{
  const HlLayerClass *flatten = hl_layer_class_find ("flatten");
  guint32 fussy = try_layer (self, &fussy_layer, NULL, 1, &source);
  guint32 sum = try_layer (self, hl_layer_class_find ("add"), NULL, 3, (guint32[]) { fussy, fussy, source });
  guint32 last = try_layer (self, &fussy_layer, NULL, 1, &sum), alone;

  try_layer (self, flatten, NULL, 1, &source);
  try_layer (self, flatten, NULL, 1, &last);
  alone = try_layer (self, hl_layer_class_find ("tanh"), NULL, 1, &last);
  try_layer (self, flatten, NULL, 1, &alone);
  alone = try_layer (self, &fussy_layer, NULL, 1, &last);
  try_layer (self, flatten, NULL, 1, &alone);
  alone = try_layer (self, hl_layer_class_find ("tanh"), NULL, 1, &last);
  try_layer (self, flatten, NULL, 1, &alone);
  try_layer (self, hl_layer_class_find ("sigmoid"), NULL, 1, &alone);
  alone = try_layer (self, hl_layer_class_find ("linear"), "units=4", 1, &last);
  try_layer (self, &fussy_layer, NULL, 1, &alone);
}

static HlGraph *
make_network (guint64 number)
{
  HlShape shapes[HL_MAX_INPUTS + 1] = { HL_SHAPE_3 (2, 5, 7), HL_SHAPE_1 (11), { 0 } };
  guint32 ids[HL_MAX_INPUTS];
  Maker self = { .graph = hl_graph_new (), .nodes = g_array_new (FALSE, TRUE, sizeof (End)), .largest = 700 };
  guint n = test_add_sources (self.graph, shapes, ids);

  hl_random_init (&self.random, number, HL_PURPOSE_TEST, 9);
  for (guint i = 0; i < n; i++)
    {
      End end = { ids[i], shapes[i] };

      g_array_append_val (self.nodes, end);
    }
  if (number == 0)
    add_corners (&self, ids[0]);
  for (guint i = 0; number > 0 && i < N_LAYERS; i++)
    add_random_layer (&self);
  join_ends (&self);
  g_array_unref (self.nodes);
  hl_graph_freeze (self.graph);
  return self.graph;
}

/* ---- Running ---- */

typedef struct
{
  HlGraph *graph;
  HlPlan *plan, *fused_plan, *evaluation_plan;
  HlExecutor *executor, *fused, *evaluation;   /* the last shares the weights of the one before it */
  HlExecutor *reused, *reused_fused, *reused_evaluation;   /* the same, but values share memory */
} Network;

static Network networks[N_NETWORKS];
static guint n_networks;

static HlExecutor *
make_executor (const HlGraph *graph, gboolean training, gboolean fuse, HlExecutor *share, gboolean keep, HlPlan **plan)
{
  const HlDeviceInfo *info = hl_device_get_info (device);
  HlPlanOptions options = { CAPACITY, info->lanes, info->compute_units, training, fuse, keep };
  g_autoptr (HlPlan) made = NULL;
  g_autoptr (GError) error = NULL;
  HlExecutor *executor;

  made = hl_plan_new (graph, &options, &error);
  g_assert_no_error (error);
  executor = hl_executor_new (kernels, made, share, &error);
  g_assert_no_error (error);
  if (plan)
    *plan = g_steal_pointer (&made);
  return executor;
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
compare_values (HlExecutor *executor, TestWalk *walk, guint number, gboolean gradients)
{
  HlPlan *plan = hl_executor_get_plan (executor);

  for (guint i = 0; i < hl_plan_get_n_steps (plan); i++)
    {
      const HlPlanStep *step = hl_plan_get_step (plan, i);
      g_autofree char *what = g_strdup_printf ("network %u, batch %u, %s of %s", number, walk->batch,
                                               gradients ? "gradient" : "value",
                                               hl_graph_find_node (hl_plan_get_graph (plan), step->node)->name);
      gsize n = walk->batch * hl_shape_get_count (&step->layer.output);
      g_autofree float *values = g_new (float, n);
      g_autoptr (GError) error = NULL;

      if (!hl_executor_get_value (executor, step->node, gradients))
        continue;
      hl_executor_read (executor, step->node, gradients, walk->batch, values, n, &error);
      g_assert_no_error (error);
      test_assert_near (values, gradients ? walk->dy[i] : walk->y[i], n, TOLERANCE, what);
    }
}

static void
compare_weights (HlExecutor *executor, TestWalk *walk, guint number, gboolean state)
{
  HlPlan *plan = hl_executor_get_plan (executor);

  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);
      HlTensor *arena = state ? hl_executor_get_weights (executor) : hl_executor_get_gradients (executor);
      g_autofree char *what = g_strdup_printf ("network %u, batch %u, %s", number, walk->batch, weight->name);
      g_autofree float *values = g_new (float, weight->n);
      g_autoptr (GError) error = NULL;

      if ((weight->spec->kind == HL_WEIGHT_STATE) != state)
        continue;
      hl_tensor_read (arena, weight->first, weight->n, values, &error);
      g_assert_no_error (error);
      test_assert_near (values, state ? walk->w[i] : walk->dw[i], weight->n, TOLERANCE, what);
    }
}

static const HlRandomKey dropout_key = { 123, HL_PURPOSE_DROPOUT, 4 };

/* Weights, input and gradient of the output, then both passes. */
static void
step (HlExecutor *executor, guint batch, const float *input, const float *dy, const float *arena)
{
  g_autoptr (GError) error = NULL;

  hl_tensor_write (hl_executor_get_weights (executor), 0, hl_plan_get_arena_length (hl_executor_get_plan (executor)), arena,
                   &error);
  g_assert_no_error (error);
  hl_executor_write_input (executor, input, batch, &error);
  g_assert_no_error (error);
  write_gradient (executor, batch, dy);
  hl_executor_forward (executor, batch, TRUE, &dropout_key, &error);
  g_assert_no_error (error);
  hl_executor_backward (executor, &error);
  g_assert_no_error (error);
}

static void
assert_same_tensors (HlTensor *a, HlTensor *b)
{
  gsize n = hl_tensor_get_length (a);
  g_autofree float *x = g_new (float, n), *y = g_new (float, n);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (hl_tensor_get_length (b), ==, n);
  hl_tensor_read (a, 0, n, x, &error);
  g_assert_no_error (error);
  hl_tensor_read (b, 0, n, y, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (x, n * sizeof (float), y, n * sizeof (float));
}

/* Whether values share memory or not, the same bits come out. `kept` has just run the same. */
static void
assert_same_results (HlExecutor *kept, HlExecutor *reused, guint batch, gboolean training)
{
  const HlPlanStep *output = hl_plan_get_output (hl_executor_get_plan (kept));
  gsize n = batch * hl_shape_get_count (&output->layer.output);
  g_autofree float *x = g_new (float, n), *y = g_new (float, n);
  g_autoptr (GError) error = NULL;

  hl_executor_read (kept, output->node, FALSE, batch, x, n, &error);
  g_assert_no_error (error);
  hl_executor_read (reused, output->node, FALSE, batch, y, n, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (x, n * sizeof (float), y, n * sizeof (float));
  assert_same_tensors (hl_executor_get_weights (kept), hl_executor_get_weights (reused));
  if (training)
    assert_same_tensors (hl_executor_get_gradients (kept), hl_executor_get_gradients (reused));
}

static void
run (HlExecutor *executor, HlExecutor *reused, guint number, guint batch, TestWalk *walk, gboolean fused)
{
  HlPlan *plan = hl_executor_get_plan (executor);
  gsize n_input = batch * hl_shape_get_count (&hl_plan_get_input (plan)->layer.output);
  gsize n_dy = batch * hl_shape_get_count (&hl_plan_get_output (plan)->layer.output);
  g_autofree float *input = g_new (float, n_input), *dy = g_new (float, n_dy);
  g_autofree float *arena = g_new0 (float, hl_plan_get_arena_length (plan));

  test_fill (input, n_input, number + batch);
  test_fill (dy, n_dy, number + batch + 50);
  test_fill_weights (plan, arena, number + 100);
  test_walk_set_weights (walk, arena);
  test_walk_forward (walk, input, TRUE, &dropout_key);
  test_walk_backward (walk, dy, TRUE, &dropout_key);
  step (executor, batch, input, dy, arena);
  step (reused, batch, input, dy, arena);
  assert_same_results (executor, reused, batch, TRUE);
  compare_values (executor, walk, number, FALSE);
  /* A fused activation's gradient lies in the same place as the gradient of what it is applied to. */
  if (!fused)
    compare_values (executor, walk, number, TRUE);
  compare_weights (executor, walk, number, FALSE);
  compare_weights (executor, walk, number, TRUE);
}

/* Without a training step in between, dropout and flatten are views and batch norm uses what it has kept. */
static void
evaluate (Network *network, guint number, guint batch)
{
  const HlRandomKey random = { 0 };
  HlPlan *plan = network->evaluation_plan;
  gsize n_input = batch * hl_shape_get_count (&hl_plan_get_input (plan)->layer.output);
  g_autofree float *input = g_new (float, n_input), *arena = g_new0 (float, hl_plan_get_arena_length (plan));
  g_autoptr (TestWalk) walk = test_walk_new (network->plan, batch);
  g_autoptr (GError) error = NULL;

  test_fill (input, n_input, number + batch + 7);
  test_fill_weights (plan, arena, number + 200);
  test_walk_set_weights (walk, arena);
  test_walk_forward (walk, input, FALSE, &random);
  hl_tensor_write (hl_executor_get_weights (network->fused), 0, hl_plan_get_arena_length (plan), arena, &error);
  g_assert_no_error (error);
  hl_executor_write_input (network->evaluation, input, batch, &error);
  g_assert_no_error (error);
  hl_executor_forward (network->evaluation, batch, FALSE, NULL, &error);
  g_assert_no_error (error);
  compare_values (network->evaluation, walk, number, FALSE);
  hl_executor_write_input (network->reused_evaluation, input, batch, &error);
  g_assert_no_error (error);
  hl_executor_forward (network->reused_evaluation, batch, FALSE, NULL, &error);
  g_assert_no_error (error);
  assert_same_results (network->evaluation, network->reused_evaluation, batch, FALSE);
}

/* What values take, sharing memory or not. */
static void
compare_bytes (HlExecutor *kept, HlExecutor *reused)
{
  gsize all = hl_plan_get_bytes (hl_executor_get_plan (kept), HL_MEMORY_VALUES);
  gsize shared = hl_plan_get_bytes (hl_executor_get_plan (reused), HL_MEMORY_VALUES);

  g_test_message ("values take %zu bytes, sharing memory %zu", all, shared);
  g_assert_cmpuint (shared, <=, all);
}

static void
test_network (gconstpointer data)
{
  static const guint batches[] = { 21, 3, 16, 17, 1 };
  Network *network = &networks[GPOINTER_TO_UINT (data)];

  if (!device)
    {
      g_test_skip ("There is no OpenCL device.");
      return;
    }
  compare_bytes (network->executor, network->reused);
  compare_bytes (network->fused, network->reused_fused);
  compare_bytes (network->evaluation, network->reused_evaluation);
  for (guint i = 0; i < G_N_ELEMENTS (batches); i++)
    {
      g_autoptr (TestWalk) walk = test_walk_new (network->plan, batches[i]);

      run (network->executor, network->reused, GPOINTER_TO_UINT (data), batches[i], walk, FALSE);
      run (network->fused, network->reused_fused, GPOINTER_TO_UINT (data), batches[i], walk, TRUE);
      evaluate (network, GPOINTER_TO_UINT (data), batches[i]);
    }
}

static void
make_networks (void)
{
  g_autoptr (GError) error = NULL;

  kernels = hl_kernel_set_new (device);
  for (guint i = 0; i < n_networks; i++)
    {
      networks[i].graph = make_network (i);
      networks[i].executor = make_executor (networks[i].graph, TRUE, FALSE, NULL, TRUE, &networks[i].plan);
      networks[i].fused = make_executor (networks[i].graph, TRUE, TRUE, NULL, TRUE, &networks[i].fused_plan);
      networks[i].evaluation = make_executor (networks[i].graph, FALSE, TRUE, networks[i].fused, TRUE,
                                              &networks[i].evaluation_plan);
      networks[i].reused = make_executor (networks[i].graph, TRUE, FALSE, NULL, FALSE, NULL);
      networks[i].reused_fused = make_executor (networks[i].graph, TRUE, TRUE, NULL, FALSE, NULL);
      networks[i].reused_evaluation = make_executor (networks[i].graph, FALSE, TRUE, networks[i].fused, FALSE, NULL);
    }
  hl_kernel_set_build (kernels, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
free_networks (void)
{
  for (guint i = 0; i < n_networks; i++)
    {
      hl_executor_free (networks[i].reused);
      hl_executor_free (networks[i].reused_fused);
      hl_executor_free (networks[i].reused_evaluation);
      hl_executor_free (networks[i].executor);
      hl_executor_free (networks[i].fused);
      hl_executor_free (networks[i].evaluation);
      hl_plan_unref (networks[i].plan);
      hl_plan_unref (networks[i].fused_plan);
      hl_plan_unref (networks[i].evaluation_plan);
      hl_graph_unref (networks[i].graph);
    }
  hl_kernel_set_free (kernels);
  hl_device_unref (device);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  n_networks = g_getenv ("HILLOCK_LANES") ? N_FORCED : N_NETWORKS;
  device = hl_device_open (NULL, &error);
  if (!device && !g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    g_error ("%s", error->message);
  if (device)
    make_networks ();
  for (guint i = 0; i < n_networks; i++)
    {
      g_autofree char *path = g_strdup_printf ("/networks/%u", i);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_network);
    }
  result = g_test_run ();
  if (device)
    free_networks ();
  return result;
}
