/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlGraph: editing, names, comparing, JSON, and that damaged JSON gives a sentence and nothing else. */

#include <string.h>

#include "engine/base/random.h"
#include "engine/graph/graph-json.h"
#include "engine/train/classes.h"

static guint32
add (HlGraph *graph, const char *layer)
{
  const HlLayerClass *klass = hl_layer_class_find (layer);

  g_assert_nonnull (klass);
  return hl_graph_add_node (graph, klass, 10 * hl_graph_get_n_nodes (graph), 5);
}

static void
link_nodes (HlGraph *graph, guint32 from, guint32 to, guint port)
{
  g_autoptr (GError) error = NULL;

  hl_graph_connect (graph, from, to, port, &error);
  g_assert_no_error (error);
}

/* input → relu1 → (tanh1, sigmoid1) → add1 */
static HlGraph *
make_graph (guint32 ids[5])
{
  HlGraph *graph = hl_graph_new ();

  ids[0] = add (graph, "input");
  ids[1] = add (graph, "relu");
  ids[2] = add (graph, "tanh");
  ids[3] = add (graph, "sigmoid");
  ids[4] = add (graph, "add");
  link_nodes (graph, ids[0], ids[1], 0);
  link_nodes (graph, ids[1], ids[2], 0);
  link_nodes (graph, ids[1], ids[3], 0);
  link_nodes (graph, ids[2], ids[4], 0);
  link_nodes (graph, ids[3], ids[4], 1);
  return graph;
}

static char *
to_text (const HlGraph *graph)
{
  g_autoptr (JsonNode) json = hl_graph_to_json (graph);

  return json_to_string (json, TRUE);
}

static HlGraph *
from_text (const char *text, GError **error)
{
  g_autoptr (JsonNode) json = json_from_string (text, error);

  return json ? hl_graph_from_json (json, "graph", error) : NULL;
}

static void
test_names (void)
{
  g_autoptr (HlGraph) graph = hl_graph_new ();
  g_autoptr (GError) error = NULL;
  static const struct { const char *layer, *name; } cases[] = {
    { "input", "input" }, { "input", "input1" }, { "relu", "relu1" }, { "relu", "relu2" }, { "leaky_relu", "relu3" },
    { "batch_norm", "norm1" }, { "conv2d", "conv1" }, { "conv2d", "conv2" }, { "max_pool2d", "pool1" },
    { "linear", "linear1" },
  };
  guint32 id = 0;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    if (hl_layer_class_find (cases[i].layer))
      {
        id = add (graph, cases[i].layer);
        g_assert_cmpstr (hl_graph_find_node (graph, id)->name, ==, cases[i].name);
      }
  g_assert_true (hl_graph_rename_node (graph, id, " head ", &error));
  g_assert_no_error (error);
  g_assert_true (hl_graph_find_name (graph, "head") == hl_graph_find_node (graph, id));
  g_assert_true (hl_graph_rename_node (graph, id, "head", &error));
  g_assert_false (hl_graph_rename_node (graph, id, "relu1", &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE);
  g_assert_nonnull (strstr (error->message, "relu1"));
  g_clear_error (&error);
  g_assert_false (hl_graph_rename_node (graph, id, "  ", &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE);
  g_clear_error (&error);
  g_assert_false (hl_graph_rename_node (graph, id, "a\nb", &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE);
  g_assert_cmpstr (hl_graph_find_node (graph, id)->name, ==, "head");
}

static void
test_connect (void)
{
  guint32 ids[5];
  g_autoptr (HlGraph) graph = make_graph (ids);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (hl_graph_get_n_inputs (graph, ids[4]), ==, 2);
  g_assert_false (hl_graph_connect (graph, ids[4], ids[1], 0, &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_CYCLE);
  g_assert_nonnull (strstr (error->message, "relu1"));
  g_assert_nonnull (strstr (error->message, "add1"));
  g_clear_error (&error);
  g_assert_false (hl_graph_connect (graph, ids[2], ids[2], 0, &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_CYCLE);
  g_clear_error (&error);
  g_assert_false (hl_graph_connect (graph, ids[1], ids[0], 0, &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE);
  g_clear_error (&error);
  g_assert_false (hl_graph_connect (graph, ids[0], ids[2], 1, &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE);
  g_clear_error (&error);
  g_assert_false (hl_graph_connect (graph, ids[0], 999, 0, &error));
  g_assert_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_STRUCTURE);

  /* A link to a taken port replaces; one behind the last appends; one that is cut lets later ones move down. */
  link_nodes (graph, ids[0], ids[2], 0);
  g_assert_cmpuint (hl_graph_get_source (graph, ids[2], 0), ==, ids[0]);
  link_nodes (graph, ids[1], ids[4], 7);
  g_assert_cmpuint (hl_graph_get_source (graph, ids[4], 2), ==, ids[1]);
  hl_graph_disconnect (graph, ids[4], 0);
  g_assert_cmpuint (hl_graph_get_n_inputs (graph, ids[4]), ==, 2);
  g_assert_cmpuint (hl_graph_get_source (graph, ids[4], 0), ==, ids[3]);
  g_assert_cmpuint (hl_graph_get_source (graph, ids[4], 1), ==, ids[1]);
  hl_graph_remove_node (graph, ids[1]);
  g_assert_cmpuint (hl_graph_get_n_inputs (graph, ids[4]), ==, 1);
  g_assert_cmpuint (hl_graph_get_source (graph, ids[4], 0), ==, ids[3]);
  g_assert_cmpuint (hl_graph_get_source (graph, ids[3], 0), ==, 0);
  g_assert_null (hl_graph_find_node (graph, ids[1]));
}

static void
test_copy (void)
{
  guint32 ids[5], id;
  g_autoptr (HlGraph) graph = make_graph (ids), copy = NULL, other = NULL;
  g_autofree char *before = to_text (graph), *after = NULL;

  hl_graph_freeze (graph);
  copy = hl_graph_copy (graph);
  g_assert_false (hl_graph_is_frozen (copy));
  g_assert_true (hl_graph_equal (graph, copy));
  hl_graph_move_node (copy, ids[2], 1, 2);
  g_assert_false (hl_graph_equal (graph, copy));
  hl_graph_remove_node (copy, ids[4]);
  id = add (copy, "add");
  g_assert_cmpuint (id, >, ids[4]);
  after = to_text (graph);
  g_assert_cmpstr (before, ==, after);

  /* The order in which links were made does not show. */
  other = hl_graph_copy (graph);
  hl_graph_disconnect (other, ids[1], 0);
  link_nodes (other, ids[0], ids[1], 0);
  g_assert_true (hl_graph_equal (graph, other));

  id = hl_graph_add_copy (other, hl_graph_find_node (other, ids[1]));
  g_assert_cmpstr (hl_graph_find_node (other, id)->name, ==, "relu2");
}

static void
test_json (void)
{
  guint32 ids[5];
  g_autoptr (HlGraph) graph = make_graph (ids), read = NULL, part = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) part_json = hl_graph_part_to_json (graph, ids + 1, 2);
  g_autofree char *text = NULL, *again = NULL;

  if (hl_initializer_classes ()[0])
    {
      g_autoptr (HlChoice) init = hl_choice_new (&hl_initializer_classes ()[0]->base);

      hl_graph_set_init (graph, ids[1], TRUE, init);
      hl_graph_set_init (graph, ids[2], FALSE, init);
    }
  text = to_text (graph);
  read = from_text (text, &error);
  g_assert_no_error (error);
  g_assert_true (hl_graph_equal (graph, read));
  again = to_text (read);
  g_assert_cmpstr (text, ==, again);
  g_assert_cmpuint (add (read, "relu"), ==, ids[4] + 1);

  part = hl_graph_from_json (part_json, "clipboard", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hl_graph_get_n_nodes (part), ==, 2);
  g_assert_cmpuint (hl_graph_get_n_links (part), ==, 1);
}

static void
test_refused (void)
{
#define RELU "{\"id\": 1, \"layer\": \"relu\", \"name\": \"a\"}, {\"id\": 2, \"layer\": \"relu\", \"name\": \"b\"}"
  static const struct { const char *text, *word; } cases[] = {
    { "[]", "graph" },
    { "{}", "nodes" },
    { "{\"nodes\": [], \"links\": 3}", "links" },
    { "{\"nodes\": [], \"links\": [], \"more\": 1}", "more" },
    { "{\"nodes\": [4], \"links\": []}", "nodes[0]" },
    { "{\"nodes\": [{\"id\": 1, \"layer\": \"relu\"}], \"links\": []}", "name" },
    { "{\"nodes\": [{\"id\": 0, \"layer\": \"relu\", \"name\": \"a\"}], \"links\": []}", "between 1" },
    { "{\"nodes\": [{\"id\": 1, \"layer\": \"rely\", \"name\": \"a\"}], \"links\": []}", "rely" },
    { "{\"nodes\": [{\"id\": 1, \"layer\": \"relu\", \"name\": \"\"}], \"links\": []}", "empty" },
    { "{\"nodes\": [{\"id\": 1, \"layer\": \"relu\", \"name\": \"a\", \"size\": 3}], \"links\": []}", "size" },
    { "{\"nodes\": [{\"id\": 1, \"layer\": \"relu\", \"name\": \"a\", \"position\": [1]}], \"links\": []}", "position" },
    { "{\"nodes\": [{\"id\": 1, \"layer\": \"relu\", \"name\": \"a\", \"position\": [1, 1e99]}], \"links\": []}", "position" },
    { "{\"nodes\": [{\"id\": 1, \"layer\": \"dropout\", \"name\": \"a\", \"params\": {\"p\": 2}}], \"links\": []}",
      "nodes[0].params" },
    { "{\"nodes\": [{\"id\": 1, \"layer\": \"relu\", \"name\": \"a\", \"weight_init\": {\"name\": \"zzz\"}}], \"links\": []}",
      "zzz" },
    { "{\"nodes\": [" RELU ", {\"id\": 2, \"layer\": \"relu\", \"name\": \"c\"}], \"links\": []}", "nodes[2]" },
    { "{\"nodes\": [" RELU ", {\"id\": 3, \"layer\": \"relu\", \"name\": \"b\"}], \"links\": []}", "“b”" },
    { "{\"nodes\": [" RELU "], \"links\": [{\"from\": 1, \"to\": 9, \"port\": 0}]}", "9" },
    { "{\"nodes\": [" RELU "], \"links\": [{\"from\": 1, \"to\": 1, \"port\": 0}]}", "links[0]" },
    { "{\"nodes\": [" RELU "], \"links\": [{\"from\": 1, \"to\": 2, \"port\": 1}]}", "links[0]" },
    { "{\"nodes\": [" RELU "], \"links\": [{\"from\": 1, \"to\": 2}, {\"from\": 1, \"to\": 2}]}", "twice" },
    { "{\"nodes\": [" RELU "], \"links\": [{\"from\": 1, \"to\": 2}, {\"from\": 2, \"to\": 1}]}", "circle" },
    { "{\"nodes\": [" RELU ", {\"id\": 3, \"layer\": \"add\", \"name\": \"c\"}], \"links\": [{\"from\": 1, \"to\": 3, "
      "\"port\": 1}]}", "earlier" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HlGraph) graph = from_text (cases[i].text, &error);

      g_assert_null (graph);
      g_assert_error (error, HL_FILE_ERROR, HL_FILE_ERROR_CONTENT);
      g_test_message ("%s", error->message);
      g_assert_true (g_str_has_prefix (error->message, "graph"));
      g_assert_nonnull (strstr (error->message, cases[i].word));
    }
}

/* Damages a text at a few places: other bytes, parts cut out, parts doubled. */
static char *
damage (const char *text, HlRandom *random)
{
  static const char pool[] = "{}[],:\"-0123456789.eE truefalsn\\u\n";
  GString *result = g_string_new (text);
  guint n = 1 + hl_random_below (random, 4);

  for (guint i = 0; i < n && result->len > 0; i++)
    {
      guint at = hl_random_below (random, result->len), length = 1 + hl_random_below (random, 12);
      g_autofree char *piece = g_strndup (result->str + at, length);

      switch (hl_random_below (random, 4))
        {
        case 0:
          result->str[at] = pool[hl_random_below (random, sizeof pool - 1)];
          break;
        case 1:
          g_string_erase (result, at, MIN (length, result->len - at));
          break;
        case 2:
          g_string_insert (result, at, piece);
          break;
        default:
          g_string_insert_c (result, at, pool[hl_random_below (random, sizeof pool - 1)]);
          break;
        }
    }
  return g_string_free (result, FALSE);
}

/* Whatever is left readable must be a whole network again: equal after another round trip. */
static void
test_damaged (void)
{
  guint32 ids[5];
  g_autoptr (HlGraph) graph = make_graph (ids);
  g_autofree char *text = to_text (graph);
  guint n_read = 0, n_refused = 0;
  HlRandom random;

  hl_random_init (&random, 1, HL_PURPOSE_TEST, 0);
  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *damaged = damage (text, &random);
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) json = json_from_string (damaged, NULL);
      g_autoptr (HlGraph) read = json ? hl_graph_from_json (json, "graph", &error) : NULL;

      if (!json)
        continue;
      g_assert_true ((read == NULL) == (error != NULL));
      if (error)
        {
          g_assert_cmpstr (error->message, !=, "");
          g_assert_true (g_str_has_suffix (error->message, "."));
          n_refused++;
        }
      else
        {
          g_autofree char *once = to_text (read);
          g_autoptr (HlGraph) again = from_text (once, &error);

          g_assert_no_error (error);
          g_assert_true (hl_graph_equal (read, again));
          n_read++;
        }
    }
  g_test_message ("%u read, %u refused", n_read, n_refused);
  g_assert_cmpuint (n_read, >, 100);
  g_assert_cmpuint (n_refused, >, 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/graph/names", test_names);
  g_test_add_func ("/graph/connect", test_connect);
  g_test_add_func ("/graph/copy", test_copy);
  g_test_add_func ("/graph/json", test_json);
  g_test_add_func ("/graph/refused", test_refused);
  g_test_add_func ("/graph/damaged", test_damaged);
  return g_test_run ();
}
