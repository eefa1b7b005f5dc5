/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlProjectState: everything a project file says, as one immutable value: network, data, recipe. The undo history
 * holds these, autosave writes them, jobs carry them. Reference-counted; any thread. */
#pragma once

#include "engine/data/spec.h"
#include "engine/graph/graph.h"
#include "engine/train/recipe.h"

G_BEGIN_DECLS

#define HL_PROJECT_VERSION 1

typedef struct _HlProjectState HlProjectState;

/* Takes all three; freezes the graph. */
HlProjectState   *hl_project_state_new   (HlGraph *graph, HlDataSpec *data, HlRecipe *recipe) G_GNUC_WARN_UNUSED_RESULT;
HlProjectState   *hl_project_state_ref   (HlProjectState *self);
void              hl_project_state_unref (HlProjectState *self);
gboolean          hl_project_state_equal (const HlProjectState *a, const HlProjectState *b);
HlGraph          *hl_project_state_get_graph  (const HlProjectState *self);         /* frozen, transfer none */
const HlDataSpec *hl_project_state_get_data   (const HlProjectState *self);
const HlRecipe   *hl_project_state_get_recipe (const HlProjectState *self);
/* A new state with one part replaced (taken). */
HlProjectState   *hl_project_state_with_graph  (const HlProjectState *self, HlGraph *graph) G_GNUC_WARN_UNUSED_RESULT;
HlProjectState   *hl_project_state_with_data   (const HlProjectState *self, HlDataSpec *data) G_GNUC_WARN_UNUSED_RESULT;
HlProjectState   *hl_project_state_with_recipe (const HlProjectState *self, HlRecipe *recipe) G_GNUC_WARN_UNUSED_RESULT;

/* The .hillock file: pretty-printed JSON {"hillock": 1, "graph", "data", "augmentation": [], "recipe"}, stable order,
 * newline at the end. `file` makes the data path relative (writing) or absolute (reading) where it lies below the
 * project's folder; may be NULL. Reading refuses newer versions, unknown keys and wrong types, naming file and place. */
char             *hl_project_state_to_text   (const HlProjectState *self, GFile *file) G_GNUC_WARN_UNUSED_RESULT;
HlProjectState   *hl_project_state_from_text (const char *text, gssize length, GFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
HlProjectState   *hl_project_state_load      (GFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;      /* blocks */
/* The file's text; an ONNX model, which is none, is refused with how to make a project of it. */
char             *hl_project_state_load_text (GFile *file, gsize *length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean          hl_project_state_save      (const HlProjectState *self, GFile *file, GError **error);    /* blocks; atomic, fsync */

/* Ready-made projects: the files of examples/ by name, and "empty". Those of one group follow each other. */
typedef struct { const char *name, *group, *title, *summary; } HlTemplate;
const HlTemplate *hl_template_list     (void);                                   /* ends with name == NULL */
HlProjectState   *hl_template_new_state(const char *name) G_GNUC_WARN_UNUSED_RESULT;
/* Where Debian's dataset-fashion-mnist lies, or NULL when it is not installed (checks XDG data dirs). */
char             *hl_template_find_fashion (void) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlProjectState, hl_project_state_unref)

G_END_DECLS
