/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlPlan and HlProblem: LeNet-5's numbers, order, fusing, arenas, partial plans, and every kind of problem with its
 * sentence and its fix. */

#include <string.h>

#include "engine/graph/check.h"
#include "engine/graph/plan.h"
#include "engine/train/classes.h"
#include "tests/support/walk.h"

static const HlPlanOptions training = { .batch = 64, .lanes = 16, .compute_units = 2, .training = TRUE, .fuse = TRUE };
static const HlPlanOptions plain = { .batch = 64, .lanes = 16, .compute_units = 2, .training = TRUE };

static guint32
add_behind (HlGraph *graph, guint32 source, const char *layer, const char *params)
{
  const HlLayerClass *klass = hl_layer_class_find (layer);
  guint32 id;

  g_assert_nonnull (klass);
  id = hl_graph_add_node (graph, klass, 0, 0);
  test_set_params (&klass->base, hl_graph_get_params (graph, id), params);
  if (source)
    {
      g_autoptr (GError) error = NULL;

      hl_graph_connect (graph, source, id, 0, &error);
      g_assert_no_error (error);
    }
  return id;
}

/* The layers from the input on, one behind the other; "name" or "name params". */
static HlGraph *
make_chain (const char *const *layers, guint32 *ids)
{
  HlGraph *graph = hl_graph_new ();
  guint32 last = 0;

  for (guint i = 0; layers[i]; i++)
    {
      g_auto (GStrv) parts = g_strsplit (layers[i], " ", 2);

      last = add_behind (graph, last, parts[0], parts[1]);
      if (ids)
        ids[i] = last;
    }
  return graph;
}

static const char *const lenet[] = {
  "input", "conv2d filters=6;size_y=5;size_x=5;padding_y=2;padding_x=2", "relu", "max_pool2d",
  "conv2d filters=16;size_y=5;size_x=5", "relu", "max_pool2d", "flatten", "linear units=120", "relu",
  "linear units=84", "relu", "linear units=10", NULL
};

static HlPlan *
make_plan (const HlGraph *graph, const HlPlanOptions *options)
{
  g_autoptr (GError) error = NULL;
  HlPlan *plan = hl_plan_new (graph, options, &error);

  g_assert_no_error (error);
  return plan;
}

/* ---- Plans ---- */

static void
test_lenet (void)
{
  static const char *const shapes[] = { "1×28×28", "6×28×28", "6×28×28", "6×14×14", "16×10×10", "16×10×10", "16×5×5",
                                        "400", "120", "120", "84", "84", "10" };
  guint32 ids[13];
  g_autoptr (HlGraph) graph = make_chain (lenet, ids);
  g_autoptr (HlPlan) plan = make_plan (graph, &training);

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      HlShape shape;
      g_autofree char *text = NULL;

      g_assert_true (hl_plan_get_shape (plan, ids[i], &shape));
      text = hl_shape_to_string (&shape);
      g_assert_cmpstr (text, ==, shapes[i]);
    }
  g_assert_cmpuint (hl_plan_get_parameter_count (plan), ==, 61706);
  g_assert_cmpuint (hl_plan_get_node_parameter_count (plan, ids[1]), ==, 156);
  g_assert_cmpuint (hl_plan_get_node_parameter_count (plan, ids[4]), ==, 2416);
  g_assert_cmpuint (hl_plan_get_node_parameter_count (plan, ids[8]), ==, 48120);
  g_assert_cmpuint (hl_plan_get_node_parameter_count (plan, ids[7]), ==, 0);
  g_assert_cmpuint (hl_plan_get_multiply_adds (plan), ==, 28 * 28 * 6 * 25 + 100 * 16 * 150 + 48000 + 10080 + 840);
  g_assert_cmpuint (hl_plan_get_input (plan)->node, ==, ids[0]);
  g_assert_cmpuint (hl_plan_get_output (plan)->node, ==, ids[12]);
}

static void
test_fusing (void)
{
  guint32 ids[13];
  g_autoptr (HlGraph) graph = make_chain (lenet, ids);
  g_autoptr (HlPlan) fused = make_plan (graph, &training), separate = make_plan (graph, &plain);
  guint heads = 0;

  for (guint i = 0; i < hl_plan_get_n_steps (fused); i++)
    {
      const HlPlanStep *step = hl_plan_get_step (fused, i);

      heads += !step->fused;
      g_assert_false (hl_plan_get_step (separate, i)->fused);
      g_assert_cmpuint (hl_plan_get_step (separate, i)->tail, ==, i);
      if (step->fused)
        g_assert_cmpuint (hl_plan_get_step (fused, step->head)->tail, >=, i);
    }
  /* Input, two convolutions, flatten, three linear layers. */
  g_assert_cmpuint (heads, ==, 7);
  g_assert_cmpuint (hl_plan_find_step (fused, ids[1])->tail, ==, 3);
  g_assert_cmpuint (hl_plan_find_step (fused, ids[8])->tail, ==, 9);
  g_assert_true (hl_plan_find_step (fused, ids[7])->shares_value);
  g_assert_cmpuint (hl_plan_get_bytes (fused, HL_MEMORY_VALUES), <, hl_plan_get_bytes (separate, HL_MEMORY_VALUES));

  /* A second reader needs the value in between, so nothing may be merged over it. */
  add_behind (graph, ids[1], "sigmoid", NULL);
  g_assert_false (hl_plan_find_step (separate, ids[2])->fused);
  {
    g_autoptr (HlPlan) branched = hl_plan_new_partial (graph, &training);

    g_assert_false (hl_plan_find_step (branched, ids[2])->fused);
    g_assert_true (hl_plan_find_step (branched, ids[5])->fused);
  }
}

static void
test_arena (void)
{
  static const char *const layers[] = { "input height=5;width=5", "conv2d filters=3;size_y=3;size_x=3", "batch_norm",
                                        "flatten", "linear units=7", "batch_norm", NULL };
  static const char *const names[] = { "conv1.weight", "conv1.bias", "norm1.weight", "norm1.bias", "norm1.running_mean",
                                       "norm1.running_var", "linear1.weight", "linear1.bias", "norm2.weight",
                                       "norm2.bias", "norm2.running_mean", "norm2.running_var" };
  g_autoptr (HlGraph) graph = make_chain (layers, NULL);
  g_autoptr (HlPlan) plan = make_plan (graph, &training);
  gsize trained = hl_plan_get_trained_length (plan), all = hl_plan_get_arena_length (plan), sum = 0;

  g_assert_cmpuint (hl_plan_get_n_weights (plan), ==, G_N_ELEMENTS (names));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);

      g_assert_cmpstr (weight->name, ==, names[i]);
      g_assert_cmpuint (weight->first % HL_TENSOR_ALIGN, ==, 0);
      g_assert_cmpuint (weight->n, ==, hl_shape_get_count (&weight->spec->shape));
      if (weight->spec->kind == HL_WEIGHT_TRAINED)
        g_assert_cmpuint (weight->first + weight->n, <=, trained);
      else
        g_assert_cmpuint (weight->first, >=, trained);
      g_assert_cmpuint (weight->first + weight->n, <=, all);
      sum += (weight->n + HL_TENSOR_ALIGN - 1) / HL_TENSOR_ALIGN * HL_TENSOR_ALIGN;
      for (guint k = 0; k < i; k++)
        {
          const HlPlanWeight *other = hl_plan_get_weight (plan, k);

          g_assert_true (other->first + other->n <= weight->first || weight->first + weight->n <= other->first);
        }
    }
  g_assert_cmpuint (sum, ==, all);
  g_assert_cmpuint (hl_plan_get_bytes (plan, HL_MEMORY_WEIGHTS), ==, 4 * all);
  g_assert_cmpuint (hl_plan_get_bytes (plan, HL_MEMORY_GRADIENTS), ==, 4 * trained);
  g_assert_cmpuint (hl_plan_get_bytes (plan, HL_MEMORY_TOTAL), ==,
                    hl_plan_get_bytes (plan, HL_MEMORY_WEIGHTS) + hl_plan_get_bytes (plan, HL_MEMORY_GRADIENTS)
                      + hl_plan_get_bytes (plan, HL_MEMORY_VALUES) + hl_plan_get_bytes (plan, HL_MEMORY_WORKSPACE));
}

/* Ids decide among nodes that are ready, links between all others. */
static void
test_order (void)
{
  g_autoptr (HlGraph) graph = hl_graph_new ();
  g_autoptr (HlPlan) plan = NULL;
  g_autoptr (GError) error = NULL;
  guint32 late = add_behind (graph, 0, "add", NULL), input = add_behind (graph, 0, "input", NULL);
  guint32 b = add_behind (graph, input, "tanh", NULL), a = add_behind (graph, input, "relu", NULL);
  const guint32 expected[] = { input, b, a, late };

  hl_graph_connect (graph, a, late, 0, &error);
  hl_graph_connect (graph, b, late, 1, &error);
  g_assert_no_error (error);
  plan = make_plan (graph, &training);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpuint (hl_plan_get_step (plan, i)->node, ==, expected[i]);
  g_assert_false (hl_plan_get_step (plan, 1)->needs_gradient);
}

static void
test_partial (void)
{
  static const char *const layers[] = { "input", "conv2d", "rbf units=10", "relu", NULL };
  guint32 ids[4], lost;
  g_autoptr (HlGraph) graph = make_chain (layers, ids);
  g_autoptr (HlPlan) plan = NULL, none = NULL;
  g_autoptr (GError) error = NULL;
  HlShape shape;

  lost = add_behind (graph, 0, "tanh", NULL);
  plan = hl_plan_new_partial (graph, &training);
  g_assert_true (hl_plan_get_shape (plan, ids[1], &shape));
  g_assert_false (hl_plan_get_shape (plan, ids[2], &shape));
  g_assert_false (hl_plan_get_shape (plan, ids[3], &shape));
  g_assert_false (hl_plan_get_shape (plan, lost, &shape));
  g_assert_cmpuint (hl_plan_get_parameter_count (plan), ==, 156);
  none = hl_plan_new (graph, &training, &error);
  g_assert_null (none);
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE);
}

static void
test_lower (void)
{
  static const char *const types[] = { "Conv", "Relu", "MaxPool", "Conv", "Relu", "MaxPool", "Flatten", "Gemm", "Relu",
                                       "Gemm", "Relu", "Gemm" };
  g_autoptr (HlGraph) graph = make_chain (lenet, NULL);
  g_autoptr (HlPlan) plan = make_plan (graph, &plain);
  g_autoptr (GError) error = NULL;
  g_autoptr (HlOpList) ops = hl_plan_lower (plan, &error);
  guint n = 0;

  g_assert_no_error (error);
  for (guint i = 0; i < hl_op_list_get_n (ops); i++)
    if (!g_str_equal (hl_op_list_get (ops, i)->op_type, "Constant"))
      {
        g_assert_cmpuint (n, <, G_N_ELEMENTS (types));
        g_assert_cmpstr (hl_op_list_get (ops, i)->op_type, ==, types[n]);
        n++;
      }
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (types));
  g_assert_cmpstr (hl_op_list_get (ops, 0)->inputs[0], ==, "input");
  g_assert_cmpstr (hl_op_list_get (ops, 0)->inputs[1], ==, "conv1.weight");
  g_assert_cmpstr (hl_op_list_get (ops, 0)->outputs[0], ==, "conv1");
}

/* ---- Problems ---- */

static const HlProblem *
find_problem (GPtrArray *problems, guint32 node, const char *words)
{
  for (guint i = 0; i < problems->len; i++)
    {
      const HlProblem *problem = problems->pdata[i];

      g_test_message ("%u: %s %s", problem->node, problem->text, problem->fix ? problem->fix : "");
      if (problem->node == node && strstr (problem->text, words))
        return problem;
    }
  g_test_message ("no problem of node %u with “%s”", node, words);
  g_test_fail ();
  return NULL;
}

static void
expect (HlGraph *graph, guint32 node, HlSeverity severity, const char *words)
{
  g_autoptr (GPtrArray) problems = hl_graph_check (graph, "cross_entropy");
  const HlProblem *problem = find_problem (problems, node, words);

  if (!problem)
    return;
  g_assert_cmpint (problem->severity, ==, severity);
  g_assert_true (g_str_has_suffix (problem->text, "."));
  for (guint i = 1; i < problems->len; i++)
    g_assert_cmpint (((HlProblem *) problems->pdata[i - 1])->severity, >=, ((HlProblem *) problems->pdata[i])->severity);
}

/* Carries out the fix of the problem; it must be gone, and nothing else may come instead. */
static void
expect_fixed (HlGraph *graph, guint32 node, const char *words)
{
  g_autoptr (GPtrArray) problems = hl_graph_check (graph, "cross_entropy"), left = NULL;
  const HlProblem *problem = find_problem (problems, node, words);
  g_autoptr (GError) error = NULL;

  if (!problem)
    return;
  g_assert_nonnull (problem->fix);
  g_assert_true (hl_problem_apply_fix (problem, graph, &error));
  g_assert_no_error (error);
  left = hl_graph_check (graph, "cross_entropy");
  g_assert_cmpuint (left->len, ==, problems->len - 1);
}

static void
test_sound (void)
{
  g_autoptr (HlGraph) graph = make_chain (lenet, NULL);
  g_autoptr (GPtrArray) problems = hl_graph_check (graph, "cross_entropy");

  g_assert_cmpuint (problems->len, ==, 0);
}

static void
test_structure (void)
{
  g_autoptr (HlGraph) graph = hl_graph_new ();
  guint32 relu, input, second, add, end;

  expect (graph, 0, HL_SEVERITY_ERROR, "empty");
  relu = add_behind (graph, 0, "relu", NULL);
  expect (graph, 0, HL_SEVERITY_ERROR, "no input");
  expect (graph, relu, HL_SEVERITY_ERROR, "“relu1” gets nothing");
  hl_graph_remove_node (graph, relu);
  input = add_behind (graph, 0, "input", NULL);
  expect (graph, 0, HL_SEVERITY_ERROR, "no output");
  relu = add_behind (graph, input, "relu", NULL);
  second = add_behind (graph, 0, "input", NULL);
  expect_fixed (graph, second, "“input1” is a second input beside “input”");
  add = add_behind (graph, relu, "add", NULL);
  expect (graph, add, HL_SEVERITY_ERROR, "needs 2 inputs, but 1 of them is connected");
  hl_graph_connect (graph, input, add, 1, NULL);
  end = add_behind (graph, relu, "tanh", NULL);
  expect (graph, add, HL_SEVERITY_ERROR, "2 ends");
  expect (graph, end, HL_SEVERITY_ERROR, "“tanh1” leads nowhere");
  hl_graph_disconnect (graph, relu, 0);
  expect (graph, end, HL_SEVERITY_ERROR, "not reached from the network's input");
}

static void
test_shapes (void)
{
  static const char *const no_flatten[] = { "input", "linear units=10", NULL };
  static const char *const too_small[] = { "input height=4;width=9", "conv2d size_y=5;size_x=5", "relu", NULL };
  guint32 ids[3], narrow, add;
  g_autoptr (HlGraph) flat = make_chain (no_flatten, ids), small = make_chain (too_small, NULL);
  g_autoptr (HlGraph) clash = make_chain (lenet, NULL);

  expect (flat, ids[1], HL_SEVERITY_WARNING, "1×28×28 and connects only the 28 numbers of each row with its units, not all 784");
  expect_fixed (flat, ids[1], "“linear1” ");
  g_assert_cmpuint (hl_graph_get_n_nodes (flat), ==, 3);
  expect (small, hl_graph_find_name (small, "conv1")->id, HL_SEVERITY_ERROR, "“conv1” ");

  narrow = add_behind (clash, hl_graph_find_name (clash, "relu3")->id, "linear", "units=9");
  add = add_behind (clash, narrow, "add", NULL);
  hl_graph_connect (clash, hl_graph_find_name (clash, "linear3")->id, add, 1, NULL);
  expect (clash, add, HL_SEVERITY_ERROR, "the first is 9 and number 2 is 10");
  hl_graph_disconnect (clash, add, 0);
  hl_graph_disconnect (clash, add, 1);
  hl_graph_connect (clash, add_behind (clash, hl_graph_find_name (clash, "relu3")->id, "linear", "units=6"), add, 0, NULL);
  hl_graph_connect (clash, hl_graph_find_name (clash, "conv1")->id, add, 1, NULL);
  expect (clash, add, HL_SEVERITY_ERROR, "reshape the row to 6×1×1");
}

static void
test_habits (void)
{
  static const char *const doubled[] = { "input", "flatten", "linear units=10", "softmax", NULL };
  static const char *const biased[] = { "input", "conv2d", "batch_norm", "flatten", "linear units=10", NULL };
  static const char *const bare[] = { "input", "flatten", "linear units=30", "linear units=10", NULL };
  guint32 a[4], b[5], c[4];
  g_autoptr (HlGraph) softmax = make_chain (doubled, a), norm = make_chain (biased, b), linear = make_chain (bare, c);
  g_autoptr (GPtrArray) other_loss = hl_graph_check (softmax, "mean_squared"), no_loss = hl_graph_check (softmax, NULL);

  g_assert_cmpuint (other_loss->len, ==, 0);
  g_assert_cmpuint (no_loss->len, ==, 0);
  expect (softmax, a[3], HL_SEVERITY_WARNING, "softmax");
  expect_fixed (softmax, a[3], "softmax");
  expect (norm, b[1], HL_SEVERITY_HINT, "The bias of “conv1” has no effect");
  expect_fixed (norm, b[1], "The bias of “conv1” has no effect");
  expect (linear, c[3], HL_SEVERITY_HINT, "no more than one");
  expect_fixed (linear, c[3], "no more than one");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan/lenet", test_lenet);
  g_test_add_func ("/plan/fusing", test_fusing);
  g_test_add_func ("/plan/arena", test_arena);
  g_test_add_func ("/plan/order", test_order);
  g_test_add_func ("/plan/partial", test_partial);
  g_test_add_func ("/plan/lower", test_lower);
  g_test_add_func ("/check/sound", test_sound);
  g_test_add_func ("/check/structure", test_structure);
  g_test_add_func ("/check/shapes", test_shapes);
  g_test_add_func ("/check/habits", test_habits);
  return g_test_run ();
}
