/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX files of this program: they carry the network itself in their metadata, so that nothing of it is lost on the way
 * back. It is believed only where it would be written as the very nodes that the file has. */

#include "engine/exchange/onnx-private.h"

#include <string.h>

#include "engine/base/json-text.h"
#include "engine/graph/graph-json.h"

static HlGraph *
read_graph (HlOnnxModel *model)
{
  const Onnx__ModelProto *proto = model->proto;

  for (gsize i = 0; i < proto->n_metadata_props; i++)
    if (g_strcmp0 (proto->metadata_props[i]->key, HL_ONNX_NETWORK_KEY) == 0 && proto->metadata_props[i]->value)
      {
        g_autoptr (JsonNode) json = hl_json_from_text (proto->metadata_props[i]->value, -1, NULL);
        HlGraph *graph = json ? hl_graph_from_json (json, HL_ONNX_NETWORK_KEY, NULL) : NULL;

        if (graph)
          hl_graph_freeze (graph);
        return graph;
      }
  return NULL;
}

/* The nodes, input and output, without the weights, which are looked at one by one. */
static gboolean
has_same_nodes (HlOnnxModel *model, const HlPlan *plan)
{
  Onnx__GraphProto graph = *model->proto->graph;
  g_autoptr (GBytes) own = NULL;
  g_autofree guint8 *there = NULL;
  gsize size;

  if (!graph.name || !(own = hl_onnx_pack_nodes (plan, graph.name, NULL)))
    return FALSE;
  graph.n_initializer = 0;
  graph.initializer = NULL;
  size = protobuf_c_message_get_packed_size (&graph.base);
  if (size != g_bytes_get_size (own))
    return FALSE;
  there = g_malloc (MAX (size, 1));
  protobuf_c_message_pack (&graph.base, there);
  return memcmp (there, g_bytes_get_data (own, NULL), size) == 0;
}

/* In the plan's order, as they are written. */
static gboolean
take_weights (HlOnnxModel *model, const HlPlan *plan, HlOnnxNetwork *network)
{
  const Onnx__GraphProto *graph = model->proto->graph;

  if (hl_plan_get_n_weights (plan) != graph->n_initializer)
    return FALSE;
  for (guint i = 0; i < graph->n_initializer; i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);
      const HlShape *shape = &weight->spec->shape;
      g_autoptr (HlOnnxTensor) tensor = NULL;

      if (g_strcmp0 (graph->initializer[i]->name, weight->name) != 0 || graph->initializer[i]->n_dims != shape->n_dims
          || !(tensor = hl_onnx_tensor_from_proto (graph->initializer[i], model->folder, NULL)) || !tensor->is_float)
        return FALSE;
      for (guint k = 0; k < shape->n_dims; k++)
        if (tensor->dim[k] != shape->dim[k])
          return FALSE;
      g_hash_table_insert (network->weights, g_strdup (weight->name), g_steal_pointer (&tensor));
    }
  return TRUE;
}

static guint
set_dims (gint64 *dim, const HlShape *shape)
{
  dim[0] = -1;
  for (guint i = 0; i < shape->n_dims; i++)
    dim[i + 1] = shape->dim[i];
  return shape->n_dims + 1;
}

HlOnnxNetwork *
hl_onnx_restore (HlOnnxModel *model)
{
  const HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 1 };
  g_autoptr (HlOnnxNetwork) network = NULL;
  g_autoptr (HlGraph) graph = read_graph (model);
  g_autoptr (HlPlan) plan = graph ? hl_plan_new (graph, &options, NULL) : NULL;

  if (!plan || !hl_plan_get_input (plan) || !hl_plan_get_output (plan) || !has_same_nodes (model, plan))
    return NULL;
  network = g_new0 (HlOnnxNetwork, 1);
  network->weights = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) hl_onnx_tensor_unref);
  if (!take_weights (model, plan, network))
    return NULL;
  network->graph = g_steal_pointer (&graph);
  network->notes = g_ptr_array_new_with_free_func (g_free);
  network->n_input_dims = set_dims (network->input_dim, &hl_plan_get_input (plan)->layer.output);
  network->n_output_dims = set_dims (network->output_dim, &hl_plan_get_output (plan)->layer.output);
  return g_steal_pointer (&network);
}
