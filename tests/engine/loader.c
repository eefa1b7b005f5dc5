/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Batches assembled on the device against plain C, for odd sizes, borders, every lane count, and data that does
 * not fit the device. */

#include "engine/data/loader.h"
#include "engine/device/fault.h"

#include <stdlib.h>
#include <string.h>

typedef struct
{
  HlShape shape;
  HlDType type;
  HlBorder border;
  guint n_files, n_test, batch;
  gboolean shuffle;
} Case;

static const Case cases[] = {
  { { 3, { 1, 28, 28 } }, HL_DTYPE_U8, { 2, 2, 2, 2 }, 200, 40, 64, TRUE },
  { { 3, { 1, 28, 28 } }, HL_DTYPE_U8, { 0, 0, 0, 0 }, 130, 20, 16, TRUE },
  { { 3, { 3, 9, 7 } }, HL_DTYPE_U8, { 1, 0, 2, 3 }, 90, 11, 13, TRUE },
  { { 3, { 3, 9, 7 } }, HL_DTYPE_F32, { 0, 3, 1, 0 }, 90, 11, 33, FALSE },
  { { 3, { 1, 5, 1 } }, HL_DTYPE_U8, { 1, 1, 1, 1 }, 40, 3, 1, TRUE },
  { { 3, { 1, 1, 3 } }, HL_DTYPE_F32, { 0, 0, 0, 0 }, 50, 0, 7, TRUE },
  { { 3, { 2, 16, 16 } }, HL_DTYPE_F32, { 1, 1, 1, 1 }, 70, 9, 100, TRUE },
  { { 3, { 1, 40, 33 } }, HL_DTYPE_U8, { 0, 1, 0, 0 }, 30, 5, 31, FALSE },
  { { 3, { 1, 4, 4 } }, HL_DTYPE_U8, { 0, 0, 0, 0 }, 12, 2, 5, FALSE },
};

/* What the border of the input holds before, to see that it stays. */
#define UNTOUCHED 123.5f

static HlDevice *
open_device (void)
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

static HlDataset *
make_dataset (const Case *c)
{
  gsize n = c->n_files + c->n_test, count = n * hl_shape_get_count (&c->shape);
  gpointer values = hl_dataset_alloc_values (count * hl_dtype_get_size (c->type), NULL);
  gint32 *labels = g_new (gint32, n);

  for (gsize i = 0; i < count; i++)
    if (c->type == HL_DTYPE_U8)
      ((guint8 *) values)[i] = (guint8) g_test_rand_int_range (0, 256);
    else
      ((float *) values)[i] = (float) g_test_rand_double_range (-2, 3);
  for (gsize i = 0; i < n; i++)
    labels[i] = (gint32) (i * 7 % 5);
  return hl_dataset_new ("random", &c->shape, c->type, values, n, c->n_test, labels, 5, NULL);
}

/* The number of a pixel's float in the value's memory. */
static gsize
place (const HlValue *value, guint lanes, guint sample, guint channel, gint row, gint column)
{
  gsize row_step = value->border.left + value->shape.dim[2] + value->border.right;
  gsize plane = row_step * (value->border.top + value->shape.dim[1] + value->border.bottom);
  gsize vector = (sample / lanes * value->shape.dim[0] + channel) * plane
                 + (gsize) ((gint) value->border.top + row) * row_step + (gsize) ((gint) value->border.left + column);

  return vector * lanes + sample % lanes;
}

static gsize
value_length (const HlValue *value, guint lanes, guint batch)
{
  guint blocks = (batch + lanes - 1) / lanes;

  return (gsize) blocks * lanes * value->shape.dim[0]
         * (value->border.left + value->shape.dim[2] + value->border.right)
         * (value->border.top + value->shape.dim[1] + value->border.bottom);
}

/* The whole memory as plain C would leave it. */
static float *
expect_batch (const Case *c, const HlValue *value, guint lanes, const HlDataset *dataset,
              const HlNormalization *normalization, const guint32 *samples, guint n)
{
  gsize length = value_length (value, lanes, c->batch);
  float *expected = g_new (float, length);
  g_autofree float *sample = g_new (float, hl_shape_get_count (&c->shape));
  guint capacity = (c->batch + lanes - 1) / lanes * lanes;

  for (gsize i = 0; i < length; i++)
    expected[i] = UNTOUCHED;
  for (guint i = 0; i < capacity; i++)
    {
      const float *x = sample;

      if (i < n)
        {
          hl_dataset_read_sample (dataset, samples[i], sample);
          hl_normalization_apply (normalization, &c->shape, sample);
        }
      else
        memset (sample, 0, hl_shape_get_count (&c->shape) * sizeof (float));
      for (guint channel = 0; channel < c->shape.dim[0]; channel++)
        for (guint row = 0; row < c->shape.dim[1]; row++)
          for (guint column = 0; column < c->shape.dim[2]; column++)
            expected[place (value, lanes, i, channel, (gint) row, (gint) column)] = *x++;
    }
  return expected;
}

static void
fill_untouched (HlTensor *tensor)
{
  g_autoptr (GError) error = NULL;
  gsize n = hl_tensor_get_length (tensor);
  g_autofree float *values = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    values[i] = UNTOUCHED;
  hl_tensor_write (tensor, 0, n, values, &error);
  g_assert_no_error (error);
}

static void
check_targets (HlLoader *loader, const HlDataset *dataset, const guint32 *samples, guint n, guint capacity)
{
  g_autoptr (GError) error = NULL;
  g_autofree gint32 *targets = g_new (gint32, capacity);

  g_assert_cmpuint (hl_tensor_get_length (hl_loader_get_targets (loader)), ==, capacity);
  hl_tensor_read (hl_loader_get_targets (loader), 0, capacity, targets, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < capacity; i++)
    g_assert_cmpint (targets[i], ==, i < n ? hl_dataset_get_labels (dataset)[samples[i]] : -1);
}

/* Everything one case needs, made anew for each. */
typedef struct
{
  const Case *c;
  guint lanes;
  HlDataset *dataset;
  HlSplit *split;
  HlNormalization *normalization;
  HlDeviceData *data;
  HlKernelSet *kernels;
  HlValue input;
  HlLoader *loader;
} Rig;

static void
rig_init (Rig *self, HlDevice *device, const Case *c, HlPart part)
{
  g_autoptr (GError) error = NULL;
  HlDataSpec spec = { .validation = 0.2, .stratify = TRUE, .split_seed = 3 };

  *self = (Rig) { .c = c, .lanes = hl_device_get_info (device)->lanes };
  self->dataset = make_dataset (c);
  self->split = hl_split_new (self->dataset, &spec, &error);
  g_assert_no_error (error);
  self->normalization = hl_normalization_new (self->dataset, self->split, HL_NORMALIZE_STANDARD);
  self->data = hl_device_data_new (device, self->dataset, self->normalization, &error);
  g_assert_no_error (error);
  self->kernels = hl_kernel_set_new (device);
  self->input = (HlValue) { .shape = c->shape, .border = c->border };
  self->input.tensor = hl_tensor_new (device, HL_DTYPE_F32, value_length (&self->input, self->lanes, c->batch), &error);
  g_assert_no_error (error);
  self->loader = hl_loader_new (self->kernels, self->data, self->split, part, &self->input, c->batch, c->shuffle, 77,
                                &error);
  g_assert_no_error (error);
  hl_kernel_set_build (self->kernels, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
rig_clear (Rig *self)
{
  hl_loader_free (self->loader);
  hl_tensor_unref (self->input.tensor);
  hl_kernel_set_free (self->kernels);
  hl_device_data_free (self->data);
  hl_normalization_free (self->normalization);
  hl_split_unref (self->split);
  hl_dataset_unref (self->dataset);
}

static void
check_epoch (Rig *rig, guint epoch)
{
  const Case *c = rig->c;
  g_autoptr (GError) error = NULL;
  gsize length = hl_tensor_get_length (rig->input.tensor), total = 0;
  g_autofree float *found = g_new (float, length);

  hl_loader_start_epoch (rig->loader, epoch, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < hl_loader_get_n_batches (rig->loader); i++)
    {
      const guint32 *samples = hl_loader_get_order (rig->loader) + (gsize) i * c->batch;
      g_autofree float *expected = NULL;
      guint n = 0;

      fill_untouched (rig->input.tensor);
      hl_loader_load (rig->loader, i, &n, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (n, ==, MIN (c->batch, hl_loader_get_length (rig->loader) - (gsize) i * c->batch));
      expected = expect_batch (c, &rig->input, rig->lanes, rig->dataset, rig->normalization, samples, n);
      hl_tensor_read (rig->input.tensor, 0, length, found, &error);
      g_assert_no_error (error);
      for (gsize j = 0; j < length; j++)
        g_assert_cmpfloat_with_epsilon (found[j], expected[j], 1e-6f);
      check_targets (rig->loader, rig->dataset, samples, n, (c->batch + rig->lanes - 1) / rig->lanes * rig->lanes);
      total += n;
    }
  g_assert_cmpuint (total, ==, hl_loader_get_length (rig->loader));
}

static void
check_all (const char *lanes, gboolean staged)
{
  g_autoptr (HlDevice) device = NULL;

  g_setenv ("HILLOCK_LANES", lanes, TRUE);
  g_setenv ("HILLOCK_STAGE_DATA", staged ? "1" : "0", TRUE);
  device = open_device ();
  if (!device)
    return;
  g_assert_cmpuint (hl_device_get_info (device)->lanes, ==, g_str_equal (lanes, "gpu") ? 32 : atoi (lanes));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Rig rig;

      rig_init (&rig, device, &cases[i], i % 2 == 0 ? HL_PART_TRAIN : HL_PART_VALIDATION);
      check_epoch (&rig, 0);
      check_epoch (&rig, 1);
      rig_clear (&rig);
    }
}

static void
test_lanes (gconstpointer lanes)
{
  check_all (lanes, FALSE);
}

static void
test_staged (gconstpointer lanes)
{
  check_all (lanes, TRUE);
}

static int
compare_indices (gconstpointer a, gconstpointer b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return x < y ? -1 : x > y;
}

static void
test_order (void)
{
  g_autoptr (HlDevice) device = open_device ();
  g_autofree guint32 *first = NULL, *second = NULL;
  const guint32 *part;
  gsize n;
  Rig rig, again;

  if (!device)
    return;
  rig_init (&rig, device, &cases[0], HL_PART_TRAIN);
  rig_init (&again, device, &cases[0], HL_PART_TRAIN);
  part = hl_split_get_indices (rig.split, HL_PART_TRAIN, &n);
  g_assert_true (hl_loader_start_epoch (rig.loader, 4, NULL));
  first = g_memdup2 (hl_loader_get_order (rig.loader), n * sizeof *first);
  g_assert_true (hl_loader_start_epoch (rig.loader, 5, NULL));
  second = g_memdup2 (hl_loader_get_order (rig.loader), n * sizeof *second);
  g_assert_cmpint (memcmp (first, second, n * sizeof *first), !=, 0);
  /* An epoch's order is the same without the epochs before it. */
  g_assert_true (hl_loader_start_epoch (again.loader, 5, NULL));
  g_assert_cmpmem (second, n * sizeof *second, hl_loader_get_order (again.loader), n * sizeof *second);
  qsort (first, n, sizeof *first, compare_indices);
  g_assert_cmpmem (first, n * sizeof *first, part, n * sizeof *part);
  rig_clear (&rig);
  rig_clear (&again);
}

static void
test_wrong_shape (void)
{
  g_autoptr (HlDevice) device = open_device ();
  g_autoptr (GError) error = NULL;
  HlValue other;
  Rig rig;

  if (!device)
    return;
  rig_init (&rig, device, &cases[0], HL_PART_TRAIN);
  other = rig.input;
  other.shape = HL_SHAPE_3 (1, 32, 32);
  g_assert_null (hl_loader_new (rig.kernels, rig.data, rig.split, HL_PART_TRAIN, &other, 8, TRUE, 1, &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "1×32×32"));
  g_assert_nonnull (strstr (error->message, "1×28×28"));
  rig_clear (&rig);
}

#ifdef HL_FAULTS
/* One epoch from nothing; FALSE with the error of the first device call that fails. */
static gboolean
run_epoch (HlDevice *device, HlDataset *dataset, GError **error)
{
  HlDataSpec spec = { .validation = 0.2, .stratify = TRUE, .split_seed = 3 };
  g_autoptr (HlSplit) split = hl_split_new (dataset, &spec, NULL);
  g_autoptr (HlNormalization) normalization = hl_normalization_new (dataset, split, HL_NORMALIZE_UNIT);
  g_autoptr (HlKernelSet) kernels = hl_kernel_set_new (device);
  g_autoptr (HlDeviceData) data = hl_device_data_new (device, dataset, normalization, error);
  g_autoptr (HlTensor) tensor = data ? hl_tensor_new (device, HL_DTYPE_F32, 64 * 1024, error) : NULL;
  HlValue input = { .shape = cases[0].shape, .tensor = tensor };
  g_autoptr (HlLoader) loader = NULL;
  guint n;

  if (tensor)
    loader = hl_loader_new (kernels, data, split, HL_PART_TRAIN, &input, 32, TRUE, 1, error);
  if (!loader || !hl_kernel_set_build (kernels, NULL, NULL, error) || !hl_loader_start_epoch (loader, 0, error))
    return FALSE;
  for (guint i = 0; i < hl_loader_get_n_batches (loader); i++)
    if (!hl_loader_load (loader, i, &n, error))
      return FALSE;
  return hl_device_finish (device, error);
}
#endif

/* Whichever device call fails: a sentence and nothing left behind, or, where there is another way, a good end. */
static void
test_faults (void)
{
#ifdef HL_FAULTS
  g_autoptr (HlDevice) device = open_device ();
  g_autoptr (HlDataset) dataset = make_dataset (&cases[0]);
  g_autoptr (GError) first_error = NULL;
  guint64 before, n_calls;
  guint n_failures = 0;

  if (!device)
    return;
  before = hl_device_get_allocated_bytes (device);
  hl_fault_set (0);
  run_epoch (device, dataset, &first_error);
  g_assert_no_error (first_error);
  n_calls = hl_fault_get_count ();
  for (guint64 nth = 1; nth <= n_calls; nth++)
    {
      g_autoptr (GError) error = NULL;

      hl_fault_set (nth);
      if (!run_epoch (device, dataset, &error))
        {
          g_assert_true (error->domain == HL_DEVICE_ERROR);
          n_failures++;
        }
      g_assert_cmpuint (hl_device_get_allocated_bytes (device), ==, before);
    }
  /* The samples are staged where they cannot be placed, a program is compiled where the stored one cannot be loaded
   * (two calls), and nobody asks how the last wait, before the samples are freed, ended. */
  g_assert_cmpuint (n_failures, >=, n_calls - 4);
  hl_fault_set (0);
#else
  g_test_skip ("needs a build with -Dfaults=true");
#endif
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  hl_device_init_environment ();
  g_test_add_func ("/loader/order", test_order);
  g_test_add_func ("/loader/wrong-shape", test_wrong_shape);
  g_test_add_func ("/loader/faults", test_faults);
  g_test_add_data_func ("/loader/lanes/4", "4", test_lanes);
  g_test_add_data_func ("/loader/lanes/8", "8", test_lanes);
  g_test_add_data_func ("/loader/lanes/16", "16", test_lanes);
  g_test_add_data_func ("/loader/lanes/gpu", "gpu", test_lanes);
  g_test_add_data_func ("/loader/staged/16", "16", test_staged);
  g_test_add_data_func ("/loader/staged/gpu", "gpu", test_staged);
  return g_test_run ();
}
