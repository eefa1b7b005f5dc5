/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tensors of a file against the weights of a network: by name, by shape, and not at all. */

#include <string.h>

#include "engine/train/match-weights.h"
#include "tests/support/network.h"

typedef struct { const char *name; guint n_dims; guint64 dim[4]; } Tensor;

static HlPlan *
make_plan (HlGraph *graph)
{
  HlPlanOptions options = { .batch = 1, .lanes = 4, .compute_units = 1, .training = TRUE };
  g_autoptr (GError) error = NULL;
  HlPlan *plan = hl_plan_new (graph, &options, &error);

  g_assert_no_error (error);
  return plan;
}

/* n_dims 0 ends. */
static HlTensorFile *
make_file (const Tensor *tensors)
{
  HlTensorFile *file = hl_tensor_file_new ();
  static const float zeros[48120];

  for (; tensors->n_dims; tensors++)
    hl_tensor_file_add_f32 (file, tensors->name, tensors->n_dims, tensors->dim, zeros);
  return file;
}

static const HlWeightMatch *
find (const GArray *matches, const char *weight)
{
  for (guint i = 0; i < matches->len; i++)
    {
      const HlWeightMatch *match = &g_array_index (matches, HlWeightMatch, i);

      if (match->weight && g_str_equal (match->weight->name, weight))
        return match;
    }
  g_assert_not_reached ();
}

/* What torch.nn.Sequential calls LeNet-5's modules, with a BatchNorm's counter thrown in. */
static const Tensor sequential[] = {
  { "0.weight", 4, { 6, 1, 5, 5 } }, { "0.bias", 1, { 6 } }, { "10.weight", 2, { 84, 120 } }, { "10.bias", 1, { 84 } },
  { "12.weight", 2, { 10, 84 } }, { "12.bias", 1, { 10 } }, { "3.weight", 4, { 16, 6, 5, 5 } }, { "3.bias", 1, { 16 } },
  { "7.weight", 2, { 120, 400 } }, { "7.bias", 1, { 120 } }, { "7.num_batches_tracked", 1, { 1 } }, { 0 }
};

static void
test_sequential (void)
{
  g_autoptr (HlGraph) graph = test_lenet ();
  g_autoptr (HlPlan) plan = make_plan (graph);
  g_autoptr (HlTensorFile) file = make_file (sequential);
  g_autoptr (GArray) matches = hl_match_weights (plan, file);
  g_autofree char *report = hl_match_weights_report (matches);

  g_assert_true (hl_match_weights_complete (matches));
  g_assert_cmpuint (matches->len, ==, 10);
  g_assert_cmpstr (find (matches, "conv2.bias")->entry->name, ==, "3.bias");
  g_assert_cmpstr (find (matches, "linear2.weight")->entry->name, ==, "10.weight");
  g_assert_cmpint (find (matches, "linear3.weight")->kind, ==, HL_MATCH_SHAPE);
  g_assert_nonnull (strstr (report, "conv1.weight ← 0.weight: 6×1×5×5"));
}

/* Equal shapes are taken in the order of their numbers, not of their letters, and names go before shapes. */
static void
test_equal_shapes (void)
{
  static const Tensor tensors[] = {
    { "net.10.weight", 2, { 4, 4 } }, { "net.10.bias", 1, { 4 } }, { "net.2.weight", 2, { 4, 4 } }, { "net.2.bias", 1, { 4 } },
    { "net.04.weight", 2, { 4, 4 } }, { "net.04.bias", 1, { 4 } }, { "b.weight", 2, { 4, 4 } }, { "b.bias", 1, { 4 } }, { 0 }
  };
  g_autoptr (HlGraph) graph = test_network ("input:channels=4;height=1;width=1 flatten linear:units=4:a linear:units=4:b "
                                            "linear:units=4:c linear:units=4:d");
  g_autoptr (HlPlan) plan = make_plan (graph);
  g_autoptr (HlTensorFile) file = make_file (tensors);
  g_autoptr (GArray) matches = hl_match_weights (plan, file);

  g_assert_true (hl_match_weights_complete (matches));
  g_assert_cmpstr (find (matches, "a.weight")->entry->name, ==, "net.2.weight");
  g_assert_cmpstr (find (matches, "b.weight")->entry->name, ==, "b.weight");
  g_assert_cmpint (find (matches, "b.weight")->kind, ==, HL_MATCH_NAME);
  g_assert_cmpstr (find (matches, "c.bias")->entry->name, ==, "net.04.bias");
  g_assert_cmpstr (find (matches, "d.bias")->entry->name, ==, "net.10.bias");
}

/* A module that has more than the layer is not torn apart; another shape under the same name is told as such. */
static void
test_misfits (void)
{
  static const Tensor tensors[] = {
    { "x.weight", 2, { 4, 4 } }, { "x.bias", 1, { 4 } }, { "x.extra", 1, { 4 } }, { "b.weight", 2, { 4, 5 } },
    { "b.bias", 1, { 4 } }, { "optimizer.exp_avg.b.bias", 1, { 4 } }, { 0 }
  };
  g_autoptr (HlGraph) graph = test_network ("input:channels=4;height=1;width=1 flatten linear:units=4:a linear:units=4:b");
  g_autoptr (HlPlan) plan = make_plan (graph);
  g_autoptr (HlTensorFile) file = make_file (tensors);
  g_autoptr (GArray) matches = hl_match_weights (plan, file);
  g_autofree char *report = hl_match_weights_report (matches);

  g_assert_false (hl_match_weights_complete (matches));
  g_assert_cmpint (find (matches, "a.weight")->kind, ==, HL_MATCH_MISSING);
  g_assert_cmpint (find (matches, "b.weight")->kind, ==, HL_MATCH_OTHER_SHAPE);
  g_assert_cmpint (find (matches, "b.bias")->kind, ==, HL_MATCH_NAME);
  g_assert_cmpuint (matches->len, ==, 4 + 3);
  g_assert_true (g_str_has_prefix (report, "a.weight: not in the file"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/match-weights/sequential", test_sequential);
  g_test_add_func ("/match-weights/equal-shapes", test_equal_shapes);
  g_test_add_func ("/match-weights/misfits", test_misfits);
  return g_test_run ();
}
