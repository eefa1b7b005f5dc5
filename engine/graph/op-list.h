/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlOpList: a network as neutral operators, in ONNX's vocabulary (operator set 17): what every exporter
 * reads and every layer lowers itself to. Values are named by strings; the executor never uses this. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HlOpList HlOpList;

/* Attributes are added to the operator added last. Inside a layer's lower(): inputs are "$x0", "$x1", ...,
 * the output "$y", weights "$w0", ... ; names without '$' are local to the layer and made unique. */
void hl_op_list_add        (HlOpList *self, const char *op_type, const char *inputs /* comma-separated */,
                            const char *outputs);
void hl_op_list_set_int    (HlOpList *self, const char *name, gint64 value);
void hl_op_list_set_ints   (HlOpList *self, const char *name, guint n, const gint64 *values);
void hl_op_list_set_float  (HlOpList *self, const char *name, double value);
void hl_op_list_set_string (HlOpList *self, const char *name, const char *value);
void hl_op_list_set_strings(HlOpList *self, const char *name, guint n, const char *const *values);
/* A constant tensor that an operator takes as input (a shape, a scale): an operator "Constant" with the attribute
 * value_ints or value_floats. */
void hl_op_list_add_ints   (HlOpList *self, const char *name, guint n, const gint64 *values);
void hl_op_list_add_floats (HlOpList *self, const char *name, guint n, const float *values);

typedef enum { HL_OP_ATTRIBUTE_INT, HL_OP_ATTRIBUTE_INTS, HL_OP_ATTRIBUTE_FLOAT, HL_OP_ATTRIBUTE_STRING,
               HL_OP_ATTRIBUTE_FLOATS, HL_OP_ATTRIBUTE_STRINGS } HlOpAttributeKind;
/* INT and FLOAT are in number. */
typedef struct { char *name; HlOpAttributeKind kind; GArray *ints, *floats; double number; char *string;
                 GStrv strings; } HlOpAttribute;
typedef struct { char *op_type; GStrv inputs, outputs; GPtrArray *attributes; guint32 node; } HlOp;

HlOpList    *hl_op_list_new     (void) G_GNUC_WARN_UNUSED_RESULT;
void         hl_op_list_free    (HlOpList *self);
/* What "$x0", "$w0" and "$y" mean from here on: names of the values that go in, of the weights (NULL-terminated), and
 * the node's name for its output. hl_plan_lower calls it before each layer. */
void         hl_op_list_enter   (HlOpList *self, guint32 node, const char *name, const char *const *inputs,
                                 const char *const *weights);
guint        hl_op_list_get_n   (const HlOpList *self);
const HlOp  *hl_op_list_get     (const HlOpList *self, guint i);
const HlOpAttribute *hl_op_find_attribute (const HlOp *op, const char *name);   /* NULL when absent */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlOpList, hl_op_list_free)

G_END_DECLS
