/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writing ONNX: the plan's operator list becomes a ModelProto, one NodeProto an operator, weights as initialisers. */

#include "config.h"

#include "engine/exchange/onnx.h"

#include <inttypes.h>
#include <string.h>

#include "engine/base/json-text.h"
#include "engine/exchange/onnx-private.h"
#include "engine/graph/graph-json.h"

/* The format's limit is 2^31 - 1 bytes; some of them are left for everything that is not a weight. */
#define MAX_WEIGHT_BYTES ((guint64) 2040 << 20)

typedef struct
{
  const HlPlan *plan;
  const float *weights;      /* NULL: they are left out */
  GPtrArray *owned;          /* every allocation of the message; borrowed texts live in plan and ops */
  GHashTable *names;         /* values defined so far; borrowed */
} Export;

static gpointer
take (Export *self, gpointer memory)
{
  g_ptr_array_add (self->owned, memory);
  return memory;
}

#define NEW(self, Type, PREFIX) \
  ({ Type *made_ = take ((self), g_new0 (Type, 1)); *made_ = (Type) PREFIX; made_; })

/* A value must have one name and a name one value: layers may be called like another layer's weights. */
static gboolean
define (Export *self, const char *name, GError **error)
{
  if (g_hash_table_add (self->names, (char *) name))
    return TRUE;
  g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
               _("Two values of the network would be called “%s” in the file; rename a layer."), name);
  return FALSE;
}

/* ---- Values ---- */

/* A float tensor of the sample's shape after a batch of any size, “N”. */
static Onnx__ValueInfoProto *
make_value_info (Export *self, const char *name, const HlShape *shape)
{
  Onnx__ValueInfoProto *info = NEW (self, Onnx__ValueInfoProto, ONNX__VALUE_INFO_PROTO__INIT);
  Onnx__TypeProto *type = NEW (self, Onnx__TypeProto, ONNX__TYPE_PROTO__INIT);
  Onnx__TypeProto__Tensor *tensor = NEW (self, Onnx__TypeProto__Tensor, ONNX__TYPE_PROTO__TENSOR__INIT);
  Onnx__TensorShapeProto *dims = NEW (self, Onnx__TensorShapeProto, ONNX__TENSOR_SHAPE_PROTO__INIT);

  info->name = (char *) name;
  info->type = type;
  type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  type->tensor_type = tensor;
  tensor->has_elem_type = TRUE;
  tensor->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
  tensor->shape = dims;
  dims->n_dim = shape->n_dims + 1;
  dims->dim = take (self, g_new0 (Onnx__TensorShapeProto__Dimension *, dims->n_dim));
  for (guint i = 0; i < dims->n_dim; i++)
    {
      Onnx__TensorShapeProto__Dimension *dim = NEW (self, Onnx__TensorShapeProto__Dimension,
                                                    ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT);

      dim->value_case = i == 0 ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
                               : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
      if (i == 0)
        dim->dim_param = (char *) "N";
      else
        dim->dim_value = shape->dim[i - 1];
      dims->dim[i] = dim;
    }
  return info;
}

static Onnx__TensorProto *
make_tensor (Export *self, const HlPlanWeight *weight)
{
  Onnx__TensorProto *tensor = NEW (self, Onnx__TensorProto, ONNX__TENSOR_PROTO__INIT);
  const HlShape *shape = &weight->spec->shape;

  tensor->name = weight->name;
  tensor->has_data_type = TRUE;
  tensor->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
  tensor->n_dims = shape->n_dims;
  tensor->dims = take (self, g_new0 (int64_t, MAX (shape->n_dims, 1)));
  for (guint i = 0; i < shape->n_dims; i++)
    tensor->dims[i] = shape->dim[i];
  tensor->has_raw_data = TRUE;
  tensor->raw_data.len = weight->n * sizeof (float);
  tensor->raw_data.data = (guint8 *) (self->weights + weight->first);
#if G_BYTE_ORDER != G_LITTLE_ENDIAN
  {
    guint32 *swapped = take (self, g_new (guint32, MAX (weight->n, 1)));

    memcpy (swapped, self->weights + weight->first, weight->n * sizeof (float));
    for (gsize i = 0; i < weight->n; i++)
      swapped[i] = GUINT32_TO_LE (swapped[i]);
    tensor->raw_data.data = (guint8 *) swapped;
  }
#endif
  return tensor;
}

/* ---- Operators ---- */

static Onnx__AttributeProto *
make_attribute (Export *self, const HlOpAttribute *source)
{
  Onnx__AttributeProto *attribute = NEW (self, Onnx__AttributeProto, ONNX__ATTRIBUTE_PROTO__INIT);

  attribute->name = source->name;
  attribute->has_type = TRUE;
  switch (source->kind)
    {
    case HL_OP_ATTRIBUTE_INT:
      attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
      attribute->has_i = TRUE;
      attribute->i = (gint64) source->number;
      break;
    case HL_OP_ATTRIBUTE_FLOAT:
      attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
      attribute->has_f = TRUE;
      attribute->f = (float) source->number;
      break;
    case HL_OP_ATTRIBUTE_STRING:
      attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
      attribute->has_s = TRUE;
      attribute->s.len = strlen (source->string);
      attribute->s.data = (guint8 *) source->string;
      break;
    case HL_OP_ATTRIBUTE_INTS:
      attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
      attribute->n_ints = source->ints->len;
      attribute->ints = (int64_t *) source->ints->data;
      break;
    case HL_OP_ATTRIBUTE_FLOATS:
      attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
      attribute->n_floats = source->floats->len;
      attribute->floats = (float *) source->floats->data;
      break;
    case HL_OP_ATTRIBUTE_STRINGS:
      attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS;
      attribute->n_strings = g_strv_length (source->strings);
      attribute->strings = take (self, g_new0 (ProtobufCBinaryData, attribute->n_strings + 1));
      for (gsize i = 0; i < attribute->n_strings; i++)
        attribute->strings[i] = (ProtobufCBinaryData) { strlen (source->strings[i]), (guint8 *) source->strings[i] };
      break;
    }
  return attribute;
}

/* A single float is a scalar in ONNX's eyes: Dropout's ratio and Clip's limits must have no dimensions, and to other
 * operators it is the same. Single integers stay lists: they are shapes, axes and paddings. */
static void
make_scalar (Onnx__AttributeProto *attribute)
{
  if (attribute->n_floats != 1 || !g_str_equal (attribute->name, "value_floats"))
    return;
  attribute->name = (char *) "value_float";
  attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
  attribute->has_f = TRUE;
  attribute->f = attribute->floats[0];
  attribute->n_floats = 0;
  attribute->floats = NULL;
}

static Onnx__NodeProto *
make_node (Export *self, const HlOp *op, GError **error)
{
  Onnx__NodeProto *node = NEW (self, Onnx__NodeProto, ONNX__NODE_PROTO__INIT);
  gboolean is_constant = g_str_equal (op->op_type, "Constant");

  node->op_type = op->op_type;
  node->name = op->outputs[0];
  node->n_input = is_constant ? 0 : g_strv_length (op->inputs);
  node->input = op->inputs;
  node->n_output = g_strv_length (op->outputs);
  node->output = op->outputs;
  for (guint i = 0; i < node->n_output; i++)
    if (*op->outputs[i] && !define (self, op->outputs[i], error))
      return NULL;
  node->n_attribute = op->attributes->len;
  node->attribute = take (self, g_new0 (Onnx__AttributeProto *, MAX (op->attributes->len, 1)));
  for (guint i = 0; i < op->attributes->len; i++)
    {
      node->attribute[i] = make_attribute (self, op->attributes->pdata[i]);
      if (is_constant)
        make_scalar (node->attribute[i]);
    }
  return node;
}

/* ---- Graph and file ---- */

static gboolean
add_weights (Export *self, Onnx__GraphProto *graph, GError **error)
{
  guint n = hl_plan_get_n_weights (self->plan);
  guint64 bytes = 0;

  graph->initializer = take (self, g_new0 (Onnx__TensorProto *, MAX (n, 1)));
  for (guint i = 0; i < n; i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (self->plan, i);

      if (!define (self, weight->name, error))
        return FALSE;
      if (self->weights)
        graph->initializer[graph->n_initializer++] = make_tensor (self, weight);
      bytes += (guint64) weight->n * sizeof (float);
    }
  if (bytes <= MAX_WEIGHT_BYTES)
    return TRUE;
  g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
               _("The weights are %" PRIu64 " bytes; an ONNX file holds at most 2 GiB."), bytes);
  return FALSE;
}

static Onnx__GraphProto *
make_graph (Export *self, const HlOpList *ops, const char *title, GError **error)
{
  Onnx__GraphProto *graph = NEW (self, Onnx__GraphProto, ONNX__GRAPH_PROTO__INIT);
  const HlPlanStep *input = hl_plan_get_input (self->plan), *output = hl_plan_get_output (self->plan);
  const char *input_name, *output_name;

  if (!input || !output)
    {
      g_set_error_literal (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE,
                           _("A network needs one input and one output before it can be exported."));
      return NULL;
    }
  input_name = hl_graph_find_node (hl_plan_get_graph (self->plan), input->node)->name;
  output_name = hl_graph_find_node (hl_plan_get_graph (self->plan), output->node)->name;
  graph->name = (char *) title;
  graph->n_input = graph->n_output = 1;
  graph->input = take (self, g_new0 (Onnx__ValueInfoProto *, 1));
  graph->input[0] = make_value_info (self, input_name, &input->layer.output);
  graph->output = take (self, g_new0 (Onnx__ValueInfoProto *, 1));
  graph->output[0] = make_value_info (self, output_name, &output->layer.output);
  if (!define (self, input_name, error) || !add_weights (self, graph, error))
    return NULL;
  graph->node = take (self, g_new0 (Onnx__NodeProto *, MAX (hl_op_list_get_n (ops), 1)));
  for (guint i = 0; i < hl_op_list_get_n (ops); i++)
    if (!(graph->node[graph->n_node++] = make_node (self, hl_op_list_get (ops, i), error)))
      return NULL;
  return graph;
}

static gboolean
write_message (const ProtobufCMessage *message, GFile *file, GError **error)
{
  gsize size = protobuf_c_message_get_packed_size (message);
  g_autofree guint8 *bytes = g_try_malloc (MAX (size, 1));
  g_autofree char *path = g_file_get_path (file), *shown = g_file_get_parse_name (file);
  g_autoptr (GError) failure = NULL;

  if (!bytes)
    g_set_error (&failure, G_IO_ERROR, G_IO_ERROR_FAILED, _("there are no %zu bytes of memory left"), size);
  else if (!path)
    g_set_error_literal (&failure, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, _("it is not on a file system of this computer"));
  else
    {
      protobuf_c_message_pack (message, bytes);
      if (g_file_set_contents_full (path, (const char *) bytes, (gssize) size,
                                    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666, &failure))
        return TRUE;
    }
  g_set_error (error, failure->domain, failure->code, _("“%s” cannot be written: %s."), shown, failure->message);
  return FALSE;
}

gboolean
hl_onnx_is_name (GFile *file)
{
  g_autofree char *name = g_file_get_basename (file), *lower = name ? g_ascii_strdown (name, -1) : NULL;

  return lower && g_str_has_suffix (lower, ".onnx");
}

/* The network as project files have it: what ONNX has no words for comes back too (see onnx-own.c). */
static Onnx__StringStringEntryProto *
make_network_entry (Export *self)
{
  Onnx__StringStringEntryProto *entry = NEW (self, Onnx__StringStringEntryProto, ONNX__STRING_STRING_ENTRY_PROTO__INIT);
  g_autoptr (JsonNode) json = hl_graph_to_json (hl_plan_get_graph (self->plan));

  entry->key = (char *) HL_ONNX_NETWORK_KEY;
  entry->value = take (self, hl_json_to_text (json));
  return entry;
}

GBytes *
hl_onnx_pack_nodes (const HlPlan *plan, const char *title, GError **error)
{
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  Export self = { plan, NULL, owned, names };
  g_autoptr (HlOpList) ops = hl_plan_lower (plan, error);
  Onnx__GraphProto *graph = ops ? make_graph (&self, ops, title, error) : NULL;
  gsize size = graph ? protobuf_c_message_get_packed_size (&graph->base) : 0;
  guint8 *bytes;

  if (!graph)
    return NULL;
  bytes = g_malloc (MAX (size, 1));
  protobuf_c_message_pack (&graph->base, bytes);
  return g_bytes_new_take (bytes, size);
}

gboolean
hl_onnx_write (const HlPlan *plan, const float *weights, const char *title, GFile *file, GError **error)
{
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  Export self = { plan, weights, owned, names };
  g_autoptr (HlOpList) ops = hl_plan_lower (plan, error);
  Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
  Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT, *opsets = &opset;
  Onnx__StringStringEntryProto *entry;

  if (!ops || !(model.graph = make_graph (&self, ops, title, error)))
    return FALSE;
  model.has_ir_version = TRUE;
  model.ir_version = HL_ONNX_IR_VERSION;
  model.producer_name = (char *) "Hillock";
  model.producer_version = (char *) HL_VERSION;
  model.n_opset_import = 1;
  model.opset_import = &opsets;
  opset.domain = (char *) "";
  opset.has_version = TRUE;
  opset.version = HL_ONNX_OPSET;
  entry = make_network_entry (&self);
  model.n_metadata_props = 1;
  model.metadata_props = &entry;
  return write_message (&model.base, file, error);
}
