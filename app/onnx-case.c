/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs a test case of ONNX: imports each output as a network of its own and compares what a device makes of it. */

#include "config.h"

#include "app/onnx-case.h"

#include <math.h>

#define RELATIVE 1e-3
#define ABSOLUTE 1e-7
#define MAX_DEPTH 4

typedef struct
{
  HlOnnxModel *model;
  HlDevice *device;
  double largest;
  char *reason;
} Case;

/* ---- Comparing ---- */

static gboolean
compare (Case *self, const HlOnnxTensor *got, const HlOnnxTensor *expected, const char *name)
{
  gboolean same = got->is_float == expected->is_float && got->n_dims == expected->n_dims;
  gsize wrong = 0, first = 0;

  for (guint i = 0; same && i < got->n_dims; i++)
    same = got->dim[i] == expected->dim[i];
  if (!same)
    {
      g_autofree char *a = hl_onnx_tensor_shape_to_string (got), *b = hl_onnx_tensor_shape_to_string (expected);

      self->reason = g_strdup_printf (_("“%s” is %s instead of %s."), name, a, b);
      return FALSE;
    }
  for (gsize i = 0; i < got->n; i++)
    {
      double a = got->is_float ? (double) got->floats[i] : (double) got->ints[i];
      double b = got->is_float ? (double) expected->floats[i] : (double) expected->ints[i];
      double difference = a == b || (isnan (a) && isnan (b)) ? 0 : fabs (a - b);

      if (difference > self->largest || isnan (difference))
        self->largest = difference;
      if (!(difference <= ABSOLUTE + RELATIVE * fabs (b)) && wrong++ == 0)
        first = i;
    }
  if (wrong > 0)
    self->reason = g_strdup_printf (_("“%s” has %zu of %zu numbers wrong; number %zu"
                                      " is %g instead of %g."), name, wrong, got->n, first, got->is_float ? got->floats[first] : 0.0,
                                    got->is_float ? expected->floats[first] : 0.0);
  return wrong == 0;
}

/* ---- One data set ---- */

static HlOnnxTensor *
load (GFile *folder, const char *kind, guint i, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s_%u.pb", kind, i);
  g_autoptr (GFile) file = g_file_get_child (folder, name);

  return hl_onnx_tensor_load (file, error);
}

static HlOnnxCaseResult
refuse (Case *self, GError *error)
{
  self->reason = g_strdup (error->message);
  return HL_ONNX_CASE_REFUSED;
}

static HlOnnxCaseResult
run_set (Case *self, GFile *folder)
{
  g_autoptr (GPtrArray) inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_onnx_tensor_unref);
  g_autoptr (GError) error = NULL;
  guint data = 0;

  for (guint i = 0; i < hl_onnx_model_get_n_inputs (self->model); i++)
    {
      HlOnnxTensor *tensor = load (folder, "input", i, &error);

      if (!tensor)
        return refuse (self, error);
      g_ptr_array_add (inputs, tensor);
    }
  for (guint i = 0; i < hl_onnx_model_get_n_outputs (self->model); i++)
    {
      g_autoptr (HlOnnxTensor) expected = load (folder, "output", i, &error), got = NULL;
      g_autoptr (HlOnnxNetwork) network = NULL;

      if (expected)
        network = hl_onnx_import_with (self->model, i, (HlOnnxTensor *const *) inputs->pdata, inputs->len, &data, &error);
      if (!network)
        return refuse (self, error);
      got = hl_onnx_network_run (network, self->device, data < inputs->len ? inputs->pdata[data] : NULL, &error);
      if (!got)
        {
          self->reason = g_strdup (error->message);
          return HL_ONNX_CASE_FAILED;
        }
      if (!compare (self, got, expected, hl_onnx_model_get_output (self->model, i)))
        return HL_ONNX_CASE_FAILED;
    }
  return HL_ONNX_CASE_PASSED;
}

HlOnnxCaseResult
hl_onnx_case_run (GFile *folder, HlDevice *device, double *largest, char **reason)
{
  g_autoptr (GFile) file = g_file_get_child (folder, "model.onnx");
  g_autoptr (GError) error = NULL;
  g_autoptr (HlOnnxModel) model = hl_onnx_model_open (file, &error);
  Case self = { model, device, 0, NULL };
  HlOnnxCaseResult result = model ? HL_ONNX_CASE_PASSED : refuse (&self, error);
  guint n = 0;

  for (; result == HL_ONNX_CASE_PASSED; n++)
    {
      g_autofree char *name = g_strdup_printf ("test_data_set_%u", n);
      g_autoptr (GFile) set = g_file_get_child (folder, name);

      if (!g_file_query_exists (set, NULL))
        break;
      result = run_set (&self, set);
    }
  if (result == HL_ONNX_CASE_PASSED && n == 0)
    {
      self.reason = g_strdup (_("There is no test_data_set_0 in the folder."));
      result = HL_ONNX_CASE_REFUSED;
    }
  *largest = self.largest;
  *reason = self.reason;
  return result;
}

/* ---- Finding cases ---- */

static int
compare_files (gconstpointer a, gconstpointer b)
{
  g_autofree char *x = g_file_get_path (*(GFile *const *) a), *y = g_file_get_path (*(GFile *const *) b);

  return g_strcmp0 (x, y);
}

static void
find_cases (GFile *folder, guint depth, GPtrArray *cases)
{
  g_autoptr (GFile) model = g_file_get_child (folder, "model.onnx");
  g_autoptr (GFileEnumerator) children = NULL;
  GFileInfo *info;
  GFile *child;

  if (g_file_query_exists (model, NULL))
    {
      g_ptr_array_add (cases, g_object_ref (folder));
      return;
    }
  children = depth > 0 ? g_file_enumerate_children (folder, "standard::name,standard::type", G_FILE_QUERY_INFO_NONE, NULL, NULL) : NULL;
  while (children && g_file_enumerator_iterate (children, &info, &child, NULL, NULL) && info)
    if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
      find_cases (child, depth - 1, cases);
}

GPtrArray *
hl_onnx_case_list (GFile *folder)
{
  GPtrArray *cases = g_ptr_array_new_with_free_func (g_object_unref);

  find_cases (folder, MAX_DEPTH, cases);
  g_ptr_array_sort (cases, compare_files);
  return cases;
}
