/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Philox 4x32-10 and what is drawn from it. */

#include "engine/base/random.h"

#include <math.h>

void
hl_random_words (const HlRandomKey *key, guint64 index, guint32 words[4])
{
  guint32 key0 = (guint32) key->seed, key1 = (guint32) (key->seed >> 32);
  guint32 c0 = (guint32) index, c1 = (guint32) (index >> 32), c2 = key->epoch, c3 = key->purpose;

  for (int round = 0; round < 10; round++)
    {
      guint64 product0 = (guint64) c0 * 0xD2511F53u, product1 = (guint64) c2 * 0xCD9E8D57u;

      c0 = (guint32) (product1 >> 32) ^ c1 ^ key0;
      c1 = (guint32) product1;
      c2 = (guint32) (product0 >> 32) ^ c3 ^ key1;
      c3 = (guint32) product0;
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

void
hl_random_init (HlRandom *self, guint64 seed, HlPurpose purpose, guint32 epoch)
{
  *self = (HlRandom) { .key = { seed, purpose, epoch }, .used = 4 };
}

guint32
hl_random_u32 (HlRandom *self)
{
  if (self->used == 4)
    {
      hl_random_words (&self->key, self->index++, self->words);
      self->used = 0;
    }
  return self->words[self->used++];
}

double
hl_random_uniform (HlRandom *self)
{
  guint64 high = hl_random_u32 (self) >> 5, low = hl_random_u32 (self) >> 6;

  return (double) (high << 26 | low) / 9007199254740992.0;
}

double
hl_random_normal (HlRandom *self)
{
  /* 1 - u lies in (0, 1], so the logarithm is finite. */
  double radius = sqrt (-2 * log (1 - hl_random_uniform (self)));

  return radius * cos (2 * G_PI * hl_random_uniform (self));
}

guint32
hl_random_below (HlRandom *self, guint32 n)
{
  guint32 reject;

  g_return_val_if_fail (n > 0, 0);
  /* The first 2^32 mod n words would make the small results more likely: draw again. */
  reject = -n % n;
  for (;;)
    {
      guint32 word = hl_random_u32 (self);

      if (word >= reject)
        return word % n;
    }
}

void
hl_random_shuffle (HlRandom *self, guint32 *values, gsize n)
{
  g_return_if_fail (n <= G_MAXUINT32);
  for (gsize i = n; i > 1; i--)
    {
      gsize j = hl_random_below (self, (guint32) i);
      guint32 value = values[i - 1];

      values[i - 1] = values[j];
      values[j] = value;
    }
}
