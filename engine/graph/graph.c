/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlGraph: nodes in order of creation, links sorted by the port they end in, so that equal networks are equal
 * byte for byte however they were made. */

#include "engine/graph/graph.h"

#include <math.h>
#include <string.h>

/* Longer names do not fit a card nor a line of a log. */
#define MAX_NAME_LENGTH 64

struct _HlGraph
{
  gatomicrefcount ref_count;
  gboolean frozen;
  guint32 next_id;
  GPtrArray *nodes;   /* HlNode */
  GArray *links;      /* HlLink, by (to, port) */
};

static void
node_free (gpointer data)
{
  HlNode *node = data;

  g_free (node->name);
  g_free (node->params);
  hl_choice_free (node->weight_init);
  hl_choice_free (node->bias_init);
  g_free (node);
}

static HlNode *
node_copy (const HlNode *node)
{
  HlNode *copy = g_memdup2 (node, sizeof *node);

  copy->name = g_strdup (node->name);
  copy->params = g_memdup2 (node->params, node->klass->base.params_size);
  copy->weight_init = hl_choice_copy (node->weight_init);
  copy->bias_init = hl_choice_copy (node->bias_init);
  return copy;
}

static gboolean
node_equal (const HlNode *a, const HlNode *b)
{
  return a->id == b->id && a->klass == b->klass && g_str_equal (a->name, b->name)
         && hl_class_params_equal (&a->klass->base, a->params, b->params)
         && hl_choice_equal (a->weight_init, b->weight_init) && hl_choice_equal (a->bias_init, b->bias_init)
         && !a->frozen == !b->frozen && a->rate_factor == b->rate_factor && a->x == b->x && a->y == b->y;
}

/* ---- The whole ---- */

HlGraph *
hl_graph_new (void)
{
  HlGraph *self = g_new0 (HlGraph, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->next_id = 1;
  self->nodes = g_ptr_array_new_with_free_func (node_free);
  self->links = g_array_new (FALSE, FALSE, sizeof (HlLink));
  return self;
}

HlGraph *
hl_graph_ref (HlGraph *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
hl_graph_unref (HlGraph *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->nodes);
  g_array_unref (self->links);
  g_free (self);
}

HlGraph *
hl_graph_copy (const HlGraph *self)
{
  HlGraph *copy = hl_graph_new ();

  copy->next_id = self->next_id;
  for (guint i = 0; i < self->nodes->len; i++)
    g_ptr_array_add (copy->nodes, node_copy (self->nodes->pdata[i]));
  if (self->links->len > 0)
    g_array_append_vals (copy->links, self->links->data, self->links->len);
  return copy;
}

void
hl_graph_freeze (HlGraph *self)
{
  self->frozen = TRUE;
}

gboolean
hl_graph_is_frozen (const HlGraph *self)
{
  return self->frozen;
}

gboolean
hl_graph_equal (const HlGraph *a, const HlGraph *b)
{
  if (a->nodes->len != b->nodes->len || a->links->len != b->links->len)
    return FALSE;
  for (guint i = 0; i < a->nodes->len; i++)
    if (!node_equal (a->nodes->pdata[i], b->nodes->pdata[i]))
      return FALSE;
  for (guint i = 0; i < a->links->len; i++)
    {
      const HlLink *p = hl_graph_get_link (a, i), *q = hl_graph_get_link (b, i);

      if (p->from != q->from || p->to != q->to || p->port != q->port)
        return FALSE;
    }
  return TRUE;
}

/* ---- Reading ---- */

guint
hl_graph_get_n_nodes (const HlGraph *self)
{
  return self->nodes->len;
}

const HlNode *
hl_graph_get_node (const HlGraph *self, guint i)
{
  g_return_val_if_fail (i < self->nodes->len, NULL);
  return self->nodes->pdata[i];
}

static HlNode *
find_node (const HlGraph *self, guint32 id)
{
  for (guint i = 0; i < self->nodes->len; i++)
    if (((HlNode *) self->nodes->pdata[i])->id == id)
      return self->nodes->pdata[i];
  return NULL;
}

const HlNode *
hl_graph_find_node (const HlGraph *self, guint32 id)
{
  return find_node (self, id);
}

const HlNode *
hl_graph_find_name (const HlGraph *self, const char *name)
{
  for (guint i = 0; i < self->nodes->len; i++)
    if (g_str_equal (((HlNode *) self->nodes->pdata[i])->name, name))
      return self->nodes->pdata[i];
  return NULL;
}

guint
hl_graph_get_n_links (const HlGraph *self)
{
  return self->links->len;
}

const HlLink *
hl_graph_get_link (const HlGraph *self, guint i)
{
  g_return_val_if_fail (i < self->links->len, NULL);
  return &g_array_index (self->links, HlLink, i);
}

guint32
hl_graph_get_source (const HlGraph *self, guint32 to, guint port)
{
  for (guint i = 0; i < self->links->len; i++)
    {
      const HlLink *link = &g_array_index (self->links, HlLink, i);

      if (link->to == to && link->port == port)
        return link->from;
    }
  return 0;
}

guint
hl_graph_get_n_inputs (const HlGraph *self, guint32 node)
{
  guint n = 0;

  for (guint i = 0; i < self->links->len; i++)
    {
      const HlLink *link = &g_array_index (self->links, HlLink, i);

      if (link->to == node)
        n = MAX (n, link->port + 1);
    }
  return n;
}

gboolean
hl_graph_reaches (const HlGraph *self, guint32 from, guint32 to)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  g_autoptr (GArray) stack = g_array_new (FALSE, FALSE, sizeof (guint32));

  g_array_append_val (stack, from);
  while (stack->len > 0)
    {
      guint32 node = g_array_index (stack, guint32, stack->len - 1);

      g_array_set_size (stack, stack->len - 1);
      if (node == to)
        return TRUE;
      if (!g_hash_table_add (seen, GUINT_TO_POINTER (node)))
        continue;
      for (guint i = 0; i < self->links->len; i++)
        {
          const HlLink *link = &g_array_index (self->links, HlLink, i);

          if (link->from == node)
            g_array_append_val (stack, link->to);
        }
    }
  return FALSE;
}

/* ---- Names ---- */

/* "conv2d" gives "conv", "max_pool2d" gives "pool", "batch_norm" gives "norm". */
static char *
name_stem (const HlLayerClass *klass)
{
  const char *last = strrchr (klass->base.name, '_');
  g_autofree char *stem = g_strdup (last && last[1] ? last + 1 : klass->base.name);
  gsize length = strlen (stem);

  if (length > 2 && stem[length - 1] == 'd' && g_ascii_isdigit (stem[length - 2]))
    length--;
  while (length > 1 && g_ascii_isdigit (stem[length - 1]))
    length--;
  return g_strndup (stem, length);
}

/* The stem with the smallest number nobody has; without a number for a layer that stands alone, the input. */
static char *
unique_name (const HlGraph *self, const char *stem, gboolean numbered)
{
  if (!numbered && !hl_graph_find_name (self, stem))
    return g_strdup (stem);
  for (guint i = 1;; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s%u", stem, i);

      if (!hl_graph_find_name (self, name))
        return g_steal_pointer (&name);
    }
}

static gboolean
name_is_usable (const char *name)
{
  if (!*name || !g_utf8_validate (name, -1, NULL) || g_utf8_strlen (name, -1) > MAX_NAME_LENGTH)
    return FALSE;
  for (const char *p = name; *p; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

/* ---- Changing ---- */

static void
append_node (HlGraph *self, guint32 id, const HlLayerClass *klass, char *name, double x, double y)
{
  HlNode *node = g_new0 (HlNode, 1);

  node->id = id;
  node->rate_factor = 1;
  node->klass = klass;
  node->name = name;
  node->params = hl_class_new_params (&klass->base);
  node->x = x;
  node->y = y;
  self->next_id = MAX (self->next_id, id + 1);
  g_ptr_array_add (self->nodes, node);
}

guint32
hl_graph_add_node (HlGraph *self, const HlLayerClass *klass, double x, double y)
{
  g_autofree char *stem = name_stem (klass);
  guint32 id = self->next_id;

  g_return_val_if_fail (!self->frozen, 0);
  append_node (self, id, klass, unique_name (self, stem, klass->max_inputs > 0), x, y);
  return id;
}

guint32
hl_graph_add_copy (HlGraph *self, const HlNode *node)
{
  HlNode *copy;

  g_return_val_if_fail (!self->frozen, 0);
  copy = node_copy (node);
  copy->id = self->next_id++;
  if (hl_graph_find_name (self, copy->name))
    {
      gsize length = strlen (copy->name);
      g_autofree char *stem = NULL;

      while (length > 1 && g_ascii_isdigit (copy->name[length - 1]))
        length--;
      stem = g_strndup (copy->name, length);
      g_free (copy->name);
      copy->name = unique_name (self, stem, TRUE);
    }
  g_ptr_array_add (self->nodes, copy);
  return copy->id;
}

gboolean
hl_graph_add_with_id (HlGraph *self, guint32 id, const HlLayerClass *klass, const char *name, double x, double y)
{
  g_return_val_if_fail (!self->frozen, FALSE);
  if (id == 0 || id == G_MAXUINT32 || find_node (self, id) || hl_graph_find_name (self, name)
      || !name_is_usable (name))
    return FALSE;
  append_node (self, id, klass, g_strdup (name), x, y);
  return TRUE;
}

static gboolean
takes_any_number (const HlNode *node)
{
  return node->klass->max_inputs > node->klass->min_inputs;
}

/* Takes the link out and, where ports are a list without gaps, moves the later ones down. */
static void
remove_link (HlGraph *self, guint index)
{
  HlLink removed = g_array_index (self->links, HlLink, index);
  const HlNode *node = find_node (self, removed.to);

  g_array_remove_index (self->links, index);
  if (!node || !takes_any_number (node))
    return;
  for (guint i = 0; i < self->links->len; i++)
    {
      HlLink *link = &g_array_index (self->links, HlLink, i);

      if (link->to == removed.to && link->port > removed.port)
        link->port--;
    }
}

void
hl_graph_remove_node (HlGraph *self, guint32 node)
{
  g_return_if_fail (!self->frozen);
  for (guint i = self->links->len; i-- > 0;)
    {
      const HlLink *link = &g_array_index (self->links, HlLink, i);

      if (link->from == node || link->to == node)
        remove_link (self, i);
    }
  for (guint i = 0; i < self->nodes->len; i++)
    if (((HlNode *) self->nodes->pdata[i])->id == node)
      {
        g_ptr_array_remove_index (self->nodes, i);
        return;
      }
}

/* Whether a link into that port makes sense at all; in words where it does not. */
static gboolean
check_link (const HlGraph *self, const HlNode *from, const HlNode *to, guint port, GError **error)
{
  if (to->klass->max_inputs == 0)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE,
                   _("“%s” takes no input: samples enter the network there."), to->name);
      return FALSE;
    }
  if (port >= to->klass->max_inputs)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE,
                   ngettext ("“%s” takes %u input at most, so there is no input %u.",
                             "“%s” takes %u inputs at most, so there is no input %u.", to->klass->max_inputs), to->name,
                   to->klass->max_inputs, port + 1);
      return FALSE;
    }
  if (hl_graph_reaches (self, to->id, from->id))
    {
      if (from == to)
        g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_CYCLE, _("“%s” cannot feed itself."), to->name);
      else
        g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_CYCLE,
                     _("“%s” already feeds “%s”, so a link back would close a circle."), to->name, from->name);
      return FALSE;
    }
  return TRUE;
}

gboolean
hl_graph_connect (HlGraph *self, guint32 from, guint32 to, guint port, GError **error)
{
  const HlNode *source = find_node (self, from), *sink = find_node (self, to);
  HlLink link = { from, to, port };
  guint at = 0;

  g_return_val_if_fail (!self->frozen, FALSE);
  if (!source || !sink)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE, _("There is no node %u in this network."),
                   source ? to : from);
      return FALSE;
    }
  if (takes_any_number (sink))
    link.port = MIN (port, hl_graph_get_n_inputs (self, to));
  if (!check_link (self, source, sink, link.port, error))
    return FALSE;
  for (; at < self->links->len; at++)
    {
      HlLink *other = &g_array_index (self->links, HlLink, at);

      if (other->to == to && other->port == link.port)
        {
          other->from = from;
          return TRUE;
        }
      if (other->to > to || (other->to == to && other->port > link.port))
        break;
    }
  g_array_insert_val (self->links, at, link);
  return TRUE;
}

void
hl_graph_disconnect (HlGraph *self, guint32 to, guint port)
{
  g_return_if_fail (!self->frozen);
  for (guint i = 0; i < self->links->len; i++)
    {
      const HlLink *link = &g_array_index (self->links, HlLink, i);

      if (link->to == to && link->port == port)
        {
          remove_link (self, i);
          return;
        }
    }
}

void
hl_graph_move_node (HlGraph *self, guint32 node, double x, double y)
{
  HlNode *found = find_node (self, node);

  g_return_if_fail (!self->frozen && found != NULL);
  found->x = x;
  found->y = y;
}

gboolean
hl_graph_rename_node (HlGraph *self, guint32 node, const char *name, GError **error)
{
  HlNode *found = find_node (self, node);
  g_autofree char *stripped = g_utf8_make_valid (name, -1);
  const HlNode *other;

  g_return_val_if_fail (!self->frozen && found != NULL, FALSE);
  g_strstrip (stripped);
  if (!name_is_usable (stripped))
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE,
                   _("A layer's name must have 1 to %d letters, digits or signs; “%s” has not."), MAX_NAME_LENGTH,
                   stripped);
      return FALSE;
    }
  other = hl_graph_find_name (self, stripped);
  if (other && other != found)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE,
                   _("There is already a layer named “%s” in this network."), stripped);
      return FALSE;
    }
  g_free (found->name);
  found->name = g_steal_pointer (&stripped);
  return TRUE;
}

gpointer
hl_graph_get_params (HlGraph *self, guint32 node)
{
  HlNode *found = find_node (self, node);

  g_return_val_if_fail (!self->frozen && found != NULL, NULL);
  return found->params;
}

void
hl_graph_set_init (HlGraph *self, guint32 node, gboolean bias, const HlChoice *init)
{
  HlNode *found = find_node (self, node);
  HlChoice **slot;

  g_return_if_fail (!self->frozen && found != NULL);
  slot = bias ? &found->bias_init : &found->weight_init;
  /* init may be the very choice that is replaced. */
  init = hl_choice_copy (init);
  hl_choice_free (*slot);
  *slot = (HlChoice *) init;
}

void
hl_graph_set_frozen (HlGraph *self, guint32 node, gboolean frozen)
{
  HlNode *found = find_node (self, node);

  g_return_if_fail (!self->frozen && found != NULL);
  found->frozen = !!frozen;
}

void
hl_graph_set_rate_factor (HlGraph *self, guint32 node, double factor)
{
  HlNode *found = find_node (self, node);

  g_return_if_fail (!self->frozen && found != NULL);
  found->rate_factor = isnan (factor) ? 1 : CLAMP (factor, 0, HL_MAX_RATE_FACTOR);
}
