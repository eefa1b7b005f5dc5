/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What PyTorch computes for each loss (tests/golden/loss.safetensors): value and gradient, by its definition in double and
 * on the device, with classes and with the input as target. Errors are relative to the largest value of a tensor. */

#include "engine/base/params-json.h"
#include "engine/graph/executor.h"
#include "engine/train/classes.h"
#include "tests/support/golden.h"

#define TOLERANCE 1e-5
/* The definitions are computed in double: what is left is that the file holds floats. */
#define REFERENCE_TOLERANCE 1e-6

static HlDevice *device;

/* One case: what the file holds, and tensors that lie with borders, so that places are told apart. */
typedef struct
{
  GoldenFile *file;
  guint number;
  const HlLossClass *klass;
  void *params;
  guint batch, n, capacity, lanes;
  float *y, *x, *targets, *weights;  /* as in the file; NULL where it has none */
  gint32 *labels;
  HlValue values[3];                 /* y, its gradient, x */
  HlLossCall call;
} LossCase;

static const HlTensorFileEntry *
loss_entry (LossCase *self, const char *name, float **values)
{
  g_autofree char *key = g_strdup_printf ("%u.%s", self->number, name);
  const HlTensorFileEntry *entry = golden_file_has (self->file, key) ? golden_file_entry (self->file, key) : NULL;

  *values = entry ? golden_file_read (self->file, key, entry->n) : NULL;
  return entry;
}

static HlValue
loss_value (LossCase *self, const HlTensorFileEntry *entry, HlBorder border)
{
  HlValue value = { .shape.n_dims = entry->n_dims - 1 };
  g_autoptr (GError) error = NULL;
  g_autofree float *zeros = NULL;
  gsize n;

  for (guint d = 1; d < entry->n_dims; d++)
    value.shape.dim[d - 1] = (guint) entry->dim[d];
  if (value.shape.n_dims == 3)
    value.border = border;
  n = (gsize) hl_value_block_step (&value) * self->capacity;
  value.tensor = hl_tensor_new (device, HL_DTYPE_F32, n, &error);
  zeros = g_new0 (float, n);
  hl_tensor_write (value.tensor, 0, n, zeros, &error);
  g_assert_no_error (error);
  return value;
}

static LossCase *
loss_case_new (GoldenFile *file, guint number)
{
  LossCase *self = g_new0 (LossCase, 1);
  JsonObject *info = golden_file_get_case (file, number);
  const HlTensorFileEntry *y, *x;
  g_autoptr (GError) error = NULL;

  self->file = file;
  self->number = number;
  self->lanes = hl_device_get_info (device)->lanes;
  self->klass = hl_loss_class_find (json_object_get_string_member (info, "loss"));
  g_assert_nonnull (self->klass);
  self->params = hl_class_new_params (&self->klass->base);
  hl_params_from_json (&self->klass->base, self->params, json_object_get_member (info, "params"), "params", &error);
  g_assert_no_error (error);
  y = loss_entry (self, "y", &self->y);
  x = loss_entry (self, "x", &self->x);
  loss_entry (self, "targets", &self->targets);
  loss_entry (self, "weights", &self->weights);
  self->batch = (guint) y->dim[0];
  self->n = (guint) (y->n / y->dim[0]);
  self->capacity = (self->batch + self->lanes - 1) / self->lanes * self->lanes;
  self->values[0] = loss_value (self, y, (HlBorder) { 1, 0, 2, 1 });
  self->values[1] = loss_value (self, y, (HlBorder) { 0, 3, 0, 0 });
  if (x)
    self->values[2] = loss_value (self, x, (HlBorder) { 2, 1, 0, 2 });
  self->labels = g_new (gint32, self->capacity);
  for (guint i = 0; i < self->capacity; i++)
    self->labels[i] = i >= self->batch ? -1 : self->targets ? (gint32) self->targets[i] : 0;
  return self;
}

static void
loss_case_free (gpointer data)
{
  LossCase *self = data;

  for (guint i = 0; i < 3; i++)
    g_clear_pointer (&self->values[i].tensor, hl_tensor_unref);
  g_clear_pointer (&self->call.targets, hl_tensor_unref);
  g_clear_pointer (&self->call.per_sample, hl_tensor_unref);
  g_clear_pointer (&self->call.class_weights, hl_tensor_unref);
  g_free (self->params);
  g_free (self->y);
  g_free (self->x);
  g_free (self->targets);
  g_free (self->weights);
  g_free (self->labels);
  g_free (self);
}

static double *
widen (const float *values, gsize n)
{
  double *wide = values ? g_new (double, n) : NULL;

  for (gsize i = 0; values && i < n; i++)
    wide[i] = values[i];
  return wide;
}

static void
compare_loss (LossCase *self, const char *name, const double *values, gsize n, double tolerance)
{
  g_autofree char *key = g_strdup_printf ("%u.%s", self->number, name);

  golden_file_compare (self->file, key, values, n, tolerance);
}

static void
check_reference (LossCase *self)
{
  gsize n = (gsize) self->batch * self->n;
  g_autofree double *y = widen (self->y, n), *x = widen (self->x, n), *weights = widen (self->weights, self->n);
  g_autofree double *dy = g_new (double, n);
  HlLossReference call = {
    .params = self->params, .batch = self->batch, .n = self->n, .y = y, .targets = self->x ? NULL : self->labels, .x = x,
    .class_weights = weights, .dy = dy,
  };
  double loss = self->klass->reference (&call);

  compare_loss (self, "loss", &loss, 1, REFERENCE_TOLERANCE);
  compare_loss (self, "dy", dy, n, REFERENCE_TOLERANCE);
}

static void
write_value (LossCase *self, const HlValue *value, const float *plain)
{
  gsize n = (gsize) hl_value_block_step (value) * self->capacity;
  g_autofree float *laid_out = g_new0 (float, n);
  g_autoptr (GError) error = NULL;

  hl_value_from_plain (value, self->lanes, self->batch, plain, laid_out);
  hl_tensor_write (value->tensor, 0, n, laid_out, &error);
  g_assert_no_error (error);
}

static void
compare_results (LossCase *self)
{
  const HlValue *gradient = &self->values[1];
  gsize n = (gsize) self->batch * self->n, n_device = (gsize) hl_value_block_step (gradient) * self->capacity;
  g_autofree float *per_sample = g_new (float, self->capacity * HL_LOSS_PLANES), *device_dy = g_new (float, n_device);
  g_autofree float *plain = g_new (float, n);
  g_autofree double *dy = NULL;
  double loss = 0, right = 0, weight = 0;
  g_autoptr (GError) error = NULL;

  hl_tensor_read (self->call.per_sample, 0, self->capacity * HL_LOSS_PLANES, per_sample, &error);
  hl_tensor_read (gradient->tensor, 0, n_device, device_dy, &error);
  g_assert_no_error (error);
  hl_value_to_plain (gradient, self->lanes, self->batch, device_dy, plain);
  for (guint i = 0; i < self->batch; i++)
    {
      loss += per_sample[HL_LOSS_VALUE * self->capacity + i];
      right += per_sample[HL_LOSS_RIGHT * self->capacity + i] / self->batch;
      weight += per_sample[HL_LOSS_WEIGHT * self->capacity + i];
    }
  loss /= weight;
  dy = widen (plain, n);
  compare_loss (self, "loss", &loss, 1, TOLERANCE);
  if (self->targets)
    compare_loss (self, "right", &right, 1, TOLERANCE);
  compare_loss (self, "dy", dy, n, TOLERANCE);
}

/* Asks for the kernels of the case; those of all cases are built together. */
static void
prepare_device (LossCase *self, HlKernelSet *kernels)
{
  g_autoptr (GError) error = NULL;

  self->call = (HlLossCall) {
    .device = device, .kernels = kernels, .params = self->params, .y = &self->values[0], .dy = &self->values[1],
    .x = self->x ? &self->values[2] : NULL, .capacity = self->capacity, .batch = self->batch,
    .targets = hl_tensor_new (device, HL_DTYPE_I32, self->capacity, &error), .n_blocks = self->capacity / self->lanes,
    .lanes = self->lanes, .per_sample = hl_tensor_new (device, HL_DTYPE_F32, self->capacity * HL_LOSS_PLANES, &error),
  };
  if (self->weights)
    {
      self->call.class_weights = hl_tensor_new (device, HL_DTYPE_F32, self->n + HL_TENSOR_ALIGN, &error);
      hl_tensor_write (self->call.class_weights, 0, self->n, self->weights, &error);
    }
  g_assert_true (self->klass->prepare (&self->call, &error));
  g_assert_no_error (error);
}

static void
check_device (LossCase *self)
{
  g_autoptr (GError) error = NULL;

  write_value (self, &self->values[0], self->y);
  if (self->x)
    write_value (self, &self->values[2], self->x);
  hl_tensor_write (self->call.targets, 0, self->capacity, self->labels, &error);
  g_assert_true (self->klass->run (&self->call, &error));
  g_assert_no_error (error);
  compare_results (self);
}

/* All cases of one loss; every loss has some. */
static void
test_loss (gconstpointer data)
{
  g_autoptr (GoldenFile) file = golden_file_open ("loss");
  g_autoptr (HlKernelSet) kernels = device ? hl_kernel_set_new (device) : NULL;
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func (loss_case_free);
  g_autoptr (GError) error = NULL;

  if (device == NULL)
    {
      g_test_skip ("There is no OpenCL device.");
      return;
    }
  for (guint i = 0; i < golden_file_get_n_cases (file); i++)
    if (g_str_equal (json_object_get_string_member (golden_file_get_case (file, i), "loss"), data))
      {
        LossCase *self = loss_case_new (file, i);

        g_ptr_array_add (cases, self);
        check_reference (self);
        prepare_device (self, kernels);
      }
  g_assert_cmpuint (cases->len, >=, 6);
  hl_kernel_set_build (kernels, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < cases->len; i++)
    {
      g_test_message ("case %u", ((LossCase *) cases->pdata[i])->number);
      check_device (cases->pdata[i]);
    }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  device = hl_device_open (NULL, NULL);
  for (const HlLossClass *const *k = hl_loss_classes (); *k; k++)
    {
      g_autofree char *path = g_strdup_printf ("/golden/losses/%s", (*k)->base.name);

      g_test_add_data_func (path, (*k)->base.name, test_loss);
    }
  result = g_test_run ();
  g_clear_pointer (&device, hl_device_unref);
  return result;
}
