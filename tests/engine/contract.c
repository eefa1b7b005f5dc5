/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What every class of every family promises. A new layer with examples is tested here without a line of its own. */

#include <math.h>
#include <string.h>

#include "engine/base/params-json.h"
#include "engine/data/dataset.h"
#include "engine/train/classes.h"
#include "engine/train/gradient.h"
#include "tests/support/walk.h"

#define TOLERANCE 1e-5
#define CAPACITY 33

static const guint batches[] = { 33, 1, 5, 16, 19, 33 };

/* ---- Every class ---- */

static void
check_text (const char *text, const char *what)
{
  g_test_message ("%s", what);
  g_assert_nonnull (text);
  g_assert_cmpstr (text, !=, "");
  g_assert_true (g_utf8_validate (text, -1, NULL));
}

static void
check_tables (const HlClass *klass)
{
  check_text (klass->name, "name");
  check_text (klass->title, klass->name);
  check_text (klass->summary, klass->name);
  g_assert_true (g_str_has_suffix (klass->summary, "."));
  for (const char *p = klass->name; *p; p++)
    g_assert_true (g_ascii_islower (*p) || g_ascii_isdigit (*p) || *p == '_');
  g_assert_true ((klass->params_size > 0) == (hl_class_get_n_params (klass) > 0));
  for (const HlParam *param = klass->params; param && param->name; param++)
    {
      check_text (param->label, param->name);
      g_assert_cmpfloat (param->min, <=, param->initial);
      g_assert_cmpfloat (param->initial, <=, param->max);
      g_assert_cmpuint (param->offset, <, klass->params_size);
      g_assert_true (hl_class_find_param (klass, param->name) == param);
      if (param->kind == HL_PARAM_CHOICE)
        g_assert_cmpuint (g_strv_length ((char **) param->choices), ==, (guint) param->max + 1);
    }
}

/* Another legal value for each parameter, so that a round trip cannot pass by giving initial values back. */
static void
change_params (const HlClass *klass, gpointer params)
{
  for (const HlParam *param = klass->params; param && param->name; param++)
    {
      double value = hl_param_get (param, params);

      if (!hl_param_set (param, params, value < param->max ? MIN (value + 1, param->max) : param->min))
        g_assert_cmpfloat (param->min, ==, param->max);
    }
}

static void
check_json (const HlClass *klass)
{
  g_autofree gpointer params = hl_class_new_params (klass), read = hl_class_new_params (klass);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) json = NULL, again = NULL;
  g_autofree char *text = NULL, *text_again = NULL;

  g_assert_true (hl_class_check_params (klass, params, &error));
  g_assert_no_error (error);
  change_params (klass, params);
  g_assert_true (hl_class_check_params (klass, params, &error));
  json = hl_params_to_json (klass, params);
  text = json_to_string (json, TRUE);
  g_assert_true (hl_params_from_json (klass, read, json, "here", &error));
  g_assert_no_error (error);
  g_assert_true (hl_class_params_equal (klass, params, read));
  again = hl_params_to_json (klass, read);
  text_again = json_to_string (again, TRUE);
  g_assert_cmpstr (text, ==, text_again);

  json_object_set_int_member (json_node_get_object (json), "no_such_key", 1);
  g_assert_false (hl_params_from_json (klass, read, json, "here", &error));
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
  g_assert_nonnull (strstr (error->message, "no_such_key"));
  g_assert_nonnull (strstr (error->message, "here"));
}

static void
test_class (gconstpointer data)
{
  check_tables (data);
  check_json (data);
}

#define ADD_FAMILY(family, Type)                                                         \
  for (guint i = 0; hl_##family##_classes ()[i]; i++)                                    \
    {                                                                                    \
      const HlClass *klass = (const HlClass *) hl_##family##_classes ()[i];              \
      g_autofree char *path = g_strdup_printf ("/contract/" #family "/%s", klass->name); \
                                                                                         \
      g_assert_true (hl_##family##_class_find_base (klass->name) == klass);              \
      g_test_add_data_func (path, klass, test_class);                                    \
    }

/* ---- Layers ---- */

typedef struct
{
  const HlLayerClass *klass;
  guint number;                  /* of the example */
  char *name;
  HlGraph *graph;
  guint n_sources;
  guint32 sources[HL_MAX_INPUTS], node;
  gboolean frozen;               /* the layer is */
  HlPlan *plan;
  HlExecutor *executor;
} Case;

static HlDevice *device;
static HlKernelSet *kernels;
static GPtrArray *cases;

static void
case_free (gpointer data)
{
  Case *self = data;

  hl_executor_free (self->executor);
  hl_plan_unref (self->plan);
  hl_graph_unref (self->graph);
  g_free (self->name);
  g_free (self);
}

static Case *
case_new (const HlLayerClass *klass, guint number, gboolean frozen)
{
  HlPlanOptions options = { .batch = CAPACITY, .training = klass->backward != NULL, .keep_values = TRUE };
  const HlLayerExample *example = &klass->examples[number];
  g_autoptr (GError) error = NULL;
  Case *self = g_new0 (Case, 1);

  self->klass = klass;
  self->number = number;
  self->frozen = frozen;
  self->name = g_strdup_printf ("%s%s %s", frozen ? "frozen " : "", klass->base.name, example->params ? example->params : "");
  self->graph = hl_graph_new ();
  self->n_sources = test_add_sources (self->graph, example->x, self->sources);
  self->node = hl_graph_add_node (self->graph, klass, 0, 0);
  test_set_params (&klass->base, hl_graph_get_params (self->graph, self->node), example->params);
  for (guint i = 0; i < self->n_sources; i++)
    {
      hl_graph_connect (self->graph, self->sources[i], self->node, i, &error);
      g_assert_no_error (error);
    }
  hl_graph_set_frozen (self->graph, self->node, frozen);
  options.lanes = device ? hl_device_get_info (device)->lanes : 16;
  options.compute_units = device ? hl_device_get_info (device)->compute_units : 1;
  self->plan = hl_plan_new (self->graph, &options, &error);
  g_assert_no_error (error);
  return self;
}

/* Compiling kernels takes nearly all of this test's time: with "-p /contract/layer/NAME" only that layer's are. */
static gboolean
is_wanted (const HlLayerClass *klass, const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path ? path : "", "/", -1);

  return g_strv_length (parts) < 4 || !g_str_equal (parts[2], "layer") || g_str_equal (parts[3], klass->base.name);
}

static void
prepare_cases (const char *path)
{
  g_autoptr (GError) error = NULL;

  cases = g_ptr_array_new_with_free_func (case_free);
  for (guint i = 0; hl_layer_classes ()[i]; i++)
    {
      const HlLayerClass *klass = hl_layer_classes ()[i];

      for (guint k = 0; klass->max_inputs > 0 && is_wanted (klass, path) && klass->examples[k].x[0].n_dims > 0; k++)
        {
          Case *self = case_new (klass, k, FALSE);

          g_ptr_array_add (cases, self);
          /* Two examples are enough to show that a layer works without gradients of its weights. */
          if (k < 2 && hl_plan_find_step (self->plan, self->node)->layer.n_weights > 0)
            g_ptr_array_add (cases, case_new (klass, k, TRUE));
        }
    }
  for (guint i = 0; device && i < cases->len; i++)
    {
      Case *self = cases->pdata[i];

      self->executor = hl_executor_new (kernels, self->plan, NULL, &error);
      g_assert_no_error (error);
    }
  if (device)
    hl_kernel_set_build (kernels, NULL, NULL, &error);
  g_assert_no_error (error);
}

/* ---- Device against reference ---- */

typedef struct
{
  float *input, *dy, *arena;
  gsize n_input, n_dy, n_arena;
} Numbers;

/* Near a pole neither differences nor tolerances mean anything. */
static void
move_away_from_zero (Case *self, guint source, guint batch, float *input)
{
  const HlPlanStep *step = hl_plan_find_step (self->plan, self->sources[source]);
  gsize n = hl_shape_get_count (&step->layer.output), all = hl_shape_get_count (&hl_plan_get_input (self->plan)->layer.output);

  for (gsize i = 0; i < batch * n; i++)
    {
      float *value = &input[i / n * all + ((const TestSource *) step->params)->first + i % n];

      *value += *value < 0 ? -1 : 1;
    }
}

static Numbers
numbers_new (Case *self, guint batch, guint64 number)
{
  Numbers n;

  n.n_input = batch * hl_shape_get_count (&hl_plan_get_input (self->plan)->layer.output);
  n.n_dy = batch * hl_shape_get_count (&hl_plan_get_output (self->plan)->layer.output);
  n.n_arena = MAX (hl_plan_get_arena_length (self->plan), 1);
  n.input = g_new (float, n.n_input);
  n.dy = g_new (float, n.n_dy);
  n.arena = g_new0 (float, n.n_arena);
  test_fill (n.input, n.n_input, number);
  for (guint i = 0; i < self->n_sources; i++)
    if (self->klass->examples[self->number].away_from_zero >> i & 1)
      move_away_from_zero (self, i, batch, n.input);
  test_fill (n.dy, n.n_dy, number + 1000);
  /* As in training, where the loss is a mean over the batch: what layers sum over a batch stays near 1, which is the
   * size the tolerance is meant for. Batch 1 shows gradients of inputs at full size. */
  for (gsize i = 0; i < n.n_dy; i++)
    n.dy[i] /= batch;
  test_fill_weights (self->plan, n.arena, number + 2000);
  return n;
}

static void
numbers_clear (Numbers *self)
{
  g_free (self->input);
  g_free (self->dy);
  g_free (self->arena);
}

static void
write_value (const HlValue *value, guint n_samples, const float *plain)
{
  guint lanes = hl_device_get_info (device)->lanes;
  gsize length = hl_tensor_get_length (value->tensor);
  g_autofree float *layout = g_new0 (float, length);
  g_autoptr (GError) error = NULL;

  hl_value_from_plain (value, lanes, n_samples, plain, layout);
  hl_tensor_write (value->tensor, 0, length, layout, &error);
  g_assert_no_error (error);
}

static void
run_device (Case *self, const Numbers *n, guint batch, gboolean training, const HlRandomKey *random)
{
  g_autoptr (GError) error = NULL;

  hl_tensor_write (hl_executor_get_weights (self->executor), 0, n->n_arena, n->arena, &error);
  g_assert_no_error (error);
  hl_executor_write_input (self->executor, n->input, batch, &error);
  g_assert_no_error (error);
  if (hl_executor_get_output_gradient (self->executor))
    write_value (hl_executor_get_output_gradient (self->executor), batch, n->dy);
  hl_executor_forward (self->executor, batch, training, random, &error);
  g_assert_no_error (error);
  if (hl_executor_get_output_gradient (self->executor))
    hl_executor_backward (self->executor, &error);
  g_assert_no_error (error);
}

static float *
read_node (Case *self, guint32 node, gboolean gradient, guint batch, gsize *n)
{
  const HlPlanStep *step = hl_plan_find_step (self->plan, node);
  g_autoptr (GError) error = NULL;
  float *values;

  *n = batch * hl_shape_get_count (&step->layer.output);
  values = g_new (float, *n);
  hl_executor_read (self->executor, node, gradient, batch, values, *n, &error);
  g_assert_no_error (error);
  return values;
}

static void
compare_node (Case *self, TestWalk *walk, guint32 node, gboolean gradient, const char *what)
{
  guint at = hl_plan_find_step (self->plan, node) - hl_plan_get_step (self->plan, 0);
  g_autofree char *text = g_strdup_printf ("%s, batch %u: %s", self->name, walk->batch, what);
  gsize n;
  g_autofree float *values = read_node (self, node, gradient, walk->batch, &n);

  test_assert_near (values, gradient ? walk->dy[at] : walk->y[at], n, TOLERANCE, text);
}

static void
compare_weights (Case *self, TestWalk *walk)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (self->plan, i);
      gboolean state = weight->spec->kind == HL_WEIGHT_STATE;
      HlTensor *arena = state ? hl_executor_get_weights (self->executor) : hl_executor_get_gradients (self->executor);
      g_autofree float *values = g_new (float, weight->n);
      g_autofree char *text = g_strdup_printf ("%s, batch %u: %s%s", self->name, walk->batch,
                                               state ? "" : "gradient of ", weight->name);

      if (weight->node != self->node)
        continue;
      hl_tensor_read (arena, weight->first, weight->n, values, &error);
      g_assert_no_error (error);
      test_assert_near (values, state ? walk->w[i] : walk->dw[i], weight->n, TOLERANCE, text);
    }
}

/* Borders must stay zero; so must the lanes of gradients beyond the batch, and in values those must be finite. */
static void
check_rest (Case *self, guint32 node, gboolean gradient, guint batch)
{
  const HlValue *value = hl_executor_get_value (self->executor, node, gradient);
  guint lanes = hl_device_get_info (device)->lanes;
  guint blocks = (batch + lanes - 1) / lanes;
  gsize length = hl_tensor_get_length (value->tensor), used = (gsize) blocks * hl_value_block_step (value) * lanes;
  gsize count = hl_shape_get_count (&value->shape);
  g_autofree float *layout = g_new (float, length), *inside = g_new0 (float, length);
  g_autofree float *ones = g_new (float, blocks * lanes * count);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < blocks * lanes * count; i++)
    ones[i] = i / count < batch ? 1 : 2;
  hl_tensor_read (value->tensor, 0, length, layout, &error);
  g_assert_no_error (error);
  hl_value_from_plain (value, lanes, blocks * lanes, ones, inside);
  for (gsize i = 0; i < used; i++)
    if (inside[i] == 0 || (inside[i] == 2 && gradient))
      g_assert_cmpfloat (layout[i], ==, 0);
    else
      g_assert_true (isfinite (layout[i]));
}

static void
check_step (Case *self, guint batch, gboolean training)
{
  const HlRandomKey random = { 77, HL_PURPOSE_DROPOUT, 3 };
  Numbers n = numbers_new (self, batch, self->number * 10 + batch);
  g_autoptr (TestWalk) walk = test_walk_new (self->plan, batch);

  test_walk_set_weights (walk, n.arena);
  test_walk_forward (walk, n.input, training, &random);
  run_device (self, &n, batch, training, &random);
  compare_node (self, walk, self->node, FALSE, "output");
  check_rest (self, self->node, FALSE, batch);
  if (!self->klass->backward)
    {
      numbers_clear (&n);
      return;
    }
  test_walk_backward (walk, n.dy, training, &random);
  for (guint i = 0; i < self->n_sources; i++)
    {
      compare_node (self, walk, self->sources[i], TRUE, "gradient of input");
      check_rest (self, self->sources[i], TRUE, batch);
      check_rest (self, self->sources[i], FALSE, batch);
    }
  compare_weights (self, walk);
  numbers_clear (&n);
}

static void
check_repeatable (Case *self, guint batch)
{
  const HlRandomKey random = { 5, HL_PURPOSE_DROPOUT, 8 };
  Numbers n = numbers_new (self, batch, 99);
  gsize length = hl_tensor_get_length (hl_executor_get_gradients (self->executor)), n_y, n_dx;
  g_autofree float *y = NULL, *dx = NULL, *dw = g_new (float, length);
  g_autoptr (GError) error = NULL;

  for (guint round = 0; round < 2; round++)
    {
      g_autofree float *y_now = NULL, *dx_now = NULL, *dw_now = g_new (float, length);

      run_device (self, &n, batch, TRUE, &random);
      y_now = read_node (self, self->node, FALSE, batch, &n_y);
      dx_now = read_node (self, self->sources[0], TRUE, batch, &n_dx);
      hl_tensor_read (hl_executor_get_gradients (self->executor), 0, length, dw_now, &error);
      g_assert_no_error (error);
      if (round == 1)
        {
          g_assert_cmpmem (y, n_y * sizeof (float), y_now, n_y * sizeof (float));
          g_assert_cmpmem (dx, n_dx * sizeof (float), dx_now, n_dx * sizeof (float));
          g_assert_cmpmem (dw, length * sizeof (float), dw_now, length * sizeof (float));
        }
      else
        {
          y = g_steal_pointer (&y_now);
          dx = g_steal_pointer (&dx_now);
          memcpy (dw, dw_now, length * sizeof (float));
        }
    }
  numbers_clear (&n);
}

/* A frozen layer gives the same result and the same gradient of its input, but none of its weights, and its running
 * statistics stay as they are: it computes with them, as in evaluation. */
static void
check_frozen (Case *self, guint batch)
{
  const HlRandomKey random = { 77, HL_PURPOSE_DROPOUT, 3 };
  const HlPlanStep *step = hl_plan_find_step (self->plan, self->node);
  Numbers n = numbers_new (self, batch, self->number * 10 + batch);
  g_autoptr (TestWalk) walk = test_walk_new (self->plan, batch);
  g_autofree float *after = g_new (float, n.n_arena);
  gboolean has_state = FALSE;
  g_autoptr (GError) error = NULL;

  for (guint k = 0; k < step->layer.n_weights; k++)
    has_state |= step->layer.weights[k].kind == HL_WEIGHT_STATE;
  test_walk_set_weights (walk, n.arena);
  test_walk_forward (walk, n.input, !has_state, &random);
  test_walk_backward (walk, n.dy, !has_state, &random);
  run_device (self, &n, batch, TRUE, &random);
  compare_node (self, walk, self->node, FALSE, "output");
  for (guint i = 0; i < self->n_sources; i++)
    compare_node (self, walk, self->sources[i], TRUE, "gradient of input");
  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    g_assert_cmpint (hl_plan_get_weight (self->plan, i)->trained, ==, hl_plan_get_weight (self->plan, i)->node != self->node);
  hl_tensor_read (hl_executor_get_weights (self->executor), 0, n.n_arena, after, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (after, n.n_arena * sizeof (float), n.arena, n.n_arena * sizeof (float));
  numbers_clear (&n);
}

static void
test_device (gconstpointer data)
{
  if (!device)
    {
      g_test_skip ("There is no OpenCL device.");
      return;
    }
  for (guint i = 0; i < cases->len; i++)
    {
      Case *self = cases->pdata[i];

      if (self->klass != data)
        continue;
      if (self->frozen)
        {
          check_frozen (self, 19);
          continue;
        }
      for (guint k = 0; k < G_N_ELEMENTS (batches); k++)
        check_step (self, batches[k], self->klass->backward != NULL);
      check_step (self, 5, FALSE);
      if (self->klass->backward)
        check_repeatable (self, 19);
    }
}

/* ---- Reference against differences ---- */

/* The sum of y × dy: its derivatives are what backward gives. */
static double
evaluate (const HlLayerClass *klass, HlLayerReference *call, const double *dy, gsize n)
{
  double *saved[HL_MAX_WEIGHTS] = { NULL }, sum = 0;

  for (guint k = 0; k < call->plan->n_weights; k++)
    saved[k] = g_memdup2 (call->w[k], hl_shape_get_count (&call->plan->weights[k].shape) * sizeof (double));
  call->dy = NULL;
  klass->reference (call);
  for (gsize i = 0; i < n; i++)
    sum += call->y[i] * dy[i];
  for (guint k = 0; k < call->plan->n_weights; k++)
    {
      memcpy (call->w[k], saved[k], hl_shape_get_count (&call->plan->weights[k].shape) * sizeof (double));
      g_free (saved[k]);
    }
  return sum;
}

static void
check_differences (Case *self, HlLayerReference *call, double *values, const double *gradient, gsize n, const double *dy,
                   gsize n_y, const char *what)
{
  const double h = 1e-5;

  /* A stride that shares no factor with usual sizes looks at up to about 200 places all over. */
  for (gsize i = 0; i < n; i += MAX (1, (n / 200) | 1))
    {
      double kept = values[i], up, down, expected;

      values[i] = kept + h;
      up = evaluate (self->klass, call, dy, n_y);
      values[i] = kept - h;
      down = evaluate (self->klass, call, dy, n_y);
      values[i] = kept;
      expected = (up - down) / (2 * h);
      if (!(fabs (gradient[i] - expected) <= 1e-6 * (1 + fabs (expected))))
        {
          g_test_message ("%s: gradient %zu of %s is %.9g, differences say %.9g", self->name, i, what, gradient[i], expected);
          g_test_fail ();
        }
    }
}

static void
check_reference (Case *self, guint batch, gboolean training)
{
  const HlRandomKey random = { 7, HL_PURPOSE_DROPOUT, 1 };
  guint at = hl_plan_find_step (self->plan, self->node) - hl_plan_get_step (self->plan, 0);
  const HlPlanStep *step = hl_plan_get_step (self->plan, at);
  g_autoptr (TestWalk) walk = test_walk_new (self->plan, batch);
  Numbers n = numbers_new (self, batch, 500 + batch);
  g_autofree double *dy = g_new (double, n.n_dy);
  HlLayerReference call;

  for (gsize i = 0; i < n.n_dy; i++)
    dy[i] = n.dy[i];
  test_walk_set_weights (walk, n.arena);
  test_walk_forward (walk, n.input, training, &random);
  test_walk_set_weights (walk, n.arena);
  test_walk_backward (walk, n.dy, training, &random);
  test_walk_fill_call (walk, at, &call);
  call.training = training;
  call.random = random;
  for (guint port = 0; port < step->n_inputs; port++)
    check_differences (self, &call, walk->y[step->input[port]], walk->dy[step->input[port]],
                       batch * hl_shape_get_count (&step->input_shape[port]), dy, n.n_dy, "the input");
  for (guint k = 0; k < step->layer.n_weights; k++)
    if (step->layer.weights[k].kind == HL_WEIGHT_TRAINED)
      check_differences (self, &call, walk->w[step->first_weight + k], walk->dw[step->first_weight + k],
                         hl_shape_get_count (&step->layer.weights[k].shape), dy, n.n_dy, step->layer.weights[k].name);
  numbers_clear (&n);
}

static void
test_reference (gconstpointer data)
{
  for (guint i = 0; i < cases->len; i++)
    {
      Case *self = cases->pdata[i];

      if (self->klass != data || self->frozen)
        continue;
      check_reference (self, 3, TRUE);
      check_reference (self, 2, FALSE);
    }
}

/* Training through it must be refused in a sentence that names the node and says what to take instead. */
static void
test_no_backward (gconstpointer data)
{
  const HlLayerClass *klass = data;

  check_text (klass->backward_hint, klass->base.name);
  for (guint i = 0; i < cases->len; i++)
    {
      Case *self = cases->pdata[i];
      HlPlanOptions options = { .batch = CAPACITY, .lanes = 16, .compute_units = 1, .training = TRUE };
      g_autoptr (GError) error = NULL;

      if (self->klass != klass)
        continue;
      g_assert_null (hl_plan_new (self->graph, &options, &error));
      g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE);
      g_assert_nonnull (strstr (error->message, hl_graph_find_node (self->graph, self->node)->name));
      g_assert_nonnull (strstr (error->message, klass->backward_hint));
    }
}

/* ---- Lowering ---- */

static gboolean
is_onnx_operator (const char *name)
{
  static const char *const known[] = {
    "Add", "And", "AveragePool", "BatchNormalization", "Cast", "Ceil", "Clip", "Concat", "Constant",
    "ConstantOfShape", "Conv", "ConvTranspose", "Cos", "Div", "Dropout", "Elu", "Equal", "Erf", "Exp", "Expand",
    "Flatten", "Floor", "GRU", "Gather", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "Greater", "GreaterOrEqual",
    "HardSigmoid", "HardSwish", "Identity", "InstanceNormalization", "LRN", "LSTM", "LayerNormalization", "LeakyRelu",
    "Less", "LessOrEqual", "Log", "LogSoftmax", "MatMul", "Max", "MaxPool", "Mean", "Min", "Mul", "Neg", "Not", "Or",
    "PRelu", "Pad", "Pow", "RNN", "Range", "Reciprocal", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum",
    "ReduceSumSquare", "Relu", "Reshape", "Resize", "Selu", "Shape", "Sigmoid", "Sign", "Sin", "Slice", "Softmax",
    "Softplus", "Softsign", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "ThresholdedRelu", "Tile", "Transpose",
    "Unsqueeze", "Where", NULL
  };

  return g_strv_contains (known, name);
}

/* Every name an operator reads must have been there before: a value, a weight, or an earlier operator's result. */
static void
check_lowering (Case *self)
{
  const HlPlanStep *step = hl_plan_find_step (self->plan, self->node);
  g_autoptr (HlOpList) ops = hl_op_list_new ();
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  const char *inputs[] = { "a", "b", "c", "d", "e", "f", "g", "h", NULL };
  const char *weights[HL_MAX_WEIGHTS + 1] = { NULL };
  g_autoptr (GError) error = NULL;

  inputs[step->n_inputs] = NULL;
  for (guint i = 0; i < step->layer.n_weights; i++)
    weights[i] = hl_plan_get_weight (self->plan, step->first_weight + i)->name;
  hl_op_list_enter (ops, self->node, "layer1", inputs, weights);
  g_assert_true (self->klass->lower (step->params, &step->layer, step->n_inputs, step->input_shape, ops, &error));
  g_assert_no_error (error);
  for (guint i = 0; inputs[i]; i++)
    g_hash_table_add (names, (gpointer) inputs[i]);
  for (guint i = 0; weights[i]; i++)
    g_hash_table_add (names, (gpointer) weights[i]);
  for (guint i = 0; i < hl_op_list_get_n (ops); i++)
    {
      const HlOp *op = hl_op_list_get (ops, i);

      g_test_message ("%s: %s", self->name, op->op_type);
      g_assert_true (is_onnx_operator (op->op_type));
      for (guint k = 0; op->inputs[k]; k++)
        g_assert_true (*op->inputs[k] == '\0' || g_hash_table_contains (names, op->inputs[k]));
      for (guint k = 0; op->outputs[k]; k++)
        g_hash_table_add (names, op->outputs[k]);
    }
  g_assert_true (g_hash_table_contains (names, "layer1"));
}

static void
test_layer (gconstpointer data)
{
  const HlLayerClass *klass = data;
  g_autofree gpointer params = hl_class_new_params (&klass->base);
  guint n = 0;

  check_text (klass->base.group, klass->base.name);
  check_text (klass->base.help, klass->base.name);
  g_assert_nonnull (klass->plan);
  g_assert_nonnull (klass->lower);
  if (klass->describe)
    {
      g_autofree char *text = klass->describe (params);

      check_text (text, klass->base.name);
    }
  while (klass->examples[n].x[0].n_dims > 0)
    n++;
  g_assert_cmpuint (n, >=, 4);
  for (guint i = 0; i < cases->len; i++)
    if (((Case *) cases->pdata[i])->klass == klass)
      check_lowering (cases->pdata[i]);
}

static void
add_layer_tests (void)
{
  for (guint i = 0; hl_layer_classes ()[i]; i++)
    {
      const HlLayerClass *klass = hl_layer_classes ()[i];
      g_autofree char *layer = g_strdup_printf ("/contract/layer/%s/class", klass->base.name);
      g_autofree char *reference = g_strdup_printf ("/contract/layer/%s/reference", klass->base.name);
      g_autofree char *on_device = g_strdup_printf ("/contract/layer/%s/device", klass->base.name);

      g_test_add_data_func (layer, klass, test_layer);
      if (klass->max_inputs == 0)
        continue;
      if (klass->backward)
        g_test_add_data_func (reference, klass, test_reference);
      else
        g_test_add_data_func (reference, klass, test_no_backward);
      g_test_add_data_func (on_device, klass, test_device);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *only = argc == 3 && g_str_equal (argv[1], "-p") ? g_strdup (argv[2]) : NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  device = hl_device_open (NULL, &error);
  if (!device && !g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    g_error ("%s", error->message);
  if (device)
    kernels = hl_kernel_set_new (device);
  prepare_cases (only);
  ADD_FAMILY (layer, HlLayerClass)
  ADD_FAMILY (loss, HlLossClass)
  ADD_FAMILY (optimizer, HlOptimizerClass)
  ADD_FAMILY (schedule, HlScheduleClass)
  g_test_add_data_func ("/contract/gradient", &hl_gradient_class, test_class);
  ADD_FAMILY (initializer, HlInitializerClass)
  ADD_FAMILY (format, HlFormatClass)
  add_layer_tests ();
  result = g_test_run ();
  g_ptr_array_unref (cases);
  g_clear_pointer (&kernels, hl_kernel_set_free);
  g_clear_pointer (&device, hl_device_unref);
  return result;
}
