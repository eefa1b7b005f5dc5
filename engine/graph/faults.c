/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is wrong with the structure of a graph, before any shape is known. */

#include "engine/graph/faults.h"

void
hl_fault_free (HlFault *self)
{
  g_clear_error (&self->error);
  g_free (self);
}

void
hl_fault_add (GPtrArray *faults, HlFaultKind kind, guint32 node, int code, const char *format, ...)
{
  HlFault *fault = g_new0 (HlFault, 1);
  va_list args;

  va_start (args, format);
  fault->kind = kind;
  fault->node = node;
  fault->error = g_error_new_valist (HL_GRAPH_ERROR, code, format, args);
  va_end (args);
  g_ptr_array_add (faults, fault);
}

static void
find_input_faults (const HlGraph *graph, GPtrArray *faults)
{
  const HlNode *first = NULL;

  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    {
      const HlNode *node = hl_graph_get_node (graph, i);

      if (!hl_layer_class_is_input (node->klass))
        continue;
      if (first)
        hl_fault_add (faults, HL_FAULT_SECOND_INPUT, node->id, HL_GRAPH_ERROR_STRUCTURE,
                      _("“%s” is a second input beside “%s”; a network has one."), node->name, first->name);
      else
        first = node;
    }
  if (hl_graph_get_n_nodes (graph) == 0)
    hl_fault_add (faults, HL_FAULT_OTHER, 0, HL_GRAPH_ERROR_STRUCTURE,
                  _("The network is empty. Begin with the layer Images, where samples enter."));
  else if (!first)
    hl_fault_add (faults, HL_FAULT_OTHER, 0, HL_GRAPH_ERROR_STRUCTURE,
                  _("The network has no input. Add the layer Images, where samples enter."));
  else if (hl_graph_get_n_nodes (graph) == 1)
    hl_fault_add (faults, HL_FAULT_OTHER, 0, HL_GRAPH_ERROR_STRUCTURE,
                  _("The network has no output: there is nothing after its input “%s”."), first->name);
}

/* Ports in use, counting only those that are linked. */
static guint
count_links (const HlGraph *graph, guint32 node)
{
  guint n = 0;

  for (guint i = 0; i < hl_graph_get_n_links (graph); i++)
    if (hl_graph_get_link (graph, i)->to == node)
      n++;
  return n;
}

static gboolean
is_read (const HlGraph *graph, guint32 node)
{
  for (guint i = 0; i < hl_graph_get_n_links (graph); i++)
    if (hl_graph_get_link (graph, i)->from == node)
      return TRUE;
  return FALSE;
}

/* Ids of all nodes that can be reached from an input, inputs included. */
static GHashTable *
collect_fed (const HlGraph *graph)
{
  GHashTable *fed = g_hash_table_new (NULL, NULL);
  gboolean grown = TRUE;

  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    if (hl_graph_get_node (graph, i)->klass->max_inputs == 0)
      g_hash_table_add (fed, GUINT_TO_POINTER (hl_graph_get_node (graph, i)->id));
  while (grown)
    {
      grown = FALSE;
      for (guint i = 0; i < hl_graph_get_n_links (graph); i++)
        {
          const HlLink *link = hl_graph_get_link (graph, i);

          if (g_hash_table_contains (fed, GUINT_TO_POINTER (link->from))
              && g_hash_table_add (fed, GUINT_TO_POINTER (link->to)))
            grown = TRUE;
        }
    }
  return fed;
}

static void
find_port_faults (const HlGraph *graph, GHashTable *fed, GPtrArray *faults)
{
  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    {
      const HlNode *node = hl_graph_get_node (graph, i);
      guint linked = count_links (graph, node->id), wanted = node->klass->min_inputs;

      if (linked < wanted && linked == 0)
        hl_fault_add (faults, HL_FAULT_OTHER, node->id, HL_GRAPH_ERROR_STRUCTURE,
                      _("“%s” gets nothing: connect a layer to its input."), node->name);
      else if (linked < wanted)
        hl_fault_add (faults, HL_FAULT_OTHER, node->id, HL_GRAPH_ERROR_STRUCTURE,
                      ngettext ("“%s” needs %u inputs, but %u of them is connected.",
                                "“%s” needs %u inputs, but %u of them are connected.", linked),
                      node->name, wanted, linked);
      else if (!g_hash_table_contains (fed, GUINT_TO_POINTER (node->id)))
        hl_fault_add (faults, HL_FAULT_OTHER, node->id, HL_GRAPH_ERROR_STRUCTURE,
                      _("“%s” is not reached from the network's input."), node->name);
    }
}

/* An end that no input feeds already has its own fault and does not count here. */
static void
find_end_faults (const HlGraph *graph, GHashTable *fed, GPtrArray *faults)
{
  g_autoptr (GPtrArray) ends = g_ptr_array_new ();

  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    {
      const HlNode *node = hl_graph_get_node (graph, i);

      if (!hl_layer_class_is_input (node->klass) && g_hash_table_contains (fed, GUINT_TO_POINTER (node->id))
          && !is_read (graph, node->id))
        g_ptr_array_add (ends, (gpointer) node);
    }
  for (guint i = 0; ends->len > 1 && i < ends->len; i++)
    {
      const HlNode *node = ends->pdata[i], *other = ends->pdata[i == 0 ? 1 : 0];

      hl_fault_add (faults, HL_FAULT_OTHER, node->id, HL_GRAPH_ERROR_STRUCTURE,
                    _("“%s” leads nowhere: the network has %u ends, “%s” too, but only one can be its output. "
                      "Connect it or remove it."), node->name, ends->len, other->name);
    }
}

void
hl_graph_find_faults (const HlGraph *graph, GPtrArray *faults)
{
  g_autoptr (GHashTable) fed = collect_fed (graph);

  find_input_faults (graph, faults);
  find_port_faults (graph, fed, faults);
  find_end_faults (graph, fed, faults);
}
