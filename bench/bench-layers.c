/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench-layers [LAYER]...: how near each layer comes to what the device can do. First the device's own peak is measured: products
 * in registers and copies of memory. The least time a call can take is the longer of its products at that peak and of its
 * values (read or written once each) at that speed; the share is that time by the measured one. Layers below 60 % are marked. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/walk.h"

#define BATCH 64               /* but where a case has its own */
#define MARKED 0.6
/* Seconds that one measurement takes, and how many there are; the fastest counts, since others may be using the machine. */
#define SECONDS 0.02
#define ROUNDS 7

#define PEAK_CHAINS 12
#define PEAK_TURNS 20000
#define COPY_VECTORS 1024
#define COPY_BYTES (96u << 20)

typedef struct { const char *layer, *params; HlShape x[3]; guint batch; } Case;

static const Case cases[] = {
  { "relu", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "leaky_relu", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "elu", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "silu", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "gelu", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "sigmoid", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "tanh", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "selu", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "prelu", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "softplus", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "softsign", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "threshold", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "clip", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "gaussian", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "hard_sigmoid", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "hard_tanh", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "scaled_tanh", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "softmax", NULL, { HL_SHAPE_1 (1000) } },
  { "log_softmax", NULL, { HL_SHAPE_1 (1000) } },
  { "dropout", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "dropout2d", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "batch_norm", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "layer_norm", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "instance_norm", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "group_norm", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "lrn", NULL, { HL_SHAPE_3 (64, 27, 27) } },
  { "max_pool1d", NULL, { HL_SHAPE_2 (64, 1024) } },
  { "avg_pool1d", NULL, { HL_SHAPE_2 (64, 1024) } },
  { "global_max_pool", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "global_avg_pool", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "max_pool2d", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "max_pool2d", "size_y=3;size_x=3", { HL_SHAPE_3 (64, 55, 55) } },
  { "avg_pool2d", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "subsampling", NULL, { HL_SHAPE_3 (64, 32, 32) } },
  { "add", NULL, { HL_SHAPE_3 (64, 32, 32), HL_SHAPE_3 (64, 32, 32) } },
  { "sub", NULL, { HL_SHAPE_3 (64, 32, 32), HL_SHAPE_3 (64, 32, 32) } },
  { "mul", NULL, { HL_SHAPE_3 (64, 32, 32), HL_SHAPE_3 (64, 32, 32) } },
  { "mul", NULL, { HL_SHAPE_3 (64, 32, 32), HL_SHAPE_3 (64, 1, 1) } },
  { "mul", NULL, { HL_SHAPE_3 (64, 32, 32), HL_SHAPE_3 (1, 32, 32) } },
  { "div", NULL, { HL_SHAPE_3 (64, 32, 32), HL_SHAPE_3 (64, 32, 32) } },
  { "concat", NULL, { HL_SHAPE_3 (64, 32, 32), HL_SHAPE_3 (64, 32, 32) } },
  { "concat", "axis=-1", { HL_SHAPE_3 (64, 32, 32), HL_SHAPE_3 (64, 32, 32) } },
  { "permute", "axis_1=1;axis_2=2;axis_3=0", { HL_SHAPE_3 (64, 32, 32) } },
  { "slice", "length=32", { HL_SHAPE_3 (64, 32, 32) } },
  { "pad", "top=1;bottom=1;left=1;right=1", { HL_SHAPE_3 (64, 32, 32) } },
  { "crop", "top=1;bottom=1;left=1;right=1", { HL_SHAPE_3 (64, 32, 32) } },
  { "linear", "units=1024", { HL_SHAPE_1 (1024) } },
  { "linear", "units=10", { HL_SHAPE_1 (4096) } },
  { "linear", "units=120", { HL_SHAPE_1 (400) } },
  { "linear", "units=64", { HL_SHAPE_2 (28, 128) } },
  { "rbf", "units=64", { HL_SHAPE_1 (128) } },
  { "conv2d", "filters=6;padding_y=2;padding_x=2", { HL_SHAPE_3 (1, 28, 28) } },
  { "conv2d", "filters=16", { HL_SHAPE_3 (6, 14, 14) } },
  { "conv2d", "filters=64;size_y=3;size_x=3;padding_y=1;padding_x=1", { HL_SHAPE_3 (3, 32, 32) } },
  { "conv2d", "filters=64;size_y=3;size_x=3;padding_y=1;padding_x=1", { HL_SHAPE_3 (64, 32, 32) } },
  { "conv2d", "filters=128;size_y=3;size_x=3;padding_y=1;padding_x=1", { HL_SHAPE_3 (128, 16, 16) } },
  { "conv2d", "filters=256;size_y=3;size_x=3;padding_y=1;padding_x=1", { HL_SHAPE_3 (256, 8, 8) } },
  { "conv2d", "filters=64;size_y=1;size_x=1", { HL_SHAPE_3 (64, 32, 32) } },
  { "conv2d", "filters=64;size_y=3;size_x=3;padding_y=1;padding_x=1;stride_y=2;stride_x=2", { HL_SHAPE_3 (64, 32, 32) } },
  { "conv2d", "filters=64;size_y=3;size_x=3;padding_y=1;padding_x=1;groups=64", { HL_SHAPE_3 (64, 32, 32) } },
  { "conv2d", "filters=64;size_y=11;size_x=11;stride_y=4;stride_x=4;padding_y=2;padding_x=2", { HL_SHAPE_3 (3, 224, 224) }, 16 },
  { "conv2d", "filters=192;padding_y=2;padding_x=2", { HL_SHAPE_3 (64, 27, 27) }, 16 },
  { "conv2d", "filters=384;size_y=3;size_x=3;padding_y=1;padding_x=1", { HL_SHAPE_3 (192, 13, 13) }, 16 },
  { "conv2d", "filters=256;size_y=3;size_x=3;padding_y=1;padding_x=1", { HL_SHAPE_3 (384, 13, 13) }, 16 },
  { "linear", "units=4096", { HL_SHAPE_1 (9216) }, 16 },
  { "linear", "units=1000", { HL_SHAPE_1 (4096) }, 16 },
  { "conv1d", "filters=64;size=3", { HL_SHAPE_2 (64, 256) } },
  { "conv3d", "filters=16;padding_z=1;padding_y=1;padding_x=1", { HL_SHAPE_4 (16, 8, 16, 16) }, 16 },
  { "conv_transpose1d", "filters=32", { HL_SHAPE_2 (64, 256) } },
  { "conv_transpose2d", "filters=32", { HL_SHAPE_3 (64, 16, 16) } },
  { "upsample", NULL, { HL_SHAPE_3 (64, 16, 16) } },
  { "rnn", "hidden=128", { HL_SHAPE_2 (28, 28) } },
  { "gru", "hidden=128", { HL_SHAPE_2 (28, 28) } },
  { "lstm", "hidden=128", { HL_SHAPE_2 (28, 28) } },
};

static HlDevice *device;
static double peak_flops, peak_bytes;

static G_NORETURN void
fail (const char *what, const GError *error)
{
  fprintf (stderr, "bench-layers: %s%s%s\n", what, error ? ": " : "", error ? error->message : "");
  exit (1);
}

/* ---- Time ---- */

typedef gboolean (*Call) (gconstpointer data, GError **error);

/* Seconds of one call, pipelined as in training. */
static double
measure (Call call, gconstpointer data)
{
  double best = G_MAXDOUBLE;
  guint n = 1;
  GError *error = NULL;

  for (guint round = 0; round < ROUNDS;)
    {
      gint64 start;
      double seconds;
      gboolean ok = hl_device_finish (device, &error);

      start = g_get_monotonic_time ();
      for (guint i = 0; ok && i < n; i++)
        ok = call (data, &error);
      if (!ok || !hl_device_finish (device, &error))
        fail ("a call failed", error);
      seconds = (double) (g_get_monotonic_time () - start) * 1e-6;
      if (seconds < SECONDS && n < 1u << 20)
        {
          n = (guint) (n * CLAMP (1.2 * SECONDS / MAX (seconds, 1e-6), 1.5, 20)) + 1;
          continue;
        }
      best = MIN (best, seconds / n);
      round++;
    }
  return best;
}

/* ---- The device's peak ---- */

typedef struct { HlKernel *kernel; gsize n_items; HlTensor *x, *y; int n; } Peak;

static gboolean
run_peak (gconstpointer data, GError **error)
{
  const Peak *self = data;

  if (!self->x)
    return hl_kernel_run (self->kernel, self->n_items, error, HL_ARG_TENSOR (self->y), HL_ARG_INT (self->n));
  return hl_kernel_run (self->kernel, self->n_items, error, HL_ARG_TENSOR (self->x), HL_ARG_TENSOR (self->y), HL_ARG_INT (self->n));
}

static void
measure_peak (void)
{
  guint lanes = hl_device_get_info (device)->lanes, n_fma = 4 * hl_device_get_info (device)->compute_units;
  g_autoptr (HlKernelSet) set = hl_kernel_set_new (device);
  gsize n_copies = COPY_BYTES / sizeof (float) / lanes / COPY_VECTORS, length = n_copies * COPY_VECTORS * lanes;
  g_autoptr (HlTensor) small = NULL, x = NULL, y = NULL;
  GError *error = NULL;
  Peak fma = { hl_kernel_set_add (set, "peak", "peak_fma", NULL), n_fma, NULL, NULL, PEAK_TURNS };
  Peak copy = { hl_kernel_set_add (set, "peak", "peak_copy", NULL), n_copies, NULL, NULL, COPY_VECTORS };

  small = fma.y = hl_tensor_new (device, HL_DTYPE_F32, (gsize) n_fma * PEAK_CHAINS * lanes, &error);
  x = copy.x = small ? hl_tensor_new (device, HL_DTYPE_F32, length, &error) : NULL;
  y = copy.y = x ? hl_tensor_new (device, HL_DTYPE_F32, length, &error) : NULL;
  if (!y || !hl_kernel_set_build (set, NULL, NULL, &error))
    fail ("the peak cannot be measured", error);
  peak_flops = 2.0 * n_fma * PEAK_TURNS * PEAK_CHAINS * lanes / measure (run_peak, &fma);
  peak_bytes = 2.0 * (double) length * sizeof (float) / measure (run_peak, &copy);
}

/* ---- Layers ---- */

/* The layer under measurement runs as a copy of its class whose calls note what to repeat. */
static const HlLayerClass *measured;
static const HlLayerCall *measured_call;

/* What it reads has been written once, and what it gives back nobody takes. */
static gboolean
do_nothing (const HlLayerCall *call, GError **error)
{
  return TRUE;
}

static gboolean
note_forward (const HlLayerCall *call, GError **error)
{
  measured_call = call;
  return measured->forward (call, error);
}

static gboolean
repeat_forward (gconstpointer data, GError **error)
{
  return measured->forward (measured_call, error);
}

static gboolean
repeat_backward (gconstpointer data, GError **error)
{
  return measured->backward (measured_call, error);
}

static double
count_bytes (const HlPlanStep *step, guint batch, gboolean backward)
{
  double x = 0, y = (double) hl_shape_get_count (&step->layer.output), weights = 0;

  for (guint i = 0; i < step->n_inputs; i++)
    x += (double) hl_shape_get_count (&step->input_shape[i]);
  for (guint i = 0; i < step->layer.n_weights; i++)
    weights += (double) hl_shape_get_count (&step->layer.weights[i].shape);
  if (!backward)
    return sizeof (float) * (batch * (x + y) + weights);
  return sizeof (float) * (batch * (x + y + (step->layer.needs_x ? x : 0) + (step->layer.needs_y ? y : 0)) + 2 * weights);
}

static void
print_row (const Case *what, const HlPlanStep *step, guint batch, gboolean backward, double seconds)
{
  /* Backward makes the gradients of the input and of the weights, each as many products as forward. */
  double flops = 2.0 * batch * (double) step->layer.multiply_adds * (backward ? 2 : 1), bytes = count_bytes (step, batch, backward);
  double share = MAX (flops / peak_flops, bytes / peak_bytes) / seconds;
  g_autofree char *shape = hl_shape_to_string (&what->x[0]);

  printf ("%-17s %-9s %-11s %4u %10.1f %8.1f %8.1f %6.0f %% %-6s %s %s\n", what->layer, backward ? "backward" : "forward", shape, batch,
          seconds * 1e6, flops / seconds * 1e-9, bytes / seconds * 1e-9, 100 * share,
          flops / peak_flops > bytes / peak_bytes ? "FMA" : "memory", share < MARKED ? "<60" : "   ", what->params ? what->params : "");
  fflush (stdout);
}

static void
fill_value (const HlValue *value, guint batch, guint64 number)
{
  gsize n = batch * hl_shape_get_count (&value->shape), length = hl_tensor_get_length (value->tensor);
  g_autofree float *plain = g_new (float, n), *all = g_new0 (float, length);
  GError *error = NULL;

  test_fill (plain, n, number);
  hl_value_from_plain (value, hl_device_get_info (device)->lanes, batch, plain, all);
  if (!hl_tensor_write (value->tensor, 0, length, all, &error))
    fail ("values cannot be written", error);
}

static HlGraph *
make_graph (const Case *what, const HlLayerClass *source, const HlLayerClass *layer, guint32 *node)
{
  HlGraph *graph = hl_graph_new ();
  guint32 input = hl_graph_add_node (graph, hl_layer_class_find ("input"), 0, 0);

  *node = hl_graph_add_node (graph, layer, 0, 0);
  test_set_params (&layer->base, hl_graph_get_params (graph, *node), what->params);
  for (guint i = 0; i < G_N_ELEMENTS (what->x) && what->x[i].n_dims > 0; i++)
    {
      const HlShape *x = &what->x[i];
      guint32 from = hl_graph_add_node (graph, source, 0, 0);

      *(TestSource *) hl_graph_get_params (graph, from)
        = (TestSource) { 0, (int) x->n_dims, (int) x->dim[0], (int) x->dim[1], (int) x->dim[2], (int) x->dim[3], (int) x->dim[4] };
      if (!hl_graph_connect (graph, input, from, 0, NULL) || !hl_graph_connect (graph, from, *node, i, NULL))
        fail (what->layer, NULL);
    }
  return graph;
}

static void
run_case (const Case *what, const HlLayerClass *klass)
{
  const HlDeviceInfo *info = hl_device_get_info (device);
  guint batch = what->batch > 0 ? what->batch : BATCH;
  HlPlanOptions options = {
    .batch = batch, .lanes = info->lanes, .compute_units = info->compute_units, .training = TRUE, .keep_values = TRUE,
  };
  HlRandomKey random = { 1, HL_PURPOSE_DROPOUT, 1 };
  HlLayerClass noted = *klass, source = test_source_layer;
  guint32 node;
  g_autoptr (HlGraph) graph = NULL;
  g_autoptr (HlKernelSet) set = hl_kernel_set_new (device);
  g_autoptr (HlPlan) plan = NULL;
  g_autoptr (HlExecutor) executor = NULL;
  const HlPlanStep *step;
  GError *error = NULL;

  noted.forward = note_forward;
  source.prepare = NULL;
  source.forward = source.backward = do_nothing;
  graph = make_graph (what, &source, &noted, &node);
  plan = hl_plan_new (graph, &options, &error);
  executor = plan ? hl_executor_new (set, plan, NULL, &error) : NULL;
  if (!executor || !hl_kernel_set_build (set, NULL, NULL, &error) || !hl_executor_initialize_weights (executor, 1, &error))
    fail (what->layer, error);
  step = hl_plan_find_step (plan, node);
  for (guint i = 0; i < step->n_inputs; i++)
    fill_value (hl_executor_get_value (executor, hl_plan_get_step (plan, step->input[i])->node, FALSE), batch, i + 1);
  fill_value (hl_executor_get_output_gradient (executor), batch, 100);
  measured = klass;
  if (!hl_executor_forward (executor, batch, TRUE, &random, &error) || !hl_executor_backward (executor, &error))
    fail (what->layer, error);
  print_row (what, step, batch, FALSE, measure (repeat_forward, NULL));
  if (klass->backward)
    print_row (what, step, batch, TRUE, measure (repeat_backward, NULL));
}

static gboolean
is_wanted (const char *layer, int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    if (g_str_equal (argv[i], layer))
      return TRUE;
  return argc == 1;
}

int
main (int argc, char **argv)
{
  GError *error = NULL;

  hl_device_init_environment ();
  device = hl_device_open (NULL, &error);
  if (!device)
    fail ("no device", error);
  measure_peak ();
  printf ("%s: %.0f GFLOP/s, %.1f GB/s copying\n", hl_device_get_info (device)->name, peak_flops * 1e-9,
          peak_bytes * 1e-9);
  printf ("%-17s %-9s %-11s %4s %10s %8s %8s %8s %-6s\n", "layer", "call", "input", "n", "us", "GFLOP/s", "GB/s", "share", "of");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const HlLayerClass *klass = hl_layer_class_find (cases[i].layer);

      if (!klass)
        fail (cases[i].layer, NULL);
      if (is_wanted (cases[i].layer, argc, argv))
        run_case (&cases[i], klass);
    }
  hl_device_unref (device);
  return 0;
}
