/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Greedy best fit of blocks of memory over their lifetimes. */

#include "engine/graph/plan-memory.h"

typedef struct
{
  HlMemoryBlock *blocks;
  gsize align, most;
  GArray *pools;               /* gsize: their lengths */
  GArray *placed;              /* HlMemoryBlock *, by start */
} Placing;

/* A place that a block might take. */
typedef struct { guint pool; gsize start, growth, gap; } Place;

static gsize
round_up (gsize length, gsize align)
{
  return (length + align - 1) / align * align;
}

static gboolean
live_together (const HlMemoryBlock *a, const HlMemoryBlock *b)
{
  return a->first <= b->last && b->first <= a->last;
}

/* The order to place blocks in: longest first, or those in use for the longest time first. The latter suits training, where
 * lifetimes lie within each other as brackets do. Ties keep a fixed order, so that a plan is the same everywhere. */
static int
compare_lengths (gconstpointer a, gconstpointer b)
{
  const HlMemoryBlock *x = *(HlMemoryBlock *const *) a, *y = *(HlMemoryBlock *const *) b;

  if (x->length != y->length)
    return x->length > y->length ? -1 : 1;
  if (x->first != y->first)
    return x->first < y->first ? -1 : 1;
  return x < y ? -1 : x > y;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const HlMemoryBlock *x = *(HlMemoryBlock *const *) a, *y = *(HlMemoryBlock *const *) b;
  guint time_x = x->last - x->first, time_y = y->last - y->first;

  return time_x != time_y ? (time_x > time_y ? -1 : 1) : compare_lengths (a, b);
}

static void
consider (Place *best, const Place *place)
{
  if (place->growth < best->growth || (place->growth == best->growth && place->gap < best->gap))
    *best = *place;
}

/* The tightest gap that the blocks of one pool leave in the lifetime of `block`, or the place behind them. */
static void
search_pool (const Placing *self, const HlMemoryBlock *block, guint pool, Place *best)
{
  gsize length = round_up (block->length, self->align), pool_length = g_array_index (self->pools, gsize, pool), end = 0;
  Place last = { .pool = pool };

  for (guint i = 0; i < self->placed->len; i++)
    {
      const HlMemoryBlock *other = g_array_index (self->placed, HlMemoryBlock *, i);

      if (other->pool != pool || !live_together (block, other))
        continue;
      if (other->start >= end + length)
        consider (best, &(Place) { pool, end, 0, other->start - end });
      end = MAX (end, other->start + round_up (other->length, self->align));
    }
  if (end + length > MAX (pool_length, self->most))
    return;
  last.start = end;
  last.growth = end + length > pool_length ? end + length - pool_length : 0;
  last.gap = MAX (pool_length, end + length) - end;
  consider (best, &last);
}

static void
insert_by_start (GArray *placed, HlMemoryBlock *block)
{
  guint at = placed->len;

  while (at > 0 && g_array_index (placed, HlMemoryBlock *, at - 1)->start > block->start)
    at--;
  g_array_insert_val (placed, at, block);
}

static void
place_block (Placing *self, HlMemoryBlock *block)
{
  gsize length = round_up (block->length, self->align), *pool_length;
  Place best = { .pool = self->pools->len, .growth = length + 1 };

  for (guint pool = 0; pool < self->pools->len; pool++)
    search_pool (self, block, pool, &best);
  if (best.pool == self->pools->len)
    g_array_append_val (self->pools, best.start);
  pool_length = &g_array_index (self->pools, gsize, best.pool);
  *pool_length = MAX (*pool_length, best.start + length);
  block->pool = best.pool;
  block->start = best.start;
  insert_by_start (self->placed, block);
}

static gsize
place_in_order (Placing *self, guint n, GCompareFunc compare)
{
  g_autoptr (GPtrArray) order = g_ptr_array_sized_new (n);
  gsize total = 0;

  g_array_set_size (self->pools, 0);
  g_array_set_size (self->placed, 0);
  for (guint i = 0; i < n; i++)
    if (self->blocks[i].length > 0)
      g_ptr_array_add (order, &self->blocks[i]);
  g_ptr_array_sort (order, compare);
  for (guint i = 0; i < order->len; i++)
    place_block (self, order->pdata[i]);
  for (guint i = 0; i < self->pools->len; i++)
    total += g_array_index (self->pools, gsize, i);
  return total;
}

static void
find_reused (Placing *self)
{
  for (guint i = 0; i < self->placed->len; i++)
    for (guint k = i + 1; k < self->placed->len; k++)
      {
        HlMemoryBlock *a = g_array_index (self->placed, HlMemoryBlock *, i);
        HlMemoryBlock *b = g_array_index (self->placed, HlMemoryBlock *, k);

        if (b->start >= a->start + a->length)
          break;
        if (a->pool == b->pool)
          a->reused = b->reused = TRUE;
      }
}

void
hl_memory_place (HlMemoryBlock *blocks, guint n, gsize align, gsize most, GArray *pools)
{
  g_autoptr (GArray) placed = g_array_new (FALSE, FALSE, sizeof (HlMemoryBlock *));
  Placing self = { blocks, align, most, pools, placed };
  gsize by_length, by_time;

  for (guint i = 0; i < n; i++)
    {
      blocks[i].pool = 0;
      blocks[i].start = 0;
      blocks[i].reused = FALSE;
    }
  by_length = place_in_order (&self, n, compare_lengths);
  by_time = place_in_order (&self, n, compare_times);
  if (by_length < by_time)
    place_in_order (&self, n, compare_lengths);
  find_reused (&self);
}

gsize
hl_memory_least (const HlMemoryBlock *blocks, guint n, gsize align)
{
  gsize least = 0;

  /* What is in use changes upwards only when a block begins. */
  for (guint i = 0; i < n; i++)
    {
      gsize sum = 0;

      for (guint k = 0; k < n; k++)
        if (blocks[k].first <= blocks[i].first && blocks[i].first <= blocks[k].last)
          sum += round_up (blocks[k].length, align);
      least = MAX (least, sum);
    }
  return least;
}
