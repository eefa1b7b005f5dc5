/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlOpList: a list of operators, and the names that values have inside and outside a layer. */

#include "engine/graph/op-list.h"

#include <string.h>

struct _HlOpList
{
  GPtrArray *ops;        /* HlOp */
  guint32 node;
  char *prefix;          /* name of the node that is being lowered */
  GStrv inputs, weights;
};

static void
attribute_free (gpointer data)
{
  HlOpAttribute *attribute = data;

  g_free (attribute->name);
  g_clear_pointer (&attribute->ints, g_array_unref);
  g_clear_pointer (&attribute->floats, g_array_unref);
  g_free (attribute->string);
  g_strfreev (attribute->strings);
  g_free (attribute);
}

static void
op_free (gpointer data)
{
  HlOp *op = data;

  g_free (op->op_type);
  g_strfreev (op->inputs);
  g_strfreev (op->outputs);
  g_ptr_array_unref (op->attributes);
  g_free (op);
}

HlOpList *
hl_op_list_new (void)
{
  HlOpList *self = g_new0 (HlOpList, 1);

  self->ops = g_ptr_array_new_with_free_func (op_free);
  return self;
}

void
hl_op_list_free (HlOpList *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->ops);
  g_free (self->prefix);
  g_strfreev (self->inputs);
  g_strfreev (self->weights);
  g_free (self);
}

void
hl_op_list_enter (HlOpList *self, guint32 node, const char *name, const char *const *inputs,
                  const char *const *weights)
{
  g_strfreev (self->inputs);
  g_strfreev (self->weights);
  g_free (self->prefix);
  self->node = node;
  self->prefix = g_strdup (name);
  self->inputs = g_strdupv ((char **) inputs);
  self->weights = g_strdupv ((char **) weights);
}

/* The name outside for a name inside a layer's lower(). */
static char *
resolve (HlOpList *self, const char *name)
{
  GStrv list = NULL;
  guint64 index;

  if (!self->prefix || !*name)
    return g_strdup (name);
  if (g_str_equal (name, "$y"))
    return g_strdup (self->prefix);
  if (g_str_has_prefix (name, "$x"))
    list = self->inputs;
  else if (g_str_has_prefix (name, "$w"))
    list = self->weights;
  else
    return g_strdup_printf ("%s/%s", self->prefix, name);
  if (!list || !g_ascii_string_to_unsigned (name + 2, 10, 0, g_strv_length (list), &index, NULL)
      || index >= g_strv_length (list))
    return g_strdup (name);
  return g_strdup (list[index]);
}

static GStrv
resolve_all (HlOpList *self, const char *names)
{
  GStrv parts = g_strsplit (names, ",", -1);

  for (guint i = 0; parts[i]; i++)
    {
      char *name = resolve (self, g_strstrip (parts[i]));

      g_free (parts[i]);
      parts[i] = name;
    }
  return parts;
}

void
hl_op_list_add (HlOpList *self, const char *op_type, const char *inputs, const char *outputs)
{
  HlOp *op = g_new0 (HlOp, 1);

  op->op_type = g_strdup (op_type);
  op->inputs = resolve_all (self, inputs);
  op->outputs = resolve_all (self, outputs);
  op->attributes = g_ptr_array_new_with_free_func (attribute_free);
  op->node = self->node;
  g_ptr_array_add (self->ops, op);
}

static HlOpAttribute *
add_attribute (HlOpList *self, const char *name, HlOpAttributeKind kind)
{
  HlOpAttribute *attribute = g_new0 (HlOpAttribute, 1);
  HlOp *op = self->ops->pdata[self->ops->len - 1];

  attribute->name = g_strdup (name);
  attribute->kind = kind;
  g_ptr_array_add (op->attributes, attribute);
  return attribute;
}

void
hl_op_list_set_int (HlOpList *self, const char *name, gint64 value)
{
  g_return_if_fail (self->ops->len > 0);
  add_attribute (self, name, HL_OP_ATTRIBUTE_INT)->number = value;
}

void
hl_op_list_set_ints (HlOpList *self, const char *name, guint n, const gint64 *values)
{
  HlOpAttribute *attribute;

  g_return_if_fail (self->ops->len > 0);
  attribute = add_attribute (self, name, HL_OP_ATTRIBUTE_INTS);
  attribute->ints = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n);
  g_array_append_vals (attribute->ints, values, n);
}

void
hl_op_list_set_float (HlOpList *self, const char *name, double value)
{
  g_return_if_fail (self->ops->len > 0);
  add_attribute (self, name, HL_OP_ATTRIBUTE_FLOAT)->number = value;
}

void
hl_op_list_set_string (HlOpList *self, const char *name, const char *value)
{
  g_return_if_fail (self->ops->len > 0);
  add_attribute (self, name, HL_OP_ATTRIBUTE_STRING)->string = g_strdup (value);
}

void
hl_op_list_set_strings (HlOpList *self, const char *name, guint n, const char *const *values)
{
  HlOpAttribute *attribute;

  g_return_if_fail (self->ops->len > 0);
  attribute = add_attribute (self, name, HL_OP_ATTRIBUTE_STRINGS);
  attribute->strings = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    attribute->strings[i] = g_strdup (values[i]);
}

void
hl_op_list_add_ints (HlOpList *self, const char *name, guint n, const gint64 *values)
{
  hl_op_list_add (self, "Constant", "", name);
  hl_op_list_set_ints (self, "value_ints", n, values);
}

void
hl_op_list_add_floats (HlOpList *self, const char *name, guint n, const float *values)
{
  HlOpAttribute *attribute;

  hl_op_list_add (self, "Constant", "", name);
  attribute = add_attribute (self, "value_floats", HL_OP_ATTRIBUTE_FLOATS);
  attribute->floats = g_array_sized_new (FALSE, FALSE, sizeof (float), n);
  g_array_append_vals (attribute->floats, values, n);
}

guint
hl_op_list_get_n (const HlOpList *self)
{
  return self->ops->len;
}

const HlOp *
hl_op_list_get (const HlOpList *self, guint i)
{
  g_return_val_if_fail (i < self->ops->len, NULL);
  return self->ops->pdata[i];
}

const HlOpAttribute *
hl_op_find_attribute (const HlOp *op, const char *name)
{
  for (guint i = 0; i < op->attributes->len; i++)
    {
      const HlOpAttribute *attribute = op->attributes->pdata[i];

      if (g_str_equal (attribute->name, name))
        return attribute;
    }
  return NULL;
}
