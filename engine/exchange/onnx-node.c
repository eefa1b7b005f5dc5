/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What converters of ONNX operators work with: attributes and inputs of the current node, and adding layers. */

#include "engine/exchange/onnx-import.h"

#include <inttypes.h>
#include <string.h>

/* Of each number in the file; recurrent weights are put into another order, and some operators need two layers. */
#define COPIES 12

/* ---- Attributes ---- */

const Onnx__AttributeProto *
hl_onnx_attribute (HlOnnxImport *self, const char *name)
{
  for (gsize i = 0; i < MIN (self->node->n_attribute, 64); i++)
    if (g_strcmp0 (self->node->attribute[i]->name, name) == 0)
      {
        self->used |= (guint64) 1 << i;
        return self->node->attribute[i];
      }
  return NULL;
}

gint64
hl_onnx_int (HlOnnxImport *self, const char *name, gint64 otherwise)
{
  const Onnx__AttributeProto *attribute = hl_onnx_attribute (self, name);

  return attribute && attribute->has_i ? attribute->i : otherwise;
}

double
hl_onnx_float (HlOnnxImport *self, const char *name, double otherwise)
{
  const Onnx__AttributeProto *attribute = hl_onnx_attribute (self, name);

  return attribute && attribute->has_f ? (double) attribute->f : otherwise;
}

const gint64 *
hl_onnx_ints (HlOnnxImport *self, const char *name, guint *n)
{
  const Onnx__AttributeProto *attribute = hl_onnx_attribute (self, name);

  *n = attribute ? (guint) MIN (attribute->n_ints, G_MAXUINT) : 0;
  return *n > 0 ? (const gint64 *) attribute->ints : NULL;
}

char *
hl_onnx_string (HlOnnxImport *self, const char *name, const char *otherwise)
{
  const Onnx__AttributeProto *attribute = hl_onnx_attribute (self, name);

  return attribute && attribute->has_s ? g_strndup ((const char *) attribute->s.data, attribute->s.len) : g_strdup (otherwise);
}

/* ---- Inputs and outputs ---- */

guint
hl_onnx_n_inputs (HlOnnxImport *self)
{
  return (guint) self->node->n_input;
}

gboolean
hl_onnx_has_input (HlOnnxImport *self, guint i)
{
  return i < self->node->n_input && *self->node->input[i];
}

gboolean
hl_onnx_wants_output (HlOnnxImport *self, guint i)
{
  const char *name = i < self->node->n_output ? self->node->output[i] : "";
  const char *wanted = self->model->proto->graph->output[self->options->output]->name;

  if (!*name)
    return FALSE;
  if (g_str_equal (name, wanted))
    return TRUE;
  /* Another output of the model is converted on its own. */
  for (gsize k = 0; k < self->model->proto->graph->n_output; k++)
    if (g_str_equal (name, self->model->proto->graph->output[k]->name))
      return GPOINTER_TO_UINT (g_hash_table_lookup (self->readers, name)) > 1;
  return g_hash_table_contains (self->readers, name);
}

void
hl_onnx_spend (HlOnnxImport *self, const HlOnnxTensor *tensor)
{
  /* One that others hold too costs nothing. */
  if (g_atomic_ref_count_compare ((gatomicrefcount *) &tensor->ref_count, 1))
    self->spent += tensor->n;
}

void
hl_onnx_earn (HlOnnxImport *self, const HlOnnxTensor *tensor)
{
  self->budget += COPIES * tensor->n;
}

HlOnnxValue *
hl_onnx_make_constant (HlOnnxImport *self, HlOnnxTensor *tensor, GError **error)
{
  HlOnnxValue *value;

  if (!tensor)
    {
      hl_onnx_refuse (error, _("there is no memory for its output."));
      return NULL;
    }
  hl_onnx_spend (self, tensor);
  value = g_new0 (HlOnnxValue, 1);
  g_ptr_array_add (self->owned, value);
  value->axis = HL_ONNX_WHOLE;
  value->constant = tensor;
  value->n_dims = tensor->n_dims;
  for (guint i = 0; i < tensor->n_dims; i++)
    value->dim[i] = (gint64) tensor->dim[i];
  return value;
}

/* Whether a tensor that was given for an input is of the declared kind, floats or whole numbers. */
static gboolean
is_declared (HlOnnxImport *self, const char *name, const HlOnnxTensor *tensor)
{
  const Onnx__GraphProto *graph = self->model->proto->graph;

  for (gsize i = 0; i < graph->n_input; i++)
    {
      const Onnx__TypeProto *type = graph->input[i]->type;

      if (g_str_equal (graph->input[i]->name, name) && type && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
        switch (type->tensor_type->elem_type)
          {
          case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
          case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
          case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
          case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
            return tensor->is_float;
          default:
            return !tensor->is_float;
          }
    }
  return TRUE;
}

HlOnnxValue *
hl_onnx_find_value (HlOnnxImport *self, const char *name, GError **error)
{
  HlOnnxValue *value = g_hash_table_lookup (self->values, name);
  const Onnx__TensorProto *proto = g_hash_table_lookup (self->initializers, name);
  HlOnnxTensor *tensor = self->options->bound ? g_hash_table_lookup (self->options->bound, name) : NULL;

  if (value)
    return value;
  if (tensor && !is_declared (self, name, tensor))
    {
      hl_onnx_refuse (error, _("the tensor given for “%s” is of another type than the model declares."), name);
      return NULL;
    }
  if (tensor)
    hl_onnx_tensor_ref (tensor);
  else if (proto)
    tensor = hl_onnx_tensor_from_proto (proto, self->model->folder, error);
  else
    hl_onnx_refuse (error, _("it reads “%s”, which nothing before it makes: it is missing, or the nodes form a cycle."), name);
  if (!tensor)
    return NULL;
  hl_onnx_earn (self, tensor);
  value = hl_onnx_make_constant (self, tensor, error);
  g_hash_table_insert (self->values, (char *) name, value);
  return value;
}

HlOnnxValue *
hl_onnx_input (HlOnnxImport *self, guint i, GError **error)
{
  if (hl_onnx_has_input (self, i))
    return hl_onnx_find_value (self, self->node->input[i], error);
  hl_onnx_refuse (error, _("its input number %u is missing."), i + 1);
  return NULL;
}

HlOnnxValue *
hl_onnx_computed (HlOnnxImport *self, guint i, GError **error)
{
  HlOnnxValue *value = hl_onnx_input (self, i, error);

  return value && value->constant ? hl_onnx_emit_constant (self, value->constant, error) : value;
}

static HlOnnxTensor *
constant_input (HlOnnxImport *self, guint i, gboolean is_float, GError **error)
{
  HlOnnxValue *value = hl_onnx_input (self, i, error);

  if (!value)
    return NULL;
  if (value->constant && value->constant->is_float == is_float)
    return value->constant;
  hl_onnx_refuse (error, value->constant ? _("its input “%s” is of the wrong type.")
                                         : _("its input “%s” is computed; only a constant is supported there."), self->node->input[i]);
  return NULL;
}

HlOnnxTensor *
hl_onnx_floats_input (HlOnnxImport *self, guint i, GError **error)
{
  return constant_input (self, i, TRUE, error);
}

HlOnnxTensor *
hl_onnx_shape_input (HlOnnxImport *self, guint i, GError **error)
{
  return constant_input (self, i, FALSE, error);
}

HlOnnxTensor *
hl_onnx_ints_input (HlOnnxImport *self, guint i, GError **error)
{
  HlOnnxTensor *tensor = constant_input (self, i, FALSE, error);

  for (gsize k = 0; tensor && k < tensor->n; k++)
    if (tensor->ints[k] == HL_ONNX_ANY_BATCH)
      {
        hl_onnx_refuse_mixed (error, _("it computes with the size of the batch, which may be any."));
        return NULL;
      }
  return tensor;
}

gboolean
hl_onnx_normalize_axis (gint64 *axis, gint64 n_dims, GError **error)
{
  gint64 given = *axis;

  if (given < 0)
    *axis += n_dims;
  if (*axis >= 0 && *axis < n_dims)
    return TRUE;
  return hl_onnx_refuse (error, _("its axis is %" PRId64 ", but the tensor has %" PRId64 " dimensions."), given, n_dims);
}

/* Puts the shape that ONNX expects in place of one of as many numbers. */
static HlOnnxValue *
settle (HlOnnxImport *self, HlOnnxValue *value, GError **error)
{
  HlShape wanted = { 0 };

  for (guint i = 0; i < value->n_dims; i++)
    {
      if ((int) i == value->axis)
        continue;
      if (wanted.n_dims == HL_MAX_DIMS || value->dim[i] < 1 || value->dim[i] > G_MAXINT32)
        {
          hl_onnx_refuse (error, _("its output has %u dimensions; samples have at most %d."), value->n_dims, HL_MAX_DIMS);
          return NULL;
        }
      wanted.dim[wanted.n_dims++] = (guint) value->dim[i];
    }
  if (wanted.n_dims == 0)
    wanted = HL_SHAPE_1 (1);
  return hl_onnx_emit_shape (self, value, &wanted, error);
}

gboolean
hl_onnx_output (HlOnnxImport *self, guint i, HlOnnxValue *value, GError **error)
{
  if (i >= self->node->n_output || !*self->node->output[i])
    return TRUE;
  if (!value->constant && !(value = settle (self, value, error)))
    return FALSE;
  if (g_hash_table_contains (self->values, self->node->output[i]))
    return hl_onnx_refuse (error, _("its output “%s” exists already."), self->node->output[i]);
  if (GPOINTER_TO_UINT (g_hash_table_lookup (self->readers, self->node->output[i])) != 1)
    value->takes_bias = FALSE;
  g_hash_table_insert (self->values, self->node->output[i], value);
  return TRUE;
}

gboolean
hl_onnx_output_constant (HlOnnxImport *self, guint i, HlOnnxTensor *tensor, GError **error)
{
  HlOnnxValue *value = hl_onnx_make_constant (self, tensor, error);

  return value && hl_onnx_output (self, i, value, error);
}

/* ---- Layers ---- */

HlOnnxTensor *
hl_onnx_new_filled (const char *name, const HlShape *shape, GError **error)
{
  guint64 dim[HL_MAX_DIMS], count = 1;

  for (guint i = 0; i < shape->n_dims; i++)
    if (count <= HL_ONNX_MAX_FILLED)
      count *= dim[i] = shape->dim[i];
  if (count <= HL_ONNX_MAX_FILLED)
    return hl_onnx_tensor_new (name, TRUE, shape->n_dims, dim, error);
  hl_onnx_refuse (error, _("it would need a constant of more than %d numbers."), HL_ONNX_MAX_FILLED);
  return NULL;
}

static gboolean
set_param (HlOnnxImport *self, guint32 node, const HlLayerClass *klass, const char *name, double value, GError **error)
{
  const HlParam *param = hl_class_find_param (&klass->base, name);
  gpointer params = hl_graph_get_params (self->graph, node);

  if (!param)
    return hl_onnx_refuse (error, _("the layer “%s” of this program has no parameter “%s”."), klass->base.name, name);
  hl_param_set (param, params, value);
  if (hl_param_get (param, params) == value)
    return TRUE;
  return hl_onnx_refuse (error, _("“%s” of the layer “%s” would be %.9g; it can be %.9g to %.9g."), name, klass->base.name, value, param->min,
                         param->max);
}

/* A readable name: what PyTorch called the module if its weights say so, else the node's or its output's name. */
static void
name_layer (HlOnnxImport *self, guint32 node)
{
  const char *source = NULL;
  g_autofree char *name = NULL;
  char *slash;

  for (gsize i = 0; self->node && i < self->node->n_input && !source; i++)
    if (g_str_has_suffix (self->node->input[i], ".weight") && g_hash_table_contains (self->initializers, self->node->input[i]))
      name = g_strndup (source = self->node->input[i], strlen (self->node->input[i]) - strlen (".weight"));
  if (!name && self->node && self->node->name && *self->node->name)
    name = g_strdup (self->node->name);
  else if (!name && self->node)
    for (gsize i = 0; i < self->node->n_output && !name; i++)
      name = *self->node->output[i] ? g_strdup (self->node->output[i]) : NULL;
  /* This program's own inner values: "lstm/states". */
  if (name && !source && (slash = strrchr (name, '/')) && slash > name)
    *slash = '\0';
  if (!name || !*name || !g_utf8_validate (name, -1, NULL) || hl_graph_find_name (self->graph, name))
    return;
  /* A name that is not allowed here leaves the one the graph gave. */
  hl_graph_rename_node (self->graph, node, name, NULL);
}

static gboolean
plan_value (HlOnnxImport *self, HlOnnxValue *value, const HlLayerClass *klass, guint n_inputs, HlOnnxValue *const *inputs, GError **error)
{
  const HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 1 };
  const HlNode *node = hl_graph_find_node (self->graph, value->node);
  HlShape shapes[HL_MAX_INPUTS];
  HlLayerPlan plan = { 0 };

  for (guint i = 0; i < n_inputs; i++)
    shapes[i] = inputs[i]->shape;
  plan.needs_x = plan.needs_y = TRUE;
  if (!hl_class_check_params (&klass->base, node->params, error)
      || !klass->plan (node->params, &options, n_inputs, shapes, &plan, error))
    {
      g_prefix_error (error, _("its layer “%s” "), klass->base.name);
      return FALSE;
    }
  value->shape = plan.output;
  return TRUE;
}

static void
set_default_dims (HlOnnxImport *self, HlOnnxValue *value, const HlOnnxValue *first)
{
  value->axis = first ? first->axis : HL_ONNX_WHOLE;
  if (first && hl_shape_equal (&first->shape, &value->shape))
    {
      value->n_dims = first->n_dims;
      memcpy (value->dim, first->dim, sizeof value->dim);
      return;
    }
  value->n_dims = 0;
  for (guint i = 0; i < value->shape.n_dims || (int) value->n_dims == value->axis; value->n_dims++)
    value->dim[value->n_dims] = (int) value->n_dims == value->axis ? self->batch : (gint64) value->shape.dim[i++];
  if (value->axis >= (int) value->n_dims)
    value->axis = HL_ONNX_WHOLE;
}

HlOnnxValue *
hl_onnx_emit (HlOnnxImport *self, GError **error, const char *layer, guint n_inputs, HlOnnxValue *const *inputs, ...)
{
  const HlLayerClass *klass = hl_layer_class_find (layer);
  HlOnnxValue *value;
  const char *name;
  va_list arguments;
  gboolean ok = TRUE;

  if (!klass)
    {
      hl_onnx_refuse (error, _("this version of the program has no layer “%s”."), layer);
      return NULL;
    }
  if (n_inputs > klass->max_inputs || n_inputs < klass->min_inputs)
    {
      hl_onnx_refuse (error, _("the layer “%s” takes %u inputs, but there are %u."), layer, klass->max_inputs, n_inputs);
      return NULL;
    }
  value = g_new0 (HlOnnxValue, 1);
  g_ptr_array_add (self->owned, value);
  value->node = hl_graph_add_node (self->graph, klass, 0, 0);
  name_layer (self, value->node);
  va_start (arguments, inputs);
  while (ok && (name = va_arg (arguments, const char *)))
    ok = set_param (self, value->node, klass, name, va_arg (arguments, double), error);
  va_end (arguments);
  for (guint i = 0; ok && i < n_inputs; i++)
    ok = hl_graph_connect (self->graph, inputs[i]->node, value->node, i, error);
  if (!ok || !plan_value (self, value, klass, n_inputs, inputs, error))
    return NULL;
  set_default_dims (self, value, n_inputs > 0 ? inputs[0] : NULL);
  return value;
}

void
hl_onnx_weight (HlOnnxImport *self, const HlOnnxValue *value, const char *name, HlOnnxTensor *tensor)
{
  if (!tensor)
    return;
  hl_onnx_spend (self, tensor);
  g_hash_table_insert (self->weights, g_strdup_printf ("%u.%s", value->node, name), tensor);
}

void
hl_onnx_set_dims (HlOnnxValue *value, guint n_dims, const gint64 *dim, int axis)
{
  gint64 copy[HL_ONNX_MAX_DIMS];

  g_return_if_fail (n_dims <= HL_ONNX_MAX_DIMS);
  memcpy (copy, dim, n_dims * sizeof *dim);
  memcpy (value->dim, copy, n_dims * sizeof *dim);
  value->n_dims = n_dims;
  value->axis = axis;
  value->reverse_of = NULL;
}

HlOnnxValue *
hl_onnx_emit_constant (HlOnnxImport *self, const HlOnnxTensor *tensor, GError **error)
{
  static const char *const sizes[] = { "size_1", "size_2", "size_3", "size_4", "size_5" };
  double size[HL_MAX_DIMS] = { 1, 0, 0, 0, 0 };
  guint64 dim[HL_MAX_DIMS] = { 1 };
  HlOnnxValue *value;
  gint64 dims[HL_ONNX_MAX_DIMS];

  if (!tensor->is_float || tensor->n_dims > HL_MAX_DIMS || tensor->n == 0)
    {
      hl_onnx_refuse (error, _("the constant “%s” has elements or a shape that no layer can hold."), tensor->name);
      return NULL;
    }
  for (guint i = 0; i < tensor->n_dims; i++)
    size[i] = (double) (dim[i] = tensor->dim[i]);
  value = hl_onnx_emit (self, error, "constant", 0, NULL, sizes[0], size[0], sizes[1], size[1], sizes[2], size[2], sizes[3], size[3],
                        sizes[4], size[4], NULL);
  if (!value)
    return NULL;
  hl_onnx_weight (self, value, "value", hl_onnx_tensor_reshape (tensor, MAX (tensor->n_dims, 1), dim));
  for (guint i = 0; i < tensor->n_dims; i++)
    dims[i] = (gint64) tensor->dim[i];
  hl_onnx_set_dims (value, tensor->n_dims, dims, HL_ONNX_WHOLE);
  return value;
}

HlOnnxValue *
hl_onnx_emit_shape (HlOnnxImport *self, HlOnnxValue *value, const HlShape *shape, GError **error)
{
  HlOnnxValue *result;
  gint64 dim[HL_ONNX_MAX_DIMS];
  guint n_dims = value->n_dims;
  int axis = value->axis;

  if (hl_shape_equal (&value->shape, shape))
    return value;
  if (hl_shape_get_count (&value->shape) != hl_shape_get_count (shape))
    {
      g_autofree char *have = hl_shape_to_string (&value->shape), *want = hl_shape_to_string (shape);

      hl_onnx_refuse (error, _("it gives %s where the model needs %s."), have, want);
      return NULL;
    }
  memcpy (dim, value->dim, sizeof dim);
  if (shape->n_dims == 1)
    result = hl_onnx_emit (self, error, "flatten", 1, &value, NULL);
  else
    result = hl_onnx_emit (self, error, "reshape", 1, &value, "size_1", (double) shape->dim[0], "size_2", (double) shape->dim[1], "size_3",
                           (double) shape->dim[2], "size_4", (double) shape->dim[3], "size_5", (double) shape->dim[4], NULL);
  if (result)
    hl_onnx_set_dims (result, n_dims, dim, axis);
  return result;
}

HlOnnxValue *
hl_onnx_move_batch (HlOnnxImport *self, HlOnnxValue *value, int axis, GError **error)
{
  HlOnnxValue *result;

  if (value->axis == axis)
    return value;
  if (self->batch != 1 || axis >= (int) value->n_dims || (axis >= 0 && value->dim[axis] != 1))
    {
      hl_onnx_refuse_mixed (error, axis >= 0 ? _("it would need the batch on another axis, where samples of this model are mixed.")
                                             : _("it would mix the samples of a batch."));
      return NULL;
    }
  result = g_new0 (HlOnnxValue, 1);
  g_ptr_array_add (self->owned, result);
  *result = *value;
  result->takes_bias = FALSE;
  result->reverse_of = NULL;
  result->axis = axis;
  return settle (self, result, error);
}

gboolean
hl_onnx_sample_axis (HlOnnxImport *self, HlOnnxValue **value, gint64 axis, guint *sample_axis, GError **error)
{
  if (!hl_onnx_normalize_axis (&axis, (*value)->n_dims, error))
    return FALSE;
  if (axis == (*value)->axis && !(*value = hl_onnx_move_batch (self, *value, HL_ONNX_WHOLE, error)))
    return FALSE;
  *sample_axis = (guint) axis - ((*value)->axis >= 0 && axis > (*value)->axis);
  return TRUE;
}
