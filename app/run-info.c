/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run.json: reading, writing, and changing one half of it. */

#include "config.h"

#include <glib/gi18n.h>
#include <inttypes.h>

#include "app/run-info.h"

#include <math.h>

#include "app/file-util.h"
#include "engine/base/json-text.h"
#include "engine/base/params-json.h"

#define FORMAT 1

/* Reading, changing and writing run.json is one act: the worker and the window may both do it. */
static GMutex run_json_mutex;

HlRunInfo *
hl_run_info_new (void)
{
  HlRunInfo *self = g_new0 (HlRunInfo, 1);

  self->state = g_strdup ("running");
  return self;
}

HlRunInfo *
hl_run_info_copy (const HlRunInfo *self)
{
  HlRunInfo *copy = g_memdup2 (self, sizeof *self);

  copy->title = g_strdup (self->title);
  copy->device = g_strdup (self->device);
  copy->version = g_strdup (self->version);
  copy->started = g_strdup (self->started);
  copy->ended = g_strdup (self->ended);
  copy->state = g_strdup (self->state);
  copy->message = g_strdup (self->message);
  return copy;
}

void
hl_run_info_free (HlRunInfo *self)
{
  if (!self)
    return;
  g_free (self->title);
  g_free (self->device);
  g_free (self->version);
  g_free (self->started);
  g_free (self->ended);
  g_free (self->state);
  g_free (self->message);
  g_free (self);
}

static void
set_string (JsonObject *object, const char *key, const char *value)
{
  if (value)
    json_object_set_string_member (object, key, value);
}

static void
set_score (JsonObject *object, const char *key, const HlScore *score)
{
  JsonObject *member;

  /* JSON has no word for infinity. */
  if (score->n == 0 || !isfinite (score->loss))
    return;
  member = json_object_new ();
  json_object_set_double_member (member, "loss", score->loss);
  if (!isnan (score->accuracy))
    json_object_set_double_member (member, "accuracy", score->accuracy);
  json_object_set_int_member (member, "samples", score->n);
  json_object_set_object_member (object, key, member);
}

static char *
info_to_text (const HlRunInfo *self)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_node_take_object (node, object);
  json_object_set_int_member (object, "run", FORMAT);
  set_string (object, "title", self->title);
  json_object_set_boolean_member (object, "starred", self->starred);
  set_string (object, "state", self->state);
  set_string (object, "message", self->message);
  set_string (object, "device", self->device);
  set_string (object, "version", self->version);
  set_string (object, "started", self->started);
  set_string (object, "ended", self->ended);
  json_object_set_double_member (object, "seconds", self->seconds);
  json_object_set_int_member (object, "epochs", self->epochs);
  json_object_set_int_member (object, "steps_per_epoch", self->steps_per_epoch);
  json_object_set_int_member (object, "classes", self->n_classes);
  if (self->best_epoch > 0)
    {
      json_object_set_int_member (object, "best_epoch", self->best_epoch);
      json_object_set_double_member (object, "best_score", self->best_score);
    }
  set_score (object, "train", &self->train);
  set_score (object, "validation", &self->validation);
  set_score (object, "test", &self->test);
  return hl_json_to_text (node);
}

static gboolean
get_string (JsonObject *object, const char *key, char **value, GError **error)
{
  const char *string;

  if (!json_object_has_member (object, key))
    return TRUE;
  if (!hl_json_get_string (object, key, &string, "run", error))
    return FALSE;
  g_free (*value);
  *value = g_strdup (string);
  return TRUE;
}

static gboolean
get_uint (JsonObject *object, const char *key, guint *value, GError **error)
{
  gint64 number = 0;

  if (!json_object_has_member (object, key))
    return TRUE;
  if (!hl_json_get_int (object, key, 0, G_MAXINT32, &number, "run", error))
    return FALSE;
  *value = number;
  return TRUE;
}

static gboolean
get_score (JsonObject *object, const char *key, HlScore *score, GError **error)
{
  static const char *const keys[] = { "loss", "accuracy", "samples", NULL };
  JsonObject *member;
  gint64 n;

  if (!json_object_has_member (object, key))
    return TRUE;
  score->accuracy = NAN;
  member = hl_json_get_object (json_object_get_member (object, key), keys, key, error);
  if (!member || !hl_json_get_double (member, "loss", -G_MAXDOUBLE, G_MAXDOUBLE, &score->loss, key, error)
      || (json_object_has_member (member, "accuracy")
          && !hl_json_get_double (member, "accuracy", 0, 1, &score->accuracy, key, error))
      || !hl_json_get_int (member, "samples", 0, G_MAXINT64, &n, key, error))
    return FALSE;
  score->n = n;
  return TRUE;
}

static gboolean
info_from_object (HlRunInfo *self, JsonObject *object, GError **error)
{
  gint64 format, steps = 0;

  if (!hl_json_get_int (object, "run", 1, G_MAXINT64, &format, "run", error))
    return FALSE;
  if (format > FORMAT)
    {
      g_set_error (error, HL_FILE_ERROR, HL_FILE_ERROR_NEWER,
                   _("The run was written by a newer Hillock (format %" PRId64 "); update Hillock to open it."),
                   format);
      return FALSE;
    }
  if (json_object_has_member (object, "steps_per_epoch")
      && !hl_json_get_int (object, "steps_per_epoch", 0, G_MAXINT64, &steps, "run", error))
    return FALSE;
  self->steps_per_epoch = steps;
  if (json_object_has_member (object, "starred") && !hl_json_get_bool (object, "starred", &self->starred, "run", error))
    return FALSE;
  if (json_object_has_member (object, "seconds")
      && !hl_json_get_double (object, "seconds", 0, G_MAXDOUBLE, &self->seconds, "run", error))
    return FALSE;
  if (json_object_has_member (object, "best_score")
      && !hl_json_get_double (object, "best_score", -G_MAXDOUBLE, G_MAXDOUBLE, &self->best_score, "run", error))
    return FALSE;
  return get_string (object, "title", &self->title, error) && get_string (object, "state", &self->state, error)
         && get_string (object, "message", &self->message, error) && get_string (object, "device", &self->device, error)
         && get_string (object, "version", &self->version, error)
         && get_string (object, "started", &self->started, error) && get_string (object, "ended", &self->ended, error)
         && get_uint (object, "epochs", &self->epochs, error) && get_uint (object, "classes", &self->n_classes, error)
         && get_uint (object, "best_epoch", &self->best_epoch, error)
         && get_score (object, "train", &self->train, error)
         && get_score (object, "validation", &self->validation, error)
         && get_score (object, "test", &self->test, error);
}

static HlRunInfo *
load_unlocked (GFile *folder, GError **error)
{
  static const char *const keys[]
      = { "run",        "title",   "starred", "state",           "message", "device",     "version",    "started",
          "ended",      "seconds", "epochs",  "steps_per_epoch", "classes", "best_epoch", "best_score", "train",
          "validation", "test",    NULL };
  g_autoptr (GFile) file = g_file_get_child (folder, "run.json");
  g_autoptr (HlRunInfo) self = hl_run_info_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;
  JsonObject *object;
  gsize length;

  text = hl_file_load_text (file, &length, error);
  if (!text)
    return NULL;
  root = hl_json_from_text (text, length, error);
  object = root ? hl_json_get_object (root, NULL, "run", error) : NULL;
  /* The version first: a newer file may well have keys that this program does not know. */
  if (!object || !info_from_object (self, object, error) || !hl_json_get_object (root, keys, "run", error))
    {
      g_autofree char *name = g_file_get_parse_name (file);

      g_prefix_error (error, _("“%s”: "), name);
      return NULL;
    }
  return g_steal_pointer (&self);
}

static gboolean
save_unlocked (const HlRunInfo *self, GFile *folder, GError **error)
{
  g_autoptr (GFile) file = g_file_get_child (folder, "run.json");
  g_autofree char *text = info_to_text (self);

  return hl_file_save_text (file, text, -1, HL_SAVE_ATOMIC, error);
}

HlRunInfo *
hl_run_info_load (GFile *folder, GError **error)
{
  HlRunInfo *self;

  g_mutex_lock (&run_json_mutex);
  self = load_unlocked (folder, error);
  g_mutex_unlock (&run_json_mutex);
  return self;
}

gboolean
hl_run_info_save (const HlRunInfo *self, GFile *folder, GError **error)
{
  gboolean saved;

  g_mutex_lock (&run_json_mutex);
  saved = save_unlocked (self, folder, error);
  g_mutex_unlock (&run_json_mutex);
  return saved;
}

gboolean
hl_run_info_save_progress (HlRunInfo *self, GFile *folder, GError **error)
{
  g_autoptr (HlRunInfo) stored = NULL;
  gboolean saved;

  g_mutex_lock (&run_json_mutex);
  stored = load_unlocked (folder, NULL);
  if (stored)
    {
      g_free (self->title);
      self->title = g_steal_pointer (&stored->title);
      self->starred = stored->starred;
    }
  saved = save_unlocked (self, folder, error);
  g_mutex_unlock (&run_json_mutex);
  return saved;
}

gboolean
hl_run_info_relabel (GFile *folder, const char *title, gboolean starred, GError **error)
{
  g_autoptr (HlRunInfo) stored = NULL;
  gboolean saved = FALSE;

  g_mutex_lock (&run_json_mutex);
  stored = load_unlocked (folder, error);
  if (stored)
    {
      if (title)
        {
          g_free (stored->title);
          stored->title = g_strdup (title);
        }
      stored->starred = starred;
      saved = save_unlocked (stored, folder, error);
    }
  g_mutex_unlock (&run_json_mutex);
  return saved;
}
