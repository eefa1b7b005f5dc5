/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Layers that are frozen or learn at another rate: what files say, what the plan makes of it, that training leaves frozen
 * weights alone bit for bit, and that checkpoints outlive a change of mind. */

#include <string.h>

#include "engine/graph/check.h"
#include "engine/graph/graph-json.h"
#include "tests/support/network.h"
#include "tests/support/training.h"

#define NETWORK "input:channels=1;height=8;width=8 " \
                "conv2d:filters=4;size_y=3;size_x=3;padding_y=1;padding_x=1:conv batch_norm::norm relu::active max_pool2d " \
                "conv2d:filters=3;size_y=3;size_x=3:second batch_norm::after relu flatten linear:units=4:answer"

typedef struct { const char *name; gboolean frozen; double factor; } Setting;

/* The network with these settings, ending with a name of NULL. */
static HlGraph *
make_network (const Setting *settings)
{
  g_autoptr (HlGraph) usual = test_network (NETWORK);
  HlGraph *graph = hl_graph_copy (usual);

  for (; settings->name; settings++)
    {
      guint32 id = hl_graph_find_name (graph, settings->name)->id;

      hl_graph_set_frozen (graph, id, settings->frozen);
      hl_graph_set_rate_factor (graph, id, settings->factor);
    }
  hl_graph_freeze (graph);
  return graph;
}

/* ---- Files ---- */

static void
test_json (void)
{
  static const Setting settings[] = { { "conv", TRUE, 1 }, { "second", FALSE, 0.25 }, { NULL } };
  static const Setting none[] = { { NULL } };
  g_autoptr (HlGraph) graph = make_network (settings), usual = make_network (none), copy = hl_graph_copy (graph), read = NULL;
  g_autoptr (JsonNode) json = hl_graph_to_json (graph), usual_json = hl_graph_to_json (usual);
  g_autofree char *text = json_to_string (json, FALSE), *usual_text = json_to_string (usual_json, FALSE);
  g_autoptr (GError) error = NULL;
  guint32 duplicate;

  g_assert_nonnull (strstr (text, "\"frozen\":true"));
  g_assert_nonnull (strstr (text, "\"rate_factor\":0.25"));
  g_assert_null (strstr (usual_text, "frozen"));
  g_assert_null (strstr (usual_text, "rate_factor"));
  g_assert_false (hl_graph_equal (graph, usual));
  g_assert_true (hl_graph_equal (graph, copy));
  read = hl_graph_from_json (json, "graph", &error);
  g_assert_no_error (error);
  g_assert_true (hl_graph_equal (graph, read));
  duplicate = hl_graph_add_copy (copy, hl_graph_find_name (copy, "conv"));
  g_assert_true (hl_graph_find_node (copy, duplicate)->frozen);
  hl_graph_set_rate_factor (copy, duplicate, -3);
  g_assert_cmpfloat (hl_graph_find_node (copy, duplicate)->rate_factor, ==, 0);
}

static void
test_json_refused (void)
{
  static const char *const wrong[] = { "\"frozen\":1", "\"rate_factor\":-1", "\"rate_factor\":1001", "\"rate_factor\":\"1\"" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"nodes\":[{\"id\":1,\"layer\":\"relu\",\"name\":\"a\",%s}],\"links\":[]}", wrong[i]);
      g_autoptr (JsonNode) json = json_from_string (text, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (HlGraph) graph = hl_graph_from_json (json, "graph", &error);

      g_assert_null (graph);
      g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
      g_assert_nonnull (strstr (error->message, i == 0 ? "frozen" : "rate_factor"));
    }
}

/* ---- Plans ---- */

static const HlPlanStep *
find_step (const HlPlan *plan, const char *name)
{
  return hl_plan_find_step (plan, hl_graph_find_name (hl_plan_get_graph (plan), name)->id);
}

static const HlPlanWeight *
find_weight (const HlPlan *plan, const char *name)
{
  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    if (g_str_equal (hl_plan_get_weight (plan, i)->name, name))
      return hl_plan_get_weight (plan, i);
  g_assert_not_reached ();
}

/* conv: 4 × 9 + 4, norm: 8, second: 3 × 36 + 3, after: 6, answer: 4 × 12 + 4. */
static void
test_plan (void)
{
  static const Setting settings[] = { { "conv", TRUE, 1 }, { "norm", TRUE, 5 }, { "second", FALSE, 0.5 },
                                      { "answer", FALSE, 0.5 }, { NULL } };
  const HlPlanOptions options = { .batch = 16, .lanes = 16, .compute_units = 2, .training = TRUE, .fuse = TRUE };
  const HlPlanOptions evaluation = { .batch = 64, .lanes = 16, .compute_units = 2 };
  g_autoptr (HlGraph) graph = make_network (settings);
  g_autoptr (GError) error = NULL;
  g_autoptr (HlPlan) plan = hl_plan_new (graph, &options, &error), other = hl_plan_new (graph, &evaluation, &error);
  const HlPlanSegment *half, *whole;

  g_assert_no_error (error);
  g_assert_cmpuint (hl_plan_get_parameter_count (plan), ==, 40 + 8 + 111 + 6 + 52);
  g_assert_cmpuint (hl_plan_get_changeable_count (plan), ==, 111 + 6 + 52);
  g_assert_false (find_step (plan, "conv")->needs_gradient);
  g_assert_false (find_step (plan, "active")->needs_gradient);
  g_assert_true (find_step (plan, "second")->needs_gradient);
  g_assert_cmpuint (hl_plan_get_n_segments (plan), ==, 2);
  half = hl_plan_get_segment (plan, 0);
  whole = hl_plan_get_segment (plan, 1);
  g_assert_cmpfloat (half->rate_factor, ==, 0.5);
  g_assert_cmpfloat (whole->rate_factor, ==, 1);
  g_assert_cmpuint (half->first, ==, 0);
  g_assert_cmpuint (whole->first, ==, half->n);
  g_assert_cmpuint (whole->first + whole->n, ==, hl_plan_get_trained_length (plan));
  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);
      const HlPlanSegment *segment = weight->rate_factor == 0.5 ? half : whole;

      g_assert_cmpuint (weight->first, ==, hl_plan_get_weight (other, i)->first);
      if (weight->trained)
        {
          g_assert_cmpuint (weight->first, >=, segment->first);
          g_assert_cmpuint (weight->first + weight->n, <=, segment->first + segment->n);
        }
      else
        g_assert_cmpuint (weight->first, >=, hl_plan_get_trained_length (plan));
    }
}

/* A network of which nothing may change is worth a word; the hint that batch normalisation undoes a bias is not true of a
 * frozen one. */
static void
test_check (void)
{
  static const Setting all[] = { { "conv", TRUE, 1 }, { "norm", TRUE, 1 }, { "second", TRUE, 1 }, { "after", TRUE, 1 },
                                 { "answer", TRUE, 1 }, { NULL } };
  static const Setting norms[] = { { "norm", TRUE, 1 }, { NULL } }, none[] = { { NULL } };
  const struct { const Setting *settings; guint n_biases, n_frozen; } cases[] = { { none, 2, 0 }, { norms, 1, 0 }, { all, 0, 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HlGraph) graph = make_network (cases[i].settings);
      g_autoptr (GPtrArray) problems = hl_graph_check (graph, "cross_entropy");
      guint n_biases = 0, n_frozen = 0;

      for (guint k = 0; k < problems->len; k++)
        {
          const HlProblem *problem = problems->pdata[k];

          n_biases += strstr (problem->text, "has no effect") != NULL;
          n_frozen += strstr (problem->text, "is frozen") != NULL && problem->severity == HL_SEVERITY_WARNING;
        }
      g_assert_cmpuint (n_biases, ==, cases[i].n_biases);
      g_assert_cmpuint (n_frozen, ==, cases[i].n_frozen);
    }
}

/* ---- Training ---- */

static float *
read_weight (HlTrainer *trainer, const char *name, gsize *n)
{
  const HlPlanWeight *weight = find_weight (hl_trainer_get_plan (trainer), name);
  float *values = g_new (float, weight->n);
  g_autoptr (GError) error = NULL;

  *n = weight->n;
  hl_tensor_read (hl_executor_get_weights (hl_trainer_get_executor (trainer)), weight->first, weight->n, values, &error);
  g_assert_no_error (error);
  return values;
}

static gboolean
same_weight (HlTrainer *a, HlTrainer *b, const char *name)
{
  gsize n_a, n_b;
  g_autofree float *x = read_weight (a, name, &n_a), *y = read_weight (b, name, &n_b);

  return n_a == n_b && memcmp (x, y, n_a * sizeof (float)) == 0;
}

static HlTrainer *
make_trainer (const Setting *settings, const HlRecipe *recipe)
{
  g_autoptr (HlGraph) graph = make_network (settings);
  g_autoptr (HlDataset) data = test_small_images (160, 40);
  g_autoptr (HlDataSpec) spec = training_spec (0.2);
  g_autoptr (GError) error = NULL;
  HlTrainer *trainer = training_new (graph, recipe, data, spec, FALSE, &error);

  g_assert_no_error (error);
  return trainer;
}

static void
advance (HlTrainer *trainer, guint n)
{
  HlStep step = { 0 };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n && step.kind != HL_STEP_DONE; i++)
    {
      hl_trainer_step (trainer, &step, &error);
      g_assert_no_error (error);
    }
}

/* Below what learns, in its middle, and above it: what is frozen stays bit for bit, everything else learns. Without a
 * layer above it that learns, a frozen one has no gradients at all; with one below, it passes them on. */
static void
test_bits (void)
{
  static const Setting cases[][4] = {
    { { "conv", TRUE, 1 }, { "norm", TRUE, 1 }, { NULL } },
    { { "second", TRUE, 1 }, { "after", TRUE, 2 }, { NULL } },
    { { "norm", TRUE, 1 }, { "answer", TRUE, 1 }, { NULL } },
  };
  static const char *const weights[] = {
    "conv.weight", "conv.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var", "second.weight",
    "second.bias", "after.weight", "after.bias", "after.running_mean", "after.running_var", "answer.weight", "answer.bias",
  };
  g_autoptr (HlRecipe) recipe = training_recipe ("adamw", "learning_rate=0.01;weight_decay=0.1", 16, 2);

  for (guint i = 0; i < G_N_ELEMENTS (cases) && training_has_device (); i++)
    {
      g_autoptr (HlTrainer) start = make_trainer (cases[i], recipe), trained = make_trainer (cases[i], recipe);

      advance (trained, 1000);
      for (guint k = 0; k < G_N_ELEMENTS (weights); k++)
        {
          g_autofree char *layer = g_strndup (weights[k], strcspn (weights[k], "."));
          gboolean frozen = find_step (hl_trainer_get_plan (start), layer)->frozen;

          g_test_message ("case %u: %s", i, weights[k]);
          g_assert_cmpint (same_weight (start, trained, weights[k]), ==, frozen);
        }
    }
}

static void
test_all_frozen (void)
{
  static const Setting settings[] = { { "conv", TRUE, 1 }, { "norm", TRUE, 1 }, { "second", TRUE, 1 }, { "after", TRUE, 1 },
                                      { "answer", TRUE, 1 }, { NULL } };
  g_autoptr (HlRecipe) recipe = training_recipe ("adam", NULL, 16, 2);
  g_autoptr (HlGraph) graph = make_network (settings);
  g_autoptr (HlDataset) data = test_small_images (160, 40);
  g_autoptr (HlDataSpec) spec = training_spec (0.2);
  g_autoptr (HlTrainer) trainer = NULL;
  g_autoptr (GError) error = NULL;

  if (!training_has_device ())
    return;
  trainer = training_new (graph, recipe, data, spec, FALSE, &error);
  g_assert_null (trainer);
  g_assert_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "frozen"));
}

/* In the first step the gradients do not depend on the rate, so that a factor on it does what a smaller rate does. */
static void
test_rate_factor (void)
{
  static const Setting none[] = { { NULL } }, some[] = { { "second", FALSE, 0.125 }, { "norm", FALSE, 0 }, { NULL } };
  g_autoptr (HlRecipe) recipe = training_recipe ("sgd", "learning_rate=0.5;momentum=0.9", 16, 1);
  g_autoptr (HlRecipe) slower = training_recipe ("sgd", "learning_rate=0.0625;momentum=0.9", 16, 1);
  g_autoptr (HlTrainer) start = NULL, usual = NULL, slow = NULL, mixed = NULL;

  if (!training_has_device ())
    return;
  start = make_trainer (none, recipe);
  usual = make_trainer (none, recipe);
  slow = make_trainer (none, slower);
  mixed = make_trainer (some, recipe);
  advance (usual, 1);
  advance (slow, 1);
  advance (mixed, 1);
  g_assert_true (same_weight (mixed, slow, "second.weight"));
  g_assert_false (same_weight (mixed, usual, "second.weight"));
  g_assert_true (same_weight (mixed, usual, "conv.weight"));
  g_assert_true (same_weight (mixed, usual, "answer.weight"));
  g_assert_true (same_weight (mixed, usual, "norm.running_mean"));
  g_assert_true (same_weight (mixed, start, "norm.weight"));
  g_assert_false (same_weight (usual, start, "norm.weight"));
}

/* Either way, weights and the optimizer's memory of the other layers go on; and a run that changes nothing goes on to the
 * same bits. */
static void
test_checkpoint (void)
{
  static const Setting none[] = { { NULL } }, some[] = { { "conv", TRUE, 1 }, { "norm", TRUE, 1 }, { "answer", FALSE, 0.5 }, { NULL } };
  const Setting *ways[2] = { none, some };
  g_autoptr (HlRecipe) recipe = training_recipe ("adam", "learning_rate=0.01", 16, 2);
  g_autoptr (GFile) file = training_file ("frozen.safetensors");

  for (guint from = 0; from < 2 && training_has_device (); from++)
    for (guint to = 0; to < 2; to++)
      {
        g_autoptr (HlTrainer) first = make_trainer (ways[from], recipe), second = make_trainer (ways[to], recipe);
        g_autoptr (GError) error = NULL;
        g_autofree char *before = NULL, *after = NULL;

        advance (first, 5);
        g_assert_true (hl_trainer_save_checkpoint (first, file, &error));
        g_assert_no_error (error);
        hl_trainer_restore_checkpoint (second, file, &error);
        g_assert_no_error (error);
        before = hl_trainer_get_weights_sha256 (first, &error);
        after = hl_trainer_get_weights_sha256 (second, &error);
        g_assert_cmpstr (before, ==, after);
        advance (first, 3);
        advance (second, 3);
        g_assert_cmpint (same_weight (first, second, "conv.weight"), ==, from == to);
        g_assert_cmpint (same_weight (first, second, "answer.weight"), ==, from == to);
        hl_trainer_load_weights (second, file, NULL, &error);
        g_assert_no_error (error);
      }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  training_init ();
  g_test_add_func ("/frozen/json", test_json);
  g_test_add_func ("/frozen/json-refused", test_json_refused);
  g_test_add_func ("/frozen/plan", test_plan);
  g_test_add_func ("/frozen/check", test_check);
  g_test_add_func ("/frozen/bits", test_bits);
  g_test_add_func ("/frozen/all-frozen", test_all_frozen);
  g_test_add_func ("/frozen/rate-factor", test_rate_factor);
  g_test_add_func ("/frozen/checkpoint", test_checkpoint);
  result = g_test_run ();
  training_clear ();
  return result;
}
