/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The canvas: follows the document, works from the keyboard, tells assistive programs what it shows, draws, and goes away cleanly. */

#include "config.h"

#include <adwaita.h>
#include <glib/gstdio.h>

#include "app/project.h"
#include "ui/canvas/canvas.h"
#include "ui/canvas/minimap.h"
#include "ui/canvas/node-widget.h"

typedef struct { HlProject *project; HlModelDocument *document; GtkWidget *window, *canvas; char *message; } Fixture;

static void
message_cb (HlCanvas *canvas, const char *text, Fixture *f)
{
  g_free (f->message);
  f->message = g_strdup (text);
}

static void
pump (void)
{
  for (guint i = 0; i < 200 && g_main_context_iteration (NULL, FALSE); i++)
    ;
}

static gboolean
timeout_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Lets frames pass until the canvas has a size. */
static void
wait_for_size (GtkWidget *widget)
{
  gboolean late = FALSE;
  guint id = g_timeout_add_seconds (20, timeout_cb, &late);

  while (gtk_widget_get_width (widget) < 10 && !late)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (late);
  g_source_remove (id);
  pump ();
}

static void
set_up (Fixture *f, gconstpointer template)
{
  f->project = hl_project_new (hl_template_new_state (template), "test");
  f->document = g_object_ref (hl_project_get_model (f->project));
  f->window = gtk_window_new ();
  f->canvas = hl_canvas_new ();
  f->message = NULL;
  g_signal_connect (f->canvas, "message", G_CALLBACK (message_cb), f);
  hl_canvas_set_document (HL_CANVAS (f->canvas), f->document);
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1000, 700);
  gtk_window_set_child (GTK_WINDOW (f->window), f->canvas);
  gtk_window_present (GTK_WINDOW (f->window));
  wait_for_size (f->canvas);
}

static void
tear_down (Fixture *f, gconstpointer template)
{
  GtkWidget *canvas = f->canvas;

  g_object_add_weak_pointer (G_OBJECT (canvas), (gpointer *) &canvas);
  gtk_window_destroy (GTK_WINDOW (f->window));
  pump ();
  g_assert_null (canvas);
  hl_project_close (f->project);
  g_object_unref (f->document);
  g_object_unref (f->project);
  g_free (f->message);
}

static guint32
node_named (Fixture *f, const char *name)
{
  const HlNode *node = hl_graph_find_name (hl_model_document_get_graph (f->document), name);

  g_assert_nonnull (node);
  return node->id;
}

static void
act (Fixture *f, const char *action)
{
  g_assert_true (gtk_widget_activate_action (f->canvas, action, NULL));
}

static gboolean
press (Fixture *f, guint key, GdkModifierType state)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (f->canvas);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GObject) controller = g_list_model_get_item (controllers, i);
      gboolean handled = FALSE;

      if (GTK_IS_EVENT_CONTROLLER_KEY (controller))
        {
          g_signal_emit_by_name (controller, "key-pressed", key, 0, state, &handled);
          return handled;
        }
    }
  g_assert_not_reached ();
}

static guint
n_nodes (Fixture *f)
{
  return hl_graph_get_n_nodes (hl_model_document_get_graph (f->document));
}

/* ---- Following the document ---- */

static void
test_cards (Fixture *f, gconstpointer data)
{
  HlCanvas *canvas = HL_CANVAS (f->canvas);
  HlNodeWidget *card = HL_NODE_WIDGET (hl_canvas_find_card (canvas, node_named (f, "conv1")));

  /* Eight cards of 13 nodes: the others are chips. */
  g_assert_cmpuint (n_nodes (f), ==, 13);
  g_assert_cmpuint (hl_canvas_get_n_cards (canvas), ==, 8);
  g_assert_cmpuint (hl_canvas_get_n_links (canvas), ==, 7);
  g_assert_true (hl_canvas_find_card (canvas, node_named (f, "relu1")) == GTK_WIDGET (card));
  for (guint i = 0; i < hl_canvas_get_n_cards (canvas); i++)
    {
      HlRect a, b;

      hl_canvas_get_card (canvas, i, &a);
      g_assert_cmpfloat (a.height, >, HL_CARD_PORT_Y);
      for (guint k = 0; k < i; k++)
        {
          hl_canvas_get_card (canvas, k, &b);
          g_assert_false (hl_rect_intersects (&a, &b));
        }
    }
}

/* Cards stay the same widgets through edits and undo. */
static void
test_identity (Fixture *f, gconstpointer data)
{
  HlCanvas *canvas = HL_CANVAS (f->canvas);
  guint32 conv = node_named (f, "conv1");
  GtkWidget *card = hl_canvas_find_card (canvas, conv);
  const HlClass *klass = &hl_layer_class_find ("conv2d")->base;

  g_assert_true (hl_model_document_set_param (f->document, conv, hl_class_find_param (klass, "filters"), 12));
  g_assert_true (hl_canvas_find_card (canvas, conv) == card);
  hl_project_undo (f->project);
  g_assert_true (hl_canvas_find_card (canvas, conv) == card);
  g_assert_cmpuint (hl_canvas_get_n_cards (canvas), ==, 8);
}

static void
test_append (Fixture *f, gconstpointer data)
{
  HlCanvas *canvas = HL_CANVAS (f->canvas);
  guint32 conv = node_named (f, "conv1"), dropout, pool;

  hl_model_document_select (f->document, conv, FALSE);
  dropout = hl_canvas_append (canvas, hl_layer_class_find ("dropout"));
  g_assert_cmpuint (dropout, !=, 0);
  /* It docks behind the ReLU, on the same card, as one undo entry. */
  g_assert_cmpuint (hl_canvas_get_n_cards (canvas), ==, 8);
  g_assert_true (hl_canvas_find_card (canvas, dropout) == hl_canvas_find_card (canvas, conv));
  g_assert_cmpuint (hl_graph_get_source (hl_model_document_get_graph (f->document), dropout, 0), ==, node_named (f, "relu1"));
  hl_project_undo (f->project);
  g_assert_cmpuint (n_nodes (f), ==, 13);
  hl_model_document_select (f->document, conv, FALSE);
  pool = hl_canvas_append (canvas, hl_layer_class_find ("max_pool2d"));
  g_assert_cmpuint (hl_canvas_get_n_cards (canvas), ==, 9);
  g_assert_cmpuint (hl_graph_get_source (hl_model_document_get_graph (f->document), pool, 0), ==, node_named (f, "relu1"));
}

/* ---- Actions and keys ---- */

static void
test_delete (Fixture *f, gconstpointer data)
{
  HlCanvas *canvas = HL_CANVAS (f->canvas);
  const HlGraph *graph;

  /* With the card goes its chip, and the chain stays one. */
  hl_model_document_select (f->document, node_named (f, "conv2"), FALSE);
  act (f, "canvas.delete");
  graph = hl_model_document_get_graph (f->document);
  g_assert_cmpuint (n_nodes (f), ==, 11);
  g_assert_cmpuint (hl_canvas_get_n_links (canvas), ==, 6);
  g_assert_cmpuint (hl_graph_get_source (graph, node_named (f, "pool2"), 0), ==, node_named (f, "pool1"));
  hl_project_undo (f->project);
  g_assert_cmpuint (n_nodes (f), ==, 13);
  g_assert_cmpuint (hl_canvas_get_n_cards (canvas), ==, 8);
}

static void
test_duplicate (Fixture *f, gconstpointer data)
{
  guint n;
  g_autofree guint32 *selected = NULL;

  hl_model_document_select (f->document, node_named (f, "linear1"), FALSE);
  act (f, "canvas.duplicate");
  g_assert_cmpuint (n_nodes (f), ==, 15);
  act (f, "canvas.select-all");
  selected = hl_model_document_get_selection (f->document, &n);
  g_assert_cmpuint (n, ==, 15);
  act (f, "canvas.select-none");
  g_free (selected);
  selected = hl_model_document_get_selection (f->document, &n);
  g_assert_cmpuint (n, ==, 0);
}

static void
test_clipboard (Fixture *f, gconstpointer data)
{
  gboolean late = FALSE;
  guint id;

  hl_model_document_select (f->document, node_named (f, "linear1"), FALSE);
  act (f, "canvas.cut");
  g_assert_cmpuint (n_nodes (f), ==, 11);
  act (f, "canvas.paste");
  id = g_timeout_add_seconds (20, timeout_cb, &late);
  while (n_nodes (f) == 11 && !late)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (late);
  g_source_remove (id);
  g_assert_cmpuint (n_nodes (f), ==, 13);
}

static void
test_arrows (Fixture *f, gconstpointer data)
{
  static const char *const walk[] = { "conv1", "pool1", "conv2", "pool2", "linear1", "linear2", "linear3", NULL };
  guint n;

  hl_model_document_select (f->document, node_named (f, "input"), FALSE);
  gtk_widget_grab_focus (hl_canvas_find_card (HL_CANVAS (f->canvas), node_named (f, "input")));
  for (guint i = 0; walk[i]; i++)
    {
      g_autofree guint32 *selected = NULL;

      g_assert_true (press (f, GDK_KEY_Right, 0));
      selected = hl_model_document_get_selection (f->document, &n);
      g_assert_cmpuint (n, ==, 1);
      g_assert_cmpuint (selected[0], ==, node_named (f, walk[i]));
    }
  g_assert_true (press (f, GDK_KEY_Left, 0));
  g_assert_true (hl_node_item_get_selected (hl_model_document_find_item (f->document, node_named (f, "linear2"))));
}

/* Ctrl and an arrow moves by one place of the grid, chips along. */
static void
test_nudge (Fixture *f, gconstpointer data)
{
  const HlNode *before = hl_graph_find_name (hl_model_document_get_graph (f->document), "conv1"), *after, *chip;
  double x = before->x, chip_x = hl_graph_find_name (hl_model_document_get_graph (f->document), "relu1")->x;

  hl_model_document_select (f->document, before->id, FALSE);
  g_assert_true (press (f, GDK_KEY_Right, GDK_CONTROL_MASK));
  after = hl_graph_find_name (hl_model_document_get_graph (f->document), "conv1");
  chip = hl_graph_find_name (hl_model_document_get_graph (f->document), "relu1");
  g_assert_cmpfloat (after->x, ==, x + HL_CANVAS_GRID);
  g_assert_cmpfloat (chip->x, ==, chip_x + HL_CANVAS_GRID);
}

/* A link that cannot be is refused with words. */
static void
test_connect (Fixture *f, gconstpointer data)
{
  hl_model_document_select (f->document, node_named (f, "conv1"), FALSE);
  act (f, "canvas.connect");
  g_assert_nonnull (f->message);
  g_assert_cmpuint (hl_canvas_get_n_links (HL_CANVAS (f->canvas)), ==, 7);
}

static void
test_arrange (Fixture *f, gconstpointer data)
{
  HlCanvas *canvas = HL_CANVAS (f->canvas);
  g_autofree char *label = NULL;

  act (f, "canvas.arrange");
  g_object_get (f->project, "undo-label", &label, NULL);
  g_assert_nonnull (label);
  /* Chips stay docked, and one undo brings everything back. */
  g_assert_cmpuint (hl_canvas_get_n_cards (canvas), ==, 8);
  hl_project_undo (f->project);
  g_assert_cmpuint (hl_canvas_get_n_cards (canvas), ==, 8);
}

static void
test_zoom (Fixture *f, gconstpointer data)
{
  HlCanvas *canvas = HL_CANVAS (f->canvas);
  HlView view = { 0, 0, 1 };

  hl_canvas_set_view (canvas, &view, FALSE);
  g_assert_cmpfloat (hl_canvas_get_view (canvas)->zoom, ==, 1);
  hl_canvas_fit (canvas, FALSE);
  for (guint i = 0; i < hl_canvas_get_n_cards (canvas); i++)
    {
      HlRect rect;
      HlPoint low, high;

      hl_canvas_get_card (canvas, i, &rect);
      low = hl_view_to_view (hl_canvas_get_view (canvas), rect.x, rect.y);
      high = hl_view_to_view (hl_canvas_get_view (canvas), rect.x + rect.width, rect.y + rect.height);
      g_assert_cmpfloat (low.x, >=, 0);
      g_assert_cmpfloat (low.y, >=, 0);
      g_assert_cmpfloat (high.x, <=, gtk_widget_get_width (f->canvas));
      g_assert_cmpfloat (high.y, <=, gtk_widget_get_height (f->canvas));
    }
}

/* ---- The pointer ---- */

static GtkGesture *
first_drag (Fixture *f)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (f->canvas);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GObject) controller = g_list_model_get_item (controllers, i);

      if (GTK_IS_GESTURE_DRAG (controller) && gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (controller)) == 0
          && gtk_gesture_single_get_button (GTK_GESTURE_SINGLE (controller)) == GDK_BUTTON_PRIMARY)
        return GTK_GESTURE (controller);
    }
  g_assert_not_reached ();
}

/* From one canvas point to another, in three steps. */
static void
drag (Fixture *f, HlPoint from, HlPoint to)
{
  const HlView *view = hl_canvas_get_view (HL_CANVAS (f->canvas));
  GtkGesture *gesture = first_drag (f);
  HlPoint a = hl_view_to_view (view, from.x, from.y), b = hl_view_to_view (view, to.x, to.y);

  g_signal_emit_by_name (gesture, "drag-begin", a.x, a.y);
  for (guint i = 1; i <= 3; i++)
    g_signal_emit_by_name (gesture, "drag-update", (b.x - a.x) * i / 3, (b.y - a.y) * i / 3);
  g_signal_emit_by_name (gesture, "drag-end", b.x - a.x, b.y - a.y);
}

static HlRect
rect_of (Fixture *f, const char *name)
{
  HlRect rect = { 0, 0, 0, 0 };

  for (guint i = 0; i < hl_canvas_get_n_cards (HL_CANVAS (f->canvas)); i++)
    if (hl_canvas_get_card (HL_CANVAS (f->canvas), i, &rect) == node_named (f, name))
      return rect;
  g_assert_not_reached ();
}

static HlPoint
input_of (Fixture *f, const char *name)
{
  HlRect rect = rect_of (f, name);

  return (HlPoint) { rect.x, rect.y + HL_CARD_PORT_Y };
}

static HlPoint
output_of (Fixture *f, const char *name)
{
  HlRect rect = rect_of (f, name);

  return (HlPoint) { rect.x + rect.width, rect.y + HL_CARD_PORT_Y };
}

static guint32
source_of (Fixture *f, const char *name)
{
  return hl_graph_get_source (hl_model_document_get_graph (f->document), node_named (f, name), 0);
}

/* A port dragged onto another card links them; a link's end dragged off unlinks; backwards is a cycle and is refused in words. */
static void
test_drag_link (Fixture *f, gconstpointer data)
{
  HlRect rect = rect_of (f, "conv2");

  hl_canvas_fit (HL_CANVAS (f->canvas), FALSE);
  drag (f, output_of (f, "conv1"), (HlPoint) { rect.x + 40, rect.y + 60 });
  g_assert_cmpuint (source_of (f, "conv2"), ==, node_named (f, "relu1"));
  hl_project_undo (f->project);
  g_assert_cmpuint (source_of (f, "conv2"), ==, node_named (f, "pool1"));
  drag (f, input_of (f, "conv2"), (HlPoint) { rect.x - 14, rect.y + rect.height + 60 });
  g_assert_cmpuint (source_of (f, "conv2"), ==, 0);
  hl_project_undo (f->project);
  g_assert_null (f->message);
  rect = rect_of (f, "conv1");
  drag (f, output_of (f, "pool1"), (HlPoint) { rect.x + 60, rect.y + 60 });
  g_assert_nonnull (f->message);
  g_assert_cmpuint (source_of (f, "conv1"), ==, node_named (f, "input"));
}

/* Cards move on the grid, their chips with them, as one undo entry. */
static void
test_drag_card (Fixture *f, gconstpointer data)
{
  HlRect before = rect_of (f, "linear1"), after;
  double chip = hl_graph_find_name (hl_model_document_get_graph (f->document), "relu3")->y;

  hl_canvas_fit (HL_CANVAS (f->canvas), FALSE);
  drag (f, (HlPoint) { before.x + 80, before.y + 15 }, (HlPoint) { before.x + 80 + 40, before.y + 15 + 64 });
  after = rect_of (f, "linear1");
  g_assert_cmpfloat (after.x, ==, before.x + 40);
  g_assert_cmpfloat (after.y, ==, before.y + 64);
  g_assert_cmpfloat (hl_graph_find_name (hl_model_document_get_graph (f->document), "relu3")->y, ==, chip + 64);
  hl_project_undo (f->project);
  g_assert_false (hl_project_get_modified (f->project));
}

static void
test_band (Fixture *f, gconstpointer data)
{
  HlRect first = rect_of (f, "input"), last = rect_of (f, "pool1");
  g_autofree guint32 *selected = NULL;
  guint n;

  hl_canvas_fit (HL_CANVAS (f->canvas), FALSE);
  drag (f, (HlPoint) { first.x - 12, first.y - 12 }, (HlPoint) { last.x + 30, last.y + 40 });
  selected = hl_model_document_get_selection (f->document, &n);
  g_assert_cmpuint (n, ==, 3);
  g_assert_false (hl_project_get_modified (f->project));
}

/* ---- Assistive programs ---- */

static void
assert_property (GtkWidget *widget, GtkAccessibleProperty property, const char *wanted)
{
  g_autofree char *problem = gtk_test_accessible_check_property (GTK_ACCESSIBLE (widget), property, wanted);

  g_assert_cmpstr (problem, ==, NULL);
}

static void
test_accessible (Fixture *f, gconstpointer data)
{
  GtkWidget *card = hl_canvas_find_card (HL_CANVAS (f->canvas), node_named (f, "linear1"));

  g_assert_true (gtk_accessible_get_accessible_role (GTK_ACCESSIBLE (f->canvas)) == GTK_ACCESSIBLE_ROLE_LIST_BOX);
  g_assert_true (gtk_accessible_get_accessible_role (GTK_ACCESSIBLE (card)) == GTK_ACCESSIBLE_ROLE_OPTION);
  g_assert_true (gtk_widget_get_focusable (card));
  assert_property (card, GTK_ACCESSIBLE_PROPERTY_LABEL, "linear1");
  assert_property (card, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, "Linear, 120 units, ReLU, output 120");
}

static void
assert_port (Fixture *f, guint32 node, guint port, const char *wanted)
{
  g_autofree char *text = hl_canvas_describe_port (HL_CANVAS (f->canvas), node, port);

  g_assert_cmpstr (text, ==, wanted);
}

/* The card's description ends with what is wrong with the network. */
static void
assert_inputs (Fixture *f, guint32 node, const char *wanted)
{
  const HlProblem *problem = hl_node_item_get_problem (hl_model_document_find_item (f->document, node));
  g_autofree char *text = g_strdup_printf ("Divide, %s%s%s", wanted, problem ? ". " : "", problem ? problem->text : "");

  assert_property (hl_canvas_find_card (HL_CANVAS (f->canvas), node), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text);
}

/* Of two inputs it can be told which is which, linked or not; and it follows the links and names. */
static void
test_ports (Fixture *f, gconstpointer data)
{
  guint32 node = hl_model_document_add (f->document, hl_layer_class_find ("div"), 400, 700);

  assert_port (f, node, 1, "Input 2, divisor: none");
  g_assert_true (hl_model_document_connect (f->document, node_named (f, "conv2"), node, 1, NULL));
  g_assert_true (hl_model_document_connect (f->document, node_named (f, "relu1"), node, 0, NULL));
  assert_port (f, node, 0, "Input 1, dividend: relu1");
  assert_inputs (f, node, "Input 1, dividend: relu1, Input 2, divisor: conv2");
  g_assert_true (hl_model_document_rename (f->document, node_named (f, "conv2"), "lower", NULL));
  assert_port (f, node, 1, "Input 2, divisor: lower");
  hl_model_document_disconnect (f->document, node, 0);
  assert_inputs (f, node, "Input 1, dividend: none, Input 2, divisor: lower");
  node = hl_model_document_add (f->document, hl_layer_class_find ("concat"), 600, 700);
  assert_port (f, node, 1, "Input 2: none");
}

/* What is wrong stands on the card, and the fix is one action. */
static void
test_problems (Fixture *f, gconstpointer data)
{
  guint32 flatten = node_named (f, "flatten1"), linear = node_named (f, "linear1"), conv = node_named (f, "conv2");
  const HlLayerClass *klass = hl_layer_class_find ("conv2d");
  GtkWidget *card;

  hl_model_document_remove (f->document, &flatten, 1);
  g_assert_true (hl_model_document_connect (f->document, node_named (f, "pool2"), linear, 0, NULL));
  card = hl_canvas_find_card (HL_CANVAS (f->canvas), linear);
  g_assert_true (gtk_widget_has_css_class (card, "has-warning"));
  g_assert_nonnull (hl_node_item_get_problem (hl_model_document_find_item (f->document, linear)));
  g_assert_true (gtk_widget_activate_action (card, "card.fix", NULL));
  g_assert_cmpstr (f->message, ==, NULL);
  card = hl_canvas_find_card (HL_CANVAS (f->canvas), linear);
  g_assert_false (gtk_widget_has_css_class (card, "has-warning"));
  g_assert_cmpuint (n_nodes (f), ==, 13);

  hl_model_document_set_param (f->document, conv, hl_class_find_param (&klass->base, "groups"), 5);
  g_assert_true (gtk_widget_has_css_class (hl_canvas_find_card (HL_CANVAS (f->canvas), conv), "has-error"));
}

/* ---- Drawing ---- */

static GdkTexture *
render (GtkWidget *widget)
{
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  g_autoptr (GskRenderNode) node = NULL;
  GskRenderer *renderer = gtk_native_get_renderer (gtk_widget_get_native (widget));

  gtk_widget_allocate (widget, gtk_widget_get_width (widget), gtk_widget_get_height (widget), -1, NULL);
  GTK_WIDGET_GET_CLASS (widget)->snapshot (widget, snapshot);
  node = gtk_snapshot_free_to_node (snapshot);
  g_assert_nonnull (node);
  return gsk_renderer_render_texture (renderer, node, &GRAPHENE_RECT_INIT (0, 0, gtk_widget_get_width (widget), gtk_widget_get_height (widget)));
}

/* Every card leaves the dark of its well in the picture, and the file can be written. */
static void
test_render (Fixture *f, gconstpointer data)
{
  g_autoptr (GdkTexture) texture = NULL;
  g_autofree guint32 *pixels = NULL;
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "hillock-test-canvas.png", NULL);
  int width, height;
  guint n_dark = 0;

  hl_canvas_fit (HL_CANVAS (f->canvas), FALSE);
  pump ();
  texture = render (f->canvas);
  width = gdk_texture_get_width (texture);
  height = gdk_texture_get_height (texture);
  pixels = g_new (guint32, (gsize) width * height);
  gdk_texture_download (texture, (guchar *) pixels, (gsize) width * 4);
  for (int i = 0; i < width * height; i++)
    n_dark += (pixels[i] & 0xffffff) == 0x241f31;
  g_assert_cmpuint (n_dark, >, 8 * 1000);
  g_assert_true (gdk_texture_save_to_png (texture, path));
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_remove (path);
}

/* Two hundred cards: one frame's snapshot, told, not asserted. */
static void
test_many (Fixture *f, gconstpointer data)
{
  HlCanvas *canvas = HL_CANVAS (f->canvas);
  g_autoptr (GTimer) timer = NULL;
  g_autoptr (GdkTexture) texture = NULL;

  while (hl_canvas_get_n_cards (canvas) < 200)
    {
      hl_model_document_select_all (f->document);
      act (f, "canvas.duplicate");
    }
  pump ();
  timer = g_timer_new ();
  act (f, "canvas.arrange");
  g_test_message ("arranging %u cards: %.1f ms", hl_canvas_get_n_cards (canvas), 1000 * g_timer_elapsed (timer, NULL));
  pump ();
  g_timer_start (timer);
  for (guint i = 0; i < 20; i++)
    {
      HlView view = *hl_canvas_get_view (canvas);

      view.x += 3;
      hl_canvas_set_view (canvas, &view, FALSE);
      g_clear_object (&texture);
      texture = render (f->canvas);
    }
  g_test_message ("a frame of %u cards: %.1f ms", hl_canvas_get_n_cards (canvas), 1000 * g_timer_elapsed (timer, NULL) / 20);
  g_assert_cmpuint (hl_canvas_get_n_cards (canvas), >=, 200);
}

static void
test_minimap (Fixture *f, gconstpointer data)
{
  GtkWidget *minimap = g_object_ref_sink (hl_minimap_new (HL_CANVAS (f->canvas)));

  g_object_add_weak_pointer (G_OBJECT (minimap), (gpointer *) &minimap);
  g_object_unref (minimap);
  g_assert_null (minimap);
}

#define ADD(name, func) g_test_add ("/canvas/" name, Fixture, "lenet-strokes", set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP there is no display\n");
      return 77;
    }
  adw_init ();
  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", FALSE, NULL);
  ADD ("cards", test_cards);
  ADD ("identity", test_identity);
  ADD ("append", test_append);
  ADD ("delete", test_delete);
  ADD ("duplicate", test_duplicate);
  ADD ("clipboard", test_clipboard);
  ADD ("arrows", test_arrows);
  ADD ("nudge", test_nudge);
  ADD ("connect", test_connect);
  ADD ("arrange", test_arrange);
  ADD ("zoom", test_zoom);
  ADD ("drag-link", test_drag_link);
  ADD ("drag-card", test_drag_card);
  ADD ("band", test_band);
  ADD ("accessible", test_accessible);
  ADD ("ports", test_ports);
  ADD ("problems", test_problems);
  ADD ("render", test_render);
  ADD ("many", test_many);
  ADD ("minimap", test_minimap);
  return g_test_run ();
}
