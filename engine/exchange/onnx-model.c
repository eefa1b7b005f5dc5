/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlOnnxModel: a ModelProto that has been checked as a whole. */

#include "engine/exchange/onnx-private.h"

#include <inttypes.h>

#define OLDEST_OPSET 1
/* Later sets are not known; a change of meaning in one of them could not be noticed. */
#define NEWEST_OPSET 22

static gboolean
find_opset (HlOnnxModel *self, GError **error)
{
  for (gsize i = 0; i < self->proto->n_opset_import; i++)
    {
      const Onnx__OperatorSetIdProto *set = self->proto->opset_import[i];

      if (!set->domain || !*set->domain || g_str_equal (set->domain, "ai.onnx"))
        self->opset = set->version;
    }
  if (self->opset >= OLDEST_OPSET && self->opset <= NEWEST_OPSET)
    return TRUE;
  g_set_error (error, HL_FILE_ERROR, self->opset > NEWEST_OPSET ? HL_FILE_ERROR_NEWER : HL_FILE_ERROR_CONTENT,
               self->opset == 0 ? _("The model does not say which operator set it uses.")
                                : _("The model uses operator set %" PRId64 "; this program knows those up to %d."),
               self->opset, NEWEST_OPSET);
  return FALSE;
}

/* protobuf-c leaves absent texts NULL; names and types that the reader relies on must be there. */
static gboolean
check_graph (const Onnx__GraphProto *graph, GError **error)
{
  const char *wrong = NULL;

  for (gsize i = 0; i < graph->n_node; i++)
    if (!graph->node[i]->op_type)
      wrong = _("a node has no operator");
  for (gsize i = 0; i < graph->n_initializer; i++)
    if (!graph->initializer[i]->name)
      wrong = _("an initialiser has no name");
  for (gsize i = 0; i < graph->n_input; i++)
    if (!graph->input[i]->name)
      wrong = _("an input has no name");
  for (gsize i = 0; i < graph->n_output; i++)
    if (!graph->output[i]->name)
      wrong = _("an output has no name");
  if (graph->n_output == 0)
    wrong = _("it has no output");
  if (graph->n_sparse_initializer > 0)
    wrong = _("it has sparse initialisers, which cannot be read");
  if (wrong)
    g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT, _("The model cannot be used: %s."), wrong);
  return !wrong;
}

HlOnnxModel *
hl_onnx_model_new_from_bytes (GBytes *bytes, GFile *folder, GError **error)
{
  g_autoptr (HlOnnxModel) self = g_new0 (HlOnnxModel, 1);

  self->proto = (Onnx__ModelProto *) hl_onnx_unpack (&onnx__model_proto__descriptor, bytes, error);
  if (!self->proto)
    return NULL;
  if (!self->proto->graph)
    {
      g_set_error_literal (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT, _("There is no model in the file: it is not ONNX, or empty."));
      return NULL;
    }
  if (!find_opset (self, error) || !check_graph (self->proto->graph, error))
    return NULL;
  self->folder = folder ? g_object_ref (folder) : NULL;
  return g_steal_pointer (&self);
}

HlOnnxModel *
hl_onnx_model_open (GFile *file, GError **error)
{
  g_autoptr (GBytes) bytes = hl_onnx_read_bytes (file, error);
  g_autoptr (GFile) folder = g_file_get_parent (file);
  g_autofree char *shown = g_file_get_parse_name (file);
  HlOnnxModel *self = bytes ? hl_onnx_model_new_from_bytes (bytes, folder, error) : NULL;

  if (bytes && !self)
    g_prefix_error (error, _("“%s”: "), shown);
  return self;
}

void
hl_onnx_model_free (HlOnnxModel *self)
{
  if (!self)
    return;
  hl_onnx_message_free ((ProtobufCMessage *) self->proto);
  g_clear_object (&self->folder);
  g_free (self);
}

gint64
hl_onnx_model_get_opset (HlOnnxModel *self)
{
  return self->opset;
}

static gboolean
is_initialised (HlOnnxModel *self, const char *name)
{
  const Onnx__GraphProto *graph = self->proto->graph;

  for (gsize i = 0; i < graph->n_initializer; i++)
    if (g_str_equal (graph->initializer[i]->name, name))
      return TRUE;
  return FALSE;
}

guint
hl_onnx_model_get_n_inputs (HlOnnxModel *self)
{
  guint n = 0;

  while (hl_onnx_model_get_input (self, n))
    n++;
  return n;
}

const char *
hl_onnx_model_get_input (HlOnnxModel *self, guint i)
{
  const Onnx__GraphProto *graph = self->proto->graph;

  for (gsize k = 0; k < graph->n_input; k++)
    if (!is_initialised (self, graph->input[k]->name) && i-- == 0)
      return graph->input[k]->name;
  return NULL;
}

guint
hl_onnx_model_get_n_outputs (HlOnnxModel *self)
{
  return (guint) self->proto->graph->n_output;
}

const char *
hl_onnx_model_get_output (HlOnnxModel *self, guint i)
{
  return i < self->proto->graph->n_output ? self->proto->graph->output[i]->name : NULL;
}
