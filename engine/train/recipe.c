/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlRecipe: defaults, copies and JSON. */

#include "engine/train/recipe.h"

#include "engine/base/params-json.h"

#define MAX_BATCH 65536
#define MAX_EPOCHS 1000000
#define MAX_WARM_UP 1000000000
#define WARM_UP_START 0.1
#define MAX_CLASSES 65536

HlRecipe *
hl_recipe_new (void)
{
  HlRecipe *self = g_new0 (HlRecipe, 1);

  self->loss = hl_choice_new (hl_loss_class_find_base ("cross_entropy"));
  self->optimizer = hl_choice_new (hl_optimizer_class_find_base ("adam"));
  self->schedule = hl_choice_new (hl_schedule_class_find_base ("constant"));
  self->gradient = hl_choice_new (&hl_gradient_class);
  self->batch = 64;
  self->epochs = 10;
  self->seed = 1;
  self->warm_up_start = WARM_UP_START;
  return self;
}

HlRecipe *
hl_recipe_copy (const HlRecipe *self)
{
  HlRecipe *copy = g_memdup2 (self, sizeof *self);

  copy->loss = hl_choice_copy (self->loss);
  copy->optimizer = hl_choice_copy (self->optimizer);
  copy->schedule = hl_choice_copy (self->schedule);
  copy->gradient = hl_choice_copy (self->gradient);
  if (self->class_weights)
    g_array_ref (self->class_weights);
  copy->start_weights = g_strdup (self->start_weights);
  return copy;
}

void
hl_recipe_free (HlRecipe *self)
{
  if (self == NULL)
    return;
  hl_choice_free (self->loss);
  hl_choice_free (self->optimizer);
  hl_choice_free (self->schedule);
  hl_choice_free (self->gradient);
  g_clear_pointer (&self->class_weights, g_array_unref);
  g_free (self->start_weights);
  g_free (self);
}

static gboolean
weights_equal (const GArray *a, const GArray *b)
{
  if (a == NULL || b == NULL || a->len != b->len)
    return a == b;
  for (guint i = 0; i < a->len; i++)
    if (g_array_index (a, double, i) != g_array_index (b, double, i))
      return FALSE;
  return TRUE;
}

gboolean
hl_recipe_equal (const HlRecipe *a, const HlRecipe *b)
{
  return hl_choice_equal (a->loss, b->loss) && hl_choice_equal (a->gradient, b->gradient)
         && hl_choice_equal (a->optimizer, b->optimizer)
         && hl_choice_equal (a->schedule, b->schedule) && a->batch == b->batch && a->epochs == b->epochs
         && a->seed == b->seed && a->warm_up_steps == b->warm_up_steps && a->warm_up_start == b->warm_up_start
         && weights_equal (a->class_weights, b->class_weights) && g_strcmp0 (a->start_weights, b->start_weights) == 0;
}

JsonNode *
hl_recipe_to_json (const HlRecipe *self)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_member (object, "loss", hl_choice_to_json (self->loss));
  json_object_set_member (object, "optimizer", hl_choice_to_json (self->optimizer));
  json_object_set_member (object, "schedule", hl_choice_to_json (self->schedule));
  json_object_set_int_member (object, "batch", self->batch);
  json_object_set_int_member (object, "epochs", self->epochs);
  json_object_set_int_member (object, "seed", (gint64) self->seed);
  if (self->warm_up_steps != 0)
    json_object_set_int_member (object, "warm_up_steps", self->warm_up_steps);
  if (self->warm_up_start != WARM_UP_START)
    json_object_set_double_member (object, "warm_up_start", self->warm_up_start);
  if (!hl_gradient_is_off (self->gradient->params))
    json_object_set_member (object, "gradient", hl_params_to_json (self->gradient->klass, self->gradient->params));
  if (self->class_weights)
    {
      JsonArray *array = json_array_new ();

      for (guint i = 0; i < self->class_weights->len; i++)
        json_array_add_double_element (array, g_array_index (self->class_weights, double, i));
      json_object_set_array_member (object, "class_weights", array);
    }
  if (self->start_weights)
    json_object_set_string_member (object, "start_weights", self->start_weights);
  json_node_take_object (node, object);
  return node;
}

/* Replaces *choice by the member `key`, when there is one. */
static gboolean
read_choice (JsonObject *object, const char *key, HlClassFinder find, HlChoice **choice, const char *where,
             GError **error)
{
  g_autofree char *place = g_strdup_printf ("%s.%s", where, key);
  HlChoice *read;

  if (!json_object_has_member (object, key))
    return TRUE;
  read = hl_choice_from_json (json_object_get_member (object, key), find, key, place, error);
  if (read == NULL)
    return FALSE;
  hl_choice_free (*choice);
  *choice = read;
  return TRUE;
}

static gboolean
read_gradient (JsonObject *object, HlChoice *gradient, const char *where, GError **error)
{
  g_autofree char *place = g_strdup_printf ("%s.gradient", where);

  return !json_object_has_member (object, "gradient")
         || hl_params_from_json (gradient->klass, gradient->params, json_object_get_member (object, "gradient"), place,
                                 error);
}

static gboolean
read_int (JsonObject *object, const char *key, gint64 min, gint64 max, gint64 *value, const char *where, GError **error)
{
  return !json_object_has_member (object, key) || hl_json_get_int (object, key, min, max, value, where, error);
}

static gboolean
read_class_weights (JsonObject *object, GArray **weights, const char *where, GError **error)
{
  JsonNode *node = json_object_get_member (object, "class_weights");
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  g_autoptr (GArray) read = g_array_new (FALSE, FALSE, sizeof (double));
  double sum = 0;

  if (node == NULL)
    return TRUE;
  for (guint i = 0; array && i < MIN (json_array_get_length (array), MAX_CLASSES); i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      gboolean number = JSON_NODE_HOLDS_VALUE (element) && (json_node_get_value_type (element) == G_TYPE_DOUBLE
                                                            || json_node_get_value_type (element) == G_TYPE_INT64);
      double weight = number ? json_node_get_double (element) : -1;

      if (!(weight >= 0 && weight <= G_MAXFLOAT))
        {
          g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                       _("%s.class_weights: the weight of class %u must be a number from 0 on."), where, i);
          return FALSE;
        }
      sum += weight;
      g_array_append_val (read, weight);
    }
  if (!(sum > 0))
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT,
                   _("%s.class_weights must be a list of numbers, one for each class, not all 0."), where);
      return FALSE;
    }
  *weights = g_steal_pointer (&read);
  return TRUE;
}

HlRecipe *
hl_recipe_from_json (JsonNode *json, const char *where, GError **error)
{
  static const char *const allowed[] = { "loss", "optimizer", "schedule", "batch", "epochs", "seed", "warm_up_steps",
                                         "warm_up_start", "gradient", "class_weights", "start_weights", NULL };
  g_autoptr (HlRecipe) self = hl_recipe_new ();
  JsonObject *object = hl_json_get_object (json, allowed, where, error);
  const char *start_weights = NULL;
  gint64 batch = self->batch, epochs = self->epochs, seed = (gint64) self->seed, warm_up = self->warm_up_steps;

  if (object == NULL
      || !read_choice (object, "loss", hl_loss_class_find_base, &self->loss, where, error)
      || !read_choice (object, "optimizer", hl_optimizer_class_find_base, &self->optimizer, where, error)
      || !read_choice (object, "schedule", hl_schedule_class_find_base, &self->schedule, where, error)
      || !read_gradient (object, self->gradient, where, error)
      || !read_int (object, "batch", 1, MAX_BATCH, &batch, where, error)
      || !read_int (object, "epochs", 1, MAX_EPOCHS, &epochs, where, error)
      || !read_int (object, "seed", 0, G_MAXINT64, &seed, where, error)
      || !read_int (object, "warm_up_steps", 0, MAX_WARM_UP, &warm_up, where, error)
      || (json_object_has_member (object, "warm_up_start")
          && !hl_json_get_double (object, "warm_up_start", 0, 1, &self->warm_up_start, where, error))
      || !read_class_weights (object, &self->class_weights, where, error)
      || (json_object_has_member (object, "start_weights")
          && !hl_json_get_string (object, "start_weights", &start_weights, where, error)))
    return NULL;
  self->start_weights = g_strdup (start_weights && *start_weights ? start_weights : NULL);
  self->batch = (guint) batch;
  self->epochs = (guint) epochs;
  self->seed = (guint64) seed;
  self->warm_up_steps = (guint) warm_up;
  return g_steal_pointer (&self);
}

/* ---- The learning rate ---- */

double
hl_recipe_get_factor (const HlRecipe *self, const HlScheduleState *state, const HlScheduleTime *time)
{
  const HlScheduleClass *schedule = (const HlScheduleClass *) self->schedule->klass;
  HlScheduleTime rest = *time;

  if (time->step < self->warm_up_steps)
    return self->warm_up_start + (1 - self->warm_up_start) * (double) time->step / self->warm_up_steps;
  rest.step -= self->warm_up_steps;
  rest.n_steps = MAX (time->n_steps, self->warm_up_steps + 1ul) - self->warm_up_steps;
  return schedule->factor (self->schedule->params, state ? state : &HL_SCHEDULE_STATE_INIT, &rest);
}

void
hl_recipe_observe (const HlRecipe *self, HlScheduleState *state, guint64 step, double loss)
{
  const HlScheduleClass *schedule = (const HlScheduleClass *) self->schedule->klass;

  if (schedule->observe && step > self->warm_up_steps)
    schedule->observe (self->schedule->params, state, loss);
}
