/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Project files: what is written comes back, what is wrong is refused with its place, and no bytes whatever crash the
 * reader. */

#include "app/file-util.h"
#include "engine/base/json-text.h"
#include "tests/app/app-test.h"


static void
test_round_trip (void)
{
  for (const HlTemplate *template = hl_template_list (); template->name; template++)
    {
      g_autoptr (HlProjectState) state = hl_template_new_state (template->name), back = NULL;
      g_autofree char *text = hl_project_state_to_text (state, NULL), *again = NULL;
      g_autoptr (GError) error = NULL;

      back = hl_project_state_from_text (text, -1, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (hl_project_state_equal (state, back));
      again = hl_project_state_to_text (back, NULL);
      g_assert_cmpstr (again, ==, text);
      g_assert_true (g_str_has_suffix (text, "}\n"));
    }
}

/* The number the issue names: it is what every LeNet-5 tutorial says. */
static void
test_lenet_parameters (void)
{
  g_autoptr (HlProjectState) state = hl_template_new_state ("lenet-fashion");
  HlPlanOptions options = { .batch = 64, .lanes = 16, .compute_units = 2, .training = TRUE };
  g_autoptr (GError) error = NULL;
  g_autoptr (HlPlan) plan = hl_plan_new (hl_project_state_get_graph (state), &options, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (hl_plan_get_parameter_count (plan), ==, 61706);
}

/* Numbers that are not short must survive; short ones must stay short. */
static void
test_numbers (void)
{
  static const double values[] = { 0.1, 1e-3, 1.0 / 3, 1e300, 5e-324, -0.0, 123456789.125, 1e22, 0.30000000000000004 };
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY), back = NULL;
  JsonArray *array = json_array_new ();
  g_autofree char *text = NULL;

  json_node_take_array (node, array);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    json_array_add_double_element (array, values[i]);
  json_array_add_string_element (array, "quotes \" back \\ line \n tab \t bell \a ümlaut ×");
  text = hl_json_to_text (node);
  g_test_message ("%s", text);
  g_assert_nonnull (strstr (text, "0.1,"));
  g_assert_nonnull (strstr (text, "0.001,"));
  back = hl_json_from_text (text, -1, NULL);
  g_assert_nonnull (back);
  array = json_node_get_array (back);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    g_assert_cmpfloat (json_array_get_double_element (array, i), ==, values[i]);
  g_assert_cmpstr (json_array_get_string_element (array, G_N_ELEMENTS (values)), ==,
                   "quotes \" back \\ line \n tab \t bell \a ümlaut ×");
}

static char *
replace (const char *text, const char *from, const char *to)
{
  g_autofree char *head = NULL;
  const char *at = strstr (text, from);

  if (!at)
    g_error ("There is no “%s” to replace", from);
  head = g_strndup (text, at - text);
  return g_strconcat (head, to, at + strlen (from), NULL);
}

typedef struct
{
  const char *from, *to;
  int code;
  const char *part;   /* what the message must name */
} Change;

static void
test_refused (void)
{
  static const Change changes[] = {
    { "\"hillock\": 1", "\"hillock\": 2", HL_FILE_ERROR_NEWER, "newer" },
    { "\"hillock\": 1", "\"hillock\": 2, \"future\": []", HL_FILE_ERROR_NEWER, "newer" },
    { "\"hillock\": 1", "\"hillock\": 0", HL_FILE_ERROR_CONTENT, "hillock" },
    { "\"hillock\": 1", "\"hillock\": \"1\"", HL_FILE_ERROR_CONTENT, "hillock" },
    { "\"hillock\": 1,", "", HL_FILE_ERROR_CONTENT, "hillock" },
    { "\"hillock\": 1", "\"hillock\": 1, \"colour\": 3", HL_FILE_ERROR_CONTENT, "colour" },
    { "\"augmentation\": []", "\"augmentation\": [{}]", HL_FILE_ERROR_CONTENT, "augmentation" },
    { "\"augmentation\": []", "\"augmentation\": 7", HL_FILE_ERROR_CONTENT, "augmentation" },
    { "\"filters\": 6", "\"filters\": \"six\"", HL_FILE_ERROR_CONTENT, "graph.nodes[1]" },
    { "\"filters\": 6", "\"filters\": -6", HL_FILE_ERROR_CONTENT, "graph.nodes[1]" },
    { "\"filters\": 6", "\"filtres\": 6", HL_FILE_ERROR_CONTENT, "filtres" },
    { "\"layer\": \"relu\"", "\"layer\": \"relux\"", HL_FILE_ERROR_CONTENT, "relux" },
    { "\"to\": 2", "\"to\": 99", HL_FILE_ERROR_CONTENT, "graph.links[0]" },
    { "\"batch\": 64", "\"batch\": 1.5", HL_FILE_ERROR_CONTENT, "recipe" },
    { "\"batch\": 64", "\"bacth\": 64", HL_FILE_ERROR_CONTENT, "bacth" },
    { "\"learning_rate\": 0.001", "\"learning_rate\": -1", HL_FILE_ERROR_CONTENT, "learning_rate" },
    { "\"name\": \"adam\"", "\"name\": \"eve\"", HL_FILE_ERROR_CONTENT, "eve" },
    { "\"validation\": 0.1", "\"validation\": 7", HL_FILE_ERROR_CONTENT, "validation" },
    { "\"normalize\": \"standard\"", "\"normalize\": \"odd\"", HL_FILE_ERROR_CONTENT, "odd" },
  };
  g_autoptr (HlProjectState) state = hl_template_new_state ("lenet-fashion");
  g_autofree char *text = hl_project_state_to_text (state, NULL);
  g_autoptr (GFile) file = g_file_new_for_path ("/somewhere/lenet.hillock");

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autofree char *wrong = replace (text, changes[i].from, changes[i].to);
      g_autoptr (GError) error = NULL;
      g_autoptr (HlProjectState) read = hl_project_state_from_text (wrong, -1, file, &error);

      if (read)
        g_error ("“%s” instead of “%s” is not refused", changes[i].to, changes[i].from);
      g_test_message ("%s", error->message);
      if (!g_error_matches (error, HL_FILE_ERROR, changes[i].code) || !strstr (error->message, changes[i].part)
          || !strstr (error->message, "lenet.hillock"))
        g_error ("“%s”: wrong error %d or no word of “%s”: %s", changes[i].to, error->code, changes[i].part,
                 error->message);
    }
}

static void
test_no_json (void)
{
  g_autofree char *deep = g_strnfill (100000, '[');
  const char *texts[] = { "", " ", "{", "[]", "7", "null", "{\"hillock\"", "\xff\xfe", "hello", deep };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (hl_project_state_from_text (texts[i], -1, NULL, &error));
      g_test_message ("%s", error->message);
      g_assert_true (error->domain == HL_FILE_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

static void
test_no_file (void)
{
  g_autoptr (GFile) folder = hl_test_make_folder ();
  g_autoptr (GFile) missing = g_file_get_child (folder, "missing.hillock"), device = g_file_new_for_path ("/dev/zero");
  GFile *files[] = { folder, missing, device };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (hl_project_state_load (files[i], &error));
      g_assert_nonnull (error);
      g_test_message ("%s", error->message);
    }
  hl_test_remove_tree (folder);
}

static void
test_paths (void)
{
  g_autoptr (HlProjectState) state = hl_template_new_state ("lenet-fashion"), moved = NULL, inside = NULL;
  g_autoptr (GFile) file = g_file_new_for_path ("/a/b/x.hillock"), elsewhere = g_file_new_for_path ("/c/x.hillock");
  HlDataSpec *data = hl_data_spec_copy (hl_project_state_get_data (state));
  g_autofree char *text = NULL, *other = NULL;
  g_autoptr (GError) error = NULL;

  g_free (data->path);
  data->path = g_strdup ("/a/b/data/set");
  inside = hl_project_state_with_data (state, data);
  text = hl_project_state_to_text (inside, file);
  g_assert_nonnull (strstr (text, "\"path\": \"data/set\""));
  /* A folder that is moved with its data finds them again. */
  moved = hl_project_state_from_text (text, -1, elsewhere, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (hl_project_state_get_data (moved)->path, ==, "/c/data/set");
  /* What lies outside keeps its whole path. */
  other = hl_project_state_to_text (inside, elsewhere);
  g_assert_nonnull (strstr (other, "\"path\": \"/a/b/data/set\""));
}

static void
read_back (const char *bytes, gsize n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlProjectState) state = hl_project_state_from_text (bytes, n, NULL, &error);

  if (state)
    {
      g_autofree char *text = hl_project_state_to_text (state, NULL);
      g_autoptr (HlProjectState) again = hl_project_state_from_text (text, -1, NULL, &error);

      g_assert_no_error (error);
      g_assert_true (hl_project_state_equal (state, again));
    }
  else
    g_assert_true (error && *error->message && g_utf8_validate (error->message, -1, NULL));
}

static void
test_truncated (void)
{
  g_autoptr (HlProjectState) state = hl_template_new_state ("lenet-fashion");
  g_autofree char *text = hl_project_state_to_text (state, NULL);

  for (gsize n = 0; n < strlen (text); n++)
    {
      g_autofree char *bytes = g_memdup2 (text, n + 1);

      read_back (bytes, n);
    }
}

static void
mutate (GString *text, GRand *random)
{
  static const char *const pieces[] = { "0", "-1", "1e999",   "null", "true",
                                        "[", "]",  "{",       "}",    "\"",
                                        ",", ":",  "\\u0000", "\xc3", "99999999999999999999" };
  gsize at = g_rand_int_range (random, 0, text->len);

  switch (g_rand_int_range (random, 0, 4))
    {
    case 0:
      text->str[at] = g_rand_int_range (random, 1, 256);
      break;
    case 1:
      g_string_erase (text, at, g_rand_int_range (random, 1, MIN (20, text->len - at) + 1));
      break;
    case 2:
      g_string_insert (text, at, pieces[g_rand_int_range (random, 0, G_N_ELEMENTS (pieces))]);
      break;
    default:
      {
        gsize n = g_rand_int_range (random, 1, MIN (60, text->len - at) + 1);
        g_autofree char *copy = g_strndup (text->str + at, n);

        g_string_insert_len (text, g_rand_int_range (random, 0, text->len), copy, strlen (copy));
      }
    }
}

static void
test_mutated (void)
{
  guint n = g_test_slow () ? 200000 : 4000;
  guint32 seed = g_test_rand_int ();
  const HlTemplate *templates = hl_template_list ();
  guint n_templates = 0;
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  g_test_message ("seed %u", seed);
  while (templates[n_templates].name)
    n_templates++;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (HlProjectState) state = hl_template_new_state (templates[i % n_templates].name);
      g_autofree char *text = hl_project_state_to_text (state, NULL);
      GString *mutated = g_string_new (text);

      for (int k = g_rand_int_range (random, 1, 4); k > 0 && mutated->len > 0; k--)
        mutate (mutated, random);
      read_back (mutated->str, mutated->len);
      g_string_free (mutated, TRUE);
    }
}

int
main (int argc, char **argv)
{
  hl_test_init (&argc, &argv);
  g_test_add_func ("/project-json/round-trip", test_round_trip);
  g_test_add_func ("/project-json/lenet-parameters", test_lenet_parameters);
  g_test_add_func ("/project-json/numbers", test_numbers);
  g_test_add_func ("/project-json/refused", test_refused);
  g_test_add_func ("/project-json/no-json", test_no_json);
  g_test_add_func ("/project-json/no-file", test_no_file);
  g_test_add_func ("/project-json/paths", test_paths);
  g_test_add_func ("/project-json/truncated", test_truncated);
  g_test_add_func ("/project-json/mutated", test_mutated);
  return g_test_run ();
}
