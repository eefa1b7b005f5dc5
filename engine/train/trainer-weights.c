/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlTrainer: weights to and from files, and their fingerprint. */

#include "engine/train/trainer-weights.h"

#include "engine/exchange/onnx.h"
#include "engine/train/match-weights.h"

#include <math.h>
#include <string.h>

/* At most this many names in a message. */
#define MAX_NAMES 5

/* ---- Writing ---- */

gboolean
hl_trainer_add_weights (HlTrainer *self, HlTensorFile *file, const char *prefix, HlTensor *arena, GError **error)
{
  gsize length = hl_tensor_get_length (arena);
  g_autofree float *values = g_new (float, length);

  if (!hl_tensor_read (arena, 0, length, values, error))
    return FALSE;
  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (self->plan, i);
      g_autofree char *name = g_strconcat (prefix, weight->name, NULL);
      guint64 dim[HL_MAX_DIMS];

      if (weight->first >= length)
        continue;
      for (gsize k = 0; k < weight->n; k++)
        if (!isfinite (values[weight->first + k]))
          {
            g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_NOT_FINITE,
                         _("“%s” contains values that are infinite or not a number: training has diverged and nothing "
                           "was saved. Try a smaller learning rate."), name);
            return FALSE;
          }
      for (guint d = 0; d < weight->spec->shape.n_dims; d++)
        dim[d] = weight->spec->shape.dim[d];
      hl_tensor_file_add_f32 (file, name, weight->spec->shape.n_dims, dim, values + weight->first);
    }
  return TRUE;
}

static gboolean
save_onnx (HlTrainer *self, GFile *file, GError **error)
{
  HlTensor *arena = hl_executor_get_weights (self->executor);
  g_autofree float *values = g_new (float, hl_tensor_get_length (arena));
  g_autofree char *name = g_file_get_basename (file);

  return hl_tensor_read (arena, 0, hl_tensor_get_length (arena), values, error)
         && hl_onnx_write (self->plan, values, name, file, error);
}

gboolean
hl_trainer_save_weights (HlTrainer *self, GFile *file, GError **error)
{
  g_autoptr (HlTensorFile) tensors = hl_tensor_file_new ();

  if (hl_onnx_is_name (file))
    return save_onnx (self, file, error);
  hl_tensor_file_set_metadata (tensors, "format", "pt");
  return hl_trainer_add_weights (self, tensors, "", hl_executor_get_weights (self->executor), error)
         && hl_tensor_file_write (tensors, file, error);
}

char *
hl_trainer_get_weights_sha256 (HlTrainer *self, GError **error)
{
  HlTensor *arena = hl_executor_get_weights (self->executor);
  gsize length = hl_tensor_get_length (arena);
  g_autofree float *values = g_new (float, length);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  if (!hl_tensor_read (arena, 0, length, values, error))
    return NULL;
  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (self->plan, i);

      for (gsize k = 0; k < weight->n; k++)
        {
          guint32 bits;

          memcpy (&bits, values + weight->first + k, sizeof bits);
          bits = GUINT32_TO_LE (bits);
          g_checksum_update (checksum, (const guchar *) &bits, sizeof bits);
        }
    }
  return g_strdup (g_checksum_get_string (checksum));
}

/* ---- Reading ---- */

static void
append_name (GString *list, guint *n, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
append_name (GString *list, guint *n, const char *format, ...)
{
  va_list arguments;

  if ((*n)++ >= MAX_NAMES)
    return;
  g_string_append (list, list->len > 0 ? ", " : "");
  va_start (arguments, format);
  g_string_append_vprintf (list, format, arguments);
  va_end (arguments);
  if (*n == MAX_NAMES)
    g_string_append (list, ", …");
}

static gboolean
same_shape (const HlShape *shape, const HlTensorFileEntry *entry)
{
  if (shape->n_dims != entry->n_dims)
    return FALSE;
  for (guint i = 0; i < shape->n_dims; i++)
    if (shape->dim[i] != entry->dim[i])
      return FALSE;
  return TRUE;
}

static char *
entry_shape (const HlTensorFileEntry *entry)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < entry->n_dims; i++)
    g_string_append_printf (text, "%s%" G_GUINT64_FORMAT, i ? "×" : "", entry->dim[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Names of `file` under `prefix` against the plan's: missing, of another shape, left over. */
static gboolean
compare_names (HlTrainer *self, HlTensorFile *file, const char *prefix, gsize length, gboolean leftovers,
               const char *const *may_lack, const char *shown, GError **error)
{
  g_autoptr (GHashTable) wanted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GString) missing = g_string_new (NULL), shapes = g_string_new (NULL), left = g_string_new (NULL);
  guint n_missing = 0, n_shapes = 0, n_left = 0;

  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (self->plan, i);
      char *name = g_strconcat (prefix, weight->name, NULL);
      const HlTensorFileEntry *entry = hl_tensor_file_find (file, name);

      g_hash_table_add (wanted, name);
      if (weight->first >= length)
        continue;
      if (entry == NULL && may_lack && g_strv_contains (may_lack, weight->name))
        continue;
      if (entry == NULL)
        append_name (missing, &n_missing, _("“%s”"), name);
      else if (!same_shape (&weight->spec->shape, entry))
        {
          g_autofree char *has = entry_shape (entry), *needs = hl_shape_to_string (&weight->spec->shape);

          append_name (shapes, &n_shapes, _("“%s” is %s instead of %s"), name, has, needs);
        }
    }
  for (guint i = 0; leftovers && i < hl_tensor_file_get_n (file); i++)
    {
      const char *name = hl_tensor_file_get (file, i)->name;

      /* A checkpoint's slots, and the counter PyTorch keeps beside running means, are no weights. */
      if (!g_hash_table_contains (wanted, name) && !g_str_has_prefix (name, "optimizer.")
          && !g_str_has_suffix (name, "num_batches_tracked"))
        append_name (left, &n_left, _("“%s”"), name);
    }
  if (n_missing + n_shapes + n_left == 0)
    return TRUE;
  g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH,
               _("The weights in “%s” do not fit this network.%s%s%s%s%s%s%s%s%s"), shown,
               n_missing ? _(" Missing: ") : "", missing->str, n_missing ? "." : "",
               n_shapes ? _(" Other shape: ") : "", shapes->str, n_shapes ? "." : "",
               n_left ? _(" Unknown here: ") : "", left->str, n_left ? "." : "");
  return FALSE;
}

float *
hl_trainer_read_weights (HlTrainer *self, HlTensorFile *file, const char *prefix, gsize length, gboolean leftovers,
                         const char *const *may_lack, const char *shown, GError **error)
{
  g_autofree float *values = NULL;

  if (!compare_names (self, file, prefix, length, leftovers, may_lack, shown, error))
    return NULL;
  values = g_new0 (float, length);
  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (self->plan, i);
      g_autofree char *name = g_strconcat (prefix, weight->name, NULL);
      const HlTensorFileEntry *entry = hl_tensor_file_find (file, name);

      if (weight->first < length && entry
          && !hl_tensor_file_read_f32 (file, entry, values + weight->first, error))
        return NULL;
      if (weight->first < length)
        hl_weight_spec_clear_missing (weight->spec, values + weight->first);
    }
  return g_steal_pointer (&values);
}

static gboolean
read_matches (HlTensorFile *tensors, const GArray *matches, float *values, GError **error)
{
  for (guint i = 0; i < matches->len; i++)
    {
      const HlWeightMatch *match = &g_array_index (matches, HlWeightMatch, i);

      if (match->kind != HL_MATCH_NAME && match->kind != HL_MATCH_SHAPE)
        continue;
      if (!hl_tensor_file_read_f32 (tensors, match->entry, values + match->weight->first, error))
        return FALSE;
      hl_weight_spec_clear_missing (match->weight->spec, values + match->weight->first);
    }
  return TRUE;
}

gboolean
hl_trainer_load_weights (HlTrainer *self, GFile *file, char **report, GError **error)
{
  HlTensor *arena = hl_executor_get_weights (self->executor);
  gsize length = hl_tensor_get_length (arena);
  g_autofree char *shown = g_file_get_parse_name (file);
  g_autoptr (HlTensorFile) tensors = hl_tensor_file_open (file, error);
  g_autoptr (GArray) matches = tensors ? hl_match_weights (self->plan, tensors) : NULL;
  g_autofree float *values = g_new0 (float, length);

  if (tensors == NULL)
    return FALSE;
  /* Names say best what is wrong. */
  if (!hl_match_weights_complete (matches))
    return compare_names (self, tensors, "", length, TRUE, NULL, shown, error);
  if (!read_matches (tensors, matches, values, error))
    return FALSE;
  if (report)
    *report = hl_match_weights_report (matches);
  return hl_tensor_write (arena, 0, length, values, error);
}

static gboolean
is_from_file (HlTrainer *self, const HlPlanWeight *weight)
{
  const HlNode *node = hl_graph_find_node (self->graph, weight->node);
  const HlChoice *chosen = g_str_equal (weight->spec->name, "weight") ? node->weight_init
                           : g_str_equal (weight->spec->name, "bias") ? node->bias_init : NULL;

  return chosen && ((const HlInitializerClass *) chosen->klass)->from_file;
}

/* The first such weight; NULL: none. */
static const HlPlanWeight *
find_from_file (HlTrainer *self)
{
  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    if (is_from_file (self, hl_plan_get_weight (self->plan, i)))
      return hl_plan_get_weight (self->plan, i);
  return NULL;
}

gboolean
hl_trainer_check_no_file (HlTrainer *self, GError **error)
{
  const HlPlanWeight *weight = find_from_file (self);

  if (!weight)
    return TRUE;
  g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_SETTINGS,
               _("“%s” is to start from a file, but the recipe names none; choose one under Start weights, or other start values."),
               weight->name);
  return FALSE;
}

/* Leaves only the matches of weights that are to come from a file, where any are; each must have its tensor. */
static gboolean
keep_chosen (HlTrainer *self, GArray *matches, const char *shown, GError **error)
{
  gboolean chosen = find_from_file (self) != NULL;

  for (guint i = matches->len; chosen && i-- > 0;)
    {
      const HlWeightMatch *match = &g_array_index (matches, HlWeightMatch, i);

      if (!match->weight || !is_from_file (self, match->weight))
        g_array_remove_index (matches, i);
      else if (match->kind != HL_MATCH_NAME && match->kind != HL_MATCH_SHAPE)
        {
          g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH,
                       _("“%s” is to start from a file, but “%s” has no tensor that fits it; choose another file or other start values."),
                       match->weight->name, shown);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
hl_trainer_load_some_weights (HlTrainer *self, GFile *file, char **report, guint *n_missing, GError **error)
{
  HlTensor *arena = hl_executor_get_weights (self->executor);
  gsize length = hl_tensor_get_length (arena);
  g_autofree char *shown = g_file_get_parse_name (file);
  g_autoptr (HlTensorFile) tensors = hl_tensor_file_open (file, error);
  g_autoptr (GArray) matches = tensors ? hl_match_weights (self->plan, tensors) : NULL;
  g_autofree float *values = g_new0 (float, length);
  guint n = hl_plan_get_n_weights (self->plan), n_found = 0;

  if (tensors == NULL || !keep_chosen (self, matches, shown, error) || !hl_tensor_read (arena, 0, length, values, error) || !read_matches (tensors, matches, values, error))
    return FALSE;
  for (guint i = 0; i < matches->len; i++)
    {
      HlMatchKind kind = g_array_index (matches, HlWeightMatch, i).kind;

      n_found += kind == HL_MATCH_NAME || kind == HL_MATCH_SHAPE;
    }
  if (n_found == 0)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH,
                   _("None of the network's %u weights fits a tensor in “%s”; choose another file of start weights, or none."), n,
                   shown);
      return FALSE;
    }
  *n_missing = find_from_file (self) ? 0 : n - n_found;
  if (report)
    *report = hl_match_weights_report (matches);
  return hl_tensor_write (arena, 0, length, values, error);
}
