/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What project and editing verbs know of the model document. Main thread. */
#pragma once

#include "app/model-document.h"
#include "app/project-state.h"

G_BEGIN_DECLS

/* Commits a state to the project that made the document. */
typedef void (*HlCommitFunc) (gpointer project, const char *label, const char *merge_key, HlProjectState *state);

HlModelDocument *hl_model_document_new    (HlProjectState *state, HlCommitFunc commit, gpointer project) G_GNUC_WARN_UNUSED_RESULT;
/* The project has a new state: graph, plan, problems and items follow. */
void             hl_model_document_sync   (HlModelDocument *self, HlProjectState *state);
/* The project goes away: edits are ignored from now on. */
void             hl_model_document_detach (HlModelDocument *self);
/* Takes graph. */
void             hl_model_document_commit (HlModelDocument *self, const char *label, const char *merge_key, HlGraph *graph);

G_END_DECLS
