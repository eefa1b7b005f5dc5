/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlHistory: a list of values and a place in it. */

#include "app/history.h"

#define MERGE_WITHIN_US G_USEC_PER_SEC

typedef struct
{
  gpointer value;
  char *label;        /* of the edit that led here; NULL for the first */
  char *merge_key;
  gint64 pushed_us;
  guint64 serial;     /* tells apart values that replaced each other in one entry */
} Entry;

struct _HlHistory
{
  GPtrArray *entries;
  guint current;
  guint64 last_serial, saved_serial;
  GDestroyNotify free_value;
};

static void
entry_free (HlHistory *self, Entry *entry)
{
  if (self->free_value)
    self->free_value (entry->value);
  g_free (entry->label);
  g_free (entry->merge_key);
  g_free (entry);
}

static Entry *
get_current (HlHistory *self)
{
  return g_ptr_array_index (self->entries, self->current);
}

HlHistory *
hl_history_new (gpointer initial, GDestroyNotify free_value)
{
  HlHistory *self = g_new0 (HlHistory, 1);
  Entry *first = g_new0 (Entry, 1);

  self->entries = g_ptr_array_new ();
  self->free_value = free_value;
  first->value = initial;
  g_ptr_array_add (self->entries, first);
  return self;
}

static void
drop_from (HlHistory *self, guint first)
{
  for (guint i = first; i < self->entries->len; i++)
    entry_free (self, g_ptr_array_index (self->entries, i));
  g_ptr_array_set_size (self->entries, first);
}

void
hl_history_free (HlHistory *self)
{
  if (!self)
    return;
  drop_from (self, 0);
  g_ptr_array_unref (self->entries);
  g_free (self);
}

gpointer
hl_history_get (HlHistory *self)
{
  return get_current (self)->value;
}

void
hl_history_push (HlHistory *self, const char *label, const char *merge_key, gpointer value)
{
  gint64 now = g_get_monotonic_time ();
  Entry *entry = get_current (self);

  drop_from (self, self->current + 1);
  if (merge_key && g_strcmp0 (entry->merge_key, merge_key) == 0 && now - entry->pushed_us <= MERGE_WITHIN_US)
    {
      gpointer old = entry->value;

      entry->value = value;
      if (self->free_value)
        self->free_value (old);
    }
  else
    {
      entry = g_new0 (Entry, 1);
      entry->value = value;
      entry->label = g_strdup (label);
      entry->merge_key = g_strdup (merge_key);
      g_ptr_array_add (self->entries, entry);
      self->current++;
    }
  entry->pushed_us = now;
  entry->serial = ++self->last_serial;
}

void
hl_history_end_merge (HlHistory *self)
{
  g_clear_pointer (&get_current (self)->merge_key, g_free);
}

gpointer
hl_history_undo (HlHistory *self)
{
  if (self->current == 0)
    return NULL;
  hl_history_end_merge (self);
  self->current--;
  hl_history_end_merge (self);
  return hl_history_get (self);
}

gpointer
hl_history_redo (HlHistory *self)
{
  if (self->current + 1 >= self->entries->len)
    return NULL;
  self->current++;
  hl_history_end_merge (self);
  return hl_history_get (self);
}

const char *
hl_history_get_undo_label (HlHistory *self)
{
  return self->current > 0 ? get_current (self)->label : NULL;
}

const char *
hl_history_get_redo_label (HlHistory *self)
{
  Entry *next;

  if (self->current + 1 >= self->entries->len)
    return NULL;
  next = g_ptr_array_index (self->entries, self->current + 1);
  return next->label;
}

void
hl_history_mark_saved (HlHistory *self)
{
  self->saved_serial = get_current (self)->serial;
}

gboolean
hl_history_is_saved (HlHistory *self)
{
  return self->saved_serial == get_current (self)->serial;
}
