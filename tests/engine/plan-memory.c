/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Placing blocks of memory by their lifetimes: nothing overlaps that must not, and what it saves. */

#include "engine/graph/plan-memory.h"

#include "engine/base/random.h"

#define ALIGN 64

static gsize
round_up (gsize length)
{
  return (length + ALIGN - 1) / ALIGN * ALIGN;
}

static gboolean
cross (gsize first_a, gsize n_a, gsize first_b, gsize n_b)
{
  return first_a < first_b + n_b && first_b < first_a + n_a;
}

/* Everything that the header promises; returns what the pools take. */
static gsize
place_and_check (HlMemoryBlock *blocks, guint n, gsize most)
{
  g_autoptr (GArray) pools = g_array_new (FALSE, FALSE, sizeof (gsize));
  gsize total = 0, separate = 0, longest = 0;

  hl_memory_place (blocks, n, ALIGN, most, pools);
  for (guint i = 0; i < pools->len; i++)
    total += g_array_index (pools, gsize, i);
  for (guint i = 0; i < n; i++)
    longest = MAX (longest, round_up (blocks[i].length));
  for (guint i = 0; i < n; i++)
    {
      gsize pool_length = blocks[i].length > 0 ? g_array_index (pools, gsize, blocks[i].pool) : 0;
      gboolean reused = FALSE;

      separate += round_up (blocks[i].length);
      if (blocks[i].length == 0)
        continue;
      g_assert_cmpuint (blocks[i].start % ALIGN, ==, 0);
      g_assert_cmpuint (blocks[i].start + blocks[i].length, <=, pool_length);
      g_assert_cmpuint (pool_length, <=, MAX (most, longest));
      for (guint k = 0; k < n; k++)
        {
          const HlMemoryBlock *a = &blocks[i], *b = &blocks[k];

          if (k == i || b->length == 0 || a->pool != b->pool || !cross (a->start, a->length, b->start, b->length))
            continue;
          g_assert_false (a->first <= b->last && b->first <= a->last);
          reused = TRUE;
        }
      g_assert_cmpint (blocks[i].reused, ==, reused);
    }
  g_assert_cmpuint (total, <=, separate);
  g_assert_cmpuint (total, >=, hl_memory_least (blocks, n, ALIGN));
  return total;
}

/* A chain in inference needs room for two neighbours only, wherever they are; lengths fall as in a network that pools. */
static void
test_chain (void)
{
  HlMemoryBlock blocks[10];

  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
    blocks[i] = (HlMemoryBlock) { .length = 64 * (20 - i), .first = i, .last = i + 1 };
  g_assert_cmpuint (place_and_check (blocks, G_N_ELEMENTS (blocks), G_MAXUINT32), ==, 64 * (20 + 19));
}

/* In training the values of a chain live as brackets do, and each gradient only between two calls: the gradients fit where
 * nothing but the last values are. */
static void
test_training (void)
{
  enum { N = 12 };
  HlMemoryBlock blocks[2 * N];
  gsize least;

  for (guint i = 0; i < N; i++)
    {
      blocks[i] = (HlMemoryBlock) { .length = 640, .first = i, .last = 2 * N - 2 - i };
      blocks[N + i] = (HlMemoryBlock) { .length = 640, .first = 2 * N - 2 - i, .last = 2 * N - 1 - i };
    }
  least = hl_memory_least (blocks, G_N_ELEMENTS (blocks), ALIGN);
  g_assert_cmpuint (least, ==, 640 * (N + 1));
  g_assert_cmpuint (place_and_check (blocks, G_N_ELEMENTS (blocks), G_MAXUINT32), ==, least);
}

static void
test_edges (void)
{
  HlMemoryBlock nothing[] = { { 0, 3, 5 }, { 0, 0, 0 } };
  HlMemoryBlock apart[] = { { 100, 0, 1 }, { 100, 2, 3 } }, touching[] = { { 100, 0, 2 }, { 100, 2, 3 } };
  HlMemoryBlock long_ones[] = { { 1000, 0, 9 }, { 100, 0, 9 }, { 30, 5, 9 }, { 900, 0, 4 } };

  g_assert_cmpuint (place_and_check (NULL, 0, 64), ==, 0);
  g_assert_cmpuint (place_and_check (nothing, 2, 64), ==, 0);
  g_assert_cmpuint (place_and_check (apart, 2, G_MAXUINT32), ==, 128);
  g_assert_true (apart[0].reused && apart[1].reused);
  g_assert_cmpuint (place_and_check (touching, 2, G_MAXUINT32), ==, 256);
  g_assert_false (touching[0].reused || touching[1].reused);
  /* Longer than a pool may be: pools of their own; the short ones find room beside or behind others. */
  place_and_check (long_ones, 4, 512);
  g_assert_cmpuint (long_ones[0].pool, !=, long_ones[3].pool);
}

/* Random blocks: what is promised holds, and the placement is seldom far from the least that is possible. */
static void
test_random (void)
{
  double worst = 0, sum = 0, separate_sum = 0;
  guint n_runs = 300;

  for (guint run = 0; run < n_runs; run++)
    {
      HlMemoryBlock blocks[60];
      HlRandom random;
      guint n;
      gsize total, least, separate = 0;
      double over;

      hl_random_init (&random, 5, HL_PURPOSE_TEST, run);
      n = 1 + hl_random_below (&random, G_N_ELEMENTS (blocks));
      for (guint i = 0; i < n; i++)
        {
          guint first = hl_random_below (&random, 40);
          guint length = hl_random_below (&random, 4) == 0 ? 6400 : 400;

          blocks[i] = (HlMemoryBlock) { hl_random_below (&random, length), first, first + hl_random_below (&random, 12) };
          separate += round_up (blocks[i].length);
        }
      if (separate == 0)
        continue;
      place_and_check (blocks, n, 3000);
      total = place_and_check (blocks, n, G_MAXUINT32);
      least = hl_memory_least (blocks, n, ALIGN);
      over = (double) total / (double) least;
      worst = MAX (worst, over);
      sum += over;
      separate_sum += (double) separate / (double) least;
    }
  g_test_message ("of the least possible: %.3f on average, %.3f at worst; without sharing %.3f", sum / n_runs, worst,
                  separate_sum / n_runs);
  g_assert_cmpfloat (sum / n_runs, <, 1.1);
  g_assert_cmpfloat (worst, <, 1.4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan-memory/chain", test_chain);
  g_test_add_func ("/plan-memory/training", test_training);
  g_test_add_func ("/plan-memory/edges", test_edges);
  g_test_add_func ("/plan-memory/random", test_random);
  return g_test_run ();
}
