/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Inspect page: choose a layer at the left, see what it makes of the probe in the middle, and the network's answer at the right. Works
 * while training, afterwards, and for earlier runs. */

#include "config.h"

#include "ui/pages.h"

#include "ui/canvas/node-widget.h"
#include "ui/chart/export.h"
#include "ui/inspect/layer-view.h"
#include "ui/inspect/probe-panel.h"

#include <glib/gi18n.h>

#define LEFT_WIDTH 220
#define RIGHT_WIDTH 260

#define HL_TYPE_INSPECT_PAGE (hl_inspect_page_get_type ())
G_DECLARE_FINAL_TYPE (HlInspectPage, hl_inspect_page, HL, INSPECT_PAGE, GtkBox)

struct _HlInspectPage
{
  GtkBox parent_instance;
  HlWorkspace *workspace;
  HlProbeResult *result;
  HlGraph *graph;              /* whose layers the list shows */
  guint32 node;
  GtkListBox *layers;
  GtkWidget *stack, *status, *runs, *save;
  HlLayerView *view;
  HlProbePanel *probe;
  GtkFileChooserNative *chooser;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (HlInspectPage, hl_inspect_page, GTK_TYPE_BOX)

static HlSession *
get_session (HlInspectPage *self)
{
  return hl_workspace_get_session (self->workspace);
}

/* ---- Layers ---- */

static void
draw_stripe (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  GdkRGBA color;

  hl_group_get_rgba (data, &color);
  gdk_cairo_set_source_rgba (cr, &color);
  cairo_rectangle (cr, 0, 0, width, height);
  cairo_fill (cr);
}

static GtkWidget *
layer_row (const HlArray *array, const HlNode *node)
{
  GtkWidget *row = gtk_list_box_row_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *text = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *stripe = g_object_new (GTK_TYPE_DRAWING_AREA, "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
  g_autofree char *shape = hl_shape_to_string (&array->shape), *line = NULL;
  GtkWidget *name = gtk_label_new (array->name), *facts;

  line = g_strdup_printf ("%s · %s", node != NULL ? _(node->klass->base.title) : "", shape);
  facts = gtk_label_new (line);
  gtk_label_set_xalign (GTK_LABEL (name), 0);
  gtk_label_set_xalign (GTK_LABEL (facts), 0);
  gtk_label_set_ellipsize (GTK_LABEL (facts), PANGO_ELLIPSIZE_END);
  gtk_label_set_ellipsize (GTK_LABEL (name), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (facts, "dim-label");
  gtk_widget_add_css_class (facts, "caption");
  gtk_widget_add_css_class (facts, "hl-numbers");
  gtk_widget_add_css_class (stripe, "hl-stripe");
  gtk_widget_set_overflow (stripe, GTK_OVERFLOW_HIDDEN);
  gtk_drawing_area_set_content_width (GTK_DRAWING_AREA (stripe), 4);
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (stripe), draw_stripe, (gpointer) (node != NULL ? node->klass->base.group : ""), NULL);
  gtk_box_append (GTK_BOX (text), name);
  gtk_box_append (GTK_BOX (text), facts);
  gtk_box_append (GTK_BOX (box), stripe);
  gtk_box_append (GTK_BOX (box), text);
  gtk_widget_add_css_class (box, "hl-class");
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, array->name, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, line, -1);
  g_object_set_data (G_OBJECT (row), "node", GUINT_TO_POINTER (array->node));
  return row;
}

static gboolean
same_layers (HlInspectPage *self)
{
  guint at = 0;

  for (guint i = 0; i < self->result->values->len; i++)
    {
      const HlArray *array = g_ptr_array_index (self->result->values, i);
      GtkListBoxRow *row;

      if (array->node == 0)
        continue;
      row = gtk_list_box_get_row_at_index (self->layers, at++);
      if (row == NULL || GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (row), "node")) != array->node)
        return FALSE;
    }
  return gtk_list_box_get_row_at_index (self->layers, at) == NULL;
}

static void
fill_layers (HlInspectPage *self)
{
  GtkListBoxRow *chosen = NULL;
  GtkWidget *child;

  self->updating = TRUE;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->layers))) != NULL)
    gtk_list_box_remove (self->layers, child);
  for (guint i = 0; i < self->result->values->len; i++)
    {
      const HlArray *array = g_ptr_array_index (self->result->values, i);
      const HlNode *node = self->graph != NULL ? hl_graph_find_node (self->graph, array->node) : NULL;
      GtkWidget *row;

      if (array->node == 0)
        continue;
      row = layer_row (array, node);
      gtk_list_box_append (self->layers, row);
      /* Without a choice of the user's: the first layer that has something to show, behind the input. */
      if (array->node == self->node || (chosen == NULL && i == 1))
        chosen = GTK_LIST_BOX_ROW (row);
    }
  if (chosen == NULL)
    chosen = gtk_list_box_get_row_at_index (self->layers, 0);
  self->node = chosen != NULL ? GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (chosen), "node")) : 0;
  gtk_list_box_select_row (self->layers, chosen);
  self->updating = FALSE;
}

static void
layer_selected_cb (HlInspectPage *self, GtkListBoxRow *row)
{
  if (self->updating || row == NULL)
    return;
  self->node = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (row), "node"));
  hl_layer_view_set (self->view, self->result, self->graph, self->node);
}

/* ---- Answers ---- */

static void
update_state (HlInspectPage *self)
{
  HlSessionState state = hl_session_get_state (get_session (self));
  gboolean runs = g_list_model_get_n_items (G_LIST_MODEL (hl_workspace_get_runs (self->workspace))) > 0;

  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), self->result != NULL ? "view" : "status");
  gtk_widget_set_sensitive (self->save, self->result != NULL && state != HL_SESSION_PREPARING && state != HL_SESSION_FAILED);
  gtk_widget_set_sensitive (self->runs, runs);
  if (self->result != NULL)
    return;
  if (state == HL_SESSION_PREPARING)
    {
      adw_status_page_set_title (ADW_STATUS_PAGE (self->status), _("Just a moment"));
      adw_status_page_set_description (ADW_STATUS_PAGE (self->status), _("The network is being prepared; its layers appear here at once."));
    }
  else
    {
      adw_status_page_set_title (ADW_STATUS_PAGE (self->status), _("Look into the network"));
      adw_status_page_set_description (ADW_STATUS_PAGE (self->status),
                                       runs ? _("Press Train, or choose an earlier run at the left: then you see here what every layer makes of an image.")
                                            : _("Press Train: then you see here, live, what every layer makes of an image and which filters it learns."));
    }
}

static void
probe_cb (HlInspectPage *self, HlProbeResult *result)
{
  HlRun *run = hl_session_get_run (get_session (self));
  HlProjectState *state = run != NULL ? hl_run_get_state (run) : NULL;
  HlGraph *graph = state != NULL ? hl_project_state_get_graph (state) : NULL;
  gboolean other = graph != self->graph;

  if (result == NULL)
    return;
  hl_probe_result_ref (result);
  g_clear_pointer (&self->result, hl_probe_result_unref);
  self->result = result;
  if (other)
    {
      g_clear_pointer (&self->graph, hl_graph_unref);
      self->graph = graph != NULL ? hl_graph_ref (graph) : NULL;
    }
  /* Pictures nobody sees need not be drawn ten times a second. */
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  if (other || !same_layers (self))
    fill_layers (self);
  update_state (self);
  hl_layer_view_set (self->view, self->result, self->graph, self->node);
  hl_probe_panel_set_result (self->probe, self->result);
}

/* ---- Runs ---- */

static void
update_runs (HlInspectPage *self)
{
  GListModel *runs = G_LIST_MODEL (hl_workspace_get_runs (self->workspace));
  HlRun *current = hl_session_get_run (get_session (self));
  g_autoptr(GtkStringList) titles = gtk_string_list_new (NULL);
  guint selected = GTK_INVALID_LIST_POSITION;

  /* A list of its own: bound to the runs, the drop-down would choose one by itself whenever they change. */
  for (guint i = 0; i < g_list_model_get_n_items (runs); i++)
    {
      g_autoptr(HlRun) run = g_list_model_get_item (runs, i);

      gtk_string_list_append (titles, hl_run_get_title (run));
      if (run == current)
        selected = i;
    }
  self->updating = TRUE;
  gtk_drop_down_set_model (GTK_DROP_DOWN (self->runs), G_LIST_MODEL (titles));
  gtk_drop_down_set_selected (GTK_DROP_DOWN (self->runs), selected);
  self->updating = FALSE;
  update_state (self);
}

static void
mapped_cb (HlInspectPage *self)
{
  probe_cb (self, hl_session_get_last_probe (get_session (self)));
  update_runs (self);
}

static void
run_selected_cb (HlInspectPage *self)
{
  guint position = gtk_drop_down_get_selected (GTK_DROP_DOWN (self->runs));
  g_autoptr(HlRun) run = g_list_model_get_item (G_LIST_MODEL (hl_workspace_get_runs (self->workspace)), position);
  g_autoptr(GError) error = NULL;

  if (self->updating || run == NULL || run == hl_session_get_run (get_session (self)))
    return;
  if (!hl_session_inspect_run (get_session (self), run, hl_data_source_get_dataset (hl_workspace_get_source (self->workspace)), &error))
    {
      hl_export_notify (GTK_WIDGET (self), error->message);
      update_runs (self);
      return;
    }
}

/* ---- Saving weights ---- */

static void
save_response_cb (HlInspectPage *self, int response, GtkNativeDialog *dialog)
{
  g_autoptr(GFile) file = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;

  if (file != NULL)
    hl_session_save_weights (get_session (self), file);
  g_clear_object (&self->chooser);
}

static void
save_cb (HlInspectPage *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  g_autofree char *name = g_strdup_printf ("%s.safetensors", hl_project_get_title (hl_workspace_get_project (self->workspace)));

  if (self->chooser != NULL)
    return;
  self->chooser = gtk_file_chooser_native_new (_("Save the weights"), GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                               GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (self->chooser), name);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (save_response_cb), self, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

/* ---- Layout ---- */

static GtkWidget *
side_title (const char *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "hl-side-title");
  return label;
}

static GtkWidget *
side_new (GtkWidget *box, int width)
{
  GtkWidget *scrolled = gtk_scrolled_window_new ();

  gtk_widget_set_margin_start (box, 10);
  gtk_widget_set_margin_end (box, 10);
  gtk_widget_set_margin_top (box, 6);
  gtk_widget_set_margin_bottom (box, 12);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), box);
  gtk_widget_set_size_request (scrolled, width, -1);
  /* Labels inside that take the room of their row must not widen the panel. */
  gtk_widget_set_hexpand (scrolled, FALSE);
  gtk_widget_add_css_class (scrolled, "hl-side");
  return scrolled;
}

static GtkWidget *
make_left (HlInspectPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);

  self->runs = gtk_drop_down_new (NULL, NULL);
  gtk_widget_set_tooltip_text (self->runs, _("The run whose network you look into"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->runs), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Run"), -1);
  self->layers = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_widget_add_css_class (GTK_WIDGET (self->layers), "hl-runs");
  gtk_list_box_set_selection_mode (self->layers, GTK_SELECTION_BROWSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->layers), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Layers"), -1);
  self->save = gtk_button_new_with_mnemonic (_("Save _weights…"));
  gtk_widget_set_tooltip_text (self->save, _("As a safetensors file with the names PyTorch uses, or the network too as ONNX where the name ends in .onnx"));
  gtk_widget_set_margin_top (self->save, 8);
  gtk_box_append (GTK_BOX (box), side_title (_("Run")));
  gtk_box_append (GTK_BOX (box), self->runs);
  gtk_box_append (GTK_BOX (box), side_title (_("Layers")));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->layers));
  gtk_box_append (GTK_BOX (box), self->save);
  g_signal_connect_object (self->layers, "row-selected", G_CALLBACK (layer_selected_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->runs, "notify::selected", G_CALLBACK (run_selected_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->save, "clicked", G_CALLBACK (save_cb), self, G_CONNECT_SWAPPED);
  return side_new (box, LEFT_WIDTH);
}

static GtkWidget *
make_middle (HlInspectPage *self)
{
  GtkWidget *scrolled = gtk_scrolled_window_new ();

  self->view = HL_LAYER_VIEW (hl_layer_view_new ());
  gtk_widget_set_margin_start (GTK_WIDGET (self->view), 14);
  gtk_widget_set_margin_end (GTK_WIDGET (self->view), 14);
  gtk_widget_set_margin_top (GTK_WIDGET (self->view), 14);
  gtk_widget_set_margin_bottom (GTK_WIDGET (self->view), 14);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), GTK_WIDGET (self->view));
  self->status = adw_status_page_new ();
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (self->status), "system-search-symbolic");
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), self->status, "status");
  gtk_stack_add_named (GTK_STACK (self->stack), scrolled, "view");
  gtk_widget_set_hexpand (self->stack, TRUE);
  return self->stack;
}

static GtkWidget *
make_right (HlInspectPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);

  self->probe = HL_PROBE_PANEL (hl_probe_panel_new (self->workspace));
  gtk_box_append (GTK_BOX (box), side_title (_("Probe")));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->probe));
  return side_new (box, RIGHT_WIDTH);
}

static void
inspect_page_dispose (GObject *object)
{
  HlInspectPage *self = HL_INSPECT_PAGE (object);

  if (self->chooser != NULL)
    gtk_native_dialog_destroy (GTK_NATIVE_DIALOG (self->chooser));
  g_clear_object (&self->chooser);
  g_clear_pointer (&self->result, hl_probe_result_unref);
  g_clear_pointer (&self->graph, hl_graph_unref);
  g_clear_object (&self->workspace);
  G_OBJECT_CLASS (hl_inspect_page_parent_class)->dispose (object);
}

static void
hl_inspect_page_class_init (HlInspectPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = inspect_page_dispose;
}

static void
hl_inspect_page_init (HlInspectPage *self)
{
}

GtkWidget *
hl_inspect_page_new (HlWorkspace *workspace)
{
  HlInspectPage *self = g_object_new (HL_TYPE_INSPECT_PAGE, NULL);
  HlSession *session = hl_workspace_get_session (workspace);

  self->workspace = g_object_ref (workspace);
  gtk_box_append (GTK_BOX (self), make_left (self));
  gtk_box_append (GTK_BOX (self), gtk_separator_new (GTK_ORIENTATION_VERTICAL));
  gtk_box_append (GTK_BOX (self), make_middle (self));
  gtk_box_append (GTK_BOX (self), gtk_separator_new (GTK_ORIENTATION_VERTICAL));
  gtk_box_append (GTK_BOX (self), make_right (self));
  g_signal_connect (self, "map", G_CALLBACK (mapped_cb), NULL);
  g_signal_connect_object (session, "probe", G_CALLBACK (probe_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::state", G_CALLBACK (update_state), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::run", G_CALLBACK (update_runs), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (hl_workspace_get_runs (workspace), "items-changed", G_CALLBACK (update_runs), self, G_CONNECT_SWAPPED);
  update_runs (self);
  return GTK_WIDGET (self);
}
