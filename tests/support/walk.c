/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TestWalk, TestSource and small helpers of the engine's tests. */

#include "tests/support/walk.h"

#include <math.h>
#include <string.h>

#include "engine/graph/activation.h"

/* ---- Walk ---- */

TestWalk *
test_walk_new (HlPlan *plan, guint batch)
{
  TestWalk *self = g_new0 (TestWalk, 1);
  guint n = hl_plan_get_n_steps (plan), n_weights = hl_plan_get_n_weights (plan);

  self->plan = hl_plan_ref (plan);
  self->batch = batch;
  self->y = g_new0 (double *, n);
  self->dy = g_new0 (double *, n);
  self->w = g_new0 (double *, n_weights + 1);
  self->dw = g_new0 (double *, n_weights + 1);
  for (guint i = 0; i < n; i++)
    {
      gsize count = batch * hl_shape_get_count (&hl_plan_get_step (plan, i)->layer.output);

      self->y[i] = g_new0 (double, count);
      self->dy[i] = g_new0 (double, count);
    }
  for (guint i = 0; i < n_weights; i++)
    {
      self->w[i] = g_new0 (double, hl_plan_get_weight (plan, i)->n);
      self->dw[i] = g_new0 (double, hl_plan_get_weight (plan, i)->n);
    }
  return self;
}

void
test_walk_free (TestWalk *self)
{
  for (guint i = 0; i < hl_plan_get_n_steps (self->plan); i++)
    {
      g_free (self->y[i]);
      g_free (self->dy[i]);
    }
  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    {
      g_free (self->w[i]);
      g_free (self->dw[i]);
    }
  g_free (self->y);
  g_free (self->dy);
  g_free (self->w);
  g_free (self->dw);
  hl_plan_unref (self->plan);
  g_free (self);
}

void
test_walk_set_weights (TestWalk *self, const float *arena)
{
  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (self->plan, i);

      for (gsize k = 0; k < weight->n; k++)
        self->w[i][k] = arena[weight->first + k];
    }
}

void
test_walk_fill_call (TestWalk *self, guint at, HlLayerReference *call)
{
  const HlPlanStep *step = hl_plan_get_step (self->plan, at);

  *call = (HlLayerReference) { .params = step->params, .plan = &step->layer, .batch = self->batch,
                               .n_inputs = step->n_inputs, .x_shape = step->input_shape, .y = self->y[at],
                               .node = step->node };
  for (guint port = 0; port < step->n_inputs; port++)
    call->x[port] = self->y[step->input[port]];
  for (guint k = 0; k < step->layer.n_weights; k++)
    call->w[k] = self->w[step->first_weight + k];
}

void
test_walk_forward (TestWalk *self, const float *input, gboolean training, const HlRandomKey *random)
{
  for (guint i = 0; i < hl_plan_get_n_steps (self->plan); i++)
    {
      const HlPlanStep *step = hl_plan_get_step (self->plan, i);
      HlLayerReference call;

      test_walk_fill_call (self, i, &call);
      call.training = training;
      call.random = *random;
      if (step->n_inputs > 0)
        step->klass->reference (&call);
      else
        for (gsize k = 0; k < self->batch * hl_shape_get_count (&step->layer.output); k++)
          self->y[i][k] = input[k];
    }
}

/* One layer's backward; its state must not move a second time, so it works on copies of it. */
static void
step_backward (TestWalk *self, guint at, gboolean training, const HlRandomKey *random)
{
  const HlPlanStep *step = hl_plan_get_step (self->plan, at);
  double *copies[HL_MAX_WEIGHTS] = { NULL };
  HlLayerReference call;

  test_walk_fill_call (self, at, &call);
  call.training = training;
  call.random = *random;
  call.dy = self->dy[at];
  for (guint port = 0; port < step->n_inputs; port++)
    call.dx[port] = self->dy[step->input[port]];
  for (guint k = 0; k < step->layer.n_weights; k++)
    {
      guint i = step->first_weight + k;

      call.dw[k] = step->layer.weights[k].kind == HL_WEIGHT_TRAINED ? self->dw[i] : NULL;
      call.w[k] = copies[k] = g_memdup2 (self->w[i], hl_plan_get_weight (self->plan, i)->n * sizeof (double));
    }
  step->klass->reference (&call);
  for (guint k = 0; k < HL_MAX_WEIGHTS; k++)
    g_free (copies[k]);
}

void
test_walk_backward (TestWalk *self, const float *dy, gboolean training, const HlRandomKey *random)
{
  guint n = hl_plan_get_n_steps (self->plan);

  for (guint i = 0; i < n; i++)
    memset (self->dy[i], 0, self->batch * hl_shape_get_count (&hl_plan_get_step (self->plan, i)->layer.output)
                              * sizeof (double));
  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    memset (self->dw[i], 0, hl_plan_get_weight (self->plan, i)->n * sizeof (double));
  for (guint i = 0; i < n; i++)
    if (hl_plan_get_step (self->plan, i) == hl_plan_get_output (self->plan))
      for (gsize k = 0; k < self->batch * hl_shape_get_count (&hl_plan_get_step (self->plan, i)->layer.output); k++)
        self->dy[i][k] = dy[k];
  for (guint i = n; i-- > 0;)
    if (hl_plan_get_step (self->plan, i)->n_inputs > 0)
      step_backward (self, i, training, random);
}

/* ---- Source ---- */

static const HlParam source_params[] = {
  HL_INT (TestSource, first, "First", HL_UNIT_NONE, 0, 1 << 20, 0, NULL),
  HL_INT (TestSource, n_dims, "Dimensions", HL_UNIT_NONE, 1, HL_MAX_DIMS, 1, NULL),
  HL_INT (TestSource, dim0, "First dimension", HL_UNIT_NONE, 1, 1 << 20, 1, NULL),
  HL_INT (TestSource, dim1, "Second dimension", HL_UNIT_NONE, 0, 1 << 20, 0, NULL),
  HL_INT (TestSource, dim2, "Third dimension", HL_UNIT_NONE, 0, 1 << 20, 0, NULL),
  HL_INT (TestSource, dim3, "Fourth dimension", HL_UNIT_NONE, 0, 1 << 20, 0, NULL),
  HL_INT (TestSource, dim4, "Fifth dimension", HL_UNIT_NONE, 0, 1 << 20, 0, NULL),
  HL_PARAM_END
};

static gboolean
source_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
             GError **error)
{
  const TestSource *self = params;

  plan->output = (HlShape) { self->n_dims, { self->dim0, self->dim1, self->dim2, self->dim3, self->dim4 } };
  plan->n_weights = 1;
  plan->weights[0] = (HlWeightSpec) { .name = "weight", .kind = HL_WEIGHT_TRAINED, .shape = HL_SHAPE_1 (1) };
  return TRUE;
}

static gboolean
source_prepare (HlLayerCall *call, GError **error)
{
  const TestSource *self = call->params;
  HlCopy *copy = call->state = g_new0 (HlCopy, 1);
  guint plane = hl_shape_rows (&call->y->shape) * hl_shape_columns (&call->y->shape);

  g_assert_cmpuint (self->first % plane, ==, 0);
  hl_copy_prepare (copy, call, call->x[0], self->first / plane, call->y, 0, FALSE);
  return TRUE;
}

static gboolean
source_forward (const HlLayerCall *call, GError **error)
{
  return hl_copy_run (call->state, call, call->x[0], call->y, error);
}

static gboolean
source_backward (const HlLayerCall *call, GError **error)
{
  return TRUE;
}

static void
source_reference (const HlLayerReference *call)
{
  const TestSource *self = call->params;
  gsize n = hl_shape_get_count (&call->plan->output), all = hl_shape_get_count (&call->x_shape[0]);

  for (guint sample = 0; sample < call->batch; sample++)
    memcpy (call->y + sample * n, call->x[0] + sample * all + self->first, n * sizeof (double));
}

const HlLayerClass test_source_layer = {
  .base = {
    .name = "test_source",
    .title = "Source",
    .summary = "Some of the numbers in another shape.",
    .params_size = sizeof (TestSource),
    .params = source_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .plan = source_plan,
  .prepare = source_prepare,
  .forward = source_forward,
  .backward = source_backward,
  .reference = source_reference,
};

guint
test_add_sources (HlGraph *graph, const HlShape *shapes, guint32 *ids)
{
  guint32 input = hl_graph_add_node (graph, hl_layer_class_find ("input"), 0, 0);
  guint n = 0, first = 0;

  for (; n < HL_MAX_INPUTS && shapes[n].n_dims > 0; n++)
    {
      guint plane = hl_shape_rows (&shapes[n]) * hl_shape_columns (&shapes[n]);
      TestSource *params;
      gboolean linked;

      ids[n] = hl_graph_add_node (graph, &test_source_layer, 0, 0);
      linked = hl_graph_connect (graph, input, ids[n], 0, NULL);
      g_assert_true (linked);
      params = hl_graph_get_params (graph, ids[n]);
      first = (first + plane - 1) / plane * plane;
      *params = (TestSource) { first, shapes[n].n_dims, shapes[n].dim[0], shapes[n].dim[1], shapes[n].dim[2],
                                shapes[n].dim[3], shapes[n].dim[4] };
      first += hl_shape_get_count (&shapes[n]);
    }
  hl_param_set (hl_class_find_param (&hl_layer_class_find ("input")->base, "channels"),
                hl_graph_get_params (graph, input), first);
  hl_param_set (hl_class_find_param (&hl_layer_class_find ("input")->base, "height"),
                hl_graph_get_params (graph, input), 1);
  hl_param_set (hl_class_find_param (&hl_layer_class_find ("input")->base, "width"),
                hl_graph_get_params (graph, input), 1);
  return n;
}

/* ---- Helpers ---- */

void
test_set_params (const HlClass *klass, gpointer params, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text ? text : "", ";", -1);

  for (guint i = 0; parts[i]; i++)
    {
      g_auto (GStrv) pair = g_strsplit (parts[i], "=", 2);
      const HlParam *param = hl_class_find_param (klass, pair[0]);
      double value;

      g_assert_nonnull (param);
      g_assert_nonnull (pair[1]);
      if (param->kind == HL_PARAM_CHOICE)
        {
          value = g_ascii_isdigit (*pair[1]) ? g_ascii_strtod (pair[1], NULL) : -1;
          for (guint k = 0; param->choices[k]; k++)
            if (g_str_equal (param->choices[k], pair[1]))
              value = k;
        }
      else if (param->kind == HL_PARAM_BOOL)
        value = g_str_equal (pair[1], "true") || g_str_equal (pair[1], "1");
      else
        value = g_ascii_strtod (pair[1], NULL);
      hl_param_set (param, params, value);
      g_assert_cmpfloat (hl_param_get (param, params), ==, value);
    }
}

void
test_fill (float *values, gsize n, guint64 number)
{
  HlRandom random;

  hl_random_init (&random, number, HL_PURPOSE_TEST, 0);
  for (gsize i = 0; i < n; i++)
    values[i] = (float) hl_random_normal (&random);
}

void
test_fill_weights (HlPlan *plan, float *arena, guint64 number)
{
  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);
      double scale = weight->spec->fan_in > 1 ? 1 / sqrt ((double) weight->spec->fan_in) : 1;

      test_fill (arena + weight->first, weight->n, number + i);
      for (gsize k = 0; k < weight->n; k++)
        {
          float *value = &arena[weight->first + k];

          *value = (float) (g_str_equal (weight->spec->name, "running_var") ? 0.5 + fabs (*value) : scale * *value);
        }
    }
}

void
test_assert_near (const float *a, const double *b, gsize n, double tolerance, const char *what)
{
  gsize worst = 0;
  double most = -1;

  for (gsize i = 0; i < n; i++)
    {
      double error = fabs (a[i] - b[i]) / (1 + fabs (b[i]));

      if (!(error <= most))
        {
          most = isnan (error) ? INFINITY : error;
          worst = i;
        }
    }
  if (most > tolerance)
    {
      g_test_message ("%s: element %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " is %.9g instead of %.9g, off by %g", what,
                      worst, n, a[worst], b[worst], most);
      g_test_fail ();
    }
}

HlDevice *
test_open_device (void)
{
  g_autoptr (GError) error = NULL;
  HlDevice *device = hl_device_open (NULL, &error);

  if (!device && g_error_matches (error, HL_DEVICE_ERROR, HL_DEVICE_ERROR_NONE_FOUND))
    {
      g_test_skip (error->message);
      return NULL;
    }
  g_assert_no_error (error);
  return device;
}
