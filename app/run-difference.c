/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a run tried that the one before did not, in a line. */

#include "config.h"

#include <glib/gi18n.h>
#include <inttypes.h>

#include "app/run-private.h"

static void
add (GString *text, const char *format, ...)
{
  va_list arguments;

  if (text->len > 0)
    g_string_append (text, "; ");
  va_start (arguments, format);
  g_string_append_vprintf (text, format, arguments);
  va_end (arguments);
}

static char *
format_param (const HlParam *param, const void *params)
{
  double value = hl_param_get (param, params);

  if (param->kind == HL_PARAM_BOOL)
    return g_strdup (value != 0 ? _("on") : _("off"));
  if (param->kind == HL_PARAM_CHOICE)
    return g_strdup (_(param->choices[(int) value]));
  return g_strdup_printf ("%.6g", value);
}

static void
compare_choices (GString *text, const HlChoice *before, const HlChoice *after)
{
  if (before->klass != after->klass)
    {
      add (text, "%s → %s", _(before->klass->title), _(after->klass->title));
      return;
    }
  for (const HlParam *param = after->klass->params; param && param->name; param++)
    if (hl_param_get (param, before->params) != hl_param_get (param, after->params))
      {
        g_autofree char *old = format_param (param, before->params), *new = format_param (param, after->params);

        add (text, "%s %s → %s", _(param->label), old, new);
      }
}

static void
compare_recipes (GString *text, const HlRecipe *before, const HlRecipe *after)
{
  compare_choices (text, before->optimizer, after->optimizer);
  compare_choices (text, before->loss, after->loss);
  compare_choices (text, before->schedule, after->schedule);
  compare_choices (text, before->gradient, after->gradient);
  if (before->batch != after->batch)
    add (text, _("batch %u → %u"), before->batch, after->batch);
  if (before->epochs != after->epochs)
    add (text, _("epochs %u → %u"), before->epochs, after->epochs);
  if (before->warm_up_steps != after->warm_up_steps)
    add (text, _("warm-up steps %u → %u"), before->warm_up_steps, after->warm_up_steps);
  if (before->warm_up_start != after->warm_up_start)
    add (text, _("warm-up from %g → %g"), before->warm_up_start, after->warm_up_start);
  if (g_strcmp0 (before->start_weights, after->start_weights) != 0)
    {
      g_autofree char *name = after->start_weights ? g_path_get_basename (after->start_weights) : g_strdup (_("none"));

      add (text, _("start weights %s"), name);
    }
  if (before->seed != after->seed)
    add (text, _("seed %" PRIu64 " → %" PRIu64), before->seed, after->seed);
}

static void
count_parameters (const HlProjectState *state, guint64 *all, guint64 *changeable)
{
  HlPlanOptions options = { .batch = 1, .lanes = 16, .compute_units = 1 };
  g_autoptr (HlPlan) plan = hl_plan_new_partial (hl_project_state_get_graph (state), &options);

  *all = hl_plan_get_parameter_count (plan);
  *changeable = hl_plan_get_changeable_count (plan);
}

/* Where cards lie changes nothing that is learnt. */
static gboolean
same_network (const HlGraph *a, const HlGraph *b)
{
  g_autoptr (HlGraph) moved = hl_graph_copy (b);

  for (guint i = 0; i < hl_graph_get_n_nodes (moved); i++)
    {
      const HlNode *node = hl_graph_get_node (moved, i), *other = hl_graph_find_node (a, node->id);

      if (other)
        hl_graph_move_node (moved, node->id, other->x, other->y);
    }
  return hl_graph_equal (a, moved);
}

char *
hl_run_describe_difference (const HlProjectState *before, const HlProjectState *after)
{
  const HlRecipe *recipe = hl_project_state_get_recipe (after);
  GString *text = g_string_new (NULL);

  if (!before)
    {
      const HlParam *rate = hl_class_find_param (recipe->optimizer->klass, "learning_rate");
      g_autofree char *value = rate ? format_param (rate, recipe->optimizer->params) : g_strdup ("");

      add (text, _("%s %s, batch %u, seed %" PRIu64), _(recipe->optimizer->klass->title), value, recipe->batch,
           recipe->seed);
      return g_string_free (text, FALSE);
    }
  if (!same_network (hl_project_state_get_graph (before), hl_project_state_get_graph (after)))
    {
      guint64 old, new, old_changeable, new_changeable;

      count_parameters (before, &old, &old_changeable);
      count_parameters (after, &new, &new_changeable);
      if (old == new && old_changeable != new_changeable)
        add (text, _("changeable %" PRIu64 " → %" PRIu64 " parameters"), old_changeable, new_changeable);
      else if (old != new)
        add (text, _("network %" PRIu64 " → %" PRIu64 " parameters"), old, new);
      else
        add (text, _("another network"));
    }
  compare_recipes (text, hl_project_state_get_recipe (before), recipe);
  if (!hl_data_spec_equal (hl_project_state_get_data (before), hl_project_state_get_data (after)))
    add (text, _("other data or split"));
  if (text->len == 0)
    add (text, _("same settings"));
  return g_string_free (text, FALSE);
}
