/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Counter-based random numbers: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). A number is a pure function of (seed, purpose, epoch, index): nothing depends
 * on call order. kernels/common.clh computes the same words. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  HL_PURPOSE_INIT = 1,     /* epoch: number of the weight tensor, index: element / 4 */
  HL_PURPOSE_SHUFFLE,      /* epoch: epoch */
  HL_PURPOSE_SPLIT,
  HL_PURPOSE_DROPOUT,      /* epoch: step, index: node and element */
  HL_PURPOSE_STROKES,      /* epoch: 0, index: sample; see strokes.c */
  HL_PURPOSE_AUGMENT,
  HL_PURPOSE_TEST,
} HlPurpose;

typedef struct
{
  guint64 seed;
  guint32 purpose;
  guint32 epoch;
} HlRandomKey;

/* Four independent uniform words for one index: Philox key = (seed low, seed high), counter =
 * (index low, index high, epoch, purpose). */
void   hl_random_words   (const HlRandomKey *key, guint64 index, guint32 words[4]);

/* A small stream over consecutive indices for sequential use inside one purpose. */
typedef struct
{
  HlRandomKey key;
  guint64 index;
  guint32 words[4];
  guint used;
} HlRandom;

void    hl_random_init    (HlRandom *self, guint64 seed, HlPurpose purpose, guint32 epoch);
guint32 hl_random_u32     (HlRandom *self);
double  hl_random_uniform (HlRandom *self);                    /* [0, 1), 53 bits */
double  hl_random_normal  (HlRandom *self);                    /* mean 0, deviation 1; Box-Muller */
guint32 hl_random_below   (HlRandom *self, guint32 n);         /* 0 .. n - 1 without bias; n > 0 */
void    hl_random_shuffle (HlRandom *self, guint32 *values, gsize n);   /* Fisher-Yates */

G_END_DECLS
