/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where blocks of memory that are in use at different times lie: those whose times overlap never share memory, others may.
 * Greedy best fit, as in Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference" (2020). Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gsize length;                /* elements; 0 is nowhere */
  guint first, last;           /* when it is in use, both included; any unit of time */
  /* Set by hl_memory_place. */
  guint pool;
  gsize start;                 /* elements from the pool's beginning, a multiple of `align` */
  gboolean reused;             /* some of it is another block's at another time */
} HlMemoryBlock;

/* Places n blocks into pools of at most `most` elements each (a longer block gets a pool of its length) and replaces the
 * contents of `pools` (gsize) by their lengths. All pools together are never longer than all blocks, each rounded up
 * to `align`. */
void  hl_memory_place (HlMemoryBlock *blocks, guint n, gsize align, gsize most, GArray *pools);

/* The most that is in use at one time, each block rounded up to `align`: no placement can take less. */
gsize hl_memory_least (const HlMemoryBlock *blocks, guint n, gsize align);

G_END_DECLS
