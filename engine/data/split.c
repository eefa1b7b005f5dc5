/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlSplit: a seeded division of the training files into training and validation part. */

#include "engine/data/split.h"

#include "engine/base/random.h"

#include <math.h>

/* The stream of class c is (seed, split, c); one that stands for all classes must differ from every class. */
#define ALL_CLASSES G_MAXUINT32

struct _HlSplit
{
  gatomicrefcount ref_count;
  gsize n;
  guint n_classes;
  guint8 *parts;                 /* of each sample */
  guint32 *indices[HL_N_PARTS];
  gsize n_indices[HL_N_PARTS];
  gsize *counts;                 /* [part][class] */
};

/* How many of each class validate: each class's exact share rounded down, then what is missing to the total
 * goes to the classes with the largest remainders, lower classes first where they are equal. */
static void
share_out (const gsize *class_sizes, guint n_classes, gsize n, gsize wanted, gsize *shares)
{
  g_autofree double *remainders = g_new (double, n_classes);
  gsize given = 0;

  for (guint c = 0; c < n_classes; c++)
    {
      double exact = (double) class_sizes[c] * (double) wanted / (double) n;

      shares[c] = (gsize) floor (exact);
      remainders[c] = exact - floor (exact);
      given += shares[c];
    }
  while (given < wanted)
    {
      guint best = 0;

      for (guint c = 1; c < n_classes; c++)
        if (remainders[c] > remainders[best])
          best = c;
      /* A class without remainder is never reached: the remainders add up to what is missing. */
      shares[best]++;
      remainders[best] = -1;
      given++;
    }
}

/* Marks `wanted` of `members`, drawn without replacement, as validating. Reorders `members`. */
static void
draw_members (HlSplit *self, guint64 seed, guint32 stream, guint32 *members, gsize n, gsize wanted)
{
  HlRandom random;

  hl_random_init (&random, seed, HL_PURPOSE_SPLIT, stream);
  hl_random_shuffle (&random, members, n);
  for (gsize i = 0; i < wanted; i++)
    self->parts[members[i]] = HL_PART_VALIDATION;
}

static void
draw_validation (HlSplit *self, const HlDataset *dataset, const HlDataSpec *spec, gsize n_files, gsize wanted)
{
  const gint32 *labels = hl_dataset_get_labels (dataset);
  g_autofree guint32 *members = g_new (guint32, n_files);
  g_autofree gsize *sizes = g_new0 (gsize, self->n_classes + 1);
  g_autofree gsize *shares = g_new0 (gsize, self->n_classes + 1);
  g_autofree gsize *filled = g_new0 (gsize, self->n_classes + 1);
  gsize first = 0;

  if (!spec->stratify)
    {
      for (gsize i = 0; i < n_files; i++)
        members[i] = (guint32) i;
      draw_members (self, spec->split_seed, ALL_CLASSES, members, n_files, wanted);
      return;
    }
  for (gsize i = 0; i < n_files; i++)
    sizes[labels[i]]++;
  share_out (sizes, self->n_classes, n_files, wanted, shares);
  for (guint c = 1; c < self->n_classes; c++)
    filled[c] = filled[c - 1] + sizes[c - 1];
  for (gsize i = 0; i < n_files; i++)
    members[filled[labels[i]]++] = (guint32) i;
  for (guint c = 0; c < self->n_classes; c++)
    {
      draw_members (self, spec->split_seed, c, members + first, sizes[c], shares[c]);
      first += sizes[c];
    }
}

static void
collect (HlSplit *self, const gint32 *labels)
{
  for (gsize i = 0; i < self->n; i++)
    self->n_indices[self->parts[i]]++;
  for (guint p = 0; p < HL_N_PARTS; p++)
    {
      self->indices[p] = g_new (guint32, self->n_indices[p] + 1);
      self->n_indices[p] = 0;
    }
  for (gsize i = 0; i < self->n; i++)
    {
      guint p = self->parts[i];

      self->indices[p][self->n_indices[p]++] = (guint32) i;
      self->counts[p * self->n_classes + labels[i]]++;
    }
}

void
hl_split_count (const HlDataset *dataset, const HlDataSpec *spec, gsize counts[HL_N_PARTS])
{
  gsize n_files = hl_dataset_get_length (dataset) - hl_dataset_get_n_test (dataset);

  counts[HL_PART_VALIDATION] = (gsize) floor (CLAMP (spec->validation, 0, 1) * (double) n_files + 0.5);
  counts[HL_PART_TRAIN] = n_files - MIN (counts[HL_PART_VALIDATION], n_files);
  counts[HL_PART_TEST] = hl_dataset_get_n_test (dataset);
}

HlSplit *
hl_split_new (const HlDataset *dataset, const HlDataSpec *spec, GError **error)
{
  g_autoptr (HlSplit) self = NULL;
  gsize n = hl_dataset_get_length (dataset), n_files = n - hl_dataset_get_n_test (dataset), wanted, counts[HL_N_PARTS];

  if (!(spec->validation >= 0 && spec->validation <= 0.9))
    {
      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_SPLIT,
                   _("The share of the validation part is %g, but must lie between 0 and 0.9."), spec->validation);
      return NULL;
    }
  hl_split_count (dataset, spec, counts);
  wanted = counts[HL_PART_VALIDATION];
  if (wanted >= n_files)
    {
      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_SPLIT,
                   _("“%s” has %zu samples for training and %zu of them would validate, which leaves none to train "
                     "on. Choose a smaller validation part or more data."),
                   hl_dataset_get_title (dataset), n_files, wanted);
      return NULL;
    }
  self = g_new0 (HlSplit, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->n = n;
  self->n_classes = hl_dataset_get_n_classes (dataset);
  self->parts = g_new0 (guint8, n);
  self->counts = g_new0 (gsize, (gsize) HL_N_PARTS * self->n_classes);
  for (gsize i = n_files; i < n; i++)
    self->parts[i] = HL_PART_TEST;
  draw_validation (self, dataset, spec, n_files, wanted);
  collect (self, hl_dataset_get_labels (dataset));
  return g_steal_pointer (&self);
}

HlSplit *
hl_split_ref (HlSplit *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
hl_split_unref (HlSplit *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->parts);
  for (guint p = 0; p < HL_N_PARTS; p++)
    g_free (self->indices[p]);
  g_free (self->counts);
  g_free (self);
}

const guint32 *
hl_split_get_indices (const HlSplit *self, HlPart part, gsize *n)
{
  if (n)
    *n = self->n_indices[part];
  return self->indices[part];
}

HlPart
hl_split_get_part (const HlSplit *self, gsize index)
{
  g_return_val_if_fail (index < self->n, HL_PART_TRAIN);
  return self->parts[index];
}

gsize
hl_split_get_class_count (const HlSplit *self, HlPart part, guint label)
{
  g_return_val_if_fail (label < self->n_classes, 0);
  return self->counts[part * self->n_classes + label];
}
