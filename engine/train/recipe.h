/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlRecipe: how a network is trained; a plain value that files store. */
#pragma once

#include <json-glib/json-glib.h>

#include "engine/train/classes.h"

G_BEGIN_DECLS

typedef struct
{
  HlChoice *loss, *optimizer, *schedule;   /* never NULL */
  guint batch, epochs;
  guint64 seed;                            /* weights, order, dropout; 0 .. G_MAXINT64 */
} HlRecipe;

HlRecipe *hl_recipe_new   (void) G_GNUC_WARN_UNUSED_RESULT;   /* cross-entropy, Adam, constant, 64, 10, 1 */
HlRecipe *hl_recipe_copy  (const HlRecipe *self) G_GNUC_WARN_UNUSED_RESULT;
void      hl_recipe_free  (HlRecipe *self);
gboolean  hl_recipe_equal (const HlRecipe *a, const HlRecipe *b);
/* {"loss": {...}, "optimizer", "schedule", "batch", "epochs", "seed"}; what is missing takes hl_recipe_new's value. */
JsonNode *hl_recipe_to_json   (const HlRecipe *self);
HlRecipe *hl_recipe_from_json (JsonNode *json, const char *where, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlRecipe, hl_recipe_free)

G_END_DECLS
