/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlClass, HlParam and HlChoice over a struct with one field of each kind, and progress reports. */

#include "engine/base/choice.h"

#include <math.h>
#include <string.h>

#include "engine/base/error.h"

typedef struct
{
  int count;
  double rate;
  gboolean nesterov;
  int mode;
} Sample;

static const char *const modes[] = { "zeros", "reflect", "replicate", NULL };

static const HlParam sample_params[] = {
  HL_INT (Sample, count, "Count", HL_UNIT_NONE, 1, 9, 4, NULL),
  HL_FLOAT (Sample, rate, "Rate", HL_UNIT_RATIO, 0, 1, 0.25, NULL),
  HL_BOOL (Sample, nesterov, "Nesterov", 1, NULL),
  HL_CHOICE (Sample, mode, "Padding", modes, 3, 1, NULL),
  HL_PARAM_END
};

static const HlClass sample_class = {
  .name = "sample", .title = "Sample", .params_size = sizeof (Sample), .params = sample_params
};

static const HlClass bare_class = { .name = "bare", .title = "Bare" };

static void
test_initial (void)
{
  g_autofree Sample *sample = hl_class_new_params (&sample_class);

  g_assert_cmpint (sample->count, ==, 4);
  g_assert_cmpfloat (sample->rate, ==, 0.25);
  g_assert_true (sample->nesterov);
  g_assert_cmpint (sample->mode, ==, 1);
  g_assert_cmpuint (hl_class_get_n_params (&sample_class), ==, 4);
  g_assert_cmpuint (hl_class_get_n_params (&bare_class), ==, 0);
  g_assert_null (hl_class_new_params (&bare_class));
  g_assert_true (hl_class_find_param (&sample_class, "rate") == &sample_params[1]);
  g_assert_null (hl_class_find_param (&sample_class, "Rate"));
  g_assert_null (hl_class_find_param (&bare_class, "rate"));
}

static void
test_set (void)
{
  g_autofree Sample *sample = hl_class_new_params (&sample_class);

  g_assert_true (hl_param_set (&sample_params[0], sample, 6.6));
  g_assert_cmpint (sample->count, ==, 7);
  g_assert_false (hl_param_set (&sample_params[0], sample, 7.4));
  g_assert_true (hl_param_set (&sample_params[0], sample, 1e300));
  g_assert_cmpint (sample->count, ==, 9);
  g_assert_true (hl_param_set (&sample_params[0], sample, -INFINITY));
  g_assert_cmpint (sample->count, ==, 1);
  g_assert_false (hl_param_set (&sample_params[1], sample, NAN));
  g_assert_cmpfloat (sample->rate, ==, 0.25);
  g_assert_true (hl_param_set (&sample_params[2], sample, 0));
  g_assert_false (sample->nesterov);
  g_assert_true (hl_param_set (&sample_params[3], sample, 9));
  g_assert_cmpint (sample->mode, ==, 2);
  g_assert_cmpfloat (hl_param_get (&sample_params[3], sample), ==, 2);
}

static void
check_fails (const Sample *sample, const char *a, const char *b)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (hl_class_check_params (&sample_class, sample, &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_PARAM);
  g_assert_nonnull (strstr (error->message, "Sample"));
  g_assert_nonnull (strstr (error->message, a));
  g_assert_nonnull (strstr (error->message, b));
}

static void
test_check (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree Sample *sample = hl_class_new_params (&sample_class);

  g_assert_true (hl_class_check_params (&sample_class, sample, &error));
  g_assert_no_error (error);
  sample->count = 10;
  check_fails (sample, "count", "10");
  sample->count = 9;
  sample->rate = NAN;
  check_fails (sample, "rate", "not a number");
  sample->rate = -0.001;
  check_fails (sample, "rate", "-0.001");
  sample->rate = 1;
  sample->mode = 3;
  check_fails (sample, "mode", "3");
}

static void
test_choice (void)
{
  g_autoptr (HlChoice) choice = hl_choice_new (&sample_class), copy = hl_choice_copy (choice);
  g_autoptr (HlChoice) bare = hl_choice_new (&bare_class), bare_copy = hl_choice_copy (bare);

  g_assert_true (hl_choice_equal (choice, copy));
  g_assert_true (hl_choice_equal (bare, bare_copy));
  g_assert_false (hl_choice_equal (choice, bare));
  ((Sample *) copy->params)->rate = 0.5;
  g_assert_false (hl_choice_equal (choice, copy));
  g_assert_cmpfloat (((Sample *) choice->params)->rate, ==, 0.25);
  g_assert_null (hl_choice_copy (NULL));
  g_assert_true (hl_choice_equal (NULL, NULL));
  g_assert_false (hl_choice_equal (NULL, choice));
  g_assert_false (hl_choice_equal (choice, NULL));
}

static void
keep_report (gpointer data, double fraction, const char *text)
{
  g_string_printf (data, "%g %s", fraction, text);
}

static void
test_progress (void)
{
  g_autoptr (GString) report = g_string_new (NULL);
  HlProgress progress = { keep_report, report }, silent = { NULL, NULL };

  hl_progress_report (NULL, 1, "%d", 1);
  hl_progress_report (&silent, 1, "%d", 1);
  hl_progress_report (&progress, 0.5, "Building %d of %d kernels", 7, 14);
  g_assert_cmpstr (report->str, ==, "0.5 Building 7 of 14 kernels");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/class/initial", test_initial);
  g_test_add_func ("/class/set", test_set);
  g_test_add_func ("/class/check", test_check);
  g_test_add_func ("/class/choice", test_choice);
  g_test_add_func ("/class/progress", test_progress);
  return g_test_run ();
}
