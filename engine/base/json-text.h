/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JSON as text that people read and that diffs well: keys in their order, lists of numbers and small objects on one line,
 * the shortest decimals that read back to the same number. And the careful way back. Any thread. */
#pragma once

#include <json-glib/json-glib.h>

#include "engine/base/error.h"

G_BEGIN_DECLS

char     *hl_json_to_text   (JsonNode *node) G_GNUC_WARN_UNUSED_RESULT;      /* ends with a newline */
/* Refuses what is not UTF-8, nested deeper than 64 levels, or not JSON: HL_FILE_ERROR_SYNTAX naming the line. */
JsonNode *hl_json_from_text (const char *text, gssize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
