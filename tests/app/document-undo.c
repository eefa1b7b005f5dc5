/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Documents: after any script of edits, undoing all of it gives the bytes of the beginning, redoing all of it those of
 * the end, and the items on the canvas are always those of the graph. */

#include "tests/app/app-test.h"

typedef struct
{
  HlProject *project;
  HlModelDocument *model;
  GRand *random;
  guint n_notified;
} Script;

static guint32
random_node (Script *self)
{
  HlGraph *graph = hl_model_document_get_graph (self->model);
  guint n = hl_graph_get_n_nodes (graph);

  return n > 0 ? hl_graph_get_node (graph, g_rand_int_range (self->random, 0, n))->id : 0;
}

static guint
random_nodes (Script *self, guint32 nodes[3])
{
  guint n = g_rand_int_range (self->random, 1, 4);

  for (guint i = 0; i < n; i++)
    nodes[i] = random_node (self);
  return n;
}

static const HlLayerClass *
random_layer (Script *self)
{
  const HlLayerClass *const *classes = hl_layer_classes ();
  guint n = 0;

  while (classes[n])
    n++;
  return classes[g_rand_int_range (self->random, 0, n)];
}

static void
change_param (Script *self)
{
  const HlNode *node = hl_graph_find_node (hl_model_document_get_graph (self->model), random_node (self));
  guint n = node ? hl_class_get_n_params (&node->klass->base) : 0;
  const HlParam *param;

  if (n == 0)
    return;
  param = &node->klass->base.params[g_rand_int_range (self->random, 0, n)];
  hl_model_document_set_param (self->model, node->id, param,
                               g_rand_double_range (self->random, param->min, MIN (param->max, param->min + 20) + 1));
}

static void
apply_some_fix (Script *self)
{
  GPtrArray *problems = hl_model_document_get_problems (self->model);

  for (guint i = 0; i < problems->len; i++)
    {
      const HlProblem *problem = g_ptr_array_index (problems, i);

      if (problem->fix_kind == HL_FIX_NONE)
        continue;
      hl_model_document_apply_fix (self->model, problem, NULL);
      return;
    }
}

static void
copy_and_paste (Script *self)
{
  guint32 nodes[3];
  guint n = random_nodes (self, nodes);
  g_autofree char *text = hl_model_document_copy_text (self->model, nodes, n);
  g_autoptr (GError) error = NULL;

  g_assert_true (
      hl_model_document_paste_text (self->model, text, g_rand_double_range (self->random, 0, 800), 100, &error));
  g_assert_no_error (error);
}

static void
edit (Script *self)
{
  HlGraph *graph = hl_model_document_get_graph (self->model);
  guint32 nodes[3], node = random_node (self);
  guint n = random_nodes (self, nodes);

  switch (g_rand_int_range (self->random, 0, 17))
    {
    case 0: hl_model_document_add (self->model, random_layer (self), g_rand_double (self->random) * 900, 50); break;
    case 1:
      hl_model_document_append (self->model, random_layer (self), g_rand_boolean (self->random) ? node : 0);
      break;
    case 2:
      if (hl_graph_get_n_links (graph) > 0)
        {
          const HlLink *link
              = hl_graph_get_link (graph, g_rand_int_range (self->random, 0, hl_graph_get_n_links (graph)));

          hl_model_document_insert (self->model, random_layer (self), link->to, link->port, 10, 20);
        }
      break;
    case 3:
      hl_model_document_connect (self->model, node, random_node (self), g_rand_int_range (self->random, 0, 2), NULL);
      break;
    case 4: hl_model_document_disconnect (self->model, node, 0); break;
    case 5: hl_model_document_move (self->model, nodes, n, g_rand_double (self->random) * 10, -3.5); break;
    case 6: case 7: change_param (self); break;
    case 8: hl_model_document_rename (self->model, node, g_rand_boolean (self->random) ? "a name" : "", NULL); break;
    case 9: hl_model_document_remove (self->model, nodes, n); break;
    case 10: hl_model_document_duplicate (self->model, nodes, n); break;
    case 11: copy_and_paste (self); break;
    case 12: apply_some_fix (self); break;
    case 13: hl_model_document_select (self->model, node, g_rand_boolean (self->random)); break;
    case 14: hl_model_document_set_frozen (self->model, node, g_rand_boolean (self->random)); break;
    case 15: hl_model_document_set_rate_factor (self->model, node, g_rand_double_range (self->random, -1, 3)); break;
    default:
      {
        g_autoptr (HlChoice) init = hl_choice_new (hl_initializer_class_find_base ("normal"));

        hl_model_document_set_init (self->model, node, g_rand_boolean (self->random),
                                    g_rand_boolean (self->random) ? init : NULL);
      }
    }
}

static void
check_items (Script *self)
{
  HlGraph *graph = hl_model_document_get_graph (self->model);
  GListModel *items = hl_model_document_get_nodes (self->model);
  guint n_selected = 0, told;
  g_autofree guint32 *selection = hl_model_document_get_selection (self->model, &told);

  g_assert_cmpuint (g_list_model_get_n_items (items), ==, hl_graph_get_n_nodes (graph));
  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    {
      const HlNode *node = hl_graph_get_node (graph, i);
      g_autoptr (HlNodeItem) item = g_list_model_get_item (items, i);
      g_autofree char *expected = NULL;
      HlShape shape;

      g_assert_cmpuint (hl_node_item_get_id (item), ==, node->id);
      g_assert_true (hl_node_item_get_node (item) == node);
      g_assert_cmpstr (hl_node_item_get_title (item), ==, node->name);
      g_assert_true (hl_node_item_get_shape (item, &shape)
                     == hl_plan_get_shape (hl_model_document_get_plan (self->model), node->id, &shape));
      n_selected += hl_node_item_get_selected (item);
    }
  g_object_get (self->model, "n-selected", &told, NULL);
  g_assert_cmpuint (told, ==, n_selected);
}

static void
run_script (guint32 seed, guint n_edits)
{
  Script script = { .random = g_rand_new_with_seed (seed) };
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  gboolean can_undo;

  script.project = hl_project_new (hl_template_new_state (seed % 2 ? "lenet-strokes" : "mlp"), "script");
  script.model = hl_project_get_model (script.project);
  g_ptr_array_add (texts, hl_test_dup_text (script.project));
  for (guint i = 0; i < n_edits; i++)
    {
      char *text;

      hl_project_end_merge (script.project);
      edit (&script);
      check_items (&script);
      text = hl_test_dup_text (script.project);
      if (g_str_equal (text, g_ptr_array_index (texts, texts->len - 1)))
        g_free (text);
      else
        g_ptr_array_add (texts, text);
    }
  for (guint i = texts->len; i-- > 0;)
    {
      g_autofree char *text = hl_test_dup_text (script.project);

      g_assert_cmpstr (text, ==, g_ptr_array_index (texts, i));
      hl_project_undo (script.project);
      check_items (&script);
    }
  g_object_get (script.project, "can-undo", &can_undo, NULL);
  g_assert_false (can_undo);
  g_assert_false (hl_project_get_modified (script.project));
  for (guint i = 1; i < texts->len; i++)
    {
      g_autofree char *text = NULL;

      hl_project_redo (script.project);
      check_items (&script);
      text = hl_test_dup_text (script.project);
      g_assert_cmpstr (text, ==, g_ptr_array_index (texts, i));
    }
  hl_project_close (script.project);
  g_object_unref (script.project);
  g_rand_free (script.random);
}

static void
test_random_scripts (void)
{
  guint n_scripts = g_test_slow () ? 400 : 30;
  guint32 seed = g_test_rand_int ();

  for (guint i = 0; i < n_scripts; i++)
    {
      g_test_message ("seed %u", seed + i);
      run_script (seed + i, 60);
    }
}

static void
count_cb (GObject *object, GParamSpec *pspec, gpointer data)
{
  ++*(guint *) data;
}

/* A dragged slider is one entry, and items tell only what differs. */
static void
test_drag (void)
{
  g_autoptr (HlProject) project = hl_project_new (hl_template_new_state ("lenet-strokes"), "drag");
  HlModelDocument *model = hl_project_get_model (project);
  const HlNode *conv = hl_graph_find_name (hl_model_document_get_graph (model), "conv1");
  const HlParam *filters = hl_class_find_param (&conv->klass->base, "filters");
  guint32 id = conv->id;
  HlNodeItem *item = hl_model_document_find_item (model, id), *input = hl_model_document_find_item (model, 1);
  guint n_own = 0, n_input = 0, n_x = 0;
  g_autofree char *before = hl_test_dup_text (project), *after = NULL;

  g_signal_connect (item, "notify::subtitle", G_CALLBACK (count_cb), &n_own);
  g_signal_connect (item, "notify::x", G_CALLBACK (count_cb), &n_x);
  g_signal_connect (input, "notify", G_CALLBACK (count_cb), &n_input);
  for (guint n = 7; n < 30; n++)
    g_assert_true (hl_model_document_set_param (model, id, filters, n));
  g_assert_cmpuint (n_own, ==, 23);
  g_assert_cmpuint (n_x, ==, 0);
  g_assert_cmpuint (n_input, ==, 0);
  g_assert_true (hl_model_document_find_item (model, id) == item);
  hl_project_undo (project);
  after = hl_test_dup_text (project);
  g_assert_cmpstr (after, ==, before);
  hl_project_close (project);
}

/* Appending goes in between, removing closes the gap, a cycle is refused by words. */
static void
test_verbs (void)
{
  g_autoptr (HlProject) project = hl_project_new (hl_template_new_state ("lenet-strokes"), "verbs");
  HlModelDocument *model = hl_project_get_model (project);
  HlGraph *graph = hl_model_document_get_graph (model);
  guint32 conv = hl_graph_find_name (graph, "conv1")->id, relu = hl_graph_find_name (graph, "relu1")->id, added;
  g_autoptr (GError) error = NULL;
  g_autofree char *label = NULL;

  added = hl_model_document_append (model, hl_layer_class_find ("dropout"), conv);
  graph = hl_model_document_get_graph (model);
  g_assert_cmpuint (hl_graph_get_source (graph, added, 0), ==, conv);
  g_assert_cmpuint (hl_graph_get_source (graph, relu, 0), ==, added);
  g_object_get (project, "undo-label", &label, NULL);
  g_test_message ("%s", label);
  hl_model_document_remove (model, &added, 1);
  graph = hl_model_document_get_graph (model);
  g_assert_cmpuint (hl_graph_get_source (graph, relu, 0), ==, conv);
  g_assert_false (hl_model_document_can_connect (model, relu, conv, 0, &error));
  g_test_message ("%s", error->message);
  g_clear_error (&error);
  g_assert_false (hl_model_document_connect (model, relu, conv, 0, &error));
  g_clear_error (&error);
  g_assert_false (hl_model_document_paste_text (model, "no layers at all", 0, 0, &error));
  g_test_message ("%s", error->message);
  hl_project_close (project);
}

int
main (int argc, char **argv)
{
  hl_test_init (&argc, &argv);
  g_test_add_func ("/document-undo/random-scripts", test_random_scripts);
  g_test_add_func ("/document-undo/drag", test_drag);
  g_test_add_func ("/document-undo/verbs", test_verbs);
  return g_test_run ();
}
