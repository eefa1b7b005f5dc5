/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fuzzing target: whatever bytes stand in a project file, reading them gives a project that survives writing, checking and
 * planning, or a sentence. */

#include "app/project-state.h"
#include "engine/graph/check.h"
#include "engine/graph/plan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize n);

static void
use (HlProjectState *state)
{
  HlPlanOptions options = { .batch = 64, .lanes = 16, .compute_units = 2, .training = TRUE };
  HlGraph *graph = hl_project_state_get_graph (state);
  g_autoptr (GPtrArray) problems = hl_graph_check (graph, hl_project_state_get_recipe (state)->loss->klass->name);
  g_autoptr (HlPlan) partial = hl_plan_new_partial (graph, &options);
  g_autoptr (GError) error = NULL;
  g_autoptr (HlPlan) plan = hl_plan_new (graph, &options, &error);
  g_autofree char *text = hl_project_state_to_text (state, NULL), *again_text = NULL;
  g_autoptr (HlProjectState) again = hl_project_state_from_text (text, -1, NULL, NULL);

  if (!problems || (!plan) != (error != NULL) || hl_plan_get_n_steps (partial) > hl_graph_get_n_nodes (graph))
    abort ();
  /* What is written is read as the same, and written as the same again. */
  if (!again || !hl_project_state_equal (state, again))
    abort ();
  again_text = hl_project_state_to_text (again, NULL);
  if (!g_str_equal (text, again_text))
    abort ();
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  /* A copy of exactly this length, so that reading beyond it is seen. */
  g_autofree char *bytes = g_memdup2 (data, n);
  g_autoptr (GFile) file = g_file_new_for_path ("/folder/fuzz.hillock");
  g_autoptr (GError) error = NULL;
  g_autoptr (HlProjectState) state = hl_project_state_from_text (n > 0 ? bytes : "", n, file, &error);

  if ((!state) != (error != NULL))
    abort ();
  if (state)
    use (state);
  else if (!*error->message || !g_utf8_validate (error->message, -1, NULL))
    abort ();
  return 0;
}
