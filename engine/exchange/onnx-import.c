/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Importing a model: finds the nodes that the wanted output depends on, hands each to its converter, and checks that every
 * attribute was understood and every weight has its shape. */

#include "engine/exchange/onnx-import.h"

#include <inttypes.h>
#include <string.h>

/* How many numbers may be copied and filled besides those that belong to the file's own. */
#define BUDGET ((guint64) 4 * HL_ONNX_MAX_FILLED)

/* Cards are about this far apart. */
#define COLUMN_STEP 190
#define ROW_STEP 130
#define COLUMNS 6

/* The first reason stays: converters may look at attributes before they look at what an input gave. */
gboolean
hl_onnx_refuse (GError **error, const char *format, ...)
{
  va_list arguments;

  if (error && *error)
    return FALSE;
  va_start (arguments, format);
  g_propagate_error (error, g_error_new_valist (HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE, format, arguments));
  va_end (arguments);
  return FALSE;
}

gboolean
hl_onnx_refuse_mixed (GError **error, const char *text)
{
  if (!error || !*error)
    g_set_error_literal (error, HL_GRAPH_ERROR, HL_ONNX_ERROR_MIXED, text);
  return FALSE;
}

/* ---- What the model declares ---- */

static void
count_reader (HlOnnxImport *self, const char *name)
{
  g_hash_table_insert (self->readers, (char *) name, GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (self->readers, name)) + 1));
}

/* Producers by output name; FALSE when two nodes make the same value. */
static gboolean
index_nodes (HlOnnxImport *self, GHashTable *producers, GError **error)
{
  const Onnx__GraphProto *graph = self->model->proto->graph;

  self->budget = BUDGET;
  for (gsize i = 0; i < graph->n_initializer; i++)
    g_hash_table_insert (self->initializers, graph->initializer[i]->name, graph->initializer[i]);
  for (gsize i = 0; i < graph->n_node; i++)
    {
      const Onnx__NodeProto *node = graph->node[i];

      for (gsize k = 0; k < node->n_input; k++)
        count_reader (self, node->input[k]);
      for (gsize k = 0; k < node->n_output; k++)
        if (*node->output[k] && !g_hash_table_insert (producers, node->output[k], (gpointer) node))
          return hl_onnx_refuse (error, _("The model is wrong: two nodes make the value “%s”."), node->output[k]);
    }
  for (gsize i = 0; i < graph->n_output; i++)
    count_reader (self, graph->output[i]->name);
  return TRUE;
}

/* The nodes that the output depends on. */
static GHashTable *
find_needed (const char *output, GHashTable *producers)
{
  GHashTable *needed = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) stack = g_ptr_array_new ();

  g_ptr_array_add (stack, (gpointer) output);
  while (stack->len > 0)
    {
      const Onnx__NodeProto *node = g_hash_table_lookup (producers, g_ptr_array_steal_index (stack, stack->len - 1));

      if (!node || !g_hash_table_add (needed, (gpointer) node))
        continue;
      for (gsize k = 0; k < node->n_input; k++)
        g_ptr_array_add (stack, node->input[k]);
    }
  return needed;
}

/* ---- The input ---- */

/* What the model, or the caller, says about the input's shape. -1 where it is open. */
static gboolean
read_input_dims (HlOnnxImport *self, const Onnx__ValueInfoProto *info, HlOnnxValue *value, GError **error)
{
  const Onnx__TypeProto *type = info->type;
  const Onnx__TensorShapeProto *shape;

  if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
    return hl_onnx_refuse (error, _("The input “%s” is not a tensor."), info->name);
  if (type->tensor_type->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT)
    return hl_onnx_refuse (error, _("The input “%s” is of type %s; only FLOAT can be computed with."), info->name,
                           hl_onnx_type_name (type->tensor_type->elem_type));
  shape = type->tensor_type->shape;
  value->n_dims = self->options->like ? self->options->like->n_dims : shape ? (guint) MIN (shape->n_dim, HL_ONNX_MAX_DIMS + 1) : 0;
  if (value->n_dims > HL_ONNX_MAX_DIMS || (!self->options->like && !shape))
    return hl_onnx_refuse (error, shape ? _("The input “%s” has too many dimensions.") : _("The input “%s” has no shape."), info->name);
  for (guint i = 0; i < value->n_dims; i++)
    {
      const Onnx__TensorShapeProto__Dimension *dim = self->options->like ? NULL : shape->dim[i];

      value->dim[i] = !dim ? (gint64) self->options->like->dim[i]
                      : dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && dim->dim_value > 0 ? dim->dim_value : -1;
      if (dim && value->dim[i] < 0 && (int) i != self->options->batch_axis)
        return hl_onnx_refuse (error, _("The input “%s” has no fixed size on axis %u; only the batch may be open."), info->name, i);
      if (value->dim[i] > G_MAXINT32 || value->dim[i] == 0)
        return hl_onnx_refuse (error, _("The input “%s” has the size %" PRId64 " on axis %u."), info->name, value->dim[i], i);
    }
  return TRUE;
}

/* The sample's shape of a value with these axes; FALSE when it has more dimensions than samples may have. */
static gboolean
sample_shape (const HlOnnxValue *value, HlShape *shape, GError **error)
{
  *shape = (HlShape) { 0 };
  for (guint i = 0; i < value->n_dims; i++)
    {
      if ((int) i == value->axis)
        continue;
      if (shape->n_dims == HL_MAX_DIMS)
        return hl_onnx_refuse (error, _("needs %u dimensions, more than a sample's %d."), value->n_dims, HL_MAX_DIMS);
      shape->dim[shape->n_dims++] = (guint) value->dim[i];
    }
  if (shape->n_dims == 0)
    *shape = HL_SHAPE_1 (1);
  return TRUE;
}

/* The greatest divisor that an input layer's side may be. */
static guint
largest_side (guint64 count)
{
  guint side = (guint) MIN (count, 4096);

  while (count % side != 0)
    side--;
  return side;
}

/* The sample as an image of as many numbers; one with a side too long is cut into other rows. */
static HlShape
image_shape (const HlShape *shape)
{
  guint64 count = hl_shape_get_count (shape);
  guint columns = largest_side (count), rows = largest_side (count / columns);

  if (hl_shape_channels (shape) <= 4096 && hl_shape_rows (shape) <= 4096 && hl_shape_columns (shape) <= 4096)
    return HL_SHAPE_3 (hl_shape_channels (shape), hl_shape_rows (shape), hl_shape_columns (shape));
  return HL_SHAPE_3 ((guint) MIN (count / columns / rows, G_MAXUINT), rows, columns);
}

static gboolean
add_input (HlOnnxImport *self, const Onnx__ValueInfoProto *info, GError **error)
{
  HlOnnxValue declared = { .axis = self->options->batch_axis }, *value;
  HlShape shape, image;

  if (!read_input_dims (self, info, &declared, error))
    return FALSE;
  if (declared.axis >= (int) declared.n_dims)
    {
      g_autofree char *text = g_strdup_printf (_("The input “%s” has %u dimensions and none for the batch."), info->name, declared.n_dims);

      return hl_onnx_refuse_mixed (error, text);
    }
  if (!sample_shape (&declared, &shape, error))
    return FALSE;
  self->batch = declared.axis >= 0 ? declared.dim[declared.axis] : 1;
  /* The input layer knows images; other shapes are the same numbers, seen differently. */
  image = image_shape (&shape);
  value = hl_onnx_emit (self, error, "input", 0, NULL, "channels", (double) image.dim[0], "height", (double) image.dim[1], "width",
                        (double) image.dim[2], NULL);
  value = value ? hl_onnx_emit_shape (self, value, &shape, error) : NULL;
  if (!value)
    return FALSE;
  hl_onnx_set_dims (value, declared.n_dims, declared.dim, declared.axis);
  g_hash_table_insert (self->values, info->name, value);
  return TRUE;
}

/* One input takes the samples; others must be bound. Inputs that the output does not depend on do not matter. */
static gboolean
add_inputs (HlOnnxImport *self, GHashTable *needed, HlOnnxNetwork *network, GError **error)
{
  const Onnx__GraphProto *graph = self->model->proto->graph;
  const Onnx__ValueInfoProto *data = NULL;

  for (gsize i = 0; i < graph->n_input; i++)
    {
      const char *name = graph->input[i]->name;
      gboolean read = g_str_equal (name, graph->output[self->options->output]->name);
      GHashTableIter iter;
      gpointer node;

      if (g_hash_table_contains (self->initializers, name) || (self->options->bound && g_hash_table_contains (self->options->bound, name)))
        continue;
      g_hash_table_iter_init (&iter, needed);
      while (!read && g_hash_table_iter_next (&iter, &node, NULL))
        for (gsize k = 0; k < ((Onnx__NodeProto *) node)->n_input; k++)
          read |= g_str_equal (((Onnx__NodeProto *) node)->input[k], name);
      if (!read)
        continue;
      if (data)
        return hl_onnx_refuse (error, _("The model has a second input “%s” beside “%s”; a network has one."), name, data->name);
      data = graph->input[i];
    }
  if (!data)
    return TRUE;
  if (!add_input (self, data, error))
    return FALSE;
  self->has_input = TRUE;
  network->input_axis = self->options->batch_axis;
  network->n_input_dims = ((HlOnnxValue *) g_hash_table_lookup (self->values, data->name))->n_dims;
  memcpy (network->input_dim, ((HlOnnxValue *) g_hash_table_lookup (self->values, data->name))->dim, sizeof network->input_dim);
  return TRUE;
}

/* ---- Nodes ---- */

static gboolean
check_used (HlOnnxImport *self, GError **error)
{
  for (gsize i = 0; i < self->node->n_attribute; i++)
    {
      const char *name = self->node->attribute[i]->name ? self->node->attribute[i]->name : "";

      if (i >= 64 || !(self->used >> i & 1))
        return hl_onnx_refuse (error, _("its attribute “%s” is not supported."), name);
      if (self->node->attribute[i]->ref_attr_name && *self->node->attribute[i]->ref_attr_name)
        return hl_onnx_refuse (error, _("its attribute “%s” refers to that of a function."), name);
    }
  for (gsize i = self->operator->max_inputs; i < self->node->n_input; i++)
    if (*self->node->input[i])
      return hl_onnx_refuse (error, _("its input number %zu is not supported."), i + 1);
  for (gsize i = 0; i < self->node->n_output; i++)
    if (*self->node->output[i] && !g_hash_table_contains (self->values, self->node->output[i]) && hl_onnx_wants_output (self, (guint) i))
      return hl_onnx_refuse (error, _("its output number %zu is not supported."), i + 1);
  return TRUE;
}

static gboolean
convert_node (HlOnnxImport *self, const Onnx__NodeProto *node, GError **error)
{
  const char *name = node->name && *node->name ? node->name : node->n_output > 0 ? node->output[0] : "";
  gboolean standard = !node->domain || !*node->domain || g_str_equal (node->domain, "ai.onnx");
  g_autoptr (GError) reason = NULL;

  self->node = node;
  self->used = 0;
  self->operator = standard ? hl_onnx_operator_find (node->op_type) : NULL;
  if (!self->operator)
    return hl_onnx_refuse (error, _("%s “%s”: there is no layer for this operator."), node->op_type, name);
  if (self->operator->convert (self, &reason) && check_used (self, &reason))
    {
      if (self->spent <= self->budget)
        return TRUE;
      return hl_onnx_refuse (error, _("%s “%s”: up to here the model's constants would be copied into %" PRIu64 " numbers, far more than it holds."),
                             node->op_type, name, self->spent);
    }
  if (!reason)
    return hl_onnx_refuse (error, _("%s “%s”: it cannot be converted."), node->op_type, name);
  g_set_error (error, reason->domain, reason->code, _("%s “%s”: %s"), node->op_type, name, reason->message);
  return FALSE;
}

static gboolean
convert_nodes (HlOnnxImport *self, GHashTable *needed, GError **error)
{
  const Onnx__GraphProto *graph = self->model->proto->graph;

  for (gsize i = 0; i < graph->n_node; i++)
    {
      const Onnx__NodeProto *node = graph->node[i];

      if (g_hash_table_contains (needed, node))
        {
          if (!convert_node (self, node, error))
            return FALSE;
        }
      else if (graph->n_output == 1)
        g_ptr_array_add (self->notes, g_strdup_printf (_("%s “%s” has no effect on the output and was left out."), node->op_type,
                                                       node->name && *node->name ? node->name : node->n_output > 0 ? node->output[0] : ""));
    }
  return TRUE;
}

/* ---- The result ---- */

/* Columns by the longest way from an input, wrapped like text; nodes of one column below each other. */
static void
place_nodes (HlGraph *graph)
{
  guint n = hl_graph_get_n_nodes (graph);
  g_autoptr (GHashTable) depths = g_hash_table_new (NULL, NULL);
  g_autofree guint *taken = g_new0 (guint, n + 1);
  guint tallest = 1;

  /* Nodes were added after what they read. */
  for (guint i = 0; i < n; i++)
    {
      guint32 id = hl_graph_get_node (graph, i)->id;
      guint depth = 0;

      for (guint port = 0; port < hl_graph_get_n_inputs (graph, id); port++)
        depth = MAX (depth, 1 + GPOINTER_TO_UINT (g_hash_table_lookup (depths, GUINT_TO_POINTER (hl_graph_get_source (graph, id, port)))));
      g_hash_table_insert (depths, GUINT_TO_POINTER (id), GUINT_TO_POINTER (depth));
      tallest = MAX (tallest, ++taken[MIN (depth, n)]);
    }
  memset (taken, 0, (n + 1) * sizeof *taken);
  for (guint i = 0; i < n; i++)
    {
      guint32 id = hl_graph_get_node (graph, i)->id;
      guint depth = GPOINTER_TO_UINT (g_hash_table_lookup (depths, GUINT_TO_POINTER (id))), row = taken[MIN (depth, n)]++;

      hl_graph_move_node (graph, id, (depth % COLUMNS) * COLUMN_STEP, ((depth / COLUMNS) * tallest + row) * ROW_STEP);
    }
}

/* The weights under their final names; every one the plan wants must be there in its shape. */
static gboolean
name_weights (HlOnnxImport *self, HlOnnxNetwork *network, GError **error)
{
  const HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 1 };
  g_autoptr (HlPlan) plan = hl_plan_new (network->graph, &options, error);

  for (guint i = 0; plan && i < hl_plan_get_n_weights (plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);
      g_autofree char *key = g_strdup_printf ("%u.%s", weight->node, weight->spec->name);
      g_autofree char *wanted = hl_shape_to_string (&weight->spec->shape), *found = NULL;
      HlOnnxTensor *tensor = g_hash_table_lookup (self->weights, key);
      gboolean fits = tensor && tensor->is_float && tensor->n_dims == weight->spec->shape.n_dims;

      for (guint k = 0; fits && k < tensor->n_dims; k++)
        fits = tensor->dim[k] == weight->spec->shape.dim[k];
      found = tensor ? hl_onnx_tensor_shape_to_string (tensor) : g_strdup (_("nothing"));
      if (!fits)
        return hl_onnx_refuse (error, _("The weights “%s” should be %s, but the model has %s."), weight->name, wanted, found);
      g_hash_table_insert (network->weights, g_strdup (weight->name), hl_onnx_tensor_ref (tensor));
    }
  return plan != NULL;
}

/* Layers that turned out to be undone by others. */
static void
remove_spare (HlGraph *graph, guint32 output)
{
  for (guint i = hl_graph_get_n_nodes (graph); i-- > 0;)
    {
      guint32 id = hl_graph_get_node (graph, i)->id;

      if (!hl_graph_reaches (graph, id, output))
        hl_graph_remove_node (graph, id);
    }
}

static gboolean
finish (HlOnnxImport *self, HlOnnxNetwork *network, GError **error)
{
  const char *name = self->model->proto->graph->output[self->options->output]->name;
  HlOnnxValue *value = hl_onnx_find_value (self, name, error);

  if (!value)
    return FALSE;
  network->n_output_dims = value->n_dims;
  network->output_axis = value->axis;
  memcpy (network->output_dim, value->dim, sizeof value->dim);
  network->notes = g_ptr_array_ref (self->notes);
  if (value->axis > 0)
    g_ptr_array_add (self->notes, g_strdup_printf (_("The model's output “%s” has the batch on axis %d; the network has it first."), name, value->axis));
  if (value->constant)
    {
      network->constant = hl_onnx_tensor_ref (value->constant);
      return TRUE;
    }
  if (!self->has_input)
    return hl_onnx_refuse (error, _("The output “%s” is computed from constants alone; a network needs an input."), name);
  if (hl_graph_get_n_nodes (self->graph) == 1)
    return hl_onnx_refuse (error, _("The output “%s” is the input: there is nothing to compute."), name);
  if (self->has_spare)
    remove_spare (self->graph, value->node);
  place_nodes (self->graph);
  network->graph = hl_graph_ref (self->graph);
  hl_graph_freeze (network->graph);
  return name_weights (self, network, error);
}

static void
value_free (gpointer data)
{
  HlOnnxValue *value = data;

  hl_onnx_tensor_unref (value->constant);
  g_free (value);
}

HlOnnxNetwork *
hl_onnx_import (HlOnnxModel *model, const HlOnnxImportOptions *options, GError **error)
{
  g_autoptr (HlOnnxNetwork) network = g_new0 (HlOnnxNetwork, 1);
  g_autoptr (HlGraph) graph = hl_graph_new ();
  g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) initializers = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) readers = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) producers = g_hash_table_new (g_str_hash, g_str_equal), needed = NULL;
  g_autoptr (GHashTable) weights = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) hl_onnx_tensor_unref);
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (value_free);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  HlOnnxImport self = { .model = model, .options = options, .opset = model->opset, .batch = 1, .graph = graph, .values = values,
                        .initializers = initializers, .readers = readers, .weights = weights, .owned = owned, .notes = notes };

  g_return_val_if_fail (options->output < hl_onnx_model_get_n_outputs (model), NULL);
  /* What is only run, on given tensors, is run as its nodes say. */
  if (options->batch_axis == 0 && options->output == 0 && !options->bound && !options->like)
    {
      HlOnnxNetwork *own = hl_onnx_restore (model);

      if (own)
        return own;
    }
  network->weights = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) hl_onnx_tensor_unref);
  network->input_axis = network->output_axis = HL_ONNX_WHOLE;
  if (!index_nodes (&self, producers, error))
    return NULL;
  needed = find_needed (hl_onnx_model_get_output (model, options->output), producers);
  if (!add_inputs (&self, needed, network, error) || !convert_nodes (&self, needed, error) || !finish (&self, network, error))
    return NULL;
  return g_steal_pointer (&network);
}

HlOnnxNetwork *
hl_onnx_import_any (HlOnnxModel *model, const HlOnnxImportOptions *options, GError **error)
{
  static const int axes[] = { 0, 1, HL_ONNX_WHOLE };
  g_autoptr (GError) reason = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (axes); i++)
    {
      HlOnnxImportOptions tried = *options;
      g_autoptr (GError) failure = NULL;
      HlOnnxNetwork *network;

      tried.batch_axis = axes[i];
      if ((network = hl_onnx_import (model, &tried, &failure)))
        return network;
      /* That samples are mixed says only how it was looked at; the first other reason is the true one. */
      if (!reason || (g_error_matches (reason, HL_GRAPH_ERROR, HL_ONNX_ERROR_MIXED)
                      && !g_error_matches (failure, HL_GRAPH_ERROR, HL_ONNX_ERROR_MIXED)))
        {
          g_clear_error (&reason);
          reason = g_steal_pointer (&failure);
        }
    }
  g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}

/* All inputs but one, or all, are constants. */
static HlOnnxNetwork *
import_bound (HlOnnxModel *model, guint output, HlOnnxTensor *const *inputs, guint n, guint data, GError **error)
{
  g_autoptr (GHashTable) bound = g_hash_table_new (g_str_hash, g_str_equal);
  const HlOnnxImportOptions options = { .output = output, .bound = bound, .like = data < n ? inputs[data] : NULL };

  for (guint i = 0; i < n; i++)
    if (i != data)
      g_hash_table_insert (bound, (char *) hl_onnx_model_get_input (model, i), inputs[i]);
  return hl_onnx_import_any (model, &options, error);
}

HlOnnxNetwork *
hl_onnx_import_with (HlOnnxModel *model, guint output, HlOnnxTensor *const *inputs, guint n, guint *data, GError **error)
{
  g_autoptr (GError) first = NULL;
  gboolean empty = FALSE;

  for (guint i = 0; i < n; i++)
    empty |= inputs[i]->n == 0;
  /* Without an input, or where one without numbers leaves nothing to compute, all are constants. */
  for (*data = 0; *data < n || (*data == n && (empty || n == 0)); (*data)++)
    {
      HlOnnxNetwork *network;

      if (*data < n && (inputs[*data]->n == 0 || (empty && !inputs[*data]->is_float)))
        continue;
      if ((network = import_bound (model, output, inputs, n, *data, first ? NULL : &first)))
        return network;
    }
  g_propagate_error (error, g_steal_pointer (&first));
  return NULL;
}

void
hl_onnx_network_free (HlOnnxNetwork *self)
{
  if (!self)
    return;
  g_clear_pointer (&self->graph, hl_graph_unref);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_clear_pointer (&self->constant, hl_onnx_tensor_unref);
  g_clear_pointer (&self->notes, g_ptr_array_unref);
  g_free (self);
}
