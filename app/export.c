/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies a network's weights out of a checkpoint, into a file of one of the formats for other programs. */

#include "config.h"

#include "app/export.h"

#include <glib/gi18n.h>

#include "engine/exchange/onnx.h"
#include "engine/exchange/safetensors.h"

/* "6×1×5×5" of a stored tensor. */
static char *
entry_shape (const HlTensorFileEntry *entry)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < entry->n_dims; i++)
    g_string_append_printf (text, "%s%" G_GUINT64_FORMAT, i ? "×" : "", entry->dim[i]);
  return g_string_free (text, FALSE);
}

static gboolean
read_weight (const HlPlanWeight *weight, HlTensorFile *source, const char *source_name, float *values, GError **error)
{
  const HlTensorFileEntry *entry = hl_tensor_file_find (source, weight->name);
  const HlShape *shape = &weight->spec->shape;
  gboolean fits = entry && entry->n_dims == shape->n_dims;

  for (guint i = 0; fits && i < shape->n_dims; i++)
    fits = entry->dim[i] == shape->dim[i];
  if (!fits)
    {
      g_autofree char *wanted = hl_shape_to_string (shape), *found = entry ? entry_shape (entry) : NULL;

      if (entry)
        g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH, _("\"%s\" is %s in %s, but the network needs %s; the weights belong to another network."),
                     weight->name, found, source_name, wanted);
      else
        g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH, _("%s has no weights \"%s\" (%s); they belong to another network."), source_name,
                     weight->name, wanted);
      return FALSE;
    }
  return hl_tensor_file_read_f32 (source, entry, values, error);
}

/* The weights of the plan, laid out as it says; NULL when the checkpoint is of another network. */
static float *
read_weights (const HlPlan *plan, GFile *checkpoint, GError **error)
{
  g_autoptr (HlTensorFile) source = hl_tensor_file_open (checkpoint, error);
  g_autofree char *name = g_file_get_parse_name (checkpoint);
  g_autofree float *arena = source ? g_new0 (float, MAX (hl_plan_get_arena_length (plan), 1)) : NULL;

  for (guint i = 0; source && i < hl_plan_get_n_weights (plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);

      if (!read_weight (weight, source, name, arena + weight->first, error))
        return NULL;
    }
  return g_steal_pointer (&arena);
}

static gboolean
write_safetensors (const HlPlan *plan, const float *weights, const char *title, GFile *target, GError **error)
{
  g_autoptr (HlTensorFile) file = hl_tensor_file_new ();

  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (plan, i);
      const HlShape *shape = &weight->spec->shape;
      guint64 dim[HL_MAX_DIMS];

      for (guint k = 0; k < shape->n_dims; k++)
        dim[k] = shape->dim[k];
      hl_tensor_file_add_f32 (file, weight->name, shape->n_dims, dim, weights + weight->first);
    }
  hl_tensor_file_set_metadata (file, "format", "pt");
  hl_tensor_file_set_metadata (file, "producer", "Hillock " HL_VERSION);
  return hl_tensor_file_write (file, target, error);
}

static const HlExportFormat formats[] = {
  { "safetensors", ".safetensors", N_("Safetensors files"), write_safetensors },
  { "onnx", ".onnx", N_("ONNX files, the network with its weights"), hl_onnx_write },
  { NULL }
};

const HlExportFormat *
hl_export_formats (void)
{
  return formats;
}

const HlExportFormat *
hl_export_format_find (const char *name)
{
  for (const HlExportFormat *format = formats; format->name; format++)
    if (g_str_equal (format->name, name))
      return format;
  return NULL;
}

gboolean
hl_export_weights (const HlExportFormat *format, const HlGraph *graph, const char *title, GFile *checkpoint, GFile *target, guint64 *n, GError **error)
{
  g_autoptr (HlPlan) plan = hl_plan_new (graph, &(HlPlanOptions) { .batch = 1, .lanes = 16, .compute_units = 1 }, error);
  g_autofree float *weights = plan ? read_weights (plan, checkpoint, error) : NULL;

  if (!weights)
    return FALSE;
  if (n)
    {
      *n = 0;
      for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
        *n += hl_plan_get_weight (plan, i)->n;
    }
  return format->write (plan, weights, title, target, error);
}
