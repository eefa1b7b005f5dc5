/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The selected layer. */

#include "config.h"

#include <glib/gi18n.h>

#include "ui/build/inspector.h"

#include "ui/build/kernel-drawing.h"
#include "ui/canvas/dock.h"
#include "ui/widgets/format.h"
#include "ui/widgets/param-editor.h"
#include "ui/widgets/tiles.h"

struct _HlInspector
{
  GtkWidget parent_instance;
  HlWorkspace *workspace;
  HlModelDocument *document;
  guint32 node;
  GtkWidget *scrolled, *name, *summary, *problems, *params, *drawing_card, *drawing, *filters_title, *filters, *numbers;
  GtkWidget *learning, *starts, *start_weights, *start_bias, *start_params, *help_title, *help, *network;
  gboolean has_starts, showing;
};

G_DEFINE_FINAL_TYPE (HlInspector, hl_inspector, GTK_TYPE_WIDGET)

enum { MESSAGE, REVEAL, N_SIGNALS };
static guint signals[N_SIGNALS];

static const HlNode *
inspector_node (HlInspector *self)
{
  return self->node ? hl_graph_find_node (hl_model_document_get_graph (self->document), self->node) : NULL;
}

/* ---- Problems ---- */

static void
fix_cb (GtkButton *button, HlInspector *self)
{
  guint index = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "hl-problem"));
  GPtrArray *problems = hl_model_document_get_problems (self->document);
  g_autoptr (GError) error = NULL;

  if (index < problems->len
      && !hl_model_document_apply_fix (self->document, g_ptr_array_index (problems, index), &error))
    g_signal_emit (self, signals[MESSAGE], 0, error->message);
}

static void
show_cb (GtkButton *button, HlInspector *self)
{
  guint32 node = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "hl-node"));

  hl_model_document_select (self->document, node, FALSE);
  g_signal_emit (self, signals[REVEAL], 0, node);
}

static GtkWidget *
problem_card (HlInspector *self, const HlProblem *problem, guint index, gboolean with_name)
{
  static const char *const classes[] = { "hint", "has-warning", "has-error" };
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6), *label = gtk_label_new (problem->text);
  GtkWidget *buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_box_append (GTK_BOX (box), label);
  gtk_widget_add_css_class (box, "problem");
  gtk_widget_add_css_class (box, classes[problem->severity]);
  if (problem->fix && problem->fix_kind != HL_FIX_NONE)
    {
      GtkWidget *fix = gtk_button_new_with_label (problem->fix);

      gtk_label_set_wrap (GTK_LABEL (gtk_button_get_child (GTK_BUTTON (fix))), TRUE);
      g_object_set_data (G_OBJECT (fix), "hl-problem", GUINT_TO_POINTER (index));
      g_signal_connect (fix, "clicked", G_CALLBACK (fix_cb), self);
      gtk_box_append (GTK_BOX (buttons), fix);
    }
  if (with_name && problem->node)
    {
      GtkWidget *show = gtk_button_new_with_label (_("Show"));

      gtk_widget_add_css_class (show, "flat");
      g_object_set_data (G_OBJECT (show), "hl-node", GUINT_TO_POINTER (problem->node));
      g_signal_connect (show, "clicked", G_CALLBACK (show_cb), self);
      gtk_box_append (GTK_BOX (buttons), show);
    }
  gtk_box_append (GTK_BOX (box), buttons);
  gtk_widget_set_visible (buttons, gtk_widget_get_first_child (buttons) != NULL);
  return box;
}

static void
update_problems (HlInspector *self)
{
  GPtrArray *problems = hl_model_document_get_problems (self->document);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (self->problems)))
    gtk_box_remove (GTK_BOX (self->problems), child);
  for (guint i = 0; problems && i < problems->len; i++)
    {
      const HlProblem *problem = g_ptr_array_index (problems, i);

      if (!self->node || problem->node == self->node)
        gtk_box_append (GTK_BOX (self->problems), problem_card (self, problem, i, !self->node));
    }
  gtk_widget_set_visible (self->problems, gtk_widget_get_first_child (self->problems) != NULL);
}

/* ---- Parameters ---- */

static void
param_changed_cb (HlParamEditor *editor, gpointer param, double value, HlInspector *self)
{
  if (self->node)
    hl_model_document_set_param (self->document, self->node, param, value);
}

static void
released_cb (HlParamEditor *editor, HlInspector *self)
{
  if (self->workspace)
    hl_project_end_merge (hl_workspace_get_project (self->workspace));
}

static gboolean
read_axis (const HlNode *node, const char *stem, guint *values)
{
  static const char axis[] = "yx";

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s_%c", stem, axis[i]);
      const HlParam *param = hl_class_find_param (&node->klass->base, name);

      if (!param)
        return FALSE;
      values[i] = (guint) hl_param_get (param, node->params);
    }
  return TRUE;
}

static void
update_drawing (HlInspector *self, const HlNode *node)
{
  HlKernelGeometry geometry = { .stride = { 1, 1 }, .dilation = { 1, 1 } };
  const HlPlanStep *step = hl_plan_find_step (hl_model_document_get_plan (self->document), node->id);
  gboolean drawn = step && step->n_inputs == 1 && step->input_shape[0].n_dims == 3 && read_axis (node, "size", geometry.size);

  if (drawn)
    {
      read_axis (node, "stride", geometry.stride);
      read_axis (node, "padding", geometry.padding);
      read_axis (node, "dilation", geometry.dilation);
      geometry.input[0] = hl_shape_rows (&step->input_shape[0]);
      geometry.input[1] = hl_shape_columns (&step->input_shape[0]);
      geometry.output[0] = hl_shape_rows (&step->layer.output);
      geometry.output[1] = hl_shape_columns (&step->layer.output);
      /* A stride of 0 means "as the size" in pooling layers. */
      for (guint i = 0; i < 2; i++)
        geometry.stride[i] = geometry.stride[i] ? geometry.stride[i] : geometry.size[i];
      hl_kernel_drawing_set (HL_KERNEL_DRAWING (self->drawing), &geometry);
    }
  gtk_widget_set_visible (self->drawing_card, drawn);
}

static void
update_numbers (HlInspector *self, const HlNode *node)
{
  HlPlan *plan = hl_model_document_get_plan (self->document);
  const HlPlanStep *step = hl_plan_find_step (plan, node->id);
  GString *text = g_string_new (NULL);
  HlShape shape;

  if (step && hl_plan_get_shape (plan, node->id, &shape))
    {
      g_autofree char *input = step->n_inputs ? hl_shape_to_string (&step->input_shape[0]) : NULL;
      g_autofree char *output = hl_shape_to_string (&shape);
      g_autofree char *parameters = hl_format_count (hl_plan_get_node_parameter_count (plan, node->id));
      g_autofree char *adds = hl_format_short (step->layer.multiply_adds);

      if (input)
        g_string_append_printf (text, "%s → ", input);
      g_string_append (text, output);
      if (step->layer.n_weights)
        g_string_append_printf (text, _(" · %s parameters"), parameters);
      if (step->layer.multiply_adds)
        g_string_append_printf (text, _(" · %s multiply-adds"), adds);
    }
  gtk_label_set_label (GTK_LABEL (self->numbers), text->str);
  gtk_widget_set_visible (self->numbers, text->len > 0);
  g_string_free (text, TRUE);
}

/* ---- Start values ---- */

static const HlWeightSpec *
find_weight (HlInspector *self, gboolean bias)
{
  const HlPlanStep *step = hl_plan_find_step (hl_model_document_get_plan (self->document), self->node);

  for (guint i = 0; step && i < step->layer.n_weights; i++)
    if (step->layer.weights[i].kind == HL_WEIGHT_TRAINED && g_str_equal (step->layer.weights[i].name, bias ? "bias" : "weight"))
      return &step->layer.weights[i];
  return NULL;
}

static void
start_changed_cb (GtkDropDown *control, GParamSpec *pspec, HlInspector *self)
{
  guint selected = gtk_drop_down_get_selected (control);
  g_autoptr (HlChoice) choice = NULL;

  if (self->showing || !self->node || selected == GTK_INVALID_LIST_POSITION)
    return;
  if (selected > 0)
    choice = hl_choice_new (&hl_initializer_classes ()[selected - 1]->base);
  hl_model_document_set_init (self->document, self->node, GTK_WIDGET (control) == self->start_bias, choice);
}

static void
start_param_cb (HlParamEditor *editor, gpointer param, double value, HlInspector *self)
{
  const HlNode *node = inspector_node (self);
  g_autoptr (HlChoice) choice = node ? hl_choice_copy (node->weight_init) : NULL;

  if (choice && hl_param_set (param, choice->params, value))
    hl_model_document_set_init (self->document, self->node, FALSE, choice);
}

static GtkWidget *
start_control (HlInspector *self, const HlWeightSpec *spec)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) names = NULL;
  const HlInitializerClass *usual = spec->initializer ? hl_initializer_class_find (spec->initializer) : NULL;
  g_autofree char *first = usual ? g_strdup (_("Default")) : g_strdup_printf (_("Default: %g"), spec->constant);
  GtkWidget *control;

  g_strv_builder_add (builder, first);
  for (guint i = 0; hl_initializer_classes ()[i]; i++)
    g_strv_builder_add (builder, _(hl_initializer_classes ()[i]->base.title));
  names = g_strv_builder_end (builder);
  control = gtk_drop_down_new_from_strings ((const char *const *) names);
  gtk_widget_add_css_class (control, "choice");
  if (usual)
    gtk_widget_set_tooltip_text (control, _(usual->base.title));
  g_signal_connect (control, "notify::selected", G_CALLBACK (start_changed_cb), self);
  return control;
}

static void
show_start (GtkWidget *control, const HlChoice *choice)
{
  guint selected = 0;

  for (guint i = 0; choice && hl_initializer_classes ()[i]; i++)
    if (&hl_initializer_classes ()[i]->base == choice->klass)
      selected = i + 1;
  if (gtk_drop_down_get_selected (GTK_DROP_DOWN (control)) != selected)
    gtk_drop_down_set_selected (GTK_DROP_DOWN (control), selected);
}

static void
rebuild_starts (HlInspector *self)
{
  const HlWeightSpec *weight = find_weight (self, FALSE), *bias = find_weight (self, TRUE);

  hl_param_editor_clear_rows (HL_PARAM_EDITOR (self->starts));
  self->start_weights = self->start_bias = NULL;
  if (weight)
    hl_param_editor_add_row (HL_PARAM_EDITOR (self->starts), _("Start weights"), _("What the weights are before the first step."),
                             self->start_weights = start_control (self, weight));
  if (bias)
    hl_param_editor_add_row (HL_PARAM_EDITOR (self->starts), _("Start biases"), _("What the biases are before the first step."),
                             self->start_bias = start_control (self, bias));
}

static void
update_starts (HlInspector *self, const HlNode *node, gboolean other)
{
  self->showing = TRUE;
  if (other || !self->start_weights != !find_weight (self, FALSE) || !self->start_bias != !find_weight (self, TRUE))
    rebuild_starts (self);
  if (self->start_weights)
    show_start (self->start_weights, node->weight_init);
  if (self->start_bias)
    show_start (self->start_bias, node->bias_init);
  hl_param_editor_show (HL_PARAM_EDITOR (self->start_params), node->weight_init ? node->weight_init->klass : NULL,
                        node->weight_init ? node->weight_init->params : NULL);
  self->showing = FALSE;
}

/* ---- How it learns ---- */

typedef struct { gboolean frozen; double rate_factor; } Learning;

static const HlParam learning_params[] = {
  HL_BOOL (Learning, frozen, N_("Frozen"), FALSE,
           N_("Training leaves the weights of this layer alone, running statistics as well. (PyTorch's requires_grad = False keeps only the "
              "weights.)")),
  HL_FLOAT (Learning, rate_factor, N_("Rate factor"), HL_UNIT_NONE, 0, HL_MAX_RATE_FACTOR, 1,
            N_("On the learning rate, for the weights of this layer alone.")),
  HL_PARAM_END
};

static const HlClass learning_class = { .name = "learning", .params_size = sizeof (Learning), .params = learning_params };

static void
learning_changed_cb (HlParamEditor *editor, gpointer param, double value, HlInspector *self)
{
  if (!self->node)
    return;
  if (param == &learning_params[0])
    hl_model_document_set_frozen (self->document, self->node, value != 0);
  else
    hl_model_document_set_rate_factor (self->document, self->node, value);
}

/* Only layers with weights learn. */
static void
update_learning (HlInspector *self, const HlNode *node)
{
  const HlPlanStep *step = hl_plan_find_step (hl_model_document_get_plan (self->document), node->id);
  Learning learning = { node->frozen, node->rate_factor };

  if (step && step->layer.n_weights > 0)
    hl_param_editor_show (HL_PARAM_EDITOR (self->learning), &learning_class, &learning);
  else
    hl_param_editor_show (HL_PARAM_EDITOR (self->learning), NULL, NULL);
}

/* ---- Learnt filters ---- */

void
hl_inspector_set_probe (HlInspector *self, HlProbeResult *probe)
{
  const HlNode *node = inspector_node (self);
  g_autofree char *name = node ? g_strdup_printf ("%s.weight", node->name) : NULL;
  gboolean shown = FALSE;

  for (guint i = 0; name && probe && probe->weights && i < probe->weights->len && !shown; i++)
    {
      const HlArray *array = g_ptr_array_index (probe->weights, i);

      if (g_strcmp0 (array->name, name) == 0 && array->shape.n_dims == 4 && array->shape.dim[0] * array->shape.dim[1] <= 256)
        {
          HlShape tiles = HL_SHAPE_3 (array->shape.dim[0] * array->shape.dim[1], array->shape.dim[2], array->shape.dim[3]);

          hl_tiles_set_array (HL_TILES (self->filters), &tiles, array->values, TRUE, FALSE);
          shown = TRUE;
        }
    }
  gtk_widget_set_visible (self->filters_title, shown);
  gtk_widget_set_visible (self->filters, shown);
}

/* ---- The whole ---- */

static void
update_network (HlInspector *self, guint n_selected)
{
  HlPlan *plan = hl_model_document_get_plan (self->document);
  HlGraph *graph = hl_model_document_get_graph (self->document);
  guint64 changeable = hl_plan_get_changeable_count (plan);
  g_autofree char *parameters = hl_format_count (hl_plan_get_parameter_count (plan)), *changing = hl_format_count (changeable);
  g_autofree char *text = NULL, *title = NULL;

  if (n_selected > 1)
    {
      title = g_strdup_printf (ngettext ("%u layer", "%u layers", n_selected), n_selected);
      text = g_strdup (_("Move, copy, duplicate or delete them together. With two selected, Ctrl+L links them."));
    }
  else
    {
      title = g_strdup (_("Network"));
      text = g_strdup_printf (ngettext ("%u layer with %s parameters. Select one to edit it; drag another from the list onto a link "
                                        "to put it between.",
                                        "%u layers with %s parameters. Select one to edit it; drag another from the list onto a link "
                                        "to put it between.", hl_graph_get_n_nodes (graph)),
                              hl_graph_get_n_nodes (graph), parameters);
    }
  if (n_selected <= 1 && changeable != hl_plan_get_parameter_count (plan))
    {
      g_autofree char *first = g_steal_pointer (&text);

      text = g_strdup_printf (_("%s %s of the parameters are changeable, the others are frozen."), first, changing);
    }
  gtk_label_set_label (GTK_LABEL (self->network), title);
  gtk_label_set_label (GTK_LABEL (self->summary), text);
}

static void
update_node (HlInspector *self, const HlNode *node, gboolean other)
{
  const HlClass *klass = &node->klass->base;

  if (other || !gtk_widget_has_focus (gtk_widget_get_first_child (self->name)))
    gtk_editable_set_text (GTK_EDITABLE (self->name), node->name);
  gtk_label_set_label (GTK_LABEL (self->summary), klass->summary ? _(klass->summary) : "");
  hl_param_editor_show (HL_PARAM_EDITOR (self->params), klass, node->params);
  update_numbers (self, node);
  update_drawing (self, node);
  update_starts (self, node, other);
  update_learning (self, node);
  gtk_label_set_label (GTK_LABEL (self->help), klass->help ? _(klass->help) : "");
  gtk_widget_set_visible (self->help_title, klass->help != NULL);
}

static void
update (HlInspector *self)
{
  guint n;
  g_autofree guint32 *selected = hl_model_document_get_selection (self->document, &n);
  guint32 before = self->node;
  const HlNode *node;
  gboolean one;

  self->node = n == 1 ? selected[0] : 0;
  node = inspector_node (self);
  one = node != NULL;
  gtk_widget_set_visible (self->name, one);
  gtk_widget_set_visible (self->network, !one);
  if (one)
    update_node (self, node, before != self->node);
  else
    {
      self->node = 0;
      update_network (self, n);
      hl_param_editor_show (HL_PARAM_EDITOR (self->params), NULL, NULL);
      hl_param_editor_show (HL_PARAM_EDITOR (self->start_params), NULL, NULL);
      hl_param_editor_show (HL_PARAM_EDITOR (self->learning), NULL, NULL);
      hl_param_editor_clear_rows (HL_PARAM_EDITOR (self->starts));
      self->start_weights = self->start_bias = NULL;
      gtk_widget_set_visible (self->drawing_card, FALSE);
      gtk_widget_set_visible (self->numbers, FALSE);
      gtk_widget_set_visible (self->help_title, FALSE);
    }
  update_problems (self);
  if (before != self->node || !self->node)
    hl_inspector_set_probe (self, hl_session_get_last_probe (hl_workspace_get_session (self->workspace)));
}

static void
changed_cb (HlModelDocument *document, HlInspector *self)
{
  update (self);
}

static void
selected_cb (HlModelDocument *document, GParamSpec *pspec, HlInspector *self)
{
  update (self);
}

/* ---- The name ---- */

static void
rename_node (HlInspector *self)
{
  const HlNode *node = inspector_node (self);
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->name));
  g_autoptr (GError) error = NULL;

  if (!node || g_str_equal (node->name, text))
    return;
  if (!hl_model_document_rename (self->document, self->node, text, &error))
    {
      g_signal_emit (self, signals[MESSAGE], 0, error->message);
      gtk_editable_set_text (GTK_EDITABLE (self->name), node->name);
    }
}

static void
name_activate_cb (GtkEntry *entry, HlInspector *self)
{
  rename_node (self);
}

static void
name_left_cb (GtkEventControllerFocus *controller, HlInspector *self)
{
  if (self->document)
    rename_node (self);
}

void
hl_inspector_focus_name (HlInspector *self)
{
  gtk_widget_grab_focus (self->name);
  gtk_editable_select_region (GTK_EDITABLE (self->name), 0, -1);
}

void
hl_inspector_focus_first (HlInspector *self)
{
  if (!gtk_widget_child_focus (self->params, GTK_DIR_TAB_FORWARD))
    hl_inspector_focus_name (self);
}

guint32
hl_inspector_get_node (HlInspector *self)
{
  return self->node;
}

/* ---- The widget ---- */

static GtkWidget *
label_new (GtkWidget *box, const char *css_class)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_widget_add_css_class (label, css_class);
  gtk_box_append (GTK_BOX (box), label);
  return label;
}

static void
build_name (HlInspector *self, GtkWidget *box)
{
  GtkEventController *focus = gtk_event_controller_focus_new ();

  self->network = label_new (box, "inspector-title");
  self->name = gtk_entry_new ();
  gtk_widget_add_css_class (self->name, "inspector-name");
  gtk_widget_set_tooltip_text (self->name, _("Name of the layer; its weights are saved under it"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->name), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Name"), -1);
  g_signal_connect (self->name, "activate", G_CALLBACK (name_activate_cb), self);
  g_signal_connect (focus, "leave", G_CALLBACK (name_left_cb), self);
  gtk_widget_add_controller (self->name, focus);
  gtk_box_append (GTK_BOX (box), self->name);
}

static GtkWidget *
editor_new (HlInspector *self, GtkWidget *box, GCallback changed)
{
  GtkWidget *editor = hl_param_editor_new ();

  g_signal_connect (editor, "changed", changed, self);
  g_signal_connect (editor, "released", G_CALLBACK (released_cb), self);
  gtk_box_append (GTK_BOX (box), editor);
  return editor;
}

static void
build_children (HlInspector *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *expander;

  gtk_widget_add_css_class (box, "inspector-box");
  build_name (self, box);
  self->summary = label_new (box, "inspector-summary");
  self->problems = gtk_box_new (GTK_ORIENTATION_VERTICAL, 8);
  gtk_box_append (GTK_BOX (box), self->problems);
  self->params = editor_new (self, box, G_CALLBACK (param_changed_cb));
  self->drawing_card = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_widget_add_css_class (self->drawing_card, "card");
  gtk_widget_add_css_class (self->drawing_card, "inspector-card");
  self->drawing = hl_kernel_drawing_new ();
  gtk_box_append (GTK_BOX (self->drawing_card), self->drawing);
  gtk_box_append (GTK_BOX (box), self->drawing_card);
  self->numbers = label_new (box, "inspector-numbers");
  self->filters_title = label_new (box, "inspector-heading");
  gtk_label_set_label (GTK_LABEL (self->filters_title), _("Learnt filters"));
  self->filters = hl_tiles_new ();
  gtk_widget_set_size_request (self->filters, -1, 72);
  gtk_box_append (GTK_BOX (box), self->filters);
  self->starts = editor_new (self, box, G_CALLBACK (param_changed_cb));
  self->start_params = editor_new (self, box, G_CALLBACK (start_param_cb));
  self->learning = editor_new (self, box, G_CALLBACK (learning_changed_cb));
  self->help_title = expander = gtk_expander_new (_("About this layer"));
  gtk_widget_add_css_class (expander, "inspector-help");
  self->help = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (self->help), 0);
  gtk_label_set_wrap (GTK_LABEL (self->help), TRUE);
  gtk_label_set_selectable (GTK_LABEL (self->help), TRUE);
  gtk_expander_set_child (GTK_EXPANDER (expander), self->help);
  gtk_box_append (GTK_BOX (box), expander);
  self->scrolled = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scrolled), box);
  gtk_widget_set_parent (self->scrolled, GTK_WIDGET (self));
}

static void
hl_inspector_dispose (GObject *object)
{
  HlInspector *self = HL_INSPECTOR (object);

  if (self->document)
    g_signal_handlers_disconnect_by_data (self->document, self);
  self->node = 0;
  g_clear_pointer (&self->scrolled, gtk_widget_unparent);
  g_clear_object (&self->document);
  g_clear_object (&self->workspace);
  G_OBJECT_CLASS (hl_inspector_parent_class)->dispose (object);
}

static void
hl_inspector_init (HlInspector *self)
{
  build_children (self);
}

static void
hl_inspector_class_init (HlInspectorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hl_inspector_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "inspector");
  signals[MESSAGE] = g_signal_new ("message", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[REVEAL] = g_signal_new ("reveal", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_UINT);
}

GtkWidget *
hl_inspector_new (HlWorkspace *workspace)
{
  HlInspector *self = g_object_new (HL_TYPE_INSPECTOR, NULL);

  self->workspace = g_object_ref (workspace);
  self->document = g_object_ref (hl_project_get_model (hl_workspace_get_project (workspace)));
  g_signal_connect (self->document, "changed", G_CALLBACK (changed_cb), self);
  g_signal_connect (self->document, "notify::n-selected", G_CALLBACK (selected_cb), self);
  update (self);
  return GTK_WIDGET (self);
}
