/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parameters as JSON: what is refused, and that the sentence says where and why. */

#include <string.h>

#include "engine/base/error.h"
#include "engine/base/params-json.h"

typedef struct
{
  int count, mode;
  double rate;
  gboolean flag;
} Sample;

static const char *const modes[] = { "zeros", "reflect", NULL };

static const HlParam sample_params[] = {
  HL_INT (Sample, count, "Count", HL_UNIT_NONE, 1, 64, 5, NULL),
  HL_CHOICE (Sample, mode, "Mode", modes, 2, 0, NULL),
  HL_FLOAT (Sample, rate, "Rate", HL_UNIT_NONE, 0, 1, 0.1, NULL),
  HL_BOOL (Sample, flag, "Flag", TRUE, NULL),
  HL_PARAM_END
};

static const HlClass sample_class = {
  .name = "sample", .title = "Sample", .summary = "For this test.", .params_size = sizeof (Sample), .params = sample_params,
};

static const HlClass *
find_sample (const char *name)
{
  return g_str_equal (name, "sample") ? &sample_class : NULL;
}

static void
test_order (void)
{
  const Sample sample = { 7, 1, 0.25, FALSE };
  g_autoptr (JsonNode) json = hl_params_to_json (&sample_class, &sample);
  g_autofree char *text = json_to_string (json, FALSE);

  g_assert_cmpstr (text, ==, "{\"count\":7,\"mode\":\"reflect\",\"rate\":0.25,\"flag\":false}");
}

static void
test_missing (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) json = json_from_string ("{\"rate\": 1}", NULL);
  Sample sample = { 9, 9, 9, 9 };

  g_assert_true (hl_params_from_json (&sample_class, &sample, json, "here", &error));
  g_assert_no_error (error);
  g_assert_cmpint (sample.count, ==, 5);
  g_assert_cmpint (sample.mode, ==, 0);
  g_assert_cmpfloat (sample.rate, ==, 1);
  g_assert_true (sample.flag);
}

static void
test_refused (void)
{
  static const struct { const char *text, *word; } cases[] = {
    { "[1]", "[1]" },
    { "null", "null" },
    { "{\"countt\": 1}", "countt" },
    { "{\"count\": 0}", "between 1 and 64" },
    { "{\"count\": 65}", "is 65" },
    { "{\"count\": 3.5}", "whole number" },
    { "{\"count\": \"3\"}", "whole number" },
    { "{\"count\": null}", "whole number" },
    { "{\"rate\": 1.5}", "between 0 and 1" },
    { "{\"rate\": -1e-300}", "between 0 and 1" },
    { "{\"rate\": true}", "a number" },
    { "{\"mode\": \"circular\"}", "zeros, reflect" },
    { "{\"mode\": 1}", "text in quotes" },
    { "{\"mode\": true}", "text in quotes" },
    { "{\"flag\": 1}", "true or false" },
    { "{\"flag\": {}}", "true or false" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) json = json_from_string (cases[i].text, &error);
      Sample sample;

      g_assert_no_error (error);
      g_assert_false (hl_params_from_json (&sample_class, &sample, json, "nodes[3].params", &error));
      g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, "nodes[3].params"));
      g_assert_nonnull (strstr (error->message, cases[i].word));
    }
}

static void
test_choice (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlChoice) choice = hl_choice_new (&sample_class), read = NULL, refused = NULL;
  g_autoptr (JsonNode) json = NULL, wrong = json_from_string ("{\"name\": \"other\"}", NULL);

  ((Sample *) choice->params)->count = 12;
  json = hl_choice_to_json (choice);
  read = hl_choice_from_json (json, find_sample, "optimizer", "recipe", &error);
  g_assert_no_error (error);
  g_assert_true (hl_choice_equal (choice, read));

  refused = hl_choice_from_json (wrong, find_sample, "optimizer", "recipe", &error);
  g_assert_null (refused);
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
  g_assert_nonnull (strstr (error->message, "no optimizer named “other”"));
}

static void
test_readers (void)
{
  static const char *const allowed[] = { "whole", "real", "text", "flag", NULL };
  g_autoptr (JsonNode) json = json_from_string ("{\"whole\": -4, \"real\": 3, \"text\": \"ä\", \"flag\": true}", NULL);
  g_autoptr (GError) error = NULL;
  JsonObject *object = hl_json_get_object (json, allowed, "file", &error);
  gint64 whole = 0;
  double real = 0;
  const char *text = NULL;
  gboolean flag = FALSE;

  g_assert_nonnull (object);
  g_assert_true (hl_json_get_int (object, "whole", -4, 0, &whole, "file", &error));
  g_assert_cmpint (whole, ==, -4);
  g_assert_true (hl_json_get_double (object, "real", 0, 10, &real, "file", &error));
  g_assert_cmpfloat (real, ==, 3);
  g_assert_true (hl_json_get_string (object, "text", &text, "file", &error));
  g_assert_cmpstr (text, ==, "ä");
  g_assert_true (hl_json_get_bool (object, "flag", &flag, "file", &error));
  g_assert_true (flag);
  g_assert_false (hl_json_get_int (object, "absent", 0, 1, &whole, "file", &error));
  g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
  g_assert_nonnull (strstr (error->message, "absent"));
}

/* A switch of earlier files that has become a choice. */
static void
test_was_bool (void)
{
  static const char *const kinds[] = { "none", "some", "all", NULL };
  static const HlParam params[] = { HL_CHOICE_WAS_BOOL (Sample, mode, "Mode", kinds, 3, 2, NULL), HL_PARAM_END };
  static const HlClass klass = { .name = "switched", .params_size = sizeof (Sample), .params = params };
  static const struct { const char *text; int mode; } cases[] = {
    { "{\"mode\": false}", 0 }, { "{\"mode\": true}", 1 }, { "{\"mode\": \"all\"}", 2 }, { "{\"mode\": 1}", -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonNode) json = json_from_string (cases[i].text, NULL);
      g_autoptr (GError) error = NULL;
      Sample sample;

      g_assert_true (hl_params_from_json (&klass, &sample, json, "here", &error) == (cases[i].mode >= 0));
      if (cases[i].mode >= 0)
        g_assert_cmpint (sample.mode, ==, cases[i].mode);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/params-json/order", test_order);
  g_test_add_func ("/params-json/missing", test_missing);
  g_test_add_func ("/params-json/refused", test_refused);
  g_test_add_func ("/params-json/was-bool", test_was_bool);
  g_test_add_func ("/params-json/choice", test_choice);
  g_test_add_func ("/params-json/readers", test_readers);
  return g_test_run ();
}
