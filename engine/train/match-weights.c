/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tensors of a file and weights of a network. */

#include "engine/train/match-weights.h"

#include <string.h>

#include <glib/gi18n.h>

/* ---- Names ---- */

static gboolean
is_weight (const char *name)
{
  /* A checkpoint's slots, and the counter PyTorch keeps beside running means, are no weights. */
  return !g_str_has_prefix (name, "optimizer.") && !g_str_has_suffix (name, "num_batches_tracked");
}

/* Length of the module's name: what comes before the last point. */
static gsize
module_length (const char *name)
{
  const char *point = strrchr (name, '.');

  return point ? (gsize) (point - name) : 0;
}

static const char *
last_part (const char *name)
{
  const char *point = strrchr (name, '.');

  return point ? point + 1 : name;
}

static gboolean
same_module (const char *a, const char *b)
{
  gsize n = module_length (a);

  return n == module_length (b) && strncmp (a, b, n) == 0;
}

/* "features.10" comes after "features.3": runs of digits are compared as numbers. */
static int
compare_names (const char *a, const char *b)
{
  while (*a && *b)
    {
      if (g_ascii_isdigit (*a) && g_ascii_isdigit (*b))
        {
          gsize n, m;

          for (; *a == '0'; a++)
            ;
          for (; *b == '0'; b++)
            ;
          n = strspn (a, "0123456789");
          m = strspn (b, "0123456789");
          if (n != m)
            return n < m ? -1 : 1;
          if (strncmp (a, b, n) != 0)
            return strncmp (a, b, n);
          a += n;
          b += m;
        }
      else if (*a != *b)
        return (guchar) *a < (guchar) *b ? -1 : 1;
      else
        {
          a++;
          b++;
        }
    }
  return *a ? 1 : *b ? -1 : 0;
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  return compare_names ((*(const HlTensorFileEntry *const *) a)->name, (*(const HlTensorFileEntry *const *) b)->name);
}

static gboolean
same_shape (const HlShape *shape, const HlTensorFileEntry *entry)
{
  if (shape->n_dims != entry->n_dims)
    return FALSE;
  for (guint i = 0; i < shape->n_dims; i++)
    if (shape->dim[i] != entry->dim[i])
      return FALSE;
  return TRUE;
}

/* ---- Matching ---- */

typedef struct
{
  GArray *matches;             /* of the weights */
  GPtrArray *left;             /* HlTensorFileEntry, by name: not taken yet */
} Matching;

static HlWeightMatch *
match_at (const Matching *self, guint i)
{
  return &g_array_index (self->matches, HlWeightMatch, i);
}

static void
take (Matching *self, HlWeightMatch *match, HlMatchKind kind, const HlTensorFileEntry *entry)
{
  match->kind = kind;
  match->entry = entry;
  g_ptr_array_remove (self->left, (gpointer) entry);
}

static void
match_by_name (Matching *self, HlTensorFile *file)
{
  for (guint i = 0; i < self->matches->len; i++)
    {
      HlWeightMatch *match = match_at (self, i);
      const HlTensorFileEntry *entry = hl_tensor_file_find (file, match->weight->name);

      if (entry)
        take (self, match, same_shape (&match->weight->spec->shape, entry) ? HL_MATCH_NAME : HL_MATCH_OTHER_SHAPE, entry);
    }
}

/* The tensor of the module of `first` that fits this weight. */
static const HlTensorFileEntry *
find_in_module (const Matching *self, const HlTensorFileEntry *first, const HlPlanWeight *weight)
{
  for (guint i = 0; i < self->left->len; i++)
    {
      const HlTensorFileEntry *entry = self->left->pdata[i];

      if (same_module (entry->name, first->name) && g_str_equal (last_part (entry->name), weight->spec->name)
          && same_shape (&weight->spec->shape, entry))
        return entry;
    }
  return NULL;
}

static guint
module_size (const Matching *self, const HlTensorFileEntry *first)
{
  guint n = 0;

  for (guint i = 0; i < self->left->len; i++)
    n += same_module (((const HlTensorFileEntry *) self->left->pdata[i])->name, first->name);
  return n;
}

/* Takes the module of `first` for the weights from `from` to `end`, which belong to one node; FALSE when it does not fit. */
static gboolean
try_module (Matching *self, const HlTensorFileEntry *first, guint from, guint end)
{
  const HlTensorFileEntry *found[HL_MAX_WEIGHTS];

  if (module_size (self, first) != end - from)
    return FALSE;
  for (guint i = from; i < end; i++)
    if (!(found[i - from] = find_in_module (self, first, match_at (self, i)->weight)))
      return FALSE;
  for (guint i = from; i < end; i++)
    take (self, match_at (self, i), HL_MATCH_SHAPE, found[i - from]);
  return TRUE;
}

/* Nodes without a single tensor so far, in order, each take the first module of the file that fits. */
static void
match_by_shape (Matching *self)
{
  for (guint from = 0, end; from < self->matches->len; from = end)
    {
      gboolean none = TRUE;

      for (end = from; end < self->matches->len && match_at (self, end)->weight->node == match_at (self, from)->weight->node; end++)
        none &= match_at (self, end)->kind == HL_MATCH_MISSING;
      for (guint i = 0; none && i < self->left->len; i++)
        if (try_module (self, self->left->pdata[i], from, end))
          break;
    }
}

GArray *
hl_match_weights (const HlPlan *plan, HlTensorFile *file)
{
  Matching self = { g_array_new (FALSE, TRUE, sizeof (HlWeightMatch)), g_ptr_array_new () };

  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    {
      HlWeightMatch match = { HL_MATCH_MISSING, hl_plan_get_weight (plan, i), NULL };

      g_array_append_val (self.matches, match);
    }
  for (guint i = 0; i < hl_tensor_file_get_n (file); i++)
    if (is_weight (hl_tensor_file_get (file, i)->name))
      g_ptr_array_add (self.left, (gpointer) hl_tensor_file_get (file, i));
  g_ptr_array_sort (self.left, compare_entries);
  match_by_name (&self, file);
  match_by_shape (&self);
  for (guint i = 0; i < self.left->len; i++)
    {
      HlWeightMatch match = { HL_MATCH_UNUSED, NULL, self.left->pdata[i] };

      g_array_append_val (self.matches, match);
    }
  g_ptr_array_unref (self.left);
  return self.matches;
}

gboolean
hl_match_weights_complete (const GArray *matches)
{
  for (guint i = 0; i < matches->len; i++)
    if (g_array_index (matches, HlWeightMatch, i).kind > HL_MATCH_SHAPE)
      return FALSE;
  return TRUE;
}

/* ---- Report ---- */

static char *
entry_shape (const HlTensorFileEntry *entry)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < entry->n_dims; i++)
    g_string_append_printf (text, "%s%" G_GUINT64_FORMAT, i ? "×" : "", entry->dim[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
append_match (GString *text, const HlWeightMatch *match)
{
  g_autofree char *has = match->entry ? entry_shape (match->entry) : NULL;
  g_autofree char *needs = match->weight ? hl_shape_to_string (&match->weight->spec->shape) : NULL;

  switch (match->kind)
    {
    case HL_MATCH_NAME:
      g_string_append_printf (text, _("%s: %s, matched by name"), match->weight->name, has);
      break;
    case HL_MATCH_SHAPE:
      g_string_append_printf (text, _("%s ← %s: %s, matched by shape"), match->weight->name, match->entry->name, has);
      break;
    case HL_MATCH_OTHER_SHAPE:
      g_string_append_printf (text, _("%s: the file has %s, the network needs %s"), match->weight->name, has, needs);
      break;
    case HL_MATCH_MISSING:
      g_string_append_printf (text, _("%s: not in the file, the network needs %s"), match->weight->name, needs);
      break;
    default:
      g_string_append_printf (text, _("%s: %s, unknown in this network"), match->entry->name, has);
      break;
    }
  g_string_append_c (text, '\n');
}

char *
hl_match_weights_report (const GArray *matches)
{
  GString *text = g_string_new (NULL);

  for (guint good = 0; good < 2; good++)
    for (guint i = 0; i < matches->len; i++)
      if ((g_array_index (matches, HlWeightMatch, i).kind <= HL_MATCH_SHAPE) == (good == 1))
        append_match (text, &g_array_index (matches, HlWeightMatch, i));
  return g_string_free (text, FALSE);
}
