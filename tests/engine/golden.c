/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What PyTorch computes (tests/golden, made by tests/tools/make-golden.py): every layer forward and backward, both by its
 * definition in double and on the device; optimizers; schedules. (Losses: golden-losses.c.) Errors are relative to the
 * largest value of a tensor. */

#include <math.h>
#include <string.h>

#include "engine/base/params-json.h"
#include "engine/train/recipe.h"
#include "tests/support/golden.h"
#include "tests/support/walk.h"

#define TOLERANCE 1e-5
/* The definitions are computed in double: what is left is that the file holds floats. */
#define REFERENCE_TOLERANCE 1e-6

static HlDevice *device;

/* ---- Layers ---- */

typedef struct
{
  GoldenFile *file;
  guint number;
  JsonObject *info;
  const HlLayerClass *klass;
  guint batch, n_inputs;
  gboolean training;
  HlGraph *graph;
  guint32 sources[HL_MAX_INPUTS], node;
  HlPlan *plan;
  HlExecutor *executor;
  float *arena;
} Case;

static void
case_free (Case *self)
{
  hl_executor_free (self->executor);
  hl_plan_unref (self->plan);
  hl_graph_unref (self->graph);
  g_free (self->arena);
  g_free (self);
}

static char *
tensor_name (const Case *self, const char *format, ...)
{
  g_autofree char *rest = NULL;
  va_list arguments;

  va_start (arguments, format);
  rest = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return g_strdup_printf ("%u.%s", self->number, rest);
}

static void
make_graph (Case *self)
{
  HlShape shapes[HL_MAX_INPUTS + 1] = { 0 };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < self->n_inputs; i++)
    {
      g_autofree char *name = tensor_name (self, "x%u", i);
      const HlTensorFileEntry *entry = golden_file_entry (self->file, name);

      g_assert_cmpuint (entry->dim[0], ==, self->batch);
      shapes[i].n_dims = entry->n_dims - 1;
      for (guint d = 1; d < entry->n_dims; d++)
        shapes[i].dim[d - 1] = (guint) entry->dim[d];
    }
  self->graph = hl_graph_new ();
  test_add_sources (self->graph, shapes, self->sources);
  self->node = hl_graph_add_node (self->graph, self->klass, 0, 0);
  hl_params_from_json (&self->klass->base, hl_graph_get_params (self->graph, self->node),
                       json_object_get_member (self->info, "params"), "params", &error);
  g_assert_no_error (error);
  for (guint i = 0; i < self->n_inputs; i++)
    g_assert_true (hl_graph_connect (self->graph, self->sources[i], self->node, i, NULL));
  hl_graph_freeze (self->graph);
}

static HlPlan *
make_plan (Case *self)
{
  HlPlanOptions options = {
    .batch = self->batch, .lanes = hl_device_get_info (device)->lanes,
    .compute_units = hl_device_get_info (device)->compute_units, .training = self->training, .keep_values = TRUE,
  };
  g_autoptr (GError) error = NULL;
  HlPlan *plan = hl_plan_new (self->graph, &options, &error);

  g_assert_no_error (error);
  return plan;
}

static Case *
case_new (GoldenFile *file, guint number, HlKernelSet *kernels)
{
  Case *self = g_new0 (Case, 1);
  g_autoptr (GError) error = NULL;

  self->file = file;
  self->number = number;
  self->info = golden_file_get_case (file, number);
  self->klass = hl_layer_class_find (json_object_get_string_member (self->info, "layer"));
  self->batch = (guint) json_object_get_int_member (self->info, "batch");
  self->n_inputs = (guint) json_object_get_int_member (self->info, "inputs");
  self->training = json_object_get_boolean_member (self->info, "training");
  g_assert_nonnull (self->klass);
  make_graph (self);
  self->plan = make_plan (self);
  self->executor = hl_executor_new (kernels, self->plan, NULL, &error);
  g_assert_no_error (error);
  self->arena = g_new0 (float, hl_plan_get_arena_length (self->plan));
  return self;
}

/* The plan's weights of the layer under test, in `what` ("w", "dw", "after"); NULL name ends. */
static const HlPlanWeight *
next_weight (Case *self, guint *i)
{
  for (; *i < hl_plan_get_n_weights (self->plan); (*i)++)
    if (hl_plan_get_weight (self->plan, *i)->node == self->node)
      return hl_plan_get_weight (self->plan, (*i)++);
  return NULL;
}

static void
load_weights (Case *self)
{
  const HlPlanWeight *weight;

  for (guint i = 0; (weight = next_weight (self, &i)) != NULL;)
    {
      g_autofree char *name = tensor_name (self, "w.%s", weight->spec->name);
      g_autofree float *values = golden_file_read (self->file, name, weight->n);

      memcpy (self->arena + weight->first, values, weight->n * sizeof *values);
    }
}

/* Samples as the input node takes them: the rows of every source one after the other. */
static float *
make_input (Case *self)
{
  gsize length = hl_shape_get_count (&hl_plan_get_input (self->plan)->layer.output);
  float *input = g_new0 (float, self->batch * length);

  for (guint i = 0; i < self->n_inputs; i++)
    {
      const TestSource *source = hl_plan_find_step (self->plan, self->sources[i])->params;
      gsize n = hl_shape_get_count (&hl_plan_find_step (self->plan, self->sources[i])->layer.output);
      g_autofree char *name = tensor_name (self, "x%u", i);
      g_autofree float *values = golden_file_read (self->file, name, self->batch * n);

      for (guint sample = 0; sample < self->batch; sample++)
        memcpy (input + sample * length + source->first, values + sample * n, n * sizeof *values);
    }
  return input;
}

static void
compare_wide (Case *self, const char *name, const double *values, gsize n)
{
  golden_file_compare (self->file, name, values, n, REFERENCE_TOLERANCE);
}

static void
compare_floats (Case *self, const char *name, const float *values, gsize n)
{
  g_autofree double *wide = g_new (double, n);

  for (gsize i = 0; i < n; i++)
    wide[i] = values[i];
  golden_file_compare (self->file, name, wide, n, TOLERANCE);
}

/* ---- The definition ---- */

static void
check_reference (Case *self, const float *input, const float *dy)
{
  g_autoptr (TestWalk) walk = test_walk_new (self->plan, self->batch);
  const HlPlanStep *step = hl_plan_find_step (self->plan, self->node), *first = hl_plan_get_step (self->plan, 0);
  const HlRandomKey random = { 1, HL_PURPOSE_DROPOUT, 0 };
  const HlPlanWeight *weight;
  g_autofree char *y = tensor_name (self, "y");

  test_walk_set_weights (walk, self->arena);
  test_walk_forward (walk, input, self->training, &random);
  compare_wide (self, y, walk->y[step - first], self->batch * hl_shape_get_count (&step->layer.output));
  for (guint i = 0; self->training && (weight = next_weight (self, &i)) != NULL;)
    if (weight->spec->kind == HL_WEIGHT_STATE)
      {
        g_autofree char *name = tensor_name (self, "after.%s", weight->spec->name);

        compare_wide (self, name, walk->w[i - 1], weight->n);
      }
  if (!self->training)
    return;
  test_walk_set_weights (walk, self->arena);
  test_walk_backward (walk, dy, TRUE, &random);
  for (guint i = 0; i < self->n_inputs; i++)
    {
      const HlPlanStep *source = hl_plan_find_step (self->plan, self->sources[i]);
      g_autofree char *name = tensor_name (self, "dx%u", i);

      compare_wide (self, name, walk->dy[source - first], self->batch * hl_shape_get_count (&source->layer.output));
    }
  for (guint i = 0; (weight = next_weight (self, &i)) != NULL;)
    if (weight->spec->kind == HL_WEIGHT_TRAINED)
      {
        g_autofree char *name = tensor_name (self, "dw.%s", weight->spec->name);

        compare_wide (self, name, walk->dw[i - 1], weight->n);
      }
}

/* ---- The device ---- */

static void
run_device (Case *self, const float *input, const float *dy)
{
  const HlRandomKey random = { 1, HL_PURPOSE_DROPOUT, 0 };
  const HlValue *gradient = hl_executor_get_output_gradient (self->executor);
  guint lanes = hl_device_get_info (device)->lanes;
  g_autoptr (GError) error = NULL;

  hl_tensor_write (hl_executor_get_weights (self->executor), 0, hl_plan_get_arena_length (self->plan), self->arena, &error);
  g_assert_no_error (error);
  g_assert_true (hl_executor_write_input (self->executor, input, self->batch, &error));
  g_assert_true (hl_executor_forward (self->executor, self->batch, self->training, &random, &error));
  if (self->training)
    {
      gsize n = hl_tensor_get_length (gradient->tensor);
      g_autofree float *laid_out = g_new0 (float, n);

      hl_value_from_plain (gradient, lanes, self->batch, dy, laid_out);
      hl_tensor_write (gradient->tensor, 0, n, laid_out, &error);
      g_assert_no_error (error);
      g_assert_true (hl_executor_backward (self->executor, &error));
    }
}

static void
compare_value (Case *self, guint32 node, gboolean gradient, const char *name)
{
  gsize n = self->batch * hl_shape_get_count (&hl_plan_find_step (self->plan, node)->layer.output);
  g_autofree float *values = g_new (float, n);
  g_autoptr (GError) error = NULL;

  hl_executor_read (self->executor, node, gradient, self->batch, values, n, &error);
  g_assert_no_error (error);
  compare_floats (self, name, values, n);
}

static void
compare_arena (Case *self, HlTensor *arena, HlWeightKind kind, const char *what)
{
  gsize n = hl_tensor_get_length (arena);
  g_autofree float *values = g_new (float, n);
  const HlPlanWeight *weight;

  g_assert_true (hl_tensor_read (arena, 0, n, values, NULL));
  for (guint i = 0; (weight = next_weight (self, &i)) != NULL;)
    if (weight->spec->kind == kind)
      {
        g_autofree char *name = tensor_name (self, "%s.%s", what, weight->spec->name);

        compare_floats (self, name, values + weight->first, weight->n);
      }
}

static void
check_device (Case *self, const float *input, const float *dy)
{
  g_autofree char *y = tensor_name (self, "y");

  run_device (self, input, dy);
  compare_value (self, self->node, FALSE, y);
  if (!self->training)
    return;
  for (guint i = 0; i < self->n_inputs; i++)
    {
      g_autofree char *name = tensor_name (self, "dx%u", i);

      compare_value (self, self->sources[i], TRUE, name);
    }
  compare_arena (self, hl_executor_get_gradients (self->executor), HL_WEIGHT_TRAINED, "dw");
  compare_arena (self, hl_executor_get_weights (self->executor), HL_WEIGHT_STATE, "after");
}

static void
test_layers (gconstpointer data)
{
  g_autoptr (GoldenFile) file = golden_file_open (data);
  g_autoptr (HlKernelSet) kernels = NULL;
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func ((GDestroyNotify) case_free);
  g_autoptr (GError) error = NULL;

  if (device == NULL)
    {
      g_test_skip ("There is no OpenCL device.");
      return;
    }
  kernels = hl_kernel_set_new (device);
  for (guint i = 0; i < golden_file_get_n_cases (file); i++)
    g_ptr_array_add (cases, case_new (file, i, kernels));
  hl_kernel_set_build (kernels, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < cases->len; i++)
    {
      Case *self = cases->pdata[i];
      gsize n = self->batch * hl_shape_get_count (&hl_plan_get_output (self->plan)->layer.output);
      g_autofree char *name = tensor_name (self, "dy");
      g_autofree float *dy = self->training ? golden_file_read (file, name, n) : NULL, *input = NULL;

      g_test_message ("case %u: %s", i, self->klass->base.name);
      load_weights (self);
      input = make_input (self);
      check_reference (self, input, dy);
      check_device (self, input, dy);
    }
  golden_file_assert_all_used (file);
}

/* PyTorch's random numbers are not ours: training dropout is held to what it promises instead. */
static void
test_dropout (void)
{
  g_autoptr (HlGraph) graph = hl_graph_new ();
  g_autoptr (HlKernelSet) kernels = NULL;
  g_autoptr (HlPlan) plan = NULL;
  g_autoptr (HlExecutor) executor = NULL;
  g_autoptr (GError) error = NULL;
  guint32 source, node;
  gsize n = 64 * 400, n_zero = 0;
  g_autofree float *x = g_new (float, n), *y = g_new (float, n), *again = g_new (float, n);
  HlPlanOptions options = { .batch = 64, .training = TRUE, .keep_values = TRUE };
  HlRandomKey random = { 1, HL_PURPOSE_DROPOUT, 0 };

  if (device == NULL)
    {
      g_test_skip ("There is no OpenCL device.");
      return;
    }
  options.lanes = hl_device_get_info (device)->lanes;
  options.compute_units = hl_device_get_info (device)->compute_units;
  test_add_sources (graph, (const HlShape[]) { HL_SHAPE_1 (400), { 0 } }, &source);
  node = hl_graph_add_node (graph, hl_layer_class_find ("dropout"), 0, 0);
  test_set_params (&hl_layer_class_find ("dropout")->base, hl_graph_get_params (graph, node), "p=0.3");
  g_assert_true (hl_graph_connect (graph, source, node, 0, &error));
  hl_graph_freeze (graph);
  plan = hl_plan_new (graph, &options, &error);
  g_assert_no_error (error);
  kernels = hl_kernel_set_new (device);
  executor = hl_executor_new (kernels, plan, NULL, &error);
  hl_kernel_set_build (kernels, NULL, NULL, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < n; i++)
    x[i] = (float) (1 + i % 7);
  for (guint step = 0; step < 2; step++)
    {
      random.epoch = step;
      g_assert_true (hl_executor_write_input (executor, x, 64, &error));
      g_assert_true (hl_executor_forward (executor, 64, TRUE, &random, &error));
      g_assert_true (hl_executor_read (executor, node, FALSE, 64, step == 0 ? y : again, n, &error));
    }
  for (gsize i = 0; i < n; i++)
    {
      n_zero += y[i] == 0;
      g_assert_true (y[i] == 0 || fabs (y[i] - x[i] / 0.7) <= 1e-5 * x[i]);
    }
  /* Five standard errors of a share of 0.3. */
  g_assert_cmpfloat (fabs ((double) n_zero / (double) n - 0.3), <=, 5 * sqrt (0.3 * 0.7 / (double) n));
  g_assert_true (memcmp (y, again, n * sizeof *y) != 0);
}

/* ---- Optimizers: their definitions. (The device against these is the business of the optimizers test.) ---- */

static void
run_optimizer (GoldenFile *file, guint number)
{
  JsonObject *info = golden_file_get_case (file, number);
  const HlOptimizerClass *klass = hl_optimizer_class_find (json_object_get_string_member (info, "optimizer"));
  g_autofree void *params = hl_class_new_params (&klass->base);
  g_autofree char *start = g_strdup_printf ("%u.start", number), *gradients = g_strdup_printf ("%u.gradients", number);
  g_autofree char *after = g_strdup_printf ("%u.after", number);
  gsize n_steps = golden_file_entry (file, gradients)->dim[0], n = golden_file_entry (file, start)->n;
  g_autofree float *w0 = golden_file_read (file, start, n), *g32 = golden_file_read (file, gradients, n_steps * n);
  g_autofree double *w = g_new (double, n), *g = g_new (double, n), *all = g_new (double, n_steps * n);
  double *slots[3];
  g_autoptr (GError) error = NULL;

  hl_params_from_json (&klass->base, params, json_object_get_member (info, "params"), "params", &error);
  g_assert_no_error (error);
  for (guint k = 0; k < 3; k++)
    slots[k] = g_new0 (double, n);
  for (gsize i = 0; i < n; i++)
    w[i] = w0[i];
  for (gsize step = 0; step < n_steps; step++)
    {
      for (gsize i = 0; i < n; i++)
        g[i] = g32[step * n + i];
      klass->reference (params, step + 1, 1, n, w, g, slots);
      memcpy (all + step * n, w, n * sizeof *w);
    }
  golden_file_compare (file, after, all, n_steps * n, REFERENCE_TOLERANCE);
  for (guint k = 0; k < 3; k++)
    g_free (slots[k]);
}

static void
test_optimizers (void)
{
  g_autoptr (GoldenFile) file = golden_file_open ("optimizer");

  for (guint i = 0; i < golden_file_get_n_cases (file); i++)
    run_optimizer (file, i);
  golden_file_assert_all_used (file);
}

/* ---- Penalties and clipping ---- */

static void
run_gradient (GoldenFile *file, guint number)
{
  g_autofree char *w_name = g_strdup_printf ("%u.w", number), *g_name = g_strdup_printf ("%u.g", number);
  g_autofree char *after = g_strdup_printf ("%u.after", number);
  gsize n = golden_file_entry (file, w_name)->n;
  g_autofree float *w32 = golden_file_read (file, w_name, n), *g32 = golden_file_read (file, g_name, n);
  g_autofree double *w = g_new (double, n), *g = g_new (double, n);
  g_autoptr (GError) error = NULL;
  HlGradientParams params;

  hl_params_from_json (&hl_gradient_class, &params, json_object_get_member (golden_file_get_case (file, number), "params"),
                       "params", &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < n; i++)
    {
      w[i] = w32[i];
      g[i] = g32[i];
    }
  hl_gradient_reference (&params, n, w, g);
  golden_file_compare (file, after, g, n, REFERENCE_TOLERANCE);
}

static void
test_gradients (void)
{
  g_autoptr (GoldenFile) file = golden_file_open ("gradient");

  for (guint i = 0; i < golden_file_get_n_cases (file); i++)
    run_gradient (file, i);
  golden_file_assert_all_used (file);
}

/* ---- Schedules ---- */

static void
run_schedule (GoldenFile *file, guint number)
{
  JsonObject *info = golden_file_get_case (file, number);
  const HlClass *klass = hl_schedule_class_find_base (json_object_get_string_member (info, "schedule"));
  guint64 per_epoch = json_object_get_int_member (info, "steps_per_epoch");
  guint epochs = json_object_get_int_member (info, "epochs");
  g_autofree char *losses = g_strdup_printf ("%u.losses", number), *factors = g_strdup_printf ("%u.factors", number);
  g_autofree float *loss = golden_file_read (file, losses, epochs);
  g_autofree double *all = g_new (double, per_epoch * epochs);
  g_autoptr (HlRecipe) recipe = hl_recipe_new ();
  HlScheduleState state = HL_SCHEDULE_STATE_INIT;
  HlScheduleTime time = { 0, per_epoch * epochs, per_epoch };
  g_autoptr (GError) error = NULL;

  hl_choice_free (recipe->schedule);
  recipe->schedule = hl_choice_new (klass);
  hl_params_from_json (klass, recipe->schedule->params, json_object_get_member (info, "params"), "params", &error);
  g_assert_no_error (error);
  recipe->warm_up_steps = json_object_get_int_member (info, "warm_up_steps");
  recipe->warm_up_start = json_object_get_double_member (info, "warm_up_start");
  g_test_message ("%u: %s", number, klass->name);
  for (; time.step < time.n_steps; time.step++)
    {
      if (time.step > 0 && time.step % per_epoch == 0)
        hl_recipe_observe (recipe, &state, time.step, loss[time.step / per_epoch - 1]);
      all[time.step] = hl_recipe_get_factor (recipe, &state, &time);
    }
  golden_file_compare (file, factors, all, time.n_steps, REFERENCE_TOLERANCE);
}

static void
test_schedules (void)
{
  g_autoptr (GoldenFile) file = golden_file_open ("schedule");

  for (guint i = 0; i < golden_file_get_n_cases (file); i++)
    run_schedule (file, i);
  golden_file_assert_all_used (file);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* One test for each file in tests/golden/layers. */
static GPtrArray *
list_layer_files (void)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "layers", NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  g_assert_nonnull (folder);
  while ((name = g_dir_read_name (folder)) != NULL)
    if (g_str_has_suffix (name, ".safetensors"))
      g_ptr_array_add (names, g_strdup_printf ("layers/%.*s", (int) (strlen (name) - strlen (".safetensors")), name));
  g_ptr_array_sort (names, compare_names);
  g_assert_cmpuint (names->len, >, 0);
  return names;
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) layer_files = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  device = hl_device_open (NULL, NULL);
  layer_files = list_layer_files ();
  for (guint i = 0; i < layer_files->len; i++)
    {
      g_autofree char *path = g_strdup_printf ("/golden/%s", (char *) layer_files->pdata[i]);

      g_test_add_data_func (path, layer_files->pdata[i], test_layers);
    }
  g_test_add_func ("/golden/layers/dropout", test_dropout);
  g_test_add_func ("/golden/optimizers", test_optimizers);
  g_test_add_func ("/golden/gradients", test_gradients);
  g_test_add_func ("/golden/schedules", test_schedules);
  result = g_test_run ();
  g_clear_pointer (&device, hl_device_unref);
  return result;
}
