/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recipes: defaults, copies, JSON there and back, and what a file must not say. */

#include "engine/train/recipe.h"
#include "engine/base/error.h"

#include <string.h>

static void
test_defaults (void)
{
  g_autoptr (HlRecipe) recipe = hl_recipe_new ();

  g_assert_cmpstr (recipe->loss->klass->name, ==, "cross_entropy");
  g_assert_cmpstr (recipe->optimizer->klass->name, ==, "adam");
  g_assert_cmpstr (recipe->schedule->klass->name, ==, "constant");
  g_assert_cmpuint (recipe->batch, ==, 64);
  g_assert_cmpuint (recipe->epochs, ==, 10);
  g_assert_cmpuint (recipe->seed, ==, 1);
}

static void
test_round_trip (void)
{
  for (const HlOptimizerClass *const *k = hl_optimizer_classes (); *k; k++)
    {
      g_autoptr (HlRecipe) recipe = hl_recipe_new (), copy = NULL, read = NULL;
      g_autoptr (JsonNode) json = NULL, again = NULL;
      g_autofree char *text = NULL, *text_again = NULL;
      g_autoptr (GError) error = NULL;

      hl_choice_free (recipe->optimizer);
      recipe->optimizer = hl_choice_new (&(*k)->base);
      hl_param_set (hl_class_find_param (&(*k)->base, "learning_rate"), recipe->optimizer->params, 0.125);
      recipe->batch = 17;
      recipe->epochs = 3;
      recipe->seed = G_MAXINT64;
      hl_param_set (hl_class_find_param (&hl_gradient_class, "clip_norm"), recipe->gradient->params, 2.5);
      recipe->warm_up_steps = 20;
      recipe->warm_up_start = 0.25;
      copy = hl_recipe_copy (recipe);
      g_assert_true (hl_recipe_equal (recipe, copy));
      json = hl_recipe_to_json (recipe);
      text = json_to_string (json, FALSE);
      hl_recipe_free (g_steal_pointer (&recipe));
      read = hl_recipe_from_json (json, "recipe", &error);
      g_assert_no_error (error);
      g_assert_true (hl_recipe_equal (read, copy));
      again = hl_recipe_to_json (read);
      text_again = json_to_string (again, FALSE);
      g_assert_cmpstr (text, ==, text_again);
      read->seed--;
      g_assert_false (hl_recipe_equal (read, copy));
      read->seed++;
      read->warm_up_steps++;
      g_assert_false (hl_recipe_equal (read, copy));
    }
}

static void
refuse (const char *text, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) json = json_from_string (text, &error);
  g_autoptr (HlRecipe) recipe = NULL;

  g_assert_no_error (error);
  recipe = hl_recipe_from_json (json, "recipe", &error);
  g_assert_null (recipe);
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” is not in: %s", part, error->message);
}

static void
test_start_weights (void)
{
  g_autoptr (JsonNode) json = json_from_string ("{\"start_weights\": \"a.safetensors\"}", NULL), again = NULL, plain = NULL;
  g_autoptr (HlRecipe) recipe = hl_recipe_from_json (json, "recipe", NULL), copy = NULL, back = NULL, none = hl_recipe_new ();

  g_assert_nonnull (recipe);
  g_assert_cmpstr (recipe->start_weights, ==, "a.safetensors");
  copy = hl_recipe_copy (recipe);
  again = hl_recipe_to_json (copy);
  back = hl_recipe_from_json (again, "recipe", NULL);
  g_assert_true (hl_recipe_equal (recipe, copy) && hl_recipe_equal (recipe, back));
  g_assert_false (hl_recipe_equal (recipe, none));
  plain = hl_recipe_to_json (none);
  g_assert_false (json_object_has_member (json_node_get_object (plain), "start_weights"));
  refuse ("{\"start_weights\": 3}", "start_weights");
}

static void
test_class_weights (void)
{
  g_autoptr (JsonNode) json = json_from_string ("{\"class_weights\": [1, 0.5, 0]}", NULL), again = NULL;
  g_autoptr (HlRecipe) recipe = hl_recipe_from_json (json, "recipe", NULL), copy = NULL, back = NULL, none = hl_recipe_new ();

  g_assert_nonnull (recipe);
  g_assert_cmpuint (recipe->class_weights->len, ==, 3);
  g_assert_cmpfloat (g_array_index (recipe->class_weights, double, 1), ==, 0.5);
  copy = hl_recipe_copy (recipe);
  g_assert_true (hl_recipe_equal (recipe, copy));
  g_assert_false (hl_recipe_equal (recipe, none));
  again = hl_recipe_to_json (copy);
  back = hl_recipe_from_json (again, "recipe", NULL);
  g_assert_nonnull (back);
  g_assert_true (hl_recipe_equal (recipe, back));
  g_array_index (back->class_weights, double, 2) = 1;
  g_assert_false (hl_recipe_equal (recipe, back));
  refuse ("{\"class_weights\": []}", "not all 0");
  refuse ("{\"class_weights\": [0, 0]}", "not all 0");
  refuse ("{\"class_weights\": 1}", "must be a list");
  refuse ("{\"class_weights\": [1, -1]}", "weight of class 1");
  refuse ("{\"class_weights\": [1, \"2\"]}", "weight of class 1");
  refuse ("{\"class_weights\": [1, [2]]}", "weight of class 1");
  refuse ("{\"class_weights\": [null]}", "weight of class 0");
}

static void
test_refused (void)
{
  g_autoptr (JsonNode) empty = json_from_string ("{}", NULL);
  g_autoptr (HlRecipe) read = hl_recipe_from_json (empty, "recipe", NULL), standard = hl_recipe_new ();

  g_assert_true (hl_recipe_equal (read, standard));
  refuse ("[]", "recipe");
  refuse ("{\"epoch\": 1}", "epoch");
  refuse ("{\"epochs\": 0}", "epochs");
  refuse ("{\"batch\": 0}", "batch");
  refuse ("{\"batch\": 1.5}", "batch");
  refuse ("{\"batch\": \"64\"}", "batch");
  refuse ("{\"seed\": -1}", "seed");
  refuse ("{\"optimizer\": {\"name\": \"adamx\"}}", "adamx");
  refuse ("{\"optimizer\": {\"name\": \"adam\", \"params\": {\"rate\": 1}}}", "rate");
  refuse ("{\"optimizer\": {\"name\": \"adam\", \"params\": {\"learning_rate\": -1}}}", "learning_rate");
  refuse ("{\"gradient\": {\"l3\": 1}}", "l3");
  refuse ("{\"gradient\": {\"l1\": -1}}", "l1");
  refuse ("{\"warm_up_steps\": -1}", "warm_up_steps");
  refuse ("{\"warm_up_start\": 1.5}", "warm_up_start");
  refuse ("{\"loss\": \"cross_entropy\"}", "loss");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recipe/defaults", test_defaults);
  g_test_add_func ("/recipe/round-trip", test_round_trip);
  g_test_add_func ("/recipe/refused", test_refused);
  g_test_add_func ("/recipe/class-weights", test_class_weights);
  g_test_add_func ("/recipe/start-weights", test_start_weights);
  return g_test_run ();
}
