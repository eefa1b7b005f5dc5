/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Build page: palette, canvas, inspector; over the canvas the zoom buttons, the status card and the overview. */

#include "config.h"

#include <glib/gi18n.h>

#include "ui/pages.h"

#include "ui/build/build-page.h"
#include "ui/build/inspector.h"
#include "ui/build/palette.h"
#include "ui/canvas/canvas.h"
#include "ui/canvas/minimap.h"
#include "ui/widgets/format.h"

struct _HlBuildPage
{
  GtkWidget parent_instance;
  HlWorkspace *workspace;
  HlModelDocument *document;
  GtkWidget *box, *palette, *canvas, *inspector, *zoom, *status, *minimap;
};

G_DEFINE_FINAL_TYPE (HlBuildPage, hl_build_page, GTK_TYPE_WIDGET)

/* ---- Status ---- */

static void
add_line (GString *text, const char *label, gsize size)
{
  g_autofree char *bytes = hl_format_bytes (size);

  if (size > 0)
    g_string_append_printf (text, "\n%s: %s", label, bytes);
}

/* What the memory is made of. */
static void
set_memory_tooltip (GtkWidget *status, const HlEstimate *estimate)
{
  g_autoptr (GString) text = g_string_new (_("Memory that training takes on the device:"));

  for (const HlEstimatePart *part = hl_estimate_parts; part->label; part++)
    add_line (text, _(part->label), hl_estimate_get_part (estimate, part));
  add_line (text, _("besides, to show a sample"), estimate->probe);
  gtk_widget_set_tooltip_text (status, text->str);
}

static void
update_status (HlBuildPage *self)
{
  HlPlan *plan = hl_model_document_get_plan (self->document);
  const HlRecipe *recipe = hl_project_state_get_recipe (hl_project_get_state (hl_workspace_get_project (self->workspace)));
  GPtrArray *problems = hl_model_document_get_problems (self->document);
  g_autofree char *parameters = hl_format_count (hl_plan_get_parameter_count (plan));
  g_autofree char *adds = hl_format_short (hl_plan_get_multiply_adds (plan));
  HlEstimate estimate;
  g_autofree char *memory = NULL, *markup = NULL, *numbers = NULL;
  guint n_errors = 0;

  hl_workspace_get_estimate (self->workspace, &estimate);
  memory = hl_format_bytes (hl_estimate_get_total (&estimate));
  set_memory_tooltip (self->status, &estimate);

  for (guint i = 0; problems && i < problems->len; i++)
    n_errors += ((const HlProblem *) g_ptr_array_index (problems, i))->severity == HL_SEVERITY_ERROR;
  numbers = g_strdup_printf (_("<b>%s</b> parameters  ·  <b>%s</b> multiply-adds  ·  <b>%s</b> at batch %u"),
                             parameters, adds, memory, recipe->batch);
  markup = n_errors ? g_strdup_printf (ngettext ("<b>%u error</b>  ·  %s", "<b>%u errors</b>  ·  %s", n_errors), n_errors, numbers)
                    : g_strdup (numbers);
  gtk_label_set_markup (GTK_LABEL (self->status), markup);
  if (n_errors)
    gtk_widget_add_css_class (self->status, "has-errors");
  else
    gtk_widget_remove_css_class (self->status, "has-errors");
}

static void
update_zoom (HlBuildPage *self)
{
  g_autofree char *text = g_strdup_printf ("%.0f\xe2\x80\x89%%", 100 * hl_canvas_get_view (HL_CANVAS (self->canvas))->zoom);

  gtk_button_set_label (GTK_BUTTON (self->zoom), text);
}

/* ---- Wells ---- */

static void
show_picture (HlBuildPage *self)
{
  HlDataset *data = hl_data_source_get_dataset (hl_workspace_get_source (self->workspace));
  gint64 index = hl_workspace_get_probe_index (self->workspace);
  const HlShape *shape;
  g_autofree float *values = NULL;

  if (!data || index < 0 || (guint64) index >= hl_dataset_get_length (data))
    return;
  shape = hl_dataset_get_shape (data);
  values = g_new (float, hl_shape_get_count (shape));
  hl_dataset_read_sample (data, index, values);
  hl_canvas_set_picture (HL_CANVAS (self->canvas), shape, values);
}

static GStrv
class_names (HlBuildPage *self, guint n)
{
  HlDataset *data = hl_data_source_get_dataset (hl_workspace_get_source (self->workspace));
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);

      g_strv_builder_add (builder, data && i < hl_dataset_get_n_classes (data) ? hl_dataset_get_class_name (data, i) : number);
    }
  return g_strv_builder_end (builder);
}

static void
show_probe (HlBuildPage *self, HlProbeResult *probe)
{
  g_auto (GStrv) names = NULL;
  guint n = 0;

  for (guint i = 0; i < probe->values->len; i++)
    if (((const HlArray *) g_ptr_array_index (probe->values, i))->node == 0)
      n = ((const HlArray *) g_ptr_array_index (probe->values, i))->n;
  names = class_names (self, n);
  hl_canvas_set_probe (HL_CANVAS (self->canvas), probe, (const char *const *) names);
  hl_inspector_set_probe (HL_INSPECTOR (self->inspector), probe);
}

/* A page nobody looks at need not draw ten times a second; it catches up when it is shown. */
static void
probe_cb (HlSession *session, HlProbeResult *probe, HlBuildPage *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    show_probe (self, probe);
}

static void
hl_build_page_map (GtkWidget *widget)
{
  HlBuildPage *self = HL_BUILD_PAGE (widget);
  HlProbeResult *probe = hl_session_get_last_probe (hl_workspace_get_session (self->workspace));

  GTK_WIDGET_CLASS (hl_build_page_parent_class)->map (widget);
  if (probe)
    show_probe (self, probe);
}

static void
picture_cb (HlBuildPage *self)
{
  if (!hl_session_get_last_probe (hl_workspace_get_session (self->workspace)))
    show_picture (self);
}

static void
changed_cb (HlBuildPage *self)
{
  update_status (self);
  /* Cards that came with the edit know no picture yet. */
  picture_cb (self);
}

/* ---- Verbs ---- */

static void
message_cb (GtkWidget *source, const char *text, HlBuildPage *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.toast", "s", text);
}

static void
open_cb (HlCanvas *canvas, guint node, gboolean rename, HlBuildPage *self)
{
  gtk_widget_set_visible (self->inspector, TRUE);
  if (rename)
    hl_inspector_focus_name (HL_INSPECTOR (self->inspector));
  else
    hl_inspector_focus_first (HL_INSPECTOR (self->inspector));
}

static void
reveal_cb (HlInspector *inspector, guint node, HlBuildPage *self)
{
  hl_canvas_reveal (HL_CANVAS (self->canvas), node);
}

static void
layer_cb (HlPalette *palette, gpointer klass, HlBuildPage *self)
{
  hl_canvas_append (HL_CANVAS (self->canvas), klass);
}

static void
canvas_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  HlBuildPage *self = HL_BUILD_PAGE (widget);
  g_autofree char *action = g_strdup_printf ("canvas.%s", name + strlen ("build."));

  gtk_widget_activate_action (self->canvas, action, NULL);
}

static void
search_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  HlBuildPage *self = HL_BUILD_PAGE (widget);

  gtk_widget_set_visible (self->palette, TRUE);
  hl_palette_focus_search (HL_PALETTE (self->palette));
}

void
hl_build_page_toggle_palette (HlBuildPage *self)
{
  gtk_widget_set_visible (self->palette, !gtk_widget_get_visible (self->palette));
}

HlCanvas *
hl_build_page_get_canvas (HlBuildPage *self)
{
  return HL_CANVAS (self->canvas);
}

/* ---- The widget ---- */

static GtkWidget *
tool_button (GtkWidget *box, const char *label, const char *icon, const char *action, const char *tip)
{
  GtkWidget *button = label ? gtk_button_new_with_label (label) : gtk_button_new_from_icon_name (icon);

  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  gtk_widget_set_tooltip_text (button, tip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, tip, -1);
  gtk_widget_set_focus_on_click (button, FALSE);
  gtk_box_append (GTK_BOX (box), button);
  return button;
}

/* The status card gives way to the overview; in a narrow window the overview gives way to the cards. */
static gboolean
position_cb (GtkOverlay *overlay, GtkWidget *child, GdkRectangle *place, HlBuildPage *self)
{
  int width = gtk_widget_get_width (GTK_WIDGET (overlay)), height = gtk_widget_get_height (GTK_WIDGET (overlay));
  int natural, high, map = 0;

  if (child != self->status)
    return FALSE;
  if (gtk_widget_get_visible (self->minimap))
    gtk_widget_measure (self->minimap, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &map, NULL, NULL);
  gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &natural, NULL, NULL);
  natural = CLAMP (natural, 1, MAX (width - map, 1));
  gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, natural, NULL, &high, NULL, NULL);
  *place = (GdkRectangle) { 0, height - high, natural, high };
  return TRUE;
}

static GtkWidget *
build_canvas (HlBuildPage *self)
{
  GtkWidget *overlay = gtk_overlay_new (), *tools = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 5);

  self->canvas = hl_canvas_new ();
  gtk_overlay_set_child (GTK_OVERLAY (overlay), self->canvas);
  tool_button (tools, NULL, "value-decrease-symbolic", "build.zoom-out", _("Zoom out (Ctrl+−)"));
  self->zoom = tool_button (tools, "100 %", NULL, "build.zoom-normal", _("Original size (Ctrl+1)"));
  tool_button (tools, NULL, "value-increase-symbolic", "build.zoom-in", _("Zoom in (Ctrl++)"));
  tool_button (tools, _("Fit"), NULL, "build.fit", _("Show the whole network (Ctrl+0)"));
  tool_button (tools, _("Arrange"), NULL, "build.arrange", _("Arrange the layers (Ctrl+Shift+R)"));
  gtk_widget_add_css_class (tools, "canvas-tools");
  gtk_widget_set_halign (tools, GTK_ALIGN_END);
  gtk_widget_set_valign (tools, GTK_ALIGN_START);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), tools);
  self->status = gtk_label_new (NULL);
  gtk_label_set_ellipsize (GTK_LABEL (self->status), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (self->status, "canvas-status");
  gtk_widget_set_halign (self->status, GTK_ALIGN_START);
  gtk_widget_set_valign (self->status, GTK_ALIGN_END);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), self->status);
  g_signal_connect (overlay, "get-child-position", G_CALLBACK (position_cb), self);
  self->minimap = hl_minimap_new (HL_CANVAS (self->canvas));
  gtk_widget_set_halign (self->minimap, GTK_ALIGN_END);
  gtk_widget_set_valign (self->minimap, GTK_ALIGN_END);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), self->minimap);
  return overlay;
}

static void
add_shortcuts (HlBuildPage *self)
{
  static const struct { const char *trigger, *action; } keys[] = {
    { "<Control>0|<Control>KP_0", "build.fit" }, { "<Control>1|<Control>KP_1", "build.zoom-normal" },
    { "<Control>plus|<Control>equal|<Control>KP_Add", "build.zoom-in" }, { "<Control>minus|<Control>KP_Subtract", "build.zoom-out" },
    { "<Control><Shift>r", "build.arrange" }, { "<Control>f", "build.search" },
  };
  GtkEventController *controller = gtk_shortcut_controller_new ();

  gtk_shortcut_controller_set_scope (GTK_SHORTCUT_CONTROLLER (controller), GTK_SHORTCUT_SCOPE_GLOBAL);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (controller),
                                          gtk_shortcut_new (gtk_shortcut_trigger_parse_string (keys[i].trigger),
                                                            gtk_named_action_new (keys[i].action)));
  gtk_widget_add_controller (GTK_WIDGET (self), controller);
}

static void
hl_build_page_dispose (GObject *object)
{
  HlBuildPage *self = HL_BUILD_PAGE (object);

  if (self->workspace)
    {
      g_signal_handlers_disconnect_by_data (self->document, self);
      g_signal_handlers_disconnect_by_data (self->workspace, self);
      g_signal_handlers_disconnect_by_data (hl_workspace_get_source (self->workspace), self);
      g_signal_handlers_disconnect_by_data (hl_workspace_get_session (self->workspace), self);
      g_signal_handlers_disconnect_by_data (hl_workspace_get_project (self->workspace), self);
    }
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->document);
  g_clear_object (&self->workspace);
  G_OBJECT_CLASS (hl_build_page_parent_class)->dispose (object);
}

static void
hl_build_page_init (HlBuildPage *self)
{
}

static void
hl_build_page_class_init (HlBuildPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  static const char *const actions[] = { "build.zoom-in", "build.zoom-out", "build.zoom-normal", "build.fit", "build.arrange" };

  G_OBJECT_CLASS (klass)->dispose = hl_build_page_dispose;
  widget_class->map = hl_build_page_map;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "buildpage");
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i], NULL, canvas_action);
  gtk_widget_class_install_action (widget_class, "build.search", NULL, search_action);
}

static void
connect_signals (HlBuildPage *self)
{
  HlWorkspace *workspace = self->workspace;

  g_signal_connect_swapped (self->canvas, "view-changed", G_CALLBACK (update_zoom), self);
  g_signal_connect (self->canvas, "open-node", G_CALLBACK (open_cb), self);
  g_signal_connect (self->canvas, "message", G_CALLBACK (message_cb), self);
  g_signal_connect (self->inspector, "message", G_CALLBACK (message_cb), self);
  g_signal_connect (self->inspector, "reveal", G_CALLBACK (reveal_cb), self);
  g_signal_connect (self->palette, "layer-activated", G_CALLBACK (layer_cb), self);
  g_signal_connect_swapped (self->document, "changed", G_CALLBACK (changed_cb), self);
  g_signal_connect_swapped (workspace, "notify::probe-index", G_CALLBACK (picture_cb), self);
  g_signal_connect_swapped (hl_workspace_get_source (workspace), "changed", G_CALLBACK (changed_cb), self);
  g_signal_connect (hl_workspace_get_session (workspace), "probe", G_CALLBACK (probe_cb), self);
  g_signal_connect_swapped (hl_workspace_get_project (workspace), "notify::state", G_CALLBACK (update_status), self);
  g_signal_connect_object (hl_workspace_get_devices (workspace), "items-changed", G_CALLBACK (update_status), self, G_CONNECT_SWAPPED);
}

GtkWidget *
hl_build_page_new (HlWorkspace *workspace)
{
  HlBuildPage *self = g_object_new (HL_TYPE_BUILD_PAGE, NULL);

  self->workspace = g_object_ref (workspace);
  self->document = g_object_ref (hl_project_get_model (hl_workspace_get_project (workspace)));
  self->box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  self->palette = hl_palette_new ();
  self->inspector = hl_inspector_new (workspace);
  gtk_box_append (GTK_BOX (self->box), self->palette);
  gtk_box_append (GTK_BOX (self->box), build_canvas (self));
  gtk_box_append (GTK_BOX (self->box), self->inspector);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  hl_canvas_set_document (HL_CANVAS (self->canvas), self->document);
  connect_signals (self);
  add_shortcuts (self);
  update_status (self);
  update_zoom (self);
  show_picture (self);
  return GTK_WIDGET (self);
}
