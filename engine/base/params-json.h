/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parameter structs and choices to JSON and back. Reading is strict: an unknown key, a wrong type
 * or a value out of range is an HL_FILE_ERROR that names the place (`where`, for instance
 * "graph.nodes[3]"), the key and what is allowed. Missing keys take the initial value.
 * Writing keeps the table's order, so that files diff well. Any thread. */
#pragma once

#include <json-glib/json-glib.h>

#include "engine/base/choice.h"

G_BEGIN_DECLS

JsonNode *hl_params_to_json   (const HlClass *klass, const void *params);  /* an object; transfer full */
gboolean  hl_params_from_json (const HlClass *klass, void *params, JsonNode *json,
                               const char *where, GError **error);

/* {"name": "adam", "params": {...}} */
JsonNode *hl_choice_to_json   (const HlChoice *self);

typedef const HlClass *(*HlClassFinder) (const char *name);
HlChoice *hl_choice_from_json (JsonNode *json, HlClassFinder find, const char *family,
                               const char *where, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Strict helpers for readers of JSON files. Each names `where` and the key in its error.
 * get_object refuses keys outside the NULL-terminated list `allowed` (NULL: any); what it returns is
 * borrowed from node. A missing key is an error: for optional ones ask json_object_has_member first.
 * Whole numbers are taken as doubles too, but not the other way round. */
JsonObject *hl_json_get_object (JsonNode *node, const char *const *allowed, const char *where, GError **error);
gboolean    hl_json_get_int    (JsonObject *object, const char *key, gint64 min, gint64 max,
                                gint64 *value, const char *where, GError **error);
gboolean    hl_json_get_double (JsonObject *object, const char *key, double min, double max,
                                double *value, const char *where, GError **error);
gboolean    hl_json_get_string (JsonObject *object, const char *key, const char **value,
                                const char *where, GError **error);   /* borrowed from object */
gboolean    hl_json_get_bool   (JsonObject *object, const char *key, gboolean *value,
                                const char *where, GError **error);

G_END_DECLS
