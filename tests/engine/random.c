/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Philox against the known answers published with Random123, and what is drawn from it. */

#include "engine/base/random.h"

#include <math.h>

typedef struct
{
  guint32 counter[4], key[2], answer[4];
} KnownAnswer;

/* The file kat_vectors of Random123, lines "philox4x32 10". */
static const KnownAnswer known_answers[] = {
  { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
  { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, { 0xffffffff, 0xffffffff },
    { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
  { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 },
    { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
};

static void
test_known_answers (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (known_answers); i++)
    {
      const KnownAnswer *known = &known_answers[i];
      HlRandomKey key = { (guint64) known->key[1] << 32 | known->key[0], known->counter[3], known->counter[2] };
      guint32 words[4];

      hl_random_words (&key, (guint64) known->counter[1] << 32 | known->counter[0], words);
      for (int k = 0; k < 4; k++)
        g_assert_cmphex (words[k], ==, known->answer[k]);
    }
}

static void
test_stream_is_words (void)
{
  HlRandomKey key = { 77, HL_PURPOSE_TEST, 5 };
  HlRandom random;

  hl_random_init (&random, 77, HL_PURPOSE_TEST, 5);
  for (guint64 index = 0; index < 3; index++)
    {
      guint32 words[4];

      hl_random_words (&key, index, words);
      for (int k = 0; k < 4; k++)
        g_assert_cmphex (hl_random_u32 (&random), ==, words[k]);
    }
}

static void
test_uniform (void)
{
  HlRandom random;
  double sum = 0, squares = 0;
  int n = 100000;

  hl_random_init (&random, 1, HL_PURPOSE_TEST, 0);
  for (int i = 0; i < n; i++)
    {
      double value = hl_random_uniform (&random);

      g_assert_cmpfloat (value, >=, 0);
      g_assert_cmpfloat (value, <, 1);
      sum += value;
      squares += value * value;
    }
  /* Mean 1/2 and mean square 1/3; five standard deviations of their estimates. */
  g_assert_cmpfloat (fabs (sum / n - 0.5), <, 5 * sqrt (1.0 / 12 / n));
  g_assert_cmpfloat (fabs (squares / n - 1.0 / 3), <, 5 * sqrt (4.0 / 45 / n));
}

static void
test_normal (void)
{
  HlRandom random;
  double sum = 0, squares = 0, fourth = 0;
  int n = 100000;

  hl_random_init (&random, 2, HL_PURPOSE_TEST, 0);
  for (int i = 0; i < n; i++)
    {
      double value = hl_random_normal (&random);

      g_assert_true (isfinite (value));
      sum += value;
      squares += value * value;
      fourth += value * value * value * value;
    }
  /* Moments 0, 1, 3 with variances 1, 2 and 96 over n. */
  g_assert_cmpfloat (fabs (sum / n), <, 5 * sqrt (1.0 / n));
  g_assert_cmpfloat (fabs (squares / n - 1), <, 5 * sqrt (2.0 / n));
  g_assert_cmpfloat (fabs (fourth / n - 3), <, 5 * sqrt (96.0 / n));
}

static void
test_below (void)
{
  HlRandom random;
  int counts[7] = { 0 }, n = 70000;
  double chi = 0;

  hl_random_init (&random, 3, HL_PURPOSE_TEST, 0);
  for (int i = 0; i < n; i++)
    {
      guint32 value = hl_random_below (&random, 7);

      g_assert_cmpuint (value, <, 7);
      counts[value]++;
    }
  for (int i = 0; i < 7; i++)
    chi += (counts[i] - n / 7.0) * (counts[i] - n / 7.0) / (n / 7.0);
  /* 99.99 % of chi-square with six degrees of freedom. */
  g_assert_cmpfloat (chi, <, 27.9);
  for (int i = 0; i < 100; i++)
    {
      g_assert_cmpuint (hl_random_below (&random, 1), ==, 0);
      g_assert_cmpuint (hl_random_below (&random, 0x80000001u), <, 0x80000001u);
    }
}

static void
test_shuffle (void)
{
  HlRandom random;
  guint32 values[1000];
  gboolean seen[1000] = { FALSE };
  guint moved = 0;

  for (guint i = 0; i < 1000; i++)
    values[i] = i;
  hl_random_init (&random, 4, HL_PURPOSE_SHUFFLE, 1);
  hl_random_shuffle (&random, values, 1000);
  for (guint i = 0; i < 1000; i++)
    {
      g_assert_cmpuint (values[i], <, 1000);
      g_assert_false (seen[values[i]]);
      seen[values[i]] = TRUE;
      moved += values[i] != i;
    }
  g_assert_cmpuint (moved, >, 980);
  hl_random_shuffle (&random, NULL, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/random/known-answers", test_known_answers);
  g_test_add_func ("/random/stream-is-words", test_stream_is_words);
  g_test_add_func ("/random/uniform", test_uniform);
  g_test_add_func ("/random/normal", test_normal);
  g_test_add_func ("/random/below", test_below);
  g_test_add_func ("/random/shuffle", test_shuffle);
  return g_test_run ();
}
