/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlRecipe: how a network is trained; a plain value that files store. */
#pragma once

#include <json-glib/json-glib.h>

#include "engine/train/classes.h"
#include "engine/train/gradient.h"

G_BEGIN_DECLS

typedef struct
{
  HlChoice *loss, *optimizer, *schedule;   /* never NULL */
  HlChoice *gradient;                      /* of hl_gradient_class, never NULL */
  guint batch, epochs;
  guint64 seed;                            /* weights, order, dropout; 0 .. G_MAXINT64 */
  guint warm_up_steps;                     /* before the schedule; 0: none */
  double warm_up_start;                    /* factor on the learning rate in the first step of warm-up, 0 .. 1 */
  GArray *class_weights;                   /* double, one for each class, none negative, some positive; NULL: none listed.
                                            * Never changed in place: copies share it. */
  char *start_weights;                     /* path of a safetensors file that a new run's weights start from, as far as they are
                                            * in it (hl_trainer_load_weights); NULL: the layers' initializers */
} HlRecipe;

HlRecipe *hl_recipe_new   (void) G_GNUC_WARN_UNUSED_RESULT;   /* cross-entropy, Adam, constant, 64, 10, 1, 0, 0.1 */
HlRecipe *hl_recipe_copy  (const HlRecipe *self) G_GNUC_WARN_UNUSED_RESULT;
void      hl_recipe_free  (HlRecipe *self);
gboolean  hl_recipe_equal (const HlRecipe *a, const HlRecipe *b);
/* {"loss": {...}, "optimizer", "schedule", "batch", "epochs", "seed", "warm_up_steps", "warm_up_start",
 * "gradient": parameters, "class_weights": [...], "start_weights"}; what is missing takes hl_recipe_new's value, and the last five are
 * written only where they differ from it. */
JsonNode *hl_recipe_to_json   (const HlRecipe *self);
HlRecipe *hl_recipe_from_json (JsonNode *json, const char *where, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Factor on the learning rate for time->step: during warm-up on a straight line from warm_up_start to 1; after it the
 * schedule's, which then begins at its own step 0 and has the remaining steps. As PyTorch's SequentialLR of LinearLR and
 * the schedule, called at every step. state: NULL: as before the first step. */
double    hl_recipe_get_factor (const HlRecipe *self, const HlScheduleState *state, const HlScheduleTime *time);
/* Lets the schedule see the loss of an epoch after which `step` steps are done; epochs that end within warm-up do not
 * count. */
void      hl_recipe_observe    (const HlRecipe *self, HlScheduleState *state, guint64 step, double loss);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlRecipe, hl_recipe_free)

G_END_DECLS
