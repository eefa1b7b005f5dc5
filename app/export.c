/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies a network's weights out of a checkpoint. */

#include "config.h"

#include "app/export.h"

#include <glib/gi18n.h>

#include "engine/exchange/safetensors.h"
#include "engine/graph/plan.h"

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
copy_weight (const HlPlanWeight *weight, HlTensorFile *source, const char *source_name, HlTensorFile *target, GError **error)
{
  const HlTensorFileEntry *entry = hl_tensor_file_find (source, weight->name);
  const HlShape *shape = &weight->spec->shape;
  gboolean fits = entry && entry->n_dims == shape->n_dims;
  g_autofree float *values = NULL;

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
  values = g_new (float, entry->n);
  if (!hl_tensor_file_read_f32 (source, entry, values, error))
    return FALSE;
  hl_tensor_file_add_f32 (target, weight->name, entry->n_dims, entry->dim, values);
  return TRUE;
}

gboolean
hl_export_weights (const HlGraph *graph, GFile *checkpoint, GFile *target, guint64 *n, GError **error)
{
  g_autoptr (HlPlan) plan = hl_plan_new (graph, &(HlPlanOptions) { .batch = 1, .lanes = 16, .compute_units = 1 }, error);
  g_autoptr (HlTensorFile) source = plan ? hl_tensor_file_open (checkpoint, error) : NULL;
  g_autoptr (HlTensorFile) copy = hl_tensor_file_new ();
  g_autofree char *name = g_file_get_parse_name (checkpoint);

  if (!source)
    return FALSE;
  for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
    if (!copy_weight (hl_plan_get_weight (plan, i), source, name, copy, error))
      return FALSE;
  hl_tensor_file_set_metadata (copy, "format", "pt");
  hl_tensor_file_set_metadata (copy, "producer", "Hillock " HL_VERSION);
  if (n)
    {
      *n = 0;
      for (guint i = 0; i < hl_plan_get_n_weights (plan); i++)
        *n += hl_plan_get_weight (plan, i)->n;
    }
  return hl_tensor_file_write (copy, target, error);
}
