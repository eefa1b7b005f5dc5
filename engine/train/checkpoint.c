/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Checkpoints: weights, optimizer slots, and in the metadata the position and what the run was made of, so that a
 * checkpoint of something else is refused. Files of other programs can read the weights. */

#include "engine/base/params-json.h"
#include "engine/graph/graph-json.h"
#include "engine/train/trainer-weights.h"

#include <inttypes.h>
#include <math.h>

#define VERSION "1"

/* Everything about the network but where its cards lie, and how fast its layers learn: that may change on the way. */
static char *
network_fingerprint (HlTrainer *self)
{
  g_autoptr (HlGraph) graph = hl_graph_copy (self->graph);
  g_autoptr (JsonNode) json = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    {
      guint32 id = hl_graph_get_node (graph, i)->id;

      hl_graph_move_node (graph, id, 0, 0);
      hl_graph_set_frozen (graph, id, FALSE);
      hl_graph_set_rate_factor (graph, id, 1);
    }
  json = hl_graph_to_json (graph);
  text = json_to_string (json, FALSE);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

/* What decides which samples come when. */
static char *
data_fingerprint (HlTrainer *self)
{
  char validation[G_ASCII_DTOSTR_BUF_SIZE];
  gsize n;

  hl_split_get_indices (self->split, HL_PART_TRAIN, &n);
  g_ascii_dtostr (validation, sizeof validation, self->data_spec->validation);
  return g_strdup_printf ("samples=%" G_GSIZE_FORMAT " training=%" G_GSIZE_FORMAT " validation=%s stratify=%d "
                          "split_seed=%" G_GUINT64_FORMAT " normalize=%d shuffle=%d batch=%u seed=%" G_GUINT64_FORMAT,
                          hl_dataset_get_length (self->dataset), n, validation, self->data_spec->stratify ? 1 : 0,
                          self->data_spec->split_seed, self->data_spec->normalize, self->no_shuffle ? 0 : 1,
                          self->recipe->batch, self->recipe->seed);
}

/* ---- Position ---- */

static const char *const phase_names[] = { "train", "validate", "epoch_end", "test", "done", NULL };

static void
add_double (JsonBuilder *builder, const char *name, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, g_ascii_dtostr (text, sizeof text, value));
}

static void
add_int (JsonBuilder *builder, const char *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) value);
}

static void
add_schedule (JsonBuilder *builder, const HlScheduleState *state)
{
  json_builder_set_member_name (builder, "schedule");
  json_builder_begin_object (builder);
  add_double (builder, "factor", state->factor);
  add_double (builder, "best", state->best);
  add_int (builder, "bad", state->n_bad);
  add_int (builder, "wait", state->n_wait);
  json_builder_end_object (builder);
}

/* An evaluation that is not finished, or whose score has not been handed out, begins again after restoring. */
static char *
position_to_text (HlTrainer *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) json = NULL;
  HlPhase phase = self->phase;

  if (phase == HL_PHASE_EPOCH_END && self->parts[HL_PART_VALIDATION])
    phase = HL_PHASE_VALIDATE;
  if (phase == HL_PHASE_DONE && self->parts[HL_PART_TEST])
    phase = HL_PHASE_TEST;
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "phase");
  json_builder_add_string_value (builder, phase_names[phase]);
  add_int (builder, "epoch", self->epoch);
  add_int (builder, "batch", phase == HL_PHASE_TRAIN ? self->batch : 0);
  add_int (builder, "step", self->step);
  add_double (builder, "loss_sum", self->loss_sum);
  add_double (builder, "weight_sum", self->weight_sum);
  add_int (builder, "right", self->right_sum);
  add_int (builder, "samples", self->sample_sum);
  if (((const HlScheduleClass *) self->recipe->schedule->klass)->observe)
    add_schedule (builder, &self->schedule_state);
  json_builder_end_object (builder);
  json = json_builder_get_root (builder);
  return json_to_string (json, FALSE);
}

typedef struct
{
  gint64 phase, epoch, batch, step, right, samples;
  double loss_sum, weight_sum;
  HlScheduleState schedule;
} Position;

static gboolean
read_double (JsonObject *object, const char *key, double *value, const char *where, GError **error)
{
  const char *text;
  char *end;

  if (!hl_json_get_string (object, key, &text, where, error))
    return FALSE;
  *value = g_ascii_strtod (text, &end);
  if (end != text && *end == 0 && !isnan (*value))
    return TRUE;
  g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT, _("%s: the position of the run is damaged."), where);
  return FALSE;
}

/* Absent in checkpoints of a run whose schedule learns nothing. */
static gboolean
read_schedule (JsonObject *object, HlScheduleState *state, const char *where, GError **error)
{
  static const char *const allowed[] = { "factor", "best", "bad", "wait", NULL };
  gint64 n_bad, n_wait;

  *state = HL_SCHEDULE_STATE_INIT;
  if (!json_object_has_member (object, "schedule"))
    return TRUE;
  object = hl_json_get_object (json_object_get_member (object, "schedule"), allowed, where, error);
  if (object == NULL || !read_double (object, "factor", &state->factor, where, error)
      || !read_double (object, "best", &state->best, where, error)
      || !hl_json_get_int (object, "bad", 0, G_MAXINT64, &n_bad, where, error)
      || !hl_json_get_int (object, "wait", 0, G_MAXINT64, &n_wait, where, error))
    return FALSE;
  state->n_bad = (guint64) n_bad;
  state->n_wait = (guint64) n_wait;
  if (state->factor >= 0 && state->factor <= 1)
    return TRUE;
  g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
               _("%s: the schedule's factor on the learning rate is %g, but must be between 0 and 1."), where,
               state->factor);
  return FALSE;
}

static gboolean
read_position (JsonObject *object, Position *position, const char *where, GError **error)
{
  const char *phase;

  if (!hl_json_get_string (object, "phase", &phase, where, error)
      || !hl_json_get_int (object, "epoch", 0, G_MAXUINT32, &position->epoch, where, error)
      || !hl_json_get_int (object, "batch", 0, G_MAXUINT32, &position->batch, where, error)
      || !hl_json_get_int (object, "step", 0, G_MAXINT64, &position->step, where, error)
      || !read_double (object, "loss_sum", &position->loss_sum, where, error)
      || !hl_json_get_int (object, "right", 0, G_MAXINT64, &position->right, where, error)
      || !hl_json_get_int (object, "samples", 0, G_MAXINT64, &position->samples, where, error)
      || !read_schedule (object, &position->schedule, where, error))
    return FALSE;
  /* Older files know no weights: each sample counted once. */
  position->weight_sum = (double) position->samples;
  if (json_object_has_member (object, "weight_sum")
      && !read_double (object, "weight_sum", &position->weight_sum, where, error))
    return FALSE;
  for (position->phase = 0; phase_names[position->phase]; position->phase++)
    if (g_str_equal (phase_names[position->phase], phase))
      break;
  if (phase_names[position->phase] && isfinite (position->loss_sum) && isfinite (position->weight_sum)
      && position->weight_sum >= 0)
    return TRUE;
  g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT, _("%s: the position of the run is damaged."), where);
  return FALSE;
}

/* A position that this run can really be at. */
static gboolean
check_position (HlTrainer *self, const Position *position, const char *shown, GError **error)
{
  gint64 per_epoch = (gint64) hl_trainer_get_steps_per_epoch (self);
  gboolean over = position->phase == HL_PHASE_VALIDATE || position->phase == HL_PHASE_EPOCH_END;
  gint64 finished = position->epoch + (over ? 1 : 0);

  if (position->batch < per_epoch && position->step == finished * per_epoch + position->batch)
    {
      if (finished <= self->recipe->epochs)
        return TRUE;
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH,
                   _("“%s” stands after %" PRId64 " epochs, but the recipe has only %u; set more epochs."), shown,
                   finished, self->recipe->epochs);
      return FALSE;
    }
  g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
               _("The position in “%s” is damaged: epoch %" PRId64 ", batch %" PRId64 " and step %" PRId64 " do not "
                 "belong together."), shown, position->epoch, position->batch, position->step);
  return FALSE;
}

static gboolean
position_from_text (HlTrainer *self, const char *text, Position *position, const char *shown, GError **error)
{
  static const char *const allowed[] = { "phase", "epoch", "batch", "step", "loss_sum", "weight_sum", "right", "samples",
                                         "schedule",
                                         NULL };
  g_autoptr (JsonNode) json = text ? json_from_string (text, NULL) : NULL;
  JsonObject *object;

  if (json == NULL)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT, _("“%s” does not say where the run stands."), shown);
      return FALSE;
    }
  object = hl_json_get_object (json, allowed, shown, error);
  return object != NULL && read_position (object, position, shown, error)
         && check_position (self, position, shown, error);
}

/* Beyond the recipe's last epoch: a run that was finished goes on when it has been given more epochs. */
static void
take_position (HlTrainer *self, const Position *position)
{
  HlPhase phase = (HlPhase) position->phase;

  if (phase >= HL_PHASE_TEST && position->epoch < self->recipe->epochs)
    phase = HL_PHASE_TRAIN;
  else if (phase == HL_PHASE_TRAIN && position->epoch >= self->recipe->epochs)
    phase = self->parts[HL_PART_TEST] ? HL_PHASE_TEST : HL_PHASE_DONE;
  self->phase = phase;
  self->epoch = (guint) position->epoch;
  self->batch = (guint) position->batch;
  self->step = self->collected_step = (guint64) position->step;
  self->schedule_state = position->schedule;
  self->loss_sum = position->loss_sum;
  self->weight_sum = position->weight_sum;
  self->right_sum = (guint64) position->right;
  self->sample_sum = (guint64) position->samples;
  self->epoch_started = FALSE;
  self->validation = self->test = (HlScore) { 0 };
  g_queue_clear_full (&self->finished, g_free);
  g_clear_error (&self->failure);
}

/* ---- Saving ---- */

static char *
slot_prefix (HlTrainer *self, guint i)
{
  const HlOptimizerClass *optimizer = (const HlOptimizerClass *) self->recipe->optimizer->klass;

  return g_strdup_printf ("optimizer.%s.", optimizer->slot_names (self->recipe->optimizer->params)[i]);
}

/* Names of the weights that are not trained because their layers are frozen, one a line: the file has no slots of them. */
static char *
list_frozen (HlTrainer *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < hl_plan_get_n_weights (self->plan); i++)
    {
      const HlPlanWeight *weight = hl_plan_get_weight (self->plan, i);

      if (weight->spec->kind == HL_WEIGHT_TRAINED && !weight->trained)
        g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", weight->name);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
set_metadata (HlTrainer *self, HlTensorFile *file)
{
  g_autofree char *network = network_fingerprint (self), *data = data_fingerprint (self);
  g_autofree char *position = position_to_text (self), *frozen = list_frozen (self), *recipe = NULL;
  g_autoptr (JsonNode) json = hl_recipe_to_json (self->recipe);

  recipe = json_to_string (json, FALSE);
  hl_tensor_file_set_metadata (file, "format", "pt");
  hl_tensor_file_set_metadata (file, "hillock.checkpoint", VERSION);
  hl_tensor_file_set_metadata (file, "hillock.network", network);
  hl_tensor_file_set_metadata (file, "hillock.data", data);
  hl_tensor_file_set_metadata (file, "hillock.optimizer", self->recipe->optimizer->klass->name);
  hl_tensor_file_set_metadata (file, "hillock.loss", self->recipe->loss->klass->name);
  hl_tensor_file_set_metadata (file, "hillock.recipe", recipe);
  hl_tensor_file_set_metadata (file, "hillock.position", position);
  if (*frozen)
    hl_tensor_file_set_metadata (file, "hillock.frozen", frozen);
}

gboolean
hl_trainer_save_checkpoint (HlTrainer *self, GFile *file, GError **error)
{
  g_autoptr (HlTensorFile) tensors = hl_tensor_file_new ();

  /* The sums must hold every step that the weights hold; a failed run has nothing worth keeping. */
  if (!hl_trainer_collect (self, TRUE, error))
    return FALSE;
  if (self->failure)
    {
      g_set_error (error, HL_TRAIN_ERROR, HL_TRAIN_ERROR_NOT_FINITE, _("No checkpoint was written. %s"),
                   self->failure->message);
      return FALSE;
    }
  if (!hl_trainer_add_weights (self, tensors, "", hl_executor_get_weights (self->executor), error))
    return FALSE;
  for (guint i = 0; i < self->n_slots; i++)
    {
      g_autofree char *prefix = slot_prefix (self, i);

      if (!hl_trainer_add_weights (self, tensors, prefix, self->slots[i], error))
        return FALSE;
    }
  set_metadata (self, tensors);
  return hl_tensor_file_write (tensors, file, error);
}

/* ---- Restoring ---- */

static gboolean
check_same (HlTensorFile *file, const char *key, const char *here, const char *shown, const char *what, GError **error)
{
  const char *there = hl_tensor_file_get_metadata (file, key);

  if (g_strcmp0 (there, here) == 0)
    return TRUE;
  /* A fingerprint tells a reader nothing. */
  if (g_str_equal (key, "hillock.network"))
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH,
                   _("“%s” cannot be continued: %s, or the network has been changed since."), shown, what);
      return FALSE;
    }
  g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH,
               _("“%s” cannot be continued: %s. (There: %s. Here: %s.)"), shown, what,
               there ? there : _("nothing"), here);
  return FALSE;
}

static gboolean
check_metadata (HlTrainer *self, HlTensorFile *file, const char *shown, GError **error)
{
  const char *version = hl_tensor_file_get_metadata (file, "hillock.checkpoint");
  g_autofree char *network = network_fingerprint (self), *data = data_fingerprint (self);

  if (version == NULL)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_MISMATCH,
                   _("“%s” is no checkpoint of a run; it may hold weights to start from."), shown);
      return FALSE;
    }
  if (!g_str_equal (version, VERSION))
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_NEWER,
                   _("“%s” is a checkpoint of version %s, but this program knows version %s only."), shown, version,
                   VERSION);
      return FALSE;
    }
  return check_same (file, "hillock.network", network, shown, _("it belongs to another network"), error)
         && check_same (file, "hillock.optimizer", self->recipe->optimizer->klass->name, shown,
                        _("it was trained by another optimizer"), error)
         && check_same (file, "hillock.loss", self->recipe->loss->klass->name, shown,
                        _("it was trained with another loss"), error)
         && check_same (file, "hillock.data", data, shown,
                        _("it was trained with other data, another split, batch or seed"), error);
}

/* The optimizer's memory, an array for each slot; NULL with an error. A layer that was frozen when the file was written has
 * none and starts with zeros, as in a new run. */
static GPtrArray *
read_slots (HlTrainer *self, HlTensorFile *file, const char *shown, GError **error)
{
  const char *frozen = hl_tensor_file_get_metadata (file, "hillock.frozen");
  g_auto (GStrv) may_lack = g_strsplit (frozen ? frozen : "", "\n", -1);
  g_autoptr (GPtrArray) slots = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->n_slots; i++)
    {
      g_autofree char *prefix = slot_prefix (self, i);
      float *values = hl_trainer_read_weights (self, file, prefix, self->optimizer.n, FALSE,
                                               (const char *const *) may_lack, shown, error);

      if (values == NULL)
        return NULL;
      g_ptr_array_add (slots, values);
    }
  return g_steal_pointer (&slots);
}

/* Everything is read and checked before anything changes. */
gboolean
hl_trainer_restore_checkpoint (HlTrainer *self, GFile *file, GError **error)
{
  HlTensor *arena = hl_executor_get_weights (self->executor);
  gsize length = hl_tensor_get_length (arena);
  g_autofree char *shown = g_file_get_parse_name (file);
  g_autoptr (HlTensorFile) tensors = hl_tensor_file_open (file, error);
  g_autoptr (GPtrArray) slots = NULL;
  g_autofree float *weights = NULL;
  Position position;

  if (tensors == NULL || !check_metadata (self, tensors, shown, error)
      || !position_from_text (self, hl_tensor_file_get_metadata (tensors, "hillock.position"), &position, shown, error))
    return FALSE;
  weights = hl_trainer_read_weights (self, tensors, "", length, TRUE, NULL, shown, error);
  slots = weights ? read_slots (self, tensors, shown, error) : NULL;
  if (slots == NULL)
    return FALSE;
  if (!hl_result_stream_reset (self->results, error) || !hl_tensor_write (arena, 0, length, weights, error))
    return FALSE;
  for (guint i = 0; i < self->n_slots; i++)
    if (!hl_tensor_write (self->slots[i], 0, self->optimizer.n, slots->pdata[i], error))
      return FALSE;
  take_position (self, &position);
  return TRUE;
}
